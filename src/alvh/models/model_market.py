"""A market whose chain is modelled: SPX and VIX smiles anchored to each session's indices and VX settlements."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataMissing
from alvh.core.strikes import spx_strikes, vix_strikes
from alvh.core.ticks import TickRule, tick_rule
from alvh.kernels import surface
from alvh.market.history import History
from alvh.market.market import Explained, Legs, PriceSource, Quotes, Settlement, Slice, Snapshot
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.market.series import SHARE, SeriesTable
from alvh.market.settlement import soq_proxy, vro_value
from alvh.market.signals import compute_signals
from alvh.models import model_stress, vix_smile
from alvh.models.price_case import CENTRAL, PriceCase
from alvh.models.spreads import SpreadCase, etp_half_spread, future_half_spread, half_spread
from alvh.models.spx_calibration import LIFTED, Calibration
from alvh.models.spx_surface import CLEAN_SHAPE
from alvh.models.surface_cache import cached_calibration

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SPX_AM_DAYS = 6.5 / 24.0
"""An AM series settles at the opening, 6.5 hours before the close from which days are counted (surfaces.md 1)."""


class WindowMarket(Protocol):
    """Prices of some sessions at another time of day than the close (``models.trade_window``)."""

    def snapshot(self, index: int) -> Snapshot:
        """The market of session ``index`` at that time."""
        ...


@dataclass(slots=True)
class SpreadCount:
    """Sessions on which the cap of a half-spread at half the mid bound."""

    capped: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMarket:
    """Implements ``market.Market`` on an aligned history; build with :func:`model_market`."""

    history: History
    series: SeriesTable
    case: PriceCase
    state: tuple[Any, ...]
    coefficients: Floats
    calibration: Calibration
    notes: tuple[str, ...]
    legs_of_series: tuple[Any, ...]
    soq: Floats
    spread_count: SpreadCount
    signals: dict[str, Floats]
    tick_rules: dict[tuple[Root, int], TickRule]
    price_source: PriceSource = "model"
    trade_window: WindowMarket | None = None

    @property
    def dividend_points(self) -> Floats:
        return self.history.dividend_points

    def window(self, index: int) -> Snapshot:
        if self.trade_window is None:
            raise DataMissing(
                "no late-morning prices are rebuilt for this run",
                where=iso(self.sessions[index]),
                todo="fill at the close, or run an index policy by 'alvh study replicate'",
            )
        return self.trade_window.snapshot(index)

    @property
    def spread_case(self) -> SpreadCase:
        return self.case.spread_case

    @property
    def lifted(self) -> NDArray[np.bool_]:
        """Sessions (n,) in which a forward variance had to be lifted."""
        return np.asarray((self.calibration.state & LIFTED) != 0)

    @property
    def sessions(self) -> DayArray:
        return self.history.sessions

    @property
    def bill_rate(self) -> Floats:
        return self.history.bill_rate

    def snapshot(self, index: int) -> ModelSnapshot:
        return ModelSnapshot(self, index)

    def signal(self, name: str) -> Floats:
        if name not in self.signals:
            self.signals[name] = compute_signals(self.history, (name,))[0]
        return self.signals[name]

    def settlement(self, series: int, index: int) -> Settlement:
        if self.series.is_vix[series]:
            value, source, published = vro_value(self.history, int(self.series.expiry[series]), index)
            return Settlement(value=value, source=source, published=published)
        scale = float(self.legs_of_series[3][series])
        if self.series.am[series]:
            return Settlement(value=scale * float(self.soq[index]), source="SOQ reconstruction", published=False)
        return Settlement(value=scale * float(self.history.spx_close[index]), source="close", published=True)

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        out = np.empty((7, len(before)))
        settles = ~np.isnan(settle)
        surface.explain_pairs(
            self.state,
            self.legs_of_series,
            self.coefficients,
            before,
            after,
            legs.series,
            legs.strike,
            legs.right,
            settles,
            np.where(settles, settle, 0.0),
            out,
        )
        future = priced_by_column(legs)
        if future.size:  # nothing but its price: the whole change is the forward's
            column, rows = self.legs_of_series[2][legs.series[future]], (before[future], after[future])
            start = self.state[7][rows[0], column]
            end = np.where(settles[future], settle[future], self.state[7][rows[1], column])
            out[:, future] = 0.0
            out[0, future], out[2, future], out[5, future], out[6, future] = start, end - start, end, end - start
        return Explained(before=out[0], time=out[1], forward=out[2], vol_level=out[3], smile=out[4], after=out[5], greeks=out[6])


class ModelSnapshot:
    """One close of a :class:`ModelMarket`."""

    __slots__ = ("_market", "index", "session", "spx", "vix")

    def __init__(self, market: ModelMarket, index: int) -> None:
        self._market = market
        self.index = index
        self.session = int(market.history.sessions[index])
        self.spx = float(market.history.spx_close[index])
        self.vix = float(market.history.vix_close[index])

    def listed(self, *, vix: bool) -> Ints:
        return self._market.series.listed(self.session, vix=vix)

    def slice(self, series: int, right: int) -> Slice:
        market = self._market
        forward = self._forward(series)
        if market.series.is_vix[series]:
            strikes = vix_strikes(self.session, int(market.series.expiry[series]) - self.session, forward)
        else:
            scale = float(market.legs_of_series[3][series])
            strikes = spx_strikes(forward / scale) * scale
        delta = np.empty(len(strikes))
        surface.slice_delta(
            market.state, market.legs_of_series, market.coefficients, self.index, series, strikes, float(right), delta
        )
        return Slice(series=series, right=right, strikes=strikes, delta=delta, forward=forward)

    def discount(self, series: int) -> float:
        market = self._market
        years = max(float(market.series.expiry[series]) - self.session - market.legs_of_series[1][series], 0.0) / 365.0
        return float(np.exp(-market.history.bill_rate[self.index] * years))

    def future(self, series: int) -> tuple[float, bool]:
        return self._forward(series), False

    def _forward(self, series: int) -> float:
        market = self._market
        column = int(market.legs_of_series[2][series])
        if column >= 0:
            return float(market.state[7][self.index, column])
        years = max(float(market.series.expiry[series]) - self.session - market.legs_of_series[1][series], 0.0) / 365.0
        carry = market.history.bill_rate[self.index] - market.history.dividend_yield[self.index]
        return float(market.legs_of_series[3][series]) * self.spx * float(np.exp(carry * years))

    def mark(self, legs: Legs) -> Floats:
        out = np.empty(len(legs.series))
        market = self._market
        surface.mark_legs(
            market.state, market.legs_of_series, market.coefficients, self.index, legs.series, legs.strike, legs.right, out
        )
        future = priced_by_column(legs)
        if future.size:
            out[future] = market.state[7][self.index, market.legs_of_series[2][legs.series[future]]]
        return out

    def greeks(self, legs: Legs) -> Floats:
        """Price, delta, gamma, vega, theta, forward, vol and year fraction, (8, legs); a future's or a
        share's delta is 1, the rest 0."""
        out = np.empty((8, len(legs.series)))
        market = self._market
        surface.greeks_legs(
            market.state, market.legs_of_series, market.coefficients, self.index, legs.series, legs.strike, legs.right, out
        )
        future = priced_by_column(legs)
        if future.size:
            price = market.state[7][self.index, market.legs_of_series[2][legs.series[future]]]
            out[1:5, future], out[6, future] = 0.0, 0.0
            out[0, future] = out[5, future] = price
            out[1, future] = 1.0
        return out

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        return self.reprice_fully(legs, scenarios, response).value

    def reprice_fully(self, legs: Legs, scenarios: Scenarios, response: Response) -> Repriced:
        return model_stress.reprice(self._market, self.index, legs, scenarios, response)

    def quote(self, legs: Legs) -> Quotes:
        market = self._market
        greeks = self.greeks(legs)
        day = self.session
        bid, ask, ticks = [], [], []
        for row, mid, right in zip(legs.series.tolist(), greeks[0].tolist(), legs.right.tolist(), strict=True):
            if right == SHARE:
                half = etp_half_spread(mid, self.vix, market.spread_case)
                bid.append(mid - half)
                ask.append(mid + half)
                ticks.append(0.0)
                continue
            root = market.series.roots[row] if right else Root.VX
            rule = market.tick_rules.get((root, day))
            if rule is None:
                rule = market.tick_rules[(root, day)] = tick_rule(root, day)
            scale = market.series.scale(row)
            if not right:
                half = future_half_spread(rule.above, self.vix, market.spread_case)
                low, high, tick = quoted(mid, half, rule)
                bid.append(low)
                ask.append(high)
                ticks.append(tick)
                continue
            half, capped = half_spread(
                mid / scale,
                rule.below if mid < rule.threshold else rule.above,
                self.vix,
                day,
                is_vix=bool(market.series.is_vix[row]),
                weekly=not market.series.monthly[row],
                case=market.spread_case,
            )
            if capped:
                market.spread_count.capped.add(self.index)
            low, high, tick = quoted(mid, half * scale, rule)
            bid.append(low)
            ask.append(high)
            ticks.append(tick)
        return Quotes(
            bid=np.array(bid), ask=np.array(ask), mid=greeks[0], tick=np.array(ticks), delta=greeks[1], forward=greeks[5]
        )


def priced_by_column(legs: Legs) -> NDArray[np.intp]:
    """Places of the futures and shares in ``legs``: their price is the forward column of their series itself."""
    return np.flatnonzero((legs.right == 0.0) | (legs.right == SHARE))


def quoted(mid: float, half: float, rule: TickRule) -> tuple[float, float, float]:
    """Bid, ask and the tick at the bid: mid ± half rounded to the nearest tick, at least one tick wide, never below zero.

    Where the width must be forced the ask moves up; rounding lifts no bid over the mark and drops no ask below it.
    """
    low, high = max(mid - half, 0.0), mid + half
    step = rule.below if low < rule.threshold else rule.above
    low = math.floor(low / step + 0.5 + 1e-7) * step
    if low > mid:
        low = max(low - step, 0.0)
    tick = rule.below if low < rule.threshold else rule.above
    step = rule.below if high < rule.threshold else rule.above
    high = max(math.floor(high / step + 0.5 + 1e-7) * step, low + tick)
    if high < mid:
        high += step
    return round(low, 2), round(high, 2), tick


def surface_state(
    history: History, vix_forward: Floats, case: PriceCase, *, cache: Path | None = None
) -> tuple[tuple[Any, ...], Calibration, str]:
    """The kernels' ``state`` of every session of ``history`` in one price case, the SPX calibration behind it, and a note.

    ``vix_forward`` (sessions, VIX series). ``cache`` is the folder of kept calibrations, None for none. The surface depends on
    each session's own levels alone, so that a history at other levels (another time of day) gives the surface there. Where a
    session has no usable level the surface of the session before stands (NaN before the first).
    """
    levels = np.column_stack([history.vix9d, history.vix_close, history.vix3m, history.vix6m])
    calibration, note = cached_calibration(
        history.sessions, history.spx_close, levels, history.skew, blend=case.spx_blend, folder=cache
    )
    known = np.maximum.accumulate(np.where(np.isfinite(calibration.b), np.arange(len(levels)), 0))
    state = (
        np.ascontiguousarray(history.sessions),
        np.ascontiguousarray(history.spx_close),
        np.ascontiguousarray(history.bill_rate),
        np.ascontiguousarray(history.dividend_yield),
        np.ascontiguousarray(calibration.theta[known] * case.spx_level**2),
        np.ascontiguousarray(calibration.b[known]),
        vix_smile.squared_vol_of_vol(history.vvix, vix_smile.SHIPPED)[0] * case.vix_level**2,
        np.ascontiguousarray(vix_forward),
    )
    return state, calibration, note


def coefficients_of(case: PriceCase) -> Floats:
    """The kernels' ``coefficients``: the SPX shape, then the VIX smile of the case, its vertex at the upper clip."""
    vix = vix_smile.kernel_coefficients(vix_smile.SHIPPED.scenario(1.0, case.vix_slope))
    vix[-1] *= case.vix_level**2
    return np.array([*CLEAN_SHAPE, *vix])


def model_market(
    history: History,
    series: SeriesTable,
    vix_forward: Floats,
    *,
    case: PriceCase = CENTRAL,
    spread_case: SpreadCase | None = None,
    cache: Path | None = None,
) -> ModelMarket:
    """Build the modelled market.

    ``vix_forward`` (sessions, ``series.vix_rows``): forward of every VIX expiry, NaN where it does not trade; the closes of the
    exchange-traded products of ``series`` come from the history. SPX, VIX, VVIX, bill rate and dividend yield must be present in
    every session; raises :class:`DataMissing` naming the first gap.
    ``spread_case`` replaces that of ``case``; ``cache`` is the folder of kept calibrations, None for none.
    """
    for name in ("spx_close", "vix_close", "vvix", "bill_rate", "dividend_yield"):
        missing = np.flatnonzero(np.isnan(getattr(history, name)))
        if len(missing):
            raise DataMissing(
                f"{name} is missing on {len(missing)} sessions, the first {iso(history.sessions[missing[0]])}",
                where=history.source,
                todo="run 'alvh data check' on the folder, or start later",
            )
    if spread_case is not None:
        case = replace(case, spread_case=spread_case)
    prices = np.column_stack([vix_forward, *(history.etps[name] for name in series.etps)])
    state, calibration, note = surface_state(history, prices, case, cache=cache)
    split = int(np.searchsorted(series.is_vix, True))
    column = np.arange(len(series), dtype=np.int64) - split
    column[:split] = -1
    early = np.where(series.am & ~series.is_vix, SPX_AM_DAYS, 0.0)
    scale = np.array([series.scale(row) for row in range(len(series))])
    return ModelMarket(
        history=history,
        series=series,
        case=case,
        state=state,
        coefficients=coefficients_of(case),
        calibration=calibration,
        notes=(note,) if note else (),
        legs_of_series=(np.ascontiguousarray(series.expiry), early, column, scale),
        soq=soq_proxy(history),
        spread_count=SpreadCount(),
        signals={},
        tick_rules={},
    )
