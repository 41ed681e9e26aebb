"""The VIX smile, anchored to VVIX (surfaces.md 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VVIX_TO_ATM30 = 109.0
"""At-the-money vol of a 30-day VIX option is VVIX / 109 (five chains 2019-2023, leave-one-date-out error 21 % of premium)."""
KAPPA = 4.0
SLOPE, CURVATURE = 0.30, -0.015
X_LOW, X_HIGH = -1.2, 10.0
"""The upper clip is the parabola's vertex; a clip below it makes a negative density (surfaces.md 3)."""


def atm30(vvix: NDArray[np.float64]) -> NDArray[np.float64]:
    """At-the-money vol at 30 days from VVIX in vol points."""
    return vvix / VVIX_TO_ATM30
