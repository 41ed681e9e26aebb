"""Sizes, spreads and rounding as findings: the published tables, worked counts, and ticks over prices."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from tests.helpers import ladder as table
from tests.helpers import stated_market as stated

from alvh.app.stated_market import STATED_SPX, stated_market, stated_sessions
from alvh.core.days import iso, weekday
from alvh.market.history import Floats
from alvh.market.market import Legs
from alvh.market.scenarios import Response, Scenarios
from alvh.risk.betas import TenorBetas
from alvh.risk.feasible import NOTIONALS, size_figures
from alvh.risk.size_inputs import SizeInputs, size_inputs
from alvh.strategy.lint_finding import Finding
from alvh.strategy.lint_sizes import SizeState, entries_at_once, own_target, size_findings, sizes_apply
from alvh.strategy.lint_spreads import WidestLeg, spread_findings, widest_legs
from alvh.strategy.policy import HedgeSize, Policy, SpreadLimit
from alvh.strategy.policy_file import load_policy

BASE = load_policy("alvh-442").policy
DELTAS = np.array([0.10, 0.20, 0.30])


class Still(stated.StatedSnapshot):
    """The stated close of methods.md 8.2; a stress that moves nothing."""

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        return np.zeros((len(scenarios), len(legs.series)))


@lru_cache(maxsize=16)
def inputs(vix: int, delta: float) -> SizeInputs:
    base = stated.published_market(vix)
    close = Still(series=base.series, spx=base.spx, vix=base.vix, rate=base.rate, forward=base.forward, vol=base.vol)
    strikes = stated.published_strikes(close, delta, chosen="published")
    book = stated.published_book(strikes, table.condor_strikes(vix, None, "published"), condors=1.0)
    hedge = np.array([name == "hedge" for name in book.sleeve])
    betas = TenorBetas.stated([30.0, 60.0, 90.0], list(table.BETAS), label="methods.md 8.2")
    return size_inputs(close, base.series, book.rows(~hedge), book.rows(hedge), betas, equity_usd=1e6)


def state(vix: int, *, lots: int = 1) -> SizeState:
    figures = {name: tuple(size_figures(inputs(vix, delta), name) for delta in DELTAS.tolist()) for name in NOTIONALS}
    return SizeState(label=f"VIX {vix}", inputs=inputs(vix, 0.20), lots=lots, deltas=DELTAS, figures=figures)


def sized(**size: object) -> Policy:
    changed: HedgeSize = replace(BASE.hedge.size, **size)  # type: ignore[arg-type]  # named fields of a test
    return replace(BASE, hedge=replace(BASE.hedge, size=changed))


def only(findings: list[Finding], code: str) -> list[Finding]:
    return [finding for finding in findings if finding.code == code]


# -------------------------------------------------------------------------------------------------------- published sizes


def test_the_published_figures_are_said_as_the_tables_have_them() -> None:
    """methods.md 8.2 at VIX 20, 20 delta, per $100,000: 52 % of the short legs by betas, .52 % a month, premium $877."""
    (found,) = only(size_findings(BASE, [state(20)]), "infeasible-size")
    (row,) = found.numbers["states"]
    index = row["published"]["index_notional"]
    assert index["coverage_short_adjusted_pct"] == pytest.approx(52.0, abs=0.5)
    assert index["cost_a_month_pct"] == pytest.approx(0.52, abs=0.005)
    assert index["capital_pct"] == pytest.approx(0.877, abs=0.001)
    assert row["published"]["risk_capital"]["coverage_net_adjusted_pct"] == pytest.approx(6.6, abs=0.05)
    assert {"notional": "index_notional", "coverage": "short_adjusted"} in row["coverage_and_cost_hold"]
    assert row["deltas_for_coverage_and_cost"]["index_notional"]["short_adjusted"] == "0.20"
    assert "52 % of the short legs" in found.text and "0.52 %" in found.text and "0.88 %" in found.text


def test_the_policys_own_size_stands_beside() -> None:
    """One 4/4/2 per $600,000 is a sixth of the published size in every figure."""
    (found,) = only(size_findings(BASE, [state(20)]), "infeasible-size")
    (row,) = found.numbers["states"]
    index, own = row["published"]["index_notional"], row["own"]
    assert own["coverage_short_adjusted_pct"] == pytest.approx(index["coverage_short_adjusted_pct"] / 6.0)
    assert own["cost_of_index_pct"] == pytest.approx(index["cost_a_month_pct"] / 6.0)
    assert own["capital_of_index_pct"] == pytest.approx(index["capital_pct"] / 6.0)


def test_nothing_is_said_where_all_three_hold() -> None:
    """Seventy-delta calls per $100,000 of largest loss, short legs, naive, at VIX 30 (docs/explanation/feasible-sizes.md)."""
    deep = state(30)
    deep = replace(deep, inputs=inputs(30, 0.72))
    assert only(size_findings(BASE, [deep]), "infeasible-size") == []
    (found,) = only(size_findings(BASE, [deep, state(15)]), "infeasible-size")
    assert [row["state"] for row in found.numbers["states"]] == ["VIX 15"]


# ------------------------------------------------------------------------------------------------------------- own target


def test_a_target_that_cannot_be_had_is_said_with_its_numbers() -> None:
    """The stated close loses nothing in its stress: there is nothing to cover."""
    found = only(size_findings(sized(kind="stress_target"), [state(20)]), "target-unreached")
    assert [(each.severity, each.key) for each in found] == [("warning", "hedge.size.kind")]
    assert "there is nothing to cover" in found[0].text and found[0].numbers["ladders_per_lot"] == 0.0
    assert only(size_findings(sized(kind="vega_target"), [state(20)]), "target-unreached") == []


@pytest.mark.parametrize(
    "kind", ["index_notional", "risk_capital", "per_condor", "vega_target", "stress_target", "capital_share"]
)
def test_every_kind_of_size_is_a_question(kind: str) -> None:
    policy = sized(kind=kind, share_pct=2.0)
    assert own_target(policy).kind == kind
    assert only(size_findings(policy, [state(20)]), "infeasible-size")


# --------------------------------------------------------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("per_usd", "one", "severity"),
    [
        (600_000.0, [4, 4, 2], None),
        (300_000.0, [8, 8, 4], None),
        (2_400_000.0, [1, 1, 1], "info"),  # 1/1/0.5: the back layer is doubled
        (4_000_000.0, [1, 1, 0], "warning"),  # 0.6/0.6/0.3
        (6_000_000.0, [0, 0, 0], "warning"),  # 0.4/0.4/0.2; four entries ask for 1.6/1.6/0.8
        (60_000_000.0, [0, 0, 0], "error"),  # never a contract
    ],
)
def test_whole_contracts_of_one_condor_at_an_index_of_6000(per_usd: float, one: list[int], severity: str | None) -> None:
    assert inputs(20, 0.20).spx == 6000.0
    policy = replace(sized(per_usd=per_usd), condor=replace(BASE.condor, exit=replace(BASE.condor.exit, dte=21)))
    found = only(size_findings(policy, [state(20)]), "ratio-rounding")
    assert [each.severity for each in found] == ([] if severity is None else [severity])
    if found:
        rows = found[0].numbers["cases"]
        assert [row["entries"] for row in rows] == [1, entries_at_once(policy)]
        assert rows[0]["contracts"] == one
        assert rows[0]["exact"] == pytest.approx([4 * 600_000 / per_usd, 4 * 600_000 / per_usd, 2 * 600_000 / per_usd])


def test_more_lots_ask_for_more() -> None:
    assert only(size_findings(sized(per_usd=2_400_000.0), [state(20, lots=4)]), "ratio-rounding") == []


@pytest.mark.parametrize(
    ("kind", "target", "exit_dte", "count"),
    [("weekly", 45, 21, 4), ("weekly", 45, None, 7), ("monthly", 45, 21, 1), ("daily", 45, 21, 18), ("weekly", 7, None, 2)],
)
def test_entries_that_may_stand_open(kind: str, target: int, exit_dte: int | None, count: int) -> None:
    """Weekly at 45 days, left at 21: entered at day 0, 7, 14 and 21, the first leaving on day 24."""
    entry = replace(BASE.condor.entry, kind=kind)  # type: ignore[arg-type]  # a word of the test's own list
    condor = replace(BASE.condor, entry=entry, target_dte=target, exit=replace(BASE.condor.exit, dte=exit_dte))
    assert entries_at_once(replace(BASE, condor=condor)) == count


def test_sizes_are_those_of_calls_against_condors() -> None:
    assert sizes_apply(BASE)
    assert not sizes_apply(load_policy("no-hedge").policy)
    assert not sizes_apply(load_policy("cboe-put").policy)
    assert not sizes_apply(replace(BASE, hedge=replace(BASE.hedge, ratio_of="premium")))
    layers = (replace(BASE.hedge.layers[0], instrument="vx_futures"), *BASE.hedge.layers[1:])
    assert not sizes_apply(replace(BASE, hedge=replace(BASE.hedge, layers=layers)))
    assert size_findings(BASE, []) == []


# ---------------------------------------------------------------------------------------------------------------- spreads


def limited(max_pct: float, *sleeves: str) -> Policy:
    limit = SpreadLimit(max_pct=max_pct, sleeves=sleeves or ("hedge",))
    return replace(BASE, limits=replace(BASE.limits, spread=limit))


def leg(spread_pct: float, mid: float, tick: float, *, session: int = 20_000, what: str = "front") -> WidestLeg:
    return WidestLeg(what=what, session=session, spread_pct=spread_pct, least_pct=100.0 * tick / mid, mid=mid, tick=tick)


def test_a_cent_on_a_22_cent_call_is_four_and_a_half_per_cent() -> None:
    cents, nickels = leg(9.0, 0.22, 0.01), leg(23.0, 0.22, 0.05)
    assert cents.least_pct == pytest.approx(4.545, abs=0.001)
    (found,) = spread_findings(limited(8.0), {"VIX 15": [cents]})
    assert (found.code, found.severity, found.key) == ("spread-filter", "error", "limits.spread.max_pct")
    assert "one tick of 0.01 4.5 %" in found.text
    (row,) = found.numbers["states"]
    assert (row["refused"], row["refused_at_one_tick"], row["closes"]) == (1, 0, 1)
    (found,) = spread_findings(limited(8.0), {"VIX 15": [nickels]})
    assert "a single tick is more than that at every close" in found.text
    assert found.numbers["states"][0]["refused_at_one_tick"] == 1
    assert spread_findings(limited(10.0), {"VIX 15": [cents]}) == []


def test_shares_are_counted_by_layer_and_state() -> None:
    closes = {
        "VIX 15": [leg(9.0, 0.5, 0.01), leg(7.0, 0.6, 0.01), leg(5.0, 1.0, 0.01, what="back")],
        "VIX 30": [leg(4.0, 1.5, 0.01), leg(8.0, 1.4, 0.01), leg(3.0, 2.0, 0.01, what="back")],
    }
    (found,) = spread_findings(limited(8.0), closes)
    assert (found.severity, found.numbers["what"]) == ("warning", "front")
    assert [(row["state"], row["refused_pct"]) for row in found.numbers["states"]] == [("VIX 15", 50.0), ("VIX 30", 0.0)]
    assert found.numbers["states"][0]["median_spread_pct"] == 9.0
    assert spread_findings(BASE, closes) == []


def test_a_leg_without_a_price_is_refused_and_said_without_a_number() -> None:
    gone = WidestLeg(what="front", session=1, spread_pct=np.inf, least_pct=np.inf, mid=0.0, tick=0.05)
    (found,) = spread_findings(limited(8.0), {"VIX 15": [gone]})
    assert found.severity == "error" and found.numbers["states"][0]["median_spread_pct"] is None


@pytest.mark.parametrize("vix", [15.0, 30.0])
def test_the_legs_are_those_that_the_policy_would_open(vix: float) -> None:
    policy = limited(8.0, "hedge", "condor")
    market = stated_market(policy, stated_sessions(policy)[0], vix)
    legs = widest_legs(market.snapshot(0), market.series, policy)
    assert [each.what for each in legs] == ["condor", "front", "mid", "back"]
    for each in legs:
        assert each.least_pct >= 100.0 * each.tick / each.mid - 1e-9
        assert each.spread_pct >= each.least_pct - 1e-9
    front = legs[1]
    snapshot = market.snapshot(0)
    # The call nearest 20 delta of the expiry 14 days off, found here by hand.
    row = next(row for row in snapshot.listed(vix=True).tolist() if market.series.expiry[row] - snapshot.session == 14)
    chain = snapshot.slice(row, 1)
    strike = float(chain.strikes[np.argmin(np.abs(chain.delta - 0.2))])
    quotes = snapshot.quote(Legs.of([(row, strike, 1)]))
    assert front.spread_pct == pytest.approx(float(100.0 * (quotes.ask - quotes.bid)[0] / quotes.mid[0]))
    assert [each.what for each in widest_legs(snapshot, market.series, limited(8.0))] == ["front", "mid", "back"]
    assert widest_legs(snapshot, market.series, BASE) == []


# ----------------------------------------------------------------------------------------------------------- stated market


def test_the_stated_closes_are_four_days_of_the_policys_weekday() -> None:
    assert [iso(day) for day in stated_sessions(BASE)] == ["2026-03-04", "2026-03-11", "2026-03-18", "2026-03-25"]
    monday = replace(BASE, condor=replace(BASE.condor, entry=replace(BASE.condor.entry, weekday=0)))
    assert {weekday(day) for day in stated_sessions(monday)} == {0}


@pytest.mark.parametrize("vix", [12.0, 15.0, 20.0, 30.0, 60.0])
def test_a_stated_market_stands_at_its_levels(vix: float) -> None:
    market = stated_market(BASE, stated_sessions(BASE)[0], vix)
    close = market.snapshot(0)
    assert (close.spx, close.vix) == (STATED_SPX, vix)
    near = [row for row in close.listed(vix=True).tolist() if market.series.expiry[row] - close.session < 25]
    forwards = [close.future(row)[0] for row in near]
    assert forwards and all(abs(value / vix - 1.0) < 0.08 for value in forwards)
    # Calm is upward sloping and fear flat or downward: the curve model's own shape.
    far = max(market.series.expiry[row] - close.session for row in close.listed(vix=True).tolist())
    last = next(row for row in close.listed(vix=True).tolist() if market.series.expiry[row] - close.session == far)
    assert (close.future(last)[0] > forwards[0]) == (vix < 35.0)
    assert np.isfinite(market.calibration.b).all()
