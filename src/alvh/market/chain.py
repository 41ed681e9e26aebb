"""A quoted chain: every two-sided option price of one instant, as parallel arrays, whatever vendor it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedChain:
    """Quotes of one underlying (SPX or VIX) at one instant, one row per contract.

    ``session`` is the day, ``minute`` the Eastern minute of the day of the quotes (None where the vendor does not say).
    ``root`` holds root names, ``am`` True for AM settlement. ``bid`` and ``ask`` are points, NaN where missing; a zero bid is
    a zero bid. ``volume`` and ``open_interest`` are contracts, NaN where unknown. ``listed_spot`` is the underlying's level as
    the vendor prints it, NaN where it prints none: it may be stale, so a forward comes from parity.
    """

    underlying: str
    session: int
    minute: int | None
    root: NDArray[np.str_]
    expiry: DayArray
    am: NDArray[np.bool_]
    strike: Floats
    right: Floats
    bid: Floats
    ask: Floats
    volume: Floats
    open_interest: Floats
    listed_spot: float
    source: str

    def __len__(self) -> int:
        return int(self.expiry.size)
