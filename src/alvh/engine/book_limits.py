"""Limits on the whole book: bounds on delta and vega (R44), the steward's caps (R46), the quick ratio's floor (R48).

Measured on open lots at one close, with the betas known then; what settles on that close counts no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import SPECS
from alvh.core.days import DayArray
from alvh.core.orders import Reason
from alvh.engine.book import Book, BookArrays
from alvh.engine.hedge_size import LotRow, root_of
from alvh.engine.ledger import Ledger, Lot
from alvh.market.history import Floats
from alvh.market.market import Legs, Market, Quotes, Snapshot
from alvh.market.series import SeriesTable
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.exposures import COLUMNS, RESPONSE, dollar_columns, unit_greeks
from alvh.risk.margin.capital import quick_ratio
from alvh.strategy.limits import smallest_change
from alvh.strategy.policy import Policy

PREMIUM_DAYS = 30
"""The month of R46's cap on premium: calendar days, as R51's month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Lots as parallel arrays: legs, expiry, signed contracts, signed dollars a point, and the index in units of SPX."""

    legs: Legs
    expiry: DayArray
    quantity: Floats
    usd: Floats
    index_scale: Floats

    def rows(self, kept: NDArray[np.bool_]) -> _Columns:
        """The rows that are kept."""
        legs = Legs(series=self.legs.series[kept], strike=self.legs.strike[kept], right=self.legs.right[kept])
        return _Columns(
            legs=legs,
            expiry=self.expiry[kept],
            quantity=self.quantity[kept],
            usd=self.usd[kept],
            index_scale=self.index_scale[kept],
        )

    def joined(self, more: _Columns) -> _Columns:
        """These rows and then ``more``."""
        legs = Legs(
            series=np.concatenate([self.legs.series, more.legs.series]),
            strike=np.concatenate([self.legs.strike, more.legs.strike]),
            right=np.concatenate([self.legs.right, more.legs.right]),
        )
        return _Columns(
            legs=legs,
            expiry=np.concatenate([self.expiry, more.expiry]),
            quantity=np.concatenate([self.quantity, more.quantity]),
            usd=np.concatenate([self.usd, more.usd]),
            index_scale=np.concatenate([self.index_scale, more.index_scale]),
        )


def _columns(series: SeriesTable, rows: Sequence[LotRow]) -> _Columns:
    at = np.array([row.series for row in rows], dtype=np.int64)
    quantity = np.array([row.quantity for row in rows], dtype=np.float64)
    return _Columns(
        legs=Legs.of([(row.series, row.strike, row.right) for row in rows]),
        expiry=series.expiry[at],
        quantity=quantity,
        usd=quantity * np.array([SPECS[root_of(series, row)].multiplier_usd for row in rows], dtype=np.float64),
        index_scale=np.array([series.scale(row.series) for row in rows], dtype=np.float64),
    )


def _per_layer(lots: Sequence[Lot], units: Sequence[Floats]) -> dict[int, list[float]]:
    """By layer, what one of its units adds to each measure."""
    per_layer: dict[int, list[float]] = {}
    for k, lot in enumerate(lots):
        if lot.layer >= 0 and not lot.stranded and lot.quantity > 0:
            each = [float(values[k]) for values in units]
            for other, sold in enumerate(lots):  # a unit of a spread is both of its legs
                if sold.layer == lot.layer and sold.quantity < 0 and sold.right:
                    each = [value - float(values[other]) for value, values in zip(each, units, strict=True)]
                    break
            per_layer[lot.layer] = each
    return per_layer


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLimits:
    """Answers for a desk; ``betas`` have one row a market session, None where none are measured."""

    policy: Policy
    series: SeriesTable
    sessions: DayArray
    book: Book
    ledger: Ledger
    betas: RollingBetas | None
    kept: list[tuple[BookArrays, _Columns]] = field(default_factory=list)

    # -------------------------------------------------------------------------------------------------------- neutrality

    def outside(self, snapshot: Snapshot, capital_usd: float, extra: Sequence[LotRow] = ()) -> Reason | None:
        """Why the book, with ``extra`` lots, lies outside its bounds; None inside them or without any."""
        for name, value, bound in self._measures(snapshot, capital_usd, extra)[0]:
            if abs(value) > bound:
                text = f"{name} of the book ${value:,.0f} is beyond ${bound:,.0f}"
                return Reason(rule="R44", signal=name, value=value, threshold=bound, text=text)
        return None

    def smallest_trade(self, snapshot: Snapshot, capital_usd: float) -> tuple[int, int] | None:
        """Layer and contracts of the fewest that bring the book inside its bounds; None where no single layer can."""
        measures, per_lot = self._measures(snapshot, capital_usd, ())
        lots = [lot for lot in self.book.lots if int(self.series.expiry[lot.series]) > snapshot.session]
        best: tuple[int, int] | None = None
        for layer, units in _per_layer(lots, per_lot).items():
            held = self.book.layer_quantity(layer)
            parts = [(value, unit, bound) for (_, value, bound), unit in zip(measures, units, strict=True)]
            change = smallest_change(parts, held)
            if change is not None and (best is None or abs(change) < abs(best[1])):
                best = layer, change
        return best

    def _measures(
        self, snapshot: Snapshot, capital_usd: float, extra: Sequence[LotRow]
    ) -> tuple[list[tuple[str, float, float]], list[Floats]]:
        """(name, dollars, bound) of each bounded measure, and what one contract of each living lot adds to it."""
        limit = self.policy.limits.neutrality
        if limit is None:
            return [], []
        table = self._table()
        alive = table.expiry > snapshot.session
        held = table if alive.all() else table.rows(alive)
        if extra:
            held = held.joined(_columns(self.series, extra))
        legs = held.legs
        if not len(legs.series):
            return [], []
        betas = PUBLISHED if self.betas is None else self.betas.at(snapshot.index)
        beta, error = betas.at((held.expiry - snapshot.session).astype(np.float64))
        dollars = dollar_columns(
            unit_greeks(snapshot, legs, self.series),
            usd_per_point=held.usd,
            is_vix=self.series.is_vix[legs.series],
            index_scale=held.index_scale,
            beta=beta,
            beta_error=error,
            spx=snapshot.spx,
            vix=snapshot.vix,
            response=RESPONSE,
        )
        delta = dollars[COLUMNS.index("spx_equivalent_delta_usd_per_point")] * 0.01 * snapshot.spx
        columns = {
            "delta for 1 % of SPX": (delta, limit.max_delta_pct),
            "vega for a VIX point": (dollars[COLUMNS.index("net_usd_per_vix_point")], limit.max_vega_pct),
        }
        measures, units = [], []
        for name, (values, pct) in columns.items():
            if pct is not None:
                measures.append((name, float(values.sum()), pct / 100.0 * capital_usd))
                units.append(values / held.quantity)
        return measures, units

    def _table(self) -> _Columns:
        """What does not change between two trades, kept while nothing is traded."""
        arrays = self.book.arrays()
        if self.kept and self.kept[0][0] is arrays:
            return self.kept[0][1]
        made = _columns(
            self.series,
            [LotRow(lot.series, lot.strike, lot.right, lot.quantity, root=lot.future) for lot in self.book.lots],
        )
        self.kept[:] = [(arrays, made)]
        return made

    # ----------------------------------------------------------------------------------------------------------- steward

    def most_bought(
        self,
        snapshot: Snapshot,
        price_usd: float,
        wanted: int,
        *,
        replaced: int,
        sold_layer: int | None,
        active: frozenset[str],
        capital_usd: float,
    ) -> tuple[int, str]:
        """Of ``wanted`` contracts at ``price_usd`` how many may be bought, and why not all.

        ``replaced`` of them stand in for as many that are sold; ``sold_layer`` is the layer that a roll empties first;
        ``active`` names the rules whose condition holds at this close.
        """
        limit = self.policy.limits.steward
        if limit is None or wanted <= 0:
            return wanted, ""
        reason, most = "", wanted
        named = [name for name in limit.no_adding_while if name in active]
        if named and most > replaced:
            most, reason = replaced, f"nothing is added while {named[0]} holds"
        for pct, spent, what in (
            (limit.max_premium_pct, self._premium_usd(snapshot), f"premium of {PREMIUM_DAYS} days"),
            (limit.max_capital_pct, self._hedge_value_usd(snapshot, sold_layer), "capital in the hedge"),
        ):
            if pct is None or price_usd <= 0.0:
                continue
            left = max(int((pct / 100.0 * capital_usd - spent) / price_usd + 1e-9), 0)
            if left < most:
                most, reason = left, f"{what} would be above {pct:g} % of the account"
        return most, reason

    def _premium_usd(self, snapshot: Snapshot) -> float:
        """Premium paid for the hedge since :data:`PREMIUM_DAYS` before this close."""
        return sum(usd for _, usd in self.ledger.premium_paid(self.sessions, snapshot.session - PREMIUM_DAYS))

    def _hedge_value_usd(self, snapshot: Snapshot, without: int | None) -> float:
        """Value of the layers at the mark, less the one that is sold."""
        lots = [lot for lot in self.book.lots if lot.layer >= 0 and lot.layer != without and lot.right]
        if not lots:
            return 0.0
        mark = snapshot.mark(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
        return float(np.array([lot.quantity * lot.multiplier_usd for lot in lots]) @ mark)

    # ------------------------------------------------------------------------------------------------------- quick ratio

    def short_of_capital(self, snapshot: Snapshot, width_usd: float, credit_usd: float) -> Reason | None:
        """Why a condor of this width and credit may not be opened under the quick ratio's floor; None where it may."""
        limit = self.policy.limits.quick_ratio
        if limit is None:
            return None
        lots = [lot for lot in self.book.lots if lot.layer >= 0 and lot.right]
        bid, rolls = 0.0, 0.0
        if lots:
            quotes: Quotes = snapshot.quote(Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]))
            usd = np.array([lot.quantity * lot.multiplier_usd for lot in lots])
            bid, rolls = float(usd @ np.nan_to_num(quotes.bid)), float(usd @ np.nan_to_num(quotes.mid))
        condors = self.book.condors.values()
        found = quick_ratio(
            cash_usd=self.ledger.cash_hedged_usd + credit_usd,
            bills_usd=0.0,
            long_options_at_bid_usd=max(bid, 0.0),
            requirement_usd=sum(condor.max_loss_usd + condor.credit_usd for condor in condors) + width_usd,
            debits_due_usd=max(rolls, 0.0),
        )
        if found.meets(limit.floor):
            return None
        text = f"the quick ratio would be {found.ratio:.2f} (${found.liquid_usd:,.0f} over ${found.due_usd:,.0f})"
        return Reason(rule="R48", signal="quick_ratio", value=found.ratio, threshold=limit.floor, text=text)


def book_limits(policy: Policy, market: Market, book: Book, ledger: Ledger, betas: RollingBetas | None) -> BookLimits | None:
    """The limits of a policy that has any on its whole book, else None."""
    limits = policy.limits
    if limits.neutrality is None and limits.steward is None and limits.quick_ratio is None:
        return None
    return BookLimits(policy=policy, series=market.series, sessions=market.sessions, book=book, ledger=ledger, betas=betas)
