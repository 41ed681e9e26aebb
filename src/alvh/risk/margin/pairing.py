"""Which legs cover which: the pairing that asks least, as brokers' optimisers look for it, found as an integer programme.

Every short contract is either in the common spread of its settlement moment, or covered by a long of its own right that settles
later, or uncovered. An uncovered put and call may stand together (the dearer side, and the premium of the other). Moments
are looked at together only where one of them leaves a short uncovered or can spare a long.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import InternalError
from alvh.market.history import Floats
from alvh.risk.margin.legs import Leg, Moment, settlement_losses

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Contracts by treatment, keyed by the legs' numbers: ``pooled`` is signed and in the moment's common spread.

    ``covered`` and ``strangles`` map (short, long) and (short put, short call) to contracts.
    """

    pooled: Mapping[int, int]
    uncovered: Mapping[int, int]
    covered: Mapping[Pair, int]
    strangles: Mapping[Pair, int]


def least_pairing(legs: Sequence[Leg], uncovered_usd: Floats, deposits_usd: Floats, *, pooled: bool, across: bool) -> Pairing:
    """The pairing of one product with the least gross requirement.

    ``uncovered_usd`` and ``deposits_usd`` (n,) are what one uncovered contract asks with and without its premium; ``pooled``
    allows the common spread of a moment (else shorts are covered one by one, at the same moment too); ``across`` lets different
    moments serve each other.
    """
    moments = sorted({leg.moment for leg in legs})
    pairs = _Pairs(legs=legs, pooled=pooled)
    alone = [pairs.inside(moment) for moment in moments]
    costs = (uncovered_usd, deposits_usd)
    found = _merged([_solved(legs, members, covers, strangles, costs, pooled) for members, covers, strangles in alone])
    if not across or len(moments) < 2:
        return found
    if pooled and not found.uncovered and not _spare_longs(legs, found):
        return found
    later, mixed = pairs.across()
    covers = [pair for _, own, _ in alone for pair in own] + later
    strangles = [pair for _, _, own in alone for pair in own] + mixed
    return _solved(legs, list(range(len(legs))), covers, strangles, costs, pooled)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs of legs that may serve each other."""

    legs: Sequence[Leg]
    pooled: bool

    def inside(self, moment: Moment) -> tuple[list[int], list[Pair], list[Pair]]:
        """Legs, covers and strangles of one moment; in a common spread nothing is covered one by one."""
        members = [k for k, leg in enumerate(self.legs) if leg.moment == moment]
        shorts = [k for k in members if self.legs[k].quantity < 0]
        longs = [] if self.pooled else [k for k in members if self.legs[k].quantity > 0]
        covers = [(i, j) for i in shorts for j in longs if self.legs[i].right == self.legs[j].right]
        strangles = [(i, j) for i in shorts for j in shorts if self.legs[i].right < 0 < self.legs[j].right]
        return members, covers, strangles

    def across(self) -> tuple[list[Pair], list[Pair]]:
        """Covers by longs that settle later, and strangles at two moments."""
        legs = self.legs
        shorts = [k for k, leg in enumerate(legs) if leg.quantity < 0]
        longs = [k for k, leg in enumerate(legs) if leg.quantity > 0]
        covers = [(i, j) for i in shorts for j in longs if legs[i].right == legs[j].right and legs[j].moment > legs[i].moment]
        strangles = [
            (i, j) for i in shorts for j in shorts if legs[i].right < 0 < legs[j].right and legs[i].moment != legs[j].moment
        ]
        return covers, strangles


def _spare_longs(legs: Sequence[Leg], found: Pairing) -> bool:
    """Whether the spread of some moment can spare one contract of a long and lose no more."""
    for leg in legs:
        if leg.quantity > 0:
            pool = [legs[j].with_quantity(count) for j, count in found.pooled.items() if legs[j].moment == leg.moment]
            less = [*pool, leg.with_quantity(-1)]
            calls = sum(one.quantity for one in less if one.right > 0)
            if calls >= 0 and settlement_losses(less)[1].max() <= settlement_losses(pool)[1].max():
                return True
    return False


def _merged(parts: Sequence[Pairing]) -> Pairing:
    """Pairings of different moments as one."""
    return Pairing(
        pooled={k: count for part in parts for k, count in part.pooled.items()},
        uncovered={k: count for part in parts for k, count in part.uncovered.items()},
        covered={pair: count for part in parts for pair, count in part.covered.items()},
        strangles={pair: count for part in parts for pair, count in part.strangles.items()},
    )


def _solved(
    legs: Sequence[Leg],
    members: list[int],
    covers: list[Pair],
    strangles: list[Pair],
    costs: tuple[Floats, Floats],
    pooled: bool,
) -> Pairing:
    """The least pairing of some legs."""
    shorts = [k for k in members if legs[k].quantity < 0]
    if not shorts:
        return Pairing(pooled={k: legs[k].quantity for k in members}, uncovered={}, covered={}, strangles={})
    uncovered_usd, deposits_usd = costs
    moments = sorted({legs[k].moment for k in shorts}) if pooled else []
    cost = np.concatenate(
        [
            uncovered_usd[shorts],
            [cover_width_usd(legs[i], legs[j]) for i, j in covers],
            # The cheaper side of a strangle pays its premium alone.
            [-min((uncovered_usd[k], deposits_usd[k]) for k in pair)[1] for pair in strangles],
            np.ones(len(moments)),
        ]
    )
    programme = _Programme(
        legs=legs, members=members, shorts=shorts, covers=covers, strangles=strangles, moments=moments, cost=cost
    )
    return programme.solve()


def cover_width_usd(short: Leg, long: Leg) -> float:
    """Difference in strike by which a long falls short of covering a short of the same right, for one contract."""
    return max(short.right * (long.strike - short.strike), 0.0) * short.multiplier_usd


@contextmanager
def _native_output_dropped() -> Iterator[None]:
    """Drop what C++ writes to file descriptor 1: for some books HiGHS prints a line of its own there, inside a command's JSON."""
    sys.stdout.flush()
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Programme:
    """Variables in order: uncovered contracts, covers, strangles, and the loss of each moment's spread in dollars."""

    legs: Sequence[Leg]
    members: list[int]
    shorts: list[int]
    covers: list[Pair]
    strangles: list[Pair]
    moments: list[Moment]
    cost: Floats

    def solve(self) -> Pairing:
        """Solve by HiGHS (scipy), which is deterministic."""
        from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load

        whole = np.arange(self.cost.size) < self.cost.size - len(self.moments)
        with _native_output_dropped():
            found = milp(
                self.cost / max(float(np.abs(self.cost).max()), 1.0),
                integrality=whole.astype(np.int64),
                bounds=Bounds(0.0, np.inf),
                constraints=LinearConstraint(*self._constraints()),
                options={"mip_rel_gap": 0.0},
            )
        if found.x is None:
            raise InternalError(f"the pairing has no solution ({found.message})", todo="report this book")
        return self._pairing(np.rint(found.x[whole]).astype(np.int64))

    def _constraints(self) -> tuple[Any, Floats, Floats]:
        """``low <= A x <= high``, A sparse."""
        from scipy.sparse import csr_array, vstack

        legs, size = self.legs, self.cost.size
        inside = np.isin(np.arange(len(legs)), self.members)
        held = np.where(inside, [abs(leg.quantity) for leg in legs], 0.0)
        side = np.array([-1.0 if leg.quantity < 0 else 1.0 for leg in legs])
        right = np.array([leg.right for leg in legs])
        at_cover, at_strangle = len(self.shorts), len(self.shorts) + len(self.covers)
        at_loss = at_strangle + len(self.strangles)
        # Contracts of each leg that are not in the spread: uncovered, covered, or covering.
        taken = _entries(
            len(legs),
            size,
            [(k, at) for at, k in enumerate(self.shorts)]
            + [(k, at_cover + at) for at, pair in enumerate(self.covers) for k in pair],
        )
        in_strangle = _entries(len(legs), size, [(k, at_strangle + at) for at, pair in enumerate(self.strangles) for k in pair])
        uncovered = _entries(len(legs), size, [(k, at) for at, k in enumerate(self.shorts)])
        blocks = [taken, in_strangle - uncovered]
        highs = [held, np.zeros(len(legs))]
        # Without a common spread every short is uncovered or covered one by one.
        lows = [np.where((side < 0.0) & (not self.moments), held, -np.inf), np.full(len(legs), -np.inf)]
        for at, moment in enumerate(self.moments):
            members = np.array([leg.moment == moment for leg in legs])
            points, loss = settlement_losses([leg for leg, member in zip(legs, members, strict=True) if member])
            strikes = np.array([leg.strike for leg in legs])
            dollars = np.array([leg.multiplier_usd for leg in legs])
            intrinsic = np.maximum(right * (points[:, None] - strikes), 0.0) * dollars
            block = csr_array(intrinsic * np.where(members, side, 0.0)) @ taken
            blocks.append(block - _entries(points.size, size, [(p, at_loss + at) for p in range(points.size)]))
            highs.append(-loss)
            lows.append(np.full(points.size, -np.inf))
            # Beyond the last strike a net short call would lose without bound.
            calls = np.where(members & (right > 0), side, 0.0)
            blocks.append(csr_array(calls[None, :]) @ taken)
            highs.append(np.array([(calls * held).sum()]))
            lows.append(np.array([-np.inf]))
        return vstack(blocks, format="csr"), np.concatenate(lows), np.concatenate(highs)

    def _pairing(self, x: NDArray[np.int64]) -> Pairing:
        at_cover, at_strangle = len(self.shorts), len(self.shorts) + len(self.covers)
        uncovered = {k: int(x[at]) for at, k in enumerate(self.shorts) if x[at]}
        covered = {pair: int(x[at_cover + at]) for at, pair in enumerate(self.covers) if x[at_cover + at]}
        strangles = {pair: int(x[at_strangle + at]) for at, pair in enumerate(self.strangles) if x[at_strangle + at]}
        pooled = {k: self.legs[k].quantity for k in self.members}
        for k, count in uncovered.items():
            pooled[k] += count
        for (i, j), count in covered.items():
            pooled[i] += count
            pooled[j] -= count
        return Pairing(
            pooled={k: count for k, count in pooled.items() if count},
            uncovered=uncovered,
            covered=covered,
            strangles=strangles,
        )


def _entries(rows: int, columns: int, ones: Sequence[tuple[int, int]]) -> Any:
    """A sparse matrix of ones."""
    from scipy.sparse import csr_array

    at = np.array(ones, dtype=np.int64).reshape(-1, 2)
    return csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(rows, columns))
