"""Sessions of the US index-options market: New York sessions with Cboe's closing times and the unscheduled closures."""

from __future__ import annotations

from datetime import date, datetime
from datetime import time as clock_time
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso, to_date, to_day
from alvh.core.errors import UsageError

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY, LAST_DAY = to_day(date(1990, 1, 1)), to_day(date(2031, 12, 31))
"""Range of the calendar: VIX history begins in 1990; exchange rules for holidays are known to the end."""

REGULAR_CLOSE_MINUTE = 16 * 60 + 15
"""15:15 Chicago time for series that do not expire that day (Cboe, S&P 500 Index Options product specification)."""
REGULAR_EXPIRING_CLOSE_MINUTE = 16 * 60
"""15:00 Chicago time for expiring PM series (same page)."""
EARLY_CLOSE_EXTRA_MINUTES = 15
"""Index options stop 15 minutes after an early New York close (docs/reference/calendar.md)."""

UNSCHEDULED_CLOSURES: tuple[tuple[date, str], ...] = (
    (date(1994, 4, 27), "President Nixon's funeral"),
    (date(2001, 9, 11), "attacks on New York"),
    (date(2001, 9, 12), "attacks on New York"),
    (date(2001, 9, 13), "attacks on New York"),
    (date(2001, 9, 14), "attacks on New York"),
    (date(2004, 6, 11), "President Reagan's funeral"),
    (date(2007, 1, 2), "mourning for President Ford"),
    (date(2012, 10, 29), "Hurricane Sandy"),
    (date(2012, 10, 30), "Hurricane Sandy"),
    (date(2018, 12, 5), "mourning for President G. H. W. Bush; Cboe notice C2018120300 gives the changed settlements"),
    (date(2025, 1, 9), "mourning for President Carter"),
)
"""Weekdays on which the exchanges closed on short notice (NYSE special closings, as in exchange_calendars' ad hoc holidays).

Expiry rules, which are fixed long before, count them as business days.
"""


class TradingCalendar:
    """Sessions as whole days since 1970-01-01; every method takes and returns such days.

    ``sessions_array`` are the days on which the market opened; ``business_array`` adds the unscheduled closures, and is what
    expiry rules count in. Raises :class:`UsageError` outside 1990-2031.
    """

    __slots__ = ("_early", "business_array", "sessions_array")

    def __init__(self, sessions: DayArray, early_close_minute: dict[int, int]) -> None:
        self.sessions_array = sessions
        unscheduled = np.array([to_day(day) for day, _ in UNSCHEDULED_CLOSURES], dtype=np.int64)
        self.business_array: DayArray = np.union1d(sessions, unscheduled)
        self._early = early_close_minute

    def sessions(self, start: int, end: int) -> DayArray:
        """Sessions from ``start`` to ``end``, both included."""
        self._check(start)
        self._check(end)
        low, high = np.searchsorted(self.sessions_array, [start, end + 1])
        return self.sessions_array[low:high]

    def is_session(self, day: int) -> bool:
        """True where the market opened, or will by today's rules."""
        self._check(day)
        index = int(np.searchsorted(self.sessions_array, day))
        return index < self.sessions_array.size and int(self.sessions_array[index]) == day

    def is_business_day(self, day: int) -> bool:
        """True for a session and for a day on which the market closed unscheduled."""
        self._check(day)
        index = int(np.searchsorted(self.business_array, day))
        return index < self.business_array.size and int(self.business_array[index]) == day

    def previous_session(self, day: int) -> int:
        """The last session strictly before ``day``."""
        return self._at(int(np.searchsorted(self.sessions_array, day, side="left")) - 1, day)

    def next_session(self, day: int) -> int:
        """The first session strictly after ``day``."""
        return self._at(int(np.searchsorted(self.sessions_array, day, side="right")), day)

    def session_on_or_before(self, day: int) -> int:
        """``day`` itself where it is a session, else the session before."""
        return self._at(int(np.searchsorted(self.sessions_array, day, side="right")) - 1, day)

    def session_on_or_after(self, day: int) -> int:
        """``day`` itself where it is a session, else the session after."""
        return self._at(int(np.searchsorted(self.sessions_array, day, side="left")), day)

    def is_early_close(self, day: int) -> bool:
        """True on a session that ends early. Raises :class:`UsageError` where ``day`` is no session."""
        self._require_session(day)
        return day in self._early

    def close_time(self, day: int) -> datetime:
        """End of regular trading in index options that do not expire that day: 16:15, or 15 minutes after an early close."""
        self._require_session(day)
        early = self._early.get(day)
        return self._instant(day, REGULAR_CLOSE_MINUTE if early is None else early + EARLY_CLOSE_EXTRA_MINUTES)

    def expiring_close_time(self, day: int) -> datetime:
        """End of trading in PM series that expire that day: 16:00, or the early close of the stocks themselves."""
        self._require_session(day)
        early = self._early.get(day)
        return self._instant(day, REGULAR_EXPIRING_CLOSE_MINUTE if early is None else early)

    def last_trade(self, expiry: DayArray, am: NDArray[np.bool_]) -> DayArray:
        """Last trading session of each expiry: the session before an AM expiry, the expiry itself or the session before if PM."""
        before = np.searchsorted(self.sessions_array, expiry, side="left") - 1
        on_or_before = np.searchsorted(self.sessions_array, expiry, side="right") - 1
        return self.sessions_array[np.where(am, before, on_or_before)]

    def settlement_session(self, expiry: DayArray, am: NDArray[np.bool_]) -> DayArray:
        """Session whose opening (AM) or close (PM) settles each expiry.

        Where the market closed unscheduled on the expiry, AM settles on the next opening and PM on the last close before
        (Cboe notice C2018120300: VIX weekly of 2018-12-05 on Thursday's SOQ, SPXW on Tuesday's close).
        """
        on_or_after = np.searchsorted(self.sessions_array, expiry, side="left")
        on_or_before = np.searchsorted(self.sessions_array, expiry, side="right") - 1
        return self.sessions_array[np.where(am, on_or_after, on_or_before)]

    def business_on_or_before(self, days: DayArray) -> DayArray:
        """Each day, or the business day before it."""
        return self.business_array[np.searchsorted(self.business_array, days, side="right") - 1]

    def business_before(self, days: DayArray) -> DayArray:
        """The business day strictly before each day."""
        return self.business_array[np.searchsorted(self.business_array, days, side="left") - 1]

    def business_on_or_after(self, days: DayArray) -> DayArray:
        """Each day, or the business day after it."""
        return self.business_array[np.searchsorted(self.business_array, days, side="left")]

    def are_business_days(self, days: DayArray) -> NDArray[np.bool_]:
        """Elementwise :meth:`is_business_day`, unchecked."""
        found: NDArray[np.bool_] = self.business_on_or_before(days) == days
        return found

    def _at(self, index: int, day: int) -> int:
        self._check(day)
        if not 0 <= index < self.sessions_array.size:
            raise _outside(day)
        return int(self.sessions_array[index])

    def _check(self, day: int) -> None:
        if not FIRST_DAY <= day <= LAST_DAY:
            raise _outside(day)

    def _require_session(self, day: int) -> None:
        if not self.is_session(day):
            raise UsageError(f"{iso(day)} is no session", allowed="days on which the market opens", todo="take another day")

    @staticmethod
    def _instant(day: int, minute: int) -> datetime:
        return datetime.combine(to_date(day), clock_time(minute // 60, minute % 60), tzinfo=NEW_YORK)


def _outside(day: int) -> UsageError:
    return UsageError(
        f"{iso(day)} lies outside the calendar",
        allowed=f"days from {iso(FIRST_DAY)} to {iso(LAST_DAY)}",
        todo="choose a date in that range",
    )


@lru_cache(maxsize=1)
def trading_calendar() -> TradingCalendar:
    """The calendar, built once a process from exchange_calendars' XNYS (about 0.1 s beyond that import)."""
    import exchange_calendars

    xnys = exchange_calendars.get_calendar("XNYS", start=to_date(FIRST_DAY).isoformat(), end=to_date(LAST_DAY).isoformat())
    sessions = xnys.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)
    closes = xnys.closes[xnys.early_closes].dt.tz_convert(NEW_YORK)
    early = {
        to_day(stamp.date()): stamp.hour * 60 + stamp.minute
        for stamp in closes
        if stamp.hour * 60 + stamp.minute < REGULAR_EXPIRING_CLOSE_MINUTE
    }
    return TradingCalendar(sessions, early)
