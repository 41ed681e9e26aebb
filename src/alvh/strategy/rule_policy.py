"""Limits and adaptive rules of a policy. Part of :mod:`alvh.strategy.policy`, which exports all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alvh.strategy.conditions import Condition


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
class DepthLimit:
    """R48, market: contracts shown at the bid (or open interest) over contracts to sell, below which the plan says so.

    Displayed sizes are known where a quoted chain is; model prices have none, so a backtest can't test this limit.
    """

    floor: float = 1.0
    of: Literal["bid_size", "open_interest"] = "open_interest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits applied after the decision; ``None`` switches one off."""

    spread: SpreadLimit | None = None
    neutrality: NeutralityLimit | None = None
    steward: StewardLimit | None = None
    quick_ratio: QuickRatioLimit | None = None
    depth: DepthLimit | None = None


ActionKind = Literal[
    "skip_condor_entry",
    "close_layers",
    "stand_down",
    "lock_synthetic",
    "roll_layers",
    "roll_innermost",
    "time_shift",
    "activate",
    "delay_rolls",
    "flex_ratio",
    "rebalance",
]
MOST_FACTOR = 4.0
"""A layer is never enlarged beyond four times its share, however many rules ask for it (R32: bounded)."""
EXITS: tuple[ActionKind, ...] = ("stand_down", "close_layers", "lock_synthetic")
ROLLS: tuple[ActionKind, ...] = ("time_shift", "roll_layers", "roll_innermost")
"""Actions on a layer by their authority: exits before rolls, rolls before opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an adaptive rule does (R35).

    ``skip_condor_entry``: no condor is opened. ``close_layers``: a share of each layer is sold. ``stand_down``: layers are sold
    and stay off until a rule activates them. ``lock_synthetic``: the VX future is sold against calls where that pays more than
    the bid (R70). ``roll_layers``, ``roll_innermost``: layers, or the innermost that holds something, roll now. ``time_shift``:
    layers roll into the window after their own, and stay there while the rule holds (R12). ``activate``: layers that are off are
    opened. ``delay_rolls``: an opening or roll that falls due waits while the rule holds (R22). ``flex_ratio``: while the rule
    holds the layers' ratio is multiplied (R32, R34). ``rebalance``: layers are brought to their target.

    ``layers``: names, empty for all. ``fraction_pct``: share that ``close_layers`` sells. ``dead_band_pct``: ``rebalance`` leaves
    a layer alone that is within this share of its target. ``factor``: of ``flex_ratio``; factors of rules that hold at once
    multiply, up to :data:`MOST_FACTOR`. ``traded``: when a factor is, as ``hedge.ratio`` says or in its own way.
    ``most_sessions``: of ``delay_rolls``. ``acting``: whether the rule keeps to ``hedge.acting``, or acts on all its layers.
    """

    kind: ActionKind
    layers: tuple[str, ...] = ()
    fraction_pct: float = 50.0
    dead_band_pct: float = 20.0
    factor: float = 0.5
    traded: Literal["as_hedge", "at_roll", "at_once"] = "as_hedge"
    most_sessions: int = 3
    acting: Literal["as_hedge", "all"] = "as_hedge"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveRule:
    """``when`` joined to ``then``.

    ``cool_down_sessions`` must pass before the rule acts again on the same layer. ``repeat``: at each session at which it holds,
    or once an episode, which ends when the condition was false for ``rearm_sessions`` sessions in a row. ``when_missing``: a
    session at which a signal has no value is refused, or the rule is off there, counted.
    """

    name: str
    rule_id: str
    when: Condition
    then: Action
    cool_down_sessions: int = 0
    repeat: Literal["each_session", "once_an_episode"] = "each_session"
    rearm_sessions: int = 5
    when_missing: Literal["refuse", "off"] = "refuse"
