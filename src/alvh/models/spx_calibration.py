"""The SPX surface of every session from VIX9D, VIX, VIX3M, VIX6M and SKEW (surfaces.md 2.1), each session by itself.

A session is never refused: what is wrong with it is a bit of ``state`` and a count, and the rest of it goes on.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.kernels import calibrate as kernels
from alvh.kernels._arrays import cpu_count
from alvh.kernels._jit import JIT
from alvh.kernels.arbitrage import arbitrage_into
from alvh.kernels.smile import CLEAN, YEAR_DAYS
from alvh.models.index_expiries import term_weights, used_expiries
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE, TENOR_DAYS, TENOR_YEARS, Bools, Floats, filled_knots

Ints = NDArray[np.int64]

NOT_CONVERGED, SKEW_NOT_REACHED, LIFTED = kernels.NOT_CONVERGED, kernels.SKEW_NOT_REACHED, kernels.LIFTED
NO_VIX9D, NO_VIX, NO_VIX3M, NO_VIX6M, NO_SKEW, ABSURD, NO_LEVEL, ARBITRAGE, B_LOWERED = (1 << k for k in range(3, 12))
STATES: Mapping[int, str] = {
    NOT_CONVERGED: "not_converged",
    SKEW_NOT_REACHED: "skew_not_reached",
    LIFTED: "calendar_lifted",
    NO_VIX9D: "no_vix9d",
    NO_VIX: "no_vix",
    NO_VIX3M: "no_vix3m",
    NO_VIX6M: "no_vix6m",
    NO_SKEW: "no_skew",
    ABSURD: "absurd_level",
    NO_LEVEL: "no_level",
    ARBITRAGE: "arbitrage",
    B_LOWERED: "b_lowered",
}
"""Name of each bit of ``Calibration.state``; 0 is a session fitted to all five inputs."""

STATE_ERRORS: Mapping[str, str] = {
    "not_converged": "an index missed by more than half a per cent or SKEW by 2 points: the best found stands",
    "skew_not_reached": "the nearest shape without arbitrage stands",
    "calendar_lifted": "a forward variance was raised to 5 % vol",
    "no_vix9d": "tenor dropped: 9-day vols 8-13 % off, 45-day vols not",
    "no_vix": "from its family: 30-day vols 5 % off at the money, 45-day vols 3 %",
    "no_vix3m": "tenor dropped: 45-day vols 3 % off at the money",
    "no_vix6m": "tenor dropped: 60-day vols 1 % off at the money",
    "no_skew": "mean shape: 45-day vols 3 % off at the money, SKEW 9 points",
    "absurd_level": "a level that cannot be: as missing",
    "no_level": "the surface of the session before stands",
    "arbitrage": "no surface without arbitrage was found",
    "b_lowered": "the steepest shape without arbitrage at that level stands",
}
"""What each state costs, root mean square of the relative difference to the full fit (docs/reference/surface-repricing.md)."""

LEVEL_RANGE = (3.0, 250.0)
"""Vol points; VIX has been 9.1 to 82.7 at closes, and no published index of the family left 6 to 150."""
MOST_RATIO = 3.0
"""Of an index to the median of the session's, either way; VIX6M over VIX9D has been 0.41 to 2.25 at closes since 2011."""
SKEW_RANGE = (95.0, 250.0)
"""SKEW has been 101 to 183; 100 is a symmetric density."""
CHECK_DAYS = np.array([2.0, 5.0, 9.0, 16.0, 30.0, 60.0, 93.0, 184.0, 365.0])
CHECK_X = np.linspace(-12.0, 12.0, 81)
"""Where every session is looked at for arbitrage; benchmarks/calibration_errors.py looks more densely."""
LISTED_ROUNDS = 3
"""Rounds of moving each tenor so that the index comes out of its two listed expiries; each leaves about a fifth of the error."""
MOST_LISTED = 1.5
"""A tenor moves by no more than this factor of variance in a round: beyond it the two expiries say little of the term."""
CHUNK = 256
"""Sessions a thread takes at a time: some 0.2 s of work."""
LOWERED, MOST_LOWERED = 0.93, 12
"""A session with arbitrage is fitted again at .93 of its B, at most twelve times (down to .42 of it)."""
LEAST_G = 0.002
"""Durrleman's g below this counts as arbitrage: between the points of the grid it may be lower."""
CALENDAR_SLACK = -1e-12
"""Rounding of a relative growth of total variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Fitted surfaces, one row a session. NaN where ``state`` has ``NO_LEVEL``.

    ``theta`` (n, 4) at-the-money total variance at 9, 30, 93 and 184 days; ``b`` (n,) the smile's B after blending, ``b_skew``
    (n,) the B that reprices SKEW (NaN where there is none); ``skew30`` (n,) SKEW of the fitted 30-day strip; ``state`` (n,) bits
    of :data:`STATES`; ``strips`` (n,) strips taken; ``shape`` the coefficients; ``counts`` sessions by name of state.
    """

    theta: Floats
    b: Floats
    b_skew: Floats
    skew30: Floats
    state: Ints
    strips: Ints
    shape: Floats
    counts: Mapping[str, int]

    def vols(self, row: Ints, years: Floats, log_money: Floats) -> Floats:
        """Implied vols of (session row, years, ln(K/F)), each (p,)."""
        out = np.empty(len(row))
        kernels.vols_into(self.theta, self.b, self.shape, row, years, log_money, out)
        return out

    def tilt(self, row: Ints, years: Floats) -> Floats:
        """The smile's d of (session row, years), each (p,)."""
        out = np.empty(len(row))
        kernels.tilts_into(self.theta, self.shape, row, years, out)
        return out

    def reprice(self, spx: Floats, vix: Floats, row: Ints, years: Floats) -> tuple[Floats, Floats]:
        """Index level in vol points and SKEW of the strip of each (session row, years), each (p,)."""
        index, skew = np.empty(len(row)), np.empty(len(row))
        kernels.reprice_into(spx, vix, self.theta, self.b, self.shape, row, years, index, skew)
        return index, skew

    def arbitrage(self, days: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Least Durrleman g, and least relative growth of total variance to the next time, of each session: two (n, 3) arrays of
        the value, the years and the x where it is. ``days`` (t,) ascending, ``x`` (m,)."""
        butterfly, calendar = np.full((len(self.b), 3), np.nan), np.full((len(self.b), 3), np.nan)
        arbitrage_into(self.theta, self.b, self.shape, days / YEAR_DAYS, x, butterfly, calendar)
        return butterfly, calendar


def usable_levels(levels: Floats) -> tuple[Floats, Bools]:
    """``levels`` (n, 4) with absurd values as NaN, and the sessions that had one.

    Absurd: outside :data:`LEVEL_RANGE`, or off the median of the session's levels by more than :data:`MOST_RATIO`.
    """
    given = np.isfinite(levels)
    with np.errstate(invalid="ignore", divide="ignore"):
        sane = given & (levels >= LEVEL_RANGE[0]) & (levels <= LEVEL_RANGE[1])
    kept = np.where(sane, levels, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a session without any level has no median
        ratio = kept / np.nanmedian(kept, axis=1, keepdims=True)
    sane &= ~((ratio > MOST_RATIO) | (ratio < 1.0 / MOST_RATIO))
    return np.where(sane, levels, np.nan), np.asarray((given & ~sane).any(axis=1))


def stand_in_vix(levels: Floats) -> Floats:
    """VIX (n,), where it is missing from the rest of the family: ln index is linear in ln term between tenors, and constant
    before the first and beyond the last; NaN where nothing is known. Linear total variance errs by 1.5 points in the median,
    this by 0.6.
    """
    out = levels[:, 1].copy()
    for row in np.flatnonzero(np.isnan(out)).tolist():
        known = np.flatnonzero(~np.isnan(levels[row]))
        if len(known):
            out[row] = np.exp(np.interp(np.log(TENOR_YEARS[1]), np.log(TENOR_YEARS[known]), np.log(levels[row, known])))
    return out


def calibrate(
    spx: Floats,
    levels: Floats,
    skew: Floats,
    *,
    blend: float | Floats = 0.5,
    shape: Floats = CLEAN_SHAPE,
    b_range: tuple[float, float] = CLEAN_B_RANGE,
    sessions: DayArray | None = None,
) -> Calibration:
    """Calibrate each session to its index levels.

    ``spx`` (n,) closes in points, ``levels`` (n, 4) VIX9D, VIX, VIX3M, VIX6M in vol points and ``skew`` (n,), NaN where absent;
    ``blend`` how far B goes from the mean shape (0) to the one that reprices SKEW (1), one number or (n,); ``shape`` as
    ``kernels/smile.py`` describes; ``b_range`` where the search for B keeps. With ``sessions`` (n,) the levels are met through
    the two listed expiries of each index, as the exchange computes it, else at the very term. Raises nothing for a session:
    see ``Calibration.state``.
    """
    spx, shape = np.array(spx, dtype=np.float64), np.array(shape, dtype=np.float64)
    asked = np.asarray(levels, dtype=np.float64)
    levels, absurd = usable_levels(asked)
    skew = np.asarray(skew, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        has_skew = (skew >= SKEW_RANGE[0]) & (skew <= SKEW_RANGE[1])
    absurd |= np.isfinite(skew) & ~has_skew
    state = np.zeros(len(spx), dtype=np.int64)
    for column, bit in enumerate((NO_VIX9D, NO_VIX, NO_VIX3M, NO_VIX6M)):
        state[np.isnan(levels[:, column])] |= bit
    state[~has_skew] |= NO_SKEW
    state[absurd] |= ABSURD
    levels[:, 1] = stand_in_vix(levels)
    has = np.isfinite(levels)
    with np.errstate(invalid="ignore"):
        has &= (np.isfinite(spx) & (spx > 0.0))[:, None]
    state[~has[:, 1]] |= NO_LEVEL
    inputs = _Inputs(
        spx=spx,
        levels=np.ascontiguousarray(levels),
        has=np.ascontiguousarray(has),
        skew=np.where(has_skew, skew, np.nan),
        blend=np.array(np.broadcast_to(np.asarray(blend, dtype=np.float64), (len(spx),))),
        days=None if sessions is None else used_expiries(sessions)[1][:, :4],
    )
    made = _fit_parallel(inputs, shape, b_range)
    made.state[:] |= state
    if shape[8] == CLEAN:
        _lower_b(made, inputs, b_range)
    return replace(made, counts=counts_of(made.state))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """Usable inputs of the sessions; ``days`` (n, 4, 2) to the two expiries of each index, None to fit at the very term."""

    spx: Floats
    levels: Floats
    has: Bools
    skew: Floats
    blend: Floats
    days: Floats | None

    def rows(self, rows: Ints) -> _Inputs:
        return _Inputs(
            spx=self.spx[rows],
            levels=self.levels[rows],
            has=self.has[rows],
            skew=self.skew[rows],
            blend=self.blend[rows],
            days=None if self.days is None else self.days[rows],
        )


def _fit_parallel(inputs: _Inputs, shape: Floats, b_range: tuple[float, float]) -> Calibration:
    """:func:`_fit` in chunks over the processors; a session does not notice which chunk it is in."""
    count = len(inputs.spx)
    starts = range(0, count, CHUNK)
    free = np.full(count, np.nan)
    if len(starts) < 2 or not JIT or cpu_count() < 2:
        return _fit(inputs, free, shape, b_range)

    def work(first: int) -> Calibration:
        rows = np.arange(first, min(first + CHUNK, count))
        return _fit(inputs.rows(rows), free[rows], shape, b_range)

    with ThreadPoolExecutor(max_workers=cpu_count()) as pool:
        parts = list(pool.map(work, starts))
    return Calibration(
        theta=np.concatenate([part.theta for part in parts]),
        b=np.concatenate([part.b for part in parts]),
        b_skew=np.concatenate([part.b_skew for part in parts]),
        skew30=np.concatenate([part.skew30 for part in parts]),
        state=np.concatenate([part.state for part in parts]),
        strips=np.concatenate([part.strips for part in parts]),
        shape=shape,
        counts={},
    )


def _fit(inputs: _Inputs, given_b: Floats, shape: Floats, b_range: tuple[float, float]) -> Calibration:
    """Fit every session, with B given where ``given_b`` (n,) is finite, and look for arbitrage."""
    count = len(inputs.spx)
    vol, theta = np.full((count, 4), np.nan), np.full((count, 4), np.nan)
    b, b_skew, skew30 = np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan)
    state, strips = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    has_skew = np.isfinite(inputs.skew)
    kernels.calibrate_into(
        inputs.spx,
        inputs.levels,
        inputs.has,
        np.where(has_skew, inputs.skew, 0.0),
        has_skew,
        inputs.blend,
        given_b,
        b_range[0],
        b_range[1],
        shape,
        vol,
        b,
        b_skew,
        skew30,
        state,
        strips,
    )
    fitted = np.flatnonzero(inputs.has[:, 1])
    theta[fitted], lifted = filled_knots(vol[fitted] ** 2 * TENOR_YEARS)
    if inputs.days is not None:
        for _ in range(LISTED_ROUNDS):
            step = _listed_step(inputs, theta, b, shape, inputs.days, strips)
            theta[fitted], lifted = filled_knots(step[fitted])
    state[fitted[lifted]] |= LIFTED
    made = Calibration(theta=theta, b=b, b_skew=b_skew, skew30=skew30, state=state, strips=strips, shape=shape, counts={})
    butterfly, calendar = made.arbitrage(CHECK_DAYS, CHECK_X)
    state[(butterfly[:, 0] < LEAST_G) | (calendar[:, 0] < CALENDAR_SLACK)] |= ARBITRAGE
    return made


def _lower_b(made: Calibration, inputs: _Inputs, b_range: tuple[float, float]) -> None:
    """Fit sessions with arbitrage again at a lower B, in place: named ``b_lowered`` if that mends it, else ``arbitrage``."""
    b = made.b.copy()
    for _ in range(MOST_LOWERED):
        rows = np.flatnonzero(made.state & ARBITRAGE)
        if not len(rows):
            return
        b[rows] *= LOWERED
        again = _fit(inputs.rows(rows), b[rows], made.shape, b_range)
        made.strips[rows] += again.strips
        clean = (again.state & ARBITRAGE) == 0
        good = rows[clean]
        made.theta[good], made.b[good], made.skew30[good] = again.theta[clean], again.b[clean], again.skew30[clean]
        made.state[good] = (made.state[good] & ~(ARBITRAGE | LIFTED | NOT_CONVERGED)) | again.state[clean] | B_LOWERED


def _listed_step(inputs: _Inputs, theta: Floats, b: Floats, shape: Floats, days: Floats, strips: Ints) -> Floats:
    """Total variance (n, 4), NaN where a tenor is absent, moved by the ratio of the published index to that of the listed pair.

    ``days`` (n, 4, 2): time to the two expiries that each index is computed from.
    """
    levels, has = inputs.levels, inputs.has
    row, tenor, side = (np.ascontiguousarray(at) for at in np.nonzero(has[:, :, None] & np.isfinite(days)))
    found, _ = np.empty(len(row)), np.empty(len(row))
    vix = np.ascontiguousarray(levels[:, 1])
    kernels.reprice_into(inputs.spx, vix, theta, b, shape, row, days[row, tenor, side] / YEAR_DAYS, found, _)
    np.add.at(strips, row, 1)
    total = np.full(days.shape, np.nan)
    total[row, tenor, side] = found**2 * days[row, tenor, side]
    term, first = TENOR_DAYS, term_weights(days)
    listed = (first * total[:, :, 0] + (1.0 - first) * total[:, :, 1]) / term
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = levels**2 / listed
    sane = (ratio > 1.0 / MOST_LISTED) & (ratio < MOST_LISTED)
    return np.where(has, theta * np.where(sane, ratio, 1.0), np.nan)


def counts_of(state: Ints) -> dict[str, int]:
    """Sessions by name of state, (n,) bits of :data:`STATES`."""
    return {name: int(((state & bit) != 0).sum()) for bit, name in STATES.items()}
