"""Plain-Python twins of the smiles, their levels and the revaluation steps, one option at a time, with nothing but ``math``.

Written from surfaces.md 2.1 and 3, not from the kernels: tenors are a list of those that are present, not four filled knots; the
wing beyond the fitted range is the tangent of total variance; the term factor is an integral's closed form.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from tests.reference.black_reference import black_greeks, black_price, normal_density

Levels = tuple[float | None, float | None, float | None, float | None]
TENORS = (9.0, 30.0, 93.0, 184.0)
RATIOS = (1.153, 1.190, 1.274, 1.363)


def spx_knots(levels: Levels) -> tuple[list[tuple[float, float]], bool]:
    """(years, total variance) of the tenors that are present, and whether a forward variance was lifted to (5 %)^2."""
    knots: list[tuple[float, float]] = []
    lifted = False
    for days, ratio, level in zip(TENORS, RATIOS, levels, strict=True):
        if level is None:
            continue
        years = days / 365.0
        variance = (level / 100.0 / ratio) ** 2 * years
        if knots:
            least = knots[-1][1] + 0.0025 * (years - knots[-1][0])
            if variance < least:
                variance, lifted = least, True
        knots.append((years, variance))
    return knots, lifted


def spx_atm(levels: Levels, years: float) -> float:
    """At-the-money vol: constant before the first tenor, variance linear between, constant forward variance beyond the last."""
    knots, _ = spx_knots(levels)
    if years <= knots[0][0] or len(knots) == 1:
        return math.sqrt(knots[0][1] / knots[0][0])
    upper = next((k for k in range(1, len(knots)) if years <= knots[k][0]), len(knots) - 1)
    (t0, w0), (t1, w1) = knots[upper - 1], knots[upper]
    forward_variance = (w1 - w0) / (t1 - t0)
    return math.sqrt((w0 + forward_variance * (years - t0)) / years)


def spx_shape(x: float, years: float, *, b: float = 0.293) -> float:
    """m(x) of the hyperbola in vol, its total variance continued along the tangent outside [-8, 5]."""
    d = 0.030 - 0.030 * math.log(365.0 * years / 30.0)

    def m(at: float) -> float:
        return 1.0 + d * at + b * (math.hypot(at - 1.15, 0.46) - math.hypot(1.15, 0.46))

    if -8.0 <= x <= 5.0:
        return m(x)
    edge = -8.0 if x < 0.0 else 5.0
    tangent = d + b * (edge - 1.15) / math.hypot(edge - 1.15, 0.46)
    return math.sqrt(max(m(edge) ** 2 + 2.0 * m(edge) * tangent * (x - edge), 1e-6))


def spx_vol(levels: Levels, forward: float, strike: float, years: float) -> float:
    atm = spx_atm(levels, years)
    return atm * spx_shape(math.log(strike / forward) / (atm * math.sqrt(years)), years)


def vix_atm(vvix: float, years: float) -> float:
    """Root mean square over the option's life of a vol that decays at kappa = 4 a year, VVIX / 109 at 30 days."""

    def factor(t: float) -> float:
        return math.sqrt(-math.expm1(-8.0 * t) / (8.0 * t))

    return vvix / 109.0 * factor(years) / factor(30.0 / 365.0)


def vix_vol(vvix: float, forward: float, strike: float, years: float) -> float:
    atm = vix_atm(vvix, years)
    x = min(max(math.log(strike / forward) / (atm * math.sqrt(years)), -1.2), 10.0)
    return atm * (1.0 + 0.30 * x - 0.015 * x * x)


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


def variance_index(forward: float, strikes: list[float], years: float, atm: float, vix: float) -> float:
    """The index formula (methods.md 4.1) over this smile at zero rates, in vol points, with the walk of surfaces.md 1.

    An option counts while its price is at least $0.05 + $0.05 max(1, VIX/20); two below in a row end the walk.
    """
    root, cut = atm * math.sqrt(years), 0.05 + 0.05 * max(1.0, vix / 20.0)

    def price(strike: float, right: float) -> float:
        return black_price(forward, strike, years, 1.0, atm * spx_shape(math.log(strike / forward) / root, years), right)

    middle = max(k for k, strike in enumerate(strikes) if strike <= forward)
    used = {middle: 0.5 * (price(strikes[middle], 1.0) + price(strikes[middle], -1.0))}
    for right, walk in ((-1.0, range(middle - 1, -1, -1)), (1.0, range(middle + 1, len(strikes)))):
        below = 0
        for k in walk:
            value = price(strikes[k], right)
            below = below + 1 if value < cut else 0
            if below == 2:
                break
            if below == 0:
                used[k] = value
    order = sorted(used)
    total = 0.0
    for n, k in enumerate(order):
        low, high = strikes[order[max(n - 1, 0)]], strikes[order[min(n + 1, len(order) - 1)]]
        width = (high - low) / (2.0 if 0 < n < len(order) - 1 else 1.0)
        total += width / strikes[k] ** 2 * used[k]
    return 100.0 * math.sqrt((2.0 * total - (forward / strikes[middle] - 1.0) ** 2) / years)
