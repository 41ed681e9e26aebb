"""``alvh study model-error``: model prices against quoted chains."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alvh.app.output import note, print_json, print_table, progress
from alvh.app.source import choose_source
from alvh.core.errors import DataMissing

Row = Mapping[str, Any]


def run(options: Namespace) -> int:
    """Score the shipped coefficients on every chain of a file or folder."""
    document = score(options.chains, options.data, quiet=options.quiet)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def score(chains: str, data: str | None, *, quiet: bool = True) -> dict[str, Any]:
    """The whole document. Raises :class:`DataMissing` where no file holds a chain, or none of them could be scored."""
    from alvh.data.chains import load_chains
    from alvh.data.load import load_history
    from alvh.data.quality import QualityLog
    from alvh.study.model_error.document import build_document
    from alvh.study.model_error.run import coefficients, model_errors

    source = choose_source(data)
    log = QualityLog()
    note(f"reading chains in {chains} ...", quiet=quiet)
    quoted = load_chains(Path(chains), log)
    note(f"reading index history in {source} ...", quiet=quiet)
    history = load_history(source).history
    errors = model_errors(quoted, history, progress=progress("scoring", quiet=quiet))
    report = log.report()
    for row in (*report.errors, *report.warnings):
        note(row.to_line(), quiet=quiet)
    for refused in errors.refused:
        note(f"not scored ({refused.state}): {refused.source}: {refused.why}", quiet=quiet)
    if not errors.spx and not errors.vix:
        raise DataMissing(
            f"none of the {len(quoted)} chains could be scored",
            where=chains,
            allowed="a chain of a session with Friday expiries of 8 to 62 days, or VIX expiries of 7 to 121 days",
            todo="read the reasons above (leave --quiet out)",
        )
    return build_document(
        errors, chains=str(chains), data=str(source), coefficients=coefficients(), files=[row.to_dict() for row in report.rows]
    )


def _print(document: Row) -> None:
    summary = document["summary"]
    if document["dates"]:
        _print_spx(document["dates"], summary)
    if document["vix"]:
        _print_vix(document["vix"], summary["vix"]["all"]["bands"])
    refused = {state: count for state, count in summary["refused"].items() if count}
    if refused:
        print("\nnot scored: " + ", ".join(f"{state} {count}" for state, count in refused.items()))


def _print_spx(dates: Sequence[Row], summary: Row) -> None:
    from alvh.study.model_error.spx import LABELS

    heads = ("session", "inputs", "rms %", *LABELS, "30 d %", "45 d %", "put side %", "call side %")
    rows = [
        (
            row["session"] + ("" if row["product"] == "SPX" else f" {row['product']}"),
            row["inputs"] + ("" if row["verified"] else "?") + ("*" if row["states"] else ""),
            _plain(row["rms_vol_pct"]),
            *(_signed(row["errors_vol_points"][label], 2) for label in LABELS),
            *(_signed(row["credit_error_pct"][term]) for term in ("30", "45")),
            _signed(row["put_side_error_pct"]),
            _signed(row["call_side_error_pct"]),
        )
        for row in dates
    ]
    print_table("SPX: model less market, vol points; 16/5 condor credit, per cent", heads, rows, right=range(2, len(heads)))
    if any(row["states"] for row in dates):
        print("* the surface carries a state: " + ", ".join(f"{k} {v}" for k, v in summary["surface_states"].items()))
    if any(not row["verified"] for row in dates):
        print("? the quotes give no VIX to hold against the published one: a group of their own")
    for kind in ("official", "chain", "unverified", "all"):
        if summary[kind]["sessions"]:
            _print_group(kind, summary[kind], LABELS)


def _print_vix(sessions: Sequence[Row], bands: Sequence[Row]) -> None:
    from alvh.study.model_error.vix import VIX_LABELS

    heads = ("session", "inputs", *(f"{label} d" for label in VIX_LABELS), "mean %", "mean size %")
    rows = [
        (
            row["session"],
            row["inputs"],
            *(_signed(row["price_error_pct_by_delta"][label]) for label in VIX_LABELS),
            _signed(row["price_error_pct"]),
            _plain(row["price_abs_error_pct"]),
        )
        for row in sessions
    ]
    print()
    print_table("VIX calls: model less market, per cent of mid", heads, rows, right=range(2, len(heads)))
    _print_bands("VIX, all inputs", bands)


def _print_group(kind: str, group: Row, labels: Sequence[str]) -> None:
    print()
    by_delta = group["errors_vol_points"]
    heads = ("", *labels)
    rows = [("mean", *(_signed(by_delta[label]["mean"], 2) for label in labels))]
    rows.append(("mean size", *(_plain(by_delta[label]["mean_abs"], 2) for label in labels)))
    count = f"{group['sessions']} sessions, {group['regimes']} regimes of equal weight"
    title = f"{kind} inputs: {count}, rms {group['rms_vol_pct']:.2f} %"
    print_table(title, heads, rows, right=range(1, len(heads)))
    spreads = [
        (name.replace("_", " "), *(_pair(group[f"{name}_error_pct"][term]) for term in ("30", "45")))
        for name in ("credit", "put_side", "call_side")
    ]
    print_table("own-strike error, per cent: size (bias)", ("", "30 d", "45 d"), spreads, right=(1, 2))
    tenors = [
        (
            f"{row['from_days']}-{row['to_days']}",
            str(row["expiries"]),
            _plain(row["rms_vol_pct"]),
            *(_plain(row["errors_vol_points"][label]["mean_abs"], 2) for label in ("P16", "ATM", "C16")),
        )
        for row in group["by_tenor"]
        if row["expiries"]
    ]
    heads = ("days", "expiries", "rms %", "P16", "ATM", "C16")
    print_table("by days to expiry: mean size, vol points", heads, tenors, right=range(1, 6))
    _print_bands(f"{kind} inputs", group["bands"])


def _print_bands(title: str, bands: Sequence[Row]) -> None:
    rows = [
        (
            band["name"],
            f"{'at least' if band['at_least'] else 'at most'} {band['limit']:g}",
            _plain(band["value"], 2),
            "-" if band["met"] is None else "met" if band["met"] else "MISSED",
            band["source"],
        )
        for band in bands
    ]
    print_table(f"bands, {title}", ("", "limit", "measured", "", "from"), rows, right=(2,))


def _pair(row: Row) -> str:
    return "-" if row["mean_abs"] is None else f"{row['mean_abs']:.1f} ({row['mean']:+.1f})"


def _signed(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:+.{digits}f}"


def _plain(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
