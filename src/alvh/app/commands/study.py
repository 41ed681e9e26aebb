"""The grammar of ``alvh study``: one function and one ``study_*`` module a sub-command; nothing here loads what they need."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, Protocol


class Add(Protocol):
    """``parser.build_parser``'s helper: name, module of ``alvh.app.commands``, summary, and the group it goes under."""

    def __call__(self, name: str, target: str, summary: str, under: Any = None, **more: Any) -> ArgumentParser: ...


def add_study(commands: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    """Put the group under ``commands``; ``span`` adds --from and --to."""
    study = commands.add_parser("study", help="Hold models and engine against the market.", allow_abbrev=False)
    study.set_defaults(command=None, group=study)
    verbs: Any = study.add_subparsers(title="commands", metavar="COMMAND", dest="verb")
    for sub_command in SUB_COMMANDS:
        sub_command(verbs, add, data_help, span)


def _model_error(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    found = add("model-error", "study_model_error", "Score the shipped surfaces against quoted SPX and VIX chains.", verbs)
    found.add_argument("--chains", required=True, metavar="DIR", help="chain file, or folder of them, of any layout that is read")
    found.add_argument("--data", metavar="DIR", help=data_help)


def _fit_chains(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    found = add("fit-chains", "study_fit_chains", "The exchange's indices of quoted chains, and surfaces fitted to them.", verbs)
    found.add_argument("--chains", required=True, metavar="DIR", help="chain file, or folder of them, of any layout that is read")


def _parity(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    found = add("parity", "study_parity", "Quoted VIX chains against VX settlements: conversions and reversals.", verbs)
    found.add_argument("--chains", required=True, metavar="DIR", help="chain file, or folder of them, of any layout that is read")
    found.add_argument("--data", metavar="DIR", help=data_help)


def _replicate(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    found = add("replicate", "study_replicate", "Rebuild Cboe's option-strategy indices on the engine and compare.", verbs)
    found.add_argument("index", metavar="INDEX", help="PUT, BXM, BXMD, BXY, PPUT, CLL, CLLZ, CMBO, BFLY, CNDR, VXTH, or all")
    found.add_argument("--levels", metavar="FILE", help="published levels: CSV with a date column and one named after the index")
    found.add_argument("--data", metavar="DIR", help=data_help)
    span(found, "day of the whole months compared, by default 1990-02 to 2021-12;")
    found.add_argument("--control", metavar="NAME", help="break one thing on purpose: flat-smile, iv-plus-10, iv-minus-10, "
                       "week-early, close-settlement, no-dividends, spot-vix-band")  # fmt: skip
    found.add_argument("--out", metavar="DIR", help="also write replication.json and the pictures")


def _clustering(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    found = add("clustering", "study_clustering", "Do SPX moves cluster, and has the correlation of SPX and VIX broken?", verbs)
    found.add_argument("--data", metavar="DIR", help=data_help)
    span(found, "session")


def _press(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    found = add("press", "study_press", "Spikes of VIX that reverted, beside what was told at the time.", verbs)
    found.add_argument("--data", metavar="DIR", help=data_help)
    span(found, "session")


def _displays(verbs: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None]) -> None:
    from alvh.app.parser import DEFAULT_POLICY, iso_date  # at the top it would be a circle

    found = add("displays", "study_displays", "What no rule acts on: differentials, term structure, rate spike, theta.", verbs)
    found.add_argument("--data", metavar="DIR", help=data_help)
    found.add_argument("--as-of", type=iso_date, metavar="DATE", help="session (YYYY-MM-DD; default: the last one)")
    found.add_argument("--policy", default=DEFAULT_POLICY, metavar="POLICY", help=f"name or file (default: {DEFAULT_POLICY})")
    found.add_argument("--rate-spike-bp", type=float, metavar="BP", help="rise that is a rate spike (default: 40)")
    found.add_argument("--fx-score", type=float, metavar="Z", help="move that makes a spike external (default: 1)")


SUB_COMMANDS = (_model_error, _fit_chains, _parity, _replicate, _clustering, _press, _displays)
"""One a sub-command, in the order of the help text."""
