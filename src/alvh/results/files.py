"""Result files appear whole or not at all: written under a temporary name beside the target, then renamed."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from alvh.core.errors import InternalError, UsageError

Cell = str | int | float | None


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A text file that takes ``path``'s place when the block ends well, and vanishes when it does not."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8", newline="") as out:
                yield out
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise UsageError(
            f"cannot write: {problem.strerror or problem}",
            where=str(path),
            allowed="a file name in a folder that can be written",
            todo="give another --out folder, or free space and permissions there",
        ) from problem


def write_text_atomic(path: Path, text: str) -> Path:
    """Write ``text`` as UTF-8, line ends as they are; folders are made. Raises :class:`UsageError` where that fails."""
    with _replacing(path) as out:
        out.write(text)
    return path


def write_csv_atomic(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a CSV file and return the number of rows. ``None`` is an empty field, floats keep every digit.

    Raises :class:`UsageError` where the file cannot be written, :class:`InternalError` for a row of the wrong length.
    """
    count = 0
    with _replacing(path) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            if len(row) != len(header):
                raise InternalError(f"{len(row)} fields", where=f"{path}, row {count + 1}", allowed=f"{len(header)} fields")
            writer.writerow(row)
            count += 1
    return count
