"""What a decision says: intents, before contracts are chosen, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alvh.core.orders import Reason
from alvh.strategy.view import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is wanted, before contracts: ``condor`` is a group id for a close, ``layer`` a layer index.

    ``scheduled``: the calendar asked for it (a deadline too); else a rule did. ``fraction``: share of a layer to sell.
    """

    kind: Literal["close_condor", "open_condor", "roll_layer", "resize_layer", "trim_layer", "lock_layer", "roll_overlay"]
    reason: Reason
    condor: int = -1
    layer: int = -1
    fraction: float = 1.0
    first: bool = False
    deadline: bool = False
    scheduled: bool = True
    dead_band: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Intents in the order in which they are carried out, the reasons of what was held back, and the new memory.

    ``active``: of the rules that the steward names (R46), those whose condition holds at this close. By layer: ``factors``
    multiply its ratio (R32), and ``shifted`` layers choose in the window after their own (R12).
    """

    intents: tuple[Intent, ...]
    held_back: tuple[Reason, ...]
    memory: Memory
    active: frozenset[str] = frozenset()
    factors: tuple[float, ...] = ()
    shifted: tuple[bool, ...] = ()
