"""Cboe's quote download since 2018: call and put side by side, contracts as exchange symbols, the date in a line above.

Two generations share the table: ``.dat`` of 2018-2020 ('Sep 04 2020 @ 20:49 ET') and the CSV since 2021, whose date line is in
the language of the browser that fetched it. Expiries are read from the symbols, so no localised expiry matters.
"""

from __future__ import annotations

from typing import Final

from alvh.data.chains.raw import RawQuotes, ones
from alvh.data.chains.symbols import occ_contracts
from alvh.data.chains.wide import CALLS, is_wide, read_wide
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText

NAME: Final = "Cboe quote download"
HEADER: Final = "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,..."


def looks_like(header: tuple[str, ...]) -> bool:
    """The halves after an expiration date."""
    return is_wide(header) and header[0] == "expiration date"


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """The one session of the file; :class:`DataInvalid` for a missing column or date, a cut row or a damaged symbol."""
    wide = read_wide(source, HEADER)
    lines = wide.lines()
    rank, line = ones(lines)
    if wide.minute is None:
        todo = "taken as quotes of the close; keep the vendor's date line with clock and zone"
        log.note("warning", source.label, "date line without a clock in a known zone", todo=todo)
    return [
        RawQuotes(
            label=source.label,
            layout=NAME,
            session=wide.session,
            minute=wide.minute,
            spot=wide.spot,
            contracts=occ_contracts(wide.symbols(), label=source.label, column=CALLS, lines=lines),
            bid=wide.numbers("bid"),
            ask=wide.numbers("ask"),
            volume=wide.numbers("volume"),
            open_interest=wide.numbers("open interest"),
            rank=rank,
            line=line,
        )
    ]
