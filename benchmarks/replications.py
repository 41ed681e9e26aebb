"""Strategy indices rebuilt, compared, and broken on purpose: tables and pictures of docs/reference/replications.md.

Run: ``python -m benchmarks.replications [--data DIR] [--write]``. Without ``--write`` the tables are printed; with it they
replace those of the page, and the pictures under docs/pictures are made anew.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from alvh.app.replicate import ReplicationOutput, document, run_replications
from alvh.app.replicate_picture import difference_picture, growth_picture
from alvh.results.files import write_text_atomic
from alvh.study.replicate.controls import CONTROLS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "replications.md"
PICTURES = ROOT / "docs" / "pictures"
BEGIN, END = "<!-- tables of benchmarks/replications.py: begin -->", "<!-- tables of benchmarks/replications.py: end -->"
SPANS = ((date(1990, 2, 1), date(2021, 12, 31)), (date(2007, 1, 1), date(2021, 12, 31)))
MARKS = {"target": " **t**", "must": " m", "missed": " **!**"}


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", default=str(ROOT.parent / "shared" / "market"))
    options.add_argument("--write", action="store_true")
    given = options.parse_args(arguments)
    levels = Path(given.data) / "benchmarks" / "cboe_strategy_monthly_1986_2021.csv"
    clock = time.perf_counter()
    outputs = [run_replications("all", data=given.data, start=a, end=b, levels=levels) for a, b in SPANS]
    text = []
    for (first, last), output in zip(SPANS, outputs, strict=True):
        text.append(f"### {first:%Y-%m} to {last:%Y-%m}\n\n{comparison(output)}")
    text.append("### Single figures\n\n" + single(run_to_date(given.data), outputs[0], given.data))
    text.append("### Months that are off by more than two points, 2007-2021\n\n" + large(outputs[1]))
    text.append("### Years: ours minus published, points, summed over months\n\n" + years(outputs[0]))
    text.append("### CLL and CLLZ by what they pay for their options\n\n" + readings(given.data, levels))
    text.append("### Controls: what must fail, 2007-2021\n\n" + controls(given.data, levels, outputs[1]))
    page = "\n\n".join(text) + "\n"
    if not given.write:
        print(page)
        return
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2]
    write_text_atomic(PAGE, f"{head}{BEGIN}\n\n{page}\n{END}{tail}")
    write_text_atomic(PICTURES / "replication-growth.svg", growth_picture(outputs[0].replications))
    write_text_atomic(PICTURES / "replication-limits.svg", difference_picture(outputs[1].replications))
    print(f"wrote {PAGE.name} and two pictures in {time.perf_counter() - clock:.0f} s")


def run_to_date(data: str) -> ReplicationOutput:
    """VXTH over all the sessions that have VX files."""
    return run_replications("VXTH", data=data, start=date(2006, 4, 1), end=date(2025, 12, 31), levels=None)


def vxth_at_mid(data: str) -> ReplicationOutput:
    """The same with calls bought at mid instead of at the ask."""
    return run_replications(
        "VXTH",
        data=data,
        start=date(2006, 4, 1),
        end=date(2025, 12, 31),
        alter=lambda policy: replace(policy, costs=replace(policy.costs, vix_spread_share_pct=0.0)),
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def comparison(output: ReplicationOutput) -> str:
    found = document(output)
    rows = []
    for row in found["indices"]:
        if row["corr"] is None:
            continue
        mark = {key: MARKS[value] for key, value in row["verdicts"].items()}
        worst = row["worst_months"][0]
        rows.append(
            (
                row["index"],
                f"{row['corr']:.4f}{mark['corr']}",
                f"{row['beta']:.3f}{mark['beta']}",
                f"{row['te_pct']:.2f}{mark['te_pct']}",
                f"{row['robust_te_pct']:.2f}",
                f"{row['d_pp']:+.2f}{mark['d_pp']}",
                f"{row['vol_published_pct']:.2f} / {row['vol_ours_pct']:.2f}{mark['vol_ratio']}",
                f"{row['return_published_pct']:.2f} / {row['return_ours_pct']:.2f}",
                f"{worst['error_pp']:+.1f} in {worst['month']}",
            )
        )
    heads = ("index", "corr", "beta", "TE %", "rTE %", "d, pp a year", "vol P / R", "return P / R", "largest error")
    summary = found["summary"]
    months = next(row["months"] for row in found["indices"] if row["corr"] is not None)
    note = (
        f"{months} months. Mean |d| of the eight equity-like indices {summary['mean_abs_d_pp']:.2f} pp (must 1.0, target 0.5); "
        f"bias of the implied vols that their d's imply {summary['iv_bias_pct']:+.1f} % (must 4, target 2)."
    )
    return table(heads, rows) + "\n\n" + note


def single(vxth: ReplicationOutput, whole: ReplicationOutput, data: str) -> str:
    rows = []
    for output in (whole, vxth):
        for row in [document(output)] if len(output.replications) == 1 else document(output)["indices"]:
            if output is whole and row["index"] == "VXTH":
                continue
            for check in row["checks"]:
                shown = (row["index"], check["name"], f"{check['published']:g}", f"{check['ours']:.2f}", check["verdict"])
                rows.append((*shown, check["months"]))
    for check in document(vxth_at_mid(data))["checks"]:
        shown = ("VXTH at mid", check["name"], f"{check['published']:g}", f"{check['ours']:.2f}", check["verdict"])
        rows.append((*shown, check["months"]))
    return table(("index", "figure", "published", "ours", "verdict", "our months"), rows)


def large(output: ReplicationOutput) -> str:
    rows: list[tuple[str, ...]] = []
    for row in document(output)["indices"]:
        months = [month for month in row["worst_months"] if abs(month["error_pp"]) > 2.0]
        if months:
            cells = ", ".join(f"{one['month']} {one['error_pp']:+.1f} ({one['expiry']})" for one in months)
            rows.append((row["index"], str(len(months)), cells))
    return table(("index", "months", "month, error in points (expiry of that month)"), rows)


def years(output: ReplicationOutput) -> str:
    found = [one for one in output.replications if one.comparison is not None]
    rows = []
    for year in range(1990, 2022):
        cells = []
        for one in found:
            assert one.comparison is not None
            cells.append(f"{one.comparison.errors().between(year * 12, year * 12 + 11).value.sum() * 100.0:+.1f}")
        rows.append((str(year), *cells))
    return table(("year", *(one.index.name for one in found)), rows)


def readings(data: str, levels: Path) -> str:
    """CLL and CLLZ at mid, and at bid and ask of the low and of the central half-spreads."""
    rows = []
    ways: tuple[tuple[str, float, Literal["low", "central"]], ...] = (
        ("mid", 0.0, "central"),
        ("bid and ask, low half-spreads", 100.0, "low"),
        ("bid and ask, central half-spreads", 100.0, "central"),
    )
    for name in ("CLL", "CLLZ"):
        for what, share, case in ways:
            for first, last in SPANS:
                output = run_replications(
                    name,
                    data=data,
                    start=first,
                    end=last,
                    levels=levels,
                    alter=lambda policy, share=share, case=case: replace(  # type: ignore[misc]
                        policy, costs=replace(policy.costs, spx_spread_share_pct=share, spread_case=case)
                    ),
                )
                row = document(output)
                mark = {key: MARKS[value] for key, value in row["verdicts"].items()}
                rows.append(
                    (
                        name,
                        what,
                        f"{first:%Y} to {last:%Y}",
                        f"{row['corr']:.4f}{mark['corr']}",
                        f"{row['beta']:.3f}{mark['beta']}",
                        f"{row['te_pct']:.2f}{mark['te_pct']}",
                        f"{row['d_pp']:+.2f}{mark['d_pp']}",
                    )
                )
    return table(("index", "paid", "months of", "corr", "beta", "TE %", "d, pp a year"), rows)


def controls(data: str, levels: Path, good: ReplicationOutput) -> str:
    rows = []
    for name, what in CONTROLS.items():
        if name == "spot-vix-band":
            output = run_replications(
                "VXTH", data=data, start=date(2006, 4, 1), end=date(2025, 12, 31), levels=None, control=name
            )
            five = next(row for row in document(output)["checks"] if row["name"].startswith("five years"))
            rows.append(
                (name, what, "VXTH", f"five years to October 2023: {five['ours']:.1f} % (published 98.6, must give < 30)")
            )
            continue
        output = run_replications("all", data=data, start=SPANS[1][0], end=SPANS[1][1], levels=levels, control=name)
        rows.append((name, what, *_missed(document(output)["indices"])))
    rows.append(("none", "the engine as it is", *_missed(document(good)["indices"])))
    return table(("control", "what is broken", "indices with |d| beyond its must", "all that is missed"), rows)


def _missed(indices: Sequence[dict[str, Any]]) -> tuple[str, str]:
    level = [f"{row['index']} {row['d_pp']:+.1f}" for row in indices if row["verdicts"].get("d_pp") == "missed"]
    other = []
    for row in indices:
        keys = [key for key, value in row["verdicts"].items() if value == "missed" and key != "d_pp"]
        if keys:
            other.append(f"{row['index']} ({', '.join(keys)})")
    return f"{len(level)}: {', '.join(level)}" if level else "none", ", ".join(other) or "nothing else"


if __name__ == "__main__":
    main()
