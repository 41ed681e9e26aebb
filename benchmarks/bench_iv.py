"""Implied vol: our kernel against a masked Newton in scipy and a QuantLib loop, CPU time per option, one thread.

Goals per core: >= 6 times scipy, >= 25 times the QuantLib loop, and no failure in the wings (strikes out to 12 deviations,
prices down to 1e-30). All run interleaved in one process on the same options. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import sys

import numpy as np

from alvh.kernels.black import black_price
from alvh.kernels.implied import implied_vol, implied_vol_into
from kernel_anchors import core_ns, out_of_the_money, quantlib_implied, report, scipy_implied

N = 1_000_000
N_LOOP = 20_000
N_WINGS = 20_000
ROUNDS = 7
FAILED = 1e-6  # relative error of the vol from which on a solver counts as having failed


def failures(found: np.ndarray, vol: np.ndarray) -> int:
    return int((~(np.abs(found / vol - 1.0) < FAILED)).sum())


def main() -> int:
    options, wings = out_of_the_money(N), out_of_the_money(N_WINGS, z_max=12.0, seed=12)
    price, wing_price = black_price(*options.columns()), black_price(*wings.columns())
    few, few_price = options.head(N_LOOP), price[:N_LOOP].copy()
    f, k, t, d, _, w = options.columns()
    out = np.empty(N)
    with np.errstate(all="ignore"):
        times = core_ns(
            {
                "ours": (lambda: implied_vol_into(price, f, k, t, d, w, out), N),
                "ours, checked call": (lambda: implied_vol(price, f, k, t, d, w, threads=1), N),
                "scipy, masked Newton": (lambda: scipy_implied(options, price), N),
                "QuantLib loop": (lambda: quantlib_implied(few, few_price), N_LOOP),
            },
            rounds=ROUNDS,
        )
        f, k, t, d, _, w = wings.columns()
        ours_wings = implied_vol(wing_price, f, k, t, d, w)
        wrong = {
            "ours": failures(ours_wings, wings.vol),
            "scipy, masked Newton": failures(scipy_implied(wings, wing_price), wings.vol),
            "QuantLib loop": failures(quantlib_implied(wings, wing_price), wings.vol),
        }
    wrong["ours, checked call"] = wrong["ours"]
    rows = [
        {
            "implementation": name,
            "IV, core-ns": value,
            "ratio": value / times["ours"],
            f"failures of {N_WINGS:,} wings": wrong[name],
        }
        for name, value in times.items()
    ]
    goals = {
        "IV, scipy / ours": (times["scipy, masked Newton"] / times["ours"], 6.0),
        "IV, QuantLib loop / ours": (times["QuantLib loop"] / times["ours"], 25.0),
        "wings solved, share": (1.0 - wrong["ours"] / N_WINGS, 1.0),
    }
    facts = {
        "options": N,
        "rounds": ROUNDS,
        "least_wing_price": float(wing_price.min()),
        "largest_round_trip_error": float(np.abs(out / options.vol - 1.0).max()),
        "largest_round_trip_error_wings": float(np.abs(ours_wings / wings.vol - 1.0).max()),
    }
    return report("Implied vol, one thread", rows, goals, facts)


if __name__ == "__main__":
    sys.exit(main())
