"""Temporal theta (R66): how fast time value goes, measured in ordinary daily moves of implied volatility.

Theta a day over vega times the mean absolute daily change of that expiry's at-the-money implied vol in the last 20 sessions: 1
means that a day's time value is worth as much as one ordinary day's change of volatility.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.orders import Refusal
from alvh.market.market import Legs, Market, Snapshot
from alvh.market.series import SHARE, SeriesTable
from alvh.results.holdings import contract_name
from alvh.risk.exposures import UNIT_ROWS, unit_greeks
from alvh.strategy.condor_choice import CONDOR_RIGHTS, CONDOR_SIGNS, choose_condor
from alvh.strategy.policy import Policy
from alvh.strategy.selection import CALL, FUTURE, choose_layer_expiry, choose_layer_legs

Floats = NDArray[np.float64]

SESSIONS: Final = 20
"""Daily changes that the mean is taken over (method R66)."""
LEAST_CHANGES: Final = 5
"""Ours: a mean of fewer changes than a week holds is not shown."""
STILL_VOL_POINTS: Final = 1e-6
"""Below it a mean change is the rounding of an inverted price."""
_THETA, _VEGA, _VOL = (UNIT_ROWS.index(name) for name in ("theta_per_day", "vega_per_vol_point", "vol"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalTheta:
    """One structure struck at one close; dollars are those of one unit. ``missing`` says why there is no figure.

    ``legs``: contract and signed contracts of one unit.

    ``changes``: daily changes of implied vol that are known, ``before_listing`` of them read off the surface at the expiry's date
    before it was listed. ``ratio`` has theta's sign: below zero for what is bought.
    """

    name: str
    legs: tuple[tuple[str, int], ...] = ()
    theta_usd_per_day: float | None = None
    vega_usd_per_vol_point: float | None = None
    mean_change_vol_points: float | None = None
    changes: int = 0
    before_listing: int = 0
    ratio: float | None = None
    missing: str | None = None


def theta_row(one: TemporalTheta) -> dict[str, Any]:
    """JSON-ready."""
    legs = [{"contract": contract, "quantity": quantity} for contract, quantity in one.legs]
    return {**asdict(one), "legs": legs}


def temporal_thetas(market: Market, index: int, policy: Policy) -> list[TemporalTheta]:
    """The policy's condor and each of its layers as they would be struck at the close of market row ``index``."""
    snapshot, series = market.snapshot(index), market.series
    found = []
    if policy.condor.enabled:
        choice = choose_condor(snapshot, series, policy)
        if isinstance(choice, Refusal):
            found.append(TemporalTheta(name="condor", missing=choice.text))
        else:
            legs = list(zip(choice.legs.strike.tolist(), CONDOR_RIGHTS, CONDOR_SIGNS, strict=True))
            found.append(_measure(market, index, "condor", choice.row, legs))
    for layer in policy.hedge.layers if policy.hedge.enabled else ():
        roots = policy.condor.roots if layer.instrument == "spx_put_spreads" else ()
        row = choose_layer_expiry(snapshot, series, layer, policy.hedge.fallback_min_dte, None, roots=roots).series
        units = None if row is None else choose_layer_legs(snapshot, row, layer, policy.hedge, None)
        if row is None or units is None:
            text = "its window holds no listed expiry" if row is None else "the listed strikes allow none"
            found.append(TemporalTheta(name=layer.name, missing=text))
        else:
            found.append(_measure(market, index, layer.name, row, units))
    return found


def at_the_money_vols(market: Market, index: int, row: int, sessions: int = SESSIONS) -> Floats:
    """Implied vol at a series' forward, vol points, at the last ``sessions`` + 1 closes up to ``index``; NaN where unknown."""
    out = np.full(sessions + 1, np.nan)
    for place, at in enumerate(range(index - sessions, index + 1)):
        if at < 0:
            continue
        snapshot = market.snapshot(at)
        forward = _forward(snapshot, market.series, row)
        if np.isfinite(forward):
            out[place] = 100.0 * unit_greeks(snapshot, Legs.of([(row, forward, CALL)]), market.series)[_VOL, 0]
    return out


def _forward(snapshot: Snapshot, series: SeriesTable, row: int) -> float:
    return snapshot.future(row)[0] if series.is_vix[row] else snapshot.slice(row, CALL).forward


def _measure(market: Market, index: int, name: str, row: int, units: Sequence[tuple[float, int, int]]) -> TemporalTheta:
    series = market.series
    legs = tuple((contract_name(series, row, strike, right), sign) for strike, right, sign in units)
    if any(right == FUTURE for _, right, _ in units):
        return TemporalTheta(name=name, legs=legs, missing="a future has no time value")
    if any(right == SHARE for _, right, _ in units):
        return TemporalTheta(name=name, legs=legs, missing="a share of a fund has no time value")
    greeks = unit_greeks(market.snapshot(index), Legs.of([(row, strike, right) for strike, right, _ in units]), series)
    usd = series.multiplier_usd(row) * np.array([sign for _, _, sign in units], dtype=np.float64)
    theta, vega = float(greeks[_THETA] @ usd), float(greeks[_VEGA] @ usd)
    moves = np.abs(np.diff(at_the_money_vols(market, index, row)))
    days = market.sessions[max(index - SESSIONS, 0) : index]  # the earlier close of each change
    early = np.isfinite(moves[SESSIONS - days.size :]) & (days < series.listed_from[row])
    change = moves[np.isfinite(moves)]
    mean = float(change.mean()) if change.size >= LEAST_CHANGES else None
    moved = abs(vega) * mean if mean is not None and mean > STILL_VOL_POINTS else 0.0
    missing = None
    if mean is None:
        missing = f"{change.size} daily changes of its implied vol are known, {LEAST_CHANGES} are needed"
    elif moved == 0.0:
        missing = "its value did not move with its implied vol"
    return TemporalTheta(
        name=name,
        legs=legs,
        theta_usd_per_day=theta,
        vega_usd_per_vol_point=vega,
        mean_change_vol_points=mean,
        changes=int(change.size),
        before_listing=int(early.sum()),
        ratio=theta / moved if moved > 0.0 else None,
        missing=missing,
    )
