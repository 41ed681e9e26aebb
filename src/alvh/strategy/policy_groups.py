"""The shipped policies by what they are for, and which data each one needs that the embedded sample has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from alvh.market.signals import find_signal
from alvh.strategy.policy import Policy
from alvh.strategy.policy_diff import diff_policies
from alvh.strategy.policy_file import LoadedPolicy, list_policies, load_policy

Group = Literal["default and sizes", "write-ups", "comparators", "index benchmarks"]
GROUPS: tuple[Group, ...] = ("default and sizes", "write-ups", "comparators", "index benchmarks")
DEFAULT = "alvh-442"
WRITE_UPS = ("fixed-schedule", "mechanics", "outside-spx", "spike-exit", "curve")
"""Words by which the write-ups of the published method are called; a preset has one of them in its name."""

_SIZES = ("account.", "condor.size.", "hedge.size.")
"""Tables that say how much of the same book is held."""
IN_SAMPLE = frozenset({"spx_close", "vix_close", "bill_rate", "vvix", "vix3m", "skew"})
"""Inputs of signals that the sample has; VVIX, VIX3M and SKEW by their stand-in models."""
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "vx": "VX settlements",
        "vix9d": "VIX9D",
        "vix6m": "VIX6M",
        "yields": "Treasury yields",
        "breadth": "breadth",
        "events": "event dates",
        "releases": "first releases",
        "consensus": "first releases with consensus",
        "fx": "exchange rate",
        "etps": "fund prices",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One shipped policy. ``needs``: data that it reads and the sample lacks, in words; ``inputs``: their keys."""

    name: str
    description: str
    group: Group
    needs: tuple[str, ...]
    inputs: tuple[str, ...]
    sha256: str


def listed_policies() -> list[Listed]:
    """Every shipped policy, by group and then by name; the default first."""
    default = load_policy(DEFAULT)
    made = []
    for name, description in list_policies():
        loaded = load_policy(name)
        inputs = lacking_inputs(loaded.policy)
        made.append(
            Listed(
                name=name,
                description=description,
                group=group_of(loaded, default),
                needs=needs_of(inputs),
                inputs=inputs,
                sha256=loaded.sha256,
            )
        )
    return sorted(made, key=lambda one: (GROUPS.index(one.group), one.name != DEFAULT, one.name))


def group_of(loaded: LoadedPolicy, default: LoadedPolicy) -> Group:
    """An overlay is an index benchmark; what differs from the default in its size alone is a size of it."""
    if loaded.policy.overlay is not None:
        return "index benchmarks"
    if any(word in loaded.policy.name for word in WRITE_UPS):
        return "write-ups"
    found = diff_policies(default, loaded)
    only_size = not found.items and not found.orders and all(change.key.startswith(_SIZES) for change in found.keys)
    return "default and sizes" if only_size else "comparators"


def lacking_inputs(policy: Policy) -> tuple[str, ...]:
    """Inputs of the policy's signals that the sample has not, in the order of its rules; then the funds that its layers hold."""
    names = dict.fromkeys(name for rule in policy.rules for name in rule.when.signals())
    keys = dict.fromkeys(key for name in names for key in find_signal(name).source_inputs)
    layers = policy.hedge.layers if policy.hedge.enabled else ()
    funds = dict.fromkeys(f"etps.{layer.etp}" for layer in layers if layer.is_share)
    return (*(key for key in keys if key not in IN_SAMPLE), *funds)


def needs_of(inputs: Iterable[str]) -> tuple[str, ...]:
    """Inputs in words: ``breadth.nyse`` is "breadth (nyse)", and what differs by name alone stands together."""
    kinds: dict[str, list[str]] = {}
    for key in inputs:
        kind, _, name = key.partition(".")
        kinds.setdefault(_WORDS.get(kind, kind), []).append(name)
    return tuple(f"{word} ({', '.join(names)})" if any(names) else word for word, names in kinds.items())
