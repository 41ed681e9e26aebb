"""Checks of a resolved policy: keys that are each in range but contradict each other. Used by ``policy_file``."""

from __future__ import annotations

from collections.abc import Callable

from alvh.core.errors import ConfigError, nearest
from alvh.strategy.policy import Condor, Hedge, HedgeLayer, Policy


def check_policy(policy: Policy, origin: Callable[[str], str], file: str) -> None:
    """Raise ``ConfigError`` for the first contradiction; ``origin`` gives the file that set a key, ``file`` the one loaded."""

    def refuse(what: str, key: str, allowed: str, todo: str) -> ConfigError:
        holder = origin(key)
        return ConfigError(what, where=f"{file if holder == 'default' else holder}, key {key}", allowed=allowed, todo=todo)

    _check_condor(policy.condor, refuse)
    _check_hedge(policy.hedge, refuse)
    _check_rules(policy, refuse)


Refuse = Callable[[str, str, str, str], ConfigError]


def _check_condor(condor: Condor, refuse: Refuse) -> None:
    if condor.min_dte > condor.max_dte:
        raise refuse(
            f"the window {condor.min_dte}-{condor.max_dte} is empty",
            "condor.min_dte",
            f"at most max_dte ({condor.max_dte})",
            "swap min_dte and max_dte",
        )
    if not condor.min_dte <= condor.target_dte <= condor.max_dte:
        raise refuse(
            f"target_dte {condor.target_dte} lies outside the window",
            "condor.target_dte",
            f"{condor.min_dte} to {condor.max_dte}",
            "move the target or the window",
        )
    if condor.short_delta >= 0.5:
        raise refuse(
            f"short_delta {condor.short_delta:g} would put the short call below the short put",
            "condor.short_delta",
            "above 0, below 0.5",
            "lower it",
        )
    if condor.wing.kind == "delta" and condor.wing.delta >= condor.short_delta:
        raise refuse(
            f"the wings' delta {condor.wing.delta:g} is not below the shorts' {condor.short_delta:g}",
            "condor.wing.delta",
            f"above 0, below {condor.short_delta:g}",
            "lower it: the bought strikes lie further out",
        )
    leave = condor.exit
    if leave.dte is not None and leave.dte >= condor.min_dte:
        raise refuse(
            f"exit at {leave.dte} DTE would close a condor on the day it is opened at {condor.min_dte} DTE",
            "condor.exit.dte",
            f'below min_dte ({condor.min_dte}), or "off"',
            "lower it, or switch it off",
        )
    if leave.short_delta is not None and leave.short_delta <= condor.short_delta:
        raise refuse(
            f"exit at a short delta of {leave.short_delta:g} is already reached at entry",
            "condor.exit.short_delta",
            f'above condor.short_delta ({condor.short_delta:g}), or "off"',
            "raise it",
        )
    if "XSP" in condor.roots and len(condor.roots) > 1:
        raise refuse(
            "XSP is a tenth of the size and cannot stand in for SPX",
            "condor.roots",
            '["XSP"] alone, or SPXW and SPX',
            "name one size of contract only",
        )


def _check_hedge(hedge: Hedge, refuse: Refuse) -> None:
    if hedge.enabled and not hedge.layers:
        raise refuse(
            "the hedge is on but has no layer",
            "hedge.layer",
            "one [[hedge.layer]] or more, or hedge.enabled = false",
            'write extends = "alvh-442", or add a layer',
        )
    for layer in hedge.layers:
        _check_layer(layer, f"hedge.layer.{layer.name}", refuse)


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


def _check_rules(policy: Policy, refuse: Refuse) -> None:
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
