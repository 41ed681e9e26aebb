"""From intents to contracts: which expiry, which strikes. Pure functions of a snapshot and the listed series."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import VXM_SINCE
from alvh.core.days import to_day
from alvh.market.market import Slice, Snapshot
from alvh.market.series import SHARE, SeriesTable
from alvh.strategy.policy import Condor, Hedge, HedgeLayer, LayerStrike, SoldStrike

Ints = NDArray[np.int64]
CALL, PUT = 1, -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryChoice:
    """The chosen series row, or ``None``; ``fallback`` where the window named no listed expiry."""

    series: int | None
    fallback: bool


def choose_condor_expiry(snapshot: Snapshot, series: SeriesTable, condor: Condor) -> int | None:
    """Listed series nearest ``target_dte`` inside the window; of two equally near the later; on one date ``roots`` order."""
    rows = snapshot.listed(vix=False)
    dte = series.expiry[rows] - snapshot.session
    inside = (dte >= condor.min_dte) & (dte <= condor.max_dte)
    rows, dte = rows[inside], dte[inside]
    best: int | None = None
    best_key: tuple[int, int, int] | None = None
    for row, days in zip(rows.tolist(), dte.tolist(), strict=True):
        root = series.roots[row].value
        if root not in condor.roots:
            continue
        key = (abs(days - condor.target_dte), -days, condor.roots.index(root))
        if best_key is None or key < best_key:
            best, best_key = row, key
    return best


def choose_layer_expiry(
    snapshot: Snapshot,
    series: SeriesTable,
    layer: HedgeLayer,
    fallback_min_dte: int,
    held: int | None,
    *,
    roots: tuple[str, ...] = (),
    shifted: bool = False,
) -> ExpiryChoice:
    """Inside the window a monthly before a weekly (where preferred), then nearest the aim, on a tie the later.

    Where the window names no listed expiry: the listed one of at least ``fallback_min_dte`` with the fewest calendar days
    outside the window, on a tie the later. ``roll_to = next_monthly`` takes the first monthly after what is held. ``shifted``
    moves the window behind its own far end (R12). ``roots``: SPX roots that may be chosen, the preferred one first; VX futures
    are monthly contracts. A fund has no expiry: its row, or ``None`` at a close without its price.
    """
    if layer.is_share:
        fund = series.etp_row(layer.etp)
        priced = fund is not None and math.isfinite(snapshot.future(fund)[0])
        return ExpiryChoice(series=fund if priced else None, fallback=False)
    rows = layer_rows(snapshot, series, layer, roots)
    dte = series.expiry[rows] - snapshot.session
    if layer.roll_to == "next_monthly" and held is not None and not shifted:
        later = rows[series.monthly[rows] & (series.expiry[rows] > series.expiry[held])]
        if len(later):
            return ExpiryChoice(series=int(later[0]), fallback=False)
    shift = layer.max_dte + 1 - layer.min_dte if shifted else 0
    near, far = layer.min_dte + shift, layer.max_dte + shift
    inside = (dte >= near) & (dte <= far)
    if inside.any():
        rows, dte = rows[inside], dte[inside]
        if layer.prefer_monthly and series.monthly[rows].any():
            monthly = series.monthly[rows]
            rows, dte = rows[monthly], dte[monthly]
        aim = layer.aim_dte + shift if layer.aim_dte is not None else 0.5 * (near + far)
        return ExpiryChoice(series=_preferred(series, rows, _nearest_later(np.abs(dte - aim)), roots), fallback=False)
    if layer.when_empty == "skip":
        return ExpiryChoice(series=None, fallback=True)
    far_enough = dte >= fallback_min_dte
    if not far_enough.any():
        return ExpiryChoice(series=None, fallback=True)
    rows, dte = rows[far_enough], dte[far_enough]
    outside = np.maximum(near - dte, dte - far)
    return ExpiryChoice(series=_preferred(series, rows, _nearest_later(outside), roots), fallback=True)


def layer_rows(snapshot: Snapshot, series: SeriesTable, layer: HedgeLayer, roots: tuple[str, ...]) -> Ints:
    """Listed series that a layer's instrument may stand on, ascending by expiry."""
    if layer.instrument == "spx_put_spreads":
        rows = snapshot.listed(vix=False)
        rows = rows[np.array([series.roots[row].value in roots for row in rows.tolist()], dtype=np.bool_)]
    else:
        rows = snapshot.listed(vix=True)
    if layer.instrument == "vxm_futures" and snapshot.session < _VXM_FROM:
        return rows[:0]
    return rows[series.monthly[rows]] if layer.is_future or layer.expiries == "monthly" else rows


def _preferred(series: SeriesTable, rows: Ints, at: int, roots: tuple[str, ...]) -> int:
    """Of the rows with the expiry of ``rows[at]`` the one whose root is preferred."""
    same = rows[series.expiry[rows] == series.expiry[rows[at]]].tolist()
    if len(same) == 1 or not roots:
        return int(rows[at])
    return int(
        min(same, key=lambda row: roots.index(series.roots[row].value) if series.roots[row].value in roots else len(roots))
    )


def _nearest_later(distance: NDArray[np.float64] | Ints) -> int:
    """Index of the smallest distance, the last of equals (rows ascend by expiry, so the last is the later)."""
    return int(len(distance) - 1 - np.argmin(distance[::-1]))


def nearest_delta(chain: Slice, target: float) -> int:
    """Index of the strike whose absolute forward delta is nearest the target, the lower strike on a tie."""
    return int(np.argmin(np.abs(chain.delta - target)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CondorStrikes:
    """Strikes in points, ascending: long put, short put, short call, long call."""

    long_put: float
    short_put: float
    short_call: float
    long_call: float

    @property
    def widest_points(self) -> float:
        """Width of the wider wing."""
        return max(self.short_put - self.long_put, self.long_call - self.short_call)


def choose_condor_strikes(snapshot: Snapshot, row: int, condor: Condor) -> CondorStrikes | None:
    """Shorts nearest the short delta, wings by delta or by points beyond them; ``None`` where the strikes do not allow it."""
    puts, calls = snapshot.slice(row, PUT), snapshot.slice(row, CALL)
    short_put, short_call = nearest_delta(puts, condor.short_delta), nearest_delta(calls, condor.short_delta)
    if condor.wing.kind == "delta":
        long_put, long_call = nearest_delta(puts, condor.wing.delta), nearest_delta(calls, condor.wing.delta)
    else:
        long_put = int(np.argmin(np.abs(puts.strikes - (puts.strikes[short_put] - condor.wing.points))))
        long_call = int(np.argmin(np.abs(calls.strikes - (calls.strikes[short_call] + condor.wing.points))))
    long_put, long_call = min(long_put, short_put - 1), max(long_call, short_call + 1)
    if long_put < 0 or long_call >= len(calls.strikes) or puts.strikes[short_put] >= calls.strikes[short_call]:
        return None
    return CondorStrikes(
        long_put=float(puts.strikes[long_put]),
        short_put=float(puts.strikes[short_put]),
        short_call=float(calls.strikes[short_call]),
        long_call=float(calls.strikes[long_call]),
    )


FUTURE = 0
"""``right`` of a VX future on a VIX series."""
_VXM_FROM = to_day(VXM_SINCE)
LayerLegs = tuple[tuple[float, int, int], ...]
"""Legs of one unit of a layer: strike in points, right, and +1 bought or -1 sold; the bought leg first."""


def choose_layer_legs(
    snapshot: Snapshot, row: int, layer: HedgeLayer, hedge: Hedge, same_moneyness: float | None
) -> LayerLegs | None:
    """Legs of one unit of a layer on a series, ``None`` where the listed strikes do not allow it.

    The bought strike is by delta on the forward of its own expiry, or by moneyness; a VIX strike is at most the cap times that
    forward. The sold strike of a spread lies beyond the bought one. ``same_moneyness``: strike ÷ forward at the previous
    opening, kept where the layer restrikes so.
    """
    if layer.is_future:
        return ((0.0, FUTURE, 1),)
    if layer.is_share:
        return ((0.0, SHARE, 1),)
    right = PUT if layer.instrument == "spx_put_spreads" else CALL
    chain = snapshot.slice(row, right)
    spot = snapshot.vix if right == CALL else snapshot.spx
    allowed = np.ones(len(chain.strikes), dtype=np.bool_)
    if right == CALL:
        allowed = chain.strikes <= hedge.max_strike_to_forward * chain.forward
    bought = _strike(chain, allowed, layer.strike, spot, same_moneyness)
    if bought is None:
        return None
    if not layer.is_spread:
        return ((bought, right, 1),)
    sold = _strike(chain, allowed & (right * (chain.strikes - bought) > 0.0), layer.short_strike, spot, None)
    return None if sold is None else ((bought, right, 1), (sold, right, -1))


def _strike(
    chain: Slice, allowed: NDArray[np.bool_], strike: LayerStrike | SoldStrike, spot: float, same_moneyness: float | None
) -> float | None:
    if not allowed.any():
        return None
    strikes = chain.strikes[allowed]
    if same_moneyness is not None:
        return float(strikes[np.argmin(np.abs(strikes - same_moneyness * chain.forward))])
    if strike.kind == "delta":
        return float(strikes[np.argmin(np.abs(chain.delta[allowed] - strike.delta))])
    base = chain.forward if strike.of == "forward" else spot
    return float(strikes[np.argmin(np.abs(strikes - base * (1.0 + chain.right * strike.out_pct / 100.0)))])
