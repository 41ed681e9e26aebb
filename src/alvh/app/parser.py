"""The command line's grammar: every command, option and help text, from the standard library alone.

Why argparse and not a larger library is measured in ``docs/decisions/0001-dependencies.md``: ``alvh --help`` has a limit.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date
from typing import Any, NoReturn

from alvh import __version__
from alvh.app.commands.ablate import add_ablate
from alvh.app.commands.book import add_book, join_values
from alvh.app.commands.explain_day import add_explain
from alvh.app.commands.plan import add_plan
from alvh.app.commands.policy import add_policy
from alvh.app.commands.size import add_size
from alvh.app.commands.study import add_study
from alvh.core.errors import nearest

EXIT_CODES = """exit codes:
  0 done    2 usage    3 policy or configuration    4 data missing or stale    5 data failed its checks
  6 network    1 a bug in alvh (a report is written and its path printed)"""

DEFAULT_POLICY = "alvh-442"


class _Parser(argparse.ArgumentParser):
    """argparse with this program's error line: what was wrong, the nearest match, where help is."""

    def error(self, message: str) -> NoReturn:
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if choice is not None:
            allowed = [word.strip(" '\"") for word in choice[2].split(",")]
            hint = nearest(choice[1], allowed)
            message = f"'{choice[1]}' is not known here{'; ' + hint if hint else '.'} Allowed: {', '.join(allowed)}."
        unknown = re.search(r"unrecognized arguments: (\S+)", message)
        if unknown is not None:
            hint = nearest(unknown[1].split("=")[0], self._option_string_actions)  # this command's own options
            message = f"'{unknown[1]}' is not known here{'; ' + hint if hint else '.'}"
        sys.stderr.write(f"error: {message.rstrip('.?')}{'?' if message.endswith('?') else '.'} Next: {self.prog} --help.\n")
        raise SystemExit(2)


def iso_date(text: str) -> date:
    """A date typed as ``YYYY-MM-DD``."""
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date. Allowed: YYYY-MM-DD, for example 2020-03-16") from None


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON document on stdout instead of tables")
    common.add_argument("-q", "--quiet", action="store_true", help="no progress and no notes on stderr; errors still show")
    return common


def _span(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--from", dest="start", type=iso_date, metavar="DATE", help=f"first {what} (YYYY-MM-DD)")
    parser.add_argument("--to", dest="end", type=iso_date, metavar="DATE", help=f"last {what} (YYYY-MM-DD)")


_DATA_HELP = "folder of market history, or 'sample' for the embedded real SPX and VIX history (default: $ALVH_DATA, else sample)"


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar; ``command`` of the parsed result names the module of ``alvh.app.commands`` that runs it."""
    common = _common()
    parser = _Parser(
        prog="alvh",
        description="SPX iron condors and layered VIX calls as one book: backtested session by session, with and without hedge.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"alvh {__version__}")
    commands: Any = parser.add_subparsers(title="commands", metavar="COMMAND", dest="word", required=False)

    def add(name: str, target: str, summary: str, under: Any = None, **more: Any) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = (commands if under is None else under).add_parser(
            name, help=summary, description=summary, parents=[common], allow_abbrev=False, **more
        )
        made.set_defaults(command=target, parser=made)
        return made

    demo = add("demo", "demo", "Run the default policy on the embedded sample and leave a report.")
    demo.add_argument("--out", default="alvh-demo", metavar="DIR", help="folder for the report (default: alvh-demo)")

    backtest = add("backtest", "backtest", "Run a policy over market history, hedged and unhedged side by side.")
    backtest.add_argument("policy", nargs="?", default=DEFAULT_POLICY, metavar="POLICY", help="policy name or TOML file")
    backtest.add_argument("--data", metavar="DIR", help=_DATA_HELP)
    _span(backtest, "session")
    backtest.add_argument(
        "--out", metavar="DIR", help="also write report.html, result.json, trades.csv, ledger.csv, equity.csv, policy.toml"
    )

    backtest.add_argument(
        "--no-price-range",
        dest="price_range",
        action="store_false",
        help="skip the ten runs at both ends of each price's measured error",
    )

    add_explain(add, _DATA_HELP, iso_date, DEFAULT_POLICY)
    add_policy(commands, add, _DATA_HELP, _span, DEFAULT_POLICY)
    add_ablate(add, _DATA_HELP, _span)

    data = commands.add_parser("data", help="Check market history.", allow_abbrev=False)
    data.set_defaults(command=None, group=data)
    verbs: Any = data.add_subparsers(title="commands", metavar="COMMAND", dest="verb")
    check = add("check", "data_check", "Read every file and report what was dropped, filled or missing, and why.", verbs)
    check.add_argument("data", nargs="?", metavar="DIR", help=_DATA_HELP)

    calendar = add(
        "calendar",
        "calendar",
        "Expiries and last trading days of SPX, SPXW, VIX, VIXW and VX; by default the next 12 weeks with rolls.",
    )
    _span(calendar, "expiry")
    calendar.add_argument("--listed-on", type=iso_date, metavar="DATE", help="only what was listed at that session's close")
    calendar.add_argument("--policy", default=DEFAULT_POLICY, metavar="POLICY", help="whose rolls to show (default: alvh-442)")

    surface = add("surface", "surface", "Show one session's fitted SPX surface, its repricing errors and arbitrage checks.")
    surface.add_argument("--data", metavar="DIR", help=_DATA_HELP)
    surface.add_argument("--as-of", type=iso_date, metavar="DATE", help="session (YYYY-MM-DD; default: the last one)")

    add_plan(add, _DATA_HELP, iso_date, DEFAULT_POLICY)
    add_size(add, _DATA_HELP, iso_date, DEFAULT_POLICY)
    add_book(add, _DATA_HELP, iso_date)
    add_study(commands, add, _DATA_HELP, _span)

    doctor = add("doctor", "doctor", "Check the installation, the kernels and the data; say what would fail and how to mend it.")
    doctor.add_argument("--data", metavar="DIR", help=_DATA_HELP)
    doctor.add_argument("--warm", action="store_true", help="compile every kernel now, so that the first run is quick")
    return parser


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse a command line; usage errors leave through ``SystemExit(2)`` with one line on stderr."""
    parser = build_parser()
    options, unknown = parser.parse_known_args(join_values(arguments))
    owner = getattr(options, "parser", parser)
    if unknown:
        owner.error(f"unrecognized arguments: {unknown[0]}")
    if options.word is None or options.command is None:
        getattr(options, "group", parser).print_help(sys.stderr)
        raise SystemExit(2)
    return options
