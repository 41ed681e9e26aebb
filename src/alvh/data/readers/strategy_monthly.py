"""Month-end levels of Cboe's strategy indices, with the S&P 500 total return index, the S&P 500 and a 3-month bill."""

from __future__ import annotations

from typing import Final

from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, daily_table
from alvh.data.text import SourceText, read_table

REQUIRED: Final = ("sptr", "spx")
"""The dividend yield is S&P TR against SPX; the strategy columns are optional."""


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """A date and several index columns, the total return among them."""
    return len(header) > 2 and header[0] == "date" and "sptr" in header


def read(source: SourceText, log: QualityLog) -> DailyTable:
    """Read the file; one column per index in lower case (levels; ``gs3m`` in percent a year), NaN where blank.

    The dates are calendar month-ends. :class:`DataInvalid` where SPTR or SPX is missing.
    """
    table = read_table(
        source,
        lambda header: len(header) > 2 and header[0] == "date",
        expected="Date,...,SPTR,SPX,... with one row a month",
        required=REQUIRED,
    )
    columns = {name: table.floats(name, blank=True) for name in table.header[1:]}
    return daily_table(table, name="STRATEGY_MONTHLY", days=table.days("date"), columns=columns, log=log)
