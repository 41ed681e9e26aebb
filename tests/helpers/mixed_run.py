"""One run on the embedded sample whose layers hold every instrument, are locked by a rule, and are paid for by gains."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from alvh.app.wiring import BacktestOutput, run_backtest
from alvh.core.contracts import Root
from alvh.market.positions import NOT_OPENED, Positions
from alvh.results.through_time import lots_of

MIXED = """
schema = 1
extends = "alvh-442"
name = "mixed"
description = "every instrument once"

[account]
equity_usd = 10_000_000

[[hedge.layer]]
name = "mid"
instrument = "vix_call_spreads"

[[hedge.layer]]
name = "back"
instrument = "vx_futures"
ratio = 0.5
min_dte = 30
max_dte = 90

[[hedge.layer]]
name = "puts"
instrument = "spx_put_spreads"
ratio = 0.5
min_dte = 30
max_dte = 60
strike = {kind = "delta", delta = 0.20}
short_strike = {kind = "delta", delta = 0.05}
roll = {kind = "every_days", days = 21}

[[hedge.layer]]
name = "reserve"
ratio = 2
min_dte = 30
max_dte = 90
funded_by = "gains"
roll = {kind = "every_days", days = 7}

[[rule]]
name = "lock"
rule_id = "R70"
when = {signal = "vix", above = 24}
then = {kind = "lock_synthetic", layers = ["front"]}
repeat = "once_an_episode"

[[rule]]
name = "cash-in"
rule_id = "R41"
when = {signal = "vix", above = 30}
then = {kind = "close_layers", layers = ["mid"], fraction_pct = 50}
repeat = "once_an_episode"
"""


def mixed_run(
    folder: Path, text: str = MIXED, *, start: date = date(2018, 1, 3), end: date = date(2018, 6, 29)
) -> BacktestOutput:
    """Run a policy text on the sample."""
    file = folder / "mixed.toml"
    file.write_text(text, encoding="utf-8")
    return run_backtest(file, data="sample", start=start, end=end, price_range=False)


def book_at(output: BacktestOutput, row: int) -> Positions:
    """The lots held at a close of the run, as a book; condors keep their opening day apart, as the margin path does."""
    result = output.result
    lots, table = lots_of(result), result.market.series
    held = np.flatnonzero((lots.opened <= result.first + row) & (lots.ended > result.first + row))
    chosen = [result.lots[k] for k in held.tolist()]
    days = result.market.sessions
    return Positions(
        root=tuple((lot.future or Root.VX) if lot.is_future else table.roots[lot.series] for lot in chosen),
        expiry=table.expiry[lots.series[held]],
        strike=np.array([np.nan if lot.is_future else lot.strike for lot in chosen]),
        right=lots.right[held].astype(np.int64),
        quantity=np.array([float(lot.quantity) for lot in chosen]),
        opened=np.array([int(days[lot.open_index]) if lot.layer < 0 else NOT_OPENED for lot in chosen], dtype=np.int64),
        open_price=np.array([lot.open_price for lot in chosen]),
        sleeve=tuple("condor" if lot.layer < 0 else "hedge" for lot in chosen),
        layer=tuple("" if lot.layer < 0 else f"{lot.layer}" for lot in chosen),
    )
