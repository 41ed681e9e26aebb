"""Price, and price with four Greeks: our kernels against vectorised scipy and a QuantLib loop, CPU time per option, one thread.

Goals per core: price + Greeks >= 6 times scipy and >= 500 times the QuantLib loop, price >= 6 times scipy; error <= 1e-14 of
the forward. All run interleaved in one process on the same options; ratios are what is worth quoting. Exit code 1 where a goal
is missed.
"""

from __future__ import annotations

import sys

import numpy as np

from alvh.kernels.black import black_greeks, black_greeks_into, black_price, black_price_into
from kernel_anchors import core_ns, out_of_the_money, quantlib_greeks, quantlib_price, report, scipy_greeks, scipy_price

N = 1_000_000
N_CHAIN = 4_096  # about one day's chain of an index
N_LOOP = 20_000  # a Python loop costs the same per option at any length
ROUNDS = 7
RAW, INTO, NEW, SCIPY, LOOP = "ours, raw kernel", "ours, `out=` given", "ours, new arrays", "scipy", "QuantLib loop"


def main() -> int:
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
        "rounds": ROUNDS,
        "largest_difference_from_scipy_per_forward": error,
        "one_option_us": {name: value / 1e3 for name, value in calls.items()},
    }
    code = report("Price and Greeks, one thread", rows, goals, facts)
    return code if error <= 1e-14 else 1


if __name__ == "__main__":
    sys.exit(main())
