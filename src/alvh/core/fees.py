"""All-in fees per contract and side, as dated tables: exchange, clearing, regulatory and a typical broker's commission."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from alvh.core.contracts import Root
from alvh.core.dated import Dated, row_on
from alvh.core.days import to_day

_START = to_day(date(1990, 1, 1))
_ENGINE = "default of the method reference, section 1.5: broker 0.25-1.00, exchange, OCC 0.02-0.03, ORF 0.01-0.03"

FEES_USD: Mapping[Root, tuple[Dated[float], ...]] = MappingProxyType(
    {
        Root.SPX: (Dated(since=_START, value=1.30, source=_ENGINE + "; one broker passes 0.65 through", mark="assumed"),),
        Root.SPXW: (Dated(since=_START, value=1.30, source=_ENGINE + "; one broker passes 0.65 through", mark="assumed"),),
        Root.XSP: (
            Dated(
                since=_START, value=0.70, source="exchange 0.00-0.07 (reference 1.5), clearing and broker 0.63", mark="assumed"
            ),
        ),
        Root.VIX: (Dated(since=_START, value=1.10, source=_ENGINE + "; Cboe, April 2020: 0.10-0.45 by premium", mark="assumed"),),
        Root.VIXW: (
            Dated(since=_START, value=1.10, source=_ENGINE + "; Cboe, April 2020: 0.10-0.45 by premium", mark="assumed"),
        ),
        Root.VX: (Dated(since=_START, value=2.50, source="CFE fee 1.51 (verified), clearing and broker", mark="assumed"),),
        Root.VXM: (Dated(since=_START, value=1.20, source="CFE fee 0.20 (verified), clearing and broker", mark="assumed"),),
    }
)
"""One row a root: the same all-in fee throughout, since no complete dated schedule was found; a policy may switch fees off."""


def fee_usd(root: Root, day: int) -> float:
    """Fee of one contract on one side of a trade (USD). Cash settlement and expiry cost nothing here."""
    return row_on(FEES_USD[root], day, f"{root.value} fee").value
