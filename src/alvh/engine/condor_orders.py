"""Condor intents carried out: close a group, or select, size and open a new one under the limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh.core.orders import Refusal
from alvh.engine.book import Book, OpenCondor
from alvh.engine.book_limits import BookLimits
from alvh.engine.broker import Broker
from alvh.engine.desk_log import DeskLog
from alvh.engine.hedge_size import LotRow
from alvh.engine.ledger import Lot
from alvh.market.market import Legs, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.condor_choice import CONDOR_RIGHTS, CONDOR_SIGNS, CondorChoice, choose_condor
from alvh.strategy.intents import Intent
from alvh.strategy.policy import Policy
from alvh.strategy.sizing import condor_lots

CondorMemo = dict[int, CondorChoice | Refusal]
"""Choices by market row. Valid for one market and one condor, costs and spread limit: a choice depends on nothing else."""


@dataclass(slots=True, kw_only=True)
class CondorDesk:
    """``memo`` keeps choices between runs on one market; None where a run stands alone."""

    policy: Policy
    series: SeriesTable
    book: Book
    broker: Broker
    log: DeskLog
    limits: BookLimits | None
    memo: CondorMemo | None
    next_group: int = 0
    entries: int = 0
    entry_lots: int = 0

    def close(self, snapshot: Snapshot, intent: Intent) -> None:
        """Close a condor whole; a long leg without a bid is stranded, and where a leg has no market nothing is closed.

        Closing the others could leave a sold option uncovered.
        """
        if intent.condor not in self.book.condors:  # settled between a decision and its fill at the next close
            return
        lots = [lot for lot in self.book.lots if lot.group == intent.condor]
        missing = without_market(snapshot, lots)
        if missing:
            lot = missing[0]
            contract = self.series.contract(lot.series, lot.strike, lot.right).label()
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            text = f"condor: {contract}{more} has no two-sided quote, so that nothing of it is closed"
            self.log.refuse(snapshot, "fill", text)
            return
        self.broker.close_lots(snapshot, lots, intent.reason.text)
        if not any(lot.group == intent.condor and lot.quantity < 0 for lot in self.book.lots):
            self.book.drop_condor(intent.condor)

    def open(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        """Open the day's condor in as many lots as the account covers, or record why not."""
        choice = self._choice(snapshot)
        if isinstance(choice, Refusal):
            self.log.refuse(snapshot, choice.rule, choice.text)
            return
        multiplier = self.series.multiplier_usd(choice.row)
        max_loss = choice.max_loss_points * multiplier
        size = condor_lots(self.policy.condor.size, capital_usd, max_loss)
        if size.lots == 0:
            self.log.refuse(snapshot, "R01", "the account covers no lot")
            return
        quantity = [sign * size.lots for sign in CONDOR_SIGNS]
        barred = self._barred(snapshot, choice, quantity, multiplier * size.lots, capital_usd)
        if barred is not None:
            self.log.refuse(snapshot, barred.rule, barred.text)
            return
        self.log.counters.small_account += size.breaks_share
        group = self.next_group
        self.next_group += 1
        self.broker.open_legs(snapshot, choice.legs, choice.quotes, quantity, layer=-1, group=group, reason=intent.reason.text)
        self.book.add_condor(
            OpenCondor(
                group=group,
                lots=size.lots,
                index_lots=size.lots * self.series.scale(choice.row),
                credit_usd=choice.credit_points * multiplier * size.lots,
                max_loss_usd=max_loss * size.lots,
                expiry=int(self.series.expiry[choice.row]),
                opened_index=snapshot.index,
            )
        )
        self.entries += 1
        self.entry_lots += size.lots

    def _choice(self, snapshot: Snapshot) -> CondorChoice | Refusal:
        if self.memo is None:
            return choose_condor(snapshot, self.series, self.policy)
        if snapshot.index not in self.memo:
            self.memo[snapshot.index] = choose_condor(snapshot, self.series, self.policy)
        return self.memo[snapshot.index]

    def _barred(
        self, snapshot: Snapshot, choice: CondorChoice, quantity: list[int], usd: float, capital_usd: float
    ) -> Refusal | None:
        """Why limits on the whole book bar the condor; ``usd`` is dollars per point of all its lots."""
        if self.limits is None:
            return None
        barred = self.limits.short_of_capital(snapshot, choice.widest_points * usd, choice.credit_points * usd)
        neutrality = self.policy.limits.neutrality
        if barred is None and neutrality is not None and neutrality.on_breach == "refuse":
            rows = [
                LotRow(choice.row, strike, right, count, snapshot.session)
                for strike, right, count in zip(choice.legs.strike.tolist(), CONDOR_RIGHTS, quantity, strict=True)
            ]
            barred = self.limits.outside(snapshot, capital_usd, rows)
        return None if barred is None else Refusal(rule=barred.rule, text=barred.text)


def without_market(snapshot: Snapshot, lots: list[Lot]) -> list[Lot]:
    """Lots that can be neither sold nor bought back; a long one that is offered without a bid waits for its settlement."""
    if not lots:
        return []
    quotes = snapshot.quote(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
    worthless = np.array([lot.quantity > 0 for lot in lots]) & (quotes.bid < quotes.tick)
    return [lot for lot, good in zip(lots, ((quotes.ask > quotes.bid) | worthless).tolist(), strict=True) if not good]
