"""Stand-ins: what they fill, what they leave alone, that they say so, and that they never look ahead."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.market.forwards import CURVE_DAYS
from alvh.models.stand_ins import MODELS, fill_missing, predict
from alvh.models.vx_curve import COEFFICIENTS, curve_points, ewma

BY_INPUT = {model.input: model for model in MODELS}


def test_a_whole_history_needs_none() -> None:
    history = make_history(50)
    same, used = fill_missing(history)
    assert same is history
    assert used == ()


def test_all_three_are_supplied_and_flagged() -> None:
    history = make_history(50, missing=("vvix", "vix3m", "skew", "vix9d", "vix6m"))
    filled, used = fill_missing(history)
    assert [one.input for one in used] == ["vvix", "vix3m", "skew"]
    for one in used:
        assert (one.sessions, one.after_gap) == (50, 0)
        assert filled.modelled[one.input].all()
        assert (getattr(filled, one.input) > 0).all()
        assert one.formula and one.fitted_on and one.error_text and one.coefficients
    assert np.isnan(filled.vix9d).all() and np.isnan(filled.vix6m).all()
    assert "vix9d" not in filled.modelled and "vix6m" not in filled.modelled


def test_known_values_stay_untouched() -> None:
    history = make_history(50)
    vvix = history.vvix.copy()
    vvix[10:13] = np.nan
    filled, used = fill_missing(replace(history, vvix=vvix))
    assert filled.modelled["vvix"].nonzero()[0].tolist() == [10, 11, 12]
    assert (used[0].sessions, used[0].after_gap) == (3, 3)
    keep = np.isfinite(vvix)
    np.testing.assert_array_equal(filled.vvix[keep], vvix[keep])


def test_after_a_known_value_its_residual_fades() -> None:
    history = make_history(200)
    skew = history.skew.copy()
    skew[100:] = np.nan
    filled, _ = fill_missing(replace(history, skew=skew))
    model = BY_INPUT["skew"]
    median = model.coefficients["median"]
    assert filled.skew[100] == pytest.approx(median + model.carry * (skew[99] - median))
    assert filled.skew[109] == pytest.approx(median + model.carry**10 * (skew[99] - median))


def test_residuals_of_logs_fade_in_logs() -> None:
    history = make_history(60)
    vix3m = history.vix3m.copy()
    vix3m[31] = np.nan
    filled, _ = fill_missing(replace(history, vix3m=vix3m))
    level = predict(BY_INPUT["vix3m"], history.vix_close)
    expected = level[31] * (vix3m[30] / level[30]) ** BY_INPUT["vix3m"].carry
    assert filled.vix3m[31] == pytest.approx(expected)


def test_a_stand_in_uses_no_later_close() -> None:
    history = make_history(80, missing=("vvix", "vix3m"))
    whole, _ = fill_missing(history)
    later = history.vix_close.copy()
    later[40:] *= 3.0
    changed, _ = fill_missing(replace(history, vix_close=later))
    np.testing.assert_array_equal(whole.vvix[:40], changed.vvix[:40])
    np.testing.assert_array_equal(whole.vix3m[:40], changed.vix3m[:40])
    assert (whole.vvix[40:] != changed.vvix[40:]).all()


def test_a_gap_is_not_filled_from_a_later_value() -> None:
    history = make_history(40)
    vvix = history.vvix.copy()
    vvix[:20] = np.nan
    first, _ = fill_missing(replace(history, vvix=vvix))
    vvix[20:] *= 2.0
    second, _ = fill_missing(replace(history, vvix=vvix))
    np.testing.assert_array_equal(first.vvix[:20], second.vvix[:20])


def test_masks_are_joined_with_those_that_were_there() -> None:
    history = make_history(30)
    vvix = history.vvix.copy()
    vvix[5] = np.nan
    before = np.zeros(30, dtype=bool)
    before[2] = True
    filled, _ = fill_missing(replace(history, vvix=vvix, modelled={"vvix": before, "bill_rate": before}))
    assert filled.modelled["vvix"].nonzero()[0].tolist() == [2, 5]
    assert filled.modelled["bill_rate"] is before
    assert before.nonzero()[0].tolist() == [2]


def test_a_session_without_vix_stays_missing() -> None:
    history = make_history(30, missing=("vvix",))
    vix = history.vix_close.copy()
    vix[7] = np.nan
    filled, used = fill_missing(replace(history, vix_close=vix))
    assert np.isnan(filled.vvix).nonzero()[0].tolist() == [7]
    assert not filled.modelled["vvix"][7]
    assert used[0].sessions == 29


def test_levels_are_those_of_a_calm_and_of_a_wild_market() -> None:
    calm, wild = np.full(200, 13.0), np.full(200, 13.0)
    wild[150:] = np.linspace(20.0, 70.0, 50)
    for vix in (calm, wild):
        assert 12.0 < predict(BY_INPUT["vix3m"], vix)[-1] < 70.0
        assert 40.0 < predict(BY_INPUT["vvix"], vix)[-1] < 220.0
    assert predict(BY_INPUT["vix3m"], calm)[-1] > 13.0, "a calm curve rises"
    assert predict(BY_INPUT["vix3m"], wild)[-1] < 70.0, "a wild curve falls"


def test_ewma_by_hand() -> None:
    weight = 1.0 - 0.5 ** (1.0 / 42.0)
    values = ewma(np.array([math.nan, 10.0, 20.0, math.nan, 20.0]))
    assert math.isnan(values[0])
    assert values[1] == 10.0
    assert values[2] == pytest.approx(10.0 + weight * 10.0)
    assert values[3] == values[2]
    assert values[4] == pytest.approx(values[2] + weight * (20.0 - values[2]))


def test_ewma_forgets_half_in_a_half_life() -> None:
    values = np.r_[100.0, np.zeros(84)]
    slow = ewma(values, half_life_sessions=42.0)
    assert slow[42] == pytest.approx(50.0)
    assert slow[84] == pytest.approx(25.0)
    assert ewma(np.zeros(43), half_life_sessions=42.0, seed=100.0)[41] == pytest.approx(50.0)


def test_curve_points_by_hand() -> None:
    points = curve_points(np.array([20.0]), np.array([18.0]))
    for k, (a, b, c) in enumerate(COEFFICIENTS):
        assert points[0, k] == pytest.approx(math.exp(a) * 20.0**b * 18.0**c, rel=1e-12)
    assert points.shape == (1, len(CURVE_DAYS))


def test_curve_rises_when_calm_and_falls_after_a_shock() -> None:
    vix = np.full(300, 13.0)
    assert (np.diff(curve_points(vix)[-1]) > 0).all()
    vix[-1] = 60.0
    assert (np.diff(np.r_[60.0, curve_points(vix)[-1]]) < 0).all()


PUBLISHED = ((0.240, 0.597, 0.342), (0.394, 0.417, 0.482), (0.574, 0.312, 0.532), (0.738, 0.245, 0.547))
"""The same regression on other data: VX of 2013-05 to 2025-03 (methods 4.5)."""


@pytest.mark.parametrize("vix", [10.0, 13.0, 17.0, 24.0, 35.0, 60.0])
@pytest.mark.parametrize("slow", [11.0, 15.0, 20.0, 30.0])
def test_curve_agrees_with_the_published_regression(vix: float, slow: float) -> None:
    other = [math.exp(a) * vix**b * slow**c for a, b, c in PUBLISHED]
    assert curve_points(np.array([vix]), np.array([slow]))[0] == pytest.approx(other, rel=0.03)


def test_missing_vix_gives_missing_points() -> None:
    assert np.isnan(curve_points(np.array([15.0, math.nan]))[1]).all()
