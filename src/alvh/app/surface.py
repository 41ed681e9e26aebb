"""One session's fitted SPX surface as a document: inputs, knots, smiles by delta, repricing errors, arbitrage checks, states."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from alvh.app.session_row import history_row
from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.data.load import load_history
from alvh.market.history import Floats
from alvh.models.index_expiries import INDICES
from alvh.models.price_case import CENTRAL
from alvh.models.spx_calibration import NO_LEVEL, STATES, Calibration, calibrate
from alvh.models.spx_reprice import reprice
from alvh.models.spx_surface import MEAN_B, TENOR_DAYS
from alvh.models.stand_ins import fill_missing

SCHEMA: Final = "alvh.surface/1"
SMILE_DAYS: Final = (9, 30, 45, 93, 184)
DELTAS: Final = (0.05, 0.10, 0.16, 0.20, 0.25)
LABELS: Final = (
    *(f"P{round(100 * delta)}" for delta in DELTAS),
    "ATM",
    *(f"C{round(100 * delta)}" for delta in reversed(DELTAS)),
)
CHECK_DAYS: Final = np.array([*range(1, 30), *range(30, 184, 7), 184, 270, 365], dtype=np.float64)
CHECK_X: Final = np.linspace(-12.0, 12.0, 481)
INPUTS: Final = ("spx_close", "vix9d", "vix_close", "vix3m", "vix6m", "skew")
COEFFICIENTS: Final = (
    "mu", "s", "d0", "d1", "x_low", "x_high", "fade_low", "fade_high", "form", "least_ln_theta_ratio", "most_ln_theta_ratio",
    "mean_b",
)  # fmt: skip
DELTA_STEPS: Final = 60
"""k = v^2/2 - d1 v(k) contracts by about half a step: sixty leave nothing that a double could show."""


def surface_document(source: str | Path, *, as_of: date | None = None) -> dict[str, Any]:
    """The document of the session ``as_of`` (None: the last one); raises :class:`DataMissing` where there is no such session."""
    history, _ = fill_missing(load_history(source).history)
    row = history_row(history, as_of)
    rows = slice(row, row + 1)
    levels = np.column_stack([history.vix9d, history.vix_close, history.vix3m, history.vix6m])[rows]
    sessions, spx, skew = history.sessions[rows], history.spx_close[rows], history.skew[rows]
    made = calibrate(spx, levels, skew, blend=CENTRAL.spx_blend, sessions=sessions)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "session": iso(int(sessions[0])),
        "source": history.source,
        "inputs": {name: _number(float(getattr(history, name)[row])) for name in INPUTS},
        "modelled": sorted(name for name, mask in history.modelled.items() if mask[row] and name in INPUTS),
        "coefficients": dict(zip(COEFFICIENTS, made.shape.tolist(), strict=True)) | {"blend": CENTRAL.spx_blend},
        "states": [name for bit, name in STATES.items() if made.state[0] & bit],
    }
    if made.state[0] & NO_LEVEL:
        raise DataMissing(
            f"no index level of {document['session']} is usable: {document['inputs']}",
            where=history.source,
            allowed="VIX9D, VIX, VIX3M or VIX6M between 3 and 250 points",
            todo="run 'alvh data check' on the folder, or name another session",
        )
    carry = float(history.bill_rate[row] - history.dividend_yield[row])
    repriced = reprice(made, sessions, spx, np.ascontiguousarray(np.where(np.isnan(levels[:, 1]), 20.0, levels[:, 1])))
    return document | {
        "surface": {
            "b": float(made.b[0]),
            "b_of_skew": _number(float(made.b_skew[0])),
            "b_mean": MEAN_B,
            "skew_30d": float(made.skew30[0]),
            "knots": [
                {
                    "days": int(days),
                    "total_variance": float(made.theta[0, k]),
                    "atm_vol_pct": 100.0 * float(np.sqrt(made.theta[0, k] * 365.0 / days)),
                    "tilt": float(made.tilt(np.zeros(1, dtype=np.int64), np.array([days / 365.0]))[0]),
                }
                for k, days in enumerate(TENOR_DAYS.tolist())
            ],
        },
        "smiles": [_smile(made, days, float(spx[0]), carry) for days in SMILE_DAYS],
        "repricing": [
            {
                "index": name,
                "published": _number(float(np.append(levels[0], skew)[k])),
                "listed": _number(float(repriced.listed[0, k])),
                "listed_error": _number(float(repriced.listed[0, k] - np.append(levels[0], skew)[k])),
                "expiries": [iso(int(day)) for day in repriced.expiry[0, k]],
                "constant_maturity": _number(float(repriced.constant[0, k])),
                "constant_maturity_error": _number(float(repriced.constant[0, k] - np.append(levels[0], skew)[k])),
            }
            for k, name in enumerate(INDICES)
        ],
        "arbitrage": _arbitrage(made),
    }


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _smile(made: Calibration, days: int, spx: float, carry: float) -> dict[str, Any]:
    """Strikes and vols at the put and call deltas of one term, on the forward by carry."""
    inverse = NormalDist().inv_cdf
    d1 = np.array([*(-inverse(delta) for delta in DELTAS), *(inverse(delta) for delta in reversed(DELTAS))])
    years = np.full(len(d1), days / 365.0)
    k, rows = np.zeros(len(d1)), np.zeros(len(d1), dtype=np.int64)
    for _ in range(DELTA_STEPS):
        deviation = made.vols(rows, years, k) * np.sqrt(years)
        k = 0.5 * k + 0.5 * (0.5 * deviation * deviation - d1 * deviation)
    money: Floats = np.concatenate([k[: len(DELTAS)], [0.0], k[len(DELTAS) :]])
    vols = made.vols(np.zeros(len(money), dtype=np.int64), np.full(len(money), days / 365.0), money)
    forward = spx * float(np.exp(carry * days / 365.0))
    at = float(vols[len(DELTAS)]) * float(np.sqrt(days / 365.0))
    points = [
        {"at": label, "strike": forward * float(np.exp(m)), "x": float(m) / at, "vol_pct": 100.0 * float(vol)}
        for label, m, vol in zip(LABELS, money, vols, strict=True)
    ]
    return {"days": days, "forward": forward, "atm_vol_pct": 100.0 * at / float(np.sqrt(days / 365.0)), "points": points}


def _arbitrage(made: Calibration) -> dict[str, Any]:
    butterfly, calendar = made.arbitrage(CHECK_DAYS, CHECK_X)
    return {
        "least_g": float(butterfly[0, 0]),
        "least_g_at": {"days": 365.0 * float(butterfly[0, 1]), "x": float(butterfly[0, 2])},
        "least_calendar_growth": float(calendar[0, 0]),
        "least_calendar_growth_at": {"days": 365.0 * float(calendar[0, 1]), "x": float(calendar[0, 2])},
        "free": bool(butterfly[0, 0] >= 0.0 and calendar[0, 0] >= 0.0),
        "grid": f"{len(CHECK_X)} x in [-12, 12], {len(CHECK_DAYS)} terms of 1 to 365 days",
    }
