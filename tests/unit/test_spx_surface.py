"""The SPX smile and its level: published vectors, each rule by hand, the plain twin, and what the clean wings mend."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference import surface_reference as twin

from alvh.kernels import smile as kernels
from alvh.kernels.arbitrage import arbitrage_into
from alvh.models import spx_surface
from alvh.models.spx_calibration import Calibration, counts_of
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE, STUDY_SHAPE, TENOR_YEARS

DAYS = spx_surface.TENOR_DAYS
NAN = math.nan
SHAPES = {"study": (STUDY_SHAPE, twin.STUDY), "clean": (CLEAN_SHAPE, twin.CLEAN)}


def knots(*vols: float) -> tuple[np.ndarray, bool]:
    """Filled knots of at-the-money vols (fractions), NaN where a tenor is absent."""
    theta, lifted = spx_surface.filled_knots(np.array([vols]) ** 2 * TENOR_YEARS)
    return theta[0], bool(lifted[0])


def atm(theta: np.ndarray, days: float) -> float:
    return math.sqrt(kernels.total_variance(theta[None, :], 0, days / 365.0) / (days / 365.0))


def study_smile(x: float, days: float, b: float = 0.293) -> float:
    d = kernels.tilt(days / 365.0, 1.0, 1.0, STUDY_SHAPE)
    return float(kernels.smile(x, d, b, STUDY_SHAPE))


def surface(theta: np.ndarray, b: float, shape: np.ndarray) -> Calibration:
    """A calibration made by hand, of one session."""
    state = np.zeros(1, dtype=np.int64)
    one = np.array([b])
    return Calibration(
        theta=theta[None, :].copy(),
        b=one,
        b_skew=one,
        skew30=one,
        state=state,
        strips=state,
        shape=shape,
        counts=counts_of(state),
    )


def test_the_shapes_of_the_twin_are_those_of_the_product() -> None:
    for shape, plain in SHAPES.values():
        assert (plain.mu, plain.s, plain.d0, plain.d1, *plain.edges, *plain.fades) == tuple(shape[:8].tolist())
    assert (STUDY_SHAPE[11], CLEAN_SHAPE[11]) == (0.293, 0.312)
    assert twin.CLEAN.clip == tuple(CLEAN_SHAPE[9:11].tolist())


@pytest.mark.parametrize(("x", "published"), [(-2.0, 1.55), (-1.0, 1.27), (1.0, 0.79), (2.0, 0.95)])
def test_typical_shape(x: float, published: float) -> None:
    """surfaces.md 2.1 prints "typical" values without saying of which term: they are those of B = .30 at 45 days."""
    assert study_smile(x, 45.0, 0.30) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize(("x", "by_hand"), [(-2.0, 1.50983), (-1.0, 1.25130), (0.0, 1.0), (1.0, 0.80886), (2.0, 0.98027)])
def test_mean_shape_at_30_days(x: float, by_hand: float) -> None:
    """1 + .03 x + .293 (sqrt((x - 1.15)^2 + .46^2) - 1.238588), worked out by hand."""
    assert study_smile(x, 30.0) == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize(
    ("b", "atms", "atm45", "vols"),
    [
        (0.30747, (12.746, 14.738, 15.065, 14.665), 14.900, (23.278, 19.032, 11.708, 14.185)),
        (0.32195, (12.446, 14.300, 14.480, 14.001), 14.389, (22.884, 18.579, 11.149, 13.641)),
        (0.32241, (9.961, 11.152, 12.381, 12.703), 11.773, (18.735, 15.207, 9.118, 11.160)),
        (0.27369, (35.469, 30.138, 24.955, 22.096), 27.709, (41.469, 34.496, 22.479, 26.634)),
    ],
)
def test_published_vectors(b: float, atms: tuple[float, ...], atm45: float, vols: tuple[float, ...]) -> None:
    """surfaces.md 6: the four at-the-money vols give that at 45 days, and with the row's B the four vols (to .02 points)."""
    theta = (np.array(atms) / 100.0) ** 2 * DAYS / 365.0
    assert 100.0 * atm(theta, 45.0) == pytest.approx(atm45, abs=0.002)
    for x, vol in zip((-2.0, -1.0, 1.0, 2.0), vols, strict=True):
        assert atm45 * study_smile(x, 45.0, b) == pytest.approx(vol, abs=0.02)


def test_the_clean_tilt_is_that_of_the_study_where_total_variance_grows_with_time() -> None:
    """At constant vol ln(theta / theta30) is ln(T / 30 days), so both tilts agree between the clips."""
    for days in (9.1, 20.0, 45.0, 66.0):
        years = days / 365.0
        clean = kernels.tilt(years, 0.04 * years, 0.04 * 30.0 / 365.0, CLEAN_SHAPE)
        assert clean == pytest.approx(kernels.tilt(years, 1.0, 1.0, STUDY_SHAPE), abs=1e-12)
    assert kernels.tilt(1.0, 1.0, 0.01, CLEAN_SHAPE) == pytest.approx(0.030 - 0.030 * 0.8)
    assert kernels.tilt(1.0, 0.001, 0.01, CLEAN_SHAPE) == pytest.approx(0.030 + 0.030 * 1.2)


def test_fixed_ratios_are_the_named_fallback() -> None:
    theta, lifted = spx_surface.total_variance_knots(np.array([[15.0, 18.0, 20.0, 21.0]]))
    for days, level, ratio in zip((9, 30, 93, 184), (15.0, 18.0, 20.0, 21.0), (1.153, 1.190, 1.274, 1.363), strict=True):
        assert atm(theta[0], days) == pytest.approx(level / 100.0 / ratio, rel=1e-14)
    assert not lifted[0]


def test_between_before_and_beyond_the_tenors() -> None:
    theta, _ = knots(0.13, 0.15, 0.157, 0.154)
    assert atm(theta, 3.0) == pytest.approx(atm(theta, 9.0), rel=1e-14)
    middle = kernels.total_variance(theta[None, :], 0, 61.5 / 365.0)
    assert middle == pytest.approx(0.5 * (theta[1] + theta[2]), rel=1e-13)
    step = kernels.total_variance(theta[None, :], 0, 365.0 / 365.0) - kernels.total_variance(theta[None, :], 0, 274.0 / 365.0)
    assert step == pytest.approx(theta[3] - theta[2], rel=1e-12)  # 91 days at the last forward variance


@pytest.mark.parametrize("missing", [(0,), (2,), (3,), (0, 2), (0, 3), (2, 3), (0, 2, 3)])
@pytest.mark.parametrize("vols", [(0.13, 0.15, 0.157, 0.154), (0.52, 0.42, 0.31, 0.26), (0.35, 0.10, 0.086, 0.077)])
def test_a_missing_index_drops_its_tenor(missing: tuple[int, ...], vols: tuple[float, ...]) -> None:
    theta, lifted = knots(*(NAN if k in missing else vol for k, vol in enumerate(vols)))
    plain, raised = twin.knots_of(tuple(None if k in missing else vol for k, vol in enumerate(vols)))
    assert lifted == raised
    for days in (1.0, 9.0, 20.0, 30.0, 45.0, 93.0, 150.0, 184.0, 300.0):
        assert atm(theta, days) == pytest.approx(twin.spx_atm(plain, days / 365.0), rel=1e-12)


def test_a_forward_variance_below_five_per_cent_is_lifted_and_said() -> None:
    theta, lifted = knots(0.52, 0.168, 0.149, 0.136)
    assert lifted
    nine = 0.52**2 * 9.0 / 365.0
    assert theta[0] == pytest.approx(nine, rel=1e-14)
    assert theta[1] == pytest.approx(nine + 0.05**2 * 21.0 / 365.0, rel=1e-14)
    assert np.all(np.diff(theta) >= 0.05**2 * np.diff(DAYS) / 365.0 - 1e-16)


@pytest.mark.parametrize("name", list(SHAPES))
def test_smile_and_level_agree_with_the_plain_twin(name: str) -> None:
    rng = np.random.default_rng(7)
    shape, plain_shape = SHAPES[name]
    for _ in range(300):
        base = float(np.exp(rng.uniform(np.log(0.08), np.log(0.7))))
        vols = tuple(float(base * np.exp(0.25 * z)) if k == 1 or rng.random() > 0.2 else None
                     for k, z in enumerate(rng.standard_normal(4)))  # fmt: skip
        theta, lifted = knots(*(NAN if vol is None else vol for vol in vols))
        plain, raised = twin.knots_of(vols)
        assert lifted == raised
        days, x, b = float(rng.uniform(0.5, 400.0)), float(rng.uniform(-12.0, 12.0)), float(rng.uniform(*CLEAN_B_RANGE))
        years = days / 365.0
        root = twin.spx_atm(plain, years) * math.sqrt(years)
        wanted = twin.spx_vol(plain, b, 100.0, 100.0 * math.exp(x * root), years, plain_shape)
        found = surface(theta, b, shape).vols(np.zeros(1, dtype=np.int64), np.array([years]), np.array([x * root]))
        assert found[0] == pytest.approx(wanted, rel=1e-11)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("d", [0.006, 0.030, 0.066])
@pytest.mark.parametrize("b", [0.16, 0.293, 0.39])
def test_the_clean_wing_joins_in_value_slope_and_curvature(side: int, d: float, b: float) -> None:
    """One-sided differences of m^2 on either side of the edge, of second order."""
    edge, h = float(CLEAN_SHAPE[4 + side]), 1e-3
    v = [float(kernels.smile(edge + k * h, d, b, CLEAN_SHAPE)) ** 2 for k in range(-3, 4)]
    left, right = v[3::-1], v[3:]
    slopes = [(-3.0 * w[0] + 4.0 * w[1] - w[2]) / (2.0 * h) for w in (left, right)]
    curves = [(2.0 * w[0] - 5.0 * w[1] + 4.0 * w[2] - w[3]) / h**2 for w in (left, right)]
    assert -slopes[0] == pytest.approx(slopes[1], abs=1e-5)
    assert curves[0] == pytest.approx(curves[1], abs=0.02)


@pytest.mark.parametrize("edge", [-8.0, 5.0])
@pytest.mark.parametrize("days", [2.0, 30.0, 184.0])
def test_the_study_joins_its_wing_in_value_and_slope(edge: float, days: float) -> None:
    h = 1e-5
    w = [study_smile(edge + k * h, days) ** 2 for k in (-2, -1, 0, 1, 2)]
    assert (w[2] - w[0]) / (2 * h) == pytest.approx((w[4] - w[2]) / (2 * h), abs=1e-4)
    far = [study_smile(edge + math.copysign(k, edge), days) ** 2 for k in (1.0, 2.0, 3.0)]
    assert far[2] - far[1] == pytest.approx(far[1] - far[0], rel=1e-12)


def durrleman(x: float, years: float, atm_vol: float, d: float, b: float, shape: np.ndarray) -> float:
    """g(k) = (1 - k w'/2w)^2 - w'^2/4 (1/w + 1/4) + w''/2 of total variance w, by differences."""
    root = atm_vol * math.sqrt(years)
    h = 1e-4

    def w(k: float) -> float:
        return (root * float(kernels.smile(k / root, d, b, shape))) ** 2

    k, dk = x * root, h * root
    here, first, second = w(k), (w(k + dk) - w(k - dk)) / (2 * dk), (w(k + dk) - 2 * w(k) + w(k - dk)) / dk**2
    return (1 - 0.5 * k * first / here) ** 2 - 0.25 * first**2 * (1 / here + 0.25) + 0.5 * second


def test_the_studys_join_is_not_clean_and_ours_is() -> None:
    """surfaces.md 2.1: g is about -.07 just above x = 5 at 30 days in the study; here it stays positive out to |x| = 12."""
    assert durrleman(5.01, 30.0 / 365.0, 0.15, 0.030, 0.293, STUDY_SHAPE) == pytest.approx(-0.07, abs=0.02)
    for b in (0.16, 0.293, 0.39):
        assert min(durrleman(float(x), 30.0 / 365.0, 0.15, 0.030, b, CLEAN_SHAPE) for x in np.linspace(-12, 12, 481)) > 0.0


@pytest.mark.parametrize("name", list(SHAPES))
def test_the_arbitrage_kernel_is_durrlemans_g_and_a_comparison_of_total_variance(name: str) -> None:
    shape = SHAPES[name][0]
    theta = np.array([0.13, 0.15, 0.157, 0.154]) ** 2 * TENOR_YEARS
    days, x = np.array([9.0, 30.0, 184.0]), np.linspace(-12.0, 12.0, 97)
    butterfly, calendar = np.zeros((1, 3)), np.zeros((1, 3))
    arbitrage_into(theta[None, :], np.array([0.3]), shape, days / 365.0, x, butterfly, calendar)
    row = np.zeros(1, dtype=np.int64)
    surfaced = surface(theta, 0.3, shape)
    g, growth = [], []
    for k, day in enumerate(days.tolist()):
        years, level = day / 365.0, atm(theta, day)
        d = kernels.tilt(years, level**2 * years, theta[1], shape)
        g += [durrleman(float(at), years, level, d, 0.3, shape) for at in x]
        if k < 2:
            for at in x:
                money = np.array([at * level * math.sqrt(years)])
                now, then = (surfaced.vols(row, np.array([t / 365.0]), money)[0] ** 2 * t for t in (day, float(days[k + 1])))
                growth.append(then / now - 1.0)
    assert butterfly[0, 0] == pytest.approx(min(g), abs=2e-5)
    assert calendar[0, 0] == pytest.approx(min(growth), abs=1e-9)
    assert (butterfly[0, 0] < 0.0) == (name == "study")
