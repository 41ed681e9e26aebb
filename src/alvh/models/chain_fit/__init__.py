"""Fits of surfaces to one quoted chain: SSVI, eSSVI and the hyperbola for SPX, the VIX smile for VIX, with their diagnostics."""

from alvh.models.chain_fit.hyperbola import Hyperbola, fit_hyperbola
from alvh.models.chain_fit.quotes import ChainQuotes, ExpiryQuotes, Parity, chain_quotes
from alvh.models.chain_fit.results import Arbitrage, ChainFit, DeltaError, ExpiryError
from alvh.models.chain_fit.ssvi import Essvi, Ssvi, fit_essvi, fit_ssvi
from alvh.models.chain_fit.vix import FittedVixSmile, fit_vix

__all__ = [
    "Arbitrage",
    "ChainFit",
    "ChainQuotes",
    "DeltaError",
    "Essvi",
    "ExpiryError",
    "ExpiryQuotes",
    "FittedVixSmile",
    "Hyperbola",
    "Parity",
    "Ssvi",
    "chain_quotes",
    "fit_essvi",
    "fit_hyperbola",
    "fit_ssvi",
    "fit_vix",
]
