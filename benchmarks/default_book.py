"""The default book and its variants on a whole history: the tables of docs/explanation/what-the-hedge-did.md.

Run: ``python benchmarks/default_book.py [DATA_DIR]`` (default ``../shared/market``). Prints Markdown.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from alvh.app.wiring import BacktestOutput, load_market, run_on
from alvh.results import breakdown
from alvh.results.uncertainty import FIGURES
from alvh.strategy.policy import CondorExit, Policy, Roll, Timing
from alvh.strategy.policy_file import LoadedPolicy, load_policy, policy_sha256

START, END = date(2007, 1, 3), date(2026, 7, 22)


def _layers(policy: Policy, **changes: Any) -> Policy:
    layers = tuple(replace(layer, **changes) for layer in policy.hedge.layers)
    return replace(policy, hedge=replace(policy.hedge, layers=layers))


def variants(default: Policy) -> list[tuple[str, Policy]]:
    """Name and policy of every row of the variants table."""
    costs, hedge = default.costs, default.hedge
    rows: list[tuple[str, Policy]] = [("alvh-442", default)]
    for name in ("alvh-442-per-100k-index", "alvh-442-per-100k-risk", "alvh-442-per-condor"):
        rows.append((name, load_policy(name).policy))
    for share in (0.0, 50.0, 100.0):
        rows.append(
            (
                f"all legs pay {share:g} %",
                replace(default, costs=replace(costs, spx_spread_share_pct=share, vix_spread_share_pct=share)),
            )
        )
    rows.append(("low half-spreads", replace(default, costs=replace(costs, spread_case="low"))))
    rows.append(("high half-spreads", replace(default, costs=replace(costs, spread_case="high"))))
    rows.append(("filled at the next close", replace(default, timing=Timing(fill_at="next_close"))))
    rows.append(("compound", replace(default, account=replace(default.account, compound=True))))
    rows.append(("restrike at every roll", _layers(default, same_expiry="restrike")))
    rows.append(("empty window: skip", _layers(default, when_empty="skip")))
    rows.append(("same moneyness", _layers(default, restrike="same_moneyness")))
    rows.append(("next monthly", _layers(default, roll_to="next_monthly")))
    rows.append(("weekly resize", replace(default, hedge=replace(hedge, size=replace(hedge.size, resize="weekly")))))
    rows.append(("planned lots", replace(default, hedge=replace(hedge, size=replace(hedge.size, reference="planned")))))
    rows.append(("gate: no condor above VIX 30", replace(default, condor=replace(default.condor, gate_max_vix=30.0))))
    held = _layers(replace(default, condor=replace(default.condor, exit=CondorExit(profit_fraction_pct=None, dte=None))))
    rows.append(("everything held to settlement", _layers(held, roll=Roll(kind="hold_to_settlement"))))
    for weekday, name in enumerate(("Monday", "Tuesday", "Thursday", "Friday")):
        day = weekday if weekday < 2 else weekday + 1
        entry = replace(default.condor.entry, weekday=day)
        rows.append((f"{name} instead of Wednesday", replace(default, condor=replace(default.condor, entry=entry))))
    return rows


def run_all(data: str) -> list[tuple[str, BacktestOutput]]:
    """Run every variant; the market is loaded once for each half-spread case and root set."""
    default = load_policy("alvh-442")
    markets: dict[str, Any] = {}
    outputs = []
    for name, policy in variants(default.policy):
        case = policy.costs.spread_case
        if case not in markets:
            markets[case] = load_market(data, policy, start=START, end=END)
        loaded = LoadedPolicy(policy=policy, sha256=policy_sha256(policy), origin={}, chain=())
        outputs.append((name, run_on(markets[case], loaded, start=START, end=END, price_range=not outputs)))
    return outputs


def _pct(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{100.0 * value:.{digits}f}"


def _table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    print(f"## {title}\n\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def _figure(value: float, kind: str) -> str:
    return f"{_pct(value)} %" if kind == "percent" else f"{value:.3f}" if kind == "level" else f"{value:,.0f}"


def _period(row: dict[str, Any], keys: list[str]) -> list[str]:
    plain = {key for key in keys if key.endswith("usd") or key == "sessions"}
    return [row["period"], *(f"{row[key]:,.0f}" if key in plain else f"{_pct(row[key])} %" for key in keys)]


def _variant(name: str, document: dict[str, Any]) -> list[str]:
    hedged, unhedged, hedge = document["runs"]["hedged"], document["runs"]["unhedged"], document["hedge"]
    cost = hedge["cost_pct_per_month"]
    cells = [f"{usd:,.0f}" for usd in (document["condors"]["net_usd"], hedge["net_usd"], hedge["interest_usd"])]
    cells += [f"{cost['index_notional']:.3f}", f"{cost['credit']:.1f}"]
    cells += [_pct(run["max_drawdown"]) for run in (hedged, unhedged)]
    return [name, *cells, *(_pct(run["expected_shortfall_95"], 2) for run in (hedged, unhedged))]


def main() -> int:
    data = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).resolve().parents[2] / "shared" / "market")
    outputs = run_all(data)
    default = outputs[0][1]
    rows = breakdown.period_rows(default.result)
    keys = [key for key in rows[0] if key != "period"]
    _table("The whole and its parts", ["period", *(key.replace("_", " ") for key in keys)], [_period(row, keys) for row in rows])
    uncertain = default.document["pricing_uncertainty"]
    _table(
        "Over the measured error of the prices",
        ["figure", "low", "central", "high"],
        [
            [label, *(_figure(uncertain["range"][key][end], kind) for end in ("low", "central", "high"))]
            for key, label, kind in FIGURES
        ],
    )
    _table(
        "Each source of error at its two ends",
        ["source", "changed", *(label for _, label, _ in FIGURES[:4])],
        [
            [case["source"], case["what"], *(_figure(case["figures"][key], kind) for key, _, kind in FIGURES[:4])]
            for case in uncertain["cases"]
        ],
    )
    names = ("condor", "front", "mid", "back")
    _table(
        "Episodes",
        ["episode", "SPX %", "VIX points", "condors $", "front $", "mid $", "back $", "with hedge $", "without $"],
        [
            [
                row["episode"],
                _pct(row["spx_return"]),
                f"{row['vix_change_points']:+.1f}",
                *(f"{row[f'{name}_pnl_usd']:,.0f}" for name in (*names, "hedged", "unhedged")),
            ]
            for row in breakdown.episode_rows(default.result, default.attribution)
        ],
    )
    _table(
        "The hedge without its best months",
        ["months removed", "months", "hedge $"],
        [
            [str(row["months_removed"]), row["months"], f"{row['hedge_pnl_usd']:,.0f}"]
            for row in breakdown.without_best_rows(default.result)
        ],
    )
    heads = ["variant", "condors net $", "hedge net $", "interest $", "cost % of index notional a month", "% of credit"]
    heads += ["drawdown with %", "without %", "shortfall with %", "without %"]
    _table("Variants", heads, [_variant(name, output.document) for name, output in outputs])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
