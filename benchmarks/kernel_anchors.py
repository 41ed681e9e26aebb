"""What the kernel benchmarks share: the sample, the anchors in scipy and QuantLib, and timing in interleaved rounds."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import QuantLib as ql
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
INV_SQRT_TWO_PI = 1.0 / np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options as columns of one length."""

    forward: Floats
    strike: Floats
    year_fraction: Floats
    discount: Floats
    vol: Floats
    right: Floats

    def columns(self) -> tuple[Floats, ...]:
        return self.forward, self.strike, self.year_fraction, self.discount, self.vol, self.right

    def head(self, n: int) -> Options:
        names = ("forward", "strike", "year_fraction", "discount", "vol", "right")
        return Options(**{name: column[:n].copy() for name, column in zip(names, self.columns(), strict=True)})


def out_of_the_money(n: int, *, z_max: float = 5.0, seed: int = 20_260_722) -> Options:
    """``n`` out-of-the-money options, strikes within ``z_max`` deviations of the forward, a week to two years, vol 8 to 80 %."""
    rng = np.random.default_rng(seed)
    forward = rng.uniform(1_000.0, 7_000.0, n)
    time_left = rng.uniform(7.0 / 365.0, 2.0, n)
    vol = rng.uniform(0.08, 0.8, n)
    strike = forward * np.exp(rng.uniform(-z_max, z_max, n) * vol * np.sqrt(time_left))
    return Options(
        forward=forward,
        strike=strike,
        year_fraction=time_left,
        discount=np.exp(-0.04 * time_left),
        vol=vol,
        right=np.where(strike >= forward, 1.0, -1.0),
    )


def scipy_price(options: Options) -> Floats:
    f, k, t, d, v, w = options.columns()
    s = v * np.sqrt(t)
    d1 = np.log(f / k) / s + 0.5 * s
    return d * w * (f * ndtr(w * d1) - k * ndtr(w * (d1 - s)))


def scipy_greeks(options: Options) -> tuple[Floats, ...]:
    f, k, t, d, v, w = options.columns()
    root = np.sqrt(t)
    s = v * root
    d1 = np.log(f / k) / s + 0.5 * s
    delta = w * ndtr(w * d1)
    price = d * (f * delta - w * k * ndtr(w * (d1 - s)))
    density = d * INV_SQRT_TWO_PI * np.exp(-0.5 * d1 * d1)
    vega = f * density * root
    return price, delta, density / (f * s), vega, -(np.log(d) * price + 0.5 * vega * v) / t


def scipy_implied(options: Options, price: Floats) -> Floats:
    """Newton from the inflection point on the price, each round only on the options that have not converged."""
    f, k, t, d, _, w = options.columns()
    root = np.sqrt(t)
    log_money = np.log(f / k)
    s = np.sqrt(2.0 * np.abs(log_money)) + 1e-12
    left = np.arange(s.size)
    target = price / d
    for _ in range(100):
        x, fl, kl, wl, sl = log_money[left], f[left], k[left], w[left], s[left]
        d1 = x / sl + 0.5 * sl
        value = wl * (fl * ndtr(wl * d1) - kl * ndtr(wl * (d1 - sl)))
        change = (target[left] - value) / (fl * INV_SQRT_TWO_PI * np.exp(-0.5 * d1 * d1))
        s[left] = sl + change
        left = left[np.abs(change) >= 1e-14 * s[left]]
        if not left.size:
            break
    return s / root


def _kind(right: float) -> Any:
    return ql.Option.Call if right > 0 else ql.Option.Put


def quantlib_price(options: Options) -> Floats:
    out = np.empty(options.strike.size)
    for i, (f, k, t, d, v, w) in enumerate(zip(*(c.tolist() for c in options.columns()), strict=True)):
        out[i] = ql.blackFormula(_kind(w), k, f, v * t**0.5, d)
    return out


def quantlib_greeks(options: Options) -> tuple[Floats, ...]:
    out = np.empty((5, options.strike.size))
    for i, (f, k, t, d, v, w) in enumerate(zip(*(c.tolist() for c in options.columns()), strict=True)):
        one = ql.BlackCalculator(ql.PlainVanillaPayoff(_kind(w), k), f, v * t**0.5, d)
        out[:, i] = one.value(), one.deltaForward() / d, one.gammaForward(), one.vega(t), one.theta(f, t)
    return tuple(out)


def quantlib_implied(options: Options, price: Floats) -> Floats:
    """NaN where QuantLib raises."""
    out = np.empty(options.strike.size)
    columns = (c.tolist() for c in (*options.columns(), price))
    for i, (f, k, t, d, _, w, p) in enumerate(zip(*columns, strict=True)):
        try:
            out[i] = ql.blackFormulaImpliedStdDev(_kind(w), k, f, p, d) / t**0.5
        except RuntimeError:
            out[i] = np.nan
    return out


def core_ns(runs: Mapping[str, tuple[Callable[[], Any], int]], *, rounds: int) -> dict[str, float]:
    """CPU nanoseconds per item: each round runs every entry once in turn; the median of the rounds.

    ``runs`` maps a name to a function without arguments and the number of items that it handles.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for function, _ in runs.values():
        function()  # once unmeasured: compilation, pages, caches
    for _ in range(rounds):
        for name, (function, items) in runs.items():
            before = time.process_time()
            function()
            times[name].append((time.process_time() - before) / items * 1e9)
    return {name: statistics.median(values) for name, values in times.items()}


def machine() -> dict[str, str]:
    """Where the figures were taken."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    packages = {name: version(name) for name in ("numpy", "numba", "scipy", "QuantLib")}
    return {"processor": model, "python": platform.python_version(), **packages}


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
    return str(value)


def report(title: str, rows: list[dict[str, Any]], goals: Mapping[str, tuple[float, float]], facts: Mapping[str, Any]) -> int:
    """Print a Markdown table, the goals and one line of JSON; 1 where a goal was missed.

    ``goals`` maps a name to (ratio, least ratio that reaches the goal).
    """
    print(f"## {title}\n")
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row.values()) + " |")
    print()
    for name, (ratio, least) in goals.items():
        print(f"- {name}: {ratio:,.1f} (goal {least:g}: {'reached' if ratio >= least else 'MISSED'})")
    listed = {name: {"ratio": ratio, "goal": least} for name, (ratio, least) in goals.items()}
    print("\n" + json.dumps({"rows": rows, "goals": listed, "facts": {**facts, **machine()}}))
    return 1 if any(ratio < least for ratio, least in goals.values()) else 0
