"""What signals read beside prices: breadth by universe, event lists, first releases and the exchange rate, with quality notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.data.align import note_alignment, place
from alvh.data.contents import Contents
from alvh.data.quality import QualityLog
from alvh.data.readers.daily import DailyTable
from alvh.market.event_days import UNSCHEDULED_FOMC
from alvh.market.history import FirstReleases, Floats, ReleasedLevels


def breadth_by_universe(
    counts: Mapping[tuple[str, str], Sequence[DailyTable]], sessions: DayArray, whole: DayArray, log: QualityLog
) -> dict[str, tuple[Floats, Floats]]:
    """Advances and declines by universe on the sessions, NaN where no file has a row; ``whole`` is the calendar of the history.

    On days that several files of one side hold, the first file's count is used.
    """
    found = {}
    for universe in sorted({name for name, _ in counts}):
        sides = []
        for side in ("advances", "declines"):
            tables = counts.get((universe, side), [])
            if not tables:
                what, todo = f"no file of {side} for the universe '{universe}'", "its signals have no value; add the file"
                log.note("warning", "history", what, todo=todo)
            sides.append(_one_side(tables, sessions, whole, log))
        absent = np.isnan(sides[0]) | np.isnan(sides[1])
        known = np.flatnonzero(~absent)
        if known.size:
            later = sessions[known[0] :][absent[known[0] :]]
            todo = "its signals have no value there, and begin anew"
            log.days("info", "history", f"session without breadth of '{universe}'", later.tolist(), todo=todo)
        found[universe] = (sides[0], sides[1])
    return found


def _one_side(tables: Sequence[DailyTable], sessions: DayArray, whole: DayArray, log: QualityLog) -> Floats:
    out = np.full(len(sessions), np.nan)
    for table in tables:
        note_alignment(table, whole, log, expect_all=False)
        values = place(table, "count", sessions)
        out = np.where(np.isnan(out), values, out)
    return out


def event_lists(contents: Contents, sessions: DayArray, log: QualityLog) -> tuple[dict[str, DayArray], dict[str, DayArray]]:
    """Days by event name, and those of them that were not scheduled.

    Several lists of one name are joined. Unscheduled are the days that a list's column ``scheduled`` marks with 0 and, without
    that column, FOMC moves between meetings (:data:`~alvh.market.event_days.UNSCHEDULED_FOMC`). A statistic with first releases
    and no list takes its release days for one.
    """
    days = {name: np.unique(np.concatenate([table.days for table in tables])) for name, tables in contents.events.items()}
    unscheduled = {
        name: np.unique(np.concatenate([_surprises(name, table) for table in tables])) for name, tables in contents.events.items()
    }
    for name, table in contents.releases.items():
        if name not in days:
            days[name] = table.days
            todo = f"for days to come add a list, {name}_dates.csv"
            log.note("info", table.label, f"no list of {name.upper()} days: its release days stand in", todo=todo)
    for name, known in days.items():
        if known[-1] < sessions[-1]:
            what, todo = f"the list of {name.upper()} days ends on {iso(known[-1])}, before the history", "add later days"
            log.note("info", "history", what, todo=todo)
    return days, {name: some for name, some in unscheduled.items() if some.size}


def _surprises(name: str, table: DailyTable) -> DayArray:
    if "scheduled" in table.columns:
        return np.asarray(table.days[table.columns["scheduled"] == 0.0])
    known = sorted(UNSCHEDULED_FOMC) if name == "fomc" else []
    return np.intersect1d(table.days, np.array(known, dtype=np.int64))


def first_releases(contents: Contents) -> dict[str, FirstReleases]:
    """First releases by statistic."""
    return {
        name: FirstReleases(
            release_day=table.days,
            reference_month=table.columns["reference_month"].astype(np.int64),
            actual=table.columns["actual"],
            consensus=table.columns["consensus"],
        )
        for name, table in contents.releases.items()
    }


def exchange_rate(contents: Contents) -> ReleasedLevels | None:
    """The exchange rate by day of publication, where there is a file."""
    table = contents.fx
    return None if table is None else ReleasedLevels(release_day=table.days, level=table.columns["value"])
