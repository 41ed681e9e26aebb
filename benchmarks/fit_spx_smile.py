"""Fit the SPX smile's coefficients leaving each regime out, compare it with other shapes, and print the tables as Markdown.

``python -m benchmarks.fit_spx_smile [--chains ../shared/chains] [--market ../shared/market]`` prints what
docs/reference/model-errors.md says of the fit. Inputs are the published index levels where they exist and the quotes are of the
close, else those computed from the chain; every regime weighs the same. It changes no file and takes about two minutes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.ssvi import Ssvi, calibrate_ssvi
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alvh.core.days import iso
from alvh.data.chains import load_chains
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.kernels.smile import CLEAN, STUDY
from alvh.models.spx_calibration import Calibration
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE, STUDY_B_RANGE, STUDY_SHAPE
from alvh.study.model_error.run import Refusal, calibrate_sessions, gather_spx, in_spx_points
from alvh.study.model_error.spx import LABELS, TERMS_DAYS, SpxScore, SpxSession, Surface, score_spx
from alvh.study.model_error.summary import level_error, regimes, weighted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLEND = "lambda"
FORM = 8
"""Place of the form in a shape."""
B_RANGE = {CLEAN: CLEAN_B_RANGE, STUDY: STUDY_B_RANGE}
PLACE = {"mu": 0, "s": 1, "d0": 2, "d1": 3, "B": 11}
START = {"mu": 1.15, "s": 0.46, "d0": 0.03, "d1": -0.03, "B": 0.3, BLEND: 0.5}
SCALE = {"mu": 0.3, "s": 0.2, "d0": 0.03, "d1": 0.02, "B": 0.03, BLEND: 0.3}
LOW = {"mu": 0.3, "s": 0.05, "d0": -0.1, "d1": -0.15, "B": 0.15, BLEND: 0.0}
HIGH = {"mu": 2.0, "s": 1.2, "d0": 0.15, "d1": 0.05, "B": 0.45, BLEND: 1.0}
SETS: tuple[tuple[str, ...], ...] = (
    ("B",),
    ("B", BLEND),
    ("d0", "d1", "B"),
    ("mu", "s", "d0", "d1", "B"),
    ("mu", "s", "d0", "d1", "B", BLEND),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Every quoted point (points,) of the sessions: its session row, time, ln(K/F), market vol, and weight (regimes equal)."""

    sessions: tuple[SpxSession, ...]
    regime: Ints
    row: Ints
    years: Floats
    log_money: Floats
    market: Floats
    weight: Floats
    spot: Floats
    levels: Floats

    def rows_of(self, chosen: Ints) -> Ints:
        """Session rows of the chosen regimes."""
        return np.flatnonzero(np.isin(self.regime, chosen))


def make_sample(sessions: Sequence[SpxSession]) -> Sample:
    """Put the sessions' points into arrays."""
    regime = np.array(regimes([session.session for session in sessions]))
    row, years, money, market = [], [], [], []
    for i, session in enumerate(sessions):
        known = ~np.isnan(session.market)
        row.append(np.full(int(known.sum()), i))
        years.append(np.repeat(session.years(), len(LABELS)).reshape(known.shape)[known])
        money.append(session.log_money[known])
        market.append(session.market[known])
    rows = np.concatenate(row).astype(np.int64)
    per_session, per_regime = np.bincount(rows), np.bincount(regime)
    return Sample(
        sessions=tuple(sessions),
        regime=regime,
        row=rows,
        years=np.concatenate(years),
        log_money=np.concatenate(money),
        market=np.concatenate(market),
        weight=1.0 / np.sqrt(per_session[rows] * per_regime[regime[rows]]),
        spot=np.array([session.inputs.spot for session in sessions]),
        levels=np.array([session.inputs.levels for session in sessions]),
    )


def surface_of(sample: Sample, rows: Ints, names: Sequence[str], values: Floats, base: Floats) -> Calibration:
    """Calibrate the sessions ``rows`` with some coefficients replaced."""
    shape, blend = base.copy(), START[BLEND]
    for name, value in zip(names, values, strict=True):
        if name == BLEND:
            blend = float(value)
        else:
            shape[PLACE[name]] = value
    sessions = [sample.sessions[i] for i in rows.tolist()]
    return calibrate_sessions(sessions, blend=blend, shape=shape, b_range=B_RANGE[float(base[FORM])])


def residuals(sample: Sample, chosen: Ints, surface: Surface, rows: Ints) -> Floats:
    """Weighted relative vol errors of the chosen regimes: their squares sum to the mean square over regimes."""
    place = np.full(len(sample.sessions), -1, dtype=np.int64)
    place[rows] = np.arange(rows.size)
    mine = np.isin(sample.row, rows)
    model = surface.vols(place[sample.row[mine]], sample.years[mine], sample.log_money[mine])
    return (model / sample.market[mine] - 1.0) * sample.weight[mine] / math.sqrt(len(chosen))


def fit(sample: Sample, chosen: Ints, names: Sequence[str], base: Floats) -> Floats:
    """Least squares of the named coefficients over the chosen regimes."""
    rows = sample.rows_of(chosen)

    def error(values: Floats) -> Floats:
        return residuals(sample, chosen, surface_of(sample, rows, names, values, base), rows)

    found = least_squares(
        error,
        [START[name] for name in names],
        bounds=([LOW[name] for name in names], [HIGH[name] for name in names]),
        x_scale=[SCALE[name] for name in names],
        diff_step=1e-3,
        ftol=1e-5,
        xtol=1e-4,
        max_nfev=25,
    )
    return np.asarray(found.x)


def rms_of(sample: Sample, chosen: Ints, names: Sequence[str], values: Floats, base: Floats) -> float:
    """Root mean square over the chosen regimes, per cent."""
    rows = sample.rows_of(chosen)
    return 100.0 * math.sqrt(float((residuals(sample, chosen, surface_of(sample, rows, names, values, base), rows) ** 2).sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A fit to all regimes, its in-sample rms, the coefficients of each fold, and every session scored by the fold without it."""

    full: Floats
    in_sample: float
    folds: Floats
    scores: tuple[SpxScore, ...]


def leave_one_out(sample: Sample, names: Sequence[str], base: Floats) -> LeftOut:
    """Fit without each regime in turn and score that regime."""
    everything = np.unique(sample.regime)
    full = fit(sample, everything, names, base)
    folds, scores = [], {}
    for one in everything:
        values = fit(sample, everything[everything != one], names, base)
        folds.append(values)
        rows = sample.rows_of(np.array([one]))
        surface = surface_of(sample, rows, names, values, base)
        for place, i in enumerate(rows.tolist()):
            scores[i] = score_spx(sample.sessions[i], surface, place)
    return LeftOut(
        full=full,
        in_sample=rms_of(sample, everything, names, full, base),
        folds=np.array(folds),
        scores=tuple(scores[i] for i in range(len(sample.sessions))),
    )


def averages(scores: Sequence[SpxScore], regime: Ints) -> str:
    """rms | credit 30, 45 | put side 30, 45 | call side 30, 45: mean sizes over regimes, per cent."""
    rms = 100.0 * math.sqrt(weighted([float(np.nanmean(score.relative**2)) for score in scores], regime.tolist()))
    parts = [f"{rms:.2f}"]
    for errors in ([s.credit for s in scores], [s.put_side for s in scores], [s.call_side for s in scores]):
        sizes = [
            100.0 * weighted([abs(s.at_term(e, term)) for s, e in zip(scores, errors, strict=True)], regime.tolist())
            for term in TERMS_DAYS
        ]
        parts.append(" / ".join(f"{size:.1f}" for size in sizes))
    return " | ".join(parts)


HEAD = "rms, % | credit 30 / 45 d, % | put side | call side |"


def print_scores(sample: Sample, base: Floats, label: str) -> None:
    """The shape as it is: per regime and in all, at three blends."""
    print(f"\n{label}\n\n| λ | {HEAD}\n|---|---|---|---|---|")
    for blend in (0.0, 0.5, 1.0):
        surface = calibrate_sessions(sample.sessions, blend=blend, shape=base, b_range=B_RANGE[float(base[FORM])])
        scores = [score_spx(session, surface, i) for i, session in enumerate(sample.sessions)]
        print(f"| {blend:g} | {averages(scores, sample.regime)} |")


def print_folds(sample: Sample, base: Floats, label: str) -> LeftOut:
    """Leave-one-out of every set of coefficients; returns that of the first."""
    print(f"\nLeave one regime out, {label}\n\n| fitted | in sample | {HEAD} all regimes | range over folds |")
    print("|---|---|---|---|---|---|---|---|")
    first = None
    for names in SETS:
        found = leave_one_out(sample, names, base)
        first = first or found
        full = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, found.full, strict=True))
        spread = ", ".join(
            f"{name} {low:.3f} to {high:.3f}"
            for name, low, high in zip(names, found.folds.min(axis=0), found.folds.max(axis=0), strict=True)
        )
        print(f"| {', '.join(names)} | {found.in_sample:.2f} | {averages(found.scores, sample.regime)} | {full} | {spread} |")
    assert first is not None
    return first


def print_each(sample: Sample, found: LeftOut) -> None:
    """Each regime scored by the fold without it, and the error of the level."""
    print(f"\nEach regime by the fold without it\n\n| first session | n | inputs | B | {HEAD} {' | '.join(LABELS)} |")
    print("|---|---|---|---|---|---|---|---|" + "---|" * len(LABELS))
    for number, one in enumerate(np.unique(sample.regime)):
        mine = [found.scores[i] for i in sample.rows_of(np.array([one])).tolist()]
        first = mine[0].session
        points = np.nanmean([np.nanmean(score.vol_points, axis=0) for score in mine], axis=0)
        cells = " | ".join(f"{value:+.2f}" for value in points)
        kinds = "/".join(sorted({score.session.inputs.kind for score in mine}, reverse=True))
        same = np.zeros(len(mine), dtype=np.int64)
        start = f"| {iso(first.session)} | {len(mine)} | {kinds} | {found.folds[number][0]:.3f}"
        print(f"{start} | {averages(mine, same).replace('nan', '–')} | {cells} |")
    print("\nRelative level error left out, %\n\n| | mean | mean size | root mean square | worst |\n|---|---|---|---|---|")
    for name, row in level_error(found.scores, sample.regime.tolist()).items():
        assert isinstance(row, dict)
        print(f"| {name} | " + " | ".join(f"{row[key]:+.1f}" for key in ("mean", "mean_abs", "sd", "worst")) + " |")


def print_halves(sample: Sample, base: Floats) -> None:
    """Fit on one half of the regimes, test on the other."""
    everything = np.unique(sample.regime)
    middle = (everything.size + 1) // 2
    splits = (
        ("odd, even", everything[::2], everything[1::2]),
        ("even, odd", everything[1::2], everything[::2]),
        ("early, late", everything[:middle], everything[middle:]),
        ("late, early", everything[middle:], everything[:middle]),
    )
    print(
        "\nHalves: rms on the half that was fitted and on the other, %\n\n| fitted | halves | fitted half | other half | values |"
    )
    print("|---|---|---|---|---|")
    for names in (SETS[0], SETS[3]):
        for label, near, far in splits:
            values = fit(sample, near, names, base)
            said = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, values, strict=True))
            here, there = (rms_of(sample, chosen, names, values, base) for chosen in (near, far))
            print(f"| {', '.join(names)} | {label} | {here:.2f} | {there:.2f} | {said} |")


def print_ssvi(sample: Sample) -> None:
    """SSVI of one rho and one slope for all days, fitted leaving each regime out."""
    everything = np.unique(sample.regime)

    def solve(chosen: Ints) -> Floats:
        rows = sample.rows_of(chosen)

        def error(values: Floats) -> Floats:
            return residuals(sample, chosen, calibrate_ssvi(sample.spot[rows], sample.levels[rows], *values.tolist()), rows)

        found = least_squares(error, [-0.7, 1.0], bounds=([-0.95, 0.2], [-0.1, 1.1]), diff_step=1e-3, ftol=1e-4, max_nfev=12)
        return np.asarray(found.x)

    def scores(values: Floats, rows: Ints) -> list[SpxScore]:
        surface: Ssvi = calibrate_ssvi(sample.spot[rows], sample.levels[rows], *values.tolist())
        return [score_spx(sample.sessions[i], surface, place) for place, i in enumerate(rows.tolist())]

    rows = np.arange(len(sample.sessions))
    print(f"\nSSVI\n\n| | {HEAD}\n|---|---|---|---|---|")
    print(f"| rho -.7, slope 1 | {averages(scores(np.array([-0.7, 1.0]), rows), sample.regime)} |")
    full = solve(everything)
    print(f"| fitted in sample: rho {full[0]:.2f}, slope {full[1]:.2f} | {averages(scores(full, rows), sample.regime)} |")
    out: list[SpxScore] = []
    for one in everything:
        out += scores(solve(everything[everything != one]), sample.rows_of(np.array([one])))
    print(f"| fitted, leave one regime out | {averages(out, sample.regime)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=Path, default=Path("../shared/chains"))
    parser.add_argument("--market", type=Path, default=Path("../shared/market"))
    options = parser.parse_args()
    history = load_history(options.market).history
    sessions = []
    for chain in load_chains(options.chains, QualityLog()):
        if chain.underlying != "SPX" or in_spx_points(chain)[1] != "SPX":
            continue
        found = gather_spx(chain, history)
        if not isinstance(found, Refusal) and found.inputs.verified:
            sessions.append(found)
    sample = make_sample(sessions)
    print(f"{len(sessions)} sessions, {int(sample.regime.max()) + 1} regimes, {sample.row.size} points")
    for label, base in (("shipped coefficients", CLEAN_SHAPE), ("surfaces.md 2.1 as printed", STUDY_SHAPE)):
        print_scores(sample, base, label)
    print_each(sample, print_folds(sample, CLEAN_SHAPE, "shipped wings"))
    print_folds(sample, STUDY_SHAPE, "the study's wings")
    print_halves(sample, CLEAN_SHAPE)
    print_ssvi(sample)


if __name__ == "__main__":
    main()
