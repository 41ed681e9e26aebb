"""The one-file HTML report: everything inline, nothing fetched, readable without its script."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from alvh.core.days import iso
from alvh.core.errors import DataInvalid, InternalError, UsageError
from alvh.results import conduct_views, figures, run_risk_views, views
from alvh.results.metrics import SESSIONS_PER_YEAR
from alvh.results.sheet import TearSheet, check_sheet
from alvh.results.tables import Column, Row, TableView, table
from alvh.results.theme import declarations

__all__ = ["MAX_BYTES", "TearSheet", "render_tearsheet"]

MAX_BYTES = 6_000_000
"""A report stays below this, so that it can be mailed and opens at once; plotly.js itself is 4.8 MB of it."""

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def plotly_script() -> str:
    """Text of the plotly.js that the installed plotly package ships; the package itself is not imported."""
    spec = importlib.util.find_spec("plotly")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            if "</script" in text.lower() or "<!--" in text:
                raise InternalError("plotly.min.js would end its own script element", where=str(path))
            return text
    raise UsageError(
        "the plotly package with its plotly.min.js is not installed",
        where="tear sheet",
        todo="install the project's requirements again (python3 run.py test does)",
    )


def script_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def json_for_html(value: Any) -> str:
    """JSON that can stand inside a script element, whatever its strings hold. NaN and infinities are refused."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    except ValueError as problem:
        raise InternalError(
            f"not JSON: {problem}", where="tear sheet", allowed="finite numbers, texts, lists and maps"
        ) from problem
    for character, escaped in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(character, escaped)
    return text


def _tables(sheet: TearSheet, limit: int) -> dict[str, TableView | None]:
    def optional(name: str, caption: str, rows: tuple[Row, ...], columns: tuple[Column, ...] = ()) -> TableView | None:
        """A table with tools, or nothing where there are no rows."""
        return table(name, caption, rows, columns, tools=True, limit=limit) if rows else None

    return {
        "key_figures": views.key_figures(sheet),
        "years": views.years(sheet),
        "hedge_years": views.hedge_years(sheet),
        "drawdowns": views.drawdowns(sheet),
        "layer_costs": views.layer_costs(sheet),
        "cost_readings": views.cost_readings(sheet),
        "attribution": views.attribution(sheet),
        "checks": views.checks(sheet),
        "price_range": views.price_range(sheet),
        **run_risk_views.tables(sheet),
        **conduct_views.tables(sheet),
        "price_cases": views.price_cases(sheet),
        "periods": optional("periods", "The whole run and its parts apart", sheet.periods),
        "episodes": optional("episodes", "What happened in known episodes", sheet.episodes),
        "without_best": optional("without-best", "The hedge without its best months", sheet.without_best),
        "worst_days": optional(
            "worst-days",
            "The worst days of the book without its hedge, and what the hedge did",
            sheet.worst_days,
            (
                Column(key="session", label="Session", kind="text"),
                Column(key="spx_return", label="SPX", kind="return"),
                Column(key="vix_change_points", label="VIX change (points)", kind="level"),
                Column(key="hedged_pnl_usd", label="With hedge", kind="pnl"),
                Column(key="unhedged_pnl_usd", label="Without hedge", kind="pnl"),
                Column(key="condor_pnl_usd", label="Condors", kind="pnl"),
            ),
        ),
        "roll_calendar": optional(
            "roll-calendar",
            "Every order of the hedge layers",
            sheet.roll_calendar,
            (
                Column(key="session", label="Session"),
                Column(key="layer", label="Layer"),
                Column(key="action", label="Action"),
                Column(key="from", label="From"),
                Column(key="to", label="To"),
                Column(key="quantity", label="Quantity", kind="count"),
                Column(key="price", label="Price", kind="number"),
                Column(key="asked_by", label="Asked by"),
                Column(key="reason", label="Reason"),
            ),
        ),
        "settlements": optional("settlements", "Settlements, each with its value and source", sheet.settlements),
        "provenance": optional(
            "provenance",
            "Files read",
            sheet.provenance,
            (
                Column(key="file", label="File", kind="code"),
                Column(key="sha256", label="SHA-256", kind="code"),
                Column(key="rows", label="Rows", kind="count"),
                Column(key="first", label="First"),
                Column(key="last", label="Last"),
            ),
        ),
        "modelled": optional(
            "modelled",
            "Inputs that a model or a carried-forward value supplied",
            sheet.modelled,
            (
                Column(key="input", label="Input"),
                Column(key="sessions", label="Sessions", kind="count"),
                Column(key="error", label="Measured error"),
            ),
        ),
    }


def _figures(sheet: TearSheet) -> list[figures.Figure]:
    layers = list(sheet.layer_pnl_usd)
    return [
        figures.equity(),
        figures.hedge_by_layer(layers),
        # A year of sessions is needed for its first point.
        *([figures.hedge_year()] if sheet.sessions.size >= SESSIONS_PER_YEAR else []),
        figures.underwater(),
        *([figures.coverage_through_time(sheet.coverage, run_risk_views.band(sheet))] if sheet.coverage else []),
        *([figures.requirement_through_time(sheet.requirement_usd)] if sheet.requirement_usd else []),
        figures.cost_by_layer(sheet.document["hedge"]["layers"]),
    ]


def _zooms(sheet: TearSheet) -> list[tuple[str, str, str]]:
    """Buttons that zoom the charts: label, from, to."""
    found = []
    for row in sheet.episodes:
        first, last = row.get("from"), row.get("to")
        if isinstance(first, str) and isinstance(last, str):
            found.append((str(row.get("episode", first)), first, last))
    return found


def render_tearsheet(sheet: TearSheet) -> str:
    """The whole page as text, below 6 MB, with no reference to anything outside itself.

    Where long tables would make it larger, they show their last rows only and say how many are left out. Raises
    :class:`InternalError` for a sheet whose parts disagree and :class:`DataInvalid` where even that is too large.
    """
    check_sheet(sheet)
    for limit in views.ROW_LIMITS:
        page = _render(sheet, limit)
        size = len(page.encode("utf-8"))
        if size < MAX_BYTES:
            return page
    raise DataInvalid(
        f"the report would be {size:,} bytes",
        where="tear sheet",
        allowed=f"below {MAX_BYTES:,} bytes",
        todo="report a shorter range; the CSV and JSON files of the run are complete",
    )


def _render(sheet: TearSheet, limit: int) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    charts = _figures(sheet)
    plotly = plotly_script()
    script = (_TEMPLATES / "sheet.js").read_text(encoding="utf-8")
    data = {
        "columns": figures.columns(
            sheet.sessions,
            sheet.account_usd,
            sheet.equity_hedged_usd,
            sheet.equity_unhedged_usd,
            sheet.layer_pnl_usd,
            compound=sheet.compound,
        )
        | figures.risk_columns(sheet.coverage, sheet.requirement_usd),
        "figures": [chart.as_json() for chart in charts],
        "document": dict(sheet.document),
    }
    lowest = min(float(sheet.equity_hedged_usd.min()), float(sheet.equity_unhedged_usd.min()))
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("tearsheet.html.j2").render(
        sheet=sheet,
        t=_tables(sheet, limit),
        charts={chart.name: chart for chart in charts},
        heat_maps=views.heat_maps(sheet),
        zooms=_zooms(sheet),
        log_possible=lowest > 0.0,
        first=iso(sheet.sessions[0]),
        last=iso(sheet.sessions[-1]),
        quoted_share=sheet.document.get("checks", {}).get("quoted_share"),
        css=(_TEMPLATES / "sheet.css").read_text(encoding="utf-8"),
        light=declarations(0),
        dark=declarations(1),
        data=json_for_html(data),
        plotly=plotly,
        script=script,
        script_hashes=(script_hash(plotly), script_hash(script)),
    )
