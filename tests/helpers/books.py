"""Synthetic markets and policy variants for tests of the engine."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from tests.helpers.history import make_history

from alvh.core.days import to_date
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.market.forwards import vix_forwards
from alvh.market.history import History
from alvh.market.series import series_table
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.vx_curve import curve_points, ewma
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import load_policy


def market_of(history: History, *, horizon_day: int | None = None, xsp: bool = False) -> ModelMarket:
    """The modelled market on a history; ``horizon_day`` fixes how far the expiry tables reach."""
    first = int(history.sessions[0])
    last = int(history.sessions[-1]) + 500 if horizon_day is None else horizon_day
    vix = vix_expiries(first, last)
    points = curve_points(history.vix_close, ewma(history.vix_close))
    forwards = vix_forwards(history, expiry=vix.expiry, monthly=vix.monthly, curve_points=points)
    series = series_table(spx_expiries(first, last), vix, xsp=xsp, etps=tuple(history.etps))
    return model_market(history, series, forwards.forward)


@lru_cache(maxsize=32)
def synthetic_market(
    n_sessions: int = 420, *, seed: int = 0, with_vx: bool = True, stress: bool = False, xsp: bool = False
) -> ModelMarket:
    """A modelled market on a random walk that starts on 5 January 2015."""
    return market_of(make_history(n_sessions, seed=seed, with_vx=with_vx, stress=stress), xsp=xsp)


@lru_cache(maxsize=8)
def shipped(name: str = "alvh-442") -> Policy:
    """A shipped policy."""
    return load_policy(name).policy


def run_book(market: Any, policy: Policy | None = None, *, first: int = 0, last: int | None = None) -> BacktestResult:
    """Run a policy (the default book) over rows ``first`` to ``last`` of a market."""
    sessions = market.sessions
    return run_backtest(
        shipped() if policy is None else policy,
        market,
        start=int(sessions[first]),
        end=int(sessions[-1 if last is None else last]),
        fee_usd=fee_usd,
    )


def compare_with_plain(result: BacktestResult, plain: Any) -> list[str]:
    """Every disagreement between an engine run and its plain twin, in words; empty where they agree."""
    found = []
    for name, ours, theirs in (
        ("hedged", result.record.equity_hedged_usd, plain.equity_hedged),
        ("unhedged", result.record.equity_unhedged_usd, plain.equity_unhedged),
    ):
        gap = np.abs(ours - np.array(theirs))
        wrong = np.flatnonzero(~(gap < 0.005))
        if wrong.size:
            k = int(wrong[0])
            found.append(
                f"{name} equity differs in {wrong.size} of {gap.size} sessions, first {to_date(result.sessions[k])}: "
                f"engine {ours[k]:.2f}, plain {theirs[k]:.2f}; largest {gap.max():.2f}"
            )
    layers = range(len(result.policy.hedge.layers))
    ours_counts = {
        "entries": result.entries,
        "lots": result.entry_lots,
        "minimum_above_share": result.counters.small_account,
        "stranded": result.counters.stranded,
        "rolls": [result.counters.rolls.get(k, 0) for k in layers],
        "empty_windows": [result.counters.empty_windows.get(k, 0) for k in layers],
        "contracts": [sum(lot.quantity for lot in result.lots if lot.layer == k) for k in layers],
    }
    for name, value in ours_counts.items():
        if value != plain.counts[name]:
            found.append(f"{name}: engine {value}, plain {plain.counts[name]}")
    return found
