"""The rows of a plan: for every condor and layer what to do, at which limit, why, and what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from alvh.core.days import iso
from alvh.core.orders import Reason
from alvh.desk.plan_next import NextDays
from alvh.desk.plan_orders import Ticket, Trade, leg_document, source_of, ticket, ticket_document, trades_of
from alvh.engine.book import OpenCondor
from alvh.engine.ledger import Entry, Lot
from alvh.engine.session import Run, SessionTrace
from alvh.market.market import Legs
from alvh.strategy.intents import Intent
from alvh.strategy.policy import DepthLimit, Policy
from alvh.strategy.view import NEVER

Action = Literal["OPEN", "ROLL", "EXIT", "HOLD", "SKIP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A close at which a run has decided: what it held before, and what it did."""

    policy: Policy
    run: Run
    trace: SessionTrace
    held: tuple[Lot, ...]
    condors: tuple[OpenCondor, ...]
    next_days: NextDays

    def entries(self, layer: int, group: int | None = None) -> list[Entry]:
        """Ledger entries of the decision for one layer, or for one condor."""
        made = self.run.ledger.entries[self.trace.first_entry :]
        return [entry for entry in made if entry.layer == layer and (group is None or entry.group == group)]

    def tickets(self, entries: Sequence[Entry]) -> list[Ticket]:
        """Closing orders before opening ones; sold calls and futures against them are tickets of their own."""
        lots = self.run.book.all_lots
        roots = [self.run.broker.root(lot.series, lot.right, lot.layer) for lot in lots]
        made = []
        for kind in ("close", "open"):
            trades = trades_of(entries, lots, roots, kind)
            options, futures = [t for t in trades if t.lot.right], [t for t in trades if not t.lot.right]
            made += [ticket(self.trace.snapshot, part) for part in (options, futures) if part]
        return made


def plan_rows(decided: Decided) -> list[dict[str, Any]]:
    """Every condor held, the day's entry, and every layer, the condors first."""
    policy = decided.policy
    rows = [_condor_row(decided, condor) for condor in decided.condors]
    if policy.condor.enabled:
        rows.append(_entry_row(decided))
    for k in range(len(policy.hedge.layers)):
        if policy.hedge.enabled or any(lot.layer == k and not lot.stranded for lot in decided.held):
            rows.append(_layer_row(decided, k))
    return rows + _stranded_rows(decided)


def refusals(decided: Decided) -> list[dict[str, str]]:
    """What rules, limits or the market held back at this close."""
    session = decided.trace.snapshot.session
    made = [{"rule": rule, "text": text} for day, rule, text in decided.run.desk.log.refusals if day == session]
    made += [{"rule": reason.rule, "text": reason.text} for reason in decided.trace.decision.held_back]
    depth = decided.policy.limits.depth
    if depth is not None:
        made += _shallow(decided, depth)
    return made


def _shallow(decided: Decided, limit: DepthLimit) -> list[dict[str, str]]:
    """Sales that are large against what the market shows (R48); where it shows nothing, that is said."""
    found = []
    for k, layer in enumerate(decided.policy.hedge.layers):
        for made in decided.tickets(decided.entries(k)):
            sold = -sum(trade.quantity for trade in made.trades if trade.quantity < 0)
            shown = made.shown if limit.of == "bid_size" else made.open_interest
            if sold and not shown >= limit.floor * sold:  # also where it is not known
                what = "size at the bid" if limit.of == "bid_size" else "open interest"
                known = f"{shown:,.0f}" if shown == shown else "not known"
                found.append({"rule": "R48", "text": f"{layer.name}: {sold} contracts to sell, {what} {known}"})
    return found


def reason_document(reason: Reason) -> dict[str, Any]:
    """JSON of a reason; a number that a reason has not, or that is NaN, is null."""

    def known(value: float | None) -> float | None:
        return None if value is None or value != value else value

    return {
        "rule": reason.rule,
        "signal": reason.signal,
        "value": known(reason.value),
        "threshold": known(reason.threshold),
        "text": reason.text,
    }


def _row(
    decided: Decided,
    sleeve: str,
    layer: str | None,
    action: Action,
    tickets: Sequence[Ticket],
    reason: Reason,
    *,
    held: Sequence[Lot] = (),
    next_roll: int | None,
    would_change: Sequence[str],
) -> dict[str, Any]:
    series = decided.run.market.series
    orders = [ticket_document(made, series) for made in tickets]
    main = orders[-1] if orders else _market(decided, held)
    return {
        "sleeve": sleeve,
        "layer": layer,
        "action": action,
        "legs": [leg for order in orders for leg in order["legs"]],
        "held": [_held(decided, lot) for lot in held],
        "limit": main.get("limit"),
        "worst": main.get("worst"),
        "bid": main.get("bid"),
        "mid": main.get("mid"),
        "ask": main.get("ask"),
        "price_source": main.get("price_source"),
        "orders": orders,
        "reason": reason_document(reason),
        "would_change": list(would_change),
        "next_roll": None if next_roll is None else iso(next_roll),
    }


def _market(decided: Decided, held: Sequence[Lot]) -> dict[str, Any]:
    """What closing a holding would meet: bid, mid and ask of its package; without a quote the mid is the mark."""
    if not held:
        return {}
    snapshot, broker = decided.trace.snapshot, decided.run.broker
    mark = snapshot.mark(Legs.of([(lot.series, lot.strike, lot.right) for lot in held]))
    closing = [
        Trade(lot=lot, root=broker.root(lot.series, lot.right, lot.layer), quantity=-lot.quantity, price=float(price))
        for lot, price in zip(held, mark, strict=True)
        if lot.right
    ]
    if not closing:
        return {}
    found = ticket_document(ticket(snapshot, closing), decided.run.market.series)
    if found["mid"] is None:
        found["mid"] = round(abs(sum(t.price * t.quantity for t in closing)) / found["units"], 6)
    return {key: found[key] for key in ("bid", "mid", "ask", "price_source")}


def _held(decided: Decided, lot: Lot) -> dict[str, Any]:
    root = decided.run.broker.root(lot.series, lot.right, lot.layer)
    trade = Trade(lot=lot, root=root, quantity=lot.quantity, price=lot.open_price)
    legs = Legs.of([(lot.series, lot.strike, lot.right)])
    return leg_document(trade, decided.run.market.series) | {
        "open_price": lot.open_price if lot.open_price or lot.layer < 0 else None,
        "mark": round(float(decided.trace.snapshot.mark(legs)[0]), 6),
        "price_source": source_of(decided.trace.snapshot, legs),
    }


def _intent(decided: Decided, kind: str, *, layer: int = -1, condor: int = -1) -> Intent | None:
    for intent in decided.trace.decision.intents:
        if condor >= 0 and intent.kind == kind and intent.condor == condor:
            return intent
        if condor < 0 and (intent.kind == kind or not kind) and intent.layer == layer:
            return intent
    return None


def _condor_row(decided: Decided, condor: OpenCondor) -> dict[str, Any]:
    policy, view = decided.policy, decided.trace.view
    k = view.condor_group.tolist().index(condor.group)
    credit, cost = float(view.condor_credit_usd[k]), float(view.condor_cost_to_close_usd[k])
    held = [lot for lot in decided.held if lot.layer < 0 and lot.group == condor.group]
    intent = _intent(decided, "close_condor", condor=condor.group)
    tickets = decided.tickets(decided.entries(-1, condor.group))
    leave = policy.condor.exit
    when: list[str] = []
    if leave.profit_fraction_pct is not None:
        limit = (1.0 - leave.profit_fraction_pct / 100.0) * credit
        when.append(f"closed where buying it back at mid costs ${limit:,.2f} or less (now ${cost:,.2f})")
    if leave.loss_multiple is not None:
        when.append(f"closed where it costs ${(1.0 + leave.loss_multiple) * credit:,.2f} or more (now ${cost:,.2f})")
    if leave.dte is not None:
        when.append(f"closed at {leave.dte} days to expiry (now {int(view.condor_dte[k])})")
    if leave.short_delta is not None:
        when.append(f"closed where a short leg's delta is {leave.short_delta:g} (now {float(view.condor_short_delta[k]):.3f})")
    if intent is None or not tickets:
        text = "no exit test is met" if intent is None else f"{intent.reason.text}, and no leg could be traded"
        if not policy.condor.enabled:
            text, when = "the policy's condors are switched off: nothing decides on what is held", []
        reason = Reason(rule="R01", signal="cost_to_close_usd", value=cost, threshold=None, text=text)
        action: Action = "HOLD"
    else:
        reason, action = intent.reason, "EXIT"
    following = None if action == "EXIT" else decided.next_days.condor_exit(condor)
    return _row(
        decided,
        "condor",
        None,
        action,
        tickets,
        reason,
        held=held,
        next_roll=following,
        would_change=when if action == "HOLD" else [],
    )


def _entry_row(decided: Decided) -> dict[str, Any]:
    intent = _intent(decided, "open_condor")
    opened = [entry for entry in decided.entries(-1) if entry.kind == "open"]
    following = decided.next_days.entry()
    when = [] if following is None else [f"the next entry day is {iso(following)}"]
    if intent is not None and opened:
        return _row(decided, "condor", None, "OPEN", decided.tickets(opened), intent.reason, next_roll=following, would_change=[])
    if intent is None and not decided.trace.view.condor_day:
        reason = Reason(rule="R01", signal="calendar", value=None, threshold=None, text="no condor entry day")
    elif intent is None:
        reason = decided.trace.decision.held_back[0]
    else:
        others = ("condor: ", *(f"{layer.name}: " for layer in decided.policy.hedge.layers))
        refused = [row for row in decided.run.desk.log.refusals if row[0] == decided.trace.snapshot.session]
        rule, text = next(((row[1], row[2]) for row in refused if not row[2].startswith(others)), ("fill", "a leg has no market"))
        reason = Reason(rule=rule, signal="", value=None, threshold=None, text=text)
    return _row(decided, "condor", None, "SKIP", [], reason, next_roll=following, would_change=when)


def _layer_row(decided: Decided, k: int) -> dict[str, Any]:
    policy, run = decided.policy, decided.run
    name = policy.hedge.layers[k].name
    held = [lot for lot in decided.held if lot.layer == k and not lot.stranded]
    entries = decided.entries(k)
    opens, closes = ([entry for entry in entries if entry.kind == kind] for kind in ("open", "close"))
    intent = _intent(decided, "", layer=k)
    action: Action = "ROLL" if opens and closes else "OPEN" if opens else "EXIT" if closes else "HOLD" if held else "SKIP"
    state, memory = run.book.layers[k], run.memory
    following = decided.next_days.roll(k, state.series, memory.last_roll[k], run.market.series)
    refused = [
        text for day, _, text in run.desk.log.refusals if day == decided.trace.snapshot.session and text.startswith(f"{name}: ")
    ]
    if intent is not None:
        reason = intent.reason
        if entries and intent.kind == "lock_layer":  # the order's own reason compares both prices (R70)
            reason = replace(reason, text=entries[-1].reason)
        if action in ("HOLD", "SKIP"):
            why = refused[0] if refused else "nothing is to be traded"
            reason = Reason(
                rule=reason.rule,
                signal=reason.signal,
                value=reason.value,
                threshold=reason.threshold,
                text=f"{reason.text}; {why}",
            )
    elif not policy.hedge.enabled:
        text = "the policy's hedge is switched off: nothing decides on what is held"
        reason = Reason(rule="R36", signal="presence", value=None, threshold=None, text=text)
    elif memory.due_row[k] != NEVER:
        reason = _waiting(decided)
    elif not memory.active[k]:
        reason = Reason(rule="R36", signal="presence", value=None, threshold=None, text="the layer is off: no rule activates it")
    elif entries:
        reason = Reason(rule="R44", signal="neutrality", value=None, threshold=None, text="the smallest trade inside the bounds")
    else:
        day = "a trigger" if following is None else iso(following)
        reason = Reason(rule="R10", signal="calendar", value=None, threshold=None, text=f"no roll is due before {day}")
    return _row(
        decided,
        "hedge",
        name,
        action,
        decided.tickets(entries),
        reason,
        held=held,
        next_roll=following,
        would_change=_rules_of_layer(decided, k),
    )


def _waiting(decided: Decided) -> Reason:
    """Why a roll or an opening that is due is not made (R22)."""
    named = tuple(f"{rule.name}: " for rule in decided.policy.rules if rule.then.kind == "delay_rolls")
    reason = next(reason for reason in decided.trace.decision.held_back if reason.text.startswith(named))
    return replace(reason, text=f"due, and held back by {reason.text}")


def _rules_of_layer(decided: Decided, k: int) -> list[str]:
    """The rules that would act on a layer, each with the values that its signals have now."""
    policy, view = decided.policy, decided.trace.view
    name = policy.hedge.layers[k].name
    made = []
    for j, rule in enumerate(policy.rules):
        if rule.then.kind == "skip_condor_entry" or (rule.then.layers and name not in rule.then.layers):
            continue
        if not view.rule_known[j]:
            made.append(f"{rule.name} is off: a signal that it reads has no value")
            continue
        values = ", ".join(f"{signal} {float(view.signals.read(signal)[0]):.4g}" for signal in dict.fromkeys(rule.when.signals()))
        word = "holds" if view.rule_holds[j] else "would act"
        made.append(f"{rule.then.kind} {word} when {rule.when.phrase()} (now {values})")
    return made


def _stranded_rows(decided: Decided) -> list[dict[str, Any]]:
    rows = []
    for lot in decided.held:
        if lot.stranded:
            text = "no bid when it should have been sold: it waits for its settlement"
            reason = Reason(rule="R10", signal="bid", value=None, threshold=None, text=text)
            settles = int(decided.run.market.series.settlement_session[lot.series])
            rows.append(_row(decided, "stranded", None, "HOLD", [], reason, held=[lot], next_roll=settles, would_change=[]))
    return rows
