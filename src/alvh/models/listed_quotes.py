"""Saved chains as one table of contracts by series row: what is quoted, what its expiries say, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataInvalid
from alvh.market.chain import QuotedChain
from alvh.market.history import Bools, Floats
from alvh.market.market import Ints, Legs
from alvh.market.series import SeriesTable
from alvh.models.listed_expiry import ListedExpiry, Sides, listed_expiry

FAMILIES: Final[Mapping[str, tuple[Root, ...]]] = {
    "SPX": (Root.SPX, Root.SPXW),
    "XSP": (Root.XSP,),
    "VIX": (Root.VIX, Root.VIXW),
}
"""Roots that are saved together; XSP has a file of its own and strikes a tenth of SPX's."""
WITHIN_DAYS: Final = 60
"""So far ahead a chain's expiries are compared with the listing rules: beyond, the rules name some that are not listed yet."""
NOT_IN_TABLE: Final = "not in the table of series"
TRADED_OUT: Final = "not traded after this close"
_STRIKE_STEPS: Final = 1000
"""Strikes are exact in thousandths of a point, as in the contract symbols."""

Times = Callable[[int], tuple[float, float]]
"""Discount and year fraction of a series row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedQuotes:
    """Quotes of one session.

    ``key`` (contracts,) is ascending; ``columns`` (5, contracts) are bid, ask (points), bid size, ask size, open interest
    (contracts), NaN where missing. ``expiries`` by series row are those with a forward of their own; ``families`` names the
    keys of :data:`FAMILIES` that were saved; ``notes`` say what was left out, counted.
    """

    key: Ints
    columns: Floats
    expiries: Mapping[int, ListedExpiry]
    families: frozenset[str]
    notes: tuple[str, ...]

    def columns_of(self, legs: Legs) -> Floats:
        """(5, legs) the rows of ``columns`` for each leg, NaN for a contract that is not there."""
        out = np.full((5, len(legs.series)), np.nan)
        if self.key.size:
            wanted = _key(legs.series, legs.strike, legs.right)
            at = np.minimum(np.searchsorted(self.key, wanted), self.key.size - 1)
            there = self.key[at] == wanted
            out[:, there] = self.columns[:, at[there]]
        return out

    def side(self, series: int, right: int) -> tuple[Floats, Floats, Floats]:
        """(strike ascending, bid, ask) of one series and right."""
        first, last = np.searchsorted(self.key, [_base(series, right), _base(series, right) + _SPAN])
        strike = (self.key[first:last] - _base(series, right)) / _STRIKE_STEPS
        return strike, self.columns[0, first:last], self.columns[1, first:last]


_SPAN: Final = 10**9


def _base(series: int, right: int) -> int:
    return (2 * series + (right > 0)) * _SPAN


def _key(series: Ints, strike: Floats, right: Floats) -> Ints:
    """One integer a contract; a future (right 0) has none."""
    steps = np.rint(strike * _STRIKE_STEPS)
    exact = (np.abs(steps - strike * _STRIKE_STEPS) < 1e-6) & (right != 0.0) & (steps > 0.0) & (steps < _SPAN)
    return np.where(exact, (2 * series + (right > 0.0)) * _SPAN + np.where(exact, steps, 0.0).astype(np.int64), -1)


def listed_quotes(chains: Sequence[QuotedChain], series: SeriesTable, session: int, times: Times) -> ListedQuotes:
    """The table of chains of one session; ``times`` gives the discount and the year fraction of a series row.

    Raises :class:`DataInvalid` where two chains hold the same family or a contract occurs twice.
    """
    keys: list[Ints] = []
    columns: list[Floats] = []
    expiries: dict[int, ListedExpiry] = {}
    notes: list[str] = []
    families: dict[str, str] = {}
    for chain in chains:
        for family in _families(chain):
            if family in families:
                raise DataInvalid(
                    f"two chains hold {family} options: {families[family]} and {chain.source}",
                    where=f"session {iso(session)}",
                    allowed="one chain for each of SPX, XSP and VIX",
                    todo="give the one that the plan should use",
                )
            families[family] = chain.source
        row, left_out = _series_rows(chain, series, session)
        kept = row >= 0
        part = _key(row[kept], chain.strike[kept], chain.right[kept])
        keys.append(part)
        columns.append(np.array([getattr(chain, name)[kept] for name in _COLUMNS]))
        for what, count in _by_expiry(chain, row, series, times, expiries).items():
            left_out[what] = left_out.get(what, 0) + count
        notes += [f"{chain.source}: expiries left out: {count} ({what})" for what, count in left_out.items()]
        notes += _unsaved(chain, row, series, session)
    key = np.concatenate([*keys, np.empty(0, dtype=np.int64)])
    order = np.argsort(key, kind="stable")
    key = key[order]
    if np.any(key[1:] == key[:-1]):
        raise DataInvalid(
            f"{int((key[1:] == key[:-1]).sum())} contracts occur twice",
            where=f"{', '.join(sorted(set(families.values())))}, session {iso(session)}",
            allowed="one row a contract",
            todo="read the file by load_chains, which keeps one row of each",
        )
    table = np.concatenate([*columns, np.empty((5, 0))], axis=1)[:, order]
    return ListedQuotes(key=key, columns=table, expiries=expiries, families=frozenset(families), notes=tuple(notes))


_COLUMNS: Final = ("bid", "ask", "bid_size", "ask_size", "open_interest")


def family_of(root: Root) -> str:
    """The key of :data:`FAMILIES` that a root belongs to."""
    return next(name for name, roots in FAMILIES.items() if root in roots)


def _families(chain: QuotedChain) -> list[str]:
    return sorted({family_of(Root(name)) for name in np.unique(chain.root).tolist()})


def _series_rows(chain: QuotedChain, series: SeriesTable, session: int) -> tuple[Ints, dict[str, int]]:
    """Series row of each contract, -1 where it is left out, and the number of expiries left out by reason.

    Whether a series is listed is what the chain shows; the table says only when it stops trading.
    """
    rows_of = {(str(root), int(day)): row for row, (root, day) in enumerate(zip(series.roots, series.expiry, strict=True))}
    pairs, where = np.unique(np.array([chain.root.astype(str), chain.expiry.astype(str)]), axis=1, return_inverse=True)
    found, left_out = [], dict[str, int]()
    for name, day in pairs.T.tolist():
        row = rows_of.get((name, int(day)), -1)
        if row < 0:
            left_out[NOT_IN_TABLE] = left_out.get(NOT_IN_TABLE, 0) + 1
        elif not _trades(series, row, session):
            left_out[TRADED_OUT] = left_out.get(TRADED_OUT, 0) + 1
            row = -1
        found.append(row)
    return np.array(found, dtype=np.int64)[where.reshape(-1)], left_out


def _trades(series: SeriesTable, row: int, session: int) -> bool:
    return bool(series.last_trade[row] >= session and series.settlement_session[row] > session)


def _by_expiry(chain: QuotedChain, row: Ints, series: SeriesTable, times: Times, into: dict[int, ListedExpiry]) -> dict[str, int]:
    """Add each expiry's forward and vols; the number of expiries without, by reason."""
    left_out: dict[str, int] = {}
    for number in np.unique(row[row >= 0]).tolist():
        discount, years = times(number)
        found = listed_expiry(_sides(chain.rows(row == number)), discount=discount, years=years)
        if isinstance(found, str):
            left_out[found] = left_out.get(found, 0) + 1
        else:
            into[number] = found
    return left_out


def _sides(chain: QuotedChain) -> Sides:
    """Strikes with both sides, NaN where a side is absent."""
    strike, place = np.unique(chain.strike, return_inverse=True)
    table = np.full((4, strike.size), np.nan)
    for first, side in ((0, chain.right > 0.0), (2, chain.right < 0.0)):
        table[first, place[side]] = chain.bid[side]
        table[first + 1, place[side]] = chain.ask[side]
    return strike, table[0], table[1], table[2], table[3]


def _unsaved(chain: QuotedChain, row: Ints, series: SeriesTable, session: int) -> list[str]:
    """Say so where the chain lacks expiries that the listing rules name: a part of a file, or a cut one."""
    notes = []
    held = set(row[row >= 0].tolist())
    for family in _families(chain):
        ruled = [
            number
            for number in series.listed(session, vix=family == "VIX").tolist()
            if series.roots[number] in FAMILIES[family] and series.expiry[number] <= session + WITHIN_DAYS
        ]
        absent = [number for number in ruled if number not in held]
        if absent:
            days = ", ".join(iso(series.expiry[number]) for number in absent[:5]) + (", ..." if len(absent) > 5 else "")
            notes.append(
                f"{chain.source}: {len(absent)} of {len(ruled)} {family} expiries listed within {WITHIN_DAYS} days are not in "
                f"the chain ({days})"
            )
    return notes


def quoted(bid: Floats, ask: Floats) -> Bools:
    """Whether each contract has a market: an offer, and a bid (zero counts) not above it."""
    return (ask > 0.0) & (bid >= 0.0) & (bid <= ask)
