"""SPX: a model's vols and condor credits against the quotes of one session.

Vols are compared at the strikes where the *market's* smile has the eleven deltas, so that an error is the model's alone. Credits
are compared at *own* deltas: the market's condor at the market's 16/5-delta strikes, the model's at its own, since that is what
a rule that chooses by delta would have traded. Both sides of the condor are kept apart: errors that cancel are seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alvh.market.chain import QuotedChain
from alvh.market.history import Floats
from alvh.study.model_error.inputs import Inputs
from alvh.study.model_error.smiles import Expiries, MidSmile, d1_of, deltas_to_points, prices

Ints = NDArray[np.int64]

LABELS = ("P5", "P10", "P16", "P20", "P25", "ATM", "C25", "C20", "C16", "C10", "C5")
ATM = LABELS.index("ATM")
_DELTAS = (0.05, 0.10, 0.16, 0.20, 0.25)
_D1 = (*(d1_of(p, -1.0) for p in _DELTAS), *(d1_of(p, 1.0) for p in reversed(_DELTAS)))

CONDOR = ("P5", "P16", "C16", "C5")
"""Long put, short put, short call, long call of the 16/5 condor (surfaces.md 2.3)."""
_CONDOR_D1 = (d1_of(0.05, -1.0), d1_of(0.16, -1.0), d1_of(0.16, 1.0), d1_of(0.05, 1.0))
_CONDOR_AT = tuple(LABELS.index(name) for name in CONDOR)
_CONDOR_RIGHT = np.array([-1.0, -1.0, 1.0, 1.0])
_CONDOR_SIGN = np.array([-1.0, 1.0, 1.0, -1.0])
TERMS_DAYS = (30, 45)
REACH_DAYS = 14
"""An error at a term is linear in days between two expiries that both lie this near to it."""
NEAREST_DAYS = 5
"""Where one side has no expiry that near, the nearest within this many days stands for the term; else there is none."""
OWN_STRIKE_STEPS = 60
"""k = v^2/2 - d1 v(k) contracts by about half a step: sixty leave nothing a double could show."""


class Surface(Protocol):
    """Any model that gives implied vols of (session row, years, ln(K/F)), each (p,)."""

    def vols(self, row: Ints, years: Floats, log_money: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SpxSession:
    """What is scored of one SPX chain: ``log_money`` and ``market`` vols (expiries, 11), NaN where no quote reaches the delta."""

    session: int
    minute: int | None
    source: str
    inputs: Inputs
    smiles: tuple[MidSmile, ...]
    refused: tuple[tuple[int, str], ...]
    rejected: dict[str, int]
    log_money: Floats
    market: Floats

    def years(self) -> Floats:
        """(expiries,)"""
        return np.array([smile.years for smile in self.smiles])

    def days(self) -> Ints:
        """(expiries,)"""
        return np.array([smile.days for smile in self.smiles], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpxScore:
    """Errors of one session, model minus market.

    ``relative`` (expiries, 11) is model vol over market vol less 1, ``vol_points`` the difference in vol points; ``credit``,
    ``put_side`` and ``call_side`` are relative errors by expiry (expiries,), NaN where a leg is not quoted.
    """

    session: SpxSession
    relative: Floats
    vol_points: Floats
    credit: Floats
    put_side: Floats
    call_side: Floats

    def rms(self) -> float:
        """Root mean square of the relative vol errors of the session."""
        return math.sqrt(nanmean(self.relative**2))

    def at_term(self, errors: Floats, term_days: int) -> float:
        """An error by expiry at a term (see :data:`REACH_DAYS`), NaN where no expiry is near."""
        return at_term(self.session.days(), errors, term_days)


def spx_session(chain: QuotedChain, inputs: Inputs, expiries: Expiries) -> SpxSession:
    """Gather the eleven points of every smile."""
    points = np.full((len(expiries.smiles), len(LABELS)), np.nan)
    market = np.full_like(points, np.nan)
    for e, smile in enumerate(expiries.smiles):
        found = deltas_to_points(smile, _D1)
        points[e] = np.concatenate([found[:ATM], [0.0], found[ATM:]])
        market[e] = smile.at(points[e])
    return SpxSession(
        session=chain.session,
        minute=chain.minute,
        source=chain.source,
        inputs=inputs,
        smiles=expiries.smiles,
        refused=expiries.refused,
        rejected=expiries.rejected(),
        log_money=np.where(np.isnan(market), np.nan, points),
        market=market,
    )


def score_spx(session: SpxSession, surface: Surface, row: int) -> SpxScore:
    """Score one session by the surface's ``row``."""
    years = np.repeat(session.years(), len(LABELS))
    points = session.log_money.ravel()
    known = ~np.isnan(points)
    found = np.full(points.size, np.nan)
    found[known] = surface.vols(np.full(int(known.sum()), row, dtype=np.int64), years[known], points[known])
    model = found.reshape(session.market.shape)
    ours, theirs = _spreads(session, surface, row)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = ours / theirs - 1.0
    return SpxScore(
        session=session,
        relative=model / session.market - 1.0,
        vol_points=100.0 * (model - session.market),
        credit=relative[:, 0],
        put_side=relative[:, 1],
        call_side=relative[:, 2],
    )


def own_strikes(surface: Surface, row: int, years: Floats, d1: Sequence[float]) -> Floats:
    """ln(K/F) (expiries, deltas) at which the model's own d1 has each value."""
    wanted = np.asarray(d1)
    time = np.repeat(years, wanted.size)
    target = np.tile(wanted, years.size)
    rows = np.full(time.size, row, dtype=np.int64)
    k = np.zeros(time.size)
    for _ in range(OWN_STRIKE_STEPS):
        deviation = surface.vols(rows, time, k) * np.sqrt(time)
        k = 0.5 * k + 0.5 * (0.5 * deviation * deviation - target * deviation)
    return k.reshape(years.size, wanted.size)


def nanmean(values: Floats | Sequence[float]) -> float:
    """Mean of the known values, NaN without a warning where there is none."""
    value = np.asarray(values, dtype=np.float64)
    known = value[np.isfinite(value)]
    return float(known.mean()) if known.size else math.nan


def at_term(days: Ints, errors: Floats, term_days: int) -> float:
    """An error by expiry at a term: linear in days between two near expiries, else the nearest (NaN where none is near)."""
    good = ~np.isnan(errors)
    day, value = days[good], errors[good]
    below, above = day <= term_days, day >= term_days
    if below.any() and above.any():
        low, high = int(np.flatnonzero(below)[day[below].argmax()]), int(np.flatnonzero(above)[day[above].argmin()])
        if max(term_days - day[low], day[high] - term_days) <= REACH_DAYS:
            share = 0.0 if day[low] == day[high] else (term_days - day[low]) / (day[high] - day[low])
            return float((1.0 - share) * value[low] + share * value[high])
    if day.size:
        nearest = int(np.abs(day - term_days).argmin())
        if abs(int(day[nearest]) - term_days) <= NEAREST_DAYS:
            return float(value[nearest])
    return math.nan


def _spreads(session: SpxSession, surface: Surface, row: int) -> tuple[Floats, Floats]:
    """Model's and market's (condor, put spread, call spread), each (expiries, 3), undiscounted points."""
    years = session.years()
    own = own_strikes(surface, row, years, _CONDOR_D1)
    rows = np.full(own.size, row, dtype=np.int64)
    vols = surface.vols(rows, np.repeat(years, own.shape[1]), own.ravel()).reshape(own.shape)
    ours, theirs = np.full((years.size, 3), np.nan), np.full((years.size, 3), np.nan)
    for e, smile in enumerate(session.smiles):
        points, market = session.log_money[e, _CONDOR_AT], session.market[e, _CONDOR_AT]
        ours[e] = _credits(prices(smile, own[e], vols[e], _CONDOR_RIGHT))
        if not np.isnan(market).any():
            theirs[e] = _credits(prices(smile, points, market, _CONDOR_RIGHT))
    return ours, theirs


def _credits(legs: Floats) -> Floats:
    value = _CONDOR_SIGN * legs
    return np.array([value.sum(), value[:2].sum(), value[2:].sum()])
