"""Checks of a policy against a market history: conditions that never or always held, inputs that are missing, a target return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.app.wiring import LoadedMarket, known_betas
from alvh.core.days import DayArray, iso
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest
from alvh.market.history import Floats
from alvh.market.signals import missing_input
from alvh.results.economics import month_start_vix, monthly_returns_on_account, projected_xirr, target_finding
from alvh.strategy.lint_finding import Finding
from alvh.strategy.lint_logic import can_fail, can_hold, comparisons
from alvh.strategy.policy import AdaptiveRule, Policy
from alvh.strategy.rule_table import rule_table
from alvh.strategy.sizing import reads_betas

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Signals of a policy's rules over the sessions of a span: ``values`` (names, sessions)."""

    names: tuple[str, ...]
    values: Floats
    sessions: DayArray

    def of(self, name: str) -> Floats:
        """One signal, (sessions,)."""
        return np.asarray(self.values[self.names.index(name)])

    @property
    def span(self) -> str:
        return f"{iso(self.sessions[0])} to {iso(self.sessions[-1])}"


def readings(policy: Policy, loaded: LoadedMarket, rows: slice) -> Readings:
    """What the rules read on the market rows ``rows``."""
    names = tuple(dict.fromkeys(name for rule in policy.rules for name in rule.when.signals()))
    sessions = loaded.market.sessions[rows]
    values = np.array([loaded.market.signal(name)[rows] for name in names]).reshape(len(names), len(sessions))
    return Readings(names=names, values=values, sessions=sessions)


def rule_findings(policy: Policy, loaded: LoadedMarket, rows: slice) -> list[Finding]:
    """``no-input``, ``never-fires`` and ``always-fires`` over the sessions of the market rows ``rows``."""
    if not policy.rules:
        return []
    read = readings(policy, loaded, rows)
    table = rule_table(policy.rules, read.names, read.values)
    found: list[Finding] = []
    for k, rule in enumerate(policy.rules):
        known, holds = np.asarray(table.known[k]), np.asarray(table.holds[k])
        if not known.all():
            found.append(_no_input(rule, loaded, read, known))
        if known.any() and not holds.any() and can_hold(rule.when) is not False:
            found.append(_never(rule, read, known))
        if known.any() and bool(holds[known].all()) and can_fail(rule.when) is not False:
            found.append(_always(rule, read, known))
    return found


def _no_input(rule: AdaptiveRule, loaded: LoadedMarket, read: Readings, known: Bools) -> Finding:
    rows = []
    for name in dict.fromkeys(rule.when.signals()):
        gone = np.flatnonzero(np.isnan(read.of(name)))
        if len(gone):
            rows.append(
                {
                    "signal": name,
                    "sessions": len(gone),
                    "from": iso(read.sessions[gone[0]]),
                    "to": iso(read.sessions[gone[-1]]),
                    "missing": missing_input(loaded.market.history, name),
                }
            )
    lost = np.flatnonzero(~known)
    refuses = rule.when_missing == "refuse"
    then = f"a run stops at {iso(read.sessions[lost[0]])}" if refuses else "the rule is off there, counted"
    named = "; ".join(f"{row['signal']} on {row['sessions']} sessions, {row['from']} to {row['to']}" for row in rows)
    files = list(dict.fromkeys(str(row["missing"]) for row in rows if row["missing"] is not None))
    todo = f"add {' and '.join(files)}" if files else _where_known(read, known)
    if refuses:
        todo += ', or set when_missing = "off"'
    return Finding(
        code="no-input",
        severity="error" if refuses else "warning",
        key=f"rule.{rule.name}.when",
        text=f"without a value: {named}; {then} ({read.span})",
        numbers={
            "sessions": len(read.sessions),
            "sessions_without_value": len(lost),
            "from": iso(read.sessions[lost[0]]),
            "to": iso(read.sessions[lost[-1]]),
            "signals": rows,
        },
        todo=todo,
    )


def _where_known(read: Readings, known: Bools) -> str:
    """What to do about sessions without a value, by where they lie."""
    inside = np.flatnonzero(known)
    if not len(inside):
        return "begin later, or add older history: the warm-up fills the whole span"
    first, last = int(inside[0]), int(inside[-1])
    if bool(known[: last + 1].all()):
        return f"end at {iso(read.sessions[last])}, or add the newest rows of its input"
    if bool(known[first:].all()):
        return f"begin at {iso(read.sessions[first])}, or add older history before it"
    return "mend the gaps in its input; alvh data check names them"


def _parts(rule: AdaptiveRule, read: Readings, known: Bools) -> list[dict[str, Any]]:
    """Each comparison: sessions at which it held alone, and the extremes of its signal."""
    rows = []
    for one in comparisons(rule.when):
        value = read.of(one.signal)
        held = one.holds(read.of) & known
        rows.append(
            {
                "comparison": one.phrase(),
                "signal": one.signal,
                "sessions_held": int(held.sum()),
                "least": float(value[known].min()),
                "most": float(value[known].max()),
            }
        )
    return rows


def _numbers(read: Readings, known: Bools, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"from": iso(read.sessions[0]), "to": iso(read.sessions[-1]), "sessions": int(known.sum()), "parts": list(parts)}


def _never(rule: AdaptiveRule, read: Readings, known: Bools) -> Finding:
    parts = _parts(rule, read, known)
    seen = "; ".join(
        f"{row['comparison']} on {row['sessions_held']} (seen {row['least']:.4g} to {row['most']:.4g})" for row in parts
    )
    return Finding(
        code="never-fires",
        severity="warning",
        key=f"rule.{rule.name}.when",
        text=f"held on none of {int(known.sum())} sessions, {read.span}: {seen}",
        numbers=_numbers(read, known, parts),
        todo="move the threshold that was never met, or know that these data can't test the rule",
    )


def _always(rule: AdaptiveRule, read: Readings, known: Bools) -> Finding:
    parts = _parts(rule, read, known)
    return Finding(
        code="always-fires",
        severity="info",
        key=f"rule.{rule.name}.when",
        text=f"held on all of {int(known.sum())} sessions, {read.span}: {rule.when.phrase()}",
        numbers=_numbers(read, known, parts),
        todo="move the threshold, if it should tell sessions apart",
    )


def target_findings(policy: Policy, loaded: LoadedMarket, first: int, last: int) -> list[Finding]:
    """``irr-target``: the policy is run from day ``first`` to ``last`` and its projected returns are held against its target."""
    target_pct = policy.account.target_return_pct
    if target_pct is None or policy.overlay is not None:
        return []
    betas = known_betas(loaded) if reads_betas(policy) else None
    result = run_backtest(policy, loaded.market, start=first, end=last, fee_usd=fee_usd, betas=betas)
    projections = projected_xirr(monthly_returns_on_account(result), month_start_vix(result))
    text = target_finding(projections, target_pct / 100.0)
    if text is None:
        return []
    rows = [
        {
            "regime": row.label,
            "months": row.months,
            **{
                f"{name}_pct_a_year": None if value is None else 100.0 * value
                for name, value in (("projected", row.xirr), ("low", row.low), ("high", row.high))
            },
        }
        for row in projections
    ]
    return [
        Finding(
            code="irr-target",
            severity="warning",
            key="account.target_return_pct",
            text=f"{text} ({iso(result.sessions[0])} to {iso(result.sessions[-1])})",
            numbers={"target_pct_a_year": target_pct, "regimes": rows},
            todo="lower the target; it is never a reason to enlarge the book",
        )
    ]
