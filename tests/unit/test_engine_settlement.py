"""Settlement on the opening or the close, lots without a bid, and short legs, on a market whose prices the test states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.books import shipped
from tests.helpers.flat_market import CALL, PUT, FlatMarket, flat_market, run_flat

from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.engine.backtest import BacktestResult
from alvh.results.attribution import attribute
from alvh.strategy.policy import Policy

FIRST, SECOND, THIRD = 2, 7, 12
"""Rows of Wednesdays 3, 10 and 17 May 2017."""
NO_BID = (0.0, 0.02, 0.05)


def held_to_settlement(root: str) -> Policy:
    """Condors of one root that never leave before settlement, no hedge."""
    policy = shipped()
    condor = replace(policy.condor, roots=(root,), exit=replace(policy.condor.exit, profit_fraction_pct=None, dte=None))
    return replace(policy, condor=condor, hedge=replace(policy.hedge, enabled=False))


def settled_lots(result: BacktestResult) -> list[tuple[str, str, float, int, float]]:
    """(expiry, settlement session, strike, quantity, points) of everything that settled."""
    table, sessions = result.market.series, result.market.sessions
    return [
        (iso(table.expiry[lot.series]), iso(sessions[lot.close_index]), lot.strike, lot.quantity, lot.close_price)
        for lot in result.lots
        if lot.close_kind == "settled"
    ]


@pytest.mark.parametrize(("root", "value"), [("SPX", 2250.0), ("SPXW", 2550.0)])
def test_a_condor_settles_on_its_own_value_on_its_own_session(root: str, value: float) -> None:
    """AM lots get the opening value, PM lots the close; both by cash, without fee, on the expiry session."""
    market = flat_market("2017-05-01", "2017-06-30")
    table = market.series

    def settles_at(row: int, _: int) -> float:
        return 12.0 if table.is_vix[row] else (2250.0 if table.am[row] else 2550.0)

    market.settles_at = settles_at
    result = run_flat(market, held_to_settlement(root))
    attribute(result)
    lots = settled_lots(result)
    assert lots
    for expiry, session, strike, quantity, points in lots:
        right = PUT if strike < 2400.0 else CALL
        assert session == expiry
        assert points == max(right * (value - strike), 0.0)
        assert quantity != 0
    entry = next(entry for entry in result.ledger.entries if entry.kind == "settle" and entry.price > 0.0)
    assert entry.fees_usd == 0.0 and entry.cash_usd == entry.cash_unhedged_usd == -6 * 50.0 * 100.0


def test_a_sale_without_a_bid_strands_the_lot_until_it_settles() -> None:
    """The front call bought on 3 May finds no bid on 10 May: no cash, no fee, the roll's other half goes ahead."""
    market = flat_market("2017-05-01", "2017-05-31")
    market.override[(SECOND, True, 20.0, CALL)] = NO_BID
    market.settles_at = lambda row, _: 23.0 if market.series.is_vix[row] else 2400.0
    result = run_flat(market, shipped())
    attribute(result)
    front = [lot for lot in result.lots if lot.layer == 0]
    assert [lot.open_index for lot in front[:2]] == [FIRST, SECOND]
    old, new = front[0], front[1]
    assert old.stranded and not new.stranded
    assert result.counters.stranded == 2  # the middle layer rolls that day too
    strand = [entry for entry in result.ledger.entries if entry.kind == "strand" and entry.layer == 0]
    assert [(entry.market_row, entry.cash_usd, entry.fees_usd, entry.quantity) for entry in strand] == [(SECOND, 0.0, 0.0, 0)]
    # two condor entries are open by now: 6 + 6 lots, 4.8 units, 19 contracts, none of them the stranded ten
    assert (old.quantity, new.quantity) == (10, 19)
    assert old.close_kind == "settled" and old.close_price == 3.0
    settle = next(entry for entry in result.ledger.entries if entry.kind == "settle" and entry.lot == old.lot_id)
    assert settle.cash_usd == 10 * 3.0 * 100.0 and settle.cash_unhedged_usd == 0.0
    assert market.sessions[settle.market_row] == market.series.settlement_session[old.series]


def test_a_bid_of_one_tick_is_a_bid() -> None:
    market = flat_market("2017-05-01", "2017-05-12")
    market.override[(SECOND, True, 20.0, CALL)] = (0.05, 0.06, 0.10)
    result = run_flat(market, shipped())
    assert result.counters.stranded == 0
    sale = next(entry for entry in result.ledger.entries if entry.kind == "close" and entry.market_row == SECOND)
    assert sale.price == pytest.approx(0.06 - 0.5 * 0.01)


def losing_bids(market: FlatMarket, index: int) -> None:
    """Everything of SPX is bid at zero, so that an exit is due: the short legs cost 10 cents to buy back."""
    for strike, right in ((2200.0, PUT), (2300.0, PUT), (2500.0, CALL), (2600.0, CALL)):
        market.override[(index, False, strike, right)] = (0.0, 0.04, 0.08)


def test_a_short_leg_is_always_bought_back_and_the_wings_wait() -> None:
    """On 8 May nothing has a bid: the condor leaves, its shorts are bought at mid + a quarter, its wings stay and settle."""
    market = flat_market("2017-05-01", "2017-06-30")
    losing_bids(market, SECOND - 2)
    result = run_flat(market, shipped())
    attribute(result)
    condor = [lot for lot in result.lots if lot.group == 0]
    shorts, wings = [lot for lot in condor if lot.quantity < 0], [lot for lot in condor if lot.quantity > 0]
    assert {(lot.close_kind, lot.close_index, lot.close_price) for lot in shorts} == {("closed", SECOND - 2, 0.04 + 0.25 * 0.04)}
    assert all(lot.stranded and lot.close_kind == "settled" for lot in wings)
    assert result.counters.stranded == 2
    # the condor no longer counts: on 10 May only that day's six lots are open
    assert result.record.condor_lots[SECOND - 2 : SECOND + 1].tolist() == [0.0, 0.0, 6.0]


def test_profit_exit_at_the_first_close_that_keeps_half_the_credit() -> None:
    """A credit of 18.8 is half kept once the mid cost to close is 9.4: 9.41 stays, 9.39 leaves."""
    for cost, leaves in ((9.41, False), (9.39, True)):
        market = flat_market("2017-05-01", "2017-05-05")
        mid = cost - 12.0 + 3.0 + 5.0  # the short put's mid that makes the whole condor cost this much
        market.override[(FIRST + 1, False, 2300.0, PUT)] = (mid - 0.2, mid, mid + 0.2)
        result = run_flat(market, shipped())
        assert bool(result.record.condor_lots[FIRST + 1] == 0.0) is leaves, cost


def test_a_condor_leaves_at_21_days() -> None:
    market = flat_market("2017-05-01", "2017-06-30")
    result = run_flat(market, shipped())
    table = market.series
    left = [lot for lot in result.lots if lot.layer < 0 and lot.close_kind]
    assert left
    for lot in left:
        today, before = market.sessions[lot.close_index], market.sessions[lot.close_index - 1]
        expiry = table.expiry[lot.series]
        assert expiry - today <= 21 < expiry - before
    assert not settled_lots(result)


def test_the_last_trading_session_forces_a_roll_before_the_grid_does() -> None:
    """A layer that would roll every 70 days must leave its call on the session before the settlement morning."""
    policy = shipped()
    layers = list(policy.hedge.layers)
    layers[0] = replace(layers[0], roll=replace(layers[0].roll, days=70))
    market = flat_market("2017-05-01", "2017-07-31")
    result = run_flat(market, replace(policy, hedge=replace(policy.hedge, layers=tuple(layers))))
    attribute(result)
    table = market.series
    front = [lot for lot in result.lots if lot.layer == 0 and lot.close_kind]
    forced = [lot for lot in front if market.sessions[lot.close_index] == table.last_trade[lot.series]]
    assert forced and all(lot.close_kind == "closed" for lot in front)
    assert result.counters.rolls[0] >= len(forced)


def test_a_partial_sale_without_a_bid_strands_only_what_was_to_be_sold() -> None:
    """The index halves and with it the notional: half of the calls should go, find no bid and wait; five still count."""
    policy = shipped()
    policy = replace(policy, hedge=replace(policy.hedge, size=replace(policy.hedge.size, resize="weekly")))
    policy = replace(policy, condor=replace(policy.condor, entry=replace(policy.condor.entry, kind="monthly")))
    market = flat_market("2017-05-01", "2017-05-19")
    market.spx = dict.fromkeys(range(THIRD, len(market.sessions)), 1200.0)
    market.override[(THIRD, True, 20.0, CALL)] = NO_BID
    result = run_flat(market, policy)
    attribute(result)
    mid = [lot for lot in result.lots if lot.layer == 1 and lot.close_kind == ""]
    assert sum(lot.quantity for lot in mid) == 10
    assert sum(lot.quantity for lot in mid if lot.stranded) == 5
    assert np.isfinite(result.record.equity_hedged_usd).all()


def test_a_lot_without_a_mark_is_refused_by_name() -> None:
    """A NaN mark would make every exit test silently false: the run stops and names contract and session."""
    market = flat_market("2017-05-01", "2017-05-31")
    market.override[(SECOND, True, 20.0, CALL)] = (float("nan"), float("nan"), float("nan"))
    with pytest.raises(DataMissing, match=r"C 20 has no mark"):
        run_flat(market, shipped())
