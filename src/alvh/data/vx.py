"""One table of VX settlements from all VX files, and the final settlements by expiry.

Where several files hold the same contract and session, the by-contract file counts, then the one-file monthly history, then the
wide archive; but a published Settle of any of them goes before a Close that stands for a missing Settle. Expiry-day rows are
final settlements: they go to ``vro`` and not into the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from alvh.core.days import Day, DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable
from alvh.data.readers.vx_rows import RESCALED, VxLayout, VxRows
from alvh.data.readers.vx_settlements import HIGHEST, FinalSettlements
from alvh.market.history import Bools, Floats, VxTable

PREFERENCE: Final[tuple[VxLayout, ...]] = ("contract", "monthly", "wide")
SAME_SETTLE: Final = 0.05
"""Settles of one contract that differ by more than one old VX tick (0.05 point) are counted as a disagreement."""
SAME_FINAL: Final = 0.005
"""Final settlements are published to the cent, so half a cent is a rounding."""
TENFOLD: Final = 4.0
"""A settle above this many times spot VIX is a ten-fold price: true ratios have stayed within 0.5 to 2, ten-fold ones above 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VxHistory:
    """The merged table (rows as ``sessions``), final settlements by expiry, and the sessions with a Close for a Settle."""

    table: VxTable
    vro: Mapping[Day, tuple[float, str]]
    close_for_settle: Bools


def merge_vx(
    files: Sequence[VxRows],
    settlements: Sequence[FinalSettlements],
    vro_index: DailyTable | None,
    *,
    sessions: DayArray,
    vix_close: Floats,
    rows: slice,
    is_monthly: Callable[[Day], bool],
    log: QualityLog,
) -> VxHistory:
    """Merge VX files onto ``sessions[rows]``.

    ``sessions`` is the whole calendar of the history, so that findings do not depend on the run; ``vix_close`` (its shape) serves
    to recognise ten-fold prices. A published Settle of any file goes before a Close that stands for a missing one.
    :class:`DataInvalid` for a ten-fold price on or after 2007-03-26, when the contract was already quoted in index points.
    """
    scaled = [_in_index_points(part, sessions, vix_close, log) for part in files]
    layers = [_layer(scaled, layout, sessions, rows, log) for layout in PREFERENCE]
    expiries = np.unique(np.concatenate([layer.expiry for layer in layers]))
    shape = (rows.stop - rows.start, len(expiries))
    settle, volume, stands_in = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=bool)
    opened = np.full(shape, np.nan)
    for layer in reversed(layers):
        if not len(layer.row):
            continue
        column = np.searchsorted(expiries, layer.expiry)
        before, was_close = settle[layer.row, column], stands_in[layer.row, column]
        yields = layer.from_close & ~np.isnan(before) & ~was_close
        with np.errstate(invalid="ignore"):
            differ = (np.abs(before - layer.settle) > SAME_SETTLE) & ~layer.from_close & ~was_close
        what = f"settle differs by more than {SAME_SETTLE:g} from a less preferred file"
        log.days("warning", layer.label, what, layer.day[differ].tolist(), todo="this file's settle is used")
        what = "Close not needed for a missing Settle: a less preferred file holds the Settle"
        log.days("info", layer.label, what, layer.day[yields].tolist(), todo="that Settle is used")
        use = ~yields
        at = (layer.row[use], column[use])
        settle[at], volume[at], stands_in[at] = layer.settle[use], layer.volume[use], layer.from_close[use]
        opened[at] = np.where(np.isnan(layer.open[use]), opened[at], layer.open[use])
    return VxHistory(
        table=VxTable(
            expiry=expiries,
            monthly=np.array([is_monthly(day) for day in expiries.tolist()], dtype=bool),
            settle=settle,
            volume=volume,
            open=opened,
        ),
        vro=final_settlements(scaled, settlements, vro_index, log),
        close_for_settle=np.asarray(stands_in.any(axis=1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """All usable rows of one layout inside the run: arrays (values,)."""

    label: str
    day: DayArray
    row: DayArray
    expiry: DayArray
    settle: Floats
    volume: Floats
    open: Floats
    from_close: Bools


def _layer(files: Sequence[VxRows], layout: VxLayout, sessions: DayArray, rows: slice, log: QualityLog) -> _Layer:
    chosen = [part for part in files if part.layout == layout]
    label = group_label([part.label for part in chosen]) if chosen else ""

    def joined(name: str, dtype: type) -> Any:
        return np.concatenate([np.zeros(0, dtype=dtype), *(getattr(part, name) for part in chosen)])

    day, settle = joined("day", np.int64), joined("settle", np.float64)
    row, on_session = rows_of(day, sessions)
    _note_dropped(label, day[~on_session], sessions, log)
    use = on_session & ~np.isnan(settle) & (row >= rows.start) & (row < rows.stop)
    return _Layer(
        label=label,
        day=day[use],
        row=row[use] - rows.start,
        expiry=joined("expiry", np.int64)[use],
        settle=settle[use],
        volume=joined("volume", np.float64)[use],
        open=joined("open", np.float64)[use],
        from_close=joined("from_close", np.bool_)[use],
    )


def rows_of(days: DayArray, sessions: DayArray) -> tuple[DayArray, Bools]:
    """The session row of each day and whether the day is a session at all."""
    row = np.minimum(np.searchsorted(sessions, days), len(sessions) - 1).astype(np.int64)
    return row, np.asarray(sessions[row] == days)


def group_label(labels: Sequence[str]) -> str:
    """One file's label, or the folder and the number of files."""
    if len(labels) == 1:
        return labels[0]
    folder = labels[0].rsplit("/", 1)[0] if "/" in labels[0] else "."
    return f"{folder} ({len(labels)} files)"


def _note_dropped(label: str, off: DayArray, sessions: DayArray, log: QualityLog) -> None:
    inside = off[(off >= sessions[0]) & (off <= sessions[-1])]
    log.days("warning", label, "row on a day without a session", inside.tolist(), todo="the rows were dropped")
    outside = off[(off < sessions[0]) | (off > sessions[-1])]
    log.days("info", label, "row outside the aligned history", outside.tolist(), todo="the rows were not used")


def _in_index_points(rows: VxRows, sessions: DayArray, vix_close: Floats, log: QualityLog) -> VxRows:
    at, there = rows_of(rows.day, sessions)
    spot = np.where(there, vix_close[at], np.nan)
    with np.errstate(invalid="ignore"):
        tenfold = np.where(np.isnan(spot), rows.settle > HIGHEST, rows.settle > TENFOLD * spot)
    if not tenfold.any():
        return rows
    late = np.flatnonzero(tenfold & (rows.day >= RESCALED))
    if late.size:
        worst = late[0]
        raise DataInvalid(
            f"the settle {rows.settle[worst]:g} on {iso(rows.day[worst])} is about ten times VIX "
            f"{spot[worst]:g} ({late.size} such rows)",
            where=f"{rows.label}, contract {iso(rows.expiry[worst])}",
            allowed="index points; ten-fold prices only before 2007-03-26",
            todo="divide these prices by ten, or download the file again",
        )
    todo = "divided by ten (the contract was rescaled on 2007-03-26)"
    log.days("warning", rows.label, "price ten times the index", rows.day[tenfold].tolist(), todo=todo)
    return VxRows(
        label=rows.label,
        layout=rows.layout,
        day=rows.day,
        expiry=rows.expiry,
        settle=np.where(tenfold, rows.settle / 10.0, rows.settle),
        volume=rows.volume,
        open=np.where(tenfold, rows.open / 10.0, rows.open),
        finals=tuple((day, value / 10.0 if day < RESCALED and value > HIGHEST / 2 else value) for day, value in rows.finals),
        from_close=rows.from_close,
    )


def final_settlements(
    files: Sequence[VxRows], archives: Sequence[FinalSettlements], vro_index: DailyTable | None, log: QualityLog
) -> dict[Day, tuple[float, str]]:
    """Final settlement by expiry and its source: by-contract files first, then the monthly file, the archive, a VRO history."""
    stated: list[tuple[str, str, Sequence[tuple[Day, float]]]] = []
    for layout in PREFERENCE:
        stated += [("VX expiry-day settle", rows.label, rows.finals) for rows in files if rows.layout == layout]
    stated += [("VX final settlement archive", archive.label, archive.values) for archive in archives]
    if vro_index is not None:
        pairs = list(zip(vro_index.days.tolist(), vro_index.columns["close"].tolist(), strict=True))
        stated.append(("VRO history", vro_index.label, pairs))
    out: dict[Day, tuple[float, str]] = {}
    differing: dict[str, list[Day]] = {}
    for kind, label, values in stated:
        for day, value in values:
            if day not in out:
                out[day] = (float(value), f"{kind}, {label}")
            elif abs(out[day][0] - value) > SAME_FINAL:
                differing.setdefault(label, []).append(day)
    for label, days in differing.items():
        log.days(
            "warning",
            label,
            "final settlement that differs from a preferred file",
            days,
            todo="the preferred file's value is used",
        )
    return dict(sorted(out.items()))
