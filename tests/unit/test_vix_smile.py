"""The VIX smile: published vectors, its rules by hand, the plain twin; a VIX option is never priced on spot."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from tests.reference import surface_reference as twin

from alvh.kernels import surface
from alvh.kernels.black import black_price
from alvh.models import vix_smile
from alvh.models.model_market import SMILE


def atm(vvix: float, years: float) -> float:
    return float(surface.vix_atm(vix_smile.atm30(np.array([vvix]))[0], years, vix_smile.KAPPA))


def vol(vvix: float, forward: float, strike: float, years: float) -> float:
    level = atm(vvix, years)
    return level * float(surface.vix_smile(math.log(strike / forward) / (level * math.sqrt(years)), SMILE))


@pytest.mark.parametrize(
    ("forward", "strike", "vvix", "days", "level", "iv", "price"),
    [
        (18.5, 25.0, 95.0, 58.0, 0.76594, 0.98138, 1.05467),
        (18.5, 30.0, 95.0, 30.0, 0.87156, 1.32849, 0.43054),
        (22.0, 40.0, 110.0, 90.0, 0.77878, 1.11205, 1.13469),
    ],
)
def test_published_vectors(
    forward: float, strike: float, vvix: float, days: float, level: float, iv: float, price: float
) -> None:
    """surfaces.md 6, undiscounted."""
    years = days / 365.0
    assert atm(vvix, years) == pytest.approx(level, abs=5.1e-6)
    assert vol(vvix, forward, strike, years) == pytest.approx(iv, abs=5.1e-6)
    found = float(black_price(forward, strike, years, 1.0, vol(vvix, forward, strike, years), 1.0))
    assert found == pytest.approx(price, abs=5.1e-6)


def test_level_is_vvix_over_109_at_30_days() -> None:
    assert atm(95.0, 30.0 / 365.0) == pytest.approx(95.0 / 109.0, rel=1e-15)  # 87.2 %, surfaces.md 3


def test_level_falls_with_term_and_scales_with_vvix() -> None:
    levels = [atm(90.0, days / 365.0) for days in (1, 7, 30, 60, 120, 300)]
    assert all(a > b for a, b in itertools.pairwise(levels))
    assert atm(180.0, 0.2) == pytest.approx(2.0 * atm(90.0, 0.2), rel=1e-15)
    assert atm(90.0, 0.0) == pytest.approx(90.0 / 109.0 / math.sqrt(-math.expm1(-240.0 / 365.0) / (240.0 / 365.0)), rel=1e-6)


@pytest.mark.parametrize(("x", "expected"), [(-5.0, 0.6184), (-1.2, 0.6184), (0.0, 1.0), (4.0, 1.96), (10.0, 2.5), (14.0, 2.5)])
def test_clip_is_at_the_vertex(x: float, expected: float) -> None:
    """1 + .30 x - .015 x^2 by hand; at 4, where the former rule clipped, the curve goes on."""
    assert surface.vix_smile(x, SMILE) == pytest.approx(expected, rel=1e-14)
    assert pytest.approx(0.0, abs=1e-15) == vix_smile.SLOPE + 2.0 * vix_smile.CURVATURE * vix_smile.X_HIGH


def test_agrees_with_the_plain_twin() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        vvix, forward = float(rng.uniform(60.0, 210.0)), float(np.exp(rng.uniform(np.log(10.0), np.log(70.0))))
        years = float(rng.uniform(0.5, 300.0)) / 365.0
        strike = forward * float(np.exp(rng.uniform(-1.0, 3.0)))
        assert atm(vvix, years) == pytest.approx(twin.vix_atm(vvix, years), rel=1e-12)
        assert vol(vvix, forward, strike, years) == pytest.approx(twin.vix_vol(vvix, forward, strike, years), rel=1e-12)


@pytest.mark.parametrize("vvix", [70.0, 95.0, 150.0])
@pytest.mark.parametrize("days", [10.0, 30.0, 60.0, 120.0])
def test_calls_fall_and_are_convex_in_the_strike(vvix: float, days: float) -> None:
    """No negative density anywhere above the forward, the vertex included (surfaces.md 3)."""
    years, forward = days / 365.0, 18.0
    top = forward * math.exp(11.0 * atm(vvix, years) * math.sqrt(years))
    strikes = np.linspace(forward, top, 400)
    vols = np.array([vol(vvix, forward, float(strike), years) for strike in strikes])
    prices = black_price(forward, strikes, years, 1.0, vols, 1.0)
    assert np.all(np.diff(prices) < 0.0)
    assert np.all(np.diff(prices, 2) > -1e-12)
