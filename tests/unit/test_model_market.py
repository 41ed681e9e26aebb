"""The modelled market on a synthetic history: marks against QuantLib, Greeks by differences, revaluation by its twin."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.history import make_history
from tests.reference import surface_reference as twin
from tests.reference.black_reference import black_price

from alvh.core.contracts import Root
from alvh.core.days import to_day
from alvh.core.errors import DataMissing
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.core.ticks import tick_rule
from alvh.market.forwards import vix_forwards
from alvh.market.history import History
from alvh.market.market import Legs
from alvh.market.series import series_table
from alvh.models import vix_smile
from alvh.models.model_market import ModelMarket, coefficients_of, model_market
from alvh.models.price_case import CASES, CENTRAL, PriceCase
from alvh.models.vx_curve import curve_points

CALL, PUT = 1, -1
ROWS = (5, 60, 130, 199)


def build(history: History, *, xsp: bool = True, case: PriceCase = CENTRAL) -> ModelMarket:
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + 400
    vix = vix_expiries(first, last)
    series = series_table(spx_expiries(first, last), vix, xsp=xsp)
    forwards = vix_forwards(history, expiry=vix.expiry, monthly=vix.monthly, curve_points=curve_points(history.vix_close))
    return model_market(history, series, forwards.forward, case=case)


@pytest.fixture(scope="module")
def market() -> ModelMarket:
    return build(make_history(220, seed=11, stress=True))


def all_legs(market: ModelMarket, index: int) -> Legs:
    """Calls and puts of every listed series at strikes from deep in to far out of the money."""
    snapshot = market.snapshot(index)
    rows: list[tuple[int, float, int]] = []
    for vix in (False, True):
        for row in snapshot.listed(vix=vix).tolist():
            chain = snapshot.slice(row, CALL)
            for ratio in (0.75, 0.93, 1.0, 1.04, 1.4, 2.0) if vix else (0.55, 0.85, 0.96, 1.0, 1.03, 1.25):
                strike = float(chain.strikes[np.argmin(np.abs(chain.strikes - ratio * chain.forward))])
                rows += [(row, strike, CALL), (row, strike, PUT)]
    return Legs.of(rows)


def surface_of(market: ModelMarket, index: int) -> tuple[twin.Knots, float]:
    """Knots and B of a session as calibrated (the calibration has its own twin)."""
    theta = market.calibration.theta[index].tolist()
    knots = [(days / 365.0, variance) for days, variance in zip(twin.TENORS, theta, strict=True)]
    return knots, float(market.calibration.b[index])


def close_of(market: ModelMarket, index: int, row: int, strike: float) -> twin.Close:
    """Forward, time and vol of one option, from the history and the published formulas in plain Python."""
    history, series = market.history, market.series
    vix = bool(series.is_vix[row])
    early = 6.5 / 24.0 if series.am[row] and not vix else 0.0
    years = max((int(series.expiry[row]) - int(history.sessions[index]) - early) / 365.0, 0.0)
    rate = float(history.bill_rate[index])
    if vix:
        forward = float(market.state[7][index, row - int(np.flatnonzero(series.is_vix)[0])])
        vvix = float(history.vvix[index])
        vol, atm = twin.vix_vol(vvix, forward, strike, years), twin.vix_atm(vvix, years)
    else:
        scale = 0.1 if series.roots[row] == Root.XSP else 1.0
        carry = math.exp((rate - float(history.dividend_yield[index])) * years)
        forward = scale * float(history.spx_close[index]) * carry
        knots, b = surface_of(market, index)
        vol, atm = twin.spx_vol(knots, b, forward, strike, years, twin.CLEAN), twin.spx_atm(knots, years)
    return twin.Close(forward=forward, years=years, rate=rate, vol=vol, atm=atm)


@pytest.mark.parametrize("index", ROWS)
def test_every_mark_is_quantlibs_black_price(market: ModelMarket, index: int) -> None:
    ql = pytest.importorskip("QuantLib", reason="needs QuantLib")
    legs = all_legs(market, index)
    assert len(legs.series) > 300
    marks = market.snapshot(index).mark(legs)
    for row, strike, right, mark in zip(legs.series.tolist(), legs.strike, legs.right, marks, strict=True):
        close = close_of(market, index, row, float(strike))
        side = ql.Option.Call if right > 0 else ql.Option.Put
        deviation = close.vol * math.sqrt(close.years)
        wanted = ql.blackFormula(side, float(strike), close.forward, deviation, math.exp(-close.rate * close.years))
        assert mark == pytest.approx(wanted, abs=2e-12 * close.forward)


def test_xsp_is_a_tenth_of_spx(market: ModelMarket) -> None:
    snapshot, series = market.snapshot(60), market.series
    rows = [row for row in snapshot.listed(vix=False).tolist() if series.roots[row] == Root.XSP]
    assert len(rows) > 5
    spxw = {int(series.expiry[k]): k for k in range(len(series)) if series.roots[k] == Root.SPXW}
    for row in rows:
        twin_row = spxw[int(series.expiry[row])]
        small, large = snapshot.slice(row, PUT), snapshot.slice(twin_row, PUT)
        assert small.forward == pytest.approx(0.1 * large.forward, rel=1e-14)
        np.testing.assert_allclose(small.strikes, 0.1 * large.strikes, rtol=1e-12)
        np.testing.assert_allclose(small.delta, large.delta, rtol=1e-7, atol=1e-12)
        picks = range(0, len(small.strikes), 25)
        few = Legs.of([(row, float(small.strikes[k]), PUT) for k in picks])
        many = Legs.of([(twin_row, float(large.strikes[k]), PUT) for k in picks])
        np.testing.assert_allclose(snapshot.mark(few), 0.1 * snapshot.mark(many), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("index", ROWS)
def test_greeks_are_differences_of_the_price(market: ModelMarket, index: int) -> None:
    """At the forward, vol and time that the same call reports; discounting at a fixed rate."""
    legs = all_legs(market, index)
    snapshot = market.snapshot(index)
    out = snapshot.greeks(legs)
    np.testing.assert_array_equal(out[0], snapshot.mark(legs))
    rate = float(market.bill_rate[index])
    compared = 0
    for strike, right, (price, delta, gamma, vega, theta, forward, vol, years) in zip(
        legs.strike.tolist(), legs.right.tolist(), out.T.tolist(), strict=True
    ):
        if years < 3.0 / 365.0 or abs(math.log(strike / forward)) > 3.0 * vol * math.sqrt(years):
            continue  # differences lose their digits near expiry and in the wings

        def value(f: float = forward, v: float = vol, t: float = years, strike: float = strike, right: float = right) -> float:
            return black_price(f, strike, t, math.exp(-rate * t), v, right)

        df, dv, dt = 1e-4 * forward, 1e-4 * vol, 1e-4 * years
        discount = math.exp(-rate * years)
        assert price == pytest.approx(value(), abs=1e-10)
        assert discount * delta == pytest.approx((value(forward + df) - value(forward - df)) / (2 * df), abs=2e-6)
        second = (value(forward + df) - 2 * value() + value(forward - df)) / df**2
        assert gamma == pytest.approx(second, rel=2e-4, abs=1e-9)
        assert vega == pytest.approx((value(v=vol + dv) - value(v=vol - dv)) / (2 * dv), rel=1e-5, abs=1e-5)
        assert theta == pytest.approx(-(value(t=years + dt) - value(t=years - dt)) / (2 * dt), rel=1e-5, abs=1e-5)
        compared += 1
    assert compared > 100


@pytest.mark.parametrize("index", ROWS)
def test_slices_give_the_forward_delta_of_every_strike(market: ModelMarket, index: int) -> None:
    snapshot = market.snapshot(index)
    for vix in (False, True):
        for row in snapshot.listed(vix=vix).tolist()[::4]:
            for right in (CALL, PUT):
                chain = snapshot.slice(row, right)
                legs = Legs.of([(row, float(strike), right) for strike in chain.strikes])
                greeks = snapshot.greeks(legs)
                np.testing.assert_allclose(chain.delta, np.abs(greeks[1]), atol=1e-12)
                assert chain.forward == pytest.approx(greeks[5, 0], rel=1e-14)


@pytest.mark.parametrize("index", [60, 131, 132, 199])
def test_revaluation_steps_in_the_stated_order(market: ModelMarket, index: int) -> None:
    """Time, own forward, vol level, rest: recomputed one by one in plain Python; they sum to the change. So for the Greeks."""
    legs = all_legs(market, index)
    keep = market.series.settlement_session[legs.series] > market.sessions[index + 1]
    legs = Legs(series=legs.series[keep], strike=legs.strike[keep], right=legs.right[keep])
    count = len(legs.series)
    before, after = np.full(count, index), np.full(count, index + 1)
    got = market.explain(legs, before, after, np.full(count, np.nan))
    np.testing.assert_allclose(got.time + got.forward + got.vol_level + got.smile, got.after - got.before, atol=1e-9)
    np.testing.assert_array_equal(got.before, market.snapshot(index).mark(legs))
    np.testing.assert_array_equal(got.after, market.snapshot(index + 1).mark(legs))
    history = market.history
    knots, b = surface_of(market, index)
    for k in range(0, count, 5):
        row, strike, right = int(legs.series[k]), float(legs.strike[k]), float(legs.right[k])
        old, new = close_of(market, index, row, strike), close_of(market, index + 1, row, strike)
        if market.series.is_vix[row]:
            vvix = float(history.vvix[index])
            later, atm = twin.vix_vol(vvix, old.forward, strike, new.years), twin.vix_atm(vvix, new.years)
        else:
            later = twin.spx_vol(knots, b, old.forward, strike, new.years, twin.CLEAN)
            atm = twin.spx_atm(knots, new.years)
        wanted = twin.steps(old, new, strike, right, later, atm)
        found = [got.before[k], got.time[k], got.forward[k], got.vol_level[k], got.smile[k]]
        assert found == pytest.approx(wanted, abs=1e-10 * old.forward)
        assert got.greeks[k] == pytest.approx(twin.greek_explanation(old, new, strike, right), rel=1e-7, abs=1e-9 * old.forward)


def test_settlement_is_time_to_intrinsic_then_the_move_to_the_settlement_value(market: ModelMarket) -> None:
    index = 60
    snapshot = market.snapshot(index)
    for vix, right in ((False, PUT), (True, CALL)):
        row = int(snapshot.listed(vix=vix)[0])
        chain = snapshot.slice(row, right)
        for ratio, move in ((0.97, 0.05), (1.0, -0.03), (1.03, 0.05), (1.2, 0.0)):
            strike, settle = ratio * chain.forward, (1.0 + move) * chain.forward
            legs = Legs.of([(row, strike, right)])
            got = market.explain(legs, np.array([index]), np.array([index + 1]), np.array([settle]))
            intrinsic = max(right * (chain.forward - strike), 0.0)
            payoff = max(right * (settle - strike), 0.0)
            assert got.before[0] == snapshot.mark(legs)[0]
            assert got.time[0] == pytest.approx(intrinsic - got.before[0], abs=1e-9)
            assert got.forward[0] == pytest.approx(payoff - intrinsic, abs=1e-9)
            assert (got.vol_level[0], got.smile[0]) == (0.0, 0.0)
            assert got.after[0] == pytest.approx(payoff, abs=1e-9)


def test_greeks_explain_a_quiet_session() -> None:
    """Half a day's worth of small moves leaves a residual far below the change itself: it is of third order."""
    history = make_history(60, seed=2)
    quiet = {name: getattr(history, name).copy() for name in ("spx_close", "vix9d", "vix_close", "vix3m", "vix6m", "vvix")}
    for values in quiet.values():
        values[41] = values[40] * 1.0005
    market = build(replace(history, **quiet), xsp=False)
    snapshot = market.snapshot(40)
    rows = [row for row in snapshot.listed(vix=False).tolist() if 20 <= market.series.expiry[row] - snapshot.session <= 60]
    legs = Legs.of([(row, round(ratio * snapshot.spx), PUT) for row in rows for ratio in (0.92, 0.97, 1.0)])
    count = len(rows) * 3
    got = market.explain(legs, np.full(count, 40), np.full(count, 41), np.full(count, np.nan))
    change = got.after - got.before
    assert np.abs(got.greeks - change).sum() < 0.01 * np.abs(change).sum()


def test_a_vix_option_is_never_priced_on_spot() -> None:
    """methods.md 10, test 10: with VIX at 60 and its own forward at 35 a 40 call is below the 20 that spot would make of it."""
    history = make_history(40, seed=4)
    vix, vx = history.vix_close.copy(), replace(history.vx, settle=np.where(np.isnan(history.vx.settle), np.nan, 35.0))
    vix[20] = 60.0
    market = build(replace(history, vix_close=vix, vx=vx))
    snapshot = market.snapshot(20)
    row = next(
        row for row in snapshot.listed(vix=True).tolist()
        if market.series.monthly[row] and market.series.expiry[row] - snapshot.session > 20
    )  # fmt: skip
    assert snapshot.slice(row, CALL).forward == 35.0
    price = float(snapshot.mark(Legs.of([(row, 40.0, CALL)]))[0])
    assert 0.5 < price < 8.0
    assert float(snapshot.greeks(Legs.of([(row, 40.0, CALL)]))[5, 0]) == 35.0


@pytest.mark.parametrize("index", ROWS)
def test_quotes_bracket_the_mark_on_the_tick(market: ModelMarket, index: int) -> None:
    legs = all_legs(market, index)
    snapshot = market.snapshot(index)
    quotes = snapshot.quote(legs)
    np.testing.assert_array_equal(quotes.mid, snapshot.mark(legs))
    assert np.all((quotes.bid >= 0.0) & (quotes.bid <= quotes.mid) & (quotes.mid <= quotes.ask))
    assert np.all(quotes.ask - quotes.bid >= quotes.tick - 1e-9)
    for row, bid, ask in zip(legs.series.tolist(), quotes.bid, quotes.ask, strict=True):
        rule = tick_rule(market.series.roots[row], snapshot.session)
        for price in (float(bid), float(ask)):
            step = rule.below if price < rule.threshold else rule.above
            assert price / step == pytest.approx(round(price / step), abs=1e-6)


def test_nothing_at_a_close_depends_on_a_later_one(market: ModelMarket) -> None:
    """Spoil every later row: marks, quotes and deltas of a close keep their bits."""
    index, history = 130, market.history
    names = ("spx_close", "spx_open", "spx_high", "spx_low", "vix_close", "vix_open", "vix9d", "vix3m", "vix6m", "vvix")
    spoiled = {name: getattr(history, name).copy() for name in (*names, "bill_rate", "dividend_yield")}
    for values in spoiled.values():
        values[index + 1 :] *= 1.5
    settle = history.vx.settle.copy()
    settle[index + 1 :] *= 1.5
    other = build(replace(history, **spoiled, vx=replace(history.vx, settle=settle)))
    legs = all_legs(market, index)
    ours, theirs = market.snapshot(index), other.snapshot(index)
    np.testing.assert_array_equal(ours.mark(legs), theirs.mark(legs))
    np.testing.assert_array_equal(ours.quote(legs).bid, theirs.quote(legs).bid)
    np.testing.assert_array_equal(all_legs(other, index).strike, legs.strike)


def test_settlement_says_where_its_value_comes_from(market: ModelMarket) -> None:
    series, history = market.series, market.history
    last = int(history.sessions[-1])
    at = {int(day): k for k, day in enumerate(history.sessions)}
    seen = set()
    for row in range(len(series)):
        day = int(series.settlement_session[row])
        if day not in at or day == int(history.sessions[0]) or day > last:
            continue
        index = at[day]
        found = market.settlement(row, index)
        if series.is_vix[row]:
            if int(series.expiry[row]) in history.vro:
                assert (found.value, found.published) == (history.vro[int(series.expiry[row])][0], True)
        elif series.am[row]:
            assert history.spx_low[index] <= found.value <= history.spx_high[index] and not found.published
        else:
            scale = 0.1 if series.roots[row] == Root.XSP else 1.0
            assert (found.value, found.source, found.published) == (scale * history.spx_close[index], "close", True)
        seen.add((series.roots[row], found.source))
    assert {Root.SPX, Root.SPXW, Root.XSP, Root.VIX} <= {root for root, _ in seen}


@pytest.mark.parametrize("name", ["vvix", "vix_close", "spx_close", "bill_rate"])
def test_a_gap_in_a_needed_input_is_one_clear_error(name: str) -> None:
    history = make_history(30)
    values = getattr(history, name).copy()
    values[[7, 9]] = np.nan
    series = series_table(*(table(to_day(date(2015, 1, 1)), to_day(date(2015, 6, 1))) for table in (spx_expiries, vix_expiries)))
    forwards = np.full((30, int(series.is_vix.sum())), 17.0)
    with pytest.raises(DataMissing, match=f"{name} is missing on 2 sessions, the first 2015-01-14"):
        model_market(replace(history, **{name: values}), series, forwards)


def test_lifted_sessions_are_marked() -> None:
    history = make_history(30)
    nine = history.vix9d.copy()
    nine[12] = 3.0 * history.vix_close[12]
    market = build(replace(history, vix9d=nine))
    assert np.flatnonzero(market.lifted).tolist() == [12]


def test_a_session_without_a_usable_level_keeps_the_surface_of_the_one_before() -> None:
    history = make_history(30)
    spoiled = {name: getattr(history, name).copy() for name in ("vix9d", "vix_close", "vix3m", "vix6m")}
    for values in spoiled.values():
        values[12] = 0.01
    market = build(replace(history, **spoiled))
    assert market.calibration.counts["no_level"] == 1
    np.testing.assert_array_equal(market.state[4][12], market.state[4][11])
    assert market.state[5][12] == market.state[5][11]
    assert np.isfinite(market.snapshot(12).mark(all_legs(market, 12))).all()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_price_case_moves_what_it_names_and_nothing_else(case: PriceCase) -> None:
    history = make_history(40, seed=4)
    central, market = build(history, xsp=False), build(history, xsp=False, case=case)
    snapshot, before = market.snapshot(20), central.snapshot(20)
    legs = all_legs(central, 20)
    vix = central.series.is_vix[legs.series]
    ours, theirs = snapshot.greeks(legs), before.greeks(legs)
    spx_moves = (case.spx_blend, case.spx_level) != (CENTRAL.spx_blend, CENTRAL.spx_level)
    vix_moves = (case.vix_level, case.vix_slope) != (CENTRAL.vix_level, CENTRAL.vix_slope)
    assert np.array_equal(ours[6, ~vix], theirs[6, ~vix]) != spx_moves
    assert np.array_equal(ours[6, vix], theirs[6, vix]) != vix_moves
    width, was = (np.subtract(q.ask, q.bid).mean() for q in (snapshot.quote(legs), before.quote(legs)))
    if not spx_moves and not vix_moves:
        assert {"low": width <= was, "central": width == was, "high": width > was}[case.spread_case]


def test_spx_level_scales_at_the_money_vol() -> None:
    history = make_history(40, seed=4)
    case = PriceCase(name="up", spx_level=1.1)
    central, market = build(history, xsp=False), build(history, xsp=False, case=case)
    np.testing.assert_allclose(market.state[4], 1.21 * central.state[4], rtol=1e-14)
    np.testing.assert_array_equal(market.state[5], central.state[5])


@pytest.mark.parametrize("slope", vix_smile.SLOPES)
@pytest.mark.parametrize("vvix", [60.0, 95.0, 200.0])
@pytest.mark.parametrize("days", [7.0, 30.0, 120.0])
def test_the_vix_smile_of_every_case_has_no_butterfly_arbitrage(slope: float, vvix: float, days: float) -> None:
    """Calls of the smile fall with the strike and are convex in it, from half the forward to far beyond any strike listed."""
    rule = vix_smile.SHIPPED.scenario(1.0, slope)
    assert coefficients_of(PriceCase(name="x", vix_slope=slope))[13:17].tolist() == [rule.slope, rule.curvature, -1.2, 10.0]
    strike = np.exp(np.linspace(-0.7, 2.2, 400)) * 20.0
    call = vix_smile.call_price(vvix, 20.0, strike, days / 365.0, rule=rule)
    slopes = np.diff(call) / np.diff(strike)
    assert (slopes <= 1e-12).all() and (np.diff(slopes) >= -1e-9).all()


def test_capped_spreads_are_counted_once_a_session() -> None:
    market = build(make_history(30))
    snapshot = market.snapshot(10)
    row = int(snapshot.listed(vix=False)[0])
    far = Legs.of([(row, float(snapshot.slice(row, PUT).strikes[0]), PUT)] * 2)
    snapshot.quote(far)
    assert market.spread_count.capped == {10}
