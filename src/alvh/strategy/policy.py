"""The policy: every choice of the book as one frozen value. A TOML file resolves to it (``policy_file``); nothing here does I/O.

Names carry units. ``_pct`` values are percentages, deltas are absolute forward deltas in (0, 1), ``dte`` are calendar days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from alvh.strategy.conditions import Condition
from alvh.strategy.overlay_policy import Overlay


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Starting equity; ``compound`` lets condor lots follow the unhedged equity, and returns the previous session's equity."""

    equity_usd: float = 1_000_000.0
    compound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Share of the half-spread paid per leg, fees on or off, and the half-spread case (low, central, high)."""

    spx_spread_share_pct: float = 25.0
    vix_spread_share_pct: float = 50.0
    fees: bool = True
    spread_case: Literal["low", "central", "high"] = "central"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Which prices are believed: a weekly VX settlement counts only where the contract traded at least this much that session."""

    weekly_min_volume_contracts: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When decisions are made and when they are filled.

    ``trade_window``: late in the morning, at levels rebuilt afterwards from the whole session; for an overlay alone.
    """

    decide_at: Literal["close"] = "close"
    fill_at: Literal["same_close", "next_close", "trade_window"] = "same_close"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySchedule:
    """Days on which a condor may be opened; ``weekday`` (Monday 0) for weekly, the first such weekday of a month for monthly."""

    kind: Literal["weekly", "monthly", "daily"] = "weekly"
    weekday: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorSize:
    """Lots of one entry: a share of the account at maximum loss (at least ``minimum_lots``), or fixed lots."""

    kind: Literal["share_of_account", "fixed_lots"] = "share_of_account"
    share_pct: float = 5.0
    minimum_lots: int = 1
    lots: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """The long strikes: nearest to a delta, or a number of points beyond the short strike."""

    kind: Literal["delta", "points"] = "delta"
    delta: float = 0.05
    points: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorExit:
    """First close at which a test is true closes the whole condor; ``None`` switches a test off.

    ``profit_fraction_pct``: buying back at mid keeps this share of the credit received. ``loss_multiple``: the mid cost to
    close minus the credit is at least this multiple of the credit. ``dte``: days to expiry at most. ``short_delta``: either
    short leg's absolute forward delta is at least this.
    """

    profit_fraction_pct: float | None = 50.0
    loss_multiple: float | None = None
    dte: int | None = 21
    short_delta: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condor:
    """The condor sleeve (R01, R33). ``roots``: preferred root first where two expire on one date."""

    enabled: bool = True
    roots: tuple[str, ...] = ("SPXW", "SPX")
    entry: EntrySchedule = field(default_factory=EntrySchedule)
    target_dte: int = 45
    min_dte: int = 30
    max_dte: int = 60
    short_delta: float = 0.16
    wing: Wing = field(default_factory=Wing)
    max_net_delta: float | None = None
    size: CondorSize = field(default_factory=CondorSize)
    exit: CondorExit = field(default_factory=CondorExit)
    gate_max_vix: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStrike:
    """Strike choice: absolute forward delta, or per cent out of the money counted from the VX forward or from spot VIX."""

    kind: Literal["delta", "moneyness"] = "delta"
    delta: float = 0.20
    out_pct: float = 7.5
    of: Literal["forward", "spot"] = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """When a layer rolls. ``every_days`` calendar days on the grid; ``sessions`` before the last trading session; or never.

    ``anchor``: the grid stands (``schedule``) or restarts at each roll (``last_roll``).
    """

    kind: Literal["every_days", "sessions_before_expiry", "hold_to_settlement"] = "every_days"
    days: int = 7
    sessions: int = 1
    anchor: Literal["schedule", "last_roll"] = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLayer:
    """One layer of VIX calls (R04-R06, R10, R11).

    ``ratio``: its weight in the ladder. ``aim_dte``: the day count that the choice inside the window lies nearest to
    (``None``: the window's middle). ``prefer_monthly``: inside the window a monthly before a weekly. ``match_break_even`` keeps
    the VIX level at which the layer gains ``break_even_share_pct`` of what the open condors lose at their nearer short put.
    """

    name: str
    ratio: float
    min_dte: int
    max_dte: int
    aim_dte: float | None = None
    prefer_monthly: bool = True
    strike: LayerStrike = field(default_factory=LayerStrike)
    roll: Roll = field(default_factory=Roll)
    roll_to: Literal["next_in_window", "next_monthly"] = "next_in_window"
    restrike: Literal["target_delta", "same_moneyness", "match_break_even"] = "target_delta"
    break_even_share_pct: float = 10.0
    same_expiry: Literal["keep", "restrike"] = "keep"
    when_empty: Literal["nearest", "skip"] = "nearest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeStress:
    """The instant joint move that ``stress_target`` sizes for; the default is that of methods.md 8.3."""

    spx_pct: float = -8.0
    vix_points: float = 18.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSize:
    """How many ladders (the sum of ratios, as contracts) are held (R03, R50, R52).

    ``index_notional``: one for each ``per_usd`` of SPX × 100 × condor lots; ``risk_capital``: for each ``per_usd`` of the open
    condors' maximum loss; ``per_condor``: for each condor lot. ``vega_target``: ``coverage_pct`` of the open condors' vega;
    ``stress_target``: in ``stress`` the ladders gain ``share_pct`` of what the open condors lose, and no more are held than
    ``decay_budget_pct`` of the credit pays for; ``capital_share``: premium of ``share_pct`` of the account.
    ``reference``: lots open now, or planned (open had none left early).
    """

    kind: Literal["index_notional", "risk_capital", "per_condor", "vega_target", "stress_target", "capital_share"] = (
        "index_notional"
    )
    per_usd: float = 600_000.0
    coverage_pct: float = 50.0
    against: Literal["net", "short_legs"] = "net"
    beta: Literal["naive", "adjusted"] = "adjusted"
    share_pct: float = 25.0
    stress: SizeStress = field(default_factory=SizeStress)
    decay_budget_pct: float | None = 15.0
    reference: Literal["open", "planned"] = "open"
    resize: Literal["at_roll", "weekly"] = "at_roll"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """The hedge sleeve. ``presence`` is ``always`` (R36); no strike above ``max_strike_to_forward`` times its forward."""

    enabled: bool = True
    presence: Literal["always"] = "always"
    instrument: Literal["vix_calls"] = "vix_calls"
    ratio_of: Literal["contracts"] = "contracts"
    size: HedgeSize = field(default_factory=HedgeSize)
    max_strike_to_forward: float = 3.0
    fallback_min_dte: int = 9
    layers: tuple[HedgeLayer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadLimit:
    """R45: (ask − bid) ÷ mid, per leg and averaged by quantity, above which opens and the opening half of a roll are refused."""

    max_pct: float = 8.0
    on_roll: Literal["keep", "close_anyway"] = "keep"
    sleeves: tuple[str, ...] = ("hedge",)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralityLimit:
    """R44: bounds on the whole book, in per cent of the account; ``None`` leaves one out.

    ``max_delta_pct``: gained or lost when SPX moves 1 % (SPX-equivalent delta). ``max_vega_pct``: gained or lost for a VIX point
    (beta-adjusted). ``on_breach``: the smallest trade in one layer that brings the book inside both, or no new condor.
    """

    max_delta_pct: float | None = 1.0
    max_vega_pct: float | None = None
    on_breach: Literal["trade", "refuse"] = "trade"


@dataclass(frozen=True, slots=True, kw_only=True)
class StewardLimit:
    """R46: caps on what is bought for the hedge; a purchase is cut to what they leave. ``None`` leaves one out.

    ``max_premium_pct``: premium paid in any 30 calendar days, and ``max_capital_pct``: value of the hedge held, both in per cent
    of the account. ``no_adding_while``: names of rules; where the condition of one holds, no layer gets more contracts.
    """

    max_premium_pct: float | None = 2.0
    max_capital_pct: float | None = 8.0
    no_adding_while: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRatioLimit:
    """R48, capital: no condor is opened that leaves liquid capital below this multiple of requirement and rolls due."""

    floor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits applied after the decision; ``None`` switches one off."""

    spread: SpreadLimit | None = None
    neutrality: NeutralityLimit | None = None
    steward: StewardLimit | None = None
    quick_ratio: QuickRatioLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an adaptive rule does: hold back condor entries, roll layers now, close a share of layers, or resize layers.

    ``layers``: names, empty for all. ``fraction_pct``: share of each layer's quantity that ``close_layers`` sells.
    ``dead_band_pct``: ``rebalance`` leaves a layer alone whose quantity is within this share of its target.
    """

    kind: Literal["skip_condor_entry", "roll_layers", "close_layers", "rebalance"]
    layers: tuple[str, ...] = ()
    fraction_pct: float = 50.0
    dead_band_pct: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveRule:
    """``when`` joined to ``then``; ``cool_down_sessions`` must pass before the same rule acts again."""

    name: str
    rule_id: str
    when: Condition
    then: Action
    cool_down_sessions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole book. ``grid_anchor`` (ISO date) is the day from which roll days are counted, in both directions."""

    name: str
    description: str = ""
    grid_anchor: str = "2007-01-03"
    account: Account = field(default_factory=Account)
    costs: Costs = field(default_factory=Costs)
    prices: Prices = field(default_factory=Prices)
    timing: Timing = field(default_factory=Timing)
    condor: Condor = field(default_factory=Condor)
    hedge: Hedge = field(default_factory=Hedge)
    overlay: Overlay | None = None
    limits: Limits = field(default_factory=Limits)
    rules: tuple[AdaptiveRule, ...] = ()
