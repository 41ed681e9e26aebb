"""The vector functions against 50-digit arithmetic, and their tables against a fresh fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from alvh.kernels import _vector, implied

mp = pytest.importorskip("mpmath", reason="mpmath is the reference here")
fits = pytest.importorskip("tests.reference.fit_coefficients", reason="needs mpmath")

STORED = {
    "EXP": (1.0, 1.0, *(getattr(_vector, f"EXP_{k}") for k in range(2, 12))),
    "LOG": tuple(getattr(_vector, f"LOG_{k}") for k in range(8)),
    "ERFCX": _vector.ERFCX_TERMS,
}


@pytest.mark.parametrize("fit", fits.FITS, ids=lambda fit: fit.name)
def test_tables_are_those_of_the_fitting_script(fit: Any) -> None:
    stored = STORED[fit.name]
    assert fit.error(stored, points=150) < 2.5e-16
    np.testing.assert_allclose(stored, fit.coefficients(), rtol=1e-6)


def test_bachelier_start_has_its_stated_error() -> None:
    p = (implied.P_0, implied.P_1, implied.P_2, implied.P_3)
    q = (1.0, implied.Q_1, implied.Q_2, implied.Q_3, implied.Q_4)
    assert fits.bachelier_error(p, q) < 2.5e-5


def test_exp() -> None:
    for x in np.random.default_rng(1).uniform(-690.0, 690.0, 300):
        assert abs(float(mp.mpf(float(_vector.vexp(x))) / mp.exp(mp.mpf(float(x))) - 1)) < 4e-16
    assert _vector.vexp(0.0) == 1.0


def test_log_ratio() -> None:
    rng = np.random.default_rng(2)
    pairs = [*np.exp(rng.uniform(-300.0, 300.0, (200, 2))), *(1.0 + rng.uniform(-1e-6, 1e-6, (100, 2)))]
    for a, b in pairs:
        exact = mp.log(mp.mpf(float(a)) / mp.mpf(float(b)))
        assert abs(float(mp.mpf(float(_vector.vlog_ratio(a, b))) / exact - 1)) < 5e-16
    assert _vector.vlog(1.0) == 0.0
    assert _vector.vlog_ratio(6000.0, 6000.0) == 0.0


def test_erfcx() -> None:
    for x in [0.0, *np.exp(np.random.default_rng(3).uniform(-12.0, 12.0, 300)), 1e100]:
        exact = fits.erfcx(float(x)) if x < 1e50 else 1 / (mp.sqrt(mp.pi) * mp.mpf(float(x)))
        assert abs(float(mp.mpf(float(_vector.verfcx(x))) / exact - 1)) < 1e-15


def test_finite_test_survives_fast_math() -> None:
    assert _vector.is_finite(1.0)
    assert not any(_vector.is_finite(x) for x in (math.nan, math.inf, -math.inf))
