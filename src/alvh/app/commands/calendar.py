"""``alvh calendar``: expiries, last trading days, settlement; over the coming 12 weeks also the policy's rolls."""

from __future__ import annotations

from argparse import Namespace
from datetime import date, timedelta
from typing import Any

from alvh.app.output import print_json, print_table
from alvh.core.errors import UsageError

_WEEKS_AHEAD = 12
"""The view that traders of these products plan by: a quarter of rolls at a glance."""


def run(options: Namespace) -> int:
    from alvh.core.listing import calendar_rows

    start, end = _span(options.start, options.end)
    rows = calendar_rows(start, end, options.listed_on)
    document: dict[str, Any] = {"schema": "alvh.calendar/1", "from": start.isoformat(), "to": end.isoformat()}
    if options.listed_on is not None:
        document["listed_on"] = options.listed_on.isoformat()
    document["expiries"] = rows
    ahead = options.start is None and options.end is None
    if ahead:
        from alvh.app.rolls import planned_rolls
        from alvh.strategy.policy_file import load_policy

        policy = load_policy(options.policy).policy
        planned, notes = planned_rolls(policy, start, end)
        document |= {"policy": policy.name, "rolls": planned, "notes": notes}
    if options.json:
        print_json(document)
        return 0
    if ahead:
        _print_rolls(document)
    heads = ("root", "expiry", "last trading session", "settles")
    keys = ("root", "expiry", "last_trade_session", "settlement")
    print_table(f"Expiries {start} to {end}", heads, [tuple(row[key] for key in keys) for row in rows])
    return 0


def _print_rolls(document: dict[str, Any]) -> None:
    heads = ("session", "what", "why", "expiry window", "listed in it")
    rows = [
        (
            row["session"],
            row["layer"] or row["sleeve"],
            row["why"],
            f"{row['window_from']} to {row['window_to']}",
            _expiries(row),
        )
        for row in document["rolls"]
    ]
    print_table(f"Entries and rolls of {document['policy']}, {document['from']} to {document['to']}", heads, rows)
    for line in document["notes"]:
        print(f"Note: {line}.")
    print("Note: * marks a monthly VIX expiry.")
    print()


def _expiries(row: dict[str, Any]) -> str:
    """Hedge rows name their few expiries, monthlies by ``*``; a condor row has one on most weekdays and counts them."""
    listed = row["expiries"]
    if row["sleeve"] == "condor":
        return f"{len(listed)} expiries"
    return ", ".join(item["expiry"] + ("*" if item["root"] == "VIX" else "") for item in listed) or "none: the fallback decides"


def _span(start: date | None, end: date | None) -> tuple[date, date]:
    if start is None and end is None:
        start = date.today()
    if start is None:
        assert end is not None
        start = end - timedelta(weeks=_WEEKS_AHEAD)
    if end is None:
        end = start + timedelta(weeks=_WEEKS_AHEAD)
    check_span(start, end)
    return start, end


def check_span(start: date | None, end: date | None) -> None:
    """Refuse a span that ends before it starts."""
    if start is not None and end is not None and end < start:
        raise UsageError(
            f"{end} lies before {start}", where="--from/--to", allowed="--to on or after --from", todo="exchange the two dates"
        )
