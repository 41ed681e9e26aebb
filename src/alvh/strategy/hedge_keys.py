"""What the keys under ``hedge`` mean. Part of :mod:`alvh.strategy.policy_keys`."""

from __future__ import annotations

from alvh.strategy.key import WINDOW, Key, days, delta, part, usd, word

HEDGE_KEYS: dict[str, Key] = {
    "hedge.enabled": word("the layers are traded", "R36"),
    "hedge.presence": word(
        "layers are always held, stand off until a rule activates them, or open by rising triggers with the inner ones first",
        "R31",
        "R36",
    ),
    "hedge.ratio": word("the ratio is kept, or rules flex it: at a layer's own roll (by_regime), or at once (by_signal)", "R32"),
    "hedge.acting": word("of the layers that rules act on in one session all do, or the innermost alone", "R40"),
    "hedge.ratio_of": word(
        "what the ratio of the layers counts; premium and vega are those of as many VIX calls",
        "R02",
        "R08",
    ),
    "hedge.size.kind": word(
        "what one full ladder (the sum of the ratios, as contracts) stands against, or the target that its number is solved for",
        "R03",
        "R50",
        "R52",
    ),
    "hedge.size.per_usd": usd("dollars of that notional for one full ladder; read for index_notional and risk_capital", "R03"),
    "hedge.size.coverage_pct": Key(
        meaning="the hedge's dollars per VIX point over the open condors' dollars lost per SPX vol point, for kind vega_target",
        unit="per cent",
        rules=("R50",),
        above=0.0,
        at_most=1000.0,
    ),
    "hedge.size.against": word("the vega that is covered, for kind vega_target: of all legs, or of the short legs alone", "R50"),
    "hedge.size.beta": word(
        "how far a VX forward moves for a VIX point, for kind vega_target: by one, or by its measured beta", "R50"
    ),
    "hedge.size.share_pct": Key(
        meaning="stress_target: the ladders' gain in the stress over the condors' loss; capital_share: premium over account",
        unit="per cent",
        rules=("R50", "R52"),
        above=0.0,
        at_most=1000.0,
    ),
    "hedge.size.stress.spx_pct": Key(
        meaning="move of SPX in the stress, for kind stress_target", unit="per cent", rules=("R50",), above=-100.0, at_most=100.0
    ),
    "hedge.size.stress.vix_points": Key(
        meaning="move of VIX in the stress, for kind stress_target",
        unit="VIX points",
        rules=("R50",),
        at_least=-100.0,
        at_most=200.0,
    ),
    "hedge.size.decay_budget_pct": Key(
        meaning="most 30-day static decay over the open condors' credit of 30 days, for kind stress_target; it caps the size",
        unit="per cent",
        rules=("R50", "R51"),
        at_least=0.0,
        at_most=1000.0,
    ),
    "hedge.size.reference": word("condor lots open now, or the lots that would be open had none left early", "R03"),
    "hedge.size.resize": word("a layer's quantity is set at its own roll only, or every week", "R03"),
    "hedge.max_strike_to_forward": Key(
        meaning="no strike above this multiple of the forward of its own expiry", unit="ratio", above=0.0, at_most=100.0
    ),
    "hedge.fallback_min_dte": days(
        "where a window holds no listed expiry, the fewest days to expiry that may stand in", "R04", at_least=1
    ),
    "hedge.layer.*.name": word("name of the layer, by which other files refer to it: small letters, digits, - and _", "R02"),
    "hedge.layer.*.ratio": Key(
        meaning="the layer's share of the ladder, as contracts", rules=("R02",), above=0.0, at_most=1000000.0
    ),
    "hedge.layer.*.min_dte": days("near end of the window", *WINDOW, at_least=1),
    "hedge.layer.*.max_dte": days("far end of the window", *WINDOW, at_least=1),
    "hedge.layer.*.aim_dte": days(
        'inside the window, the expiry nearest to this; "middle" for the middle', *WINDOW, at_least=1, off="middle"
    ),
    "hedge.layer.*.prefer_monthly": word("inside the window, a monthly expiry before a weekly", *WINDOW),
    "hedge.layer.*.presence": word("as the hedge, always held, or off until a rule activates it", "R21", "R36", "R47"),
    "hedge.layer.*.expiries": word("any listed expiry, or monthly ones alone", *WINDOW),
    "hedge.layer.*.instrument": word("what the layer holds", "R07", "R09"),
    "hedge.layer.*.etp": word(
        "the fund of a vix_etp: VX futures of the front two months (UVXY: 1.5 times), or of months 4 to 7 (VIXM)",
        "R07",
    ),
    "hedge.layer.*.strike.kind": word("strike by delta, or by distance out of the money", *WINDOW),
    "hedge.layer.*.strike.delta": delta("delta on the forward of the call's own expiry, for kind delta", *WINDOW),
    "hedge.layer.*.strike.out_pct": Key(
        meaning="distance out of the money, for kind moneyness; below zero is in the money",
        unit="per cent",
        rules=("R04",),
        above=-100.0,
        at_most=1000.0,
    ),
    "hedge.layer.*.strike.of": word("what the distance counts from, for kind moneyness: VX forward or spot VIX", "R04"),
    **{
        path.replace(".strike.", ".short_strike."): Key(
            meaning=f"of a spread's sold leg: {meaning}", unit=unit, rules=("R07",), above=above, below=below, at_most=at_most
        )
        for path, meaning, unit, above, below, at_most in (
            ("hedge.layer.*.strike.kind", "strike by delta, or by distance out of the money", "", None, None, None),
            ("hedge.layer.*.strike.delta", "delta on the forward of its own expiry, for kind delta", "", 0.0, 1.0, None),
            (
                "hedge.layer.*.strike.out_pct",
                "distance out of the money, for kind moneyness",
                "per cent",
                -100.0,
                None,
                1000.0,
            ),
            ("hedge.layer.*.strike.of", "what the distance counts from, for kind moneyness", "", None, None, None),
        )
    },
    "hedge.layer.*.roll.kind": word(
        "on the grid; a number of sessions before the last trading session; never; at a rule's trigger; or on the grid and at "
        "triggers",
        "R10",
        "R14",
    ),
    "hedge.layer.*.roll.days": days("distance of two rolls on the grid, for every_days and days_or_trigger", "R10", at_least=1),
    "hedge.layer.*.roll.sessions": Key(
        meaning="sessions before the last trading session, for kind sessions_before_expiry",
        unit="sessions",
        rules=("R10",),
        at_least=0,
        at_most=260,
    ),
    "hedge.layer.*.roll.anchor": word("the grid stands, or restarts at each roll, for every_days and days_or_trigger", "R10"),
    "hedge.layer.*.roll_to": word("the expiry a roll opens: by the window, or the next monthly", "R11"),
    "hedge.layer.*.restrike": word(
        "strike of a new expiry: the target again, the held strike's ratio to its forward, or what keeps the break-even",
        "R11",
    ),
    "hedge.layer.*.break_even_share_pct": Key(
        meaning="for match_break_even: the layer's gain over the condors' loss at its next roll, SPX at the nearer short put",
        unit="per cent",
        rules=("R11",),
        above=0.0,
        at_most=1000.0,
    ),
    "hedge.layer.*.same_expiry": word("where a roll names the expiry that is held: keep its strike, or strike it anew", "R10"),
    "hedge.layer.*.when_empty": word(
        "where the window holds no listed expiry: the nearest one outside it, or nothing; either is counted", "R04"
    ),
    "hedge.layer.*.monetise": word("a standing order to sell winners: a table monetise = {...} switches it on", "R41"),
    "hedge.layer.*.monetise.multiple": Key(
        meaning="sell where the layer's value at mid is at least this multiple of what it cost",
        unit="times the cost",
        rules=("R41",),
        above=1.0,
        at_most=1000.0,
    ),
    "hedge.layer.*.monetise.fraction_pct": part("share of the layer that is sold, once a holding", "R41"),
    "hedge.layer.*.funded_by": word("what pays for it: the account, or only gains of the other layers' closed lots", "R47"),
    "hedge.layer.*.lock_future": word("the future that lock_synthetic sells: one VX for ten calls, or one VXM for one", "R70"),
    "hedge.layer.*.gains_share_pct": part("share of those gains that goes into the reserve, for funded_by gains", "R47"),
}
