"""Comparisons of an ablation: every variant with its reference, on several processes, kept by content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from alvh.study.ablate.differences import Difference, Interval, compare
from alvh.study.ablate.figures import Floats
from alvh.study.ablate.pool import run_jobs
from alvh.study.kept import code_version, content_digest, read_kept, write_kept

MOST_FILES = 1024
"""Of the newest kept comparisons; one has a kilobyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two runs of the same sessions: equities (sessions,) dollars, and how they are compared."""

    ours_usd: Floats
    theirs_usd: Floats
    account_usd: float
    compound: bool
    seed: int
    repeats: int


def compare_pairs(
    pairs: Mapping[str, Pair], folder: Path | None, *, processes: int, report: Callable[[int], None]
) -> dict[str, Difference]:
    """The difference of every pair, by name; from disk where it was kept. ``report`` is told how many are done."""
    paths = {name: None if folder is None else _path(folder, pair) for name, pair in pairs.items()}
    found: dict[str, Difference] = {}
    for name, path in paths.items():
        values = {} if path is None else read_kept(path)[1]  # a damaged file says no more than that it is made anew
        if values:
            found[name] = _read(values)
    report(len(found))
    wanted = [name for name in pairs if name not in found]
    if processes > 1 and len(wanted) > 1:
        import_module("arch.bootstrap")  # before workers are forked, or each would load it for itself
    for position, made in run_jobs(_compare_one, [pairs[name] for name in wanted], None, load=_nothing, processes=processes):
        name = wanted[position]
        found[name], path = made, paths[name]
        if path is not None:
            write_kept(path, {}, _values(made), most=MOST_FILES)
        report(len(found))
    return found


def _nothing() -> None:
    """A comparison needs no market."""


def _compare_one(_: None, pair: Pair) -> Difference:
    return compare(pair.ours_usd, pair.theirs_usd, pair.account_usd, compound=pair.compound, seed=pair.seed, repeats=pair.repeats)


def _path(folder: Path, pair: Pair) -> Path:
    return folder / f"difference-{content_digest(code_version(), pair)[:40]}.npz"


def _values(found: Difference) -> dict[str, Any]:
    ends = {name: [one.estimate, one.low, one.high] for name, one in (("mean", found.mean), ("drawdown", found.drawdown))}
    return {**ends, "block_sessions": found.block_sessions, "sessions": found.sessions}


def _read(values: Mapping[str, Any]) -> Difference:
    mean, drawdown = (
        Interval(estimate=values[name][0], low=values[name][1], high=values[name][2]) for name in ("mean", "drawdown")
    )
    return Difference(mean=mean, drawdown=drawdown, block_sessions=values["block_sessions"], sessions=values["sessions"])
