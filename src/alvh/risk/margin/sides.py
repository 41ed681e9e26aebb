"""Spreads side by side: verticals, and the named structures in which one vertical of equal width is forgiven.

Source: one broker's statement that an iron condor is recognised where the distance of its puts equals that of its calls, and
else is margined as two separate spreads (IBKR knowledge base, iron condor margin); McMillan, Options as a Strategic Investment,
on butterflies with unequal strikes ("one has to margin the individual component spreads separately").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alvh.risk.margin.legs import Leg, Moment
from alvh.risk.margin.pairing import cover_width_usd

_SAME_WIDTH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertical:
    """``count`` contracts short against as many long of one right; ``width_usd`` is what one can lose (0 for a debit spread)."""

    short: Leg
    long: Leg
    count: int
    width_usd: float

    @property
    def moment(self) -> Moment:
        """When the short settles."""
        return self.short.moment

    @property
    def is_credit(self) -> bool:
        """Whether it can lose at settlement."""
        return self.width_usd > 0.0

    @property
    def interval(self) -> float:
        """Distance between the strikes, points."""
        return abs(self.short.strike - self.long.strike)

    def part(self, count: int) -> Vertical:
        """The same spread in another number."""
        return Vertical(short=self.short, long=self.long, count=count, width_usd=self.width_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """Verticals margined together, ``count`` of each, with their gross requirement in dollars."""

    kind: str
    verticals: tuple[Vertical, ...]
    count: int
    gross_usd: float


def match_verticals(legs: Sequence[Leg], uncovered_usd: Callable[[Leg], float]) -> tuple[list[Vertical], list[Leg]]:
    """Verticals among the legs of one moment, and the legs left over.

    Of each right, shorts meet longs in the order of moneyness, both from the money outwards. A right with fewer longs than
    shorts, or in which a spread would ask more than its short alone (``uncovered_usd`` of one contract), is left over whole.
    """
    found: list[Vertical] = []
    left: list[Leg] = []
    for right in (-1, 1):
        side = sorted((leg for leg in legs if leg.right == right), key=lambda leg: leg.strike * right)
        shorts = [leg for leg in side if leg.quantity < 0]
        longs = [leg for leg in side if leg.quantity > 0]
        spare = {k: leg.quantity for k, leg in enumerate(longs)}
        matched = _match(shorts, longs, spare)
        if matched is None or any(one.width_usd > uncovered_usd(one.short) for one in matched):
            left += side
            continue
        found += matched
        left += [longs[k].with_quantity(count) for k, count in spare.items() if count]
    return found, left


def _match(shorts: Sequence[Leg], longs: Sequence[Leg], spare: dict[int, int]) -> list[Vertical] | None:
    """Shorts against longs in order, taking from ``spare``; None where longs are too few."""
    found: list[Vertical] = []
    for short in shorts:
        open_count = -short.quantity
        for k, long in enumerate(longs):
            count = min(open_count, spare[k])
            if count:
                found.append(Vertical(short=short, long=long, count=count, width_usd=cover_width_usd(short, long)))
                spare[k] -= count
                open_count -= count
        if open_count:
            return None
    return found


def structures(verticals: Sequence[Vertical]) -> list[Structure]:
    """Butterflies and condors of one right, then iron condors, then what stays vertical.

    Only equal widths meet. A butterfly's or condor's debit spread has gained in full wherever its credit spread loses, so
    nothing is asked beyond its price; of an iron condor's sides one alone can lose.
    """
    pool = [[k, one.count] for k, one in enumerate(verticals)]
    found: list[Structure] = []
    for fits, asked in ((_debit_covers, 0.0), (_opposite_sides, 1.0)):
        for mine in pool:
            for other in pool:
                one, two = verticals[mine[0]], verticals[other[0]]
                count = min(mine[1], other[1])
                if count and mine is not other and fits(one, two):
                    found.append(
                        Structure(
                            kind=_kind(one, two),
                            verticals=(one.part(count), two.part(count)),
                            count=count,
                            gross_usd=asked * count * max(one.width_usd, two.width_usd),
                        )
                    )
                    mine[1] -= count
                    other[1] -= count
    for k, count in pool:
        if count:
            one = verticals[k].part(count)
            found.append(Structure(kind="vertical", verticals=(one,), count=count, gross_usd=count * one.width_usd))
    return found


def _kind(one: Vertical, two: Vertical) -> str:
    """Name of two verticals that meet."""
    at_one_strike = one.short.strike == two.short.strike
    if one.short.right == two.short.right:
        return "butterfly" if at_one_strike else "condor"
    if one.short.strike > two.short.strike:
        return "box"
    return "iron butterfly" if at_one_strike else "iron condor"


def _alike(one: Vertical, two: Vertical) -> bool:
    return one.moment == two.moment == two.long.moment == one.long.moment and abs(one.interval - two.interval) < _SAME_WIDTH


def _debit_covers(credit: Vertical, debit: Vertical) -> bool:
    """Same right, and the debit spread is fully in the money before the credit spread begins to lose."""
    right = credit.short.right
    return (
        _alike(credit, debit)
        and credit.is_credit
        and not debit.is_credit
        and right == debit.short.right
        and right * (credit.short.strike - debit.short.strike) >= 0.0
    )


def _opposite_sides(put: Vertical, call: Vertical) -> bool:
    """A put and a call credit spread of which one alone can lose, or which together always lose one width (a short box)."""
    return (
        _alike(put, call)
        and put.is_credit
        and call.is_credit
        and put.short.right < 0 < call.short.right
        and (put.short.strike <= call.short.strike or put.short.strike == call.long.strike)
    )
