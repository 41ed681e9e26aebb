"""Expiries by rule and by listing: every date on which an SPX, SPXW, VIX, VIXW or VX series expires, and when it is listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alvh.core.calendar import TradingCalendar, trading_calendar
from alvh.core.contracts import ROOT_CODE, ROOTS, Root
from alvh.core.dated import Dated
from alvh.core.days import DayArray
from alvh.core.listing_rules import DEFAULT_RULES, FridayRule, ListingRules

T = TypeVar("T")
Bools = NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).max
_FIRST_MONTH, _LAST_MONTH = np.datetime64("1990-01"), np.datetime64("2031-10")
"""Months of the expiries that are built; the margins let every rule look 30 days ahead and 12 expiries back."""
VIX_DAYS_BEFORE_SPX = 30
"""VIX expires 30 days before an SPX expiry Friday (Cboe, VIX options product specification)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpiryTable:
    """Expiries in ascending order, one row each; all days are int64 days since 1970-01-01.

    ``root`` is a code into :data:`~alvh.core.contracts.ROOTS`; ``am`` the settlement style; ``monthly`` True for third-Friday
    SPX and SPXW and for monthly VIX and VX. ``listed_from`` is the first session at whose close the series can be traded,
    ``last_trade`` the last; ``settlement_session`` the session whose opening (AM) or close (PM) settles it.
    """

    root: NDArray[np.int8]
    expiry: DayArray
    am: Bools
    monthly: Bools
    listed_from: DayArray
    last_trade: DayArray
    settlement_session: DayArray
    _longest: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        longest = int((self.expiry - self.listed_from).max()) if self.expiry.size else 0
        object.__setattr__(self, "_longest", longest)

    def __len__(self) -> int:
        return int(self.expiry.size)

    def listed(self, session_day: int) -> NDArray[np.int64]:
        """Rows that can be traded at that session's close and expire later (``listed_from <= s <= last_trade``)."""
        low, high = np.searchsorted(self.expiry, (session_day + 1, session_day + self._longest + 1))
        window = slice(int(low), int(high))
        found = (
            (self.listed_from[window] <= session_day)
            & (self.last_trade[window] >= session_day)
            & (self.settlement_session[window] > session_day)
        )
        return np.flatnonzero(found) + int(low)

    def rows(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> ExpiryTable:
        """The table of some rows, in the order given by ``index`` (which must keep expiries ascending)."""
        return ExpiryTable(
            root=self.root[index],
            expiry=self.expiry[index],
            am=self.am[index],
            monthly=self.monthly[index],
            listed_from=self.listed_from[index],
            last_trade=self.last_trade[index],
            settlement_session=self.settlement_session[index],
        )

    def root_of(self, row: int) -> Root:
        """The root of one row."""
        return ROOTS[int(self.root[row])]


def third_fridays(months: NDArray[np.datetime64]) -> DayArray:
    """The third Friday of each month (``datetime64[M]``), holiday or not."""
    first = months.astype("datetime64[D]").astype(np.int64)
    return first + (4 - (first + 3) % 7) % 7 + 14


def spx_monthly_expiry(calendar: TradingCalendar, months: NDArray[np.datetime64]) -> DayArray:
    """SPX expiry of each month: the third Friday, or the business day before."""
    return calendar.business_on_or_before(third_fridays(months))


def vix_expiry_of(calendar: TradingCalendar, wednesdays: DayArray) -> DayArray:
    """VIX expiry of each Wednesday: the business day before it where it or the Friday 30 days later is a holiday."""
    open_both = calendar.are_business_days(wednesdays) & calendar.are_business_days(wednesdays + VIX_DAYS_BEFORE_SPX)
    return np.where(open_both, wednesdays, calendar.business_before(wednesdays))


def vix_monthly_expiry(calendar: TradingCalendar, months: NDArray[np.datetime64]) -> DayArray:
    """VIX expiry of each month, 30 days before the third Friday of the next one."""
    return vix_expiry_of(calendar, third_fridays(months + np.timedelta64(1, "M")) - VIX_DAYS_BEFORE_SPX)


def spx_expiries(start_day: int, end_day: int, rules: ListingRules = DEFAULT_RULES) -> ExpiryTable:
    """SPX and SPXW series that are listed, or expire, on some day from ``start_day`` to ``end_day``."""
    return _between(_all_spx(rules), start_day, end_day)


def vix_expiries(start_day: int, end_day: int, rules: ListingRules = DEFAULT_RULES) -> ExpiryTable:
    """VIX and VIXW series that are listed, or expire, on some day from ``start_day`` to ``end_day``."""
    return _between(_all_vix(rules), start_day, end_day)


def vx_expiries(start_day: int, end_day: int, rules: ListingRules = DEFAULT_RULES) -> ExpiryTable:
    """VX futures, monthly and weekly, that are listed, or expire, on some day from ``start_day`` to ``end_day``."""
    return _between(_all_vx(rules), start_day, end_day)


def _between(table: ExpiryTable, start_day: int, end_day: int) -> ExpiryTable:
    return table.rows((table.expiry >= start_day) & (table.listed_from <= end_day))


@lru_cache(maxsize=8)
def _all_spx(rules: ListingRules) -> ExpiryTable:
    calendar, months = trading_calendar(), np.arange(_FIRST_MONTH, _LAST_MONTH + 1)
    thirds = spx_monthly_expiry(calendar, months)
    parts = [_part(calendar, Root.SPX, thirds, True, _by_count(calendar, thirds, rules.spx_monthlies))]

    def add(expiry: DayArray, listed_from: DayArray, monthly: bool = False) -> None:
        parts.append(_part(calendar, Root.SPXW, expiry, monthly, listed_from))

    add(thirds, _by_count(calendar, thirds, rules.third_friday_pm), monthly=True)
    month_ends = calendar.business_before((months + 1).astype("datetime64[D]").astype(np.int64))
    quarter_ends = month_ends[months.astype(np.int64) % 3 == 2]
    add(month_ends, _by_count(calendar, month_ends, rules.month_ends))
    add(quarter_ends, _by_count(calendar, quarter_ends, rules.quarter_ends))
    weekdays = _weekdays(months)
    fridays = calendar.business_on_or_before(weekdays(4))
    fridays = fridays[~np.isin(fridays, thirds)]
    add(fridays, _by_friday_rule(calendar, fridays, ~np.isin(fridays, month_ends), rules.fridays))
    mondays = calendar.business_on_or_after(weekdays(0))
    add(mondays, _by_lead(calendar, mondays, rules.mondays))
    for weekday, rows in ((1, rules.tuesdays), (2, rules.wednesdays), (3, rules.thursdays)):
        expiry = calendar.business_on_or_before(weekdays(weekday))
        add(expiry, _by_lead(calendar, expiry, rows))
    return _table(calendar, parts)


@lru_cache(maxsize=8)
def _all_vix(rules: ListingRules) -> ExpiryTable:
    calendar, months = trading_calendar(), np.arange(_FIRST_MONTH, _LAST_MONTH + 1)
    monthlies, slots, weekly = _vix_slots(calendar, months)
    weekly_from = _by_count(calendar, slots, rules.vix_wednesdays)
    return _table(
        calendar,
        [
            _part(calendar, Root.VIX, monthlies, True, _by_count(calendar, monthlies, rules.vix_monthlies)),
            _part(calendar, Root.VIXW, slots[weekly], False, weekly_from[weekly]),
        ],
    )


@lru_cache(maxsize=8)
def _all_vx(rules: ListingRules) -> ExpiryTable:
    calendar, months = trading_calendar(), np.arange(_FIRST_MONTH, _LAST_MONTH + 1)
    monthlies, slots, weekly = _vix_slots(calendar, months)
    weeklies = slots[weekly]
    return _table(
        calendar,
        [
            _part(calendar, Root.VX, monthlies, True, _by_count(calendar, monthlies, rules.vx_monthlies)),
            _part(calendar, Root.VX, weeklies, False, _by_count(calendar, weeklies, rules.vx_weeklies, wait=1)),
        ],
    )


def _vix_slots(calendar: TradingCalendar, months: NDArray[np.datetime64]) -> tuple[DayArray, DayArray, Bools]:
    monthlies = vix_monthly_expiry(calendar, months)
    wednesdays = _weekdays(months)(2)
    slots = vix_expiry_of(calendar, wednesdays)
    return monthlies, slots, ~np.isin(slots, monthlies)


def _weekdays(months: NDArray[np.datetime64]) -> Callable[[int], DayArray]:
    first = int(months[0].astype("datetime64[D]").astype(np.int64))
    last = int((months[-1] + 1).astype("datetime64[D]").astype(np.int64))

    def every(weekday: int) -> DayArray:
        return np.arange(first + (weekday - (first + 3)) % 7, last, 7, dtype=np.int64)

    return every


def _first_listed(calendar: TradingCalendar, size: int, rows: tuple[Dated[T], ...], starts: Callable[[T], DayArray]) -> DayArray:
    """Earliest session over the dated rows at which each expiry is listed; a row counts from its day until the next row's."""
    result = np.full(size, _NEVER, dtype=np.int64)
    for index, row in enumerate(rows):
        until = rows[index + 1].since if index + 1 < len(rows) else _NEVER
        first = np.maximum(starts(row.value), row.since)
        first = calendar.sessions_array[np.searchsorted(calendar.sessions_array, first)]
        result = np.minimum(result, np.where(first < until, first, _NEVER))
    return result


def _back(expiry: DayArray, count: int) -> DayArray:
    """The expiry ``count`` rows earlier; before the first row, a day before everything."""
    earlier = np.zeros_like(expiry)
    if count < expiry.size:
        earlier[count:] = expiry[: expiry.size - count]
    return earlier


def _by_count(calendar: TradingCalendar, expiry: DayArray, rows: tuple[Dated[int], ...], wait: int = 0) -> DayArray:
    """Listed while among the next ``count`` expiries after the session, ``wait`` days after the one before went."""
    return _first_listed(calendar, expiry.size, rows, lambda count: _back(expiry, count) + wait)


def _by_lead(calendar: TradingCalendar, expiry: DayArray, rows: tuple[Dated[int], ...]) -> DayArray:
    return _first_listed(calendar, expiry.size, rows, lambda lead_days: expiry - lead_days)


def _by_friday_rule(calendar: TradingCalendar, expiry: DayArray, counted: Bools, rows: tuple[Dated[FridayRule], ...]) -> DayArray:
    def starts(rule: FridayRule) -> DayArray:
        first = expiry - rule.lead_days
        if rule.weeklies is not None:
            by_count = np.full(expiry.size, _NEVER, dtype=np.int64)
            by_count[counted] = _back(expiry[counted], rule.weeklies - 1) - rule.weekday_offset
            first = np.minimum(first, by_count)
        return first

    return _first_listed(calendar, expiry.size, rows, starts)


def _part(calendar: TradingCalendar, root: Root, expiry: DayArray, monthly: bool, listed_from: DayArray) -> NDArray[np.int64]:
    """Columns: expiry, root code, monthly, listed_from; rows that are never listed are dropped."""
    am = np.full(expiry.size, root is not Root.SPXW)
    kept = listed_from <= calendar.last_trade(expiry, am)
    code = np.full(expiry.size, ROOT_CODE[root], dtype=np.int64)
    return np.stack([expiry, code, np.full(expiry.size, monthly, dtype=np.int64), listed_from], axis=1)[kept]


def _table(calendar: TradingCalendar, parts: list[NDArray[np.int64]]) -> ExpiryTable:
    """Sort by expiry and root; of one root's several families on a date keep the earliest listing, monthly if any is."""
    rows = np.concatenate(parts)
    rows = rows[np.lexsort((rows[:, 3], rows[:, 1], rows[:, 0]))]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (rows[1:, 0] != rows[:-1, 0]) | (rows[1:, 1] != rows[:-1, 1])
    starts = np.flatnonzero(new)
    monthly = np.maximum.reduceat(rows[:, 2], starts).astype(np.bool_)
    expiry, root, listed_from = rows[starts, 0], rows[starts, 1], rows[starts, 3]
    am = root != ROOT_CODE[Root.SPXW]
    return ExpiryTable(
        root=root.astype(np.int8),
        expiry=expiry,
        am=am,
        monthly=monthly,
        listed_from=listed_from,
        last_trade=calendar.last_trade(expiry, am),
        settlement_session=calendar.settlement_session(expiry, am),
    )
