"""The sessions and the VIX expiry rule that the data layer aligns to, as :mod:`alvh.core` has them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.days import Day, DayArray
from alvh.core.expiries import vix_monthly_expiry

FIRST_MONTH: Final = np.datetime64("1990-02", "M")
LAST_MONTH: Final = np.datetime64("2031-10", "M")
"""Months with a monthly VIX expiry by rule: the calendar's range less the margin for the Friday 30 days later."""


def xnys_sessions() -> DayArray:
    """All sessions of the calendar as ascending days."""
    return trading_calendar().sessions_array


@lru_cache(maxsize=1)
def _by_month() -> dict[tuple[int, int], Day]:
    months = np.arange(FIRST_MONTH, LAST_MONTH + 1)
    numbers = months.astype(np.int64)
    expiries = vix_monthly_expiry(trading_calendar(), months)
    return {(1970 + number // 12, 1 + number % 12): day for number, day in zip(numbers.tolist(), expiries.tolist(), strict=True)}


def vix_expiry(year: int, month: int) -> Day:
    """The monthly VIX and VX final settlement day of a month; ValueError outside the calendar."""
    try:
        return _by_month()[year, month]
    except KeyError:
        raise ValueError(f"no VIX expiry is known for {year}-{month:02d}") from None


def is_monthly_vix_expiry(day: Day) -> bool:
    """Whether a day is some month's VIX final settlement."""
    value = np.datetime64(int(day), "D").astype("datetime64[M]").astype(np.int64)
    return _by_month().get((1970 + int(value) // 12, 1 + int(value) % 12)) == day
