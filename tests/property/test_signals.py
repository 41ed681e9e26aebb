"""Every signal: causal, NaN only in its warm-up or where an input is missing, and defined for any market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh.core.errors import ConfigError
from alvh.market.history import History, VxTable
from alvh.market.indicators import crosses_above, rolling_mean, rolling_zscore, wilder_rsi
from alvh.market.signals import SIGNALS, compute_signals

SESSIONS = 120


def made_history(seed: int, sessions: int = SESSIONS) -> History:
    """A random market, every input present."""
    random = np.random.default_rng(seed)

    def series(level: float, spread: float) -> np.ndarray:
        return np.asarray(level * np.exp(np.cumsum(random.normal(0.0, spread, sessions))))

    none = np.zeros((sessions, 0))
    spx, vix = series(1000.0, 0.01), series(20.0, 0.05)
    return History(
        sessions=np.arange(sessions, dtype=np.int64),
        spx_open=spx, spx_high=spx, spx_low=spx, spx_close=spx,
        vix_open=vix, vix_high=vix, vix_low=vix, vix_close=vix,
        vix9d=series(19.0, 0.05), vix3m=series(21.0, 0.03), vix6m=series(22.0, 0.02),
        vvix=series(90.0, 0.03), skew=series(120.0, 0.01),
        bill_rate=np.full(sessions, 0.02), dividend_yield=np.full(sessions, 0.02), dividend_points=np.full(sessions, 0.1),
        advances=random.integers(100, 2000, sessions).astype(float), declines=random.integers(100, 2000, sessions).astype(float),
        vx=VxTable(expiry=np.zeros(0, dtype=np.int64), monthly=np.zeros(0, dtype=bool), settle=none, volume=none, open=none),
        vro={}, source="made", sha256="",
    )  # fmt: skip


ARRAYS = ("spx_open", "spx_high", "spx_low", "spx_close", "vix_open", "vix_high", "vix_low", "vix_close")
ARRAYS += ("vix9d", "vix3m", "vix6m", "vvix", "skew", "bill_rate", "dividend_yield", "advances", "declines")


def changed_after(history: History, session: int, names: Sequence[str], seed: int) -> History:
    """The same history with other values from ``session`` on."""
    random = np.random.default_rng(seed)
    changes = {}
    for name in names:
        values = getattr(history, name).copy()
        values[session:] *= np.exp(random.normal(0.0, 0.5, len(values) - session))
        changes[name] = values
    return replace(history, **changes)


@pytest.mark.parametrize("name", SIGNALS)
@given(seed=st.integers(0, 10_000), session=st.integers(1, SESSIONS - 1))
def test_later_data_never_changes_earlier_values(name: str, seed: int, session: int) -> None:
    history = made_history(seed)
    before = compute_signals(history, [name])[0]
    after = compute_signals(changed_after(history, session, ARRAYS, seed + 1), [name])[0]
    np.testing.assert_array_equal(before[:session], after[:session])
    cut = replace(history, sessions=history.sessions[:session], **{each: getattr(history, each)[:session] for each in ARRAYS})
    np.testing.assert_array_equal(before[:session], compute_signals(cut, [name])[0])


@pytest.mark.parametrize("name", SIGNALS)
@given(seed=st.integers(0, 10_000))
def test_nan_in_the_warm_up_and_nowhere_else(name: str, seed: int) -> None:
    values = compute_signals(made_history(seed), [name])[0]
    warm_up = SIGNALS[name].warm_up_sessions
    assert np.isnan(values[:warm_up]).all()
    assert np.isfinite(values[warm_up:]).all()


@pytest.mark.parametrize("name", SIGNALS)
def test_a_missing_input_is_missing_in_the_signal_and_the_warm_up_begins_anew(name: str) -> None:
    history, hole = made_history(3), 60
    for source in SIGNALS[name].source_inputs:
        values = getattr(history, source).copy()
        values[hole] = np.nan
        signal = compute_signals(replace(history, **{source: values}), [name])[0]
        assert np.isnan(signal[hole])
        again = hole + 1 + SIGNALS[name].warm_up_sessions
        assert np.isfinite(signal[again:]).all()
        np.testing.assert_array_equal(signal[:hole], compute_signals(history, [name])[0][:hole])


@pytest.mark.parametrize("name", SIGNALS)
def test_signals_are_declared_in_full_and_do_not_share_memory(name: str) -> None:
    signal, history = SIGNALS[name], made_history(1)
    assert signal.name == name and signal.unit and signal.formula and signal.source_inputs
    assert all(rule[0] == "R" and rule[1:].isdigit() for rule in signal.rule_ids)
    assert not any(np.shares_memory(signal.compute(history), getattr(history, each)) for each in ARRAYS)
    other = [each for each in ARRAYS if each not in signal.source_inputs]
    np.testing.assert_array_equal(signal.compute(history), signal.compute(changed_after(history, 0, other, 9)))


@pytest.mark.parametrize("sessions", [0, 1, 2, 15])
def test_short_histories(sessions: int) -> None:
    values = compute_signals(made_history(5, sessions), list(SIGNALS))
    assert values.shape == (len(SIGNALS), sessions)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'vix_rsi_14'"):
        compute_signals(made_history(1), ["vix_rsi14"])


@given(st.lists(st.floats(0.01, 1e4), min_size=15, max_size=80))
def test_rsi_stays_within_its_bounds_and_mirrors(closes: list[float]) -> None:
    values = np.array(closes)
    rsi = wilder_rsi(values)[14:]
    assert ((rsi >= 0.0) & (rsi <= 100.0)).all()
    mirrored = wilder_rsi(2e4 - values)[14:]
    moved = np.abs(np.diff(values)).max() > 1e-6
    if moved and (np.abs(np.diff(values))[:14].max() > 1e-6):
        np.testing.assert_allclose(rsi + mirrored, 100.0, atol=1e-3)


def test_rsi_of_a_flat_market_and_of_a_rising_one() -> None:
    assert wilder_rsi(np.full(20, 5.0))[-1] == 50.0
    assert wilder_rsi(np.arange(20.0))[-1] == 100.0
    assert wilder_rsi(-np.arange(20.0))[-1] == 0.0


@given(st.lists(st.floats(1.0, 1e3), min_size=20, max_size=60))
def test_rolling_windows_match_a_plain_loop(numbers: list[float]) -> None:
    values = np.array(numbers)
    for end in range(20, len(values) + 1):
        window = values[end - 20 : end]
        assert rolling_mean(values, 20)[end - 1] == pytest.approx(window.mean(), rel=1e-12)
        if window.max() > window.min() * (1 + 1e-9):
            expected = (window[-1] - window.mean()) / window.std(ddof=1)
            assert rolling_zscore(values, 20)[end - 1] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_zscore_of_a_flat_window_is_zero() -> None:
    assert rolling_zscore(np.full(25, 0.1), 20)[-1] == 0.0


def test_a_cross_is_an_event_and_touching_the_level_is_none() -> None:
    values = np.array([69.0, 70.0, 71.0, 72.0, 70.0, 70.5, np.nan, 80.0, 81.0])
    crossed = crosses_above(values, 70.0)
    np.testing.assert_array_equal(crossed, [np.nan, 0, 1, 0, 0, 1, np.nan, np.nan, 0])
