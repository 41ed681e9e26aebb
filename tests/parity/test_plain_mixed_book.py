"""Layers of VX futures and of VIX call spreads against an independent plain book, session by session to the cent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.helpers.books import compare_with_plain, run_book, shipped, synthetic_market
from tests.reference.plain_mixed_book import PlainMixedBook

from alvh.results.attribution import attribute
from alvh.results.document import layer_sums
from alvh.strategy.policy import HedgeLayer, Policy

INSTRUMENTS = {"future": "vx_futures", "spread": "vix_call_spreads", "call": "vix_calls"}
Holds = tuple[str, str, str]


def policy_of(holds: Holds) -> Policy:
    """The default book with other instruments; the ratio counts contracts, as ever."""

    def layer(given: HedgeLayer, kind: str) -> HedgeLayer:
        return replace(given, instrument=INSTRUMENTS[kind])  # type: ignore[arg-type]  # one of the instruments' names

    policy = shipped()
    layers = tuple(layer(given, kind) for given, kind in zip(policy.hedge.layers, holds, strict=True))
    return replace(policy, hedge=replace(policy.hedge, layers=layers))


@pytest.mark.parametrize(
    ("holds", "seed", "sessions", "stress"),
    [
        (("future", "future", "future"), 0, 420, False),
        (("spread", "spread", "spread"), 1, 420, True),
        (("future", "spread", "call"), 3, 420, True),
        (("call", "future", "spread"), 2, 300, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_the_engine_agrees_with_the_plain_book(holds: Holds, seed: int, sessions: int, stress: bool) -> None:
    market = synthetic_market(sessions, seed=seed, stress=stress)
    result = run_book(market, policy_of(holds))
    plain = PlainMixedBook(market, int(market.sessions[0]), int(market.sessions[-1]), holds=holds).run()
    assert compare_with_plain(result, plain) == []
    attribute(result)
    variation = sum(entry.cash_usd for entry in result.ledger.entries if entry.kind == "variation")
    assert ("future" in holds) == (abs(plain.variation_usd) > 1_000.0)
    settled = sum(e.cash_usd for e in result.ledger.entries if e.kind == "settle" and result.lots[e.lot].is_future)
    assert variation + settled == pytest.approx(plain.variation_usd, abs=0.01)
    gains = sum(layer_sums(result, k).payoff_usd for k, kind in enumerate(holds) if kind == "future")
    assert gains == pytest.approx(plain.variation_usd, abs=0.01)
    traded = [sum(abs(lot.quantity) for lot in result.lots if lot.layer == k) for k in range(3)]
    assert min(traded) > 20
