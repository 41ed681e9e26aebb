"""When each adaptive element changed something in a run: watched session by session, and read off what was refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from alvh.core.days import iso
from alvh.engine.backtest import BacktestResult
from alvh.engine.session import Run, SessionTrace
from alvh.strategy.policy import Policy
from alvh.strategy.rule_policy import ActionKind
from alvh.study.ablate.elements import Element, elements

REFUSED_BY: Mapping[str, str] = {"spread": "R45", "neutrality": "R44", "steward": "R46", "quick_ratio": "R48"}
"""The rule under which an engine's desk records what a limit refused or cut."""


class Watch:
    """Counts sessions on which elements fired; hand :meth:`see` to ``run_backtest`` as ``watch``.

    A rule fires where it acts. Rules that hold a window open fire on the sessions where that changed something: ``delay_rolls``
    where it held an opening or a roll back, ``flex_ratio`` where a layer was sized while it held, ``time_shift``
    also where a scheduled roll went into the later window while it held. ``monetise`` fires where it sells, ``funded_by`` and
    limits where they cut or refused (bounds on the book also where they traded), the gate where it held an entry back.
    """

    __slots__ = ("_acted", "_delays", "_fired", "_gate", "_monetise", "_policy", "hedged_sessions")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._fired: dict[str, set[int]] = {element.name: set() for element in elements(policy)}
        self._delays = {
            f"{rule.name}: {rule.when.phrase()}": rule.name for rule in policy.rules if rule.then.kind == "delay_rolls"
        }
        self._monetise = [f"hedge.layer.{layer.name}.monetise" for layer in policy.hedge.layers]
        self._gate = "condor.gate_max_vix"
        self._acted: tuple[tuple[int, ...], ...] = ()
        self.hedged_sessions = 0

    def see(self, run: Run, index: int, trace: SessionTrace) -> None:
        """Look at one session that is done."""
        session, decision, rules = trace.view.session, trace.decision, self._policy.rules
        if any(state.series is not None for state in run.book.layers):
            self.hedged_sessions += 1
        acted = decision.memory.acted_row
        if acted is not self._acted:
            for rule, row in zip(rules, acted, strict=True):
                if index in row:
                    self._fired[rule.name].add(session)
            self._acted = acted
        for reason in decision.held_back:
            if reason.text in self._delays:
                self._fired[self._delays[reason.text]].add(session)
            elif reason.rule == "R33" and reason.signal == "vix" and reason.text.startswith("no new condor"):
                self._fired[self._gate].add(session)
        for intent in decision.intents:
            k = intent.layer
            if intent.kind == "trim_layer" and intent.reason.signal == "value_over_cost":
                self._fired[self._monetise[k]].add(session)
            elif intent.kind in ("roll_layer", "resize_layer"):
                self._window(trace, "flex_ratio", k)
                if intent.kind == "roll_layer" and decision.shifted[k]:
                    self._window(trace, "time_shift", k)

    def _window(self, trace: SessionTrace, kind: ActionKind, layer: int) -> None:
        """Every rule of this kind that holds on the layer fired: their factors multiply, and one window is shifted by any."""
        name = self._policy.hedge.layers[layer].name
        for j, rule in enumerate(self._policy.rules):
            if rule.then.kind == kind and trace.view.rule_holds[j] and (not rule.then.layers or name in rule.then.layers):
                self._fired[rule.name].add(trace.view.session)

    def fired(self, result: BacktestResult) -> dict[str, list[str]]:
        """ISO dates by element, ascending, of the finished run."""
        for element in elements(self._policy):
            self._fired[element.name] |= _cut(result, element)
        return {name: [iso(day) for day in sorted(days)] for name, days in self._fired.items()}


def _cut(result: BacktestResult, element: Element) -> set[int]:
    """Sessions on which a limit, or a reserve without gains, cut, refused or traded."""
    if element.kind == "funded_by":
        start = f"{element.target}: "
        return {session for session, rule, text in result.refusals if rule == "R47" and text.startswith(start)}
    if element.kind != "limit":
        return set()
    found = {session for session, rule, _ in result.refusals if rule == REFUSED_BY.get(element.target)}
    if element.target == "neutrality":
        found |= {line.session for line in result.roll_lines if line.action == "neutral"}
    return found


def unknown_sessions(result: BacktestResult) -> dict[str, dict[str, str | int]]:
    """By rule that was off for want of data: on how many sessions a signal had no value, the first and the last."""
    found: dict[str, dict[str, str | int]] = {}
    for rule, known in zip(result.policy.rules, result.rules.known, strict=True):
        rows = np.flatnonzero(~known)
        if rows.size:
            first, last = (iso(result.sessions[row]) for row in (rows[0], rows[-1]))
            found[rule.name] = {"sessions": int(rows.size), "first": first, "last": last}
    return found
