"""Synthetic option chains with a known answer: Black prices of a given smile on the series listed by rule, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import ROOTS
from alvh.core.days import to_day
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.kernels.black import black_price
from alvh.market.chain import Floats, QuotedChain

CLOSE = 16 * 60
Smile = Callable[[Floats, float], Floats]
"""Vol by ln(K/F) and years."""


def flat(vol: float) -> Smile:
    """The same vol everywhere."""
    return lambda k, _years: np.full(np.shape(k), vol)


def years_left(session: int, expiry: int, am: bool, minute: int = CLOSE) -> float:
    """Minutes to settlement over 525,600."""
    return ((expiry - session) * 1440 + (570 if am else 960) - minute) / 525_600.0


def listed_series(day: date, *, underlying: str = "SPX", within: int = 250) -> list[tuple[str, int, bool]]:
    """(root, expiry, AM) of every series listed by rule, the expiry at most ``within`` days off."""
    session = to_day(day)
    table = (spx_expiries if underlying == "SPX" else vix_expiries)(session, session + within)
    rows = [row for row in table.listed(session).tolist() if table.expiry[row] <= session + within]
    return [(ROOTS[table.root[row]].value, int(table.expiry[row]), bool(table.am[row])) for row in rows]


def make_chain(
    day: date,
    smile: Smile,
    *,
    series: Sequence[tuple[str, int, bool]] | None = None,
    underlying: str = "SPX",
    spot: float = 4000.0,
    rate: float = 0.0,
    strikes: NDArray[np.float64] | None = None,
    minute: int | None = CLOSE,
    half_spread: float = 0.0,
    cut: float = 0.0,
) -> QuotedChain:
    """Calls and puts of every series at mid +- ``half_spread``; a mid below ``cut`` has a zero bid. Forward spot e^{rT}."""
    session = to_day(day)
    ladder = 5.0 * np.arange(round(0.04 * spot), round(0.4 * spot), dtype=np.float64) if strikes is None else strikes
    columns: list[tuple[str, int, bool, Floats, float, Floats]] = []
    for root, expiry, am in series if series is not None else listed_series(day, underlying=underlying):
        years = years_left(session, expiry, am, CLOSE if minute is None else minute)
        if years <= 0.0:
            continue
        forward = spot * math.exp(rate * years)
        vols = smile(np.log(ladder / forward), years)
        for right in (1.0, -1.0):
            mid = np.asarray(black_price(forward, ladder, years, math.exp(-rate * years), vols, right))
            columns.append((root, expiry, am, ladder, right, mid))
    size = [column[3].size for column in columns]
    mid = np.concatenate([column[5] for column in columns])
    bid = np.where(mid < cut, 0.0, np.maximum(mid - half_spread, 0.0))
    return QuotedChain(
        underlying=underlying,
        session=session,
        minute=minute,
        root=np.repeat([column[0] for column in columns], size),
        expiry=np.repeat([column[1] for column in columns], size).astype(np.int64),
        am=np.repeat([column[2] for column in columns], size),
        strike=np.concatenate([column[3] for column in columns]),
        right=np.repeat([column[4] for column in columns], size),
        bid=bid,
        ask=mid + half_spread,
        volume=np.full(mid.size, np.nan),
        open_interest=np.full(mid.size, np.nan),
        listed_spot=spot,
        source="synthetic",
    )


def rows(chain: QuotedChain, kept: NDArray[np.bool_] | NDArray[np.int64]) -> QuotedChain:
    """The contracts that ``kept`` selects."""
    names = ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest")
    return replace(chain, **{name: getattr(chain, name)[kept] for name in names})
