"""Every option series of a run in one table: the integer that names an expiry everywhere below the command line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import SPECS, Contract, Right, Root, SettlementStyle
from alvh.core.days import DayArray, to_date
from alvh.core.expiries import ExpiryTable

Ints = NDArray[np.int64]

XSP_SCALE = 0.1
"""XSP is one tenth of SPX."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTable:
    """One row per (root, expiry), SPX and SPXW rows before VIX and VIXW rows, each family in order of expiry.

    ``listed_from`` and ``last_trade`` are the first and last sessions on which the series trades, ``settlement_session`` the
    session whose opening (AM) or close (PM) settles it.
    """

    roots: tuple[Root, ...]
    is_vix: NDArray[np.bool_]
    expiry: DayArray
    am: NDArray[np.bool_]
    monthly: NDArray[np.bool_]
    listed_from: DayArray
    last_trade: DayArray
    settlement_session: DayArray

    def __len__(self) -> int:
        return len(self.roots)

    def listed(self, session: int, *, vix: bool) -> Ints:
        """Rows of one family that trade at the close of ``session`` and expire after it, ascending by expiry."""
        split = int(np.searchsorted(self.is_vix, True))
        lo, hi = (split, len(self.roots)) if vix else (0, split)
        first = lo + int(np.searchsorted(self.expiry[lo:hi], session, side="right"))
        window = slice(first, hi)
        alive = (
            (self.listed_from[window] <= session)
            & (self.last_trade[window] >= session)
            & (self.settlement_session[window] > session)
        )
        return first + np.flatnonzero(alive)

    def contract(self, row: int, strike: float, right: int) -> Contract:
        """The contract that a row, a strike and a right name."""
        return Contract(root=self.roots[row], expiry=to_date(self.expiry[row]), strike=strike, right=Right(right))

    def scale(self, row: int) -> float:
        """The index of a series in units of SPX (or of VIX): 0.1 for XSP, else 1."""
        return XSP_SCALE if self.roots[row] == Root.XSP else 1.0

    def multiplier_usd(self, row: int) -> float:
        """Dollars per point."""
        return SPECS[self.roots[row]].multiplier_usd

    def style(self, row: int) -> SettlementStyle:
        """AM or PM."""
        return SettlementStyle.AM if self.am[row] else SettlementStyle.PM


def series_table(spx: ExpiryTable, vix: ExpiryTable, *, xsp: bool = False) -> SeriesTable:
    """Join the SPX and VIX families; ``xsp`` adds an XSP twin of every SPXW expiry (XSP is PM-settled on the same days)."""
    families = [spx, vix]
    roots = [[table.root_of(row) for row in range(len(table))] for table in families]
    columns = {
        name: [np.asarray(getattr(table, name)) for table in families]
        for name in ("expiry", "am", "monthly", "listed_from", "last_trade", "settlement_session")
    }
    if xsp:
        twin = np.array([k for k, root in enumerate(roots[0]) if root == Root.SPXW], dtype=np.int64)
        for parts in columns.values():
            parts[0] = np.concatenate([parts[0], parts[0][twin]])
        roots[0] = roots[0] + [Root.XSP] * len(twin)
        order = np.argsort(columns["expiry"][0], kind="stable")
        for parts in columns.values():
            parts[0] = parts[0][order]
        roots[0] = [roots[0][k] for k in order.tolist()]
    return SeriesTable(
        roots=tuple(roots[0] + roots[1]),
        is_vix=np.repeat([False, True], [len(roots[0]), len(roots[1])]),
        expiry=np.concatenate(columns["expiry"]).astype(np.int64),
        am=np.concatenate(columns["am"]),
        monthly=np.concatenate(columns["monthly"]),
        listed_from=np.concatenate(columns["listed_from"]),
        last_trade=np.concatenate(columns["last_trade"]),
        settlement_session=np.concatenate(columns["settlement_session"]),
    )
