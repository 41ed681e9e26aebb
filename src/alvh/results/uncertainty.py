"""What a result is worth when its prices are uncertain: the same run on other prices, one source at a time, and the range of all.

Each source of error is run at its low and its high end. The range of a figure is its central value less the root of the sum of
squares of every source's worst fall, and plus that of every source's best rise: sources are taken as independent of each other,
and each as wrong in the same direction in every session of the run, which is the cautious reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

from alvh.engine.backtest import BacktestResult
from alvh.results.document import months
from alvh.results.metrics import max_drawdown
from alvh.results.tables import Kind

FIGURES: Final[tuple[tuple[str, str, Kind], ...]] = (
    ("condor_net_usd", "Condors, after costs", "pnl"),
    ("hedge_net_usd", "Hedge, after costs", "pnl"),
    ("hedged_pnl_usd", "Book with hedge", "pnl"),
    ("unhedged_pnl_usd", "Book without hedge", "pnl"),
    ("hedged_max_drawdown", "Maximum drawdown with hedge", "percent"),
    ("unhedged_max_drawdown", "Maximum drawdown without hedge", "percent"),
    ("hedge_cost_pct_of_index_notional_per_month", "Hedge cost, % of index notional a month", "level"),
)
"""Key, label and kind of every figure that carries a range."""
METHOD: Final = (
    "each source at its low and high end in every session, sources independent: central -/+ root of the sum of squares of the "
    "worst falls / best rises"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigures:
    """The figures of one run: ``source`` is what it varies, ``text`` how far, and why that far."""

    case: str
    source: str
    text: str
    figures: Mapping[str, float]


def run_figures(result: BacktestResult) -> dict[str, float]:
    """The figures of :data:`FIGURES` of a finished run."""
    record, account = result.record, result.policy.account.equity_usd
    interest = float(record.interest_unhedged_usd.sum())
    extra = float((record.interest_hedged_usd - record.interest_unhedged_usd).sum())
    hedged, unhedged = record.equity_hedged_usd, record.equity_unhedged_usd
    open_sessions = record.condor_lots > 0
    notional = float(record.index_notional_usd[open_sessions].mean()) if open_sessions.any() else 0.0
    hedge = float(hedged[-1] - unhedged[-1]) - extra
    compound = result.policy.account.compound
    return {
        "condor_net_usd": float(unhedged[-1]) - account - interest,
        "hedge_net_usd": hedge,
        "hedged_pnl_usd": float(hedged[-1]) - account,
        "unhedged_pnl_usd": float(unhedged[-1]) - account,
        "hedged_max_drawdown": max_drawdown(hedged, account, compound=compound),
        "unhedged_max_drawdown": max_drawdown(unhedged, account, compound=compound),
        "hedge_cost_pct_of_index_notional_per_month": -hedge / months(result) / notional * 100.0 + 0.0 if notional > 0.0 else 0.0,
    }


def price_range(central: Mapping[str, float], cases: Sequence[CaseFigures]) -> dict[str, dict[str, float]]:
    """Low, central and high of every figure over the sources of ``cases``."""
    sources = list(dict.fromkeys(case.source for case in cases))
    found = {}
    for key, value in central.items():
        falls = rises = 0.0
        for source in sources:
            moves = [case.figures[key] - value for case in cases if case.source == source]
            falls += min(0.0, *moves) ** 2
            rises += max(0.0, *moves) ** 2
        found[key] = {"low": value - sqrt(falls), "central": value, "high": value + sqrt(rises)}
    return found


def uncertainty_document(central: Mapping[str, float], cases: Sequence[CaseFigures]) -> dict[str, Any]:
    """The part of the run's document: the range of every figure, and every case behind it."""
    return {
        "method": METHOD,
        "range": price_range(central, cases),
        "cases": [{"case": case.case, "source": case.source, "what": case.text, "figures": dict(case.figures)} for case in cases],
    }
