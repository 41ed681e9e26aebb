"""Cboe VX futures rows: one file per contract (``VX_<expiry>.csv``, the name is the key) or many contracts in one file.

Header ``Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest``. In a file of one contract the
expiry is the date in the name, since weeklies carry the monthly's label. In a file of many contracts the label (``F (Jan 2013)``,
older ``F (Jan 13)``) names the month and the calendar rule gives the day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from alvh.core.days import Day, DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.vx_rows import ExpiryRule, VxRows, clean_settles, drop_copies
from alvh.data.text import SourceText, Table, day_of, parse_floats, read_table

REQUIRED: Final = ("trade date", "futures", "close", "settle", "total volume")
_NAME = re.compile(r"VX[_-]?(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_LABEL = re.compile(r"([FGHJKMNQUVXZ])\s*\((\w{3})\w*\s+(\d{2}|\d{4})\)")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def is_header(header: tuple[str, ...]) -> bool:
    """The first two columns tell this layout; the others are checked one by one."""
    return len(header) > 4 and header[0] == "trade date" and header[1] == "futures"


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """True for either kind of file."""
    return is_header(header)


def expiry_in_name(stem: str) -> Day | None:
    """The expiry that a by-contract file name holds, or None."""
    found = _NAME.fullmatch(stem)
    if found is None:
        return None
    try:
        return day_of(found[1])
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def month_in_label(label: str) -> tuple[int, int]:
    """Year and month of ``F (Jan 2013)`` or ``F (Jan 13)``; ValueError otherwise."""
    found = _LABEL.search(label)
    if found is None:
        raise ValueError(label)
    year = int(found[3])
    return (year + 2000 if year < 100 else year), _MONTHS.index(found[2].lower()) + 1


def expiries_by_label(cells: Sequence[str], table: Table, rule: ExpiryRule) -> DayArray:
    """The monthly expiry of each row's label; :class:`DataInvalid` with the line where a label names no month."""
    days: dict[str, Day] = {}
    for index, cell in enumerate(cells):
        if cell not in days:
            try:
                days[cell] = rule(*month_in_label(cell))
            except ValueError as error:
                raise DataInvalid(
                    f"'{cell[:40]}' names no contract month",
                    where=f"{table.label}, line {table.lines[index]}, column futures",
                    allowed="a label such as 'F (Jan 2013)'",
                    todo="correct the cell, or download the file again",
                ) from error
    return np.array([days[cell] for cell in cells], dtype=np.int64)


def read(source: SourceText, log: QualityLog, rule: ExpiryRule) -> VxRows:
    """Read one file. Settle at or below zero: Close where it traded, else empty; the expiry-day row is a final settlement.

    :class:`DataInvalid` for a missing column, a cut row, a bad cell, a label without a month, rows after the expiry in the file
    name, or two different rows of one contract and session.
    """
    expected = "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest"
    table = read_table(source, is_header, expected=expected, required=REQUIRED)
    columns = list(zip(*table.rows, strict=True))

    def cells(name: str) -> Sequence[str]:
        return columns[table.header.index(name)]

    def numbers(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return parse_floats(cells(name), label=source.label, column=name, lines=table.lines, blank=True)

    try:
        day = np.array([day_of(cell) for cell in cells("trade date")], dtype=np.int64)
    except ValueError:
        day = table.days("trade date")
    named = expiry_in_name(source.stem)
    if named is None:
        expiry = expiries_by_label(cells("futures"), table, rule)
    else:
        expiry = np.full(len(day), named, dtype=np.int64)
    late = np.flatnonzero(day > expiry)
    if late.size:
        raise DataInvalid(
            f"a row of {iso(day[late[0]])} lies after the contract's expiry {iso(expiry[late[0]])} ({late.size} such rows)",
            where=f"{source.label}, line {table.lines[int(late[0])]}",
            allowed="trade dates up to the expiry, which is the date in the file name or the label's month by the VIX rule",
            todo="check the file's name and labels",
        )
    settle, volume = numbers("settle"), np.nan_to_num(numbers("total volume"))
    opened = numbers("open") if "open" in table.header else np.full(len(day), np.nan)
    opened = np.where(opened > 0.0, opened, np.nan)  # a contract that did not trade has an open of 0
    blank = np.isnan(settle)
    if blank.any():
        settle = np.where(blank, 0.0, settle)
    settle, from_close = clean_settles(
        label=source.label, day=day, expiry=expiry, settle=settle, close=numbers("close"), volume=volume, log=log
    )
    if named is not None:
        unordered = np.flatnonzero(np.diff(day) < 0) + 1
        todo = "the rows are used by their dates"
        log.days("warning", source.label, "row out of date order", day[unordered].tolist(), todo=todo)
    keep = drop_copies(label=source.label, day=day, expiry=expiry, settle=settle, lines=list(table.lines), log=log)
    final = keep & (day == expiry)
    finals = tuple((int(at), float(value)) for at, value in zip(expiry[final], settle[final], strict=True) if not np.isnan(value))
    keep &= day != expiry
    return VxRows(
        label=source.label,
        layout="monthly" if named is None else "contract",
        day=day[keep],
        expiry=expiry[keep],
        settle=settle[keep],
        volume=volume[keep],
        open=opened[keep],
        finals=finals,
        from_close=from_close[keep],
    )
