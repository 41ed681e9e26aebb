"""Layers of different instruments in one ratio (R02): the ladder's premium or vega, shared out and counted in each one's units.

A VX future moves ten times a VIX call of delta 1, so that counts can't be compared. The measure of the ladder is what as many
VIX calls as the size asks for would have, each in its layer's window at its layer's strike; a layer gets its share of the ratio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alvh.core.contracts import Root
from alvh.engine.hedge_size import Contract, LotRow, positions_of_rows
from alvh.market.market import Legs, Snapshot
from alvh.market.series import SHARE, SeriesTable
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.risk.exposures import exposures
from alvh.strategy.policy import HedgeLayer, Policy
from alvh.strategy.selection import LayerLegs, choose_layer_expiry, choose_layer_legs


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedSizer:
    """``betas`` have one row a market session, None where none are measured."""

    policy: Policy
    series: SeriesTable
    betas: RollingBetas | None

    def units(self, snapshot: Snapshot, ladders: float, k: int, contract: Contract) -> float:
        """Units of layer ``k`` for so many ladders; ``contract`` is what the layer holds or will hold. 0 where it measures 0."""
        layers = self.policy.hedge.layers
        total = sum(layer.ratio * self._reference(snapshot, layer) for layer in layers) * ladders
        own = self._measure(snapshot, *contract, mini=layers[k].instrument == "vxm_futures")
        share = layers[k].ratio / sum(layer.ratio for layer in layers)
        return share * total / own if own > 0.0 else 0.0

    def _reference(self, snapshot: Snapshot, layer: HedgeLayer) -> float:
        """Measure of one VIX call in the layer's window; 0 where none is listed."""
        call = replace(layer, instrument="vix_calls", roll_to="next_in_window", when_empty="nearest")
        row = choose_layer_expiry(snapshot, self.series, call, self.policy.hedge.fallback_min_dte, None).series
        legs = None if row is None else choose_layer_legs(snapshot, row, call, self.policy.hedge, None)
        return 0.0 if row is None or legs is None else self._measure(snapshot, row, legs, mini=False)

    def _measure(self, snapshot: Snapshot, row: int, legs: LayerLegs, *, mini: bool) -> float:
        """Dollars of one unit: premium at mid, or gain for a VIX point by measured betas. A unit of a fund is a dollar of it."""
        if legs[0][1] == SHARE:
            return 1.0
        rows = [LotRow(row, strike, right, sign, root=Root.VXM if mini and not right else None) for strike, right, sign in legs]
        if self.policy.hedge.ratio_of == "premium":
            mark = snapshot.mark(Legs.of([(row, strike, right) for strike, right, _ in legs]))
            return float(np.dot(mark, [sign for _, _, sign in legs])) * self.series.multiplier_usd(row)
        betas = PUBLISHED if self.betas is None else self.betas.at(snapshot.index)
        found = exposures(snapshot, positions_of_rows(self.series, rows, "hedge"), self.series, betas)
        return float(found.column("net_usd_per_vix_point").sum())


def mixed_sizer(policy: Policy, series: SeriesTable, betas: RollingBetas | None) -> MixedSizer | None:
    """The sizer of a policy whose ratio counts premium or vega, else None."""
    if not policy.hedge.enabled or policy.hedge.ratio_of == "contracts":
        return None
    return MixedSizer(policy=policy, series=series, betas=betas)
