"""One session in nine named steps; the backtest calls :func:`run_session` for every close in order.

1 open the snapshot · 2 settle what settles on the opening value · 3 mark the book · 4 build the view · 5 decide ·
6 apply limits · 7 select contracts · 8 fill · 9 settle what settles on the close, append to the record.
Selection and sizing go sleeve by sleeve, the hedge on the book as the selected condor orders leave it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataMissing
from alvh.engine.book import Book, BookArrays
from alvh.engine.broker import Broker, Counters
from alvh.engine.ledger import Ledger, Lot
from alvh.engine.orders import Desk
from alvh.engine.overlay import OverlayDesk
from alvh.market.market import Legs, Market, Snapshot
from alvh.strategy.decide import decide
from alvh.strategy.intents import Decision
from alvh.strategy.policy import Policy
from alvh.strategy.rule_table import RuleTable
from alvh.strategy.view import NOTHING_HELD, Memory, Signals, View

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
ACTUAL_360 = 360.0


@dataclass(slots=True, kw_only=True)
class Record:
    """One row per session of the run, filled in step 9. Dollars at the close."""

    equity_hedged_usd: Floats
    equity_unhedged_usd: Floats
    cash_hedged_usd: Floats
    cash_unhedged_usd: Floats
    interest_hedged_usd: Floats
    interest_unhedged_usd: Floats
    condor_lots: Floats
    index_notional_usd: Floats
    risk_capital_usd: Floats
    index_value_usd: Floats
    layer_value_usd: Floats
    marks: int = 0

    @staticmethod
    def empty(sessions: int, layers: int) -> Record:
        columns = [np.zeros(sessions) for _ in range(10)]
        return Record(
            equity_hedged_usd=columns[0],
            equity_unhedged_usd=columns[1],
            cash_hedged_usd=columns[2],
            cash_unhedged_usd=columns[3],
            interest_hedged_usd=columns[4],
            interest_unhedged_usd=columns[5],
            condor_lots=columns[6],
            index_notional_usd=columns[7],
            risk_capital_usd=columns[8],
            index_value_usd=columns[9],
            layer_value_usd=np.zeros((layers, sessions)),
        )


@dataclass(slots=True, kw_only=True)
class Run:
    """Everything that a run carries from session to session. ``first`` is the market row of the run's first session."""

    policy: Policy
    market: Market
    first: int
    last: int
    condor_days: Bools
    hedge_days: Bools
    layer_due: Bools
    signal_names: tuple[str, ...]
    signal_values: Floats
    rules: RuleTable
    ledger: Ledger
    book: Book
    broker: Broker
    counters: Counters
    desk: Desk
    memory: Memory
    record: Record
    overlay_days: Bools
    dividends: Floats
    overlay_desk: OverlayDesk | None = None
    pending: Decision | None = None
    calendar: DayArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    closes: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTrace:
    """What a session decided on, and what it decided.

    ``first_entry`` is the ledger's length when decisions began, ``marked`` the lots then and ``value`` their dollars.
    """

    snapshot: Snapshot
    view: View
    decision: Decision
    first_entry: int
    marked: BookArrays
    value: Floats


def run_session(run: Run, index: int) -> SessionTrace:
    """Carry the book through the session in market row ``index``."""
    snapshot = open_session(run, index)
    trace = decide_session(run, snapshot)
    close_session(run, trace)
    return trace


def open_session(run: Run, index: int) -> Snapshot:
    """Steps 1 to 3: open the snapshot, settle on the opening value, pay variation, fill what the last close decided."""
    snapshot = run.market.snapshot(index)  # 1
    _accrue(run, snapshot, index - run.first)
    _settle(run, snapshot, am=True)  # 2
    for lot in run.book.futures():
        run.broker.vary(index, lot, float(snapshot.mark(Legs.of([(lot.series, 0.0, lot.right)]))[0]))
    if run.pending is not None:  # decided at the last close, filled at this one
        _carry_out(run, snapshot, run.pending, _capital(run, _mark(run, snapshot)))
        run.pending = None
    return snapshot


def decide_session(run: Run, snapshot: Snapshot, *, at_once: bool = False) -> SessionTrace:
    """Steps 3 to 8 on the book as it stands: mark, view, decide, limit, select, fill. The daily plan stops here.

    ``at_once`` fills at this close what the policy would fill at the next one, as a plan shows it.
    """
    row = snapshot.index - run.first
    value = _mark(run, snapshot)  # 3
    marked, first_entry = run.book.arrays(), len(run.ledger.entries)
    view = _view(run, snapshot, row, value)  # 4
    decision = decide(run.policy, view, run.memory, snapshot.index)  # 5
    run.memory = decision.memory
    for reason in decision.held_back:
        run.counters.held_back[reason.rule] = run.counters.held_back.get(reason.rule, 0) + 1
    if run.policy.timing.fill_at == "next_close" and not at_once:
        run.pending = decision if decision.intents else None
    elif decision.intents:
        _carry_out(run, snapshot, decision, _capital(run, value))  # 6-8
    if run.policy.limits.neutrality is not None:
        run.desk.layers.keep_neutral(snapshot, decision.active, _capital(run, value))
    return SessionTrace(
        snapshot=snapshot,
        view=view,
        decision=decision,
        first_entry=first_entry,
        marked=marked,
        value=value,
    )


def close_session(run: Run, trace: SessionTrace) -> None:
    """Step 9: settle what settles on the close, and append to the record."""
    snapshot = trace.snapshot
    _settle(run, snapshot, am=False)
    row = snapshot.index - run.first
    _reinvest(run, snapshot, row)
    _append(run, snapshot, row, trace.value if run.book.unchanged_arrays is trace.marked else _mark(run, snapshot))


def _capital(run: Run, value: Floats) -> float:
    """What condor lots are sized on: the account, or the unhedged equity where the account compounds."""
    if not run.policy.account.compound:
        return run.policy.account.equity_usd
    return run.ledger.cash_unhedged_usd + float(value[run.book.arrays().condor].sum())


def _accrue(run: Run, snapshot: Snapshot, row: int) -> None:
    """Interest on the previous close's balance at the previous close's bill rate, actual/360."""
    if row == 0:
        return
    before = snapshot.index - 1
    days = snapshot.session - int(run.market.sessions[before])
    factor = float(run.market.bill_rate[before]) * days / ACTUAL_360
    hedged, unhedged = run.ledger.cash_hedged_usd * factor, run.ledger.cash_unhedged_usd * factor
    run.broker.interest(snapshot.index, hedged, unhedged)
    run.record.interest_hedged_usd[row], run.record.interest_unhedged_usd[row] = hedged, unhedged
    if run.book.index_units:
        run.broker.dividend(snapshot.index, float(run.dividends[row]))


def _reinvest(run: Run, snapshot: Snapshot, row: int) -> None:
    """Buy index units for the session's dividend at the close; on a roll day the roll has used it already."""
    overlay = run.policy.overlay
    if overlay is None or overlay.base.dividends != "reinvest" or run.overlay_days[row] or not run.book.index_units:
        return
    units = run.book.index_units * float(run.dividends[row]) / snapshot.spx
    run.broker.trade_index(snapshot.index, units, snapshot.spx, "dividends reinvested")


def _settle(run: Run, snapshot: Snapshot, *, am: bool) -> None:
    """Settle the lots whose settlement session has come, on the opening value (AM) or on the close (PM)."""
    due = run.book.settling(snapshot.session)
    if not due:
        return
    table = run.market.series
    due = [lot for lot in due if bool(table.am[lot.series]) == am]
    for lot in due:
        settlement = run.market.settlement(lot.series, snapshot.index)
        run.broker.settle(snapshot.index, lot, settlement.value, settlement.source)
        _forget(run, lot)


def _forget(run: Run, lot: Lot) -> None:
    """Drop a condor or a layer's holding once its last counting lot is gone."""
    if lot.layer >= 0:
        if not lot.stranded and not any(other.quantity > 0 for other in run.book.layer_lots(lot.layer)):
            run.book.layers[lot.layer].series = None
    elif lot.group in run.book.condors and not any(other.group == lot.group for other in run.book.lots):
        run.book.drop_condor(lot.group)


def _mark(run: Run, snapshot: Snapshot) -> Floats:
    """Dollar value of every open lot at its mark; a lot without a mark is refused, since a NaN makes tests silently false."""
    arrays = run.book.arrays()
    value = arrays.usd * snapshot.mark(arrays.legs)
    if np.isnan(value.sum()):
        lot = run.book.lots[int(np.argmax(np.isnan(value)))]
        raise DataMissing(
            f"{run.market.series.label(lot.series, lot.strike, lot.right)} has no mark",
            where=iso(snapshot.session),
            allowed=f"a run that ends before it, on {iso(run.market.sessions[max(snapshot.index - 1, 0)])} or earlier",
            todo="add the missing history (VIX, VX, rates or fund prices of that session), or end the run before it",
        )
    return value


def _view(run: Run, snapshot: Snapshot, row: int, value: Floats) -> View:
    book, table = run.book, run.market.series
    arrays = book.arrays()
    condors = book.condors
    cost: Floats = -np.bincount(arrays.slot, weights=value, minlength=len(condors) + 1)[: len(condors)].astype(np.float64)
    short_delta = np.zeros(len(condors))
    if condors and run.policy.condor.exit.short_delta is not None:
        delta = np.where(arrays.usd < 0.0, np.abs(snapshot.quote(arrays.legs).delta), 0.0)
        inside = arrays.slot < len(condors)
        np.maximum.at(short_delta, arrays.slot[inside], delta[inside])
    left = np.full(len(book.layers), NOTHING_HELD, dtype=np.int64)
    for k, layer in enumerate(book.layers):
        if layer.series is not None:
            left[k] = _sessions_between(run, snapshot.session, int(table.last_trade[layer.series]))
    layer_value, layer_cost = _layer_sums(run, value)
    return View(
        session=snapshot.session,
        condor_day=bool(run.condor_days[row]),
        hedge_day=bool(run.hedge_days[row]),
        vix=snapshot.vix,
        condor_group=arrays.group,
        condor_credit_usd=arrays.credit_usd,
        condor_cost_to_close_usd=cost,
        condor_dte=arrays.expiry - snapshot.session,
        condor_short_delta=short_delta,
        layer_due=run.layer_due[:, row],
        layer_sessions_left=left,
        layer_value_usd=layer_value,
        layer_cost_usd=layer_cost,
        rule_holds=run.rules.holds[:, row],
        rule_known=run.rules.known[:, row],
        signals=Signals(names=run.signal_names, values=run.signal_values[:, row : row + 1], session=snapshot.session),
        overlay_day=bool(run.overlay_days[row]),
    )


def _sessions_between(run: Run, session: int, later: int) -> int:
    """Sessions from one to a later one, by the exchange's calendar: the data may end before."""
    if not run.calendar.size:
        run.calendar = trading_calendar().sessions_array
    return int(np.searchsorted(run.calendar, later)) - int(np.searchsorted(run.calendar, session))


def _layer_sums(run: Run, value: Floats) -> tuple[Floats, Floats]:
    """Dollars that each layer is worth at mid and that it cost, where a standing order of the policy asks for them."""
    layers = run.policy.hedge.layers
    worth, cost = np.zeros(len(layers)), np.zeros(len(layers))
    if any(layer.monetise is not None for layer in layers):
        for lot, usd in zip(run.book.lots, value.tolist(), strict=True):
            if lot.layer >= 0 and not lot.stranded and lot.right:
                worth[lot.layer] += usd
                cost[lot.layer] += lot.quantity * lot.multiplier_usd * lot.open_price
    return worth, cost


def _carry_out(run: Run, snapshot: Snapshot, decision: Decision, capital_usd: float) -> None:
    run.desk.begin(decision)
    for intent in decision.intents:
        if intent.kind == "roll_overlay" and run.overlay_desk is not None:
            window = run.policy.timing.fill_at == "trade_window"
            run.overlay_desk.roll(run.market.window(snapshot.index) if window else snapshot, intent)
        else:
            run.desk.carry_out(snapshot, intent, capital_usd)


def _append(run: Run, snapshot: Snapshot, row: int, value: Floats) -> None:
    record, ledger, arrays = run.record, run.ledger, run.book.arrays()
    record.marks += len(value)
    by_sleeve = np.bincount(np.maximum(arrays.layer, -1) + 1, weights=value, minlength=len(run.book.layers) + 1)
    record.layer_value_usd[:, row] = by_sleeve[1:]
    record.cash_hedged_usd[row], record.cash_unhedged_usd[row] = ledger.cash_hedged_usd, ledger.cash_unhedged_usd
    index_value = run.book.index_units * snapshot.spx
    record.index_value_usd[row] = index_value
    record.equity_hedged_usd[row] = ledger.cash_hedged_usd + float(by_sleeve.sum()) + index_value
    record.equity_unhedged_usd[row] = ledger.cash_unhedged_usd + float(by_sleeve[0]) + index_value
    readings = run.desk.readings(snapshot)
    record.condor_lots[row] = readings.lots
    record.index_notional_usd[row] = readings.index_notional_usd
    record.risk_capital_usd[row] = readings.risk_capital_usd
