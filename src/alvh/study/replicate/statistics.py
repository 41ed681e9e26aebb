"""Monthly returns of a replication against the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alvh.core.days import DayArray
from alvh.market.history import Floats
from alvh.study.replicate.published import Limit, Thresholds

MONTHS_A_YEAR = 12.0
MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation for a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """Simple returns by month: ``month`` is year x 12 + month − 1, ascending."""

    month: DayArray
    value: Floats

    def between(self, first: int, last: int) -> Months:
        """The months from ``first`` to ``last``, both included."""
        inside = (self.month >= first) & (self.month <= last)
        return Months(month=self.month[inside], value=self.value[inside])

    def annual_pct(self) -> float:
        """Compound annual return, per cent; NaN without months."""
        if not len(self.value):
            return float("nan")
        return float(np.expm1(np.log1p(self.value).mean() * MONTHS_A_YEAR) * 100.0)

    def vol_pct(self) -> float:
        """Annualised standard deviation of monthly returns, per cent."""
        return float(self.value.std(ddof=1) * np.sqrt(MONTHS_A_YEAR) * 100.0) if len(self.value) > 1 else float("nan")

    def worst(self) -> tuple[int, float]:
        """The worst month and its return."""
        at = int(np.argmin(self.value))
        return int(self.month[at]), float(self.value[at])


def monthly_returns(month: DayArray, level: Floats) -> Months:
    """Returns between month-ends that follow one another; a gap gives no return for the month after it."""
    follows = np.diff(month) == 1
    return Months(month=month[1:][follows], value=(level[1:] / level[:-1] - 1.0)[follows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Ours against published over common months: ``d_pp`` ours minus published, twelve times the mean month, in points a year.

    ``te_pct`` is the standard deviation of the monthly difference a year, ``robust_te_pct`` the same from its median absolute
    deviation, ``beta`` the slope of ours on published.
    """

    months: int
    corr: float
    beta: float
    te_pct: float
    robust_te_pct: float
    d_pp: float
    vol_published_pct: float
    vol_ours_pct: float
    return_published_pct: float
    return_ours_pct: float
    published: Months
    ours: Months

    def errors(self) -> Months:
        """Ours minus published by month."""
        return Months(month=self.ours.month, value=self.ours.value - self.published.value)


def compare(ours: Months, published: Months) -> Comparison:
    """Statistics over the months that both have; three at least. Correlation and beta are NaN where a series stands still."""
    common, at, there = np.intersect1d(ours.month, published.month, return_indices=True)
    x, y = published.value[there], ours.value[at]
    difference = y - x
    spread = np.abs(difference - np.median(difference))
    covariance = np.cov(x, y)
    moves = covariance[0, 0] > 0.0 and covariance[1, 1] > 0.0
    theirs, own = Months(month=common, value=x), Months(month=common, value=y)
    return Comparison(
        months=len(common),
        corr=float(np.corrcoef(x, y)[0, 1]) if moves else float("nan"),
        beta=float(covariance[0, 1] / covariance[0, 0]) if covariance[0, 0] > 0.0 else float("nan"),
        te_pct=float(difference.std(ddof=1) * np.sqrt(MONTHS_A_YEAR) * 100.0),
        robust_te_pct=float(MAD_TO_SD * np.median(spread) * np.sqrt(MONTHS_A_YEAR) * 100.0),
        d_pp=float(difference.mean() * MONTHS_A_YEAR * 100.0),
        vol_published_pct=theirs.vol_pct(),
        vol_ours_pct=own.vol_pct(),
        return_published_pct=theirs.annual_pct(),
        return_ours_pct=own.annual_pct(),
        published=theirs,
        ours=own,
    )


def judge(found: Comparison, limits: Thresholds) -> Mapping[str, str]:
    """``target``, ``must`` or ``missed`` by figure; a border itself still holds, and a figure that is NaN is missed."""
    ratio = found.vol_ours_pct / found.vol_published_pct if found.vol_published_pct > 0.0 else float("nan")
    return {
        "corr": _level(found.corr >= limits.corr.must, found.corr >= limits.corr.target),
        "te_pct": _below(found.te_pct, limits.te_pct),
        "d_pp": _below(abs(found.d_pp), limits.d_pp),
        "beta": "must" if limits.beta[0] <= found.beta <= limits.beta[1] else "missed",
        "vol_ratio": "must" if limits.vol_ratio[0] <= ratio <= limits.vol_ratio[1] else "missed",
    }


def _below(value: float, limit: Limit) -> str:
    return _level(value <= limit.must, value <= limit.target)


def _level(must: bool, target: bool) -> str:
    return "target" if target else "must" if must else "missed"
