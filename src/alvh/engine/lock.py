"""Futures sold against calls (R70): how many the calls that are left still stand against."""

from __future__ import annotations

from collections.abc import Sequence

from alvh.engine.ledger import Lot


def over_locked(lots: Sequence[Lot], calls_left: int) -> int:
    """Futures among a layer's lots that ``calls_left`` of its calls no longer stand against; they must be bought back first."""
    futures = [lot for lot in lots if lot.is_future and lot.quantity < 0]
    calls = [lot for lot in lots if not lot.is_future and lot.quantity > 0]
    if not futures or not calls:
        return 0
    per_future = round(futures[0].multiplier_usd / calls[0].multiplier_usd)
    return max(-sum(lot.quantity for lot in futures) - calls_left // per_future, 0)
