"""Price files: date and close, with open, high, low, adjusted close and volume where given, in any order.

Covers the plain ``date,open,high,low,close,volume``, the ``Adj Close`` variants and the export that puts the ticker and an
otherwise empty ``Date`` line below its header (``Price,Adj Close,Close,High,Low,Open,Volume``).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, check_bars, check_positive, daily_table
from alvh.data.text import SourceText, Table, normalise, read_table

KNOWN: Final = frozenset({"open", "high", "low", "close", "adj close", "volume"})
JUNK_FIRST: Final = frozenset({"ticker", "date"})
"""First cells of the two lines that the multi-ticker export puts below its header."""


def is_header(header: tuple[str, ...]) -> bool:
    """A date column (or the export's ``Price``), a close, and nothing unknown."""
    return len(header) > 1 and header[0] in ("date", "price") and "close" in header and set(header[1:]) <= KNOWN


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """True for any price layout that is not exactly the index bar shape."""
    return is_header(header) and header != ("date", "open", "high", "low", "close")


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one price file; columns as named by the vendor in lower case, NaN for blank open, high, low or volume.

    :class:`DataInvalid` for a missing close column, a cut row, a cell that is no number, or a close at or below zero.
    """
    table = read_table(
        source,
        lambda header: len(header) > 1 and header[0] in ("date", "price"),
        expected="date,open,high,low,close,volume (any order, close required)",
        required=("close",),
    )
    junk = 0
    while junk < min(3, len(table.rows)) and normalise(table.rows[junk][0]) in JUNK_FIRST:
        junk += 1
    if junk:
        log.note("info", source.label, "extra header line below the header", count=junk)
        table = Table(label=table.label, header=table.header, rows=table.rows[junk:], lines=table.lines[junk:])
        if not table.rows:
            raise DataInvalid(
                "the file has header lines but no rows",
                where=source.label,
                allowed="at least one row",
                todo="download the file again",
            )
    names = [name for name in table.header[1:] if name in KNOWN]
    columns = {name: table.floats(name, blank=name != "close") for name in names}
    result = daily_table(
        table, name=source.stem.split("_")[0].upper(), days=table.days(table.header[0]), columns=columns, log=log
    )
    check_positive(result, "close")
    check_bars(result, log)
    if "open" in columns:
        note_stale_opens(result, log)
    return result


def note_stale_opens(table: DailyTable, log: QualityLog) -> None:
    """Count opens that repeat the previous close to the last digit: they are copies, not a first trade."""
    opens, closes = table.columns["open"], table.columns["close"]
    stale = np.flatnonzero(opens[1:] == closes[:-1]) + 1
    if stale.size > 0.05 * table.rows:
        todo = "do not use these opens as a settlement value"
        log.days("info", table.label, "open equal to the previous close", table.days[stale].tolist(), todo=todo)
