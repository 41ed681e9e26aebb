"""The adaptive elements of a policy: what it does beside its fixed schedule, each with its own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alvh.strategy.policy import Policy

ElementKind = Literal["rule", "monetise", "funded_by", "gate", "limit"]

LIMITS: tuple[tuple[str, str], ...] = (
    ("spread", "R45"),
    ("neutrality", "R44"),
    ("steward", "R46"),
    ("quick_ratio", "R48"),
    ("depth", "R48"),
)
"""The tables of ``[limits]`` and the rule that each one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One adaptive element. ``name`` is a rule's own, else the element's key in the policy file (a rule's name has no dot).

    ``target``: the rule, layer or limit that it is. ``scheduled``: it stands in the fixed schedule too (gate and limits).
    """

    name: str
    kind: ElementKind
    rule_id: str
    target: str

    @property
    def scheduled(self) -> bool:
        """Whether the fixed schedule holds it as well."""
        return self.kind in ("gate", "limit")


def elements(policy: Policy) -> tuple[Element, ...]:
    """Every adaptive element in the order of the file: rules, layers' orders, gate, limits."""
    found = [Element(name=rule.name, kind="rule", rule_id=rule.rule_id, target=rule.name) for rule in policy.rules]
    for layer in policy.hedge.layers if policy.hedge.enabled else ():
        key = f"hedge.layer.{layer.name}"
        if layer.monetise is not None:
            found.append(Element(name=f"{key}.monetise", kind="monetise", rule_id="R41", target=layer.name))
        if layer.funded_by == "gains":
            found.append(Element(name=f"{key}.funded_by", kind="funded_by", rule_id="R47", target=layer.name))
    if policy.condor.enabled and policy.condor.gate_max_vix is not None:
        found.append(Element(name="condor.gate_max_vix", kind="gate", rule_id="R33", target="condor"))
    for name, rule_id in LIMITS:
        if getattr(policy.limits, name) is not None:
            found.append(Element(name=f"limits.{name}", kind="limit", rule_id=rule_id, target=name))
    return tuple(found)


def moves_condors(policy: Policy, reference: Policy) -> tuple[str, ...]:
    """Names of the elements through which runs of two policies of one condor may hold other condors.

    Rules, gate and spread limit look at the market alone and count where one policy has them and the other has not. Limits on the
    whole book look at the hedge too, so that they count wherever they stand.
    """
    ours, theirs = _by_market(policy), _by_market(reference)
    found = [name for name in (*ours, *theirs) if (name in ours) != (name in theirs)]
    return tuple(dict.fromkeys((*found, *_by_book(policy), *_by_book(reference))))


def _by_market(policy: Policy) -> tuple[str, ...]:
    found = [rule.name for rule in policy.rules if rule.then.kind == "skip_condor_entry"]
    if policy.condor.gate_max_vix is not None:
        found.append("condor.gate_max_vix")
    if policy.limits.spread is not None and "condor" in policy.limits.spread.sleeves:
        found.append("limits.spread")
    return tuple(found)


def _by_book(policy: Policy) -> tuple[str, ...]:
    limits, found = policy.limits, list[str]()
    if limits.neutrality is not None and limits.neutrality.on_breach == "refuse":
        found.append("limits.neutrality")
    if limits.quick_ratio is not None:
        found.append("limits.quick_ratio")
    return tuple(found)
