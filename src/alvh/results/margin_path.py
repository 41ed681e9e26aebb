"""Margin of a run at every close: condors at their largest loss, options of the hedge at the premium paid, futures at a margin.

Strategy-based rules (methods.md 2.1) with every condor and every layer by itself: condors on one expiry share their worst
settlement value under ``max_intrinsic_loss``, so that a broker who pools them asks for less, never for more. A layer's spread is
a debit spread, whose bought leg covers the sold one: nothing is asked beyond what it cost. A future sold against calls gets no
relief, for the two are cleared apart.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import UsageError
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import Lot
from alvh.market.market import Legs
from alvh.risk.coverage import worst_loss
from alvh.risk.exposure_path import held_pairs
from alvh.risk.margin import requirement_series
from alvh.risk.margin.rules import BROAD_INDEX, MINIMUM_EQUITY_USD, REG_T

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CONVENTION = "condors each at the wider side less the credit received; the hedge's options at the premium paid"
SHARES_CONVENTION = "; shares of funds at the price paid, in full"
FUTURES_CONVENTION = "; futures at an assumed initial margin a contract, without relief"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPath:
    """Dollars at each close, (sessions,).

    ``condor_usd`` is the condors' largest loss after the credit received, ``widths_usd`` the same before any credit.
    ``premium_usd`` is the net premium paid for the hedge's options held, ``futures_usd`` the initial margin of its futures (both
    also by layer, (layers, sessions)); ``requirement_usd`` the three together. ``buying_power_usd`` is equity less the
    requirement at the marks, that is cash less ``widths_usd`` and ``futures_usd``, with the account's minimum; below 0 it is a
    margin call. ``options_exit_usd`` is what the hedge's options would fetch, longs at the bid and shorts at the ask,
    ``debits_due_usd`` what rolling each layer to the premium last paid would cost above that. ``quick_ratio`` is cash and those
    options over ``widths_usd``, ``futures_usd`` and those debits; infinite where nothing is due.
    """

    convention: str
    requirement_usd: Floats
    condor_usd: Floats
    widths_usd: Floats
    premium_usd: Floats
    futures_usd: Floats
    layer_premium_usd: Floats
    layer_futures_usd: Floats
    buying_power_usd: Floats
    options_exit_usd: Floats
    debits_due_usd: Floats
    quick_ratio: Floats

    @property
    def hedge_usd(self) -> Floats:
        """Capital that the hedge ties up: premium and margin."""
        return self.premium_usd + self.futures_usd

    @property
    def layer_usd(self) -> Floats:
        """The same by layer, (layers, sessions)."""
        return self.layer_premium_usd + self.layer_futures_usd


def margin_path(result: BacktestResult) -> MarginPath:
    """Margin of a run of condors and hedge. Raises :class:`UsageError` for a run of an overlay."""
    if result.policy.overlay is not None:
        raise UsageError("an overlay has no condors", where=f"margin of '{result.policy.name}'", allowed="condors and hedge")
    sessions, record = len(result.sessions), result.record
    gross, credit, opened, closed = condor_spans(result)
    widths = requirement_series(gross, opened, closed, sessions).requirement_usd
    condor = requirement_series(np.maximum(gross - credit, 0.0), opened, closed, sessions).requirement_usd
    paid, worth = _options(result)
    margin = futures_margin(result)
    futures = np.asarray(margin.sum(axis=0))
    condor_value = record.equity_unhedged_usd - record.cash_unhedged_usd - record.index_value_usd
    at_marks = widths + condor_value + record.layer_value_usd.sum(axis=0) + futures
    due = np.maximum(paid - worth, 0.0).sum(axis=0)
    liquid, owed = record.cash_hedged_usd + worth.sum(axis=0), widths + futures + due
    none = np.where(liquid >= 0.0, np.inf, -np.inf)
    return MarginPath(
        convention=CONVENTION
        + (SHARES_CONVENTION if any(lot.is_share for lot in result.lots) else "")
        + (FUTURES_CONVENTION if futures.any() else ""),
        requirement_usd=condor + paid.sum(axis=0) + futures,
        condor_usd=condor,
        widths_usd=widths,
        premium_usd=paid.sum(axis=0),
        futures_usd=futures,
        layer_premium_usd=paid,
        layer_futures_usd=margin,
        buying_power_usd=record.equity_hedged_usd - np.maximum(at_marks, MINIMUM_EQUITY_USD),
        options_exit_usd=worth.sum(axis=0),
        debits_due_usd=due,
        quick_ratio=np.asarray(np.divide(liquid, owed, out=none, where=owed > 0.0)),
    )


def condor_spans(result: BacktestResult) -> tuple[Floats, Floats, Ints, Ints]:
    """Greatest intrinsic loss and credit received (dollars), first and end row of the run, of every stretch of every condor.

    A stretch is a run of closes over which the same lots of one condor are held. A short call without its long asks for 15 % of
    the index (Cboe Rule 10.3) instead of the loss that has no end; it occurs where only the long could be sold.
    """
    stop = result.first + len(result.sessions)
    groups: dict[int, list[Lot]] = defaultdict(list)
    for lot in result.lots:
        if lot.layer < 0:
            groups[lot.group].append(lot)
    gross, credit, opened, closed = [], [], [], []
    for lots in groups.values():
        first = [lot.open_index for lot in lots]
        end = [lot.close_index if lot.close_kind else stop for lot in lots]
        for a, b in pairwise(sorted({*first, *end})):
            held = [lot for lot, x, y in zip(lots, first, end, strict=True) if x <= a < y]
            if not any(lot.quantity < 0 for lot in held):
                continue
            usd = np.array([lot.quantity * lot.multiplier_usd for lot in held])
            strike, right = np.array([lot.strike for lot in held]), np.array([lot.right for lot in held])
            loss = worst_loss(strike, right, usd)
            if loss is None:
                loss = BROAD_INDEX.basic * result.market.snapshot(a).spx * -float(usd[right > 0].sum())
            gross.append(loss)
            credit.append(-float(np.dot(usd, [lot.open_price for lot in held])))
            opened.append(a - result.first)
            closed.append(b - result.first)
    return (
        np.array(gross, dtype=np.float64),
        np.array(credit, dtype=np.float64),
        np.array(opened, dtype=np.int64),
        np.array(closed, dtype=np.int64),
    )


def futures_margin(result: BacktestResult) -> Floats:
    """Initial margin of the futures that each layer holds, (layers, sessions) dollars; a layer nets nothing with another."""
    count, layers = len(result.sessions), len(result.policy.hedge.layers)
    margin = np.zeros((layers, count))
    stop = result.first + count
    for lot in result.lots:
        root = lot.future
        if root is not None and lot.layer >= 0:
            end = lot.close_index if lot.close_kind else stop
            margin[lot.layer, lot.open_index - result.first : end - result.first] += (
                abs(lot.quantity) * REG_T.futures[root].initial_usd
            )
    return margin


def _options(result: BacktestResult) -> tuple[Floats, Floats]:
    """Net premium paid for the options that each layer holds, and what they would fetch, (layers, sessions) dollars.

    A spread whose sold leg costs more than its bought leg brings is left to its settlement and fetches nothing.
    """
    count, layers = len(result.sessions), len(result.policy.hedge.layers)
    lots = [lot for lot in result.lots if lot.layer >= 0 and not lot.is_future]
    paid, value = np.zeros((layers, count)), np.zeros((layers, count))
    if not lots:
        return paid, value
    stop = result.first + count
    opened = np.array([lot.open_index for lot in lots], dtype=np.int64)
    ended = np.array([lot.close_index if lot.close_kind else stop for lot in lots], dtype=np.int64)
    which, row = held_pairs(opened, ended)
    usd = np.array([lot.quantity * lot.multiplier_usd for lot in lots])
    price = np.array([lot.open_price for lot in lots])
    layer = np.array([lot.layer for lot in lots])
    series = np.array([lot.series for lot in lots], dtype=np.int64)
    strike, right = np.array([lot.strike for lot in lots]), np.array([float(lot.right) for lot in lots])
    order = np.argsort(row, kind="stable")
    which, row = which[order], row[order]
    side = np.empty(which.size)
    sold = usd < 0.0
    edges = np.flatnonzero(np.diff(row)) + 1
    for a, b in pairwise([0, *edges.tolist(), which.size]):
        chosen = which[a:b]
        quotes = result.market.snapshot(int(row[a])).quote(
            Legs(series=series[chosen], strike=strike[chosen], right=right[chosen])
        )
        side[a:b] = np.where(sold[chosen], quotes.ask, quotes.bid)
    flat = layer[which] * count + row - result.first
    size = layers * count
    paid += np.bincount(flat, weights=(usd * price)[which], minlength=size).reshape(paid.shape)
    value += np.bincount(flat, weights=usd[which] * np.nan_to_num(side), minlength=size).reshape(paid.shape)
    return paid, np.maximum(value, 0.0)
