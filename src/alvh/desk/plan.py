"""The daily plan: one close of the engine on a book that was taken over, as rows with reasons. It sends nothing.

The same code decides here and in the backtest, so that the plan of a session is exactly the backtest's orders of that session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataInvalid
from alvh.desk.plan_book import HEDGE, STRANDED, UNKNOWN_ROW, PlacedBook, episodes
from alvh.desk.plan_carry import carry, settle_at_close, settled_rows
from alvh.desk.plan_next import NextDays
from alvh.desk.plan_rows import Decided, plan_rows, refusals
from alvh.engine.backtest import prepare, signal_names
from alvh.engine.hedge_size import LotRow, positions_of_rows
from alvh.engine.ledger import Lot
from alvh.engine.session import Run, decide_session
from alvh.engine.takeover import BookState, take_over
from alvh.market.market import Legs, Market
from alvh.market.positions import NOT_OPENED, Positions
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.costs import hedge_cost
from alvh.risk.coverage import CONDOR, coverage, notional
from alvh.risk.exposures import exposures
from alvh.strategy.policy import Policy
from alvh.strategy.rule_table import rule_table

SCHEMA: Final = "alvh.plan/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan's document, and the run that decided it: its book is the one that stands once every order is filled at its worst.

    ``own`` are the positions that the plan leaves alone, and that have not expired.
    """

    document: dict[str, Any]
    run: Run
    own: Positions | None


def make_plan(
    policy: Policy,
    market: Market,
    index: int,
    book: PlacedBook,
    state: BookState,
    *,
    fee_usd: Callable[[Root, int], float],
    betas: RollingBetas | None,
    head: Mapping[str, Any],
    kept_at: int | None = None,
    notes: Sequence[str] = (),
) -> Planned:
    """Decide the close of market row ``index`` on a book; ``head`` are the document's first keys.

    ``kept_at`` is the market row of the earlier close after whose decisions book and state were kept, None where they are those
    of this close. Raises :class:`DataInvalid` for a position without a mark, :class:`DataMissing` where a rule lacks a signal.
    """
    table, first = market.series, index if kept_at is None else kept_at
    run = prepare(policy, market, first, index + 1, fee_usd=fee_usd, betas=betas)
    snapshot = market.snapshot(index)
    take_over(run, book.lots, state, market.snapshot(first))
    carry(run, index)
    _check_marks(run.book.lots, market, index)
    held_row, episode_row = rule_history(policy, market, index)
    run.memory = replace(run.memory, held_row=held_row, episode_row=episode_row)
    held = tuple(run.book.lots)
    before = _positions(run)
    condors = tuple(run.book.condors.values())
    # The engine trades lots in place, so that what was held is copied first.
    quantities = [lot.quantity for lot in held]
    trace = decide_session(run, snapshot, at_once=True)
    decided = Decided(
        policy=policy,
        run=run,
        trace=trace,
        held=tuple(_as_held(lot, quantity) for lot, quantity in zip(held, quantities, strict=True)),
        condors=condors,
        next_days=NextDays(policy, snapshot.session),
    )
    after = _positions(run)
    known = PUBLISHED if betas is None else betas.at(index)
    figures = [_figures(snapshot, positions, table, known) for positions in (before, after)]
    rows, refused, rules = plan_rows(decided), refusals(decided), _rules(decided)
    _number(rows, iso(snapshot.session))
    settle_at_close(run, snapshot)
    more = [*book.notes, *notes]
    if policy.timing.fill_at == "next_close":
        more.append("the policy fills at the next close: contracts and limits are those of this close, and may differ there")
    document = {
        **head,
        "rows": rows,
        "settled": settled_rows(run),
        "refusals": refused,
        "coverage": {"before": figures[0][0], "after": figures[1][0]},
        "cost": {"before": figures[0][1], "after": figures[1][1]},
        "rules": rules,
        "left_alone": list(book.others),
        "notes": more,
    }
    return Planned(document=document, run=run, own=book.own)


def _number(rows: Sequence[dict[str, Any]], session: str) -> None:
    """Give every order an id, in the order in which they are meant: the session and a count."""
    for count, order in enumerate([order for row in rows for order in row["orders"]], 1):
        order["id"] = f"{session}-{count:02d}"


def _as_held(lot: Lot, quantity: int) -> Lot:
    """A lot with the quantity that it had, whatever was sold of it since."""
    if lot.quantity == quantity:
        return lot
    made = copy(lot)
    made.quantity = quantity
    return made


def _check_marks(lots: Sequence[Lot], market: Market, index: int) -> None:
    if not lots:
        return
    mark = market.snapshot(index).mark(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
    for lot, price in zip(lots, mark.tolist(), strict=True):
        if not np.isfinite(price):
            root, expiry = market.series.roots[lot.series], iso(int(market.series.expiry[lot.series]))
            raise DataInvalid(
                f"{root} {expiry} {lot.strike:g} has no price at this close",
                where=f"session {iso(int(market.sessions[index]))}",
                allowed="positions that trade, or that have history to price them",
                todo="correct the position, or add the missing history (VIX, VX, rates)",
            )


def rule_history(policy: Policy, market: Market, index: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """When rules last held and since when, from the signals' whole history before this close."""
    names = signal_names(policy)
    values = np.array([market.signal(name)[: index + 1] for name in names]).reshape(len(names), index + 1)
    return episodes(policy, rule_table(policy.rules, names, values), index)


def _positions(run: Run) -> Positions:
    """The run's open lots that still live after this close, with their sleeves."""
    sessions, series = run.market.sessions, run.market.series
    session = int(sessions[run.last])
    rows, sleeves = [], []
    for lot in run.book.lots:
        if int(series.expiry[lot.series]) <= session:
            continue
        layer = run.policy.hedge.layers[lot.layer].name if lot.layer >= 0 else ""
        opened = NOT_OPENED if lot.open_index == UNKNOWN_ROW else int(sessions[lot.open_index])
        rows.append(LotRow(lot.series, lot.strike, lot.right, lot.quantity, opened, lot.open_price, layer=layer, root=lot.future))
        gone = lot.stranded or (lot.layer < 0 and lot.group not in run.book.condors)
        sleeves.append(STRANDED if gone else HEDGE if lot.layer >= 0 else CONDOR)
    return replace(positions_of_rows(series, rows, ""), sleeve=tuple(sleeves))


def _figures(snapshot: Any, positions: Positions, series: Any, betas: Any) -> tuple[float | None, dict[str, Any] | None]:
    """Cover of the condors' net vega by measured betas, and the hedge's static decay of 30 days in dollars and shares."""
    if not len(positions):
        return None, None
    found = exposures(snapshot, positions, series, betas)
    cost = hedge_cost(snapshot, positions, series, notional(found))
    covered = coverage(found).net_adjusted
    return covered, {
        "decay_30d_usd": cost.decay_usd,
        "of_credit": cost.decay_of_credit,
        "of_index_notional": cost.decay_of_index,
        "of_risk_capital": cost.decay_of_risk_capital,
        "premium_usd": cost.premium_usd,
    }


def _rules(decided: Decided) -> list[dict[str, Any]]:
    view = decided.trace.view
    return [
        {
            "name": rule.name,
            "rule": rule.rule_id,
            "action": rule.then.kind,
            "holds": bool(view.rule_holds[j]) if view.rule_known[j] else None,
            "when": rule.when.phrase(),
            "signals": {
                name: None if not view.rule_known[j] else float(view.signals.read(name)[0])
                for name in dict.fromkeys(rule.when.signals())
            },
        }
        for j, rule in enumerate(decided.policy.rules)
    ]
