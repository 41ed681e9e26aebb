"""Values that an exchange changed on known days: rows in order of their first day, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from alvh.core.days import iso
from alvh.core.errors import DataMissing

T = TypeVar("T")
Mark = Literal["verified", "observed", "assumed"]
"""``verified``: read in the named publication; ``observed``: seen in real quotes; ``assumed``: a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Generic[T]):
    """``value`` holds from ``since`` (a day) until the next row."""

    since: int
    value: T
    source: str
    mark: Mark


def row_on(rows: Sequence[Dated[T]], day: int, what: str) -> Dated[T]:
    """The row in force on ``day``. Raises :class:`DataMissing` before the first row."""
    for row in reversed(rows):
        if row.since <= day:
            return row
    raise DataMissing(
        f"no {what} is known on {iso(day)}",
        allowed=f"sessions from {iso(rows[0].since)}",
        todo="start later, or add an earlier row to the dated table",
    )
