"""The VIX smile, anchored to VVIX: level and term of at-the-money vol, shape in standardised moneyness, scenario band.

A VIX option is priced by Black on the forward of its own expiry, at vol ``atm(T) * (1 + b x + c x^2)`` with
x = ln(K/F) / (atm sqrt(T)) (surfaces.md 3). Two rules give ``atm(T)`` from VVIX alone: :data:`STUDY`, whose term
factor is that of an Ornstein-Uhlenbeck process of constant vol of vol, and :data:`SHIPPED`, in which vol of vol returns to its
long-run level: 14 against 18 per cent of premium on dates left out of the fit, and what every run uses.
What they miss on real chains: ``docs/reference/vix-smile.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.kernels.black import black_price

Floats = NDArray[np.float64]

VVIX_TO_ATM30 = 109.0
"""At-the-money vol of a 30-day VIX option is VVIX / 109 (five chains 2019-2023, leave-one-date-out error 21 % of premium)."""
KAPPA = 4.0
SLOPE, CURVATURE = 0.30, -0.015
X_LOW, X_HIGH = -1.2, 10.0
"""The upper clip is the parabola's vertex; a clip below it makes a negative density (surfaces.md 3)."""

MONTH_YEARS = 30.0 / 365.0

LEVEL_FACTORS = (0.90, 1.0, 1.10)
SLOPES = (0.15, 0.25, 0.40)
"""Low, central, high of the scenario band: at-the-money vol times a factor, and the slope b. Five chains showed slopes of
.20 to .40 (surfaces.md 3). What each is worth in premium, alone and together: ``docs/reference/vix-smile.md``."""
SLOPE_STEPS = (-0.10, 0.0, 0.10)
"""A band of equal steps from a rule's own slope, in which two rules can be compared."""

LONG_RUN_VVIX = 95.3
"""Root mean square of the VVIX closes 2007-2026 (benchmarks/fit_vix_smile.py)."""
REVERSION = 4.0
"""Annual rate at which squared VVIX returns to its mean: its autocorrelation over 63 sessions is .37 (same script)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VixSmile:
    """Coefficients of one rule.

    ``level`` is VVIX over at-the-money vol at 30 days in points; ``kappa`` the speed of the VIX and ``reversion`` that of its vol
    of vol, both a year, ``reversion`` zero for a constant one; ``long_run_vvix`` what it returns to. ``curvature`` must put the
    parabola's vertex at ``X_HIGH``, so that the clip has no kink.
    """

    level: float = VVIX_TO_ATM30
    kappa: float = KAPPA
    slope: float = SLOPE
    curvature: float = CURVATURE
    reversion: float = 0.0
    long_run_vvix: float = LONG_RUN_VVIX

    def scenario(self, factor: float, slope: float) -> VixSmile:
        """The rule with at-the-money vol times ``factor`` and another slope, its vertex where it was."""
        return VixSmile(
            level=self.level / factor,
            kappa=self.kappa,
            slope=slope,
            curvature=-slope / (2.0 * X_HIGH),
            reversion=self.reversion,
            long_run_vvix=self.long_run_vvix,
        )


STUDY = VixSmile()
"""The rule of surfaces.md 3: level and slope fitted to five chains."""
SHIPPED = VixSmile(level=105.0, slope=0.25, curvature=-0.0125, reversion=REVERSION)
"""Level and slope fitted to three chains; the level is also what VVIX's own formula gives for this slope (104-105)."""


def kernel_coefficients(rule: VixSmile) -> Floats:
    """(7,) what ``kernels/surface.py`` reads: kappa, slope, curvature, clip low and high, reversion, long-run square."""
    _, long_run = squared_vol_of_vol(rule.long_run_vvix, rule)
    return np.array([rule.kappa, rule.slope, rule.curvature, X_LOW, X_HIGH, rule.reversion, long_run])


def atm_vol(vvix: ArrayLike, years: ArrayLike, rule: VixSmile = SHIPPED) -> Floats:
    """At-the-money vol from VVIX in points at a time to expiry in years (broadcast).

    The future's vol at time s before expiry T is xi(s) e^{-kappa (T - s)}, so atm^2 T is the integral of its square; squared
    xi is constant, or returns to its mean at the rate ``reversion``. Both are anchored: atm = VVIX / level at 30 days. Squared
    xi is not let below zero, which takes a VVIX under 39.
    """
    current, long_run = squared_vol_of_vol(vvix, rule)
    calm, now = _parts(rule, years)
    return np.asarray(np.sqrt(long_run * calm + current * now))


def squared_vol_of_vol(vvix: ArrayLike, rule: VixSmile = SHIPPED) -> tuple[Floats, float]:
    """Squared xi today (the shape of ``vvix``) and in the long run, annual: all that a kernel needs besides the two speeds.

    With E = e^{-2 kappa T}, R = e^{-reversion T}: atm^2 T = long_run ((1 - E)/(2 kappa) - W) + today W, where
    W = (R - E)/(2 kappa - reversion). Without reversion the long run has no weight at any time.
    """
    calm30, now30 = _parts(rule, MONTH_YEARS)
    long_run = (rule.long_run_vvix / rule.level) ** 2 / float(calm30 + now30)
    anchored = (np.asarray(vvix, dtype=np.float64) / rule.level) ** 2
    return np.maximum((anchored - long_run * calm30) / now30, 0.0), long_run


def smile_factor(x: ArrayLike, rule: VixSmile = SHIPPED) -> Floats:
    """Vol over at-the-money vol at x, flat outside [X_LOW, X_HIGH]."""
    inside = np.clip(np.asarray(x, dtype=np.float64), X_LOW, X_HIGH)
    return np.asarray(1.0 + inside * (rule.slope + rule.curvature * inside))


def smile_vol(vvix: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, rule: VixSmile = SHIPPED) -> Floats:
    """Implied vol of a VIX option; VVIX, forward and strike in points, time in years (broadcast)."""
    atm = atm_vol(vvix, years, rule)
    x = np.log(np.asarray(strike, dtype=np.float64) / np.asarray(forward)) / (atm * np.sqrt(np.asarray(years, dtype=np.float64)))
    return np.asarray(atm * smile_factor(x, rule))


def call_price(
    vvix: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, discount: ArrayLike = 1.0, rule: VixSmile = SHIPPED
) -> Floats:
    """Price of VIX calls in points (broadcast)."""
    vol = smile_vol(vvix, forward, strike, years, rule)
    return np.asarray(black_price(forward, strike, years, discount, vol, 1.0))


def _parts(rule: VixSmile, time: ArrayLike) -> tuple[Floats, Floats]:
    """Weights of the long-run and of the present squared vol of vol in atm^2; they add up to the mean of e^{-2 kappa s}."""
    fast, slow = 2.0 * rule.kappa, rule.reversion
    if abs(fast - slow) < 1e-6:
        raise ValueError(f"the reversion {slow:g} must differ from twice kappa, {fast:g}")
    t = np.asarray(time, dtype=np.float64)
    now = np.exp(-slow * t) * -np.expm1(-(fast - slow) * t) / ((fast - slow) * t)
    return np.asarray(-np.expm1(-fast * t) / (fast * t) - now), np.asarray(now)
