"""Coverage of the default book at every session, and the time exposures take: a part of ``benchmarks/coverage_tables.py``."""

from __future__ import annotations

import time
from datetime import date

import numpy as np

from alvh.app.wiring import load_market, run_on
from alvh.results.through_time import lots_of
from alvh.risk.betas import rolling_betas, tenor_changes
from alvh.risk.coverage import coverage_through_time
from alvh.risk.exposure_path import exposures_through_time
from alvh.strategy.policy_file import load_policy


def book_tables(data: str) -> None:
    print("\n### The default book through time\n")
    print("| policy | run s | betas s | exposures s | pairs | net, adjusted: median | 40-60 % | short legs: median | 40-60 % |")
    print("|" + "---|" * 9)
    for name in ("alvh-442", "alvh-442-per-100k-index"):
        policy = load_policy(name)
        loaded = load_market(data, policy.policy)
        clock = time.perf_counter()
        result = run_on(loaded, policy, start=date(2007, 1, 3), end=date(2026, 7, 22), price_range=False).result
        run_s, clock = time.perf_counter() - clock, time.perf_counter()
        series = loaded.market.series
        split = int(np.searchsorted(series.is_vix, True))
        history = loaded.market.history
        changes = tenor_changes(
            loaded.forwards,
            sessions=history.sessions,
            expiry=series.expiry[split:],
            monthly=series.monthly[split:],
            vix=history.vix_close,
        )
        betas = rolling_betas(changes)
        beta_s, clock = time.perf_counter() - clock, time.perf_counter()
        lots = lots_of(result)
        path = exposures_through_time(
            loaded.market, lots, first=result.first, count=len(result.sessions), vix=history.vix_close, betas=betas
        )
        cover = coverage_through_time(path, condor=("condor",), hedge=path.groups[1:])
        path_s = time.perf_counter() - clock
        cells = [f"{run_s:.2f}", f"{beta_s:.2f}", f"{path_s:.2f}", f"{int((lots.ended - lots.opened).sum())}"]
        for values in (cover.net_adjusted, cover.short_adjusted):
            known = values[np.isfinite(values)]
            cells += [
                f"{100 * np.median(known):.0f} %",
                f"{100 * np.mean((known >= 0.4) & (known <= 0.6)):.0f} % of {known.size}",
            ]
        print(f"| {name} | " + " | ".join(cells) + " |")
