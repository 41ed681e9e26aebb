"""What 4/4/2 means for a book: the published size under each of its three readings, at the prices of the book's own layers."""

from __future__ import annotations

from typing import Any, Final

from alvh.risk.costs import HedgeCost
from alvh.risk.coverage import HEDGE, PER_USD, Coverage, share
from alvh.risk.exposures import Exposures

SIZE: Final = (4.0, 4.0, 2.0)
"""The published contracts of the three layers, nearest first (R03)."""


def four_four_two(found: Exposures, cost: HedgeCost, covered: Coverage) -> dict[str, Any]:
    """4/4/2 per $100,000 of index notional, per $100,000 of the condors' largest loss and per condor lot: contracts, premium,
    static decay and coverage, each scaled from the book's own layers.

    ``readings`` is empty and ``why`` says so where the hedge has not three layers of VIX calls or there is no condor.
    """
    positions, base = found.positions, cost.base
    rows = [k for k, sleeve in enumerate(positions.sleeve) if sleeve == HEDGE]
    layers = sorted(
        {positions.layer[k] for k in rows},
        key=lambda name: min(int(positions.expiry[k]) for k in rows if positions.layer[k] == name),
    )
    count = {name: sum(float(positions.quantity[k]) for k in rows if positions.layer[k] == name) for name in layers}
    plain = all(positions.is_vix[k] and positions.right[k] > 0 and positions.quantity[k] > 0.0 for k in rows)
    if len(layers) != len(SIZE) or not plain:
        return {"readings": [], "why": "4/4/2 is a size of three layers of bought VIX calls, and this hedge is something else"}
    if base.index_usd <= 0.0:
        return {"readings": [], "why": "the book holds no condor to size 4/4/2 on"}
    bases = (
        ("per $100,000 of index notional", base.index_usd / PER_USD),
        ("per $100,000 of the condors' largest loss", None if base.risk_capital_usd is None else base.risk_capital_usd / PER_USD),
        ("per condor lot", base.lots),
    )
    sums = {key[1]: values for key, values in found.by_layer().items() if key[0] == HEDGE}
    premium = dict(zip(cost.layers, cost.layer_premium_usd.tolist(), strict=True))
    decay = dict(zip(cost.layers, cost.layer_decay_usd.tolist(), strict=True))
    readings = []
    for name, units in bases:
        if units is None:
            continue
        scale = {layer: size * units / count[layer] for layer, size in zip(layers, SIZE, strict=True)}

        def total(values: dict[str, float], by: dict[str, float] = scale) -> float:
            return sum(by[layer] * values[layer] for layer in layers)

        naive = total({layer: sums[layer]["vix_delta_usd_per_point"] for layer in layers})
        adjusted = total({layer: sums[layer]["vix_equivalent_usd_per_vix_point"] for layer in layers})
        lost = total(decay)
        readings.append(
            {
                "reading": name,
                "contracts": [size * units for size in SIZE],
                "premium_usd": total(premium),
                "decay_usd": lost,
                "decay_of_credit": share(lost, cost.credit_for_days_usd),
                "decay_of_index_notional": share(lost, base.index_usd),
                "premium_of_risk_capital": None
                if base.risk_capital_usd is None
                else share(total(premium), base.risk_capital_usd),
                "net_naive": share(naive, covered.net_vega_usd_per_vol_point),
                "net_adjusted": share(adjusted, covered.net_vega_usd_per_vol_point),
                "short_naive": share(naive, covered.short_vega_usd_per_vol_point),
                "short_adjusted": share(adjusted, covered.short_vega_usd_per_vol_point),
            }
        )
    return {"layers": layers, "days": cost.days, "readings": readings, "why": None}
