"""The named episodes on the histories beside the repository: the moves are those of the published closes and settlements."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import market_of
from tests.helpers.stress_books import book

from alvh.core.days import to_day
from alvh.data.load import load_history
from alvh.market.history import History
from alvh.market.scenarios import Response, Scenarios
from alvh.models.model_market import ModelMarket
from alvh.models.stand_ins import fill_missing
from alvh.risk.episodes import CURVE_DAYS, EPISODES, MADE, Move, measure, stress_episodes
from alvh.risk.stress import stress

SHARED = Path(__file__).resolve().parents[3] / "shared"
KNOWN = {
    "Oct 2008": ((2008, 9, 12), 1251.70, 25.66, (2008, 11, 20), 752.44, 80.86),
    "Feb 2018": ((2018, 1, 26), 2872.87, 11.08, (2018, 3, 29), 2640.87, 19.97),
    "Mar 2020": ((2020, 2, 19), 3386.15, 14.38, (2020, 3, 23), 2237.40, 61.59),
    "Aug 2024": ((2024, 7, 16), 5667.20, 13.19, (2024, 8, 5), 5186.33, 38.57),
}
"""Published closes of SPX and VIX."""


@pytest.fixture(scope="module")
def history() -> History:
    if not (SHARED / "market" / "cboe" / "VIX_History.csv").is_file():
        pytest.skip("no ../shared/market beside the repository")
    return fill_missing(load_history(SHARED / "market", start=date(2007, 1, 3), end=date(2026, 1, 7)).history)[0]


@pytest.fixture(scope="module")
def market(history: History) -> ModelMarket:
    last = int(np.searchsorted(history.sessions, to_day(date(2025, 6, 16))))
    rows = slice(last - 60, last + 1)
    changed: dict[str, object] = {}
    for name in History.__dataclass_fields__:
        value = getattr(history, name)
        if isinstance(value, np.ndarray):
            changed[name] = np.ascontiguousarray(value[rows])
    vx = history.vx
    changed["vx"] = replace(vx, settle=vx.settle[rows], volume=vx.volume[rows], open=vx.open[rows])
    changed["modelled"], changed["etps"] = {}, {}
    return market_of(replace(history, **changed))


def move(history: History, name: str) -> Move:
    return measure(history, *next(row for row in EPISODES if row[0] == name))


@pytest.mark.parametrize("name", KNOWN)
def test_moves_are_the_published_closes(history: History, name: str) -> None:
    first, spx0, vix0, last, spx1, vix1 = KNOWN[name]
    found = move(history, name)
    assert (found.first, found.last) == (to_day(date(*first)), to_day(date(*last)))
    assert found.spx_move == pytest.approx(spx1 / spx0 - 1.0, abs=2e-5)
    assert found.vix_points == pytest.approx(vix1 - vix0, abs=0.011)
    assert found.missing == ()


def test_every_episode_is_known_and_its_curve_is_no_beta(history: History) -> None:
    moves = [measure(history, *row) for row in EPISODES]
    assert [found.missing for found in moves] == [()] * len(EPISODES)
    sixty = np.array([found.curve_points[CURVE_DAYS.index(60.0)] / found.vix_points for found in moves])
    assert sixty.min() < 0.40 and sixty.max() > 0.80
    assert all(found.curve_points[0] == pytest.approx(found.vix_points) for found in moves)
    assert move(history, "Oct 2008").by_response == ("SPX vol at 9 days", "SPX vol at 93 days")
    assert move(history, "Mar 2020").by_response == ()


def test_the_curve_passes_through_the_settlements(history: History) -> None:
    """COVID path of methods.md 4.5: F30, F60, F90 of 19 February 15.4, 16.3, 16.5; and 18 March 69.9, 60.8, 51.8."""
    found = measure(history, "to 18 March", date(2020, 2, 19), date(2020, 3, 18))
    at = [CURVE_DAYS.index(days) for days in (30.0, 60.0, 90.0)]
    np.testing.assert_allclose(found.curve_points[at], [69.9 - 15.4, 60.8 - 16.3, 51.8 - 16.5], atol=0.8)


def test_a_book_in_every_episode(history: History, market: ModelMarket) -> None:
    index = len(market.sessions) - 1
    snapshot, positions = market.snapshot(index), book(market, index)
    found = stress_episodes(snapshot, market.series, positions, history)
    names = [row.name for row in found.moves]
    assert names == [row[0] for row in EPISODES] + [row[0] for row in MADE]
    assert found.left_out == {}
    condor = dict(zip(names, found.stress.by_sleeve()["condor"], strict=True))
    hedge = dict(zip(names, found.stress.by_sleeve()["hedge"], strict=True))
    assert all(condor[name] < 0.0 for name in names)
    assert all(hedge[name] > 0.0 for name in ("Oct 2008", "Mar 2020", "Aug 2011", "Aug 2024"))
    assert hedge["2022 grind"] < 0.05 * hedge["Mar 2020"], "a slow fall pays the calls nothing"
    beta = stress(snapshot, market.series, positions, Scenarios.of(-0.05, 20.0), Response())
    assert hedge["futures lag"] < float(beta.by_sleeve()["hedge"][0])
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    assert len(document["episodes"]) == len(names)
    later = stress_episodes(snapshot, market.series, positions, history, elapsed=True)
    assert later.stress.scenarios.days_forward[names.index("Mar 2020")] == 33.0
    assert later.stress.scenarios.days_forward[-1] == 0.0


def test_what_is_missing_is_named_and_left_out(history: History, market: ModelMarket) -> None:
    row = int(np.searchsorted(history.sessions, to_day(date(2020, 2, 19))))
    vvix, settle = history.vvix.copy(), history.vx.settle.copy()
    vvix[row] = np.nan
    settle[int(np.searchsorted(history.sessions, to_day(date(2011, 10, 3))))] = np.nan
    cut = replace(
        history,
        vvix=vvix,
        vx=replace(history.vx, settle=settle),
        modelled={"vvix": np.arange(len(vvix)) == int(np.searchsorted(history.sessions, to_day(date(2018, 1, 26))))},
    )
    index = len(market.sessions) - 1
    found = stress_episodes(market.snapshot(index), market.series, book(market, index), cut)
    assert found.left_out == {
        "Mar 2020": ("VVIX 2020-02-19",),
        "Aug 2011": ("VX to 90 days 2011-10-03 (ends at 0)",),
        "Feb 2018": ("VVIX 2018-01-26",),
    }
    assert "Mar 2020" not in [row.name for row in found.moves]
    assert measure(history, "too early", date(1987, 10, 16), date(1987, 10, 19)).missing == (
        "session 1987-10-16",
        "session 1987-10-19",
    )
