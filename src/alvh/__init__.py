"""ALVH: SPX iron condors and layered VIX calls as one book.

The names below are the public interface; each is loaded when it is first used, so that ``import alvh`` and ``alvh --help``
stay instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alvh.app.wiring import BacktestOutput as BacktestOutput
    from alvh.app.wiring import run_backtest as backtest
    from alvh.core.errors import AlvhError as AlvhError
    from alvh.core.errors import ConfigError as ConfigError
    from alvh.core.errors import DataInvalid as DataInvalid
    from alvh.core.errors import DataMissing as DataMissing
    from alvh.core.errors import UsageError as UsageError
    from alvh.core.listing import calendar_rows as calendar_rows
    from alvh.data.check import check_data as check_data
    from alvh.market.history import History as History
    from alvh.strategy.explain import explain as explain
    from alvh.strategy.policy import Policy as Policy
    from alvh.strategy.policy_file import list_policies as list_policies
    from alvh.strategy.policy_file import load_policy as load_policy

__version__ = "0.1.0"

_HOME = {
    "AlvhError": ("alvh.core.errors", "AlvhError"),
    "BacktestOutput": ("alvh.app.wiring", "BacktestOutput"),
    "ConfigError": ("alvh.core.errors", "ConfigError"),
    "DataInvalid": ("alvh.core.errors", "DataInvalid"),
    "DataMissing": ("alvh.core.errors", "DataMissing"),
    "History": ("alvh.market.history", "History"),
    "Policy": ("alvh.strategy.policy", "Policy"),
    "UsageError": ("alvh.core.errors", "UsageError"),
    "backtest": ("alvh.app.wiring", "run_backtest"),
    "calendar_rows": ("alvh.core.listing", "calendar_rows"),
    "check_data": ("alvh.data.check", "check_data"),
    "explain": ("alvh.strategy.explain", "explain"),
    "list_policies": ("alvh.strategy.policy_file", "list_policies"),
    "load_policy": ("alvh.strategy.policy_file", "load_policy"),
}

__all__ = [
    "AlvhError",
    "BacktestOutput",
    "ConfigError",
    "DataInvalid",
    "DataMissing",
    "History",
    "Policy",
    "UsageError",
    "__version__",
    "backtest",
    "calendar_rows",
    "check_data",
    "explain",
    "list_policies",
    "load_policy",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'alvh' has no attribute {name!r}")
    module, attribute = _HOME[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
