"""Documented models for index histories that are missing: VVIX, VIX3M and SKEW. VIX9D and VIX6M are not filled.

A tenor of VIX that is missing is dropped by the SPX surface, so inventing VIX9D or VIX6M would add a number and no knowledge.
VIX3M has a model all the same because without it nothing says how the term structure leans. How each model was fitted and how
far it errs: docs/reference/model-errors.md; why these: docs/explanation/stand-ins.md; refit: benchmarks/fit_stand_ins.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from alvh.market.history import Bools, Floats, History
from alvh.models.vx_curve import HALF_LIFE_SESSIONS, ewma

DAILY_VOL_SEED = 0.07
"""Where the slow average of VIX's squared log changes starts: 7 % a day, its root mean square in 2007-2026."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """One model that supplied values: of which input, by which formula, fitted where, how good, and for how many sessions.

    ``after_gap`` counts those of ``sessions`` that follow a known value and so start from that value's own residual.
    """

    input: str
    formula: str
    coefficients: Mapping[str, float]
    fitted_on: str
    error_text: str
    sessions: int
    after_gap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A linear model of ``transform(input)``: ``features`` gives (sessions, coefficients); ``carry`` is the share of the last
    known residual that is left a session later."""

    input: str
    formula: str
    coefficients: Mapping[str, float]
    carry: float
    logs: bool
    features: Callable[[Floats], Floats]
    fitted_on: str
    error_text: str


def vix_features(vix: Floats) -> Floats:
    """(sessions, 3): 1, ln VIX, ln of the slow average of VIX."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([np.ones_like(vix), np.log(vix), np.log(ewma(vix))], axis=1)


def vix_and_move_features(vix: Floats) -> Floats:
    """(sessions, 4): those of :func:`vix_features` and ln of the slow root mean square of VIX's daily log changes."""
    base = vix_features(vix)
    square = np.full(len(vix), np.nan)
    square[1:] = np.diff(base[:, 1]) ** 2
    move = 0.5 * np.log(ewma(square, seed=DAILY_VOL_SEED**2))
    return np.column_stack([base, move])


def constant_feature(vix: Floats) -> Floats:
    """(sessions, 1): ones."""
    return np.ones((len(vix), 1))


MODELS = (
    Model(
        input="vvix",
        formula="ln VVIX = a + b ln VIX + c ln EWMA(VIX) + d ln rms(daily log change of VIX)",
        coefficients={"a": 5.2963, "b": 0.2922, "c": -0.2529, "d": 0.3372},
        carry=0.963,
        logs=True,
        features=vix_and_move_features,
        fitted_on="VVIX 2007-01-03 to 2026-07-22",
        error_text="R2 0.45, residual sd 12.2 %; fitted to 2019, tested on 2020-26: sd 10.4 %, level 14 % too low",
    ),
    Model(
        input="vix3m",
        formula="ln VIX3M = a + b ln VIX + c ln EWMA(VIX)",
        coefficients={"a": 0.3074, "b": 0.6591, "c": 0.2708},
        carry=0.946,
        logs=True,
        features=vix_features,
        fitted_on="VIX3M 2009-09-18 to 2026-07-22",
        error_text="R2 0.98, residual sd 3.9 %; fitted to 2019, tested on 2020-26: sd 4.1 %, level 2 % too low",
    ),
    Model(
        input="skew",
        formula="SKEW = median",
        coefficients={"median": 126.19},
        carry=0.978,
        logs=False,
        features=constant_feature,
        fitted_on="SKEW 2007-01-03 to 2026-07-22",
        error_text="sd 12.6 points; fitted to 2019, tested on 2020-26: sd 12.5 points, level 15 points too low",
    ),
)
"""Coefficients and errors: benchmarks/fit_stand_ins.py, natural logarithms, slow averages with a half-life of 42 sessions."""


def predict(model: Model, vix: Floats) -> Floats:
    """Model values of every session, (sessions,) in the input's own points, before any residual is carried."""
    value = model.features(np.asarray(vix, dtype=np.float64)) @ np.array(list(model.coefficients.values()))
    return np.asarray(np.exp(value) if model.logs else value)


def fill(model: Model, known: Floats, vix: Floats) -> tuple[Floats, Bools, int]:
    """Fill the NaN sessions of ``known``: values, mask of those supplied, and how many follow a known value.

    After a known value the model starts from that value's residual, which fades by ``carry`` a session: causal, and the error of
    a gap of one or two sessions is a third of the model's own. Before the first known value the model stands alone. A session
    whose VIX is missing stays NaN.
    """
    level = predict(model, vix)
    gaps = np.flatnonzero(~np.isfinite(known))
    seen = np.maximum.accumulate(np.where(np.isfinite(known) & np.isfinite(level), np.arange(known.size), -1))
    last = seen[gaps]
    start = np.maximum(last, 0)
    fade = np.where(last >= 0, model.carry ** (gaps - start), 0.0)
    if model.logs:
        residual = np.where(last >= 0, np.log(np.where(last >= 0, known[start] / level[start], 1.0)), 0.0)
        value = level[gaps] * np.exp(fade * residual)
    else:
        residual = np.where(last >= 0, known[start] - level[start], 0.0)
        value = level[gaps] + fade * residual
    out = known.copy()
    out[gaps] = value
    supplied = np.zeros(known.size, dtype=np.bool_)
    supplied[gaps] = np.isfinite(value)
    return out, supplied, int((np.isfinite(value) & (last >= 0)).sum())


def fill_missing(history: History) -> tuple[History, tuple[StandIn, ...]]:
    """Supply VVIX, VIX3M and SKEW where they are missing; say for how many sessions.

    Returns the history with ``modelled`` masks set for what was supplied (joined with masks that were there), and one
    :class:`StandIn` per input that needed one. ``EWMA`` starts at the first VIX of the history: in its first half-life (42
    sessions) the slow average leans to that value.
    """
    changed: dict[str, Floats] = {}
    modelled = dict(history.modelled)
    used = []
    for model in MODELS:
        known: Floats = getattr(history, model.input)
        if np.isfinite(known).all():
            continue
        value, supplied, after_gap = fill(model, known, history.vix_close)
        if not supplied.any():
            continue
        changed[model.input] = value
        earlier = modelled.get(model.input)
        modelled[model.input] = supplied if earlier is None else supplied | earlier
        used.append(
            StandIn(
                input=model.input,
                formula=model.formula,
                coefficients=model.coefficients,
                fitted_on=model.fitted_on,
                error_text=model.error_text,
                sessions=int(supplied.sum()),
                after_gap=after_gap,
            )
        )
    if not used:
        return history, ()
    return replace(history, **changed, modelled=modelled), tuple(used)  # type: ignore[arg-type]  # named fields of one dict


__all__ = ["HALF_LIFE_SESSIONS", "MODELS", "Model", "StandIn", "fill", "fill_missing", "predict"]
