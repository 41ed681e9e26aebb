"""The reserve (R47): what layers that only realised gains may pay for have to spend."""

from __future__ import annotations

from dataclasses import dataclass

from alvh.engine.book import Book
from alvh.strategy.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Balances by layer; a layer counts its share of every gain that the other layers' closed lots made.

    A book that was taken over carries what its closed lots left; its open ones count here.
    """

    policy: Policy
    book: Book

    def left_usd(self, layer: int) -> float:
        """Dollars that the layer may spend: its share of the gains, and what its own lots cost and brought."""
        own = self.policy.hedge.layers[layer]
        funded = {k for k, each in enumerate(self.policy.hedge.layers) if each.funded_by == "gains"}
        gains = flows = 0.0
        for lot in self.book.all_lots:
            usd = lot.quantity * lot.multiplier_usd
            if lot.layer == layer:
                flows -= usd * lot.open_price + lot.open_fees_usd
                if lot.close_kind:
                    flows += usd * lot.close_price - lot.close_fees_usd
            elif lot.layer >= 0 and lot.layer not in funded and lot.close_kind:
                gain = usd * (lot.close_price - lot.open_price) - lot.open_fees_usd - lot.close_fees_usd
                gains += max(gain, 0.0)
        return self.book.carried_reserve_usd[layer] + own.gains_share_pct / 100.0 * gains + flows


def reserve_layers(policy: Policy) -> frozenset[int]:
    """Layers that are paid for by gains."""
    return frozenset(k for k, layer in enumerate(policy.hedge.layers) if layer.funded_by == "gains")
