"""Wiring of the daily plan: policy and its adoption, the session's data and saved chains, the book, and the document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alvh.app.wiring import LoadedMarket, known_betas, load_market
from alvh.core.calendar import trading_calendar
from alvh.core.days import iso, to_day
from alvh.core.errors import DataInvalid, DataMissing
from alvh.core.fees import fee_usd
from alvh.data.chains.load import load_chains
from alvh.data.quality import QualityLog
from alvh.data.readers.book_file import read_book, read_book_state
from alvh.desk.adoption import require_adopted
from alvh.desk.plan import SCHEMA, Planned, make_plan
from alvh.desk.plan_book import derived_state, place_book
from alvh.desk.state_file import read_state, state_document
from alvh.engine.session import Run
from alvh.engine.takeover import held_lots, state_of
from alvh.market.chain import QuotedChain
from alvh.market.market import Market
from alvh.models.listed_market import listed_market
from alvh.strategy.policy_file import LoadedPolicy, load_policy

_INDICES = ("spx_close", "vix_close", "vix9d", "vix3m", "vix6m", "vvix", "skew")
_CARRIED = ("bill_rate", "dividend_yield")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutput:
    """A plan's document, and the book that stands once every order is filled at its worst price, with its state."""

    document: dict[str, Any]
    book_after: dict[str, Any]


def plan_day(
    book: Path | None,
    policy: str,
    *,
    data: str,
    chains: Path | None = None,
    as_of: date | None = None,
    today: date,
    equity_usd: float | None = None,
) -> PlanOutput:
    """Plan the close of a session; ``today`` is the clock of the caller, ``book`` None an empty book.

    Errors: :class:`ConfigError` for a policy that is not the one adopted, :class:`DataMissing` for a session that the data do not
    reach, and whatever reading book, chains and history refuses.
    """
    loaded_policy = load_policy(policy)
    adoption = require_adopted(loaded_policy)
    adopted = "preset" if adoption.record is None else adoption.record.adopted_on.isoformat()
    loaded = load_market(data, loaded_policy.policy, end=as_of)
    index = _session_row(loaded, as_of, today)
    session = int(loaded.market.sessions[index])
    market, quoted, notes = _with_chains(loaded, chains, index)
    betas = known_betas(loaded)
    planned = _planned(
        book,
        loaded_policy,
        market,
        index,
        head={
            "schema": SCHEMA,
            "as_of": iso(session),
            "policy": {"name": loaded_policy.policy.name, "sha256": loaded_policy.sha256, "adopted": adopted},
            "market": {
                "spx": float(loaded.market.history.spx_close[index]),
                "vix": float(loaded.market.history.vix_close[index]),
                "prices": "quotes where listed, else model" if quoted else "model",
            },
            "inputs": [*_inputs(loaded, index), *_signal_inputs(loaded_policy, market, index), *quoted],
        },
        betas=betas,
        equity_usd=equity_usd,
        notes=notes,
    )
    return PlanOutput(document=planned.document, book_after=_book_after(planned, loaded_policy, session))


def _session_row(loaded: LoadedMarket, as_of: date | None, today: date) -> int:
    sessions = loaded.market.sessions
    last, source = int(sessions[-1]), loaded.loaded.history.source
    if as_of is not None:
        if last == to_day(as_of):
            return len(sessions) - 1
        raise DataMissing(
            f"{as_of} is no session of the data",
            where=source,
            allowed=f"sessions up to {iso(last)}",
            todo=f"use --as-of {iso(last)}, or add the missing closes",
        )
    if to_day(today) < last:
        raise DataInvalid(
            f"the data end on {iso(last)}, after today ({today})",
            where=source,
            allowed="a clock at or after the last session of the data",
            todo=f"mend the clock, or name the session with --as-of {iso(last)}",
        )
    due = trading_calendar().sessions(last, to_day(today) - 1)
    if due.size and int(due[-1]) > last:
        raise DataMissing(
            f"the data end on {iso(last)}, {int((due > last).sum())} sessions have closed since: nothing is decided on old data",
            where=source,
            allowed=f"closes up to {iso(int(due[-1]))}",
            todo=f"update the data, or plan for the past with --as-of {iso(last)}",
        )
    return len(sessions) - 1


def _with_chains(loaded: LoadedMarket, folder: Path | None, index: int) -> tuple[Market, list[dict[str, Any]], list[str]]:
    """The market with the session's saved chains, an input each; other sessions' chains are left alone, counted."""
    if folder is None:
        return loaded.market, [], []
    log = QualityLog()
    found = load_chains(folder, log)
    session = int(loaded.market.sessions[index])
    mine = [chain for chain in found if chain.session == session and chain.underlying in ("SPX", "VIX")]
    if not mine:
        days = ", ".join(sorted({iso(chain.session) for chain in found})[-5:])
        raise DataMissing(
            f"no chain of {iso(session)} is saved: the newest are of {days}",
            where=str(folder),
            allowed=f"SPX and VIX chains of {iso(session)}",
            todo="save the day's delayed-quote pages, or leave --chains out to plan on model prices",
        )
    market = listed_market(loaded.market, _one_each(mine, folder), index=index)
    inputs = [{"name": f"chain_{chain.underlying.lower()}", "age_sessions": 0, "source": chain.source} for chain in mine]
    problems = [f"{row.file}: {row.what}" for row in log.report().rows if row.severity == "error"]
    return market, inputs, [*market.notes, *problems]


def _one_each(chains: list[QuotedChain], folder: Path) -> list[QuotedChain]:
    for name in ("SPX", "VIX"):
        sources = [chain.source for chain in chains if chain.underlying == name]
        if len(sources) > 1:
            raise DataInvalid(
                f"{len(sources)} files hold {name} chains of one session: {', '.join(sources)}",
                where=str(folder),
                allowed="one file a family and session",
                todo="keep the file that the plan should trade on",
            )
    return chains


def _inputs(loaded: LoadedMarket, index: int) -> list[dict[str, Any]]:
    """Age in sessions of each series, and what stands in where it has no value at this close."""
    raw, filled = loaded.loaded.history, loaded.market.history
    rows = []
    for name in _INDICES:
        known = np.flatnonzero(np.isfinite(getattr(raw, name)[: index + 1]))
        age = index - int(known[-1]) if known.size else None
        rows.append({"name": name, "age_sessions": age, "source": raw.source if age == 0 else "model"})
    for name in _CARRIED:
        mask = filled.modelled.get(name)
        fresh = np.arange(index + 1) if mask is None else np.flatnonzero(~mask[: index + 1])
        age = index - int(fresh[-1]) if fresh.size else None
        rows.append({"name": name, "age_sessions": age, "source": raw.source if age == 0 else "last value, carried"})
    settled = (
        np.flatnonzero(np.isfinite(raw.vx.settle[: index + 1]).any(axis=1)) if raw.vx.settle.size else np.array([], dtype=int)
    )
    age = index - int(settled[-1]) if settled.size else None
    rows.append({"name": "vx_settlements", "age_sessions": age, "source": raw.source if age == 0 else "model of the VX curve"})
    return rows


def _signal_inputs(policy: LoadedPolicy, market: Market, index: int) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys(name for rule in policy.policy.rules for name in rule.when.signals()):
        known = np.flatnonzero(np.isfinite(market.signal(name)[: index + 1]))
        rows.append({"name": name, "age_sessions": index - int(known[-1]) if known.size else None, "source": "signal"})
    return rows


def _planned(
    book: Path | None,
    policy: LoadedPolicy,
    market: Market,
    index: int,
    *,
    head: dict[str, Any],
    betas: Any,
    equity_usd: float | None,
    notes: list[str],
) -> Planned:
    session = int(market.sessions[index])
    equity = policy.policy.account.equity_usd if equity_usd is None else equity_usd
    where = "(no book)" if book is None else book.name
    positions = None if book is None else read_book(book, as_of=session, empty=True)
    placed = place_book(positions, policy.policy, market.series, market.sessions, where)
    found = None if book is None else read_book_state(book)
    if found is None:
        state, more = derived_state(policy.policy, placed.lots, market, equity)
    else:
        state, after, more = read_state(found, policy.policy, market.sessions, where)
        if after >= session:
            raise DataInvalid(
                f"the book's state is of {iso(after)}, and the plan of {iso(session)}: it has decided already",
                where=where,
                allowed=f"a state of a session before {iso(session)}",
                todo="plan a later session, or use the book as it was before that decision",
            )
    return make_plan(
        policy.policy,
        market,
        index,
        placed,
        state,
        fee_usd=fee_usd,
        betas=betas,
        head=head,
        notes=[*notes, *more],
    )


def _book_after(planned: Planned, policy: LoadedPolicy, session: int) -> dict[str, Any]:
    """The book file after the plan: positions as they would stand, and the state that the next plan reads."""
    return book_document(planned.run, policy, session)


def book_document(run: Run, policy: LoadedPolicy, session: int) -> dict[str, Any]:
    """Positions and state of a run after the decisions of ``session``, as a JSON book file."""
    snapshot = run.market.snapshot(run.last)
    return {
        "positions": position_rows(run),
        "state": state_document(policy.policy, policy.sha256, state_of(run, snapshot), run.market.sessions, session),
    }


def position_rows(run: Run) -> list[dict[str, Any]]:
    """Open lots as rows of a book file; what settles on this close is gone after it."""
    series, sessions = run.market.series, run.market.sessions
    session = int(sessions[run.last])
    rows = []
    for lot in held_lots(run):
        if int(series.settlement_session[lot.series]) <= session:
            continue
        root = run.broker.root(lot.series, lot.right, lot.layer)
        row: dict[str, Any] = {
            "root": root.value,
            "expiry": iso(int(series.expiry[lot.series])),
            "strike": lot.strike,
            "right": {1: "C", -1: "P"}.get(lot.right),
            "quantity": lot.quantity,
            "opened": iso(int(sessions[lot.opened_row])),
            "open_price": lot.open_price,
            "sleeve": "stranded" if lot.stranded else "condor" if lot.layer < 0 else "hedge",
            "layer": run.policy.hedge.layers[lot.layer].name if lot.layer >= 0 else "",
        }
        rows.append({key: value for key, value in row.items() if value not in (None, "") and (lot.right or key != "strike")})
    return rows
