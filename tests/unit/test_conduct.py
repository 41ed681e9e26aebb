"""How a hedge was run: units held, rules that acted, and the discipline report, each recounted from ledger and decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import run_book, shipped, synthetic_market
from tests.helpers.mixed_run import MIXED, mixed_run

from alvh.app.wiring import BacktestOutput
from alvh.core.days import iso, to_date, to_day
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.engine.session import Run, SessionTrace
from alvh.results.discipline import discipline_document, is_trade, premium_paid
from alvh.results.margin_path import margin_path
from alvh.results.presence import presence_document, units_held
from alvh.results.rule_acts import RuleActs, rules_document
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import Action, AdaptiveRule, Limits, StewardLimit

RULED = """
schema = 1
extends = "alvh-442"
name = "ruled"
description = "every action that leaves no order of its own, and some that do"

[hedge]
presence = "activated"
ratio = "by_signal"

[[hedge.layer]]
name = "front"
roll = {kind = "days_or_trigger", days = 7}

[[rule]]
name = "on"
rule_id = "R35"
when = {signal = "vix_to_mean_20", above = 1.1}
then = {kind = "activate"}

[[rule]]
name = "off"
rule_id = "R36"
when = {signal = "vix_to_mean_20", below = 0.9}
then = {kind = "stand_down"}

[[rule]]
name = "later"
rule_id = "R22"
when = {signal = "vix_macd_histogram", above = 0}
then = {kind = "delay_rolls", most_sessions = 2}

[[rule]]
name = "shift"
rule_id = "R12"
when = {signal = "vix_zscore_20", above = 1.5}
then = {kind = "time_shift", layers = ["front"]}
cool_down_sessions = 3

[[rule]]
name = "less"
rule_id = "R32"
when = {signal = "vix", below = 13}
then = {kind = "flex_ratio", factor = 0.5, layers = ["front", "mid"]}

[[rule]]
name = "more"
rule_id = "R32"
when = {signal = "vix", below = 14}
then = {kind = "flex_ratio", factor = 1.5}

[[rule]]
name = "no-entry"
rule_id = "R33"
when = {signal = "vix", above = 25}
then = {kind = "skip_condor_entry"}

[[rule]]
name = "unread"
rule_id = "R27"
when = {signal = "cpi_zscore", above = 2}
then = {kind = "rebalance"}
when_missing = "off"
"""


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> BacktestOutput:
    return mixed_run(tmp_path_factory.mktemp("ruled"), RULED)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> BacktestOutput:
    return mixed_run(tmp_path_factory.mktemp("mixed"))


@pytest.fixture(params=["ruled", "mixed"])
def output(request: pytest.FixtureRequest) -> BacktestOutput:
    found: BacktestOutput = request.getfixturevalue(request.param)
    return found


def again(output: BacktestOutput) -> list[tuple[int, SessionTrace]]:
    """The run's decisions, session by session."""
    seen: list[tuple[int, SessionTrace]] = []

    def watch(run: Run, index: int, trace: SessionTrace) -> None:
        seen.append((index, trace))

    result = output.result
    days = result.sessions
    run_backtest(output.policy.policy, result.market, start=int(days[0]), end=int(days[-1]), fee_usd=fee_usd, watch=watch)
    return seen


def replayed_units(result: BacktestResult) -> Iterator[list[int]]:
    """Units of each layer after every session, from the ledger's entries in order."""
    units = [0] * len(result.policy.hedge.layers)
    by_row: dict[int, list[Any]] = {}
    for entry in result.ledger.entries:
        by_row.setdefault(entry.market_row, []).append(entry)
    stranded = set()
    for row in range(result.first, result.first + len(result.sessions)):
        for entry in by_row.get(row, []):
            if entry.layer < 0 or entry.lot < 0 or result.lots[entry.lot].quantity < 0:
                continue
            if entry.kind == "strand":
                stranded.add(entry.lot)
                units[entry.layer] -= result.lots[entry.lot].quantity
            elif entry.kind != "variation" and entry.lot not in stranded:
                units[entry.layer] += int(entry.quantity)
        yield list(units)


def test_units_are_those_of_the_ledger(output: BacktestOutput) -> None:
    replay = np.array(list(replayed_units(output.result))).T
    assert units_held(output.result).tolist() == replay.tolist()
    hedge = output.document["hedge"]
    assert hedge["sessions_held_share"] == pytest.approx(float((replay > 0).any(axis=0).mean()))
    for layer, row in zip(hedge["layers"], replay, strict=True):
        assert layer["sessions_held_share"] == pytest.approx(float((row > 0).mean()))
        assert layer["instrument"] in ("vix_calls", "vix_call_spreads", "vx_futures", "spx_put_spreads")


def test_activations_are_counted_where_rules_switch_layers(ruled: BacktestOutput, mixed: BacktestOutput) -> None:
    hedge = ruled.document["hedge"]
    assert 0.0 < hedge["sessions_held_share"] < 1.0
    on = [
        sum(i.reason.text.startswith("on:") and i.layer == k for _, t in again(ruled) for i in t.decision.intents)
        for k in range(3)
    ]
    off = [
        sum(i.reason.text.startswith("off:") and i.layer == k for _, t in again(ruled) for i in t.decision.intents)
        for k in range(3)
    ]
    assert [layer["activations"] for layer in hedge["layers"]] == on and [
        layer["stand_downs"] for layer in hedge["layers"]
    ] == off
    assert hedge["activations"] == sum(on) > 0 and hedge["stand_downs"] == sum(off) > 0
    assert "activations" not in mixed.document["hedge"]  # layers that are always held are never switched
    whole, layers = presence_document(ruled.result, None)
    assert whole["activations"] is None and layers[0]["stand_downs"] is None


def test_rules_acted_where_their_reason_was_given(output: BacktestOutput) -> None:
    """Every intent and everything held back bears the reason of its rule; what flexes the ratio shows in the factors."""
    traces = again(output)
    rules = {row["name"]: row for row in output.document["rules"]}
    policy, result = output.policy.policy, output.result
    assert list(rules) == [rule.name for rule in policy.rules]
    for k, rule in enumerate(policy.rules):
        text = f"{rule.name}: {rule.when.phrase()}"
        rows = [
            index
            for index, trace in traces
            if any(reason.text == text for reason in (*(i.reason for i in trace.decision.intents), *trace.decision.held_back))
        ]
        if rule.then.kind == "flex_ratio":
            rows = [index for index, trace in traces if trace.view.rule_holds[k]]
            free = [j for j, layer in enumerate(policy.hedge.layers) if layer.name in rule.then.layers or not rule.then.layers]
            changed = {index for index, trace in traces if any(trace.decision.factors[j] != 1.0 for j in free)}
            assert set(rows) <= changed  # no two factors of these rules make one
        found = rules[rule.name]
        assert (found["acted"], found["rule_id"], found["action"]) == (len(rows), rule.rule_id, rule.then.kind), rule.name
        days = [iso(result.market.sessions[index]) for index in rows]
        assert (found["first"], found["last"]) == ((days[0], days[-1]) if days else (None, None)), rule.name
        assert found["held_sessions"] == int(result.rules.holds[k].sum()) >= found["acted"]


def test_a_rule_without_data_says_on_which_sessions(ruled: BacktestOutput) -> None:
    rules = {row["name"]: row for row in ruled.document["rules"]}
    sessions = ruled.result.sessions
    unread = rules["unread"]
    assert (unread["unknown_sessions"], unread["unknown_from"], unread["unknown_to"]) == (
        len(sessions), iso(sessions[0]), iso(sessions[-1])
    )  # fmt: skip
    assert (unread["held_sessions"], unread["acted"]) == (0, 0)
    assert rules["on"]["unknown_sessions"] == 0 and rules["on"]["unknown_from"] is None
    assert {rules[name]["acted"] > 0 for name in ("on", "off", "later", "shift", "less", "more")} == {True}
    assert any("off for lack of data" in text for _, text in ruled.summary_rows())


def test_part_of_the_sessions_may_be_unknown() -> None:
    """A warm-up of 100 sessions: the rule is off until it is over, and the result names that span."""
    market = synthetic_market(160, seed=0)
    rule = AdaptiveRule(
        name="late",
        rule_id="R24",
        when=Compare(signal="vix_to_mean_100", above=1.0),
        then=Action(kind="rebalance"),
        when_missing="off",
    )
    policy = replace(shipped(), rules=(rule,))
    acts = RuleActs(policy)
    days = market.sessions
    result = run_backtest(policy, market, start=int(days[0]), end=int(days[-1]), fee_usd=fee_usd, watch=acts.watch)
    (row,) = rules_document(result, acts)
    assert (row["unknown_sessions"], row["unknown_from"], row["unknown_to"]) == (99, iso(days[0]), iso(days[98]))
    assert row["acted"] > 0 and row["first"] >= iso(days[99])


def test_trades_off_schedule_are_those_of_the_engine(output: BacktestOutput) -> None:
    part, result = output.document["discipline"], output.result
    for k, layer in enumerate(part["layers"]):
        assert layer["off_schedule"] == result.counters.off_schedule.get(k, 0)
        assert layer["on_schedule"] == sum(is_trade(line) and line.scheduled for line in result.roll_lines if line.layer == k)
    assert part["off_schedule"] == sum(result.counters.off_schedule.values()) > 0
    refused = Counter(rule for _, rule, _ in result.refusals)
    assert {rule: row["count"] for rule, row in part["refusals"].items()} == refused == result.counters.refused


def grid(days: int, sessions: list[date]) -> set[date]:
    """Roll days by hand, every so many days from 3 January 2007: the Wednesday on or after (none of the span was a holiday)."""
    nominal, found = date(2007, 1, 3), set()
    while nominal <= sessions[-1]:
        found.add(nominal + timedelta(days=(2 - nominal.weekday()) % 7))
        nominal += timedelta(days=days)
    return {day for day in found if sessions[0] <= day <= sessions[-1]}


def test_rolls_on_their_due_day_by_hand(ruled: BacktestOutput) -> None:
    """Of the grid's days at which a layer held something the evening before, those with a roll: a delayed one is late."""
    result = ruled.result
    units, sessions = units_held(result), [to_date(int(day)) for day in result.sessions]
    part = ruled.document["discipline"]
    for k, layer in enumerate(result.policy.hedge.layers):
        due = [day for day in sorted(grid(layer.roll.days, sessions) - {sessions[0]}) if units[k, sessions.index(day) - 1] > 0]
        lines = {(line.session, line.action) for line in result.roll_lines if line.layer == k}
        done = [day for day in due if any((to_day(day), action) in lines for action in ("roll", "keep", "close"))]
        row = part["layers"][k]
        assert (row["rolls_due"], row["rolls_on_due_day"]) == (len(due), len(done)), layer.name
        assert row["share_on_due_day"] == pytest.approx(len(done) / len(due))
    assert part["share_on_due_day"] == pytest.approx(part["rolls_on_due_day"] / part["rolls_due"])
    assert 0.0 < part["share_on_due_day"] < 1.0


def test_the_default_book_keeps_its_calendar() -> None:
    result = run_book(synthetic_market(420, seed=0))
    part = discipline_document(result, margin_path(result))
    assert (part["off_schedule"], part["share_on_due_day"], part["refusals"]) == (0, 1.0, {})
    assert part["rolls_due"] > 100 and part["added_while_rule_held"] == []


@pytest.mark.parametrize("fill_at", ["same_close", "next_close"])
def test_what_is_added_while_a_rule_holds(fill_at: str) -> None:
    """Counted at the close of the decision: with fills a session later, at the session before."""
    market = synthetic_market(300, seed=1, stress=True)
    rule = AdaptiveRule(
        name="spike", rule_id="R24", when=Compare(signal="vix", above=18.0), then=Action(kind="rebalance"), cool_down_sessions=4
    )
    policy = replace(shipped(), rules=(rule,))
    policy = replace(policy, timing=replace(policy.timing, fill_at=fill_at))  # type: ignore[arg-type]  # one of its two words
    result = run_book(market, policy, first=30)
    part = discipline_document(result, margin_path(result))
    before = [0, 0, 0]
    sessions = contracts = all_contracts = 0
    vix = market.history.vix_close
    for row, now in enumerate(replayed_units(result)):
        added = sum(max(b - a, 0) for a, b in zip(before, now, strict=True))
        decided = result.first + row - (fill_at == "next_close")
        all_contracts += added
        if added and decided >= result.first and vix[decided] > 18.0:
            sessions, contracts = sessions + 1, contracts + added
        before = now
    assert part["added_while_rule_held"] == [{"name": "spike", "sessions": sessions, "contracts": contracts}]
    assert part["added"]["contracts"] == all_contracts > contracts > 0


def test_the_largest_premium_and_capital_by_brute_force(output: BacktestOutput) -> None:
    result, part, account = output.result, output.document["discipline"], output.policy.policy.account.equity_usd
    days = [int(day) for day in result.sessions]
    spent = []
    for today in days:
        window = [
            entry
            for entry in result.ledger.entries
            if entry.layer >= 0 and entry.kind == "open" and today - 30 < int(result.market.sessions[entry.market_row]) <= today
        ]
        spent.append(-sum(entry.cash_usd for entry in window))
    assert premium_paid(result) == pytest.approx(np.array(spent), abs=1e-6)
    top = int(np.argmax(spent))
    assert part["largest_premium"] == {
        "calendar_days": 30, "of_account": pytest.approx(spent[top] / account), "usd": pytest.approx(spent[top]),
        "session": iso(days[top]),
    }  # fmt: skip
    capital = result.record.layer_value_usd.sum(axis=0) + output.risk.margin.futures_usd
    assert part["largest_capital"]["usd"] == pytest.approx(float(capital.max()))
    assert part["largest_capital"]["of_account"] == pytest.approx(float(capital.max()) / account)


def test_a_steward_keeps_the_largest_premium_at_its_cap() -> None:
    """The cap is on what is bought at mid: half a spread and the fees may come on top."""
    market = synthetic_market(300, seed=1, stress=True)
    capped = replace(shipped(), limits=Limits(steward=StewardLimit(max_premium_pct=0.5, max_capital_pct=None)))
    free, bound = (run_book(market, policy) for policy in (shipped(), capped))
    parts = [discipline_document(result, margin_path(result)) for result in (free, bound)]
    assert parts[0]["largest_premium"]["of_account"] > 0.006
    assert 0.004 < parts[1]["largest_premium"]["of_account"] < 0.0055
    assert parts[1]["refusals"]["R46"]["count"] > 0


def test_without_a_hedge_nothing_is_reported_of_it() -> None:
    policy = replace(shipped(), hedge=replace(shipped().hedge, enabled=False))
    result = run_book(synthetic_market(120, seed=0), policy)
    part = discipline_document(result, margin_path(result))
    assert part["layers"] == [] and part["share_on_due_day"] is None and part["on_schedule"] == 0
    assert part["largest_premium"] == {"calendar_days": 30, "of_account": 0.0, "usd": 0.0, "session": None}
    assert presence_document(result, None)[0] == {"sessions_held_share": 0.0}


def test_a_layer_without_a_fixed_grid_has_no_due_days(tmp_path: Path) -> None:
    text = MIXED.replace('roll = {kind = "every_days", days = 21}', 'roll = {kind = "hold_to_settlement"}')
    found = mixed_run(tmp_path, text, end=date(2018, 3, 29)).document["discipline"]
    puts = next(layer for layer in found["layers"] if layer["name"] == "puts")
    assert (puts["rolls_due"], puts["rolls_on_due_day"], puts["share_on_due_day"]) == (None, None, None)
    assert found["rolls_due"] == sum(layer["rolls_due"] or 0 for layer in found["layers"])
