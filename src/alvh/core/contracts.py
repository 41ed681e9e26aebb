"""Contract specifications: what one contract is worth, when it stops trading and on which value it settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Literal

SettlementValue = Literal["SOQ", "CLOSE", "VRO"]
LastTrade = Literal["session_before_expiry", "expiry_session"]
Exercise = Literal["European", "future"]
StrikeGrid = Literal["spx", "xsp", "vix", "none"]


class Root(StrEnum):
    """Option and futures roots of the book; a weekly root is a root of its own because it settles differently."""

    SPX = "SPX"
    SPXW = "SPXW"
    XSP = "XSP"
    VIX = "VIX"
    VIXW = "VIXW"
    VX = "VX"
    VXM = "VXM"


ROOTS: tuple[Root, ...] = tuple(Root)
"""Roots by their integer code: ``ROOTS[code]``; arrays hold codes (int8)."""

ROOT_CODE: Mapping[Root, int] = MappingProxyType({root: code for code, root in enumerate(ROOTS)})


class Right(IntEnum):
    """Call is +1 and put is -1, as the kernels take them."""

    CALL = 1
    PUT = -1

    @property
    def letter(self) -> str:
        """``C`` or ``P``."""
        return "C" if self is Right.CALL else "P"


class SettlementStyle(StrEnum):
    """Settled on an opening value (AM) or on the close (PM)."""

    AM = "AM"
    PM = "PM"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSpec:
    """Terms of one root.

    ``settlement_value``: SOQ is the special opening quotation of SPX ("SET"), CLOSE the closing index, VRO the special opening
    quotation of VIX. ``last_trade`` is relative to the expiry as scheduled (``calendar.py`` treats unscheduled closures).
    ``strike_grid`` names a function of ``strikes.py``. ``source`` says where the terms were read.
    """

    root: Root
    underlying: str
    multiplier_usd: float
    settlement_style: SettlementStyle
    settlement_value: SettlementValue
    last_trade: LastTrade
    exercise: Exercise
    strike_grid: StrikeGrid
    source: str


VXM_SINCE = date(2020, 8, 10)
"""First session of VXM (CFE, Mini VIX contract specification; docs/reference/contracts.md)."""

_SPX_PAGE = "Cboe, S&P 500 Index Options product specification"
_VIX_PAGE = "Cboe, VIX Options product specification"
_CFE_PAGE = "CFE, Cboe Volatility Index (VX) and Mini VIX (VXM) futures contract specifications"

SPECS: Mapping[Root, ContractSpec] = MappingProxyType(
    {
        Root.SPX: ContractSpec(
            root=Root.SPX,
            underlying="SPX",
            multiplier_usd=100.0,
            settlement_style=SettlementStyle.AM,
            settlement_value="SOQ",
            last_trade="session_before_expiry",
            exercise="European",
            strike_grid="spx",
            source=_SPX_PAGE,
        ),
        Root.SPXW: ContractSpec(
            root=Root.SPXW,
            underlying="SPX",
            multiplier_usd=100.0,
            settlement_style=SettlementStyle.PM,
            settlement_value="CLOSE",
            last_trade="expiry_session",
            exercise="European",
            strike_grid="spx",
            source=_SPX_PAGE + "; expiring series stop at 15:00 Chicago time",
        ),
        Root.XSP: ContractSpec(
            root=Root.XSP,
            underlying="XSP",
            multiplier_usd=100.0,
            settlement_style=SettlementStyle.PM,
            settlement_value="CLOSE",
            last_trade="expiry_session",
            exercise="European",
            strike_grid="xsp",
            source="Cboe, Mini-SPX (XSP) options product specification; the index is SPX / 10",
        ),
        Root.VIX: ContractSpec(
            root=Root.VIX,
            underlying="VX future of the same expiry",
            multiplier_usd=100.0,
            settlement_style=SettlementStyle.AM,
            settlement_value="VRO",
            last_trade="session_before_expiry",
            exercise="European",
            strike_grid="vix",
            source=_VIX_PAGE,
        ),
        Root.VIXW: ContractSpec(
            root=Root.VIXW,
            underlying="VX future of the same expiry",
            multiplier_usd=100.0,
            settlement_style=SettlementStyle.AM,
            settlement_value="VRO",
            last_trade="session_before_expiry",
            exercise="European",
            strike_grid="vix",
            source=_VIX_PAGE,
        ),
        Root.VX: ContractSpec(
            root=Root.VX,
            underlying="VIX",
            multiplier_usd=1_000.0,
            settlement_style=SettlementStyle.AM,
            settlement_value="VRO",
            last_trade="session_before_expiry",
            exercise="future",
            strike_grid="none",
            source=_CFE_PAGE + "; trading ends 08:00 Chicago time of the settlement day",
        ),
        Root.VXM: ContractSpec(
            root=Root.VXM,
            underlying="VIX",
            multiplier_usd=100.0,
            settlement_style=SettlementStyle.AM,
            settlement_value="VRO",
            last_trade="session_before_expiry",
            exercise="future",
            strike_grid="none",
            source=_CFE_PAGE + "; since 10 August 2020",
        ),
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Contract:
    """One listed series. Ordered by root, expiry, strike and right; AM and PM differ by root.

    ``expiry`` is the scheduled expiry date (for AM roots the settlement morning, not the last trading session). A future has
    strike 0.0 and right CALL.
    """

    root: Root
    expiry: date
    strike: float = 0.0
    right: Right = Right.CALL

    @property
    def spec(self) -> ContractSpec:
        """The terms of the root."""
        return SPECS[self.root]

    @property
    def is_option(self) -> bool:
        """False for VX and VXM."""
        return self.spec.exercise != "future"

    def label(self) -> str:
        """``VIX 2020-03-18 C 25``, or ``VX 2020-03-18`` for a future."""
        head = f"{self.root.value} {self.expiry.isoformat()}"
        return f"{head} {self.right.letter} {self.strike:g}" if self.is_option else head
