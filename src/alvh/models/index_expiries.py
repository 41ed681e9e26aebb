"""The two listed expiries that each index of a session is computed from."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.core.expiries import spx_expiries
from alvh.market.index_formulas import FIRST_MONTHLY_DAYS, friday_type, standard_monthly
from alvh.models.spx_surface import TENOR_DAYS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INDICES: Final = ("VIX9D", "VIX", "VIX3M", "VIX6M", "SKEW")
TERMS_DAYS: Final = (*TENOR_DAYS.tolist(), 30.0)
FRIDAYS: Final = (True, True, False, False, False)
"""VIX9D and VIX use Friday expiries, the rest third-Friday monthlies (surfaces.md 1)."""
AM_DAYS: Final = 6.5 / 24.0
"""An AM series settles at the opening, 6.5 hours before the close from which days are counted (surfaces.md 1)."""


def used_expiries(sessions: DayArray) -> tuple[Ints, Floats]:
    """The two listed expiries of each index and their time in days, (n, 5, 2): those around the term; of SKEW the first two.

    Where none is listed on one side of the term the two nearest stand, and the term is extrapolated. NaN days (and expiry 0)
    where fewer than two are listed.
    """
    expiry, days = np.zeros((len(sessions), 5, 2), dtype=np.int64), np.full((len(sessions), 5, 2), np.nan)
    if not len(sessions):
        return expiry, days
    table = spx_expiries(int(sessions.min()), int(sessions.max()))
    kinds = (friday_type(table.expiry, table.am), standard_monthly("SPX", table.expiry, table.am))
    for fridays, kind in zip((True, False), kinds, strict=True):
        rows = np.flatnonzero(kind)
        ahead = int(np.max(table.expiry[rows] - table.listed_from[rows]))
        first = np.searchsorted(table.expiry[rows], sessions + 1)
        width = int(np.max(np.searchsorted(table.expiry[rows], sessions + ahead + 1) - first))
        place = first[:, None] + np.arange(width)
        row = rows[np.minimum(place, len(rows) - 1)]
        day = sessions[:, None]
        listed = (place < len(rows)) & (table.listed_from[row] <= day) & (table.last_trade[row] >= day)
        listed &= table.settlement_session[row] > day
        order = np.argsort(~listed, axis=1, kind="stable")  # what is listed first, by expiry
        row, count = np.take_along_axis(row, order, axis=1), listed.sum(axis=1)
        left = table.expiry[row] - day - np.where(table.am[row], AM_DAYS, 0.0)
        known = np.arange(width) < count[:, None]
        for index in (k for k in range(5) if FRIDAYS[k] == fridays):
            if INDICES[index] == "SKEW":
                near = (known & (table.expiry[row] - day < FIRST_MONTHLY_DAYS)).sum(axis=1)
            else:
                near = (known & (left <= TERMS_DAYS[index])).sum(axis=1) - 1
            near = np.clip(near, 0, np.maximum(count - 2, 0))
            pair = near[:, None] + np.arange(2)
            enough = count >= 2
            expiry[enough, index] = np.take_along_axis(table.expiry[row], pair, axis=1)[enough]
            days[enough, index] = np.take_along_axis(left, pair, axis=1)[enough]
    return expiry, days


def term_weights(days: Floats) -> Floats:
    """Weight of the first of two expiries in total variance at the term, (n, m); ``days`` (n, m, 2) of the first m indices."""
    term = np.array(TERMS_DAYS[: days.shape[1]])
    return np.asarray((days[:, :, 1] - term) / (days[:, :, 1] - days[:, :, 0]))
