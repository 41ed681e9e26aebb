"""Rows of the expiry calendar: what expires in a span of dates, when it last trades and how it settles."""

from __future__ import annotations

from datetime import date

from alvh.core.calendar import trading_calendar
from alvh.core.contracts import ROOTS, SettlementStyle
from alvh.core.days import iso, to_date, to_day
from alvh.core.errors import UsageError
from alvh.core.expiries import ExpiryTable, spx_expiries, vix_expiries, vx_expiries
from alvh.core.listing_rules import DEFAULT_RULES, ListingRules

FIRST_DATE, LAST_DATE = date(2006, 1, 1), date(2031, 9, 30)
"""VIX options begin in 2006; the calendar of exchange holidays ends in 2031."""


def calendar_rows(
    start: date, end: date, listed_on: date | None = None, rules: ListingRules = DEFAULT_RULES
) -> list[dict[str, str]]:
    """Expiries of SPX, SPXW, VIX, VIXW and VX from ``start`` to ``end``, both included, by date and root.

    Each row holds ``root``, ``expiry``, ``last_trade_session`` (ISO dates) and ``settlement`` (AM or PM). ``listed_on`` keeps
    what could be traded at that session's close. Raises :class:`UsageError` for dates outside 2006-2031, for a span that ends
    before it starts and for a ``listed_on`` that is no session.
    """
    for name, value in (("from", start), ("to", end), ("listed-on", listed_on)):
        if value is not None and not FIRST_DATE <= value <= LAST_DATE:
            raise UsageError(
                f"{value} lies outside the calendar",
                where=f"--{name}",
                allowed=f"{FIRST_DATE} to {LAST_DATE}",
                todo="choose a date in that range",
            )
    if end < start:
        raise UsageError(
            f"{end} lies before {start}", where="--to", allowed="a date on or after --from", todo="exchange the dates"
        )
    low, high = to_day(start), to_day(end)
    listed = None if listed_on is None else _session(listed_on)
    rows: list[tuple[int, int, dict[str, str]]] = []
    for table in (spx_expiries(low, high, rules), vix_expiries(low, high, rules), vx_expiries(low, high, rules)):
        index = range(len(table)) if listed is None else map(int, table.listed(listed))
        rows.extend(
            (int(table.expiry[i]), int(table.root[i]), _row(table, i)) for i in index if low <= int(table.expiry[i]) <= high
        )
    return [row for _, _, row in sorted(rows, key=lambda item: item[:2])]


def _row(table: ExpiryTable, index: int) -> dict[str, str]:
    return {
        "root": ROOTS[int(table.root[index])].value,
        "expiry": iso(table.expiry[index]),
        "last_trade_session": iso(table.last_trade[index]),
        "settlement": (SettlementStyle.AM if table.am[index] else SettlementStyle.PM).value,
    }


def _session(listed_on: date) -> int:
    day, calendar = to_day(listed_on), trading_calendar()
    if not calendar.is_session(day):
        before = to_date(calendar.previous_session(day))
        after = to_date(calendar.next_session(day))
        raise UsageError(
            f"{listed_on} is no session",
            where="--listed-on",
            allowed="a day on which the market opened",
            todo=f"use {before} or {after}",
        )
    return day
