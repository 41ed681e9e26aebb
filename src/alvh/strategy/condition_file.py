"""Conditions and numbers of a policy file: from TOML values and back. Used by ``policy_parse`` and ``policy_file``."""

from __future__ import annotations

import json
from typing import Any

from alvh.core.errors import ConfigError, nearest
from alvh.market.signals import find_signal
from alvh.strategy.conditions import All, AnyOf, Compare, Condition, Not
from alvh.strategy.key import Key

_DEEPEST_CONDITION = 20
"""Levels of a condition; far above what anyone can read, it keeps a mistake from exhausting the stack."""

_THRESHOLD = Key(meaning="threshold of a comparison", at_least=-1e9, at_most=1e9)


def parse_number(raw: Any, kind: type, key: Key, where: str, off: str) -> int | float:
    """A number of the wanted kind inside the key's bounds; a whole number will do for a ``float``, never the other way round."""
    wanted = "a whole number" if kind is int else "a number"
    allowed = ", ".join(part for part in (wanted, key.range_text()) if part) + (f" ({key.unit})" if key.unit else "") + off
    whole = isinstance(raw, int) and not isinstance(raw, bool)
    if not whole and not (kind is float and isinstance(raw, float)):
        raise ConfigError(
            f"{raw!r} is not {wanted}", where=where, allowed=allowed, todo="write the number alone, without quotes or unit"
        )
    if not key.holds(raw):
        raise ConfigError(f"{raw!r} is out of range", where=where, allowed=allowed, todo="correct the value")
    return float(raw) if kind is float else int(raw)


def parse_condition(raw: Any, path: str, file: str, depth: int = 0) -> Condition:
    """``{signal=..., above=...}``, ``{all=[...]}``, ``{any=[...]}`` or ``{not={...}}``."""
    where = f"{file}, key {path}"
    shape = "{signal=..., above=... or below=...}, {all=[...]}, {any=[...]} or {not={...}}"
    if depth > _DEEPEST_CONDITION:
        raise ConfigError(
            "the condition is nested too deeply", where=where, allowed=f"{_DEEPEST_CONDITION} levels", todo="simplify it"
        )
    if not isinstance(raw, dict):
        raise ConfigError(f"{raw!r} is no condition", where=where, allowed=shape, todo="write it as a table in braces")
    if "signal" in raw:
        return _compare(raw, path, where)
    if len(raw) != 1 or next(iter(raw)) not in ("all", "any", "not"):
        hint = next((found for key in raw if (found := nearest(key, ("signal", "all", "any", "not")))), "")
        raise ConfigError(
            f"a condition has the keys {', '.join(raw) or 'none'}",
            where=where,
            allowed=shape,
            todo=hint or "use one of these shapes",
        )
    word, inside = next(iter(raw.items()))
    if word == "not":
        return Not(part=parse_condition(inside, f"{path}.not", file, depth + 1))
    if not isinstance(inside, list) or not inside:
        raise ConfigError(
            f"'{word}' needs a list of conditions that is not empty",
            where=where,
            allowed=shape,
            todo="list at least one condition",
        )
    parts = tuple(
        parse_condition(part, f"{path}.{word}[{number}]", file, depth + 1) for number, part in enumerate(inside, start=1)
    )
    return All(parts=parts) if word == "all" else AnyOf(parts=parts)


def _compare(raw: dict[str, Any], path: str, where: str) -> Compare:
    for key in raw:
        if key not in ("signal", "above", "below"):
            raise ConfigError(
                f"unknown key '{key}' in a condition",
                where=where,
                allowed="signal, above, below",
                todo=nearest(key, ("signal", "above", "below")),
            )
    signal = raw["signal"]
    if not isinstance(signal, str):
        raise ConfigError(
            f"{signal!r} is no name of a signal",
            where=f"{where}.signal",
            allowed="a name of docs/reference/signals.md in quotes",
            todo="write the name in quotes",
        )
    find_signal(signal, where=f"{where}.signal")
    bounds: dict[str, float] = {}
    for side in ("above", "below"):
        if side in raw:
            bounds[side] = float(parse_number(raw[side], float, _THRESHOLD, f"{where}.{side}", ""))
    if not bounds:
        raise ConfigError(
            "a comparison has no threshold", where=where, allowed="above, below, or both", todo="add 'above = NUMBER'"
        )
    if len(bounds) == 2 and bounds["above"] >= bounds["below"]:
        raise ConfigError(
            f"above {bounds['above']:g} and below {bounds['below']:g} is never true",
            where=where,
            allowed="above less than below",
            todo="swap them, or use {any=[...]}",
        )
    return Compare(signal=signal, **bounds)


def quoted(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def condition_to_toml(condition: Condition) -> str:
    """A condition as an inline table."""
    if isinstance(condition, Compare):
        parts = [f"signal = {quoted(condition.signal)}"]
        if condition.above is not None:
            parts.append(f"above = {condition.above!r}")
        if condition.below is not None:
            parts.append(f"below = {condition.below!r}")
        return "{" + ", ".join(parts) + "}"
    if isinstance(condition, Not):
        return "{not = " + condition_to_toml(condition.part) + "}"
    word = "all" if isinstance(condition, All) else "any"
    return "{" + word + " = [" + ", ".join(condition_to_toml(part) for part in condition.parts) + "]}"
