"""Price, and price with four Greeks: our kernels against vectorised scipy and a QuantLib loop, CPU time per option, one thread.

Goals per core: price and price + Greeks >= 6 times scipy, Greeks >= 500 times the QuantLib loop; error <= 1e-14 of the forward.
In each of several processes all run interleaved on the same options; the medians over the processes count, because a million
options are bound by memory, and how fast that is depends on the pages that a process happens to get. Exit code 1 where a goal
is missed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

import numpy as np

from alvh.kernels.black import black_greeks, black_greeks_into, black_price, black_price_into
from kernel_anchors import core_ns, out_of_the_money, quantlib_greeks, quantlib_price, report, scipy_greeks, scipy_price

N = 1_000_000
N_CHAIN = 4_096  # about one day's chain of an index
N_LOOP = 20_000  # a Python loop costs the same per option at any length
PROCESSES = 5
ROUNDS = 5
CHILD = "--one-process"
RAW, INTO, NEW, SCIPY, LOOP = "ours, raw kernel", "ours, `out=` given", "ours, new arrays", "scipy", "QuantLib loop"


def measure() -> dict[str, dict[str, float]]:
    """Core-ns by table and implementation, in this process."""
    options, chain, few = (out_of_the_money(N).head(n) for n in (N, N_CHAIN, N_LOOP))
    columns, links = options.columns(), chain.columns()
    out, short = np.empty((5, N)), np.empty((5, N_CHAIN))
    repeats = range(N // N_CHAIN)
    of_chains = len(repeats) * N_CHAIN
    price = core_ns(
        {
            RAW: (lambda: black_price_into(*columns, out[0]), N),
            INTO: (lambda: black_price(*columns, out=out[0], threads=1), N),
            NEW: (lambda: black_price(*columns, threads=1), N),
            SCIPY: (lambda: scipy_price(options), N),
            LOOP: (lambda: quantlib_price(few), N_LOOP),
        },
        rounds=ROUNDS,
    )
    greeks = core_ns(
        {
            RAW: (lambda: black_greeks_into(*columns, *out), N),
            INTO: (lambda: black_greeks(*columns, out=out, threads=1), N),
            NEW: (lambda: black_greeks(*columns, threads=1), N),
            SCIPY: (lambda: scipy_greeks(options), N),
            LOOP: (lambda: quantlib_greeks(few), N_LOOP),
        },
        rounds=ROUNDS,
    )
    chains = core_ns(
        {
            RAW: (lambda: [black_greeks_into(*links, *short) for _ in repeats], of_chains),
            INTO: (lambda: [black_greeks(*links, out=short) for _ in repeats], of_chains),
            NEW: (lambda: [black_greeks(*links) for _ in repeats], of_chains),
            SCIPY: (lambda: [scipy_greeks(chain) for _ in repeats], of_chains),
        },
        rounds=ROUNDS,
    )
    chains[LOOP] = greeks[LOOP]
    one = out_of_the_money(1).columns()
    calls = core_ns(
        {
            "checked call": (lambda: [black_price(*one) for _ in range(2_000)], 2_000),
            "raw kernel": (lambda: [black_price_into(*one, out[0, :1]) for _ in range(2_000)], 2_000),
        },
        rounds=ROUNDS,
    )
    error = float(np.abs((black_price(*columns) - scipy_price(options)) / options.forward).max())
    return {"price": price, "greeks": greeks, "chains": chains, "calls": calls, "error": {"of the forward": error}}


def medians() -> dict[str, dict[str, float]]:
    """The same over ``PROCESSES`` processes."""
    found: list[dict[str, Any]] = []
    for _ in range(PROCESSES):
        done = subprocess.run([sys.executable, __file__, CHILD], stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout))
    return {
        table: {name: statistics.median(one[table][name] for one in found) for name in names} for table, names in found[0].items()
    }


def main() -> int:
    if CHILD in sys.argv:
        print(json.dumps(measure()))
        return 0
    tables = medians()
    price, greeks, chains = tables["price"], tables["greeks"], tables["chains"]
    error = tables["error"]["of the forward"]
    rows = [
        {
            "core-ns per option": name,
            "price, 1M": price[name],
            "ratio": price[name] / price[RAW],
            "price + 4 Greeks, 1M": greeks[name],
            "ratio ": greeks[name] / greeks[RAW],
            "price + 4 Greeks, chains of 4,096": chains[name],
            "ratio  ": chains[name] / chains[RAW],
        }
        for name in price
    ]
    goals = {
        "price, scipy / ours": (price[SCIPY] / price[RAW], 6.0),
        "price + 4 Greeks, scipy / ours": (greeks[SCIPY] / greeks[RAW], 6.0),
        "price + 4 Greeks, QuantLib loop / ours": (greeks[LOOP] / greeks[RAW], 500.0),
    }
    facts = {
        "options": N,
        "processes": PROCESSES,
        "rounds": ROUNDS,
        "largest_difference_from_scipy_per_forward": error,
        "one_option_us": {name: value / 1e3 for name, value in tables["calls"].items()},
    }
    code = report("Price and Greeks, one thread", rows, goals, facts)
    return code if error <= 1e-14 else 1


if __name__ == "__main__":
    sys.exit(main())
