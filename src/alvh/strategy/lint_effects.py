"""Rules and layers that another key leaves without an object: a sleeve that is off, triggers, presence, ladders."""

from __future__ import annotations

from itertools import pairwise

from alvh.strategy.conditions import All, AnyOf, Condition
from alvh.strategy.lint_finding import Finding, Severity
from alvh.strategy.lint_logic import can_hold, implies
from alvh.strategy.lint_rules import acted_on
from alvh.strategy.policy import AdaptiveRule, HedgeLayer, Policy
from alvh.strategy.rule_policy import ROLLS, ActionKind


def without_effect(policy: Policy) -> list[Finding]:
    """Rules that another key leaves without an object. What is refused when a policy is loaded is not looked for again."""
    found: list[Finding] = []
    for rule in policy.rules:
        kind, key = rule.then.kind, f"rule.{rule.name}.then"
        if kind == "skip_condor_entry" and not policy.condor.enabled:
            text, todo = "no condor is opened, so that no entry is held back", "switch condor.enabled on, or take the rule out"
            found.append(Finding(code="no-effect", severity="error", key=f"{key}.kind", text=text, todo=todo))
        if kind == "flex_ratio" and rule.then.factor == 1.0:
            text, todo = "multiplies the ratio by one", "choose another factor"
            found.append(Finding(code="no-effect", severity="error", key=f"{key}.factor", text=text, todo=todo))
        if kind == "lock_synthetic":
            found += _unlocked(policy, rule, f"{key}.layers")
        if kind in ROLLS:
            found += _untriggered(policy, rule, f"{key}.layers")
    return found


def _unlocked(policy: Policy, rule: AdaptiveRule, key: str) -> list[Finding]:
    """A future is sold against calls alone."""
    layers = acted_on(policy, rule)
    other = [layer for layer in layers if layer.instrument != "vix_calls"]
    if not other:
        return []
    names = ", ".join(f"{layer.name} ({layer.instrument})" for layer in other)
    severity: Severity = "error" if len(other) == len(layers) else "warning"
    text, todo = f"a future is sold against VIX calls, which {names} does not hold", "name the layers of VIX calls"
    return [Finding(code="no-effect", severity=severity, key=key, text=text, todo=todo)]


def _untriggered(policy: Policy, rule: AdaptiveRule, key: str) -> list[Finding]:
    """A rule on all layers of which some take no trigger; a ``time_shift`` still moves their window at scheduled rolls."""
    deaf = [layer for layer in acted_on(policy, rule) if not layer.roll.on_trigger]
    if not deaf:
        return []
    names = ", ".join(f"{layer.name} ({layer.roll.kind})" for layer in deaf)
    text = f"rolls by rule, and the roll kind of {names} takes no trigger"
    if rule.then.kind == "time_shift":
        text += ": their window moves at their next scheduled roll and not at once"
    todo = 'set roll.kind = "days_or_trigger" or "on_trigger" there, or name the layers that it is for'
    return [Finding(code="no-trigger", severity="warning", key=key, text=text, todo=todo)]


def waiting_layers(policy: Policy) -> list[Finding]:
    """Layers that wait for a trigger which no rule gives."""
    if not policy.hedge.enabled:
        return []
    found = []
    for layer in policy.hedge.layers:
        if not layer.roll.on_trigger or _rules_on(policy, layer, ROLLS):
            continue
        then = "its last trading session" if layer.roll.kind == "on_trigger" else "the grid"
        found.append(
            Finding(
                code="no-trigger",
                severity="warning",
                key=f"hedge.layer.{layer.name}.roll.kind",
                text=f"waits for a trigger that no rule gives: it rolls on {then} alone",
                todo="add a rule that rolls it, or choose another roll kind",
            )
        )
    return found


def presence(policy: Policy) -> list[Finding]:
    """Layers that are never switched on, never off again, or both at once; and ladders that do not rise."""
    hedge = policy.hedge
    if not hedge.enabled:
        return []
    found: list[Finding] = []
    for layer in hedge.layers:
        on, off = _rules_on(policy, layer, ("activate",)), _rules_on(policy, layer, ("stand_down",))
        if hedge.presence != "always":
            found += _switched(layer, on, off)
        if on and off:
            found += _flip_flop(layer, on, off)
    return found + (_ladder(policy) if hedge.presence == "ladder" else [])


def _rules_on(policy: Policy, layer: HedgeLayer, kinds: tuple[ActionKind, ...]) -> list[AdaptiveRule]:
    return [rule for rule in policy.rules if rule.then.kind in kinds and layer in acted_on(policy, rule)]


def _switched(layer: HedgeLayer, on: list[AdaptiveRule], off: list[AdaptiveRule]) -> list[Finding]:
    key = f"hedge.layer.{layer.name}"
    if not any(can_hold(rule.when) is not False for rule in on):
        return [
            Finding(
                code="never-opened",
                severity="error",
                key=key,
                text="no rule that can hold activates it, so that it never holds a contract",
                todo='add a rule of kind activate, or set hedge.presence = "always"',
            )
        ]
    if any(can_hold(rule.when) is not False for rule in off):
        return []
    return [
        Finding(
            code="never-stood-down",
            severity="info",
            key=key,
            text="once activated it is held for good: no rule that can hold stands it down",
            todo="add a rule of kind stand_down, if it should ever be off again",
        )
    ]


def _flip_flop(layer: HedgeLayer, on: list[AdaptiveRule], off: list[AdaptiveRule]) -> list[Finding]:
    found = []
    for first in on:
        for second in off:
            both = All(parts=(first.when, second.when))
            if can_hold(both) and first.cool_down_sessions == 0 and first.repeat == "each_session":
                found.append(
                    Finding(
                        code="flip-flop",
                        severity="warning",
                        key=f"rule.{second.name}",
                        text=f"{first.name} and {second.name} can hold together: {layer.name} is bought and sold in turn then",
                        todo="keep the two conditions apart, or give one of them a cool-down",
                    )
                )
    return found


def _ladder(policy: Policy) -> list[Finding]:
    """Each layer's trigger must ask for more than the one inside it: where the inner one holds, the next must be able to fail."""
    found = []
    for inner, outer in pairwise(policy.hedge.layers):
        first, second = (_any_of(_rules_on(policy, layer, ("activate",))) for layer in (inner, outer))
        if first is None or second is None or not implies(first, second):
            continue
        found.append(
            Finding(
                code="ladder-order",
                severity="warning",
                key=f"hedge.layer.{outer.name}",
                text=f"its trigger does not rise above that of {inner.name}: where {first.phrase()}, {second.phrase()} too",
                todo="give each layer a higher threshold than the one before it, in file order",
            )
        )
    return found


def _any_of(rules: list[AdaptiveRule]) -> Condition | None:
    if not rules:
        return None
    return rules[0].when if len(rules) == 1 else AnyOf(parts=tuple(rule.when for rule in rules))
