"""Which condor an entry day opens, at which credit: a pure function of the snapshot and the policy, for one lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh.core.orders import Refusal
from alvh.market.market import Legs, Quotes, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.costing import fill_prices, tradable
from alvh.strategy.limits import spread_refusal
from alvh.strategy.policy import Policy
from alvh.strategy.selection import CALL, PUT, choose_condor_expiry, choose_condor_strikes

CONDOR_SIGNS = (1, -1, -1, 1)
"""Long put, short put, short call, long call."""
CONDOR_RIGHTS = (PUT, PUT, CALL, CALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorChoice:
    """One lot of a condor: its legs and their quotes, and credit, width and maximum loss in points."""

    row: int
    legs: Legs
    quotes: Quotes
    credit_points: float
    widest_points: float

    @property
    def max_loss_points(self) -> float:
        """Wider wing less the credit."""
        return self.widest_points - self.credit_points


def choose_condor(snapshot: Snapshot, series: SeriesTable, policy: Policy) -> CondorChoice | Refusal:
    """The condor that the policy opens at this close, filled at its share of the half-spread; or why there is none."""
    condor = policy.condor
    row = choose_condor_expiry(snapshot, series, condor)
    if row is None:
        return Refusal(rule="R01", text=f"no expiry of {condor.min_dte}-{condor.max_dte} days is listed")
    strikes = choose_condor_strikes(snapshot, row, condor)
    if strikes is None:
        return Refusal(rule="R01", text="the listed strikes allow no condor")
    prices = (strikes.long_put, strikes.short_put, strikes.short_call, strikes.long_call)
    legs = Legs.of([(row, strike, right) for strike, right in zip(prices, CONDOR_RIGHTS, strict=True)])
    quotes = snapshot.quote(legs)
    if not tradable(quotes):
        return Refusal(rule="fill", text="a leg has no two-sided market")
    signs = np.array(CONDOR_SIGNS, dtype=np.float64)
    net_delta = float(np.dot(signs, quotes.delta))
    if condor.max_net_delta is not None and abs(net_delta) > condor.max_net_delta:
        return Refusal(rule="R01", text=f"net delta {net_delta:+.3f} is beyond {condor.max_net_delta:g}")
    refusal = spread_refusal(policy.limits, "condor", quotes, signs)
    if refusal is not None:
        return Refusal(rule=refusal.rule, text=refusal.text)
    credit = condor_credit_points(fill_prices(quotes, signs, policy.costs.spx_spread_share_pct / 100.0))
    if credit <= 0.0:
        return Refusal(rule="R01", text=f"the condor pays no credit after costs ({credit:.2f} points)")
    return CondorChoice(row=row, legs=legs, quotes=quotes, credit_points=credit, widest_points=strikes.widest_points)


def condor_credit_points(prices: np.typing.NDArray[np.float64]) -> float:
    """Credit of one lot from the prices of its legs, in the order of :data:`CONDOR_SIGNS`."""
    return -float(np.dot(np.array(CONDOR_SIGNS, dtype=np.float64), prices))
