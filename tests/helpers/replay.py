"""A backtest told twice: run through, and decided anew at every close on the book that it had then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alvh.core.days import iso
from alvh.core.fees import fee_usd
from alvh.desk.plan import rule_history
from alvh.engine.backtest import prepare, run_backtest
from alvh.engine.session import Run, close_session, decide_session, open_session
from alvh.engine.takeover import BookState, HeldLot, held_lots, state_of, take_over
from alvh.market.market import Market
from alvh.risk.betas import RollingBetas
from alvh.strategy.policy import Policy

Book = tuple[tuple[HeldLot, ...], BookState]
Story = tuple[list[Any], list[tuple[int, str, str]]]


def orders(run: Run, first_entry: int) -> list[Any]:
    """Contract, quantity, price and reason of every trade since an entry."""
    lots = {lot.lot_id: lot for lot in run.book.all_lots}
    made = []
    for entry in run.ledger.entries[first_entry:]:
        if entry.kind in ("open", "close", "strand"):
            lot = lots[entry.lot]
            contract = (
                run.market.series.roots[lot.series],
                iso(int(run.market.series.expiry[lot.series])),
                lot.strike,
                lot.right,
            )
            made.append((entry.kind, entry.layer, contract, entry.quantity, entry.price, entry.reason))
    return made


def told(
    policy: Policy, market: Market, first: int, stop: int, betas: RollingBetas | None
) -> tuple[list[Book], list[Story], Run]:
    """The book before every decision of a backtest, and its orders and refusals."""
    run = prepare(policy, market, first, stop, fee_usd=fee_usd, betas=betas)
    books, stories = [], []
    for index in range(first, stop):
        snapshot = open_session(run, index)
        books.append((held_lots(run), state_of(run, snapshot)))
        trace = decide_session(run, snapshot)
        refused = [row for row in run.desk.log.refusals if row[0] == snapshot.session]
        stories.append((orders(run, trace.first_entry), refused))
        close_session(run, trace)
    return books, stories, run


def same_as_run(run: Run, policy: Policy, market: Market, first: int, stop: int, betas: RollingBetas | None) -> bool:
    """Whether the pieces make the whole: the ledger of ``told`` is that of ``run_backtest``."""
    whole = run_backtest(
        policy, market, start=int(market.sessions[first]), end=int(market.sessions[stop - 1]), fee_usd=fee_usd, betas=betas
    )
    return whole.ledger.entries == run.ledger.entries


def retold(
    policy: Policy,
    market: Market,
    first: int,
    books: list[Book],
    betas: RollingBetas | None,
    change: Callable[[Run, int, Book], Book] = lambda run, index, book: book,
) -> list[Story]:
    """Orders and refusals of each close, decided by a run that knows only that close's book; ``change`` passes it on.

    When rules last held is read from the signals' history alone, as the plan does.
    """
    stories = []
    for offset, book in enumerate(books):
        index = first + offset
        run = prepare(policy, market, index, index + 1, fee_usd=fee_usd, betas=betas)
        snapshot = market.snapshot(index)
        lots, state = change(run, index, book)
        take_over(run, lots, state, snapshot)
        held_row, episode_row = rule_history(policy, market, index)
        run.memory = replace(run.memory, held_row=held_row, episode_row=episode_row)
        trace = decide_session(run, snapshot)
        stories.append((orders(run, trace.first_entry), run.desk.log.refusals))
    return stories
