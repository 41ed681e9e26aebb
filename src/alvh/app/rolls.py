"""The days ahead on which a policy acts by the calendar alone: condor entries, and layer rolls with their expiries."""

from __future__ import annotations

from datetime import date
from typing import Any

from alvh.core.calendar import trading_calendar
from alvh.core.days import iso, to_date, to_day
from alvh.core.listing import calendar_rows
from alvh.strategy.policy import Policy
from alvh.strategy.schedule import entry_days, grid_days, roll_due_sessions

VIX_ROOTS = ("VIX", "VIXW")

_GRID_LEAD_DAYS = 10
"""Calendar days read before the first one asked for, so that a session knows whether a holiday went before it."""


def planned_rolls(policy: Policy, start: date, end: date) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of session, sleeve, layer, reason, window and its VIX expiries; and notes on what no calendar can know.

    A layer that rolls on its grid has a row for each due day. Rolls that follow what is held (at its last trading session, some
    sessions before it, or counted from the last roll) depend on the book and are named in the notes.
    """
    sessions = trading_calendar().sessions(to_day(start) - _GRID_LEAD_DAYS, to_day(end))
    wanted = sessions >= to_day(start)
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    if policy.condor.enabled:
        for day in sessions[entry_days(policy.condor.entry, sessions) & wanted]:
            low, high = policy.condor.min_dte, policy.condor.max_dte
            rows.append(_row(int(day), "condor", "", f"{policy.condor.entry.kind} entry", low, high, policy.condor.roots))
    if policy.hedge.enabled:
        on_grid = grid_days(policy.condor.entry, sessions)
        anchor = to_day(date.fromisoformat(policy.grid_anchor))
        for layer in policy.hedge.layers:
            if not layer.roll.on_grid or layer.roll.anchor != "schedule":
                notes.append(
                    f"layer {layer.name} rolls by what it holds ({layer.roll.kind}, {layer.roll.anchor}): no date is known ahead"
                )
                continue
            due = roll_due_sessions(layer.roll.days, anchor, sessions, on_grid) & wanted
            why = f"every {layer.roll.days} days"
            roots = () if layer.is_share else VIX_ROOTS
            rows += [_row(int(day), "hedge", layer.name, why, layer.min_dte, layer.max_dte, roots) for day in sessions[due]]
        notes.append("a layer also rolls on the last trading session of what it holds, where that comes before its next due day")
    rows.sort(key=lambda row: (row["session"], row["sleeve"], row["layer"]))
    return rows, notes


def _row(day: int, sleeve: str, layer: str, why: str, low: int, high: int, roots: tuple[str, ...]) -> dict[str, Any]:
    """One planned day, with the expiries inside the window that are listed at that session's close by the listing rules."""
    first, last, session = to_date(day + low), to_date(day + high), to_date(day)
    listed = [row for row in calendar_rows(first, last, session) if row["root"] in roots]
    return {
        "session": iso(day),
        "sleeve": sleeve,
        "layer": layer,
        "why": why,
        "window_from": first.isoformat(),
        "window_to": last.isoformat(),
        "expiries": [{"root": row["root"], "expiry": row["expiry"]} for row in listed],
    }
