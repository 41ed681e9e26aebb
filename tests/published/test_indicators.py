"""Indicators against published examples and TA-Lib. Numbers: methods.md section 9 (the RSI example is widely published)."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest

from alvh.market.indicators import (
    ema,
    macd,
    net_advances_per_1000,
    realised_vol,
    rolling_deviation,
    rolling_slope,
    running_total,
    wilder_rsi,
)

RSI_CLOSES = np.array(
    [
        44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
        45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515,
        45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
    ]
)  # fmt: skip
RSI_VALUES = np.array(
    [
        70.5328, 66.3186, 66.5498, 69.4063, 66.3552, 57.9749, 62.9296, 63.2571, 56.0593, 62.3771, 54.7076, 50.4228,
        39.9898, 41.4605, 41.8689, 45.4632, 37.3040, 33.0795, 37.7730,
    ]
)  # fmt: skip
STEPS = np.arange(60)
MACD_INPUT = 100 + 0.25 * STEPS + 3 * np.sin(STEPS / 4)


def test_rsi_published_example() -> None:
    rsi = wilder_rsi(RSI_CLOSES)
    assert np.isnan(rsi[:14]).all()
    np.testing.assert_allclose(rsi[14:], RSI_VALUES, atol=5.1e-5, rtol=0)


@pytest.mark.parametrize(
    ("session", "line", "signal", "histogram"),
    [
        (33, 2.166420, 1.429454, 0.736966),
        (40, 1.484959, 1.741985, -0.257026),
        (50, 1.124627, 1.014351, 0.110276),
        (59, 2.549796, 2.111980, 0.437816),
    ],
)
def test_macd_seeded_with_means(session: int, line: float, signal: float, histogram: float) -> None:
    result = macd(MACD_INPUT)
    assert [float(part[session]) for part in result] == pytest.approx([line, signal, histogram], abs=6e-7)
    assert np.flatnonzero(np.isfinite(result.line))[0] == 25
    assert np.flatnonzero(np.isfinite(result.signal))[0] == 33


@pytest.mark.parametrize(("session", "line", "signal"), [(33, 2.298879, 1.691704), (59, 2.567564, 2.138339)])
def test_macd_seeded_with_first_value(session: int, line: float, signal: float) -> None:
    result = macd(MACD_INPUT, seeding="first")
    assert [float(result.line[session]), float(result.signal[session])] == pytest.approx([line, signal], abs=6e-7)


def test_net_advances() -> None:
    advances = np.array([1800.0, 1200, 1500, 900, 2000, 700])
    declines = np.array([1100.0, 1700, 1400, 2000, 900, 2200])
    expected = [241.379, -172.414, 34.483, -379.310, 379.310, -517.241]
    np.testing.assert_allclose(net_advances_per_1000(advances, declines), expected, atol=5.1e-4, rtol=0)


def walk(seed: int = 7, sessions: int = 900) -> np.ndarray:
    return np.asarray(20.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.06, sessions))))


@pytest.mark.parametrize("period", [2, 9, 14, 50])
def test_rsi_agrees_with_talib(period: int) -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    for seed in range(5):
        values = walk(seed)
        np.testing.assert_allclose(wilder_rsi(values, period), talib.RSI(values, period), rtol=0, atol=1e-10)
    rising_then_flat = np.concatenate([np.arange(30.0), np.full(30, 29.0)])
    np.testing.assert_allclose(wilder_rsi(rising_then_flat, period), talib.RSI(rising_then_flat, period), rtol=0, atol=1e-10)


def test_rsi_of_a_flat_series_is_50_where_talib_says_0() -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    flat = np.full(40, 17.0)
    assert (wilder_rsi(flat)[14:] == 50.0).all() and (talib.RSI(flat, 14)[14:] == 0.0).all()


def test_ema_agrees_with_talib() -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    values = walk()
    for period in (9, 12, 26):
        np.testing.assert_allclose(ema(values, period), talib.EMA(values, period), rtol=1e-12)


def test_macd_seeded_with_means_is_the_difference_of_talib_emas() -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    values = walk()
    ours = macd(values)
    line = talib.EMA(values, 12) - talib.EMA(values, 26)
    np.testing.assert_allclose(ours.line[25:], line[25:], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.signal[33:], talib.EMA(line[25:], 9)[8:], rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_macd_seeded_like_talib_is_its_macd(seed: int) -> None:
    """TA-Lib starts both averages at the 26th bar and prints nothing before the signal exists, at the 34th."""
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    values = walk(seed)
    theirs = talib.MACD(values, 12, 26, 9)
    for mine, other in zip(macd(values, seeding="talib"), theirs, strict=True):
        assert np.flatnonzero(np.isfinite(other))[0] == 33
        np.testing.assert_allclose(mine[33:], other[33:], rtol=0, atol=1e-10)
    line = macd(values, seeding="talib").line
    assert np.flatnonzero(np.isfinite(line))[0] == 25
    assert line[25] == pytest.approx(values[14:26].mean() - values[:26].mean(), abs=1e-12)


def test_the_seedings_converge() -> None:
    values = walk()
    # (11/13)^300 of the first difference is left after 300 sessions.
    for other in (macd(values, seeding="talib"), macd(values, seeding="first")):
        for one, two in zip(macd(values), other, strict=True):
            np.testing.assert_allclose(one[400:], two[400:], rtol=0, atol=1e-9)


def test_the_line_after_a_gap_starts_like_a_new_series() -> None:
    values = walk()
    values[100] = np.nan
    for seeding in ("sma", "first", "talib"):
        for whole, part in zip(macd(values, seeding=seeding), macd(values[101:], seeding=seeding), strict=True):
            np.testing.assert_array_equal(whole[101:], part)


def test_rolling_slope_is_numpys_line() -> None:
    values = walk(sessions=60)
    slope = rolling_slope(values, 20)
    assert np.isnan(slope[:19]).all()
    for end in range(20, 61):
        assert slope[end - 1] == pytest.approx(np.polyfit(np.arange(20), values[end - 20 : end], 1)[0], rel=1e-9, abs=1e-12)


def test_rolling_deviation_and_realised_vol_are_those_of_the_standard_library() -> None:
    values = walk(sessions=40)
    returns = [math.log(b / a) for a, b in pairwise(values.tolist())]
    for end in range(21, 41):
        window = values[end - 20 : end].tolist()
        assert rolling_deviation(values, 20)[end - 1] == pytest.approx(statistics.stdev(window), rel=1e-12)
        square = statistics.fmean(change**2 for change in returns[end - 21 : end - 1])
        assert realised_vol(values, 20)[end - 1] == pytest.approx(100 * math.sqrt(252 * square), rel=1e-12)
    assert np.isnan(realised_vol(values, 20)[:20]).all() and np.isfinite(realised_vol(values, 20)[20:]).all()


def test_the_advance_decline_line_of_the_published_example() -> None:
    advances = np.array([1800.0, 1200, 1500, 900, 2000, 700])
    declines = np.array([1100.0, 1700, 1400, 2000, 900, 2200])
    assert running_total(advances - declines).tolist() == [700, 200, 300, -800, 300, -1200]
    net = np.array([5.0, 2.0, np.nan, 1.0, 3.0])
    np.testing.assert_array_equal(running_total(net), [5.0, 7.0, np.nan, 1.0, 4.0])
