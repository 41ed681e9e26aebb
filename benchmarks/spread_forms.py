"""Weighted samples of legs, and the simple forms of a half-spread rule that ``benchmarks/fit_spreads.py`` compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.spread_legs import Legs
from numpy.typing import NDArray
from scipy.optimize import minimize

from alvh.models.spreads import SPX_ERAS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST_2013 = SPX_ERAS[0][0]
CENTRE_VIX = 18.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Legs to score, with a weight each: months alike, dates of a month alike, delta groups and sides of a date alike."""

    legs: Legs
    month: NDArray[np.str_]
    weight: Floats

    def rows(self, kept: Bools) -> Sample:
        return Sample(legs=self.legs.rows(kept), month=self.month[kept], weight=self.weight[kept])

    def mean(self, values: Floats) -> float:
        return float(values @ self.weight / self.weight.sum())

    def quantile(self, values: Floats, shares: Sequence[float]) -> Floats:
        order = np.argsort(values)
        reached = np.cumsum(self.weight[order]) - 0.5 * self.weight[order]
        return np.interp(np.array(shares) * self.weight.sum(), reached, values[order])


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of the SPX rule before its floor of half a tick and its cap of half the mid."""

    name: str
    start: tuple[float, ...]
    value: Callable[[Floats, Legs], Floats]


def _root(p: Floats, legs: Legs) -> Floats:
    return np.exp(p[0]) + np.exp(p[1]) * np.sqrt(legs.mid)


def _power(p: Floats, legs: Legs) -> Floats:
    return np.exp(p[0] + p[1] * np.log(legs.mid))


def _era(p: float, legs: Legs, today: Floats) -> Floats:
    """The factor of today, or before 2013 the era's."""
    return np.where(legs.session < FIRST_2013, np.maximum(np.exp(p), today), today)


def _kink(p: Floats, legs: Legs) -> Floats:
    return _era(p[4], legs, np.maximum(1.0, legs.vix / p[2]) ** p[3])


FORMS = (
    Form(
        name="(a + b √price) · max(1, VIX/v)^q, a, b, v, q, era refitted",
        start=(np.log(0.032), np.log(0.037), 18.0, 1.6, np.log(5.9)),
        value=lambda p, legs: _root(p, legs) * _kink(p, legs),
    ),
    Form(
        name="(a + b √price) · (VIX/18)^q",
        start=(np.log(0.032), np.log(0.037), 1.0, np.log(5.9)),
        value=lambda p, legs: _root(p, legs) * _era(p[3], legs, (legs.vix / CENTRE_VIX) ** p[2]),
    ),
    Form(
        name="a price^b · (VIX/18)^q",
        start=(np.log(0.1), 0.4, 1.0, np.log(5.9)),
        value=lambda p, legs: _power(p, legs) * _era(p[3], legs, (legs.vix / CENTRE_VIX) ** p[2]),
    ),
    Form(
        name="the same, monthlies apart",
        start=(np.log(0.1), 0.4, 1.0, np.log(5.9), 0.2),
        value=lambda p, legs: (
            _power(p, legs)
            * _era(p[3], legs, (legs.vix / CENTRE_VIX) ** p[2])
            * np.exp(p[4] * (~legs.weekly & (legs.session >= FIRST_2013)))
        ),
    ),
    Form(
        name="a vega^b · (VIX/18)^q",
        start=(np.log(0.1), 0.4, 1.0, np.log(5.9)),
        value=lambda p, legs: np.exp(p[0] + p[1] * np.log(legs.vega)) * _era(p[3], legs, (legs.vix / CENTRE_VIX) ** p[2]),
    ),
    Form(
        name="(a + b √price), no VIX",
        start=(np.log(0.032), np.log(0.037), np.log(5.9)),
        value=lambda p, legs: _root(p, legs) * _era(p[2], legs, np.ones(legs.mid.size)),
    ),
)


def bounded(half: Floats, legs: Legs) -> Floats:
    """Half a tick at least, half the mid at most."""
    return np.minimum(np.maximum(half, 0.5 * legs.tick), 0.5 * legs.mid)


def errors(half: Floats, legs: Legs) -> Floats:
    """ln model over observed half-spread."""
    return np.log(half / legs.half)


def fitted(form: Form, sample: Sample, start: Sequence[float]) -> Floats:
    """Coefficients of least mean absolute log error (Nelder and Mead, run twice)."""

    def loss(p: Floats) -> float:
        return sample.mean(np.abs(errors(bounded(form.value(p, sample.legs), sample.legs), sample.legs)))

    at = np.array(start)
    for _ in range(2):
        at = minimize(loss, at, method="Nelder-Mead", options={"maxiter": 800, "xatol": 1e-4, "fatol": 1e-6}).x
    return at
