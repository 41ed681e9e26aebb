"""Tables of docs/reference/surface-repricing.md: repricing, arbitrage, what the conditions cost, fallbacks, states.

Run: ``python benchmarks/calibration_errors.py --data ../shared/market [--chains ../shared/chains]``; prints Markdown. About five
minutes. Nothing here is fitted: the shipped coefficients are put through the index formula and compared with what was published.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alvh.core.days import iso, to_day
from alvh.data.load import load_history
from alvh.models.index_expiries import INDICES
from alvh.models.spx_calibration import Calibration, calibrate
from alvh.models.spx_reprice import reprice
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE, STUDY_B_RANGE, STUDY_SHAPE

FIRST = date(2008, 1, 2)
FULL = to_day(date(2011, 1, 4))
LIMITS = (0.60, 0.17, 0.22, 0.11, 4.8)
DENSE_DAYS = np.array([*range(1, 15), *range(16, 93, 4), *range(93, 184, 13), 184, 270, 365], dtype=np.float64)
DENSE_X = np.linspace(-12.0, 12.0, 481)
MODELS = {"clean": (CLEAN_SHAPE, CLEAN_B_RANGE), "study": (STUDY_SHAPE, STUDY_B_RANGE)}
FALLBACKS: dict[str, tuple[int, ...]] = {
    "no SKEW": (4,),
    "no VIX9D": (0,),
    "no VIX3M": (2,),
    "no VIX6M": (3,),
    "no VIX9D, no VIX6M": (0, 3),
    "no VIX": (1,),
    "VIX and SKEW alone": (0, 2, 3),
    "VIX alone": (0, 2, 3, 4),
}
TERMS = (9, 16, 30, 45, 60)
POINTS = {"5-delta put": -2.2, "16-delta put": -1.3, "at the money": 0.0, "16-delta call": 0.8}
"""x = ln(K/F) / sqrt(theta) near these deltas at 30 to 45 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Index levels by session: (n,) days, SPX, SKEW; (n, 4) VIX9D, VIX, VIX3M, VIX6M."""

    sessions: np.ndarray[Any, np.dtype[np.int64]]
    spx: np.ndarray[Any, np.dtype[np.float64]]
    levels: np.ndarray[Any, np.dtype[np.float64]]
    skew: np.ndarray[Any, np.dtype[np.float64]]

    def rows(self, rows: Any) -> Levels:
        return Levels(sessions=self.sessions[rows], spx=self.spx[rows], levels=self.levels[rows], skew=self.skew[rows])

    def fit(self, model: str, blend: float, *, listed: bool = True) -> Calibration:
        shape, b_range = MODELS[model]
        days = self.sessions if listed else None
        return calibrate(self.spx, self.levels, self.skew, blend=blend, shape=shape, b_range=b_range, sessions=days)

    def published(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.column_stack([self.levels, self.skew])


def load(data: str) -> Levels:
    history = load_history(data, start=FIRST).history
    keep = history.sessions >= to_day(FIRST)
    levels = np.column_stack([history.vix9d, history.vix_close, history.vix3m, history.vix6m])
    return Levels(sessions=history.sessions[keep], spx=history.spx_close[keep], levels=levels[keep], skew=history.skew[keep])


def table(heads: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def errors(known: Levels, made: Calibration, *, listed: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = reprice(made, known.sessions, known.spx, np.ascontiguousarray(known.levels[:, 1]))
    return (found.listed if listed else found.constant) - known.published()


def cells(error: np.ndarray[Any, np.dtype[np.float64]]) -> list[str]:
    out = []
    for column in range(5):
        good = np.abs(error[np.isfinite(error[:, column]), column])
        out.append("–" if not len(good) else f"{np.median(good):.3f} / {np.percentile(good, 95):.3f} / {good.max():.2f}")
    return out


def repricing(known: Levels, years: str) -> None:
    print(f"{years}, {len(known.sessions)} sessions; median / 95th percentile / worst of the absolute error, points.\n")
    rows = [["*limit, 95th percentile*", "", *(f"{limit:g}" for limit in LIMITS)]]
    for model, fit_listed in (("clean", True), ("clean", False), ("study", False)):
        for blend in (0.0, 0.5, 1.0):
            made = known.fit(model, blend, listed=fit_listed)
            name = f"{model}, fitted {'through the listed expiries' if fit_listed else 'at the very terms'}, blend {blend:g}"
            rows.append([name, "listed", *cells(errors(known, made, listed=True))])
            if not fit_listed:
                rows.append([name, "constant", *cells(errors(known, made, listed=False))])
    table(["surface", "formula", *INDICES], rows)


def arbitrage(known: Levels) -> None:
    count = len(known.sessions)
    print(f"{count} sessions {iso(known.sessions[0])} to {iso(known.sessions[-1])}; {len(DENSE_X)} x in [-12, 12], ", end="")
    print(f"{len(DENSE_DAYS)} terms of 1 to 365 days.\n")
    rows = []
    for model in MODELS:
        for blend in (0.0, 0.5, 1.0):
            made = known.fit(model, blend)
            butterfly, calendar = made.arbitrage(DENSE_DAYS, DENSE_X)
            low, thin = int(np.nanargmin(butterfly[:, 0])), int(np.nanargmin(calendar[:, 0]))
            rows.append(
                [
                    f"{model}, blend {blend:g}",
                    str(int((butterfly[:, 0] < 0.0).sum())),
                    _place(butterfly[low], known.sessions[low]),
                    str(int((calendar[:, 0] < -1e-12).sum())),
                    _place(calendar[thin], known.sessions[thin]),
                ]
            )
    heads = ["surface", "sessions with g < 0", "least g (session, days, x)", "sessions with calendar arbitrage"]
    table([*heads, "least growth of total variance to the next term"], rows)


def _place(found: np.ndarray[Any, np.dtype[np.float64]], session: int) -> str:
    return f"{found[0]:+.4f} ({iso(int(session))}, {365.0 * found[1]:.0f}, {found[2]:+.1f})"


def states(known: Levels) -> None:
    names = list(known.rows(slice(0, 1)).fit("clean", 0.5).counts)
    counts = [known.fit("clean", blend).counts for blend in (0.0, 0.5, 1.0)]
    rows = [[name, *(str(count[name]) for count in counts)] for name in names]
    table(["state", "blend 0", "blend 0.5", "blend 1"], rows)


def fallbacks(known: Levels) -> None:
    print(f"{len(known.sessions)} sessions of 2011-2026 with all five inputs; each input left out, then compared.\n")
    full = known.fit("clean", 0.5)
    row = np.repeat(np.arange(len(known.sessions)), len(TERMS))
    years = np.tile(np.array(TERMS) / 365.0, len(known.sessions))
    zero = np.zeros(len(row))
    root = full.vols(row, years, zero) * np.sqrt(years)
    out = []
    for name, missing in FALLBACKS.items():
        levels, skew = known.levels.copy(), known.skew.copy()
        for column in missing:
            (skew if column == 4 else levels[:, column])[:] = np.nan
        left = Levels(sessions=known.sessions, spx=known.spx, levels=levels, skew=skew)
        made = left.fit("clean", 0.5)
        error = errors(known, made, listed=True)
        index = ", ".join(
            f"{INDICES[k]} {np.median(np.abs(error[:, k])):.2f} / {np.percentile(np.abs(error[:, k]), 95):.2f}" for k in missing
        )
        vols = []
        for x in POINTS.values():
            ratio = (made.vols(row, years, x * root) / full.vols(row, years, x * root) - 1.0).reshape(-1, len(TERMS))
            vols.append(" ".join(f"{100.0 * value:.1f}" for value in np.sqrt((ratio**2).mean(axis=0))))
        out.append([name, index, *vols])
    table(
        ["fallback", "left-out index: median / 95th percentile of its error, points", *(f"{point}, %" for point in POINTS)], out
    )
    print(f"Vols: root mean square of the relative difference to the full fit at {', '.join(map(str, TERMS))} days.\n")


def chain_cost(chains: str, data: str) -> None:
    from alvh.data.chains import load_chains
    from alvh.data.quality import QualityLog
    from alvh.study.model_error.run import Refusal, gather_spx, in_spx_points
    from alvh.study.model_error.spx import score_spx

    history = load_history(data).history
    quoted = [chain for chain in load_chains(Path(chains), QualityLog()) if chain.underlying == "SPX"]
    # Barchart's files hold one or two expiries of a session and few strikes; XSP is not what the indices are made of.
    whole = [chain for chain in quoted if not chain.source.startswith("Barchart") and in_spx_points(chain)[1] == "SPX"]
    found = [gather_spx(chain, history) for chain in whole]
    scored = [one for one in found if not isinstance(one, Refusal)]
    known = Levels(
        sessions=np.array([one.session for one in scored], dtype=np.int64),
        spx=np.array([one.inputs.spot for one in scored]),
        levels=np.array([one.inputs.levels for one in scored]).reshape(-1, 4),
        skew=np.array([one.inputs.skew for one in scored]),
    )
    months = np.array([iso(int(day))[:7] for day in known.sessions])
    rows = []
    flat = STUDY_SHAPE.copy()
    flat[3] = 0.0
    for name, model, shape, listed in (
        ("clean, through the listed expiries", "clean", CLEAN_SHAPE, True),
        ("clean, at the very terms", "clean", CLEAN_SHAPE, False),
        ("study (join and calendar not clean)", "study", STUDY_SHAPE, False),
        ("study with a constant tilt (no calendar arbitrage)", "study", flat, False),
    ):
        cell = [name]
        for blend in (0.0, 0.5, 1.0):
            b_range = MODELS[model][1]
            days = known.sessions if listed else None
            made = calibrate(known.spx, known.levels, known.skew, blend=blend, shape=shape, b_range=b_range, sessions=days)
            square = np.array([score_spx(one, made, k).rms() ** 2 for k, one in enumerate(scored)])
            regimes = [float(np.mean(square[months == month])) for month in np.unique(months)]
            cell.append(f"{100.0 * np.sqrt(np.mean(regimes)):.2f}")
        rows.append(cell)
    print(f"{len(scored)} sessions of {len(np.unique(months))} months, each month equal; rms relative vol at 11 deltas, %.\n")
    table(["surface", "blend 0", "blend 0.5", "blend 1"], rows)


def main() -> int:
    shared = Path(__file__).resolve().parents[2] / "shared"
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=str(shared / "market"))
    parser.add_argument("--chains", default=str(shared / "chains"))
    parser.add_argument("--chains-alone", action="store_true", help="print the last table alone")
    options = parser.parse_args()
    if options.chains_alone:
        chain_cost(options.chains, options.data)
        return 0
    known = load(options.data)
    complete = (known.sessions >= FULL) & np.isfinite(known.published()).all(axis=1)
    print("## Repricing\n")
    repricing(known.rows(complete), "2011-2026, all five inputs")
    early = known.rows(np.isfinite(known.levels[:, 1]) & np.isfinite(known.skew))
    bare = early.levels.copy()
    bare[:, 0] = np.nan
    repricing(Levels(sessions=early.sessions, spx=early.spx, levels=bare, skew=early.skew), "2008-2026, without VIX9D")
    print("## Arbitrage\n")
    arbitrage(known)
    print("## States, 2008-2026\n")
    states(known)
    print("## Fallbacks\n")
    fallbacks(known.rows(complete))
    if Path(options.chains).is_dir():
        print("## What the conditions cost on real chains\n")
        chain_cost(options.chains, options.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
