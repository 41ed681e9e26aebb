"""Joint moves of SPX, VIX and the VX curve, and how the rest of the market is taken to answer them.

A scenario says how far spot goes and how many days pass; a :class:`Response` says what follows from it for the VX curve by tenor,
for VIX vols and for the SPX surface. Where a scenario carries a measured move (an episode), that move replaces the response.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.core.errors import UsageError

Floats = NDArray[np.float64]
SpxDynamic = Literal["sticky_delta", "sticky_strike", "ssr"]
CurvePath = Literal["rolls", "holds"]
ShockPath = Literal["at_once", "linear"]

CURVE_DAYS = (0.0, 2.0, 5.0, 15.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0)
CURVE_BETAS = (1.0, 0.76, 0.67, 0.67, 0.54, 0.38, 0.29, 0.24, 0.21, 0.19)
"""Daily beta of the constant-maturity VX to spot VIX, 2013-2025: 30 to 120 days methods.md 0.1, the others measured the same way
(docs/explanation/vega-and-beta.md; below 15 days on single contracts). At zero days spot moves with itself."""
VIX_VOL_PER_POINT = 0.008
"""At-the-money vol of VIX options rises by this share of itself for a VIX point (methods.md 4.6)."""
SPX_ATM_PER_POINT = 0.0075
"""At-the-money SPX vol moves by .75 vol points for a VIX point (methods.md 8.3)."""
SPX_TENOR_BETAS = (1.35, 1.0, 0.70, 0.50)
"""At-the-money vol points at 9, 30, 93 and 184 days for one at 30 days: what VIX9D, VIX3M and VIX6M did for VIX in ten episodes
and in the months of 2011-2026 (``docs/explanation/stress.md``): half the error of a parallel shift or a skew-stickiness ratio."""
SSR = 1.5
"""Skew-stickiness ratio of short SPX expiries (methods.md 5.3: .9 to 2.0 observed over 2012-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What follows from a move of SPX and VIX.

    ``curve_beta`` VX points per VIX point at ``curve_days`` calendar days to expiry, linear between, flat beyond.
    ``vix_vol_per_point`` relative change of at-the-money VIX vol per VIX point, ``spx_atm_per_point`` change of at-the-money SPX
    vol (1.00 is 100 %) per VIX point. The VIX move fixes the 30-day level under every dynamic, so that no move is counted
    twice; ``spx_dynamic`` says what the rest of the surface does. ``sticky_delta``: the smile moves with spot, each tenor's
    level by ``spx_tenor_beta`` (9, 30, 93, 184 days) times the 30-day one. ``sticky_strike``: the same levels, but the smile
    stays at its strikes and is shifted as a whole. ``ssr``: as sticky delta, all tenors alike plus ``ssr`` times (skew of the
    tenor less skew at 30 days) times ln(1 + spot move).

    ``curve`` says where a VX future stands when days have passed: it ``rolls`` along a curve that keeps its shape by tenor
    (and ends at spot VIX), or ``holds`` its price. ``path`` says when the shock comes: ``at_once``, or ``linear`` in time, so
    that what expires earlier sees its share of it alone. ``liquidity`` multiplies every half-spread.
    """

    curve_days: tuple[float, ...] = CURVE_DAYS
    curve_beta: tuple[float, ...] = CURVE_BETAS
    vix_vol_per_point: float = VIX_VOL_PER_POINT
    spx_atm_per_point: float = SPX_ATM_PER_POINT
    spx_tenor_beta: tuple[float, float, float, float] = SPX_TENOR_BETAS
    spx_dynamic: SpxDynamic = "sticky_delta"
    ssr: float = SSR
    liquidity: float = 1.0
    curve: CurvePath = "rolls"
    path: ShockPath = "at_once"

    def __post_init__(self) -> None:
        days = np.asarray(self.curve_days)
        if not self.curve_days or len(self.curve_days) != len(self.curve_beta) or np.any(np.diff(days) <= 0.0) or days[0] < 0.0:
            raise UsageError(
                f"{len(self.curve_days)} tenors {self.curve_days} and {len(self.curve_beta)} betas",
                where="VX curve response",
                allowed="as many betas as days to expiry, the days ascending from 0 on",
            )
        if len(self.spx_tenor_beta) != 4:
            raise UsageError(
                f"{len(self.spx_tenor_beta)} SPX tenor betas", where="response", allowed="four, at 9, 30, 93 and 184 days"
            )
        numbers = (*self.curve_days, *self.curve_beta, *self.spx_tenor_beta, self.vix_vol_per_point)
        numbers += (self.spx_atm_per_point, self.ssr, self.liquidity)
        if not np.isfinite(numbers).all() or self.liquidity < 0.0:
            raise UsageError(
                "a number is missing or the liquidity factor is negative", where="response", allowed="finite numbers"
            )
        for name, allowed in _WORDS.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{getattr(self, name)!r}", where=f"response, {name}", allowed=", ".join(allowed))

    def beta_at(self, days: ArrayLike) -> Floats:
        """VX points per VIX point at ``days`` to expiry (any shape)."""
        return np.asarray(np.interp(np.asarray(days, dtype=np.float64), self.curve_days, self.curve_beta))


_WORDS = {
    "spx_dynamic": ("sticky_delta", "sticky_strike", "ssr"),
    "curve": ("rolls", "holds"),
    "path": ("at_once", "linear"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """One row a scenario, (n,): ``spx_move`` relative, ``vix_points`` added to spot VIX, ``days_forward`` calendar days passed.

    Measured moves, NaN where the response decides: ``curve_points`` (n, tenors) added to the constant-maturity VX forward at
    ``curve_days`` days to expiry (linear between, flat outside), ``vvix_points`` (n,), and ``index_points`` (n, 4), the moves of
    VIX9D, VIX, VIX3M and VIX6M, which move SPX vol at their own tenors. Raises :class:`UsageError` for unequal lengths, a move
    of SPX to zero, days before today, or a number that is missing.
    """

    spx_move: Floats
    vix_points: Floats
    days_forward: Floats
    names: tuple[str, ...] = ()
    curve_days: tuple[float, ...] = ()
    curve_points: Floats | None = None
    vvix_points: Floats | None = None
    index_points: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.spx_move)
        shapes = {
            "vix_points": (self.vix_points, (n,)),
            "days_forward": (self.days_forward, (n,)),
            "curve_points": (self.curve_points, (n, len(self.curve_days))),
            "vvix_points": (self.vvix_points, (n,)),
            "index_points": (self.index_points, (n, 4)),
        }
        for name, (values, wanted) in shapes.items():
            if values is not None and values.shape != wanted:
                raise UsageError(f"{name} has shape {values.shape}", where="scenarios", allowed=f"shape {wanted}")
        if self.names and len(self.names) != n:
            raise UsageError(f"{len(self.names)} names for {n} scenarios", where="scenarios", allowed="one name each, or none")
        told = np.stack([self.spx_move, self.vix_points, self.days_forward])
        bad = np.flatnonzero(~np.isfinite(told).all(axis=0) | (self.spx_move <= -1.0) | (self.days_forward < 0.0))
        if bad.size:
            row = int(bad[0])
            raise UsageError(
                f"SPX {self.spx_move[row]:+g}, VIX {self.vix_points[row]:+g}, {self.days_forward[row]:g} days",
                where=f"scenario {self.names[row] if self.names else row}",
                allowed="SPX above -1, finite VIX points, days from 0 on",
            )

    def __len__(self) -> int:
        return len(self.spx_move)

    @staticmethod
    def of(spx_move: ArrayLike, vix_points: ArrayLike, days_forward: ArrayLike = 0.0, *, names: Sequence[str] = ()) -> Scenarios:
        """Scenarios of arguments that broadcast to one dimension."""
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(a, np.float64)) for a in (spx_move, vix_points, days_forward)))
        spx, vix, days = (np.ascontiguousarray(array) for array in arrays)
        return Scenarios(spx_move=spx, vix_points=vix, days_forward=days, names=tuple(names))

    @staticmethod
    def grid(spx_move: ArrayLike, vix_points: ArrayLike, *, days_forward: float = 0.0) -> Scenarios:
        """Every SPX move with every VIX move, the VIX moves of one SPX move side by side (reshape to (spx, vix))."""
        spx, vix = np.atleast_1d(np.asarray(spx_move, np.float64)), np.atleast_1d(np.asarray(vix_points, np.float64))
        return Scenarios.of(np.repeat(spx, len(vix)), np.tile(vix, len(spx)), days_forward)

    def curve_change(self, days: Floats, response: Response) -> Floats:
        """Points by which the VX forward at ``days`` (n, expiries) to expiry moves, from the measured curve or the response."""
        change = response.beta_at(days) * self.vix_points[:, None]
        if self.curve_points is not None:
            for row in np.flatnonzero(np.isfinite(self.curve_points).all(axis=1)):
                change[row] = np.interp(days[row], self.curve_days, self.curve_points[row])
        return change


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """Every leg in every scenario, (scenarios, legs), per unit in points of the leg's own index.

    ``value`` at mid: unexpired legs discounted to the date of the picture, expired ones paid at the settlement that the scenario
    gives them, futures at their price. ``forward`` and ``vol`` are what they were priced at (the settlement value and NaN once
    expired); ``half_spread`` is zero once expired. ``floored`` (scenarios,) marks where an at-the-money SPX vol had to be held at
    its floor or a forward variance lifted.
    """

    value: Floats
    forward: Floats
    vol: Floats
    half_spread: Floats
    floored: NDArray[np.bool_]
