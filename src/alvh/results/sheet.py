"""What a tear sheet shows, as one plain value that the application fills."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alvh.core.days import DayArray, iso
from alvh.core.errors import InternalError
from alvh.results.metrics import Floats
from alvh.results.tables import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class TearSheet:
    """Everything on the page. Arrays have shape (sessions,) and hold dollars; ``*_pnl_usd`` are daily changes.

    Rows are mappings whose keys carry their units (``alvh.results.tables`` reads them); keys beyond the expected ones become
    further columns. ``document`` is the JSON document of ``alvh backtest --json``. ``attribution`` gives total dollars by sleeve
    or layer, then by cause. Policy texts and names may hold anything: the page escapes them.
    """

    title: str
    subtitle: str
    """Dates and policy name."""
    headline: tuple[str, ...]
    """What the hedge cost and saved, in sentences: the first thing on the page."""
    document: Mapping[str, Any]
    policy_toml: str
    policy_explained: str
    sessions: DayArray
    account_usd: float
    equity_hedged_usd: Floats
    equity_unhedged_usd: Floats
    condor_pnl_usd: Floats
    layer_pnl_usd: Mapping[str, Floats]
    attribution: Mapping[str, Mapping[str, float]]
    coverage: Mapping[str, Floats] = field(default_factory=dict)
    """Coverage at each close by what it is measured against (a legend text), fractions; NaN where it has no meaning."""
    requirement_usd: Mapping[str, Floats] = field(default_factory=dict)
    """Margin at each close by what asks for it (a legend text), dollars."""
    compound: bool = False
    basis: tuple[str, ...] = ()
    """Assumptions that stand on the page's top: when decisions are filled, where prices come from, what is paid."""
    periods: tuple[Row, ...] = ()
    episodes: tuple[Row, ...] = ()
    """``episode``, and ``from``, ``to`` (ISO dates) where a button is to zoom the charts there; other columns as they come."""
    without_best: tuple[Row, ...] = ()
    worst_days: tuple[Row, ...] = ()
    """``session``, ``spx_return``, ``vix_change_points``, ``hedged_pnl_usd``, ``unhedged_pnl_usd``, ``condor_pnl_usd``;
    then a column per layer."""
    roll_calendar: tuple[Row, ...] = ()
    """``session``, ``layer``, ``action``, ``from``, ``to``, ``quantity``, ``price``, ``asked_by``, ``reason``."""
    settlements: tuple[Row, ...] = ()
    provenance: tuple[Row, ...] = ()
    """``file``, ``sha256``, ``rows``, ``first``, ``last``."""
    modelled: tuple[Row, ...] = ()
    """``input``, ``sessions``, ``error`` (text)."""
    warnings: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    """Versions, hashes and whatever else makes the run reproducible."""


def check_sheet(sheet: TearSheet) -> None:
    """Refuse a sheet whose arrays disagree or hold NaN: the charts would be wrong without saying so."""
    days = np.asarray(sheet.sessions)
    if days.ndim != 1 or days.size == 0:
        raise InternalError(f"sessions has shape {days.shape}", where="tear sheet", allowed="one dimension, at least one session")
    if not (math.isfinite(sheet.account_usd) and sheet.account_usd > 0.0):
        raise InternalError(f"account_usd is {sheet.account_usd}", where="tear sheet", allowed="a finite amount above zero")
    arrays = {
        "equity_hedged_usd": sheet.equity_hedged_usd,
        "equity_unhedged_usd": sheet.equity_unhedged_usd,
        "condor_pnl_usd": sheet.condor_pnl_usd,
        **{f"layer_pnl_usd[{name!r}]": values for name, values in sheet.layer_pnl_usd.items()},
    }
    arrays |= {f"requirement_usd[{name!r}]": values for name, values in sheet.requirement_usd.items()}
    for name, values in sheet.coverage.items():
        if np.shape(values) != days.shape:
            raise InternalError(f"coverage[{name!r}] has shape {np.shape(values)}", where="tear sheet", allowed=f"{days.shape}")
    for name, values in arrays.items():
        if np.shape(values) != days.shape:
            raise InternalError(f"{name} has shape {np.shape(values)}", where="tear sheet", allowed=f"shape {days.shape}")
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            row = int(bad[0])
            raise InternalError(
                f"{name} is {values[row]} on {iso(days[row])}", where=f"tear sheet, row {row}", allowed="finite dollars"
            )
