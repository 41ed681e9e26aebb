"""Time of one calibration by session: mean and 95th percentile, single thread, and of the whole history in one call.

Run: ``python benchmarks/bench_calibration.py [--data DIR] [--every N]``; without a folder ``../shared/market``. CPU time.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from alvh.data.load import load_history
from alvh.models.spx_calibration import calibrate


def main() -> int:
    shared = Path(__file__).resolve().parents[2] / "shared" / "market"
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=str(shared))
    parser.add_argument("--every", type=int, default=5, help="time every N-th session by itself")
    options = parser.parse_args()
    history = load_history(options.data, start=date(2008, 1, 2)).history
    levels = np.column_stack([history.vix9d, history.vix_close, history.vix3m, history.vix6m])
    sessions, spx, skew = history.sessions, history.spx_close, history.skew
    calibrate(spx[:2], levels[:2], skew[:2], sessions=sessions[:2])  # compiles
    spent = []
    for first in range(0, len(sessions), options.every):
        rows = slice(first, first + 1)
        begun = time.process_time_ns()
        calibrate(spx[rows], levels[rows], skew[rows], sessions=sessions[rows])
        spent.append((time.process_time_ns() - begun) / 1e6)
    begun = time.process_time_ns()
    made = calibrate(spx, levels, skew, sessions=sessions)
    whole = (time.process_time_ns() - begun) / 1e6
    one = np.array(spent)
    print(f"one session a call: mean {one.mean():.2f} ms, median {np.median(one):.2f}, 95th pct {np.percentile(one, 95):.2f},")
    print(f"  worst {one.max():.2f} ms, over {len(one)} sessions")
    print(f"whole history in one call: {whole / 1e3:.2f} s for {len(sessions)} sessions, {whole / len(sessions):.2f} ms each,")
    print(f"  {made.strips.mean():.0f} strips a session")
    return 0


if __name__ == "__main__":
    sys.exit(main())
