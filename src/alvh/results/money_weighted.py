"""Money-weighted return of dated flows (XIRR): every rate that fits, and the return where there is just one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.core.errors import InternalError

Floats = NDArray[np.float64]

YEAR_DAYS = 365.0
"""A year of the XIRR convention of spreadsheets: actual days over 365."""
GRID = 4001
"""Points at which the present value's sign is looked at before its roots are narrowed."""
LARGEST_LOG = 20.0
"""Rates are looked for between e^-20 - 1 and e^20 - 1 a year."""
LARGEST_EXPONENT = 600.0
"""Keeps the exponentials finite over long spans: e^709 is the greatest double."""
BISECTIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyWeighted:
    """Rate a year as a fraction; ``None``, with a ``reason``, where no rate discounts the flows to nothing or several do.

    ``roots`` are all of them, ascending. With several, none is *the* return: capital that pays out and is paid in again can fit a
    rate far above zero while it loses money.
    """

    rate: float | None
    reason: str
    roots: tuple[float, ...]


def xirr(days: DayArray, flows_usd: Floats) -> MoneyWeighted:
    """The rate at which the flows (from the investor's side: paid negative, received positive) are worth nothing together.

    ``days`` (n,) in any order. Flows of one day are added first.
    """
    when, flow = np.asarray(days, dtype=np.int64), np.asarray(flows_usd, dtype=np.float64)
    if when.shape != flow.shape or when.ndim != 1 or not np.isfinite(flow).all():
        raise InternalError(f"{flow.shape} flows on {when.shape} days", where="xirr", allowed="finite dollars, one day each")
    unique, at = np.unique(when, return_inverse=True)
    total = np.bincount(at, weights=flow, minlength=unique.size)
    unique, total = unique[total != 0.0], total[total != 0.0]
    if not unique.size:
        return MoneyWeighted(rate=None, reason="nothing was paid or received", roots=())
    if not (total.min() < 0.0 < total.max()):
        side = "paid" if total.max() < 0.0 else "received"
        return MoneyWeighted(rate=None, reason=f"every flow was {side}: no rate discounts them to nothing", roots=())
    years = (unique - unique[0]) / YEAR_DAYS
    scaled = total / np.abs(total).max()
    bound = min(LARGEST_LOG, LARGEST_EXPONENT / max(float(years[-1]), 1.0))
    roots = _roots(scaled, years, bound)
    if not roots:
        return MoneyWeighted(rate=None, reason="no rate above -99.99 % a year discounts them to nothing", roots=())
    rates = tuple(sorted(float(np.expm1(root)) for root in roots))
    if len(rates) > 1:
        text = ", ".join(f"{100 * rate:.1f} %" for rate in rates)
        return MoneyWeighted(
            rate=None, reason=f"{len(rates)} rates discount them to nothing ({text}), none is the return", roots=rates
        )
    return MoneyWeighted(rate=rates[0], reason="", roots=rates)


def _value(flow: Floats, years: Floats, log_rate: float) -> float:
    # The factor of the largest weight is taken out: only the sign matters, and nothing overflows.
    exponent = -log_rate * years
    return float(np.dot(flow, np.exp(exponent - exponent.max())))


def _roots(flow: Floats, years: Floats, bound: float) -> list[float]:
    """Zeros of the present value over ln(1 + rate) in (-bound, bound), by sign changes on a grid and bisection."""
    # Dense near zero, where rates of real portfolios lie, and sparse outwards.
    unit = np.linspace(-1.0, 1.0, GRID)
    grid = bound * unit * np.abs(unit)
    values = np.array([_value(flow, years, x) for x in grid.tolist()])
    found = [float(x) for x in grid[values == 0.0]]
    for k in np.flatnonzero(values[:-1] * values[1:] < 0.0).tolist():
        low, high, sign = float(grid[k]), float(grid[k + 1]), values[k]
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            if _value(flow, years, middle) * sign > 0.0:
                low = middle
            else:
                high = middle
        found.append(0.5 * (low + high))
    return found
