"""A plan's market: the data end at the close that is planned, the calendar does not.

A decision counts the sessions that are left of what it holds. In a backtest those days are rows of the data; on the last row
they would all be missing, and every position would seem to be on its last session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.days import DayArray
from alvh.market.market import Explained, Floats, Ints, Legs, Market, PriceSource, Settlement, Snapshot
from alvh.market.series import SeriesTable

AHEAD_DAYS: Final = 800
"""Calendar days of sessions after the data: beyond the longest VIX or SPX expiry that the tables hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMarket:
    """Implements ``market.Market``: ``base``, with ``sessions`` that go on by the exchange's calendar after its last row.

    Arrays by session stay those of ``base``. Build with :func:`plan_market`.
    """

    base: Market
    sessions: DayArray

    @property
    def series(self) -> SeriesTable:
        return self.base.series

    @property
    def bill_rate(self) -> Floats:
        return self.base.bill_rate

    @property
    def price_source(self) -> PriceSource:
        return self.base.price_source

    @property
    def dividend_points(self) -> Floats:
        return self.base.dividend_points

    def snapshot(self, index: int) -> Snapshot:
        return self.base.snapshot(index)

    def window(self, index: int) -> Snapshot:
        return self.base.window(index)

    def signal(self, name: str) -> Floats:
        return self.base.signal(name)

    def settlement(self, series: int, index: int) -> Settlement:
        return self.base.settlement(series, index)

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        return self.base.explain(legs, before, after, settle)


def plan_market(base: Market) -> PlanMarket:
    """``base`` with the sessions to come."""
    last = int(base.sessions[-1])
    ahead = trading_calendar().sessions(last + 1, last + AHEAD_DAYS)
    return PlanMarket(base=base, sessions=np.concatenate([base.sessions, ahead]))
