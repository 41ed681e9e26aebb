"""The one JSON document of a run: ``alvh backtest --json``. Keys are the public contract; units are in their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Lot
from alvh.engine.session import ACTUAL_360
from alvh.results.attribution import CAUSES, Attribution
from alvh.results.metrics import RunMetrics, summarise
from alvh.results.presence import presence_document
from alvh.results.rule_acts import RuleActs

Floats = NDArray[np.float64]

SCHEMA = "alvh.backtest/1"
DAYS_PER_MONTH = 365.25 / 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSums:
    """Dollars of one layer over a run; premium and payoff at mid, costs apart.

    ``contracts`` bought: of a spread its bought leg. A sold leg's price counts against the premium, what it costs to settle or
    buy back against the payoff. A future's gain is its payoff, up to its last mark. Shares of a fund are dollars, no contracts.
    """

    contracts: int
    premium_usd: float
    payoff_usd: float
    open_value_usd: float
    slippage_usd: float
    fees_usd: float

    @property
    def net_usd(self) -> float:
        return self.payoff_usd + self.open_value_usd - self.premium_usd - self.slippage_usd - self.fees_usd


def lot_costs(lot: Lot) -> tuple[float, float]:
    """Slippage and fees of a lot so far, positive dollars."""
    usd = lot.quantity * lot.multiplier_usd
    slippage, fees = usd * (lot.open_price - lot.open_mid), lot.open_fees_usd
    if lot.close_kind == "closed":
        slippage += usd * (lot.close_mid - lot.close_price)
        fees += lot.close_fees_usd
    return slippage, fees


def layer_sums(result: BacktestResult, layer: int) -> LayerSums:
    """Add up one layer; its open value is the last session's mark."""
    contracts = 0
    premium = payoff = slippage = fees = 0.0
    for lot in result.lots:
        if lot.layer != layer:
            continue
        usd = lot.quantity * lot.multiplier_usd
        contracts += 0 if lot.is_share else max(lot.quantity, 0)
        if lot.is_future:  # nothing is paid for it: its gain is its payoff
            payoff += usd * ((lot.close_mid if lot.close_kind else lot.marked) - lot.open_mid)
        else:
            premium += usd * lot.open_mid
            payoff += usd * lot.close_mid if lot.close_kind else 0.0
        cost = lot_costs(lot)
        slippage, fees = slippage + cost[0], fees + cost[1]
    return LayerSums(
        contracts=contracts,
        premium_usd=premium,
        payoff_usd=payoff,
        open_value_usd=float(result.record.layer_value_usd[layer, -1]),
        slippage_usd=slippage,
        fees_usd=fees,
    )


def bill_returns(result: BacktestResult) -> Floats:
    """What one dollar in bills earned in each session of the run, the first 0."""
    rate = result.market.bill_rate[result.first : result.first + len(result.sessions)]
    days = np.diff(result.sessions, prepend=result.sessions[0])
    return np.concatenate(([0.0], rate[:-1])) * days / ACTUAL_360


def run_metrics(result: BacktestResult) -> dict[str, RunMetrics]:
    """Metrics of the hedged and the unhedged run."""
    account = result.policy.account
    bills = bill_returns(result)
    return {
        name: summarise(result.sessions, equity, account.equity_usd, bills, compound=account.compound)
        for name, equity in (
            ("hedged", result.record.equity_hedged_usd),
            ("unhedged", result.record.equity_unhedged_usd),
        )
    }


def _metrics_row(metrics: RunMetrics) -> dict[str, Any]:
    return {
        "total_return": metrics.total_return,
        "cagr": metrics.cagr,
        "vol": metrics.vol,
        "sharpe": metrics.sharpe,
        "max_drawdown": metrics.max_drawdown,
        "expected_shortfall_95": metrics.expected_shortfall_95,
        "worst_day": {"session": metrics.worst_day.session, "return": metrics.worst_day.daily_return},
        "ruin_session": metrics.ruin_session,
    }


def _condors(result: BacktestResult, attribution: Attribution) -> dict[str, Any]:
    lots = [lot for lot in result.lots if lot.layer < 0]
    costs = [lot_costs(lot) for lot in lots]
    return {
        "entries": result.entries,
        "lots": result.entry_lots,
        "credit_usd": -sum(lot.quantity * lot.multiplier_usd * lot.open_price for lot in lots),
        "slippage_usd": sum(cost[0] for cost in costs),
        "fees_usd": sum(cost[1] for cost in costs),
        "net_usd": float(attribution.pnl_usd[0].sum()),
        "minimum_above_share": result.counters.small_account,
    }


def months(result: BacktestResult) -> float:
    """Calendar months from the first session to the last, at least one session's worth."""
    return max(float(result.sessions[-1] - result.sessions[0]), 1.0) / DAYS_PER_MONTH


def cost_pct_per_month(result: BacktestResult, net_usd: float, credit_usd: float) -> dict[str, float | None]:
    """−net ÷ months ÷ mean of the reading over sessions with open condors, per cent; ``credit``: credit received a month."""
    record = result.record
    open_sessions = record.condor_lots > 0
    span = months(result)

    def of(reading: float) -> float | None:
        return -net_usd / span / reading * 100.0 + 0.0 if reading > 0.0 else None

    if not open_sessions.any():
        return {"index_notional": None, "risk_capital": None, "credit": None}
    return {
        "index_notional": of(float(record.index_notional_usd[open_sessions].mean())),
        "risk_capital": of(float(record.risk_capital_usd[open_sessions].mean())),
        "credit": of(credit_usd / span),
    }


def build_document(
    result: BacktestResult,
    attribution: Attribution,
    *,
    policy_sha256: str,
    data: Mapping[str, Any],
    timing: Mapping[str, float],
    parts: Mapping[str, Any] | None = None,
    acts: RuleActs | None = None,
) -> dict[str, Any]:
    """The document; ``data`` carries source, hash and the modelled inputs' counts, ``parts`` stand in it as they are.

    ``acts``: what the rules did, of a run that was watched.
    """
    metrics = run_metrics(result)
    condors = _condors(result, attribution)
    presence, held = presence_document(result, acts)
    layers = []
    total = 0.0
    for k, layer in enumerate(result.policy.hedge.layers if result.policy.hedge.enabled else ()):
        sums = layer_sums(result, k)
        total += sums.net_usd
        layers.append(
            {
                "name": layer.name,
                "instrument": layer.instrument,
                **({"etp": layer.etp} if layer.is_share else {}),
                "rolls": result.counters.rolls.get(k, 0),
                "empty_windows": result.counters.empty_windows.get(k, 0),
                "contracts": sums.contracts,
                "premium_usd": sums.premium_usd,
                "payoff_usd": sums.payoff_usd,
                "open_value_usd": sums.open_value_usd,
                "slippage_usd": sums.slippage_usd,
                "fees_usd": sums.fees_usd,
                "net_usd": sums.net_usd,
                "cost_pct_per_month": cost_pct_per_month(result, sums.net_usd, condors["credit_usd"]),
                **held[k],
            }
        )
    record = result.record
    return {
        "schema": SCHEMA,
        "policy": {"name": result.policy.name, "sha256": policy_sha256},
        "data": {**data, "from": iso(result.sessions[0]), "to": iso(result.sessions[-1]), "sessions": len(result.sessions)},
        "runs": {name: _metrics_row(row) for name, row in metrics.items()},
        "condors": condors,
        "hedge": {
            "layers": layers,
            **presence,
            "interest_usd": float((record.interest_hedged_usd - record.interest_unhedged_usd).sum()),
            "net_usd": total,
            "cost_pct_per_month": cost_pct_per_month(result, total, condors["credit_usd"]),
        },
        "attribution": _attribution_rows(result, attribution),
        "checks": {
            "max_identity_error_usd": attribution.max_identity_error_usd,
            "max_attribution_error_usd": attribution.max_attribution_error_usd,
            "unexplained_share": attribution.unexplained_share,
            "quoted_share": 1.0 if result.market.price_source == "quote" else 0.0,
        },
        "counts": {
            "stranded_lots": result.counters.stranded,
            "no_market": result.counters.no_market,
            "refused": dict(result.counters.refused),
            "held_back": dict(result.counters.held_back),
        },
        **(parts or {}),
        "timing": dict(timing),
    }


def _attribution_rows(result: BacktestResult, attribution: Attribution) -> dict[str, dict[str, float]]:
    names = ["condor", *(layer.name for layer in result.policy.hedge.layers)]
    return {
        name: {cause: float(attribution.pnl_usd[k, c].sum()) for c, cause in enumerate(CAUSES)} for k, name in enumerate(names)
    }
