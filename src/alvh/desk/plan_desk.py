"""The plan's desk: a condor is closed whole, or not at all.

Saved quotes may lack a contract that is held. Closing the other legs of its condor could leave a sold option uncovered, so that
the order is refused, with its reason.
"""

from __future__ import annotations

import numpy as np

from alvh.core.days import iso
from alvh.engine.ledger import Lot
from alvh.engine.orders import Desk
from alvh.market.market import Legs, Snapshot
from alvh.strategy.intents import Intent


class PlanDesk(Desk):
    """The engine's desk, which a run knows by its class, with a look at the market of all legs before a condor is closed."""

    __slots__ = ()

    def carry_out(self, snapshot: Snapshot, intent: Intent, capital_usd: float) -> None:
        """As the engine's, where every leg that the intent would close has a market; else a refusal under the rule ``fill``."""
        missing: list[Lot] = []
        if intent.kind == "close_condor":
            missing = _without_market(snapshot, [lot for lot in self.book.lots if lot.group == intent.condor])
        if not missing:
            Desk.carry_out(self, snapshot, intent, capital_usd)
            return
        lot, series = missing[0], self.layers.series
        contract = (
            f"{series.roots[lot.series]} {iso(int(series.expiry[lot.series]))} {lot.strike:g} {'C' if lot.right > 0 else 'P'}"
        )
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        text = f"condor: {contract}{more} has no two-sided quote, so that nothing of it is closed"
        self.log.refuse(snapshot, "fill", text)


def _without_market(snapshot: Snapshot, lots: list[Lot]) -> list[Lot]:
    """Lots that can be neither sold nor bought back; a long one that is offered without a bid is left to the engine."""
    if not lots:
        return []
    quotes = snapshot.quote(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
    worthless = np.array([lot.quantity > 0 for lot in lots]) & (quotes.bid < quotes.tick)
    return [lot for lot, good in zip(lots, ((quotes.ask > quotes.bid) | worthless).tolist(), strict=True) if not good]
