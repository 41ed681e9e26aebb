"""What a layer's window and roll interval meet in the expiry calendar: walked session by session by the rules that a run follows.

Only dates are needed: which expiries are listed (``core.expiries``), on which sessions the layer rolls (``strategy.schedule``)
and which expiry it then chooses (``strategy.selection``). Adaptive rules and limits are left out, so this is what the calendar
alone does to a layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np
from numpy.typing import NDArray

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray, iso, to_day
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.market.market import Ints, Snapshot
from alvh.market.series import SeriesTable, series_table
from alvh.strategy.lint_finding import Finding, Severity
from alvh.strategy.policy import HedgeLayer, Policy
from alvh.strategy.schedule import grid_days, roll_due_sessions
from alvh.strategy.selection import ExpiryChoice, choose_layer_expiry

EMPTY_SHARE, GAP_SHARE, REPEAT_SHARE = 0.05, 0.05, 0.80
"""Shares of a layer's rolls: empty windows and rolls on a last trading session above one in twenty are no holiday's doing; where
four rolls in five name the expiry that is held, the interval is no roll interval."""
HORIZON_DAYS = 500
"""Expiries are listed at most about a year ahead."""
_LEAD_DAYS = 10
"""Days before the span that are read, so that its first session knows whether a holiday went before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDay:
    """The listed series at one close: all that the choice of an expiry reads of a snapshot."""

    session: int
    series: SeriesTable

    def listed(self, *, vix: bool) -> Ints:
        """Series rows of one family that trade at this close."""
        return self.series.listed(self.session, vix=vix)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCalendar:
    """One layer over the sessions of a span: counts, and the first and last roll day with an empty window (ISO dates, or '').

    ``empty`` rolls found no listed expiry in the window, ``unopened`` of them none at all; ``deadline`` rolls fell on the last
    trading session of what was held; ``repeated`` ones named the expiry that was held. ``empty_sessions`` counts all sessions.
    """

    layer: str
    sessions: int
    empty_sessions: int
    rolls: int
    empty: int
    unopened: int
    deadline: int
    repeated: int
    first_empty: str
    last_empty: str


def windowed(policy: Policy) -> list[HedgeLayer]:
    """Layers that hold something with an expiry."""
    return [layer for layer in policy.hedge.layers if not layer.is_share]


def layer_calendars(policy: Policy, start: date, end: date) -> tuple[LayerCalendar, ...]:
    """Walk every layer of :func:`windowed` from ``start`` to ``end``. Raises :class:`UsageError` outside the calendar."""
    first, last = to_day(start), to_day(end)
    calendar = trading_calendar()
    sessions = calendar.sessions(max(first - _LEAD_DAYS, int(calendar.sessions_array[0])), last)
    series = series_table(spx_expiries(first, last + HORIZON_DAYS), vix_expiries(first, last + HORIZON_DAYS))
    grid = grid_days(policy.condor.entry, sessions)
    anchor = to_day(date.fromisoformat(policy.grid_anchor))
    wanted = sessions >= first
    made = []
    for layer in windowed(policy):
        due = roll_due_sessions(layer.roll.days, anchor, sessions, grid)
        made.append(_walk(policy, layer, series, sessions[wanted], grid[wanted], due[wanted]))
    return tuple(made)


def _walk(
    policy: Policy, layer: HedgeLayer, series: SeriesTable, sessions: DayArray, grid: NDArray[np.bool_], due: NDArray[np.bool_]
) -> LayerCalendar:
    roots = policy.condor.roots if layer.instrument == "spx_put_spreads" else ()
    last_days = 1 if policy.timing.fill_at == "next_close" else 0
    every_session = trading_calendar().sessions_array

    def choose(day: int, held: int | None) -> ExpiryChoice:
        # The choice reads the session and the listed series and nothing else of a snapshot.
        close = cast(Snapshot, ListedDay(session=day, series=series))
        return choose_layer_expiry(close, series, layer, policy.hedge.fallback_min_dte, held, roots=roots)

    held: int | None = None
    last_roll: int | None = None
    rolls = empty = unopened = deadline = repeated = 0
    empty_days: list[int] = []
    for k, day in enumerate(sessions.tolist()):
        if held is not None and int(series.settlement_session[held]) <= day:
            held = None
        left = None
        if held is not None:
            left = int(np.searchsorted(every_session, series.last_trade[held]) - np.searchsorted(every_session, day))
        ends = left is not None and left <= last_days and layer.roll.kind != "hold_to_settlement"
        if not ends and not _due(layer, day, left, bool(grid[k]), bool(due[k]), last_roll):
            continue
        choice = choose(day, held)
        rolls += 1
        deadline += ends
        repeated += held is not None and choice.series == held
        if choice.fallback:
            empty += 1
            empty_days.append(day)
            unopened += choice.series is None
        held, last_roll = choice.series, day
    return LayerCalendar(
        layer=layer.name,
        sessions=len(sessions),
        empty_sessions=sum(choose(day, None).fallback for day in sessions.tolist()),
        rolls=rolls,
        empty=empty,
        unopened=unopened,
        deadline=deadline,
        repeated=repeated,
        first_empty=iso(empty_days[0]) if empty_days else "",
        last_empty=iso(empty_days[-1]) if empty_days else "",
    )


def _due(layer: HedgeLayer, day: int, left: int | None, grid: bool, due: bool, last_roll: int | None) -> bool:
    """Whether the calendar asks for a roll or an opening; as ``decide_hedge`` does, without rules."""
    if last_roll is None:
        return grid
    roll = layer.roll
    if roll.kind == "sessions_before_expiry":
        return (left is not None and left <= roll.sessions) or (grid and left is None)
    if not roll.on_grid:
        return grid and left is None
    if roll.anchor == "last_roll":
        return grid and day - last_roll >= roll.days
    return due


def window_findings(policy: Policy, start: date, end: date) -> list[Finding]:
    """``window-empty``, ``roll-gap`` and ``roll-repeat`` of every layer over a span."""
    if not policy.hedge.enabled:
        return []
    found: list[Finding] = []
    for layer, walked in zip(windowed(policy), layer_calendars(policy, start, end), strict=True):
        if not walked.rolls:
            continue
        span = {"from": start.isoformat(), "to": end.isoformat(), "sessions": walked.sessions, "rolls": walked.rolls}
        for check in _CHECKS:
            finding = check(policy, layer, walked)
            if finding is not None:
                found.append(
                    Finding(
                        code=finding.code,
                        severity=finding.severity,
                        key=finding.key,
                        text=f"{finding.text} ({start} to {end})",
                        numbers={**span, **finding.numbers},
                        todo=finding.todo,
                    )
                )
    return found


def _empty(policy: Policy, layer: HedgeLayer, walked: LayerCalendar) -> Finding | None:
    if not walked.empty:
        return None
    share = walked.empty / walked.rolls
    severity: Severity = "error" if walked.empty == walked.rolls else "warning" if share > EMPTY_SHARE else "info"
    then = "nothing is opened" if walked.unopened == walked.empty else "the nearest outside stands in"
    return Finding(
        code="window-empty",
        severity=severity,
        key=f"hedge.layer.{layer.name}.min_dte",
        text=f"no expiry is listed {layer.min_dte}-{layer.max_dte} days off on {walked.empty} of {walked.rolls} roll days, "
        f"{walked.first_empty} to {walked.last_empty}, and on {100.0 * walked.empty_sessions / walked.sessions:.0f} % of all "
        f"sessions: {then}",
        numbers={
            "empty_rolls": walked.empty,
            "empty_share_pct": 100.0 * share,
            "empty_sessions": walked.empty_sessions,
            "unopened_rolls": walked.unopened,
            "first_empty": walked.first_empty,
            "last_empty": walked.last_empty,
        },
        todo="widen or move the window; alvh calendar shows what is listed",
    )


def _gap(policy: Policy, layer: HedgeLayer, walked: LayerCalendar) -> Finding | None:
    if not layer.roll.on_grid or walked.deadline <= GAP_SHARE * walked.rolls:
        return None
    return Finding(
        code="roll-gap",
        severity="warning",
        key=f"hedge.layer.{layer.name}.roll.days",
        text=f"rolls every {layer.roll.days} days, and {walked.deadline} of {walked.rolls} rolls came earlier, on the last "
        f"trading session of what the window of {layer.min_dte}-{layer.max_dte} days had opened",
        numbers={"deadline_rolls": walked.deadline, "deadline_share_pct": 100.0 * walked.deadline / walked.rolls},
        todo="shorten roll.days, or move the window further out",
    )


def _repeat(policy: Policy, layer: HedgeLayer, walked: LayerCalendar) -> Finding | None:
    if walked.rolls < 2 or walked.repeated <= REPEAT_SHARE * (walked.rolls - 1):
        return None
    then = "the quantity alone is traded" if layer.same_expiry == "keep" else "it is struck anew"
    return Finding(
        code="roll-repeat",
        severity="info",
        key=f"hedge.layer.{layer.name}.roll.kind",
        text=f"{walked.repeated} of {walked.rolls - 1} rolls name the expiry that is held: {then}",
        numbers={"repeated_rolls": walked.repeated, "repeated_share_pct": 100.0 * walked.repeated / (walked.rolls - 1)},
        todo="roll less often, or narrow the window",
    )


_CHECKS: tuple[Callable[[Policy, HedgeLayer, LayerCalendar], Finding | None], ...] = (_empty, _gap, _repeat)
