"""Condor choices kept between runs and on disk: which condor an entry day opens depends on the market and the condor alone.

So the variants of a study share one :data:`~alvh.engine.condor_orders.CondorMemo`, and a later study of the same book on the same
data finds it on disk.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from alvh.core.orders import Refusal
from alvh.engine.condor_orders import CondorMemo
from alvh.market.market import Legs, Quotes
from alvh.models.model_market import ModelMarket
from alvh.strategy.condor_choice import CondorChoice, choose_condor
from alvh.strategy.policy import Policy
from alvh.strategy.schedule import entry_days
from alvh.study.kept import code_version, content_digest, read_kept, write_kept

MOST_FILES = 32
"""Of the newest files that are kept; one of a thousand entries has 0.3 megabytes."""
LEGS = 4
_QUOTED = ("bid", "ask", "mid", "tick", "delta", "forward")


def condor_key(policy: Policy, market_digest: str) -> str:
    """What a choice depends on: market, source, and of the policy what :func:`~alvh.strategy.condor_choice.choose_condor` reads.

    Gate, exits and size are no part of it: they decide whether, how long and how many, never which.
    """
    condor, spread = policy.condor, policy.limits.spread
    read = (
        condor.roots,
        condor.target_dte,
        condor.min_dte,
        condor.max_dte,
        condor.short_delta,
        condor.wing,
        condor.max_net_delta,
    )
    bound = spread.max_pct if spread is not None and "condor" in spread.sleeves else None
    return content_digest(code_version(), market_digest, read, policy.costs, bound)


def entry_rows(policy: Policy, market: ModelMarket, first: int, stop: int) -> list[int]:
    """Market rows in ``first`` to ``stop`` (excluded) at which the policy may open a condor: entry days, or the closes after."""
    if not policy.condor.enabled:
        return []
    rows = np.flatnonzero(entry_days(policy.condor.entry, market.sessions))
    if policy.timing.fill_at == "next_close":
        rows = rows + 1
    return [row for row in rows.tolist() if first <= row < stop]


def condor_memo(
    policy: Policy, market: ModelMarket, market_digest: str, *, first: int, stop: int, folder: Path | None
) -> tuple[CondorMemo, str]:
    """Every choice of the run's entry days, from disk where it was kept, and a note on a damaged file ('' for none).

    ``folder`` None keeps nothing. The file grows by the days that it lacks.
    """
    path = None if folder is None else folder / f"condors-{condor_key(policy, market_digest)[:40]}.npz"
    memo: CondorMemo = {}
    note = ""
    if path is not None:
        memo, note = read_memo(path)
    lacking = [row for row in entry_rows(policy, market, first, stop) if row not in memo]
    for row in lacking:
        memo[row] = choose_condor(market.snapshot(row), market.series, policy)
    if lacking and path is not None:
        write_memo(path, memo)
    return memo, note


def write_memo(path: Path, memo: CondorMemo) -> None:
    """Keep a memo; choices as arrays of (choices, legs), refusals as their texts."""
    chosen = {row: choice for row, choice in memo.items() if isinstance(choice, CondorChoice)}
    refused = {str(row): [choice.rule, choice.text] for row, choice in memo.items() if isinstance(choice, Refusal)}
    arrays = {
        "row": np.array(list(chosen), dtype=np.int64),
        "series": np.array([choice.row for choice in chosen.values()], dtype=np.int64),
        "points": np.array([(one.credit_points, one.widest_points) for one in chosen.values()]).reshape(-1, 2),
        "strike": np.array([choice.legs.strike for choice in chosen.values()]).reshape(-1, LEGS),
        "right": np.array([choice.legs.right for choice in chosen.values()]).reshape(-1, LEGS),
    }
    for name in _QUOTED:
        arrays[name] = np.array([getattr(choice.quotes, name) for choice in chosen.values()]).reshape(-1, LEGS)
    write_kept(path, arrays, {"refused": refused}, most=MOST_FILES)


def read_memo(path: Path) -> tuple[CondorMemo, str]:
    """A memo that was kept, and a note; empty where there is none or it is damaged."""
    kept, values, note = read_kept(path)
    memo: CondorMemo = {}
    if not kept:
        return memo, note
    points = kept["points"].tolist()
    for k, (row, series) in enumerate(zip(kept["row"].tolist(), kept["series"].tolist(), strict=True)):
        rights = kept["right"][k].tolist()
        memo[row] = CondorChoice(
            row=series,
            legs=Legs.of(
                [(series, strike, int(right)) for strike, right in zip(kept["strike"][k].tolist(), rights, strict=True)]
            ),
            quotes=Quotes(**{name: kept[name][k] for name in _QUOTED}),
            credit_points=points[k][0],
            widest_points=points[k][1],
        )
    for row, (rule, text) in values["refused"].items():
        memo[int(row)] = Refusal(rule=rule, text=text)
    return memo, note
