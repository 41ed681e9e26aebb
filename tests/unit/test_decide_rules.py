"""Adaptive rules by hand: every action, authority, cool-down, episode, presence, delay and factor, on stated views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import shipped

from alvh.core.errors import DataMissing
from alvh.strategy.conditions import All, AnyOf, Compare, Not, witness
from alvh.strategy.decide import decide
from alvh.strategy.intents import Decision
from alvh.strategy.policy import Action, AdaptiveRule, Monetise, Policy
from alvh.strategy.rule_table import rule_table
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory, Signals, View

HELD = 50
"""Sessions left of a layer that holds something and has time."""
HOT = Compare(signal="vix", above=30.0)


ACTION_KEYS = ("fraction_pct", "dead_band_pct", "factor", "traded", "most_sessions", "acting")


def rule(kind: str, *, name: str = "r", when: Any = HOT, layers: tuple[str, ...] = (), **more: Any) -> AdaptiveRule:
    action = {key: more.pop(key) for key in ACTION_KEYS if key in more}
    return AdaptiveRule(name=name, rule_id="R35", when=when, then=Action(kind=kind, layers=layers, **action), **more)


def policy_with(*rules: AdaptiveRule, roll: str = "days_or_trigger", **hedge: Any) -> Policy:
    base = shipped()
    layers = tuple(replace(layer, roll=replace(layer.roll, kind=roll)) for layer in base.hedge.layers)
    return replace(base, rules=rules, hedge=replace(base.hedge, **({"layers": layers} | hedge)))


def view_of(policy: Policy, vix: float, **more: Any) -> View:
    names = tuple(dict.fromkeys(name for each in policy.rules for name in each.when.signals())) or ("vix",)
    values = np.array([[vix if name == "vix" else more.get(name, np.nan)] for name in names])
    table = rule_table(policy.rules, names, values)
    return View(
        session=more.get("session", 20_000),
        condor_day=more.get("condor_day", False),
        hedge_day=more.get("hedge_day", False),
        vix=vix,
        condor_group=np.array([], dtype=np.int64),
        condor_credit_usd=np.array([]),
        condor_cost_to_close_usd=np.array([]),
        condor_dte=np.array([], dtype=np.int64),
        condor_short_delta=np.array([]),
        layer_due=np.array(more.get("due", (False, False, False))),
        layer_sessions_left=np.array(more.get("left", (HELD, HELD, HELD)), dtype=np.int64),
        layer_value_usd=np.array(more.get("value", (100.0, 100.0, 100.0))),
        layer_cost_usd=np.array(more.get("cost", (100.0, 100.0, 100.0))),
        signals=Signals(names=names, values=values, session=20_000),
        rule_holds=table.holds[:, 0],
        rule_known=table.known[:, 0],
    )


def started(policy: Policy, **more: Any) -> Memory:
    layers = len(policy.hedge.layers)
    fresh = Memory.fresh(policy.hedge.always_held, len(policy.rules))
    return replace(fresh, started=(True,) * layers, **more)


def kinds(decision: Decision) -> list[tuple[str, int]]:
    return [(intent.kind, intent.layer) for intent in decision.intents]


def days(policy: Policy, levels: list[float], memory: Memory | None = None, **more: Any) -> list[list[tuple[str, int]]]:
    """Intents of consecutive closes at these VIX levels."""
    memory = started(policy) if memory is None else memory
    found = []
    for index, vix in enumerate(levels):
        decision = decide(policy, view_of(policy, vix, **more), memory, index)
        memory = decision.memory
        found.append(kinds(decision))
    return found


def test_the_witness_of_a_condition_is_the_part_that_decides() -> None:
    values = {"vix": 35.0, "spx": 1.0}

    def read(name: str) -> np.ndarray:
        return np.array([values[name]])

    cold = Compare(signal="spx", above=5.0)
    assert witness(HOT, read) == ("vix", 35.0, 30.0)
    assert witness(Compare(signal="vix", below=40.0), read) == ("vix", 35.0, 40.0)
    assert witness(AnyOf(parts=(cold, HOT)), read) == ("vix", 35.0, 30.0)
    assert witness(All(parts=(HOT, Not(part=cold))), read) == ("vix", 35.0, 30.0)
    assert witness(Not(part=cold), read) == ("spx", 1.0, 5.0)


@pytest.mark.parametrize(
    ("kind", "intent"),
    [
        ("close_layers", "trim_layer"),
        ("lock_synthetic", "lock_layer"),
        ("roll_layers", "roll_layer"),
        ("time_shift", "roll_layer"),
        ("rebalance", "resize_layer"),
    ],
)
def test_each_action_acts_on_the_layers_that_it_names_and_only_while_it_holds(kind: str, intent: str) -> None:
    policy = policy_with(rule(kind, layers=("front", "back")))
    assert days(policy, [20.0]) == [[]]
    assert days(policy, [31.0]) == [[(intent, 0), (intent, 2)]]
    decision = decide(policy, view_of(policy, 31.0), started(policy), 0)
    assert all(not made.scheduled and made.reason.threshold == 30.0 and made.reason.value == 31.0 for made in decision.intents)
    assert decision.shifted == ((kind == "time_shift"), False, (kind == "time_shift"))


def test_the_innermost_layer_that_holds_something_rolls() -> None:
    policy = policy_with(rule("roll_innermost"))
    assert days(policy, [31.0]) == [[("roll_layer", 0)]]
    assert days(policy, [31.0], left=(NOTHING_HELD, HELD, HELD)) == [[("roll_layer", 1)]]
    assert days(policy, [31.0], left=(NOTHING_HELD,) * 3) == [[]]


def test_one_layer_acts_a_session_where_the_policy_says_innermost() -> None:
    wanted = rule("close_layers", repeat="once_an_episode")
    policy = policy_with(wanted, acting="innermost")
    assert days(policy, [31.0] * 4) == [[("trim_layer", 0)], [("trim_layer", 1)], [("trim_layer", 2)], []]
    assert days(policy_with(wanted), [31.0] * 2) == [[("trim_layer", 0), ("trim_layer", 1), ("trim_layer", 2)], []]


def test_exits_come_before_rolls_and_rolls_before_resizing_whatever_the_order_of_the_file() -> None:
    every = [rule("rebalance", name="c"), rule("roll_layers", name="b"), rule("close_layers", name="a")]
    assert days(policy_with(*every), [31.0])[0][0] == ("trim_layer", 0)
    assert days(policy_with(*every[:2]), [31.0])[0][0] == ("roll_layer", 0)
    last = decide(policy_with(*every), view_of(policy_with(*every), 31.0, left=(0, HELD, HELD)), started(policy_with(*every)), 0)
    assert (last.intents[0].kind, last.intents[0].deadline) == ("roll_layer", True)


def test_a_cool_down_counts_sessions_since_the_rule_last_acted_on_that_layer() -> None:
    policy = policy_with(rule("rebalance", layers=("front",), cool_down_sessions=2))
    acted = [bool(found) for found in days(policy, [31.0] * 7)]
    assert acted == [True, False, False, True, False, False, True]


def test_once_an_episode_needs_the_condition_false_for_as_long_as_it_says() -> None:
    policy = policy_with(rule("rebalance", layers=("front",), repeat="once_an_episode", rearm_sessions=3))
    levels = [31.0, 31.0, 20.0, 20.0, 31.0, 20.0, 20.0, 20.0, 31.0, 31.0]
    assert [bool(found) for found in days(policy, levels)] == [k in (0, 8) for k in range(10)]


def test_a_layer_that_waits_is_opened_by_a_rule_and_stood_down_by_another() -> None:
    on = rule("activate", name="on", layers=("front", "mid"))
    off = rule("stand_down", name="off", when=Compare(signal="vix", below=15.0))
    policy = policy_with(on, off, presence="activated")
    empty = Memory.fresh((False,) * 3, 2)
    nothing = (NOTHING_HELD,) * 3
    first = decide(policy, view_of(policy, 20.0, hedge_day=True, due=(True, True, True), left=nothing), empty, 0)
    assert first.intents == ()
    second = decide(policy, view_of(policy, 31.0, left=nothing), first.memory, 1)
    assert [(made.kind, made.layer, made.first, made.scheduled) for made in second.intents] == [
        ("roll_layer", 0, True, False),
        ("roll_layer", 1, True, False),
    ]
    assert second.memory.active == (True, True, False)
    third = decide(
        policy, view_of(policy, 20.0, hedge_day=True, due=(True,) * 3, left=(HELD, HELD, NOTHING_HELD)), second.memory, 2
    )
    assert kinds(third) == [("roll_layer", 0), ("roll_layer", 1)]  # on the calendar, while they are on
    fourth = decide(policy, view_of(policy, 12.0, left=(HELD, HELD, NOTHING_HELD)), third.memory, 3)
    assert [(made.kind, made.layer, made.fraction) for made in fourth.intents] == [("trim_layer", 0, 1.0), ("trim_layer", 1, 1.0)]
    assert fourth.memory.active == (False, False, False) and fourth.memory.started == (False, False, False)


def test_a_ladder_opens_an_outer_layer_only_where_the_inner_ones_stand() -> None:
    rungs = [
        rule("activate", name=f"rung{k}", layers=(layer,), when=Compare(signal="vix", above=level))
        for k, (layer, level) in enumerate((("front", 20.0), ("mid", 25.0), ("back", 30.0)))
    ]
    nothing = (NOTHING_HELD,) * 3
    policy = policy_with(*rungs, presence="ladder")
    empty = Memory.fresh((False,) * 3, 3)
    assert days(policy, [21.0], empty, left=nothing) == [[("roll_layer", 0)]]
    assert days(policy, [31.0], empty, left=nothing) == [[("roll_layer", 0), ("roll_layer", 1), ("roll_layer", 2)]]
    upside_down = policy_with(rungs[2], rungs[1], presence="ladder")
    assert days(upside_down, [31.0], Memory.fresh((False,) * 3, 2), left=nothing) == [[]]


def test_a_due_roll_waits_while_a_rule_holds_it_back_and_no_longer_than_it_may() -> None:
    policy = policy_with(rule("delay_rolls", most_sessions=2, layers=("front",)), roll="every_days")
    memory = started(policy)
    due = {"hedge_day": True, "due": (True, True, False)}
    first = decide(policy, view_of(policy, 31.0, **due), memory, 0)
    assert kinds(first) == [("roll_layer", 1)] and [reason.rule for reason in first.held_back] == ["R35"]
    second = decide(policy, view_of(policy, 31.0), first.memory, 1)
    assert second.intents == () and len(second.held_back) == 1
    third = decide(policy, view_of(policy, 31.0), second.memory, 2)
    assert kinds(third) == [("roll_layer", 0)] and "held back 2 sessions" in third.intents[0].reason.text
    released = decide(policy, view_of(policy, 20.0), first.memory, 1)
    assert kinds(released) == [("roll_layer", 0)]
    deadline = decide(policy, view_of(policy, 31.0, left=(0, HELD, HELD)), first.memory, 1)
    assert kinds(deadline) == [("roll_layer", 0)] and deadline.intents[0].deadline


def test_a_factor_holds_while_its_rule_does_and_trades_at_once_only_by_signal() -> None:
    flex = rule("flex_ratio", factor=2.0, layers=("mid",))
    slow = policy_with(flex, ratio="by_regime")
    decision = decide(slow, view_of(slow, 31.0), started(slow), 0)
    assert decision.factors == (1.0, 2.0, 1.0) and decision.intents == ()
    quick = policy_with(flex, ratio="by_signal")
    assert days(quick, [20.0, 31.0, 31.0, 20.0]) == [[], [("resize_layer", 1)], [], [("resize_layer", 1)]]


def test_factors_of_rules_that_hold_together_multiply_and_each_may_be_traded_in_its_own_way() -> None:
    calm = rule("flex_ratio", name="a", factor=3.0, layers=("mid",))
    quick = rule("flex_ratio", name="b", factor=0.5, layers=("mid",), when=Compare(signal="vix", above=35.0), traded="at_once")
    policy = policy_with(calm, quick, ratio="by_regime")
    decision = decide(policy, view_of(policy, 36.0), started(policy), 0)
    assert decision.factors == (1.0, 1.5, 1.0) and kinds(decision) == [("resize_layer", 1)]
    assert days(policy, [31.0, 36.0, 31.0]) == [[], [("resize_layer", 1)], [("resize_layer", 1)]]
    most = policy_with(calm, replace(calm, name="c"), ratio="by_regime")
    assert decide(most, view_of(most, 31.0), started(most), 0).factors == (1.0, 4.0, 1.0)


def test_a_rule_may_act_on_all_its_layers_where_the_others_keep_to_the_innermost() -> None:
    wide = rule("time_shift", acting="all", repeat="once_an_episode")
    assert days(policy_with(wide, acting="innermost"), [31.0]) == [[("roll_layer", 0), ("roll_layer", 1), ("roll_layer", 2)]]


def test_one_layer_may_wait_while_the_others_are_always_held() -> None:
    policy = policy_with(rule("activate", layers=("mid",)))
    layers = tuple(replace(layer, presence="activated") if layer.name == "mid" else layer for layer in policy.hedge.layers)
    policy = replace(policy, hedge=replace(policy.hedge, layers=layers))
    assert policy.hedge.always_held == (True, False, True)
    empty, nothing = Memory.fresh(policy.hedge.always_held, 1), (NOTHING_HELD,) * 3
    assert days(policy, [20.0], empty, left=nothing, hedge_day=True) == [[("roll_layer", 0), ("roll_layer", 2)]]
    assert days(policy, [31.0], empty, left=nothing) == [[("roll_layer", 1)]]


def test_winners_are_sold_once_a_holding() -> None:
    base = policy_with()
    layers = tuple(replace(layer, monetise=Monetise(multiple=3.0, fraction_pct=40.0)) for layer in base.hedge.layers)
    policy = replace(base, hedge=replace(base.hedge, layers=layers))
    rich = view_of(policy, 20.0, value=(300.0, 299.0, 0.0), cost=(100.0, 100.0, 0.0))
    first = decide(policy, rich, started(policy), 0)
    assert [(made.kind, made.layer, made.fraction) for made in first.intents] == [("trim_layer", 0, 0.4)]
    assert decide(policy, rich, first.memory, 1).intents == ()
    rolled = decide(policy, replace(rich, layer_due=np.array([True, False, False]), hedge_day=True), first.memory, 2)
    assert kinds(rolled) == [("roll_layer", 0)]
    assert kinds(decide(policy, rich, rolled.memory, 3)) == [("trim_layer", 0)]


def test_a_condor_entry_is_skipped_with_its_reason() -> None:
    policy = policy_with(rule("skip_condor_entry", cool_down_sessions=1))
    memory = started(policy)
    first = decide(policy, view_of(policy, 31.0, condor_day=True), memory, 0)
    assert first.intents == () and first.held_back[0].value == 31.0
    assert kinds(decide(policy, view_of(policy, 31.0, condor_day=True), first.memory, 1)) == [("open_condor", -1)]
    assert kinds(decide(policy, view_of(policy, 20.0, condor_day=True), memory, 0)) == [("open_condor", -1)]


def test_a_signal_without_a_value_is_refused_by_name_or_switches_its_rule_off() -> None:
    strict = policy_with(rule("rebalance", when=Compare(signal="vvix", above=1.0)))
    with pytest.raises(DataMissing, match="vvix"):
        decide(strict, view_of(strict, 31.0), started(strict), 0)
    for when in (Compare(signal="vvix", above=1.0), Not(part=Compare(signal="vvix", above=1.0))):
        lenient = policy_with(rule("rebalance", when=when, when_missing="off"))
        assert decide(lenient, view_of(lenient, 31.0), started(lenient), 0).intents == ()


def test_a_rule_rolls_no_layer_that_the_calendar_alone_rolls() -> None:
    base = policy_with(rule("roll_layers"))
    layers = (replace(base.hedge.layers[0], roll=replace(base.hedge.layers[0].roll, kind="every_days")), *base.hedge.layers[1:])
    policy = replace(base, hedge=replace(base.hedge, layers=layers))
    assert days(policy, [31.0]) == [[("roll_layer", 1), ("roll_layer", 2)]]


def test_a_layer_on_triggers_alone_opens_where_it_holds_nothing_and_else_waits() -> None:
    policy = policy_with(rule("roll_layers"), roll="on_trigger")
    assert days(policy, [20.0], hedge_day=True, due=(True,) * 3) == [[]]
    assert days(policy, [20.0], hedge_day=True, left=(NOTHING_HELD, HELD, HELD)) == [[("roll_layer", 0)]]


def test_memory_is_only_what_happened() -> None:
    policy = policy_with(rule("rebalance", layers=("mid",)))
    decision = decide(policy, view_of(policy, 31.0), started(policy), 7)
    assert decision.memory.acted_row == ((NEVER, 7, NEVER, NEVER),)
    assert (decision.memory.held_row, decision.memory.episode_row) == ((7,), (7,))
