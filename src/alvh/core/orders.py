"""Orders with their reasons, fills with their costs, and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alvh.core.contracts import Contract
from alvh.core.errors import UsageError

OrderKind = Literal["open", "close", "roll"]
MarkSource = Literal["quote", "model", "settlement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: the rule, the signal that it read, the signal's value and threshold where it has any, and one sentence."""

    rule: str
    signal: str
    value: float | None
    threshold: float | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An order, or its opening half, that a limit or the market held back."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One contract and a signed quantity (bought is positive, never zero)."""

    contract: Contract
    quantity: int

    def __post_init__(self) -> None:
        if self.quantity == 0:
            raise UsageError(
                "a leg of quantity 0 orders nothing",
                where=self.contract.label(),
                allowed="a signed whole number",
                todo="drop the leg",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the rules want: legs that are traded as one package. ``layer`` is None outside the hedge sleeve."""

    sleeve: str
    layer: str | None
    kind: OrderKind
    legs: tuple[Leg, ...]
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One leg as done. Prices are in index points a contract; ``mid`` is the unrounded mid at the time.

    ``slippage_usd`` is what the fill cost against the mid (at least 0), ``fee_usd`` the leg's fees, ``mark_source`` where the
    mid came from.
    """

    session: int
    leg: Leg
    price: float
    mid: float
    slippage_usd: float
    fee_usd: float
    mark_source: MarkSource

    @property
    def cash_usd(self) -> float:
        """Cash received (positive) or paid, after fees."""
        return -self.leg.quantity * self.price * self.leg.contract.spec.multiplier_usd - self.fee_usd
