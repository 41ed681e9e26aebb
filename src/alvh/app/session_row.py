"""Which row of a loaded market a date names, refused with the nearest sessions where it names none."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from alvh.core.days import iso, to_day
from alvh.core.errors import DataMissing
from alvh.market.history import History

if TYPE_CHECKING:
    from alvh.app.wiring import LoadedMarket


def session_row(loaded: LoadedMarket, first: int, day: date) -> int:
    """The market row of ``day``, a session of a run that begins on the day ``first``.

    Raises :class:`DataMissing` for a day before or after the run's sessions, or between two of them, and names the nearest.
    """
    sessions, wanted = loaded.market.sessions, to_day(day)
    begin = int(np.searchsorted(sessions, first))
    row = int(np.searchsorted(sessions, wanted))
    if begin <= row < len(sessions) and int(sessions[row]) == wanted:
        return row
    allowed = f"a session from {iso(sessions[begin])} to {iso(sessions[-1])}"
    source = loaded.loaded.history.source
    if wanted < int(sessions[begin]):
        what = f"{day} lies before the run's first session"
        raise DataMissing(what, where=source, allowed=allowed, todo=f"use {iso(sessions[begin])} or an earlier --from")
    if row == len(sessions):
        what = f"{day} lies after the last session of the data"
        raise DataMissing(what, where=source, allowed=allowed, todo=f"use {iso(sessions[-1])} or newer data")
    near = [iso(sessions[k]) for k in (row - 1, row) if k >= begin]
    raise DataMissing(f"{day} is no session", where=source, allowed=allowed, todo=f"use {' or '.join(near)}")


def history_row(history: History, as_of: date | None) -> int:
    """The row of the session ``as_of`` (None: the last one); :class:`DataMissing` names the nearest where there is none."""
    if as_of is None:
        return len(history.sessions) - 1
    row = int(np.searchsorted(history.sessions, to_day(as_of)))
    if row < len(history.sessions) and int(history.sessions[row]) == to_day(as_of):
        return row
    near = [iso(int(history.sessions[k])) for k in (row - 1, row) if 0 <= k < len(history.sessions)]
    raise DataMissing(
        f"{as_of} is no session of this history",
        where=history.source,
        allowed=f"sessions from {iso(int(history.sessions[0]))} to {iso(int(history.sessions[-1]))}",
        todo=f"use --as-of {' or '.join(near)}",
    )
