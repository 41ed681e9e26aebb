"""Of what moment a file of Cboe's delayed quotes is, by its own two clocks.

``timestamp`` is when the exchange's server wrote the file, in UTC without saying so; ``last_trade_time`` is when the index last
moved, Eastern. Each is held against the other: a server that writes old quotes under a new stamp, or a copy whose stamp was
turned into Eastern time, is found and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from alvh.core.calendar import FIRST_DAY, LAST_DAY, NEW_YORK, trading_calendar
from alvh.core.days import Day, iso, to_day
from alvh.core.errors import DataInvalid

DELAY: Final = timedelta(minutes=15)
"""Quotes are fifteen minutes older than the stamp: in files of 2024 and 2026 the index moved last 15 minutes before it."""
CLOCK_SLACK: Final = timedelta(minutes=2)
"""Two clocks may differ by so much without being in contradiction."""
CENTURIES: Final = (1900, 2100)
"""Years outside are no date of a file, and may leave the range of the calendar's arithmetic."""
OPEN_MINUTE: Final = 570
"""09:30: quotes before it are not of the day's own session."""
OVERNIGHT_FROM, OVERNIGHT_TO = 20 * 60 + 15, 9 * 60 + 25
"""SPX and VIX options trade from 20:15 to 09:25 Eastern before each session (Cboe, Global Trading Hours, since 2021-11-21)."""
ALLOWED: Final = '"timestamp": "2026-05-20 23:02:44" (UTC), and in "data" "last_trade_time": "2026-05-20T16:15:00" (Eastern)'


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """``session`` of the quotes, ``minute`` Eastern from its midnight (1440 and more on a later day), ``notes`` what to know."""

    session: Day
    minute: int
    notes: tuple[str, ...]


def moment_of(timestamp: object, last_trade: object, *, label: str) -> Moment:
    """The moment of the quotes.

    Quotes after a close are that session's; quotes of a day without a session, or of a morning before 09:30, are those of the
    session before. Where the index moved last in an earlier session than the stamp's, the quotes are of that earlier one.
    Raises :class:`DataInvalid` where neither clock can be read, or the day lies outside the calendar.
    """
    stamp, moved = _read(timestamp), _read(last_trade)
    if moved is not None:
        moved = moved.replace(tzinfo=NEW_YORK) if moved.tzinfo is None else moved.astimezone(NEW_YORK)
    notes: list[str] = []
    if stamp is not None:
        at = _quotes_at(stamp, moved, notes)
    elif moved is not None:
        notes.append("no timestamp with a date: the time of the index's last move was taken")
        at = moved
    else:
        raise DataInvalid(
            f"neither timestamp {timestamp!r} nor last_trade_time {last_trade!r} names a moment",
            where=label,
            allowed=ALLOWED,
            todo="download the file again",
        )
    session, minute = _session_at(at, label)
    if moved is not None and moved < at - DELAY and _session_at(moved, label)[0] < session:
        notes.append(
            f"by the timestamp the quotes are of {at:%Y-%m-%d %H:%M} Eastern, but the index moved last at "
            f"{moved:%Y-%m-%d %H:%M}: they are taken to be as old"
        )
        at = moved
        session, minute = _session_at(at, label)
    if _overnight(at):
        notes.append(f"quotes of {at:%H:%M} Eastern, of the overnight session: they may have moved since the close")
    return Moment(session=session, minute=minute, notes=tuple(notes))


def _quotes_at(stamp: datetime, moved: datetime | None, notes: list[str]) -> datetime:
    """Eastern instant of the quotes of a stamped file."""
    written = (stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp).astimezone(NEW_YORK)
    if moved is None:
        notes.append("no last_trade_time of the index: the timestamp was taken alone")
        return written - DELAY
    if moved <= written + CLOCK_SLACK:
        return max(written - DELAY, moved)
    local = stamp.replace(tzinfo=NEW_YORK)
    if stamp.tzinfo is None and moved <= local + CLOCK_SLACK:
        notes.append("the timestamp lies before the index's last move as UTC, and after it as Eastern time: taken as Eastern")
        return max(local - DELAY, moved)
    notes.append("the timestamp lies before the index's last move: the time of that move was taken")
    return moved


def _read(value: object) -> datetime | None:
    """A date and a clock, with or without a zone; None for anything else (a clock alone names no day)."""
    if not isinstance(value, str) or len(value.strip()) < len("2026-05-20T16:15"):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return found if CENTURIES[0] <= found.year <= CENTURIES[1] else None


def _session_at(at: datetime, label: str) -> tuple[Day, int]:
    day, minute = to_day(at.date()), 60 * at.hour + at.minute
    if not FIRST_DAY < day < LAST_DAY:
        raise DataInvalid(
            f"the quotes are of {iso(day)}",
            where=label,
            allowed=f"a day from {iso(FIRST_DAY)} to {iso(LAST_DAY)}",
            todo="download the file again",
        )
    calendar = trading_calendar()
    if calendar.is_session(day) and minute >= OPEN_MINUTE:
        return day, minute
    session = calendar.previous_session(day)
    return session, 1440 * (day - session) + minute


def _overnight(at: datetime) -> bool:
    calendar = trading_calendar()
    day, minute = to_day(at.date()), 60 * at.hour + at.minute
    return (minute >= OVERNIGHT_FROM and calendar.is_session(day + 1)) or (minute < OVERNIGHT_TO and calendar.is_session(day))
