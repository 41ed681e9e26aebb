"""The one composition root: data, models, policy and engine are joined here and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import to_day
from alvh.core.errors import DataMissing, UsageError
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.core.fees import fee_usd
from alvh.data.load import LoadedHistory, load_history
from alvh.engine.backtest import BacktestResult
from alvh.engine.backtest import run_backtest as run_engine
from alvh.market.forwards import FORWARD_SOURCES, VixForwards, vix_forwards
from alvh.market.series import series_table
from alvh.market.signals import missing_input
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.price_case import CASES, CENTRAL, PriceCase
from alvh.models.spreads import SpreadCase
from alvh.models.spx_calibration import counts_of
from alvh.models.stand_ins import StandIn, fill_missing
from alvh.models.surface_cache import cache_dir
from alvh.models.trade_window import TradeWindow, trade_window
from alvh.models.vx_curve import curve_points, ewma
from alvh.results.attribution import Attribution, attribute
from alvh.results.discipline import discipline_document
from alvh.results.document import build_document
from alvh.results.economics import economics_document
from alvh.results.roll_down import roll_down, roll_down_document
from alvh.results.rule_acts import RuleActs, rules_document
from alvh.results.through_time import ThroughTime, exposures_document, margin_document, through_time
from alvh.results.uncertainty import CaseFigures, run_figures, uncertainty_document
from alvh.risk.betas import PUBLISHED, RollingBetas, rolling_betas, tenor_changes
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import LoadedPolicy, load_policy
from alvh.strategy.sizing import reads_betas

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
    """A finished backtest: the engine's result, its attribution, its exposures and margin through time, and the document that the
    command line prints."""

    policy: LoadedPolicy
    market: LoadedMarket
    result: BacktestResult
    attribution: Attribution
    risk: ThroughTime
    document: dict[str, Any]

    def summary_rows(self) -> list[tuple[str, str]]:
        """Label and value of the lines that a person reads first."""
        from alvh.results.summary import summary_rows

        return summary_rows(self.document)

    def write(self, out: Path) -> list[Path]:
        """Write report, document, trades, equity and policy into a folder; every file appears whole or not at all."""
        from alvh.app.report import write_run

        return write_run(self, out)


def load_market(
    source: str | Path, policy: Policy, *, start: date | None = None, end: date | None = None, case: PriceCase = CENTRAL
) -> LoadedMarket:
    """Load a history and put the modelled chain of a price case, with the half-spreads of ``policy``, on it."""
    loaded = load_history(source, start=start, end=end)
    history, stand_ins = fill_missing(loaded.history)
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + EXPIRY_HORIZON_DAYS
    vix = vix_expiries(first, last)
    series = series_table(spx_expiries(first, last), vix, xsp="XSP" in policy.condor.roots, etps=tuple(history.etps))
    forwards = vix_forwards(
        history,
        expiry=vix.expiry,
        monthly=vix.monthly,
        curve_points=curve_points(history.vix_close, ewma(history.vix_close)),
        weekly_min_volume=policy.prices.weekly_min_volume_contracts,
    )
    market = model_market(history, series, forwards.forward, case=case, spread_case=policy.costs.spread_case, cache=cache_dir())
    return LoadedMarket(market=market, loaded=loaded, stand_ins=stand_ins, forwards=forwards)


def known_betas(loaded: LoadedMarket) -> RollingBetas:
    """The rolling beta of each VX tenor as known at every close; before the first full window the published ones stand."""
    history, series = loaded.market.history, loaded.market.series
    vix = series.vix_rows
    changes = tenor_changes(
        loaded.forwards,
        sessions=history.sessions,
        expiry=series.expiry[vix],
        monthly=series.monthly[vix],
        vix=history.vix_close,
    )
    try:
        return rolling_betas(changes).filled(PUBLISHED)
    except DataMissing:  # no tenor ever fills a window
        return RollingBetas.of_stated(changes.sessions, PUBLISHED)


def with_trade_window(
    loaded: LoadedMarket, rows: NDArray[np.int64], alter: Callable[[ModelMarket], ModelMarket] = lambda market: market
) -> LoadedMarket:
    """The same market with late-morning prices rebuilt for the market rows ``rows``, ascending (for index policies).

    ``alter`` is applied to both markets, after the window was placed between the true opening and close.
    """
    market = loaded.market
    window = trade_window(
        market.history,
        market.series,
        loaded.forwards.forward,
        market.soq,
        rows,
        lambda history, series, forward: alter(model_market(history, series, forward, case=market.case, cache=cache_dir())),
    )
    return replace(loaded, market=replace(alter(market), trade_window=window))


def with_spreads(loaded: LoadedMarket, case: SpreadCase) -> LoadedMarket:
    """The same market quoted at another case of half-spreads, its trade window too."""
    market = loaded.market
    if market.spread_case == case:
        return loaded
    window = market.trade_window
    if isinstance(window, TradeWindow):
        window = replace(window, market=replace(window.market, case=replace(window.market.case, spread_case=case)))
    return replace(loaded, market=replace(market, case=replace(market.case, spread_case=case), trade_window=window))


def run_backtest(
    policy: str | Path,
    *,
    data: str | Path,
    start: date | None = None,
    end: date | None = None,
    progress: Callable[[int, int], None] | None = None,
    price_range: bool = True,
) -> BacktestOutput:
    """Load, run hedged and unhedged, attribute, and build the document; ``price_range`` adds the runs on other prices."""
    loaded_policy = load_policy(policy)
    clock = time.perf_counter()
    market = load_market(data, loaded_policy.policy, start=start, end=end)
    load_s = time.perf_counter() - clock
    return run_on(market, loaded_policy, start=start, end=end, progress=progress, load_s=load_s, price_range=price_range)


def run_on(
    market: LoadedMarket,
    policy: LoadedPolicy,
    *,
    start: date | None = None,
    end: date | None = None,
    progress: Callable[[int, int], None] | None = None,
    load_s: float = 0.0,
    price_range: bool = True,
) -> BacktestOutput:
    """Run a policy on a market that is loaded already; ``price_range`` repeats the run at both ends of each price's error."""
    if policy.policy.overlay is not None:
        raise UsageError(
            f"policy '{policy.policy.name}' is an overlay, a benchmark without condors and hedge",
            where="alvh backtest",
            allowed="a policy of condors and hedge",
            todo="rebuild an index with 'alvh study replicate INDEX'",
        )
    clock = time.perf_counter()
    sessions = market.market.sessions
    require_inputs(policy.policy, market)
    first = first_day(policy.policy, market) if start is None else to_day(start)
    last = int(sessions[-1]) if end is None else to_day(end)
    runs = 1 + len(CASES) if price_range else 1
    betas = known_betas(market) if reads_betas(policy.policy) else None
    acts = RuleActs(policy.policy)
    result = run_engine(
        policy.policy,
        market.market,
        start=first,
        end=last,
        fee_usd=fee_usd,
        progress=_part(progress, 0, runs),
        betas=betas,
        watch=acts.watch if policy.policy.rules else None,
    )
    attribution = attribute(result)
    run_s = time.perf_counter() - clock
    clock = time.perf_counter()
    known = known_betas(market) if betas is None else betas
    vix = market.market.history.vix_close
    risk = through_time(result, market.market, known, vix=vix)
    rolled = roll_down(result, attribution, market.market, vix=vix)
    carried = float(rolled.futures_usd.sum())
    parts = {
        "exposures": exposures_document(risk),
        "margin": margin_document(risk, result),
        "economics": economics_document(result, attribution, risk, futures_convergence_usd=carried),
        "roll_down": roll_down_document(result, attribution, rolled),
        "discipline": discipline_document(result, risk.margin),
        "rules": rules_document(result, acts),
    }
    risk_s = time.perf_counter() - clock
    clock = time.perf_counter()
    cases = []
    for k, case in enumerate(CASES if price_range else ()):
        other = run_engine(
            policy.policy,
            in_case(market, case),
            start=first,
            end=last,
            fee_usd=fee_usd,
            progress=_part(progress, k + 1, runs),
            betas=betas,
        )
        cases.append(CaseFigures(case=case.name, source=case.source, text=case.text, figures=run_figures(other)))
    range_s = time.perf_counter() - clock
    document = build_document(
        result,
        attribution,
        policy_sha256=policy.sha256,
        data={
            "source": market.loaded.history.source,
            "sha256": market.loaded.history.sha256,
            "modelled": modelled_counts(market, result),
        },
        timing={"load_s": round(load_s, 4), "run_s": round(run_s, 4), "risk_s": round(risk_s, 4), "range_s": round(range_s, 4)},
        parts=parts,
        acts=acts,
    )
    if cases:
        document["pricing_uncertainty"] = uncertainty_document(run_figures(result), cases)
    return BacktestOutput(policy=policy, market=market, result=result, attribution=attribution, risk=risk, document=document)


def require_inputs(policy: Policy, loaded: LoadedMarket) -> None:
    """Refuse a policy of which a rule reads a signal that the data can't give at all, naming the file that it waits for."""
    for rule in policy.rules:
        for name in rule.when.signals() if rule.when_missing == "refuse" else ():
            file = missing_input(loaded.market.history, name)
            if file is not None:
                raise DataMissing(
                    f"rule '{rule.name}' reads {name}, and the data have no input for it",
                    where=loaded.loaded.history.source,
                    allowed=file,
                    todo=f'add the file, or set when_missing = "off" in the rule, or take the rule {rule.name} out',
                )


def first_day(policy: Policy, loaded: LoadedMarket) -> int:
    """The first session of a run that names none: VIX options are listed, and every rule that must be has its signals' values."""
    market = loaded.market
    row = max(loaded.loaded.start_row, int(np.searchsorted(market.sessions, VIX_OPTIONS_START)))
    for rule in policy.rules:
        for name in rule.when.signals() if rule.when_missing == "refuse" else ():
            known = np.flatnonzero(np.isfinite(market.signal(name)[row:]))
            row += int(known[0]) if known.size else 0
    return int(market.sessions[min(row, len(market.sessions) - 1)])


def _part(progress: Callable[[int, int], None] | None, k: int, runs: int) -> Callable[[int, int], None] | None:
    """The progress of run ``k`` of ``runs`` equal ones."""
    if progress is None:
        return None
    return lambda done, total: progress(k * total + done, runs * total)


def in_case(loaded: LoadedMarket, case: PriceCase) -> ModelMarket:
    """The same history on the prices of another case; half-spreads stay the policy's unless the case varies them."""
    market = loaded.market
    spreads = None if case.spread_case != CENTRAL.spread_case else market.spread_case
    return model_market(market.history, market.series, loaded.forwards.forward, case=case, spread_case=spreads, cache=cache_dir())


def modelled_counts(market: LoadedMarket, result: BacktestResult) -> dict[str, int]:
    """Sessions of the run, by input, whose value a model, an approximation or a carried value supplied."""
    history = market.market.history
    rows = slice(result.first, result.first + len(result.sessions))
    # dividends paid are read by accounts that hold the index, and no backtest of condors and hedge does
    counts = {name: int(mask[rows].sum()) for name, mask in history.modelled.items() if name != "dividend_points"}
    curve = FORWARD_SOURCES.index("curve model")
    counts["vx"] = int((market.forwards.source[rows] == curve).any(axis=1).sum())
    counts["spx_option_prices"] = counts["vix_option_prices"] = len(result.sessions)
    states = counts_of(market.market.calibration.state[rows])
    counts |= {f"spx_surface_{name}": count for name, count in states.items()}
    counts["spx_spread_capped"] = sum(rows.start <= index < rows.stop for index in market.market.spread_count.capped)
    settled = {(lot.series, lot.close_index) for lot in result.lots if lot.close_kind == "settled"}
    approximate = {index for series, index in settled if not market.market.settlement(series, index).published}
    counts["settlement_value"] = len(approximate)
    return {name: count for name, count in sorted(counts.items()) if count or not name.startswith("spx_s")}
