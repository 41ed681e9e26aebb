"""Spikes of VIX as they can be told afterwards, and whether they reverted (method R61, ex post)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.market import press
from alvh.market.indicators import rolling_mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """Rows of one spike: its lowest close before (``foot``), the close at which it stood (``onset``), its highest (``top``), and
    the first that had given back half of the rise within ten sessions of the top (``back``; None: there was none)."""

    foot: int
    onset: int
    top: int
    back: int | None


def spikes(vix: Floats) -> list[Spike]:
    """Spikes of VIX closes (sessions,), in order, each after the last one's end; NaN closes end and start nothing.

    A spike stands where VIX closes 25 % above the lowest of the five closes before, and at 1.2 times its 20-session mean. Its top
    is the highest close until half is given back or ten sessions bring no higher one. A spike that the data cut off is left out.
    """
    mean = rolling_mean(vix, press.MEAN_SESSIONS)
    found: list[Spike] = []
    now = press.MEAN_SESSIONS - 1
    earliest = 0
    while now < vix.size:
        foot = _foot(vix, mean, now, earliest)
        if foot is None:
            now += 1
            continue
        end = _follow(vix, foot, now)
        if end is None:
            break
        top, back = end
        found.append(Spike(foot=foot, onset=now, top=top, back=back))
        now = (back if back is not None else top + press.GIVE_BACK_SESSIONS) + 1
        earliest = top + 1
    return found


def _foot(vix: Floats, mean: Floats, now: int, earliest: int) -> int | None:
    """The lowest close before ``now``, where a spike stands there."""
    before = vix[max(now - press.RISE_SESSIONS, earliest) : now]
    if not before.size or np.isnan(before).any() or not vix[now] >= press.EXPANSION_TO_MEAN * mean[now]:
        return None
    lowest = int(np.argmin(before))
    return now - before.size + lowest if vix[now] >= press.RISE * before[lowest] else None


def _follow(vix: Floats, foot: int, onset: int) -> tuple[int, int | None] | None:
    """Top and give-back of a spike; None where the data end before they are known."""
    top, now = onset, onset + 1
    while now - top <= press.GIVE_BACK_SESSIONS:
        if now >= vix.size or np.isnan(vix[now]):
            return None
        if vix[now] > vix[top]:
            top = now
        elif vix[now] <= vix[top] - press.GIVE_BACK * (vix[top] - vix[foot]):
            return top, now
        now += 1
    return top, None
