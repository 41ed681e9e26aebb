"""What a reader of today's quotes should know of them beside what was left out: modelled families, moved forwards, the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.market.chain import QuotedChain
from alvh.market.market import Legs
from alvh.models.listed_quotes import FAMILIES, ListedQuotes, family_of
from alvh.models.model_market import ModelMarket

COMPARED_DAYS: Final = 30
"""Up to so many days carry and dividends move a forward little: what differs is the index."""


def listed_notes(base: ModelMarket, index: int, chains: Sequence[QuotedChain], quotes: ListedQuotes) -> tuple[str, ...]:
    """Families without a chain, how far each family's forwards lie from the day's closes, and quotes from before the close."""
    return (*_modelled_notes(base, quotes), *_forward_notes(base, index, quotes), *_clock_notes(chains))


def _modelled_notes(base: ModelMarket, quotes: ListedQuotes) -> list[str]:
    series = base.series
    held = {family_of(root) for root in set(series.roots[: len(series) - len(series.etps)])}
    return [
        f"no chain of {name} options was saved: all their prices are the model's"
        for name in FAMILIES
        if name in held - quotes.families
    ]


def _forward_notes(base: ModelMarket, index: int, quotes: ListedQuotes) -> list[str]:
    """How far the quotes' forwards lie from those of the day's closes: a move since the close, or a file of another day."""
    greeks, series, out = base.snapshot(index).greeks, base.series, []
    session = int(base.sessions[index])
    for name in sorted(quotes.families):
        rows = [row for row in quotes.expiries if family_of(series.roots[row]) == name]
        near = [row for row in rows if series.expiry[row] <= session + COMPARED_DAYS] or rows
        if not near:
            continue
        own = np.array([quotes.expiries[row].forward for row in near])
        model = greeks(Legs(series=np.array(near, dtype=np.int64), strike=own, right=np.ones(len(near))))[5]
        gap, part = float(np.median(own - model)), float(np.median(own / model - 1.0))
        which = f"{name} expiries within {COMPARED_DAYS} days" if near is not rows else f"{name} expiries"
        out.append(
            f"forwards of the quotes lie {gap:+.2f} points ({100.0 * part:+.2f} %) from those of the day's closes, "
            f"median of {len(near)} {which}"
        )
    return out


def _clock_notes(chains: Sequence[QuotedChain]) -> list[str]:
    out = []
    for chain in chains:
        close = trading_calendar().expiring_close_time(chain.session)
        if chain.minute is not None and chain.minute < 60 * close.hour + close.minute:
            clock = f"{chain.minute // 60:02d}:{chain.minute % 60:02d}"
            out.append(f"{chain.source}: quotes of {clock} Eastern, before the close; time to expiry counts from the close")
    return out
