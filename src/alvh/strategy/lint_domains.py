"""Which values a signal can take at all, by its name: what a condition is held against before any data are read.

A bound stands here only where the formula gives one: an RSI lies in 0-100, a z-score over n sessions cannot exceed (n-1)/sqrt(n)
because its own value is in the mean, a ratio of prices is above zero. Anything else is any number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from alvh.strategy.conditions import AnyOf, Compare, Condition, Not

Kind = Literal["real", "whole", "event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """An interval, its ends inside or not; ``whole`` numbers alone, or an ``event``, which is 0 or 1."""

    low: float = -math.inf
    high: float = math.inf
    low_inside: bool = False
    high_inside: bool = False
    kind: Kind = "real"

    def holds(self, value: float) -> bool:
        """Whether the signal can have the value."""
        if self.kind == "event":
            return value in (0.0, 1.0)
        if self.kind == "whole" and value != math.floor(value):
            return False
        above = value > self.low or (self.low_inside and value == self.low)
        below = value < self.high or (self.high_inside and value == self.high)
        return above and below

    def points(self, thresholds: Iterable[float]) -> tuple[float, ...]:
        """Values, ascending, between which no comparison with one of the thresholds changes: one of every stretch and edge."""
        if self.kind == "event":
            return (0.0, 1.0)
        edges = sorted({*(value for value in thresholds if math.isfinite(value)), *self._finite_ends()})
        if self.kind == "whole":
            near = {math.floor(edge) + step for edge in edges for step in (-1, 0, 1, 2)} | {0}
            return tuple(sorted(float(value) for value in near if self.holds(value)))
        if not edges:
            return (0.0,)
        between = [0.5 * (one + two) for one, two in pairwise(edges)]
        outside = [edges[0] - 1.0 - abs(edges[0]), edges[-1] + 1.0 + abs(edges[-1])]
        return tuple(value for value in sorted({*edges, *between, *outside}) if self.holds(value))

    def text(self) -> str:
        """The range in words."""
        if self.kind == "event":
            return "0 or 1"
        what = "whole numbers " if self.kind == "whole" else ""
        low = f"{'from' if self.low_inside else 'above'} {self.low:g}"
        high = f"{'at most' if self.high_inside else 'below'} {self.high:g}"
        if math.isinf(self.low) and math.isinf(self.high):
            return f"{what or 'a number '}of any size"
        if math.isinf(self.high):
            return f"{what}{low}"
        if self.low_inside and self.high_inside:
            return f"{what}{self.low:g} to {self.high:g}"
        return f"{what}{low}, {high}"

    def _finite_ends(self) -> list[float]:
        return [end for end in (self.low, self.high) if math.isfinite(end)]


ANY = Domain()
EVENT = Domain(low=0.0, high=1.0, low_inside=True, high_inside=True, kind="event")
PERCENT = Domain(low=0.0, high=100.0, low_inside=True, high_inside=True)
ABOVE_ZERO = Domain(low=0.0)
FROM_ZERO = Domain(low=0.0, low_inside=True)
COUNT = Domain(low=0.0, low_inside=True, kind="whole")
CHANGE = Domain(low=-1.0)
CHANGE_PCT = Domain(low=-100.0)
"""A price that falls to zero loses 100 per cent, and an index does not get there."""


def _of_mean(match: re.Match[str]) -> Domain:
    """A value over the mean of the last n, itself among them: below n, since the others are above zero."""
    return Domain(low=0.0, high=float(match[1]))


def _of_zscore(match: re.Match[str]) -> Domain:
    """(n - 1) / sqrt(n), reached where one value stands against n - 1 equal ones (sample standard deviation)."""
    count = float(match[1])
    most = (count - 1.0) / math.sqrt(count) if count > 1.0 else 0.0
    # A hair outwards: the same quotient in floating point may end a few last bits beyond.
    most *= 1.0 + 1e-12
    return Domain(low=-most, high=most, low_inside=True, high_inside=True)


_FAMILIES: tuple[tuple[str, Domain | Callable[[re.Match[str]], Domain]], ...] = (
    (r".*_cross(?:_|$).*", EVENT),
    (r"(?:press|topping)_.*", EVENT),
    (r"ad_divergence_\d+_.*", EVENT),
    (r"(?:vix|spx)_rsi_\d+", PERCENT),
    (r"vix_to_mean_(\d+)", _of_mean),
    (r"vix_zscore_(\d+)", _of_zscore),
    (r".*_(?:change|return)_\d+_pct", CHANGE_PCT),
    (r"spx_realised_vol_\d+", FROM_ZERO),
    (r"spx_to_high_\d+", Domain(low=0.0, high=1.0, high_inside=True)),
    (r"vix|spx|vvix|vx_front|vix_to_vix3m|vix9d_to_vix|vx_front_to_vix", ABOVE_ZERO),
    (r"vx_slope_\d+_\d+", CHANGE),
    (r"net_advances_per_1000.*", Domain(low=-1000.0, high=1000.0, low_inside=True, high_inside=True)),
    (r"sessions_(?:to|since)_.*", COUNT),
    (r".*_release_move", FROM_ZERO),
)
"""Names of signals, as patterns, and what each can be; the first that fits counts."""


@lru_cache(maxsize=1024)
def domain_of(name: str) -> Domain:
    """What a signal can be; any number where its name fits no family."""
    for pattern, domain in _FAMILIES:
        match = re.fullmatch(pattern, name)
        if match is not None:
            return domain if isinstance(domain, Domain) else domain(match)
    return ANY


_PRESS = ("calm", "expansion", "press", "normalising")


def relations(names: Iterable[str]) -> tuple[Condition, ...]:
    """What always holds between some of the signals: an upward cross of 70 leaves the RSI above 70, states exclude each other."""
    known, found = set(names), []
    for name in sorted(known):
        cross = re.fullmatch(r"(.*_rsi_\d+)_cross(_below)?_(\d+(?:\.\d+)?)", name)
        if cross is not None and cross[1] in known:
            level = float(cross[3])
            side = Compare(signal=cross[1], below=level) if cross[2] else Compare(signal=cross[1], above=level)
            found.append(_implies(name, side))
        cross = re.fullmatch(r"(.*_macd(?:_[a-z]+)?)_cross_(up|down)", name)
        if cross is not None and f"{cross[1]}_histogram" in known:
            base = f"{cross[1]}_histogram"
            side = Compare(signal=base, above=0.0) if cross[2] == "up" else Compare(signal=base, below=0.0)
            found.append(_implies(name, side))
    for name in sorted(known):
        state = re.fullmatch(rf"(press(?:_.+)?)_({'|'.join(_PRESS)})", name)
        if state is not None:
            others = [f"{state[1]}_{word}" for word in _PRESS if word > state[2]]
            found += [_implies(name, Not(part=_happens(other))) for other in others if other in known]
    return tuple(found)


def _happens(event: str) -> Condition:
    return Compare(signal=event, above=0.5)


def _implies(event: str, then: Condition) -> Condition:
    return AnyOf(parts=(Not(part=_happens(event)), then))
