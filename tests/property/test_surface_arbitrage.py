"""No butterfly for |x| <= 12 and no calendar arbitrage on any levels that markets have shown, in all three blends."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh.kernels.black import black_price
from alvh.models import spx_calibration as states
from alvh.models.spx_calibration import calibrate

DAYS = np.array([2.0, 4.0, 7.0, 9.0, 11.0, 16.0, 23.0, 30.0, 37.0, 45.0, 60.0, 75.0, 93.0, 120.0, 150.0, 184.0, 250.0, 365.0])
X = np.linspace(-12.0, 12.0, 481)

levels = st.builds(
    lambda vix, near, mid, far: (vix * near, vix, vix * mid, vix * mid * far),
    st.floats(9.0, 70.0), st.floats(0.66, 1.59), st.floats(0.75, 1.40), st.floats(0.85, 1.15),
)  # fmt: skip
"""VIX and its ratios over the ranges of 2008-2026; the highest levels with the steepest inversion."""


@settings(max_examples=60, deadline=None, derandomize=True)
@given(levels=levels, skew=st.floats(106.0, 183.0), blend=st.sampled_from([0.0, 0.5, 1.0]), spx=st.floats(700.0, 7500.0))
def test_no_arbitrage_on_a_dense_grid(levels: tuple[float, ...], skew: float, blend: float, spx: float) -> None:
    made = calibrate(np.array([spx]), np.array([levels]), np.array([skew]), blend=blend)
    butterfly, calendar = made.arbitrage(DAYS, X)
    assert butterfly[0, 0] >= 0.0, butterfly
    assert calendar[0, 0] >= -1e-12, calendar
    assert not made.state[0] & (states.ARBITRAGE | states.NO_LEVEL)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(levels=levels, skew=st.floats(106.0, 183.0), blend=st.sampled_from([0.0, 0.5, 1.0]))
def test_prices_fall_and_bend_with_the_strike_and_rise_with_time(levels: tuple[float, ...], skew: float, blend: float) -> None:
    """The same in prices: undiscounted calls on a forward of 1 fall with the strike, are convex in it and rise with time."""
    made = calibrate(np.array([4000.0]), np.array([levels]), np.array([skew]), blend=blend)
    money = np.linspace(-1.2, 0.5, 341)
    strike, before = np.exp(money), np.zeros(len(money))
    for days in (7.0, 14.0, 30.0, 60.0, 120.0, 184.0):
        years = np.full(len(money), days / 365.0)
        vols = made.vols(np.zeros(len(money), dtype=np.int64), years, money)
        reach = 12.0 * math.sqrt(np.interp(0.0, money, vols) ** 2 * days / 365.0)
        call = black_price(1.0, strike, years, 1.0, vols, 1.0)
        slope = np.diff(call) / np.diff(strike)
        inside = np.abs(money) <= reach
        assert (slope[inside[1:] & inside[:-1]] <= 1e-12).all() and (slope >= -1.0 - 1e-9).all()
        curve = np.diff(slope)[inside[2:] & inside[:-2]]
        assert (curve >= -1e-10).all()
        assert (call >= before - 1e-12).all()
        before = call
