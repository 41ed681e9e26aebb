"""``decide``: from a view and a memory to intents, each with its reason. Pure; the same code in backtest and daily plan.

Authority is fixed: within a sleeve exits come before rolls and rolls before opens, the condor sleeve before the hedge, file
order within each, and the first match wins. A layer on the last trading session of what it holds always rolls.
"""

from __future__ import annotations

from alvh.core.orders import Reason
from alvh.strategy.decide_hedge import HedgeTurn
from alvh.strategy.intents import Decision, Intent
from alvh.strategy.policy import Policy
from alvh.strategy.rule_state import RuleState
from alvh.strategy.view import Memory, View


def decide(policy: Policy, view: View, memory: Memory, index: int) -> Decision:
    """All intents of one close; ``index`` is the market row of the session, by which cool-downs and episodes are counted."""
    state = RuleState(policy, view, memory, index)
    intents: list[Intent] = []
    held_back: list[Reason] = []
    _condor(policy, view, state, intents, held_back)
    turn = HedgeTurn(policy, view, state, memory, index)
    if policy.hedge.enabled:
        turn.run(intents, held_back)
    if policy.overlay is not None and view.overlay_day:
        reason = Reason(rule="overlay", signal="calendar", value=None, threshold=None, text="overlay roll")
        intents.append(Intent(kind="roll_overlay", reason=reason))
    steward = policy.limits.steward
    named = () if steward is None else steward.no_adding_while
    return Decision(
        intents=tuple(intents),
        held_back=tuple(held_back),
        memory=turn.memory(),
        active=frozenset(rule.name for k, rule in enumerate(policy.rules) if rule.name in named and state.holds(k)),
        factors=tuple(turn.factor),
        shifted=tuple(turn.shifted),
    )


def _condor(policy: Policy, view: View, state: RuleState, intents: list[Intent], held_back: list[Reason]) -> None:
    condor = policy.condor
    if not condor.enabled:
        return
    for k, group in enumerate(view.condor_group.tolist()):
        reason = _exit_reason(policy, view, k)
        if reason is not None:
            intents.append(Intent(kind="close_condor", reason=reason, condor=group))
    if not view.condor_day:
        return
    gate = condor.gate_max_vix
    if gate is not None and view.vix > gate:
        held_back.append(
            Reason(rule="R33", signal="vix", value=view.vix, threshold=gate, text=f"no new condor: VIX above {gate:g}")
        )
        return
    for k, rule in enumerate(policy.rules):
        if rule.then.kind == "skip_condor_entry" and state.ready(k, -1):
            state.act(k, -1)
            held_back.append(state.reason(k))
            return
    intents.append(
        Intent(
            kind="open_condor",
            reason=Reason(rule="R01", signal="calendar", value=None, threshold=None, text="condor entry day"),
        )
    )


def _exit_reason(policy: Policy, view: View, k: int) -> Reason | None:
    test = policy.condor.exit
    credit, cost = float(view.condor_credit_usd[k]), float(view.condor_cost_to_close_usd[k])
    if test.profit_fraction_pct is not None:
        limit = (1.0 - test.profit_fraction_pct / 100.0) * credit
        if cost <= limit:
            text = f"buying back keeps {test.profit_fraction_pct:g} % of the credit"
            return Reason(rule="R01", signal="cost_to_close_usd", value=cost, threshold=limit, text=text)
    if test.loss_multiple is not None and cost - credit >= test.loss_multiple * credit:
        text = f"loss of {test.loss_multiple:g} times the credit"
        return Reason(rule="R01", signal="loss_usd", value=cost - credit, threshold=test.loss_multiple * credit, text=text)
    dte = int(view.condor_dte[k])
    if test.dte is not None and dte <= test.dte:
        return Reason(rule="R01", signal="dte", value=float(dte), threshold=float(test.dte), text=f"{dte} days to expiry")
    if test.short_delta is not None and float(view.condor_short_delta[k]) >= test.short_delta:
        value = float(view.condor_short_delta[k])
        return Reason(rule="R01", signal="short_delta", value=value, threshold=test.short_delta, text="short leg breached")
    return None
