"""The engine against its plain twin on real market history, session by session to the cent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.helpers.books import compare_with_plain, shipped
from tests.reference.plain_book import PlainBook

from alvh.app.wiring import load_market
from alvh.core.days import to_day
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(date(2007, 1, 3), date(2010, 12, 31), id="2007-2010"),
        pytest.param(date(2013, 1, 3), date(2014, 12, 31), id="2013-2014"),
        pytest.param(date(2017, 1, 3), date(2021, 12, 31), id="2017-2021"),
    ],
)
def test_default_book_agrees_with_its_plain_twin(shared: Path, start: date, end: date) -> None:
    market = load_market(shared, shipped(), start=start, end=end).market
    result = run_backtest(shipped(), market, start=to_day(start), end=to_day(end), fee_usd=fee_usd)
    assert compare_with_plain(result, PlainBook(market, to_day(start), to_day(end)).run()) == []
