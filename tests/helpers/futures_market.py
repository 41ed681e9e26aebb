"""A market on which a test states every VX settlement and may restate any option: flat chains otherwise, no model behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tests.helpers.flat_market import SPX_CHAIN, SPX_LEVEL, TICK, VIX_CHAIN, VIX_LEVEL, FlatMarket, Price, flat_market

from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.market.market import Explained, Floats, Ints, Legs, PriceSource, Quotes, Settlement, Slice
from alvh.market.series import SeriesTable
from alvh.strategy.policy import Policy

HALF = 0.025
"""Half-spread of a VX future, points."""
FUTURE_FEE, OPTION_FEE = 2.5, 1.0
"""Dollars a contract, the same on every day."""


def fees(root: Root, session: int) -> float:
    """The fees of these tests."""
    return FUTURE_FEE if root in (Root.VX, Root.VXM) else OPTION_FEE


@dataclass(kw_only=True)
class FuturesMarket:
    """``vx`` gives the settlement of an expiry at a row: (row, ISO expiry) -> points, ``level`` elsewhere.

    ``factor`` is the discount to every settlement; everything else is that of ``flat``, its overrides too.
    """

    flat: FlatMarket
    vx: dict[tuple[int, str], float] = field(default_factory=dict)
    level: float = 15.0
    factor: float = 1.0
    price_source: PriceSource = "quote"

    @property
    def sessions(self) -> DayArray:
        return self.flat.sessions

    @property
    def series(self) -> SeriesTable:
        return self.flat.series

    @property
    def bill_rate(self) -> Floats:
        return self.flat.bill_rate

    @property
    def dividend_points(self) -> Floats:
        return np.zeros(len(self.sessions))

    def snapshot(self, index: int) -> FuturesSnapshot:
        return FuturesSnapshot(self, index)

    def window(self, index: int) -> Any:
        raise KeyError(index)

    def signal(self, name: str) -> Floats:
        return self.flat.signal(name)

    def settlement(self, series: int, index: int) -> Settlement:
        return self.flat.settlement(series, index)

    def settle_of(self, index: int, row: int) -> float:
        return self.vx.get((index, iso(self.series.expiry[row])), self.level)

    def price(self, index: int, row: int, strike: float, right: int) -> Price:
        if right:
            return self.flat.price(index, row, strike, right)
        settle = self.settle_of(index, row)
        return settle - HALF, settle, settle + HALF

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        rows = [(int(s), float(k), int(r)) for s, k, r in zip(legs.series, legs.strike, legs.right, strict=True)]
        start = np.array([self.price(int(i), *leg)[1] for i, leg in zip(before, rows, strict=True)])
        end = []
        for i, leg, value in zip(after, rows, settle, strict=True):
            paid = max(leg[2] * (value - leg[1]), 0.0) if leg[2] else value
            end.append(self.price(int(i), *leg)[1] if np.isnan(value) else paid)
        change, future = np.array(end) - start, legs.right == 0.0
        zero = np.zeros(len(rows))
        return Explained(
            before=start,
            time=np.where(future, 0.0, change),
            forward=np.where(future, change, 0.0),
            vol_level=zero,
            smile=zero,
            after=np.array(end),
            greeks=change,
        )


class FuturesSnapshot:
    """One close of a :class:`FuturesMarket`."""

    def __init__(self, market: FuturesMarket, index: int) -> None:
        self._market, self.index = market, index
        self.session = int(market.sessions[index])
        self.spx, self.vix = market.flat.spx.get(index, SPX_LEVEL), VIX_LEVEL

    def listed(self, *, vix: bool) -> Ints:
        return self._market.series.listed(self.session, vix=vix)

    def slice(self, series: int, right: int) -> Slice:
        return self._market.flat.snapshot(self.index).slice(series, right)

    def discount(self, series: int) -> float:
        return self._market.factor

    def future(self, series: int) -> tuple[float, bool]:
        return self._market.settle_of(self.index, series), True

    def mark(self, legs: Legs) -> Floats:
        return self.quote(legs).mid

    def quote(self, legs: Legs) -> Quotes:
        market, series = self._market, self._market.series
        rows = list(zip(legs.series.tolist(), legs.strike.tolist(), legs.right.astype(int).tolist(), strict=True))
        prices = np.array([market.price(self.index, *row) for row in rows]).reshape(len(rows), 3)
        vix = [bool(series.is_vix[row]) for row, _, _ in rows]
        chains = [VIX_CHAIN if is_vix else SPX_CHAIN for is_vix in vix]
        return Quotes(
            bid=prices[:, 0],
            ask=prices[:, 2],
            mid=prices[:, 1],
            tick=np.full(len(rows), TICK),
            delta=np.array([r * c[(k, r)][0] if r else 1.0 for c, (_, k, r) in zip(chains, rows, strict=True)]),
            forward=np.array(
                [market.settle_of(self.index, row) if v else self.spx for v, (row, _, _) in zip(vix, rows, strict=True)]
            ),
        )


def futures_market(start: str = "2017-05-01", end: str = "2017-08-31", *, bill_rate: float = 0.0) -> FuturesMarket:
    """A flat market with VX futures at 15 throughout."""
    return FuturesMarket(flat=flat_market(start, end, bill_rate=bill_rate))


def run_stated(
    market: FuturesMarket, policy: Policy, *, fee_usd: Callable[[Root, int], float] = fees, watch: Any = None
) -> BacktestResult:
    """Run over every session of a stated market."""
    first, last = int(market.sessions[0]), int(market.sessions[-1])
    return run_backtest(policy, market, start=first, end=last, fee_usd=fee_usd, watch=watch)
