"""Requirement of condors and through time, buying power, and the quick ratio."""

from __future__ import annotations

import numpy as np
import pytest
from tests.helpers.margin_books import Lot, book, inputs

from alvh.core.errors import UsageError
from alvh.risk.margin import (
    NO_CREDIT,
    REG_T,
    SUM_OF_SIDES,
    buying_power_usd,
    condor_requirement_usd,
    quick_ratio,
    requirement_series,
    return_on_maximum,
    strategy_margin,
)


@pytest.mark.parametrize("rules", [REG_T, NO_CREDIT, SUM_OF_SIDES], ids=["net", "none", "sides"])
@pytest.mark.parametrize("call_width", [50.0, 100.0, 25.0])
def test_condor_arrays_agree_with_the_book(rules: object, call_width: float) -> None:
    assert isinstance(rules, type(REG_T))
    lots: list[Lot] = [(3, "P", 2850, 6.0), (-3, "P", 2900, 15.0), (-3, "C", 3200, 12.0), (3, "C", 3200 + call_width, 7.0)]
    positions, marks = book(*lots)
    whole = strategy_margin(positions, inputs(marks), rules).requirement_usd
    fast = condor_requirement_usd(50.0, call_width, 14.0, 3, spread=rules.spread, credit_rule=rules.credit)
    assert float(fast) == pytest.approx(whole)


def test_condor_arrays_broadcast_and_refuse_nonsense() -> None:
    found = condor_requirement_usd(np.array([50.0, 485.0]), np.array([50.0, 160.0]), np.array([12.30, 47.96]), 1)
    assert found == pytest.approx([3_770, 43_704])
    assert condor_requirement_usd(50.0, 0.0, -1.0, 1, credit_rule="none") == pytest.approx(5_100)
    assert condor_requirement_usd(5.0, 5.0, 6.0, 1) == 0.0
    with pytest.raises(UsageError, match="put_width"):
        condor_requirement_usd(-1.0, 50.0, 12.0, 1)
    with pytest.raises(UsageError, match="credit holds"):
        condor_requirement_usd(50.0, 50.0, np.nan, 1)


def test_requirement_through_time_is_the_sum_of_what_is_held() -> None:
    rng = np.random.default_rng(7)
    opened = rng.integers(0, 90, 40)
    closed = np.minimum(opened + rng.integers(0, 30, 40), 100)
    dollars = rng.uniform(1e3, 1e5, 40)
    path = requirement_series(dollars, opened, closed, 100)
    by_hand = np.array([dollars[(opened <= t) & (t < closed)].sum() for t in range(100)])
    assert path.requirement_usd == pytest.approx(by_hand, abs=1e-6)
    assert path.maximum_usd == pytest.approx(by_hand.max())
    assert path.maximum_at == int(by_hand.argmax())
    assert path.mean_held_usd == pytest.approx(by_hand[by_hand > 0].mean())
    assert (path.requirement_usd[by_hand == 0.0] == 0.0).all()


def test_nothing_held_requires_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    path = requirement_series(np.zeros(0), none, none, 5)
    assert (path.maximum_usd, path.mean_held_usd, path.requirement_usd.tolist()) == (0.0, 0.0, [0.0] * 5)
    assert np.isnan(return_on_maximum(100.0, path))


@pytest.mark.parametrize(
    ("opened", "closed", "match"),
    [([3], [2], "closes before it opens"), ([-1], [2], "closes before"), ([0], [11], "closes before"), ([0, 1], [2], "differ")],
)
def test_requirement_through_time_refuses_bad_entries(opened: list[int], closed: list[int], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        requirement_series(np.ones(1), np.array(opened), np.array(closed), 10)
    with pytest.raises(UsageError, match="missing"):
        requirement_series(np.array([np.nan]), np.array([0]), np.array([1]), 10)


def test_buying_power_and_return() -> None:
    assert buying_power_usd(50_000.0, 43_704.0) == pytest.approx(6_296)
    assert buying_power_usd(1_500.0, 0.0, minimum_equity_usd=2_000.0) == -500.0
    path = requirement_series(np.array([40_000.0]), np.array([0]), np.array([3]), 5)
    assert return_on_maximum(1_000.0, path) == pytest.approx(0.025)


def test_quick_ratio() -> None:
    found = quick_ratio(
        cash_usd=30_000.0, bills_usd=50_000.0, long_options_at_bid_usd=1_500.0, requirement_usd=48_500.0, debits_due_usd=900.0
    )
    assert found.ratio == pytest.approx(81_500 / 49_400)
    assert found.meets(1.5)
    assert not found.meets(2.0)
    idle = quick_ratio(cash_usd=1.0, bills_usd=0.0, long_options_at_bid_usd=0.0, requirement_usd=0.0, debits_due_usd=0.0)
    assert idle.ratio == float("inf")
    with pytest.raises(UsageError, match="debits_due_usd is -1"):
        quick_ratio(cash_usd=1.0, bills_usd=0.0, long_options_at_bid_usd=0.0, requirement_usd=0.0, debits_due_usd=-1.0)
    with pytest.raises(UsageError, match="cash_usd is nan"):
        quick_ratio(cash_usd=float("nan"), bills_usd=0.0, long_options_at_bid_usd=0.0, requirement_usd=0.0, debits_due_usd=0.0)
