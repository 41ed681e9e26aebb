"""Entry days and roll grids, against the calendar by hand and against a brute-force walk over every date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh.core.days import DayArray, to_date, to_day, weekday
from alvh.core.errors import ConfigError
from alvh.strategy.policy import EntrySchedule
from alvh.strategy.schedule import entry_days, grid_days, is_condor_day, roll_due_days, roll_due_sessions

ANCHOR = to_day(date(2007, 1, 3))
WEDNESDAYS = EntrySchedule()


def business_days(first: date, last: date, holidays: frozenset[date] = frozenset()) -> DayArray:
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return np.array([to_day(day) for day in every if day.weekday() < 5 and day not in holidays], dtype=np.int64)


def chosen(sessions: DayArray, mask: np.ndarray) -> list[str]:
    return [to_date(day).isoformat() for day in sessions[mask]]


def test_anchor_is_a_wednesday() -> None:
    assert weekday(ANCHOR) == 2


def test_a_holiday_wednesday_moves_to_the_next_session() -> None:
    # Juneteenth and Christmas of 2024 and New Year's Day of 2025 fell on Wednesdays; Independence Day of 2024 on a Thursday.
    holidays = frozenset({date(2024, 6, 19), date(2024, 7, 4), date(2024, 12, 25), date(2025, 1, 1)})
    sessions = business_days(date(2024, 6, 10), date(2025, 1, 10), holidays)
    days = chosen(sessions, entry_days(WEDNESDAYS, sessions))
    assert "2024-06-20" in days and "2024-06-19" not in days
    assert "2024-12-26" in days and "2025-01-02" in days
    assert "2024-07-03" in days and "2024-07-05" not in days
    assert len(days) == len(set(days)) == 31


def test_two_closed_days_in_a_row_move_it_further() -> None:
    closed = frozenset({date(2024, 6, 19), date(2024, 6, 20)})
    sessions = business_days(date(2024, 6, 17), date(2024, 6, 26), closed)
    assert chosen(sessions, entry_days(WEDNESDAYS, sessions)) == ["2024-06-21", "2024-06-26"]


def test_first_session_counts_for_itself_unless_the_one_before_is_given() -> None:
    thursday = to_day(date(2024, 6, 20))
    sessions = np.array([thursday, thursday + 1], dtype=np.int64)
    assert entry_days(WEDNESDAYS, sessions).tolist() == [False, False]
    assert entry_days(WEDNESDAYS, sessions, previous_session=thursday - 2).tolist() == [True, False]
    assert is_condor_day(WEDNESDAYS, thursday, thursday - 2)
    assert not is_condor_day(WEDNESDAYS, thursday, thursday - 1)
    assert not is_condor_day(WEDNESDAYS, thursday, None)


def test_monthly_is_the_first_such_weekday() -> None:
    sessions = business_days(date(2024, 1, 1), date(2024, 5, 31), frozenset({date(2024, 5, 1)}))
    entry = EntrySchedule(kind="monthly", weekday=2)
    assert chosen(sessions, entry_days(entry, sessions)) == ["2024-01-03", "2024-02-07", "2024-03-06", "2024-04-03", "2024-05-02"]
    assert np.array_equal(grid_days(entry, sessions), entry_days(WEDNESDAYS, sessions))


def test_daily_is_every_session_and_nothing_of_nothing() -> None:
    sessions = business_days(date(2024, 1, 1), date(2024, 1, 31))
    assert entry_days(EntrySchedule(kind="daily"), sessions).all()
    for kind in ("weekly", "monthly", "daily"):
        assert entry_days(EntrySchedule(kind=kind), sessions[:0]).shape == (0,)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="no weekday"):
        entry_days(EntrySchedule(weekday=7), np.array([1], dtype=np.int64))
    with pytest.raises(ConfigError, match="do not ascend"):
        entry_days(WEDNESDAYS, np.array([2, 2], dtype=np.int64))
    with pytest.raises(ConfigError, match="every 0 days"):
        roll_due_days(0, ANCHOR, np.array([1], dtype=np.int64), 0, 2)


def test_the_default_grids_from_the_anchor() -> None:
    sessions = business_days(date(2007, 1, 2), date(2007, 6, 30))
    wednesdays = sessions[entry_days(WEDNESDAYS, sessions)]

    def due(days: int) -> list[str]:
        return chosen(wednesdays, roll_due_days(days, ANCHOR, wednesdays, int(sessions[0]), int(sessions[-1])))

    assert due(7) == [to_date(day).isoformat() for day in wednesdays]
    assert due(21)[:4] == ["2007-01-03", "2007-01-24", "2007-02-14", "2007-03-07"]
    # 45 days from a Wednesday is a Saturday, then a Tuesday, then a Friday: each waits for the next Wednesday.
    assert due(45) == ["2007-01-03", "2007-02-21", "2007-04-04", "2007-05-23"]


def test_the_grid_is_the_same_before_the_anchor_and_whatever_the_first_day() -> None:
    sessions = business_days(date(1993, 1, 1), date(2012, 12, 31))
    mask = entry_days(WEDNESDAYS, sessions)
    whole = roll_due_sessions(45, ANCHOR, sessions, mask)
    assert whole[sessions == ANCHOR - 7 * 45].all()
    for start in (1000, 1001, 1002, 1003, 1004, 3000):
        part = roll_due_sessions(45, ANCHOR, sessions[start:], mask[start:])
        # Only a nominal date in the gap between the cut and its first condor day can differ.
        assert np.array_equal(part[5:], whole[start:][5:])


def brute_entry(kind: str, wanted: int, day: int, previous: int) -> bool:
    """Walk over every date after the previous session, up to this one."""
    for each in range(previous + 1, day + 1):
        when = to_date(each)
        if kind == "daily" or (when.weekday() == wanted and (kind == "weekly" or when.day <= 7)):
            return True
    return kind == "daily"


@given(
    start=st.integers(to_day(date(1990, 1, 1)), to_day(date(2030, 1, 1))),
    steps=st.lists(st.integers(1, 40), min_size=1, max_size=60),
    kind=st.sampled_from(["weekly", "monthly", "daily"]),
    wanted=st.integers(0, 6),
)
def test_entry_days_match_a_walk(start: int, steps: list[int], kind: Literal["weekly", "monthly", "daily"], wanted: int) -> None:
    sessions = start + np.cumsum(np.array(steps, dtype=np.int64))
    entry = EntrySchedule(kind=kind, weekday=wanted)
    fast = entry_days(entry, sessions, previous_session=start)
    previous = [start, *sessions[:-1].tolist()]
    assert fast.tolist() == [
        brute_entry(kind, wanted, day, before) for day, before in zip(sessions.tolist(), previous, strict=True)
    ]


@given(
    days=st.integers(1, 90),
    anchor=st.integers(0, 20_000),
    first=st.integers(0, 20_000),
    steps=st.lists(st.integers(1, 30), min_size=1, max_size=40),
)
def test_roll_days_match_a_walk(days: int, anchor: int, first: int, steps: list[int]) -> None:
    condor_days = first + np.cumsum(np.array(steps, dtype=np.int64)) - 1
    last = int(condor_days[-1])
    wanted = set()
    for day in range(first, last + 1):
        if (day - anchor) % days == 0:
            wanted.add(next(each for each in condor_days.tolist() if each >= day))
    due = roll_due_days(days, anchor, condor_days, first, last)
    assert set(condor_days[due].tolist()) == wanted
