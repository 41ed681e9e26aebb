"""The plan's page in Debian's Chromium, driven by Playwright; skipped where either is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.helpers.browser import LOWEST_CONTRAST, MARKS, background, launched, pages
from tests.helpers.plan_days import CONDOR, HEAD, book_file, planned

pytestmark = MARKS

A4, LETTER = 688, 710
"""CSS pixels between the margins of 1.4 cm: 210 mm and 8.5 inches wide."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A day that opens everything, on a book, with rules whose data the sample lacks: long texts in every table."""
    out = tmp_path_factory.mktemp("plan")
    more = "VIX,2018-02-14,40,C,9,2017-11-01,0.30,stranded,mid\nSPX,2018-03-16,2700,P,3,,,mine,\n"
    book = book_file(out, HEAD + CONDOR + more)
    planned(out, "--book", book, "--policy", "spike-exit", as_of="2018-01-10")
    return (out / "plan.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as made:
        yield made


@pytest.fixture
def show(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    with pages(browser, address) as open_page:
        yield open_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_contrast_and_width(show: Callable[..., Any], width: int, scheme: str) -> None:
    page = show(width, scheme)
    assert background(page) == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 19, 24)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ratio, where = page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, where


@pytest.mark.parametrize("width", [320, 768, 1024])
def test_the_body_never_scrolls_sideways(show: Callable[..., Any], width: int) -> None:
    assert show(width).evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 390])
def test_a_ticket_can_be_read_and_ticked(show: Callable[..., Any], width: int) -> None:
    page = show(width)
    tickets = page.locator("[data-testid='ticket']")
    assert tickets.count() >= 3
    for k in range(tickets.count()):
        box = tickets.nth(k).locator("input")
        assert box.is_visible() and not box.is_checked()
        box.check()
        assert box.is_checked()
        for label in ("What", "Limit", "Worst", "Price is"):
            cell = tickets.nth(k).locator(f"[data-label='{label}']")
            assert cell.is_visible()
            edges = cell.bounding_box()
            assert edges is not None and edges["x"] >= 0 and edges["x"] + edges["width"] <= width
    assert page.locator("[data-testid='nothing-is-sent']").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [A4, LETTER], ids=["A4", "Letter"])
def test_print_is_black_on_white_and_fits_the_sheet(show: Callable[..., Any], width: int, scheme: str) -> None:
    """Every colour that is left is a grey, so that a black-and-white printer loses nothing."""
    page = show(width, scheme)
    page.emulate_media(media="print")
    assert background(page) == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colours = page.evaluate(
        """() => Array.from(document.querySelectorAll("body *")).flatMap((one) => {
          const style = getComputedStyle(one);
          return [style.color, style.backgroundColor, style.borderTopColor, style.borderLeftColor];
        })"""
    )
    for colour in set(colours):
        red, green, blue = re.findall(r"[\d.]+", colour)[:3]
        assert red == green == blue, colour
    assert page.locator("td.pen").first.is_visible()
    ratio, where = page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, where


@pytest.mark.parametrize("form", ["A4", "Letter"])
def test_it_prints_as_a_few_sheets(show: Callable[..., Any], form: str) -> None:
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", show().pdf(format=form)))
    assert 1 <= sheets <= 6


def test_it_needs_no_script(show: Callable[..., Any]) -> None:
    page = show(java_script_enabled=False)
    assert page.locator("[data-testid='todo']").is_visible()
    assert page.locator("#table-reasons table").is_visible()
