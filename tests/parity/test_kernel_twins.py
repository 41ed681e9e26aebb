"""Every kernel beside its plain-Python twin of ``tests/reference``."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference import black_reference as twin
from tests.reference import calibration_reference, surface_reference

from alvh.kernels.black import black_greeks, black_price
from alvh.kernels.calibrate import reprice_into
from alvh.kernels.implied import implied_vol
from alvh.kernels.smile import smile_into, tilt
from alvh.kernels.strike import strike_for_delta
from alvh.models.spx_surface import CLEAN_SHAPE, STUDY_SHAPE

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


@pytest.mark.parametrize(("shape", "plain"), [(STUDY_SHAPE, surface_reference.STUDY), (CLEAN_SHAPE, surface_reference.CLEAN)])
def test_smile(shape: np.ndarray, plain: surface_reference.Shape) -> None:
    rng = np.random.default_rng(13)
    x, out = rng.uniform(-12.0, 12.0, N), np.empty(N)
    for b, ratio in ((0.16, 0.2), (0.3, 1.0), (0.39, 6.0)):
        d = float(tilt(45.0 / 365.0, ratio, 1.0, shape))
        assert d == pytest.approx(surface_reference.tilt(45.0 / 365.0, ratio, plain), abs=1e-15)
        smile_into(x, d, b, shape, out)
        np.testing.assert_allclose(out, [surface_reference.smile(float(at), d, b, plain) for at in x], rtol=1e-12)


@pytest.mark.parametrize("spot", [735.09, 1405.0, 2500.0, 6000.25])
def test_strip(spot: float) -> None:
    """Index and SKEW of one expiry over the whole strike grid, with the walk, at terms from a week to half a year."""
    rng = np.random.default_rng(14)
    for days in (7.0, 30.0, 93.0, 184.0):
        vol, b, vix = float(rng.uniform(0.09, 0.6)), float(rng.uniform(0.2, 0.36)), float(rng.uniform(10.0, 60.0))
        years = days / 365.0
        theta = np.array([[vol**2 * t / 365.0 for t in surface_reference.TENORS]])
        index, skew = np.empty(1), np.empty(1)
        reprice_into(np.array([spot]), np.array([vix]), theta, np.array([b]), CLEAN_SHAPE, np.zeros(1, dtype=np.int64),
                     np.array([years]), index, skew)  # fmt: skip
        d = surface_reference.tilt(years, years * 365.0 / 30.0, surface_reference.CLEAN)
        wanted = calibration_reference.strip(spot, years, vol, d, b, vix, surface_reference.CLEAN)
        assert (index[0], skew[0]) == pytest.approx(wanted, rel=1e-9)
