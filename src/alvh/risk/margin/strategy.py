"""Strategy-based ("Reg-T") margin of a book: longs paid for, spreads at their greatest loss, uncovered shorts by the index rule.

Rules, conventions and what is assumed: ``docs/reference/margin.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import UsageError
from alvh.market.positions import Positions
from alvh.risk.margin.futures import future_parts
from alvh.risk.margin.legs import Leg, MarginInputs, Moment, check_book, deposit_usd, is_long_term, net_legs, worst_settlement
from alvh.risk.margin.pairing import Pairing, cover_width_usd, least_pairing
from alvh.risk.margin.report import MarginPart, MarginReport, report_of
from alvh.risk.margin.rules import DAY_TRADER_EQUITY_USD, MINIMUM_EQUITY_USD, REG_T, Product, StrategyRules
from alvh.risk.margin.sides import Structure, Vertical, match_verticals, structures

_EPS_USD = 1e-6


def strategy_margin(
    positions: Positions, inputs: MarginInputs, rules: StrategyRules = REG_T, *, convention: str | None = None
) -> MarginReport:
    """Requirement of a book under strategy-based rules, in dollars.

    Products never relieve each other. Errors: :class:`DataMissing` for a position without a mark or level, :class:`DataInvalid`
    for an expired position, a part of a contract or two marks of one series.
    """
    check_book(positions, inputs)
    legs = net_legs(positions, inputs)
    parts: list[MarginPart] = []
    for product in sorted({leg.product for leg in legs}):
        own = [leg for leg in legs if leg.product == product]
        parts += _Desk(own, product, positions, inputs, rules).parts()
    parts += future_parts(positions, rules.futures, rules.future_level)
    return report_of(
        convention if convention is not None else f"strategy_{rules.spread}",
        parts,
        minimum_equity_usd=MINIMUM_EQUITY_USD,
        notes=_notes(parts, rules),
    )


class _Desk:
    """Margins the options of one product."""

    __slots__ = ("inputs", "legs", "positions", "product", "rules")

    def __init__(
        self, legs: list[Leg], product: Product, positions: Positions, inputs: MarginInputs, rules: StrategyRules
    ) -> None:
        self.legs, self.product, self.positions, self.inputs, self.rules = legs, product, positions, inputs, rules
        if product not in rules.short_options:
            raise UsageError(
                f"no rule for uncovered options on {product}",
                allowed="a ShortOptionRule a product",
                todo="add it to short_options",
            )

    def parts(self) -> list[MarginPart]:
        """Everything, spreads first."""
        if self.rules.spread == "max_intrinsic_loss":
            return self._from_pairing(self.legs, self._pair(self.legs, pooled=True))
        verticals, left = self._by_units()
        return self._from_pairing(left, self._pair(left, pooled=False), verticals)

    def _pair(self, legs: Sequence[Leg], *, pooled: bool) -> Pairing:
        deposits = np.array([self._deposit(leg)[0] for leg in legs])
        bare = deposits + np.array([leg.mark_usd for leg in legs])
        return least_pairing(legs, bare, deposits, pooled=pooled, across=self.product in self.rules.later_long_covers)

    def _deposit(self, leg: Leg) -> tuple[float, str]:
        return deposit_usd(leg, self.rules.short_options[self.product], self.inputs.level(self.product))

    def _bare(self, leg: Leg) -> float:
        return leg.mark_usd + self._deposit(leg)[0]

    def _by_units(self) -> tuple[list[Vertical], list[Leg]]:
        """Verticals inside each sleeve and opening day, and what is left over of the whole product."""
        verticals: list[Vertical] = []
        left: dict[tuple[Moment, int, float], Leg] = {}
        for unit in self._units():
            found, rest = match_verticals(unit, self._bare)
            verticals += found
            for leg in rest:
                key = (leg.moment, leg.right, leg.strike)
                before = left.get(key)
                if before is not None:
                    leg = replace(leg, quantity=leg.quantity + before.quantity, rows=before.rows + leg.rows)
                left[key] = leg
        return verticals, [leg for _, leg in sorted(left.items(), key=lambda item: item[0])]

    def _units(self) -> list[list[Leg]]:
        """Legs by settlement moment, sleeve and opening day; what cancels inside the account is taken out first."""
        units: dict[tuple[Moment, str, int], list[Leg]] = {}
        for leg in self.legs:
            remaining = leg.quantity
            sign = 1 if remaining > 0 else -1
            for row in leg.rows:
                held = round(float(self.positions.quantity[row]))
                count = min(max(held * sign, 0), remaining * sign)
                if count:
                    key = (leg.moment, self.positions.sleeve[row], int(self.positions.opened[row]))
                    units.setdefault(key, []).append(replace(leg, quantity=count * sign, rows=(row,)))
                    remaining -= count * sign
        return [units[key] for key in sorted(units)]

    def _from_pairing(self, legs: Sequence[Leg], pairing: Pairing, found: Sequence[Vertical] = ()) -> list[MarginPart]:
        """Parts of a pairing, with verticals found before it."""
        pooled = [legs[k].with_quantity(count) for k, count in pairing.pooled.items()]
        parts: list[MarginPart] = []
        for moment in sorted({leg.moment for leg in pooled}):
            inside = [leg for leg in pooled if leg.moment == moment]
            if any(leg.quantity < 0 for leg in inside):
                parts.append(self._spread(inside))
            else:
                parts += [self._long(leg) for leg in inside]
        verticals = [
            Vertical(short=legs[i], long=legs[j], count=count, width_usd=cover_width_usd(legs[i], legs[j]))
            for (i, j), count in pairing.covered.items()
        ]
        parts += [self._structure(one) for one in structures([*found, *verticals])]
        alone = dict(pairing.uncovered)
        for (i, j), count in pairing.strangles.items():
            parts.append(self._strangle(legs[i], legs[j], count))
            alone[i] -= count
            alone[j] -= count
        parts += [self._uncovered(legs[k], count) for k, count in alone.items() if count]
        return parts

    def _spread(self, legs: list[Leg]) -> MarginPart:
        gross, where = worst_settlement(legs)
        sides, left = match_verticals(legs, lambda leg: np.inf)
        named = structures(sides)
        by_sides = sum(one.gross_usd for one in named) if not any(leg.quantity < 0 for leg in left) else np.inf
        is_named = by_sides <= gross + _EPS_USD
        kind = named[0].kind if is_named and len(named) == 1 else "named spreads" if is_named else "universal spread"
        return self._part(kind, legs, gross, where, factor=1.0 if is_named else self.rules.universal_factor)

    def _structure(self, one: Structure) -> MarginPart:
        legs = [leg for v in one.verticals for leg in (v.short.with_quantity(-v.count), v.long.with_quantity(v.count))]
        later = any(v.long.moment != v.moment for v in one.verticals)
        where = "the long option settles later: difference in strike" if later else worst_settlement(legs)[1]
        return self._part("covered by a later long" if later else one.kind, legs, one.gross_usd, where)

    def _long(self, leg: Leg) -> MarginPart:
        loan = self.rules.loan_on_long_term if is_long_term(leg.moment, self.inputs.as_of) else 0.0
        part = self._part(
            "long option", [leg], 0.0, "the premium, paid in full" if loan == 0.0 else f"{1.0 - loan:.0%} of the premium"
        )
        return replace(part, gross_usd=-loan * leg.value_usd, requirement_usd=(1.0 - loan) * leg.value_usd)

    def _uncovered(self, leg: Leg, count: int) -> MarginPart:
        deposit, why = self._deposit(leg)
        return self._part("uncovered", [leg.with_quantity(-count)], count * (leg.mark_usd + deposit), why)

    def _strangle(self, put: Leg, call: Leg, count: int) -> MarginPart:
        dearer, other = (put, call) if self._bare(put) >= self._bare(call) else (call, put)
        side = "put" if dearer is put else "call"
        return self._part(
            "uncovered put and call",
            [put.with_quantity(-count), call.with_quantity(-count)],
            count * (self._bare(dearer) + other.mark_usd),
            f"the {side} side: {self._deposit(dearer)[1]}",
        )

    def _part(self, kind: str, legs: Sequence[Leg], gross_usd: float, binding: str, *, factor: float = 1.0) -> MarginPart:
        """Net the credit, and add what a house adds."""
        credit = -sum(leg.value_usd for leg in legs)
        requirement = max(gross_usd - (credit if self.rules.credit == "net" else min(credit, 0.0)), 0.0) * factor
        shorts = -sum(min(leg.quantity, 0) for leg in legs)
        floor = self.rules.vix_spread_minimum_usd * shorts if self.product == "VIX" else 0.0
        if any(leg.quantity > 0 for leg in legs) and requirement < floor:
            requirement, binding = floor, f"house minimum of {self.rules.vix_spread_minimum_usd:g} USD a spread"
        days = sorted({leg.moment[0] for leg in legs})
        return MarginPart(
            product=self.product,
            group=self.product,
            kind=kind,
            label=f"{self.product} {'/'.join(iso(day) for day in days)} {kind}",
            rows=tuple(sorted({row for leg in legs for row in leg.rows})),
            contracts=sum(abs(leg.quantity) for leg in legs),
            gross_usd=gross_usd,
            credit_usd=credit,
            requirement_usd=requirement,
            binding=binding,
        )


def _notes(parts: Sequence[MarginPart], rules: StrategyRules) -> tuple[str, ...]:
    notes = [
        f"a margin account holds at least {MINIMUM_EQUITY_USD:,.0f} USD, a pattern day trader's {DAY_TRADER_EQUITY_USD:,.0f} USD",
        "products do not relieve each other: long VIX calls cover nothing of SPX",
    ]
    if rules.credit == "net":
        notes.append("the requirement is what net liquidation value must cover: credits count at the marks")
    bare = [part for part in parts if part.kind.startswith("uncovered")]
    if bare:
        count = sum(part.contracts for part in bare)
        notes.append(
            f"{count} short contracts have no partner leg and are margined as uncovered: " + "; ".join(p.label for p in bare)
        )
    if any(part.product == "VX" for part in parts):
        notes.append("the margin of VX and VXM is a parameter; the default is assumed, and spreads of futures get no relief")
    return tuple(notes)
