"""Where the money came from: by sleeve, layer and cause, by revaluation in a stated order, so that it sums.

For each lot and session held: passage of time, then the own forward, then the level of volatility, then the rest of the smile
(shape and rate); at each trade the slippage and the fees; on cash the interest. Settlement is time to the intrinsic value on the
last forward, then the move from there to the settlement value. The second-order Greek explanation stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import iso
from alvh.core.errors import InternalError
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Lot
from alvh.market.market import Legs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CAUSES = ("time", "forward", "vol_level", "smile", "slippage", "fees")
IDENTITY_USD = 0.005
"""No session may be off by more than half a cent."""
ROUNDING = 1e-12
"""Relative rounding of sums over thousands of entries: half a cent of an account of five billion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Daily dollars by sleeve row and cause. Sleeve row 0 is the condor, row 1 + k layer k.

    ``pnl_usd`` (sleeves, causes, sessions); ``greeks_usd`` (sessions,) the Greek explanation of all marks' changes;
    ``identity_error_usd`` is the largest |cash + marks − equity rebuilt|, ``attribution_error_usd`` the largest
    |attribution + interest − change in equity| of either book.
    """

    pnl_usd: Floats
    greeks_usd: Floats
    marks_change_usd: Floats
    max_attribution_error_usd: float
    max_identity_error_usd: float
    unexplained_share: float

    def sleeve_pnl_usd(self, row: int) -> Floats:
        """Daily P&L of one sleeve row, costs included."""
        total: Floats = self.pnl_usd[row].sum(axis=0)
        return total


def attribute(result: BacktestResult) -> Attribution:
    """Attribute a finished run; raises :class:`InternalError` where a session does not add up to half a cent."""
    sessions = len(result.sessions)
    layers = len(result.policy.hedge.layers)
    pnl = np.zeros((layers + 1, len(CAUSES), sessions))
    greeks: Floats = np.zeros(sessions)
    change: Floats = np.zeros(sessions)
    lots = result.lots
    if lots:
        sleeve = np.array([lot.layer + 1 for lot in lots])
        usd = np.array([lot.quantity * lot.multiplier_usd for lot in lots])
        opened = np.array([lot.open_index for lot in lots])
        ended = np.array([lot.close_index if lot.close_kind else result.first + sessions - 1 for lot in lots])
        _costs(result, pnl, sleeve, opened)
        which, before = _held_sessions(opened, ended)
        value = np.array([_settlement_value(result, k) for k in range(len(lots))])
        settle = np.where(before == ended[which] - 1, value[which], np.nan)
        explained = result.market.explain(_legs(lots, which), before, before + 1, settle)
        row = before + 1 - result.first
        flat = (sleeve[which] * len(CAUSES)) * sessions + row
        weight = usd[which]
        size = pnl.size
        for cause, part in enumerate((explained.time, explained.forward, explained.vol_level, explained.smile)):
            pnl += np.bincount(flat + cause * sessions, weights=weight * part, minlength=size).reshape(pnl.shape)
        greeks = np.bincount(row, weights=weight * explained.greeks, minlength=sessions).astype(np.float64)
        change = np.bincount(row, weights=weight * (explained.after - explained.before), minlength=sessions).astype(np.float64)
    residual = float(np.abs(change - greeks).sum())
    total = float(np.abs(change).sum())
    return Attribution(
        pnl_usd=pnl,
        greeks_usd=greeks,
        marks_change_usd=change,
        max_attribution_error_usd=_check_attribution(result, pnl),
        max_identity_error_usd=check_identity(result),
        unexplained_share=residual / total if total > 0.0 else 0.0,
    )


def _held_sessions(opened: Ints, ended: Ints) -> tuple[Ints, Ints]:
    """Pairs (lot, market row) for every row from a lot's opening up to, not including, its end."""
    held = ended - opened
    which = np.repeat(np.arange(len(opened)), held)
    return which, opened[which] + np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)


def _legs(lots: tuple[Lot, ...], which: Ints) -> Legs:
    return Legs(
        series=np.array([lot.series for lot in lots], dtype=np.int64)[which],
        strike=np.array([lot.strike for lot in lots], dtype=np.float64)[which],
        right=np.array([lot.right for lot in lots], dtype=np.float64)[which],
    )


def _settlement_value(result: BacktestResult, k: int) -> float:
    """The value at which a lot settled, NaN where it did not."""
    lot = result.lots[k]
    if lot.close_kind != "settled":
        return float("nan")
    return result.market.settlement(lot.series, lot.close_index).value


def _costs(result: BacktestResult, pnl: Floats, sleeve: NDArray[np.int64], opened: NDArray[np.int64]) -> None:
    for lot, row, index in zip(result.lots, sleeve.tolist(), opened.tolist(), strict=True):
        usd = lot.quantity * lot.multiplier_usd
        pnl[row, 4, index - result.first] -= usd * (lot.open_price - lot.open_mid)
        pnl[row, 5, index - result.first] -= lot.open_fees_usd
        if lot.close_kind == "closed":
            pnl[row, 4, lot.close_index - result.first] -= usd * (lot.close_mid - lot.close_price)
            pnl[row, 5, lot.close_index - result.first] -= lot.close_fees_usd


def _check_attribution(result: BacktestResult, pnl: Floats) -> float:
    """Largest |attribution + interest − change in equity| over sessions and both books, in dollars."""
    record = result.record
    start = result.policy.account.equity_usd
    worst = 0.0
    for equity, interest, sleeves in (
        (record.equity_hedged_usd, record.interest_hedged_usd, pnl.sum(axis=0)),
        (record.equity_unhedged_usd, record.interest_unhedged_usd, pnl[0]),
    ):
        change = np.diff(equity, prepend=start)
        error = np.abs(sleeves.sum(axis=0) + interest - change)
        k = int(np.argmax(error))
        worst = max(worst, float(error[k]))
        if not error[k] <= IDENTITY_USD:  # also where it is NaN
            raise InternalError(f"attribution misses the change in equity by {error[k]:.4f} USD", where=iso(result.sessions[k]))
    return worst


def check_identity(result: BacktestResult) -> float:
    """Largest |cash + marks − equity|: cash and index units rebuilt from the ledger's entries, marks from the lots held.

    Raises :class:`InternalError` where a session does not add up to half a cent, or to 1e-12 of the equity where that is more.
    """
    record, sessions = result.record, len(result.sessions)
    row = np.array([entry.market_row - result.first for entry in result.ledger.entries], dtype=np.int64)
    marks = np.zeros((2, sessions))
    lots = result.lots
    if lots:
        opened = np.array([lot.open_index for lot in lots])
        ended = np.array([lot.close_index if lot.close_kind else result.first + sessions for lot in lots])
        which, at = _held_sessions(opened, ended)
        value = result.market.explain(_legs(lots, which), at, at, np.full(len(at), np.nan)).before
        # a future is worth nothing beside its variation, which is cash already
        held = np.array([0.0 if lot.is_future else lot.quantity * lot.multiplier_usd for lot in lots])
        usd = held[which] * value
        hedge = np.array([lot.layer >= 0 for lot in lots])[which]
        for k in (0, 1):
            chosen = hedge == bool(k)
            marks[k] = np.bincount(at[chosen] - result.first, weights=usd[chosen], minlength=sessions)
    marks[0] += _index_value(result, row)
    worst = 0.0
    for equity, cash, held_value in (
        (record.equity_hedged_usd, [entry.cash_usd for entry in result.ledger.entries], marks.sum(axis=0)),
        (record.equity_unhedged_usd, [entry.cash_unhedged_usd for entry in result.ledger.entries], marks[0]),
    ):
        flows = np.bincount(row, weights=np.array(cash), minlength=sessions) if len(row) else np.zeros(sessions)
        error = np.abs(result.policy.account.equity_usd + np.cumsum(flows) + held_value - equity)
        k = int(np.argmax(error))
        worst = max(worst, float(error[k]))
        if not error[k] <= max(IDENTITY_USD, ROUNDING * abs(equity[k])):  # also where it is NaN
            raise InternalError(f"cash and marks miss equity by {error[k]:.4f} USD", where=iso(result.sessions[k]))
    return worst


def _index_value(result: BacktestResult, row: Ints) -> Floats:
    """Value of the index units held at each close, from the ledger's index trades; ``row`` is each entry's session."""
    traded = np.array([entry.quantity if entry.kind == "index" else 0.0 for entry in result.ledger.entries])
    if not traded.any():
        return np.zeros(len(result.sessions))
    units = np.cumsum(np.bincount(row, weights=traded, minlength=len(result.sessions)))
    close = np.array([result.market.snapshot(result.first + k).spx for k in range(len(units))])
    return np.asarray(units * close)
