"""Every action that a rule can have: written and read back, explained, linted, run, and decided alike by the daily plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from tests.helpers.books import run_book, shipped, synthetic_market
from tests.helpers.replay import retold, told

from alvh.results.attribution import check_identity
from alvh.strategy.conditions import Compare
from alvh.strategy.explain import explain
from alvh.strategy.explain_hedge import rule_sentence
from alvh.strategy.lint import lint_file
from alvh.strategy.policy import Action, AdaptiveRule, Policy
from alvh.strategy.policy_file import load_policy, policy_to_toml
from alvh.strategy.rule_policy import ActionKind
from alvh.strategy.view import NEVER

FIRST, STOP = 40, 200
KINDS = get_args(ActionKind)


def with_action(kind: str) -> Policy:
    """The default book with one rule of a kind, on layers that rules may roll; where it switches layers they begin off."""
    base = shipped()
    when = Compare(signal="vix_to_mean_20", above=1.03)
    rules = [AdaptiveRule(name="one", rule_id="R35", when=when, then=Action(kind=kind), cool_down_sessions=2)]
    switches = kind in ("activate", "stand_down")
    if kind == "stand_down":
        opener = Compare(signal="vix_to_mean_20", below=1.0)
        rules.append(AdaptiveRule(name="on", rule_id="R36", when=opener, then=Action(kind="activate")))
    layers = tuple(replace(layer, roll=replace(layer.roll, kind="days_or_trigger")) for layer in base.hedge.layers)
    size = replace(base.hedge.size, per_usd=60_000.0)
    presence, ratio = "activated" if switches else "always", "by_signal" if kind == "flex_ratio" else "strict"
    return replace(base, rules=tuple(rules), hedge=replace(base.hedge, layers=layers, size=size, presence=presence, ratio=ratio))


@pytest.mark.parametrize("kind", KINDS)
def test_an_action_is_written_read_explained_and_linted(kind: str, tmp_path: Path) -> None:
    policy = with_action(kind)
    file = tmp_path / "one.toml"
    file.write_text(policy_to_toml(policy), encoding="utf-8")
    loaded = load_policy(file)
    assert loaded.policy.rules == policy.rules
    assert rule_sentence(policy.rules[0], policy) in explain(loaded)
    assert [finding for finding in lint_file(loaded) if finding.severity == "error"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_action_changes_the_book_adds_up_and_is_planned_alike(kind: str) -> None:
    market, policy = synthetic_market(STOP, seed=3, stress=True), with_action(kind)
    books, stories, run = told(policy, market, FIRST, STOP, None)
    assert retold(policy, market, FIRST, books, None) == stories
    result = run_book(market, policy, first=FIRST)
    assert check_identity(result) < 0.005
    calm = replace(policy.rules[0], when=Compare(signal="vix_to_mean_20", above=100.0))
    without = run_book(market, replace(policy, rules=(calm, *policy.rules[1:])), first=FIRST)
    changed = result.ledger.entries != without.ledger.entries
    if kind == "lock_synthetic":  # weighed against the bid, which is most often better: tried, and recorded
        changed = changed or [row for row in result.refusals if row[1] == "R70"] != []
    assert changed
    assert set(run.memory.acted_row[0]) != {NEVER} or kind in ("delay_rolls", "flex_ratio")  # these two hold, and never act
