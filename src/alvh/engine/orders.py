"""Steps 6 to 8 for one intent: the desk hands it to the condors or to the layers, which select, limit and fill."""

from __future__ import annotations

from dataclasses import dataclass

from alvh.engine.book import Book
from alvh.engine.condor_orders import CondorDesk
from alvh.engine.desk_log import DeskLog
from alvh.engine.layer_orders import LayerDesk
from alvh.market.market import Snapshot
from alvh.strategy.intents import Decision, Intent
from alvh.strategy.sizing import BookReadings, book_readings


@dataclass(slots=True, kw_only=True)
class Desk:
    """Carries out intents on the book."""

    book: Book
    condors: CondorDesk
    layers: LayerDesk
    log: DeskLog

    def begin(self, decision: Decision) -> None:
        """Say what holds for the whole close before its intents are carried out one by one."""
        self.layers.rolling = {intent.layer for intent in decision.intents if intent.kind == "roll_layer"}
        self.layers.active, self.layers.factors, self.layers.shifted = decision.active, decision.factors, decision.shifted

    def carry_out(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        """Do what an intent asks for, or record why not."""
        if intent.kind == "close_condor":
            self.condors.close(snapshot, intent)
        elif intent.kind == "open_condor":
            self.condors.open(snapshot, intent, capital_usd)
        else:
            self.layers.carry_out(snapshot, intent, capital_usd)

    def readings(self, snapshot: Snapshot) -> BookReadings:
        """The three readings of R03 of the open condors."""
        return book_readings(self.book.condors.values(), snapshot.spx)
