"""What is held: open lots, the condors that they form, and the layers, with arrays kept for marking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.engine.ledger import Lot
from alvh.market.market import Legs
from alvh.strategy.selection import LayerLegs

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
    """What a layer holds now: one series and the legs of a unit, the bought strike ÷ forward at its last opening, the break-even
    that it keeps."""

    series: int | None = None
    legs: LayerLegs = ()
    moneyness: float | None = None
    break_even_vix: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookArrays:
    """Open lots as parallel arrays: legs, signed dollars per point, condor flag, settlement session.

    ``usd`` is 0 for a future, whose gain is paid in cash every day.
    ``slot``: position of a leg's condor among the open condors, or the number of open condors for every other lot.
    ``group``, ``credit_usd`` and ``expiry`` have one row per open condor.
    """

    legs: Legs
    usd: Floats
    condor: NDArray[np.bool_]
    slot: NDArray[np.int64]
    layer: NDArray[np.int64]
    first_settlement: int
    group: NDArray[np.int64]
    credit_usd: Floats
    expiry: NDArray[np.int64]


class Book:
    """Open lots of all sleeves, and the index units under an overlay. Arrays are rebuilt only after the book changes."""

    __slots__ = (
        "_arrays",
        "_futures",
        "_settlement",
        "all_lots",
        "carried_reserve_usd",
        "condors",
        "index_units",
        "layers",
        "lots",
        "planned",
    )

    def __init__(self, layers: int, settlement_session: NDArray[np.int64]) -> None:
        self.lots: list[Lot] = []
        self.all_lots: list[Lot] = []
        self.condors: dict[int, OpenCondor] = {}
        self.layers = [LayerState() for _ in range(layers)]
        self.planned: list[OpenCondor] = []
        self.index_units = 0.0
        self._settlement: list[int] = settlement_session.tolist()
        self._arrays: BookArrays | None = None
        self._futures = False
        self.carried_reserve_usd: tuple[float, ...] = (0.0,) * layers

    def add(self, lot: Lot) -> None:
        self._futures |= lot.right == 0
        self.lots.append(lot)
        self.all_lots.append(lot)
        self._arrays = None

    def track_split(self, lot: Lot) -> None:
        """Record a lot that was split off and closes at once."""
        self.all_lots.append(lot)
        self._arrays = None

    def remove(self, lot: Lot) -> None:
        self.lots.remove(lot)
        self._arrays = None

    def drop_condor(self, group: int) -> None:
        """A condor without a short leg is closed; what is stranded of it waits for its settlement."""
        del self.condors[group]
        self._arrays = None

    def add_condor(self, condor: OpenCondor) -> None:
        self.condors[condor.group] = condor
        self.planned.append(condor)
        self._arrays = None

    @property
    def unchanged_arrays(self) -> BookArrays | None:
        """The arrays, where nothing changed since they were last built."""
        return self._arrays

    def arrays(self) -> BookArrays:
        """The open lots as arrays."""
        if self._arrays is None:
            lots = self.lots
            slots = {group: k for k, group in enumerate(self.condors)}
            layer = np.array([lot.layer for lot in lots], dtype=np.int64)
            self._arrays = BookArrays(
                legs=Legs.of([(lot.series, lot.strike, lot.right) for lot in lots]),
                usd=np.array([lot.quantity * lot.multiplier_usd if lot.right else 0.0 for lot in lots], dtype=np.float64),
                condor=layer < 0,
                slot=np.array([slots.get(lot.group, len(slots)) for lot in lots], dtype=np.int64),
                layer=layer,
                group=np.array(list(self.condors), dtype=np.int64),
                credit_usd=np.array([condor.credit_usd for condor in self.condors.values()], dtype=np.float64),
                expiry=np.array([condor.expiry for condor in self.condors.values()], dtype=np.int64),
                first_settlement=min((self._settlement[lot.series] for lot in lots), default=1 << 60),
            )
        return self._arrays

    def settling(self, session: int) -> list[Lot]:
        """Lots whose settlement session has come."""
        if self.arrays().first_settlement > session:
            return []
        return [lot for lot in self.lots if self._settlement[lot.series] <= session]

    def layer_lots(self, layer: int) -> list[Lot]:
        """Lots that count in a layer, oldest first."""
        return [lot for lot in self.lots if lot.layer == layer and not lot.stranded]

    def layer_quantity(self, layer: int) -> int:
        """Units of a layer: contracts of its bought leg."""
        return sum(lot.quantity for lot in self.lots if lot.layer == layer and lot.quantity > 0 and not lot.stranded)

    def futures(self) -> list[Lot]:
        """Open lots of futures."""
        return [lot for lot in self.lots if lot.right == 0] if self._futures else []

    def planned_condors(self, session: int) -> list[OpenCondor]:
        """The condors that would be open had none left before its expiry."""
        self.planned = [condor for condor in self.planned if condor.expiry > session]
        return self.planned
