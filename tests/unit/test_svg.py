"""Charts as SVG: well-formed, self-contained, readable in light and dark, true to their numbers."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from alvh.results.svg import (
    BAR,
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    MARGIN_TOP,
    Panel,
    Series,
    log_ticks,
    nice_ticks,
    render_svg,
)
from alvh.results.theme import PALETTE, contrast

SVG = "{http://www.w3.org/2000/svg}"
NAN = math.nan


def panel(title: str = "A", **more: object) -> Panel:
    given: dict[str, object] = {"series": [Series(name="ours", x=[0.0, 1.0, 2.0], y=[1.0, 3.0, 2.0])]}
    return Panel(title=title, **{**given, **more})


def render(*panels: Panel, columns: int = 2, **more: object) -> ElementTree.Element:
    given: dict[str, object] = {"title": "Title", "description": "What is shown"}
    return ElementTree.fromstring(render_svg(panels, columns=columns, **{**given, **more}))


def texts(root: ElementTree.Element) -> list[str]:
    return [node.text or "" for node in root.iter(f"{SVG}text")]


def points(root: ElementTree.Element) -> list[list[tuple[float, float]]]:
    found = []
    for node in root.iter(f"{SVG}polyline"):
        pairs = [pair.split(",") for pair in node.attrib["points"].split()]
        found.append([(float(x), float(y)) for x, y in pairs])
    return found


def test_one_document_with_title_and_alt_text() -> None:
    root = render(panel("A"), panel("B"), panel("C"))
    assert root.tag == f"{SVG}svg"
    assert root.attrib["viewBox"] == "0 0 600 426"  # two columns of 300, two rows of 190 under a head of 46
    assert root.attrib["role"] == "img"
    labelled = root.attrib["aria-labelledby"].split()
    assert [node.text for node in root if node.attrib.get("id") in labelled] == ["Title", "What is shown"]
    assert {"A", "B", "C"} <= set(texts(root))
    places = [node.attrib["transform"] for node in root.iter(f"{SVG}g")]
    assert places == ["translate(0 46)", "translate(300 46)", "translate(0 236)"]


def test_names_are_escaped() -> None:
    bad = "<b>& \"PUT\" 'x'"
    root = render(
        panel(bad, note=bad, x_labels=[(1.0, bad)], series=[Series(name=bad, x=[0.0, 1.0], y=[1.0, 2.0])], y_unit="<%"),
        title=bad,
        description=bad,
    )
    assert texts(root).count(bad) == 5  # heading, legend, panel, note and tick
    assert any(text.endswith("<%") for text in texts(root))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = render_svg([panel()], columns=1, title="T", description="D")
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    for word in ("<script", "javascript:", "href", "url(", "@import", "onload", "<image", "<foreignObject"):
        assert word not in text


def test_light_and_dark_follow_the_reader() -> None:
    style = next(render(panel()).iter(f"{SVG}style")).text or ""
    light, dark = style.split("@media (prefers-color-scheme:dark)")
    assert f".bg{{fill:{PALETTE['bg'][0]}}}" in light and f".bg{{fill:{PALETTE['bg'][1]}}}" in dark
    assert f".l-hedged{{stroke:{PALETTE['hedged'][0]}" in light and f".l-hedged{{stroke:{PALETTE['hedged'][1]}" in dark
    used = set(
        re.findall(r'class="([a-z0-9-]+)"', render_svg([panel(bands=[(1.0, 2.0)])], columns=1, title="T", description="D"))
    )
    assert all(f".{name}{{" in light and f".{name}{{" in dark for name in used)


@pytest.mark.parametrize("column", [0, 1])
def test_contrast(column: int) -> None:
    """WCAG 2.1: 4.5 to 1 for text, 3 to 1 for the lines that carry the figures."""
    ground = PALETTE["bg"][column]
    assert contrast(PALETTE["ink"][column], ground) >= 4.5
    assert contrast(PALETTE["muted"][column], ground) >= 4.5
    for name in ("hedged", "unhedged", "layer-1", "layer-2", "layer-3"):
        assert contrast(PALETTE[name][column], ground) >= 3.0


def test_series_differ_without_colour() -> None:
    lines = [Series(name=f"s{k}", x=[0.0, 1.0], y=[1.0, 2.0], dash=k) for k in range(4)]
    root = render(panel(series=lines))
    assert len({node.attrib["stroke-dasharray"] for node in root.iter(f"{SVG}polyline")}) == 4
    legend = [node for node in root.iter(f"{SVG}path") if "stroke-dasharray" in node.attrib]
    assert len({node.attrib["stroke-dasharray"] for node in legend}) == 4
    assert [text for text in texts(root) if text in ("s0", "s1", "s2", "s3")] == ["s0", "s1", "s2", "s3"]


def test_the_legend_names_a_series_once_and_leaves_nameless_ones_out() -> None:
    twice = [Series(name="ours", x=[0.0, 1.0], y=[1.0, 2.0]), Series(name="", x=[0.0, 1.0], y=[0.0, 1.0])]
    found = texts(render(panel(series=twice), panel(series=[*twice, Series(name="published", x=[0.0, 1.0], y=[1.0, 1.5])])))
    assert found.count("ours") == 1 and found.count("published") == 1 and "" not in found


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 10.0, [0, 2, 4, 6, 8, 10]),
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-2.7, 2.7, [-2, 0, 2]),
        (0.883, 0.997, [0.9, 0.925, 0.95, 0.975]),
        (3.0, 3.0, [3.0]),
    ],
)
def test_round_ticks(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.9, 60.0, [1, 2, 5, 10, 20, 50]), (0.05, 0.6, [0.05, 0.1, 0.2, 0.5]), (1.0, 1.25, [1.0, 1.05, 1.1, 1.15, 1.2, 1.25])],
)
def test_ticks_of_a_log_scale(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(("low", "high"), [(1e-6, 1e6), (0.3, 0.31), (7.0, 7.0), (123456.0, 123999.0)])
def test_ticks_lie_inside(low: float, high: float) -> None:
    for found in (nice_ticks(low, high), log_ticks(low, high)):
        slack = 1e-9 * high
        assert all(low - slack <= tick <= high + slack for tick in found)
        assert found == sorted(found) and len(found) <= 40


def test_points_are_where_their_numbers_say() -> None:
    (line,) = points(render(panel(y_range=(0.0, 4.0)), columns=1))
    width, height = 300 - MARGIN_LEFT - MARGIN_RIGHT, 190 - MARGIN_TOP - MARGIN_BOTTOM
    expected = [(MARGIN_LEFT + width * x / 2.0, MARGIN_TOP + height * (1.0 - y / 4.0)) for x, y in ((0, 1), (1, 3), (2, 2))]
    assert line == [(pytest.approx(x, abs=0.051), pytest.approx(y, abs=0.051)) for x, y in expected]


def test_a_log_scale_is_logarithmic() -> None:
    one = panel(series=[Series(name="s", x=[0.0, 1.0, 2.0], y=[1.0, 10.0, 100.0])], log_y=True)
    (line,) = points(render(one, columns=1))
    assert line[0][1] - line[1][1] == pytest.approx(line[1][1] - line[2][1], abs=0.11)
    for x, y in line:
        assert MARGIN_LEFT <= x <= 300 - MARGIN_RIGHT and MARGIN_TOP <= y <= 190 - MARGIN_BOTTOM


def test_a_gap_stays_a_gap() -> None:
    y = [1.0, 2.0, NAN, 3.0, 4.0, NAN, NAN, 5.0, math.inf]
    found = points(render(panel(series=[Series(name="s", x=list(range(9)), y=y)]), columns=1))
    assert [len(part) for part in found] == [2, 2, 1]
    dots = render(panel(series=[Series(name="s", x=list(range(9)), y=y, mark="dot")]), columns=1)
    inside = next(iter(dots.iter(f"{SVG}g")))
    assert len(list(inside.iter(f"{SVG}circle"))) == 5


def test_a_log_scale_has_no_place_for_zero_or_below() -> None:
    one = panel(series=[Series(name="s", x=[0.0, 1.0, 2.0, 3.0], y=[1.0, 0.0, -1.0, 2.0])], log_y=True)
    assert [len(part) for part in points(render(one, columns=1))] == [1, 1]


@pytest.mark.parametrize("log_y", [False, True])
@pytest.mark.parametrize("y", [[NAN, NAN], [], [2.0, 2.0], [5.0]])
def test_nothing_to_draw_and_flat_series(log_y: bool, y: list[float]) -> None:
    root = render(panel(series=[Series(name="s", x=[0.0, 1.0][: len(y)], y=y)], log_y=log_y), columns=1)
    numbers = [float(text) for part in points(root) for pair in part for text in pair]
    assert all(math.isfinite(number) for number in numbers)
    assert "nan" not in ElementTree.tostring(root, encoding="unicode")


def test_bars_bands_and_the_zero_line() -> None:
    one = panel(
        series=[Series(name="limit", x=[0.0, 1.0], y=[2.0, 3.0], mark="bar", colour="unhedged")],
        zero=True,
        bands=[(1.0, 2.0)],
        x_labels=[(0.0, "PUT"), (1.0, "BXM"), (9.0, "outside")],
        note="a note",
    )
    root = render(one, columns=1)
    group = next(iter(root.iter(f"{SVG}g")))
    bars = [node for node in group.iter(f"{SVG}path") if node.attrib["class"] == "l-unhedged"]
    assert len(bars) == 2 and all(node.attrib["d"].endswith(f"h{2 * BAR}") for node in bars)
    (band,) = (node for node in group.iter(f"{SVG}rect"))
    assert float(band.attrib["height"]) > 0.0
    found = texts(root)
    assert {"PUT", "BXM", "a note", "0"} <= set(found) and "outside" not in found


def test_the_last_tick_label_stays_inside() -> None:
    root = render(panel(x_labels=[(0.0, "2007"), (2.0, "2022")]), columns=1)
    anchors = {node.text: node.attrib.get("text-anchor") for node in root.iter(f"{SVG}text")}
    assert (anchors["2007"], anchors["2022"]) == ("middle", "end")


def test_x_and_y_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        render(panel(series=[Series(name="s", x=[0.0, 1.0], y=[1.0])]))
