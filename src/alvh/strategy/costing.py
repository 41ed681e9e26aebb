"""What a leg is filled at: mid plus a share of the way to the far side. Written once, for sizing and for fills."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alvh.market.market import Quotes


def fill_prices(quotes: Quotes, sign: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Fill price per unit: a buy (+1) pays mid + share × (ask − mid), a sale (−1) gets mid − share × (mid − bid)."""
    buy = quotes.mid + share * (quotes.ask - quotes.mid)
    sell = quotes.mid - share * (quotes.mid - quotes.bid)
    return np.where(sign > 0, buy, sell)


def tradable(quotes: Quotes) -> bool:
    """True where every leg has an uncrossed two-sided market (a zero bid is a market, a missing one is not)."""
    return bool(np.all((quotes.ask > quotes.bid) & (quotes.bid >= 0.0)))
