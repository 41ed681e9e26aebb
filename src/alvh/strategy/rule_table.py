"""Every rule's condition over all sessions of a run at once; conditions are elementwise, so one close reads its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.strategy.rule_policy import AdaptiveRule

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTable:
    """(rules, sessions): whether a rule's condition holds, and whether every signal that it reads has a value there."""

    holds: Bools
    known: Bools


def rule_table(rules: Sequence[AdaptiveRule], names: Sequence[str], values: Floats) -> RuleTable:
    """Conditions of ``rules`` on the signals ``names``, whose values are (names, sessions); where one is NaN nothing holds."""
    at = {name: row for row, name in enumerate(names)}
    shape = (len(rules), values.shape[1])
    holds, known = np.zeros(shape, dtype=np.bool_), np.ones(shape, dtype=np.bool_)
    for k, rule in enumerate(rules):
        for name in rule.when.signals():
            known[k] &= ~np.isnan(values[at[name]])
        holds[k] = rule.when.holds(lambda name: values[at[name]]) & known[k]
    return RuleTable(holds=holds, known=known)
