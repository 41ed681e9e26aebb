"""Look at every file of a data folder: which reader knows it, what is wrong with it, and whether a history can be built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from alvh.core.days import DayArray, iso
from alvh.core.errors import AlvhError
from alvh.data.align import note_alignment
from alvh.data.contents import INDICES, Contents, needed, take
from alvh.data.detect import Found, scan
from alvh.data.load import LoadedHistory, assemble
from alvh.data.quality import QualityLog, QualityReport
from alvh.data.readers import cboe_index, first_release, fred, prices, vx_futures, vx_rank
from alvh.data.readers.daily import DailyTable
from alvh.data.sessions import xnys_sessions
from alvh.data.vx import group_label
from alvh.market.history import History
from alvh.market.signals import FAMILIES, missing_input

SCHEMA: Final = "alvh.data-check/1"
_DAILY: Final = {
    "cboe_index": cboe_index.read,
    "prices": prices.read,
    "fred": fred.read,
    "first_release": first_release.read,
    "vx_rank": vx_rank.read,
}
"""Layouts of which the history uses some files and not others."""
_BY_SESSION: Final = ("cboe_index", "prices", "vx_rank")
"""Those with one row per session; rates and releases follow other calendars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """One file: its reader (empty where none knows it), rows, first and last date, whether the history uses it, and its error."""

    path: str
    reader: str
    rows: int
    first: str
    last: str
    sha256: str
    used: bool
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "path": self.path,
            "reader": self.reader,
            "rows": self.rows,
            "first": self.first,
            "last": self.last,
            "sha256": self.sha256,
            "used": self.used,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCheck:
    """The outcome of ``alvh data check``: files, findings, and the history's range where one can be built."""

    source: str
    files: tuple[FileCheck, ...]
    quality: QualityReport
    first: str = ""
    last: str = ""
    sessions: int = 0
    sha256: str = ""
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What no file holds -> the signals that have no value without it."""

    @property
    def unrecognised(self) -> tuple[str, ...]:
        """Files of no known layout."""
        return tuple(file.path for file in self.files if not file.reader)

    @property
    def exit_code(self) -> int:
        """0 where the folder gives a history without an error, else that of :class:`~alvh.core.errors.DataInvalid`."""
        return 5 if self.quality.errors else 0

    @property
    def document(self) -> dict[str, Any]:
        """The whole outcome as plain values that JSON can hold."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "sha256": self.sha256,
            "from": self.first,
            "to": self.last,
            "sessions": self.sessions,
            "files": [file.to_dict() for file in self.files],
            "unrecognised": list(self.unrecognised),
            "signals_without_data": [{"file": file, "signals": list(names)} for file, names in self.lacking.items()],
            "quality": self.quality.to_dict(),
        }

    @property
    def text(self) -> str:
        """The outcome as lines to read: by-contract files as one line, then the findings, errors first."""
        lines = [f"Data in {self.source}"]
        lines += [_file_line(file) for file in self.files if not _is_contract(file)]
        contracts = [file for file in self.files if _is_contract(file)]
        if contracts:
            rows, first, last = (
                sum(file.rows for file in contracts),
                min(f.first for f in contracts),
                max(f.last for f in contracts),
            )
            label = group_label([file.path for file in contracts])
            lines.append(f"  {label:46} vx_futures        {rows:7} rows  {first} to {last}  used")
        lines += ["", f"Findings: {len(self.quality.errors)} errors, {len(self.quality.warnings)} warnings"]
        lines += ["  " + line for line in self.quality.to_lines()]
        if self.sessions:
            if self.lacking:
                lines += ["", "Signals without data, and what they wait for:"]
            lines += [f"  {_some(names)}: {file}" for file, names in self.lacking.items()]
            lines += ["", f"History: {self.sessions} sessions from {self.first} to {self.last}, content hash {self.sha256[:16]}"]
        else:
            lines += ["", "History: none can be built until the errors are mended"]
        return "\n".join(lines)


def _some(names: Sequence[str]) -> str:
    """The first two names and how many more there are."""
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _is_contract(file: FileCheck) -> bool:
    name = file.path.rsplit("/", 1)[-1]
    return file.reader == "vx_futures" and not file.error and vx_futures.expiry_in_name(name.split(".")[0]) is not None


def _file_line(file: FileCheck) -> str:
    if file.error:
        return f"  {file.path:46} {file.reader or 'no reader':17} ERROR (see below)"
    if not file.reader:
        return f"  {file.path:46} {'no reader':17} ignored"
    use = "used" if file.used else "read, not used by the history"
    return f"  {file.path:46} {file.reader:17} {file.rows:7} rows  {file.first} to {file.last}  {use}"


def check_data(source: Path | str) -> DataCheck:
    """Check ``"sample"`` or every file under a folder; faults become findings, only a missing folder raises."""
    if str(source) == "sample":
        return _check_sample()
    root = Path(source)
    log, contents = QualityLog(), Contents()
    files: list[FileCheck] = []
    each = QualityLog()
    found = scan(root)
    contracts = [item for item in found if item.kind == "vx_futures" and vx_futures.expiry_in_name(item.stem) is not None]
    grouped = {item.label for item in contracts}
    for item in found:
        files.append(_check_file(item, contents, each if item.label in grouped else log))
    errors = [row for row in each.rows if row.severity == "error"]
    log.rows.extend(errors)
    if contracts:
        milder = [row for row in each.rows if row.severity != "error"]
        log.absorb(milder, file=group_label([item.label for item in contracts]))
    unknown = [file.path for file in files if not file.reader]
    if unknown:
        todo = "they are ignored; see docs/reference/data-files.md for the layouts"
        log.note("warning", str(source), "file of no known layout", count=len(unknown), examples=unknown, todo=todo)
    loaded = None
    if not any(file.error and file.used for file in files):
        loaded = _try_history(contents, str(source), log)
    return _outcome(str(source), files, log, loaded)


def _check_sample() -> DataCheck:
    from alvh.data.sample import SAMPLE_SOURCE, read_sample

    log = QualityLog()
    contents = read_sample(log)
    loaded = _try_history(contents, SAMPLE_SOURCE, log)
    files = [
        FileCheck(path=r.path, reader=r.reader, rows=r.rows, first=r.first, last=r.last, sha256=r.sha256, used=True)
        for r in contents.files
    ]
    return _outcome(SAMPLE_SOURCE, files, log, loaded)


def _try_history(contents: Contents, source: str, log: QualityLog) -> LoadedHistory | None:
    try:
        return assemble(contents, source, log, start=None, end=None)
    except AlvhError as error:
        log.note("error", "history", error.what, todo=error.todo)
        return None


def _outcome(source: str, files: Sequence[FileCheck], log: QualityLog, loaded: LoadedHistory | None) -> DataCheck:
    if loaded is None:
        return DataCheck(source=source, files=tuple(files), quality=log.report())
    sessions = loaded.history.sessions
    return DataCheck(
        source=source,
        files=tuple(files),
        quality=log.report(),
        first=iso(sessions[0]),
        last=iso(sessions[-1]),
        sessions=len(sessions),
        sha256=loaded.history.sha256,
        lacking=signals_without_data(loaded.history),
    )


def signals_without_data(history: History) -> dict[str, tuple[str, ...]]:
    """What signals wait for, as :func:`~alvh.market.signals.missing_input` says it, and the forms of those signals."""
    found: dict[str, tuple[str, ...]] = {}
    for family in FAMILIES:
        file = missing_input(history, family.examples[0])
        if file is not None:
            found[file] = (*found.get(file, ()), family.form)
    return found


def _check_file(item: Found, contents: Contents, log: QualityLog) -> FileCheck:
    used, kind = needed(item), item.kind or ""
    try:
        text = item.open()
        if not kind:
            return FileCheck(path=item.label, reader="", rows=0, first="", last="", sha256=text.sha256, used=False)
        if used:
            take(contents, item, text, log)
            record = contents.files[-1]
            rows, first, last = record.rows, record.first, record.last
        else:
            table: DailyTable = _DAILY[kind](text, log)
            if kind in _BY_SESSION and table.name not in INDICES:
                note_alignment(table, _calendar_to(table.days), log)
            rows, first, last = table.rows, iso(table.days[0]), iso(table.days[-1])
        return FileCheck(path=item.label, reader=kind, rows=rows, first=first, last=last, sha256=text.sha256, used=used)
    except AlvhError as error:
        what = error.what + (f" (allowed: {error.allowed})" if error.allowed else "")
        log.note("error", error.where or item.label, what, todo=error.todo)
        return FileCheck(path=item.label, reader=kind, rows=0, first="", last="", sha256="", used=used, error=str(error))


def _calendar_to(days: DayArray) -> DayArray:
    sessions = xnys_sessions()
    return sessions[sessions <= max(int(days[-1]), int(sessions[0]))]
