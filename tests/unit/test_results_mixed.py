"""Exposures, margin, money and files of a run whose layers hold futures, spreads, put spreads and locked calls."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.mixed_run import book_at, mixed_run

from alvh.app.wiring import BacktestOutput
from alvh.market.market import Legs
from alvh.results.breakdown import settlement_rows
from alvh.results.document import layer_sums
from alvh.results.economics import hedge_capital_cost, on_mean_capital, sleeve_flows
from alvh.results.instruments import all_words, words
from alvh.results.roll_down import roll_down
from alvh.results.summary import summary_rows
from alvh.results.through_time import layer_group, sleeves
from alvh.risk.betas import TenorBetas
from alvh.risk.coverage import coverage
from alvh.risk.exposures import COLUMN, COLUMNS, exposures
from alvh.risk.margin import MarginInputs, quick_ratio, strategy_margin
from alvh.risk.margin.rules import VX_MARGIN

LAYERS = ("front", "mid", "back", "puts", "reserve")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> BacktestOutput:
    return mixed_run(tmp_path_factory.mktemp("mixed"))


def held_lots(output: BacktestOutput, row: int, layer: int) -> list[Any]:
    index = output.result.first + row
    lots = (lot for lot in output.result.lots if lot.layer == layer)
    return [lot for lot in lots if lot.open_index <= index and not (lot.close_kind and lot.close_index <= index)]


def test_the_run_holds_all_that_the_tests_are_about(output: BacktestOutput) -> None:
    result = output.result
    assert tuple(layer.name for layer in result.policy.hedge.layers) == LAYERS
    locked = [lot for lot in result.lots if lot.is_future and lot.quantity < 0]
    assert locked and {lot.layer for lot in locked} == {0}
    assert [sum(lot.layer == k for lot in result.lots) > 3 for k in range(5)] == [True] * 5
    assert {entry.sleeve for entry in result.ledger.entries if entry.layer == 4} == {"reserve"}
    assert any(lot.quantity < 0 and lot.layer == 1 for lot in result.lots)


def test_every_close_is_the_snapshot_of_its_book(output: BacktestOutput) -> None:
    """Delta of a future is one, its vega and theta nothing; SPX puts of a layer are the hedge's; a future has no value."""
    result = output.result
    nothing = TenorBetas.stated([30.0], [1.0])
    raw = [name for name in COLUMNS if "equivalent" not in name and "net_usd" not in name]
    for row in range(0, len(result.sessions), 7):
        book = book_at(output, row)
        found = exposures(result.market.snapshot(result.first + row), book, result.market.series, nothing)
        notional = float(found.column("value_usd")[~book.is_option].sum())
        for sleeve in ("condor", "hedge"):
            values, expected = sleeves(output.risk)[sleeve][:, row], found.by_sleeve()[sleeve]
            expected["value_usd"] -= notional if sleeve == "hedge" else 0.0
            for name in raw:
                assert values[COLUMN[name]] == pytest.approx(expected[name], rel=1e-9, abs=1e-6), (row, sleeve, name)
        cover = coverage(found)
        if cover.net_naive is not None:
            assert output.risk.coverage.net_naive[row] == pytest.approx(cover.net_naive, rel=1e-9)


def test_values_are_the_record(output: BacktestOutput) -> None:
    values = sleeves(output.risk)
    for k, name in enumerate(LAYERS):
        assert values[layer_group(name)][COLUMN["value_usd"]] == pytest.approx(output.result.record.layer_value_usd[k], abs=1e-6)
    delta = values[layer_group("back")][COLUMN["vix_delta_usd_per_point"]]
    contracts = [sum(lot.quantity for lot in held_lots(output, row, 2)) for row in range(len(delta))]
    assert delta == pytest.approx(1000.0 * np.array(contracts))
    assert (
        np.abs(values[layer_group("back")][[COLUMN["vix_vega_usd_per_vol_point"], COLUMN["vix_theta_usd_per_day"]]]).max() == 0.0
    )


def test_requirement_and_quick_ratio_by_brute_force(output: BacktestOutput) -> None:
    """Net premium of each layer, 10,945 dollars a VX either side, longs at the bid and shorts at the ask, never below nothing."""
    result, margin = output.result, output.risk.margin
    for row in range(0, len(result.sessions), 6):
        index = result.first + row
        paid = bonds = worth = due = 0.0
        for layer in range(5):
            lots = held_lots(output, row, layer)
            options = [lot for lot in lots if not lot.is_future]
            cost = sum(lot.quantity * 100.0 * lot.open_price for lot in options)
            own = sum(abs(lot.quantity) * VX_MARGIN.initial_usd for lot in lots if lot.is_future)
            assert margin.layer_premium_usd[layer, row] == pytest.approx(cost)
            assert margin.layer_futures_usd[layer, row] == pytest.approx(own)
            fetch = 0.0
            if options:
                quotes = result.market.snapshot(index).quote(Legs.of([(lot.series, lot.strike, lot.right) for lot in options]))
                side = [
                    ask if lot.quantity < 0 else bid
                    for lot, bid, ask in zip(options, quotes.bid.tolist(), quotes.ask.tolist(), strict=True)
                ]
                fetch = max(sum(lot.quantity * 100.0 * price for lot, price in zip(options, side, strict=True)), 0.0)
            paid, bonds, worth, due = paid + cost, bonds + own, worth + fetch, due + max(cost - fetch, 0.0)
        assert margin.requirement_usd[row] == pytest.approx(margin.condor_usd[row] + paid + bonds)
        ratio = quick_ratio(
            cash_usd=float(result.record.cash_hedged_usd[row]),
            bills_usd=0.0,
            long_options_at_bid_usd=worth,
            requirement_usd=float(margin.widths_usd[row]) + bonds,
            debits_due_usd=due,
        )
        assert margin.quick_ratio[row] == pytest.approx(ratio.ratio)
    assert margin.futures_usd.max() > 0.0 and "futures at an assumed initial margin" in margin.convention


def test_buying_power_is_never_more_than_by_the_margin_rules(output: BacktestOutput) -> None:
    """The rules pool what the path keeps apart, so that they never ask for more; where nothing shares an expiry, for the same."""
    result, margin = output.result, output.risk.margin
    equal = 0
    for row in range(len(result.sessions)):
        index, snapshot = result.first + row, result.market.snapshot(result.first + row)
        held = [lot for lot in result.lots if lot.open_index <= index and not (lot.close_kind and lot.close_index <= index)]
        marks = snapshot.mark(Legs.of([(lot.series, lot.strike, lot.right) for lot in held]))
        inputs = MarginInputs(as_of=snapshot.session, mark=marks, spx=snapshot.spx, vix=snapshot.vix)
        power = float(result.record.equity_hedged_usd[row]) - strategy_margin(book_at(output, row), inputs).requirement_usd
        assert power >= margin.buying_power_usd[row] - 0.01, row
        equal += abs(power - float(margin.buying_power_usd[row])) < 0.01
    assert equal > 5


def test_flows_of_every_sleeve_add_up_to_what_it_made(output: BacktestOutput) -> None:
    result = output.result
    flows, net = sleeve_flows(result, output.risk.margin), output.attribution.pnl_usd.sum(axis=(1, 2))
    for k, name in enumerate(LAYERS):
        assert flows[f"layer {name}"].sum() == pytest.approx(net[k + 1], abs=0.01), name
        assert net[k + 1] == pytest.approx(layer_sums(result, k).net_usd, abs=0.01)
    assert flows["margined"].sum() == pytest.approx(net.sum(), abs=0.01)
    futures = flows["layer back"]
    first = int(np.flatnonzero(futures)[0])
    contracts = sum(lot.quantity for lot in held_lots(output, first, 2))
    assert futures[first] < -contracts * VX_MARGIN.initial_usd  # the margin goes in at the opening, beside its costs
    assert futures[first] > -contracts * (VX_MARGIN.initial_usd + 100.0)
    capital = on_mean_capital(result, output.attribution, output.risk.margin)
    assert all(capital[f"layer {name}"] is not None for name in LAYERS)


def test_the_carry_of_futures_is_their_convergence(output: BacktestOutput) -> None:
    """R57 with futures: no premium to fund and no time value to lose, but a curve to roll down, of bought and of sold ones."""
    result, market = output.result, output.market.market
    part = output.document["economics"]["hedge_capital_cost"]
    without = hedge_capital_cost(result, output.attribution, output.risk.margin)
    found = roll_down(result, output.attribution, market, vix=market.history.vix_close)
    assert part["carry_usd"] == pytest.approx(without.carry_usd - float(found.futures_usd.sum()))
    assert found.futures_usd[2] == pytest.approx(found.convergence_usd[2])
    assert abs(found.futures_usd[2].sum()) > 100.0 and abs(found.futures_usd[0].sum()) > 100.0
    days = np.diff(result.sessions).astype(np.float64)
    rate = market.bill_rate[result.first : result.first + len(result.sessions) - 1]
    funded = float(np.sum(output.risk.margin.premium_usd[:-1] * rate * days)) / 360.0
    assert part["funding_usd"] == pytest.approx(funded)  # margin lies in bills


def test_files_name_futures_as_futures(output: BacktestOutput, tmp_path: Path) -> None:
    output.write(tmp_path)
    with (tmp_path / "trades.csv").open(encoding="utf-8") as file:
        trades = list(csv.DictReader(file))
    futures = [row for row in trades if row["root"] == "VX"]
    assert futures and {(row["strike"], row["right"]) for row in futures} == {("", "")}
    assert {row["sleeve"] for row in trades if row["layer"] == "reserve"} == {"reserve"}
    assert {row["sleeve"] for row in trades if row["layer"] == "puts"} == {"hedge"}
    assert {row["right"] for row in trades if row["layer"] == "puts"} == {"P"}
    by_layer = {name: sum(float(row["pnl_usd"]) for row in trades if row["layer"] == name and row["pnl_usd"]) for name in LAYERS}
    open_lots = [lot for lot in output.result.lots if not lot.close_kind]
    for k, name in enumerate(LAYERS):
        still = sum(
            lot.quantity * lot.multiplier_usd * ((lot.marked if lot.is_future else 0.0) - lot.open_price) - lot.open_fees_usd
            for lot in open_lots
            if lot.layer == k
        )
        value = float(output.result.record.layer_value_usd[k, -1])
        assert by_layer[name] + still + value == pytest.approx(layer_sums(output.result, k).net_usd, abs=0.01), name
    with (tmp_path / "ledger.csv").open(encoding="utf-8") as file:
        ledger = list(csv.DictReader(file))
    assert {"variation", "open", "close"} <= {row["kind"] for row in ledger if row["layer"] == "2"}
    assert sum(float(row["cash_usd"]) for row in ledger) == pytest.approx(float(output.result.record.cash_hedged_usd[-1]) - 1e7)
    with (tmp_path / "equity.csv").open(encoding="utf-8") as file:
        assert {f"{name}_pnl_usd" for name in LAYERS} <= set(next(csv.reader(file)))
    with (tmp_path / "risk.csv").open(encoding="utf-8") as file:
        assert float(next(csv.DictReader(file))["margin_futures_usd"]) == output.risk.margin.futures_usd[0]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'data-testid="table-discipline"' in page and 'data-testid="table-roll-down"' in page
    assert "VIX calls, VIX call spreads, VX futures and SPX put spreads as one book" in page
    json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))


def test_settlements_keep_futures_apart_from_the_calls_of_their_expiry(output: BacktestOutput) -> None:
    rows = settlement_rows(output.result)
    settled = [lot for lot in output.result.lots if lot.close_kind == "settled"]
    assert sum(row["contracts"] for row in rows) == sum(abs(lot.quantity) for lot in settled)
    assert sum(row["series"].startswith("VX ") for row in rows) == len({lot.series for lot in settled if lot.is_future})


def test_the_summary_says_what_a_layer_holds(output: BacktestOutput) -> None:
    rows = dict(summary_rows(output.document))
    assert "VX futures, got" in rows["layer back"] and "paid" not in rows["layer back"]
    assert "VIX call spreads, paid" in rows["layer mid"]
    assert "SPX put spreads" in rows["layer puts"]
    assert "acted on" in rows["rule lock"]
    assert words("etns_of_tomorrow") == "etns of tomorrow"
    assert all_words(["vix_calls", "vix_calls"]) == "VIX calls" and all_words([]) == ""
