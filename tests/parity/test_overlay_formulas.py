"""Overlays against the accounting of the exchange's rulebooks, written out again from benchmarks.md 1.

``V = u (S + sum q O)`` for index packages, ``V = bills + N sum q O`` for packages on bills, in fractions of contracts and with
strikes searched by hand; the engine trades whole contracts of a large account. Prices are vollib's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.steady_market import SPX_STEP, WIDTH, SteadyMarket, steady_market

from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.results.attribution import check_identity
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import load_policy

Leg = tuple[float, int, float]
"""Quantity a unit, right, strike."""


def run(market: SteadyMarket, name: str, policy: Policy | None = None) -> BacktestResult:
    return run_backtest(
        load_policy(name).policy if policy is None else policy,
        market,
        start=int(market.sessions[1]),
        end=int(market.sessions[-1]),
        fee_usd=fee_usd,
    )


def down(value: float) -> float:
    return math.floor(value / SPX_STEP + 1e-12) * SPX_STEP


def up(value: float) -> float:
    return math.ceil(value / SPX_STEP - 1e-12) * SPX_STEP


def near(value: float) -> float:
    low, high = down(value), up(value)
    return low if value - low <= high - value else high


LEGS: dict[str, Callable[[float], list[Leg]]] = {
    "cboe-put": lambda s: [(-1, -1, down(s))],
    "cboe-bxm": lambda s: [(-1, 1, up(s))],
    "cboe-bxy": lambda s: [(-1, 1, up(1.02 * s))],
    "cboe-pput": lambda s: [(1, -1, down(0.95 * s))],
    "cboe-cmbo": lambda s: [(-1, 1, up(1.02 * s)), (-1, -1, down(s))],
    "cboe-bfly": lambda s: [(-1, -1, near(s)), (-1, 1, near(s)), (1, -1, near(0.95 * s)), (1, 1, near(1.05 * s))],
}
INDEX = {"cboe-bxm", "cboe-bxy", "cboe-pput", "cboe-cmbo"}


def by_the_rulebook(market: SteadyMarket, name: str) -> np.ndarray:
    """Daily values from one, by the formulas alone."""
    series, sessions = market.series, market.sessions
    monthly = [row for row in range(len(series)) if series.monthly[row] and series.am[row] and not series.is_vix[row]]
    settles = {int(series.settlement_session[row]): row for row in monthly}
    cash, units, count, row, legs = 1.0, 0.0, 0.0, -1, list[Leg]()
    values = []
    for k in range(1, len(sessions)):
        day = int(sessions[k])
        if k > 1:
            cash *= 1.0 + market.rate * (day - int(sessions[k - 1])) / 360.0
        paid = units * float(market.dividend_points[k])
        cash += paid
        if day in settles or k == 1:
            if row >= 0:
                opening = float(market.opening[k])
                cash += count * sum(q * max(right * (opening - strike), 0.0) for q, right, strike in legs)
            at = market.window(k)
            later = [other for other in monthly if int(series.settlement_session[other]) > day]
            row, legs = later[0], LEGS[name](at.spx)
            premium = sum(q * at.price(row, strike, right) for q, right, strike in legs)
            value = cash + units * at.spx
            if name == "cboe-bfly":
                wing = max(abs(legs[0][2] - legs[2][2]), abs(legs[1][2] - legs[3][2]))
                count = value / (10.0 * wing)
            else:
                cost = premium + (at.spx if name in INDEX else 0.0)
                if name in ("cboe-put", "cboe-cmbo"):
                    cost += legs[-1][2] * at.discount(row)
                count = value / cost
            units = count if name in INDEX else 0.0
            cash = value - units * at.spx - count * premium
        elif name in INDEX and name != "cboe-cmbo":
            units += paid / float(market.spx[k])
            cash -= paid
        close = market.snapshot(k)
        marks = sum(q * close.price(row, strike, right) for q, right, strike in legs)
        values.append(cash + units * close.spx + count * marks)
    return np.array(values)


@pytest.mark.parametrize("name", sorted(LEGS))
def test_an_overlay_is_its_rulebook(name: str) -> None:
    market = steady_market(wobble=0.008, rate=0.02, dividend=0.15)
    result = run(market, name)
    ours = result.record.equity_hedged_usd / result.policy.account.equity_usd
    np.testing.assert_allclose(ours, by_the_rulebook(market, name), rtol=2e-6)
    assert check_identity(result) < 0.005
    assert result.overlay_rolls == 13  # the first session and twelve monthlies


def test_puts_sold_on_an_index_that_stands_still_earn_the_premium() -> None:
    """At one level, without interest, every put sold at the money pays nothing: each month earns P / (K - P)."""
    market = steady_market(level=2400.0)
    result = run(market, "cboe-put")
    equity = result.record.equity_hedged_usd
    rolls = [k for k in range(len(equity)) if any(lot.open_index == k + 1 for lot in result.lots)]
    for first, second in itertools.pairwise(rolls[1:]):
        days = int(market.sessions[second + 1] - market.sessions[first + 1])
        # the put of 2400 at 20 % over this many days, at the money and undiscounted: 2 N(d) - 1
        deviation = 0.20 * math.sqrt(days / 365.0)
        premium = 2400.0 * math.erf(0.5 * deviation / math.sqrt(2.0))
        assert equity[second - 1] / equity[first - 1] == pytest.approx(1.0 + premium / (2400.0 - premium), rel=0.004)
        settled = [lot for lot in result.lots if lot.close_index == second + 1]
        assert [lot.close_price for lot in settled] == [0.0]


def test_a_collar_keeps_its_quarterly_put_and_resizes_it() -> None:
    market = steady_market(wobble=0.004, seed=5)
    result = run(market, "cboe-cll")
    puts = [lot for lot in result.lots if lot.right < 0]
    expiries = {int(market.series.expiry[lot.series]) for lot in puts}
    months = {int(np.datetime64(day, "D").astype("datetime64[M]").astype(int)) % 12 + 1 for day in expiries}
    assert months <= {3, 6, 9, 12}
    calls = [lot for lot in result.lots if lot.right > 0]
    assert len({lot.series for lot in calls}) == 13
    for k in range(len(result.sessions)):
        row = result.first + k
        held = {
            side: sum(
                lot.quantity
                for lot in result.lots
                if lot.right == side and lot.open_index <= row and (not lot.close_kind or lot.close_index > row)
            )
            for side in (-1, 1)
        }
        assert held[-1] == -held[1] > 0  # one bought put for each sold call, resized at every roll


def test_a_call_below_the_standing_put_has_it_struck_anew() -> None:
    market = steady_market()
    fall = np.ones(len(market.sessions))
    fall[70:] = 0.80  # a fifth off in April: a 110 % call lies at 88 % of the old level, the standing put at 95 %
    market = replace(market, spx=market.spx * fall, morning=market.morning * fall, opening=market.opening * fall)
    result = run(market, "cboe-cll")
    again = [lot for lot in result.lots if lot.right < 0 and "struck anew" in lot.close_reason]
    assert [lot.close_kind for lot in again] == ["closed"]
    new = [lot for lot in result.lots if lot.right < 0 and lot.open_index == again[0].close_index]
    assert [(lot.series, lot.strike) for lot in new] == [(again[0].series, down(0.95 * 0.80 * 2400.0))]


def test_a_zero_cost_collar_costs_nothing_and_no_further_strike_pays() -> None:
    market = steady_market(wobble=0.006, seed=3)
    result = run(market, "cboe-cllz")
    for index in sorted({lot.open_index for lot in result.lots}):
        opened = [lot for lot in result.lots if lot.open_index == index]
        net = sum(np.sign(lot.quantity) * lot.open_price for lot in opened)  # asks paid, bids received
        call = next(lot for lot in opened if lot.right > 0)
        assert net <= 1e-9
        further = market.window(index).price(call.series, call.strike + SPX_STEP, 1) - WIDTH
        assert net + call.open_price - further > 0.0


@pytest.mark.parametrize(("vx_open", "share"), [(14.0, 0.0), (15.0, 0.0), (20.0, 0.01), (30.0, 0.01), (40.0, 0.005), (55.0, 0.0)])
def test_the_tail_hedge_spends_by_the_band_of_the_future(vx_open: float, share: float) -> None:
    market = steady_market(vx_open=vx_open, vro=vx_open, vol=0.9)
    result = run(market, "cboe-vxth")
    first = [lot for lot in result.lots if lot.open_index == result.first]
    spent = sum(lot.quantity * 100.0 * lot.open_price for lot in first)
    assert spent == pytest.approx(share * 1e10, rel=1e-4)
    assert all(lot.open_price == pytest.approx(lot.open_mid + 0.02) for lot in first)  # at the ask
    invested = result.record.index_value_usd[0]
    assert invested == pytest.approx(1e10 - spent, rel=1e-6)
    assert result.bands_by_settlement == 0


def test_a_roll_a_week_early_trades_out_of_what_it_holds() -> None:
    policy = load_policy("cboe-put").policy
    assert policy.overlay is not None
    market = steady_market(wobble=0.006)
    result = run(market, "cboe-put", replace(policy, overlay=replace(policy.overlay, sessions_earlier=5)))
    gone = [lot for lot in result.lots if lot.close_kind]
    assert len(gone) >= 11 and all(lot.close_kind == "closed" for lot in gone[1:])
    for lot in result.lots[1:]:
        days = int(market.series.expiry[lot.series] - market.sessions[lot.open_index])
        assert 30 <= days <= 45
