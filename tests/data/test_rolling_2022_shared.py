"""The May to June 2022 replay on the market history beside the repository: the page, and one plan priced by another library."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks.rolling_2022 import (
    BEGIN,
    END,
    FINISH,
    MONTHLIES,
    PAGE,
    START,
    plans,
    pnl_usd,
    session_before,
    tables,
)
from vollib.black import black
from vollib.black.greeks.analytical import delta as black_delta

from alvh.app.wiring import LoadedMarket, load_market
from alvh.core.days import iso
from alvh.models.vix_smile import smile_vol
from alvh.strategy.policy_file import load_policy

MARKET = Path(__file__).resolve().parents[2] / "../shared/market"

pytestmark = pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market history at {MARKET}")


@pytest.fixture(scope="module")
def loaded() -> Iterator[LoadedMarket]:
    yield load_market(MARKET, load_policy("alvh-442").policy, start=START, end=END)


def test_the_page_holds_these_figures(loaded: LoadedMarket) -> None:
    """To write it anew: ``python -m benchmarks.rolling_2022 --write``."""
    inside = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(FINISH)[0]
    assert inside.strip() == tables(loaded).strip()


def settle(expiry: date, day: date) -> float:
    """The settle of one VX contract, read off Cboe's own file."""
    with (MARKET / f"cfe/contracts/VX_{expiry}.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if row["Trade Date"] == day.isoformat():
                return float(row["Settle"])
    raise AssertionError(f"no settle on {day}")


def test_the_plan_without_a_roll_by_hand(loaded: LoadedMarket) -> None:
    """Forward from the contract's file, vol by the stated smile, price and delta by vollib; the payoff is nothing."""
    market = loaded.market
    first = MONTHLIES[1]
    at = session_before(market, first, 35)
    assert iso(market.sessions[at]) == "2022-04-13"
    (name, (trade,)) = plans(market, first, MONTHLIES[2])[0]
    forward = settle(first, date(2022, 4, 13))
    years = (first - date(2022, 4, 13)).days / 365.0
    vvix, rate = float(market.history.vvix[at]), float(market.history.bill_rate[at])

    def vol(strike: float) -> float:
        return float(smile_vol(vvix, forward, strike, years))

    listed = [float(strike) for strike in range(20, 61)]
    nearest = min(listed, key=lambda strike: abs(black_delta("c", forward, strike, years, 0.0, vol(strike)) - 0.20))
    assert (name, trade.call.strike) == ("no roll, held to settlement", nearest)
    paid = black("c", forward, nearest, years, rate, vol(nearest))
    assert settle(first, first) < nearest
    assert pnl_usd(market, [trade], spread=False) == pytest.approx(-100.0 * paid, abs=0.02)


def test_what_the_page_says_in_words(loaded: LoadedMarket) -> None:
    """By the calendar every roll lost more than no roll; the plan that gained is the sale at the highest close."""
    market = loaded.market
    for first, second in pairwise(MONTHLIES):
        result = {name: pnl_usd(market, trades, spread=False) for name, trades in plans(market, first, second)}
        rolled = {name: usd for name, usd in result.items() if name.startswith("rolled on")}
        assert len(rolled) == 3
        assert max(rolled.values()) < result["no roll, held to settlement"] < 0.0
        gained = [name for name, usd in result.items() if usd > 0.0]
        assert gained == (["sold at VIX's highest close, 2022-05-09 *"] if first == MONTHLIES[1] else [])
