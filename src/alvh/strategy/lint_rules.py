"""Rules that can't act, found from the policy alone: conditions that no values make true, and rules that others shadow."""

from __future__ import annotations

from alvh.strategy.conditions import Compare
from alvh.strategy.lint_domains import domain_of
from alvh.strategy.lint_finding import Finding, Severity
from alvh.strategy.lint_logic import alternatives, can_fail, can_hold, implies
from alvh.strategy.policy import AdaptiveRule, HedgeLayer, Policy
from alvh.strategy.rule_policy import EXITS, ROLLS, ActionKind

RESIZES: tuple[ActionKind, ...] = ("rebalance",)


def dead_conditions(policy: Policy) -> list[Finding]:
    """Conditions that no values of their signals make true, or false."""
    found: list[Finding] = []
    for rule in policy.rules:
        key = f"rule.{rule.name}.when"
        if can_hold(rule.when) is False:
            found.append(
                Finding(
                    code="never-fires",
                    severity="error",
                    key=key,
                    text=f"never true: {rule.when.phrase()}; {_ranges(rule)}",
                    todo="move a threshold inside what the signal can be, or join the parts by any",
                )
            )
            continue
        if can_fail(rule.when) is False:
            found.append(
                Finding(
                    code="always-fires",
                    severity="warning",
                    key=key,
                    text=f"true whatever happens: {rule.when.phrase()}; {_ranges(rule)}",
                    todo="move a threshold, or make it no rule but a setting",
                )
            )
        for path, part in alternatives(rule.when, key):
            if can_hold(part) is False:
                found.append(
                    Finding(
                        code="never-fires",
                        severity="warning",
                        key=path,
                        text=f"this alternative is never true: {part.phrase()}",
                        todo="move its threshold, or take it out",
                    )
                )
    return found


def _ranges(rule: AdaptiveRule) -> str:
    names = dict.fromkeys(rule.when.signals())
    return ", ".join(f"{name} is {domain_of(name).text()}" for name in names)


def shadowed(policy: Policy) -> list[Finding]:
    """Rules whose object an earlier rule has always taken. Order: ``strategy/decide.py`` and ``decide_hedge.py``."""
    found: list[Finding] = []
    for number, rule in enumerate(policy.rules):
        if can_hold(rule.when) is False:
            continue
        if rule.then.kind == "skip_condor_entry":
            found += _shadowed_entry(policy, number)
        else:
            found += _shadowed_layers(policy, number)
    return found


def _shadowed_entry(policy: Policy, number: int) -> list[Finding]:
    rule, gate = policy.rules[number], policy.condor.gate_max_vix
    if gate is not None and implies(rule.when, Compare(signal="vix", above=gate)):
        text = f"holds only while VIX is above the gate of {gate:g}, which has held the entry back already"
        return [_shadow(rule, text, "error", "take the rule out, or raise condor.gate_max_vix")]
    for other in policy.rules[:number]:
        if other.then.kind == rule.then.kind and _each_time(other) and implies(rule.when, other.when):
            return [_shadow(rule, f"whenever it holds, {other.name} has held the entry back", "error", "take one of the two out")]
    return []


def _shadowed_layers(policy: Policy, number: int) -> list[Finding]:
    rule = policy.rules[number]
    layers = acted_on(policy, rule)
    by = {layer.name: other for layer in layers if (other := _taker(policy, number, layer)) is not None}
    if not by:
        return []
    names = ", ".join(f"{layer} ({other.name}: {other.then.kind})" for layer, other in by.items())
    if len(by) == len(layers):
        text = f"whenever it holds, an earlier action takes every layer: {names}"
        return [_shadow(rule, text, "error", "narrow the earlier rule, or take one of the two out")]
    text = f"whenever it holds, an earlier action takes some of its layers: {names}"
    return [_shadow(rule, text, "warning", "name the layers that are left to it")]


def _taker(policy: Policy, number: int, layer: HedgeLayer) -> AdaptiveRule | None:
    """The rule that always takes a layer before rule ``number`` can."""
    rule = policy.rules[number]
    for place, other in enumerate(policy.rules):
        if place == number or layer not in acted_on(policy, other) or not _before(policy, number, place, layer):
            continue
        if implies(rule.when, other.when):
            return other
    return None


def _before(policy: Policy, number: int, place: int, layer: HedgeLayer) -> bool:
    """Whether rule ``place``, wherever it holds, leaves nothing of a layer for rule ``number``."""
    mine, other = policy.rules[number].then, policy.rules[place].then
    same_first = place < number and mine.kind == other.kind
    if mine.kind == "flex_ratio":  # factors multiply, so that only a zero leaves nothing to another
        return other.kind == "flex_ratio" and other.factor == 0.0 and (mine.factor != 0.0 or place < number)
    if mine.kind == "delay_rolls":
        return same_first and other.most_sessions >= mine.most_sessions
    if not _each_time(policy.rules[place]):
        return False
    if mine.kind in EXITS and other.kind in EXITS:
        return same_first or EXITS.index(other.kind) < EXITS.index(mine.kind)
    if mine.kind == "time_shift":  # moves the window too, also where something else sells or rolls the layer that day
        return same_first
    if mine.kind in ROLLS:
        rolled = other.kind in ROLLS and layer.roll.on_trigger
        return other.kind in EXITS or same_first or (rolled and ROLLS.index(other.kind) < ROLLS.index(mine.kind))
    if mine.kind in RESIZES:
        rolled = other.kind in ("roll_layers", "time_shift") and layer.roll.on_trigger
        return other.kind in EXITS or rolled or same_first
    return same_first


def _each_time(rule: AdaptiveRule) -> bool:
    """Whether the rule may act at every session at which it holds."""
    return rule.cool_down_sessions == 0 and rule.repeat == "each_session"


def _shadow(rule: AdaptiveRule, text: str, severity: Severity, todo: str) -> Finding:
    return Finding(code="shadowed", severity=severity, key=f"rule.{rule.name}", text=text, todo=todo)


def acted_on(policy: Policy, rule: AdaptiveRule) -> list[HedgeLayer]:
    """Layers that a rule names, or all."""
    if rule.then.kind == "skip_condor_entry":
        return []
    return [layer for layer in policy.hedge.layers if not rule.then.layers or layer.name in rule.then.layers]
