"""Implied vol of European options on a forward, solved on the out-of-the-money side in the logarithm of the price.

Method. The price becomes the time value b of the strike's out-of-the-money option, divided by discount * sqrt(F K). The start
is the vol that Bachelier's model would imply, found by a rational function of one variable and carried over to Black's model by
a series; then third-order Householder steps on ln b, whose relative error goes with the fourth power. Lanes move in lockstep, a
block at a time, until the slowest has converged; a lane that has converged stands still, so that its result does not depend on
its neighbours. In logarithms nothing underflows, so deep wings are as easy as the money.

Sources: Jäckel (2015), "Let's be rational", Wilmott, for the normalised price and the Householder step on the log price; Hagan,
Kumar, Lesniewski and Woodward (2002), "Managing smile risk", appendix A, for the series between normal and lognormal vol.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from alvh.kernels._arrays import Floats, aligned, drive, result
from alvh.kernels._jit import inline, kernel, strict
from alvh.kernels._vector import SQRT_HALF, erfcx_pair, value_if, vexp, vlog, vlog_ratio

SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
BLOCK = 128  # lanes a block: its work and argument arrays (11 kB) stay in the first-level cache
MAX_STEPS = 24
# A relative step below this leaves an error of its fourth power, that is below rounding.
CONVERGED = 1e-4
LOWEST_TIME_VALUE = 1e-290  # below this a double nears the end of its normal range and the logarithm would lose digits
LARGEST_SQUARE = 600.0  # keeps exp in range in lanes that do not use it
NEAR_MONEY = 1e-9  # |F - K| is taken as at least this share of the time value in the starting value only

# Bachelier: with c = time value / |F - K| = n(h)/h - N(-h) and q = ln(1 + SCALE/c), h^2 / q^2 = P(q) / Q(q). Fitted by
# `fit_bachelier` in tests/reference/fit_coefficients.py over h from 1e-7 to 38; relative error of h 2.3e-5.
SCALE = 0.9750063996899181
P_0, P_1, P_2, P_3 = 1.67419164e-01, 2.61778920e-02, 4.92046948e-03, 3.08510010e-05
Q_1, Q_2, Q_3, Q_4 = 1.81945670e-01, 3.30684372e-02, 2.64317752e-03, 1.54470213e-05

# An idle lane (no vol exists) solves this harmless problem: at the money, deviation 1/2, b = 2 N(1/4) - 1.
IDLE_DEVIATION = 0.5
IDLE_LOG_VALUE = math.log(math.erf(0.25 * SQRT_HALF))


@strict
def _solvable(value, forward, strike, year_fraction, discount, right):
    """Whether the inputs are in their domain and the undiscounted time value lies strictly between its bounds."""
    low = min(forward, strike)
    total = value + forward + strike + year_fraction + discount
    inside = (value > LOWEST_TIME_VALUE) & (value < low) & (low > 0.0)
    return (total - total == 0.0) & inside & (year_fraction > 0.0) & (discount > 0.0) & (abs(right) == 1.0)


@inline
def _start(value, forward, strike, log_money):
    """Starting total deviation, and ln b of the out-of-the-money time value."""
    root = np.sqrt(forward * strike)
    distance = max(abs(forward - strike), NEAR_MONEY * value)
    q = vlog_ratio(value + SCALE * distance, value)
    p = ((P_3 * q + P_2) * q + P_1) * q + P_0
    d = (((Q_4 * q + Q_3) * q + Q_2) * q + Q_1) * q + 1.0
    x2 = log_money * log_money
    stretch = ((x2 * (1.0 / 322560.0) + 1.0 / 1920.0) * x2 + 1.0 / 24.0) * x2 + 1.0  # 2 sinh(x/2) / x
    y = distance * np.sqrt(d / p) / (root * q * stretch)
    # Normal to lognormal: s = y (1 + s^2/24 (1 - x^2/120) + s^4/5760), two rounds; y itself is capped where the series fails.
    y = min(y, 3.0)
    c = max(1.0 - x2 * (1.0 / 120.0), 0.0) * (1.0 / 24.0)
    s2 = y * y
    s = y * (1.0 + s2 * (c + s2 * (1.0 / 5760.0)))
    s2 = s * s
    return y * (1.0 + s2 * (c + s2 * (1.0 / 5760.0))), vlog_ratio(value, root)


@inline
def _step(x, log_value, s):
    """One Householder step of order three for ln b(-x, s) = log_value with x = |ln F/K|; returns the change of s and 1/s."""
    inverse, near, near_x, far_x = erfcx_pair(x, s)
    h = x * inverse
    t = 0.5 * s
    mirrored = 2.0 * vexp(min(near * near, LARGEST_SQUARE)) - near_x
    near_x = near_x if near >= 0.0 else mirrored
    gap = 0.5 * (near_x - far_x)
    error = vlog(gap) - 0.5 * (h * h + t * t) - log_value
    # With b' = n(h) n(t) sqrt(2 pi): g = (ln b)', b''/b' and b'''/b' follow by differentiating the exponent.
    inverse_slope = SQRT_TWO_PI * gap
    slope = 1.0 / inverse_slope
    pull = h * h * inverse
    second = pull - 0.25 * s
    third = second * second - 3.0 * pull * inverse - 0.25
    ratio2 = second - slope
    ratio3 = third - 3.0 * slope * second + 2.0 * slope * slope
    newton = -error * inverse_slope
    change = newton * (1.0 + 0.5 * ratio2 * newton) / (1.0 + newton * (ratio2 + ratio3 * newton * (1.0 / 6.0)))
    return min(max(change, -0.5 * s), s), inverse


# The loops below run over whole arrays and not over `low + i`: an index that numba cannot see to be non-negative keeps the branch
# for Python's negative indices, and the loop stays scalar.
@inline
def _prepare(price, forward, strike, year_fraction, discount, right, x, log_value, s, moved, out):
    """Fill the work arrays of one block; ``out`` becomes 1 where a vol exists, else NaN."""
    for i in range(out.size):
        value = price[i] / discount[i] - max(right[i] * (forward[i] - strike[i]), 0.0)
        ok = _solvable(value, forward[i], strike[i], year_fraction[i], discount[i], right[i])
        money = abs(vlog_ratio(forward[i], strike[i]))
        start, target = _start(value, forward[i], strike[i], money)
        moved[i] = 1.0
        x[i] = money if ok else 0.0
        log_value[i] = target if ok else IDLE_LOG_VALUE
        s[i] = start if ok else IDLE_DEVIATION
        out[i] = value_if(ok, 1.0)


@inline
def _sweep(x, log_value, s, moved):
    """One step in every lane; returns the largest relative change."""
    for i in range(s.size):
        change, inverse = _step(x[i], log_value[i], s[i])
        change = change if moved[i] >= CONVERGED else 0.0
        s[i] = s[i] + change
        moved[i] = abs(change) * inverse
    largest = 0.0
    for i in range(moved.size):
        largest = max(largest, moved[i])
    return largest


@inline
def _finish(s, year_fraction, out):
    """Total deviation to vol."""
    for i in range(out.size):
        out[i] = out[i] * s[i] / np.sqrt(year_fraction[i])


@kernel
def implied_vol_into(price, forward, strike, year_fraction, discount, right, out):
    """Implied vols into ``out``; all arguments contiguous float64 of one length (not checked)."""
    work = np.empty((4, BLOCK))
    for low in range(0, out.size, BLOCK):
        high = min(low + BLOCK, out.size)
        x = work[0, : high - low]
        log_value = work[1, : high - low]
        s = work[2, : high - low]
        moved = work[3, : high - low]
        time = year_fraction[low:high]
        part = out[low:high]
        f, k, d, w = forward[low:high], strike[low:high], discount[low:high], right[low:high]
        _prepare(price[low:high], f, k, time, d, w, x, log_value, s, moved, part)
        for _ in range(MAX_STEPS):
            if _sweep(x, log_value, s, moved) < CONVERGED:
                break
        _finish(s, time, part)


def implied_vol(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    discount: ArrayLike,
    right: ArrayLike,
    out: Floats | None = None,
    *,
    threads: int | None = None,
) -> Floats:
    """The vol at which :func:`alvh.kernels.black.black_price` gives ``price``; arguments, shapes and errors as there.

    NaN where no such vol exists: the time value price/discount - intrinsic is not above zero (1e-290 in numbers) or not below
    min(forward, strike), the year fraction is zero, or an argument is outside its domain. Relative error below 1e-12 for
    out-of-the-money prices of a total deviation s = vol * sqrt(T) from 0.002 on, below that about 1.4e-15/s; an in-the-money
    price carries its time value only to rounding of the whole price, and no solver can give back what is not in it.
    """
    names = ("price", "forward", "strike", "year_fraction", "discount", "right")
    shape, inputs = aligned(names, (price, forward, strike, year_fraction, discount, right))
    vol = result(shape, out, inputs)
    drive(implied_vol_into, inputs, [vol.reshape(-1)], threads)
    return vol
