"""Spikes of VIX told afterwards: cases by hand, and every property of the definition on random walks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alvh.market.press import press_states
from alvh.study.spikes import Spike, spikes

Floats = NDArray[np.float64]
CALM = [15.0] * 25


def closes(*after: float) -> Floats:
    """25 closes of 15, then these, then 15 closes of 15."""
    return np.array([*CALM, *after, *CALM[:15]])


def test_a_spike_that_reverts() -> None:
    """15 to 24 is 60 % in two sessions; half of the nine points are back at 19.5."""
    assert spikes(closes(20.0, 24.0, 21.0, 19.5)) == [Spike(foot=20, onset=25, top=26, back=28)]


def test_the_edges_of_the_definition() -> None:
    """18.75 is 25 % above 15 and 1.24 times the mean; a cent less is no spike; the mean binds where it is high."""
    assert [spike.onset for spike in spikes(closes(18.75))] == [25]
    assert spikes(closes(18.74)) == []
    high = np.array([*[20.0] * 20, *[14.0] * 5, 17.6, *[14.0] * 15])  # up 26 %, below the mean
    assert spikes(high) == []


def test_the_rise_is_counted_from_the_lowest_of_five_closes() -> None:
    """Six sessions of 4 % each: 22 % in five of them, never 25 %."""
    slow = 15.0 * 1.04 ** np.arange(1, 13)
    assert spikes(closes(*slow[:6])) == []
    fast = 15.0 * 1.05 ** np.arange(1, 13)  # 27.6 % in five
    assert [spike.onset for spike in spikes(closes(*fast[:6]))] == [29]


def test_ten_sessions_from_the_top() -> None:
    """Back on the tenth session counts, on the eleventh it is too late; a higher close begins the count anew."""
    (tenth,) = spikes(closes(20.0, *[19.0] * 9, 17.0))
    assert (tenth.top, tenth.back) == (25, 35)
    (late,) = spikes(closes(20.0, *[19.0] * 10, 17.0))
    assert (late.top, late.back) == (25, None)
    (anew,) = spikes(closes(20.0, *[19.0] * 9, 22.0, *[21.0] * 5, 18.0))
    assert (anew.onset, anew.top, anew.back) == (25, 35, 41)


def test_the_next_spike_has_a_foot_after_the_last_top() -> None:
    first, second = spikes(closes(20.0, 24.0, 18.0, 23.0, 18.0))
    assert (first.top, first.back) == (26, 27)
    assert (second.foot, second.onset, second.back) == (27, 28, 29)


def test_a_spike_that_the_data_cut_off_is_left_out() -> None:
    whole = closes(20.0, 24.0, 21.0, 19.5)
    assert spikes(whole[:28]) == []
    assert len(spikes(whole[:29])) == 1


def test_missing_closes_begin_nothing() -> None:
    vix = closes(20.0, 24.0, 21.0, 19.5)
    vix[24] = np.nan
    assert spikes(vix) == []
    assert spikes(np.array([15.0] * 10)) == []


def walk(seed: int) -> Floats:
    """250 closes of a random walk, and then 15 at a fifth of its lowest: no spike is cut off."""
    closes = 16.0 * np.exp(np.cumsum(0.066 * np.random.default_rng(seed).standard_normal(250)))
    return np.round(np.concatenate([closes, np.full(15, 0.2 * closes.min())]), 2)


walks = st.integers(0, 10_000).map(walk)


@settings(max_examples=60, deadline=None)
@given(walks)
def test_every_spike_is_one_by_the_definition_and_none_is_missed(vix: Floats) -> None:
    found = spikes(vix)
    taken = np.zeros(vix.size, dtype=bool)
    top = -1
    for spike in found:
        window = range(max(spike.onset - 5, top + 1), spike.onset)
        assert vix[spike.foot] == min(vix[k] for k in window) and spike.foot in window
        assert vix[spike.onset] >= 1.25 * vix[spike.foot]
        assert vix[spike.onset] >= 1.2 * vix[spike.onset - 19 : spike.onset + 1].mean() - 1e-9
        end = spike.top + 10 if spike.back is None else spike.back
        assert vix[spike.top] == vix[spike.onset : end + 1].max()
        half = 0.5 * (vix[spike.top] + vix[spike.foot])
        given = range(spike.top + 1, end + 1)
        assert not any(vix[k] < half - 1e-9 for k in given if k != spike.back)  # a tie of cents may round either way
        assert spike.back is None or vix[spike.back] <= half + 1e-9
        assert not taken[spike.onset : end + 1].any()
        taken[spike.onset : end + 1] = True
        top = spike.top
    quiet = [k for k in range(20, 250) if not taken[k - 5 : k + 1].any()]
    for k in quiet:  # with no spike in the five sessions before it, nothing shortens the window
        rises = vix[k] >= 1.25 * vix[k - 5 : k].min()
        assert not (rises and vix[k] >= 1.2 * vix[k - 19 : k + 1].mean() + 1e-9)


@settings(max_examples=40, deadline=None)
@given(walks)
def test_no_event_was_hidden_from_the_states(vix: Floats) -> None:
    """At every spike's beginning the ex-ante machine stands in an expansion: nothing is told only afterwards."""
    state = press_states(vix).state
    assert all(state[spike.onset] == 1.0 for spike in spikes(vix))


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_levels_do_not_matter(scale: float) -> None:
    vix = closes(20.0, 24.0, 18.0, 23.0, 18.0)
    assert spikes(vix) == spikes(vix * scale)
