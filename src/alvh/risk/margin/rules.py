"""Parameters of the margin rules, each with its source; what is assumed is marked so here and in ``docs/reference/margin.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from alvh.core.contracts import Root

Product = Literal["SPX", "XSP", "VIX", "VX"]
"""What strategy-based rules take as one underlying: SPX with SPXW, XSP, VIX with VIXW, and the futures."""
PRODUCT_OF: Final[Mapping[Root, Product]] = MappingProxyType(
    {
        Root.SPX: "SPX",
        Root.SPXW: "SPX",
        Root.XSP: "XSP",
        Root.VIX: "VIX",
        Root.VIXW: "VIX",
        Root.VX: "VX",
        Root.VXM: "VX",
    }
)
PM_ROOTS: Final = (Root.SPXW, Root.XSP)
"""Settled on the close: on one date they outlive what is settled on the opening."""

SpreadRule = Literal["max_intrinsic_loss", "sum_of_sides"]
CreditRule = Literal["net", "none"]

LONG_TERM_MONTHS: Final = 9
"""A listed option with more than nine months to expiry has loan value (Cboe Rule 10.3; FINRA 4210(f)(2))."""
MINIMUM_EQUITY_USD: Final = 2_000.0
"""Least equity of a margin account (Cboe Rule 10.3(j), formerly 12.3(i); FINRA 4210(b))."""
DAY_TRADER_EQUITY_USD: Final = 25_000.0
"""Least equity of a pattern day trader (FINRA 4210(f)(8)(B))."""
PORTFOLIO_EQUITY_USD: Final = 100_000.0
"""Least equity of a portfolio-margin account (FINRA 4210(g)(4)); firms ask 100,000 to 150,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortOptionRule:
    """Uncovered short option: premium + the greater of ``basic`` × index − out-of-the-money amount and the floor.

    The floor is ``floor`` × index for a call and ``floor`` × strike for a put. Fractions.
    """

    basic: float
    floor: float


BROAD_INDEX: Final = ShortOptionRule(basic=0.15, floor=0.10)
"""Broad-based index (Cboe Rule 10.3, strategy-based margin; FINRA 4210(f)(2)(E))."""
VOLATILITY_INDEX: Final = ShortOptionRule(basic=0.20, floor=0.10)
"""VIX (Cboe, VIX options specification sheet: 20 % of the aggregate contract value at the *spot* index, floor 10 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureMargin:
    """Initial and maintenance requirement of one contract, either side, in dollars."""

    initial_usd: float
    maintenance_usd: float


VX_MARGIN: Final = FutureMargin(initial_usd=10_945.0, maintenance_usd=9_950.0)
"""Assumed: a published retail table of VX (initial = 110 % of maintenance). CFE resets it often: set your broker's own."""
VXM_MARGIN: Final = FutureMargin(initial_usd=1_094.5, maintenance_usd=995.0)
"""Assumed: a tenth of VX, as the contract is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyRules:
    """Strategy-based ("Reg-T") margin.

    ``spread`` says how spreads are taken: ``max_intrinsic_loss`` (default) takes everything of one product and settlement
    moment as one spread at its greatest intrinsic loss over all settlement values; ``sum_of_sides`` takes verticals, and
    forgives one only beside a vertical of equal width (iron condor, butterfly, condor). ``credit``: ``net`` (default) counts
    the credit at the marks against the requirement, which is then what net liquidation value must cover; ``none`` counts debits
    but no credit.

    ``later_long_covers``: products in which a long option that settles later covers a short one at their difference in strike.
    ``universal_factor`` multiplies the net loss of a spread that is none of the named kinds, ``vix_spread_minimum_usd`` is a
    floor for each VIX spread; both are house add-ons and off by default. ``loan_on_long_term`` is the share lent on options
    beyond nine months that stand alone.
    """

    spread: SpreadRule = "max_intrinsic_loss"
    credit: CreditRule = "net"
    short_options: Mapping[Product, ShortOptionRule] = field(
        default_factory=lambda: MappingProxyType({"SPX": BROAD_INDEX, "XSP": BROAD_INDEX, "VIX": VOLATILITY_INDEX})
    )
    later_long_covers: frozenset[Product] = frozenset({"SPX", "XSP"})
    loan_on_long_term: float = 0.25
    universal_factor: float = 1.0
    vix_spread_minimum_usd: float = 0.0
    futures: Mapping[Root, FutureMargin] = field(
        default_factory=lambda: MappingProxyType({Root.VX: VX_MARGIN, Root.VXM: VXM_MARGIN})
    )
    future_level: Literal["initial", "maintenance"] = "initial"


REG_T: Final = StrategyRules()
NO_CREDIT: Final = StrategyRules(credit="none")
SUM_OF_SIDES: Final = StrategyRules(spread="sum_of_sides")
HOUSE_STRATEGY: Final = StrategyRules(universal_factor=1.02, vix_spread_minimum_usd=150.0)
"""House add-ons of one broker: 102 % of the net maximum loss of a universal spread, at least $150 on a VIX spread (IBKR)."""

PmClass = Literal["SPX", "VIX"]
"""Portfolio margin's product classes: one underlying each; XSP is SPX / 10 and stands in its class (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRange:
    """Range of one class: ``points_each_side`` equidistant moves from 0 to ``down`` and from 0 to ``up`` (fractions of the
    level).

    ``vol_moves`` are relative moves of implied vol tried at every point (the rule: none). ``extreme_move`` adds one scenario of
    which only ``extreme_share`` of the loss counts.
    """

    down: float
    up: float
    points_each_side: int = 5
    vol_moves: tuple[float, ...] = (0.0,)
    extreme_move: float | None = None
    extreme_share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRules:
    """Portfolio margin: a range a class, groups of classes with the share of gains that offsets losses inside them.

    ``groups`` names which classes stand together; a class listed nowhere stands alone. ``offset`` is the share of one class's
    gain that may cover another's loss inside its group (0: none). Inside a group a fall of SPX meets a rise of VIX where
    ``opposed`` (else equal signs meet). ``minimum_usd_per_contract`` is per unit of multiplier 1. VX and VXM are margined as
    futures outside the scan unless ``futures_in_scan``.
    """

    name: str
    ranges: Mapping[PmClass, ScanRange]
    groups: tuple[tuple[PmClass, ...], ...] = ()
    offset: float = 0.0
    opposed: bool = True
    minimum_usd_per_contract: float = 0.375
    futures_in_scan: bool = False
    futures: Mapping[Root, FutureMargin] = field(
        default_factory=lambda: MappingProxyType({Root.VX: VX_MARGIN, Root.VXM: VXM_MARGIN})
    )


RULE_PORTFOLIO: Final = PortfolioRules(
    name="portfolio_rule",
    ranges=MappingProxyType({"SPX": ScanRange(down=-0.08, up=0.06), "VIX": ScanRange(down=-0.20, up=0.20)}),
)
"""SPX: high-capitalisation broad-based index (SEC Rel. 34-46576; SR-CBOE-2002-03). VIX ±20 %: assumed, OCC sets it by file."""
HOUSE_PORTFOLIO: Final = PortfolioRules(
    name="portfolio_house",
    ranges=MappingProxyType(
        {
            "SPX": ScanRange(down=-0.12, up=0.10),
            "VIX": ScanRange(down=-0.20, up=1.00, extreme_move=3.0, extreme_share=0.35),
        }
    ),
)
"""SPX −12 / +10 %: thinkorswim's manual. VIX: +100 % whole is assumed; 35 % of the loss at +300 % is IBKR's (September 2022)."""
NON_HIGH_CAP: Final = ScanRange(down=-0.10, up=0.10)
"""Other broad-based indexes (Cboe Rule 10.4; 15c3-1a)."""
