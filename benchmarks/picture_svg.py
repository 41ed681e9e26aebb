"""Plain SVG charts that read on light and on dark ground, in the palette of Okabe and Ito; no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #24292f } .small { font-size: 11px } .title { font-size: 14px; font-weight: 600 }
.axis { stroke: #57606a; stroke-width: 1 } .grid { stroke: #57606a; stroke-opacity: .25; stroke-width: 1 }
.band { fill: #57606a; fill-opacity: .12 } .ink { stroke: #24292f; fill: none } .dot-ink { fill: #24292f }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .axis { stroke: #9198a1 } .grid { stroke: #9198a1 } .band { fill: #9198a1; fill-opacity: .18 }
.ink { stroke: #e6edf3 } .dot-ink { fill: #e6edf3 } .ground { fill: #0d1117 } }
</style>"""
ORANGE, SKY, GREEN, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7"
"""Okabe and Ito (2008), Color Universal Design: those that show on white and on black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One pair of axes: its box in pixels and the ranges of both values."""

    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Pixel of an x value."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * self.width

    def y(self, value: float) -> float:
        """Pixel of a y value; values outside the range stop at the edge."""
        low, high = self.y_range
        return self.top + (high - min(max(value, low), high)) / (high - low) * self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """An SVG under way."""

    width: int
    height: int
    title: str
    description: str
    parts: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Append an element."""
        self.parts.append(text)

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> None:
        """Words at a place."""
        mark = f' class="{kind}"' if kind else ""
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{mark}>{escape(words)}</text>')

    def line(self, points: Sequence[tuple[float, float]], *, color: str = "", width: float = 1.5, dash: str = "") -> None:
        """A line through pixels; without a colour in ink."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        look = f'fill="none" stroke="{color}"' if color else 'class="ink"'
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(f'<polyline points="{path}" {look} stroke-width="{width}"{dashes}/>')

    def dot(self, x: float, y: float, *, color: str = "", radius: float = 4.0, shape: str = "circle") -> None:
        """A mark: circle, square or triangle, so that colour is never the only sign."""
        look = f'fill="{color}"' if color else 'class="dot-ink"'
        r = radius
        if shape == "circle":
            self.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" {look}/>')
            return
        corners = {
            "square": ((-r, -r), (r, -r), (r, r), (-r, r)),
            "triangle": ((0, -1.2 * r), (1.2 * r, r), (-1.2 * r, r)),
        }[shape]
        path = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
        self.add(f'<polygon points="{path}" {look}/>')

    def axes(self, panel: Panel, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]]) -> None:
        """Grid, ticks and labels of a panel."""
        for value, label in y_ticks:
            y = panel.y(value)
            kind = "axis" if value == 0.0 else "grid"
            self.add(f'<line x1="{panel.left}" y1="{y:.1f}" x2="{panel.left + panel.width}" y2="{y:.1f}" class="{kind}"/>')
            self.text(panel.left - 6, y + 4, label, anchor="end", kind="small")
        for value, label in x_ticks:
            self.text(panel.x(value), panel.top + panel.height + 16, label, anchor="middle", kind="small")

    def band(self, panel: Panel, low: float, high: float) -> None:
        """A shaded band of y values."""
        top, bottom = panel.y(high), panel.y(low)
        self.add(f'<rect x="{panel.left}" y="{top:.1f}" width="{panel.width}" height="{bottom - top:.1f}" class="band"/>')

    def svg(self) -> str:
        """The whole file."""
        box = f'viewBox="0 0 {self.width} {self.height}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-labelledby="t d">'
        named = f'<title id="t">{escape(self.title)}</title><desc id="d">{escape(self.description)}</desc>'
        ground = '<rect width="100%" height="100%" class="ground"/>'  # the page may be of the other kind
        return "\n".join([head, named, STYLE, ground, *self.parts, "</svg>", ""])
