"""The convexity profile: slopes are derivatives of the P&L, the pool agrees with the hedge at no shock and is a pool beyond."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.helpers.books import synthetic_market
from tests.helpers.stress_books import book, condor_rows, ladder_rows, positions_of

from alvh.core.errors import DataInvalid
from alvh.models.model_market import ModelMarket
from alvh.risk.convexity import VIX_SHOCKS, ConvexityProfile, convexity_profile, pool_slope

INDEX = 200


@pytest.fixture(scope="module")
def market() -> ModelMarket:
    return synthetic_market(260, seed=4, xsp=True)


@pytest.fixture(scope="module")
def profile(market: ModelMarket) -> ConvexityProfile:
    return convexity_profile(market.snapshot(INDEX), market.series, book(market, INDEX))


def test_slopes_add_up_to_the_profit(profile: ConvexityProfile) -> None:
    """The trapezoids of the slope, corrected by its own, integrate to the P&L."""
    assert profile.layers == ("layer1", "layer2", "layer3")
    assert np.abs(profile.pnl_usd[:, 0]).max() < 1e-9
    area = np.cumsum(0.5 * (profile.slope[:, 1:] + profile.slope[:, :-1]), axis=1)
    np.testing.assert_allclose(area, profile.pnl_usd[:, 1:], rtol=0.01, atol=1.0)
    assert (profile.slope > 0.0).all()
    assert (profile.curvature[:, 0] > 0.0).all()


def test_the_pool_starts_with_the_hedge(profile: ConvexityProfile) -> None:
    total = profile.slope.sum(axis=0)
    assert profile.pool_slope[0] == pytest.approx(total[0], rel=1e-9)
    assert profile.pool_slope[1] == pytest.approx(total[1], rel=0.01)
    assert profile.pool_depth is not None
    live = profile.vix_points < profile.pool_depth
    assert np.isfinite(profile.pool_slope[live]).all() and np.isnan(profile.pool_slope[~live]).all()


def test_a_pool_keeps_its_product() -> None:
    """Reserves x = X - q and y = k / x: the marginal price is -dy/dq, whatever the scale."""
    slope, depth = pool_slope(3.0, 0.2, np.array([0.0, 10.0, 29.9, 30.0]))
    assert depth == pytest.approx(30.0)
    product = 3.0 * 30.0**2
    taken, step = 10.0, 1e-5
    price = (product / (30.0 - taken - step) - product / (30.0 - taken + step)) / (2.0 * step)
    assert slope[1] == pytest.approx(price, rel=1e-8)
    assert np.isnan(slope[3])
    for bad in ((0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)):
        empty, none = pool_slope(*bad, np.arange(3.0))
        assert none is None and np.isnan(empty).all()


def test_take_over_names_the_steepest_layer(profile: ConvexityProfile) -> None:
    assert profile.takeover[0][0] == 0.0
    for (points, name), following in zip(profile.takeover, [*profile.takeover[1:], (np.inf, "")], strict=True):
        span = (profile.vix_points >= points) & (profile.vix_points < following[0])
        leader = profile.slope[:, span].argmax(axis=0)
        assert {profile.layers[k] for k in leader.tolist()} == {name}
    assert (np.diff(profile.answers) >= 0.0).all(), "front calls answer first"


def test_inside_and_beyond_the_break_even(profile: ConvexityProfile) -> None:
    document = json.loads(json.dumps(profile.document(break_even_points=12.0), allow_nan=False))
    total = profile.pnl_usd.sum(axis=0)
    assert document["slope_inside_break_even"] == pytest.approx(total[12] / 12.0)
    assert document["slope_beyond_break_even"] == pytest.approx((total[-1] - total[12]) / (VIX_SHOCKS[-1] - 12.0))
    assert profile.document(break_even_points=0.0)["slope_inside_break_even"] is None
    assert "slope_inside_break_even" not in profile.document()


def test_only_the_named_sleeve_counts(market: ModelMarket, profile: ConvexityProfile) -> None:
    alone = convexity_profile(market.snapshot(INDEX), market.series, positions_of(ladder_rows(market, INDEX)))
    np.testing.assert_allclose(alone.pnl_usd, profile.pnl_usd, atol=1e-9)
    condors = positions_of(condor_rows(market, INDEX))
    with pytest.raises(DataInvalid, match="sleeve 'hedge'"):
        convexity_profile(market.snapshot(INDEX), market.series, condors)
    short = convexity_profile(market.snapshot(INDEX), market.series, condors, sleeve="condor")
    assert short.pool_depth is None and np.isnan(short.pool_slope).all()
