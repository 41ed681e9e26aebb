"""The figures of one run of an ablation: everything that its document says of a variant by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, to_day
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Lot
from alvh.results.breakdown import PERIODS
from alvh.results.document import cost_pct_per_month, layer_sums, run_metrics
from alvh.results.economics import month_start_vix, months_of
from alvh.results.metrics import daily_pnl, max_drawdown
from alvh.risk.costs import cost_by_regime
from alvh.risk.episodes import EPISODES
from alvh.study.ablate.firing import Watch, unknown_sessions

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRun:
    """A finished run as it is kept: equities at each close, (sessions,) dollars, and its figures as plain JSON values."""

    equity_hedged_usd: Floats
    equity_unhedged_usd: Floats
    figures: Mapping[str, Any]


def run_record(result: BacktestResult, watch: Watch) -> VariantRun:
    """Sum up a run that ``watch`` has seen session by session."""
    record, account = result.record, result.policy.account
    both = run_metrics(result)
    metrics, unhedged = both["hedged"], both["unhedged"]
    layers = result.policy.hedge.layers if result.policy.hedge.enabled else ()
    net = sum(layer_sums(result, k).net_usd for k in range(len(layers)))
    credit = np.zeros(len(result.sessions))
    for lot in result.lots:
        if lot.layer < 0:
            credit[lot.open_index - result.first] -= lot.quantity * lot.multiplier_usd * lot.open_price
    cost = cost_pct_per_month(result, net, float(credit.sum()))
    extra = float((record.interest_hedged_usd - record.interest_unhedged_usd).sum())
    sessions = len(result.sessions)
    figures = {
        "carry_pct_per_month": cost["index_notional"],
        "carry_pct_of_credit": cost["credit"],
        "max_drawdown": metrics.max_drawdown,
        "expected_shortfall_95": metrics.expected_shortfall_95,
        "unhedged_max_drawdown": unhedged.max_drawdown,
        "total_return": metrics.total_return,
        "ruin_session": metrics.ruin_session,
        "hedge_net_usd": net,
        "hedge_interest_usd": extra,
        "condor_net_usd": float(record.equity_unhedged_usd[-1] - account.equity_usd - record.interest_unhedged_usd.sum()),
        "condors": {"entries": result.entries, "lots": result.entry_lots, "sha256": condor_digest(result.lots)},
        "sessions": sessions,
        "sessions_hedged": watch.hedged_sessions,
        "rolls": {layer.name: result.counters.rolls.get(k, 0) for k, layer in enumerate(layers)},
        "off_schedule": {layer.name: result.counters.off_schedule.get(k, 0) for k, layer in enumerate(layers)},
        "episodes": _episodes(result),
        "periods": _periods(result),
        "cost_of_credit": _by_regime(result, credit),
        "fired": watch.fired(result),
        "off_for_lack_of_data": unknown_sessions(result),
    }
    return VariantRun(equity_hedged_usd=record.equity_hedged_usd, equity_unhedged_usd=record.equity_unhedged_usd, figures=figures)


def condor_digest(lots: tuple[Lot, ...]) -> str:
    """SHA-256 of every condor lot: contract, quantity, and session and price of opening and close."""
    digest = hashlib.sha256()
    for lot in lots:
        if lot.layer == -1:
            ends = (lot.open_index, lot.open_price, lot.close_index, lot.close_price, lot.close_kind)
            digest.update(repr((lot.series, lot.strike, lot.right, lot.quantity, *ends)).encode())
    return digest.hexdigest()


def _rows(sessions: DayArray, first: int, last: int) -> slice:
    """Rows of the sessions from ``first`` to ``last``, both included."""
    return slice(int(np.searchsorted(sessions, first)), int(np.searchsorted(sessions, last, side="right")))


def _episodes(result: BacktestResult) -> dict[str, dict[str, Any] | None]:
    """Dollars of the book with and without its hedge between the closes of each episode; None where the run lacks a part."""
    sessions, record = result.sessions, result.record
    found: dict[str, dict[str, Any] | None] = {}
    for name, first, last in EPISODES:
        if to_day(first) < sessions[0] or to_day(last) > sessions[-1]:
            found[name] = None
            continue
        rows = _rows(sessions, to_day(first) + 1, to_day(last))
        hedged = float(daily_pnl(record.equity_hedged_usd, 0.0)[rows].sum())
        unhedged = float(daily_pnl(record.equity_unhedged_usd, 0.0)[rows].sum())
        found[name] = {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "pnl_usd": hedged,
            "condor_pnl_usd": unhedged,
            "hedge_pnl_usd": hedged - unhedged,
        }
    return found


def _periods(result: BacktestResult) -> dict[str, dict[str, Any]]:
    """P&L and drawdown of the parts that are reported apart; drawdowns count from each part's own start, over the account."""
    sessions, account = result.sessions, result.policy.account.equity_usd
    found = {}
    for name, first_year, last_year in PERIODS:
        rows = _rows(sessions, to_day(date(first_year, 1, 1)), to_day(date(last_year, 12, 31)))
        if rows.stop == rows.start:
            continue
        equity = result.record.equity_hedged_usd
        before = float(equity[rows.start - 1]) if rows.start else account
        hedged = equity[rows] - before
        bare = daily_pnl(result.record.equity_unhedged_usd, account)[rows]
        found[name] = {
            "sessions": rows.stop - rows.start,
            "pnl_usd": float(hedged[-1]),
            "hedge_pnl_usd": float(hedged[-1] - bare.sum()),
            "max_drawdown": max_drawdown(hedged + account, account),
        }
    return found


def _by_regime(result: BacktestResult, credit: Floats) -> list[dict[str, Any]]:
    """R54, R34: the hedge's loss over the credit received, by VIX before each month; the first regime is the calm one."""
    record, months = result.record, months_of(result.sessions)
    hedge = daily_pnl(record.equity_hedged_usd, 0.0) - daily_pnl(record.equity_unhedged_usd, 0.0)
    hedge -= record.interest_hedged_usd - record.interest_unhedged_usd
    cost, received = (np.asarray(np.bincount(months, weights=usd), dtype=np.float64) for usd in (-hedge, credit))
    regimes = cost_by_regime(month_start_vix(result), cost, received)
    return [
        {"regime": row.label, "months": row.months, "cost_usd": row.cost_usd, "credit_usd": row.credit_usd, "ratio": row.ratio}
        for row in regimes
    ]
