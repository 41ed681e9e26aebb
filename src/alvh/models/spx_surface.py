"""The SPX smile's coefficients, and the at-the-money level between and beyond the tenors of the index family.

The form is that of ``kernels/smile.py``; why these coefficients: ``docs/explanation/spx-surface.md``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alvh.kernels.smile import CLEAN, STUDY

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TENOR_DAYS = np.array([9.0, 30.0, 93.0, 184.0])
TENOR_YEARS = TENOR_DAYS / 365.0
INDEX_TO_ATM = np.array([1.153, 1.190, 1.274, 1.363])
"""VIX9D, VIX, VIX3M, VIX6M divided by the at-the-money vol of their tenor at the study's mean shape (surfaces.md 2.1)."""
MIN_FORWARD_VARIANCE = 0.05**2
"""A forward variance below (5 %)^2 is lifted to it, and the session counted (methods.md 4.2)."""

STUDY_MEAN_B, MEAN_B = 0.293, 0.312
"""B of the mean shape, without SKEW: as printed in surfaces.md 2.1 for the study's wings; for ours, fitted to real chains."""
STUDY_SHAPE = np.array([1.15, 0.46, 0.030, -0.030, -8.0, 5.0, 0.0, 0.0, STUDY, -99.0, 99.0, STUDY_MEAN_B])
"""surfaces.md 2.1 as printed: d depends on time, total variance goes on linearly in x outside [-8, 5]."""
CLEAN_SHAPE = np.array([1.15, 0.46, 0.030, -0.030, -6.0, 1.5, 3.0, 0.3, CLEAN, -1.2, 0.8, MEAN_B])
"""The shipped smile, free of butterfly and calendar arbitrage on every session (``benchmarks/calibration_errors.py``).

mu, s, d0 and d1 are the study's. The wings begin where Durrleman's g still has room for total variance to go linear, and as late
as that allows. The tilt is held outside 9 to 67 days of constant vol: ln(9/30) and ln(67/30), the terms of the chains it was
fitted to. B is the one coefficient fitted again, on eleven regimes, each left out in turn: .311 to .323.
"""
CLEAN_B_RANGE = (0.10, 0.39)
STUDY_B_RANGE = (0.25 * STUDY_MEAN_B, 4.0 * STUDY_MEAN_B)
"""Where the search for B keeps: the range in which the clean smile is free of arbitrage; the study's (surfaces.md 2.1)."""


def filled_knots(theta: Floats) -> tuple[Floats, Bools]:
    """Total variance at all four tenors, and the sessions in which a forward variance had to be lifted.

    ``theta`` (sessions, 4) at-the-money total variance, NaN where a tenor is absent; the second column is required. Dropped
    tenors are filled by the interpolation rule itself (constant vol before the first tenor, total variance linear between,
    constant forward variance beyond the last), so that a fixed set of knots stands for any set of inputs.
    """
    t9, t30, t93, t184 = TENOR_YEARS
    theta = np.array(theta, dtype=np.float64)
    least = MIN_FORWARD_VARIANCE * np.diff(TENOR_YEARS)
    lifted = np.zeros(len(theta), dtype=np.bool_)

    def lift(column: int) -> None:
        low = theta[:, column] < theta[:, column - 1] + least[column - 1]
        lifted[low] = True
        theta[low, column] = theta[low, column - 1] + least[column - 1]

    # From the shortest on: what is filled in rests on knots that are lifted already.
    has9, has93, has184 = (~np.isnan(theta[:, column]) for column in (0, 2, 3))
    theta[:, 0] = np.where(has9, theta[:, 0], theta[:, 1] * t9 / t30)
    lift(1)
    between = theta[:, 1] + (theta[:, 3] - theta[:, 1]) * (t93 - t30) / (t184 - t30)
    onward = theta[:, 1] + (theta[:, 1] - theta[:, 0]) * (t93 - t30) / (t30 - t9)
    theta[:, 2] = np.where(has93, theta[:, 2], np.where(has184, between, onward))
    lift(2)
    onward = theta[:, 2] + (theta[:, 2] - theta[:, 1]) * (t184 - t93) / (t93 - t30)
    theta[:, 3] = np.where(has184, theta[:, 3], onward)
    lift(3)
    return np.ascontiguousarray(theta), lifted


def total_variance_knots(levels: Floats) -> tuple[Floats, Bools]:
    """Knots of ``levels`` (sessions, 4) in vol points by the fixed ratios: the named fallback, and where a search starts."""
    return filled_knots((levels / 100.0 / INDEX_TO_ATM) ** 2 * TENOR_YEARS)
