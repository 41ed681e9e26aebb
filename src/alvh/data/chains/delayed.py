"""Cboe's delayed quotes as one row a contract, with the session in a column and the fields of the exchange's JSON."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.data.chains.raw import RawQuotes, by_session, ones
from alvh.data.chains.symbols import occ_contracts
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, read_table

NAME: Final = "Cboe delayed quotes"
HEADER: Final = "session_date,ticker,expiry,right,strike,option,bid,bid_size,ask,ask_size,...,volume,open_interest,..."


def looks_like(header: tuple[str, ...]) -> bool:
    """A session and a contract symbol."""
    return "session_date" in header and "option" in header


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """One item a session; the file has no clock and no level. :class:`DataInvalid` for a missing column or a damaged cell."""
    del log
    table = read_table(source, looks_like, expected=HEADER, required=("option", "bid", "ask"))
    sessions = table.days("session_date")
    rank, line = ones(table.lines)

    raw = RawQuotes(
        label=source.label,
        layout=NAME,
        session=int(sessions[0]),
        minute=None,
        spot=np.nan,
        contracts=occ_contracts(table.column("option"), label=source.label, column="option", lines=table.lines),
        bid=table.floats("bid", blank=True),
        ask=table.floats("ask", blank=True),
        volume=table.floats("volume", blank=True),
        open_interest=table.floats("open_interest", blank=True),
        rank=rank,
        line=line,
    )
    return by_session(raw, sessions)
