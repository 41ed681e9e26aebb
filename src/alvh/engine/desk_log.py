"""What a desk did beside its trades: the roll calendar, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from alvh.engine.broker import Counters
from alvh.market.market import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RollLine:
    """One line of the roll calendar; ``scheduled``: the calendar asked for it, else a rule did."""

    session: int
    layer: int
    action: str
    old_contract: str
    new_contract: str
    quantity: int
    price: float
    fallback: bool
    scheduled: bool
    reason: str


@dataclass(slots=True, kw_only=True)
class DeskLog:
    """Shared by the desks of one run. A refusal is session, rule and text."""

    counters: Counters
    roll_lines: list[RollLine] = field(default_factory=list)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)

    def refuse(self, snapshot: Snapshot, rule: str, text: str) -> None:
        """Record what a rule or the market held back."""
        self.counters.refused[rule] = self.counters.refused.get(rule, 0) + 1
        self.refusals.append((snapshot.session, rule, text))
