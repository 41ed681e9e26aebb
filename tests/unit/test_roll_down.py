"""Roll-down apart from the curve's moves (R08): curves that stand still, that shift, and the definition by another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.books import run_book, shipped
from tests.helpers.history import make_history

from alvh.core.contracts import Root
from alvh.core.days import to_date
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.engine.backtest import BacktestResult
from alvh.market.forwards import vix_forwards
from alvh.market.market import Legs
from alvh.market.positions import NOT_OPENED, Positions
from alvh.market.series import series_table
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.vx_curve import curve_points
from alvh.results.attribution import CAUSES, Attribution, attribute
from alvh.results.roll_down import RollDown, roll_down, roll_down_document, unchanged_forward
from alvh.risk.unchanged import unchanged_value
from alvh.strategy.policy import Policy, Roll

Floats = np.ndarray
SESSIONS = 160
FORWARD = CAUSES.index("forward")


def curve_market(slope_a_day: float, levels: Floats) -> ModelMarket:
    """VIX at ``levels``, every forward at VIX e^(slope x days): linear in ln F, so that interpolation is exact; VRO is spot."""
    history = make_history(SESSIONS, seed=3)
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + 400
    vix = vix_expiries(first, last)
    days = vix.expiry[None, :] - history.sessions[:, None]
    listed = (vix.listed_from[None, :] <= history.sessions[:, None]) & (days >= 0)
    forward = np.where(listed, levels[:, None] * np.exp(slope_a_day * days), np.nan)
    at = {int(day): k for k, day in enumerate(history.sessions)}
    vro = {int(day): (float(levels[max(at[int(day)] - 1, 0)]), "stated") for day in vix.expiry if int(day) in at}
    history = replace(history, vix_close=levels, vro=vro)
    return model_market(history, series_table(spx_expiries(first, last), vix), forward)


def policy_of(*instruments: str) -> Policy:
    """The default book with other instruments, the front layer held to its settlement; no condor leaves early."""
    policy = shipped()
    layers = [replace(layer, instrument=kind) for layer, kind in zip(policy.hedge.layers, instruments, strict=True)]
    layers[0] = replace(layers[0], roll=Roll(kind="hold_to_settlement"))
    return replace(policy, hedge=replace(policy.hedge, layers=tuple(layers)))


def cut(market: ModelMarket, policy: Policy) -> tuple[BacktestResult, Attribution, RollDown]:
    result = run_book(market, policy)
    attribution = attribute(result)
    return result, attribution, roll_down(result, attribution, market, vix=market.history.vix_close)


STILL = np.full(SESSIONS, 18.0)
MOVING = 18.0 * np.exp(np.cumsum(0.05 * np.random.default_rng(2).standard_normal(SESSIONS)))
MIXED = ("vix_calls", "vix_call_spreads", "vx_futures")


@pytest.mark.parametrize("slope", [0.002, -0.002], ids=["contango", "backwardation"])
def test_a_curve_that_does_not_move_is_all_convergence(slope: float) -> None:
    """Every forward slides along the same curve, to spot at its settlement: nothing is left for the level."""
    result, attribution, found = cut(curve_market(slope, STILL), policy_of(*MIXED))
    forward = attribution.pnl_usd[1:, FORWARD]
    assert np.abs(forward).sum(axis=1).min() > 100.0
    assert found.convergence_usd == pytest.approx(forward, abs=1e-6)
    assert np.abs(found.level_usd).max() < 1e-6
    assert any(lot.close_kind == "settled" for lot in result.lots if lot.layer == 0)
    assert bool(found.contango.all()) is (slope > 0.0) and bool(found.contango.any()) is (slope > 0.0)
    assert bool((found.convergence_usd.sum(axis=1) < 0.0).all()) is (slope > 0.0)  # contango costs every layer


def test_a_flat_curve_that_shifts_is_all_level() -> None:
    """Spot and every forward move together: no slope to roll down, whatever VIX does."""
    _, attribution, found = cut(curve_market(0.0, MOVING), policy_of(*MIXED))
    forward = attribution.pnl_usd[1:, FORWARD]
    assert np.abs(forward).max() > 100.0
    assert np.abs(found.convergence_usd).max() < 1e-6
    assert found.level_usd == pytest.approx(forward, abs=1e-6)
    assert not found.contango.any()  # level with spot is no contango


def test_a_sloped_curve_that_shifts_gives_each_part_its_own() -> None:
    """Futures by hand: F0 (e^(-slope x days) - 1) converges, the rest is the shift of ln VIX."""
    slope = 0.0015
    market = curve_market(slope, MOVING)
    result, _, found = cut(market, policy_of("vx_futures", "vx_futures", "vx_futures"))
    days = market.sessions
    expected = np.zeros((2, 3, SESSIONS))
    for lot in result.lots:
        if lot.layer < 0:
            continue
        end = lot.close_index if lot.close_kind else SESSIONS - 1
        expiry = int(market.series.expiry[lot.series])
        for row in range(lot.open_index, end):
            before = MOVING[row] * np.exp(slope * (expiry - days[row]))
            still = MOVING[row] * np.exp(slope * max(expiry - days[row + 1], 0))
            ends = lot.close_kind == "settled" and row + 1 == end
            after = MOVING[row] if ends else MOVING[row + 1] * np.exp(slope * (expiry - days[row + 1]))
            usd = lot.quantity * lot.multiplier_usd
            expected[:, lot.layer, row + 1] += usd * (still - before), usd * (after - still)
    assert found.convergence_usd == pytest.approx(expected[0], abs=1e-6)
    assert found.level_usd == pytest.approx(expected[1], abs=1e-6)
    assert found.futures_usd == pytest.approx(found.convergence_usd)
    assert np.abs(expected).sum(axis=2).min() > 100.0


def test_calls_converge_as_on_a_market_that_stands_still_for_one_day() -> None:
    """On another market, whose next close has the first one's curve, the whole forward step of the attribution is convergence."""
    slope = 0.0015
    market = curve_market(slope, MOVING)
    result, _, found = cut(market, policy_of("vix_calls", "vix_calls", "vix_calls"))
    checked = 0
    for row in range(5, SESSIONS - 1, 11):
        held = [
            lot
            for lot in result.lots
            if lot.layer >= 0 and lot.open_index <= row and (not lot.close_kind or lot.close_index > row)
        ]
        still = curve_market(slope, np.where(np.arange(SESSIONS) == row + 1, MOVING[row], MOVING))
        legs = Legs.of([(lot.series, lot.strike, lot.right) for lot in held])
        ends = np.array([lot.close_kind == "settled" and lot.close_index == row + 1 for lot in held])
        count = np.ones(len(held), dtype=np.int64)
        explained = still.explain(legs, row * count, (row + 1) * count, np.where(ends, MOVING[row], np.nan))
        for layer in range(3):
            own = sum(
                lot.quantity * 100.0 * float(points)
                for lot, points in zip(held, explained.forward.tolist(), strict=True)
                if lot.layer == layer
            )
            assert found.convergence_usd[layer, row + 1] == pytest.approx(own, abs=1e-6)
            checked += own != 0.0
    assert checked > 20


def test_the_unchanged_curve_is_that_of_static_decay() -> None:
    """On a kinked curve of settlements: what ``risk.unchanged`` values a future at some days later, over many expiries."""
    history = make_history(120, seed=5, stress=True)
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + 400
    vix = vix_expiries(first, last)
    forwards = vix_forwards(history, expiry=vix.expiry, monthly=vix.monthly, curve_points=curve_points(history.vix_close))
    market = model_market(history, series_table(spx_expiries(first, last), vix), forwards.forward)
    split = int(np.searchsorted(market.series.is_vix, True))
    for row in (0, 40, 72, 73, 110):
        snapshot = market.snapshot(row)
        listed = snapshot.listed(vix=True)
        for days in (1, 3, 4, 9):
            book = Positions(
                root=(Root.VX,) * len(listed),
                expiry=market.series.expiry[listed],
                strike=np.full(len(listed), np.nan),
                right=np.zeros(len(listed), dtype=np.int64),
                quantity=np.ones(len(listed)),
                opened=np.full(len(listed), NOT_OPENED, dtype=np.int64),
                open_price=np.full(len(listed), np.nan),
                sleeve=("hedge",) * len(listed),
                layer=("vx",) * len(listed),
            )
            expected = unchanged_value(snapshot, book, market.series, days=days)
            size = len(listed)
            found = unchanged_forward(
                market, history.vix_close, listed - split, np.full(size, row), np.full(size, days, dtype=np.int64)
            )
            assert found == pytest.approx(expected, rel=1e-12), (to_date(int(market.sessions[row])), days)


def test_the_document_adds_up_by_state_and_layer() -> None:
    market = curve_market(0.0015, MOVING)
    levels = np.where(np.arange(SESSIONS) % 40 < 25, market.history.vix_close, 1.4 * market.history.vix_close)
    market = replace(market, history=replace(market.history, vix_close=levels))  # spot above its curve: backwardation
    result, attribution, found = cut(market, policy_of(*MIXED))
    assert 0 < int(found.contango.sum()) < SESSIONS
    part = roll_down_document(result, attribution, found)
    keys = ("convergence_usd", "level_usd", "time_usd", "vol_usd", "costs_usd", "net_usd")
    for k, layer in enumerate(result.policy.hedge.layers):
        row = part["layers"][layer.name]
        assert row["net_usd"] == pytest.approx(float(attribution.pnl_usd[k + 1].sum()), abs=1e-6)
        assert row["sessions"] == sum(state["sessions"] for state in row["by_state"].values())
        for key in keys:
            assert row[key] == pytest.approx(sum(state[key] for state in row["by_state"].values()), abs=1e-6)
    for state in ("contango", "backwardation"):
        for key in keys:
            total = sum(row["by_state"][state][key] for row in part["layers"].values())
            assert part["by_state"][state][key] == pytest.approx(total, abs=1e-6)


def test_put_spreads_have_no_forward_on_vix() -> None:
    policy = policy_of("vix_calls", "spx_put_spreads", "vix_calls")
    market = curve_market(0.0015, MOVING)
    result, attribution, found = cut(market, policy)
    assert np.abs(found.convergence_usd[1]).max() == np.abs(found.level_usd[1]).max() == 0.0
    assert set(roll_down_document(result, attribution, found)["layers"]) == {"front", "back"}
