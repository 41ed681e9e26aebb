"""Composition of ``alvh study replicate``: which indices, which market, which control; and the documents that it prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from alvh.app.wiring import LoadedMarket, load_market, with_trade_window
from alvh.core.days import to_day
from alvh.core.errors import ConfigError, UsageError, nearest
from alvh.data.quality import QualityLog
from alvh.data.readers.index_levels import MonthLevels, read_index_levels
from alvh.strategy.overlay_policy import Overlay
from alvh.strategy.overlay_rules import overlay_days
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import load_policy
from alvh.study.replicate.controls import CONTROLS, control_case, control_market, control_policy
from alvh.study.replicate.published import INDICES, PublishedIndex, iv_bias
from alvh.study.replicate.run import Replication, replicate, run_start

SCHEMA: Final = "alvh.replicate/1"
SPX_INDICES: Final = tuple(name for name in INDICES if name != "VXTH")
FIRST_DAY: Final = date(1990, 1, 2)
"""VIX begins."""
WARMUP_DAYS: Final = 45
"""Days loaded before the first month, so that the roll before it is inside the data."""
FIRST_VIX_MONTH: Final = to_day(date(2006, 4, 1))
"""The first whole month after VIX options were listed (24 February 2006) and rolled once; VXTH's levels are counted from there."""
PROXY: Final = "SOQ reconstruction (0.4 open, 0.3 previous close moved by the VIX open, 0.3 middle of the range); VRO as published"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationOutput:
    """Finished replications in the order asked for, and what they rest on."""

    replications: tuple[Replication, ...]
    source: str
    sha256: str
    control: str
    modelled: dict[str, int]


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


def run_replications(
    name: str,
    *,
    data: str | Path,
    start: date,
    end: date,
    levels: Path | None,
    control: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> ReplicationOutput:
    """Load once, rebuild each index, compare with the levels where a file is given."""
    chosen = choose_indices(name)
    if control and control not in CONTROLS:
        raise UsageError(
            f"'{control}' is no control",
            where="--control",
            allowed=", ".join(CONTROLS),
            todo=nearest(control, CONTROLS) or "choose one of them",
        )
    policies = [control_policy(load_policy(one.policy).policy, control) for one in chosen]
    log = QualityLog()
    stated = [_levels(levels, one, log, alone=len(chosen) == 1) for one in chosen]
    first = date.fromordinal(start.toordinal() - WARMUP_DAYS)
    loaded = load_market(data, policies[0], start=max(first, FIRST_DAY), end=end, case=control_case(control))
    firsts = [max(to_day(start), FIRST_VIX_MONTH if _overlay(policy).root == "VIX" else 0) for policy in policies]
    rows = _window_rows(loaded, policies, firsts)
    loaded = with_trade_window(loaded, rows, lambda market: control_market(market, control))
    done = []
    for k, (one, policy, known) in enumerate(zip(chosen, policies, stated, strict=True)):
        done.append(
            replicate(
                one,
                policy,
                loaded.market,
                first_day=firsts[k],
                last_day=to_day(end),
                levels=known,
                progress=None if progress is None else _share(progress, k, len(chosen)),
            )
        )
    history = loaded.market.history
    return ReplicationOutput(
        replications=tuple(done),
        source=history.source,
        sha256=history.sha256,
        control=control,
        modelled={key: int(mask.sum()) for key, mask in sorted(history.modelled.items()) if mask.any()},
    )


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


def _window_rows(loaded: LoadedMarket, policies: list[Policy], firsts: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    market = loaded.market
    due = np.zeros(len(market.sessions), dtype=np.bool_)
    for policy, first_day in zip(policies, firsts, strict=True):
        due |= overlay_days(_overlay(policy), market.series, market.sessions)
        due[np.searchsorted(market.sessions, run_start(policy, market, first_day))] = True
    return np.flatnonzero(due)


def document(output: ReplicationOutput) -> dict[str, Any]:
    """The JSON document: of one index flat, of several under ``indices`` with the mean |d| and the bias of the implied vols."""
    rows = [_one(one, output) for one in output.replications]
    if len(rows) == 1:
        return {"schema": SCHEMA, **rows[0]}
    differences = {row["index"]: row["d_pp"] for row in rows if row["d_pp"] is not None}
    bias = iv_bias(differences)
    summary: dict[str, Any] = {
        "missed": {row["index"]: missed for row in rows if (missed := [k for k, v in row["verdicts"].items() if v == "missed"])},
        "mean_abs_d_pp": None if bias is None else float(np.mean([abs(v) for k, v in differences.items() if k != "BFLY"])),
        "iv_bias_pct": None if bias is None else bias * 100.0,
    }
    return {"schema": SCHEMA, "summary": summary, "indices": rows}


def _one(one: Replication, output: ReplicationOutput) -> dict[str, Any]:
    found = one.comparison
    return {
        "index": one.index.name,
        "from": one.first,
        "to": one.last,
        "months": len(one.ours.value) if found is None else found.months,
        "corr": None if found is None else found.corr,
        "beta": None if found is None else found.beta,
        "te_pct": None if found is None else found.te_pct,
        "robust_te_pct": None if found is None else found.robust_te_pct,
        "d_pp": None if found is None else found.d_pp,
        "vol_published_pct": None if found is None else found.vol_published_pct,
        "vol_ours_pct": one.ours.vol_pct() if found is None else found.vol_ours_pct,
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
        "settlement_proxy": PROXY if output.control != "close-settlement" else "the close (control)",
        "settlements": dict(one.settlements),
        "verdicts": dict(one.verdicts),
        "published_spans": [
            {"from": span.first, "to": span.last, "return_pct": span.return_pct, "vol_pct": span.vol_pct, "ours": _same_span(one, span)}
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
        "policy": one.policy,
        "control": output.control or None,
        "rolls": one.rolls,
        "bands_by_settlement": one.bands_by_settlement,
        "dividends_by_yield_sessions": output.modelled.get("dividend_points", 0),
        "identity_error_usd": one.identity_error_usd,
        "data": {"source": output.source, "sha256": output.sha256, "modelled": output.modelled},
    }


def _same_span(one: Replication, span: Any) -> dict[str, Any] | None:
    """Our return and vol over what the run has of a published span; None where it has none of it."""
    from alvh.data.readers.index_levels import month_name

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
