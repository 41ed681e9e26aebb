"""Quoted chains made from a vol function: what a scorer must find again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import to_day
from alvh.kernels.black import black_price
from alvh.market.chain import QuotedChain

Floats = NDArray[np.float64]
Vols = Callable[[float, Floats], Floats]
"""Years and ln(K/F) to vols."""

SESSION = to_day(date(2017, 6, 2))
FRIDAYS = tuple(SESSION + 7 * week for week in range(1, 10))
_THIRDS = (
    (2017, 6, 16),
    (2017, 7, 21),
    (2017, 8, 18),
    (2017, 9, 15),
    (2017, 10, 20),
    (2017, 11, 17),
    (2017, 12, 15),
    (2018, 1, 19),
)
THIRD_FRIDAYS = tuple(to_day(date(*parts)) for parts in _THIRDS)
"""No holiday falls on any of them."""
CLOSE_MINUTE = 16 * 60


def spx_chain(
    vols: Vols,
    *,
    spot: float = 2440.0,
    half: float = 0.0,
    rate: float = 0.0,
    minute: int | None = CLOSE_MINUTE,
    session: int = SESSION,
    expiries: Sequence[int] | None = None,
    step: float = 5.0,
    root: str = "",
) -> QuotedChain:
    """Quotes of ``half`` points either side of Black's price on the forward ``spot``, bids not below zero, strikes .5 to 1.4."""
    strikes = np.arange(np.ceil(0.5 * spot / step), np.floor(1.4 * spot / step) + 1.0) * step
    wanted = sorted({*FRIDAYS, *THIRD_FRIDAYS}) if expiries is None else list(expiries)
    parts = []
    for expiry in wanted:
        am = expiry in THIRD_FRIDAYS and root != "XSP"
        at = CLOSE_MINUTE if minute is None else min(minute, CLOSE_MINUTE)
        years = ((expiry - session) * 1440 + (570 if am else 960) - at) / 525_600
        name = root or ("SPX" if am else "SPXW")
        parts.append(_series(name, am, expiry, strikes, spot, years, vols, half, np.exp(-rate * years)))
    return _chain("SPX", session, minute, parts)


def vix_chain(
    vols: Vols, forwards: dict[int, float], *, half: float = 0.0, minute: int | None = None, session: int = SESSION
) -> QuotedChain:
    """VIX quotes of the expiries of ``forwards``, strikes 8 to 60."""
    strikes = np.arange(8.0, 60.5, 0.5)
    parts = []
    for expiry, forward in sorted(forwards.items()):
        years = ((expiry - session) * 1440 + 570 - CLOSE_MINUTE) / 525_600
        parts.append(_series("VIX", True, expiry, strikes, forward, years, vols, half, 1.0))
    return _chain("VIX", session, minute, parts)


def _series(
    root: str, am: bool, expiry: int, strikes: Floats, forward: float, years: float, vols: Vols, half: float, discount: float
) -> tuple[Floats, ...]:
    vol = vols(years, np.log(strikes / forward))
    both = np.concatenate([strikes, strikes])
    right = np.repeat([1.0, -1.0], strikes.size)
    price = black_price(forward, both, years, discount, np.concatenate([vol, vol]), right)
    n = both.size
    bid = np.where(price - half >= 0.01, price - half, 0.0)
    names = np.full(n, root)
    return names, np.full(n, expiry), np.full(n, am), both, right, bid, np.maximum(price + half, 0.01)


def _chain(underlying: str, session: int, minute: int | None, parts: Sequence[tuple[Floats, ...]]) -> QuotedChain:
    root, expiry, am, strike, right, bid, ask = (np.concatenate(column) for column in zip(*parts, strict=True))
    unknown = np.full(strike.size, np.nan)
    return QuotedChain(
        underlying=underlying,
        session=session,
        minute=minute,
        root=root,
        expiry=expiry.astype(np.int64),
        am=am.astype(np.bool_),
        strike=strike,
        right=right,
        bid=bid,
        ask=ask,
        volume=unknown,
        open_interest=unknown,
        listed_spot=np.nan,
        source="made",
    )
