"""Betas of VX tenors measured on the market history beside the repository, against the published ones (methods.md 0.1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.core.days import to_day
from alvh.data.load import load_history
from alvh.market.forwards import vix_forwards
from alvh.market.history import History
from alvh.models.vx_curve import curve_points
from alvh.risk.betas import TenorChanges, regime_betas, rolling_betas, sample_betas, tenor_changes

MARKET = Path(__file__).resolve().parents[2] / "../shared/market"

pytestmark = pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market history at {MARKET}")

TENORS = (30.0, 60.0, 90.0, 120.0)


@pytest.fixture(scope="module")
def history() -> Iterator[History]:
    yield load_history(MARKET, end=date(2026, 7, 22)).history


@pytest.fixture(scope="module")
def changes(history: History) -> TenorChanges:
    vx = history.vx
    forwards = vix_forwards(history, expiry=vx.expiry, monthly=vx.monthly, curve_points=curve_points(history.vix_close))
    return tenor_changes(
        forwards, sessions=history.sessions, expiry=vx.expiry, monthly=vx.monthly, vix=history.vix_close, tenor_days=TENORS
    )


def between(changes: TenorChanges, first: date, last: date) -> np.ndarray:
    return np.asarray((changes.sessions >= to_day(first)) & (changes.sessions <= to_day(last)))


def test_the_published_betas(changes: TenorChanges) -> None:
    """Daily betas of constant-maturity VX to spot VIX over May 2013 to March 2025: .54, .38, .29, .24."""
    found = sample_betas(changes, chosen=between(changes, date(2013, 5, 1), date(2025, 3, 31)))
    assert found.beta == pytest.approx([0.54, 0.38, 0.29, 0.24], abs=0.0055)
    assert found.error == pytest.approx([0.029, 0.023, 0.015, 0.012], abs=0.002)
    assert (found.observations > 2950).all()


def test_the_published_response_on_up_days(changes: TenorChanges) -> None:
    """.57, .41, .32, .27 on days with VIX up more than two: mean change over mean change, not a slope."""
    days = between(changes, date(2013, 5, 1), date(2025, 3, 31)) & (changes.vix_change > 2.0)
    response = changes.forward_change[days].sum(axis=0) / changes.vix_change[days].sum()
    assert response == pytest.approx([0.57, 0.41, 0.32, 0.27], abs=0.0055)


def test_the_figures_of_the_page(changes: TenorChanges) -> None:
    """docs/explanation/vega-and-beta.md: whole sample and regimes."""
    whole = sample_betas(changes, chosen=changes.sessions >= to_day(date(2007, 1, 3)))
    assert whole.beta == pytest.approx([0.502, 0.357, 0.281, 0.237], abs=0.001)
    regimes = regime_betas(changes)
    thirty = [part.beta[0] for part in regimes]
    assert thirty == pytest.approx([0.489, 0.551, 0.554, 0.454], abs=0.002)
    assert all((np.diff(part.beta) < 0.0).all() for part in regimes)


def test_rolling_betas_cover_the_default_run(changes: TenorChanges) -> None:
    found = rolling_betas(changes)
    since = int(np.searchsorted(changes.sessions, to_day(date(2008, 1, 2))))
    assert np.isfinite(found.beta[since:]).all()
    assert ((found.beta[since:] > 0.1) & (found.beta[since:] < 0.9)).all()
    assert (np.diff(found.beta[since:], axis=1) < 0.0).all()
    assert found.beta[since:, 0].min() == pytest.approx(0.339, abs=0.005)
    assert found.beta[since:, 0].max() == pytest.approx(0.787, abs=0.05)
