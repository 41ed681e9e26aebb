"""Layers of futures and call spreads against an independent plain book on real market history, session by session to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.helpers.books import compare_with_plain, shipped
from tests.reference.plain_mixed_book import PlainMixedBook

from alvh.app.wiring import load_market
from alvh.core.days import to_day
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(date(2007, 1, 3), date(2009, 12, 31), id="2007-2009"),
        pytest.param(date(2018, 1, 3), date(2020, 12, 31), id="2018-2020"),
    ],
)
def test_the_engine_agrees_with_the_plain_book(shared: Path, start: date, end: date) -> None:
    policy = shipped()
    front, mid, back = policy.hedge.layers
    layers = (replace(front, instrument="vx_futures"), replace(mid, instrument="vix_call_spreads"), back)
    policy = replace(policy, hedge=replace(policy.hedge, layers=layers))
    market = load_market(shared, policy, start=start, end=end).market
    result = run_backtest(policy, market, start=to_day(start), end=to_day(end), fee_usd=fee_usd)
    plain = PlainMixedBook(market, to_day(start), to_day(end), holds=("future", "spread", "call")).run()
    assert compare_with_plain(result, plain) == []
