"""Requirement through time, buying power, return on the greatest requirement, and the quick ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from alvh.core.errors import UsageError
from alvh.market.history import Floats
from alvh.market.positions import Ints
from alvh.risk.margin.rules import CreditRule, SpreadRule

_SAME_WIDTH = 1e-6


def condor_requirement_usd(
    put_width: ArrayLike,
    call_width: ArrayLike,
    credit: ArrayLike,
    quantity: ArrayLike,
    *,
    multiplier_usd: ArrayLike = 100.0,
    spread: SpreadRule = "max_intrinsic_loss",
    credit_rule: CreditRule = "net",
) -> Floats:
    """Strategy-based requirement of iron condors, dollars, by broadcasting: widths and credit in points, ``quantity`` contracts.

    ``max_intrinsic_loss`` asks for the wider side, ``sum_of_sides`` for both where they differ. A width of 0 is a side not sold.
    """
    puts, calls, sold, count, dollars = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (put_width, call_width, credit, quantity, multiplier_usd))
    )
    for name, values in (("put_width", puts), ("call_width", calls), ("quantity", count)):
        if not (np.isfinite(values) & (values >= 0.0)).all():
            raise UsageError(
                f"{name} holds a negative or missing number", allowed="numbers of 0 or more", todo="check the entries"
            )
    if not np.isfinite(sold).all():
        raise UsageError("credit holds a missing number", allowed="points per unit", todo="check the entries")
    wider = np.maximum(puts, calls)
    both = spread == "sum_of_sides"
    gross = np.where(np.abs(puts - calls) > _SAME_WIDTH, puts + calls, wider) if both else wider
    counted = sold if credit_rule == "net" else np.minimum(sold, 0.0)
    return np.asarray(np.maximum(gross - counted, 0.0) * count * dollars)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementPath:
    """Requirement at each close (t,), dollars, its maximum, the close of the first maximum, and the mean over closes held."""

    requirement_usd: Floats
    maximum_usd: float
    maximum_at: int
    mean_held_usd: float


def requirement_series(requirement_usd: Floats, opened: Ints, closed: Ints, n_sessions: int) -> RequirementPath:
    """Requirement of overlapping positions through time.

    ``requirement_usd`` (e,) is what each entry asks while it is held, ``opened`` and ``closed`` (e,) the indices of the first
    close at which it is held and of the first at which it is not; ``closed = n_sessions`` is held to the end. Entries add up.
    """
    if not requirement_usd.shape == opened.shape == closed.shape or requirement_usd.ndim != 1:
        raise UsageError("the entries' arrays differ in length", allowed="three arrays (e,)", todo="give one number an entry")
    if not np.isfinite(requirement_usd).all():
        raise UsageError("a requirement is missing", allowed="dollars an entry", todo="check the entries")
    if opened.size and (opened.min() < 0 or closed.max() > n_sessions or (closed < opened).any()):
        raise UsageError(
            "an entry closes before it opens, or lies outside the sessions",
            allowed=f"0 <= opened <= closed <= {n_sessions}",
            todo="check the entries' sessions",
        )
    change = np.zeros(n_sessions + 1)
    np.add.at(change, opened, requirement_usd)
    np.subtract.at(change, closed, requirement_usd)
    held = np.zeros(n_sessions + 1, dtype=np.int64)
    np.add.at(held, opened, 1)
    np.subtract.at(held, closed, 1)
    any_held = np.cumsum(held)[:-1] > 0
    # Summing differences leaves rounding where nothing is held.
    path = np.where(any_held, np.cumsum(change)[:-1], 0.0)
    return RequirementPath(
        requirement_usd=path,
        maximum_usd=float(path.max(initial=0.0)),
        maximum_at=int(path.argmax()) if path.size else 0,
        mean_held_usd=float(path[any_held].mean()) if any_held.any() else 0.0,
    )


def buying_power_usd(equity_usd: float, requirement_usd: float, *, minimum_equity_usd: float = 0.0) -> float:
    """What equity leaves beyond the requirement and the account's minimum; below 0 it is a margin call."""
    return equity_usd - max(requirement_usd, minimum_equity_usd)


def return_on_maximum(pnl_usd: float, path: RequirementPath) -> float:
    """Profit over the greatest requirement held, a fraction; NaN where nothing was ever required."""
    return pnl_usd / path.maximum_usd if path.maximum_usd > 0.0 else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickRatio:
    """Liquid capital over what it must meet, with both sides in dollars; infinite where nothing must be met."""

    ratio: float
    liquid_usd: float
    due_usd: float

    def meets(self, floor: float) -> bool:
        """Whether a limit of at least ``floor`` holds."""
        return self.ratio >= floor


def quick_ratio(
    *, cash_usd: float, bills_usd: float, long_options_at_bid_usd: float, requirement_usd: float, debits_due_usd: float
) -> QuickRatio:
    """Cash, bills and long options at the bid, over the margin requirement and the debits due at the next rolls.

    ``cash_usd`` may be negative (borrowed). Options without a bid count nothing; what a short position would cost to close is
    in the requirement, so ``requirement_usd`` must be one that counts no credit (``credit="none"``) where ``cash_usd`` holds
    the proceeds.
    """
    parts = {
        "bills_usd": bills_usd,
        "long_options_at_bid_usd": long_options_at_bid_usd,
        "requirement_usd": requirement_usd,
        "debits_due_usd": debits_due_usd,
    }
    for name, value in parts.items():
        if not np.isfinite(value) or value < 0.0:
            raise UsageError(f"{name} is {value:g}", allowed="dollars, 0 or more", todo="check the account's figures")
    if not np.isfinite(cash_usd):
        raise UsageError(f"cash_usd is {cash_usd:g}", allowed="dollars", todo="check the account's figures")
    liquid, due = cash_usd + bills_usd + long_options_at_bid_usd, requirement_usd + debits_due_usd
    if due == 0.0:
        return QuickRatio(ratio=float("inf") if liquid >= 0.0 else float("-inf"), liquid_usd=liquid, due_usd=due)
    return QuickRatio(ratio=liquid / due, liquid_usd=liquid, due_usd=due)
