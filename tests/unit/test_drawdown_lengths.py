"""P&L by length of the drawdown (R47): ages by hand, sums against the whole run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.books import run_book, synthetic_market

from alvh.results.attribution import attribute
from alvh.results.drawdown_lengths import LENGTHS, by_drawdown_length, drawdown_age


def test_ages_by_hand() -> None:
    """A start of 100 is a high; an equal close is one too; two lows, then a new high."""
    assert drawdown_age(np.array([99.0, 98.0, 100.0, 101.0, 100.5, 100.9, 101.5]), 100.0).tolist() == [1, 2, 0, 0, 1, 2, 0]
    assert drawdown_age(np.array([101.0]), 100.0).tolist() == [0]


def test_ages_are_a_count_from_the_last_high_on_a_random_walk() -> None:
    equity = 1000.0 + np.cumsum(np.random.default_rng(3).standard_normal(500))
    age = drawdown_age(equity, 1000.0)
    path = [1000.0, *equity.tolist()]
    for k in range(1, len(path)):
        highs = [j for j in range(k + 1) if path[j] == max(path[: j + 1])]
        assert age[k - 1] == k - highs[-1]


def test_rows_add_up_to_the_run_and_are_chosen_by_the_close_before() -> None:
    result = run_book(synthetic_market(stress=True), first=40)
    attribution = attribute(result)
    rows = by_drawdown_length(result, attribution)
    assert [(row["from_sessions"], row["to_sessions"]) for row in rows] == list(LENGTHS)
    assert sum(row["sessions"] for row in rows) == len(result.sessions)
    for k, name in enumerate(("condor", "front", "mid", "back")):
        total = sum(row["sleeves"][name]["pnl_usd"] for row in rows)
        assert total == pytest.approx(attribution.sleeve_pnl_usd(k).sum())
    change = result.record.equity_unhedged_usd[-1] - result.policy.account.equity_usd
    assert sum(row["unhedged_usd"] for row in rows) == pytest.approx(change)
    age = drawdown_age(result.record.equity_unhedged_usd, result.policy.account.equity_usd)
    expected = 0.0
    back = attribution.sleeve_pnl_usd(3)
    for k in range(len(result.sessions)):
        if 21 <= (age[k - 1] if k else 0) <= 60:
            expected += back[k]
    assert rows[1]["sessions"] > 20
    assert rows[1]["sleeves"]["back"]["pnl_usd"] == pytest.approx(expected)
    assert rows[1]["sleeves"]["back"]["mean_usd_per_session"] == pytest.approx(expected / rows[1]["sessions"])


def test_a_length_that_never_came_has_no_mean() -> None:
    result = run_book(synthetic_market(), first=40, last=60)
    rows = by_drawdown_length(result, attribute(result))
    assert rows[3]["sessions"] == 0
    assert rows[3]["sleeves"]["back"] == {"pnl_usd": 0.0, "mean_usd_per_session": None, "share_of_sessions_gained": None}


def test_a_book_without_layers_has_its_condors_alone() -> None:
    base = run_book(synthetic_market(), first=40, last=80).policy
    bare = replace(base, hedge=replace(base.hedge, enabled=False, layers=()))
    result = run_book(synthetic_market(), bare, first=40, last=80)
    assert set(by_drawdown_length(result, attribute(result))[0]["sleeves"]) == {"condor"}
