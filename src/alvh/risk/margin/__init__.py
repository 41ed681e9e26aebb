"""What a book's margin is, under every convention that a broker may use."""

from alvh.risk.margin.capital import (
    QuickRatio,
    RequirementPath,
    buying_power_usd,
    condor_requirement_usd,
    quick_ratio,
    requirement_series,
    return_on_maximum,
)
from alvh.risk.margin.compare import CONVENTIONS, margin_under_all
from alvh.risk.margin.legs import MarginInputs
from alvh.risk.margin.portfolio import Points, Reprice, portfolio_margin, valuation_moves
from alvh.risk.margin.report import MarginPart, MarginReport
from alvh.risk.margin.rules import (
    HOUSE_PORTFOLIO,
    HOUSE_STRATEGY,
    NO_CREDIT,
    REG_T,
    RULE_PORTFOLIO,
    SUM_OF_SIDES,
    FutureMargin,
    PortfolioRules,
    ScanRange,
    ShortOptionRule,
    StrategyRules,
)
from alvh.risk.margin.strategy import strategy_margin

__all__ = [
    "CONVENTIONS",
    "HOUSE_PORTFOLIO",
    "HOUSE_STRATEGY",
    "NO_CREDIT",
    "REG_T",
    "RULE_PORTFOLIO",
    "SUM_OF_SIDES",
    "FutureMargin",
    "MarginInputs",
    "MarginPart",
    "MarginReport",
    "Points",
    "PortfolioRules",
    "QuickRatio",
    "Reprice",
    "RequirementPath",
    "ScanRange",
    "ShortOptionRule",
    "StrategyRules",
    "buying_power_usd",
    "condor_requirement_usd",
    "margin_under_all",
    "portfolio_margin",
    "quick_ratio",
    "requirement_series",
    "return_on_maximum",
    "strategy_margin",
    "valuation_moves",
]
