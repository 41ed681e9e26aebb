"""The backtest driver: hedged and unhedged in one run on the same condor trades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import DataMissing
from alvh.engine.book import Book
from alvh.engine.book_limits import book_limits
from alvh.engine.break_even_strike import break_even_strike
from alvh.engine.broker import Broker, Counters
from alvh.engine.condor_orders import CondorDesk, CondorMemo
from alvh.engine.desk_log import DeskLog, RollLine
from alvh.engine.hedge_size import hedge_sizer
from alvh.engine.layer_orders import LayerDesk
from alvh.engine.ledger import Ledger, Lot
from alvh.engine.mixed_size import mixed_sizer
from alvh.engine.orders import Desk
from alvh.engine.overlay import OverlayDesk
from alvh.engine.reserve import Reserve, reserve_layers
from alvh.engine.session import Record, Run, SessionTrace, run_session
from alvh.market.market import Market
from alvh.risk.betas import RollingBetas
from alvh.strategy.overlay_rules import overlay_days
from alvh.strategy.policy import Policy
from alvh.strategy.rule_table import RuleTable, rule_table
from alvh.strategy.schedule import entry_days, grid_days, roll_due_sessions
from alvh.strategy.view import Memory

PROGRESS_SESSIONS = 50
"""Sessions between two calls of the progress function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """A finished run; ``run`` is what carried it, as it stands after the last session.

    ``record`` has one row per session of ``sessions``; lots and ledger entries index market rows.
    """

    policy: Policy
    market: Market
    first: int
    sessions: DayArray
    record: Record
    ledger: Ledger
    lots: tuple[Lot, ...]
    counters: Counters
    roll_lines: tuple[RollLine, ...]
    refusals: tuple[tuple[int, str, str], ...]
    entries: int
    entry_lots: int
    rules: RuleTable
    memory: Memory
    run: Run
    overlay_rolls: int = 0
    bands_by_settlement: int = 0


def signal_names(policy: Policy) -> tuple[str, ...]:
    """Signals that the policy's rules read, each once."""
    return tuple(dict.fromkeys(name for rule in policy.rules for name in rule.when.signals()))


def run_backtest(
    policy: Policy,
    market: Market,
    *,
    start: int,
    end: int,
    fee_usd: Callable[[Root, int], float],
    progress: Callable[[int, int], None] | None = None,
    betas: RollingBetas | None = None,
    memo: CondorMemo | None = None,
    watch: Callable[[Run, int, SessionTrace], None] | None = None,
) -> BacktestResult:
    """Run a policy over the sessions from ``start`` to ``end`` (days, both included).

    ``memo`` keeps condor choices between runs; ``watch`` is called after every session. ``betas``, one row a market session, are
    read by sizes that are solved; without them the published ones stand, counted.
    Raises :class:`DataMissing` where the market has no session in that range.
    """
    sessions = market.sessions
    first, stop = int(np.searchsorted(sessions, start)), int(np.searchsorted(sessions, end, side="right"))
    if first >= stop:
        raise DataMissing(
            f"no session between {iso(start)} and {iso(end)}",
            allowed=f"{iso(sessions[0])} to {iso(sessions[-1])}",
            todo="choose dates inside the data",
        )
    run = prepare(policy, market, first, stop, fee_usd=fee_usd, betas=betas, memo=memo)
    for index in range(first, stop):
        trace = run_session(run, index)
        if watch is not None:
            watch(run, index, trace)
        if progress is not None and (index - first) % PROGRESS_SESSIONS == 0:
            progress(index - first + 1, stop - first)
    if progress is not None:
        progress(stop - first, stop - first)
    return BacktestResult(
        policy=policy,
        market=market,
        first=first,
        sessions=sessions[first:stop],
        record=run.record,
        ledger=run.ledger,
        lots=tuple(run.book.all_lots),
        counters=run.counters,
        roll_lines=tuple(run.desk.log.roll_lines),
        refusals=tuple(run.desk.log.refusals),
        entries=run.desk.condors.entries,
        entry_lots=run.desk.condors.entry_lots,
        rules=run.rules,
        memory=run.memory,
        run=run,
        overlay_rolls=0 if run.overlay_desk is None else run.overlay_desk.rolls,
        bands_by_settlement=0 if run.overlay_desk is None else run.overlay_desk.bands_by_settlement,
    )


def prepare(
    policy: Policy,
    market: Market,
    first: int,
    stop: int,
    *,
    fee_usd: Callable[[Root, int], float],
    betas: RollingBetas | None = None,
    memo: CondorMemo | None = None,
) -> Run:
    """A run over market rows ``first`` to ``stop`` (excluded) with an empty book, before its first session.

    Raises :class:`DataMissing` where a layer holds a fund of which the market has no prices.
    """
    layers = policy.hedge.layers
    for layer in layers if policy.hedge.enabled else ():
        if layer.is_share and layer.etp not in market.series.etps:
            raise DataMissing(
                f"there are no prices of {layer.etp}",
                where=f"hedge.layer.{layer.name}.etp of policy '{policy.name}'",
                allowed=", ".join(market.series.etps) or "a history with a price file of the fund",
                todo=f"add prices/{layer.etp}.csv (Date,Close, adjusted); see docs/reference/data-files.md",
            )
    all_sessions = market.sessions
    ledger, book, counters = Ledger(policy.account.equity_usd), Book(len(layers), market.series.settlement_session), Counters()
    broker = Broker(
        series=market.series,
        costs=policy.costs,
        fee_usd=fee_usd,
        ledger=ledger,
        book=book,
        counters=counters,
        minis=frozenset(k for k, x in enumerate(layers) if x.instrument == "vxm_futures" or x.lock_future == "VXM"),
        reserves=reserve_layers(policy),
    )
    names = signal_names(policy)
    values = np.array([market.signal(name)[first:stop] for name in names]).reshape(len(names), stop - first)
    hedge_days = grid_days(policy.condor.entry, all_sessions)
    rolls, overlay = np.zeros(stop - first, dtype=np.bool_), None
    if policy.overlay is not None:
        rolls = overlay_days(policy.overlay, market.series, all_sessions)[first:stop]
        rolls[0] = True  # the first session opens the package
        overlay = OverlayDesk(overlay=policy.overlay, series=market.series, book=book, broker=broker, counters=counters)
    return Run(
        policy=policy,
        market=market,
        first=first,
        last=stop - 1,
        condor_days=entry_days(policy.condor.entry, all_sessions)[first:stop],
        hedge_days=hedge_days[first:stop],
        layer_due=_layer_due(policy, all_sessions, hedge_days)[:, first:stop],
        signal_names=names,
        signal_values=values,
        ledger=ledger,
        book=book,
        broker=broker,
        counters=counters,
        rules=rule_table(policy.rules, names, values),
        desk=_desk(policy, market, broker, betas, memo),
        memory=Memory.fresh(policy.hedge.always_held, len(policy.rules)),
        record=Record.empty(stop - first, len(layers)),
        overlay_days=rolls,
        dividends=np.zeros(stop - first) if overlay is None else market.dividend_points[first:stop],
        overlay_desk=overlay,
    )


def _desk(policy: Policy, market: Market, broker: Broker, betas: RollingBetas | None, memo: CondorMemo | None) -> Desk:
    series, book, counters = market.series, broker.book, broker.counters
    log, limits = DeskLog(counters=counters), book_limits(policy, market, book, broker.ledger, betas)
    condors = CondorDesk(policy=policy, series=series, book=book, broker=broker, log=log, limits=limits, memo=memo)
    layers = LayerDesk(
        policy=policy,
        series=series,
        book=book,
        broker=broker,
        log=log,
        reserve=Reserve(policy=policy, book=book),
        sizer=hedge_sizer(policy, market, book, counters, betas),
        mixed=mixed_sizer(policy, series, betas),
        limits=limits,
        break_even=break_even_strike(policy, market, book, counters, betas),
    )
    return Desk(book=book, condors=condors, layers=layers, log=log)


def _layer_due(policy: Policy, sessions: DayArray, hedge_days: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Grid roll days of every layer, (layers, sessions); all False where a layer does not roll on the grid."""
    anchor = to_day(date.fromisoformat(policy.grid_anchor))
    due = np.zeros((len(policy.hedge.layers), len(sessions)), dtype=np.bool_)
    for k, layer in enumerate(policy.hedge.layers):
        if layer.roll.on_grid and layer.roll.anchor == "schedule":
            due[k] = roll_due_sessions(layer.roll.days, anchor, sessions, hedge_days)
    return due
