"""Out-of-the-money legs of real chains with their half-spread, delta and vega: the sample of ``benchmarks/fit_spreads.py``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.errors import AlvhError
from alvh.core.ticks import tick_rule, tick_size
from alvh.data.chains import load_chains
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.kernels.black import black_greeks
from alvh.kernels.implied import implied_vol
from alvh.market.chain import QuotedChain
from alvh.market.index_formulas import expiry_rows, minutes_to_settlement, quote_minute, vix
from alvh.market.strips import MINUTES_A_YEAR, parity_discount, parity_forward, usable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAYS = (2, 190)
CLOSE_MINUTE = 16 * 60
NEAREST_ALONE = "Barchart"
"""The layout whose chains hold the eight nearest expiries alone."""
WEEKLY_ROOTS = (str(Root.SPXW), str(Root.VIXW))


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Two-sided out-of-the-money quotes, arrays (legs,).

    ``vix`` is the level of the quotes' moment (points), ``dte`` calendar days, ``mid``, ``half`` and ``tick`` points, ``delta``
    Black forward delta, ``vega`` points per vol point; ``weekly`` marks SPXW and VIXW, ``nearest`` chains of the nearest expiries
    alone.
    """

    session: Ints
    vix: Floats
    is_vix: Bools
    weekly: Bools
    nearest: Bools
    dte: Ints
    mid: Floats
    half: Floats
    tick: Floats
    delta: Floats
    vega: Floats

    def rows(self, kept: Bools) -> Legs:
        """The legs that ``kept`` marks."""
        return Legs(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def measured_legs(chains: Path, data: Path) -> Legs:
    """Every usable leg of every SPX, SPXW, VIX and VIXW chain; XSP is left out. A series without parity is left out."""
    history = load_history(data, start=date(2011, 1, 3)).history
    closes = dict(zip(history.sessions.tolist(), history.vix_close.tolist(), strict=True))
    parts = [
        part
        for chain in load_chains(chains, QualityLog())
        if str(Root.XSP) not in chain.root
        for part in _of_chain(chain, _level(chain, closes))
    ]
    return Legs(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Legs)})


def _level(chain: QuotedChain, closes: dict[int, float]) -> float:
    """VIX of the quotes: the close, or for quotes before it (and sessions without a close) what the chain itself gives."""
    early = chain.minute is not None and chain.minute < CLOSE_MINUTE
    if not early and np.isfinite(closes.get(chain.session, np.nan)):
        return closes[chain.session]
    return vix(chain).value if chain.underlying == "SPX" else chain.listed_spot


def _of_chain(chain: QuotedChain, level: float) -> list[Legs]:
    minute = quote_minute(chain)
    out = []
    keys = sorted(set(zip(chain.expiry.tolist(), chain.am.tolist(), chain.root.tolist(), strict=True)))
    for expiry, am, root in keys:
        if not DAYS[0] <= expiry - chain.session <= DAYS[1]:
            continue
        minutes = minutes_to_settlement(chain, minute, np.array([expiry]), np.array([am]))
        try:
            out += _of_series(chain, expiry, am, root, float(minutes[0]) / MINUTES_A_YEAR, level)
        except AlvhError:
            continue
    return out


def _of_series(chain: QuotedChain, expiry: int, am: bool, root: str, years: float, level: float) -> list[Legs]:
    strikes, call_bid, call_ask, put_bid, put_ask = expiry_rows(chain, expiry, am)
    sides = ((1.0, call_bid, call_ask), (-1.0, put_bid, put_ask))
    mids = [np.where(usable(bid, ask)[0], 0.5 * (bid + ask), np.nan) for _, bid, ask in sides]
    discount = parity_discount(strikes, mids[0], mids[1], years).value
    forward = parity_forward(strikes, mids[0], mids[1], discount).forward
    rule = tick_rule(Root(root), chain.session)
    out = []
    for right, bid, ask in sides:
        kept = usable(bid, ask)[0] & (right * (strikes - forward) >= 0.0)
        mid, strike = 0.5 * (bid + ask)[kept], strikes[kept]
        vol = implied_vol(mid, forward, strike, years, discount, right)
        _, delta, _, vega, _ = black_greeks(forward, strike, years, discount, vol, right)
        half = 0.5 * (ask - bid)[kept]
        legs = Legs(
            session=np.full(mid.size, chain.session),
            vix=np.full(mid.size, level),
            is_vix=np.full(mid.size, chain.underlying == "VIX"),
            weekly=np.full(mid.size, root in WEEKLY_ROOTS),
            nearest=np.full(mid.size, NEAREST_ALONE in chain.source),
            dte=np.full(mid.size, expiry - chain.session),
            mid=mid,
            half=half,
            tick=np.asarray(tick_size(rule, mid)),
            delta=delta,
            vega=vega / 100.0,
        )
        out.append(legs.rows(np.isfinite(delta) & (half > 0.0)))
    return out
