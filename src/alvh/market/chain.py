"""A quoted chain: every option price of one instant, as parallel arrays, whatever vendor it came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray

Floats = NDArray[np.float64]

_ROWS = ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest", "bid_size", "ask_size")


def _unstated() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedChain:
    """Quotes of one underlying (SPX or VIX) at one instant, one row per contract.

    ``session`` is the day, ``minute`` the Eastern minute of the day of the quotes (None where the vendor does not say).
    ``root`` holds root names, ``am`` True for AM settlement. ``bid`` and ``ask`` are points, NaN where missing; a zero bid is
    a zero bid. ``volume``, ``open_interest``, ``bid_size`` and ``ask_size`` are contracts, NaN where unknown; sizes that are
    not given are unknown. ``listed_spot`` is the underlying's level as the vendor prints it, NaN where it prints none: it may
    be stale, so a forward comes from parity.
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
    bid_size: Floats = field(default_factory=_unstated)
    ask_size: Floats = field(default_factory=_unstated)

    def __post_init__(self) -> None:
        for name in ("bid_size", "ask_size"):
            # sizes of another length belong to other rows (a part made without them): unknown, never somebody else's
            if getattr(self, name).shape != self.bid.shape:
                object.__setattr__(self, name, np.full(self.bid.shape, np.nan))

    def __len__(self) -> int:
        return int(self.expiry.size)

    def rows(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> QuotedChain:
        """The contracts that ``kept`` marks, or those that it numbers, in its order."""
        return replace(self, **{name: getattr(self, name)[kept] for name in _ROWS})
