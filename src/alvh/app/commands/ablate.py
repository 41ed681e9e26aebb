"""``alvh ablate``: what each adaptive element of a policy is worth, taken out alone and added alone."""

from __future__ import annotations

import argparse
import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh.app.commands.backtest import writable_folder
from alvh.app.commands.calendar import check_span
from alvh.app.commands.study import Add
from alvh.app.output import note, print_json, print_table, progress
from alvh.app.source import choose_source

if TYPE_CHECKING:
    from alvh.app.wiring import LoadedMarket
    from alvh.study.ablate.prepared import Prepared

DEFAULT = "alvh-adaptive"
"""The shipped policy that has something to take apart: the default book with the published adaptive rules."""
MOST_PROCESSES = 64


def add_ablate(add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    """Put ``alvh ablate`` into the grammar; ``span`` adds --from and --to."""
    found = add("ablate", "ablate", "What each adaptive rule of a policy is worth: taken out alone, and added alone.")
    found.add_argument(
        "policy", nargs="?", default=DEFAULT, metavar="POLICY", help=f"policy name or TOML file (default: {DEFAULT})"
    )
    found.add_argument("--data", metavar="DIR", help=data_help)
    span(found, "session")
    found.add_argument("--out", metavar="DIR", help="also write ablation.html, result.json, ablation.csv, fired.csv")
    found.add_argument("--jobs", type=_count, default=2, metavar="N", help="processes (default: 2)")
    found.add_argument("--seed", type=_count, default=0, metavar="N", help="of the resampling (default: 0)")
    found.add_argument("--repeats", type=_count, default=5000, metavar="N", help="resamples of each comparison (default: 5000)")
    found.add_argument(
        "--price-range", action="store_true", help="repeat every variant at both ends of each price's measured error"
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no count. Allowed: a whole number, 0 or more")
    return int(text)


def run(options: Namespace) -> int:
    check_span(options.start, options.end)
    _check_counts(options)
    source = choose_source(options.data)
    out = None if options.out is None else writable_folder(options.out)
    document = measure(source, options)
    written = [] if out is None else write_files(document, out)
    if options.json:
        print_json(document)
    else:
        _print(document)
    for path in written:
        note(f"wrote {path}", quiet=options.quiet)
    return 0


def _check_counts(options: Namespace) -> None:
    from alvh.core.errors import UsageError
    from alvh.study.ablate.differences import LEAST_REPEATS

    for name, value, least, most in (
        ("--jobs", options.jobs, 1, MOST_PROCESSES),
        ("--repeats", options.repeats, LEAST_REPEATS, 1_000_000),
    ):
        if not least <= value <= most:
            raise UsageError(
                f"{value} is out of range", where=name, allowed=f"{least:,} to {most:,}", todo="choose another number"
            )


def measure(source: str, options: Namespace) -> dict[str, Any]:
    """Run the ablation and give its document."""
    from alvh.app.report import SURFACE_ERROR
    from alvh.core.days import iso
    from alvh.strategy.policy_file import load_policy
    from alvh.study.ablate.document import build_document
    from alvh.study.ablate.run import ablate, refuse_overlay

    policy = load_policy(options.policy).policy
    refuse_overlay(policy)
    clock = time.perf_counter()
    note(f"reading {source} ...", quiet=options.quiet)
    load = partial(prepare, options.policy, source, options.start, options.end, price_range=options.price_range)
    loaded, prepared = load_both(options.policy, source, options.start, options.end, price_range=options.price_range)
    rows = prepared.rows()
    load_s = time.perf_counter() - clock
    found = ablate(
        policy,
        prepared,
        load=load,
        processes=options.jobs,
        seed=options.seed,
        repeats=options.repeats,
        progress=progress("ablation", quiet=options.quiet),
    )
    sessions, history = prepared.market.sessions[rows], loaded.loaded.history
    return build_document(
        found,
        data={
            "source": history.source,
            "sha256": history.sha256,
            "from": iso(sessions[0]),
            "to": iso(sessions[-1]),
            "sessions": len(sessions),
        },
        prices={
            "source": prepared.market.price_source,
            "error": SURFACE_ERROR,
            "reference": "docs/reference/model-errors.md",
            "range": "each variant's price_range: the run at both ends of each price's measured error"
            if options.price_range
            else "not measured here: add --price-range, or see pricing_uncertainty of 'alvh backtest'",
        },
        timing={"load_s": round(load_s, 4), "total_s": round(time.perf_counter() - clock, 4)},
    )


def prepare(policy: str, source: str, start: date | None, end: date | None, *, price_range: bool) -> Prepared:
    """The market that every variant runs on; a worker process that inherits nothing calls it too."""
    return load_both(policy, source, start, end, price_range=price_range)[1]


def load_both(
    policy_name: str, source: str, start: date | None, end: date | None, *, price_range: bool
) -> tuple[LoadedMarket, Prepared]:
    """A loaded market and what an ablation needs of it."""
    from alvh.app.wiring import VIX_OPTIONS_START, in_case, known_betas, load_market
    from alvh.core.days import to_day
    from alvh.models.price_case import CASES
    from alvh.models.surface_cache import cache_dir
    from alvh.strategy.policy_file import load_policy
    from alvh.study.ablate.prepared import CaseMarket, Prepared

    policy = load_policy(policy_name).policy
    loaded = load_market(source, policy, start=start, end=end)
    sessions = loaded.market.sessions
    first = max(int(sessions[loaded.loaded.start_row]), VIX_OPTIONS_START) if start is None else to_day(start)
    prepared = Prepared(
        market=loaded.market,
        betas=known_betas(loaded),
        start=first,
        end=int(sessions[-1]) if end is None else to_day(end),
        folder=cache_dir(),
        weekly_min_volume_contracts=policy.prices.weekly_min_volume_contracts,
        cases=tuple(CaseMarket(case=case, market=in_case(loaded, case)) for case in CASES) if price_range else (),
    )
    return loaded, prepared


def write_files(document: Mapping[str, Any], out: Path) -> list[Path]:
    """The page, the document and both tables; every file appears whole or not at all."""
    from importlib.metadata import version

    from alvh.results.files import write_csv_atomic, write_text_atomic
    from alvh.study.ablate.document import fired_rows, variant_rows
    from alvh.study.ablate.page import render_ablation

    footer = (
        f"policy sha256 {document['policy']['sha256']},",
        f"data sha256 {document['data']['sha256']},",
        f"alvh {version('alvh')}, numpy {version('numpy')}, arch {version('arch')}.",
    )
    written = [write_text_atomic(out / "ablation.html", render_ablation(document, footer=footer))]
    written.append(write_text_atomic(out / "result.json", json.dumps(document, indent=2, allow_nan=False) + "\n"))
    rows, days = variant_rows(document), fired_rows(document)
    heads = dict.fromkeys(key for row in rows for key in row)
    write_csv_atomic(out / "ablation.csv", tuple(heads), ([row.get(key) for key in heads] for row in rows))
    write_csv_atomic(out / "fired.csv", ("variant", "element", "session"), (tuple(row.values()) for row in days))
    return [*written, out / "ablation.csv", out / "fired.csv"]


COLUMNS = (
    "variant",
    "carry %/month",
    "max drawdown %",
    "ES 95 %",
    "P/L %/yr against",
    "difference",
    "95 %",
    "drawdown pp",
    "fired",
)


def _print(document: Mapping[str, Any]) -> None:
    from alvh.study.ablate.document import variant_rows
    from alvh.study.ablate.sentences import headline, remarks

    for line in headline(document):
        print(line)
    found = variant_rows(document)
    priced = any("difference_prices_low_pct" in row for row in found)
    rows = [(*_cells(row), _prices(row)) if priced else _cells(row) for row in found]
    title = "P/L difference: variant less reference, % of account a year; a drawdown difference above zero is a smaller drawdown"
    heads = (*COLUMNS, "over the prices' error") if priced else COLUMNS
    print_table(title, heads, rows, right=(1, 2, 3, 5, 6, 7, 8, 9))
    for line in remarks(document):
        print(line)
    print(f"method: {document['method']['text']}")


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    def number(key: str, how: str, scale: float = 1.0) -> str:
        return "-" if row[key] is None else format(row[key] * scale + 0.0, how)

    ends = "-" if row["difference_low_pct"] is None else f"{row['difference_low_pct']:+.2f} to {row['difference_high_pct']:+.2f}"
    return (
        row["variant"],
        number("carry_pct_per_month", ".4f"),
        number("max_drawdown", ".2f", 100.0),
        number("expected_shortfall_95", ".3f", 100.0),
        row["reference"] or "",
        number("difference_pct_per_year", "+.2f"),
        ends,
        number("drawdown_difference", "+.2f", 100.0),
        number("fired", ".0f"),
    )


def _prices(row: Mapping[str, Any]) -> str:
    """The difference at the ends of the prices' measured error."""
    if "difference_prices_low_pct" not in row:
        return "-"
    return f"{row['difference_prices_low_pct']:+.2f} to {row['difference_prices_high_pct']:+.2f}"
