"""The VX curve without VX data: a regression of constant-maturity forwards on VIX and its slow average (methods.md 4.5)."""

from __future__ import annotations

import numpy as np

from alvh.market.forwards import CURVE_DAYS
from alvh.market.history import Floats

HALF_LIFE_SESSIONS = 42.0
"""Half-life of the slow average of VIX (methods.md 4.5)."""

COEFFICIENTS = (
    (0.2574, 0.5971, 0.3351),
    (0.4387, 0.4049, 0.4779),
    (0.6168, 0.3000, 0.5294),
    (0.7661, 0.2327, 0.5510),
)
"""(a, b, c) of ln F = a + b ln VIX + c ln EWMA at :data:`CURVE_DAYS`; benchmarks/fit_stand_ins.py on 2007-01-03 to 2026-01-07."""

FITTED_ON = "VX settlements 2007-01-03 to 2026-01-07"
ERROR_TEXT = "residual sd 4.1, 5.3, 5.9, 6.5 % at 30, 60, 90, 120 days; fitted to 2019, tested on 2020-26: 4.3, 5.5, 5.9, 6.2 %"

assert len(COEFFICIENTS) == len(CURVE_DAYS)


def ewma(values: Floats, *, half_life_sessions: float = HALF_LIFE_SESSIONS, seed: float | None = None) -> Floats:
    """Exponentially weighted mean, causal, of (sessions,) values in their own unit.

    The state starts at ``seed``, or at the first known value; a missing value leaves it as it was. NaN before the first.
    """
    weight = 1.0 - 0.5 ** (1.0 / half_life_sessions)
    out = np.full(len(values), np.nan)
    state = float("nan") if seed is None else seed
    for i, value in enumerate(np.asarray(values, dtype=np.float64).tolist()):
        if value == value:
            state = value if state != state else state + weight * (value - state)
        out[i] = state
    return out


def curve_points(vix: Floats, slow: Floats | None = None) -> Floats:
    """Modelled VX forwards, (sessions, 4) VIX points at :data:`CURVE_DAYS`; NaN where VIX is missing.

    ``vix`` and ``slow`` are (sessions,) VIX points; ``slow`` is the average of :func:`ewma`, computed from ``vix`` if not given.
    """
    vix = np.asarray(vix, dtype=np.float64)
    slow = ewma(vix) if slow is None else np.asarray(slow, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        inputs = np.stack([np.ones_like(vix), np.log(vix), np.log(slow)], axis=1)
    return np.asarray(np.exp(inputs @ np.array(COEFFICIENTS).T))
