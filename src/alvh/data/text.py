"""Text files as columns: encoding, header search, field counts, dates and numbers, with errors that name file, row and column."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from alvh.core.days import DayArray, to_day
from alvh.core.errors import DataInvalid, DataMissing, nearest
from alvh.market.history import Floats

HEADER_LINES: Final = 12
"""Lines searched for a header: vendors put up to a handful of disclaimer lines above it."""
BLANK: Final = frozenset({"", ".", "na", "n/a", "#n/a", "null"})
"""Cells that mean "no value": FRED writes '.' (old layout) or nothing (new layout) on holidays."""
SUFFIXES: Final = (".csv", ".csv.gz")
_STRIP: Final = " \t\r\ufeff[]<>\"'"
_PIVOT: Final = 69
"""Two-digit years up to 68 are 20xx, the rest 19xx (the POSIX rule)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """One file as text: ``label`` is the path shown to users, ``stem`` the name without suffixes, ``sha256`` of the raw bytes."""

    label: str
    stem: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A header and rows of equally many raw cells; ``lines`` holds each row's line number in the file."""

    label: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    def column(self, name: str) -> Sequence[str]:
        """The raw cells of one column; :class:`DataInvalid` where the column is absent."""
        if name not in self.header:
            hint = nearest(name, self.header)
            raise DataInvalid(
                f"column '{name}' is missing; the columns are {', '.join(self.header)}" + (f" ({hint})" if hint else ""),
                where=self.label,
                allowed=f"a column named '{name}' (case and spaces do not matter)",
                todo="rename the column as the vendor names it, or download the file again",
            )
        index = self.header.index(name)
        return [row[index] for row in self.rows]

    def floats(self, name: str, *, blank: bool = False) -> Floats:
        """One column as numbers (rows,); NaN for blank cells where ``blank`` allows them."""
        return parse_floats(self.column(name), label=self.label, column=name, lines=self.lines, blank=blank)

    def days(self, name: str) -> DayArray:
        """One column as days (rows,)."""
        return parse_days(self.column(name), label=self.label, column=name, lines=self.lines)


def normalise(cell: str) -> str:
    """A header cell without BOM, spaces, brackets, quotes and case."""
    return cell.strip(_STRIP).lower()


def stem_of(name: str) -> str:
    """The file name without ``.csv`` or ``.csv.gz``."""
    lowered = name.lower()
    for suffix in (".csv.gz", ".csv", ".gz"):
        if lowered.endswith(suffix):
            return name[: -len(suffix)]
    return name


def read_source(path: Path, *, label: str) -> SourceText:
    """Read a ``.csv`` or ``.csv.gz`` file; :class:`DataInvalid` for an empty, damaged or non-text file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataMissing(
            f"the file cannot be read ({error.strerror or error})",
            where=label,
            allowed="a readable file",
            todo="check its path and access rights",
        ) from error
    return source_from_bytes(raw, label=label, name=path.name)


def source_from_bytes(raw: bytes, *, label: str, name: str) -> SourceText:
    """Decode the bytes of one file (gzip by its first two bytes)."""
    digest = hashlib.sha256(raw).hexdigest()
    body = raw
    if raw[:2] == b"\x1f\x8b":
        try:
            body = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataInvalid(
                f"the gzip file is damaged ({error})",
                where=label,
                allowed="CSV text, plain or in a whole gzip file",
                todo="download the file again",
            ) from error
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"byte {error.start} is not UTF-8 text", where=label, allowed="CSV text in UTF-8", todo="save the file as UTF-8 CSV"
        ) from error
    if not text.strip():
        raise DataInvalid(
            "the file is empty", where=label, allowed="a header and at least one row", todo="download the file again"
        )
    return SourceText(label=label, stem=stem_of(name), text=text, sha256=digest)


def split_lines(text: str) -> list[list[str]]:
    """All lines of a text as cells; quotes are honoured where there are any."""
    if '"' in text:
        return list(csv.reader(io.StringIO(text, newline="")))
    return [line.split(",") for line in text.splitlines()]


def head_cells(text: str, lines: int = HEADER_LINES) -> list[list[str]]:
    """The first lines as cells, for recognising a layout."""
    return split_lines("\n".join(text[:20_000].splitlines()[:lines]))


def find_header(cells: Sequence[Sequence[str]], is_header: Callable[[tuple[str, ...]], bool]) -> int | None:
    """The index of the first line that ``is_header`` accepts (cells normalised, trailing blanks dropped)."""
    for index, row in enumerate(cells[:HEADER_LINES]):
        if is_header(header_of(row)):
            return index
    return None


def header_of(row: Sequence[str]) -> tuple[str, ...]:
    """Normalised cells without trailing blanks."""
    names = [normalise(cell) for cell in row]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def read_table(
    source: SourceText,
    is_header: Callable[[tuple[str, ...]], bool],
    *,
    expected: str,
    required: Iterable[str] = (),
    skip_after_header: int = 0,
) -> Table:
    """Read a file with a header into a :class:`Table`.

    Errors (:class:`DataInvalid`): no header within the first lines, a required column missing, no data rows, a row with too few
    or too many cells. A stray trailing comma is allowed.
    """
    cells = split_lines(source.text)
    at = find_header(cells, is_header)
    if at is None:
        found = ", ".join(cell.strip() for cell in cells[0][:12])
        raise DataInvalid(
            f"no header found; the file starts with '{found[:120]}'",
            where=f"{source.label}, line 1",
            allowed=expected,
            todo="keep the vendor's header line, or see docs/reference/data-files.md for the layouts",
        )
    header = header_of(cells[at])
    first = at + 1 + skip_after_header
    table = checked_table(source.label, header, cells[first:], first_line=first + 1)
    for name in required:
        if name not in header:
            table.column(name)
    return table


def checked_table(label: str, header: tuple[str, ...], body: Sequence[Sequence[str]], *, first_line: int) -> Table:
    """A :class:`Table` whose rows all have as many cells as the header; blank lines are skipped."""
    width = len(header)
    lines: Sequence[int] = range(first_line, first_line + len(body))
    if any(len(row) != width for row in body):
        kept: list[Sequence[str]] = []
        kept_lines: list[int] = []
        for offset, row in enumerate(body):
            if not any(cell.strip() for cell in row):
                continue
            cut = list(row)
            while len(cut) > width and not cut[-1].strip():
                cut.pop()
            if len(cut) != width:
                raise DataInvalid(
                    f"the row has {len(cut)} cells, the header {width}: '{','.join(row)[:100]}'",
                    where=f"{label}, line {first_line + offset}",
                    allowed=f"{width} cells: {', '.join(header)[:160]}",
                    todo="the line is cut or damaged: download the file again, or delete the line",
                )
            kept.append(cut)
            kept_lines.append(first_line + offset)
        body, lines = kept, kept_lines
    if not body:
        raise DataInvalid(
            "the file has a header but no rows",
            where=label,
            allowed="at least one data row",
            todo="download it again (a vendor answers an unknown symbol with a header-only file)",
        )
    return Table(label=label, header=header, rows=body, lines=lines)


def parse_floats(cells: Sequence[str], *, label: str, column: str, lines: Sequence[int], blank: bool = False) -> Floats:
    """Cells as finite numbers; blank cells are NaN where allowed, anything else is :class:`DataInvalid` with row and column."""
    try:
        values = np.array(list(map(float, cells)), dtype=np.float64)
        if np.isfinite(values).all():
            return values
    except ValueError:
        pass
    values = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        text = cell.strip(_STRIP)
        if text.lower() in BLANK or text.lower() == "nan":
            if blank:
                continue
            problem = "the cell is blank"
        else:
            try:
                number = float(text)
            except ValueError:
                problem = f"'{cell[:40]}' is not a number"
            else:
                if np.isfinite(number):
                    values[index] = number
                    continue
                problem = f"'{cell[:40]}' is not a finite number"
        raise DataInvalid(
            problem,
            where=f"{label}, line {lines[index]}, column {column}",
            allowed="a decimal number" + (" or blank" if blank else ""),
            todo="correct the cell, or download the file again",
        )
    return values


def parse_days(cells: Sequence[str], *, label: str, column: str, lines: Sequence[int]) -> DayArray:
    """Cells as days; :class:`DataInvalid` with row and column for anything that is no date."""
    try:
        return np.array([day_of(cell) for cell in cells], dtype=np.int64)
    except ValueError:
        pass
    for index, cell in enumerate(cells):
        try:
            day_of(cell)
        except ValueError as error:
            raise DataInvalid(
                f"'{cell[:40]}' is not a date",
                where=f"{label}, line {lines[index]}, column {column}",
                allowed="YYYY-MM-DD, YYYYMMDD, MM/DD/YYYY or MM/DD/YY",
                todo="correct the cell, or download the file again",
            ) from error
    raise AssertionError("unreachable")


@lru_cache(maxsize=65_536)
def day_of(cell: str) -> int:
    """The day that a cell names, in any of the four vendor spellings; ValueError where it names none."""
    text = cell.strip(_STRIP)
    if "/" in text:
        month, day, year = text.split("/")
        number = int(year)
        if len(year) == 2:
            number += 2000 if number < _PIVOT else 1900
        return to_day(date(number, int(month), int(day)))
    if len(text) > 10 and text[10] in " T":
        text = text[:10]
    return to_day(date.fromisoformat(text))
