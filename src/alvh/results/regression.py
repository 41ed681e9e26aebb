"""Alpha and betas with Newey-West intervals: what of a result moved with SPX and with VIX, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.results.metrics import SESSIONS_PER_YEAR
from alvh.risk.betas import LEAST_WINDOW_SESSIONS, lag_count

Floats = NDArray[np.float64]

NORMAL_95 = 1.959963984540054
"""Half-width of a 95 % interval in standard errors, normal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its standard error; ``low`` and ``high`` bound a 95 % interval."""

    value: float
    error: float

    @property
    def low(self) -> float:
        return self.value - NORMAL_95 * self.error

    @property
    def high(self) -> float:
        return self.value + NORMAL_95 * self.error

    def scaled(self, factor: float) -> Estimate:
        return Estimate(value=self.value * factor, error=self.error * abs(factor))

    def document(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


def newey_west(y: Floats, x: Floats, *, lags: int | None = None) -> tuple[Floats, Floats] | None:
    """Least squares of ``y`` (n,) on a constant and ``x`` (n, k): coefficients and standard errors (k + 1,), constant first.

    Bartlett lags, ``lag_count(n)`` where not given, no small-sample factor (Newey and West 1987). ``None`` below
    :data:`LEAST_WINDOW_SESSIONS` rows or where the regressors do not vary independently.
    """
    n = y.size
    design = np.column_stack([np.ones(n), x])
    if n < LEAST_WINDOW_SESSIONS:
        return None
    size = np.abs(design).max(axis=0)
    if (size == 0.0).any() or np.linalg.matrix_rank(design / size) < design.shape[1]:
        return None
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    score = design * (y - design @ coefficients)[:, None]
    depth = lag_count(n) if lags is None else lags
    meat = score.T @ score
    for lag in range(1, depth + 1):
        cross = score[lag:].T @ score[:-lag]
        meat += (1.0 - lag / (depth + 1.0)) * (cross + cross.T)
    bread = np.linalg.inv(design.T @ design)
    covariance = bread @ meat @ bread
    return np.asarray(coefficients), np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """One sleeve against the market.

    ``alpha_per_year`` and ``beta`` are those of its daily return on SPX's excess return alone (CAPM); the ``joint_`` ones of the
    regression on SPX and on VIX changes together, ``joint_vix_usd_per_point`` in dollars for one VIX point.
    ``vix_usd_per_point`` is the slope on VIX changes alone.
    """

    sessions: int
    alpha_per_year: Estimate
    beta: Estimate
    vix_usd_per_point: Estimate
    joint_alpha_per_year: Estimate
    joint_beta: Estimate
    joint_vix_usd_per_point: Estimate

    def document(self) -> dict[str, object]:
        names = (
            "alpha_per_year", "beta", "vix_usd_per_point", "joint_alpha_per_year", "joint_beta", "joint_vix_usd_per_point",
        )  # fmt: skip
        return {"sessions": self.sessions, **{name: getattr(self, name).document() for name in names}}


def factors(sleeve_return: Floats, spx_excess: Floats, vix_change_points: Floats, *, account_usd: float) -> Factors | None:
    """Alpha and betas of daily returns on the account, (sessions,) each; rows with a missing number are left out.

    ``None`` where there are too few sessions or a regressor does not vary.
    """
    known = np.isfinite(sleeve_return) & np.isfinite(spx_excess) & np.isfinite(vix_change_points)
    y, spx, vix = sleeve_return[known], spx_excess[known], vix_change_points[known]
    capm, alone = newey_west(y, spx[:, None]), newey_west(y, vix[:, None])
    joint = newey_west(y, np.column_stack([spx, vix]))
    if capm is None or alone is None or joint is None:
        return None

    def of(found: tuple[Floats, Floats], k: int, factor: float = 1.0) -> Estimate:
        return Estimate(value=float(found[0][k]), error=float(found[1][k])).scaled(factor)

    return Factors(
        sessions=int(known.sum()),
        alpha_per_year=of(capm, 0, SESSIONS_PER_YEAR),
        beta=of(capm, 1),
        vix_usd_per_point=of(alone, 1, account_usd),
        joint_alpha_per_year=of(joint, 0, SESSIONS_PER_YEAR),
        joint_beta=of(joint, 1),
        joint_vix_usd_per_point=of(joint, 2, account_usd),
    )
