"""``alvh study parity``: VIX chains against VX settlements, and equal protection in VIX calls and SPX put spreads."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alvh.app.output import note, print_json, print_table
from alvh.app.source import choose_source
from alvh.core.errors import DataMissing

STRESSES = ((-0.05, 10.0), (-0.08, 18.0), (-0.20, 50.0))
"""SPX move and VIX points: three rows of the stress table of methods.md 8.3."""
GAIN_USD = 10_000.0


def run(options: Namespace) -> int:
    """Scan every VIX chain of a file or folder, and price equal protection at the close of each session that the data hold."""
    document = parity(options.chains, options.data, quiet=options.quiet)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def parity(chains: str, data: str | None, *, quiet: bool = True) -> dict[str, Any]:
    """The whole document. Raises :class:`DataMissing` where no file holds a VIX chain."""
    from alvh.app.wiring import load_market
    from alvh.data.chains import load_chains
    from alvh.data.quality import QualityLog
    from alvh.risk.parity import CALL_DELTA, PUT_DELTAS, ParityCosts
    from alvh.strategy.policy_file import load_policy
    from alvh.study.parity import SCHEMA, scan_chains, summary

    source = choose_source(data)
    log = QualityLog()
    note(f"reading chains in {chains} ...", quiet=quiet)
    quoted = load_chains(Path(chains), log)
    if not any(chain.underlying == "VIX" for chain in quoted):
        raise DataMissing(
            f"none of the {len(quoted)} chains is on VIX", where=chains, allowed="quotes of VIX options", todo="name their folder"
        )
    note(f"reading index history in {source} ...", quiet=quiet)
    loaded = load_market(source, load_policy("alvh-442").policy)
    report = log.report()
    for row in (*report.errors, *report.warnings):
        note(row.to_line(), quiet=quiet)
    costs = ParityCosts()
    scans = scan_chains(quoted, loaded.market.history, costs)
    return {
        "schema": SCHEMA,
        "chains": str(chains),
        "data": str(source),
        "costs": {
            "option_fee_usd": costs.option_fee_usd,
            "future_fee_usd": costs.future_fee_usd,
            "future_half_spread_points": costs.future_half_spread_points,
        },
        "summary": summary(scans),
        "scans": scans,
        "equal_stress": {
            "gain_usd": GAIN_USD,
            "call_delta": CALL_DELTA,
            "put_deltas": list(PUT_DELTAS),
            "prices": "model",
            "rows": _equal_stress(loaded, sorted({one["session"] for one in scans if one["future_session"] is not None})),
        },
        "files": [row.to_dict() for row in report.rows],
    }


def _equal_stress(loaded: Any, sessions: list[str]) -> list[dict[str, Any]]:
    from dataclasses import asdict
    from datetime import date

    import numpy as np

    from alvh.core.days import to_day
    from alvh.market.scenarios import Scenarios
    from alvh.risk.parity import compared_structures, equal_stress

    market, rows = loaded.market, []
    for session in sessions:
        snapshot = market.snapshot(int(np.searchsorted(market.sessions, to_day(date.fromisoformat(session)))))
        structures = compared_structures(snapshot, market.series.expiry)
        for spx, vix in STRESSES:
            stress = {"session": session, "spx_move": spx, "vix_points": vix}
            found = equal_stress(snapshot, structures, Scenarios.of(spx, vix), gain_usd=GAIN_USD)
            rows += [stress | asdict(price) for price in found]
    return rows


def _print(document: Mapping[str, Any]) -> None:
    for one in document["scans"]:
        future = one["future_session"] or "none"
        heads = ("expiry", "pairs", "off", "implied", "sell at", "buy at", "VX", "gap", "conversion $", "reversal $", "box $")
        keys = ("implied_forward", "implied_bid", "implied_ask", "vx", "gap")
        money = ("conversion", "reversal", "box")
        rows = [
            (
                f"{row['root']} {row['expiry']}",
                str(row["pairs"]),
                str(row["inconsistent_strikes"]),
                *(_number(row[f"{key}_points"], 3) for key in keys),
                *(_number(row[f"{key}_usd_per_pair"], 2) for key in money),
            )
            for row in one["expiries"]
        ]
        print_table(f"{one['source']}; VX settlement of {future}", heads, rows, right=range(1, len(heads)))
        print()
    total = document["summary"]
    print(
        f"{total['with_future']} of {total['expiries']} expiries have a future; median gap "
        f"{_number(total['median_abs_gap_points'], 3)} points; a conversion or reversal pays after costs on "
        f"{total['conversion_or_reversal_pays']}; {total['inconsistent_strikes']} strikes do not hold their expiry's forward"
    )
    print("settlements are of another minute than the quotes: a gap is a question, not a trade")
    equal = document["equal_stress"]
    titles = ("session", "stress", "structure", "contracts", "premium $", "half-spreads $", "lost in 30 days $")
    priced = [
        (
            row["session"],
            f"{100 * row['spx_move']:+.0f} %, {row['vix_points']:+.0f}",
            row["name"],
            *(
                _number(row[key], 1 if key == "contracts" else 0)
                for key in ("contracts", "premium_usd", "spread_usd", "decay_usd")
            ),
        )
        for row in equal["rows"]
    ]
    if priced:
        print()
        print_table(
            f"What {equal['gain_usd']:,.0f} USD of gain in a stress cost (model prices)", titles, priced, right=range(3, 7)
        )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
