"""From a folder of vendors' files, or the embedded sample, to one aligned history with a quality report and content hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from alvh.core.days import DayArray, to_date, to_day
from alvh.core.errors import DataMissing
from alvh.data.align import FIRST_HISTORY, carry_single, choose_span, note_alignment, place, without_gaps
from alvh.data.contents import INDICES, Contents, FileRecord, read_folder
from alvh.data.funds import fund_prices
from alvh.data.quality import QualityLog, QualityReport
from alvh.data.rates import bill_rate, dividend_points, dividend_yield, known_yields, merged_series
from alvh.data.readers.daily import DailyTable
from alvh.data.sessions import is_monthly_vix_expiry, vix_expiry, xnys_sessions
from alvh.data.signal_series import breadth_by_universe, event_lists, exchange_rate, first_releases
from alvh.data.vx import VxHistory, merge_vx
from alvh.market.history import Floats, History

WARMUP_SESSIONS: Final = 320
"""Sessions kept before the run: one year of signals (252 sessions) and a quarter to spare."""
VVIX_FROM: Final = to_day(date(2007, 1, 1))
"""VVIX before 2007 is unreliable: its first rows jump between 15 and 72 from one day to the next."""

VX_FROM: Final = to_day(date(2004, 3, 26))
"""The first session of VX futures (CFE); before it no file could hold a settle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedHistory:
    """An aligned history, what was wrong with its files, and which files they were.

    ``start_row`` is the first row of the run that was asked for; the rows before it are warm-up.
    """

    history: History
    quality: QualityReport
    files: tuple[FileRecord, ...]
    start_row: int


def load_history(
    source: Path | str, *, start: date | None = None, end: date | None = None, warmup_sessions: int = WARMUP_SESSIONS
) -> LoadedHistory:
    """Load a folder of market history, or ``"sample"``, aligned on the sessions from ``start`` to ``end``.

    Up to ``warmup_sessions`` sessions before ``start`` are kept where the data hold them. :class:`DataMissing` where SPX, VIX
    or every bill rate is absent, or the range lies outside the data; :class:`DataInvalid` where a file fails its checks or SPX or
    VIX has a gap inside the run.
    """
    log = QualityLog()
    if str(source) == "sample":
        from alvh.data.sample import SAMPLE_SOURCE, read_sample

        contents, name = read_sample(log), SAMPLE_SOURCE
    else:
        contents, name = read_folder(Path(source), log), str(source)
    return assemble(contents, name, log, start=start, end=end, warmup_sessions=warmup_sessions)


def content_hash(files: Iterable[FileRecord]) -> str:
    """SHA-256 of the sorted file hashes: the same for the same contents, whatever the files are called."""
    return hashlib.sha256("\n".join(sorted(record.sha256 for record in files)).encode()).hexdigest()


def require(contents: Contents, name: str, source: str) -> DailyTable:
    """The table of a symbol; :class:`DataMissing` where no file holds it."""
    if name in contents.daily:
        return contents.daily[name]
    where = {"SPX": "prices/SPX.csv (date,open,high,low,close,volume)", "VIX": "cboe/VIX_History.csv (DATE,OPEN,HIGH,LOW,CLOSE)"}
    raise DataMissing(
        f"no file holds {name}",
        where=source,
        allowed=where[name],
        todo="add the file, or use --data sample; see docs/how-to/bring-your-own-data.md",
    )


def assemble(
    contents: Contents,
    source: str,
    log: QualityLog,
    *,
    start: date | None,
    end: date | None,
    warmup_sessions: int = WARMUP_SESSIONS,
) -> LoadedHistory:
    """Align everything that was read on the sessions of the run and its warm-up."""
    spx_table, vix_table = require(contents, "SPX", source), require(contents, "VIX", source)
    calendar = xnys_sessions()
    calendar = calendar[calendar >= FIRST_HISTORY]
    newest = max(int(spx_table.days[-1]), int(vix_table.days[-1]))
    whole = calendar[calendar <= newest]
    _drop_early_vvix(contents, log)
    for name in INDICES:
        if name in contents.daily:
            todo = "see the single sessions and gaps below" if name in ("SPX", "VIX") else "left empty"
            note_alignment(contents.daily[name], whole, log, expect_all=name != "VRO", absent_todo=todo)
    spx, vix = place(spx_table, "close", whole), place(vix_table, "close", whole)
    common = np.flatnonzero(~np.isnan(spx) & ~np.isnan(vix))
    if not common.size:
        raise DataMissing(
            f"SPX ({spx_table.label}) and VIX ({vix_table.label}) have no session in common since 1990",
            where=source,
            allowed="files that overlap",
            todo="add rows to the shorter file",
        )
    low, high = int(whole[common[0]]), int(whole[common[-1]])
    span = choose_span(calendar, start, end, available=(low, high), warmup=warmup_sessions, source=source)
    span = without_gaps(whole, spx, vix, span, files=(spx_table.label, vix_table.label), log=log)
    vix, carried = carry_single(vix)
    rows = slice(span.first, span.stop)
    sessions = whole[rows]
    todo = "the previous close is carried, flagged as vix"
    log.days("warning", vix_table.label, "single session without a VIX close", sessions[carried[rows]].tolist(), todo=todo)
    vx = merge_vx(
        contents.vx,
        contents.settlements,
        contents.daily.get("VRO"),
        sessions=whole,
        vix_close=vix,
        rows=rows,
        is_monthly=is_monthly_vix_expiry,
        log=log,
    )
    _note_vx_gaps(vx, sessions, log)
    series = {name: merged_series(tables, log) for name, tables in contents.series.items()}
    bills, bills_carried = bill_rate(sessions, series, log)
    dividends, dividends_carried = dividend_yield(sessions, contents.monthly, log)
    events, unscheduled = event_lists(contents, sessions, log)
    points, points_by_yield = dividend_points(sessions, spx[rows], dividends, contents.monthly, calendar)

    def column(name: str, field_name: str = "close") -> Floats:
        table = contents.daily.get(name)
        if table is None or field_name not in table.columns:
            return np.full(len(sessions), np.nan)
        return place(table, field_name, sessions)

    flags = {
        "vix": carried[rows],
        "bill_rate": bills_carried,
        "dividend_yield": dividends_carried,
        "dividend_points": points_by_yield,
        "vx_close_for_settle": vx.close_for_settle,
    }
    history = History(
        sessions=sessions,
        spx_open=column("SPX", "open"),
        spx_high=column("SPX", "high"),
        spx_low=column("SPX", "low"),
        spx_close=spx[rows],
        vix_open=column("VIX", "open"),
        vix_high=column("VIX", "high"),
        vix_low=column("VIX", "low"),
        vix_close=vix[rows],
        vix9d=column("VIX9D"),
        vix3m=column("VIX3M"),
        vix6m=column("VIX6M"),
        vvix=column("VVIX"),
        skew=column("SKEW"),
        bill_rate=bills,
        dividend_yield=dividends,
        dividend_points=points,
        vx=vx.table,
        vro=vx.vro,
        source=source,
        sha256=content_hash(contents.files),
        modelled={name: flag for name, flag in flags.items() if flag.any()},
        yields=known_yields(sessions, series, log),
        breadth=breadth_by_universe(contents.counts, sessions, whole, log),
        events=events,
        unscheduled=unscheduled,
        releases=first_releases(contents),
        etps=fund_prices(contents.funds, sessions, whole, log),
        fx=exchange_rate(contents),
    )
    return LoadedHistory(
        history=history,
        quality=log.report(),
        files=tuple(contents.files),
        start_row=span.start - span.first,
    )


def _drop_early_vvix(contents: Contents, log: QualityLog) -> None:
    table = contents.daily.get("VVIX")
    if table is None:
        return
    keep = table.days >= VVIX_FROM
    log.days("warning", table.label, "VVIX before 2007 is unreliable", table.days[~keep].tolist(), todo="the rows were dropped")
    columns = {name: values[keep] for name, values in table.columns.items()}
    contents.daily["VVIX"] = DailyTable(label=table.label, name="VVIX", days=table.days[keep], columns=columns)


def _note_vx_gaps(vx: VxHistory, sessions: DayArray, log: QualityLog) -> None:
    """Count, inside the run, sessions without any VX settle and monthly expiries without a final settlement."""
    without = sessions[np.isnan(vx.table.settle).all(axis=1) & (sessions >= VX_FROM)]
    todo = "a model of the VX curve stands in, flagged; add VX files"
    log.days("warning", "history", "session without any VX settle", without.tolist(), todo=todo)
    first, last = max(int(sessions[0]), VX_FROM), int(sessions[-1])
    years = range(to_date(first).year, to_date(last).year + 1)
    monthly = [vix_expiry(year, month) for year in years for month in range(1, 13)]
    todo = "settlement uses an approximation, flagged; add the contract's file or a VRO history"
    absent = [day for day in monthly if first <= day <= last and day not in vx.vro]
    log.days("warning", "history", "monthly VIX expiry without a final settlement", absent, todo=todo)
