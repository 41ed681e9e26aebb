"""Runs of an ablation: each distinct policy once a market, on several processes, kept by content so that a later one resumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest
from alvh.engine.condor_orders import CondorMemo
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import policy_to_toml
from alvh.strategy.sizing import reads_betas
from alvh.study.ablate.figures import VariantRun, run_record
from alvh.study.ablate.firing import Watch
from alvh.study.ablate.pool import run_jobs
from alvh.study.ablate.prepared import Prepared
from alvh.study.condor_cache import condor_key, condor_memo
from alvh.study.kept import code_version, content_digest, read_kept, write_kept

MOST_FILES = 1024
"""Of the newest kept runs; one of 5,000 sessions has 0.1 to 0.2 megabytes."""

RunId = tuple[int, str]
"""Position in ``Prepared.markets()``, and the content key of a policy on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The distinct runs that some named policies ask for; ``ids`` by (market, name)."""

    ids: Mapping[tuple[int, str], RunId]
    policies: Mapping[RunId, Policy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a worker needs beside its job: markets, and condor choices by market and :func:`condor_key`."""

    prepared: Prepared
    memos: Mapping[tuple[int, str], CondorMemo]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """Loads all that where a worker cannot inherit it; condor choices are then made as they are needed."""

    load: Callable[[], Prepared]

    def __call__(self) -> Held:
        return Held(prepared=self.load(), memos={})


def plan_runs(policies: Mapping[str, Policy], prepared: Prepared) -> RunPlan:
    """Every named policy on every market; two of equal content on one market are one run, whatever their names say."""
    texts = {name: policy_to_toml(replace(policy, name="-", description="")) for name, policy in policies.items()}
    ids: dict[tuple[int, str], RunId] = {}
    chosen: dict[RunId, Policy] = {}
    for at, digest in enumerate(prepared.digests()):
        for name, text in texts.items():
            key = at, content_digest(code_version(), digest, text, prepared.start, prepared.end)
            ids[at, name] = key
            chosen.setdefault(key, policies[name])
    return RunPlan(ids=ids, policies=chosen)


def kept_runs(plan: RunPlan, folder: Path | None, notes: list[str]) -> dict[RunId, VariantRun]:
    """Those runs of a plan that are on disk; a damaged file is noted."""
    found: dict[RunId, VariantRun] = {}
    for key in plan.policies if folder is not None else ():
        arrays, figures, note = read_kept(_path(folder, key))
        notes += [note] if note else []
        if arrays:
            found[key] = VariantRun(**arrays, figures=figures)
    return found


def make_runs(
    plan: RunPlan,
    done: dict[RunId, VariantRun],
    prepared: Prepared,
    *,
    load: Callable[[], Prepared],
    processes: int,
    notes: list[str],
    report: Callable[[int], None],
) -> None:
    """Add to ``done`` every run that it lacks and keep each on disk as it is finished; ``report`` is told how many there are."""
    wanted = [key for key in plan.policies if key not in done]
    if not wanted:
        return
    jobs = [(key[0], plan.policies[key]) for key in wanted]
    held = Held(prepared=prepared, memos=_memos(jobs, prepared, notes))
    for position, made in run_jobs(_run_one, jobs, held, load=Reload(load=load), processes=processes):
        key = wanted[position]
        done[key] = made
        if prepared.folder is not None:
            arrays = {"equity_hedged_usd": made.equity_hedged_usd, "equity_unhedged_usd": made.equity_unhedged_usd}
            write_kept(_path(prepared.folder, key), arrays, made.figures, most=MOST_FILES)
        report(len(done))


def _path(folder: Path | None, key: RunId) -> Path:
    return (Path() if folder is None else folder) / f"variant-{key[1][:40]}.npz"


def _memos(jobs: Sequence[tuple[int, Policy]], prepared: Prepared, notes: list[str]) -> dict[tuple[int, str], CondorMemo]:
    """Condor choices of all entry days, made once for all runs that choose alike."""
    rows, digests, markets = prepared.rows(), prepared.digests(), prepared.markets()
    memos: dict[tuple[int, str], CondorMemo] = {}
    for at, policy in jobs:
        key = at, condor_key(policy, "")
        if key not in memos:
            memos[key], note = condor_memo(
                policy, markets[at], digests[at], first=rows.start, stop=rows.stop, folder=prepared.folder
            )
            notes += [note] if note else []
    return memos


def _run_one(held: Held, job: tuple[int, Policy]) -> VariantRun:
    at, policy = job
    prepared, watch = held.prepared, Watch(policy)
    result = run_backtest(
        policy,
        prepared.markets()[at],
        start=prepared.start,
        end=prepared.end,
        fee_usd=fee_usd,
        betas=prepared.betas if reads_betas(policy) else None,
        memo=held.memos.get((at, condor_key(policy, ""))),
        watch=watch.see,
    )
    return run_record(result, watch)
