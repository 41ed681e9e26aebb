"""The calibration: published vectors, an independent twin, every named state, and the exchange's own expiries."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from tests.reference import calibration_reference as twin
from tests.reference import surface_reference as smiles

from alvh.core.days import to_day
from alvh.models import spx_calibration as states
from alvh.models.index_expiries import used_expiries
from alvh.models.spx_calibration import STATE_ERRORS, STATES, Calibration, calibrate
from alvh.models.spx_reprice import reprice
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE, MEAN_B, STUDY_B_RANGE, STUDY_SHAPE, TENOR_YEARS

NAN = math.nan
CALM = (15.0, 18.0, 20.0, 21.0)

# surfaces.md 6: levels, SKEW, SPX, blend -> B, four at-the-money vols, SKEW of the model, vol at 45 days and at x = -2, -1, 1, 2.
VECTORS = [
    (CALM, 138.0, 6000.0, 0.5, 0.30747, (12.746, 14.738, 15.065, 14.665), 131.74, 14.900, (23.278, 19.032, 11.708, 14.185)),
    (CALM, 138.0, 6000.0, 1.0, 0.32195, (12.446, 14.300, 14.480, 14.001), 138.00, 14.389, (22.884, 18.579, 11.149, 13.641)),
    (
        (12.0, 14.0, 17.0, 19.0), 150.0, 6000.0, 0.5, 0.32241, (9.961, 11.152, 12.381, 12.703), 136.53, 11.773,
        (18.735, 15.207, 9.118, 11.160),
    ),
    (
        (40.0, 35.0, 31.0, 29.0), 118.0, 3000.0, 0.5, 0.27369, (35.469, 30.138, 24.955, 22.096), 122.54, 27.709,
        (41.469, 34.496, 22.479, 26.634),
    ),
]  # fmt: skip


def one(
    levels: tuple[float, ...] = CALM, skew: float = 130.0, spx: float = 5000.0, *, blend: float = 0.5, study: bool = False
) -> Calibration:
    shape, b_range = (STUDY_SHAPE, STUDY_B_RANGE) if study else (CLEAN_SHAPE, CLEAN_B_RANGE)
    return calibrate(np.array([spx]), np.array([levels]), np.array([skew]), blend=blend, shape=shape, b_range=b_range)


def atm_pct(made: Calibration) -> np.ndarray:
    return 100.0 * np.sqrt(made.theta[0] / TENOR_YEARS)


def names(made: Calibration, row: int = 0) -> set[str]:
    return {name for bit, name in states.STATES.items() if made.state[row] & bit}


@pytest.mark.parametrize(("levels", "skew", "spx", "blend", "b", "atms", "skew30", "atm45", "vols"), VECTORS)
def test_published_vectors(
    levels: tuple[float, ...], skew: float, spx: float, blend: float, b: float, atms: tuple[float, ...], skew30: float,
    atm45: float, vols: tuple[float, ...],
) -> None:  # fmt: skip
    made = one(levels, skew, spx, blend=blend, study=True)
    assert names(made) <= {"arbitrage"}  # the study's join
    assert made.b[0] == pytest.approx(b, abs=0.0005)
    assert atm_pct(made) == pytest.approx(atms, abs=0.02)
    assert made.skew30[0] == pytest.approx(skew30, abs=0.1)
    years, row = np.full(5, 45.0 / 365.0), np.zeros(5, dtype=np.int64)
    root = float(made.vols(row[:1], years[:1], np.zeros(1))[0]) * math.sqrt(45.0 / 365.0)
    found = 100.0 * made.vols(row, years, root * np.array([0.0, -2.0, -1.0, 1.0, 2.0]))
    assert found == pytest.approx([atm45, *vols], abs=0.02)


@pytest.mark.parametrize(("levels", "skew", "spx", "blend", "b", "atms"), [vector[:6] for vector in VECTORS])
def test_the_twin_gives_the_published_vectors_too(
    levels: tuple[float, float, float, float], skew: float, spx: float, blend: float, b: float, atms: tuple[float, ...]
) -> None:
    found, vols, _ = twin.calibrate(levels, skew, spx, blend)
    assert found == pytest.approx(b, abs=0.0005)
    assert [100.0 * vol for vol in vols] == pytest.approx(atms, abs=0.02)


@pytest.mark.parametrize(
    ("levels", "skew", "spx", "blend"),
    [
        (CALM, 138.0, 6000.0, 1.0),
        ((12.0, 14.0, 17.0, 19.0), 150.0, 6000.0, 0.5),
        ((40.0, 35.0, 31.0, 29.0), 118.0, 3000.0, 0.5),
        ((10.0, 11.0, 13.0, 15.0), 128.0, 2500.0, 0.0),
    ],
)
def test_the_clean_surface_agrees_with_its_twin(
    levels: tuple[float, float, float, float], skew: float, spx: float, blend: float
) -> None:
    made = one(levels, skew, spx, blend=blend)
    b, vols, skew30 = twin.calibrate(levels, skew, spx, blend, smiles.CLEAN)
    assert made.b[0] == pytest.approx(b, abs=5e-5)
    assert atm_pct(made) == pytest.approx([100.0 * vol for vol in vols], abs=0.01)
    assert made.skew30[0] == pytest.approx(skew30, abs=0.03)
    assert names(made) == set()


def test_half_way_is_half_way() -> None:
    mean, half, exact = (one(skew=145.0, blend=blend) for blend in (0.0, 0.5, 1.0))
    assert mean.b[0] == MEAN_B
    assert exact.b[0] == exact.b_skew[0]
    assert half.b[0] == pytest.approx(0.5 * (mean.b[0] + exact.b[0]), abs=1e-12)
    assert exact.skew30[0] == pytest.approx(145.0, abs=0.01)
    assert mean.skew30[0] < half.skew30[0] < exact.skew30[0]


@pytest.mark.parametrize(
    ("column", "name", "days"), [(0, "no_vix9d", (3.0, 9.0, 29.0)), (2, "no_vix3m", (93.0,)), (3, "no_vix6m", (184.0, 300.0))]
)
def test_a_missing_index_drops_its_tenor_and_is_named(column: int, name: str, days: tuple[float, ...]) -> None:
    made = one(tuple(NAN if k == column else level for k, level in enumerate(CALM)))
    assert names(made) == {name}
    assert made.counts[name] == 1
    full = one()
    keep = [k for k in range(4) if k != column]
    np.testing.assert_allclose(made.theta[0, keep], full.theta[0, keep], rtol=1e-12)
    plain, _ = smiles.knots_of(tuple(None if k == column else float(v) / 100.0 for k, v in enumerate(atm_pct(full))))
    row = np.zeros(1, dtype=np.int64)
    for day in days:
        found = made.vols(row, np.array([day / 365.0]), np.zeros(1))[0]
        assert found == pytest.approx(smiles.spx_atm(plain, day / 365.0), rel=1e-10)


def test_without_skew_the_mean_shape_stands() -> None:
    for skew in (NAN, 20.0, 900.0):
        made = one(skew=skew, blend=1.0)
        assert made.b[0] == MEAN_B
        assert np.isnan(made.b_skew[0])
        assert names(made) == ({"no_skew"} if math.isnan(skew) else {"no_skew", "absurd_level"})


def test_vix_alone_gives_a_flat_term() -> None:
    made = one((NAN, 18.0, NAN, NAN), NAN)
    assert names(made) == {"no_vix9d", "no_vix3m", "no_vix6m", "no_skew"}
    assert atm_pct(made) == pytest.approx(np.full(4, atm_pct(made)[1]), rel=1e-12)


def test_a_missing_vix_comes_from_its_family() -> None:
    made = one((15.0, NAN, 20.0, 21.0))
    assert names(made) == {"no_vix"}
    share = math.log(30.0 / 9.0) / math.log(93.0 / 9.0)
    wanted = 15.0 ** (1.0 - share) * 20.0**share
    index, _ = made.reprice(np.array([5000.0]), np.array([18.0]), np.zeros(1, dtype=np.int64), np.array([30.0 / 365.0]))
    assert index[0] == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize(
    ("levels", "column"),
    [((15.0, 3.8, 20.0, 21.0), 1), ((150.0, 18.0, 20.0, 21.0), 0), ((15.0, 18.0, 2.0, 21.0), 2), ((15.0, 18.0, 20.0, -21.0), 3)],
)
def test_an_absurd_level_is_dropped_and_named(levels: tuple[float, ...], column: int) -> None:
    made = one(levels)
    assert names(made) == {"absurd_level", ("no_vix9d", "no_vix", "no_vix3m", "no_vix6m")[column]}
    without = one(tuple(NAN if k == column else level for k, level in enumerate(levels)))
    np.testing.assert_array_equal(made.theta, without.theta)


@pytest.mark.parametrize(("levels", "spx"), [((NAN,) * 4, 5000.0), (CALM, NAN), (CALM, -5.0), ((0.0,) * 4, 5000.0)])
def test_a_session_without_levels_is_named_and_the_rest_goes_on(levels: tuple[float, ...], spx: float) -> None:
    made = calibrate(np.array([5000.0, spx, 5000.0]), np.array([CALM, levels, CALM]), np.full(3, 130.0))
    alone = one()
    assert "no_level" in names(made, 1)
    assert np.isnan(made.theta[1]).all() and np.isnan(made.b[1])
    for row in (0, 2):
        np.testing.assert_array_equal(made.theta[row], alone.theta[0])
        assert made.b[row] == alone.b[0]
    assert made.counts["no_level"] == 1


def test_no_sessions_at_all() -> None:
    made = calibrate(np.empty(0), np.empty((0, 4)), np.empty(0), sessions=np.empty(0, dtype=np.int64))
    assert made.theta.shape == (0, 4)
    assert set(made.counts.values()) == {0}


def test_a_skew_out_of_reach_is_named_and_b_stays_where_it_is_free_of_arbitrage() -> None:
    made = one(skew=230.0, blend=1.0)
    assert "skew_not_reached" in names(made)
    assert made.b_skew[0] == CLEAN_B_RANGE[1]
    assert made.b[0] <= CLEAN_B_RANGE[1]
    assert "arbitrage" not in names(made)


def test_a_forward_variance_that_must_be_lifted_is_named() -> None:
    made = one((45.0, 20.0, 18.0, 17.0))
    assert names(made) == {"calendar_lifted"}
    assert (np.diff(made.theta[0]) >= 0.05**2 * np.diff(TENOR_YEARS) - 1e-15).all()


def test_a_strip_that_jumps_over_the_level_is_named() -> None:
    """At SPX 700 strikes below half of it are 100 points apart: as one comes or goes the strip jumps past the level."""
    made = one((40.0,) * 4, 128.0, 700.0)
    assert names(made) == {"not_converged"}
    assert np.isfinite(made.theta).all()
    index, _ = made.reprice(np.array([700.0]), np.array([40.0]), np.zeros(4, dtype=np.int64), TENOR_YEARS)
    assert np.abs(index - 40.0).max() < 1.0


def test_where_the_wanted_b_would_have_arbitrage_a_lower_one_stands() -> None:
    """VIX 60 with SKEW 150 was never seen: exact SKEW needs a put wing that total variance of that size does not admit."""
    made = one((58.0, 60.0, 58.0, 56.0), 150.0, blend=1.0)
    assert names(made) == {"b_lowered"}
    assert made.b[0] < made.b_skew[0]
    butterfly, calendar = made.arbitrage(np.array([2.0, 9.0, 30.0, 93.0, 184.0, 365.0]), np.linspace(-12.0, 12.0, 481))
    assert butterfly[0, 0] >= 0.0 and calendar[0, 0] >= 0.0
    index, _ = made.reprice(np.array([5000.0]), np.array([60.0]), np.zeros(4, dtype=np.int64), TENOR_YEARS)
    assert index == pytest.approx([58.0, 60.0, 58.0, 56.0], abs=0.01)


def test_levels_that_no_clean_surface_fits_are_named() -> None:
    made = one((140.0, 200.0, 240.0, 245.0), 130.0)
    assert "arbitrage" in names(made)


def test_the_two_expiries_of_each_index_by_hand() -> None:
    """Wednesday 2023-02-15: Fridays 24 Feb is 9 days off and 17 March 30;
    monthlies settle in the morning, so 19 May is just short of 93 days and 18 August of 184; SKEW takes the first two."""
    expiry, days = used_expiries(np.array([to_day(date(2023, 2, 15))]))
    wanted = [
        ("2023-02-24", "2023-03-03"),
        ("2023-03-17", "2023-03-24"),
        ("2023-05-19", "2023-06-16"),
        ("2023-08-18", "2023-09-15"),
        ("2023-03-17", "2023-04-21"),
    ]
    early = 6.5 / 24.0
    for index, pair in enumerate(wanted):
        for side, text in enumerate(pair):
            assert expiry[0, index, side] == to_day(date.fromisoformat(text))
    assert days[0, 0].tolist() == [9.0, 16.0]
    assert days[0, 1].tolist() == pytest.approx([30.0 - early, 37.0])
    assert days[0, 4].tolist() == pytest.approx([30.0 - early, 65.0 - early])


@pytest.mark.parametrize("blend", [0.0, 0.5, 1.0])
def test_with_sessions_the_indices_come_out_of_their_listed_expiries(blend: float) -> None:
    sessions = np.arange(to_day(date(2023, 2, 13)), to_day(date(2023, 2, 18)), dtype=np.int64)
    spx, levels, skew = np.full(5, 4100.0), np.tile([17.0, 19.0, 21.0, 23.0], (5, 1)), np.full(5, 125.0)
    made = calibrate(spx, levels, skew, blend=blend, sessions=sessions)
    found = reprice(made, sessions, spx, levels[:, 1].copy())
    assert np.abs(found.listed[:, :4] - levels).max() < 0.02
    plain = calibrate(spx, levels, skew, blend=blend)
    found = reprice(plain, sessions, spx, levels[:, 1].copy())
    assert np.abs(found.constant[:, :4] - levels).max() < 0.002
    assert 0.02 < np.abs(found.listed[:, :4] - levels).max() < 0.5
    if blend == 1.0:
        np.testing.assert_allclose(found.constant[:, 4], skew, atol=0.02)


def test_sessions_are_fitted_each_by_itself() -> None:
    rng = np.random.default_rng(3)
    levels = np.array(CALM) * np.exp(0.1 * rng.standard_normal((12, 1)))
    spx, skew = rng.uniform(1000.0, 6000.0, 12), rng.uniform(112.0, 150.0, 12)
    whole = calibrate(spx, levels, skew)
    for k in (0, 5, 11):
        alone = calibrate(spx[k : k + 1], levels[k : k + 1], skew[k : k + 1])
        np.testing.assert_array_equal(alone.theta[0], whole.theta[k])
        assert alone.b[0] == whole.b[k]


def test_every_state_says_what_it_costs() -> None:
    assert set(STATE_ERRORS) == set(STATES.values())
