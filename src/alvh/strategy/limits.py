"""Limits: approved, cut or refused with a reason. The spread limit (R45) holds back opens, never a close."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alvh.core.orders import Reason
from alvh.market.market import Quotes
from alvh.strategy.policy import Limits


def spread_refusal(limits: Limits, sleeve: str, quotes: Quotes, quantity: NDArray[np.float64]) -> Reason | None:
    """A reason where (ask − bid) ÷ mid exceeds the limit on any leg, or averaged over the order by quantity."""
    limit = limits.spread
    if limit is None or sleeve not in limit.sleeves:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_pct = 100.0 * (quotes.ask - quotes.bid) / quotes.mid
    worst = float(np.max(np.where(np.isnan(spread_pct), np.inf, spread_pct)))
    average = float(np.average(spread_pct, weights=np.abs(quantity))) if np.isfinite(worst) else worst
    value = max(worst, average)
    if value <= limit.max_pct:
        return None
    text = f"bid-ask is {value:.1f} % of mid, above {limit.max_pct:g} %"
    return Reason(rule="R45", signal="spread_pct", value=value, threshold=limit.max_pct, text=text)


def smallest_change(parts: Sequence[tuple[float, float, float]], held: int) -> int | None:
    """Fewest whole contracts to add (below zero: sell, at most ``held``) that bring every measure inside its bound.

    ``parts``: (measure of the book, its change per contract, bound on its size). 0 where all are inside, None where none helps.
    """
    low, high = -float(held), math.inf
    for value, unit, bound in parts:
        if unit == 0.0:
            if abs(value) > bound:
                return None
            continue
        ends = sorted(((-bound - value) / unit, (bound - value) / unit))
        low, high = max(low, ends[0]), min(high, ends[1])
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9) if math.isfinite(high) else math.inf
    if first > last:
        return None
    return int(min(max(0, first), last))
