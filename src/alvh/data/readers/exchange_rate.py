"""The user's exchange rate of the dollar by day of publication: ``release_date,value``, or FRED's layout in a file ``FX_…``.

FRED dates a monthly series by its reference month, which is known only weeks later: a file with such dates is refused.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, check_positive, require_ascending
from alvh.data.text import SourceText, read_table

HEADER: Final = ("release_date", "value")
PREFIX: Final = "FX_"
"""The beginning of the name of a file in FRED's layout, which alone tells it from any other series."""
NAME: Final = "FX"
FEWEST: Final = 3
"""Rows from which first-of-month dates can be told from chance."""
MONTHLY_DAYS: Final = 27
"""Most rows of a monthly series lie at least this far apart."""


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """A release day and one value."""
    return header == HEADER


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one file of either layout; column ``value``, the level as published that day, rows without a value dropped.

    :class:`DataInvalid` where a column is missing, a cell is no number or date, days do not ascend, a level is zero or below, or
    every day is the first of a month.
    """
    table = read_table(
        source,
        lambda header: len(header) > 1 and header[0] in ("release_date", "date", "observation_date"),
        expected="release_date,value or observation_date,<ID>",
    )
    column = "value" if table.header[0] == "release_date" else table.header[1]
    days, values = table.days(table.header[0]), table.floats(column, blank=True)
    require_ascending(table, table.header[0], days)
    known = ~np.isnan(values)
    log.days("info", source.label, "blank value", days[~known].tolist(), todo="the rows were dropped")
    return _checked(DailyTable(label=source.label, name=NAME, days=days[known], columns={"value": values[known]}), log)


def _checked(table: DailyTable, log: QualityLog) -> DailyTable:
    days = table.days.astype("datetime64[D]")
    if len(days) >= FEWEST and bool((days == days.astype("datetime64[M]").astype("datetime64[D]")).all()):
        raise DataInvalid(
            f"every row from {iso(table.days[0])} to {iso(table.days[-1])} is dated the first of a month: a reference month",
            where=table.label,
            allowed="the days on which the values were published",
            todo="date each row by its publication, in the columns release_date,value",
        )
    check_positive(table, "value")
    steps = np.diff(table.days)
    if steps.size and float(np.median(steps)) < MONTHLY_DAYS:
        what = "exchange rate published more often than monthly"
        log.note("info", table.label, what, todo="fx_zscore scores changes from row to row; for monthly ones give a row a month")
    return table
