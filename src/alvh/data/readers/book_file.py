"""The user's book of positions, as CSV or as the same in JSON: read with errors that name file, row and column, and written.

Format and rules: ``docs/reference/book-file.md``.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataInvalid, UsageError, nearest
from alvh.data.readers.book_lot import BookLot, BookRow, lot_of, refuse_contradictions
from alvh.data.text import header_of, read_source
from alvh.market.positions import FUTURE, NOT_OPENED, Positions

REQUIRED: Final = ("root", "expiry", "strike", "right", "quantity")
OPTIONAL: Final = ("opened", "open_price", "sleeve", "layer")
COLUMNS: Final = REQUIRED + OPTIONAL
STATE: Final = "state"
"""Key of a JSON book under which a plan keeps what its rules remember; exposures and margin do not read it."""
_FORMAT: Final = "the layout of docs/reference/book-file.md: " + ",".join(COLUMNS)


def read_book(path: Path, *, as_of: int | None, empty: bool = False) -> Positions:
    """Read a book file into positions, in the order of the file.

    ``as_of`` is the day whose close is meant: a position that has settled by then is refused; ``None`` leaves that check out.
    ``empty`` allows a file of no position, which is a book that has yet to begin.
    Errors: :class:`DataMissing` where the file cannot be read, :class:`DataInvalid` for everything else.
    """
    source = read_source(path, label=path.name)
    text = source.text
    is_json = path.name.lower().endswith(".json") or text.lstrip()[:1] in ("[", "{")
    rows = _json_rows(text, source.label) if is_json else _csv_rows(text, source.label)
    if not rows and not empty:
        _refuse_empty(source.label)
    lots = [lot_of(row, as_of) for row in rows]
    refuse_contradictions(rows, lots)
    return _positions(lots)


def read_book_state(path: Path) -> Any | None:
    """What a plan kept in a JSON book beside its positions, unchecked; None where the book has none."""
    text = read_source(path, label=path.name).text
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DataInvalid(str(error), where=path.name, allowed="JSON as alvh wrote it", todo="mend the file") from error
    return found.get(STATE) if isinstance(found, dict) else None


def write_book(positions: Positions, path: Path) -> None:
    """Write positions as CSV, or as JSON where the name ends so; the file appears whole or not at all."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".json"):
        raise UsageError(f"'{path.name}' is no book file", allowed="a name ending in .csv or .json", todo="change the ending")
    cells = [_cells(positions, k) for k in range(len(positions))]
    if suffix == ".json":
        body = json.dumps({"positions": [_typed(row) for row in cells]}, indent=1) + "\n"
    else:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([row[name] for name in COLUMNS] for row in cells)
        body = out.getvalue()
    # A plain file, so that it gets the folder's usual access rights.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(body, encoding="utf-8", newline="")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(
            f"the book cannot be written ({error.strerror or error})",
            where=str(path),
            allowed="a folder that exists and may be written to",
            todo="check the path",
        ) from error


def _csv_rows(text: str, label: str) -> list[BookRow]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        table = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise DataInvalid(
            f"the quotes do not match ({error})", where=label, allowed=_FORMAT, todo="mend the quotes; the file may be cut short"
        ) from error
    table = [(at, cells) for at, cells in table if any(cell.strip() for cell in cells)]
    first, header = table[0][0], header_of(table[0][1])
    _check_header(header, label, first)
    rows = []
    for at, cells in table[1:]:
        cut = list(cells)
        while len(cut) > len(header) and not cut[-1].strip():
            cut.pop()
        if len(cut) != len(header):
            raise DataInvalid(
                f"the row has {len(cut)} cells, the header {len(header)}: '{','.join(cells)[:80]}'",
                where=f"{label}, line {at}",
                allowed=f"{len(header)} cells: {','.join(header)}",
                todo="complete the row (an empty cell still has its comma); the file may be cut short",
            )
        rows.append(BookRow(where=f"{label}, line {at}", cells=dict(zip(header, (cell.strip() for cell in cut), strict=True))))
    return rows


def _check_header(header: Sequence[str], label: str, line: int) -> None:
    where = f"{label}, line {line}"
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise DataInvalid("the cells are not separated by commas", where=where, allowed=_FORMAT, todo="save the file with commas")
    _check_names(header, where)
    for name in REQUIRED:
        if name not in header:
            raise DataInvalid(
                f"column '{name}' is missing; the columns are {', '.join(header)}",
                where=where,
                allowed=_FORMAT,
                todo=f"add the column '{name}' (strike and right stay empty for futures)",
            )


def _check_names(names: Sequence[str], where: str) -> None:
    for k, name in enumerate(names):
        if name not in COLUMNS:
            hint = nearest(name, COLUMNS)
            raise DataInvalid(
                f"column '{name}' is unknown" + (f", {hint}" if hint else ""),
                where=where,
                allowed="the columns " + ", ".join(COLUMNS),
                todo="rename the column, or leave it out",
            )
        if name in names[:k]:
            raise DataInvalid(
                f"column '{name}' stands twice", where=where, allowed="every column once", todo="delete one of the two"
            )


def _refuse_empty(label: str) -> NoReturn:
    raise DataInvalid("the book has no positions", where=label, allowed=_FORMAT, todo="write at least one position")


def _json_rows(text: str, label: str) -> list[BookRow]:
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise DataInvalid(
            f"the JSON is malformed ({error.msg})",
            where=f"{label}, line {error.lineno}, column {error.colno}",
            allowed='a list of positions, or {"positions": [...]}',
            todo="mend the file there; it may be cut short",
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataInvalid(str(error), where=label, allowed="every key once, finite numbers", todo="mend the file") from error
    if isinstance(found, dict):
        if not {"positions"} <= set(found) <= {"positions", STATE}:
            raise DataInvalid(
                f"the object has the keys {', '.join(sorted(found)) or '(none)'}",
                where=label,
                allowed=f'a list of positions, or {{"positions": [...]}}, with a "{STATE}" that a plan wrote or without',
                todo="put the positions in a list under 'positions'",
            )
        found = found["positions"]
    if not isinstance(found, list):
        raise DataInvalid(
            "the positions are no list", where=label, allowed='a list of positions, or {"positions": [...]}', todo="use [ ]"
        )
    return [_json_row(item, f"{label}, position {at}") for at, item in enumerate(found, 1)]


def _json_row(item: Any, where: str) -> BookRow:
    if not isinstance(item, dict):
        raise DataInvalid(
            "the position is no object", where=where, allowed='{"root": ..., "expiry": ..., ...}', todo="give names to the values"
        )
    _check_names(tuple(item), where)
    for name in ("root", "expiry", "quantity"):
        if name not in item:
            raise DataInvalid(f"'{name}' is missing", where=where, allowed=_FORMAT, todo=f"add '{name}'")
    cells = {}
    for name, value in item.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise DataInvalid(
                f"{json.dumps(value)[:40]} is neither text nor a number",
                where=f"{where}, column {name}",
                allowed="a text, a number or null",
                todo="write the value plainly",
            )
        cells[name] = "" if value is None else str(value).strip()
    return BookRow(where=where, cells=cells)


class _JsonFault(ValueError):
    """A JSON file that Python would read but that does not say one thing."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _JsonFault(f"the key '{next(name for name in names if names.count(name) > 1)}' stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _JsonFault(f"{name} is no number of JSON")


def _positions(lots: Iterable[BookLot]) -> Positions:
    kept = list(lots)
    return Positions(
        root=tuple(lot.root for lot in kept),
        expiry=np.array([lot.expiry for lot in kept], dtype=np.int64),
        strike=np.array([lot.strike for lot in kept], dtype=np.float64),
        right=np.array([lot.right for lot in kept], dtype=np.int64),
        quantity=np.array([lot.quantity for lot in kept], dtype=np.float64),
        opened=np.array([lot.opened for lot in kept], dtype=np.int64),
        open_price=np.array([lot.open_price for lot in kept], dtype=np.float64),
        sleeve=tuple(lot.sleeve for lot in kept),
        layer=tuple(lot.layer for lot in kept),
    )


def _cells(positions: Positions, k: int) -> dict[str, str]:
    right = int(positions.right[k])
    return {
        "root": positions.root[k].value,
        "expiry": iso(positions.expiry[k]),
        "strike": _plain(float(positions.strike[k])),
        "right": {1: "C", -1: "P", FUTURE: ""}[right],
        "quantity": _plain(float(positions.quantity[k])),
        "opened": "" if positions.opened[k] == NOT_OPENED else iso(positions.opened[k]),
        "open_price": _plain(float(positions.open_price[k])),
        "sleeve": positions.sleeve[k],
        "layer": positions.layer[k],
    }


def _plain(value: float) -> str:
    """The shortest text that reads back as the same number; '' for NaN."""
    if np.isnan(value):
        return ""
    return str(int(value)) if value == round(value) and abs(value) < 1e15 else repr(value)


def _typed(cells: Mapping[str, str]) -> dict[str, str | float | int]:
    """JSON values of a row: numbers as numbers, empty cells left out."""
    typed: dict[str, str | float | int] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        if name in ("strike", "quantity", "open_price"):
            typed[name] = float(cell) if any(mark in cell for mark in ".e") else int(cell)
        else:
            typed[name] = cell
    return typed
