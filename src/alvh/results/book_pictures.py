"""Tables of the risk page from the documents of ``alvh stress`` and ``alvh payoff``, and what all four rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alvh.results.tables import Column, Row, TableView, show, table

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """One cell of the grid as a table: its text, ``hg`` or ``hl`` (gain, loss) and the strength of its colour, 0 to 100."""

    text: str
    css: str
    strength: int


def episode_rows(stress: Document) -> list[tuple[Document, str]]:
    """Episodes, episodes by response and made moves, each with the mark of its kind."""
    return [
        *((row, "") for row in stress["episodes"]),
        *((row, " *") for row in stress["episodes_by_response"]),
        *((row, " (made)") for row in stress["made"]),
    ]


def episodes(stress: Document) -> TableView:
    """The book in every episode and made move, with the layers' shares."""
    rows = []
    for row, mark in episode_rows(stress):
        curve = row["vx_points_by_days"] or {}
        rows.append(
            {"name": row["episode"] + mark, "spx": row["spx_move"], "vix": f"{row['vix_points']:+.1f}"}
            | {f"vx{days}": f"{curve[days]:+.1f}" if days in curve else None for days in ("30", "90")}
            | {"pnl_usd": row["pnl_usd"], "bid_pnl_usd": row["pnl_bid_usd"]}
            | {f"{layer}_pnl_usd": value for layer, value in row["pnl_usd_by_layer"].items()}
        )
    layers = list(stress["worst"]["pnl_usd_by_layer"])
    return table(
        "episodes",
        "The book in known episodes and made moves, at once",
        rows,
        (
            Column(key="name", label="Episode"),
            Column(key="spx", label="SPX", kind="return"),
            Column(key="vix", label="VIX, points", kind="number"),
            Column(key="vx30", label="VX at 30 d", kind="number"),
            Column(key="vx90", label="VX at 90 d", kind="number"),
            Column(key="pnl_usd", label="P/L at mid", kind="pnl"),
            Column(key="bid_pnl_usd", label="Closed at bid and ask", kind="pnl"),
            *(Column(key=f"{layer}_pnl_usd", label=layer or "no sleeve", kind="pnl") for layer in layers),
        ),
        tools=True,
    )


def worst(stress: Document) -> TableView:
    """The worst cell of the grid by leg."""
    rows: list[Row] = [dict(row) for row in stress["worst"]["pnl_usd_by_leg"]]
    return table(
        "worst",
        "The worst cell, leg by leg",
        rows,
        (
            Column(key="contract", label="Contract"),
            Column(key="quantity", label="Lots", kind="count"),
            Column(key="sleeve", label="Sleeve"),
            Column(key="layer", label="Layer"),
            Column(key="pnl_usd", label="P/L", kind="pnl"),
        ),
    )


def worst_parts(stress: Document) -> TableView:
    """The worst cell by Greek and by revaluation."""
    found = stress["worst"]
    rows = [
        {"by": by, "part": name, "pnl_usd": value}
        for by, key in (("Greek, second order", "pnl_usd_by_greek"), ("full revaluation", "pnl_usd_by_step"))
        for name, value in found[key].items()
    ]
    heads = (Column(key="by", label="Cut by"), Column(key="part", label="Part"), Column(key="pnl_usd", label="P/L", kind="pnl"))
    return table("worst-parts", "The same cell by cause", rows, heads)


def heat_rows(stress: Document) -> list[tuple[str, list[HeatCell]]]:
    """The grid from the highest SPX down: SPX label and cells."""
    grid = stress["grid"]
    full = max(abs(grid["worst_usd"]), 1e-9)
    rows = []
    for move, values in zip(reversed(grid["spx_move"]), reversed(grid["pnl_usd"]), strict=True):
        cells = [
            HeatCell(
                text=show(round(value), "count")[0],
                css="hg" if value > 0.0 else "hl" if value < 0.0 else "",
                strength=round(100.0 * min(abs(value) / full, 1.0)),
            )
            for value in values
        ]
        rows.append((show(move, "return")[0], cells))
    return rows


def payoff_lines(payoff: Document) -> TableView:
    """The payoff lines, every second point."""
    found = payoff["against_spx"]
    heads = [
        Column(key="move", label="SPX", kind="return"),
        Column(key="level", label="Level", kind="level"),
        Column(key="vix", label="VIX, points", kind="level"),
        *(Column(key=f"p{k}", label=f"{row['picture']}, {row['date']}", kind="pnl") for k, row in enumerate(payoff["dates"])),
    ]
    rows = [
        {"move": found["spx_move"][at], "level": found["spx_points"][at], "vix": found["vix_points"]["central"][at]}
        | {f"p{k}": line["pnl_usd"][at] for k, line in enumerate(found["lines"])}
        for at in range(len(found["spx_move"]) - 1, -1, -2)
    ]
    return table("payoff-lines", "P/L since the opening", rows, heads, tools=True)


def break_evens(payoff: Document) -> TableView:
    """Break-evens at each date, with their bands."""
    rows = []
    for one in payoff["break_evens"]["dates"]:
        row: dict[str, Any] = {"picture": one["picture"].split()[0], "date": one["date"], "spot_pnl_usd": one["pnl_at_spot_usd"]}
        for side in ("downside", "upside"):
            crossing = one[side]
            row[f"{side}_level"], row[f"{side}_distance"] = crossing["spot_points"], crossing["distance"]
            near, far = crossing["band_nearest"], crossing["band_furthest"]
            band = None if near is None else f"{show(near, 'return')[0]} to {show(far, 'return')[0]}"
            row[f"{side}_band"] = crossing["none"] or band
        rows.append(row)
    heads = [
        Column(key="picture", label="When"),
        Column(key="date", label="Date"),
        Column(key="spot_pnl_usd", label="P/L at spot", kind="pnl"),
    ]
    for side in ("downside", "upside"):
        heads += [
            Column(key=f"{side}_level", label=f"{side.capitalize()}, SPX", kind="level"),
            Column(key=f"{side}_distance", label="From spot", kind="return"),
            Column(key=f"{side}_band", label="Band"),
        ]
    return table("break-evens", "Break-evens since the opening, debits counted; bands over how VIX answers SPX", rows, heads)


def layer_lines(payoff: Document) -> TableView:
    """P&L by layer against the VIX shock, today and at expiry, every fifth point."""
    found = payoff["against_vix"]
    today, end = found["lines"][0], found["lines"][-1]
    layers = list(today["pnl_usd_by_layer"])
    heads = [Column(key="vix", label="VIX, points", kind="number")]
    heads += [Column(key=f"a{k}", label=f"{layer or 'no sleeve'}, today", kind="pnl") for k, layer in enumerate(layers)]
    heads += [Column(key=f"b{k}", label=f"{layer or 'no sleeve'}, at expiry", kind="pnl") for k, layer in enumerate(layers)]
    rows = [
        {"vix": points}
        | {f"a{k}": today["pnl_usd_by_layer"][layer][at] for k, layer in enumerate(layers)}
        | {f"b{k}": end["pnl_usd_by_layer"][layer][at] for k, layer in enumerate(layers)}
        for at, points in enumerate(found["vix_points"])
        if points % 5.0 == 0.0
    ]
    return table("layer-lines", "P/L by layer, SPX unmoved", rows, heads, tools=True)


def assumptions(documents: Mapping[str, Document]) -> TableView:
    """What every figure rests on, as name and value."""
    assumed = documents["stress"]["grid"]["assumptions"]
    risk = documents["risk"]
    lines: Sequence[tuple[str, str]] = (
        ("Prices", "the model's surfaces at the close; no quote of this book was used"),
        ("Filled inputs", ", ".join(risk["data"]["modelled"]) or "none: every input was published"),
        ("VX futures", "own forward + beta × VIX points; beta by days to expiry: "
         + ", ".join(f"{days} d {beta:.2f}" for days, beta in assumed["vx_curve_beta_by_days"].items())),
        ("VIX option vol", f"{100.0 * assumed['vix_vol_relative_change_per_vix_point']:.1f} % of itself for a VIX point"),
        ("SPX at-the-money vol", f"{assumed['spx_atm_vol_points_per_vix_point']:.2f} vol points at 30 days for a VIX point; "
         "at 9, 30, 93, 184 days times " + ", ".join(f"{beta:g}" for beta in assumed["spx_atm_beta_at_9_30_93_184_days"])),
        ("SPX smile", assumed["spx_smile_dynamic"].replace("_", " ")),
        ("Half-spreads", f"the rule at the VIX of the scenario × {assumed['liquidity_widening_factor']:g}"),
        ("Later dates", f"the shock comes {assumed['shock_path'].replace('_', ' ')}, "
         f"the VX curve {assumed['vx_curve_with_time']} with time"),
        ("VIX answering SPX", "d ln VIX / d ln SPX " + ", ".join(
            f"{name} {value:g}" for name, value in documents["payoff"]["against_spx"]["elasticities"].items())),
        ("Vega in VIX points", f"{risk['exposures']['spx_vol_points_per_vix_point']:g} SPX vol points for a VIX point"),
        ("Portfolio margin", documents["margin"]["pricer"]),
        ("History", f"{risk['data']['source']}, SHA-256 {risk['data']['sha256']}"),
    )  # fmt: skip
    rows = [{"name": name, "value": value} for name, value in lines]
    return table(
        "assumptions", "What the figures rest on", rows, (Column(key="name", label="Of"), Column(key="value", label="Assumed"))
    )
