"""A book that was kept after an earlier close, carried to the close that is planned.

Nothing is decided on the way. What came due is settled, cash earns its interest, and futures pay their variation: the engine's
own steps, so that a plan on last night's book begins where the backtest begins.
"""

from __future__ import annotations

from typing import Any

from alvh.core.days import iso
from alvh.engine.session import Run, open_session
from alvh.market.market import Snapshot


def carry(run: Run, index: int) -> None:
    """Carry the book of ``run`` from the close of its first session to that of market row ``index``, before decisions."""
    for row in range(run.first, index):
        settle_at_close(run, run.market.snapshot(row))
        open_session(run, row + 1)


def settle_at_close(run: Run, snapshot: Snapshot) -> None:
    """Settle whatever has come due by this close, and forget condors and holdings of which nothing is left."""
    book = run.book
    for lot in book.settling(snapshot.session):
        settlement = run.market.settlement(lot.series, snapshot.index)
        run.broker.settle(snapshot.index, lot, settlement.value, settlement.source)
    for k, layer in enumerate(book.layers):
        if layer.series is not None and not any(lot.quantity > 0 for lot in book.layer_lots(k)):
            layer.series = None
    for group in [group for group in book.condors if not any(lot.group == group for lot in book.lots)]:
        book.drop_condor(group)


def settled_rows(run: Run) -> list[dict[str, Any]]:
    """What the run settled: contract, signed contracts that were held, session, dollars paid or owed, value with its source."""
    lots, table = {lot.lot_id: lot for lot in run.book.all_lots}, run.market.series
    rows = []
    for entry in run.ledger.entries:
        if entry.kind == "settle":
            lot = lots[entry.lot]
            rows.append(
                {
                    "root": run.broker.root(lot.series, lot.right, lot.layer).value,
                    "expiry": iso(int(table.expiry[lot.series])),
                    "strike": lot.strike if lot.right else None,
                    "right": {1: "C", -1: "P"}.get(lot.right),
                    "quantity": lot.quantity,
                    "session": iso(int(run.market.sessions[entry.market_row])),
                    "usd": entry.cash_usd,
                    "text": entry.reason,
                }
            )
    return rows
