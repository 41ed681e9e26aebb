"""The bill rate, Treasury yields and the dividend yield as they were known at each session's close."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from alvh.core.days import Day, DayArray, to_date, to_day
from alvh.core.errors import DataMissing
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable
from alvh.market.history import Bools, Floats

STALE_DAYS: Final = 5
"""A daily rate dated at most this many days before the session counts as current: a bond holiday next to a weekend is 4 days."""
BILL_SERIES: Final[dict[str, int]] = {"DTB3": STALE_DAYS, "DGS3MO": STALE_DAYS, "DFF": STALE_DAYS, "RF": 31}
"""Bill rates in the order of preference and the days for which a value is current: FRED's 3-month bill, 3-month constant maturity
and federal funds, then the embedded sample's monthly bill rate, which is dated by month-end and holds for the month after.
"""
YIELD_SERIES: Final = ("DGS3MO", "DGS2", "DGS10")
"""FRED's constant-maturity Treasury yields that signals read."""
FALLBACK_YIELD: Final = 0.02
"""Dividend yield a year where no total return index is given: the S&P 500's mean of 1990-2021 (2.1 %), in round figures."""
MONTH_DIVIDENDS: Final = (-1e-4, 0.01)
"""Dividends of a month as a share of the index that two month-ends may imply: none is negative, and since 1990 no month of the
S&P 500 paid above 0.6 %. What lies outside is a wrong level; the slack is for levels printed to the cent."""
SAME_RATE: Final = 0.011
"""Two files of one FRED series may differ by a rounding of one basis point (percent)."""


def merged_series(tables: Sequence[DailyTable], log: QualityLog) -> tuple[DayArray, Floats]:
    """Days and values of several files of one series; on common days the first file's value wins, differences are counted."""
    days, values = tables[0].days, tables[0].columns["value"]
    for table in tables[1:]:
        common, left, right = np.intersect1d(days, table.days, assume_unique=True, return_indices=True)
        differ = np.abs(values[left] - table.columns["value"][right]) > SAME_RATE
        todo = f"{tables[0].label} is used"
        log.days("warning", table.label, f"{table.name} differs from {tables[0].label}", common[differ].tolist(), todo=todo)
        fresh = ~np.isin(table.days, days, assume_unique=True)
        days = np.concatenate([days, table.days[fresh]])
        values = np.concatenate([values, table.columns["value"][fresh]])
        order = np.argsort(days)
        days, values = days[order], values[order]
    return days, values


def bill_rate(sessions: DayArray, series: dict[str, tuple[DayArray, Floats]], log: QualityLog) -> tuple[Floats, Bools]:
    """Decimal a year at each session, and the sessions where the last known value was carried past every source's end.

    ``series`` holds days and percent a year by FRED name. The first of :data:`BILL_SERIES` with a value that
    is current counts. :class:`DataMissing` where no source begins before the sessions.
    """
    rate = np.full(len(sessions), np.nan)
    newest_day = np.full(len(sessions), -(10**9), dtype=np.int64)
    newest = np.full(len(sessions), np.nan)
    for name, current_days in BILL_SERIES.items():
        if name not in series:
            continue
        days, values = series[name]
        at = np.searchsorted(days, sessions, side="right") - 1
        known = at >= 0
        dated = np.where(known, days[np.maximum(at, 0)], -(10**9))
        value = np.where(known, values[np.maximum(at, 0)] / 100.0, np.nan)
        use = np.isnan(rate) & (sessions - dated <= current_days)
        rate[use] = value[use]
        later = dated > newest_day
        newest[later], newest_day[later] = value[later], dated[later]
    carried = np.isnan(rate)
    rate[carried] = newest[carried]
    if np.isnan(rate).any():
        first = to_date(sessions[np.isnan(rate)][0])
        raise DataMissing(
            f"no bill rate is known on {first} or before",
            where="rates",
            allowed="at least one FRED file of DTB3, DGS3MO or DFF that begins before the run",
            todo="add DTB3.csv or DGS3MO.csv (FRED layout) to the data folder",
        )
    todo = "the last value is carried; add newer DTB3, DGS3MO or DFF files"
    log.days("warning", "history", "bill rate past the end of every source", sessions[carried].tolist(), todo=todo)
    return rate, carried


def known_yields(sessions: DayArray, series: dict[str, tuple[DayArray, Floats]], log: QualityLog) -> dict[str, Floats]:
    """Treasury yields by name in small letters, decimal a year at each session; NaN where no current one was known.

    A yield dated the day of a session is not known at its close: the Treasury publishes it in the evening (about 18:00 New York
    time), the Federal Reserve's H.15 a business day later. So the last one dated *before* the session counts, while it is no
    older than :data:`STALE_DAYS`. (A bill rate counts from its own day: it prices cash.)
    """
    found: dict[str, Floats] = {}
    for name in YIELD_SERIES:
        out = found[name.lower()] = np.full(len(sessions), np.nan)
        if name not in series:
            continue
        days, values = series[name]
        at = np.searchsorted(days, sessions, side="left") - 1
        known = (at >= 0) & (sessions - days[np.maximum(at, 0)] <= STALE_DAYS)
        out[known] = values[at[known]] / 100.0
        absent = sessions[~known & (sessions > days[0])]
        todo = "signals on it have no value there; add newer rows"
        log.days("info", "history", f"session without a current {name} yield", absent.tolist(), todo=todo)
    return found


def month_earlier(day: Day) -> Day:
    """The same day one calendar month before (the month's last day where it is shorter)."""
    value = to_date(day)
    year, month = (value.year, value.month - 1) if value.month > 1 else (value.year - 1, 12)
    for number in (value.day, 30, 29, 28):
        try:
            return to_day(date(year, month, min(number, value.day)))
        except ValueError:
            continue
    raise AssertionError("unreachable")


def month_number(day: Day) -> int:
    """Months since year 0."""
    value = to_date(day)
    return value.year * 12 + value.month - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnds:
    """Month-end levels of S&P 500 TR and SPX by month number, without those that cannot be right.

    ``steps``: months whose step from the month before cannot be right though neither end could be told to be wrong.
    """

    total: dict[int, float]
    price: dict[int, float]
    steps: frozenset[int]


def month_ends(monthly: DailyTable, log: QualityLog) -> MonthEnds:
    """Read the levels; a month-end whose steps on both sides imply impossible dividends is dropped and counted.

    A single impossible step leaves both its ends: no dividend is taken from it, nor from any span across it.
    """
    known = ~(np.isnan(monthly.columns["sptr"]) | np.isnan(monthly.columns["spx"]))
    days = {month_number(int(day)): int(day) for day in monthly.days[known]}
    total = dict(zip(days, monthly.columns["sptr"][known].tolist(), strict=True))
    price = dict(zip(days, monthly.columns["spx"][known].tolist(), strict=True))

    def impossible(month: int) -> bool:
        if month not in days or month - 1 not in days:
            return False
        share = total[month] / total[month - 1] * price[month - 1] / price[month] - 1.0
        return not MONTH_DIVIDENDS[0] <= share <= MONTH_DIVIDENDS[1]

    steps = {month for month in days if impossible(month)}
    wrong = [month for month in sorted(steps) if month + 1 in steps]
    todo = "it is left out and the dividend yield stands in; correct its total return or its price"
    what = "month-end between whose neighbours and itself dividends would be negative or above 1 %"
    log.days("warning", monthly.label, what, [days[month] for month in wrong], todo=todo)
    for month in wrong:
        steps -= {month, month + 1}
        del total[month], price[month]
    what = "month whose dividends would be negative or above 1 %"
    log.days("warning", monthly.label, what, [days[month] for month in steps], todo="no dividend is taken from it")
    return MonthEnds(total=total, price=price, steps=frozenset(steps))


def dividend_yield(sessions: DayArray, monthly: DailyTable | None, log: QualityLog) -> tuple[Floats, Bools]:
    """Decimal a year (continuous) at each session, and the sessions where no current window was known.

    The yield is ln(TR ratio) - ln(price ratio) over the twelve months to the last month-end that lies at least one month before
    the session; a month-end that :func:`month_ends` drops ends or begins no window, and the window before stands, flagged. After
    the file's end its last value stands, flagged; without a file :data:`FALLBACK_YIELD` stands, flagged.
    """
    windows: dict[int, float] = {}
    if monthly is not None:
        ends = month_ends(monthly, log)
        by_month = {month: math.log(total / ends.price[month]) for month, total in ends.total.items()}
        windows = {
            month: value - by_month[month - 12]
            for month, value in by_month.items()
            if month - 12 in by_month and not any(month - 12 < step <= month for step in ends.steps)
        }
    if not windows:
        todo = "add month-end levels of S&P 500 TR and SPX (see docs/reference/data-files.md)"
        log.days(
            "warning", "history", f"no total return index: dividend yield {FALLBACK_YIELD:.1%}", sessions.tolist(), todo=todo
        )
        return np.full(len(sessions), FALLBACK_YIELD), np.ones(len(sessions), dtype=bool)
    first, last = min(windows), max(windows)
    out = np.empty(len(sessions))
    flagged = np.zeros(len(sessions), dtype=bool)
    for row, day in enumerate(sessions.tolist()):
        limit = month_earlier(day)
        month = month_number(limit)
        if month_number(limit + 1) == month:
            month -= 1
        asked = month
        while month >= first and month not in windows:
            month -= 1
        out[row] = windows.get(month, FALLBACK_YIELD)
        flagged[row] = asked != month
    todo = "the last known yield stands (2 % before the first); newer month-end levels of S&P TR and SPX mend it"
    span = f"dividend yield without a current twelve-month window ({last // 12}-{last % 12 + 1:02d} is the last)"
    log.days("warning", "history", span, sessions[flagged].tolist(), todo=todo)
    return out, flagged


def dividend_points(
    sessions: DayArray, spx_close: Floats, yields: Floats, monthly: DailyTable | None, calendar: DayArray
) -> tuple[Floats, Bools]:
    """Dividends on one SPX unit by session, index points, and the sessions where the dividend yield stands in.

    A month's dividends, from month-end levels of S&P 500 TR and SPX (``TR ratio`` x previous price − price), are spread evenly
    over its sessions, all of ``calendar``'s (benchmarks.md 2). A month without both ends pays the yield known at each session,
    by calendar days.
    """
    paid: dict[int, float] = {}
    if monthly is not None:
        ends = month_ends(monthly, QualityLog())  # what is wrong in it was counted for the dividend yield
        for month, total in ends.total.items():
            if month - 1 in ends.total and month not in ends.steps:
                paid[month] = total / ends.total[month - 1] * ends.price[month - 1] - ends.price[month]
    month_of = np.array([month_number(int(day)) for day in sessions], dtype=np.int64)
    count: dict[int, int] = {}
    for day in calendar.tolist():
        count[month_number(day)] = count.get(month_number(day), 0) + 1
    gap = np.diff(sessions, prepend=sessions[:1])
    out = np.where(np.isnan(spx_close), 0.0, spx_close) * yields * gap / 365.0
    flagged = np.ones(len(sessions), dtype=bool)
    for row, month in enumerate(month_of.tolist()):
        if month in paid:
            out[row], flagged[row] = paid[month] / count[month], False
    return out, flagged
