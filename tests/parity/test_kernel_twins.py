"""Every kernel beside its plain-Python twin of ``tests/reference/black_reference.py``."""

from __future__ import annotations

import numpy as np
from tests.reference import black_reference as twin

from alvh.kernels.black import black_greeks, black_price
from alvh.kernels.implied import implied_vol
from alvh.kernels.strike import strike_for_delta

N = 300


def options() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(11)
    forward = np.exp(rng.uniform(np.log(10.0), np.log(7000.0), N))
    time = np.exp(rng.uniform(np.log(1.0 / 365.0), np.log(2.0), N))
    vol = rng.uniform(0.08, 1.5, N)
    strike = forward * np.exp(rng.uniform(-4.0, 4.0, N) * vol * np.sqrt(time))
    return forward, strike, time, np.exp(-rng.uniform(-0.01, 0.08, N) * time), vol, np.where(rng.random(N) < 0.5, 1.0, -1.0)


def rows(*arrays: np.ndarray) -> list[list[float]]:
    return [[float(value) for value in row] for row in zip(*arrays, strict=True)]


def test_price() -> None:
    arrays = options()
    expected = [twin.black_price(*row) for row in rows(*arrays)]
    assert np.abs((black_price(*arrays) - expected) / np.maximum(arrays[0], expected)).max() < 1e-14


def test_greeks() -> None:
    arrays = options()
    expected = np.array([twin.black_greeks(*row) for row in rows(*arrays)]).T
    for name, found, wanted in zip(("price", "delta", "gamma", "vega", "theta"), black_greeks(*arrays), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-11, atol=1e-12, err_msg=name)


def test_implied_vol() -> None:
    forward, strike, time, discount, vol, _ = options()
    right = np.where(strike >= forward, 1.0, -1.0)
    price = black_price(forward, strike, time, discount, vol, right)
    expected = [twin.implied_vol(*row) for row in rows(price, forward, strike, time, discount, right)]
    # The twin subtracts two near-equal terms in the wings and so knows the vol less well than the kernel does.
    np.testing.assert_allclose(implied_vol(price, forward, strike, time, discount, right), expected, rtol=1e-9)


def test_strike_for_delta() -> None:
    forward, _, time, _, vol, right = options()
    delta = np.random.default_rng(12).uniform(0.01, 0.99, N)
    expected = [twin.strike_for_delta(*row) for row in rows(forward, time, vol, delta, right)]
    np.testing.assert_allclose(strike_for_delta(forward, time, vol, delta, right), expected, rtol=1e-12)
