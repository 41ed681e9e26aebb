"""Every signal: causal, NaN only in its warm-up or where an input is missing, and defined for any market."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.history import make_history, with_signal_inputs
from tests.helpers.perturb import LEVELS, changed_from, cut_at, keys_of, with_hole

from alvh.market.history import History
from alvh.market.indicators import crosses_above, crosses_below, rolling_deviation, rolling_mean, rolling_zscore, wilder_rsi
from alvh.market.press import press_states
from alvh.market.signal_family import Signal
from alvh.market.signals import EXAMPLES, FAMILIES, compute_signals, find_signal, missing_input

SESSIONS = 420
"""Longer than the longest warm-up by more than half a year."""
KNOWN_AHEAD = ("sessions_to_", "press_fomc_")
"""Signals that may look at later days of an event list: a calendar is published beforehand."""
HELD = ("_release_move",)
"""Signals that stand from an event's close to the next event: a hole elsewhere does not touch them."""


@lru_cache(maxsize=8)
def market(seed: int) -> History:
    """A random market with a spike, every input present."""
    return with_signal_inputs(make_history(SESSIONS, seed=seed, stress=True), seed=seed)


def looks_ahead_at(signal: Signal) -> tuple[str, ...]:
    return tuple(key for key in signal.source_inputs if key.startswith("events.")) if signal.name.startswith(KNOWN_AHEAD) else ()


@lru_cache(maxsize=64)
def spoiled(seed: int, session: int, keep: tuple[str, ...]) -> History:
    return changed_from(market(seed), session, seed + 1, keep=keep)


@lru_cache(maxsize=16)
def shorter(seed: int, session: int) -> History:
    return cut_at(market(seed), session)


CASES = [(seed, session) for seed in (0, 1) for session in (1, 20, 60, 253, 260, 300, 345, 419)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_later_data_never_changes_earlier_values(name: str) -> None:
    signal = find_signal(name)
    for seed, session in CASES:
        before = signal.compute(market(seed))
        np.testing.assert_array_equal(
            signal.compute(spoiled(seed, session, looks_ahead_at(signal)))[:session],
            before[:session],
            err_msg=f"{seed} {session}",
        )
        np.testing.assert_array_equal(signal.compute(shorter(seed, session)), before[:session], err_msg=f"cut {seed} {session}")


@pytest.mark.parametrize("session", [60, 300])
def test_a_look_ahead_of_one_session_would_be_caught(session: int) -> None:
    history, other = market(0), spoiled(0, session, ())
    assert missing_input(history, "cpi_zscore") is None and history.fx is not None and other.fx is not None
    for key in LEVELS:
        assert getattr(history, key)[session] != getattr(other, key)[session], key
    assert (history.vx.settle[session] != other.vx.settle[session]).any()
    for kind in ("yields", "breadth"):
        for name, values in getattr(history, kind).items():
            changed = getattr(other, kind)[name]
            for was, now in zip(*((values, changed) if kind == "breadth" else ([values], [changed])), strict=True):
                assert was[session] != now[session]
                np.testing.assert_array_equal(was[:session], now[:session])
    day = history.sessions[session]
    for name, table in history.releases.items():
        late, again = table.release_day >= day, other.releases[name]
        assert late.any() and (table.actual != again.actual)[late].all() and (table.actual == again.actual)[~late].all()
        assert (table.release_day != again.release_day)[late].all()
    assert (history.fx.level != other.fx.level)[history.fx.release_day >= day].all()
    for name, days in history.events.items():
        assert days[days >= day].tolist() != other.events[name][other.events[name] >= day].tolist(), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_nan_in_the_warm_up_and_nowhere_else(name: str) -> None:
    signal = find_signal(name)
    for seed in (0, 1, 2):
        values = signal.compute(market(seed))
        assert values.shape == (SESSIONS,) and values.dtype == np.float64
        assert np.isnan(values[: signal.warm_up_sessions]).all()
        assert (np.isfinite(values) | begun_early(name, seed))[signal.warm_up_sessions :].all()
        if signal.unit in ("event", "1 or 0"):
            assert set(np.unique(values[np.isfinite(values)])) <= {0.0, 1.0}


def begun_early(name: str, seed: int) -> np.ndarray:
    """Sessions of press episodes that began before topping was known: there it stays unknown to their end."""
    if not name.startswith("press_topping_"):
        return np.zeros(SESSIONS, dtype=bool)
    foot = press_states(market(seed).vix_close).foot
    return (foot >= 0) & (foot < find_signal(name).warm_up_sessions)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_missing_input_is_missing_in_the_signal_and_the_warm_up_begins_anew(name: str) -> None:
    signal, history, hole = find_signal(name), market(3), 120
    before = signal.compute(history)
    for key in signal.source_inputs:
        values = signal.compute(with_hole(history, key, hole))
        if key.partition(".")[0] in ("events", "releases", "consensus", "fx"):
            assert np.isnan(values).all(), key
            continue
        if name.endswith(HELD):
            continue
        assert np.isnan(values[hole]), key
        assert np.isfinite(values[hole + 1 + signal.warm_up_sessions :]).all(), key
        np.testing.assert_array_equal(values[:hole], before[:hole])


@pytest.mark.parametrize("key", ["spx_close", "vix_close", "vix9d"])
def test_a_held_move_is_missing_from_an_event_without_a_close_to_the_next_event(key: str) -> None:
    signal, history = find_signal("cpi_release_move"), market(3)
    before = signal.compute(history)
    on_day = np.flatnonzero(find_signal("sessions_since_cpi").compute(history) == 0.0)
    event, following = on_day[3:5].tolist()
    hole = event if key == "spx_close" else event - 1
    values = signal.compute(with_hole(history, key, hole))
    if key == "spx_close":
        assert np.isnan(values[event:following]).all()
        values[event:following] = before[event:following]
    if key == "vix9d":  # VIX stands in, so the move is told in another unit
        assert np.isfinite(values).sum() == np.isfinite(before).sum()
        expected = before[event] * history.vix9d[event - 1] / history.vix_close[event - 1]
        np.testing.assert_allclose(values[event:following], expected, rtol=1e-12)
        values[event:following] = before[event:following]
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_signal_reads_the_inputs_that_it_names_and_no_others(name: str) -> None:
    signal, history = find_signal(name), market(1)
    assert signal.name == name and signal.unit and signal.formula and signal.source_inputs
    assert "{" not in "".join((signal.unit, signal.formula, *signal.source_inputs, *signal.fallback_inputs))
    assert all(rule[0] == "R" and rule[1:].isdigit() for rule in signal.rule_ids)
    named = {*signal.source_inputs, *signal.fallback_inputs}
    assert {key for key in named if not key.startswith("consensus.")} <= set(keys_of(history)), named
    values = signal.compute(history)
    np.testing.assert_array_equal(values, signal.compute(changed_from(history, 0, 9, keep=named)))
    for key in LEVELS:
        assert not np.shares_memory(values, getattr(history, key)), key
    assert missing_input(history, name) is None
    bare = replace(
        history, **{key: np.full(SESSIONS, np.nan) for key in LEVELS}, yields={}, breadth={}, events={}, releases={}, fx=None
    )
    bare = replace(bare, vx=replace(history.vx, settle=np.full_like(history.vx.settle, np.nan)))
    assert missing_input(bare, name) is not None
    assert np.isnan(signal.compute(bare)).all()


def test_every_family_has_an_example_of_its_own_form() -> None:
    for family in FAMILIES:
        assert family.examples
        for name in family.examples:
            places = family.read(name)
            assert places is not None and family.fault(places) == "", name
    assert len(set(EXAMPLES)) == len(EXAMPLES)


@pytest.mark.parametrize("sessions", [0, 1, 2, 15])
def test_short_histories(sessions: int) -> None:
    whole = market(2)
    values = compute_signals(cut_at(whole, sessions), list(EXAMPLES))
    assert values.shape == (len(EXAMPLES), sessions)


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


def test_deviation_of_a_flat_window_is_exactly_zero() -> None:
    assert rolling_deviation(np.full(25, 0.1), 20)[-1] == 0.0


def test_a_cross_is_an_event_and_touching_the_level_is_none() -> None:
    values = np.array([69.0, 70.0, 71.0, 72.0, 70.0, 70.5, np.nan, 80.0, 81.0])
    crossed = crosses_above(values, 70.0)
    np.testing.assert_array_equal(crossed, [np.nan, 0, 1, 0, 0, 1, np.nan, np.nan, 0])
    crossed = crosses_below(-values, -70.0)
    np.testing.assert_array_equal(crossed, [np.nan, 0, 1, 0, 0, 1, np.nan, np.nan, 0])
