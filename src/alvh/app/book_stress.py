"""The documents of ``alvh stress`` and ``alvh payoff``: grid, episodes, payoff lines, break-evens and the profile by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from alvh.app.book_risk import BookMarket
from alvh.core.days import iso, to_day
from alvh.core.errors import UsageError
from alvh.market.history import Floats
from alvh.market.scenarios import CURVE_BETAS, CURVE_DAYS, Response, Scenarios, SpxDynamic
from alvh.risk.betas import TenorBetas
from alvh.risk.breakeven import VIX_ELASTICITIES, break_evens, vix_answer
from alvh.risk.convexity import convexity_profile
from alvh.risk.coverage import HEDGE
from alvh.risk.episodes import CURVE_DAYS as EPISODE_DAYS
from alvh.risk.episodes import EPISODES, EpisodeStress, Move, scenarios_of, stress_episodes
from alvh.risk.exposures import contract_text
from alvh.risk.stress import (
    SPX_MOVES,
    VIX_MOVES,
    assumptions,
    picture_days,
    step_usd,
    stress,
    stress_grid,
)

STRESS_SCHEMA: Final = "alvh.stress/1"
PAYOFF_SCHEMA: Final = "alvh.payoff/1"
SPREAD_MULTIPLES: Final = (1.0, 2.0, 4.0)
"""Of the measured half-spread, at which the break-evens of a book that is left are shown (R67)."""
LINE_MOVES: Final = tuple(np.round(np.linspace(-0.25, 0.15, 81), 4).tolist())
"""Half a per cent apart, from the fall of a bear market's quarter to a melt-up's."""
LINE_VIX: Final = tuple(float(points) for points in range(-5, 61))
MOST_CELLS: Final = 100_000
"""A grid of 200 legs and this many cells takes about two seconds and 1 GB of parts by leg and Greek."""
MOST_DAYS: Final = 730


@dataclass(frozen=True, slots=True, kw_only=True)
class StressOptions:
    """Axes of the grid (fractions of SPX, VIX points), calendar days forward, and what the response is to be."""

    spx_moves: tuple[float, ...] = SPX_MOVES
    vix_points: tuple[float, ...] = VIX_MOVES
    days_forward: float = 0.0
    dynamic: SpxDynamic = "sticky_delta"
    liquidity: float = 1.0


def response_of(made: BookMarket, options: StressOptions | None = None) -> Response:
    """The usual response with the curve's betas of the book's market."""
    options = StressOptions() if options is None else options
    days, beta = _curve(made.betas)
    return Response(curve_days=days, curve_beta=beta, spx_dynamic=options.dynamic, liquidity=options.liquidity)


def _curve(betas: TenorBetas) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measured tenors, and before the first of them what the usual response has there, never below the first measured beta."""
    first, least = float(betas.tenor_days[0]), float(betas.beta[0])
    front = [(days, max(beta, least)) for days, beta in zip(CURVE_DAYS, CURVE_BETAS, strict=True) if days < first]
    days, beta = zip(*front, *zip(betas.tenor_days.tolist(), betas.beta.tolist(), strict=True), strict=True)
    return tuple(days), tuple(beta)


def stress_document(made: BookMarket, options: StressOptions | None = None) -> dict[str, Any]:
    """The grid with its worst cell taken apart, the episodes that the history holds, and the made moves."""
    options = StressOptions() if options is None else options
    cells = len(options.spx_moves) * len(options.vix_points)
    if cells > MOST_CELLS:
        raise UsageError(f"{cells:,} cells", where="--spx and --vix", allowed=f"at most {MOST_CELLS:,}", todo="widen the steps")
    response = response_of(made, options)
    snapshot, positions, series = made.snapshot, made.positions, made.series
    grid = stress_grid(
        snapshot,
        series,
        positions,
        spx_moves=options.spx_moves,
        vix_points=options.vix_points,
        days_forward=options.days_forward,
        response=response,
    )
    at = int(np.argmin(grid.stress.pnl_usd))
    steps = step_usd(snapshot, series, grid.stress)
    episodes = stress_episodes(snapshot, series, positions, made.history, response)
    rows = episodes.document()
    by_response = _episodes_by_response(made, response, rows["left_out"])
    told = [row["episode"] for row in by_response]
    return made.head(STRESS_SCHEMA) | {
        "betas": made.betas.label,
        "beta_note": made.beta_note,
        "grid": grid.document(),
        "worst": {
            "pnl_usd": float(grid.stress.pnl_usd[at]),
            "pnl_bid_usd": float(grid.stress.pnl_bid_usd[at]),
            "spx_move": float(grid.stress.scenarios.spx_move[at]),
            "vix_points": float(grid.stress.scenarios.vix_points[at]),
            "pnl_usd_by_leg": [
                {"contract": contract_text(positions, k), "quantity": float(positions.quantity[k]), "sleeve": positions.sleeve[k],
                 "layer": positions.layer[k], "pnl_usd": float(grid.stress.leg_usd[at, k])}
                for k in range(len(positions))
            ],
            "pnl_usd_by_layer": {name: float(values[at]) for name, values in grid.stress.by_layer().items()},
            "pnl_usd_by_greek": {name: float(values[at]) for name, values in grid.stress.by_greek().items()},
            "pnl_usd_by_step": {name: float(values[at].sum()) for name, values in steps.items()},
        },
        "episodes": [row for row in rows["episodes"] if row["from"] is not None],
        "made": [row for row in rows["episodes"] if row["from"] is None],
        "episodes_by_response": by_response,
        "left_out": {name: missing for name, missing in rows["left_out"].items() if name not in told},
    }  # fmt: skip


def _episodes_by_response(made: BookMarket, response: Response, left_out: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Episodes of which the history holds SPX and VIX alone: those two as they moved, curve and vols by the response.

    ``missing`` names what would have had to be known for a replay as it happened.
    """
    history, nothing = made.history, float("nan")
    moves = []
    for name, first, last in EPISODES:
        days = np.array([to_day(first), to_day(last)])
        rows = np.minimum(np.searchsorted(history.sessions, days), len(history.sessions) - 1)
        carried = history.modelled.get("vix")
        if name not in left_out or (history.sessions[rows] != days).any() or (carried is not None and carried[rows].any()):
            continue
        spx, vix = history.spx_close[rows], history.vix_close[rows]
        moves.append(
            Move(
                name=name,
                first=int(days[0]),
                last=int(days[1]),
                spx_move=float(spx[1] / spx[0] - 1.0),
                vix_points=float(vix[1] - vix[0]),
                vvix_points=nothing,
                index_points=np.full(4, nothing),
                curve_points=np.full(len(EPISODE_DAYS), nothing),
                missing=(),
                by_response=("VX curve", "VIX vol", "SPX vol"),
            )
        )
    if not moves:
        return []
    found = stress(made.snapshot, made.series, made.positions, scenarios_of(tuple(moves)), response)
    rows_out = EpisodeStress(moves=tuple(moves), stress=found, left_out={}).document()["episodes"]
    return [row | {"missing": left_out[row["episode"]]} for row in rows_out]


def payoff_document(
    made: BookMarket, *, days: float | None = None, rolls: Sequence[int] = (), options: StressOptions | None = None
) -> dict[str, Any]:
    """Payoff lines today, ``days`` on (None: half way) and at expiry; break-evens; the hedge's profile by layer.

    Lines count from the opening (positions without an opening price from today's mark), as the break-evens do, which are their
    zeros. ``rolls`` are days on which break-evens are wanted; none: those on which a layer expires before the condors do.
    """
    response = response_of(made, options)
    snapshot, positions, series = made.snapshot, made.positions, made.series
    session = snapshot.session
    pictures = picture_days(positions, session, horizon_days=days)
    last = pictures["expiry"]
    if days is not None and days > last:
        raise UsageError(f"{days:g} days", where="--days", allowed=f"0 to {last:g}, the last expiry", todo="choose fewer days")
    late = [day for day in rolls if day > session + last]
    if late:
        raise UsageError(
            f"{iso(late[0])} is after the last expiry",
            where="--roll",
            allowed=f"{iso(session)} to {iso(session + int(last))}",
            todo="choose an earlier date",
        )
    ends = sorted({int(day) for day in positions.expiry[positions.is_vix].tolist() if day < session + last})
    points = break_evens(snapshot, series, positions, roll_days=tuple(rolls) or ends, response=response)
    moves, vix = np.array(LINE_MOVES), np.array([v for v in LINE_VIX if snapshot.vix + v >= 5.0])
    offset = _opening_gain(made, response)
    answers = {name: vix_answer(snapshot.vix, moves, elasticity) for name, elasticity in VIX_ELASTICITIES.items()}
    document = made.head(PAYOFF_SCHEMA) | {
        "betas": made.betas.label,
        "beta_note": made.beta_note,
        "pnl_since_opening_usd": float(offset.sum()),
        "dates": [
            {"picture": name, "days_forward": ahead, "date": iso(session + int(ahead))} for name, ahead in pictures.items()
        ],
        "against_spx": {
            "spx_move": moves.tolist(),
            "spx_points": (snapshot.spx * (1.0 + moves)).tolist(),
            "vix_points": {name: values.tolist() for name, values in answers.items()},
            "elasticities": dict(VIX_ELASTICITIES),
            "lines": [
                _line(made, response, name, ahead, moves, answers["central"], offset)
                | {
                    f"pnl_{answer}_usd": (_pnl(made, response, moves, answers[answer], ahead) + offset.sum()).tolist()
                    for answer in answers
                    if answer != "central"
                }
                for name, ahead in pictures.items()
            ],
        },
        "against_vix": {
            "vix_points": vix.tolist(),
            "lines": [_line(made, response, name, ahead, np.zeros(len(vix)), vix, offset) for name, ahead in pictures.items()],
        },
        "break_evens": points.document(),
        "break_evens_when_closed": [
            {"spread_multiple": multiple}
            | break_evens(
                snapshot,
                series,
                positions,
                roll_days=tuple(rolls) or ends,
                response=replace(response, liquidity=multiple),
                closing=True,
            ).document()
            for multiple in SPREAD_MULTIPLES
        ],
        "convexity": None,
        "assumptions": assumptions(response),
    }
    if HEDGE in positions.sleeve:
        central = points.rows[0].downside.distance
        shock = None if central is None else float(vix_answer(snapshot.vix, np.array([central]), VIX_ELASTICITIES["central"])[0])
        document["convexity"] = convexity_profile(snapshot, series, positions, response=response).document(
            break_even_points=shock if shock is not None and shock > 0.0 else None
        )
    return document


def _opening_gain(made: BookMarket, response: Response) -> Floats:
    """Dollars gained from opening to today's mark, (positions,); 0 where the opening price is not known."""
    positions = made.positions
    base = stress(made.snapshot, made.series, positions, Scenarios.of(0.0, 0.0), response).base_usd
    paid = positions.open_price * positions.quantity * positions.multiplier_usd
    return np.asarray(np.where(np.isfinite(paid), base - paid, 0.0))


def _pnl(made: BookMarket, response: Response, moves: Floats, vix: Floats, ahead: float) -> Floats:
    return stress(made.snapshot, made.series, made.positions, Scenarios.of(moves, vix, ahead), response).pnl_usd


def _line(
    made: BookMarket, response: Response, name: str, ahead: float, moves: Floats, vix: Floats, offset: Floats
) -> dict[str, Any]:
    """One line: P&L of the book and of each layer since the opening."""
    found = stress(made.snapshot, made.series, made.positions, Scenarios.of(moves, vix, ahead), response)
    since = replace(found, leg_usd=found.leg_usd + offset)
    return {
        "picture": name,
        "days_forward": ahead,
        "pnl_usd": (found.pnl_usd + offset.sum()).tolist(),
        "pnl_usd_by_layer": {layer: values.tolist() for layer, values in since.by_layer().items()},
    }


def axis(text: str, *, option: str, low: float, high: float, percent: bool) -> tuple[float, ...]:
    """``LOW:HIGH:STEP`` or one number as an axis, ends included; :class:`UsageError` for anything else."""
    unit = "fractions of SPX, as -0.2:0.1:0.02" if percent else "VIX points, as -10:50:5"
    allowed = f"LOW:HIGH:STEP in {unit}, between {low:g} and {high:g}"
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        numbers = [numbers[0], numbers[0], 1.0]
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        raise UsageError(f"'{text}' is no axis", where=option, allowed=allowed, todo="write three numbers with colons")
    start, stop, step = numbers
    if not (low <= start <= stop <= high and step > 0.0):
        raise UsageError(
            f"'{text}' runs from {start:g} to {stop:g} by {step:g}", where=option, allowed=allowed, todo="mend the ends"
        )
    count = int((stop - start) / step + 1e-9) + 1
    if count > MOST_CELLS:
        raise UsageError(f"{count:,} points", where=option, allowed=f"at most {MOST_CELLS:,}", todo="widen the step")
    values = start + step * np.arange(count)
    if stop - values[-1] > 1e-9:
        raise UsageError(
            f"'{text}' does not end on {stop:g} but on {values[-1]:g}", where=option, allowed="a step that divides the range",
            todo="change the step or the end",
        )  # fmt: skip
    return tuple(np.round(values, 10).tolist())


def checked_days(days: float) -> float:
    """Calendar days forward that a picture may ask for."""
    if not 0.0 <= days <= MOST_DAYS:
        raise UsageError(f"{days:g} days", where="--days", allowed=f"0 to {MOST_DAYS} calendar days", todo="mend the number")
    return days


def checked_liquidity(factor: float) -> float:
    """A factor on half-spreads."""
    if not (np.isfinite(factor) and 0.0 <= factor <= 100.0):
        raise UsageError(
            f"{factor:g}", where="--liquidity", allowed="0 to 100 times the usual half-spread", todo="mend the factor"
        )
    return factor
