"""Nothing that happens after a close changes what was done or what the book was worth up to it, to the last bit."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from tests.helpers.books import market_of, run_book, shipped
from tests.helpers.history import make_history

from alvh.engine.backtest import BacktestResult
from alvh.market.history import History
from alvh.strategy.conditions import Compare
from alvh.strategy.policy import Action, AdaptiveRule, Policy

SESSIONS, WARM_UP = 200, 40
RULES = (
    AdaptiveRule(
        name="sell half",
        rule_id="R20",
        when=Compare(signal="vix_rsi_14", above=65.0),
        then=Action(kind="close_layers", fraction_pct=50.0),
        cool_down_sessions=10,
    ),
    AdaptiveRule(
        name="hold back",
        rule_id="R24",
        when=Compare(signal="vix_to_mean_20", above=1.1),
        then=Action(kind="skip_condor_entry"),
    ),
)


def policies() -> dict[str, Policy]:
    base = shipped()
    return {
        "default": base,
        "next close, compound": replace(
            base, timing=replace(base.timing, fill_at="next_close"), account=replace(base.account, compound=True)
        ),
        "rules": replace(base, rules=RULES),
        "held to settlement": replace(
            base,
            condor=replace(base.condor, exit=replace(base.condor.exit, profit_fraction_pct=None, dte=None)),
            hedge=replace(
                base.hedge,
                layers=tuple(replace(x, roll=replace(x.roll, kind="hold_to_settlement")) for x in base.hedge.layers),
            ),
        ),
    }


def truncated(history: History, keep: int) -> History:
    """The first ``keep`` sessions, as if the file had ended there; contracts that settle later have no value yet."""
    last = int(history.sessions[keep - 1])
    changed: dict[str, Any] = {}
    for field in fields(history):
        value = getattr(history, field.name)
        if isinstance(value, np.ndarray):
            changed[field.name] = value[:keep]
    vx = history.vx
    return replace(
        history,
        **changed,
        vx=replace(vx, settle=vx.settle[:keep], volume=vx.volume[:keep]),
        vro={day: value for day, value in history.vro.items() if day <= last},
        modelled={name: mask[:keep] for name, mask in history.modelled.items()},
    )


def mutated(history: History, keep: int) -> History:
    """Every number after the first ``keep`` sessions is another one."""
    rng = np.random.default_rng(99)

    def shake(value: np.ndarray) -> np.ndarray:
        out = value.copy()
        out[keep:] = out[keep:] * rng.uniform(0.5, 2.0, out[keep:].shape)
        return out

    changed = {
        field.name: shake(getattr(history, field.name))
        for field in fields(history)
        if field.name != "sessions" and isinstance(getattr(history, field.name), np.ndarray)
    }
    last = int(history.sessions[keep - 1])
    vx = history.vx
    return replace(
        history,
        **changed,
        vx=replace(vx, settle=shake(vx.settle), volume=np.round(shake(vx.volume))),
        vro={day: (value if day <= last else value * 1.7, source) for day, (value, source) in history.vro.items()},
    )


def story(result: BacktestResult, until: int) -> list[Any]:
    """Every ledger entry, figure, refusal and roll line up to row ``until`` of the market, that session included."""
    rows = slice(0, until - result.first + 1)
    last = int(result.market.sessions[until])
    record = result.record
    return [
        [entry for entry in result.ledger.entries if entry.market_row <= until],
        [
            getattr(record, name)[..., rows].tobytes()
            for name in (
                "equity_hedged_usd", "equity_unhedged_usd", "cash_hedged_usd", "cash_unhedged_usd", "interest_hedged_usd",
                "condor_lots", "index_notional_usd", "risk_capital_usd", "layer_value_usd",
            )
        ],
        [row for row in result.refusals if row[0] <= last],
        [repr(line) for line in result.roll_lines if line.session <= last],
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(policies()))
@pytest.mark.parametrize("with_vx", [True, False], ids=["vx", "no vx"])
def test_what_comes_later_changes_nothing(name: str, with_vx: bool) -> None:
    policy = policies()[name]
    history = make_history(SESSIONS, seed=7, with_vx=with_vx, stress=True)
    horizon = int(history.sessions[-1]) + 500
    whole = run_book(market_of(history, horizon_day=horizon), policy, first=WARM_UP)
    assert len(whole.lots) > 20
    for keep in (87, 120, 121, 163):  # 121 is the first cut that contains the shock (row 120)
        until = keep - 1
        expected = story(whole, until)
        for other in (truncated(history, keep), mutated(history, keep)):
            result = run_book(market_of(other, horizon_day=horizon), policy, first=WARM_UP)
            assert story(result, until) == expected
        assert story(result, SESSIONS - 1) != story(whole, SESSIONS - 1), "the changed numbers were read after the cut"
