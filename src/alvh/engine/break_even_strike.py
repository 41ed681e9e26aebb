"""Strikes that keep a layer's break-even (R11): the VIX level at which it gains a share of the condors' loss at their short put.

Layer and condors are valued at the layer's next roll date, SPX at the nearer short put, VIX and its curve by the betas known now.
The level is taken where a layer is struck at its target, and kept at later rolls by the choice of the strike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.contracts import Root
from alvh.engine.book import Book
from alvh.engine.broker import Counters
from alvh.engine.ledger import Lot
from alvh.market.history import Floats
from alvh.market.market import Legs, Market, Snapshot
from alvh.market.scenarios import Response, Scenarios
from alvh.market.series import XSP_SCALE, SeriesTable
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.stress import response_with
from alvh.strategy.policy import Policy
from alvh.strategy.selection import CALL, PUT

VIX_STEPS: Final = np.arange(0.0, 80.5, 0.5)
"""VIX moves in which a break-even is looked for: up to the largest close of 2008 and 2020, 80 to 83, from a VIX near zero."""
NO_LEVEL: Final = "R11: struck at target delta, no break-even to keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvenStrike:
    """Chooses strikes for layers with ``restrike = "match_break_even"``; ``betas`` have one row a market session, or None."""

    policy: Policy
    series: SeriesTable
    book: Book
    counters: Counters
    betas: RollingBetas | None

    def strike(self, snapshot: Snapshot, layer: int, row: int, quantity: int, by_target: float) -> float:
        """The listed strike that keeps the layer's level; ``by_target`` where there is none, whose level is then kept."""
        state, own = self.book.layers[layer], self.policy.hedge.layers[layer]
        fall = self._fall(snapshot)
        if fall is None or quantity <= 0:
            self._count()
            return by_target
        days = self._days(snapshot, layer, row)
        if state.break_even_vix is None or state.break_even_vix <= snapshot.vix:
            state.break_even_vix = self._level(snapshot, row, by_target, quantity, fall, days, own.break_even_share_pct)
            self._count()
            return by_target
        chain = snapshot.slice(row, CALL)
        strikes = chain.strikes[chain.strikes <= self.policy.hedge.max_strike_to_forward * chain.forward]
        points = np.array([state.break_even_vix - snapshot.vix])
        gain, loss = self._values(snapshot, row, strikes, quantity, fall, points, days)
        if not strikes.size or loss[0] <= 0.0:
            self._count()
            return by_target
        off = np.abs(gain[0] - own.break_even_share_pct / 100.0 * loss[0])
        return float(strikes[len(off) - 1 - int(np.argmin(off[::-1]))])  # of two equally near the further out

    def _level(
        self, snapshot: Snapshot, row: int, strike: float, quantity: int, fall: float, days: float, share_pct: float
    ) -> float | None:
        """Lowest VIX at which the layer gains its share of the loss, linear between half points; None where it never does."""
        gain, loss = self._values(snapshot, row, np.array([strike]), quantity, fall, VIX_STEPS, days)
        excess = gain[:, 0] - share_pct / 100.0 * loss
        above = np.flatnonzero((excess >= 0.0) & (loss > 0.0))
        if not above.size:
            return None
        k = int(above[0])
        if k == 0:
            return None
        part = -excess[k - 1] / (excess[k] - excess[k - 1])
        return snapshot.vix + float(VIX_STEPS[k - 1] + part * (VIX_STEPS[k] - VIX_STEPS[k - 1]))

    def _values(
        self, snapshot: Snapshot, row: int, strikes: Floats, quantity: int, fall: float, points: Floats, days: float
    ) -> tuple[Floats, Floats]:
        """Dollars gained by ``quantity`` calls at each strike (n, strikes), and lost by the condors (n,), at each VIX move."""
        lots = self._condor_lots(snapshot)
        n = len(lots)
        legs = Legs(
            series=np.array([*(lot.series for lot in lots), *([row] * len(strikes))], dtype=np.int64),
            strike=np.array([*(lot.strike for lot in lots), *strikes.tolist()]),
            right=np.array([*(lot.right for lot in lots), *([CALL] * len(strikes))], dtype=np.float64),
        )
        scenarios = Scenarios.of(
            np.concatenate([[0.0], np.full(points.size, fall)]),
            np.concatenate([[0.0], points]),
            np.concatenate([[0.0], np.full(points.size, days)]),
        )
        betas = PUBLISHED if self.betas is None else self.betas.at(snapshot.index)
        values = snapshot.reprice(legs, scenarios, response_with(betas, Response()))
        change = values[1:] - values[0]
        usd = np.array([lot.quantity * lot.multiplier_usd for lot in lots])
        calls = change[:, n:] * quantity * self.series.multiplier_usd(row)
        return np.asarray(calls), np.asarray(-(change[:, :n] @ usd))

    def _condor_lots(self, snapshot: Snapshot) -> list[Lot]:
        return [
            lot
            for lot in self.book.lots
            if lot.layer == -1 and lot.group in self.book.condors and int(self.series.expiry[lot.series]) > snapshot.session
        ]

    def _fall(self, snapshot: Snapshot) -> float | None:
        """Move of SPX to the nearer short put; None without one below spot."""
        strikes = [
            lot.strike / (XSP_SCALE if self.series.roots[lot.series] == Root.XSP else 1.0)
            for lot in self._condor_lots(snapshot)
            if lot.right == PUT and lot.quantity < 0
        ]
        below = [strike for strike in strikes if strike < snapshot.spx]
        return max(below) / snapshot.spx - 1.0 if below else None

    def _days(self, snapshot: Snapshot, layer: int, row: int) -> float:
        """Calendar days to the layer's next roll, at most to the day before its expiry."""
        roll, left = self.policy.hedge.layers[layer].roll, int(self.series.expiry[row]) - snapshot.session - 1
        return float(max(min(roll.days, left) if roll.on_grid else left, 0))

    def _count(self) -> None:
        self.counters.held_back[NO_LEVEL] = self.counters.held_back.get(NO_LEVEL, 0) + 1


def break_even_strike(
    policy: Policy, market: Market, book: Book, counters: Counters, betas: RollingBetas | None
) -> BreakEvenStrike | None:
    """The chooser of a policy of which a layer keeps its break-even, else None."""
    if not policy.hedge.enabled or all(layer.restrike != "match_break_even" for layer in policy.hedge.layers):
        return None
    return BreakEvenStrike(policy=policy, series=market.series, book=book, counters=counters, betas=betas)
