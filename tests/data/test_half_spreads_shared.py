"""The shipped half-spread rule against real quotes, where a folder of them lies beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.fit_spreads import errors, ruled, spx_sample
from benchmarks.spread_legs import Legs, measured_legs

from alvh.core.days import iso
from alvh.models.spreads import CASE_FACTOR

SHARED = Path(__file__).resolve().parents[3] / "shared"

pytestmark = pytest.mark.skipif(
    not (SHARED / "chains" / "README.md").is_file(), reason="no ../shared/chains beside the repository"
)


@pytest.fixture(scope="module")
def legs() -> Legs:
    """Cboe's quote downloads of 2011 to 2023."""
    return measured_legs(SHARED / "chains" / "spx" / "cboe_quotedata", SHARED / "market")


def test_quoted_half_spreads_of_16_delta_legs(legs: Legs) -> None:
    """Medians of surfaces.md 4.1, which were measured elsewhere: 16- and 5-delta legs."""
    legs = legs.rows((legs.dte >= 9) & (legs.dte <= 60))
    size = np.abs(legs.delta)
    wing = legs.rows(((size > 0.04) & (size < 0.07)) | ((size > 0.13) & (size < 0.19)))
    published = {"2020-09-04": 0.45, "2022-02-04": 0.20, "2022-06-10": 0.25, "2023-08-18": 0.20}
    for day, half in published.items():
        own = np.array([iso(session) == day for session in wing.session])
        assert np.median(wing.half[own]) == pytest.approx(half, abs=0.051), day


def test_the_rule_on_six_dates(legs: Legs) -> None:
    sample = spx_sample(legs)
    error = errors(ruled(sample.legs), sample.legs)
    assert sample.mean(np.abs(error)) < 0.30
    assert abs(sample.mean(error)) < 0.15
    assert sample.mean((np.abs(error) <= np.log(CASE_FACTOR)).astype(np.float64)) > 0.75
