"""What a lint says about a policy: one finding a fault, by a closed list of codes. The list is the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""``error``: what the file asks for can't happen. ``warning``: it happens otherwise than it reads. ``info``: to know."""
Reads = Literal["file", "calendar", "model prices", "data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of finding: what it means, what it can be, what it is found from, and the rules that it belongs to."""

    meaning: str
    severities: tuple[Severity, ...]
    reads: tuple[Reads, ...]
    rules: tuple[str, ...] = ()


def _code(meaning: str, severities: tuple[Severity, ...], reads: tuple[Reads, ...], rules: tuple[str, ...] = ()) -> Code:
    return Code(meaning=meaning, severities=severities, reads=reads, rules=rules)


CODES: Mapping[str, Code] = MappingProxyType(
    {
        "never-fires": _code(
            "a condition, or one alternative of an `any`, is true for no values that its signals can have; or it was true on no "
            "session of the data",
            ("error", "warning"),
            ("file", "data"),
            ("R35",),
        ),
        "always-fires": _code(
            "a condition is true whatever its signals are; or it was true on every session of the data",
            ("warning", "info"),
            ("file", "data"),
            ("R35",),
        ),
        "shadowed": _code(
            "whenever the rule holds, an earlier rule (or the VIX gate) has taken the same condors or layers: it never acts",
            ("error", "warning"),
            ("file",),
            ("R35",),
        ),
        "no-effect": _code(
            "a rule acts on a sleeve that is off, or changes nothing",
            ("error", "warning"),
            ("file",),
            ("R32", "R35", "R70"),
        ),
        "no-trigger": _code(
            "a rule rolls layers of which some take no trigger; or a layer waits for a trigger that no rule gives",
            ("warning",),
            ("file",),
            ("R14", "R35"),
        ),
        "never-opened": _code("no rule that can hold ever switches a layer on", ("error",), ("file",), ("R31", "R36")),
        "never-stood-down": _code("a layer that rules switch on is never switched off again", ("info",), ("file",), ("R36",)),
        "ladder-order": _code(
            "the triggers of a ladder do not rise: where an inner layer opens, the next one opens too",
            ("warning",),
            ("file",),
            ("R31",),
        ),
        "flip-flop": _code(
            "a layer may be switched on and off by conditions that hold together, so that it is bought and sold in turn",
            ("warning",),
            ("file",),
            ("R36",),
        ),
        "no-input": _code(
            "a signal that a rule reads has no value on some or all sessions: its input is missing, or it is warming up",
            ("error", "warning"),
            ("data",),
            ("R20", "R35"),
        ),
        "infeasible-size": _code(
            "on this ladder the published sizes exclude each other: 4/4/2 per $100,000, 40-60 % coverage, 0.35-0.65 % a month, "
            "4-8 % of notional; the policy's own size stands beside them",
            ("info",),
            ("model prices", "data"),
            ("R03", "R50", "R51", "R52", "C28"),
        ),
        "target-unreached": _code(
            "the policy's own target can't be had on its own condor and ladder at a level of VIX",
            ("warning",),
            ("model prices", "data"),
            ("R50", "R51"),
        ),
        "spread-filter": _code(
            "the bid-ask limit refuses: a single tick is wider than it allows, or the usual spread is",
            ("error", "warning"),
            ("model prices", "data"),
            ("R45",),
        ),
        "window-empty": _code(
            "a layer's window holds no listed expiry on some or all of its roll days",
            ("error", "warning", "info"),
            ("calendar",),
            ("R04", "R05", "R06"),
        ),
        "roll-gap": _code(
            "what a layer holds stops trading before its next roll, which then falls on that last session",
            ("warning",),
            ("calendar",),
            ("R10",),
        ),
        "roll-repeat": _code("nearly every roll names the expiry that is held again", ("info",), ("calendar",), ("R10", "R11")),
        "ratio-rounding": _code(
            "whole contracts bend the ratio, leave a layer empty, or leave no hedge at all, for the condors that the account "
            "carries",
            ("error", "warning", "info"),
            ("model prices", "data"),
            ("R02", "R03"),
        ),
        "irr-target": _code(
            "no VIX regime's projected return reaches the target, at this size and on these data",
            ("warning",),
            ("data",),
            ("R65",),
        ),
        "unused-key": _code("a file sets a key that nothing reads under the kinds chosen", ("info",), ("file",)),
    }
)
"""Every code, by name, in the order in which findings of one severity are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault. ``key``: the policy's key that it is about; ``text``: a sentence a line; ``numbers``: values behind it."""

    code: str
    severity: Severity
    key: str
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    todo: str = ""

    def __post_init__(self) -> None:
        if self.severity not in CODES[self.code].severities:
            raise ValueError(f"{self.code} is never {self.severity}")

    def document(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "code": self.code,
            "severity": self.severity,
            "key": self.key,
            "text": self.text,
            "numbers": dict(self.numbers),
            "todo": self.todo,
        }


def ordered(findings: list[Finding]) -> list[Finding]:
    """Errors first, then by code; findings of one code as they were found."""
    place = {code: number for number, code in enumerate(CODES)}
    return sorted(findings, key=lambda found: (SEVERITIES.index(found.severity), place[found.code]))


def codes_table_markdown() -> str:
    """The table of the reference page, one row a code."""
    lines = ["| code | severity | found from | what it means | rules |", "|---|---|---|---|---|"]
    for name, code in CODES.items():
        cells = (f"`{name}`", ", ".join(code.severities), ", ".join(code.reads), code.meaning, ", ".join(code.rules) or "-")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
