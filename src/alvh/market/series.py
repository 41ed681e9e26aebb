"""Every option series of a run in one table: the integer that names an expiry everywhere below the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import SPECS, Contract, Right, Root, SettlementStyle
from alvh.core.days import DayArray, iso, to_date, to_day
from alvh.core.expiries import ExpiryTable

Ints = NDArray[np.int64]

XSP_SCALE = 0.1
"""XSP is one tenth of SPX."""
SHARE = 2
"""``right`` of a share of an exchange-traded product; +1 is a call, -1 a put and 0 a future."""
_NEVER = to_day(date(2199, 12, 31))
"""A product has no expiry: its row is listed from, trades to and settles on a day that no history reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTable:
    """One row per (root, expiry), SPX and SPXW rows before VIX and VIXW rows, each family in order of expiry.

    ``listed_from`` and ``last_trade`` are the first and last sessions on which the series trades, ``settlement_session`` the
    session whose opening (AM) or close (PM) settles it. The last rows are the exchange-traded products ``etps``, one each: they
    count as VIX rows (root VX, what the funds hold), are never among :meth:`listed` and only hold shares (:data:`SHARE`).
    """

    roots: tuple[Root, ...]
    is_vix: NDArray[np.bool_]
    expiry: DayArray
    am: NDArray[np.bool_]
    monthly: NDArray[np.bool_]
    listed_from: DayArray
    last_trade: DayArray
    settlement_session: DayArray
    etps: tuple[str, ...] = ()

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

    @property
    def vix_rows(self) -> Ints:
        """Rows of VIX expiries, ascending; exchange-traded products are left out."""
        found = np.flatnonzero(self.is_vix)
        return found[: len(found) - len(self.etps)]

    def etp_row(self, ticker: str) -> int | None:
        """Row of an exchange-traded product, None where the table has none of it."""
        return len(self) - len(self.etps) + self.etps.index(ticker) if ticker in self.etps else None

    def ticker(self, row: int) -> str:
        """Ticker of an exchange-traded product's row."""
        return self.etps[row - (len(self) - len(self.etps))]

    def label(self, row: int, strike: float, right: int) -> str:
        """What a row, a strike and a right name: ``VIX 2020-03-18 C 25``, ``VX 2020-03-18`` or ``VXX``."""
        if right == SHARE:
            return self.ticker(row)
        return self.contract(row, strike, right).label() if right else f"{Root.VX} {iso(self.expiry[row])}"

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


def series_table(spx: ExpiryTable, vix: ExpiryTable, *, xsp: bool = False, etps: tuple[str, ...] = ()) -> SeriesTable:
    """Join the SPX and VIX families, and a row for each ticker of ``etps``.

    ``xsp`` adds an XSP twin of every SPXW expiry (XSP is PM-settled on the same days).
    """
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
    count = len(etps)
    for name in ("am", "monthly"):
        columns[name].append(np.zeros(count, dtype=np.bool_))
    for name in ("expiry", "listed_from", "last_trade", "settlement_session"):
        columns[name].append(np.full(count, _NEVER, dtype=np.int64))
    return SeriesTable(
        roots=tuple(roots[0] + roots[1] + [Root.VX] * count),
        is_vix=np.repeat([False, True], [len(roots[0]), len(roots[1]) + count]),
        expiry=np.concatenate(columns["expiry"]).astype(np.int64),
        am=np.concatenate(columns["am"]),
        monthly=np.concatenate(columns["monthly"]),
        listed_from=np.concatenate(columns["listed_from"]),
        last_trade=np.concatenate(columns["last_trade"]),
        settlement_session=np.concatenate(columns["settlement_session"]),
        etps=etps,
    )
