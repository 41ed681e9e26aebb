"""Break-evens: the solver on functions whose zeros are known, and books whose break-evens follow by arithmetic."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import synthetic_market
from tests.helpers.stress_books import Row, book, condor_rows, leg, positions_of

from alvh.core.contracts import Root
from alvh.core.errors import UsageError
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.models.model_market import ModelMarket
from alvh.risk.breakeven import LEAST_VIX, MOST_VIX, VIX_ELASTICITIES, break_evens, crossings, vix_answer
from alvh.risk.exposures import legs_of
from alvh.risk.stress import stress

INDEX = 200


@pytest.fixture(scope="module")
def market() -> ModelMarket:
    return synthetic_market(260, seed=4, xsp=True)


def found(market: ModelMarket, positions: Positions, **keys: Any) -> Any:
    return break_evens(market.snapshot(INDEX), market.series, positions, **keys)


def at_expiry(result: Any, answer: str = "central") -> Any:
    return next(row for row in result.rows if row.picture == "expiry" and row.answer == answer)


def test_crossings_finds_every_root() -> None:
    roots = [-0.41, -0.1003, 0.02, 0.2999]
    nodes = np.linspace(-0.5, 0.35, 341)
    assert crossings(lambda x: np.prod([x - root for root in roots], axis=0), nodes) == pytest.approx(roots, abs=1e-12)
    assert crossings(lambda x: 1.0 + x * x, nodes) == []


def test_crossings_takes_zeros_at_nodes_once() -> None:
    nodes = np.linspace(-1.0, 1.0, 9)
    assert crossings(lambda x: x, nodes) == [0.0]
    assert crossings(lambda x: x * x, nodes) == [0.0]
    assert crossings(lambda x: np.maximum(np.abs(x) - 0.5, 0.0), nodes) == [-0.5, 0.5]
    assert crossings(lambda x: np.zeros(len(x)), nodes) == [-1.0, 1.0]
    assert crossings(lambda x: np.where(x < 0.1, -1.0, 1.0), nodes) == pytest.approx([0.1])


def test_a_short_put_breaks_even_at_strike_less_credit(market: ModelMarket) -> None:
    root, expiry, strike, right = leg(market, INDEX, Root.SPXW, 45, -1, 0.16)
    result = found(market, positions_of([(root, expiry, strike, right, -2.0, "put", "")], open_price=13.0))
    row, spot = at_expiry(result), market.snapshot(INDEX).spx
    assert row.downside.spot == pytest.approx(strike - 13.0, abs=1e-9)
    assert row.downside.distance == pytest.approx((strike - 13.0) / spot - 1.0)
    assert row.downside.others == ()
    assert row.upside.spot is None and row.upside.none == "a gain all the way to +35 %"
    assert row.pnl_at_spot_usd == pytest.approx(2600.0)
    assert result.cost_usd == pytest.approx(-2600.0)


def condor_at(market: ModelMarket, prices: list[float]) -> Positions:
    return replace(positions_of(condor_rows(market, INDEX)), open_price=np.array(prices))


def test_a_condor_breaks_even_at_its_shorts_beyond_the_credit(market: ModelMarket) -> None:
    positions = condor_at(market, [2.0, 9.0, 7.0, 1.5])
    credit = 9.0 + 7.0 - 2.0 - 1.5
    for answer in VIX_ELASTICITIES:
        row = at_expiry(found(market, positions), answer)
        assert row.downside.spot == pytest.approx(positions.strike[1] - credit, abs=1e-8)
        assert row.upside.spot == pytest.approx(positions.strike[2] + credit, abs=1e-8)


def test_debits_narrow_the_range_at_their_date(market: ModelMarket) -> None:
    positions = condor_at(market, [2.0, 9.0, 7.0, 1.5])
    session = market.snapshot(INDEX).session
    result = found(market, positions, debits_usd=[(session - 10, 150.0), (session + 20, 250.0)])
    row = at_expiry(result)
    assert row.downside.spot == pytest.approx(positions.strike[1] - 12.5 + 4.0, abs=1e-8)
    today = next(row for row in result.rows if row.picture == "today")
    assert today.debits_usd == pytest.approx(-1250.0 + 150.0)
    assert row.debits_usd == pytest.approx(-1250.0 + 400.0)


def test_a_debit_above_the_credit_leaves_no_break_even(market: ModelMarket) -> None:
    session = market.snapshot(INDEX).session
    row = at_expiry(found(market, condor_at(market, [2.0, 9.0, 7.0, 1.5]), debits_usd=[(session, 5_000.0)]))
    assert row.downside.none == "a loss all the way to -50 %"
    assert row.upside.none == "a loss all the way to +35 %"
    assert row.downside.distance is None


def test_a_hedge_that_pays_gives_further_crossings_below(market: ModelMarket) -> None:
    """A condor and calls that outlive it: a loss beyond the condor's break-even, until the calls pay more in a deep fall."""
    calls: list[Row] = [(*leg(market, INDEX, Root.VIX, 90, 1, 0.20), 12.0, "hedge", "layer3")]
    result = found(market, positions_of(condor_rows(market, INDEX) + calls))
    row = at_expiry(result)
    assert row.pnl_at_spot_usd > 0.0 and result.marked == 5
    assert row.downside.distance is not None and len(row.downside.others) >= 1
    assert list(row.downside.others) == sorted(row.downside.others, reverse=True)
    assert row.downside.others[0] < row.downside.distance < 0.0


def test_every_crossing_is_a_zero(market: ModelMarket) -> None:
    """Each distance put back into a full reprice gives nothing."""
    snapshot, positions = market.snapshot(INDEX), book(market, INDEX)
    result = found(market, positions, roll_days=[snapshot.session + 14, snapshot.session + 28])
    assert result.rows[0].picture == "today" and len(result.rows) == 4 * len(VIX_ELASTICITIES)
    checked = 0
    for row in result.rows:
        for side in (row.downside, row.upside):
            for move in () if side.distance is None else (side.distance, *side.others):
                points = vix_answer(snapshot.vix, np.array([move]), row.elasticity)
                cell = stress(
                    snapshot, market.series, positions, Scenarios.of(move, points, float(row.day - snapshot.session)), Response()
                )
                assert abs(cell.pnl_usd[0]) < 1e-6
                checked += 1
    assert checked >= 12


def test_the_band_spans_the_answers(market: ModelMarket) -> None:
    snapshot = market.snapshot(INDEX)
    roll = snapshot.session + 14
    result = found(market, book(market, INDEX), roll_days=[roll])
    name = next(row.picture for row in result.rows if row.day == roll)
    values = [row.downside.distance for row in result.rows if row.picture == name]
    near, far = result.band(name, "downside")
    assert near is not None and far is not None
    assert abs(near) == min(abs(value) for value in values) and abs(far) == max(abs(value) for value in values)
    assert result.band("never", "upside") == (None, None)
    document = json.loads(json.dumps(result.document(), allow_nan=False))
    assert [entry["picture"] for entry in document["dates"]] == ["today", name, "expiry"]


def test_the_vix_answer_stays_within_history() -> None:
    moves = np.array([-0.5, -0.08, 0.0, 0.05, 0.35])
    points = vix_answer(20.0, moves, -4.2)
    assert points[2] == 0.0
    assert points[1] == pytest.approx(20.0 * 0.92**-4.2 - 20.0)
    assert points[0] == MOST_VIX - 20.0 and points[4] == LEAST_VIX - 20.0
    assert vix_answer(95.0, moves, -4.2).max() == 0.0


def test_a_past_roll_is_refused(market: ModelMarket) -> None:
    session = market.snapshot(INDEX).session
    with pytest.raises(UsageError, match="is past"):
        found(market, book(market, INDEX), roll_days=[session - 1])


def test_own_elasticities(market: ModelMarket) -> None:
    result = found(market, condor_at(market, [2.0, 9.0, 7.0, 1.5]), elasticities={"none": 0.0, "some": -3.0})
    assert result.document()["elasticities"] == {"none": 0.0, "some": -3.0}
    assert len(result.document()["dates"]) == 2
    with pytest.raises(UsageError, match="no answer of VIX"):
        found(market, book(market, INDEX), elasticities={})


def test_a_book_that_is_left_at_bid_and_ask_breaks_even_closer_and_closer(market: ModelMarket) -> None:
    """Half-spreads on every leg take their dollars at spot and move both break-evens inwards, a multiple more of it (R67)."""
    positions = condor_at(market, [2.0, 8.0, 7.0, 1.5])
    rows = [found(market, positions).rows[0]]
    rows += [
        found(market, positions, response=Response(liquidity=multiple), closing=True).rows[0] for multiple in (0.0, 1.0, 4.0)
    ]
    mid, free, once, wide = (row.pnl_at_spot_usd for row in rows)
    assert free == pytest.approx(mid, abs=1e-6)
    assert mid > once > wide
    quotes = market.snapshot(INDEX).quote(legs_of(positions, market.series))
    paid = float((np.abs(positions.quantity) * positions.multiplier_usd * (quotes.ask - quotes.bid) / 2.0).sum())
    assert mid - once == pytest.approx(paid, rel=0.35)  # quotes are rounded to ticks, half-spreads are not
    assert mid - wide == pytest.approx(4.0 * (mid - once), rel=0.1)
