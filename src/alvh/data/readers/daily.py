"""What every dated reader returns, and the checks on dates and bars that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.text import Table
from alvh.market.history import Floats

BRACKET_TOLERANCE: Final = 1e-9
"""Relative slack when high and low are compared with open and close: files carry rounded binary numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyTable:
    """One file's dated columns: ``days`` ascending and unique, each column (rows,), NaN where the file has no value."""

    label: str
    name: str
    """The symbol, series or list that the file holds, such as ``VIX`` or ``DTB3``."""
    days: DayArray
    columns: Mapping[str, Floats]

    @property
    def rows(self) -> int:
        """Rows after the file's own duplicates were dropped."""
        return len(self.days)


def daily_table(table: Table, *, name: str, days: DayArray, columns: Mapping[str, Floats], log: QualityLog) -> DailyTable:
    """Order the rows by day, drop identical duplicates (both counted); contradicting duplicates are :class:`DataInvalid`."""
    step = np.diff(days)
    if (step <= 0).any():
        if (step < 0).any():
            late = days[1:][step < 0]
            todo = "the rows were sorted; check that no dates are mistyped"
            log.days("warning", table.label, "row out of date order", late.tolist(), todo=todo)
        order = np.argsort(days, kind="stable")
        days = days[order]
        columns = {key: values[order] for key, values in columns.items()}
        again = np.flatnonzero(np.diff(days) == 0) + 1
        for row in again.tolist():
            for key, values in columns.items():
                if values[row] != values[row - 1] and not (np.isnan(values[row]) and np.isnan(values[row - 1])):
                    raise DataInvalid(
                        f"two rows for {iso(days[row])} disagree in {key}: {values[row - 1]:g} and {values[row]:g}",
                        where=f"{table.label}, lines {table.lines[int(order[row - 1])]} and {table.lines[int(order[row])]}",
                        allowed="one row a date",
                        todo="delete the wrong row, or download the file again",
                    )
        log.days("warning", table.label, "duplicated date (identical rows)", days[again].tolist(), todo="the copies were dropped")
        keep = np.ones(len(days), dtype=bool)
        keep[again] = False
        days = days[keep]
        columns = {key: values[keep] for key, values in columns.items()}
    return DailyTable(label=table.label, name=name, days=days, columns=columns)


def require_ascending(table: Table, column: str, days: DayArray) -> None:
    """:class:`DataInvalid` where a row's date is not after the one before it: of figures whose order matters none is a copy."""
    late = np.flatnonzero(np.diff(days) <= 0) + 1
    if late.size:
        row = int(late[0])
        twice = days[row] == days[row - 1]
        raise DataInvalid(
            f"{iso(days[row])} " + ("stands there twice" if twice else f"comes after {iso(days[row - 1])}"),
            where=f"{table.label}, lines {table.lines[row - 1]} and {table.lines[row]}, column {column}",
            allowed="dates that ascend, one row each",
            todo="keep the first figure that was published" if twice else "sort the rows and look for a mistyped date",
        )


def check_bars(table: DailyTable, log: QualityLog) -> None:
    """Count bars whose high or low does not bracket open and close; the values are kept as published."""
    bars = table.columns
    if not {"open", "high", "low", "close"} <= bars.keys():
        return
    with np.errstate(invalid="ignore"):
        slack = BRACKET_TOLERANCE * np.abs(bars["close"])
        top = np.fmax(bars["open"], bars["close"])
        bottom = np.fmin(bars["open"], bars["close"])
        bad = (bars["high"] < top - slack) | (bars["low"] > bottom + slack)
    log.days(
        "warning", table.label, "high and low that do not bracket open and close", table.days[bad].tolist(), todo="kept as is"
    )


def check_positive(table: DailyTable, column: str) -> None:
    """:class:`DataInvalid` where a level that must be positive is zero or negative."""
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(table.columns[column] <= 0)
    if bad.size:
        first = bad[0]
        raise DataInvalid(
            f"{table.name} {column} is {table.columns[column][first]:g} on {iso(table.days[first])} ({bad.size} such rows)",
            where=f"{table.label}, column {column}",
            allowed="a level above zero",
            todo="correct or delete the row, or download the file again",
        )
