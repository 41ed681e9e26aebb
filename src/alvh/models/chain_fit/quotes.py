"""What a chain says, expiry by expiry: forward and discount by parity, out-of-the-money vols, and what was left out and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataInvalid, DataMissing
from alvh.kernels.black import black_greeks
from alvh.kernels.implied import implied_vol
from alvh.market.chain import QuotedChain
from alvh.market.history import Bools, Floats
from alvh.market.index_formulas import expiry_rows, friday_type, minutes_to_settlement, quote_minute
from alvh.market.strips import MINUTES_A_YEAR, PARITY_BAND, PARITY_LEAST, RATE_RANGE, REASONS, usable

LEAST_QUOTES = 6
"""An expiry with fewer out-of-the-money quotes shows no smile: the forms have up to five coefficients."""
LEAST_DAYS, MOST_DAYS = 5.0, 400.0
"""Below a working week the smile is one of events; beyond a year strikes are few and spreads wide."""
LEAST_DELTA = 0.02
"""Further out a price is a few ticks and its vol is the tick's."""
WIDEST = 0.5
"""A half-spread above this share of the mid leaves the vol undetermined."""
OUTLIER = 3.0
"""A strike whose C - P is off the common line by so many spreads, and median distances, is a stale or false quote: no witness."""
RATE_ERROR = 0.005
"""An expiry whose own parity fixes its annual rate to half a per cent keeps it; the others take the chain's."""

ZERO_BID, WIDE, NO_VOL, FAR = "zero bid", "half-spread above half the mid", "no vol at this price", "delta below the least"
TOO_FEW, OUTSIDE, NOT_FRIDAY, NO_PARITY = (
    "too few quotes",
    "term outside the range",
    "not a Friday expiry",
    "no strike with both sides",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Forward in points and discount of one expiry; ``rate`` annual with its standard error, NaN where its own quotes give none.

    ``own`` is False where the discount is the chain's median rate; ``strikes`` is how many strikes spoke.
    """

    forward: float
    discount: float
    rate: float
    rate_error: float
    own: bool
    strikes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryQuotes:
    """The quotes of one series that a fit may use, all arrays (quotes,) by ascending strike, out of the money alone.

    ``right`` is +1 for calls; ``mid`` and ``half`` are points, ``vol`` implied from the mid, ``vol_half`` half the distance of
    the vols of bid and ask; ``delta`` the absolute forward delta; ``log_money`` ln(K/F). ``rejected`` counts what was left out.
    """

    expiry: int
    am: bool
    years: float
    parity: Parity
    strike: Floats
    right: Floats
    mid: Floats
    half: Floats
    vol: Floats
    vol_half: Floats
    delta: Floats
    log_money: Floats
    rejected: Mapping[str, int]

    @property
    def atm(self) -> float:
        """Vol at the forward: total variance linear in ln(K/F) between the quotes on either side."""
        return math.sqrt(float(np.interp(0.0, self.log_money, self.vol**2)))

    def weights(self) -> Floats:
        """Weights (quotes,) that add up to one and give every stretch of moneyness its length, however dense its strikes."""
        gaps = np.gradient(self.log_money)
        return np.asarray(gaps / gaps.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainQuotes:
    """A chain's expiries by ascending time, and how many expiries were left out, by reason."""

    underlying: str
    session: int
    source: str
    expiries: tuple[ExpiryQuotes, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)

    def rejected(self) -> dict[str, int]:
        """Quotes left out over all expiries, by reason."""
        total: dict[str, int] = {}
        for one in self.expiries:
            for reason, count in one.rejected.items():
                total[reason] = total.get(reason, 0) + count
        return total


def chain_quotes(
    chain: QuotedChain,
    *,
    days: tuple[float, float] = (LEAST_DAYS, MOST_DAYS),
    friday: bool | None = None,
    least_delta: float = LEAST_DELTA,
    least_quotes: int = LEAST_QUOTES,
) -> ChainQuotes:
    """The usable quotes of a chain.

    ``days`` bounds the term in calendar days; ``friday`` keeps Friday expiries alone (None: for SPX, since variance does not
    accrue evenly over weekends). Raises :class:`DataMissing` where no expiry is left, :class:`DataInvalid` for a day that is
    no session.
    """
    minute = quote_minute(chain)
    series = np.unique(np.stack([chain.expiry, chain.am.astype(np.int64)], axis=1), axis=0)
    expiry, am = series[:, 0], series[:, 1] > 0
    years = minutes_to_settlement(chain, minute, expiry, am) / MINUTES_A_YEAR
    skipped: dict[str, int] = {}
    inside = (years * 365.0 >= days[0]) & (years * 365.0 <= days[1])
    _count(skipped, OUTSIDE, int((~inside).sum()))
    if friday if friday is not None else chain.underlying == "SPX":
        fridays = friday_type(expiry, am)
        _count(skipped, NOT_FRIDAY, int((inside & ~fridays).sum()))
        inside &= fridays
    tables = [(i, expiry_rows(chain, int(expiry[i]), bool(am[i]))) for i in np.flatnonzero(inside).tolist()]
    parities = parity_of([table for _, table in tables], [float(years[i]) for i, _ in tables])
    found = []
    for (i, table), parity in zip(tables, parities, strict=True):
        if parity is None:
            _count(skipped, NO_PARITY, 1)
            continue
        one = _quotes(table, int(expiry[i]), bool(am[i]), float(years[i]), parity, least_delta)
        if one.strike.size < least_quotes or one.log_money[0] >= 0.0 or one.log_money[-1] <= 0.0:
            _count(skipped, TOO_FEW, 1)
            continue
        found.append(one)
    if not found:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in skipped.items()) or "it is empty"
        raise DataMissing(
            f"no expiry of the chain shows a smile ({reasons})",
            where=f"{chain.source}, session {iso(chain.session)}",
            allowed=f"{least_quotes} two-sided out-of-the-money quotes at least, on both sides of the forward",
            todo="use a fuller chain, or other limits",
        )
    found.sort(key=lambda one: one.years)
    return ChainQuotes(
        underlying=chain.underlying, session=chain.session, source=chain.source, expiries=tuple(found), skipped=skipped
    )


Table = tuple[Floats, Floats, Floats, Floats, Floats]


def parity_of(tables: list[Table], years: list[float]) -> list[Parity | None]:
    """Forward and discount of each expiry by least squares of C - P on K near the money, weighted by the inverse square spread.

    A rate that its own quotes do not fix to :data:`RATE_ERROR` is replaced by the median of those that are fixed (0 without any).
    """
    lines = [_line(table, time) for table, time in zip(tables, years, strict=True)]
    known = [line.rate for line in lines if line is not None and line.rate_error <= RATE_ERROR]
    median = float(np.median(known)) if known else 0.0
    out: list[Parity | None] = []
    for table, time, line in zip(tables, years, lines, strict=True):
        if line is None or line.rate_error <= RATE_ERROR:
            out.append(line)
            continue
        discount = math.exp(-median * time)
        strikes, gap, weight = _near(table)
        forward = float(np.average(strikes + gap / discount, weights=weight))
        out.append(
            Parity(
                forward=forward,
                discount=discount,
                rate=line.rate,
                rate_error=line.rate_error,
                own=False,
                strikes=line.strikes,
            )
        )
    return out


def _near(table: Table) -> tuple[Floats, Floats, Floats]:
    """Strikes near the money with both sides that agree with each other, their C - P, and weights."""
    strikes, call_bid, call_ask, put_bid, put_ask = table
    both = usable(call_bid, call_ask)[0] & usable(put_bid, put_ask)[0]
    gap = 0.5 * (call_bid + call_ask) - 0.5 * (put_bid + put_ask)
    width = (call_ask - call_bid) + (put_ask - put_bid)
    if not both.any():
        return strikes[both], gap[both], width[both]
    centre = strikes[both][np.argmin(np.abs(gap[both]))]
    near = both & (np.abs(strikes - centre) <= PARITY_BAND * centre)
    near[near] = _on_line(strikes[near], gap[near], width[near])
    narrow = max(float(np.median(width[near])), 1e-6)  # a locked quote must not outweigh all others
    return strikes[near], gap[near], np.asarray(1.0 / (width[near] + narrow) ** 2)


def _on_line(strikes: Floats, gap: Floats, width: Floats) -> Bools:
    """Strikes whose C - P lies on the line that most of them share: slope by the median over pairs half the strikes apart."""
    half = strikes.size // 2
    if strikes.size < PARITY_LEAST:
        return np.ones(strikes.size, dtype=np.bool_)
    slope = float(np.median((gap[half:] - gap[: gap.size - half]) / (strikes[half:] - strikes[: strikes.size - half])))
    rest = gap - slope * strikes
    off = np.abs(rest - np.median(rest))
    return np.asarray(off <= OUTLIER * np.maximum(width, np.median(off)) + 1e-9 * strikes)


def _line(table: Table, years: float) -> Parity | None:
    strikes, gap, weight = _near(table)
    if strikes.size == 0:
        return None
    discount, rate, error = 1.0, math.nan, math.inf
    if strikes.size >= PARITY_LEAST:
        centre = float(np.average(strikes, weights=weight))
        x = strikes - centre
        scale = float((weight * x * x).sum())
        slope = float((weight * x * gap).sum()) / scale
        rest = gap - float(np.average(gap, weights=weight)) - slope * x
        spread = float((weight * rest * rest).sum()) / (strikes.size - 2)
        if slope < 0.0:
            rate = -math.log(-slope) / years
            error = math.sqrt(spread / scale) / (-slope * years)
            if RATE_RANGE[0] <= rate <= RATE_RANGE[1]:
                discount = -slope
            else:
                error = math.inf
    forward = float(np.average(strikes + gap / discount, weights=weight))
    return Parity(
        forward=forward, discount=discount, rate=rate, rate_error=error, own=error <= RATE_ERROR, strikes=int(strikes.size)
    )


def _quotes(table: Table, expiry: int, am: bool, years: float, parity: Parity, least_delta: float) -> ExpiryQuotes:
    strikes, call_bid, call_ask, put_bid, put_ask = table
    call = strikes >= parity.forward
    bid, ask = np.where(call, call_bid, put_bid), np.where(call, call_ask, put_ask)
    right = np.where(call, 1.0, -1.0)
    good, status = usable(bid, ask)
    rejected: dict[str, int] = {}
    _count(rejected, ZERO_BID, int((~good & (status == 0)).sum()))
    for code in np.unique(status[status > 0]).tolist():
        _count(rejected, REASONS[code], int((status == code).sum()))
    mid, half = 0.5 * (bid + ask), 0.5 * (ask - bid)

    def drop(reason: str, bad: Bools) -> None:
        nonlocal good
        _count(rejected, reason, int((good & bad).sum()))
        good = good & ~bad

    drop(WIDE, half > WIDEST * np.maximum(mid, 1e-12))
    price = np.where(good, np.stack([bid, mid, ask]), np.nan)
    low, vol, high = (implied_vol(row, parity.forward, strikes, years, parity.discount, right) for row in price)
    drop(NO_VOL, ~np.isfinite(vol))
    delta = np.abs(black_greeks(parity.forward, strikes, years, parity.discount, np.where(good, vol, 0.1), right)[1])
    drop(FAR, delta < least_delta)
    kept = np.flatnonzero(good)
    return ExpiryQuotes(
        expiry=expiry,
        am=am,
        years=years,
        parity=parity,
        strike=strikes[kept],
        right=right[kept],
        mid=mid[kept],
        half=half[kept],
        vol=vol[kept],
        vol_half=0.5 * (high - low)[kept],
        delta=delta[kept],
        log_money=np.log(strikes[kept] / parity.forward),
        rejected=rejected,
    )


def _count(into: dict[str, int], reason: str, number: int) -> None:
    if number:
        into[reason] = into.get(reason, 0) + number


def require_expiries(quotes: ChainQuotes, least: int, form: str) -> None:
    """Raise :class:`DataInvalid` where fewer expiries are left than a form's coefficients need."""
    if len(quotes.expiries) < least:
        raise DataInvalid(
            f"{len(quotes.expiries)} expiries show a smile",
            where=f"{quotes.source}, session {iso(quotes.session)}, {form}",
            allowed=f"{least} at least",
            todo="use a chain with more expiries, or a form for one",
        )
