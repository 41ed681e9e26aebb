"""The pictures of a replication: growth of each index beside the published one, and the differences against their limits."""

from __future__ import annotations

import numpy as np

from alvh.results.svg import Panel, Series, render_svg
from alvh.study.replicate.published import thresholds_of
from alvh.study.replicate.run import Replication
from alvh.study.replicate.statistics import Months

MONTHS_A_YEAR = 12.0


def growth_picture(replications: tuple[Replication, ...]) -> str:
    """One panel an index, log scale: one dollar in ours and, where levels were given, in the published index."""
    panels = [_growth(one) for one in replications]
    return render_svg(
        panels,
        columns=3,
        title="Growth of one dollar: published index and the engine's",
        description="Each panel shows an index on a log scale; the two lines lie on each other where the replication is exact.",
    )


def difference_picture(replications: tuple[Replication, ...]) -> str:
    """Difference in return a year, tracking error and correlation of every index that has levels, over their must bands."""
    rows = [one for one in replications if one.comparison is not None]
    names = [(float(k), one.index.name) for k, one in enumerate(rows)]
    x = [position for position, _ in names]
    found = [one.comparison for one in rows if one.comparison is not None]
    limits = [thresholds_of(one.index, one.first) for one in rows]
    worst = [0.0 if limit is None else limit.d_pp.must for limit in limits]
    errors = [0.0 if limit is None else limit.te_pct.must for limit in limits]
    panels = [
        Panel(
            title="Difference in return, points a year (ours - published)",
            series=[
                Series(name="ours", x=x, y=[one.d_pp for one in found], mark="dot"),
                Series(name="limit", x=x, y=worst, colour="unhedged", mark="bar"),
                Series(name="", x=x, y=[-value for value in worst], colour="unhedged", mark="bar"),
            ],
            x_labels=names,
            zero=True,
        ),
        Panel(
            title="Tracking error, % a year",
            series=[
                Series(name="ours", x=x, y=[one.te_pct for one in found], mark="dot"),
                Series(name="limit", x=x, y=errors, colour="unhedged", mark="bar"),
            ],
            x_labels=names,
            zero=True,
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
    first, last = int(ours.month[0]) // 12, int(ours.month[-1]) // 12
    step = max((last - first) // 4, 1)
    return Panel(
        title=one.index.name,
        series=lines,
        log_y=True,
        x_labels=[(float(year), str(year)) for year in range(first + 1, last + 1, step)],
        note=note,
    )


def _years(months: Months) -> list[float]:
    return [float(value) for value in (months.month + 1) / MONTHS_A_YEAR]


def _level(months: Months) -> list[float]:
    return [float(value) for value in np.cumprod(1.0 + months.value)]
