"""Interest, fees, slippage, lots and what cannot run, on cases small enough to compute by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import shipped
from tests.helpers.flat_market import SPX_LEVEL, FlatMarket, flat_market, run_flat

from alvh.core.days import iso
from alvh.core.errors import ConfigError, DataMissing
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest
from alvh.results.attribution import attribute
from alvh.results.document import run_metrics
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import load_policy

CREDIT_POINTS = 19.0 - 4 * 0.25 * 0.2
MAX_LOSS_USD = (100.0 - CREDIT_POINTS) * 100.0
LOTS = 6
"""floor(50,000 / 8,120)."""
FIRST_WEDNESDAY = 2
"""2017-05-03 in a market from Monday 2017-05-01."""


def account(policy: Policy, equity_usd: float) -> Policy:
    return replace(policy, account=replace(policy.account, equity_usd=equity_usd))


def short_market(days: str = "2017-05-05") -> FlatMarket:
    return flat_market("2017-05-01", days)


def test_interest_is_actual_over_360_on_the_previous_close() -> None:
    """3.6 % is a hundredth of a per cent a calendar day, three of them over a weekend."""
    policy = replace(shipped(), condor=replace(shipped().condor, enabled=False), hedge=replace(shipped().hedge, enabled=False))
    market = flat_market("2017-05-04", "2017-05-09", bill_rate=0.036)
    result = run_flat(market, policy)
    expected = 1_000_000.0 * np.cumprod([1.0, 1.0001, 1.0003, 1.0001])
    assert result.record.equity_hedged_usd == pytest.approx(expected, abs=1e-6)
    assert result.record.equity_unhedged_usd == pytest.approx(expected, abs=1e-6)


def test_interest_takes_the_rate_known_at_the_previous_close() -> None:
    policy = replace(shipped(), condor=replace(shipped().condor, enabled=False), hedge=replace(shipped().hedge, enabled=False))
    market = flat_market("2017-05-01", "2017-05-03")
    market.bill_rate = np.array([0.036, 0.072, 0.99])
    assert run_flat(market, policy).record.equity_hedged_usd == pytest.approx([1e6, 1_000_100.0, 1_000_100.0 * 1.0002])


def test_negative_cash_pays_interest() -> None:
    """Premium above the account: what the cash lacks is paid for at the same rate."""
    policy = account(shipped(), 1_000.0)
    policy = replace(policy, condor=replace(policy.condor, size=replace(policy.condor.size, kind="fixed_lots", lots=1)))
    size = replace(policy.hedge.size, kind="per_condor")
    layers = tuple(replace(layer, ratio=20.0) for layer in policy.hedge.layers)
    policy = replace(policy, hedge=replace(policy.hedge, size=size, layers=layers))
    market = flat_market("2017-05-03", "2017-05-04", bill_rate=0.036)
    record = run_flat(market, policy).record
    assert record.cash_hedged_usd[0] < 0.0 < record.cash_unhedged_usd[0]
    assert record.interest_hedged_usd[1] == pytest.approx(record.cash_hedged_usd[0] * 0.0001, abs=1e-9)


def test_the_first_wednesday_by_hand() -> None:
    """Six condors and 10/10/5 calls: cash, marks, fees and slippage of one session."""
    result = run_flat(short_market(), shipped())
    record, row = result.record, FIRST_WEDNESDAY
    assert (result.entries, result.entry_lots) == (1, LOTS)
    quantity = [sum(lot.quantity for lot in result.lots if lot.layer == k) for k in range(3)]
    units = SPX_LEVEL * 100.0 * LOTS / 600_000.0
    assert units == pytest.approx(2.4)
    assert quantity == [10, 10, 5]  # 9.6, 9.6 and 4.8
    condor_fees = LOTS * 4 * 1.30
    assert record.cash_unhedged_usd[row] == pytest.approx(1e6 + LOTS * CREDIT_POINTS * 100.0 - condor_fees)
    assert record.equity_unhedged_usd[row] == pytest.approx(1e6 - LOTS * 4 * 0.05 * 100.0 - condor_fees)
    premium, hedge_fees = 25 * 105.0, 25 * 1.10  # bought at 1.00 + half of 0.10
    assert record.cash_hedged_usd[row] == pytest.approx(record.cash_unhedged_usd[row] - premium - hedge_fees)
    assert record.equity_hedged_usd[row] == pytest.approx(record.equity_unhedged_usd[row] - 25 * 5.0 - hedge_fees)
    assert record.equity_hedged_usd[:row] == pytest.approx([1e6] * row)
    assert record.index_notional_usd[row] == SPX_LEVEL * 100.0 * LOTS
    assert record.risk_capital_usd[row] == pytest.approx(MAX_LOSS_USD * LOTS)


def test_fees_can_be_switched_off_and_the_spread_paid_in_full_or_not_at_all() -> None:
    def first_day_cost(share_pct: float, fees: bool) -> float:
        costs = replace(shipped().costs, spx_spread_share_pct=share_pct, vix_spread_share_pct=share_pct, fees=fees)
        return float(1e6 - run_flat(short_market("2017-05-03"), replace(shipped(), costs=costs)).record.equity_hedged_usd[-1])

    assert first_day_cost(0.0, False) == pytest.approx(0.0, abs=1e-6)
    assert first_day_cost(0.0, True) == pytest.approx(LOTS * 4 * 1.30 + 25 * 1.10)
    assert first_day_cost(100.0, False) == pytest.approx(LOTS * 4 * 0.2 * 100.0 + 25 * 0.1 * 100.0)


def test_one_lot_at_least_and_counted_where_it_breaks_the_share() -> None:
    """5 % of $100,000 does not cover $8,120: one lot is sold all the same, and the result says so."""
    result = run_flat(short_market(), account(shipped(), 100_000.0))
    assert (result.entry_lots, result.counters.small_account) == (1, 1)
    enough = run_flat(short_market(), account(shipped(), MAX_LOSS_USD / 0.05 + 1.0))
    assert (enough.entry_lots, enough.counters.small_account) == (1, 0)


def test_next_close_decides_on_wednesday_and_fills_on_thursday() -> None:
    policy = replace(shipped(), timing=replace(shipped().timing, fill_at="next_close"))
    market = short_market()
    market.override[(FIRST_WEDNESDAY + 1, False, 2500.0, 1)] = (13.8, 14.0, 14.2)
    market.override[(FIRST_WEDNESDAY + 1, True, 20.0, 1)] = (1.4, 1.5, 1.6)
    result = run_flat(market, policy)
    assert {lot.open_index for lot in result.lots} == {FIRST_WEDNESDAY + 1}
    assert {lot.open_price for lot in result.lots if lot.strike == 2500.0} == {14.0 - 0.05}
    assert {lot.open_price for lot in result.lots if lot.layer >= 0} == {1.55}
    assert result.record.equity_hedged_usd[: FIRST_WEDNESDAY + 1] == pytest.approx([1e6] * 3)


def test_ruin_is_dated_and_the_run_goes_on() -> None:
    """A condor held to a settlement far below its puts takes more than the account; the sessions after it are still run."""
    policy = account(shipped(), 20_000.0)
    condor = replace(policy.condor, exit=replace(policy.condor.exit, profit_fraction_pct=None, dte=None))
    condor = replace(condor, size=replace(condor.size, kind="fixed_lots", lots=3))
    policy = replace(policy, condor=condor, hedge=replace(policy.hedge, enabled=False))
    market = flat_market("2017-05-01", "2017-07-31")
    market.settles_at = lambda row, _: 12.0 if market.series.is_vix[row] else 2000.0
    result = run_flat(market, policy)
    attribute(result)
    equity = result.record.equity_unhedged_usd
    ruined = int(np.flatnonzero(equity <= 0.0)[0])
    assert ruined < len(equity) - 5
    assert len(equity) == len(market.sessions) and np.isfinite(equity).all()
    assert any(lot.open_index > ruined for lot in result.lots), "condors are still sold after ruin"
    metrics = run_metrics(result)["unhedged"]
    assert metrics.cagr is None
    assert metrics.ruin_session == iso(market.sessions[ruined])


def test_a_range_without_sessions_is_refused() -> None:
    market = short_market()
    for start, end in ((0, 10), (int(market.sessions[-1]) + 1, int(market.sessions[-1]) + 9), (17_297, 17_290)):
        with pytest.raises(DataMissing, match="no session between") as caught:
            run_backtest(shipped(), market, start=start, end=end, fee_usd=fee_usd)
        assert caught.value.allowed == "2017-05-01 to 2017-05-05"


@pytest.mark.parametrize(
    "text",
    [
        "[condor.size]\nlots = -1",
        "[condor.size]\nshare_pct = -5",
        "[hedge.size]\nper_usd = -600000",
        "[account]\nequity_usd = -1",
    ],
)
def test_a_negative_size_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'schema = 1\nextends = "alvh-442"\n{text}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    assert caught.value.allowed and caught.value.where
