"""The pictures of a replication: growth of each index beside the published one, and the differences against their limits."""

from __future__ import annotations

import numpy as np

from alvh.data.readers.index_levels import month_name
from alvh.results.svg import Panel, Series, render_svg
from alvh.study.replicate.published import thresholds_of
from alvh.study.replicate.run import Replication
from alvh.study.replicate.statistics import Months

MONTHS_A_YEAR = 12.0


def growth_picture(replications: tuple[Replication, ...]) -> str:
    """One panel an index, log scale: one dollar in ours and, where levels were given, in the published index."""
    panels = [_growth(one) for one in replications]
    compared = any(one.comparison is not None for one in replications)
    return render_svg(
        panels,
        columns=3,
        title="Growth of one dollar" + (": published index and the engine's" if compared else " in the engine's indices"),
        description="Each panel shows one index on a log scale"
        + ("; the two lines lie on each other where the replication is exact." if compared else "."),
    )


def difference_picture(replications: tuple[Replication, ...]) -> str:
    """Difference in return a year, tracking error and correlation of every index that has levels, beside their limits."""
    rows = [one for one in replications if one.comparison is not None]
    names = [(float(k), one.index.name) for k, one in enumerate(rows)]
    x = [position for position, _ in names]
    found = [one.comparison for one in rows if one.comparison is not None]
    limits = [thresholds_of(one.index, one.first) for one in rows]
    worst = [float("nan") if limit is None else limit.d_pp.must for limit in limits]
    errors = [float("nan") if limit is None else limit.te_pct.must for limit in limits]
    bounds = [float("nan") if limit is None else limit.corr.must for limit in limits]
    panels = [
        Panel(
            title="Difference in return, points a year (ours less published)",
            series=[
                Series(name="ours", x=x, y=[one.d_pp for one in found], mark="dot"),
                Series(name="limit", x=x, y=worst, colour="unhedged", mark="bar"),
                Series(name="", x=x, y=[-value for value in worst], colour="unhedged", mark="bar"),
            ],
            x_labels=names,
            zero=True,
            note=_missed(rows, "d_pp"),
        ),
        Panel(
            title="Tracking error, % a year",
            series=[
                Series(name="ours", x=x, y=[one.te_pct for one in found], mark="dot"),
                Series(name="limit", x=x, y=errors, colour="unhedged", mark="bar"),
            ],
            x_labels=names,
            zero=True,
            note=_missed(rows, "te_pct"),
        ),
        Panel(
            title="Correlation of months",
            series=[
                Series(name="ours", x=x, y=[one.corr for one in found], mark="dot"),
                Series(name="limit", x=x, y=bounds, colour="unhedged", mark="bar"),
            ],
            x_labels=names,
            note=_missed(rows, "corr"),
        ),
    ]
    return render_svg(
        panels,
        columns=1,
        title="Replications against their limits",
        description="Dots are the engine's figures by index, bars the limits that must be held.",
        width=760,
        height=220,
    )


def _growth(one: Replication) -> Panel:
    ours = one.ours if one.comparison is None else one.comparison.ours
    lines = [Series(name="ours", x=_years(ours), y=_level(ours), dash=1, colour="unhedged")]
    note = ""
    if one.comparison is not None:
        lines.insert(0, Series(name="published", x=_years(one.comparison.published), y=_level(one.comparison.published)))
        found = one.comparison
        note = f"corr {found.corr:.3f}, TE {found.te_pct:.1f} %, d {found.d_pp:+.1f} pp"
    return Panel(
        title=one.index.name,
        series=lines,
        log_y=True,
        x_labels=_dates(int(ours.month[0]), int(ours.month[-1]) + 1),
        note=note,
    )


def _missed(rows: list[Replication], figure: str) -> str:
    """The indices whose figure lies outside its limit: too close a miss to be seen is told."""
    return ", ".join(f"{one.index.name} missed" for one in rows if one.verdicts.get(figure) == "missed")


def _dates(first: int, last: int) -> list[tuple[float, str]]:
    """Ticks between two month numbers: years, or months where there are fewer than three years."""
    span = last - first
    step = 12 * max(span // 48, 1) if span >= 36 else max(span // 3, 1)
    begin = -(-first // 12) * 12 if span >= 36 else first
    return [(at / MONTHS_A_YEAR, str(at // 12) if span >= 36 else month_name(at)) for at in range(begin, last + 1, step)]


def _years(months: Months) -> list[float]:
    """The start of the first month, then the end of every month."""
    return [float(value) for value in np.append(months.month[0], months.month + 1) / MONTHS_A_YEAR]


def _level(months: Months) -> list[float]:
    return [1.0, *np.cumprod(1.0 + months.value).tolist()]
