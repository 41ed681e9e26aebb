"""Which variants a policy has, what each one changes, and what had to change with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.helpers.ablation import policy_with, rule, with_layer
from tests.helpers.books import shipped

from alvh.strategy.policy import (
    DepthLimit,
    Monetise,
    NeutralityLimit,
    Policy,
    QuickRatioLimit,
    Roll,
    SpreadLimit,
    StewardLimit,
)
from alvh.strategy.policy_check import check_policy
from alvh.study.ablate import variants as module
from alvh.study.ablate.elements import Element, elements, moves_condors
from alvh.study.ablate.variants import FIXED, FULL, Variant, fixed_schedule, variants


def found(policy: Policy) -> dict[str, Variant]:
    return {one.name: one for one in variants(policy)}


def made(variant: Variant) -> Policy:
    assert variant.policy is not None, variant.not_possible
    return variant.policy


def rich() -> Policy:
    """Every kind of element at once."""
    policy = policy_with(
        (rule("skip", "skip_condor_entry", rule_id="R33"), rule("flex", "flex_ratio"), rule("balance", "rebalance")),
        ratio="by_regime",
    )
    policy = with_layer(policy, "front", monetise=Monetise())
    policy = with_layer(policy, "back", funded_by="gains")
    limits = replace(
        policy.limits, spread=SpreadLimit(), neutrality=NeutralityLimit(), steward=StewardLimit(), quick_ratio=QuickRatioLimit()
    )
    return replace(policy, limits=limits, condor=replace(policy.condor, gate_max_vix=30.0))


def test_every_adaptive_element_has_a_name() -> None:
    assert [one.name for one in elements(rich())] == [
        "skip",
        "flex",
        "balance",
        "hedge.layer.front.monetise",
        "hedge.layer.back.funded_by",
        "condor.gate_max_vix",
        "limits.spread",
        "limits.neutrality",
        "limits.steward",
        "limits.quick_ratio",
    ]
    assert elements(shipped()) == ()


def test_what_is_switched_off_is_no_element() -> None:
    policy = rich()
    bare = replace(policy, hedge=replace(policy.hedge, enabled=False), condor=replace(policy.condor, enabled=False), rules=())
    assert {one.kind for one in elements(bare)} == {"limit"}


def test_the_fixed_schedule_keeps_gate_and_limits_alone() -> None:
    policy = rich()
    fixed, said = fixed_schedule(policy)
    assert fixed.rules == ()
    assert (fixed.hedge.presence, fixed.hedge.ratio) == ("always", "strict")
    assert all(layer.monetise is None and layer.funded_by == "account" for layer in fixed.hedge.layers)
    assert (fixed.limits, fixed.condor, fixed.costs) == (policy.limits, policy.condor, policy.costs)
    text = "; ".join(said)
    for part in ("skip, flex, balance", 'ratio = "strict"', "front.monetise off", 'back.funded_by = "account"'):
        assert part in text
    assert fixed_schedule(shipped()) == (shipped(), ())


def test_a_layer_that_waits_for_triggers_is_told() -> None:
    policy = with_layer(policy_with((rule("roll", "roll_layers", layers=("front",)),)), "front", roll=Roll(kind="on_trigger"))
    fixed, said = fixed_schedule(policy)
    assert any("layer front rolls on its last trading session" in line for line in said)
    assert fixed.hedge.layers[0].roll.kind == "on_trigger"


def test_every_element_is_taken_out_and_added_alone_and_nothing_else_moves() -> None:
    policy, plan = rich(), found(rich())
    fixed = made(plan[FIXED])
    names = [one.name for one in elements(policy)]
    assert set(plan) == {FULL, FIXED} | {f"without {n}" for n in names} | {f"with {n}" for n in names} | {
        f"{FIXED} without {n}" for n in names if n.startswith(("condor.", "limits."))
    }
    for name in ("skip", "flex", "balance"):
        without = made(plan[f"without {name}"])
        assert without == replace(policy, rules=tuple(one for one in policy.rules if one.name != name))
        added = made(plan[f"with {name}"])
        ratio = "by_regime" if name == "flex" else "strict"
        alone = tuple(one for one in policy.rules if one.name == name)
        assert added == replace(fixed, rules=alone, hedge=replace(fixed.hedge, ratio=ratio))
    assert plan["with flex"].with_change == ('hedge.ratio = "by_regime"',)
    assert plan["with skip"].with_change == plan["without skip"].with_change == ()
    assert made(plan["without hedge.layer.front.monetise"]) == with_layer(policy, "front", monetise=None)
    assert made(plan["with hedge.layer.front.monetise"]) == with_layer(fixed, "front", monetise=Monetise())
    assert made(plan["without hedge.layer.back.funded_by"]) == with_layer(policy, "back", funded_by="account")
    assert made(plan["with hedge.layer.back.funded_by"]) == with_layer(fixed, "back", funded_by="gains")
    assert made(plan["without limits.steward"]) == replace(policy, limits=replace(policy.limits, steward=None))
    assert made(plan["without condor.gate_max_vix"]).condor.gate_max_vix is None


def test_what_the_fixed_schedule_holds_is_compared_with_the_fixed_schedule_without_it() -> None:
    plan = found(rich())
    whole, bare = plan["with condor.gate_max_vix"], plan[f"{FIXED} without condor.gate_max_vix"]
    assert (made(whole), whole.reference) == (made(plan[FIXED]), bare.name)
    assert made(bare) == replace(made(plan[FIXED]), condor=replace(made(plan[FIXED]).condor, gate_max_vix=None))
    assert bare.reference == ""


def test_references() -> None:
    plan = found(rich())
    assert (plan[FULL].reference, plan[FIXED].reference) == ("", FULL)
    assert plan["without skip"].reference == FULL
    assert plan["with skip"].reference == FIXED


def test_every_variant_passes_the_policy_check() -> None:
    for variant in variants(rich()):
        check_policy(made(variant), lambda _: "default", variant.name)


def switched(presence: str) -> Policy:
    rules = (
        rule("inner", "activate", layers=("front",)),
        rule("outer", "activate", layers=("mid", "back")),
        rule("off", "stand_down", layers=()),
    )
    return policy_with(rules, presence=presence)


def test_without_the_only_rule_that_activates_layers_are_always_held() -> None:
    policy = policy_with((rule("on", "activate"), rule("off", "stand_down")), presence="activated")
    variant = found(policy)["without on"]
    assert made(variant).rules == ()
    assert made(variant).hedge.presence == "always"
    assert any("no rule activates a layer" in line for line in variant.with_change)
    assert any("without off too" in line for line in variant.with_change)
    assert made(found(policy)["without off"]) == replace(policy, rules=policy.rules[:1])


def test_a_rule_that_stands_down_takes_the_openers_with_it() -> None:
    policy = policy_with((rule("on", "activate"), rule("off", "stand_down")), presence="activated")
    variant = found(policy)["with off"]
    assert [one.name for one in made(variant).rules] == ["on", "off"]
    assert made(variant).hedge.presence == "activated"
    assert variant.with_change == ('hedge.presence = "activated"', "rule on too, which opens layers")
    alone = found(policy)["with on"]
    assert [one.name for one in made(alone).rules] == ["on"]
    assert alone.with_change == ('hedge.presence = "activated"',)


@pytest.mark.parametrize("presence", ["activated", "ladder"])
def test_layers_that_nothing_opens_any_more_are_always_held(presence: str) -> None:
    """In a ladder too: an inner layer that never opened would bar those behind it."""
    variant = found(switched(presence))["without inner"]
    policy = made(variant)
    assert policy.hedge.presence == presence
    assert policy.hedge.always_held == (True, False, False)
    assert {one.name: one.then.layers for one in policy.rules} == {"outer": ("mid", "back"), "off": ("mid", "back")}
    assert variant.with_change == (
        'hedge.layer.front.presence = "always": no other rule activates it',
        "rule off on mid, back alone, as layers that are always held do not stand down",
    )


def test_a_layer_that_was_never_opened_stays_so() -> None:
    rules = (rule("inner", "activate", layers=("front",)), rule("mids", "activate", layers=("mid",)))
    variant = found(policy_with(rules, presence="activated"))["without mids"]
    assert made(variant).hedge.always_held == (False, True, False)
    assert variant.with_change == ('hedge.layer.mid.presence = "always": no other rule activates it',)


@pytest.mark.parametrize("presence", ["activated", "ladder"])
def test_a_switch_alone_switches_its_own_layers(presence: str) -> None:
    plan = found(switched(presence))
    inner = made(plan["with inner"])
    assert inner.hedge.presence == "always"
    assert inner.hedge.always_held == (False, True, True)
    assert plan["with inner"].with_change == ('hedge.layer.front.presence = "activated"',)
    off = made(plan["with off"])
    assert off.hedge.presence == presence
    assert off.hedge.always_held == (False, False, False)
    assert [one.name for one in off.rules] == ["inner", "outer", "off"]


def test_presence_of_a_single_layer_is_part_of_its_switch() -> None:
    policy = with_layer(policy_with((rule("open-back", "activate", layers=("back",)),)), "back", presence="activated")
    plan = found(policy)
    assert made(plan[FIXED]).hedge.always_held == (True, True, True)
    assert 'hedge.layer.back.presence = "as_hedge" (was "activated")' in fixed_schedule(policy)[1]
    assert made(plan["with open-back"]) == policy
    assert made(plan["without open-back"]).hedge.always_held == (True, True, True)
    assert plan["without open-back"].with_change == ('hedge.layer.back.presence = "always": no other rule activates it',)


def test_the_steward_forgets_rules_that_are_gone() -> None:
    policy = policy_with((rule("spike", "rebalance"), rule("calm", "rebalance")))
    policy = replace(policy, limits=replace(policy.limits, steward=StewardLimit(no_adding_while=("spike", "calm"))))
    plan = found(policy)
    gone = plan["without spike"]
    steward = made(gone).limits.steward
    assert steward is not None
    assert steward.no_adding_while == ("calm",)
    assert gone.with_change == ("limits.steward.no_adding_while without spike",)
    assert fixed_schedule(policy)[1][-1] == "limits.steward.no_adding_while without spike, calm"
    assert plan["with spike"].with_change == ()


def test_what_no_backtest_can_test_is_said_and_not_dropped() -> None:
    policy = replace(shipped(), limits=replace(shipped().limits, depth=DepthLimit()))
    plan = found(policy)
    for name in ("without limits.depth", "with limits.depth"):
        assert plan[name].policy is None
        assert "no sizes" in plan[name].not_possible
    assert f"{FIXED} without limits.depth" not in plan


def test_a_contradiction_that_no_change_mends_is_the_reason() -> None:
    element = Element(name="made-up", kind="rule", rule_id="R00", target="made-up")
    broken = replace(shipped(), condor=replace(shipped().condor, min_dte=61))
    variant = module._variant("without", element, FULL, lambda: (broken, ("something",)))
    assert variant.policy is None
    assert variant.not_possible == "the window 61-60 is empty"
    assert variant.with_change == ("something",)


def test_only_what_can_move_condors_is_named() -> None:
    base = shipped()
    skip = replace(base, rules=(rule("skip", "skip_condor_entry"),))
    gate = replace(base, condor=replace(base.condor, gate_max_vix=20.0))
    quick = replace(base, limits=replace(base.limits, quick_ratio=QuickRatioLimit()))
    refuse = replace(base, limits=replace(base.limits, neutrality=NeutralityLimit(on_breach="refuse")))
    trade = replace(base, limits=replace(base.limits, neutrality=NeutralityLimit(on_breach="trade")))
    spread = replace(base, limits=replace(base.limits, spread=SpreadLimit(sleeves=("condor", "hedge"))))
    hedge_only = replace(base, limits=replace(base.limits, spread=SpreadLimit()))
    assert moves_condors(base, base) == moves_condors(skip, skip) == moves_condors(gate, gate) == ()
    assert moves_condors(trade, base) == moves_condors(hedge_only, base) == moves_condors(spread, spread) == ()
    assert moves_condors(base, skip) == ("skip",)
    assert moves_condors(gate, base) == ("condor.gate_max_vix",)
    assert moves_condors(spread, base) == ("limits.spread",)
    assert moves_condors(quick, quick) == ("limits.quick_ratio",)
    assert moves_condors(refuse, base) == ("limits.neutrality",)
