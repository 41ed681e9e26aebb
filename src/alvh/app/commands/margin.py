"""``alvh margin``: what a book asks of the account, under each convention a broker may use."""

from __future__ import annotations

from argparse import Namespace
from math import isfinite
from typing import Any

from alvh.app.commands.book import finish, head_lines, load, say, usd
from alvh.app.output import print_table
from alvh.core.errors import UsageError


def run(options: Namespace) -> int:
    """Print the requirement under every convention; tables by default."""
    if options.equity is not None and not (isfinite(options.equity) and options.equity > 0.0):
        raise UsageError(
            f"an equity of {options.equity:g} USD", where="--equity", allowed="dollars above 0", todo="give the account's equity"
        )
    from alvh.app.book_margin import margin_document

    made = load(options)
    return finish(options, made, "margin", margin_document(made, equity_usd=options.equity), _print)


def _print(document: dict[str, Any]) -> None:
    head_lines(document)
    print()
    products = list(dict.fromkeys(name for one in document["conventions"].values() for name in one["by_product_usd"]))
    equity = "account" in document
    heads = ("convention", "requirement", *products, "least equity", *(("buying power",) if equity else ()))
    rows = []
    for name, one in document["conventions"].items():
        row = [name, usd(one["requirement_usd"])]
        row += [usd(one["by_product_usd"].get(product, 0.0)) for product in products]
        row.append(usd(one["minimum_equity_usd"]))
        if equity:
            row.append(usd(one["buying_power_usd"]) if one["feasible"] else f"{usd(one['buying_power_usd'])} short")
        rows.append(tuple(row))
    print_table("Requirement in USD", heads, rows, right=tuple(range(1, len(heads))))
    print()
    print_table("", ("convention", "what binds"), [(name, one["binding"]) for name, one in document["conventions"].items()])
    if equity:
        account = document["account"]
        ratio = "nothing is due" if account["quick_ratio"] is None else f"{account['quick_ratio']:.2f}"
        print()
        say(
            f"Quick ratio {ratio}: cash {usd(account['cash_usd'])} + long options at the bid "
            f"{usd(account['long_options_at_bid_usd'])} over {usd(account['due_usd'])} due ({account['assumed']})"
        )
    notes = dict.fromkeys(text for one in document["conventions"].values() for text in one["notes"])
    print()
    for text in notes:
        say(f"Note: {text}")
    print("Brokers may ask for more; parts of every requirement: --json.")
