"""Positions as the margin rules see them: one leg a series, net of both sides, with its requirement when nothing covers it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from alvh.core.contracts import SPECS
from alvh.core.days import iso, to_date, to_day
from alvh.core.errors import DataInvalid, DataMissing
from alvh.market.history import Floats
from alvh.market.positions import FUTURE, Positions
from alvh.risk.margin.rules import LONG_TERM_MONTHS, PM_ROOTS, PRODUCT_OF, Product, ShortOptionRule

Moment = tuple[int, int]
"""When a series settles: its expiry, and 0 for the opening or 1 for the close."""
_SAME_MARK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginInputs:
    """What a requirement is computed from besides the positions.

    ``as_of`` is a day; ``mark`` (n,) points per unit of each position; ``spx`` and ``vix`` the index levels in points.
    """

    as_of: int
    mark: Floats
    spx: float
    vix: float

    def level(self, product: Product) -> float:
        """Index level of a product; XSP is a tenth of SPX."""
        return {"SPX": self.spx, "XSP": self.spx / 10.0, "VIX": self.vix, "VX": self.vix}[product]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One option series of the account: ``quantity`` is net and signed, ``mark_usd`` the value of one contract."""

    product: Product
    moment: Moment
    right: int
    strike: float
    quantity: int
    mark_usd: float
    multiplier_usd: float
    rows: tuple[int, ...]

    @property
    def value_usd(self) -> float:
        """Signed value at the mark."""
        return self.quantity * self.mark_usd

    def with_quantity(self, quantity: int) -> Leg:
        """The same series in another number."""
        return Leg(
            product=self.product,
            moment=self.moment,
            right=self.right,
            strike=self.strike,
            quantity=quantity,
            mark_usd=self.mark_usd,
            multiplier_usd=self.multiplier_usd,
            rows=self.rows,
        )


def check_book(positions: Positions, inputs: MarginInputs) -> None:
    """Refuse what has no requirement: a mark or level that is no number, a part of a contract, an expiry past."""
    if inputs.mark.shape != (len(positions),):
        raise DataInvalid(
            f"{inputs.mark.size} marks for {len(positions)} positions", allowed="one mark a position", todo="mark every position"
        )
    for k, root in enumerate(positions.root):
        where = f"position {k + 1}, {series_name(positions, k)}"
        if not isfinite(inputs.mark[k]) or inputs.mark[k] < 0.0:
            raise DataMissing(
                "the position has no mark",
                where=where,
                allowed="a price of 0 or more, in points",
                todo="price it, or leave it out",
            )
        if positions.quantity[k] != round(float(positions.quantity[k])):
            raise DataInvalid(
                f"the quantity is {positions.quantity[k]:g}", where=where, allowed="whole contracts", todo="round the quantity"
            )
        if positions.expiry[k] < inputs.as_of:
            raise DataInvalid(
                f"the position expired before {iso(inputs.as_of)}",
                where=where,
                allowed="positions that are alive",
                todo="drop it",
            )
        level = inputs.level(PRODUCT_OF[root])
        if not isfinite(level) or level <= 0.0:
            raise DataMissing(
                f"the index level of {PRODUCT_OF[root]} is {level:g}",
                where=where,
                allowed="a level above 0",
                todo="give the level",
            )


def series_name(positions: Positions, k: int) -> str:
    """``SPX 2020-03-20 P 3000`` of one position."""
    head = f"{positions.root[k].value} {iso(positions.expiry[k])}"
    if positions.right[k] == FUTURE:
        return head
    return f"{head} {'C' if positions.right[k] > 0 else 'P'} {positions.strike[k]:g}"


def net_legs(positions: Positions, inputs: MarginInputs) -> list[Leg]:
    """Option legs by product, settlement moment, right and strike; contracts held on both sides cancel."""
    rows: dict[tuple[Product, Moment, int, float], list[int]] = {}
    for k, root in enumerate(positions.root):
        if positions.right[k] != FUTURE:
            moment = (int(positions.expiry[k]), int(root in PM_ROOTS))
            rows.setdefault((PRODUCT_OF[root], moment, int(positions.right[k]), float(positions.strike[k])), []).append(k)
    legs = []
    for key in sorted(rows):
        product, moment, right, strike = key
        held = rows[key]
        marks = inputs.mark[held]
        if np.ptp(marks) > _SAME_MARK * (1.0 + marks.max()):
            raise DataInvalid(
                f"one series has the marks {marks.min():g} and {marks.max():g}",
                where=series_name(positions, held[0]),
                allowed="one mark a series",
                todo="mark both rows from the same source",
            )
        quantity = round(float(positions.quantity[held].sum()))
        if quantity:
            multiplier = SPECS[positions.root[held[0]]].multiplier_usd
            legs.append(
                Leg(
                    product=product,
                    moment=moment,
                    right=right,
                    strike=strike,
                    quantity=quantity,
                    mark_usd=float(marks[0]) * multiplier,
                    multiplier_usd=multiplier,
                    rows=tuple(held),
                )
            )
    return legs


def deposit_usd(leg: Leg, rule: ShortOptionRule, level: float) -> tuple[float, str]:
    """Deposit for one uncovered short contract beyond its premium, and which half of the rule gave it.

    Source: Cboe Rule 10.3 and its strategy-based margin page; FINRA 4210(f)(2)(E).
    """
    out_of_the_money = max(leg.right * (leg.strike - level), 0.0)
    basic = rule.basic * level - out_of_the_money
    floor = rule.floor * (level if leg.right > 0 else leg.strike)
    if basic >= floor:
        return basic * leg.multiplier_usd, f"{rule.basic:.0%} of the index less the amount out of the money"
    return floor * leg.multiplier_usd, f"floor of {rule.floor:.0%} of the {'index' if leg.right > 0 else 'strike'}"


def is_long_term(moment: Moment, as_of: int) -> bool:
    """True where more than nine months remain."""
    today = to_date(as_of)
    months = today.month - 1 + LONG_TERM_MONTHS
    year, month = today.year + months // 12, months % 12 + 1
    for day in (today.day, 30, 29, 28):
        try:
            return moment[0] > to_day(today.replace(year=year, month=month, day=day))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def settlement_losses(legs: list[Leg]) -> tuple[Floats, Floats]:
    """Settlement values at which a piecewise linear loss can be greatest, and the loss there in dollars of the given legs.

    The values are 0 and every strike, ascending; a loss that grows beyond the last strike is not looked at here.
    """
    points = np.array(sorted({0.0, *(leg.strike for leg in legs)}))
    loss = np.zeros(points.size)
    for leg in legs:
        loss -= leg.quantity * leg.multiplier_usd * np.maximum(leg.right * (points - leg.strike), 0.0)
    return points, loss


def worst_settlement(legs: list[Leg]) -> tuple[float, str]:
    """Greatest intrinsic loss in dollars (0 or more) of bounded legs, and where the underlying settles then."""
    points, loss = settlement_losses(legs)
    worst = int(loss.argmax())
    if loss[worst] <= 0.0:
        return 0.0, "nothing is lost at settlement beyond what was paid"
    tie = np.flatnonzero(loss >= loss[worst] - 1e-9 * (1.0 + abs(loss[worst])))
    if tie[0] == 0 and tie.size > 1 and tie[1] == 1:
        return float(loss[worst]), f"settlement at {points[1]:g} or below"
    if tie[-1] == points.size - 1:
        return float(loss[worst]), f"settlement at {points[-1]:g} or above"
    return float(loss[worst]), f"settlement at {points[tie[0]]:g}"
