"""Temporal theta (R66) against vollib's Greeks on a market whose vol a test states at every close."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.helpers.books import shipped, synthetic_market
from tests.helpers.steady_market import SteadyMarket, SteadySnapshot, steady_market
from vollib.black.greeks.analytical import theta as black_theta
from vollib.black.greeks.analytical import vega as black_vega

from alvh.study.temporal_theta import SESSIONS, at_the_money_vols, temporal_thetas, theta_row

INDEX = 40


@dataclass(kw_only=True)
class VaryingMarket:
    """A steady market with another vol at each close."""

    base: SteadyMarket
    vols: NDArray[np.float64]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)

    def snapshot(self, index: int) -> SteadySnapshot:
        market = replace(self.base, vol=float(self.vols[index]))
        return SteadySnapshot(market, index, float(self.base.spx[index]))


def varying(step: float = 0.01, *, vol: float = 0.20) -> VaryingMarket:
    """Vol that goes up and down by ``step`` from close to close."""
    base = steady_market(end="2017-06-30", rate=0.01)
    vols = vol + step * (np.arange(len(base.sessions)) % 2)
    return VaryingMarket(base=base, vols=vols)


def test_the_vols_are_those_of_the_closes() -> None:
    market = varying()
    row = int(np.flatnonzero(market.series.expiry > market.sessions[INDEX] + 40)[0])
    found = at_the_money_vols(market, INDEX, row)
    assert found == pytest.approx(100.0 * market.vols[INDEX - SESSIONS : INDEX + 1], abs=1e-6)


def test_condor_and_layers_against_vollib() -> None:
    """A vol that moves a point a day: the ratio is theta over vega, leg by leg from another library."""
    market = varying()
    snapshot = market.snapshot(INDEX)
    found = {one.name: one for one in temporal_thetas(market, INDEX, shipped())}
    assert list(found) == ["condor", "front", "mid", "back"]
    for name, one in found.items():
        theta = vega = 0.0
        for contract, quantity in one.legs:
            root, expiry, letter, strike = contract.split()
            row = next(
                k
                for k, roots in enumerate(market.series.roots)
                if roots.value == root and str(np.datetime64(int(market.series.expiry[k]), "D")) == expiry
            )
            terms = (letter.lower(), snapshot.forward(row), float(strike), snapshot.years(row), market.rate, market.vols[INDEX])
            theta += quantity * 100.0 * black_theta(*terms)  # vollib's theta is a day's, its vega a vol point's
            vega += quantity * 100.0 * black_vega(*terms)
        assert one.theta_usd_per_day == pytest.approx(theta, rel=2e-4, abs=1e-3), name
        assert one.vega_usd_per_vol_point == pytest.approx(vega, rel=1e-4), name
        assert one.mean_change_vol_points == pytest.approx(1.0, abs=1e-6)
        assert one.ratio == pytest.approx(theta / abs(vega), rel=3e-4)
        assert (one.changes, one.missing) == (SESSIONS, None)
    assert found["condor"].ratio is not None and found["condor"].ratio > 0.0
    assert found["front"].ratio is not None and found["front"].ratio < 0.0


def test_half_the_vol_moves_twice_the_figure() -> None:
    one, half = (temporal_thetas(varying(step), INDEX, shipped()) for step in (0.01, 0.005))
    assert one[2].ratio is not None and half[2].ratio is not None
    # the close that is struck has the base vol in both markets
    assert half[2].ratio == pytest.approx(2.0 * one[2].ratio, rel=1e-6)


def test_a_vol_that_never_moves_and_a_history_too_short_have_no_figure() -> None:
    still = temporal_thetas(varying(0.0), INDEX, shipped())[1]
    assert (still.ratio, still.missing) == (None, "its value did not move with its implied vol")
    short = temporal_thetas(varying(), 3, shipped())[1]
    assert (short.changes, short.ratio) == (3, None)
    assert short.missing == "3 daily changes of its implied vol are known, 5 are needed"


def test_changes_before_the_listing_are_counted() -> None:
    market = synthetic_market()
    for one in temporal_thetas(market, 300, shipped()):
        root, expiry = one.legs[0][0].split()[:2]
        row = next(
            k
            for k, roots in enumerate(market.series.roots)
            if roots.value == root and str(np.datetime64(int(market.series.expiry[k]), "D")) == expiry
        )
        days = market.sessions[300 - SESSIONS : 300]
        assert one.changes == SESSIONS
        assert one.before_listing == int((days < market.series.listed_from[row]).sum())


def test_futures_and_empty_windows_say_why() -> None:
    base = shipped()
    layers = (
        replace(base.hedge.layers[0], instrument="vx_futures"),
        replace(base.hedge.layers[1], min_dte=380, max_dte=390, when_empty="skip"),
    )
    book = replace(base, condor=replace(base.condor, min_dte=1, max_dte=1), hedge=replace(base.hedge, layers=layers))
    book = replace(book, condor=replace(book.condor, min_dte=900, max_dte=910))
    condor, front, mid = temporal_thetas(varying(), INDEX, book)
    assert condor.missing == "no expiry of 900-910 days is listed"
    assert front.missing == "a future has no time value" and front.legs[0][0].startswith("VX 2017-")
    assert mid.missing == "its window holds no listed expiry"
    assert theta_row(mid)["legs"] == [] and theta_row(front)["legs"][0]["quantity"] == 1
