"""Checks of hedge and rules: keys that are each in range but contradict each other. Part of :mod:`alvh.strategy.policy_check`."""

from __future__ import annotations

from collections.abc import Callable

from alvh.core.errors import ConfigError, nearest
from alvh.strategy.policy import AdaptiveRule, Hedge, HedgeLayer, Policy
from alvh.strategy.rule_policy import ROLLS
from alvh.strategy.sizing import SOLVED_KINDS

Refuse = Callable[[str, str, str, str], ConfigError]
"""What is wrong, at which key, what is allowed, what to do -> the error to raise."""


def check_hedge(hedge: Hedge, refuse: Refuse) -> None:
    if hedge.enabled and not hedge.layers:
        raise refuse(
            "the hedge is on but has no layer",
            "hedge.layer",
            "one [[hedge.layer]] or more, or hedge.enabled = false",
            'write extends = "alvh-442", or add a layer',
        )
    _check_size(hedge, refuse)
    if hedge.layers and all(layer.funded_by == "gains" for layer in hedge.layers):
        raise refuse(
            "every layer is paid for by gains of the others, so that none ever opens",
            f"hedge.layer.{hedge.layers[0].name}.funded_by",
            "account in one layer at least",
            "let the account pay for a layer",
        )
    for layer in hedge.layers:
        if layer.restrike == "match_break_even" and hedge.size.kind in SOLVED_KINDS:
            raise refuse(
                f"{hedge.size.kind} solves the quantity for a strike, and match_break_even the strike for a quantity",
                f"hedge.layer.{layer.name}.restrike",
                "target_delta or same_moneyness, or a size counted from a notional",
                "change one of the two",
            )
        _check_layer(layer, f"hedge.layer.{layer.name}", refuse)
        _check_instrument(hedge, layer, f"hedge.layer.{layer.name}", refuse)


MOST_CAPITAL_PCT = 20.0
"""The published share is 4-8 % of notional (R52): more than a fifth of the account is a slip, or the default of another kind."""


def _check_size(hedge: Hedge, refuse: Refuse) -> None:
    size = hedge.size
    if size.kind in SOLVED_KINDS and size.reference == "planned":
        raise refuse(
            f"{size.kind} is solved on the condors that are open, and planned ones have no legs",
            "hedge.size.reference",
            "open",
            "set it to open, or choose another kind",
        )
    if size.kind == "capital_share" and size.share_pct > MOST_CAPITAL_PCT:
        raise refuse(
            f"premium of {size.share_pct:g} % of the account",
            "hedge.size.share_pct",
            f"above 0, at most {MOST_CAPITAL_PCT:g} with capital_share",
            "write the share that may be spent, such as 1",
        )
    if size.kind == "stress_target" and size.stress.spx_pct >= 0.0 and size.stress.vix_points <= 0.0:
        raise refuse(
            "no fall of SPX and no rise of VIX is nothing that VIX calls hedge",
            "hedge.size.stress.spx_pct",
            "below 0, or vix_points above 0",
            "state the stress that the hedge is for",
        )


def _check_instrument(hedge: Hedge, layer: HedgeLayer, path: str, refuse: Refuse) -> None:
    if layer.instrument != "vix_calls" and hedge.size.kind in SOLVED_KINDS:
        raise refuse(
            f"{hedge.size.kind} is solved in VIX calls, and the layer holds {layer.instrument}",
            f"{path}.instrument",
            "vix_calls, or a size counted from a notional",
            'choose a counted size, with ratio_of = "premium" or "vega"',
        )
    if layer.is_future and hedge.ratio_of == "premium":
        raise refuse(
            "a future is margined and has no premium to count",
            f"{path}.instrument",
            'options with ratio_of = "premium"',
            'set hedge.ratio_of to "vega"',
        )
    if layer.is_future and layer.monetise is not None:
        raise refuse("a future costs nothing, so it has no multiple of its cost", f"{path}.monetise", "off", "switch it off")
    if layer.is_future and layer.funded_by == "gains":
        raise refuse("a future is not paid for", f"{path}.funded_by", "account", "set it to account")
    if layer.instrument != "vix_calls" and layer.restrike == "match_break_even":
        raise refuse(
            f"the break-even of {layer.instrument} is not kept by one strike",
            f"{path}.restrike",
            "target_delta or same_moneyness",
            "change it",
        )
    if layer.is_spread and layer.strike.kind == layer.short_strike.kind:
        sold, bought = layer.short_strike, layer.strike
        inside = sold.delta >= bought.delta if sold.kind == "delta" else sold.out_pct <= bought.out_pct
        if inside and sold.of == bought.of:
            raise refuse(
                "the sold strike does not lie beyond the bought one",
                f"{path}.short_strike",
                f"a delta below {bought.delta:g}" if sold.kind == "delta" else f"more than {bought.out_pct:g} % out of the money",
                "move it outwards",
            )


def _check_layer(layer: HedgeLayer, path: str, refuse: Refuse) -> None:
    if layer.min_dte > layer.max_dte:
        raise refuse(
            f"the window {layer.min_dte}-{layer.max_dte} is empty",
            f"{path}.min_dte",
            f"at most max_dte ({layer.max_dte})",
            "swap min_dte and max_dte",
        )
    if layer.aim_dte is not None and not layer.min_dte <= layer.aim_dte <= layer.max_dte:
        raise refuse(
            f"aim_dte {layer.aim_dte:g} lies outside the window",
            f"{path}.aim_dte",
            f'{layer.min_dte} to {layer.max_dte}, or "middle"',
            "move it inside",
        )


def check_rules(policy: Policy, refuse: Refuse) -> None:
    layers = [layer.name for layer in policy.hedge.layers]
    for rule in policy.rules:
        path = f"rule.{rule.name}.then"
        for name in rule.then.layers:
            if name not in layers:
                raise refuse(
                    f"there is no layer '{name}'",
                    f"{path}.layers",
                    ", ".join(layers) or "no layer is defined",
                    nearest(name, layers) or "name an existing layer",
                )
        if rule.then.layers and rule.then.kind == "skip_condor_entry":
            raise refuse(
                "skip_condor_entry acts on no layer", f"{path}.layers", "an empty list, or another kind", "remove the layers"
            )
        _check_action(policy, rule, path, refuse)
    waiting = not all(policy.hedge.always_held)
    if policy.hedge.enabled and waiting and not any(r.then.kind == "activate" for r in policy.rules):
        raise refuse(
            f"presence is {policy.hedge.presence} and no rule activates a layer",
            "hedge.presence",
            "always, or a rule of kind activate",
            "add a [[rule]] that activates layers",
        )


def _check_action(policy: Policy, rule: AdaptiveRule, path: str, refuse: Refuse) -> None:
    hedge, kind = policy.hedge, rule.then.kind
    layers = [layer for layer in hedge.layers if not rule.then.layers or layer.name in rule.then.layers]
    if kind != "skip_condor_entry" and not hedge.enabled:
        raise refuse(f"{kind} acts on a hedge that is switched off", f"{path}.kind", "skip_condor_entry", "remove the rule")
    always = {layer.name for layer, held in zip(hedge.layers, hedge.always_held, strict=True) if held}
    if kind in ("activate", "stand_down") and all(layer.name in always for layer in layers):
        raise refuse(
            f"{kind} switches layers on or off, and they are always held",
            f"{path}.kind",
            'presence = "activated" or "ladder" beside it, of the hedge or of a layer',
            "set hedge.presence",
        )
    if kind == "flex_ratio" and hedge.ratio == "strict":
        raise refuse(
            "flex_ratio changes a ratio that is kept strictly",
            f"{path}.kind",
            'hedge.ratio = "by_regime" or "by_signal" beside it',
            "set hedge.ratio",
        )
    if kind in ROLLS:
        fixed = [layer for layer in layers if not layer.roll.on_trigger]
        if rule.then.layers and fixed:
            raise refuse(
                f"layer {fixed[0].name} rolls by {fixed[0].roll.kind}, and a rule may not roll it",
                f"{path}.layers",
                "layers whose roll.kind is on_trigger or days_or_trigger",
                f"set hedge.layer.{fixed[0].name}.roll.kind",
            )
        if len(fixed) == len(layers):
            raise refuse(
                "no layer may be rolled by a rule",
                f"{path}.kind",
                "layers whose roll.kind is on_trigger or days_or_trigger",
                "set roll.kind of a layer",
            )
    if kind == "lock_synthetic":
        other = [layer for layer in layers if layer.instrument != "vix_calls"]
        if rule.then.layers and other:
            raise refuse(
                f"layer {other[0].name} holds {other[0].instrument}, and a future is sold against VIX calls",
                f"{path}.layers",
                "layers of vix_calls",
                "remove the layer from the rule",
            )
