"""Signals on advancing and declining issues: divergence of the advance-decline line from SPX, and the topping state."""

from __future__ import annotations

import numpy as np

from alvh.market import indicators as ind
from alvh.market.history import History
from alvh.market.signal_family import Family, Floats, WarmUp
from alvh.market.signal_inputs import breadth_of

NEAR_HIGH = 0.99
"""SPX within 1 % of its high (method R23, R66)."""
SLOPE_SESSIONS = 20
SCORE_SESSIONS = 252
"""Slopes over a month, scored against a year of such slopes (methods.md section 9)."""
TOPPING_HIGH_SESSIONS = 252
TOPPING_DIVERGENCE_SESSIONS = 60
"""Topping (method R66): near the high of a year while breadth diverges over 60 sessions."""


def ad_line(history: History, universe: str) -> Floats:
    """Cumulative net advances, (sessions,), from zero; after a session without counts the line begins anew."""
    advances, declines = breadth_of(history, universe)
    return ind.running_total(advances - declines)


def divergence(history: History, universe: str, sessions: int) -> Floats:
    """1.0 where SPX is near its high and the advance-decline line is more than one sample deviation below its own."""
    line = ad_line(history, universe)
    near = ind.ratio(history.spx_close, ind.rolling_max(history.spx_close, sessions))
    below = ind.rolling_max(line, sessions) - line
    deviation = ind.rolling_deviation(line, sessions)
    with np.errstate(invalid="ignore"):
        return ind.flag((near >= NEAR_HIGH) & (below > deviation), near, deviation)


def divergence_score(history: History, universe: str) -> Floats:
    """How much faster SPX rises than the advance-decline line, both slopes in standard deviations of their own past year."""
    price = ind.rolling_slope(np.log(history.spx_close), SLOPE_SESSIONS)
    line = ind.rolling_slope(ad_line(history, universe), SLOPE_SESSIONS)
    return ind.rolling_zscore(price, SCORE_SESSIONS) - ind.rolling_zscore(line, SCORE_SESSIONS)


def topping(history: History, universe: str) -> Floats:
    """1.0 where SPX is near its 252-session high and breadth diverges over 60 sessions (method R66)."""
    near = ind.ratio(history.spx_close, ind.rolling_max(history.spx_close, TOPPING_HIGH_SESSIONS))
    diverges = divergence(history, universe, TOPPING_DIVERGENCE_SESSIONS)
    with np.errstate(invalid="ignore"):
        return ind.flag((near >= NEAR_HIGH) & (diverges > 0.5), near, diverges)


_COUNTS = "breadth.{universe}"

FAMILIES: tuple[Family, ...] = (
    Family(
        form="ad_divergence_{n}_{universe}",
        examples=("ad_divergence_60_nyse", "ad_divergence_20_synthetic"),
        unit="1 or 0",
        formula="1 where SPX is within 1 % of its highest close of the last {n} sessions while the advance-decline line "
        "(cumulative advances - declines) is below its own highest value of them by more than their sample standard deviation",
        inputs=("spx_close", _COUNTS),
        rules=("R23",),
        ranges={"n": (5, 252)},
        warm_up=WarmUp(sessions=-1, plus_n=True),
        make=lambda p: lambda h: divergence(h, p.words["universe"], p.n),
    ),
    Family(
        form="ad_divergence_z_{universe}",
        examples=("ad_divergence_z_nyse",),
        unit="standard deviations",
        formula="z(slope of ln SPX) - z(slope of the advance-decline line): least-squares slopes over 20 sessions, each scored "
        "against its last 252 values, this one included; above zero where breadth lags",
        inputs=("spx_close", _COUNTS),
        rules=("R23",),
        warm_up=WarmUp(sessions=SLOPE_SESSIONS + SCORE_SESSIONS - 2),
        make=lambda p: lambda h: divergence_score(h, p.words["universe"]),
    ),
    Family(
        form="net_advances_per_1000_{universe}",
        examples=("net_advances_per_1000_nyse",),
        unit="issues in 1000",
        formula="1000 (advances - declines) / (advances + declines)",
        inputs=(_COUNTS,),
        rules=("R23",),
        make=lambda p: lambda h: ind.net_advances_per_1000(*breadth_of(h, p.words["universe"])),
    ),
    Family(
        form="topping_{universe}",
        examples=("topping_nyse", "topping_synthetic"),
        unit="1 or 0",
        formula="1 where SPX is within 1 % of its highest close of the last 252 sessions and ad_divergence_60_{universe} is 1",
        inputs=("spx_close", _COUNTS),
        rules=("R66",),
        warm_up=WarmUp(sessions=TOPPING_HIGH_SESSIONS - 1),
        make=lambda p: lambda h: topping(h, p.words["universe"]),
    ),
)
