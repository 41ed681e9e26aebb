"""A run's exposures, coverage and margin through time against its own record, snapshots one by one and the margin rules."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.app.wiring import BacktestOutput, run_backtest
from alvh.core.days import to_date
from alvh.market.market import Legs
from alvh.market.positions import NOT_OPENED, Positions
from alvh.results.economics import (
    hedge_capital_cost,
    months_of,
    on_mean_capital,
    sleeve_flows,
    spread_rows,
)
from alvh.results.risk_file import write_risk_csv
from alvh.results.through_time import exposures_document, layer_group, lots_of, margin_document, sleeves
from alvh.risk.betas import TenorBetas
from alvh.risk.coverage import coverage
from alvh.risk.exposures import COLUMN, COLUMNS, exposures
from alvh.risk.margin import MarginInputs, quick_ratio, strategy_margin


@pytest.fixture(scope="module")
def output() -> BacktestOutput:
    return run_backtest("alvh-442", data="sample", start=date(2018, 1, 3), end=date(2018, 4, 30), price_range=False)


def book_at(output: BacktestOutput, row: int) -> Positions:
    """The lots held at a close of the run, as a book."""
    result = output.result
    lots, table = lots_of(result), result.market.series
    held = np.flatnonzero((lots.opened <= result.first + row) & (lots.ended > result.first + row))
    chosen = [result.lots[k] for k in held.tolist()]
    days = result.market.sessions
    return Positions(
        root=tuple(table.roots[lot.series] for lot in chosen),
        expiry=table.expiry[lots.series[held]],
        strike=lots.strike[held],
        right=lots.right[held].astype(np.int64),
        quantity=np.array([float(lot.quantity) for lot in chosen]),
        opened=np.array([int(days[lot.open_index]) if lot.layer < 0 else NOT_OPENED for lot in chosen], dtype=np.int64),
        open_price=np.array([lot.open_price for lot in chosen]),
        sleeve=tuple("condor" if lot.layer < 0 else "hedge" for lot in chosen),
        layer=tuple("" if lot.layer < 0 else f"{lot.layer}" for lot in chosen),
    )


def test_every_close_is_the_snapshot_of_its_book(output: BacktestOutput) -> None:
    result, path = output.result, output.risk.exposures
    nothing = TenorBetas.stated([30.0], [1.0])
    raw = [name for name in COLUMNS if "equivalent" not in name and "net_usd" not in name]
    for row in range(0, len(result.sessions), 9):
        found = exposures(result.market.snapshot(result.first + row), book_at(output, row), result.market.series, nothing)
        whole = sleeves(output.risk)["book"][:, row]
        for name in raw:
            assert whole[COLUMN[name]] == pytest.approx(found.book()[name], rel=1e-9, abs=1e-7), (row, name)
        cover = coverage(found)
        if cover.net_naive is not None:
            assert output.risk.coverage.net_naive[row] == pytest.approx(cover.net_naive, rel=1e-9)
            assert output.risk.coverage.short_naive[row] == pytest.approx(cover.short_naive, rel=1e-9)
    assert path.groups == ("condor", *(layer_group(layer.name) for layer in result.policy.hedge.layers))


def test_values_are_the_record(output: BacktestOutput) -> None:
    record, values = output.result.record, sleeves(output.risk)
    for k, layer in enumerate(output.result.policy.hedge.layers):
        assert values[layer_group(layer.name)][COLUMN["value_usd"]] == pytest.approx(record.layer_value_usd[k], abs=1e-6)
    condor = record.equity_unhedged_usd - record.cash_unhedged_usd
    assert values["condor"][COLUMN["value_usd"]] == pytest.approx(condor, abs=1e-6)


def test_the_condors_ask_for_what_they_were_sized_on(output: BacktestOutput) -> None:
    assert output.risk.margin.condor_usd == pytest.approx(output.result.record.risk_capital_usd, abs=1e-6)


def test_buying_power_is_that_of_the_margin_rules(output: BacktestOutput) -> None:
    """Equity less Reg-T's requirement at the marks, where every condor is on an expiry of its own; never less than here."""
    result, margin = output.result, output.risk.margin
    equal = 0
    for row in range(len(result.sessions)):
        book, snapshot = book_at(output, row), result.market.snapshot(result.first + row)
        lots = lots_of(result)
        held = (lots.opened <= result.first + row) & (lots.ended > result.first + row)
        marks = snapshot.mark(Legs(series=lots.series[held], strike=lots.strike[held], right=lots.right[held]))
        inputs = MarginInputs(as_of=snapshot.session, mark=marks, spx=snapshot.spx, vix=snapshot.vix)
        report = strategy_margin(book, inputs)
        power = float(result.record.equity_hedged_usd[row]) - report.requirement_usd
        assert power >= margin.buying_power_usd[row] - 0.01
        condors = {(int(e), int(o)) for e, o, s in zip(book.expiry, book.opened, book.sleeve, strict=True) if s == "condor"}
        if len({expiry for expiry, _ in condors}) == len(condors):
            equal += 1
            assert power == pytest.approx(margin.buying_power_usd[row], abs=0.01)
    assert equal > 10


def test_requirement_and_quick_ratio_by_brute_force(output: BacktestOutput) -> None:
    result, margin = output.result, output.risk.margin
    for row in range(0, len(result.sessions), 7):
        index = result.first + row
        held = [lot for lot in result.lots if lot.open_index <= index and not (lot.close_kind and lot.close_index <= index)]
        calls = [lot for lot in held if lot.layer >= 0]
        paid = sum(lot.quantity * 100.0 * lot.open_price for lot in calls)
        assert margin.premium_usd[row] == pytest.approx(paid)
        bid, due = 0.0, 0.0
        for layer in range(len(result.policy.hedge.layers)):
            own = [lot for lot in calls if lot.layer == layer]
            legs = Legs.of([(lot.series, lot.strike, lot.right) for lot in own])
            worth = (
                float(np.dot([100.0 * lot.quantity for lot in own], result.market.snapshot(index).quote(legs).bid))
                if own
                else 0.0
            )
            bid += worth
            due += max(sum(100.0 * lot.quantity * lot.open_price for lot in own) - worth, 0.0)
        widths = 0.0
        for group in {lot.group for lot in held if lot.layer < 0}:
            strikes = {(lot.right, lot.quantity > 0): lot for lot in held if lot.layer < 0 and lot.group == group}
            if len(strikes) == 4:
                sides = [abs(strikes[(r, True)].strike - strikes[(r, False)].strike) for r in (-1, 1)]
                widths += max(sides) * strikes[(1, True)].quantity * 100.0
        assert margin.widths_usd[row] == pytest.approx(widths)
        ratio = quick_ratio(
            cash_usd=float(result.record.cash_hedged_usd[row]),
            bills_usd=0.0,
            long_options_at_bid_usd=bid,
            requirement_usd=widths,
            debits_due_usd=due,
        )
        assert margin.quick_ratio[row] == pytest.approx(ratio.ratio)


def test_documents_are_plain_json_and_add_up(output: BacktestOutput) -> None:
    document = output.document
    json.dumps(document, allow_nan=False)
    assert document["exposures"] == exposures_document(output.risk)
    assert document["margin"] == margin_document(output.risk, output.result)
    last = document["exposures"]["last"]
    for column in COLUMNS:
        parts = [last[name][column] for name in last if name not in ("hedge", "book")]
        if all(part is not None for part in parts):
            assert last["book"][column] == pytest.approx(sum(parts), rel=1e-9, abs=1e-9)
    margin = document["margin"]
    assert margin["maximum_usd"] == pytest.approx(float(output.risk.margin.requirement_usd.max()))
    covered = document["exposures"]["coverage"]["net_naive"]
    values = output.risk.coverage.net_naive
    assert covered["median"] == pytest.approx(float(np.nanmedian(values)))
    inside = (values >= 0.4) & (values <= 0.6)
    assert covered["share_in_band"] == pytest.approx(inside.sum() / np.isfinite(values).sum())


def test_flows_of_the_sleeves_add_up_to_what_they_made(output: BacktestOutput) -> None:
    """At a rate of nothing every sleeve's flows are its attributed profit: the identity behind each XIRR."""
    result, attribution = output.result, output.attribution
    flows = sleeve_flows(result, output.risk.margin)
    net = attribution.pnl_usd.sum(axis=(1, 2))
    assert flows["condor"].sum() == pytest.approx(net[0], abs=0.01)
    for k, layer in enumerate(result.policy.hedge.layers):
        assert flows[f"layer {layer.name}"].sum() == pytest.approx(net[k + 1], abs=0.01)
    assert flows["hedge"].sum() == pytest.approx(net[1:].sum(), abs=0.01)
    assert flows["margined"].sum() == pytest.approx(net.sum(), abs=0.01)
    account = result.policy.account.equity_usd
    assert flows["book_hedged"].sum() == pytest.approx(float(result.record.equity_hedged_usd[-1]) - account)


def test_capital_cost_and_returns_on_capital_are_one_account(output: BacktestOutput) -> None:
    cost = hedge_capital_cost(output.result, output.attribution, output.risk.margin)
    back = on_mean_capital(output.result, output.attribution, output.risk.margin)["hedge"]
    assert back is not None and cost.rate_realised is not None
    without_funding = cost.rate_realised - cost.funding_usd / cost.capital_usd / cost.years
    assert without_funding == pytest.approx(-back)


def test_cost_of_credit_by_regime_holds_every_dollar(output: BacktestOutput) -> None:
    rows = output.document["economics"]["cost_of_credit_by_vix"]
    assert sum(row["credit_usd"] for row in rows) == pytest.approx(output.document["condors"]["credit_usd"])
    assert sum(row["hedge_cost_usd"] for row in rows) == pytest.approx(-output.document["hedge"]["net_usd"])
    assert sum(row["months"] for row in rows) == 4 == int(months_of(output.result.sessions)[-1]) + 1


def test_spread_rows_come_from_the_runs_given(output: BacktestOutput) -> None:
    run = (output.result, output.attribution, output.risk.margin)
    rows = spread_rows({2.0: run, 1.0: run})
    assert [row.multiple for row in rows] == [1.0, 2.0]
    assert rows[0].hedge_net_usd == pytest.approx(output.document["hedge"]["net_usd"])
    assert rows[0].condor_net_usd == pytest.approx(output.document["condors"]["net_usd"])


def test_risk_file_has_a_row_a_session(output: BacktestOutput, tmp_path: Path) -> None:
    with write_risk_csv(output.risk, tmp_path / "risk.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["session"] for row in rows] == [to_date(day).isoformat() for day in output.result.sessions]
    assert float(rows[-1]["margin_requirement_usd"]) == float(output.risk.margin.requirement_usd[-1])
    assert "nan" not in ",".join(rows[0].values())


def test_a_book_without_hedge_has_no_coverage_to_speak_of() -> None:
    found = run_backtest("no-hedge", data="sample", start=date(2018, 1, 3), end=date(2018, 2, 28), price_range=False)
    assert float(np.abs(found.risk.margin.premium_usd).max()) == 0.0
    assert found.document["economics"]["hedge_capital_cost"]["carry_per_year"] is None
    assert found.document["exposures"]["coverage"]["net_naive"]["median"] == 0.0
    assert found.document["economics"]["xirr"]["hedge"]["note"] == "nothing was paid or received"
