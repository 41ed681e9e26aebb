"""The one-file risk page: what a book loses and when, what it costs, what margin it takes, and what 4/4/2 means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alvh.core.errors import DataInvalid
from alvh.results import book_figures, book_pictures, book_views
from alvh.results.tables import show
from alvh.results.tearsheet import MAX_BYTES, json_for_html, plotly_script, script_hash
from alvh.results.theme import declarations

Document = Mapping[str, Any]

_TEMPLATES = Path(__file__).parent / "templates"
CARRIED_DIGITS = 8
"""Significant digits of the numbers that the page carries for download: a cent of a million dollars."""
_LARGE = ("pnl_usd_by_layer", "pnl_usd_by_greek")
MOST_CELLS = 3_000
"""Cells of a grid that the page draws and lists; a larger one belongs into the JSON document."""


def headline(documents: Mapping[str, Document]) -> list[str]:
    """The answers in sentences: the worst cell, the worst episode, cost, margin, coverage."""
    risk, stress, margin = documents["risk"], documents["stress"], documents["margin"]
    found = [_worst_sentence(stress["worst"])]
    rows = [row for row, _ in book_pictures.episode_rows(stress)]
    if rows:
        low = min(rows, key=lambda row: float(row["pnl_usd"]))
        found.append(
            f"Of the {len(rows)} episodes and made moves, {low['episode']} is the worst: {_usd(low['pnl_usd'])} "
            f"(SPX {show(low['spx_move'], 'return')[0]}, VIX {_points(low['vix_points'])})."
        )
    cost = risk["cost"]
    if cost["layers"]:
        credit = (
            ""
            if cost["decay_of_credit"] is None
            else f", {_share(cost['decay_of_credit'])} of the condors' credit of as many days"
        )
        found.append(
            f"The hedge is worth {_usd(cost['premium_usd'])} and loses {_usd(cost['decay_usd'])} in {cost['days']} days in which "
            f"nothing moves{credit}."
        )
    covered = risk["coverage"]
    if covered["net_adjusted"] is not None:
        net, short, plain_net, plain_short = (
            _share(covered[key]) for key in ("net_adjusted", "short_adjusted", "net_naive", "short_naive")
        )
        found.append(
            f"It covers {net} of the condors' net vega and {short} of their short legs' once each VX tenor's beta is counted; "
            f"{plain_net} and {plain_short} without."
        )
    asked = [(one["requirement_usd"], name.replace("_", " ")) for name, one in margin["conventions"].items()]
    least, most = min(asked), max(asked)
    found.append(f"It asks for {_usd(least[0])} ({least[1]}) to {_usd(most[0])} ({most[1]}) of margin.")
    return found


def _worst_sentence(worst: Document) -> str:
    return (
        f"The worst cell of the grid: {_usd(worst['pnl_usd'])} at SPX {show(worst['spx_move'], 'return')[0]} and "
        f"VIX {_points(worst['vix_points'])} ({_usd(worst['pnl_bid_usd'])} where everything is closed at bid and ask)."
    )


def _usd(value: float) -> str:
    return show(value, "usd", decimals=0 if abs(value) >= 10.0 else 2)[0]


def _points(value: float) -> str:
    return f"{round(value, 1):+g}".replace("-", "\N{MINUS SIGN}")


def _share(value: float | None) -> str:
    return "none" if value is None else f"{100.0 * value:.0f}\N{NO-BREAK SPACE}%".replace("-", "\N{MINUS SIGN}")


def render_risk_page(documents: Mapping[str, Document], *, footer: Sequence[str] = ()) -> str:
    """The page as text, from the four documents ``risk``, ``stress``, ``margin`` and ``payoff`` of one book at one close.

    The documents that it carries for download are rounded; where they would make it too large, the grid's cells by layer and by
    Greek are left out of them. Raises :class:`DataInvalid` where even that is larger than a report may be.
    """
    carried: dict[str, Any] = {name: _rounded(document) for name, document in documents.items()}
    page = _render(documents, carried, footer)
    if len(page.encode("utf-8")) >= MAX_BYTES:
        grid = {key: value for key, value in carried["stress"]["grid"].items() if key not in _LARGE}
        page = _render(documents, carried | {"stress": carried["stress"] | {"grid": grid}}, footer)
    size = len(page.encode("utf-8"))
    if size >= MAX_BYTES:
        raise DataInvalid(
            f"the page would be {size:,} bytes",
            where="risk page",
            allowed=f"below {MAX_BYTES:,} bytes",
            todo="split the book, or leave --out away; the JSON documents are complete",
        )
    return page


def _rounded(value: Any) -> Any:
    """The same with every number at :data:`CARRIED_DIGITS`."""
    if isinstance(value, float):
        return float(f"{value:.{CARRIED_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _render(documents: Mapping[str, Document], carried: Mapping[str, Any], footer: Sequence[str]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    figures = book_figures.charts(documents)
    plotly = plotly_script()
    script = (_TEMPLATES / "sheet.js").read_text(encoding="utf-8")
    risk = documents["risk"]
    data = {"columns": {}, "figures": [figure.as_json() for figure in figures], "document": dict(carried)}
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("risk.html.j2").render(
        title=f"{risk['book']['file']} at the close of {risk['session']}",
        head=risk,
        headline=headline(documents),
        notes=risk["notes"],
        stress=documents["stress"],
        payoff=documents["payoff"],
        margin=documents["margin"],
        why_no_readings=risk["four_four_two"]["why"],
        t=_tables(documents),
        heat_rows=book_pictures.heat_rows(documents["stress"]),
        charts={figure.name: figure for figure in figures},
        footer=footer,
        css=(_TEMPLATES / "sheet.css").read_text(encoding="utf-8"),
        light=declarations(0),
        dark=declarations(1),
        data=json_for_html(data),
        plotly=plotly,
        script=script,
        script_hashes=(script_hash(plotly), script_hash(script)),
    )


def _tables(documents: Mapping[str, Document]) -> dict[str, Any]:
    risk, stress, margin, payoff = (documents[name] for name in ("risk", "stress", "margin", "payoff"))
    return {
        "positions": book_views.positions(risk),
        "exposures": book_views.exposures(risk),
        "later": book_views.later_exposures(risk),
        "coverage": book_views.coverage(risk),
        "costs": book_views.costs(risk),
        "layer_costs": book_views.layer_costs(risk),
        "readings": book_views.readings(risk),
        "betas": book_views.betas(risk),
        "episodes": book_pictures.episodes(stress),
        "worst": book_pictures.worst(stress),
        "worst_parts": book_pictures.worst_parts(stress),
        "margin": book_views.margins(margin),
        "margin_parts": book_views.margin_parts(margin),
        "payoff_lines": book_pictures.payoff_lines(payoff),
        "break_evens": book_pictures.break_evens(payoff),
        "layer_lines": book_pictures.layer_lines(payoff),
        "assumptions": book_pictures.assumptions(documents),
    }
