"""The grammar of the commands that take a book of positions, and what they share; nothing here loads what they need."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh.app.commands.study import Add
from alvh.app.output import note, print_json
from alvh.app.source import choose_source

if TYPE_CHECKING:
    from alvh.app.book_risk import BookMarket

PAGE = "risk.html"
"""The one-file page that ``--out`` writes, whichever of the commands is asked."""
_AXIS = "LOW:HIGH:STEP"
NO_SLEEVE = "(no sleeve)"
WIDTH = 100
"""Columns of a line of prose."""


def add_book(add: Add, data_help: str, day: Callable[[str], date]) -> None:
    """Add ``risk``, ``stress``, ``margin`` and ``payoff``; ``day`` reads a date."""
    risk = _book_command(add, data_help, day, "risk", "Exposures, vega coverage, size under every reading and cost of a book.")
    risk.add_argument("--decay-days", type=int, default=30, metavar="N", help="days of static decay (default: 30)")
    stress = _book_command(add, data_help, day, "stress", "What a book loses: SPX x VIX grid, replayed episodes, made moves.")
    stress.add_argument("--spx", metavar=_AXIS, help="SPX moves as fractions (default: -0.2:0.1:0.01)")
    stress.add_argument("--vix", metavar=_AXIS, help="VIX moves in points (default: -6:50:2)")
    stress.add_argument("--days", type=float, default=0.0, metavar="N", help="calendar days forward of the grid (default: 0)")
    stress.add_argument(
        "--dynamic",
        choices=("sticky_delta", "sticky_strike", "ssr"),
        default="sticky_delta",
        help="what the SPX smile does when spot moves (default: sticky_delta)",
    )
    stress.add_argument(
        "--liquidity", type=float, default=1.0, metavar="FACTOR", help="widen every half-spread of the bid side (default: 1)"
    )
    margin = _book_command(add, data_help, day, "margin", "What a book asks of the account, under every convention.")
    margin.add_argument("--equity", type=float, metavar="USD", help="account equity: adds buying power and the quick ratio")
    payoff = _book_command(add, data_help, day, "payoff", "Payoff lines, break-evens with their band, convexity by layer.")
    payoff.add_argument(
        "--days", type=float, metavar="N", help="calendar days of the line between today and expiry (default: half)"
    )
    payoff.add_argument(
        "--roll",
        type=day,
        action="append",
        metavar="DATE",
        help="a date for break-evens, may be repeated (default: hedge expiries)",
    )


def _book_command(add: Add, data_help: str, day: Callable[[str], date], name: str, summary: str) -> ArgumentParser:
    made = add(name, name, summary)
    made.add_argument(
        "--book", required=True, metavar="FILE", help="book of positions, CSV or JSON (docs/reference/book-file.md)"
    )
    made.add_argument("--data", metavar="DIR", help=data_help)
    made.add_argument("--as-of", type=day, metavar="DATE", help="session (YYYY-MM-DD; default: the last one)")
    made.add_argument(
        "--betas",
        choices=("auto", "measured", "published"),
        default="auto",
        help="betas of the VX curve to VIX: of the year up to the date, or published (auto: those where none can be measured)",
    )
    made.add_argument("--out", metavar="DIR", help=f"also write {PAGE}, one page with everything, and the JSON document")
    return made


def join_values(arguments: list[str]) -> list[str]:
    """``--spx -0.2:0.1:0.02`` as ``--spx=-0.2:0.1:0.02``: argparse takes what begins with a minus for an option."""
    joined, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("--spx", "--vix") and rest and not rest[0].startswith("--"):
            word = f"{word}={rest.pop(0)}"
        joined.append(word)
    return joined


def load(options: Namespace) -> BookMarket:
    """The book and its market, as the options say."""
    from alvh.app.book_risk import load_book

    source = choose_source(options.data)
    note(f"reading {options.book} and {source} ...", quiet=options.quiet)
    return load_book(Path(options.book), source, as_of=options.as_of, betas=options.betas)


def finish(
    options: Namespace, made: BookMarket, name: str, document: dict[str, Any], show: Callable[[dict[str, Any]], None]
) -> int:
    """Print the document or its tables, and write the page where a folder is named; ``name`` is the command's."""
    if options.out is not None:  # first, so that stdout stays empty where a file cannot be written
        from alvh.app.book_page import write_page

        for path in write_page(made, Path(options.out), PAGE, {name: document}):
            note(f"wrote {path}", quiet=options.quiet)
    if options.json:
        print_json(document)
    else:
        show(document)
    return 0


def head_lines(document: Mapping[str, Any]) -> None:
    """The lines above every command's tables."""
    book, data = document["book"], document["data"]
    say(
        f"{book['file']}: {book['positions']} positions at the close of {document['session']}, "
        f"SPX {document['spx']:,.2f}, VIX {document['vix']:.2f}, prices of the model"
    )
    if data["modelled"]:
        say(f"Inputs that a model or a carried value supplied: {', '.join(data['modelled'])}")


def say(text: str) -> None:
    """A sentence in lines of at most 100 columns."""
    print(textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False))


def usd(value: float | None, *, sign: bool = False) -> str:
    """Whole dollars, cents below 10, '-' for nothing."""
    if value is None:
        return "-"
    digits = 2 if 0.0 < abs(value) < 10.0 else 0
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0.0 else text


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction in per cent, '-' for nothing."""
    return "-" if value is None else f"{100.0 * value:.{digits}f} %"
