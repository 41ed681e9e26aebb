"""Small books written as tuples, for the tests of margin."""

from __future__ import annotations

from datetime import date

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import to_day
from alvh.market.positions import NOT_OPENED, Positions
from alvh.risk.margin import MarginInputs

AS_OF = to_day(date(2020, 2, 3))
NEAR, FAR, LONG_TERM = date(2020, 3, 20), date(2020, 6, 19), date(2021, 12, 17)

Lot = tuple[int, str, float, float]
"""Signed contracts, 'C', 'P' or 'F', strike, mark."""


def book(
    *lots: Lot,
    root: Root = Root.SPX,
    expiry: date | list[date] = NEAR,
    sleeves: list[str] | None = None,
) -> tuple[Positions, np.ndarray]:
    """Positions of one root and their marks."""
    n = len(lots)
    days = expiry if isinstance(expiry, list) else [expiry] * n
    positions = Positions(
        root=(root,) * n,
        expiry=np.array([to_day(day) for day in days], dtype=np.int64),
        strike=np.array([strike if kind != "F" else np.nan for _, kind, strike, _ in lots]),
        right=np.array([{"C": 1, "P": -1, "F": 0}[kind] for _, kind, _, _ in lots], dtype=np.int64),
        quantity=np.array([float(quantity) for quantity, _, _, _ in lots]),
        opened=np.full(n, NOT_OPENED, dtype=np.int64),
        open_price=np.full(n, np.nan),
        sleeve=tuple(sleeves) if sleeves is not None else ("",) * n,
        layer=("",) * n,
    )
    return positions, np.array([mark for _, _, _, mark in lots])


def joined(*books: tuple[Positions, np.ndarray]) -> tuple[Positions, np.ndarray]:
    """Several books as one."""
    parts = [positions for positions, _ in books]
    return (
        Positions(
            root=tuple(root for part in parts for root in part.root),
            expiry=np.concatenate([part.expiry for part in parts]),
            strike=np.concatenate([part.strike for part in parts]),
            right=np.concatenate([part.right for part in parts]),
            quantity=np.concatenate([part.quantity for part in parts]),
            opened=np.concatenate([part.opened for part in parts]),
            open_price=np.concatenate([part.open_price for part in parts]),
            sleeve=tuple(sleeve for part in parts for sleeve in part.sleeve),
            layer=tuple(layer for part in parts for layer in part.layer),
        ),
        np.concatenate([marks for _, marks in books]),
    )


def inputs(marks: np.ndarray, *, spx: float = 3_000.0, vix: float = 15.0, as_of: int = AS_OF) -> MarginInputs:
    """Levels and marks."""
    return MarginInputs(as_of=as_of, mark=marks, spx=spx, vix=vix)
