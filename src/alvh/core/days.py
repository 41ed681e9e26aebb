"""Dates as whole days since 1970-01-01, the form in which arrays and kernels hold them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

Day = int
DayArray = NDArray[np.int64]

_EPOCH = date(1970, 1, 1).toordinal()


def to_day(value: date) -> int:
    """Days from 1970-01-01 to ``value``."""
    return value.toordinal() - _EPOCH


def to_date(day: int | np.integer[Any]) -> date:
    """The date that lies ``day`` days after 1970-01-01."""
    return date.fromordinal(int(day) + _EPOCH)


def iso(day: int | np.integer[Any]) -> str:
    """``YYYY-MM-DD`` of a day."""
    return to_date(day).isoformat()


def weekday(day: int | np.integer[Any]) -> int:
    """Monday is 0, Sunday is 6 (1970-01-01 was a Thursday)."""
    return (int(day) + 3) % 7
