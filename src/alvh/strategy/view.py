"""What a decision may see: the book and the signals of one close, and the memory that rules keep between sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.strategy.conditions import PerPath

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NOTHING_HELD = 1 << 30
"""Sessions left of a layer that holds nothing."""
NEVER = -(1 << 30)
"""Row of what has not happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Signal values of one close, one value a path; reading a value that is not known is refused by name."""

    names: tuple[str, ...]
    values: Floats
    session: int

    def read(self, name: str) -> PerPath:
        value: PerPath = self.values[self.names.index(name)]
        if np.isnan(value).any():
            raise DataMissing(
                f"signal '{name}' has no value (still warming up, or its input is missing)",
                where=iso(self.session),
                todo="start later, add the missing history, or take the rule that reads it out of the policy",
            )
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One close as a decision sees it.

    Condor arrays have one row per open condor, layer arrays one per layer, rule arrays one per adaptive rule. ``sessions_left``
    counts sessions from now to the last trading session of what a layer holds (0 on that session, ``NOTHING_HELD`` where it
    holds nothing); ``value`` and ``cost`` are dollars of what it holds at mid and as paid. ``due`` is the fixed grid.
    ``rule_holds`` is False where ``rule_known`` is: a signal that the rule reads has no value.
    """

    session: int
    condor_day: bool
    hedge_day: bool
    vix: float
    condor_group: Ints
    condor_credit_usd: Floats
    condor_cost_to_close_usd: Floats
    condor_dte: Ints
    condor_short_delta: Floats
    layer_due: Bools
    layer_sessions_left: Ints
    layer_value_usd: Floats
    layer_cost_usd: Floats
    signals: Signals
    rule_holds: Bools
    rule_known: Bools
    overlay_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """State that decisions carry from close to close; every ``..._row`` is a row of the market's sessions.

    By layer: opened since it was last switched off, switched on (``presence``), day of its last roll, row at which a roll fell
    due that is held back (``NEVER``: none), the factor of the rules that trade it at once, and whether it sold winners since its
    last roll. By rule: rows at which it last acted on each layer and, last, on the condors; row at which it last held, and at
    which that episode began.
    """

    started: tuple[bool, ...]
    active: tuple[bool, ...]
    last_roll: tuple[int, ...]
    due_row: tuple[int, ...]
    factor: tuple[float, ...]
    monetised: tuple[bool, ...]
    acted_row: tuple[tuple[int, ...], ...]
    held_row: tuple[int, ...]
    episode_row: tuple[int, ...]

    @staticmethod
    def fresh(active: tuple[bool, ...], rules: int) -> Memory:
        """Before the first session; ``active``: by layer, whether it is held whatever rules say."""
        layers = len(active)
        return Memory(
            started=(False,) * layers,
            active=active,
            last_roll=(NOTHING_HELD,) * layers,
            due_row=(NEVER,) * layers,
            factor=(1.0,) * layers,
            monetised=(False,) * layers,
            acted_row=((NEVER,) * (layers + 1),) * rules,
            held_row=(NEVER,) * rules,
            episode_row=(NEVER,) * rules,
        )
