"""``alvh size``: how many VIX calls for some condors, under every sizing, each read in every other way."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from alvh.app.commands.study import Add
from alvh.app.output import note, print_json, print_table
from alvh.app.source import choose_source


def add_size(add: Add, data_help: str, day: Callable[[str], date], default_policy: str) -> None:
    """Put ``alvh size`` into the grammar; ``day`` reads a date."""
    size = add("size", "size", "Whole contracts of a hedge under every sizing, and every other reading of the same size.")
    which = size.add_mutually_exclusive_group()
    which.add_argument("--book", metavar="FILE", help="CSV or JSON of positions: size a hedge for its condors")
    which.add_argument("--condor", action="store_true", help="size for the condor that the policy would open (default)")
    size.add_argument("--data", metavar="DIR", help=data_help)
    size.add_argument("--as-of", type=day, metavar="DATE", help="session (YYYY-MM-DD; default: the last one)")
    size.add_argument("--policy", default=default_policy, metavar="POLICY", help="whose condor and layers (default: alvh-442)")
    size.add_argument("--lots", type=int, default=1, metavar="N", help="condor lots with --condor (default: 1)")
    size.add_argument("--xsp", action="store_true", help="with --condor: XSP in place of SPX, a tenth of the size")
    size.add_argument("--delta", type=float, metavar="D", help="strike every layer at this delta (default: the policy's)")
    size.add_argument("--coverage", type=float, default=50.0, metavar="PCT", help="vega target (default: 50)")
    size.add_argument("--against", choices=("net", "short_legs"), default="net", help="which vega (default: net)")
    size.add_argument("--beta", choices=("naive", "adjusted"), default="adjusted", help="VX betas (default: adjusted)")
    size.add_argument("--share", type=float, default=25.0, metavar="PCT", help="share of the stress loss (default: 25)")
    size.add_argument("--spx", type=float, default=-8.0, metavar="PCT", help="the stress's SPX move (default: -8)")
    size.add_argument("--vix", type=float, default=18.0, metavar="POINTS", help="the stress's VIX move (default: 18)")
    size.add_argument(
        "--budget", type=_budget, default=0.15, metavar="PCT", help="most decay over the month's credit, or off (default: 15)"
    )
    size.add_argument("--equity", type=float, metavar="USD", help="account: adds sizes by capital, and SPX or XSP lots for it")
    size.add_argument(
        "--capital-share", type=float, default=1.0, metavar="PCT", help="premium over equity, with --equity (default: 1)"
    )


def _budget(text: str) -> float | None:
    if text == "off":
        return None
    try:
        return float(text) / 100.0
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no budget. Allowed: per cent, or off") from None


def run(options: Namespace) -> int:
    """Print the sizes; tables by default."""
    from alvh.app.size import SizeOptions, size_document
    from alvh.risk.size_inputs import Move

    source = choose_source(options.data)
    note(f"reading {source} ...", quiet=options.quiet)
    document = size_document(
        source,
        book=None if options.book is None else Path(options.book),
        as_of=options.as_of,
        options=SizeOptions(
            policy=options.policy,
            lots=options.lots,
            xsp=options.xsp,
            delta=options.delta,
            coverage=options.coverage / 100.0,
            against=options.against,
            beta=options.beta,
            stress_share=options.share / 100.0,
            decay_budget=options.budget,
            move=Move(spx_move=options.spx / 100.0, vix_points=options.vix),
            capital_share=options.capital_share / 100.0,
            equity_usd=options.equity,
        ),
    )
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    condors, stress = document["condors"], document["stress"]
    print(f"Sizes at the close of {document['session']}: SPX {document['spx']:.2f}, VIX {document['vix']:.2f}")
    print(f"Betas: {document['betas']}. Stress: SPX {stress['spx_move_pct']:+g} %, VIX {stress['vix_points']:+g}")
    print(
        f"Condors: {condors['lots']:g} lots, index notional {_usd(condors['index_notional_usd'])}, largest loss "
        f"{_usd(condors['risk_capital_usd'])}, credit {_usd(condors['credit_usd'])} ({_usd(condors['credit_30_days_usd'])} in 30 "
        f"days), net vega {_usd(condors['net_vega_usd_per_vol_point'])}, short legs "
        f"{_usd(condors['short_vega_usd_per_vol_point'])}, stress {_usd(condors['stress_usd'])}"
    )
    for line in condors["notes"]:
        print(f"  {line}")
    print()
    layers = [
        (
            row["layer"], row["contract"], f"{row['ratio']:g}", _usd(row["premium_usd_per_contract"]),
            _usd(row["decay_30_days_usd_per_contract"]), _usd(row["vix_usd_per_point_naive_per_contract"]),
            _usd(row["vix_usd_per_point_adjusted_per_contract"]), _usd(row["stress_gain_usd_per_contract"]),
        )
        for row in document["ladder"]["layers"]
    ]  # fmt: skip
    columns = ("layer", "contract", "ratio", "premium", "decay 30 d", "naive /pt", "adjusted /pt", "in the stress")
    print_table("One contract of each layer", columns, layers, right=tuple(range(2, 8)))
    print()
    rows = [_size_row(size["target"] + ("" if size["feasible"] else " *"), size) for size in document["sizes"]]
    if document["held"] is not None and document["held"]["readings"] is not None:
        rows.append(_size_row("held in the book", {"contracts": None, "readings": document["held"]["readings"]}))
    heads = (
        "size", "contracts", "net adj.", "net naive", "short adj.", "stress", "decay", "of credit", "of index", "premium",
        "of index", "of risk",
    )  # fmt: skip
    print_table("Whole contracts, and every reading of them", heads, rows, right=tuple(range(1, len(heads))))
    for size in document["sizes"]:
        for text in size["reasons"]:
            print(f"* {size['target']}: {text}")
        for text in size["notes"]:
            print(f"  {size['target']}: {text}")
    if document["account"] is not None:
        _print_account(document["account"])


def _size_row(name: str, size: dict[str, Any]) -> tuple[str, ...]:
    found = size["readings"]
    whole = [f"{count:g}" for count in found["contracts"]]
    return (
        name, "/".join(whole), _pct(found["coverage_net_adjusted_pct"]), _pct(found["coverage_net_naive_pct"]),
        _pct(found["coverage_short_adjusted_pct"]), _pct(found["stress_share_pct"]), _usd(found["decay_usd"]),
        _pct(found["decay_of_credit_pct"]), _pct(found["decay_of_index_pct"], 3), _usd(found["premium_usd"]),
        _pct(found["premium_of_index_pct"], 2), _pct(found["premium_of_risk_capital_pct"], 1),
    )  # fmt: skip


def _print_account(account: dict[str, Any]) -> None:
    print()
    rows = [
        (
            row["root"], _usd(row["max_loss_usd_per_lot"]), str(row["lots"]), _usd(row["least_equity_for_one_lot_usd"]),
            "/".join(str(count) for count in row["contracts"].values()), str(row["lots_until_each_layer_has_a_contract"] or "-"),
        )
        for row in account["sizes"]
    ]  # fmt: skip
    title = f"Account of {_usd(account['equity_usd'])}, {account['share_pct']:g} % at the condors' largest loss"
    heads = ("root", "loss a lot", "lots", "equity for one lot", "hedge", "lots for a full ladder shape")
    print_table(title, heads, rows, right=(1, 2, 3, 4, 5))
    if account["reason"]:
        print(f"* {account['reason']}")


def _usd(value: float | None) -> str:
    return "-" if value is None else f"{'-' if value < 0 else ''}${abs(value):,.0f}"


def _pct(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f} %"
