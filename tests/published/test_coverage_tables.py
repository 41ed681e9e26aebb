"""The published coverage, cost and size tables (methods.md 8.2, 8.3) from the product's exposures, coverage and costs.

The stated inputs stand in ``tests/helpers``: SSVI, the VX curves, at-the-money vols, smile and betas of the section. Required:
strikes within one step, premium within 1 % at the printed strikes and 2 % at our own, coverage within 3 % of itself. Reached: at
the published strikes every cell of coverage and cost to half its last printed digit.
"""

from __future__ import annotations

import pytest
from tests.helpers import ladder as table
from tests.helpers import stated_market as stated

from alvh.market.market import Legs
from alvh.risk.betas import TenorBetas
from alvh.risk.costs import HedgeCost, hedge_cost
from alvh.risk.coverage import Coverage, coverage, notional, size_readings
from alvh.risk.exposures import exposures

BETAS = TenorBetas.stated([30.0, 60.0, 90.0], list(table.BETAS), label="methods.md 8.2")
DELTAS, LEVELS = (30, 20, 15, 10), (15, 20, 30)
CASES = [(delta, vix) for delta in DELTAS for vix in LEVELS]
PER_100K_INDEX = 1.0 / 6.0
"""Condors of index notional $100,000 at SPX 6000."""

Cells = dict[str, tuple[tuple[float, float, float], ...]]
COVERAGE: Cells = {
    "A1": ((304, 307, 305), (207, 204, 203), (153, 150, 153), (101, 100, 101)),
    "A2": ((134, 136, 135), (92, 90, 90), (67, 66, 68), (45, 44, 45)),
    "A3": ((77, 79, 78), (53, 52, 52), (39, 38, 39), (26, 26, 26)),
    "A 50-wide": ((411, 556, 820), (282, 369, 545), (207, 272, 411), (137, 182, 271)),
    "B": ((7.7, 9.9, 13.4), (5.3, 6.6, 8.9), (3.9, 4.8, 6.7), (2.6, 3.2, 4.4)),
    "B 50-wide": ((2.6, 3.4, 4.9), (1.8, 2.3, 3.3), (1.3, 1.7, 2.5), (0.9, 1.1, 1.6)),
}
"""Printed coverage in %, rows by delta as in DELTAS, VIX 15 / 20 / 30."""
COST: Cells = {
    "A": ((134, 139, 115), (97, 97, 81), (74, 75, 63), (51, 52, 44)),
    "A 50-wide": ((387, 507, 599), (280, 356, 422), (213, 273, 330), (148, 192, 228)),
    "B": ((7.7, 10.1, 11.4), (5.6, 7.1, 8.1), (4.2, 5.4, 6.3), (2.9, 3.8, 4.4)),
}
"""Printed cost in % of 30 days' credit."""
HALF_UNIT = {"A": 0.5, "B": 0.05}


def printed(cells: Cells, row: str, delta: int, vix: int) -> float:
    return cells[row][DELTAS.index(delta)][LEVELS.index(vix)]


def condors_of(vix: int, wing: float | None, reading: str) -> float:
    """Condors of $100,000 of index notional (A) or of largest loss (B)."""
    return PER_100K_INDEX if reading == "A" else 100_000.0 / table.condor(vix, wing, "published").max_loss_usd


def solved(delta: int, vix: int, wing: float | None, reading: str, chosen: str = "published") -> tuple[Coverage, HedgeCost]:
    market = stated.published_market(vix)
    strikes = stated.published_strikes(market, delta / 100.0, chosen=chosen)
    condor = table.condor_strikes(vix, wing, chosen)
    book = stated.published_book(strikes, condor, condors=condors_of(vix, wing, reading))
    found = exposures(market, book, market.series, BETAS)
    return coverage(found), hedge_cost(market, book, market.series, notional(found))


@pytest.mark.parametrize(("delta", "vix"), CASES)
def test_coverage_per_100k_index(delta: int, vix: int) -> None:
    """A1, A2 and A3: naive and adjusted against net vega, adjusted against the short legs; then 50-point wings."""
    found, _ = solved(delta, vix, None, "A")
    for row, value in (("A1", found.net_naive), ("A2", found.net_adjusted), ("A3", found.short_adjusted)):
        assert value is not None
        assert 100.0 * value == pytest.approx(printed(COVERAGE, row, delta, vix), rel=0.03)
        assert abs(100.0 * value - printed(COVERAGE, row, delta, vix)) <= HALF_UNIT["A"]
    wide, _ = solved(delta, vix, 50.0, "A")
    assert wide.net_adjusted is not None
    assert 100.0 * wide.net_adjusted == pytest.approx(printed(COVERAGE, "A 50-wide", delta, vix), rel=0, abs=HALF_UNIT["A"])


@pytest.mark.parametrize(("delta", "vix"), CASES)
def test_coverage_per_100k_risk_capital(delta: int, vix: int) -> None:
    for row, wing in (("B", None), ("B 50-wide", 50.0)):
        found, _ = solved(delta, vix, wing, "B")
        wanted = printed(COVERAGE, row, delta, vix)
        assert found.net_adjusted is not None
        assert 100.0 * found.net_adjusted == pytest.approx(wanted, rel=0, abs=HALF_UNIT["B"])


@pytest.mark.parametrize(("delta", "vix"), CASES)
def test_cost_of_credit(delta: int, vix: int) -> None:
    """Static decay over the credit of thirty days."""
    for row, wing, reading in (("A", None, "A"), ("A 50-wide", 50.0, "A"), ("B", None, "B")):
        _, cost = solved(delta, vix, wing, reading)
        wanted = printed(COST, row, delta, vix)
        assert cost.decay_of_credit is not None
        assert 100.0 * cost.decay_of_credit == pytest.approx(wanted, rel=0, abs=HALF_UNIT[reading])


@pytest.mark.parametrize(("delta", "vix"), CASES)
def test_ladder_premium_decay_and_deltas(delta: int, vix: int) -> None:
    """The ladder table: premium, decay in % of $100,000 index notional, futures delta and beta delta, to the printed digit."""
    found, cost = solved(delta, vix, None, "A")
    premium, decay, futures, beta = table.LADDER_TABLE[delta, vix]
    assert cost.premium_usd == pytest.approx(premium, rel=0.01)
    assert cost.decay_of_index is not None
    assert 100.0 * cost.decay_of_index == pytest.approx(decay, abs=0.0051)
    assert found.hedge_naive_usd_per_vix_point == pytest.approx(futures, abs=0.55)
    assert found.hedge_adjusted_usd_per_vix_point == pytest.approx(beta, abs=0.55)


@pytest.mark.parametrize(("delta", "vix"), CASES)
def test_at_our_own_strikes(delta: int, vix: int) -> None:
    """Strikes by forward delta, as the product chooses: within one step, premium 2 %, coverage 3 %."""
    market = stated.published_market(vix)
    ours = stated.published_strikes(market, delta / 100.0, chosen="forward")
    theirs = stated.published_strikes(market, delta / 100.0, chosen="published")
    assert all(abs(a - b) <= 0.5 for a, b in zip(ours, theirs, strict=True))
    printed_calls = table.PRINTED_CALLS.get((delta, vix))
    if printed_calls is not None:
        assert theirs == printed_calls[0]
        legs = Legs.of([(row, strike, 1) for row, strike in zip((1, 2, 3), theirs, strict=True)])
        assert market.mark(legs) == pytest.approx(printed_calls[1], abs=0.005)
    found, cost = solved(delta, vix, None, "A", "forward")
    assert abs(cost.premium_usd - table.LADDER_TABLE[delta, vix][0]) <= 0.02 * table.LADDER_TABLE[delta, vix][0] + 0.5
    for row, value in (("A1", found.net_naive), ("A2", found.net_adjusted), ("A3", found.short_adjusted)):
        assert value is not None
        assert 100.0 * value == pytest.approx(printed(COVERAGE, row, delta, vix), rel=0.03)


@pytest.mark.parametrize(("vix", "wing"), list(table.CONDOR_TABLE))
def test_condor(vix: int, wing: float | None) -> None:
    """Credit, vegas and largest loss of one condor, to the dollar, from exposures and notional."""
    _, credit, net, short, loss = table.CONDOR_TABLE[vix, wing]
    market = stated.published_market(vix)
    strikes = table.condor_strikes(vix, wing, "published")
    book = stated.published_book((20.0, 25.0, 30.0), strikes, condors=1.0)
    found = exposures(market, book, market.series, BETAS)
    base, condor = notional(found), found.by_sleeve()["condor"]
    assert base.credit_usd == pytest.approx(credit, abs=0.55)
    assert condor["spx_vega_usd_per_vol_point"] == pytest.approx(net, abs=0.55)
    assert condor["spx_short_vega_usd_per_vol_point"] == pytest.approx(short, abs=0.55)
    assert base.risk_capital_usd == pytest.approx(loss, abs=0.55)
    assert base.index_usd == pytest.approx(600_000.0)
    assert base.lots == 1.0


def test_the_three_readings_of_one_size() -> None:
    """4/4/2 per $100,000 of index notional is 24/24/12 a condor and 55/55/27 per $100,000 of its largest loss at VIX 20."""
    market = stated.published_market(20)
    book = stated.published_book((30.5, 35.5, 38.5), table.condor_strikes(20, None, "published"), condors=PER_100K_INDEX)
    sizes = size_readings(book, notional(exposures(market, book, market.series, BETAS)))
    assert sizes.per_100k_index == pytest.approx([4.0, 4.0, 2.0])
    assert sizes.per_condor_lot == pytest.approx([24.0, 24.0, 12.0])
    assert sizes.per_100k_risk_capital == pytest.approx([54.9, 54.9, 27.5], rel=0.002)


def test_a_ladder_a_condor_is_the_defensible_size() -> None:
    """methods.md 8.3: at one 4/4/2 of 20 delta per SPX condor, net coverage 15 %, short-leg 9 %, cost .06-.11 % of notional."""
    for vix in LEVELS:
        market = stated.published_market(vix)
        strikes = stated.published_strikes(market, 0.20, chosen="published")
        book = stated.published_book(strikes, table.condor_strikes(vix, None, "published"), condors=1.0)
        found = exposures(market, book, market.series, BETAS)
        cover, cost = coverage(found), hedge_cost(market, book, market.series, notional(found))
        assert cover.net_adjusted == pytest.approx(0.15, abs=0.005)
        assert cover.short_adjusted == pytest.approx(0.09, abs=0.005)
        assert cost.decay_of_index is not None
        assert 0.0006 <= cost.decay_of_index <= 0.0011
