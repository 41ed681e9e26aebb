"""A book between two closes: what a run holds, what it remembers, and a run that takes such a book over.

The daily plan and the backtest are one engine; this is the door between them. Rows are rows of the market's sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alvh.engine.book import OpenCondor
from alvh.engine.book_limits import PREMIUM_DAYS
from alvh.engine.ledger import Lot
from alvh.engine.session import Run
from alvh.market.market import Legs, Snapshot
from alvh.strategy.condor_choice import CONDOR_SIGNS, condor_credit_points
from alvh.strategy.view import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLot:
    """An open lot; ``layer`` is -1 and ``group`` the condor for a condor's leg, else ``group`` is -1.

    ``stranded`` lots wait for their settlement and belong to no condor or layer that decisions count.
    """

    layer: int
    group: int
    series: int
    strike: float
    right: int
    quantity: int
    multiplier_usd: float
    opened_row: int
    open_price: float
    stranded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookState:
    """What decisions need beside the open lots.

    By layer: bought strike over forward at the last opening, the VIX level of the break-even kept, and what the reserve holds
    before open lots. ``premium_paid``: session and dollars of the hedge's purchases of the last 30 days. ``planned``: condors
    that would be open had none left early.
    """

    memory: Memory
    cash_hedged_usd: float
    cash_unhedged_usd: float
    moneyness: tuple[float | None, ...]
    break_even_vix: tuple[float | None, ...]
    reserve_usd: tuple[float, ...]
    premium_paid: tuple[tuple[int, float], ...] = ()
    planned: tuple[OpenCondor, ...] = ()


def held_lots(run: Run) -> tuple[HeldLot, ...]:
    """The open lots of a run; legs of a condor without a short leg left are stranded."""
    return tuple(
        HeldLot(
            layer=lot.layer,
            group=lot.group,
            series=lot.series,
            strike=lot.strike,
            right=lot.right,
            quantity=lot.quantity,
            multiplier_usd=lot.multiplier_usd,
            opened_row=lot.open_index,
            open_price=lot.open_price,
            stranded=lot.stranded or (lot.layer < 0 and lot.group not in run.book.condors),
        )
        for lot in run.book.lots
    )


def state_of(run: Run, snapshot: Snapshot) -> BookState:
    """What a run remembers at a close, before it decides."""
    book, ledger, sessions = run.book, run.ledger, run.market.sessions
    reserve = run.desk.layers.reserve
    layers = range(len(book.layers))
    open_cost = [
        sum(x.quantity * x.multiplier_usd * x.open_price + x.open_fees_usd for x in book.lots if x.layer == k) for k in layers
    ]
    funded = run.broker.reserves
    return BookState(
        memory=run.memory,
        cash_hedged_usd=ledger.cash_hedged_usd,
        cash_unhedged_usd=ledger.cash_unhedged_usd,
        moneyness=tuple(layer.moneyness for layer in book.layers),
        break_even_vix=tuple(layer.break_even_vix for layer in book.layers),
        reserve_usd=tuple(reserve.left_usd(k) + open_cost[k] if k in funded else 0.0 for k in layers),
        premium_paid=tuple(ledger.premium_paid(sessions, snapshot.session - PREMIUM_DAYS)),
        planned=tuple(book.planned_condors(snapshot.session)),
    )


def take_over(run: Run, lots: Sequence[HeldLot], state: BookState, snapshot: Snapshot) -> None:
    """Put a book into a run that holds nothing, as it stands at a close before the run decides."""
    book, ledger, sessions = run.book, run.ledger, run.market.sessions
    for held in lots:
        root = run.broker.root(held.series, held.right, held.layer)
        lot = Lot(
            lot_id=run.broker.next_lot,
            layer=held.layer,
            group=held.group,
            series=held.series,
            strike=held.strike,
            right=held.right,
            quantity=held.quantity,
            multiplier_usd=held.multiplier_usd,
            open_index=held.opened_row,
            open_mid=held.open_price,
            open_price=held.open_price,
            open_fees_usd=run.broker.fee(root, int(sessions[held.opened_row])) * abs(held.quantity),
            open_reason="held",
        )
        run.broker.next_lot += 1
        lot.stranded = held.stranded
        if lot.is_future:
            lot.marked = float(snapshot.mark(Legs.of([(lot.series, 0.0, 0)]))[0])
        book.add(lot)
    for group in dict.fromkeys(held.group for held in lots if held.layer < 0 and not held.stranded):
        legs = [held for held in lots if held.group == group and held.layer < 0]
        book.condors[group] = open_condor(
            legs, run.market.series.scale(legs[0].series), int(run.market.series.expiry[legs[0].series])
        )
        run.desk.condors.next_group = max(run.desk.condors.next_group, group + 1)
    book.planned = list(state.planned) or list(book.condors.values())
    for k, layer in enumerate(book.layers):
        counted = book.layer_lots(k)
        if counted:
            long = [lot for lot in counted if lot.quantity > 0] or counted
            sold = [lot for lot in counted if lot.quantity < 0 and lot.right]
            layer.series = long[0].series
            layer.legs = ((long[0].strike, long[0].right, 1), *((lot.strike, lot.right, -1) for lot in sold[:1]))
        layer.moneyness, layer.break_even_vix = state.moneyness[k], state.break_even_vix[k]
    book.carried_reserve_usd = state.reserve_usd
    ledger.earlier_premium = state.premium_paid
    ledger.cash_hedged_usd, ledger.cash_unhedged_usd = state.cash_hedged_usd, state.cash_unhedged_usd
    run.memory = state.memory


def open_condor(legs: Sequence[HeldLot], index_scale: float, expiry: int) -> OpenCondor:
    """A condor from its four legs, in the order long put, short put, short call, long call, as opened at their prices."""
    ordered = sorted(legs, key=lambda leg: (leg.right, leg.strike))
    lots, multiplier = ordered[0].quantity, ordered[0].multiplier_usd
    credit = condor_credit_points(np.array([leg.open_price for leg in ordered]))
    widest = max(ordered[1].strike - ordered[0].strike, ordered[3].strike - ordered[2].strike)
    return OpenCondor(
        group=legs[0].group,
        lots=lots,
        index_lots=lots * index_scale,
        credit_usd=credit * multiplier * lots,
        max_loss_usd=(widest - credit) * multiplier * lots,
        expiry=expiry,
        opened_index=legs[0].opened_row,
    )


def is_condor(legs: Sequence[HeldLot]) -> bool:
    """Whether four legs are one condor: bought put, sold put, sold call, bought call, of one size and series, inside out."""
    ordered = sorted(legs, key=lambda leg: (leg.right, leg.strike))
    if len(ordered) != len(CONDOR_SIGNS) or len({leg.series for leg in ordered}) != 1:
        return False
    lots = abs(ordered[0].quantity)
    signs = tuple(leg.quantity // lots if leg.quantity % lots == 0 else 0 for leg in ordered)
    rights = tuple(leg.right for leg in ordered)
    return signs == CONDOR_SIGNS and rights == (-1, -1, 1, 1)
