"""Vol frames: bid and ask Black vols of the out-of-the-money option by expiry and strike, with the forward of each expiry.

The frame prints no discount, but quotes stand on ticks, so the discount of an expiry is the factor that puts all its prices
back on their ticks (:func:`tick_discount`); where none does, it is 1 and counted. A blank bid is a zero bid. The in-the-money
side of a two-sided strike is made from the same vols, so that put-call parity gives forward and discount back.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.core.expiries import spx_monthly_expiry, vix_monthly_expiry
from alvh.data.chains.raw import RawQuotes
from alvh.data.chains.symbols import Contracts
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, Table, read_table
from alvh.kernels.black import black_price
from alvh.market.history import Bools, Floats

NAME: Final = "vol frame"
HEADER: Final = "Expiry,Texp,Strike,Bid,Ask,Fwd,..."
DAYS_A_YEAR: Final = 365.25
"""Texp is whole calendar days over this (seen in every frame)."""
DAY_SLACK: Final = 0.02
"""Days by which Texp may miss a whole number: frames print it to 16 digits."""
HALF_TICK: Final = 0.025
TICKS: Final = (0.05, HALF_TICK, 0.01)
"""Coarser first: 0.05 for SPX and for VIX until November 2022, 0.01 for VIX since and for VIXW always (alvh.core.ticks); half of
0.05 where a frame takes the mean of an AM and a PM series, as on third Fridays."""
DISCOUNTS: Final = (0.75, 1.1)
"""Searched from here to here, times what a negative or a high rate makes of a long expiry: parity on a handful of strikes, which
is where a frame's forward and discount come from, was seen to give 0.81 for a VIX weekly of 19 days."""
RATES: Final = (-0.03, 0.20)
CHEAPEST: Final = 5
"""Prices that propose a discount; one of them may be off its tick."""
ON_TICK: Final = 0.01
"""Ticks by which a price may miss its tick: vols are printed to 16 digits, so true ones miss by less than a millionth."""
LEAST_SHARE: Final = 0.98
"""Share of an expiry's prices that must stand on ticks; right factors were seen to put 99.8 % and more there, wrong ones 95 %."""
_UNDERLYING: Final = re.compile(r"(?:^|[^A-Z])(SPX|VIX)(?:[^A-Z]|$)")


def looks_like(header: tuple[str, ...]) -> bool:
    """Time to expiry and forward beside a strike."""
    return {"texp", "fwd", "strike"} <= set(header)


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """The one session of the file, which is Texp before each expiry; the file's name says SPX or VIX.

    Errors (:class:`DataInvalid`): a missing column, no underlying in the name, rows of more than one session, a value outside its
    domain.
    """
    underlying = _underlying(source)
    table = read_table(source, looks_like, expected=HEADER, required=("expiry", "bid", "ask"))
    expiry, strike, forward, years = table.days("expiry"), table.floats("strike"), table.floats("fwd"), table.floats("texp")
    bid_vol, ask_vol = table.floats("bid", blank=True), table.floats("ask", blank=True)
    session = _session(table, expiry, years)
    line = np.array(table.lines, dtype=np.int64)
    _check(table, (strike > 0.0) & (forward > 0.0) & (years > 0.0), "strike, forward or time at or below zero")
    _check(table, ~(bid_vol < 0.0) & ~(ask_vol < 0.0), "vol below zero")
    two_sided = ~np.isnan(bid_vol) & ~np.isnan(ask_vol)
    right = np.where(strike < forward, -1.0, 1.0)
    out_bid = np.where(np.isnan(bid_vol), 0.0, _price(forward, strike, years, bid_vol, right))
    out_ask = _price(forward, strike, years, ask_vol, right)
    restored = _restored(expiry, years, out_bid, out_ask)
    unfitted, halved = restored.unfitted, restored.halved
    if unfitted:
        todo = "a discount of 1 was taken: its prices are forward values"
        log.note("warning", source.label, "expiry whose prices fit no tick", count=len(unfitted), examples=unfitted, todo=todo)
    if halved:
        todo = "kept; half ticks show that the frame takes the mean of an AM and a PM series"
        log.note("info", source.label, "expiry on half ticks", count=len(halved), examples=halved, todo=todo)
    in_bid, in_ask = ((restored.discount * _price(forward, strike, years, vol, -right))[two_sided] for vol in (bid_vol, ask_vol))
    todo = "parity gives the forward back"
    log.note("info", source.label, "in-the-money row made from the vols of its strike", count=int(two_sided.sum()), todo=todo)
    rows = np.concatenate([np.arange(line.size), np.flatnonzero(two_sided)])
    nothing = np.full(rows.size, np.nan)
    return [
        RawQuotes(
            label=source.label,
            layout=NAME,
            session=session,
            minute=None,
            spot=np.nan,
            contracts=Contracts(
                root=_roots(underlying, expiry)[rows],
                expiry=expiry[rows],
                strike=strike[rows],
                right=np.concatenate([right, -right[two_sided]]),
            ),
            bid=np.concatenate([restored.bid, in_bid]),
            ask=np.concatenate([restored.ask, in_ask]),
            volume=nothing,
            open_interest=nothing,
            rank=np.zeros(rows.size, dtype=np.int64),
            line=line[rows],
        )
    ]


def tick_discount(price: Floats, years: float) -> tuple[float, float] | None:
    """(discount, tick) of undiscounted prices (rows,) in points that stood on ticks; None where no factor puts 98 % on them.

    A cheap price is a few ticks, so it leaves a handful of candidates; all prices decide between them, and of equals (all prices
    may be even ticks) the one nearest to 1 is taken.
    """
    positive = np.sort(price[price > 0.0])
    cheapest = np.unique(positive)[:CHEAPEST]
    low, high = (bound * math.exp(-rate * years) for bound, rate in zip(DISCOUNTS, reversed(RATES), strict=True))
    for tick in TICKS:
        steps = [np.arange(max(1.0, math.ceil(low * one / tick)), math.floor(high * one / tick) + 1.0) for one in cheapest]
        factors = np.concatenate([count * tick / one for count, one in zip(steps, cheapest, strict=True)] or [np.empty(0)])
        if not factors.size:
            continue
        count = positive[:, None] * factors / tick
        share = (np.abs(count - np.round(count)) <= ON_TICK).mean(axis=0)
        if share.max() >= LEAST_SHARE:
            equal = factors[share == share.max()]
            return float(equal[np.argmin(np.abs(np.log(equal)))]), tick
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Restored:
    """Discount, bid and ask (rows,) in points, and the expiries that fit no tick or half ticks alone."""

    discount: Floats
    bid: Floats
    ask: Floats
    unfitted: tuple[str, ...]
    halved: tuple[str, ...]


def _restored(expiry: DayArray, years: Floats, bid: Floats, ask: Floats) -> _Restored:
    discount, out_bid, out_ask = np.ones(expiry.size), bid.copy(), ask.copy()
    unfitted, halved = [], []
    for day in np.unique(expiry).tolist():
        rows = expiry == day
        both = np.concatenate([bid[rows], ask[rows]])
        found = tick_discount(both[np.isfinite(both)], float(years[rows][0]))
        if found is None:
            unfitted.append(iso(day))
            continue
        factor, tick = found
        if tick == HALF_TICK:
            halved.append(iso(day))
        discount[rows] = factor
        for side in (out_bid, out_ask):
            side[rows] = _on_ticks(factor * side[rows], tick)
    return _Restored(discount=discount, bid=out_bid, ask=out_ask, unfitted=tuple(unfitted), halved=tuple(halved))


def _on_ticks(price: Floats, tick: float) -> Floats:
    """Prices put on the tick that they miss by rounding alone; others stay."""
    count = price / tick
    whole = np.round(count)
    return np.where(np.abs(count - whole) <= ON_TICK, np.round(whole * tick, 3), price)


def _underlying(source: SourceText) -> str:
    found = _UNDERLYING.search(source.stem.upper())
    if found is None:
        raise DataInvalid(
            "the frame does not say whether its options are SPX's or VIX's",
            where=source.label,
            allowed="a file name with SPX or VIX in it, as in SPX_ivols_20230215.csv",
            todo="rename the file",
        )
    return found.group(1)


def _session(table: Table, expiry: DayArray, years: Floats) -> int:
    days = years * DAYS_A_YEAR
    whole = np.round(days)
    _check(table, np.abs(days - whole) <= DAY_SLACK, f"Texp that is no whole number of days over {DAYS_A_YEAR}")
    sessions = expiry - whole.astype(np.int64)
    _check(table, sessions == sessions[0], "Texp counted from another day than the first row's")
    return int(sessions[0])


def _check(table: Table, good: Bools, what: str) -> None:
    if not good.all():
        first = int(np.flatnonzero(~good)[0])
        raise DataInvalid(
            f"{what} in {int((~good).sum())} rows",
            where=f"{table.label}, line {table.lines[first]}",
            allowed="vols of zero or more, strike, forward and Texp above zero, all Texp from one session",
            todo="correct the rows, or make the frame again",
        )


def _price(forward: Floats, strike: Floats, years: Floats, vol: Floats, right: Floats) -> Floats:
    return black_price(forward, strike, years, 1.0, vol, right)


def _roots(underlying: str, expiry: DayArray) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    """The monthly root on the monthlies' days and the weekly root on the others."""
    rule = vix_monthly_expiry if underlying == "VIX" else spx_monthly_expiry
    months = expiry.astype("datetime64[D]").astype("datetime64[M]")
    monthly = rule(trading_calendar(), months) == expiry
    pair = (Root.VIX, Root.VIXW) if underlying == "VIX" else (Root.SPX, Root.SPXW)
    return np.where(monthly, str(pair[0]), str(pair[1]))
