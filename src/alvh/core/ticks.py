"""Minimum price increments as dated tables, and rounding to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import floor
from types import MappingProxyType
from typing import overload

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.dated import Dated, row_on
from alvh.core.days import to_day

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRule:
    """``below`` is the tick of a price strictly below ``threshold``, ``above`` that of any other (USD a unit of the index)."""

    threshold: float
    below: float
    above: float


_NICKEL_DIME = TickRule(threshold=3.0, below=0.05, above=0.10)
_PENNY_NICKEL = TickRule(threshold=3.0, below=0.01, above=0.05)
_PENNY = TickRule(threshold=3.0, below=0.01, above=0.01)
_NICKEL = TickRule(threshold=3.0, below=0.05, above=0.05)

_START = to_day(date(1990, 1, 1))
VIX_TICK_CHANGE = to_day(date(2022, 10, 3))
"""First session of the finer VIX and VXM ticks. Cboe Insights, "Why VIX Index Options and Mini VIX (VXM) Futures Got a Tick
Update" (November 2022): "went into effect a month ago (October 3)". The press release of 2022-11-29, from which a date in late
November is often quoted, announces in the past tense and names no day."""
VIXW_TICK_CHANGE = to_day(date(2018, 10, 12))
"""First day of penny ticks in VIXW: the filing of SR-CBOE-2018-066, which introduced them with immediate effectiveness; the
day of its use was not found, so this is the earliest possible. Pennies are observed in the chain of 2019-08-29."""
_VIXW_BEFORE = "SR-CBOE-2018-066 (83 FR 54395) changes the increment of VIX weeklies to 0.01, hence that of VIX before it"
_VIXW_SINCE = "chain of 2019-08-29; Cboe notice on the 2022 change: VIXW continues in 0.01"
_FORMER = "Cboe notice of 2022-11-29, former rule"
_CHANGE_SOURCE = "Cboe Insights, Why VIX Index Options and Mini VIX Futures Got a Tick Update: in effect 3 October 2022"

TICKS: Mapping[Root, tuple[Dated[TickRule], ...]] = MappingProxyType(
    {
        Root.SPX: (Dated(since=_START, value=_NICKEL_DIME, source="Cboe, SPX options product specification", mark="verified"),),
        Root.SPXW: (
            Dated(since=_START, value=_NICKEL_DIME, source="Cboe, SPX End-of-Month options specification", mark="verified"),
        ),
        Root.XSP: (Dated(since=_START, value=_PENNY, source="Cboe, XSP options product specification", mark="verified"),),
        Root.VIX: (
            Dated(since=to_day(date(2006, 2, 24)), value=_NICKEL_DIME, source=_FORMER, mark="verified"),
            Dated(since=VIX_TICK_CHANGE, value=_PENNY_NICKEL, source=_CHANGE_SOURCE, mark="verified"),
        ),
        Root.VIXW: (
            Dated(since=to_day(date(2015, 10, 8)), value=_NICKEL_DIME, source=_VIXW_BEFORE, mark="assumed"),
            Dated(since=VIXW_TICK_CHANGE, value=_PENNY, source=_VIXW_SINCE, mark="observed"),
        ),
        Root.VX: (
            Dated(since=to_day(date(2004, 3, 26)), value=_NICKEL, source="CFE, VX specification (outrights)", mark="verified"),
        ),
        Root.VXM: (
            Dated(since=to_day(date(2020, 8, 10)), value=_NICKEL, source=_FORMER, mark="verified"),
            Dated(since=VIX_TICK_CHANGE, value=_PENNY, source=_CHANGE_SOURCE, mark="verified"),
        ),
    }
)


_HALF_UP = 0.5 + 1e-7


def tick_rule(root: Root, day: int) -> TickRule:
    """The tick rule of ``root`` on a session. Raises :class:`~alvh.core.errors.DataMissing` before the root was listed."""
    return row_on(TICKS[root], day, f"{root.value} tick").value


@overload
def tick_size(rule: TickRule, price: float) -> float: ...
@overload
def tick_size(rule: TickRule, price: Floats) -> Floats: ...
def tick_size(rule: TickRule, price: float | Floats) -> float | Floats:
    """The tick at ``price``: a float for a float, an array of the same shape for an array."""
    if isinstance(price, np.ndarray):
        return np.where(price < rule.threshold, rule.below, rule.above)
    return rule.below if price < rule.threshold else rule.above


@overload
def round_to_tick(rule: TickRule, price: float) -> float: ...
@overload
def round_to_tick(rule: TickRule, price: Floats) -> Floats: ...
def round_to_tick(rule: TickRule, price: float | Floats) -> float | Floats:
    """The nearest multiple of the tick at ``price``, ties up; NaN stays NaN.

    Works in whole cents, so that results are the nearest doubles to their decimals and a tie such as 0.125 in steps of 0.05
    is decided by its decimal, not by the last bit (1e-7 of a tick is forgiven).
    """
    if isinstance(price, np.ndarray):
        cents = np.rint(100.0 * tick_size(rule, price))
        return np.floor(price * 100.0 / cents + _HALF_UP) * cents / 100.0
    tick_cents = round(100.0 * tick_size(rule, price))
    return floor(price * 100.0 / tick_cents + _HALF_UP) * tick_cents / 100.0 if price == price else price
