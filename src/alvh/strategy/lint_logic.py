"""Can a condition be true, can it be false, does one follow from another: answered by trying one value of every stretch.

A comparison changes only at its thresholds, so one value from every stretch between them stands for all. The search assigns
signals one by one and leaves a branch as soon as the condition is decided there; it is exact, and gives up (``None``) beyond a
limit that no readable condition comes near.
"""

from __future__ import annotations

from collections.abc import Iterable

from alvh.strategy.conditions import All, AnyOf, Compare, Condition, Not
from alvh.strategy.lint_domains import domain_of, relations

MOST_TRIALS = 20_000
"""Values tried before the search gives up: five signals of a dozen thresholds each are far below it."""


def can_hold(condition: Condition) -> bool | None:
    """Whether some values that its signals can have make a condition true; ``None`` where the search gives up."""
    names = tuple(dict.fromkeys(condition.signals()))
    whole = All(parts=(condition, *relations(names)))
    thresholds: dict[str, set[float]] = {name: set() for name in names}
    for one in comparisons(whole):
        thresholds[one.signal] |= {bound for bound in (one.above, one.below) if bound is not None}
    points = {name: domain_of(name).points(sorted(thresholds[name])) for name in names}
    return _search(whole, points)


def can_fail(condition: Condition) -> bool | None:
    """Whether some values make it false."""
    return can_hold(Not(part=condition))


def implies(one: Condition, other: Condition) -> bool:
    """Whether the second is true wherever the first is; False where that can't be shown."""
    return can_hold(All(parts=(one, Not(part=other)))) is False


def comparisons(condition: Condition) -> Iterable[Compare]:
    """Every comparison of a condition, in the order of the file."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, Not):
        yield from comparisons(condition.part)
    else:
        for part in condition.parts:
            yield from comparisons(part)


def alternatives(condition: Condition, path: str) -> Iterable[tuple[str, Condition]]:
    """Every part of an ``any``, with its key: each is meant to be true at some time by itself."""
    if isinstance(condition, Not):
        return
    if isinstance(condition, All):
        for number, part in enumerate(condition.parts, start=1):
            yield from alternatives(part, f"{path}.all[{number}]")
    elif isinstance(condition, AnyOf):
        for number, part in enumerate(condition.parts, start=1):
            yield f"{path}.any[{number}]", part
            yield from alternatives(part, f"{path}.any[{number}]")


def _value(condition: Condition, given: dict[str, float]) -> bool | None:
    """True, False, or ``None`` where signals without a value decide."""
    if isinstance(condition, Compare):
        if condition.signal not in given:
            return None
        value = given[condition.signal]
        above = condition.above is None or value > condition.above
        return above and (condition.below is None or value < condition.below)
    if isinstance(condition, Not):
        inside = _value(condition.part, given)
        return None if inside is None else not inside
    settles = isinstance(condition, AnyOf)
    unknown = False
    for part in condition.parts:
        found = _value(part, given)
        if found is settles:
            return settles
        unknown |= found is None
    return None if unknown else not settles


def _search(condition: Condition, points: dict[str, tuple[float, ...]]) -> bool | None:
    """Try values of the signals in order; ``None`` once the trials are used up."""
    given: dict[str, float] = {}
    trials = 0

    def below() -> bool | None:
        nonlocal trials
        settled = _value(condition, given)
        if settled is not None:
            return settled
        name = next(name for name in points if name not in given)
        for value in points[name]:
            trials += 1
            if trials > MOST_TRIALS:
                return None
            given[name] = value
            found = below()
            del given[name]
            if found is not False:
                return found
        return False

    return below()
