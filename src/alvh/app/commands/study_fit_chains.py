"""``alvh study fit-chains``: the exchange's indices of quoted chains, and surfaces fitted to them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alvh.app.output import note, print_json, print_table, progress


def run(options: Namespace) -> int:
    from alvh.data.chains import load_chains
    from alvh.data.quality import QualityLog
    from alvh.study.fit_chains import fit_chains

    log = QualityLog()
    chains = load_chains(Path(options.chains), log)
    report = log.report()
    for row in (*report.errors, *report.warnings):
        note(row.to_line(), quiet=options.quiet)
    found = fit_chains(chains, progress("fitting", quiet=options.quiet))
    if options.json:
        print_json(found)
    else:
        _print(found)
    return 0


def _print(found: Mapping[str, Any]) -> None:
    names = ("VIX9D", "VIX", "VIX3M", "VIX6M", "SKEW", "VVIX")
    rows = [
        (one["session"], one["underlying"], *(f"{one['indices'][n]:.2f}" if n in one["indices"] else "-" for n in names))
        for one in found["chains"]
    ]
    print_table("Indices by the exchange's formulas", ("session", "chain", *names), rows, right=tuple(range(2, 8)))
    heads = ("session", "form", "expiries", "rms %", "P16", "ATM", "C16", "least g", "free of arbitrage")
    fits = [
        (
            one["session"],
            fit["form"],
            str(len(one["expiries"])),
            f"{fit['rms_pct']:.1f}",
            *(f"{fit['by_delta'][d]['mean_abs_vol_points']:.2f}" if d in fit["by_delta"] else "-" for d in ("P16", "ATM", "C16")),
            f"{fit['arbitrage']['least_durrleman_g']:+.3f}",
            "yes" if fit["arbitrage"]["free"] else "NO",
        )
        for one in found["chains"]
        for fit in one["fits"]
    ]
    print_table("Fits; P16, ATM and C16: mean size of the error, vol points", heads, fits, right=tuple(range(2, 8)))
    for one in found["chains"]:
        left = ", ".join(f"{count} {reason}" for reason, count in sorted(one.get("quotes_rejected", {}).items()))
        if left:
            print(f"{one['session']} {one['underlying']}: quotes left out: {left}")
        for what, why in one["refused"].items():
            print(f"{one['session']} {one['underlying']}: {what} not fitted: {why}")
