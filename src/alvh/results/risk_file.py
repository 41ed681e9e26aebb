"""``risk.csv``: coverage, margin and exposures of a run, one row a session."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from alvh.core.days import iso
from alvh.results.files import write_csv_atomic
from alvh.results.through_time import ThroughTime, sleeves
from alvh.risk.coverage import CoveragePath
from alvh.risk.exposures import COLUMNS

_MARGIN = (
    "requirement_usd", "condor_usd", "widths_usd", "premium_usd", "futures_usd", "buying_power_usd", "options_exit_usd",
    "debits_due_usd", "quick_ratio",
)  # fmt: skip


def write_risk_csv(found: ThroughTime, path: Path) -> Path:
    """Write it: ``coverage_*`` are fractions, ``margin_*`` dollars, then every exposure of the condors and of the hedge.

    A value that has no meaning on a session (coverage without condors, a quick ratio with nothing due) is an empty field.
    """
    names = [field.name for field in fields(CoveragePath)]
    rows = sleeves(found)
    header = ["session", *(f"coverage_{name}" for name in names), *(f"margin_{name}" for name in _MARGIN)]
    header += [f"{sleeve}_{column}" for sleeve in ("condor", "hedge") for column in COLUMNS]
    columns = [getattr(found.coverage, name) for name in names] + [getattr(found.margin, name) for name in _MARGIN]
    columns += [row for sleeve in ("condor", "hedge") for row in rows[sleeve]]
    lists = [[value if ok else None for value, ok in zip(c.tolist(), np.isfinite(c).tolist(), strict=True)] for c in columns]
    days = [iso(day) for day in found.exposures.sessions]
    write_csv_atomic(path, header, ((day, *values) for day, *values in zip(days, *lists, strict=True)))
    return path
