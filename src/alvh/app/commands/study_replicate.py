"""``alvh study replicate``: rebuild an option-strategy index on the engine and hold it against its published levels."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alvh.app.commands.backtest import writable_folder
from alvh.app.commands.calendar import check_span
from alvh.app.output import note, print_json, print_table, progress
from alvh.app.source import choose_source


def run(options: Namespace) -> int:
    check_span(options.start, options.end)
    source = choose_source(options.data)
    out = None if options.out is None else writable_folder(options.out)
    from alvh.app.replicate import document, run_replications

    output = run_replications(
        options.index,
        data=source,
        start=options.start,
        end=options.end,
        levels=None if options.levels is None else Path(options.levels),
        control=options.control or "",
        progress=progress("replicate", quiet=options.quiet),
    )
    found = document(output)
    if out is not None:
        from alvh.app.replicate_picture import difference_picture, growth_picture
        from alvh.results.files import write_text_atomic

        write_text_atomic(out / "replication.json", json.dumps(found, indent=2, allow_nan=False) + "\n")
        write_text_atomic(out / "replication-growth.svg", growth_picture(output.replications))
        if any(one.comparison is not None for one in output.replications):
            write_text_atomic(out / "replication-limits.svg", difference_picture(output.replications))
        note(f"wrote {out}", quiet=options.quiet)
    if options.json:
        print_json(found)
    else:
        _print(found)
    return 0


def _print(found: Mapping[str, Any]) -> None:
    rows = found.get("indices", [found])
    compared = [row for row in rows if row["te_pct"] is not None]
    alone = [row for row in rows if row["te_pct"] is None]
    if compared:
        print_table("Ours against published", COLUMNS, [_compared(row) for row in compared], right=tuple(range(2, 11)))
        _print_reading(found, compared)
    if alone:
        print_table("Ours alone", ("index", "months", "return %/yr", "vol %"), [_alone(row) for row in alone], right=(2, 3))
    checks = [_check_row(row["index"], check) for row in rows for check in row["checks"]]
    if checks:
        heads = ("index", "published figure", "published", "ours", "verdict", "our months")
        print_table("Single figures", heads, checks, right=(2, 3))
    spans = [_span_row(row["index"], span) for row in alone for span in row["published_spans"] if span["ours"] is not None]
    if spans:
        title = "Published statistics beside ours, over what the run has of their span"
        print_table(title, SPAN_COLUMNS, spans, right=(2, 3, 5, 6))
    _print_notes(found, rows)


def _print_notes(found: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """What stood in, was missing or was left out."""
    for row in rows:
        gaps, bands = row["level_gaps"], row["bands_by_settlement"]
        if gaps:
            more = f" and {len(gaps) - 6} more" if len(gaps) > 6 else ""
            print(f"{row['index']}: months without a published month-end: {', '.join(gaps[:6])}{more}")
        if bands:
            print(f"{row['index']}: {bands} of {row['rolls']} bands were read at a VX settlement, for no open is known")
    for one in rows[0]["level_findings"]:
        print(f"levels: {one['file']}: {one['count']} x {one['what']} ({one['first']}); {one['todo']}")
    for name in found.get("summary", {}).get("left_out", ()):
        print(f"{name}: left out, no month of the span has its options")
    print(f"settlement: {rows[0]['settlement_proxy']}")
    late = rows[0]["dividends_by_yield_sessions"]
    if late:
        print(f"dividends: on {late} sessions the dividend yield of the forward stands in for paid dividends")


FAR_PP = 2.0
"""A month further off than this many points is named with its expiry (benchmarks.md 6)."""
COLUMNS = (
    "index",
    "months",
    "corr",
    "beta",
    "TE %",
    "rTE %",
    "d pp/yr",
    "vol % pub",
    "vol % ours",
    "worst pp",
    "off > 2 pp",
    "worst in",
)
SPAN_COLUMNS = ("index", "published span", "return %/yr", "vol %", "our span", "return %/yr", "vol %")
MARKS = {"target": "t", "must": "m", "missed": "!"}


def _print_reading(found: Mapping[str, Any], compared: Sequence[Mapping[str, Any]]) -> None:
    """What the columns say, the months that are far off, and the figures of all indices together."""
    print("t: target reached, m: must reached, !: missed (beta and vol have no target)")
    print("TE: tracking error a year, rTE: the same without outliers, d: ours less published a year, worst: ours less published")
    if len(compared) == 1:
        far = [one for one in compared[0]["worst_months"] if abs(one["error_pp"]) > FAR_PP]
        heads = ("month", "published %", "ours %", "error pp", "expiry")
        cells = [
            (one["month"], f"{one['published_pct']:.2f}", f"{one['ours_pct']:.2f}", f"{one['error_pp']:+.2f}", one["expiry"])
            for one in far
        ]
        if cells:
            print_table("Months off by more than two points", heads, cells, right=(1, 2, 3))
    summary = found.get("summary")
    if summary is not None and summary["mean_abs_d_pp"] is not None:
        print(
            f"the eight equity-like indices: mean |d| {summary['mean_abs_d_pp']:.2f} pp/yr (must 1.0, target 0.5), "
            f"bias of implied vols {summary['iv_bias_pct']:+.1f} % (must 4, target 2)"
        )
    if summary is not None:
        missed = [f"{name} {', '.join(figures)}" for name, figures in summary["missed"].items()]
        print("missed: " + ("; ".join(missed) or "none"))


def _figure(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)


def _compared(row: Mapping[str, Any]) -> tuple[str, ...]:
    verdict = row["verdicts"]

    def cell(key: str, text: str) -> str:
        return f"{text} {MARKS.get(verdict.get(key, ''), ' ')}"

    worst = row["worst_months"][0]
    return (
        row["index"],
        f"{row['from']} to {row['to']} ({row['months']})",
        cell("corr", _figure(row["corr"], ".4f")),
        cell("beta", _figure(row["beta"], ".3f")),
        cell("te_pct", f"{row['te_pct']:.2f}"),
        f"{row['robust_te_pct']:.2f}",
        cell("d_pp", f"{row['d_pp']:+.2f}"),
        f"{row['vol_published_pct']:.2f}",
        cell("vol_ratio", f"{row['vol_ours_pct']:.2f}"),
        f"{worst['error_pp']:+.1f}",
        str(sum(abs(one["error_pp"]) > FAR_PP for one in row["worst_months"])),
        worst["month"],
    )


def _alone(row: Mapping[str, Any]) -> tuple[str, ...]:
    span = f"{row['from']} to {row['to']}"
    return row["index"], span, f"{row['return_ours_pct']:.2f}", _figure(row["vol_ours_pct"], ".2f")


def _check_row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    return name, one["name"], f"{one['published']:g}", f"{one['ours']:.2f}", one["verdict"], one["months"]


def _span_row(name: str, span: Mapping[str, Any]) -> tuple[str, ...]:
    ours = span["ours"]
    return (
        name,
        f"{span['from']} to {span['to']}",
        f"{span['return_pct']:.2f}",
        f"{span['vol_pct']:.2f}",
        f"{ours['from']} to {ours['to']}",
        f"{ours['return_pct']:.2f}",
        f"{ours['vol_pct']:.2f}",
    )
