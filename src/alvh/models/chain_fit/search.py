"""The search behind every fit: least squares from one or several starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from alvh.market.history import Floats

ENOUGH = 1e-7
"""Relative change of cost or variables at which a search stops: a vol's error is a hundred thousand times that."""
MOST_STEPS = 100
"""A search that still moves then is reported as not converged."""


def least_squares(
    residuals: Callable[[Floats], Floats], starts: Sequence[Floats], bounds: tuple[Floats, Floats] | None = None
) -> tuple[Floats, bool]:
    """The variables of the least sum of squares over all starts, and whether the search that found them came to rest."""
    from scipy.optimize import least_squares as search  # slow to load, so only where it is used

    limits = (-np.inf, np.inf) if bounds is None else bounds
    found = [
        search(residuals, start, bounds=limits, method="trf", x_scale="jac", max_nfev=MOST_STEPS, ftol=ENOUGH, xtol=ENOUGH)
        for start in starts
    ]
    best = min(found, key=lambda one: float(one.cost))
    return np.asarray(best.x, dtype=np.float64), bool(best.success)
