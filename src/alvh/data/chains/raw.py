"""What a chain reader hands over, and the checks that turn it into a :class:`~alvh.market.chain.QuotedChain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.calendar import FIRST_DAY, LAST_DAY, trading_calendar
from alvh.core.contracts import ROOTS, SPECS, Root, SettlementStyle
from alvh.core.days import Day, DayArray, iso
from alvh.core.errors import DataInvalid
from alvh.core.expiries import spx_monthly_expiry
from alvh.data.chains.symbols import KNOWN_ROOTS, Contracts, business_expiry
from alvh.data.quality import MAX_EXAMPLES, QualityLog, Severity
from alvh.market.chain import QuotedChain
from alvh.market.history import Floats

Bools = NDArray[np.bool_]

DAY_MINUTES: Final = 1440
OPEN_MINUTE: Final = 570
"""09:30: AM series settle on the opening of their expiry."""
UNKNOWN_ROOT: Final = "row of a root that is not read"
BAD_STRIKE: Final = "strike at or below zero"
PAST_EXPIRY: Final = "expiry before the session"
SETTLED: Final = "series settled before the quotes"
NEGATIVE: Final = "negative price"
NO_QUOTE: Final = "neither bid nor ask"
REPEATED: Final = "contract repeated for another exchange"
DUPLICATE: Final = "duplicate contract"
_NEXT: Final = {
    UNKNOWN_ROOT: f"the rows were left out; the roots read are {', '.join(KNOWN_ROOTS)}",
    BAD_STRIKE: "the rows were dropped; see the vendor's file",
    PAST_EXPIRY: "the rows were dropped; check that the file's date is right",
    SETTLED: "the rows were dropped: the series had stopped trading when the quotes were taken",
    NEGATIVE: "the rows were dropped; see the vendor's file",
    NO_QUOTE: "the rows were dropped",
    REPEATED: "one row a contract was kept: two-sided before one-sided, then composite, then Cboe",
    DUPLICATE: "one row a contract was kept: two-sided before one-sided, then the first in the file",
}
"""Why a row is dropped, in the order of the checks, and what to do; a row counts for the first reason that applies."""
_MILD: Final = frozenset({SETTLED, REPEATED})
CROSSED: Final = "crossed quote"
"""Bid above ask: kept, because a chain is what the vendor shows, and every user of quotes passes over such rows itself."""
SPX_OFF_RULE: Final = "SPX row off a third Friday"
_FAMILY: Final[Mapping[Root, str]] = MappingProxyType(
    {Root.SPX: "SPX", Root.SPXW: "SPX", Root.XSP: "XSP", Root.VIX: "VIX", Root.VIXW: "VIX"}
)
"""Roots that make one chain: XSP strikes are a tenth of SPX's, so they never mix."""
_UNDERLYING: Final[Mapping[str, str]] = MappingProxyType({"SPX": "SPX", "XSP": "SPX", "VIX": "VIX"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQuotes:
    """One session's rows of one file as printed, all arrays (rows,).

    ``minute`` counts Eastern minutes from the session's midnight, 1440 or more for quotes taken on a later day, None where the
    file does not say. ``rank`` orders several rows of one contract, the lowest first; ``line`` is the row's line in the file.
    ``bid_size`` and ``ask_size`` are contracts, NaN where not stated, None where the layout has none.
    """

    label: str
    layout: str
    session: Day
    minute: int | None
    spot: float
    contracts: Contracts
    bid: Floats
    ask: Floats
    volume: Floats
    open_interest: Floats
    rank: NDArray[np.int64]
    line: NDArray[np.int64]
    bid_size: Floats | None = None
    ask_size: Floats | None = None

    def rows(self, kept: Bools | NDArray[np.intp]) -> RawQuotes:
        """The rows that ``kept`` marks, or those that it numbers, in its order."""
        contracts = Contracts(
            root=self.contracts.root[kept],
            expiry=self.contracts.expiry[kept],
            strike=self.contracts.strike[kept],
            right=self.contracts.right[kept],
        )
        return replace(
            self,
            contracts=contracts,
            bid=self.bid[kept],
            ask=self.ask[kept],
            volume=self.volume[kept],
            open_interest=self.open_interest[kept],
            rank=self.rank[kept],
            line=self.line[kept],
            bid_size=None if self.bid_size is None else self.bid_size[kept],
            ask_size=None if self.ask_size is None else self.ask_size[kept],
        )


def by_session(raw: RawQuotes, sessions: DayArray, spot: Floats | None = None) -> list[RawQuotes]:
    """One item a session of ``sessions`` (rows,); ``spot`` (rows,) gives each its listed level, from its first row."""
    out = []
    for session in np.unique(sessions).tolist():
        mine = sessions == session
        level = raw.spot if spot is None else float(spot[mine][0])
        out.append(replace(raw.rows(mine), session=session, spot=level if level > 0.0 else np.nan))
    return out


def checked_chains(raw: RawQuotes, log: QualityLog) -> list[QuotedChain]:
    """One chain a family of roots (SPX, XSP, VIX) that the rows hold; none, with a counted note, where they hold no known root.

    Errors (:class:`DataInvalid`): the day is no session, or no row of a family passes the checks.
    """
    roots = raw.contracts.root
    known = np.isin(roots, list(KNOWN_ROOTS))
    if not known.all():
        others = sorted(set(roots[~known].tolist()))
        what = f"{UNKNOWN_ROOT}: {', '.join(others[:MAX_EXAMPLES])}" + (", ..." if len(others) > MAX_EXAMPLES else "")
        log.note("warning", raw.label, what, count=int((~known).sum()), examples=_examples(raw, ~known), todo=_NEXT[UNKNOWN_ROOT])
    if not known.any():
        return []
    _require_session(raw)
    raw = raw.rows(known)
    names, where = np.unique(raw.contracts.root, return_inverse=True)
    own = [KNOWN_ROOTS[str(name)] for name in names]
    raw = replace(
        raw,
        contracts=replace(
            raw.contracts,
            root=np.array([str(root) for root in own], dtype=np.str_)[where],
            expiry=business_expiry(raw.contracts.expiry),
        ),
    )
    family = np.array([_FAMILY[root] for root in own], dtype=np.str_)[where]
    _note_stamp(raw, log)
    return [_checked(raw.rows(np.equal(family, name)), _UNDERLYING[name], log) for name in sorted(set(family.tolist()))]


def _checked(raw: RawQuotes, underlying: str, log: QualityLog) -> QuotedChain:
    """The chain of one family, each dropped row counted by its reason."""
    counts: dict[str, int] = {}

    def drop(chain: RawQuotes, reason: str, bad: Bools) -> RawQuotes:
        if not bad.any():
            return chain
        counts[reason] = int(bad.sum())
        severity: Severity = "info" if reason in _MILD else "warning"
        log.note(severity, raw.label, reason, count=counts[reason], examples=_examples(chain, bad), todo=_NEXT[reason])
        return chain.rows(~bad)

    raw = _with_offers(raw, log)
    raw = drop(raw, BAD_STRIKE, raw.contracts.strike <= 0.0)
    raw = drop(raw, PAST_EXPIRY, raw.contracts.expiry < raw.session)
    raw = drop(raw, SETTLED, _settled(raw))
    raw = drop(raw, NEGATIVE, (raw.bid < 0.0) | (raw.ask < 0.0))
    raw = drop(raw, NO_QUOTE, np.isnan(raw.bid) & np.isnan(raw.ask))
    raw, repeated, elsewhere = _sorted(raw)
    raw, repeated = drop(raw, REPEATED, elsewhere), repeated[~elsewhere]
    raw = drop(raw, DUPLICATE, repeated)
    if not raw.line.size:
        raise DataInvalid(
            f"no contract is left for {iso(raw.session)}: {', '.join(f'{count} x {name}' for name, count in counts.items())}",
            where=raw.label,
            allowed="quotes of contracts that trade on the session",
            todo="check that the file holds the chain of the day that it names",
        )
    _note_kept(raw, log)
    contracts, nothing = raw.contracts, np.full(raw.line.size, np.nan)
    return QuotedChain(
        underlying=underlying,
        session=raw.session,
        minute=None if raw.minute is None or raw.minute >= DAY_MINUTES else raw.minute,
        root=contracts.root,
        expiry=contracts.expiry,
        am=_is_am(contracts.root),
        strike=contracts.strike,
        right=contracts.right,
        bid=raw.bid,
        ask=raw.ask,
        volume=raw.volume,
        open_interest=raw.open_interest,
        listed_spot=raw.spot if raw.spot > 0.0 else np.nan,
        source=f"{raw.layout}: {raw.label}",
        bid_size=nothing if raw.bid_size is None else raw.bid_size,
        ask_size=nothing if raw.ask_size is None else raw.ask_size,
    )


def _require_session(raw: RawQuotes) -> None:
    if not FIRST_DAY <= raw.session <= LAST_DAY or not trading_calendar().is_session(raw.session):
        raise DataInvalid(
            f"{iso(raw.session)} is no session, so its {raw.line.size} quotes are stale",
            where=raw.label,
            allowed="quotes of a day on which the market opens",
            todo="correct the date, or leave the file out",
        )


def _examples(raw: RawQuotes, bad: Bools) -> list[str]:
    rows = np.flatnonzero(bad)[:MAX_EXAMPLES]
    contracts = raw.contracts
    return [
        f"line {raw.line[row]} {contracts.root[row]} {iso(contracts.expiry[row])} "
        f"{contracts.strike[row]:g}{'C' if contracts.right[row] > 0.0 else 'P'}"
        for row in rows.tolist()
    ]


def _with_offers(raw: RawQuotes, log: QualityLog) -> RawQuotes:
    """An ask of zero is no offer, so it is missing; the bid stays as it is."""
    none = raw.ask == 0.0
    if not none.any():
        return raw
    todo = "the ask is read as missing, the bid stays; such a row has no mid"
    log.note("info", raw.label, "ask of zero", count=int(none.sum()), examples=_examples(raw, none), todo=todo)
    return replace(raw, ask=np.where(none, np.nan, raw.ask))


_AM_ROOTS: Final = tuple(str(root) for root in ROOTS if SPECS[root].settlement_style is SettlementStyle.AM)


def _is_am(root: NDArray[np.str_]) -> Bools:
    found: Bools = np.isin(root, _AM_ROOTS)
    return found


def _settled(raw: RawQuotes) -> Bools:
    """Rows that expire on the session and had settled when the quotes were taken; quotes of no known minute are of the close."""
    today: Bools = raw.contracts.expiry == raw.session
    if raw.minute is None:
        return today
    close = trading_calendar().expiring_close_time(raw.session)
    late = raw.minute >= 60 * close.hour + close.minute
    opened = raw.minute >= OPEN_MINUTE
    gone: Bools = today & (_is_am(raw.contracts.root) & opened | late)
    return gone


def _sorted(raw: RawQuotes) -> tuple[RawQuotes, Bools, Bools]:
    """Rows by expiry, root, strike and right, the best of each contract first; marks on its others, and on other exchanges'."""
    contracts = raw.contracts
    one_sided = np.isnan(raw.bid) | np.isnan(raw.ask)
    order = np.lexsort((raw.line, raw.rank, one_sided, contracts.right, contracts.strike, contracts.root, contracts.expiry))
    raw = raw.rows(order)
    contracts, rank = raw.contracts, raw.rank
    again = np.zeros(order.size, dtype=np.bool_)
    again[1:] = (
        (contracts.expiry[1:] == contracts.expiry[:-1])
        & (contracts.root[1:] == contracts.root[:-1])
        & (contracts.strike[1:] == contracts.strike[:-1])
        & (contracts.right[1:] == contracts.right[:-1])
    )
    elsewhere = again & (rank > 0)
    return raw, again, elsewhere


def _note_stamp(raw: RawQuotes, log: QualityLog) -> None:
    """Say of what moment the quotes are, where it is not the close of the session."""
    minute = raw.minute
    if minute is None:
        return
    expiring, close = (
        60 * time.hour + time.minute
        for time in (trading_calendar().expiring_close_time(raw.session), trading_calendar().close_time(raw.session))
    )
    clock = f"{minute % DAY_MINUTES // 60:02d}:{minute % 60:02d} Eastern"
    day = iso(raw.session)
    if minute >= DAY_MINUTES:
        later = f"quotes stamped {clock} on {iso(raw.session + minute // DAY_MINUTES)}, a later day"
        log.note("info", raw.label, later, todo=f"taken as the last quotes of {day}, of no known minute")
    elif minute < OPEN_MINUTE:
        todo = "quotes are thin before the open: do not trust a fit"
        log.note("warning", raw.label, f"quotes of {clock}, before the open", todo=todo)
    elif minute < expiring:
        log.note("warning", raw.label, f"quotes of {clock}, not of the close", todo="do not compare them with closing levels")
    elif minute > close:
        log.note("info", raw.label, f"quotes stamped {clock}, after the close", todo=f"taken as the last quotes of {day}")


def _note_kept(raw: RawQuotes, log: QualityLog) -> None:
    """Count what is kept but worth knowing: crossed and one-sided rows, SPX expiries off the monthly rule."""
    crossed = raw.bid > raw.ask
    if crossed.any():
        todo = "kept as printed; no mid is taken from them"
        log.note("warning", raw.label, CROSSED, count=int(crossed.sum()), examples=_examples(raw, crossed), todo=todo)
    one_sided = np.isnan(raw.bid) & ~np.isnan(raw.ask)
    if one_sided.any():
        todo = "kept with a missing bid, which is not a zero bid"
        log.note("info", raw.label, "no bid", count=int(one_sided.sum()), examples=_examples(raw, one_sided), todo=todo)
    monthly = raw.contracts.root == str(Root.SPX)
    days = raw.contracts.expiry
    thirds = spx_monthly_expiry(trading_calendar(), np.unique(days.astype("datetime64[D]").astype("datetime64[M]")))
    odd: Bools = monthly & ~np.isin(days, thirds)
    if odd.any():
        todo = "kept as AM-settled by their root; check the expiries"
        log.note("warning", raw.label, SPX_OFF_RULE, count=int(odd.sum()), examples=_examples(raw, odd), todo=todo)


def stated_size(size: Floats, price: Floats) -> Floats:
    """Displayed contracts (rows,), NaN where not stated: below zero, or zero beside a price.

    Cboe's delayed quotes print 0 beside every price once the day's trading is over: no size, not an empty book.
    """
    return np.where((size < 0.0) | (size == 0.0) & (price > 0.0), np.nan, size)


def ones(lines: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rank, line) of rows that have no rank of their own."""
    line = np.array(lines, dtype=np.int64)
    return np.zeros(line.size, dtype=np.int64), line
