"""Strike grids as parameters: SPX by the ratio of strike to forward, VIX by strike level and era."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import to_day
from alvh.core.errors import UsageError

Floats = NDArray[np.float64]

SPX_STEPS: tuple[tuple[float, float], ...] = (
    (0.50, 100.0),
    (0.65, 50.0),
    (0.80, 25.0),
    (0.88, 10.0),
    (1.08, 5.0),
    (1.18, 10.0),
    (1.35, 25.0),
    (2.00, 100.0),
)
"""(up to this strike / forward, step in points); real steps differ by expiry, this one is the grid of the smile study."""
SPX_LOWEST = 0.1
"""The grid begins at a tenth of the forward and ends at twice it (same study)."""

VIX_2019 = ((30.0, 1.0), (50.0, 2.5), (80.0, 5.0))
"""(up to this strike, step): chains of 2019-08-29 and 2019-12-20; the last step goes on."""
VIX_2023 = ((40.0, 1.0), (50.0, 2.5), (100.0, 5.0), (200.0, 10.0))
"""Chain of 2023-02-15."""
VIX_2026 = ((25.0, 0.5), *VIX_2023)
"""Chains of 2026: half points to 25, else as in 2023."""
VIX_HALF_POINTS_TO_2019 = 15.0
VIX_HALF_POINT_DAYS = 62
"""In 2019 half points exist to 15 in near expiries: up to 61 days off on 2019-12-20 and 48 on 2019-08-29, at 83 days no more."""
VIX_LOWEST = 10.0
"""Lowest strike of every expiry in the chains of 2019 and 2023; lower once a forward falls below (see :func:`vix_strikes`)."""
VIX_HIGHEST_TO_FORWARD = 3.0
"""The last step goes on to three times the forward at least."""
VIX_ERAS: tuple[tuple[int, tuple[tuple[float, float], ...]], ...] = (
    (to_day(date(2021, 1, 1)), VIX_2019),
    (to_day(date(2026, 1, 1)), VIX_2023),
)
"""(first day of the next era, steps): 2019's until 2021, 2023's until 2025, 2026's since; the days are parameters."""


def spx_strikes(forward: float) -> Floats:
    """Ascending SPX strikes from 0.1 to 2 times ``forward``; every strike is a multiple of its step (read-only array)."""
    _check(forward)
    return _spx(float(forward))


def vix_strikes(day: int, dte: int, forward: float) -> Floats:
    """Ascending VIX strikes listed on ``day`` for an expiry ``dte`` calendar days away (read-only array).

    They run from 10, or from 0.8 times the forward where that is lower, to the era's usual last strike and at least to three
    times the forward, in the era's last step.
    """
    _check(forward)
    steps = next((steps for until, steps in VIX_ERAS if day < until), VIX_2026)
    half_points = steps is VIX_2019 and dte <= VIX_HALF_POINT_DAYS
    lowest = min(VIX_LOWEST, float(max(floor(0.8 * forward), 1)))
    last_step = steps[-1][1]
    last_usual = 80.0 if steps is VIX_2019 else 100.0
    highest = max(last_usual, ceil(VIX_HIGHEST_TO_FORWARD * forward / last_step) * last_step)
    return _vix(steps, half_points, lowest, highest)


def _check(forward: float) -> None:
    if not 0.0 < forward < np.inf:
        raise UsageError(f"a forward of {forward} has no strikes", allowed="a positive number", todo="check the forward's source")


@lru_cache(maxsize=4096)
def _spx(forward: float) -> Floats:
    parts, low = [], SPX_LOWEST - 1e-9
    for high, step in SPX_STEPS:
        parts.append(np.arange(floor(low * forward / step) + 1, floor(high * forward / step) + 1) * step)
        low = high
    strikes = np.concatenate(parts)
    strikes.flags.writeable = False
    return strikes


@lru_cache(maxsize=512)
def _vix(steps: tuple[tuple[float, float], ...], half_points: bool, lowest: float, highest: float) -> Floats:
    bands = [*steps[:-1], (highest, steps[-1][1])]
    if half_points:
        bands.insert(0, (VIX_HALF_POINTS_TO_2019, 0.5))
    parts, low = [np.array([lowest])], lowest
    for high, step in bands:
        if high > low:
            parts.append(low + step * np.arange(1.0, np.floor((high - low) / step + 1e-9) + 1.0))
            low = high
    strikes = np.concatenate(parts)
    strikes.flags.writeable = False
    return strikes
