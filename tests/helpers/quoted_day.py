"""A session's saved chains with a known answer: Black prices of stated forwards and vols, and nothing of the product's models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tests.reference.black_reference import black_price

from alvh.market.chain import QuotedChain
from alvh.market.series import SeriesTable

AM_HOURS = 6.5
"""An SPX series that settles on the opening does so 6.5 hours before the close from which days are counted."""


def years_left(series: SeriesTable, row: int, session: int) -> float:
    """Whole days to expiry over 365, less the morning of an SPX series that settles on the opening."""
    early = AM_HOURS / 24.0 if series.am[row] and not series.is_vix[row] else 0.0
    return (int(series.expiry[row]) - session - early) / 365.0


def stated_forward(years: float, *, vix: bool) -> float:
    """SPX 2491.7 growing 1.1 % a year; VIX 17.3, dearer the later. Neither lies on a strike."""
    return 17.3 + 3.0 * math.sqrt(years) if vix else 2491.7 * math.exp(0.011 * years)


def stated_vol(strike: float, forward: float, *, vix: bool) -> float:
    """A skewed smile of SPX puts, and the rising one of VIX calls."""
    money = math.log(strike / forward)
    return 0.85 + 0.35 * math.tanh(money) if vix else 0.16 - 0.25 * math.tanh(2.0 * money)


def strikes_of(row_forward: float, *, vix: bool) -> list[float]:
    """Strikes of the chain: 10 to 45 by halves for VIX, within 30 % by fives for SPX."""
    if vix:
        return [0.5 * k for k in range(20, 91)]
    low, high = math.ceil(0.7 * row_forward / 5.0), math.floor(1.3 * row_forward / 5.0)
    return [5.0 * k for k in range(low, high + 1)]


def quoted_day(
    series: SeriesTable,
    rows: Sequence[int],
    session: int,
    rate: float,
    *,
    half: float = 0.05,
    minute: int | None = None,
    source: str = "made",
) -> QuotedChain:
    """Mid is Black's price, bid and ask ``half`` either side; a price up to ``half`` has a zero bid and an ask of twice it."""
    columns: list[tuple[str, int, bool, float, float, float, float]] = []
    for row in rows:
        vix, years = bool(series.is_vix[row]), years_left(series, row, session)
        forward = stated_forward(years, vix=vix)
        discount = math.exp(-rate * years)
        for strike in strikes_of(forward, vix=vix):
            vol = stated_vol(strike, forward, vix=vix)
            for right in (1.0, -1.0):
                mid = black_price(forward, strike, years, discount, vol, right)
                bid, ask = (mid - half, mid + half) if mid > half else (0.0, 2.0 * half)
                columns.append((series.roots[row].value, int(series.expiry[row]), bool(series.am[row]), strike, right, bid, ask))
    root, expiry, am, strikes, rights, bids, asks = zip(*columns, strict=True)
    n = len(columns)
    return QuotedChain(
        underlying="VIX" if series.is_vix[rows[0]] else "SPX",
        session=session,
        minute=minute,
        root=np.array(root),
        expiry=np.array(expiry, dtype=np.int64),
        am=np.array(am),
        strike=np.array(strikes),
        right=np.array(rights),
        bid=np.array(bids),
        ask=np.array(asks),
        volume=np.zeros(n),
        open_interest=np.arange(n, dtype=np.float64),
        bid_size=np.arange(n, dtype=np.float64) + 1.0,
        ask_size=np.arange(n, dtype=np.float64) + 2.0,
        listed_spot=float("nan"),
        source=source,
    )


def altered(chain: QuotedChain, root: str, expiry: int, strike: float, right: float, *, bid: float, ask: float) -> QuotedChain:
    """The chain with another quote for one contract; NaN for both drops it."""
    at = (chain.root == root) & (chain.expiry == expiry) & (chain.strike == strike) & (chain.right == right)
    assert at.sum() == 1
    if math.isnan(bid) and math.isnan(ask):
        return chain.rows(~at)
    return replace(chain, bid=np.where(at, bid, chain.bid), ask=np.where(at, ask, chain.ask))
