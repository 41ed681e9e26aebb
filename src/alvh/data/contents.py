"""What the files of a data folder hold: each read by its layout and put under its symbol, series or kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.data.detect import Found, Kind, scan
from alvh.data.quality import QualityLog
from alvh.data.rates import BILL_SERIES, YIELD_SERIES
from alvh.data.readers import (
    breadth,
    cboe_index,
    events,
    exchange_rate,
    first_release,
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
from alvh.market.history import VIX_ETPS

INDICES: Final = ("SPX", "VIX", "VIX9D", "VIX3M", "VIX6M", "VVIX", "SKEW", "VRO")
STATISTICS: Final = ("CPI", "PPI", "GDP")
"""First releases that a signal reads."""


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
    counts: dict[tuple[str, str], list[DailyTable]] = field(default_factory=dict)
    """Breadth by universe, in small letters, and side (``advances`` or ``declines``): universes are never mixed."""
    events: dict[str, list[DailyTable]] = field(default_factory=dict)
    """Event lists by name in small letters."""
    funds: dict[str, list[DailyTable]] = field(default_factory=dict)
    """Price files of exchange-traded VIX products by ticker."""
    releases: dict[str, DailyTable] = field(default_factory=dict)
    """First releases by name in small letters."""
    fx: DailyTable | None = None
    monthly: DailyTable | None = None
    vx: list[VxRows] = field(default_factory=list)
    settlements: list[FinalSettlements] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)


def needed(found: Found) -> bool:
    """Whether the history uses a file (the rest is looked at by ``alvh data check`` alone)."""
    match found.kind:
        case "cboe_index" | "prices":
            return found.name in INDICES or found.name in VIX_ETPS
        case "fred":
            return found.name in BILL_SERIES or found.name in YIELD_SERIES
        case "first_release":
            return found.name in STATISTICS
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
            if table.name in VIX_ETPS:
                contents.funds.setdefault(table.name, []).append(table)
            else:
                _only_one(contents.daily.get(table.name), table)
                contents.daily[table.name] = table
            _record(contents, text, kind, table.rows, table.days)
        case "fred":
            table = fred.read(text, log)
            contents.series.setdefault(table.name, []).append(table)
            _record(contents, text, kind, table.rows, table.days)
        case "breadth":
            table = breadth.read(text, log)
            contents.counts.setdefault((key_of(found.name), breadth.side_of(text)), []).append(table)
            _record(contents, text, kind, table.rows, table.days)
        case "events":
            table = events.read(text, log)
            contents.events.setdefault(key_of(table.name), []).append(table)
            _record(contents, text, kind, table.rows, table.days)
        case "first_release":
            table = first_release.read(text, log)
            _only_one(contents.releases.get(key_of(table.name)), table)
            contents.releases[key_of(table.name)] = table
            _record(contents, text, kind, table.rows, table.days)
        case "exchange_rate":
            table = exchange_rate.read(text, log)
            _only_one(contents.fx, table)
            contents.fx = table
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


def key_of(name: str) -> str:
    """A universe's or event list's name as signals write it: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _only_one(other: DailyTable | None, table: DailyTable) -> None:
    if other is not None:
        raise DataInvalid(
            f"two files hold {table.name}: {other.label} and {table.label}", where=table.label, allowed="one", todo="remove one"
        )


def _record(contents: Contents, text: SourceText, reader: str, rows: int, days: DayArray) -> None:
    first, last = (iso(days.min()), iso(days.max())) if len(days) else ("", "")
    contents.files.append(FileRecord(path=text.label, sha256=text.sha256, rows=rows, first=first, last=last, reader=reader))
