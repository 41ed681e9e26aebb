"""Prices of exchange-traded VIX products: one file a ticker, adjusted backwards, so that only returns are read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from alvh.core.days import DayArray
from alvh.data.align import note_alignment, place
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable, check_positive
from alvh.market.history import VIX_ETPS, Floats

ADJUSTED: Final = "adj close"
SPLIT_RATIO: Final = 2.0
"""No long VIX fund has doubled or halved between two closes (UVXY rose by 66 % on 5 February 2018); a reverse split does that."""


def fund_prices(
    tables: Mapping[str, Sequence[DailyTable]], sessions: DayArray, whole: DayArray, log: QualityLog
) -> dict[str, Floats]:
    """Adjusted closes by ticker on the sessions, NaN where the file has none; ``whole`` is the calendar of the history.

    The adjusted close where a file has that column, else the close. Of two files of one ticker the one that ends later is read
    and the other noted: each is adjusted to its own end, so that they cannot be joined. :class:`DataInvalid` for a price that is
    not above zero.
    """
    found = {}
    for ticker in VIX_ETPS:
        ordered = sorted(tables.get(ticker, ()), key=lambda table: (int(table.days[-1]), table.rows))
        if not ordered:
            continue
        newest = ordered[-1]
        for other in ordered[:-1]:
            what, todo = f"{newest.label} holds {ticker} to a later day", "left out: two adjusted series do not join"
            log.days("warning", other.label, what, other.days[[0, -1]].tolist(), todo=todo)
        note_alignment(newest, whole, log)
        column = ADJUSTED if ADJUSTED in newest.columns else "close"
        check_positive(newest, column)
        _note_jumps(newest, column, log)
        found[ticker] = place(newest, column, sessions)
    return found


def _note_jumps(table: DailyTable, column: str, log: QualityLog) -> None:
    change = np.abs(np.diff(np.log(table.columns[column])))
    jumps = table.days[1:][change > np.log(SPLIT_RATIO)]
    todo = "use a file that is adjusted for splits and distributions"
    log.days("warning", table.label, "price doubles or halves in a session", jumps.tolist(), todo=todo)
