"""Half-spreads of SPX and VIX options by date, price and VIX, as measured on real quotes (docs/reference/half-spreads.md)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from alvh.core.days import to_day
from alvh.core.ticks import VIX_TICK_CHANGE

SpreadCase = Literal["low", "central", "high"]

SPX_BASE, SPX_ROOT = 0.032, 0.037
"""h = base + root * sqrt(price), points; least absolute log error on nine dates 2011-2026 (surfaces.md 4.1). On the 87 sessions
of ``benchmarks/fit_spreads.py`` its mean |ln error| is 0.31 and its bias 2 %; since 2013 no refit and no other form tried does
better on a month that it has not seen (0.31 to 0.36)."""
STRESS_VIX, STRESS_POWER = 18.0, 1.6
"""Spreads widen with max(1, VIX/18)^1.6; for VIX options this is an analogy with SPX, left out of the low case."""
SPX_ERAS = ((to_day(date(2013, 1, 1)), 5.9), (to_day(date(2017, 1, 1)), 1.7))
"""Factor before each date (1 after the last): measured in January 2011; 2013-2016 is interpolated and weak."""
LOW_ERA = 1.7
"""Era factor before 2013 in the low case, which is not narrowed further: far below anything quoted in January 2011."""
CASE_FACTOR = 1.6
"""The low case divides by it and the high case multiplies: the first and last decile of observed over ruled half-spreads are 0.62
and 1.58 over all SPX legs, months weighing alike (0.61-0.64 and 1.49-1.62 leaving one month out)."""
VIXW_BEFORE = (0.025, 0.0, 0.48)
"""Floor, constant and slope of VIX weeklies before the tick of 2022: the median share of mid on 2019-12-20 (20 legs). The former
0.04 + 0.09 x price was a third of what is quoted there and a sixth of it on 2019-08-29; the share of either date fits the other
better (docs/reference/half-spreads.md)."""


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
    return VIXW_BEFORE if weekly else (0.025, 0.050, 0.0)


def stress(vix: float) -> float:
    """Widening factor at a VIX level."""
    return float(max(1.0, vix / STRESS_VIX) ** STRESS_POWER)


def case_scale(case: SpreadCase) -> float:
    """What the case makes of a central half-spread."""
    return {"low": 1.0 / CASE_FACTOR, "central": 1.0, "high": CASE_FACTOR}[case]


def half_spread(
    price: float, tick: float, vix: float, day: int, *, is_vix: bool, weekly: bool, case: SpreadCase = "central"
) -> tuple[float, bool]:
    """Half-spread in points of one leg, and whether the cap at half the mid bound (SPX only).

    SPX: the larger of the stress and era factors, not their product (surfaces.md 4.1); half a tick at least.
    """
    scale = case_scale(case)
    if is_vix:
        floor, constant, slope = vix_coefficients(day, weekly=weekly)
        widen = 1.0 if case == "low" else stress(vix)
        return max(floor, (constant + slope * price) * widen * scale), False
    factor = max(stress(vix), spx_era(day, case)) * scale
    if case == "low" and day < SPX_ERAS[0][0]:
        factor = max(factor, LOW_ERA)
    half = max(0.5 * tick, (SPX_BASE + SPX_ROOT * price**0.5) * factor)
    return (0.5 * price, True) if half > 0.5 * price else (half, False)


FUTURE_TICKS = 1.0
"""Width of a VX future's market in ticks: one, as in the front months of ordinary days. Assumed: the data hold no VX quotes."""


def future_half_spread(tick: float, vix: float, case: SpreadCase) -> float:
    """Half the assumed width of a VX future's market, points; stress and case widen it as they do VIX options'."""
    return 0.5 * FUTURE_TICKS * tick * (1.0 if case == "low" else stress(vix)) * case_scale(case)


ETP_HALF_SPREAD = 0.0005
"""Half the width of a VIX fund's market over its price: 5 basis points, a cent on a share of 20 dollars. Assumed: the data
hold no quotes of shares, and an adjusted price has no tick."""


def etp_half_spread(price: float, vix: float, case: SpreadCase) -> float:
    """Half the assumed width of a VIX fund's market, in the units of ``price``; stress and case widen it as VIX options'."""
    return ETP_HALF_SPREAD * price * (1.0 if case == "low" else stress(vix)) * case_scale(case)
