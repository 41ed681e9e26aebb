"""Policy files: TOML with ``schema = 1`` and ``extends``, read into a :class:`Policy`, and written back in full.

The frozen dataclasses of ``policy`` are the single definition of keys, types and defaults; ``policy_keys`` adds bounds and
meaning. A file is checked on its own (so that an error names the file that holds it), laid over what it extends, and the
resolved whole is checked for keys that contradict each other.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alvh.core.errors import ConfigError, nearest
from alvh.strategy.condition_file import condition_to_toml, quoted
from alvh.strategy.conditions import All, AnyOf, Compare, Not
from alvh.strategy.policy import Policy
from alvh.strategy.policy_check import check_policy
from alvh.strategy.policy_keys import KEYS, generic
from alvh.strategy.policy_parse import Draft, apply_table, build, hints, item_class, leaf_paths, toml_key

SCHEMA = 1
POLICIES = Path(__file__).resolve().parent.parent / "policies"
"""The policies that ship with the package."""

_LONGEST_CHAIN = 16
"""Files that one policy may extend in a row; far above any use, it only bounds a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPolicy:
    """A resolved policy and where it came from.

    ``sha256``: of the canonical text (:func:`policy_to_toml`), so comments, order and ``extends`` do not change it.
    ``origin``: dotted key -> name of the file that set it, or ``"default"``; one entry for every key of the policy.
    ``chain``: names of the files read, the extended ones first.
    """

    policy: Policy
    sha256: str
    origin: Mapping[str, str]
    chain: tuple[str, ...]


def load_policy(name_or_path: str | Path, *, search: tuple[Path, ...] = ()) -> LoadedPolicy:
    """Read, resolve and check a policy.

    A text that ends in ``.toml`` or holds a ``/`` is a path; anything else is a name, looked up in ``search`` and then among
    the shipped policies. A name in ``extends`` is looked up beside the extending file first. Raises ``ConfigError``.
    """
    chain = _read_chain(name_or_path, search)
    draft = Draft()
    for file, table in chain:
        apply_table(draft, table, Policy, "", file.name)
    last = chain[-1][0]
    draft.values.setdefault("name", last.stem)
    draft.origin.setdefault("name", last.name)
    policy: Policy = build(draft, Policy, "", last.name)
    origin = {path: draft.origin.get(path, "default") for path in leaf_paths(policy)}
    check_policy(policy, lambda path: origin.get(path, "default"), last.name)
    return LoadedPolicy(
        policy=policy,
        sha256=policy_sha256(policy),
        origin=MappingProxyType(origin),
        chain=tuple(file.name for file, _ in chain),
    )


def policy_sha256(policy: Policy) -> str:
    """Hash of the canonical text."""
    return hashlib.sha256(policy_to_toml(policy).encode()).hexdigest()


def list_policies() -> list[tuple[str, str]]:
    """Name and one-line description of every shipped policy, by name."""
    found = []
    for file in sorted(POLICIES.glob("*.toml")):
        table = _read_toml(file)
        found.append((file.stem, str(table.get("description", ""))))
    return found


# ---------------------------------------------------------------------------------------------------------------- reading


def _read_chain(name_or_path: str | Path, search: tuple[Path, ...]) -> list[tuple[Path, dict[str, Any]]]:
    """The file and all that it extends, the most basic first."""
    file = _locate(str(name_or_path), search, "the policy to load")
    chain: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if file.resolve() in [earlier.resolve() for earlier, _ in chain]:
            circle = " -> ".join([*(earlier.name for earlier, _ in chain), file.name])
            raise ConfigError(
                f"policies extend each other in a circle: {circle}",
                where=f"{file.name}, key extends",
                todo="remove one, or rename the file that has the name of what it extends",
            )
        if len(chain) == _LONGEST_CHAIN:
            raise ConfigError("too many policies extend each other", where=file.name, allowed=f"{_LONGEST_CHAIN} files in a row")
        table = _read_toml(file)
        base = table.pop("extends", None)
        schema = table.pop("schema", None)
        if type(schema) is not int or schema != SCHEMA:
            shown = "missing" if schema is None else f"{schema!r}"
            raise ConfigError(
                f"schema is {shown}",
                where=f"{file.name}, key schema",
                allowed=f"schema = {SCHEMA}",
                todo=f"write 'schema = {SCHEMA}' at the top",
            )
        chain.insert(0, (file, table))
        if base is None:
            return _drop_identity(chain)
        if not isinstance(base, str) or not base:
            raise ConfigError(
                f"extends is {base!r}", where=f"{file.name}, key extends", allowed="the name or path of one policy, as text"
            )
        file = _locate(base, search, f"{file.name}, key extends", (file.parent,))


def _drop_identity(chain: list[tuple[Path, dict[str, Any]]]) -> list[tuple[Path, dict[str, Any]]]:
    """A name and a description belong to one file: an extending policy does not inherit them."""
    for _, table in chain[:-1]:
        table.pop("name", None)
        table.pop("description", None)
    return chain


def _locate(text: str, search: tuple[Path, ...], where: str, beside: tuple[Path, ...] = ()) -> Path:
    """A path or a name -> a file that exists. ``beside``: the extending file's own folder, which comes first."""
    if text.endswith(".toml") or "/" in text or "\\" in text:
        path = Path(text).expanduser()
        for candidate in (*(folder / path for folder in beside), path, *(folder / path for folder in search)):
            if candidate.is_file():
                return candidate
        raise ConfigError(
            f"no policy file '{text}'",
            where=where,
            allowed="a readable TOML file",
            todo="check the path, or run 'alvh policy list'",
        )
    folders = (*beside, *search, POLICIES)
    for folder in folders:
        for stem in (text, text.replace("_", "-")):  # the write-ups are spelt with a low line, files with a hyphen
            candidate = folder / f"{stem}.toml"
            if candidate.is_file():
                return candidate
    names = {file.stem for folder in folders for file in folder.glob("*.toml")}
    hint = nearest(text, names)
    raise ConfigError(
        f"no policy named '{text}'", where=where, allowed=", ".join(sorted(names)), todo=hint or "run 'alvh policy list'"
    )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", where=file.name, allowed="TOML 1.0", todo="mend the line named") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 text: {error}", where=file.name, todo="save the file as UTF-8") from error
    except RecursionError as error:
        raise ConfigError(
            "values are nested too deeply", where=file.name, todo="write the condition with fewer levels"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", where=file.name, todo="check the file and its permissions"
        ) from error


# ---------------------------------------------------------------------------------------------------------------- writing


def policy_to_toml(policy: Policy) -> str:
    """The canonical, complete text of a policy: every key, in the order of the dataclasses, ``None`` written as its word."""
    lines = [f"schema = {SCHEMA}"]
    _write_table(lines, policy, "")
    return "\n".join(lines) + "\n"


def _write_table(lines: list[str], value: Any, prefix: str) -> None:
    """Scalars first, then the sub-tables, as TOML demands."""
    later: list[tuple[str, Any]] = []
    for field in fields(value):
        key = toml_key(type(value), field.name)
        path = f"{prefix}{key}"
        item = getattr(value, field.name)
        inner = item_class(hints(type(value))[field.name])
        if is_dataclass(item) or inner is not None:
            later.append((path, item))
        else:
            lines.append(f"{key} = {_scalar(item, path)}")
    for path, item in later:
        if isinstance(item, tuple):
            for part in item:
                lines.append(f"\n[[{path}]]")
                lines.extend(
                    f"{toml_key(type(part), f.name)} = {_inline(getattr(part, f.name), f'{path}.*.{f.name}')}"
                    for f in fields(part)
                )
        else:
            lines.append(f"\n[{path}]")
            _write_table(lines, item, f"{path}.")


def _inline(value: Any, path: str) -> str:
    if isinstance(value, Compare | All | AnyOf | Not):
        return condition_to_toml(value)
    if is_dataclass(value):
        return "{" + ", ".join(f"{f.name} = {_inline(getattr(value, f.name), f'{path}.{f.name}')}" for f in fields(value)) + "}"
    return _scalar(value, path)


def _scalar(value: Any, path: str) -> str:
    if value is None:
        return quoted(KEYS[generic(path)].off)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_scalar(part, path) for part in value) + "]"
    return repr(value)
