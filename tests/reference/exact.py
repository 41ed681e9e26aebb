"""Prices and implied vols in 40-digit arithmetic, the judge of the kernels' accuracy. Needs mpmath."""

from __future__ import annotations

from typing import Any

import mpmath as mp

DIGITS = 40


def _cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def price(forward: float, strike: float, year_fraction: float, discount: float, vol: Any, right: float) -> Any:
    """Black (1976) of exactly these doubles."""
    with mp.workdps(DIGITS):
        f, k, w = mp.mpf(forward), mp.mpf(strike), int(right)
        s = mp.mpf(vol) * mp.sqrt(mp.mpf(year_fraction))
        d1 = mp.log(f / k) / s + s / 2
        # Far in the wings the two terms agree to many digits: more of them are carried.
        with mp.extradps(DIGITS):
            return mp.mpf(discount) * w * (f * _cdf(w * d1) - k * _cdf(w * (d1 - s)))


def implied_vol(
    value: float, forward: float, strike: float, year_fraction: float, discount: float, right: float, near: float
) -> Any:
    """The vol whose exact price is ``value``, by Newton on the log price from ``near`` (which must be close)."""
    with mp.workdps(DIGITS):
        target, vol = mp.log(mp.mpf(value)), mp.mpf(near)
        root = mp.sqrt(mp.mpf(year_fraction))
        for _ in range(8):
            now = price(forward, strike, year_fraction, discount, vol, right)
            d1 = mp.log(mp.mpf(forward) / mp.mpf(strike)) / (vol * root) + vol * root / 2
            vega = mp.mpf(discount) * mp.mpf(forward) * mp.exp(-d1 * d1 / 2) / mp.sqrt(2 * mp.pi) * root
            change = (target - mp.log(now)) * now / vega
            vol += change
            if abs(change) < vol * mp.mpf(10) ** -25:
                return vol
        raise ArithmeticError(f"no convergence from {near}")
