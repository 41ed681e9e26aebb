"""The SPX smile as scalars: a hyperbola in vol with wings linear in total variance, as the study has it or free of arbitrage.

At-the-money vol times ``m`` of ``surfaces.md`` 2.1, inside [x_low, x_high]::

    m = 1 + d x + B (sqrt((x - mu)^2 + s^2) - sqrt(mu^2 + s^2)),     x = ln(K/F) / sqrt(theta)

Outside, v = m^2 goes on with value, slope and curvature of the edge, and the curvature fades as exp(-distance / fade), so that
total variance is asymptotically linear. The *study* has fade 0 (the curvature jumps, which makes a negative density there) and a
tilt d that depends on time. The *clean* form is twice differentiable and its tilt depends on at-the-money total variance alone,
so that the whole surface is a function of (k, theta) and rising theta cannot cross itself. Why each holds:
``docs/explanation/spx-surface.md``.

``shape`` holds all coefficients::

    0 mu, 1 s, 2 d0, 3 d1, 4 x_low, 5 x_high, 6 fade_low, 7 fade_high, 8 form (0 study, 1 clean),
    9 least and 10 most ln(theta / theta30), or of the study's ln(T / 30 days), 11 B of the mean shape
"""

from __future__ import annotations

import math

from alvh.kernels._jit import inline, kernel
from alvh.kernels._vector import vexp, vlog

STUDY, CLEAN = 0.0, 1.0
YEAR_DAYS = 365.0
TENOR_DAYS = (9.0, 30.0, 93.0, 184.0)
T9, T30, T93, T184 = (days / YEAR_DAYS for days in TENOR_DAYS)
LEAST_VARIANCE = 1e-6
"""Floor of m^2 in a wing, which no admissible coefficient reaches."""
LEAST_FADE, FARTHEST = 1e-12, 700.0
"""Stand for a fade of zero, and for the distance beyond which exp is zero: without branches the loops of a book stay quick."""


@inline
def total_variance(theta, row, years):
    """At-the-money total variance: constant vol below the first tenor, linear between, constant forward variance beyond."""
    if years <= T9:
        return theta[row, 0] * years / T9
    if years <= T30:
        return theta[row, 0] + (theta[row, 1] - theta[row, 0]) * (years - T9) / (T30 - T9)
    if years <= T93:
        return theta[row, 1] + (theta[row, 2] - theta[row, 1]) * (years - T30) / (T93 - T30)
    return theta[row, 2] + (theta[row, 3] - theta[row, 2]) * (years - T93) / (T184 - T93)


@inline
def tilt(years, theta, theta30, shape):
    """The coefficient d of one expiry; ``theta`` and ``theta30`` are at-the-money total variance there and at 30 days."""
    ratio = years / T30 if shape[8] == STUDY else theta / theta30
    return shape[2] + shape[3] * min(max(vlog(ratio), shape[9]), shape[10])


@inline
def smile(x, d, b, shape):
    """Vol divided by at-the-money vol at x = ln(K/F) / sqrt(theta)."""
    mu, s = shape[0], shape[1]
    edge = min(max(x, shape[4]), shape[5])
    square = (edge - mu) * (edge - mu) + s * s
    inverse = 1.0 / math.sqrt(square)
    m = 1.0 + d * edge + b * (square * inverse - math.sqrt(mu * mu + s * s))
    first = d + b * (edge - mu) * inverse
    second = 2.0 * (first * first + m * b * s * s * (inverse * inverse * inverse))
    away = x - edge
    fade = max(shape[7] if away > 0.0 else shape[6], LEAST_FADE)
    distance = abs(away) / fade
    bent = second * fade * fade * (distance - 1.0 + vexp(-min(distance, FARTHEST)))
    return math.sqrt(max(m * m + 2.0 * m * first * away + bent, LEAST_VARIANCE))


@kernel
def smile_into(x, d, b, shape, out):
    """``smile`` of every x (n,) at one tilt ``d`` and one ``b`` into ``out`` (n,)."""
    for j in range(x.size):
        out[j] = smile(x[j], d, b, shape)
