"""The ledger: an append-only record of every cash movement and every change of position, and the book that it adds up to.

Two cash accounts run side by side on the same condor trades: ``hedged`` receives every entry, ``unhedged`` only those of the
condor sleeve. Interest is booked on each account by itself.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from alvh.core.contracts import SPECS, Root
from alvh.core.days import DayArray
from alvh.market.series import SHARE

CONDOR, HEDGE, RESERVE, OVERLAY, CASH = "condor", "hedge", "reserve", "overlay", "cash"
OVERLAY_LAYER = -2
"""``Lot.layer`` of an overlay's option; its ``group`` is the leg."""
EntryKind = Literal["open", "close", "settle", "variation", "strand", "interest", "index", "dividend"]


class Entry(NamedTuple):
    """One line of the record.

    ``market_row`` is the session's row in the market. ``quantity`` is signed contracts (index units) added to the book;
    ``cash_usd`` what the account receives.

    ``price`` and ``mid`` are points per unit; ``slippage_usd`` and ``fees_usd`` are positive costs contained in ``cash_usd``.
    ``cash_unhedged_usd`` is what the unhedged account receives: equal to ``cash_usd`` for the condor, zero for the hedge. A
    ``variation`` is the day's gain on a future, paid in cash; opening and closing one moves no more cash than its costs.
    ``reserve`` is the sleeve of layers that only realised gains pay for (R47).
    """

    market_row: int
    kind: EntryKind
    sleeve: str
    layer: int
    group: int
    lot: int
    quantity: float
    price: float
    mid: float
    slippage_usd: float
    fees_usd: float
    cash_usd: float
    cash_unhedged_usd: float
    reason: str


class Lot:
    """One position opened in one fill; a partial sale splits it. ``layer`` is -1 for the condor, :data:`OVERLAY_LAYER` for an
    overlay; ``group`` is -1 for the hedge, the leg for an overlay.

    ``close_kind``: "" while open, "closed" by a trade, "settled" at a settlement value. ``stranded``: no bid when it should
    have been sold; it waits for its settlement and no longer counts in its layer. ``right`` 0 is a future: ``marked`` is the
    price up to which its variation is paid, and it is worth nothing beside that cash. ``right`` 2 is a share of a
    fund: a contract is a dollar at the opening mid, worth the later price over that mid.
    """

    __slots__ = (
        "close_fees_usd",
        "close_index",
        "close_kind",
        "close_mid",
        "close_price",
        "close_reason",
        "group",
        "layer",
        "lot_id",
        "marked",
        "multiplier_usd",
        "open_fees_usd",
        "open_index",
        "open_mid",
        "open_price",
        "open_reason",
        "quantity",
        "right",
        "series",
        "settlement_source",
        "stranded",
        "strike",
    )

    def __init__(
        self,
        *,
        lot_id: int,
        layer: int,
        group: int,
        series: int,
        strike: float,
        right: int,
        quantity: int,
        multiplier_usd: float,
        open_index: int,
        open_mid: float,
        open_price: float,
        open_fees_usd: float,
        open_reason: str,
    ) -> None:
        self.lot_id, self.layer, self.group = lot_id, layer, group
        self.series, self.strike, self.right = series, strike, right
        self.quantity, self.multiplier_usd = quantity, multiplier_usd
        self.open_index, self.open_mid, self.open_price = open_index, open_mid, open_price
        self.open_fees_usd, self.open_reason = open_fees_usd, open_reason
        self.close_index, self.close_mid, self.close_price, self.close_fees_usd = -1, float("nan"), float("nan"), 0.0
        self.close_kind, self.close_reason, self.settlement_source = "", "", ""
        self.stranded = False
        self.marked = open_mid

    @property
    def is_future(self) -> bool:
        """Whether it is a future, margined daily."""
        return self.right == 0

    @property
    def is_share(self) -> bool:
        """Whether it is dollars in an exchange-traded product, fully paid."""
        return self.right == SHARE

    @property
    def future(self) -> Root | None:
        """Root of a future; None for an option, whose root is its series'."""
        if self.right:
            return None
        return Root.VX if self.multiplier_usd == SPECS[Root.VX].multiplier_usd else Root.VXM

    def split(self, quantity: int, lot_id: int) -> Lot:
        """Take ``quantity`` contracts (same sign, fewer than held) off into a lot with the same history."""
        share = quantity / self.quantity
        other = Lot(
            lot_id=lot_id,
            layer=self.layer,
            group=self.group,
            series=self.series,
            strike=self.strike,
            right=self.right,
            quantity=quantity,
            multiplier_usd=self.multiplier_usd,
            open_index=self.open_index,
            open_mid=self.open_mid,
            open_price=self.open_price,
            open_fees_usd=self.open_fees_usd * share,
            open_reason=self.open_reason,
        )
        other.marked = self.marked
        self.open_fees_usd -= other.open_fees_usd
        self.quantity -= quantity
        return other


class Ledger:
    """Append-only entries, and the two cash balances that they add up to.

    ``earlier_premium``: session and dollars of what the hedge paid before the first entry, where a book was taken over.
    """

    __slots__ = ("cash_hedged_usd", "cash_unhedged_usd", "earlier_premium", "entries")

    def __init__(self, equity_usd: float) -> None:
        self.entries: list[Entry] = []
        self.earlier_premium: tuple[tuple[int, float], ...] = ()
        self.cash_hedged_usd = equity_usd
        self.cash_unhedged_usd = equity_usd

    def premium_paid(self, sessions: DayArray, since: int) -> list[tuple[int, float]]:
        """Session and dollars of each opening of a hedge lot after the day ``since``, the latest first."""
        found: list[tuple[int, float]] = []
        for entry in reversed(self.entries):
            session = int(sessions[entry.market_row])
            if session <= since:
                break
            if entry.layer >= 0 and entry.kind == "open":
                found.append((session, -entry.cash_usd))
        return found + [paid for paid in self.earlier_premium if paid[0] > since]

    def append(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.cash_hedged_usd += entry.cash_usd
        self.cash_unhedged_usd += entry.cash_unhedged_usd
