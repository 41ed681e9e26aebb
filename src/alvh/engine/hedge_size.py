"""Sizes that are solved: how many contracts of each layer the open condors, the market and a target ask for at one close (R50).

The ladder measured is the one that stands once the session's rolls are done; betas are those known at that close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import DayArray
from alvh.engine.book import Book
from alvh.engine.broker import Counters
from alvh.market.market import Market, Snapshot
from alvh.market.positions import NOT_OPENED, Positions
from alvh.market.series import SeriesTable
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.coverage import CONDOR, HEDGE
from alvh.risk.size import solve
from alvh.risk.size_inputs import size_inputs
from alvh.strategy.policy import Policy
from alvh.strategy.selection import LayerLegs
from alvh.strategy.sizing import SOLVED_KINDS, size_move, size_target

Contract = tuple[int, LayerLegs]
"""Series row and legs of one unit of a layer."""


class LotRow(NamedTuple):
    """A lot as the risk figures take it: series row, strike, right (0: future), signed quantity, opening day and price, layer.

    ``root`` where it is not the series' own: VX or VXM of a future.
    """

    series: int
    strike: float
    right: int
    quantity: float
    opened: int = NOT_OPENED
    open_price: float = math.nan
    layer: str = ""
    root: Root | None = None


STATED_BETAS, BOUND, NO_SHAPE = "size: published betas", "size: target not reached", "size: no contract listed"
"""What ``Counters.held_back`` counts of solved sizes, once a layer and session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSizer:
    """Solves the policy's size; ``betas`` have one row a market session, None where none are measured."""

    policy: Policy
    series: SeriesTable
    sessions: DayArray
    book: Book
    counters: Counters
    betas: RollingBetas | None

    def quantity(self, snapshot: Snapshot, contracts: Sequence[Contract | None], layer: int, capital_usd: float) -> int:
        """Whole contracts of one layer; ``contracts`` are those of every layer, None where a layer holds and finds nothing."""
        if contracts[layer] is None:
            self._count(NO_SHAPE)
            return 0
        betas = PUBLISHED
        if self.betas is None or not self.betas.measured_on[snapshot.index].all():
            self._count(STATED_BETAS)
        if self.betas is not None:
            betas = self.betas.at(snapshot.index)
        size, layers = self.policy.hedge.size, self.policy.hedge.layers
        shape = [(k, contract) for k, contract in enumerate(contracts) if contract is not None]
        ladder = positions_of_rows(
            self.series,
            [LotRow(row, legs[0][0], legs[0][1], layers[k].ratio, layer=layers[k].name) for k, (row, legs) in shape],
            HEDGE,
        )
        condors = positions_of_rows(
            self.series,
            [
                LotRow(lot.series, lot.strike, lot.right, lot.quantity, int(self.sessions[lot.open_index]), lot.open_price)
                for lot in self.book.lots
                if lot.layer == -1
                and lot.group in self.book.condors
                and int(self.series.expiry[lot.series]) > snapshot.session  # what settles on this close has no vega left
            ],
            CONDOR,
        )
        inputs = size_inputs(
            snapshot, self.series, condors, ladder, betas, move=size_move(size), equity_usd=max(capital_usd, 0.0)
        )
        answer = solve(inputs, size_target(size))
        if not answer.feasible and len(condors):
            self._count(BOUND)
        return int(answer.contracts[[k for k, _ in shape].index(layer)])

    def _count(self, name: str) -> None:
        self.counters.held_back[name] = self.counters.held_back.get(name, 0) + 1


def positions_of_rows(series: SeriesTable, rows: Sequence[LotRow], sleeve: str) -> Positions:
    """Lots as positions of one sleeve."""
    return Positions(
        root=tuple(root_of(series, row) for row in rows),
        expiry=np.array([series.expiry[row.series] for row in rows], dtype=np.int64),
        strike=np.array([row.strike if row.right else np.nan for row in rows], dtype=np.float64),
        right=np.array([row.right for row in rows], dtype=np.int64),
        quantity=np.array([row.quantity for row in rows], dtype=np.float64),
        opened=np.array([row.opened for row in rows], dtype=np.int64),
        open_price=np.array([row.open_price for row in rows], dtype=np.float64),
        sleeve=(sleeve,) * len(rows),
        layer=tuple(row.layer for row in rows),
    )


def root_of(series: SeriesTable, row: LotRow) -> Root:
    """Root of a lot: VX where it is a future and no other root is named, else that of its series."""
    if row.root is not None:
        return row.root
    return series.roots[row.series] if row.right else Root.VX


def hedge_sizer(policy: Policy, market: Market, book: Book, counters: Counters, betas: RollingBetas | None) -> HedgeSizer | None:
    """The sizer of a policy whose size is solved, else None."""
    if not policy.hedge.enabled or policy.hedge.size.kind not in SOLVED_KINDS:
        return None
    return HedgeSizer(policy=policy, series=market.series, sessions=market.sessions, book=book, counters=counters, betas=betas)
