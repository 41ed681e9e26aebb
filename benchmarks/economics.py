"""Exposure, margin and money of the default book through 2007-2026: the tables of docs/explanation/economics.md.

Run: ``python benchmarks/economics.py [DATA_DIR]`` (default ``../shared/market``). Prints Markdown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alvh.app.wiring import BacktestOutput, LoadedMarket, load_market, run_on
from alvh.core.days import iso, to_day
from alvh.core.fees import fee_usd
from alvh.engine.backtest import run_backtest
from alvh.kernels.black import black_price
from alvh.market.market import Legs, Quotes
from alvh.market.positions import Positions
from alvh.market.scenarios import Scenarios
from alvh.results.attribution import attribute
from alvh.results.diagnostics import clustering, garch_persistence, mark_to_carry, rolling_correlation
from alvh.results.economics import (
    SpreadRow,
    market_factors,
    month_start_vix,
    monthly_returns_on_account,
    projected_xirr,
    spread_rows,
    target_finding,
)
from alvh.results.margin_path import MarginPath, margin_path
from alvh.risk.exposures import legs_of, unit_greeks
from alvh.risk.margin import HOUSE_PORTFOLIO, RULE_PORTFOLIO, MarginInputs, Points, portfolio_margin, strategy_margin
from alvh.risk.parity import compared_structures, equal_stress
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import LoadedPolicy, load_policy, policy_sha256

START, END = date(2007, 1, 3), date(2026, 7, 22)


class WideSnapshot:
    """A snapshot whose half-spreads are a multiple of the market's, on the same ticks; all else is the market's."""

    def __init__(self, snapshot: Any, is_vix: Any, spx: float, vix: float) -> None:
        self._snapshot, self._is_vix, self._multiple = snapshot, is_vix, (spx, vix)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def quote(self, legs: Legs) -> Quotes:
        found = self._snapshot.quote(legs)
        factor = np.where(self._is_vix[legs.series], self._multiple[1], self._multiple[0])
        bid = np.maximum(found.mid - factor * (found.mid - found.bid), 0.0)
        ask = found.mid + factor * (found.ask - found.mid)
        bid, ask = (np.round(np.round(side / found.tick) * found.tick, 2) for side in (bid, ask))
        return replace(found, bid=np.where(factor == 1.0, found.bid, bid), ask=np.where(factor == 1.0, found.ask, ask))


class WideMarket:
    """A market at a multiple of its half-spreads, SPX and VIX apart."""

    def __init__(self, market: Any, spx: float, vix: float) -> None:
        self._market, self._spx, self._vix = market, spx, vix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)

    def snapshot(self, index: int) -> Any:
        return WideSnapshot(self._market.snapshot(index), self._market.series.is_vix, self._spx, self._vix)


def table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    print(f"## {title}\n\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def pct(value: float | None, digits: int = 1) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{100.0 * value:,.{digits}f} %"


def usd(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def run(loaded: LoadedMarket, name: str) -> BacktestOutput:
    return run_on(loaded, load_policy(name), start=START, end=END, price_range=False)


def coverage_table(outputs: Mapping[str, BacktestOutput]) -> None:
    rows = []
    for name, output in outputs.items():
        for key, part in output.document["exposures"]["coverage"].items():
            quartiles = f"{pct(part['quartile_low'], 0)} to {pct(part['quartile_high'], 0)}"
            rows.append([name, key, pct(part["median"]), quartiles, pct(part["share_in_band"]), f"{part['sessions']:,}"])
    table("Coverage through time", ["policy", "measured against", "median", "middle half", "inside 40-60 %", "sessions"], rows)


def margin_table(outputs: Mapping[str, BacktestOutput]) -> None:
    heads = ["policy", "greatest $", "on", "mean held $", "greatest premium $", "least buying power $",
             "return on it a year, with", "without",
              "least quick ratio", "median"]  # fmt: skip
    rows, shares = [], []
    for name, output in outputs.items():
        part = output.document["margin"]
        back, ratio = part["return_on_maximum"], part["quick_ratio"]
        cells = [usd(part["maximum_usd"]), part["maximum_session"], usd(part["mean_held_usd"]), usd(part["premium_maximum_usd"])]
        cells += [usd(part["buying_power_least_usd"]), pct(back["hedged_per_year"]), pct(back["unhedged_per_year"])]
        rows.append([name, *cells, f"{ratio['least']:.1f}", f"{ratio['median']:.1f}"])
        for key, row in part["premium_of_reading"].items():
            shares.append([name, key, pct(row["mean"], 2), pct(row["median"], 2), pct(row["greatest"], 2)])
    table("Margin", heads, rows)
    table("Premium in calls over each reading", ["policy", "of", "mean", "median", "greatest"], shares)


def money_table(outputs: Mapping[str, BacktestOutput]) -> None:
    rows, costs, credits = [], [], []
    for name, output in outputs.items():
        part = output.document["economics"]
        cost = part["hedge_capital_cost"]
        cells = [usd(cost[key]) for key in ("capital_mean_usd", "carry_usd", "realised_usd", "funding_usd")]
        costs.append([name, *cells, pct(cost["carry_per_year"], 0), pct(cost["realised_per_year"], 0)])
        for sleeve, row in part["xirr"].items():
            rows.append([name, sleeve, pct(row["per_year"]), pct(part["return_on_mean_capital_per_year"][sleeve]), row["note"]])
        ratios = [pct(row["cost_of_credit"]) for row in part["cost_of_credit_by_vix"]]
        credits.append([name, *ratios])
    heads = ["policy", "mean premium $", "carry $", "realised $", "funding $", "carry a year", "realised a year"]
    table("Hedge capital cost", heads, costs)
    table("Returns on each sleeve's money", ["policy", "sleeve", "XIRR", "net a year over mean capital", "note"], rows)
    table("Cost over credit by VIX before the month", ["policy", "below 15", "15-20", "20-30", "30 and up"], credits)


def factor_table(output: BacktestOutput) -> None:
    rows = []
    for name, row in market_factors(output.result, output.attribution).items():
        if row is None:
            continue
        parts = [row.alpha_per_year.scaled(100.0), row.beta, row.joint_alpha_per_year.scaled(100.0), row.joint_beta]
        dollars = [row.vix_usd_per_point, row.joint_vix_usd_per_point]
        cells = [f"{part.value:.2f} ({part.low:.2f} to {part.high:.2f})" for part in parts]
        cells += [f"{part.value:,.0f} ({part.low:,.0f} to {part.high:,.0f})" for part in dollars]
        rows.append([name, cells[0], cells[1], cells[4], cells[2], cells[3], cells[5]])
    heads = [
        "sleeve",
        "alpha % a year",
        "beta",
        "$ a VIX point",
        "alpha beside both",
        "beta beside VIX",
        "$ a VIX point beside SPX",
    ]
    table("Alpha and betas, 95 % intervals", heads, rows)
    projections = projected_xirr(monthly_returns_on_account(output.result), month_start_vix(output.result))
    cells = [[p.label, str(p.months), pct(p.xirr), pct(p.low), pct(p.high)] for p in projections]
    table("Projected XIRR of the account", ["months", "count", "projected", "low", "high"], cells)
    for target in (0.05, 0.10, 0.15):
        print(f"target {target:.0%}: {target_finding(projections, target) or 'within the band of a regime'}")
    print()


def spread_table(loaded: LoadedMarket, policy: Policy) -> None:
    def at(spx: float, vix: float) -> tuple[Any, Any, MarginPath]:
        market: Any = WideMarket(loaded.market, spx, vix)
        result = run_backtest(policy, market, start=to_day(START), end=to_day(END), fee_usd=fee_usd)
        return result, attribute(result), margin_path(result)

    rows = []
    for label, choose in (("both", (1, 1)), ("SPX alone", (1, 0)), ("VIX alone", (0, 1))):
        runs = {m: at(m if choose[0] else 1.0, m if choose[1] else 1.0) for m in (1.0, 2.0, 4.0) if m > 1.0 or label == "both"}
        rows += [[label, *_spread_cells(row)] for row in spread_rows(runs)]
    heads = ["widened", "times", "condors net $", "hedge net $", "slippage $", "stranded", "hedge cost % of credit"]
    table("At multiples of the measured spread", [*heads, "capital cost a year", "XIRR condors", "XIRR account"], rows)


def _spread_cells(row: SpreadRow) -> list[str]:
    cells = [f"{row.multiple:g}", usd(row.condor_net_usd), usd(row.hedge_net_usd), usd(row.slippage_usd), str(row.stranded)]
    credit = "–" if row.hedge_cost_pct_of_credit is None else f"{row.hedge_cost_pct_of_credit:.1f}"
    return [*cells, credit, pct(row.capital_cost, 0), pct(row.xirr_condor), pct(row.xirr_book)]


def layer_table(loaded: LoadedMarket, policy: Policy) -> None:
    rows = []
    for name in (None, *(layer.name for layer in policy.hedge.layers)):
        layers = tuple(layer for layer in policy.hedge.layers if layer.name != name)
        changed = replace(policy, hedge=replace(policy.hedge, layers=layers))
        chosen = LoadedPolicy(policy=changed, sha256=policy_sha256(changed), origin={}, chain=())
        cost = run_on(loaded, chosen, start=START, end=END, price_range=False).document["economics"]["hedge_capital_cost"]
        cells = [usd(cost["capital_mean_usd"]), usd(cost["realised_usd"]), pct(cost["carry_per_year"], 0)]
        rows.append([f"without {name}" if name else "all layers", *cells, pct(cost["realised_per_year"], 0)])
    table("Capital cost without each layer", ["hedge", "mean premium $", "realised $", "carry a year", "realised a year"], rows)


def stress_table(loaded: LoadedMarket) -> None:
    market = loaded.market
    days = np.array([to_day(date(year, month, 15)) for year in range(2007, 2027) for month in (1, 4, 7, 10)])
    rows = np.unique(np.searchsorted(market.sessions, days[days < int(market.sessions[-1])]))
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows.tolist():
        snapshot = market.snapshot(row)
        structures = compared_structures(snapshot, market.series.expiry)
        for spx, vix in ((-0.05, 10.0), (-0.08, 18.0), (-0.20, 50.0)):
            prices = equal_stress(snapshot, structures, Scenarios.of(spx, vix))
            for near, (calls, spread) in zip(("30 days", "60 days"), (prices[:2], prices[2:]), strict=True):
                key = (f"{100 * spx:.0f} %, {vix:+.0f}", near)
                found.setdefault(key, []).append(
                    (
                        (calls.premium_usd + calls.spread_usd) / (spread.premium_usd + spread.spread_usd),
                        calls.decay_usd / spread.decay_usd,
                    )
                )
    cells = []
    for (stress, near), pairs in found.items():
        price, decay = np.array(pairs).T
        middle = [f"{np.median(x):.2f} ({np.percentile(x, 25):.2f} to {np.percentile(x, 75):.2f})" for x in (price, decay)]
        cells.append([stress, near, *middle, str(len(pairs))])
    heads = ["stress", "expiry near", "price of VIX calls over SPX put spread", "decay of 30 days over", "sessions"]
    table("Equal protection: VIX calls against SPX put spreads", heads, cells)


def diagnostics_table(output: BacktestOutput) -> None:
    result = output.result
    rows = slice(result.first, result.first + len(result.sessions))
    spx, vix = result.market.signal("spx"), result.market.signal("vix")
    returns = np.diff(np.log(spx[rows]))
    found, fit = clustering(returns), garch_persistence(returns)
    lags = ", ".join(f"{value:.3f} at {lag}" for lag, value in zip(found.lags, found.autocorrelation, strict=True))
    print(f"## Diagnostics\n\nsquared SPX returns: autocorrelation {lags} (bound {found.bound:.3f}), p {found.p_value:.1e}")
    if fit is not None:
        print(f"GARCH(1,1): alpha {fit.alpha:.3f}, beta {fit.beta:.3f}, persistence {fit.persistence:.4f}, "
              f"half-life {fit.half_life_sessions:.0f} sessions")  # fmt: skip
    path = rolling_correlation(spx, vix)
    known, broken = np.isfinite(path.threshold[rows]), path.broken[rows]
    print(f"rolling SPX/VIX correlation: median {np.nanmedian(path.correlation[rows]):.2f}, "
          f"greatest {np.nanmax(path.correlation[rows]):.2f}; broken on {broken.sum()} of {known.sum()} sessions")  # fmt: skip
    hedge = output.attribution.pnl_usd[1:].sum(axis=(0, 1))
    for label, chosen in (("broken", broken), ("not broken", known & ~broken)):
        later = np.flatnonzero(chosen[:-1]) + 1
        print(f"hedge the session after, {label}: {hedge[later].mean():,.0f} $ a session over {later.size} sessions")
    print()


def month_ends(output: BacktestOutput) -> list[int]:
    """Rows of the run at the last close of each month but the last."""
    months = output.result.sessions.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.flatnonzero(np.diff(months) > 0).tolist()


def book_at(output: BacktestOutput, row: int, *, hedge_only: bool = False) -> Positions:
    """What the run held at a close."""
    result, index = output.result, output.result.first + row
    series = result.market.series
    lots = [lot for lot in result.lots if lot.open_index <= index and not (lot.close_kind and lot.close_index <= index)]
    lots = [lot for lot in lots if lot.layer >= 0 or not hedge_only]
    days = [int(result.market.sessions[lot.open_index]) for lot in lots]
    return Positions(
        root=tuple(series.roots[lot.series] for lot in lots),
        expiry=np.array([series.expiry[lot.series] for lot in lots], dtype=np.int64),
        strike=np.array([lot.strike for lot in lots]),
        right=np.array([lot.right for lot in lots], dtype=np.int64),
        quantity=np.array([float(lot.quantity) for lot in lots]),
        opened=np.array(days, dtype=np.int64),
        open_price=np.array([lot.open_price for lot in lots]),
        sleeve=tuple("condor" if lot.layer < 0 else "hedge" for lot in lots),
        layer=tuple("" if lot.layer < 0 else str(lot.layer) for lot in lots),
    )


def carry_line(output: BacktestOutput) -> None:
    ratios = []
    for row in month_ends(output):
        book = book_at(output, row, hedge_only=True)
        if len(book):
            snapshot = output.result.market.snapshot(output.result.first + row)
            found = mark_to_carry(snapshot, book, output.result.market.series)
            ratios.append((found.book_ratio, found.book_ratio_vix_up, found.book_ratio_at_closing_side))
    middle = np.median(np.array(ratios), axis=0)
    print(
        f"mark over 30-day decay of the ladder, median of {len(ratios)} month ends: {middle[0]:.2f} at the mids, "
        f"{middle[1]:.2f} with VIX a point higher, {middle[2]:.2f} at the closing side\n"
    )


def held_vol(snapshot: Any, book: Positions, series: Any) -> Any:
    """A pricer for portfolio margin that holds every implied vol, as OCC's theoretical values do."""
    legs = legs_of(book, series)
    unit = unit_greeks(snapshot, legs, series)
    discount = np.array([snapshot.discount(int(row)) for row in legs.series])

    def price(points: Points) -> Any:
        forward = unit[5] * (1.0 + points.move)
        vol = unit[6] * (1.0 + points.vol_move)
        shape = forward.shape
        return black_price(forward, *(np.broadcast_to(x, shape) for x in (legs.strike, unit[7], discount)), vol,
                           np.broadcast_to(legs.right, shape))  # fmt: skip

    return price


def convention_table(output: BacktestOutput) -> None:
    """R52 under every convention at month ends: the whole requirement, and what the calls ask of it over each reading."""
    result, record = output.result, output.result.record
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    for row in month_ends(output):
        book, snapshot = book_at(output, row), result.market.snapshot(result.first + row)
        if not len(book) or record.index_notional_usd[row] <= 0.0:
            continue
        legs = legs_of(book, result.market.series)
        inputs = MarginInputs(as_of=snapshot.session, mark=snapshot.mark(legs), spx=snapshot.spx, vix=snapshot.vix)
        pricer = held_vol(snapshot, book, result.market.series)
        reports = [("Reg-T", strategy_margin(book, inputs))]
        for name, rules in (("portfolio margin, the rule", RULE_PORTFOLIO), ("portfolio margin, a house", HOUSE_PORTFOLIO)):
            reports.append((name, portfolio_margin(book, inputs, pricer, rules)))
        for name, report in reports:
            calls = report.product_usd("VIX")
            base = (record.index_notional_usd[row], record.risk_capital_usd[row])
            rows.setdefault(name, []).append((report.requirement_usd, calls, calls / base[0], calls / base[1]))
    cells = []
    for name, values in rows.items():
        table_ = np.array(values)
        mean, top = table_.mean(axis=0), table_.max(axis=0)
        shares = [f"{pct(mean[k], 2)} / {pct(top[k], 2)}" for k in (2, 3)]
        cells.append([name, str(len(values)), f"{usd(mean[0])} / {usd(top[0])}", f"{usd(mean[1])} / {usd(top[1])}", *shares])
    heads = ["convention", "month ends", "requirement $, mean / greatest", "of it the calls $", "calls over index notional"]
    table("Requirement under each convention, at the marks", [*heads, "over the condors' largest loss"], cells)


def main() -> int:
    data = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).resolve().parents[2] / "shared" / "market")
    default = load_policy("alvh-442")
    loaded = load_market(data, default.policy)
    run(loaded, "alvh-442")  # compiles what is not compiled yet
    clock = time.perf_counter()
    outputs = {name: run(loaded, name) for name in ("alvh-442", "alvh-442-per-100k-index", "alvh-442-per-100k-risk")}
    timing = outputs["alvh-442"].document["timing"]
    print(f"{iso(outputs['alvh-442'].result.sessions[0])} to {iso(outputs['alvh-442'].result.sessions[-1])}; one run "
          f"{timing['run_s']:.2f} s, exposures, margin and economics {timing['risk_s']:.2f} s more "
          f"(three runs {time.perf_counter() - clock:.1f} s)\n")  # fmt: skip
    coverage_table(outputs)
    margin_table(outputs)
    money_table(outputs)
    factor_table(outputs["alvh-442"])
    layer_table(loaded, default.policy)
    spread_table(loaded, default.policy)
    stress_table(loaded)
    diagnostics_table(outputs["alvh-442"])
    carry_line(outputs["alvh-442"])
    convention_table(outputs["alvh-442"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
