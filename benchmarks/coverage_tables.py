"""Coverage and cost of 4/4/2 under the inputs of methods.md 8, then under the product's (docs/explanation/vega-and-beta.md).

Run: ``python -m benchmarks.coverage_tables [--data DIR] [--write]``, or with ``--only`` stated, betas, product or book. Prints
Markdown; ``--write`` puts it into the page. *stated*: the published tables again. *betas*: measured betas. *product*: the same
tables on sessions whose VIX is near 15, 20 and 30, with inputs exchanged one group after another. *book*: the default book.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from benchmarks.coverage_book import book_tables
from tests.helpers import ladder as table
from tests.helpers import stated_market as stated

from alvh.core.contracts import Root
from alvh.core.days import to_date, to_day
from alvh.data.load import load_history
from alvh.market.forwards import vix_forwards
from alvh.market.history import Floats, History
from alvh.market.market import Legs
from alvh.market.series import SeriesTable
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.stand_ins import fill_missing
from alvh.models.vx_curve import curve_points, ewma
from alvh.results.files import write_text_atomic
from alvh.risk.betas import (
    TENOR_DAYS,
    RollingBetas,
    TenorBetas,
    TenorChanges,
    constant_maturity,
    regime_betas,
    rolling_betas,
    sample_betas,
    tenor_changes,
)
from alvh.risk.costs import hedge_cost
from alvh.risk.coverage import coverage, notional
from alvh.risk.exposures import exposures

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "vega-and-beta.md"
BEGIN, END = "<!-- tables of benchmarks/coverage_tables.py: begin -->", "<!-- tables of benchmarks/coverage_tables.py: end -->"
LEVELS, DELTAS = (15, 20, 30), (0.30, 0.20, 0.15, 0.10)
NEAR = 0.5
"""VIX points around a level within which a session stands for it."""
MOST_SESSIONS = 60
STUDY = (date(2013, 5, 1), date(2025, 3, 31))
"""The span of methods.md 0.1 and of its average curves."""
STATED_BETAS = TenorBetas.stated([30.0, 60.0, 90.0], list(table.BETAS), label="methods.md 8.2")
STEPS = ("as stated", "VX curve", "VIX vols", "SPX surface, rates", "measured betas")
FIGURES = (
    "premium USD", "decay %", "futures USD", "beta USD", "net vega", "short vega", "credit",
    "A1 %", "A2 %", "A3 %", "A cost %", "50w cover %", "50w cost %", "B %", "B cost %", "premium/risk %", "beta error %",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A history with exactly 30, 60, 90 and 45 days to expiry on the sessions that stand for a level."""

    market: ModelMarket
    betas: RollingBetas
    rows: dict[int, list[int]]
    first_series: dict[int, tuple[int, int]]


def monthly_changes(history: History, tenor_days: Sequence[float] = TENOR_DAYS) -> TenorChanges:
    vx = history.vx
    forwards = vix_forwards(history, expiry=vx.expiry, monthly=vx.monthly, curve_points=curve_points(history.vix_close))
    return tenor_changes(
        forwards, sessions=history.sessions, expiry=vx.expiry, monthly=vx.monthly, vix=history.vix_close, tenor_days=tenor_days
    )


def build_study(history: History) -> Study:
    """The product's market with a series table of its own: constant tenors on each chosen session."""
    inside = (history.sessions >= to_day(STUDY[0])) & (history.sessions <= to_day(STUDY[1]))
    rows = {}
    for level in LEVELS:
        found = np.flatnonzero(inside & (np.abs(history.vix_close - level) <= NEAR))
        rows[level] = found[:: max(len(found) // MOST_SESSIONS, 1)].tolist()
    chosen = [row for level in LEVELS for row in rows[level]]
    days = history.sessions[chosen]
    spx, vix = days + table.CONDOR_DAYS, (days[:, None] + np.array(table.LAYER_DAYS)).ravel()
    expiry = np.concatenate([spx, vix])
    n = len(expiry)
    series = SeriesTable(
        roots=(Root.SPXW,) * len(spx) + (Root.VIX,) * len(vix),
        is_vix=np.arange(n) >= len(spx),
        expiry=expiry,
        am=np.zeros(n, dtype=np.bool_),
        monthly=np.zeros(n, dtype=np.bool_),
        listed_from=np.zeros(n, dtype=np.int64),
        last_trade=expiry,
        settlement_session=expiry,
    )
    forwards = vix_forwards(
        history,
        expiry=vix,
        monthly=np.zeros(len(vix), dtype=np.bool_),
        curve_points=curve_points(history.vix_close, ewma(history.vix_close)),
    )
    first = {row: (k, len(spx) + 3 * k) for k, row in enumerate(chosen)}
    return Study(
        market=model_market(history, series, forwards.forward),
        betas=rolling_betas(monthly_changes(history)),
        rows=rows,
        first_series=first,
    )


def session_market(study: Study, row: int, level: int, step: int) -> stated.StatedSnapshot:
    """The stated inputs with the first ``step`` groups exchanged for the product's of one session; SPX is scaled to 6000."""
    base = stated.published_market(level)
    snapshot, (spx_series, vix_series) = study.market.snapshot(row), study.first_series[row]
    scale = snapshot.spx / table.SPOT
    of = (spx_series, vix_series, vix_series + 1, vix_series + 2)
    own = np.array([snapshot.future(k)[0] for k in of])
    own[0] /= scale

    def vols(k: int, strikes: Floats, forward: float, years: float) -> Floats:
        if step < (3 if k == 0 else 2):
            return base.vol(k, strikes, forward, years)
        legs = Legs(series=np.full(strikes.size, of[k]), strike=strikes * (scale if k == 0 else 1.0), right=np.ones(strikes.size))
        return np.asarray(snapshot.greeks(legs)[6])

    forward = np.where(np.arange(4) == 0, step >= 3, step >= 1)
    return replace(
        base,
        vix=snapshot.vix if step >= 1 else base.vix,
        forward=np.where(forward, own, base.forward),
        rate=float(study.market.bill_rate[row]) if step >= 3 else base.rate,
        vol=vols,
    )


def condor_strikes(market: stated.StatedSnapshot, wing: float | None) -> tuple[float, float, float, float]:
    """16-delta shorts and 5-delta or fixed wings by the spot delta (the published rule)."""
    carry = np.exp(-table.DIVIDEND_YIELD * table.CONDOR_DAYS / 365.0)

    def nearest(right: int, delta: float) -> float:
        found = market.slice(0, right)
        return float(found.strikes[np.argmin(np.abs(found.delta * carry - delta))])

    put, call = nearest(-1, 0.16), nearest(1, 0.16)
    if wing is not None:
        return put - wing, put, call, call + wing
    return nearest(-1, 0.05), put, call, nearest(1, 0.05)


def figures(market: stated.StatedSnapshot, betas: TenorBetas, delta: float) -> Floats:
    """The figures of :data:`FIGURES` for one market and delta, per $100,000 of index notional, B per $100,000 of largest loss."""
    strikes = stated.published_strikes(market, delta, chosen="published")
    parts = {}
    for wing in (None, 50.0):
        condor = condor_strikes(market, wing)
        book = stated.published_book(strikes, condor, condors=table.NOTIONAL_USD / (100.0 * table.SPOT))
        found = exposures(market, book, market.series, betas)
        base = notional(found)
        parts[wing] = found, coverage(found), hedge_cost(market, book, market.series, base), base
    found, cover, cost, base = parts[None]
    _, wide, wide_cost, _ = parts[50.0]
    of_risk = (base.risk_capital_usd or np.nan) / table.NOTIONAL_USD
    condor_sums = found.by_sleeve()["condor"]
    values = [
        cost.premium_usd, 100.0 * (cost.decay_of_index or np.nan), cover.hedge_naive_usd_per_vix_point,
        cover.hedge_adjusted_usd_per_vix_point, 6.0 * condor_sums["spx_vega_usd_per_vol_point"],
        6.0 * condor_sums["spx_short_vega_usd_per_vol_point"], 6.0 * base.credit_usd,
        *(100.0 * (part or np.nan) for part in (cover.net_naive, cover.net_adjusted, cover.short_adjusted, cost.decay_of_credit)),
        100.0 * (wide.net_adjusted or np.nan), 100.0 * (wide_cost.decay_of_credit or np.nan),
        100.0 * (cover.net_adjusted or np.nan) * of_risk, 100.0 * (cost.decay_of_credit or np.nan) * of_risk,
        100.0 * (cost.premium_of_risk_capital or np.nan),
        100.0 * cover.hedge_error_usd_per_vix_point / cover.net_vega_usd_per_vol_point,
    ]  # fmt: skip
    return np.array(values)


def row_text(name: str, values: Floats) -> str:
    cells = [f"{value:,.2f}" if key == "decay %" else f"{value:,.1f}" if abs(value) < 20 else f"{value:,.0f}"
             for key, value in zip(FIGURES, values.tolist(), strict=True)]  # fmt: skip
    return f"| {name} | " + " | ".join(cells) + " |"


def header(name: str) -> str:
    return f"| {name} | " + " | ".join(FIGURES) + " |\n|" + "---|" * (len(FIGURES) + 1)


def stated_tables() -> None:
    print("### Stated inputs\n")
    print(header("VIX, delta"))
    for level in LEVELS:
        for delta in DELTAS:
            print(row_text(f"{level}, {100 * delta:g}", figures(stated.published_market(level), STATED_BETAS, delta)))


def beta_tables(history: History) -> None:
    changes = monthly_changes(history)
    days = changes.sessions
    print("\n### Measured betas (error)\n")
    print("| sample | " + " | ".join(f"{tenor:g} d" for tenor in TENOR_DAYS) + " | changes |\n|" + "---|" * (len(TENOR_DAYS) + 2))
    parts = []
    for first, last in (STUDY, (date(2007, 1, 3), date(2026, 12, 31)), (date(2007, 1, 3), date(2012, 12, 31)),
                        (date(2013, 1, 1), date(2019, 12, 31)), (date(2020, 1, 1), date(2026, 12, 31))):  # fmt: skip
        chosen = (days >= to_day(first)) & (days <= to_day(last))
        known = days[chosen & np.isfinite(changes.forward_change).all(axis=1)]
        label = f"{to_date(known[0]):%Y-%m} to {to_date(known[-1]):%Y-%m}"
        parts.append(sample_betas(changes, chosen=chosen, label=label))
    for part in (*parts, *regime_betas(changes)):
        cells = [f"{b:.3f} ({e:.3f})" for b, e in zip(part.beta.tolist(), part.error.tolist(), strict=True)]
        print(f"| {part.label} | " + " | ".join(cells) + f" | {int(part.observations[0])} |")
    print(
        "\n| window | 30-day beta: mean | sd | median error | lowest | highest | windows with a beta below zero |\n|" + "---|" * 7
    )
    since = days >= to_day(date(2008, 1, 2))
    for window in (40, 63, 126, 252, 504):
        made = rolling_betas(changes, window_sessions=window)
        thirty, error = made.beta[since, 1], made.error[since, 1]
        known = np.isfinite(thirty)
        below = 100.0 * np.mean((made.beta[since] < 0.0).any(axis=1))
        print(f"| {window} | {thirty[known].mean():.3f} | {thirty[known].std():.3f} | {np.median(error[known]):.3f} |"
              f" {thirty[known].min():.2f} | {thirty[known].max():.2f} | {below:.1f} % |")  # fmt: skip
    horizon_betas(history)
    contract_betas(history)


def horizon_betas(history: History) -> None:
    """Slopes on changes over several sessions: what settles at another minute than VIX, or follows it late, shows here."""
    vx = history.vx
    forwards = vix_forwards(history, expiry=vx.expiry, monthly=vx.monthly, curve_points=curve_points(history.vix_close))
    level = constant_maturity(
        forwards, sessions=history.sessions, expiry=vx.expiry, monthly=vx.monthly, vix=history.vix_close, tenor_days=TENOR_DAYS
    )
    since = int(np.searchsorted(history.sessions, to_day(date(2007, 1, 3))))
    print(
        "\n| change over sessions | "
        + " | ".join(f"{tenor:g} d" for tenor in TENOR_DAYS)
        + " |\n|"
        + "---|" * (len(TENOR_DAYS) + 1)
    )
    for span in (1, 2, 5, 21):
        x, cells = (history.vix_close[span:] - history.vix_close[:-span])[since:], []
        for column in (level[span:] - level[:-span])[since:].T:
            known = np.isfinite(column)
            cells.append(f"{np.polyfit(x[known], column[known], 1)[0]:.3f}")
        print(f"| {span} | " + " | ".join(cells) + " |")


def contract_betas(history: History) -> None:
    """Single contracts, not constant maturities: daily change of one monthly on that of VIX, by days to expiry."""
    monthly = np.flatnonzero(history.vx.monthly)
    settle, expiry = history.vx.settle[:, monthly], history.vx.expiry[monthly]
    change = np.diff(settle, axis=0, prepend=np.nan)
    vix = np.diff(history.vix_close, prepend=np.nan)
    dte = expiry[None, :] - history.sessions[:, None]
    since = (history.sessions >= to_day(date(2007, 1, 3)))[:, None]
    print("\n| days to expiry of a single contract | beta | changes |\n|---|---|---|")
    for low, high in ((1, 4), (4, 8), (8, 12), (12, 18), (18, 25), (25, 35), (55, 65), (85, 95), (115, 125)):
        row, column = np.nonzero((dte >= low) & (dte < high) & np.isfinite(change) & since & np.isfinite(vix)[:, None])
        x, y = vix[row], change[row, column]
        x = x - x.mean()
        print(f"| {low}-{high - 1} | {x @ y / (x @ x):.3f} | {len(x)} |")


INPUTS = (
    "F30", "F60", "F90", "VIX vol 30", "60", "90", "at x=1 over atm", "SPX atm", "16-delta put", "call", "5-delta put", "call",
    "beta 30", "60", "90",
)  # fmt: skip


def inputs(market: stated.StatedSnapshot, betas: TenorBetas) -> Floats:
    """Points, vol in %, SPX vols over at-the-money vol at 45 days."""
    atm = market.vols(Legs(series=np.arange(4), strike=market.forward, right=np.ones(4)))
    years = table.LAYER_DAYS[0] / 365.0
    one = float(market.vol(1, np.array([market.forward[1] * np.exp(atm[1] * np.sqrt(years))]), market.forward[1], years)[0])
    low, put, call, high = condor_strikes(market, None)
    wings = market.vol(0, np.array([put, call, low, high]), market.forward[0], table.CONDOR_DAYS / 365.0) / atm[0]
    return np.array(
        [*market.forward[1:], *(100.0 * atm[1:]), one / atm[1], 100.0 * atm[0], *wings, *betas.at(table.LAYER_DAYS)[0]]
    )


def input_tables(study: Study) -> None:
    print("\n### Inputs: stated, and medians of the product's\n")
    print("| VIX | whose | " + " | ".join(INPUTS) + " |\n|" + "---|" * (len(INPUTS) + 2))
    for level in LEVELS:
        own = [inputs(session_market(study, row, level, 3), study.betas.at(row)) for row in study.rows[level]]
        for name, values in (
            ("stated", inputs(stated.published_market(level), STATED_BETAS)),
            ("product", np.median(own, axis=0)),
        ):
            print(f"| {level} | {name} | " + " | ".join(f"{value:.3g}" for value in values.tolist()) + " |")


def product_tables(history: History) -> None:
    study = build_study(history)
    input_tables(study)
    print("\n### Inputs exchanged one after another: 20 delta, medians over sessions\n")
    final: dict[tuple[int, float], Floats] = {}
    for level in LEVELS:
        rows = study.rows[level]
        print(f"\nVIX {level}: {len(rows)} sessions within {NEAR} points, {STUDY[0]} to {STUDY[1]}\n")
        print(header("with the product's"))
        for step, name in enumerate(STEPS):
            made = [
                figures(session_market(study, row, level, min(step, 3)), study.betas.at(row) if step == 4 else STATED_BETAS, 0.20)
                for row in (rows if step else rows[:1])
            ]
            print(row_text(name, np.median(made, axis=0)))
        for delta in DELTAS:
            made = [figures(session_market(study, row, level, 3), study.betas.at(row), delta) for row in rows]
            final[level, delta] = np.median(made, axis=0)
            if delta == 0.20:
                low, high = np.quantile(made, [0.1, 0.9], axis=0)
                print(row_text("lowest tenth", low))
                print(row_text("highest tenth", high))
    print("\n### The product's own surfaces, curves and betas: medians\n")
    print(header("VIX, delta"))
    for (level, delta), values in final.items():
        print(row_text(f"{level}, {100 * delta:g}", values))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=str(ROOT.parent / "shared" / "market"))
    parser.add_argument("--only", choices=("stated", "betas", "product", "book"))
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    given = parser.parse_args(arguments)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        tables(given.data, given.only)
    print(out.getvalue())
    if given.write and given.only is None:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
        write_text_atomic(PAGE, f"{head}\n\n{out.getvalue().strip()}\n\n{tail}")


def tables(data: str, only: str | None) -> None:
    if only in (None, "stated"):
        stated_tables()
    if only in (None, "betas", "product"):
        history, _ = fill_missing(load_history(data).history)
        if only != "product":
            beta_tables(history)
        if only != "betas":
            product_tables(history)
    if only in (None, "book"):
        book_tables(data)


if __name__ == "__main__":
    main()
