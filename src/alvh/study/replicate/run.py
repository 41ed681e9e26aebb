"""Run an index policy and turn its equity into months, single checks and settlements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataMissing
from alvh.core.fees import fee_usd
from alvh.data.readers.index_levels import MonthLevels, month_name, month_of
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.market.history import Floats
from alvh.market.market import Market
from alvh.results.attribution import check_identity
from alvh.strategy.overlay_rules import overlay_days
from alvh.strategy.policy import Policy
from alvh.study.replicate.published import Check, PublishedIndex, thresholds_of
from alvh.study.replicate.statistics import Comparison, Months, compare, judge, monthly_returns

LARGE_ERROR = 0.02
"""A month that is off by more than two points is reported with its expiry."""
FEWEST_MONTHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthError:
    """A month with a large error; ``expiry`` is the monthly expiry inside it."""

    month: str
    published_pct: float
    ours_pct: float
    expiry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A single published figure and ours; ``months`` is the span of ours, where it differs from the published one."""

    check: Check
    ours: float
    months: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """One index rebuilt: ``comparison`` and ``verdicts`` only where levels were given.

    ``settlements`` counts the option settlements by source, ``bands_by_settlement`` the rolls whose band was read at the VX
    settlement because no open is known.
    """

    index: PublishedIndex
    policy: str
    first: str
    last: str
    ours: Months
    comparison: Comparison | None
    verdicts: Mapping[str, str]
    worst: tuple[MonthError, ...]
    gaps: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    settlements: Mapping[str, int]
    rolls: int
    bands_by_settlement: int
    identity_error_usd: float
    sessions: int


def run_start(policy: Policy, market: Market, first_day: int) -> int:
    """The roll before ``first_day``: a run from there holds a whole package when the first month begins."""
    assert policy.overlay is not None
    rolls = market.sessions[overlay_days(policy.overlay, market.series, market.sessions)]
    before = rolls[rolls < first_day]
    return int(before[-1]) if len(before) else int(market.sessions[min(1, len(market.sessions) - 1)])


def replicate(
    index: PublishedIndex,
    policy: Policy,
    market: Market,
    *,
    first_day: int,
    last_day: int,
    levels: MonthLevels | None,
    progress: Callable[[int, int], None] | None = None,
) -> Replication:
    """Run the policy over the whole months from ``first_day`` to ``last_day`` and compare.

    Raises :class:`DataMissing` where no whole month is left, or fewer than three are common with the levels.
    """
    result = run_backtest(
        policy, market, start=run_start(policy, market, first_day), end=last_day, fee_usd=fee_usd, progress=progress
    )
    identity = check_identity(result)
    ours = _months(result).between(*_whole_months(first_day, last_day, market.sessions))
    if not len(ours.value):
        raise DataMissing(
            f"no whole month lies between {iso(first_day)} and {iso(last_day)}", allowed="a calendar month or more, and its data"
        )
    comparison: Comparison | None = None
    gaps: tuple[str, ...] = ()
    if levels is not None:
        published = monthly_returns(levels.month, levels.level)
        gaps = levels.gaps
        if len(np.intersect1d(published.month, ours.month)) < FEWEST_MONTHS:
            raise DataMissing(
                f"{levels.label} and the run have fewer than {FEWEST_MONTHS} months in common",
                allowed=f"levels inside {month_name(int(ours.month[0]))} to {month_name(int(ours.month[-1]))}",
                todo="choose other dates, or a file that covers them",
            )
        comparison = compare(ours, published)
    limits = thresholds_of(index, month_name(int(ours.month[0])))
    return Replication(
        index=index,
        policy=policy.name,
        first=month_name(int(ours.month[0])),
        last=month_name(int(ours.month[-1])),
        ours=ours,
        comparison=comparison,
        verdicts={} if comparison is None or limits is None else judge(comparison, limits),
        worst=() if comparison is None else _worst(comparison, result),
        gaps=gaps,
        checks=tuple(found for check in index.checks if (found := _check(check, result, ours)) is not None),
        settlements=_settlements(result),
        rolls=result.overlay_rolls,
        bands_by_settlement=result.bands_by_settlement,
        identity_error_usd=identity,
        sessions=len(result.sessions),
    )


def _months(result: BacktestResult) -> Months:
    month = month_of(result.sessions)
    last = np.flatnonzero(np.diff(month, append=month[-1] + 1))
    return monthly_returns(month[last], result.record.equity_hedged_usd[last])


def _whole_months(first_day: int, last_day: int, sessions: DayArray) -> tuple[int, int]:
    """The first month that begins on or after ``first_day`` and the last whose last session is not after ``last_day``."""
    before, after = month_of(np.array([first_day - 1, first_day]))
    first = int(after) if after != before else int(after) + 1
    inside = sessions[sessions <= last_day]
    ends = int(month_of(inside[-1:])[0])
    beyond = sessions[sessions > last_day]
    if not len(beyond):  # the data end here: the calendar knows whether the month does
        calendar = trading_calendar().sessions_array
        beyond = calendar[calendar > inside[-1]]
    complete = len(beyond) > 0 and int(month_of(beyond[:1])[0]) != ends
    return first, ends if complete else ends - 1


def _worst(found: Comparison, result: BacktestResult) -> tuple[MonthError, ...]:
    errors = found.errors()
    series = result.market.series
    expiries = np.unique(series.expiry[series.monthly & series.am & ~series.is_vix])
    by_month = {int(month): int(day) for month, day in zip(month_of(expiries), expiries, strict=True)}
    order = np.argsort(-np.abs(errors.value))
    rows: list[MonthError] = []
    for at in order.tolist():
        if abs(errors.value[at]) <= LARGE_ERROR and len(rows) >= 1:
            break
        month = int(errors.month[at])
        rows.append(
            MonthError(
                month=month_name(month),
                published_pct=float(found.published.value[at]) * 100.0,
                ours_pct=float(found.ours.value[at]) * 100.0,
                expiry=iso(by_month[month]) if month in by_month else "",
            )
        )
    return tuple(rows)


def _settlements(result: BacktestResult) -> dict[str, int]:
    counts: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    for lot in result.lots:
        if lot.close_kind != "settled" or (lot.series, lot.close_index) in seen:
            continue
        seen.add((lot.series, lot.close_index))
        name = lot.settlement_source.split(",")[0]
        counts[name] = counts.get(name, 0) + 1
    return counts


def _number(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def _check(check: Check, result: BacktestResult, ours: Months) -> CheckResult | None:
    """Evaluate one figure on our own months; None where the run does not cover enough of its span."""
    first, last = _number(check.first), _number(check.last)
    months = ours.between(first, last)
    whole = len(months.value) == last - first + 1
    value = float("nan")
    if check.kind in ("return", "at_least") and whole:
        value = float(np.expm1(np.log1p(months.value).sum()) * 100.0)
    elif check.kind == "blend" and whole:
        value = _blend(months, index_months(result))
    elif check.kind == "level":
        value = _level(check, result)
    elif check.kind == "vol" and len(months.value) >= 120:
        value = months.vol_pct()
    elif check.kind == "months_below_6" and len(months.value) >= 120:
        value = float((months.value < -0.06).sum())
    if np.isnan(value):
        return None
    off = abs(value - check.published)
    verdict = "target" if off <= check.target else "must" if off <= check.must else "missed"
    if check.kind == "at_least":
        verdict = "must" if value >= check.published else "missed"
    span = f"{month_name(int(months.month[0]))} to {month_name(int(months.month[-1]))}" if len(months.month) else check.last
    return CheckResult(check=check, ours=value, months=span, verdict=verdict)


def index_months(result: BacktestResult) -> Months:
    """Monthly returns of the index with its dividends, from the same data as the run."""
    rows = range(result.first, result.first + len(result.sessions))
    close: Floats = np.array([result.market.snapshot(row).spx for row in rows])
    paid = result.market.dividend_points[result.first : result.first + len(result.sessions)]
    growth = np.ones(len(close))
    growth[1:] = (close[1:] + paid[1:]) / close[:-1]
    month = month_of(result.sessions)
    last = np.flatnonzero(np.diff(month, append=month[-1] + 1))
    level: Floats = np.multiply.accumulate(growth)
    return monthly_returns(month[last], level[last])


def _blend(ours: Months, index: Months) -> float:
    """Annual return, per cent, of 20 % of the index policy and 80 % of the S&P 500 with dividends, rebalanced monthly."""
    common, at, there = np.intersect1d(ours.month, index.month, return_indices=True)
    mixed = Months(month=common, value=0.2 * ours.value[at] + 0.8 * index.value[there])
    return mixed.annual_pct() if len(common) == len(ours.month) else float("nan")


def _level(check: Check, result: BacktestResult) -> float:
    """100 at the end of month ``first``, carried to the session ``last``."""
    sessions = result.sessions
    base = np.flatnonzero(month_of(sessions) == _number(check.first))
    day = np.datetime64(check.last, "D").astype(np.int64)
    at = np.flatnonzero(sessions <= day)
    if not base.size or not at.size or sessions[-1] < day:
        return float("nan")
    equity = result.record.equity_hedged_usd
    return float(100.0 * equity[at[-1]] / equity[base[-1]])
