"""Cboe's quote download before 2018: contracts as text ('11 Jan 1075.00 (SPXW1128A1075-E)'), repeated for every exchange."""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.data.chains.raw import RawQuotes
from alvh.data.chains.symbols import short_contracts
from alvh.data.chains.wide import CALLS, is_wide, read_wide
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText

NAME: Final = "Cboe quote download before 2018"
HEADER: Final = "Calls,Last Sale,Net,Bid,Ask,Vol,Open Int,Puts,..."


def looks_like(header: tuple[str, ...]) -> bool:
    """The call half comes first."""
    return is_wide(header) and header[0] == CALLS


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """The one session of the file; :class:`DataInvalid` for a missing column or date, a cut row or a damaged contract."""
    wide = read_wide(source, HEADER)
    lines = wide.lines()
    contracts, rank = short_contracts(wide.symbols(), label=source.label, column=CALLS, lines=lines)
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
            contracts=contracts,
            bid=wide.numbers("bid"),
            ask=wide.numbers("ask"),
            volume=wide.numbers("volume"),
            open_interest=wide.numbers("open interest"),
            rank=rank,
            line=np.array(lines, dtype=np.int64),
        )
    ]
