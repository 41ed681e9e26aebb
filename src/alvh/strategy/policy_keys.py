"""What each key of a policy file means: unit, allowed range, rule ids. Names, types and defaults come from ``policy`` itself.

A path is dotted; ``*`` stands for the name of a layer or rule (``hedge.layer.*.ratio``). A test holds this table and the
dataclasses to each other, so neither can have a key that the other lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from alvh.strategy.hedge_keys import HEDGE_KEYS
from alvh.strategy.key import Key, days, delta, part, share, usd, word
from alvh.strategy.overlay_keys import OVERLAY_KEYS

_KEYS: dict[str, Key] = {
    "name": word("name of the policy; never inherited; without it, the file's own name"),
    "description": word("one line that says what the book is; never inherited"),
    "grid_anchor": word("date (YYYY-MM-DD) from which roll days are counted, in both directions", "R10"),
    "account.equity_usd": usd("starting equity, and the account that returns are measured on"),
    "account.compound": word(
        "condor lots follow the unhedged equity, and returns are on the previous session's equity; else sizes are fixed dollars"
    ),
    "account.target_return_pct": Key(
        meaning="what the book is meant to earn a year: shown beside what is projected, never a reason to enlarge",
        unit="per cent a year",
        rules=("R65",),
        above=0.0,
        at_most=1000.0,
    ),
    "costs.spx_spread_share_pct": share("share of the half-spread that an SPX leg pays, from mid towards the far side", "R49"),
    "costs.vix_spread_share_pct": share(
        "share of the half-spread that a VIX leg or VX future pays, from mid towards the far side", "R49"
    ),
    "costs.fees": word("dated fees per contract are charged"),
    "costs.spread_case": word("how wide a modelled half-spread is"),
    "prices.weekly_min_volume_contracts": Key(
        meaning="a weekly VX settlement is a VIX forward only where the contract traded at least this much that session",
        unit="contracts",
        at_least=0.0,
        at_most=1e9,
    ),
    "timing.decide_at": word("what decisions are made on"),
    "timing.fill_at": word("when orders are filled", "R49"),
    "condor.enabled": word("condors are opened", "R01"),
    "condor.roots": Key(
        meaning="option roots, the preferred one first where two expire on one date", rules=("R01",), words=("SPXW", "SPX", "XSP")
    ),
    "condor.entry.kind": word("how often a condor may be opened; monthly is the first such weekday of the month", "R01"),
    "condor.entry.weekday": Key(
        meaning="weekday of entries and of the roll grid, Monday 0; a holiday moves it to the next session",
        rules=("R01",),
        at_least=0,
        at_most=4,
    ),
    "condor.target_dte": days("days to expiry that the chosen expiry lies nearest to, of two equally near the later", "R01"),
    "condor.min_dte": days("fewest days to expiry at entry", "R01"),
    "condor.max_dte": days("most days to expiry at entry", "R01"),
    "condor.short_delta": delta("absolute forward delta of the short put and of the short call", "R01"),
    "condor.wing.kind": word("long strikes by delta, or by distance from the short strike", "R01"),
    "condor.wing.delta": delta("absolute forward delta of the long strikes, for kind delta", "R01"),
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
    "condor.size.kind": word("how many lots one entry opens", "R01"),
    "condor.size.share_pct": part(
        "share of the account that the entry's maximum loss may take, for kind share_of_account", "R01"
    ),
    "condor.size.minimum_lots": Key(
        meaning="fewest lots of an entry, for kind share_of_account", unit="lots", at_least=0, at_most=1000000
    ),
    "condor.size.lots": Key(meaning="lots of an entry, for kind fixed_lots", unit="lots", at_least=1, at_most=1000000),
    "condor.exit.profit_fraction_pct": part("close when buying back at mid keeps this share of the credit received", "R01"),
    "condor.exit.loss_multiple": Key(
        meaning="close when the mid cost to close minus the credit is at least this multiple of the credit",
        unit="times the credit",
        rules=("R01",),
        above=0.0,
        at_most=1000.0,
    ),
    "condor.exit.dte": days("close when this many days to expiry, or fewer, are left", "R01"),
    "condor.exit.short_delta": delta("close when either short leg's absolute forward delta is at least this", "R01"),
    "condor.gate_max_vix": Key(
        meaning="no new condor while VIX closes above this", unit="VIX points", rules=("R33",), above=0.0, at_most=200.0
    ),
    "limits.spread": word("the bid-ask limit as a whole: a table [limits.spread] switches it on", "R45"),
    "limits.spread.max_pct": Key(
        meaning="widest (ask - bid) / mid, per leg and averaged by quantity, at which a sleeve may still open",
        unit="per cent",
        rules=("R45",),
        above=0.0,
        at_most=200.0,
    ),
    "limits.spread.on_roll": word("a roll whose opening half is refused: keep what is held, or close it anyway", "R45"),
    "limits.spread.sleeves": Key(meaning="sleeves that the limit binds", rules=("R45",), words=("hedge", "condor")),
    "limits.neutrality": word("bounds on delta and vega of the book: a table [limits.neutrality] switches them on", "R44"),
    "limits.neutrality.max_delta_pct": part("most that the book gains or loses when SPX moves 1 %, of the account", "R44"),
    "limits.neutrality.max_vega_pct": part(
        "most that the book gains or loses for one VIX point, by measured betas, of the account", "R44"
    ),
    "limits.neutrality.on_breach": word(
        "the smallest trade in one layer that brings the book inside, or no condor that would leave it outside", "R44"
    ),
    "limits.steward": word("caps on buying for the hedge: a table [limits.steward] switches them on", "R46"),
    "limits.steward.max_premium_pct": part("most premium paid in 30 calendar days, of the account", "R46"),
    "limits.steward.max_capital_pct": part("most value of the hedge after a purchase, of the account", "R46", "R52"),
    "limits.steward.no_adding_while": word(
        "names of rules: where the condition of one holds, no layer gets more contracts", "R46"
    ),
    "limits.quick_ratio": word("a floor under liquid capital: a table [limits.quick_ratio] switches it on", "R48"),
    "limits.quick_ratio.floor": Key(
        meaning="least liquid capital (cash, long options at the bid) over the condors' width and the premium of the next rolls",
        unit="times",
        rules=("R48",),
        above=0.0,
        at_most=1000.0,
    ),
    "limits.depth": word(
        "a floor under what the market shows: a table [limits.depth] switches it on; only a plan knows it", "R48"
    ),
    "limits.depth.floor": Key(
        meaning="least contracts shown over contracts to sell, below which the plan refuses to call the sale liquid",
        unit="times",
        rules=("R48",),
        above=0.0,
        at_most=100000.0,
    ),
    "limits.depth.of": word("what is counted: the size shown at the bid, or open interest", "R48"),
    "rule.*.name": word("name of the rule: small letters, digits, - and _"),
    "rule.*.rule_id": word("id of the published rule that it stands for, such as R20"),
    "rule.*.when": word(
        "condition: {signal=..., above=...}, {signal=..., below=...}, {all=[...]}, {any=[...]} or {not={...}}",
        "R20",
        "R21",
        "R24",
    ),
    "rule.*.then.kind": word("what it does; see the how-to on writing a policy", "R12", "R22", "R31", "R32", "R35", "R41", "R70"),
    "rule.*.then.layers": word("names of the layers that it acts on; empty for all", "R35"),
    "rule.*.then.fraction_pct": part("share of each layer's quantity that close_layers sells", "R41"),
    "rule.*.then.dead_band_pct": share(
        "rebalance trades a layer only where its quantity is off its target by more than this share of the target", "R35"
    ),
    "rule.*.then.factor": Key(
        meaning="flex_ratio multiplies the layers' ratio by this while the rule holds, together at most by 4; 0 holds nothing",
        unit="times",
        rules=("R32", "R34"),
        at_least=0.0,
        at_most=4.0,
    ),
    "rule.*.then.traded": word("when flex_ratio's factor is traded: as hedge.ratio says, at a roll, or at once", "R32", "R34"),
    "rule.*.then.acting": word("keeps to hedge.acting, or acts on all of its layers in one session", "R40", "R42"),
    "rule.*.then.most_sessions": Key(
        meaning="sessions that delay_rolls holds an opening or a roll back at most",
        unit="sessions",
        rules=("R22",),
        at_least=1,
        at_most=260,
    ),
    "rule.*.cool_down_sessions": Key(
        meaning="sessions that must pass before the same rule acts again on the same layer",
        unit="sessions",
        at_least=0,
        at_most=100000,
    ),
    "rule.*.repeat": word("it acts at every session at which it holds, or once an episode", "R41"),
    "rule.*.rearm_sessions": Key(
        meaning="an episode ends when the condition was false for this many sessions in a row",
        unit="sessions",
        rules=("R31", "R41"),
        at_least=1,
        at_most=100000,
    ),
    "rule.*.when_missing": word("a session at which a signal has no value: refused, or the rule is off there, counted", "R26"),
}

KEYS: Mapping[str, Key] = MappingProxyType(_KEYS | HEDGE_KEYS | OVERLAY_KEYS)


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
