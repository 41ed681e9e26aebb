"""The SPX smile at its mean shape: level from the index family, shape fixed (surfaces.md 2.1).

At-the-money vol of each tenor is the index divided by a fixed ratio; total variance is linear in time between tenors, constant
vol before the first and constant forward variance beyond the last. A missing index drops its tenor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TENOR_DAYS = np.array([9.0, 30.0, 93.0, 184.0])
INDEX_TO_ATM = np.array([1.153, 1.190, 1.274, 1.363])
"""VIX9D, VIX, VIX3M, VIX6M divided by the at-the-money vol of their tenor at the mean shape (surfaces.md 2.1)."""
MU, S, D0, D1, B = 1.15, 0.46, 0.030, -0.030, 0.293
"""m(x) = 1 + d x + B (sqrt((x - mu)^2 + s^2) - sqrt(mu^2 + s^2)), d(T) = 0.030 - 0.030 ln(T / 30 days)."""
X_LOW, X_HIGH = -8.0, 5.0
MIN_FORWARD_VARIANCE = 0.05**2
"""A forward variance below (5 %)^2 is lifted to it, and the session counted (methods.md 4.2)."""


def total_variance_knots(levels: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """At-the-money total variance at the four tenors, and the sessions whose forward variance had to be lifted.

    ``levels`` (sessions, 4): VIX9D, VIX, VIX3M, VIX6M in vol points, NaN where absent; the second column is required.
    Dropped tenors are filled by the interpolation rule itself, so that a fixed set of knots stands for any set of inputs.
    """
    years = TENOR_DAYS / 365.0
    t9, t30, t93, t184 = years
    theta = (levels / 100.0 / INDEX_TO_ATM) ** 2 * years
    least = MIN_FORWARD_VARIANCE * np.diff(years)
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
