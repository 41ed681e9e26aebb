"""The range of a result over its price cases: root of the sum of squares by hand, and figures that are the document's own."""

from __future__ import annotations

import math
from datetime import date

import pytest

from alvh.app.wiring import run_backtest
from alvh.models.price_case import CASES, CENTRAL
from alvh.results.uncertainty import FIGURES, CaseFigures, price_range, uncertainty_document


def case(name: str, source: str, **figures: float) -> CaseFigures:
    return CaseFigures(case=name, source=source, text=f"what {name} varies", figures=figures)


def test_root_of_the_sum_of_squares_by_source() -> None:
    found = price_range(
        {"pnl": 100.0},
        [
            case("level-low", "level", pnl=97.0),  # -3
            case("level-high", "level", pnl=106.0),  # +6
            case("slope-low", "slope", pnl=108.0),  # +8
            case("slope-high", "slope", pnl=96.0),  # -4
        ],
    )
    assert found == {"pnl": {"low": 95.0, "central": 100.0, "high": 110.0}}  # 3-4-5 and 6-8-10


def test_the_worst_case_of_a_source_counts_once() -> None:
    cases = [case("a", "level", pnl=-1.0), case("b", "level", pnl=-3.0), case("c", "level", pnl=2.0), case("d", "x", pnl=-4.0)]
    assert price_range({"pnl": 0.0}, cases)["pnl"] == {"low": -5.0, "central": 0.0, "high": 2.0}


def test_a_source_that_moves_one_way_only_widens_that_side() -> None:
    found = price_range({"pnl": 10.0}, [case("a", "level", pnl=12.0), case("b", "level", pnl=15.0), case("c", "x", pnl=10.0)])
    assert found["pnl"] == {"low": 10.0, "central": 10.0, "high": 15.0}


def test_every_figure_has_its_own_range_and_no_case_leaves_a_point() -> None:
    cases = [case("a", "level", pnl=1.0, drawdown=-0.30), case("b", "level", pnl=-2.0, drawdown=-0.10)]
    found = price_range({"pnl": 0.0, "drawdown": -0.20}, cases)
    assert found["pnl"] == {"low": -2.0, "central": 0.0, "high": 1.0}
    assert found["drawdown"] == pytest.approx({"low": -0.30, "central": -0.20, "high": -0.10})
    assert price_range({"pnl": 7.0}, []) == {"pnl": {"low": 7.0, "central": 7.0, "high": 7.0}}


def test_the_document_holds_every_case_behind_the_range() -> None:
    cases = [case("a", "level", pnl=1.0), case("b", "slope", pnl=-2.0)]
    found = uncertainty_document({"pnl": 0.0}, cases)
    assert set(found) == {"method", "range", "cases"}
    assert found["cases"] == [
        {"case": "a", "source": "level", "what": "what a varies", "figures": {"pnl": 1.0}},
        {"case": "b", "source": "slope", "what": "what b varies", "figures": {"pnl": -2.0}},
    ]
    assert found["range"] == price_range({"pnl": 0.0}, cases)


def test_a_run_carries_its_range_and_the_figures_are_the_documents() -> None:
    """Half a year of the sample: the central figures are those printed beside them, and every case is inside its range."""
    output = run_backtest("alvh-442", data="sample", start=date(2017, 11, 1), end=date(2018, 4, 30))
    document = output.document
    found = document["pricing_uncertainty"]
    ranges = found["range"]
    assert set(ranges) == {key for key, _, _ in FIGURES}
    assert [one["case"] for one in found["cases"]] == [one.name for one in CASES]
    assert CENTRAL.name not in {one["case"] for one in found["cases"]}
    assert ranges["condor_net_usd"]["central"] == pytest.approx(document["condors"]["net_usd"], abs=0.01)
    assert ranges["hedge_net_usd"]["central"] == pytest.approx(document["hedge"]["net_usd"], abs=0.01)
    cost = document["hedge"]["cost_pct_per_month"]["index_notional"]
    assert ranges["hedge_cost_pct_of_index_notional_per_month"]["central"] == pytest.approx(cost, rel=1e-6)
    account = output.result.policy.account.equity_usd
    for run in ("hedged", "unhedged"):
        assert ranges[f"{run}_max_drawdown"]["central"] == pytest.approx(document["runs"][run]["max_drawdown"], rel=1e-12)
        total = document["runs"][run]["total_return"] * account
        assert ranges[f"{run}_pnl_usd"]["central"] == pytest.approx(total, abs=0.01)
    sources = {one["source"] for one in found["cases"]}
    for key, span in ranges.items():
        assert span["low"] <= span["central"] <= span["high"]
        squares = [0.0, 0.0]
        for source in sources:
            moves = [one["figures"][key] - span["central"] for one in found["cases"] if one["source"] == source]
            squares[0] += min(0.0, *moves) ** 2
            squares[1] += max(0.0, *moves) ** 2
        assert span["central"] - span["low"] == pytest.approx(math.sqrt(squares[0]), abs=1e-6)
        assert span["high"] - span["central"] == pytest.approx(math.sqrt(squares[1]), abs=1e-6)
    assert len(sources) >= 3 and ranges["hedge_net_usd"]["low"] < ranges["hedge_net_usd"]["high"]
