"""Causal indicators on one series: the value at a session uses that session and earlier ones only (methods.md section 9).

Arrays are (sessions,) float64. A missing input (NaN) gives NaN at that session; indicators with a memory (RSI, EMA, MACD) start
afresh after it, with a new warm-up, and those with a window are NaN while it is inside. Nothing is filled or carried forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Seeding = Literal["sma", "first", "talib"]
"""How MACD's averages start: each from the mean of its own first values; from the first value itself (pandas
``adjust=False``); or as TA-Lib does, the fast average from a mean that ends where the slow one's first mean does."""

TRADING_DAYS = 252
"""Sessions a year by which daily variance is annualised, the market's convention."""


class Macd(NamedTuple):
    """MACD line, its signal line and their difference, each (sessions,) in the units of the input."""

    line: Floats
    signal: Floats
    histogram: Floats


def _runs(values: Floats) -> Iterator[slice]:
    """The stretches of consecutive sessions that have a value."""
    present = np.concatenate(([False], np.isfinite(values), [False]))
    edges = np.flatnonzero(present[1:] != present[:-1])
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(start), int(stop))


def _blank(values: Floats) -> Floats:
    return np.full(values.shape, np.nan)


def wilder_rsi(values: Floats, period: int = 14) -> Floats:
    """Wilder's relative strength index, 0 to 100; the first ``period`` sessions of a stretch are NaN.

    First averages = mean of the first ``period`` rises and falls; then ((period - 1) * previous + new) / period. No falls: 100;
    neither rises nor falls: 50.
    """
    result = _blank(values)
    for run in _runs(values):
        change = np.diff(values[run])
        if change.size < period:
            continue
        rises, falls = np.maximum(change, 0.0), np.maximum(-change, 0.0)
        up, down = float(rises[:period].mean()), float(falls[:period].mean())
        out = [_strength(up, down)]
        for rise, fall in zip(rises[period:].tolist(), falls[period:].tolist(), strict=True):
            up = ((period - 1) * up + rise) / period
            down = ((period - 1) * down + fall) / period
            out.append(_strength(up, down))
        result[run.start + period : run.stop] = out
    return result


def _strength(up: float, down: float) -> float:
    if down == 0.0:
        return 50.0 if up == 0.0 else 100.0
    return 100.0 * up / (up + down)


def ema(values: Floats, period: int, *, seed_mean: bool = True, skip: int = 0) -> Floats:
    """Exponential moving average with weight 2 / (period + 1).

    It starts at the ``period``-th value from the mean of the first ``period`` or, without ``seed_mean``, at the first value
    itself (what pandas calls ``adjust=False``); the first ``skip`` values of a stretch are left out.
    """
    result = _blank(values)
    weight = 2.0 / (period + 1.0)
    lead = period - 1 if seed_mean else 0
    for run in _runs(values):
        series = values[run][skip:]
        if series.size <= lead:
            continue
        level = float(series[: lead + 1].mean())
        out = [level]
        for value in series[lead + 1 :].tolist():
            level += weight * (value - level)
            out.append(level)
        result[run.start + skip + lead : run.stop] = out
    return result


def macd(values: Floats, fast: int = 12, slow: int = 26, smooth: int = 9, *, seeding: Seeding = "sma") -> Macd:
    """MACD: EMA(fast) - EMA(slow), its EMA(smooth), and the difference of the two.

    With ``sma`` or ``talib`` the line exists from the 26th session and the signal from the 34th, with ``first`` both exist from
    the first. The three converge: (11/13)^k of the difference is left after k sessions.
    """
    mean = seeding != "first"
    late = slow - fast if seeding == "talib" else 0
    line = ema(values, fast, seed_mean=mean, skip=late) - ema(values, slow, seed_mean=mean)
    signal = ema(line, smooth, seed_mean=mean)
    return Macd(line, signal, line - signal)


def rolling_mean(values: Floats, window: int) -> Floats:
    """Mean of the last ``window`` sessions, this one included."""
    result = _blank(values)
    if values.size >= window:
        result[window - 1 :] = sliding_window_view(values, window).mean(axis=1)
    return result


def rolling_zscore(values: Floats, window: int) -> Floats:
    """Distance from the mean of the last ``window`` sessions (this one included) in their sample standard deviations.

    Zero where all values of the window are equal: then the value is its own mean.
    """
    result = _blank(values)
    if values.size < window:
        return result
    views = sliding_window_view(values, window)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = (views[:, -1] - views.mean(axis=1)) / views.std(axis=1, ddof=1)
    result[window - 1 :] = np.where(_unchanged(values, window), 0.0, score)
    return result


def _unchanged(values: Floats, window: int) -> Bools:
    """For each full window of ``window`` sessions, whether all its values are equal: rounding would give them a deviation."""
    with np.errstate(invalid="ignore"):
        steps = np.concatenate(([0], np.cumsum(np.diff(values) != 0.0)))
    return np.asarray(steps[window - 1 :] == steps[: steps.size - window + 1])


def rolling_max(values: Floats, window: int) -> Floats:
    """Highest of the last ``window`` sessions, this one included."""
    result = _blank(values)
    if values.size >= window:
        result[window - 1 :] = sliding_window_view(values, window).max(axis=1)
    return result


def rolling_deviation(values: Floats, window: int) -> Floats:
    """Sample standard deviation of the last ``window`` sessions, this one included; exactly zero where all are equal."""
    result = _blank(values)
    if values.size < window:
        return result
    views = sliding_window_view(values, window)
    with np.errstate(invalid="ignore"):
        deviation = views.std(axis=1, ddof=1)
    result[window - 1 :] = np.where(_unchanged(values, window), 0.0, deviation)
    return result


def rolling_slope(values: Floats, window: int) -> Floats:
    """Slope a session of the least-squares line through the last ``window`` sessions, this one included."""
    result = _blank(values)
    if values.size < window:
        return result
    time = np.arange(window) - (window - 1) / 2.0
    slope = np.zeros(values.size - window + 1)
    for lag, weight in enumerate((time / (time @ time)).tolist()):
        slope += weight * values[lag : lag + slope.size]
    result[window - 1 :] = slope
    return result


def realised_vol(values: Floats, window: int) -> Floats:
    """Volatility of the last ``window`` daily ln returns in vol points: the square root of 252 times their mean square.

    No mean return is taken out, as in variance swaps: over a month it is noise.
    """
    squares = change_over(np.log(values), 1) ** 2
    return np.asarray(100.0 * np.sqrt(TRADING_DAYS * rolling_mean(squares, window)))


def running_total(values: Floats) -> Floats:
    """Cumulative sum, begun anew after each session without a value."""
    result = _blank(values)
    for run in _runs(values):
        result[run] = np.cumsum(values[run])
    return result


def change_over(values: Floats, sessions: int) -> Floats:
    """The value less its value ``sessions`` earlier."""
    result = _blank(values)
    result[sessions:] = values[sessions:] - values[:-sessions]
    return result


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise ratio; NaN where either is missing or the denominator is zero."""
    usable = np.isfinite(numerator) & np.isfinite(denominator) & (denominator != 0.0)
    result = _blank(numerator)
    result[usable] = numerator[usable] / denominator[usable]
    return result


def crosses_above(values: Floats, level: Floats | float) -> Floats:
    """1.0 where the value is above the level and was not at the session before, else 0.0; NaN where either session is missing."""
    gap = values - level
    result = _blank(values)
    known = np.isfinite(gap[1:]) & np.isfinite(gap[:-1])
    result[1:][known] = ((gap[1:] > 0.0) & (gap[:-1] <= 0.0))[known]
    return result


def crosses_below(values: Floats, level: Floats | float) -> Floats:
    """1.0 where the value is below the level and was not at the session before, else 0.0; NaN where either session is missing."""
    return crosses_above(-values, -level)


def flag(condition: Bools, *known: Floats) -> Floats:
    """1.0 where the condition holds, else 0.0; NaN where any of ``known`` is missing: a comparison with NaN is no answer."""
    result = condition.astype(np.float64)
    for values in known:
        result[np.isnan(values)] = np.nan
    return result


def net_advances_per_1000(advances: Floats, declines: Floats) -> Floats:
    """Ratio-adjusted net advances: 1000 (A - D) / (A + D)."""
    return 1000.0 * ratio(advances - declines, advances + declines)
