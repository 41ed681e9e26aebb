"""The same book under every convention."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alvh.market.positions import Positions
from alvh.risk.margin.legs import MarginInputs
from alvh.risk.margin.portfolio import Reprice, portfolio_margin
from alvh.risk.margin.report import MarginReport
from alvh.risk.margin.rules import (
    HOUSE_PORTFOLIO,
    HOUSE_STRATEGY,
    NO_CREDIT,
    REG_T,
    RULE_PORTFOLIO,
    SUM_OF_SIDES,
    PortfolioRules,
    StrategyRules,
)
from alvh.risk.margin.strategy import strategy_margin

CONVENTIONS: Final[Mapping[str, StrategyRules | PortfolioRules]] = MappingProxyType(
    {
        "max_intrinsic_loss": REG_T,
        "no_credit_netting": NO_CREDIT,
        "sum_of_sides": SUM_OF_SIDES,
        "house_strategy": HOUSE_STRATEGY,
        "portfolio_rule": RULE_PORTFOLIO,
        "portfolio_house": HOUSE_PORTFOLIO,
    }
)
"""Every convention by name; the first is the default."""


def margin_under_all(
    positions: Positions,
    inputs: MarginInputs,
    *,
    reprice: Reprice | None = None,
    conventions: Mapping[str, StrategyRules | PortfolioRules] = CONVENTIONS,
) -> dict[str, MarginReport]:
    """Reports by convention; those of portfolio margin are left out where there is no pricer."""
    found = {}
    for name, rules in conventions.items():
        if isinstance(rules, StrategyRules):
            found[name] = strategy_margin(positions, inputs, rules, convention=name)
        elif reprice is not None:
            found[name] = portfolio_margin(positions, inputs, reprice, rules)
    return found
