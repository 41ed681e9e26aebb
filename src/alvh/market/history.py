"""One aligned row per session: what the index histories said at each close, and which of it a model had to supply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
VIX_ETPS = ("VXX", "UVXY", "VIXY", "VIXM")
"""Exchange-traded products that are long VX futures: of the front two months (UVXY 1.5 times), of months 4 to 7 (VIXM).
SVXY is short them: its shares lose where condors lose, so it is no hedge and is not read."""


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
class FirstReleases:
    """Figures of one statistic as first published, one row a release, never revised: arrays (releases,).

    ``release_day`` and ``reference_month`` (the first day of the month or quarter that the figure is about) ascend; ``actual``
    and ``consensus`` are the published change in per cent (0.3 is 0.3 %), ``consensus`` NaN where the file has none.
    """

    release_day: DayArray
    reference_month: DayArray
    actual: Floats
    consensus: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedLevels:
    """A level, such as an exchange rate, by the day on which it was published: arrays (releases,), days ascending."""

    release_day: DayArray
    level: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Aligned daily market history. Its plain arrays have one row per session; NaN means that the source has no value.

    Index levels are in index points (VIX 20.0 is 20 vol points), ``bill_rate``, ``dividend_yield`` and ``yields`` are decimals a
    year as known at that close. ``modelled`` names, per input, the sessions whose value a model or a carried-forward value
    supplied. What is dated by event or release (``events``, ``releases``, ``fx``) is not cut to the sessions.
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
    vx: VxTable
    vro: Mapping[int, tuple[float, str]]
    """Final settlement value by VIX expiry (day) and its source, as published."""
    source: str
    sha256: str
    modelled: Mapping[str, Bools] = field(default_factory=dict)
    yields: Mapping[str, Floats] = field(default_factory=dict)
    """Constant-maturity Treasury yields ``dgs3mo``, ``dgs2``, ``dgs10``, each (sessions,)."""
    breadth: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    """Advancing and declining issues by universe (``nyse``), each (sessions,); universes are not comparable, so never mixed."""
    events: Mapping[str, DayArray] = field(default_factory=dict)
    """Days of each event list (``fomc``, ``cpi``), ascending, past and future as far as the list goes."""
    unscheduled: Mapping[str, DayArray] = field(default_factory=dict)
    """Those days of ``events`` that nobody knew beforehand, such as FOMC moves between meetings."""
    releases: Mapping[str, FirstReleases] = field(default_factory=dict)
    """First releases of ``cpi``, ``ppi`` and ``gdp``."""
    etps: Mapping[str, Floats] = field(default_factory=dict)
    """Closes of :data:`VIX_ETPS` by ticker, each (sessions,), adjusted backwards for splits: only their ratios mean anything."""
    fx: ReleasedLevels | None = None
    """The user's exchange rate index of the dollar."""
