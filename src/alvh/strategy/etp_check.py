"""Checks of layers that hold a VIX fund, of which adjusted prices are known and neither shares nor Greeks."""

from __future__ import annotations

from alvh.strategy.hedge_check import Refuse
from alvh.strategy.policy import AdaptiveRule, HedgeLayer, Policy

BY_EXPIRY = ("sessions_before_expiry", "hold_to_settlement")


def check_etps(policy: Policy, refuse: Refuse) -> None:
    """Raise for what dollars in a fund cannot do: be counted in contracts or vega, follow an expiry, change between rolls."""
    funds = [layer for layer in policy.hedge.layers if layer.is_share]
    if not policy.hedge.enabled or not funds:
        return
    for layer in funds:
        _check_layer(policy, layer, f"hedge.layer.{layer.name}", refuse)
    if policy.hedge.size.resize == "weekly":
        raise refuse(
            f"layer {funds[0].name} holds dollars of {funds[0].etp}, whose quantity is set at its own roll alone",
            "hedge.size.resize",
            "at_roll",
            "set it to at_roll, and roll the layer every 7 days",
        )
    if policy.limits.neutrality is not None:
        raise refuse(
            f"the delta and vega of {funds[0].etp} are not measured, and layer {funds[0].name} holds it",
            "limits.neutrality",
            '"off" beside a vix_etp',
            "switch it off, or hold VX futures",
        )
    for rule in policy.rules:
        _check_rule(policy, rule, [layer for layer in funds if layer.name in rule.then.layers or not rule.then.layers], refuse)


def _check_layer(policy: Policy, layer: HedgeLayer, path: str, refuse: Refuse) -> None:
    if policy.hedge.ratio_of != "premium":
        raise refuse(
            f"{layer.etp} is bought by dollars, and {policy.hedge.ratio_of} of it are not known",
            "hedge.ratio_of",
            '"premium" beside a vix_etp',
            'set hedge.ratio_of to "premium"',
        )
    if layer.roll.kind in BY_EXPIRY:
        raise refuse(
            f"{layer.etp} has no expiry to roll by",
            f"{path}.roll.kind",
            "every_days, on_trigger or days_or_trigger",
            "change it",
        )
    if layer.restrike != "target_delta":
        raise refuse(f"{layer.etp} has no strike", f"{path}.restrike", "target_delta, which nothing reads", "take it out")


def _check_rule(policy: Policy, rule: AdaptiveRule, funds: list[HedgeLayer], refuse: Refuse) -> None:
    if not funds:
        return
    fund, then = funds[0], rule.then
    at_once = then.traded == "at_once" or (then.traded == "as_hedge" and policy.hedge.ratio == "by_signal")
    if then.kind == "rebalance" or (then.kind == "flex_ratio" and at_once):
        raise refuse(
            f"{then.kind} trades a difference at once, and layer {fund.name} holds {fund.etp}, which is traded at its roll alone",
            f"rule.{rule.name}.then.layers",
            "layers of other instruments" + ("" if then.kind == "rebalance" else ', or traded = "at_roll"'),
            "name the other layers",
        )
    if then.kind == "time_shift" and then.layers:
        raise refuse(
            f"time_shift moves a window, and layer {fund.name} holds {fund.etp}, which has none",
            f"rule.{rule.name}.then.layers",
            "layers of other instruments",
            "name the other layers, or roll_layers for this one",
        )
