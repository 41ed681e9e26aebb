"""Sizes that can't be had: the published ones on a policy's own ladder, its own target, and a ratio that rounding bends.

Everything is computed for one condor lot and one ladder at a close (:class:`~alvh.risk.size_inputs.SizeInputs`), which the caller
makes from a stated market or from data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh.market.history import Floats
from alvh.risk.coverage import PER_USD
from alvh.risk.feasible import (
    COVERAGES,
    NOTIONALS,
    PUBLISHED_BANDS,
    FeasibleSet,
    SizeFigures,
    feasible_sets,
    size_figures,
    spans,
)
from alvh.risk.size import SizeAnswer, Target, read_size, solve, whole_contracts
from alvh.risk.size_inputs import SizeInputs
from alvh.strategy.lint_finding import Finding, Severity
from alvh.strategy.policy import Policy
from alvh.strategy.sizing import SOLVED_KINDS, size_target

BENT_SHARE = 0.25
"""A layer more than a quarter off its exact count is no rounding of the published ratio any more."""
WEEK_DAYS = 7.0
_ENTRY_DAYS: Mapping[str, float] = {"weekly": WEEK_DAYS, "monthly": 365.0 / 12.0, "daily": WEEK_DAYS / 5.0}
COVERAGE_WORDS: Mapping[str, str] = {
    "net_naive": "net vega, naive",
    "net_adjusted": "net vega, by betas",
    "short_naive": "short legs, naive",
    "short_adjusted": "short legs, by betas",
}
NOTIONAL_WORDS: Mapping[str, str] = {
    "index_notional": "$100,000 of index notional",
    "risk_capital": "$100,000 of largest loss",
    "per_condor": "condor lot",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeState:
    """One close at which sizes are tried: ``inputs`` are of one condor lot, ``lots`` are those of one entry of the policy.

    ``deltas`` (strikes,) and ``figures`` by notional, one a strike, are the same ladder struck at other deltas.
    """

    label: str
    inputs: SizeInputs
    lots: int
    deltas: Floats
    figures: Mapping[str, tuple[SizeFigures, ...]]


def sizes_apply(policy: Policy) -> bool:
    """Whether a size in contracts of VIX calls against condors is what the policy holds."""
    hedge = policy.hedge
    calls = bool(hedge.layers) and all(layer.instrument == "vix_calls" for layer in hedge.layers)
    return policy.overlay is None and policy.condor.enabled and hedge.enabled and calls and hedge.ratio_of == "contracts"


def own_target(policy: Policy) -> Target:
    """The policy's size as the question that :func:`alvh.risk.size.solve` answers."""
    size = policy.hedge.size
    if size.kind in SOLVED_KINDS:
        return size_target(size)
    return Target(kind=size.kind, per_usd=size.per_usd)


def size_findings(policy: Policy, states: Sequence[SizeState]) -> list[Finding]:
    """``infeasible-size``, ``target-unreached`` and ``ratio-rounding`` over some closes."""
    if not states:
        return []
    answers = {state.label: solve(state.inputs, own_target(policy)) for state in states}
    found = _published(states, answers)
    found += [_unreached(state, answers[state.label]) for state in states if not answers[state.label].feasible]
    return found + _rounding(policy, states, answers)


# -------------------------------------------------------------------------------------------------------- published sizes


def _published(states: Sequence[SizeState], answers: Mapping[str, SizeAnswer]) -> list[Finding]:
    """The published 4/4/2 in every reading on this ladder, at the states where coverage, cost and capital hold in none."""
    apart = [state for state in states if not any(bool(one.all_hold[0]) for one in _sets(state))]
    if not apart:
        return []
    ratio = "/".join(f"{value:g}" for value in apart[0].inputs.ratio.tolist())
    bands = PUBLISHED_BANDS
    lines = [
        f"{ratio} per $100,000 is published to cover {_band(bands.coverage)} of the condors' vega, to cost "
        f"{_band(bands.cost, 2)} of notional a month and to take {_band(bands.capital)} of it; on this ladder no reading holds "
        "all three"
    ]
    own_lines, rows = [], []
    for state in apart:
        index = size_figures(state.inputs, "index_notional")
        both = [(one.notional, one.coverage_reading) for one in _sets(state) if bool(one.coverage_and_cost[0])]
        held = " and ".join(f"{COVERAGE_WORDS[reading]} per {NOTIONAL_WORDS[name]}" for name, reading in both)
        lines.append(
            f"{state.label}, per $100,000 of index notional: covers {_pct(index.coverage[1])} of the net vega by betas "
            f"({_pct(index.coverage[3])} of the short legs), costs {_pct(index.cost, 2)}, takes {_pct(index.capital, 2)}; "
            f"coverage and cost hold together for {held or 'no reading'}{_strikes(state)}"
        )
        own = _own_figures(state.inputs, answers[state.label])
        own_lines.append(
            f"{state.label}: {_pct(own['coverage_net_adjusted'])} ({_pct(own['coverage_short_adjusted'])}), "
            f"{_pct(own['cost_of_index'], 2)}, {_pct(own['capital_of_index'], 2)}"
        )
        rows.append(
            {
                "state": state.label,
                "spx": state.inputs.spx,
                "vix": state.inputs.vix,
                "betas": state.inputs.beta_label,
                "published": {name: _figures(size_figures(state.inputs, name)) for name in NOTIONALS},
                "coverage_and_cost_hold": [{"notional": name, "coverage": reading} for name, reading in both],
                "own": {f"{name}_pct": _times_100(value) for name, value in own.items()},
                "deltas_for_coverage_and_cost": _deltas(state),
            }
        )
    lines.append(f"This policy's size, {answers[apart[0].label].target.text()}: {'; '.join(own_lines)}")
    return [
        Finding(
            code="infeasible-size",
            severity="info",
            key="hedge.size.kind",
            text="\n".join(lines),
            numbers={"per_usd": PER_USD, "states": rows},
            todo="size from one of the three and read the others off it: alvh size, and docs/explanation/feasible-sizes.md",
        )
    ]


def _sets(state: SizeState) -> list[FeasibleSet]:
    """Which bands the policy's own ladder meets, by reading of notional and of coverage."""
    here = np.array([np.nan])
    return [one for name in NOTIONALS for one in feasible_sets(here, [size_figures(state.inputs, name)])]


def _own_figures(inputs: SizeInputs, answer: SizeAnswer) -> dict[str, float | None]:
    """The policy's size before rounding, fractions."""
    found = read_size(inputs, answer.exact)
    return {
        "coverage_net_naive": found.coverage_net_naive,
        "coverage_net_adjusted": found.coverage_net_adjusted,
        "coverage_short_naive": found.coverage_short_naive,
        "coverage_short_adjusted": found.coverage_short_adjusted,
        "cost_of_index": found.decay_of_index,
        "cost_of_risk_capital": found.decay_of_risk_capital,
        "cost_of_credit": found.decay_of_credit,
        "capital_of_index": found.premium_of_index,
        "capital_of_risk_capital": found.premium_of_risk_capital,
    }


def _figures(figures: SizeFigures) -> dict[str, float | None]:
    cover = {f"coverage_{name}_pct": _times_100(value) for name, value in zip(COVERAGES, figures.coverage, strict=True)}
    return {**cover, "cost_a_month_pct": _times_100(figures.cost), "capital_pct": _times_100(figures.capital)}


def _deltas(state: SizeState) -> dict[str, dict[str, str]]:
    """Strikes, as deltas of every layer, at which coverage and cost hold, by reading of notional and of coverage."""
    out: dict[str, dict[str, str]] = {}
    for name, figures in state.figures.items():
        sets = feasible_sets(state.deltas, figures)
        out[name] = {one.coverage_reading: spans(state.deltas, one.coverage_and_cost) for one in sets}
    return out


def _strikes(state: SizeState) -> str:
    """Strikes of all layers with which coverage and cost would hold per $100,000 of index notional."""
    found = _deltas(state).get("index_notional", {})
    named = [f"{text} delta ({COVERAGE_WORDS[name]})" for name, text in found.items() if text != "none"]
    return f"; with every layer at {' or '.join(named)} they do" if named else ""


# ------------------------------------------------------------------------------------------------------------- own target


def _unreached(state: SizeState, answer: SizeAnswer) -> Finding:
    return Finding(
        code="target-unreached",
        severity="warning",
        key="hedge.size.kind",
        text=f"{state.label}: {answer.target.text()}: {'; '.join(answer.reasons)}",
        numbers={
            "state": state.label,
            "spx": state.inputs.spx,
            "vix": state.inputs.vix,
            "ladders_wanted_per_lot": answer.wanted_ladders,
            "ladders_per_lot": answer.ladders,
        },
        todo="lower the target, widen its budget, or move the strikes; alvh size shows every other reading",
    )


# --------------------------------------------------------------------------------------------------------------- rounding


def entries_at_once(policy: Policy) -> int:
    """Condor entries that may stand open at once, none left early by profit or loss."""
    condor = policy.condor
    held_days = condor.target_dte - (condor.exit.dte if condor.exit.dte is not None else 0)
    return max(int(held_days // _ENTRY_DAYS[condor.entry.kind]) + 1, 1)


def _rounding(policy: Policy, states: Sequence[SizeState], answers: Mapping[str, SizeAnswer]) -> list[Finding]:
    """Whole contracts for one entry and for all that may stand open, at every state."""
    rows = []
    for state in states:
        for entries in dict.fromkeys((1, entries_at_once(policy))):
            rows.append(_rounded(state, answers[state.label], entries))
    full = [row for row in rows if row["entries"] == entries_at_once(policy)]
    empty = [row for row in rows if not any(row["contracts"])]
    lost = [row for row in rows if any(row["contracts"]) and not all(row["contracts"])]
    bent = [row for row in rows if all(row["contracts"]) and row["largest_error"] > BENT_SHARE]
    severity: Severity | None = None
    if empty:
        none_ever = all(row in empty for row in full)
        severity, worst, what = ("error" if none_ever else "warning"), empty[-1], "no contract at all"
    elif lost:
        severity, worst, what = "warning", lost[-1], "a layer without a contract"
    elif bent:
        severity, worst, what = "info", bent[-1], "a ratio bent by rounding"
    if severity is None:
        return []
    exact = "/".join(f"{value:.2f}" for value in worst["exact"])
    whole = "/".join(f"{value:d}" for value in worst["contracts"])
    return [
        Finding(
            code="ratio-rounding",
            severity=severity,
            key="hedge.size.kind",
            text=f"{what}: {worst['state']}, entries open {worst['entries']}, condor lots of each {worst['lots_of_an_entry']}: "
            f"{exact} contracts, rounded to {whole}",
            numbers={"cases": rows},
            todo="carry more condors, size against less, or take out a layer; alvh size --equity shows the least account",
        )
    ]


def _rounded(state: SizeState, answer: SizeAnswer, entries: int) -> dict[str, Any]:
    lots = entries * state.lots
    ladders = answer.ladders if answer.target.kind == "capital_share" else answer.ladders * lots
    exact = state.inputs.ratio * ladders
    whole = whole_contracts(state.inputs.ratio, ladders)
    off = np.abs(whole - exact) / np.where(exact > 0.0, exact, 1.0)
    return {
        "state": state.label,
        "entries": entries,
        "lots_of_an_entry": state.lots,
        "exact": exact.tolist(),
        "contracts": whole.tolist(),
        "largest_error": float(off.max()),
    }


def _times_100(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else 100.0 * value


def _pct(value: float | None, digits: int = 0) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{100.0 * value:.{digits}f} %"


def _band(band: tuple[float, float], digits: int = 0) -> str:
    return f"{100.0 * band[0]:.{digits}f}-{100.0 * band[1]:.{digits}f} %"
