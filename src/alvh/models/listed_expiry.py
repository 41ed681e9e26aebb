"""What the quotes of one listed expiry say: its forward by put-call parity, and the vol of each strike.

The forward is the weighted median of K + (C - P) / discount over the strikes nearest the money: a median, so that one stale
quote moves nothing; weights by the inverse squared spread, so that wide quotes speak softly. On ten SPX chains of 2026 it lies
within the spread of nine in ten of those strikes and more (``docs/reference/chain-files.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.kernels.implied import implied_vol
from alvh.market.history import Bools, Floats

NEAREST: Final = 15
"""Strikes that speak for the forward: 7 to 31 of them gave the same SPX forward within .1 point up to a year."""
NEAREST_LEAST: Final = 5
"""So many speak however far they lie."""
BAND: Final = 0.1
"""Share of the strike of least |C - P| beyond which a strike is heard only as one of the nearest five: VIX strikes are so far
apart that fifteen reach to half the forward, where a rate or a spread that is off would speak loudest."""
LEAST_PAIRS: Final = 3
"""Fewer strikes with both sides quoted give no median to trust."""
NO_PAIRS: Final = f"fewer than {LEAST_PAIRS} strikes with both sides quoted"
NO_VOL: Final = "no strike whose price has a vol"

Sides = tuple[Floats, Floats, Floats, Floats, Floats]
"""Strikes ascending with call bid, call ask, put bid and put ask, (strikes,) each, NaN where missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedExpiry:
    """One expiry: ``forward`` in points by parity over ``pairs`` strikes, ``discount``, ``years`` to settlement.

    ``strike`` (n,) ascending are those whose out-of-the-money quote (else the other side's) has a Black vol at mid, ``vol``
    (n,) a year as a fraction.
    """

    forward: float
    discount: float
    years: float
    pairs: int
    strike: Floats
    vol: Floats

    def vol_at(self, strike: Floats) -> Floats:
        """Vols of any strikes: of a quoted one its own, between quoted ones variance linear in ln K, beyond them the last one."""
        return np.sqrt(np.interp(np.log(strike), np.log(self.strike), self.vol**2))

    def own(self, strike: Floats) -> Bools:
        """Whether the quotes of each strike give it a vol."""
        found: Bools = np.isin(strike, self.strike)
        return found


def two_sided(bid: Floats, ask: Floats) -> Bools:
    """Whether each quote has a bid above zero and an ask not below it."""
    return (bid > 0.0) & (ask >= bid)


def forward_by_parity(sides: Sides, discount: float) -> tuple[float, int] | None:
    """The forward in points and the number of strikes that it rests on; None below :data:`LEAST_PAIRS` two-sided pairs."""
    strike, call_bid, call_ask, put_bid, put_ask = sides
    both = np.flatnonzero(two_sided(call_bid, call_ask) & two_sided(put_bid, put_ask))
    if both.size < LEAST_PAIRS:
        return None
    gap = 0.5 * (call_bid + call_ask - put_bid - put_ask)[both]
    width = (call_ask - call_bid + put_ask - put_bid)[both]
    centre = strike[both][np.argmin(np.abs(gap))]
    away = np.abs(strike[both] - centre)
    count = min(max(int((away <= BAND * centre).sum()), NEAREST_LEAST), NEAREST)
    near = np.argsort(away, kind="stable")[:count]
    narrow = max(float(np.median(width[near])), 1e-9)  # a locked quote must not outweigh all others
    implied = strike[both][near] + gap[near] / discount
    return _weighted_median(implied, 1.0 / (width[near] + narrow) ** 2), int(near.size)


def listed_expiry(sides: Sides, *, discount: float, years: float) -> ListedExpiry | str:
    """Forward and vols of one expiry, or why its quotes give none (:data:`NO_PAIRS`, :data:`NO_VOL`)."""
    found = forward_by_parity(sides, discount)
    if found is None:
        return NO_PAIRS
    forward, pairs = found
    strike, call_bid, call_ask, put_bid, put_ask = sides
    call, put = (
        implied_vol(_mid(bid, ask), forward, strike, years, discount, right)
        for bid, ask, right in ((call_bid, call_ask, 1.0), (put_bid, put_ask, -1.0))
    )
    above = strike >= forward
    out, into = np.where(above, call, put), np.where(above, put, call)
    vol = np.where(np.isfinite(out), out, into)
    known = np.isfinite(vol)
    if not known.any():
        return NO_VOL
    return ListedExpiry(
        forward=forward, discount=discount, years=years, pairs=pairs, strike=strike[known], vol=np.asarray(vol[known])
    )


def _mid(bid: Floats, ask: Floats) -> Floats:
    return np.where(two_sided(bid, ask), 0.5 * (bid + ask), np.nan)


def _weighted_median(values: Floats, weights: Floats) -> float:
    """The value at half the weight, linear between the middles of neighbours."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(0.5 * weights.sum(), reached, values[order]))
