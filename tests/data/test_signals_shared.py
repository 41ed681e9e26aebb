"""Signals on the real history beside the repository: published closes, known spikes, and other sources of the same figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.core.days import iso, to_day
from alvh.data.load import load_history
from alvh.market.history import History
from alvh.market.press import press_states
from alvh.market.signals import EXAMPLES, find_signal, missing_input

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "market"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "cboe" / "VIX_History.csv").is_file(), reason="no ../shared/market beside the repository"
)


@pytest.fixture(scope="module")
def history() -> History:
    return load_history(FOLDER).history


def at(history: History, text: str) -> int:
    return int(np.flatnonzero(history.sessions == to_day(date.fromisoformat(text)))[0])


def value(history: History, name: str, text: str) -> float:
    return float(find_signal(name).compute(history)[at(history, text)])


@pytest.mark.parametrize(("day", "settle"), [("2018-02-05", 33.225), ("2020-03-16", 72.625), ("2008-11-20", 66.23)])
def test_the_front_is_the_known_settle(history: History, day: str, settle: float) -> None:
    assert value(history, "vx_front", day) == settle


def test_ranks_agree_with_the_constant_rank_file(history: History) -> None:
    """An oracle apart from the merge: M1 to M4 of 2007-2019, where that file is sound. It rolls a day later at some expiries."""
    lines = (FOLDER / "cfe" / "VX_M1_M7_2004_2024.csv").read_text().splitlines()
    column = {name.strip().lower(): place for place, name in enumerate(lines[0].split(","))}
    slope = find_signal("vx_slope_1_4").compute(history)
    row_of = {iso(session): row for row, session in enumerate(history.sessions)}
    agree = total = 0
    for cells in (line.split(",") for line in lines[1::10]):
        if not "2007" <= cells[0] < "2020" or cells[0] not in row_of or not np.isfinite(slope[row_of[cells[0]]]):
            continue
        total += 1
        agree += abs(slope[row_of[cells[0]]] - (float(cells[column["m4"]]) / float(cells[column["m1"]]) - 1.0)) < 0.01
    assert total > 250 and agree >= 0.95 * total


def test_the_spread_is_freds_own_a_session_later(history: History) -> None:
    """T10Y2Y is FRED's difference of the same two yields, dated by their day: the signal has it at the session after."""
    spread = find_signal("curve_2s10s_bp").compute(history)
    lines = (FOLDER / "rates" / "T10Y2Y.csv").read_text().splitlines()[1:]
    fred = {cells[0]: float(cells[1]) for cells in (line.split(",") for line in lines) if cells[1] not in ("", ".")}
    compared = off = 0
    for row in range(1, len(history.sessions)):
        before = iso(history.sessions[row - 1])
        if before in fred and np.isfinite(spread[row]):
            # On a Good Friday bonds trade while stocks rest: that yield, not Thursday's, is the last one known.
            compared += 1
            off += abs(spread[row] - 100.0 * fred[before]) > 0.01
    assert compared > 8800 and off <= 25
    assert value(history, "curve_2s10s_bp", "2022-06-14") == pytest.approx(100.0 * fred["2022-06-13"], abs=0.01)


def test_yields_are_known_throughout(history: History) -> None:
    last = to_day(date(2026, 2, 25))
    for values in history.yields.values():
        assert np.isfinite(values[history.sessions <= last]).all() and np.isnan(values[history.sessions > last]).all()


def test_breadth_of_both_universes(history: History) -> None:
    assert set(history.breadth) == {"nyse", "synthetic"}
    known = [int(np.isfinite(sum(sides)).sum()) for sides in history.breadth.values()]
    assert known == [7297, 7159]
    nyse, other = (find_signal(f"net_advances_per_1000_{name}").compute(history) for name in ("nyse", "synthetic"))
    both = np.isfinite(nyse) & np.isfinite(other)
    assert np.corrcoef(nyse[both], other[both])[0, 1] > 0.9, "two universes of the same market"


def test_event_lists(history: History) -> None:
    assert set(history.events) == {"fomc", "cpi"} and len(history.unscheduled["fomc"]) == 8
    assert value(history, "sessions_to_fomc", "2022-06-15") == 0.0 and value(history, "sessions_to_cpi", "2022-06-10") == 0.0
    assert value(history, "sessions_since_cpi", "2022-06-15") == 3.0
    assert value(history, "sessions_to_fomc", "2020-03-02") == 41.0, "the cut of the next day was not known"
    assert value(history, "sessions_to_fomc", "2020-03-16") == 0.0, "that of Sunday the 15th was felt on Monday"
    assert np.isfinite(find_signal("sessions_to_fomc").compute(history)).all(), "the list reaches beyond the history"


@pytest.mark.parametrize(
    ("foot", "began", "top"),
    [
        ("2018-01-22", "2018-01-29", 37.32),
        ("2020-02-14", "2020-02-24", 82.69),
        ("2011-07-22", "2011-07-27", 48.00),
        ("2024-07-12", "2024-07-18", 38.57),
    ],
)
def test_known_spikes_are_told_as_they_rise(history: History, foot: str, began: str, top: float) -> None:
    states = press_states(history.vix_close)
    rows = np.flatnonzero(states.began == at(history, began))
    assert states.foot[rows[0]] == at(history, foot) and history.vix_close[rows].max() == top
    quiet = np.flatnonzero((states.state[: rows[0]] == 0.0) & (np.arange(rows[0]) >= rows[0] - 5))
    assert quiet.size == 5


def test_the_spike_of_2020_was_not_given_back_in_ten_sessions_and_that_of_2018_was(history: History) -> None:
    states = press_states(history.vix_close)
    assert not (states.state[states.began == at(history, "2020-02-24")] == 2.0).any()
    assert (
        iso(history.sessions[np.flatnonzero((states.began == at(history, "2018-01-29")) & (states.state == 2.0))[0]])
        == "2018-02-14"
    )


def test_every_signal_has_values_but_those_that_wait_for_the_users_files(history: History) -> None:
    lacking = {name for name in EXAMPLES if missing_input(history, name) is not None}
    assert lacking == {
        "cpi_zscore", "cpi_surprise", "ppi_zscore", "ppi_surprise", "gdp_zscore", "gdp_surprise", "ppi_release_move",
        "gdp_release_move", "sessions_since_gdp", "fx_change_20_pct", "fx_zscore",
    }  # fmt: skip
    for name in EXAMPLES:
        found = np.isfinite(find_signal(name).compute(history)).sum()
        assert found == 0 if name in lacking else found > 2500, name
