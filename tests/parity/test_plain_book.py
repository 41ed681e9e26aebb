"""The engine against its plain twin (`tests/reference/plain_book.py`) on synthetic histories, session by session to the cent."""

from __future__ import annotations

import pytest
from tests.helpers.books import compare_with_plain, market_of, run_book, synthetic_market
from tests.helpers.history import make_history
from tests.reference.plain_book import PlainBook

from alvh.core.days import iso


@pytest.mark.parametrize(
    ("seed", "sessions", "with_vx", "stress"),
    [
        (0, 500, True, False),
        (1, 500, True, True),
        (2, 420, False, False),
        (3, 600, False, True),
    ],
)
def test_default_book_agrees_with_its_plain_twin(seed: int, sessions: int, with_vx: bool, stress: bool) -> None:
    market = synthetic_market(sessions, seed=seed, with_vx=with_vx, stress=stress)
    plain = PlainBook(market, int(market.sessions[0]), int(market.sessions[-1])).run()
    assert compare_with_plain(run_book(market), plain) == []
    assert plain.counts["entries"] > 80
    assert min(plain.counts["rolls"]) > 10


@pytest.mark.parametrize("first", [1, 2, 3, 4, 40])
def test_a_run_that_starts_on_any_weekday_agrees(first: int) -> None:
    """The first opening waits for the first condor day; the grid does not move with the run's dates."""
    market = synthetic_market(500, seed=0)
    plain = PlainBook(market, int(market.sessions[first]), int(market.sessions[160])).run()
    assert compare_with_plain(run_book(market, first=first, last=160), plain) == []


def test_wednesdays_without_a_session_agree() -> None:
    """4 July and 5 December 2018 are Wednesdays on which the market was closed; a run may start on the Thursday after."""
    market = market_of(make_history(140, seed=5, start="2018-06-04"))
    days = [iso(day) for day in market.sessions]
    assert "2018-07-04" not in days and "2018-12-05" not in days
    for first in (0, days.index("2018-07-05")):
        plain = PlainBook(market, int(market.sessions[first]), int(market.sessions[-1])).run()
        result = run_book(market, first=first)
        assert compare_with_plain(result, plain) == []
        opened = {iso(market.sessions[lot.open_index]) for lot in result.lots if lot.layer < 0}
        assert {"2018-07-05", "2018-12-06"} <= opened
