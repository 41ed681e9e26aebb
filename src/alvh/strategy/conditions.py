"""Conditions: is it true now? Pure, elementwise over paths, printable as a phrase; they keep no state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PerPath = NDArray[np.float64]
PerPathBool = NDArray[np.bool_]
Read = Callable[[str], PerPath]
"""Reads a signal by name: one value a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A signal strictly above, or strictly below, a threshold."""

    signal: str
    above: float | None = None
    below: float | None = None

    def holds(self, read: Read) -> PerPathBool:
        value = read(self.signal)
        result = np.ones(value.shape, dtype=np.bool_)
        if self.above is not None:
            result = result & (value > self.above)
        if self.below is not None:
            result = result & (value < self.below)
        return result

    def phrase(self) -> str:
        parts = []
        if self.above is not None:
            parts.append(f"{self.signal} is above {self.above:g}")
        if self.below is not None:
            parts.append(f"{self.signal} is below {self.below:g}")
        return " and ".join(parts)

    def signals(self) -> tuple[str, ...]:
        return (self.signal,)


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """True where every part is."""

    parts: tuple[Condition, ...]

    def holds(self, read: Read) -> PerPathBool:
        result = self.parts[0].holds(read)
        for part in self.parts[1:]:
            result = result & part.holds(read)
        return result

    def phrase(self) -> str:
        return "(" + " and ".join(part.phrase() for part in self.parts) + ")"

    def signals(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.signals())


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """True where at least one part is."""

    parts: tuple[Condition, ...]

    def holds(self, read: Read) -> PerPathBool:
        result = self.parts[0].holds(read)
        for part in self.parts[1:]:
            result = result | part.holds(read)
        return result

    def phrase(self) -> str:
        return "(" + " or ".join(part.phrase() for part in self.parts) + ")"

    def signals(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.signals())


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """True where the part is false."""

    part: Condition

    def holds(self, read: Read) -> PerPathBool:
        return np.logical_not(self.part.holds(read))

    def phrase(self) -> str:
        inside = self.part.phrase()
        return f"not {inside}" if inside.startswith("(") else f"not ({inside})"

    def signals(self) -> tuple[str, ...]:
        return self.part.signals()


Condition = Compare | All | AnyOf | Not


def witness(condition: Condition, read: Read) -> tuple[str, float, float]:
    """The comparison that a reason quotes: signal, value and threshold of the first part, of an ``any`` the first that holds."""
    if isinstance(condition, Compare):
        threshold = condition.above if condition.above is not None else condition.below
        return condition.signal, float(read(condition.signal)[0]), float("nan") if threshold is None else threshold
    if isinstance(condition, Not):
        return witness(condition.part, read)
    parts = condition.parts
    if isinstance(condition, AnyOf):
        parts = tuple(part for part in parts if bool(part.holds(read)[0])) or parts
    return witness(parts[0], read)
