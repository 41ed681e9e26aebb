"""A page in Debian's Chromium, driven by Playwright: what every browser test needs. Skipped where either is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: browser tests are skipped")
CHROMIUM = os.environ.get("ALVH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason=f"no Chromium at {CHROMIUM} (Debian: apt install chromium)"),
]
ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run"
LOCAL = ("file:", "data:", "blob:")

# Lowest contrast of any visible text against the nearest ancestor that paints a background, and where it was found.
LOWEST_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const light = (c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const luminance = (c) => 0.2126 * light(c[0]) + 0.7152 * light(c[1]) + 0.0722 * light(c[2]);
  let worst = [99, ""];
  for (const element of document.querySelectorAll("body *")) {
    const own = Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim() !== "");
    if (!own || element.closest("script, style, noscript") || element.getClientRects().length === 0) continue;
    let ground = element, back = [0, 0, 0, 0];
    while (ground !== null && back[3] < 255) {
      back = rgba(getComputedStyle(ground).backgroundColor);
      ground = ground.parentElement;
    }
    const style = getComputedStyle(element);
    const front = rgba(element instanceof SVGElement ? style.fill : style.color);
    const [high, low] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const name = element.tagName + "." + element.getAttribute("class");
    if (ratio < worst[0]) worst = [ratio, name + ": " + element.textContent.slice(0, 40)];
  }
  return worst;
}"""


@contextmanager
def launched() -> Iterator[Any]:
    """The browser, closed afterwards."""
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS.split())
        yield made
        made.close()


@contextmanager
def pages(browser: Any, address: str, *, drawn: str | None = None) -> Iterator[Callable[..., Any]]:
    """Opens an address; afterwards nothing may have been logged as an error or asked of the outside.

    ``drawn``: a selector to wait for where scripts run.
    """
    opened: list[Any] = []
    trouble: list[str] = []

    def open_page(width: int = 1280, scheme: str = "light", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda told: trouble.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: trouble.append(f"page error: {error}"))
        page.on("request", lambda asked: None if asked.url.startswith(LOCAL) else trouble.append(asked.url))
        page.goto(address)
        if drawn is not None and options.get("java_script_enabled", True):
            page.wait_for_selector(drawn)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert trouble == []


def background(page: Any) -> str:
    """The page's background colour as it is computed."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
