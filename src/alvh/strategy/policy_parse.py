"""From TOML tables to the frozen dataclasses of ``policy``, driven by their type hints. Used by ``policy_file`` only.

A file's tables become dotted keys in a draft; a later file overwrites earlier keys; the draft is then built into a value.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from alvh.core.errors import ConfigError, nearest
from alvh.strategy.condition_file import parse_condition, parse_number
from alvh.strategy.conditions import Condition
from alvh.strategy.key import Key
from alvh.strategy.policy_keys import key_for

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RULE_ID = re.compile(r"R\d\d")
_REMOVE = "remove"
"""``remove = true`` in a layer or rule takes out the inherited one of that name."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """Keys gathered so far. ``items``: names of layers and rules in order; ``present``: optional tables that are on."""

    values: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def drop(self, prefix: str) -> None:
        """Forget a table and all below it."""
        for path in [path for path in self.values if path.startswith(f"{prefix}.")]:
            del self.values[path]
            self.origin.pop(path, None)
        self.present.discard(prefix)


# ------------------------------------------------------------------------------------------------------------ type hints


_HINTS: dict[type, dict[str, Any]] = {}


def hints(cls: type) -> dict[str, Any]:
    """Resolved type hints of a dataclass, worked out once."""
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls)
    return _HINTS[cls]


def item_class(hint: Any) -> type | None:
    """``tuple[HedgeLayer, ...]`` -> ``HedgeLayer``; ``None`` for anything that is no tuple of dataclasses."""
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if is_dataclass(inner) and isinstance(inner, type):
            return inner
    return None


def optional_class(hint: Any) -> type | None:
    """``SpreadLimit | None`` -> ``SpreadLimit``; ``None`` for anything else."""
    inner = without_none(hint)
    if inner is not hint and isinstance(inner, type) and is_dataclass(inner):
        return inner
    return None


def without_none(hint: Any) -> Any:
    """``float | None`` -> ``float``; anything else as it is."""
    if get_origin(hint) in (Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return hint


def toml_key(cls: type, name: str) -> str:
    """The key in the file: a list of tables is written in the singular (``[[hedge.layer]]``)."""
    return name.removesuffix("s") if item_class(hints(cls)[name]) is not None else name


def leaf_paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of every value in a resolved policy (an optional table that is off counts as one key)."""
    for item in fields(value):
        hint = hints(type(value))[item.name]
        path = f"{prefix}{toml_key(type(value), item.name)}"
        inside = getattr(value, item.name)
        if item_class(hint) is not None:
            for part in inside:
                yield from leaf_paths(part, f"{path}.{part.name}.")
        elif hint == Condition or not is_dataclass(inside):
            yield path
        else:
            yield from leaf_paths(inside, f"{path}.")


# ---------------------------------------------------------------------------------------------------------------- reading


def apply_table(draft: Draft, table: dict[str, Any], cls: type, prefix: str, file: str) -> None:
    """Check one table of one file and lay it over the draft. Raises ``ConfigError`` naming the file and the key."""
    known = {toml_key(cls, item.name): hints(cls)[item.name] for item in fields(cls)}
    for key, raw in table.items():
        path = f"{prefix}{key}"
        if key not in known:
            hint = nearest(key, known) or _elsewhere(key)
            raise ConfigError(
                "unknown key",
                where=f"{file}, key {path}",
                allowed=", ".join(known),
                todo=hint or "remove the key, or see docs/reference/policy.md",
            )
        target = known[key]
        inner = item_class(target)
        if inner is not None:
            _apply_items(draft, raw, inner, path, file)
        elif (optional := optional_class(target)) is not None:
            if raw == "off":
                draft.drop(path)
                draft.values.pop(path, None)
            else:
                draft.present.add(path)
                apply_table(draft, _table(raw, path, file), optional, f"{path}.", file)
            draft.origin[path] = file
        elif isinstance(target, type) and is_dataclass(target):
            apply_table(draft, _table(raw, path, file), target, f"{path}.", file)
        else:
            draft.values[path] = _leaf(raw, target, path, file)
            draft.origin[path] = file


_MOVED = {
    "per_index_notional_usd": "write [hedge.size] with kind = 'index_notional' and per_usd",
    "per_risk_capital_usd": "write [hedge.size] with kind = 'risk_capital' and per_usd",
    "gate": "write gate_max_vix under [condor] (R33)",
    "instrument": "write the instrument in each [[hedge.layer]] (R07)",
    "layers": "write each layer as [[hedge.layer]]",
    "rules": "write each rule as [[rule]]",
}
"""Names by which the method's rows call a choice that is spelt otherwise here."""


def _elsewhere(key: str) -> str:
    return _MOVED.get(key, "")


def _table(raw: Any, path: str, file: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{raw!r} is no table", where=f"{file}, key {path}", allowed=f"a table: [{path}]", todo="see docs/reference/policy.md"
        )
    return raw


def _apply_items(draft: Draft, raw: Any, cls: type, path: str, file: str) -> None:
    if not isinstance(raw, list):
        raise ConfigError(
            f"{raw!r} is no list of tables",
            where=f"{file}, key {path}",
            allowed=f"one [[{path}]] for each",
            todo=f"write [[{path}]], with two brackets",
        )
    seen: set[str] = set()
    order = draft.items.setdefault(path, [])
    for number, entry in enumerate(raw, start=1):
        table = dict(_table(entry, f"{path} ({number})", file))
        name = table.get("name")
        where = f"{file}, key {path}.name (entry {number})"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            shown = "missing" if name is None else f"{name!r}"
            raise ConfigError(
                f"name is {shown}",
                where=where,
                allowed="small letters, digits, - and _",
                todo="name every entry: later files refer to it",
            )
        if name in seen:
            raise ConfigError(
                f"'{name}' appears twice",
                where=where,
                allowed="each name once in a file",
                todo="rename one, or join the two tables",
            )
        seen.add(name)
        if _REMOVE in table:
            _remove(draft, table, order, path, file)
            continue
        if name not in order:
            order.append(name)
        apply_table(draft, table, cls, f"{path}.{name}.", file)


def _remove(draft: Draft, table: dict[str, Any], order: list[str], path: str, file: str) -> None:
    name = table["name"]
    where = f"{file}, key {path}.{name}.{_REMOVE}"
    if table[_REMOVE] is not True or set(table) != {"name", _REMOVE}:
        allowed = f"name and {_REMOVE} = true, nothing else"
        raise ConfigError(
            f"{_REMOVE} stands beside other keys or is not true", where=where, allowed=allowed, todo="take out the other keys"
        )
    if name not in order:
        allowed = ", ".join(order) or "none here"
        raise ConfigError(
            f"there is no '{name}' to remove", where=where, allowed=allowed, todo=nearest(name, order) or "correct the name"
        )
    order.remove(name)
    draft.drop(f"{path}.{name}")


def _leaf(raw: Any, target: Any, path: str, file: str) -> Any:
    key = key_for(path)
    where = f"{file}, key {path}"
    plain = without_none(target)
    if target == Condition:
        return parse_condition(raw, path, file)
    if plain is not target and raw == key.off:
        return None
    off = f', or "{key.off}"' if plain is not target else ""
    if get_origin(plain) is Literal:
        words = get_args(plain)
        if raw not in words or not isinstance(raw, str):
            raise ConfigError(
                f"{raw!r} is not one of its values",
                where=where,
                allowed=", ".join(words) + off,
                todo=nearest(str(raw), words) or "choose one of them",
            )
        return raw
    if get_origin(plain) is tuple:
        return _words(raw, key, where)
    if plain is bool:
        if not isinstance(raw, bool):
            raise ConfigError(
                f"{raw!r} is neither true nor false", where=where, allowed=f"true, false{off}", todo="write it without quotes"
            )
        return raw
    if plain is str:
        return _string(raw, path, where)
    return parse_number(raw, plain, key, where, off)


def _words(raw: Any, key: Key, where: str) -> tuple[str, ...]:
    allowed = ", ".join(key.words) if key.words else "a list of names"
    if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
        raise ConfigError(f"{raw!r} is no list of texts", where=where, allowed=allowed, todo='write it as ["..."]')
    for word in raw:
        if key.words and word not in key.words:
            raise ConfigError(
                f"'{word}' is not one of its values",
                where=where,
                allowed=allowed,
                todo=nearest(word, key.words) or "choose one of them",
            )
    if len(set(raw)) != len(raw):
        raise ConfigError("a value appears twice", where=where, allowed="each value once", todo="remove the second")
    if key.words and not raw:
        raise ConfigError("the list is empty", where=where, allowed=allowed, todo="name at least one")
    return tuple(raw)


def _string(raw: Any, path: str, where: str) -> str:
    if path == "grid_anchor":
        return _iso_date(raw, where)
    if not isinstance(raw, str):
        raise ConfigError(f"{raw!r} is no text", where=where, allowed="text in quotes", todo="put it in quotes")
    if path.endswith(".rule_id") and not _RULE_ID.fullmatch(raw):
        raise ConfigError(
            f"'{raw}' is no rule id", where=where, allowed="R and two digits, such as R20", todo="see docs/reference/policy.md"
        )
    if path == "name" and not _NAME.fullmatch(raw):
        raise ConfigError(f"'{raw}' is no policy name", where=where, allowed="small letters, digits, - and _", todo="rename it")
    if path == "description" and ("\n" in raw or "\r" in raw):
        raise ConfigError(
            "the description has more than one line", where=where, allowed="one line", todo="put the rest into comments"
        )
    return raw


def _iso_date(raw: Any, where: str) -> str:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw.isoformat()
    try:
        if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
            raise ValueError
        return date.fromisoformat(raw).isoformat()
    except ValueError:
        raise ConfigError(
            f"{raw!r} is no date", where=where, allowed="a date written YYYY-MM-DD", todo="correct the date"
        ) from None


# --------------------------------------------------------------------------------------------------------------- building


def build(draft: Draft, cls: type, prefix: str, file: str) -> Any:
    """The dataclass value of a draft; defaults fill what no file sets. Raises ``ConfigError`` where a required key is missing."""
    values: dict[str, Any] = {}
    for item in fields(cls):
        hint = hints(cls)[item.name]
        path = f"{prefix}{toml_key(cls, item.name)}"
        inner, optional = item_class(hint), optional_class(hint)
        if inner is not None:
            values[item.name] = tuple(build(draft, inner, f"{path}.{name}.", file) for name in draft.items.get(path, []))
        elif optional is not None:
            values[item.name] = build(draft, optional, f"{path}.", file) if path in draft.present else None
        elif hint != Condition and isinstance(hint, type) and is_dataclass(hint):
            values[item.name] = build(draft, hint, f"{path}.", file)
        elif path in draft.values:
            values[item.name] = draft.values[path]
        elif item.default is MISSING and item.default_factory is MISSING:
            raise ConfigError("the key is missing", where=f"{file}, key {path}", allowed=key_for(path).meaning, todo="add it")
    return cls(**values)
