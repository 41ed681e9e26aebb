"""What a margin calculation answers: the requirement, its parts, and the scenario that binds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPart:
    """One margined structure: a spread, an uncovered short, a covered short, longs that stand alone, futures, or a scanned class.

    ``gross_usd`` is the requirement before the value of the options is counted, ``credit_usd`` what the part was worth at the
    marks (above 0: sold, below 0: bought), ``requirement_usd`` what net liquidation value must cover. ``rows`` are the
    positions concerned, ``contracts`` the number of contracts in the part, longs and shorts.
    """

    product: str
    group: str
    kind: str
    label: str
    rows: tuple[int, ...]
    contracts: int
    gross_usd: float
    credit_usd: float
    requirement_usd: float
    binding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginReport:
    """Requirement of a book under one convention, in dollars.

    ``by_product`` and ``by_group`` are (name, dollars) pairs that each sum to ``requirement_usd``. ``binding`` names the
    scenario of the largest part. ``minimum_equity_usd`` is what the account must hold whatever its positions; ``notes`` say
    what was assumed, uncovered or left out.
    """

    convention: str
    requirement_usd: float
    by_product: tuple[tuple[str, float], ...]
    by_group: tuple[tuple[str, float], ...]
    parts: tuple[MarginPart, ...]
    binding: str
    minimum_equity_usd: float
    notes: tuple[str, ...]

    def product_usd(self, product: str) -> float:
        """Requirement of one product; 0 where the book holds none."""
        return dict(self.by_product).get(product, 0.0)

    def group_usd(self, group: str) -> float:
        """Requirement of one group; 0 where the book holds none."""
        return dict(self.by_group).get(group, 0.0)


def report_of(convention: str, parts: list[MarginPart], *, minimum_equity_usd: float, notes: tuple[str, ...]) -> MarginReport:
    """Add up parts."""
    by_product: dict[str, float] = {}
    by_group: dict[str, float] = {}
    for part in parts:
        by_product[part.product] = by_product.get(part.product, 0.0) + part.requirement_usd
        by_group[part.group] = by_group.get(part.group, 0.0) + part.requirement_usd
    largest = max(parts, key=lambda part: part.requirement_usd, default=None)
    return MarginReport(
        convention=convention,
        requirement_usd=sum(by_product.values()),
        by_product=tuple(by_product.items()),
        by_group=tuple(by_group.items()),
        parts=tuple(parts),
        binding="no positions" if largest is None else f"{largest.label}: {largest.binding}",
        minimum_equity_usd=minimum_equity_usd,
        notes=notes,
    )
