"""Every cell beside a full reprice by brute force: the market's own mark on a state shocked row by row in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.books import market_of
from tests.helpers.history import make_history
from tests.reference import surface_reference as surface
from tests.reference.black_reference import black_price

from alvh.core.contracts import Root
from alvh.core.ticks import tick_rule
from alvh.market.market import Legs
from alvh.market.scenarios import Response, Scenarios
from alvh.models import vix_smile
from alvh.models.model_market import ModelMarket
from alvh.models.model_stress import _skew
from alvh.models.spreads import half_spread
from alvh.models.spx_surface import INDEX_TO_ATM

TENORS = (9.0, 30.0, 93.0, 184.0)
INDEX = 130
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def market() -> ModelMarket:
    return market_of(make_history(220, seed=11, stress=True), xsp=True)


def some_legs(market: ModelMarket) -> Legs:
    """Calls and puts of every listed series, in and out of the money."""
    snapshot = market.snapshot(INDEX)
    rows: list[tuple[int, float, int]] = []
    for vix in (False, True):
        for row in snapshot.listed(vix=vix).tolist():
            chain = snapshot.slice(row, 1)
            for ratio in (0.8, 1.0, 1.6) if vix else (0.75, 0.96, 1.04):
                strike = float(chain.strikes[np.argmin(np.abs(chain.strikes - ratio * chain.forward))])
                rows += [(row, strike, 1), (row, strike, -1)]
    return Legs.of(rows)


def scenarios(days: tuple[float, ...] = (0.0, 20.0, 45.0, 120.0)) -> Scenarios:
    moves = [(-0.2, 45.0), (-0.08, 18.0), (0.0, 0.0), (0.0, 12.0), (0.04, -3.0), (0.06, 6.0)]
    rows = [(spx, vix, day) for day in days for spx, vix in moves]
    return Scenarios.of(*(np.array(column) for column in zip(*rows, strict=True)))


def interpolate(x: float, xs: list[float], ys: list[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    for a, b, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x <= b:
            return low + (high - low) * (x - a) / (b - a)
    return ys[-1]


def curve_beta(response: Response, days: float) -> float:
    return interpolate(days, list(response.curve_days), list(response.curve_beta))


def skew(market: ModelMarket, tenor: int) -> float:
    """Slope of vol in ln K at the money."""
    years = TENORS[tenor] / 365.0
    shape = market.coefficients
    theta = market.state[4][INDEX]
    d = shape[2] + shape[3] * min(max(math.log(theta[tenor] / theta[1]), shape[9]), shape[10])
    return float((d - market.state[5][INDEX] * shape[0] / math.hypot(shape[0], shape[1])) / math.sqrt(years))


def test_the_skew_is_the_slope_of_the_smile() -> None:
    made = market_of(make_history(30, seed=3))
    theta, b, shape = made.state[4][20], float(made.state[5][20]), made.coefficients
    for k, days in enumerate(TENORS):
        d = shape[2] + shape[3] * min(max(math.log(theta[k] / theta[1]), shape[9]), shape[10])
        atm, step = math.sqrt(theta[k] / (days / 365.0)), 1e-4
        low, high = (atm * surface.smile(x, d, b, surface.CLEAN) for x in (-step, step))
        wanted = (high - low) / (2.0 * step * math.sqrt(theta[k]))
        assert _skew(made, 20)[k] == pytest.approx(wanted, rel=1e-6)


def knots(market: ModelMarket, move: float, points: float, response: Response, index_points: list[float] | None) -> list[float]:
    """At-the-money total variance at the four tenors after the shock."""
    out = []
    theta = market.state[4][INDEX]
    for k, days in enumerate(TENORS):
        years = days / 365.0
        if index_points is not None and not math.isnan(index_points[k]):
            change = response.spx_atm_per_point * index_points[k] * INDEX_TO_ATM[1] / INDEX_TO_ATM[k]
        elif response.spx_dynamic == "ssr":
            change = response.spx_atm_per_point * points
            change += response.ssr * (skew(market, k) - skew(market, 1)) * math.log1p(move)
        else:
            change = response.spx_atm_per_point * points * response.spx_tenor_beta[k]
        vol = max(math.sqrt(theta[k] / years) + change, 0.05)
        variance = vol * vol * years
        if out:
            variance = max(variance, out[-1] + 0.05**2 * (days - TENORS[k - 1]) / 365.0)
        out.append(variance)
    return out


def vix_forward(market: ModelMarket, series: int, scenario: Scenarios, i: int, response: Response) -> float:
    """Forward of a VIX expiry in one scenario, or its settlement's proxy where it has expired."""
    history, table = market.history, market.series
    session, vix = int(history.sessions[INDEX]), float(history.vix_close[INDEX])
    today = market.state[7][INDEX]
    columns = [int(c) for c in market.legs_of_series[2] if c >= 0]
    rows = [k for k in range(len(table)) if table.is_vix[k] and int(table.expiry[k]) > session]
    knots_of = sorted({(int(table.expiry[k]) - session, float(today[int(market.legs_of_series[2][k])])) for k in rows})
    points = [(0.0, vix)] + [(float(days), level) for days, level in knots_of if not math.isnan(level)]
    assert len(columns) == int(table.is_vix.sum())
    dte = float(int(table.expiry[series]) - session)
    days, change = float(scenario.days_forward[i]), float(scenario.vix_points[i])
    share = dte / days if response.path == "linear" and 0.0 < dte <= days else 1.0
    own = float(today[int(market.legs_of_series[2][series])])

    def moved(at: float) -> float:
        if scenario.curve_points is not None and not np.isnan(scenario.curve_points[i]).any():
            return interpolate(at, list(scenario.curve_days), scenario.curve_points[i].tolist())
        return curve_beta(response, at) * change

    if response.curve == "holds":
        return own + share * moved(dte)
    if 0.0 < dte <= days:
        return vix + share * change
    left = dte - days
    level = math.exp(interpolate(left, [p[0] for p in points], [math.log(p[1]) for p in points]))
    return level + moved(left)


def brute_force(market: ModelMarket, legs: Legs, scenario: Scenarios, response: Response) -> np.ndarray:
    """(scenarios, legs), each by the mark of a market whose session row is replaced."""
    out = np.empty((len(scenario), len(legs.series)))
    session = int(market.history.sessions[INDEX])
    expiry, early, column, scale = market.legs_of_series
    for i in range(len(scenario)):
        move, points, days = (float(a[i]) for a in (scenario.spx_move, scenario.vix_points, scenario.days_forward))
        day, spx, rate, dividends, theta, b, square, forward = (array.copy() for array in market.state)
        day[INDEX] += int(days)
        spx[INDEX] *= 1.0 + move
        index_points = None if scenario.index_points is None else scenario.index_points[i].tolist()
        theta[INDEX] = knots(market, move, points, response, index_points)
        factor = 1.0 + response.vix_vol_per_point * points
        coefficients = market.coefficients.copy()
        if scenario.vvix_points is not None and not math.isnan(scenario.vvix_points[i]):
            square[INDEX] = vix_smile.squared_vol_of_vol(market.history.vvix[INDEX] + scenario.vvix_points[i], vix_smile.SHIPPED)[
                0
            ]
        else:
            square[INDEX] *= factor**2
            coefficients[18] *= factor**2
        for k in set(legs.series.tolist()):
            if column[k] >= 0:
                forward[INDEX, int(column[k])] = vix_forward(market, k, scenario, i, response)
        shocked = replace(market, state=(day, spx, rate, dividends, theta, b, square, forward), coefficients=coefficients)
        out[i] = shocked.snapshot(INDEX).mark(legs)
        for j, k in enumerate(legs.series.tolist()):
            life = float(expiry[k]) - session - float(early[k])
            if days == 0.0 or life > days:
                continue
            share = life / days if response.path == "linear" else 1.0
            settle = (
                forward[INDEX, int(column[k])] if column[k] >= 0 else scale[k] * market.state[1][INDEX] * (1.0 + share * move)
            )
            out[i, j] = max(legs.right[j] * (settle - legs.strike[j]), 0.0)
    return out


RESPONSES = {
    "default": Response(),
    "published": Response(curve_days=(30.0, 60.0, 90.0), curve_beta=(0.53, 0.38, 0.29), spx_tenor_beta=(1.0, 1.0, 1.0, 1.0)),
    "ssr": Response(spx_dynamic="ssr"),
    "holds, linear": Response(curve="holds", path="linear"),
    "rolls, linear": Response(path="linear"),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_cells_are_full_reprices(market: ModelMarket, name: str) -> None:
    legs, scenario = some_legs(market), scenarios()
    assert len(legs.series) > 300
    found = market.snapshot(INDEX).reprice(legs, scenario, RESPONSES[name])
    np.testing.assert_allclose(found, brute_force(market, legs, scenario, RESPONSES[name]), rtol=0.0, atol=TOLERANCE)


def test_measured_moves_replace_the_response(market: ModelMarket) -> None:
    legs = some_legs(market)
    scenario = Scenarios(
        spx_move=np.array([-0.3, -0.05, -0.05]),
        vix_points=np.array([40.0, 8.0, 8.0]),
        days_forward=np.array([0.0, 0.0, 15.0]),
        curve_days=(0.0, 30.0, 60.0, 120.0),
        curve_points=np.array([[40.0, 28.0, 20.0, 9.0], [np.nan] * 4, [8.0, 2.0, 1.0, 0.5]]),
        vvix_points=np.array([60.0, np.nan, 25.0]),
        index_points=np.array([[60.0, 40.0, 33.0, 21.0], [np.nan] * 4, [np.nan, 8.0, 5.0, np.nan]]),
    )
    found = market.snapshot(INDEX).reprice(legs, scenario, Response())
    np.testing.assert_allclose(found, brute_force(market, legs, scenario, Response()), rtol=0.0, atol=TOLERANCE)


def test_sticky_strike_keeps_the_smile_at_its_strikes(market: ModelMarket) -> None:
    """Each SPX leg at today's implied vol of its strike plus one shift for all strikes of its tenor."""
    response = Response(spx_dynamic="sticky_strike")
    legs = some_legs(market)
    spx_legs = np.flatnonzero(~market.series.is_vix[legs.series])
    legs = Legs(series=legs.series[spx_legs], strike=legs.strike[spx_legs], right=legs.right[spx_legs])
    scenario = Scenarios.of(np.array([-0.06, 0.03, 0.0]), np.array([9.0, -2.0, 4.0]))
    snapshot = market.snapshot(INDEX)
    found = snapshot.reprice_fully(legs, scenario, response)
    today = snapshot.greeks(legs)
    shift = found.vol - today[6]
    for series in set(legs.series.tolist()):
        own = legs.series == series
        assert np.ptp(shift[:, own], axis=1).max() < 1e-12
    betas = [interpolate(365.0 * years, list(TENORS), list(response.spx_tenor_beta)) for years in today[7]]
    np.testing.assert_allclose(shift[2], 0.0075 * 4.0 * np.array(betas), atol=1e-12)
    for i in range(3):
        for j in range(0, len(spx_legs), 17):
            forward, years = today[5, j] * (1.0 + scenario.spx_move[i]), today[7, j]
            wanted = black_price(
                forward, legs.strike[j], years, snapshot.discount(int(legs.series[j])), found.vol[i, j], legs.right[j]
            )
            assert found.value[i, j] == pytest.approx(wanted, abs=1e-8)


def test_sticky_strike_and_sticky_delta_agree_at_the_money_at_thirty_days(market: ModelMarket) -> None:
    """The VIX move fixes that level under every dynamic."""
    snapshot = market.snapshot(INDEX)
    rows = [row for row in snapshot.listed(vix=False).tolist() if market.series.roots[row] == Root.SPXW]
    row = min(rows, key=lambda k: abs(int(market.series.expiry[k]) - snapshot.session - 30))
    scenario = Scenarios.of(-0.07, 11.0)
    forward = snapshot.slice(row, 1).forward * 0.93
    legs = Legs.of([(row, forward, 1)])
    dynamics = ("sticky_delta", "sticky_strike", "ssr")
    vols = [float(snapshot.reprice_fully(legs, scenario, Response(spx_dynamic=d)).vol[0, 0]) for d in dynamics]
    assert vols[1] == pytest.approx(vols[0], abs=2e-3)
    assert vols[2] == pytest.approx(vols[0], abs=8e-3)


def test_half_spreads_are_those_of_a_quote(market: ModelMarket) -> None:
    legs, scenario = some_legs(market), Scenarios.of(np.array([-0.1, 0.0]), np.array([25.0, 0.0]))
    found = market.snapshot(INDEX).reprice_fully(legs, scenario, Response(liquidity=2.0))
    session = int(market.history.sessions[INDEX])
    for i in range(2):
        vix = float(market.history.vix_close[INDEX] + scenario.vix_points[i])
        for j in range(0, len(legs.series), 7):
            row, mid = int(legs.series[j]), float(found.value[i, j])
            rule, scale = tick_rule(market.series.roots[row], session), market.series.scale(row)
            half, _ = half_spread(
                mid / scale,
                rule.below if mid < rule.threshold else rule.above,
                vix,
                session,
                is_vix=bool(market.series.is_vix[row]),
                weekly=not market.series.monthly[row],
                case=market.spread_case,
            )
            assert found.half_spread[i, j] == pytest.approx(2.0 * half * scale, rel=1e-12, abs=1e-14)
