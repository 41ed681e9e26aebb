"""Tables of the risk page from the documents of ``alvh risk`` and ``alvh margin``: exposures, coverage, cost, margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alvh.results.tables import Column, Row, TableView, table

Document = Mapping[str, Any]

_GREEKS = (
    Column(key="value_usd", label="Value", kind="usd"),
    Column(key="spx_delta_usd_per_point", label="SPX delta, $/point", kind="number"),
    Column(key="spx_gamma_usd_per_point2", label="SPX gamma, $/point²", kind="number"),
    Column(key="spx_vega_usd_per_vol_point", label="SPX vega, $/vol point", kind="number"),
    Column(key="theta_usd_per_day", label="Theta, $/day", kind="number"),
    Column(key="vix_delta_usd_per_point", label="VIX raw, $/point of its VX", kind="number"),
    Column(key="vix_equivalent_usd_per_vix_point", label="VIX adjusted, $/VIX point", kind="number"),
    Column(key="vix_equivalent_error_usd_per_vix_point", label="Its error", kind="number"),
    Column(key="vix_vega_usd_per_vol_point", label="Vega of VIX vol, $/vol point", kind="number"),
    Column(key="net_usd_per_vix_point", label="Net, $/VIX point", kind="number"),
    Column(key="spx_equivalent_delta_usd_per_point", label="SPX-equivalent, $/point", kind="number"),
)


def _greek_row(row: Document) -> dict[str, Any]:
    return {column.key: row.get(column.key) for column in _GREEKS} | {
        "theta_usd_per_day": row["spx_theta_usd_per_day"] + row["vix_theta_usd_per_day"]
    }


def positions(risk: Document) -> TableView:
    """Exposures of every position."""
    heads = (
        Column(key="contract", label="Contract"),
        Column(key="sleeve", label="Sleeve"),
        Column(key="layer", label="Layer"),
        Column(key="quantity", label="Lots", kind="count"),
        Column(key="forward_points", label="Own forward", kind="level"),
        Column(key="implied_vol_points", label="Vol, points", kind="level"),
        Column(key="beta", label="Beta", kind="level"),
    )
    rows = [{column.key: row[column.key] for column in heads} | _greek_row(row) for row in risk["exposures"]["positions"]]
    return table("positions", "Every position", rows, heads + _GREEKS, tools=True)


def exposures(risk: Document) -> TableView:
    """Exposures by layer, sleeve and book: one row a measure."""
    found = risk["exposures"]
    parts = [(_part(row), row) for row in found["layers"]]
    several = [name for name in found["sleeves"] if sum(row["sleeve"] == name for row in found["layers"]) > 1]
    parts += [(f"{name or 'no sleeve'}, whole", found["sleeves"][name]) for name in several]
    return _turned("exposures", "By layer, sleeve and book", [*parts, ("whole book", found["book"])])


def later_exposures(risk: Document) -> TableView | None:
    """The hedge's layers at condor expiry with nothing moved; None without condors or anything beside them."""
    later = risk["at_condor_expiry"]
    if later is None or not later["layers"]:
        return None
    parts = [(_part(row), row) for row in later["layers"]]
    return _turned("later", f"What is left {later['days']} days on, at the first condor expiry, with nothing moved", parts)


def _part(row: Document) -> str:
    return f"{row['sleeve'] or 'no sleeve'} {row['layer']}".strip()


def _turned(name: str, caption: str, parts: Sequence[tuple[str, Document]]) -> TableView:
    rows = [_greek_row(row) for _, row in parts]
    heads = (
        Column(key="measure", label="Measure"),
        *(Column(key=f"p{k}", label=parts[k][0], kind="level") for k in range(len(parts))),
    )
    lines = [
        {"measure": "Value, $" if column.key == "value_usd" else column.label}
        | {f"p{k}": rows[k][column.key] for k in range(len(parts))}
        for column in _GREEKS
    ]
    return table(name, caption, lines, heads)


def coverage(risk: Document) -> TableView:
    """Coverage, naive beside adjusted, against net and short-leg vega, per SPX vol point and per VIX point."""
    found = risk["coverage"]
    rows = [
        {
            "reading": text,
            "gain": found[f"hedge_{beta}_usd_per_vix_point"],
            "net": found[f"net_{beta}"],
            "short": found[f"short_{beta}"],
            "net_vix": found[f"net_{beta}_per_vix_point"],
            "short_vix": found[f"short_{beta}_per_vix_point"],
        }
        for beta, text in (("naive", "naive: every VX future moves with VIX"), ("adjusted", "adjusted by the beta of its tenor"))
    ]
    return table(
        "coverage",
        "How much of the condors' vega the hedge covers (published: 40-60 %)",
        rows,
        (
            Column(key="reading", label="Hedge counted"),
            Column(key="gain", label="Hedge, $/VIX point", kind="number"),
            Column(key="net", label="Of net vega", kind="percent"),
            Column(key="short", label="Of short legs' vega", kind="percent"),
            Column(key="net_vix", label="Of net, per VIX point", kind="percent"),
            Column(key="short_vix", label="Of short legs, per VIX point", kind="percent"),
        ),
    )


def costs(risk: Document) -> TableView:
    """Premium and static decay over each notional and over the credit."""
    base, cost = risk["notional"], risk["cost"]
    rows = [
        {"against": name, "amount": amount, "premium": cost[f"premium_of_{key}"], "decay": cost[f"decay_of_{key}"]}
        for name, key, amount in (
            ("index notional of the condors", "index_notional", base["index_usd"]),
            ("their largest loss", "risk_capital", base["risk_capital_usd"]),
            ("their credit", "credit", base["credit_usd"]),
        )
    ]
    return table(
        "costs",
        f"What the hedge costs: premium, and value lost in {cost['days']} days in which nothing moves",
        rows,
        (
            Column(key="against", label="Held against"),
            Column(key="amount", label="Dollars", kind="usd"),
            Column(key="premium", label="Premium", kind="percent"),
            Column(key="decay", label=f"Decay, {cost['days']} days", kind="percent"),
        ),
    )


def layer_costs(risk: Document) -> TableView:
    """Premium and decay by layer."""
    rows: list[Row] = [dict(row) | {"layer": row["layer"] or "without a layer"} for row in risk["cost"]["layers"]]
    rows.append({"layer": "whole hedge", "premium_usd": risk["cost"]["premium_usd"], "decay_usd": risk["cost"]["decay_usd"]})
    return table(
        "layer-costs",
        "Premium and decay by layer",
        rows,
        (
            Column(key="layer", label="Layer"),
            Column(key="premium_usd", label="Premium now", kind="usd"),
            Column(key="decay_usd", label=f"Decay, {risk['cost']['days']} days", kind="usd"),
        ),
    )


def readings(risk: Document) -> TableView | None:
    """4/4/2 under each reading of notional; None where the hedge has not three layers."""
    found = risk["four_four_two"]
    if found["why"] is not None:
        return None
    rows = [row | {"contracts": " / ".join(f"{count:.1f}" for count in row["contracts"])} for row in found["readings"]]
    return table(
        "readings",
        "4/4/2 of these layers under each reading of “per $100,000”",
        rows,
        (
            Column(key="reading", label="4/4/2 held"),
            Column(key="contracts", label="Contracts"),
            Column(key="premium_usd", label="Premium", kind="usd"),
            Column(key="decay_usd", label=f"Decay, {found['days']} days", kind="usd"),
            Column(key="decay_of_credit", label="Of credit", kind="percent"),
            Column(key="net_adjusted", label="Covers net vega", kind="percent"),
            Column(key="short_adjusted", label="Short legs'", kind="percent"),
            Column(key="net_naive", label="Naive: net", kind="percent"),
            Column(key="short_naive", label="Short legs'", kind="percent"),
            Column(key="decay_of_index_notional", label="Decay of index", kind="percent"),
            Column(key="premium_of_risk_capital", label="Premium of loss", kind="percent"),
        ),
    )


def betas(risk: Document) -> TableView:
    """The betas in use beside those of other samples, each with its error."""
    used, rows = risk["betas"]["used"], []
    for one in (used, *(other for other in risk["betas"]["others"] if other["label"] != used["label"])):
        cells = {f"d{tenor['days']:g}": _beta_text(tenor) for tenor in one["tenors"]}
        rows.append({"sample": ("in use: " if one is used else "") + one["label"]} | {key: cells.get(key) for key in _TENORS})
    heads = (Column(key="sample", label="Sample"), *(Column(key=key, label=f"{key[1:]} days") for key in _TENORS))
    return table("betas", "Points of a VX future for one of spot VIX, by days to expiry (standard error)", rows, heads)


_TENORS = ("d15", "d30", "d60", "d90", "d120", "d180")


def _beta_text(tenor: Document) -> str:
    return f"{tenor['beta']:.2f}" + ("" if tenor["error"] is None else f" ({tenor['error']:.2f})")


def margins(margin: Document) -> TableView:
    """Requirement under every convention, with what binds."""
    products = list(dict.fromkeys(name for one in margin["conventions"].values() for name in one["by_product_usd"]))
    rows = []
    for name, one in margin["conventions"].items():
        row: dict[str, Any] = {"convention": name.replace("_", " "), "requirement_usd": one["requirement_usd"]}
        row |= {f"{product}_usd": one["by_product_usd"].get(product, 0.0) for product in products}
        if "buying_power_usd" in one:
            row["buying_power_usd"] = one["buying_power_usd"]
        rows.append(row | {"least_equity_usd": one["minimum_equity_usd"], "binding": one["binding"]})
    heads = [Column(key="convention", label="Convention"), Column(key="requirement_usd", label="Requirement", kind="usd")]
    heads += [Column(key=f"{product}_usd", label=product, kind="usd") for product in products]
    if "account" in margin:
        heads.append(Column(key="buying_power_usd", label="Buying power left", kind="pnl"))
    heads += [
        Column(key="least_equity_usd", label="Least equity", kind="usd"),
        Column(key="binding", label="What binds"),
    ]
    return table("margin", "What the account must hold, by convention", rows, heads)


def margin_parts(margin: Document) -> TableView:
    """Parts of every requirement."""
    rows = [
        {
            "convention": name.replace("_", " "),
            "label": part["label"],
            "contracts": part["contracts"],
            "gross_usd": part["gross_usd"],
            "credit_usd": part["credit_usd"],
            "requirement_usd": part["requirement_usd"],
            "binding": part["binding"],
        }
        for name, one in margin["conventions"].items()
        for part in one["parts"]
    ]
    return table(
        "margin-parts",
        "Its parts",
        rows,
        (
            Column(key="convention", label="Convention"),
            Column(key="label", label="Part"),
            Column(key="contracts", label="Contracts", kind="count"),
            Column(key="gross_usd", label="Before premium", kind="usd"),
            Column(key="credit_usd", label="Credit at the marks", kind="usd"),
            Column(key="requirement_usd", label="Requirement", kind="usd"),
            Column(key="binding", label="What binds"),
        ),
        tools=True,
    )
