"""Half-spreads of real SPX and VIX quotes, and how the rule of ``alvh.models.spreads`` and simple alternatives fit them.

``python -m benchmarks.fit_spreads [--chains ../shared/chains] [--data ../shared/market] [--write]`` prints the tables of
docs/reference/half-spreads.md; ``--write`` puts them into that page between its markers. Every alternative is scored on months
that its coefficients have not seen.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
from benchmarks.spread_forms import FIRST_2013, FORMS, Form, Sample, bounded, errors, fitted
from benchmarks.spread_legs import Legs, measured_legs
from numpy.typing import NDArray

from alvh.core.days import iso, to_day
from alvh.models.spreads import CASE_FACTOR, half_spread, stress

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "half-spreads.md"
BEGIN, END = "<!-- tables of benchmarks/fit_spreads.py: begin -->", "<!-- end -->"
DELTAS = (0.03, 0.08, 0.13, 0.20, 0.30, 0.52)
"""Edges of the delta groups; legs outside are not scored."""
SPX_DTE, NEAREST_DTE = (7, 65), (4, 11)
"""Days to expiry scored: full chains, and chains of the nearest expiries alone."""
VIX_DELTAS, VIX_DTE = (0.08, 0.45), (7, 125)
CONDOR, CONDOR_SLACK, CONDOR_DTE = np.array([-0.16, -0.05, 0.16, 0.05]), 0.03, (28, 50)
"""Deltas of the condor's legs (short and long put, short and long call), how far a leg may be off, and days to expiry."""
A_GROUP = 8
"""Legs a date and group that a fit looks at (evenly spaced): all of them change the third digit and take ten times as long."""


def spx_sample(legs: Legs) -> Sample:
    """SPX legs of the scored deltas and terms."""
    low, high = np.where(legs.nearest, NEAREST_DTE[0], SPX_DTE[0]), np.where(legs.nearest, NEAREST_DTE[1], SPX_DTE[1])
    size = np.abs(legs.delta)
    kept = ~legs.is_vix & (size >= DELTAS[0]) & (size < DELTAS[-1]) & (legs.dte >= low) & (legs.dte <= high)
    legs = legs.rows(kept)
    month = np.array([_month(day) for day in legs.session.tolist()])
    group = np.digitize(np.abs(legs.delta), DELTAS) + 10 * (legs.delta > 0.0)
    weight = np.ones(len(month))
    for key in (legs.session * 100 + group, legs.session):
        _, where = np.unique(key, return_inverse=True)
        weight /= np.bincount(where, weight)[where]
    dates = {name: len(np.unique(legs.session[month == name])) for name in np.unique(month)}
    return Sample(legs=legs, month=month, weight=weight / np.array([dates[name] for name in month]))


def _month(day: int) -> str:
    """The month of a session; the ten sessions of 2026-07-22 to 08-05 are one."""
    return "2026-07" if iso(day) >= "2026-07" else iso(day)[:7]


def thinned(sample: Sample) -> Sample:
    """At most ``A_GROUP`` legs a date, delta group and side, their weight unchanged in sum."""
    legs = sample.legs
    group = legs.session * 100 + np.digitize(np.abs(legs.delta), DELTAS) + 10 * (legs.delta > 0.0)
    kept = np.zeros(group.size, dtype=np.bool_)
    weight = sample.weight.copy()
    for key in np.unique(group):
        rows = np.flatnonzero(group == key)
        taken = rows[np.unique(np.linspace(0, rows.size - 1, min(A_GROUP, rows.size)).astype(np.int64))]
        kept[taken] = True
        weight[taken] *= rows.size / taken.size
    return Sample(legs=legs, month=sample.month, weight=weight).rows(kept)


def ruled(legs: Legs) -> Floats:
    """The half-spread of the shipped rule for every leg, points."""
    columns = (legs.mid, legs.tick, legs.vix, legs.session, legs.is_vix, legs.weekly)
    return np.array(
        [
            half_spread(mid, tick, vix, int(day), is_vix=bool(is_vix), weekly=bool(weekly))[0]
            for mid, tick, vix, day, is_vix, weekly in zip(*(column.tolist() for column in columns), strict=True)
        ]
    )


def unseen_errors(form: Form, sample: Sample, whole: Floats) -> Floats:
    """Errors of every leg under coefficients of the other months; January 2011 alone knows its era, so it is left out (NaN)."""
    out = np.full(sample.month.size, np.nan)
    for name in np.unique(sample.month):
        held = sample.month == name
        if sample.legs.session[held][0] >= FIRST_2013:
            p = fitted(form, sample.rows(~held), whole)
            legs = sample.legs.rows(held)
            out[held] = errors(bounded(form.value(p, legs), legs), legs)
    return out


def _line(name: str, sample: Sample, error: Floats) -> str:
    return (
        f"| {name} | {sample.mean(np.abs(error)):.3f} | {sample.quantile(np.abs(error), [0.5])[0]:.3f} "
        f"| {100.0 * sample.mean(error):+.0f} % |"
    )


def form_table(sample: Sample) -> list[str]:
    """Shipped rule and alternatives, all months and unseen months since 2013."""
    small = thinned(sample)
    late = small.legs.session >= FIRST_2013
    shipped = errors(ruled(small.legs), small.legs)
    head = "| rule | mean \\|ln error\\| | median | bias |\n|---|---|---|---|"
    seen, unseen = [_line("shipped", small, shipped)], [_line("shipped", small.rows(late), shipped[late])]
    for form in FORMS:
        p = fitted(form, small, form.start)
        seen.append(_line(form.name, small, errors(bounded(form.value(p, small.legs), small.legs), small.legs)))
        unseen.append(_line(form.name, small.rows(late), unseen_errors(form, small, p)[late]))
    return [
        "Fitted on all months, scored on all:",
        "",
        head,
        *seen,
        "",
        "Scored on the month left out (since 2013):",
        "",
        head,
        *unseen,
    ]


def date_table(sample: Sample) -> list[str]:
    """One line a date: what was quoted, and the rule beside it."""
    legs = sample.legs
    ratio = -errors(ruled(legs), legs)
    lines = [
        "| session | VIX | legs | 5 Δ | 10 Δ | 16 Δ | 25 Δ | 40 Δ | observed / rule | mean \\|ln error\\| |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    group = np.digitize(np.abs(legs.delta), DELTAS)
    for day in np.unique(legs.session).tolist():
        own = legs.session == day
        halves = [f"{np.median(legs.half[own & (group == i)]):.3f}" for i in range(1, len(DELTAS))]
        part = sample.rows(own)
        mark = "*" if legs.nearest[own][0] else ""
        lines.append(
            f"| {iso(day)}{mark} | {legs.vix[own][0]:.1f} | {int(own.sum())} | " + " | ".join(halves) + " | "
            f"{np.exp(part.quantile(ratio[own], [0.5])[0]):.2f} | {part.mean(np.abs(ratio[own])):.2f} |"
        )
    return lines


def group_table(sample: Sample) -> list[str]:
    """Observed over ruled half-spread since 2013 by everything that the rule might have missed."""
    sample = sample.rows(sample.legs.session >= FIRST_2013)
    legs = sample.legs
    ratio = -errors(ruled(legs), legs)
    cuts: list[tuple[str, Floats, tuple[float, ...]]] = [
        ("delta", np.abs(legs.delta), DELTAS),
        ("price, points", legs.mid, (0.0, 3.0, 10.0, 30.0, 100.0, 400.0)),
        ("VIX", legs.vix, (10.0, 15.0, 18.0, 21.0, 25.0, 32.0)),
        ("days", legs.dte.astype(np.float64), (4.0, 7.0, 14.0, 21.0, 35.0, 50.0, 66.0)),
    ]
    lines = ["| by | from | to | legs | observed / rule, median | mean \\|ln error\\| |", "|---|---|---|---|---|---|"]
    for name, values, edges in cuts:
        for low, high in pairwise(edges):
            own = (values >= low) & (values < high)
            lines.append(f"| {name} | {low:g} | {high:g} | " + _cell(sample, ratio, own))
    for name, own in (
        ("monthlies", ~legs.weekly),
        ("weeklies", legs.weekly),
        ("puts", legs.delta < 0.0),
        ("calls", legs.delta > 0.0),
    ):
        lines.append(f"| {name} | | | " + _cell(sample, ratio, own))
    return lines


def _cell(sample: Sample, ratio: Floats, own: Bools) -> str:
    part = sample.rows(own)
    return f"{int(own.sum())} | {np.exp(part.quantile(ratio[own], [0.5])[0]):.2f} | {part.mean(np.abs(ratio[own])):.2f} |"


def case_table(sample: Sample) -> list[str]:
    """Deciles of observed over ruled, and how many legs lie within a range of cases, deciles taken from the other months."""
    legs = sample.legs
    ratio = -errors(ruled(legs), legs)
    shares = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    lines = ["| observed / rule | " + " | ".join(f"{100 * q:.0f} %" for q in shares) + " |", "|---" * (len(shares) + 1) + "|"]
    days = np.unique(legs.session)
    medians = np.array([sample.rows(legs.session == day).quantile(ratio[legs.session == day], [0.5])[0] for day in days])
    months = np.array([_month(day) for day in days.tolist()])
    by_date = Sample(legs=legs, month=months, weight=np.array([1.0 / (months == name).sum() for name in months]))
    for label, part, values in (("legs", sample, ratio), ("medians of dates", by_date, medians)):
        lines.append(f"| {label} | " + " | ".join(f"{x:.2f}" for x in np.exp(part.quantile(values, shares))) + " |")
    ends, inside = [], []
    for name in np.unique(sample.month):
        held = sample.month == name
        low, high = sample.rows(~held).quantile(ratio[~held], [0.1, 0.9])
        ends.append((low, high))
        inside.append(sample.rows(held).mean(((ratio >= low) & (ratio <= high))[held].astype(np.float64)))
    lows, highs = np.exp(np.array(ends)).T
    era = legs.session < FIRST_2013
    former = sample.mean(((ratio >= np.where(era, np.log(1.7 / 5.9), 0.0)) & (ratio <= np.log(2.0))).astype(np.float64))
    now = sample.mean((np.abs(ratio) <= np.log(CASE_FACTOR)).astype(np.float64))
    spans = f"{lows.min():.2f} to {lows.max():.2f} and {highs.min():.2f} to {highs.max():.2f}"
    lines += [
        "",
        f"Leaving one month out the deciles lie at {spans}, and hold {100 * np.mean(inside):.0f} % of the legs of the month",
        f"left out (80 % would be perfect). The cases ÷ {CASE_FACTOR:g} to × {CASE_FACTOR:g} hold {100 * now:.0f} % of all legs;",
        f"the former ones, from the central rule to its double (and era 1.7 before 2013), held {100 * former:.0f} %.",
    ]
    return lines


def condor_table(legs: Legs) -> list[str]:
    """What crossing four half-spreads costs of the credit of a 16/5-delta condor at 28 to 50 days, quoted and by the rule."""
    legs = legs.rows(~legs.is_vix & (legs.dte >= CONDOR_DTE[0]) & (legs.dte <= CONDOR_DTE[1]))
    rule = ruled(legs)
    lines = ["| session | expiries | four half-spreads / credit, quoted | by the rule |", "|---|---|---|---|"]
    for day in np.unique(legs.session).tolist():
        shares = []
        series = legs.dte + 1000 * legs.weekly
        for one in np.unique(series[legs.session == day]).tolist():
            own = np.flatnonzero((legs.session == day) & (series == one))
            at = [own[np.argmin(np.abs(legs.delta[own] - delta))] for delta in CONDOR]
            if max(abs(legs.delta[at] - CONDOR)) > CONDOR_SLACK:
                continue
            credit = float(legs.mid[at] @ np.array([1.0, -1.0, 1.0, -1.0]))
            shares.append((legs.half[at].sum() / credit, rule[at].sum() / credit))
        if shares:
            quoted, model = 100.0 * np.median(np.array(shares), axis=0)
            lines.append(f"| {iso(day)} | {len(shares)} | {quoted:.1f} % | {model:.1f} % |")
    return lines


def vix_tables(legs: Legs) -> list[str]:
    """VIX calls by date, root and delta, and the rule beside them."""
    legs = legs.rows(legs.is_vix & (legs.delta >= VIX_DELTAS[0]) & (legs.delta < VIX_DELTAS[1]))
    legs = legs.rows((legs.dte >= VIX_DTE[0]) & (legs.dte <= VIX_DTE[1]))
    ratio = -errors(ruled(legs), legs)
    edges = (0.08, 0.15, 0.25, 0.35, 0.45)
    lines = [
        "| session | root | legs | 10 Δ | 20 Δ | 30 Δ | 40 Δ | share of mid | observed / rule: 10 % | median | 90 % "
        "| mean \\|ln error\\| |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for day in np.unique(legs.session).tolist():
        for weekly in (False, True):
            own = (legs.session == day) & (legs.weekly == weekly)
            if not own.any():
                continue
            cells = []
            for low, high in pairwise(edges):
                part = own & (legs.delta >= low) & (legs.delta < high)
                cells.append(f"{np.median(legs.half[part]):.3f} of {np.median(legs.mid[part]):.2f}" if part.any() else "–")
            first, middle, last = np.exp(np.quantile(ratio[own], [0.1, 0.5, 0.9]))
            lines.append(
                f"| {iso(day)} | {'VIXW' if weekly else 'VIX'} | {int(own.sum())} | " + " | ".join(cells) + " | "
                f"{100 * np.median(legs.half[own] / legs.mid[own]):.1f} % | {first:.2f} | {middle:.2f} | {last:.2f} "
                f"| {np.abs(ratio[own]).mean():.2f} |"
            )
    return [*lines, "", *weekly_table(legs)]


def weekly_table(legs: Legs) -> list[str]:
    """VIX weeklies before the tick of October 2022: the former rule and a share of the price, each date by the other's share."""
    old = legs.rows(legs.weekly & (legs.session < to_day(date(2022, 10, 3))))
    lines = [
        "| weeklies before October 2022 | legs | own median share | former rule: mean \\|ln error\\| | other date's share |",
        "|---|---|---|---|---|",
    ]
    for day in np.unique(old.session).tolist():
        own, other = old.rows(old.session == day), old.rows(old.session != day)
        former = np.maximum(0.025, 0.04 + 0.09 * own.mid) * np.array([stress(vix) for vix in own.vix])
        share = max(float(np.median(other.half / other.mid)), 0.0) * own.mid
        lines.append(
            f"| {iso(day)} | {own.mid.size} | {np.median(own.half / own.mid):.2f} | {np.abs(errors(former, own)).mean():.2f} "
            f"| {np.abs(errors(share, own)).mean():.2f} |"
        )
    return lines


def tables(legs: Legs) -> str:
    """The whole section of the page."""
    sample = spx_sample(legs)
    parts = [
        ("### SPX by session", date_table(sample)),
        ("### SPX by delta, price, VIX, term and root", group_table(sample)),
        ("### Rules", form_table(sample)),
        ("### Cases", case_table(sample)),
        ("### Condors", condor_table(legs)),
        ("### VIX calls", vix_tables(legs)),
    ]
    sessions, months = len(np.unique(sample.legs.session)), len(np.unique(sample.month))
    head = f"{sessions} SPX sessions in {months} months, {sample.month.size:,} legs.\n\n"
    return head + "\n".join("\n".join([title, "", *lines, ""]) for title, lines in parts)


def with_tables(page: str, made: str) -> str:
    """The page with its tables replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{made}\n{END}{tail}"


def main() -> None:
    shared = Path(__file__).resolve().parents[1] / "../shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=Path, default=shared / "chains")
    parser.add_argument("--data", type=Path, default=shared / "market")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reference/half-spreads.md")
    options = parser.parse_args()
    made = tables(measured_legs(options.chains, options.data))
    print(made)
    if options.write:
        text = with_tables(PAGE.read_text(encoding="utf-8"), made)
        with tempfile.NamedTemporaryFile("w", dir=PAGE.parent, delete=False, encoding="utf-8") as handle:
            handle.write(text)
        os.replace(handle.name, PAGE)


if __name__ == "__main__":
    main()
