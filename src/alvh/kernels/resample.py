"""Two series of returns read in a resampled order: what a block bootstrap asks of every resample, in one pass."""

from __future__ import annotations

from alvh.kernels._jit import kernel


@kernel
def pair_into(ours, theirs, order, compound, out):
    """Mean of ours less theirs, and the maximum drawdown of each, along ``order``, into ``out`` (3,).

    ``ours`` and ``theirs`` (n,) are returns, ``order`` (m,) positions in them. Drawdowns are at or below zero, from a peak that
    begins at the start: of the account where returns add up, of the peak where they ``compound``.
    """
    gap = 0.0
    fall_ours = 0.0
    fall_theirs = 0.0
    if compound:
        path_ours = 1.0
        path_theirs = 1.0
        peak_ours = 1.0
        peak_theirs = 1.0
        for k in range(order.size):
            one = ours[order[k]]
            other = theirs[order[k]]
            gap += one - other
            path_ours *= 1.0 + one
            path_theirs *= 1.0 + other
            peak_ours = max(peak_ours, path_ours)
            peak_theirs = max(peak_theirs, path_theirs)
            fall_ours = min(fall_ours, path_ours / peak_ours - 1.0)
            fall_theirs = min(fall_theirs, path_theirs / peak_theirs - 1.0)
    else:
        path_ours = 0.0
        path_theirs = 0.0
        peak_ours = 0.0
        peak_theirs = 0.0
        for k in range(order.size):
            one = ours[order[k]]
            other = theirs[order[k]]
            gap += one - other
            path_ours += one
            path_theirs += other
            peak_ours = max(peak_ours, path_ours)
            peak_theirs = max(peak_theirs, path_theirs)
            fall_ours = min(fall_ours, path_ours - peak_ours)
            fall_theirs = min(fall_theirs, path_theirs - peak_theirs)
    out[0] = gap / order.size
    out[1] = fall_ours
    out[2] = fall_theirs
