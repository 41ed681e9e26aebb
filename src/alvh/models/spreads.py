"""Half-spreads of SPX and VIX options by date, price and VIX, as fitted to real quotes (surfaces.md section 4)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from alvh.core.days import to_day
from alvh.core.ticks import VIX_TICK_CHANGE

SpreadCase = Literal["low", "central", "high"]

SPX_BASE, SPX_ROOT = 0.032, 0.037
"""h = base + root * sqrt(price), points; least absolute log error on nine dates 2011-2026, mean |ln error| 0.23."""
STRESS_VIX, STRESS_POWER = 18.0, 1.6
"""Spreads widen with max(1, VIX/18)^1.6; for VIX options this is an analogy with SPX, left out of the low case."""
SPX_ERAS = ((to_day(date(2013, 1, 1)), 5.9), (to_day(date(2017, 1, 1)), 1.7))
"""Factor before each date (1 after the last): measured in January 2011; 2013-2016 is interpolated and weak."""
LOW_ERA = 1.7
"""Era factor before 2013 in the low case."""
HIGH_FACTOR = 2.0
"""The high case doubles every half-spread (stale and after-hours snapshots show 2.5 times)."""


def spx_era(day: int, case: SpreadCase) -> float:
    """Era factor of SPX spreads on ``day``."""
    for before, factor in SPX_ERAS:
        if day < before:
            return min(factor, LOW_ERA) if case == "low" else factor
    return 1.0


def vix_coefficients(day: int, *, weekly: bool) -> tuple[float, float, float]:
    """Floor, constant and slope in price of the VIX half-spread, in dollars; spreads narrowed with the tick of 2022."""
    if day >= VIX_TICK_CHANGE:
        return (0.005, 0.03, 0.05) if weekly else (0.005, 0.018, 0.004)
    return (0.025, 0.04, 0.09) if weekly else (0.025, 0.050, 0.0)


def stress(vix: float) -> float:
    """Widening factor at a VIX level."""
    return float(max(1.0, vix / STRESS_VIX) ** STRESS_POWER)


def half_spread(
    price: float, tick: float, vix: float, day: int, *, is_vix: bool, weekly: bool, case: SpreadCase = "central"
) -> tuple[float, bool]:
    """Half-spread in points of one leg, and whether the cap at half the mid bound (SPX only).

    SPX: the larger of the stress and era factors, not their product (surfaces.md 4.1).
    """
    scale = HIGH_FACTOR if case == "high" else 1.0
    if is_vix:
        floor, constant, slope = vix_coefficients(day, weekly=weekly)
        widen = 1.0 if case == "low" else stress(vix)
        return max(floor, constant + slope * price) * widen * scale, False
    factor = max(stress(vix), spx_era(day, case))
    half = max(0.5 * tick, (SPX_BASE + SPX_ROOT * price**0.5) * factor) * scale
    return (0.5 * price, True) if half > 0.5 * price else (half, False)
