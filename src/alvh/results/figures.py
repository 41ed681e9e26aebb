"""Charts of the tear sheet as plain plotly.js JSON.

Two placeholders keep the page small and let it change theme; the page's script fills them in: ``{"column": name}`` stands for a
data column that several charts share, and ``"var(--name)"`` for a colour of the current theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso
from alvh.results.metrics import SESSIONS_PER_YEAR, Floats, drawdown_series
from alvh.results.theme import LAYER_COLOURS, LAYER_DASHES

Json = dict[str, Any]

WHOLE_DOLLARS_FROM_USD = 100_000.0
"""From this account on, charts hold whole dollars: less than a pixel of any chart, and half the size of cents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One chart: ``name`` is its place in the page, ``over_time`` says that it zooms together with the others."""

    name: str
    label: str
    data: list[Json]
    layout: Json
    over_time: bool = True

    def as_json(self) -> Json:
        """The form that the page's script reads."""
        return {"name": self.name, "data": self.data, "layout": self.layout, "over_time": self.over_time}


def rounded(values: Floats | NDArray[Any], decimals: int) -> list[float | int | None]:
    """Values for JSON: rounded, whole numbers as integers, NaN as ``null``."""
    array = np.round(np.asarray(values, dtype=np.float64), decimals)
    plain = [None if not np.isfinite(v) else v for v in array.tolist()]
    return [int(v) if v is not None and (decimals == 0 or v == int(v)) else v for v in plain]


def columns(
    sessions: DayArray,
    account_usd: float,
    equity_hedged_usd: Floats,
    equity_unhedged_usd: Floats,
    layer_pnl_usd: Mapping[str, Floats],
    *,
    compound: bool = False,
) -> Json:
    """Shared data columns, each of shape (sessions,): equity, drawdown in per cent, cumulative hedge dollars, a year's cost."""
    decimals = 0 if account_usd >= WHOLE_DOLLARS_FROM_USD else 2
    hedge = equity_hedged_usd - equity_unhedged_usd
    found: Json = {
        "session": [iso(day) for day in sessions],
        "hedged": rounded(equity_hedged_usd, decimals),
        "unhedged": rounded(equity_unhedged_usd, decimals),
        "hedge": rounded(hedge, decimals),
        "hedge_year": rounded(_rolling_year(hedge) / account_usd * 100.0, 3),
    }
    for run, equity in (("hedged", equity_hedged_usd), ("unhedged", equity_unhedged_usd)):
        found[f"drawdown_{run}"] = rounded(drawdown_series(equity, account_usd, compound=compound) * 100.0, 3)
    for number, pnl in enumerate(layer_pnl_usd.values()):
        found[f"layer_{number}"] = rounded(np.cumsum(pnl), decimals)
    return found


def _rolling_year(cumulative_usd: Floats) -> Floats:
    """Change over the last 252 sessions, NaN before there are as many."""
    change = np.full(cumulative_usd.shape, np.nan)
    if cumulative_usd.size >= SESSIONS_PER_YEAR:
        start = np.concatenate(([0.0], cumulative_usd))
        change[SESSIONS_PER_YEAR - 1 :] = start[SESSIONS_PER_YEAR:] - start[:-SESSIONS_PER_YEAR]
    return change


def _line(column: str, label: str, colour: str, *, dash: str = "solid", width: float = 1.6, unit: str = "$") -> Json:
    value = "%{y:$,.0f}" if unit == "$" else "%{y:.2f}%"
    return {
        "type": "scatter",
        "mode": "lines",
        # plotly.js reads a little HTML in texts, so names from a policy are escaped for it.
        "name": escape(label, quote=False).replace("%{", "% {"),
        "x": {"column": "session"},
        "y": {"column": column},
        "line": {"color": colour, "dash": dash, "width": width},
        "hovertemplate": value,
    }


def _layout(y_title: str, *, percent: bool = False) -> Json:
    y: Json = {"title": {"text": y_title, "standoff": 14}, "zeroline": True}
    y |= {"ticksuffix": "%"} if percent else {"tickformat": "$~s"}
    return {"xaxis": {"type": "date", "hoverformat": "%a %d %b %Y"}, "yaxis": y, "hovermode": "x unified"}


def equity(label_hedged: str = "with hedge", label_unhedged: str = "without hedge") -> Figure:
    """Equity of both runs."""
    return Figure(
        name="equity",
        label="Line chart: equity with and without the hedge, in dollars",
        data=[
            _line("unhedged", label_unhedged, "var(--unhedged)", dash="dash"),
            _line("hedged", label_hedged, "var(--hedged)"),
        ],
        layout=_layout("equity"),
    )


def hedge_by_layer(layers: Sequence[str]) -> Figure:
    """Cumulative dollars of each layer and of the whole hedge, interest included."""
    lines = [
        _line(
            f"layer_{number}",
            name,
            LAYER_COLOURS[number % len(LAYER_COLOURS)],
            dash=LAYER_DASHES[number % len(LAYER_DASHES)],
        )
        for number, name in enumerate(layers)
    ]
    lines.append(_line("hedge", "whole hedge, with interest", "var(--ink)", width=2.4))
    return Figure(
        name="hedge",
        label="Line chart: cumulative profit and loss of the hedge by layer, in dollars",
        data=lines,
        layout=_layout("cumulative P/L"),
    )


def hedge_year() -> Figure:
    """What the hedge brought or cost over the last 252 sessions, in per cent of the account."""
    line = _line("hedge_year", "hedge, last 252 sessions", "var(--hedged)", unit="%")
    line["fill"] = "tozeroy"
    return Figure(
        name="hedge-year",
        label="Area chart: what the hedge brought or cost over the last 252 sessions, in per cent of the account",
        data=[line],
        layout=_layout("of account", percent=True),
    )


COVERAGE_PERCENTILE = 98.0
"""Where the condors' net vega passes through zero coverage is without bound: the axis ends at this percentile of its values."""
_EXTRA_COLOURS = ("var(--hedged)", "var(--unhedged)", *LAYER_COLOURS)
_EXTRA_DASHES = ("solid", "dash", *LAYER_DASHES)


def risk_columns(coverage: Mapping[str, Floats], requirement_usd: Mapping[str, Floats]) -> Json:
    """Data columns of :func:`coverage_through_time` (per cent) and :func:`requirement_through_time` (whole dollars)."""
    found: Json = {f"coverage_{k}": rounded(values * 100.0, 1) for k, values in enumerate(coverage.values())}
    return found | {f"requirement_{k}": rounded(values, 0) for k, values in enumerate(requirement_usd.values())}


def coverage_through_time(coverage: Mapping[str, Floats], band: Sequence[float]) -> Figure:
    """Coverage of the condors' vega in per cent, with the published band behind it."""
    lines = [
        _line(f"coverage_{k}", name, _EXTRA_COLOURS[k % 4], dash=_EXTRA_DASHES[k % 4], width=1.4, unit="%")
        for k, name in enumerate(coverage)
    ]
    layout = _layout("of the condors' vega", percent=True)
    known = np.concatenate([values[np.isfinite(values)] for values in coverage.values()])
    top = max(float(np.percentile(known, COVERAGE_PERCENTILE)) * 110.0 if known.size else 0.0, band[1] * 110.0)
    layout["yaxis"] |= {"range": [min(0.0, float(known.min()) * 100.0 if known.size else 0.0), top]}
    low, high = band[0] * 100.0, band[1] * 100.0
    box: Json = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high, "line": {"width": 0}}
    layout["shapes"] = [box | {"fillcolor": "var(--muted)", "opacity": 0.15, "layer": "below"}]
    return Figure(
        name="coverage",
        label="Line chart: share of the condors' vega that the hedge covers, in per cent, with the published band",
        data=lines,
        layout=layout,
    )


def requirement_through_time(requirement_usd: Mapping[str, Floats]) -> Figure:
    """Margin requirement in dollars, by what asks for it."""
    return Figure(
        name="requirement",
        label="Line chart: margin requirement through time, in dollars",
        data=[
            _line(f"requirement_{k}", name, _EXTRA_COLOURS[k % 4], dash=_EXTRA_DASHES[k % 4], width=1.4)
            for k, name in enumerate(requirement_usd)
        ],
        layout=_layout("requirement"),
    )


def underwater() -> Figure:
    """Drawdown of both runs in per cent."""
    return Figure(
        name="underwater",
        label="Line chart: drawdown with and without the hedge, in per cent",
        data=[
            _line("drawdown_unhedged", "without hedge", "var(--unhedged)", dash="dash", width=1.2, unit="%"),
            _line("drawdown_hedged", "with hedge", "var(--hedged)", width=1.4, unit="%"),
        ],
        layout=_layout("drawdown", percent=True),
    )


LAYER_PARTS: tuple[tuple[str, str, int], ...] = (
    ("premium_usd", "premium paid", -1),
    ("payoff_usd", "payoff", 1),
    ("open_value_usd", "still open", 1),
    ("slippage_usd", "slippage", -1),
    ("fees_usd", "fees", -1),
    ("net_usd", "net", 1),
)
"""Key in a layer's JSON, its name, and the sign with which it enters the net."""

_PART_STYLE = (
    ("var(--unhedged)", ""),
    ("var(--hedged)", ""),
    ("var(--hedged)", "/"),
    ("var(--unhedged)", "x"),
    ("var(--unhedged)", "."),
    ("var(--ink)", ""),
)


def cost_by_layer(layers: Sequence[Mapping[str, Any]]) -> Figure:
    """Bars: what each layer paid, got back, lost to spreads and fees, and netted."""
    names = [escape(str(layer["name"]), quote=False) for layer in layers]
    bars = []
    for (key, label, sign), (colour, shape) in zip(LAYER_PARTS, _PART_STYLE, strict=True):
        bars.append(
            {
                "type": "bar",
                "name": label,
                "x": names,
                "y": rounded(np.array([sign * float(layer[key]) for layer in layers]), 0),
                "marker": {
                    "color": colour,
                    "pattern": {"shape": shape, "fillmode": "overlay", "fgcolor": "var(--bg)", "size": 6},
                },
                "hovertemplate": "%{y:$,.0f}",
            }
        )
    layout = _layout("total")
    layout["xaxis"] = {"type": "category"}
    layout |= {"barmode": "group", "bargap": 0.25}
    return Figure(
        name="cost",
        label="Bar chart: premium, payoff, slippage, fees and net of each layer, in dollars",
        data=bars,
        layout=layout,
        over_time=False,
    )
