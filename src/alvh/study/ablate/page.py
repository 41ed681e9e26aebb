"""The one-file page of an ablation: what each element is worth, as a chart and tables; light and dark, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import alvh.results
from alvh.results.svg import Panel, Series, render_svg
from alvh.results.tables import Column, Row, TableView, table
from alvh.results.tearsheet import json_for_html, script_hash
from alvh.results.theme import PALETTE, declarations
from alvh.study.ablate.document import variant_rows
from alvh.study.ablate.sentences import headline, remarks

_TEMPLATES = Path(alvh.results.__file__).parent / "templates"
WIDTH, HEIGHT = 900, 250
"""Pixels of each chart."""
MOST_DATES = 12
"""Dates of firing that a table row shows; the JSON document and ``fired.csv`` have all."""


def render_ablation(document: Mapping[str, Any], *, footer: Sequence[str] = ()) -> str:
    """The page as text, from the document of an ablation."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    script = (_TEMPLATES / "sheet.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    data = document["data"]
    return environment.get_template("ablation.html.j2").render(
        title=f"{document['policy']['name']}: what each adaptive element is worth",
        subtitle=f"{data['from']} to {data['to']} · {data['sessions']:,} sessions",
        headline=headline(document),
        basis=(
            f"prices: {document['prices']['source']}",
            f"seed {document['method']['seed']}, {document['method']['repeats']:,} resamples",
            "a difference is the variant less its reference",
        ),
        remarks=remarks(document),
        fixed=document["fixed_schedule"],
        method=document["method"]["text"],
        prices=document["prices"],
        picture=picture(document),
        t={
            "variants": variants_table(document),
            "fired": fired_table(document),
            "episodes": episodes_table(document),
            "periods": periods_table(document),
            "calm": calm_table(document),
        },
        footer=footer,
        css=(_TEMPLATES / "sheet.css").read_text(encoding="utf-8") + _picture_css(),
        light=declarations(0),
        dark=declarations(1),
        data=json_for_html({"columns": {}, "figures": [], "document": dict(document)}),
        script=script,
        script_hashes=(script_hash(script),),
    )


def _rows(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [document["baseline"], *document["variants"]]


def _picture_css() -> str:
    """The picture's classes in the page's own colours, so that it follows the page's theme button too."""
    rules = [f".picture .{name} {{ fill: var(--{name}); }}" for name in ("bg", "ink", "muted")]
    rules += [".picture .grid { stroke: var(--rule); }", ".picture svg { max-width: 100%; height: auto; }"]
    for name in PALETTE:
        rules += [f".picture .l-{name} {{ stroke: var(--{name}); }}", f".picture .f-{name} {{ fill: var(--{name}); }}"]
    return "\n".join(rules)


def picture(document: Mapping[str, Any]) -> str:
    """Differences with their intervals, one panel for what was taken out and one for what was added; '' without any."""
    numbered = list(enumerate(_rows(document)))
    panels = []
    for title, kinds in (
        ("Taken out, against the whole policy (fixed: all of them)", ("fixed", "without")),
        ("Added alone, against the fixed schedule", ("with",)),
    ):
        chosen = [(k, row["difference"]) for k, row in numbered if row["kind"] in kinds and row["difference"] is not None]
        if chosen:
            panels.append(_panel(title, chosen))
    if not panels:
        return ""
    description = "Dots are differences of the mean P/L, per cent of the account a year; lines their 95 per cent intervals."
    return render_svg(
        panels, columns=1, title="Difference of P/L, % of account a year", description=description, width=WIDTH, height=HEIGHT
    )


def _panel(title: str, chosen: Sequence[tuple[int, Mapping[str, Any]]]) -> Panel:
    """Positions are even, their labels the rows' numbers; a line runs from low to high and breaks between two variants."""
    x, y = [0.4], [math.nan]
    for at, (_, found) in enumerate(chosen, start=1):
        if found["low"] is not None:
            x += [at, at, at]
            y += [found["low"], found["high"], math.nan]
    x.append(len(chosen) + 0.6)
    y.append(math.nan)
    return Panel(
        title=title,
        series=(
            Series(name="95 % interval", x=x, y=y, colour="unhedged"),
            Series(
                name="difference", x=list(range(1, len(chosen) + 1)), y=[found["estimate"] for _, found in chosen], mark="dot"
            ),
        ),
        x_labels=[(at, f"#{number}") for at, (number, _) in enumerate(chosen, start=1)],
        zero=True,
    )


def variants_table(document: Mapping[str, Any]) -> TableView:
    """One row a variant with its figures and its difference; fractions, as the page's tables read them."""
    rows: list[Row] = []
    for number, row in enumerate(variant_rows(document)):
        made = {key: row[key] for key in ("variant", "reference", "carry_pct_per_month", "max_drawdown", "expected_shortfall_95")}
        for key, name in (
            ("difference", "difference_pct_per_year"),
            ("difference_low", "difference_low_pct"),
            ("difference_high", "difference_high_pct"),
        ):
            made[key] = _hundredth(row[name])
        for key in ("drawdown_difference", "drawdown_difference_low", "drawdown_difference_high", "fired", "same_condors"):
            made[key] = row[key]
        if "difference_prices_low_pct" in row:
            made["prices_low"] = _hundredth(row["difference_prices_low_pct"])
            made["prices_high"] = _hundredth(row["difference_prices_high_pct"])
        made["not_possible"] = row["not_possible"]
        rows.append({"number": f"#{number}", **made})
    columns = [
        Column(key="number", label="#"),
        Column(key="variant", label="Variant"),
        Column(key="difference", label="P/L difference a year", kind="return"),
        Column(key="difference_low", label="low", kind="return"),
        Column(key="difference_high", label="high", kind="return"),
        Column(key="drawdown_difference", label="Drawdown difference", kind="return"),
        Column(key="drawdown_difference_low", label="low", kind="return"),
        Column(key="drawdown_difference_high", label="high", kind="return"),
        Column(key="fired", label="Sessions fired", kind="count"),
        Column(key="carry_pct_per_month", label="Carry, % a month", kind="number"),
        Column(key="max_drawdown", label="Maximum drawdown", kind="percent"),
        Column(key="expected_shortfall_95", label="Shortfall 95 %", kind="percent"),
        Column(key="reference", label="Against"),
        Column(key="same_condors", label="Same condors"),
    ]
    if any("prices_low" in row for row in rows):
        columns += [
            Column(key="prices_low", label="over the prices' error, low", kind="return"),
            Column(key="prices_high", label="high", kind="return"),
        ]
        rows = [{"prices_low": None, "prices_high": None, **row} for row in rows]
    columns.append(Column(key="not_possible", label="Not possible"))
    caption = "Per cent of the account, carry of index notional; a drawdown difference above zero is a smaller drawdown"
    return table("variants", caption, rows, columns, tools=True)


def _hundredth(value: Any) -> float | None:
    return None if value is None else float(value) / 100.0


def fired_table(document: Mapping[str, Any]) -> TableView | None:
    """How often every element of the policy fired, the last dates, and the sessions on which it was off for lack of data."""
    base = document["baseline"]
    rows: list[Row] = []
    for one in document["elements"]:
        days = base["fired_dates_by"].get(one["name"], [])
        off = base["off_for_lack_of_data"].get(one["name"])
        rows.append(
            {
                "element": one["name"],
                "rule": one["rule"],
                "kind": one["kind"],
                "sessions": len(days),
                "first": days[0] if days else None,
                "last_dates": ", ".join(days[-MOST_DATES:]) or None,
                "off_for_lack_of_data_sessions": 0 if off is None else off["sessions"],
            }
        )
    return table("fired", "When each element changed something, in the policy itself", rows, tools=True) if rows else None


def episodes_table(document: Mapping[str, Any]) -> TableView | None:
    """P&L of every variant in each episode inside the run, as its difference from its reference."""
    names = [name for name, row in (document["baseline"]["episodes"] or {}).items() if row is not None]
    if not names:
        return None
    rows: list[Row] = []
    for row in _rows(document):
        if row["episodes"] is None:
            continue
        key = "pnl_usd" if row["kind"] == "full" else "difference_usd"
        rows.append({"variant": row["name"], **{f"e{k}": row["episodes"][name][key] for k, name in enumerate(names)}})
    columns = [Column(key="variant", label="Variant")]
    columns += [Column(key=f"e{k}", label=name, kind="pnl") for k, name in enumerate(names)]
    caption = "Known episodes, dollars: P/L of the policy itself, below it each variant's difference from its reference"
    return table("episodes", caption, rows, columns, tools=True)


def periods_table(document: Mapping[str, Any]) -> TableView | None:
    """P&L and drawdown of the parts of the run that are reported apart."""
    names = list(document["baseline"]["periods"])
    rows: list[Row] = []
    for row in _rows(document):
        if row["not_possible"]:
            continue
        made: dict[str, Any] = {"variant": row["name"]}
        for k, name in enumerate(names):
            made |= {f"p{k}": row["periods"][name]["pnl_usd"], f"d{k}": row["periods"][name]["max_drawdown"]}
        rows.append(made)
    columns = [Column(key="variant", label="Variant")]
    for k, name in enumerate(names):
        columns += [Column(key=f"p{k}", label=f"{name} P/L", kind="pnl"), Column(key=f"d{k}", label="Drawdown", kind="percent")]
    return (
        table("periods", "Parts of the run, since spreads before 2013 rest on few quotes", rows, columns, tools=True)
        if names
        else None
    )


def calm_table(document: Mapping[str, Any]) -> TableView:
    """R54, R34: what the hedge took of the condors' credit, by VIX before each month."""
    rows: list[Row] = []
    for row in _rows(document):
        if not row["not_possible"]:
            rows.append({"variant": row["name"], **{one["regime"]: one["ratio"] for one in row["cost_of_credit"]}})
    regimes = [one["regime"] for one in document["baseline"]["cost_of_credit"]]
    columns = [Column(key="variant", label="Variant"), *(Column(key=name, label=name, kind="percent") for name in regimes)]
    return table(
        "calm", "Hedge cost over the condors' credit, by VIX at the last close before each month", rows, columns, tools=True
    )
