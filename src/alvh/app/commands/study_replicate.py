"""``alvh study replicate``: rebuild an option-strategy index on the engine and hold it against its published levels."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from alvh.app.commands.backtest import writable_folder
from alvh.app.commands.calendar import check_span
from alvh.app.output import note, print_json, print_table, progress
from alvh.app.source import choose_source

FIRST, LAST = date(1990, 2, 1), date(2021, 12, 31)
"""The span of the published month-ends for which VIX exists: the default."""


def run(options: Namespace) -> int:
    start, end = options.start or FIRST, options.end or LAST
    check_span(start, end)
    source = choose_source(options.data)
    out = None if options.out is None else writable_folder(options.out)
    from alvh.app.replicate import document, run_replications

    output = run_replications(
        options.index,
        data=source,
        start=start,
        end=end,
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
    compared = [row for row in rows if row["corr"] is not None]
    if compared:
        print_table("Ours against published", COLUMNS, [_compared(row) for row in compared], right=tuple(range(2, len(COLUMNS))))
        print("t: target reached, m: must reached, !: missed")
    alone = [row for row in rows if row["corr"] is None]
    if alone:
        heads = ("index", "months", "return %/yr", "vol %")
        cells = [
            (row["index"], f"{row['from']} to {row['to']}", f"{row['return_ours_pct']:.2f}", f"{row['vol_ours_pct']:.2f}")
            for row in alone
        ]
        print_table("Ours alone", heads, cells, right=(2, 3))
    checks = [(row["index"], check) for row in rows for check in row["checks"]]
    if checks:
        heads = ("index", "published figure", "published", "ours", "verdict", "our months")
        cells = [
            (name, one["name"], f"{one['published']:g}", f"{one['ours']:.2f}", one["verdict"], one["months"])
            for name, one in checks
        ]
        print_table("Single figures", heads, cells, right=(2, 3))
    spans = [(row["index"], span) for row in alone for span in row["published_spans"] if span["ours"] is not None]
    if spans:
        heads = ("index", "published span", "return %/yr", "vol %", "our span", "return %/yr", "vol %")
        print_table("Published statistics", heads, [_span_row(*one) for one in spans], right=(2, 3, 5, 6))
    for row in rows:
        gaps = row["level_gaps"]
        if gaps:
            print(f"{row['index']}: {len(gaps)} months without a published level: {', '.join(gaps[:6])}")
        if row["bands_by_settlement"]:
            print(
                f"{row['index']}: {row['bands_by_settlement']} of {row['rolls']} bands were read at a VX settlement: no open is known"
            )
    print(f"settlement: {rows[0]['settlement_proxy']}")
    late = rows[0]["dividends_by_yield_sessions"]
    if late:
        print(f"dividends: on {late} sessions the dividend yield of the forward stands in for paid dividends")


COLUMNS = ("index", "months", "corr", "beta", "TE %", "rTE %", "d pp/yr", "vol pub", "vol ours", "worst error", "in")
MARKS = {"target": "t", "must": "m", "missed": "!"}


def _compared(row: Mapping[str, Any]) -> tuple[str, ...]:
    verdict = row["verdicts"]

    def cell(key: str, text: str) -> str:
        return f"{text} {MARKS.get(verdict.get(key, ''), ' ')}"

    worst = row["worst_months"][0]
    return (
        row["index"],
        f"{row['from']} to {row['to']} ({row['months']})",
        cell("corr", f"{row['corr']:.4f}"),
        cell("beta", f"{row['beta']:.3f}"),
        cell("te_pct", f"{row['te_pct']:.2f}"),
        f"{row['robust_te_pct']:.2f}",
        cell("d_pp", f"{row['d_pp']:+.2f}"),
        f"{row['vol_published_pct']:.2f}",
        cell("vol_ratio", f"{row['vol_ours_pct']:.2f}"),
        f"{worst['error_pp']:+.1f}",
        worst["month"],
    )


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
