"""The grammar of ``alvh policy``: one function and one ``policy_*`` module a sub-command; nothing here loads what they need."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from alvh.app.commands.study import Add

_POLICY: dict[str, Any] = {"metavar": "NAME_OR_FILE", "help": "policy name or TOML file"}


def add_policy(commands: Any, add: Add, data_help: str, span: Callable[[ArgumentParser, str], None], default_policy: str) -> None:
    """Put the group under ``commands``; ``span`` adds --from and --to."""
    policy = commands.add_parser("policy", help="List, explain, compare, check and adopt policies.", allow_abbrev=False)
    policy.set_defaults(command=None, group=policy)
    verbs: Any = policy.add_subparsers(title="commands", metavar="COMMAND", dest="verb")
    add("list", "policy_list", "List the policies that ship with alvh, by group, and the data that each one needs.", verbs)
    found = add("explain", "policy_explain", "Say a policy in English, with every default and where each value came from.", verbs)
    found.add_argument("policy", nargs="?", default=default_policy, **_POLICY)
    found = add("diff", "policy_diff", "What differs between two policies: keys, layers, rules and sentences.", verbs)
    found.add_argument("left", metavar="A", help="policy name or TOML file")
    found.add_argument("right", metavar="B", help="policy name or TOML file")
    found = add("lint", "policy_lint", "Find what can't work in a policy: dead rules, empty windows, sizes not to be had.", verbs)
    found.add_argument("policy", nargs="?", default=default_policy, **_POLICY)
    found.add_argument("--data", metavar="DIR", help=f"also check it against data: {data_help}")
    span(found, "session of the checks against data and expiry calendar")
    found.add_argument("--strict", action="store_true", help="exit with 3 where an error is found")
    found = add("adopt", "policy_adopt", "Record that a policy is adopted: its hash, its text, the day and the reason.", verbs)
    found.add_argument("policy", nargs="?", **_POLICY)
    found.add_argument("--reason", metavar="TEXT", help="why it is adopted; kept with the record")
    found.add_argument("--list", dest="listed", action="store_true", help="show every adoption instead")
