"""What each layer made by how long the unhedged book had been in drawdown (R47: layer 3 as a "second engine")."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh.engine.backtest import BacktestResult
from alvh.results.attribution import Attribution
from alvh.results.metrics import daily_pnl

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LENGTHS: Final = ((0, 20), (21, 60), (61, 120), (121, None))
"""Sessions since the book's last high, from and to (None: open): a month, a quarter, half a year, longer."""


def drawdown_age(equity: Floats, start: float) -> Ints:
    """Sessions since equity last stood at its highest, 0 at a high, (sessions,); ``start`` is the equity before the first."""
    high = np.maximum.accumulate(np.concatenate(([start], equity)))[1:]
    at_high = equity >= high
    rows = np.arange(equity.size)
    last = np.maximum.accumulate(np.where(at_high, rows, -1))
    return np.asarray(rows - last, dtype=np.int64)


def by_drawdown_length(result: BacktestResult, attribution: Attribution) -> list[dict[str, Any]]:
    """One row a length: sessions, and dollars of the condors, of each layer and of the whole unhedged book.

    The length is the one at the close *before* each session, so that a session's own result does not choose its row; costs are
    included, interest is in ``unhedged_usd`` alone.
    """
    record, start = result.record, result.policy.account.equity_usd
    age = drawdown_age(record.equity_unhedged_usd, start)
    before = np.concatenate(([0], age[:-1]))
    unhedged = daily_pnl(record.equity_unhedged_usd, start)
    sleeves = {"condor": attribution.sleeve_pnl_usd(0)}
    sleeves |= {layer.name: attribution.sleeve_pnl_usd(k + 1) for k, layer in enumerate(result.policy.hedge.layers)}
    rows = []
    for low, high in LENGTHS:
        chosen = (before >= low) & (before <= (high if high is not None else before.size))
        count = int(chosen.sum())
        rows.append(
            {
                "from_sessions": low,
                "to_sessions": high,
                "sessions": count,
                "unhedged_usd": float(unhedged[chosen].sum()),
                "sleeves": {
                    name: {
                        "pnl_usd": float(pnl[chosen].sum()),
                        "mean_usd_per_session": float(pnl[chosen].mean()) if count else None,
                        "share_of_sessions_gained": float((pnl[chosen] > 0.0).mean()) if count else None,
                    }
                    for name, pnl in sleeves.items()
                },
            }
        )
    return rows
