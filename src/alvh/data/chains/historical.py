"""HistoricalOptionData's end-of-day options: one row a contract, the exchange symbol in the column ``optionroot``."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.data.chains.raw import RawQuotes, by_session, ones
from alvh.data.chains.symbols import occ_contracts
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, read_table

NAME: Final = "HistoricalOptionData"
HEADER: Final = "underlying,underlying_last,exchange,optionroot,type,expiration,quotedate,strike,last,net,bid,ask,..."


def looks_like(header: tuple[str, ...]) -> bool:
    """A contract symbol and a quote date under this vendor's names."""
    return "optionroot" in header and "quotedate" in header


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """One item a session; the file has no clock. :class:`DataInvalid` for a missing column or a damaged cell."""
    del log
    table = read_table(source, looks_like, expected=HEADER, required=("optionroot", "quotedate", "bid", "ask"))
    sessions = table.days("quotedate")
    rank, line = ones(table.lines)
    raw = RawQuotes(
        label=source.label,
        layout=NAME,
        session=int(sessions[0]),
        minute=None,
        spot=np.nan,
        contracts=occ_contracts(table.column("optionroot"), label=source.label, column="optionroot", lines=table.lines),
        bid=table.floats("bid", blank=True),
        ask=table.floats("ask", blank=True),
        volume=table.floats("volume", blank=True),
        open_interest=table.floats("openinterest", blank=True),
        rank=rank,
        line=line,
    )
    return by_session(raw, sessions, table.floats("underlying_last", blank=True))
