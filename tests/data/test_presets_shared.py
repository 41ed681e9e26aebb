"""Every preset on real history: it runs, and the figures that a file states are those of the run."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import shipped

from alvh.app.wiring import LoadedMarket, known_betas, load_market
from alvh.core.days import iso, to_day
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.engine.condor_orders import CondorMemo
from alvh.strategy.policy_file import POLICIES, load_policy
from alvh.strategy.sizing import reads_betas

PRESETS = sorted(name for file in POLICIES.glob("*.toml") if load_policy(name := file.stem).policy.overlay is None)
CRISIS = (date(2020, 1, 2), date(2020, 6, 30))
WHOLE = (date(2007, 1, 3), date(2026, 7, 22))

FIRED_IN_2020 = {
    "mechanics": ("early-warning",),
    "outside-spx-ladder": ("first-trigger", "second-trigger", "final-trigger", "later-in-a-press"),
    "spike-exit": ("sell-half-around-cpi-and-fomc", "further-out-when-the-curve-steepens", "roll-innermost-in-a-spike"),
    "curve": ("past-the-meeting",),
    "alvh-adaptive": (
        "sell-half-around-cpi-and-fomc", "further-out-when-the-curve-steepens", "later-in-a-press", "past-the-meeting",
        "roll-innermost-in-a-spike", "rebalance-on-fear", "rebalance-at-momentum-extremes",
    ),
    "press-shift": ("later-in-a-press",),
    "lock-synthetic": ("lock-in-an-extreme-spike",),
}  # fmt: skip
"""Rules that act on a layer in the first half of 2020. Those that only hold (factors, delays) leave no action behind."""


@lru_cache(maxsize=1)
def loaded(folder: Path, start: date, end: date) -> LoadedMarket:
    return load_market(folder, shipped(), start=start, end=end)


def run(folder: Path, name: str, span: tuple[date, date], memo: CondorMemo | None = None) -> BacktestResult:
    policy, market = load_policy(name).policy, loaded(folder, *span)
    return run_backtest(
        policy,
        market.market,
        start=to_day(span[0]),
        end=to_day(span[1]),
        fee_usd=fee_usd,
        betas=known_betas(market) if reads_betas(policy) else None,
        memo=memo,
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs_through_2020(shared: Path, name: str) -> None:
    result = run(shared, name, CRISIS)
    assert np.isfinite(result.record.equity_hedged_usd).all()
    assert result.rules.known.all(), "every input of every preset is there in 2020"
    acted = {
        rule.name for rule, rows in zip(result.policy.rules, result.memory.acted_row, strict=True) if max(rows) >= result.first
    }
    assert acted >= set(FIRED_IN_2020.get(name, ()))


def daily_risk(equity_usd: np.ndarray, account_usd: float) -> tuple[float, float]:
    """Mean of the worst twentieth of daily results, and their deviation a year; per cent of the account."""
    daily = 100.0 * np.diff(np.concatenate(([account_usd], equity_usd))) / account_usd
    worst = np.sort(daily)[: len(daily) // 20]
    return float(worst.mean()), float(daily.std() * np.sqrt(252.0))


@pytest.mark.slow
def test_the_de_levered_book_has_the_daily_risk_that_its_file_states(shared: Path) -> None:
    hedged, unhedged = run(shared, "alvh-442", WHOLE), run(shared, "de-levered", WHOLE)
    account = hedged.policy.account.equity_usd
    (tail, volatility), (own_tail, own_volatility) = (
        daily_risk(hedged.record.equity_hedged_usd, account),
        daily_risk(unhedged.record.equity_hedged_usd, account),
    )
    assert own_tail == pytest.approx(tail, rel=0.03)
    assert own_volatility == pytest.approx(volatility, rel=0.03)
    bills = float(unhedged.record.interest_unhedged_usd.sum())
    assert hedged.record.equity_hedged_usd[-1] - account < bills, "no share of condors earns as little as the hedged book"


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs_over_the_whole_history(shared: Path, name: str) -> None:
    """To the end of the data, although breadth, yields and VX settlements end before: the rules that read them are off then."""
    result = run(shared, name, WHOLE)
    assert len(result.sessions) > 4900
    assert np.isfinite(result.record.equity_hedged_usd).all()
    for rule, known in zip(result.policy.rules, result.rules.known, strict=True):
        assert known.all() or rule.when_missing == "off"


@pytest.mark.slow
def test_calls_are_locked_on_the_two_days_that_the_file_names(shared: Path) -> None:
    lines = run(shared, "lock-synthetic", WHOLE).roll_lines
    assert {iso(line.session) for line in lines if line.action == "lock"} == {"2018-02-05", "2024-08-05"}
