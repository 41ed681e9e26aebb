"""What is held: open lots, the condors that they form, and the layers, with arrays kept for marking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.engine.ledger import Lot
from alvh.market.market import Legs

Floats = NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class OpenCondor:
    """A condor from entry to exit or settlement; ``max_loss_usd`` as sized, ``credit_usd`` as received, for all its lots.

    ``index_lots``: lots in units of SPX × 100 (a tenth of the lots for XSP).
    """

    group: int
    lots: int
    index_lots: float
    credit_usd: float
    max_loss_usd: float
    expiry: int
    opened_index: int


@dataclass(slots=True)
class LayerState:
    """What a layer holds now: one contract and its lots, and the strike ÷ forward at its last opening."""

    series: int | None = None
    strike: float = 0.0
    moneyness: float | None = None


class Book:
    """Open lots of both sleeves. Arrays are rebuilt only after the book changes."""

    __slots__ = ("_arrays", "all_lots", "condors", "layers", "lots", "planned")

    def __init__(self, layers: int) -> None:
        self.lots: list[Lot] = []
        self.all_lots: list[Lot] = []
        self.condors: dict[int, OpenCondor] = {}
        self.layers = [LayerState() for _ in range(layers)]
        self.planned: list[OpenCondor] = []
        self._arrays: tuple[Legs, Floats, NDArray[np.bool_]] | None = None

    def add(self, lot: Lot) -> None:
        self.lots.append(lot)
        self.all_lots.append(lot)
        self._arrays = None

    def track_split(self, lot: Lot) -> None:
        """Record a lot that was split off and closes at once."""
        self.all_lots.append(lot)

    def remove(self, lot: Lot) -> None:
        self.lots.remove(lot)
        self._arrays = None

    def resized(self) -> None:
        """The quantity of an open lot changed."""
        self._arrays = None

    def arrays(self) -> tuple[Legs, Floats, NDArray[np.bool_]]:
        """Legs of the open lots, dollars per point of each (signed quantity × multiplier), and which are condor legs."""
        if self._arrays is None:
            legs = Legs.of([(lot.series, lot.strike, lot.right) for lot in self.lots])
            usd = np.array([lot.quantity * lot.multiplier_usd for lot in self.lots], dtype=np.float64)
            self._arrays = (legs, usd, np.array([lot.layer < 0 for lot in self.lots], dtype=np.bool_))
        return self._arrays

    def layer_lots(self, layer: int) -> list[Lot]:
        """Lots that count in a layer, oldest first."""
        return [lot for lot in self.lots if lot.layer == layer and not lot.stranded]

    def layer_quantity(self, layer: int) -> int:
        return sum(lot.quantity for lot in self.layer_lots(layer))

    def planned_condors(self, session: int) -> list[OpenCondor]:
        """The condors that would be open had none left before its expiry."""
        self.planned = [condor for condor in self.planned if condor.expiry > session]
        return self.planned
