"""What the files of a data folder hold: each read by its layout and put under its symbol, series or kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.data.detect import Found, Kind, scan
from alvh.data.quality import QualityLog
from alvh.data.rates import BILL_SERIES
from alvh.data.readers import (
    breadth,
    cboe_index,
    events,
    fred,
    prices,
    strategy_monthly,
    vx_futures,
    vx_settlements,
    vx_wide,
)
from alvh.data.readers.daily import DailyTable
from alvh.data.readers.vx_rows import VxRows
from alvh.data.readers.vx_settlements import FinalSettlements
from alvh.data.sessions import vix_expiry
from alvh.data.text import SourceText
from alvh.data.vx import group_label

INDICES: Final = ("SPX", "VIX", "VIX9D", "VIX3M", "VIX6M", "VVIX", "SKEW", "VRO")
NYSE: Final = "NYSE"
"""Breadth comes from NYSE counts alone: counts of another universe are not comparable with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file that was read: path relative to the folder, SHA-256, rows, first and last date (ISO or empty) and reader."""

    path: str
    sha256: str
    rows: int
    first: str
    last: str
    reader: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "path": self.path,
            "sha256": self.sha256,
            "rows": self.rows,
            "first": self.first,
            "last": self.last,
            "reader": self.reader,
        }


@dataclass(slots=True, kw_only=True)
class Contents:
    """What the files of one folder (or of the sample) hold, by symbol, series or layout."""

    daily: dict[str, DailyTable] = field(default_factory=dict)
    series: dict[str, list[DailyTable]] = field(default_factory=dict)
    counts: dict[str, list[DailyTable]] = field(default_factory=dict)
    events: dict[str, DayArray] = field(default_factory=dict)
    monthly: DailyTable | None = None
    vx: list[VxRows] = field(default_factory=list)
    settlements: list[FinalSettlements] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)


def needed(found: Found) -> bool:
    """Whether the history uses a file (the rest is looked at by ``alvh data check`` alone)."""
    match found.kind:
        case "cboe_index":
            return found.name in INDICES
        case "prices":
            return found.name in INDICES
        case "fred":
            return found.name in BILL_SERIES
        case "breadth":
            return found.name == NYSE
        case "vx_rank" | None:
            return False
        case _:
            return True


def read_folder(root: Path, log: QualityLog) -> Contents:
    """Read every file under ``root`` that the history uses."""
    contents = Contents()
    found = scan(root)
    for item in found:
        if needed(item) and not (item.kind == "vx_futures" and vx_futures.expiry_in_name(item.stem) is not None):
            take(contents, item, item.open(), log)
    by_contract = [item for item in found if item.kind == "vx_futures" and vx_futures.expiry_in_name(item.stem) is not None]
    if by_contract:
        each = QualityLog()
        for item in by_contract:
            take(contents, item, item.open(), each)
        log.absorb(each.rows, file=group_label([item.label for item in by_contract]))
    unknown = [item.label for item in found if item.kind is None]
    if unknown:
        todo = "they were ignored; see docs/reference/data-files.md for the layouts"
        log.note("info", str(root.name), "file of no known layout", count=len(unknown), examples=unknown, todo=todo)
    return contents


def take(contents: Contents, found: Found, text: SourceText, log: QualityLog) -> None:
    """Read one file by its layout and put it where it belongs."""
    kind: Kind | None = found.kind
    match kind:
        case "cboe_index" | "prices":
            table = cboe_index.read(text, log) if kind == "cboe_index" else prices.read(text, log)
            if table.name in contents.daily:
                other = contents.daily[table.name].label
                raise DataInvalid(
                    f"two files hold {table.name}: {other} and {table.label}", where=table.label, allowed="one", todo="remove one"
                )
            contents.daily[table.name] = table
            _record(contents, text, kind, table.rows, table.days)
        case "fred":
            table = fred.read(text, log)
            contents.series.setdefault(table.name, []).append(table)
            _record(contents, text, kind, table.rows, table.days)
        case "breadth":
            table = breadth.read(text, log)
            contents.counts.setdefault(breadth.side_of(text), []).append(table)
            _record(contents, text, kind, table.rows, table.days)
        case "events":
            table = events.read(text, log)
            contents.events[table.name] = table.days
            _record(contents, text, kind, table.rows, table.days)
        case "strategy_monthly":
            contents.monthly = strategy_monthly.read(text, log)
            _record(contents, text, kind, contents.monthly.rows, contents.monthly.days)
        case "vx_futures" | "vx_wide":
            rows = (vx_futures if kind == "vx_futures" else vx_wide).read(text, log, vix_expiry)
            contents.vx.append(rows)
            _record(contents, text, kind, len(rows.day) + len(rows.finals), rows.day)
        case "vx_settlements":
            archive = vx_settlements.read(text, log, vix_expiry)
            contents.settlements.append(archive)
            _record(contents, text, kind, archive.rows, np.array([day for day, _ in archive.values], dtype=np.int64))
        case _:
            raise AssertionError(f"no history input comes from {kind}")


def _record(contents: Contents, text: SourceText, reader: str, rows: int, days: DayArray) -> None:
    first, last = (iso(days.min()), iso(days.max())) if len(days) else ("", "")
    contents.files.append(FileRecord(path=text.label, sha256=text.sha256, rows=rows, first=first, last=last, reader=reader))
