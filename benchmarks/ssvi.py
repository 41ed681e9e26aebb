"""SSVI with one rho and one slope for all days, its level calibrated to the index family: what the shipped smile is held against.

w(k, theta) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),  phi = slope * 2 / ((1 + |rho|) sqrt(theta))

(Gatheral and Jacquier 2014, "Arbitrage-free SVI volatility surfaces"); slope 1 is the butterfly bound as theta goes to zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.kernels.black import black_price
from alvh.kernels.calibrate import MOST_STRIKES, strike_grid, vols_into
from alvh.market.strips import strip_of_prices
from alvh.models.spx_surface import CLEAN_SHAPE, TENOR_YEARS, filled_knots

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = 6
"""Fixed-point steps of the level; the error falls by more than ten a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssvi:
    """Calibrated sessions: ``theta`` (n, 4) at-the-money total variance at 9, 30, 93 and 184 days."""

    theta: Floats
    rho: float
    slope: float

    def vols(self, row: Ints, years: Floats, log_money: Floats) -> Floats:
        """Implied vols of (session row, years, ln(K/F)), each (p,)."""
        atm = np.empty(len(row))
        vols_into(self.theta, np.zeros(len(self.theta)), _FLAT, row, years, np.zeros(len(row)), atm)
        deviation = atm * np.sqrt(years)
        return np.asarray(atm * np.sqrt(_ratio(log_money / deviation, self.rho, self.slope)))


_FLAT = CLEAN_SHAPE.copy()
"""Only its interpolation of theta in time is used, at the money."""


def calibrate_ssvi(spot: Floats, levels: Floats, rho: float, slope: float) -> Ssvi:
    """Reprice VIX9D, VIX, VIX3M and VIX6M (n, 4), NaN where absent, at each tenor; no rates, zero-bid cut of surfaces.md 1."""
    theta = np.full(levels.shape, np.nan)
    strike, log_money = np.empty(MOST_STRIKES), np.empty(MOST_STRIKES)
    for i, level in enumerate(spot.tolist()):
        count, _ = strike_grid(level, strike, log_money)
        cut = 0.05 + 0.05 * max(1.0, levels[i, 1] / 20.0)
        for tenor, years in enumerate(TENOR_YEARS.tolist()):
            if math.isnan(levels[i, tenor]):
                continue
            vol = levels[i, tenor] / 120.0
            for _ in range(STEPS):
                found = _index(level, years, vol, strike[:count], log_money[:count], cut, rho, slope)
                vol *= levels[i, tenor] / found
            theta[i, tenor] = vol * vol * years
    return Ssvi(theta=filled_knots(theta)[0], rho=rho, slope=slope)


def _ratio(x: Floats, rho: float, slope: float) -> Floats:
    p = slope * 2.0 / (1.0 + abs(rho)) * x
    return np.asarray(0.5 * (1.0 + rho * p + np.sqrt((p + rho) ** 2 + 1.0 - rho * rho)))


def _index(
    spot: float, years: float, vol: float, strike: Floats, log_money: Floats, cut: float, rho: float, slope: float
) -> float:
    vols = vol * np.sqrt(_ratio(log_money / (vol * math.sqrt(years)), rho, slope))
    right = np.where(strike > spot, 1.0, -1.0)
    price = np.asarray(black_price(spot, strike, years, 1.0, vols, right))
    at = int(np.searchsorted(strike, spot, side="right")) - 1
    price[at] += 0.5 * (spot - strike[at])  # the mean of put and call, by parity
    found = strip_of_prices(strike, price, forward=spot, years=years, least=cut)
    return 100.0 * math.sqrt(found.variance)
