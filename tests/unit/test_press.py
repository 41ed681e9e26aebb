"""The press states: spikes of VIX worked by hand, and random ones against a plain telling of the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.history import make_history
from tests.reference.press_reference import press_reference

from alvh.market.history import History
from alvh.market.press import STATES, press_states
from alvh.market.signals import find_signal

CALM = [10.0] * 20


def told(vix: list[float]) -> list[str]:
    """The states after the first twenty closes, by their first letters."""
    return ["" if np.isnan(code) else STATES[int(code)][0] for code in press_states(np.array(vix)).state.tolist()][20:]


def test_a_spike_that_reverts_by_hand() -> None:
    """Foot 10, top 20, half way 15. The means are 10.25, 10.75, 11.15, 11.4, 11.6, 11.65 and 11.675."""
    vix = [*CALM, 15.0, 20.0, 18.0, 15.0, 14.0, 11.0, 10.5]
    # 15 is 50 % up and 1.46 means: expansion. 20 is the top. 18 gives back 2 of 10. 15 gives back half: press. 14 is above
    # 1.2 x 11.6 = 13.92, so press goes on. 11 is below 1.2 means and below 1.05 x 11.65 = 12.23: calm at once.
    assert told(vix) == ["e", "e", "e", "p", "p", "c", "c"]
    states = press_states(np.array(vix))
    assert states.began[20:25].tolist() == [20] * 5 and states.began[25] == -1
    assert states.foot[20:25].tolist() == [15] * 5, "the first of the five equal closes"


def test_normalising_lasts_until_five_per_cent_above_the_mean() -> None:
    """12.9 is below 1.2 x 11.545 = 13.85 and above 1.05 x 11.545 = 12.12; 12.5 is above 12.25, 12.3 below 12.37."""
    vix = [*CALM, 15.0, 20.0, 18.0, 15.0, 12.9, 12.5, 12.3]
    assert told(vix) == ["e", "e", "e", "p", "n", "n", "c"]


def test_normalising_lasts_twenty_sessions_at_most() -> None:
    """VIX held at 1.1 times its mean is never below 1.05 nor at 1.2 times it."""
    vix = [*CALM, 15.0, 20.0, 15.0]
    for _ in range(25):
        vix.append(1.1 * sum(vix[-19:]) / (20 - 1.1))
    assert max(vix[23:]) < 20.0, "the top is not passed"
    assert told(vix) == ["e", "e", "p", *["n"] * 20, *["c"] * 5]


def test_a_rise_below_25_per_cent_or_below_the_level_is_none() -> None:
    assert told([*CALM, 12.49]) == ["c"]
    # 12.5 is 25 % up; its mean is 10.125 and 1.2 means are 12.15.
    assert told([*CALM, 12.5]) == ["e"]
    # From 10 to 12.5 in five sessions out of a mean of 14: the rise is there, the level is not.
    assert told([14.6] * 15 + [10.0] * 5 + [12.5]) == ["c"]


def test_an_expansion_that_is_not_given_back_fades_into_calm() -> None:
    """Top 20 at the first session, then 16: half way is 15. After ten sessions no press is possible any more.

    The mean of 20 sessions rises from 10.5 by 0.3 a session: it passes 16 / 1.2 = 13.33 in the ninth session after the top
    (10.5 + 0.3 x 10 = 13.5 with the tenth), so the fifth close below 1.2 means is the fourteenth after the top.
    """
    states = told([*CALM, 20.0, *[16.0] * 16])
    assert states == ["e"] * 14 + ["c"] * 3
    # One close of 15 at the eleventh session after the top comes too late to be a press.
    late = told([*CALM, 20.0, *[16.0] * 10, 15.0])
    assert late[-1] == "e" and "p" not in late
    in_time = told([*CALM, 20.0, *[16.0] * 9, 15.0])
    assert in_time[-1] == "p"


def test_a_close_above_the_top_goes_on_with_the_same_episode() -> None:
    vix = [*CALM, 15.0, 20.0, 15.0, 20.5]
    assert told(vix) == ["e", "e", "p", "e"]
    # 20.5 is 37 % above 15, the lowest close after the top: that is a new expansion with its own foot.
    assert press_states(np.array(vix)).foot[-1] == 22
    slow = [*CALM, 15.0, 20.0, 15.0, 17.0, 18.0, 18.0, 18.0, 18.0, 20.5]
    states = press_states(np.array(slow))
    # 20.5 is below 1.25 x 17: no new expansion, but it passes the old top.
    assert told(slow)[2:] == ["p"] * 6 + ["e"] and states.began[-1] == 20 and states.foot[-1] == states.foot[20]


def test_after_a_missing_close_the_machine_waits_for_its_mean() -> None:
    vix = [*CALM, 15.0, 20.0, float("nan"), *[18.0] * 19, 18.0]
    assert told(vix) == ["e", "e", *[""] * 20, "c"][: len(vix) - 20]


steps = st.lists(st.floats(-0.35, 0.35), min_size=25, max_size=120)


@given(steps, st.sets(st.integers(0, 119), max_size=2))
def test_any_path_has_the_states_of_the_plain_telling(moves: list[float], holes: set[int]) -> None:
    vix = np.round(np.clip(15.0 * np.exp(np.cumsum(moves)), 9.0, 90.0), 2)
    for hole in holes:
        if hole < vix.size:
            vix[hole] = np.nan
    found = press_states(vix)
    names = ["" if np.isnan(code) else STATES[int(code)] for code in found.state.tolist()]
    assert names == press_reference(vix.tolist())
    calm = np.isnan(found.state) | (found.state == 0.0)
    assert (calm == (found.began == -1)).all() and (calm == (found.foot == -1)).all()
    for now in np.flatnonzero(~calm).tolist():
        assert found.foot[now] < found.began[now] <= now
        assert vix[found.began[now]] >= 1.25 * vix[found.foot[now]] and found.began[now] - found.foot[now] <= 5


def spiked(days: list[int]) -> History:
    """The spike of the first test, with FOMC days at the given rows."""
    history = make_history(30, with_vx=False)
    vix = np.array([*CALM, 15.0, 20.0, 18.0, 15.0, 14.0, 11.0, 10.5, 10.0, 10.0, 10.0])
    return replace(history, vix_close=vix, events={"fomc": history.sessions[days]})


def value(history: History, name: str) -> list[float]:
    return find_signal(name).compute(history)[20:27].tolist()


@pytest.mark.parametrize(("days", "near"), [([2, 18, 29], True), ([2, 22, 29], True), ([2, 17, 29], False), ([2, 23, 29], False)])
def test_an_fomc_episode_begins_within_two_sessions_of_a_meeting(days: list[int], near: bool) -> None:
    history = spiked(days)
    assert value(history, "press_expansion") == [1, 1, 1, 0, 0, 0, 0]
    assert value(history, "press_fomc_expansion") == ([1, 1, 1, 0, 0, 0, 0] if near else [0] * 7)
    assert value(history, "press_fomc_press") == ([0, 0, 0, 1, 1, 0, 0] if near else [0] * 7)
    assert value(history, "press_fomc_calm") == ([0, 0, 0, 0, 0, 1, 1] if near else [1] * 7)


def test_an_episode_beyond_the_list_of_meetings_is_unknown() -> None:
    after = spiked([2, 10])
    assert np.isnan(value(after, "press_fomc_expansion")[:5]).all() and value(after, "press_fomc_expansion")[5:] == [0, 0]
    none = replace(after, events={})
    assert np.isnan(find_signal("press_fomc_calm").compute(none)).all()
    assert value(spiked([2, 19]), "press_fomc_expansion")[:3] == [1, 1, 1], "near the last meeting it is known"


def test_a_topping_episode_rises_out_of_a_top() -> None:
    """SPX leaves its high as VIX rises: topping still counts from the foot on."""
    rows = 300
    history = make_history(rows, with_vx=False)
    vix = np.full(rows, 10.0)
    vix[280:286] = [15.0, 20.0, 18.0, 15.0, 14.0, 11.0]
    spx = 100.0 + 0.1 * np.arange(rows)
    spx[278:] = 100.0
    net = np.full(rows, 10.0)
    net[250:] = -40.0
    advances = 500.0 + net / 2.0
    made = replace(history, vix_close=vix, spx_close=spx, breadth={"nyse": (advances, 1000.0 - advances)})
    topping = find_signal("topping_nyse").compute(made)
    assert topping[275:278].tolist() == [1.0] * 3 and (topping[278:] == 0.0).all()
    assert find_signal("press_topping_nyse_expansion").compute(made)[279:285].tolist() == [0, 1, 1, 1, 0, 0]
    assert find_signal("press_topping_nyse_press").compute(made)[279:285].tolist() == [0, 0, 0, 0, 1, 1]
    early = replace(made, spx_close=np.where(np.arange(rows) >= 270, 100.0, spx))
    assert (find_signal("press_topping_nyse_expansion").compute(early)[251:] == 0.0).all()
    assert find_signal("press_topping_nyse_calm").compute(early)[280] == 1.0
    gap = replace(made, breadth={"nyse": (np.where(np.arange(rows) == 276, np.nan, advances), 1000.0 - advances)})
    assert np.isnan(find_signal("press_topping_nyse_calm").compute(gap)[276:]).all()
