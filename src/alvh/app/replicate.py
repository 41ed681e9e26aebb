"""Composition of ``alvh study replicate``: which indices, which market, which control; and the documents that it prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from alvh.app.wiring import LoadedMarket, load_market, with_spreads, with_trade_window
from alvh.core.days import iso, to_day
from alvh.core.errors import ConfigError, DataMissing, UsageError, nearest
from alvh.data.quality import QualityLog, QualityReport
from alvh.data.readers.index_levels import MonthLevels, month_name, read_index_levels
from alvh.strategy.overlay_policy import Overlay
from alvh.strategy.overlay_rules import overlay_days
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import load_policy
from alvh.study.replicate.controls import CONTROLS, breaks, control_case, control_market, control_policy
from alvh.study.replicate.published import INDICES, PublishedIndex, Span, iv_bias
from alvh.study.replicate.run import Replication, replicate, run_start

SCHEMA: Final = "alvh.replicate/1"
SPX_INDICES: Final = tuple(name for name in INDICES if name != "VXTH")
FIRST_DAY: Final = date(1990, 1, 2)
"""VIX begins."""
FIRST_MONTH, LAST_DAY = date(1990, 2, 1), date(2021, 12, 31)
"""The span of the published month-ends for which VIX exists: what is compared where no dates are asked for."""
FIRST_VIX_MONTH: Final = to_day(date(2006, 4, 1))
"""The first whole month after VIX options were listed (24 February 2006) and rolled once: VXTH's levels are counted from it."""
PROXY: Final = "SOQ rebuilt (0.4 open, 0.3 previous close moved by the VIX open, 0.3 middle of the range); VRO as published"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationOutput:
    """Finished replications in the order asked for, and what they rest on.

    ``controls`` names the control of each replication, empty where it breaks nothing in that index; ``left_out`` the indices that
    have no month in the span; ``modelled`` counts sessions with a stand-in by input; ``levels`` says what was wrong with the file
    of levels.
    """

    replications: tuple[Replication, ...]
    source: str
    sha256: str
    controls: tuple[str, ...]
    left_out: tuple[str, ...]
    modelled: dict[str, int]
    levels: QualityReport


def choose_indices(name: str) -> tuple[PublishedIndex, ...]:
    """One index by name, or every index for ``all``."""
    if name.lower() == "all":
        return tuple(INDICES.values())
    found = INDICES.get(name.upper())
    if found is None:
        allowed = (*INDICES, "all")
        raise UsageError(
            f"'{name}' is no index that can be rebuilt",
            where="alvh study replicate INDEX",
            allowed=", ".join(allowed),
            todo=nearest(name.upper(), allowed) or "choose one of them",
        )
    return (found,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One index to rebuild; ``control`` is empty where it breaks nothing in it."""

    index: PublishedIndex
    policy: Policy
    control: str
    levels: MonthLevels | None
    first_day: int


def run_replications(
    name: str,
    *,
    data: str | Path,
    start: date | None = None,
    end: date | None = None,
    levels: Path | None = None,
    control: str = "",
    alter: Callable[[Policy], Policy] = lambda policy: policy,
    progress: Callable[[int, int], None] | None = None,
) -> ReplicationOutput:
    """Load once, rebuild each index, compare with the levels where a file is given; ``alter`` changes the shipped policies.

    Without dates, what the data hold of February 1990 to December 2021 is compared. Raises :class:`UsageError` for an unknown
    index or control, or a control that breaks nothing in the one index asked for; :class:`DataMissing` where no index can be
    rebuilt in the span.
    """
    chosen = choose_indices(name)
    _check_control(control, chosen)
    log = QualityLog()
    stated = [_levels(levels, one, log, alone=len(chosen) == 1) for one in chosen]
    policies = [control_policy(alter(load_policy(one.policy).policy), control) for one in chosen]
    loaded = _load(data, policies[0], start, end, control)
    sessions = loaded.market.sessions
    begin = int(sessions[loaded.loaded.start_row]) if start is None else to_day(start)
    last_day = int(sessions[-1]) if end is None else to_day(end)
    jobs = []
    for one, policy, known in zip(chosen, policies, stated, strict=True):
        first_day = max(begin, FIRST_VIX_MONTH) if _overlay(policy).root == "VIX" else begin
        if first_day <= last_day:
            acts = control if control and breaks(policy, control) else ""
            jobs.append(_Job(index=one, policy=policy, control=acts, levels=known, first_day=first_day))
    if not jobs:
        raise DataMissing(
            f"{chosen[0].name} cannot be rebuilt before VIX options were listed",
            where="--to",
            allowed=f"a day from {iso(FIRST_VIX_MONTH)} on",
            todo="choose later dates",
        )
    rows = _window_rows(loaded, jobs)
    loaded = with_trade_window(loaded, rows, lambda market: control_market(market, control))
    done = tuple(
        replicate(
            job.index,
            job.policy,
            with_spreads(loaded, job.policy.costs.spread_case).market,
            first_day=job.first_day,
            last_day=last_day,
            levels=job.levels,
            progress=None if progress is None else _share(progress, k, len(jobs)),
        )
        for k, job in enumerate(jobs)
    )
    history = loaded.market.history
    inside = slice(int(rows[0]), None)
    counts = {key: int(mask[inside].sum()) for key, mask in sorted(history.modelled.items())}
    return ReplicationOutput(
        replications=done,
        source=history.source,
        sha256=history.sha256,
        controls=tuple(job.control for job in jobs),
        left_out=tuple(one.name for one in chosen if all(job.index.name != one.name for job in jobs)),
        modelled={key: count for key, count in counts.items() if count},
        levels=log.report(),
    )


def _check_control(control: str, chosen: tuple[PublishedIndex, ...]) -> None:
    if not control:
        return
    if control not in CONTROLS:
        raise UsageError(
            f"'{control}' is no control",
            where="--control",
            allowed=", ".join(CONTROLS),
            todo=nearest(control, CONTROLS) or "choose one of them",
        )
    policies = [load_policy(one.policy).policy for one in chosen]
    if not any(breaks(policy, control) for policy in policies):
        raise UsageError(
            f"'{control}' breaks nothing in {chosen[0].name}",
            where="--control",
            allowed=", ".join(name for name in CONTROLS if breaks(policies[0], name)),
            todo="choose one of them, or another index",
        )


def _load(data: str | Path, policy: Policy, start: date | None, end: date | None, control: str) -> LoadedMarket:
    """The market of the span; where no date is asked for and the data are shorter than the usual span, of all data."""
    case = control_case(control)
    try:
        first, last = FIRST_MONTH if start is None else max(start, FIRST_DAY), LAST_DAY if end is None else end
        return load_market(data, policy, start=first, end=last, case=case)
    except DataMissing:
        if start is not None and end is not None:
            raise
    return load_market(data, policy, start=None if start is None else max(start, FIRST_DAY), end=end, case=case)


def _share(progress: Callable[[int, int], None], k: int, of: int) -> Callable[[int, int], None]:
    return lambda done, total: progress(k * total + done, of * total)


def _levels(path: Path | None, index: PublishedIndex, log: QualityLog, *, alone: bool) -> MonthLevels | None:
    if path is None or (not alone and index.thresholds is None):
        return None
    return read_index_levels(path, index.name, log)


def _overlay(policy: Policy) -> Overlay:
    if policy.overlay is None:
        raise ConfigError(f"policy '{policy.name}' has no overlay", allowed="one of the cboe-* policies")
    return policy.overlay


def _window_rows(loaded: LoadedMarket, jobs: list[_Job]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows of every session on which one of the runs rolls, the first of each run included."""
    market = loaded.market
    due = np.zeros(len(market.sessions), dtype=np.bool_)
    for job in jobs:
        begin = int(np.searchsorted(market.sessions, run_start(job.policy, market, job.first_day)))
        due[begin:] |= overlay_days(_overlay(job.policy), market.series, market.sessions)[begin:]
        due[begin] = True
    return np.flatnonzero(due)


def document(output: ReplicationOutput) -> dict[str, Any]:
    """The JSON document: of one index flat, of several under ``indices`` with the mean |d| and the bias of the implied vols."""
    rows = [_one(one, control, output) for one, control in zip(output.replications, output.controls, strict=True)]
    if len(rows) == 1:
        return {"schema": SCHEMA, **rows[0]}
    differences = {row["index"]: row["d_pp"] for row in rows if row["d_pp"] is not None}
    bias = iv_bias(differences)
    summary: dict[str, Any] = {
        "missed": {row["index"]: missed for row in rows if (missed := [k for k, v in row["verdicts"].items() if v == "missed"])},
        "mean_abs_d_pp": None if bias is None else float(np.mean([abs(v) for k, v in differences.items() if k != "BFLY"])),
        "iv_bias_pct": None if bias is None else bias * 100.0,
        "left_out": list(output.left_out),
    }
    return {"schema": SCHEMA, "summary": summary, "indices": rows}


def _number(value: float) -> float | None:
    """None for a figure that its months do not give: JSON has no NaN."""
    return None if np.isnan(value) else value


def _one(one: Replication, control: str, output: ReplicationOutput) -> dict[str, Any]:
    found = one.comparison
    return {
        "index": one.index.name,
        "from": one.first,
        "to": one.last,
        "months": len(one.ours.value) if found is None else found.months,
        "corr": None if found is None else _number(found.corr),
        "beta": None if found is None else _number(found.beta),
        "te_pct": None if found is None else found.te_pct,
        "robust_te_pct": None if found is None else found.robust_te_pct,
        "d_pp": None if found is None else found.d_pp,
        "vol_published_pct": None if found is None else found.vol_published_pct,
        "vol_ours_pct": _number(one.ours.vol_pct() if found is None else found.vol_ours_pct),
        "return_published_pct": None if found is None else found.return_published_pct,
        "return_ours_pct": one.ours.annual_pct() if found is None else found.return_ours_pct,
        "worst_months": [
            {
                "month": row.month,
                "published_pct": row.published_pct,
                "ours_pct": row.ours_pct,
                "error_pp": row.ours_pct - row.published_pct,
                "expiry": row.expiry,
            }
            for row in one.worst
        ],
        "settlement_proxy": PROXY if control != "close-settlement" else "the close (control)",
        "settlements": dict(one.settlements),
        "verdicts": dict(one.verdicts),
        "published_spans": [
            {
                "from": span.first,
                "to": span.last,
                "return_pct": span.return_pct,
                "vol_pct": span.vol_pct,
                "ours": _same_span(one, span),
            }
            for span in one.index.spans
        ],
        "checks": [
            {
                "name": row.check.name,
                "published": row.check.published,
                "ours": row.ours,
                "months": row.months,
                "verdict": row.verdict,
            }
            for row in one.checks
        ],
        "level_gaps": list(one.gaps),
        "level_findings": [row.to_dict() for row in output.levels.rows],
        "policy": one.policy,
        "control": control or None,
        "rolls": one.rolls,
        "bands_by_settlement": one.bands_by_settlement,
        "dividends_by_yield_sessions": output.modelled.get("dividend_points", 0),
        "identity_error_usd": one.identity_error_usd,
        "data": {"source": output.source, "sha256": output.sha256, "modelled": output.modelled},
    }


def _same_span(one: Replication, span: Span) -> dict[str, Any] | None:
    """Our return and vol over what the run has of a published span; None where that is less than two years."""

    def number(text: str) -> int:
        return int(text[:4]) * 12 + int(text[5:7]) - 1

    months = one.ours.between(number(span.first), number(span.last))
    if len(months.value) < 24:
        return None
    return {
        "from": month_name(int(months.month[0])),
        "to": month_name(int(months.month[-1])),
        "return_pct": months.annual_pct(),
        "vol_pct": months.vol_pct(),
    }


__all__ = ["CONTROLS", "ReplicationOutput", "choose_indices", "document", "run_replications"]
