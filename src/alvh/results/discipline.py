"""Whether the hedge was run as its rules say (R46): trades on and off schedule, rolls on their due day, what was bought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso, to_day
from alvh.engine.backtest import BacktestResult
from alvh.engine.book_limits import PREMIUM_DAYS
from alvh.engine.desk_log import RollLine
from alvh.results.margin_path import MarginPath
from alvh.results.presence import units_held
from alvh.strategy.schedule import grid_days, roll_due_sessions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ROLLED = ("roll", "keep", "close")
"""Actions of a line that carry out a due roll: into another contract, keeping it, or out of the market."""


def is_trade(line: RollLine) -> bool:
    """Whether a line of the roll calendar traded, as ``Counters.off_schedule`` counts it."""
    return bool(line.quantity) or line.action in ("roll", "open", "close")


def discipline_document(result: BacktestResult, margin: MarginPath) -> dict[str, Any]:
    """The part ``discipline``.

    ``on_schedule`` and ``off_schedule``: trades that the calendar, or a rule, asked for. ``rolls_due``: grid days at which a
    layer held something; ``rolls_on_due_day``: those at whose fill the layer was rolled, kept or closed (None without a fixed
    grid). ``added``: rises of a layer's units from one close to the next (of a fund, held by dollars, none), and by rule those
    decided while its condition held. ``largest_premium`` of any 30 calendar days, fees included, and ``largest_capital`` in the
    hedge, what was paid for at the mark and futures' margin, as fractions of the account (of the unhedged equity where it
    compounds). ``refusals`` by rule.
    """
    layers = result.policy.hedge.layers if result.policy.hedge.enabled else ()
    units = units_held(result)
    rows = []
    for k, layer in enumerate(layers):
        lines = [line for line in result.roll_lines if line.layer == k]
        traded = [line.scheduled for line in lines if is_trade(line)]
        due, kept = _due_rolls(result, k, lines, units[k])
        rows.append(
            {
                "name": layer.name,
                "on_schedule": sum(traded),
                "off_schedule": len(traded) - sum(traded),
                "rolls_due": due,
                "rolls_on_due_day": kept,
                "share_on_due_day": _share(kept, due),
            }
        )
    whole = {key: _total([row[key] for row in rows]) for key in ("on_schedule", "off_schedule", "rolls_due", "rolls_on_due_day")}
    record = result.record
    account = np.full(len(result.sessions), result.policy.account.equity_usd)
    if result.policy.account.compound:
        account = record.equity_unhedged_usd
    capital = record.layer_value_usd.sum(axis=0) + margin.futures_usd
    return {
        "layers": rows,
        **whole,
        "share_on_due_day": _share(whole["rolls_on_due_day"], whole["rolls_due"]),
        **_added(result, units),
        "largest_premium": {"calendar_days": PREMIUM_DAYS, **_largest(result, premium_paid(result), account)},
        "largest_capital": _largest(result, capital, account),
        "refusals": _refusals(result),
    }


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _total(counts: Sequence[Any]) -> int | None:
    """Sum of the counts that there are; None where there is none."""
    known = [count for count in counts if count is not None]
    return sum(known) if known or not counts else None


def _due_rolls(result: BacktestResult, k: int, lines: Sequence[RollLine], units: Ints) -> tuple[int | None, int | None]:
    """Rolls that the fixed grid asked for while the layer held something, and those done at the close where they are filled."""
    policy, sessions = result.policy, result.market.sessions
    roll = policy.hedge.layers[k].roll
    if not roll.on_grid or roll.anchor != "schedule":
        return None, None
    anchor = to_day(date.fromisoformat(policy.grid_anchor))
    due = roll_due_sessions(roll.days, anchor, sessions, grid_days(policy.condor.entry, sessions))
    at = np.flatnonzero(due[result.first : result.first + len(result.sessions)])
    at = at[at > 0]
    at = at[units[at - 1] > 0] + _fill_lag(result)
    at = at[at < len(result.sessions)]
    done = {line.session for line in lines if line.action in ROLLED}
    return len(at), sum(int(day) in done for day in result.sessions[at])


def _fill_lag(result: BacktestResult) -> int:
    """Sessions from a decision to its fill."""
    return 1 if result.policy.timing.fill_at == "next_close" else 0


def _added(result: BacktestResult, units: Ints) -> dict[str, Any]:
    counted = np.array([not layer.is_share for layer in result.policy.hedge.layers], dtype=np.bool_)
    added = np.maximum(np.diff(units[counted], axis=1, prepend=0), 0).sum(axis=0)
    decided = np.arange(added.size) - _fill_lag(result)
    rules = []
    for k, rule in enumerate(result.policy.rules):
        during = result.rules.holds[k, np.maximum(decided, 0)] & (decided >= 0) & (added > 0)
        rules.append({"name": rule.name, "sessions": int(during.sum()), "contracts": int(added[during].sum())})
    return {"added": {"sessions": int((added > 0).sum()), "contracts": int(added.sum())}, "added_while_rule_held": rules}


def premium_paid(result: BacktestResult) -> Floats:
    """Dollars paid for the hedge in the :data:`PREMIUM_DAYS` calendar days up to each session, (sessions,), costs included.

    What a sold leg brings counts against it, and of a future the costs alone: what ``limits.steward`` looks at.
    """
    paid = np.zeros(len(result.sessions) + 1)
    for entry in result.ledger.entries:
        if entry.layer >= 0 and entry.kind == "open":
            paid[entry.market_row - result.first + 1] -= entry.cash_usd
    total = np.cumsum(paid)
    since = np.searchsorted(result.sessions, result.sessions - PREMIUM_DAYS, side="right")
    return np.asarray(total[1:] - total[since])


def _largest(result: BacktestResult, usd: Floats, account: Floats) -> dict[str, Any]:
    """The greatest share of the account, with its dollars and session; sessions of an account at or below zero are left out."""
    share = np.where(account > 0.0, usd / np.where(account > 0.0, account, 1.0), -np.inf)
    at = int(share.argmax())
    if not share[at] > 0.0:
        return {"of_account": 0.0, "usd": 0.0, "session": None}
    return {"of_account": float(share[at]), "usd": float(usd[at]), "session": iso(result.sessions[at])}


def _refusals(result: BacktestResult) -> dict[str, dict[str, Any]]:
    """By rule: how many orders were refused or cut, and on which sessions first and last."""
    found: dict[str, dict[str, Any]] = {}
    for session, rule, _ in result.refusals:
        row = found.setdefault(rule, {"count": 0, "first": iso(session), "last": None})
        row["count"] += 1
        row["last"] = iso(session)
    return dict(sorted(found.items()))
