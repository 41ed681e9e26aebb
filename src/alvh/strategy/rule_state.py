"""Which adaptive rules hold at one close and may act: cool-downs and episodes counted from the memory."""

from __future__ import annotations

from alvh.core.orders import Reason
from alvh.strategy.conditions import witness
from alvh.strategy.policy import Policy
from alvh.strategy.view import NEVER, Memory, View


class RuleState:
    """The rules of one close; ``act`` records that a rule acted. A layer is its index, -1 stands for the condors."""

    __slots__ = ("_holds", "_index", "_policy", "_view", "acted_row", "episode_row", "held_row")

    def __init__(self, policy: Policy, view: View, memory: Memory, index: int) -> None:
        self._policy, self._view, self._index = policy, view, index
        rules = policy.rules
        self.acted_row, self.held_row, self.episode_row = memory.acted_row, memory.held_row, memory.episode_row
        self._holds: list[bool] = view.rule_holds.tolist()
        if not rules:
            return
        if not view.rule_known.all():
            for k, rule in enumerate(rules):
                if not view.rule_known[k] and rule.when_missing == "refuse":
                    for name in rule.when.signals():
                        view.signals.read(name)  # refused by name
        if any(self._holds):
            held, episode = list(memory.held_row), list(memory.episode_row)
            for k, rule in enumerate(rules):
                if self._holds[k]:
                    if index - held[k] > rule.rearm_sessions:
                        episode[k] = index
                    held[k] = index
            self.held_row, self.episode_row = tuple(held), tuple(episode)

    def holds(self, rule: int) -> bool:
        """Whether the rule's condition is true at this close."""
        return self._holds[rule]

    def ready(self, rule: int, layer: int) -> bool:
        """Whether the rule holds and may act on a layer: its cool-down is over, and it has not acted in this episode."""
        if not self._holds[rule]:
            return False
        one = self._policy.rules[rule]
        last = self.acted_row[rule][layer]
        if last == NEVER:
            return True
        if one.repeat == "once_an_episode" and last >= self.episode_row[rule]:
            return False
        return self._index - last > one.cool_down_sessions

    def act(self, rule: int, layer: int) -> None:
        """Record that the rule acted on a layer at this close."""
        rows = [list(row) for row in self.acted_row]
        rows[rule][layer] = self._index
        self.acted_row = tuple(tuple(row) for row in rows)

    def reason(self, rule: int) -> Reason:
        """Why the rule acts: the first comparison of its condition, and the whole of it in words."""
        one = self._policy.rules[rule]
        signal, value, threshold = witness(one.when, self._view.signals.read)
        text = f"{one.name}: {one.when.phrase()}"
        return Reason(rule=one.rule_id, signal=signal, value=value, threshold=threshold, text=text)
