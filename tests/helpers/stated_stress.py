"""The published instant stress (methods.md 8.3): its stated inputs as a snapshot, its strikes and its figures.

SPX 6000, VIX 20; futures by .53/.38/.29 of the VIX move, VIX vol +.8 % and at-the-money SPX vol +.75 points for a VIX point, the
SPX smile moving with spot. SSVI (rho -.7, c 1) stands here alone; the calls go through the product's kernel with the smile of
methods.md 4.6.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from tests.helpers.stress_books import Row

from alvh.core.contracts import Root
from alvh.kernels.black import black_greeks, black_price
from alvh.kernels.stress import price_scenarios
from alvh.market.market import Legs
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.models.spx_surface import CLEAN_SHAPE

SPOT, VIX, RATE, DIVIDENDS, SPX_ATM = 6000.0, 20.0, 0.045, 0.013, 0.168
CURVE, VIX_ATM = (20.75, 21.4, 21.8), (0.92, 0.80, 0.71)
LAYER_DAYS, CONDOR_DAYS = (30, 60, 90), 45
KAPPA, REVERSION = 4.0, 4.0
COEFFICIENTS = np.array([*CLEAN_SHAPE, KAPPA, 0.35, -0.035, -1.2, 4.0, REVERSION, 0.0])
RESPONSE = Response(
    curve_days=(30.0, 60.0, 90.0), curve_beta=(0.53, 0.38, 0.29), vix_vol_per_point=0.008, spx_atm_per_point=0.0075
)
MOVES = ((-0.03, 5.0), (-0.05, 10.0), (-0.08, 18.0), (-0.12, 30.0), (-0.20, 50.0), (0.04, -3.0))
CONDOR_16_5, CONDOR_50 = (5070.0, 5555.0, 6305.0, 6465.0), (5505.0, 5555.0, 6305.0, 6355.0)
LADDERS = {30: (26.0, 29.0, 30.5), 20: (30.5, 35.5, 38.5), 10: (40.0, 49.5, 55.5)}
"""Strikes on the half-point grid nearest the discounted delta, as the table takes it (docs/reference/ladder-table.md)."""
PRINTED = {
    "16/5": (-274, -681, -1415, -2510, -4591, -596),
    "50 wide": (14, -33, -125, -254, -452, -265),
    30: (604, 1388, 3074, 6582, 13810, -289),
    20: (414, 947, 2093, 4594, 10630, -199),
    10: (235, 539, 1192, 2619, 6402, -110),
}
SERIES = SeriesTable(
    roots=(Root.SPXW, Root.VIX, Root.VIX, Root.VIX),
    is_vix=np.array([False, True, True, True]),
    expiry=np.array([CONDOR_DAYS, *LAYER_DAYS]),
    am=np.array([False, True, True, True]),
    monthly=np.ones(4, dtype=bool),
    listed_from=np.zeros(4, dtype=np.int64),
    last_trade=np.full(4, 100),
    settlement_session=np.array([CONDOR_DAYS, *LAYER_DAYS]),
)


def ssvi_vol(strike: float, forward: np.ndarray, years: float, atm: np.ndarray) -> np.ndarray:
    x = np.log(strike / forward) / (atm * math.sqrt(years))
    return np.asarray(atm * np.sqrt(0.5 * (1.0 - 0.7 * x + np.sqrt((x - 0.7) ** 2 + 1.0 - 0.49))))


class StatedSnapshot:
    """One close with the inputs that the table states."""

    index, session, spx, vix = 0, 0, SPOT, VIX

    def discount(self, series: int) -> float:
        return math.exp(-RATE * float(SERIES.expiry[series]) / 365.0)

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> np.ndarray:
        return self.reprice_fully(legs, scenarios, response).value

    def reprice_fully(self, legs: Legs, scenarios: Scenarios, response: Response) -> Repriced:
        n, m = len(scenarios), len(legs.series)
        value, forward, vol = np.empty((n, m)), np.empty((n, m)), np.empty((n, m))
        for j, (row, strike, right) in enumerate(zip(legs.series.tolist(), legs.strike, legs.right, strict=True)):
            years = float(SERIES.expiry[row]) / 365.0
            if row == 0:
                forward[:, j] = SPOT * math.exp((RATE - DIVIDENDS) * years) * (1.0 + scenarios.spx_move)
                atm = SPX_ATM + response.spx_atm_per_point * scenarios.vix_points
                vol[:, j] = ssvi_vol(float(strike), forward[:, j], years, atm)
                value[:, j] = black_price(forward[:, j], strike, years, math.exp(-RATE * years), vol[:, j], right)
                continue
            days = np.full((n, 1), float(SERIES.expiry[row]))
            moved = CURVE[row - 1] + scenarios.curve_change(days, response).T
            today = (math.exp(-REVERSION * years) - math.exp(-2.0 * KAPPA * years)) / (2.0 * KAPPA - REVERSION)
            square = np.full(n, VIX_ATM[row - 1] ** 2 * years / today)
            factor = 1.0 + response.vix_vol_per_point * scenarios.vix_points
            prices, vols = np.empty((1, n)), np.empty((1, n))
            time, ones = np.full((1, n), years), np.ones(1, dtype=bool)
            arrays: tuple[Any, ...] = (time, moved, np.exp(-RATE * time), moved, np.zeros((1, n)), ones, np.ones((n, 4)), 0.3)
            one = (np.zeros(1, dtype=np.int64), np.array([strike]), np.array([right]))
            price_scenarios(*arrays, square, factor, COEFFICIENTS, *one, prices, vols)
            value[:, j], forward[:, j], vol[:, j] = prices[0], moved[0], vols[0]
        return Repriced(value=value, forward=forward, vol=vol, half_spread=np.zeros((n, m)), floored=np.zeros(n, dtype=np.bool_))

    def greeks(self, legs: Legs) -> np.ndarray:
        still = self.reprice_fully(legs, Scenarios.of(0.0, 0.0), RESPONSE)
        years = SERIES.expiry[legs.series] / 365.0
        discount = np.exp(-RATE * years)
        return np.array(
            [
                *black_greeks(still.forward[0], legs.strike, years, discount, still.vol[0], legs.right),
                still.forward[0],
                still.vol[0],
                years,
            ]
        )


def condor(strikes: tuple[float, ...]) -> list[Row]:
    """One condor, $600k of index notional; the table is per $100k."""
    sides = zip(strikes, (-1, -1, 1, 1), (1.0, -1.0, -1.0, 1.0), strict=True)
    return [(Root.SPXW, CONDOR_DAYS, strike, right, sign, "condor", "") for strike, right, sign in sides]


def ladder(strikes: tuple[float, ...]) -> list[Row]:
    """Four, four and two calls."""
    layers = zip(LAYER_DAYS, strikes, (4.0, 4.0, 2.0), strict=True)
    return [(Root.VIX, days, strike, 1, lots, "hedge", f"layer{days}") for days, strike, lots in layers]


def moves() -> Scenarios:
    """The six published moves."""
    return Scenarios.of(*(np.array(column) for column in zip(*MOVES, strict=True)))
