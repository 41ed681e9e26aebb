"""What the hedge's capital cost, what each sleeve returned on its money, and how it moved with the market (R54, R57, R65, R67).

Formulas and figures: ``docs/explanation/economics.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray
from alvh.engine.backtest import BacktestResult
from alvh.engine.ledger import CONDOR, HEDGE, RESERVE
from alvh.engine.session import ACTUAL_360
from alvh.results.attribution import CAUSES, Attribution
from alvh.results.document import bill_returns, cost_pct_per_month, lot_costs
from alvh.results.margin_path import MarginPath
from alvh.results.metrics import DAYS_PER_YEAR, daily_pnl
from alvh.results.money_weighted import MoneyWeighted, xirr
from alvh.results.regression import NORMAL_95, Factors, factors
from alvh.results.through_time import ThroughTime
from alvh.risk.betas import REGIME_EDGES, lag_count, vix_regimes
from alvh.risk.costs import RegimeCost, cost_by_regime

Floats = NDArray[np.float64]

MONTHS_PER_YEAR = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalCost:
    """R57: the hedge's cost of capital a year = (carry + funding) ÷ mean hedge capital ÷ years; ``None`` without a hedge.

    ``capital_usd`` is the mean over calendar days of the premium paid for the options held (a bought option asks no margin beyond
    it) and of the futures' margin, ``funding_usd`` the bill rate on the premium (margin is posted in bills and keeps its
    interest). ``carry_usd`` is what passing time, spreads and fees took, and of futures their convergence along an unchanged
    curve; ``realised_usd`` what the hedge lost in all, payoffs counted (below zero it earned).
    """

    years: float
    capital_usd: float
    carry_usd: float
    realised_usd: float
    funding_usd: float
    rate_carry: float | None
    rate_realised: float | None


def capital_cost(
    sessions: DayArray,
    capital_usd: Floats,
    bill_rate: Floats,
    *,
    carry_usd: float,
    realised_usd: float,
    margin_usd: Floats | None = None,
) -> CapitalCost:
    """Cost of capital of money tied up at each close, (sessions,); ``bill_rate`` decimals a year of that close, actual/360.

    ``margin_usd`` is the part of the capital that earns bills where it lies.
    """
    days = np.diff(sessions).astype(np.float64)
    span = float(days.sum())
    years = span / DAYS_PER_YEAR
    spent = capital_usd if margin_usd is None else capital_usd - margin_usd
    funding = float(np.sum(spent[:-1] * bill_rate[:-1] * days)) / ACTUAL_360
    mean = float(np.sum(capital_usd[:-1] * days)) / span if span > 0.0 else 0.0
    base = mean * years
    return CapitalCost(
        years=years,
        capital_usd=mean,
        carry_usd=carry_usd,
        realised_usd=realised_usd,
        funding_usd=funding,
        rate_carry=(carry_usd + funding) / base if base > 0.0 else None,
        rate_realised=(realised_usd + funding) / base if base > 0.0 else None,
    )


def hedge_capital_cost(
    result: BacktestResult, attribution: Attribution, margin: MarginPath, *, futures_convergence_usd: float = 0.0
) -> CapitalCost:
    """:func:`capital_cost` of the hedge of a run; ``futures_convergence_usd`` is what its futures gained by it (R08)."""
    hedge = attribution.pnl_usd[1:].sum(axis=(0, 2))
    part = dict(zip(CAUSES, hedge.tolist(), strict=True))
    rate = result.market.bill_rate[result.first : result.first + len(result.sessions)]
    return capital_cost(
        result.sessions,
        margin.hedge_usd,
        rate,
        carry_usd=-(part["time"] + part["slippage"] + part["fees"] + futures_convergence_usd),
        realised_usd=-float(hedge.sum()),
        margin_usd=margin.futures_usd,
    )


def sleeve_flows(result: BacktestResult, margin: MarginPath) -> dict[str, Floats]:
    """Dollars that an investor puts into (-) or takes out of (+) each sleeve at each close, (sessions,).

    A layer takes its premiums and gives its sales, payoffs and last mark; one of futures takes their margin at entry, gives it
    back at exit, and pays or receives their variation. The condors do so with cash for the wider side, beside their credits and
    debits; ``hedge`` is the layers, ``margined`` condors and hedge on that capital. ``book_hedged`` and ``book_unhedged`` are the
    account: put in at the first close, taken out at the last.
    """
    count, record = len(result.sessions), result.record
    layers = [layer.name for layer in result.policy.hedge.layers]
    cash = np.zeros((len(layers) + 1, count))
    for entry in result.ledger.entries:
        if entry.sleeve in (CONDOR, HEDGE, RESERVE):
            cash[entry.layer + 1, entry.market_row - result.first] += entry.cash_usd
    cash[1:] -= np.diff(margin.layer_futures_usd, axis=1, prepend=0.0)
    cash[1:, -1] += margin.layer_futures_usd[:, -1] + record.layer_value_usd[:, -1]
    condor_value = float(record.equity_unhedged_usd[-1] - record.cash_unhedged_usd[-1] - record.index_value_usd[-1])
    cash[0] -= np.diff(margin.widths_usd, prepend=0.0)
    cash[0, -1] += float(margin.widths_usd[-1]) + condor_value
    flows = {"condor": cash[0]}
    flows |= {f"layer {name}": cash[k + 1] for k, name in enumerate(layers)}
    flows |= {"hedge": cash[1:].sum(axis=0), "margined": cash.sum(axis=0)}
    for name, equity in (("hedged", record.equity_hedged_usd), ("unhedged", record.equity_unhedged_usd)):
        account = np.zeros(count)
        account[0] -= result.policy.account.equity_usd
        account[-1] += float(equity[-1])
        flows[f"book_{name}"] = account
    return flows


def on_mean_capital(result: BacktestResult, attribution: Attribution, margin: MarginPath) -> dict[str, float | None]:
    """Net dollars a year over the mean capital held, by sleeve of :func:`sleeve_flows`: a return that always has one value.

    Capital is the condors' largest loss, of a layer the premium paid and its futures' margin, and for a book the account.
    """
    net = attribution.pnl_usd.sum(axis=(1, 2))
    account, record = result.policy.account.equity_usd, result.record
    capital = {"condor": (net[0], margin.condor_usd)}
    capital |= {f"layer {layer.name}": (net[k + 1], margin.layer_usd[k]) for k, layer in enumerate(result.policy.hedge.layers)}
    capital |= {"hedge": (net[1:].sum(), margin.hedge_usd), "margined": (net.sum(), margin.requirement_usd)}
    whole = np.full(len(result.sessions), account)
    capital["book_hedged"] = (record.equity_hedged_usd[-1] - account, whole)
    capital["book_unhedged"] = (record.equity_unhedged_usd[-1] - account, whole)
    days = np.diff(result.sessions).astype(np.float64)
    years = float(days.sum()) / DAYS_PER_YEAR
    held = {name: float(np.sum(base[:-1] * days)) / max(float(days.sum()), 1.0) * years for name, (_, base) in capital.items()}
    return {name: float(earned) / held[name] if held[name] > 0.0 else None for name, (earned, _) in capital.items()}


def money_weighted(result: BacktestResult, margin: MarginPath) -> dict[str, MoneyWeighted]:
    """XIRR of every sleeve of :func:`sleeve_flows`."""
    return {name: xirr(result.sessions, flows) for name, flows in sleeve_flows(result, margin).items()}


def market_factors(result: BacktestResult, attribution: Attribution) -> dict[str, Factors | None]:
    """Alpha and betas of both books and every sleeve; returns are dollars over the account.

    SPX's return has its dividends and is, as the books' are, in excess of bills; a sleeve is paid for from the account's cash,
    whose interest it does not hold, and so is in excess already. The first session is left out: nothing was held before it.
    """
    rows = slice(result.first, result.first + len(result.sessions))
    account, bills = result.policy.account.equity_usd, bill_returns(result)
    spx, vix = result.market.signal("spx"), result.market.signal("vix")
    gained = (spx[1:] + result.market.dividend_points[1:]) / spx[:-1] - 1.0
    excess = np.concatenate([[np.nan], gained])[rows] - bills
    change = np.diff(vix, prepend=np.nan)[rows]
    hedge = attribution.pnl_usd[1:].sum(axis=(0, 1))
    series = {"condor": attribution.sleeve_pnl_usd(0)}
    series |= {f"layer {layer.name}": attribution.sleeve_pnl_usd(k + 1) for k, layer in enumerate(result.policy.hedge.layers)}
    series["hedge"] = hedge
    found = {name: factors(pnl[1:] / account, excess[1:], change[1:], account_usd=account) for name, pnl in series.items()}
    for name, equity in (
        ("book_hedged", result.record.equity_hedged_usd), ("book_unhedged", result.record.equity_unhedged_usd),
    ):  # fmt: skip
        daily = daily_pnl(equity, account) / account - bills
        found[name] = factors(daily[1:], excess[1:], change[1:], account_usd=account)
    return found


def months_of(sessions: DayArray) -> NDArray[np.int64]:
    """Month number of each session, 0 for the first one's."""
    months = np.asarray(sessions, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months - months[0])


def month_start_vix(result: BacktestResult) -> Floats:
    """VIX at the last close before each month of the run (the first close of the run for its first), (months,)."""
    months = months_of(result.sessions)
    first = np.searchsorted(months, np.arange(int(months[-1]) + 1))
    vix = result.market.signal("vix")
    return np.asarray(vix[np.maximum(result.first + first - 1, 0)])


def cost_of_credit(result: BacktestResult, attribution: Attribution) -> tuple[RegimeCost, ...]:
    """R54: the hedge's loss over the credit received, by regime of the VIX before each month; below zero it earned."""
    months = months_of(result.sessions)
    credit = np.zeros(len(result.sessions))
    for lot in result.lots:
        if lot.layer < 0:
            credit[lot.open_index - result.first] -= lot.quantity * lot.multiplier_usd * lot.open_price
    cost = _by_month(months, -attribution.pnl_usd[1:].sum(axis=(0, 1)))
    return cost_by_regime(month_start_vix(result), cost, _by_month(months, credit))


def _by_month(months: NDArray[np.int64], usd: Floats) -> Floats:
    return np.asarray(np.bincount(months, weights=usd), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """R65: the XIRR of an account that earns, every month, the mean month of one VIX regime; a 95 % band from that mean's error.

    ``None`` where the regime has too few months, or a month would lose the account.
    """

    label: str
    months: int
    xirr: float | None
    low: float | None
    high: float | None


def projected_xirr(monthly_return: Floats, vix: Floats, *, edges: tuple[float, ...] = REGIME_EDGES) -> tuple[Projection, ...]:
    """The whole run, then each regime of the VIX before each month; ``monthly_return`` (months,) are dollars over the account.

    Paid out monthly on the same account, a mean month m is an XIRR of (1 + m)^12 - 1. Errors are Newey-West's over the chosen
    months in order.
    """
    made = []
    for low, high, label in ((-np.inf, np.inf, "all months"), *vix_regimes(edges)):
        chosen = monthly_return[(vix >= low) & (vix < high)]
        rates: list[float | None] = [None, None, None]
        if chosen.size >= LEAST_MONTHS:
            mean, error = _mean(chosen)
            rates = [_yearly(mean + k * error) for k in (0.0, -NORMAL_95, NORMAL_95)]
        made.append(Projection(label=label, months=int(chosen.size), xirr=rates[0], low=rates[1], high=rates[2]))
    return tuple(made)


LEAST_MONTHS = 12
"""A year of months: fewer give no error worth printing."""


def _mean(values: Floats) -> tuple[float, float]:
    """Mean and its Newey-West error; a constant alone is regressed."""
    n = values.size
    residual = values - values.mean()
    lags = lag_count(n)
    total = float(residual @ residual)
    for lag in range(1, lags + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(residual[lag:] @ residual[:-lag])
    return float(values.mean()), float(np.sqrt(max(total, 0.0)) / n)


def _yearly(monthly: float) -> float | None:
    return float((1.0 + monthly) ** MONTHS_PER_YEAR - 1.0) if monthly > -1.0 else None


def target_finding(projections: tuple[Projection, ...], target: float) -> str | None:
    """A sentence where no regime's band reaches the target, else ``None``. It says nothing for a larger size."""
    highs = [(row.high, row.label) for row in projections[1:] if row.high is not None]
    if not highs or max(highs)[0] >= target:
        return None
    best, label = max(highs)
    return (
        f"a target of {100 * target:.1f} % a year is out of reach at this size in every VIX regime: "
        f"the best, {label}, projects at most {100 * best:.1f} %"
    )


def monthly_returns_on_account(result: BacktestResult) -> Floats:
    """Dollars of the hedged book by month over the account, (months,)."""
    pnl = daily_pnl(result.record.equity_hedged_usd, result.policy.account.equity_usd)
    return _by_month(months_of(result.sessions), pnl) / result.policy.account.equity_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """R67: a run at a multiple of the measured spreads. Rates are fractions a year."""

    multiple: float
    condor_net_usd: float
    hedge_net_usd: float
    slippage_usd: float
    refused: int
    stranded: int
    hedge_cost_pct_of_credit: float | None
    capital_cost: float | None
    xirr_condor: float | None
    xirr_hedge: float | None
    xirr_book: float | None


def spread_rows(runs: Mapping[float, tuple[BacktestResult, Attribution, MarginPath]]) -> tuple[SpreadRow, ...]:
    """The economics of the same policy at several multiples of the measured half-spreads; the caller makes the runs."""
    rows = []
    for multiple, (result, attribution, margin) in sorted(runs.items()):
        rates = money_weighted(result, margin)
        net = attribution.pnl_usd.sum(axis=(1, 2))
        credit = -sum(lot.quantity * lot.multiplier_usd * lot.open_price for lot in result.lots if lot.layer < 0)
        rows.append(
            SpreadRow(
                multiple=multiple,
                condor_net_usd=float(net[0]),
                hedge_net_usd=float(net[1:].sum()),
                slippage_usd=sum(lot_costs(lot)[0] for lot in result.lots),
                refused=sum(result.counters.refused.values()),
                stranded=result.counters.stranded,
                hedge_cost_pct_of_credit=cost_pct_per_month(result, float(net[1:].sum()), credit)["credit"],
                capital_cost=hedge_capital_cost(result, attribution, margin).rate_carry,
                xirr_condor=rates["condor"].rate,
                xirr_hedge=rates["hedge"].rate,
                xirr_book=rates["book_hedged"].rate,
            )
        )
    return tuple(rows)


def economics_document(
    result: BacktestResult, attribution: Attribution, found: ThroughTime, *, futures_convergence_usd: float = 0.0
) -> dict[str, Any]:
    """The part ``economics`` of the run's document; rates and returns are fractions a year."""
    cost = hedge_capital_cost(result, attribution, found.margin, futures_convergence_usd=futures_convergence_usd)
    regimes = cost_of_credit(result, attribution)
    projected = projected_xirr(monthly_returns_on_account(result), month_start_vix(result))
    return {
        "hedge_capital_cost": {
            "capital_mean_usd": cost.capital_usd,
            "carry_usd": cost.carry_usd,
            "realised_usd": cost.realised_usd,
            "funding_usd": cost.funding_usd,
            "years": cost.years,
            "carry_per_year": cost.rate_carry,
            "realised_per_year": cost.rate_realised,
        },
        "xirr": {
            name: {"per_year": row.rate, "all_rates_per_year": list(row.roots), "note": row.reason}
            for name, row in money_weighted(result, found.margin).items()
        },
        "return_on_mean_capital_per_year": on_mean_capital(result, attribution, found.margin),
        "factors": {name: None if row is None else row.document() for name, row in market_factors(result, attribution).items()},
        "cost_of_credit_by_vix": [
            {
                "regime": row.label,
                "months": row.months,
                "hedge_cost_usd": row.cost_usd,
                "credit_usd": row.credit_usd,
                "cost_of_credit": row.ratio,
            }
            for row in regimes
        ],
        "projected_xirr_by_vix": [
            {"regime": row.label, "months": row.months, "per_year": row.xirr, "low": row.low, "high": row.high}
            for row in projected
        ],
    }
