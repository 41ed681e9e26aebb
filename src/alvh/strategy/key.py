"""What one key of a policy file says, and how such entries are written. Used by ``policy_keys`` and its parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: what it says, its unit, its bounds, and the rules of the published method that it belongs to.

    ``above`` and ``below`` are exclusive, ``at_least`` and ``at_most`` inclusive. ``words``: what a list may hold.
    ``off``: the word that a file writes for ``None``.
    """

    meaning: str
    unit: str = ""
    rules: tuple[str, ...] = ()
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    words: tuple[str, ...] = ()
    off: str = "off"

    def range_text(self) -> str:
        """The bounds in words, empty where there are none."""
        parts = []
        if self.above is not None:
            parts.append(f"above {self.above:g}")
        if self.at_least is not None:
            parts.append(f"at least {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"at most {self.at_most:g}")
        if self.below is not None:
            parts.append(f"below {self.below:g}")
        return ", ".join(parts)

    def holds(self, value: float) -> bool:
        """Whether a number lies inside the bounds; NaN never does."""
        return (
            value == value
            and (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )


LONGEST_DTE = 1100
"""SPX lists about three years at most, VIX about one (methods.md section 1.6): a larger number is a slip of the keyboard."""

MOST_USD = 1e12

WINDOW = ("R04", "R05", "R06")


def days(meaning: str, *rules: str, at_least: int = 0, off: str = "off") -> Key:
    return Key(meaning=meaning, unit="calendar days", rules=rules, at_least=at_least, at_most=LONGEST_DTE, off=off)


def share(meaning: str, *rules: str) -> Key:
    """A percentage that may be zero."""
    return Key(meaning=meaning, unit="per cent", rules=rules, at_least=0.0, at_most=100.0)


def part(meaning: str, *rules: str) -> Key:
    """A percentage above zero."""
    return Key(meaning=meaning, unit="per cent", rules=rules, above=0.0, at_most=100.0)


def delta(meaning: str, *rules: str) -> Key:
    return Key(meaning=meaning, rules=rules, above=0.0, below=1.0)


def usd(meaning: str, *rules: str) -> Key:
    return Key(meaning=meaning, unit="US dollars", rules=rules, above=0.0, at_most=MOST_USD)


def word(meaning: str, *rules: str) -> Key:
    """A choice, a text or true/false: no unit and no bounds."""
    return Key(meaning=meaning, rules=rules)
