"""A market of one close that nobody traded: SPX, VIX and rates as stated, everything else by the documented stand-in models.

It shows a policy its own contracts at a level of VIX without any data: VVIX, VIX3M, SKEW and the VX curve come from the models
that fill gaps in a history (``models.stand_ins``, ``models.vx_curve``), at a level that has stood for long. What the models miss:
``docs/reference/model-errors.md``.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.days import to_day
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.market.forwards import vix_forwards
from alvh.market.history import Floats, History, VxTable
from alvh.market.series import series_table
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.stand_ins import fill_missing
from alvh.models.vx_curve import curve_points, ewma
from alvh.strategy.policy import Policy
from alvh.strategy.schedule import grid_days

STATED_SPX = 6000.0
STATED_BILL_RATE, STATED_DIVIDEND_YIELD = 0.045, 0.013
"""Index, bill rate and dividend yield of methods.md 8.2, under which the published sizes were compared."""
STATED_FROM, STATED_TO = date(2026, 3, 2), date(2026, 3, 29)
"""Four weeks from one VIX monthly to the next, without a holiday, under the listing rules, ticks and spreads of today."""
_HORIZON_DAYS = 500


def stated_sessions(policy: Policy) -> tuple[int, ...]:
    """The policy's weekday in each of the four stated weeks."""
    sessions = trading_calendar().sessions(to_day(STATED_FROM), to_day(STATED_TO))
    return tuple(sessions[grid_days(policy.condor.entry, sessions)].tolist())


def stated_market(policy: Policy, day: int, vix: float, *, spx: float = STATED_SPX) -> ModelMarket:
    """The market of one day at these levels, with the half-spreads of ``policy``; its only row is 0."""
    history, _ = fill_missing(_history(day, spx, vix))
    listed = vix_expiries(day, day + _HORIZON_DAYS)
    series = series_table(spx_expiries(day, day + _HORIZON_DAYS), listed, xsp="XSP" in policy.condor.roots)
    forwards = vix_forwards(
        history,
        expiry=listed.expiry,
        monthly=listed.monthly,
        curve_points=curve_points(history.vix_close, ewma(history.vix_close)),
    )
    return model_market(history, series, forwards.forward, spread_case=policy.costs.spread_case)


def _history(day: int, spx: float, vix: float) -> History:
    def level(value: float) -> Floats:
        return np.array([value])

    unknown = np.array([np.nan])
    return History(
        sessions=np.array([day], dtype=np.int64),
        spx_open=level(spx),
        spx_high=level(spx),
        spx_low=level(spx),
        spx_close=level(spx),
        vix_open=level(vix),
        vix_high=level(vix),
        vix_low=level(vix),
        vix_close=level(vix),
        vix9d=unknown,
        vix3m=unknown,
        vix6m=unknown,
        vvix=unknown,
        skew=unknown,
        bill_rate=level(STATED_BILL_RATE),
        dividend_yield=level(STATED_DIVIDEND_YIELD),
        dividend_points=level(0.0),
        vx=VxTable(
            expiry=np.empty(0, dtype=np.int64),
            monthly=np.empty(0, dtype=np.bool_),
            settle=np.empty((1, 0)),
            volume=np.empty((1, 0)),
            open=np.empty((1, 0)),
        ),
        vro={},
        source=f"stated: SPX {spx:g}, VIX {vix:g}",
        sha256="",
    )
