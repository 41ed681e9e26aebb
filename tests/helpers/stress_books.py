"""Books on a modelled market for tests of stress: an iron condor, a ladder of VIX calls and whatever else is named."""

from __future__ import annotations

import numpy as np

from alvh.core.contracts import Root
from alvh.market.positions import NOT_OPENED, Positions
from alvh.models.model_market import ModelMarket

Row = tuple[Root, int, float, int, float, str, str]
"""Root, expiry day, strike, right, quantity, sleeve, layer."""


def positions_of(rows: list[Row], *, open_price: float = np.nan) -> Positions:
    root, expiry, strike, right, quantity, sleeve, layer = zip(*rows, strict=True)
    return Positions(
        root=root,
        expiry=np.array(expiry, dtype=np.int64),
        strike=np.array(strike, dtype=np.float64),
        right=np.array(right, dtype=np.int64),
        quantity=np.array(quantity, dtype=np.float64),
        opened=np.full(len(rows), NOT_OPENED, dtype=np.int64),
        open_price=np.full(len(rows), open_price),
        sleeve=sleeve,
        layer=layer,
    )


def series_near(market: ModelMarket, index: int, root: Root, days: int) -> int:
    """The listed series of one root whose expiry lies nearest to ``days`` from the session."""
    snapshot = market.snapshot(index)
    vix = root in (Root.VIX, Root.VIXW)
    rows = [row for row in snapshot.listed(vix=vix).tolist() if market.series.roots[row] == root]
    return min(rows, key=lambda row: abs(int(market.series.expiry[row]) - snapshot.session - days))


def leg(market: ModelMarket, index: int, root: Root, days: int, right: int, delta: float) -> tuple[Root, int, float, int]:
    """Root, expiry, strike and right of the listed option nearest an absolute delta."""
    row = series_near(market, index, root, days)
    listed = market.snapshot(index).slice(row, right)
    return root, int(market.series.expiry[row]), float(listed.strikes[np.argmin(np.abs(listed.delta - delta))]), right


def condor_rows(market: ModelMarket, index: int, *, days: int = 45, count: float = 1.0, root: Root = Root.SPXW) -> list[Row]:
    wings = ((-1, 0.05, 1.0), (-1, 0.16, -1.0), (1, 0.16, -1.0), (1, 0.05, 1.0))
    return [(*leg(market, index, root, days, right, delta), sign * count, "condor", "") for right, delta, sign in wings]


def ladder_rows(market: ModelMarket, index: int, *, delta: float = 0.20) -> list[Row]:
    layers = ((30, 4.0), (60, 4.0), (90, 2.0))
    return [
        (*leg(market, index, Root.VIX, days, 1, delta), lots, "hedge", f"layer{k + 1}") for k, (days, lots) in enumerate(layers)
    ]


def book(market: ModelMarket, index: int) -> Positions:
    """One condor, the 4/4/2 ladder of 20-delta calls."""
    return positions_of(condor_rows(market, index) + ladder_rows(market, index))
