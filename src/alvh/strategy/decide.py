"""``decide``: from a view and a memory to intents, each with its reason. Pure; the same code in backtest and daily plan.

Authority is fixed: within a sleeve exits come before rolls and rolls before opens, the condor sleeve before the hedge, file
order within each, and the first match wins. A layer on the last trading session of what it holds always rolls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from alvh.core.orders import Reason
from alvh.strategy.policy import AdaptiveRule, Policy
from alvh.strategy.view import NOTHING_HELD, Memory, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is wanted, before contracts: ``condor`` is a group id for a close, ``layer`` a layer index."""

    kind: Literal["close_condor", "open_condor", "roll_layer", "resize_layer", "trim_layer", "roll_overlay"]
    reason: Reason
    condor: int = -1
    layer: int = -1
    fraction: float = 1.0
    first: bool = False
    deadline: bool = False
    dead_band: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Intents in the order in which they are carried out, the reasons of what was held back, and the new memory.

    ``active``: of the rules that the steward names (R46), those whose condition holds at this close.
    """

    intents: tuple[Intent, ...]
    held_back: tuple[Reason, ...]
    memory: Memory
    active: frozenset[str] = frozenset()


def decide(policy: Policy, view: View, memory: Memory, index: int) -> Decision:
    """All intents of one close; ``index`` counts sessions of the run (for cool-downs)."""
    fired, memory = _fire_rules(policy, view, memory, index)
    intents: list[Intent] = []
    held_back: list[Reason] = []
    _condor(policy, view, fired, intents, held_back)
    memory = _hedge(policy, view, memory, fired, intents)
    if policy.overlay is not None and view.overlay_day:
        reason = Reason(rule="overlay", signal="calendar", value=None, threshold=None, text="overlay roll")
        intents.append(Intent(kind="roll_overlay", reason=reason))
    return Decision(intents=tuple(intents), held_back=tuple(held_back), memory=memory, active=_active(policy, view))


def _active(policy: Policy, view: View) -> frozenset[str]:
    steward = policy.limits.steward
    if steward is None or not steward.no_adding_while:
        return frozenset()
    named = [rule for rule in policy.rules if rule.name in steward.no_adding_while]
    return frozenset(rule.name for rule in named if bool(rule.when.holds(view.signals.read)[0]))


def _fire_rules(policy: Policy, view: View, memory: Memory, index: int) -> tuple[list[tuple[AdaptiveRule, Reason]], Memory]:
    fired: list[tuple[AdaptiveRule, Reason]] = []
    last = list(memory.fired)
    for k, rule in enumerate(policy.rules):
        if not bool(rule.when.holds(view.signals.read)[0]) or index - last[k] <= rule.cool_down_sessions:
            continue
        last[k] = index
        name = rule.when.signals()[0]
        fired.append(
            (
                rule,
                Reason(
                    rule=rule.rule_id,
                    signal=name,
                    value=float(view.signals.read(name)[0]),
                    threshold=None,
                    text=f"{rule.name}: {rule.when.phrase()}",
                ),
            )
        )
    return fired, (replace(memory, fired=tuple(last)) if fired else memory)


def _condor(
    policy: Policy,
    view: View,
    fired: list[tuple[AdaptiveRule, Reason]],
    intents: list[Intent],
    held_back: list[Reason],
) -> None:
    condor = policy.condor
    if not condor.enabled:
        return
    for k, group in enumerate(view.condor_group.tolist()):
        reason = _exit_reason(policy, view, k)
        if reason is not None:
            intents.append(Intent(kind="close_condor", reason=reason, condor=group))
    if not view.condor_day:
        return
    gate = condor.gate_max_vix
    if gate is not None and view.vix > gate:
        held_back.append(
            Reason(rule="R33", signal="vix", value=view.vix, threshold=gate, text=f"no new condor: VIX above {gate:g}")
        )
        return
    for rule, reason in fired:
        if rule.then.kind == "skip_condor_entry":
            held_back.append(reason)
            return
    intents.append(
        Intent(
            kind="open_condor",
            reason=Reason(rule="R01", signal="calendar", value=None, threshold=None, text="condor entry day"),
        )
    )


def _exit_reason(policy: Policy, view: View, k: int) -> Reason | None:
    test = policy.condor.exit
    credit, cost = float(view.condor_credit_usd[k]), float(view.condor_cost_to_close_usd[k])
    if test.profit_fraction_pct is not None:
        limit = (1.0 - test.profit_fraction_pct / 100.0) * credit
        if cost <= limit:
            text = f"buying back keeps {test.profit_fraction_pct:g} % of the credit"
            return Reason(rule="R01", signal="cost_to_close_usd", value=cost, threshold=limit, text=text)
    if test.loss_multiple is not None and cost - credit >= test.loss_multiple * credit:
        text = f"loss of {test.loss_multiple:g} times the credit"
        return Reason(rule="R01", signal="loss_usd", value=cost - credit, threshold=test.loss_multiple * credit, text=text)
    dte = int(view.condor_dte[k])
    if test.dte is not None and dte <= test.dte:
        return Reason(rule="R01", signal="dte", value=float(dte), threshold=float(test.dte), text=f"{dte} days to expiry")
    if test.short_delta is not None and float(view.condor_short_delta[k]) >= test.short_delta:
        value = float(view.condor_short_delta[k])
        return Reason(rule="R01", signal="short_delta", value=value, threshold=test.short_delta, text="short leg breached")
    return None


def _hedge(policy: Policy, view: View, memory: Memory, fired: list[tuple[AdaptiveRule, Reason]], intents: list[Intent]) -> Memory:
    hedge = policy.hedge
    if not hedge.enabled:
        return memory
    started, last_roll = list(memory.started), list(memory.last_roll)
    last_days = 1 if policy.timing.fill_at == "next_close" else 0
    for k, layer in enumerate(hedge.layers):
        intent: Intent | None = None
        left = int(view.layer_sessions_left[k])
        if layer.roll.kind != "hold_to_settlement" and left <= last_days:
            text = "last trading session of what is held"
            reason = Reason(rule="R10", signal="sessions_left", value=float(left), threshold=float(last_days), text=text)
            intent = Intent(kind="roll_layer", reason=reason, layer=k, deadline=True)
        if intent is None:
            intent = _by_rule(layer.name, k, fired)
        if intent is None and not started[k]:
            if view.hedge_day:
                reason = Reason(rule="R10", signal="calendar", value=None, threshold=None, text="first opening")
                intent = Intent(kind="roll_layer", reason=reason, layer=k, first=True)
        elif intent is None and _due(policy, view, last_roll[k], k):
            text = f"roll due: {layer.roll.kind}"
            reason = Reason(rule="R10", signal="calendar", value=None, threshold=None, text=text)
            intent = Intent(kind="roll_layer", reason=reason, layer=k)
        if intent is None and started[k]:
            intent = _rebalance(layer.name, k, fired)
        if intent is None and started[k] and hedge.size.resize == "weekly" and view.hedge_day:
            reason = Reason(rule="R03", signal="calendar", value=None, threshold=None, text="weekly resize")
            intent = Intent(kind="resize_layer", reason=reason, layer=k)
        if intent is None:
            continue
        intents.append(intent)
        if intent.kind == "roll_layer":
            started[k], last_roll[k] = True, view.session
    if not any(intent.kind == "roll_layer" for intent in intents):
        return memory
    return replace(memory, started=tuple(started), last_roll=tuple(last_roll))


def _by_rule(name: str, layer: int, fired: list[tuple[AdaptiveRule, Reason]]) -> Intent | None:
    """The first adaptive rule that acts on a layer: exits before rolls."""
    for kind in ("close_layers", "roll_layers"):
        for rule, reason in fired:
            if rule.then.kind == kind and (not rule.then.layers or name in rule.then.layers):
                if kind == "roll_layers":
                    return Intent(kind="roll_layer", reason=reason, layer=layer)
                return Intent(kind="trim_layer", reason=reason, layer=layer, fraction=rule.then.fraction_pct / 100.0)
    return None


def _rebalance(name: str, layer: int, fired: list[tuple[AdaptiveRule, Reason]]) -> Intent | None:
    """The first rule that resizes a layer; whatever rolls or sells it comes before."""
    for rule, reason in fired:
        if rule.then.kind == "rebalance" and (not rule.then.layers or name in rule.then.layers):
            return Intent(kind="resize_layer", reason=reason, layer=layer, dead_band=rule.then.dead_band_pct / 100.0)
    return None


def _due(policy: Policy, view: View, last_roll: int, k: int) -> bool:
    roll = policy.hedge.layers[k].roll
    left = int(view.layer_sessions_left[k])
    if roll.kind == "sessions_before_expiry":
        return left <= roll.sessions or (view.hedge_day and left >= NOTHING_HELD)
    if roll.kind == "hold_to_settlement":
        return view.hedge_day and left >= NOTHING_HELD
    if roll.anchor == "last_roll":
        return view.hedge_day and view.session - last_roll >= roll.days
    return bool(view.layer_due[k])
