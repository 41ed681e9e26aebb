"""The variance strip of one expiry: the walk over out-of-the-money quotes and the sums of Cboe's VIX and SKEW formulas.

Arrays run over the strikes of one expiry, ascending; ``quote`` is the out-of-the-money price at each (put below the strike
``at``, call above, the mean of both at it), ``bid`` what decides whether it is quoted. ``status`` says what became of a strike:
:data:`USED`, :data:`ZERO_BID` (dropped), :data:`BEYOND` (past two consecutive zero bids), or what the caller put there before
(:data:`REJECTED` and above: dropped, and no part of the count of zero bids).
"""

from __future__ import annotations

import math

from alvh.kernels._jit import inline, kernel
from alvh.kernels._vector import is_finite

USED, ZERO_BID, BEYOND, REJECTED = 0, 1, 2, 3
ZERO_BIDS_TO_STOP = 2
"""Consecutive zero bids that end the walk (Cboe, Volatility Index Methodology, step 1)."""

SUMS = 8
"""Length of ``out``: variance, P1, P2, P3, SKEW of this expiry, strikes used, lowest and highest strike used."""


@inline
def _walk(bid, least, status, start, stop, step):
    """Mark the strikes from ``start`` outwards."""
    zeros = 0
    i = start
    while i != stop:
        if status[i] < REJECTED:
            if zeros >= ZERO_BIDS_TO_STOP:
                status[i] = BEYOND
            elif is_finite(bid[i]) and bid[i] >= least:
                status[i] = USED
                zeros = 0
            else:
                status[i] = ZERO_BID
                zeros += 1
        i += step


@inline
def _term(strike, quote, growth, forward, before, here, after):
    """What one strike adds to the integral, P2 and P3; the width is half its neighbours' distance, one-sided at an end."""
    width = strike[after] - strike[before]
    if before != here and after != here:
        width *= 0.5
    k = strike[here]
    weight = growth * quote[here] * width / (k * k)
    x = math.log(k / forward)
    return weight, 2.0 * weight * (1.0 - x), 3.0 * weight * x * (2.0 - x)


@inline
def moment_skew(p1, p2, p3):
    """SKEW of one expiry: 100 less ten times the standardised third moment of the log return, from its raw moments."""
    spread = p2 - p1 * p1
    return 100.0 - 10.0 * (p3 - 3.0 * p1 * p2 + 2.0 * p1 * p1 * p1) / (spread * math.sqrt(spread))


@kernel
def strip_into(strike, quote, bid, least, at, forward, growth, years, status, out):
    """One strip: walk, then sum, into ``status`` (strikes,) int8 and ``out`` (:data:`SUMS`,).

    ``at`` is the index of K0, always used; ``least`` the lowest bid that counts as one; ``growth`` is e^{RT}. The formulas are
    those of methods.md 4.1 and 4.3. With fewer than two strikes used everything is NaN.
    """
    status[at] = USED
    _walk(bid, least, status, at - 1, -1, -1)
    _walk(bid, least, status, at + 1, strike.size, 1)
    count, first, before, here = 0, 0, 0, 0
    integral, p2, p3 = 0.0, 0.0, 0.0
    for i in range(strike.size):
        if status[i] != USED:
            continue
        if count == 0:
            first = before = i
        else:
            a, b, c = _term(strike, quote, growth, forward, before, here, i)
            integral += a
            p2 += b
            p3 += c
            before = here
        here = i
        count += 1
    if count < 2:
        for j in range(out.size):
            out[j] = math.nan
        return
    a, b, c = _term(strike, quote, growth, forward, before, here, here)
    integral += a
    p2 += b
    p3 += c
    u = math.log(strike[at] / forward)
    ratio = forward / strike[at]
    p1 = -integral - (1.0 - u - ratio)
    p2 += 2.0 * u * (ratio - 1.0) + 0.5 * u * u
    p3 += 3.0 * u * u * (u / 3.0 - 1.0 + ratio)
    out[0] = (2.0 * integral - (ratio - 1.0) * (ratio - 1.0)) / years
    out[1] = p1
    out[2] = p2
    out[3] = p3
    out[4] = moment_skew(p1, p2, p3)
    out[5] = count
    out[6] = strike[first]
    out[7] = strike[here]
