"""Limits on the whole book: bounds on delta and vega (R44), the steward's caps (R46), the quick ratio's floor (R48).

Measured on open lots at one close, with the betas known then; what settles on that close counts no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alvh.core.days import DayArray
from alvh.core.orders import Reason
from alvh.engine.book import Book
from alvh.engine.hedge_size import LotRow, positions_of_rows
from alvh.engine.ledger import Ledger
from alvh.market.market import Legs, Market, Quotes, Snapshot
from alvh.market.positions import Positions
from alvh.market.series import SeriesTable
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.exposures import exposures
from alvh.risk.margin.capital import quick_ratio
from alvh.strategy.limits import smallest_change
from alvh.strategy.policy import Policy

PREMIUM_DAYS = 30
"""The month of R46's cap on premium: calendar days, as R51's month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLimits:
    """Answers for a desk; ``betas`` have one row a market session, None where none are measured."""

    policy: Policy
    series: SeriesTable
    sessions: DayArray
    book: Book
    ledger: Ledger
    betas: RollingBetas | None

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
        measures, per_layer = self._measures(snapshot, capital_usd, ())
        best: tuple[int, int] | None = None
        for layer, units in per_layer.items():
            held = self.book.layer_quantity(layer)
            parts = [(value, unit, bound) for (_, value, bound), unit in zip(measures, units, strict=True)]
            change = smallest_change(parts, held)
            if change is not None and (best is None or abs(change) < abs(best[1])):
                best = layer, change
        return best

    def _measures(
        self, snapshot: Snapshot, capital_usd: float, extra: Sequence[LotRow]
    ) -> tuple[list[tuple[str, float, float]], dict[int, list[float]]]:
        """(name, dollars, bound) of each bounded measure, and by layer what one contract adds to each."""
        limit = self.policy.limits.neutrality
        if limit is None:
            return [], {}
        lots = [lot for lot in self.book.lots if int(self.series.expiry[lot.series]) > snapshot.session]
        rows = [
            LotRow(
                lot.series,
                lot.strike,
                lot.right,
                lot.quantity,
                int(self.sessions[lot.open_index]),
                lot.open_price,
                root=lot.future,
            )
            for lot in lots
        ]
        book = self._positions([*rows, *extra])
        if not len(book):
            return [], {}
        betas = PUBLISHED if self.betas is None else self.betas.at(snapshot.index)
        found = exposures(snapshot, book, self.series, betas)
        delta = found.column("spx_equivalent_delta_usd_per_point") * 0.01 * snapshot.spx
        columns = {
            "delta for 1 % of SPX": (delta, limit.max_delta_pct),
            "vega for a VIX point": (found.column("net_usd_per_vix_point"), limit.max_vega_pct),
        }
        measures, units = [], []
        for name, (values, pct) in columns.items():
            if pct is not None:
                measures.append((name, float(values.sum()), pct / 100.0 * capital_usd))
                units.append(values / book.quantity)
        per_layer: dict[int, list[float]] = {}
        for k, lot in enumerate(lots):
            if lot.layer >= 0 and not lot.stranded and lot.quantity > 0:
                each = [float(values[k]) for values in units]
                for other, sold in enumerate(lots):  # a unit of a spread is both of its legs
                    if sold.layer == lot.layer and sold.quantity < 0 and sold.right:
                        each = [value - float(values[other]) for value, values in zip(each, units, strict=True)]
                        break
                per_layer[lot.layer] = each
        return measures, per_layer

    def _positions(self, rows: Sequence[LotRow]) -> Positions:
        return positions_of_rows(self.series, rows, "")

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
        since, spent = snapshot.session - PREMIUM_DAYS, 0.0
        for entry in reversed(self.ledger.entries):
            if int(self.sessions[entry.market_row]) <= since:
                break
            if entry.layer >= 0 and entry.kind == "open":
                spent -= entry.cash_usd
        return spent + sum(usd for session, usd in self.ledger.earlier_premium if session > since)

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
