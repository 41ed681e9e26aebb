"""Smiles and whole-book pricing: one call prices every leg of a book, or every strike of an expiry, at one session.

Arrays describe the market (one row per session) and the legs (one row per leg). ``state`` is the tuple made by
``models.model_market.ModelMarket`` in this order::

    days (n,) int64 · spx (n,) · rate (n,) · dividend_yield (n,) · theta (n, 4) · b (n,) · vix_square (n,) · vix_forward (n, v)

and ``series`` the tuple of per-expiry arrays: expiry (s,) int64 · early (s,) float64 days taken off an expiry that settles on
the opening · column (s,) int64, the column of ``vix_forward``, or -1 for an SPX expiry · scale (s,) of the index in
the series' points (0.1 for XSP).

The SPX smile is that of ``kernels/smile.py``, the VIX smile that of ``surfaces.md`` 3 (see ``docs/explanation/model-prices.md``);
their coefficients arrive in ``coefficients`` so that nothing is fixed here: the twelve of the SPX smile's shape, then::

    12 kappa, 13 vix_b, 14 vix_c, 15 vix_x_low, 16 vix_x_high, 17 reversion, 18 long-run square

``vix_square`` is today's squared vol of vol of the VIX, a year, which returns to its long-run value at the rate ``reversion``.
"""

from __future__ import annotations

import math

from alvh.kernels._jit import inline, kernel
from alvh.kernels._vector import vlog_ratio
from alvh.kernels.black import black_greeks_one, black_price_one
from alvh.kernels.smile import YEAR_DAYS, smile, tilt, total_variance

_MIN_TIME = 1e-9


@inline
def vix_smile(x, coefficients):
    """Vol divided by at-the-money vol of a VIX option; flat outside the clip, whose upper end is the parabola's vertex."""
    inner = min(max(x, coefficients[15]), coefficients[16])
    return 1.0 + coefficients[13] * inner + coefficients[14] * inner * inner


@inline
def vix_atm(square, year_fraction, coefficients):
    """At-the-money vol of a VIX option: the future's vol decays towards it at kappa, the square of that vol returns to its mean.

    atm^2 T is the integral of the future's squared vol; the reversion must differ from twice kappa (models/vix_smile.py).
    """
    fast, slow = 2.0 * coefficients[12], coefficients[17]
    time = max(year_fraction, _MIN_TIME)
    gone = math.exp(-fast * time)
    today = (math.exp(-slow * time) - gone) / (fast - slow)
    return math.sqrt((coefficients[18] * ((1.0 - gone) / fast - today) + square * today) / time)


@inline
def leg_time(state, series, row, k):
    """Year fraction from the close of session ``row`` to the settlement of series ``k``, never below zero."""
    return max(series[0][k] - state[0][row] - series[1][k], 0.0) / YEAR_DAYS


@inline
def leg_forward(state, series, row, k, year_fraction):
    """Forward of series ``k`` at session ``row``: SPX by carry, VIX by the forward of its own expiry."""
    column = series[2][k]
    if column < 0:
        return series[3][k] * state[1][row] * math.exp((state[2][row] - state[3][row]) * year_fraction)
    return state[7][row, column]


@inline
def leg_vol(state, series, coefficients, row, k, strike, forward, year_fraction):
    """Implied vol of one leg, and the at-the-money vol of its expiry."""
    time = max(year_fraction, _MIN_TIME)
    if series[2][k] < 0:
        variance = total_variance(state[4], row, time)
        root = math.sqrt(variance)
        atm = root / math.sqrt(time)
        d = tilt(time, variance, state[4][row, 1], coefficients)
        return atm * smile(math.log(strike / forward) / root, d, state[5][row], coefficients), atm
    atm = vix_atm(state[6][row], time, coefficients)
    return atm * vix_smile(math.log(strike / forward) / (atm * math.sqrt(time)), coefficients), atm


@kernel
def mark_legs(state, series, coefficients, row, leg_series, strike, right, out):
    """Unrounded model value per unit of every leg at the close of session ``row`` into ``out`` (legs,)."""
    for j in range(leg_series.size):
        k = leg_series[j]
        time = leg_time(state, series, row, k)
        forward = leg_forward(state, series, row, k, time)
        vol, _ = leg_vol(state, series, coefficients, row, k, strike[j], forward, time)
        out[j] = black_price_one(forward, strike[j], time, math.exp(-state[2][row] * time), vol, right[j])


@kernel
def greeks_legs(state, series, coefficients, row, leg_series, strike, right, out):
    """Price, forward delta, gamma, vega (per 1.00 vol), theta (a year), forward, vol, year fraction into ``out`` (8, legs)."""
    for j in range(leg_series.size):
        k = leg_series[j]
        time = leg_time(state, series, row, k)
        forward = leg_forward(state, series, row, k, time)
        vol, _ = leg_vol(state, series, coefficients, row, k, strike[j], forward, time)
        price, delta, gamma, vega, theta = black_greeks_one(
            forward, strike[j], time, math.exp(-state[2][row] * time), vol, right[j]
        )
        out[0, j] = price
        out[1, j] = delta
        out[2, j] = gamma
        out[3, j] = vega
        out[4, j] = theta
        out[5, j] = forward
        out[6, j] = vol
        out[7, j] = time


@kernel
def slice_delta(state, series, coefficients, row, k, strikes, right, out):
    """Absolute forward delta of every strike of series ``k`` into ``out`` (strikes,); returns the forward."""
    time = leg_time(state, series, row, k)
    forward = leg_forward(state, series, row, k, time)
    time = max(time, _MIN_TIME)
    is_spx = series[2][k] < 0
    variance = total_variance(state[4], row, time)
    atm = math.sqrt(variance / time) if is_spx else vix_atm(state[6][row], time, coefficients)
    deviation = atm * math.sqrt(time)
    d, b = tilt(time, variance, state[4][row, 1], coefficients), state[5][row]
    for j in range(strikes.size):
        x = vlog_ratio(strikes[j], forward) / deviation
        root = deviation * (smile(x, d, b, coefficients) if is_spx else vix_smile(x, coefficients))
        out[j] = 0.5 * math.erfc(-right * (0.5 * root - x * deviation / root) * 0.7071067811865476)
    return forward


@kernel
def explain_pairs(state, series, coefficients, row0, row1, leg_series, strike, right, settles, settle, out):
    """Revalue each held leg between two sessions in the stated order, with the second-order Greek explanation.

    Where ``settles`` (pairs,) the leg settles between the two at ``settle`` (pairs,). ``out`` (7, pairs), per unit:
    0 value before, 1 time, 2 forward, 3 vol level, 4 smile and rate (rest), 5 value after, 6 sum of the Greek terms.
    Steps 1-4 sum to ``out[5] - out[0]`` by construction (each is a difference of consecutive values).
    """
    for j in range(leg_series.size):
        i0 = row0[j]
        i1 = row1[j]
        k = leg_series[j]
        t0 = leg_time(state, series, i0, k)
        f0 = leg_forward(state, series, i0, k, t0)
        disc0 = math.exp(-state[2][i0] * t0)
        v0, _ = leg_vol(state, series, coefficients, i0, k, strike[j], f0, t0)
        price0, delta, gamma, vega, theta = black_greeks_one(f0, strike[j], t0, disc0, v0, right[j])
        out[0, j] = price0
        if settles[j]:
            after_time = max(right[j] * (f0 - strike[j]), 0.0)
            after = max(right[j] * (settle[j] - strike[j]), 0.0)
            change = settle[j] - f0
            out[1, j] = after_time - price0
            out[2, j] = after - after_time
            out[3, j] = 0.0
            out[4, j] = 0.0
            out[5, j] = after
            out[6, j] = disc0 * delta * change + 0.5 * gamma * change * change + theta * t0
            continue
        t1 = leg_time(state, series, i1, k)
        f1 = leg_forward(state, series, i1, k, t1)
        v1, atm1 = leg_vol(state, series, coefficients, i1, k, strike[j], f1, t1)
        vt, atm0 = leg_vol(state, series, coefficients, i0, k, strike[j], f0, t1)
        disc_t = math.exp(-state[2][i0] * t1)
        p_time = black_price_one(f0, strike[j], t1, disc_t, vt, right[j])
        p_forward = black_price_one(f1, strike[j], t1, disc_t, vt, right[j])
        p_level = black_price_one(f1, strike[j], t1, disc_t, vt * atm1 / atm0, right[j])
        price1 = black_price_one(f1, strike[j], t1, math.exp(-state[2][i1] * t1), v1, right[j])
        out[1, j] = p_time - price0
        out[2, j] = p_forward - p_time
        out[3, j] = p_level - p_forward
        out[4, j] = price1 - p_level
        out[5, j] = price1
        df = f1 - f0
        dv = v1 - v0
        root = v0 * math.sqrt(max(t0, _MIN_TIME))
        d1 = math.log(f0 / strike[j]) / root + 0.5 * root
        d2 = d1 - root
        vanna = -vega * d2 / (f0 * root)
        volga = vega * d1 * d2 / v0
        out[6, j] = (
            disc0 * delta * df + 0.5 * gamma * df * df + vega * dv + theta * (t0 - t1) + vanna * df * dv + 0.5 * volga * dv * dv
        )
