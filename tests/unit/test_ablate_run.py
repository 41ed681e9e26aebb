"""A whole ablation on a synthetic market, against runs and figures worked out beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.ablation import policy_with, prepared, rule, with_layer
from tests.helpers.books import run_book, shipped, synthetic_market

from alvh.core.errors import DataMissing, InternalError, UsageError
from alvh.engine.backtest import BacktestResult
from alvh.models.model_market import model_market
from alvh.models.price_case import CASES
from alvh.results.attribution import attribute
from alvh.results.document import build_document as backtest_document
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import Account, Monetise, Policy
from alvh.strategy.policy_file import load_policy
from alvh.study.ablate import run as module
from alvh.study.ablate.document import build_document, fired_rows, variant_rows
from alvh.study.ablate.prepared import CaseMarket, Prepared
from alvh.study.ablate.run import Ablation, Outcome, ablate
from alvh.study.ablate.sentences import headline, remarks
from alvh.study.ablate.variants import FIXED, FULL

HIGH, LOW = Compare(signal="vix", above=20.0), Compare(signal="vix", below=15.0)
SKIP, FLEX, TRIM = rule("skip", "skip_condor_entry", HIGH), rule("flex", "flex_ratio", LOW), rule("trim", "close_layers", HIGH)
PRICES = {"source": "model", "error": "as the test says", "reference": "none", "range": "not measured"}


def book() -> Policy:
    policy = policy_with((SKIP, FLEX, TRIM), ratio="by_regime")
    return with_layer(policy, "front", monetise=Monetise(multiple=1.5))


def unused() -> Prepared:
    raise AssertionError("nothing is loaded anew in a worker that inherits, or where there is none")


def ablated(policy: Policy, folder: Path | None = None, **more: Any) -> Ablation:
    market = more.pop("market", None)
    options = {"load": unused, "processes": 1, "repeats": 100, **more}
    return ablate(policy, prepared(folder) if market is None else market, **options)


def document(found: Ablation) -> dict[str, Any]:
    return build_document(found, data={"sessions": 420, "from": "a", "to": "b"}, prices=PRICES, timing={})


@pytest.fixture(scope="module")
def whole() -> Ablation:
    return ablated(book())


def by_hand() -> dict[str, Policy]:
    """The same variants, written out."""
    full, base = book(), shipped()
    front = with_layer(base, "front", monetise=Monetise(multiple=1.5))
    flexed = replace(base, hedge=replace(base.hedge, ratio="by_regime"))
    return {
        FULL: full,
        FIXED: base,
        "without skip": replace(full, rules=(FLEX, TRIM)),
        "without flex": replace(full, rules=(SKIP, TRIM)),
        "without trim": replace(full, rules=(SKIP, FLEX)),
        "without hedge.layer.front.monetise": with_layer(full, "front", monetise=None),
        "with skip": replace(base, rules=(SKIP,)),
        "with flex": replace(flexed, rules=(FLEX,)),
        "with trim": replace(base, rules=(TRIM,)),
        "with hedge.layer.front.monetise": front,
    }


def outcome_of(found: Ablation, name: str) -> tuple[Outcome, dict[str, Any]]:
    outcome = found.named(name)
    assert outcome.run is not None
    return outcome, dict(outcome.run.figures)


def test_every_variant_is_the_run_of_the_policy_written_out(whole: Ablation) -> None:
    assert [one.variant.name for one in whole.outcomes] == list(by_hand())
    market = synthetic_market(420, stress=True)
    for name, policy in by_hand().items():
        outcome, _ = outcome_of(whole, name)
        assert outcome.run is not None
        straight = run_book(market, policy)
        np.testing.assert_array_equal(outcome.run.equity_hedged_usd, straight.record.equity_hedged_usd, err_msg=name)
        np.testing.assert_array_equal(outcome.run.equity_unhedged_usd, straight.record.equity_unhedged_usd, err_msg=name)


def test_figures_are_those_of_the_backtest_s_own_document(whole: Ablation) -> None:
    for name in (FULL, FIXED, "with skip"):
        result = run_book(synthetic_market(420, stress=True), by_hand()[name])
        straight = backtest_document(result, attribute(result), policy_sha256="", data={}, timing={})
        _, ours = outcome_of(whole, name)
        hedged = straight["runs"]["hedged"]
        assert ours["max_drawdown"] == hedged["max_drawdown"]
        assert ours["expected_shortfall_95"] == hedged["expected_shortfall_95"]
        assert ours["total_return"] == hedged["total_return"]
        assert ours["hedge_net_usd"] == pytest.approx(straight["hedge"]["net_usd"], abs=1e-6)
        assert ours["condor_net_usd"] == pytest.approx(straight["condors"]["net_usd"], abs=1e-6)
        carry = straight["hedge"]["cost_pct_per_month"]
        assert ours["carry_pct_per_month"] == pytest.approx(carry["index_notional"], rel=1e-9)
        assert ours["carry_pct_of_credit"] == pytest.approx(carry["credit"], rel=1e-9)


def test_differences_are_plain_dollars_a_year(whole: Ablation) -> None:
    rows = {row["name"]: row for row in document(whole)["variants"]}
    for name, reference in (("with flex", FIXED), ("without trim", FULL), (FIXED, FULL)):
        ours, theirs = (run_book(synthetic_market(420, stress=True), by_hand()[one]) for one in (name, reference))
        gap = float(ours.record.equity_hedged_usd[-1] - theirs.record.equity_hedged_usd[-1])
        expected = gap / 1_000_000.0 / 420 * 252 * 100.0
        assert rows[name]["difference"]["estimate"] == pytest.approx(expected, rel=1e-9)
        assert rows[name]["difference"]["unit"] == "% of account a year"
        assert rows[name]["against_reference"]["total_return"] == pytest.approx(gap / 1_000_000.0, abs=1e-12)


def test_episodes_and_periods_are_sums_of_dollars(whole: Ablation) -> None:
    result: BacktestResult = run_book(synthetic_market(420, stress=True), book())
    equity, bare = result.record.equity_hedged_usd, result.record.equity_unhedged_usd
    days = np.array(result.sessions, dtype="datetime64[D]")
    first, last = (int(np.searchsorted(days, np.datetime64(day))) for day in ("2015-08-10", "2015-09-29"))
    _, figures = outcome_of(whole, FULL)
    row = figures["episodes"]["Aug 2015"]
    assert row["pnl_usd"] == pytest.approx(equity[last] - equity[first])
    assert row["condor_pnl_usd"] == pytest.approx(bare[last] - bare[first])
    assert row["hedge_pnl_usd"] == pytest.approx(row["pnl_usd"] - row["condor_pnl_usd"])
    assert [name for name, found in figures["episodes"].items() if found is not None] == ["Aug 2015"]
    assert set(figures["periods"]) == {"2013-2016"}
    period = figures["periods"]["2013-2016"]
    assert period["pnl_usd"] == pytest.approx(equity[-1] - 1_000_000.0)
    assert period["hedge_pnl_usd"] == pytest.approx(equity[-1] - bare[-1])


def test_calm_months_are_told_by_the_vix_before_them(whole: Ablation) -> None:
    _, figures = outcome_of(whole, FULL)
    regimes = figures["cost_of_credit"]
    assert [row["regime"] for row in regimes] == ["VIX below 15", "VIX 15-20", "VIX 20-30", "VIX 30 and up"]
    assert sum(row["months"] for row in regimes) == 21  # January 2015 to September 2016
    assert sum(row["cost_usd"] for row in regimes) == pytest.approx(-figures["hedge_net_usd"], abs=1e-6)


def test_condors_are_the_same_but_for_rules_that_skip_them(whole: Ablation) -> None:
    for outcome in whole.outcomes[1:]:
        name = outcome.variant.name
        moved = name in (FIXED, "without skip", "with skip")
        assert outcome.same_condors is (not moved), name
        assert outcome.other_condors_by == (("skip",) if moved else ())


def test_other_condors_without_a_reason_are_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "moves_condors", lambda *_: ())
    with pytest.raises(InternalError, match="hold other condors"):
        ablated(policy_with((SKIP,)))


def test_document_says_all_of_it(whole: Ablation) -> None:
    found = document(whole)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["schema"] == "alvh.ablation/1"
    assert found["baseline"]["name"] == FULL
    assert found["baseline"]["difference"] is None
    assert [one["name"] for one in found["elements"]] == ["skip", "flex", "trim", "hedge.layer.front.monetise"]
    rows = {row["name"]: row for row in found["variants"]}
    assert rows["without flex"]["removed"] == ["flex"]
    assert rows["with flex"]["added"] == ["flex"]
    assert rows[FIXED]["removed"] == ["skip", "flex", "trim", "hedge.layer.front.monetise"]
    assert rows["without flex"]["fired_dates"] == found["baseline"]["fired_dates_by"]["flex"]
    assert rows["with flex"]["fired"] == len(rows["with flex"]["fired_dates"]) > 0
    assert rows[FIXED]["fired"] == 0
    assert found["together"]["difference"]["estimate"] == -rows[FIXED]["difference"]["estimate"]
    assert found["together"]["difference"]["low"] == -rows[FIXED]["difference"]["high"]
    assert found["together"]["drawdown_difference"]["basic_low"] == -rows[FIXED]["drawdown_difference"]["basic_high"]
    assert found["other_condors"] == {name: ["skip"] for name in (FIXED, "without skip", "with skip")}
    assert found["method"]["comparisons"] == 9
    shown = [row for row in found["variants"] if not row["difference"]["low"] <= 0.0 <= row["difference"]["high"]]
    assert found["method"]["beyond_chance"] == [row["name"] for row in shown]
    assert found["fixed_schedule"]["changes"][0] == "no rules (skip, flex, trim)"


def test_rows_for_files(whole: Ablation) -> None:
    found = document(whole)
    rows = variant_rows(found)
    assert [row["variant"] for row in rows] == list(by_hand())
    assert len({tuple(row) for row in rows}) == 1
    assert rows[7]["aug_2015_difference_usd"] == found["variants"][6]["episodes"]["Aug 2015"]["difference_usd"]
    fired = fired_rows(found)
    assert {row["variant"] for row in fired} == {FULL, *(name for name in by_hand() if name.startswith("with "))}
    assert sum(row["variant"] == FULL and row["element"] == "trim" for row in fired) == len(
        found["baseline"]["fired_dates_by"]["trim"]
    )


def test_sentences(whole: Ablation) -> None:
    found = document(whole)
    lines = headline(found)
    assert lines[0].startswith("All rules and orders together change the book's P/L by ")
    assert any("Of 9 comparisons" in line and "By chance alone about 0.5 would" in line for line in lines)
    said = remarks(found)
    assert "without skip: other condors than its reference, through skip" in said
    assert 'with flex: with it hedge.ratio = "by_regime"' in said
    assert any(line.startswith("prices: model, as the test says") for line in said)


# ----------------------------------------------------------------------------------------------------- keeping, resuming, workers


def test_two_processes_give_what_one_gives(whole: Ablation) -> None:
    assert document(ablated(book(), processes=2)) == document(whole)


def test_an_ablation_that_was_stopped_goes_on_where_it_was(tmp_path: Path, whole: Ablation) -> None:
    seen: list[int] = []

    def stop(done: int, total: int) -> None:
        seen.append(done)
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablated(book(), tmp_path, progress=stop)
    assert len(list(tmp_path.glob("variant-*.npz"))) == 4
    assert not list(tmp_path.glob(".*"))
    again = ablated(book(), tmp_path, progress=lambda done, total: seen.append(done))
    assert (again.runs, again.runs_kept) == (10, 4)
    assert seen[5] == 4
    assert document(again) | {"runs": None} == document(whole) | {"runs": None}
    last = ablated(book(), tmp_path)
    assert last.runs_kept == 10
    assert document(last) | {"runs": None} == document(whole) | {"runs": None}


def test_progress_ends_where_it_said_it_would(tmp_path: Path) -> None:
    for _ in range(2):
        told: list[tuple[int, int]] = []
        ablated(book(), tmp_path, progress=lambda done, total, told=told: told.append((done, total)))
        assert told[-1] == (19, 19)  # ten runs and nine comparisons
        assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_damaged_run_is_said_and_made_anew(tmp_path: Path) -> None:
    policy = policy_with((TRIM,))
    first = ablated(policy, tmp_path)
    file = sorted(tmp_path.glob("variant-*.npz"))[0]
    file.write_bytes(b"broken")
    again = ablated(policy, tmp_path)
    assert again.runs_kept == 1
    assert any(str(file) in note and "damaged" in note for note in again.notes)
    assert document(again)["variants"] == document(first)["variants"]


def test_only_what_matters_is_in_a_run_s_key(tmp_path: Path) -> None:
    policy = policy_with((TRIM,))
    ablated(policy, tmp_path)
    assert ablated(replace(policy, name="renamed", description="x"), tmp_path).runs_kept == 2
    costly = replace(policy, costs=replace(policy.costs, vix_spread_share_pct=100.0))
    assert ablated(costly, tmp_path).runs_kept == 0
    shorter = prepared(tmp_path)
    shorter = replace(shorter, end=int(shorter.market.sessions[-2]))
    assert ablated(policy, market=shorter).runs_kept == 0
    other = prepared(tmp_path, market=synthetic_market(420, seed=1, stress=True))
    assert ablated(policy, market=other).runs_kept == 0


# ------------------------------------------------------------------------------------------------------------------- other books


def test_a_policy_without_adaptive_elements_is_its_own_fixed_schedule() -> None:
    found = document(ablated(shipped()))
    assert [row["name"] for row in found["variants"]] == [FIXED]
    assert found["variants"][0]["difference"]["estimate"] == 0.0
    assert any("nothing to ablate" in line for line in found["notes"])
    assert headline(found) == ["Nothing to ablate: alvh-442 has no adaptive element and is its own fixed schedule."]
    assert found["method"]["comparisons"] == 0


def test_one_rule_is_one_comparison() -> None:
    found = document(ablated(policy_with((TRIM,))))
    assert found["method"]["comparisons"] == 1
    assert found["runs"]["distinct"] == 2


def test_gate_and_limits_alone_are_told_one_by_one() -> None:
    found = document(ablated(replace(shipped(), condor=replace(shipped().condor, gate_max_vix=20.0))))
    lines = headline(found)
    assert lines[0].startswith("Gate and limits stand in the fixed schedule too")
    rows = {row["name"]: row for row in found["variants"]}
    with_gate, without = rows["with condor.gate_max_vix"], rows["without condor.gate_max_vix"]
    assert with_gate["difference"]["estimate"] == -without["difference"]["estimate"] != 0.0
    assert rows[f"{FIXED} without condor.gate_max_vix"]["difference"] is None


def test_what_compounds_is_compared_by_its_own_returns() -> None:
    policy = replace(policy_with((TRIM,)), account=Account(compound=True))
    found = ablated(policy)
    outcome, figures = outcome_of(found, FIXED)
    assert outcome.difference is not None and outcome.run is not None
    equity = np.concatenate(([1_000_000.0], outcome.run.equity_hedged_usd))
    other = found.named(FULL).run
    assert other is not None
    theirs = np.concatenate(([1_000_000.0], other.equity_hedged_usd))
    gap = np.diff(equity) / equity[:-1] - np.diff(theirs) / theirs[:-1]
    assert outcome.difference.mean.estimate == pytest.approx(gap.mean() * 252.0, rel=1e-9)
    assert figures["max_drawdown"] - other.figures["max_drawdown"] == pytest.approx(outcome.difference.drawdown.estimate)


def test_a_range_over_prices_is_that_of_the_cases() -> None:
    """One source at two ends: the range is the lower and the higher of the three runs."""
    market = synthetic_market(420, stress=True)
    cases = [case for case in CASES if case.source == "VIX level"]
    made = tuple(
        CaseMarket(case=one, market=model_market(market.history, market.series, market.state[7], case=one)) for one in cases
    )
    policy = policy_with((TRIM,))
    found = ablated(policy, market=prepared(cases=made))
    estimates = []
    for each in (market, *(one.market for one in made)):
        ours, theirs = run_book(each, shipped()), run_book(each, policy)
        gap = float(ours.record.equity_hedged_usd[-1] - theirs.record.equity_hedged_usd[-1])
        estimates.append(gap / 1_000_000.0 / 420 * 252 * 100.0)
    ends = found.named(FIXED).prices["difference_pct_per_year"]
    assert ends["central"] == pytest.approx(estimates[0])
    assert ends["low"] == pytest.approx(min(estimates))
    assert ends["high"] == pytest.approx(max(estimates))
    assert document(found)["variants"][0]["price_range"]["difference_pct_per_year"] == ends
    assert found.runs == 6


# ---------------------------------------------------------------------------------------------------------------------- bad input


def test_a_rule_without_data_is_named_before_anything_runs(tmp_path: Path) -> None:
    policy = policy_with((rule("calm", "rebalance", Compare(signal="vix_to_mean_20", below=0.9)),))
    with pytest.raises(DataMissing, match=r"rule 'calm' lacks vix_to_mean_20 on 19 sessions, 2015-01-05 to"):
        ablated(policy, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_file_that_a_rule_waits_for_is_named() -> None:
    policy = policy_with((rule("rates", "rebalance", Compare(signal="curve_2s10s_bp", above=100.0)),))
    market = synthetic_market(420, stress=True)
    bare = replace(market, history=replace(market.history, yields={}), signals={})
    with pytest.raises(DataMissing, match=r"DGS2"):
        ablated(policy, market=prepared(market=bare))


def test_a_rule_that_may_be_off_is_counted() -> None:
    off = rule("calm", "rebalance", Compare(signal="vix_to_mean_20", below=0.9), when_missing="off")
    found = document(ablated(policy_with((off,))))
    assert found["baseline"]["off_for_lack_of_data"]["calm"]["sessions"] == 19
    assert any("rule calm was off for lack of data on 19 sessions" in line for line in remarks(found))


def test_an_empty_span_is_refused() -> None:
    market = prepared()
    with pytest.raises(DataMissing, match="no session between"):
        ablated(book(), market=replace(market, start=market.end + 1, end=market.end + 2))


def test_an_overlay_is_refused() -> None:
    with pytest.raises(UsageError, match="is an overlay"):
        ablated(load_policy("cboe-put").policy)
