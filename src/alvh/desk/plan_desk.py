"""The plan's desk: what is sold together is sold whole, or not at all.

Saved quotes may lack a contract that is held. Closing the other legs of its condor would leave a sold option uncovered, and
rolling its layer would buy the new contracts without selling the old ones. So such an order is refused, with its reason.
"""

from __future__ import annotations

import numpy as np

from alvh.core.days import iso
from alvh.engine.ledger import Lot
from alvh.engine.orders import Desk
from alvh.market.market import Legs, Snapshot
from alvh.strategy.intents import Intent


class PlanDesk(Desk):
    """The engine's desk, which it knows by its class, with a look at the market of what is held before every close and roll."""

    __slots__ = ()

    def carry_out(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        """As the engine's, where every lot that the intent would sell has a market; else a refusal under the rule ``fill``."""
        barred = self._barred(snapshot, intent)
        if barred is None:
            Desk.carry_out(self, snapshot, intent, capital_usd)
            return
        self.log.refuse(snapshot, "fill", barred)
        self.layers.rolling.discard(intent.layer)

    def _barred(self, snapshot: Snapshot, intent: Intent) -> str | None:
        """Why nothing is traded: the first contract without a market; None where there is none."""
        if intent.kind == "close_condor":
            lots, name = [lot for lot in self.book.lots if lot.group == intent.condor], "condor"
        elif intent.kind == "roll_layer":
            lots, name = self.book.layer_lots(intent.layer), self.layers.policy.hedge.layers[intent.layer].name
        else:
            return None
        missing = _without_market(snapshot, lots)
        if not missing:
            return None
        lot, series = missing[0], self.layers.series
        right = {1: " C", -1: " P"}.get(lot.right, "")
        contract = f"{series.roots[lot.series]} {iso(int(series.expiry[lot.series]))} {lot.strike:g}{right}"
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"{name}: {contract}{more} has no two-sided quote, so that nothing of it is traded"


def _without_market(snapshot: Snapshot, lots: list[Lot]) -> list[Lot]:
    """Lots that can be neither sold nor bought back; a long one that is offered without a bid is left to the engine."""
    if not lots:
        return []
    quotes = snapshot.quote(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
    fair = quotes.ask > quotes.bid
    worthless = np.array([lot.quantity > 0 and lot.right != 0 for lot in lots]) & (quotes.bid < quotes.tick)
    return [lot for lot, good in zip(lots, (fair | worthless).tolist(), strict=True) if not good]
