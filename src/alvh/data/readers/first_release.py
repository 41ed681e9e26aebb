"""First releases of a statistic: ``release_date,reference_month,actual[,consensus]``, one row a release, in the user's own file.

The name says which statistic: ``CPI_first_release.csv``, ``PPI_…``, ``GDP_…``. ``actual`` is the change as it was first
published, in per cent (0.3 for 0.3 %), never a level and never a revised figure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, require_ascending
from alvh.data.text import SourceText, Table, read_table
from alvh.market.history import Floats

COLUMNS: Final = ("release_date", "reference_month", "actual")
SUFFIX: Final = "FIRST_RELEASE"
"""The end of the file name in capitals."""
LARGEST_CHANGE_PCT: Final = 50.0
"""The largest first release of US GDP was +33.1 % (2020 Q3), and monthly figures stay below 10 %: what lies above is a level."""
_MONTH: Final = re.compile(r"(\d{4})-?(\d{2})(?:-\d{2})?")
_QUARTER: Final = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """A release date beside a reference month or an actual figure."""
    return "release_date" in header and bool({"reference_month", "actual"} & set(header))


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one file, named ``CPI`` by the first word of its name; columns ``actual`` and ``consensus`` in per cent, consensus NaN
    where blank or absent, and ``reference_month`` as the first day of that month.

    :class:`DataInvalid` where a column is missing, a cell is no number or date, release days or reference months do not ascend,
    a figure is published before its month is over, or a figure is a level.
    """
    table = read_table(
        source,
        lambda header: len(header) > 1 and bool({"release_date", "reference_month", "date", "observation_date"} & set(header)),
        expected=",".join(COLUMNS) + "[,consensus]",
        required=COLUMNS,
    )
    days, months = table.days("release_date"), reference_months(table)
    actual = table.floats("actual")
    consensus = table.floats("consensus", blank=True) if "consensus" in table.header else np.full(len(days), np.nan)
    require_ascending(table, "release_date", days)
    require_ascending(table, "reference_month", months)
    _check_figures(table, days, months, actual)
    return DailyTable(
        label=source.label,
        name=source.stem.split("_")[0].upper(),
        days=days,
        columns={"actual": actual, "consensus": consensus, "reference_month": months.astype(np.float64)},
    )


def reference_months(table: Table) -> DayArray:
    """The first day of each reference month; ``YYYY-MM``, a date in it, or ``YYYYQ1`` for a quarter."""
    cells: Sequence[str] = table.column("reference_month")
    out = np.empty(len(cells), dtype=np.int64)
    for row, cell in enumerate(cells):
        month, quarter = _MONTH.fullmatch(cell.strip()), _QUARTER.fullmatch(cell.strip())
        number = int(month[2]) if month else 3 * int(quarter[2]) - 2 if quarter else 0
        found = month or quarter
        if found is None or not 1 <= number <= 12:
            raise DataInvalid(
                f"'{cell[:40]}' is no month",
                where=f"{table.label}, line {table.lines[row]}, column reference_month",
                allowed="YYYY-MM, YYYY-MM-DD, or YYYYQ1 to YYYYQ4",
                todo="correct the cell",
            )
        out[row] = to_day(date(int(found[1]), number, 1))
    return out


def _check_figures(table: Table, days: DayArray, months: DayArray, actual: Floats) -> None:
    after = (months.astype("datetime64[D]").astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
    for row in np.flatnonzero(days < after)[:1].tolist():
        raise DataInvalid(
            f"the figure of {iso(months[row])[:7]} is dated {iso(days[row])}, before its month was over",
            where=f"{table.label}, line {table.lines[row]}, column release_date",
            allowed="the day on which the figure was first published",
            todo="enter the release day; a series by reference month, such as CPIAUCSL, holds neither it nor the first figure",
        )
    for row in np.flatnonzero(np.abs(actual) > LARGEST_CHANGE_PCT)[:1].tolist():
        raise DataInvalid(
            f"{actual[row]:g} is no change in per cent",
            where=f"{table.label}, line {table.lines[row]}, column actual",
            allowed=f"a change from -{LARGEST_CHANGE_PCT:g} to {LARGEST_CHANGE_PCT:g} per cent, as first published",
            todo="enter the published change, not the level of an index",
        )
