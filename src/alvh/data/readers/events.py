"""Event dates: one column of ISO dates under ``date`` or ``release_date`` (FOMC announcements, CPI releases)."""

from __future__ import annotations

from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, daily_table
from alvh.data.text import SourceText, read_table


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """One column with one of the two names."""
    return header in (("date",), ("release_date",))


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one list of dates, named by the first word of the file name, such as ``FOMC``; it has no columns."""
    table = read_table(source, lambda header: looks_like(header, ()), expected="one column called date or release_date")
    days = table.days(table.header[0])
    return daily_table(table, name=source.stem.split("_")[0].upper(), days=days, columns={}, log=log)
