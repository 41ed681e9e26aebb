"""Contract symbols: the 21-character form that the exchanges use since 2010, and Cboe's own short code before 2018."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.calendar import trading_calendar
from alvh.core.contracts import Root
from alvh.core.days import DayArray, to_day
from alvh.core.errors import DataInvalid
from alvh.market.history import Floats

_OCC: Final = re.compile(r"^\s*([A-Z0-9^_.]{1,6}?)\s*(\d{6})([CP])(\d{8})\s*$")
"""Root, yymmdd, C or P, strike times 1000 in eight digits (OCC, Options Symbology Initiative, 2010)."""
_SHORT: Final = re.compile(r"\(([A-Z]{1,6})(\d{2})(\d{2})([A-X])(\d+(?:\.\d+)?)(?:-(\w+))?\)")
"""Root, year, day of the month, month letter (A-L calls, M-X puts), strike and exchange letter (Cboe quote download to 2017)."""
_STRIKE_SCALE: Final = 1000.0
_SATURDAY: Final = 5
KNOWN_ROOTS: Final[Mapping[str, Root]] = MappingProxyType(
    {
        "SPX": Root.SPX,
        "SPXW": Root.SPXW,
        "SPXPM": Root.SPXW,
        "SPXQ": Root.SPXW,
        "XSP": Root.XSP,
        "VIX": Root.VIX,
        "VIXW": Root.VIXW,
    }
)
"""Vendor roots and the root of the contract table that they are: SPXPM and SPXQ are the PM-settled quarter ends and third
Fridays of 2007-2017, which Cboe folded into SPXW (Cboe circular RG17-054, May 2017)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Contracts as parallel arrays (rows,): root as the vendor writes it, expiry day as printed, strike and right (+1, -1)."""

    root: NDArray[np.str_]
    expiry: DayArray
    strike: Floats
    right: Floats


def occ_contracts(cells: Sequence[str], *, label: str, column: str, lines: Sequence[int]) -> Contracts:
    """Contracts of ``SPXW220207C02400000`` cells; :class:`DataInvalid` with row and column for any other text."""
    roots, days, strikes, rights = [], [], [], []
    for index, cell in enumerate(cells):
        found = _OCC.match(cell)
        try:
            if found is None:
                raise ValueError
            day = _yymmdd(found.group(2))
        except ValueError:
            raise DataInvalid(
                f"'{cell[:40]}' is no contract symbol",
                where=f"{label}, line {lines[index]}, column {column}",
                allowed="root, yymmdd, C or P, and the strike times 1000 in eight digits, as in SPXW220207C02400000",
                todo="the line is cut or damaged: download the file again, or delete the line",
            ) from None
        roots.append(found.group(1))
        days.append(day)
        strikes.append(int(found.group(4)) / _STRIKE_SCALE)
        rights.append(1.0 if found.group(3) == "C" else -1.0)
    return Contracts(
        root=np.array(roots, dtype=np.str_),
        expiry=np.array(days, dtype=np.int64),
        strike=np.array(strikes, dtype=np.float64),
        right=np.array(rights, dtype=np.float64),
    )


def short_contracts(
    cells: Sequence[str], *, label: str, column: str, lines: Sequence[int]
) -> tuple[Contracts, NDArray[np.int64]]:
    """Contracts of ``11 Jan 1075.00 (SPXW1128A1075-E)`` cells, and each row's exchange rank (0 composite, 1 Cboe, 2 others)."""
    roots, days, strikes, rights, ranks = [], [], [], [], []
    for index, cell in enumerate(cells):
        found = _SHORT.search(cell)
        try:
            if found is None:
                raise ValueError
            root, year, day, letter, strike, exchange = found.groups()
            month = ord(letter) - ord("A")
            expiry = to_day(date(2000 + int(year), month % 12 + 1, int(day)))
        except ValueError:
            raise DataInvalid(
                f"'{cell[:60]}' is no contract",
                where=f"{label}, line {lines[index]}, column {column}",
                allowed="the contract as text, as in '11 Jan 1075.00 (SPXW1128A1075-E)'",
                todo="the line is cut or damaged: download the file again, or delete the line",
            ) from None
        roots.append(root)
        days.append(expiry)
        strikes.append(float(strike))
        rights.append(1.0 if month < 12 else -1.0)
        ranks.append(0 if exchange is None else 1 if exchange == "E" else 2)
    contracts = Contracts(
        root=np.array(roots, dtype=np.str_),
        expiry=np.array(days, dtype=np.int64),
        strike=np.array(strikes, dtype=np.float64),
        right=np.array(rights, dtype=np.float64),
    )
    return contracts, np.array(ranks, dtype=np.int64)


def business_expiry(expiry: DayArray) -> DayArray:
    """Expiries with each Saturday moved to the business day before it: until February 2015 codes name that Saturday."""
    saturday = (expiry + 3) % 7 == _SATURDAY
    if not saturday.any():
        return expiry
    moved = expiry.copy()
    moved[saturday] = trading_calendar().business_on_or_before(expiry[saturday])
    return moved


@lru_cache(maxsize=4096)
def _yymmdd(text: str) -> int:
    return to_day(date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6])))
