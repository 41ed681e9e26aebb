"""The hedge of a policy: layers, instruments, rolls and size. Part of :mod:`alvh.strategy.policy`, which exports all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStrike:
    """Strike choice: absolute forward delta, or per cent out of the money counted from the forward or from spot."""

    kind: Literal["delta", "moneyness"] = "delta"
    delta: float = 0.20
    out_pct: float = 7.5
    of: Literal["forward", "spot"] = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldStrike:
    """Strike of a spread's sold leg, counted as :class:`LayerStrike` is."""

    kind: Literal["delta", "moneyness"] = "delta"
    delta: float = 0.10
    out_pct: float = 50.0
    of: Literal["forward", "spot"] = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """When a layer rolls (R10, R14).

    ``every_days`` calendar days on the grid; ``sessions`` before the last trading session; never; at a rule's trigger, with the
    last trading session as the deadline; or on the grid and at triggers. ``anchor``: the grid stands (``schedule``) or restarts
    at each roll (``last_roll``).
    """

    kind: Literal["every_days", "sessions_before_expiry", "hold_to_settlement", "on_trigger", "days_or_trigger"] = "every_days"
    days: int = 7
    sessions: int = 1
    anchor: Literal["schedule", "last_roll"] = "schedule"

    @property
    def on_grid(self) -> bool:
        """Whether the layer rolls every so many days."""
        return self.kind in ("every_days", "days_or_trigger")

    @property
    def on_trigger(self) -> bool:
        """Whether a rule may roll the layer."""
        return self.kind in ("on_trigger", "days_or_trigger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Monetise:
    """Sell ``fraction_pct`` of a layer, once a holding, where its value is at least ``multiple`` times what it cost."""

    multiple: float = 3.0
    fraction_pct: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLayer:
    """One layer of the hedge (R04-R07, R10, R11).

    ``ratio``: its weight in the ladder. ``aim_dte``: the day count that the choice inside the window lies nearest to
    (``None``: the window's middle). ``prefer_monthly``: inside the window a monthly before a weekly. ``match_break_even`` keeps
    the VIX level at which the layer gains ``break_even_share_pct`` of what the open condors lose at their nearer short put.
    ``presence``: the layer's own, where it differs from the hedge's. ``expiries``: any listed, or monthly ones alone.
    ``short_strike``: the sold leg of a spread. ``etp``: the fund of a ``vix_etp``, held by dollars: its adjusted prices give
    returns and no share price, so a roll sells all of it and buys what the layer is due. ``lock_future``: sold against its
    calls, one VX for ten or one VXM for one (R70). ``funded_by``: the account, or only what other layers' closed lots gained
    (R47).
    """

    name: str
    ratio: float
    min_dte: int
    max_dte: int
    aim_dte: float | None = None
    prefer_monthly: bool = True
    expiries: Literal["any", "monthly"] = "any"
    presence: Literal["as_hedge", "always", "activated"] = "as_hedge"
    instrument: Literal["vix_calls", "vix_call_spreads", "vx_futures", "vxm_futures", "spx_put_spreads", "vix_etp"] = "vix_calls"
    etp: Literal["VXX", "UVXY", "VIXY", "VIXM"] = "VXX"
    strike: LayerStrike = field(default_factory=LayerStrike)
    short_strike: SoldStrike = field(default_factory=SoldStrike)
    roll: Roll = field(default_factory=Roll)
    roll_to: Literal["next_in_window", "next_monthly"] = "next_in_window"
    restrike: Literal["target_delta", "same_moneyness", "match_break_even"] = "target_delta"
    break_even_share_pct: float = 10.0
    same_expiry: Literal["keep", "restrike"] = "keep"
    when_empty: Literal["nearest", "skip"] = "nearest"
    monetise: Monetise | None = None
    funded_by: Literal["account", "gains"] = "account"
    gains_share_pct: float = 50.0
    lock_future: Literal["VX", "VXM"] = "VX"

    @property
    def is_future(self) -> bool:
        """Whether the layer holds VX or VXM futures."""
        return self.instrument in ("vx_futures", "vxm_futures")

    @property
    def is_share(self) -> bool:
        """Whether the layer holds shares of an exchange-traded product."""
        return self.instrument == "vix_etp"

    @property
    def is_spread(self) -> bool:
        """Whether a leg is sold against the one that is bought."""
        return self.instrument in ("vix_call_spreads", "spx_put_spreads")


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
    """The hedge sleeve.

    ``presence`` (R36): layers are always held, stand until a rule activates them, or open by rising triggers, inner layers first
    (R31). ``ratio`` (R32): strict, or flexed by rules at a layer's own roll (``by_regime``) or at once (``by_signal``).
    ``acting`` (R40): of the layers that rules act on in one session all do, or the innermost alone. ``ratio_of`` (R02): what the
    ratio of the layers counts. No strike above ``max_strike_to_forward`` times its forward.
    """

    enabled: bool = True
    presence: Literal["always", "activated", "ladder"] = "always"
    ratio: Literal["strict", "by_regime", "by_signal"] = "strict"
    acting: Literal["all", "innermost"] = "all"
    ratio_of: Literal["contracts", "premium", "vega"] = "contracts"
    size: HedgeSize = field(default_factory=HedgeSize)
    max_strike_to_forward: float = 3.0
    fallback_min_dte: int = 9
    layers: tuple[HedgeLayer, ...] = ()

    @property
    def always_held(self) -> tuple[bool, ...]:
        """By layer, whether it is held whatever rules say."""
        own = (self.presence if layer.presence == "as_hedge" else layer.presence for layer in self.layers)
        return tuple(presence == "always" for presence in own)
