"""The tear sheet in Debian's Chromium, driven by Playwright; skipped where either is missing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.browser import LOWEST_CONTRAST, MARKS, background, launched, pages
from tests.helpers.sheets import synthetic_sheet

from alvh.results.files import write_text_atomic
from alvh.results.tearsheet import render_tearsheet

pytestmark = MARKS


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_text_atomic(tmp_path_factory.mktemp("sheet") / "report.html", render_tearsheet(synthetic_sheet()))
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as made:
        yield made


@pytest.fixture
def show(browser: Any, report: str) -> Iterator[Callable[..., Any]]:
    with pages(browser, report, drawn="#plot-cost[data-drawn='1']") as open_page:
        yield open_page


def test_every_chart_is_drawn(show: Callable[..., Any]) -> None:
    page = show()
    for name, marks in (("equity", 2), ("hedge", 4), ("hedge-year", 1), ("underwater", 2), ("coverage", 2), ("requirement", 2)):
        assert page.locator(f"#plot-{name} .scatterlayer .trace").count() == marks, name
        path = page.locator(f"#plot-{name} .scatterlayer .trace path.js-line").first.get_attribute("d")
        assert path is not None and len(path) > 500, name
    assert page.locator("#plot-cost .barlayer .point").count() == 18
    assert page.evaluate("document.title").startswith("Synthetic book")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_both_themes(show: Callable[..., Any], scheme: str) -> None:
    page = show(scheme=scheme)
    ratio, where = page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, where
    page.keyboard.press("c")  # the tables behind the charts
    ratio, where = page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, where
    page.click("[data-show-heat='hedge']")
    ratio, where = page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, where


def test_the_theme_button_changes_page_and_charts(show: Callable[..., Any]) -> None:
    page = show()
    line = "getComputedStyle(document.querySelector('#plot-equity .js-line')).stroke"
    tick = "getComputedStyle(document.querySelector('#plot-equity .ytick text')).fill"
    before = (background(page), page.evaluate(line), page.evaluate(tick))
    page.click("[data-testid='theme']")
    after = (background(page), page.evaluate(line), page.evaluate(tick))
    assert all(first != second for first, second in zip(before, after, strict=True))
    page.keyboard.press("t")
    assert (background(page), page.evaluate(line), page.evaluate(tick)) == before


def test_the_systems_choice_is_followed_until_the_reader_chooses(show: Callable[..., Any]) -> None:
    dark = show(scheme="dark")
    light = show(scheme="light")
    assert background(dark) != background(light)
    light.emulate_media(color_scheme="dark")
    assert background(light) == background(dark)
    dark.click("[data-testid='theme']")
    dark.emulate_media(color_scheme="light")
    dark.emulate_media(color_scheme="dark")
    assert background(dark) != background(light)


def column(page: Any, name: str, number: int) -> list[str]:
    return list(page.locator(f"#table-{name} tbody tr:not([hidden]) td:nth-child({number})").all_text_contents())


def test_sorting_by_number_and_text(show: Callable[..., Any]) -> None:
    page = show()
    header = page.locator("#table-roll-calendar th").nth(6)
    header.locator("button").click()
    prices = [float(text) for text in column(page, "roll-calendar", 7)]
    assert prices == sorted(prices)
    assert header.get_attribute("aria-sort") == "ascending"
    header.locator("button").click()
    assert [float(text) for text in column(page, "roll-calendar", 7)] == sorted(prices, reverse=True)
    assert header.get_attribute("aria-sort") == "descending"
    page.locator("#table-roll-calendar th button").first.click()
    sessions = column(page, "roll-calendar", 1)
    assert sessions == sorted(sessions)
    page.locator("#table-worst-days th button").nth(3).click()
    dollars = [
        float(t.replace("−", "-").replace("$", "").replace(",", "").replace("+", "")) for t in column(page, "worst-days", 4)
    ]
    assert dollars == sorted(dollars)


def test_missing_values_sort_last_both_ways(show: Callable[..., Any]) -> None:
    page = show()
    button = page.locator("#table-attribution th button").nth(4)
    for _ in range(2):
        button.click()
        texts = column(page, "attribution", 5)
        assert texts[-4:] == ["–"] * 4


def test_filter_keeps_rows_with_all_words(show: Callable[..., Any]) -> None:
    page = show()
    page.keyboard.press("/")
    page.keyboard.type("near roll 2018")
    layers = column(page, "roll-calendar", 2)
    assert layers and set(layers) == {"near"}
    assert page.locator("[data-count='roll-calendar']").text_content() == f"{len(layers)} of 160 rows"


def downloaded(page: Any, selector: str) -> tuple[str, str]:
    with page.expect_download() as waiting:
        page.click(selector)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_text(encoding="utf-8")


def test_csv_holds_plain_numbers(show: Callable[..., Any]) -> None:
    page = show()
    name, text = downloaded(page, "[data-csv='worst-days']")
    assert name == "worst-days.csv"
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 12
    assert all(float(row["Without hedge ($)"]) < 0 for row in rows)
    assert float(rows[0]["SPX (%)"]) == -2.0


def test_json_download_is_the_document(show: Callable[..., Any]) -> None:
    name, text = downloaded(show(), "[data-testid='download-json']")
    assert name == "backtest.json"
    assert json.loads(text) == json.loads(json.dumps(synthetic_sheet().document))


def test_chart_and_table_change_places(show: Callable[..., Any]) -> None:
    page = show()
    chart, years = page.locator("#plot-equity"), page.locator("#table-years")
    assert chart.is_visible() and not years.is_visible()
    page.click("#equity [data-toggle-view]")
    assert years.is_visible() and not chart.is_visible()
    page.keyboard.press("c")
    assert page.locator("#table-drawdowns").is_visible()
    page.keyboard.press("c")
    assert chart.is_visible() and not page.locator("#table-drawdowns").is_visible()


def test_log_scale_and_zoom(show: Callable[..., Any]) -> None:
    page = show()
    axis = "document.getElementById('plot-equity')._fullLayout"
    page.click("[data-testid='log']")
    assert page.evaluate(f"{axis}.yaxis.type") == "log"
    page.keyboard.press("l")
    assert page.evaluate(f"{axis}.yaxis.type") == "linear"
    whole = page.evaluate(f"{axis}.yaxis.range")
    page.click("[data-zoom='2018-01-26/2018-03-29']")
    for name in ("equity", "hedge", "underwater"):
        found = page.evaluate(f"document.getElementById('plot-{name}')._fullLayout.xaxis.range")
        assert [day[:10] for day in found] == ["2018-01-26", "2018-03-29"]
    low, high = page.evaluate(f"{axis}.yaxis.range")
    assert high - low < whole[1] - whole[0]
    page.keyboard.press("0")
    assert page.evaluate(f"{axis}.yaxis.range") == whole


def test_shortcut_sheet_opens_and_closes(show: Callable[..., Any]) -> None:
    page = show()
    page.keyboard.press("?")
    assert page.locator("[data-testid='shortcuts']").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("[data-testid='shortcuts']").is_visible()


def test_the_body_never_scrolls_sideways(show: Callable[..., Any]) -> None:
    for width in (390, 320, 768, 1280):
        page = show(width=width)
        page.keyboard.press("c")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.keyboard.press("c")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    narrow = show(width=390)
    box = narrow.locator("#table-roll-calendar .scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")


def test_print_shows_charts_in_light_and_tables_whole(show: Callable[..., Any]) -> None:
    page = show(width=720, scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert background(page) == "rgb(255, 255, 255)"
    assert not page.locator(".bar").is_visible() and page.locator("button:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert page.locator("#table-years").is_visible() and page.locator("#plot-equity").is_visible()
    assert page.locator("[data-testid='policy-toml']").is_visible()
    assert page.locator("#table-roll-calendar .scroll").evaluate("box => box.scrollHeight <= box.clientHeight + 1")
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not page.locator("[data-testid='policy-toml']").is_visible()
    assert background(page) != "rgb(255, 255, 255)"


def test_without_script_the_tables_are_all_there(show: Callable[..., Any]) -> None:
    page = show(java_script_enabled=False)
    for name in ("years", "hedge-years", "drawdowns", "roll-calendar"):
        assert page.locator(f"#table-{name} table").is_visible(), name
    assert page.locator(".heat-table").count() == 3
    assert page.locator("noscript p").is_visible()
    assert not page.locator("[data-testid='theme']").is_visible()
