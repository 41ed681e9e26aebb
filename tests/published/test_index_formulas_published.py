"""Numbers that Cboe and methods.md 4 publish for the index formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alvh.kernels.black import black_price
from alvh.kernels.strip import moment_skew
from alvh.market.index_formulas import interpolated_level
from alvh.market.strips import parity_forward, strip, strip_of_prices


def test_white_paper_interpolation() -> None:
    """Cboe VIX white paper: two variances and the minutes of the two terms give 13.69 (13.6858 before rounding)."""
    value = interpolated_level((0.01846292, 0.01882101), (35_924.0, 46_394.0), 30.0)
    assert value == pytest.approx(13.6858, abs=5e-5)
    assert round(value, 2) == 13.69


@pytest.mark.parametrize(
    ("strike", "call", "put", "rate", "years", "forward"),
    [
        (1965.0, 21.05, 23.15, 0.000305, 0.0683486, 1962.89996),
        (1960.0, 27.30, 24.90, 0.000286, 0.0882686, 1962.40006),
    ],
)
def test_white_paper_forwards(strike: float, call: float, put: float, rate: float, years: float, forward: float) -> None:
    """The same paper's forwards of the near and the next term, from the strike of least |C - P|."""
    strikes = np.array([strike - 5.0, strike, strike + 5.0])
    calls, puts = np.array([call + 4.0, call, call - 2.0]), np.array([put - 2.0, put, put + 3.5])
    found = parity_forward(strikes, calls, puts, math.exp(-rate * years))
    assert found.strike == strike
    assert found.forward == pytest.approx(forward, abs=5.1e-6)


def test_white_paper_contribution_of_one_strike() -> None:
    """The 1370 put at 0.20 with neighbours 5 points off adds 0.0000005328 to the near term's sum."""
    years, growth = 0.0683486, math.exp(0.000305 * 0.0683486)
    strikes = np.arange(1365.0, 1385.0, 5.0)
    price = np.array([0.15, 0.20, 0.25, 0.30])

    def total(at_1370: float) -> float:
        quote = price.copy()
        quote[1] = at_1370
        return strip_of_prices(strikes, quote, forward=1381.0, years=years, least=0.01, discount=1.0 / growth).variance

    assert 0.5 * years * (total(0.40) - total(0.20)) == pytest.approx(0.0000005328, abs=5.1e-11)


@pytest.mark.parametrize("forward", [4000.0, 5000.0, 6000.0])
def test_flat_vol_with_five_point_strikes(forward: float) -> None:
    """methods.md 4.1 and 4.3: Black-Scholes at 20 %, strikes 5 apart, cut at 0.025 gives 19.9996, and SKEW 99.998."""
    strikes, years = np.arange(5.0, 3.0 * forward, 5.0), 30.0 / 365.0
    at = int(np.searchsorted(strikes, forward, side="right")) - 1
    price = np.asarray(black_price(forward, strikes, years, 1.0, 0.2, np.where(strikes < forward, -1.0, 1.0)))
    pair = black_price(forward, strikes[at], years, 1.0, 0.2, np.array([1.0, -1.0]))
    price[at] = pair.mean()
    found = strip_of_prices(strikes, price, forward=forward, years=years, least=0.025)
    assert 100.0 * math.sqrt(found.variance) == pytest.approx(19.9996, abs=1.2e-4)
    assert found.skew == pytest.approx(99.998, abs=2e-3)


def test_skew_of_raw_moments() -> None:
    """Cboe SKEW: 100 less ten times the skewness; three points with known central moments."""
    values, weights = np.array([-0.3, 0.0, 0.1]), np.array([0.1, 0.6, 0.3])
    p1, p2, p3 = (float(weights @ values**power) for power in (1, 2, 3))
    centred = values - p1
    skewness = float(weights @ centred**3) / float(weights @ centred**2) ** 1.5
    assert moment_skew(p1, p2, p3) == pytest.approx(100.0 - 10.0 * skewness, rel=1e-12)


def test_zero_bid_walk_of_the_white_paper() -> None:
    """Cboe white paper, step 1: two puts in a row without a bid end the walk, one alone is skipped."""
    strikes = np.array([1345.0, 1350.0, 1355.0, 1360.0, 1365.0, 1370.0, 1375.0, 1380.0])
    put_bid = np.array([0.05, 0.05, 0.0, 0.0, 0.05, 0.05, 0.0, 0.10])
    put_ask = put_bid + 0.30
    call_bid, call_ask = np.full(8, 0.1), np.full(8, 0.2)
    call_bid[-1], call_ask[-1] = 0.10, 0.40
    found = strip(strikes, call_bid, call_ask, put_bid, put_ask, years=0.07, discount=1.0)
    assert found.used().tolist() == [1365.0, 1370.0, 1380.0]
    assert found.counts() == {"used": 3, "zero bid": 3, "beyond two zero bids": 2}
