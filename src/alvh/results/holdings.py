"""What a run's ledger adds up to at any point: contracts held, by sleeve, layer and condor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alvh.core.days import to_date
from alvh.engine.ledger import Entry, Lot
from alvh.market.series import SeriesTable


class Holding(NamedTuple):
    """One contract held: ``quantity`` signed contracts, ``stranded`` of them without a bid when they were to be sold.

    ``layer`` is -1 for a condor, whose ``group`` is its number; ``right`` 0 is a future of the series' expiry.
    """

    layer: int
    group: int
    series: int
    strike: float
    right: int
    multiplier_usd: float
    quantity: int
    stranded: int

    @property
    def usd_per_point(self) -> float:
        """Dollars that a point of the mark is worth; 0 for a future, whose gain is paid in cash every day."""
        return self.quantity * self.multiplier_usd if self.right else 0.0


def holdings(entries: Sequence[Entry], lots: Mapping[int, Lot]) -> list[Holding]:
    """Contracts held after ``entries``, condors first, then layers, each by expiry and strike; ``lots`` by id."""
    count: dict[tuple[int, int, int, float, int, float], int] = {}
    waiting: dict[int, Lot] = {}
    for entry in entries:
        if entry.lot < 0:
            continue
        lot = lots[entry.lot]
        if entry.kind == "strand":
            waiting[lot.lot_id] = lot
        elif entry.quantity:
            key = _key(lot)
            count[key] = count.get(key, 0) + round(entry.quantity)
            waiting.pop(lot.lot_id, None)
    stranded: dict[tuple[int, int, int, float, int, float], int] = {}
    for lot in waiting.values():
        stranded[_key(lot)] = stranded.get(_key(lot), 0) + lot.quantity
    held = [Holding(*key, quantity, stranded.get(key, 0)) for key, quantity in count.items() if quantity]
    return sorted(held, key=lambda one: (one.layer, one.group, one.series, one.right, one.strike))


def _key(lot: Lot) -> tuple[int, int, int, float, int, float]:
    return lot.layer, lot.group, lot.series, lot.strike, lot.right, lot.multiplier_usd


def contract_name(series: SeriesTable, row: int, strike: float, right: int, future: str | None = None) -> str:
    """``VIX 2020-03-18 C 25``; ``VX 2020-03-18`` where ``right`` is 0 and ``future`` names the root, ``VXX`` for a fund."""
    if right == 0:
        return f"{future or 'VX'} {to_date(series.expiry[row]).isoformat()}"
    return series.label(row, strike, right)
