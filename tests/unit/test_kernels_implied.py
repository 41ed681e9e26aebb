"""Implied vol: accuracy on the exact vol of the rounded price, wings, bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alvh.kernels import _arrays
from alvh.kernels.black import black_price
from alvh.kernels.implied import implied_vol

from .test_kernels_black import sample


@pytest.mark.parametrize(
    ("z_max", "low", "high"), [(5.0, 0.005, 1.0), (12.0, 0.005, 1.0), (12.0, 0.002, 0.01), (12.0, 1.0, 3.0), (1e-6, 0.005, 1.0)]
)
def test_error_is_below_1e_12_of_the_exact_vol_of_the_rounded_price(z_max: float, low: float, high: float) -> None:
    exact = pytest.importorskip("tests.reference.exact", reason="needs mpmath")
    forward, strike, time, discount, vol, _ = sample(150, seed=6, z_max=z_max, low=low, high=high)
    right = np.where(strike >= forward, 1.0, -1.0)
    price = black_price(forward, strike, time, discount, vol, right)
    found = implied_vol(price, forward, strike, time, discount, right)
    for i, value in enumerate(found):
        option = [float(array[i]) for array in (price, forward, strike, time, discount, right)]
        truth = exact.implied_vol(*option, near=float(vol[i]))
        assert abs(float(float(value) / truth - 1)) < 1e-12


def test_no_failure_in_the_wings_down_to_1e_30_and_far_below() -> None:
    price = np.geomspace(1e-280, 0.9, 400)
    for right in (1.0, -1.0):
        for strike in (math.exp(right * 0.01), math.exp(right * 0.3), math.exp(right * 2.0)):
            inside = price < min(1.0, strike)
            vol = implied_vol(price[inside], 1.0, strike, 0.25, 1.0, right)
            assert np.isfinite(vol).all() and (np.diff(vol) > 0).all()
            back = black_price(1.0, strike, 0.25, 1.0, vol, right)
            # A relative error e of the vol moves the price by e h^2, and h reaches 36 here, at deviations down to 0.0003.
            np.testing.assert_allclose(back, price[inside], rtol=3e-10)


def test_where_there_is_no_vol_there_is_nan() -> None:
    cases = {
        "below intrinsic value": (300.0 - 1e-9, 6000.0, 5700.0, 0.1, 1.0, 1.0),
        "at intrinsic value": (300.0, 6000.0, 5700.0, 0.1, 1.0, 1.0),
        "worthless": (0.0, 6000.0, 6300.0, 0.1, 1.0, 1.0),
        "negative": (-1.0, 6000.0, 6300.0, 0.1, 1.0, 1.0),
        "call at the forward": (6000.0, 6000.0, 6300.0, 0.1, 1.0, 1.0),
        "put at the strike": (5700.0, 6000.0, 5700.0, 0.1, 1.0, -1.0),
        "no time": (10.0, 6000.0, 6300.0, 0.0, 1.0, 1.0),
        "no right": (10.0, 6000.0, 6300.0, 0.1, 1.0, 0.0),
        "no discount": (10.0, 6000.0, 6300.0, 0.1, 0.0, 1.0),
        "no forward": (10.0, 0.0, 6300.0, 0.1, 1.0, 1.0),
        "unknown price": (math.nan, 6000.0, 6300.0, 0.1, 1.0, 1.0),
        "unknown strike": (10.0, 6000.0, math.nan, 0.1, 1.0, 1.0),
        "endless time": (10.0, 6000.0, 6300.0, math.inf, 1.0, 1.0),
    }
    for name, case in cases.items():
        assert np.isnan(implied_vol(*case)), name
    # A lane without a vol leaves its neighbours alone.
    good = (10.0, 6000.0, 6300.0, 0.1, 1.0, 1.0)
    rows = np.array([good, *cases.values(), good]).T
    vol = implied_vol(*rows)
    assert vol[0] == vol[-1] == float(implied_vol(*good)) and np.isnan(vol[1:-1]).all()


def test_same_bits_for_any_number_of_threads_and_any_neighbours() -> None:
    forward, strike, time, discount, vol, _ = sample(_arrays.PARALLEL_FROM + 333, seed=7, z_max=8.0, high=4.0)
    right = np.where(strike >= forward, 1.0, -1.0)
    arguments = (black_price(forward, strike, time, discount, vol, right), forward, strike, time, discount, right)
    one = implied_vol(*arguments, threads=1)
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(implied_vol(*arguments, threads=2), one)
    alone = [float(implied_vol(*(array[i] for array in arguments))) for i in range(300)]
    np.testing.assert_array_equal(one[:300], alone)


def test_in_the_money_prices_give_back_what_they_hold() -> None:
    strikes = np.linspace(4000.0, 8000.0, 81)
    for right in (1.0, -1.0):
        price = black_price(6000.0, strikes, 0.5, 0.98, 0.25, right)
        np.testing.assert_allclose(implied_vol(price, 6000.0, strikes, 0.5, 0.98, right), 0.25, rtol=1e-12)
