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
from alvh.models.vix_smile import (
    LEVEL_FACTORS,
    SHIPPED,
    SLOPE_STEPS,
    SLOPES,
    STUDY,
    VixSmile,
    atm_vol,
    call_price,
    smile_factor,
    smile_vol,
    squared_vol_of_vol,
)


def kernel(rule: VixSmile) -> np.ndarray:
    """The kernel's coefficients; its SPX part is not read here."""
    return np.array([0.0] * 12 + vix_smile.kernel_coefficients(rule).tolist())


def atm(vvix: float, years: float, rule: VixSmile = STUDY) -> float:
    return float(surface.vix_atm(float(squared_vol_of_vol(vvix, rule)[0]), years, kernel(rule)))


def vol(vvix: float, forward: float, strike: float, years: float, rule: VixSmile = STUDY) -> float:
    level = atm(vvix, years, rule)
    return level * float(surface.vix_smile(math.log(strike / forward) / (level * math.sqrt(years)), kernel(rule)))


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
    assert atm(95.0, 30.0 / 365.0) == pytest.approx(95.0 / 109.0, rel=1e-14)  # 87.2 %, surfaces.md 3


def test_level_falls_with_term_and_scales_with_vvix() -> None:
    levels = [atm(90.0, days / 365.0) for days in (1, 7, 30, 60, 120, 300)]
    assert all(a > b for a, b in itertools.pairwise(levels))
    assert atm(180.0, 0.2) == pytest.approx(2.0 * atm(90.0, 0.2), rel=1e-14)
    assert atm(90.0, 0.0) == pytest.approx(90.0 / 109.0 / math.sqrt(-math.expm1(-240.0 / 365.0) / (240.0 / 365.0)), rel=1e-6)


@pytest.mark.parametrize(("x", "expected"), [(-5.0, 0.6184), (-1.2, 0.6184), (0.0, 1.0), (4.0, 1.96), (10.0, 2.5), (14.0, 2.5)])
def test_clip_is_at_the_vertex(x: float, expected: float) -> None:
    """1 + .30 x - .015 x^2 by hand; at 4, where the former rule clipped, the curve goes on."""
    assert surface.vix_smile(x, kernel(STUDY)) == pytest.approx(expected, rel=1e-14)
    assert pytest.approx(0.0, abs=1e-15) == vix_smile.SLOPE + 2.0 * vix_smile.CURVATURE * vix_smile.X_HIGH


def test_agrees_with_the_plain_twin() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        vvix, forward = float(rng.uniform(60.0, 210.0)), float(np.exp(rng.uniform(np.log(10.0), np.log(70.0))))
        years = float(rng.uniform(0.5, 300.0)) / 365.0
        strike = forward * float(np.exp(rng.uniform(-1.0, 3.0)))
        assert atm(vvix, years, SHIPPED) == pytest.approx(twin.vix_atm(vvix, years), rel=1e-12)
        assert vol(vvix, forward, strike, years, SHIPPED) == pytest.approx(twin.vix_vol(vvix, forward, strike, years), rel=1e-12)


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


# The rules as functions, which the market kernel must agree with.

RULES = [STUDY, SHIPPED]
BAND = [rule.scenario(f, rule.slope + b) for rule in RULES for f, b in itertools.product(LEVEL_FACTORS, SLOPE_STEPS)]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_what_the_kernel_computes(rule: VixSmile) -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        vvix, forward, years = float(rng.uniform(60, 200)), float(rng.uniform(10, 70)), float(rng.uniform(1, 300)) / 365.0
        strike = forward * float(np.exp(rng.uniform(-1.0, 3.0)))
        assert atm_vol(vvix, years, rule) == pytest.approx(atm(vvix, years, rule), rel=1e-11)
        assert smile_vol(vvix, forward, strike, years, rule) == pytest.approx(vol(vvix, forward, strike, years, rule), rel=1e-11)


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_anchored_at_30_days(rule: VixSmile) -> None:
    vvix = np.array([60.0, 85.0, 95.3, 120.0, 200.0])
    assert atm_vol(vvix, 30.0 / 365.0, rule) == pytest.approx(vvix / rule.level, rel=1e-13)


@pytest.mark.parametrize("days", [3.0, 30.0, 60.0, 180.0])
@pytest.mark.parametrize("vvix", [70.0, 95.3, 150.0])
def test_mean_reverting_level_is_the_integral_it_claims(vvix: float, days: float) -> None:
    """atm^2 T = integral over s of xi^2(s) e^{-2 kappa (T - s)}, by the midpoint rule, xi^2 returning to its mean."""
    years = days / 365.0
    now, mean = squared_vol_of_vol(vvix)
    s = (np.arange(20_000) + 0.5) * years / 20_000
    squared = mean + (now - mean) * np.exp(-SHIPPED.reversion * s)
    integral = float((squared * np.exp(-2.0 * SHIPPED.kappa * (years - s))).mean())
    assert atm_vol(vvix, years, SHIPPED) == pytest.approx(math.sqrt(integral), rel=1e-7)


def test_long_run_vvix_has_the_plain_term_structure() -> None:
    """At its mean VVIX has nowhere to return to, so only the level differs from the OU rule."""
    years = np.array([7.0, 30.0, 90.0, 184.0]) / 365.0
    plain = VixSmile(level=SHIPPED.level, slope=0.25, curvature=-0.0125)
    vvix = SHIPPED.long_run_vvix
    assert atm_vol(vvix, years, SHIPPED) == pytest.approx(atm_vol(vvix, years, plain), rel=1e-12)


def test_high_vvix_falls_faster_with_term_and_low_vvix_slower() -> None:
    def fall(vvix: float, rule: VixSmile) -> float:
        return float(atm_vol(vvix, 120.0 / 365.0, rule) / atm_vol(vvix, 30.0 / 365.0, rule))

    assert fall(150.0, SHIPPED) < fall(150.0, STUDY) < fall(70.0, SHIPPED)


def test_reversion_at_twice_kappa_is_refused() -> None:
    with pytest.raises(ValueError, match="twice kappa"):
        atm_vol(90.0, 0.1, VixSmile(reversion=8.0))


def test_squared_vol_of_vol_is_not_let_below_zero() -> None:
    now, mean = squared_vol_of_vol(np.array([20.0, 60.0]))
    assert now[0] == 0.0
    assert now[1] > 0.0
    assert mean > 0.0


def test_scenario_band_of_the_source() -> None:
    """Level x .90/1/1.10 and slopes that hold the .20 to .40 seen on chains (surfaces.md 3); the vertex stays where it was."""
    assert LEVEL_FACTORS == (0.90, 1.0, 1.10)
    assert SLOPES[0] <= 0.20 and SLOPES[1] == SHIPPED.slope and SLOPES[2] == 0.40
    assert STUDY.scenario(1.0, STUDY.slope) == STUDY and SHIPPED.scenario(1.0, SLOPES[1]) == SHIPPED
    for factor, slope in itertools.product(LEVEL_FACTORS, SLOPES):
        case = STUDY.scenario(factor, slope)
        assert atm_vol(95.0, 30.0 / 365.0, case) == pytest.approx(factor * 95.0 / 109.0)
        assert case.slope + 2.0 * case.curvature * vix_smile.X_HIGH == pytest.approx(0.0, abs=1e-15)
    prices = [float(call_price(95.0, 18.5, 25.0, 58.0 / 365.0, 1.0, STUDY.scenario(f, 0.3))) for f in LEVEL_FACTORS]
    assert prices[1] == pytest.approx(1.05467, abs=5.1e-6)
    assert prices[0] < prices[1] < prices[2]


@pytest.mark.parametrize("rule", BAND)
def test_density_is_nowhere_negative(rule: VixSmile) -> None:
    """Durrleman's g on a dense grid inside the clip, every term, VVIX from 60 to 200; no kink bends down."""
    x = np.linspace(vix_smile.X_LOW + 1e-9, vix_smile.X_HIGH, 1500)
    m, first, second = smile_factor(x, rule), rule.slope + 2.0 * rule.curvature * x, 2.0 * rule.curvature
    for vvix, days in itertools.product(np.arange(60.0, 201.0, 10.0), np.arange(1.0, 366.0, 7.0)):
        theta = float(atm_vol(vvix, days / 365.0, rule)) ** 2 * days / 365.0
        g = (1.0 - x * first / m) ** 2 + m * second - 0.25 * theta * (m * first) ** 2
        assert g.min() > 0.0, (vvix, days, x[g.argmin()])
    assert first[0] > 0.0  # at the lower clip the slope jumps up from zero: the density has a point mass, not a hole
    assert first[-1] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("vvix", [60.0, 120.0, 200.0])
def test_calls_fall_and_are_convex_over_all_strikes(rule: VixSmile, vvix: float) -> None:
    """The same from prices, across both clips."""
    for days in (7.0, 30.0, 120.0, 365.0):
        years = days / 365.0
        spread = float(atm_vol(vvix, years, rule)) * math.sqrt(years)
        strikes = np.exp(np.linspace(-4.0, 12.0, 1201) * spread)
        slope = np.diff(call_price(vvix, 1.0, strikes, years, 1.0, rule)) / np.diff(strikes)
        assert np.all(slope < 1e-13)
        assert np.all(np.diff(slope) > -1e-11)
