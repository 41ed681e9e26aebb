"""``alvh plan``: what the policy does at a session's close with a book: rows with limits and reasons. It sends nothing."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

from alvh.app.commands.backtest import writable_folder
from alvh.app.commands.study import Add
from alvh.app.output import note, print_json, print_table
from alvh.app.source import choose_source
from alvh.core.errors import UsageError


def add_plan(add: Add, data_help: str, day: Callable[[str], date], default_policy: str) -> None:
    """Add ``plan``; ``day`` reads a date."""
    plan = add("plan", "plan", "What to open, roll or exit at a session's close, at which limit, and why. It sends nothing.")
    plan.add_argument("--book", metavar="FILE", help="book of positions (docs/reference/book-file.md; default: an empty book)")
    plan.add_argument(
        "--policy", default=default_policy, metavar="POLICY", help=f"policy name or TOML file (default: {default_policy})"
    )
    plan.add_argument("--data", metavar="DIR", help=data_help)
    plan.add_argument("--chains", metavar="DIR", help="folder of the session's saved SPX and VIX quotes (default: model prices)")
    plan.add_argument("--as-of", type=day, metavar="DATE", help="session (YYYY-MM-DD; default: the last one that closed)")
    plan.add_argument("--equity", type=float, metavar="USD", help="cash of the account, where the book brings no state")
    plan.add_argument("--out", metavar="DIR", help="also write plan.html, plan.csv, plan.json and book-after.json")


def run(options: Namespace) -> int:
    source = choose_source(options.data)
    book = None if options.book is None else Path(options.book)
    _check_equity(options.equity)
    out = None if options.out is None else _folder(options.out, book)
    note(f"planning on {source} ...", quiet=options.quiet)
    from alvh.app.plan import plan_day

    made = plan_day(
        book,
        options.policy,
        data=source,
        chains=None if options.chains is None else Path(options.chains),
        as_of=options.as_of,
        today=date.today(),
        equity_usd=options.equity,
    )
    if out is not None:
        from alvh.app.plan_files import write_plan

        for path in write_plan(made, out):
            note(f"wrote {path}", quiet=options.quiet)
    if options.json:
        print_json(made.document)
    else:
        show(made.document)
    return 0


def _check_equity(equity_usd: float | None) -> None:
    if equity_usd is not None and not (isfinite(equity_usd) and equity_usd > 0.0):
        raise UsageError(
            f"an equity of {equity_usd:g} USD", where="--equity", allowed="dollars above 0", todo="give the cash of the account"
        )


def _folder(name: str, book: Path | None) -> Path:
    """The folder to write to; refused, before any work, where it can't be made or where its files would replace the book."""
    from alvh.app.plan_files import FILES

    out = writable_folder(name)
    if book is not None and book.resolve().parent == out.resolve() and book.name in FILES:
        raise UsageError(
            f"{book.name} would be replaced by the plan that is made from it",
            where=f"--out {name}",
            allowed="another folder than the book's",
            todo="give each day's plan a folder of its own, such as plans/2026-07-22",
        )
    return out


def show(document: dict[str, Any]) -> None:
    """The plan as tables."""
    market = document["market"]
    policy = document["policy"]
    print(f"{document['as_of']}: SPX {market['spx']:,.2f}, VIX {market['vix']:.2f}, prices: {market['prices']}")
    print(f"Policy {policy['name']} ({policy['sha256'][:12]}, {policy['adopted']}). This is a plan: nothing is sent.")
    heads = ("sleeve", "action", "contracts", "limit", "worst", "bid / mid / ask", "from", "why", "next")
    rows = [line for row in document["rows"] for line in _lines(row)]
    print_table("", heads, rows, right=(3, 4))
    for title, found in (
        ("Settled since the book was kept", [_settled(row) for row in document["settled"]]),
        ("Held back", [(row["rule"], row["text"]) for row in document["refusals"]]),
        ("Rules", [(rule["name"], rule["action"], _holds(rule["holds"]), rule["when"]) for rule in document["rules"]]),
        ("Notes", [(text,) for text in [*document["left_alone"], *document["notes"]]]),
    ):
        if found:
            print()
            print_table(title, ("",) * len(found[0]), found)
    print()
    print_table("", ("", "before", "after"), _figures(document), right=(1, 2))
    old = [row for row in document["inputs"] if row["age_sessions"] != 0]
    if old:
        print()
        print_table("Inputs that are not of this close", ("input", "age, sessions", "stands in"), [_age(row) for row in old])


def _settled(row: dict[str, Any]) -> tuple[str, ...]:
    return contract(row), row["session"], row["text"], f"${row['usd']:,.2f}"


def _age(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["name"], "never" if row["age_sessions"] is None else str(row["age_sessions"]), row["source"]


def _holds(holds: bool | None) -> str:
    return "off, no value" if holds is None else "holds" if holds else "no"


def _lines(row: dict[str, Any]) -> list[tuple[str, ...]]:
    """One line an order, one where there is none."""
    name = row["sleeve"] if row["layer"] is None else f"{row['sleeve']} {row['layer']}"
    why, following = f"{row['reason']['text']} ({row['reason']['rule']})", row["next_roll"] or "-"
    if not row["orders"]:
        held = "; ".join(contract(leg) for leg in row["held"]) or "-"
        market = " / ".join(price(row[key]) for key in ("bid", "mid", "ask")) if row["held"] else "-"
        return [(name, row["action"], held, "-", "-", market, row["price_source"] or "-", why, following)]
    lines = []
    for k, order in enumerate(row["orders"]):
        what = f"{order['side']} " + "; ".join(contract(leg) for leg in order["legs"])
        prices = " / ".join(price(order[key]) for key in ("bid", "mid", "ask"))
        tail = (why, following) if k == 0 else ("", "")
        head = (name, row["action"]) if k == 0 else ("", "")
        lines.append((*head, what, price(order["limit"]), price(order["worst"]), prices, order["price_source"], *tail))
    return lines


def contract(leg: dict[str, Any]) -> str:
    """``+4 VIX 2020-03-18 C 25``."""
    tail = "" if leg["right"] is None else f" {leg['right']} {leg['strike']:g}"
    return f"{leg['quantity']:+d} {leg['root']} {leg['expiry']}{tail}"


def price(value: float | None) -> str:
    """Points, '-' for a price that is not known."""
    return "-" if value is None else f"{value:,.2f}"


def _figures(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    def percent(value: float | None) -> str:
        return "-" if value is None else f"{100.0 * value:.1f} %"

    cover, cost = document["coverage"], document["cost"]
    rows = [("vega coverage, net, by betas", percent(cover["before"]), percent(cover["after"]))]
    for key, label in (
        ("of_credit", "decay of 30 days, of credit"),
        ("of_index_notional", "decay of 30 days, of index notional"),
    ):
        before, after = (percent(None if part is None else part[key]) for part in (cost["before"], cost["after"]))
        rows.append((label, before, after))
    return rows
