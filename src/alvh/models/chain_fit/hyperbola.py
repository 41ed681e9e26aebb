"""The hyperbola in vol of ``kernels/smile.py`` fitted to an SPX chain: shape shared by all expiries, one level each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from alvh.kernels.smile import T30, smile_into
from alvh.market.chain import QuotedChain
from alvh.market.history import Floats
from alvh.models.chain_fit.quotes import ChainQuotes, chain_quotes, require_expiries
from alvh.models.chain_fit.results import ChainFit, durrleman, finished
from alvh.models.chain_fit.search import least_squares
from alvh.models.spx_surface import CLEAN_SHAPE

BOUNDS = {"b": (0.10, 0.60), "d0": (-0.15, 0.15), "d1": (-0.10, 0.10), "mu": (0.60, 2.0), "s": (0.15, 1.2)}
"""Wider than what any chain showed (surfaces.md 2.3: mu 1.08-1.15, s .46-.53, d .011-.045, B .24-.35); a fit on
a bound says so."""
NAMES = tuple(BOUNDS)
PLACES = {"b": 11, "d0": 2, "d1": 3, "mu": 0, "s": 1}
"""Of the coefficients in the kernel's ``shape``."""
PENALTY_X = np.concatenate([np.arange(-12.0, -2.0, 0.5), np.arange(-2.0, 3.0, 0.1), np.arange(3.0, 12.1, 0.5)])
"""Deviations at which the search pays for arbitrage; the result is checked on a denser grid."""
PENALTY, CLEARANCE = 1.0, 0.01
"""A g, or a relative growth of total variance, of .01 less than this clearance costs as much as a vol error of one per cent."""
STEP = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperbola:
    """Coefficients of ``kernels/smile.py`` and at-the-money total variance ``theta`` of each expiry (expiries,).

    The tilt of an expiry is d0 + d1 ln(theta / theta30) between the limits of the shipped shape, whose wings it shares;
    ``on_bound`` names coefficients that the search left on a bound.
    """

    b: float
    d0: float
    d1: float
    mu: float
    s: float
    theta: Floats
    years: Floats
    on_bound: tuple[str, ...] = ()

    def tilts(self) -> Floats:
        """d of each expiry (expiries,)."""
        least, most = CLEAN_SHAPE[9], CLEAN_SHAPE[10]
        return np.asarray(self.d0 + self.d1 * np.clip(np.log(self.theta / self.theta30()), least, most))

    def theta30(self) -> float:
        """Total variance at 30 days: linear between the expiries around it, constant vol outside them."""
        if self.years[0] >= T30:
            return float(self.theta[0] * T30 / self.years[0])
        if self.years[-1] <= T30:
            return float(self.theta[-1] * T30 / self.years[-1])
        return float(np.interp(T30, self.years, self.theta))

    def vols(self, position: int, log_money: Floats) -> Floats:
        shape = CLEAN_SHAPE.copy()
        shape[:4] = self.mu, self.s, self.d0, self.d1
        root = np.sqrt(self.theta[position])
        out = np.empty(np.shape(log_money))
        smile_into(np.asarray(log_money, dtype=np.float64) / root, float(self.tilts()[position]), self.b, shape, out)
        return np.asarray(root / np.sqrt(self.years[position]) * out)

    def shortfalls(self) -> Floats:
        """How far g of each expiry and the growth between neighbours fall short of :data:`CLEARANCE`, zero where they do not."""
        parts: list[Floats] = []
        for position, years in enumerate(self.years):
            unit = math.sqrt(self.theta[position])

            def variance(k: Floats, position: int = position, years: float = float(years)) -> Floats:
                return np.asarray(self.vols(position, k) ** 2 * years)

            k = PENALTY_X * unit
            parts.append(durrleman(variance, k, STEP * unit))
            if position + 1 < self.years.size:
                later = self.vols(position + 1, k) ** 2 * self.years[position + 1]
                # Neighbours differ by a few per cent only: the clearance of a growth is a tenth of the one at the money.
                room = 0.1 * (self.theta[position + 1] / self.theta[position] - 1.0)
                parts.append(CLEARANCE + later / variance(k) - 1.0 - min(CLEARANCE, max(room, 0.0)))
        return np.maximum(CLEARANCE - np.concatenate(parts), 0.0)


def fit_hyperbola(chain: QuotedChain | ChainQuotes, *, fixed_shape: bool = False) -> ChainFit:
    """The hyperbola of an SPX chain, two expiries at least.

    ``fixed_shape`` keeps mu, s, d0 and d1 of the shipped smile and fits B and the levels alone, as the calibration to index
    levels does. Minimises the relative vol error, every expiry and stretch of moneyness of equal weight, plus a penalty for
    arbitrage: the form alone does not rule it out, and the result's checks say whether the penalty was enough. Errors as
    :func:`~alvh.models.chain_fit.quotes.chain_quotes`.
    """
    quotes = chain if isinstance(chain, ChainQuotes) else chain_quotes(chain)
    require_expiries(quotes, 2, "hyperbola")
    years = np.array([one.years for one in quotes.expiries])
    levels = np.array([one.atm**2 * one.years for one in quotes.expiries])
    shipped = {name: float(CLEAN_SHAPE[at]) for name, at in PLACES.items()}
    names = NAMES[:1] if fixed_shape else NAMES
    weights = [np.sqrt(one.weights()) for one in quotes.expiries]

    def unpack(v: Floats) -> Hyperbola:
        values = {**shipped, **dict(zip(names, v.tolist(), strict=False))}
        bound = tuple(n for n in names if min(values[n] - BOUNDS[n][0], BOUNDS[n][1] - values[n]) < 1e-6)
        return Hyperbola(**values, theta=np.exp(v[len(names) :]), years=years, on_bound=bound)

    def residuals(v: Floats) -> Floats:
        smiles = unpack(v)
        parts = [
            w * (smiles.vols(i, one.log_money) / one.vol - 1.0)
            for i, (w, one) in enumerate(zip(weights, quotes.expiries, strict=True))
        ]
        return np.concatenate([*parts, PENALTY * smiles.shortfalls()])

    start = np.concatenate([[shipped[name] for name in names], np.log(levels)])
    low = np.concatenate([[BOUNDS[name][0] for name in names], np.log(levels) - 1.0])
    high = np.concatenate([[BOUNDS[name][1] for name in names], np.log(levels) + 1.0])
    found, converged = least_squares(residuals, [start], (low, high))
    return finished("hyperbola", quotes, unpack(found), converged=converged)
