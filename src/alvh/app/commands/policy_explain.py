"""``alvh policy explain``."""

from __future__ import annotations

from argparse import Namespace

from alvh.app.output import print_json


def run(options: Namespace) -> int:
    from alvh.strategy.explain import explain, explain_dict
    from alvh.strategy.policy_file import load_policy

    policy = load_policy(options.policy)
    if options.json:
        print_json({**explain_dict(policy), "schema": "alvh.policy-explained/1"})
    else:
        print(explain(policy))
    return 0
