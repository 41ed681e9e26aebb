"""The overlay's roll: sell what must not stand, strike the new legs, size the package on what the book is worth, trade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.engine.book import Book
from alvh.engine.broker import Broker, Counters
from alvh.engine.ledger import OVERLAY_LAYER, Lot
from alvh.market.market import Legs, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.costing import tradable
from alvh.strategy.intents import Intent
from alvh.strategy.overlay_policy import Overlay, OverlayLeg
from alvh.strategy.overlay_rules import (
    band_share,
    choose_expiry,
    choose_paying_strike,
    choose_strike,
    premium_points,
    units_held,
    widest_wing,
)
from alvh.strategy.selection import CALL, PUT

Floats = NDArray[np.float64]
Contract = tuple[int, float, int]


@dataclass(slots=True, kw_only=True)
class OverlayDesk:
    """Carries out the rolls of one overlay; ``rolls`` counts them, ``bands_by_settlement`` those whose VX open was missing."""

    overlay: Overlay
    series: SeriesTable
    book: Book
    broker: Broker
    counters: Counters
    rolls: int = 0
    bands_by_settlement: int = 0

    def roll(self, snapshot: Snapshot, intent: Intent) -> None:
        """Roll at the prices of ``snapshot``; the whole package is struck on what the book is worth there."""
        self.rolls += 1
        reason = intent.reason.text
        for k, leg in enumerate(self.overlay.legs):
            if leg.cycle_months == 1:  # settled already, unless the roll comes early
                self.broker.close_lots(snapshot, self._lots(k), reason)
        contracts = self._choose(snapshot, reason)
        value = self._value(snapshot)
        legs = Legs.of(contracts)
        quotes = snapshot.quote(legs)
        if not tradable(quotes):
            self.counters.no_market += 1
            return
        quantity = np.array([leg.quantity for leg in self.overlay.legs])
        size = self.overlay.size
        premium = premium_points(quotes, quantity, self.broker.share(contracts[0][0]))
        if size.kind == "premium_share":
            units = self._share(snapshot, contracts[0][0]) * value / premium
        else:
            units = units_held(
                size,
                value,
                index=snapshot.spx if self.overlay.base.index == "per_unit" else 0.0,
                strikes_in_bills=self._in_bills(contracts, snapshot),
                premium=premium,
                width=widest_wing(legs, quantity),
            )
        for k, leg in enumerate(self.overlay.legs):
            multiplier = self.series.multiplier_usd(contracts[k][0])
            self._hold(snapshot, k, contracts[k], round(units * leg.quantity / multiplier), reason)
        self._hold_index(snapshot, units, reason)

    def _choose(self, snapshot: Snapshot, reason: str) -> list[Contract]:
        """Contract of every leg: a standing one stays, unless it lies above the strike of a new call and must be struck anew."""
        chosen: list[Contract | None] = []
        for k in range(len(self.overlay.legs)):
            held = self._lots(k)
            chosen.append((held[0].series, held[0].strike, held[0].right) if held else None)
        solved = [k for k, leg in enumerate(self.overlay.legs) if leg.strike.kind == "pays_for_rest"]
        for k, leg in enumerate(self.overlay.legs):
            if chosen[k] is None and k not in solved:
                row = choose_expiry(self.overlay, leg, self.series, snapshot)
                chosen[k] = self._strike(leg, row, snapshot)
        calls = [contract[1] for contract in chosen if contract is not None and contract[2] == CALL]
        for k, leg in enumerate(self.overlay.legs):
            contract = chosen[k]
            if leg.restrike_below_calls and contract is not None and calls and min(calls) < contract[1]:
                self.broker.close_lots(snapshot, self._lots(k), f"{reason}; struck anew below the call")
                chosen[k] = self._strike(leg, contract[0], snapshot)
        for k in solved:
            leg = self.overlay.legs[k]
            rest = [j for j in range(len(chosen)) if j not in solved]
            cost = premium_points(
                snapshot.quote(Legs.of([_known(chosen[j]) for j in rest])),
                np.array([self.overlay.legs[j].quantity for j in rest]),
                self.broker.share(_known(chosen[rest[0]])[0]),
            )
            row = choose_expiry(self.overlay, leg, self.series, snapshot)
            right = _right(leg)
            chosen[k] = (
                row,
                choose_paying_strike(leg, snapshot.slice(row, right), snapshot, self.broker.share(row), cost),
                right,
            )
        return [_known(contract) for contract in chosen]

    def _strike(self, leg: OverlayLeg, row: int, snapshot: Snapshot) -> Contract:
        right = _right(leg)
        chain = snapshot.slice(row, right)
        return row, choose_strike(leg, chain, chain.forward if self.overlay.root == "VIX" else snapshot.spx), right

    def _in_bills(self, contracts: list[Contract], snapshot: Snapshot) -> float:
        """Present value of the strike that bills stand for; 0 where none is named."""
        for leg, contract in zip(self.overlay.legs, contracts, strict=True):
            if leg.name == self.overlay.size.bills_for:
                return contract[1] * snapshot.discount(contract[0])
        return 0.0

    def _share(self, snapshot: Snapshot, row: int) -> float:
        if self.overlay.size.band_of == "spot_vix":
            return band_share(self.overlay.size.bands, snapshot.vix)
        level, measured = snapshot.future(row)
        self.bands_by_settlement += not measured
        return band_share(self.overlay.size.bands, level)

    def _hold(self, snapshot: Snapshot, k: int, contract: Contract, quantity: int, reason: str) -> None:
        """Trade the difference between what is held of a leg and ``quantity`` contracts."""
        lots = self._lots(k)
        change = quantity - sum(lot.quantity for lot in lots)
        if not change:
            return
        if lots and (change > 0) != (lots[0].quantity > 0):
            self.broker.close_lots(snapshot, lots, reason, abs(change))
            return
        legs = Legs.of([contract])
        self.broker.open_legs(snapshot, legs, snapshot.quote(legs), [change], layer=OVERLAY_LAYER, group=k, reason=reason)

    def _hold_index(self, snapshot: Snapshot, units: float, reason: str) -> None:
        base = self.overlay.base.index
        if base == "none":
            return
        target = units
        if base == "all":  # what is in cash now has no other use; the options are paid
            target = self.book.index_units + self.broker.ledger.cash_hedged_usd / snapshot.spx
        self.broker.trade_index(snapshot.index, target - self.book.index_units, snapshot.spx, reason)

    def _lots(self, k: int) -> list[Lot]:
        return [lot for lot in self.book.lots if lot.layer == OVERLAY_LAYER and lot.group == k and not lot.stranded]

    def _value(self, snapshot: Snapshot) -> float:
        arrays = self.book.arrays()
        marks = float(np.dot(arrays.usd, snapshot.mark(arrays.legs))) if len(arrays.usd) else 0.0
        return self.broker.ledger.cash_hedged_usd + self.book.index_units * snapshot.spx + marks


def _right(leg: OverlayLeg) -> int:
    return CALL if leg.right == "call" else PUT


def _known(contract: Contract | None) -> Contract:
    assert contract is not None  # every leg has one by then
    return contract
