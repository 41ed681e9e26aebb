"""``alvh policy list``: the shipped policies by group, with the data that each one needs beyond the embedded sample."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from alvh.app.output import print_json, print_table


def run(options: Namespace) -> int:
    """Print one table a group, or one document."""
    from alvh.strategy.policy_groups import GROUPS, listed_policies

    policies = listed_policies()
    if options.json:
        print_json({"schema": "alvh.policies/1", "groups": list(GROUPS), "policies": [asdict(one) for one in policies]})
        return 0
    heads = ("policy", "needs beyond the sample", "what it is")
    for number, group in enumerate(name for name in GROUPS if any(one.group == name for one in policies)):
        if number:
            print()
        rows = [(one.name, ", ".join(one.needs) or "-", one.description) for one in policies if one.group == group]
        print_table(group[0].upper() + group[1:], heads, rows)
    return 0
