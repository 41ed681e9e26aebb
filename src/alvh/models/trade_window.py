"""Late-morning prices of chosen sessions, rebuilt from the whole session: what the exchange's strategy indices trade at.

The indices roll at prices averaged between about 11:30 and 13:30. Daily data hold no such price, so the level there is put
between the reconstructed opening and the close (benchmarks.md 2): 0.8 of the one and 0.2 of the other; VIX half way, the rest of
its family moved with it. This uses the session's range and close: for benchmarks, never an input to a live decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.market.history import Floats, History, VxTable
from alvh.market.market import Legs, Quotes, Slice
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.market.settlement import real_vix_open
from alvh.models.model_market import ModelMarket, ModelSnapshot

Ints = NDArray[np.int64]

OPENING_WEIGHT = 0.8
"""Weight of the opening in the level of the window; the close has the rest (benchmarks.md 2)."""
VIX_OPENING_WEIGHT = 0.5
"""The same for VIX. Its open is dear: 2007-2025 it lies 0.7 to 1.2 % above the previous close and as much above the close that
follows, on expiry Fridays since 2013 1.4 to 2.2 % above it, while SPX shows no such drift (our data): wide quotes at the open."""
VX_OPENING_WEIGHT = 0.7
"""The same for a VX future, whose opening is traded and whose close is the settlement (benchmarks.md 4)."""
BEFORE_CLOSE_DAYS = 4.25 / 24.0
"""The window lies about 11:45, four and a quarter hours before the close from which days are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeWindow:
    """Implements ``WindowMarket`` for the sessions ``rows``, ascending market rows; ``market`` has one row for each.

    ``vx_open`` (rows, VIX rows of the series): the VX future's open, NaN where none is known.
    """

    rows: Ints
    market: ModelMarket
    vx_open: Floats

    def snapshot(self, index: int) -> WindowSnapshot:
        """The window of market row ``index``, which must be one of ``rows``."""
        row = int(np.searchsorted(self.rows, index))
        if row == len(self.rows) or self.rows[row] != index:
            raise KeyError(index)
        return WindowSnapshot(self, row, index)


class WindowSnapshot:
    """One trade window: a snapshot whose ``index`` is the market's row."""

    __slots__ = ("_close", "_row", "_window", "index", "session", "spx", "vix")

    def __init__(self, window: TradeWindow, row: int, index: int) -> None:
        self._window, self._row, self.index = window, row, index
        self._close = ModelSnapshot(window.market, row)
        self.session, self.spx, self.vix = self._close.session, self._close.spx, self._close.vix

    def listed(self, *, vix: bool) -> Ints:
        return self._close.listed(vix=vix)

    def slice(self, series: int, right: int) -> Slice:
        return self._close.slice(series, right)

    def mark(self, legs: Legs) -> Floats:
        return self._close.mark(legs)

    def quote(self, legs: Legs) -> Quotes:
        return self._close.quote(legs)

    def discount(self, series: int) -> float:
        return self._close.discount(series)

    def greeks(self, legs: Legs) -> Floats:
        return self._close.greeks(legs)

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        return self._close.reprice(legs, scenarios, response)

    def reprice_fully(self, legs: Legs, scenarios: Scenarios, response: Response) -> Repriced:
        return self._close.reprice_fully(legs, scenarios, response)

    def future(self, series: int) -> tuple[float, bool]:
        column = int(self._window.market.legs_of_series[2][series])
        opened = float(self._window.vx_open[self._row, column]) if column >= 0 else math.nan  # an SPX series has no VX future
        if opened > 0.0:
            return opened, True
        return self._close.future(series)


def window_history(history: History, soq: Floats, rows: Ints) -> History:
    """The history of ``rows`` alone, at the levels of the trade window."""
    opened = np.where(real_vix_open(history), history.vix_open, history.vix_close)
    vix = VIX_OPENING_WEIGHT * opened + (1.0 - VIX_OPENING_WEIGHT) * history.vix_close
    move = vix / history.vix_close
    moved = {
        "spx_close": OPENING_WEIGHT * soq + (1.0 - OPENING_WEIGHT) * history.spx_close,
        "vix_close": vix,
        "vix9d": history.vix9d * move,
        "vix3m": history.vix3m * np.sqrt(move),
        "vix6m": history.vix6m * np.sqrt(np.sqrt(move)),
    }
    chosen: dict[str, object] = {}
    for field in fields(History):
        value = moved.get(field.name, getattr(history, field.name))
        if isinstance(value, np.ndarray):
            chosen[field.name] = np.ascontiguousarray(value[rows])
    vx = history.vx
    chosen["vx"] = VxTable(
        expiry=vx.expiry, monthly=vx.monthly, settle=vx.settle[rows], volume=vx.volume[rows], open=vx.open[rows]
    )
    chosen["etps"] = {name: close[rows] for name, close in history.etps.items()}
    chosen["modelled"] = {name: mask[rows] for name, mask in history.modelled.items()}
    return replace(history, **chosen)  # type: ignore[arg-type]  # named fields of one dict


def vx_opens(vx: VxTable, expiry: DayArray) -> Floats:
    """(sessions, expiries): the open of the VX future of each expiry, NaN where none is known."""
    out = np.full((len(vx.open), len(expiry)), np.nan)
    if len(vx.expiry):
        at = np.minimum(np.searchsorted(vx.expiry, expiry), len(vx.expiry) - 1)
        known = vx.expiry[at] == expiry
        out[:, known] = vx.open[:, at[known]]
    return out


def trade_window(
    history: History,
    series: SeriesTable,
    vix_forward: Floats,
    soq: Floats,
    rows: Ints,
    build: Callable[[History, SeriesTable, Floats], ModelMarket],
) -> TradeWindow:
    """Rebuild the window of ``rows``; ``build`` makes a market of a history, a series table and VIX forwards."""
    there = window_history(history, soq, rows)
    opened = vx_opens(there.vx, series.expiry[series.vix_rows])
    settle = vix_forward[rows]
    forward = np.where(opened > 0.0, VX_OPENING_WEIGHT * opened + (1.0 - VX_OPENING_WEIGHT) * settle, settle)
    market = build(there, series, np.ascontiguousarray(forward))
    expiry, early, column, scale = market.legs_of_series
    later = (expiry, early - BEFORE_CLOSE_DAYS, column, scale)
    return TradeWindow(rows=rows, market=replace(market, legs_of_series=later), vx_open=opened)
