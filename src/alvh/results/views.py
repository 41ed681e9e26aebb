"""The tables of the tear sheet, made from its plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh.core.errors import InternalError
from alvh.results.figures import LAYER_PARTS
from alvh.results.instruments import words
from alvh.results.metrics import Floats, daily_pnl, worst_drawdowns
from alvh.results.periods import calendar_year_table, monthly_returns
from alvh.results.sheet import TearSheet
from alvh.results.tables import NOTHING, Column, Kind, Row, TableView, label_for, show, table
from alvh.results.uncertainty import FIGURES

ROW_LIMITS = (3000, 1000, 200)
"""Rows printed per long table, tried in turn until the page stays below its size; a whole default run rolls about 1,600 times."""

METRICS: tuple[tuple[str, str, Kind], ...] = (
    ("total_return", "Total return", "return"),
    ("cagr", "CAGR of the final equity", "return"),
    ("vol", "Volatility a year", "percent"),
    ("sharpe", "Sharpe ratio over bills", "level"),
    ("max_drawdown", "Maximum drawdown", "percent"),
    ("expected_shortfall_95", "Expected shortfall, worst 5 % of days", "percent"),
)


def _need(document: Mapping[str, Any], *path: str) -> Any:
    """A value inside the JSON document, or an error that names what is missing."""
    value: Any = document
    for depth, key in enumerate(path):
        if not isinstance(value, Mapping) or key not in value:
            raise InternalError(
                f"no {'.'.join(path[: depth + 1])}", where="tear sheet, document", allowed="the document of alvh backtest --json"
            )
        value = value[key]
    return value


def key_figures(sheet: TearSheet) -> TableView:
    """The runs' figures side by side, with the hedge's effect; the difference of two missing figures is missing."""
    columns = (Column(key="figure", label="Figure"), *(Column(key=k, label=v, kind="number") for k, v in _RUN_LABELS))
    rows: list[tuple[tuple[str, str], ...]] = []
    for key, label, kind in METRICS:
        hedged, unhedged = (_need(sheet.document, "runs", run, key) for run in ("hedged", "unhedged"))
        change = None if hedged is None or unhedged is None else hedged - unhedged
        # Points of volatility are neither good nor bad in themselves, so only returns are marked as gain or loss.
        rows.append(((label, ""), show(hedged, kind), show(unhedged, kind), show(change, kind)))
    days = [_need(sheet.document, "runs", run, "worst_day") for run in ("hedged", "unhedged")]
    change = days[0]["return"] - days[1]["return"]
    rows.append((("Worst day", ""), *(show(day["return"], "percent") for day in days), show(change, "percent")))
    rows.append((("Session of it", ""), *((str(day["session"]), "n") for day in days), (NOTHING, "n none")))
    return TableView(name="key-figures", caption="Key figures", columns=columns, rows=tuple(rows))


def price_range(sheet: TearSheet) -> TableView | None:
    """Low, central and high of each figure; nothing where the run was not repeated on other prices."""
    found = sheet.document.get("pricing_uncertainty")
    if found is None:
        return None
    columns = tuple(Column(key=key, label=label) for key, label in (("figure", "Figure"), *_RANGE_LABELS))
    rows = tuple(
        ((label, ""), *(show(found["range"][key][end], kind, decimals=0) for end, _ in _RANGE_LABELS))
        for key, label, kind in FIGURES
    )
    columns = (columns[0], *(Column(key=c.key, label=c.label, kind="number") for c in columns[1:]))
    return TableView(
        name="price-range", caption="The run's figures over the measured error of its prices", columns=columns, rows=rows
    )


def price_cases(sheet: TearSheet) -> TableView | None:
    """One row a repeated run."""
    found = sheet.document.get("pricing_uncertainty")
    if found is None:
        return None
    columns = (
        Column(key="source", label="Source"),
        Column(key="what", label="Changed"),
        *(Column(key=key, label=label, kind="number") for key, label, _ in FIGURES),
    )
    rows = tuple(
        ((case["source"], ""), (case["what"], "w"), *(show(case["figures"][key], kind, decimals=0) for key, _, kind in FIGURES))
        for case in found["cases"]
    )
    return TableView(name="price-cases", caption="Each source at its two ends", columns=columns, rows=rows, tools=True)


_RANGE_LABELS = (("low", "Low"), ("central", "Central"), ("high", "High"))
_RUN_LABELS = (("hedged", "With hedge"), ("unhedged", "Without hedge"), ("difference", "Difference"))


def years(sheet: TearSheet) -> TableView:
    """Calendar years of both runs."""
    both = [
        calendar_year_table(sheet.sessions, equity, sheet.account_usd, compound=sheet.compound)
        for equity in (sheet.equity_hedged_usd, sheet.equity_unhedged_usd)
    ]
    rows: list[Row] = [
        {
            "year": str(hedged.year),
            "hedged": hedged.year_return,
            "unhedged": bare.year_return,
            "hedge_usd": hedged.pnl_usd - bare.pnl_usd,
            "vol_hedged": hedged.vol,
            "vol_unhedged": bare.vol,
            "drawdown_hedged": hedged.max_drawdown,
            "drawdown_unhedged": bare.max_drawdown,
        }
        for hedged, bare in zip(*both, strict=True)
    ]
    return table(
        "years",
        "Calendar years; drawdowns count from the year's own peak",
        rows,
        (
            Column(key="year", label="Year"),
            Column(key="hedged", label="With hedge", kind="return"),
            Column(key="unhedged", label="Without hedge", kind="return"),
            Column(key="hedge_usd", label="Hedge P/L", kind="pnl"),
            Column(key="vol_hedged", label="Vol with", kind="percent"),
            Column(key="vol_unhedged", label="Vol without", kind="percent"),
            Column(key="drawdown_hedged", label="Drawdown with", kind="percent"),
            Column(key="drawdown_unhedged", label="Drawdown without", kind="percent"),
        ),
        tools=True,
    )


def hedge_years(sheet: TearSheet) -> TableView:
    """The hedge's dollars by calendar year and layer; interest is what the hedge's own cash flows earned or cost."""
    layers = list(sheet.layer_pnl_usd.items())
    series: dict[str, Floats] = {f"layer_{number}": np.asarray(pnl) for number, (_, pnl) in enumerate(layers)}
    hedge = daily_pnl(np.asarray(sheet.equity_hedged_usd) - np.asarray(sheet.equity_unhedged_usd), 0.0)
    series["interest"] = hedge - sum(series.values(), np.zeros(hedge.shape))
    series["total"] = hedge
    grids = {key: monthly_returns(sheet.sessions, pnl) for key, pnl in series.items()}
    rows: list[Row] = [
        {"year": str(year), **{key: float(grid.year_values[row]) for key, grid in grids.items()}}
        for row, year in enumerate(grids["total"].years)
    ]
    rows.append({"year": "All", **{key: float(np.sum(pnl)) for key, pnl in series.items()}})
    return table(
        "hedge-years",
        "Hedge profit and loss by calendar year and layer, in dollars",
        rows,
        (
            Column(key="year", label="Year"),
            *(Column(key=f"layer_{number}", label=name, kind="pnl") for number, (name, _) in enumerate(layers)),
            Column(key="interest", label="Interest", kind="pnl"),
            Column(key="total", label="Whole hedge", kind="pnl"),
        ),
        tools=True,
    )


def drawdowns(sheet: TearSheet, n: int = 5) -> TableView:
    """The deepest falls of both runs."""
    rows: list[Row] = []
    for label, equity in (("with hedge", sheet.equity_hedged_usd), ("without hedge", sheet.equity_unhedged_usd)):
        for fall in worst_drawdowns(sheet.sessions, equity, sheet.account_usd, n, compound=sheet.compound):
            rows.append(
                {
                    "run": label,
                    "depth": fall.depth,
                    "peak": fall.peak_session,
                    "trough": fall.trough_session,
                    "recovered": fall.recovered_session,
                    "sessions": fall.length_sessions,
                }
            )
    return table(
        "drawdowns",
        f"The {n} deepest drawdowns of each run",
        rows,
        (
            Column(key="run", label="Run"),
            Column(key="depth", label="Depth", kind="percent"),
            Column(key="peak", label="Peak"),
            Column(key="trough", label="Trough"),
            Column(key="recovered", label="Recovered"),
            Column(key="sessions", label="Sessions below", kind="count"),
        ),
        tools=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """One month: its text, ``gain``, ``loss`` or nothing, and the strength of its colour in per cent."""

    text: str
    css: str
    strength: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """A grid of months with a column for the year; ``full_at`` is the value from which the colour is full."""

    name: str
    label: str
    full_at: str
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]


def _heat_cell(value: float, full: float) -> HeatCell:
    if math.isnan(value):
        return HeatCell(text="", css="", strength=0)
    text = f"{abs(value):.1f}"
    if text == "0.0":
        return HeatCell(text="0.0", css="", strength=0)
    strength = 100 if full == 0.0 else round(min(1.0, abs(value) / full) * 100)
    if value > 0:
        return HeatCell(text=f"+{text}", css="hg", strength=strength)
    return HeatCell(text=f"\N{MINUS SIGN}{text}", css="hl", strength=strength)


def heat_maps(sheet: TearSheet) -> tuple[HeatMap, ...]:
    """Monthly returns in per cent: with hedge, without, and what the hedge added (always on the account)."""
    hedged = daily_pnl(sheet.equity_hedged_usd, sheet.account_usd)
    bare = daily_pnl(sheet.equity_unhedged_usd, sheet.account_usd)
    maps = []
    for name, label, pnl, compound in (
        ("hedged", "with hedge", hedged, sheet.compound),
        ("unhedged", "without hedge", bare, sheet.compound),
        ("hedge", "hedge alone", hedged - bare, False),
    ):
        grid = monthly_returns(sheet.sessions, pnl, account_usd=sheet.account_usd, compound=compound)
        values = np.column_stack([grid.values, grid.year_values]) * 100.0
        known = np.abs(grid.values[np.isfinite(grid.values)]) * 100.0
        # A single extreme month would pale all the others, so the colour is full from the 95th percentile on.
        full = float(np.percentile(known, 95.0)) if known.size else 0.0
        maps.append(
            HeatMap(
                name=name,
                label=label,
                full_at=f"{full:.1f} %",
                rows=tuple(
                    (str(year), tuple(_heat_cell(float(value), full) for value in values[row]))
                    for row, year in enumerate(grid.years)
                ),
            )
        )
    return tuple(maps)


def layer_costs(sheet: TearSheet) -> TableView:
    """What each layer paid and got; the layers' nets and the interest add up to the difference of the final equities."""
    layers = _need(sheet.document, "hedge", "layers")
    keys = ("rolls", "empty_windows", "contracts", *(key for key, _, _ in LAYER_PARTS))
    labels = {
        "premium_usd": "Premium paid",
        "payoff_usd": "Payoff",
        "open_value_usd": "Still open",
        "empty_windows": "Empty windows",
    }
    labels |= {"slippage_usd": "Slippage", "fees_usd": "Fees", "net_usd": "Net"}
    kinds: dict[str, Kind] = {"net_usd": "pnl", **dict.fromkeys(("rolls", "empty_windows", "contracts"), "count")}
    rows: list[Row] = [
        {"name": layer["name"], "instrument": words(layer["instrument"]), **{key: _need(layer, key) for key in keys}}
        for layer in layers
    ]
    total: dict[str, Any] = {key: sum(float(layer[key]) for layer in layers) for key in keys}
    interest = _need(sheet.document, "hedge", "interest_usd")
    rows.append({"name": "All layers", "instrument": None, **total})
    rows.append({"name": "Interest", "instrument": None, **dict.fromkeys(keys), "net_usd": interest})
    rows.append({"name": "Whole hedge", "instrument": None, **dict.fromkeys(keys), "net_usd": total["net_usd"] + interest})
    columns = (
        Column(key="name", label="Layer"),
        Column(key="instrument", label="Holds"),
        *(Column(key=key, label=labels.get(key, key.capitalize()), kind=kinds.get(key, "usd")) for key in keys),
    )
    caption = "Cost by layer: net = payoff + still open − premium − slippage − fees, premium and payoff at mid"
    return table("layer-costs", caption, rows, columns, tools=True)


def cost_readings(sheet: TearSheet) -> TableView:
    """The hedge's cost a month against each reading of what it protects."""
    costs = _need(sheet.document, "hedge", "cost_pct_per_month")
    names = {
        "index_notional": "index notional short",
        "risk_capital": "condors' maximum loss",
        "credit": "credit received a month",
    }
    layers = _need(sheet.document, "hedge", "layers")
    rows: list[Row] = [
        {
            "against": names.get(key, key),
            **{f"layer_{layer['name']}": layer.get("cost_pct_per_month", {}).get(key) for layer in layers},
            "cost": value,
        }
        for key, value in costs.items()
    ]
    columns = (
        Column(key="against", label="Against"),
        *(Column(key=f"layer_{layer['name']}", label=str(layer["name"]), kind="number") for layer in layers),
        Column(key="cost", label="All layers", kind="number"),
    )
    return table("cost-readings", "Cost of the hedge a month, in per cent; below zero it earned", rows, columns)


def attribution(sheet: TearSheet) -> TableView:
    """Total dollars by sleeve or layer and cause, with both totals."""
    causes = list(dict.fromkeys(cause for parts in sheet.attribution.values() for cause in parts))
    rows: list[Row] = []
    for name, parts in sheet.attribution.items():
        rows.append(
            {"sleeve": name, **{f"cause_{cause}": parts.get(cause) for cause in causes}, "total": math.fsum(parts.values())}
        )
    sums = {cause: math.fsum(parts.get(cause, 0.0) for parts in sheet.attribution.values()) for cause in causes}
    rows.append({"sleeve": "Whole book", **{f"cause_{c}": usd for c, usd in sums.items()}, "total": math.fsum(sums.values())})
    columns = (
        Column(key="sleeve", label="Sleeve or layer"),
        *(Column(key=f"cause_{cause}", label=cause.replace("_", " ").capitalize(), kind="pnl") for cause in causes),
        Column(key="total", label="Total", kind="pnl"),
    )
    return table("attribution", "Where the change in equity came from, in dollars", rows, columns, tools=True)


_CHECK_LABELS = {
    "max_identity_error_usd": "Cash + marks against equity, largest gap in a session ($)",
    "max_attribution_error_usd": "Attribution against the change in equity, largest gap in a session ($)",
    "unexplained_share": "Share of the daily change that the Greeks leave unexplained",
    "quoted_share": "Share of the marks that were quotes",
}


def checks(sheet: TearSheet) -> TableView:
    """Identities and coverage, as the document gives them."""
    found = _need(sheet.document, "checks")
    rows: list[Row] = [{"check": _CHECK_LABELS.get(key, label_for(key)), "value": value} for key, value in found.items()]
    columns = (Column(key="check", label="Check"), Column(key="value", label="Value", kind="number"))
    return table("checks", "Checks of this run", rows, columns)
