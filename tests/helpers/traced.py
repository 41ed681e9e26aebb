"""A run that keeps the trace of one session, and what was remembered before it."""

from __future__ import annotations

from typing import Any

from alvh.core.fees import fee_usd
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.engine.session import Run, SessionTrace
from alvh.results.explain_day import DayTrace
from alvh.results.explain_rules import RuleClose
from alvh.strategy.intents import Decision
from alvh.strategy.policy import Policy
from alvh.strategy.view import Memory


def traced(market: Any, policy: Policy, index: int, *, first: int = 0) -> tuple[BacktestResult, DayTrace]:
    """Run from row ``first`` to row ``index`` of a market; the run and its last session."""
    memory = [Memory.fresh(policy.hedge.always_held, len(policy.rules))]
    pending: list[Decision | None] = [None]
    kept: list[SessionTrace] = []

    def watch(run: Run, row: int, trace: SessionTrace) -> None:
        memory.append(run.memory)
        pending.append(run.pending)
        kept.append(trace)

    result = run_backtest(
        policy, market, start=int(market.sessions[first]), end=int(market.sessions[index]), fee_usd=fee_usd, watch=watch
    )
    last = kept[-1]
    trace = DayTrace(
        index=index,
        snapshot=last.snapshot,
        view=last.view,
        decision=last.decision,
        before=memory[-2],
        filled=pending[-2],
        first_entry=last.first_entry,
    )
    return result, trace


def rule_close(result: BacktestResult, trace: DayTrace) -> RuleClose:
    """The same session as the rules saw it."""
    return RuleClose(
        policy=result.policy,
        sessions=result.market.sessions,
        index=trace.index,
        view=trace.view,
        before=trace.before,
        decision=trace.decision,
    )
