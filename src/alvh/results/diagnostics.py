"""Whether volatility clusters, whether SPX and VIX still move against each other (R60), and mark against carry (R58).

Displays: nothing here feeds a decision. Volatility clustering and a correlation that breaks are what the published ratio is said
to come from; mark-to-carry is the write-ups' "price-to-cash-flow".
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import UsageError
from alvh.market.market import Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.market.series import SeriesTable
from alvh.risk.exposures import contract_text, legs_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LAGS = (1, 5, 21)
"""A day, a week and a month of sessions."""
CORRELATION_SESSIONS = 63
"""A quarter of sessions: a month's correlation of daily changes has a standard error of about .1 near -.8."""
BREAK_PERCENTILE = 95.0
BREAK_PAST_SESSIONS = 504
"""A break is a correlation above this percentile of its own last two years: over decades the level itself drifts."""
GARCH_LEAST = 250
"""A year of returns: below it GARCH(1,1) is rarely identified."""
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """Autocorrelation of squared returns at ``lags``, its 95 % bound under independence, and the Ljung-Box test up to the last.

    ``p_value`` is the chance of so large a statistic without clustering.
    """

    lags: tuple[int, ...]
    autocorrelation: tuple[float, ...]
    bound: float
    ljung_box: float
    p_value: float


def clustering(returns: Floats, lags: tuple[int, ...] = LAGS) -> Clustering:
    """Clustering of ``returns`` (n,), finite. Raises :class:`UsageError` where there are not more than twice the longest lag."""
    from scipy.stats import chi2  # slow to load

    n, longest = returns.size, max(lags)
    if n <= 2 * longest or not np.isfinite(returns).all():
        raise UsageError(
            f"{n} returns", where="clustering", allowed=f"more than {2 * longest}, finite", todo="take a longer span"
        )
    squared = returns**2 - float(np.mean(returns**2))
    total = float(squared @ squared)
    every = np.array([float(squared[lag:] @ squared[:-lag]) / total for lag in range(1, longest + 1)])
    statistic = n * (n + 2.0) * float(np.sum(every**2 / (n - np.arange(1, longest + 1))))
    return Clustering(
        lags=lags,
        autocorrelation=tuple(float(every[lag - 1]) for lag in lags),
        bound=1.959963984540054 / math.sqrt(n),
        ljung_box=statistic,
        p_value=float(chi2.sf(statistic, longest)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """GARCH(1,1) of returns: ``alpha`` to shocks, ``beta`` to variance; their sum is the persistence.

    ``half_life_sessions`` is how long half of a rise in variance lasts, infinite at a persistence of 1 and more.
    """

    alpha: float
    beta: float
    persistence: float
    half_life_sessions: float


def garch_persistence(returns: Floats) -> Persistence | None:
    """Fitted by the arch package with normal errors and a constant mean; ``None`` where the fit does not converge.

    Raises :class:`UsageError` below :data:`GARCH_LEAST` returns.
    """
    from arch import arch_model

    if returns.size < GARCH_LEAST or not np.isfinite(returns).all():
        raise UsageError(
            f"{returns.size} returns", where="GARCH", allowed=f"{GARCH_LEAST} or more, finite", todo="take a longer span"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is read from the flag below
        fit = arch_model(100.0 * returns, mean="Constant", vol="GARCH", p=1, q=1, rescale=False).fit(
            disp="off", show_warning=False
        )
    if fit.convergence_flag != 0:
        return None
    alpha, beta = float(fit.params["alpha[1]"]), float(fit.params["beta[1]"])
    total = alpha + beta
    half = math.log(0.5) / math.log(total) if 0.0 < total < 1.0 else math.inf
    return Persistence(alpha=alpha, beta=beta, persistence=total, half_life_sessions=half)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationPath:
    """Rolling correlation of daily log changes of SPX and VIX, (sessions,), NaN before the first window; and its break flag.

    ``broken`` is true where the correlation is above ``threshold``, the :data:`BREAK_PERCENTILE` of the last correlations
    *before* that close (NaN while there are too few): each flag uses nothing later.
    """

    correlation: Floats
    threshold: Floats
    broken: Bools


def rolling_correlation(
    spx: Floats, vix: Floats, *, window: int = CORRELATION_SESSIONS, past: int = BREAK_PAST_SESSIONS
) -> CorrelationPath:
    """Correlation over the last ``window`` changes at each close, and where it broke; levels (sessions,) above zero."""
    if window < 3 or spx.shape != vix.shape or not ((spx > 0.0) & (vix > 0.0)).all():
        raise UsageError(
            f"window {window}, {spx.size} and {vix.size} levels", where="correlation", allowed="levels above 0, window 3+"
        )
    correlation = np.full(spx.size, np.nan)
    x, y = np.diff(np.log(spx)), np.diff(np.log(vix))
    if x.size >= window:
        a, b = (np.lib.stride_tricks.sliding_window_view(values, window) for values in (x, y))
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
        scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
        product = (a * b).sum(axis=1)
        correlation[window:] = np.divide(product, scale, out=np.full(scale.shape, np.nan), where=scale > 0.0)
    threshold = np.full(spx.size, np.nan)
    known = np.flatnonzero(np.isfinite(correlation))
    if known.size > past:
        before = np.lib.stride_tricks.sliding_window_view(correlation[known], past)[:-1]
        threshold[known[past:]] = np.percentile(before, BREAK_PERCENTILE, axis=1)
    with np.errstate(invalid="ignore"):
        broken = correlation > threshold
    return CorrelationPath(correlation=correlation, threshold=threshold, broken=broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkToCarry:
    """R58. ``mark_usd`` and ``decay_usd`` (lost in 30 days in which nothing moves; below 0: earned) by position, and of the book.

    ``ratio`` is mark over decay: how many such months the mark pays for, NaN without decay. The book's ratio is given at the
    mids, with VIX one point higher, and with every mark taken at the side at which it could be closed (one half-spread).
    """

    contracts: tuple[str, ...]
    mark_usd: Floats
    decay_usd: Floats
    ratio: Floats
    book_mark_usd: float
    book_decay_usd: float
    book_ratio: float
    book_ratio_vix_up: float
    book_ratio_at_closing_side: float


def mark_to_carry(
    snapshot: Snapshot, positions: Positions, series: SeriesTable, *, days: int = MONTH_DAYS, response: Response | None = None
) -> MarkToCarry:
    """Mark over expected decay of options; what expires in between settles on the forward of the unmoved picture.

    Futures have a mark of nothing and a decay of their roll, so that their ratio is 0. Errors as for
    :func:`alvh.risk.exposures.legs_of`.
    """
    legs, used = legs_of(positions, series), Response() if response is None else response
    scenarios = Scenarios.of([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, float(days), 0.0, float(days)])
    priced = snapshot.reprice_fully(legs, scenarios, used)
    usd = positions.quantity * positions.multiplier_usd
    value = priced.value * usd
    mark = np.where(positions.is_option, value[0], 0.0)
    decay = value[0] - value[1]
    half = np.where(positions.is_option, priced.half_spread[0] * np.abs(usd), 0.0)
    up = np.where(positions.is_option, value[2], 0.0)
    return MarkToCarry(
        contracts=tuple(contract_text(positions, k) for k in range(len(positions))),
        mark_usd=mark,
        decay_usd=decay,
        ratio=np.asarray(np.divide(mark, decay, out=np.full(mark.shape, np.nan), where=decay != 0.0)),
        book_mark_usd=float(mark.sum()),
        book_decay_usd=float(decay.sum()),
        book_ratio=_ratio(mark.sum(), decay.sum()),
        book_ratio_vix_up=_ratio(up.sum(), (value[2] - value[3]).sum()),
        book_ratio_at_closing_side=_ratio((mark - half).sum(), decay.sum()),
    )


def _ratio(mark: float, decay: float) -> float:
    return float(mark / decay) if decay != 0.0 else math.nan
