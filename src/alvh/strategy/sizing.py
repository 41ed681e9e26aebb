"""How much: condor lots of one entry, and contracts of one hedge layer (R02, R03)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from alvh.risk.size import Target
from alvh.risk.size_inputs import Move
from alvh.strategy.policy import CondorSize, HedgeSize, Policy

SOLVED_KINDS = ("vega_target", "stress_target", "capital_share")
"""Sizes that are solved from the book and the market; the others are counted from a notional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LotChoice:
    """Whole lots and whether the minimum exceeds what the share of the account covers."""

    lots: int
    breaks_share: bool


def condor_lots(size: CondorSize, capital_usd: float, max_loss_usd: float) -> LotChoice:
    """As many lots as the share of the capital covers at their maximum loss, at least the minimum; or fixed lots."""
    if size.kind == "fixed_lots":
        return LotChoice(lots=size.lots, breaks_share=False)
    covered = math.floor(size.share_pct / 100.0 * capital_usd / max_loss_usd) if max_loss_usd > 0.0 else 0
    covered = max(covered, 0)
    return LotChoice(lots=max(covered, size.minimum_lots), breaks_share=covered < size.minimum_lots)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookReadings:
    """The three readings of R03 of the open condors: index notional and maximum loss in dollars, and lots."""

    index_notional_usd: float
    risk_capital_usd: float
    lots: int


class CondorLots(Protocol):
    """A condor as the readings count it."""

    @property
    def lots(self) -> int: ...
    @property
    def index_lots(self) -> float: ...
    @property
    def max_loss_usd(self) -> float: ...


def book_readings(condors: Iterable[CondorLots], spx: float) -> BookReadings:
    """The readings of condors at an index level; ``index_lots`` are lots in units of SPX x 100."""
    held = list(condors)
    return BookReadings(
        index_notional_usd=spx * 100.0 * sum(condor.index_lots for condor in held),
        risk_capital_usd=sum(condor.max_loss_usd for condor in held),
        lots=sum(condor.lots for condor in held),
    )


def ladders(size: HedgeSize, readings: BookReadings) -> float:
    """How many full ladders a counted size asks for."""
    if size.kind == "index_notional":
        return readings.index_notional_usd / size.per_usd
    if size.kind == "risk_capital":
        return readings.risk_capital_usd / size.per_usd
    return float(readings.lots)


def whole(contracts: float) -> int:
    """Whole contracts nearest to a number of them, halves up."""
    return math.floor(contracts + 0.5)


def size_target(size: HedgeSize) -> Target:
    """A solved size as the question that :func:`alvh.risk.size.solve` answers."""
    share = size.share_pct / 100.0
    budget = None if size.decay_budget_pct is None else size.decay_budget_pct / 100.0
    if size.kind == "vega_target":
        return Target(kind="vega_target", coverage=size.coverage_pct / 100.0, against=size.against, beta=size.beta)
    if size.kind == "stress_target":
        return Target(kind="stress_target", stress_share=share, decay_budget=budget)
    return Target(kind="capital_share", capital_share=share)


def size_move(size: HedgeSize) -> Move:
    """The stress that a size is solved for."""
    return Move(spx_move=size.stress.spx_pct / 100.0, vix_points=size.stress.vix_points)


def reads_betas(policy: Policy) -> bool:
    """Whether a run of this policy reads measured betas."""
    hedge = policy.hedge
    matched = any(layer.restrike == "match_break_even" for layer in hedge.layers)
    solved = matched or hedge.size.kind in SOLVED_KINDS or hedge.ratio_of == "vega"
    return policy.limits.neutrality is not None or (hedge.enabled and solved)
