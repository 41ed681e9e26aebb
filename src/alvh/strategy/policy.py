"""The policy: every choice of the book as one frozen value. A TOML file resolves to it (``policy_file``); nothing here does I/O.

Names carry units. ``_pct`` values are percentages, deltas are absolute forward deltas in (0, 1), ``dte`` are calendar days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from alvh.strategy.hedge_policy import Hedge, HedgeLayer, HedgeSize, LayerStrike, Monetise, Roll, SizeStress, SoldStrike
from alvh.strategy.overlay_policy import Overlay
from alvh.strategy.rule_policy import (
    Action,
    AdaptiveRule,
    DepthLimit,
    Limits,
    NeutralityLimit,
    QuickRatioLimit,
    SpreadLimit,
    StewardLimit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Starting equity; ``compound`` lets condor lots follow the unhedged equity, and returns the previous session's equity.

    ``target_return_pct``: what the book is meant to earn a year (R65): shown beside what is projected, never a reason to enlarge.
    """

    equity_usd: float = 1_000_000.0
    compound: bool = False
    target_return_pct: float | None = None


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


__all__ = [
    "Account",
    "Action",
    "AdaptiveRule",
    "Condor",
    "CondorExit",
    "CondorSize",
    "Costs",
    "DepthLimit",
    "EntrySchedule",
    "Hedge",
    "HedgeLayer",
    "HedgeSize",
    "LayerStrike",
    "Limits",
    "Monetise",
    "NeutralityLimit",
    "Policy",
    "Prices",
    "QuickRatioLimit",
    "Roll",
    "SizeStress",
    "SoldStrike",
    "SpreadLimit",
    "StewardLimit",
    "Timing",
    "Wing",
]
