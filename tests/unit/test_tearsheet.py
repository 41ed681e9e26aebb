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

from alvh.core.errors import DataInvalid, InternalError
from alvh.results import figures, tearsheet, views
from alvh.results.tables import NOTHING, Column, infer_kind, label_for, show, table
from alvh.results.tearsheet import MAX_BYTES, json_for_html, render_tearsheet
from alvh.results.theme import PALETTE, contrast
from helpers.sheets import LAYERS, synthetic_sheet

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\"> {{ 7*7 }} %{y} & \u2028"

SECTIONS = (
    "summary equity hedge underwater months cost attribution worst-days rolls data policy not "
    "headline basis warnings policy-toml policy-explained footer shortcuts theme log "
    "chart-equity chart-hedge chart-hedge-year chart-underwater chart-cost heat-hedged heat-unhedged heat-hedge "
    "table-key-figures table-years table-hedge-years table-drawdowns table-layer-costs table-cost-readings table-attribution "
    "table-periods table-episodes table-without-best table-worst-days table-roll-calendar table-settlements table-provenance "
    "table-modelled table-checks"
).split()


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


def test_compound_is_stated() -> None:
    text = "".join(Page(render_tearsheet(synthetic_sheet(30, compound=True))).text)
    assert "previous session's equity" in text
    assert "nothing is compounded" not in text


@pytest.mark.parametrize(("share", "words"), [(0.0, "none of its marks"), (0.4, "40.0 % of its marks"), (1.0, "Every mark was a quote")])
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


# --- tables ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "text", "css"),
    [
        (1234.5, "pnl", "+$1,234", "n gain"),
        (-1234.5, "pnl", "−$1,234", "n loss"),
        (0.0, "pnl", "$0", "n"),
        (-0.2, "pnl", "$0", "n loss"),
        (-0.0314, "return", "−3.14%", "n loss"),
        (0.2, "percent", "20.00%", "n"),
        (1234567, "count", "1,234,567", "n"),
        (20, "usd", "$20", "n"),
        (None, "text", NOTHING, "none"),
        (None, "usd", NOTHING, "n none"),
        (float("nan"), "usd", NOTHING, "n none"),
        (True, "text", "yes", ""),
        (1.2e-9, "number", "1.200e−09", "n"),
        (0.0, "number", "0", "n"),
        ("x" * 31, "text", "x" * 31, "w"),
    ],
)
def test_values_read_as_they_should(value: Any, kind: Any, text: str, css: str) -> None:
    assert show(value, kind) == (text, css)


@pytest.mark.parametrize(
    ("key", "kind", "label"),
    [
        ("hedged_pnl_usd", "pnl", "Hedged P/L"),
        ("premium_usd", "usd", "Premium"),
        ("spx_return", "return", "SPX return"),
        ("cost_pct", "number", "Cost (%)"),
        ("max_drawdown", "percent", "Max drawdown"),
        ("settlement_value", "level", "Settlement value"),
        ("sha256", "code", "SHA-256"),
        ("reason", "text", "Reason"),
    ],
)
def test_undescribed_columns_read_by_their_unit(key: str, kind: str, label: str) -> None:
    assert (infer_kind(key), label_for(key)) == (kind, label)


def test_dollars_show_cents_only_in_small_columns() -> None:
    small = table("t", "t", ({"fees_usd": 1.25}, {"fees_usd": 20.0}))
    assert [row[0][0] for row in small.rows] == ["$1.25", "$20.00"]
    large = table("t", "t", ({"fees_usd": 1.25}, {"fees_usd": 2000.0}))
    assert [row[0][0] for row in large.rows] == ["$1", "$2,000"]


def test_a_limit_keeps_the_last_rows_and_counts_the_others() -> None:
    view = table("t", "t", tuple({"n": str(i)} for i in range(10)), (Column(key="n", label="N"),), limit=3)
    assert [row[0][0] for row in view.rows] == ["7", "8", "9"]
    assert view.left_out == 7


def test_hedge_years_add_up_with_interest() -> None:
    sheet = synthetic_sheet(600)
    view = views.hedge_years(sheet)
    assert [column.label for column in view.columns] == ["Year", *LAYERS, "Interest", "Whole hedge"]
    whole = float(sheet.equity_hedged_usd[-1] - sheet.equity_unhedged_usd[-1])
    assert view.rows[-1][-1][0] == show(whole, "pnl")[0]
    assert view.rows[-1][-2][0] == show(0.4 * 600, "pnl", decimals=2)[0]


def test_attribution_totals_both_ways() -> None:
    sheet = synthetic_sheet(5, attribution={"a": {"time": 1000.0, "costs": -250.0}, "b": {"time": -400.0}})
    view = views.attribution(sheet)
    shown = [[text for text, _ in row] for row in view.rows]
    assert shown == [
        ["a", "+$1,000", "−$250.00", "+$750.00"],
        ["b", "−$400", NOTHING, "−$400.00"],
        ["Whole book", "+$600", "−$250.00", "+$350.00"],
    ]


def test_heat_map_marks_sign_and_strength() -> None:
    for heat in views.heat_maps(synthetic_sheet(300)):
        for _, cells in heat.rows:
            assert len(cells) == 13
            for cell in cells:
                assert 0 <= cell.strength <= 100
                assert {"hg": "+", "hl": "−"}.get(cell.css, cell.text[:1]) == cell.text[:1]


# --- figures and colours -------------------------------------------------------------------------------------------------------


def test_columns_are_rounded_and_nan_is_null() -> None:
    assert figures.rounded(np.array([1.26, np.nan, -0.04, 1000.0]), 1) == [1.3, None, 0, 1000]
    sheet = synthetic_sheet(300)
    found = figures.columns(
        sheet.sessions, sheet.account_usd, sheet.equity_hedged_usd, sheet.equity_unhedged_usd, sheet.layer_pnl_usd
    )
    hedge = sheet.equity_hedged_usd - sheet.equity_unhedged_usd
    assert found["hedge_year"][250] is None
    assert found["hedge_year"][251] == pytest.approx(hedge[251] / 1e4, abs=1e-3)
    assert found["hedge_year"][-1] == pytest.approx((hedge[299] - hedge[47]) / 1e4, abs=1e-3)


def test_layers_differ_by_dash_and_colour() -> None:
    traces = figures.hedge_by_layer(["a", "b", "c", "d", "e"]).data[:-1]
    assert len({trace["line"]["dash"] for trace in traces}) == 5
    assert len({trace["line"]["color"] for trace in traces}) == 5


def test_every_colour_a_figure_names_exists() -> None:
    layers = [dict.fromkeys(("name", *(key for key, _, _ in figures.LAYER_PARTS)), 1.0)]
    charts = [figures.equity(), figures.hedge_by_layer(LAYERS), figures.hedge_year(), figures.underwater(), figures.cost_by_layer(layers)]
    for chart in charts:
        named = re.findall(r"var\(--([\w-]+)\)", json.dumps(chart.as_json()))
        assert named and set(named) <= set(PALETTE)


@pytest.mark.parametrize("theme", [0, 1])
def test_contrast_of_text_and_lines(theme: int) -> None:
    for text in ("ink", "muted", "link", "gain", "loss"):
        for ground in ("bg", "panel"):
            assert contrast(PALETTE[text][theme], PALETTE[ground][theme]) >= 4.5, (text, ground)
    assert contrast(PALETTE["ink"][theme], PALETTE["warn-bg"][theme]) >= 4.5
    for line in ("hedged", "unhedged", *(name for name in PALETTE if name.startswith("layer-"))):
        assert contrast(PALETTE[line][theme], PALETTE["bg"][theme]) >= 3.0, line


def test_contrast_against_published_ratios() -> None:
    """WCAG 2.1: black on white is 21:1; #767676 on white is the well-known grey that just passes 4.5:1 (4.54)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
