"""The forward and the variance strip of one expiry, from its quotes or from a model's prices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import DataInvalid, DataMissing
from alvh.kernels.strip import BEYOND, REJECTED, SUMS, USED, ZERO_BID, strip_into
from alvh.market.history import Bools, Floats

MINUTES_A_YEAR = 525_600.0
"""365 days (Cboe, Volatility Index Methodology)."""

NO_QUOTE, NO_ASK, CROSSED = REJECTED, REJECTED + 1, REJECTED + 2
REASONS = ("used", "zero bid", "beyond two zero bids", "no quote", "no ask", "bid above ask")
"""Names of the codes in ``Strip.status``, in order."""

ANY_BID = 1e-9
"""Least bid of a market quote: anything above zero. A model surface passes its own cut."""

PARITY_BAND = 0.1
"""Strikes within 10 % of the nearest-parity strike speak for the discount: further out the spreads are wide."""
PARITY_LEAST = 5
"""Fewer strikes than this give no slope to rely on."""
RATE_RANGE = (-0.03, 0.20)
"""Annual rates outside this are a fault of the quotes, not of the money market."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Put-call parity at one strike: the forward, the strike of least \\|C - P\\| and what the two cost there, in points."""

    forward: float
    strike: float
    call_mid: float
    put_mid: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Price today of one dollar at expiry, and in words where it comes from."""

    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One expiry's strip.

    ``variance`` is annualised, ``skew`` the SKEW of this expiry alone; ``p1`` to ``p3`` are raw moments of the log return to
    expiry. ``strikes`` and ``status`` (strikes,) say what became of every out-of-the-money quote, by :data:`REASONS`.
    """

    variance: float
    skew: float
    p1: float
    p2: float
    p3: float
    forward: float
    k0: float
    years: float
    discount: float
    strikes: Floats
    status: NDArray[np.int8]

    def used(self) -> Floats:
        """Strikes whose quotes enter the sum."""
        return np.asarray(self.strikes[self.status == USED])

    def counts(self) -> dict[str, int]:
        """Number of strikes by what became of them; reasons that did not occur are left out."""
        found = np.bincount(self.status, minlength=len(REASONS))
        return {name: int(found[code]) for code, name in enumerate(REASONS) if found[code]}


def parity_forward(strikes: Floats, call_mid: Floats, put_mid: Floats, discount: float) -> Parity:
    """F = K + (C - P) / discount at the strike of least \\|C - P\\|; the lower strike where two are equally near.

    Arrays are (strikes,) ascending, NaN where a side has no two-sided quote. Raises :class:`DataMissing` where none has both.
    """
    gap = np.abs(np.asarray(call_mid) - put_mid)
    if not np.isfinite(gap).any():
        raise DataMissing("no strike has a two-sided quote on both sides", allowed="a call and a put at one strike at least")
    i = int(np.nanargmin(gap))
    call, put, strike = float(call_mid[i]), float(put_mid[i]), float(strikes[i])
    return Parity(forward=strike + (call - put) / discount, strike=strike, call_mid=call, put_mid=put)


def parity_discount(strikes: Floats, call_mid: Floats, put_mid: Floats, years: float) -> Discount:
    """The discount factor by least squares of C - P on K near the money, 1 with the reason where the quotes do not give one."""
    gap = np.asarray(call_mid) - put_mid
    known = np.isfinite(gap)
    if not known.any():
        return Discount(value=1.0, reason="rate 0: no strike has both sides quoted")
    centre = strikes[known][np.argmin(np.abs(gap[known]))]
    near = known & (np.abs(strikes - centre) <= PARITY_BAND * centre)
    if near.sum() < PARITY_LEAST:
        return Discount(value=1.0, reason=f"rate 0: {near.sum()} strikes near the money have both sides quoted")
    x = strikes[near] - strikes[near].mean()
    slope = -float(x @ gap[near] / (x @ x))
    rate = -math.log(slope) / years if slope > 0.0 else math.inf
    if not RATE_RANGE[0] <= rate <= RATE_RANGE[1]:
        return Discount(value=1.0, reason=f"rate 0: parity slope {-slope:.5f} is no discount factor")
    return Discount(value=slope, reason=f"put-call parity over {near.sum()} strikes")


def usable(bid: Floats, ask: Floats) -> tuple[Bools, NDArray[np.int8]]:
    """Which quotes are two-sided with a bid above zero, and a status code for each that the walk must pass over."""
    status = np.zeros(bid.shape, dtype=np.int8)
    status[~np.isfinite(bid) & ~np.isfinite(ask)] = NO_QUOTE
    has_bid = bid > 0.0
    status[has_bid & ~(ask > 0.0)] = NO_ASK
    status[has_bid & (ask < bid) & (ask > 0.0)] = CROSSED
    return has_bid & (status == 0), status


def strip(
    strikes: Floats, call_bid: Floats, call_ask: Floats, put_bid: Floats, put_ask: Floats, *, years: float, discount: float
) -> Strip:
    """The strip of one expiry from its quotes in points, arrays (strikes,) ascending, NaN where missing.

    Missing, one-sided and crossed quotes are passed over and counted; they are no zero bids. Raises :class:`DataMissing` where
    no strike has both sides, :class:`DataInvalid` where the forward lies below every strike or fewer than two strikes remain.
    """
    call_good, call_status = usable(call_bid, call_ask)
    put_good, put_status = usable(put_bid, put_ask)
    call_mid, put_mid = 0.5 * (call_bid + call_ask), 0.5 * (put_bid + put_ask)
    parity = parity_forward(strikes, np.where(call_good, call_mid, np.nan), np.where(put_good, put_mid, np.nan), discount)
    at = first_at_or_below(strikes, parity.forward)
    # K0 stands for a call and a put: it is used with whichever of them is quoted.
    both = np.array([put_mid[at] if put_good[at] else np.nan, call_mid[at] if call_good[at] else np.nan])
    if not np.isfinite(both).any():
        raise DataInvalid(f"neither side of K0 = {strikes[at]:g} is quoted", allowed="a two-sided quote at K0")
    low = np.arange(strikes.size) < at
    quote = np.where(low, put_mid, call_mid)
    quote[at] = np.nanmean(both)
    bid = np.where(low, put_bid, call_bid)
    status = np.where(low, put_status, call_status).astype(np.int8)
    return _sum(strikes, quote, bid, ANY_BID, at, parity.forward, discount, years, status)


def strip_of_prices(
    strikes: Floats,
    price: Floats,
    *,
    forward: float,
    years: float,
    least: float,
    discount: float = 1.0,
    out: Floats | None = None,
) -> Strip:
    """The strip of a model: out-of-the-money prices (strikes,), a price at or above ``least`` counting as quoted.

    At K0 the price is the mean of put and call. For a loop over many strips call :func:`alvh.kernels.strip.strip_into` itself.
    """
    at = first_at_or_below(strikes, forward)
    status = np.zeros(strikes.size, dtype=np.int8)
    return _sum(strikes, price, price, least, at, forward, discount, years, status, out)


def first_at_or_below(strikes: Floats, forward: float) -> int:
    """Index of K0: the highest strike that is not above the forward. Raises :class:`DataInvalid` where all are above."""
    at = int(np.searchsorted(strikes, forward, side="right")) - 1
    if at < 0:
        raise DataInvalid(
            f"the forward {forward:g} lies below every strike", allowed=f"strikes from below it, not from {strikes[0]:g}"
        )
    return at


def _sum(
    strikes: Floats,
    quote: Floats,
    bid: Floats,
    least: float,
    at: int,
    forward: float,
    discount: float,
    years: float,
    status: NDArray[np.int8],
    out: Floats | None = None,
) -> Strip:
    if not years > 0.0:
        raise DataInvalid(f"{years:g} years to expiry", allowed="an expiry after the quotes")
    sums = np.empty(SUMS) if out is None else out
    strip_into(strikes, quote, bid, least, at, forward, 1.0 / discount, years, status, sums)
    if not math.isfinite(sums[0]):
        raise DataInvalid("fewer than two strikes are quoted", allowed="two out-of-the-money quotes at least")
    variance, p1, p2, p3, skew = (float(value) for value in sums[:5])
    return Strip(
        variance=variance,
        skew=skew,
        p1=p1,
        p2=p2,
        p3=p3,
        forward=forward,
        k0=float(strikes[at]),
        years=years,
        discount=discount,
        strikes=strikes,
        status=status,
    )


__all__ = [
    "BEYOND",
    "CROSSED",
    "MINUTES_A_YEAR",
    "NO_ASK",
    "NO_QUOTE",
    "REASONS",
    "USED",
    "ZERO_BID",
    "Discount",
    "Parity",
    "Strip",
    "first_at_or_below",
    "parity_discount",
    "parity_forward",
    "strip",
    "strip_of_prices",
    "usable",
]
