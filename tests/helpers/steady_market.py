"""A market of one volatility for every option, on index paths that a test states: known answers for whole overlays.

Prices are vollib's Black; nothing of the product's models or kernels is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from vollib.black import black
from vollib.black.greeks.analytical import delta as black_delta

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray, to_day
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.market.market import Explained, Floats, Ints, Legs, PriceSource, Quotes, Settlement, Slice
from alvh.market.series import SeriesTable, series_table

SPX_STEP, VIX_STEP = 5.0, 0.5
WIDTH = 0.02
"""Quoted half-spread, points."""


@dataclass(kw_only=True)
class SteadyMarket:
    """``spx`` at the close, ``morning`` at the trade window, ``opening`` where AM series settle, (sessions,) each."""

    sessions: DayArray
    series: SeriesTable
    spx: Floats
    morning: Floats
    opening: Floats
    vol: float
    vix: float
    vx_open: float
    vro: float
    rate: float
    dividend_points: Floats
    price_source: PriceSource = "quote"

    @property
    def bill_rate(self) -> Floats:
        return np.full(len(self.sessions), self.rate)

    def snapshot(self, index: int) -> SteadySnapshot:
        return SteadySnapshot(self, index, float(self.spx[index]))

    def window(self, index: int) -> SteadySnapshot:
        return SteadySnapshot(self, index, float(self.morning[index]))

    def signal(self, name: str) -> Floats:
        raise KeyError(name)

    def settlement(self, series: int, index: int) -> Settlement:
        value = self.vro if self.series.is_vix[series] else float(self.opening[index])
        return Settlement(value=value, source="stated by the test", published=True)

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        start = np.array([self.snapshot(int(i)).mark(_one(legs, k))[0] for k, i in enumerate(before)])
        zero = np.zeros(len(start))
        return Explained(before=start, time=zero, forward=zero, vol_level=zero, smile=zero, after=start, greeks=zero)


def _one(legs: Legs, k: int) -> Legs:
    return Legs.of([(int(legs.series[k]), float(legs.strike[k]), int(legs.right[k]))])


class SteadySnapshot:
    """One instant of a :class:`SteadyMarket`."""

    def __init__(self, market: SteadyMarket, index: int, spx: float) -> None:
        self._market, self.index, self.spx = market, index, spx
        self.session, self.vix = int(market.sessions[index]), market.vix

    def listed(self, *, vix: bool) -> Ints:
        return self._market.series.listed(self.session, vix=vix)

    def years(self, row: int) -> float:
        return max(int(self._market.series.expiry[row]) - self.session, 0) / 365.0

    def forward(self, row: int) -> float:
        if self._market.series.is_vix[row]:
            return self._market.vx_open
        return self.spx * float(np.exp(self._market.rate * self.years(row)))

    def price(self, row: int, strike: float, right: int) -> float:
        flag = "c" if right > 0 else "p"
        time = self.years(row)
        if time <= 0.0:
            return max(right * (self.forward(row) - strike), 0.0)
        return float(black(flag, self.forward(row), strike, time, self._market.rate, self._market.vol))

    def slice(self, series: int, right: int) -> Slice:
        forward = self.forward(series)
        step = VIX_STEP if self._market.series.is_vix[series] else SPX_STEP
        strikes = np.arange(np.ceil(0.6 * forward / step), np.floor(1.6 * forward / step) + 1) * step
        flag, time = ("c" if right > 0 else "p"), self.years(series)
        delta = np.array([abs(black_delta(flag, forward, float(k), time, 0.0, self._market.vol)) for k in strikes])
        return Slice(series=series, right=right, strikes=strikes, delta=delta, forward=forward)

    def mark(self, legs: Legs) -> Floats:
        rows = zip(legs.series.tolist(), legs.strike.tolist(), legs.right.tolist(), strict=True)
        return np.array([self.price(int(row), strike, int(right)) for row, strike, right in rows])

    def quote(self, legs: Legs) -> Quotes:
        mid = self.mark(legs)
        n = len(mid)
        return Quotes(
            bid=np.maximum(mid - WIDTH, 0.0),
            ask=mid + WIDTH,
            mid=mid,
            tick=np.full(n, 0.01),
            delta=np.zeros(n),
            forward=np.array([self.forward(int(row)) for row in legs.series]),
        )

    def discount(self, series: int) -> float:
        return float(np.exp(-self._market.rate * self.years(series)))

    def future(self, series: int) -> tuple[float, bool]:
        return self._market.vx_open, True


def steady_market(
    *,
    start: str = "2017-01-03",
    end: str = "2017-12-29",
    level: float = 2400.0,
    drift: float = 0.0,
    wobble: float = 0.0,
    seed: int = 1,
    vol: float = 0.20,
    rate: float = 0.0,
    dividend: float = 0.0,
    vx_open: float = 20.0,
    vro: float = 20.0,
    vix: float = 12.0,
) -> SteadyMarket:
    """A market on the real sessions and expiries of a span; the index stands at ``level`` unless it drifts or wobbles a day."""
    first, last = to_day(date.fromisoformat(start)), to_day(date.fromisoformat(end))
    calendar = trading_calendar().sessions_array
    sessions = calendar[(calendar >= first) & (calendar <= last)]
    n = len(sessions)
    random = np.random.default_rng(seed)
    steps = drift + wobble * random.standard_normal((3, n))
    spx = level * np.exp(np.cumsum(steps[0]))
    before = np.concatenate(([level], spx[:-1]))
    return SteadyMarket(
        sessions=sessions,
        series=series_table(spx_expiries(first, last + 500), vix_expiries(first, last + 500)),
        spx=spx,
        morning=before * np.exp(0.5 * steps[1]),
        opening=before * np.exp(0.5 * steps[2]),
        vol=vol,
        vix=vix,
        vx_open=vx_open,
        vro=vro,
        rate=rate,
        dividend_points=np.full(n, dividend),
    )
