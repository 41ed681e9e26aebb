"""A synthetic tear sheet: random walks shaped like a run, nothing from a market."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from alvh.core.days import iso, to_day, weekday
from alvh.results.metrics import RunMetrics, daily_pnl, summarise
from alvh.results.periods import pnl_by_month, without_best_months
from alvh.results.sheet import TearSheet
from alvh.risk.exposures import COLUMNS

LAYERS = ("near", "middle", "far")
ACCOUNT_USD = 1_000_000.0


def _run(metrics: RunMetrics) -> dict[str, Any]:
    return {
        "total_return": metrics.total_return,
        "cagr": metrics.cagr,
        "vol": metrics.vol,
        "sharpe": metrics.sharpe,
        "max_drawdown": metrics.max_drawdown,
        "expected_shortfall_95": metrics.expected_shortfall_95,
        "worst_day": {"session": metrics.worst_day.session, "return": metrics.worst_day.daily_return},
    }


def risk_parts(names: tuple[str, ...] = LAYERS) -> dict[str, Any]:
    """The parts of a document that the section on exposure and margin reads; made-up figures."""
    sleeves = ("condor", *(f"layer {name}" for name in names), "hedge", "book")
    exposures = {column: 12.5 * (k - 6) for k, column in enumerate(COLUMNS)}
    covered = {"sessions": 780, "median": 0.21, "quartile_low": 0.15, "quartile_high": 0.29, "share_in_band": 0.06}
    readings = ("net_naive", "net_adjusted", "short_naive", "short_adjusted")
    estimate = {"value": -0.0123, "low": -0.02, "high": -0.004}
    slopes = ("alpha_per_year", "beta", "vix_usd_per_point", "joint_alpha_per_year", "joint_beta", "joint_vix_usd_per_point")
    money = ("condor", *(f"layer {name}" for name in names), "hedge", "margined", "book_hedged", "book_unhedged")
    return {
        "exposures": {
            "betas": "rolling, the last 252 daily changes",
            "sessions_on_published_betas": 20,
            "coverage_band": [0.4, 0.6],
            "coverage": dict.fromkeys(readings, covered),
            "median": dict.fromkeys(sleeves, exposures),
            "last": dict.fromkeys(sleeves, exposures),
        },
        "margin": {
            "convention": "condors at their largest loss; calls at the premium paid",
            "maximum_usd": 210_000.0,
            "maximum_session": "2018-02-07",
            "mean_held_usd": 130_000.0,
            "condors_maximum_usd": 204_000.0,
            "premium_maximum_usd": 14_600.0,
            "futures_maximum_usd": 10_945.0,
            "buying_power_least_usd": 640_000.0,
            "buying_power_least_session": "2019-01-09",
            "sessions_without_buying_power": 0,
            "return_on_maximum": {"hedged": 0.3, "unhedged": 0.5, "hedged_per_year": 0.09, "unhedged_per_year": 0.15},
            "quick_ratio": {"sessions": 800, "least": 3.5, "least_session": "2018-02-07", "median": 7.2, "sessions_below_1": 0},
            "premium_of_reading": {
                key: {"mean": 0.02, "median": 0.018, "greatest": 0.26} for key in ("index_notional", "risk_capital", "account")
            },
        },
        "economics": {
            "hedge_capital_cost": {
                "capital_mean_usd": 2_970.0,
                "carry_usd": 48_000.0,
                "realised_usd": 35_000.0,
                "funding_usd": 740.0,
                "years": 3.1,
                "carry_per_year": 5.3,
                "realised_per_year": 3.9,
            },
            "xirr": {name: {"per_year": None, "all_rates_per_year": [], "note": "every flow was paid"} for name in money},
            "return_on_mean_capital_per_year": dict.fromkeys(money, -0.12),
            "factors": {name: {"sessions": 799, **dict.fromkeys(slopes, estimate)} for name in money if name != "margined"},
            "cost_of_credit_by_vix": [
                {"regime": "VIX below 15", "months": 22, "hedge_cost_usd": 9e3, "credit_usd": 1e5, "cost_of_credit": 0.09}
            ],
            "projected_xirr_by_vix": [{"regime": "all months", "months": 38, "per_year": 0.01, "low": -0.02, "high": 0.04}],
        },
    }


def conduct_parts(names: tuple[str, ...] = LAYERS) -> dict[str, Any]:
    """The parts of a document on how the hedge was run and on its forwards; made-up figures."""
    usd = {
        "convergence_usd": -900.0,
        "level_usd": 700.0,
        "time_usd": -400.0,
        "vol_usd": 30.0,
        "costs_usd": -80.0,
        "net_usd": -650.0,
    }
    states = {state: {"sessions": 400, **usd} for state in ("contango", "backwardation")}
    counts = {"on_schedule": 150, "off_schedule": 3, "rolls_due": 120, "rolls_on_due_day": 118, "share_on_due_day": 118 / 120}
    return {
        "discipline": {
            "layers": [{"name": name, **counts} for name in names],
            **counts,
            "added": {"sessions": 90, "contracts": 410},
            "added_while_rule_held": [{"name": "spike", "sessions": 4, "contracts": 21}],
            "largest_premium": {"calendar_days": 30, "of_account": 0.012, "usd": 12_000.0, "session": "2018-02-07"},
            "largest_capital": {"of_account": 0.03, "usd": 30_000.0, "session": "2018-02-08"},
            "refusals": {"R45": {"count": 7, "first": "2017-02-01", "last": "2018-02-06"}},
        },
        "rules": [
            {
                "name": "spike",
                "rule_id": "R24",
                "action": "close_layers",
                "held_sessions": 40,
                "acted": 3,
                "first": "2018-02-05",
                "last": "2018-03-23",
                "unknown_sessions": 20,
                "unknown_from": "2017-01-03",
                "unknown_to": "2017-01-31",
            }
        ],
        "roll_down": {
            "definition": "made up",
            "by_state": states,
            "layers": {name: {"sessions": 800, **usd, "by_state": states} for name in names},
        },
    }


def synthetic_sheet(sessions: int = 800, *, seed: int = 7, start: date = date(2017, 1, 3), **changes: Any) -> TearSheet:
    """A whole sheet of random walks over weekdays from ``start``; ``changes`` replace fields."""
    rng = np.random.default_rng(seed)
    days = np.arange(to_day(start), to_day(start) + 2 * sessions + 10, dtype=np.int64)
    days = days[(days + 3) % 7 < 5][:sessions]
    shock = rng.random(sessions) < 0.004
    condor = rng.normal(260.0, 2_600.0, sessions) - shock * rng.uniform(20_000.0, 60_000.0, sessions)
    layers = {
        name: rng.normal(-35.0, 700.0, sessions) + shock * rng.uniform(3_000.0, 22_000.0, sessions) / (number + 1)
        for number, name in enumerate(LAYERS)
    }
    interest = np.full(sessions, 0.4)
    bare = ACCOUNT_USD + np.cumsum(condor)
    hedge = np.cumsum(sum(layers.values(), interest))
    hedged = bare + hedge
    bills = np.full(sessions, 0.00006)
    runs = {
        "hedged": _run(summarise(days, hedged, ACCOUNT_USD, bills)),
        "unhedged": _run(summarise(days, bare, ACCOUNT_USD, bills)),
    }
    rows = []
    for number, (name, pnl) in enumerate(layers.items()):
        net, premium, slippage, fees = float(pnl.sum()), 410_000.0 - 9_000.0 * number, 24_000.5, 4_812.25
        rows.append(
            {
                "name": name,
                "instrument": "vix_calls",
                "sessions_held_share": 0.9,
                "rolls": sessions // 5,
                "empty_windows": 3 * number,
                "contracts": 4 * sessions // 5,
                "premium_usd": premium,
                "payoff_usd": net + premium + slippage + fees - 1_500.0,
                "open_value_usd": 1_500.0,
                "slippage_usd": slippage,
                "fees_usd": fees,
                "net_usd": net,
            }
        )
    document = {
        "schema": "alvh.backtest/1",
        "policy": {"name": "synthetic", "sha256": "0" * 64},
        "runs": runs,
        "hedge": {
            "layers": rows,
            "sessions_held_share": 0.98,
            "interest_usd": float(interest.sum()),
            "cost_pct_per_month": {"index_notional": 0.021, "risk_capital": 0.74, "credit": 11.2},
        },
        **risk_parts(),
        **conduct_parts(),
        "checks": {
            "max_identity_error_usd": 1.2e-9,
            "max_attribution_error_usd": 3.4e-9,
            "unexplained_share": 0.043,
            "quoted_share": 0.0,
        },
    }
    worst = np.argsort(daily_pnl(bare, ACCOUNT_USD))[:12]
    wednesdays = [int(day) for day in days if weekday(day) == 2]
    rolls = [
        {
            "session": iso(day),
            "layer": LAYERS[place % 3],
            "action": "ROLL" if place > 2 else "OPEN",
            "from": f"VIX {iso(day + 7)} {18 + place % 9} C" if place > 2 else None,
            "to": f"VIX {iso(day + 14)} {20 + place % 11} C",
            "quantity": 8 - place % 3,
            "price": round(float(rng.uniform(0.2, 3.0)), 4),
            "asked_by": "calendar",
            "reason": f"ROLL_SCHEDULE: 7 calendar days since {iso(day - 7)}; VX forward {15 + place % 7:.2f}",
        }
        for place, day in enumerate(wednesdays)
    ]
    pnl = daily_pnl(hedged - bare, 0.0)
    return replace(
        TearSheet(
            title="Synthetic book: condors with three layers of VIX calls",
            subtitle=f"{iso(days[0])} to {iso(days[-1])} · policy synthetic",
            headline=(
                f"The hedge changed the final equity by {hedge[-1]:+,.0f} dollars on an account of $1,000,000.",
                "The deepest drawdown was 12.3 % with it and 15.9 % without it.",
                "Without its best three months it would have cost twice as much.",
            ),
            basis=(
                "decided and filled at the same close",
                "model prices",
                "SPX legs pay 25 %, VIX calls 50 % of the half-spread",
            ),
            document=document,
            policy_toml='schema = 1\nname = "synthetic"\n\n[account]\nequity_usd = 1_000_000\n'
            + "".join(f'\n[[hedge.layers]]\nname = "{name}"\nratio = 4\nmin_dte = 9\nmax_dte = 16\n' for name in LAYERS),
            policy_explained="Every Wednesday the book sells one iron condor.\nIts hedge holds three layers of VIX calls.",
            sessions=days,
            account_usd=ACCOUNT_USD,
            equity_hedged_usd=hedged,
            equity_unhedged_usd=bare,
            condor_pnl_usd=condor,
            layer_pnl_usd=layers,
            attribution={
                "condors": {
                    "time": 210_000.5,
                    "forward": -120_000.0,
                    "vol_level": -31_000.0,
                    "smile": 1_200.0,
                    "costs": -22_000.0,
                },
                **{name: {"time": -60_000.0, "forward": 41_000.25, "vol_level": 3_000.0, "costs": -4_812.0} for name in LAYERS},
                "cash": {"interest": 18_211.0},
            },
            coverage={
                "net vega, β-adjusted": np.where(
                    np.arange(sessions) < 20, np.nan, 0.2 + 0.1 * np.sin(np.arange(sessions) / 30.0)
                ),
                "short legs' vega, β-adjusted": np.where(np.arange(sessions) < 20, np.nan, 0.12),
            },
            requirement_usd={
                "condors and calls": 130_000.0 + 20_000.0 * np.cos(np.arange(sessions) / 9.0),
                "calls alone": np.full(sessions, 9_000.0),
            },
            periods=tuple(
                {
                    "period": label,
                    "hedged_return": 0.11,
                    "unhedged_return": 0.15,
                    "hedge_pnl_usd": -41_000.0,
                    "max_drawdown": -0.12,
                }
                for label in ("whole", "2007-2012", "2013-2016", "2017-2026")
            ),
            episodes=(
                {
                    "episode": "Feb 2018",
                    "from": "2018-01-26",
                    "to": "2018-03-29",
                    "hedged_pnl_usd": -9_000.0,
                    "unhedged_pnl_usd": -41_000.0,
                },
                {
                    "episode": "Late 2018",
                    "from": "2018-10-01",
                    "to": "2018-12-31",
                    "hedged_pnl_usd": 400.0,
                    "unhedged_pnl_usd": -8_100.0,
                },
            ),
            without_best=tuple(
                {
                    "months_removed": row.removed,
                    "months": ", ".join(row.months),
                    "removed_usd": row.removed_usd,
                    "net_usd": row.total_usd,
                }
                for row in without_best_months(pnl_by_month(days, pnl))
            ),
            worst_days=tuple(
                {
                    "session": iso(days[row]),
                    "spx_return": -0.02 - 0.001 * place,
                    "vix_change_points": 6.4 + place,
                    "hedged_pnl_usd": float(condor[row] + pnl[row]),
                    "unhedged_pnl_usd": float(condor[row]),
                    "condor_pnl_usd": float(condor[row]),
                    **{f"{name}_pnl_usd": float(values[row]) for name, values in layers.items()},
                }
                for place, row in enumerate(worst)
            ),
            roll_calendar=tuple(rolls),
            settlements=(
                {
                    "session": iso(days[min(9, sessions - 1)]),
                    "contract": "VIX 2017-01-18 20 C",
                    "quantity": 4,
                    "settlement_value": 11.87,
                    "source": "VRO",
                    "payoff_usd": 0.0,
                },
            ),
            provenance=(
                {
                    "file": "market/VIX_History.csv",
                    "sha256": "ab" * 32,
                    "rows": 9235,
                    "first": "1990-01-02",
                    "last": "2026-07-23",
                },
                {
                    "file": "market/SPX_History.csv",
                    "sha256": "cd" * 32,
                    "rows": 12_000,
                    "first": "1975-01-02",
                    "last": "2026-07-23",
                },
            ),
            modelled=(
                {"input": "VX curve", "sessions": 120, "error": "median 1.8 %, 90th percentile 4.9 %, bias −1.1 %"},
                {"input": "dividend yield", "sessions": 40, "error": "last value carried forward"},
            ),
            warnings=("3 condor entries took the minimum of one lot and broke the 5 % share.",),
            footer=("alvh 0.1.0", "policy 0000000", "data abababa"),
        ),
        **changes,
    )
