"""Dates that exchanges published: VIX expiries, settlement sessions of 5 December 2018, first listings, early closes.

Sources: Cboe VIX options specification and expiration calendars; Cboe notice C2018120300; Cboe and CFE press releases named in
``listing_rules.py``; NYSE holidays and early closings.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from alvh.core.calendar import trading_calendar
from alvh.core.days import iso, to_date, to_day, weekday
from alvh.core.expiries import ExpiryTable, spx_expiries, vix_expiries, vx_expiries
from alvh.core.listing import calendar_rows

FIRST, LAST = to_day(date(2006, 1, 1)), to_day(date(2030, 12, 31))

NOT_WEDNESDAY = [
    "2008-02-19",
    "2014-03-18",
    "2019-03-19",
    "2022-03-15",
    "2024-06-18",
    "2025-03-18",
    "2026-05-19",
    "2027-05-18",
    "2030-03-19",
    "2030-06-18",
]
PUBLISHED_MONTHLIES = [
    "2014-03-18",
    "2018-12-19",
    "2019-03-19",
    "2019-04-17",
    "2019-11-20",
    "2020-03-18",
    "2022-03-15",
    "2024-06-18",
]


def _day(text: str) -> int:
    return to_day(date.fromisoformat(text))


def _row(table: ExpiryTable, root: str, expiry: str) -> int:
    found = [i for i in np.flatnonzero(table.expiry == _day(expiry)) if table.root_of(int(i)).value == root]
    assert len(found) == 1, f"{root} {expiry}: {len(found)} rows"
    return int(found[0])


@pytest.mark.parametrize("expiry", PUBLISHED_MONTHLIES)
def test_vix_monthly_is_published_date(expiry: str) -> None:
    table = vix_expiries(FIRST, LAST)
    row = _row(table, "VIX", expiry)
    assert iso(table.last_trade[row]) == (date.fromisoformat(expiry) - timedelta(days=1)).isoformat()
    assert table.am[row] and table.settlement_session[row] == table.expiry[row]


@pytest.mark.parametrize("build", [vix_expiries, vx_expiries])
def test_exactly_ten_monthlies_are_not_on_wednesday(build: object) -> None:
    table = build(FIRST, LAST)
    inside = table.monthly & (table.expiry >= _day("2006-02-24")) & (table.expiry <= LAST)
    assert [iso(day) for day in table.expiry[inside] if weekday(day) != 2] == NOT_WEDNESDAY


@pytest.mark.parametrize("tuesday", ["2019-12-24", "2019-12-31", "2023-03-07"])
def test_weekly_before_a_holiday_moves_to_tuesday(tuesday: str) -> None:
    for table, root in ((vix_expiries(FIRST, LAST), "VIXW"), (vx_expiries(FIRST, LAST), "VX")):
        _row(table, root, tuesday)
        assert not np.any(table.expiry == _day(tuesday) + 1)


def test_mourning_of_5_december_2018() -> None:
    weekly = vix_expiries(FIRST, LAST)
    row = _row(weekly, "VIXW", "2018-12-05")
    assert (iso(weekly.last_trade[row]), iso(weekly.settlement_session[row])) == ("2018-12-04", "2018-12-06")
    spxw = spx_expiries(FIRST, LAST)
    row = _row(spxw, "SPXW", "2018-12-05")
    assert (iso(spxw.last_trade[row]), iso(spxw.settlement_session[row])) == ("2018-12-04", "2018-12-04")
    assert row in spxw.listed(_day("2018-12-03")) and row not in spxw.listed(_day("2018-12-04"))


@pytest.mark.parametrize(
    ("root", "first_session", "expiry"),
    [
        ("VIXW", "2015-10-08", "2015-10-14"),
        ("SPXW", "2016-02-23", "2016-03-02"),
        ("SPXW", "2016-02-23", "2016-03-09"),
        ("SPXW", "2016-08-15", "2016-08-22"),
        ("SPXW", "2022-04-18", "2022-04-26"),
        ("SPXW", "2022-05-11", "2022-05-19"),
        ("SPXW", "2014-07-07", "2014-07-31"),
        ("VX", "2015-07-23", "2015-08-05"),
        ("VX", "2015-07-23", "2015-08-12"),
    ],
)
def test_first_listings(root: str, first_session: str, expiry: str) -> None:
    table = {"VIXW": vix_expiries, "SPXW": spx_expiries, "VX": vx_expiries}[root](FIRST, LAST)
    assert iso(table.listed_from[_row(table, root, expiry)]) == first_session


def test_good_friday_moves_third_friday_expiries_to_thursday() -> None:
    table = spx_expiries(FIRST, LAST)
    for thursday in ("2008-03-20", "2014-04-17", "2019-04-18", "2022-04-14", "2025-04-17"):
        row = _row(table, "SPX", thursday)
        assert table.monthly[row] and to_date(int(table.last_trade[row])).weekday() == 2


@pytest.mark.parametrize(
    ("day", "clock", "expiring"),
    [
        ("2017-07-03", "13:15", "13:00"),
        ("2018-12-24", "13:15", "13:00"),
        ("2019-07-03", "13:15", "13:00"),
        ("2024-12-24", "13:15", "13:00"),
        ("2025-07-03", "13:15", "13:00"),
        ("2020-03-16", "16:15", "16:00"),
    ],
)
def test_closing_times(day: str, clock: str, expiring: str) -> None:
    calendar = trading_calendar()
    assert f"{calendar.close_time(_day(day)):%H:%M}" == clock
    assert f"{calendar.expiring_close_time(_day(day)):%H:%M}" == expiring
    assert calendar.is_early_close(_day(day)) is (clock == "13:15")
    assert calendar.close_time(_day(day)).utcoffset() is not None


@pytest.mark.parametrize(
    "day",
    [
        "2001-09-11",
        "2001-09-14",
        "2004-06-11",
        "2007-01-02",
        "2012-10-29",
        "2012-10-30",
        "2018-12-05",
        "2025-01-09",
        "2022-06-20",
        "2021-12-24",
    ],
)
def test_closed_days(day: str) -> None:
    assert not trading_calendar().is_session(_day(day))


def test_calendar_rows_of_a_third_friday_holds_am_and_pm() -> None:
    rows = calendar_rows(date(2022, 3, 15), date(2022, 3, 18))
    assert {"root": "VIX", "expiry": "2022-03-15", "last_trade_session": "2022-03-14", "settlement": "AM"} in rows
    friday = {row["root"]: row for row in rows if row["expiry"] == "2022-03-18"}
    assert friday["SPX"] == {"root": "SPX", "expiry": "2022-03-18", "last_trade_session": "2022-03-17", "settlement": "AM"}
    assert friday["SPXW"] == {"root": "SPXW", "expiry": "2022-03-18", "last_trade_session": "2022-03-18", "settlement": "PM"}
    assert rows == sorted(rows, key=lambda row: row["expiry"])
