"""Orders of a plan: what the engine would fill, as tickets with a limit, a walk-up and the worst price.

Each ticket is one contract, or a package of legs in one ratio. Prices are points per unit of the package; a package that is sold
has a credit. The policy's share of the half-spread is the price at which the backtest fills, and the worst that a ticket allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.ticks import tick_rule, tick_size
from alvh.engine.ledger import Entry, Lot
from alvh.market.market import Legs, Snapshot
from alvh.market.series import SeriesTable

MOST_STEPS: Final = 8
"""Prices of a walk at most: more would be a queue of cancels, so that the step widens to whole ticks instead."""
PACKAGE_TICK: Final = 0.05
"""Step of a net price of SPX legs (Cboe, SPX options product specification: complex orders in 0.05)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One leg that the engine filled: the lot, signed contracts, and the fill price per unit."""

    lot: Lot
    root: Root
    quantity: int
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One order. ``bid``, ``mid`` and ``ask`` are those of one unit bought; ``worst`` the highest price to pay or the lowest to
    take; ``walk`` the limits to try in turn, the first of them the limit to begin with. NaN where a leg has no market."""

    side: Literal["buy", "sell"]
    units: int
    trades: tuple[Trade, ...]
    bid: float
    mid: float
    ask: float
    worst: float
    walk: tuple[float, ...]
    tick: float
    source: str
    shown: float
    open_interest: float


def trades_of(entries: Sequence[Entry], lots: Sequence[Lot], roots: Sequence[Root], kind: str) -> list[Trade]:
    """The fills of one kind (``open`` or ``close``) among ledger entries; ``lots`` and ``roots`` by lot number."""
    by_id = {lot.lot_id: (lot, root) for lot, root in zip(lots, roots, strict=True)}
    return [
        Trade(lot=by_id[entry.lot][0], root=by_id[entry.lot][1], quantity=round(entry.quantity), price=entry.price)
        for entry in entries
        if entry.kind == kind
    ]


def ticket(snapshot: Snapshot, trades: Sequence[Trade]) -> Ticket:
    """One order for trades that belong together; trades of one contract are joined."""
    joined: dict[tuple[int, float, int], Trade] = {}
    for trade in trades:
        key = (trade.lot.series, trade.lot.strike, trade.lot.right)
        before = joined.get(key)
        quantity = trade.quantity + (0 if before is None else before.quantity)
        joined[key] = Trade(lot=trade.lot, root=trade.root, quantity=quantity, price=trade.price)
    legs_of_unit = list(joined.values())
    units = math.gcd(*(abs(trade.quantity) for trade in legs_of_unit))
    ratio = np.array([trade.quantity // units for trade in legs_of_unit], dtype=np.float64)
    legs = Legs.of([(trade.lot.series, trade.lot.strike, trade.lot.right) for trade in legs_of_unit])
    quotes = snapshot.quote(legs)
    low = float(np.dot(np.where(ratio > 0.0, quotes.bid, quotes.ask), ratio))
    high = float(np.dot(np.where(ratio > 0.0, quotes.ask, quotes.bid), ratio))
    mid = float(np.dot(quotes.mid, ratio))
    fill = float(np.dot([trade.price for trade in legs_of_unit], ratio))
    side: Literal["buy", "sell"] = "buy" if fill >= 0.0 else "sell"
    if side == "sell":
        low, mid, high, fill = -high, -mid, -low, -fill
    tick = _tick(legs_of_unit, snapshot.session, fill)
    walk = _walk(mid, fill, tick, side)
    shown = getattr(snapshot, "displayed", None)
    sizes, interest = (math.nan, math.nan) if shown is None or len(legs_of_unit) > 1 else _shown(shown(legs))
    return Ticket(
        side=side,
        units=units,
        trades=tuple(legs_of_unit),
        bid=low,
        mid=mid,
        ask=high,
        worst=walk[-1] if walk else math.nan,
        walk=walk,
        tick=tick,
        source=source_of(snapshot, legs),
        shown=sizes,
        open_interest=interest,
    )


def _shown(sizes: Any) -> tuple[float, float]:
    return float(sizes[0][0]), float(sizes[2][0])


def source_of(snapshot: Snapshot, legs: Legs) -> str:
    """Where the prices of legs come from: ``quote``, ``model``, ``settlement``, or ``mixed``."""
    of = getattr(snapshot, "mark_source", None)
    if of is None:
        return "model"
    found = sorted({str(word) for word in of(legs)})
    return found[0] if len(found) == 1 else "mixed"


def _tick(trades: Sequence[Trade], session: int, price: float) -> float:
    if len(trades) > 1 and trades[0].root in (Root.SPX, Root.SPXW):
        return PACKAGE_TICK
    return float(tick_size(tick_rule(trades[0].root, session), abs(price)))


def _walk(mid: float, fill: float, tick: float, side: str) -> tuple[float, ...]:
    """Limits from the mid to the price that the policy pays, in whole ticks; both rounded towards the maker of the order."""
    if not math.isfinite(mid + fill):
        return ()
    cents = round(100 * tick)
    if side == "buy":
        first, last = math.floor(round(100 * mid / cents, 6)), math.floor(round(100 * fill / cents, 6) + 0.5)
        step = 1
    else:
        first, last = math.ceil(round(100 * mid / cents, 6)), math.ceil(round(100 * fill / cents, 6) - 0.5)
        step = -1
    count = max((last - first) * step, 0)
    stride = max(math.ceil(count / (MOST_STEPS - 1)), 1)
    ticks = [first + step * k for k in range(0, count, stride)] + [first + step * count]
    return tuple(max(at, 0) * cents / 100.0 for at in ticks)


def leg_document(trade: Trade, series: SeriesTable) -> dict[str, Any]:
    """One leg: root, expiry, strike and right (null for a future), signed contracts to trade."""
    lot = trade.lot
    return {
        "root": trade.root.value,
        "expiry": iso(int(series.expiry[lot.series])),
        "strike": lot.strike if lot.right else None,
        "right": {1: "C", -1: "P"}.get(lot.right),
        "quantity": trade.quantity,
    }


def ticket_document(made: Ticket, series: SeriesTable) -> dict[str, Any]:
    """JSON of a ticket; a price that is not known is null."""

    def known(value: float) -> float | None:
        return round(value, 6) if math.isfinite(value) else None

    return {
        "side": made.side,
        "units": made.units,
        "legs": [leg_document(trade, series) for trade in made.trades],
        "limit": known(made.walk[0]) if made.walk else None,
        "walk": list(made.walk),
        "worst": known(made.worst),
        "tick": made.tick,
        "bid": known(made.bid),
        "mid": known(made.mid),
        "ask": known(made.ask),
        "price_source": made.source,
        "shown_at_bid": known(made.shown),
        "open_interest": known(made.open_interest),
    }


__all__ = ["Ticket", "Trade", "leg_document", "source_of", "ticket", "ticket_document", "trades_of"]
