"""Clustering against statsmodels, GARCH on a simulated process, correlation against numpy and its own past, mark over carry."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf

from alvh.app.wiring import load_market
from alvh.core.contracts import Root
from alvh.core.days import to_day
from alvh.core.errors import UsageError
from alvh.market.market import Legs
from alvh.market.positions import Positions
from alvh.results.diagnostics import (
    BREAK_PERCENTILE,
    clustering,
    garch_persistence,
    mark_to_carry,
    rolling_correlation,
)
from alvh.risk.unchanged import unchanged_value
from alvh.strategy.policy_file import load_policy


def garch(n: int, alpha: float, beta: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    variance, out = 1e-4, np.empty(n)
    for k in range(n):
        out[k] = np.sqrt(variance) * rng.normal()
        variance = 1e-4 * (1.0 - alpha - beta) + alpha * out[k] ** 2 + beta * variance
    return out


def test_clustering_is_statsmodels() -> None:
    returns = garch(900, 0.12, 0.85, 4)
    found = clustering(returns)
    assert found.autocorrelation == pytest.approx(tuple(acf(returns**2, nlags=21, fft=False)[[1, 5, 21]]), rel=1e-10)
    oracle = acorr_ljungbox(returns**2, lags=[21])
    assert found.ljung_box == pytest.approx(float(oracle["lb_stat"].iloc[0]), rel=1e-10)
    assert found.p_value == pytest.approx(float(oracle["lb_pvalue"].iloc[0]), rel=1e-9, abs=1e-300)
    assert found.p_value < 1e-6
    quiet = clustering(np.random.default_rng(2).normal(size=900))
    assert quiet.p_value > 0.01 and quiet.bound == pytest.approx(1.96 / 30.0, rel=1e-4)


def test_garch_finds_the_persistence_that_was_simulated() -> None:
    found = garch_persistence(garch(6000, 0.10, 0.87, 9))
    assert found is not None
    assert found.persistence == pytest.approx(0.97, abs=0.02)
    assert found.alpha == pytest.approx(0.10, abs=0.03)
    assert found.half_life_sessions == pytest.approx(np.log(0.5) / np.log(found.persistence))
    with pytest.raises(UsageError, match="250 or more"):
        garch_persistence(np.zeros(20))


def test_correlation_is_numpys_and_its_flag_knows_no_future() -> None:
    rng = np.random.default_rng(6)
    shock, other = rng.normal(size=400), rng.normal(size=400)
    together = np.where(np.arange(400) > 350, 0.9, -0.9)
    spx = 100.0 * np.exp(np.cumsum(0.01 * shock))
    vix = 20.0 * np.exp(np.cumsum(0.05 * (together * shock + 0.4 * other)))
    found = rolling_correlation(spx, vix, window=20, past=60)
    x, y = np.diff(np.log(spx)), np.diff(np.log(vix))
    for at in (20, 133, 399):
        assert found.correlation[at] == pytest.approx(np.corrcoef(x[at - 20 : at], y[at - 20 : at])[0, 1], abs=1e-12)
    assert np.isnan(found.correlation[:20]).all()
    assert np.isnan(found.threshold[:80]).all() and not found.broken[:80].any()
    assert found.threshold[300] == pytest.approx(np.percentile(found.correlation[240:300], BREAK_PERCENTILE))
    assert found.broken[360:370].all()  # from ten changes after the sign turned
    cut = rolling_correlation(spx[:300], vix[:300], window=20, past=60)
    assert (cut.broken == found.broken[:300]).all()
    np.testing.assert_array_equal(cut.threshold, found.threshold[:300])


def test_bad_levels_are_refused() -> None:
    with pytest.raises(UsageError):
        rolling_correlation(np.array([1.0, 0.0, 2.0, 3.0]), np.ones(4))
    with pytest.raises(UsageError):
        clustering(np.ones(30))


def test_mark_over_carry_of_a_call_and_a_condor_leg() -> None:
    loaded = load_market("sample", load_policy("alvh-442").policy)
    market = loaded.market
    snapshot = market.snapshot(int(np.searchsorted(market.sessions, to_day(date(2018, 1, 17)))))
    listed = [snapshot.listed(vix=flag) for flag in (True, False)]
    rows = [int(some[np.argmin(np.abs(market.series.expiry[some] - snapshot.session - 60))]) for some in listed]
    strikes = [16.0, float(np.round(snapshot.spx * 0.93 / 5.0) * 5.0)]
    positions = Positions(
        root=(market.series.roots[rows[0]], market.series.roots[rows[1]]),
        expiry=market.series.expiry[rows],
        strike=np.array(strikes),
        right=np.array([1, -1]),
        quantity=np.array([10.0, -2.0]),
        opened=np.array([-1, -1]),
        open_price=np.full(2, np.nan),
        sleeve=("hedge", "condor"),
        layer=("front", ""),
    )
    assert positions.root[0] in (Root.VIX, Root.VIXW)
    found = mark_to_carry(snapshot, positions, market.series)
    mark = snapshot.mark(Legs(series=np.array(rows), strike=np.array(strikes), right=np.array([1.0, -1.0])))
    usd = np.array([1_000.0, -200.0])
    assert found.mark_usd == pytest.approx(mark * usd)
    assert found.decay_usd[0] > 0.0 > found.decay_usd[1]
    later = unchanged_value(snapshot, positions, market.series, days=30)
    assert found.decay_usd == pytest.approx((mark - later) * usd, rel=0.25)  # another way to hold the surface still
    assert found.ratio == pytest.approx(found.mark_usd / found.decay_usd)
    assert found.book_ratio == pytest.approx(found.mark_usd.sum() / found.decay_usd.sum())
    assert found.book_ratio_vix_up != found.book_ratio
    quotes = snapshot.quote(Legs(series=np.array(rows), strike=np.array(strikes), right=np.array([1.0, -1.0])))
    side = float(np.dot(usd, np.where(usd > 0.0, quotes.bid, quotes.ask)))
    assert found.book_ratio_at_closing_side == pytest.approx(side / found.decay_usd.sum(), rel=0.05)  # quotes stand on ticks
