"""Steps 6 to 8 for one intent: select contracts and sizes, apply limits, fill."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from alvh.core.days import iso
from alvh.engine.book import Book, OpenCondor
from alvh.engine.book_limits import BookLimits
from alvh.engine.break_even_strike import BreakEvenStrike
from alvh.engine.broker import Broker, Counters
from alvh.engine.hedge_size import Contract, HedgeSizer, LotRow
from alvh.market.market import Legs, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.costing import fill_prices
from alvh.strategy.decide import Intent
from alvh.strategy.limits import spread_refusal
from alvh.strategy.policy import Policy
from alvh.strategy.selection import (
    CALL,
    PUT,
    choose_condor_expiry,
    choose_condor_strikes,
    choose_layer_expiry,
    choose_layer_strike,
)
from alvh.strategy.sizing import BookReadings, condor_lots, layer_quantity

CONDOR_SIGNS = (1, -1, -1, 1)
"""Long put, short put, short call, long call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollLine:
    """One line of the roll calendar."""

    session: int
    layer: int
    action: str
    old_contract: str
    new_contract: str
    quantity: int
    price: float
    fallback: bool
    reason: str


@dataclass(slots=True, kw_only=True)
class Desk:
    """Carries out intents on the book."""

    policy: Policy
    series: SeriesTable
    book: Book
    broker: Broker
    counters: Counters
    sizer: HedgeSizer | None = None
    limits: BookLimits | None = None
    break_even: BreakEvenStrike | None = None
    rolling: set[int] = field(default_factory=set)
    active: frozenset[str] = frozenset()
    next_group: int = 0
    roll_lines: list[RollLine] = field(default_factory=list)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    entries: int = 0
    entry_lots: int = 0

    def carry_out(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        """Do what an intent asks for, or record why not."""
        if intent.kind == "close_condor":
            self._close_condor(snapshot, intent)
        elif intent.kind == "open_condor":
            self._open_condor(snapshot, intent, capital_usd)
        elif intent.kind == "trim_layer":
            self._trim(snapshot, intent)
        else:
            self._roll(snapshot, intent, capital_usd)
            self.rolling.discard(intent.layer)

    def readings(self, snapshot: Snapshot, *, planned: bool = False) -> BookReadings:
        """The three readings of R03 of the open condors, or of those that would be open had none left early."""
        condors = self.book.planned_condors(snapshot.session) if planned else list(self.book.condors.values())
        index_lots = sum(condor.index_lots for condor in condors)
        return BookReadings(
            index_notional_usd=snapshot.spx * 100.0 * index_lots,
            risk_capital_usd=sum(condor.max_loss_usd for condor in condors),
            lots=sum(condor.lots for condor in condors),
        )

    def _refuse(self, snapshot: Snapshot, rule: str, text: str) -> None:
        self.counters.refused[rule] = self.counters.refused.get(rule, 0) + 1
        self.refusals.append((snapshot.session, rule, text))

    def _close_condor(self, snapshot: Snapshot, intent: Intent) -> None:
        if intent.condor not in self.book.condors:  # settled between a decision and its fill at the next close
            return
        lots = [lot for lot in self.book.lots if lot.group == intent.condor]
        self.broker.close_lots(snapshot, lots, intent.reason.text)
        if not any(lot.group == intent.condor and lot.quantity < 0 for lot in self.book.lots):
            self.book.drop_condor(intent.condor)

    def _open_condor(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        condor = self.policy.condor
        row = choose_condor_expiry(snapshot, self.series, condor)
        if row is None:
            self._refuse(snapshot, "R01", f"no expiry of {condor.min_dte}-{condor.max_dte} days is listed")
            return
        strikes = choose_condor_strikes(snapshot, row, condor)
        if strikes is None:
            self._refuse(snapshot, "R01", "the listed strikes allow no condor")
            return
        legs = Legs.of(
            [
                (row, strikes.long_put, PUT),
                (row, strikes.short_put, PUT),
                (row, strikes.short_call, CALL),
                (row, strikes.long_call, CALL),
            ]
        )
        quotes = snapshot.quote(legs)
        signs = np.array(CONDOR_SIGNS, dtype=np.float64)
        if not self.broker.tradable(quotes):
            self._refuse(snapshot, "fill", "a leg has no two-sided market")
            return
        net_delta = float(np.dot(signs, quotes.delta))
        if condor.max_net_delta is not None and abs(net_delta) > condor.max_net_delta:
            self._refuse(snapshot, "R01", f"net delta {net_delta:+.3f} is beyond {condor.max_net_delta:g}")
            return
        refusal = spread_refusal(self.policy.limits, "condor", quotes, signs)
        if refusal is not None:
            self._refuse(snapshot, refusal.rule, refusal.text)
            return
        credit = -float(np.dot(signs, fill_prices(quotes, signs, self.broker.share(row))))
        if credit <= 0.0:
            self._refuse(snapshot, "R01", f"the condor pays no credit after costs ({credit:.2f} points)")
            return
        multiplier = self.series.multiplier_usd(row)
        max_loss = (strikes.widest_points - credit) * multiplier
        choice = condor_lots(condor.size, capital_usd, max_loss)
        if choice.lots == 0:
            self._refuse(snapshot, "R01", "the account covers no lot")
            return
        quantity = [sign * choice.lots for sign in CONDOR_SIGNS]
        if self.limits is not None:
            usd = multiplier * choice.lots
            barred = self.limits.short_of_capital(snapshot, strikes.widest_points * usd, credit * usd)
            neutrality = self.policy.limits.neutrality
            if barred is None and neutrality is not None and neutrality.on_breach == "refuse":
                rows: list[LotRow] = [
                    (row, strike, right, float(count), snapshot.session, math.nan, "")
                    for strike, right, count in zip(legs.strike.tolist(), (PUT, PUT, CALL, CALL), quantity, strict=True)
                ]
                barred = self.limits.outside(snapshot, capital_usd, rows)
            if barred is not None:
                self._refuse(snapshot, barred.rule, barred.text)
                return
        self.counters.small_account += choice.breaks_share
        group = self.next_group
        self.next_group += 1
        self.broker.open_legs(snapshot, legs, quotes, quantity, layer=-1, group=group, reason=intent.reason.text)
        opened = OpenCondor(
            group=group,
            lots=choice.lots,
            index_lots=choice.lots * self.series.scale(row),
            credit_usd=credit * multiplier * choice.lots,
            max_loss_usd=max_loss * choice.lots,
            expiry=int(self.series.expiry[row]),
            opened_index=snapshot.index,
        )
        self.book.add_condor(opened)
        self.entries += 1
        self.entry_lots += choice.lots

    def _target(self, snapshot: Snapshot, layer: int, capital_usd: float) -> int:
        size = self.policy.hedge.size
        if self.sizer is not None:
            contracts = [self._contract(snapshot, k) for k in range(len(self.policy.hedge.layers))]
            return self.sizer.quantity(snapshot, contracts, layer, capital_usd)
        readings = self.readings(snapshot, planned=size.reference == "planned")
        return layer_quantity(size, self.policy.hedge.layers[layer].ratio, readings)

    def _contract(self, snapshot: Snapshot, k: int) -> Contract | None:
        """What a layer holds once this session's rolls are done: its contract, or what it rolls into or would open."""
        state, hedge = self.book.layers[k], self.policy.hedge
        held = state.series
        if held is not None and k not in self.rolling and int(self.series.expiry[held]) > snapshot.session:
            return held, state.strike
        layer = hedge.layers[k]
        row = choose_layer_expiry(snapshot, self.series, layer, hedge.fallback_min_dte, held).series
        if row is None:
            return None
        if row == held and layer.same_expiry == "keep":
            return row, state.strike
        moneyness = state.moneyness if layer.restrike == "same_moneyness" else None
        strike = choose_layer_strike(snapshot, row, layer.strike, hedge, moneyness)
        return None if strike is None else (row, strike)

    def _trim(self, snapshot: Snapshot, intent: Intent) -> None:
        lots = self.book.layer_lots(intent.layer)
        held = sum(lot.quantity for lot in lots)
        quantity = int(np.floor(held * intent.fraction + 0.5))
        if quantity > 0:
            old = self._label(intent.layer)
            self.broker.close_lots(snapshot, lots, intent.reason.text, quantity)
            self._line(snapshot, intent, "trim", old, old, -quantity, False)
        self._release(intent.layer)

    def _roll(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        hedge, k = self.policy.hedge, intent.layer
        layer, state = hedge.layers[k], self.book.layers[k]
        held, target = state.series, self._target(snapshot, k, capital_usd)
        old = self._label(k)
        if intent.kind == "resize_layer":
            off = abs(target - self.book.layer_quantity(k))
            if held is not None and (intent.dead_band == 0.0 or off > intent.dead_band * target):
                self._change_quantity(snapshot, intent, held, target, "resize", False, capital_usd)
            return
        choice = choose_layer_expiry(snapshot, self.series, layer, hedge.fallback_min_dte, held)
        if not intent.first:
            self.counters.rolls[k] = self.counters.rolls.get(k, 0) + 1
        if choice.fallback:
            self.counters.empty_windows[k] = self.counters.empty_windows.get(k, 0) + 1
        row = choice.series
        if row is not None and row == held and layer.same_expiry == "keep":
            self._change_quantity(snapshot, intent, row, target, "keep", choice.fallback, capital_usd)
            return
        strike: float | None = None
        if row is not None and target > 0:
            moneyness = state.moneyness if layer.restrike == "same_moneyness" else None
            strike = choose_layer_strike(snapshot, row, layer.strike, hedge, moneyness)
        if strike is not None and row is not None:
            if self.break_even is not None and layer.restrike == "match_break_even":
                strike = self.break_even.strike(snapshot, k, row, target, strike)
            legs = Legs.of([(row, strike, CALL)])
            quotes = snapshot.quote(legs)
            refusal = spread_refusal(self.policy.limits, "hedge", quotes, np.array([float(target)]))
            if refusal is not None:
                self._refuse(snapshot, refusal.rule, f"{layer.name}: {refusal.text}")
                limit = self.policy.limits.spread
                if held is None or (limit is not None and limit.on_roll == "keep" and not intent.deadline):
                    return
                strike = None
        if strike is not None and row is not None:
            price_usd = float(quotes.mid[0]) * self.series.multiplier_usd(row)
            target = self._allowed(snapshot, k, price_usd, target, capital_usd, rolled=True)
            if target <= 0:  # nothing may be bought: what is held is kept where it can be
                if held is not None and not intent.deadline:
                    return
                strike = None
        self.broker.close_lots(snapshot, self.book.layer_lots(k), intent.reason.text)
        state.series = None
        if strike is None or row is None:
            self._line(snapshot, intent, "close" if old else "none", old, "", 0, choice.fallback)
            return
        lots = self.broker.open_legs(snapshot, legs, quotes, [target], layer=k, group=-1, reason=intent.reason.text)
        if lots:
            state.series, state.strike = row, strike
            state.moneyness = strike / float(quotes.forward[0])
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
            self._refuse(snapshot, "R44", f"{reason.text}, and no trade in one layer brings it inside")
            return
        k, change = trade
        row = self.book.layers[k].series
        if row is not None:
            intent = Intent(kind="resize_layer", reason=reason, layer=k)
            target = self.book.layer_quantity(k) + change
            self._change_quantity(snapshot, intent, row, target, "neutral", False, capital_usd)

    def _allowed(self, snapshot: Snapshot, k: int, price_usd: float, wanted: int, capital_usd: float, *, rolled: bool) -> int:
        """What the steward's caps (R46) leave of a purchase; a cut is counted. ``rolled``: what the layer holds is sold first."""
        if self.limits is None:
            return wanted
        most, reason = self.limits.most_bought(
            snapshot,
            price_usd,
            wanted,
            replaced=self.book.layer_quantity(k) if rolled else 0,
            sold_layer=k if rolled else None,
            active=self.active,
            capital_usd=capital_usd,
        )
        if most < wanted:
            name = self.policy.hedge.layers[k].name
            self._refuse(snapshot, "R46", f"{name}: {wanted} contracts are cut to {most}: {reason}")
        return most

    def _change_quantity(
        self, snapshot: Snapshot, intent: Intent, row: int, target: int, action: str, fallback: bool, capital_usd: float
    ) -> None:
        """Trade only the difference in quantity; the strike is kept."""
        k = intent.layer
        held = self.book.layer_quantity(k)
        old = self._label(k)
        change = target - held
        if change > 0:
            legs = Legs.of([(row, self.book.layers[k].strike, CALL)])
            quotes = snapshot.quote(legs)
            refusal = spread_refusal(self.policy.limits, "hedge", quotes, np.array([float(change)]))
            if refusal is not None:
                self._refuse(snapshot, refusal.rule, f"{self.policy.hedge.layers[k].name}: {refusal.text}")
                return
            if self.limits is not None:
                price_usd = float(quotes.mid[0]) * self.series.multiplier_usd(row)
                change = self._allowed(snapshot, k, price_usd, change, capital_usd, rolled=False)
            if change > 0:
                self.broker.open_legs(snapshot, legs, quotes, [change], layer=k, group=-1, reason=intent.reason.text)
        elif change < 0:
            self.broker.close_lots(snapshot, self.book.layer_lots(k), intent.reason.text, -change)
            self._release(k)
        self._line(snapshot, intent, action, old, old, change, fallback)

    def _release(self, layer: int) -> None:
        """A layer whose last counting lot is gone holds nothing."""
        if not self.book.layer_lots(layer):
            self.book.layers[layer].series = None

    def _label(self, layer: int) -> str:
        state = self.book.layers[layer]
        if state.series is None:
            return ""
        return f"{self.series.roots[state.series]} {iso(self.series.expiry[state.series])} C {state.strike:g}"

    def _line(self, snapshot: Snapshot, intent: Intent, action: str, old: str, new: str, quantity: int, fallback: bool) -> None:
        price = self.broker.ledger.entries[-1].price if quantity else float("nan")
        self.roll_lines.append(
            RollLine(
                session=snapshot.session,
                layer=intent.layer,
                action=action,
                old_contract=old,
                new_contract=new,
                quantity=quantity,
                price=price,
                fallback=fallback,
                reason=intent.reason.text,
            )
        )
