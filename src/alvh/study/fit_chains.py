"""Fits of every form to every quoted chain, and the exchange's indices of it, as one document."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from alvh.core.days import iso
from alvh.core.errors import AlvhError
from alvh.market.chain import QuotedChain
from alvh.market.index_formulas import index_levels
from alvh.models.chain_fit import ChainFit, ChainQuotes, chain_quotes, fit_essvi, fit_hyperbola, fit_ssvi, fit_vix
from alvh.models.chain_fit.vix import MOST_DAYS

SCHEMA: Final = "alvh.fit-chains/1"
VIX_LEAST_DAYS: Final = 5.0
"""A VIX expiry nearer than this is all gamma: its quotes say nothing about a smile."""
Fit = Callable[[ChainQuotes], ChainFit]
SPX_FITS: Final[tuple[tuple[str, Fit], ...]] = (("SSVI", fit_ssvi), ("eSSVI", fit_essvi), ("hyperbola", fit_hyperbola))
VIX_FITS: Final[tuple[tuple[str, Fit], ...]] = (("VIX smile", fit_vix),)


def fit_chains(chains: Sequence[QuotedChain], progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Every chain's indices and fits; a chain or a form that cannot be fitted is a named refusal, and the rest goes on."""
    rows = []
    for k, chain in enumerate(chains):
        rows.append(_chain(chain))
        if progress is not None:
            progress(k + 1, len(chains))
    return {"schema": SCHEMA, "chains": rows}


def _chain(chain: QuotedChain) -> dict[str, Any]:
    levels, errors = index_levels(chain)
    row: dict[str, Any] = {
        "session": iso(chain.session),
        "underlying": chain.underlying,
        "source": chain.source,
        "minute": chain.minute,
        "indices": {name: level.value for name, level in levels.items()},
        "not_computed": {name: str(error) for name, error in errors.items()},
        "fits": [],
        "refused": {},
    }
    vix = chain.underlying == "VIX"
    try:
        quotes = chain_quotes(chain, days=(VIX_LEAST_DAYS, MOST_DAYS)) if vix else chain_quotes(chain)
    except AlvhError as error:
        row["refused"]["quotes"] = str(error)
        return row
    row["quotes_rejected"] = quotes.rejected()
    row["expiries_skipped"] = dict(quotes.skipped)
    row["expiries"] = [
        {
            "expiry": iso(one.expiry),
            "settles": "AM" if one.am else "PM",
            "forward": one.parity.forward,
            "discount": one.parity.discount,
            "quotes": int(one.vol.size),
            "atm_vol_pct": 100.0 * one.atm,
        }
        for one in quotes.expiries
    ]
    for name, fit in VIX_FITS if vix else SPX_FITS:
        try:
            row["fits"].append(_fit(name, fit(quotes)))
        except AlvhError as error:
            row["refused"][name] = str(error)
    return row


def _fit(name: str, found: ChainFit) -> dict[str, Any]:
    arbitrage = found.arbitrage
    return {
        "form": name,
        "converged": found.converged,
        "rms_pct": found.rms_pct,
        "by_delta": {
            one.name: {
                "mean_vol_points": one.mean_vol_points,
                "mean_abs_vol_points": one.mean_abs_vol_points,
                "rms_pct": one.rms_pct,
            }
            for one in found.by_delta
        },
        "by_expiry": [
            {
                "expiry": iso(one.expiry),
                "rms_pct": one.rms_pct,
                "worst_vol_points": one.worst_vol_points,
                "inside_spread": None if math.isnan(one.inside_spread) else one.inside_spread,
            }
            for one in found.by_expiry
        ],
        "arbitrage": {
            "free": arbitrage.free,
            "least_durrleman_g": arbitrage.butterfly,
            "least_growth_of_total_variance": None if math.isnan(arbitrage.calendar) else arbitrage.calendar,
        },
    }
