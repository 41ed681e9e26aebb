"""Breadth counts without a header: ``YYYYMMDD, n``, one file for advances and one for declines."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, daily_table
from alvh.data.text import SourceText, checked_table, split_lines

MANY: Final = 500
"""A median above this means a whole exchange, where no day has none (fewest NYSE advances 1970-2015: 47, on 2011-08-08)."""


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """The first line is already data: eight digits and a count."""
    return len(header) == 2 and len(header[0]) == 8 and header[0].isdigit() and header[1].lstrip("-").isdigit()


def side_of(source: SourceText) -> str:
    """``advances`` or ``declines``; the file name says which, for the columns have no names."""
    stem = source.stem.lower()
    if "advn" in stem or "advance" in stem:
        return "advances"
    if "decln" in stem or "decline" in stem:
        return "declines"
    raise DataInvalid(
        "the name does not say whether these are advances or declines",
        where=source.label,
        allowed="a file name with 'advn' or 'decln' in it, such as NYSE_advn.csv",
        todo="rename the file",
    )


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one file; column ``count`` (issues).

    In a universe of many stocks a zero is a vendor's blank: such rows are dropped, counted. In a small one it can be true.
    :class:`DataInvalid` for a negative count, a cut row or a bad cell.
    """
    table = checked_table(source.label, ("date", "count"), split_lines(source.text), first_line=1)
    name = f"{source.stem.split('_')[0].upper()} {side_of(source)}"
    result = daily_table(table, name=name, days=table.days("date"), columns={"count": table.floats("count")}, log=log)
    counts = result.columns["count"]
    if (counts < 0).any():
        raise DataInvalid(
            f"the count of {iso(result.days[int(np.argmin(counts))])} is {counts.min():g}",
            where=f"{source.label}, column 2",
            allowed="a count of zero or more",
            todo="correct or delete the row",
        )
    blank = (counts == 0) & bool(np.median(counts) > MANY)
    log.days(
        "warning",
        source.label,
        "zero count in a universe of many stocks",
        result.days[blank].tolist(),
        todo="the rows were dropped",
    )
    return DailyTable(
        label=result.label, name=name, days=result.days[~blank], columns={"count": np.asarray(result.columns["count"][~blank])}
    )
