"""Errors that say what was wrong, where, what is allowed and what to do next.

Every error that a user can cause is an :class:`AlvhError`; its ``exit_code`` is the process exit code of the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class AlvhError(Exception):
    """A problem that the user can mend.

    ``what`` says what was wrong with the value, ``where`` names file, row and key (or contract and session), ``allowed`` says
    what would have been right, ``todo`` the next step.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", allowed: str = "", todo: str = "") -> None:
        self.what, self.where, self.allowed, self.todo = what, where, allowed, todo
        parts = [f"{where}: {what}" if where else what]
        if allowed:
            parts.append(f"Allowed: {allowed}.")
        if todo:
            parts.append(f"Next: {todo}.")
        super().__init__(" ".join(part if part.endswith((".", "?")) else part + "." for part in parts))


class UsageError(AlvhError):
    """A command was called with arguments that make no sense."""

    exit_code = 2


class ConfigError(AlvhError):
    """A policy or configuration file holds a wrong key or value."""

    exit_code = 3


class DataMissing(AlvhError):
    """Data that the job needs is absent, ends too early or is stale."""

    exit_code = 4


class DataInvalid(AlvhError):
    """Data is present but fails its checks."""

    exit_code = 5


class InternalError(AlvhError):
    """An identity that must hold did not: a bug, never the user's fault."""

    exit_code = 1


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return ``"did you mean 'x'?"`` for the nearest allowed word, or an empty string."""
    found = get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f"did you mean '{found[0]}'?" if found else ""
