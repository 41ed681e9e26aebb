"""A fitted surface put back through the index formula with the listed expiries of each session, as the exchange computes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.models.index_expiries import INDICES, TERMS_DAYS, Floats, Ints, term_weights, used_expiries
from alvh.models.spx_calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """Index levels of a fitted surface, (n, 5) VIX9D, VIX, VIX3M, VIX6M, SKEW in their own points; NaN where nothing is fitted.

    ``listed`` with the two listed expiries of each session, ``constant`` at the very term. ``expiry`` and ``days`` (n, 5, 2) are
    the expiries used and the time to each in days.
    """

    listed: Floats
    constant: Floats
    expiry: Ints
    days: Floats


def reprice(calibration: Calibration, sessions: DayArray, spx: Floats, vix: Floats) -> Repriced:
    """Put every fitted session through the formula. ``spx`` and ``vix`` (n,) are its close and VIX, which sets the walk's cut."""
    count = len(sessions)
    expiry, days = used_expiries(sessions)
    fitted: NDArray[np.bool_] = np.isfinite(calibration.b) & np.isfinite(vix)
    terms = np.broadcast_to(np.array(TERMS_DAYS)[None, :, None], (count, 5, 1))
    times = np.concatenate([days, terms], axis=2)
    wanted = np.flatnonzero((fitted[:, None, None] & np.isfinite(times)).ravel())
    row = np.ascontiguousarray(wanted // 15)
    found, skews = calibration.reprice(spx, np.where(fitted, vix, 20.0), row, times.ravel()[wanted] / 365.0)
    levels, skew = np.full((count, 5, 3), np.nan), np.full((count, 5, 3), np.nan)
    levels.ravel()[wanted], skew.ravel()[wanted] = found, skews
    low = term_weights(days)
    total = low * levels[:, :, 0] ** 2 * days[:, :, 0] + (1.0 - low) * levels[:, :, 1] ** 2 * days[:, :, 1]
    with np.errstate(invalid="ignore"):
        listed = np.sqrt(total / terms[:, :, 0])
    listed[:, 4] = low[:, 4] * skew[:, 4, 0] + (1.0 - low[:, 4]) * skew[:, 4, 1]
    constant = levels[:, :, 2].copy()
    constant[:, 4] = skew[:, 4, 2]
    return Repriced(listed=listed, constant=constant, expiry=expiry, days=days)


__all__ = ["INDICES", "Repriced", "reprice"]
