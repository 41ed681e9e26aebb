"""Checks of a resolved policy: keys that are each in range but contradict each other. Used by ``policy_file``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from alvh.core.errors import ConfigError, nearest
from alvh.strategy.etp_check import check_etps
from alvh.strategy.hedge_check import Refuse, check_hedge, check_rules
from alvh.strategy.overlay_policy import Overlay, OverlayBand
from alvh.strategy.policy import Condor, Policy


def check_policy(policy: Policy, origin: Callable[[str], str], file: str) -> None:
    """Raise ``ConfigError`` for the first contradiction; ``origin`` gives the file that set a key, ``file`` the one loaded."""

    def refuse(what: str, key: str, allowed: str, todo: str) -> ConfigError:
        holder = origin(key)
        return ConfigError(what, where=f"{file if holder == 'default' else holder}, key {key}", allowed=allowed, todo=todo)

    _check_overlay(policy, refuse)
    _check_condor(policy.condor, refuse)
    check_hedge(policy.hedge, refuse)
    check_rules(policy, refuse)
    check_etps(policy, refuse)
    _check_limits(policy, refuse)


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


def _check_limits(policy: Policy, refuse: Refuse) -> None:
    limits = policy.limits
    neutrality, steward = limits.neutrality, limits.steward
    for name, on in (("neutrality", neutrality), ("steward", steward), ("quick_ratio", limits.quick_ratio)):
        if on is not None and policy.overlay is not None:
            raise refuse("no such limit binds an overlay", f"limits.{name}", '"off" beside an [overlay]', "switch it off")
    if neutrality is not None:
        if neutrality.max_delta_pct is None and neutrality.max_vega_pct is None:
            path = "limits.neutrality.max_delta_pct"
            raise refuse("neither delta nor vega has a bound", path, "a bound on one of them", "set one, or switch the limit off")
        if policy.timing.fill_at == "next_close":
            raise refuse(
                "the book is brought inside its bounds at the close at which it is measured",
                "limits.neutrality",
                "fill_at = same_close",
                "switch the limit off, or fill at the same close",
            )
        if neutrality.on_breach == "trade" and not policy.hedge.enabled:
            path = "limits.neutrality.on_breach"
            raise refuse("there is no hedge to trade", path, "refuse", "set it to refuse, or switch the hedge on")
    rules = [rule.name for rule in policy.rules]
    for name in () if steward is None else steward.no_adding_while:
        if name not in rules:
            raise refuse(
                f"there is no rule '{name}'",
                "limits.steward.no_adding_while",
                ", ".join(rules) or "no rule is defined",
                nearest(name, rules) or "name an existing rule",
            )


def _check_overlay(policy: Policy, refuse: Refuse) -> None:
    overlay = policy.overlay
    if overlay is None:
        if policy.timing.fill_at == "trade_window":
            allowed = "same_close or next_close; trade_window with an [overlay]"
            raise refuse("late-morning prices are rebuilt for an overlay alone", "timing.fill_at", allowed, "choose a close")
        return
    if policy.rules:
        where = f"rule.{policy.rules[0].name}"
        raise refuse("no rule acts on an overlay", where, "no [[rule]] beside an [overlay]", "remove the rules")
    for part, on in (("condor", policy.condor.enabled), ("hedge", policy.hedge.enabled)):
        if on:
            raise refuse(f"an overlay stands beside the {part}", f"{part}.enabled", "false, or no [overlay]", "switch one off")
    if not overlay.legs:
        raise refuse("the overlay has no leg", "overlay.leg", "one [[overlay.leg]] or more", "add a leg")
    _check_overlay_legs(overlay, refuse)
    _check_overlay_size(overlay, refuse)


def _check_overlay_legs(overlay: Overlay, refuse: Refuse) -> None:
    solved = [leg for leg in overlay.legs if leg.strike.kind == "pays_for_rest"]
    if len(solved) > 1:
        raise refuse("two legs pay for the rest", "overlay.leg", "one leg of kind pays_for_rest", "give the other a strike")
    for leg in solved:
        path = f"overlay.leg.{leg.name}"
        if len(overlay.legs) == 1:
            raise refuse(
                "there is no other leg to pay for", f"{path}.strike.kind", "out_of_money or delta", "add the leg it pays for"
            )
        if leg.quantity > 0.0:
            raise refuse("a bought leg pays for nothing", f"{path}.quantity", "below 0 with pays_for_rest", "sell it")
        if leg.cycle_months != 1:
            raise refuse(
                "a strike that is solved at every roll cannot stand for months", f"{path}.cycle_months", "1", "set it to 1"
            )
    for leg in overlay.legs:
        if leg.quantity == 0.0:
            path = f"overlay.leg.{leg.name}.quantity"
            raise refuse("the leg holds nothing", path, "above or below 0", "give it a quantity, or remove the leg")
        if leg.restrike_below_calls and leg.right == "call":
            path = f"overlay.leg.{leg.name}.restrike_below_calls"
            raise refuse("a call is not struck anew below itself", path, "true on puts alone", "set it to false")


def _check_overlay_size(overlay: Overlay, refuse: Refuse) -> None:
    size, names = overlay.size, [leg.name for leg in overlay.legs]
    if size.bills_for is not None and size.bills_for not in names:
        todo = nearest(size.bills_for, names) or "name an existing leg"
        raise refuse(f"there is no leg '{size.bills_for}'", "overlay.size.bills_for", ", ".join(names), todo)
    if overlay.base.index == "all" and size.kind != "premium_share":
        allowed = 'premium_share with overlay.base.index = "all", else none or per_unit'
        raise refuse(
            "all of the book stands in the index, so that no unit can be counted", "overlay.size.kind", allowed, "change one"
        )
    sold = any(leg.quantity < 0.0 for leg in overlay.legs)
    if size.kind == "funded" and sold and size.bills_for is None and overlay.base.index == "none":
        allowed = 'the name of the sold leg, or overlay.base.index = "per_unit"'
        raise refuse(
            "nothing stands behind the sold leg", "overlay.size.bills_for", allowed, "name the leg that bills are held for"
        )
    if size.kind == "premium_share" and (not size.bands or len(names) != 1 or overlay.legs[0].quantity <= 0.0):
        allowed = "one bought leg and one band or more, for kind premium_share"
        raise refuse("a share cannot be spent on these legs", "overlay.size.band", allowed, "add a band, or choose another kind")
    if size.kind == "premium_share" and size.band_of == "vx_open" and overlay.root != "VIX":
        raise refuse(
            f"no VX future expires with {overlay.root} options", "overlay.size.band_of", "spot_vix", "set it to spot_vix"
        )
    if size.kind == "max_loss" and not all(_has_wing(overlay, right) for right in {leg.right for leg in overlay.legs}):
        raise refuse("a short leg has no wing, so that nothing bounds the loss", "overlay.size.kind", "funded", "buy a wing")
    _check_bands(size.bands, refuse)


def _check_bands(bands: tuple[OverlayBand, ...], refuse: Refuse) -> None:
    for band in bands:
        if band.above >= band.up_to:
            path = f"overlay.size.band.{band.name}.above"
            raise refuse(f"the band {band.above:g} to {band.up_to:g} is empty", path, f"below {band.up_to:g}", "swap the two")
    ordered = sorted(bands, key=lambda band: band.above)
    for lower, upper in pairwise(ordered):
        if upper.above < lower.up_to:
            what = (
                f"the bands {lower.name} and {upper.name} overlap between {upper.above:g} and {min(lower.up_to, upper.up_to):g}"
            )
            path = f"overlay.size.band.{upper.name}.above"
            raise refuse(what, path, f"at least {lower.up_to:g}", "let one begin where the other ends")


def _has_wing(overlay: Overlay, right: str) -> bool:
    """Whether the legs of one right are bought and sold in equal number."""
    return abs(sum(leg.quantity for leg in overlay.legs if leg.right == right)) < 1e-9
