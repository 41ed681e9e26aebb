"""``alvh plan --book``: books as users have them, and what of them is refused, left alone or settled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.plan_days import (
    CONDOR,
    HEAD,
    HEDGE,
    adopted,
    book_file,
    holding,
    plan,
    planned,
    row_of,
    traded,
)

from alvh.app.plan import position_rows
from alvh.app.wiring import load_market
from alvh.core.days import iso, to_day
from alvh.core.fees import fee_usd
from alvh.desk.plan_book import derived_state
from alvh.engine.backtest import prepare
from alvh.engine.takeover import HeldLot, take_over
from alvh.strategy.policy_file import load_policy


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))


def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, *words: str, code: int = 5) -> str:
    """The message with which a plan on this book ends; nothing is printed as a plan."""
    capsys.readouterr()
    assert plan("--book", book_file(tmp_path, text), *words) == code
    out, err = capsys.readouterr()
    assert out == ""
    return err


# --- books that are planned ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [("book.csv", HEAD), ("book.json", "[]"), ("book.json", '{"positions": []}')],
    ids=["header alone", "empty list", "no positions"],
)
def test_an_empty_book_is_no_book(tmp_path: Path, name: str, text: str) -> None:
    empty = planned(tmp_path / "a", "--book", book_file(tmp_path, text, name), as_of="2018-01-03")
    none = planned(tmp_path / "b", as_of="2018-01-03")
    assert empty == none
    assert [row["action"] for row in none["rows"]] == ["OPEN"] * 4
    assert none["coverage"]["before"] is None
    assert none["coverage"]["after"] > 0.0


def test_the_same_book_as_csv_and_as_json(tmp_path: Path) -> None:
    names = HEAD.strip().split(",")
    rows = [dict(zip(names, line.split(","), strict=True)) for line in (CONDOR + HEDGE).splitlines()]
    first = planned(tmp_path / "a", "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE))
    second = planned(tmp_path / "b", "--book", book_file(tmp_path, json.dumps(rows), "book.json"))
    assert first == second
    assert [(row["sleeve"], row["action"]) for row in first["rows"]] == [
        ("condor", "HOLD"),
        ("condor", "SKIP"),
        *[("hedge", "HOLD")] * 3,
    ]
    assert traded(first) == {}
    condor = first["rows"][0]
    assert [leg["quantity"] for leg in condor["held"]] == [4, -4, -4, 4]
    assert condor["reason"]["value"] == pytest.approx(
        -100 * sum(leg["quantity"] * leg["mark"] for leg in condor["held"]), abs=0.01
    )
    assert all(leg["price_source"] == "model" for row in first["rows"] for leg in row["held"])


def test_without_a_sleeve_spx_is_the_condor(tmp_path: Path) -> None:
    lines = [line.split(",") for line in CONDOR.splitlines()]
    text = "root,expiry,strike,right,quantity,open_price\n" + "".join(",".join([*line[:5], line[6]]) + "\n" for line in lines)
    document = planned(tmp_path, "--book", book_file(tmp_path, text))
    assert document["rows"][0]["action"] == "HOLD"
    assert [leg["quantity"] for leg in document["rows"][0]["held"]] == [4, -4, -4, 4]


def test_a_position_without_an_opening_day_keeps_none(tmp_path: Path) -> None:
    text = (HEAD + CONDOR + HEDGE).replace("2018-01-03,0.23", ",")
    document = planned(tmp_path, "--book", book_file(tmp_path, text))
    assert row_of(document, "hedge", "front")["held"][0]["open_price"] is None
    after = json.loads((tmp_path / "book-after.json").read_text(encoding="utf-8"))["positions"]
    front = next(row for row in after if row.get("layer") == "front")
    assert "opened" not in front
    assert "open_price" not in front
    assert front["quantity"] == 7


def test_positions_of_another_sleeve_are_left_alone_and_kept(tmp_path: Path) -> None:
    mine = "SPX,2018-03-16,2700,P,3,2017-12-01,40,mine,\nXSP,2018-03-16,250,P,-2,,,mine,\n"
    alone = planned(tmp_path / "a", "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE + mine))
    without = planned(tmp_path / "b", "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE))
    assert alone["left_alone"] == ["SPX 2018-03-16 2700 P (sleeve 'mine')", "XSP 2018-03-16 250 P (sleeve 'mine')"]
    assert {**alone, "left_alone": []} == without
    after = json.loads((tmp_path / "a" / "book-after.json").read_text(encoding="utf-8"))["positions"]
    assert [row for row in after if row.get("sleeve") == "mine"] == [
        {
            "root": "SPX",
            "expiry": "2018-03-16",
            "strike": 2700.0,
            "right": "P",
            "quantity": 3,
            "opened": "2017-12-01",
            "open_price": 40.0,
            "sleeve": "mine",
        },
        {"root": "XSP", "expiry": "2018-03-16", "strike": 250.0, "right": "P", "quantity": -2, "sleeve": "mine"},
    ]


def test_a_book_of_nothing_but_another_sleeve(tmp_path: Path) -> None:
    document = planned(tmp_path, "--book", book_file(tmp_path, HEAD + "SPX,2018-03-16,2700,P,3,,,mine,\n"), as_of="2018-01-03")
    assert len(document["left_alone"]) == 1
    assert [row["action"] for row in document["rows"]] == ["OPEN"] * 4


def test_stranded_lots_wait_and_are_not_counted(tmp_path: Path) -> None:
    stranded = "VIX,2018-01-17,40,C,9,2017-11-01,0.30,stranded,front\nSPXW,2018-01-12,2300,P,2,2017-12-06,1.5,stranded,\n"
    document = planned(tmp_path, "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE + stranded))
    rows = [row for row in document["rows"] if row["sleeve"] == "stranded"]
    assert [(row["action"], row["held"][0]["quantity"], row["next_roll"]) for row in rows] == [
        ("HOLD", 9, "2018-01-17"),
        ("HOLD", 2, "2018-01-12"),
    ]
    assert [leg["quantity"] for leg in row_of(document, "hedge", "front")["held"]] == [7]
    after = json.loads((tmp_path / "book-after.json").read_text(encoding="utf-8"))["positions"]
    assert sorted(row["quantity"] for row in after if row["sleeve"] == "stranded") == [2, 9]


def test_what_settles_between_two_plans_is_taken_off_with_its_cash(tmp_path: Path) -> None:
    """SPXW 2 February 2018 settles on that day's close, VIX 14 February on its opening value; payoffs by hand."""
    text = (
        HEAD + "SPXW,2018-02-02,2800,P,2,2018-01-08,9.0,stranded,\nVIX,2018-02-14,16,C,7,2018-01-24,0.4,stranded,mid\n"
        "SPX,2018-02-16,2000,P,1,,,mine,\n"
    )
    planned(tmp_path / "a", "--book", book_file(tmp_path, text), as_of="2018-02-01")
    first = json.loads((tmp_path / "a" / "book-after.json").read_text(encoding="utf-8"))
    document = planned(tmp_path / "b", "--book", str(tmp_path / "a" / "book-after.json"), as_of="2018-02-16")
    market = load_market("sample", load_policy("alvh-442").policy).market
    row = int(np.searchsorted(market.sessions, to_day(date(2018, 2, 2))))
    close = float(market.history.spx_close[row])
    settled = {each["root"]: each for each in document["settled"]}
    assert settled["SPXW"]["usd"] == pytest.approx(2 * 100 * (2800 - close))
    assert (settled["SPXW"]["session"], settled["VIX"]["session"]) == ("2018-02-02", "2018-02-14")
    assert settled["VIX"]["quantity"] == 7
    assert settled["VIX"]["usd"] > 0.0
    assert document["left_alone"] == ["SPX 2018-02-16 2000 P (sleeve 'mine')"]
    assert any("11 sessions ago" in text for text in document["notes"])
    second = json.loads((tmp_path / "b" / "book-after.json").read_text(encoding="utf-8"))
    assert not [each for each in second["positions"] if each["sleeve"] in ("stranded", "mine")]
    assert traded(document) == {}
    cash, sessions = first["state"]["cash_hedged_usd"], market.sessions
    for k in range(row - 1, int(np.searchsorted(sessions, to_day(date(2018, 2, 16))))):
        cash *= 1.0 + float(market.bill_rate[k]) * int(sessions[k + 1] - sessions[k]) / 360.0
        cash += sum(each["usd"] for each in document["settled"] if each["session"] == iso(int(sessions[k + 1])))
    assert second["state"]["cash_hedged_usd"] == pytest.approx(cash, abs=0.01)


def test_one_row_for_lots_that_differ_in_nothing_but_their_number() -> None:
    loaded = load_policy("alvh-442")
    market = load_market("sample", loaded.policy).market
    index = int(np.searchsorted(market.sessions, to_day(date(2018, 1, 4))))
    table = market.series
    series = next(k for k in range(len(table.roots)) if table.roots[k] == "VIX" and table.expiry[k] == to_day(date(2018, 2, 14)))
    lot = HeldLot(
        layer=1,
        group=-1,
        series=series,
        strike=16.0,
        right=1,
        quantity=3,
        multiplier_usd=100.0,
        opened_row=index - 1,
        open_price=0.4,
    )
    lots = (lot, replace(lot, quantity=2), replace(lot, quantity=5, stranded=True))
    run = prepare(loaded.policy, market, index, index + 1, fee_usd=fee_usd)
    take_over(run, lots, derived_state(loaded.policy, lots, market, 1e6)[0], market.snapshot(index))
    assert [(row["quantity"], row["sleeve"]) for row in position_rows(run)] == [(5, "hedge"), (5, "stranded")]


# --- books that are refused ----------------------------------------------------------------------------------------------------


GOOD = HEAD + CONDOR + HEDGE
FAULTS = {
    "unknown layer": ("hedge,front", "hedge,fornt", ["position 5", "no layer 'fornt'", "did you mean 'front'?"]),
    "no layer": ("hedge,front", "hedge,", ["a hedge position names no layer", "front, mid, back"]),
    "unequal legs": ("2815,C,4", "2815,C,3", ["no iron condor", "+3 2815C", "SPXW 2018-02-16"]),
    "legs opened apart": ("2018-01-03,2.00", "2018-01-02,2.00", ["no iron condor"]),
    "off the SPX grid": ("SPXW,2018-02-16,2490", "SPXW,2018-02-16,2492", ["strike 2492", "2490 and 2495"]),
    "off the VIX grid": ("VIX,2018-02-14,16,", "VIX,2018-02-14,16.3,", ["strike 16.3", "16 and 16.5"]),
    "expired": ("2018-01-17,12", "2017-12-20,12", ["has settled", "column expiry"]),
    "leg without a price": ("2018-01-03,9.00", "2018-01-03,", ["no open_price", "all four legs"]),
    "two expiries": ("VIX,2018-04-18,21,C,4,2018-01-03,0.52,hedge,back", "VIX,2018-02-14,13,C,2,2018-01-03,0.5,hedge,front",
                     ["layer front", "several expiries: 2018-01-17, 2018-02-14"]),
    "two strikes": ("VIX,2018-04-18,21,C,4,2018-01-03,0.52,hedge,back", "VIX,2018-01-17,13,C,2,2018-01-03,0.5,hedge,front",
                    ["layer front", "several strikes"]),
    "puts among calls": ("16,C,7", "16,P,7", ["layer mid", "no vix_calls"]),
    "sold calls": ("16,C,7", "16,C,-7", ["layer mid", "no vix_calls"]),
    "opened tomorrow": ("2018-01-03,0.36", "2018-01-05,0.36", ["opened on 2018-01-05"]),
    "no such expiry": ("VIX,2018-04-18", "VIX,2018-04-19", ["no listed expiry"]),
    "cut short": ("hedge,back\n", "", ["cells"]),
}  # fmt: skip
"""What is wrong: the text that it replaces in a good book, its own, and what the message says."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_book_that_does_not_fit_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    before, after, said = FAULTS[fault]
    assert GOOD.count(before) == 1
    message = refused(capsys, tmp_path, GOOD.replace(before, after))
    for words in ("book.csv", "Next: ", *said):
        assert words in message


def test_a_spread_layer_needs_as_many_sold_as_bought(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spread = adopted(tmp_path, '[[hedge.layer]]\nname = "mid"\ninstrument = "vix_call_spreads"\n')
    book = HEAD + HEDGE.replace("16,C,7", "16,C,7") + "VIX,2018-02-14,25,C,-6,2018-01-03,0.1,hedge,mid\n"
    assert "differ in number" in refused(capsys, tmp_path, book, "--policy", spread)
    equal = book.replace(",-6,", ",-7,")
    document = planned(tmp_path / "out", "--book", book_file(tmp_path, equal), "--policy", spread)
    assert row_of(document, "hedge", "mid")["action"] == "HOLD"


def test_a_layer_that_sells_winners_says_what_it_can_not_tell(tmp_path: Path) -> None:
    policy = adopted(tmp_path, '[[hedge.layer]]\nname = "front"\nmonetise = {multiple = 3, fraction_pct = 50}\n')
    text = (HEAD + CONDOR + HEDGE).replace("2018-01-03,0.23", "2018-01-03,")
    document = planned(tmp_path, "--book", book_file(tmp_path, text), "--policy", policy)
    assert "front: contracts without an open_price count as having cost nothing, and are not sold as winners" in document["notes"]
    assert row_of(document, "hedge", "front")["action"] == "HOLD"


def test_a_book_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan("--book", str(tmp_path / "none.csv")) == 4
    assert "none.csv" in capsys.readouterr().err


def test_what_is_held_shows_where_the_policy_decides_nothing_on_it(tmp_path: Path) -> None:
    document = planned(tmp_path / "a", "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE), "--policy", "no-hedge")
    rows = [row for row in document["rows"] if row["sleeve"] == "hedge"]
    assert [(row["action"], row["held"][0]["quantity"]) for row in rows] == [("HOLD", 7), ("HOLD", 7), ("HOLD", 4)]
    assert all("hedge is switched off" in row["reason"]["text"] for row in rows)
    off = adopted(tmp_path, "[condor]\nenabled = false\n")
    document = planned(tmp_path / "b", "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE), "--policy", off)
    condors = [row for row in document["rows"] if row["sleeve"] == "condor"]
    assert [(row["action"], row["would_change"]) for row in condors] == [("HOLD", [])]
    assert "condors are switched off" in condors[0]["reason"]["text"]


def test_the_book_after_is_the_book_and_its_orders(tmp_path: Path) -> None:
    """On a roll day: what was held, less what is sold, plus what is bought at the price of the order's worst, to half a tick."""
    document = planned(tmp_path, "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE), as_of="2018-01-10")
    after = json.loads((tmp_path / "book-after.json").read_text(encoding="utf-8"))["positions"]
    names = HEAD.strip().split(",")
    before = [dict(zip(names, line.split(","), strict=True)) for line in (CONDOR + HEDGE).splitlines()]
    count = {(row["root"], row["expiry"], float(row["strike"]), row["right"]): int(row["quantity"]) for row in before}
    for contract, quantity in traded(document).items():
        count[contract] = count.get(contract, 0) + quantity
    assert {each[:4]: quantity for each, quantity in holding(after).items()} == {k: v for k, v in count.items() if v}
    for row in document["rows"]:
        for order in row["orders"]:
            if order["side"] == "buy" and len(order["legs"]) == 1:
                bought = next(each for each in after if each["opened"] == "2018-01-10" and each.get("layer") == row["layer"])
                assert abs(bought["open_price"] - order["worst"]) <= order["tick"] / 2 + 1e-9
