"""The constant-rank VX term structure: ``Date,M1,...,M7,days_to_expiration``, one row per session."""

from __future__ import annotations

import numpy as np

from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, daily_table
from alvh.data.text import SourceText, read_table


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """A date and at least M1 and M2."""
    return header[:3] == ("date", "m1", "m2")


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read the file; columns ``m1`` to ``m7`` (VIX points) and ``days_to_expiration``.

    Values that are not above zero are emptied, counted. By rank, a contract's history cannot be followed over an expiry, so the
    history does not use this file; it serves checks.
    """
    table = read_table(
        source, lambda header: header[:1] == ("date",), expected="Date,M1,M2,...,M7,days_to_expiration", required=("m1", "m2")
    )
    days = table.days("date")
    columns = {name: table.floats(name, blank=True) for name in table.header[1:]}
    for name, values in columns.items():
        if not name.startswith("m"):
            continue
        with np.errstate(invalid="ignore"):
            bad = ~(values > 0)
        log.days("warning", source.label, f"{name.upper()} blank, zero or negative", days[bad].tolist(), todo="left empty")
        columns[name] = np.where(bad, np.nan, values)
    return daily_table(table, name="VX_RANK", days=days, columns=columns, log=log)
