"""One row of a book file: its cells checked against the contracts that exist, and rows checked against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any, Final, NoReturn

import numpy as np

from alvh.core.contracts import SPECS, VXM_SINCE, Root
from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import DataInvalid, nearest
from alvh.core.expiries import ExpiryTable, spx_expiries, vix_expiries, vx_expiries
from alvh.data.text import day_of
from alvh.market.positions import FUTURE, NOT_OPENED

RIGHTS: Final[Mapping[str, int]] = {"c": 1, "call": 1, "p": -1, "put": -1}
MOST_CONTRACTS: Final = 10_000_000
"""Beyond the open interest of any of these products: a quantity above it is a slip, such as a price in the wrong column."""
_NEAREST_DAYS: Final = 400
"""How far a listed expiry is looked for when the given one is none; every root has one a quarter."""
_FAMILY: Final[Mapping[Root, tuple[Root, ...]]] = {
    Root.SPX: (Root.SPX,),
    Root.SPXW: (Root.SPXW,),
    # XSP is listed on the days of SPX and SPXW (Cboe, Mini-SPX specification: weeklies, month-ends and third Fridays).
    Root.XSP: (Root.SPX, Root.SPXW),
    Root.VIX: (Root.VIX,),
    Root.VIXW: (Root.VIXW,),
    Root.VX: (Root.VX,),
    # VXM has the expiries of VX (CFE, Mini VIX contract specification).
    Root.VXM: (Root.VX,),
}
_VXM_SINCE: Final = to_day(VXM_SINCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One position as text: ``where`` names file and row; a key that the file does not have reads ''."""

    where: str
    cells: Mapping[str, str]

    @property
    def short(self) -> str:
        """The row without the file."""
        return self.where.rsplit(", ", 1)[-1]

    def refuse(self, column: str, what: str, *, allowed: str, todo: str) -> NoReturn:
        """Raise :class:`DataInvalid` for one cell."""
        raise DataInvalid(what, where=f"{self.where}, column {column}", allowed=allowed, todo=todo)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLot:
    """One parsed position."""

    root: Root
    expiry: int
    strike: float
    right: int
    quantity: int
    opened: int
    open_price: float
    sleeve: str
    layer: str


def lot_of(row: BookRow, as_of: int | None) -> BookLot:
    """Check and convert one row; :class:`DataInvalid` names its file, row and column."""
    root = _root(row)
    is_option = SPECS[root].exercise != "future"
    expiry = _day(row, "expiry")
    _check_expiry(row, root, expiry, as_of)
    opened = _day(row, "opened") if row.cells.get("opened") else NOT_OPENED
    if opened != NOT_OPENED and opened > (expiry if as_of is None else as_of):
        row.refuse(
            "opened",
            f"the position was opened on {iso(opened)}, after {iso(expiry if as_of is None else as_of)}",
            allowed="a day up to the expiry" if as_of is None else f"a day up to the book's date, {iso(as_of)}",
            todo="correct the day, or leave the cell empty",
        )
    price = _number(row, "open_price", allowed="points per unit, 0 or more, or empty") if row.cells.get("open_price") else None
    if price is not None and price < 0.0:
        row.refuse("open_price", f"{price:g} is negative", allowed="0 or more", todo="the sign is the quantity's")
    return BookLot(
        root=root,
        expiry=expiry,
        strike=_strike(row, root) if is_option else _empty(row, "strike", root, np.nan),
        right=_right(row, root) if is_option else _empty(row, "right", root, FUTURE),
        quantity=_quantity(row),
        opened=opened,
        open_price=np.nan if price is None else price,
        sleeve=row.cells.get("sleeve", ""),
        layer=row.cells.get("layer", ""),
    )


def _root(row: BookRow) -> Root:
    text = row.cells["root"].upper()
    if text not in Root.__members__:
        hint = nearest(text, Root.__members__)
        row.refuse(
            "root",
            f"'{row.cells['root']}' is no root that is known" + (f", {hint}" if hint else ""),
            allowed=", ".join(Root.__members__),
            todo="write the root of the option or future, not the ticker of its index",
        )
    return Root[text]


def _day(row: BookRow, column: str) -> int:
    text = row.cells[column]
    try:
        return day_of(text)
    except ValueError:
        row.refuse(column, f"'{text[:40]}' is no date", allowed="YYYY-MM-DD", todo="write the date so")


def _number(row: BookRow, column: str, *, allowed: str) -> float:
    text = row.cells.get(column, "")
    try:
        # Python also reads 1_000 and other scripts' digits, which no spreadsheet writes.
        value = float(text) if text.isascii() and "_" not in text else float("no number")
    except ValueError:
        row.refuse(column, f"'{text[:40]}' is no number" if text else "the cell is empty", allowed=allowed, todo="write a number")
    if not isfinite(value):
        row.refuse(column, f"'{text[:40]}' is no finite number", allowed=allowed, todo="write a number")
    return value


def _strike(row: BookRow, root: Root) -> float:
    allowed = f"the strike of the {root.value} option in points, above 0"
    value = _number(row, "strike", allowed=allowed)
    if value <= 0.0:
        row.refuse("strike", f"{value:g} is not above 0", allowed=allowed, todo="write the strike; the sign is the quantity's")
    return value


def _right(row: BookRow, root: Root) -> int:
    text = row.cells.get("right", "")
    if text.lower() not in RIGHTS:
        row.refuse(
            "right",
            f"'{text[:40]}' is no right" if text else "the cell is empty",
            allowed=f"C, P, call or put for {root.value} options (empty for VX and VXM)",
            todo="write C or P",
        )
    return RIGHTS[text.lower()]


def _empty(row: BookRow, column: str, root: Root, value: Any) -> Any:
    text = row.cells.get(column, "")
    if text and text.lower() != "nan":
        row.refuse(
            column,
            f"'{text[:40]}' is given for a {root.value} future",
            allowed=f"an empty cell, for {root.value} has no {column}",
            todo="empty the cell; for an option on VIX the root is VIX or VIXW",
        )
    return value


def _quantity(row: BookRow) -> int:
    allowed = "a whole number of contracts, above 0 for long and below 0 for short"
    value = _number(row, "quantity", allowed=allowed)
    if value != round(value):
        row.refuse("quantity", f"{value:g} is no whole number", allowed=allowed, todo="round it (XSP is a tenth of SPX)")
    if value == 0.0:
        row.refuse("quantity", "the quantity is 0", allowed=allowed, todo="delete the row, or write how many contracts are held")
    if abs(value) > MOST_CONTRACTS:
        row.refuse("quantity", f"{value:g} contracts", allowed=f"at most {MOST_CONTRACTS:,}", todo="check the columns' order")
    return int(value)


def _check_expiry(row: BookRow, root: Root, expiry: int, as_of: int | None) -> None:
    family = _FAMILY[root]
    days, settled = _listed(family[0])
    for other in family[1:]:
        more, more_settled = _listed(other)
        days, settled = np.concatenate([days, more]), np.concatenate([settled, more_settled])
    at = np.flatnonzero(days == expiry)
    if not at.size:
        _refuse_unlisted(row, root, expiry, days)
    if root is Root.VXM and expiry < _VXM_SINCE:
        row.refuse("expiry", f"VXM did not trade by {iso(expiry)}", allowed=f"from {iso(_VXM_SINCE)} on", todo="use VX")
    if as_of is not None and int(settled[at].max()) <= as_of:
        row.refuse(
            "expiry",
            f"the {root.value} expiry of {iso(expiry)} has settled by the close of {iso(as_of)}",
            allowed=f"expiries that settle after {iso(as_of)}",
            todo="delete the row, or ask for an earlier date",
        )


def _refuse_unlisted(row: BookRow, root: Root, expiry: int, days: DayArray) -> NoReturn:
    near = days[np.abs(days - expiry) <= _NEAREST_DAYS]
    hints = []
    if near.size:
        hints.append(f"the nearest listed one is {iso(near[np.abs(near - expiry).argmin()])}")
    others = [other.value for other in Root if other is not root and _same_class(other, root) and expiry in _listed_of(other)]
    if others:
        hints.append(f"{iso(expiry)} is an expiry of {' and '.join(others)}")
    row.refuse(
        "expiry",
        f"{iso(expiry)} is no listed expiry of {root.value}" + ("; " + "; ".join(hints) if hints else ""),
        allowed=f"expiries of {root.value} (AM expiries are dated by their settlement morning)",
        todo="correct the date or the root" if others else "correct the date",
    )


def _same_class(one: Root, other: Root) -> bool:
    return SPECS[one].underlying == SPECS[other].underlying


def _listed_of(root: Root) -> DayArray:
    return np.concatenate([_listed(member)[0] for member in _FAMILY[root]])


@lru_cache(maxsize=8)
def _listed(root: Root) -> tuple[DayArray, DayArray]:
    """Expiries and settlement sessions of one root, over the whole calendar."""
    everything = (0, 1 << 20)
    table: ExpiryTable
    if root in (Root.SPX, Root.SPXW):
        table = spx_expiries(*everything)
    elif root in (Root.VIX, Root.VIXW):
        table = vix_expiries(*everything)
    else:
        table = vx_expiries(*everything)
    kept = np.array([table.root_of(k) is root for k in range(len(table))], dtype=np.bool_)
    return table.expiry[kept], table.settlement_session[kept]


def refuse_contradictions(rows: Sequence[BookRow], lots: Sequence[BookLot]) -> None:
    """Refuse a lot that stands twice, and a lot that is long in one row and short in another."""
    seen: dict[tuple[Any, ...], int] = {}
    for k, (row, lot) in enumerate(zip(rows, lots, strict=True)):
        price = None if np.isnan(lot.open_price) else lot.open_price
        contract = (lot.root, lot.expiry, None if lot.right == FUTURE else lot.strike, lot.right)
        same = (*contract, lot.opened, lot.sleeve, lot.layer)
        first = seen.setdefault((*same, price), k)
        if first != k:
            row.refuse(
                "quantity",
                f"the same lot stands in {rows[first].short} ({lots[first].quantity:+d} there, {lot.quantity:+d} here)",
                allowed="one row a lot; lots differ in opened, open_price, sleeve or layer",
                todo="add the two up in one row, or say in what the lots differ",
            )
        sign = seen.setdefault((*same, "sign"), k)
        if (lots[sign].quantity > 0) != (lot.quantity > 0):
            row.refuse(
                "quantity",
                f"the lot is {'long' if lot.quantity > 0 else 'short'} here and {'short' if lot.quantity > 0 else 'long'} "
                f"in {rows[sign].short}",
                allowed="one side for one contract, opening day, sleeve and layer",
                todo="net the two, or give them different sleeves, layers or opening days",
            )
