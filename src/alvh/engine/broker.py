"""Fills: a stated share of the half-spread per leg, fees by date, no fill without a market and none below zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from alvh.core.contracts import SPECS, Root
from alvh.engine.book import Book
from alvh.engine.ledger import CASH, CONDOR, HEDGE, OVERLAY, OVERLAY_LAYER, RESERVE, Entry, EntryKind, Ledger, Lot
from alvh.market.market import Legs, Quotes, Snapshot
from alvh.market.series import SHARE, SeriesTable
from alvh.strategy.costing import fill_prices, tradable
from alvh.strategy.policy import Costs


@dataclass(slots=True)
class Counters:
    """What a run counts beside its money."""

    stranded: int = 0
    no_market: int = 0
    small_account: int = 0
    rolls: dict[int, int] = field(default_factory=dict)
    empty_windows: dict[int, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    off_schedule: dict[int, int] = field(default_factory=dict)
    held_back: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Broker:
    """Turns orders into ledger entries and lots.

    By layer index: ``minis`` trade VXM instead of VX futures, ``reserves`` are paid for by realised gains and stand in a ledger
    sleeve of their own.
    """

    series: SeriesTable
    costs: Costs
    fee_usd: Callable[[Root, int], float]
    ledger: Ledger
    book: Book
    counters: Counters
    minis: frozenset[int] = frozenset()
    reserves: frozenset[int] = frozenset()
    next_lot: int = 0

    def share(self, row: int) -> float:
        """Share of the half-spread that a leg of this series pays."""
        pct = self.costs.vix_spread_share_pct if self.series.is_vix[row] else self.costs.spx_spread_share_pct
        return pct / 100.0

    def root(self, row: int, right: int, layer: int) -> Root:
        """Root of what is traded: the series', or for a future VX or VXM."""
        if right:
            return self.series.roots[row]
        return Root.VXM if layer in self.minis else Root.VX

    def fee(self, root: Root, session: int) -> float:
        return self.fee_usd(root, session) if self.costs.fees else 0.0

    def terms(self, row: int, right: int, layer: int, mid: float, session: int) -> tuple[float, float]:
        """Dollars a point and fee of one contract; of a fund a contract is a dollar at ``mid``, and no commission is paid."""
        if right == SHARE:
            return 1.0 / mid, 0.0
        root = self.root(row, right, layer)
        return SPECS[root].multiplier_usd, self.fee(root, session)

    def open_legs(
        self,
        snapshot: Snapshot,
        legs: Legs,
        quotes: Quotes,
        quantity: list[int],
        *,
        layer: int,
        group: int,
        reason: str,
    ) -> list[Lot]:
        """Open every leg of an order, or none where a leg has no two-sided market; returns the new lots."""
        if not tradable(quotes):
            self.counters.no_market += 1
            return []
        sign = np.sign(np.array(quantity, dtype=np.float64))
        price = fill_prices(quotes, sign, self.share(int(legs.series[0])))
        lots = []
        for k, lot_quantity in enumerate(quantity):
            row, right = int(legs.series[k]), int(legs.right[k])
            multiplier, fee = self.terms(row, right, layer, float(quotes.mid[k]), snapshot.session)
            fees = fee * abs(lot_quantity)
            lot = Lot(
                lot_id=self._lot_id(),
                layer=layer,
                group=group,
                series=row,
                strike=float(legs.strike[k]),
                right=right,
                quantity=lot_quantity,
                multiplier_usd=multiplier,
                open_index=snapshot.index,
                open_mid=float(quotes.mid[k]),
                open_price=float(price[k]),
                open_fees_usd=fees,
                open_reason=reason,
            )
            self.book.add(lot)
            lots.append(lot)
            self._record(snapshot.index, "open", lot, lot_quantity, lot.open_price, lot.open_mid, fees, reason)
        return lots

    def close_lots(self, snapshot: Snapshot, lots: list[Lot], reason: str, quantity: int | None = None) -> int:
        """Close lots, oldest first, ``quantity`` contracts at most; returns the contracts closed.

        A long option whose bid is below one tick gets nothing and pays no fee: it is stranded and waits for its settlement.
        A short leg is always bought back.
        """
        if not lots:
            return 0
        legs = Legs.of([(lot.series, lot.strike, lot.right) for lot in lots])
        quotes = snapshot.quote(legs)
        sign = -np.sign(np.array([lot.quantity for lot in lots], dtype=np.float64))
        price = fill_prices(quotes, sign, self.share(lots[0].series))
        left = abs(quantity) if quantity is not None else None
        closed = 0
        for k, lot in enumerate(lots):
            if left is not None and left <= 0:
                break
            if lot.quantity > 0 and lot.right and quotes.bid[k] < quotes.tick[k]:
                part = lot
                if left is not None and lot.quantity > left:  # only what was to be sold is stranded, the rest stays
                    part = lot.split(left, self._lot_id())
                    self.book.add(part)
                self._strand(snapshot.index, part, reason)
                if left is not None:
                    left -= part.quantity
                continue
            if not quotes.ask[k] > quotes.bid[k]:
                self.counters.no_market += 1
                continue
            part = lot
            if left is not None and abs(lot.quantity) > left:
                part = lot.split(left if lot.quantity > 0 else -left, self._lot_id())
                self.book.track_split(part)
            else:
                self.book.remove(lot)
            fee = self.terms(part.series, part.right, part.layer, float(quotes.mid[k]), snapshot.session)[1]
            fees = fee * abs(part.quantity)
            part.close_index, part.close_kind, part.close_reason = snapshot.index, "closed", reason
            part.close_mid, part.close_price, part.close_fees_usd = float(quotes.mid[k]), float(price[k]), fees
            self._record(snapshot.index, "close", part, -part.quantity, part.close_price, part.close_mid, fees, reason)
            closed += abs(part.quantity)
            if left is not None:
                left -= abs(part.quantity)
        return closed

    def strand(self, index: int, lots: list[Lot], reason: str) -> None:
        """Leave lots that could not be closed to their settlement; they count in no layer any more."""
        for lot in lots:
            self._strand(index, lot, reason)

    def settle(self, index: int, lot: Lot, value: float, source: str) -> None:
        """Cash-settle a lot at a settlement value; no fee."""
        payoff = max(lot.right * (value - lot.strike), 0.0) if lot.right else value
        self.book.remove(lot)
        lot.close_index, lot.close_kind, lot.close_reason = index, "settled", f"settled at {value:.2f} ({source})"
        lot.close_mid, lot.close_price, lot.settlement_source = payoff, payoff, source
        self._record(index, "settle", lot, -lot.quantity, payoff, payoff, 0.0, lot.close_reason)

    def vary(self, index: int, lot: Lot, mark: float) -> None:
        """Pay the variation of a future up to ``mark``."""
        usd = lot.quantity * lot.multiplier_usd * (mark - lot.marked)
        lot.marked = mark
        if usd:
            sleeve = self._sleeve(lot)
            self._record_cash(index, "variation", sleeve, usd, 0.0, "variation", price=mark, layer=lot.layer, lot=lot.lot_id)

    def interest(self, index: int, hedged_usd: float, unhedged_usd: float) -> None:
        """Book interest on both accounts."""
        reason = "interest on the previous close's balance"
        self._record_cash(index, "interest", CASH, hedged_usd, unhedged_usd, reason)

    def trade_index(self, index: int, units: float, price: float, reason: str) -> None:
        """Buy (sell below zero) index units at ``price``, without cost."""
        if units == 0.0:
            return
        self.book.index_units += units
        usd = -units * price
        self._record_cash(index, "index", OVERLAY, usd, usd, reason, quantity=units, price=price)

    def dividend(self, index: int, points: float) -> None:
        """Pay the session's dividend of ``points`` on each index unit held."""
        usd = self.book.index_units * points
        if usd:
            self._record_cash(index, "dividend", OVERLAY, usd, usd, "dividends on index units", price=points)

    def _record_cash(
        self,
        index: int,
        kind: EntryKind,
        sleeve: str,
        usd: float,
        unhedged_usd: float,
        reason: str,
        *,
        quantity: float = 0.0,
        price: float = 0.0,
        layer: int = -1,
        lot: int = -1,
    ) -> None:
        self.ledger.append(
            Entry(
                market_row=index,
                kind=kind,
                sleeve=sleeve,
                layer=layer,
                group=-1,
                lot=lot,
                quantity=quantity,
                price=price,
                mid=price,
                slippage_usd=0.0,
                fees_usd=0.0,
                cash_usd=usd,
                cash_unhedged_usd=unhedged_usd,
                reason=reason,
            )
        )

    def _sleeve(self, lot: Lot) -> str:
        if lot.layer in self.reserves:
            return RESERVE
        return HEDGE if lot.layer >= 0 else OVERLAY if lot.layer == OVERLAY_LAYER else CONDOR

    def _lot_id(self) -> int:
        self.next_lot += 1
        return self.next_lot - 1

    def _strand(self, index: int, lot: Lot, reason: str) -> None:
        if lot.stranded:
            return
        lot.stranded = True
        self.counters.stranded += 1
        self._record(index, "strand", lot, 0, 0.0, 0.0, 0.0, f"no bid: {reason}")

    def _record(
        self, index: int, kind: EntryKind, lot: Lot, quantity: int, price: float, mid: float, fees: float, reason: str
    ) -> None:
        usd = quantity * lot.multiplier_usd
        paid = price - lot.marked if lot.is_future else price  # a future costs what it is traded away from its last mark
        cash = -usd * paid - fees + 0.0  # no minus zero in the record
        self.ledger.append(
            Entry(
                market_row=index,
                kind=kind,
                sleeve=self._sleeve(lot),
                layer=lot.layer,
                group=lot.group,
                lot=lot.lot_id,
                quantity=quantity,
                price=price,
                mid=mid,
                slippage_usd=usd * (price - mid) + 0.0,
                fees_usd=fees,
                cash_usd=cash,
                cash_unhedged_usd=cash if lot.layer < 0 else 0.0,
                reason=reason,
            )
        )
