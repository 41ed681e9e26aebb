"""Cboe's delayed quotes as one row a contract, with the session in a column and the fields of the exchange's JSON."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.data.chains.raw import RawQuotes, by_session, ones, stated_size
from alvh.data.chains.symbols import occ_contracts
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, Table, read_table
from alvh.market.history import Floats

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
    bid, ask = table.floats("bid", blank=True), table.floats("ask", blank=True)
    raw = RawQuotes(
        label=source.label,
        layout=NAME,
        session=int(sessions[0]),
        minute=None,
        spot=np.nan,
        contracts=occ_contracts(table.column("option"), label=source.label, column="option", lines=table.lines),
        bid=bid,
        ask=ask,
        volume=table.floats("volume", blank=True),
        open_interest=table.floats("open_interest", blank=True),
        rank=rank,
        line=line,
        bid_size=_size(table, "bid_size", bid),
        ask_size=_size(table, "ask_size", ask),
    )
    return by_session(raw, sessions)


def _size(table: Table, name: str, price: Floats) -> Floats | None:
    """Displayed contracts, None where the file was flattened without them."""
    return stated_size(table.floats(name, blank=True), price) if name in table.header else None
