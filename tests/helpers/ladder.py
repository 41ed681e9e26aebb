"""The published ladder and condor tables (methods.md 8.2): their stated inputs, and our kernels' answer to them.

Prices, Greeks and deltas come from the product's kernels; only the inputs, the SSVI smile that the condor table names, and the
two ways of choosing strikes stand here. ``chosen="forward"`` is the product's own rule (nearest forward delta);
``chosen="published"`` is the reading under which the published figures come out: VIX calls by the discounted delta
``exp(-rT) N(d1)``, SPX options by the spot delta ``exp(-qT) N(d1)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from alvh.kernels import surface
from alvh.kernels.black import black_greeks
from alvh.models.spx_surface import STUDY_SHAPE

RATE, DIVIDEND_YIELD, SPOT = 0.045, 0.013, 6000.0
LAYER_DAYS = (30, 60, 90)
LAYER_LOTS = (4, 4, 2)
BETAS = (0.55, 0.40, 0.31)
MULTIPLIER = 100.0
NOTIONAL_USD = 100_000.0
CURVE = {15: (16.3, 17.1, 17.65), 20: (20.75, 21.4, 21.8), 30: (29.5, 29.3, 28.9)}
VIX_ATM = {15: (0.80, 0.70, 0.62), 20: (0.92, 0.80, 0.71), 30: (1.02, 0.84, 0.73)}
VIX_GRID = np.arange(10.0, 150.01, 0.5)
CONDOR_DAYS = 45
SPX_ATM = {15: 0.126, 20: 0.168, 30: 0.252}
SSVI_RHO, SSVI_C = -0.70, 1.0
SPX_GRID = np.arange(3000.0, 9000.01, 5.0)
KAPPA = 4.0
# The SPX shape (not used here), then kappa, the smile of methods.md 4.6, and no reversion of the vol of vol.
SMILE = np.array([*STUDY_SHAPE, KAPPA, 0.35, -0.035, -1.2, 4.0, 0.0, 0.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow:
    """Strikes and prices of the three layers, and a cell's figures: USD, % of $100k, USD a VX point, USD a VIX point."""

    strikes: tuple[float, float, float]
    prices: tuple[float, float, float]
    premium_usd: float
    decay30_pct: float
    futures_delta_usd: float
    vix_delta_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorRow:
    """Strikes in ascending order and the figures of a row, USD per contract and USD per vol point."""

    strikes: tuple[float, float, float, float]
    credit_usd: float
    net_vega_usd: float
    short_vega_usd: float
    max_loss_usd: float


LADDER_TABLE: dict[tuple[int, int], tuple[float, float, float, float]] = {
    (30, 15): (926, 0.53, 297, 131), (30, 20): (1340, 0.74, 304, 135), (30, 30): (1934, 0.92, 301, 133),
    (20, 15): (623, 0.38, 203, 90), (20, 20): (877, 0.52, 202, 89), (20, 30): (1270, 0.65, 201, 89),
    (15, 15): (455, 0.29, 150, 66), (15, 20): (641, 0.40, 149, 66), (15, 30): (946, 0.51, 151, 67),
    (10, 15): (295, 0.20, 99, 44), (10, 20): (419, 0.28, 99, 44), (10, 30): (611, 0.35, 100, 44),
}  # fmt: skip
"""(delta in %, VIX) -> premium, decay30 in % of $100k, futures delta, VIX-beta delta, as printed."""

PRINTED_CALLS: dict[tuple[int, int], tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    (20, 15): ((22.5, 26.0, 28.5), (0.53, 0.67, 0.72)),
    (30, 15): ((20.0, 22.0, 23.5), (0.76, 1.01, 1.10)),
}
"""The two ladders whose strikes and prices are printed."""

CONDOR_TABLE: dict[tuple[int, float | None], tuple[tuple[float, float, float, float] | None, float, float, float, float]] = {
    (15, None): ((5285.0, 5665.0, 6235.0, 6350.0), 3553, -587, -1022, 34447),
    (15, 50.0): ((5615.0, 5665.0, 6235.0, 6285.0), 1230, -191, -1022, 3770),
    (20, None): ((5070.0, 5555.0, 6305.0, 6465.0), 4796, -595, -1027, 43704),
    (20, 50.0): (None, 1311, -145, -1027, 3689),
    (30, None): ((4685.0, 5355.0, 6455.0, 6700.0), 7202, -593, -1027, 59798),
    (30, 50.0): (None, 1380, -98, -1027, 3620),
}
"""(VIX, wing width in points or None for 5-delta wings) -> strikes where printed, credit, net vega, short-leg vega, max loss."""


def _vix_state(vix: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """State and series of the pricing kernels. Row k carries the at-the-money vol of layer k, for the table gives one per layer
    where the product has one term factor; expiry column k has layer k's forward."""
    rows = len(LAYER_DAYS)
    time = np.array(LAYER_DAYS) / 365.0
    factor = np.sqrt((1.0 - np.exp(-2.0 * KAPPA * time)) / (2.0 * KAPPA * time))
    state = (
        np.zeros(rows, dtype=np.int64),
        np.full(rows, SPOT),
        np.full(rows, RATE),
        np.full(rows, DIVIDEND_YIELD),
        np.ones((rows, 4)),
        np.full(rows, float(vix)),
        (np.array(VIX_ATM[vix]) / factor) ** 2,
        np.tile(np.array(CURVE[vix]), (rows, 1)),
    )
    series = (np.array(LAYER_DAYS, dtype=np.int64), np.zeros(rows), np.arange(rows, dtype=np.int64), np.ones(rows))
    return state, series


def _call(vix: int, layer: int, strike: float) -> tuple[float, float]:
    """Discounted price and forward delta of one call of a layer."""
    state, series = _vix_state(vix)
    out = np.empty((8, 1))
    surface.greeks_legs(state, series, SMILE, layer, np.array([layer]), np.array([strike]), np.ones(1), out)
    return float(out[0, 0]), float(out[1, 0])


def layer_strike(vix: int, layer: int, delta: float, chosen: str) -> float:
    """Strike on the half-point grid nearest a delta."""
    state, series = _vix_state(vix)
    found = np.empty(VIX_GRID.size)
    surface.slice_delta(state, series, SMILE, layer, layer, VIX_GRID, 1.0, found)
    if chosen == "published":
        found *= math.exp(-RATE * LAYER_DAYS[layer] / 365.0)
    return float(VIX_GRID[np.argmin(np.abs(found - delta))])


def ladder_at(vix: int, strikes: tuple[float, float, float]) -> LadderRow:
    """The cell for given strikes. Deltas are the table's own: discounted, dollars per point of each layer's own future.

    ``decay30``: thirty days later, VIX and curve unchanged, each layer stands where the one before it stood; the first expires
    against spot VIX.
    """
    prices, premium, later, futures, spot_delta = [], 0.0, 0.0, 0.0, 0.0
    for layer, (lots, days, beta, strike) in enumerate(zip(LAYER_LOTS, LAYER_DAYS, BETAS, strikes, strict=True)):
        price, delta = _call(vix, layer, strike)
        after = max(vix - strike, 0.0) if layer == 0 else _call(vix, layer - 1, strike)[0]
        dollars = lots * MULTIPLIER
        discounted = math.exp(-RATE * days / 365.0) * delta
        prices.append(price)
        premium += dollars * price
        later += dollars * after
        futures += dollars * discounted
        spot_delta += dollars * discounted * beta
    return LadderRow(
        strikes=strikes,
        prices=(prices[0], prices[1], prices[2]),
        premium_usd=premium,
        decay30_pct=100.0 * (premium - later) / NOTIONAL_USD,
        futures_delta_usd=futures,
        vix_delta_usd=spot_delta,
    )


def ladder(vix: int, delta_pct: int, chosen: str) -> LadderRow:
    """The cell with strikes chosen by one of the two rules."""
    first, second, third = (layer_strike(vix, layer, delta_pct / 100.0, chosen) for layer in range(3))
    return ladder_at(vix, (first, second, third))


def ssvi_vol(strike: np.ndarray, forward: float, year_fraction: float, atm: float) -> np.ndarray:
    """SSVI with phi = c / sqrt(theta) (methods.md 5.1, 5.2); the level is ATM vol as stated, no strip is solved."""
    theta = atm * atm * year_fraction
    phi = SSVI_C / math.sqrt(theta)
    k = np.log(strike / forward)
    inner = (phi * k + SSVI_RHO) ** 2 + 1.0 - SSVI_RHO**2
    total: np.ndarray = 0.5 * theta * (1.0 + SSVI_RHO * phi * k + np.sqrt(inner))
    return np.sqrt(total / year_fraction)


def _spx(vix: int, strikes: np.ndarray, right: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Price, absolute forward delta and vega per vol point."""
    time = CONDOR_DAYS / 365.0
    forward = SPOT * math.exp((RATE - DIVIDEND_YIELD) * time)
    vol = ssvi_vol(strikes, forward, time, SPX_ATM[vix])
    price, delta, _, vega, _ = black_greeks(forward, strikes, time, math.exp(-RATE * time), vol, right)
    return price, np.abs(delta), vega / 100.0


def condor_strikes(vix: int, wing: float | None, chosen: str) -> tuple[float, float, float, float]:
    """16-delta shorts, wings at 5 delta or ``wing`` points away, nearest on the five-point grid."""
    scale = math.exp(-DIVIDEND_YIELD * CONDOR_DAYS / 365.0) if chosen == "published" else 1.0

    def nearest(right: float, delta: float) -> float:
        return float(SPX_GRID[np.argmin(np.abs(_spx(vix, SPX_GRID, right)[1] * scale - delta))])

    put, call = nearest(-1.0, 0.16), nearest(1.0, 0.16)
    if wing is None:
        return nearest(-1.0, 0.05), put, call, nearest(1.0, 0.05)
    return put - wing, put, call, call + wing


def condor_at(vix: int, strikes: tuple[float, float, float, float]) -> CondorRow:
    """The row for given strikes: one condor, multiplier 100, at mid. Max loss is the wider wing less the credit."""
    sides = (-1.0, -1.0, 1.0, 1.0)
    legs = [_spx(vix, np.array([strike]), right) for strike, right in zip(strikes, sides, strict=True)]
    signs = (1.0, -1.0, -1.0, 1.0)
    credit = -MULTIPLIER * sum(sign * float(leg[0][0]) for sign, leg in zip(signs, legs, strict=True))
    width = max(strikes[1] - strikes[0], strikes[3] - strikes[2])
    return CondorRow(
        strikes=strikes,
        credit_usd=credit,
        net_vega_usd=MULTIPLIER * sum(sign * float(leg[2][0]) for sign, leg in zip(signs, legs, strict=True)),
        short_vega_usd=-MULTIPLIER * float(legs[1][2][0] + legs[2][2][0]),
        max_loss_usd=MULTIPLIER * width - credit,
    )


def condor(vix: int, wing: float | None, chosen: str) -> CondorRow:
    """The row with strikes chosen by one of the two rules."""
    return condor_at(vix, condor_strikes(vix, wing, chosen))
