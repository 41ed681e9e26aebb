"""The convexity profile of the hedge: P&L, slope and curvature against the VIX shock by layer, beside a constant-product pool.

The method likens its payoff to a curve that steepens, as the price in a constant-product pool does (x y = k). The likeness is of
shape only: a pool's marginal price after taking q of its reserve X is p (1 - q / X)^-2, and p and X are chosen so that slope and
curvature agree at no shock. What the two do from there on is what the picture shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from alvh.core.errors import DataInvalid
from alvh.market.history import Floats
from alvh.market.market import Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.risk.stress import priced_legs, zero_value

VIX_SHOCKS = tuple(float(points) for points in range(61))
"""0 to +60 points: VIX 20 to about its highest close (82.69)."""
STEP_POINTS = 0.05
"""Half-width of the central differences: the tick of a VX future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvexityProfile:
    """Arrays (layers, n) over ``vix_points`` (n,): ``pnl_usd``, ``slope`` (USD per VIX point), ``curvature`` (per point squared).

    ``pool_slope`` (n,) belongs to the sum of the layers; NaN from the shock on at which the pool is empty (``pool_depth``
    points), and throughout where the hedge starts without slope or without curvature, so that no pool fits: ``pool_depth`` None.
    ``takeover`` lists the layer with the largest slope and the shock from which it leads; ``answers`` (layers,) the shock at
    which each layer reaches half of its own steepest slope, which does not depend on its size.
    """

    layers: tuple[str, ...]
    vix_points: Floats
    pnl_usd: Floats
    slope: Floats
    curvature: Floats
    pool_slope: Floats
    pool_depth: float | None
    takeover: tuple[tuple[float, str], ...]
    answers: Floats

    def mean_slope(self, low: float, high: float) -> float:
        """USD per VIX point of the whole hedge between two shocks, NaN where they coincide."""
        total = self.pnl_usd.sum(axis=0)
        if high == low:
            return float("nan")
        return float((np.interp(high, self.vix_points, total) - np.interp(low, self.vix_points, total)) / (high - low))

    def document(self, *, break_even_points: float | None = None) -> dict[str, Any]:
        """Plain lists; with the VIX shock at the condor's break-even also the mean slope inside and beyond it."""
        out: dict[str, Any] = {
            "vix_points": self.vix_points.tolist(),
            "layers": {
                name: {
                    "pnl_usd": self.pnl_usd[k].tolist(),
                    "slope_usd_per_vix_point": self.slope[k].tolist(),
                    "curvature_usd_per_vix_point2": self.curvature[k].tolist(),
                }
                for k, name in enumerate(self.layers)
            },
            "pool_slope_usd_per_vix_point": [None if np.isnan(value) else value for value in self.pool_slope.tolist()],
            "pool_depth_vix_points": self.pool_depth,
            "half_of_steepest_slope_at_vix_points": dict(zip(self.layers, self.answers.tolist(), strict=True)),
            "takeover": [{"from_vix_points": points, "layer": name} for points, name in self.takeover],
        }
        if break_even_points is not None:
            edge = min(max(break_even_points, float(self.vix_points[0])), float(self.vix_points[-1]))
            inside, beyond = self.mean_slope(float(self.vix_points[0]), edge), self.mean_slope(edge, float(self.vix_points[-1]))
            out["slope_inside_break_even"] = None if np.isnan(inside) else inside
            out["slope_beyond_break_even"] = None if np.isnan(beyond) else beyond
        return out


def pool_slope(slope: float, curvature: float, vix_points: Floats) -> tuple[Floats, float | None]:
    """Marginal price of the pool that has this slope and curvature at no shock, and its depth in points; NaN once it is empty."""
    if slope <= 0.0 or curvature <= 0.0:
        return np.full(len(vix_points), np.nan), None
    depth = 2.0 * slope / curvature
    left = 1.0 - vix_points / depth
    return np.asarray(np.where(left > 0.0, slope / np.where(left > 0.0, left, 1.0) ** 2, np.nan)), depth


def convexity_profile(
    snapshot: Snapshot,
    series: SeriesTable,
    positions: Positions,
    *,
    vix_points: ArrayLike = VIX_SHOCKS,
    days_forward: float = 0.0,
    response: Response | None = None,
    sleeve: str = "hedge",
) -> ConvexityProfile:
    """Profile of the positions of one sleeve, SPX unmoved. ``vix_points`` ascending.

    Raises :class:`DataInvalid` where the book has no position of that sleeve.
    """
    response = Response() if response is None else response
    chosen = np.array([name == sleeve for name in positions.sleeve], dtype=np.bool_)
    if not chosen.any():
        raise DataInvalid(
            f"no position belongs to the sleeve '{sleeve}'",
            where="book",
            allowed=f"sleeves of this book: {', '.join(dict.fromkeys(positions.sleeve)) or 'none'}",
        )
    hedge = positions.rows(chosen)
    legs = priced_legs(snapshot, series, hedge)
    base = zero_value(snapshot, legs, response, hedge)
    shock = np.asarray(vix_points, dtype=np.float64)
    dollars = hedge.quantity * hedge.multiplier_usd
    names = [layer or sleeve for layer in hedge.layer]
    layers = tuple(dict.fromkeys(names))
    member = np.array([[float(name == layer) for name in names] for layer in layers])
    all_points = np.concatenate([shock - STEP_POINTS, shock, shock + STEP_POINTS])
    value = snapshot.reprice(legs, Scenarios.of(0.0, all_points, days_forward), response)
    pnl = (member @ ((value - base) * dollars).T).reshape(len(layers), 3, len(shock))
    low, middle, high = pnl[:, 0], pnl[:, 1], pnl[:, 2]
    slope = (high - low) / (2.0 * STEP_POINTS)
    curvature = (high - 2.0 * middle + low) / STEP_POINTS**2
    still = Scenarios.of(0.0, [-STEP_POINTS, 0.0, STEP_POINTS], days_forward)
    start = snapshot.reprice(legs, still, response) @ dollars
    pool, depth = pool_slope(
        float((start[2] - start[0]) / (2.0 * STEP_POINTS)), float((start[2] - 2.0 * start[1] + start[0]) / STEP_POINTS**2), shock
    )
    leader = np.argmax(slope, axis=0)
    starts = np.flatnonzero(np.append(True, np.diff(leader) != 0))
    return ConvexityProfile(
        layers=layers,
        vix_points=shock,
        pnl_usd=middle,
        slope=slope,
        curvature=curvature,
        pool_slope=pool,
        pool_depth=depth,
        answers=shock[np.argmax(slope >= 0.5 * slope.max(axis=1, keepdims=True), axis=1)],
        takeover=tuple((float(shock[k]), layers[int(leader[k])]) for k in starts.tolist()),
    )
