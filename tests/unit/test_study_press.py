"""``alvh study press``: hits, false alarms and what came next, against counts by hand and pandas; what is missing is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from tests.helpers.history import make_history

from alvh.app.cli import main
from alvh.core.days import iso
from alvh.market.history import History
from alvh.study.press import outcomes, press_document, stayed_under

Floats = NDArray[np.float64]
SPIKE = [20.0, 24.0, 21.0, 19.5]
"""From 15: told on its first close, top on the second, half back on the fourth."""
STUCK = [20.0, *[19.5] * 14, 18.6, 17.0]
"""Told, and never half back within ten sessions of its top."""


def history_of(vix: Any) -> History:
    closes = np.array(vix, dtype=np.float64)
    made = make_history(len(closes))
    return replace(made, vix_close=closes, events={}, breadth={})


def two_spikes() -> History:
    return history_of([*[15.0] * 30, *SPIKE, *[15.0] * 60, *STUCK, *[15.0] * 60])


def reading(history: History, name: str = "spike_reversion", start: int = 0) -> dict[str, Any]:
    (found,) = [one for one in press_document(history, start)["readings"] if one["press"] == name]
    return dict(found)


def test_a_hit_a_false_alarm_and_an_event_by_hand() -> None:
    history = two_spikes()
    found = reading(history)
    assert (found["spikes"], len(found["events"])) == (2, 1)
    event = found["events"][0]
    assert [event[key] for key in ("foot", "onset", "top", "half_back")] == [iso(history.sessions[k]) for k in (25, 30, 31, 33)]
    assert (event["vix_foot"], event["vix_top"], event["sessions_to_half_back"]) == (15.0, 24.0, 3)
    told = found["told_expansion"]
    assert (told["told"], told["judged"], told["hits"], told["hits_from_told"]) == (2, 2, 1, 1)
    assert told["false_alarm_sessions"] == [iso(history.sessions[94])]
    assert (told["hit_rate"], told["events_told"], told["events"]) == (0.5, 1, 1)


def test_an_event_that_takes_longer_than_ten_sessions_from_the_tell() -> None:
    """Eight sessions of new highs, then the give-back: ten sessions from the top, not from the tell."""
    rising = [20.0 + k for k in range(12)]
    found = reading(history_of([*[15.0] * 30, *rising, 22.0, *[15.0] * 60]))["told_expansion"]
    assert (found["hits"], found["hits_from_told"]) == (1, 0)


def test_a_press_that_failed_and_one_that_held() -> None:
    """Told at 19.5; in the second history VIX passes the old top of 24 twelve sessions later."""
    held = reading(history_of([*[15.0] * 30, *SPIKE, *[15.0] * 60]))["told_press"]
    assert (held["told"], held["judged"], held["hits"], held["false_alarms"]) == (1, 1, 1, 0)
    failed = history_of([*[15.0] * 30, *SPIKE, *[19.0] * 11, 26.0, *[15.0] * 60])
    found = reading(failed)["told_press"]
    assert found["false_alarms"] >= 1 and found["false_alarm_sessions"][0] == iso(failed.sessions[33])


def test_sessions_by_state_are_all_sessions() -> None:
    history = two_spikes()
    states = reading(history)["state_sessions"]
    assert sum(states.values()) == len(history.sessions) and states["unknown"] == 19
    assert states["expansion"] >= 3 and states["press"] >= 1  # rows 30 to 32, and row 33


def test_the_run_begins_where_it_should() -> None:
    history = two_spikes()
    found = press_document(history, 60)
    assert (found["from"], found["sessions"]) == (iso(history.sessions[60]), len(history.sessions) - 60)
    assert found["readings"][0]["spikes"] == 1 and found["base"][0]["cases"] == len(history.sessions) - 60


def test_outcomes_against_pandas() -> None:
    history = make_history(300, seed=5)
    rows = np.array([20, 50, 120, 200, 285, 295])
    frame = pd.DataFrame({"vix": history.vix_close, "spx": history.spx_close})
    for found in outcomes(history, rows):
        step = found["sessions"]
        vix = (frame["vix"].shift(-step) - frame["vix"]).iloc[rows].dropna()
        spx = (frame["spx"].shift(-step) / frame["spx"] - 1.0).iloc[rows].dropna()
        assert found["cases"] == len(vix) == (6 if step == 5 - 1 else {5: 5, 10: 5, 21: 4}[step])
        assert found["vix_change_points_mean"] == pytest.approx(vix.mean())
        assert found["vix_change_points_error"] == pytest.approx(vix.sem())
        assert found["vix_change_points_median"] == pytest.approx(vix.median())
        assert found["vix_lower_share"] == pytest.approx((vix < 0).mean())
        assert found["spx_return_mean"] == pytest.approx(spx.mean())
        assert found["spx_return_error"] == pytest.approx(spx.sem())
        assert found["spx_higher_share"] == pytest.approx((spx > 0).mean())


def test_outcomes_of_no_case_and_of_one() -> None:
    history = make_history(60)
    none = outcomes(history, np.empty(0, dtype=np.int64))
    assert {found["cases"] for found in none} == {0} and none[0]["vix_change_points_mean"] is None
    one = outcomes(history, np.array([3]))[0]
    assert one["spx_return_mean"] is not None and one["spx_return_error"] is None


def test_no_new_high_is_a_window_maximum_in_pandas() -> None:
    history = make_history(300, seed=2)
    vix = pd.Series(history.vix_close)
    recent = vix.rolling(11).max()
    ahead = vix[::-1].rolling(21).max()[::-1].shift(-1)
    known = (recent.notna() & ahead.notna()).to_numpy()
    expected = int((ahead <= recent)[known].sum())
    assert stayed_under(history.vix_close, np.arange(300)) == (expected, int(known.sum()))


# --------------------------------------------------------------------------------------------------------- fomc, topping, missing


def test_fomc_counts_spikes_that_begin_near_a_meeting() -> None:
    """Meetings on the day of the first spike's beginning, and three sessions before the second one's."""
    history = two_spikes()
    days = history.sessions[[30, 91]]
    found = reading(replace(history, events={"fomc": days}), "fomc")
    assert (found["spikes"], found["told_expansion"]["told"], found["share_of_spikes"]) == (1, 1, 0.5)
    near = 5 + 5  # two sessions either side of both days
    assert found["share_of_sessions"] == pytest.approx(
        near / (len(history.sessions) - 28)
    )  # unknown before two sessions to the first
    closer = reading(replace(history, events={"fomc": history.sessions[[30, 92]]}), "fomc")
    assert (closer["spikes"], closer["share_of_spikes"]) == (2, 1.0)


def test_topping_counts_spikes_that_rise_out_of_a_top() -> None:
    """SPX rises all the way to the spike, while declines outnumber advances."""
    n = 360
    vix = [*[15.0] * 320, *SPIKE, *[15.0] * (n - 324)]
    spx = 2000.0 * 1.001 ** np.arange(n)
    falling = (np.full(n, 1000.0), np.full(n, 2000.0))
    history = replace(history_of(vix), spx_close=spx, breadth={"nyse": falling, "synthetic": (falling[1], falling[0])})
    found = {one["press"]: one for one in press_document(history, 0)["readings"]}
    assert found["topping (nyse)"]["spikes"] == 1 and found["topping (synthetic)"]["spikes"] == 0
    assert found["topping (nyse)"]["told_expansion"]["hits"] == 1
    assert found["topping (nyse)"]["share_of_sessions"] == 1.0 and found["topping (synthetic)"]["share_of_sessions"] == 0.0


def test_a_reading_without_its_data_names_the_file() -> None:
    found = {one["press"]: one["missing"] for one in press_document(two_spikes(), 0)["readings"]}
    assert found["spike_reversion"] is None
    assert found["fomc"] == "calendar/fomc_dates.csv: one column 'date'"
    assert found["topping (nyse)"] is not None and found["topping (nyse)"].startswith("breadth/NYSE_advn.csv")


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["study", "press", "--data", "sample", "--from", "2015-01-02", "--quiet"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    plain = found["readings"][0]
    assert found["schema"] == "alvh.press/1" and found["from"] == "2015-01-02"
    february = next(one for one in plain["events"] if one["top"] == "2018-02-05")
    assert (february["foot"], february["onset"], february["vix_top"]) == ("2018-01-22", "2018-01-29", 37.32)
    assert "reversal" in found["by_construction"] or "came back" in found["by_construction"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "no forecast" in shown and "fomc: not judged, for no file holds calendar/fomc_dates.csv" in shown
    assert "2018-02-05" in shown and "Base rates" in shown


def test_a_span_that_ends_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "press", "--from", "2018-02-01", "--to", "2018-01-02"]) == 2
    assert "lies before" in capsys.readouterr().err
