"""Layer intents carried out: roll, resize, trim or lock a layer, under the limits on spreads, capital and the reserve."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from alvh.core.contracts import SPECS, VXM_SINCE, Root
from alvh.core.days import iso, to_day
from alvh.engine.book import Book
from alvh.engine.book_limits import BookLimits
from alvh.engine.break_even_strike import BreakEvenStrike
from alvh.engine.broker import Broker
from alvh.engine.desk_log import DeskLog, RollLine
from alvh.engine.hedge_size import Contract, HedgeSizer
from alvh.engine.lock import over_locked
from alvh.engine.mixed_size import MixedSizer
from alvh.engine.reserve import Reserve
from alvh.market.market import Legs, Quotes, Snapshot
from alvh.market.series import SHARE, SeriesTable
from alvh.risk.margin.rules import VX_MARGIN, VXM_MARGIN
from alvh.strategy.costing import fill_prices, tradable
from alvh.strategy.intents import Intent
from alvh.strategy.limits import spread_refusal
from alvh.strategy.policy import Policy
from alvh.strategy.selection import FUTURE, ExpiryChoice, LayerLegs, choose_layer_expiry, choose_layer_legs
from alvh.strategy.sizing import book_readings, ladders, whole


@dataclass(slots=True, kw_only=True)
class LayerDesk:
    """Carries out intents on layers. What :class:`~alvh.engine.orders.Desk` sets for a close: which layers roll, which rules of
    the steward hold, each layer's factor, and which choose in the window after their own."""

    policy: Policy
    series: SeriesTable
    book: Book
    broker: Broker
    log: DeskLog
    reserve: Reserve
    sizer: HedgeSizer | None = None
    mixed: MixedSizer | None = None
    limits: BookLimits | None = None
    break_even: BreakEvenStrike | None = None
    rolling: set[int] = field(default_factory=set)
    active: frozenset[str] = frozenset()
    factors: tuple[float, ...] = ()
    shifted: tuple[bool, ...] = ()

    def carry_out(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        """Do what an intent asks of its layer, or record why not."""
        if intent.kind == "trim_layer":
            self._trim(snapshot, intent)
        elif intent.kind == "lock_layer":
            self._lock(snapshot, intent)
        elif intent.kind == "resize_layer":
            self._resize(snapshot, intent, capital_usd)
        else:
            self._roll(snapshot, intent, capital_usd)
            self.rolling.discard(intent.layer)

    # ------------------------------------------------------------------------------------------------- what a layer holds

    def _target(self, snapshot: Snapshot, k: int, capital_usd: float) -> int:
        hedge = self.policy.hedge
        factor = self.factors[k] if self.factors else 1.0
        if self.sizer is not None:
            contracts = [self._contract(snapshot, j) for j in range(len(hedge.layers))]
            solved = self.sizer.quantity(snapshot, contracts, k, capital_usd)
            return solved if factor == 1.0 else whole(factor * solved)
        condors = self.book.planned_condors(snapshot.session) if hedge.size.reference == "planned" else self.book.condors.values()
        count = ladders(hedge.size, book_readings(condors, snapshot.spx)) * factor
        if self.mixed is None:
            return whole(hedge.layers[k].ratio * count)
        contract = self._contract(snapshot, k)
        return 0 if contract is None else whole(self.mixed.units(snapshot, count, k, contract))

    def _contract(self, snapshot: Snapshot, k: int) -> Contract | None:
        """What a layer holds once this session's rolls are done: its contract, or what it rolls into or would open."""
        state = self.book.layers[k]
        held = state.series
        if held is not None and k not in self.rolling and int(self.series.expiry[held]) > snapshot.session:
            return held, state.legs
        row = self._expiry(snapshot, k).series
        if row is None:
            return None
        if row == held and self.policy.hedge.layers[k].same_expiry == "keep":
            return row, state.legs
        legs = self._legs(snapshot, k, row)
        return None if legs is None else (row, legs)

    def _expiry(self, snapshot: Snapshot, k: int) -> ExpiryChoice:
        hedge = self.policy.hedge
        return choose_layer_expiry(
            snapshot,
            self.series,
            hedge.layers[k],
            hedge.fallback_min_dte,
            self.book.layers[k].series,
            roots=self.policy.condor.roots if hedge.layers[k].instrument == "spx_put_spreads" else (),
            shifted=bool(self.shifted) and self.shifted[k],
        )

    def _legs(self, snapshot: Snapshot, k: int, row: int) -> LayerLegs | None:
        layer = self.policy.hedge.layers[k]
        moneyness = self.book.layers[k].moneyness if layer.restrike == "same_moneyness" else None
        return choose_layer_legs(snapshot, row, layer, self.policy.hedge, moneyness)

    # ----------------------------------------------------------------------------------------------------------- intents

    def _trim(self, snapshot: Snapshot, intent: Intent) -> None:
        k = intent.layer
        quantity = whole(self.book.layer_quantity(k) * intent.fraction)
        if quantity > 0:
            old = self._label(k)
            self._sell(snapshot, k, intent.reason.text, quantity)
            self._line(snapshot, intent, "trim", old, old, -quantity, False)
        self._release(k)

    def _lock(self, snapshot: Snapshot, intent: Intent) -> None:
        """Sell the VX future against calls where that pays more than selling them (R70): what is left is worth a put."""
        k, state = intent.layer, self.book.layers[intent.layer]
        if state.series is None or self.policy.hedge.layers[k].instrument != "vix_calls":
            return
        row, strike = state.series, state.legs[0][0]
        legs = Legs.of([(row, strike, state.legs[0][1]), (row, 0.0, FUTURE)])
        quotes = snapshot.quote(legs)
        root = Root.VXM if k in self.broker.minis else Root.VX
        per_future = round(SPECS[root].multiplier_usd / self.series.multiplier_usd(row))
        short = -sum(lot.quantity for lot in self.book.layer_lots(k) if lot.is_future)
        futures = self.book.layer_quantity(k) // per_future - short
        name = self.policy.hedge.layers[k].name
        if root == Root.VXM and snapshot.session < to_day(VXM_SINCE):
            self.log.refuse(snapshot, "R70", f"{name}: VXM are not listed before {VXM_SINCE}")
            return
        if futures <= 0:
            self.log.refuse(snapshot, "R70", f"{name}: fewer calls than one {root} future stands against ({per_future})")
            return
        if not tradable(quotes):
            self.log.refuse(snapshot, "R70", f"{name}: the calls or the future have no two-sided market")
            return
        price = fill_prices(quotes, np.array([-1.0, -1.0]), self.broker.share(row))
        fees = [self.broker.fee(each, snapshot.session) for each in (self.series.roots[row], root)]
        sold = price[0] - fees[0] / self.series.multiplier_usd(row)
        locked = (price[1] - strike) * snapshot.discount(row) - fees[1] / SPECS[root].multiplier_usd
        margin = {Root.VX: VX_MARGIN, Root.VXM: VXM_MARGIN}[root].initial_usd
        both = (
            f"the calls bring {sold:.2f} points after fees, the {root} future locks {locked:.2f} and leaves a put, "
            f"for ${margin:,.0f} of margin a future (assumed)"
        )
        if locked <= sold:
            self.log.refuse(snapshot, "R70", f"{name}: {both}")
            return
        reason = f"{intent.reason.text}; {both}"
        future = snapshot.quote(Legs.of([(row, 0.0, FUTURE)]))
        chosen = Legs.of([(row, 0.0, FUTURE)])
        self.broker.open_legs(snapshot, chosen, future, [-futures], layer=k, group=-1, reason=reason)
        self._line(snapshot, intent, "lock", self._label(k), self._label(k), -futures, False)

    def _resize(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        k = intent.layer
        row, target = self.book.layers[k].series, self._target(snapshot, k, capital_usd)
        off = abs(target - self.book.layer_quantity(k))
        if row is not None and (intent.dead_band == 0.0 or off > intent.dead_band * target):
            self._change_quantity(snapshot, intent, row, target, "resize", False, capital_usd)

    def _roll(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        k = intent.layer
        layer, state, counters = self.policy.hedge.layers[k], self.book.layers[k], self.log.counters
        held, target = state.series, self._target(snapshot, k, capital_usd)
        old = self._label(k)
        choice = self._expiry(snapshot, k)
        if not intent.first:
            counters.rolls[k] = counters.rolls.get(k, 0) + 1
        if choice.fallback:
            counters.empty_windows[k] = counters.empty_windows.get(k, 0) + 1
        row = choice.series
        if row is None and layer.is_share:
            self.log.refuse(snapshot, "R07", f"{layer.name}: {layer.etp} has no price at this close")
        if row is not None and row == held and layer.same_expiry == "keep" and not layer.is_share:
            self._change_quantity(snapshot, intent, row, target, "keep", choice.fallback, capital_usd)
            return
        units = self._legs(snapshot, k, row) if row is not None and target > 0 else None
        if units is not None and row is not None:
            if self.break_even is not None and layer.restrike == "match_break_even":
                units = ((self.break_even.strike(snapshot, k, row, target, units[0][0]), *units[0][1:]),)
            legs = unit_legs(row, units)
            quotes = snapshot.quote(legs)
            refusal = spread_refusal(self.policy.limits, "hedge", quotes, np.full(len(units), float(target)))
            if refusal is not None:
                self.log.refuse(snapshot, refusal.rule, f"{layer.name}: {refusal.text}")
                limit = self.policy.limits.spread
                if held is None or (limit is not None and limit.on_roll == "keep" and not intent.deadline):
                    return
                units = None
        if units is not None and row is not None:
            target = self._allowed(snapshot, k, row, units, quotes, target, capital_usd, rolled=True)
            if target <= 0:  # nothing may be bought: what is held is kept where it can be
                if held is not None and not intent.deadline:
                    return
                units = None
        if not self._sell(snapshot, k, intent.reason.text):
            if not intent.deadline:
                self.log.refuse(snapshot, "fill", f"{layer.name}: what is held has no market, so that nothing new is opened")
                return
            self.broker.strand(snapshot.index, self.book.layer_lots(k), intent.reason.text)
        state.series = None
        if units is None or row is None:
            self._line(snapshot, intent, "close" if old else "none", old, "", 0, choice.fallback)
            return
        count = [sign * target for _, _, sign in units]
        lots = self.broker.open_legs(snapshot, legs, quotes, count, layer=k, group=-1, reason=intent.reason.text)
        if lots:
            state.series, state.legs = row, units
            state.moneyness = units[0][0] / float(quotes.forward[0])
            self._line(snapshot, intent, "open" if intent.first else "roll", old, self._label(k), target, choice.fallback)

    def keep_neutral(self, snapshot: Snapshot, active: frozenset[str], capital_usd: float) -> None:
        """Bring the book inside its bounds (R44) by the smallest trade in one layer, or record that none does."""
        limit = self.policy.limits.neutrality
        if self.limits is None or limit is None or limit.on_breach != "trade":
            return
        self.active = active
        reason = self.limits.outside(snapshot, capital_usd)
        if reason is None:
            return
        trade = self.limits.smallest_trade(snapshot, capital_usd)
        if trade is None:
            self.log.refuse(snapshot, "R44", f"{reason.text}, and no trade in one layer brings it inside")
            return
        k, change = trade
        row = self.book.layers[k].series
        if row is not None:
            intent = Intent(kind="resize_layer", reason=reason, layer=k, scheduled=False)
            target = self.book.layer_quantity(k) + change
            self._change_quantity(snapshot, intent, row, target, "neutral", False, capital_usd)

    # ----------------------------------------------------------------------------------------------------------- trades

    def _allowed(
        self,
        snapshot: Snapshot,
        k: int,
        row: int,
        units: LayerLegs,
        quotes: Quotes,
        wanted: int,
        capital_usd: float,
        *,
        rolled: bool,
    ) -> int:
        """What the reserve (R47) and the steward's caps (R46) leave of a purchase; a cut is counted.

        ``rolled``: what the layer holds is sold first.
        """
        name, price_usd = self.policy.hedge.layers[k].name, 0.0
        if units[0][1] != FUTURE:  # a future is margined, not paid for
            unit_usd = self.broker.terms(row, units[0][1], k, float(quotes.mid[0]), snapshot.session)[0]
            price_usd = float(np.dot(quotes.mid, [sign for _, _, sign in units])) * unit_usd
        what = "dollars" if units[0][1] == SHARE else "contracts"
        if k in self.broker.reserves and price_usd > 0.0:
            price_usd = self._cost_usd(snapshot, k, row, units, quotes)
            back = self._value_usd(snapshot, k) if rolled else 0.0
            most = max(int((self.reserve.left_usd(k) + back) / price_usd + 1e-9), 0)
            if most < wanted:
                self.log.refuse(snapshot, "R47", f"{name}: {wanted} {what} are cut to {most}: realised gains pay for no more")
                wanted = most
        if self.limits is None:
            return wanted
        most, reason = self.limits.most_bought(
            snapshot,
            price_usd,
            wanted,
            replaced=self._replaced(snapshot, k, units) if rolled else 0,
            sold_layer=k if rolled else None,
            active=self.active,
            capital_usd=capital_usd,
        )
        if most < wanted:
            self.log.refuse(snapshot, "R46", f"{name}: {wanted} {what} are cut to {most}: {reason}")
        return most

    def _replaced(self, snapshot: Snapshot, k: int, units: LayerLegs) -> int:
        """Units that a roll sells: contracts, or of a fund the dollars that it is worth now."""
        return int(self._value_usd(snapshot, k)) if units[0][1] == SHARE else self.book.layer_quantity(k)

    def _cost_usd(self, snapshot: Snapshot, k: int, row: int, units: LayerLegs, quotes: Quotes) -> float:
        """Dollars that one unit costs as it is filled, with its fees."""
        signs = np.array([sign for _, _, sign in units], dtype=np.float64)
        unit_usd, fee = self.broker.terms(row, units[0][1], k, float(quotes.mid[0]), snapshot.session)
        price = float(np.dot(fill_prices(quotes, signs, self.broker.share(row)), signs))
        return price * unit_usd + len(units) * fee

    def _value_usd(self, snapshot: Snapshot, k: int) -> float:
        lots = [lot for lot in self.book.layer_lots(k) if lot.right]
        mark = snapshot.mark(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
        return float(np.dot(mark, [lot.quantity * lot.multiplier_usd for lot in lots])) if lots else 0.0

    def _change_quantity(
        self, snapshot: Snapshot, intent: Intent, row: int, target: int, action: str, fallback: bool, capital_usd: float
    ) -> None:
        """Trade only the difference in quantity; the strikes are kept."""
        k = intent.layer
        change = target - self.book.layer_quantity(k)
        old = self._label(k)
        if change > 0:
            units = self.book.layers[k].legs
            legs = unit_legs(row, units)
            quotes = snapshot.quote(legs)
            refusal = spread_refusal(self.policy.limits, "hedge", quotes, np.full(len(units), float(change)))
            if refusal is not None:
                self.log.refuse(snapshot, refusal.rule, f"{self.policy.hedge.layers[k].name}: {refusal.text}")
                return
            change = self._allowed(snapshot, k, row, units, quotes, change, capital_usd, rolled=False)
            if change > 0:
                count = [sign * change for _, _, sign in units]
                self.broker.open_legs(snapshot, legs, quotes, count, layer=k, group=-1, reason=intent.reason.text)
        elif change < 0:
            self._sell(snapshot, k, intent.reason.text, -change)
            self._release(k)
        self._line(snapshot, intent, action, old, old, change, fallback)

    def _sell(self, snapshot: Snapshot, k: int, reason: str, quantity: int | None = None) -> bool:
        """Sell so many units of a layer, or all of it with the futures against it; sold legs are bought back first.

        Whether nothing counts in the layer any more.
        """
        lots = self.book.layer_lots(k)
        excess = 0 if quantity is None else over_locked(lots, self.book.layer_quantity(k) - quantity)
        if excess and self.broker.close_lots(snapshot, [lot for lot in lots if lot.is_future], reason, excess) < excess:
            return False
        short = [lot for lot in lots if lot.quantity < 0 and (lot.right or quantity is None)]
        if short:
            wanted = sum(-lot.quantity for lot in short) if quantity is None else quantity
            done = self.broker.close_lots(snapshot, short, reason, quantity)
            if done < wanted:  # a bought leg is not sold from above a short one that has no market
                quantity = done if quantity is not None else None
                if quantity is None or quantity == 0:
                    return False
        self.broker.close_lots(snapshot, [lot for lot in lots if lot.quantity > 0], reason, quantity)
        return not self.book.layer_lots(k)

    def _unit_price(self, index: int, k: int, quantity: int) -> float:
        """Price of one unit of the trade just made: of a spread the price of its bought leg less that of the sold one."""
        legs: set[tuple[int, float]] = set()  # lots of one contract fill at one price
        kind = ""
        for entry in reversed(self.broker.ledger.entries):
            if entry.market_row != index or entry.layer != k or kind not in ("", entry.kind) or not entry.quantity:
                break
            kind = entry.kind
            legs.add((1 if entry.quantity * quantity > 0 else -1, entry.price))
        return float(sum(sign * price for sign, price in legs)) if legs else float("nan")

    def _release(self, layer: int) -> None:
        """A layer whose last counting lot is gone holds nothing."""
        if not self.book.layer_lots(layer):
            self.book.layers[layer].series = None

    def _label(self, layer: int) -> str:
        state = self.book.layers[layer]
        if state.series is None:
            return ""
        if state.legs[0][1] == SHARE:
            return self.series.ticker(state.series)
        expiry = iso(self.series.expiry[state.series])
        if state.legs[0][1] == FUTURE:
            return f"{self.broker.root(state.series, FUTURE, layer)} {expiry}"
        letter = "C" if state.legs[0][1] > 0 else "P"
        strikes = "/".join(f"{strike:g}" for strike, _, _ in state.legs)
        return f"{self.series.roots[state.series]} {expiry} {letter} {strikes}"

    def _line(self, snapshot: Snapshot, intent: Intent, action: str, old: str, new: str, quantity: int, fallback: bool) -> None:
        price = self._unit_price(snapshot.index, intent.layer, quantity) if quantity else float("nan")
        if not intent.scheduled and (quantity or action in ("roll", "open", "close")):
            off = self.log.counters.off_schedule
            off[intent.layer] = off.get(intent.layer, 0) + 1
        self.log.roll_lines.append(
            RollLine(
                session=snapshot.session,
                layer=intent.layer,
                action=action,
                old_contract=old,
                new_contract=new,
                quantity=quantity,
                price=price,
                fallback=fallback,
                scheduled=intent.scheduled,
                reason=intent.reason.text,
            )
        )


def unit_legs(row: int, units: LayerLegs) -> Legs:
    """The legs of one unit on a series."""
    return Legs.of([(row, strike, right) for strike, right, _ in units])
