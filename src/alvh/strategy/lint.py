"""Everything that a policy's file alone gives away. What needs a calendar, prices or data is called from ``app.lint``.

A check is a function from a policy to findings; a new one goes into :data:`CHECKS`, and its code into ``lint_finding.CODES``.
"""

from __future__ import annotations

from collections.abc import Callable

from alvh.strategy.explain import idle_keys
from alvh.strategy.lint_effects import presence, waiting_layers, without_effect
from alvh.strategy.lint_finding import Finding, ordered
from alvh.strategy.lint_rules import dead_conditions, shadowed
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import LoadedPolicy

CHECKS: tuple[Callable[[Policy], list[Finding]], ...] = (
    dead_conditions,
    shadowed,
    without_effect,
    waiting_layers,
    presence,
)


def lint_file(loaded: LoadedPolicy) -> list[Finding]:
    """Findings from the resolved policy alone, the gravest first."""
    found = [finding for check in CHECKS for finding in check(loaded.policy)]
    return ordered(found + unused_keys(loaded))


def unused_keys(loaded: LoadedPolicy) -> list[Finding]:
    """Keys that the policy's own file sets and nothing reads; what it inherits is another file's choice."""
    own = loaded.chain[-1]
    return [
        Finding(
            code="unused-key",
            severity="info",
            key=path,
            text=f"set by {own}, and not read under the kinds chosen",
            todo="take it out, or choose the kind that reads it; alvh policy explain marks all such keys",
        )
        for path in idle_keys(loaded.policy)
        if loaded.origin.get(path) == own
    ]
