"""Colours of the tear sheet, light and dark, as CSS custom properties; the only place that names one.

Hues are Okabe and Ito's colour-blind safe set (https://jfly.uni-koeln.de/color/), darkened on white where their contrast would
be below 4.5:1 for text or 3:1 for lines (WCAG 2.1, 1.4.3 and 1.4.11). Gains are blue and losses orange, never green and red.
"""

from __future__ import annotations

PALETTE: dict[str, tuple[str, str]] = {
    "bg": ("#ffffff", "#0f1318"),
    "panel": ("#f5f7f9", "#181e26"),
    "ink": ("#16191d", "#e8ebef"),
    "muted": ("#4b5563", "#a9b3bf"),
    "rule": ("#cfd5dd", "#343d49"),
    "link": ("#00639c", "#7cc4f0"),
    "gain": ("#00639c", "#66bdee"),
    "loss": ("#a34700", "#e8a61c"),
    "heat-gain": ("#0072b2", "#0072b2"),
    "heat-loss": ("#e69f00", "#e69f00"),
    "warn-bg": ("#fff3d6", "#3a2c05"),
    "hedged": ("#0072b2", "#56b4e9"),
    "unhedged": ("#d55e00", "#e69f00"),
    "layer-1": ("#00805d", "#1fbf91"),
    "layer-2": ("#b0558a", "#cc79a7"),
    "layer-3": ("#8a6d00", "#f0e442"),
    "layer-4": ("#0072b2", "#56b4e9"),
    "layer-5": ("#d55e00", "#e69f00"),
}
"""Name: (light, dark)."""

LAYER_COLOURS = tuple(f"var(--{name})" for name in PALETTE if name.startswith("layer-"))
LAYER_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
"""plotly.js line dashes, so that layers differ without colour too."""


def declarations(column: int) -> str:
    """CSS declarations of one column of the palette: 0 light, 1 dark."""
    return " ".join(f"--{name}: {pair[column]};" for name, pair in PALETTE.items())


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.1 definition)."""
    channels = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1 definition)."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
