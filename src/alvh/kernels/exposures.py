"""Greeks of many (leg, session) pairs in one call: what a book was exposed to at every close of its history.

``state``, ``series`` and ``coefficients`` are those of ``kernels/surface.py``. A pair whose ``right`` is 0 is a VX future.
"""

from __future__ import annotations

import math

from alvh.kernels._jit import kernel
from alvh.kernels.black import black_greeks_one
from alvh.kernels.surface import leg_forward, leg_time, leg_vol


@kernel
def greeks_pairs(state, series, coefficients, row, leg_series, strike, right, out):
    """Price, delta, gamma, vega, theta, forward, vol and year fraction of each pair into ``out`` (8, pairs), per unit.

    Unlike ``greeks_legs``, delta is the change of the *price* for one point of the forward, that is discounted; vega is for one
    vol point (0.01) and theta for one calendar day. A future has delta 1, no other Greek, and vol 0.
    """
    for j in range(leg_series.size):
        k = leg_series[j]
        i = row[j]
        time = leg_time(state, series, i, k)
        forward = leg_forward(state, series, i, k, time)
        out[5, j] = forward
        out[7, j] = time
        if right[j] == 0.0:
            out[0, j] = forward
            out[1, j] = 1.0
            out[2, j] = 0.0
            out[3, j] = 0.0
            out[4, j] = 0.0
            out[6, j] = 0.0
            continue
        vol, _ = leg_vol(state, series, coefficients, i, k, strike[j], forward, time)
        discount = math.exp(-state[2][i] * time)
        price, delta, gamma, vega, theta = black_greeks_one(forward, strike[j], time, discount, vol, right[j])
        out[0, j] = price
        out[1, j] = discount * delta
        out[2, j] = gamma
        out[3, j] = 0.01 * vega
        out[4, j] = theta / 365.0
        out[6, j] = vol
