"""Wiring of the daily plan: policy and its adoption, the session's data and saved chains, the book, and the document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alvh.app.wiring import LoadedMarket, known_betas, load_market, require_inputs
from alvh.core.calendar import trading_calendar
from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.core.fees import fee_usd
from alvh.data.chains.load import load_chains
from alvh.data.quality import QualityLog
from alvh.data.readers.book_file import read_book, read_book_state
from alvh.desk.adoption import require_adopted
from alvh.desk.plan import SCHEMA, Planned, make_plan
from alvh.desk.plan_book import UNKNOWN_ROW, derived_state, place_book
from alvh.desk.state_file import policy_note, read_state, state_document
from alvh.engine.session import Run
from alvh.engine.takeover import held_lots, state_of
from alvh.market.chain import QuotedChain
from alvh.market.market import Market
from alvh.market.positions import FUTURE, NOT_OPENED, Positions
from alvh.models.listed_market import listed_market
from alvh.models.listed_quotes import FAMILIES, family_of
from alvh.risk.betas import RollingBetas
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
    if loaded_policy.policy.overlay is not None:
        raise UsageError(
            f"policy '{loaded_policy.policy.name}' is an overlay, a benchmark without condors and hedge",
            where="alvh plan",
            allowed="a policy of condors and hedge",
            todo="rebuild an index with 'alvh study replicate INDEX'",
        )
    funds = [layer for layer in loaded_policy.policy.hedge.layers if layer.is_share and loaded_policy.policy.hedge.enabled]
    if funds:
        raise UsageError(
            f"policy '{loaded_policy.policy.name}' holds {funds[0].etp} in layer {funds[0].name}, of which only adjusted prices "
            "are known: they give returns and no price at which a share can be bought",
            where="alvh plan",
            allowed="layers of options and futures",
            todo="hold VX futures or VIX calls in that layer, or run the policy by 'alvh backtest'",
        )
    adoption = require_adopted(loaded_policy)
    adopted = "preset" if adoption.record is None else adoption.record.adopted_on.isoformat()
    try:
        loaded = load_market(data, loaded_policy.policy, end=as_of)
    except DataMissing as error:
        if as_of is None or "--to" not in error.todo:
            raise
        todo = "name a session of the data with --as-of, or add the missing closes: nothing is decided on old data"
        raise DataMissing(error.what, where=error.where, allowed=error.allowed, todo=todo) from error
    require_inputs(loaded_policy.policy, loaded)
    index = _session_row(loaded, as_of, today)
    return plan_close(loaded, loaded_policy, index, book=book, adopted=adopted, chains=chains, equity_usd=equity_usd)


def plan_close(
    loaded: LoadedMarket,
    policy: LoadedPolicy,
    index: int,
    *,
    book: Path | None,
    adopted: str,
    chains: Path | None = None,
    betas: RollingBetas | None = None,
    equity_usd: float | None = None,
) -> PlanOutput:
    """Plan the close of one row of a market that is loaded already; ``adopted`` is what the document says of the policy.

    ``betas`` are those known at every close of that market, measured here where they are not given. Errors: as :func:`plan_day`.
    """
    session = int(loaded.market.sessions[index])
    market, quoted, notes = _with_chains(loaded, chains, index)
    known = known_betas(loaded) if betas is None else betas
    planned = _planned(
        book,
        policy,
        market,
        index,
        head={
            "schema": SCHEMA,
            "as_of": iso(session),
            "policy": {"name": policy.policy.name, "sha256": policy.sha256, "adopted": adopted},
            "market": {
                "spx": float(loaded.market.history.spx_close[index]),
                "vix": float(loaded.market.history.vix_close[index]),
                "prices": "quotes where listed, else model" if quoted else "model",
            },
            "inputs": [
                *_inputs(loaded, index),
                _betas_input(known, loaded, index),
                *_signal_inputs(policy, market, index),
                *quoted,
            ],
        },
        betas=known,
        equity_usd=equity_usd,
        notes=notes,
    )
    after = book_document(planned.run, policy, session)
    if planned.own is not None:
        after["positions"] += [_own_row(planned.own, k) for k in range(len(planned.own))]
    return PlanOutput(document=planned.document, book_after=after)


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
    mine = [chain for chain in found if chain.session == session]
    if not mine:
        days = ", ".join(sorted({iso(chain.session) for chain in found})[-5:])
        raise DataMissing(
            f"no chain of {iso(session)} is saved: the newest are of {days}",
            where=str(folder),
            allowed=f"SPX and VIX chains of {iso(session)}",
            todo="save the day's delayed-quote pages, or leave --chains out to plan on model prices",
        )
    market = listed_market(loaded.market, _one_each(mine, folder), index=index)
    inputs = [{"name": f"chain_{_family(chain).lower()}", "age_sessions": 0, "source": chain.source} for chain in mine]
    notes = [f"{row.file}: {row.what}" for row in log.report().rows if row.severity == "error"]
    if len(mine) < len(found):
        notes.append(f"{folder}: chains of other sessions, left alone: {len(found) - len(mine)}")
    return market, inputs, [*market.notes, *notes]


def _family(chain: QuotedChain) -> str:
    """SPX, XSP or VIX: XSP is on SPX, and has quotes of its own."""
    return family_of(Root(str(chain.root[0])))


def _one_each(chains: list[QuotedChain], folder: Path) -> list[QuotedChain]:
    for name in FAMILIES:
        sources = [chain.source for chain in chains if _family(chain) == name]
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


def _betas_input(betas: RollingBetas, loaded: LoadedMarket, index: int) -> dict[str, Any]:
    """Age of the oldest tenor's beta, and whether the published ones stand in."""
    measured = int(betas.measured_on[index].min())
    if not measured:
        return {"name": "vx_betas", "age_sessions": None, "source": "published averages of 2013-2025"}
    age = index - int(np.searchsorted(loaded.market.sessions, measured))
    return {"name": "vx_betas", "age_sessions": age, "source": loaded.loaded.history.source if age == 0 else "last full window"}


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
    betas: RollingBetas,
    equity_usd: float | None,
    notes: list[str],
) -> Planned:
    session = int(market.sessions[index])
    equity = policy.policy.account.equity_usd if equity_usd is None else equity_usd
    where = "(no book)" if book is None else book.name
    found = None if book is None else read_book_state(book)
    kept_at: int | None = None
    if found is None:
        positions = None if book is None else read_book(book, as_of=session, empty=True)
        placed = place_book(positions, policy.policy, market.series, market.sessions, where, session=session)
        state, more = derived_state(policy.policy, placed.lots, market, equity)
    else:
        state, kept, more = read_state(found, policy.policy, market.sessions, where)
        kept_at = _kept_row(kept, market.sessions, session, where)
        positions = None if book is None else read_book(book, as_of=None, empty=True)
        placed = place_book(positions, policy.policy, market.series, market.sessions, where, kept=kept, session=session)
        more = [*policy_note(found, policy.policy, policy.sha256), *_kept_notes(index - kept_at, kept, equity_usd), *more]
    return make_plan(
        policy.policy,
        market,
        index,
        placed,
        state,
        fee_usd=fee_usd,
        betas=betas,
        head=head,
        kept_at=kept_at,
        notes=[*notes, *more],
    )


def _kept_row(kept: int, sessions: DayArray, session: int, where: str) -> int:
    """The market row after whose close a book was kept."""
    if kept >= session:
        raise DataInvalid(
            f"the book's state is of {iso(kept)}, and the plan of {iso(session)}: it has decided already",
            where=where,
            allowed=f"a state of a session before {iso(session)}",
            todo="plan a later session, or use the book as it was before that decision",
        )
    row = int(np.searchsorted(sessions, kept))
    if int(sessions[row]) != kept:
        raise DataInvalid(
            f"the book's state is of {iso(kept)}, which is no session of the data",
            where=where,
            allowed=f"a session from {iso(int(sessions[0]))} on",
            todo="use the data that the book was planned on, or take the state out of the book",
        )
    return row


def _kept_notes(sessions: int, kept: int, equity_usd: float | None) -> list[str]:
    notes = []
    if sessions > 1:
        notes.append(f"the book was kept after {iso(kept)}, {sessions} sessions ago: what fell due in between was not decided")
    if equity_usd is not None:
        notes.append("--equity is not read: the book's state has its own cash")
    return notes


def book_document(run: Run, policy: LoadedPolicy, session: int) -> dict[str, Any]:
    """Positions and state of a run after the decisions of ``session``, as a JSON book file; what has settled is not in it."""
    pending = () if run.pending is None else run.pending.intents
    layers = policy.policy.hedge.layers
    return {
        "positions": position_rows(run),
        "state": state_document(
            policy.policy,
            policy.sha256,
            state_of(run, run.market.snapshot(run.last)),
            run.market.sessions,
            session,
            unfilled=[intent.kind + (f" {layers[intent.layer].name}" if intent.layer >= 0 else "") for intent in pending],
        ),
    }


def _own_row(own: Positions, k: int) -> dict[str, Any]:
    """A position that the plan left alone, as it was."""
    row = {
        "root": own.root[k].value,
        "expiry": iso(int(own.expiry[k])),
        "strike": None if own.right[k] == FUTURE else float(own.strike[k]),
        "right": {1: "C", -1: "P"}.get(int(own.right[k])),
        "quantity": int(own.quantity[k]),
        "opened": None if own.opened[k] == NOT_OPENED else iso(int(own.opened[k])),
        "open_price": None if np.isnan(own.open_price[k]) else float(own.open_price[k]),
        "sleeve": own.sleeve[k],
        "layer": own.layer[k],
    }
    return {key: value for key, value in row.items() if value not in (None, "")}


def position_rows(run: Run) -> list[dict[str, Any]]:
    """Open lots as rows of a book file."""
    series, sessions = run.market.series, run.market.sessions
    rows = []
    for lot in held_lots(run):
        root = run.broker.root(lot.series, lot.right, lot.layer)
        row: dict[str, Any] = {
            "root": root.value,
            "expiry": iso(int(series.expiry[lot.series])),
            "strike": lot.strike,
            "right": {1: "C", -1: "P"}.get(lot.right),
            "quantity": lot.quantity,
            "opened": None if lot.opened_row == UNKNOWN_ROW else iso(int(sessions[lot.opened_row])),
            "open_price": lot.open_price if lot.open_price or (lot.layer < 0 and not lot.stranded) else None,
            "sleeve": "stranded" if lot.stranded else "condor" if lot.layer < 0 else "hedge",
            "layer": run.policy.hedge.layers[lot.layer].name if lot.layer >= 0 else "",
        }
        rows.append({key: value for key, value in row.items() if value not in (None, "") and (lot.right or key != "strike")})
    return _added_up(rows)


def _added_up(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that differ in nothing but their quantity as one row: a book names a lot once."""
    found: dict[tuple[tuple[str, Any], ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple((name, value) for name, value in row.items() if name != "quantity")
        if key in found:
            found[key]["quantity"] += row["quantity"]
        else:
            found[key] = row
    return list(found.values())
