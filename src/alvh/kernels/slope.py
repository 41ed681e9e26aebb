"""Slopes of least squares in every moving window, with their Newey-West errors."""

from __future__ import annotations

import math

from alvh.kernels._jit import kernel


@kernel
def slopes_into(x, y, window, lags, slope, error):
    """Slope of ``y`` on ``x`` (with a constant) in the last ``window`` items, and its error with ``lags`` Bartlett lags.

    ``x``, ``y``, ``slope``, ``error`` are (n,), finite; the first ``window - 1`` results are left as they are. A window in which
    x does not vary gives 0 and 0. Source: Newey and West (1987), Econometrica 55.
    """
    for end in range(window - 1, x.size):
        start = end - window + 1
        mean_x, mean_y = 0.0, 0.0
        for i in range(start, end + 1):
            mean_x += x[i]
            mean_y += y[i]
        mean_x /= window
        mean_y /= window
        square, product = 0.0, 0.0
        for i in range(start, end + 1):
            square += (x[i] - mean_x) * (x[i] - mean_x)
            product += (x[i] - mean_x) * (y[i] - mean_y)
        if square <= 0.0:
            slope[end] = 0.0
            error[end] = 0.0
            continue
        beta = product / square
        total = 0.0
        for lag in range(lags + 1):
            part = 0.0
            for i in range(start + lag, end + 1):
                here = (x[i] - mean_x) * (y[i] - mean_y - beta * (x[i] - mean_x))
                j = i - lag
                there = (x[j] - mean_x) * (y[j] - mean_y - beta * (x[j] - mean_x))
                part += here * there
            total += part if lag == 0 else 2.0 * (1.0 - lag / (lags + 1.0)) * part
        slope[end] = beta
        error[end] = math.sqrt(max(total, 0.0)) / square
