"""What each hedge layer does at one close, innermost first: deadline, exits, rolls by rule, openings and rolls by the calendar.

Of the adaptive rules the first in the file that may act on a layer does; where ``acting`` is ``innermost`` a session has one
adaptive action, on the innermost layer that any rule acts on (R40).
"""

from __future__ import annotations

from dataclasses import replace

from alvh.core.orders import Reason
from alvh.strategy.intents import Intent
from alvh.strategy.policy import Policy
from alvh.strategy.rule_policy import EXITS, MOST_FACTOR, ROLLS, ActionKind
from alvh.strategy.rule_state import RuleState
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory, View


class HedgeTurn:
    """One close of the hedge; :meth:`run` appends intents, :meth:`memory` is what they leave behind.

    By layer: ``factor`` multiplies its ratio, ``shifted`` layers choose in the window after their own.
    """

    __slots__ = (
        "_active", "_adapted", "_at_once", "_due_row", "_index", "_last_roll", "_memory", "_monetised", "_policy", "_rules",
        "_started", "_state", "_view", "factor", "shifted",
    )  # fmt: skip

    def __init__(self, policy: Policy, view: View, state: RuleState, memory: Memory, index: int) -> None:
        self._policy, self._view, self._state, self._memory, self._index = policy, view, state, memory, index
        self._started, self._active = list(memory.started), list(memory.active)
        self._last_roll, self._due_row, self._monetised = list(memory.last_roll), list(memory.due_row), list(memory.monetised)
        self._adapted = False
        layers = policy.hedge.layers
        self.factor = [1.0] * len(layers)
        self._at_once = [1.0] * len(layers)
        self.shifted = [False] * len(layers)
        self._rules: list[dict[ActionKind, list[int]]] = [{} for _ in layers]
        for j, rule in enumerate(policy.rules):
            if not state.holds(j):
                continue
            for k, layer in enumerate(layers):
                if not rule.then.layers or layer.name in rule.then.layers:
                    self._rules[k].setdefault(rule.then.kind, []).append(j)
        for k, held in enumerate(self._rules):
            for j in held.get("flex_ratio", ()):
                then = policy.rules[j].then
                self.factor[k] = min(self.factor[k] * then.factor, MOST_FACTOR)
                if then.traded == "at_once" or (then.traded == "as_hedge" and policy.hedge.ratio == "by_signal"):
                    self._at_once[k] = min(self._at_once[k] * then.factor, MOST_FACTOR)
            self.shifted[k] = "time_shift" in held

    def run(self, intents: list[Intent], held_back: list[Reason]) -> None:
        """Append the intents of every layer, innermost (first in the file) first."""
        for k in range(len(self._policy.hedge.layers)):
            intent = self._layer(k, held_back)
            if intent is None:
                continue
            intents.append(intent)
            if intent.kind == "roll_layer":
                self._started[k], self._last_roll[k] = True, self._view.session
                self._due_row[k], self._monetised[k] = NEVER, False

    def memory(self) -> Memory:
        """The memory after this close."""
        state = self._state
        return replace(
            self._memory,
            started=tuple(self._started),
            active=tuple(self._active),
            last_roll=tuple(self._last_roll),
            due_row=tuple(self._due_row),
            factor=tuple(self._at_once),
            monetised=tuple(self._monetised),
            acted_row=state.acted_row,
            held_row=state.held_row,
            episode_row=state.episode_row,
        )

    def _layer(self, k: int, held_back: list[Reason]) -> Intent | None:
        layer, left = self._policy.hedge.layers[k], int(self._view.layer_sessions_left[k])
        if not self._active[k]:
            return self._activation(k)
        last_days = 1 if self._policy.timing.fill_at == "next_close" else 0
        if layer.roll.kind != "hold_to_settlement" and left <= last_days:
            text = "last trading session of what is held"
            reason = Reason(rule="R10", signal="sessions_left", value=float(left), threshold=float(last_days), text=text)
            return Intent(kind="roll_layer", reason=reason, layer=k, deadline=True)
        held = left < NOTHING_HELD
        intent = self._exit(k, held)
        if intent is None and held and layer.roll.on_trigger:
            intent = self._rule_roll(k)
        if intent is None:
            intent = self._calendar(k, left, held_back)
        if intent is None and self._started[k]:
            intent = self._resize(k)
        return intent

    def _take(self, k: int, kinds: tuple[ActionKind, ...]) -> int | None:
        """The first rule of these kinds, in that order, that may act on the layer."""
        alone = self._adapted and self._policy.hedge.acting == "innermost"
        for kind in kinds:
            for j in self._rules[k].get(kind, ()):
                if self._state.ready(j, k) and not (alone and self._policy.rules[j].then.acting == "as_hedge"):
                    return j
        return None

    def _act(self, j: int, k: int) -> Reason:
        self._state.act(j, k)
        self._adapted = True
        return self._state.reason(j)

    def _activation(self, k: int) -> Intent | None:
        if self._policy.hedge.presence == "ladder" and not all(self._active[:k]):
            return None
        j = self._take(k, ("activate",))
        if j is None:
            return None
        self._active[k] = True
        return Intent(kind="roll_layer", reason=self._act(j, k), layer=k, first=True, scheduled=False)

    def _exit(self, k: int, held: bool) -> Intent | None:
        order = self._policy.hedge.layers[k].monetise
        if held and order is not None and not self._monetised[k]:
            value, cost = float(self._view.layer_value_usd[k]), float(self._view.layer_cost_usd[k])
            if cost > 0.0 and value >= order.multiple * cost:
                self._monetised[k] = True
                text = f"worth {order.multiple:g} times what it cost"
                reason = Reason(rule="R41", signal="value_over_cost", value=value / cost, threshold=order.multiple, text=text)
                return Intent(kind="trim_layer", reason=reason, layer=k, fraction=order.fraction_pct / 100.0, scheduled=False)
        j = self._take(k, EXITS)
        if j is None:
            return None
        then = self._policy.rules[j].then
        if then.kind == "stand_down":
            self._active[k] = self._started[k] = False
            self._due_row[k] = NEVER
            return Intent(kind="trim_layer", reason=self._act(j, k), layer=k, scheduled=False)
        if not held:
            return None
        if then.kind == "lock_synthetic":
            return Intent(kind="lock_layer", reason=self._act(j, k), layer=k, scheduled=False)
        return Intent(kind="trim_layer", reason=self._act(j, k), layer=k, fraction=then.fraction_pct / 100.0, scheduled=False)

    def _rule_roll(self, k: int) -> Intent | None:
        kinds = ROLLS if k == self._innermost() else tuple(kind for kind in ROLLS if kind != "roll_innermost")
        j = self._take(k, kinds)
        return None if j is None else Intent(kind="roll_layer", reason=self._act(j, k), layer=k, scheduled=False)

    def _innermost(self) -> int:
        """The first layer that holds something and that a trigger may roll."""
        for k, layer in enumerate(self._policy.hedge.layers):
            if layer.roll.on_trigger and int(self._view.layer_sessions_left[k]) < NOTHING_HELD:
                return k
        return -1

    def _calendar(self, k: int, left: int, held_back: list[Reason]) -> Intent | None:
        """The first opening, or a roll that is due; either may be held back by a rule (R22)."""
        layer, pending = self._policy.hedge.layers[k], self._due_row[k] != NEVER
        first = not self._started[k]
        due = self._view.hedge_day if first else self._due(k, left)
        if not due and not pending:
            return None
        since = self._due_row[k] if pending else self._index
        for j in self._rules[k].get("delay_rolls", ()):
            if self._index - since < self._policy.rules[j].then.most_sessions:
                self._due_row[k] = since
                held_back.append(self._state.reason(j))
                return None
        text = "first opening" if first else f"roll due: {layer.roll.kind}"
        if pending:
            text += f", held back {self._index - since} sessions"
        self._due_row[k] = NEVER
        reason = Reason(rule="R10", signal="calendar", value=None, threshold=None, text=text)
        return Intent(kind="roll_layer", reason=reason, layer=k, first=first)

    def _due(self, k: int, left: int) -> bool:
        roll, view = self._policy.hedge.layers[k].roll, self._view
        if roll.kind == "sessions_before_expiry":
            return left <= roll.sessions or (view.hedge_day and left >= NOTHING_HELD)
        if not roll.on_grid:
            return view.hedge_day and left >= NOTHING_HELD
        if roll.anchor == "last_roll":
            return view.hedge_day and view.session - self._last_roll[k] >= roll.days
        return bool(view.layer_due[k])

    def _resize(self, k: int) -> Intent | None:
        """Rules that resize, whatever rolls or sells a layer comes before; then a changed factor; then the weekly resize."""
        j = self._take(k, ("rebalance",))
        if j is not None:
            band = self._policy.rules[j].then.dead_band_pct / 100.0
            return Intent(kind="resize_layer", reason=self._act(j, k), layer=k, dead_band=band, scheduled=False)
        hedge, before = self._policy.hedge, self._memory.factor[k]
        if self._at_once[k] != before:
            text = f"ratio times {self._at_once[k]:g}, was {before:g}"
            reason = Reason(rule="R32", signal="factor", value=self._at_once[k], threshold=before, text=text)
            return Intent(kind="resize_layer", reason=reason, layer=k, scheduled=False)
        if hedge.size.resize == "weekly" and self._view.hedge_day:
            reason = Reason(rule="R03", signal="calendar", value=None, threshold=None, text="weekly resize")
            return Intent(kind="resize_layer", reason=reason, layer=k)
        return None
