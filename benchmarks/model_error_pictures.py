"""Draw the pictures of docs/explanation/model-against-quotes.md from the scores.

``python -m benchmarks.model_error_pictures [--chains ../shared/chains] [--market ../shared/market] [--out docs/pictures]``
writes four SVG files, each whole or not at all.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.picture_svg import GREEN, ORANGE, PURPLE, SKY, VERMILION, Chart, Panel

from alvh.app.commands.study_model_error import score
from alvh.study.model_error.spx import LABELS
from alvh.study.model_error.vix import VIX_LABELS

Row = Mapping[str, Any]
SMILES = (("2011-01-05", "January 2011, VIX 17"), ("2020-09-04", "September 2020, VIX 31"), ("2022-06-10", "June 2022, VIX 28"),
          ("2026-07-22", "July 2026, VIX 17"))  # fmt: skip
"""One calm and old, one steep, the worst, one calm and new."""
SMILE_DAYS = 30


def by_delta(group: Row) -> Chart:
    """Signed error of every regime by delta, and the mean."""
    chart = Chart(
        width=820, height=400, title="SPX vols: model less market by delta",
        description="Grey lines: regimes. Line with dots: their mean. Band: plus and minus one vol point.",
    )  # fmt: skip
    panel = Panel(left=60, top=50, width=740, height=290, x_range=(-0.3, 10.3), y_range=(-3.5, 3.5))
    chart.text(60, 22, "SPX: model less market, vol points, 11 regimes", kind="title")
    chart.text(60, 38, "thin lines: regimes (dashed: inputs from the chain); dots: mean; shaded: ±1 vol point", kind="small")
    chart.band(panel, -1.0, 1.0)
    chart.axes(panel, [(i, label) for i, label in enumerate(LABELS)], [(v, f"{v:+d}" if v else "0") for v in range(-3, 4)])
    for row in group["by_regime"]:
        points = [(panel.x(i), panel.y(row["errors_vol_points"][label]["mean"])) for i, label in enumerate(LABELS)]
        worst = row["from"] in ("2020-09-04", "2022-06-10")
        color = {"2020-09-04": ORANGE, "2022-06-10": VERMILION}.get(row["from"], SKY)
        dash = "5 4" if row["from"] in ("2011-01-24", "2022-03-23") else ""
        chart.line(points, color=color, width=2.0 if worst else 1.2, dash=dash)
        if worst:
            x, y = points[LABELS.index("C25")]
            chart.text(x + 12, y + (-8 if row["from"] == "2020-09-04" else 20), row["from"], kind="small")
    mean = [(panel.x(i), panel.y(group["errors_vol_points"][label]["mean"])) for i, label in enumerate(LABELS)]
    chart.line(mean, width=2.5)
    for x, y in mean:
        chart.dot(x, y)
    chart.text(430, 385, "delta of the option: puts left, calls right of the money", anchor="middle", kind="small")
    return chart


def smiles(dates: Sequence[Row]) -> Chart:
    """Market and model smiles near 30 days, each divided by the market's vol at the money."""
    chart = Chart(
        width=820, height=620, title="SPX smiles at 16 to 30 days: market and model",
        description="Four sessions; vol divided by the market's at the money, by delta. Dots: market. Line: model.",
    )  # fmt: skip
    chart.text(60, 22, "SPX smiles at 16 to 30 days: vol ÷ market's vol at the money", kind="title")
    chart.dot(64, 38, shape="circle")
    chart.text(74, 42, "market mid", kind="small")
    chart.line([(150, 38), (175, 38)], color=VERMILION, width=2.2)
    chart.text(181, 42, "model, from index levels alone", kind="small")
    for number, (session, name) in enumerate(SMILES):
        row = next(one for one in dates if one["session"] == session)
        near = min(row["by_expiry"], key=lambda one: abs(one["days"] - SMILE_DAYS))
        left, top = 60 + 400 * (number % 2), 80 + 270 * (number // 2)
        panel = Panel(left=left, top=top, width=350, height=200, x_range=(-0.3, 10.3), y_range=(0.7, 2.1))
        chart.text(left, top - 10, f"{name}, {near['days']} days")
        ticks = [(i, label) for i, label in enumerate(LABELS) if label in ("P5", "P16", "P25", "ATM", "C25", "C16", "C5")]
        chart.axes(panel, ticks, [(v / 10, f"{v / 10:.1f}") for v in range(8, 21, 4)])
        atm = near["market_vol_points"]["ATM"]
        market = [near["market_vol_points"][label] for label in LABELS]
        model = [v + near["errors_vol_points"][label] for v, label in zip(market, LABELS, strict=True)]
        chart.line([(panel.x(i), panel.y(v / atm)) for i, v in enumerate(model)], color=VERMILION, width=2.2)
        for i, v in enumerate(market):
            chart.dot(panel.x(i), panel.y(v / atm), radius=3.5)
    return chart


def credits(group: Row) -> Chart:
    """Condor credit beside its two sides: what cancels is seen."""
    chart = Chart(
        width=820, height=470, title="16/5 condor credit: error of the whole and of its sides",
        description="Per regime, mean error at 45 days, or 30 where there is no 45: put spread, call spread, condor.",
    )  # fmt: skip
    regimes = group["by_regime"]
    panel = Panel(left=120, top=60, width=670, height=340, x_range=(-15.0, 15.0), y_range=(-0.6, len(regimes) - 0.4))
    chart.text(20, 22, "16/5 condor at own deltas, 45 days: model less market, per cent", kind="title")
    for place, (label, color, shape) in enumerate(
        (("put spread", SKY, "square"), ("call spread", ORANGE, "triangle"), ("condor", "", "circle"))
    ):
        chart.dot(26 + 130 * place, 40, color=color, shape=shape)
        chart.text(36 + 130 * place, 44, label, kind="small")
    for v in range(-15, 16, 5):
        kind = "grid" if v else "axis"
        chart.add(
            f'<line x1="{panel.x(v):.1f}" y1="{panel.top}" x2="{panel.x(v):.1f}" y2="{panel.top + panel.height}" class="{kind}"/>'
        )
        chart.text(panel.x(v), panel.top + panel.height + 16, f"{v:+d}" if v else "0", anchor="middle", kind="small")
    for place, row in enumerate(reversed(regimes)):
        term = "45" if row["credit_error_pct"]["45"]["mean"] is not None else "30"
        y = panel.y(place)
        said = row["from"] if row["sessions"] == 1 else f"{row['from'][:7]} ({row['sessions']})"
        chart.text(110, y + 4, said + ("" if term == "45" else ", 30 d"), anchor="end", kind="small")
        values = [row[f"{name}_error_pct"][term]["mean"] for name in ("put_side", "call_side", "credit")]
        chart.line([(panel.x(min(values)), y), (panel.x(max(values)), y)], width=1.0)
        for value, color, shape in zip(values, (SKY, ORANGE, ""), ("square", "triangle", "circle"), strict=True):
            chart.dot(panel.x(value), y, color=color, shape=shape, radius=5)
    chart.text(
        455,
        450,
        "left: the model is too cheap; right: too dear. A condor hides what its sides do.",
        anchor="middle",
        kind="small",
    )
    return chart


def vix_calls(sessions: Sequence[Row]) -> Chart:
    """Price errors of VIX calls by delta, one mark an expiry."""
    chart = Chart(
        width=820, height=400, title="VIX calls: model less market, per cent of mid",
        description="One mark an expiry and delta, three sessions side by side; band: plus and minus 20 per cent.",
    )  # fmt: skip
    panel = Panel(left=60, top=60, width=740, height=280, x_range=(-0.5, 4.5), y_range=(-60.0, 60.0))
    chart.text(60, 22, "VIX calls: model less market, per cent of mid, one mark an expiry", kind="title")
    chart.band(panel, -20.0, 20.0)
    chart.axes(
        panel,
        [(i, f"{label} delta") for i, label in enumerate(VIX_LABELS)],
        [(v, f"{v:+d}" if v else "0") for v in range(-60, 61, 20)],
    )
    looks = ((GREEN, "circle"), (VERMILION, "square"), (PURPLE, "triangle"))
    for place, (row, (color, shape)) in enumerate(zip(sessions, looks, strict=False)):
        chart.dot(66 + 200 * place, 40, color=color, shape=shape)
        chart.text(76 + 200 * place, 44, row["session"] + (" (chain inputs)" if row["inputs"] == "chain" else ""), kind="small")
        for i, label in enumerate(VIX_LABELS):
            for expiry in row["by_expiry"]:
                value = expiry["price_error_pct_by_delta"][label]
                if value is not None:
                    chart.dot(panel.x(i + 0.22 * (place - 1)), panel.y(value), color=color, shape=shape, radius=4)
    chart.text(
        430,
        385,
        "shaded: the ±20 % band that every result on VIX calls carries; a mark on the edge lies beyond it",
        anchor="middle",
        kind="small",
    )
    return chart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", default="../shared/chains")
    parser.add_argument("--market", default="../shared/market")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    options = parser.parse_args()
    document = score(options.chains, options.market)
    options.out.mkdir(parents=True, exist_ok=True)
    group = document["summary"]["all"]
    for name, chart in (
        ("model-error-by-delta", by_delta(group)),
        ("model-error-smiles", smiles(document["dates"])),
        ("model-error-credit", credits(group)),
        ("model-error-vix", vix_calls(document["vix"])),
    ):
        path = options.out / f"{name}.svg"
        draft = path.with_suffix(".svg.part")
        draft.write_text(chart.svg(), encoding="utf-8")
        draft.replace(path)
        print(path)


if __name__ == "__main__":
    main()
