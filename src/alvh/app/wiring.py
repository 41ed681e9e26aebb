"""The one composition root: data, models, policy and engine are joined here and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from alvh.core.days import to_day
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.core.fees import fee_usd
from alvh.data.load import LoadedHistory, load_history
from alvh.engine.backtest import BacktestResult
from alvh.engine.backtest import run_backtest as run_engine
from alvh.market.forwards import FORWARD_SOURCES, VixForwards, vix_forwards
from alvh.market.series import series_table
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.stand_ins import StandIn, fill_missing
from alvh.models.vx_curve import curve_points, ewma
from alvh.results.attribution import Attribution, attribute
from alvh.results.document import build_document
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import LoadedPolicy, load_policy

VIX_OPTIONS_START = to_day(date(2006, 2, 24))
"""VIX options are listed since 24 February 2006: the first session of a run that names none."""
EXPIRY_HORIZON_DAYS = 500
"""Expiries are listed at most about a year ahead; the tables reach this far beyond the last session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedMarket:
    """A modelled market with the provenance of everything that it rests on."""

    market: ModelMarket
    loaded: LoadedHistory
    stand_ins: tuple[StandIn, ...]
    forwards: VixForwards


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOutput:
    """A finished backtest: the engine's result, its attribution, and the document that the command line prints."""

    policy: LoadedPolicy
    market: LoadedMarket
    result: BacktestResult
    attribution: Attribution
    document: dict[str, Any]

    def summary_rows(self) -> list[tuple[str, str]]:
        """Label and value of the lines that a person reads first."""
        from alvh.results.summary import summary_rows

        return summary_rows(self.document)

    def write(self, out: Path) -> list[Path]:
        """Write report, document, trades, equity and policy into a folder; every file appears whole or not at all."""
        from alvh.app.report import write_run

        return write_run(self, out)


def load_market(source: str | Path, policy: Policy, *, start: date | None = None, end: date | None = None) -> LoadedMarket:
    """Load a history and put the modelled chain of ``policy``'s cost case on it."""
    loaded = load_history(source, start=start, end=end)
    history, stand_ins = fill_missing(loaded.history)
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + EXPIRY_HORIZON_DAYS
    vix = vix_expiries(first, last)
    series = series_table(spx_expiries(first, last), vix, xsp="XSP" in policy.condor.roots)
    forwards = vix_forwards(
        history,
        expiry=vix.expiry,
        monthly=vix.monthly,
        curve_points=curve_points(history.vix_close, ewma(history.vix_close)),
        weekly_min_volume=policy.prices.weekly_min_volume_contracts,
    )
    market = model_market(history, series, forwards.forward, spread_case=policy.costs.spread_case)
    return LoadedMarket(market=market, loaded=loaded, stand_ins=stand_ins, forwards=forwards)


def run_backtest(
    policy: str | Path,
    *,
    data: str | Path,
    start: date | None = None,
    end: date | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BacktestOutput:
    """Load, run hedged and unhedged, attribute, and build the document."""
    loaded_policy = load_policy(policy)
    clock = time.perf_counter()
    market = load_market(data, loaded_policy.policy, start=start, end=end)
    load_s = time.perf_counter() - clock
    return run_on(market, loaded_policy, start=start, end=end, progress=progress, load_s=load_s)


def run_on(
    market: LoadedMarket,
    policy: LoadedPolicy,
    *,
    start: date | None = None,
    end: date | None = None,
    progress: Callable[[int, int], None] | None = None,
    load_s: float = 0.0,
) -> BacktestOutput:
    """Run a policy on a market that is loaded already."""
    clock = time.perf_counter()
    sessions = market.market.sessions
    first = max(int(sessions[market.loaded.start_row]), VIX_OPTIONS_START) if start is None else to_day(start)
    result = run_engine(
        policy.policy,
        market.market,
        start=first,
        end=int(sessions[-1]) if end is None else to_day(end),
        fee_usd=fee_usd,
        progress=progress,
    )
    attribution = attribute(result)
    run_s = time.perf_counter() - clock
    document = build_document(
        result,
        attribution,
        policy_sha256=policy.sha256,
        data={
            "source": market.loaded.history.source,
            "sha256": market.loaded.history.sha256,
            "modelled": modelled_counts(market, result),
        },
        timing={"load_s": round(load_s, 4), "run_s": round(run_s, 4)},
    )
    return BacktestOutput(policy=policy, market=market, result=result, attribution=attribution, document=document)


def modelled_counts(market: LoadedMarket, result: BacktestResult) -> dict[str, int]:
    """Sessions of the run, by input, whose value a model, an approximation or a carried value supplied."""
    history = market.market.history
    rows = slice(result.first, result.first + len(result.sessions))
    counts = {name: int(mask[rows].sum()) for name, mask in history.modelled.items()}
    curve = FORWARD_SOURCES.index("curve model")
    counts["vx"] = int((market.forwards.source[rows] == curve).any(axis=1).sum())
    counts["spx_option_prices"] = counts["vix_option_prices"] = len(result.sessions)
    counts["spx_surface_lifted"] = int(market.market.lifted[rows].sum())
    counts["spx_spread_capped"] = sum(rows.start <= index < rows.stop for index in market.market.spread_count.capped)
    settled = {(lot.series, lot.close_index) for lot in result.lots if lot.close_kind == "settled"}
    approximate = {index for series, index in settled if not market.market.settlement(series, index).published}
    counts["settlement_value"] = len(approximate)
    return {name: count for name, count in sorted(counts.items()) if count or not name.startswith("spx_s")}
