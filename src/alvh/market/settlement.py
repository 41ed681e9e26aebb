"""Settlement values: the published one where there is one, else an approximation that says so.

An approximation may settle a backtest; it is never an input to a decision. The SOQ reconstruction uses the whole session's
range, which nobody knew at the opening.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso, to_day
from alvh.core.errors import DataMissing
from alvh.market.history import Floats, History

SAME_PRICE_POINTS = 0.005
"""An open this near the previous close is that close repeated: both are published to the cent."""

OPENS_FROM = to_day(date(2007, 1, 1))
"""Earlier SPX opens repeat the previous close throughout (benchmarks.md 2; market data README)."""

OPEN_WEIGHT, VIX_WEIGHT, RANGE_WEIGHT = 0.4, 0.3, 0.3
"""Weights of the opening, of the VIX-moved previous close and of the middle of the range (benchmarks.md 2)."""

VIX_TO_SPX = 7.0
"""Log change of VIX from close to open divided by this is the log change of SPX with its sign turned (benchmarks.md 2)."""

SOQ_FORMS = ("full", "no usable open", "no VIX open", "no usable open, no VIX open", "close only")
"""Names of the codes in ``SoqProxy.form``, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoqProxy:
    """Reconstructed SPX special opening quotation per session, index points, and the form of the formula used (int8 codes)."""

    value: Floats
    form: NDArray[np.int8]


def _earlier(values: Floats) -> Floats:
    """Each session's previous value; NaN at the first."""
    out = np.full(values.shape, np.nan)
    out[1:] = values[:-1]
    return out


def soq_proxy(history: History) -> Floats:
    """Reconstructed SPX special opening quotation, (sessions,) index points; see :func:`soq_reconstruction`."""
    return soq_reconstruction(history).value


def soq_reconstruction(history: History) -> SoqProxy:
    """Reconstruct the SPX special opening quotation from daily data; for settling backtests alone.

    ``0.4 B + 0.3 P exp(-ln(VIX open / VIX previous close) / 7) + 0.3 (H + L) / 2``, clipped to [L, H], where P is the previous
    SPX close and B the open, or (P + close) / 2 where the open is unusable (before 2007, or equal to P). Source: benchmarks.md 2.

    Reduced forms, coded in ``form``: without a VIX open (or the close before it) the middle term is left out and the other
    weights are scaled to one; in the first session, which has no P, B is the open where usable, else the close alone settles.
    A missing range drops out the same way and clips nothing. Raises :class:`DataMissing` for a session without a close.
    """
    opened, close = history.spx_open, history.spx_close
    absent = np.flatnonzero(~np.isfinite(close))
    if absent.size:
        raise DataMissing(
            "no SPX close",
            where=f"{history.source}, SPX, session {iso(history.sessions[absent[0]])}",
            todo="mend the SPX history",
        )
    previous, previous_vix = _earlier(close), _earlier(history.vix_close)
    with np.errstate(invalid="ignore", divide="ignore"):
        usable = (opened > 0.0) & ~(np.abs(opened - previous) < SAME_PRICE_POINTS) & (history.sessions >= OPENS_FROM)
        base = np.where(usable, opened, 0.5 * (previous + close))
        moved = previous * np.exp(-np.log(history.vix_open / previous_vix) / VIX_TO_SPX)
    middle = 0.5 * (history.spx_high + history.spx_low)
    terms = np.stack([base, moved, middle])
    known = np.isfinite(terms) & (terms > 0.0)
    weight = np.where(known, np.array([OPEN_WEIGHT, VIX_WEIGHT, RANGE_WEIGHT])[:, None], 0.0)
    total = weight.sum(axis=0)
    value = np.divide((weight * np.where(known, terms, 0.0)).sum(axis=0), total, out=close.copy(), where=total > 0.0)
    alone = ~known[0]  # the first session without a usable open: nothing says where it opened
    value = np.where(alone, close, value)
    value = np.fmax(np.fmin(value, history.spx_high), history.spx_low)
    form = np.where(alone, 4, np.where(usable, 0, 1) + np.where(known[1], 0, 2)).astype(np.int8)
    return SoqProxy(value=value, form=form)


def real_vix_open(history: History) -> NDArray[np.bool_]:
    """(sessions,) True where the VIX open was measured at the opening.

    It is no measurement where it is absent, where it repeats the previous close, and where open, high, low and close are one
    number (all of VIX before 1992, and filler rows).
    """
    opened, close = history.vix_open, history.vix_close
    with np.errstate(invalid="ignore"):
        repeats = np.abs(opened - _earlier(close)) < SAME_PRICE_POINTS
        flat = (opened == history.vix_high) & (opened == history.vix_low) & (opened == close)
        return np.asarray((opened > 0.0) & ~repeats & ~flat, dtype=np.bool_)


def vro_value(history: History, expiry_day: int, settlement_session_index: int) -> tuple[float, str, bool]:
    """Final settlement value of a VIX expiry in VIX points, its source, and whether it was published.

    Published values come from ``history.vro``. Else the VIX open of the settlement session where it is a measurement (median
    error 1.8 % against 453 published values 2007-2026), else the previous VIX close (2.2 %; docs/reference/model-errors.md).
    Mixtures of the two do worse than the open alone. Raises :class:`DataMissing` where neither is known.
    """
    found = history.vro.get(int(expiry_day))
    if found is not None:
        return float(found[0]), found[1], True
    index = int(settlement_session_index)
    if not 0 <= index < history.sessions.size:
        raise DataMissing(
            "the settlement session lies outside the history",
            where=f"VIX expiry {iso(expiry_day)}",
            allowed=f"{iso(history.sessions[0])} to {iso(history.sessions[-1])}",
        )
    opened = float(history.vix_open[index])
    previous = float(history.vix_close[index - 1]) if index > 0 else float("nan")
    repeats = abs(opened - previous) < SAME_PRICE_POINTS
    flat = opened == history.vix_high[index] == history.vix_low[index] == history.vix_close[index]
    if opened > 0.0 and not repeats and not flat:
        return opened, "VIX open", False
    if previous > 0.0:
        return previous, "previous VIX close", False
    raise DataMissing(
        "no final settlement value, no VIX open and no previous VIX close",
        where=f"{history.source}, VIX expiry {iso(expiry_day)}, session {iso(history.sessions[index])}",
        todo="start the history a session earlier, or add the final settlement",
    )


def spx_close(history: History, index: int) -> tuple[float, str, bool]:
    """Settlement value of a PM expiry: the SPX close of the session, its source, and True, for it is published."""
    value = float(history.spx_close[index])
    if not value > 0.0:
        raise DataMissing("no SPX close", where=f"{history.source}, SPX, session {iso(history.sessions[index])}")
    return value, "SPX close", True
