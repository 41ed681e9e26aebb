"""When elements fire, against what the market, the ledger and the roll calendar say by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.helpers.ablation import policy_with, rule, with_layer
from tests.helpers.books import shipped, synthetic_market

from alvh.core.days import iso
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import Monetise, NeutralityLimit, Policy, QuickRatioLimit, Roll, SpreadLimit, StewardLimit
from alvh.strategy.schedule import entry_days
from alvh.study.ablate.firing import Watch, unknown_sessions

MARKET = synthetic_market(420, stress=True)
DAYS = MARKET.sessions
VIX = MARKET.signal("vix")
ENTRY = entry_days(shipped().condor.entry, DAYS)
HIGH = Compare(signal="vix", above=20.0)


def watched(policy: Policy) -> tuple[BacktestResult, dict[str, list[str]], Watch]:
    watch = Watch(policy)
    result = run_backtest(policy, MARKET, start=int(DAYS[0]), end=int(DAYS[-1]), fee_usd=fee_usd, watch=watch.see)
    return result, watch.fired(result), watch


def dates(where: np.ndarray) -> list[str]:
    return [iso(day) for day in DAYS[where]]


def rolled(result: BacktestResult, start: str, *, actions: tuple[str, ...] = ()) -> list[str]:
    """Sessions of the roll calendar whose reason begins so, with one of these actions."""
    lines = [line for line in result.roll_lines if line.reason.startswith(start) and (not actions or line.action in actions)]
    return sorted({iso(line.session) for line in lines})


def test_skipped_entries_and_the_gate_are_entry_days_on_which_they_hold() -> None:
    skip = policy_with((rule("skip", "skip_condor_entry", HIGH),))
    assert watched(skip)[1] == {"skip": dates(ENTRY & (VIX > 20.0))}
    assert len(dates(ENTRY & (VIX > 20.0))) > 3
    gated = replace(shipped(), condor=replace(shipped().condor, gate_max_vix=20.0))
    assert watched(gated)[1] == {"condor.gate_max_vix": dates(ENTRY & (VIX > 20.0))}


def test_a_rule_with_the_gate_s_id_is_not_the_gate() -> None:
    policy = policy_with((rule("skip", "skip_condor_entry", Compare(signal="vix", above=18.0), rule_id="R33"),))
    policy = replace(policy, condor=replace(policy.condor, gate_max_vix=22.0))
    found = watched(policy)[1]
    assert found["condor.gate_max_vix"] == dates(ENTRY & (VIX > 22.0))
    assert found["skip"] == dates(ENTRY & (VIX > 18.0) & ~(VIX > 22.0))


def test_rolls_sales_and_switches_are_the_lines_of_the_roll_calendar() -> None:
    rules = (
        rule("on", "activate", Compare(signal="vix", above=19.0)),
        rule("off", "stand_down", Compare(signal="vix", below=14.0)),
        rule("trim", "close_layers", Compare(signal="vix", above=24.0), cool_down_sessions=10),
        rule("roll", "roll_layers", Compare(signal="vix", above=22.0), cool_down_sessions=5, layers=("front",)),
    )
    policy = with_layer(policy_with(rules, presence="activated"), "front", roll=Roll(kind="days_or_trigger", days=7))
    result, found, watch = watched(policy)
    assert found["on"] == rolled(result, "on: ")
    assert found["trim"] == rolled(result, "trim: ")
    assert found["roll"] == rolled(result, "roll: ")
    assert set(rolled(result, "off: ")) <= set(found["off"])  # a layer that holds nothing is stood down without a trade
    assert all(found.values())
    held = np.zeros(len(DAYS), dtype=np.bool_)
    stranded = {entry.lot: entry.market_row for entry in result.ledger.entries if entry.kind == "strand"}
    for lot in result.lots:  # a lot counts from its opening to the close before it is gone, or before nobody would buy it
        if lot.layer >= 0:
            held[lot.open_index : stranded.get(lot.lot_id, lot.close_index if lot.close_kind else len(DAYS))] = True
    assert watch.hedged_sessions == int(held.sum())
    assert 0 < watch.hedged_sessions < len(DAYS)


def test_rolls_held_back_are_those_that_happen_later() -> None:
    plain = watched(policy_with())[0]
    policy = policy_with((rule("wait", "delay_rolls", HIGH, most_sessions=2),))
    result, found, _ = watched(policy)
    due = {line.session for line in plain.roll_lines if line.scheduled and line.reason.startswith(("roll due", "first"))}
    begun = {day for day, high in zip(DAYS.tolist(), (VIX > 20.0).tolist(), strict=True) if high and day in due}
    assert {iso(day) for day in begun} <= set(found["wait"])
    assert set(found["wait"]) <= set(dates(VIX > 20.0))
    late = [line for line in result.roll_lines if "held back" in line.reason]
    assert late
    assert result.counters.held_back["R35"] >= len(found["wait"])


@pytest.mark.parametrize("ratio", ["by_regime", "by_signal"])
def test_a_flexed_ratio_fires_where_a_layer_is_sized_by_it(ratio: str) -> None:
    policy = policy_with((rule("flex", "flex_ratio", HIGH, factor=0.5, layers=("front",)),), ratio=ratio)
    result, found, _ = watched(policy)
    sized = {line.session for line in result.roll_lines if line.layer == 0}
    assert found["flex"] == [iso(day) for day in sorted(sized) if VIX[np.searchsorted(DAYS, day)] > 20.0]
    assert found["flex"]


def test_factors_that_hold_at_once_both_fire() -> None:
    rules = (
        rule("half", "flex_ratio", HIGH, factor=0.5),
        rule("more", "flex_ratio", Compare(signal="vix", above=23.0), factor=2.0),
    )
    result, found, _ = watched(policy_with(rules, ratio="by_regime"))
    sized = sorted({line.session for line in result.roll_lines})
    for name, level in (("half", 20.0), ("more", 23.0)):
        assert found[name] == [iso(day) for day in sized if VIX[np.searchsorted(DAYS, day)] > level]
        assert found[name]


def test_a_window_that_is_shifted_fires_at_scheduled_rolls_too() -> None:
    policy = policy_with((rule("later", "time_shift", HIGH, layers=("mid",)),))
    policy = with_layer(policy, "mid", roll=Roll(kind="every_days", days=21))
    result, found, _ = watched(policy)
    mid = sorted({line.session for line in result.roll_lines if line.layer == 1})
    assert found["later"] == [iso(day) for day in mid if VIX[np.searchsorted(DAYS, day)] > 20.0]
    assert found["later"]


def test_winners_that_are_sold_and_purchases_that_gains_do_not_pay() -> None:
    policy = with_layer(policy_with(), "front", monetise=Monetise(multiple=1.5, fraction_pct=50.0))
    policy = with_layer(policy, "back", funded_by="gains")
    result, found, _ = watched(policy)
    assert found["hedge.layer.front.monetise"] == rolled(result, "worth 1.5 times")
    cut = sorted({iso(day) for day, what, text in result.refusals if what == "R47" and text.startswith("back")})
    assert found["hedge.layer.back.funded_by"] == cut
    assert all(found.values())


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        ({"spread": SpreadLimit(max_pct=12.0)}, "R45"),
        ({"steward": StewardLimit(max_premium_pct=0.05, max_capital_pct=None)}, "R46"),
        ({"quick_ratio": QuickRatioLimit(floor=6.0)}, "R48"),
        ({"neutrality": NeutralityLimit(max_delta_pct=0.3)}, "R44"),
    ],
    ids=["spread", "steward", "quick ratio", "neutrality"],
)
def test_limits_fire_where_they_refused_cut_or_traded(limit: dict[str, Any], refused: str) -> None:
    (name,) = limit
    result, found, _ = watched(replace(policy_with(), limits=replace(shipped().limits, **limit)))
    barred = {iso(day) for day, what, _ in result.refusals if what == refused}
    traded = {iso(line.session) for line in result.roll_lines if line.action == "neutral"}
    assert found == {f"limits.{name}": sorted(barred | traded)}
    assert barred
    assert bool(traded) == (name == "neutrality")


def test_sessions_without_a_signal_are_counted_by_rule() -> None:
    warming = Compare(signal="vix_to_mean_20", above=1.1)
    policy = policy_with(
        (rule("blind", "rebalance", warming, when_missing="off"), rule("seeing", "rebalance", HIGH, when_missing="off"))
    )
    result, _, _ = watched(policy)
    assert unknown_sessions(result) == {"blind": {"sessions": 19, "first": iso(DAYS[0]), "last": iso(DAYS[18])}}
