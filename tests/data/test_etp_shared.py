"""Layers of VIX funds on the real price files: what is read of them, and a run through 2018-2026."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.app.wiring import run_backtest
from alvh.core.days import to_day
from alvh.data.load import load_history
from alvh.market.history import VIX_ETPS

START, END = date(2018, 2, 1), date(2026, 7, 22)


def test_all_four_funds_are_read_without_a_gap_and_the_old_vxx_is_noted(shared: Path) -> None:
    loaded = load_history(shared, start=date(2011, 1, 3), end=END, warmup_sessions=0)
    history = loaded.history
    assert tuple(history.etps) == VIX_ETPS
    begins = {"VXX": date(2018, 1, 25), "UVXY": date(2011, 10, 4), "VIXY": date(2011, 1, 4), "VIXM": date(2011, 1, 4)}
    for ticker, day in begins.items():
        known = np.isfinite(history.etps[ticker])
        assert (known == (history.sessions >= to_day(day))).all(), ticker
    (old,) = loaded.quality.find("holds VXX to a later day")
    assert old.file.endswith("VXX_2009_2017.csv") and old.last == "2017-01-06"
    assert not loaded.quality.find("doubles or halves")


@pytest.mark.parametrize(("first", "last"), [(date(2018, 3, 1), date(2022, 3, 11)), (date(2022, 10, 14), END)])
def test_vxx_and_vixy_hold_the_same_futures_and_uvxy_half_as_much_again(shared: Path, first: date, last: date) -> None:
    """Two funds on one index move together, but for March to October 2022, when no new notes of VXX were sold."""
    etps = load_history(shared, start=first, end=last, warmup_sessions=0).history.etps
    daily = {ticker: np.diff(prices) / prices[:-1] for ticker, prices in etps.items()}
    assert np.corrcoef(daily["VXX"], daily["VIXY"])[0, 1] > 0.99
    assert 1.45 < np.polyfit(daily["VIXY"], daily["UVXY"], 1)[0] < 1.55
    assert 0.35 < np.polyfit(daily["VIXY"], daily["VIXM"], 1)[0] < 0.5


def test_the_preset_runs_from_february_2018_and_every_layer_earns_the_funds_returns(shared: Path) -> None:
    output = run_backtest("vix-etp", data=shared, start=START, end=END, price_range=False)
    result, prices = output.result, output.market.market.history.etps["VXX"]
    for k in range(3):
        lots = [lot for lot in result.lots if lot.layer == k]
        assert lots
        earned = 0.0
        for lot in lots:
            end = prices[lot.close_index if lot.close_kind else result.first + len(result.sessions) - 1]
            earned += lot.quantity * (end / prices[lot.open_index] - 1.0)
        net = output.document["hedge"]["layers"][k]["net_usd"]
        slippage = output.document["hedge"]["layers"][k]["slippage_usd"]
        assert abs(net + slippage - earned) < 0.01
    assert output.attribution.max_identity_error_usd < 0.005
    assert output.attribution.max_attribution_error_usd < 0.005
    assert result.counters.no_market == 0 and "R07" not in result.counters.refused
