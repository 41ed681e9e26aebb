"""Breadth divergence and topping, on numbers small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.market.history import History
from alvh.market.signals import find_signal


def market(spx: list[float], net: list[float], *, universe: str = "nyse") -> History:
    """SPX closes and net advances, out of 1000 issues, as given."""
    history = make_history(len(spx), with_vx=False)
    advances = 500.0 + np.array(net) / 2.0
    return replace(history, spx_close=np.array(spx), breadth={universe: (advances, 1000.0 - advances)})


def value(history: History, name: str) -> list[float]:
    return find_signal(name).compute(history).tolist()


def test_divergence_by_hand() -> None:
    """A/D line 10 30 20 0 -10 -30; its deviation over five sessions is 15.81 at the fifth, 23.87 at the sixth."""
    net = [10.0, 20.0, -10.0, -20.0, -10.0, -20.0]
    high = market([100.0, 101.0, 102.0, 103.0, 104.0, 105.0], net)
    # Fifth: 30 - (-10) = 40 > 15.81. Sixth: 30 - (-30) = 60 > 23.87. SPX is at its high both times.
    assert value(high, "ad_divergence_5_nyse")[4:] == [1.0, 1.0]
    assert np.isnan(value(high, "ad_divergence_5_nyse")[:4]).all()
    low = market([100.0, 101.0, 102.0, 103.0, 104.0, 102.9], net)
    # 102.9 is 1.06 % below 104; 102.96 would be exactly 1 % below and count.
    assert value(low, "ad_divergence_5_nyse")[4:] == [1.0, 0.0]
    edge = market([100.0, 100.0, 100.0, 100.0, 100.0, 99.0], net)
    assert value(edge, "ad_divergence_5_nyse")[5] == 1.0


def test_a_line_within_one_deviation_of_its_high_does_not_diverge() -> None:
    """A/D line 0 10 20 30 25: 30 - 25 = 5 is below its deviation of 12.04."""
    history = market([100.0, 101.0, 102.0, 103.0, 104.0], [0.0, 10.0, 10.0, 10.0, -5.0])
    assert value(history, "ad_divergence_5_nyse")[4] == 0.0
    flat = market([100.0] * 5, [0.0] * 5)
    assert value(flat, "ad_divergence_5_nyse")[4] == 0.0


def test_after_a_gap_the_line_begins_anew() -> None:
    net = [10.0, 20.0, -10.0, -20.0, -10.0, -20.0, float("nan"), 10.0, 20.0, -10.0, -20.0, -10.0]
    values = value(market([100.0 + row for row in range(12)], net), "ad_divergence_5_nyse")
    assert values[4:6] == [1.0, 1.0] and np.isnan(values[6:11]).all() and values[11] == 1.0


def test_universes_are_never_mixed() -> None:
    spx = [100.0, 101.0, 102.0, 103.0, 104.0]
    history = market(spx, [10.0, 20.0, -10.0, -20.0, -10.0])
    other = market(spx, [10.0, 10.0, 10.0, 10.0, 10.0], universe="other")
    both = replace(history, breadth={**history.breadth, **other.breadth})
    assert value(both, "ad_divergence_5_nyse")[4] == 1.0 and value(both, "ad_divergence_5_other")[4] == 0.0
    assert value(both, "net_advances_per_1000_nyse") == [10.0, 20.0, -10.0, -20.0, -10.0]
    assert value(both, "net_advances_per_1000_other") == [10.0] * 5
    assert np.isnan(value(both, "net_advances_per_1000_third")).all()


def test_the_divergence_score_is_the_difference_of_two_scored_slopes() -> None:
    random = np.random.default_rng(4)
    spx, net = 100.0 * np.exp(np.cumsum(random.normal(0, 0.01, 300))), np.round(random.normal(0, 200, 300))
    values = value(market(spx.tolist(), net.tolist()), "ad_divergence_z_nyse")
    line = np.cumsum(net)
    slopes = [
        [np.polyfit(np.arange(20), series[end - 20 : end], 1)[0] for end in range(20, 301)] for series in (np.log(spx), line)
    ]
    for row in (270, 299):
        scores = []
        for slope in slopes:
            window = slope[row - 19 - 251 : row - 19 + 1]
            scores.append((window[-1] - np.mean(window)) / np.std(window, ddof=1))
        assert values[row] == pytest.approx(scores[0] - scores[1], abs=1e-9)
    assert np.isnan(values[:270]).all()


def test_topping_needs_the_high_of_a_year_and_divergence() -> None:
    rows = 320
    spx = np.full(rows, 90.0)
    spx[40] = 100.0
    spx[280:] = 98.5
    spx[300:] = 99.5
    net = np.full(rows, 10.0)
    net[270:] = -40.0
    values = np.array(value(market(spx.tolist(), net.tolist()), "topping_nyse"))
    assert np.isnan(values[:251]).all()
    # Up to session 291 the high of 100 at session 40 is inside the 252: 98.5 is not near it, 99.5 would be.
    assert (values[251:292] == 0.0).all()
    # From 292 on the high is 98.5, later 99.5, and the line has fallen for three weeks: it diverges.
    assert (values[292:] == 1.0).all()
    healthy = np.array(value(market(spx.tolist(), [10.0] * rows), "topping_nyse"))
    assert (healthy[251:] == 0.0).all()
