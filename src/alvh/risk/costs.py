"""What a hedge costs to hold: premium, and the value lost in a month in which nothing moves (R51, R52, R54).

*Static decay* is the value lost in some days with index, curve and surface unchanged (:mod:`alvh.risk.unchanged`). A VX future
loses the slope of its curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh.market.history import Floats
from alvh.market.market import Snapshot
from alvh.market.positions import Positions
from alvh.market.series import SeriesTable
from alvh.risk.betas import REGIME_EDGES, vix_regimes
from alvh.risk.coverage import HEDGE, Notional
from alvh.risk.exposures import legs_of, unit_greeks
from alvh.risk.unchanged import unchanged_value

MONTH_DAYS = 30
"""The month of methods.md 8.2's decay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeCost:
    """What a hedge costs, by layer (layers,) and in all, in dollars; positive is a cost.

    ``premium_usd`` is the options' value now, ``paid_usd`` what was paid (None where an opening price is not known),
    ``decay_usd`` the static decay over ``days``. ``base`` holds the notional readings and the credit, ``credit_for_days_usd`` the
    part of that credit which belongs to as many days.
    """

    layers: tuple[str, ...]
    days: int
    layer_premium_usd: Floats
    layer_decay_usd: Floats
    premium_usd: float
    paid_usd: float | None
    decay_usd: float
    base: Notional

    @property
    def credit_for_days_usd(self) -> float:
        """Condor credit spread evenly over its life, over ``days``."""
        return self.base.credit_per_day_usd * self.days

    @property
    def decay_of_credit(self) -> float | None:
        """Decay over the credit of as many days (R54), a fraction."""
        return _over(self.decay_usd, self.credit_for_days_usd)

    @property
    def decay_of_index(self) -> float | None:
        """Decay over index notional, a fraction."""
        return _over(self.decay_usd, self.base.index_usd)

    @property
    def decay_of_risk_capital(self) -> float | None:
        """Decay over the condors' largest loss, a fraction."""
        return _over(self.decay_usd, self.base.risk_capital_usd)

    @property
    def decay_usd_per_condor_lot(self) -> float | None:
        """Decay for each condor lot, dollars."""
        return _over(self.decay_usd, self.base.lots)

    @property
    def premium_of_credit(self) -> float | None:
        """Premium over the condors' whole credit, a fraction."""
        return _over(self.premium_usd, self.base.credit_usd)

    @property
    def premium_of_index(self) -> float | None:
        """Premium, which is a bought call's capital (R52), over index notional, a fraction."""
        return _over(self.premium_usd, self.base.index_usd)

    @property
    def premium_of_risk_capital(self) -> float | None:
        """Premium over the condors' largest loss, a fraction."""
        return _over(self.premium_usd, self.base.risk_capital_usd)

    @property
    def premium_usd_per_condor_lot(self) -> float | None:
        """Premium for each condor lot, dollars."""
        return _over(self.premium_usd, self.base.lots)


def _over(amount: float, base: float | None) -> float | None:
    return None if base is None or base <= 0.0 else amount / base


def hedge_cost(
    snapshot: Snapshot, positions: Positions, series: SeriesTable, base: Notional, *, days: int = MONTH_DAYS, hedge: str = HEDGE
) -> HedgeCost:
    """Premium and static decay of the hedge sleeve beside the readings of :func:`alvh.risk.coverage.notional`.

    A future has no premium; its decay is the roll-down of the curve. Errors as for :func:`alvh.risk.unchanged.unchanged_value`.
    """
    chosen = np.array([name == hedge for name in positions.sleeve], dtype=np.bool_)
    book = positions.rows(chosen)
    names = tuple(dict.fromkeys(book.layer))
    premium: Floats = np.zeros(len(names))
    decay: Floats = np.zeros(len(names))
    paid = 0.0
    if len(book):
        usd = book.quantity * book.multiplier_usd
        now = unit_greeks(snapshot, legs_of(book, series), series)[0]
        later = unchanged_value(snapshot, book, series, days=days)
        at = np.array([names.index(layer) for layer in book.layer])
        premium = np.asarray(
            np.bincount(at, weights=np.where(book.is_option, usd * now, 0.0), minlength=len(names)), dtype=np.float64
        )
        decay = np.asarray(np.bincount(at, weights=usd * (now - later), minlength=len(names)), dtype=np.float64)
        paid = float(np.where(book.is_option, usd * book.open_price, 0.0).sum())
    return HedgeCost(
        layers=names,
        days=days,
        layer_premium_usd=premium,
        layer_decay_usd=decay,
        premium_usd=float(premium.sum()),
        paid_usd=paid if np.isfinite(paid) else None,
        decay_usd=float(decay.sum()),
        base=base,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeCost:
    """Cost and credit of the months in one VIX regime; ``ratio`` is their quotient, None without credit."""

    label: str
    months: int
    cost_usd: float
    credit_usd: float
    ratio: float | None


def cost_by_regime(
    vix: Floats, cost_usd: Floats, credit_usd: Floats, *, edges: tuple[float, ...] = REGIME_EDGES
) -> tuple[RegimeCost, ...]:
    """Cost over credit by regime of the VIX at each period's start (R54), (periods,) each; periods without VIX are left out."""
    made = []
    for low, high, label in vix_regimes(edges):
        inside = (vix >= low) & (vix < high)
        cost, credit = float(cost_usd[inside].sum()), float(credit_usd[inside].sum())
        made.append(
            RegimeCost(label=label, months=int(inside.sum()), cost_usd=cost, credit_usd=credit, ratio=_over(cost, credit))
        )
    return tuple(made)
