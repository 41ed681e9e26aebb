"""Butterfly and calendar arbitrage of a surface, looked for on a dense grid."""

from __future__ import annotations

import math

from alvh.kernels._jit import inline, kernel
from alvh.kernels._vector import is_finite
from alvh.kernels.smile import smile, tilt, total_variance

STEP = 1e-3
"""Of x in the differences: their rounding error is about 1e-9 of g, their own error 1e-7."""


@inline
def durrleman(x, d, b, theta, shape):
    """g of total variance theta * m(x)^2: the density is negative where it is below zero (Durrleman 2005; Gatheral 2006).

    In terms of m: (1 - x m'/m)^2 + m m'' - theta (m m')^2 / 4.
    """
    m = smile(x, d, b, shape)
    below, above = smile(x - STEP, d, b, shape), smile(x + STEP, d, b, shape)
    first = (above - below) / (2.0 * STEP)
    second = (above - 2.0 * m + below) / (STEP * STEP)
    inner = 1.0 - x * first / m
    return inner * inner + m * second - 0.25 * theta * (m * first) * (m * first)


@kernel
def arbitrage_into(theta, b, shape, years, x, butterfly, calendar):
    """Least Durrleman g, and least relative growth of total variance to the next time, of each session.

    ``theta`` (n, 4), ``b`` (n,), ``years`` (t,) ascending, ``x`` (m,). Each pair of neighbouring times is compared at the
    same ln(K/F), taken as ``x`` deviations of the earlier. Rows whose ``b`` is NaN are left alone.
    Results ``butterfly``, ``calendar`` (n, 3): value, years, x.
    """
    for row in range(b.size):
        if not is_finite(b[row]):
            continue
        butterfly[row, 0] = calendar[row, 0] = 1e9
        theta30 = theta[row, 1]
        for i in range(years.size):
            here = total_variance(theta, row, years[i])
            d = tilt(years[i], here, theta30, shape)
            root = math.sqrt(here)
            last = i + 1 == years.size
            later = here if last else total_variance(theta, row, years[i + 1])
            d_later = d if last else tilt(years[i + 1], later, theta30, shape)
            squeeze = root / math.sqrt(later)
            for j in range(x.size):
                g = durrleman(x[j], d, b[row], here, shape)
                if g < butterfly[row, 0]:
                    butterfly[row, 0], butterfly[row, 1], butterfly[row, 2] = g, years[i], x[j]
                if last:
                    continue
                now = smile(x[j], d, b[row], shape)
                then = smile(x[j] * squeeze, d_later, b[row], shape)
                growth = later * then * then / (here * now * now) - 1.0
                if growth < calendar[row, 0]:
                    calendar[row, 0], calendar[row, 1], calendar[row, 2] = growth, years[i], x[j]
