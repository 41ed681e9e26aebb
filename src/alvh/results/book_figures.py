"""Charts of the risk page as plain plotly.js JSON: heat map, episodes, payoff lines, profile by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from alvh.results.book_pictures import episode_rows
from alvh.results.figures import Figure, Json, rounded
from alvh.results.theme import LAYER_COLOURS, LAYER_DASHES

Document = Mapping[str, Any]

PICTURES = (("var(--hedged)", "solid"), ("var(--unhedged)", "dash"), ("var(--ink)", "dot"))
"""Colour and dash of today, the date between, and expiry."""


def charts(documents: Mapping[str, Document]) -> list[Figure]:
    """Every chart of the page, in its order."""
    stress, payoff = documents["stress"], documents["payoff"]
    found = [
        heat_map(stress, payoff),
        episodes(stress),
        against_spx(payoff),
        by_layer(payoff, "layers-today", 0),
        by_layer(payoff, "layers-expiry", len(payoff["dates"]) - 1),
    ]
    return found if payoff["convexity"] is None else [*found, slopes(payoff["convexity"])]


def plain(text: str) -> str:
    """A name for plotly.js, which reads a little HTML and its own placeholders in texts."""
    return escape(text, quote=False).replace("%{", "% {")


def heat_map(stress: Document, payoff: Document) -> Figure:
    """P&L over SPX and VIX moves with the line of no loss, how VIX answers SPX, and where the episodes lie.

    Colours are half as strong as the theme's, so that text on them can be read; the worst cell has the full one.
    """
    grid = stress["grid"]
    pnl = np.array(grid["pnl_usd"])
    full = max(abs(float(grid["worst_usd"])), 1.0)
    x, y = rounded(np.array(grid["spx_move"]) * 100.0, 6), rounded(np.array(grid["vix_points"]), 6)
    money = [rounded(row, 0) for row in pnl.T]
    data: list[Json] = [
        {
            "type": "heatmap",
            "x": x,
            "y": y,
            "z": [rounded(row, 0) for row in np.clip(pnl.T, -full, full)],
            "customdata": money,
            "zmin": -2.0 * full,
            "zmax": 2.0 * full,
            "colorscale": [[0, "var(--heat-loss)"], [0.5, "var(--bg)"], [1, "var(--heat-gain)"]],
            "showscale": False,
            "showlegend": False,
            "name": "",
            "hovertemplate": "SPX %{x:+.1f}%, VIX %{y:+.1f}<br>%{customdata:$,.0f}<extra></extra>",
        }
    ]
    if pnl.shape[0] > 1 and pnl.shape[1] > 1 and pnl.min() < 0.0 < pnl.max():
        data.append(
            {
                "type": "contour",
                "x": x,
                "y": y,
                "z": money,
                "contours": {"start": 0, "end": 0, "size": 1, "coloring": "none"},
                "line": {"color": "var(--ink)", "width": 2},
                "showscale": False,
                "hoverinfo": "skip",
                "name": "neither gain nor loss",
                "showlegend": True,
            }
        )
    answer = payoff["against_spx"]
    inside = [
        (100.0 * move, points)
        for move, points in zip(answer["spx_move"], answer["vix_points"]["central"], strict=True)
        if grid["spx_move"][0] <= move <= grid["spx_move"][-1] and grid["vix_points"][0] <= points <= grid["vix_points"][-1]
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": [round(point[0], 3) for point in inside],
            "y": [round(point[1], 2) for point in inside],
            "line": {"color": "var(--ink)", "width": 1.5, "dash": "dash"},
            "name": f"VIX answers SPX at {answer['elasticities']['central']:g}",
            "hoverinfo": "skip",
        }
    )
    data.append(_marks(stress, grid))
    layout: Json = {
        "xaxis": {"title": {"text": "SPX"}, "ticksuffix": "%", "range": _ends(x), "zeroline": False},
        "yaxis": {"title": {"text": "VIX, points"}, "range": _ends(y), "zeroline": False},
        "hovermode": "closest",
    }
    label = "Heat map: profit and loss of the book over moves of SPX and VIX, in dollars"
    return Figure(name="heat", label=label, data=data, layout=layout, over_time=False)


def _ends(values: Sequence[float | int | None]) -> list[float]:
    """Half a cell beyond the first and the last value."""
    numbers = [float(value) for value in values if value is not None]
    half = 0.5 * (numbers[1] - numbers[0]) if len(numbers) > 1 else 1.0
    return [numbers[0] - half, numbers[-1] + half]


def _marks(stress: Document, grid: Document) -> Json:
    """Episodes as points; those beyond the axes are in the table alone."""
    rows = [
        row
        for row, _ in episode_rows(stress)
        if grid["spx_move"][0] <= row["spx_move"] <= grid["spx_move"][-1]
        and grid["vix_points"][0] <= row["vix_points"] <= grid["vix_points"][-1]
    ]
    middle = 0.5 * (grid["spx_move"][0] + grid["spx_move"][-1])
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [round(100.0 * row["spx_move"], 2) for row in rows],
        "y": [round(row["vix_points"], 2) for row in rows],
        "text": [plain(row["episode"]) for row in rows],
        "customdata": [round(row["pnl_usd"]) for row in rows],
        "textposition": [
            ("middle " if row["from"] is not None else "top ") + ("right" if row["spx_move"] < middle else "left") for row in rows
        ],
        "textfont": {"color": "var(--ink)"},
        "marker": {"color": "var(--ink)", "size": 7, "line": {"color": "var(--bg)", "width": 1}},
        "name": "episodes",
        "hovertemplate": "%{text}: SPX %{x:+.1f}%, VIX %{y:+.1f}<br>%{customdata:$,.0f} with its own VX curve<extra></extra>",
    }


def episodes(stress: Document) -> Figure:
    """Bars: each sleeve's or layer's share of every episode, stacked."""
    rows = episode_rows(stress)
    names = [plain(row["episode"] + mark) for row, mark in rows]
    layers = list(stress["worst"]["pnl_usd_by_layer"])
    shapes = ("", "/", "x", ".", "-")
    data: list[Json] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plain(layer or "no sleeve"),
            "y": names,
            "x": [round(row["pnl_usd_by_layer"][layer]) for row, _ in rows],
            "marker": {
                "color": ("var(--unhedged)", *LAYER_COLOURS)[k % (1 + len(LAYER_COLOURS))],
                "pattern": {"shape": shapes[k % len(shapes)], "fillmode": "overlay", "fgcolor": "var(--bg)", "size": 6},
            },
            "hovertemplate": "%{x:$,.0f}",
        }
        for k, layer in enumerate(layers)
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "whole book",
            "y": names,
            "x": [round(row["pnl_usd"]) for row, _ in rows],
            "marker": {"color": "var(--ink)", "size": 9, "symbol": "diamond", "line": {"color": "var(--bg)", "width": 1}},
            "hovertemplate": "%{x:$,.0f}",
        }
    )
    layout: Json = {
        "xaxis": {"tickformat": "$~s", "zeroline": True},
        "yaxis": {"type": "category", "autorange": "reversed"},
        "barmode": "relative",
        "bargap": 0.3,
        "hovermode": "y unified",
    }
    label = "Bar chart: profit and loss of each layer in known episodes, in dollars"
    return Figure(name="episodes", label=label, data=data, layout=layout, over_time=False)


def against_spx(payoff: Document) -> Figure:
    """Payoff lines at three dates over SPX, VIX answering, with the band of a weaker and a stronger answer today."""
    found = payoff["against_spx"]
    x = rounded(np.array(found["spx_points"]), 1)
    today = found["lines"][0]
    data: list[Json] = [
        _band(x, today["pnl_weak_usd"], "VIX answers less", None),
        _band(x, today["pnl_strong_usd"], "today, VIX answering less or more", "tonexty"),
    ]
    for (colour, dash), line, row in zip(PICTURES, found["lines"], payoff["dates"], strict=False):
        name = "today" if row["days_forward"] == 0.0 else f"{row['picture']}, {row['date']}"
        data.append(_line(x, line["pnl_usd"], name, colour, dash, 2.2))
    layout = _axes("SPX")
    layout["shapes"] = [_upright(payoff["spx"])]
    label = "Line chart: profit and loss since the opening over SPX at three dates, in dollars"
    return Figure(name="payoff", label=label, data=data, layout=layout, over_time=False)


def by_layer(payoff: Document, name: str, picture: int) -> Figure:
    """Every sleeve and layer over the VIX shock at one date, SPX unmoved."""
    found, date = payoff["against_vix"], payoff["dates"][picture]
    line = found["lines"][picture]
    x = found["vix_points"]
    data = []
    for k, (layer, values) in enumerate(line["pnl_usd_by_layer"].items()):
        colour = ("var(--unhedged)", *LAYER_COLOURS)[k % (1 + len(LAYER_COLOURS))]
        data.append(_line(x, values, layer or "no sleeve", colour, LAYER_DASHES[k % len(LAYER_DASHES)], 1.8))
    data.append(_line(x, line["pnl_usd"], "whole book", "var(--ink)", "solid", 2.4))
    label = f"Line chart: profit and loss by layer over the VIX shock, {date['date']}, in dollars"
    return Figure(name=name, label=label, data=data, layout=_axes("VIX, points"), over_time=False)


def slopes(profile: Document) -> Figure:
    """Slope of each layer and of the hedge, beside the constant-product pool."""
    x = profile["vix_points"]
    data = []
    total = np.zeros(len(x))
    for k, (layer, values) in enumerate(profile["layers"].items()):
        slope = values["slope_usd_per_vix_point"]
        total = total + np.array(slope)
        data.append(_line(x, slope, layer, LAYER_COLOURS[k % len(LAYER_COLOURS)], LAYER_DASHES[(k + 1) % len(LAYER_DASHES)], 1.8))
    data.append(_line(x, total.tolist(), "whole hedge", "var(--ink)", "solid", 2.4))
    top = 2.0 * max(float(total.max()), 1.0)
    pool = [None if value is None or value > top else value for value in profile["pool_slope_usd_per_vix_point"]]
    if any(value is not None for value in pool):
        data.append(_line(x, pool, "constant-product pool", "var(--muted)", "dashdot", 1.4))
    label = "Line chart: dollars that each layer gains for one more VIX point, over the VIX shock"
    return Figure(name="slopes", label=label, data=data, layout=_axes("VIX, points"), over_time=False)


def _axes(x_title: str) -> Json:
    return {
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"tickformat": "$~s", "zeroline": True},
        "hovermode": "x unified",
    }


def _line(x: Sequence[Any], y: Sequence[float | None], name: str, colour: str, dash: str, width: float) -> Json:
    values = rounded(np.array([np.nan if value is None else value for value in y]), 2)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": list(x),
        "y": values,
        "line": {"color": colour, "dash": dash, "width": width},
        "hovertemplate": "%{y:$,.0f}",
    }


def _band(x: Sequence[Any], y: Sequence[float], name: str, fill: str | None) -> Json:
    made = _line(x, y, name, "var(--rule)", "solid", 0.5) | {"hoverinfo": "skip", "showlegend": fill is not None}
    del made["hovertemplate"]
    return made if fill is None else made | {"fill": fill, "fillcolor": "var(--rule)"}


def _upright(at: float) -> Json:
    line = {"color": "var(--muted)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}
