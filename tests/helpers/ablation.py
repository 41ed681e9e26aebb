"""Policies and a prepared synthetic market for tests of the ablation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.helpers.books import shipped, synthetic_market

from alvh.models.model_market import ModelMarket
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.strategy.conditions import Compare, Condition
from alvh.strategy.policy import Action, AdaptiveRule, Hedge, Policy
from alvh.study.ablate.prepared import Prepared


def rule(name: str, kind: str, when: Condition | None = None, *, rule_id: str = "R35", **more: Any) -> AdaptiveRule:
    """A rule on VIX above 20 where no condition is given; ``more`` goes to the action, or to the rule by its own keys."""
    own = {key: more.pop(key) for key in ("cool_down_sessions", "repeat", "when_missing") if key in more}
    condition = Compare(signal="vix", above=20.0) if when is None else when
    return AdaptiveRule(name=name, rule_id=rule_id, when=condition, then=Action(kind=kind, **more), **own)


def policy_with(rules: Sequence[AdaptiveRule] = (), **parts: Any) -> Policy:
    """The shipped default with rules; ``parts`` named as fields of ``Policy`` replace them, others are fields of ``Hedge``."""
    base = shipped()
    hedge = {key: parts.pop(key) for key in list(parts) if key in Hedge.__dataclass_fields__}
    return replace(base, name="tested", rules=tuple(rules), hedge=replace(base.hedge, **hedge), **parts)


def with_layer(policy: Policy, name: str, **more: Any) -> Policy:
    """The policy with fields of one layer replaced."""
    layers = tuple(replace(layer, **more) if layer.name == name else layer for layer in policy.hedge.layers)
    return replace(policy, hedge=replace(policy.hedge, layers=layers))


def prepared(
    folder: Path | None = None, *, market: ModelMarket | None = None, sessions: int = 420, stress: bool = True, **more: Any
) -> Prepared:
    """A synthetic market, whole, with the published betas."""
    made = synthetic_market(sessions, stress=stress) if market is None else market
    days = made.sessions
    values = {"start": int(days[0]), "end": int(days[-1]), "folder": folder, **more}
    return Prepared(market=made, betas=RollingBetas.of_stated(days, PUBLISHED), **values)
