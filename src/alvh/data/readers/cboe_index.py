"""Cboe index history: ``DATE,OPEN,HIGH,LOW,CLOSE`` or close-only ``DATE,<SYMBOL>``, dates ``MM/DD/YYYY`` or ``MM/DD/YY``.

Source of the layout: Cboe's ``<SYMBOL>_History.csv`` downloads; older mirrors put a disclaimer line above the header.
"""

from __future__ import annotations

from typing import Final

from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, check_bars, check_positive, daily_table
from alvh.data.text import SourceText, read_table

BAR: Final = ("date", "open", "high", "low", "close")


def is_header(header: tuple[str, ...]) -> bool:
    """Both shapes; what the second column of the close-only shape is called is up to the symbol."""
    return header == BAR or (len(header) == 2 and header[0] == "date" and header[1] != "value")


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """True for either shape: FRED's files look the same but write ISO dates."""
    return is_header(header) and header[1:] != ("close",) and (header == BAR or (bool(first) and "/" in first[0]))


def symbol_of(stem: str) -> str:
    """``VIX`` of ``VIX_History``."""
    return stem.split("_")[0].upper()


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read one index file; columns ``close`` and, in the bar shape, ``open``, ``high``, ``low`` in index points.

    :class:`DataInvalid` for a wrong header, a cut row, a cell that is no number or date, or a close at or below zero.
    """
    table = read_table(
        source,
        lambda header: bool(header) and header[0] == "date",
        expected="DATE,OPEN,HIGH,LOW,CLOSE or DATE,<SYMBOL>",
    )
    days = table.days("date")
    if len(table.header) == 2:
        name = table.header[1].upper() if table.header[1] != "close" else symbol_of(source.stem)
        columns = {"close": table.floats(table.header[1])}
    else:
        name = symbol_of(source.stem)
        columns = {key: table.floats(key) for key in BAR[1:]}
    result = daily_table(table, name=name, days=days, columns=columns, log=log)
    check_positive(result, "close")
    check_bars(result, log)
    return result
