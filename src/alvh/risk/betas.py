"""How far the VX curve moves with spot VIX: the measured daily beta of every tenor, with its error.

A VIX contract answers to the forward of its own expiry, and that forward moves by a fraction of what VIX does: about a half at 30
days and a quarter at 120. The fraction is measured as the slope of the daily change of the constant-maturity VX forward on the
daily change of VIX: over a moving window, by VIX regime, or over a whole sample. Errors are Newey-West's. Method, figures and
limits: ``docs/explanation/vega-and-beta.md``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh.core.days import DayArray, iso
from alvh.core.errors import DataMissing, UsageError
from alvh.kernels.slope import slopes_into
from alvh.market.forwards import SETTLED, VixForwards
from alvh.market.history import Bools, Floats

Ints = NDArray[np.int64]

TENOR_DAYS = (15.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0)
"""Calendar days of the measured tenors: the curve's months, and 15 days, below which single contracts show no further rise
(docs/explanation/vega-and-beta.md)."""
WINDOW_SESSIONS = 252
"""One year of daily changes (methods.md 0.1 measures over twelve)."""
LEAST_WINDOW_SESSIONS = 40
"""Two months: of windows of 20 sessions some give betas below zero, of 40 none does (docs/explanation/vega-and-beta.md)."""
REGIME_EDGES = (15.0, 20.0, 30.0)
"""VIX levels between regimes, those at which methods.md 8 prints its tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenorBetas:
    """Betas to spot VIX and their standard errors, (tenors,) each, at ``tenor_days`` ascending; ``label`` says of what.

    ``observations`` counts daily changes behind each tenor, 0 where the betas were stated and not measured.
    """

    tenor_days: Floats
    beta: Floats
    error: Floats
    observations: Ints
    label: str

    @staticmethod
    def stated(tenor_days: ArrayLike, beta: ArrayLike, *, label: str = "stated") -> TenorBetas:
        """Betas that somebody states, without error."""
        days, values = np.asarray(tenor_days, dtype=np.float64), np.asarray(beta, dtype=np.float64)
        if days.shape != values.shape or days.ndim != 1 or not days.size or (np.diff(days) <= 0.0).any():
            raise UsageError(
                f"{values.size} betas for {days.size} tenors",
                where=label,
                allowed="one beta a tenor, tenors ascending",
                todo="mend the list of betas",
            )
        if not (np.isfinite(values) & np.isfinite(days)).all():
            raise UsageError("a beta or a tenor is not a number", where=label, allowed="finite numbers", todo="mend the list")
        zero = np.zeros(days.size)
        return TenorBetas(tenor_days=days, beta=values, error=zero, observations=zero.astype(np.int64), label=label)

    def at(self, dte: ArrayLike) -> tuple[Floats, Floats]:
        """Beta and error at ``dte`` calendar days (any shape): linear between tenors, flat outside them."""
        days = np.asarray(dte, dtype=np.float64)
        beta, error = (np.interp(days, self.tenor_days, values) for values in (self.beta, self.error))
        return np.asarray(beta), np.asarray(error)


NAIVE = TenorBetas.stated([30.0], [1.0], label="naive: every VX forward moves with spot VIX")
PUBLISHED = TenorBetas.stated([30.0, 60.0, 90.0, 120.0], [0.54, 0.38, 0.29, 0.24], label="methods.md 0.1, 2013-2025")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenorChanges:
    """Daily changes of the constant-maturity forwards (sessions, tenors) and of VIX (sessions,), points.

    NaN where either end of a change was not measured. ``vix_before`` (sessions,) is the close before.
    """

    sessions: DayArray
    tenor_days: Floats
    forward_change: Floats
    vix_change: Floats
    vix_before: Floats


def constant_maturity(
    forwards: VixForwards, *, sessions: DayArray, expiry: DayArray, monthly: Bools, vix: Floats, tenor_days: ArrayLike
) -> Floats:
    """Constant-maturity VX forwards (sessions, tenors) in VIX points: ln F linear in days between published monthly settlements.

    Spot VIX stands at zero days. NaN where no settlement lies at or beyond the tenor: nothing is extrapolated or taken from the
    curve model. ``expiry`` and ``monthly`` (expiries,) describe the columns of ``forwards``, ``expiry`` in any order.
    """
    columns = np.flatnonzero(np.asarray(monthly, dtype=np.bool_))
    columns = columns[np.argsort(expiry[columns], kind="stable")]
    days = np.asarray(sessions, dtype=np.int64)
    knots = np.asarray(expiry, dtype=np.int64)[columns]
    tenors = np.asarray(tenor_days, dtype=np.float64)
    settle = forwards.forward[:, columns]
    known = (forwards.source[:, columns] == SETTLED) & (settle > 0.0)
    out = np.full((days.size, tenors.size), np.nan)
    if not columns.size:
        return out
    log_settle = np.log(np.where(known, settle, 1.0))
    log_spot = np.log(np.where(vix > 0.0, vix, np.nan))
    count = columns.size
    index = np.arange(count)
    before = np.pad(np.maximum.accumulate(np.where(known, index, -1), axis=1), ((0, 0), (1, 0)), constant_values=-1)
    after = np.minimum.accumulate(np.where(known, index, count)[:, ::-1], axis=1)[:, ::-1]
    after = np.pad(after, ((0, 0), (0, 1)), constant_values=count)
    rows = np.arange(days.size)
    for k, tenor in enumerate(tenors.tolist()):
        place = np.searchsorted(knots, days + tenor, side="left")
        low, high = before[rows, place], after[rows, place]
        low_at, high_at = np.maximum(low, 0), np.minimum(high, count - 1)
        x0 = np.where(low >= 0, knots[low_at] - days, 0).astype(np.float64)
        y0 = np.where(low >= 0, log_settle[rows, low_at], log_spot)
        x1 = (knots[high_at] - days).astype(np.float64)
        weight = np.divide(tenor - x0, x1 - x0, out=np.zeros_like(x0), where=x1 > x0)
        value = np.exp(y0 + weight * (log_settle[rows, high_at] - y0))
        out[:, k] = np.where(high < count, value, np.nan)
    return out


def tenor_changes(
    forwards: VixForwards,
    *,
    sessions: DayArray,
    expiry: DayArray,
    monthly: Bools,
    vix: Floats,
    tenor_days: ArrayLike = TENOR_DAYS,
) -> TenorChanges:
    """The daily changes from which betas are measured; arguments as for :func:`constant_maturity`."""
    level = constant_maturity(forwards, sessions=sessions, expiry=expiry, monthly=monthly, vix=vix, tenor_days=tenor_days)
    first = np.full((1, level.shape[1]), np.nan)
    before = np.concatenate([np.full(1, np.nan), vix[:-1]])
    return TenorChanges(
        sessions=np.asarray(sessions, dtype=np.int64),
        tenor_days=np.asarray(tenor_days, dtype=np.float64),
        forward_change=np.concatenate([first, np.diff(level, axis=0)]) if len(level) else level,
        vix_change=vix - before,
        vix_before=before,
    )


def lag_count(observations: int) -> int:
    """Bartlett lags for a sample: floor(4 (n/100)^(2/9)), Newey and West (1994), Review of Economic Studies 61."""
    return int(4.0 * (observations / 100.0) ** (2.0 / 9.0))


def sample_betas(changes: TenorChanges, *, chosen: Bools | None = None, label: str = "whole sample") -> TenorBetas:
    """Betas over the ``chosen`` sessions (all). The error's lags count chosen sessions as neighbours.

    Raises :class:`DataMissing` where a tenor has fewer than :data:`LEAST_WINDOW_SESSIONS` changes.
    """
    count = changes.tenor_days.size
    beta, error, seen = np.empty(count), np.empty(count), np.empty(count, dtype=np.int64)
    for k in range(count):
        x, y, _ = _observed(changes, k, chosen)
        if x.size < LEAST_WINDOW_SESSIONS:
            raise DataMissing(
                f"{x.size} daily changes of the {changes.tenor_days[k]:g}-day VX forward, too few for a beta",
                where=f"beta, {label}",
                allowed=f"at least {LEAST_WINDOW_SESSIONS} sessions",
                todo="take a longer period, a wider regime, or fewer tenors",
            )
        slope, deviation = np.empty(x.size), np.empty(x.size)
        slopes_into(x, y, x.size, lag_count(x.size), slope, deviation)
        beta[k], error[k], seen[k] = slope[-1], deviation[-1], x.size
    return TenorBetas(tenor_days=changes.tenor_days, beta=beta, error=error, observations=seen, label=label)


def vix_regimes(edges: tuple[float, ...] = REGIME_EDGES) -> tuple[tuple[float, float, str], ...]:
    """(low, high, name) of each regime, low included and high not, from below the first edge to above the last."""
    first, last = (-math.inf, edges[0], f"VIX below {edges[0]:g}"), (edges[-1], math.inf, f"VIX {edges[-1]:g} and up")
    return (first, *((low, high, f"VIX {low:g}-{high:g}") for low, high in itertools.pairwise(edges)), last)


def regime_betas(changes: TenorChanges, *, edges: tuple[float, ...] = REGIME_EDGES) -> tuple[TenorBetas, ...]:
    """Betas by regime of the VIX close *before* each change, below the first edge to above the last; errors as above."""
    made = []
    for low, high, label in vix_regimes(edges):
        inside = (changes.vix_before >= low) & (changes.vix_before < high)
        made.append(sample_betas(changes, chosen=inside, label=label))
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingBetas:
    """Betas and errors (sessions, tenors) as known at each close; NaN before the first full window.

    ``measured_on`` (sessions, tenors) is the day of the last change in the window, 0 where there is none yet: where VX data end
    before the other histories, the last window stands.
    """

    sessions: DayArray
    tenor_days: Floats
    beta: Floats
    error: Floats
    measured_on: DayArray
    window_sessions: int

    @staticmethod
    def of_stated(sessions: DayArray, stated: TenorBetas) -> RollingBetas:
        """Stated betas at every session, where none can be measured."""
        shape = (len(sessions), stated.tenor_days.size)
        return RollingBetas(
            sessions=sessions,
            tenor_days=stated.tenor_days,
            beta=np.broadcast_to(stated.beta, shape),
            error=np.broadcast_to(stated.error, shape),
            measured_on=np.zeros(shape, dtype=np.int64),
            window_sessions=WINDOW_SESSIONS,
        )

    def at(self, index: int) -> TenorBetas:
        """The betas known at the close of session row ``index``; :class:`DataMissing` where the window is not full."""
        if not np.isfinite(self.beta[index]).all():
            tenor = self.tenor_days[int(np.argmin(np.isfinite(self.beta[index])))]
            raise DataMissing(
                f"the {tenor:g}-day VX forward has fewer than {self.window_sessions} daily changes by then",
                where=f"rolling beta, session {iso(self.sessions[index])}",
                allowed=self._range(),
                todo="choose a later session, a shorter window, or state the betas",
            )
        measured = int(self.measured_on[index].min())
        return TenorBetas(
            tenor_days=self.tenor_days,
            beta=self.beta[index],
            error=self.error[index],
            observations=np.where(self.measured_on[index] > 0, self.window_sessions, 0).astype(np.int64),
            label=f"{self.window_sessions} changes to {iso(measured)}" if measured else "stated before the first full window",
        )

    def filled(self, early: TenorBetas) -> RollingBetas:
        """The same with ``early`` (stated, say) wherever the window is not full yet; ``measured_on`` is 0 there."""
        beta, error = early.at(self.tenor_days)
        unknown = ~np.isfinite(self.beta)
        return RollingBetas(
            sessions=self.sessions,
            tenor_days=self.tenor_days,
            beta=np.where(unknown, beta, self.beta),
            error=np.where(unknown, error, self.error),
            measured_on=np.where(unknown, 0, self.measured_on),
            window_sessions=self.window_sessions,
        )

    def pairs(self, rows: Ints, dte: Floats) -> tuple[Floats, Floats]:
        """Beta and error of each (session row, days to expiry) pair; NaN before the first full window."""
        low, weight = _between(self.tenor_days, dte)
        high = np.minimum(low + 1, self.tenor_days.size - 1)
        beta = (1.0 - weight) * self.beta[rows, low] + weight * self.beta[rows, high]
        return np.asarray(beta), np.asarray((1.0 - weight) * self.error[rows, low] + weight * self.error[rows, high])

    def _range(self) -> str:
        full = np.flatnonzero(np.isfinite(self.beta).all(axis=1))
        return f"{iso(self.sessions[full[0]])} and later" if full.size else "no session of this history"


def rolling_betas(changes: TenorChanges, *, window_sessions: int = WINDOW_SESSIONS) -> RollingBetas:
    """Betas of every session from the last ``window_sessions`` measured changes up to its close.

    :class:`UsageError` for a window below :data:`LEAST_WINDOW_SESSIONS`; :class:`DataMissing` where no tenor ever fills it.
    """
    if window_sessions < LEAST_WINDOW_SESSIONS:
        raise UsageError(
            f"a beta window of {window_sessions} sessions is too short",
            where="beta window",
            allowed=f"at least {LEAST_WINDOW_SESSIONS} sessions, {WINDOW_SESSIONS} by default",
            todo="lengthen the window",
        )
    shape = (changes.sessions.size, changes.tenor_days.size)
    beta, error = np.full(shape, np.nan), np.full(shape, np.nan)
    measured_on = np.zeros(shape, dtype=np.int64)
    lags = lag_count(window_sessions)
    filled = False
    for k in range(shape[1]):
        x, y, at = _observed(changes, k, None)
        if x.size < window_sessions:
            continue
        filled = True
        slope, deviation = np.full(x.size, np.nan), np.full(x.size, np.nan)
        slopes_into(x, y, window_sessions, lags, slope, deviation)
        last = np.searchsorted(at, np.arange(shape[0]), side="right") - 1
        seen = last >= 0
        beta[seen, k], error[seen, k] = slope[last[seen]], deviation[last[seen]]
        measured_on[seen, k] = changes.sessions[at[last[seen]]]
    if not filled:
        most = max(_observed(changes, k, None)[0].size for k in range(shape[1])) if shape[1] else 0
        raise DataMissing(
            f"no tenor has {window_sessions} daily changes, the longest has {most}",
            where="rolling beta",
            todo="add VX history, shorten the window, or state the betas",
        )
    return RollingBetas(
        sessions=changes.sessions,
        tenor_days=changes.tenor_days,
        beta=beta,
        error=error,
        measured_on=measured_on,
        window_sessions=window_sessions,
    )


def _observed(changes: TenorChanges, tenor: int, chosen: Bools | None) -> tuple[Floats, Floats, Ints]:
    """VIX and forward changes of one tenor where both were measured, and their session rows."""
    both = np.isfinite(changes.vix_change) & np.isfinite(changes.forward_change[:, tenor])
    at = np.flatnonzero(both if chosen is None else both & chosen)
    return np.ascontiguousarray(changes.vix_change[at]), np.ascontiguousarray(changes.forward_change[at, tenor]), at


def _between(knots: Floats, days: Floats) -> tuple[Ints, Floats]:
    """Lower knot and weight of the next, clipped to the ends."""
    low = np.clip(np.searchsorted(knots, days, side="right") - 1, 0, max(knots.size - 2, 0)).astype(np.int64)
    if knots.size == 1:
        return low, np.zeros(np.shape(days))
    width = knots[low + 1] - knots[low]
    return low, np.clip((days - knots[low]) / width, 0.0, 1.0)
