"""Limits: approved, or refused with a reason. The spread limit (R45) holds back opens, never a close."""

from __future__ import annotations

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
