"""Betas of VX tenors to spot VIX: slopes and errors against statsmodels, windows, regimes, interpolation, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from tests.helpers.history import make_history

from alvh.core.errors import DataMissing, UsageError
from alvh.market.forwards import SETTLED, VixForwards, vix_forwards
from alvh.models.vx_curve import curve_points
from alvh.risk.betas import (
    NAIVE,
    PUBLISHED,
    TenorBetas,
    TenorChanges,
    constant_maturity,
    lag_count,
    regime_betas,
    rolling_betas,
    sample_betas,
    tenor_changes,
    vix_regimes,
)

FIRST_DAY = 17_000


def changes(n: int = 600, *, seed: int = 3, missing: tuple[int, ...] = ()) -> TenorChanges:
    """Made-up changes with slopes .6 and .3 and errors that depend on each other from day to day."""
    random = np.random.default_rng(seed)
    vix_change = random.standard_normal(n) * (1.0 + random.random(n))
    noise = np.convolve(random.standard_normal(n + 3), np.ones(4) / 4.0, "valid") * (0.2 + 0.3 * np.abs(vix_change))
    forward_change = np.column_stack([0.6 * vix_change + noise, 0.3 * vix_change - 0.5 * noise])
    forward_change[list(missing), 1] = np.nan
    return TenorChanges(
        sessions=np.arange(FIRST_DAY, FIRST_DAY + n),
        tenor_days=np.array([30.0, 60.0]),
        forward_change=forward_change,
        vix_change=vix_change,
        vix_before=np.linspace(10.0, 40.0, n),
    )


def newey_west(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    fitted = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HAC", cov_kwds={"maxlags": lag_count(len(x)), "use_correction": False})
    return float(fitted.params[1]), float(fitted.bse[1])


def test_sample_slope_and_error_are_statsmodels() -> None:
    made = changes(missing=(5, 6, 300))
    found = sample_betas(made)
    for tenor in (0, 1):
        y = made.forward_change[:, tenor]
        seen = np.isfinite(y)
        slope, error = newey_west(made.vix_change[seen], y[seen])
        assert found.beta[tenor] == pytest.approx(slope, rel=1e-10)
        assert found.error[tenor] == pytest.approx(error, rel=1e-10)
    assert found.observations.tolist() == [600, 597]


def test_rolling_windows_are_samples_of_their_own() -> None:
    """The window holds the last measured changes, gaps left out, and nothing later."""
    made = changes(missing=(150, 151))
    found = rolling_betas(made, window_sessions=100)
    assert np.isnan(found.beta[:99]).all()
    for end in (99, 150, 151, 152, 420, 599):
        for tenor in (0, 1):
            at = np.flatnonzero(np.isfinite(made.forward_change[: end + 1, tenor]))[-100:]
            slope, error = newey_west(made.vix_change[at], made.forward_change[at, tenor])
            assert found.beta[end, tenor] == pytest.approx(slope, rel=1e-9)
            assert found.error[end, tenor] == pytest.approx(error, rel=1e-9)
            assert found.measured_on[end, tenor] == FIRST_DAY + at[-1]
    shorter = TenorChanges(
        sessions=made.sessions[:300],
        tenor_days=made.tenor_days,
        forward_change=made.forward_change[:300],
        vix_change=made.vix_change[:300],
        vix_before=made.vix_before[:300],
    )
    np.testing.assert_array_equal(rolling_betas(shorter, window_sessions=100).beta, found.beta[:300])


def test_early_sessions_can_be_filled() -> None:
    """A stated set stands before the first full window, said and not counted as measured; what was measured stays."""
    made = rolling_betas(changes(), window_sessions=100)
    filled = made.filled(PUBLISHED)
    early, late = filled.at(10), filled.at(300)
    assert early.beta.tolist() == [0.54, 0.38]
    assert early.observations.tolist() == [0, 0]
    assert early.label == "stated before the first full window"
    np.testing.assert_array_equal(late.beta, made.at(300).beta)
    assert late.label == made.at(300).label


def test_regimes_split_by_the_close_before() -> None:
    made = changes()
    parts = regime_betas(made, edges=(20.0, 30.0))
    assert [part.label for part in parts] == ["VIX below 20", "VIX 20-30", "VIX 30 and up"]
    assert sum(int(part.observations[0]) for part in parts) == 600
    middle = (made.vix_before >= 20.0) & (made.vix_before < 30.0)
    slope, _ = newey_west(made.vix_change[middle], made.forward_change[middle, 0])
    assert parts[1].beta[0] == pytest.approx(slope, rel=1e-10)
    assert vix_regimes((25.0,))[1] == (25.0, np.inf, "VIX 25 and up")


def test_interpolation_is_linear_and_flat_outside() -> None:
    beta, error = PUBLISHED.at([0.0, 30.0, 45.0, 75.0, 120.0, 300.0])
    assert beta == pytest.approx([0.54, 0.54, 0.46, 0.335, 0.24, 0.24])
    assert (error == 0.0).all()
    assert NAIVE.at(77.0)[0] == 1.0
    made = rolling_betas(changes(), window_sessions=100)
    pair, deviation = made.pairs(np.array([200, 400]), np.array([40.0, 80.0]))
    for k, (row, days) in enumerate(((200, 40.0), (400, 80.0))):
        alone = made.at(row).at(days)
        assert (pair[k], deviation[k]) == (pytest.approx(alone[0]), pytest.approx(alone[1]))


def test_too_short_is_named() -> None:
    made = changes(120)
    with pytest.raises(UsageError, match="window of 10 sessions is too short") as short:
        rolling_betas(made, window_sessions=10)
    assert "at least 40" in str(short.value)
    with pytest.raises(DataMissing, match="no tenor has 252 daily changes, the longest has 120"):
        rolling_betas(made)
    with pytest.raises(DataMissing, match="fewer than 100 daily changes by then") as early:
        rolling_betas(made, window_sessions=100).at(50)
    assert "2016" in str(early.value)
    with pytest.raises(DataMissing, match="too few for a beta"):
        sample_betas(made, chosen=np.arange(120) < 12)
    with pytest.raises(DataMissing, match=r"VIX 30-39\.9: 39 daily changes"):
        regime_betas(made, edges=(20.0, 30.0, 39.9))


@pytest.mark.parametrize(("tenors", "betas"), [([30.0, 60.0], [0.5]), ([60.0, 30.0], [0.5, 0.4]), ([], []), ([30.0], [np.nan])])
def test_stated_betas_are_checked(tenors: list[float], betas: list[float]) -> None:
    with pytest.raises(UsageError):
        TenorBetas.stated(tenors, betas)


def test_constant_maturity_by_hand() -> None:
    """Two sessions, monthlies 20 and 50 days out and a weekly that must not count; spot stands at zero days."""
    sessions, expiry = np.array([FIRST_DAY, FIRST_DAY + 1]), np.array([FIRST_DAY + 50, FIRST_DAY + 10, FIRST_DAY + 20])
    forward = np.array([[22.0, 99.0, 20.0], [23.0, 99.0, np.nan]])
    forwards = VixForwards(forward=forward, source=np.full((2, 3), SETTLED, dtype=np.int8))
    found = constant_maturity(
        forwards,
        sessions=sessions,
        expiry=expiry,
        monthly=np.array([True, False, True]),
        vix=np.array([18.0, 19.0]),
        tenor_days=(10.0, 20.0, 35.0, 60.0),
    )
    assert found[0, :3] == pytest.approx([np.sqrt(18.0 * 20.0), 20.0, np.sqrt(20.0 * 22.0)])
    assert found[1, 0] == pytest.approx(19.0 * (23.0 / 19.0) ** (10.0 / 49.0))  # the missing front is stepped over
    assert np.isnan(found[:, 3]).all()  # nothing is extrapolated


def test_modelled_forwards_are_no_measurement() -> None:
    history = make_history(220, seed=11, stress=True)
    forwards = vix_forwards(
        history, expiry=history.vx.expiry, monthly=history.vx.monthly, curve_points=curve_points(history.vix_close)
    )
    found = tenor_changes(
        forwards, sessions=history.sessions, expiry=history.vx.expiry, monthly=history.vx.monthly, vix=history.vix_close
    )
    unmeasured = ~((forwards.source == SETTLED) & history.vx.monthly).any(axis=1)
    assert np.isnan(found.forward_change[unmeasured]).all()
    none = constant_maturity(
        forwards,
        sessions=history.sessions,
        expiry=history.vx.expiry,
        monthly=np.zeros(history.vx.expiry.size, dtype=np.bool_),
        vix=history.vix_close,
        tenor_days=(30.0,),
    )
    assert np.isnan(none).all()
