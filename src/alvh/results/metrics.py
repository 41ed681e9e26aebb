"""Figures that sum up one run, with their formulas; numpy only.

Every function takes one row per session. ``equity_usd`` is the equity at each close; the account stood at ``account_usd`` before
the first session, so the first daily change is ``equity_usd[0] - account_usd``.

Two conventions:

- **fixed dollars** (``compound=False``, the default): a return is dollars ÷ ``account_usd`` and a drawdown is
  (equity − running peak) ÷ ``account_usd``, so that years weigh alike;
- **compound**: a return is the daily change ÷ the previous session's equity, a drawdown is equity ÷ running peak − 1.

*Ruin* is the first session whose equity is at or below zero. The run goes on after it. There is then no CAGR; compound returns
end with that session (a return on nothing has no meaning, they are NaN) and their statistics use the sessions up to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso
from alvh.core.errors import InternalError

Floats = NDArray[np.float64]

SESSIONS_PER_YEAR = 252
"""Trading sessions a year: the usual annualisation of daily figures (pyfolio and quantstats use the same)."""

DAYS_PER_YEAR = 365.25
"""Mean calendar days a year over a leap cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstDay:
    """The session with the lowest return (the first of equals), as ISO date and fraction."""

    session: str
    daily_return: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """The figures of one run, as fractions. ``None`` where a figure has no meaning (ruin, no variation, a single session)."""

    total_return: float
    cagr: float | None
    vol: float | None
    sharpe: float | None
    max_drawdown: float
    expected_shortfall_95: float
    worst_day: WorstDay
    ruin_session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """One fall from a peak. ``depth`` is a fraction below zero; ``recovered_session`` is ``None`` where the run ended first.

    ``peak_session`` is the close of the peak; the first session where the peak is the opening account.
    """

    peak_session: str
    trough_session: str
    recovered_session: str | None
    depth: float
    length_sessions: int


def checked_series(sessions: DayArray, values: Floats, name: str) -> Floats:
    """``values`` as float64, after checking that the pair is non-empty, aligned, ordered and finite."""
    array = np.asarray(values, dtype=np.float64)
    days = np.asarray(sessions)
    if days.ndim != 1 or days.size == 0 or array.shape != days.shape:
        raise InternalError(
            f"{name} has shape {array.shape} for sessions of shape {days.shape}",
            where="results.metrics",
            allowed="two arrays of the same length, at least one session",
        )
    if days.size > 1 and not bool(np.all(np.diff(days) > 0)):
        row = int(np.argmax(np.diff(days) <= 0)) + 1
        raise InternalError(
            f"session {iso(days[row])} does not follow {iso(days[row - 1])}",
            where=f"results.metrics, row {row}",
            allowed="strictly ascending sessions",
        )
    if not bool(np.all(np.isfinite(array))):
        row = int(np.argmin(np.isfinite(array)))
        raise InternalError(
            f"{name} is {array[row]} on {iso(days[row])}", where=f"results.metrics, row {row}", allowed="finite dollars"
        )
    return array


def checked_account(account_usd: float) -> float:
    if not (math.isfinite(account_usd) and account_usd > 0.0):
        raise InternalError(f"account_usd is {account_usd}", where="results.metrics", allowed="a finite amount above zero")
    return account_usd


def ruin_index(equity_usd: Floats) -> int | None:
    """Row of the first session with equity at or below zero, or ``None``."""
    ruined = np.asarray(equity_usd) <= 0.0
    return int(np.argmax(ruined)) if bool(ruined.any()) else None


def daily_pnl(equity_usd: Floats, account_usd: float) -> Floats:
    """Daily change of the equity in dollars, the first one against ``account_usd``; shape (sessions,)."""
    return np.diff(np.asarray(equity_usd, dtype=np.float64), prepend=account_usd)


def daily_returns(equity_usd: Floats, account_usd: float, *, compound: bool = False) -> Floats:
    """Daily returns, shape (sessions,): pnl ÷ account, or pnl ÷ the previous session's equity (NaN after ruin)."""
    pnl = daily_pnl(equity_usd, account_usd)
    if not compound:
        return pnl / account_usd
    before = np.concatenate(([account_usd], np.asarray(equity_usd, dtype=np.float64)[:-1]))
    returns = np.full(pnl.shape, np.nan)
    ruined = ruin_index(equity_usd)
    live = pnl.size if ruined is None else ruined + 1
    returns[:live] = pnl[:live] / before[:live]
    return returns


def total_return(equity_usd: Floats, account_usd: float) -> float:
    """Final equity ÷ account − 1 (the same in both conventions)."""
    return float(equity_usd[-1] / account_usd - 1.0)


def cagr(sessions: DayArray, equity_usd: Floats, account_usd: float) -> float | None:
    """(final equity ÷ account)^(365.25 ÷ calendar days) − 1, days from the first session to the last.

    ``None`` after ruin and for a run of a single session.
    """
    days = int(sessions[-1] - sessions[0])
    if days == 0 or ruin_index(equity_usd) is not None:
        return None
    return float((equity_usd[-1] / account_usd) ** (DAYS_PER_YEAR / days) - 1.0)


def vol(returns: Floats) -> float | None:
    """Standard deviation (n − 1) of daily returns × √252; ``None`` below two returns."""
    if returns.size < 2:
        return None
    return float(np.std(returns, ddof=1) * math.sqrt(SESSIONS_PER_YEAR))


def sharpe(returns: Floats, bill_returns: Floats) -> float | None:
    """Mean ÷ standard deviation (n − 1) of the returns in excess of bills × √252; ``None`` where they do not vary."""
    excess = returns - bill_returns
    if excess.size < 2 or float(np.ptp(excess)) == 0.0:
        return None
    return float(np.mean(excess) / np.std(excess, ddof=1) * math.sqrt(SESSIONS_PER_YEAR))


def drawdown_series(equity_usd: Floats, account_usd: float, *, compound: bool = False) -> Floats:
    """(equity − running peak) ÷ account, or ÷ the peak where ``compound``; the opening account counts as a peak. All ≤ 0."""
    equity = np.asarray(equity_usd, dtype=np.float64)
    peak = np.maximum(np.maximum.accumulate(equity), account_usd)
    return (equity - peak) / (peak if compound else account_usd)


def max_drawdown(equity_usd: Floats, account_usd: float, *, compound: bool = False) -> float:
    """Lowest value of :func:`drawdown_series`, ≤ 0."""
    return float(np.min(drawdown_series(equity_usd, account_usd, compound=compound)))


def expected_shortfall(returns: Floats, level: float = 0.95) -> float:
    """Mean of the worst ⌈(1 − level) × n⌉ returns, and 0 where that mean is a gain; so always ≤ 0."""
    if not 0.0 < level < 1.0:
        raise InternalError(f"level is {level}", where="results.metrics.expected_shortfall", allowed="between 0 and 1")
    # Rounded first: (1 - 0.95) * 20 is 1.0000000000000009 in binary and would count one return too many.
    count = max(1, math.ceil(round((1.0 - level) * returns.size, 9)))
    worst = np.partition(returns, count - 1)[:count]
    return min(0.0, float(np.mean(worst)))


def worst_day(sessions: DayArray, returns: Floats) -> WorstDay:
    """The session with the lowest return; of equal ones the first. NaN (after ruin) never wins."""
    row = int(np.nanargmin(returns))
    return WorstDay(session=iso(sessions[row]), daily_return=float(returns[row]))


def summarise(
    sessions: DayArray,
    equity_usd: Floats,
    account_usd: float,
    bill_return_per_session: Floats,
    *,
    compound: bool = False,
) -> RunMetrics:
    """All figures of one run. Arrays have shape (sessions,); ``bill_return_per_session`` are fractions earned by bills."""
    account = checked_account(account_usd)
    equity = checked_series(sessions, equity_usd, "equity_usd")
    bills = checked_series(sessions, bill_return_per_session, "bill_return_per_session")
    returns = daily_returns(equity, account, compound=compound)
    known = np.isfinite(returns)
    ruined = ruin_index(equity)
    return RunMetrics(
        total_return=total_return(equity, account),
        cagr=cagr(sessions, equity, account),
        vol=vol(returns[known]),
        sharpe=sharpe(returns[known], bills[known]),
        max_drawdown=max_drawdown(equity, account, compound=compound),
        expected_shortfall_95=expected_shortfall(returns[known]),
        worst_day=worst_day(sessions, returns),
        ruin_session=None if ruined is None else iso(sessions[ruined]),
    )


def worst_drawdowns(
    sessions: DayArray, equity_usd: Floats, account_usd: float, n: int = 5, *, compound: bool = False
) -> tuple[Drawdown, ...]:
    """The ``n`` deepest falls from a peak to the next close at or above it, deepest first."""
    equity = checked_series(sessions, equity_usd, "equity_usd")
    series = drawdown_series(equity, checked_account(account_usd), compound=compound)
    below = np.concatenate(([False], series < 0.0, [False]))
    edges = np.flatnonzero(np.diff(below.astype(np.int8)))
    found: list[Drawdown] = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        trough = int(first + np.argmin(series[first:end]))
        found.append(
            Drawdown(
                peak_session=iso(sessions[max(0, int(first) - 1)]),
                trough_session=iso(sessions[trough]),
                recovered_session=iso(sessions[end]) if end < series.size else None,
                depth=float(series[trough]),
                length_sessions=int(end - first),
            )
        )
    return tuple(sorted(found, key=lambda fall: fall.depth)[:n])
