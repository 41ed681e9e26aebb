"""FRED series: ``observation_date,<ID>`` (new), ``DATE,<ID>`` (old) or ``date,value``; ISO dates; blank or ``.`` on holidays."""

from __future__ import annotations

import re

import numpy as np

from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, daily_table
from alvh.data.text import SourceText, read_table

_ID = re.compile(r"[A-Z][A-Z0-9]{2,}")


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """Two columns, ISO dates, and not a price file's ``close``."""
    if len(header) != 2 or header[0] not in ("date", "observation_date") or header[1] == "close":
        return False
    return bool(first) and "-" in first[0]


def series_of(stem: str, column: str) -> str:
    """The series name: the column's, or for a column called ``value`` the first capital word of the file name."""
    if column != "value":
        return column.upper()
    for part in re.split(r"[_\-. ]", stem):
        if _ID.fullmatch(part) and part != "FRED":
            return part
    return stem.upper()


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one series; column ``value`` in the vendor's unit (percent a year for rates), rows without a value dropped.

    :class:`DataInvalid` for a wrong header, a cut row, or a cell that is neither a number nor blank.
    """
    table = read_table(
        source,
        lambda header: len(header) >= 2 and header[0] in ("date", "observation_date"),
        expected="observation_date,<ID> or DATE,<ID> or date,value",
    )
    column = table.header[1]
    values = table.floats(column, blank=True)
    days = table.days(table.header[0])
    result = daily_table(table, name=series_of(source.stem, column), days=days, columns={"value": values}, log=log)
    known = ~np.isnan(result.columns["value"])
    log.days("info", source.label, "blank value (holiday)", result.days[~known].tolist())
    return DailyTable(
        label=result.label, name=result.name, days=result.days[known], columns={"value": result.columns["value"][known]}
    )
