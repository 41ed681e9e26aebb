"""What signals read from a history, by key, and what to add where it is lacking.

Keys: a field of :class:`~alvh.market.history.History` (``vix_close``), ``vx``, ``yields.NAME``, ``breadth.UNIVERSE``,
``events.NAME``, ``releases.NAME``, ``consensus.NAME`` (of those releases) and ``fx``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.market.history import FirstReleases, History

Floats = NDArray[np.float64]

_NO_DAYS: Final[DayArray] = np.empty(0, dtype=np.int64)
NEVER_REVISED: Final = "revised series by reference month, such as CPIAUCSL and PPIFIS, must never be used"
_FILES: Final = MappingProxyType(
    {
        "spx_close": "prices/SPX.csv: date,open,high,low,close,volume",
        "vix_close": "cboe/VIX_History.csv: DATE,OPEN,HIGH,LOW,CLOSE",
        "vix9d": "cboe/VIX9D_History.csv: DATE,OPEN,HIGH,LOW,CLOSE",
        "vix3m": "cboe/VIX3M_History.csv: DATE,OPEN,HIGH,LOW,CLOSE",
        "vvix": "cboe/VVIX_History.csv: DATE,VVIX",
        "bill_rate": "rates/DTB3.csv: observation_date,DTB3",
        "vx": "cfe/contracts/VX_YYYY-MM-DD.csv, one file a contract: settlements of VX futures",
        "fx": "FX_<name>.csv: two columns 'release_date,value', the dollar's exchange rate by its day of publication",
    }
)
_NAMED_FILES: Final = MappingProxyType(
    {
        "yields": "rates/{upper}.csv: observation_date,{upper}",
        "breadth": "breadth/{upper}_advn.csv and breadth/{upper}_decln.csv: no header, 'YYYYMMDD, count'",
        "events": "calendar/{name}_dates.csv: one column 'date'",
        "releases": "{upper}_first_release.csv: columns release_date,reference_month,actual[,consensus], each figure as first "
        "published; " + NEVER_REVISED,
        "consensus": "{upper}_first_release.csv: a column 'consensus' beside release_date,reference_month,actual",
    }
)


def rows(history: History) -> int:
    """The number of sessions."""
    return len(history.sessions)


def nothing(history: History) -> Floats:
    """A signal without any value, (sessions,)."""
    return np.full(rows(history), np.nan)


def yield_of(history: History, name: str) -> Floats:
    """A Treasury yield, decimal a year, (sessions,); NaN where the history has none."""
    return history.yields.get(name, nothing(history))


def breadth_of(history: History, universe: str) -> tuple[Floats, Floats]:
    """Advancing and declining issues of a universe, each (sessions,); NaN where the history has none."""
    return history.breadth.get(universe, (nothing(history), nothing(history)))


def days_of(history: History, event: str) -> DayArray:
    """The days of an event list, empty where the history has none."""
    return history.events.get(event, _NO_DAYS)


def lacking(history: History, key: str) -> str | None:
    """The file that an input waits for, or None where the history has at least one value of it."""
    kind, _, name = key.partition(".")
    if _present(history, kind, name):
        return None
    return _NAMED_FILES[kind].format(name=name, upper=name.upper()) if name else _FILES[kind]


def _present(history: History, kind: str, name: str) -> bool:
    presence: dict[str, Callable[[], bool]] = {
        "yields": lambda: _any(yield_of(history, name)),
        "breadth": lambda: all(_any(side) for side in breadth_of(history, name)),
        "events": lambda: len(days_of(history, name)) > 0,
        "releases": lambda: _released(history, name) is not None,
        "consensus": lambda: (found := _released(history, name)) is not None and _any(found.consensus),
        "vx": lambda: _any(history.vx.settle),
        "fx": lambda: history.fx is not None and len(history.fx.level) > 0,
    }
    return presence[kind]() if kind in presence else _any(getattr(history, kind))


def _released(history: History, name: str) -> FirstReleases | None:
    found = history.releases.get(name)
    return found if found is not None and len(found.release_day) else None


def _any(values: Floats) -> bool:
    return bool(np.isfinite(values).any())
