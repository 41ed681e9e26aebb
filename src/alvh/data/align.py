"""Put dated columns on the session calendar, with every row that does not fit and every session without a row counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import DataInvalid, DataMissing
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable
from alvh.data.vx import rows_of
from alvh.market.history import Bools, Floats

FIRST_HISTORY: Final = to_day(date(1990, 1, 2))
"""The first VIX close; nothing earlier can be hedged or compared."""
HOLIDAY_DAYS: Final = 3
"""New Year and a weekend before the calendar's first session: a start on them is no start before the data."""
DATED_NAMES: Final = 8
"""Dates named in an error about missing sessions."""


def place(table: DailyTable, column: str, sessions: DayArray) -> Floats:
    """One column on the sessions, NaN where the file has no row."""
    row, there = rows_of(table.days, sessions)
    out = np.full(len(sessions), np.nan)
    out[row[there]] = table.columns[column][there]
    return out


def note_alignment(
    table: DailyTable, sessions: DayArray, log: QualityLog, *, expect_all: bool = True, absent_todo: str = "left empty"
) -> None:
    """Count a file's rows on days without a session and, between its first and last row, its sessions without a row.

    Rows before the first session or after the last are outside the history and not counted here.
    """
    inside = table.days[(table.days >= sessions[0]) & (table.days <= sessions[-1])]
    _, there = rows_of(inside, sessions)
    todo = "the rows were dropped"
    log.days("warning", table.label, "row on an exchange holiday or weekend", inside[~there].tolist(), todo=todo)
    if expect_all and len(inside):
        span = sessions[(sessions >= inside[0]) & (sessions <= inside[-1])]
        absent = span[~np.isin(span, inside, assume_unique=True)]
        log.days("warning", table.label, "session without a row", absent.tolist(), todo=absent_todo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Rows of the aligned grid: ``first`` (warm-up included), ``start`` and ``stop`` (one past the last) of the run itself."""

    first: int
    start: int
    stop: int


def choose_span(
    sessions: DayArray, start: date | None, end: date | None, *, available: tuple[int, int], warmup: int, source: str
) -> Span:
    """Rows of a run from ``start`` to ``end`` with up to ``warmup`` sessions before it, none of them before the data.

    ``sessions`` is the whole calendar and ``available`` the first and last day on which both SPX and VIX are known.
    :class:`DataMissing` names that range where the request goes outside it or holds no session.
    """
    low, high = available
    begin = low if start is None else to_day(start)
    finish = high if end is None else to_day(end)
    first, stop = int(np.searchsorted(sessions, begin)), int(np.searchsorted(sessions, finish, side="right"))
    lowest, highest = int(np.searchsorted(sessions, low)), int(np.searchsorted(sessions, high))
    allowed = f"sessions from {iso(low)} to {iso(high)}, for which both SPX and VIX closes are known"
    todo = "change --from and --to, or add data files"
    if begin < sessions[0] - HOLIDAY_DAYS or first < lowest:
        what = f"the data begin on {iso(low)}, after the start {iso(begin)}"
    elif stop - 1 > highest or begin > sessions[-1]:
        what = f"the data end on {iso(high)}, before the end {iso(finish)}"
    elif stop <= first:
        what = f"no session lies between {iso(begin)} and {iso(finish)}"
    else:
        return Span(first=max(lowest, first - warmup), start=first, stop=stop)
    raise DataMissing(what, where=source, allowed=allowed, todo=todo)


def without_gaps(sessions: DayArray, spx: Floats, vix: Floats, span: Span, *, files: tuple[str, str], log: QualityLog) -> Span:
    """The span with its warm-up cut behind any gap in it; a gap inside the run itself is :class:`DataInvalid` naming the dates.

    A single VIX session without a close, between two that have one, is no gap: :func:`carry_single` fills it, flagged.
    """
    missing_vix = np.isnan(vix) & ~single_gaps(vix)
    for missing, file, name in ((np.isnan(spx), files[0], "SPX close"), (missing_vix, files[1], "VIX close")):
        absent = np.flatnonzero(missing[span.start : span.stop]) + span.start
        if absent.size:
            named = ", ".join(iso(day) for day in sessions[absent[:DATED_NAMES]])
            more = f" and {absent.size - DATED_NAMES} more" if absent.size > DATED_NAMES else ""
            raise DataInvalid(
                f"{name} is missing on {absent.size} session{'s' if absent.size > 1 else ''} of the run: {named}{more}",
                where=file,
                allowed="a close for every session" + (", save single VIX sessions" if name == "VIX close" else ""),
                todo="add the rows, or choose --from and --to on one side of the gap",
            )
    before = np.flatnonzero((np.isnan(spx) | missing_vix)[span.first : span.start])
    if before.size:
        first = span.first + int(before[-1]) + 1
        log.days(
            "warning", "history", "warm-up cut behind a gap", sessions[span.first : first].tolist(), todo="signals warm up later"
        )
        return Span(first=first, start=span.start, stop=span.stop)
    return span


def single_gaps(values: Floats) -> Bools:
    """Rows without a value whose neighbours on both sides have one."""
    absent = np.isnan(values)
    out = absent.copy()
    out[0] = out[-1] = False
    out[1:-1] &= ~absent[:-2] & ~absent[2:]
    return out


def carry_single(values: Floats) -> tuple[Floats, Bools]:
    """Values with single missing rows replaced by the value before, and which rows those are."""
    carried = single_gaps(values)
    out = values.copy()
    out[carried] = values[np.flatnonzero(carried) - 1]
    return out, carried
