"""The SPX surface of every session from VIX9D, VIX, VIX3M, VIX6M and SKEW through Cboe's formulas, in one call.

A *strip* is the index formula over model prices of out-of-the-money options: strike grid and zero-bid cut of ``surfaces.md`` 1,
forward = spot, no rates. Steps as in ``surfaces.md`` 2.1: B that reprices SKEW by a bounded secant with the 30-day vol solved
again from VIX at each trial; B blended towards the mean shape; each tenor's vol by the fixed point vol * index / strip(vol).
"""

from __future__ import annotations

import math

import numpy as np

from alvh.kernels._jit import inline, kernel
from alvh.kernels._vector import is_finite
from alvh.kernels.black import black_price_one
from alvh.kernels.smile import T9, T30, T93, T184, smile, tilt, total_variance

RATIO9, RATIO30, RATIO93, RATIO184 = 1.153, 1.190, 1.274, 1.363
"""Start values: index over at-the-money vol at the mean shape (surfaces.md 2.1)."""

LEVEL_TOLERANCE, SKEW_TOLERANCE = 1e-6, 2e-3
"""Relative error of an index, and points of SKEW, at which a search stops."""
TRIAL_TOLERANCE = 1e-4
"""Of VIX while B is searched: SKEW moves by five points for a change of one in ln vol, so by .0005 for this."""
LEVEL_ACCEPTED, SKEW_ACCEPTED = 5e-3, 2.0
"""Beyond these a search that ends has failed. The walk's cut lets the strip jump as an option of a wide step comes or goes, so
that no vol may fit any better; half a per cent is 0.1 points at VIX 20."""
STUCK = 0.5
"""The fixed point gains more than a digit a step; a step that does not even halve the error has met such a jump."""
JUMP_WIDTH = 1e-4
"""Relative width of a bracket round a jump at which halving it ends."""
LEVEL_STEPS, SKEW_STEPS = 16, 16
STEP_LEAST, STEP_MOST = 0.6, 1.6
"""One secant step changes B by no more (surfaces.md 2.1)."""
FIRST_SLOPE = 0.0042
"""B per point of SKEW near the mean shape (surfaces.md 2.1: .26 -> .33 over 118 -> 142 is .0029; a longer step brackets)."""
NOT_CONVERGED, SKEW_NOT_REACHED, LIFTED = 1, 2, 4
"""Bits of the state that the kernel reports."""
MOST_STRIKES = 8192


@inline
def _steps(ratio):
    """Strike step in points by strike over spot, and the ratio up to which it holds (surfaces.md 1)."""
    if ratio < 0.50:
        return 100.0, 0.50
    if ratio < 0.65:
        return 50.0, 0.65
    if ratio < 0.80:
        return 25.0, 0.80
    if ratio < 0.88:
        return 10.0, 0.88
    if ratio < 1.08:
        return 5.0, 1.08
    if ratio < 1.18:
        return 10.0, 1.18
    if ratio < 1.35:
        return 25.0, 1.35
    return 100.0, 2.0 + 1e-6


@inline
def strike_grid(spot, strike, log_money):
    """Strikes above 0.1 and up to 2 times ``spot``, each a multiple of its step, and ln(K/F); returns (count, index of K0)."""
    count, middle = 0, 0
    low = 0.1
    while low < 2.0:
        step, high = _steps(low)
        k = math.floor(low * spot / step + 1e-9) + 1 if count == 0 else math.ceil(low * spot / step - 1e-9)
        while k * step < high * spot - 1e-9 * spot and count < strike.size:
            value = k * step
            if count == 0 or value > strike[count - 1]:
                strike[count] = value
                log_money[count] = math.log(value / spot)
                if value <= spot:
                    middle = count
                count += 1
            k += 1
        low = high
    return count, middle


@inline
def _moments(k, low, high, spot, strike, log_money, value, sums):
    """Add one option's part to the sums of P1, P2, P3 and of the variance."""
    weight = (high - low) / (strike[k] * strike[k]) * value
    ln = log_money[k]
    sums[0] += weight
    sums[1] += 2.0 * weight * (1.0 - ln)
    sums[2] += 3.0 * weight * (2.0 * ln - ln * ln)


@inline
def strip(spot, years, vol, d, b, cut, shape, strike, log_money, count, middle, sums):
    """(index in vol points, SKEW) of one expiry: at-the-money ``vol``, tilt ``d``, options below ``cut`` unquoted.

    An option below the cut is left out, two in a row end the walk of their side. Each option weighs half the distance between
    the two quoted ones beside it, the last of a side the distance to the one before.
    """
    deviation = vol * math.sqrt(years)
    ln = log_money[middle]
    value = black_price_one(spot, strike[middle], years, 1.0, vol * smile(ln / deviation, d, b, shape), -1.0)
    centre = value + 0.5 * (spot - strike[middle])  # the mean of put and call, by parity
    sums[0] = sums[1] = sums[2] = 0.0
    beside_low, beside_high = strike[middle], strike[middle]
    for side in range(2):
        right = -1.0 if side == 0 else 1.0
        direction = -1 if side == 0 else 1
        k = middle + direction
        last, inner = middle, strike[middle]  # the quoted option at hand, and the strike of the one before it
        held, below, first = centre, 0, True
        while 0 <= k < count:
            vol_k = vol * smile(log_money[k] / deviation, d, b, shape)
            price = black_price_one(spot, strike[k], years, 1.0, vol_k, right)
            if price < cut:
                below += 1
                if below == 2:
                    break
            else:
                below = 0
                if first:
                    first = False
                    if side == 0:
                        beside_low = strike[k]
                    else:
                        beside_high = strike[k]
                else:
                    outer = strike[k]
                    width = 0.5 * abs(outer - inner)
                    _moments(last, 0.0, width, spot, strike, log_money, held, sums)
                inner, last, held = strike[last], k, price
            k += direction
        if not first:
            _moments(last, 0.0, abs(strike[last] - inner), spot, strike, log_money, held, sums)
    width = 0.5 * (beside_high - beside_low)
    if beside_low == strike[middle] or beside_high == strike[middle]:
        width *= 2.0
    _moments(middle, 0.0, width, spot, strike, log_money, centre, sums)
    k0 = strike[middle]
    ratio = spot / k0
    log_ratio = math.log(ratio)
    variance = (2.0 * sums[0] - (ratio - 1.0) * (ratio - 1.0)) / years
    p1 = -sums[0] - (1.0 + log_ratio - ratio)
    p2 = sums[1] - 2.0 * log_ratio * (ratio - 1.0) + 0.5 * log_ratio * log_ratio
    p3 = sums[2] + 3.0 * log_ratio * log_ratio * (-log_ratio / 3.0 - 1.0 + ratio)
    spread = p2 - p1 * p1
    skew = 100.0
    if spread > 0.0:
        skew = 100.0 - 10.0 * (p3 - 3.0 * p1 * p2 + 2.0 * p1 * p1 * p1) / (spread * math.sqrt(spread))
    return 100.0 * math.sqrt(max(variance, 0.0)), skew


@inline
def _solve_level(spot, years, level, start, tolerance, theta30, b, cut, shape, strike, log_money, count, middle, sums):
    """(at-the-money vol that reprices ``level``, SKEW there, steps, relative error); ``theta30`` 0 where this is that one."""
    vol, skew, error = start, 100.0, 1e9
    trial, steps = start, 0
    low, high = 0.0, 0.0  # vols whose index lies below and above the level; 0 where none is known
    while steps < LEVEL_STEPS:
        theta = trial * trial * years
        d = tilt(years, theta, theta if theta30 == 0.0 else theta30, shape)
        found, found_skew = strip(spot, years, trial, d, b, cut, shape, strike, log_money, count, middle, sums)
        steps += 1
        ratio = min(max(level / max(found, 1e-3), 0.5), 2.0)
        now = abs(ratio - 1.0)
        stuck = now > STUCK * error
        if now < error:
            vol, skew, error = trial, found_skew, now
        if error < tolerance:
            break
        if found < level:
            low = max(low, trial)
        else:
            high = trial if high == 0.0 else min(high, trial)
        if not stuck:
            trial *= ratio
        elif 0.0 < low < high:
            if high - low < JUMP_WIDTH * high:
                break
            trial = 0.5 * (low + high)
        elif error < LEVEL_ACCEPTED:
            break
        else:
            trial *= ratio
    return vol, skew, steps, error


@kernel
def calibrate_into(
    spx, levels, has, skew, has_skew, blend, given_b, least_b, most_b, shape, vol, b, b_skew, skew30, state, strips
):
    """Calibrate each session; rows where ``has[:, 1]`` is False are left alone.

    ``spx`` (n,), ``levels`` (n, 4) in vol points, ``has`` (n, 4), ``skew`` (n,), ``has_skew`` (n,), ``given_b`` (n,) a B that
    replaces the search where it is finite. Results: ``vol`` (n, 4)
    at-the-money vols of the tenors that are present, ``b`` and ``b_skew`` (n,), ``skew30`` (n,) SKEW of the 30-day strip,
    ``state`` (n,) bits, ``strips`` (n,) number of strips taken.
    """
    strike, log_money, sums = np.empty(MOST_STRIKES), np.empty(MOST_STRIKES), np.empty(3)
    mean_b = shape[11]
    for row in range(spx.size):
        if not has[row, 1]:
            continue
        spot, vix = spx[row], levels[row, 1]
        count, middle = strike_grid(spot, strike, log_money)
        cut = 0.05 + 0.05 * max(1.0, vix / 20.0)
        at = mean_b
        vol30 = vix / 100.0 / RATIO30
        done = False
        if is_finite(given_b[row]):
            at = given_b[row]
        elif has_skew[row]:
            best, best_error, before, before_error = mean_b, 1e9, 0.0, 0.0
            for trial in range(SKEW_STEPS):
                vol30, found, steps, _ = _solve_level(
                    spot, T30, vix, vol30, TRIAL_TOLERANCE, 0.0, at, cut, shape, strike, log_money, count, middle, sums
                )
                strips[row] += steps
                error = found - skew[row]
                if abs(error) < abs(best_error):
                    best, best_error = at, error
                if abs(error) < SKEW_TOLERANCE:
                    done = True
                    break
                if (at >= most_b and error < 0.0) or (at <= least_b and error > 0.0):
                    state[row] |= SKEW_NOT_REACHED
                    done = True
                    break
                slope = FIRST_SLOPE
                if trial > 0 and error != before_error:
                    slope = (at - before) / (error - before_error)
                before, before_error = at, error
                step = at - abs(slope) * error  # SKEW rises with B; a jump of the cut may show the wrong sign
                at = min(max(min(max(step, STEP_LEAST * at), STEP_MOST * at), least_b), most_b)
            if not done and abs(best_error) > SKEW_ACCEPTED:
                state[row] |= NOT_CONVERGED
            b_skew[row] = best
            at = min(max(mean_b + blend[row] * (best - mean_b), least_b), most_b)
        b[row] = at
        vol30, found, steps, error = _solve_level(
            spot, T30, vix, vol30, LEVEL_TOLERANCE, 0.0, at, cut, shape, strike, log_money, count, middle, sums
        )
        strips[row] += steps
        if error > LEVEL_ACCEPTED:
            state[row] |= NOT_CONVERGED
        vol[row, 1] = vol30
        skew30[row] = found
        theta30 = vol30 * vol30 * T30
        for tenor in range(4):
            if tenor == 1 or not has[row, tenor]:
                continue
            years = T9 if tenor == 0 else (T93 if tenor == 2 else T184)
            ratio = RATIO9 if tenor == 0 else (RATIO93 if tenor == 2 else RATIO184)
            start = levels[row, tenor] / 100.0 / ratio * (vol30 * 100.0 / vix * RATIO30)
            solved, _, steps, error = _solve_level(
                spot,
                years,
                levels[row, tenor],
                start,
                LEVEL_TOLERANCE,
                theta30,
                at,
                cut,
                shape,
                strike,
                log_money,
                count,
                middle,
                sums,
            )
            strips[row] += steps
            vol[row, tenor] = solved
            if error > LEVEL_ACCEPTED:
                state[row] |= NOT_CONVERGED


@kernel
def reprice_into(spx, vix, theta, b, shape, row_of, years, index, skew):
    """Index level and SKEW of the strip of each pair (session ``row_of`` (p,), ``years`` (p,)) into ``index``, ``skew`` (p,).

    Pairs of one session are best kept together: the strike grid is made once for a run of them.
    """
    strike, log_money, sums = np.empty(MOST_STRIKES), np.empty(MOST_STRIKES), np.empty(3)
    before, count, middle = -1, 0, 0
    for pair in range(row_of.size):
        row = row_of[pair]
        if row != before:
            count, middle = strike_grid(spx[row], strike, log_money)
            before = row
        cut = 0.05 + 0.05 * max(1.0, vix[row] / 20.0)
        variance = total_variance(theta, row, years[pair])
        d = tilt(years[pair], variance, theta[row, 1], shape)
        index[pair], skew[pair] = strip(
            spx[row], years[pair], math.sqrt(variance / years[pair]), d, b[row], cut, shape,
            strike, log_money, count, middle, sums,
        )  # fmt: skip


@kernel
def vols_into(theta, b, shape, row_of, years, log_money, out):
    """Implied vol of each (session ``row_of``, ``years``, ``log_money`` = ln(K/F)), all (p,), into ``out`` (p,)."""
    for pair in range(row_of.size):
        row = row_of[pair]
        variance = total_variance(theta, row, years[pair])
        d = tilt(years[pair], variance, theta[row, 1], shape)
        root = math.sqrt(variance)
        out[pair] = root / math.sqrt(years[pair]) * smile(log_money[pair] / root, d, b[row], shape)


@kernel
def tilts_into(theta, shape, row_of, years, out):
    """The smile's d of each (session ``row_of``, ``years``), all (p,), into ``out`` (p,)."""
    for pair in range(row_of.size):
        row = row_of[pair]
        out[pair] = tilt(years[pair], total_variance(theta, row, years[pair]), theta[row, 1], shape)
