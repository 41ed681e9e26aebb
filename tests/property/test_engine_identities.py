"""Whatever the policy says, the books add up: identities of the engine over synthetic histories and policy variants."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.books import run_book, shipped, synthetic_market

from alvh.engine.backtest import BacktestResult
from alvh.results.attribution import attribute
from alvh.results.document import layer_sums
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import (
    Action,
    AdaptiveRule,
    CondorExit,
    CondorSize,
    EntrySchedule,
    HedgeSize,
    LayerStrike,
    Limits,
    Policy,
    Roll,
    SpreadLimit,
    Wing,
)
from alvh.strategy.sizing import SOLVED_KINDS

SESSIONS, WARM_UP = 190, 40
CENT = 0.005
NAMES = tuple(layer.name for layer in shipped().hedge.layers)
HELD = CondorExit(profit_fraction_pct=None, loss_multiple=None, dte=None, short_delta=None)

rolls = st.sampled_from(
    [
        Roll(days=7),
        Roll(days=10, anchor="last_roll"),
        Roll(days=45),
        Roll(kind="sessions_before_expiry", sessions=3),
        Roll(kind="hold_to_settlement"),
    ]
)
strikes = st.sampled_from(
    [
        LayerStrike(),
        LayerStrike(delta=0.35),
        LayerStrike(kind="moneyness", out_pct=10.0),
        LayerStrike(kind="moneyness", of="spot"),
    ]
)
actions = st.sampled_from(
    [
        Action(kind="skip_condor_entry"),
        Action(kind="roll_layers", layers=NAMES[:1]),
        Action(kind="close_layers", fraction_pct=50.0),
        Action(kind="rebalance", dead_band_pct=10.0),
        Action(kind="close_layers", layers=NAMES[1:], fraction_pct=100.0),
    ]
)
conditions = st.sampled_from(
    [Compare(signal="vix", above=18.0), Compare(signal="vix", below=16.0), Compare(signal="vix_rsi_14", above=60.0)]
)


@st.composite
def policies(draw: Any) -> tuple[Policy, bool]:
    """A policy variant, and whether it needs XSP."""
    base = shipped()
    xsp = draw(st.booleans())
    layers = tuple(
        replace(
            layer,
            roll=draw(st.one_of(st.just(layer.roll), rolls)),
            strike=draw(strikes),
            same_expiry=draw(st.sampled_from(["keep", "restrike"])),
            when_empty=draw(st.sampled_from(["nearest", "skip"])),
            roll_to=draw(st.sampled_from(["next_in_window", "next_monthly"])),
            restrike=draw(st.sampled_from(["target_delta", "same_moneyness"])),
        )
        for layer in base.hedge.layers
    )
    kind = draw(st.sampled_from(["index_notional", "risk_capital", "per_condor", *SOLVED_KINDS]))
    size = HedgeSize(
        kind=kind,
        share_pct=1.0 if kind == "capital_share" else 25.0,
        per_usd=draw(st.sampled_from([50_000.0, 100_000.0, 600_000.0])),
        reference="open" if kind in SOLVED_KINDS else draw(st.sampled_from(["open", "planned"])),
        resize=draw(st.sampled_from(["at_roll", "weekly"])),
    )
    condor = replace(
        base.condor,
        roots=("XSP",) if xsp else draw(st.sampled_from([("SPXW", "SPX"), ("SPX",), ("SPXW",)])),
        entry=EntrySchedule(kind=draw(st.sampled_from(["weekly", "monthly", "daily"])), weekday=draw(st.integers(0, 4))),
        wing=draw(st.sampled_from([Wing(), Wing(kind="points", points=5.0 if xsp else 50.0)])),
        size=draw(st.sampled_from([CondorSize(), CondorSize(kind="fixed_lots", lots=3), CondorSize(share_pct=0.01)])),
        exit=draw(st.sampled_from([base.condor.exit, HELD, CondorExit(loss_multiple=1.0, short_delta=0.3, dte=7)])),
        gate_max_vix=draw(st.sampled_from([None, 17.0])),
    )
    limit = draw(st.sampled_from([None, "keep", "close_anyway"]))
    spread = None if limit is None else SpreadLimit(max_pct=draw(st.sampled_from([8.0, 25.0])), on_roll=limit)
    rules = tuple(
        AdaptiveRule(name=f"rule {k}", rule_id="R20", when=draw(conditions), then=draw(actions), cool_down_sessions=5 * k)
        for k in range(draw(st.integers(0, 2)))
    )
    share = draw(st.sampled_from([0.0, 25.0, 50.0, 100.0]))
    return (
        replace(
            base,
            account=replace(base.account, compound=draw(st.booleans()), equity_usd=draw(st.sampled_from([1e6, 5e4]))),
            costs=replace(base.costs, spx_spread_share_pct=share, vix_spread_share_pct=share, fees=draw(st.booleans())),
            timing=replace(base.timing, fill_at=draw(st.sampled_from(["same_close", "next_close"]))),
            condor=condor,
            hedge=replace(base.hedge, size=size, layers=layers),
            limits=Limits(spread=spread),
            rules=rules,
        ),
        xsp,
    )


def condor_trades(result: BacktestResult) -> list[tuple[Any, ...]]:
    """Everything about the condor lots that the hedge must not touch."""
    return [
        (
            (lot.group, lot.series, lot.strike, lot.right, lot.quantity, lot.stranded),
            (lot.open_index, lot.open_price, lot.close_kind, lot.close_index, repr(lot.close_price)),
        )
        for lot in result.lots
        if lot.layer < 0
    ]


def check_replay(result: BacktestResult) -> None:
    """The ledger alone gives back both cash balances of every session and every open quantity."""
    sessions = len(result.sessions)
    hedged, unhedged = np.zeros(sessions), np.zeros(sessions)
    lots = {lot.lot_id: lot for lot in result.lots}
    book: dict[tuple[Any, ...], int] = defaultdict(int)
    last_index = result.first
    for entry in result.ledger.entries:
        assert entry.market_row >= last_index, "entries are in order of session"
        last_index = entry.market_row
        hedged[entry.market_row - result.first] += entry.cash_usd
        unhedged[entry.market_row - result.first] += entry.cash_unhedged_usd
        assert entry.slippage_usd >= -1e-9 and entry.fees_usd >= 0.0
        assert entry.price >= 0.0
        if entry.kind == "interest":
            continue
        lot = lots[entry.lot]
        assert entry.kind != "strand" or lot.quantity > 0, "a short leg is never stranded"
        key = (lot.layer, lot.group, lot.series, lot.strike, lot.right)
        book[key] += entry.quantity
        assert lot.layer < 0 or book[key] >= 0, "the hedge is never short"
    start = result.policy.account.equity_usd
    assert np.abs(start + np.cumsum(hedged) - result.record.cash_hedged_usd).max() < CENT
    assert np.abs(start + np.cumsum(unhedged) - result.record.cash_unhedged_usd).max() < CENT
    still_open: dict[tuple[Any, ...], int] = defaultdict(int)
    for lot in result.lots:
        assert lot.quantity != 0
        assert not (lot.stranded and lot.quantity < 0)
        if not lot.close_kind:
            still_open[(lot.layer, lot.group, lot.series, lot.strike, lot.right)] += lot.quantity
    assert {key: quantity for key, quantity in book.items() if quantity} == dict(still_open)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(variant=policies(), seed=st.integers(0, 2), stress=st.booleans())
def test_the_books_add_up_under_every_variant(variant: tuple[Policy, bool], seed: int, stress: bool) -> None:
    policy, xsp = variant
    market = synthetic_market(SESSIONS, seed=seed, stress=stress, with_vx=seed != 2, xsp=xsp)
    result = run_book(market, policy, first=WARM_UP)
    attribution = attribute(result)  # raises where a session misses by half a cent
    assert max(attribution.max_attribution_error_usd, attribution.max_identity_error_usd) < CENT
    check_replay(result)

    record = result.record
    nets = sum(layer_sums(result, k).net_usd for k in range(len(policy.hedge.layers)))
    interest = float((record.interest_hedged_usd - record.interest_unhedged_usd).sum())
    difference = float(record.equity_hedged_usd[-1] - record.equity_unhedged_usd[-1])
    assert abs(nets + interest - difference) < CENT

    bare = run_book(market, replace(policy, hedge=replace(policy.hedge, enabled=False)), first=WARM_UP)
    assert condor_trades(bare) == condor_trades(result)
    assert bare.record.equity_unhedged_usd.tolist() == record.equity_unhedged_usd.tolist()
    assert bare.record.equity_hedged_usd.tolist() == bare.record.equity_unhedged_usd.tolist()
