"""Portfolio margin: valuation points, minima, groups, a house's scenarios, and a pricer's faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.margin_books import book, inputs, joined

from alvh.core.contracts import Root
from alvh.core.errors import DataMissing, UsageError
from alvh.market.positions import Positions
from alvh.risk.margin import (
    HOUSE_PORTFOLIO,
    RULE_PORTFOLIO,
    Points,
    ScanRange,
    margin_under_all,
    portfolio_margin,
    valuation_moves,
)


class Intrinsic:
    """Intrinsic value alone: the losses are known by hand. ``calls`` counts how often it is asked."""

    def __init__(self, positions: Positions, *, spx: float = 3_000.0, future: float = 16.0) -> None:
        self.positions, self.calls = positions, 0
        self.base = np.array(
            [
                future if vix else spx / 10.0 if root is Root.XSP else spx
                for vix, root in zip(positions.is_vix, positions.root, strict=True)
            ]
        )

    def __call__(self, points: Points) -> np.ndarray:
        self.calls += 1
        level = self.base * (1.0 + points.move)
        payoff = np.maximum(self.positions.right * (level - self.positions.strike), 0.0)
        return np.where(self.positions.is_option, payoff + 0.01 * points.vol_move, level)


def test_ten_points_five_on_each_side_and_none_at_rest() -> None:
    move, vol_move, share = valuation_moves(RULE_PORTFOLIO.ranges["SPX"])
    assert move == pytest.approx([-0.08, -0.064, -0.048, -0.032, -0.016, 0.012, 0.024, 0.036, 0.048, 0.06])
    assert not vol_move.any()
    assert (share == 1.0).all()


def test_the_worst_point_is_the_requirement() -> None:
    positions, marks = book((-1, "P", 2900, 15.0), (-1, "C", 3150, 12.0))
    pricer = Intrinsic(positions)
    report = portfolio_margin(positions, inputs(marks), pricer)
    # -8 %: 2760, the put loses 140; +6 %: 3180, the call loses 30.
    assert report.requirement_usd == pytest.approx(14_000)
    assert report.binding == "SPX class: SPX -8.0%"
    assert pricer.calls == 1
    house = portfolio_margin(positions, inputs(marks), Intrinsic(positions), HOUSE_PORTFOLIO)
    assert house.requirement_usd == pytest.approx(26_000)
    assert house.convention == "portfolio_house"
    assert house.minimum_equity_usd == 100_000.0


def test_spx_and_xsp_are_one_class() -> None:
    positions, marks = joined(book((-1, "P", 2900, 15.0)), book((10, "P", 290, 1.5), root=Root.XSP))
    report = portfolio_margin(positions, inputs(marks), Intrinsic(positions))
    assert report.requirement_usd == pytest.approx(11 * 37.5)
    assert report.binding == "SPX class: minimum a contract"


def test_long_vix_calls_cost_their_price_and_relieve_nothing() -> None:
    positions, marks = joined(book((-1, "P", 2900, 15.0)), book((100, "C", 15, 1.0), root=Root.VIX))
    report = portfolio_margin(positions, inputs(marks), Intrinsic(positions))
    assert report.group_usd("SPX") == pytest.approx(14_000)
    # A future at 16 falls to 12.8: the whole intrinsic value of 1 point a call is lost.
    assert report.group_usd("VIX") == pytest.approx(100 * 100.0)
    assert report.requirement_usd == pytest.approx(24_000)


def test_offset_counts_where_it_is_configured() -> None:
    """At −8 % the put loses 14,000 while VIX, opposed, is at its +20 %: 16 → 19.2 gains 3.2 points a call."""
    positions, marks = joined(book((-1, "P", 2900, 15.0)), book((10, "C", 15, 1.0), root=Root.VIX))
    rules = replace(RULE_PORTFOLIO, groups=(("SPX", "VIX"),), offset=0.5)
    report = portfolio_margin(positions, inputs(marks), Intrinsic(positions), rules)
    gain = 10 * 100 * 3.2
    assert report.requirement_usd == pytest.approx(14_000 - 0.5 * gain)
    assert report.parts[-1].kind == "offset"
    assert report.by_group == (("SPX+VIX", pytest.approx(14_000 - 0.5 * gain)),)
    none = portfolio_margin(positions, inputs(marks), Intrinsic(positions), replace(rules, offset=0.0))
    assert none.requirement_usd == pytest.approx(15_000)
    alike = portfolio_margin(positions, inputs(marks), Intrinsic(positions), replace(rules, opposed=False, offset=1.0))
    assert alike.requirement_usd == pytest.approx(15_000)


def test_short_vix_calls_bind_at_a_third_of_three_hundred_per_cent() -> None:
    """16 → 64 loses 44 points beyond the strike of 20; 35 % of it exceeds the whole loss of 12 at +100 %."""
    positions, marks = book((-10, "C", 20, 0.6), root=Root.VIX)
    report = portfolio_margin(positions, inputs(marks), Intrinsic(positions), HOUSE_PORTFOLIO)
    assert report.requirement_usd == pytest.approx(10 * 100 * 0.35 * 44)
    assert report.binding == "VIX class: VIX +300.0% (35% of the loss)"


def test_vol_moves_are_scenarios_of_a_house() -> None:
    positions, marks = book((-10_000, "C", 4_000, 0.6))
    rules = replace(
        RULE_PORTFOLIO, ranges={"SPX": ScanRange(down=-0.08, up=0.06, vol_moves=(-0.15, 0.15))}, minimum_usd_per_contract=0.0
    )
    report = portfolio_margin(positions, inputs(marks), Intrinsic(positions), rules)
    assert report.requirement_usd == pytest.approx(1_000_000 * 0.01 * 0.15)
    assert report.binding.endswith("implied vol +15%")


def test_futures_stand_outside_the_scan_unless_asked() -> None:
    positions, marks = book((-1, "F", 0, 16.0), root=Root.VX)
    out = portfolio_margin(positions, inputs(marks), Intrinsic(positions))
    assert out.requirement_usd == RULE_PORTFOLIO.futures[Root.VX].initial_usd
    inside = portfolio_margin(positions, inputs(marks), Intrinsic(positions), replace(RULE_PORTFOLIO, futures_in_scan=True))
    assert inside.requirement_usd == pytest.approx(1_000 * 3.2)


def test_a_pricer_that_misses_the_mark_shifts_nothing() -> None:
    positions, marks = book((-1, "P", 2900, 15.0))
    assert portfolio_margin(positions, inputs(marks + 5.0), Intrinsic(positions)).requirement_usd == pytest.approx(14_000)


def test_every_convention_with_a_pricer() -> None:
    positions, marks = book((-1, "P", 2900, 15.0), (1, "P", 2800, 9.0))
    found = margin_under_all(positions, inputs(marks), reprice=Intrinsic(positions))
    assert list(found)[-2:] == ["portfolio_rule", "portfolio_house"]
    assert found["portfolio_rule"].requirement_usd == pytest.approx(10_000)
    assert found["max_intrinsic_loss"].requirement_usd == pytest.approx(9_400)


def test_a_pricers_faults_are_named() -> None:
    positions, marks = book((-1, "P", 2900, 15.0), (1, "P", 2800, 9.0))

    def hole(points: Points) -> np.ndarray:
        return np.where(np.arange(2) == 1, np.nan, points.move)

    with pytest.raises(DataMissing, match="position 2, SPX 2020-03-20 P 2800: the pricer gives no value"):
        portfolio_margin(positions, inputs(marks), hole)
    with pytest.raises(UsageError, match=r"the pricer returned \(2,\)"):
        portfolio_margin(positions, inputs(marks), lambda points: np.zeros(2))
    with pytest.raises(UsageError, match="no range for the class SPX"):
        portfolio_margin(positions, inputs(marks), Intrinsic(positions), replace(RULE_PORTFOLIO, ranges={}))
    uneven = replace(
        RULE_PORTFOLIO,
        groups=(("SPX", "VIX"),),
        offset=0.5,
        ranges={"SPX": ScanRange(down=-0.08, up=0.06), "VIX": ScanRange(down=-0.2, up=0.2, points_each_side=3)},
    )
    both, both_marks = joined((positions, marks), book((1, "C", 15, 1.0), root=Root.VIX))
    with pytest.raises(UsageError, match="different numbers of points"):
        portfolio_margin(both, inputs(both_marks), Intrinsic(both), uneven)


def test_an_empty_book_asks_nothing() -> None:
    positions, marks = book()
    assert portfolio_margin(positions, inputs(marks), Intrinsic(positions)).requirement_usd == 0.0
