"""Event dates on the session calendar: sessions to the next one and since the last one, as they are counted at each close."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray, to_day
from alvh.market.history import History
from alvh.market.signal_inputs import days_of, nothing

Floats = NDArray[np.float64]

UNSCHEDULED_FOMC: Final = frozenset(
    to_day(date.fromisoformat(day))
    for day in (
        "1994-04-18",
        "1998-10-15",
        "2001-01-03",
        "2001-04-18",
        "2001-09-17",
        "2007-08-10",
        "2007-08-17",
        "2008-01-22",
        "2008-03-16",
        "2008-10-08",
        "2010-05-09",
        "2020-03-03",
        "2020-03-15",
        "2020-03-23",
    )
)
"""FOMC announcements between meetings that lists of FOMC dates may hold (Federal Reserve, meeting calendars and press releases).
Nobody knew them beforehand, so nothing counts towards them. (The meeting of 2020-03-18 that the one of the 15th replaced is in no
such list: in the ten days before, the count runs to the next meeting that was held.)"""


def event_sessions(days: DayArray) -> DayArray:
    """Calendar positions of the sessions on which events are felt: the day itself or, on a closed day, the session after.

    Days outside the calendar (1990-2031) are left out.
    """
    calendar = trading_calendar().sessions_array
    inside = days[(days >= calendar[0]) & (days <= calendar[-1])]
    return np.unique(np.searchsorted(calendar, inside, side="left"))


def positions(sessions: DayArray) -> DayArray:
    """Calendar positions of a history's sessions."""
    return np.searchsorted(trading_calendar().sessions_array, sessions, side="left")


def sessions_to(history: History, event: str) -> Floats:
    """Sessions to the next event known at the close, 0 on its day, (sessions,); NaN after the last one.

    Counted on the exchange's calendar, so also beyond the history. An unscheduled event counts on its own day alone.
    """
    now = positions(history.sessions)
    every = event_sessions(days_of(history, event))
    surprise = history.unscheduled.get(event, np.empty(0, dtype=np.int64))
    scheduled = event_sessions(np.setdiff1d(days_of(history, event), surprise))
    out = nothing(history)
    following = np.searchsorted(scheduled, now, side="left")
    known = following < scheduled.size
    out[known] = (scheduled[following[known]] - now[known]).astype(np.float64)
    out[np.isin(now, every)] = 0.0
    return out


def sessions_since(history: History, event: str) -> Floats:
    """Sessions since the last event, 0 on its day, (sessions,); NaN before the first one."""
    now = positions(history.sessions)
    every = event_sessions(days_of(history, event))
    out = nothing(history)
    last = np.searchsorted(every, now, side="right") - 1
    known = last >= 0
    out[known] = (now[known] - every[last[known]]).astype(np.float64)
    return out
