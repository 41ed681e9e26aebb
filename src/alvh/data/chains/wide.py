"""Tables with a call half and a put half that repeat their column names: one row a strike, two contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alvh.core.calendar import FIRST_DAY, LAST_DAY
from alvh.core.errors import DataInvalid
from alvh.data.chains.stamps import parse_stamp, session_of
from alvh.data.text import SourceText, Table, checked_table, find_header, header_of, parse_floats, split_lines
from alvh.market.history import Floats

CALLS, PUTS = "calls", "puts"
NAMES: dict[str, tuple[str, ...]] = {
    "bid": ("bid",),
    "ask": ("ask",),
    "volume": ("volume", "vol"),
    "open interest": ("open interest", "open int"),
}
"""Columns of each half and their spellings over the years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WideTable:
    """A table and the lines above it: ``session``, ``minute`` as in RawQuotes, ``spot`` in points or NaN."""

    table: Table
    session: int
    minute: int | None
    spot: float

    def symbols(self) -> list[str]:
        """Contract cells (2 rows,): all calls, then all puts."""
        return [*self.table.column(CALLS), *self.table.column(PUTS)]

    def lines(self) -> list[int]:
        """Line of each contract (2 rows,)."""
        return [*self.table.lines, *self.table.lines]

    def numbers(self, name: str) -> Floats:
        """One of :data:`NAMES` (2 rows,), NaN where blank; :class:`DataInvalid` where a half lacks the column."""
        header, table = self.table.header, self.table
        start, middle = header.index(CALLS), header.index(PUTS)
        parts = []
        for side, low, high in ((CALLS, start, middle), (PUTS, middle, len(header))):
            at = next((index for index in range(low, high) if header[index] in NAMES[name]), None)
            if at is None:
                raise DataInvalid(
                    f"column '{name}' of the {side} is missing; the columns are {', '.join(header[low:high])}",
                    where=table.label,
                    allowed=f"a column named {' or '.join(NAMES[name])} after '{side}'",
                    todo="keep the vendor's columns, or download the file again",
                )
            cells = [row[at] for row in table.rows]
            parts.append(parse_floats(cells, label=table.label, column=f"{side} {name}", lines=table.lines, blank=True))
        return np.concatenate(parts)


def read_wide(source: SourceText, layout_header: str) -> WideTable:
    """The table under the header that holds both halves, with the stamp and the level of the lines above it.

    Errors (:class:`DataInvalid`): no line above the header names a date, a row is cut.
    """
    cells = split_lines(source.text)
    at = find_header(cells, is_wide)
    if at is None:
        raise DataInvalid(
            "no header with both 'Calls' and 'Puts' found",
            where=source.label,
            allowed=layout_header,
            todo="keep the vendor's header line, or download the file again",
        )
    above = cells[:at]
    session, minute = _moment(above, source.label)
    table = checked_table(source.label, header_of(cells[at]), cells[at + 1 :], first_line=at + 2)
    return WideTable(table=table, session=session, minute=minute, spot=_spot(above))


def is_wide(header: tuple[str, ...]) -> bool:
    """Whether a header has a call half and, after it, a put half."""
    return CALLS in header and PUTS in header and header.index(CALLS) < header.index(PUTS)


def _moment(above: Sequence[Sequence[str]], label: str) -> tuple[int, int | None]:
    for row in reversed(above):
        stamp = parse_stamp(row[0]) if row else None
        if stamp is None and row:
            stamp = parse_stamp(",".join(row))
        if stamp is not None and FIRST_DAY < stamp.day <= LAST_DAY:
            return session_of(stamp)
    raise DataInvalid(
        "no line above the header names the date of the quotes",
        where=label,
        allowed="the vendor's date line, as in 'Date: February 4 2022, 4:15 PM EST' or 'Sep 04 2020 @ 16:15 ET'",
        todo="keep the lines above the header, or download the file again",
    )


def _spot(above: Sequence[Sequence[str]]) -> float:
    """The level in the second cell of the first line that has one ('1290.59' or 'Last: 4500.5298'); NaN where there is none."""
    for row in above:
        if len(row) > 1:
            try:
                return float(row[1].rsplit(":", 1)[-1])
            except ValueError:
                return float("nan")
    return float("nan")
