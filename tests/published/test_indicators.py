"""Indicators against published examples and TA-Lib. Numbers: methods.md section 9 (the RSI example is widely published)."""

from __future__ import annotations

import numpy as np
import pytest

from alvh.market.indicators import ema, macd, net_advances_per_1000, wilder_rsi

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
    result = macd(MACD_INPUT, seeding="first_value")
    assert [float(result.line[session]), float(result.signal[session])] == pytest.approx([line, signal], abs=6e-7)


def test_net_advances() -> None:
    advances = np.array([1800.0, 1200, 1500, 900, 2000, 700])
    declines = np.array([1100.0, 1700, 1400, 2000, 900, 2200])
    expected = [241.379, -172.414, 34.483, -379.310, 379.310, -517.241]
    np.testing.assert_allclose(net_advances_per_1000(advances, declines), expected, atol=5.1e-4, rtol=0)


def walk(seed: int = 7, sessions: int = 900) -> np.ndarray:
    return np.asarray(20.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.06, sessions))))


def test_rsi_and_ema_agree_with_talib() -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    values = walk()
    np.testing.assert_allclose(wilder_rsi(values), talib.RSI(values, 14), rtol=0, atol=1e-9)
    for period in (9, 12, 26):
        np.testing.assert_allclose(ema(values, period), talib.EMA(values, period), rtol=1e-12)


def test_macd_is_the_difference_of_talib_emas_and_converges_to_its_macd() -> None:
    talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
    values = walk()
    ours = macd(values)
    line = talib.EMA(values, 12) - talib.EMA(values, 26)
    np.testing.assert_allclose(ours.line[25:], line[25:], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.signal[33:], talib.EMA(line[25:], 9)[8:], rtol=0, atol=1e-10)
    theirs = talib.MACD(values, 12, 26, 9)
    # TA-Lib seeds the fast average at the slow one's start: (11/13)^300 of that difference is left after 300 sessions.
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine[350:], other[350:], rtol=0, atol=1e-9)
