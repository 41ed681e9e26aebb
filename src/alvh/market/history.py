"""One aligned row per session: what the index histories said at each close, and which of it a model had to supply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class VxTable:
    """VX settlements by session and contract, as published (never filled).

    ``expiry`` (contracts,) ascending days; ``monthly`` (contracts,) True for the monthly contract;
    ``settle`` (sessions, contracts) in VIX points, NaN where there is none; ``open`` the same, the day's first trade; ``volume``
    the same shape, 0 where none is known.
    """

    expiry: DayArray
    monthly: Bools
    settle: Floats
    volume: Floats
    open: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Aligned daily market history. All arrays have one row per session; NaN means that the source has no value.

    Index levels are in index points (VIX 20.0 is 20 vol points), ``bill_rate`` and ``dividend_yield`` are decimals a year as
    known at that close. ``modelled`` names, per input, the sessions whose value a model or a carried-forward value supplied.
    """

    sessions: DayArray
    spx_open: Floats
    spx_high: Floats
    spx_low: Floats
    spx_close: Floats
    vix_open: Floats
    vix_high: Floats
    vix_low: Floats
    vix_close: Floats
    vix9d: Floats
    vix3m: Floats
    vix6m: Floats
    vvix: Floats
    skew: Floats
    bill_rate: Floats
    dividend_yield: Floats
    dividend_points: Floats
    """Dividends on one SPX unit by session, index points: for accounts that hold the index, never for a decision."""
    advances: Floats
    declines: Floats
    vx: VxTable
    vro: Mapping[int, tuple[float, str]]
    """Final settlement value by VIX expiry (day) and its source, as published."""
    source: str
    sha256: str
    modelled: Mapping[str, Bools] = field(default_factory=dict)
