"""Forwards hold for any curve: positive, between their neighbours, continuous in time, and blind to the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.history import make_history

from alvh.market.forwards import INTERPOLATED, SETTLED, vix_forwards
from alvh.market.history import History
from alvh.market.settlement import soq_proxy
from alvh.models.stand_ins import fill_missing
from alvh.models.vx_curve import curve_points

SEEDS = st.integers(0, 2**31 - 1)


def gaps(history: History, seed: int, share: float) -> History:
    """The history with a random share of its settlements removed."""
    drop = np.random.default_rng(seed).random(history.vx.settle.shape) < share
    return replace(history, vx=replace(history.vx, settle=np.where(drop, np.nan, history.vx.settle)))


def every_day(history: History) -> np.ndarray:
    """Every calendar day from the second session to 300 days past the last."""
    return np.arange(history.sessions[0] + 1, history.sessions[-1] + 300, dtype=np.int64)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, share=st.sampled_from([0.0, 0.3, 0.8, 1.0]))
def test_positive_and_inside_the_curve(seed: int, share: float) -> None:
    history = gaps(make_history(25, seed=seed, stress=True), seed, share)
    points = curve_points(history.vix_close)
    expiry = every_day(history)
    made = vix_forwards(history, expiry=expiry, monthly=np.zeros(expiry.size, dtype=np.bool_), curve_points=points)
    tau = expiry[None, :] - history.sessions[:, None]
    reach = (tau >= 1) & (tau <= 400)
    assert (made.forward[reach] > 0.0).all()
    assert np.isnan(made.forward[~reach]).all()
    settle = np.where(history.vx.expiry[None, :] > history.sessions[:, None], history.vx.settle, np.nan)
    all_levels = np.column_stack([history.vix_close, points, settle])
    low, high = np.nanmin(all_levels, axis=1), np.nanmax(all_levels, axis=1)
    assert (made.forward >= low[:, None] * (1 - 1e-12))[reach].all()
    assert (made.forward <= high[:, None] * (1 + 1e-12))[reach].all()


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_exact_on_settlements_and_continuous_between(seed: int) -> None:
    history = make_history(15, seed=seed, weeklies=False)
    expiry = every_day(history)
    made = vix_forwards(history, expiry=expiry, monthly=np.ones(expiry.size, dtype=np.bool_))
    for i, today in enumerate(history.sessions):
        alive = np.flatnonzero((history.vx.expiry > today) & np.isfinite(history.vx.settle[i]))
        at = np.searchsorted(expiry, history.vx.expiry[alive])
        inside = at < expiry.size
        np.testing.assert_array_equal(made.forward[i, at[inside]], history.vx.settle[i, alive[inside]])
        assert (made.source[i, at[inside]] == SETTLED).all()
        # One day moves ln F by no more than the steepest leg of the curve does.
        x = np.r_[0.0, history.vx.expiry[alive] - today]
        y = np.log(np.r_[history.vix_close[i], history.vx.settle[i, alive]])
        steepest = np.abs(np.diff(y) / np.diff(x)).max()
        log_forward = np.log(made.forward[i][np.isfinite(made.forward[i])])
        assert (np.abs(np.diff(np.r_[y[0], log_forward])) <= steepest * (1 + 1e-9) + 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, cut=st.integers(5, 25))
def test_no_forward_settlement_or_stand_in_looks_ahead(seed: int, cut: int) -> None:
    """Wrecking every later row changes nothing up to the cut; a SOQ reads its own session, no later one."""
    history = make_history(30, seed=seed, missing=("vvix",))
    rng = np.random.default_rng(seed)
    later = np.arange(30) > cut
    noise = np.where(later, np.exp(rng.standard_normal(30)), 1.0)
    wrecked = replace(
        history,
        vix_close=history.vix_close * noise,
        spx_close=history.spx_close * noise,
        vix_open=history.vix_open * noise,
        vx=replace(history.vx, settle=history.vx.settle * noise[:, None], volume=history.vx.volume * noise[:, None]),
    )
    expiry = every_day(history)
    monthly = np.zeros(expiry.size, dtype=np.bool_)
    kept = ~later
    for one, other in (
        tuple(
            vix_forwards(h, expiry=expiry, monthly=monthly, curve_points=curve_points(h.vix_close)).forward
            for h in (history, wrecked)
        ),
        (soq_proxy(history), soq_proxy(wrecked)),
        (fill_missing(history)[0].vvix, fill_missing(wrecked)[0].vvix),
    ):
        np.testing.assert_array_equal(one[kept], other[kept])


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, least=st.sampled_from([0.0, 10.0, 100.0]))
def test_raising_the_least_volume_only_moves_weeklies_to_interpolation(seed: int, least: float) -> None:
    history = make_history(20, seed=seed)
    options = {"expiry": history.vx.expiry, "monthly": history.vx.monthly}
    low = vix_forwards(history, weekly_min_volume=0.0, **options)
    high = vix_forwards(history, weekly_min_volume=least, **options)
    moved = low.source != high.source
    assert not moved[:, history.vx.monthly].any()
    assert (low.source[moved] == SETTLED).all()
    assert (high.source[moved] == INTERPOLATED).all()
