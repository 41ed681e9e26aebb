"""Sessions to and since event days, on real weeks of the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.core.days import to_day
from alvh.market.event_days import UNSCHEDULED_FOMC, event_sessions
from alvh.market.history import History
from alvh.market.signals import find_signal

NAN = float("nan")


def days(*texts: str) -> np.ndarray:
    return np.array([to_day(date.fromisoformat(text)) for text in texts], dtype=np.int64)


def market(sessions: list[str], events: list[str], unscheduled: list[str] | None = None, name: str = "fomc") -> History:
    history = make_history(len(sessions), sessions=days(*sessions), with_vx=False)
    return replace(history, events={name: days(*events)}, unscheduled={name: days(*unscheduled)} if unscheduled else {})


def value(history: History, name: str) -> list[float]:
    return find_signal(name).compute(history).tolist()


WEEK = ["2016-03-14", "2016-03-15", "2016-03-16", "2016-03-17", "2016-03-18", "2016-03-21"]


def test_counting_by_hand() -> None:
    history = market(WEEK, ["2016-03-16", "2016-03-29"])
    # 2016-03-25 was Good Friday: from Monday the 21st to Tuesday the 29th there are five sessions, 22, 23, 24, 28 and 29.
    assert value(history, "sessions_to_fomc") == [2.0, 1.0, 0.0, 7.0, 6.0, 5.0]
    np.testing.assert_array_equal(value(history, "sessions_since_fomc"), [NAN, NAN, 0.0, 1.0, 2.0, 3.0])


def test_beyond_the_list_nothing_is_known() -> None:
    history = market(WEEK, ["2016-03-15"])
    np.testing.assert_array_equal(value(history, "sessions_to_fomc"), [1.0, 0.0, NAN, NAN, NAN, NAN])
    assert np.isnan(value(history, "sessions_to_cpi")).all() and np.isnan(value(history, "sessions_since_cpi")).all()


def test_a_day_on_which_the_market_is_closed_is_felt_at_the_next_session() -> None:
    """CPI of March 2020 came out on Good Friday, 2020-04-10."""
    history = market(["2020-04-08", "2020-04-09", "2020-04-13", "2020-04-14"], ["2020-04-10"], name="cpi")
    np.testing.assert_array_equal(value(history, "sessions_to_cpi"), [2.0, 1.0, 0.0, NAN])
    np.testing.assert_array_equal(value(history, "sessions_since_cpi"), [NAN, NAN, 0.0, 1.0])


def test_an_unscheduled_day_counts_from_its_own_close_on() -> None:
    """The cut of Tuesday 2020-03-03 was not known on Monday; the meeting of 2020-04-29 was."""
    sessions = ["2020-02-28", "2020-03-02", "2020-03-03", "2020-03-04"]
    events = ["2020-01-29", "2020-03-03", "2020-04-29"]
    known = market(sessions, events)
    surprise = market(sessions, events, ["2020-03-03"])
    assert value(known, "sessions_to_fomc")[:3] == [2.0, 1.0, 0.0]
    to = value(surprise, "sessions_to_fomc")
    assert to[2] == 0.0 and to[1] - to[3] == 2.0 and to[0] - to[1] == 1.0 and to[3] == 39.0
    assert value(surprise, "sessions_since_fomc")[1:] == [22.0, 0.0, 1.0]


def test_the_sunday_move_of_march_2020_is_in_the_list_of_unscheduled_days() -> None:
    assert to_day(date(2020, 3, 15)) in UNSCHEDULED_FOMC and to_day(date(2020, 1, 29)) not in UNSCHEDULED_FOMC
    assert event_sessions(days("2020-03-15")).tolist() == event_sessions(days("2020-03-16")).tolist()


@pytest.mark.parametrize("text", ["1985-01-02", "2040-01-03"])
def test_days_outside_the_calendar_are_left_out(text: str) -> None:
    assert event_sessions(days(text)).size == 0
    assert value(market(WEEK, sorted(["2016-03-16", text])), "sessions_to_fomc")[0] == 2.0
