"""Every preset: what its file and page say, what a lint finds, that it runs or names what it lacks, and does what it is for.

Prices are modelled on a synthetic history with every input of the signals, or on the embedded sample, which has few of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.books import market_of, shipped
from tests.helpers.history import make_history, with_signal_inputs

from alvh.app.wiring import load_market
from alvh.core.days import to_day
from alvh.core.errors import DataMissing
from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.engine.session import Run, SessionTrace
from alvh.models.model_market import ModelMarket
from alvh.results.through_time import through_time
from alvh.risk.betas import PUBLISHED, RollingBetas
from alvh.strategy.explain import explain
from alvh.strategy.lint import lint_file
from alvh.strategy.lint_windows import window_findings
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import POLICIES, load_policy
from alvh.strategy.policy_groups import WRITE_UPS, lacking_inputs, needs_of

SHIPPED = sorted(file.stem for file in POLICIES.glob("*.toml"))
PRESETS = [name for name in SHIPPED if load_policy(name).policy.overlay is None]
"""Policies of condors and hedge; the others are index benchmarks, which ``alvh study replicate`` runs."""
OF_WRITE_UPS = [name for name in PRESETS if any(word in name for word in WRITE_UPS)]
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")
ROWS = {cells[0].strip(" `"): cells[1:] for line in PAGE.splitlines() if len(cells := line.strip("| ").split(" | ")) == 5}

FIRST = 300
"""Row of the synthetic market at which runs begin: every signal of a preset has its value by then."""
SHOCK = 360
"""Row of its one shock: SPX falls 8 %, VIX more than doubles."""


@lru_cache(maxsize=1)
def full_market() -> ModelMarket:
    """600 sessions from January 2015 with every input that a signal can read."""
    return market_of(with_signal_inputs(make_history(600, seed=3, stress=True)))


def run(name: str, market: ModelMarket | None = None, *, rows: int = 130) -> tuple[BacktestResult, list[tuple[bool, ...]]]:
    """A preset over the synthetic market from :data:`FIRST`, and at every close which layers are switched on."""
    made = full_market() if market is None else market
    on: list[tuple[bool, ...]] = []

    def watch(now: Run, index: int, trace: SessionTrace) -> None:
        on.append(now.memory.active)

    start, end = int(made.sessions[FIRST]), int(made.sessions[FIRST + rows - 1])
    return run_backtest(shipped_now(name), made, start=start, end=end, fee_usd=fee_usd, watch=watch), on


def shipped_now(name: str) -> Policy:
    return load_policy(name).policy


# ------------------------------------------------------------------------------------------------------- files and page


@pytest.mark.parametrize("name", PRESETS)
def test_each_rule_of_a_preset_is_named_in_a_comment_of_its_file(name: str) -> None:
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8")
    comments = " ".join(line.partition("#")[2] for line in text.splitlines())
    for rule in shipped_now(name).rules:
        assert rule.rule_id in comments, rule.name
    assert max(len(line) for line in text.splitlines()) <= 130


@pytest.mark.parametrize("name", OF_WRITE_UPS)
def test_a_preset_of_a_write_up_says_what_is_published_and_what_is_ours(name: str) -> None:
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8").lower()
    assert "published" in text and "ours" in text
    assert any(word in text for word in ("`fixed_schedule`", "`mechanics`", "`outside_spx`", "`spike_exit`", "`curve`"))


@pytest.mark.parametrize("name", OF_WRITE_UPS)
def test_presets_of_write_ups_keep_the_defaults_size_so_that_rules_are_compared(name: str) -> None:
    policy, default = shipped_now(name), shipped_now("alvh-442")
    assert (policy.hedge.size, policy.account, policy.costs) == (default.hedge.size, default.account, default.costs)


def test_the_page_lists_every_policy_that_ships_and_no_other() -> None:
    assert sorted(name for name in ROWS if name != "preset" and set(name) != {"-"}) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_row_of_the_page_agrees_with_the_file(name: str) -> None:
    what, rules, needs, without = ROWS[name]
    policy = shipped_now(name)
    text = (POLICIES / f"{name}.toml").read_text(encoding="utf-8")
    listed = set(re.findall(r"R\d\d", rules))
    assert what.strip()
    assert {rule.rule_id for rule in policy.rules} <= listed
    assert listed <= set(re.findall(r"R\d\d", text)), "a rule that the file does not mention"
    readers = [rule for rule in policy.rules if lacking_inputs_of(policy, rule.name)]
    stops = any(rule.when_missing == "refuse" for rule in readers)
    assert needs == (", ".join(needs_of(lacking_inputs(policy))) or "-")
    funds = any(layer.is_share for layer in policy.hedge.layers)
    assert without == ("refused" if stops or funds else "off" if readers else "-")


def lacking_inputs_of(policy: Policy, rule: str) -> tuple[str, ...]:
    """Inputs that one rule reads and the sample has not."""
    return lacking_inputs(replace(policy, rules=tuple(one for one in policy.rules if one.name == rule)))


# ---------------------------------------------------------------------------------------------------- explain and lint

KNOWN_WARNINGS = {
    "vx-futures": {("window-empty", "front"), ("window-empty", "mid"), ("roll-gap", "mid")},
    "vxth-bands": {("window-empty", "calls")},
}
"""Futures are monthly and the windows are the default's, and VXTH opens once a month, as the files say."""


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_lints_without_errors_and_with_known_warnings(name: str) -> None:
    loaded = load_policy(name)
    found = lint_file(loaded) + window_findings(loaded.policy, date(2025, 1, 2), date(2025, 12, 31))
    assert [finding for finding in found if finding.severity == "error"] == []
    warnings = {(one.code, one.key.split(".")[2]) for one in found if one.severity == "warning"}
    assert warnings == KNOWN_WARNINGS.get(name, set())
    if name != "alvh-442":  # the default writes out every key
        assert [finding.key for finding in found if finding.code == "unused-key"] == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_explains_its_rules_layers_and_what_missing_data_does(name: str) -> None:
    loaded = load_policy(name)
    text = explain(loaded)
    for rule in loaded.policy.rules:
        sentence = next(line for line in text.splitlines() if line.strip().startswith(f"{rule.name} ({rule.rule_id})"))
        assert rule.when.phrase() in sentence
        assert ("off, and counted" in sentence) == (rule.when_missing == "off")
    for layer in loaded.policy.hedge.layers if loaded.policy.hedge.enabled else ():
        assert f"Layer {layer.name}" in text


def test_no_preset_closes_everything_by_a_rule_in_a_spike() -> None:
    """R43: a full exit is rarely first."""
    for name in PRESETS:
        for rule in shipped_now(name).rules:
            assert rule.then.kind != "close_layers" or rule.then.fraction_pct < 100.0
    assert all(rule.then.kind != "stand_down" for rule in shipped_now("spike-exit").rules)


# ----------------------------------------------------------------------------------------------------------------- runs


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs_through_a_shock_where_all_data_are_there(name: str) -> None:
    result, _ = run(name)
    record, policy = result.record, result.policy
    assert np.isfinite(record.equity_hedged_usd).all() and np.isfinite(record.equity_unhedged_usd).all()
    hedge = [lot for lot in result.lots if lot.layer >= 0]
    assert bool(hedge) == policy.hedge.enabled
    if policy.hedge.enabled:
        instruments = {layer.instrument for k, layer in enumerate(policy.hedge.layers) if any(lot.layer == k for lot in hedge)}
        assert instruments == {layer.instrument for layer in policy.hedge.layers}
    else:
        assert (record.equity_hedged_usd == record.equity_unhedged_usd).all()
    assert result.rules.known.all()


@lru_cache(maxsize=1)
def sample() -> ModelMarket:
    return load_market("sample", shipped(), start=date(2018, 1, 2), end=date(2018, 3, 29)).market


@pytest.mark.parametrize("name", PRESETS)
def test_on_the_sample_a_preset_runs_or_names_the_series_that_it_lacks(name: str) -> None:
    policy, market = shipped_now(name), sample()
    dates = {"start": to_day(date(2018, 1, 2)), "end": to_day(date(2018, 3, 29))}
    stops = [rule for rule in policy.rules if rule.when_missing == "refuse" and lacking_inputs_of(policy, rule.name)]
    funds = [layer.etp for layer in policy.hedge.layers if layer.is_share]
    if stops or funds:
        with pytest.raises(DataMissing) as refused:
            run_backtest(policy, market, fee_usd=fee_usd, **dates)
        assert all(ticker in str(refused.value) for ticker in funds)
        assert funds or any(f"'{name}'" in str(refused.value) for rule in stops for name in rule.when.signals())
        return
    result = run_backtest(policy, market, fee_usd=fee_usd, **dates)
    for k, rule in enumerate(policy.rules):
        assert result.rules.known[k].any() == (not lacking_inputs_of(policy, rule.name)), rule.name


# --------------------------------------------------------------------------------------------------- what each one is for


def test_the_ladder_opens_from_the_inside_at_its_thresholds_and_is_off_in_calm() -> None:
    result, on = run("outside-spx-ladder")
    vix = full_market().history.vix_close[FIRST : FIRST + len(on)]
    for now in on:
        assert list(now) == sorted(now, reverse=True)
    for k, threshold in enumerate((20.0, 25.0, 30.0)):
        opened = [row for row in range(1, len(on)) if on[row][k] and not on[row - 1][k]]
        assert opened, "the shock opens every layer"
        assert (vix[opened] > threshold).all()
    closed = [row for row in range(1, len(on)) if on[row - 1][0] and not on[row][0]]
    assert (vix[closed] < 17.0).all()
    assert any(not any(now) for now in on)
    held = np.abs(result.record.layer_value_usd).sum(axis=0) > 0.0
    assert not held[[not any(now) for now in on]].any()


def test_mechanics_hold_from_the_early_warning_to_the_all_clear() -> None:
    _, on = run("mechanics", rows=280)
    market, rows = full_market(), slice(FIRST, FIRST + len(on))
    vix, cross = market.history.vix_close[rows], market.signal("vix_macd_cross_up")[rows]
    expected, active = [], False
    for level, crossed in zip(vix.tolist(), cross.tolist(), strict=True):
        active = level >= 20.0 if active else crossed > 0.5 and level > 25.0
        expected.append(active)
    assert [now[0] for now in on] == expected
    assert {len(set(now)) for now in on} == {1}
    assert any(expected) and not all(expected)


def first_opening(result: BacktestResult, layer: int) -> list[tuple[float, float]]:
    """(quantity, dollars a unit at mid) of the layer's lots of the first hedge day."""
    day = min(lot.open_index for lot in result.lots if lot.layer >= 0)
    return [
        (lot.quantity, lot.open_mid * lot.multiplier_usd) for lot in result.lots if lot.layer == layer and lot.open_index == day
    ]


@pytest.mark.parametrize("name", ["spx-put-spreads", "stack-mixed-assets", "fixed-schedule", "vix-etp"])
def test_presets_of_equal_premium_spend_what_the_calls_would_cost(name: str) -> None:
    """Each layer gets its share of the ratio of the premium of 4/4/2 calls, but for rounding to whole units of either."""
    policy = shipped_now(name)
    calls_in_its_windows = _as_calls(policy)
    reference = run_backtest(calls_in_its_windows, full_market(), fee_usd=fee_usd, **_first_month())
    result = run_backtest(policy, full_market(), fee_usd=fee_usd, **_first_month())
    ratios = [layer.ratio for layer in policy.hedge.layers]
    total = slack = 0.0
    for k in range(len(ratios)):
        ((count, price),) = first_opening(reference, k)
        total, slack = total + count * price, slack + 0.5 * price
    for k, ratio in enumerate(ratios):
        legs = first_opening(result, k)
        units = max(count for count, _ in legs)
        spent, unit = sum(count * price for count, price in legs), sum(count * price for count, price in legs) / units
        share = ratio / sum(ratios)
        assert abs(spent - share * total) <= 0.5 * unit + share * slack + 1e-6


def _as_calls(policy: Policy) -> Policy:
    """The same windows and bought strikes, held in VIX calls and counted in contracts."""
    layers = tuple(replace(layer, instrument="vix_calls", roll_to="next_in_window") for layer in policy.hedge.layers)
    return replace(policy, rules=(), hedge=replace(policy.hedge, ratio_of="contracts", layers=layers))


def _first_month() -> dict[str, int]:
    sessions = full_market().sessions
    return {"start": int(sessions[FIRST]), "end": int(sessions[FIRST + 20])}


def test_vx_futures_gain_what_the_calls_gain_for_a_vix_point_when_they_are_set() -> None:
    market = full_market()
    betas = RollingBetas.of_stated(market.sessions, PUBLISHED)
    found = {}
    for name in ("alvh-442-10m", "vx-futures"):
        result = run_backtest(shipped_now(name), market, fee_usd=fee_usd, **_first_month())
        path = through_time(result, market, betas, vix=market.history.vix_close).exposures
        day = min(lot.open_index for lot in result.lots if lot.layer >= 0) - FIRST
        found[name] = [float(path.column("net_usd_per_vix_point", f"layer {layer}")[day]) for layer in ("front", "mid", "back")]
    calls, futures = sum(found["alvh-442-10m"]), found["vx-futures"]
    for gain, share in zip(futures, (0.4, 0.4, 0.2), strict=True):
        assert abs(gain - share * calls) <= 0.5 * 1000.0 + 0.02 * calls  # half a future, at most $500 for a VIX point


def test_the_default_at_ten_times_its_size_carries_ten_times_the_condors() -> None:
    small, large = run("alvh-442", rows=40)[0], run("alvh-442-10m", rows=40)[0]
    for one, ten in zip(_entry_lots(small), _entry_lots(large), strict=True):
        assert 10 * one <= ten <= 10 * one + 9


def _entry_lots(result: BacktestResult) -> list[int]:
    """Lots of each condor, in the order of entry."""
    found: dict[int, int] = {}
    for lot in result.lots:
        if lot.layer == -1:
            found[lot.group] = max(found.get(lot.group, 0), int(abs(lot.quantity)))
    return [found[group] for group in sorted(found)]


def test_vxth_bands_spend_by_the_future_of_the_opening_day() -> None:
    result, _ = run("vxth-bands", rows=280)
    market = full_market()
    front = market.signal("vx_front")
    lots = [lot for lot in result.lots if lot.layer == 0]
    seen = set()
    for lot in lots:
        future = float(front[lot.open_index])
        share = 0.0 if future <= 15.0 or future > 50.0 else 0.005 if future > 30.0 else 0.01
        price = lot.open_mid * lot.multiplier_usd
        assert abs(lot.quantity * price - share * result.policy.account.equity_usd) <= price
        assert lot.close_kind != "closed"
        seen.add(share)
    assert 0.0 not in seen and 0.01 in seen


def test_the_gate_holds_back_condors_and_nothing_else() -> None:
    gated, plain = run("gate-only")[0], run("no-hedge")[0]
    vix = full_market().history.vix_close
    opened = [{lot.open_index for lot in one.lots} for one in (gated, plain)]
    assert opened[0] == {row for row in opened[1] if vix[row] <= 25.0} != opened[1]


def test_the_reserve_layer_spends_no_more_than_its_share_of_gains_at_mid() -> None:
    """Before each purchase the reserve holds what it costs at mid; slippage and fees of the purchase come on top."""
    result, _ = run("reserve-layer", rows=280)
    reserve = len(result.policy.hedge.layers) - 1
    bought = sorted({lot.open_index for lot in result.lots if lot.layer == reserve})
    assert bought
    for row in bought:
        gains = flows = 0.0
        for lot in result.lots:
            usd, closed = lot.quantity * lot.multiplier_usd, bool(lot.close_kind) and lot.close_index <= row
            if lot.layer == reserve and lot.open_index < row:
                flows -= usd * lot.open_price + lot.open_fees_usd
            elif lot.layer == reserve and lot.open_index == row:
                flows -= usd * lot.open_mid
            if lot.layer == reserve and closed:
                flows += usd * lot.close_mid
            elif 0 <= lot.layer < reserve and closed:
                gains += max(usd * (lot.close_price - lot.open_price) - lot.open_fees_usd - lot.close_fees_usd, 0.0)
        assert 0.5 * gains + flows >= 0.0


def test_the_press_shift_moves_every_layer_later_and_only_in_a_press() -> None:
    """What a press rolls into lies behind the layer's own window, where something is listed there."""
    result, _ = run("press-shift", rows=280)
    market = full_market()
    press = market.signal("press_press")
    at = {int(day): row for row, day in enumerate(market.sessions)}
    off = [line for line in result.roll_lines if not line.scheduled]
    assert {line.layer for line in off} == {0, 1, 2}
    assert all(press[at[line.session]] == 1.0 for line in off)
    listed = [line for line in off if not line.fallback]
    assert {line.layer for line in listed} >= {
        0,
        1,
    }  # six months of VIX options reach no further than the back layer's own window
    for line in listed:
        expiry = to_day(date.fromisoformat(line.new_contract.split()[1]))
        assert expiry - line.session > result.policy.hedge.layers[line.layer].max_dte


def test_monetised_layers_sell_half_once_a_holding_at_three_times_their_cost() -> None:
    result, _ = run("monetise-3x", rows=280)
    trims = [line for line in result.roll_lines if line.action == "trim"]
    assert trims
    for line in trims:
        assert "3 times" in line.reason
        same = [one for one in trims if (one.layer, one.old_contract) == (line.layer, line.old_contract)]
        assert len(same) == 1
    sold = [lot for lot in result.lots if lot.layer >= 0 and "3 times" in lot.close_reason]
    assert all(lot.close_mid >= 3.0 * lot.open_price - 1e-9 for lot in sold)


def test_the_commented_spread_filter_of_the_ladder_loads_and_refuses(tmp_path: Path) -> None:
    text = (POLICIES / "outside-spx-ladder.toml").read_text(encoding="utf-8")
    file = tmp_path / "filtered.toml"
    file.write_text(re.sub(r"^# (?=\[limits|max_pct|on_roll)", "", text, flags=re.MULTILINE), encoding="utf-8")
    policy = load_policy(file).policy
    assert policy.limits.spread is not None and policy.limits.spread.max_pct == 8.0
    market = full_market()
    dates = {"start": int(market.sessions[FIRST]), "end": int(market.sessions[FIRST + 129])}
    assert any(rule == "R45" for _, rule, _ in run_backtest(policy, market, fee_usd=fee_usd, **dates).refusals)
