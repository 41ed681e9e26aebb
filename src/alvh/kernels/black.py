"""Black (1976) prices and Greeks of European options on a forward: scalars, raw kernels over arrays, and public functions.

Definitions and formulas: ``docs/reference/kernels.md``. Every option is priced through the out-of-the-money option of its strike
plus intrinsic value, so that put-call parity holds to rounding, no price falls below intrinsic value, and zero time or zero vol
gives intrinsic value exactly. Source: Black (1976), "The pricing of commodity contracts", J. Financial Economics 3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from alvh.kernels._arrays import Floats, aligned, drive, result
from alvh.kernels._jit import inline, kernel, strict
from alvh.kernels._vector import erfcx_pair, value_if, vexp, vlog, vlog_ratio

_NAMES = ("forward", "strike", "year_fraction", "discount", "vol", "right")

INV_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)
# Stands in for a total deviation of zero: its cube is still a normal double, and no price can tell it from zero.
TINY_DEVIATION = 1e-90
# exp stays normal down to -708; beyond -690 a price is below 1e-299 of the forward, that is zero.
LOWEST_EXPONENT = -690.0


@strict
def in_domain(forward, strike, year_fraction, discount, vol, right):
    """Whether all are finite, forward, strike and discount > 0, time and vol >= 0 and right is +1 or -1."""
    total = forward + strike + year_fraction + discount + vol
    positive = min(min(forward, strike), discount) > 0.0
    return (total - total == 0.0) & positive & (min(year_fraction, vol) >= 0.0) & (abs(right) == 1.0)


@inline
def _terms(forward, strike, deviation):
    """What price and Greeks share, for total deviation vol * sqrt(T).

    Returns the undiscounted time value, ``F n(d1)`` without its 1/sqrt(2 pi), and the scaled complementary errors of the near
    and far argument with whether the near one is in the tail.
    """
    s = max(deviation, TINY_DEVIATION)
    inverse, near, near_x, far_x = erfcx_pair(abs(vlog_ratio(forward, strike)), s)
    low = min(forward, strike)
    # low * n(near) = high * n(far) (the Black identity), so one exponential serves both arguments.
    scaled = low * vexp(max(-near * near, LOWEST_EXPONENT))
    tail = near >= 0.0
    value = 0.5 * scaled * ((near_x if tail else -near_x) - far_x) + (0.0 if tail else low)
    return max(value, 0.0), scaled, near_x, far_x, tail, inverse


@inline
def black_price_one(forward, strike, year_fraction, discount, vol, right):
    """Price of one option; ``right`` +1.0 call, -1.0 put. NaN outside the domain of :func:`black_price`."""
    value, _, _, _, _, _ = _terms(forward, strike, vol * np.sqrt(year_fraction))
    price = discount * (max(right * (forward - strike), 0.0) + value)
    return value_if(in_domain(forward, strike, year_fraction, discount, vol, right), price)


@inline
def black_greeks_one(forward, strike, year_fraction, discount, vol, right):
    """(price, delta, gamma, vega, theta) of one option, as :func:`black_greeks` defines them."""
    root = np.sqrt(year_fraction)
    deviation = vol * root
    value, scaled, near_x, far_x, tail, inverse_deviation = _terms(forward, strike, deviation)
    price = discount * (max(right * (forward - strike), 0.0) + value)
    time = year_fraction if year_fraction > 0.0 else 1.0
    inverse = 1.0 / forward
    # The smaller of N(d1) and N(-d1). Below the strike d1 is the near argument, above it the far one, mirrored.
    below = forward < strike
    smaller = 0.5 * scaled * inverse * (near_x if below else far_x)
    is_delta = (below & tail) == (right > 0.0)
    delta = right * (smaller if is_delta else 1.0 - smaller)
    alive = deviation > 0.0
    density = discount * scaled * INV_SQRT_TWO_PI
    density = density if alive else 0.0
    gamma = density * inverse * inverse * inverse_deviation
    vega = density * root
    theta = -(vlog(discount) * price + 0.5 * vega * vol) / time
    theta = theta if year_fraction > 0.0 else 0.0
    ok = in_domain(forward, strike, year_fraction, discount, vol, right)
    return value_if(ok, price), value_if(ok, delta), value_if(ok, gamma), value_if(ok, vega), value_if(ok, theta)


@kernel
def black_price_into(forward, strike, year_fraction, discount, vol, right, out):
    """Prices into ``out``; all arguments contiguous float64 of one length (not checked)."""
    for i in range(out.size):
        out[i] = black_price_one(forward[i], strike[i], year_fraction[i], discount[i], vol[i], right[i])


@kernel
def black_greeks_into(forward, strike, year_fraction, discount, vol, right, price, delta, gamma, vega, theta):
    """Price and four Greeks into the last five arguments; all contiguous float64 of one length (not checked)."""
    for i in range(price.size):
        price[i], delta[i], gamma[i], vega[i], theta[i] = black_greeks_one(
            forward[i], strike[i], year_fraction[i], discount[i], vol[i], right[i]
        )


def black_price(
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    discount: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    out: Floats | None = None,
    *,
    threads: int | None = None,
) -> Floats:
    """Prices of European options on a forward, discounted, in the forward's unit.

    Arguments broadcast; the result has their common shape (shape () for scalars). ``vol`` and ``year_fraction`` are per year,
    ``discount`` is the bill that pays 1 at expiry, ``right`` is +1 for a call and -1 for a put. Zero time or vol gives
    discounted intrinsic value. NaN where an argument is NaN, infinite or outside its domain (forward, strike, discount > 0;
    year_fraction, vol >= 0; right +1 or -1). Raises ValueError for shapes that do not broadcast and for an ``out`` that does
    not fit. The same bits come out for any number of ``threads``. Error below 1e-14 of the forward.
    """
    shape, inputs = aligned(_NAMES, (forward, strike, year_fraction, discount, vol, right))
    price = result(shape, out, inputs)
    drive(black_price_into, inputs, [price.reshape(-1)], threads)
    return price


def black_greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    discount: ArrayLike,
    vol: ArrayLike,
    right: ArrayLike,
    out: Floats | None = None,
    *,
    threads: int | None = None,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """(price, delta, gamma, vega, theta); arguments, shapes, NaN and errors as for :func:`black_price`.

    ``out``, where given, has the shape (5, ...) of the five results, which are then its rows.

    ``delta`` is the undiscounted forward delta right N(right d1); ``gamma`` the discounted second derivative to the forward;
    ``vega`` per 1.00 of vol (divide by 100 for a vol point); ``theta`` per year of calendar time at a fixed forward and rate,
    the rate being -ln(discount) / T (divide by 365 for a day). At zero time or vol gamma and vega are 0 and delta is 0, 1/2 at
    the money, or 1 (with the sign of ``right``); theta is 0 at zero time, and the interest on the price at zero vol.
    """
    shape, inputs = aligned(_NAMES, (forward, strike, year_fraction, discount, vol, right))
    rows = result((5, *shape), out, inputs)
    drive(black_greeks_into, inputs, list(rows.reshape(5, -1)), threads)
    price, delta, gamma, vega, theta = (rows[i : i + 1].reshape(shape) for i in range(5))  # views, also for scalars
    return price, delta, gamma, vega, theta
