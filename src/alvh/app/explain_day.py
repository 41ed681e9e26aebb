"""``alvh explain`` as a document: the backtest up to one session, and everything that it saw and did there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alvh.app.session_row import session_row
from alvh.app.wiring import VIX_OPTIONS_START, LoadedMarket, known_betas, load_market
from alvh.core.days import iso, to_day
from alvh.core.errors import InternalError, UsageError
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest
from alvh.engine.session import Run, SessionTrace
from alvh.market.forwards import FORWARD_SOURCES
from alvh.results.explain_day import SCHEMA, DayTrace, day_document
from alvh.strategy.intents import Decision
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import load_policy
from alvh.strategy.sizing import reads_betas
from alvh.strategy.view import Memory

Progress = Callable[[int, int], None]


class _Watch:
    """Keeps the session of one market row, and what the run remembered and had pending when it began."""

    __slots__ = ("_row", "before", "filled", "found")

    def __init__(self, policy: Policy, row: int) -> None:
        self._row = row
        self.found: SessionTrace | None = None
        self.before = Memory.fresh(policy.hedge.always_held, len(policy.rules))
        self.filled: Decision | None = None

    def __call__(self, run: Run, index: int, trace: SessionTrace) -> None:
        if index == self._row:
            self.found = trace
        else:
            self.before, self.filled = run.memory, run.pending


def explain_day(
    day: date, *, policy: str | Path, data: str | Path, start: date | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Run a policy from ``start`` (as ``alvh backtest``) to the close of ``day`` and say what happened there.

    Raises :class:`DataMissing`, naming the nearest sessions, for a day that is no session of the run; :class:`UsageError` for an
    overlay, and for a start after the day; and what the backtest raises before it gets there.
    """
    if start is not None and start > day:
        raise UsageError(
            f"the run would begin on {start}, after {day}",
            where="--from",
            allowed=f"a date up to {day}",
            todo="choose an earlier --from, or leave it out",
        )
    loaded_policy = load_policy(policy)
    book = loaded_policy.policy
    if book.overlay is not None:
        raise UsageError(
            f"policy '{book.name}' is an overlay, a benchmark without condors and hedge",
            where="alvh explain",
            allowed="a policy of condors and hedge",
            todo="choose another with --policy",
        )
    loaded = load_market(data, book, start=start)
    market, sessions = loaded.market, loaded.market.sessions
    first = max(int(sessions[loaded.loaded.start_row]), VIX_OPTIONS_START) if start is None else to_day(start)
    row = session_row(loaded, first, day)
    watch = _Watch(book, row)
    result = run_backtest(
        book,
        market,
        start=first,
        end=int(sessions[row]),
        fee_usd=fee_usd,
        progress=progress,
        betas=known_betas(loaded) if reads_betas(book) else None,
        watch=watch,
    )
    if watch.found is None:
        raise InternalError("the run did not reach the session", where=day.isoformat())
    trace = DayTrace(
        index=row,
        snapshot=watch.found.snapshot,
        view=watch.found.view,
        decision=watch.found.decision,
        before=watch.before,
        filled=watch.filled,
        first_entry=watch.found.first_entry,
    )
    document = day_document(result, trace)
    document["view"] |= _vx_front(loaded, row)
    return {
        "schema": SCHEMA,
        "session": day.isoformat(),
        "from": iso(result.sessions[0]),
        "sessions_run": len(result.sessions),
        "policy": {"name": book.name, "sha256": loaded_policy.sha256},
        "prices": market.price_source,
        **document,
        "data": {
            "source": loaded.loaded.history.source,
            "sha256": loaded.loaded.history.sha256,
            "modelled": sorted(
                name
                for name, mask in market.history.modelled.items()
                if mask[row] and name != "dividend_points"  # read by accounts that hold the index alone
            ),
        },
    }


def _vx_front(loaded: LoadedMarket, row: int) -> dict[str, Any]:
    """The forward of the nearest monthly VIX expiry that the run priced from, and where it comes from."""
    series, session = loaded.market.series, int(loaded.market.sessions[row])
    vix = series.vix_rows
    ahead = np.flatnonzero(series.monthly[vix] & (series.expiry[vix] > session))
    column = int(ahead[0])
    price = float(loaded.forwards.forward[row, column])
    return {
        "vx_front": price if np.isfinite(price) else None,
        "vx_front_expiry": iso(series.expiry[vix[column]]),
        "vx_front_source": FORWARD_SOURCES[int(loaded.forwards.source[row, column])],
    }
