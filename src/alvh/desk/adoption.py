"""Which policy an account has adopted, when and why (R64), and whether the one in hand is still that one.

A policy is adopted by its name: the record keeps the hash and the canonical text of what it resolved to, so that a later change
is said key by key. The latest record of a name is the one that holds; earlier ones stay as its history. A policy that ships with
alvh and is unchanged needs no adoption.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from alvh.core.errors import ConfigError, UsageError
from alvh.desk.home import state_home
from alvh.desk.record_file import Record, append_record, read_records
from alvh.strategy.policy import Policy
from alvh.strategy.policy_diff import PolicyDiff, diff_policies
from alvh.strategy.policy_file import POLICIES, SCHEMA, LoadedPolicy, load_policy, policy_sha256, policy_to_toml
from alvh.strategy.policy_parse import Draft, apply_table, build, leaf_paths

FILE = "adoptions.json"
RECORD_SCHEMA = "alvh.adoptions/1"
_KEYS = ("name", "sha256", "adopted_on", "reason", "policy")
_SHOWN_CHANGES = 8
"""Changed keys that an error names; the rest is counted, and ``alvh policy diff`` shows all."""

Status = Literal["preset", "adopted", "changed", "unadopted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRecord:
    """One adoption. ``sha256`` is of ``text``, the canonical text of the policy as it was then."""

    name: str
    sha256: str
    adopted_on: date
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Where a policy stands.

    ``preset``: shipped and unchanged. ``adopted``: as recorded, or as the recorded text reads today (a newer alvh may add keys
    that a file does not set). ``changed``: another policy was adopted under this name. ``unadopted``: none was. ``record`` is the
    latest of that name, None for a preset. ``diff`` says what changed since, or how a name that ships differs from what ships.
    """

    name: str
    sha256: str
    status: Status
    record: AdoptionRecord | None
    diff: PolicyDiff | None

    @property
    def changes(self) -> tuple[str, ...]:
        """What differs, a line each: keys with old and new value, then layers and rules that came, went or changed places."""
        if self.diff is None:
            return ()
        sides = {"left": "removed", "right": "added"}
        return (
            *(change.text() for change in self.diff.keys),
            *(f"{item.key} {item.name}: {sides[item.side]}" for item in self.diff.items),
            *(f"{order.key}: order {', '.join(order.left)} -> {', '.join(order.right)}" for order in self.diff.orders),
        )


def adoption_file(home: Path | None = None) -> Path:
    """The file that holds the adoptions of an account."""
    return state_home(home) / FILE


def adoptions(home: Path | None = None) -> tuple[AdoptionRecord, ...]:
    """Every adoption, oldest first. Raises :class:`ConfigError` for a file that is half written, foreign or changed by hand."""
    return tuple(_record(found) for found in read_records(adoption_file(home), RECORD_SCHEMA, _fault))


def adopt(loaded: LoadedPolicy, *, reason: str, on: date, home: Path | None = None) -> AdoptionRecord:
    """Record that a policy is adopted from the day ``on``; earlier records stay.

    Raises :class:`UsageError` without a reason, :class:`ConfigError` where the file is not as alvh wrote it or can't be written.
    """
    words = " ".join(reason.split())
    if not words or not _is_text(words):
        raise UsageError(
            "the reason is no text" if words else "no reason is given",
            where="alvh policy adopt --reason",
            allowed="a sentence that says why",
            todo='add --reason "..."; the record keeps it beside the hash and the date',
        )
    made = AdoptionRecord(
        name=loaded.policy.name, sha256=loaded.sha256, adopted_on=on, reason=words, text=policy_to_toml(loaded.policy)
    )
    append_record(
        adoption_file(home),
        RECORD_SCHEMA,
        _fault,
        {
            "name": made.name,
            "sha256": made.sha256,
            "adopted_on": on.isoformat(),
            "reason": words,
            "policy": made.text,
        },
    )
    return made


def adoption_of(loaded: LoadedPolicy, home: Path | None = None) -> Adoption:
    """Where a policy stands with an account; reads the record file. Raises :class:`ConfigError` as :func:`adoptions` does."""
    name, shipped = loaded.policy.name, _shipped(loaded.policy.name)
    record = next((found for found in reversed(adoptions(home)) if found.name == name), None)

    def stands(status: Status, diff: PolicyDiff | None = None) -> Adoption:
        kept = None if status == "preset" else record  # a record of another policy of that name says nothing of the preset
        return Adoption(name=name, sha256=loaded.sha256, status=status, record=kept, diff=diff)

    if record is not None and record.sha256 == loaded.sha256:
        return stands("adopted")
    if shipped is not None and shipped.sha256 == loaded.sha256:
        return stands("preset")
    if record is None:
        return stands("unadopted", None if shipped is None else diff_policies(shipped, loaded))
    then = _as_read_today(record)
    if then is None:
        return stands("changed")
    return stands("adopted") if then.sha256 == loaded.sha256 else stands("changed", diff_policies(then, loaded))


def require_adopted(loaded: LoadedPolicy, home: Path | None = None) -> Adoption:
    """:func:`adoption_of`, refused with :class:`ConfigError` where the policy is neither adopted nor a shipped one, unchanged."""
    found = adoption_of(loaded, home)
    if found.status in ("preset", "adopted"):
        return found
    where, todo = f"policy {found.name}", f'alvh policy adopt {loaded.chain[-1]} --reason "..."'
    listed = _listed(found.changes)
    if found.status == "changed" and found.record is not None:
        said = listed or "the recorded text can't be read by this version of alvh"
        raise ConfigError(
            f"it is not what was adopted on {found.record.adopted_on} ({found.record.sha256[:12]} then, "
            f"{found.sha256[:12]} now): {said}",
            where=where,
            allowed="the adopted policy",
            todo=f"undo the change, or adopt it: {todo}",
        )
    differs = f"; it has the name of a policy that ships and differs from it: {listed}" if listed else ""
    raise ConfigError(
        f"it was never adopted{differs}",
        where=where,
        allowed="an adopted policy, or one that ships with alvh, unchanged",
        todo=f"read it with 'alvh policy explain', then {todo}",
    )


def _listed(changes: tuple[str, ...]) -> str:
    more = len(changes) - _SHOWN_CHANGES
    return "; ".join(changes[:_SHOWN_CHANGES]) + (f"; and {more} more" if more > 0 else "")


def _shipped(name: str) -> LoadedPolicy | None:
    file = POLICIES / f"{name}.toml"
    return load_policy(file) if file.is_file() else None


def _as_read_today(record: AdoptionRecord) -> LoadedPolicy | None:
    """The recorded text, read by this version: keys that came since have their defaults. ``None`` where it can't be read."""
    label = f"adopted {record.adopted_on}"
    draft, table = Draft(), tomllib.loads(record.text)
    try:
        if table.pop("schema", None) != SCHEMA:
            return None
        apply_table(draft, table, Policy, "", label)
        policy: Policy = build(draft, Policy, "", label)
    except ConfigError:  # a key or a value that this version no longer knows: the caller says so
        return None
    origin = {path: draft.origin.get(path, "default") for path in leaf_paths(policy)}
    return LoadedPolicy(policy=policy, sha256=policy_sha256(policy), origin=origin, chain=(label,))


def _is_text(words: str) -> bool:
    """Whether it can be written as UTF-8: a half of a surrogate pair can't."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True


def _record(found: Record) -> AdoptionRecord:
    return AdoptionRecord(
        name=found["name"],
        sha256=found["sha256"],
        adopted_on=date.fromisoformat(found["adopted_on"]),
        reason=found["reason"],
        text=found["policy"],
    )


def _fault(record: Record) -> str:
    """What is wrong with a record, or ''."""
    if set(record) != set(_KEYS) or not all(isinstance(record[key], str) for key in _KEYS):
        return f"its keys are {', '.join(sorted(record)) or 'none'}, not the texts {', '.join(_KEYS)}"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", record["adopted_on"]):
        return f"adopted_on is {record['adopted_on']!r}, not a date"
    try:
        date.fromisoformat(record["adopted_on"])
    except ValueError:
        return f"adopted_on is {record['adopted_on']!r}, not a date"
    if not all(_is_text(record[key]) for key in _KEYS):
        return "it holds half of a character"
    if hashlib.sha256(record["policy"].encode()).hexdigest() != record["sha256"]:
        return "the hash is not that of the text beside it"
    try:
        tomllib.loads(record["policy"])
    except (tomllib.TOMLDecodeError, RecursionError):
        return "the text is no TOML"
    return ""
