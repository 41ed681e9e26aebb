"""The forward of every VIX expiry at every close, and where each one comes from.

A VIX option is priced off the VX future of its own expiry, never off spot VIX. The rule, first match wins:

1. the VX settlement of the same expiry (of a weekly only where it traded ``weekly_min_volume`` contracts that session);
2. the logarithm interpolated linearly in calendar days between the neighbouring monthly settlements, with spot VIX at zero days;
3. beyond the last monthly: that monthly's settlement (the curve is flat in ln F);
4. in a session without any VX monthly: the curve model's points, linear in ln F from spot at zero days to 30, 60, 90 and 120
   days, flat beyond.

Every step uses that session's close alone, so a forward never looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid, DataMissing
from alvh.market.history import Bools, Floats, History

FORWARD_SOURCES = ("none", "vx settlement", "interpolated", "curve model", "extrapolated")
"""Names of the codes in ``VixForwards.source``, in order."""
NONE, SETTLED, INTERPOLATED, MODELLED, EXTRAPOLATED = range(5)

CURVE_DAYS = (30.0, 60.0, 90.0, 120.0)
"""Calendar days of the curve model's points (methods.md 4.5)."""

WEEKLY_MIN_VOLUME = 0.0
"""Every settlement counts, traded or not: on the five weeklies of three quoted chains that have one it lies .01 to .31 from
the forward of the options' own parity, the interpolation .3 to 1.6 (docs/reference/vix-smile.md). 10, 100: the range to test."""

MAX_DTE = 400
"""No VIX option is listed further ahead (twelve monthly expiries)."""

Codes = NDArray[np.int8]
_Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VixForwards:
    """Forwards in VIX points and their sources, both (sessions, expiries).

    ``forward`` is NaN and ``source`` 0 where the expiry is past, is that session, or lies beyond the reach.
    """

    forward: Floats
    source: Codes

    def counts(self) -> dict[str, int]:
        """Number of forwards by source name, ``none`` left out."""
        found = np.bincount(self.source.ravel(), minlength=len(FORWARD_SOURCES))
        return {name: int(found[code]) for code, name in enumerate(FORWARD_SOURCES) if code != NONE}

    def sessions_from(self, source: str) -> Bools:
        """(sessions,) True where at least one forward has that source; the names are :data:`FORWARD_SOURCES`."""
        return np.asarray((self.source == FORWARD_SOURCES.index(source)).any(axis=1), dtype=np.bool_)


def vix_forwards(
    history: History,
    *,
    expiry: DayArray,
    monthly: Bools,
    curve_points: Floats | None = None,
    weekly_min_volume: float = WEEKLY_MIN_VOLUME,
    max_dte: int = MAX_DTE,
) -> VixForwards:
    """Forwards of ``expiry`` (days, any order) at every session that lies 1 to ``max_dte`` calendar days before it.

    ``monthly`` (expiries,) tells which are monthly contracts; ``curve_points`` (sessions, 4) holds forwards in VIX points at
    :data:`CURVE_DAYS`, needed for sessions without a VX monthly. Raises :class:`DataMissing` where such a session is met and
    no points are given or spot VIX is missing, :class:`DataInvalid` for a spot VIX or a curve point that is not above zero.
    """
    expiry = np.asarray(expiry, dtype=np.int64)
    monthly = np.asarray(monthly, dtype=np.bool_)
    days = np.asarray(history.sessions, dtype=np.int64)
    if expiry.shape != monthly.shape or expiry.ndim != 1:
        raise ValueError(f"expiry {expiry.shape} and monthly {monthly.shape} must be one-dimensional and of one length")
    forward = np.full((days.size, expiry.size), np.nan)
    source = np.zeros(forward.shape, dtype=np.int8)
    at, column = _pairs(days, expiry, max_dte)
    if at.size == 0:
        return VixForwards(forward=forward, source=source)
    _check_spot(history)
    tau = (expiry[column] - days[at]).astype(np.float64)
    value, code = _between_monthlies(history, at, expiry[column], tau)
    empty = np.flatnonzero(code == NONE)
    if empty.size:
        value[empty] = _from_curve(history, curve_points, at[empty], tau[empty])
        code[empty] = MODELLED
    own = _own_settlement(history, at, expiry[column], monthly[column], weekly_min_volume)
    given = np.isfinite(own)
    value[given] = own[given]
    code[given] = SETTLED
    forward[at, column] = value
    source[at, column] = np.where(np.isfinite(value), code, NONE)
    return VixForwards(forward=forward, source=source)


def _pairs(days: DayArray, expiry: DayArray, max_dte: int) -> tuple[_Pairs, _Pairs]:
    """Session and expiry indices of every pair 1 to ``max_dte`` days apart."""
    first = np.searchsorted(days, expiry - max_dte, side="left")
    stop = np.searchsorted(days, expiry, side="left")
    size = np.maximum(stop - first, 0)
    column = np.repeat(np.arange(expiry.size), size)
    start = np.repeat(first - (np.cumsum(size) - size), size)
    return np.arange(column.size) + start, column


def _check_spot(history: History) -> None:
    bad = np.flatnonzero(history.vix_close <= 0.0)
    if bad.size:
        raise DataInvalid(
            f"VIX close is {history.vix_close[bad[0]]:g}",
            where=f"{history.source}, VIX, session {iso(history.sessions[bad[0]])}",
            allowed="values above zero",
            todo="mend or drop the row in the VIX history",
        )


def _own_settlement(history: History, at: _Pairs, expiry: DayArray, monthly: Bools, least: float) -> Floats:
    """VX settlement of each pair's own expiry, NaN where there is none or a weekly traded too little."""
    out = np.full(at.size, np.nan)
    vx = history.vx
    if vx.expiry.size == 0:
        return out
    column = np.minimum(np.searchsorted(vx.expiry, expiry), vx.expiry.size - 1)
    same = np.flatnonzero(vx.expiry[column] == expiry)
    settle = vx.settle[at[same], column[same]]
    use = (settle > 0.0) & (monthly[same] | (vx.volume[at[same], column[same]] >= least))
    out[same[use]] = settle[use]
    return out


def _between_monthlies(history: History, at: _Pairs, expiry: DayArray, tau: Floats) -> tuple[Floats, Codes]:
    """Rules 2 and 3 for each pair: value (NaN without spot) and code, 0 where the session has no VX monthly."""
    code = np.zeros(at.size, dtype=np.int8)
    value = np.full(at.size, np.nan)
    columns = np.flatnonzero(history.vx.monthly)
    if columns.size == 0:
        return value, code
    days, knots = history.sessions, history.vx.expiry[columns]
    settle = history.vx.settle[:, columns]
    known = (settle > 0.0) & (knots[None, :] > days[:, None])
    log_settle = np.log(np.where(known, settle, 1.0))
    count = columns.size
    # Nearest known monthly at or before, and at or after, every monthly column; -1 and `count` where there is none.
    index = np.arange(count)
    before = np.maximum.accumulate(np.where(known, index, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, index, count)[:, ::-1], axis=1)[:, ::-1]
    spot = np.pad(before, ((0, 0), (1, 0)), constant_values=-1)
    beyond = np.pad(after, ((0, 0), (0, 1)), constant_values=count)
    place = np.searchsorted(knots, expiry, side="left")
    low, high = spot[at, place], beyond[at, place]
    exact = np.flatnonzero((high < count) & (knots[np.minimum(high, count - 1)] == expiry))
    low[exact] = high[exact]
    has_low, has_high = low >= 0, high < count
    low_at, high_at = np.maximum(low, 0), np.minimum(high, count - 1)
    log_spot = np.log(history.vix_close)
    x0 = np.where(has_low, (knots[low_at] - days[at]).astype(np.float64), 0.0)
    y0 = np.where(has_low, log_settle[at, low_at], log_spot[at])
    x1 = np.where(has_high, (knots[high_at] - days[at]).astype(np.float64), x0 + 1.0)
    y1 = np.where(has_high, log_settle[at, high_at], y0)
    weight = np.divide(tau - x0, x1 - x0, out=np.zeros_like(tau), where=x1 > x0)
    value = np.exp(y0 + weight * (y1 - y0))
    any_monthly = (known.sum(axis=1) > 0)[at]
    code[any_monthly & has_high] = INTERPOLATED
    code[any_monthly & ~has_high] = EXTRAPOLATED
    return value, code


def _from_curve(history: History, curve_points: Floats | None, at: _Pairs, tau: Floats) -> Floats:
    """Rule 4: linear in ln F between spot and the points at :data:`CURVE_DAYS`, flat beyond the last."""
    first = f"session {iso(history.sessions[at.min()])}"
    if curve_points is None:
        raise DataMissing(
            f"no VX settlement on {np.unique(at).size} sessions and no curve model was given",
            where=f"{history.source}, VX, {first}",
            todo="pass curve_points, or add the VX history",
        )
    points = np.asarray(curve_points, dtype=np.float64)
    wanted = (history.sessions.size, len(CURVE_DAYS))
    if points.shape != wanted:
        raise ValueError(f"curve_points has shape {points.shape}, not {wanted}")
    used = np.unique(at)
    level = np.column_stack([history.vix_close[used], points[used]])
    above: Bools = level > 0.0  # a NaN is not
    bad = np.flatnonzero(~above.all(axis=1))
    if bad.size:
        row = used[bad[0]]
        raise DataMissing(
            "neither a VX settlement nor a curve model value above zero",
            where=f"{history.source}, VIX and VX, session {iso(history.sessions[row])}",
            todo="start later, or mend the VIX history",
        )
    knots = np.array([0.0, *CURVE_DAYS])
    log_level = np.full((history.sessions.size, knots.size), np.nan)
    log_level[used] = np.log(level)
    x = np.minimum(tau, knots[-1])
    place = np.clip(np.searchsorted(knots, x, side="left"), 1, knots.size - 1)
    weight = (x - knots[place - 1]) / (knots[place] - knots[place - 1])
    return np.asarray(np.exp((1.0 - weight) * log_level[at, place - 1] + weight * log_level[at, place]))
