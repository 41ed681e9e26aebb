"""A market of constant prices that a test states by hand: implements the market protocol with no model behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.contracts import Root
from alvh.core.days import DayArray, to_day
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.market.market import Explained, Floats, Ints, Legs, PriceSource, Quotes, Settlement, Slice
from alvh.market.series import SeriesTable, series_table
from alvh.strategy.policy import Policy

CALL, PUT = 1, -1
Price = tuple[float, float, float]
"""Bid, mid and ask in points."""

SPX_CHAIN: dict[tuple[float, int], tuple[float, Price]] = {
    (2200.0, PUT): (0.05, (4.8, 5.0, 5.2)),
    (2300.0, PUT): (0.16, (14.8, 15.0, 15.2)),
    (2500.0, CALL): (0.16, (11.8, 12.0, 12.2)),
    (2600.0, CALL): (0.05, (2.8, 3.0, 3.2)),
}
"""(strike, right) -> absolute delta and price. At a quarter of the half-spread a condor is credited 19 - 4 x 0.05 = 18.8."""
VIX_CHAIN: dict[tuple[float, int], tuple[float, Price]] = {
    (15.0, CALL): (0.45, (1.9, 2.0, 2.1)),
    (20.0, CALL): (0.20, (0.9, 1.0, 1.1)),
    (30.0, CALL): (0.05, (0.3, 0.4, 0.5)),
}
SPX_LEVEL, VIX_LEVEL, VIX_FORWARD = 2400.0, 12.0, 15.0
TICK = 0.05


@dataclass(kw_only=True)
class FlatMarket:
    """Prices are those of the two chains at every close, except where ``override`` names (index, VIX?, strike, right).

    ``spx`` maps a session index to another index level; ``settles_at(row, index)`` gives settlement values.
    """

    sessions: DayArray
    series: SeriesTable
    bill_rate: Floats
    settles_at: Callable[[int, int], float]
    override: dict[tuple[int, bool, float, int], Price] = field(default_factory=dict)
    spx: dict[int, float] = field(default_factory=dict)
    price_source: PriceSource = "quote"
    signals: dict[str, Floats] = field(default_factory=dict)

    def snapshot(self, index: int) -> FlatSnapshot:
        return FlatSnapshot(self, index)

    def signal(self, name: str) -> Floats:
        return self.signals[name]

    def settlement(self, series: int, index: int) -> Settlement:
        return Settlement(value=self.settles_at(series, index), source="stated by the test", published=True)

    def price(self, index: int, row: int, strike: float, right: int) -> Price:
        vix = bool(self.series.is_vix[row])
        found = self.override.get((index, vix, strike, right))
        return (VIX_CHAIN if vix else SPX_CHAIN)[(strike, right)][1] if found is None else found

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        rows = [(int(s), float(k), int(r)) for s, k, r in zip(legs.series, legs.strike, legs.right, strict=True)]
        start = np.array([self.price(int(i), *leg)[1] for i, leg in zip(before, rows, strict=True)])
        end = np.array(
            [
                self.price(int(i), *leg)[1] if np.isnan(value) else max(leg[2] * (value - leg[1]), 0.0)
                for i, leg, value in zip(after, rows, settle, strict=True)
            ]
        )
        zero = np.zeros(len(rows))
        return Explained(before=start, time=end - start, forward=zero, vol_level=zero, smile=zero, after=end, greeks=end - start)


class FlatSnapshot:
    """One close of a :class:`FlatMarket`."""

    def __init__(self, market: FlatMarket, index: int) -> None:
        self._market, self.index = market, index
        self.session = int(market.sessions[index])
        self.spx, self.vix = market.spx.get(index, SPX_LEVEL), VIX_LEVEL

    def listed(self, *, vix: bool) -> Ints:
        return self._market.series.listed(self.session, vix=vix)

    def slice(self, series: int, right: int) -> Slice:
        vix = bool(self._market.series.is_vix[series])
        rows = sorted((k, d) for (k, r), (d, _) in (VIX_CHAIN if vix else SPX_CHAIN).items() if r == right)
        return Slice(
            series=series,
            right=right,
            strikes=np.array([k for k, _ in rows]),
            delta=np.array([d for _, d in rows]),
            forward=VIX_FORWARD if vix else self.spx,
        )

    def mark(self, legs: Legs) -> Floats:
        return self.quote(legs).mid

    def quote(self, legs: Legs) -> Quotes:
        market = self._market
        rows = list(zip(legs.series.tolist(), legs.strike.tolist(), legs.right.astype(int).tolist(), strict=True))
        prices = np.array([market.price(self.index, *leg) for leg in rows]).reshape(len(rows), 3)
        vix = [bool(market.series.is_vix[row]) for row, _, _ in rows]
        delta = [
            right * (VIX_CHAIN if is_vix else SPX_CHAIN)[(strike, right)][0]
            for is_vix, (_, strike, right) in zip(vix, rows, strict=True)
        ]
        return Quotes(
            bid=prices[:, 0],
            ask=prices[:, 2],
            mid=prices[:, 1],
            tick=np.full(len(rows), TICK),
            delta=np.array(delta),
            forward=np.array([VIX_FORWARD if is_vix else self.spx for is_vix in vix]),
        )


def flat_market(start: str = "2017-05-01", end: str = "2017-08-31", *, bill_rate: float = 0.0) -> FlatMarket:
    """Constant prices on the real sessions and expiries of a span; everything settles at the money of nothing: 2400 and 12."""
    first, last = to_day(date.fromisoformat(start)), to_day(date.fromisoformat(end))
    calendar = trading_calendar().sessions_array
    sessions = calendar[(calendar >= first) & (calendar <= last)]
    table = series_table(spx_expiries(first, last + 500), vix_expiries(first, last + 500))
    return FlatMarket(
        sessions=sessions,
        series=table,
        bill_rate=np.full(len(sessions), bill_rate),
        settles_at=lambda row, _: VIX_LEVEL if table.is_vix[row] else SPX_LEVEL,
    )


def run_flat(market: FlatMarket, policy: Policy, *, fees: Callable[[Root, int], float] = fee_usd) -> BacktestResult:
    """Run over every session of a flat market."""
    return run_backtest(policy, market, start=int(market.sessions[0]), end=int(market.sessions[-1]), fee_usd=fees)
