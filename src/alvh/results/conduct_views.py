"""Tables of the tear sheet on how the hedge was run and on its forwards; none where the document has no such parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alvh.results.sheet import TearSheet
from alvh.results.tables import Column, Kind, Row, TableView, show, table

NAMES = ("discipline", "rules", "roll_down")


def tables(sheet: TearSheet) -> dict[str, TableView | None]:
    """Every table of the kind, None where there is nothing to show."""
    document, made = sheet.document, dict[str, TableView | None].fromkeys(NAMES)
    if document["hedge"]["layers"] and "discipline" in document:
        made["discipline"] = _discipline(document)
    if document.get("rules"):
        made["rules"] = _rules(document["rules"])
    if document.get("roll_down", {}).get("layers"):
        made["roll_down"] = _roll_down(document["roll_down"])
    return made


def _discipline(document: Mapping[str, Any]) -> TableView:
    part, hedge = document["discipline"], document["hedge"]
    shown: list[tuple[str, Any, Kind, str]] = [
        ("Sessions with a hedge", hedge["sessions_held_share"], "percent", _by_layer(hedge["layers"], "sessions_held_share")),
        ("Trades on schedule", part["on_schedule"], "count", ""),
        ("Trades off schedule, by rules", part["off_schedule"], "count", _by_layer(part["layers"], "off_schedule")),
        ("Rolls done on their due day", part["share_on_due_day"], "percent", _by_layer(part["layers"], "share_on_due_day")),
        ("Sessions on which a layer grew", part["added"]["sessions"], "count", f"{part['added']['contracts']:,} contracts"),
    ]
    if "activations" in hedge:
        shown.insert(1, ("Layers activated", hedge["activations"], "count", ""))
        shown.insert(2, ("Layers stood down", hedge["stand_downs"], "count", ""))
    for rule in part["added_while_rule_held"]:
        shown.append(
            (f"… while rule “{rule['name']}” held", rule["sessions"], "count", f"{rule['contracts']:,} contracts"),
        )
    premium, capital = part["largest_premium"], part["largest_capital"]
    label = f"Largest premium in {premium['calendar_days']} days, of the account"
    shown.append((label, premium["of_account"], "percent", _dated(premium)))
    shown.append(("Largest capital in the hedge, of the account", capital["of_account"], "percent", _dated(capital)))
    for rule, row in part["refusals"].items():
        shown.append((f"Orders refused or cut by {rule}", row["count"], "count", f"{row['first']} to {row['last']}"))
    columns = (
        Column(key="figure", label="Figure"), Column(key="value", label="Value", kind="number"), Column(key="note", label="Note"),
    )  # fmt: skip
    body = tuple(((name, ""), show(value, kind), (note, "w" if len(note) > 12 else "")) for name, value, kind, note in shown)
    return TableView(name="discipline", caption="Discipline: was the hedge run as its rules say", columns=columns, rows=body)


def _by_layer(layers: Sequence[Mapping[str, Any]], key: str) -> str:
    kind: Kind = "count" if key == "off_schedule" else "percent"
    return ", ".join(f"{layer['name']} {show(layer[key], kind)[0]}" for layer in layers)


def _dated(row: Mapping[str, Any]) -> str:
    return "" if row["session"] is None else f"{show(row['usd'], 'usd')[0]} on {row['session']}"


def _rules(rules: Sequence[Mapping[str, Any]]) -> TableView:
    columns = (
        Column(key="name", label="Rule"),
        Column(key="rule_id", label="Id"),
        Column(key="action", label="Action"),
        Column(key="held_sessions", label="Sessions held", kind="count"),
        Column(key="acted", label="Sessions acted", kind="count"),
        Column(key="first", label="First"),
        Column(key="last", label="Last"),
        Column(key="unknown_sessions", label="Sessions without data", kind="count"),
        Column(key="unknown_from", label="From"),
        Column(key="unknown_to", label="To"),
    )
    return table("rules", "Adaptive rules: when they held, and what they did", rules, columns, tools=True)


def _roll_down(part: Mapping[str, Any]) -> TableView:
    rows: list[Row] = []
    for name, layer in part["layers"].items():
        rows.append({"layer": name, "state": "all sessions", **_sums(layer)})
        rows += [{"layer": name, "state": state, **_sums(row)} for state, row in layer["by_state"].items()]
    rows += [{"layer": "All layers on VIX", "state": state, **_sums(row)} for state, row in part["by_state"].items()]
    columns = (
        Column(key="layer", label="Layer"),
        Column(key="state", label="Curve before"),
        Column(key="sessions", label="Sessions held", kind="count"),
        Column(key="convergence_usd", label="Convergence", kind="pnl"),
        Column(key="level_usd", label="Curve moved", kind="pnl"),
        Column(key="time_usd", label="Time", kind="pnl"),
        Column(key="vol_usd", label="Vol and smile", kind="pnl"),
        Column(key="costs_usd", label="Costs", kind="pnl"),
        Column(key="net_usd", label="Net", kind="pnl"),
    )
    return table(
        "roll-down", "The hedge's VX forwards: rolling down the curve apart from the curve's moves", rows, columns, tools=True
    )


def _sums(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "by_state"}
