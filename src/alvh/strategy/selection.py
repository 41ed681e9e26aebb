"""From intents to contracts: which expiry, which strikes. Pure functions of a snapshot and the listed series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.market.market import Slice, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.policy import Condor, Hedge, HedgeLayer, LayerStrike

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
    snapshot: Snapshot, series: SeriesTable, layer: HedgeLayer, fallback_min_dte: int, held: int | None
) -> ExpiryChoice:
    """Inside the window a monthly before a weekly (where preferred), then nearest the aim, on a tie the later.

    Where the window names no listed expiry: the listed one of at least ``fallback_min_dte`` with the fewest calendar days
    outside the window, on a tie the later. ``roll_to = next_monthly`` takes the first monthly after what is held.
    """
    rows = snapshot.listed(vix=True)
    dte = series.expiry[rows] - snapshot.session
    if layer.roll_to == "next_monthly" and held is not None:
        later = rows[series.monthly[rows] & (series.expiry[rows] > series.expiry[held])]
        if len(later):
            return ExpiryChoice(series=int(later[0]), fallback=False)
    inside = (dte >= layer.min_dte) & (dte <= layer.max_dte)
    if inside.any():
        rows, dte = rows[inside], dte[inside]
        if layer.prefer_monthly and series.monthly[rows].any():
            monthly = series.monthly[rows]
            rows, dte = rows[monthly], dte[monthly]
        aim = layer.aim_dte if layer.aim_dte is not None else 0.5 * (layer.min_dte + layer.max_dte)
        return ExpiryChoice(series=int(rows[_nearest_later(np.abs(dte - aim))]), fallback=False)
    if layer.when_empty == "skip":
        return ExpiryChoice(series=None, fallback=True)
    far_enough = dte >= fallback_min_dte
    if not far_enough.any():
        return ExpiryChoice(series=None, fallback=True)
    rows, dte = rows[far_enough], dte[far_enough]
    outside = np.maximum(layer.min_dte - dte, dte - layer.max_dte)
    return ExpiryChoice(series=int(rows[_nearest_later(outside)]), fallback=True)


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


def choose_layer_strike(
    snapshot: Snapshot,
    row: int,
    strike: LayerStrike,
    hedge: Hedge,
    same_moneyness: float | None,
) -> float | None:
    """Strike of a layer's call: by delta on the forward of its own expiry, or by moneyness; at most the cap times that forward.

    ``same_moneyness``: strike ÷ forward at the previous opening, kept where the layer restrikes at the same moneyness.
    """
    chain = snapshot.slice(row, CALL)
    allowed = chain.strikes <= hedge.max_strike_to_forward * chain.forward
    if not allowed.any():
        return None
    strikes = chain.strikes[allowed]
    if same_moneyness is not None:
        return float(strikes[np.argmin(np.abs(strikes - same_moneyness * chain.forward))])
    if strike.kind == "delta":
        return float(strikes[np.argmin(np.abs(chain.delta[allowed] - strike.delta))])
    base = chain.forward if strike.of == "forward" else snapshot.vix
    return float(strikes[np.argmin(np.abs(strikes - base * (1.0 + strike.out_pct / 100.0)))])
