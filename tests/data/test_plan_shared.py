"""The plan on the real history and saved chains: prices are the file's, and a chain of plans is the backtest in a crash."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.plan_days import Backtest, holding, planned, row_of, traded

from alvh.app.cli import main
from alvh.app.plan_files import write_plan

SHARED = Path(__file__).resolve().parents[3] / "shared"
MARKET, CHAINS = SHARED / "market", SHARED / "chains" / "spx" / "cboe_delayed"
DAY = "2026-07-22"
"""A Wednesday, and the last session of which both the closes and a saved SPX chain are there."""

pytestmark = pytest.mark.skipif(
    not (MARKET.is_dir() and CHAINS.is_dir()), reason="no ../shared/market and ../shared/chains beside the repository"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))


def test_a_condor_of_the_saved_page(tmp_path: Path) -> None:
    """Bid and ask of the package by adding up the four rows of the file; VIX, of which no page was saved, is the model's."""
    document = planned(tmp_path, "--chains", str(CHAINS), data=str(MARKET), as_of=DAY)
    condor = row_of(document, "condor")
    assert (condor["action"], condor["price_source"]) == ("OPEN", "quote")
    with gzip.open(CHAINS / f"SPX_{DAY}.csv.gz", "rt", encoding="utf-8") as file:
        rows = {row["option"]: row for row in csv.DictReader(file)}
    sold_at_bid = bought_at_ask = 0.0
    (order,) = condor["orders"]
    for leg in order["legs"]:
        symbol = f"{leg['root']}{date.fromisoformat(leg['expiry']):%y%m%d}{leg['right']}{round(1000 * leg['strike']):08d}"
        bid, ask = (float(rows[symbol][side]) for side in ("bid", "ask"))
        short = leg["quantity"] < 0
        sold_at_bid += bid if short else -ask
        bought_at_ask += ask if short else -bid
    assert (order["bid"], order["ask"]) == pytest.approx((sold_at_bid, bought_at_ask), abs=1e-6)
    assert order["bid"] <= order["worst"] <= order["limit"] <= order["ask"]
    hedge: list[dict[str, Any]] = [row for row in document["rows"] if row["sleeve"] == "hedge"]
    assert [row["price_source"] for row in hedge] == ["model"] * 3
    assert "no chain of VIX options was saved: all their prices are the model's" in document["notes"]
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert page.count('class="src src-model"') == 3


def test_a_chain_after_the_data_is_not_planned_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "--data", str(MARKET), "--chains", str(CHAINS), "--as-of", "2026-07-24", "-q"]
    assert main(words) == 4
    assert "2026-07-24" in capsys.readouterr().err


@pytest.mark.parametrize("policy", ["alvh-442", "spike-exit", "stack-mixed-vix"])
def test_the_plans_of_a_crash_are_the_backtest(tmp_path: Path, policy: str) -> None:
    """From 5 February 2020, 60 closes, each planned on the file that the one before it left."""
    whole = Backtest(policy, "2020-02-05", "2020-04-30", str(MARKET))
    assert len(whole.sessions) >= 60
    book: Path | None = None
    for day in whole.sessions:
        made = whole.plan(day, book)
        book = write_plan(made, tmp_path / day)[-1]
        assert traded(made.document) == whole.traded[day], day
        after = json.loads(book.read_text(encoding="utf-8"))
        assert holding(after["positions"]) == whole.held[day], day
    assert sum(map(len, whole.traded.values())) > 60
