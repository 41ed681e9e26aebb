"""The tear sheet as text: complete, escaped, self-contained, small; and its parts by themselves."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from tests.helpers.sheets import LAYERS, synthetic_sheet

from alvh.core.errors import DataInvalid, InternalError
from alvh.results import tearsheet
from alvh.results.tearsheet import MAX_BYTES, json_for_html, render_tearsheet

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\"> {{ 7*7 }} %{y} & \u2028"

SECTIONS = [
    "summary",
    "equity",
    "hedge",
    "underwater",
    "months",
    "cost",
    "risk",
    "attribution",
    "worst-days",
    "rolls",
    "data",
    "policy",
    "not",
    "headline",
    "basis",
    "warnings",
    "policy-toml",
    "policy-explained",
    "footer",
    "shortcuts",
    "theme",
    "log",
    "chart-equity",
    "chart-hedge",
    "chart-hedge-year",
    "chart-underwater",
    "chart-cost",
    "chart-coverage",
    "chart-requirement",
    "heat-hedged",
    "heat-unhedged",
    "heat-hedge",
    "table-key-figures",
    "table-years",
    "table-hedge-years",
    "table-drawdowns",
    "table-layer-costs",
    "table-cost-readings",
    "table-attribution",
    "table-roll-down",
    "table-discipline",
    "table-rules",
    "table-coverage",
    "table-margin",
    "table-exposures",
    "table-returns",
    "table-factors",
    "table-credit-by-vix",
    "table-projected",
    "table-periods",
    "table-episodes",
    "table-without-best",
    "table-worst-days",
    "table-roll-calendar",
    "table-settlements",
    "table-provenance",
    "table-modelled",
    "table-checks",
]


class Page(HTMLParser):
    """Collects what the tests ask about: elements with attributes, texts of cells, scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text: list[str] = []
        self._script: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self._script = dict(attrs)
            self.scripts.append((self._script, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            attrs, so_far = self.scripts[-1]
            self.scripts[-1] = (attrs, so_far + data)
        else:
            self.text.append(data)

    def ids(self) -> list[str]:
        return [attrs["data-testid"] or "" for _, attrs in self.elements if "data-testid" in attrs]


@pytest.fixture(scope="module")
def text() -> str:
    return render_tearsheet(synthetic_sheet())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


# --- the page ----------------------------------------------------------------------------------------------------------------


def test_every_section_is_there_once(page: Page) -> None:
    found = page.ids()
    for name in SECTIONS:
        assert found.count(name) == 1, name


def test_nothing_outside_is_referred_to(page: Page) -> None:
    for tag, attrs in page.elements:
        for name in ("src", "href", "action", "srcset", "poster", "data"):
            value = attrs.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value)
        assert tag not in ("iframe", "object", "embed", "base")
    css = "".join(page.text)
    assert "@import" not in css
    assert not re.search(r"url\(\s*['\"]?(?!data:)", css)


def test_the_content_policy_allows_only_these_two_scripts(page: Page) -> None:
    (policy,) = [a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "http" not in policy
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    running = [script for attrs, script in page.scripts if attrs.get("type") is None]
    assert len(running) == 2
    for script in running:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_the_data_block_is_the_document_and_the_columns(page: Page) -> None:
    (block,) = [script for attrs, script in page.scripts if attrs.get("type") == "application/json"]
    data = json.loads(block)
    sheet = synthetic_sheet()
    assert data["document"] == json.loads(json.dumps(sheet.document))
    assert data["columns"]["hedged"][-1] == round(float(sheet.equity_hedged_usd[-1]))
    lengths = {len(column) for column in data["columns"].values()}
    assert lengths == {sheet.sessions.size}
    names = {trace["y"]["column"] for figure in data["figures"] if figure["over_time"] for trace in figure["data"]}
    assert names <= set(data["columns"])


def test_a_whole_history_stays_below_six_megabytes() -> None:
    sheet = synthetic_sheet(4920, start=date(2007, 1, 3))
    rolls = (sheet.roll_calendar * 2)[:1700]
    assert len(render_tearsheet(replace(sheet, roll_calendar=rolls)).encode()) < MAX_BYTES


def test_too_many_rows_are_left_out_and_counted() -> None:
    sheet = synthetic_sheet(60)
    page = Page(render_tearsheet(replace(sheet, roll_calendar=sheet.roll_calendar * 400)))
    assert any("earlier rows are left out" in part for part in page.text)


def test_a_page_that_stays_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tearsheet, "MAX_BYTES", 10_000)
    with pytest.raises(DataInvalid, match="bytes"):
        render_tearsheet(synthetic_sheet(20))


def test_hostile_strings_stay_text() -> None:
    sheet = synthetic_sheet(40)
    layers = {HOSTILE: sheet.layer_pnl_usd["near"], **{name: sheet.layer_pnl_usd[name] for name in LAYERS[1:]}}
    document: dict[str, Any] = json.loads(json.dumps(sheet.document))
    document["hedge"]["layers"][0]["name"] = HOSTILE
    document["policy"]["name"] = HOSTILE
    hostile = replace(
        sheet,
        title=HOSTILE,
        subtitle=HOSTILE,
        headline=(HOSTILE,),
        basis=(HOSTILE,),
        warnings=(HOSTILE,),
        footer=(HOSTILE,),
        policy_toml=HOSTILE,
        policy_explained=HOSTILE,
        layer_pnl_usd=layers,
        document=document,
        attribution={HOSTILE: {HOSTILE: 1.0}},
        periods=({HOSTILE: HOSTILE},),
        episodes=({"episode": HOSTILE, "from": HOSTILE, "to": HOSTILE},),
        roll_calendar=tuple({**row, "layer": HOSTILE, "reason": HOSTILE} for row in sheet.roll_calendar),
        provenance=({"file": HOSTILE, "sha256": HOSTILE, "rows": 1, "first": HOSTILE, "last": HOSTILE},),
    )
    text = render_tearsheet(hostile)
    page = Page(text)
    assert len(page.scripts) == 3
    assert not [1 for tag, _ in page.elements if tag == "img"]
    assert "<script>alert" not in text
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    assert "".join(page.text).count("{{ 7*7 }}") > 8  # shown as it is, never evaluated
    data = json.loads(page.scripts[0][1])
    assert data["document"]["policy"]["name"] == HOSTILE
    traces = next(figure for figure in data["figures"] if figure["name"] == "hedge")["data"]
    assert "<" not in traces[0]["name"] and "%{" not in traces[0]["name"]


def test_log_scale_is_offered_only_above_zero() -> None:
    sheet = synthetic_sheet(40)
    ruined = np.array(sheet.equity_hedged_usd)
    ruined[20] = -200_000.0
    page = Page(render_tearsheet(replace(sheet, equity_hedged_usd=ruined)))
    assert "log" not in page.ids()
    assert any("No log scale" in part for part in page.text)


def test_many_warnings_fold_but_none_is_lost() -> None:
    text = "".join(Page(render_tearsheet(synthetic_sheet(5, warnings=tuple(f"warning {i}!" for i in range(30))))).text)
    assert all(f"warning {i}!" in text for i in range(30))
    assert "Warnings (30)" in text and "25 more" in text


def test_an_empty_sheet_says_what_is_missing() -> None:
    bare = replace(
        synthetic_sheet(3),
        roll_calendar=(),
        settlements=(),
        worst_days=(),
        provenance=(),
        modelled=(),
        warnings=(),
        episodes=(),
        periods=(),
        without_best=(),
        basis=(),
    )
    text = "".join(Page(render_tearsheet(bare)).text)
    for sentence in ("No hedge orders", "No days were given", "No files were listed", "No input was modelled"):
        assert sentence in text


def test_a_run_without_hedge_renders() -> None:
    sheet = synthetic_sheet(30)
    document: dict[str, Any] = json.loads(json.dumps(sheet.document))
    document["hedge"] = {"layers": [], "interest_usd": 0.0, "cost_pct_per_month": {"credit": None}}
    bare = replace(sheet, layer_pnl_usd={}, document=document, equity_hedged_usd=sheet.equity_unhedged_usd, attribution={})
    assert "Whole hedge" in "".join(Page(render_tearsheet(bare)).text)


def test_a_short_run_has_no_empty_chart_of_a_year() -> None:
    assert "chart-hedge-year" not in Page(render_tearsheet(synthetic_sheet(251))).ids()
    assert "chart-hedge-year" in Page(render_tearsheet(synthetic_sheet(252))).ids()


def test_compound_is_stated() -> None:
    text = "".join(Page(render_tearsheet(synthetic_sheet(30, compound=True))).text)
    assert "previous session's equity" in text
    assert "nothing is compounded" not in text


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "none of its marks"), (0.4, "40.0 % of its marks"), (1.0, "Every mark was a quote")]
)
def test_the_share_of_quotes_is_said_in_words(share: float, words: str) -> None:
    sheet = synthetic_sheet(10)
    document: dict[str, Any] = json.loads(json.dumps(sheet.document))
    document["checks"]["quoted_share"] = share
    assert words in "".join(Page(render_tearsheet(replace(sheet, document=document))).text)


# --- refused sheets ----------------------------------------------------------------------------------------------------------


def test_arrays_that_disagree_are_refused_by_name() -> None:
    sheet = synthetic_sheet(10)
    with pytest.raises(InternalError, match="condor_pnl_usd has shape"):
        render_tearsheet(replace(sheet, condor_pnl_usd=sheet.condor_pnl_usd[:5]))
    broken = np.array(sheet.layer_pnl_usd["far"])
    broken[3] = np.nan
    with pytest.raises(InternalError, match=r"layer_pnl_usd\['far'\] is nan on 2017-01-06"):
        render_tearsheet(replace(sheet, layer_pnl_usd={**sheet.layer_pnl_usd, "far": broken}))


def test_a_document_without_its_keys_is_refused_by_path() -> None:
    sheet = synthetic_sheet(10)
    document: dict[str, Any] = json.loads(json.dumps(sheet.document))
    del document["runs"]["unhedged"]["sharpe"]
    with pytest.raises(InternalError, match=r"runs\.unhedged\.sharpe"):
        render_tearsheet(replace(sheet, document=document))


def test_a_row_without_its_key_is_refused_by_number() -> None:
    sheet = synthetic_sheet(10)
    rows = ({"file": "a.csv", "sha256": "", "rows": 1, "first": "", "last": ""}, {"file": "b.csv"})
    with pytest.raises(InternalError, match="table provenance, row 2: no key 'sha256'"):
        render_tearsheet(replace(sheet, provenance=rows))


def test_nan_in_the_document_is_refused() -> None:
    with pytest.raises(InternalError, match="not JSON"):
        json_for_html({"x": float("nan")})


def test_json_for_html_comes_back_the_same() -> None:
    assert json.loads(json_for_html({"x": HOSTILE})) == {"x": HOSTILE}
    assert not set("<>&\u2028") & set(json_for_html({"x": HOSTILE}))
