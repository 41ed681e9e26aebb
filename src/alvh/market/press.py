"""The state of a volatility spike as it could be told at each close (method R61): calm, expansion, press, normalising.

The event study of R61 looks back at spikes that reverted; this machine never looks ahead, so it also enters those that do not.

- *calm* → *expansion*: VIX closes at least 25 % above its lowest close of the five sessions before, and at 1.2 times its
  20-session mean or more. That lowest close is the episode's foot, and its highest close so far the top.
- *expansion* → *press*: within ten sessions of the top, VIX has given back at least half of the rise from foot to top.
  *expansion* → *calm*: more than ten sessions after the top, once VIX has closed below 1.2 times its mean five sessions running.
- *press* → *normalising*: at a later close VIX is below 1.2 times its mean, or the ten sessions are over.
- *normalising* → *calm*: VIX closes below 1.05 times its mean (also at once), or 20 sessions have passed.
- *press*, *normalising* → *expansion*: VIX closes above the top; the same episode goes on.
- Any state but expansion → *expansion* by the first rule, from a foot after the last top: a new episode.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alvh.market.indicators import rolling_mean

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATES: Final = ("calm", "expansion", "press", "normalising")
CALM, EXPANSION, PRESS, NORMALISING = range(4)

RISE: Final = 1.25
"""VIX up by 25 % (method R61)."""
RISE_SESSIONS: Final = 5
MEAN_SESSIONS: Final = 20
EXPANSION_TO_MEAN: Final = 1.2
"""The level of an expansion in units of the 20-session mean (method R61)."""
GIVE_BACK: Final = 0.5
GIVE_BACK_SESSIONS: Final = 10
"""Half of the rise within ten sessions (method R61), here counted from the top."""
QUIET_SESSIONS: Final = 5
"""Ours: a week of closes below the expansion's level ends one that was never given back."""
NORMAL_TO_MEAN: Final = 1.05
NORMALISING_SESSIONS: Final = 20
"""Ours: a spike is over at 5 % above the mean, or after the month that renews the mean."""


class PressStates(NamedTuple):
    """By session, each (sessions,): ``state``, an index into :data:`STATES`, NaN where VIX or its mean is missing; ``began``, the
    session at which the running episode's expansion was told, and ``foot``, that of its lowest close, both -1 in calm."""

    state: Floats
    began: Ints
    foot: Ints


def press_states(vix: Floats) -> PressStates:
    """The machine run over closes of VIX, (sessions,). After a missing close it begins anew, in calm, when the mean is back."""
    mean = rolling_mean(vix, MEAN_SESSIONS)
    known = np.isfinite(mean)
    out = PressStates(np.where(known, float(CALM), np.nan), np.full(vix.shape, -1), np.full(vix.shape, -1))
    starts = _starts(vix, mean)
    closes, means = vix.tolist(), mean.tolist()
    state, began, foot, top, quiet, normal_from, now = CALM, -1, -1, -1, 0, -1, 0
    while now < len(closes):
        if state == CALM:  # nothing happens until VIX could start an expansion: most sessions are passed over
            later = int(np.searchsorted(starts, now))
            if later == starts.size:
                break
            now = int(starts[later])
        elif not known[now]:
            state, now = CALM, now + 1
            continue
        close, high = closes[now], closes[now] >= EXPANSION_TO_MEAN * means[now]
        first = max(now - RISE_SESSIONS, top + 1)
        lowest = min(range(first, now), key=closes.__getitem__, default=now)
        if state != EXPANSION and high and close >= RISE * closes[lowest]:
            state, began, foot, top, quiet = EXPANSION, now, lowest, now, 0
        elif state != CALM and close > closes[top]:
            state, top, quiet = EXPANSION, now, 0
        elif state == EXPANSION:
            quiet = 0 if high else quiet + 1
            if now - top > GIVE_BACK_SESSIONS:
                state = CALM if quiet >= QUIET_SESSIONS else EXPANSION
            elif close <= closes[top] - GIVE_BACK * (closes[top] - closes[foot]):
                state = PRESS
        elif state == PRESS and (not high or now - top > GIVE_BACK_SESSIONS):
            state, normal_from = NORMALISING, now
        if state == NORMALISING and (close < NORMAL_TO_MEAN * means[now] or now - normal_from >= NORMALISING_SESSIONS):
            state = CALM
        out.state[now] = state
        if state != CALM:
            out.began[now], out.foot[now] = began, foot
        now += 1
    return out


def _starts(vix: Floats, mean: Floats) -> Ints:
    """Sessions at which an expansion could start, whatever came before."""
    out = np.zeros(vix.shape, dtype=bool)
    if vix.size > RISE_SESSIONS:
        lowest = sliding_window_view(vix[:-1], RISE_SESSIONS).min(axis=1)
        out[RISE_SESSIONS:] = (vix[RISE_SESSIONS:] >= RISE * lowest) & (vix >= EXPANSION_TO_MEAN * mean)[RISE_SESSIONS:]
    return np.flatnonzero(out)
