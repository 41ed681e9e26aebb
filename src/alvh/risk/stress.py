"""What a book is worth under joint moves of SPX, VIX and the VX curve: cells, grids, and who and what each cell comes from.

P&L is against today's mark at mid. ``docs/explanation/stress.md`` says what is assumed and why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.core.days import iso
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.kernels.black import black_price
from alvh.market.history import Floats
from alvh.market.market import Legs, Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.risk.betas import TenorBetas
from alvh.risk.coverage import HEDGE
from alvh.risk.exposures import contract_text, legs_of, unit_greeks

GREEKS = ("delta", "gamma", "vega", "theta", "rest")
"""Parts of a cell, in order: second-order Taylor terms in each leg's own forward, its own implied vol and time; ``rest`` is what
they leave (vanna, volga, higher orders, the rate on the premium)."""
SPX_MOVES = tuple(np.round(np.linspace(-0.20, 0.10, 31), 4).tolist())
"""-20 % to +10 % in steps of 1 %: methods.md 8.3 and the -12/+10 % of house margin lie inside."""
VIX_MOVES = tuple(float(v) for v in range(-6, 51, 2))
"""-6 to +50 points, the largest of methods.md 8.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """A book in scenarios, dollars against today's mark at mid.

    ``pnl_usd`` (n,) at mid; ``pnl_bid_usd`` (n,) where longs are sold at the scenario's widened bid and shorts bought at its
    widened ask; ``leg_usd`` (n, positions) at mid; ``greek_usd`` (5, n, positions) the parts of :data:`GREEKS`, which add up to
    it; ``base_usd`` (positions,) the mark today; ``floored`` as in :class:`~alvh.market.scenarios.Repriced`.
    """

    positions: Positions
    session: int
    scenarios: Scenarios
    response: Response
    base_usd: Floats
    pnl_usd: Floats
    pnl_bid_usd: Floats
    leg_usd: Floats
    greek_usd: Floats
    floored: NDArray[np.bool_]

    def by_greek(self) -> dict[str, Floats]:
        """(n,) of the whole book by part."""
        return {name: np.asarray(self.greek_usd[k].sum(axis=1)) for k, name in enumerate(GREEKS)}

    def by_sleeve(self) -> dict[str, Floats]:
        """(n,) by sleeve, in order of appearance."""
        return self._by(list(self.positions.sleeve))

    def by_layer(self) -> dict[str, Floats]:
        """(n,) by ``sleeve`` or ``sleeve/layer``, in order of appearance."""
        pairs = zip(self.positions.sleeve, self.positions.layer, strict=True)
        return self._by([f"{sleeve}/{layer}" if layer else sleeve for sleeve, layer in pairs])

    def _by(self, keys: list[str]) -> dict[str, Floats]:
        out: dict[str, Floats] = {}
        for k, key in enumerate(keys):
            out[key] = out.get(key, np.zeros(len(self.scenarios))) + self.leg_usd[:, k]
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class StressGrid:
    """A :class:`Stress` whose scenarios are every SPX move (a,) with every VIX move (b,) at one date."""

    spx_moves: Floats
    vix_points: Floats
    days_forward: float
    stress: Stress

    def shaped(self, values: Floats) -> Floats:
        """(a, b) of one value a scenario."""
        return np.asarray(values.reshape(len(self.spx_moves), len(self.vix_points)))

    @property
    def pnl_usd(self) -> Floats:
        """(a, b) at mid."""
        return self.shaped(self.stress.pnl_usd)

    @property
    def pnl_bid_usd(self) -> Floats:
        """(a, b) at the widened bid side."""
        return self.shaped(self.stress.pnl_bid_usd)

    def worst(self) -> tuple[float, float, float]:
        """The lowest P&L at mid, with its SPX move and VIX points."""
        at = int(np.argmin(self.stress.pnl_usd))
        scenarios = self.stress.scenarios
        return float(self.stress.pnl_usd[at]), float(scenarios.spx_move[at]), float(scenarios.vix_points[at])

    def document(self) -> dict[str, Any]:
        """Axes, cells and what they rest on, as plain numbers and lists."""
        stress, response = self.stress, self.stress.response
        worst_usd, worst_spx, worst_vix = self.worst()
        return {
            "session": iso(stress.session),
            "days_forward": self.days_forward,
            "spx_move": self.spx_moves.tolist(),
            "vix_points": self.vix_points.tolist(),
            "base_usd": float(stress.base_usd.sum()),
            "pnl_usd": self.pnl_usd.tolist(),
            "pnl_bid_usd": self.pnl_bid_usd.tolist(),
            "pnl_usd_by_layer": {key: self.shaped(values).tolist() for key, values in stress.by_layer().items()},
            "pnl_usd_by_greek": {key: self.shaped(values).tolist() for key, values in stress.by_greek().items()},
            "worst_usd": worst_usd,
            "worst_spx_move": worst_spx,
            "worst_vix_points": worst_vix,
            "floored_cells": int(stress.floored.sum()),
            "assumptions": assumptions(response),
        }


def assumptions(response: Response) -> dict[str, Any]:
    """A response as plain values."""
    return {
        "vx_curve_beta_by_days": dict(zip((f"{day:g}" for day in response.curve_days), response.curve_beta, strict=True)),
        "vix_vol_relative_change_per_vix_point": response.vix_vol_per_point,
        "spx_atm_vol_points_per_vix_point": 100.0 * response.spx_atm_per_point,
        "spx_atm_beta_at_9_30_93_184_days": list(response.spx_tenor_beta),
        "spx_smile_dynamic": response.spx_dynamic,
        "skew_stickiness_ratio": response.ssr if response.spx_dynamic == "ssr" else None,
        "liquidity_widening_factor": response.liquidity,
        "vx_curve_with_time": response.curve,
        "shock_path": response.path,
    }


def response_with(betas: TenorBetas, response: Response | None = None) -> Response:
    """The response with the betas of another measure (a rolling window, a regime) in place of its own."""
    base = Response() if response is None else response
    return replace(base, curve_days=tuple(betas.tenor_days.tolist()), curve_beta=tuple(betas.beta.tolist()))


def priced_legs(snapshot: Snapshot, series: SeriesTable, positions: Positions) -> Legs:
    """Legs of a book that lives at this close. Raises :class:`DataInvalid` for an empty book, one that is past, or no expiry."""
    if len(positions) == 0:
        raise DataInvalid("the book has no positions", where="book", allowed="at least one position")
    legs = legs_of(positions, series)
    past = np.flatnonzero(positions.expiry <= snapshot.session)
    if past.size:
        k = int(past[0])
        raise DataInvalid(
            f"expired by the close of {iso(snapshot.session)}",
            where=f"position {k + 1}, {contract_text(positions, k)}",
            allowed="expiries after the session",
            todo="drop the position from the book, or choose an earlier date",
        )
    return legs


def zero_value(snapshot: Snapshot, legs: Legs, response: Response, positions: Positions) -> Floats:
    """(legs,) points at no shock. Raises :class:`DataMissing` for a leg without a price."""
    value = np.asarray(snapshot.reprice(legs, Scenarios.of(0.0, 0.0), response)[0])
    bad = np.flatnonzero(~np.isfinite(value))
    if bad.size:
        raise DataMissing(
            f"no price at the close of {iso(snapshot.session)}",
            where=f"position {bad[0] + 1}, {contract_text(positions, int(bad[0]))}",
            allowed="contracts that the market prices on that session",
            todo="mend the contract or take it out of the book",
        )
    return value


def stress(
    snapshot: Snapshot, series: SeriesTable, positions: Positions, scenarios: Scenarios, response: Response | None = None
) -> Stress:
    """A book in scenarios. Raises the errors of :func:`priced_legs`, :func:`zero_value` and ``Snapshot.reprice``."""
    response = Response() if response is None else response
    legs = priced_legs(snapshot, series, positions)
    dollars = positions.quantity * positions.multiplier_usd
    base = zero_value(snapshot, legs, response, positions)
    found = snapshot.reprice_fully(legs, scenarios, response)
    change = np.asarray((found.value - base) * dollars)
    exit_usd = (found.value - _exit_value(found, positions)) * dollars
    pnl = change.sum(axis=1)
    return Stress(
        positions=positions,
        session=snapshot.session,
        scenarios=scenarios,
        response=response,
        base_usd=base * dollars,
        pnl_usd=pnl,
        pnl_bid_usd=pnl - exit_usd.sum(axis=1),
        leg_usd=change,
        greek_usd=_greeks(snapshot, legs, series, scenarios, found, change, dollars),
        floored=found.floored,
    )


def _exit_value(found: Repriced, positions: Positions) -> Floats:
    """Longs at the bid, never below zero for an option; shorts at the ask."""
    half = np.where(positions.quantity > 0.0, found.half_spread, -found.half_spread)
    out = found.value - half
    return np.where(positions.is_option & (out < 0.0), 0.0, out)


def _greeks(
    snapshot: Snapshot,
    legs: Legs,
    series: SeriesTable,
    scenarios: Scenarios,
    found: Repriced,
    change: Floats,
    dollars: Floats,
) -> Floats:
    """(5, n, legs) dollars: what delta, gamma, vega and theta of today explain of each cell, and the rest."""
    _, delta, gamma, vega, theta, forward, vol, years = unit_greeks(snapshot, legs, series)
    out = np.empty((len(GREEKS), *change.shape))
    moved = found.forward - forward
    np.multiply(moved, delta * dollars, out=out[0])
    np.multiply(moved * moved, 0.5 * gamma * dollars, out=out[1])
    vol_points = 100.0 * (found.vol - vol)
    vol_points[np.isnan(vol_points)] = 0.0  # futures, and what has expired
    np.multiply(vol_points, vega * dollars, out=out[2])
    passed = np.minimum(scenarios.days_forward[:, None], 365.0 * years[None, :])
    np.multiply(passed, theta * dollars, out=out[3])
    np.subtract(change, out[:4].sum(axis=0), out=out[4])
    return out


def step_usd(snapshot: Snapshot, series: SeriesTable, found: Stress) -> dict[str, Floats]:
    """Each cell cut by revaluation, (n, positions) dollars: first time passes, then each leg's forward moves, then its vol.

    The three add up to ``leg_usd`` exactly (the last is what the others leave), however large the move; the Greeks do not.
    """
    positions = found.positions
    legs = legs_of(positions, series)
    unit = unit_greeks(snapshot, legs, series)
    forward, vol, years = unit[5], unit[6], unit[7]
    option = positions.is_option
    dollars = positions.quantity * positions.multiplier_usd
    rate = np.array([-np.log(snapshot.discount(int(row))) for row in legs.series.tolist()])
    rate = np.divide(rate, years, out=np.zeros(len(years)), where=years > 0.0)
    left = np.maximum(years - found.scenarios.days_forward[:, None] / 365.0, 0.0)
    moved = snapshot.reprice_fully(legs, found.scenarios, found.response).forward
    time, fall = np.zeros(found.leg_usd.shape), np.zeros(found.leg_usd.shape)
    strike, right = legs.strike[option], legs.right[option]
    later = left[:, option]
    discount = np.exp(-rate[option] * later)
    still = black_price(forward[option], strike, later, discount, vol[option], right)
    after = black_price(moved[:, option], strike, later, discount, vol[option], right)
    time[:, option] = still * dollars[option] - found.base_usd[option]
    fall[:, option] = (after - still) * dollars[option]
    fall[:, ~option] = found.leg_usd[:, ~option]
    return {"time": time, "forward": fall, "vol": found.leg_usd - time - fall}


def stress_grid(
    snapshot: Snapshot,
    series: SeriesTable,
    positions: Positions,
    *,
    spx_moves: ArrayLike = SPX_MOVES,
    vix_points: ArrayLike = VIX_MOVES,
    days_forward: float = 0.0,
    response: Response | None = None,
) -> StressGrid:
    """The book at every SPX move with every VIX move, ``days_forward`` calendar days from now."""
    spx, vix = np.atleast_1d(np.asarray(spx_moves, np.float64)), np.atleast_1d(np.asarray(vix_points, np.float64))
    if spx.size == 0 or vix.size == 0:
        raise UsageError("an axis of the grid is empty", where="stress grid", allowed="at least one SPX and one VIX move")
    scenarios = Scenarios.grid(spx, vix, days_forward=days_forward)
    found = stress(snapshot, series, positions, scenarios, response)
    return StressGrid(spx_moves=spx, vix_points=vix, days_forward=float(days_forward), stress=found)


def picture_days(positions: Positions, session: int, *, horizon_days: float | None = None) -> dict[str, float]:
    """Calendar days from ``session`` to the dates of the usual pictures: ``T+0``, ``T+n`` and ``expiry``.

    Expiry is the last SPX expiry outside the hedge (whose put spreads may outlive the condors), for a book without one the last
    SPX expiry, without SPX options its last expiry; n is ``horizon_days``, else half the way there in whole days. Layers that
    expire before are paid at their own settlement's proxy.
    """
    spx = ~positions.is_vix
    bare = spx & np.array([sleeve != HEDGE for sleeve in positions.sleeve], dtype=np.bool_)
    spx = bare if bare.any() else spx
    end = int((positions.expiry[spx] if spx.any() else positions.expiry).max()) - session
    half = float(end // 2) if horizon_days is None else float(horizon_days)
    return {"T+0": 0.0, f"T+{half:g}": half, "expiry": float(end)}
