"""What differs between two policies: keys with both values, layers and rules by name, and the English sentences that changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from alvh.strategy.explain import leaves, sections
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import LoadedPolicy
from alvh.strategy.policy_keys import key_for
from alvh.strategy.policy_parse import hints, item_class, toml_key

IDENTITY = ("name", "description")
"""Keys that say which policy it is and change nothing in the book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """One key whose values differ, as a file would write them; ``None`` where the other side has no such key.

    A side has no such key where the optional table that holds it is off. ``..._origin``: the file that set the value.
    """

    key: str
    left: str | None
    right: str | None
    unit: str
    rules: tuple[str, ...]
    left_origin: str | None
    right_origin: str | None

    def text(self) -> str:
        """``key: left -> right unit``."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.key}: {_or_absent(self.left)} -> {_or_absent(self.right)}{unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """A layer, rule, leg or band on one side alone; ``key`` is its table, such as ``hedge.layer``."""

    key: str
    name: str
    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """The items of one table that both sides have stand in another order; file order is the authority of rules."""

    key: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionChange:
    """Sentences of one section of the explanation that stand on one side alone."""

    title: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """Everything that differs, in the order of the file. ``identity`` are the keys of :data:`IDENTITY` alone."""

    identity: tuple[KeyChange, ...]
    keys: tuple[KeyChange, ...]
    items: tuple[ItemChange, ...]
    orders: tuple[OrderChange, ...]
    sections: tuple[SectionChange, ...]

    @property
    def same_book(self) -> bool:
        """Whether both hold the same book, whatever they are called."""
        return not (self.keys or self.items or self.orders)


def diff_policies(left: LoadedPolicy, right: LoadedPolicy) -> PolicyDiff:
    """Compare two resolved policies; files, comments and ``extends`` play no part, only what they resolve to."""
    changes = _key_changes(left, right)
    items, orders = _item_changes(left.policy, right.policy)
    return PolicyDiff(
        identity=tuple(change for change in changes if change.key in IDENTITY),
        keys=tuple(change for change in changes if change.key not in IDENTITY),
        items=items,
        orders=orders,
        sections=_section_changes(left.policy, right.policy),
    )


def written(value: Any, path: str) -> str:
    """A value as a file would write it, without quotes."""
    if value is None:
        return key_for(path).off
    if hasattr(value, "phrase"):
        return str(value.phrase())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(str(part) for part in value) + "]"
    return str(value)


def _or_absent(text: str | None) -> str:
    return "(no such key)" if text is None else text


def _key_changes(left: LoadedPolicy, right: LoadedPolicy) -> list[KeyChange]:
    ours, theirs = dict(leaves(left.policy)), dict(leaves(right.policy))
    single = {f"{key}.{name}." for key, name in _item_names(left.policy) ^ _item_names(right.policy)}
    found = []
    for path in _merged(list(ours), list(theirs)):
        if any(path.startswith(prefix) for prefix in single):
            continue  # said once, by the item's name
        if path in ours and path in theirs and ours[path] == theirs[path]:
            continue
        if _is_table(path, ours, theirs):
            continue  # an optional table that is off here and on there: its keys say so
        found.append(
            KeyChange(
                key=path,
                left=_side(path, ours),
                right=_side(path, theirs),
                unit=key_for(path).unit,
                rules=key_for(path).rules,
                left_origin=_origin(path, ours, left),
                right_origin=_origin(path, theirs, right),
            )
        )
    return found


def _merged(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """Keys of both sides, those of the right alone after the neighbour that goes before them there."""
    out = list(left)
    at = {path: position for position, path in enumerate(out)}
    place = 0
    for path in right:
        if path in at:
            place = at[path] + 1
        else:
            out.insert(place, path)
            place += 1
            at = {known: position for position, known in enumerate(out)}
    return out


def _is_table(path: str, ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return any(path not in side and any(other.startswith(f"{path}.") for other in side) for side in (ours, theirs))


def _side(path: str, side: dict[str, Any]) -> str | None:
    """The value of a key on one side, or the word of the table above it that is off there."""
    if path in side:
        return written(side[path], path)
    table = _table_off(path, side)
    return None if table is None else f"{table} = {key_for(table).off}"


def _origin(path: str, side: dict[str, Any], loaded: LoadedPolicy) -> str | None:
    known = path if path in side else _table_off(path, side)
    return None if known is None else loaded.origin.get(known, "default")


def _table_off(path: str, side: dict[str, Any]) -> str | None:
    """The optional table above a key that is off on this side."""
    parts = path.split(".")
    above = (".".join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1))
    return next((table for table in above if table in side and side[table] is None), None)


def _items(value: Any, prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every list of named tables: its key and the names in order."""
    for item in fields(value):
        path = f"{prefix}{toml_key(type(value), item.name)}"
        inside = getattr(value, item.name)
        if item_class(hints(type(value))[item.name]) is not None:
            yield path, tuple(part.name for part in inside)
        elif is_dataclass(inside) and not hasattr(inside, "phrase"):
            yield from _items(inside, f"{path}.")


def _item_names(policy: Policy) -> set[tuple[str, str]]:
    return {(key, name) for key, names in _items(policy) for name in names}


def _item_changes(left: Policy, right: Policy) -> tuple[tuple[ItemChange, ...], tuple[OrderChange, ...]]:
    ours, theirs = dict(_items(left)), dict(_items(right))
    items: list[ItemChange] = []
    orders: list[OrderChange] = []
    for key in dict.fromkeys([*ours, *theirs]):
        mine, other = ours.get(key, ()), theirs.get(key, ())
        items += [ItemChange(key=key, name=name, side="left") for name in mine if name not in other]
        items += [ItemChange(key=key, name=name, side="right") for name in other if name not in mine]
        both = tuple(name for name in mine if name in other), tuple(name for name in other if name in mine)
        if both[0] != both[1]:
            orders.append(OrderChange(key=key, left=both[0], right=both[1]))
    return tuple(items), tuple(orders)


def _section_changes(left: Policy, right: Policy) -> tuple[SectionChange, ...]:
    ours, theirs = dict(sections(left)), dict(sections(right))
    found = []
    for title in _merged(list(ours), list(theirs)):
        mine, other = ours.get(title, []), theirs.get(title, [])
        only = tuple(line for line in mine if line not in other), tuple(line for line in other if line not in mine)
        if only[0] or only[1]:
            found.append(SectionChange(title=title, left=only[0], right=only[1]))
    return tuple(found)
