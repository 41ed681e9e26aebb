"""The calibration of surfaces.md 2.1 once more: scipy's arrays and root finders in place of kernels and fixed points.

A strip is the sum of the index formula (methods.md 4.1 and 4.3) over the strike grid and the walk of surfaces.md 1, forward =
spot and no rates. Every strip prices all its strikes at once, then walks; B and the vols come from Brent's method.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from tests.reference.surface_reference import STUDY, TENORS, Shape, smile, tilt

STEPS = ((0.50, 100.0), (0.65, 50.0), (0.80, 25.0), (0.88, 10.0), (1.08, 5.0), (1.18, 10.0), (1.35, 25.0), (2.0, 100.0))
MONTH = 30.0 / 365.0


def grid(spot: float) -> list[float]:
    """Strikes from .1 to 2 times spot, each a multiple of the step of its range."""
    found = []
    for low, (high, step) in zip((0.1, *(edge for edge, _ in STEPS)), STEPS, strict=False):
        multiples = step * np.arange(math.floor(low * spot / step), math.ceil(high * spot / step) + 1)
        low_edge, high_edge = low * spot - 1e-6, high * spot + (1e-6 if high == 2.0 else -1e-6)  # 1.35 * 2500 is not 3375
        inside = (multiples >= low_edge) & (multiples < high_edge)
        found += multiples[inside & (multiples > 0.1 * spot)].tolist()
    return sorted(set(found))


def strip(spot: float, years: float, atm: float, d: float, b: float, vix: float, shape: Shape = STUDY) -> tuple[float, float]:
    """(index in vol points, SKEW) of one expiry."""
    strikes = np.array(grid(spot))
    deviation = atm * math.sqrt(years)
    vols = atm * np.array([smile(math.log(k / spot) / deviation, d, b, shape) for k in strikes])
    root = vols * math.sqrt(years)
    d1 = np.log(spot / strikes) / root + 0.5 * root
    call = spot * norm.cdf(d1) - strikes * norm.cdf(d1 - root)
    put = strikes * norm.cdf(root - d1) - spot * norm.cdf(-d1)
    middle = int(np.searchsorted(strikes, spot, side="right")) - 1
    cut = 0.05 + 0.05 * max(1.0, vix / 20.0)
    used = {middle: 0.5 * float(call[middle] + put[middle])}
    for prices, walk in ((put, range(middle - 1, -1, -1)), (call, range(middle + 1, len(strikes)))):
        below = 0
        for k in walk:
            below = below + 1 if prices[k] < cut else 0
            if below == 2:
                break
            if below == 0:
                used[k] = float(prices[k])
    order = sorted(used)
    gaps = {left: strikes[right] - strikes[left] for left, right in pairwise(order)}
    sums = np.zeros(3)
    for before, k in zip([None, *order], order, strict=False):
        sides = [gap for gap in (gaps.get(before) if before is not None else None, gaps.get(k)) if gap is not None]
        width, log_money = sum(sides) / len(sides), math.log(strikes[k] / spot)
        moments = np.array([1.0, 2.0 * (1.0 - log_money), 3.0 * (2.0 * log_money - log_money**2)])
        sums += used[k] * width / strikes[k] ** 2 * moments
    k0 = strikes[middle]
    ln = math.log(k0 / spot)
    p1 = -sums[0] - (1.0 + math.log(spot / k0) - spot / k0)
    p2 = sums[1] + 2.0 * ln * (spot / k0 - 1.0) + 0.5 * ln**2
    p3 = sums[2] + 3.0 * ln**2 * (ln / 3.0 - 1.0 + spot / k0)
    skew = 100.0 - 10.0 * (p3 - 3.0 * p1 * p2 + 2.0 * p1**3) / (p2 - p1**2) ** 1.5
    variance = (2.0 * sums[0] - (spot / k0 - 1.0) ** 2) / years
    return 100.0 * math.sqrt(variance), float(skew)


def solve_atm(
    spot: float, years: float, level: float, b: float, vix: float, theta30: float | None, shape: Shape = STUDY
) -> float:
    """The at-the-money vol whose strip is ``level``; ``theta30`` None at 30 days itself."""

    def miss(atm: float) -> float:
        ratio = 1.0 if theta30 is None else atm * atm * years / theta30
        return strip(spot, years, atm, tilt(years, ratio, shape), b, vix, shape)[0] - level

    guess = level / 100.0
    return float(brentq(miss, 0.45 * guess, 1.05 * guess, xtol=1e-7))


def calibrate(
    levels: tuple[float, float, float, float], skew: float, spot: float, blend: float, shape: Shape = STUDY
) -> tuple[float, tuple[float, ...], float]:
    """B, the at-the-money vols of the four tenors and SKEW of the 30-day strip."""
    vix = levels[1]

    def skew30(b: float) -> float:
        atm = solve_atm(spot, MONTH, vix, b, vix, None, shape)
        return strip(spot, MONTH, atm, tilt(MONTH, 1.0, shape), b, vix, shape)[1]

    found = float(brentq(lambda b: skew30(b) - skew, 0.15, 0.45, xtol=1e-6))
    b = shape.mean_b + blend * (found - shape.mean_b)
    atm30 = solve_atm(spot, MONTH, vix, b, vix, None, shape)
    theta30 = atm30**2 * MONTH
    vols = tuple(
        atm30 if days == 30.0 else solve_atm(spot, days / 365.0, level, b, vix, theta30, shape)
        for days, level in zip(TENORS, levels, strict=True)
    )
    return b, vols, skew30(b)
