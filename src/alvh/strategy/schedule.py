"""Schedules: is it a day for this? Pure functions of dates; the same on every path, with no state and no market data.

Days are ints since 1970-01-01. A *nominal* day is what the calendar names ("every Wednesday"); the day on which something
is done is the first session on or after it, so a holiday moves it to the next session.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, to_date, to_day
from alvh.core.errors import ConfigError
from alvh.strategy.policy import EntrySchedule

Bools = NDArray[np.bool_]

_MONDAY_SHIFT = 3
"""1970-01-01 was a Thursday: ``(day + 3) % 7`` counts from Monday."""


def _latest_weekday(days: DayArray, weekday: int) -> DayArray:
    """Each day's latest such weekday on or before it."""
    return days - (days + _MONDAY_SHIFT - weekday) % 7


def _latest_monthly(days: DayArray, weekday: int) -> DayArray:
    """Each day's latest "first such weekday of a month" on or before it."""
    result = np.empty(days.shape, dtype=np.int64)
    for position, day in enumerate(days):
        first = to_date(day).replace(day=1)
        nominal = _first_weekday(to_day(first), weekday)
        if nominal > day:
            previous = to_date(to_day(first) - 1).replace(day=1)
            nominal = _first_weekday(to_day(previous), weekday)
        result[position] = nominal
    return result


def _first_weekday(first_of_month: int, weekday: int) -> int:
    return first_of_month + (weekday - first_of_month - _MONDAY_SHIFT) % 7


def entry_days(entry: EntrySchedule, sessions: DayArray, *, previous_session: int | None = None) -> Bools:
    """Sessions (n,) ascending -> (n,) True where a condor may be opened (method section G, "day").

    A session is chosen if a nominal day lies after the previous session and not after itself: the nominal day, or the next
    session after a holiday. ``previous_session`` is the session before ``sessions[0]``; where it is ``None`` only the first
    session's own date counts. Raises ``ConfigError`` for a weekday outside 0-6 or sessions that do not ascend.
    """
    if not 0 <= entry.weekday <= 6:
        raise ConfigError(
            f"weekday {entry.weekday} is no weekday", where="condor.entry.weekday", allowed="0 (Monday) to 6 (Sunday)"
        )
    days = np.asarray(sessions, dtype=np.int64)
    if days.size and bool(np.any(np.diff(days) <= 0)):
        raise ConfigError("sessions do not ascend", where="schedule", allowed="each session once, in order of date")
    if entry.kind == "daily":
        return np.ones(days.shape, dtype=np.bool_)
    if not days.size:
        return np.zeros(0, dtype=np.bool_)
    before = np.empty_like(days)
    before[1:] = days[:-1]
    before[0] = days[0] - 1 if previous_session is None else previous_session
    latest = _latest_weekday(days, entry.weekday) if entry.kind == "weekly" else _latest_monthly(days, entry.weekday)
    return np.asarray(latest > before, dtype=np.bool_)


def is_condor_day(entry: EntrySchedule, session: int, previous_session: int | None) -> bool:
    """Whether ``session`` is an entry day, given the session before it (``None``: only its own date counts)."""
    return bool(entry_days(entry, np.array([session], dtype=np.int64), previous_session=previous_session)[0])


def grid_days(entry: EntrySchedule, sessions: DayArray, *, previous_session: int | None = None) -> Bools:
    """Sessions (n,) -> (n,) True on the weekly grid of the entry's weekday, whatever the entry's own frequency.

    The book's day (section G) is weekly; a monthly or daily *entry* changes how often condors are opened, not the days on
    which hedge layers roll. For a weekly entry this equals :func:`entry_days`.
    """
    return entry_days(replace(entry, kind="weekly"), sessions, previous_session=previous_session)


def roll_due_days(days: int, anchor_day: int, condor_days: DayArray, first: int, last: int) -> Bools:
    """Condor days (m,) ascending -> (m,) True where a roll falls due.

    Nominal dates are ``anchor_day + k * days`` for every integer k (before the anchor too) with ``first <= nominal <= last``;
    each falls on the first condor day on or after it; two that fall on one day are one roll. A nominal date after the last
    condor day falls nowhere. Raises ``ConfigError`` for ``days`` below 1. Source: R10 and section G, "rolls".
    """
    if days < 1:
        raise ConfigError(f"a roll every {days} days is not possible", where="roll.days", allowed="1 or more calendar days")
    targets = np.asarray(condor_days, dtype=np.int64)
    due = np.zeros(targets.shape, dtype=np.bool_)
    start = anchor_day + -((anchor_day - first) // days) * days  # the first nominal date on or after ``first``
    nominal = np.arange(start, last + 1, days, dtype=np.int64)
    landed = np.searchsorted(targets, nominal, side="left")
    due[landed[landed < targets.size]] = True
    return due


def roll_due_sessions(days: int, anchor_day: int, sessions: DayArray, condor_day: Bools) -> Bools:
    """Sessions (n,) and which of them are condor days (n,) -> (n,) True where a roll falls due (see :func:`roll_due_days`)."""
    due = np.zeros(len(sessions), dtype=np.bool_)
    if len(sessions):
        due[condor_day] = roll_due_days(days, anchor_day, sessions[condor_day], int(sessions[0]), int(sessions[-1]))
    return due
