"""``alvh plan`` on dates, policies, rules and saved chains as users have them: what is planned, and what is refused and how."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest
from tests.helpers.plan_days import (
    CONDOR,
    HEAD,
    HEDGE,
    adopted,
    book_file,
    plan,
    planned,
    policy_file,
    row_of,
    traded,
    write_chain,
)
from tests.helpers.quoted_day import quoted_day

from alvh.app.cli import main
from alvh.app.plan import plan_day
from alvh.app.wiring import load_market
from alvh.core.errors import DataInvalid, DataMissing
from alvh.strategy.policy_file import load_policy

QUOTED = date(2017, 9, 13)
"""A Wednesday of the sample on which SPX closed near the level of the stated chain: 2498.37 against 2491.7."""
EXPIRING = (
    "SPXW,2017-10-04,2205,P,4,2017-08-23,4.60,condor,\n"
    "SPXW,2017-10-04,2340,P,-4,2017-08-23,12.00,condor,\n"
    "SPXW,2017-10-04,2620,C,-4,2017-08-23,15.00,condor,\n"
    "SPXW,2017-10-04,2680,C,4,2017-08-23,5.00,condor,\n"
)
"""A condor with 21 days left, credit 17.40: the default policy closes it."""
LAYERS = (
    "VIX,2017-09-20,12,C,7,2017-09-06,0.55,hedge,front\n"
    "VIX,2017-10-18,24.5,C,7,2017-09-06,0.55,hedge,mid\n"
    "VIX,2017-12-20,34,C,3,2017-08-30,0.90,hedge,back\n"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: str, **more: str | None) -> str:
    """The one line with which a plan ends; nothing else is said."""
    capsys.readouterr()
    assert plan(*words, **more) == code  # type: ignore[arg-type]  # data and as_of
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "Next: " in err
    return err


# --- dates ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2018-01-06", "2018-01-06 is no session of the data"),
        ("2018-01-01", "2018-01-01 is no session of the data"),
        ("2019-02-01", "the data end on 2018-12-31"),
        ("1998-06-01", "1998-06-01"),
    ],
    ids=["Saturday", "holiday", "after the data", "before the data"],
)
def test_a_day_that_the_data_do_not_have(capsys: pytest.CaptureFixture[str], as_of: str, words: str) -> None:
    assert words in refused(capsys, 4, as_of=as_of)


def test_no_plan_on_old_data(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, 4, as_of=None)
    assert "the data end on 2018-12-31" in said
    assert "nothing is decided on old data" in said


@pytest.mark.parametrize("today", ["2018-12-31", "2019-01-01", "2019-01-02"])
def test_without_a_date_the_last_session_that_closed_is_planned(today: str) -> None:
    """On its evening, on the holiday after it, and on the next session's own day, whose close is not known yet."""
    made = plan_day(None, "alvh-442", data="sample", today=date.fromisoformat(today))
    assert made.document["as_of"] == "2018-12-31"


def test_one_missing_close_is_enough() -> None:
    with pytest.raises(DataMissing, match="1 sessions have closed since"):
        plan_day(None, "alvh-442", data="sample", today=date(2019, 1, 3))


def test_a_clock_before_the_data() -> None:
    with pytest.raises(DataInvalid, match=r"the data end on 2018-12-31, after today \(2018-06-01\).*mend the clock"):
        plan_day(None, "alvh-442", data="sample", today=date(2018, 6, 1))


def test_a_data_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert refused(capsys, 4, data=str(tmp_path / "nowhere"))


# --- policies -------------------------------------------------------------------------------------------------------------------


def test_a_policy_is_adopted_before_it_is_planned(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    policy = policy_file(tmp_path, "[condor]\ngate_max_vix = 35\n")
    said = refused(capsys, 3, "--policy", policy)
    assert "it was never adopted" in said
    assert main(["policy", "adopt", policy, "--reason", "a test", "-q"]) == 0
    document = planned(tmp_path / "out", "--policy", policy)
    assert document["policy"]["adopted"] == date.today().isoformat()
    policy_file(tmp_path, "[condor]\ngate_max_vix = 30\n")
    said = refused(capsys, 3, "--policy", policy)
    assert "it is not what was adopted on" in said
    assert "condor.gate_max_vix" in said
    assert "35" in said
    assert "30" in said


def test_a_shipped_policy_needs_no_adoption_and_a_copy_that_differs_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert planned(tmp_path / "out")["policy"]["adopted"] == "preset"
    copy = policy_file(tmp_path, 'name = "alvh-442"\n[condor]\ntarget_dte = 40\n')
    assert "condor.target_dte" in refused(capsys, 3, "--policy", copy)


def test_policies_that_can_not_be_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is an overlay" in refused(capsys, 2, "--policy", "cboe-put")
    assert "did you mean" in refused(capsys, 3, "--policy", "alvh-441")


RULE = """
[[hedge.layer]]
name = "front"
roll = {{kind = "days_or_trigger", days = 7}}

[[rule]]
name = "curve"
rule_id = "R30"
when = {{signal = "vx_slope_1_2", above = 0}}
then = {{kind = "roll_innermost"}}
{missing}
"""


def test_a_rule_without_its_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The sample holds no VX settlements."""
    strict = adopted(tmp_path, RULE.format(missing=""), name="strict.toml")
    assert "vx_slope_1_2" in refused(capsys, 4, "--policy", strict)
    lenient = adopted(tmp_path, RULE.format(missing='when_missing = "off"'), name="lenient.toml")
    capsys.readouterr()
    document = planned(tmp_path / "out", "--policy", lenient)
    assert [(rule["name"], rule["holds"], rule["signals"]) for rule in document["rules"]] == [
        ("curve", None, {"vx_slope_1_2": None})
    ]
    assert "curve is off: a signal that it reads has no value" in row_of(document, "hedge", "front")["would_change"]
    assert {"name": "vx_slope_1_2", "age_sessions": None, "source": "signal"} in document["inputs"]
    assert "off, no value" in capsys.readouterr().out
    assert "off: no value" in (tmp_path / "out" / "plan.html").read_text(encoding="utf-8")


def test_a_rule_that_acts_says_so(tmp_path: Path) -> None:
    policy = adopted(tmp_path, RULE.format(missing="").replace("vx_slope_1_2", "vix"))
    document = planned(tmp_path / "out", "--policy", policy, "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE))
    assert document["rules"][0]["holds"] is True
    assert document["rules"][0]["signals"]["vix"] == pytest.approx(9.22)
    front = row_of(document, "hedge", "front")
    assert (front["reason"]["rule"], front["reason"]["signal"], front["reason"]["threshold"]) == ("R30", "vix", 0.0)
    assert front["reason"]["value"] == pytest.approx(9.22)


def test_a_roll_that_waits_says_for_what(tmp_path: Path) -> None:
    rule = RULE.format(missing="").replace("vx_slope_1_2", "vix").replace("roll_innermost", "delay_rolls")
    policy = adopted(tmp_path, rule)
    words = ("--policy", policy, "--book", book_file(tmp_path, HEAD + CONDOR + HEDGE))
    front = row_of(planned(tmp_path / "out", *words, as_of="2018-01-10"), "hedge", "front")
    assert (front["action"], front["reason"]["rule"], front["reason"]["signal"]) == ("HOLD", "R30", "vix")
    assert front["reason"]["text"] == "due, and held back by curve: vix is above 0"
    assert front["next_roll"] == "2018-01-16"  # the last session of what is held


def test_xsp(tmp_path: Path) -> None:
    policy = adopted(tmp_path, '[condor]\nroots = ["XSP"]\n')
    document = planned(tmp_path / "a", "--policy", policy, as_of="2018-01-03")
    opened = row_of(document, "condor")
    assert {leg["root"] for leg in opened["legs"]} == {"XSP"}
    assert all(240 < leg["strike"] < 300 for leg in opened["legs"])
    later = planned(tmp_path / "b", "--policy", policy, "--book", str(tmp_path / "a" / "book-after.json"))
    assert [leg["quantity"] for leg in later["rows"][0]["held"]] == [leg["quantity"] for leg in opened["legs"]]


# --- options of the command -----------------------------------------------------------------------------------------------------


def test_a_folder_that_can_not_be_made_is_refused_before_any_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for name, said in (("file", "is a file, not a folder"), ("file/below", "cannot be made")):
        assert main(["plan", "--data", "sample", "--as-of", "2018-01-04", "--out", str(tmp_path / name)]) == 2
        out, err = capsys.readouterr()
        assert (out, "planning on" in err) == ("", False)
        assert said in err


def test_a_plan_does_not_replace_the_book_that_it_is_made_from(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    planned(tmp_path, as_of="2018-01-03")
    before = (tmp_path / "book-after.json").read_bytes()
    said = refused(capsys, 2, "--book", str(tmp_path / "book-after.json"), "--out", str(tmp_path))
    assert "would be replaced" in said
    assert (tmp_path / "book-after.json").read_bytes() == before


@pytest.mark.parametrize("equity", ["0", "-5", "nan", "inf"])
def test_an_equity_that_is_none(capsys: pytest.CaptureFixture[str], equity: str) -> None:
    assert "dollars above 0" in refused(capsys, 2, f"--equity={equity}")


def test_the_table_shows_orders_refusals_and_ages(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert plan(as_of="2018-01-03") == 0
    out = capsys.readouterr().out
    assert "nothing is sent" in out
    assert "sell +4 SPXW 2018-02-16 P 2490" in out
    assert "Inputs that are not of this close" in out


# --- saved chains ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPX of 20 to 60 days and VIX of 5 to 200 days, of stated forwards and vols, as two files."""
    folder = tmp_path_factory.mktemp("chains")
    market = load_market("sample", load_policy("alvh-442").policy, end=QUOTED).market
    series, session = market.series, int(market.sessions[-1])
    snapshot = market.snapshot(len(market.sessions) - 1)
    for name, low, high in (("SPX", 20, 60), ("VIX", 5, 200)):
        rows = [row for row in snapshot.listed(vix=name == "VIX").tolist() if low <= series.expiry[row] - session <= high]
        write_chain(quoted_day(series, rows, session, float(market.bill_rate[-1])), folder / f"{name}.csv")
    return folder


def changed(chains: Path, folder: Path, quotes: dict[str, tuple[str, str] | None]) -> str:
    """The chains with other quotes for some symbols, or without them."""
    out = Path(shutil.copytree(chains, folder / "chains"))
    found = 0
    for path in out.glob("*.csv"):
        rows = []
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
            quote = quotes.get(row[1], (row[2], row[4]))
            found += row[1] in quotes
            if quote is not None:
                rows.append([*row[:2], quote[0], row[3], quote[1], *row[5:]])
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    assert found == len(quotes)
    return str(out)


def quoted_plan(out: Path, chains: str | Path, *words: str) -> dict[str, object]:
    return planned(out, "--chains", str(chains), *words, as_of=QUOTED.isoformat())


def test_quotes_are_marked_and_are_those_of_the_file(tmp_path: Path, chains: Path) -> None:
    document = quoted_plan(tmp_path, chains)
    assert document["market"]["prices"] == "quotes where listed, else model"
    file = {
        row[1]: row for name in ("SPX", "VIX") for row in csv.reader((chains / f"{name}.csv").read_text("utf-8").splitlines())
    }
    orders = [order for row in document["rows"] for order in row["orders"]]
    assert [order["price_source"] for order in orders] == ["quote"] * 4
    for order in orders:
        low = high = 0.0
        for leg in order["legs"]:
            symbol = f"{leg['root']}{date.fromisoformat(leg['expiry']):%y%m%d}{leg['right']}{round(1000 * leg['strike']):08d}"
            bid, ask = float(file[symbol][2]), float(file[symbol][4])
            ratio = leg["quantity"] // order["units"]
            low, high = low + min(ratio * bid, ratio * ask), high + max(ratio * bid, ratio * ask)
        low, high = (low, high) if order["side"] == "buy" else (-high, -low)
        assert (order["bid"], order["ask"]) == pytest.approx((low, high), abs=1e-4)
        assert order["mid"] == pytest.approx((low + high) / 2, abs=1e-4)
        steps = [order["limit"], order["worst"]]
        assert steps == sorted(steps, reverse=order["side"] == "sell")
        assert order["walk"][0] == order["limit"]
        assert order["walk"][-1] == order["worst"]
    assert {row["name"]: row["source"] for row in document["inputs"]}["chain_vix"] == "Cboe delayed quotes: VIX.csv"


def test_chains_of_another_day_are_stale(capsys: pytest.CaptureFixture[str], chains: Path, tmp_path: Path) -> None:
    said = refused(capsys, 4, "--chains", str(chains), as_of="2017-09-14")
    assert "no chain of 2017-09-14 is saved" in said
    assert "2017-09-13" in said
    mixed = Path(shutil.copytree(chains, tmp_path / "mixed"))
    text = (chains / "VIX.csv").read_text(encoding="utf-8").replace("2017-09-13,", "2017-09-12,")
    (mixed / "VIX.csv").write_text(text, encoding="utf-8")
    document = quoted_plan(tmp_path / "out", mixed)
    assert any("chains of other sessions, left alone: 1" in note for note in document["notes"])
    assert row_of(document, "hedge", "front")["price_source"] == "model"


def test_folders_without_a_chain(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert refused(capsys, 4, "--chains", str(tmp_path / "nowhere"), as_of="2017-09-13")
    assert refused(capsys, 4, "--chains", str(tmp_path), as_of="2017-09-13")


def test_two_files_of_one_family(capsys: pytest.CaptureFixture[str], tmp_path: Path, chains: Path) -> None:
    twice = Path(shutil.copytree(chains, tmp_path / "twice"))
    shutil.copy(chains / "SPX.csv", twice / "again.csv")
    assert "2 files hold SPX chains of one session" in refused(capsys, 5, "--chains", str(twice), as_of="2017-09-13")


def test_xsp_has_a_chain_of_its_own(tmp_path: Path, chains: Path) -> None:
    both = Path(shutil.copytree(chains, tmp_path / "both"))
    header, *rows = csv.reader((chains / "SPX.csv").read_text(encoding="utf-8").splitlines())
    small = [["2017-09-13", f"XSP{row[1][-15:-8]}{int(row[1][-8:]) // 10:08d}", *row[2:]] for row in rows if row[1][:4] == "SPXW"]
    with (both / "XSP.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *small])
    document = quoted_plan(tmp_path / "out", both)
    assert [row["name"] for row in document["inputs"] if row["name"].startswith("chain")] == [
        "chain_spx",
        "chain_xsp",
        "chain_vix",
    ]
    assert row_of(document, "condor")["price_source"] == "quote"


def test_half_a_chain_is_said_and_what_it_lacks_is_not_traded(tmp_path: Path, chains: Path) -> None:
    """Without the expiries of 30 to 60 days no condor can be chosen; the family of VIX is whole."""
    half = Path(shutil.copytree(chains, tmp_path / "half"))
    header, *lines = (chains / "SPX.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split(",")[1][-15:-9] < "171013"]
    (half / "SPX.csv").write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    document = quoted_plan(tmp_path / "out", half)
    entry = row_of(document, "condor")
    assert (entry["action"], entry["orders"]) == ("SKIP", [])
    assert any("are not in the chain" in note for note in document["notes"])
    assert any(refusal["text"] == entry["reason"]["text"] for refusal in document["refusals"])
    assert "SPXW" not in {contract[0] for contract in traded(document)}


def test_a_crossed_quote_is_never_traded(tmp_path: Path, chains: Path) -> None:
    """The default would sell the 2340 put and buy the 21 call; crossed, each gives way to its neighbour."""
    usual = traded(quoted_plan(tmp_path / "a", chains))
    assert ("SPXW", "2017-10-27", 2340.0, "P") in usual
    assert ("VIXW", "2017-09-27", 21.0, "C") in usual
    crossed = changed(chains, tmp_path, {"SPXW171027P02340000": ("9.0", "8.0"), "VIXW170927C00021000": ("0.5", "0.4")})
    document = quoted_plan(tmp_path / "b", crossed)
    assert ("SPXW", "2017-10-27", 2340.0, "P") not in traded(document)
    assert ("VIXW", "2017-09-27", 21.0, "C") not in traded(document)
    assert all(order["bid"] < order["mid"] < order["ask"] for row in document["rows"] for order in row["orders"])


@pytest.mark.parametrize("symbol", ["P02205000", "P02340000", "C02620000", "C02680000"])
@pytest.mark.parametrize("quote", [("9.0", "8.0"), None], ids=["crossed", "missing"])
def test_a_condor_is_closed_whole_or_not_at_all(tmp_path: Path, chains: Path, symbol: str, quote: tuple[str, str] | None) -> None:
    book = book_file(tmp_path, HEAD + EXPIRING + LAYERS)
    whole = quoted_plan(tmp_path / "whole", chains, "--book", book)
    assert whole["rows"][0]["action"] == "EXIT"
    assert len(whole["rows"][0]["legs"]) == 4
    document = quoted_plan(tmp_path / "part", changed(chains, tmp_path, {f"SPXW171004{symbol}": quote}), "--book", book)
    condor = document["rows"][0]
    assert (condor["action"], condor["orders"]) == ("HOLD", [])
    assert "no leg could be traded" in condor["reason"]["text"]
    strike = f"{symbol[0]} {int(symbol[1:]) // 1000}"
    assert [row["text"] for row in document["refusals"]] == [
        f"condor: SPXW 2017-10-04 {strike} has no two-sided quote, so that nothing of it is closed"
    ]
    marks = {(leg["strike"], leg["right"]): leg["price_source"] for leg in condor["held"]}
    assert [key for key, source in marks.items() if source == "model"] == [(int(symbol[1:]) / 1000.0, symbol[0])]
    assert row_of(document, "condor")["reason"]["text"] == "condor entry day"


@pytest.mark.parametrize("quote", [("9.0", "8.0"), None], ids=["crossed", "missing"])
def test_a_layer_rolls_only_where_what_it_holds_can_be_sold(tmp_path: Path, chains: Path, quote: tuple[str, str] | None) -> None:
    book = book_file(tmp_path, HEAD + LAYERS)
    whole = quoted_plan(tmp_path / "whole", chains, "--book", book)
    assert row_of(whole, "hedge", "front")["action"] == "ROLL"
    document = quoted_plan(tmp_path / "part", changed(chains, tmp_path, {"VIX170920C00012000": quote}), "--book", book)
    front = row_of(document, "hedge", "front")
    assert (front["action"], front["orders"]) == ("HOLD", [])
    assert front["held"][0]["price_source"] == "model"
    assert front["held"][0]["mark"] > 0.0
    assert any(row["rule"] == "fill" and row["text"].startswith("front: ") for row in document["refusals"])
    after = (tmp_path / "part" / "book-after.json").read_text(encoding="utf-8")
    assert '"strike": 12.0' in after
    page = (tmp_path / "part" / "plan.html").read_text(encoding="utf-8")
    assert "VIX 2017-09-20 12 C" in page
