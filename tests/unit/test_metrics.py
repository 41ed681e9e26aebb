"""Metrics against hand-worked values, against empyrical and quantstats where definitions coincide, and as properties."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alvh.core.days import to_day
from alvh.core.errors import InternalError
from alvh.results import metrics, periods

ACCOUNT = 1_000_000.0
DAYS = np.array([to_day(date(2020, 1, 2)) + i for i in range(6)], dtype=np.int64)
EQUITY = np.array([1_010_000.0, 990_000.0, 1_000_000.0, 1_020_000.0, 1_005_000.0, 1_030_000.0])
NO_BILLS = np.zeros(6)


def weekdays(count: int, start: date = date(2015, 1, 2)) -> np.ndarray:
    days = np.arange(to_day(start), to_day(start) + 2 * count + 10)
    return days[(days + 3) % 7 < 5][:count]


def walk(count: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return ACCOUNT + np.cumsum(rng.normal(200.0, 6_000.0, count))


# --- by hand -----------------------------------------------------------------------------------------------------------------


def test_fixed_dollar_returns_are_dollars_over_account() -> None:
    assert metrics.daily_returns(EQUITY, ACCOUNT) == pytest.approx([0.01, -0.02, 0.01, 0.02, -0.015, 0.025])


def test_compound_returns_are_on_the_previous_equity() -> None:
    found = metrics.daily_returns(EQUITY, ACCOUNT, compound=True)
    assert found == pytest.approx([0.01, -20 / 1010, 10 / 990, 20 / 1000, -15 / 1020, 25 / 1005])


def test_total_return_and_cagr_by_hand() -> None:
    assert metrics.total_return(EQUITY, ACCOUNT) == pytest.approx(0.03)
    two_years = np.array([to_day(date(2019, 1, 1)), to_day(date(2020, 12, 31))])  # 730 days
    found = metrics.cagr(two_years, np.array([1_000_000.0, 1_210_000.0]), ACCOUNT)
    assert found == pytest.approx(1.21 ** (365.25 / 730) - 1)


def test_drawdown_by_hand_in_both_conventions() -> None:
    assert metrics.drawdown_series(EQUITY, ACCOUNT) == pytest.approx([0, -0.02, -0.01, 0, -0.015, 0])
    assert metrics.max_drawdown(EQUITY, ACCOUNT) == pytest.approx(-0.02)
    assert metrics.max_drawdown(EQUITY, ACCOUNT, compound=True) == pytest.approx(990 / 1010 - 1)


def test_the_opening_account_counts_as_a_peak() -> None:
    assert metrics.max_drawdown(np.array([900_000.0, 950_000.0]), ACCOUNT) == pytest.approx(-0.1)


def test_vol_and_sharpe_by_hand() -> None:
    returns = np.array([0.01, -0.02, 0.01])
    mean, sd = 0.0, math.sqrt((0.01**2 + 0.02**2 + 0.01**2) / 2)
    assert metrics.vol(returns) == pytest.approx(sd * math.sqrt(252))
    bills = np.full(3, 0.0001)
    assert metrics.sharpe(returns, bills) == pytest.approx((mean - 0.0001) / sd * math.sqrt(252))


def test_sharpe_is_over_bills_that_vary() -> None:
    assert metrics.sharpe(np.array([0.01, 0.02]), np.array([0.01, 0.02])) is None  # no excess at all


@pytest.mark.parametrize(("n", "count"), [(1, 1), (19, 1), (20, 1), (21, 2), (40, 2), (100, 5), (101, 6)])
def test_shortfall_takes_the_ceiling_of_five_per_cent(n: int, count: int) -> None:
    returns = -np.arange(1.0, n + 1.0) / 1000.0
    worst = np.sort(returns)[:count]
    assert metrics.expected_shortfall(returns) == pytest.approx(worst.mean())


def test_shortfall_of_gains_alone_is_zero() -> None:
    assert metrics.expected_shortfall(np.array([0.01, 0.02])) == 0.0


def test_worst_day_names_its_session() -> None:
    found = metrics.summarise(DAYS, EQUITY, ACCOUNT, NO_BILLS)
    assert found.worst_day.session == "2020-01-03"
    assert found.worst_day.daily_return == pytest.approx(-0.02)
    assert found.ruin_session is None
    assert found.expected_shortfall_95 == pytest.approx(-0.02)


def test_worst_drawdowns_by_hand() -> None:
    first, second = metrics.worst_drawdowns(DAYS, EQUITY, ACCOUNT, 5)
    assert (first.peak_session, first.trough_session, first.recovered_session) == ("2020-01-02", "2020-01-03", "2020-01-05")
    assert (first.depth, first.length_sessions) == (pytest.approx(-0.02), 2)
    assert (second.peak_session, second.trough_session, second.recovered_session) == ("2020-01-05", "2020-01-06", "2020-01-07")
    assert len(metrics.worst_drawdowns(DAYS, EQUITY, ACCOUNT, 1)) == 1


def test_an_open_drawdown_has_no_recovery() -> None:
    (only,) = metrics.worst_drawdowns(DAYS[:2], np.array([1_000_000.0, 900_000.0]), ACCOUNT)
    assert only.recovered_session is None
    assert only.length_sessions == 1


# --- ruin --------------------------------------------------------------------------------------------------------------------

RUINED = np.array([1_000_000.0, -200_000.0, -150_000.0, 100_000.0])
"""A day of -120 % of the account; the book comes back above zero later."""


def test_a_day_of_minus_120_per_cent_is_reported_not_hidden() -> None:
    found = metrics.summarise(DAYS[:4], RUINED, ACCOUNT, NO_BILLS[:4])
    assert found.ruin_session == "2020-01-03"
    assert found.cagr is None
    assert found.worst_day.daily_return == pytest.approx(-1.2)
    assert found.max_drawdown == pytest.approx(-1.2)
    assert found.total_return == pytest.approx(-0.9)
    assert found.vol is not None and math.isfinite(found.vol)


def test_compound_returns_end_at_ruin() -> None:
    returns = metrics.daily_returns(RUINED, ACCOUNT, compound=True)
    assert returns[:2] == pytest.approx([0.0, -1.2])
    assert np.isnan(returns[2:]).all()
    found = metrics.summarise(DAYS[:4], RUINED, ACCOUNT, NO_BILLS[:4], compound=True)
    assert found.worst_day.daily_return == pytest.approx(-1.2)
    assert found.vol == pytest.approx(np.std([0.0, -1.2], ddof=1) * math.sqrt(252))
    assert found.cagr is None


def test_equity_of_exactly_zero_is_ruin() -> None:
    assert metrics.ruin_index(np.array([5.0, 0.0, 5.0])) == 1
    assert metrics.cagr(DAYS[:2], np.array([5.0, 0.0]), 5.0) is None


def test_a_single_session_has_no_vol_sharpe_or_cagr() -> None:
    found = metrics.summarise(DAYS[:1], EQUITY[:1], ACCOUNT, NO_BILLS[:1])
    assert (found.vol, found.sharpe, found.cagr) == (None, None, None)
    assert found.total_return == pytest.approx(0.01)


# --- refused input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "equity", "account", "word"),
    [
        (DAYS[:0], EQUITY[:0], ACCOUNT, "shape"),
        (DAYS[:3], EQUITY, ACCOUNT, "shape"),
        (DAYS[::-1], EQUITY, ACCOUNT, "does not follow"),
        (DAYS, np.where(np.arange(6) == 2, np.nan, EQUITY), ACCOUNT, "nan on 2020-01-04"),
        (DAYS, EQUITY, 0.0, "account_usd is 0.0"),
        (DAYS, EQUITY, math.inf, "account_usd is inf"),
    ],
)
def test_unusable_input_is_refused_by_name(days: np.ndarray, equity: np.ndarray, account: float, word: str) -> None:
    with pytest.raises(InternalError, match=word):
        metrics.summarise(days, equity, account, np.zeros(equity.shape))


def test_a_level_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(InternalError, match="level"):
        metrics.expected_shortfall(np.array([0.1]), level=95)


# --- oracles -----------------------------------------------------------------------------------------------------------------


def test_against_empyrical_compound() -> None:
    empyrical = pytest.importorskip("empyrical")
    equity = walk(1500)
    returns = metrics.daily_returns(equity, ACCOUNT, compound=True)
    assert metrics.total_return(equity, ACCOUNT) == pytest.approx(empyrical.cum_returns_final(returns))
    assert metrics.max_drawdown(equity, ACCOUNT, compound=True) == pytest.approx(empyrical.max_drawdown(returns))
    assert metrics.vol(returns) == pytest.approx(empyrical.annual_volatility(returns))
    bills = np.random.default_rng(1).uniform(0, 2e-4, returns.size)
    assert metrics.sharpe(returns, bills) == pytest.approx(empyrical.sharpe_ratio(returns, risk_free=bills))


def test_shortfall_against_empyrical_where_both_take_the_same_number() -> None:
    empyrical = pytest.importorskip("empyrical")
    # empyrical takes the int((n - 1) * 0.05) + 1 lowest, which is our ceiling of n * 0.05 for every n but a few.
    for count in (101, 250, 1001, 1499):
        assert int((count - 1) * 0.05) + 1 == math.ceil(count * 0.05)
        returns = metrics.daily_returns(walk(count), ACCOUNT)
        assert metrics.expected_shortfall(returns) == pytest.approx(empyrical.conditional_value_at_risk(returns, 0.05))


def test_against_quantstats() -> None:
    stats = pytest.importorskip("quantstats.stats")
    pandas = pytest.importorskip("pandas")
    days = weekdays(1500)
    equity = walk(1500, seed=8)
    index = pandas.DatetimeIndex(days.astype("datetime64[D]"))
    returns = pandas.Series(metrics.daily_returns(equity, ACCOUNT, compound=True), index=index)
    assert metrics.vol(returns.to_numpy()) == pytest.approx(stats.volatility(returns, periods=252))
    assert metrics.sharpe(returns.to_numpy(), np.zeros(1500)) == pytest.approx(stats.sharpe(returns, periods=252))
    assert metrics.max_drawdown(equity, ACCOUNT, compound=True) == pytest.approx(stats.max_drawdown(returns))


def test_calendar_years_and_months_against_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    days = weekdays(900)
    equity = walk(900, seed=3)
    pnl = pandas.Series(metrics.daily_pnl(equity, ACCOUNT), index=pandas.DatetimeIndex(days.astype("datetime64[D]")))
    by_month = pnl.groupby([pnl.index.year, pnl.index.month]).sum()
    grid = periods.monthly_returns(days, pnl.to_numpy())
    for (year, month), usd in by_month.items():
        assert grid.values[grid.years.index(year), month - 1] == pytest.approx(usd)
    assert np.isfinite(grid.values).sum() == by_month.size
    assert [row.pnl_usd for row in periods.calendar_year_table(days, equity, ACCOUNT)] == pytest.approx(
        pnl.groupby(pnl.index.year).sum().tolist()
    )
    assert list(periods.pnl_by_month(days, pnl.to_numpy()).values()) == pytest.approx(by_month.tolist())


# --- months and years --------------------------------------------------------------------------------------------------------

MONTH_DAYS = np.array([to_day(date(*d)) for d in ((2019, 12, 30), (2020, 1, 2), (2020, 1, 31), (2020, 3, 2), (2021, 1, 4))])
MONTH_PNL = np.array([100.0, -50.0, 70.0, 10.0, 5.0])


def test_monthly_grid_by_hand() -> None:
    grid = periods.monthly_returns(MONTH_DAYS, MONTH_PNL, account_usd=1000.0)
    assert grid.years == (2019, 2020, 2021)
    assert grid.values[0, 11] == pytest.approx(0.1)
    assert grid.values[1, 0] == pytest.approx(0.02)
    assert np.isnan(grid.values[1, 1])
    assert grid.year_values == pytest.approx([0.1, 0.03, 0.005])


def test_compound_months_are_on_the_opening_equity() -> None:
    grid = periods.monthly_returns(MONTH_DAYS, MONTH_PNL, account_usd=1000.0, compound=True)
    assert grid.values[1, 0] == pytest.approx(20 / 1100)
    assert grid.values[1, 2] == pytest.approx(10 / 1120)
    assert grid.year_values == pytest.approx([100 / 1000, 30 / 1100, 5 / 1130])


def test_compound_months_after_ruin_are_unknown() -> None:
    grid = periods.monthly_returns(MONTH_DAYS, np.array([100.0, -1200.0, 0.0, 1.0, 2.0]), account_usd=1000.0, compound=True)
    assert grid.values[1, 0] == pytest.approx(-1200 / 1100)
    assert np.isnan(grid.values[1, 2]) and np.isnan(grid.values[2, 0])


def test_pnl_by_month_leaves_out_empty_months() -> None:
    assert periods.pnl_by_month(MONTH_DAYS, MONTH_PNL) == {"2019-12": 100, "2020-01": 20, "2020-03": 10, "2021-01": 5}


def test_calendar_year_by_hand() -> None:
    equity = 1000.0 + np.cumsum(MONTH_PNL)
    rows = periods.calendar_year_table(MONTH_DAYS, equity, 1000.0)
    assert [(row.year, row.sessions) for row in rows] == [(2019, 1), (2020, 3), (2021, 1)]
    assert rows[1].year_return == pytest.approx(0.03)
    assert rows[1].max_drawdown == pytest.approx(-0.05)  # 1100 -> 1050 on an account of 1000
    compound = periods.calendar_year_table(MONTH_DAYS, equity, 1000.0, compound=True)
    assert compound[1].max_drawdown == pytest.approx(-50 / 1100)
    assert compound[1].year_return == pytest.approx(30 / 1100)


def test_compound_years_after_ruin_have_no_ratios() -> None:
    equity = np.array([1100.0, -100.0, -50.0, -40.0, -35.0])
    rows = periods.calendar_year_table(MONTH_DAYS, equity, 1000.0, compound=True)
    assert rows[1].year_return == pytest.approx(-1140 / 1100)
    assert (rows[2].year_return, rows[2].max_drawdown, rows[2].vol, rows[2].worst_day) == (None, None, None, None)
    assert rows[2].pnl_usd == pytest.approx(5.0)


def test_without_best_months_by_hand() -> None:
    months = {"2020-01": -10.0, "2020-02": 5.0, "2020-03": 100.0, "2020-04": -20.0, "2020-05": 30.0}
    one, three, five = periods.without_best_months(months)
    assert (one.months, one.total_usd) == (("2020-03",), 5.0)
    assert (three.months, three.total_usd) == (("2020-03", "2020-05", "2020-02"), -30.0)
    assert (five.removed_usd, five.total_usd) == (105.0, 0.0)


# --- properties --------------------------------------------------------------------------------------------------------------

equities = arrays(np.float64, st.integers(2, 60), elements=st.floats(-5e5, 3e6, allow_nan=False, width=32))


@given(equities, st.booleans())
def test_signs_and_order_always_hold(equity: np.ndarray, compound: bool) -> None:
    found = metrics.summarise(weekdays(equity.size), equity, ACCOUNT, np.zeros(equity.size), compound=compound)
    assert found.max_drawdown <= 0.0
    assert found.worst_day.daily_return <= found.expected_shortfall_95 + 1e-12 or found.expected_shortfall_95 == 0.0
    assert (found.ruin_session is None) == bool((equity > 0).all())
    if found.ruin_session is not None:
        assert found.cagr is None
    deepest = metrics.worst_drawdowns(weekdays(equity.size), equity, ACCOUNT, 1, compound=compound)
    assert (deepest[0].depth if deepest else 0.0) == found.max_drawdown


@given(equities)
def test_daily_dollars_add_up_by_month_and_year(equity: np.ndarray) -> None:
    days = weekdays(equity.size, date(2019, 12, 1))
    pnl = metrics.daily_pnl(equity, ACCOUNT)
    change = float(equity[-1]) - ACCOUNT
    assert math.fsum(pnl) == pytest.approx(change, abs=1e-3)
    assert math.fsum(periods.pnl_by_month(days, pnl).values()) == pytest.approx(change, abs=1e-3)
    assert math.fsum(row.pnl_usd for row in periods.calendar_year_table(days, equity, ACCOUNT)) == pytest.approx(change, abs=1e-3)


@given(equities.filter(lambda e: (e > 1.0).all()))
def test_compound_returns_chain_to_the_final_equity(equity: np.ndarray) -> None:
    returns = metrics.daily_returns(equity, ACCOUNT, compound=True)
    assert ACCOUNT * float(np.prod(1.0 + returns)) == pytest.approx(float(equity[-1]), rel=1e-6, abs=1e-3)


@given(st.dictionaries(st.integers(0, 99).map(lambda m: f"2020-{m:02d}"), st.floats(-1e6, 1e6), max_size=20))
def test_taking_out_more_best_months_never_finds_a_better_month(months: dict[str, float]) -> None:
    rows = periods.without_best_months(months, (0, 1, 2, 50))
    assert rows[0].total_usd == pytest.approx(sum(months.values()))
    assert rows[-1].total_usd == pytest.approx(0.0, abs=1e-6)
    if len(months) > 1:
        best, second = sorted(months.values(), reverse=True)[:2]
        assert rows[1].removed_usd == best
        assert rows[2].removed_usd == pytest.approx(best + second)
