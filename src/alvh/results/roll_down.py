"""What a hedge's forwards did by rolling down their curve, apart from the curve's own move, by the curve's state (R08).

For a lot on VIX held from one close (0) to the next (1), with T0 and T1 days to its expiry then, the *forward* step of
:mod:`alvh.results.attribution` is cut in two, at the first close's smile, rate and the second close's time:

- *convergence*: from F0 to F*, the first close's own curve at T1 days (ln F linear between the listed expiries, from spot VIX at
  zero days: what :mod:`alvh.risk.unchanged` holds still). For one day it is the curve's slope at that tenor. A lot that settles
  goes to spot VIX.
- *level*: from F* to F1, or to the settlement value: the rest of the step.

A curve that keeps its shape by days to expiry is all convergence; a flat one that moves is all level. The state is that of the
first close: contango where the nearest monthly VX forward stands above spot VIX, else backwardation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Lot
from alvh.kernels.surface import explain_pairs
from alvh.results.attribution import CAUSES, Attribution
from alvh.risk.exposure_path import SurfaceMarket, held_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DEFINITION = (
    "convergence: the forward moves to where the previous close's curve stands at its new days to expiry; level: from there on; "
    "state: nearest monthly VX forward against spot VIX at the previous close"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollDown:
    """Dollars by layer and session, (layers, sessions): each session's change since the close before, of lots on VIX alone.

    ``convergence_usd`` and ``level_usd`` add up to the attribution's *forward* of those lots; ``futures_usd`` is the convergence
    of VX futures, a part of the first. ``held`` where a layer held a lot on VIX over the session, ``contango`` (sessions,) the
    state of the close before.
    """

    convergence_usd: Floats
    level_usd: Floats
    futures_usd: Floats
    held: Bools
    contango: Bools


def unchanged_forward(market: SurfaceMarket, vix: Floats, column: Ints, row: Ints, days: Ints) -> Floats:
    """Forward of VIX expiries ``days`` calendar days later on the curve of market rows ``row`` as it stands, (n,) points.

    ``column`` (n,) of the market's VIX forwards, ``vix`` (market rows,) spot. An expiry that is reached by then is at spot.
    """
    forward, today = market.state[7], np.asarray(market.sessions)[row]
    expiry = np.asarray(market.series.expiry)[market.series.is_vix]
    wanted = expiry[column] - days  # the maturity on today's curve that stands as far off as the expiry will
    right, left = column.copy(), column - 1
    while True:  # the listed expiries on both sides of it; spot below the first
        inside = (left >= 0) & (expiry[np.maximum(left, 0)] > today)
        listed = inside & np.isfinite(forward[row, np.maximum(left, 0)])
        nearer = listed & (expiry[np.maximum(left, 0)] > wanted)
        right = np.where(nearer, left, right)
        step = nearer | (inside & ~listed)
        if not step.any():
            break
        left = np.where(step, left - 1, left)
    low = np.maximum(left, 0)
    x0 = np.where(inside, expiry[low] - today, 0).astype(np.float64)
    y0 = np.log(np.where(inside, forward[row, low], vix[row]))
    x1, y1 = (expiry[right] - today).astype(np.float64), np.log(forward[row, right])
    weight = np.clip((wanted - today - x0) / (x1 - x0), 0.0, 1.0)
    return np.asarray(np.exp(y0 + weight * (y1 - y0)))


def roll_down(result: BacktestResult, attribution: Attribution, market: SurfaceMarket, *, vix: Floats) -> RollDown:
    """Cut the forward step of a finished run's lots on VIX; ``market`` is the run's, ``vix`` (market rows,) spot VIX."""
    count, layers = len(result.sessions), len(result.policy.hedge.layers)
    shape, stop = (layers, count), result.first + count
    convergence, futures, held = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    lots = [lot for lot in result.lots if lot.layer >= 0 and market.series.is_vix[lot.series] and not lot.is_share]
    if lots:
        opened = np.array([lot.open_index for lot in lots], dtype=np.int64)
        ended = np.array([lot.close_index if lot.close_kind else stop - 1 for lot in lots], dtype=np.int64)
        which, row = held_pairs(opened, ended)
        settles = np.array([lot.close_kind == "settled" for lot in lots])[which] & (row == ended[which] - 1)
        future = np.array([lot.is_future for lot in lots])[which]
        usd = np.array([lot.quantity * lot.multiplier_usd for lot in lots])[which]
        usd = usd * _converged(market, lots, which, row, settles, vix)
        flat = np.array([lot.layer for lot in lots], dtype=np.int64)[which] * count + row + 1 - result.first

        def summed(weights: Floats) -> Floats:
            return np.asarray(np.bincount(flat, weights=weights, minlength=layers * count), dtype=np.float64).reshape(shape)

        convergence, futures, held = summed(usd), summed(np.where(future, usd, 0.0)), summed(np.ones(flat.size)) > 0.0
    on_vix = np.array(
        [layer.instrument not in ("spx_put_spreads", "vix_etp") for layer in result.policy.hedge.layers], dtype=np.bool_
    )
    forward = np.where(on_vix[:, None], attribution.pnl_usd[1:, CAUSES.index("forward")], 0.0)
    return RollDown(
        convergence_usd=convergence,
        level_usd=forward - convergence,
        futures_usd=futures,
        held=held,
        contango=_contango(market, vix, np.maximum(np.arange(result.first, stop) - 1, 0)),
    )


def _converged(market: SurfaceMarket, lots: Sequence[Lot], which: Ints, row: Ints, settles: Bools, vix: Floats) -> Floats:
    """Points per unit of each (lot, close) pair that the unchanged curve gives by the next close."""
    series = np.array([lot.series for lot in lots], dtype=np.int64)[which]
    right = np.array([float(lot.right) for lot in lots])[which]
    column = market.legs_of_series[2][series]
    days = np.asarray(market.sessions)[row + 1] - np.asarray(market.sessions)[row]
    before, later = market.state[7][row, column], unchanged_forward(market, vix, column, row, days)
    points: Floats = later - before
    option = np.flatnonzero(right != 0.0)
    if option.size:
        strike = np.array([lot.strike for lot in lots])[which]
        # the attribution's own revaluation, on a market in which the second close has the first one's curve
        at = np.stack([row[option], row[option] + 1], axis=1).ravel()
        curve = np.stack([before[option], later[option]], axis=1).reshape(-1, 1)
        state = (*(np.ascontiguousarray(part[at]) for part in market.state[:7]), curve)
        expiry, early, columns, scale = market.legs_of_series
        first = 2 * np.arange(option.size)
        out = np.empty((7, option.size))
        explain_pairs(
            state, (expiry, early, np.zeros_like(columns), scale), market.coefficients, first, first + 1, series[option],
            strike[option], right[option], settles[option], later[option], out,
        )  # fmt: skip
        points[option] = out[2]
    return points


def _contango(market: SurfaceMarket, vix: Floats, row: Ints) -> Bools:
    """Whether the nearest monthly VX forward that is alive stands above spot VIX at each market row, (n,)."""
    series = market.series
    monthly = np.flatnonzero(series.monthly[series.is_vix])
    expiry = np.asarray(series.expiry)[series.is_vix][monthly]
    nearest = np.searchsorted(expiry, np.asarray(market.sessions)[row], side="right")
    return np.asarray(market.state[7][row, monthly[nearest]] > vix[row])


def roll_down_document(result: BacktestResult, attribution: Attribution, found: RollDown) -> dict[str, Any]:
    """The part ``roll_down``: dollars of each layer on VIX by state of the curve, and of all of them, with how they are cut.

    ``sessions`` at which something was held over the day; ``convergence_usd``, ``level_usd``, ``time_usd``, ``vol_usd`` (level of
    vol and smile) and ``costs_usd`` (slippage and fees) add up to ``net_usd``. A layer without lots on VIX is left out.
    """
    parts = dict(zip(CAUSES, np.moveaxis(attribution.pnl_usd[1:], 1, 0), strict=True))
    columns = {
        "convergence_usd": found.convergence_usd,
        "level_usd": found.level_usd,
        "time_usd": parts["time"],
        "vol_usd": parts["vol_level"] + parts["smile"],
        "costs_usd": parts["slippage"] + parts["fees"],
    }
    layers = [k for k, layer in enumerate(result.policy.hedge.layers) if found.held[k].any()]
    states = {"contango": found.contango, "backwardation": ~found.contango}

    def sums(rows: list[int], chosen: Bools) -> dict[str, Any]:
        usd = {name: float(values[rows][:, chosen].sum()) for name, values in columns.items()}
        return {"sessions": int((found.held[rows].any(axis=0) & chosen).sum()), **usd, "net_usd": sum(usd.values())}

    def by_state(rows: list[int]) -> dict[str, Any]:
        return {name: sums(rows, chosen) for name, chosen in states.items()}

    every = np.ones_like(found.contango)
    return {
        "definition": DEFINITION,
        "by_state": by_state(layers),
        "layers": {result.policy.hedge.layers[k].name: {**sums([k], every), "by_state": by_state([k])} for k in layers},
    }
