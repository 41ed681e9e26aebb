"""A file of records that are only ever added: locked while it grows, replaced whole, refused where it is not as it was written.

One JSON document ``{"schema": ..., "records": [...]}``. It is written under a temporary name, flushed to the disk and renamed, so
that a reader sees the file before or after a change and never half of one.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alvh.core.errors import ConfigError

Record = dict[str, Any]
LOCK_SECONDS = 10.0
"""How long a change waits for another one, which takes milliseconds, before it says that something holds the file."""
_RETRY_SECONDS = 0.02


def read_records(path: Path, schema: str, check: Callable[[Record], str]) -> list[Record]:
    """The records of a file, oldest first; none where there is no file.

    ``check`` says what is wrong with a record, or ''. Raises :class:`ConfigError` for a file that cannot be read, that is half
    written, of another schema, or that holds a record which fails: it is refused and left as it is.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as fault:
        raise _refused(path, f"cannot be read ({getattr(fault, 'strerror', None) or fault})", schema) from fault
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise _refused(path, f"is half written or no JSON ({fault})", schema) from fault
    found = document.get("schema") if isinstance(document, dict) else None
    if found != schema:
        raise _refused(path, f"its schema is {found!r}", schema)
    records = document.get("records")
    if set(document) != {"schema", "records"} or not isinstance(records, list):
        raise _refused(path, f"it holds {', '.join(document)}", schema)
    for number, record in enumerate(records, start=1):
        fault_text = check(record) if isinstance(record, dict) else "it is no table"
        if fault_text:
            raise _refused(path, f"record {number}: {fault_text}", schema)
    return records


def append_record(path: Path, schema: str, check: Callable[[Record], str], record: Record) -> list[Record]:
    """Add one record under the file's lock and return all of them. Raises :class:`ConfigError` as :func:`read_records` does."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_name(f"{path.name}.lock")):
            records = [*read_records(path, schema, check), record]
            _replace(path, json.dumps({"schema": schema, "records": records}, indent=1, ensure_ascii=False, allow_nan=False))
            return records
    except OSError as fault:
        raise ConfigError(
            f"cannot be written ({fault.strerror or fault})",
            where=str(path),
            allowed="a folder that you may write to",
            todo="set ALVH_HOME to one, or free space and permissions there",
        ) from fault


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file; the operating system lets go of it when a process ends, however it ends."""
    with path.open("a+b") as file:
        give_up = time.monotonic() + LOCK_SECONDS
        while not _try_lock(file.fileno()):
            if time.monotonic() > give_up:
                raise ConfigError(
                    f"another process has held it for {LOCK_SECONDS:g} seconds",
                    where=str(path),
                    allowed="one change at a time",
                    todo="end the other alvh, then try again",
                )
            time.sleep(_RETRY_SECONDS)
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        """Lock the first byte, or say that somebody else has it; closing the file unlocks."""
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        """Lock the whole file, or say that somebody else has it; closing the file unlocks."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _refused(path: Path, what: str, schema: str) -> ConfigError:
    return ConfigError(
        what,
        where=str(path),
        allowed=f"a file that alvh wrote, schema {schema}",
        todo="put back a copy of the file, or move it away to begin anew; alvh mends nothing here",
    )
