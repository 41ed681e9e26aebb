"""Known episodes, replayed from history on today's book: SPX, VIX, VVIX and every VX tenor as they moved, not by a beta.

An episode is the change between the closes of two sessions. The VX curve's change is that of the constant-maturity forwards read
off the monthly settlements of both sessions; SPX vol moves at each tenor with VIX9D, VIX, VIX3M and VIX6M where those were
published. Points are added to today's levels. Beside them stand three made moves that history has seldom shown alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from alvh.core.days import iso, to_day
from alvh.market.history import Floats, History
from alvh.market.market import Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.risk.stress import Stress, stress

EPISODES = (
    ("Oct 2008", date(2008, 9, 12), date(2008, 11, 20)),
    ("May 2010", date(2010, 4, 23), date(2010, 7, 2)),
    ("Aug 2011", date(2011, 7, 22), date(2011, 10, 3)),
    ("Aug 2015", date(2015, 8, 10), date(2015, 9, 29)),
    ("Feb 2018", date(2018, 1, 26), date(2018, 3, 29)),
    ("Dec 2018", date(2018, 10, 3), date(2018, 12, 24)),
    ("Mar 2020", date(2020, 2, 19), date(2020, 3, 23)),
    ("2022 grind", date(2022, 1, 3), date(2022, 12, 30)),
    ("Aug 2024", date(2024, 7, 16), date(2024, 8, 5)),
    ("Apr 2025", date(2025, 2, 19), date(2025, 4, 8)),
)
"""Name, first and last session, SPX high to low: for a book under stress and for the rows of a backtest's report."""

MADE = (
    ("VIX up, SPX flat", 0.0, 10.0, 1.0),
    ("futures lag", -0.05, 20.0, 0.5),
    ("vol up, spot up", 0.03, 5.0, 1.0),
)
"""Name, SPX move, VIX points, share of its usual beta that each future answers with. Made, not measured: a jump in implied
vol without a fall; a shock of 5 February 2018's size (VIX +20) in which futures give half of what they usually do; a melt-up."""

CURVE_DAYS = tuple(float(day) for day in range(0, 241, 10))
"""Days to expiry at which the change of the curve is measured; eight months, the reach of monthly VX settlements."""
INDEX_FAMILY = ("vix9d", "vix_close", "vix3m", "vix6m")
LEAST_CURVE_DAYS = 90.0
"""A curve that ends earlier on one of the two sessions misses a layer of the usual ladder (30, 60 and 90 days)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One episode: relative SPX move, points of VIX, VVIX, the index family (4,) and the VX curve at :data:`CURVE_DAYS`.

    ``missing`` names what had to be known and was not (then the numbers are NaN); ``by_response`` what is left to the response.
    """

    name: str
    first: int
    last: int
    spx_move: float
    vix_points: float
    vvix_points: float
    index_points: Floats
    curve_points: Floats
    missing: tuple[str, ...]
    by_response: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeStress:
    """A book in the episodes: row k of ``stress`` is ``moves[k]``; ``left_out`` tells, by name, what each other one misses."""

    moves: tuple[Move, ...]
    stress: Stress
    left_out: dict[str, tuple[str, ...]]

    def document(self) -> dict[str, Any]:
        """Rows as plain values, with the moves they rest on."""
        layers, greeks = self.stress.by_layer(), self.stress.by_greek()
        rows = []
        for k, move in enumerate(self.moves):
            historical = move.first >= 0
            rows.append(
                {
                    "episode": move.name,
                    "from": iso(move.first) if historical else None,
                    "to": iso(move.last) if historical else None,
                    "spx_move": move.spx_move,
                    "vix_points": move.vix_points,
                    "vvix_points": None if np.isnan(move.vvix_points) else move.vvix_points,
                    "vx_points_by_days": _by_days(move),
                    "by_response": list(move.by_response),
                    "pnl_usd": float(self.stress.pnl_usd[k]),
                    "pnl_bid_usd": float(self.stress.pnl_bid_usd[k]),
                    "pnl_usd_by_layer": {key: float(values[k]) for key, values in layers.items()},
                    "pnl_usd_by_greek": {key: float(values[k]) for key, values in greeks.items()},
                }
            )
        return {"episodes": rows, "left_out": {name: list(missing) for name, missing in self.left_out.items()}}


def _by_days(move: Move) -> dict[str, float] | None:
    """The measured curve at one to four months; None where the response moves it."""
    if not np.isfinite(move.curve_points).all():
        return None
    return {f"{CURVE_DAYS[at]:g}": round(float(move.curve_points[at]), 4) for at in (3, 6, 9, 12)}


def curve_at(history: History, row: int) -> tuple[Floats, float]:
    """Constant-maturity VX forwards at :data:`CURVE_DAYS` at one session, and the days to expiry of its last monthly.

    ln F is linear between spot VIX at zero days and the monthly settlements, flat beyond the last. Without a monthly: NaN and 0.
    """
    vx, day = history.vx, int(history.sessions[row])
    settle = vx.settle[row]
    with np.errstate(invalid="ignore"):
        known = np.flatnonzero(vx.monthly & (settle > 0.0) & (vx.expiry > day))
    vix = float(history.vix_close[row])
    if known.size == 0 or not vix > 0.0:
        return np.full(len(CURVE_DAYS), np.nan), 0.0
    days = np.append(0.0, vx.expiry[known] - day)
    level = np.log(np.append(vix, settle[known]))
    return np.asarray(np.exp(np.interp(CURVE_DAYS, days, level))), float(days[-1])


def measure(history: History, name: str, first: date, last: date) -> Move:
    """The move between the closes of two sessions, with what is missing for it by name."""
    rows, missing = [], []
    for day in (first, last):
        row = int(np.searchsorted(history.sessions, to_day(day)))
        if row == len(history.sessions) or history.sessions[row] != to_day(day):
            missing.append(f"session {day.isoformat()}")
        rows.append(row)
    nothing = Move(
        name=name,
        first=to_day(first),
        last=to_day(last),
        spx_move=np.nan,
        vix_points=np.nan,
        vvix_points=np.nan,
        index_points=np.full(4, np.nan),
        curve_points=np.full(len(CURVE_DAYS), np.nan),
        missing=tuple(missing),
    )
    if missing:
        return nothing
    a, b = rows
    for label, values in (("SPX", history.spx_close), ("VIX", history.vix_close), ("VVIX", history.vvix)):
        guessed = history.modelled.get(label.lower(), np.zeros(len(values), dtype=np.bool_))
        missing += [f"{label} {iso(history.sessions[row])}" for row in rows if guessed[row] or not np.isfinite(values[row])]
    curves, reach = zip(*(curve_at(history, row) for row in rows), strict=True)
    missing += [
        f"VX to {LEAST_CURVE_DAYS:g} days {iso(history.sessions[row])} (ends at {end:g})"
        for row, end in zip(rows, reach, strict=True)
        if end < LEAST_CURVE_DAYS
    ]
    if missing:
        return replace(nothing, missing=tuple(missing))
    change = curves[1] - curves[0]
    # beyond the shorter of the two curves nothing was measured: the change stays what it was at its end
    end = int(np.searchsorted(CURVE_DAYS, min(reach), side="right")) - 1
    change[end:] = change[end]
    index = np.array([_change(history, name, a, b) for name in INDEX_FAMILY])
    return replace(
        nothing,
        spx_move=float(history.spx_close[b] / history.spx_close[a] - 1.0),
        vix_points=float(index[1]),
        vvix_points=float(history.vvix[b] - history.vvix[a]),
        index_points=index,
        curve_points=np.asarray(change),
        by_response=tuple(
            f"SPX vol at {days} days"
            for days, value in zip((9, 30, 93, 184), index.tolist(), strict=True)
            if not np.isfinite(value)
        ),
    )


def _change(history: History, name: str, a: int, b: int) -> float:
    """Points between two rows; NaN where a value is absent or a stand-in model supplied it."""
    guessed = history.modelled.get(name)
    if guessed is not None and bool(guessed[[a, b]].any()):
        return float("nan")
    values: Floats = getattr(history, name)
    return float(values[b] - values[a])


def made(name: str, spx_move: float, vix_points: float, share: float, response: Response) -> Move:
    """A made move: spot as stated, every future with ``share`` of its beta, everything else by the response."""
    days = np.asarray(CURVE_DAYS)
    curve = np.where(days > 0.0, share, 1.0) * response.beta_at(days) * vix_points
    curve[0] = vix_points
    return Move(
        name=name,
        first=-1,
        last=-1,
        spx_move=spx_move,
        vix_points=vix_points,
        vvix_points=np.nan,
        index_points=np.full(4, np.nan),
        curve_points=np.full(len(CURVE_DAYS), np.nan) if share == 1.0 else curve,
        missing=(),
        by_response=("SPX vol", "VIX vol") + (("VX curve",) if share == 1.0 else ()),
    )


def scenarios_of(moves: tuple[Move, ...], *, elapsed: bool = False) -> Scenarios:
    """The moves as scenarios, at once, or with the days that the episode took (``elapsed``; made moves take none)."""
    days = [float(move.last - move.first) if elapsed else 0.0 for move in moves]
    return Scenarios(
        spx_move=np.array([move.spx_move for move in moves]),
        vix_points=np.array([move.vix_points for move in moves]),
        days_forward=np.array(days),
        names=tuple(move.name for move in moves),
        curve_days=CURVE_DAYS,
        curve_points=np.array([move.curve_points for move in moves]).reshape(len(moves), len(CURVE_DAYS)),
        vvix_points=np.array([move.vvix_points for move in moves]),
        index_points=np.array([move.index_points for move in moves]).reshape(len(moves), 4),
    )


def stress_episodes(
    snapshot: Snapshot,
    series: SeriesTable,
    positions: Positions,
    history: History,
    response: Response | None = None,
    *,
    elapsed: bool = False,
) -> EpisodeStress:
    """The book in every episode for which ``history`` has the data, and in the made moves; the others are named and left out."""
    response = Response() if response is None else response
    measured = [measure(history, *episode) for episode in EPISODES]
    known = [move for move in measured if not move.missing]
    moves = (*known, *(made(*row, response) for row in MADE))
    return EpisodeStress(
        moves=moves,
        stress=stress(snapshot, series, positions, scenarios_of(moves, elapsed=elapsed), response),
        left_out={move.name: move.missing for move in measured if move.missing},
    )
