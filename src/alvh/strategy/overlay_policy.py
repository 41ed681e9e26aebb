"""The overlay sleeve: option legs rolled on an expiry calendar over a base of index units or bills.

An overlay says what a published option-strategy index says: which legs, when they roll, and what one unit of them stands on. It
holds no condor and no hedge layer beside it. The shipped ``cboe-*`` policies are Cboe's rulebooks written in these keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayStrike:
    """Strike of one leg at its opening.

    ``out_of_money``: the index (for a VIX leg the forward of its own expiry) times 1 ± ``out_pct``, below for a put and above for
    a call, ``rounding`` to a listed strike. ``delta``: nearest absolute forward delta. ``pays_for_rest``: the furthest strike
    whose premium still covers what the other legs cost.
    """

    kind: Literal["out_of_money", "delta", "pays_for_rest"] = "out_of_money"
    out_pct: float = 0.0
    rounding: Literal["down", "up", "nearest"] = "nearest"
    delta: float = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayLeg:
    """One leg: ``quantity`` options per unit, short below zero.

    ``cycle_months``: expires in the next month that this divides (1 every month, 3 March, June, September, December).
    ``restrike_below_calls``: a standing put above the strike of a new call is sold and struck anew in the same expiry.
    """

    name: str
    right: Literal["put", "call"]
    quantity: float
    cycle_months: int = 1
    strike: OverlayStrike = field(default_factory=OverlayStrike)
    restrike_below_calls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayBand:
    """Share of the book spent on premium while the level lies above ``above`` and not above ``up_to``; 0 outside all bands."""

    name: str
    above: float
    up_to: float
    share_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlaySize:
    """How many units a roll holds.

    ``funded``: value ÷ (index units + present value of the strike of the leg ``bills_for`` + premium of all legs).
    ``max_loss``: value ÷ (``multiple`` × the widest wing, before premium). ``premium_share``: the share of ``bands`` of the value
    is spent on premium; the level is that of ``band_of``.
    """

    kind: Literal["funded", "max_loss", "premium_share"] = "funded"
    bills_for: str | None = None
    multiple: float = 10.0
    band_of: Literal["vx_open", "spot_vix"] = "vx_open"
    bands: tuple[OverlayBand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayBase:
    """What stands beside the options.

    ``index``: SPX units, ``per_unit`` one of them for each unit, ``all`` everything that is not premium, ``none`` bills alone.
    ``dividends``: bought back into the index each session, or left in cash until the roll.
    """

    index: Literal["none", "per_unit", "all"] = "none"
    dividends: Literal["reinvest", "cash"] = "reinvest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The sleeve: legs on one root, rolled on the session that settles its monthly expiry, or that many sessions earlier."""

    root: Literal["SPX", "VIX"] = "SPX"
    sessions_earlier: int = 0
    base: OverlayBase = field(default_factory=OverlayBase)
    size: OverlaySize = field(default_factory=OverlaySize)
    legs: tuple[OverlayLeg, ...] = ()
