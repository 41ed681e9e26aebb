"""What each adaptive rule did in a run, and where it could not be read: on which sessions it held, acted, or was off (R35)."""

from __future__ import annotations

from typing import Any

import numpy as np

from alvh.core.days import iso
from alvh.engine.backtest import BacktestResult
from alvh.engine.session import Run, SessionTrace
from alvh.strategy.policy import Policy
from alvh.strategy.rule_policy import ActionKind


class RuleActs:
    """Counts as a run goes on: pass :meth:`watch` to :func:`~alvh.engine.backtest.run_backtest`.

    ``acted``: by rule, the market rows at which it acted, each with the layers (-1: the condors) on which it did.
    """

    __slots__ = ("_before", "_delays", "acted", "policy")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.acted: list[dict[int, list[int]]] = [{} for _ in policy.rules]
        self._before: object = None
        # a rule that delays leaves no trace in the memory, but its reason, of which its name is a part, among what was held back
        self._delays = {
            f"{rule.name}: {rule.when.phrase()}": k for k, rule in enumerate(policy.rules) if rule.then.kind == "delay_rolls"
        }

    def watch(self, run: Run, index: int, trace: SessionTrace) -> None:
        """Take note of one session."""
        rows = trace.decision.memory.acted_row
        if rows is not self._before:  # the memory keeps the same object while no rule acts
            self._before = rows
            for rule, row in enumerate(rows):
                layers = [k for k, at in enumerate(row) if at == index]
                if layers:
                    self.acted[rule][index] = [-1 if k == len(row) - 1 else k for k in layers]
        for reason in trace.decision.held_back if self._delays else ():
            delayed = self._delays.get(reason.text)
            if delayed is not None:
                self.acted[delayed].setdefault(index, [])

    def by_layer(self, kind: ActionKind) -> list[int]:
        """How often rules of one kind acted on each layer."""
        counts = [0] * len(self.policy.hedge.layers)
        for rule, rows in zip(self.policy.rules, self.acted, strict=True):
            if rule.then.kind == kind:
                for layers in rows.values():
                    for k in layers:
                        counts[k] += 1
        return counts


def rules_document(result: BacktestResult, acts: RuleActs) -> list[dict[str, Any]]:
    """The part ``rules``, one row a rule in the order of the file.

    ``held_sessions``: its condition was true. ``acted``: sessions at which it did something, ``first`` and ``last`` of them: a
    rule that flexes the ratio acts while it holds, one that delays where it held a roll back, any other where it gave an order.
    ``unknown_sessions``: a signal that it reads had no value there, so that it was off, from the first to the last.
    """
    table, sessions = result.rules, result.sessions
    rows = []
    for k, rule in enumerate(result.policy.rules):
        acted = sorted(row - result.first for row in acts.acted[k])
        if rule.then.kind == "flex_ratio":
            acted = np.flatnonzero(table.holds[k]).tolist()
        unknown = np.flatnonzero(~table.known[k]).tolist()
        rows.append(
            {
                "name": rule.name,
                "rule_id": rule.rule_id,
                "action": rule.then.kind,
                "held_sessions": int(table.holds[k].sum()),
                "acted": len(acted),
                "first": iso(sessions[acted[0]]) if len(acted) else None,
                "last": iso(sessions[acted[-1]]) if len(acted) else None,
                "unknown_sessions": len(unknown),
                "unknown_from": iso(sessions[unknown[0]]) if len(unknown) else None,
                "unknown_to": iso(sessions[unknown[-1]]) if len(unknown) else None,
            }
        )
    return rows
