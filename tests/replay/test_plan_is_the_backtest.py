"""The plan of a session, given its close and its book, is the backtest's orders of that session, contract by contract."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import shipped, synthetic_market
from tests.helpers.replay import Book, retold, same_as_run, told

from alvh.app.wiring import known_betas, load_market
from alvh.core.days import to_day
from alvh.desk.plan_book import derived_state
from alvh.desk.state_file import read_state, state_document
from alvh.engine.session import Run
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import Action, AdaptiveRule, Monetise, Policy
from alvh.strategy.policy_file import load_policy
from alvh.strategy.sizing import reads_betas

MARKET = Path(__file__).resolve().parents[3] / "shared" / "market"
needs_market = pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market history at {MARKET}")


def _rule(name: str, kind: str, when: Compare, **more: object) -> AdaptiveRule:
    action = {key: more.pop(key) for key in ("layers", "factor", "most_sessions") if key in more}
    return AdaptiveRule(name=name, rule_id="R35", when=when, then=Action(kind=kind, **action), **more)


def adaptive() -> Policy:
    """Every kind of state at once: presence, episodes, cool-downs, delays, factors, winners sold, a reserve, caps."""
    base = load_policy("alvh-442").policy
    front, mid, back = base.hedge.layers
    layers = (
        replace(front, roll=replace(front.roll, kind="days_or_trigger"), monetise=Monetise(multiple=1.5, fraction_pct=50.0)),
        replace(mid, restrike="same_moneyness"),
        replace(back, funded_by="gains"),
    )
    rules = (
        _rule("on", "activate", Compare(signal="vix_to_mean_20", above=1.02)),
        _rule("off", "stand_down", Compare(signal="vix_to_mean_20", below=0.9), repeat="once_an_episode", layers=("mid",)),
        _rule("lock", "lock_synthetic", Compare(signal="vix_to_mean_20", above=1.15), repeat="once_an_episode", layers=("mid",)),
        _rule("roll", "roll_innermost", Compare(signal="vix_zscore_20", above=1.0), cool_down_sessions=4),
        _rule("shift", "time_shift", Compare(signal="vix_zscore_20", above=1.8), repeat="once_an_episode", layers=("front",)),
        _rule("wait", "delay_rolls", Compare(signal="vix_change_20", above=1.0), most_sessions=3, layers=("mid",)),
        _rule("more", "flex_ratio", Compare(signal="vix_to_mean_20", above=1.1), factor=2.0),
        _rule("skip", "skip_condor_entry", Compare(signal="vix_zscore_20", above=2.0), cool_down_sessions=10),
    )
    size = replace(base.hedge.size, per_usd=60_000.0, reference="planned")
    steward = shipped_steward()
    hedge = replace(base.hedge, presence="activated", ratio="by_signal", acting="innermost", layers=layers, size=size)
    return replace(base, rules=rules, hedge=hedge, limits=replace(base.limits, steward=steward))


def shipped_steward() -> object:
    from alvh.strategy.policy import StewardLimit

    return StewardLimit(max_premium_pct=1.0, max_capital_pct=4.0, no_adding_while=("shift",))


@pytest.mark.parametrize("name", ["default", "adaptive", "spreads and futures"])
def test_every_close_of_a_synthetic_market_is_decided_alike(name: str) -> None:
    market = synthetic_market(320, seed=3, stress=True)
    policy = {"default": shipped, "adaptive": adaptive, "spreads and futures": mixed}[name]()
    first, stop = 40, 320
    books, stories, run = told(policy, market, first, stop, None)
    assert same_as_run(run, policy, market, first, stop, None)
    assert sum(len(story[0]) for story in stories) > 100
    assert retold(policy, market, first, books, None) == stories


def mixed() -> Policy:
    base = shipped()
    front, mid, back = base.hedge.layers
    layers = (
        replace(front, instrument="vx_futures"),
        replace(mid, instrument="vix_call_spreads"),
        replace(back, instrument="spx_put_spreads", short_strike=replace(back.short_strike, delta=0.05)),
    )
    size = replace(base.hedge.size, per_usd=20_000.0)
    return replace(base, hedge=replace(base.hedge, layers=layers, ratio_of="vega", size=size))


def test_what_a_book_file_keeps_is_enough() -> None:
    """State through JSON and back at every close, by name and date, gives the same orders."""
    market, policy, first, stop = synthetic_market(320, seed=3, stress=True), adaptive(), 40, 320
    books, stories, _ = told(policy, market, first, stop, None)

    def through_json(run: Run, index: int, book: Book) -> Book:
        before = int(market.sessions[index - 1])
        document = json.loads(json.dumps(state_document(policy, "0" * 64, book[1], market.sessions, before)))
        state, session, notes = read_state(document, policy, market.sessions, "test")
        assert (session, notes) == (before, [])
        return book[0], state

    assert retold(policy, market, first, books, None, through_json) == stories


def test_the_default_needs_no_state_beside_its_positions() -> None:
    market, policy, first, stop = synthetic_market(320, seed=3, stress=True), shipped(), 40, 320
    books, stories, _ = told(policy, market, first, stop, None)

    def positions_alone(run: Run, index: int, book: Book) -> Book:
        state, notes = derived_state(policy, book[0], market, policy.account.equity_usd)
        assert notes == []
        return book[0], state

    assert retold(policy, market, first, books, None, positions_alone) == stories


@needs_market
@pytest.mark.parametrize("name", ["alvh-442", "spike-exit"])
def test_every_session_of_the_history_is_decided_alike(name: str) -> None:
    """2007-2026 without exception; where an adaptive rule lacks its dates it is off, in both."""
    policy = load_policy(name).policy
    loaded = load_market(MARKET, policy, start=date(2007, 1, 3))
    market = loaded.market
    betas = known_betas(loaded) if reads_betas(policy) else None
    first = int(np.searchsorted(market.sessions, to_day(date(2007, 1, 3))))
    books, stories, run = told(policy, market, first, len(market.sessions), betas)
    assert len(stories) == len(market.sessions) - first > 4_900
    assert sum(len(story[0]) for story in stories) > 8_000
    again = retold(policy, market, first, books, betas)
    wrong = [k for k, (left, right) in enumerate(zip(stories, again, strict=True)) if left != right]
    assert wrong == []
    if name != "alvh-442":
        assert any(len(rows) for rows in np.nonzero(run.rules.holds))
        return

    def positions_alone(run: Run, index: int, book: Book) -> Book:
        return book[0], derived_state(policy, book[0], market, policy.account.equity_usd)[0]

    assert retold(policy, market, first, books, betas, positions_alone) == stories
