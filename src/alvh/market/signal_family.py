"""A family of signals: one form of name, such as ``vix_rsi_{n}``, with everything that all of its members share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from alvh.market.history import History

Floats = NDArray[np.float64]
Compute = Callable[[History], Floats]

NUMBERS: Mapping[str, tuple[int, int]] = MappingProxyType({"n": (2, 252), "level": (1, 99), "a": (1, 8), "b": (2, 9)})
"""Places of a form that hold whole numbers, and their range unless a family narrows it. A year of sessions is the longest window:
a run keeps 320 sessions of warm-up. VX lists nine monthly contracts."""
_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER, _WORD = r"(0|[1-9][0-9]{0,3})", r"([a-z0-9]+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal: what it is, what it needs, and how it is computed from a history, (sessions,) in, (sessions,) out.

    ``source_inputs`` are keys of :mod:`alvh.market.signal_inputs`; ``fallback_inputs`` are read too, but can do without.
    ``warm_up_sessions``: sessions at the start of its inputs that have no value. An event is 1.0 at the session where it
    happens and 0.0 elsewhere: compare it with 0.5.
    """

    name: str
    unit: str
    formula: str
    source_inputs: tuple[str, ...]
    fallback_inputs: tuple[str, ...]
    warm_up_sessions: int
    rule_ids: tuple[str, ...]
    compute: Compute


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a name holds in the places of its form."""

    numbers: Mapping[str, int]
    words: Mapping[str, str]

    @property
    def n(self) -> int:
        """The number at ``{n}``."""
        return self.numbers["n"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """Sessions without a value: ``sessions``, plus ``n`` where the name's number is its window."""

    sessions: int = 0
    plus_n: bool = False

    def of(self, places: Places) -> int:
        """The warm-up of one member."""
        return self.sessions + (places.n if self.plus_n else 0)

    @property
    def text(self) -> str:
        """As the reference page prints it."""
        if not self.plus_n:
            return str(self.sessions)
        return "n" + (f" {'+' if self.sessions > 0 else '-'} {abs(self.sessions)}" if self.sessions else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All signals of one form. ``unit``, ``formula`` and inputs may name places in braces; ``make`` gives a member's computation.

    ``examples`` are members that the tests compute; ``ranges`` narrows :data:`NUMBERS`; ``rising`` names two number places of
    which the first must be the smaller.
    """

    form: str
    examples: tuple[str, ...]
    unit: str
    formula: str
    inputs: tuple[str, ...]
    make: Callable[[Places], Compute]
    warm_up: WarmUp = field(default_factory=WarmUp)
    rules: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rising: tuple[str, str] | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """The names in braces, in their order."""
        return tuple(_PLACE.findall(self.form))

    def span(self, place: str) -> tuple[int, int]:
        """Least and greatest value of a number place."""
        return self.ranges.get(place, NUMBERS[place])

    def read(self, name: str) -> Places | None:
        """What ``name`` holds in the places of the form; None where it is not of this form. Ranges are not looked at."""
        found = _pattern(self.form).fullmatch(name)
        if found is None:
            return None
        pairs = tuple(zip(self.places, found.groups(), strict=True))
        return Places(
            numbers={place: int(text) for place, text in pairs if place in NUMBERS},
            words={place: text for place, text in pairs if place not in NUMBERS},
        )

    def fault(self, places: Places) -> str:
        """What is out of range in a name of this form, or an empty string."""
        for place, number in places.numbers.items():
            least, most = self.span(place)
            if not least <= number <= most:
                return f"{place} is {number}"
        if self.rising is not None and places.numbers[self.rising[0]] >= places.numbers[self.rising[1]]:
            first, second = self.rising
            return f"{first} is {places.numbers[first]} and {second} is {places.numbers[second]}"
        return ""

    @property
    def range_text(self) -> str:
        """The ranges of the number places in words."""
        parts = ["{} from {} to {}".format(place, *self.span(place)) for place in self.places if place in NUMBERS]
        if self.rising is not None:
            parts.append("{} below {}".format(*self.rising))
        return ", ".join(parts)

    def member(self, name: str, places: Places) -> Signal:
        """The signal of one name."""
        held: dict[str, object] = {**places.numbers, **places.words}
        return Signal(
            name=name,
            unit=self.unit.format_map(held),
            formula=self.formula.format_map(held),
            source_inputs=tuple(key.format_map(held) for key in self.inputs),
            fallback_inputs=tuple(key.format_map(held) for key in self.fallbacks),
            warm_up_sessions=self.warm_up.of(places),
            rule_ids=self.rules,
            compute=self.make(places),
        )


@lru_cache(maxsize=512)
def _pattern(form: str) -> re.Pattern[str]:
    parts = _PLACE.split(form)
    fixed = [re.escape(part) for part in parts[::2]]
    places = [_NUMBER if part in NUMBERS else _WORD for part in parts[1::2]]
    return re.compile("".join(text for pair in zip(fixed, [*places, ""], strict=True) for text in pair))
