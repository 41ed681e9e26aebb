"""Laws that hold for every option: parity, monotony, convexity, round trip, Greeks as slopes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh.kernels.black import black_greeks, black_price
from alvh.kernels.implied import implied_vol
from alvh.kernels.strike import strike_for_delta

forwards = st.floats(5.0, 10_000.0)
deviations = st.floats(0.005, 1.5)
times = st.floats(1.0 / 365.0, 3.0)
rates = st.floats(-0.02, 0.15)
scores = st.floats(-5.0, 5.0)
rights = st.sampled_from([1.0, -1.0])


@given(forwards, deviations, times, rates, scores)
def test_put_call_parity(forward: float, deviation: float, time: float, rate: float, score: float) -> None:
    strike, discount, vol = forward * np.exp(score * deviation), np.exp(-rate * time), deviation / np.sqrt(time)
    call, put = black_price(forward, strike, time, discount, vol, [1.0, -1.0])
    assert abs(call - put - discount * (forward - strike)) <= 4e-16 * 2.0 * max(forward, strike)


@given(forwards, deviations, times, rights)
def test_monotone_and_convex_in_strike(forward: float, deviation: float, time: float, right: float) -> None:
    strikes = forward * np.linspace(max(1.0 - 4.0 * deviation, 0.05), 1.0 + 4.0 * deviation, 60)
    prices = black_price(forward, strikes, time, 1.0, deviation / np.sqrt(time), right)
    rounding = 1e-15 * strikes[-1]
    assert (right * np.diff(prices) <= rounding).all()
    assert (np.abs(np.diff(prices)) <= np.diff(strikes) + rounding).all()
    assert (np.diff(prices, 2) >= -4.0 * rounding).all()
    assert (prices >= np.maximum(right * (forward - strikes), 0.0)).all()
    assert (prices <= np.where(right > 0, forward, strikes)).all()


@given(forwards, scores, times, rights)
def test_monotone_in_vol(forward: float, score: float, time: float, right: float) -> None:
    vols = np.linspace(0.0, 3.0, 60)
    prices = black_price(forward, forward * np.exp(0.1 * score), time, 1.0, vols, right)
    assert (np.diff(prices) >= -1e-15 * max(forward, float(prices[-1]))).all()


@given(forwards, deviations, times, rates, st.floats(-12.0, 12.0))
def test_implied_vol_round_trip(forward: float, deviation: float, time: float, rate: float, score: float) -> None:
    strike, discount, vol = forward * np.exp(score * deviation), np.exp(-rate * time), deviation / np.sqrt(time)
    right = 1.0 if strike >= forward else -1.0
    price = black_price(forward, strike, time, discount, vol, right)
    # The price is within 1e-15 of the forward; what that is in vol depends on vega.
    vega = float(black_greeks(forward, strike, time, discount, vol, right)[3])
    found = float(implied_vol(price, forward, strike, time, discount, right))
    assert abs(found - vol) <= 1e-12 * vol + 1e-15 * float(price) / max(vega, 1e-300)


@settings(max_examples=50)
@given(forwards, st.floats(0.02, 1.0), times, rates, st.floats(-3.0, 3.0), rights)
def test_greeks_are_the_slopes_of_the_price(
    forward: float, deviation: float, time: float, rate: float, score: float, right: float
) -> None:
    strike, discount, vol = forward * np.exp(score * deviation), np.exp(-rate * time), deviation / np.sqrt(time)
    price, delta, gamma, vega, theta = (float(x) for x in black_greeks(forward, strike, time, discount, vol, right))
    assert price == float(black_price(forward, strike, time, discount, vol, right))

    def slope(arguments: list[float], place: int, step: float) -> float:
        """Fourth-order central difference."""
        values = []
        for k in (-2.0, -1.0, 1.0, 2.0):
            moved = list(arguments)
            moved[place] += k * step
            moved[3] = float(np.exp(-rate * moved[2]))
            values.append(float(black_price(*moved, right)))
        return (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step)

    at = [forward, strike, time, float(discount), float(vol)]
    h = 0.002 * deviation
    scale = float(discount) * forward / np.sqrt(2.0 * np.pi)  # of vega at its largest, over sqrt(T)
    assert abs(slope(at, 0, h * forward) - float(discount) * delta) < 1e-8
    assert abs(slope(at, 4, 0.002 * float(vol)) - vega) < 1e-8 * scale * np.sqrt(time)
    assert abs(-slope(at, 2, 0.002 * time) - theta) < 1e-8 * (scale * deviation + abs(rate) * max(price, forward)) / time
    low, high = black_greeks([forward * (1.0 - h), forward * (1.0 + h)], strike, time, discount, vol, right)[1]
    assert abs(float(discount) * (high - low) / (2.0 * h * forward) - gamma) < 1e-4 / (forward * deviation)


@given(forwards, deviations, times, st.floats(1e-6, 1.0 - 1e-6), rights)
def test_strike_for_delta_turns_delta_round(forward: float, deviation: float, time: float, size: float, right: float) -> None:
    vol = deviation / np.sqrt(time)
    strike = strike_for_delta(forward, time, vol, size, right)
    # The strike is rounded: that moves d1 by 1e-16 / deviation.
    found = float(black_greeks(forward, strike, time, 1.0, vol, right)[1])
    assert abs(found - right * size) <= 1e-15 + 1e-15 / deviation
