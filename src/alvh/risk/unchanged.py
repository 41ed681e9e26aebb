"""A book some days later with index, VX curve and surfaces as they are now: what time alone does to value and Greeks.

A contract of 60 days is worth, 30 days later, what one of 30 days is worth now: on the curve's 30-day forward, at the vol of that
tenor and standardised moneyness x = ln(K/F)/(atm sqrt T). One that has expired by then is worth its intrinsic value on spot, a VX
future the curve at its later distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataMissing, UsageError
from alvh.kernels.black import black_greeks
from alvh.market.history import Floats
from alvh.market.market import Legs, Snapshot
from alvh.market.positions import FUTURE, Positions
from alvh.market.series import XSP_SCALE, SeriesTable
from alvh.risk.betas import TenorBetas
from alvh.risk.exposures import (
    RESPONSE,
    VOL_POINT,
    YEAR_DAYS,
    Exposures,
    Response,
    assemble,
    contract_text,
    legs_of,
    unit_greeks,
)

Ints = NDArray[np.int64]

LEAST_YEARS = 1e-9
"""Keeps a quotient finite on the day of expiry."""


def unchanged_value(snapshot: Snapshot, positions: Positions, series: SeriesTable, *, days: int) -> Floats:
    """Points per unit of each position ``days`` later, (positions,); errors as for :func:`unchanged_greeks`."""
    out: Floats = unchanged_greeks(snapshot, positions, series, days=days)[0]
    return out


def exposures_unchanged(
    snapshot: Snapshot,
    positions: Positions,
    series: SeriesTable,
    betas: TenorBetas,
    *,
    days: int,
    response: Response = RESPONSE,
) -> Exposures:
    """Exposures of a book ``days`` later with nothing moved, for instance at the condors' expiry (R56).

    What has expired by then keeps its settlement value and has no Greek. Errors as for :func:`unchanged_greeks`.
    """
    unit = unchanged_greeks(snapshot, positions, series, days=days)
    return assemble(snapshot, positions, unit, betas, response, days=days)


def unchanged_greeks(snapshot: Snapshot, positions: Positions, series: SeriesTable, *, days: int) -> Floats:
    """Rows of ``exposures.UNIT_ROWS`` of each position ``days`` later, (8, positions).

    Between listed expiries the forward is linear in ln F over days (from spot at zero days), at-the-money variance linear over
    time, and the smile in x linear over days; before the first expiry they are that one's. Raises :class:`DataMissing` where the
    surface gives no price there, :class:`UsageError` for days below zero.
    """
    if days < 0:
        raise UsageError(f"{days} days", where="static decay", allowed="0 or more", todo="give the days to look ahead")
    own = unit_greeks(snapshot, legs_of(positions, series), series)
    left = positions.expiry - snapshot.session - days
    out = np.zeros(own.shape)
    spot = np.array([_spot(snapshot, root) for root in positions.root])
    gone = left <= 0
    intrinsic = np.maximum(positions.right * (spot - np.nan_to_num(positions.strike)), 0.0)
    out[0, gone] = np.where(positions.is_option, intrinsic, spot)[gone]
    out[5, gone] = spot[gone]
    alive = np.flatnonzero(~gone)
    if alive.size:
        out[:, alive] = _on_surface(snapshot, positions.rows(~gone), series, left[alive], spot[alive], own[:, alive], days)
    missing = np.flatnonzero(~np.isfinite(out).all(axis=0))
    if missing.size:
        k = int(missing[0])
        raise DataMissing(
            f"no price {days} days on, with the surface of {iso(snapshot.session)}",
            where=f"position {k + 1}, {contract_text(positions, k)}",
            allowed="a market that prices every strike of its expiries",
            todo="use the modelled market, or leave the decay out",
        )
    return out


def _spot(snapshot: Snapshot, root: Root) -> float:
    if root in (Root.VIX, Root.VIXW, Root.VX, Root.VXM):
        return snapshot.vix
    return snapshot.spx * (XSP_SCALE if root == Root.XSP else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """The listed expiries around each position's later distance: series rows ``low`` and ``high``, and the weight of ``high``.

    ``from_spot`` where none is listed below: the curve then runs from spot at zero days, and vols are those of ``high``.
    """

    low: Ints
    high: Ints
    weight: Floats
    from_spot: NDArray[np.bool_]


def _between(snapshot: Snapshot, positions: Positions, series: SeriesTable, left: Ints) -> _Between:
    low, high = _neighbours(snapshot, positions, series, left)
    from_spot = low < 0
    low = np.where(from_spot, high, low)
    day_low = np.where(from_spot, 0, series.expiry[low] - snapshot.session).astype(np.float64)
    day_high = (series.expiry[high] - snapshot.session).astype(np.float64)
    weight = np.divide(left - day_low, day_high - day_low, out=np.ones(left.size), where=day_high > day_low)
    return _Between(low=low, high=high, weight=weight, from_spot=from_spot)


def _on_surface(
    snapshot: Snapshot, positions: Positions, series: SeriesTable, left: Ints, spot: Floats, own: Floats, days: int
) -> Floats:
    """Unit Greeks of positions that are still alive; ``left`` days then, ``own`` unit Greeks now."""
    around = _between(snapshot, positions, series, left)
    n, weight = len(positions), around.weight
    pair = np.concatenate([around.low, around.high])

    def at(strike: Floats, right: Floats) -> Floats:
        return unit_greeks(snapshot, Legs(series=pair, strike=strike, right=right), series)

    calls = np.ones(2 * n)
    forward = at(np.concatenate([spot, spot]), calls)[5]
    money = at(forward, calls)
    atm, years = money[6], money[7]
    then = np.exp((1.0 - weight) * np.log(np.where(around.from_spot, spot, forward[:n])) + weight * np.log(forward[n:]))
    time = np.maximum(own[7] - days / YEAR_DAYS, LEAST_YEARS)
    variance = (1.0 - weight) * atm[:n] ** 2 * years[:n] + weight * atm[n:] ** 2 * years[n:]
    elapsed = np.maximum((1.0 - weight) * years[:n] + weight * years[n:], LEAST_YEARS)
    atm_then = np.where(around.from_spot, atm[n:], np.sqrt(variance / elapsed))
    option = positions.is_option
    x = np.log(np.where(option, positions.strike, then) / then) / (atm_then * np.sqrt(time))
    both = np.concatenate([x, x])
    vol = at(forward * np.exp(both * atm * np.sqrt(years)), np.where(both >= 0.0, 1.0, -1.0))[6]
    vol_then = atm_then * ((1.0 - weight) * vol[:n] / atm[:n] + weight * vol[n:] / atm[n:])
    rows = legs_of(positions, series).series.tolist()
    rate = -np.log([snapshot.discount(row) for row in rows]) / np.maximum(own[7], LEAST_YEARS)
    discount = np.exp(-rate * time)
    right = np.where(positions.right == FUTURE, 1, positions.right)
    price, delta, gamma, vega, theta = black_greeks(
        then, np.where(option, positions.strike, then), time, discount, vol_then, right
    )
    zero = np.zeros(n)
    made = np.array([price, discount * delta, gamma, VOL_POINT * vega, theta / YEAR_DAYS, then, vol_then, time])
    future = np.array([then, np.ones(n), zero, zero, zero, then, zero, time])
    return np.asarray(np.where(option, made, future))


def _neighbours(snapshot: Snapshot, positions: Positions, series: SeriesTable, left: Ints) -> tuple[Ints, Ints]:
    """Series rows of the listed expiries at or before, and at or after, ``left`` days; -1 where none is before.

    The position's own series stands above where nothing nearer is listed.
    """
    own = legs_of(positions, series).series
    low, high = np.full(own.size, -1, dtype=np.int64), own.copy()
    listed = {flag: snapshot.listed(vix=flag) for flag in np.unique(series.is_vix[own]).tolist()}
    for k, row in enumerate(own.tolist()):
        rows = listed[bool(series.is_vix[row])]
        rows = rows[[(series.roots[r] == Root.XSP) == (series.roots[row] == Root.XSP) for r in rows.tolist()]]
        gap = series.expiry[rows] - snapshot.session
        below, above = rows[gap <= left[k]], rows[gap >= left[k]]
        if below.size:
            low[k] = below[np.argmax(series.expiry[below])]
        if above.size:
            high[k] = above[np.argmin(series.expiry[above])]
    return low, high
