"""What the hedge held, session by session (R36): units by layer, and the share of sessions at which anything was held."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.engine.backtest import BacktestResult
from alvh.results.rule_acts import RuleActs
from alvh.strategy.rule_policy import ActionKind

Ints = NDArray[np.int64]


def units_held(result: BacktestResult) -> Ints:
    """Units that count in each layer at each close, (layers, sessions): contracts of its bought leg, long futures, or of a fund
    the dollars that were bought.

    A stranded lot counts no more from the close at which it found no bid.
    """
    layers, count = len(result.policy.hedge.layers), len(result.sessions)
    stranded = {entry.lot: entry.market_row for entry in result.ledger.entries if entry.kind == "strand"}
    change = np.zeros((layers, count + 1), dtype=np.int64)
    for lot in result.lots:
        if lot.layer < 0 or lot.quantity < 0:
            continue
        end = lot.close_index if lot.close_kind else result.first + count
        end = min(end, stranded.get(lot.lot_id, end))
        change[lot.layer, lot.open_index - result.first] += lot.quantity
        change[lot.layer, end - result.first] -= lot.quantity
    return np.asarray(np.cumsum(change, axis=1)[:, :-1])


def presence_document(result: BacktestResult, acts: RuleActs | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Keys for the part ``hedge``, and for each of its layers: shares of sessions, activations and stand-downs.

    Where a layer is not always held: how often rules switched layers on and off, None for a run that was not watched.
    """
    held = units_held(result) > 0
    layers: list[dict[str, Any]] = [{"sessions_held_share": float(row.mean())} for row in held]
    whole: dict[str, Any] = {"sessions_held_share": float(held.any(axis=0).mean()) if len(held) else 0.0}
    if all(result.policy.hedge.always_held):
        return whole, layers
    counted: tuple[tuple[str, ActionKind], ...] = (("activations", "activate"), ("stand_downs", "stand_down"))
    for key, kind in counted:
        counts = None if acts is None else acts.by_layer(kind)
        whole[key] = None if counts is None else sum(counts)
        for k, layer in enumerate(layers):
            layer[key] = None if counts is None else counts[k]
    return whole, layers
