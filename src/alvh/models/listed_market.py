"""Today's saved chains as a market: the quotes of one session, with the modelled market for everything else.

What is quoted is quoted: bid, ask and mid are the file's, the forward of an expiry is its own put-call parity, a strike's delta
comes from its own implied vol. A model's price stands only where there is no two-sided quote, and says so (``mark_source``).
Revaluations under scenarios, VX futures and discounts are the model's of the same close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.core.ticks import tick_rule, tick_size
from alvh.kernels.black import black_greeks
from alvh.market.chain import QuotedChain
from alvh.market.history import Bools
from alvh.market.market import Explained, Floats, Ints, Legs, PriceSource, Quotes, Settlement, Slice, Snapshot
from alvh.market.scenarios import Repriced, Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.models.listed_expiry import two_sided
from alvh.models.listed_notes import listed_notes
from alvh.models.listed_quotes import ListedQuotes, family_of, listed_quotes, quoted
from alvh.models.model_market import ModelMarket, ModelSnapshot

Sources = NDArray[np.str_]
FUTURE = 0.0
"""``right`` of a leg that is the VX future of its VIX series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMarket:
    """Implements ``market.Market``: ``base`` on every session but number ``index``, whose prices are ``quotes``.

    ``notes`` say what of the chains was left out and which families had to be modelled. Build with :func:`listed_market`.
    """

    base: ModelMarket
    index: int
    quotes: ListedQuotes
    notes: tuple[str, ...]

    @property
    def sessions(self) -> DayArray:
        return self.base.sessions

    @property
    def series(self) -> SeriesTable:
        return self.base.series

    @property
    def bill_rate(self) -> Floats:
        return self.base.bill_rate

    @property
    def price_source(self) -> PriceSource:
        """That of all sessions but one."""
        return self.base.price_source

    @property
    def dividend_points(self) -> Floats:
        return self.base.dividend_points

    def snapshot(self, index: int) -> Snapshot:
        return ListedSnapshot(self) if index == self.index else self.base.snapshot(index)

    def today(self) -> ListedSnapshot:
        """The quoted session, with what only quotes have: sources of marks and displayed sizes."""
        return ListedSnapshot(self)

    def window(self, index: int) -> Snapshot:
        return self.base.window(index)

    def signal(self, name: str) -> Floats:
        return self.base.signal(name)

    def settlement(self, series: int, index: int) -> Settlement:
        return self.base.settlement(series, index)

    def explain(self, legs: Legs, before: Ints, after: Ints, settle: Floats) -> Explained:
        return self.base.explain(legs, before, after, settle)


def listed_market(base: ModelMarket, chains: Sequence[QuotedChain], *, index: int | None = None) -> ListedMarket:
    """The market whose session of the chains is quoted; ``index`` is the session that they must be of, None: whichever.

    Errors: :class:`UsageError` without a chain; :class:`DataInvalid` for chains of several sessions, two of one family or a
    contract twice; :class:`DataMissing` where the chains are of another session than ``index``, or ``base`` lacks theirs.
    """
    session = _session(chains)
    row = int(np.searchsorted(base.sessions, session))
    if row == len(base.sessions) or int(base.sessions[row]) != session:
        raise DataMissing(
            f"the market data, {iso(base.sessions[0])} to {iso(base.sessions[-1])}, have no session {iso(session)}",
            where=_names(chains),
            allowed="a chain of a session whose indices and VX settlements are in the data",
            todo="add that day's closes to the data, or give a chain of a session that they have",
        )
    if index is not None and row != index:
        stale = "stale" if row < index else "of a later day"
        raise DataMissing(
            f"the quotes are of {iso(session)}, the plan of {iso(base.sessions[index])}: {stale}",
            where=_names(chains),
            allowed="quotes of the session that is planned",
            todo="save the chain of that session, or plan for the session of the chain",
        )
    model = base.snapshot(row)

    def times(series: int) -> tuple[float, float]:
        return model.discount(series), _years(base, model, series)

    quotes = listed_quotes(chains, base.series, session, times)
    notes = (*base.notes, *quotes.notes, *listed_notes(base, row, chains, quotes))
    return ListedMarket(base=base, index=row, quotes=quotes, notes=notes)


def _session(chains: Sequence[QuotedChain]) -> int:
    if not chains:
        raise UsageError("no chain", where="listed market", allowed="a chain of SPX or VIX options at least")
    sessions = sorted({chain.session for chain in chains})
    if len(sessions) > 1:
        raise DataInvalid(
            f"the chains are of {len(sessions)} sessions: {', '.join(iso(day) for day in sessions[:5])}",
            where=_names(chains),
            allowed="chains of one session",
            todo="give the files of one day",
        )
    return sessions[0]


def _names(chains: Sequence[QuotedChain]) -> str:
    return ", ".join(chain.source for chain in chains[:3]) + (", ..." if len(chains) > 3 else "")


def _years(base: ModelMarket, model: ModelSnapshot, series: int) -> float:
    """The model's own time to settlement, so that quoted and modelled vols compare."""
    early = float(base.legs_of_series[1][series])
    return max(float(base.series.expiry[series]) - model.session - early, 0.0) / 365.0


class ListedSnapshot:
    """The quoted close of a :class:`ListedMarket`; ``model`` is the modelled one beside it."""

    __slots__ = ("_quotes", "_series", "index", "model", "session", "spx", "vix")

    def __init__(self, market: ListedMarket) -> None:
        self._quotes, self._series = market.quotes, market.base.series
        self.model = market.base.snapshot(market.index)
        self.index, self.session = self.model.index, self.model.session
        self.spx, self.vix = self.model.spx, self.model.vix

    def listed(self, *, vix: bool) -> Ints:
        """Rows with a forward of their own, ascending by expiry; of a family without a chain, the model's."""
        rows = self.model.listed(vix=vix)
        modelled = rows[[family_of(root) not in self._quotes.families for root in self._roots(rows)]]
        own = [row for row in self._quotes.expiries if bool(self._series.is_vix[row]) == vix]
        return np.array(sorted({*own, *modelled.tolist()}), dtype=np.int64)

    def slice(self, series: int, right: int) -> Slice:
        """Strikes whose quote of that right is two-sided and has a vol; the model's for a family without a chain.

        Raises :class:`DataMissing` for a series of a saved family that is not listed.
        """
        if not self._is_quoted(series):
            return self.model.slice(series, right)
        one = self._quotes.expiries.get(series)
        if one is None:
            raise DataMissing(
                f"{self._series.roots[series].value} {iso(self._series.expiry[series])} has no forward of its own",
                where=f"session {iso(self.session)}",
                allowed="a series that the saved chain quotes",
                todo="choose among the listed series",
            )
        strike, bid, ask = self._quotes.side(series, right)
        kept = two_sided(bid, ask) & one.own(strike)
        strikes = strike[kept]
        delta = black_greeks(one.forward, strikes, one.years, one.discount, one.vol_at(strikes), float(right))[1]
        return Slice(series=series, right=right, strikes=strikes, delta=np.abs(delta), forward=one.forward)

    def quote(self, legs: Legs) -> Quotes:
        """The chain's own quotes, NaN where a contract is missing, without an offer or crossed; a zero bid is a zero bid.

        Delta and forward are those of :meth:`greeks`. Legs of a family without a chain, and futures, get the model's quotes.
        """
        own = self._quoted_legs(legs)
        out = np.full((6, len(own)), np.nan)
        if not own.all():
            model = self.model.quote(_rows(legs, ~own))
            out[:, ~own] = model.bid, model.ask, model.mid, model.tick, model.delta, model.forward
        if own.any():
            out[:, own] = self._own_quotes(_rows(legs, own))
        return Quotes(bid=out[0], ask=out[1], mid=out[2], tick=out[3], delta=out[4], forward=out[5])

    def _own_quotes(self, legs: Legs) -> Floats:
        """(6, legs) bid, ask, mid, tick at the bid (the smallest where there is none), delta and forward."""
        bid, ask, _, _, _ = self._quotes.columns_of(legs)
        there = quoted(bid, ask)
        bid, ask = (np.where(there, side, np.nan) for side in (bid, ask))
        rules = [tick_rule(root, self.session) for root in self._roots(legs.series)]
        tick = [tick_size(rule, price) for rule, price in zip(rules, np.where(there, bid, 0.0).tolist(), strict=True)]
        greeks = self.greeks(legs)
        return np.array([bid, ask, 0.5 * (bid + ask), np.array(tick), greeks[1], greeks[5]])

    def mark(self, legs: Legs) -> Floats:
        """Mid of a two-sided quote, else the model's value, at most the offer where there is one."""
        bid, ask, _, _, _ = self._quotes.columns_of(legs)
        model = self.model.mark(legs)
        capped = np.where(quoted(bid, ask), np.fmin(model, ask), model)
        return np.where(two_sided(bid, ask), 0.5 * (bid + ask), capped)

    def mark_source(self, legs: Legs) -> Sources:
        """Where each mark comes from: ``quote``, ``model``, or ``settlement`` for a future."""
        bid, ask, _, _, _ = self._quotes.columns_of(legs)
        options = np.where(two_sided(bid, ask), "quote", "model")
        return np.where(legs.right == FUTURE, "settlement", options)

    def greeks(self, legs: Legs) -> Floats:
        """Price, delta, gamma, vega, theta, forward, vol and year fraction, (8, legs), as ``ModelSnapshot.greeks``.

        The price is the mark. In a listed expiry forward and vol are the quotes' own (``ListedExpiry.vol_at`` for a strike
        without), elsewhere the model's, futures too.
        """
        out = self.model.greeks(legs)
        for row in np.unique(legs.series).tolist():
            one = self._quotes.expiries.get(row)
            if one is None:
                continue
            mine = (legs.series == row) & (legs.right != FUTURE)
            vol = one.vol_at(legs.strike[mine])
            out[:5, mine] = black_greeks(one.forward, legs.strike[mine], one.years, one.discount, vol, legs.right[mine])
            out[5, mine], out[6, mine], out[7, mine] = one.forward, vol, one.years
        out[0] = self.mark(legs)
        return out

    def displayed(self, legs: Legs) -> tuple[Floats, Floats, Floats]:
        """Displayed bid and ask size and open interest of each leg in contracts, NaN where unknown."""
        _, _, bid_size, ask_size, interest = self._quotes.columns_of(legs)
        return bid_size, ask_size, interest

    def discount(self, series: int) -> float:
        return self.model.discount(series)

    def future(self, series: int) -> tuple[float, bool]:
        return self.model.future(series)

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        """The model's: differences between its scenarios are meant, not a difference from a quoted mark."""
        return self.model.reprice(legs, scenarios, response)

    def reprice_fully(self, legs: Legs, scenarios: Scenarios, response: Response) -> Repriced:
        """The model's, as :meth:`reprice`."""
        return self.model.reprice_fully(legs, scenarios, response)

    def _roots(self, rows: Ints) -> list[Root]:
        return [self._series.roots[row] for row in rows.tolist()]

    def _is_quoted(self, series: int) -> bool:
        return family_of(self._series.roots[series]) in self._quotes.families

    def _quoted_legs(self, legs: Legs) -> Bools:
        """Options of a family whose chain was saved."""
        family = np.array([self._is_quoted(row) for row in legs.series.tolist()], dtype=np.bool_)
        return np.asarray(family & (legs.right != FUTURE))


def _rows(legs: Legs, kept: Bools) -> Legs:
    return Legs(series=legs.series[kept], strike=legs.strike[kept], right=legs.right[kept])
