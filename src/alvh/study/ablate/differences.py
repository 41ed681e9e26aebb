"""Is the difference between two runs more than chance? Paired stationary block bootstrap of their daily returns.

Both runs live through the same sessions, so that the pair is resampled together and what they share drops out (methods.md 7).
Politis and Romano (1994), block length of Politis and White (2004, corrected 2009) as ``arch`` computes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.kernels.resample import pair_into
from alvh.results.metrics import SESSIONS_PER_YEAR, daily_returns

Floats = NDArray[np.float64]

REPEATS = 5000
"""Resamples: methods.md 7 asks for as many at least."""
LEAST_REPEATS = 100
"""Fewer put no resample into the tails of a 95 % interval worth the name."""
LEAST_BLOCK = 21
"""Mean block, sessions, at least: a month, since rolls overlap (methods.md 7)."""
LEAST_SESSIONS = 3 * LEAST_BLOCK
"""Below three blocks nothing is resampled."""
LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its 95 % interval by percentiles, and the basic one (twice the estimate less the other end)."""

    estimate: float
    low: float | None
    high: float | None

    def document(self, unit: str, scale: float = 1.0) -> dict[str, Any]:
        """Plain values times ``scale``."""
        found: dict[str, Any] = {"estimate": self.estimate * scale, "unit": unit}
        for name, value in (("low", self.low), ("high", self.high)):
            found[name] = None if value is None else value * scale
        for name, value in (("basic_low", self.high), ("basic_high", self.low)):
            found[name] = None if value is None else (2.0 * self.estimate - value) * scale
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A variant less its reference: ``mean`` of daily returns as a fraction of the account a year, ``drawdown`` as a fraction.

    A drawdown is below zero, so that a difference above zero is a smaller one. ``block_sessions`` is the mean block, None where
    nothing was resampled: two equal runs differ by nothing, and a short run gives no interval.
    """

    mean: Interval
    drawdown: Interval
    block_sessions: int | None
    sessions: int


def mean_block(difference: Floats) -> int:
    """Mean block length for a series of differences: the longer of what it and its size ask for, at least a month, whole."""
    from arch.bootstrap import optimal_block_length

    both = np.column_stack([difference, np.abs(difference)])
    found = optimal_block_length(both)["stationary"].to_numpy()
    longest = float(np.max(found[np.isfinite(found)], initial=LEAST_BLOCK))
    return math.ceil(longest)


def compare(
    equity_usd: Floats, reference_usd: Floats, account_usd: float, *, compound: bool, seed: int, repeats: int = REPEATS
) -> Difference:
    """The difference of two runs of the same sessions, equities (sessions,) dollars at each close.

    Returns are those of :func:`alvh.results.metrics.daily_returns`; sessions after a ruin, which have none, are left out.
    """
    ours, theirs = _returns(equity_usd, reference_usd, account_usd, compound=compound)
    gap = ours - theirs
    plain = np.empty(3)
    pair_into(ours, theirs, np.arange(gap.size), compound, plain)
    drawdown = float(plain[1] - plain[2])
    if not gap.any():
        nothing = Interval(estimate=0.0, low=0.0, high=0.0)
        return Difference(mean=nothing, drawdown=nothing, block_sessions=None, sessions=gap.size)
    mean = float(gap.mean()) * SESSIONS_PER_YEAR
    if gap.size < LEAST_SESSIONS:
        none = Interval(estimate=mean, low=None, high=None)
        return Difference(
            mean=none, drawdown=Interval(estimate=drawdown, low=None, high=None), block_sessions=None, sessions=gap.size
        )
    block = mean_block(gap)
    means, falls = _resampled(ours, theirs, block, compound=compound, seed=seed, repeats=repeats)
    return Difference(
        mean=_interval(mean, means * SESSIONS_PER_YEAR),
        drawdown=_interval(drawdown, falls),
        block_sessions=block,
        sessions=gap.size,
    )


def mean_gap(equity_usd: Floats, reference_usd: Floats, account_usd: float, *, compound: bool) -> float:
    """Mean daily difference of two runs alone, as a fraction of the account a year."""
    ours, theirs = _returns(equity_usd, reference_usd, account_usd, compound=compound)
    return float((ours - theirs).mean()) * SESSIONS_PER_YEAR


def _returns(equity_usd: Floats, reference_usd: Floats, account_usd: float, *, compound: bool) -> tuple[Floats, Floats]:
    """Daily returns of both on the sessions on which both have one."""
    ours = daily_returns(equity_usd, account_usd, compound=compound)
    theirs = daily_returns(reference_usd, account_usd, compound=compound)
    known = np.isfinite(ours) & np.isfinite(theirs)
    return ours[known], theirs[known]


def _resampled(ours: Floats, theirs: Floats, block: int, *, compound: bool, seed: int, repeats: int) -> tuple[Floats, Floats]:
    """Mean daily difference and difference of the drawdowns in every resample, (repeats,) each."""
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(block, ours, theirs, seed=np.random.default_rng(seed))
    found = np.empty((repeats, 3))
    for row in found:
        pair_into(ours, theirs, bootstrap.update_indices(), compound, row)
    return found[:, 0], found[:, 1] - found[:, 2]


def _interval(estimate: float, resampled: Floats) -> Interval:
    low, high = np.quantile(resampled, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]).tolist()
    return Interval(estimate=estimate, low=low, high=high)
