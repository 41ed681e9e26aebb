"""Calendar and expiry tables against brute force over single dates, and their errors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh.core.calendar import UNSCHEDULED_CLOSURES, trading_calendar
from alvh.core.contracts import ROOTS, Root
from alvh.core.dated import Dated
from alvh.core.days import iso, to_date, to_day
from alvh.core.errors import UsageError
from alvh.core.expiries import ExpiryTable, spx_expiries, vix_expiries, vx_expiries
from alvh.core.listing import calendar_rows
from alvh.core.listing_rules import DEFAULT_RULES, ListingRules

FIRST, LAST = to_day(date(2006, 1, 1)), to_day(date(2030, 12, 31))
TABLES = {"spx": spx_expiries, "vix": vix_expiries, "vx": vx_expiries}


def _easter(year: int) -> date:
    """Gregorian Easter by the anonymous algorithm (Meeus, Astronomical Algorithms)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    length = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * length) // 433
    month = (h + length - 7 * m + 90) // 25
    return date(year, month, (h + length - 7 * m + 33 * month + 19) % 32)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _holidays(year: int) -> set[date]:
    """New York holidays from the exchange's rules, 2006-2031, written out here apart from any calendar package."""

    def observed(day: date, saturday_counts: bool = True) -> date | None:
        if day.weekday() == 5:
            return day - timedelta(days=1) if saturday_counts else None
        return day + timedelta(days=1) if day.weekday() == 6 else day

    last_monday = date(year, 5, 31)
    found = {
        observed(date(year, 1, 1), saturday_counts=False),
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        _easter(year) - timedelta(days=2),
        last_monday - timedelta(days=last_monday.weekday()),
        observed(date(year, 7, 4)),
        _nth(year, 9, 0, 1),
        _nth(year, 11, 3, 4),
        observed(date(year, 12, 25)),
    }
    if year >= 2022:
        found.add(observed(date(year, 6, 19)))
    return {day for day in found if day is not None}


def _is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _holidays(day.year)


def _before(day: date) -> date:
    day -= timedelta(days=1)
    while not _is_business_day(day):
        day -= timedelta(days=1)
    return day


def _vix_expiry(wednesday: date) -> date:
    moved = not _is_business_day(wednesday) or not _is_business_day(wednesday + timedelta(days=30))
    return _before(wednesday) if moved else wednesday


def test_sessions_are_the_weekdays_less_holidays_and_closures() -> None:
    closed = {day for day, _ in UNSCHEDULED_CLOSURES}
    expected = [to_date(day) for day in range(FIRST, LAST + 1)]
    expected = [day for day in expected if _is_business_day(day) and day not in closed]
    assert [to_date(day) for day in trading_calendar().sessions(FIRST, LAST)] == expected


def test_vix_expiries_by_brute_force_from_holiday_rules() -> None:
    monthlies = {
        _vix_expiry(_nth(y + m // 12, m % 12 + 1, 4, 3) - timedelta(days=30)) for y in range(2006, 2031) for m in range(1, 13)
    }
    every = {_vix_expiry(date(2006, 1, 4) + timedelta(weeks=week)) for week in range(25 * 52 + 10)}
    table = vix_expiries(FIRST, LAST)
    inside = (table.expiry >= to_day(date(2006, 3, 1))) & (table.expiry <= LAST)
    assert {to_date(d) for d in table.expiry[inside & table.monthly]} == {d for d in monthlies if d >= date(2006, 3, 1)}
    since = to_day(date(2015, 10, 14))
    ours = {to_date(d) for d in table.expiry[inside & (table.expiry >= since)]}
    assert ours == {d for d in every if date(2015, 10, 14) <= d <= date(2030, 12, 31)}


def test_spx_third_fridays_by_brute_force() -> None:
    table = spx_expiries(FIRST, LAST)
    ours = {
        to_date(d) for d in table.expiry[(table.root == ROOTS.index(Root.SPX)) & (table.expiry <= LAST) & (table.expiry >= FIRST)]
    }
    thirds = {_nth(year, month, 4, 3) for year in range(2006, 2031) for month in range(1, 13)}
    assert ours == {day if _is_business_day(day) else _before(day) for day in thirds}


@pytest.mark.parametrize("name", TABLES)
def test_table_is_sorted_unique_and_consistent(name: str) -> None:
    table = TABLES[name](FIRST, LAST)
    keys = list(zip(table.expiry.tolist(), table.root.tolist(), strict=True))
    assert keys == sorted(set(keys))
    sessions = trading_calendar().sessions_array
    for column in (table.listed_from, table.last_trade, table.settlement_session):
        assert column.dtype == np.int64 and np.isin(column, sessions).all()
    assert (table.listed_from <= table.last_trade).all()
    assert (table.last_trade[table.am] < table.expiry[table.am]).all()
    assert (table.settlement_session[table.am] >= table.expiry[table.am]).all()
    pm = ~table.am
    assert (table.last_trade[pm] == table.settlement_session[pm]).all() and (table.last_trade[pm] <= table.expiry[pm]).all()


def _listed_slowly(table: ExpiryTable, day: int) -> list[int]:
    return [
        i
        for i in range(len(table))
        if table.listed_from[i] <= day <= table.last_trade[i] and table.expiry[i] > day and table.settlement_session[i] > day
    ]


@given(day=st.integers(FIRST, LAST), name=st.sampled_from(sorted(TABLES)))
def test_listed_equals_brute_force(day: int, name: str) -> None:
    table = TABLES[name](day - 10, day + 10)
    assert table.listed(day).tolist() == _listed_slowly(table, day)
    whole = TABLES[name](FIRST, LAST)
    assert [iso(d) for d in whole.expiry[whole.listed(day)]] == [iso(d) for d in table.expiry[table.listed(day)]]


def test_counts_of_vix_expiries() -> None:
    table = vix_expiries(FIRST, LAST)
    for day in trading_calendar().sessions(to_day(date(2007, 1, 3)), to_day(date(2026, 7, 22))):
        listed = table.listed(int(day))
        assert int(table.monthly[listed].sum()) == (6 if day < to_day(date(2021, 1, 1)) else 8)
        if day >= to_day(date(2015, 10, 8)):
            assert set(range(5)) == {int(d - table.expiry[listed[0]] + 3) // 7 for d in table.expiry[listed[:5]]}


def test_every_wednesday_has_an_spx_expiry_30_to_60_days_off() -> None:
    """Third Fridays alone, all there is before 2011, leave a gap on other weekdays only."""
    table = spx_expiries(FIRST, LAST)
    for day in range(to_day(date(2007, 1, 3)), to_day(date(2026, 7, 22)) + 1, 7):
        dte = table.expiry[table.listed(day)] - day
        assert np.any((dte >= 30) & (dte <= 60)), iso(day)


def test_rules_are_parameters() -> None:
    rules = ListingRules(vix_wednesdays=(Dated(since=to_day(date(2020, 1, 2)), value=2, source="test", mark="assumed"),))
    table = vix_expiries(FIRST, LAST, rules)
    assert not np.any(~table.monthly & (table.expiry < to_day(date(2020, 1, 8))))
    listed = table.listed(to_day(date(2020, 6, 4)))
    assert int((~table.monthly[listed]).sum()) == 1  # 10 June; 17 June is the monthly
    assert rules != DEFAULT_RULES


def test_neighbouring_sessions() -> None:
    calendar = trading_calendar()
    friday, saturday, monday = (to_day(date(2020, 2, day)) for day in (14, 15, 18))
    assert calendar.session_on_or_before(saturday) == friday == calendar.previous_session(monday)
    assert calendar.session_on_or_after(saturday) == monday == calendar.next_session(friday)
    assert calendar.session_on_or_before(friday) == friday == calendar.session_on_or_after(friday)
    assert calendar.is_business_day(to_day(date(2018, 12, 5))) and not calendar.is_session(to_day(date(2018, 12, 5)))
    with pytest.raises(UsageError, match="1989-12-31"):
        calendar.is_session(to_day(date(1989, 12, 31)))
    with pytest.raises(UsageError, match="no session"):
        calendar.close_time(saturday)


def test_listed_on_limits_the_rows_and_refuses_holidays() -> None:
    span = (date(2019, 8, 30), date(2019, 10, 31))
    rows = [row for row in calendar_rows(*span, date(2019, 8, 29)) if row["root"] in ("VIX", "VIXW")]
    expected = ["2019-09-04", "2019-09-11", "2019-09-18", "2019-09-25", "2019-10-02", "2019-10-16"]
    assert [row["expiry"] for row in rows] == expected
    assert len(calendar_rows(*span)) > len(calendar_rows(*span, date(2019, 8, 29)))
    with pytest.raises(UsageError, match="2019-08-30 or 2019-09-03"):
        calendar_rows(*span, date(2019, 9, 2))
    with pytest.raises(UsageError, match="before"):
        calendar_rows(span[1], span[0])
    with pytest.raises(UsageError, match="2006-01-01"):
        calendar_rows(date(2005, 12, 31), date(2006, 2, 1))
