"""``alvh risk``, ``stress``, ``margin`` and ``payoff``: documents, tables, page and errors, on the embedded sample.

The sample holds no VX settlements, so that betas are the published ones. Oracles: sums by hand, payoff at expiry by arithmetic,
portfolio margin by Black's formula written out here.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.risk_book import COMMANDS, CONDOR, DAY, HEAD, HEDGE

from alvh.app.book_margin import margin_document
from alvh.app.book_page import write_page
from alvh.app.book_risk import BookMarket, load_book, risk_document
from alvh.app.book_stress import payoff_document
from alvh.app.cli import main
from alvh.core.errors import DataInvalid, DataMissing
from alvh.models.model_market import SPX_AM_DAYS
from alvh.risk.betas import PUBLISHED


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "book.csv"
    path.write_text(HEAD + CONDOR + HEDGE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(book: Path) -> BookMarket:
    return load_book(book, "sample", as_of=DAY, betas="published")


@pytest.fixture(scope="module")
def risk(made: BookMarket) -> dict[str, Any]:
    return risk_document(made)


def words(command: str, book: Path, *more: str) -> list[str]:
    usual = ["--book", str(book), "--data", "sample", "--as-of", "2018-01-26", "--betas", "published", "-q"]
    return [command, *usual, *more]


# --- risk -----------------------------------------------------------------------------------------------------------------------


def test_exposures_add_up_and_adjusted_is_raw_times_beta(risk: dict[str, Any]) -> None:
    found = risk["exposures"]
    for name in found["book"]:
        assert sum(row[name] for row in found["positions"]) == pytest.approx(found["book"][name], rel=1e-9, abs=1e-9)
        assert sum(row[name] for row in found["layers"]) == pytest.approx(found["book"][name], rel=1e-12, abs=1e-12)
    vix = [row for row in found["positions"] if row["contract"].startswith("VIX")]
    for row in vix:
        beta, _ = PUBLISHED.at(row["dte"])
        assert row["beta"] == pytest.approx(float(beta))
        assert row["vix_equivalent_usd_per_vix_point"] == pytest.approx(row["vix_delta_usd_per_point"] * float(beta))
    covered = risk["coverage"]
    raw = sum(row["vix_delta_usd_per_point"] for row in vix)
    net = -found["book"]["spx_vega_usd_per_vol_point"]
    assert covered["net_naive"] == pytest.approx(raw / net)
    assert covered["net_naive_per_vix_point"] == pytest.approx(raw / (0.75 * net))
    assert risk["coverage_with_naive_betas_everywhere"] == pytest.approx(covered["net_naive"])
    assert covered["net_adjusted"] < covered["net_naive"]


def test_sizes_and_costs_under_every_reading(risk: dict[str, Any]) -> None:
    base, size, cost = risk["notional"], risk["size"], risk["cost"]
    assert base["credit_usd"] == pytest.approx(100 * (11.80 + 6.55 - 4.05 - 1.65))
    assert base["risk_capital_usd"] == pytest.approx(15_000 - base["credit_usd"])
    assert base["index_usd"] == pytest.approx(100 * risk["spx"])
    assert size["contracts"] == [4.0, 4.0, 2.0] == size["contracts_per_condor_lot"]
    per_index = [count * 1e5 / base["index_usd"] for count in (4, 4, 2)]
    assert size["contracts_per_100k_usd_index_notional"] == pytest.approx(per_index)
    assert cost["premium_of_index_notional"] == pytest.approx(cost["premium_usd"] / base["index_usd"])
    assert cost["paid_usd"] == pytest.approx(100 * (4 * 0.35 + 4 * 0.40 + 2 * 0.50))


def test_four_four_two_per_lot_is_this_book_and_the_others_scale(risk: dict[str, Any]) -> None:
    index, loss, lot = risk["four_four_two"]["readings"]
    assert lot["premium_usd"] == pytest.approx(risk["cost"]["premium_usd"])
    assert lot["decay_of_credit"] == pytest.approx(risk["cost"]["decay_of_credit"])
    assert lot["net_adjusted"] == pytest.approx(risk["coverage"]["net_adjusted"])
    for row, base in ((index, risk["notional"]["index_usd"]), (loss, risk["notional"]["risk_capital_usd"])):
        assert row["contracts"] == pytest.approx([count * base / 1e5 for count in (4, 4, 2)])
        assert row["premium_usd"] == pytest.approx(lot["premium_usd"] * base / 1e5)
        assert row["short_naive"] == pytest.approx(lot["short_naive"] * base / 1e5)


def test_a_book_without_condors_says_so(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(HEAD + HEDGE, encoding="utf-8")
    alone = load_book(path, "sample", as_of=DAY, betas="published")
    found = risk_document(alone)
    assert found["coverage"]["net_adjusted"] is None
    assert found["four_four_two"]["readings"] == [] and "no condor" in found["four_four_two"]["why"]
    assert any("'condor'" in text for text in found["notes"])
    assert found["at_condor_expiry"] is None
    assert write_page(alone, tmp_path, "risk.html", {})[0].stat().st_size < 6_000_000


def test_a_book_without_hedge_has_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "condor.csv"
    path.write_text(HEAD + CONDOR, encoding="utf-8")
    alone = load_book(path, "sample", as_of=DAY, betas="published")
    assert payoff_document(alone)["convexity"] is None
    assert any("'hedge'" in text for text in risk_document(alone)["notes"])
    assert write_page(alone, tmp_path, "risk.html", {})[0].is_file()


# --- margin ---------------------------------------------------------------------------------------------------------------------


def black(forward: float, strike: float, deviation: float, right: int) -> float:
    """Black's price without discount."""
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation

    def normal(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2.0))

    return right * (forward * normal(right * d1) - strike * normal(right * (d1 - deviation)))


def test_margin_of_an_unequal_condor_by_hand(made: BookMarket, risk: dict[str, Any]) -> None:
    found = margin_document(made, equity_usd=50_000.0)
    layers = {row["sleeve"] + row["layer"]: row["value_usd"] for row in risk["exposures"]["layers"]}
    calls = sum(value for name, value in layers.items() if name.startswith("hedge"))
    asked = {name: one["requirement_usd"] for name, one in found["conventions"].items()}
    assert asked["max_intrinsic_loss"] == pytest.approx(15_000 + layers["condor"] + calls)
    assert asked["no_credit_netting"] == pytest.approx(15_000 + calls)
    assert asked["sum_of_sides"] == pytest.approx(20_000 + layers["condor"] + calls)
    one = found["conventions"]["max_intrinsic_loss"]
    assert one["buying_power_usd"] == pytest.approx(50_000 - one["requirement_usd"]) and one["feasible"]
    assert not found["conventions"]["portfolio_rule"]["feasible"]
    account = found["account"]
    assert account["cash_usd"] == pytest.approx(50_000 - layers["condor"] - calls)
    liquid = account["cash_usd"] + account["long_options_at_bid_usd"]
    assert account["quick_ratio"] == pytest.approx(liquid / asked["no_credit_netting"])


def test_portfolio_margin_holds_every_options_vol(made: BookMarket, risk: dict[str, Any]) -> None:
    rows = [row for row in risk["exposures"]["positions"] if row["sleeve"] == "condor"]
    worst = 0.0
    for step in range(1, 6):
        for move in (-0.08 * step / 5, 0.06 * step / 5):
            gain = 0.0
            for row in rows:
                _, _, strike, letter = row["contract"].split()
                right, vol, forward = (1 if letter == "C" else -1), row["implied_vol_points"] / 100.0, row["forward_points"]
                price = row["value_usd"] / row["quantity"] / 100.0
                deviation = vol * math.sqrt((row["dte"] - SPX_AM_DAYS) / 365.0)
                discount = price / black(forward, float(strike), deviation, right)
                moved = discount * black(forward * (1.0 + move), float(strike), deviation, right)
                gain += (moved - price) * 100.0 * row["quantity"]
            worst = max(worst, -gain)
    found = margin_document(made)["conventions"]["portfolio_rule"]
    assert found["by_product_usd"]["SPX"] == pytest.approx(worst, rel=1e-9)
    assert found["binding"].startswith("SPX class: SPX -8.0%")
    assert found["by_product_usd"]["VIX"] == pytest.approx(0.375 * 100 * 10)


# --- the command line -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_one_document_or_tables_of_a_hundred_columns(
    command: str, book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALVH_DATA", raising=False)
    more = ["--equity", "50000"] if command == "margin" else []
    assert main(words(command, book, *more, "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == f"alvh.{command}/1" and document["session"] == "2018-01-26"
    assert document["book"] == {"file": "book.csv", "positions": 7}
    assert main(words(command, book, *more)) == 0
    out = capsys.readouterr()
    assert out.err == ""
    assert max(len(line) for line in out.out.splitlines()) <= 100


def test_axes_of_the_command(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("stress", book, "--spx", "-0.2:0.1:0.02", "--vix", "-10:50:5", "--days", "0", "--json")) == 0
    grid = json.loads(capsys.readouterr().out)["grid"]
    assert len(grid["spx_move"]) == 16 and grid["spx_move"][0] == -0.2 and grid["vix_points"][-1] == 50.0
    assert main(words("stress", book, "--vix", "-10:50:5")) == 0
    assert "no close was ever below 9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--book", "nowhere.csv"], 4, "cannot be read"),
        (["--as-of", "2018-01-27"], 4, "use --as-of 2018-01-26 or 2018-01-29"),
        (["--as-of", "2018-03-01"], 5, "has settled by the close"),
        (["--betas", "measured"], 4, "--betas published"),
        (["--data", "nowhere"], 4, "no such folder"),
        (["--decay-days", "0"], 2, "--decay-days"),
    ],
)
def test_errors_name_what_to_do(more: list[str], code: int, said: str, book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("risk", book, *more)) == code
    out = capsys.readouterr()
    assert out.out == "" and said in out.err and "Next:" in out.err


def test_a_page_that_cannot_be_written_leaves_stdout_empty(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("risk", book, "--out", str(book))) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("margin", ["--equity", "-5"]),
        ("margin", ["--equity", "nan"]),
        ("stress", ["--liquidity", "-1"]),
        ("payoff", ["--days", "-1"]),
    ],
)
def test_numbers_out_of_range_are_usage_errors(
    command: str, more: list[str], book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(command, book, *more)) == 2
    assert more[0] in capsys.readouterr().err


def test_published_betas_stand_in_with_a_note(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["risk", "--book", str(book), "--data", "sample", "--as-of", "2018-01-26", "-q", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "the published betas stand in" in found["betas"]["note"] and found["betas"]["note"] in found["notes"]
    assert found["betas"]["choice"] == "auto"


def test_margin_needs_no_betas(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["margin", "--book", str(book), "--data", "sample", "--as-of", "2018-01-26", "--betas", "measured", "-q"]) == 0
    assert "max_intrinsic_loss" in capsys.readouterr().out


def test_the_page_holds_everything_and_fetches_nothing(book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("margin", book, "--equity", "50000", "--out", str(tmp_path))) == 0
    capsys.readouterr()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["margin.json", "risk.html"]
    page = (tmp_path / "risk.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 6_000_000
    for name in ("stress", "episodes", "payoff", "profile", "cost", "exposures", "margin", "assumptions", "not"):
        assert f'<section id="{name}"' in page
    found = re.search(r'id="sheet-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert sorted(data["document"]) == sorted(COMMANDS)
    assert data["document"]["margin"]["account"]["equity_usd"] == 50_000.0
    assert {figure["name"] for figure in data["figures"]} == {
        "heat", "episodes", "payoff", "layers-today", "layers-expiry", "slopes"
    }  # fmt: skip
    shown = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="(?!#|data:)', shown)
    assert "default-src 'none'" in page and "Quick ratio" in page


def test_a_book_from_elsewhere_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text(HEAD + CONDOR + HEDGE.replace("layer1", "<b>%{x}</b>"), encoding="utf-8")
    written = write_page(load_book(path, "sample", as_of=DAY, betas="published"), tmp_path, "risk.html", {})
    page = re.sub(r"<script.*?</script>", "", written[0].read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "<b>%{x}</b>" not in page and "&lt;b&gt;" in page


def test_expired_and_unlisted_positions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text(HEAD + "VIX,2018-03-22,19,C,4,,,hedge,layer2\n", encoding="utf-8")
    with pytest.raises(DataInvalid, match="2018-03-21"):
        load_book(path, "sample", as_of=DAY)
    path.write_text(HEAD + "VIX,2020-12-16,19,C,4,,,hedge,layer2\n", encoding="utf-8")
    with pytest.raises(DataMissing, match="VIX 2020-12-16"):
        load_book(path, "sample", as_of=DAY)
