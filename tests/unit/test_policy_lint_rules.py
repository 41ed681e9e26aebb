"""Rules that can't act, found from the file: dead conditions, shadowed rules, presence, ladders; held against ``decide``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alvh.strategy.conditions import All, AnyOf, Compare, Condition, Not
from alvh.strategy.decide import decide
from alvh.strategy.lint import lint_file, unused_keys
from alvh.strategy.lint_effects import presence, waiting_layers, without_effect
from alvh.strategy.lint_finding import Finding
from alvh.strategy.lint_rules import dead_conditions, shadowed
from alvh.strategy.policy import Action, AdaptiveRule, Hedge, Policy, Roll
from alvh.strategy.policy_file import list_policies, load_policy
from alvh.strategy.rule_policy import ActionKind
from alvh.strategy.rule_table import rule_table
from alvh.strategy.view import Memory, Signals, View

BASE = load_policy("alvh-442").policy
HIGH, HIGHER = Compare(signal="vix", above=30.0), Compare(signal="vix", above=40.0)


def rule(
    name: str,
    when: Condition,
    kind: ActionKind,
    *,
    layers: tuple[str, ...] = (),
    cool_down: int = 0,
    once: bool = False,
    factor: float = 0.5,
    most_sessions: int = 3,
) -> AdaptiveRule:
    return AdaptiveRule(
        name=name,
        rule_id="R35",
        when=when,
        then=Action(kind=kind, layers=layers, factor=factor, most_sessions=most_sessions),
        cool_down_sessions=cool_down,
        repeat="once_an_episode" if once else "each_session",
    )


def book(*rules: AdaptiveRule, trigger: bool = True, **hedge: object) -> Policy:
    """The default with rules, its layers open to triggers."""
    roll = Roll(kind="days_or_trigger" if trigger else "every_days")
    layers = tuple(replace(layer, roll=roll) for layer in BASE.hedge.layers)
    changed: Hedge = replace(BASE.hedge, layers=layers, **hedge)  # type: ignore[arg-type]  # named fields of the test
    return replace(BASE, hedge=changed, rules=rules)


def said(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.severity, finding.key) for finding in findings]


# ----------------------------------------------------------------------------------------------------------- conditions


def test_dead_and_idle_conditions() -> None:
    both = All(parts=(Compare(signal="vix_rsi_14", above=70.0), Compare(signal="vix_rsi_14", below=60.0)))
    policy = book(
        rule("above", Compare(signal="vix_rsi_14", above=100.0), "rebalance"),
        rule("both", both, "rebalance"),
        rule("always", Not(part=Compare(signal="vix", below=0.0)), "rebalance"),
        rule("alternative", AnyOf(parts=(HIGH, Compare(signal="vix_rsi_14", below=0.0))), "rebalance"),
        rule("fine", HIGH, "rebalance"),
    )
    assert said(dead_conditions(policy)) == [
        ("never-fires", "error", "rule.above.when"),
        ("never-fires", "error", "rule.both.when"),
        ("always-fires", "warning", "rule.always.when"),
        ("never-fires", "warning", "rule.alternative.when.any[2]"),
    ]
    assert "vix_rsi_14 is 0 to 100" in dead_conditions(policy)[0].text


# ------------------------------------------------------------------------------------------------------------- shadowed


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((rule("a", HIGH, "close_layers"), rule("b", HIGHER, "close_layers")), ["b"]),
        ((rule("a", HIGHER, "close_layers"), rule("b", HIGH, "close_layers")), []),
        ((rule("a", HIGH, "close_layers", cool_down=1), rule("b", HIGHER, "close_layers")), []),
        ((rule("a", HIGH, "close_layers", once=True), rule("b", HIGHER, "close_layers")), []),
        ((rule("b", HIGHER, "roll_layers"), rule("a", HIGH, "close_layers")), ["b"]),
        ((rule("b", HIGHER, "lock_synthetic"), rule("a", HIGH, "close_layers")), ["b"]),
        ((rule("a", HIGHER, "close_layers"), rule("b", HIGH, "lock_synthetic")), []),
        ((rule("b", HIGHER, "rebalance"), rule("a", HIGH, "roll_layers")), ["b"]),
        ((rule("b", HIGHER, "roll_innermost"), rule("a", HIGH, "roll_layers")), ["b"]),
        ((rule("a", HIGH, "roll_innermost"), rule("b", HIGHER, "rebalance")), []),
        ((rule("a", HIGH, "close_layers"), rule("b", HIGHER, "time_shift")), []),
        ((rule("a", HIGH, "time_shift"), rule("b", HIGHER, "time_shift")), ["b"]),
        ((rule("a", HIGH, "skip_condor_entry"), rule("b", HIGHER, "skip_condor_entry")), ["b"]),
        ((rule("a", HIGH, "skip_condor_entry"), rule("b", HIGHER, "close_layers")), []),
        ((rule("a", HIGH, "flex_ratio", factor=0.0, cool_down=5), rule("b", HIGHER, "flex_ratio")), ["b"]),
        ((rule("a", HIGH, "flex_ratio"), rule("b", HIGHER, "flex_ratio")), []),
        ((rule("a", HIGH, "delay_rolls", most_sessions=2), rule("b", HIGHER, "delay_rolls", most_sessions=4)), []),
        ((rule("a", HIGH, "delay_rolls", most_sessions=4), rule("b", HIGHER, "delay_rolls", most_sessions=2)), ["b"]),
        ((rule("a", HIGH, "close_layers", layers=("mid",)), rule("b", HIGHER, "close_layers", layers=("front",))), []),
    ],
)
def test_shadowed_rules(rules: tuple[AdaptiveRule, ...], expected: list[str]) -> None:
    found = shadowed(book(*rules, ratio="by_regime"))
    assert [finding.key for finding in found if finding.severity == "error"] == [f"rule.{name}" for name in expected]


def test_a_rule_that_loses_some_of_its_layers_is_warned_of() -> None:
    found = shadowed(book(rule("a", HIGH, "close_layers", layers=("mid",)), rule("b", HIGHER, "close_layers")))
    assert said(found) == [("shadowed", "warning", "rule.b")]
    assert "mid (a: close_layers)" in found[0].text


def test_the_gate_shadows_what_skips_above_it() -> None:
    gated = replace(book(rule("a", HIGH, "skip_condor_entry")), condor=replace(BASE.condor, gate_max_vix=25.0))
    assert said(shadowed(gated)) == [("shadowed", "error", "rule.a")]
    assert shadowed(replace(gated, condor=replace(BASE.condor, gate_max_vix=35.0))) == []


def test_a_layer_without_triggers_shadows_no_resize() -> None:
    rules = (rule("a", HIGH, "roll_layers"), rule("b", HIGHER, "rebalance"))
    assert shadowed(book(*rules, trigger=False)) == []


KINDS: tuple[ActionKind, ...] = (
    "close_layers", "lock_synthetic", "time_shift", "roll_layers", "roll_innermost", "rebalance", "flex_ratio", "delay_rolls",
    "skip_condor_entry",
)  # fmt: skip
VIX = np.array([12.0, 20.0, 24.0, 26.0, 31.0, 34.0, 36.0, 41.0, 55.0])


def view(policy: Policy, k: int, rng: np.random.Generator) -> View:
    """A close of random circumstances at ``VIX[k]``: entry day or not, layers held or not, rolls due or not."""
    table = rule_table(policy.rules, ("vix",), VIX[None, :])
    count = len(policy.hedge.layers)
    return View(
        session=20_000 + k,
        condor_day=bool(rng.integers(2)),
        hedge_day=bool(rng.integers(2)),
        vix=float(VIX[k]),
        condor_group=np.empty(0, np.int64),
        condor_credit_usd=np.empty(0),
        condor_cost_to_close_usd=np.empty(0),
        condor_dte=np.empty(0, np.int64),
        condor_short_delta=np.empty(0),
        layer_due=rng.integers(2, size=count).astype(bool),
        layer_sessions_left=np.where(rng.integers(4, size=count) > 0, rng.integers(0, 20, size=count), 1 << 30),
        layer_value_usd=np.full(count, 100.0),
        layer_cost_usd=np.full(count, 100.0),
        signals=Signals(names=("vix",), values=VIX[None, k : k + 1], session=20_000 + k),
        rule_holds=table.holds[:, k],
        rule_known=table.known[:, k],
    )


def random_rule(name: str, rng: np.random.Generator) -> AdaptiveRule:
    low = float(rng.choice([15.0, 25.0, 35.0]))
    when: Condition = Compare(signal="vix", above=low)
    if rng.integers(3) == 0:
        when = All(parts=(when, Compare(signal="vix", below=low + 15.0)))
    kind: ActionKind = KINDS[int(rng.integers(len(KINDS)))]
    names = [layer.name for layer in BASE.hedge.layers]
    some = tuple(str(layer) for layer in rng.choice(names, size=2, replace=False)) if rng.integers(2) else ()
    return rule(
        name,
        when,
        kind,
        layers=() if kind == "skip_condor_entry" else some,
        cool_down=int(rng.integers(3)) if rng.integers(3) == 0 else 0,
        once=bool(rng.integers(4) == 0),
        factor=float(rng.choice([0.5, 2.0])),
        most_sessions=int(rng.integers(1, 5)),
    )


def test_no_shadowed_rule_ever_acts_in_decide() -> None:
    """Random policies through ``decide``: a rule that is called shadowed gives no reason for anything, and some others do."""
    rng = np.random.default_rng(7)
    shadows, acted_ever = 0, set()
    for _ in range(400):
        rules = tuple(random_rule(f"r{number}", rng) for number in range(4))
        policy = book(*rules, ratio="by_signal", acting=str(rng.choice(["all", "innermost"])))
        dark = {finding.key.removeprefix("rule.") for finding in shadowed(policy) if finding.severity == "error"}
        shadows += len(dark)
        memory = Memory.fresh((True,) * len(policy.hedge.layers), len(rules))
        memory = replace(memory, started=(True,) * len(policy.hedge.layers))
        for index in range(30):
            close = view(policy, int(rng.integers(len(VIX))), rng)
            made = decide(policy, close, memory, index)
            memory = made.memory
            empty = close.layer_sessions_left > 1_000  # a resize of a layer that holds nothing trades nothing
            real = [intent for intent in made.intents if intent.kind != "resize_layer" or not empty[intent.layer]]
            texts = [intent.reason.text for intent in real] + [reason.text for reason in made.held_back]
            acting = {each.name for each in rules if any(text.startswith(f"{each.name}:") for text in texts)}
            acted_ever |= {each.then.kind for each in rules if each.name in acting}
            assert not acting & dark, (dark, texts, rules)
    assert shadows > 50  # the generator makes enough of them to mean something
    assert acted_ever == set(KINDS) - {"flex_ratio"}  # which gives a factor and no reason of its own


@pytest.mark.parametrize(("first", "factors"), [(0.0, {1.0, 0.0}), (0.5, {1.0, 0.5, 1.5})])
def test_only_a_factor_of_nothing_leaves_nothing_to_another(first: float, factors: set[float]) -> None:
    rules = (rule("a", HIGH, "flex_ratio", factor=first), rule("b", HIGHER, "flex_ratio", factor=3.0))
    policy = book(*rules, ratio="by_signal")
    assert said(shadowed(policy)) == ([("shadowed", "error", "rule.b")] if first == 0.0 else [])
    swapped = book(rules[1], rules[0], ratio="by_signal")
    assert said(shadowed(swapped)) == ([("shadowed", "error", "rule.b")] if first == 0.0 else [])
    memory = Memory.fresh((True,) * 3, 2)
    rng = np.random.default_rng(1)
    assert {decide(policy, view(policy, k, rng), memory, k).factors[0] for k in range(len(VIX))} == factors


# ------------------------------------------------------------------------------------------------------ effect, presence


def test_rules_without_an_object() -> None:
    off = replace(book(rule("a", HIGH, "skip_condor_entry")), condor=replace(BASE.condor, enabled=False))
    assert said(without_effect(off)) == [("no-effect", "error", "rule.a.then.kind")]
    once = book(rule("a", HIGH, "flex_ratio", factor=1.0), ratio="by_regime")
    assert said(without_effect(once)) == [("no-effect", "error", "rule.a.then.factor")]
    assert without_effect(book(rule("a", HIGH, "flex_ratio", factor=0.9), ratio="by_regime")) == []


def test_a_future_is_sold_against_calls_alone() -> None:
    policy = book(rule("a", HIGH, "lock_synthetic"))
    layers = policy.hedge.layers
    mixed = replace(policy.hedge, layers=(*layers[:2], replace(layers[2], instrument="vx_futures")))
    assert said(without_effect(replace(policy, hedge=mixed))) == [("no-effect", "warning", "rule.a.then.layers")]
    futures = replace(policy.hedge, layers=tuple(replace(layer, instrument="vx_futures") for layer in layers))
    assert said(without_effect(replace(policy, hedge=futures))) == [("no-effect", "error", "rule.a.then.layers")]
    assert without_effect(policy) == []


@pytest.mark.parametrize(("kind", "says"), [("roll_layers", "takes no trigger"), ("time_shift", "next scheduled roll")])
def test_rolls_of_layers_that_take_no_trigger(kind: ActionKind, says: str) -> None:
    policy = book(rule("a", HIGH, kind))
    layers = policy.hedge.layers
    some = replace(policy.hedge, layers=(layers[0], *(replace(layer, roll=Roll()) for layer in layers[1:])))
    (found,) = without_effect(replace(policy, hedge=some))
    assert (found.code, found.severity) == ("no-trigger", "warning")
    assert "mid (every_days), back (every_days)" in found.text and says in found.text
    assert without_effect(policy) == []


def test_layers_that_wait_for_a_trigger_that_no_rule_gives() -> None:
    alone = book(rule("a", HIGH, "roll_layers", layers=("front",)))
    assert said(waiting_layers(alone)) == [
        ("no-trigger", "warning", "hedge.layer.mid.roll.kind"),
        ("no-trigger", "warning", "hedge.layer.back.roll.kind"),
    ]
    assert waiting_layers(book(rule("a", HIGH, "roll_layers"))) == []
    assert waiting_layers(book(trigger=False)) == []


def test_layers_that_never_open_or_never_stand_down() -> None:
    on, off = rule("on", HIGH, "activate", layers=("front", "mid")), rule("off", Compare(signal="vix", below=20.0), "stand_down")
    assert said(presence(book(on, off, presence="activated"))) == [("never-opened", "error", "hedge.layer.back")]
    dead = rule("off", Compare(signal="vix", below=0.0), "stand_down")
    found = presence(book(replace(on, then=Action(kind="activate")), dead, presence="activated"))
    assert said(found) == [("never-stood-down", "info", f"hedge.layer.{name}") for name in ("front", "mid", "back")]
    impossible = rule("on", Compare(signal="vix_rsi_14", above=100.0), "activate")
    assert {finding.code for finding in presence(book(impossible, off, presence="activated"))} == {"never-opened"}
    assert presence(book(presence="always")) == []


def test_layers_that_are_bought_and_sold_in_turn() -> None:
    on, overlapping = rule("on", HIGH, "activate"), rule("off", Compare(signal="vix", below=35.0), "stand_down")
    found = presence(book(on, overlapping, presence="activated"))
    assert said(found) == [("flip-flop", "warning", "rule.off")] * 3
    assert presence(book(replace(on, repeat="once_an_episode"), overlapping, presence="activated")) == []
    apart = rule("off", Compare(signal="vix", below=30.0), "stand_down")
    assert presence(book(on, apart, presence="activated")) == []


def rungs(*levels: float) -> Policy:
    names = [layer.name for layer in BASE.hedge.layers]
    rules = [
        rule(f"to-{name}", Compare(signal="vix", above=level), "activate", layers=(name,))
        for name, level in zip(names, levels, strict=True)
    ]
    return book(*rules, rule("off", Compare(signal="vix", below=15.0), "stand_down"), presence="ladder")


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((20.0, 25.0, 30.0), []),
        ((20.0, 20.0, 30.0), ["mid"]),
        ((30.0, 25.0, 20.0), ["mid", "back"]),
        ((20.0, 30.0, 25.0), ["back"]),
    ],
)
def test_a_ladder_rises(levels: tuple[float, ...], expected: list[str]) -> None:
    found = presence(rungs(*levels))
    assert said(found) == [("ladder-order", "warning", f"hedge.layer.{name}") for name in expected]


# ---------------------------------------------------------------------------------------------------------- unused, whole


def test_only_keys_of_the_own_file_are_called_unused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('schema = 1\nextends = "alvh-442"\n[condor.wing]\npoints = 75\n', encoding="utf-8")
    assert said(unused_keys(load_policy(file))) == [("unused-key", "info", "condor.wing.points")]
    file.write_text('schema = 1\nextends = "alvh-442"\n[condor.wing]\nkind = "points"\npoints = 75\n', encoding="utf-8")
    assert unused_keys(load_policy(file)) == []


@pytest.mark.parametrize("name", [name for name, _ in list_policies()])
def test_no_shipped_policy_holds_what_cannot_work(name: str) -> None:
    """By its file alone: no error in any policy that ships."""
    assert [finding for finding in lint_file(load_policy(name)) if finding.severity == "error"] == []
