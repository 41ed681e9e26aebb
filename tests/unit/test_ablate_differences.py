"""Differences of two runs and their intervals, against a bootstrap written out with loops and against known answers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from alvh.kernels.resample import pair_into
from alvh.results.metrics import max_drawdown
from alvh.study.ablate.differences import LEAST_BLOCK, LEAST_SESSIONS, Interval, compare, mean_block, mean_gap

Floats = NDArray[np.float64]
ACCOUNT = 1_000_000.0


def walk(seed: int, sessions: int, sd: float = 3000.0) -> Floats:
    """Daily dollars."""
    return np.random.default_rng(seed).standard_normal(sessions) * sd


def equity(pnl: Floats) -> Floats:
    return ACCOUNT + np.cumsum(pnl)


def plain_means(gap: Floats, block: int, repeats: int, seed: int) -> Floats:
    """The stationary bootstrap as published: go on to the next session, with chance 1 in ``block`` jump anywhere; wrap around."""
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(repeats):
        at, total = int(rng.integers(gap.size)), 0.0
        for _ in range(gap.size):
            total += gap[at]
            at = int(rng.integers(gap.size)) if rng.random() < 1.0 / block else (at + 1) % gap.size
        means.append(total / gap.size)
    return np.array(means)


def test_interval_agrees_with_a_plain_bootstrap() -> None:
    """The standard error of a quantile at 2.5 % of 2,000 resamples is about 6 % of their standard deviation; four of those."""
    ours, theirs = walk(1, 260), walk(2, 260)
    found = compare(equity(ours), equity(theirs), ACCOUNT, compound=False, seed=3, repeats=2000)
    assert found.block_sessions is not None
    gap = (ours - theirs) / ACCOUNT
    plain = plain_means(gap, found.block_sessions, 2000, 4) * 252.0
    low, high = np.quantile(plain, [0.025, 0.975])
    assert found.mean.estimate == pytest.approx(gap.mean() * 252.0, rel=1e-12)
    assert found.mean.low == pytest.approx(low, abs=0.25 * plain.std())
    assert found.mean.high == pytest.approx(high, abs=0.25 * plain.std())


def test_what_both_runs_share_drops_out() -> None:
    """A constant gain on one side has no spread at all, however wild the sessions are."""
    common = walk(5, 300)
    found = compare(equity(common + 40.0), equity(common), ACCOUNT, compound=False, seed=0, repeats=200)
    yearly = 40.0 * 252.0 / ACCOUNT
    assert found.mean.estimate == pytest.approx(yearly, rel=1e-9)
    assert found.mean.low == pytest.approx(yearly, rel=1e-9)
    assert found.mean.high == pytest.approx(yearly, rel=1e-9)
    assert found.drawdown.estimate > 0.0  # a steady gain makes every fall shallower
    assert found.drawdown.low is not None and found.drawdown.low > 0.0


def test_noise_is_not_told_from_chance_and_a_large_gain_is() -> None:
    ours, theirs = walk(6, 800), walk(7, 800)
    noise = compare(equity(ours - ours.mean()), equity(theirs - theirs.mean()), ACCOUNT, compound=False, seed=0, repeats=500)
    assert noise.mean.low is not None and noise.mean.high is not None
    assert noise.mean.low < 0.0 < noise.mean.high
    gain = compare(equity(ours + 2000.0), equity(theirs), ACCOUNT, compound=False, seed=0, repeats=500)
    assert gain.mean.low is not None and gain.mean.low > 0.0


def test_the_seed_decides_alone() -> None:
    ours, theirs = equity(walk(8, 200)), equity(walk(9, 200))
    one, again, other = (compare(ours, theirs, ACCOUNT, compound=False, seed=seed, repeats=150) for seed in (1, 1, 2))
    assert one == again
    assert one.mean.low != other.mean.low
    assert one.mean.estimate == other.mean.estimate


def test_swapping_the_runs_turns_the_sign() -> None:
    ours, theirs = equity(walk(8, 200)), equity(walk(9, 200))
    one = compare(ours, theirs, ACCOUNT, compound=False, seed=1, repeats=150)
    other = compare(theirs, ours, ACCOUNT, compound=False, seed=1, repeats=150)
    assert one.mean.low is not None and other.mean.high is not None
    assert one.mean.low == pytest.approx(-other.mean.high, rel=1e-9)
    assert one.drawdown.estimate == -other.drawdown.estimate


@pytest.mark.parametrize("compound", [False, True])
def test_drawdowns_are_those_of_the_run(compound: bool) -> None:
    ours, theirs = equity(walk(10, 250, sd=9000.0)), equity(walk(14, 250, sd=9000.0))
    found = compare(ours, theirs, ACCOUNT, compound=compound, seed=0, repeats=100)
    falls = [max_drawdown(values, ACCOUNT, compound=compound) for values in (ours, theirs)]
    assert found.drawdown.estimate == pytest.approx(falls[0] - falls[1], rel=1e-9)


@pytest.mark.parametrize("compound", [False, True])
def test_the_kernel_is_its_plain_twin_in_any_order(compound: bool) -> None:
    """Paths are built in full, as equities of an account of one dollar, and read by the metrics of a run."""
    rng = np.random.default_rng(15)
    ours, theirs = rng.standard_normal((2, 90)) * 0.02
    out = np.empty(3)
    for order in (np.arange(90), rng.integers(0, 90, 90), rng.integers(0, 90, 30)):
        pair_into(ours, theirs, order, compound, out)
        paths = [np.cumprod(1.0 + one[order]) if compound else 1.0 + np.cumsum(one[order]) for one in (ours, theirs)]
        assert out[0] == pytest.approx(np.mean(ours[order] - theirs[order]), abs=1e-15)
        for found, path in zip(out[1:], paths, strict=True):
            assert found == pytest.approx(max_drawdown(path, 1.0, compound=compound), abs=1e-14)


def test_a_path_that_only_rises_has_no_drawdown() -> None:
    out = np.full(3, np.nan)
    for compound in (False, True):
        pair_into(np.full(5, 0.01), np.full(5, 0.02), np.arange(5), compound, out)
        assert out.tolist() == [pytest.approx(-0.01), 0.0, 0.0]


def test_equal_runs_differ_by_nothing() -> None:
    values = equity(walk(11, 100))
    found = compare(values, values.copy(), ACCOUNT, compound=False, seed=0)
    assert found.mean == found.drawdown == Interval(estimate=0.0, low=0.0, high=0.0)
    assert found.block_sessions is None


def test_a_short_run_has_no_interval() -> None:
    ours, theirs = equity(walk(12, LEAST_SESSIONS - 1)), equity(walk(13, LEAST_SESSIONS - 1))
    found = compare(ours, theirs, ACCOUNT, compound=False, seed=0)
    assert (found.mean.low, found.mean.high, found.block_sessions) == (None, None, None)
    assert found.mean.estimate == pytest.approx((ours[-1] - theirs[-1]) / ACCOUNT / (LEAST_SESSIONS - 1) * 252.0)
    assert found.mean.document("x")["basic_low"] is None


def test_sessions_after_a_ruin_are_left_out_where_returns_compound() -> None:
    ours = equity(np.full(80, 100.0))
    theirs = ours.copy()
    theirs[50:] = -5.0
    found = compare(ours, theirs, ACCOUNT, compound=True, seed=0, repeats=100)
    assert found.sessions == 51
    assert mean_gap(ours, theirs, ACCOUNT, compound=True) == pytest.approx(found.mean.estimate)


def test_blocks_are_a_month_at_least_and_longer_where_differences_cling_together() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(1500)
    slow = np.convolve(noise, np.ones(120) / 120.0, mode="same")
    assert mean_block(noise) == LEAST_BLOCK
    assert mean_block(slow) > LEAST_BLOCK


def test_document_gives_both_intervals() -> None:
    found = Interval(estimate=0.02, low=0.01, high=0.05).document("% a year", 100.0)
    assert found == {
        "estimate": 2.0,
        "unit": "% a year",
        "low": 1.0,
        "high": 5.0,
        "basic_low": pytest.approx(-1.0),
        "basic_high": pytest.approx(3.0),
    }
