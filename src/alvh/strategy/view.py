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

    Condor arrays have one row per open condor, layer arrays one per layer. ``sessions_left`` counts sessions from now to the
    last trading session of what a layer holds (0 on that session, ``NOTHING_HELD`` where it holds nothing). ``due`` is the
    fixed grid.
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
    signals: Signals
    overlay_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """State that decisions carry: which layers have started, each layer's last roll, and when each rule last acted."""

    started: tuple[bool, ...]
    last_roll: tuple[int, ...]
    fired: tuple[int, ...]

    @staticmethod
    def fresh(layers: int, rules: int) -> Memory:
        return Memory(started=(False,) * layers, last_roll=(NOTHING_HELD,) * layers, fired=(-NOTHING_HELD,) * rules)
