"""Limits on the whole book in a run: delta and vega, the steward's caps, the quick ratio; by figures taken on the lots."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import run_book, shipped, synthetic_market
from tests.unit.test_policy_sizes import FIRST, LAST, held

from alvh.core.errors import ConfigError
from alvh.engine.backtest import BacktestResult
from alvh.models.model_market import ModelMarket
from alvh.risk.betas import PUBLISHED
from alvh.risk.exposures import exposures
from alvh.strategy.conditions import Compare
from alvh.strategy.explain import explain
from alvh.strategy.limits import smallest_change
from alvh.strategy.policy import (
    Action,
    AdaptiveRule,
    CondorSize,
    HedgeSize,
    Limits,
    NeutralityLimit,
    Policy,
    QuickRatioLimit,
    StewardLimit,
)
from alvh.strategy.policy_file import load_policy, policy_to_toml

EQUITY = 1_000_000.0


def market() -> ModelMarket:
    return synthetic_market(260)


def book(limits: Limits, *, lots: int = 20, rules: tuple[AdaptiveRule, ...] = (), per_usd: float = 100_000.0) -> Policy:
    base = shipped()
    return replace(
        base,
        condor=replace(base.condor, size=CondorSize(kind="fixed_lots", lots=lots)),
        hedge=replace(base.hedge, size=HedgeSize(kind="index_notional", per_usd=per_usd)),
        limits=limits,
        rules=rules,
    )


def run(policy: Policy) -> BacktestResult:
    return run_book(market(), policy, first=FIRST, last=LAST)


# ------------------------------------------------------------------------------------------------------------ arithmetic


@pytest.mark.parametrize(
    ("parts", "holding", "change"),
    [
        ([(5.0, 1.0, 10.0)], 3, 0),
        ([(-25.0, 4.0, 10.0)], 3, 4),
        ([(25.0, 4.0, 10.0)], 9, -4),
        ([(25.0, 4.0, 10.0)], 3, None),
        ([(-25.0, 4.0, 10.0), (0.0, -3.0, 11.0)], 3, None),
        ([(-25.0, 4.0, 10.0), (0.0, -3.0, 12.0)], 3, 4),
        ([(25.0, 0.0, 10.0)], 3, None),
        ([(-25.0, -4.0, 10.0)], 9, -4),
        ([], 3, 0),
    ],
)
def test_the_smallest_change_is_the_fewest_whole_contracts(
    parts: list[tuple[float, float, float]], holding: int, change: int | None
) -> None:
    assert smallest_change(parts, holding) == change
    fits = [
        number
        for number in range(-holding, 60)
        if all(abs(value + number * unit) <= bound + 1e-9 for value, unit, bound in parts)
    ]
    assert (min(fits, key=abs) if fits else None) == change


# ------------------------------------------------------------------------------------------------------------ neutrality


def measured(result: BacktestResult, row: int, column: str) -> float:
    positions = held(result, row)
    positions = positions.rows(positions.expiry > int(market().sessions[row]))
    if not len(positions):
        return 0.0
    return exposures(market().snapshot(row), positions, market().series, PUBLISHED).book()[column]


def test_the_book_stays_inside_its_vega_bound_or_says_why() -> None:
    limit = NeutralityLimit(max_delta_pct=None, max_vega_pct=0.4)
    free, bound = run(book(Limits())), run(book(Limits(neutrality=limit)))
    refused = {session for session, rule, _ in bound.refusals if rule == "R44"}
    outside = [row for row in range(FIRST, LAST + 1) if abs(measured(free, row, "net_usd_per_vix_point")) > 4000.0]
    assert len(outside) > 10
    trades = [line for line in bound.roll_lines if line.action == "neutral"]
    assert trades
    settled = {lot.close_index for lot in bound.lots if lot.close_kind == "settled"}
    for row in range(FIRST, LAST + 1):
        if int(market().sessions[row]) in refused or row in settled:
            continue
        assert abs(measured(bound, row, "net_usd_per_vix_point")) <= 4000.0 * (1.0 + 1e-9)


def test_the_delta_bound_holds_too_and_trades_little() -> None:
    result = run(book(Limits(neutrality=NeutralityLimit(max_delta_pct=0.9))))
    refused = {session for session, rule, _ in result.refusals if rule == "R44"}
    settled = {lot.close_index for lot in result.lots if lot.close_kind == "settled"}
    checked = 0
    for row in range(FIRST, LAST + 1):
        if int(market().sessions[row]) in refused or row in settled:
            continue
        delta = measured(result, row, "spx_equivalent_delta_usd_per_point") * 0.01 * market().snapshot(row).spx
        assert abs(delta) <= 0.009 * EQUITY * (1.0 + 1e-9)
        checked += 1
    assert checked > 60


def test_a_bound_that_no_layer_can_meet_is_refused_with_its_figures() -> None:
    result = run(book(Limits(neutrality=NeutralityLimit(max_delta_pct=0.0001, max_vega_pct=0.0001))))
    texts = [text for _, rule, text in result.refusals if rule == "R44"]
    assert texts and "is beyond $1" in texts[0] and "no trade in one layer" in texts[0]
    assert result.counters.refused["R44"] == len(texts)


def test_a_condor_that_would_breach_is_not_opened() -> None:
    limit = NeutralityLimit(max_delta_pct=None, max_vega_pct=0.3, on_breach="refuse")
    result = run(book(Limits(neutrality=limit)))
    assert result.counters.refused["R44"] > 0
    assert result.entries < run(book(Limits())).entries
    assert not [line for line in result.roll_lines if line.action == "neutral"]


# --------------------------------------------------------------------------------------------------------------- steward


def test_premium_of_thirty_days_stays_below_its_cap() -> None:
    free = run(book(Limits()))
    capped = run(book(Limits(steward=StewardLimit(max_premium_pct=0.5, max_capital_pct=None))))
    assert max(monthly_premium(free)) > 0.006 * EQUITY
    assert max(monthly_premium(capped)) <= 0.005 * EQUITY * 1.15  # caps count mids, fills pay half the spread and fees
    assert capped.counters.refused["R46"] > 0


def monthly_premium(result: BacktestResult) -> list[float]:
    sessions = market().sessions
    opens = [
        (int(sessions[entry.market_row]), -entry.cash_usd)
        for entry in result.ledger.entries
        if entry.sleeve == "hedge" and entry.kind == "open"
    ]
    return [sum(paid for day, paid in opens if last - 30 < day <= last) for last, _ in opens]


def test_capital_in_the_hedge_stays_below_its_cap_when_buying() -> None:
    result = run(book(Limits(steward=StewardLimit(max_premium_pct=None, max_capital_pct=0.6))))
    assert result.counters.refused["R46"] > 0
    rows = {entry.market_row for entry in result.ledger.entries if entry.sleeve == "hedge" and entry.kind == "open"}
    for row in rows:
        value = exposures(market().snapshot(row), held(result, row), market().series, PUBLISHED).by_sleeve()["hedge"]["value_usd"]
        assert value <= 0.006 * EQUITY * 1.05  # stranded calls of a former layer still have their mark


def test_nothing_is_added_while_a_named_rule_holds() -> None:
    """The rule's condition always holds: after the first opening no layer ever grows."""
    always = AdaptiveRule(
        name="spike",
        rule_id="R20",
        when=Compare(signal="vix", above=0.0),
        then=Action(kind="skip_condor_entry"),
        cool_down_sessions=10,
    )
    named = Limits(steward=StewardLimit(max_premium_pct=None, max_capital_pct=None, no_adding_while=("spike",)))
    result = run(book(named, rules=(always,)))
    assert not [lot for lot in result.lots if lot.layer >= 0], "nothing is held, so any call would be an addition"
    later = replace(always, when=Compare(signal="vix", above=float(np.median(market().history.vix_close[FIRST:LAST]))))
    result = run(book(named, rules=(later,)))
    vix = market().history.vix_close
    for layer in result.policy.hedge.layers:
        counts = [
            (row, float(positions.quantity[np.array(positions.layer) == layer.name].sum()))
            for row in range(FIRST, LAST + 1)
            for positions in (held(result, row),)
        ]
        for (_, before), (row, after) in pairwise(counts):
            if float(vix[row]) > float(np.median(vix[FIRST:LAST])):
                assert after <= before


# ----------------------------------------------------------------------------------------------------------- quick ratio


def test_condors_stop_where_liquid_capital_would_fall_below_the_floor() -> None:
    free = run(book(Limits(), lots=60))
    floor = run(book(Limits(quick_ratio=QuickRatioLimit(floor=2.0)), lots=60))
    assert floor.counters.refused["R48"] > 0
    assert floor.entries < free.entries
    for row in range(FIRST, LAST + 1):
        k = row - FIRST
        entries = [lot for lot in floor.lots if lot.layer < 0 and lot.open_index == row]
        if entries:
            width = float(floor.record.risk_capital_usd[k])
            assert float(floor.record.cash_hedged_usd[k]) >= 1.5 * width


def test_limits_that_never_bind_change_nothing() -> None:
    wide = Limits(
        neutrality=NeutralityLimit(max_delta_pct=100.0, max_vega_pct=100.0),
        steward=StewardLimit(max_premium_pct=100.0, max_capital_pct=100.0),
        quick_ratio=QuickRatioLimit(floor=0.001),
    )
    plain, limited = run(book(Limits(), lots=1)), run(book(wide, lots=1))
    assert plain.ledger.entries == limited.ledger.entries
    assert limited.refusals == plain.refusals


# --------------------------------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[limits.neutrality]\nmax_delta_pct = "off"', "neither delta nor vega has a bound"),
        ('[timing]\nfill_at = "next_close"\n[limits.neutrality]\nmax_delta_pct = 1', "at the close at which it is measured"),
        ("[hedge]\nenabled = false\n[limits.neutrality]\nmax_delta_pct = 1", "there is no hedge to trade"),
        ('[limits.steward]\nno_adding_while = ["spike"]', "there is no rule 'spike'"),
        ("[limits.quick_ratio]\nfloor = 0", "floor"),
    ],
)
def test_contradictions_are_refused_by_key(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'schema = 1\nextends = "alvh-442"\n{text}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    assert words in f"{caught.value} {caught.value.where}"


def test_limits_and_sizes_are_written_back_the_same(tmp_path: Path) -> None:
    rule = AdaptiveRule(
        name="spike", rule_id="R35", when=Compare(signal="vix", above=30.0), then=Action(kind="rebalance", dead_band_pct=12.5)
    )
    limits = Limits(
        neutrality=NeutralityLimit(max_delta_pct=None, max_vega_pct=0.25, on_breach="refuse"),
        steward=StewardLimit(max_premium_pct=None, max_capital_pct=6.0, no_adding_while=("spike",)),
        quick_ratio=QuickRatioLimit(floor=1.25),
    )
    policy = replace(book(limits, rules=(rule,)), name="mine")
    file = tmp_path / "mine.toml"
    file.write_text(policy_to_toml(policy), encoding="utf-8")
    assert load_policy(file).policy == policy


def test_the_limits_are_explained(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'schema = 1\nextends = "alvh-442"\n[limits.neutrality]\nmax_vega_pct = 0.5\n'
        "[limits.steward]\n[limits.quick_ratio]\nfloor = 1.5\n",
        encoding="utf-8",
    )
    text = explain(load_policy(file))
    for words in ("1 % of the account when SPX moves 1 % and 0.5 %", "above 2 % of the account", "below 1.5 times"):
        assert words in text
    off = explain(load_policy("alvh-442"))
    for words in ("limits.neutrality, R44", "limits.steward, R46", "limits.quick_ratio, R48"):
        assert words in off
