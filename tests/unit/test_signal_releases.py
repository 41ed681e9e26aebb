"""First releases, surprises, event-day moves and the exchange rate, worked by hand."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.core.days import to_day
from alvh.market.history import FirstReleases, History, ReleasedLevels
from alvh.market.signal_releases import score_against_earlier
from alvh.market.signals import find_signal


def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


def value(history: History, name: str) -> np.ndarray:
    return find_signal(name).compute(history)


def monthly(actual: list[float], *, last: str, consensus: float | None = None) -> FirstReleases:
    """Releases 30 days apart up to ``last``."""
    published = day(last) - 30 * np.arange(len(actual))[::-1]
    expected = np.full(len(actual), np.nan if consensus is None else consensus)
    return FirstReleases(release_day=published, reference_month=published - 45, actual=np.array(actual), consensus=expected)


CPI = [0.1, 0.3] * 12 + [0.6]
"""24 releases of mean 0.2 and sample deviation 0.10215, then 0.6."""


def test_the_macro_score_leaves_the_scored_release_out() -> None:
    """(0.6 - 0.2) / 0.10215 = 3.916; with the release itself among them it would be 3.24."""
    history = replace(make_history(60), releases={"cpi": monthly(CPI, last="2015-02-03")})
    score = value(history, "cpi_zscore")
    at = int(np.flatnonzero(history.sessions == day("2015-02-03"))[0])
    assert np.isnan(score[:at]).all(), "the 24th release has only 23 before it"
    np.testing.assert_allclose(score[at : at + 30], (0.6 - 0.2) / statistics.stdev(CPI[:24]), rtol=1e-12)
    assert score[at] == pytest.approx(3.916, abs=1e-3)


def test_a_figure_stands_until_the_next_and_not_beyond_its_time() -> None:
    history = replace(make_history(120), releases={"cpi": monthly(CPI, last="2015-02-03", consensus=0.25)})
    surprise = value(history, "cpi_surprise")
    known = history.sessions[np.isfinite(surprise)]
    assert surprise[0] == pytest.approx(0.3 - 0.25)
    assert surprise[history.sessions == day("2015-02-02")] == pytest.approx(0.3 - 0.25)
    assert surprise[history.sessions == day("2015-02-03")] == pytest.approx(0.6 - 0.25)
    # 70 days after 2015-02-03 is 2015-04-14: the next release is overdue then.
    assert known[-1] == day("2015-04-14") and (np.diff(np.flatnonzero(np.isfinite(surprise))) == 1).all()


def test_a_release_on_a_closed_day_counts_from_the_next_session() -> None:
    history = replace(make_history(80), releases={"cpi": monthly(CPI, last="2015-04-03", consensus=0.0)})
    surprise = value(history, "cpi_surprise")
    good_friday = day("2015-04-03")
    assert surprise[history.sessions < good_friday][-1] == pytest.approx(0.3)
    assert surprise[history.sessions > good_friday][0] == pytest.approx(0.6)


def test_gdp_is_scored_against_eight_releases() -> None:
    actual = np.array([2.0, 3.0] * 4 + [5.0])
    score = score_against_earlier(actual, 8)
    assert np.isnan(score[:8]).all()
    assert score[8] == pytest.approx((5.0 - 2.5) / statistics.stdev(actual[:8].tolist()))
    published = day("2015-01-05") - 91 * np.arange(9)[::-1]
    gdp = FirstReleases(release_day=published, reference_month=published - 100, actual=actual, consensus=actual * np.nan)
    history = replace(make_history(20), releases={"gdp": gdp})
    np.testing.assert_allclose(value(history, "gdp_zscore"), score[8])
    assert np.isnan(value(history, "gdp_surprise")).all()


def test_a_score_against_equal_figures_is_zero_or_unknown() -> None:
    assert score_against_earlier(np.array([0.2] * 9), 8)[8] == 0.0
    assert math.isnan(score_against_earlier(np.array([0.2] * 8 + [0.3]), 8)[8])


def test_the_release_move_by_hand() -> None:
    """VIX9D 16 implies 16 / sqrt(252) x sqrt(2/pi) = 0.8042 % a day; SPX moves from 2000 to 1970, 1.5 %: 1.865 times that."""
    history = make_history(8, with_vx=False)
    close = np.array([2000.0, 2000.0, 1970.0, 1980.0, 1980.0, 1999.8, 1999.8, 1999.8])
    nine = np.array([16.0, 16.0, 30.0, 30.0, np.nan, 20.0, 20.0, 20.0])
    events = {"fomc": history.sessions[[2, 5]]}
    history = replace(history, spx_close=close, vix9d=nine, vix_close=np.full(8, 18.0), events=events)
    move = value(history, "fomc_release_move")
    assert np.isnan(move[:2]).all()
    np.testing.assert_allclose(move[2:5], 0.015 / (0.16 / math.sqrt(252) * math.sqrt(2 / math.pi)), rtol=1e-12)
    assert move[2] == pytest.approx(1.8652, abs=1e-4)
    # At session 4 VIX9D is missing, so VIX 18 stands in: 1 % against 0.9048 %.
    np.testing.assert_allclose(move[5:], 0.01 / (0.18 / math.sqrt(252) * math.sqrt(2 / math.pi)), rtol=1e-9)


def test_the_exchange_rate_counts_from_its_publication() -> None:
    published = day("2015-02-10") - 28 * np.arange(40)[::-1]
    changes = np.array([0.0] + [0.01, -0.01] * 19 + [0.04])
    fx = ReleasedLevels(release_day=published, level=100.0 * np.exp(np.cumsum(changes)))
    history = replace(make_history(40), fx=fx)
    before, after = history.sessions < published[-1], history.sessions >= published[-1]
    change = value(history, "fx_change_5_pct")
    at = int(np.flatnonzero(after)[0])
    np.testing.assert_allclose(change[at : at + 5], 100 * math.expm1(0.04), rtol=1e-12)
    np.testing.assert_allclose(change[at + 5 :], 0.0, atol=1e-12)
    score = value(history, "fx_zscore")
    np.testing.assert_allclose(score[after], (0.04 - 0.0) / statistics.stdev(changes[-25:-1].tolist()), rtol=1e-9)
    np.testing.assert_allclose(score[before][-1], -0.01 / statistics.stdev(changes[-26:-2].tolist()), rtol=1e-9)
    assert np.isnan(value(replace(history, fx=None), "fx_zscore")).all()
