"""XIRR against closed forms and scipy; alpha and betas against statsmodels; capital cost and projections by hand."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from statsmodels.api import OLS, add_constant

from alvh.core.days import to_day
from alvh.core.errors import InternalError
from alvh.results.economics import (
    Projection,
    capital_cost,
    projected_xirr,
    target_finding,
)
from alvh.results.money_weighted import xirr
from alvh.results.regression import NORMAL_95, factors, newey_west
from alvh.risk.betas import lag_count

START = to_day(date(2010, 1, 4))


def test_two_flows_have_the_closed_form() -> None:
    found = xirr(np.array([START, START + 730]), np.array([-100.0, 121.0]))
    assert found.rate == pytest.approx(0.10, rel=1e-12)  # two years of 365 days
    assert (found.reason, len(found.roots)) == ("", 1)


def test_the_example_of_a_spreadsheet_manual() -> None:
    """Microsoft's and LibreOffice's documentation of XIRR print 37.3362535 % for these flows."""
    days = [to_day(date(*d)) for d in ((2008, 1, 1), (2008, 3, 1), (2008, 10, 30), (2009, 2, 15), (2009, 4, 1))]
    found = xirr(np.array(days), np.array([-10_000.0, 2_750.0, 4_250.0, 3_250.0, 2_750.0]))
    assert found.rate == pytest.approx(0.373362535, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(100.0, 1e6),
    st.lists(st.tuples(st.integers(1, 3000), st.floats(0.01, 5e5)), min_size=1, max_size=12),
)
def test_an_investment_has_scipys_only_root(paid: float, received: list[tuple[int, float]]) -> None:
    days = np.array([START, *(START + day for day, _ in received)])
    flows = np.array([-paid, *(usd for _, usd in received)])
    years = (days - START) / 365.0

    def value(log_rate: float) -> float:
        return float(np.dot(flows, np.exp(-log_rate * years)))

    found = xirr(days, flows)
    if value(-5.0) > 0.0 > value(5.0):
        expected = brentq(value, -5.0, 5.0, xtol=1e-13, rtol=1e-13)
        assert found.rate is not None
        assert math.log1p(found.rate) == pytest.approx(expected, abs=1e-9)


def test_the_order_and_the_split_of_flows_change_nothing() -> None:
    one = xirr(np.array([START, START + 100, START + 200]), np.array([-50.0, -50.0, 104.0]))
    other = xirr(np.array([START + 200, START, START + 100, START + 200]), np.array([100.0, -50.0, -50.0, 4.0]))
    assert one.rate == other.rate


def test_without_a_change_of_sign_there_is_no_rate_and_a_reason() -> None:
    assert (
        xirr(np.array([START, START + 1]), np.array([-1.0, -2.0])).reason
        == "every flow was paid: no rate discounts them to nothing"
    )
    assert xirr(np.array([START]), np.array([3.0])).reason.startswith("every flow was received")
    assert xirr(np.array([START, START + 9]), np.zeros(2)).reason == "nothing was paid or received"
    assert xirr(np.array([START, START + 1]), np.array([-1.0, -2.0])).rate is None


def test_several_rates_are_named_and_none_is_chosen() -> None:
    """(1 + r) = 1.1 and 1.3 by construction: -1 + 2.4/x - 1.43/x^2 = -(1 - 1.1/x)(1 - 1.3/x)."""
    found = xirr(np.array([START, START + 365, START + 730]), np.array([-1.0, 2.4, -1.43]))
    assert found.rate is None
    assert found.roots == pytest.approx((0.10, 0.30), abs=1e-9)
    assert found.reason == "2 rates discount them to nothing (10.0 %, 30.0 %), none is the return"


def test_flows_that_no_rate_fits() -> None:
    found = xirr(np.array([START, START + 365, START + 730]), np.array([-1.0, 1.0, -1.0]))
    assert (found.rate, found.roots) == (None, ())
    assert "no rate" in found.reason


def test_a_missing_flow_is_refused() -> None:
    with pytest.raises(InternalError):
        xirr(np.array([START, START + 1]), np.array([1.0, np.nan]))


def test_newey_west_is_statsmodels() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 2))
    noise = rng.normal(size=400)
    noise[1:] += 0.6 * noise[:-1]
    y = 0.3 + x @ np.array([1.5, -0.4]) + noise * (1.0 + np.abs(x[:, 0]))
    found = newey_west(y, x)
    assert found is not None
    oracle = OLS(y, add_constant(x)).fit(cov_type="HAC", cov_kwds={"maxlags": lag_count(400), "use_correction": False})
    assert found[0] == pytest.approx(oracle.params, rel=1e-10)
    assert found[1] == pytest.approx(oracle.bse, rel=1e-9)


def test_factors_are_scaled_statsmodels_slopes_with_normal_intervals() -> None:
    rng = np.random.default_rng(8)
    spx = rng.normal(0.0, 0.01, 300)
    vix = -120.0 * spx + rng.normal(0.0, 0.8, 300)
    y = 0.0002 + 0.3 * spx - 0.0005 * vix + rng.normal(0.0, 0.002, 300)
    y[7] = np.nan  # a session without a return is left out
    found = factors(y, spx, vix, account_usd=1e6)
    assert found is not None
    known = np.isfinite(y)
    oracle = OLS(y[known], add_constant(np.column_stack([spx, vix])[known])).fit(
        cov_type="HAC", cov_kwds={"maxlags": lag_count(299), "use_correction": False}
    )
    assert found.sessions == 299
    assert found.joint_beta.value == pytest.approx(oracle.params[1], rel=1e-9)
    assert found.joint_vix_usd_per_point.value == pytest.approx(1e6 * oracle.params[2], rel=1e-9)
    low, high = oracle.conf_int()[0]
    assert (found.joint_alpha_per_year.low, found.joint_alpha_per_year.high) == pytest.approx((252 * low, 252 * high), rel=1e-8)


def test_factors_without_variation_or_sessions_are_none() -> None:
    flat, rng = np.zeros(100), np.random.default_rng(1)
    assert factors(rng.normal(size=100), flat, rng.normal(size=100), account_usd=1.0) is None
    few = rng.normal(size=10)
    assert factors(few, few[::-1].copy(), few**2, account_usd=1.0) is None


def test_capital_cost_by_hand() -> None:
    """1,000 dollars for 73 days, then 3,000 for 73: a mean of 2,000; bills of 3.6 % on actual/360."""
    days = np.array([START, START + 73, START + 146])
    found = capital_cost(days, np.array([1_000.0, 3_000.0, 9e9]), np.full(3, 0.036), carry_usd=500.0, realised_usd=-100.0)
    assert found.capital_usd == 2_000.0
    assert found.funding_usd == pytest.approx((1_000.0 + 3_000.0) * 0.036 * 73 / 360)
    years = 146 / 365.25
    assert found.rate_carry == pytest.approx((500.0 + found.funding_usd) / 2_000.0 / years)
    assert found.rate_realised == pytest.approx((-100.0 + found.funding_usd) / 2_000.0 / years)
    none = capital_cost(days, np.zeros(3), np.zeros(3), carry_usd=0.0, realised_usd=0.0)
    assert none.rate_carry is None


def test_a_projection_pays_the_mean_month_every_month() -> None:
    monthly = np.tile([0.02, 0.0], 12)
    vix = np.where(np.arange(24) < 14, 12.0, 40.0)
    found = {row.label: row for row in projected_xirr(monthly, vix)}
    whole = found["all months"]
    assert whole.xirr == pytest.approx(1.01**12 - 1.0)
    flows = np.array([-1.0, *[0.01] * 11, 1.01])  # the same by the money-weighted return itself, on even months
    even = xirr(START + np.round(np.arange(13) * 365 / 12 * 12000).astype(np.int64), flows)  # days stretched to be even
    assert even.rate is not None
    assert (1.0 + even.rate) ** 12000 - 1.0 == pytest.approx(whole.xirr, rel=1e-6)
    assert (found["VIX below 15"].months, found["VIX 30 and up"].months) == (14, 10)
    assert found["VIX 30 and up"].xirr is None  # fewer than a year of months
    assert whole.low is not None and whole.high is not None and whole.low < whole.xirr < whole.high
    constant = OLS(monthly, np.ones(24)).fit(cov_type="HAC", cov_kwds={"maxlags": lag_count(24), "use_correction": False})
    assert whole.high == pytest.approx((1.01 + NORMAL_95 * constant.bse[0]) ** 12 - 1.0, rel=1e-9)


def test_a_target_beyond_every_regime_is_a_finding_and_one_within_is_not() -> None:
    rows = (
        Projection(label="all months", months=99, xirr=0.5, low=0.4, high=0.6),  # the whole run does not count, its regimes do
        Projection(label="VIX below 15", months=50, xirr=0.01, low=-0.01, high=0.03),
        Projection(label="VIX 15-20", months=49, xirr=0.02, low=0.0, high=0.045),
    )
    text = target_finding(rows, 0.08)
    assert text is not None and "8.0 %" in text and "VIX 15-20" in text and "4.5 %" in text
    assert target_finding(rows, 0.04) is None
    assert target_finding(rows[:1], 0.04) is None
