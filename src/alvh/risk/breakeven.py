"""Break-evens of the combined book: where SPX, with the VIX that answers it, leaves neither gain nor loss since the opening.

Each is computed today, at every roll date given and at expiry, downside and upside apart. Debits count: what was paid for the
positions, what other layers cost before, and what is expected to be paid until the date of the picture. How VIX answers SPX is
not known, so that every break-even has a band over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import UsageError
from alvh.market.history import Floats
from alvh.market.market import Legs, Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.risk.stress import priced_legs, zero_value

Side = Literal["downside", "upside"]

VIX_ELASTICITIES = {"central": -4.2, "weak": -1.9, "strong": -5.9}
"""d ln VIX / d ln SPX. Central: methods.md 5.3, daily 1993-2025. Weak and strong: quartiles of ln VIX over ln SPX in the windows
of 21 sessions of 1993-2026 in which SPX fell by more than 3 % (``docs/explanation/stress.md``)."""
LEAST_VIX, MOST_VIX = 9.0, 85.0
"""Lowest and highest VIX close, rounded outward (9.14 on 2017-11-03, 82.69 on 2020-03-16): no answer leads beyond."""
LOWEST_MOVE, HIGHEST_MOVE = -0.50, 0.35
"""Reach of the search: about the fall of 2007-2009 at one end."""
NODES = 341
"""Nodes of the scan, a quarter of a per cent apart, beside which every strike is one: two crossings nearer than this show only
where a kink lies between them."""
BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One side's break-even: ``spot`` in index points and ``distance`` as a signed share of spot, None where there is none.

    ``others`` are further crossings on that side (distances, outward); ``none`` says why there is none.
    """

    spot: float | None
    distance: float | None
    others: tuple[float, ...] = ()
    none: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Break-evens at one date under one VIX answer; ``pnl_at_spot_usd`` is the P&L there if nothing moves."""

    picture: str
    day: int
    answer: str
    elasticity: float
    pnl_at_spot_usd: float
    debits_usd: float
    downside: Crossing
    upside: Crossing


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvens:
    """All dates and answers; ``marked`` counts the positions without an opening price, which stand at today's mark."""

    rows: tuple[BreakEven, ...]
    cost_usd: float
    marked: int

    def band(self, picture: str, side: Side) -> tuple[float | None, float | None]:
        """Nearest and furthest distance from spot over the answers; None where any answer has none."""
        found = [getattr(row, side).distance for row in self.rows if row.picture == picture]
        if not found or any(value is None for value in found):
            return None, None
        ordered = sorted(found, key=abs)
        return ordered[0], ordered[-1]

    def document(self) -> dict[str, Any]:
        """Plain values, one entry a date."""
        out: list[dict[str, Any]] = []
        for row in self.rows:
            if row.answer != self.rows[0].answer:
                continue  # the first answer is the central one, the others make its band
            entry: dict[str, Any] = {
                "picture": row.picture,
                "date": iso(row.day),
                "pnl_at_spot_usd": row.pnl_at_spot_usd,
                "debits_usd": row.debits_usd,
            }
            for side in ("downside", "upside"):
                crossing: Crossing = getattr(row, side)
                low, high = self.band(row.picture, side)
                entry[side] = {
                    "spot_points": crossing.spot,
                    "distance": crossing.distance,
                    "others": list(crossing.others),
                    "none": crossing.none or None,
                    "band_nearest": low,
                    "band_furthest": high,
                }
            out.append(entry)
        elasticities = {row.answer: row.elasticity for row in self.rows}
        return {"cost_usd": self.cost_usd, "positions_at_mark": self.marked, "elasticities": elasticities, "dates": out}


def vix_answer(vix: float, spx_move: Floats, elasticity: float) -> Floats:
    """VIX points that answer relative SPX moves (n,): VIX (1 + move)^elasticity, held within the closes of history."""
    low, high = min(LEAST_VIX, vix), max(MOST_VIX, vix)
    return np.asarray(np.clip(vix * (1.0 + spx_move) ** elasticity, low, high) - vix)


def crossings(function: Callable[[Floats], Floats], nodes: Floats) -> list[float]:
    """Ascending zeros of a function of (n,) between ascending ``nodes``: sign changes bisected, zeros at nodes as they stand.

    Of a stretch of zeros its two ends are given. A zero that is touched between two nodes of one sign is not seen.
    """
    value = function(nodes)
    sign = np.sign(value)
    at = np.flatnonzero(sign[:-1] * sign[1:] < 0.0)
    low, high, below = nodes[at], nodes[at + 1], sign[at]
    if at.size:
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            same = np.sign(function(middle)) == below
            low, high = np.where(same, middle, low), np.where(same, high, middle)
    zero = sign == 0.0
    edge = zero & ~(np.append(False, zero[:-1]) & np.append(zero[1:], False))
    return sorted([*(0.5 * (low + high)).tolist(), *nodes[edge].tolist()])


def break_evens(
    snapshot: Snapshot,
    series: SeriesTable,
    positions: Positions,
    *,
    roll_days: Sequence[int] = (),
    debits_usd: Sequence[tuple[int, float]] = (),
    response: Response | None = None,
    elasticities: Mapping[str, float] = VIX_ELASTICITIES,
    closing: bool = False,
) -> BreakEvens:
    """Break-evens today, at each of ``roll_days`` and at the last SPX expiry of the book (its last expiry without SPX).

    ``debits_usd`` holds (day, dollars paid) beside the positions' own opening prices: layers rolled before, fees, rolls to come;
    a picture counts those of its date and before. With ``closing`` every position is worth what leaving it
    brings: longs at the bid, shorts at the ask, half-spreads times the response's ``liquidity`` (R67). A position without an
    opening price counts from today's mark, and is counted.
    The first of ``elasticities`` is the central answer, the others its band. Raises :class:`UsageError` for a date before the
    session and where no answer is given; the errors of :func:`~alvh.risk.stress.priced_legs`.
    """
    response = Response() if response is None else response
    if not elasticities:
        raise UsageError("no answer of VIX is given", where="break-evens", allowed="at least one elasticity")
    legs = priced_legs(snapshot, series, positions)
    dollars = positions.quantity * positions.multiplier_usd
    base = zero_value(snapshot, legs, response, positions)
    known = np.isfinite(positions.open_price)
    cost = float((np.where(known, positions.open_price, base) * dollars).sum())
    spx = ~positions.is_vix
    expiry = int((positions.expiry[spx] if spx.any() else positions.expiry).max())
    pictures = [("today", snapshot.session), *((f"roll {iso(day)}", int(day)) for day in roll_days), ("expiry", expiry)]
    rows = []
    for name, day in pictures:
        if day < snapshot.session:
            raise UsageError(f"{iso(day)} is past", where="roll date", allowed=f"{iso(snapshot.session)} and later")
        paid = float(sum(usd for when, usd in debits_usd if when <= day))
        for answer, elasticity in elasticities.items():
            profit = _profit(snapshot, legs, dollars, cost + paid, float(day - snapshot.session), elasticity, response, closing)
            found = crossings(profit, _nodes(snapshot, legs, series, elasticity))
            ends = profit(np.array([LOWEST_MOVE, 0.0, HIGHEST_MOVE]))
            rows.append(
                BreakEven(
                    picture=name,
                    day=day,
                    answer=answer,
                    elasticity=elasticity,
                    pnl_at_spot_usd=float(ends[1]),
                    debits_usd=cost + paid,
                    downside=_side([-move for move in reversed(found) if move <= 0.0], snapshot.spx, -1.0, float(ends[0])),
                    upside=_side([move for move in found if move >= 0.0], snapshot.spx, 1.0, float(ends[2])),
                )
            )
    return BreakEvens(rows=tuple(rows), cost_usd=cost, marked=int((~known).sum()))


def _profit(
    snapshot: Snapshot,
    legs: Legs,
    dollars: Floats,
    cost: float,
    days: float,
    elasticity: float,
    response: Response,
    closing: bool,
) -> Callable[[Floats], Floats]:
    def profit(move: Floats) -> Floats:
        scenarios = Scenarios.of(move, vix_answer(snapshot.vix, move, elasticity), days)
        if closing:
            found = snapshot.reprice_fully(legs, scenarios, response)
            left = found.value - np.sign(dollars) * found.half_spread
            return np.asarray(np.where(np.isfinite(legs.strike), np.maximum(left, 0.0), left) @ dollars - cost)
        return np.asarray(snapshot.reprice(legs, scenarios, response) @ dollars - cost)

    return profit


def _nodes(snapshot: Snapshot, legs: Legs, series: SeriesTable, elasticity: float) -> Floats:
    """The even scan, spot itself, and the moves at which SPX, or the VIX that answers, stands at a strike of the book."""
    option = np.isfinite(legs.strike)
    vix = series.is_vix[legs.series]
    spot = np.array([series.scale(int(row)) for row in legs.series.tolist()]) * snapshot.spx
    at = [np.linspace(LOWEST_MOVE, HIGHEST_MOVE, NODES), np.zeros(1), legs.strike[option & ~vix] / spot[option & ~vix] - 1.0]
    if elasticity != 0.0:
        at.append((legs.strike[option & vix] / snapshot.vix) ** (1.0 / elasticity) - 1.0)
    nodes = np.unique(np.concatenate(at))
    return np.asarray(nodes[(nodes >= LOWEST_MOVE) & (nodes <= HIGHEST_MOVE)])


def _side(distances: list[float], spot: float, sign: float, end: float) -> Crossing:
    """The crossings of one side by distance from spot, nearest first; ``end`` is the P&L at the end of the search."""
    if not distances:
        kind = "a gain" if end > 0.0 else "a loss"
        edge = LOWEST_MOVE if sign < 0.0 else HIGHEST_MOVE
        return Crossing(spot=None, distance=None, none=f"{kind} all the way to {100.0 * edge:+g} %")
    first, *others = (sign * distance + 0.0 for distance in distances)  # no minus zero
    return Crossing(spot=spot * (1.0 + first), distance=first, others=tuple(others))
