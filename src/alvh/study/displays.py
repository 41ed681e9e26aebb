"""Displays without action: differentials and the exchange rate (R29), the term structure (R30), rate spikes (R38).

Each figure is as it was known at the close of one session. What no file holds is named, never filled in.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso
from alvh.market import press
from alvh.market.history import History
from alvh.market.signal_curve import vx_ranks
from alvh.market.signals import compute_signals, find_signal, missing_input

Floats = NDArray[np.float64]

SCHEMA: Final = "alvh.displays/1"
RATE_SPIKE_BP: Final = 40.0
"""R38's threshold is unpublished; ours is passed at one close in sixteen since 1990."""
FX_SCORE: Final = 1.0
"""R29's threshold of the exchange rate's move, standard deviations of its changes; ours."""
LONGEST_RANK: Final = 9
"""VX lists nine monthly contracts."""
DIFFERENTIALS: Final = ("curve_3m10y_bp", "vx_funding_pct", "vx_roll_yield_pct", "fx_change_20_pct", "fx_zscore")
TERM_STRUCTURE: Final = ("vx_front", "vx_front_to_vix", "vx_slope_1_2", "vx_slope_1_4", "vix9d_to_vix", "vix_to_vix3m")
RATE_CHANGE: Final = "dgs10_change_20_bp"


def signal_row(history: History, row: int, name: str) -> dict[str, Any]:
    """One signal at the close of ``row``, and the share of its values up to there that lie below it.

    ``missing`` says why there is no value: the file that it waits for, or that this session has none.
    """
    signal, values = find_signal(name), compute_signals(history, [name])[0]
    value = float(values[row])
    document = {"signal": name, "unit": signal.unit, "formula": signal.formula, "rules": list(signal.rule_ids)}
    known = np.flatnonzero(np.isfinite(values[: row + 1]))
    if np.isnan(value):
        file = missing_input(history, name)
        last = (
            f"its last one is of {iso(history.sessions[known[-1]])}" if known.size else "it warms up, or its source begins later"
        )
        why = f"no file holds {file}" if file is not None else f"no value at this session, {last}"
        return document | {"value": None, "below_share": None, "since": None, "missing": why}
    return document | {
        "value": value,
        "below_share": float((values[known] < value).mean()),
        "since": iso(history.sessions[known[0]]),
        "missing": None,
    }


def vx_curve(history: History, row: int) -> list[dict[str, Any]]:
    """Settlements of the monthly VX contracts at the close of ``row``, nearest first, as far as they are known without a gap."""
    found = []
    for rank in range(1, LONGEST_RANK + 1):
        settle, expiry = (float(values[row]) for values in vx_ranks(history, rank))
        if np.isnan(settle) or np.isnan(expiry):
            break
        days = int(expiry) - int(history.sessions[row])
        found.append({"rank": rank, "expiry": iso(int(expiry)), "days": days, "settle": settle})
    return found


def shape(curve: list[dict[str, Any]], vix: float) -> str | None:
    """R30 in a word, from spot over the nearest two monthlies; None where they are not known."""
    if len(curve) < 2:
        return None
    first, second = float(curve[0]["settle"]), float(curve[1]["settle"])
    if vix < first < second:
        return "contango"
    return "backwardation" if vix > first > second else "mixed"


def rate_spike(history: History, row: int, threshold_bp: float) -> dict[str, Any]:
    """R38: whether the 10-year yield rose by more than the threshold in 20 sessions, and since when."""
    document = signal_row(history, row, RATE_CHANGE) | {"threshold_bp": threshold_bp}
    values = compute_signals(history, [RATE_CHANGE])[0]
    if document["missing"] is not None:
        return document | {"rate_spike": None, "began": None}
    above = values[: row + 1] > threshold_bp
    calm = np.flatnonzero(~above)
    first = int(calm[-1]) + 1 if calm.size else 0
    return document | {"rate_spike": bool(above[row]), "began": iso(history.sessions[first]) if above[row] else None}


def last_spike_label(history: History, row: int, threshold: float) -> dict[str, Any]:
    """R29: whether the last spike of VIX that was told came after a move of the dollar's exchange rate (external).

    The move is the score of the last release known at the spike's foot, up or down, against ``threshold``.
    """
    states = press.press_states(history.vix_close)
    began = states.began[: row + 1]
    if not (began >= 0).any():
        return {"label": None, "missing": "no expansion of VIX was told in this history"}
    onset = int(began.max())
    foot = int(states.foot[onset])
    document: dict[str, Any] = {
        "told": iso(history.sessions[onset]),
        "foot": iso(history.sessions[foot]),
        "vix_foot": float(history.vix_close[foot]),
        "vix_told": float(history.vix_close[onset]),
        "threshold_deviations": threshold,
    }
    move = signal_row(history, foot, "fx_zscore")
    if move["missing"] is not None:
        return document | {"fx_zscore": None, "label": None, "missing": move["missing"]}
    external = abs(move["value"]) > threshold
    return document | {"fx_zscore": move["value"], "label": "external" if external else "domestic", "missing": None}


def topping_rows(history: History, row: int) -> list[dict[str, Any]]:
    """R66's topping state at the close of ``row`` for every breadth universe; the NYSE's is named missing where there is none."""
    rows = []
    for universe in sorted(history.breadth) or ["nyse"]:
        found = signal_row(history, row, f"topping_{universe}")
        value = found["value"]
        rows.append({"universe": universe, "topping": None if value is None else value > 0.5, "missing": found["missing"]})
    return rows


def displays_document(history: History, row: int, *, rate_spike_bp: float, fx_score: float) -> dict[str, Any]:
    """R29, R30, R38 and the topping state at the close of ``row`` of a history as its files gave it, JSON-ready."""
    curve = vx_curve(history, row)
    return {
        "schema": SCHEMA,
        "session": iso(history.sessions[row]),
        "spx": float(history.spx_close[row]),
        "vix": float(history.vix_close[row]),
        "differentials": [signal_row(history, row, name) for name in DIFFERENTIALS],
        "last_spike": last_spike_label(history, row, fx_score),
        "term_structure": {
            "vx_curve": curve,
            "shape": shape(curve, float(history.vix_close[row])),
            "signals": [signal_row(history, row, name) for name in TERM_STRUCTURE],
        },
        "rate_spike": rate_spike(history, row, rate_spike_bp),
        "topping": topping_rows(history, row),
    }
