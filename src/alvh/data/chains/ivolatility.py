"""iVolatility's end-of-day options with implied vols: one row a contract, several sessions a file, the ask before the bid."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.data.chains.raw import RawQuotes, by_session, ones
from alvh.data.chains.symbols import occ_contracts
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, read_table

NAME: Final = "iVolatility"
HEADER: Final = "symbol,exchange,company_name,date,stock_price_close,option_symbol,option_expiration,...,ask,bid,..."


def looks_like(header: tuple[str, ...]) -> bool:
    """A contract symbol and its expiration under iVolatility's names."""
    return "option_symbol" in header and "option_expiration" in header


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """One item a session; the file has no clock. :class:`DataInvalid` for a missing column or a damaged cell."""
    del log
    table = read_table(source, looks_like, expected=HEADER, required=("option_symbol", "date", "bid", "ask"))
    sessions = table.days("date")
    rank, line = ones(table.lines)
    raw = RawQuotes(
        label=source.label,
        layout=NAME,
        session=int(sessions[0]),
        minute=None,
        spot=np.nan,
        contracts=occ_contracts(table.column("option_symbol"), label=source.label, column="option_symbol", lines=table.lines),
        bid=table.floats("bid", blank=True),
        ask=table.floats("ask", blank=True),
        volume=table.floats("volume", blank=True),
        open_interest=table.floats("open_interest", blank=True),
        rank=rank,
        line=line,
    )
    return by_session(raw, sessions, table.floats("stock_price_close", blank=True))
