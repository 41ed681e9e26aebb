"""Why a backtest did what it did at one close: the view, every rule, the decision, the trades and the book after, as a document.

Everything is read off the run: its view, memory, decision, ledger and record. Positions are the ledger's own sums, and what they
are worth must add up to the equity that the run recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import InternalError
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Entry, Lot
from alvh.market.market import Legs, Snapshot
from alvh.results.explain_rules import CONDORS, RuleClose, rule_rows
from alvh.results.holdings import Holding, contract_name, holdings
from alvh.strategy.intents import Decision, Intent
from alvh.strategy.policy import CondorExit
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory, View

SCHEMA: Final = "alvh.explain/1"
_CENT: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTrace:
    """One close of a finished run whose last session it is.

    ``before``: the memory that the decision began with; ``filled``: the decision carried out at this close before its own view
    (``fill_at = "next_close"``); ``first_entry``: the ledger's length when the view was taken.
    """

    index: int
    snapshot: Snapshot
    view: View
    decision: Decision
    before: Memory
    filled: Decision | None
    first_entry: int


def day_document(result: BacktestResult, trace: DayTrace) -> dict[str, Any]:
    """The session's part of ``alvh explain --json``; the last session of ``result`` is that of ``trace``.

    Raises :class:`InternalError` where the ledger's contracts and cash do not add up to the recorded equity.
    """
    lots = {lot.lot_id: lot for lot in result.lots}
    at_view = holdings(result.ledger.entries[: trace.first_entry], lots)
    close = RuleClose(
        policy=result.policy,
        sessions=result.market.sessions,
        index=trace.index,
        view=trace.view,
        before=trace.before,
        decision=trace.decision,
    )
    session = trace.view.session
    return {
        "view": _view(result, trace, at_view),
        "rules": rule_rows(close),
        "decision": {
            "intents": [_intent(result, intent) for intent in trace.decision.intents],
            "filled_at": result.policy.timing.fill_at,
            "filled_here": None if trace.filled is None else [_intent(result, intent) for intent in trace.filled.intents],
        },
        "held_back": [
            {"rule": r.rule, "signal": r.signal, "value": r.value, "threshold": r.threshold, "reason": r.text}
            for r in trace.decision.held_back
        ],
        "refused": [{"rule": rule, "reason": text} for day, rule, text in result.refusals if day == session],
        "layer_actions": _layer_actions(result, session),
        "ledger": _ledger(result, trace, lots),
        "settlements": _settlements(result, trace, lots),
        "book": _book(result, trace, holdings(result.ledger.entries, lots)),
    }


# ------------------------------------------------------------------------------------------------------------------- the view


def _view(result: BacktestResult, trace: DayTrace, held: list[Holding]) -> dict[str, Any]:
    view = trace.view
    return {
        "spx": trace.snapshot.spx,
        "vix": view.vix,
        "condor_entry_day": view.condor_day,
        "hedge_day": view.hedge_day,
        "gate": _gate(result, view),
        "condors": [_condor(result, trace, k, held) for k in range(len(view.condor_group))],
        "layers": [_layer(result, trace, k, held) for k in range(len(result.policy.hedge.layers))],
    }


def _gate(result: BacktestResult, view: View) -> dict[str, Any] | None:
    """R33: no new condor above a VIX level, where the policy has one."""
    limit = result.policy.condor.gate_max_vix
    return None if limit is None else {"signal": "vix", "value": view.vix, "threshold": limit, "met": view.vix > limit}


def _condor(result: BacktestResult, trace: DayTrace, k: int, held: list[Holding]) -> dict[str, Any]:
    view, group = trace.view, int(trace.view.condor_group[k])
    legs = [one for one in held if one.layer == -1 and one.group == group]
    lots = [lot for lot in result.lots if lot.layer == -1 and lot.group == group]
    credit, cost = float(view.condor_credit_usd[k]), float(view.condor_cost_to_close_usd[k])
    return {
        "condor": group,
        "opened": iso(result.market.sessions[lots[0].open_index]),
        "lots": max(abs(one.quantity) for one in legs),
        "legs": [_position(result, one) for one in legs],
        "dte": int(view.condor_dte[k]),
        "credit_usd": credit,
        "cost_to_close_usd": cost,
        "kept_share": 1.0 - cost / credit if credit > 0.0 else None,
        "exit_tests": _exit_tests(result.policy.condor.exit, view, k),
    }


def _exit_tests(test: CondorExit, view: View, k: int) -> list[dict[str, Any]]:
    """The exit tests that the policy has switched on, in the order in which they are tried, each met or not."""
    credit, cost = float(view.condor_credit_usd[k]), float(view.condor_cost_to_close_usd[k])
    rows: list[dict[str, Any]] = []
    if test.profit_fraction_pct is not None:
        limit = (1.0 - test.profit_fraction_pct / 100.0) * credit
        rows.append({"test": "cost_to_close_usd", "at_most": limit, "value": cost, "met": cost <= limit})
    if test.loss_multiple is not None:
        least = test.loss_multiple * credit
        rows.append({"test": "loss_usd", "at_least": least, "value": cost - credit, "met": cost - credit >= least})
    if test.dte is not None:
        dte = int(view.condor_dte[k])
        rows.append({"test": "dte", "at_most": test.dte, "value": dte, "met": dte <= test.dte})
    if test.short_delta is not None:
        delta = float(view.condor_short_delta[k])
        rows.append({"test": "short_delta", "at_least": test.short_delta, "value": delta, "met": delta >= test.short_delta})
    return rows


def _layer(result: BacktestResult, trace: DayTrace, k: int, held: list[Holding]) -> dict[str, Any]:
    view, layer = trace.view, result.policy.hedge.layers[k]
    mine = [one for one in held if one.layer == k]
    counting = [one._replace(quantity=one.quantity - one.stranded) for one in mine if one.quantity != one.stranded]
    left, last, due = int(view.layer_sessions_left[k]), trace.before.last_roll[k], trace.before.due_row[k]
    order = layer.monetise
    worth, cost = float(view.layer_value_usd[k]), float(view.layer_cost_usd[k])
    return {
        "layer": layer.name,
        "contracts": [_position(result, one) for one in counting],
        "quantity": sum(one.quantity for one in counting if one.quantity > 0),
        "stranded_contracts": sum(one.stranded for one in mine),
        "value_usd": _value(trace.snapshot, counting),
        "sessions_left": None if left >= NOTHING_HELD else left,
        "roll": layer.roll.kind,
        "due": bool(view.layer_due[k]),
        "started": trace.before.started[k],
        "active": trace.before.active[k],
        "last_roll": iso(last) if trace.before.started[k] and last != NOTHING_HELD else None,
        "held_back_since": None if due == NEVER else iso(result.market.sessions[due]),
        "factor": trace.decision.factors[k] if trace.decision.factors else 1.0,
        "shifted": trace.decision.shifted[k] if trace.decision.shifted else False,
        "monetise": None
        if order is None
        else {
            "multiple": order.multiple,
            "value_over_cost": worth / cost if cost > 0.0 else None,
            "done": trace.before.monetised[k],
        },
    }


def _position(result: BacktestResult, one: Holding) -> dict[str, Any]:
    return {"contract": _name(result, one), "quantity": one.quantity}


def _name(result: BacktestResult, one: Holding) -> str:
    future = "VXM" if one.multiplier_usd < 1_000.0 else "VX"
    return contract_name(result.market.series, one.series, one.strike, one.right, future)


def _legs(held: list[Holding]) -> Legs:
    return Legs.of([(one.series, one.strike, one.right) for one in held])


def _value(snapshot: Snapshot, held: list[Holding]) -> float:
    """Dollars of contracts at their marks."""
    return float(np.dot(snapshot.mark(_legs(held)), [one.usd_per_point for one in held])) if held else 0.0


# ------------------------------------------------------------------------------------------------------------- what was decided


def _intent(result: BacktestResult, intent: Intent) -> dict[str, Any]:
    on_layer = intent.layer >= 0
    reason = intent.reason
    return {
        "intent": intent.kind,
        "target": result.policy.hedge.layers[intent.layer].name if on_layer else CONDORS,
        "condor": intent.condor if intent.kind == "close_condor" else None,
        "rule": reason.rule,
        "signal": reason.signal,
        "value": reason.value,
        "threshold": reason.threshold,
        "reason": reason.text,
        "scheduled": intent.scheduled,
        "deadline": intent.deadline,
        "first_opening": intent.first,
        "fraction": intent.fraction if intent.kind == "trim_layer" else None,
        "dead_band": intent.dead_band if intent.kind == "resize_layer" else None,
    }


def _layer_actions(result: BacktestResult, session: int) -> list[dict[str, Any]]:
    """What the layers did, with the expiry's fallback."""
    names = [layer.name for layer in result.policy.hedge.layers]
    return [
        {
            "layer": names[line.layer],
            "action": line.action,
            "from": line.old_contract or None,
            "to": line.new_contract or None,
            "quantity": line.quantity,
            "fallback_expiry": line.fallback,
            "scheduled": line.scheduled,
            "reason": line.reason,
        }
        for line in result.roll_lines
        if line.session == session
    ]


# ---------------------------------------------------------------------------------------------------------- what was done with it


def _ledger(result: BacktestResult, trace: DayTrace, lots: dict[int, Lot]) -> list[dict[str, Any]]:
    return [
        _entry(result, entry, lots, before=number < trace.first_entry)
        for number, entry in enumerate(result.ledger.entries)
        if entry.market_row == trace.index
    ]


def _entry(result: BacktestResult, entry: Entry, lots: dict[int, Lot], *, before: bool) -> dict[str, Any]:
    lot = lots.get(entry.lot)
    names = [layer.name for layer in result.policy.hedge.layers]
    return {
        "entry": entry.kind,
        "stage": "before the decision" if before else "after it",
        "sleeve": entry.sleeve,
        "layer": names[entry.layer] if entry.layer >= 0 else None,
        "condor": entry.group if entry.group >= 0 else None,
        "contract": None if lot is None else _lot_name(result, lot),
        "quantity": entry.quantity,
        "mid": entry.mid,
        "price": entry.price,
        "slippage_usd": entry.slippage_usd,
        "fees_usd": entry.fees_usd,
        "cash_usd": entry.cash_usd,
        "cash_unhedged_usd": entry.cash_unhedged_usd,
        "reason": entry.reason,
    }


def _lot_name(result: BacktestResult, lot: Lot) -> str:
    return contract_name(result.market.series, lot.series, lot.strike, lot.right, str(lot.future))


def _settlements(result: BacktestResult, trace: DayTrace, lots: dict[int, Lot]) -> list[dict[str, Any]]:
    """Every series that settled, with its value and where that comes from."""
    settled = {
        lots[entry.lot].series for entry in result.ledger.entries if entry.market_row == trace.index and entry.kind == "settle"
    }
    rows = []
    for series in sorted(settled):
        value = result.market.settlement(series, trace.index)
        table = result.market.series
        rows.append(
            {
                "series": f"{table.roots[series].value} {iso(table.expiry[series])}",
                "settles": table.style(series).value,
                "value": value.value,
                "source": value.source,
                "published": value.published,
            }
        )
    return rows


# -------------------------------------------------------------------------------------------------------------------- the book


def _book(result: BacktestResult, trace: DayTrace, held: list[Holding]) -> dict[str, Any]:
    record, row = result.record, trace.index - result.first
    mark = trace.snapshot.mark(_legs(held)) if held else np.empty(0)
    value = mark * np.array([one.usd_per_point for one in held])
    hedge = np.array([one.layer >= 0 for one in held], dtype=np.bool_)
    hedged, unhedged = float(record.equity_hedged_usd[row]), float(record.equity_unhedged_usd[row])
    sums = {"hedged": (result.ledger.cash_hedged_usd, float(value.sum()), hedged)}
    sums["unhedged"] = (result.ledger.cash_unhedged_usd, float(value[~hedge].sum()), unhedged)
    for name, (cash, worth, equity) in sums.items():
        if not abs(cash + worth - equity) <= max(_CENT, 1e-12 * abs(equity)):
            what = f"{name} cash and positions miss the recorded equity by {cash + worth - equity:.4f} USD"
            raise InternalError(what, where=iso(trace.view.session))
    start = result.policy.account.equity_usd
    names = [layer.name for layer in result.policy.hedge.layers]
    return {
        "positions": [
            {
                "sleeve": "condor" if one.layer < 0 else "hedge",
                "layer": names[one.layer] if one.layer >= 0 else None,
                "condor": one.group if one.group >= 0 else None,
                "contract": _name(result, one),
                "quantity": one.quantity,
                "stranded_contracts": one.stranded,
                "dte": int(result.market.series.expiry[one.series]) - trace.view.session,
                "mark": float(mark[k]),
                "value_usd": float(value[k]),
            }
            for k, one in enumerate(held)
        ],
        "value_usd_by_sleeve": {
            "condor": float(value[~hedge].sum()),
            **{
                f"layer {name}": float(sum(value[n] for n, one in enumerate(held) if one.layer == k))
                for k, name in enumerate(names)
            },
        },
        "cash_hedged_usd": result.ledger.cash_hedged_usd,
        "cash_unhedged_usd": result.ledger.cash_unhedged_usd,
        "equity_hedged_usd": hedged,
        "equity_unhedged_usd": unhedged,
        "change_hedged_usd": hedged - (float(record.equity_hedged_usd[row - 1]) if row else start),
        "change_unhedged_usd": unhedged - (float(record.equity_unhedged_usd[row - 1]) if row else start),
        "condor_lots": float(record.condor_lots[row]),
        "index_notional_usd": float(record.index_notional_usd[row]),
        "risk_capital_usd": float(record.risk_capital_usd[row]),
    }
