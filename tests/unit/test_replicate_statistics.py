"""Statistics of a replication against pandas, scipy and hand computations; verdicts at the exact borders."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import median_abs_deviation

from alvh.study.replicate.published import BFLY_CORR_SINCE_2007, EQUITY_LIKE, INDICES, Limit, Thresholds, iv_bias, thresholds_of
from alvh.study.replicate.statistics import Comparison, Months, compare, judge, monthly_returns

JANUARY_2007 = 2007 * 12


def months(first: int, values: object) -> Months:
    found = np.asarray(values, dtype=np.float64)
    return Months(month=np.arange(first, first + len(found)), value=found)


@pytest.fixture
def pair() -> tuple[Months, Months]:
    """Sixty months of a published index and of one that follows it with noise."""
    random = np.random.default_rng(7)
    published = 0.006 + 0.03 * random.standard_normal(60)
    return months(JANUARY_2007, 0.001 + 0.95 * published + 0.006 * random.standard_normal(60)), months(JANUARY_2007, published)


def test_returns_between_months_that_follow_one_another() -> None:
    found = monthly_returns(np.array([24, 25, 26, 29, 30]), np.array([100.0, 110.0, 99.0, 200.0, 210.0]))
    assert found.month.tolist() == [25, 26, 30]  # nothing spans the gap before month 29
    np.testing.assert_allclose(found.value, [0.10, -0.10, 0.05])


def test_figures_are_those_of_pandas_and_scipy(pair: tuple[Months, Months]) -> None:
    ours, published = pair
    found = compare(ours, published)
    y, x = pd.Series(ours.value), pd.Series(published.value)
    assert found.months == 60
    assert found.corr == pytest.approx(y.corr(x), rel=1e-12)
    assert found.beta == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)
    assert found.te_pct == pytest.approx((y - x).std() * math.sqrt(12.0) * 100.0, rel=1e-12)
    spread = median_abs_deviation(y - x, scale="normal")
    assert found.robust_te_pct == pytest.approx(spread * math.sqrt(12.0) * 100.0, rel=1e-5)
    assert found.d_pp == pytest.approx((y - x).mean() * 1200.0, rel=1e-12)
    assert found.vol_published_pct == pytest.approx(x.std() * math.sqrt(12.0) * 100.0, rel=1e-12)
    assert found.vol_ours_pct == pytest.approx(y.std() * math.sqrt(12.0) * 100.0, rel=1e-12)
    assert found.return_ours_pct == pytest.approx(((1.0 + y).prod() ** (12.0 / 60.0) - 1.0) * 100.0, rel=1e-12)
    assert found.return_published_pct == pytest.approx(((1.0 + x).prod() ** (12.0 / 60.0) - 1.0) * 100.0, rel=1e-12)


def test_four_months_by_hand() -> None:
    found = compare(months(0, [0.02, 0.00, 0.01, 0.05]), months(0, [0.01, 0.01, -0.01, 0.03]))
    # differences in points: 1, -1, 2, 2; mean 1, deviations 0, -2, 1, 1; median 1.5, distances .5, 2.5, .5, .5
    assert found.d_pp == pytest.approx(12.0)
    assert found.te_pct == pytest.approx(math.sqrt(6.0 / 3.0) * math.sqrt(12.0))
    assert found.robust_te_pct == pytest.approx(1.4826 * 0.5 * math.sqrt(12.0))
    # published: mean 1, deviations 0, 0, -2, 2; ours: mean 2, deviations 0, -2, -1, 3; covariance 8, variances 8 and 14
    assert found.beta == pytest.approx(1.0)
    assert found.corr == pytest.approx(8.0 / math.sqrt(8.0 * 14.0))
    np.testing.assert_allclose(found.errors().value, [0.01, -0.01, 0.02, 0.02])


def test_only_common_months_count(pair: tuple[Months, Months]) -> None:
    ours, published = pair
    later = Months(month=published.month[10:], value=published.value[10:])
    found = compare(ours.between(JANUARY_2007, JANUARY_2007 + 39), later)
    assert (found.months, int(found.ours.month[0]), int(found.ours.month[-1])) == (30, JANUARY_2007 + 10, JANUARY_2007 + 39)
    np.testing.assert_array_equal(found.published.value, published.value[10:40])
    np.testing.assert_array_equal(found.ours.value, ours.value[10:40])


def test_a_series_that_stands_still_has_no_correlation(pair: tuple[Months, Months]) -> None:
    ours, _ = pair
    flat = months(JANUARY_2007, np.zeros(60))
    found = compare(ours, flat)
    assert math.isnan(found.corr) and math.isnan(found.beta)
    limits = INDICES["PUT"].thresholds
    assert limits is not None
    assert {key: judge(found, limits)[key] for key in ("corr", "beta", "vol_ratio")} == dict.fromkeys(
        ("corr", "beta", "vol_ratio"), "missed"
    )
    still = compare(flat, ours)
    assert math.isnan(still.corr) and still.beta == 0.0


def test_months_of_a_year() -> None:
    year = months(JANUARY_2007, [0.01] * 11 + [-0.05])
    assert year.annual_pct() == pytest.approx((1.01**11 * 0.95 - 1.0) * 100.0)
    assert year.worst() == (JANUARY_2007 + 11, -0.05)
    assert math.isnan(months(0, []).annual_pct()) and math.isnan(months(0, [0.01]).vol_pct())


LIMITS = Thresholds(
    corr=Limit(must=0.98, target=0.99), te_pct=Limit(must=2.0, target=1.5), d_pp=Limit(must=1.25, target=0.5), beta=(0.93, 1.05)
)
GOOD = Comparison(
    months=100,
    corr=0.995,
    beta=1.0,
    te_pct=1.0,
    robust_te_pct=0.5,
    d_pp=0.1,
    vol_published_pct=10.0,
    vol_ours_pct=10.0,
    return_published_pct=8.0,
    return_ours_pct=8.1,
    published=months(0, [0.0]),
    ours=months(0, [0.0]),
)


def above(value: float) -> float:
    return math.nextafter(value, math.inf)


def below(value: float) -> float:
    return math.nextafter(value, -math.inf)


@pytest.mark.parametrize(
    ("field", "value", "figure", "verdict"),
    [
        ("corr", 0.99, "corr", "target"),
        ("corr", below(0.99), "corr", "must"),
        ("corr", 0.98, "corr", "must"),
        ("corr", below(0.98), "corr", "missed"),
        ("te_pct", 1.5, "te_pct", "target"),
        ("te_pct", above(1.5), "te_pct", "must"),
        ("te_pct", 2.0, "te_pct", "must"),
        ("te_pct", above(2.0), "te_pct", "missed"),
        ("d_pp", -0.5, "d_pp", "target"),
        ("d_pp", below(-0.5), "d_pp", "must"),
        ("d_pp", 1.25, "d_pp", "must"),
        ("d_pp", -1.25, "d_pp", "must"),
        ("d_pp", above(1.25), "d_pp", "missed"),
        ("d_pp", below(-1.25), "d_pp", "missed"),
        ("beta", 0.93, "beta", "must"),
        ("beta", below(0.93), "beta", "missed"),
        ("beta", 1.05, "beta", "must"),
        ("beta", above(1.05), "beta", "missed"),
        ("vol_ours_pct", 9.5, "vol_ratio", "must"),
        ("vol_ours_pct", 9.4999, "vol_ratio", "missed"),
        ("vol_ours_pct", 10.5, "vol_ratio", "must"),
        ("vol_ours_pct", 10.5001, "vol_ratio", "missed"),
        ("corr", math.nan, "corr", "missed"),
        ("te_pct", math.nan, "te_pct", "missed"),
        ("d_pp", math.nan, "d_pp", "missed"),
        ("beta", math.nan, "beta", "missed"),
        ("vol_published_pct", 0.0, "vol_ratio", "missed"),
    ],
)
def test_verdicts_at_the_borders(field: str, value: float, figure: str, verdict: str) -> None:
    good = judge(GOOD, LIMITS)
    assert dict(good) == {"corr": "target", "te_pct": "target", "d_pp": "target", "beta": "must", "vol_ratio": "must"}
    found = judge(replace(GOOD, **{field: value}), LIMITS)
    assert found[figure] == verdict
    assert {key: text for key, text in found.items() if key != figure} == {
        key: text for key, text in good.items() if key != figure
    }


def test_the_bias_of_implied_vols() -> None:
    """benchmarks.md 5 gives +3 % for the differences of its own table (4, 1990-2021); a pure bias of 10 % gives ten."""
    table = {"PUT": 0.36, "BXM": 1.33, "BXMD": -0.59, "BXY": 0.01, "PPUT": -1.31, "CLL": 0.25, "CLLZ": 1.66, "CMBO": 0.82}
    # sum s d = 9.8135, sum s^2 = 34.87
    assert iv_bias(table) == pytest.approx(0.1 * 9.8135 / 34.8725 * 1.0, rel=2e-3)
    moves = {"PUT": 2.55, "BXM": 2.55, "BXMD": 2.3, "BXY": 2.05, "PPUT": -1.85, "CLL": -1.0, "CLLZ": 1.7, "CMBO": 2.25}
    assert iv_bias(moves) == pytest.approx(0.10)
    assert iv_bias({**moves, "BFLY": 99.0}) == pytest.approx(0.10)  # no equity-like index: it does not count
    assert iv_bias(dict.fromkeys(EQUITY_LIKE, 0.0)) == 0.0
    for name in EQUITY_LIKE:
        assert iv_bias({key: value for key, value in moves.items() if key != name}) is None


def test_the_butterfly_is_held_to_more_from_2007_on() -> None:
    bfly = INDICES["BFLY"]
    early, late = thresholds_of(bfly, "2006-12"), thresholds_of(bfly, "2007-01")
    assert early is not None and late is not None
    assert early.corr == Limit(must=0.89, target=0.95)
    assert late.corr == BFLY_CORR_SINCE_2007 == Limit(must=0.92, target=0.96)
    assert (late.te_pct, late.d_pp, late.beta, late.vol_ratio) == (early.te_pct, early.d_pp, early.beta, early.vol_ratio)
    assert thresholds_of(INDICES["PUT"], "2007-01") == thresholds_of(INDICES["PUT"], "1990-02") == INDICES["PUT"].thresholds
    assert thresholds_of(INDICES["CNDR"], "1990-02") is None
