"""Small charts as plain SVG text: panels of lines and dots in a grid, readable in light and dark, without any script.

Colours are the theme's and follow the reader's light or dark setting. Every series has its own dash or marker as well, so that a
chart reads without colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from alvh.results.theme import PALETTE

DASHES = ("none", "6 3", "2 2", "8 3 2 3")
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 46, 12, 26, 24
"""Pixels around a panel's plot, for its ticks and title."""
LABEL_HALF_WIDTH = 3.2
"""Half the width of a tick label's letter at 11 pixels: a label that would leave the panel ends at its tick instead."""
BAR = 12
"""Half the length of a bar, pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series: x and y of equal length, drawn as a line, as dots, or as a short bar at each point; NaN breaks a line.

    ``colour`` is a name of the theme, ``dash`` the line's pattern.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = "hedged"
    dash: int = 0
    mark: Literal["line", "dot", "bar"] = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart. ``bands``: (low, high) of y, shaded; ``x_labels``: (position, name) of x ticks; ``note`` stands at the right."""

    title: str
    series: Sequence[Series]
    log_y: bool = False
    bands: Sequence[tuple[float, float]] = ()
    x_labels: Sequence[tuple[float, str]] = ()
    y_unit: str = ""
    zero: bool = False
    y_range: tuple[float, float] | None = None
    note: str = ""


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers inside [low, high]."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1.0, 2.0, 2.5, 5.0, 10.0) if power * m >= raw - 1e-12)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 times powers of ten inside [low, high], or round numbers where fewer than three of those are."""
    found = []
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        found += [m * 10.0**power for m in (1.0, 2.0, 5.0) if low <= m * 10.0**power <= high]
    return found if len(found) > 2 else [tick for tick in nice_ticks(low, high) if tick > 0.0]


def render_svg(
    panels: Sequence[Panel], *, columns: int, title: str, description: str, width: int = 300, height: int = 190
) -> str:
    """The panels in a grid as one SVG document with a legend of the first panel's series; ``description`` is its alt text."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    head = 46
    total_w, total_h = columns * width, head + rows * height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total_w} {total_h}" width="{total_w}" height="{total_h}" '
        f'role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="11">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(description)}</desc>',
        _style(),
        f'<rect width="{total_w}" height="{total_h}" class="bg"/>',
        f'<text x="10" y="18" class="ink" font-size="14" font-weight="600">{escape(title)}</text>',
    ]
    x = 10.0
    for series in _named(panels):
        dash = DASHES[series.dash % len(DASHES)]
        if series.mark == "dot":
            parts.append(f'<circle cx="{x + 12:.0f}" cy="33" r="3" class="f-{series.colour}"/>')
        else:
            parts.append(f'<path d="M{x:.0f} 33h24" class="l-{series.colour}" stroke-dasharray="{dash}"/>')
        parts.append(f'<text x="{x + 29:.0f}" y="37" class="ink">{escape(series.name)}</text>')
        x += 44 + 6.3 * len(series.name)
    for k, panel in enumerate(panels):
        at = ((k % columns) * width, head + (k // columns) * height)
        parts.append(f'<g transform="translate({at[0]} {at[1]})">{_panel(panel, width, height)}</g>')
    parts.append("</svg>\n")
    return "\n".join(parts)


def _named(panels: Sequence[Panel]) -> list[Series]:
    seen: dict[str, Series] = {}
    for panel in panels:
        for series in panel.series:
            seen.setdefault(series.name, series)
    return [series for name, series in seen.items() if name]


def _style() -> str:
    def rules(column: int) -> str:
        lines = [f".bg{{fill:{PALETTE['bg'][column]}}}", f".ink{{fill:{PALETTE['ink'][column]}}}"]
        lines += [f".muted{{fill:{PALETTE['muted'][column]}}}", f".grid{{stroke:{PALETTE['rule'][column]};stroke-width:.6}}"]
        lines.append(f".band{{fill:{PALETTE['hedged'][column]};opacity:.13}}")
        for name, pair in PALETTE.items():
            lines.append(f".l-{name}{{stroke:{pair[column]};fill:none;stroke-width:1.6}}.f-{name}{{fill:{pair[column]}}}")
        return "".join(lines)

    return f"<style>{rules(0)}@media (prefers-color-scheme:dark){{{rules(1)}}}</style>"


def _drawn(value: float, panel: Panel) -> bool:
    """Whether a value has a place in the panel: a finite number, above zero on a log scale."""
    return math.isfinite(value) and (value > 0.0 or not panel.log_y)


def _unbroken(series: Series, panel: Panel) -> list[list[tuple[float, float]]]:
    """The runs of points between values that cannot be drawn: a gap stays a gap and is not bridged."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(series.x, series.y, strict=True):
        if _drawn(y, panel):
            parts[-1].append((x, y))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def _panel(panel: Panel, width: int, height: int) -> str:
    xs = [value for series in panel.series for value in series.x]
    ys = [value for series in panel.series for value in series.y if _drawn(value, panel)] or [1.0]
    low_x, high_x = min(xs, default=0.0), max(xs, default=1.0)
    if panel.y_range is not None:
        low_y, high_y = panel.y_range
    else:
        low_y, high_y = min(ys), max(ys)
        for band in panel.bands:
            low_y, high_y = min(low_y, band[0]), max(high_y, band[1])
        if panel.zero:
            low_y, high_y = min(low_y, 0.0), max(high_y, 0.0)
        if panel.log_y:
            pad = (high_y / low_y) ** 0.04
            low_y, high_y = low_y / pad, high_y * pad
        else:
            pad = 0.04 * (high_y - low_y or 1.0)
            low_y, high_y = low_y - pad, high_y + pad
    if all(series.mark != "line" for series in panel.series):
        pad_x = 0.06 * (high_x - low_x or 1.0)
        low_x, high_x = low_x - pad_x, high_x + pad_x
    inner_w, inner_h = width - MARGIN_LEFT - MARGIN_RIGHT, height - MARGIN_TOP - MARGIN_BOTTOM

    def px(value: float) -> float:
        return MARGIN_LEFT + inner_w * (value - low_x) / ((high_x - low_x) or 1.0)

    def py(value: float) -> float:
        if panel.log_y:
            share = math.log(value / low_y) / (math.log(high_y / low_y) or 1.0)
        else:
            share = (value - low_y) / ((high_y - low_y) or 1.0)
        return MARGIN_TOP + inner_h * (1.0 - share)

    out = [f'<text x="{MARGIN_LEFT}" y="16" class="ink" font-weight="600">{escape(panel.title)}</text>']
    for band in panel.bands:
        top, bottom = py(min(band[1], high_y)), py(max(band[0], low_y))
        out.append(
            f'<rect x="{MARGIN_LEFT}" y="{top:.1f}" width="{inner_w}" height="{max(bottom - top, 0.0):.1f}" class="band"/>'
        )
    for value in log_ticks(low_y, high_y) if panel.log_y else nice_ticks(low_y, high_y):
        y = py(value)
        out.append(f'<path d="M{MARGIN_LEFT} {y:.1f}h{inner_w}" class="grid"/>')
        label = f"{value:g}{escape(panel.y_unit)}"
        out.append(f'<text x="{MARGIN_LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end" class="muted">{label}</text>')
    labels = panel.x_labels or [(value, f"{value:g}") for value in nice_ticks(low_x, high_x)]
    for value, label in labels:
        if low_x <= value <= high_x:
            x = px(value)
            anchor = "end" if x + LABEL_HALF_WIDTH * len(label) > width else "middle"
            out.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="{anchor}" class="muted">{escape(label)}</text>')
    for series in panel.series:
        parts = _unbroken(series, panel)
        points = [(px(x), py(y)) for part in parts for x, y in part]
        if series.mark == "dot":
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="f-{series.colour}"/>' for x, y in points]
        elif series.mark == "bar":
            out += [f'<path d="M{x - BAR:.1f} {y:.1f}h{2 * BAR}" class="l-{series.colour}"/>' for x, y in points]
        else:
            dash = DASHES[series.dash % len(DASHES)]
            for part in parts:
                path = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in part)
                out.append(f'<polyline points="{path}" class="l-{series.colour}" stroke-dasharray="{dash}"/>')
    if panel.note:
        out.append(f'<text x="{width - MARGIN_RIGHT}" y="16" text-anchor="end" class="muted">{escape(panel.note)}</text>')
    return "".join(out)
