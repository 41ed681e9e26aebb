"""The published instant stress (methods.md 8.3) again with the product's own surfaces and response, one difference at a time.

Run: ``python benchmarks/stress_tables.py``; with ``../shared/market`` beside the repository also what the index family and the
VX curve did for VIX in each episode. The tables stand in docs/explanation/stress.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.helpers import stated_stress as table
from tests.helpers.history import make_history
from tests.helpers.stress_books import Row, positions_of

from alvh.core.contracts import Root
from alvh.data.load import load_history
from alvh.market.scenarios import SPX_TENOR_BETAS, Response
from alvh.market.series import SeriesTable
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.spx_surface import INDEX_TO_ATM
from alvh.models.stand_ins import fill_missing
from alvh.risk.episodes import EPISODES, INDEX_FAMILY, measure
from alvh.risk.stress import stress

INDEX = 39
FAMILY = {"vix9d": 19.4, "vix_close": 20.0, "vix3m": 21.8, "vix6m": 22.8}
"""VIX3M / VIX 1.09 at VIX 18-22 (methods.md 4.5); the others by the same slope of the curve."""
VVIX, SKEW = 97.0, 130.0
PARALLEL = (1.0, 1.0, 1.0, 1.0)


def stated_market() -> ModelMarket:
    """The product's market at SPX 6000, VIX 20 and the published VX curve, expiries on the published days."""
    history = make_history(INDEX + 1, start="2023-03-06")
    at = np.arange(INDEX + 1) == INDEX
    values = FAMILY | {
        "spx_close": table.SPOT,
        "vvix": VVIX,
        "skew": SKEW,
        "bill_rate": table.RATE,
        "dividend_yield": table.DIVIDENDS,
    }
    history = replace(history, **{name: np.where(at, value, getattr(history, name)) for name, value in values.items()})
    session = int(history.sessions[INDEX])
    columns = {name: getattr(table.SERIES, name) + session for name in ("expiry", "last_trade", "settlement_session")}
    am = np.array([False, False, False, False])
    series: SeriesTable = replace(table.SERIES, am=am, listed_from=np.zeros(4, dtype=np.int64), **columns)
    return model_market(history, series, np.tile(np.array(table.CURVE), (INDEX + 1, 1)))


def shifted(market: ModelMarket, rows: list[Row]) -> list[Row]:
    session = int(market.history.sessions[INDEX])
    return [(root, session + days, *rest) for root, days, *rest in rows]  # type: ignore[misc]


def own_strikes(market: ModelMarket, days: int, right: int, delta: float, step: float) -> float:
    """The strike on a grid nearest a forward delta of the product's smile."""
    snapshot = market.snapshot(INDEX)
    row = int(np.flatnonzero(market.series.expiry == snapshot.session + days)[0])
    listed = snapshot.slice(row, right)
    strike = np.interp(delta, *(np.sort(listed.delta), listed.strikes[np.argsort(listed.delta)]))
    return float(round(strike / step) * step)


def cells(market: ModelMarket, rows: list[Row], response: Response) -> np.ndarray:
    return stress(market.snapshot(INDEX), market.series, positions_of(shifted(market, rows)), table.moves(), response).pnl_usd


def published(rows: list[Row]) -> np.ndarray:
    snapshot: Any = table.StatedSnapshot()
    return stress(snapshot, table.SERIES, positions_of(rows), table.moves(), table.RESPONSE).pnl_usd


def line(name: str, values: np.ndarray) -> str:
    return f"| {name} | " + " | ".join(f"{value:,.0f}" for value in values) + " |"


def print_books(market: ModelMarket) -> None:
    stated = replace(table.RESPONSE, spx_tenor_beta=PARALLEL)
    print("| dollars per $100k of index notional | " + " | ".join(f"{100 * m:+g} %, {v:+g}" for m, v in table.MOVES) + " |")
    print("|" + "---|" * (len(table.MOVES) + 1))
    own: Callable[[int, float], float] = lambda right, delta: own_strikes(market, table.CONDOR_DAYS, right, delta, 5.0)  # noqa: E731
    wings = (own(-1, 0.05), own(-1, 0.16), own(1, 0.16), own(1, 0.05))
    for name, strikes, ours in (
        ("16/5", table.CONDOR_16_5, wings),
        ("50 wide", table.CONDOR_50, (wings[1] - 50.0, wings[1], wings[2], wings[2] + 50.0)),
    ):
        rows = table.condor(strikes)
        text = "/".join(f"{strike:g}" for strike in ours)
        print(line(f"condor {name}, published inputs", published(rows) / 6.0))
        print(line("… our smile, same strikes and response", cells(market, rows, stated) / 6.0))
        print(line("… each tenor by its own beta", cells(market, rows, replace(stated, spx_tenor_beta=SPX_TENOR_BETAS)) / 6.0))
        print(line(f"… own strikes {text}", cells(market, table.condor(ours), Response()) / 6.0))
        print(line("… the same by skew-stickiness 1.5", cells(market, table.condor(ours), Response(spx_dynamic="ssr")) / 6.0))
        print(line("… the same by sticky strike", cells(market, table.condor(ours), Response(spx_dynamic="sticky_strike")) / 6.0))
    for delta, strikes in table.LADDERS.items():
        rows = table.ladder(strikes)
        mine = tuple(own_strikes(market, days, 1, delta / 100.0, 0.5) for days in table.LAYER_DAYS)
        print(line(f"ladder {delta}-delta, published inputs", published(rows)))
        print(line("… our VIX smile, same strikes and betas", cells(market, rows, stated)))
        text = "/".join(f"{strike:g}" for strike in mine)
        print(line(f"… own strikes {text}, our betas", cells(market, table.ladder(mine), Response())))


def print_family(folder: Path) -> None:
    history = fill_missing(load_history(folder, start=date(2007, 1, 3)).history)[0]
    print("\n| episode | VIX points | ATM at 9, 93, 184 days per point at 30 | VX points at 30, 60, 90, 120 days per VIX point |")
    print("|---|---|---|---|")
    kept = []
    for episode in EPISODES:
        move = measure(history, *episode)
        if move.missing:
            continue
        ratio = move.index_points / INDEX_TO_ATM / (move.vix_points / INDEX_TO_ATM[1])
        curve = move.curve_points[[3, 6, 9, 12]] / move.vix_points
        kept.append(np.concatenate([ratio[[0, 2, 3]], curve]))
        text = ["–" if np.isnan(value) else f"{value:.2f}" for value in kept[-1]]
        print(f"| {move.name} | {move.vix_points:+.1f} | {', '.join(text[:3])} | {', '.join(text[3:])} |")
    middle = np.nanmedian(np.array(kept), axis=0)
    print(f"| median | | {', '.join(f'{v:.2f}' for v in middle[:3])} | {', '.join(f'{v:.2f}' for v in middle[3:])} |")
    _print_windows(history)
    _print_elasticities(load_history(folder, start=date(1992, 12, 1)).history)


def _print_windows(history: Any) -> None:
    """Slopes through nothing of the family on VIX, and how far three rules miss, over windows of 1, 5 and 21 sessions."""
    first = int(np.searchsorted(history.sessions, 14_976))  # VIX9D begins on 2011-01-04
    values = [getattr(history, name)[first:] for name in INDEX_FAMILY]
    log_spx = np.log(history.spx_close[first:])
    skew = -0.26 / np.sqrt(np.array([9.0, 30.0, 93.0, 184.0]) / 365.0)  # slope of the mean shape, d - B mu / sqrt(mu^2 + s^2)
    print(
        "\n| sessions | index | slope on VIX | rms miss: own beta | parallel | skew-stickiness 1.5 |\n|---|---|---|---|---|---|"
    )
    for n in (1, 5, 21):
        move = log_spx[n:] - log_spx[:-n]
        change = [value[n:] - value[:-n] for value in values]
        for k in (0, 2, 3):
            known = np.isfinite(change[k] + change[1])
            x, y = change[1][known], change[k][known]
            ours = SPX_TENOR_BETAS[k] * INDEX_TO_ATM[k] / INDEX_TO_ATM[1]
            parallel = x * INDEX_TO_ATM[k] / INDEX_TO_ATM[1]
            sticky = parallel + 1.5 * (skew[k] - skew[1]) * 100.0 * move[known] * INDEX_TO_ATM[k]
            miss = [float(np.sqrt(np.mean((y - guess) ** 2))) for guess in (ours * x, parallel, sticky)]
            text = " | ".join(f"{value:.2f}" for value in miss)
            print(f"| {n} | {INDEX_FAMILY[k].upper()} | {float(x @ y / (x @ x)):.2f} (rule {ours:.2f}) | {text} |")


def _print_elasticities(history: Any) -> None:
    """ln VIX over ln SPX where SPX fell by more than 3 % within 21 sessions, since 1993."""
    first = int(np.searchsorted(history.sessions, 8_401))  # 1993-01-01
    spx, vix = np.log(history.spx_close[first:]), np.log(history.vix_close[first:])
    move, answer = spx[21:] - spx[:-21], vix[21:] - vix[:-21]
    fell = move < -0.03
    found = np.percentile(answer[fell] / move[fell], [10, 25, 50, 75, 90])
    print(f"\n{int(fell.sum())} windows; ln VIX / ln SPX at 10, 25, 50, 75, 90 %: " + ", ".join(f"{v:.1f}" for v in found))


def main() -> int:
    assert table.SERIES.roots[0] == Root.SPXW
    print_books(stated_market())
    folder = Path(__file__).resolve().parents[2] / "shared" / "market"
    if folder.is_dir():
        print_family(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
