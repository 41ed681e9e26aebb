"""The strike that has a given forward delta at a given vol: Black's delta turned round, and the normal quantile it needs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from alvh.kernels._arrays import Floats, aligned, drive, result
from alvh.kernels._jit import inline, kernel, strict
from alvh.kernels._vector import SQRT_HALF, value_if, verfcx, vexp, vlog

SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)
SMALLEST_PROBABILITY = 1e-300  # the logarithm below it would meet subnormal doubles
LARGEST_LOG_STRIKE = 700.0  # of strike / forward; beyond it exp overflows


@strict
def _in_domain(forward, year_fraction, vol, delta, right):
    total = forward + year_fraction + vol
    size = abs(delta)
    signed = (delta > 0.0) | (right < 0.0)
    inside = (size >= SMALLEST_PROBABILITY) & (size < 1.0) & signed & (abs(right) == 1.0)
    return (total - total == 0.0) & (forward > 0.0) & (min(year_fraction, vol) >= 0.0) & inside


@inline
def _halley(x, log_probability):
    """One step towards ln N(-x) = log_probability, for x >= 0 or just below."""
    scaled = verfcx(x * SQRT_HALF)
    hazard = SQRT_TWO_OVER_PI / scaled  # n(x) / N(-x)
    newton = (vlog(0.5 * scaled) - 0.5 * x * x - log_probability) / hazard
    return x + newton / (1.0 + 0.5 * newton * (hazard - x))


@inline
def vquantile(p):
    """Standard normal quantile for 1e-300 <= p < 1, error below 1e-15 relative (absolute near one half).

    Start: Abramowitz and Stegun 26.2.23 (error 4.5e-4); two Halley steps on the logarithm of the tail bring it to rounding.
    """
    small = min(p, 1.0 - p)
    log_small = vlog(max(small, SMALLEST_PROBABILITY))
    t = np.sqrt(-2.0 * log_small)
    x = t - ((0.010328 * t + 0.802853) * t + 2.515517) / (((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0)
    x = _halley(_halley(x, log_small), log_small)
    return -x if p < 0.5 else x


@inline
def strike_for_delta_one(forward, year_fraction, vol, delta, right):
    """Strike of one option; as :func:`strike_for_delta`."""
    deviation = vol * np.sqrt(year_fraction)
    exponent = deviation * (0.5 * deviation - right * vquantile(abs(delta)))
    strike = forward * vexp(min(max(exponent, -LARGEST_LOG_STRIKE), LARGEST_LOG_STRIKE))
    return value_if(_in_domain(forward, year_fraction, vol, delta, right) & (abs(exponent) <= LARGEST_LOG_STRIKE), strike)


@kernel
def strike_for_delta_into(forward, year_fraction, vol, delta, right, out):
    """Strikes into ``out``; all arguments contiguous float64 of one length (not checked)."""
    for i in range(out.size):
        out[i] = strike_for_delta_one(forward[i], year_fraction[i], vol[i], delta[i], right[i])


def strike_for_delta(
    forward: ArrayLike,
    year_fraction: ArrayLike,
    vol: ArrayLike,
    delta: ArrayLike,
    right: ArrayLike,
    out: Floats | None = None,
    *,
    threads: int | None = None,
) -> Floats:
    """The strike whose undiscounted forward delta is ``delta`` at one flat ``vol``: F exp(s^2/2 - right s N^-1(|delta|)).

    ``delta`` may be given by its size (0.16 for a 16-delta put) or, for a put, with its sign. Arguments broadcast. NaN where
    |delta| is not between 0 and 1, a call's delta is negative, or another argument is outside the domain of
    :func:`alvh.kernels.black.black_price`. Zero time or vol gives the forward. Raises ValueError as ``black_price`` does.
    """
    shape, inputs = aligned(("forward", "year_fraction", "vol", "delta", "right"), (forward, year_fraction, vol, delta, right))
    strike = result(shape, out, inputs)
    drive(strike_for_delta_into, inputs, [strike.reshape(-1)], threads)
    return strike
