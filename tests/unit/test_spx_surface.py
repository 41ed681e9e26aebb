"""The SPX smile and its level: published vectors, each rule by hand, and the plain twin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference import surface_reference as twin

from alvh.core.strikes import spx_strikes
from alvh.kernels import surface
from alvh.models import spx_surface
from alvh.models.model_market import SMILE

DAYS = spx_surface.TENOR_DAYS
NAN = math.nan


def knots(*levels: float) -> tuple[np.ndarray, bool]:
    theta, lifted = spx_surface.total_variance_knots(np.array([levels]))
    return theta[0], bool(lifted[0])


def atm(theta: np.ndarray, days: float) -> float:
    return math.sqrt(surface.total_variance(theta[None, :], 0, days / 365.0) / (days / 365.0))


@pytest.mark.parametrize(("x", "published"), [(-2.0, 1.55), (-1.0, 1.27), (1.0, 0.79), (2.0, 0.95)])
def test_typical_shape(x: float, published: float) -> None:
    """surfaces.md 2.1 prints "typical" values without saying of which term: they are those of B = .30 at 45 days."""
    smile = SMILE.copy()
    smile[4] = 0.30
    assert surface.spx_smile(x, 45.0 / 365.0, smile) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize(("x", "by_hand"), [(-2.0, 1.50983), (-1.0, 1.25130), (0.0, 1.0), (1.0, 0.80886), (2.0, 0.98027)])
def test_mean_shape_at_30_days(x: float, by_hand: float) -> None:
    """1 + .03 x + .293 (sqrt((x - 1.15)^2 + .46^2) - 1.238588), worked out by hand."""
    assert surface.spx_smile(x, 30.0 / 365.0, SMILE) == pytest.approx(by_hand, abs=1e-5)


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
    smile = SMILE.copy()
    smile[4] = b
    for x, vol in zip((-2.0, -1.0, 1.0, 2.0), vols, strict=True):
        assert atm45 * surface.spx_smile(x, 45.0 / 365.0, smile) == pytest.approx(vol, abs=0.02)


def test_level_is_the_index_over_its_ratio() -> None:
    theta, lifted = knots(15.0, 18.0, 20.0, 21.0)
    for days, level, ratio in zip((9, 30, 93, 184), (15.0, 18.0, 20.0, 21.0), (1.153, 1.190, 1.274, 1.363), strict=True):
        assert atm(theta, days) == pytest.approx(level / 100.0 / ratio, rel=1e-14)
    assert not lifted


@pytest.mark.parametrize(("days", "ratio"), list(zip((9, 30, 93, 184), spx_surface.INDEX_TO_ATM.tolist(), strict=True)))
def test_at_its_ratio_the_smile_reprices_the_index(days: int, ratio: float) -> None:
    """surfaces.md 2.1 states the ratios at VIX 18, SPX 5000: the index formula over the smile gives 18 back."""
    found = twin.variance_index(5000.0, spx_strikes(5000.0).tolist(), days / 365.0, 0.18 / ratio, 18.0)
    assert found == pytest.approx(18.0, abs=0.01)


def test_between_before_and_beyond_the_tenors() -> None:
    theta, _ = knots(15.0, 18.0, 20.0, 21.0)
    assert atm(theta, 3.0) == pytest.approx(atm(theta, 9.0), rel=1e-14)
    middle = surface.total_variance(theta[None, :], 0, 61.5 / 365.0)
    assert middle == pytest.approx(0.5 * (theta[1] + theta[2]), rel=1e-13)
    step = surface.total_variance(theta[None, :], 0, 365.0 / 365.0) - surface.total_variance(theta[None, :], 0, 274.0 / 365.0)
    assert step == pytest.approx(theta[3] - theta[2], rel=1e-12)  # 91 days at the last forward variance


@pytest.mark.parametrize("missing", [(0,), (2,), (3,), (0, 2), (0, 3), (2, 3), (0, 2, 3)])
@pytest.mark.parametrize("levels", [(15.0, 18.0, 20.0, 21.0), (60.0, 50.0, 40.0, 35.0), (40.0, 12.0, 11.0, 10.5)])
def test_a_missing_index_drops_its_tenor(missing: tuple[int, ...], levels: tuple[float, ...]) -> None:
    theta, lifted = knots(*(NAN if k in missing else level for k, level in enumerate(levels)))
    given = tuple(None if k in missing else level for k, level in enumerate(levels))
    assert lifted == twin.spx_knots(given)[1]
    for days in (1.0, 9.0, 20.0, 30.0, 45.0, 93.0, 150.0, 184.0, 300.0):
        assert atm(theta, days) == pytest.approx(twin.spx_atm(given, days / 365.0), rel=1e-12)


def test_a_forward_variance_below_five_per_cent_is_lifted_and_said() -> None:
    theta, lifted = knots(60.0, 20.0, 19.0, 18.5)
    assert lifted
    nine = (0.60 / 1.153) ** 2 * 9.0 / 365.0
    assert theta[0] == pytest.approx(nine, rel=1e-14)
    assert theta[1] == pytest.approx(nine + 0.05**2 * 21.0 / 365.0, rel=1e-14)
    assert np.all(np.diff(theta) >= 0.05**2 * np.diff(DAYS) / 365.0 - 1e-16)


def test_smile_and_level_agree_with_the_plain_twin() -> None:
    rng = np.random.default_rng(7)
    for _ in range(300):
        base = float(np.exp(rng.uniform(np.log(9.0), np.log(80.0))))
        levels = tuple(float(base * np.exp(0.25 * z)) if k == 1 or rng.random() > 0.2 else None
                       for k, z in enumerate(rng.standard_normal(4)))  # fmt: skip
        theta, lifted = knots(*(NAN if level is None else level for level in levels))
        assert lifted == twin.spx_knots(levels)[1]
        days, x = float(rng.uniform(0.5, 400.0)), float(rng.uniform(-12.0, 9.0))
        assert atm(theta, days) == pytest.approx(twin.spx_atm(levels, days / 365.0), rel=1e-12)
        assert surface.spx_smile(x, days / 365.0, SMILE) == pytest.approx(twin.spx_shape(x, days / 365.0), rel=1e-12)


@pytest.mark.parametrize("edge", [-8.0, 5.0])
@pytest.mark.parametrize("days", [2.0, 30.0, 184.0])
def test_total_variance_joins_its_wing_in_value_and_slope(edge: float, days: float) -> None:
    years, h = days / 365.0, 1e-5
    w = [surface.spx_smile(edge + k * h, years, SMILE) ** 2 for k in (-2, -1, 0, 1, 2)]
    assert (w[2] - w[0]) / (2 * h) == pytest.approx((w[4] - w[2]) / (2 * h), abs=1e-4)
    far = [surface.spx_smile(edge + math.copysign(k, edge), years, SMILE) ** 2 for k in (1.0, 2.0, 3.0)]
    assert far[2] - far[1] == pytest.approx(far[1] - far[0], rel=1e-12)


def durrleman(x: float, years: float, atm_vol: float) -> float:
    """g(k) = (1 - k w'/2w)^2 - w'^2/4 (1/w + 1/4) + w''/2 of total variance w, by differences."""
    root = atm_vol * math.sqrt(years)
    h = 1e-4

    def w(k: float) -> float:
        return (root * surface.spx_smile(k / root, years, SMILE)) ** 2

    k, dk = x * root, h * root
    here, first, second = w(k), (w(k + dk) - w(k - dk)) / (2 * dk), (w(k + dk) - 2 * w(k) + w(k - dk)) / dk**2
    return (1 - 0.5 * k * first / here) ** 2 - 0.25 * first**2 * (1 / here + 0.25) + 0.5 * second


@pytest.mark.parametrize("days", [7.0, 30.0, 60.0, 184.0])
@pytest.mark.parametrize("atm_vol", [0.09, 0.17, 0.50])
def test_no_butterfly_arbitrage_where_the_book_trades(days: float, atm_vol: float) -> None:
    """surfaces.md 2.1: Durrleman's g >= 0 for x in [-4, 3]."""
    assert min(durrleman(float(x), days / 365.0, atm_vol) for x in np.linspace(-4.0, 3.0, 141)) >= 0.0


def test_the_join_is_not_clean() -> None:
    """The known fault, stated in docs/explanation/model-prices.md: just above x = 5 the density is negative at 30 days."""
    assert durrleman(5.01, 30.0 / 365.0, 0.15) == pytest.approx(-0.07, abs=0.02)
