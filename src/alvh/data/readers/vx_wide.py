"""The VX archive with one row per session and no header: first 9-10 contracts side by side.

Cells: 0 date, 1 VIX, 2 number of contracts, 3-12 last trading day, 13-22 ticker, 23-32 settle, 33-42 volume, 43-52 open interest.
The "expiry" cells are last trading days, so each is turned into the settlement day by the calendar rule of its month.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from alvh.core.days import Day, iso, to_date
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.vx_rows import ExpiryRule, VxRows, clean_settles
from alvh.data.text import SourceText, checked_table, day_of, parse_days, parse_floats, split_lines
from alvh.market.history import Floats

SLOTS: Final = 10
WIDTH: Final = 3 + 5 * SLOTS


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """The first line is already data: a date, the VIX, and a count of contracts."""
    if len(header) < 30 or len(header) > WIDTH:
        return False
    try:
        day_of(header[0])
        return float(header[1]) > 0 and 0 < int(header[2]) <= SLOTS
    except ValueError:
        return False


def read(source: SourceText, log: QualityLog, rule: ExpiryRule) -> VxRows:
    """Read the archive; blank slots are skipped.

    :class:`DataInvalid` for a cut row, a bad cell, or a last trading day that is not within four days before its month's expiry.
    """
    kinds = ("last trading day", "ticker", "settle", "volume", "open interest")
    names = ("date", "vix", "contracts", *(f"{kind} {slot}" for kind in kinds for slot in range(1, SLOTS + 1)))
    table = checked_table(source.label, names, split_lines(source.text), first_line=1)
    columns = list(zip(*table.rows, strict=True))
    day = parse_days(columns[0], label=source.label, column="date", lines=table.lines)
    settlement: dict[str, Day] = {}
    parts: list[tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]] = []
    settles: list[Floats] = []
    volumes: list[Floats] = []
    for slot in range(SLOTS):
        last_cells = columns[3 + slot]
        used = np.array([bool(cell.strip()) for cell in last_cells])
        if not used.any():
            continue
        lines = [table.lines[int(row)] for row in np.flatnonzero(used)]
        for row in np.flatnonzero(used).tolist():
            cell = last_cells[row]
            if cell not in settlement:
                settlement[cell] = _settlement(cell, f"{source.label}, line {table.lines[row]}, column {names[3 + slot]}", rule)
        expiry = np.array([settlement[cell] for cell in last_cells if cell.strip()], dtype=np.int64)
        for kind, store in ((23, settles), (33, volumes)):
            cells = [cell for cell, keep in zip(columns[kind + slot], used, strict=True) if keep]
            store.append(parse_floats(cells, label=source.label, column=names[kind + slot], lines=lines, blank=True))
        parts.append((day[used], expiry))
    all_day = np.concatenate([part[0] for part in parts])
    all_expiry = np.concatenate([part[1] for part in parts])
    settle, volume = np.concatenate(settles), np.nan_to_num(np.concatenate(volumes))
    settle, from_close = clean_settles(
        label=source.label,
        day=all_day,
        expiry=all_expiry,
        settle=np.nan_to_num(settle),
        close=np.full(len(settle), np.nan),
        volume=volume,
        log=log,
    )
    return VxRows(
        label=source.label,
        layout="wide",
        day=all_day,
        expiry=all_expiry,
        settle=settle,
        volume=volume,
        open=np.full(len(settle), np.nan),
        from_close=from_close,
    )


def _settlement(cell: str, where: str, rule: ExpiryRule) -> Day:
    try:
        last = day_of(cell)
        month = to_date(last)
        expiry = rule(month.year, month.month)
    except ValueError as error:
        raise DataInvalid(f"'{cell[:40]}' is not a date", where=where, allowed="YYYY-MM-DD", todo="correct the cell") from error
    if not 0 < expiry - last <= 4:
        raise DataInvalid(
            f"the last trading day {iso(last)} does not precede the month's VIX expiry {iso(expiry)}",
            where=where,
            allowed="the session before the final settlement of the same month",
            todo="check the cell",
        )
    return expiry
