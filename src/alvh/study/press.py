"""The press, looked back at and as it was told (method R61): spikes of VIX that reverted, and the states known at each close.

An *ex-post* event is a spike that is known to have reverted; the *ex-ante* states of :mod:`alvh.market.press` never look ahead.
Choosing sessions by the event chooses reversals by construction, so what the states told is counted beside it, false alarms too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso
from alvh.market import press
from alvh.market.event_days import sessions_since, sessions_to
from alvh.market.history import History
from alvh.market.indicators import rolling_mean
from alvh.market.signal_breadth import topping
from alvh.market.signal_press import FOMC_SESSIONS
from alvh.market.signals import compute_signals, missing_input
from alvh.study.spikes import Spike, spikes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Reading = Literal["spike_reversion", "fomc", "topping"]

SCHEMA: Final = "alvh.press/1"
HORIZONS: Final = (5, 10, 21)
"""A week, two weeks and a month of sessions."""
BY_CONSTRUCTION: Final = (
    "an ex-post event is chosen because VIX came back: what followed its beginning is no forecast, and only what was told at the "
    "close (the states) could have been traded"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Each session's state (sessions,), NaN where there is none, and the rows at which three of the states were entered."""

    state: Floats
    expansion: Ints
    press: Ints
    normalising: Ints


def told_states(history: History, prefix: str) -> Told:
    """The ex-ante states of one reading, from its four signals ``prefix`` + state; a second expansion in a row counts anew."""
    flags = compute_signals(history, [f"{prefix}{name}" for name in press.STATES])
    state = np.where(np.isnan(flags).any(axis=0), np.nan, np.argmax(np.nan_to_num(flags), axis=0).astype(np.float64))
    began = press.press_states(history.vix_close).began == np.arange(state.size)
    entered = np.concatenate(([False], state[1:] != state[:-1]))  # NaN differs from all, as after a gap

    def rows(code: int, extra: Bools) -> Ints:
        return np.flatnonzero((state == code) & extra).astype(np.int64)

    return Told(
        state=state,
        expansion=rows(press.EXPANSION, began),
        press=rows(press.PRESS, entered),
        normalising=rows(press.NORMALISING, entered),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One reading of the press: the signals' prefix, which spikes count, and at which sessions one would (``base``, 1 or 0, NaN
    where that is not known)."""

    reading: Reading
    name: str
    prefix: str
    counts: Callable[[Spike], bool]
    base: Floats | None
    missing: str | None


def readers(history: History) -> list[Reader]:
    """The three readings of R61; one whose data are missing says which file it waits for."""
    made = [
        Reader(reading="spike_reversion", name="spike_reversion", prefix="press_", counts=lambda _: True, base=None, missing=None)
    ]
    missing = missing_input(history, "press_fomc_expansion")
    since, to = sessions_since(history, "fomc"), sessions_to(history, "fomc")
    near = (np.fmin(since, to) <= FOMC_SESSIONS).astype(np.float64)
    made.append(
        Reader(
            reading="fomc",
            name="fomc",
            prefix="press_fomc_",
            counts=lambda spike: near[spike.onset] == 1.0,
            base=np.where(np.isnan(since) & (near == 0.0), np.nan, near),  # the list begins later
            missing=missing,
        )
    )
    universes = sorted(history.breadth) or ["nyse"]
    made += [_topping_reader(history, universe) for universe in universes]
    return made


def _topping_reader(history: History, universe: str) -> Reader:
    missing = missing_input(history, f"topping_{universe}")
    state = topping(history, universe)
    top = state == 1.0
    recent = np.array([top[max(now - press.RISE_SESSIONS, 0) : now + 1].any() for now in range(top.size)], dtype=np.float64)
    return Reader(
        reading="topping",
        name=f"topping ({universe})",
        prefix=f"press_topping_{universe}_",
        counts=lambda spike: bool(top[spike.foot : spike.onset + 1].any()),
        base=np.where(np.isnan(state), np.nan, recent),
        missing=missing,
    )


# ---------------------------------------------------------------------------------------------------------------- what came next


def outcomes(history: History, rows: Ints) -> list[dict[str, Any]]:
    """What VIX and SPX did after the closes of ``rows``, one entry a horizon; rows too near the end are counted out.

    Means with their standard errors (as of independent cases), medians, and shares of rows.
    """
    vix, spx = history.vix_close, history.spx_close
    found = []
    for horizon in HORIZONS:
        at = rows[rows + horizon < vix.size]
        vix_change, spx_return = vix[at + horizon] - vix[at], spx[at + horizon] / spx[at] - 1.0
        found.append(
            {
                "sessions": horizon,
                "cases": int(at.size),
                "vix_change_points_mean": _mean(vix_change),
                "vix_change_points_error": _error(vix_change),
                "vix_change_points_median": _median(vix_change),
                "vix_lower_share": _mean((vix_change < 0.0).astype(np.float64)),
                "spx_return_mean": _mean(spx_return),
                "spx_return_error": _error(spx_return),
                "spx_return_median": _median(spx_return),
                "spx_higher_share": _mean((spx_return > 0.0).astype(np.float64)),
            }
        )
    return found


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if values.size else None


def _median(values: Floats) -> float | None:
    return float(np.median(values)) if values.size else None


def _error(values: Floats) -> float | None:
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else None


def stayed_under(vix: Floats, rows: Ints, horizon: int = HORIZONS[-1]) -> tuple[int, int]:
    """Of ``rows`` how many saw no close above the highest of the eleven up to there for ``horizon`` sessions, and how many are
    known.

    Where a press is told that highest close is the top of the spike, so that a close above it proves the press wrong.
    """
    known = rows[(rows + horizon < vix.size) & (rows >= press.GIVE_BACK_SESSIONS)]
    kept = [row for row in known.tolist() if vix[row + 1 : row + 1 + horizon].max() <= _recent_high(vix, row)]
    return len(kept), len(known)


def _recent_high(vix: Floats, row: int) -> float:
    return float(vix[row - press.GIVE_BACK_SESSIONS : row + 1].max())


# ------------------------------------------------------------------------------------------------------------------- the document


def press_document(history: History, start_row: int) -> dict[str, Any]:
    """The study as one JSON-ready document over the sessions from ``start_row``; what lies before is warm-up."""
    every = spikes(history.vix_close)
    return {
        "schema": SCHEMA,
        "from": iso(history.sessions[start_row]),
        "to": iso(history.sessions[-1]),
        "sessions": len(history.sessions) - start_row,
        "by_construction": BY_CONSTRUCTION,
        "base": _base(history, start_row),
        "readings": [_reading(history, start_row, reader, every) for reader in readers(history)],
        "data": {"source": history.source, "sha256": history.sha256},
    }


def _base(history: History, start_row: int) -> list[dict[str, Any]]:
    """What came next after every session, and after those at which VIX stood as high as a spike's."""
    rows = np.arange(start_row, len(history.sessions))
    mean = rolling_mean(history.vix_close, press.MEAN_SESSIONS)
    high = rows[history.vix_close[rows] >= press.EXPANSION_TO_MEAN * mean[rows]]
    named = (("every session", rows), (f"VIX at {press.EXPANSION_TO_MEAN:g} times its mean or more", high))
    return [_next(history, name, at) for name, at in named]


def _next(history: History, name: str, rows: Ints) -> dict[str, Any]:
    kept, known = stayed_under(history.vix_close, rows)
    return {
        "after": name,
        "cases": len(rows),
        "no_new_high_share": kept / known if known else None,
        "next": outcomes(history, rows),
    }


def _reading(history: History, start_row: int, reader: Reader, every: Sequence[Spike]) -> dict[str, Any]:
    if reader.missing is not None:
        return {"press": reader.name, "missing": reader.missing}
    mine = [spike for spike in every if spike.onset >= start_row and reader.counts(spike)]
    events = [spike for spike in mine if spike.back is not None]
    told = told_states(history, reader.prefix)
    told_rows = {
        name: rows[rows >= start_row]
        for name, rows in (("expansion", told.expansion), ("press", told.press), ("normalising", told.normalising))
    }
    onsets = np.array([spike.onset for spike in events], dtype=np.int64)
    backs = np.array([spike.back for spike in events], dtype=np.int64)
    after = [_next(history, f"told: {name}", rows) for name, rows in told_rows.items()]
    after.append(_next(history, "ex post: the event's beginning", onsets))
    after.append(_next(history, "ex post: half given back", backs))
    return {
        "press": reader.name,
        "missing": None,
        "spikes": len(mine),
        "events": [_event(history, spike) for spike in events],
        **_shares(reader, start_row, mine, every),
        "state_sessions": _sessions_by_state(told.state[start_row:]),
        "told_expansion": _expansions(history, told_rows["expansion"], events),
        "told_press": _presses(history, told_rows["press"]),
        "after": after,
    }


def _shares(reader: Reader, start_row: int, mine: Sequence[Spike], every: Sequence[Spike]) -> dict[str, float | None]:
    """Which share of all spikes counts in a reading, and which share of all sessions would, both where that is known."""
    if reader.base is None:
        return {"share_of_spikes": None, "share_of_sessions": None}
    base, known = reader.base[start_row:], np.isfinite(reader.base)
    judged = [spike for spike in every if spike.onset >= start_row and known[spike.onset]]
    return {
        "share_of_spikes": len(mine) / len(judged) if judged else None,
        "share_of_sessions": float(np.nanmean(base)) if np.isfinite(base).any() else None,
    }


def _sessions_by_state(state: Floats) -> dict[str, int]:
    counts = {name: int((state == code).sum()) for code, name in enumerate(press.STATES)}
    return counts | {"unknown": int(np.isnan(state).sum())}


def _event(history: History, spike: Spike) -> dict[str, Any]:
    sessions, vix = history.sessions, history.vix_close
    assert spike.back is not None
    return {
        "foot": iso(sessions[spike.foot]),
        "onset": iso(sessions[spike.onset]),
        "top": iso(sessions[spike.top]),
        "half_back": iso(sessions[spike.back]),
        "vix_foot": float(vix[spike.foot]),
        "vix_top": float(vix[spike.top]),
        "vix_half_back": float(vix[spike.back]),
        "sessions_to_top": spike.top - spike.onset,
        "sessions_to_half_back": spike.back - spike.onset,
    }


def _expansions(history: History, rows: Ints, events: Sequence[Spike]) -> dict[str, Any]:
    """Expansions told: those that lie inside an event are hits, the others false alarms; those that the data cut off neither.

    ``hits_from_told`` counts the ten sessions from the close at which the expansion was told: the top is known only afterwards.
    """
    ends = [(spike.onset, spike.back) for spike in events if spike.back is not None]
    hits, soon, false = [], 0, []
    for row in rows.tolist():
        back = next((back for onset, back in ends if onset <= row <= back), None)
        if back is not None:
            hits.append(row)
            soon += back - row <= press.GIVE_BACK_SESSIONS
        elif _settled(history.vix_close, row):
            false.append(row)
    judged = len(hits) + len(false)
    caught = sum(any(onset <= row <= back for row in rows.tolist()) for onset, back in ends)
    return {
        "told": len(rows),
        "judged": judged,
        "hits": len(hits),
        "hit_rate": len(hits) / judged if judged else None,
        "hits_from_told": soon,
        "hit_rate_from_told": soon / judged if judged else None,
        "false_alarms": len(false),
        "false_alarm_sessions": _days(history.sessions, false),
        "events_told": caught,
        "events": len(ends),
    }


def _settled(vix: Floats, row: int) -> bool:
    """Whether ten sessions without a higher close, or a give-back, have followed: the data do not cut the spike off."""
    top, now = row, row + 1
    while now < vix.size:
        if vix[now] > vix[top]:
            top = now
        elif now - top >= press.GIVE_BACK_SESSIONS:
            return True
        now += 1
    return False


def _presses(history: History, rows: Ints) -> dict[str, Any]:
    """Presses told: right where VIX closes no more above the spike's top for 21 sessions."""
    kept, known = stayed_under(history.vix_close, rows)
    known_rows = rows[rows + HORIZONS[-1] < history.vix_close.size]
    wrong = [row for row in known_rows.tolist() if stayed_under(history.vix_close, np.array([row]))[0] == 0]
    return {
        "told": len(rows),
        "judged": known,
        "hits": kept,
        "hit_rate": kept / known if known else None,
        "false_alarms": known - kept,
        "false_alarm_sessions": _days(history.sessions, wrong),
    }


def _days(sessions: DayArray, rows: Sequence[int]) -> list[str]:
    return [iso(sessions[row]) for row in rows]
