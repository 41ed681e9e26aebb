"""Event dates under ``date`` or ``release_date`` (FOMC announcements, CPI releases), and whether they were scheduled."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, daily_table
from alvh.data.text import SourceText, read_table

HEADERS: Final = (("date",), ("release_date",), ("date", "scheduled"), ("release_date", "scheduled"))


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """A date column of one of the two names, alone or with ``scheduled``."""
    return header in HEADERS


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one list of dates, named by the first word of the file name, such as ``FOMC``.

    It has no columns, or ``scheduled``: 1 for a day that was known beforehand, 0 for one that was not. :class:`DataInvalid` for a
    cell that is no date, or neither 1 nor 0.
    """
    table = read_table(
        source, lambda header: looks_like(header, ()), expected="one column called date or release_date, or that and scheduled"
    )
    columns = {"scheduled": table.floats("scheduled")} if "scheduled" in table.header else {}
    for name, values in columns.items():
        wrong = np.flatnonzero(~np.isin(values, (0.0, 1.0)))
        if wrong.size:
            raise DataInvalid(
                f"{values[wrong[0]]:g} says neither yes nor no",
                where=f"{source.label}, line {table.lines[int(wrong[0])]}, column {name}",
                allowed="1 for a day known beforehand, 0 for one that was not",
                todo="correct the cell",
            )
    days = table.days(table.header[0])
    return daily_table(table, name=source.stem.split("_")[0].upper(), days=days, columns=columns, log=log)
