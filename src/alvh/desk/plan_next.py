"""The next day on which the calendar moves a condor or a layer, as far as it is known at a close."""

from __future__ import annotations

from datetime import date

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray, to_day
from alvh.engine.book import OpenCondor
from alvh.market.series import SeriesTable
from alvh.strategy.policy import Policy
from alvh.strategy.schedule import entry_days, grid_days, roll_due_sessions

_LEAD_DAYS = 10
"""Calendar days read before the session, so that the first one after it knows whether a holiday went before."""
_AHEAD_DAYS = 800
"""Calendar days read ahead: the longest roll interval that a policy can sensibly name, twice."""


class NextDays:
    """Days after one session, by the exchange's calendar."""

    def __init__(self, policy: Policy, session: int) -> None:
        self._policy, self._session = policy, session
        self._sessions: DayArray = trading_calendar().sessions(session - _LEAD_DAYS, session + _AHEAD_DAYS)
        self._grid = grid_days(policy.condor.entry, self._sessions)
        self._after = self._sessions > session

    def entry(self) -> int | None:
        """The next day on which a condor may be opened."""
        return self._first(self._sessions[entry_days(self._policy.condor.entry, self._sessions) & self._after])

    def condor_exit(self, condor: OpenCondor) -> int:
        """The first session at which days to expiry alone close a condor, else its expiry."""
        dte = self._policy.condor.exit.dte
        if dte is None:
            return condor.expiry
        reached = self._sessions[self._after & (self._sessions >= condor.expiry - dte)]
        return min(int(reached[0]), condor.expiry) if reached.size else condor.expiry

    def roll(self, layer: int, held: int | None, last_roll: int, series: SeriesTable) -> int | None:
        """The next session at which a layer rolls: when it falls due, or on the last trading session of what it holds."""
        roll = self._policy.hedge.layers[layer].roll
        last = None if held is None else int(series.last_trade[held])
        due: int | None = None
        if held is None or (roll.on_grid and roll.anchor == "last_roll"):
            since = last_roll + roll.days if held is not None and roll.on_grid else self._session
            due = self._first(self._sessions[self._grid & self._after & (self._sessions >= since)])
        elif roll.on_grid:
            anchor = to_day(date.fromisoformat(self._policy.grid_anchor))
            due = self._first(self._sessions[roll_due_sessions(roll.days, anchor, self._sessions, self._grid) & self._after])
        elif roll.kind == "sessions_before_expiry" and last is not None:
            at = int(np.searchsorted(self._sessions, last)) - roll.sessions
            due = int(self._sessions[max(at, int(np.argmax(self._after)))])
        if last is None or roll.kind == "hold_to_settlement":
            return due if last is None else int(series.settlement_session[held]) if held is not None else None
        return last if due is None else min(due, last)

    @staticmethod
    def _first(days: DayArray) -> int | None:
        return int(days[0]) if days.size else None
