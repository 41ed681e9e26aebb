"""Hedge, layers and adaptive rules in plain English, and which of their keys nothing reads. Used by ``explain``."""

from __future__ import annotations

from datetime import date

from alvh.strategy.explain_size import size_sentences
from alvh.strategy.policy import AdaptiveRule, HedgeLayer, LayerStrike, Policy, SoldStrike

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_INSTRUMENTS = {
    "vix_calls": "VIX calls",
    "vix_call_spreads": "VIX call spreads",
    "vx_futures": "VX futures, monthly, margined daily",
    "vxm_futures": "VXM futures, monthly, margined daily",
    "spx_put_spreads": "SPX put spreads",
    "vix_etp": "VIX ETPs",
}
_ACTION_KEYS = {
    "fraction_pct": "close_layers",
    "dead_band_pct": "rebalance",
    "factor": "flex_ratio",
    "most_sessions": "delay_rolls",
}


def hedge_sentences(policy: Policy) -> list[str]:
    """What the hedge is, when it is held and how large it is."""
    hedge, size = policy.hedge, policy.hedge.size
    if not hedge.enabled:
        return ["There is no hedge: the hedged and the unhedged run are the same."]
    ladder = "/".join(f"{layer.ratio:g}" for layer in hedge.layers)
    when = "at that layer's own roll" if size.resize == "at_roll" else "every week on the condor day"
    names = ", ".join(layer.name for layer in hedge.layers)
    kinds = list(dict.fromkeys(layer.instrument for layer in hedge.layers))
    what = _INSTRUMENTS[kinds[0]] if len(kinds) == 1 else "VIX calls and other instruments"
    held = {
        "always": "always held (R02, R07, R36)",
        "activated": "held only from the close at which a rule activates a layer until one stands it down (R02, R07, R36)",
        "ladder": "opened by rising triggers, a layer only where the inner ones stand, until a rule stands it down (R31, R36)",
    }[hedge.presence]
    anchor_day = WEEKDAYS[date.fromisoformat(policy.grid_anchor).weekday()]
    grid_day = WEEKDAYS[policy.condor.entry.weekday]
    result = [
        f"{what} in {len(hedge.layers)} layer{'s' if len(hedge.layers) != 1 else ''} ({names}), {held}.",
        *size_sentences(size, ladder, when),
    ]
    if hedge.ratio_of != "contracts":
        result.append(
            f"The ratio counts {hedge.ratio_of}: a layer gets its share of the {hedge.ratio_of} that as many VIX calls would "
            "have, each in its layer's window at its layer's strike (R02)."
        )
    if hedge.ratio != "strict":
        at = "at a layer's own roll" if hedge.ratio == "by_regime" else "at once"
        result.append(f"Rules may multiply a layer's share of the ladder; the change is traded {at} (R32).")
    if hedge.acting == "innermost":
        result.append("Of the layers that rules act on in one session only the innermost does (R40).")
    return [
        *result,
        f"Roll days are counted from {anchor_day} {policy.grid_anchor}, in both directions, "
        f"each on the first {grid_day} (or session after a holiday) on or after (R10).",
        *(
            ()
            if all(layer.is_share for layer in hedge.layers)
            else ("On the last trading session of what it holds a layer rolls anyway; the grid does not move.",)
        ),
        f"No strike above {hedge.max_strike_to_forward:g} times the forward of its own expiry (VIX options).",
    ]


def layer_sentences(layer: HedgeLayer, policy: Policy) -> list[str]:
    """One layer: instrument, window, strikes, rolls."""
    if layer.is_share:
        return _share_sentences(layer)
    window = f"{layer.min_dte}-{layer.max_dte}"
    aim = "the middle" if layer.aim_dte is None else f"{layer.aim_dte:g}"
    monthly = "a monthly expiry before a weekly, then " if layer.prefer_monthly else ""
    to = "by the window" if layer.roll_to == "next_in_window" else "the next monthly"
    new = {
        "target_delta": "at the target again",
        "same_moneyness": "at the held strike's ratio to its forward",
        "match_break_even": "so that the VIX level is kept at which, with SPX at the open condors' nearer short put, it gains "
        f"{layer.break_even_share_pct:g} % of what they lose by the next roll",
    }[layer.restrike]
    same = "it is struck anew"
    if layer.same_expiry == "keep":
        same = "the strike is kept and only the difference in quantity is traded"
    empty = (
        f"the listed one of at least {policy.hedge.fallback_min_dte} days with the fewest days outside it, on a tie the later"
        if layer.when_empty == "nearest"
        else "nothing is opened"
    )
    listed = "monthly expiries alone, " if layer.expiries == "monthly" else monthly
    result = [
        f"{layer.ratio:g} in the ladder, {_INSTRUMENTS[layer.instrument]} (R07). "
        f"Expiry: {window} calendar days, {listed}the nearest to {aim} (R04-R06).",
    ]
    result += _own_presence(layer)
    if not layer.is_future:
        result.append(f"Strike: {_strike(layer.strike, layer)} (R04-R06).")
    if layer.is_spread:
        result.append(f"The sold leg lies beyond it: {_strike(layer.short_strike, layer)} (R07).")
    result += [
        _rolls(layer),
        f"A roll chooses the new expiry {to} and strikes it {new} (R11); where that names the expiry held, {same} (R10).",
        f"Where the window holds no listed expiry: {empty}; it is counted (R04).",
    ]
    return result + _money_sentences(layer)


def _own_presence(layer: HedgeLayer) -> list[str]:
    if layer.presence == "as_hedge":
        return []
    own = "Always held" if layer.presence == "always" else "Off until a rule activates it"
    return [f"{own}, whatever the other layers are (R36, R47)."]


def _share_sentences(layer: HedgeLayer) -> list[str]:
    """A layer of a fund: what is bought, how much, when."""
    result = [
        f"{layer.ratio:g} in the ladder, shares of {layer.etp}, fully paid (R07). Its adjusted closes give returns and no share "
        "price: dollars are held, and alvh plan refuses the policy.",
        f"Its share of the ladder is counted in the premium of VIX calls of {layer.min_dte}-{layer.max_dte} calendar days, "
        f"{_strike(layer.strike, layer)} (R02).",
        *_own_presence(layer),
        _rolls(layer),
        "A roll sells all that is held and buys the dollars that are due; between rolls nothing is traded.",
        "At a close without a price nothing is opened, and that is counted; a run that holds it past its last price is refused.",
    ]
    return result + _money_sentences(layer)


def _money_sentences(layer: HedgeLayer) -> list[str]:
    """What sells winners, and what pays."""
    result = []
    if layer.monetise is not None:
        order = layer.monetise
        result.append(
            f"Once a holding, {order.fraction_pct:g} % is sold where it is worth {order.multiple:g} times what it cost (R41)."
        )
    if layer.funded_by == "gains":
        result.append(f"Only {layer.gains_share_pct:g} % of what the other layers' closed lots gained pays for it (R47).")
    if layer.lock_future == "VXM":
        result.append("Where a rule locks it, one VXM is sold for each call, once VXM are listed (R70).")
    return result


def _rolls(layer: HedgeLayer) -> str:
    """When a layer rolls."""
    before = f"{layer.roll.sessions} session{'s' if layer.roll.sessions != 1 else ''}"
    grid = "on the grid" if layer.roll.anchor == "schedule" else "from its last roll"
    last = "" if layer.is_share else ", at the latest on the last trading session of what it holds"
    return {
        "every_days": f"Rolls every {layer.roll.days} calendar days {grid} (R10).",
        "days_or_trigger": f"Rolls every {layer.roll.days} calendar days {grid}, and where a rule says so (R10, R14).",
        "on_trigger": f"Rolls only where a rule says so{last} (R14).",
        "sessions_before_expiry": f"Rolls {before} before the last trading session of what it holds (R10).",
        "hold_to_settlement": "Never rolls early: held to settlement, then opened anew (R10).",
    }[layer.roll.kind]


def _strike(strike: LayerStrike | SoldStrike, layer: HedgeLayer) -> str:
    if strike.kind == "delta":
        return f"{strike.delta:.3g} delta on the forward of its own expiry"
    side = "out of" if strike.out_pct >= 0 else "in"
    spot = "SPX" if layer.instrument == "spx_put_spreads" else "spot VIX"
    forward = "SPX forward" if layer.instrument == "spx_put_spreads" else "VX forward"
    return f"{abs(strike.out_pct):g} % {side} the money, counted from the {forward if strike.of == 'forward' else spot}"


def rule_sentence(rule: AdaptiveRule, policy: Policy) -> str:
    """One adaptive rule: when, what, how often."""
    then = rule.then
    layers = f"layers {', '.join(then.layers)}" if then.layers else "all layers"
    at_once = then.traded == "at_once" or (then.traded == "as_hedge" and policy.hedge.ratio == "by_signal")
    at = "at once" if at_once else "at its own roll"
    action = {
        "skip_condor_entry": "no condor is opened at that session",
        "close_layers": f"{then.fraction_pct:g} % of {layers} is sold",
        "stand_down": f"{layers} are sold and stay off until a rule activates them",
        "lock_synthetic": f"VX futures are sold against the calls of {layers} where that pays more than the bid",
        "roll_layers": f"{layers} roll at that session, off schedule",
        "roll_innermost": f"the innermost of {layers} that holds something rolls, off schedule",
        "time_shift": f"{layers} roll into the window after their own, and choose there while it holds",
        "activate": f"{layers} that are off are opened",
        "delay_rolls": f"an opening or roll of {layers} that falls due waits, at most {then.most_sessions} sessions",
        "flex_ratio": f"the share of {layers} is multiplied by {then.factor:g}, each {at}",
        "rebalance": f"{layers} are brought to their target where more than {then.dead_band_pct:g} % of it off",
    }[then.kind]
    rest = f", at most once in {rule.cool_down_sessions + 1} sessions" if rule.cool_down_sessions else ""
    if rule.repeat == "once_an_episode":
        rest += f", once an episode (over when it was false for {rule.rearm_sessions} sessions in a row)"
    if then.acting == "all" and policy.hedge.acting == "innermost":
        rest += ", on all of them in one session"
    if rule.when_missing == "off":
        rest += "; off, and counted, where a signal has no value"
    return f"{rule.name} ({rule.rule_id}): when {rule.when.phrase()}, {action}{rest}."


def idle_hedge_keys(policy: Policy) -> list[str]:
    """Keys of layers and rules that the chosen kinds do not read."""
    idle: list[str] = []
    for layer in policy.hedge.layers:
        path = f"hedge.layer.{layer.name}"
        for name, strike, used in (
            ("strike", layer.strike, not layer.is_future or policy.hedge.ratio_of != "contracts"),
            ("short_strike", layer.short_strike, layer.is_spread),
        ):
            if not used:
                idle += [f"{path}.{name}.{key}" for key in ("kind", "delta", "out_pct", "of")]
            else:
                idle += [f"{path}.{name}.{key}" for key in (("out_pct", "of") if strike.kind == "delta" else ("delta",))]
        if layer.is_share:
            idle += [f"{path}.{key}" for key in ("roll_to", "same_expiry", "when_empty", "restrike")]
        else:
            idle.append(f"{path}.etp")
        if layer.restrike != "match_break_even":
            idle.append(f"{path}.break_even_share_pct")
        locks = [rule for rule in policy.rules if rule.then.kind == "lock_synthetic"]
        if not any(not rule.then.layers or layer.name in rule.then.layers for rule in locks):
            idle.append(f"{path}.lock_future")
        if layer.funded_by == "account":
            idle.append(f"{path}.gains_share_pct")
        if not layer.roll.on_grid:
            idle += [f"{path}.roll.days", f"{path}.roll.anchor"]
        if layer.roll.kind != "sessions_before_expiry":
            idle.append(f"{path}.roll.sessions")
    for rule in policy.rules:
        path = f"rule.{rule.name}"
        idle += [f"{path}.then.{key}" for key, kind in _ACTION_KEYS.items() if rule.then.kind != kind]
        if rule.then.kind != "flex_ratio":
            idle.append(f"{path}.then.traded")
        if policy.hedge.acting == "all":
            idle.append(f"{path}.then.acting")
        if rule.repeat == "each_session":
            idle.append(f"{path}.rearm_sessions")
    return idle
