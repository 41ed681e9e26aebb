"""What a chain says about vol: mid smiles of its expiries, and the strikes and vols at which deltas lie.

Forward and discount are those of put-call parity, time is exact minutes from the quotes to settlement over 365 days, delta is
Black's on the forward, and of each strike the out-of-the-money option speaks, up to two zero bids in a row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import AlvhError
from alvh.kernels.black import black_price
from alvh.kernels.implied import implied_vol
from alvh.market.chain import QuotedChain
from alvh.market.history import Bools, Floats
from alvh.market.index_formulas import expiry_rows, friday_type, minutes_to_settlement, quote_minute
from alvh.market.strips import MINUTES_A_YEAR, parity_discount, usable

SPX_DAYS = (8, 62)
"""Calendar days to expiry that are scored (surfaces.md 2.3: Friday expiries of 8 to 62 days)."""
VIX_DAYS = (7, 121)
"""Days of the VIX expiries that are scored (surfaces.md 3)."""
CLOSE_MINUTE = 16 * 60
"""Later quotes count as of the close: the index levels are of the close, and so is the product's clock."""
LEAST_QUOTES = 12
"""Fewer out-of-the-money quotes do not show eleven deltas."""
FORWARD_BAND = 0.02
"""Strikes within 2 % of the forward are liquid on both sides: the median of their parity forwards shrugs off a bad quote."""
WIDE_SHARE, WIDE_D1 = 0.25, 1.7
"""Quotes are no market where the median half-spread of strikes with |d1| below 1.7 (deltas from 5 to 95) exceeds a quarter of the
vol. SPX chains have 0.2-7 % of it, VIX monthlies 1-4 %, VIX weeklies of 2019 17-48 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MidSmile:
    """One expiry's smile at mids: ``log_money`` = ln(K/F) ascending (n,), ``vol`` and ``half_spread_vol`` a year, fractions.

    ``years`` and ``days`` run from the quotes to settlement and from session to expiry; ``rejected`` counts quotes by reason.
    """

    expiry: int
    am: bool
    days: int
    years: float
    forward: float
    discount: float
    log_money: Floats
    vol: Floats
    half_spread_vol: Floats
    rejected: dict[str, int]

    def at(self, points: Floats, values: Floats | None = None) -> Floats:
        """Vol (or ``values``) at ``points`` = ln(K/F), linear between strikes; NaN beyond the last quoted strike."""
        found = np.interp(points, self.log_money, self.vol if values is None else values)
        outside = (points < self.log_money[0]) | (points > self.log_money[-1])
        return np.where(outside, np.nan, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiries:
    """The smiles of a chain, and the expiries that gave none with the reason in words."""

    smiles: tuple[MidSmile, ...]
    refused: tuple[tuple[int, str], ...]

    def rejected(self) -> dict[str, int]:
        """Quotes left out over all smiles, by reason."""
        total: dict[str, int] = {}
        for smile in self.smiles:
            for reason, count in smile.rejected.items():
                total[reason] = total.get(reason, 0) + count
        return total


def expiry_smiles(chain: QuotedChain) -> Expiries:
    """Mid smiles of the Friday-type expiries of an SPX chain, or of every expiry of a VIX chain, within the scored days.

    Raises :class:`DataInvalid` where the session is no session.
    """
    minute = min(quote_minute(chain), CLOSE_MINUTE)
    series = np.unique(np.stack([chain.expiry, chain.am.astype(np.int64)]), axis=1)
    expiry, am = series[0], series[1].astype(np.bool_)
    low, high = VIX_DAYS if chain.underlying == "VIX" else SPX_DAYS
    kept: Bools = (expiry - chain.session >= low) & (expiry - chain.session <= high)
    if chain.underlying != "VIX":
        kept &= friday_type(expiry, am)
    minutes = minutes_to_settlement(chain, minute, expiry, am)
    smiles, refused = [], []
    for i in np.flatnonzero(kept).tolist():
        try:
            found = _smile(chain, int(expiry[i]), bool(am[i]), float(minutes[i]) / MINUTES_A_YEAR)
        except AlvhError as error:
            refused.append((int(expiry[i]), error.what))
            continue
        if isinstance(found, str):
            refused.append((int(expiry[i]), found))
        else:
            smiles.append(found)
    return Expiries(smiles=tuple(smiles), refused=tuple(refused))


def deltas_to_points(smile: MidSmile, d1: Sequence[float]) -> Floats:
    """ln(K/F) at which the smile's own d1 has each value (NaN where no quoted strike reaches it), counted from the money out.

    d1 falls as the strike rises: +1.645 is the 5-delta put, -1.645 the 5-delta call.
    """
    deviation = smile.vol * math.sqrt(smile.years)
    own = -smile.log_money / deviation + 0.5 * deviation
    centre = int(np.searchsorted(smile.log_money, 0.0))
    out = np.full(len(d1), np.nan)
    for place, wanted in enumerate(d1):
        step = 1 if wanted < own[min(centre, own.size - 1)] else -1
        j = centre - 1 if step == 1 else centre
        while 0 <= j < own.size and 0 <= j + step < own.size:
            here, there = own[j], own[j + step]
            if min(here, there) <= wanted <= max(here, there):
                share = 0.0 if here == there else (wanted - here) / (there - here)
                out[place] = smile.log_money[j] + share * (smile.log_money[j + step] - smile.log_money[j])
                break
            j += step
    return out


def d1_of(delta: float, right: float) -> float:
    """d1 of the option whose Black forward delta has this size, ``right`` +1 call, -1 put."""
    return right * NormalDist().inv_cdf(delta)


def prices(smile: MidSmile, log_money: Floats, vol: Floats, right: Floats) -> Floats:
    """Undiscounted Black prices in points at ``log_money`` and ``vol`` on the smile's own forward."""
    strike = smile.forward * np.exp(log_money)
    return np.asarray(black_price(smile.forward, strike, smile.years, 1.0, vol, right), dtype=np.float64)


def _smile(chain: QuotedChain, expiry: int, am: bool, years: float) -> MidSmile | str:
    strikes, call_bid, call_ask, put_bid, put_ask = expiry_rows(chain, expiry, am)
    call_good, put_good = usable(call_bid, call_ask)[0], usable(put_bid, put_ask)[0]
    call_mid = np.where(call_good, 0.5 * (call_bid + call_ask), np.nan)
    put_mid = np.where(put_good, 0.5 * (put_bid + put_ask), np.nan)
    if not (call_good & put_good).any():
        return "no strike has both sides quoted"
    discount = parity_discount(strikes, call_mid, put_mid, years).value
    forward = _forward(strikes, call_mid, put_mid, discount)
    if not forward > 0.0:
        return f"the parity forward is {forward:g}"
    calls: Bools = strikes >= forward
    bid, ask = np.where(calls, call_bid, put_bid), np.where(calls, call_ask, put_ask)
    good = np.where(calls, call_good, put_good).astype(np.bool_)
    walked = _walk(bid, int(calls.argmax()) if calls.any() else calls.size)
    right = np.where(calls, 1.0, -1.0)
    half = 0.5 * (ask - bid)
    mid = bid + half
    vol = np.where(good, implied_vol(np.where(good, mid, np.nan), forward, strikes, years, discount, right), np.nan)
    kept = good & walked & (vol > 0.0)
    rejected = {
        "beyond two zero bids": int((~walked).sum()),
        "zero bid": int((walked & (bid == 0.0)).sum()),
        "missing side": int((walked & ~good & (bid != 0.0) & ~(ask < bid)).sum()),
        "bid above ask": int((walked & (ask < bid)).sum()),
        "no implied vol": int((good & walked & ~(vol > 0.0)).sum()),
    }
    if int(kept.sum()) < LEAST_QUOTES:
        return f"{int(kept.sum())} out-of-the-money quotes; {LEAST_QUOTES} at least are needed"
    low = implied_vol(np.where(kept, bid, np.nan), forward, strikes, years, discount, right)
    high = implied_vol(np.where(kept, ask, np.nan), forward, strikes, years, discount, right)
    spread = 0.5 * (high - low)[kept]
    wide = _wide(np.log(strikes[kept] / forward), vol[kept] * math.sqrt(years), spread / vol[kept])
    if wide > WIDE_SHARE:
        return f"the median half-spread is {100.0 * wide:.0f} % of the vol; at most {100.0 * WIDE_SHARE:.0f} % is a market"
    return MidSmile(
        expiry=expiry,
        am=am,
        days=expiry - chain.session,
        years=years,
        forward=forward,
        discount=discount,
        log_money=np.log(strikes[kept] / forward),
        vol=vol[kept],
        half_spread_vol=spread,
        rejected={reason: count for reason, count in rejected.items() if count},
    )


def _wide(log_money: Floats, deviation: Floats, share: Floats) -> float:
    """Median half-spread as a share of the vol near the money, 0 where no strike there has one."""
    d1 = -log_money / deviation + 0.5 * deviation
    near = share[(np.abs(d1) < WIDE_D1) & np.isfinite(share)]
    return float(np.median(near)) if near.size else 0.0


def _forward(strikes: Floats, call_mid: Floats, put_mid: Floats, discount: float) -> float:
    gap = call_mid - put_mid
    both = np.isfinite(gap)
    centre = strikes[both][np.argmin(np.abs(gap[both]))]
    near = both & (np.abs(strikes - centre) <= FORWARD_BAND * centre)
    return float(np.median(strikes[near] + gap[near] / discount))


def _walk(bid: Floats, first_call: int) -> Bools:
    """Strikes up to the first of two zero bids in a row on each side; a missing bid is no zero bid."""
    kept = np.ones(bid.size, dtype=np.bool_)
    for places in (range(first_call - 1, -1, -1), range(first_call, bid.size)):
        below, ended = 0, False
        for j in places:
            below = below + 1 if bid[j] == 0.0 else 0
            if below == 2:
                ended = True
            if ended:
                kept[j] = False
    return kept


def describe_refused(refused: Sequence[tuple[int, str]]) -> list[str]:
    """One line for each expiry that gave no smile."""
    return [f"expiry {iso(day)}: {why}" for day, why in refused]
