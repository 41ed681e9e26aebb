"""``restrike = "match_break_even"`` (R11): levels and strikes of a run against the stress of whole books, by brute force."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import run_book, shipped, synthetic_market
from tests.unit.test_policy_sizes import held

from alvh.core.errors import ConfigError
from alvh.engine.backtest import BacktestResult
from alvh.engine.break_even_strike import NO_LEVEL
from alvh.market.positions import Positions
from alvh.market.scenarios import Scenarios
from alvh.models.model_market import ModelMarket
from alvh.risk.betas import PUBLISHED
from alvh.risk.stress import response_with, stress
from alvh.strategy.explain import explain
from alvh.strategy.policy import CondorExit, CondorSize, HedgeSize, Policy, Roll
from alvh.strategy.policy_file import load_policy

FIRST, LAST, SHARE = 40, 250, 0.10


def market() -> ModelMarket:
    return synthetic_market(260)


def policy() -> Policy:
    """The middle layer alone, restruck every three weeks; condors that leave at 21 days."""
    base = shipped()
    layer = replace(
        base.hedge.layers[1],
        restrike="match_break_even",
        same_expiry="restrike",
        roll=Roll(days=21),
        break_even_share_pct=100 * SHARE,
    )
    condor = replace(base.condor, size=CondorSize(kind="fixed_lots", lots=20), exit=CondorExit(profit_fraction_pct=None, dte=21))
    return replace(base, condor=condor, hedge=replace(base.hedge, layers=(layer,), size=HedgeSize(per_usd=300_000.0)))


def excess(result: BacktestResult, row: int, vix: float, strike: float | None = None) -> float:
    """Gain of the layer less the share of the condors' loss at the next roll, SPX at the nearer short put, VIX at ``vix``."""
    hedge, condor = parts(result, row, vix, strike)
    return hedge + SHARE * condor


def condor_loss(result: BacktestResult, row: int, vix: float) -> float:
    return -parts(result, row, vix)[1]


def parts(result: BacktestResult, row: int, vix: float, strike: float | None = None) -> tuple[float, float]:
    """P&L of the layer and of the condors."""
    book, snapshot = held(result, row), market().snapshot(row)
    alive = book.expiry > snapshot.session
    calls = np.array([name == "hedge" for name in book.sleeve])
    opened = book.opened == snapshot.session
    book = book.rows(alive & (~calls | opened))
    calls = np.array([name == "hedge" for name in book.sleeve])
    if strike is not None:
        book = replace(book, strike=np.where(calls, strike, book.strike))
    puts = ~calls & (book.right < 0) & (book.quantity < 0.0) & (book.strike < snapshot.spx)
    fall = float(book.strike[puts].max()) / snapshot.spx - 1.0
    days = min(21, int(book.expiry[calls][0]) - snapshot.session - 1)
    found = stress(
        snapshot, market().series, book, Scenarios.of(fall, vix - snapshot.vix, float(days)), response_with(PUBLISHED)
    ).by_sleeve()
    return float(found["hedge"][0]), float(found["condor"][0])


def level(result: BacktestResult, row: int) -> float | None:
    """The lowest VIX at which the layer gains its share, by bisection between half points."""
    vix = market().snapshot(row).vix
    for step in np.arange(0.5, 80.5, 0.5):
        if excess(result, row, vix + step) >= 0.0 and condor_loss(result, row, vix + step) > 0.0:
            low, high = vix + step - 0.5, vix + step
            for _ in range(40):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if excess(result, row, middle) >= 0.0 else (middle, high)
            return high
    return None


def test_the_level_is_kept_by_the_strike_that_is_nearest_to_it() -> None:
    result = run_book(market(), policy(), first=FIRST, last=LAST)
    index = {int(day): k for k, day in enumerate(market().sessions)}
    rows = [index[line.session] for line in result.roll_lines if line.action in ("open", "roll")]
    kept: float | None = None
    checked = taken = 0
    for row in rows:
        snapshot = market().snapshot(row)
        book: Positions = held(result, row)
        if not any(name == "condor" and day > snapshot.session for name, day in zip(book.sleeve, book.expiry, strict=True)):
            continue
        if kept is None or kept <= snapshot.vix:
            kept = level(result, row)
            taken += 1
            continue
        if condor_loss(result, row, kept) <= 0.0:  # nothing is lost there by then: the layer is struck at its target
            continue
        mine = (book.opened == snapshot.session) & np.array([name == "hedge" for name in book.sleeve])
        series = next(
            k for k in snapshot.listed(vix=True).tolist() if int(market().series.expiry[k]) == int(book.expiry[mine][0])
        )
        chosen = float(book.strike[mine][0])
        best = abs(excess(result, row, kept, chosen))
        chain = snapshot.slice(series, 1)
        listed = chain.strikes[chain.strikes <= 3.0 * chain.forward].tolist()
        near = [strike for strike in listed if abs(strike - chosen) <= 3.0]
        # the level is linear between half points, by which the two searches differ a little
        assert (
            best
            <= min(abs(excess(result, row, kept, strike)) for strike in near) + 0.02 * abs(excess(result, row, kept + 1.0)) + 5.0
        )
        checked += 1
    assert taken >= 1 and checked >= 3


def test_without_condors_the_target_stands_and_is_counted() -> None:
    made = policy()
    alone = replace(
        made, condor=replace(made.condor, enabled=False), hedge=replace(made.hedge, size=HedgeSize(kind="per_condor"))
    )
    assert not run_book(market(), alone, first=FIRST, last=FIRST + 60).lots
    result = run_book(market(), made, first=FIRST, last=LAST)
    assert result.counters.held_back[NO_LEVEL] >= 1


def test_a_solved_size_and_a_solved_strike_exclude_each_other(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    body = 'schema = 1\nextends = "{}"\n[[hedge.layer]]\nname = "mid"\nrestrike = "match_break_even"\n'
    file.write_text(body.format("vega-50"), encoding="utf-8")
    with pytest.raises(ConfigError, match="solves the quantity for a strike"):
        load_policy(file)
    file.write_text(body.format("alvh-442"), encoding="utf-8")
    assert "gains 10 % of what they lose by the next roll" in explain(load_policy(file))
