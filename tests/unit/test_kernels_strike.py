"""Strike for delta: quantile, round trip, domain."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alvh.kernels.black import black_greeks
from alvh.kernels.strike import strike_for_delta, vquantile


def test_quantile_against_exact_arithmetic() -> None:
    mp = pytest.importorskip("mpmath", reason="mpmath is the reference here")
    rng = np.random.default_rng(8)
    with mp.workdps(40):
        for p in [1e-300, 0.4999, 0.5, 0.51, *rng.uniform(0.0, 1.0, 100), *np.exp(rng.uniform(-600.0, 0.0, 50))]:
            x = float(vquantile(p))
            # The error in x is that of the probability over the density.
            exact = mp.mpf(x) - (mp.ncdf(mp.mpf(x)) - mp.mpf(float(p))) / mp.npdf(mp.mpf(x))
            rounding = 4e-16 / float(mp.npdf(mp.mpf(x))) if p > 0.5 else 0.0
            assert abs(float(exact) - x) <= 2e-15 * max(abs(x), 0.5) + rounding


@pytest.mark.parametrize("right", [1.0, -1.0])
def test_delta_of_the_strike_is_the_delta_asked_for(right: float) -> None:
    size = np.array([1e-6, 0.05, 0.16, 0.25, 0.5, 0.84, 0.999])
    for time, vol in ((45 / 365, 0.2), (2.0, 0.9), (1 / 365, 0.1)):
        strike = strike_for_delta(6000.0, time, vol, size, right)
        delta = black_greeks(6000.0, strike, time, 1.0, vol, right)[1]
        np.testing.assert_allclose(delta, right * size, rtol=1e-11)
        assert (np.diff(strike) * right < 0).all()


def test_a_put_takes_its_sign_or_none_and_a_call_refuses_a_minus() -> None:
    assert float(strike_for_delta(6000.0, 0.1, 0.2, -0.16, -1.0)) == float(strike_for_delta(6000.0, 0.1, 0.2, 0.16, -1.0))
    assert np.isnan(strike_for_delta(6000.0, 0.1, 0.2, -0.16, 1.0))


def test_domain() -> None:
    base = {"forward": 6000.0, "year_fraction": 0.1, "vol": 0.2, "delta": 0.16, "right": 1.0}
    assert np.isfinite(strike_for_delta(**base))
    for change in ({"delta": 0.0}, {"delta": 1.0}, {"delta": math.nan}, {"forward": 0.0}, {"vol": -0.1}, {"vol": math.inf}):
        assert np.isnan(strike_for_delta(**(base | change))), change
    assert np.isnan(strike_for_delta(**(base | {"right": 2.0}))) and np.isnan(
        strike_for_delta(**(base | {"vol": 1e3, "right": -1.0}))
    )
    assert float(strike_for_delta(**(base | {"year_fraction": 0.0}))) == 6000.0
