"""Plain-Python twins of the smiles, their levels and the revaluation steps, one option at a time, with nothing but ``math``.

Written from surfaces.md 2.1 and 3, not from the kernels: tenors are a list of those that are present, not four filled knots; the
wing is the integral of a fading curvature, the study's its tangent; the term factor is an integral's closed form. The twin of
the calibration is ``calibration_reference.py``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from tests.reference.black_reference import black_greeks, black_price, normal_density

TENORS = (9.0, 30.0, 93.0, 184.0)
Knots = list[tuple[float, float]]
"""(years, at-the-money total variance), ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Coefficients of the hyperbola in vol and of its wings; ``fades`` 0 is the study's join; ``clip`` None its tilt in time."""

    mu: float = 1.15
    s: float = 0.46
    d0: float = 0.030
    d1: float = -0.030
    edges: tuple[float, float] = (-8.0, 5.0)
    fades: tuple[float, float] = (0.0, 0.0)
    clip: tuple[float, float] | None = None
    mean_b: float = 0.293


STUDY = Shape()
CLEAN = Shape(edges=(-6.0, 1.5), fades=(3.0, 0.3), clip=(-1.2, 0.8), mean_b=0.312)


def knots_of(vols: tuple[float | None, ...]) -> tuple[Knots, bool]:
    """Knots of the tenors whose at-the-money vol is known, and whether a forward variance was lifted to (5 %)^2."""
    knots: Knots = []
    lifted = False
    for days, vol in zip(TENORS, vols, strict=True):
        if vol is None:
            continue
        years = days / 365.0
        variance = vol**2 * years
        if knots:
            least = knots[-1][1] + 0.0025 * (years - knots[-1][0])
            if variance < least:
                variance, lifted = least, True
        knots.append((years, variance))
    return knots, lifted


def spx_atm(knots: Knots, years: float) -> float:
    """At-the-money vol: constant before the first tenor, variance linear between, constant forward variance beyond the last."""
    if years <= knots[0][0] or len(knots) == 1:
        return math.sqrt(knots[0][1] / knots[0][0])
    upper = next((k for k in range(1, len(knots)) if years <= knots[k][0]), len(knots) - 1)
    (t0, w0), (t1, w1) = knots[upper - 1], knots[upper]
    forward_variance = (w1 - w0) / (t1 - t0)
    return math.sqrt((w0 + forward_variance * (years - t0)) / years)


def tilt(years: float, ratio: float, shape: Shape) -> float:
    """d: by time in the study, else by total variance over that of 30 days (``ratio``), held outside ``clip``."""
    if shape.clip is None:
        return shape.d0 + shape.d1 * math.log(365.0 * years / 30.0)
    return shape.d0 + shape.d1 * min(max(math.log(ratio), shape.clip[0]), shape.clip[1])


def smile(x: float, d: float, b: float, shape: Shape) -> float:
    """m(x): the hyperbola between the edges; beyond, m^2 is the integral of an exponentially fading second derivative."""

    def m(at: float) -> float:
        return 1.0 + d * at + b * (math.hypot(at - shape.mu, shape.s) - math.hypot(shape.mu, shape.s))

    low, high = shape.edges
    if low <= x <= high:
        return m(x)
    edge, fade = (low, shape.fades[0]) if x < low else (high, shape.fades[1])
    root = math.hypot(edge - shape.mu, shape.s)
    first, second = d + b * (edge - shape.mu) / root, b * shape.s**2 / root**3
    away = abs(x - edge)
    variance = m(edge) ** 2 + 2.0 * m(edge) * first * (x - edge)
    if fade > 0.0:
        variance += (2.0 * first**2 + 2.0 * m(edge) * second) * (fade * away - fade**2 * -math.expm1(-away / fade))
    return math.sqrt(max(variance, 1e-6))


def spx_vol(knots: Knots, b: float, forward: float, strike: float, years: float, shape: Shape) -> float:
    atm = spx_atm(knots, years)
    month = 30.0 / 365.0
    ratio = (atm * atm * years) / (spx_atm(knots, month) ** 2 * month)
    return atm * smile(math.log(strike / forward) / (atm * math.sqrt(years)), tilt(years, ratio, shape), b, shape)


def vix_atm(vvix: float, years: float) -> float:
    """Root mean square over the option's life of a vol that decays at kappa = 4 a year while its square, anchored so that the
    30-day value is VVIX / 105, returns at 4 a year to the value that a VVIX of 95.3 gives at every term."""

    def decayed(t: float) -> float:
        """Mean over [0, t] of e^{-8 s}."""
        return -math.expm1(-8.0 * t) / (8.0 * t)

    def present(t: float) -> float:
        """The same where today's excess fades as e^{-4 (t - s)} besides: (e^{-4 t} - e^{-8 t}) / (4 t)."""
        return math.exp(-4.0 * t) * -math.expm1(-4.0 * t) / (4.0 * t)

    month = 30.0 / 365.0
    mean = (95.3 / 105.0) ** 2 / decayed(month)
    excess = ((vvix / 105.0) ** 2 - (95.3 / 105.0) ** 2) / present(month)
    return math.sqrt(mean * decayed(years) + max(excess, -mean) * present(years))


def vix_vol(vvix: float, forward: float, strike: float, years: float) -> float:
    atm = vix_atm(vvix, years)
    x = min(max(math.log(strike / forward) / (atm * math.sqrt(years)), -1.2), 10.0)
    return atm * (1.0 + 0.25 * x - 0.0125 * x * x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """What one close says about one option: forward, years left, short rate, its vol and the at-the-money vol."""

    forward: float
    years: float
    rate: float
    vol: float
    atm: float


def steps(before: Close, after: Close, strike: float, right: float, vol_later: float, atm_later: float) -> list[float]:
    """Value before, then the changes by time, forward, vol level and the rest.

    ``vol_later`` and ``atm_later`` are the vols of the first close's smile at the second close's time, on the first forward.
    """
    discount0 = math.exp(-before.rate * before.years)
    discount_later = math.exp(-before.rate * after.years)
    values = [
        black_price(before.forward, strike, before.years, discount0, before.vol, right),
        black_price(before.forward, strike, after.years, discount_later, vol_later, right),
        black_price(after.forward, strike, after.years, discount_later, vol_later, right),
        black_price(after.forward, strike, after.years, discount_later, vol_later * after.atm / atm_later, right),
        black_price(after.forward, strike, after.years, math.exp(-after.rate * after.years), after.vol, right),
    ]
    return [values[0], *(b - a for a, b in itertools.pairwise(values))]


def greek_explanation(before: Close, after: Close, strike: float, right: float) -> float:
    """Second-order Taylor: delta, gamma, vega, theta, vanna and volga at the first close."""
    discount = math.exp(-before.rate * before.years)
    _, delta, gamma, vega, theta = black_greeks(before.forward, strike, before.years, discount, before.vol, right)
    root = math.sqrt(before.years)
    d1 = math.log(before.forward / strike) / (before.vol * root) + 0.5 * before.vol * root
    d2 = d1 - before.vol * root
    vanna = -discount * normal_density(d1) * d2 / before.vol
    volga = discount * before.forward * normal_density(d1) * root * d1 * d2 / before.vol
    df, dv, dt = after.forward - before.forward, after.vol - before.vol, before.years - after.years
    taylor = discount * delta * df + 0.5 * gamma * df * df + vega * dv + vanna * df * dv + 0.5 * volga * dv * dv
    return taylor + theta * dt
