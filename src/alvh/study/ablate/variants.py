"""The variants of an ablation: the policy, its fixed schedule, each element taken out alone and each added alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from alvh.core.errors import ConfigError
from alvh.strategy.policy import AdaptiveRule, Hedge, HedgeLayer, Policy
from alvh.strategy.policy_check import check_policy
from alvh.study.ablate.elements import Element, elements

FULL, FIXED = "full", "fixed schedule"
VariantKind = Literal["full", "fixed", "without", "with", "fixed_without"]
LayerPresence = Literal["as_hedge", "always", "activated"]

NO_SIZES = "model prices show no sizes, so that no backtest can test it: the plan on quoted chains does"
"""Why the floor under displayed sizes is not ablated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One policy to run. ``reference`` is the name of the variant that it is compared with, empty where it is only compared with.

    ``policy`` is None where the variant cannot be had, and ``not_possible`` says why. ``with_change`` are the changes that had to
    go with the element. ``fixed_without`` is the fixed schedule without an element that stands in it: only a reference.
    """

    name: str
    kind: VariantKind
    policy: Policy | None
    reference: str = ""
    element: Element | None = None
    with_change: tuple[str, ...] = ()
    not_possible: str = ""


def fixed_schedule(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """The policy by its calendar alone, and in words what that changed.

    No rule; layers always held, at a strict ratio, paid for by the account; nothing sold at a multiple. Gate and limits stand.
    """
    hedge, said = policy.hedge, list[str]()
    if policy.rules:
        said.append(f"no rules ({', '.join(rule.name for rule in policy.rules)})")
    if hedge.presence != "always":
        said.append(f'hedge.presence = "always" (was "{hedge.presence}")')
    if hedge.ratio != "strict":
        said.append(f'hedge.ratio = "strict" (was "{hedge.ratio}")')
    for layer in hedge.layers:
        if layer.presence != "as_hedge":
            said.append(f'hedge.layer.{layer.name}.presence = "as_hedge" (was "{layer.presence}")')
        if layer.monetise is not None:
            said.append(f"hedge.layer.{layer.name}.monetise off")
        if layer.funded_by == "gains":
            said.append(f'hedge.layer.{layer.name}.funded_by = "account"')
        if layer.roll.kind == "on_trigger":
            said.append(f"layer {layer.name} rolls on its last trading session, as no rule gives a trigger")
    layers = tuple(replace(layer, presence="as_hedge", monetise=None, funded_by="account") for layer in hedge.layers)
    fixed = replace(policy, rules=(), hedge=replace(hedge, presence="always", ratio="strict", layers=layers))
    fixed, lost = _without_lost_names(fixed)
    return fixed, (*said, *lost)


def variants(policy: Policy) -> tuple[Variant, ...]:
    """The policy first, its fixed schedule next, then ``without`` and ``with`` of every element in the order of the file."""
    fixed, _ = fixed_schedule(policy)
    found = [
        Variant(name=FULL, kind="full", policy=policy),
        Variant(name=FIXED, kind="fixed", policy=fixed, reference=FULL),
    ]
    for element in elements(policy):
        found.append(_variant("without", element, FULL, partial(_remove, policy, element)))
    for element in elements(policy):
        if not element.scheduled:
            found.append(_variant("with", element, FIXED, partial(_add, fixed, policy, element)))
            continue
        # The fixed schedule holds it already: it is compared with the fixed schedule without it.
        bare = _variant("fixed_without", element, "", partial(_remove, fixed, element))
        if bare.policy is None:
            found.append(replace(bare, name=f"with {element.name}", kind="with", reference=FIXED))
        else:
            found += [bare, _variant("with", element, bare.name, partial(_unchanged, fixed))]
    return tuple(found)


def _variant(kind: VariantKind, element: Element, reference: str, edit: Callable[[], tuple[Policy, tuple[str, ...]]]) -> Variant:
    words = {"without": "without", "with": "with", "fixed_without": f"{FIXED} without"}
    blank = Variant(name=f"{words[kind]} {element.name}", kind=kind, policy=None, reference=reference, element=element)
    if element.kind == "limit" and element.target == "depth":
        return replace(blank, not_possible=NO_SIZES)
    policy, changes = edit()
    try:
        check_policy(policy, lambda _: "default", f"{policy.name}, {blank.name}")
    except ConfigError as contradiction:
        return replace(blank, with_change=changes, not_possible=contradiction.what)
    return replace(blank, policy=policy, with_change=changes)


def _unchanged(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    return policy, ()


# ------------------------------------------------------------------------------------------------------------ taking out, adding


def _remove(policy: Policy, element: Element) -> tuple[Policy, tuple[str, ...]]:
    """A policy without one element, and the changes that had to go with it."""
    if element.kind == "gate":
        return replace(policy, condor=replace(policy.condor, gate_max_vix=None)), ()
    if element.kind == "limit":
        return replace(policy, limits=replace(policy.limits, **{element.target: None})), ()
    if element.kind in ("monetise", "funded_by"):
        return replace(policy, hedge=_plain_layer(policy.hedge, element)), ()
    changed = replace(policy, rules=tuple(rule for rule in policy.rules if rule.name != element.target))
    changed, presence = _without_orphans(changed, policy)
    changed, lost = _without_lost_names(changed)
    return changed, (*presence, *lost)


def _add(fixed: Policy, full: Policy, element: Element) -> tuple[Policy, tuple[str, ...]]:
    """The fixed schedule with one element of the full policy, and the changes that had to go with it."""
    if element.kind in ("monetise", "funded_by"):
        source = {layer.name: layer for layer in full.hedge.layers}[element.target]
        value = {"monetise": source.monetise} if element.kind == "monetise" else {"funded_by": source.funded_by}
        layers = tuple(replace(layer, **value) if layer.name == element.target else layer for layer in fixed.hedge.layers)
        return replace(fixed, hedge=replace(fixed.hedge, layers=layers)), ()
    rule = next(rule for rule in full.rules if rule.name == element.target)
    if rule.then.kind in ("activate", "stand_down"):
        return _add_switch(fixed, full, rule)
    if rule.then.kind != "flex_ratio":
        return replace(fixed, rules=(rule,)), ()
    changed = replace(fixed, rules=(rule,), hedge=replace(fixed.hedge, ratio=full.hedge.ratio))
    return changed, (f'hedge.ratio = "{full.hedge.ratio}"',)


def _add_switch(fixed: Policy, full: Policy, rule: AdaptiveRule) -> tuple[Policy, tuple[str, ...]]:
    """The fixed schedule with a rule that opens layers or stands them down: those layers are no longer held always.

    A rule that stands down takes along the rules that open its layers, or they would never be held.
    """
    always = dict(zip((layer.name for layer in full.hedge.layers), full.hedge.always_held, strict=True))
    switched = {name for name, held in always.items() if not held and _acts_on(rule, name)}
    rules: tuple[AdaptiveRule, ...] = (rule,)
    said = list[str]()
    if rule.then.kind == "stand_down":
        rules = tuple(
            one
            for one in full.rules
            if one.name == rule.name or (one.then.kind == "activate" and any(_acts_on(one, name) for name in switched))
        )
        said += [f"rule {one.name} too, which opens layers" for one in rules if one.name != rule.name]
    if switched == set(always) and full.hedge.presence != "always":
        layers = {layer.name: layer.presence for layer in full.hedge.layers}
        hedge = replace(fixed.hedge, presence=full.hedge.presence, layers=_present(fixed.hedge, layers))
        said.insert(0, f'hedge.presence = "{full.hedge.presence}"')
    else:
        hedge = replace(fixed.hedge, layers=_present(fixed.hedge, dict.fromkeys(switched, "activated")))
        said[:0] = [f'hedge.layer.{layer.name}.presence = "activated"' for layer in hedge.layers if layer.name in switched]
    return replace(fixed, rules=rules, hedge=hedge), tuple(said)


def _plain_layer(hedge: Hedge, element: Element) -> Hedge:
    """The hedge with one layer's order off, or its purchases paid for by the account."""
    layers = tuple(
        layer
        if layer.name != element.target
        else replace(layer, monetise=None)
        if element.kind == "monetise"
        else replace(layer, funded_by="account")
        for layer in hedge.layers
    )
    return replace(hedge, layers=layers)


# ------------------------------------------------------------------------------------------------------- changes that go with it


def _without_orphans(policy: Policy, before: Policy) -> tuple[Policy, tuple[str, ...]]:
    """A policy in which layers are always held that no rule opens any more, and the changes in words.

    They would else never be held, and in a ladder bar those behind them. What is always held is not stood down any more.
    """
    orphans = set(_never_opened(policy)) - set(_never_opened(before))
    if not orphans:
        return policy, ()
    hedge, said = policy.hedge, list[str]()
    waiting = {layer.name for layer, held in zip(hedge.layers, hedge.always_held, strict=True) if not held}
    if orphans == waiting and hedge.presence != "always":
        said.append(f'hedge.presence = "always" (was "{hedge.presence}"): no rule activates a layer')
        hedge = replace(hedge, presence="always", layers=_present(hedge, dict.fromkeys(orphans, "as_hedge")))
    else:
        names = [layer.name for layer in hedge.layers if layer.name in orphans]
        said += [f'hedge.layer.{name}.presence = "always": no other rule activates it' for name in names]
        hedge = replace(hedge, layers=_present(hedge, dict.fromkeys(orphans, "always")))
    rules = []
    for rule in policy.rules:
        left = tuple(layer.name for layer in hedge.layers if _acts_on(rule, layer.name) and layer.name not in orphans)
        if rule.then.kind != "stand_down" or not any(_acts_on(rule, name) for name in orphans):
            rules.append(rule)
        elif left:
            rules.append(replace(rule, then=replace(rule.then, layers=left)))
            said.append(f"rule {rule.name} on {', '.join(left)} alone, as layers that are always held do not stand down")
        else:
            said.append(f"without {rule.name} too, as layers that are always held do not stand down")
    return replace(policy, rules=tuple(rules), hedge=hedge), tuple(said)


def _never_opened(policy: Policy) -> list[str]:
    """Layers that wait for a rule of which there is none."""
    hedge, openers = policy.hedge, [rule for rule in policy.rules if rule.then.kind == "activate"]
    if not hedge.enabled:
        return []
    return [
        layer.name
        for layer, held in zip(hedge.layers, hedge.always_held, strict=True)
        if not held and not any(_acts_on(rule, layer.name) for rule in openers)
    ]


def _present(hedge: Hedge, presence: Mapping[str, LayerPresence]) -> tuple[HedgeLayer, ...]:
    """The layers with the presence of those that are named."""
    return tuple(replace(layer, presence=presence.get(layer.name, layer.presence)) for layer in hedge.layers)


def _acts_on(rule: AdaptiveRule, layer: str) -> bool:
    return not rule.then.layers or layer in rule.then.layers


def _without_lost_names(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """The steward's list of rules without those that are gone."""
    steward = policy.limits.steward
    if steward is None:
        return policy, ()
    there = {rule.name for rule in policy.rules}
    lost = [name for name in steward.no_adding_while if name not in there]
    if not lost:
        return policy, ()
    kept = tuple(name for name in steward.no_adding_while if name in there)
    limits = replace(policy.limits, steward=replace(steward, no_adding_while=kept))
    return replace(policy, limits=limits), (f"limits.steward.no_adding_while without {', '.join(lost)}",)
