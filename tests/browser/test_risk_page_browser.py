"""The risk page in Debian's Chromium, driven by Playwright; skipped where either is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.browser import LOWEST_CONTRAST, MARKS, background, launched, pages
from tests.helpers.risk_book import CONDOR, DAY, HEAD, HEDGE

from alvh.app.book_page import write_page
from alvh.app.book_risk import load_book

pytestmark = MARKS

TABLES = ("grid", "episodes", "payoff-lines", "layer-lines")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("risk")
    book = folder / "book.csv"
    book.write_text(HEAD + CONDOR + HEDGE, encoding="utf-8")
    made = load_book(book, "sample", as_of=DAY, betas="published")
    return write_page(made, folder, "risk.html", {})[0].as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as made:
        yield made


@pytest.fixture
def show(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    with pages(browser, address, drawn="#plot-slopes[data-drawn='1']") as open_page:
        yield open_page


def test_every_chart_is_drawn(show: Callable[..., Any]) -> None:
    page = show()
    assert page.locator("#plot-heat .heatmaplayer image").count() == 1
    assert page.locator("#plot-heat .contourlayer path").count() >= 1
    names = page.locator("#plot-heat .textpoint text").all_text_contents()
    assert {"Feb 2018", "Dec 2018", "futures lag"} <= set(names)
    assert page.locator("#plot-episodes .barlayer .point").count() == 6 * 4
    for name, lines in (("payoff", 5), ("layers-today", 5), ("layers-expiry", 5)):
        assert page.locator(f"#plot-{name} .scatterlayer .trace").count() == lines, name
    legend = page.locator("#plot-payoff .legendtext").all_text_contents()
    assert legend[-3:] == ["today", "T+24, 2018-02-19", "expiry, 2018-03-16"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_both_themes(show: Callable[..., Any], scheme: str) -> None:
    page = show(scheme=scheme)
    for _ in range(2):  # charts, then the tables behind them
        ratio, where = page.evaluate(LOWEST_CONTRAST)
        assert ratio >= 4.5, where
        page.keyboard.press("c")


def test_theme_button_and_keys(show: Callable[..., Any]) -> None:
    page = show()
    line = "getComputedStyle(document.querySelector('#plot-payoff .ytick text')).fill"
    before = (background(page), page.evaluate(line))
    page.click("[data-testid='theme']")
    assert all(a != b for a, b in zip(before, (background(page), page.evaluate(line)), strict=True))
    page.keyboard.press("t")
    assert (background(page), page.evaluate(line)) == before
    page.keyboard.press("?")
    assert page.locator("[data-testid='shortcuts']").is_visible()


def test_chart_and_table_change_places(show: Callable[..., Any]) -> None:
    page = show()
    assert page.locator("#plot-heat").is_visible() and not page.locator("#table-grid").is_visible()
    page.click("#stress [data-toggle-view]")
    assert page.locator("#table-grid").is_visible() and not page.locator("#plot-heat").is_visible()
    assert page.locator("#table-grid tbody tr").count() == 31
    assert page.locator("#table-grid tbody tr").first.locator("td").count() == 29
    page.click("#stress [data-toggle-view]")
    page.keyboard.press("c")
    for name in TABLES:
        assert page.locator(f"#table-{name}").is_visible(), name


@pytest.mark.parametrize("width", [420, 320, 768])
def test_the_body_never_scrolls_sideways(show: Callable[..., Any], width: int) -> None:
    page = show(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("c")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_json_download_holds_the_four_documents(show: Callable[..., Any]) -> None:
    page = show()
    with page.expect_download() as waiting:
        page.click("[data-testid='download-json']")
    assert waiting.value.suggested_filename == "risk.json"
    found = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert [found[name]["schema"] for name in ("risk", "stress", "margin", "payoff")] == [
        f"alvh.{name}/1" for name in ("risk", "stress", "margin", "payoff")
    ]


def test_print_shows_charts_and_tables(show: Callable[..., Any]) -> None:
    page = show(width=720, scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert background(page) == "rgb(255, 255, 255)"
    assert page.locator("#plot-heat").is_visible() and page.locator("#table-episodes").is_visible()
    assert page.locator("button:visible").count() == 0


def test_without_script_the_tables_are_all_there(show: Callable[..., Any]) -> None:
    page = show(java_script_enabled=False)
    for name in (*TABLES, "break-evens", "margin", "readings", "assumptions"):
        assert page.locator(f"#table-{name} table").is_visible(), name
    assert not page.locator("#plot-heat").is_visible()
    assert page.locator("noscript p").is_visible()
