"""One call prices every leg in every scenario.

What legs of one expiry share is computed once a scenario; the smile and Black's formula are those of ``surface.py``. Arrays of
expiries have one row an expiry, in any order::

    time (e, n) years left · forward (e, n) · discount (e, n) · reference (e, n), the forward against which the smile is read
    shift (e, n) added to the vol · is_vix (e,) · theta (n, 4) · b · square (n,) · factor (n,) of at-the-money VIX vol

``coefficients`` is that of ``surface.py``; its long-run square and ``square`` are today's, ``factor`` scales the vol of both.
"""

from __future__ import annotations

import math

import numpy as np

from alvh.kernels._jit import kernel
from alvh.kernels.black import black_price_one
from alvh.kernels.smile import smile, tilt, total_variance
from alvh.kernels.surface import vix_atm, vix_smile

_MIN_TIME = 1e-9


@kernel
def price_scenarios(
    time,
    forward,
    discount,
    reference,
    shift,
    is_vix,
    theta,
    b,
    square,
    factor,
    coefficients,
    leg_expiry,
    strike,
    right,
    value,
    vol,
):
    """Value per unit and vol of every leg (m,) in every scenario (n,) into ``value`` and ``vol`` (m, n).

    ``leg_expiry`` (m,) is the expiry's row; ``right`` is +1.0, -1.0, or 0.0 for a future, whose value is its forward and whose
    vol is NaN. At zero time the value is what the forward, then the settlement, leaves.
    """
    expiries, scenarios = time.shape
    atm = np.empty((expiries, scenarios))
    root = np.empty((expiries, scenarios))
    slope = np.zeros((expiries, scenarios))
    for e in range(expiries):
        for i in range(scenarios):
            years = max(time[e, i], _MIN_TIME)
            if is_vix[e]:
                level = factor[i] * vix_atm(square[i], years, coefficients)
                atm[e, i] = level
                root[e, i] = level * math.sqrt(years)
            else:
                variance = total_variance(theta, i, years)
                deviation = math.sqrt(variance)
                atm[e, i] = deviation / math.sqrt(years)
                root[e, i] = deviation
                slope[e, i] = tilt(years, variance, theta[i, 1], coefficients)
    for j in range(leg_expiry.size):
        e = leg_expiry[j]
        if right[j] == 0.0:
            for i in range(scenarios):
                value[j, i] = forward[e, i]
                vol[j, i] = np.nan
            continue
        for i in range(scenarios):
            x = math.log(strike[j] / reference[e, i]) / root[e, i]
            if is_vix[e]:
                sigma = atm[e, i] * vix_smile(x, coefficients)
            else:
                sigma = max(atm[e, i] * smile(x, slope[e, i], b, coefficients) + shift[e, i], 0.0)
            vol[j, i] = sigma
            value[j, i] = black_price_one(forward[e, i], strike[j], time[e, i], discount[e, i], sigma, right[j])
