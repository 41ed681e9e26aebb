"""``alvh policy diff``: every key whose value differs, the layers and rules that came or went, and the sentences that changed."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from alvh.app.output import print_json, print_table

if TYPE_CHECKING:
    from alvh.strategy.policy_diff import KeyChange, PolicyDiff
    from alvh.strategy.policy_file import LoadedPolicy


def run(options: Namespace) -> int:
    """Print the difference; the exit code is 0 whether there is one or not."""
    from alvh.strategy.policy_diff import diff_policies
    from alvh.strategy.policy_file import load_policy

    left, right = load_policy(options.left), load_policy(options.right)
    found = diff_policies(left, right)
    if options.json:
        print_json(_document(left, right, found))
    else:
        _print(left, right, found)
    return 0


def _document(left: LoadedPolicy, right: LoadedPolicy, found: PolicyDiff) -> dict[str, Any]:
    return {
        "schema": "alvh.policy-diff/1",
        "left": {"name": left.policy.name, "sha256": left.sha256, "chain": list(left.chain)},
        "right": {"name": right.policy.name, "sha256": right.sha256, "chain": list(right.chain)},
        "same_book": found.same_book,
        **asdict(found),
    }


def _print(left: LoadedPolicy, right: LoadedPolicy, found: PolicyDiff) -> None:
    names = f"{left.policy.name} (A, {left.sha256[:16]}) and {right.policy.name} (B, {right.sha256[:16]})"
    if found.same_book:
        print(f"{names} hold the same book.")
        return
    print(f"{names} differ.")
    if found.keys:
        heads = ("key", "A", "B", "unit", "rules", "set by in A", "set by in B")
        print()
        print_table("Keys", heads, [_row(change) for change in found.keys])
    for title, side in (("Only in A", "left"), ("Only in B", "right")):
        only = [f"{item.key} {item.name}" for item in found.items if item.side == side]
        if only:
            print(f"\n{title}: {', '.join(only)}")
    for order in found.orders:
        print(f"\nOrder of {order.key}: A {', '.join(order.left)}; B {', '.join(order.right)}")
    for section in found.sections:
        print(f"\n{section.title}")
        for mark, lines in (("A", section.left), ("B", section.right)):
            for line in lines:
                print(f"  {mark}: {line}")


def _row(change: KeyChange) -> tuple[str, ...]:
    cells = (change.left, change.right, change.unit, ", ".join(change.rules), change.left_origin, change.right_origin)
    return (change.key, *(cell or "-" for cell in cells))
