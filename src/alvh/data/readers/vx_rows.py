"""What every VX reader returns: one row per session and contract, with the expiry-day rows kept apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np

from alvh.core.days import Day, DayArray, to_day
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.market.history import Bools, Floats

ExpiryRule = Callable[[int, int], Day]
"""``(year, month) -> day`` of the monthly VIX final settlement."""
VxLayout = Literal["contract", "monthly", "wide"]
RESCALED: Final = to_day(date(2007, 3, 26))
"""VX prices were ten times the index before this date (CFE rescaled the contract on 2007-03-26)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VxRows:
    """VX rows of one file: arrays (rows,) of session day, expiry day, settle and open (VIX points, NaN where none) and volume.

    ``finals`` are the expiry-day rows' settles: expiry day, value. ``from_close`` (rows,) says where Close stands for a Settle
    that was zero though the contract traded.
    """

    label: str
    layout: VxLayout
    day: DayArray
    expiry: DayArray
    settle: Floats
    volume: Floats
    open: Floats
    from_close: Bools
    finals: tuple[tuple[Day, float], ...] = ()


def clean_settles(
    *, label: str, day: DayArray, expiry: DayArray, settle: Floats, close: Floats, volume: Floats, log: QualityLog
) -> tuple[Floats, Bools]:
    """Settles with Close in place of a zero Settle that traded, NaN in place of one that did not; both counted.

    Expiry-day rows never take the Close: only a published final settlement counts there.
    """
    bad = settle <= 0
    if not bad.any():
        return settle, bad
    final = day == expiry
    with np.errstate(invalid="ignore"):
        use_close = bad & (volume > 0) & (close > 0) & ~final
    drop = bad & ~use_close
    out = np.where(use_close, close, settle)
    out[drop] = np.nan
    todo = "Close stands in, flagged as vx_close_for_settle, where no other file holds the Settle"
    log.days("warning", label, "settle at or below zero with volume", day[use_close].tolist(), todo=todo)
    log.days("info", label, "settle at or below zero without a usable close", day[drop & ~final].tolist(), todo="left empty")
    log.days("info", label, "expiry-day row without a final settlement", day[drop & final].tolist(), todo="left empty")
    return out, use_close


def drop_copies(*, label: str, day: DayArray, expiry: DayArray, settle: Floats, lines: list[int], log: QualityLog) -> Bools:
    """Which rows to keep so that every session and contract occurs once; contradicting copies are :class:`DataInvalid`."""
    keep = np.ones(len(day), dtype=bool)
    key = day * 1_000_000 + expiry
    if (np.diff(key) > 0).all():
        return keep
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(np.diff(key[order]) == 0) + 1
    for at in again.tolist():
        now, before = int(order[at]), int(order[at - 1])
        if settle[now] != settle[before] and not (np.isnan(settle[now]) and np.isnan(settle[before])):
            raise DataInvalid(
                f"two rows for one contract and session disagree: settles {settle[before]:g} and {settle[now]:g}",
                where=f"{label}, lines {lines[before]} and {lines[now]}",
                allowed="one row a contract and session",
                todo="delete the wrong row, or download the file again",
            )
        keep[now] = False
    log.days("warning", label, "duplicated row (identical)", day[~keep].tolist(), todo="the copies were dropped")
    return keep
