"""An ablation over the whole history: cold, resumed and warm, CPU and wall, beside one run of the fixed schedule.

Run: ``python benchmarks/bench_ablation.py [DATA_DIR] [POLICY]``; without a folder ``../shared/market`` is used where it is there,
else the embedded sample; the policy is ``alvh-adaptive``. CPU seconds are those of all processes; other work on the machine moves
them little, and wall time much. *Cold*: nothing is kept but Python's bytecode and compiled kernels. *Resumed*: half of the
kept runs are taken away. *Warm*: everything is kept. Anchors, interleaved in one process: the policy's run and that of its fixed
schedule, with and without condor choices made before, and one comparison of two runs.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

REPEATS = 7
LIMIT_S, LIMIT_RATIO = 30.0, 2.0
"""Wall seconds of a cold ablation of twenty variants on two cores; the adaptive run over the fixed schedule's."""


def main() -> int:
    root = Path(__file__).resolve().parents[1]
    shared = root.parent / "shared" / "market"
    data = sys.argv[1] if len(sys.argv) > 1 else (str(shared) if shared.is_dir() else "sample")
    policy = sys.argv[2] if len(sys.argv) > 2 else "alvh-adaptive"
    start = None if data == "sample" else date(2007, 1, 3)
    words = [policy, "--data", data, *(() if start is None else ("--from", start.isoformat()))]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"PYTHONPATH": str(root / "src"), "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        _ablate(["alvh-adaptive", "--data", "sample", "--from", "2018-06-01", "--repeats", "100"], env, Path(folder) / "first")
        cold = _ablate(words, env, cache)
        for k, file in enumerate(sorted(cache.glob("variant-*.npz"))):
            if k % 2:
                file.unlink()
        resumed = _ablate(words, env, cache)
        warm = _ablate(words, env, cache)
    found = _anchors(data, policy, start)
    print("| ablation | runs made | wall s | CPU s |\n|---|---|---|---|")
    for name, row in (("cold", cold), ("resumed", resumed), ("warm", warm)):
        print(f"| {name} | {row['made']} of {row['distinct']} | {row['wall_s']:.1f} | {row['cpu_s']:.1f} |")
    print("\n| anchor | CPU s |\n|---|---|")
    for name, seconds in found["cpu_s"].items():
        print(f"| {name} | {seconds:.3f} |")
    fixed_s, policy_s = (found["cpu_s"][f"the {name}'s run"] for name in ("fixed schedule", "policy"))
    ratio = policy_s / fixed_s
    print(f"\npolicy over fixed schedule: {ratio:.2f} (limit {LIMIT_RATIO:g}); cold wall limit {LIMIT_S:g} s for twenty variants")
    print(f"cold CPU over the fixed schedule's run: {cold['cpu_s'] / fixed_s:.1f}")
    print(json.dumps({"cold": cold, "resumed": resumed, "warm": warm, **found, "ratio": ratio}))
    return 0


def _ablate(words: list[str], env: dict[str, str], cache: Path) -> dict[str, Any]:
    """One command in a fresh process; CPU of it and of its workers, its largest process in megabytes."""
    before, wall = _children(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "alvh", "ablate", *words, "--json", "--quiet"],
        env=env | {"ALVH_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    wall_s = time.perf_counter() - wall
    runs = json.loads(done.stdout)["runs"]
    return {
        "distinct": runs["distinct"],
        "made": runs["distinct"] - runs["kept"],
        "wall_s": round(wall_s, 2),
        "cpu_s": round(_children() - before, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0),
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _anchors(data: str, name: str, start: date | None) -> dict[str, Any]:
    """Median CPU seconds of single steps, interleaved."""
    from alvh.app.commands.ablate import prepare
    from alvh.core.fees import fee_usd
    from alvh.engine.backtest import run_backtest
    from alvh.strategy.policy_file import load_policy
    from alvh.study.ablate.differences import compare
    from alvh.study.ablate.firing import Watch
    from alvh.study.ablate.variants import fixed_schedule
    from alvh.study.condor_cache import condor_memo

    policy = load_policy(name).policy
    fixed, _ = fixed_schedule(policy)
    made = prepare(name, data, start, None, price_range=False)
    rows = made.rows()
    clock = time.process_time()
    memo, _ = condor_memo(policy, made.market, "", first=rows.start, stop=rows.stop, folder=None)
    choices_s = time.process_time() - clock

    def run(one: Any, choices: Any) -> Any:
        watch = Watch(one)
        return run_backtest(
            one,
            made.market,
            start=made.start,
            end=made.end,
            fee_usd=fee_usd,
            betas=made.betas,
            memo=choices,
            watch=watch.see,
        )

    ours, theirs = run(policy, None).record.equity_hedged_usd, run(fixed, None).record.equity_hedged_usd
    steps = {
        "the fixed schedule's run": lambda: run(fixed, None),
        "the policy's run": lambda: run(policy, None),
        "the fixed schedule's run, condors chosen before": lambda: run(fixed, memo),
        "the policy's run, condors chosen before": lambda: run(policy, memo),
        "one comparison of 5,000 resamples": lambda: compare(ours, theirs, policy.account.equity_usd, compound=False, seed=0),
    }
    taken: dict[str, list[float]] = {step: [] for step in steps}
    for _ in range(REPEATS):
        for step, work in steps.items():
            clock = time.process_time()
            work()
            taken[step].append(time.process_time() - clock)
    medians = {step: round(statistics.median(values), 4) for step, values in taken.items()}
    return {"sessions": rows.stop - rows.start, "cpu_s": {**medians, "all condor choices once": round(choices_s, 4)}}


if __name__ == "__main__":
    raise SystemExit(main())
