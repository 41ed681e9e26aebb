"""The protocol of a market: what a strategy and an engine may ask, whether its prices are quotes or come from a model.

A snapshot is one close. Nothing that it returns depends on data later than that close; the engine alone asks for settlement
values, on the session that settles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.market.series import SeriesTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PriceSource = Literal["quote", "model", "settlement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Legs as parallel arrays: series row, strike in points, right (+1 call, -1 put)."""

    series: Ints
    strike: Floats
    right: Floats

    @staticmethod
    def of(rows: list[tuple[int, float, int]]) -> Legs:
        """Build from (series row, strike, right) tuples."""
        return Legs(
            series=np.array([row[0] for row in rows], dtype=np.int64),
            strike=np.array([row[1] for row in rows], dtype=np.float64),
            right=np.array([row[2] for row in rows], dtype=np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """Two-sided prices per unit of each leg: ``bid`` and ``ask`` on the tick, ``mid`` unrounded; NaN where there is no market.

    ``tick`` is the smallest price step at the bid, ``delta`` the forward delta.
    """

    bid: Floats
    ask: Floats
    mid: Floats
    tick: Floats
    delta: Floats
    forward: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The listed strikes of one series and right: ``strikes`` ascending, ``delta`` absolute forward delta, and the forward."""

    series: int
    right: int
    strikes: Floats
    delta: Floats
    forward: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement value, where it comes from, and whether it was published (else it is an approximation)."""

    value: float
    source: str
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Change in value per unit of each held leg between two sessions, cut into causes that sum to ``after - before``.

    ``time``, ``forward``, ``vol_level``, ``smile`` (the rest: shape and rate) are points; ``greeks`` is the second-order
    Taylor explanation of the same change.
    """

    before: Floats
    time: Floats
    forward: Floats
    vol_level: Floats
    smile: Floats
    after: Floats
    greeks: Floats


class Snapshot(Protocol):
    """One close."""

    @property
    def index(self) -> int: ...
    @property
    def session(self) -> int: ...
    @property
    def spx(self) -> float: ...
    @property
    def vix(self) -> float: ...

    def listed(self, *, vix: bool) -> Ints:
        """Series rows of one family that trade at this close."""
        ...

    def slice(self, series: int, right: int) -> Slice:
        """Listed strikes with their deltas."""
        ...

    def mark(self, legs: Legs) -> Floats:
        """Mark per unit of each leg."""
        ...

    def quote(self, legs: Legs) -> Quotes:
        """Two-sided prices of each leg."""
        ...

    def discount(self, series: int) -> float:
        """Present value of one dollar paid at the settlement of a series."""
        ...

    def future(self, series: int) -> tuple[float, bool]:
        """Price of the VX future of a VIX series at this instant, and whether it was measured then (else the settlement)."""
        ...

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        """Value at mid per unit of each leg in each scenario, (scenarios, legs); ``right`` 0 is the future of a VIX series."""
        ...

    def reprice_fully(self, legs: Legs, scenarios: Scenarios, response: Response) -> Repriced:
        """The same with what each leg was priced at, and its half-spread there."""
        ...


class Market(Protocol):
    """All sessions of a run."""

    @property
    def sessions(self) -> DayArray: ...
    @property
    def series(self) -> SeriesTable: ...
    @property
    def bill_rate(self) -> Floats: ...
    @property
    def price_source(self) -> PriceSource: ...

    @property
    def dividend_points(self) -> Floats:
        """Dividends on one SPX unit by session, index points."""
        ...

    def snapshot(self, index: int) -> Snapshot:
        """The market at the close of session ``index``."""
        ...

    def window(self, index: int) -> Snapshot:
        """The market in the late morning of session ``index``, rebuilt from the whole session: for benchmarks alone."""
        ...

    def signal(self, name: str) -> Floats:
        """A causal signal, one value a session."""
        ...

    def settlement(self, series: int, index: int) -> Settlement:
        """Settlement value of a series whose settlement session is ``index``."""
        ...

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        """Revaluation of legs held from session ``before`` to ``after``; ``settle`` is the settlement value or NaN."""
        ...
