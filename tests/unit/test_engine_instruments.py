"""Layers of futures and spreads, and calls locked by a future, on a market whose prices the test states: figures by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.books import shipped
from tests.helpers.flat_market import CALL, PUT
from tests.helpers.futures_market import FUTURE_FEE, OPTION_FEE, FuturesMarket, futures_market, run_stated

from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Entry
from alvh.results.attribution import CAUSES, attribute
from alvh.results.document import layer_sums
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import Action, AdaptiveRule, HedgeLayer, HedgeSize, LayerStrike, Policy, Roll, SoldStrike

FIRST = 2
"""Row of Wednesday 3 May 2017, the first condor day; rows 3, 4 are Thursday and Friday, row 7 Wednesday the 10th."""
CONDORS = 6
"""Lots that the flat chain's condor gets (floor of 50,000 over 8,120): a ratio of r holds r x 6 units at the first opening."""
MAY, JUNE = "2017-05-17", "2017-06-21"
SLIPPAGE = 0.5 * 0.025
"""Half of a future's half-spread."""


def one_layer(layer: HedgeLayer, *, rules: tuple[AdaptiveRule, ...] = ()) -> Policy:
    """The default condors, one a month so that the hedge's size stands still, beside one layer counted a condor lot."""
    policy = shipped()
    condor = replace(
        policy.condor,
        entry=replace(policy.condor.entry, kind="monthly"),
        exit=replace(policy.condor.exit, profit_fraction_pct=None, dte=None),
    )
    hedge = replace(policy.hedge, size=HedgeSize(kind="per_condor"), layers=(layer,))
    return replace(policy, condor=condor, hedge=hedge, rules=rules)


def future_layer(**changes: object) -> HedgeLayer:
    layer = HedgeLayer(name="vx", ratio=0.5, min_dte=9, max_dte=16, instrument="vx_futures", roll=Roll(days=7))
    return replace(layer, **changes)  # type: ignore[arg-type]  # fields by name


def entries(result: BacktestResult, row: int) -> list[Entry]:
    """What the hedge booked in a session."""
    return [entry for entry in result.ledger.entries if entry.layer >= 0 and entry.market_row == row]


def hedge_cash(result: BacktestResult) -> np.ndarray:
    """Dollars that the hedge has brought by each close, no interest."""
    return result.record.equity_hedged_usd - result.record.equity_unhedged_usd


def rolling_market() -> FuturesMarket:
    """May falls from 15.00 to 14.00 and jumps back to 15.00 on the 10th, when the layer rolls to June at 16.00."""
    market = futures_market("2017-05-01", "2017-05-12")
    for row, settle in zip(range(FIRST, 8), (15.0, 15.2, 14.9, 14.5, 14.0, 15.0), strict=True):
        market.vx[(row, MAY)] = settle
    for row, settle in zip(range(7, 10), (16.0, 16.5, 15.75), strict=True):
        market.vx[(row, JUNE)] = settle
    return market


def test_a_rolled_future_pays_its_change_of_settlement_and_its_costs() -> None:
    """Three VX: 600, -900, -1,200, -1,500 and 3,000 dollars, then a roll at 37.50 + 7.50 each way, then 1,500 and -2,250."""
    result = run_stated(rolling_market(), one_layer(future_layer()))
    cost = 3 * (SLIPPAGE * 1000.0 + FUTURE_FEE)
    assert cost == 45.0
    gained = hedge_cash(result)
    assert np.diff(gained, prepend=0.0)[FIRST:] == pytest.approx(
        [-45.0, 600.0, -900.0, -1200.0, -1500.0, 3000.0 - 90.0, 1500.0, -2250.0]
    )
    assert [(entry.kind, entry.cash_usd) for entry in entries(result, 7)] == [
        ("variation", pytest.approx(3000.0)),
        ("close", pytest.approx(-45.0)),
        ("open", pytest.approx(-45.0)),
    ]
    assert all(entry.cash_unhedged_usd == 0.0 for entry in result.ledger.entries if entry.layer >= 0)
    assert result.record.layer_value_usd.max() == result.record.layer_value_usd.min() == 0.0
    assert result.record.cash_hedged_usd - result.record.cash_unhedged_usd == pytest.approx(gained)
    first, second = (lot for lot in result.lots if lot.layer == 0)
    assert (first.close_kind, first.close_price, first.open_price) == ("closed", 15.0 - SLIPPAGE, 15.0 + SLIPPAGE)
    assert (second.open_price, second.marked) == (16.0 + SLIPPAGE, 15.75)


def test_attribution_gives_a_futures_move_to_its_forward() -> None:
    result = run_stated(rolling_market(), one_layer(future_layer()))
    found = attribute(result)
    by_cause = dict(zip(CAUSES, found.pnl_usd[1].sum(axis=1).tolist(), strict=True))
    assert by_cause == pytest.approx(
        {"time": 0.0, "forward": 0.0 - 750.0, "vol_level": 0.0, "smile": 0.0, "slippage": -3 * 37.5, "fees": -3 * 7.5}
    )
    assert found.pnl_usd[1, CAUSES.index("forward")][FIRST + 1 : FIRST + 4] == pytest.approx([600.0, -900.0, -1200.0])
    sums = layer_sums(result, 0)
    assert (sums.contracts, sums.premium_usd, sums.open_value_usd) == (6, 0.0, 0.0)
    assert sums.payoff_usd == pytest.approx(-750.0)
    assert sums.net_usd == pytest.approx(float(hedge_cash(result)[-1]))


def test_variation_earns_interest_from_the_next_close_on() -> None:
    """3.6 % is a hundredth of a per cent a calendar day: 555 dollars gained by Thursday earn 0.0555 overnight and no sooner."""
    market = rolling_market()
    market.flat.bill_rate[:] = 0.036
    result = run_stated(market, one_layer(future_layer()))
    record = result.record
    extra = record.interest_hedged_usd - record.interest_unhedged_usd
    assert extra[: FIRST + 1] == pytest.approx(np.zeros(FIRST + 1), abs=1e-12)
    assert extra[FIRST + 1] == pytest.approx(-45.0 * 0.0001)
    assert extra[FIRST + 2] == pytest.approx((600.0 - 45.0 - 0.0045) * 0.0001)
    after_friday = 600.0 - 45.0 - 900.0 - 0.0045 + 0.05549955
    assert extra[FIRST + 3] == pytest.approx(after_friday * 0.0003)  # three days over the weekend
    attribute(result)


def test_a_future_settles_on_the_opening_value_without_a_fee() -> None:
    """Held to the settlement of 17 May: the last variation is Tuesday's, then 12.40 - 14.60 on three contracts."""
    market = futures_market("2017-05-01", "2017-05-18")
    market.vx[(11, MAY)] = 14.6
    market.flat.settles_at = lambda row, _: 12.4 if market.series.is_vix[row] else 2400.0
    result = run_stated(market, one_layer(future_layer(roll=Roll(kind="hold_to_settlement"))))
    attribute(result)
    booked = entries(result, 12)
    assert [entry.kind for entry in booked] == ["settle", "open"]  # settled at the opening, opened anew at the close
    settle = booked[0]
    assert (settle.price, settle.fees_usd, settle.slippage_usd) == (12.4, 0.0, 0.0)
    assert settle.cash_usd == pytest.approx(3 * 1000.0 * (12.4 - 14.6))
    whole = 3 * 1000.0 * (12.4 - 15.0) - 2 * 45.0
    assert hedge_cash(result)[12] == pytest.approx(whole)


def test_a_mini_is_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    unlisted = run_stated(rolling_market(), one_layer(future_layer(instrument="vxm_futures")))
    assert not [lot for lot in unlisted.lots if lot.layer == 0]  # VXM came in August 2020
    monkeypatch.setattr("alvh.strategy.selection._VXM_FROM", 0)
    vx, vxm = (run_stated(rolling_market(), one_layer(future_layer(instrument=name))) for name in ("vx_futures", "vxm_futures"))
    assert {str(lot.future) for lot in vxm.lots if lot.layer == 0} == {"VXM"}
    change = [np.array([e.cash_usd for e in run.ledger.entries if e.kind == "variation"]) for run in (vx, vxm)]
    assert change[1] == pytest.approx(change[0] / 10.0)


SPREAD = HedgeLayer(
    name="spread",
    ratio=2.0,
    min_dte=9,
    max_dte=16,
    instrument="vix_call_spreads",
    roll=Roll(days=7),
    short_strike=SoldStrike(delta=0.05),
)
"""Twelve 20/30 call spreads: bought at 1.05 less 0.35, worth 0.60."""


def test_a_call_spread_costs_both_legs_and_is_worth_their_difference() -> None:
    result = run_stated(futures_market("2017-05-01", "2017-05-05"), one_layer(SPREAD))
    legs = [(lot.strike, lot.right, lot.quantity, lot.open_price) for lot in result.lots if lot.layer == 0]
    assert legs == [(20.0, CALL, 12, pytest.approx(1.05)), (30.0, CALL, -12, pytest.approx(0.35))]
    paid = 12 * 100.0 * (1.05 - 0.35) + 24 * OPTION_FEE
    cash = result.record.cash_hedged_usd - result.record.cash_unhedged_usd
    assert cash[FIRST] == pytest.approx(-paid)
    assert result.record.layer_value_usd[0, FIRST] == pytest.approx(12 * 100.0 * 0.6)
    sums = layer_sums(result, 0)
    assert (sums.contracts, sums.premium_usd, sums.open_value_usd) == (12, pytest.approx(720.0), pytest.approx(720.0))
    assert (sums.slippage_usd, sums.fees_usd) == (pytest.approx(24 * 5.0), 24 * OPTION_FEE)
    attribute(result)


def test_a_stranded_leg_of_a_spread_waits_alone() -> None:
    """On 10 May the bought leg has no bid: the sold one is bought back at 0.45, the other settles at 23 for three points."""
    market = futures_market("2017-05-01", "2017-05-19")
    market.flat.override[(7, True, 20.0, CALL)] = (0.0, 0.02, 0.05)
    market.flat.settles_at = lambda row, _: 23.0 if market.series.is_vix[row] else 2400.0
    result = run_stated(market, one_layer(SPREAD))
    attribute(result)
    long, short = (lot for lot in result.lots if lot.layer == 0 and lot.open_index == FIRST)
    assert (short.close_kind, short.close_index, short.close_price) == ("closed", 7, pytest.approx(0.45))
    assert long.stranded and long.close_kind == "settled" and long.close_price == 3.0
    assert result.counters.stranded == 1
    fresh = [lot for lot in result.lots if lot.layer == 0 and lot.open_index == 7]
    assert [lot.quantity for lot in fresh] == [12, -12]  # the stranded leg counts no more


def test_a_sold_leg_settles_against_the_bought_one() -> None:
    """Held to a settlement at 33: 13 points received, 3 paid, twelve times."""
    market = futures_market("2017-05-01", "2017-05-18")
    market.flat.settles_at = lambda row, _: 33.0 if market.series.is_vix[row] else 2400.0
    result = run_stated(market, one_layer(replace(SPREAD, roll=Roll(kind="hold_to_settlement"))))
    attribute(result)
    settled = [entry for entry in entries(result, 12) if entry.kind == "settle"]
    assert [entry.cash_usd for entry in settled] == [12 * 100.0 * 13.0, -12 * 100.0 * 3.0]


@pytest.mark.parametrize(("root", "level", "payoff"), [("SPX", 2250.0, 50.0), ("SPXW", 2250.0, 50.0), ("SPXW", 2100.0, 100.0)])
def test_a_put_spread_settles_on_its_own_value_and_is_the_hedges(root: str, level: float, payoff: float) -> None:
    """Six 2300/2200 put spreads, held: AM roots get the opening value, PM roots the close; the condors are what they were."""
    layer = HedgeLayer(
        name="puts", ratio=1.0, min_dte=30, max_dte=60, aim_dte=45, prefer_monthly=False, instrument="spx_put_spreads",
        strike=LayerStrike(delta=0.16), short_strike=SoldStrike(delta=0.05), roll=Roll(kind="hold_to_settlement"),
    )  # fmt: skip
    policy = one_layer(layer)
    policy = replace(policy, condor=replace(policy.condor, roots=(root,)))
    market = futures_market("2017-05-01", "2017-07-31")
    market.flat.settles_at = lambda row, _: 12.0 if market.series.is_vix[row] else level
    result = run_stated(market, policy)
    attribute(result)
    bought, sold = [lot for lot in result.lots if lot.layer == 0][:2]
    assert (bought.strike, bought.right, bought.quantity) == (2300.0, PUT, 6)
    assert (sold.strike, sold.right, sold.quantity) == (2200.0, PUT, -6)
    assert (bought.open_price, sold.open_price) == (pytest.approx(15.05), pytest.approx(4.95))  # a quarter of 0.2
    assert str(result.market.series.roots[bought.series]) == root
    row = bought.close_index
    assert market.sessions[row] == market.series.settlement_session[bought.series]
    received = sum(entry.cash_usd for entry in entries(result, row) if entry.kind == "settle")
    assert received == pytest.approx(6 * 100.0 * payoff)
    assert {entry.sleeve for entry in result.ledger.entries if entry.layer == 0} == {"hedge"}
    bare = run_stated(market, replace(policy, hedge=replace(policy.hedge, enabled=False)))
    assert result.record.equity_unhedged_usd.tolist() == bare.record.equity_unhedged_usd.tolist()


CALLS = HedgeLayer(name="calls", ratio=4.0, min_dte=9, max_dte=16, roll=Roll(kind="hold_to_settlement"))
"""Twenty-four 20 calls."""
LOCK = AdaptiveRule(
    name="lock",
    rule_id="R70",
    when=Compare(signal="vix", above=30.0),
    then=Action(kind="lock_synthetic"),
    repeat="once_an_episode",
)
SPIKE = 5
"""Row of Monday 8 May: VIX above 30, the future at 30, the calls at 9.5 / 9.9 / 10.3."""


def spiked(*, factor: float = 1.0, settles: float = 15.0) -> FuturesMarket:
    market = futures_market("2017-05-01", "2017-05-17")
    market.factor = factor
    market.flat.signals["vix"] = np.where(np.arange(len(market.sessions)) == SPIKE, 35.0, 12.0)
    for row in range(SPIKE, 12):
        market.vx[(row, MAY)] = 30.0 + 0.5 * (row - SPIKE)
        market.flat.override[(row, True, 20.0, CALL)] = (9.5, 9.9, 10.3)
    market.flat.settles_at = lambda row, _: settles if market.series.is_vix[row] else 2400.0
    return market


@pytest.mark.parametrize("settles", [12.0, 20.0, 45.0])
def test_a_locked_call_pays_the_forward_less_the_strike_and_a_put(settles: float) -> None:
    """Two VX against twenty of twenty-four calls: per unit 29.9875 - 20 and max(20 - S, 0), whatever the path of the future."""
    result = run_stated(spiked(settles=settles), one_layer(CALLS, rules=(LOCK,)))
    attribute(result)
    calls, future = [lot for lot in result.lots if lot.layer == 0][:2]
    assert (calls.quantity, future.quantity, future.open_index) == (24, -2, SPIKE)
    assert future.open_price == pytest.approx(30.0 - SLIPPAGE)
    since = [
        entry for entry in result.ledger.entries if entry.layer == 0 and entry.market_row >= SPIKE and entry.lot <= future.lot_id
    ]
    settled = sum(entry.cash_usd for entry in since)
    loose = 4 * 100.0 * max(settles - 20.0, 0.0)
    locked = 2000.0 * (30.0 - SLIPPAGE - 20.0 + max(20.0 - settles, 0.0)) - 2 * FUTURE_FEE
    assert settled == pytest.approx(locked + loose)
    assert sum(entry.cash_usd for entry in since if entry.kind == "variation") == pytest.approx(-2000.0 * 3.0)  # 30.0 to 33.0


def test_minis_lock_a_call_each_once_they_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = one_layer(replace(CALLS, lock_future="VXM"), rules=(LOCK,))
    early = run_stated(spiked(), policy)
    assert [text for _, rule, text in early.refusals if rule == "R70"] == ["calls: VXM are not listed before 2020-08-10"]
    monkeypatch.setattr("alvh.engine.layer_orders.VXM_SINCE", date(2006, 1, 3))
    result = run_stated(spiked(), policy)
    attribute(result)
    (future,) = [lot for lot in result.lots if lot.is_future]
    assert (str(future.future), future.quantity, future.multiplier_usd) == ("VXM", -24, 100.0)


def test_futures_beyond_the_calls_that_are_left_are_bought_back() -> None:
    """Half of twenty-four calls are sold: the twelve left stand against one future, not two; a full sale leaves none."""
    sell = replace(LOCK, name="sell", when=Compare(signal="vix", above=38.0), then=Action(kind="close_layers", fraction_pct=50.0))
    market = spiked()
    market.flat.signals["vix"][SPIKE + 1] = 40.0
    result = run_stated(market, one_layer(CALLS, rules=(LOCK, sell)))
    attribute(result)
    traded = [
        (entry.kind, entry.quantity) for entry in result.ledger.entries if entry.layer == 0 and entry.market_row == SPIKE + 1
    ]
    assert [row for row in traded if row[0] == "close"] == [("close", 1.0), ("close", -12.0)]
    futures = [lot for lot in result.lots if lot.is_future]
    assert sorted((lot.quantity, lot.close_kind) for lot in futures) == [(-1, "closed"), (-1, "settled")]


@pytest.mark.parametrize(("factor", "locks"), [(0.98, True), (0.96, False)])
def test_locking_is_weighed_against_selling_by_the_discounted_gain(factor: float, locks: bool) -> None:
    """Selling brings 9.70 less fees, locking 9.9875 discounted: 9.79 is more, 9.59 is not, and that is recorded."""
    result = run_stated(spiked(factor=factor), one_layer(CALLS, rules=(LOCK,)))
    assert any(lot.is_future for lot in result.lots) is locks
    assert [rule for _, rule, _ in result.refusals] == ([] if locks else ["R70"])
