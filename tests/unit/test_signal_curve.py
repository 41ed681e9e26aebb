"""VX ranks, roll yield and Treasury curves, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.core.days import to_day
from alvh.market.history import History, VxTable
from alvh.market.signal_curve import change_in_deviations, vx_ranks
from alvh.market.signals import find_signal

NAN = float("nan")


def days(*texts: str) -> np.ndarray:
    return np.array([to_day(date.fromisoformat(text)) for text in texts], dtype=np.int64)


def market(*, without: str | None = None) -> History:
    """Four sessions around the expiry of Wednesday 2015-02-18, with a weekly between the monthlies."""
    sessions = days("2015-02-13", "2015-02-17", "2015-02-18", "2015-02-19")
    expiry = days("2015-02-18", "2015-02-25", "2015-03-18", "2015-04-15", "2015-05-20")
    monthly = np.array([True, False, True, True, True])
    settle = np.array(
        [
            [15.0, 15.5, 16.0, 17.0, 18.0],
            [15.2, 15.6, 16.2, NAN, 18.1],
            [NAN, 15.8, 16.4, 17.4, 18.2],
            [NAN, 15.9, 16.5, 17.5, 18.3],
        ]
    )
    if without is not None:
        keep = expiry != to_day(date.fromisoformat(without))
        expiry, monthly, settle = expiry[keep], monthly[keep], settle[:, keep]
    table = VxTable(expiry=expiry, monthly=monthly, settle=settle, volume=settle * 0, open=settle)
    history = make_history(4, sessions=sessions, with_vx=False)
    return replace(history, vx=table, vix_close=np.array([16.0, 16.0, 16.0, 15.0]), bill_rate=np.full(4, 0.02))


def value(history: History, name: str) -> list[float]:
    return find_signal(name).compute(history).tolist()


def test_the_front_is_the_nearest_monthly_that_does_not_expire_today() -> None:
    assert value(market(), "vx_front") == [15.0, 15.2, 16.4, 16.5]
    assert value(market(), "vx_front_to_vix") == [15.0 / 16, 15.2 / 16, 16.4 / 16, 1.1]


def test_slopes_follow_the_ranks_and_a_missing_settle_is_not_replaced() -> None:
    np.testing.assert_allclose(value(market(), "vx_slope_1_2"), [16 / 15 - 1, 16.2 / 15.2 - 1, 17.4 / 16.4 - 1, 17.5 / 16.5 - 1])
    np.testing.assert_allclose(value(market(), "vx_slope_2_3"), [17 / 16 - 1, NAN, 18.2 / 17.4 - 1, 18.3 / 17.5 - 1])
    np.testing.assert_array_equal(value(market(), "vx_slope_1_4")[2:], [NAN, NAN])


def test_a_contract_without_a_file_leaves_its_rank_and_those_behind_unknown() -> None:
    lacking = market(without="2015-03-18")
    np.testing.assert_array_equal(value(lacking, "vx_front"), [15.0, 15.2, NAN, NAN])
    assert np.isnan(value(lacking, "vx_slope_1_2")).all() and np.isnan(value(lacking, "vx_slope_2_3")).all()


def test_the_roll_yield_is_annualised_by_the_days_between_the_expiries() -> None:
    """From 2015-02-18 to 2015-03-18 there are 28 days, to 2015-04-15 another 28."""
    assert value(market(), "vx_roll_yield_pct")[0] == pytest.approx(100 / 15 * 365 / 28)
    assert value(market(), "vx_roll_yield_pct")[3] == pytest.approx(100 * (17.5 / 16.5 - 1) * 365 / 28)
    assert value(market(), "vx_funding_pct")[0] == pytest.approx(100 / 15 * 365 / 28 - 2.0)


def test_ranks_of_a_made_history_are_those_of_a_plain_search() -> None:
    history = make_history(200, seed=5)
    for rank in (1, 2, 4):
        settle, expiry = vx_ranks(history, rank)
        for row, session in enumerate(history.sessions):
            later = [
                (int(day), history.vx.settle[row, column])
                for column, day in enumerate(history.vx.expiry)
                if history.vx.monthly[column] and day > session
            ]
            assert (expiry[row], settle[row]) == later[rank - 1]


def test_curves_in_basis_points() -> None:
    history = replace(
        make_history(4, with_vx=False),
        yields={
            "dgs3mo": np.array([0.05] * 4),
            "dgs2": np.array([0.04, 0.041, 0.04, NAN]),
            "dgs10": np.array([0.03, 0.03, 0.035, 0.036]),
        },
    )
    np.testing.assert_allclose(value(history, "curve_2s10s_bp"), [-100.0, -110.0, -50.0, NAN])
    np.testing.assert_allclose(value(history, "curve_3m10y_bp"), [-200.0, -200.0, -150.0, -140.0])
    np.testing.assert_allclose(value(history, "curve_2s10s_change_2_bp"), [NAN, NAN, 50.0, NAN])
    np.testing.assert_allclose(value(history, "dgs10_change_1_bp"), [NAN, 0.0, 50.0, 10.0])


def test_a_change_in_trailing_deviations() -> None:
    random = np.random.default_rng(2)
    spread = np.cumsum(random.normal(0, 5, 400))
    found = change_in_deviations(spread, 20)
    changes = spread[20:] - spread[:-20]
    assert np.isnan(found[:271]).all() and np.isfinite(found[271:]).all()
    assert found[350] == pytest.approx(changes[330] / np.std(changes[330 - 251 : 331], ddof=1), rel=1e-12)
    assert change_in_deviations(np.full(300, 4.0), 20)[-1] == 0.0
    assert np.isnan(change_in_deviations(np.arange(300.0), 20)[-1]), "the same change all year has no deviation to be measured in"
