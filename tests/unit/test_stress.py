"""Stress of a book: zero at no shock, parts that add up, losses within the most a book can lose, pictures at later dates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import synthetic_market
from tests.helpers.stress_books import Row, book, condor_rows, ladder_rows, leg, positions_of, series_near

from alvh.core.contracts import Root
from alvh.core.errors import AlvhError, DataInvalid, DataMissing, UsageError
from alvh.market.positions import FUTURE, Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.models.model_market import ModelMarket
from alvh.risk.betas import NAIVE, PUBLISHED
from alvh.risk.exposures import legs_of
from alvh.risk.stress import GREEKS, picture_days, response_with, step_usd, stress, stress_grid

INDEX = 200
DYNAMICS = ("sticky_delta", "sticky_strike", "ssr")


@pytest.fixture(scope="module")
def market() -> ModelMarket:
    return synthetic_market(260, seed=4, xsp=True)


def everything(market: ModelMarket) -> Positions:
    """A condor in SPX and one in XSP, the ladder, a VX future long and a mini short, an AM put."""
    monthly = series_near(market, INDEX, Root.VIX, 60)
    expiry = int(market.series.expiry[monthly])
    rows: list[Row] = condor_rows(market, INDEX) + condor_rows(market, INDEX, root=Root.XSP, count=3.0)
    rows += ladder_rows(market, INDEX)
    rows += [(Root.VX, expiry, np.nan, FUTURE, 1.0, "hedge", "vx"), (Root.VXM, expiry, np.nan, FUTURE, -3.0, "hedge", "vx")]
    rows += [(*leg(market, INDEX, Root.SPX, 60, -1, 0.25), -1.0, "put", "")]
    return positions_of(rows)


def of(market: ModelMarket, positions: Positions, scenarios: Scenarios, **response: Any) -> Any:
    return stress(market.snapshot(INDEX), market.series, positions, scenarios, Response(**response))


@pytest.mark.parametrize("dynamic", DYNAMICS)
def test_no_shock_is_no_profit(market: ModelMarket, dynamic: str) -> None:
    found = of(market, everything(market), Scenarios.of(0.0, 0.0), spx_dynamic=dynamic)
    assert np.abs(found.leg_usd).max() < 1e-9
    assert np.abs(found.greek_usd).max() < 1e-9
    assert abs(found.pnl_usd[0]) < 1e-9
    assert not found.floored.any()


def test_the_base_is_the_markets_own_mark(market: ModelMarket) -> None:
    positions = book(market, INDEX)
    snapshot = market.snapshot(INDEX)
    found = of(market, positions, Scenarios.of(0.0, 0.0))
    mark = snapshot.mark(legs_of(positions, market.series)) * positions.quantity * 100.0
    np.testing.assert_allclose(found.base_usd, mark, atol=1e-9)


@pytest.mark.parametrize("days", [0.0, 20.0, 70.0])
def test_parts_add_up(market: ModelMarket, days: float) -> None:
    positions = everything(market)
    grid = stress_grid(market.snapshot(INDEX), market.series, positions, days_forward=days)
    found = grid.stress
    np.testing.assert_allclose(found.greek_usd.sum(axis=0), found.leg_usd, atol=1e-7)
    np.testing.assert_allclose(found.leg_usd.sum(axis=1), found.pnl_usd, atol=1e-7)
    for parts in (found.by_greek(), found.by_layer(), found.by_sleeve()):
        np.testing.assert_allclose(sum(parts.values()), found.pnl_usd, atol=1e-6)
    steps = step_usd(market.snapshot(INDEX), market.series, found)
    np.testing.assert_allclose(sum(steps.values()), found.leg_usd, atol=1e-7)
    assert tuple(found.by_greek()) == GREEKS
    assert set(found.by_layer()) == {"condor", "hedge/layer1", "hedge/layer2", "hedge/layer3", "hedge/vx", "put"}
    assert grid.pnl_usd.shape == (31, 29)
    still = np.flatnonzero((found.scenarios.spx_move == 0.0) & (found.scenarios.vix_points == 0.0))[0]
    if days == 0.0:
        assert abs(found.pnl_usd[still]) < 1e-9
        assert max(np.abs(step[still]).max() for step in steps.values()) < 1e-9


def test_greeks_explain_a_small_move(market: ModelMarket) -> None:
    """The rest falls with the square of the move: its part of a move ten times smaller is less than a twentieth."""
    positions = book(market, INDEX)
    rest = [float(of(market, positions, Scenarios.of(-size, 10.0 * size)).by_greek()["rest"][0]) for size in (0.01, 0.001)]
    assert abs(rest[1]) < 0.05 * abs(rest[0])


@pytest.mark.parametrize("dynamic", ["sticky_delta", "ssr"])
@pytest.mark.parametrize("days", [0.0, 20.0, 45.0])
def test_no_cell_loses_more_than_the_book_can(market: ModelMarket, dynamic: str, days: float) -> None:
    """Condor: the wider wing less what it brings; calls: what they cost. At mid, in a grid that goes far out."""
    snapshot, positions = market.snapshot(INDEX), book(market, INDEX)
    strikes = positions.strike[:4]
    base = stress(snapshot, market.series, positions, Scenarios.of(0.0, 0.0)).base_usd
    most = 100.0 * max(strikes[1] - strikes[0], strikes[3] - strikes[2]) + float(base[:4].sum()) + float(base[4:].sum())
    grid = stress_grid(
        snapshot,
        market.series,
        positions,
        spx_moves=np.linspace(-0.4, 0.3, 36),
        vix_points=np.linspace(-5.0, 70.0, 16),
        days_forward=days,
        response=Response(spx_dynamic=dynamic),
    )
    worst, spx, vix = grid.worst()
    assert -most - 1e-6 <= worst < -0.5 * most
    assert (spx, vix) in set(zip(grid.stress.scenarios.spx_move, grid.stress.scenarios.vix_points, strict=True))


def test_the_bid_side_costs_the_half_spreads(market: ModelMarket) -> None:
    positions, scenarios = everything(market), Scenarios.of([-0.1, 0.0], [20.0, 0.0])
    plain, wide = of(market, positions, scenarios), of(market, positions, scenarios, liquidity=3.0)
    np.testing.assert_allclose(plain.pnl_usd, wide.pnl_usd, atol=1e-9)
    assert (plain.pnl_bid_usd < plain.pnl_usd).all()
    assert (wide.pnl_bid_usd < plain.pnl_bid_usd).all()
    free = of(market, positions, scenarios, liquidity=0.0)
    np.testing.assert_allclose(free.pnl_bid_usd, free.pnl_usd, atol=1e-9)


def test_a_long_option_is_never_sold_below_zero(market: ModelMarket) -> None:
    positions = positions_of([(*leg(market, INDEX, Root.VIX, 30, 1, 0.05), 1.0, "hedge", "layer1")])
    found = of(market, positions, Scenarios.of(0.0, -3.0), liquidity=50.0)
    assert found.pnl_bid_usd[0] == pytest.approx(-found.base_usd[0])


def test_expired_layers_are_paid_at_their_own_settlement(market: ModelMarket) -> None:
    """At the condor's expiry the first layer has settled on shocked spot VIX; the others still stand on their own futures."""
    snapshot, positions = market.snapshot(INDEX), book(market, INDEX)
    days = picture_days(positions, snapshot.session)
    assert list(days) == ["T+0", f"T+{days['expiry'] // 2:g}", "expiry"]
    end = snapshot.session + int(days["expiry"])
    assert positions.expiry[4] < end < positions.expiry[5]
    scenarios = Scenarios.of([-0.1, 0.0, 0.02], [30.0, 0.0, -2.0], days["expiry"])
    value = of(market, positions, scenarios)
    vix = snapshot.vix + scenarios.vix_points
    paid = 400.0 * np.maximum(vix - positions.strike[4], 0.0)
    np.testing.assert_allclose(value.leg_usd[:, 4] + value.base_usd[4], paid, atol=1e-9)
    spot = snapshot.spx * (1.0 + scenarios.spx_move)
    for k in range(4):
        intrinsic = 100.0 * positions.quantity[k] * np.maximum(positions.right[k] * (spot - positions.strike[k]), 0.0)
        np.testing.assert_allclose(value.leg_usd[:, k] + value.base_usd[k], intrinsic, atol=1e-9)
    living = (value.leg_usd[:, 5:] + value.base_usd[5:])[0] / (100.0 * positions.quantity[5:])
    deep = np.maximum(vix[0] - positions.strike[5:], 0.0)
    assert (living > 0.0).all() and (living < deep + 5.0).all()


def test_held_futures_settle_the_layer_on_its_own_forward(market: ModelMarket) -> None:
    snapshot, positions = market.snapshot(INDEX), book(market, INDEX)
    first = series_near(market, INDEX, Root.VIX, 30)
    forward, dte = snapshot.slice(first, 1).forward, int(market.series.expiry[first]) - snapshot.session
    response = Response(curve="holds")
    found = stress(snapshot, market.series, positions, Scenarios.of(-0.1, 40.0, 45.0), response)
    settle = forward + float(response.beta_at(dte)) * 40.0
    assert found.leg_usd[0, 4] + found.base_usd[4] == pytest.approx(400.0 * max(settle - positions.strike[4], 0.0), abs=1e-9)


def test_a_shock_that_comes_linearly_reaches_an_early_layer_in_part(market: ModelMarket) -> None:
    snapshot, positions = market.snapshot(INDEX), book(market, INDEX)
    dte = int(positions.expiry[4]) - snapshot.session
    found = stress(snapshot, market.series, positions, Scenarios.of(-0.1, 40.0, 45.0), Response(path="linear"))
    settle = snapshot.vix + 40.0 * dte / 45.0
    assert found.leg_usd[0, 4] + found.base_usd[4] == pytest.approx(400.0 * max(settle - positions.strike[4], 0.0), abs=1e-9)


def test_a_future_moves_by_its_beta(market: ModelMarket) -> None:
    row = series_near(market, INDEX, Root.VIX, 60)
    expiry = int(market.series.expiry[row])
    positions = positions_of([(Root.VX, expiry, np.nan, FUTURE, -2.0, "hedge", "")])
    found = of(market, positions, Scenarios.of(0.0, 10.0))
    beta = float(Response().beta_at(expiry - market.snapshot(INDEX).session))
    assert found.pnl_usd[0] == pytest.approx(-2.0 * 1000.0 * beta * 10.0)
    assert found.by_greek()["delta"][0] == pytest.approx(found.pnl_usd[0])
    assert found.by_greek()["rest"][0] == pytest.approx(0.0, abs=1e-9)


def test_measured_betas_take_the_place_of_the_stated(market: ModelMarket) -> None:
    response = response_with(PUBLISHED, Response(liquidity=2.0))
    assert response.liquidity == 2.0
    assert response.beta_at([10.0, 45.0, 300.0]).tolist() == pytest.approx([0.54, 0.46, 0.24])
    positions = book(market, INDEX)
    naive = stress(market.snapshot(INDEX), market.series, positions, Scenarios.of(0.0, 10.0), response_with(NAIVE))
    assert float(naive.by_sleeve()["hedge"][0]) > 2.0 * float(
        of(market, positions, Scenarios.of(0.0, 10.0)).by_sleeve()["hedge"][0]
    )


def test_time_alone_is_decay(market: ModelMarket) -> None:
    """With the market where it is, the calls lose as their futures roll down and the condor gains."""
    found = of(market, book(market, INDEX), Scenarios.of(0.0, 0.0, 30.0))
    layers = found.by_layer()
    assert layers["condor"][0] > 0.0
    assert all(layers[name][0] < 0.0 for name in ("hedge/layer1", "hedge/layer2", "hedge/layer3"))


def test_xsp_is_a_tenth_of_spx(market: ModelMarket) -> None:
    root, expiry, strike, right = leg(market, INDEX, Root.SPXW, 45, -1, 0.16)
    rows = [(root, expiry, strike, right, 1.0, "a", ""), (Root.XSP, expiry, strike / 10.0, right, 10.0, "b", "")]
    found = of(market, positions_of(rows), Scenarios.of([-0.1, 0.05], [20.0, -2.0]))
    np.testing.assert_allclose(found.leg_usd[:, 0], found.leg_usd[:, 1], rtol=1e-9)


def test_documents_are_plain(market: ModelMarket) -> None:
    grid = stress_grid(
        market.snapshot(INDEX), market.series, book(market, INDEX), spx_moves=[-0.1, 0.0], vix_points=[0.0, 5.0, 9.0]
    )
    document = json.loads(json.dumps(grid.document(), allow_nan=False))
    assert np.shape(document["pnl_usd"]) == (2, 3)
    assert document["pnl_usd"][1][0] == pytest.approx(0.0, abs=1e-9)
    assert document["assumptions"]["spx_smile_dynamic"] == "sticky_delta"


def test_picture_days_without_spx_options(market: ModelMarket) -> None:
    positions = positions_of(ladder_rows(market, INDEX))
    session = market.snapshot(INDEX).session
    assert picture_days(positions, session, horizon_days=7)["T+7"] == 7.0
    assert picture_days(positions, session)["expiry"] == positions.expiry.max() - session


def wrong(market: ModelMarket, positions: Positions, scenarios: Scenarios, **response: Any) -> AlvhError:
    with pytest.raises(AlvhError) as caught:
        of(market, positions, scenarios, **response)
    return caught.value


def test_bad_input_is_named(market: ModelMarket) -> None:
    snapshot, positions, still = market.snapshot(INDEX), book(market, INDEX), Scenarios.of(0.0, 0.0)
    error = wrong(market, positions, Scenarios.of(0.0, -50.0))
    assert isinstance(error, UsageError) and "is not above zero" in str(error)
    assert "no positions" in str(wrong(market, positions.rows(np.zeros(len(positions), dtype=bool)), still))
    gone = positions_of([(Root.SPXW, int(market.series.expiry[0]), 2000.0, -1, -1.0, "condor", "")])
    assert isinstance(wrong(market, gone, still), DataInvalid)
    unlisted = positions_of([(Root.VIX, int(market.series.expiry[market.series.is_vix].max()), 20.0, 1, 1.0, "hedge", "")])
    assert isinstance(wrong(market, unlisted, still), DataMissing)
    assert "VIX vol" in str(wrong(market, positions, Scenarios.of(0.0, -5.0), vix_vol_per_point=0.3))
    steep = {"curve_days": (0.0, 60.0), "curve_beta": (1.0, 9.0)}
    assert "would stand at" in str(wrong(market, positions, Scenarios.of(0.0, -5.0), **steep))
    with pytest.raises(UsageError, match="axis of the grid is empty"):
        stress_grid(snapshot, market.series, positions, spx_moves=[])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"curve_days": (0.0, 30.0)}, "2 tenors"),
        ({"curve_days": (30.0, 0.0, 60.0, 90.0, 120.0)}, "ascending"),
        ({"liquidity": -1.0}, "negative"),
        ({"ssr": float("nan")}, "missing"),
        ({"spx_tenor_beta": (1.0, 1.0)}, "four"),
        ({"spx_dynamic": "sticky"}, "sticky_delta"),
        ({"curve": "falls"}, "rolls"),
        ({"path": "later"}, "at_once"),
    ],
)
def test_a_response_is_checked(change: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        Response(**change)


def test_scenarios_are_checked() -> None:
    for spx, vix, days in ((-1.0, 0.0, 0.0), (0.0, np.nan, 0.0), (0.0, 0.0, -1.0)):
        with pytest.raises(UsageError, match="scenario 0"):
            Scenarios.of(spx, vix, days)
    with pytest.raises(UsageError, match="2 names for 1"):
        Scenarios.of(0.0, 0.0, names=("a", "b"))
    with pytest.raises(UsageError, match="vvix_points has shape"):
        Scenarios(spx_move=np.zeros(2), vix_points=np.zeros(2), days_forward=np.zeros(2), vvix_points=np.zeros(3))
    grid = Scenarios.grid([-0.1, 0.1], [0.0, 1.0, 2.0], days_forward=3.0)
    assert grid.spx_move.tolist() == [-0.1] * 3 + [0.1] * 3
    assert grid.vix_points.tolist() == [0.0, 1.0, 2.0] * 2
    assert grid.days_forward.tolist() == [3.0] * 6
