"""The closed list of signals that a policy's conditions may name. The list is the documentation: unit, formula, inputs, warm-up.

Every signal is causal: its value at a session uses closes up to and including that session, so a rule that reads it decides at
that close (and fills there, or at the next one, as the policy's ``timing`` says). A signal is NaN in its warm-up and where an
input is missing; the engine refuses a rule that reads a NaN, by name and session, since any comparison with NaN is false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import ConfigError, nearest
from alvh.market import indicators as ind
from alvh.market.history import History

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal: what it is, what it needs, and how it is computed from a history, (sessions,) in, (sessions,) out.

    ``warm_up_sessions``: sessions at the start of its inputs that have no value. An event is 1.0 at the session where it
    happens and 0.0 elsewhere: compare it with 0.5.
    """

    name: str
    unit: str
    formula: str
    source_inputs: tuple[str, ...]
    warm_up_sessions: int
    rule_ids: tuple[str, ...]
    compute: Callable[[History], Floats]


_SIGNALS = (
    Signal(
        name="vix",
        unit="VIX points",
        formula="VIX close",
        source_inputs=("vix_close",),
        warm_up_sessions=0,
        rule_ids=("R21", "R24", "R33"),
        compute=lambda h: h.vix_close.copy(),
    ),
    Signal(
        name="spx",
        unit="index points",
        formula="SPX close",
        source_inputs=("spx_close",),
        warm_up_sessions=0,
        rule_ids=(),
        compute=lambda h: h.spx_close.copy(),
    ),
    Signal(
        name="vvix",
        unit="VVIX points",
        formula="VVIX close",
        source_inputs=("vvix",),
        warm_up_sessions=0,
        rule_ids=(),
        compute=lambda h: h.vvix.copy(),
    ),
    Signal(
        name="vix_rsi_14",
        unit="0 to 100",
        formula="Wilder RSI(14) of VIX close",
        source_inputs=("vix_close",),
        warm_up_sessions=14,
        rule_ids=("R20",),
        compute=lambda h: ind.wilder_rsi(h.vix_close),
    ),
    Signal(
        name="vix_rsi_14_cross_70",
        unit="event",
        formula="vix_rsi_14 above 70, and not above it at the session before",
        source_inputs=("vix_close",),
        warm_up_sessions=15,
        rule_ids=("R20",),
        compute=lambda h: ind.crosses_above(ind.wilder_rsi(h.vix_close), 70.0),
    ),
    Signal(
        name="vix_macd_line",
        unit="VIX points",
        formula="EMA12 - EMA26 of VIX close, each seeded with the mean of its first values",
        source_inputs=("vix_close",),
        warm_up_sessions=25,
        rule_ids=("R21",),
        compute=lambda h: ind.macd(h.vix_close).line,
    ),
    Signal(
        name="vix_macd_signal",
        unit="VIX points",
        formula="EMA9 of vix_macd_line, seeded likewise",
        source_inputs=("vix_close",),
        warm_up_sessions=33,
        rule_ids=("R21",),
        compute=lambda h: ind.macd(h.vix_close).signal,
    ),
    Signal(
        name="vix_macd_histogram",
        unit="VIX points",
        formula="vix_macd_line - vix_macd_signal",
        source_inputs=("vix_close",),
        warm_up_sessions=33,
        rule_ids=("R21",),
        compute=lambda h: ind.macd(h.vix_close).histogram,
    ),
    Signal(
        name="vix_macd_cross_up",
        unit="event",
        formula="vix_macd_histogram above zero, and not above it at the session before",
        source_inputs=("vix_close",),
        warm_up_sessions=34,
        rule_ids=("R21",),
        compute=lambda h: ind.crosses_above(ind.macd(h.vix_close).histogram, 0.0),
    ),
    Signal(
        name="vix_to_mean_20",
        unit="ratio",
        formula="VIX close / mean of the last 20 closes, this one included",
        source_inputs=("vix_close",),
        warm_up_sessions=19,
        rule_ids=("R24",),
        compute=lambda h: ind.ratio(h.vix_close, ind.rolling_mean(h.vix_close, 20)),
    ),
    Signal(
        name="vix_zscore_20",
        unit="standard deviations",
        formula="(VIX close - mean) / sample standard deviation of the last 20 closes, this one included",
        source_inputs=("vix_close",),
        warm_up_sessions=19,
        rule_ids=("R24",),
        compute=lambda h: ind.rolling_zscore(h.vix_close, 20),
    ),
    Signal(
        name="vix_change_20",
        unit="VIX points",
        formula="VIX close - VIX close 20 sessions before",
        source_inputs=("vix_close",),
        warm_up_sessions=20,
        rule_ids=("R24",),
        compute=lambda h: ind.change_over(h.vix_close, 20),
    ),
    Signal(
        name="spx_return_20_pct",
        unit="per cent",
        formula="100 (SPX close / SPX close 20 sessions before - 1)",
        source_inputs=("spx_close",),
        warm_up_sessions=20,
        rule_ids=(),
        compute=lambda h: 100.0 * np.expm1(ind.change_over(np.log(h.spx_close), 20)),
    ),
    Signal(
        name="spx_rsi_14",
        unit="0 to 100",
        formula="Wilder RSI(14) of SPX close",
        source_inputs=("spx_close",),
        warm_up_sessions=14,
        rule_ids=("R25",),
        compute=lambda h: ind.wilder_rsi(h.spx_close),
    ),
    Signal(
        name="vix_to_vix3m",
        unit="ratio",
        formula="VIX close / VIX3M close; above 1, fear is nearer than three months",
        source_inputs=("vix_close", "vix3m"),
        warm_up_sessions=0,
        rule_ids=("R30",),
        compute=lambda h: ind.ratio(h.vix_close, h.vix3m),
    ),
    Signal(
        name="vix9d_to_vix",
        unit="ratio",
        formula="VIX9D close / VIX close",
        source_inputs=("vix9d", "vix_close"),
        warm_up_sessions=0,
        rule_ids=("R30",),
        compute=lambda h: ind.ratio(h.vix9d, h.vix_close),
    ),
    Signal(
        name="net_advances_per_1000",
        unit="issues in 1000",
        formula="1000 (advances - declines) / (advances + declines)",
        source_inputs=("advances", "declines"),
        warm_up_sessions=0,
        rule_ids=("R23",),
        compute=lambda h: ind.net_advances_per_1000(h.advances, h.declines),
    ),
)

SIGNALS: Mapping[str, Signal] = MappingProxyType({signal.name: signal for signal in _SIGNALS})


def compute_signals(history: History, names: Sequence[str]) -> Floats:
    """Signals by name -> (len(names), sessions). Raises ``ConfigError`` with the nearest match for a name that is not listed."""
    result = np.empty((len(names), len(history.sessions)))
    for row, name in enumerate(names):
        signal = SIGNALS.get(name)
        if signal is None:
            raise ConfigError(
                f"unknown signal '{name}'", where="signals", allowed=", ".join(SIGNALS), todo=nearest(name, SIGNALS)
            )
        result[row] = signal.compute(history)
    return result


def signals_table_markdown() -> str:
    """The reference page of all signals, one row each."""
    lines = [
        "# Signals",
        "",
        'The closed list of names that a policy\'s conditions may use (`when = {signal = "vix_rsi_14", above = 70}`).',
        "A name that is not here is refused when the policy is loaded, with the nearest match.",
        "This page is generated from `alvh.market.signals`; a test holds it to the code.",
        "",
        "Every signal uses closes up to and including the session it stands for, never later ones. Its first sessions (the",
        "warm-up) have no value, nor has a session whose input is missing; after a gap the warm-up begins anew. A rule that",
        "meets a session without a value stops the run with the signal and the session named: it is never taken for false.",
        "An event is 1 at the session where it happens and 0 elsewhere: write `above = 0.5`.",
        "",
        "| signal | unit | formula | inputs | warm-up (sessions) | rules |",
        "|---|---|---|---|---|---|",
    ]
    for signal in SIGNALS.values():
        inputs = ", ".join(f"`{name}`" for name in signal.source_inputs)
        rules = ", ".join(signal.rule_ids) or "-"
        lines.append(f"| `{signal.name}` | {signal.unit} | {signal.formula} | {inputs} | {signal.warm_up_sessions} | {rules} |")
    return "\n".join(lines) + "\n"
