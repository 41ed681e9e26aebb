"""The whole history, hedged and unhedged in one run: loading, cold and warm run, peak memory, and growth with sessions.

Run: ``python benchmarks/bench_backtest_history.py [DATA_DIR]``; without a folder ``../shared/market`` is used where it is
there, else the embedded sample. CPU seconds are process time; the machine's other work hardly moves them.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from datetime import date
from pathlib import Path

REPEATS = 7


def main() -> int:
    shared = Path(__file__).resolve().parents[2] / "shared" / "market"
    data = sys.argv[1] if len(sys.argv) > 1 else (str(shared) if shared.is_dir() else "sample")
    start, end = (None, None) if data == "sample" else (date(2007, 1, 3), date(2026, 7, 22))
    cpu, wall = time.process_time(), time.perf_counter()
    from alvh.app.wiring import load_market, load_policy, run_on

    import_s = time.perf_counter() - wall
    policy = load_policy("alvh-442")
    wall = time.perf_counter()
    market = load_market(data, policy.policy, start=start, end=end)
    load_s = time.perf_counter() - wall
    wall = time.perf_counter()
    output = run_on(market, policy, start=start, end=end, price_range=False)
    cold_s = time.perf_counter() - wall
    cold_cpu_s = time.process_time() - cpu
    warm = [_run(market, policy, start, end) for _ in range(REPEATS)]
    sessions = output.result.sessions
    growth = []
    for share in (0.125, 0.25, 0.5, 1.0):
        first = int(len(sessions) * (1.0 - share))
        begin = date.fromordinal(int(sessions[first]) + date(1970, 1, 1).toordinal())
        runs = [_run(market, policy, begin, end) for _ in range(3)]
        growth.append((len(sessions) - first, statistics.median(runs)))
    document = output.document
    result = {
        "data": "sample" if data == "sample" else "folder",
        "sessions": len(sessions),
        "condor_entries": document["condors"]["entries"],
        "lots": len(output.result.lots),
        "ledger_entries": len(output.result.ledger.entries),
        "import_s": round(import_s, 3),
        "load_s": round(load_s, 3),
        "first_run_s": round(cold_s, 3),
        "cold_total_cpu_s": round(cold_cpu_s, 3),
        "warm_run_cpu_s": round(statistics.median(warm), 3),
        "warm_us_per_session": round(1e6 * statistics.median(warm) / len(sessions), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0),
        "growth": [{"sessions": count, "cpu_s": round(seconds, 3)} for count, seconds in growth],
    }
    print("| figure | value |\n|---|---|")
    for key, value in result.items():
        if key != "growth":
            print(f"| {key} | {value} |")
    print("\n| sessions | warm CPU s | µs a session |\n|---|---|---|")
    for count, seconds in growth:
        print(f"| {count} | {seconds:.3f} | {1e6 * seconds / count:.0f} |")
    print(json.dumps(result))
    return 0


def _run(market: object, policy: object, start: date | None, end: date | None) -> float:
    from alvh.app.wiring import run_on

    cpu = time.process_time()
    run_on(market, policy, start=start, end=end, price_range=False)  # type: ignore[arg-type]
    return time.process_time() - cpu


if __name__ == "__main__":
    raise SystemExit(main())
