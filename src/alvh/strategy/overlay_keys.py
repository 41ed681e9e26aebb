"""What the keys under ``overlay`` mean. Part of :mod:`alvh.strategy.policy_keys`."""

from __future__ import annotations

from alvh.strategy.key import Key, delta, share, word

OVERLAY_KEYS: dict[str, Key] = {
    "overlay": word("an overlay in place of condor and hedge: a table [overlay] switches it on"),
    "overlay.root": word("family of the legs: SPX monthlies that settle on the opening, or VIX monthlies"),
    "overlay.sessions_earlier": Key(
        meaning="roll this many sessions before the one that settles the monthly expiry", unit="sessions", at_least=0, at_most=15
    ),
    "overlay.base.index": word("SPX units beside the options: none, one per unit, or all that is not premium"),
    "overlay.base.dividends": word("dividends buy index units each session, or stay in cash until the roll"),
    "overlay.size.kind": word("funded by index and bills, by a multiple of the maximum loss, or by a share spent on premium"),
    "overlay.size.bills_for": word("leg whose strike is held in bills, for kind funded"),
    "overlay.size.multiple": Key(
        meaning="bills per dollar of maximum loss before premium, for kind max_loss", unit="times", above=0.0, at_most=1000.0
    ),
    "overlay.size.band_of": word("level that the bands are read at: open of the VX future of the new expiry, or spot VIX"),
    "overlay.size.band.*.name": word("name of the band: small letters, digits, - and _"),
    "overlay.size.band.*.above": Key(meaning="the band begins above this level", unit="VIX points", at_least=0.0, at_most=1000.0),
    "overlay.size.band.*.up_to": Key(meaning="and ends at this level", unit="VIX points", above=0.0, at_most=1000.0),
    "overlay.size.band.*.share_pct": share("share of the book spent on premium inside the band"),
    "overlay.leg.*.name": word("name of the leg: small letters, digits, - and _"),
    "overlay.leg.*.right": word("put or call"),
    "overlay.leg.*.quantity": Key(meaning="options per unit, short below zero", unit="options", at_least=-100.0, at_most=100.0),
    "overlay.leg.*.cycle_months": Key(
        meaning="expires in the next month that this divides: 1 monthly, 3 quarterly", unit="months", at_least=1, at_most=12
    ),
    "overlay.leg.*.strike.kind": word(
        "by distance out of the money, by delta, or the furthest whose premium pays for the other legs"
    ),
    "overlay.leg.*.strike.out_pct": Key(
        meaning="distance out of the money, for kind out_of_money; below zero is in the money",
        unit="per cent",
        above=-100.0,
        at_most=1000.0,
    ),
    "overlay.leg.*.strike.rounding": word("to which listed strike the distance is rounded"),
    "overlay.leg.*.strike.delta": delta("absolute forward delta, for kind delta"),
    "overlay.leg.*.restrike_below_calls": word("a standing put above a new call's strike is struck anew in the same expiry"),
}
