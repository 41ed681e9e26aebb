"""The same figures by calendar month and year, and without the months that made the hedge look good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.results.metrics import (
    Floats,
    WorstDay,
    checked_account,
    checked_series,
    daily_pnl,
    daily_returns,
    max_drawdown,
    ruin_index,
    vol,
    worst_day,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthGrid:
    """Values by month: ``years`` ascending without gaps, ``values`` (years, 12) with NaN where no session fell, and by year."""

    years: tuple[int, ...]
    values: Floats
    year_values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """One calendar year of a run; ``max_drawdown`` counts from the year's own peak, its opening equity included."""

    year: int
    sessions: int
    pnl_usd: float
    year_return: float | None
    vol: float | None
    max_drawdown: float | None
    worst_day: WorstDay | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutBest:
    """The hedge's total without its best months; ``months`` are the ones taken out, best first."""

    removed: int
    months: tuple[str, ...]
    removed_usd: float
    total_usd: float


def _years(sessions: DayArray) -> NDArray[np.int64]:
    days = np.asarray(sessions, dtype=np.int64).astype("datetime64[D]")
    return days.astype("datetime64[Y]").astype(np.int64) + 1970


def _months(sessions: DayArray) -> NDArray[np.int64]:
    """Months since January 1970."""
    days = np.asarray(sessions, dtype=np.int64).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64)


def monthly_returns(sessions: DayArray, pnl_usd: Floats, *, account_usd: float = 1.0, compound: bool = False) -> MonthGrid:
    """Sum of the month's daily dollars ÷ ``account_usd``; with ``compound`` ÷ the equity at which the month (or year) opened.

    With the default account of one dollar the values are dollars. Compound values are NaN once the opening equity is ≤ 0.
    """
    pnl = checked_series(sessions, pnl_usd, "pnl_usd")
    account = checked_account(account_usd)
    months = _months(sessions)
    first_year, last_year = int(months[0] // 12), int(months[-1] // 12)
    slots = months - first_year * 12
    size = (last_year - first_year + 1) * 12
    totals = np.bincount(slots, weights=pnl, minlength=size)
    empty = np.bincount(slots, minlength=size) == 0
    opening = np.full(size, account)
    if compound:
        opening += np.concatenate(([0.0], np.cumsum(totals)[:-1]))
        opening[opening <= 0.0] = np.nan
    values = np.where(empty, np.nan, totals / opening).reshape(-1, 12)
    by_year = totals.reshape(-1, 12).sum(axis=1) / opening.reshape(-1, 12)[:, 0]
    by_year[empty.reshape(-1, 12).all(axis=1)] = np.nan
    return MonthGrid(years=tuple(range(first_year + 1970, last_year + 1971)), values=values, year_values=by_year)


def pnl_by_month(sessions: DayArray, pnl_usd: Floats) -> dict[str, float]:
    """Dollars by month, ``YYYY-MM`` ascending, months without a session left out."""
    pnl = checked_series(sessions, pnl_usd, "pnl_usd")
    keys, where = np.unique(_months(sessions), return_inverse=True)
    totals = np.bincount(where, weights=pnl)
    return {f"{key // 12 + 1970:04d}-{key % 12 + 1:02d}": float(usd) for key, usd in zip(keys.tolist(), totals, strict=True)}


def calendar_year_table(
    sessions: DayArray, equity_usd: Floats, account_usd: float, *, compound: bool = False
) -> tuple[CalendarYear, ...]:
    """One row per calendar year. With ``compound``, ratios are ``None`` in years that open at or after ruin."""
    equity = checked_series(sessions, equity_usd, "equity_usd")
    account = checked_account(account_usd)
    pnl = daily_pnl(equity, account)
    returns = daily_returns(equity, account, compound=compound)
    years = _years(sessions)
    ruined = ruin_index(equity)
    rows: list[CalendarYear] = []
    for year in np.unique(years):
        inside = np.flatnonzero(years == year)
        first, last = int(inside[0]), int(inside[-1])
        opening = account if first == 0 else float(equity[first - 1])
        dollars = float(np.sum(pnl[inside]))
        known = returns[inside][np.isfinite(returns[inside])]
        after_ruin = compound and ruined is not None and first > ruined
        # Counting from zero leaves the year's own peak, whatever the account stood at when it opened.
        fixed = max_drawdown(equity[first : last + 1] - opening + account, account)
        rows.append(
            CalendarYear(
                year=int(year),
                sessions=int(inside.size),
                pnl_usd=dollars,
                year_return=None if after_ruin else dollars / (opening if compound else account),
                vol=vol(known),
                max_drawdown=(
                    None if after_ruin else max_drawdown(equity[first : last + 1], opening, compound=True) if compound else fixed
                ),
                worst_day=None if known.size == 0 else worst_day(sessions[inside], returns[inside]),
            )
        )
    return tuple(rows)


def without_best_months(hedge_pnl_by_month: Mapping[str, float], n: Sequence[int] = (1, 3, 5)) -> tuple[WithoutBest, ...]:
    """The hedge's total dollars after taking out its ``n`` best months, for each ``n`` (of equal months the earliest)."""
    total = sum(hedge_pnl_by_month.values())
    best = sorted(hedge_pnl_by_month.items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for count in n:
        taken = best[:count]
        removed = sum(usd for _, usd in taken)
        rows.append(
            WithoutBest(removed=count, months=tuple(month for month, _ in taken), removed_usd=removed, total_usd=total - removed)
        )
    return tuple(rows)
