"""Signals on calendars and published figures: event days, first releases of CPI, PPI and GDP, and the user's exchange rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from alvh.core.days import DayArray
from alvh.market import indicators as ind
from alvh.market.event_days import sessions_since, sessions_to
from alvh.market.history import FirstReleases, History
from alvh.market.signal_family import Family, Floats, WarmUp
from alvh.market.signal_inputs import nothing
from alvh.market.signal_levels import growth_pct

EARLIER_RELEASES: Final = {"cpi": 24, "ppi": 24, "gdp": 8}
"""Releases against which one is scored: two years (method R27)."""
EARLIER_FX_CHANGES: Final = 24
CURRENT_DAYS: Final = {"cpi": 70, "ppi": 70, "fomc": 70, "gdp": 160, "fx": 70}
"""Calendar days for which a figure, or an event's move, stands when no later one is known; then it is missing and not a guess.
The longest true waits: 55 days between CPI releases (October to December 2025), 146 between first GDP releases (July to December
2025), 58 between FOMC meetings."""
DAY_OF_VOL: Final = math.sqrt(2.0 / math.pi) / 100.0 / math.sqrt(ind.TRADING_DAYS)
"""A volatility in points times this is the mean absolute move of one session: a straddle's cost as a share of spot."""


def as_known(history: History, days: DayArray, values: Floats, current_days: int) -> Floats:
    """Each session's last value published on its day or before, (sessions,); NaN where none is current."""
    out = nothing(history)
    if not days.size:
        return out
    last = np.searchsorted(days, history.sessions, side="right") - 1
    known = (last >= 0) & (history.sessions - days[np.maximum(last, 0)] <= current_days)
    out[known] = values[last[known]]
    return out


def score_against_earlier(values: Floats, earlier: int) -> Floats:
    """Each value's distance from the mean of the ``earlier`` values before it, in their sample standard deviations.

    NaN for the first ``earlier`` values, and where those before it are all equal but it is not.
    """
    mean = _one_later(ind.rolling_mean(values, earlier))
    deviation = _one_later(ind.rolling_deviation(values, earlier))
    unchanged = (deviation == 0.0) & (values == _one_later(values))
    return np.where(unchanged, 0.0, ind.ratio(values - mean, deviation))


def _one_later(values: Floats) -> Floats:
    return np.concatenate(([np.nan], values[:-1])) if values.size else values


def release_score(history: History, name: str) -> Floats:
    """The last first release known at each close, scored against the releases before it (method R27)."""
    return _of_release(history, name, lambda table: score_against_earlier(table.actual, EARLIER_RELEASES[name]))


def surprise(history: History, name: str) -> Floats:
    """Actual less consensus of the last first release known at each close, percentage points."""
    return _of_release(history, name, lambda table: table.actual - table.consensus)


def _of_release(history: History, name: str, figure: Callable[[FirstReleases], Floats]) -> Floats:
    table = history.releases.get(name)
    if table is None:
        return nothing(history)
    return as_known(history, table.release_day, figure(table), CURRENT_DAYS[name])


def release_move(history: History, event: str) -> Floats:
    """SPX's absolute move on the last event day ÷ the move implied at the close before it, held until the next event.

    The implied move is the cost of a one-day straddle by VIX9D, or by VIX where that has no value. The next event on which a
    close is missing has no value, nor have the sessions until the one after.
    """
    implied = np.where(np.isnan(history.vix9d), history.vix_close, history.vix9d) * DAY_OF_VOL
    move = nothing(history)
    move[1:] = ind.ratio(np.abs(history.spx_close[1:] / history.spx_close[:-1] - 1.0), implied[:-1])
    on_day = np.flatnonzero(sessions_since(history, event) == 0.0)
    return as_known(history, history.sessions[on_day], move[on_day], CURRENT_DAYS[event])


def fx_level(history: History) -> Floats:
    """The exchange rate index as published by each close, (sessions,)."""
    if history.fx is None:
        return nothing(history)
    return as_known(history, history.fx.release_day, history.fx.level, CURRENT_DAYS["fx"])


def fx_score(history: History) -> Floats:
    """The last change of the exchange rate from release to release, scored against the 24 changes before it."""
    if history.fx is None:
        return nothing(history)
    change = ind.change_over(np.log(history.fx.level), 1)
    return as_known(history, history.fx.release_day, score_against_earlier(change, EARLIER_FX_CHANGES), CURRENT_DAYS["fx"])


def _macro(name: str) -> tuple[Family, ...]:
    title, count, step = name.upper(), EARLIER_RELEASES[name], "quarterly" if name == "gdp" else "monthly"
    held = f"known from its release day to the next one (at most {CURRENT_DAYS[name]} days)"
    return (
        Family(
            form=f"{name}_zscore",
            examples=(f"{name}_zscore",),
            unit="standard deviations",
            formula=f"({step} change of {title} as first released - mean) / sample standard deviation of the {count} releases "
            f"before it; {held}",
            inputs=(f"releases.{name}",),
            rules=("R27",),
            make=lambda p: lambda h: release_score(h, name),
        ),
        Family(
            form=f"{name}_surprise",
            examples=(f"{name}_surprise",),
            unit="percentage points",
            formula=f"{step} change of {title} as first released - its consensus; {held}",
            inputs=(f"consensus.{name}",),
            rules=("R27",),
            make=lambda p: lambda h: surprise(h, name),
        ),
    )


def _move(event: str) -> Family:
    return Family(
        form=f"{event}_release_move",
        examples=(f"{event}_release_move",),
        unit="ratio",
        formula=f"|SPX return| on the last {event.upper()} day / move implied at the close before by a one-day straddle "
        "(VIX9D, else VIX: level / 100 / sqrt(252) x sqrt(2 / pi)); "
        f"from the first {event.upper()} day on, each holds until the next (at most {CURRENT_DAYS[event]} days)",
        inputs=("spx_close", "vix_close", f"events.{event}"),
        fallbacks=("vix9d",),
        rules=("R27",),
        warm_up=WarmUp(sessions=1),
        make=lambda p: lambda h: release_move(h, event),
    )


FAMILIES: tuple[Family, ...] = (
    Family(
        form="sessions_to_{event}",
        examples=("sessions_to_fomc", "sessions_to_cpi"),
        unit="sessions",
        formula="sessions to the next day of the list {event}, 0 on the day; the list is taken as known in advance, but for days "
        "marked unscheduled",
        inputs=("events.{event}",),
        rules=("R26",),
        make=lambda p: lambda h: sessions_to(h, p.words["event"]),
    ),
    Family(
        form="sessions_since_{event}",
        examples=("sessions_since_fomc", "sessions_since_gdp"),
        unit="sessions",
        formula="sessions since the last day of the list {event}, 0 on the day",
        inputs=("events.{event}",),
        rules=("R26",),
        make=lambda p: lambda h: sessions_since(h, p.words["event"]),
    ),
    *(family for name in EARLIER_RELEASES for family in _macro(name)),
    *(_move(event) for event in ("cpi", "ppi", "gdp", "fomc")),
    Family(
        form="fx_change_{n}_pct",
        examples=("fx_change_20_pct",),
        unit="per cent",
        formula="100 (exchange rate of the dollar as published / that {n} sessions before - 1); a figure stands for 70 days",
        inputs=("fx",),
        rules=("R29",),
        ranges={"n": (1, 252)},
        warm_up=WarmUp(plus_n=True),
        make=lambda p: lambda h: growth_pct(fx_level(h), p.n),
    ),
    Family(
        form="fx_zscore",
        examples=("fx_zscore",),
        unit="standard deviations",
        formula="(ln change of the exchange rate from one release to the next - mean) / sample standard deviation of the 24 "
        "changes before it; known from its release day to the next one (at most 70 days)",
        inputs=("fx",),
        rules=("R29",),
        make=lambda p: lambda h: fx_score(h),
    ),
)
