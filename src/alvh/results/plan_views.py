"""What the plan's page shows of its document: orders as tickets, and tables of what is held, held back and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alvh.core.contracts import SPECS, Root
from alvh.results.tables import NOTHING, Column, TableView, table

Document = Mapping[str, Any]

SOURCES = {"quote": "quoted", "model": "model", "settlement": "settlement", "mixed": "part model"}
"""How the page names a price's source; anything but ``quote`` and ``settlement`` is to be looked up before it is traded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """One order as a person reads it; prices are texts, in points per unit of the order."""

    number: str
    action: str
    where: str
    side: str
    units: str
    legs: tuple[str, ...]
    limit: str
    walk: str
    worst: str
    market: str
    source: str
    sourced: bool
    usd: str
    reason: str


def leg_text(leg: Document) -> str:
    """``VIX 2020-03-18 25 C``; a future has neither strike nor right."""
    head = f"{leg['root']} {leg['expiry']}"
    return head if leg["right"] is None else f"{head} {leg['strike']:g} {leg['right']}"


def place(row: Document) -> str:
    """``hedge front``."""
    return str(row["sleeve"]) if row["layer"] is None else f"{row['sleeve']} {row['layer']}"


def points(value: float | None) -> str:
    """Points, a dash for a price that is not known."""
    return NOTHING if value is None else f"{value:,.2f}"


def market_text(prices: Document) -> str:
    """``0.90 / 0.95 / 1.00``: bid, mid and ask."""
    return " / ".join(points(prices[key]) for key in ("bid", "mid", "ask"))


def number(value: float | None) -> str:
    """A signal's value."""
    return NOTHING if value is None else f"{value:,.4g}"


def tickets(plan: Document) -> list[TicketView]:
    """Every order, in the order of the plan."""
    return [_ticket(row, order) for row in plan["rows"] for order in row["orders"]]


def _ticket(row: Document, order: Document) -> TicketView:
    legs, units = order["legs"], int(order["units"])
    walk = ", ".join(points(price) for price in order["walk"][1:])
    multiplier = SPECS[Root(legs[0]["root"])].multiplier_usd
    future = legs[0]["right"] is None  # margined, not paid for
    known = order["worst"] is not None and not future
    return TicketView(
        number=str(order["id"]),
        action=str(row["action"]),
        where=place(row),
        side=str(order["side"]).upper(),
        units=f"{units:,}" if len(legs) == 1 else f"{units:,} × {len(legs)} legs",
        legs=tuple(f"{'buy' if leg['quantity'] > 0 else 'sell'} {abs(leg['quantity']):,} {leg_text(leg)}" for leg in legs),
        limit=points(order["limit"]),
        walk=walk or NOTHING,
        worst=points(order["worst"]),
        market=market_text(order),
        source=SOURCES.get(str(order["price_source"]), str(order["price_source"])),
        sourced=order["price_source"] in ("quote", "settlement"),
        usd=f"{'pays' if order['side'] == 'buy' else 'brings'} ${units * multiplier * order['worst']:,.0f}" if known else "",
        reason=f"{row['reason']['text']} ({row['reason']['rule']})",
    )


def headline(plan: Document) -> list[str]:
    """The plan in sentences."""
    orders = tickets(plan)
    if not orders:
        found = ["Nothing to trade at this close."]
    else:
        acts = [row["action"] for row in plan["rows"] if row["orders"]]
        kinds = ", ".join(f"{acts.count(kind)} {kind.lower()}" for kind in dict.fromkeys(acts))
        found = [f"{_count(len(orders), 'order')} to place: {kinds}."]
        unsourced = sum(not order.sourced for order in orders)
        if unsourced:
            found.append(
                f"{unsourced} of them priced by the model, in full or in part: look at the market before you place them."
            )
    if plan["refusals"]:
        found.append(f"Held back: {len(plan['refusals'])}.")
    following = sorted({row["next_roll"] for row in plan["rows"] if row["next_roll"] is not None})
    if following:
        found.append(f"The next day that moves something by the calendar: {following[0]}.")
    return found


def _count(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def reasons(plan: Document) -> TableView:
    """Each condor and layer: what the plan does, the rule behind it, its signal, and the next day."""
    heads = (
        Column(key="where", label="Sleeve"),
        Column(key="action", label="Action"),
        Column(key="text", label="Why"),
        Column(key="rule", label="Rule"),
        Column(key="signal", label="Signal"),
        Column(key="value", label="Value", kind="level"),
        Column(key="threshold", label="Threshold", kind="level"),
        Column(key="market", label="Bid / mid / ask"),
        Column(key="next_roll", label="Next"),
    )
    rows = [
        {
            "where": _which(row),
            "action": row["action"],
            **{key: row["reason"][key] or None for key in ("text", "rule", "signal")},
            **{key: row["reason"][key] for key in ("value", "threshold")},
            "market": None
            if row["mid"] is None
            else f"{market_text(row)} ({SOURCES.get(row['price_source'], row['price_source'])})",
            "next_roll": row["next_roll"],
        }
        for row in plan["rows"]
    ]
    return table("reasons", "By condor and layer", rows, heads)


def _which(row: Document) -> str:
    """Its place, of a held condor with its expiry: several are held at once."""
    return f"{place(row)} {row['held'][0]['expiry']}" if row["sleeve"] == "condor" and row["held"] else place(row)


def changes(plan: Document) -> TableView:
    """What would change each row: a statement a line, said once where several rows share it."""
    said: dict[str, list[str]] = {}
    for row in plan["rows"]:
        for text in row["would_change"]:
            where, name = said.setdefault(text, []), _which(row)
            if name not in where:
                where.append(name)
    rows = [{"where": ", ".join(where), "text": text} for text, where in said.items()]
    return table("changes", "What would change it", rows, (Column(key="where", label="Sleeve"), Column(key="text", label="What")))


def held(plan: Document) -> TableView:
    """Every lot that the plan counts, with its mark and where that comes from."""
    heads = (
        Column(key="where", label="Sleeve"),
        Column(key="contract", label="Contract"),
        Column(key="quantity", label="Contracts", kind="count"),
        Column(key="open_price", label="Opened at", kind="level"),
        Column(key="mark", label="Mark", kind="level"),
        Column(key="source", label="Price"),
        Column(key="action", label="Action"),
    )
    rows = [
        {
            "where": place(row),
            "contract": leg_text(leg),
            **{key: leg[key] for key in ("quantity", "open_price", "mark")},
            "source": SOURCES.get(leg["price_source"], leg["price_source"]),
            "action": row["action"],
        }
        for row in plan["rows"]
        for leg in row["held"]
    ]
    return table("held", "Held before the plan", rows, heads)


def settled(plan: Document) -> TableView:
    """What has settled since the book was kept."""
    heads = (
        Column(key="contract", label="Contract"),
        Column(key="quantity", label="Contracts", kind="count"),
        Column(key="session", label="Session"),
        Column(key="usd", label="Paid", kind="pnl"),
        Column(key="text", label="Value"),
    )
    rows = [{"contract": leg_text(row), **{c.key: row[c.key] for c in heads[1:]}} for row in plan["settled"]]
    return table("settled", "Settled since the book was kept", rows, heads)


def refusals(plan: Document) -> TableView:
    """What rules, limits or the market held back."""
    return table(
        "refusals", "Held back", plan["refusals"], (Column(key="rule", label="Rule"), Column(key="text", label="What and why"))
    )


def rules(plan: Document) -> TableView:
    """The adaptive rules with the values that their signals have."""
    heads = (
        Column(key="name", label="Rule"),
        Column(key="rule", label="Id"),
        Column(key="action", label="Action"),
        Column(key="holds", label="Holds"),
        Column(key="when", label="When"),
        Column(key="values", label="Now"),
    )
    rows = [
        {
            **{key: rule[key] for key in ("name", "rule", "action", "when")},
            "holds": holds(rule["holds"]),
            "values": ", ".join(f"{name} {number(value)}" for name, value in rule["signals"].items()),
        }
        for rule in plan["rules"]
    ]
    return table("rules", "Adaptive rules at this close", rows, heads)


def holds(value: bool | None) -> str:
    """Whether a rule's condition is true; None where a signal that it reads has no value."""
    return "off: no value" if value is None else "yes" if value else "no"


def figures(plan: Document) -> TableView:
    """Cover and cost of the hedge before the plan and once it is filled."""
    cover, cost = plan["coverage"], plan["cost"]
    heads = (
        Column(key="what", label="Of the hedge"),
        Column(key="before", label="Before", kind="number"),
        Column(key="after", label="After", kind="number"),
    )
    rows: list[dict[str, Any]] = [{"what": "Vega coverage of the condors, net, by betas", **_shares(cover)}]
    for key, label in (
        ("of_credit", "Decay of 30 days, of the condors' credit of as many days"),
        ("of_index_notional", "Decay of 30 days, of index notional"),
        ("of_risk_capital", "Decay of 30 days, of the largest loss"),
    ):
        rows.append({"what": label, **_shares({side: part and part[key] for side, part in cost.items()})})
    for key, label in (("decay_30d_usd", "Decay of 30 days"), ("premium_usd", "Worth at the mark")):
        rows.append({"what": label, **{side: None if part is None else f"${part[key]:,.0f}" for side, part in cost.items()}})
    return table("figures", "Cover and cost", rows, heads)


def _shares(values: Mapping[str, float | None]) -> dict[str, str | None]:
    return {side: None if value is None else f"{100.0 * value:.1f} %" for side, value in values.items()}


def inputs(plan: Document) -> TableView:
    """Every input with its age; what is old or never came stands first."""
    heads = (
        Column(key="name", label="Input"),
        Column(key="age", label="Age"),
        Column(key="source", label="From"),
    )
    rows = [
        {"name": row["name"], "age": age_text(row["age_sessions"]), "source": row["source"]}
        for row in sorted(plan["inputs"], key=lambda row: row["age_sessions"] == 0)
    ]
    return table("inputs", "Age of what the plan read", rows, heads)


def age_text(sessions: int | None) -> str:
    """Age of an input's last value."""
    return "no value" if sessions is None else "this close" if sessions == 0 else _count(sessions, "session") + " old"


def stale(plan: Document) -> Sequence[str]:
    """Names of inputs that are not of this close."""
    return [row["name"] for row in plan["inputs"] if row["age_sessions"] != 0]
