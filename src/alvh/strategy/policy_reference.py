"""The reference page of every policy key, made from the dataclasses and ``policy_keys``; a test holds the page to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin

from alvh.strategy.conditions import Condition
from alvh.strategy.key import Key
from alvh.strategy.policy import Policy
from alvh.strategy.policy_keys import KEYS
from alvh.strategy.policy_parse import hints, item_class, optional_class, toml_key, without_none

_INTRO = """\
# Policy keys

Every key of a policy file: what it means, its unit, its default, what is allowed, and the rule of the published method
that it belongs to. This page is generated from the code; a test holds it to the code. How to write a file:
[Write a policy](../how-to/write-a-policy.md). Signals for conditions: [Signals](signals.md).

- `schema = 1` stands at the top of every file. `extends = "NAME"` takes everything from another policy first.
- *Default* is what holds where no file sets the key. The shipped `alvh-442` sets them all.
- `"off"` switches an optional key off, also one that was inherited.
- `_pct` values are percentages, deltas are absolute deltas on the forward, `dte` are calendar days to expiry.
- `*` is the name of a layer or rule. `remove = true` beside a `name` takes out an inherited layer or rule.
- Rows of one table of the file stand together: `condor.exit.dte` is the key `dte` under `[condor.exit]`,
  `hedge.layer.*.ratio` the key `ratio` of a `[[hedge.layer]]`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One row of the reference."""

    path: str
    default: str
    allowed: str
    key: Key


def key_rows(cls: type = Policy, prefix: str = "") -> Iterator[KeyRow]:
    """Every key in the order of the dataclasses."""
    for item in fields(cls):
        hint = hints(cls)[item.name]
        path = f"{prefix}{toml_key(cls, item.name)}"
        inner, optional = item_class(hint), optional_class(hint)
        if inner is not None:
            yield from key_rows(inner, f"{path}.*.")
        elif optional is not None:
            yield KeyRow(path=path, default="`off`", allowed="a table, or `off`", key=KEYS[path])
            yield from key_rows(optional, f"{path}.")
        elif hint != Condition and isinstance(hint, type) and is_dataclass(hint):
            yield from key_rows(hint, f"{path}.")
        else:
            yield KeyRow(path=path, default=_default(item, KEYS[path]), allowed=_allowed(hint, KEYS[path]), key=KEYS[path])


def _default(item: Field[Any], key: Key) -> str:
    if item.default is MISSING:
        return "(required)"
    value = item.default
    if value is None:
        return f"`{key.off}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, float):
        return f"`{value:.0f}`" if value == int(value) else f"`{value:g}`"
    return f"`{value}`" if value != "" else "(empty)"


def _allowed(hint: Any, key: Key) -> str:
    plain = without_none(hint)
    off = f", or `{key.off}`" if plain is not hint and hint != Condition else ""
    if hint == Condition:
        return "a condition"
    if get_origin(plain) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(plain)) + off
    if get_origin(plain) is tuple:
        return "a list of " + (", ".join(f"`{word}`" for word in key.words) if key.words else "names")
    kinds = {bool: "`true`, `false`", str: "text", int: "whole number", float: "number"}
    bounds = key.range_text()
    return kinds[plain] + (f", {bounds}" if bounds else "") + off


def policy_reference_markdown() -> str:
    """The page, one table for each table of the file."""
    tables: dict[str, list[str]] = {}
    for row in key_rows():
        top = _table_name(row.path.rpartition(".")[0])
        shown = row.path.removeprefix(_prefix(top))
        default = "the file's name" if row.path == "name" else row.default
        cells = (f"`{shown}`", row.key.meaning, row.key.unit or "-", default, row.allowed, ", ".join(row.key.rules) or "-")
        tables.setdefault(top, []).append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines = [_INTRO]
    for top, rows in tables.items():
        lines += [f"## {top}", "", "| key | meaning | unit | default | allowed | rules |", "|---|---|---|---|---|---|", *rows, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table_name(table: str) -> str:
    if not table:
        return "Top of the file"
    for repeated in ("hedge.layer", "rule"):
        if table.startswith(f"{repeated}.*"):
            return f"[[{repeated}]]"
    return f"[{table}]"


def _prefix(top: str) -> str:
    if top == "Top of the file":
        return ""
    return f"{top.strip('[]')}.*." if top.startswith("[[") else f"{top.strip('[]')}."
