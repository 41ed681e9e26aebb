"""Parity of quoted VIX chains against VX settlements, and equal protection priced beside it: ``alvh study parity``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from alvh.core.days import iso
from alvh.market.chain import QuotedChain
from alvh.market.history import History
from alvh.risk.parity import ParityCosts, ParityRow, scan

SCHEMA = "alvh.study.parity/1"
SAME_SESSION_FROM_MINUTE = 12 * 60 + 45
"""Chains quoted before 12:45 Eastern are nearer the settlement of the session before than that of their own (16:00)."""


def futures_for(chain: QuotedChain, history: History) -> tuple[dict[int, float], int | None]:
    """VX settlements by expiry day that stand nearest a chain's quotes in time, and their session; None outside the history.

    A weekly counts where it traded that session. A chain without a time is taken as of the close.
    """
    row = int(np.searchsorted(history.sessions, chain.session))
    if row >= history.sessions.size or history.sessions[row] != chain.session:
        return {}, None
    if chain.minute is not None and chain.minute < SAME_SESSION_FROM_MINUTE:
        row -= 1
    if row < 0:
        return {}, None
    vx = history.vx
    known = (vx.settle[row] > 0.0) & (vx.monthly | (vx.volume[row] > 0.0))
    return {int(vx.expiry[k]): float(vx.settle[row, k]) for k in np.flatnonzero(known)}, int(history.sessions[row])


def rate_for(chain: QuotedChain, history: History) -> float:
    """Bill rate known at the chain's session; 0 outside the history."""
    row = int(np.searchsorted(history.sessions, chain.session, side="right")) - 1
    return float(history.bill_rate[row]) if row >= 0 and np.isfinite(history.bill_rate[row]) else 0.0


def scan_chains(
    chains: Iterable[QuotedChain], history: History, costs: ParityCosts | None = None
) -> list[dict[str, Any]]:  # fmt: skip
    """One entry a VIX chain, others are passed over: where its future comes from, and its rows."""
    found = []
    for chain in chains:
        if chain.underlying != "VIX":
            continue
        futures, session = futures_for(chain, history)
        rate = rate_for(chain, history)
        rows = scan(chain, futures, rate, costs)
        found.append(
            {
                "session": iso(chain.session),
                "source": chain.source,
                "quoted_at_minute": chain.minute,
                "future_session": None if session is None else iso(session),
                "future": "none: the history has no such session" if session is None else "VX settlement, at another minute",
                "bill_rate": rate,
                "expiries": [row_document(row) for row in rows],
            }
        )
    return found


def row_document(row: ParityRow) -> dict[str, Any]:
    """One expiry by names with units."""
    return {
        "expiry": iso(row.expiry),
        "root": row.root,
        "dte": row.dte,
        "pairs": row.pairs,
        "inconsistent_strikes": row.inconsistent,
        "implied_forward_points": row.implied,
        "implied_bid_points": row.implied_bid,
        "implied_ask_points": row.implied_ask,
        "bid_strike": row.bid_strike,
        "ask_strike": row.ask_strike,
        "vx_points": row.future,
        "gap_points": row.gap,
        "conversion_usd_per_pair": row.conversion_usd,
        "reversal_usd_per_pair": row.reversal_usd,
        "box_usd_per_pair": row.box_usd,
        "future_inside_costs": row.inside,
    }


def summary(scans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts and sizes over all expiries with a future; gaps are absolute, of expiries with two-sided pairs."""
    rows = [row for one in scans for row in one["expiries"]]
    gaps = np.array([abs(row["gap_points"]) for row in rows if row["gap_points"] is not None])
    pays = [
        max(row["conversion_usd_per_pair"], row["reversal_usd_per_pair"])
        for row in rows
        if row["future_inside_costs"] is not None
    ]
    return {
        "chains": len(scans),
        "expiries": len(rows),
        "with_future": int(gaps.size),
        "median_abs_gap_points": float(np.median(gaps)) if gaps.size else None,
        "greatest_abs_gap_points": float(gaps.max()) if gaps.size else None,
        "conversion_or_reversal_pays": sum(value > 0.0 for value in pays),
        "inconsistent_strikes": sum(row["inconsistent_strikes"] for row in rows),
        "box_pays": sum((row["box_usd_per_pair"] or 0.0) > 0.0 for row in rows),
        "best_usd_per_pair": max(pays) if pays else None,
    }
