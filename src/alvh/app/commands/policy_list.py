"""``alvh policy list``."""

from __future__ import annotations

from argparse import Namespace

from alvh.app.output import print_json, print_table


def run(options: Namespace) -> int:
    from alvh.strategy.policy_file import list_policies

    policies = list_policies()
    if options.json:
        rows = [{"name": name, "description": description} for name, description in policies]
        print_json({"schema": "alvh.policies/1", "policies": rows})
    else:
        print_table("", ("policy", "what it is"), policies)
    return 0
