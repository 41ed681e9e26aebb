"""Tables as text: which columns, how each value reads, what it sorts by. No HTML here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alvh.core.errors import InternalError

Value = str | int | float | bool | None
Row = Mapping[str, Value]
Kind = Literal["text", "code", "count", "usd", "pnl", "level", "percent", "return", "number"]
"""``usd`` and ``percent`` are plain, ``pnl`` and ``return`` signed and marked as gain or loss; percentages come as fractions."""

NOTHING = "–"
"""Shown where there is no value."""

LONG_TEXT = 30
"""Characters from which a text may be broken into lines; a contract's name is shorter."""

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the key in the rows, the heading, and how its values read."""

    key: str
    label: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table ready to print. ``rows`` hold (text, css class) per column; ``left_out`` counts rows that were not printed."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[tuple[str, str], ...], ...]
    tools: bool = False
    left_out: int = 0


def _grouped(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return _MINUS + text if negative else text


def _dollars(value: float, decimals: int) -> str:
    text = _grouped(value, decimals)
    return f"{_MINUS}${text[1:]}" if text.startswith(_MINUS) else f"${text}"


def cents(values: Iterable[Value]) -> int:
    """Decimals of a column of dollars: none as soon as one amount reaches $1,000."""
    return 0 if any(isinstance(v, int | float) and abs(v) >= 1000.0 for v in values) else 2


def show(value: Value, kind: Kind, *, decimals: int = 0) -> tuple[str, str]:
    """Text and css class of a value; ``decimals`` of dollars. Missing values and NaN read as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING, "none" if kind in ("text", "code") else "n none"
    if isinstance(value, bool):
        return ("yes" if value else "no"), ""
    if isinstance(value, str):
        return value, "code" if kind == "code" else "w" if len(value) > LONG_TEXT else ""
    if isinstance(value, float) and math.isinf(value):
        return ("∞" if value > 0 else f"{_MINUS}∞"), "n"
    sign = "gain" if value > 0 else "loss" if value < 0 else ""
    if kind == "pnl":
        text = _dollars(value, decimals)
        return (f"+{text}" if value > 0 else text), f"n {sign}".strip()
    if kind == "return":
        text = _grouped(value * 100.0, 2) + "%"
        return (f"+{text}" if value > 0 else text), f"n {sign}".strip()
    if kind == "usd":
        return _dollars(value, decimals), "n"
    if kind == "percent":
        return _grouped(value * 100.0, 2) + "%", "n"
    if kind == "count" or isinstance(value, int):
        return _grouped(value, 0), "n"
    if kind == "level":
        return _grouped(value, 2), "n"
    return (f"{value:,.4g}" if 1e-4 <= abs(value) < 1e4 or value == 0 else f"{value:,.3e}").replace("-", _MINUS), "n"


_COUNTS = (
    "rows",
    "sessions",
    "quantity",
    "lots",
    "contracts",
    "rolls",
    "entries",
    "windows",
    "count",
    "year",
    "removed",
    "misses",
)
_LEVELS = ("price", "vix", "spx", "value", "strike", "forward", "level", "points")
_RETURNS = ("return", "change", "cagr", "effect")
_PERCENTS = ("vol", "drawdown", "share", "shortfall", "95", "pct")


def infer_kind(key: str) -> Kind:
    """How a column reads that was not described, from the unit that its key carries. ``_pct`` values are left as numbers."""
    words = key.lower().split("_")
    if words[-1] == "usd":
        return "pnl" if {"pnl", "net", "change", "effect", "difference"} & set(words) else "usd"
    if words[-1] in _RETURNS:
        return "return"
    if words[-1] == "pct":
        return "number"
    if words[-1] in _PERCENTS:
        return "percent"
    if words[-1] in _COUNTS:
        return "count"
    if words[-1] in _LEVELS:
        return "level"
    return "code" if words[-1] in ("sha256", "file") else "text"


_UNITS = {"usd": "", "pct": " (%)"}


def label_for(key: str) -> str:
    """A heading for a key: ``worst_day_usd`` reads "Worst day"."""
    words = key.split("_")
    unit = _UNITS.get(words[-1])
    if unit is not None and len(words) > 1:
        words = words[:-1]
    text = " ".join(words).replace("spx", "SPX").replace("vix", "VIX").replace("sha256", "SHA-256").replace("pnl", "P/L")
    return text[:1].upper() + text[1:] + (unit or "")


def table(
    name: str,
    caption: str,
    rows: Sequence[Row],
    columns: Sequence[Column] = (),
    *,
    tools: bool = False,
    limit: int | None = None,
) -> TableView:
    """Build a table. ``columns`` come first and must be in every row; other keys follow, read by their unit.

    With ``limit`` only the last ``limit`` rows are printed and the rest counted. Raises :class:`InternalError` for a missing key.
    """
    known = {column.key for column in columns}
    shown = list(columns)
    for row in rows:
        for key in row:
            if key not in known:
                known.add(key)
                shown.append(Column(key=key, label=label_for(key), kind=infer_kind(key)))
    printed = rows if limit is None or len(rows) <= limit else rows[len(rows) - limit :]
    decimals = {c.key: cents(row.get(c.key) for row in printed) for c in shown if c.kind in ("usd", "pnl")}
    body = []
    for number, row in enumerate(printed):
        missing = [column.key for column in columns if column.key not in row]
        if missing:
            raise InternalError(
                f"no key {missing[0]!r}",
                where=f"tear sheet, table {name}, row {number + 1}",
                allowed=f"keys {', '.join(column.key for column in columns)}, and more",
            )
        body.append(tuple(show(row.get(c.key), c.kind, decimals=decimals.get(c.key, 0)) for c in shown))
    return TableView(
        name=name, caption=caption, columns=tuple(shown), rows=tuple(body), tools=tools, left_out=len(rows) - len(printed)
    )
