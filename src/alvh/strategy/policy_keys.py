"""What each key of a policy file means: unit, allowed range, rule ids. Names, types and defaults come from ``policy`` itself.

A path is dotted; ``*`` stands for the name of a layer or rule (``hedge.layer.*.ratio``). A test holds this table and the
dataclasses to each other, so neither can have a key that the other lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: what it says, its unit, its bounds, and the rules of the published method that it belongs to.

    ``above`` and ``below`` are exclusive, ``at_least`` and ``at_most`` inclusive. ``words``: what a list may hold.
    ``off``: the word that a file writes for ``None``.
    """

    meaning: str
    unit: str = ""
    rules: tuple[str, ...] = ()
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    words: tuple[str, ...] = ()
    off: str = "off"

    def range_text(self) -> str:
        """The bounds in words, empty where there are none."""
        parts = []
        if self.above is not None:
            parts.append(f"above {self.above:g}")
        if self.at_least is not None:
            parts.append(f"at least {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"at most {self.at_most:g}")
        if self.below is not None:
            parts.append(f"below {self.below:g}")
        return ", ".join(parts)

    def holds(self, value: float) -> bool:
        """Whether a number lies inside the bounds; NaN never does."""
        return (
            value == value
            and (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )


_LONGEST_DTE = 1100
"""SPX lists about three years at most, VIX about one (methods.md section 1.6): a larger number is a slip of the keyboard."""

_MOST_USD = 1e12

_WINDOW = ("R04", "R05", "R06")


def _days(meaning: str, *rules: str, at_least: int = 0, off: str = "off") -> Key:
    return Key(meaning=meaning, unit="calendar days", rules=rules, at_least=at_least, at_most=_LONGEST_DTE, off=off)


def _share(meaning: str, *rules: str) -> Key:
    """A percentage that may be zero."""
    return Key(meaning=meaning, unit="per cent", rules=rules, at_least=0.0, at_most=100.0)


def _part(meaning: str, *rules: str) -> Key:
    """A percentage above zero."""
    return Key(meaning=meaning, unit="per cent", rules=rules, above=0.0, at_most=100.0)


def _delta(meaning: str, *rules: str) -> Key:
    return Key(meaning=meaning, rules=rules, above=0.0, below=1.0)


def _usd(meaning: str, *rules: str) -> Key:
    return Key(meaning=meaning, unit="US dollars", rules=rules, above=0.0, at_most=_MOST_USD)


def _word(meaning: str, *rules: str) -> Key:
    """A choice, a text or true/false: no unit and no bounds."""
    return Key(meaning=meaning, rules=rules)


_KEYS: dict[str, Key] = {
    "name": _word("name of the policy; never inherited; without it, the file's own name"),
    "description": _word("one line that says what the book is; never inherited"),
    "grid_anchor": _word("date (YYYY-MM-DD) from which roll days are counted, in both directions", "R10"),
    "account.equity_usd": _usd("starting equity, and the account that returns are measured on"),
    "account.compound": _word(
        "condor lots follow the unhedged equity, and returns are on the previous session's equity; else sizes are fixed dollars"
    ),
    "costs.spx_spread_share_pct": _share("share of the half-spread that an SPX leg pays, from mid towards the far side", "R49"),
    "costs.vix_spread_share_pct": _share("share of the half-spread that a VIX call pays, from mid towards the far side", "R49"),
    "costs.fees": _word("dated fees per contract are charged"),
    "costs.spread_case": _word("how wide a modelled half-spread is"),
    "prices.weekly_min_volume_contracts": Key(
        meaning="a weekly VX settlement is a VIX forward only where the contract traded at least this much that session",
        unit="contracts",
        at_least=0.0,
        at_most=1e9,
    ),
    "timing.decide_at": _word("what decisions are made on"),
    "timing.fill_at": _word("when orders are filled", "R49"),
    "condor.enabled": _word("condors are opened", "R01"),
    "condor.roots": Key(
        meaning="option roots, the preferred one first where two expire on one date", rules=("R01",), words=("SPXW", "SPX", "XSP")
    ),
    "condor.entry.kind": _word("how often a condor may be opened; monthly is the first such weekday of the month", "R01"),
    "condor.entry.weekday": Key(
        meaning="weekday of entries and of the roll grid, Monday 0; a holiday moves it to the next session",
        rules=("R01",),
        at_least=0,
        at_most=4,
    ),
    "condor.target_dte": _days("days to expiry that the chosen expiry lies nearest to, of two equally near the later", "R01"),
    "condor.min_dte": _days("fewest days to expiry at entry", "R01"),
    "condor.max_dte": _days("most days to expiry at entry", "R01"),
    "condor.short_delta": _delta("absolute forward delta of the short put and of the short call", "R01"),
    "condor.wing.kind": _word("long strikes by delta, or by distance from the short strike", "R01"),
    "condor.wing.delta": _delta("absolute forward delta of the long strikes, for kind delta", "R01"),
    "condor.wing.points": Key(
        meaning="distance of each long strike beyond its short strike, for kind points",
        unit="index points",
        rules=("R01",),
        above=0.0,
        at_most=10000.0,
    ),
    "condor.max_net_delta": Key(
        meaning="largest absolute net forward delta of one condor at entry", rules=("R01",), above=0.0, at_most=1.0
    ),
    "condor.size.kind": _word("how many lots one entry opens", "R01"),
    "condor.size.share_pct": _part(
        "share of the account that the entry's maximum loss may take, for kind share_of_account", "R01"
    ),
    "condor.size.minimum_lots": Key(
        meaning="fewest lots of an entry, for kind share_of_account", unit="lots", at_least=0, at_most=1000000
    ),
    "condor.size.lots": Key(meaning="lots of an entry, for kind fixed_lots", unit="lots", at_least=1, at_most=1000000),
    "condor.exit.profit_fraction_pct": _part("close when buying back at mid keeps this share of the credit received", "R01"),
    "condor.exit.loss_multiple": Key(
        meaning="close when the mid cost to close minus the credit is at least this multiple of the credit",
        unit="times the credit",
        rules=("R01",),
        above=0.0,
        at_most=1000.0,
    ),
    "condor.exit.dte": _days("close when this many days to expiry, or fewer, are left", "R01"),
    "condor.exit.short_delta": _delta("close when either short leg's absolute forward delta is at least this", "R01"),
    "condor.gate_max_vix": Key(
        meaning="no new condor while VIX closes above this", unit="VIX points", rules=("R33",), above=0.0, at_most=200.0
    ),
    "hedge.enabled": _word("the VIX call layers are traded", "R36"),
    "hedge.presence": _word("whether the hedge is always held", "R36"),
    "hedge.instrument": _word("what the layers hold", "R07"),
    "hedge.ratio_of": _word("what the ratio of the layers counts", "R02"),
    "hedge.size.kind": _word(
        "what one full ladder (the sum of the ratios, as contracts) stands against, or the target that its number is solved for",
        "R03",
        "R50",
        "R52",
    ),
    "hedge.size.per_usd": _usd("dollars of that notional for one full ladder; read for index_notional and risk_capital", "R03"),
    "hedge.size.coverage_pct": Key(
        meaning="the hedge's dollars per VIX point over the open condors' dollars lost per SPX vol point, for kind vega_target",
        unit="per cent",
        rules=("R50",),
        above=0.0,
        at_most=1000.0,
    ),
    "hedge.size.against": _word("the vega that is covered, for kind vega_target: of all legs, or of the short legs alone", "R50"),
    "hedge.size.beta": _word(
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
    "hedge.size.reference": _word("condor lots open now, or the lots that would be open had none left early", "R03"),
    "hedge.size.resize": _word("a layer's quantity is set at its own roll only, or every week", "R03"),
    "hedge.max_strike_to_forward": Key(
        meaning="no strike above this multiple of the forward of its own expiry", unit="ratio", above=0.0, at_most=100.0
    ),
    "hedge.fallback_min_dte": _days(
        "where a window holds no listed expiry, the fewest days to expiry that may stand in", "R04", at_least=1
    ),
    "hedge.layer.*.name": _word("name of the layer, by which other files refer to it: small letters, digits, - and _", "R02"),
    "hedge.layer.*.ratio": Key(
        meaning="the layer's share of the ladder, as contracts", rules=("R02",), above=0.0, at_most=1000000.0
    ),
    "hedge.layer.*.min_dte": _days("near end of the window", *_WINDOW, at_least=1),
    "hedge.layer.*.max_dte": _days("far end of the window", *_WINDOW, at_least=1),
    "hedge.layer.*.aim_dte": _days(
        'inside the window, the expiry nearest to this; "middle" for the middle', *_WINDOW, at_least=1, off="middle"
    ),
    "hedge.layer.*.prefer_monthly": _word("inside the window, a monthly expiry before a weekly", *_WINDOW),
    "hedge.layer.*.strike.kind": _word("strike by delta, or by distance out of the money", *_WINDOW),
    "hedge.layer.*.strike.delta": _delta("delta on the forward of the call's own expiry, for kind delta", *_WINDOW),
    "hedge.layer.*.strike.out_pct": Key(
        meaning="distance out of the money, for kind moneyness; below zero is in the money",
        unit="per cent",
        rules=("R04",),
        above=-100.0,
        at_most=1000.0,
    ),
    "hedge.layer.*.strike.of": _word("what the distance counts from, for kind moneyness: VX forward or spot VIX", "R04"),
    "hedge.layer.*.roll.kind": _word("on the grid; a number of sessions before the last trading session; or never", "R10"),
    "hedge.layer.*.roll.days": _days("distance of two rolls on the grid, for kind every_days", "R10", at_least=1),
    "hedge.layer.*.roll.sessions": Key(
        meaning="sessions before the last trading session, for kind sessions_before_expiry",
        unit="sessions",
        rules=("R10",),
        at_least=0,
        at_most=260,
    ),
    "hedge.layer.*.roll.anchor": _word("the grid stands, or restarts at each roll, for kind every_days", "R10"),
    "hedge.layer.*.roll_to": _word("the expiry a roll opens: by the window, or the next monthly", "R11"),
    "hedge.layer.*.restrike": _word(
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
    "hedge.layer.*.same_expiry": _word("where a roll names the expiry that is held: keep its strike, or strike it anew", "R10"),
    "hedge.layer.*.when_empty": _word(
        "where the window holds no listed expiry: the nearest one outside it, or nothing; either is counted", "R04"
    ),
    "overlay": _word("an overlay in place of condor and hedge: a table [overlay] switches it on"),
    "overlay.root": _word("family of the legs: SPX monthlies that settle on the opening, or VIX monthlies"),
    "overlay.sessions_earlier": Key(
        meaning="roll this many sessions before the one that settles the monthly expiry", unit="sessions", at_least=0, at_most=15
    ),
    "overlay.base.index": _word("SPX units beside the options: none, one per unit, or all that is not premium"),
    "overlay.base.dividends": _word("dividends buy index units each session, or stay in cash until the roll"),
    "overlay.size.kind": _word("funded by index and bills, by a multiple of the maximum loss, or by a share spent on premium"),
    "overlay.size.bills_for": _word("leg whose strike is held in bills, for kind funded"),
    "overlay.size.multiple": Key(
        meaning="bills per dollar of maximum loss before premium, for kind max_loss", unit="times", above=0.0, at_most=1000.0
    ),
    "overlay.size.band_of": _word("level that the bands are read at: open of the VX future of the new expiry, or spot VIX"),
    "overlay.size.band.*.name": _word("name of the band: small letters, digits, - and _"),
    "overlay.size.band.*.above": Key(meaning="the band begins above this level", unit="VIX points", at_least=0.0, at_most=1000.0),
    "overlay.size.band.*.up_to": Key(meaning="and ends at this level", unit="VIX points", above=0.0, at_most=1000.0),
    "overlay.size.band.*.share_pct": _share("share of the book spent on premium inside the band"),
    "overlay.leg.*.name": _word("name of the leg: small letters, digits, - and _"),
    "overlay.leg.*.right": _word("put or call"),
    "overlay.leg.*.quantity": Key(meaning="options per unit, short below zero", unit="options", at_least=-100.0, at_most=100.0),
    "overlay.leg.*.cycle_months": Key(
        meaning="expires in the next month that this divides: 1 monthly, 3 quarterly", unit="months", at_least=1, at_most=12
    ),
    "overlay.leg.*.strike.kind": _word(
        "by distance out of the money, by delta, or the furthest whose premium pays for the other legs"
    ),
    "overlay.leg.*.strike.out_pct": Key(
        meaning="distance out of the money, for kind out_of_money; below zero is in the money",
        unit="per cent",
        above=-100.0,
        at_most=1000.0,
    ),
    "overlay.leg.*.strike.rounding": _word("to which listed strike the distance is rounded"),
    "overlay.leg.*.strike.delta": _delta("absolute forward delta, for kind delta"),
    "overlay.leg.*.restrike_below_calls": _word("a standing put above a new call's strike is struck anew in the same expiry"),
    "limits.spread": _word("the bid-ask limit as a whole: a table [limits.spread] switches it on", "R45"),
    "limits.spread.max_pct": Key(
        meaning="widest (ask - bid) / mid, per leg and averaged by quantity, at which a sleeve may still open",
        unit="per cent",
        rules=("R45",),
        above=0.0,
        at_most=200.0,
    ),
    "limits.spread.on_roll": _word("a roll whose opening half is refused: keep what is held, or close it anyway", "R45"),
    "limits.spread.sleeves": Key(meaning="sleeves that the limit binds", rules=("R45",), words=("hedge", "condor")),
    "limits.neutrality": _word("bounds on delta and vega of the book: a table [limits.neutrality] switches them on", "R44"),
    "limits.neutrality.max_delta_pct": _part("most that the book gains or loses when SPX moves 1 %, of the account", "R44"),
    "limits.neutrality.max_vega_pct": _part(
        "most that the book gains or loses for one VIX point, by measured betas, of the account", "R44"
    ),
    "limits.neutrality.on_breach": _word(
        "the smallest trade in one layer that brings the book inside, or no condor that would leave it outside", "R44"
    ),
    "limits.steward": _word("caps on buying for the hedge: a table [limits.steward] switches them on", "R46"),
    "limits.steward.max_premium_pct": _part("most premium paid in 30 calendar days, of the account", "R46"),
    "limits.steward.max_capital_pct": _part("most value of the hedge after a purchase, of the account", "R46", "R52"),
    "limits.steward.no_adding_while": _word(
        "names of rules: where the condition of one holds, no layer gets more contracts", "R46"
    ),
    "limits.quick_ratio": _word("a floor under liquid capital: a table [limits.quick_ratio] switches it on", "R48"),
    "limits.quick_ratio.floor": Key(
        meaning="least liquid capital (cash, long options at the bid) over the condors' width and the premium of the next rolls",
        unit="times",
        rules=("R48",),
        above=0.0,
        at_most=1000.0,
    ),
    "rule.*.name": _word("name of the rule: small letters, digits, - and _"),
    "rule.*.rule_id": _word("id of the published rule that it stands for, such as R20"),
    "rule.*.when": _word(
        "condition: {signal=..., above=...}, {signal=..., below=...}, {all=[...]}, {any=[...]} or {not={...}}",
        "R20",
        "R21",
        "R24",
    ),
    "rule.*.then.kind": _word(
        "what it does: hold back condor entries, roll layers now, close a share of layers, or resize them", "R35"
    ),
    "rule.*.then.layers": _word("names of the layers that it acts on; empty for all", "R35"),
    "rule.*.then.fraction_pct": _part("share of each layer's quantity that close_layers sells", "R41"),
    "rule.*.then.dead_band_pct": _share(
        "rebalance trades a layer only where its quantity is off its target by more than this share of the target", "R35"
    ),
    "rule.*.cool_down_sessions": Key(
        meaning="sessions that must pass before the same rule acts again", unit="sessions", at_least=0, at_most=100000
    ),
}

KEYS: Mapping[str, Key] = MappingProxyType(_KEYS)


def generic(path: str) -> str:
    """``hedge.layer.front.ratio`` -> ``hedge.layer.*.ratio``: the path under which ``KEYS`` holds it."""
    parts = path.split(".")
    if parts[:2] in (["hedge", "layer"], ["overlay", "leg"]) and len(parts) > 2:
        parts[2] = "*"
    if parts[:3] == ["overlay", "size", "band"] and len(parts) > 3:
        parts[3] = "*"
    if parts[0] == "rule" and len(parts) > 1:
        parts[1] = "*"
    return ".".join(parts)


def key_for(path: str) -> Key:
    """The entry for a concrete path."""
    return KEYS[generic(path)]
