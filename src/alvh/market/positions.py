"""A book of positions as parallel arrays: what every risk figure is computed from, wherever the book comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import SPECS, Root
from alvh.core.days import DayArray
from alvh.market.history import Floats

Ints = NDArray[np.int64]
FUTURE = 0
"""``right`` of a VX or VXM future; +1 is a call and -1 a put."""
NOT_OPENED = -1
"""``opened`` of a position whose opening day is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """One row a position, all (n,).

    ``quantity`` is signed contracts. ``strike`` is points, NaN for a future. ``opened`` is a day or :data:`NOT_OPENED`,
    ``open_price`` points per unit, NaN where it is not known. ``sleeve`` is ``condor``, ``hedge`` or another word of the user's;
    ``layer`` names a hedge layer, else ''. Positions of one sleeve, root, expiry and opening day belong together.
    """

    root: tuple[Root, ...]
    expiry: DayArray
    strike: Floats
    right: Ints
    quantity: Floats
    opened: DayArray
    open_price: Floats
    sleeve: tuple[str, ...]
    layer: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.root)

    @property
    def multiplier_usd(self) -> Floats:
        """Dollars per point and contract."""
        return np.array([SPECS[root].multiplier_usd for root in self.root])

    @property
    def is_vix(self) -> NDArray[np.bool_]:
        """Positions on VIX or on VX futures."""
        return np.array([root in (Root.VIX, Root.VIXW, Root.VX, Root.VXM) for root in self.root], dtype=np.bool_)

    @property
    def is_option(self) -> NDArray[np.bool_]:
        """Positions that are options."""
        return np.asarray(self.right != FUTURE, dtype=np.bool_)

    def rows(self, chosen: NDArray[np.bool_]) -> Positions:
        """The chosen positions."""
        at = np.flatnonzero(chosen)
        return Positions(
            root=tuple(self.root[k] for k in at),
            expiry=self.expiry[at],
            strike=self.strike[at],
            right=self.right[at],
            quantity=self.quantity[at],
            opened=self.opened[at],
            open_price=self.open_price[at],
            sleeve=tuple(self.sleeve[k] for k in at),
            layer=tuple(self.layer[k] for k in at),
        )
