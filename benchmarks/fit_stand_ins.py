"""Refit the stand-in models, measure every approximation of forwards and settlements, and print both as Markdown.

``python -m benchmarks.fit_stand_ins [--market ../shared/market]`` prints the coefficients that ``alvh.models.stand_ins`` and
``alvh.models.vx_curve`` hold and the tables of docs/reference/model-errors.md. It changes no file.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import to_day
from alvh.market.forwards import CURVE_DAYS, vix_forwards
from alvh.market.history import Bools, Floats, History, VxTable
from alvh.market.settlement import real_vix_open, soq_reconstruction
from alvh.models.stand_ins import MODELS, predict
from alvh.models.vx_curve import curve_points, ewma

SPLITS = (
    ("fit to 2019, test from 2020", date(2019, 12, 31), False),
    ("fit to 2016, test from 2017", date(2016, 12, 31), False),
    ("fit from 2017, test to 2016", date(2016, 12, 31), True),
)
ERAS = ((2007, 2009), (2010, 2013), (2014, 2018), (2019, 2021), (2022, 2026))
FIT_FROM = to_day(date(2007, 1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Least squares of one target: coefficients, fit over all sessions, and (label, sd, bias) for each split and each era."""

    name: str
    coefficients: Floats
    sessions: int
    r2: float
    sd: float
    out_of_sample: tuple[tuple[str, float, float], ...]
    eras: tuple[tuple[str, float, float], ...]
    fade: tuple[float, ...]
    """Share of a residual that is left after 1, 5, 21 and 63 sessions."""
    after_gap_sd: tuple[float, ...]
    """Error sd of the model after a known value 1, 5, 21 and 63 sessions earlier, its residual carried by that share."""


GAPS = (1, 5, 21, 63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Relative errors of an approximation against known values."""

    name: str
    count: int
    bias: float
    median: float
    p90: float
    rmse: float
    worst: float

    @staticmethod
    def of(name: str, estimate: Floats, truth: Floats) -> Errors:
        error = estimate / truth - 1.0
        size = np.abs(error)
        return Errors(
            name=name,
            count=error.size,
            bias=float(error.mean()),
            median=float(np.median(size)),
            p90=float(np.quantile(size, 0.9)),
            rmse=float(np.sqrt((error**2).mean())),
            worst=float(size.max()),
        )


def years(history: History) -> NDArray[np.int64]:
    """(sessions,) calendar year."""
    return history.sessions.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def fit(name: str, target: Floats, features: Floats, history: History) -> Fit:
    """Least squares of ``target`` (sessions,) on ``features`` (sessions, k) from 2007, whole and split."""
    use = np.isfinite(target) & np.isfinite(features).all(axis=1) & (history.sessions >= FIT_FROM)

    def solve(rows: Bools) -> Floats:
        return np.asarray(np.linalg.lstsq(features[rows], target[rows], rcond=None)[0])

    coefficients = solve(use)
    residual = np.where(use, target - features @ coefficients, np.nan)
    splits = []
    for label, cut, reverse in SPLITS:
        early = history.sessions <= to_day(cut)
        train, test = (use & ~early, use & early) if reverse else (use & early, use & ~early)
        if train.sum() < 250 or test.sum() < 250:
            continue
        error = target[test] - features[test] @ solve(train)
        splits.append((label, float(error.std()), float(error.mean())))
    year = years(history)
    eras = []
    for first, last in ERAS:
        rows = use & (year >= first) & (year <= last)
        if rows.sum() >= 250:
            eras.append((f"{first}-{last}", float(residual[rows].std()), float(residual[rows].mean())))
    fade, after = [], []
    for gap in GAPS:
        before, now = residual[:-gap], residual[gap:]
        both = np.isfinite(before) & np.isfinite(now)
        share = float((before[both] * now[both]).mean() / (before[both] ** 2).mean())
        fade.append(share)
        after.append(float((now[both] - share * before[both]).std()))
    return Fit(
        name=name,
        coefficients=coefficients,
        sessions=int(use.sum()),
        r2=float(1.0 - residual[use].var() / target[use].var()),
        sd=float(residual[use].std()),
        out_of_sample=tuple(splits),
        eras=tuple(eras),
        fade=tuple(fade),
        after_gap_sd=tuple(after),
    )


def constant_maturity(history: History, days: float) -> Floats:
    """(sessions,) ln F at ``days``, interpolated between spot and the monthlies; NaN beyond the last monthly."""
    column = np.flatnonzero(history.vx.monthly)
    out = np.full(history.sessions.size, np.nan)
    tau = history.vx.expiry[column][None, :] - history.sessions[:, None]
    for i in range(out.size):
        known = (history.vx.settle[i, column] > 0.0) & (tau[i] > 0)
        if known.sum() < 2 or tau[i][known][-1] < days:
            continue
        x = np.r_[0.0, tau[i][known]]
        y = np.log(np.r_[history.vix_close[i], history.vx.settle[i, column][known]])
        out[i] = np.interp(days, x, y)
    return out


def curve_fits(history: History) -> tuple[Fit, ...]:
    """The VX curve model, one fit per maturity."""
    slow = np.log(ewma(history.vix_close))
    features = np.column_stack([np.ones_like(slow), np.log(history.vix_close), slow])
    return tuple(fit(f"VX {days:.0f} days", constant_maturity(history, days), features, history) for days in CURVE_DAYS)


def stand_in_fits(history: History) -> tuple[Fit, ...]:
    """The stand-in models; SKEW is fitted by its median, the others by least squares."""
    out = []
    for model in MODELS:
        values: Floats = getattr(history, model.input)
        known = np.where(history.modelled[model.input], np.nan, values) if model.input in history.modelled else values
        if model.logs:
            out.append(fit(model.input, np.log(known), model.features(history.vix_close), history))
            continue
        plain = fit(model.input, known, model.features(history.vix_close), history)
        median = float(np.nanmedian(known[history.sessions >= FIT_FROM]))
        shift = plain.coefficients[0] - median
        out.append(
            replace(
                plain,
                coefficients=np.array([median]),
                sd=float(np.hypot(plain.sd, shift)),
                eras=tuple((label, sd, bias + shift) for label, sd, bias in plain.eras),
            )
        )
    return tuple(out)


def interpolation_errors(history: History, least_volume: float) -> Errors:
    """Rule 2 against the settlements of weeklies that traded at least ``least_volume`` contracts that session."""
    vx = history.vx
    column = np.flatnonzero(~vx.monthly)
    made = vix_forwards(
        history,
        expiry=vx.expiry[column],
        monthly=np.zeros(column.size, dtype=np.bool_),
        weekly_min_volume=np.inf,
        curve_points=curve_points(history.vix_close),
    )
    truth = vx.settle[:, column]
    rows = (truth > 0.0) & (made.source == 2) & (vx.volume[:, column] >= least_volume)
    return Errors.of(f"weeklies, {least_volume:g} contracts or more", made.forward[rows], truth[rows])


def hidden_errors(history: History, *, keep_days: float, bands: tuple[tuple[int, int], ...]) -> Iterator[Errors]:
    """Monthlies further than ``keep_days`` hidden and made again; by days to expiry. 0 hides all: the curve model alone."""
    vx = history.vx
    tau = vx.expiry[None, :] - history.sessions[:, None]
    hidden = replace(history, vx=replace(vx, settle=np.where(tau <= keep_days, vx.settle, np.nan)))
    column = np.flatnonzero(vx.monthly)
    made = vix_forwards(
        hidden, expiry=vx.expiry[column], monthly=vx.monthly[column], curve_points=curve_points(history.vix_close)
    )
    truth, days = vx.settle[:, column], tau[:, column]
    for low, high in bands:
        rows = (truth > 0.0) & np.isfinite(made.forward) & (days >= max(low, keep_days + 1)) & (days <= high)
        rows &= (history.sessions >= FIT_FROM)[:, None]
        yield Errors.of(f"{low}-{high} days", made.forward[rows], truth[rows])


def vro_errors(history: History) -> Iterator[tuple[Errors, float]]:
    """Stand-ins for VRO against the published values: weights of the VIX open with the previous close, and RMSE in points."""
    place = {int(day): i for i, day in enumerate(history.sessions)}
    real = real_vix_open(history)
    rows = [(place[day], value[0]) for day, value in sorted(history.vro.items()) if place.get(day, 0) > 0 and day >= FIT_FROM]
    at, truth = np.array([i for i, _ in rows]), np.array([value for _, value in rows])
    usable = real[at]
    opened, previous = history.vix_open[at], history.vix_close[at - 1]
    for weight in (1.0, 0.9, 0.8, 0.7, 0.5, 0.0):
        made = opened[usable] ** weight * previous[usable] ** (1.0 - weight)
        name = {1.0: "VIX open", 0.0: "previous close"}.get(weight, f"open^{weight:g} x previous close^{1 - weight:g}")
        yield Errors.of(name, made, truth[usable]), float(np.sqrt(((made - truth[usable]) ** 2).mean()))
    if (~usable).any():
        made = previous[~usable]
        yield (
            Errors.of("previous close, no usable open", made, truth[~usable]),
            float(np.sqrt(((made - truth[~usable]) ** 2).mean())),
        )


def soq_distance(history: History) -> Iterator[tuple[str, float, float]]:
    """(name, median, sd) of the distance to the full SOQ reconstruction, basis points: reduced form, open, close."""
    full = soq_reconstruction(history)
    rows = (full.form == 0) & (history.sessions >= FIT_FROM)
    reduced = soq_reconstruction(replace(history, vix_open=np.full(history.sessions.size, np.nan)))
    for name, value in (("without VIX open", reduced.value), ("SPX open", history.spx_open), ("SPX close", history.spx_close)):
        gap = 1e4 * np.log(value[rows] / full.value[rows])
        yield name, float(np.median(np.abs(gap))), float(gap.std())


def without_vx(history: History) -> History:
    """The same history with no VX at all."""
    n = history.sessions.size
    none = VxTable(
        expiry=np.empty(0, dtype=np.int64),
        monthly=np.empty(0, dtype=np.bool_),
        settle=np.empty((n, 0)),
        volume=np.empty((n, 0)),
        open=np.empty((n, 0)),
    )
    return replace(history, vx=none)


def _print_fits(title: str, fits: tuple[Fit, ...], scale: float) -> None:
    print(f"\n## {title}\n")
    for one in fits:
        numbers = np.array2string(one.coefficients, precision=4)
        print(f"* {one.name}: {numbers}; {one.sessions} sessions, R2 {one.r2:.3f}, sd {one.sd * scale:.1f}")
        for label, sd, bias in one.out_of_sample + one.eras:
            print(f"    * {label}: sd {sd * scale:.1f}, bias {bias * scale:+.1f}")
        rows = zip(GAPS, one.fade, one.after_gap_sd, strict=True)
        carried = ", ".join(f"{gap}: {share:.3f} (sd {sd * scale:.1f})" for gap, share, sd in rows)
        print(f"    * residual left after sessions: {carried}")


def _print_errors(title: str, rows: Iterator[Errors] | tuple[Errors, ...]) -> None:
    print(f"\n## {title} (per cent)\n\n| | n | bias | median | p90 | rmse | worst |\n|---|---|---|---|---|---|---|")
    for row in rows:
        numbers = " | ".join(f"{100 * x:.1f}" for x in (row.median, row.p90, row.rmse, row.worst))
        print(f"| {row.name} | {row.count} | {100 * row.bias:+.1f} | {numbers} |")


def report(history: History) -> None:
    """Print every figure."""
    fits = stand_in_fits(history)
    _print_fits("Stand-ins in logs (per cent)", tuple(one for one in fits if one.name != "skew"), 100.0)
    _print_fits("SKEW (points)", tuple(one for one in fits if one.name == "skew"), 1.0)
    _print_fits("VX curve model", curve_fits(history), 100.0)
    _print_errors("Interpolated forwards", tuple(interpolation_errors(history, least) for least in (0.0, 10.0, 100.0)))
    bands = ((1, 14), (15, 45), (46, 75), (76, 105), (106, 150), (151, 270))
    _print_errors("Curve model as used, all VX hidden", hidden_errors(history, keep_days=0, bands=bands))
    _print_errors("Flat beyond 150 days", hidden_errors(history, keep_days=150, bands=((151, 180), (181, 210), (211, 270))))
    pairs = list(vro_errors(history))
    _print_errors("VRO", tuple(errors for errors, _ in pairs))
    print("\nRMSE in points: " + "; ".join(f"{errors.name} {points:.2f}" for errors, points in pairs))
    print("\n## Distance to the full SOQ reconstruction (basis points)\n")
    for name, median, sd in soq_distance(history):
        print(f"* {name}: median {median:.0f}, sd {sd:.0f}")
    check = {model.input: float(np.nanmedian(predict(model, history.vix_close))) for model in MODELS}
    print("\nMedian of the coded models: " + ", ".join(f"{name} {value:.1f}" for name, value in check.items()))


def main() -> None:
    """Read the history and print."""
    from alvh.data.load import load_history

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/market")
    report(load_history(parser.parse_args().market).history)


if __name__ == "__main__":
    main()
