"""Layers that hold a VIX fund by dollars: figures by hand on stated prices, refusals, and what the results say of it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
from tests.helpers import flat_market as flat
from tests.helpers.books import market_of, run_book, shipped
from tests.helpers.futures_market import FuturesMarket, futures_market, run_stated
from tests.helpers.history import make_history
from tests.helpers.quoted_day import quoted_day

from alvh.app.plan import plan_day
from alvh.app.rolls import planned_rolls
from alvh.core.days import iso, to_day
from alvh.core.errors import ConfigError, DataMissing, UsageError
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Entry
from alvh.market.history import VIX_ETPS, History
from alvh.market.scenarios import Response, Scenarios
from alvh.market.series import SHARE, series_table
from alvh.models.listed_market import listed_market
from alvh.models.model_market import ModelMarket
from alvh.models.spreads import stress
from alvh.results.attribution import CAUSES, attribute
from alvh.results.document import layer_sums
from alvh.results.margin_path import margin_path
from alvh.results.roll_down import roll_down
from alvh.results.through_time import exposures_document, through_time
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.strategy.explain import explain
from alvh.strategy.policy import HedgeLayer, HedgeSize, LayerStrike, Monetise, Policy, Roll, StewardLimit
from alvh.strategy.policy_file import load_policy

FIRST = 2
"""Row of Wednesday 3 May 2017, the first condor day; row 7 is Wednesday the 10th, when the layer rolls."""
PRICES = {2: 40.0, 3: 44.0, 4: 42.0, 5: 36.0, 6: 50.0, 7: 48.0, 8: 60.0, 9: 54.0}
HALF = 0.02
DOLLARS = 300
"""Six condor lots, half a call each, at 1.00 x 100 dollars."""


def fund_market(monkeypatch: pytest.MonkeyPatch, prices: dict[int, float] = PRICES) -> FuturesMarket:
    """Flat chains, and VXX at the stated prices; NaN is a session without one."""
    monkeypatch.setitem(flat.VIX_CHAIN, (0.0, SHARE), (1.0, (40.0 - HALF, 40.0, 40.0 + HALF)))
    market = futures_market("2017-05-01", "2017-05-12")
    first, last = int(market.sessions[0]), int(market.sessions[-1]) + 500
    market.flat.series = series_table(spx_expiries(first, last), vix_expiries(first, last), etps=("VXX",))
    row = market.series.etp_row("VXX")
    assert row is not None
    for index, price in prices.items():
        market.flat.override[(index, True, 0.0, SHARE)] = (price - HALF, price, price + HALF)
        market.vx[(index, iso(market.series.expiry[row]))] = price
    return market


def fund_policy(**changes: object) -> Policy:
    """One condor a month beside one layer of VXX, counted as half a call a condor lot."""
    layer = HedgeLayer(name="vxx", ratio=0.5, min_dte=9, max_dte=16, instrument="vix_etp", roll=Roll(days=7))
    layer = replace(layer, **changes)  # type: ignore[arg-type]  # fields by name
    policy = shipped()
    condor = replace(
        policy.condor,
        entry=replace(policy.condor.entry, kind="monthly"),
        exit=replace(policy.condor.exit, profit_fraction_pct=None, dte=None),
    )
    hedge = replace(policy.hedge, size=HedgeSize(kind="per_condor"), ratio_of="premium", layers=(layer,))
    return replace(policy, condor=condor, hedge=hedge, rules=())


def entries(result: BacktestResult, row: int) -> list[Entry]:
    return [entry for entry in result.ledger.entries if entry.layer >= 0 and entry.market_row == row]


def gained(result: BacktestResult) -> np.ndarray:
    """Dollars that the hedge has brought by each close; the stated markets pay no interest."""
    return result.record.equity_hedged_usd - result.record.equity_unhedged_usd


# ------------------------------------------------------------------------------------------------------------ by hand


def test_dollars_earn_the_return_and_a_roll_sells_all_and_buys_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 dollars at 40: 30, -15, -45, 105, -15; a roll at 48 for a cent a share each way; then 75 and -37.50."""
    result = run_stated(fund_market(monkeypatch), fund_policy())
    buy, sell, again = 300 / 40.0 * 0.01, 300 / 40.0 * 0.01, 300 / 48.0 * 0.01
    assert (buy, again) == (0.075, 0.0625)
    steps = np.diff(gained(result), prepend=0.0)
    assert steps[FIRST:] == pytest.approx([-buy, 30.0, -15.0, -45.0, 105.0, -15.0 - sell - again, 75.0, -37.5])
    assert result.record.layer_value_usd[0, FIRST:] == pytest.approx([300.0, 330.0, 315.0, 270.0, 375.0, 300.0, 375.0, 337.5])
    assert [(entry.kind, entry.quantity, entry.cash_usd, entry.fees_usd) for entry in entries(result, 7)] == [
        ("close", -DOLLARS, pytest.approx(360.0 - sell), 0.0),
        ("open", DOLLARS, pytest.approx(-300.0 - again), 0.0),
    ]
    assert not any(entry.kind == "variation" for entry in result.ledger.entries)
    first, second = (lot for lot in result.lots if lot.layer == 0)
    assert (first.quantity, first.multiplier_usd, second.multiplier_usd) == (DOLLARS, 1 / 40.0, 1 / 48.0)
    assert (first.open_price, first.close_price, second.close_kind) == (pytest.approx(40.01), pytest.approx(47.99), "")
    sums = layer_sums(result, 0)
    assert (sums.contracts, sums.premium_usd, sums.payoff_usd, sums.fees_usd) == (0, 600.0, 360.0, 0.0)
    assert [(line.action, line.old_contract, line.new_contract) for line in result.roll_lines] == [
        ("open", "", "VXX"), ("roll", "VXX", "VXX"),
    ]  # fmt: skip


def test_half_of_what_was_bought_is_sold_where_it_is_worth_a_multiple_of_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_stated(fund_market(monkeypatch), fund_policy(monetise=Monetise(multiple=1.2, fraction_pct=50.0)))
    (sold,) = entries(result, 6)
    assert (sold.kind, sold.quantity) == ("close", -150)
    assert sold.cash_usd == pytest.approx(150 * 49.99 / 40.0)
    assert result.record.layer_value_usd[0, 6] == pytest.approx(150 * 50.0 / 40.0)


def test_the_stewards_cap_cuts_the_dollars_and_gains_alone_may_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = fund_policy()
    cap = StewardLimit(max_premium_pct=None, max_capital_pct=100.0 * 200.0 / policy.account.equity_usd)
    capped = run_stated(fund_market(monkeypatch), replace(policy, limits=replace(policy.limits, steward=cap)))
    assert [lot.quantity for lot in capped.lots if lot.layer == 0] == [200, 200]
    assert any("300 dollars are cut to 200" in text for _, _, text in capped.refusals)
    calls = HedgeLayer(name="calls", ratio=0.5, min_dte=9, max_dte=16)
    both = replace(policy.hedge, layers=(calls, replace(policy.hedge.layers[0], funded_by="gains")))
    result = run_stated(fund_market(monkeypatch), replace(policy, hedge=both))
    assert not [lot for lot in result.lots if lot.layer == 1]  # the calls gain nothing at constant prices
    assert result.counters.refused["R47"] == 2


def test_a_close_without_a_price_opens_nothing_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_stated(fund_market(monkeypatch, {**PRICES, 2: math.nan}), fund_policy())
    assert [lot.open_index for lot in result.lots if lot.layer == 0] == [7]
    assert result.counters.refused["R07"] == 1
    assert any(rule == "R07" and "VXX has no price" in text for _, rule, text in result.refusals)


def test_a_run_that_holds_a_fund_beyond_its_last_price_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    market = fund_market(monkeypatch, {**PRICES, 5: math.nan})
    with pytest.raises(DataMissing) as refused:
        run_stated(market, fund_policy())
    said = str(refused.value)
    assert "VXX has no mark" in said and iso(market.sessions[5]) in said and f"on {iso(market.sessions[4])} or earlier" in said


def test_a_market_without_the_fund_is_refused_before_the_first_session() -> None:
    with pytest.raises(DataMissing, match=r"no prices of VXX.*prices/VXX\.csv"):
        run_stated(futures_market("2017-05-01", "2017-05-12"), fund_policy())


# -------------------------------------------------------------------------------------------------- on modelled prices


def priced_history(*, fund: bool = True) -> History:
    history = make_history(160, seed=4)
    if not fund:
        return history
    rng = np.random.default_rng(9)
    return replace(history, etps={"VXX": 3e10 * np.exp(np.cumsum(rng.normal(-0.002, 0.05, history.sessions.size)))})


def held(market: ModelMarket) -> BacktestResult:
    layers = tuple(replace(layer, instrument="vix_etp") for layer in shipped("alvh-442-10m").hedge.layers[:1])
    calls = shipped("alvh-442-10m").hedge.layers[1:]
    policy = shipped("alvh-442-10m")
    return run_book(market, replace(policy, hedge=replace(policy.hedge, ratio_of="premium", layers=layers + calls)))


def test_attribution_gives_a_funds_change_to_its_forward_and_every_session_adds_up() -> None:
    """Prices of 3e10 do not hurt: only their ratios are used."""
    market = market_of(priced_history())
    result = held(market)
    found = attribute(result)
    parts = dict(zip(CAUSES, found.pnl_usd[1], strict=True))
    close, change = market.history.etps["VXX"], np.zeros(len(result.sessions))
    for lot in result.lots:
        if lot.layer == 0:
            end = lot.close_index if lot.close_kind else result.first + len(result.sessions) - 1
            for row in range(lot.open_index + 1, end + 1):
                change[row - result.first] += lot.quantity * (close[row] - close[row - 1]) / close[lot.open_index]
    assert np.abs(change).max() > 10.0
    assert parts["forward"] == pytest.approx(change, abs=1e-6)
    for name in ("time", "vol_level", "smile", "fees"):
        assert not parts[name].any(), name
    assert found.max_identity_error_usd < 0.005 and found.max_attribution_error_usd < 0.005


def test_half_the_assumed_half_spread_is_paid_each_way_and_widens_with_vix() -> None:
    market = market_of(priced_history())
    lots = [lot for lot in held(market).lots if lot.layer == 0]
    for lot in lots:
        wide = float(stress(float(market.history.vix_close[lot.open_index])))
        assert lot.open_price / lot.open_mid - 1.0 == pytest.approx(0.5 * 0.0005 * wide)
        assert lot.open_fees_usd == 0.0
    assert len(lots) > 10


def test_exposures_leave_the_fund_out_and_say_so_margin_counts_what_was_paid() -> None:
    market = market_of(priced_history())
    result = held(market)
    betas = RollingBetas.of_stated(market.sessions, PUBLISHED)
    risk = through_time(result, market, betas, vix=market.history.vix_close)
    front = f"layer {result.policy.hedge.layers[0].name}"
    for name in ("net_usd_per_vix_point", "spx_equivalent_delta_usd_per_point"):
        assert not risk.exposures.column(name, front).any()
    assert risk.exposures.column("value_usd", front) == pytest.approx(result.record.layer_value_usd[0])
    assert exposures_document(risk)["left_out"] == ["front (VXX)"]
    path = margin_path(result)
    (open_lot,) = (lot for lot in result.lots if lot.layer == 0 and not lot.close_kind)
    paid = open_lot.quantity * open_lot.open_price / open_lot.open_mid
    assert path.layer_premium_usd[0, -1] == pytest.approx(paid)
    assert "funds at the price paid" in path.convention
    rolled = roll_down(result, attribute(result), market, vix=market.history.vix_close)
    assert not rolled.convergence_usd[0].any() and not rolled.level_usd[0].any() and rolled.convergence_usd[1].any()


def test_a_fund_in_the_history_changes_no_price_of_an_option() -> None:
    with_fund, without = market_of(priced_history()), market_of(priced_history(fund=False))
    assert len(with_fund.series) == len(without.series) + 1
    assert np.array_equal(with_fund.series.vix_rows, without.series.vix_rows)
    runs = [run_book(market) for market in (with_fund, without)]
    assert np.array_equal(runs[0].record.equity_hedged_usd, runs[1].record.equity_hedged_usd)
    legs = runs[0].run.book.arrays().legs
    far = Scenarios.of([0.0, -0.08], [0.0, 18.0], [20.0, 20.0])
    values = [
        market.snapshot(len(market.sessions) - 1).reprice(legs, far, Response(curve="rolls")) for market in (with_fund, without)
    ]
    assert np.array_equal(*values) and values[0].size
    for vix in (True, False):
        listed = [market.snapshot(100).listed(vix=vix) for market in (with_fund, without)]
        assert np.array_equal(*listed)


def test_saved_quotes_stand_on_a_market_that_has_a_fund() -> None:
    """The notes name the families of options that were not saved, and a fund is none."""
    base = market_of(priced_history())
    session = int(base.sessions[100])
    rows = [row for row in base.snapshot(100).listed(vix=True).tolist() if base.series.expiry[row] - session >= 15]
    chain = quoted_day(base.series, rows, session, float(base.bill_rate[100]))
    notes = listed_market(base, [chain], index=100).notes
    assert [note for note in notes if "was saved" in note] == [
        "no chain of SPX options was saved: all their prices are the model's"
    ]


# ------------------------------------------------------------------------------------------------------------ refusals


BASE = 'schema = 1\nextends = "vix-etp"\nname = "own"\ndescription = "a fund"\n'
REFUSED = {
    "counted in contracts": ('[hedge]\nratio_of = "contracts"', "hedge.ratio_of"),
    "counted in vega": ('[hedge]\nratio_of = "vega"', "hedge.ratio_of"),
    "a solved size": ('[hedge.size]\nkind = "vega_target"', "hedge.layer.front.instrument"),
    "resized weekly": ('[hedge.size]\nresize = "weekly"', "hedge.size.resize"),
    "inside bounds of vega": ("[limits]\nneutrality = {max_vega_pct = 0.1}", "limits.neutrality"),
    "rolled by an expiry": ('[[hedge.layer]]\nname = "mid"\nroll = {kind = "hold_to_settlement"}', "hedge.layer.mid.roll.kind"),
    "struck": ('[[hedge.layer]]\nname = "mid"\nrestrike = "same_moneyness"', "hedge.layer.mid.restrike"),
    "short volatility": ('[[hedge.layer]]\nname = "mid"\netp = "SVXY"', "hedge.layer.mid.etp"),
    "rebalanced": (
        '[[rule]]\nname = "r"\nrule_id = "R20"\nwhen = {signal = "vix", above = 30}\nthen = {kind = "rebalance"}',
        "rule.r.then.layers",
    ),
    "flexed at once": (
        '[hedge]\nratio = "by_signal"\n[[rule]]\nname = "r"\nrule_id = "R32"\nwhen = {signal = "vix", above = 30}\n'
        'then = {kind = "flex_ratio", factor = 1.5}',
        "rule.r.then.layers",
    ),
    "shifted": (
        '[[hedge.layer]]\nname = "mid"\nroll = {kind = "days_or_trigger"}\n[[rule]]\nname = "r"\nrule_id = "R12"\n'
        'when = {signal = "vix", above = 30}\nthen = {kind = "time_shift", layers = ["mid"]}',
        "rule.r.then.layers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_dollars_of_a_fund_cannot_do_is_refused_at_its_key(name: str, tmp_path: Path) -> None:
    text, key = REFUSED[name]
    file = tmp_path / "own.toml"
    file.write_text(f"{BASE}{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_policy(file)
    assert key in (refused.value.where or "")


@pytest.mark.parametrize(
    "text",
    [
        '[hedge]\nratio = "by_regime"\n[[rule]]\nname = "r"\nrule_id = "R32"\nwhen = {signal = "vix", above = 30}\n'
        'then = {kind = "flex_ratio", factor = 1.5}',
        '[[hedge.layer]]\nname = "mid"\netp = "UVXY"\nmonetise = {multiple = 2.0}\nroll = {kind = "days_or_trigger"}',
    ],
)
def test_what_they_can_do_loads(text: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f"{BASE}{text}\n", encoding="utf-8")
    assert load_policy(file).policy.hedge.layers[0].is_share


def test_the_plan_refuses_a_policy_of_funds_by_name() -> None:
    with pytest.raises(UsageError, match=r"'vix-etp' holds VXX in layer front.*adjusted prices"):
        plan_day(None, "vix-etp", data="sample", today=date(2018, 12, 28))


def test_the_funds_of_a_policy_are_those_that_the_history_reads() -> None:
    assert get_args(get_type_hints(HedgeLayer)["etp"]) == VIX_ETPS


def test_a_fund_is_explained_without_expiry_and_has_none_in_the_calendar() -> None:
    text = explain(load_policy("vix-etp"))
    assert "shares of VXX, fully paid (R07)" in text and "A roll sells all that is held" in text
    assert "last trading session" not in text.split("Every key")[0]
    rows, _ = planned_rolls(shipped("vix-etp"), date(2025, 3, 3), date(2025, 3, 31))
    hedge = [row for row in rows if row["sleeve"] == "hedge"]
    assert hedge and all(row["expiries"] == [] for row in hedge)


def test_a_row_of_a_fund_is_never_listed_and_has_its_ticker() -> None:
    first, last = to_day(date(2020, 1, 2)), to_day(date(2020, 6, 30))
    bare, table = (
        series_table(spx_expiries(first, last), vix_expiries(first, last), etps=etps) for etps in ((), ("VXX", "UVXY"))
    )
    row = table.etp_row("UVXY")
    assert row == len(table) - 1 == len(bare) + 1
    assert table.label(row, 0.0, SHARE) == "UVXY" and table.etp_row("VIXM") is None
    assert table.label(int(table.vix_rows[0]), 0.0, 0) == f"VX {iso(table.expiry[table.vix_rows[0]])}"
    for day in range(first, last, 7):
        assert np.array_equal(table.listed(day, vix=True), bare.listed(day, vix=True))


def test_the_strike_that_its_dollars_are_those_of_is_still_read() -> None:
    """A layer of higher delta is a dearer call, so more dollars of the fund."""
    market = market_of(priced_history())
    dollars = []
    for delta in (0.2, 0.4):
        policy = shipped("alvh-442-10m")
        layer = replace(policy.hedge.layers[0], instrument="vix_etp", strike=LayerStrike(delta=delta))
        result = run_book(market, replace(policy, hedge=replace(policy.hedge, ratio_of="premium", layers=(layer,))))
        dollars.append(result.lots[[lot.layer for lot in result.lots].index(0)].quantity)
    assert 1.5 * dollars[0] < dollars[1]
