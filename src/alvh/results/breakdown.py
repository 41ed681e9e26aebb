"""Rows of a run for its report: periods, episodes, worst days, the best months taken out, rolls and settlements."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso, to_day
from alvh.engine.backtest import BacktestResult
from alvh.results.attribution import Attribution
from alvh.results.document import bill_returns
from alvh.results.metrics import daily_pnl, summarise
from alvh.results.periods import pnl_by_month, without_best_months
from alvh.risk.episodes import EPISODES

Floats = NDArray[np.float64]

PERIODS = (("2007-2012", 2007, 2012), ("2013-2016", 2013, 2016), ("2017-2026", 2017, 2026))
"""Reported apart, since spreads before 2013 rest on few quotes (method-as-published.md, section G)."""


def hedge_pnl(result: BacktestResult) -> Floats:
    """Daily dollars by which the hedged equity changed more than the unhedged, its interest included."""
    return daily_pnl(result.record.equity_hedged_usd, 0.0) - daily_pnl(result.record.equity_unhedged_usd, 0.0)


def _span(result: BacktestResult, first: int, last: int) -> slice | None:
    lo, hi = int(np.searchsorted(result.sessions, first)), int(np.searchsorted(result.sessions, last, side="right"))
    return slice(lo, hi) if hi > lo else None


def period_rows(result: BacktestResult) -> tuple[dict[str, Any], ...]:
    """The whole run and its parts; returns and drawdowns are dollars over the account."""
    account = result.policy.account.equity_usd
    bills = bill_returns(result)
    start, end = int(result.sessions[0]), int(result.sessions[-1])
    named = [("whole run", start, end)]
    named += [(name, to_day(date(a, 1, 1)), to_day(date(b, 12, 31))) for name, a, b in PERIODS]
    rows = []
    for name, first, last in named:
        rows_in = _span(result, first, last)
        if rows_in is None:
            continue
        row: dict[str, Any] = {"period": name, "sessions": rows_in.stop - rows_in.start}
        for label, equity in (("hedged", result.record.equity_hedged_usd), ("unhedged", result.record.equity_unhedged_usd)):
            before = equity[rows_in.start - 1] if rows_in.start else account
            metrics = summarise(
                result.sessions[rows_in], equity[rows_in] - before + account, account, bills[rows_in], compound=False
            )
            row[f"{label}_return"] = metrics.total_return
            row[f"{label}_vol"] = metrics.vol
            row[f"{label}_max_drawdown"] = metrics.max_drawdown
        row["hedge_pnl_usd"] = float(hedge_pnl(result)[rows_in].sum())
        rows.append(row)
    return tuple(rows)


def episode_rows(result: BacktestResult, attribution: Attribution) -> tuple[dict[str, Any], ...]:
    """Known episodes inside the run: what SPX and VIX did, what the condors lost and each layer gained."""
    spx, vix = result.market.signal("spx"), result.market.signal("vix")
    rows = []
    for name, first, last in EPISODES:
        rows_in = _span(result, to_day(first) + 1, to_day(last))
        if rows_in is None or to_day(first) < result.sessions[0] or to_day(last) > result.sessions[-1]:
            continue
        a, b = result.first + rows_in.start - 1, result.first + rows_in.stop - 1
        row: dict[str, Any] = {
            "episode": name,
            "from": first.isoformat(),
            "to": last.isoformat(),
            "spx_return": float(spx[b] / spx[a] - 1.0),
            "vix_change_points": float(vix[b] - vix[a]),
            "condor_pnl_usd": float(attribution.sleeve_pnl_usd(0)[rows_in].sum()),
        }
        for k, layer in enumerate(result.policy.hedge.layers):
            row[f"{layer.name}_pnl_usd"] = float(attribution.sleeve_pnl_usd(k + 1)[rows_in].sum())
        row["hedged_pnl_usd"] = float(daily_pnl(result.record.equity_hedged_usd, 0.0)[rows_in].sum())
        row["unhedged_pnl_usd"] = float(daily_pnl(result.record.equity_unhedged_usd, 0.0)[rows_in].sum())
        rows.append(row)
    return tuple(rows)


def worst_day_rows(result: BacktestResult, attribution: Attribution, count: int = 20) -> tuple[dict[str, Any], ...]:
    """The worst sessions of the unhedged book and what the hedge did on them."""
    account = result.policy.account.equity_usd
    unhedged = daily_pnl(result.record.equity_unhedged_usd, account)
    hedged = daily_pnl(result.record.equity_hedged_usd, account)
    spx, vix = result.market.signal("spx"), result.market.signal("vix")
    rows = []
    for k in np.argsort(unhedged, kind="stable")[:count].tolist():
        index = result.first + k
        row: dict[str, Any] = {
            "session": iso(result.sessions[k]),
            "spx_return": float(spx[index] / spx[index - 1] - 1.0) if index else None,
            "vix_change_points": float(vix[index] - vix[index - 1]) if index else None,
            "hedged_pnl_usd": float(hedged[k]),
            "unhedged_pnl_usd": float(unhedged[k]),
            "condor_pnl_usd": float(attribution.sleeve_pnl_usd(0)[k]),
        }
        for layer_row, layer in enumerate(result.policy.hedge.layers):
            row[f"{layer.name}_pnl_usd"] = float(attribution.sleeve_pnl_usd(layer_row + 1)[k])
        rows.append(row)
    return tuple(rows)


def without_best_rows(result: BacktestResult) -> tuple[dict[str, Any], ...]:
    """The hedge's total with its best 1, 3 and 5 months taken out."""
    found = without_best_months(pnl_by_month(result.sessions, hedge_pnl(result)))
    return tuple(
        {
            "months_removed": row.removed,
            "months": ", ".join(row.months),
            "removed_usd": row.removed_usd,
            "hedge_pnl_usd": row.total_usd,
        }
        for row in found
    )


def roll_rows(result: BacktestResult) -> tuple[dict[str, Any], ...]:
    """Every order of the hedge layers."""
    names = [layer.name for layer in result.policy.hedge.layers]
    return tuple(
        {
            "session": iso(line.session),
            "layer": names[line.layer],
            "action": line.action + (" (fallback)" if line.fallback else ""),
            "from": line.old_contract or None,
            "to": line.new_contract or None,
            "quantity": line.quantity,
            "price": None if np.isnan(line.price) else round(line.price, 4),
            "asked_by": "calendar" if line.scheduled else "rule",
            "reason": line.reason,
        }
        for line in result.roll_lines
    )


def settlement_rows(result: BacktestResult) -> tuple[dict[str, Any], ...]:
    """Every expiry that settled, with its value and where the value comes from."""
    table = result.market.series
    seen: dict[tuple[int, int, str], int] = {}
    for lot in result.lots:
        if lot.close_kind == "settled":
            key = lot.series, lot.close_index, str(lot.future or table.roots[lot.series])
            seen[key] = seen.get(key, 0) + abs(lot.quantity)
    rows = []
    for (series, index, root), contracts in sorted(seen.items(), key=lambda item: item[0][1]):
        settlement = result.market.settlement(series, index)
        rows.append(
            {
                "session": iso(result.market.sessions[index]),
                "series": f"{root} {iso(table.expiry[series])}",
                "settlement": table.style(series).value,
                "value": round(settlement.value, 4),
                "source": settlement.source,
                "published": "yes" if settlement.published else "no, approximated",
                "contracts": contracts,
            }
        )
    return tuple(rows)
