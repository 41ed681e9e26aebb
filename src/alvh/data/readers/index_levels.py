"""Levels of one published index: any CSV with a date column and a column named after the index, daily or month-end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from alvh.core.days import DayArray, to_date
from alvh.core.errors import DataInvalid, nearest
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import daily_table
from alvh.data.text import read_source, read_table
from alvh.market.history import Floats

DATE_NAMES: Final = ("date", "trade date", "observation_date", "day")
LEVEL_NAMES: Final = ("close", "level", "value", "index")
"""Columns that a file of one index may use in place of its name."""
LAST_DAYS: Final = 6
"""A month whose last row lies further than this many days before its end is incomplete: a long weekend is four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLevels:
    """Month-end levels: ``month`` counts months since year 0 (year x 12 + month − 1), ascending.

    ``gaps`` names the months from the file's first to its last that have no month-end, with the last day of those that break off.
    """

    label: str
    month: DayArray
    level: Floats
    gaps: tuple[str, ...]


def read_index_levels(path: Path, index: str, log: QualityLog) -> MonthLevels:
    """Read the levels of ``index`` (case does not matter) and keep each month's last.

    Blank cells are no level; a month that ends early in the file or is absent between two others is a gap, named. Raises
    :class:`DataInvalid` where no date or no such column is found, a level is zero or below, or fewer than two months are left.
    """
    source = read_source(path, label=path.name)
    table = read_table(
        source,
        lambda header: len(header) > 1 and header[0] in DATE_NAMES,
        expected="a header with Date first and a column named after the index",
    )
    name = index.lower()
    wanted = name if name in table.header else next((known for known in LEVEL_NAMES if known in table.header), None)
    words = re.split(r"[^a-z0-9]+", source.stem.lower())  # whole words: CLLZ.csv holds no CLL
    if wanted is None or (wanted != name and name not in words):
        hint = nearest(name, table.header[1:])
        raise DataInvalid(
            f"no column is named after {index}; the columns are {', '.join(table.header)}",
            where=source.label,
            allowed=f"a column '{index}', or 'close' in a file named after {index}, such as {index}.csv",
            todo=hint or "name the column after the index",
        )
    levels = table.floats(wanted, blank=True)
    bad = np.flatnonzero(levels <= 0.0)
    if bad.size:
        raise DataInvalid(
            f"a level of {levels[bad[0]]:g}",
            where=f"{source.label}, line {table.lines[int(bad[0])]}, column {wanted}",
            allowed="levels above zero, blank where there is none",
            todo="correct the cell",
        )
    daily = daily_table(table, name=index, days=table.days(table.header[0]), columns={name: levels}, log=log)
    known = ~np.isnan(daily.columns[name])
    days, values = daily.days[known], daily.columns[name][known]
    return _by_month(source.label, index, days, values)


def month_of(days: DayArray) -> DayArray:
    """Year x 12 + month − 1 of each day."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


def month_name(month: int) -> str:
    """``2008-10`` of a month number."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _by_month(label: str, index: str, days: DayArray, values: Floats) -> MonthLevels:
    month = month_of(days)
    last = np.flatnonzero(np.diff(month, append=month[-1] + 1 if len(month) else 0) > 0)
    ends = ((month[last] + 1 - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)) - 1
    late = ends - days[last] <= LAST_DAYS
    kept = last[late]
    present = month[kept]
    if len(present) < 2:
        raise DataInvalid(
            f"{len(present)} month-ends of {index} among {len(month)} levels",
            where=label,
            allowed=f"two or more; the last row of a month lies at most {LAST_DAYS} days before its end",
            todo="use a file of daily or month-end levels that reaches further",
        )
    breaks_off = {int(month[row]): int(days[row]) for row in last[~late]}
    whole = np.arange(month[0], month[-1] + 1)
    gaps = tuple(_gap(int(number), breaks_off) for number in whole[~np.isin(whole, present)])
    return MonthLevels(label=label, month=present, level=values[kept], gaps=gaps)


def _gap(month: int, breaks_off: dict[int, int]) -> str:
    name = month_name(month)
    return name if month not in breaks_off else f"{name} (ends on {to_date(breaks_off[month]).isoformat()})"
