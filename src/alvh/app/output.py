"""How a command speaks: tables or one JSON document on stdout, notes and progress on stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from alvh.core.errors import InternalError

Row = Sequence[str]


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document with a ``schema`` field on stdout. NaN and infinity are refused: JSON has none."""
    if "schema" not in document:
        raise InternalError("a JSON document without a schema", where="alvh.app.output")
    try:
        text = json.dumps(document, indent=2, allow_nan=False, default=_plain, ensure_ascii=False)
    except ValueError as error:
        raise InternalError(
            f"a JSON document holds a number that JSON cannot say ({error})", where=str(document["schema"])
        ) from error
    print(text)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    for name in ("tolist", "item"):  # numpy arrays and scalars, without importing numpy
        method = getattr(value, name, None)
        if callable(method):
            return method()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(title: str, heads: Row, rows: Sequence[Row], *, right: Sequence[int] = ()) -> None:
    """Print a table: ruled and coloured on a terminal, plain aligned columns when piped. ``right`` columns align right."""
    if is_terminal(sys.stdout):
        _rich_table(title, heads, rows, right)
        return
    widths = [max(len(head), *(len(row[i]) for row in rows)) if rows else len(head) for i, head in enumerate(heads)]
    if title:
        print(title)
    for row in [heads, *rows] if any(heads) else rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _rich_table(title: str, heads: Row, rows: Sequence[Row], right: Sequence[int]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", show_header=any(heads))
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(no_color=no_color(), highlight=False).print(table)


def note(text: str, *, quiet: bool = False) -> None:
    """Print a line for the person at the keyboard on stderr."""
    if not quiet:
        print(text, file=sys.stderr)


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def no_color() -> bool:
    """https://no-color.org: any non-empty value of NO_COLOR switches colour off."""
    return bool(os.environ.get("NO_COLOR"))


def progress(label: str, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    """Return ``report(done, total)``: a bar with time left on a terminal, else one line per 10 %, always on stderr."""
    if quiet:
        return lambda done, total: None
    return _bar(label, clock) if is_terminal(sys.stderr) else _lines(label)


def _lines(label: str) -> Callable[[int, int], None]:
    last = -1

    def report(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 if total <= 0 else 10 * done // total
        if tenth > last:
            last = tenth
            print(f"{label}: {10 * tenth} % ({done} of {total})", file=sys.stderr)

    return report


def _bar(label: str, clock: Callable[[], float]) -> Callable[[int, int], None]:
    begun, shown, width = clock(), -1.0, 30

    def report(done: int, total: int) -> None:
        nonlocal shown
        now, share = clock(), 1.0 if total <= 0 else done / total
        if share < 1.0 and now - shown < 0.1:  # ten redraws a second are enough for an eye
            return
        shown = now
        left = (now - begun) * (1.0 - share) / share if share > 0.0 else 0.0
        filled = round(width * share)
        tail = "\n" if share >= 1.0 else ""
        eta = f"{left:4.0f} s left" if share >= 0.05 else " " * 11  # before that, loading and compiling are all that was timed
        sys.stderr.write(f"\r{label} [{'#' * filled}{'.' * (width - filled)}] {100 * share:3.0f} %  {eta}{tail}")
        sys.stderr.flush()

    return report
