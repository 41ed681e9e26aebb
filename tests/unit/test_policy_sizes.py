"""Solved hedge sizes in a run: what is held after a roll meets the target, by exposures and stress computed on the lots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import shipped, synthetic_market

from alvh.core.errors import ConfigError
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.engine.hedge_size import BOUND, STATED_BETAS
from alvh.market.positions import Positions
from alvh.market.scenarios import Scenarios
from alvh.models.model_market import ModelMarket
from alvh.risk.betas import PUBLISHED, RollingBetas, TenorBetas
from alvh.risk.costs import hedge_cost
from alvh.risk.coverage import coverage, notional
from alvh.risk.exposures import exposures
from alvh.risk.stress import response_with, stress
from alvh.strategy.conditions import Compare
from alvh.strategy.explain import idle_keys
from alvh.strategy.policy import Action, AdaptiveRule, CondorSize, HedgeSize, Policy, Roll
from alvh.strategy.policy_file import load_policy

FIRST, LAST = 40, 200
LOTS = 300
"""Condor lots of one entry: so many that whole contracts are within a half per cent of the exact size."""


def market() -> ModelMarket:
    return synthetic_market(260)


def policy(size: HedgeSize, *, together: bool = True, rules: tuple[AdaptiveRule, ...] = ()) -> Policy:
    """The default book, large; ``together``: every layer rolls each week and is struck anew, so that all are sized at once."""
    base = shipped()
    layers = base.hedge.layers
    if together:
        layers = tuple(replace(layer, roll=Roll(days=7), same_expiry="restrike") for layer in layers)
    condor = replace(base.condor, size=CondorSize(kind="fixed_lots", lots=LOTS))
    return replace(base, condor=condor, hedge=replace(base.hedge, size=size, layers=layers), rules=rules)


def run(made: Policy, *, betas: RollingBetas | None = None) -> BacktestResult:
    sessions = market().sessions
    return run_backtest(made, market(), start=int(sessions[FIRST]), end=int(sessions[LAST]), fee_usd=fee_usd, betas=betas)


def held(result: BacktestResult, index: int) -> Positions:
    """The lots open after the close of a market row, as positions; calls that found no bid no longer count in their layer."""
    lots = [lot for lot in result.lots if lot.open_index <= index and (not lot.close_kind or lot.close_index > index)]
    stranded = {entry.lot: entry.market_row for entry in result.ledger.entries if entry.kind == "strand"}
    lots = [lot for lot in lots if lot.layer < 0 or stranded.get(lot.lot_id, index + 1) > index]
    series, names = market().series, [layer.name for layer in result.policy.hedge.layers]
    return Positions(
        root=tuple(series.roots[lot.series] for lot in lots),
        expiry=np.array([series.expiry[lot.series] for lot in lots]),
        strike=np.array([lot.strike for lot in lots]),
        right=np.array([lot.right for lot in lots]),
        quantity=np.array([float(lot.quantity) for lot in lots]),
        opened=np.array([market().sessions[lot.open_index] for lot in lots]),
        open_price=np.array([lot.open_price for lot in lots]),
        sleeve=tuple("condor" if lot.layer < 0 else "hedge" for lot in lots),
        layer=tuple("" if lot.layer < 0 else names[lot.layer] for lot in lots),
    )


def rolled_together(result: BacktestResult) -> list[int]:
    """Market rows at which all three layers were set at once, with a condor open."""
    rows: dict[int, int] = {}
    for line in result.roll_lines:
        if line.action in ("open", "roll"):
            rows[line.session] = rows.get(line.session, 0) + 1
    index = {int(day): k for k, day in enumerate(market().sessions)}
    chosen = [index[session] for session, count in rows.items() if count == 3]
    return [row for row in chosen if any(name == "condor" for name in held(result, row).sleeve)]


@pytest.mark.parametrize(
    ("against", "beta", "name"),
    [
        ("net", "adjusted", "net_adjusted"),
        ("net", "naive", "net_naive"),
        ("short_legs", "adjusted", "short_adjusted"),
        ("short_legs", "naive", "short_naive"),
    ],
)
def test_a_vega_target_covers_what_it_says(against: str, beta: str, name: str) -> None:
    result = run(policy(HedgeSize(kind="vega_target", coverage_pct=40.0, against=against, beta=beta)))
    rows = rolled_together(result)
    assert len(rows) > 15
    for row in rows:
        book = held(result, row)
        found = coverage(exposures(market().snapshot(row), book, market().series, PUBLISHED))
        assert getattr(found, name) == pytest.approx(0.40, rel=0.01), row


def test_a_stress_target_gains_its_share() -> None:
    result = run(policy(HedgeSize(kind="stress_target", share_pct=30.0, decay_budget_pct=None)))
    for row in rolled_together(result):
        book = held(result, row)
        found = stress(market().snapshot(row), market().series, book, Scenarios.of(-0.08, 18.0), response_with(PUBLISHED))
        by_sleeve = found.by_sleeve()
        assert float(by_sleeve["hedge"][0]) == pytest.approx(-0.30 * float(by_sleeve["condor"][0]), rel=0.01)


def test_the_budget_holds_and_is_counted_where_it_binds() -> None:
    result = run(policy(HedgeSize(kind="stress_target", share_pct=200.0, decay_budget_pct=10.0)))
    assert result.counters.held_back[BOUND] > 0
    for row in rolled_together(result):
        snapshot, book = market().snapshot(row), held(result, row)
        base = notional(exposures(snapshot, book, market().series, PUBLISHED))
        calls = book.rows(np.array([name == "hedge" for name in book.sleeve]))
        spent = 0.0
        for name in dict.fromkeys(calls.layer):
            layer = calls.rows(np.array([each == name for each in calls.layer]))
            cost = hedge_cost(snapshot, layer, market().series, base)
            spent += cost.decay_usd * 30.0 / min(30.0, float(layer.expiry[0] - snapshot.session))
        assert spent <= 0.10 * 30.0 * base.credit_per_day_usd + 1e-6
        assert spent >= 0.09 * 30.0 * base.credit_per_day_usd


def test_a_capital_share_is_spent_on_premium() -> None:
    result = run(policy(HedgeSize(kind="capital_share", share_pct=8.0)))
    for row in rolled_together(result):
        book = held(result, row)
        found = exposures(market().snapshot(row), book, market().series, PUBLISHED)
        assert found.by_sleeve()["hedge"]["value_usd"] == pytest.approx(80_000.0, rel=0.01)


def test_betas_are_read_at_the_close_and_not_after_it() -> None:
    """Twice the beta from a session on: not a trade before it differs, and the sizes after it halve."""
    sessions, change = market().sessions, 120
    low = TenorBetas.stated([30.0, 90.0], [0.4, 0.2])
    one = RollingBetas.of_stated(sessions, low)
    later = np.arange(len(sessions))[:, None] >= change
    two = replace(one, beta=np.where(later, 2.0 * one.beta, one.beta))
    first, second = (run(policy(HedgeSize(kind="vega_target")), betas=betas) for betas in (one, two))
    early = [[entry for entry in result.ledger.entries if entry.market_row < change] for result in (first, second)]
    assert early[0] == early[1]
    rows = [row for row in rolled_together(first) if row >= change]
    assert rows
    for row in rows:
        quantities = [held(result, row) for result in (first, second)]
        calls = [float(book.quantity[np.array(book.sleeve) == "hedge"].sum()) for book in quantities]
        assert calls[1] == pytest.approx(0.5 * calls[0], rel=0.02)


def test_stated_betas_are_counted() -> None:
    assert run(policy(HedgeSize(kind="vega_target"))).counters.held_back[STATED_BETAS] > 0
    measured = replace(
        RollingBetas.of_stated(market().sessions, PUBLISHED), measured_on=np.ones((len(market().sessions), 4), dtype=np.int64)
    )
    assert STATED_BETAS not in run(policy(HedgeSize(kind="vega_target")), betas=measured).counters.held_back


def test_rebalance_brings_layers_to_target_outside_the_band_only() -> None:
    """Weekly lots change the target while the layers roll rarely: with a rule that always holds, the band decides."""
    always = Compare(signal="vix", above=0.0)
    made = policy(HedgeSize(kind="per_condor"), together=False)
    made = replace(
        made, hedge=replace(made.hedge, layers=tuple(replace(layer, roll=Roll(days=90)) for layer in made.hedge.layers))
    )
    trades: list[int] = []
    for band in (0.0, 30.0):
        rule = AdaptiveRule(name="size", rule_id="R35", when=always, then=Action(kind="rebalance", dead_band_pct=band))
        result = run(replace(made, rules=(rule,)))
        checked = 0
        settled = {lot.close_index for lot in result.lots if lot.close_kind == "settled"}  # after the day's decisions
        for row in range(FIRST + 30, LAST):
            if row in settled:
                continue
            book = held(result, row)
            lots = -float(book.quantity[(np.array(book.sleeve) == "condor") & (book.quantity < 0)].sum()) / 2.0
            for layer in made.hedge.layers:
                count = float(book.quantity[np.array(book.layer) == layer.name].sum())
                if count:
                    assert abs(count - layer.ratio * lots) <= band / 100.0 * layer.ratio * lots + 1e-9
                    checked += 1
        assert checked > 100
        trades.append(len([line for line in result.roll_lines if line.action == "resize" and line.quantity]))
    assert trades[0] > 10 and trades[1] < trades[0]


def test_a_rebalance_inside_its_band_leaves_no_line() -> None:
    always = AdaptiveRule(
        name="size", rule_id="R35", when=Compare(signal="vix", above=0.0), then=Action(kind="rebalance", dead_band_pct=100.0)
    )
    plain, ruled = run(policy(HedgeSize())), run(policy(HedgeSize(), rules=(always,)))
    assert [line.action for line in ruled.roll_lines].count("resize") <= len(ruled.roll_lines) // 10
    assert len(plain.roll_lines) > 0


@pytest.mark.parametrize("name", ["vega-50", "stress-target"])
def test_presets_run_and_differ_from_the_default(name: str) -> None:
    made = load_policy(name).policy
    sessions = market().sessions
    result = run_backtest(made, market(), start=int(sessions[FIRST]), end=int(sessions[LAST]), fee_usd=fee_usd)
    assert any(lot.layer >= 0 for lot in result.lots)
    assert "hedge.size.per_usd" in idle_keys(made)
    assert made.hedge.layers == shipped().hedge.layers and made.condor == shipped().condor


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kind = "vega_target"\nreference = "planned"', "solved on the condors that are open"),
        ('kind = "capital_share"', "premium of 25 % of the account"),
        ('kind = "stress_target"\nstress = {spx_pct = 4, vix_points = -3}', "nothing that VIX calls hedge"),
        ('kind = "vega_target"\ncoverage_pct = 0', "coverage_pct"),
        ('kind = "vega-target"', "vega_target"),
    ],
)
def test_contradictions_are_refused_by_key(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'schema = 1\nextends = "alvh-442"\n[hedge.size]\n{text}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    assert words in str(caught.value) + caught.value.where + caught.value.todo
