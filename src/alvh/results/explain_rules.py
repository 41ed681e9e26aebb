"""Every adaptive rule at one close: its condition part by part, and what it did, or why not, on each layer and on the condors.

What holds and what may act is asked of the strategy's own code (conditions and :class:`~alvh.strategy.rule_state.RuleState`);
only the sentences about what came first are made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.core.errors import InternalError
from alvh.strategy.conditions import AnyOf, Compare, Condition, Not
from alvh.strategy.explain_hedge import rule_sentence
from alvh.strategy.intents import Decision
from alvh.strategy.policy import AdaptiveRule, Policy
from alvh.strategy.rule_policy import ROLLS
from alvh.strategy.rule_state import RuleState
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory, View

CONDORS: Final = "condors"
"""Name of the condors among the targets of rules; the others are layers."""
_CONDOR_TARGET: Final = -1
_HOLDING: Final = ("close_layers", "lock_synthetic", *ROLLS)
"""Actions that need something to act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleClose:
    """One close as the rules saw it: ``before`` is the memory that the decision began with, ``index`` the market row."""

    policy: Policy
    sessions: DayArray
    index: int
    view: View
    before: Memory
    decision: Decision

    @property
    def after(self) -> Memory:
        """The memory that the decision left behind."""
        return self.decision.memory


def rule_rows(close: RuleClose) -> list[dict[str, Any]]:
    """One row a rule, in file order, JSON-ready.

    ``condition`` is a tree of ``kind`` (compare, all, any, not), ``text``, ``holds`` (None where a signal inside has no value)
    and ``parts``; a comparison has ``signal``, ``value``, ``above`` and ``below``. ``targets`` has a row for the condors or for
    each layer that the rule may act on, with ``state`` and ``text``: *off* (a signal has no value), *false*, *acted*,
    *cool_down*, *acted_this_episode*, *in_effect* (it holds, and changes what others do), *waiting* (it may act, and the text
    says what kept it).
    """
    state = RuleState(close.policy, close.view, close.before, close.index)
    return [_rule(close, state, k, rule) for k, rule in enumerate(close.policy.rules)]


def condition_tree(condition: Condition, read: Callable[[str], float]) -> dict[str, Any]:
    """A condition at one close, part by part; ``read`` gives a signal's value, NaN where it has none."""
    values = {name: read(name) for name in condition.signals()}
    known = not any(np.isnan(value) for value in values.values())
    holds = bool(condition.holds(lambda name: np.array([values[name]]))[0]) if known else None
    node: dict[str, Any] = {"kind": _kind(condition), "text": condition.phrase(), "holds": holds}
    if isinstance(condition, Compare):
        value = values[condition.signal]
        node |= {
            "signal": condition.signal,
            "value": None if np.isnan(value) else value,
            "above": condition.above,
            "below": condition.below,
        }
    parts = (condition.part,) if isinstance(condition, Not) else () if isinstance(condition, Compare) else condition.parts
    return node | {"parts": [condition_tree(part, read) for part in parts]}


def _kind(condition: Condition) -> str:
    if isinstance(condition, Compare):
        return "compare"
    if isinstance(condition, Not):
        return "not"
    return "any" if isinstance(condition, AnyOf) else "all"


def _rule(close: RuleClose, state: RuleState, k: int, rule: AdaptiveRule) -> dict[str, Any]:
    signals = close.view.signals

    def read(name: str) -> float:
        return float(signals.values[signals.names.index(name)][0])

    tree = condition_tree(rule.when, read)
    known = bool(close.view.rule_known[k])
    if bool(close.view.rule_holds[k]) != bool(tree["holds"]) or known != (tree["holds"] is not None):
        raise InternalError(f"rule '{rule.name}' reads otherwise than it decided", where=_day(close, close.index))
    episode = close.after.episode_row[k]
    return {
        "rule": rule.name,
        "rule_id": rule.rule_id,
        "action": rule.then.kind,
        "text": rule_sentence(rule, close.policy),
        "holds": tree["holds"],
        "missing": sorted({name for name in rule.when.signals() if np.isnan(read(name))}),
        "episode_began": None if episode == NEVER or not tree["holds"] else _day(close, episode),
        "condition": tree,
        "targets": [_target(close, state, k, rule, target) for target in _targets(close, rule)],
    }


def _targets(close: RuleClose, rule: AdaptiveRule) -> list[int]:
    if rule.then.kind == "skip_condor_entry":
        return [_CONDOR_TARGET]
    layers = close.policy.hedge.layers
    return [k for k, layer in enumerate(layers) if not rule.then.layers or layer.name in rule.then.layers]


def _target(close: RuleClose, state: RuleState, k: int, rule: AdaptiveRule, target: int) -> dict[str, Any]:
    last = close.before.acted_row[k][target]
    code, text = _state(close, state, k, rule, target)
    return {
        "target": CONDORS if target == _CONDOR_TARGET else close.policy.hedge.layers[target].name,
        "state": code,
        "text": text,
        "last_acted": None if last == NEVER else _day(close, last),
    }


def _state(close: RuleClose, state: RuleState, k: int, rule: AdaptiveRule, target: int) -> tuple[str, str]:
    if not close.view.rule_known[k]:
        return "off", "a signal has no value, and the rule is off where one is missing"
    if not state.holds(k):
        return "false", "the condition does not hold"
    if close.after.acted_row[k][target] == close.index:
        return "acted", "acted"
    if rule.then.kind == "flex_ratio":
        return _flexed(close, rule, target)
    if rule.then.kind == "delay_rolls":
        return _delayed(close, rule, target)
    code, text = _unready(close, k, rule, target) if not state.ready(k, target) else ("waiting", _first(close, rule, target))
    if rule.then.kind == "time_shift":
        return "in_effect", f"the layer chooses in the window after its own; it did not roll for this: {text}"
    return code, text


def _unready(close: RuleClose, k: int, rule: AdaptiveRule, target: int) -> tuple[str, str]:
    last = close.before.acted_row[k][target]
    if rule.repeat == "once_an_episode" and last >= close.after.episode_row[k]:
        return "acted_this_episode", f"acted on {_day(close, last)}, once an episode"
    passed, needed = close.index - last, rule.cool_down_sessions + 1
    return "cool_down", f"acted on {_day(close, last)}, {passed} of {needed} sessions before it may act again have passed"


def _first(close: RuleClose, rule: AdaptiveRule, target: int) -> str:
    return _condors_first(close) if target == _CONDOR_TARGET else _layer_first(close, rule, target)


def _flexed(close: RuleClose, rule: AdaptiveRule, target: int) -> tuple[str, str]:
    """A ratio is flexed without a turn: the factors of all rules that hold multiply, up to a bound."""
    whole = close.decision.factors[target]
    others = "" if whole == rule.then.factor else f" (with other rules, or at the bound, {whole:g})"
    return "in_effect", f"the layer's ratio is multiplied by {rule.then.factor:g}{others}"


def _delayed(close: RuleClose, rule: AdaptiveRule, target: int) -> tuple[str, str]:
    due = close.after.due_row[target]
    if due != NEVER and any(reason.text.startswith(f"{rule.name}: ") for reason in close.decision.held_back):
        return "in_effect", f"holds back what fell due on {_day(close, due)}"
    return "waiting", "nothing that it could hold back fell due, or that was held back as long as the rule may"


def _condors_first(close: RuleClose) -> str:
    if not close.policy.condor.enabled or not close.view.condor_day:
        return "no condor entry was due"
    return f"the entry was held back before its turn: {close.decision.held_back[0].text}"


def _layer_first(close: RuleClose, rule: AdaptiveRule, target: int) -> str:
    policy, layer = close.policy, close.policy.hedge.layers[target]
    active = close.before.active[target]
    if not policy.hedge.enabled:
        return "the hedge is switched off"
    if rule.then.kind == "activate":
        if active:
            return "the layer is on already"
        if policy.hedge.presence == "ladder" and not all(close.after.active[:target]):
            return "an inner layer is still off (R31)"
    elif not active:
        return "the layer is off"
    if rule.then.kind in _HOLDING and int(close.view.layer_sessions_left[target]) >= NOTHING_HELD:
        return "the layer holds nothing"
    if rule.then.kind in ROLLS and not layer.roll.on_trigger:
        return f"the layer rolls by the calendar alone ({layer.roll.kind}, R14)"
    if rule.then.kind == "roll_innermost" and target != _innermost(close):
        return "it is not the innermost layer that holds something"
    came = next((intent for intent in close.decision.intents if intent.layer == target), None)
    if came is not None:
        return f"something else came first: {came.reason.text}"
    if rule.then.kind == "rebalance" and not close.after.started[target]:
        return "the layer was not opened yet"
    if policy.hedge.acting == "innermost" and rule.then.acting == "as_hedge":
        return "another layer acted, and one acts a session (R40)"
    return "it did not come to its turn"


def _innermost(close: RuleClose) -> int:
    layers, left = close.policy.hedge.layers, close.view.layer_sessions_left.tolist()
    held = (k for k, layer in enumerate(layers) if layer.roll.on_trigger and left[k] < NOTHING_HELD)
    return next(held, -1)


def _day(close: RuleClose, row: int) -> str:
    return iso(close.sessions[row])
