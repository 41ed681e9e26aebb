"""``alvh explain``: the document of one close against sums done by hand, and against the backtest's own files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import shipped, synthetic_market
from tests.helpers.flat_market import SPX_LEVEL, flat_market
from tests.helpers.traced import traced

from alvh.app.cli import main
from alvh.app.wiring import run_backtest
from alvh.core.errors import InternalError
from alvh.engine.ledger import Entry, Lot
from alvh.results.explain_day import day_document
from alvh.results.holdings import Holding, holdings
from alvh.strategy.policy import SpreadLimit

ENTRY = 2
"""Wednesday 2017-05-03 in a market from Monday 2017-05-01."""
CREDIT_USD = 6 * 18.8 * 100.0
"""Six lots, 19 points less four quarters of .2 of half-spread."""


def test_the_first_wednesday_by_hand() -> None:
    """Six condors and 10/10/5 calls out of an empty book, every line with its cost."""
    document = day_document(*traced(flat_market("2017-05-01", "2017-05-10"), shipped(), ENTRY))
    view, ledger, book = document["view"], document["ledger"], document["book"]
    assert (view["condor_entry_day"], view["condors"]) == (True, [])
    assert [layer["contracts"] for layer in view["layers"]] == [[], [], []]
    assert [(row["intent"], row["target"], row["scheduled"]) for row in document["decision"]["intents"]] == [
        ("open_condor", "condors", True),
        ("roll_layer", "front", True),
        ("roll_layer", "mid", True),
        ("roll_layer", "back", True),
    ]
    calls = [row for row in ledger if row["sleeve"] == "hedge"]
    assert [(row["layer"], row["quantity"], row["mid"], row["price"]) for row in calls] == [
        ("front", 10, 1.0, 1.05),
        ("mid", 10, 1.0, 1.05),
        ("back", 5, 1.0, 1.05),
    ]
    assert [row["slippage_usd"] for row in calls] == pytest.approx([50.0, 50.0, 25.0])
    assert [row["cash_usd"] for row in calls] == pytest.approx([-1050.0 - 11.0, -1050.0 - 11.0, -525.0 - 5.5])
    condor = [row for row in ledger if row["sleeve"] == "condor"]
    assert sum(row["cash_usd"] for row in condor) == pytest.approx(CREDIT_USD - 6 * 4 * 1.30)
    assert {row["stage"] for row in condor + calls} == {"after it"}
    assert [(row["quantity"], row["mark"]) for row in book["positions"][:4]] == [(6, 5.0), (-6, 15.0), (-6, 12.0), (6, 3.0)]
    assert book["value_usd_by_sleeve"] == pytest.approx(
        {"condor": -6 * 19.0 * 100.0, "layer front": 1000.0, "layer mid": 1000.0, "layer back": 500.0}
    )
    assert book["change_unhedged_usd"] == pytest.approx(-6 * 4 * 0.05 * 100.0 - 6 * 4 * 1.30)
    assert book["change_hedged_usd"] == pytest.approx(book["change_unhedged_usd"] - 125.0 - 27.5)
    assert book["index_notional_usd"] == SPX_LEVEL * 100.0 * 6


def test_the_view_of_the_next_wednesday() -> None:
    """A condor at its mid costs 6 x 19 points; 45 and 38 days are above 21, and nothing was earned."""
    document = day_document(*traced(flat_market("2017-05-01", "2017-05-31"), shipped(), ENTRY + 5))
    (condor,) = document["view"]["condors"]
    assert (condor["opened"], condor["lots"], condor["dte"]) == ("2017-05-03", 6, 37)
    assert (condor["credit_usd"], condor["cost_to_close_usd"]) == pytest.approx((CREDIT_USD, 11_400.0))
    assert [leg["quantity"] for leg in condor["legs"]] == [6, -6, -6, 6]
    assert condor["exit_tests"] == [
        {"test": "cost_to_close_usd", "at_most": pytest.approx(0.5 * CREDIT_USD), "value": pytest.approx(11_400.0), "met": False},
        {"test": "dte", "at_most": 21, "value": 37, "met": False},
    ]
    front, mid, back = document["view"]["layers"]
    assert [layer["due"] for layer in (front, mid, back)] == [True, True, True]  # 3,780 days since the grid began: 7, 21 and 45
    assert (front["quantity"], front["value_usd"], front["last_roll"]) == (10, pytest.approx(1000.0), "2017-05-03")
    assert front["contracts"] == [{"contract": "VIX 2017-05-17 C 20", "quantity": 10}]
    assert front["sessions_left"] == 4  # 11, 12, 15 and 16 May
    assert [row["target"] for row in document["decision"]["intents"]] == ["condors", "front", "mid", "back"]


def test_every_exit_test_and_the_gate() -> None:
    base = shipped()
    leave = replace(base.condor.exit, loss_multiple=0.001, short_delta=0.16, dte=44)
    book = replace(base, condor=replace(base.condor, exit=leave, gate_max_vix=11.0))
    document = day_document(*traced(flat_market("2017-05-01", "2017-05-12"), book, ENTRY))
    assert document["view"]["gate"] == {"signal": "vix", "value": 12.0, "threshold": 11.0, "met": True}
    assert [row["rule"] for row in document["held_back"]] == ["R33"]
    book = replace(book, condor=replace(book.condor, gate_max_vix=None))
    document = day_document(*traced(flat_market("2017-05-01", "2017-05-12"), book, ENTRY + 1))
    tests = document["view"]["condors"][0]["exit_tests"]
    assert [(row["test"], row["met"]) for row in tests] == [
        ("cost_to_close_usd", False), ("loss_usd", True), ("dte", True), ("short_delta", True),
    ]  # fmt: skip
    assert tests[1]["value"] == pytest.approx(11_400.0 - CREDIT_USD)
    first = document["decision"]["intents"][0]
    assert (first["intent"], first["condor"], first["signal"]) == ("close_condor", 0, "loss_usd")
    assert document["view"]["condors"][0]["condor"] not in {row["condor"] for row in document["book"]["positions"]}


def test_what_a_limit_refused_is_named() -> None:
    """The calls' market is 20 % of mid wide."""
    book = replace(shipped(), limits=replace(shipped().limits, spread=SpreadLimit(max_pct=8.0)))
    document = day_document(*traced(flat_market("2017-05-01", "2017-05-05"), book, ENTRY))
    assert [row["rule"] for row in document["refused"]] == ["R45", "R45", "R45"]
    assert document["refused"][0]["reason"].startswith("front: bid-ask is 20.0 % of mid")
    assert not any(row["sleeve"] == "hedge" for row in document["ledger"])


def test_a_fill_at_the_next_close_stands_before_the_decision() -> None:
    book = replace(shipped(), timing=replace(shipped().timing, fill_at="next_close"))
    wednesday = day_document(*traced(flat_market("2017-05-01", "2017-05-05"), book, ENTRY))
    assert wednesday["decision"]["filled_here"] is None and len(wednesday["decision"]["intents"]) == 4
    assert [row["entry"] for row in wednesday["ledger"]] == ["interest"]
    thursday = day_document(*traced(flat_market("2017-05-01", "2017-05-05"), book, ENTRY + 1))
    assert [row["intent"] for row in thursday["decision"]["filled_here"]] == ["open_condor", *["roll_layer"] * 3]
    assert thursday["decision"]["intents"] == []
    opened = [row for row in thursday["ledger"] if row["entry"] == "open"]
    assert len(opened) == 7 and {row["stage"] for row in opened} == {"before the decision"}
    assert sum(row["quantity"] for row in thursday["view"]["layers"]) == 25  # the view saw the fills


def test_a_settlement_names_its_value_and_whether_it_was_published() -> None:
    base = shipped()
    layers = tuple(replace(layer, roll=replace(layer.roll, kind="hold_to_settlement")) for layer in base.hedge.layers)
    book = replace(base, hedge=replace(base.hedge, layers=layers))
    market = flat_market("2017-05-01", "2017-05-19")
    index = next(k for k, day in enumerate(market.sessions) if date.fromordinal(int(day) + 719163) == date(2017, 5, 17))
    document = day_document(*traced(market, book, index))
    assert document["settlements"] == [
        {"series": "VIX 2017-05-17", "settles": "AM", "value": 12.0, "source": "stated by the test", "published": True}
    ]
    settled = [row for row in document["ledger"] if row["entry"] == "settle"]
    assert [(row["quantity"], row["price"], row["stage"]) for row in settled] == [(-10, 0.0, "before the decision")]


def test_holdings_add_up_through_splits_settlements_and_strandings() -> None:
    """Bought 10, sold 4 of them as a split lot, 3 stranded as another: 6 are held, 3 of them wait."""
    whole = _lot(0, 10)
    sold, stuck = whole.split(4, 1), whole.split(3, 2)
    entries = [_entry("open", 0, 10), _entry("close", 1, -4), _entry("strand", 2, 0), _entry("interest", -1, 0)]
    lots = {lot.lot_id: lot for lot in (whole, sold, stuck)}
    assert holdings(entries, lots) == [Holding(0, -1, 7, 20.0, 1, 100.0, 6, 3)]
    entries.append(_entry("settle", 2, -3))
    assert holdings(entries, lots) == [Holding(0, -1, 7, 20.0, 1, 100.0, 3, 0)]
    assert holdings([*entries, _entry("settle", 0, -3)], lots) == []


def _lot(lot_id: int, quantity: int) -> Lot:
    return Lot(
        lot_id=lot_id, layer=0, group=-1, series=7, strike=20.0, right=1, quantity=quantity, multiplier_usd=100.0, open_index=0,
        open_mid=1.0, open_price=1.0, open_fees_usd=0.0, open_reason="",
    )  # fmt: skip


def _entry(kind: Any, lot: int, quantity: int) -> Entry:
    return Entry(0, kind, "hedge", 0, -1, lot, quantity, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, "")


@pytest.mark.parametrize("seed", [3, 4])
def test_the_printed_book_is_the_runs_book_all_along(seed: int) -> None:
    """Contracts by ledger sums are the engine's open lots, on a random walk with stress, at every tenth session."""
    market = synthetic_market(seed=seed, stress=True)
    for index in (90, 260, 419):
        result, trace = traced(market, shipped(), index, first=40)
        document = day_document(result, trace)
        by_contract: dict[tuple[str, str | None, int | None], int] = {}
        for lot in result.lots:
            if not lot.close_kind:
                layer = result.policy.hedge.layers[lot.layer].name if lot.layer >= 0 else None
                key = (
                    market.series.contract(lot.series, lot.strike, lot.right).label(),
                    layer,
                    lot.group if lot.group >= 0 else None,
                )
                by_contract[key] = by_contract.get(key, 0) + lot.quantity
        shown = {(row["contract"], row["layer"], row["condor"]): row["quantity"] for row in document["book"]["positions"]}
        assert shown == by_contract
        values = sum(row["value_usd"] for row in document["book"]["positions"])
        equity = document["book"]["equity_hedged_usd"]
        assert document["book"]["cash_hedged_usd"] + values == pytest.approx(equity, abs=0.005)


def test_a_book_that_does_not_add_up_is_a_bug() -> None:
    result, trace = traced(flat_market("2017-05-01", "2017-05-05"), shipped(), ENTRY)
    result.record.equity_hedged_usd[-1] += 1.0
    with pytest.raises(InternalError, match="hedged cash and positions miss the recorded equity"):
        day_document(result, trace)


# ---------------------------------------------------------------------------------------------------------------- the command


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["explain", *arguments, "--data", "sample", "--json", "--quiet"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_command_tells_the_backtests_session(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole sample run to its end holds the same entries, orders and equity at that session."""
    found = explain(capsys, "2018-02-07", "--from", "2017-01-03")
    output = run_backtest("alvh-442", data="sample", start=date(2017, 1, 3), price_range=False)
    result = output.result
    row = int(np.searchsorted(result.sessions, (date(2018, 2, 7) - date(1970, 1, 1)).days))
    entries = [entry for entry in result.ledger.entries if entry.market_row == result.first + row]
    assert [(one["entry"], one["quantity"], one["price"], one["cash_usd"]) for one in found["ledger"]] == [
        (entry.kind, entry.quantity, entry.price, entry.cash_usd) for entry in entries
    ]
    assert found["book"]["equity_hedged_usd"] == result.record.equity_hedged_usd[row]
    lines = [line for line in result.roll_lines if line.session == int(result.sessions[row])]
    assert [(one["action"], one["quantity"]) for one in found["layer_actions"]] == [(x.action, x.quantity) for x in lines]
    assert (found["schema"], found["sessions_run"], found["prices"]) == ("alvh.explain/1", row + 1, "model")
    assert found["view"]["vx_front_source"] == "curve model" and "vvix" in found["data"]["modelled"]
    assert found["policy"]["sha256"] == output.policy.sha256


def test_the_tables_hold_every_part(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        'schema = 1\nextends = "alvh-442"\n[[rule]]\nname = "sell"\nrule_id = "R20"\n'
        'when = {any = [{signal = "vix_rsi_14", above = 70}, {not = {signal = "vix", below = 30}}]}\n'
        'then = {kind = "close_layers", layers = ["front"]}\n',
        encoding="utf-8",
    )
    arguments = ["explain", "2018-02-05", "--policy", str(path), "--from", "2018-01-02", "--data", "sample", "--quiet"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    for part in ("Held when the decision was made", "Rules", "Decided", "Done", "The book after", "Ledger, in order"):
        assert part in shown
    assert "yes vix_rsi_14 is above 70: 9" in shown and "front: acted" in shown and "no  vix is below 30: 37.32" in shown
    assert "trim_layer    front  R20" in shown.replace("\t", " ") or "trim_layer  front  R20" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ["2018-02-10"],
            4,
            "is no session. Allowed: a session from 2014-01-03 to 2018-12-31. Next: use 2018-02-09 or 2018-02-12",
        ),
        (["2017-07-04"], 4, "use 2017-07-03 or 2017-07-05"),
        (["2013-06-03"], 4, "lies before the run's first session"),
        (["2016-01-04", "--from", "2016-01-05"], 2, "the run would begin on 2016-01-05, after 2016-01-04"),
        (["2019-01-02"], 4, "lies after the last session of the data"),
        (["2018-02-07", "--policy", "cboe-put"], 2, "is an overlay"),
        (["2018-02-30"], 2, "is not a date"),
        ([], 2, "required: DATE"),
    ],
)
def test_days_that_cannot_be_explained(arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *arguments, "--quiet", *(["--data", "sample"] if arguments else [])]) == code
    shown = capsys.readouterr()
    assert shown.out == "" and says in shown.err
