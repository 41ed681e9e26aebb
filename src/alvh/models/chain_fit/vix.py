"""The VIX smile of ``models/vix_smile.py`` fitted to a VIX chain: level, speed and slope for all expiries, or a level each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh.market.chain import QuotedChain
from alvh.market.history import Floats
from alvh.models.chain_fit.quotes import ChainQuotes, chain_quotes, require_expiries
from alvh.models.chain_fit.results import ChainFit, finished
from alvh.models.chain_fit.search import least_squares
from alvh.models.vix_smile import KAPPA, SLOPE, X_HIGH, VixSmile, atm_vol, smile_factor

MOST_DAYS = 250.0
"""VIX options are listed eight to twelve months ahead; further out few trade."""
BOUNDS = {"atm30": (0.30, 4.0), "kappa": (0.0, 20.0), "slope": (0.02, 0.90)}
"""Chains show .7-1.1, 0 (flat) to 7 and .20-.40 (surfaces.md 3); a VVIX of 207, the highest close, is an atm30 of 1.9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedVixSmile:
    """``atm`` (expiries,) at-the-money vol of each expiry, ``slope`` b with its vertex at X_HIGH.

    ``atm30`` and ``kappa`` are the coefficients of the term structure behind ``atm``, None where each expiry has its own level.
    """

    atm: Floats
    slope: float
    atm30: float | None
    kappa: float | None
    years: Floats

    def vols(self, position: int, log_money: Floats) -> Floats:
        atm = float(self.atm[position])
        rule = VixSmile(slope=self.slope, curvature=-self.slope / (2.0 * X_HIGH))
        return np.asarray(atm * smile_factor(np.asarray(log_money) / (atm * np.sqrt(self.years[position])), rule))


def fit_vix(chain: QuotedChain | ChainQuotes, *, own_levels: bool = False) -> ChainFit:
    """The VIX smile of a VIX chain from 5 to 250 days.

    Three coefficients (at-the-money vol at 30 days, kappa, slope), two expiries at least; with ``own_levels`` one level an
    expiry and the slope. Every expiry is priced on its own parity forward. Minimises the relative vol error, every expiry and
    every stretch of moneyness of equal weight. There is no calendar condition: each expiry has another future as underlying.
    """
    quotes = chain if isinstance(chain, ChainQuotes) else chain_quotes(chain, days=(5.0, MOST_DAYS))
    require_expiries(quotes, 1 if own_levels else 2, "VIX smile")
    years = np.array([one.years for one in quotes.expiries])
    weights = [np.sqrt(one.weights()) for one in quotes.expiries]
    levels = np.array([one.atm for one in quotes.expiries])

    def unpack(v: Floats) -> FittedVixSmile:
        if own_levels:
            return FittedVixSmile(atm=v[1:], slope=float(v[0]), atm30=None, kappa=None, years=years)
        atm30, kappa, slope = (float(value) for value in v)
        # A level of one makes "VVIX" the vol itself.
        atm = atm_vol(atm30, years, VixSmile(level=1.0, kappa=max(kappa, 1e-5)))
        return FittedVixSmile(atm=atm, slope=slope, atm30=atm30, kappa=kappa, years=years)

    def residuals(v: Floats) -> Floats:
        smiles = unpack(v)
        parts = [
            w * (smiles.vols(i, one.log_money) / one.vol - 1.0)
            for i, (w, one) in enumerate(zip(weights, quotes.expiries, strict=True))
        ]
        return np.concatenate(parts)

    if own_levels:
        start = np.concatenate([[SLOPE], levels])
        low = np.concatenate([[BOUNDS["slope"][0]], 0.2 * levels])
        high = np.concatenate([[BOUNDS["slope"][1]], 5.0 * levels])
    else:
        near30 = float(np.interp(30.0 / 365.0, years, levels))
        start = np.array([np.clip(near30, *BOUNDS["atm30"]), KAPPA, SLOPE])
        low, high = (np.array([BOUNDS[name][side] for name in ("atm30", "kappa", "slope")]) for side in (0, 1))
    found, converged = least_squares(residuals, [start], (low, high))
    return finished("VIX smile", quotes, unpack(found), converged=converged, calendar=False)
