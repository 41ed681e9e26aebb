"""The parts of the tear sheet: tables as text, views, figures as JSON, colours."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from tests.helpers.sheets import LAYERS, synthetic_sheet

from alvh.results import figures, views
from alvh.results.tables import NOTHING, Column, infer_kind, label_for, show, table
from alvh.results.theme import PALETTE, contrast

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
    charts = [
        figures.equity(),
        figures.hedge_by_layer(LAYERS),
        figures.hedge_year(),
        figures.underwater(),
        figures.cost_by_layer(layers),
    ]
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
