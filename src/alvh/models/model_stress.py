"""The modelled market in a scenario: the shocked surface, and every leg repriced on it by one kernel call.

A shocked close is again a row of the model's own state (spot, total variance at the tenors, VIX forwards, vol of the VIX), so
that marks on it are marks of the same surface and keep what that surface keeps: no arbitrage in strike, none in time. Only
``sticky_strike`` leaves that family: it reads the smile at the old forward and shifts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataMissing, UsageError
from alvh.core.ticks import tick_rule
from alvh.kernels.calibrate import tilts_into, vols_into
from alvh.kernels.stress import price_scenarios
from alvh.market.market import Legs
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.models import spreads, vix_smile
from alvh.models.spx_surface import INDEX_TO_ATM, MIN_FORWARD_VARIANCE, TENOR_YEARS

if TYPE_CHECKING:
    from alvh.models.model_market import ModelMarket

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_ATM = 0.05
"""At-the-money SPX vol is held here where a downward VIX move leaves less: the floor of the model's forward variances, and
about what the lowest VIX close (9.14 on 2017-11-03) and VIX9D stand for at INDEX_TO_ATM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expiries:
    """What the legs of each expiry share, all (expiries, scenarios) but ``is_vix``; ``settled`` where the expiry is past."""

    time: Floats
    forward: Floats
    reference: Floats
    settled: NDArray[np.bool_]
    is_vix: NDArray[np.bool_]


def reprice(market: ModelMarket, index: int, legs: Legs, scenarios: Scenarios, response: Response) -> Repriced:
    """Every leg of session ``index`` in every scenario. Raises :class:`DataMissing` for a VIX expiry without a forward that
    session, :class:`UsageError` where a scenario takes VIX or a VX future to zero."""
    rows, leg_expiry = np.unique(legs.series, return_inverse=True)
    parts = _expiries(market, index, rows, scenarios, response)
    theta, floored = _total_variance(market, index, scenarios, response)
    square, factor = _vix_vol(market, index, scenarios, response)
    n, m = len(scenarios), len(legs.series)
    shift = np.zeros(parts.time.shape)
    if response.spx_dynamic == "sticky_strike":
        shift = _strike_shift(market, index, parts.time, scenarios, response)
    value, vol = np.empty((m, n)), np.empty((m, n))
    price_scenarios(
        parts.time,
        parts.forward,
        np.exp(-market.state[2][index] * parts.time),
        parts.reference,
        shift,
        parts.is_vix,
        theta,
        float(market.state[5][index]),
        square,
        factor,
        market.coefficients,
        leg_expiry.astype(np.int64),
        np.ascontiguousarray(legs.strike),
        np.ascontiguousarray(legs.right),
        value,
        vol,
    )
    settled = parts.settled[leg_expiry]
    vol[settled] = np.nan
    half = _half_spreads(market, index, legs, value, market.history.vix_close[index] + scenarios.vix_points)
    half[settled] = 0.0
    half *= response.liquidity
    return Repriced(value=value.T, forward=parts.forward[leg_expiry].T, vol=vol.T, half_spread=half.T, floored=floored)


def _expiries(market: ModelMarket, index: int, rows: Ints, scenarios: Scenarios, response: Response) -> _Expiries:
    expiry, early, column, scale = (array[rows] for array in market.legs_of_series)
    session = int(market.history.sessions[index])
    life = (expiry - session - early)[:, None]
    days = scenarios.days_forward[None, :]
    left = np.maximum(life - days, 0.0)
    settled = np.asarray((life <= days) & (days > 0.0))
    share = np.ones(left.shape)
    if response.path == "linear":
        share = np.where(settled, np.maximum(life, 0.0) / np.where(days > 0.0, days, 1.0), 1.0)
    is_vix = column >= 0
    time = left / 365.0
    spot = float(market.history.spx_close[index])
    carry = np.exp((market.state[2][index] - market.state[3][index]) * time)
    reference = scale[:, None] * spot * carry
    forward = reference * (1.0 + share * scenarios.spx_move[None, :])
    if is_vix.any():
        forward[is_vix] = _vix_forward(
            market, index, rows[is_vix], (expiry - session)[is_vix], settled[is_vix], share[is_vix], scenarios, response
        )
        reference[is_vix] = forward[is_vix]
    if response.spx_dynamic != "sticky_strike":
        reference = forward
    return _Expiries(time=time, forward=forward, reference=reference, settled=settled, is_vix=is_vix)


def _vix_forward(
    market: ModelMarket,
    index: int,
    rows: Ints,
    dte: Ints,
    settled: NDArray[np.bool_],
    share: Floats,
    scenarios: Scenarios,
    response: Response,
) -> Floats:
    """Forward, or the settlement's proxy once expired, of VIX expiries (e,) in scenarios (n,): (e, n)."""
    expiry, _, column, _ = market.legs_of_series
    session, vix = int(market.history.sessions[index]), float(market.history.vix_close[index])
    today = market.state[7][index]
    own = today[column[rows]]
    if not np.isfinite(own).all():
        at = rows[~np.isfinite(own)][0]
        raise DataMissing(
            "no VX forward of this expiry at this session",
            where=f"{market.series.roots[at]} {iso(expiry[at])}, {iso(session)}",
            todo="name an expiry that was listed",
        )
    low = vix + scenarios.vix_points
    if low.min() <= 0.0:
        raise UsageError(
            f"VIX {vix:g} {scenarios.vix_points.min():+g} points is not above zero", where=iso(session), allowed="VIX above zero"
        )
    held = np.broadcast_to(dte.astype(np.float64)[:, None], settled.shape)
    if response.curve == "rolls":
        vix_rows = market.series.vix_rows
        ahead = (expiry[vix_rows] - session).astype(np.float64)
        known = np.isfinite(today[column[vix_rows]]) & (ahead > 0.0)
        knots, first = np.unique(np.append(0.0, ahead[known]), return_index=True)
        curve = np.log(np.append(vix, today[column[vix_rows]][known]))[first]
        left = np.maximum(held - scenarios.days_forward[None, :], 0.0)
        base = own[:, None] * np.exp(np.interp(left, knots, curve) - np.interp(held, knots, curve))
        change = scenarios.curve_change(np.ascontiguousarray(left.T), response).T
        change = np.where(settled, scenarios.vix_points[None, :], change)
    else:
        base = np.broadcast_to(own[:, None], settled.shape)
        change = scenarios.curve_change(np.ascontiguousarray(held.T), response).T
    forward = base + share * change
    if forward.min() <= 0.0:
        at, row = np.unravel_index(int(np.argmin(forward)), forward.shape)
        raise UsageError(
            f"the VX future of {iso(expiry[rows[at]])} would stand at {forward[at, row]:.2f}",
            where=f"VIX {scenarios.vix_points[row]:+g} points, {iso(session)}",
            allowed="futures above zero",
            todo="use a smaller downward move, or betas that fall with the tenor",
        )
    return np.asarray(forward)


def _skew(market: ModelMarket, index: int) -> Floats:
    """(4,) d vol / d ln K at the money, at the tenors of the index family: m'(0) / sqrt(T) of the smile's hyperbola."""
    tilt = np.empty(4)
    tilts_into(market.state[4], market.coefficients, np.full(4, index, dtype=np.int64), TENOR_YEARS, tilt)
    mu, s = market.coefficients[:2]
    return np.asarray((tilt - market.state[5][index] * mu / np.hypot(mu, s)) / np.sqrt(TENOR_YEARS))


def _vols(market: ModelMarket, index: int, years: Floats, log_money: Floats) -> Floats:
    """SPX vols of today's surface at ``years`` and ln(K/F), both (p,)."""
    out = np.empty(len(years))
    row = np.full(len(years), index, dtype=np.int64)
    vols_into(market.state[4], market.state[5], market.coefficients, row, np.ascontiguousarray(years), log_money, out)
    return out


def _level(scenarios: Scenarios, response: Response) -> tuple[Floats, NDArray[np.bool_]]:
    """(n, 4) change of at-the-money vol at the tenors that VIX or the tenor's own index gives, and where the latter did."""
    beta = np.ones(4) if response.spx_dynamic == "ssr" else np.asarray(response.spx_tenor_beta)
    points = scenarios.vix_points[:, None] * beta
    measured = np.zeros(points.shape, dtype=np.bool_)
    if scenarios.index_points is not None:
        measured = np.isfinite(scenarios.index_points)
        # an index point is less at-the-money vol at the long tenors, whose smiles are wider
        points = np.where(measured, scenarios.index_points * (INDEX_TO_ATM[1] / INDEX_TO_ATM), points)
    return response.spx_atm_per_point * points, measured


def _total_variance(
    market: ModelMarket, index: int, scenarios: Scenarios, response: Response
) -> tuple[Floats, NDArray[np.bool_]]:
    """(n, 4) at-the-money total variance at the tenors, and the scenarios in which it met a floor."""
    base = np.asarray(market.state[4][index])
    n = len(scenarios)
    if response.spx_dynamic == "sticky_strike":
        return np.ascontiguousarray(np.broadcast_to(base, (n, 4))), np.zeros(n, dtype=np.bool_)
    change, measured = _level(scenarios, response)
    if response.spx_dynamic == "ssr":
        skew = _skew(market, index)
        by_spot = response.ssr * (skew - skew[1])[None, :] * np.log1p(scenarios.spx_move)[:, None]
        change = np.where(measured, change, change + by_spot)
    today = np.sqrt(base / TENOR_YEARS)
    moved = today[None, :] + change
    least = np.minimum(today, LEAST_ATM)
    floored = np.asarray((moved < least).any(axis=1))
    theta = np.maximum(moved, least) ** 2 * TENOR_YEARS
    step = np.minimum(np.diff(base), MIN_FORWARD_VARIANCE * np.diff(TENOR_YEARS)) * (1.0 - 1e-12)
    for k in range(3):
        lifted = theta[:, k] + step[k]
        floored |= theta[:, k + 1] < lifted
        theta[:, k + 1] = np.maximum(theta[:, k + 1], lifted)
    return np.ascontiguousarray(theta), floored


def _strike_shift(market: ModelMarket, index: int, time: Floats, scenarios: Scenarios, response: Response) -> Floats:
    """(e, n) shift of a smile that stays at its strikes, so that at-the-money vol moves by the level of each tenor."""
    level, _ = _level(scenarios, response)
    n = len(scenarios)
    gained = np.empty((n, 4))
    log_move = np.log1p(scenarios.spx_move)
    for k, years in enumerate(TENOR_YEARS.tolist()):
        gained[:, k] = _vols(market, index, np.full(n, years), log_move) - _vols(market, index, np.full(n, years), np.zeros(n))
    shift = level - gained
    out = np.empty(time.shape)
    for row in range(n):
        out[:, row] = np.interp(time[:, row], TENOR_YEARS, shift[row])
    return out


def _vix_vol(market: ModelMarket, index: int, scenarios: Scenarios, response: Response) -> tuple[Floats, Floats]:
    """(n,) squared vol of vol, and the factor on at-the-money VIX vol; a measured VVIX takes the place of the response."""
    square = np.full(len(scenarios), float(market.state[6][index]))
    factor = 1.0 + response.vix_vol_per_point * scenarios.vix_points
    if scenarios.vvix_points is not None:
        known = np.isfinite(scenarios.vvix_points)
        vvix = market.history.vvix[index] + scenarios.vvix_points[known]
        square[known] = vix_smile.squared_vol_of_vol(vvix, vix_smile.SHIPPED)[0] * market.case.vix_level**2
        factor[known] = 1.0
    if factor.min() <= 0.0:
        raise UsageError(
            f"VIX {scenarios.vix_points.min():+g} points at {response.vix_vol_per_point:g} a point leave no VIX vol",
            where="response, vix_vol_per_point",
            allowed="a product above -1",
        )
    return square, factor


def _half_spreads(market: ModelMarket, index: int, legs: Legs, value: Floats, vix: Floats) -> Floats:
    """Half-spreads in points, (legs, scenarios): ``models.spreads.half_spread`` on arrays, at the VIX of each scenario (n,)."""
    session, case = int(market.history.sessions[index]), market.spread_case
    scale = spreads.case_scale(case)
    stress = np.maximum(1.0, vix / spreads.STRESS_VIX) ** spreads.STRESS_POWER
    era = spreads.spx_era(session, case)
    kinds: dict[tuple[Root, bool, bool], list[int]] = {}
    for j, (row, right) in enumerate(zip(legs.series.tolist(), legs.right.tolist(), strict=True)):
        kinds.setdefault((market.series.roots[row], bool(market.series.monthly[row]), right == 0.0), []).append(j)
    half = np.empty(value.shape)
    for (root, monthly, future), members in kinds.items():
        at = np.array(members)
        if future:
            half[at] = 0.5 * tick_rule(Root.VX, session).below * stress[None, :]
            continue
        rule = tick_rule(root, session)
        unit = market.series.scale(int(legs.series[members[0]]))
        if root in (Root.VIX, Root.VIXW):
            floor, constant, slope = spreads.vix_coefficients(session, weekly=not monthly)
            widen = np.ones(len(vix)) if case == "low" else stress
            half[at] = np.maximum(floor, (constant + slope * value[at]) * (widen * scale))
            continue
        factor = np.maximum(stress, era) * scale
        if case == "low" and session < spreads.SPX_ERAS[0][0]:
            factor = np.maximum(factor, spreads.LOW_ERA)
        price = value[at]
        tick = np.where(price < rule.threshold, rule.below, rule.above)
        points = np.maximum(0.5 * tick, (spreads.SPX_BASE + spreads.SPX_ROOT * np.sqrt(price / unit)) * factor)
        half[at] = np.minimum(points, 0.5 * price / unit) * unit
    return half
