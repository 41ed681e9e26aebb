"""Each rule at one close, part by part, on signals written down by hand: what holds, what acted, and why the rest did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import shipped
from tests.helpers.flat_market import FlatMarket, flat_market
from tests.helpers.traced import rule_close, traced

from alvh.core.days import iso
from alvh.core.errors import InternalError
from alvh.results.explain_rules import condition_tree, rule_rows
from alvh.strategy.conditions import All, AnyOf, Compare, Not
from alvh.strategy.policy import Action, AdaptiveRule, Policy, Roll

ENTRY = 2
"""Wednesday 2017-05-03 in a market from Monday 2017-05-01: the layers open."""
FEAR = Compare(signal="fear", above=1.0)


def market(fear: dict[int, float], **more: dict[int, float]) -> FlatMarket:
    """Three weeks of constant prices; ``fear`` and ``more`` give signals at rows, 0 elsewhere."""
    made = flat_market("2017-05-01", "2017-05-24")
    for name, values in {"fear": fear, **more}.items():
        made.signals[name] = np.zeros(len(made.sessions))
        for row, value in values.items():
            made.signals[name][row] = value
    return made


def policy(*rules: AdaptiveRule, **hedge: Any) -> Policy:
    base = shipped()
    layers = tuple(replace(layer, roll=replace(layer.roll, kind="days_or_trigger")) for layer in base.hedge.layers)
    return replace(base, hedge=replace(base.hedge, layers=layers, **hedge), rules=rules)


def rule(name: str, kind: Any, *, when: Any = FEAR, **more: Any) -> AdaptiveRule:
    keys = {key: more.pop(key) for key in ("layers", "factor", "most_sessions", "fraction_pct", "acting") if key in more}
    return AdaptiveRule(name=name, rule_id="R35", when=when, then=Action(kind=kind, **keys), **more)


def rows_at(made: FlatMarket, book: Policy, index: int) -> dict[str, dict[str, Any]]:
    """Rule rows by name, each with its targets by name."""
    rows = rule_rows(rule_close(*traced(made, book, index)))
    return {row["rule"]: row | {"by": {one["target"]: one for one in row["targets"]}} for row in rows}


def test_a_condition_is_taken_apart() -> None:
    """2.5 is above 2 and not below 1; a part without a value leaves everything above it open."""
    values = {"a": 2.5, "b": float("nan")}
    condition = All(
        parts=(
            AnyOf(parts=(Compare(signal="a", above=2.0), Compare(signal="a", below=1.0))),
            Not(part=Compare(signal="a", above=3.0)),
            Compare(signal="b", above=0.0, below=5.0),
        )
    )
    tree = condition_tree(condition, values.__getitem__)
    assert (tree["kind"], tree["holds"]) == ("all", None)
    either, no, missing = tree["parts"]
    assert (either["kind"], either["holds"]) == ("any", True)
    assert [part["holds"] for part in either["parts"]] == [True, False]
    assert [(part["value"], part["above"], part["below"]) for part in either["parts"]] == [(2.5, 2.0, None), (2.5, None, 1.0)]
    assert (no["kind"], no["holds"], no["parts"][0]["holds"]) == ("not", True, False)
    assert (missing["kind"], missing["holds"], missing["value"]) == ("compare", None, None)
    assert (missing["above"], missing["below"], missing["text"]) == (0.0, 5.0, "b is above 0 and b is below 5")


def test_acted_and_false_and_no_target() -> None:
    book = policy(
        rule("sell", "close_layers", layers=("front",)), rule("calm", "close_layers", when=Compare(signal="fear", above=9.0))
    )
    row = rows_at(market({ENTRY + 1: 2.0}), book, ENTRY + 1)
    assert {name: one["holds"] for name, one in row.items()} == {"sell": True, "calm": False}
    assert {name: one["state"] for name, one in row["sell"]["by"].items()} == {"front": "acted"}
    assert {name: one["state"] for name, one in row["calm"]["by"].items()} == dict.fromkeys(("front", "mid", "back"), "false")
    assert row["sell"]["episode_began"] == "2017-05-04" and row["calm"]["episode_began"] is None


def test_a_cool_down_counts_its_sessions_and_ends() -> None:
    """Acted on row 3 with a cool-down of two sessions: rows 4 and 5 wait, row 6 acts."""
    made = market(dict.fromkeys(range(3, 8), 2.0))
    book = policy(rule("sell", "close_layers", layers=("front",), cool_down_sessions=2))
    states = [rows_at(made, book, row)["sell"]["by"]["front"] for row in (3, 4, 5, 6)]
    assert [one["state"] for one in states] == ["acted", "cool_down", "cool_down", "acted"]
    assert states[2]["text"] == "acted on 2017-05-04, 2 of 3 sessions before it may act again have passed"
    assert states[3]["last_acted"] == "2017-05-04"


def test_once_an_episode_and_a_new_episode() -> None:
    """False for one session of the five that end an episode: still the same one. False for five: a new one."""
    made = market({3: 2.0, 5: 2.0, 12: 2.0})
    book = policy(rule("sell", "close_layers", layers=("front",), repeat="once_an_episode", fraction_pct=20.0))
    assert rows_at(made, book, 3)["sell"]["by"]["front"]["state"] == "acted"
    later = rows_at(made, book, 5)["sell"]
    assert later["by"]["front"]["state"] == "acted_this_episode"
    assert later["by"]["front"]["text"] == "acted on 2017-05-04, once an episode"
    assert later["episode_began"] == "2017-05-04"
    assert rows_at(made, book, 12)["sell"]["by"]["front"]["state"] == "acted"


def test_a_missing_signal_switches_the_rule_off_and_is_named() -> None:
    made = market({ENTRY: float("nan")}, other={ENTRY: 5.0})
    both = AnyOf(parts=(FEAR, Compare(signal="other", above=1.0)))
    row = rows_at(made, policy(rule("sell", "close_layers", when=both, when_missing="off")), ENTRY)["sell"]
    assert (row["holds"], row["missing"]) == (None, ["fear"])
    assert {one["state"] for one in row["targets"]} == {"off"}
    assert [part["holds"] for part in row["condition"]["parts"]] == [None, True]


@pytest.mark.parametrize(
    ("kind", "index", "target", "text"),
    [
        ("close_layers", ENTRY - 1, "mid", "the layer holds nothing"),
        ("activate", ENTRY + 1, "mid", "the layer is on already"),
        ("roll_innermost", ENTRY + 1, "mid", "it is not the innermost layer that holds something"),
        ("skip_condor_entry", ENTRY + 1, "condors", "no condor entry was due"),
        ("rebalance", ENTRY - 1, "front", "the layer was not opened yet"),
        ("rebalance", ENTRY, "front", "something else came first: first opening"),
    ],
)
def test_why_a_rule_that_holds_did_nothing(kind: str, index: int, target: str, text: str) -> None:
    row = rows_at(market({index: 2.0}), policy(rule("one", kind)), index)["one"]
    assert (row["by"][target]["state"], row["by"][target]["text"]) == ("waiting", text)


def test_a_layer_that_rolls_by_the_calendar_alone_says_so() -> None:
    base = policy(rule("roll", "roll_layers"))
    layers = (*base.hedge.layers[:2], replace(base.hedge.layers[2], roll=Roll(kind="every_days", days=45)))
    row = rows_at(market({3: 2.0}), replace(base, hedge=replace(base.hedge, layers=layers)), 3)["roll"]
    assert [row["by"][name]["state"] for name in ("front", "mid", "back")] == ["acted", "acted", "waiting"]
    assert row["by"]["back"]["text"] == "the layer rolls by the calendar alone (every_days, R14)"


def test_layers_that_are_off_and_a_ladder_whose_inner_layer_is_off() -> None:
    rules = (rule("on", "activate", layers=("mid",)), rule("sell", "close_layers"))
    row = rows_at(market({3: 2.0}), policy(*rules, presence="ladder"), 3)
    assert row["on"]["by"]["mid"]["text"] == "an inner layer is still off (R31)"
    assert row["sell"]["by"]["front"]["text"] == "the layer is off"


def test_one_layer_acts_a_session_where_the_policy_says_so() -> None:
    row = rows_at(market({3: 2.0}), policy(rule("sell", "close_layers"), acting="innermost"), 3)["sell"]
    assert [row["by"][name]["state"] for name in ("front", "mid")] == ["acted", "waiting"]
    assert row["by"]["mid"]["text"] == "another layer acted, and one acts a session (R40)"


def test_a_rule_of_its_own_acts_on_every_layer() -> None:
    row = rows_at(market({3: 2.0}), policy(rule("sell", "close_layers", acting="all"), acting="innermost"), 3)["sell"]
    assert [row["by"][name]["state"] for name in ("front", "mid", "back")] == ["acted"] * 3


def test_a_gate_of_the_condors_is_named_before_a_rule() -> None:
    base = policy(rule("skip", "skip_condor_entry"))
    book = replace(base, condor=replace(base.condor, gate_max_vix=10.0))  # VIX stands at 12
    row = rows_at(market({ENTRY: 2.0}), book, ENTRY)["skip"]
    assert row["by"]["condors"]["text"] == "the entry was held back before its turn: no new condor: VIX above 10"
    acted = rows_at(market({ENTRY: 2.0}), base, ENTRY)["skip"]
    assert acted["by"]["condors"]["state"] == "acted"


def test_factors_of_rules_that_hold_multiply() -> None:
    rules = (rule("half", "flex_ratio", factor=0.5, layers=("front",)), rule("more", "flex_ratio", factor=1.5))
    row = rows_at(market({3: 2.0}), policy(*rules, ratio="by_signal"), 3)
    assert {one["state"] for name in ("half", "more") for one in row[name]["by"].values()} == {"in_effect"}
    assert row["half"]["by"]["front"]["text"].startswith("the layer's ratio is multiplied by 0.5 (with other rules")
    assert "0.75" in row["half"]["by"]["front"]["text"] and "0.75" in row["more"]["by"]["front"]["text"]
    assert row["more"]["by"]["mid"]["text"] == "the layer's ratio is multiplied by 1.5"


def test_a_roll_that_is_held_back_and_one_that_may_wait_no_longer() -> None:
    """The first opening of row 2 is held back at most two sessions."""
    made = market(dict.fromkeys(range(ENTRY, ENTRY + 4), 2.0))
    book = policy(rule("wait", "delay_rolls", layers=("front",), most_sessions=2))
    found = [rows_at(made, book, row)["wait"]["by"]["front"] for row in (ENTRY, ENTRY + 1, ENTRY + 2, ENTRY + 3)]
    assert [one["state"] for one in found] == ["in_effect", "in_effect", "waiting", "waiting"]
    assert {one["text"] for one in found[:2]} == {"holds back what fell due on 2017-05-03"}


def test_a_shift_is_in_effect_while_it_holds_and_acts_once_in_its_cool_down() -> None:
    made = market({3: 2.0, 4: 2.0})
    book = policy(rule("shift", "time_shift", layers=("mid",), cool_down_sessions=5))
    assert rows_at(made, book, 3)["shift"]["by"]["mid"]["state"] == "acted"
    later = rows_at(made, book, 4)["shift"]["by"]["mid"]
    assert later["state"] == "in_effect"
    assert later["text"].endswith(
        "it did not roll for this: acted on 2017-05-04, 1 of 6 sessions before it may act again have passed"
    )


def test_a_rule_row_that_disagrees_with_the_decision_is_a_bug() -> None:
    made = market({3: 2.0})
    result, trace = traced(made, policy(rule("sell", "close_layers")), 3)
    view = replace(trace.view, rule_holds=np.array([False]))
    with pytest.raises(InternalError, match="reads otherwise than it decided") as caught:
        rule_rows(rule_close(result, replace(trace, view=view)))
    assert iso(made.sessions[3]) in str(caught.value)
