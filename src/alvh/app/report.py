"""A run's folder: report, document, trades, ledger, equity, risk, rolls, settlements, policy, book; each whole or not at all."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh.app.plan import book_document
from alvh.core.days import iso
from alvh.engine.ledger import CONDOR, HEDGE, RESERVE
from alvh.engine.reserve import reserve_layers
from alvh.models.spreads import ETP_HALF_SPREAD
from alvh.models.spx_calibration import STATE_ERRORS
from alvh.results import breakdown
from alvh.results.document import lot_costs
from alvh.results.files import write_csv_atomic, write_text_atomic
from alvh.results.instruments import all_words
from alvh.results.risk_file import write_risk_csv
from alvh.results.tearsheet import TearSheet, render_tearsheet
from alvh.strategy.explain import explain
from alvh.strategy.policy_file import policy_to_toml

if TYPE_CHECKING:
    from alvh.app.wiring import BacktestOutput

SURFACE_ERROR = (
    "no quotes: implied vols 5 % off (rms over deltas), condor credit 3-4 % per trade; VIX calls about 15 % of premium "
    "(model against 24 and 3 quoted chains, docs/reference/model-errors.md)"
)


def write_run(output: BacktestOutput, out: Path) -> list[Path]:
    """Write all files of a run into ``out`` and return their paths, the report first."""
    out.mkdir(parents=True, exist_ok=True)
    written = [write_text_atomic(out / "report.html", render_tearsheet(build_sheet(output)))]
    written.append(write_text_atomic(out / "result.json", json.dumps(output.document, indent=2, allow_nan=False) + "\n"))
    written.append(_trades(output, out / "trades.csv"))
    written.append(_ledger(output, out / "ledger.csv"))
    written.append(_equity(output, out / "equity.csv"))
    written.append(write_risk_csv(output.risk, out / "risk.csv"))
    written.append(_rows(out / "rolls.csv", breakdown.roll_rows(output.result)))
    written.append(_rows(out / "settlements.csv", breakdown.settlement_rows(output.result)))
    written.append(write_text_atomic(out / "policy.toml", policy_to_toml(output.policy.policy)))
    book = book_document(output.result.run, output.policy, int(output.result.sessions[-1]))
    written.append(write_text_atomic(out / "book.json", json.dumps(book, indent=2, allow_nan=False) + "\n"))
    return written


def _rows(path: Path, rows: tuple[dict[str, Any], ...]) -> Path:
    """Rows of equal keys as a CSV file, empty where there are none."""
    write_csv_atomic(path, tuple(rows[0]) if rows else (), (tuple(row.values()) for row in rows))
    return path


def _trades(output: BacktestOutput, path: Path) -> Path:
    """One row per lot: contract, quantity, fills, mids, costs and profit. A future has neither strike nor right."""
    result, table = output.result, output.result.market.series
    names = [layer.name for layer in result.policy.hedge.layers]
    sessions = result.market.sessions
    reserves = reserve_layers(result.policy)

    def sleeve(layer: int) -> str:
        return CONDOR if layer < 0 else RESERVE if layer in reserves else HEDGE

    def rows() -> Any:
        for lot in result.lots:
            slippage, fees = lot_costs(lot)
            usd = lot.quantity * lot.multiplier_usd
            closed = bool(lot.close_kind)
            yield (
                lot.lot_id,
                sleeve(lot.layer),
                "" if lot.layer < 0 else names[lot.layer],
                "" if lot.group < 0 else lot.group,
                table.ticker(lot.series) if lot.is_share else str(lot.future or table.roots[lot.series]),
                "" if lot.is_share else iso(table.expiry[lot.series]),
                None if lot.is_future or lot.is_share else lot.strike,
                "" if lot.is_future or lot.is_share else "C" if lot.right > 0 else "P",
                lot.quantity,
                iso(sessions[lot.open_index]),
                lot.open_mid,
                lot.open_price,
                iso(sessions[lot.close_index]) if closed else "",
                lot.close_mid if closed else None,
                lot.close_price if closed else None,
                lot.close_kind or ("stranded" if lot.stranded else "open"),
                slippage,
                fees,
                usd * (lot.close_price - lot.open_price) - fees if closed else None,
                lot.open_reason,
                lot.close_reason,
            )

    header = [
        "lot",
        "sleeve",
        "layer",
        "condor",
        "root",
        "expiry",
        "strike",
        "right",
        "quantity",
        "opened",
        "open_mid",
        "open_price",
        "closed",
        "close_mid",
        "close_price",
        "outcome",
        "slippage_usd",
        "fees_usd",
        "pnl_usd",
        "open_reason",
        "close_reason",
    ]
    write_csv_atomic(path, header, rows())
    return path


def _ledger(output: BacktestOutput, path: Path) -> Path:
    sessions = output.result.market.sessions
    header = "session,kind,sleeve,layer,condor,lot,quantity,price,mid,slippage_usd,fees_usd,cash_usd,cash_unhedged_usd,reason"
    write_csv_atomic(
        path,
        header.split(","),
        (
            (
                iso(sessions[entry.market_row]),
                entry.kind,
                entry.sleeve,
                entry.layer if entry.layer >= 0 else "",
                entry.group if entry.group >= 0 else "",
                entry.lot if entry.lot >= 0 else "",
                entry.quantity,
                entry.price,
                entry.mid,
                entry.slippage_usd,
                entry.fees_usd,
                entry.cash_usd,
                entry.cash_unhedged_usd,
                entry.reason,
            )
            for entry in output.result.ledger.entries
        ),
    )
    return path


def _equity(output: BacktestOutput, path: Path) -> Path:
    record, result = output.result.record, output.result
    names = [layer.name for layer in result.policy.hedge.layers]
    header = [
        "session",
        "equity_hedged_usd",
        "equity_unhedged_usd",
        "cash_hedged_usd",
        "cash_unhedged_usd",
        "condor_pnl_usd",
        *(f"{name}_pnl_usd" for name in names),
        "interest_hedged_usd",
        "interest_unhedged_usd",
        "condor_lots",
        "index_notional_usd",
        "risk_capital_usd",
    ]
    sleeves = [output.attribution.sleeve_pnl_usd(k) for k in range(len(names) + 1)]
    columns = [
        record.equity_hedged_usd,
        record.equity_unhedged_usd,
        record.cash_hedged_usd,
        record.cash_unhedged_usd,
        *sleeves,
        record.interest_hedged_usd,
        record.interest_unhedged_usd,
        record.condor_lots,
        record.index_notional_usd,
        record.risk_capital_usd,
    ]
    lists = [column.tolist() for column in columns]
    days = [iso(day) for day in result.sessions]
    write_csv_atomic(path, header, ((day, *values) for day, *values in zip(days, *lists, strict=True)))
    return path


def _usd(value: float) -> str:
    return f"{value:+,.0f} USD".replace("-", "−")


def _pct(value: float, digits: int) -> str:
    return f"{100.0 * value:.{digits}f}\u00a0%".replace("-", "−")


def headline(output: BacktestOutput) -> tuple[str, ...]:
    """What the hedge cost and saved, in sentences."""
    document, result = output.document, output.result
    runs, hedge, condors = document["runs"], document["hedge"], document["condors"]
    made = f"The condors themselves made {_usd(condors['net_usd'])} after costs on {condors['credit_usd']:,.0f} USD of credit."
    found = document.get("pricing_uncertainty")
    if found is not None:
        condor, other = (found["range"][key] for key in ("condor_net_usd", "hedge_net_usd"))
        made += f" Over the measured error of the prices: {_usd(condor['low'])} to {_usd(condor['high'])}"
        made += f", the hedge {_usd(other['low'])} to {_usd(other['high'])}." if hedge["layers"] else "."
    if not hedge["layers"]:
        return (made,)
    change = float(result.record.equity_hedged_usd[-1] - result.record.equity_unhedged_usd[-1])
    hedged, unhedged = runs["hedged"], runs["unhedged"]
    best = breakdown.without_best_rows(result)[1]
    return (
        f"The hedge changed the final equity by {_usd(change)}: {_usd(hedge['net_usd'])} from its layers after costs and "
        f"{_usd(hedge['interest_usd'])} of interest.",
        f"Maximum drawdown {_pct(hedged['max_drawdown'], 1)} of the account with it, {_pct(unhedged['max_drawdown'], 1)} "
        f"without; expected shortfall (95\u00a0%) a day {_pct(hedged['expected_shortfall_95'], 2)} against "
        f"{_pct(unhedged['expected_shortfall_95'], 2)}.",
        made,
        f"Without its best {best['months_removed']} months the hedge made {_usd(best['hedge_pnl_usd'])}.",
    )


def build_sheet(output: BacktestOutput) -> TearSheet:
    """Fill the tear sheet from a finished backtest."""
    result, attribution, document = output.result, output.attribution, output.document
    policy = result.policy
    record = result.record
    sessions = result.sessions
    causes = {"time": 0, "forward": 1, "vol_level": 2, "smile": 3}
    rows: dict[str, dict[str, float]] = {}
    for name, row in document["attribution"].items():
        rows[name] = {cause: row[cause] for cause in causes} | {"costs": row["slippage"] + row["fees"]}
    rows["cash"] = {"interest": float(record.interest_hedged_usd.sum())}
    return TearSheet(
        title=f"{policy.name}: {_book_text(output)}",
        subtitle=f"{iso(sessions[0])} to {iso(sessions[-1])} · policy {policy.name} · {len(sessions):,} sessions",
        headline=headline(output),
        document=document,
        policy_toml=policy_to_toml(policy),
        policy_explained=explain(output.policy),
        sessions=sessions,
        account_usd=policy.account.equity_usd,
        equity_hedged_usd=record.equity_hedged_usd,
        equity_unhedged_usd=record.equity_unhedged_usd,
        condor_pnl_usd=attribution.sleeve_pnl_usd(0),
        layer_pnl_usd={layer.name: attribution.sleeve_pnl_usd(k + 1) for k, layer in enumerate(policy.hedge.layers)},
        attribution=rows,
        coverage={
            "net vega, β-adjusted": output.risk.coverage.net_adjusted,
            "short legs' vega, β-adjusted": output.risk.coverage.short_adjusted,
        }
        if policy.hedge.enabled
        else {},
        requirement_usd={
            "condors and hedge": output.risk.margin.requirement_usd,
            "hedge alone": output.risk.margin.hedge_usd,
        },
        compound=policy.account.compound,
        basis=_basis(output),
        periods=breakdown.period_rows(result),
        episodes=breakdown.episode_rows(result, attribution),
        without_best=breakdown.without_best_rows(result) if policy.hedge.enabled else (),
        worst_days=breakdown.worst_day_rows(result, attribution),
        roll_calendar=breakdown.roll_rows(result),
        settlements=breakdown.settlement_rows(result),
        provenance=tuple(
            {"file": str(file.path), "sha256": file.sha256, "rows": file.rows, "first": file.first, "last": file.last}
            for file in output.market.loaded.files
        ),
        modelled=_modelled(output),
        warnings=_warnings(output),
        footer=(
            f"policy sha256 {document['policy']['sha256']}",
            f"data sha256 {document['data']['sha256']}",
            f"alvh {version('alvh')}, Python {platform.python_version()}, numpy {version('numpy')}, numba {version('numba')}",
        ),
    )


def _book_text(output: BacktestOutput) -> str:
    hedge = output.result.policy.hedge
    if not hedge.enabled:
        return "condors without a hedge"
    return f"condors and layered {all_words([layer.instrument for layer in hedge.layers])} as one book"


def _basis(output: BacktestOutput) -> tuple[str, ...]:
    costs, timing = output.result.policy.costs, output.result.policy.timing
    filled = "same close" if timing.fill_at == "same_close" else "next close"
    return (
        f"decided at the close, filled at the {filled}",
        "every option price is a model price; no quotes were available",
        f"of the half-spread SPX legs pay {costs.spx_spread_share_pct:g} %, {_vix_words(output)} "
        f"{costs.vix_spread_share_pct:g} %, {'with' if costs.fees else 'without'} fees",
        *_fund_words(output),
    )


def _fund_words(output: BacktestOutput) -> tuple[str, ...]:
    """What is assumed of shares, where layers hold any."""
    layers = output.result.policy.hedge.layers if output.result.policy.hedge.enabled else ()
    names = ", ".join(dict.fromkeys(layer.etp for layer in layers if layer.is_share))
    if not names:
        return ()
    return (
        f"{names}: dollars at the adjusted close, not shares; half-spread {1e4 * ETP_HALF_SPREAD:g} basis points before stress "
        "(assumed), no fee; left out of exposures and vega coverage",
    )


def _vix_words(output: BacktestOutput) -> str:
    """What of the hedge is on VIX, in words."""
    named = [layer.instrument for layer in output.result.policy.hedge.layers if layer.instrument != "spx_put_spreads"]
    return all_words(named) or "VIX calls"


def _modelled(output: BacktestOutput) -> tuple[dict[str, Any], ...]:
    errors = {stand_in.input: stand_in.error_text for stand_in in output.market.stand_ins}
    errors |= {f"spx_surface_{state}": f"SPX surface, {text}" for state, text in STATE_ERRORS.items()}
    errors |= {
        "spx_option_prices": SURFACE_ERROR,
        "vix_option_prices": SURFACE_ERROR,
        "vx": "VX curve model: see docs/reference/model-errors.md",
        "settlement_value": "SPX AM on the reconstructed opening, VIX on an approximation where no final settlement is known",
    }
    return tuple(
        {"input": name, "sessions": count, "error": errors.get(name, "last known value carried forward")}
        for name, count in output.document["data"]["modelled"].items()
        if count
    )


def _warnings(output: BacktestOutput) -> tuple[str, ...]:
    document, counters = output.document, output.result.counters
    found = [
        f"The {name} account is at or below zero from {run['ruin_session']}; the run goes on, returns after it mean little."
        for name, run in document["runs"].items()
        if run["ruin_session"] is not None
    ]
    calls = document["margin"]["sessions_without_buying_power"]
    if calls:
        found.append(
            f"On {calls} sessions equity was below the margin requirement: a broker would have closed positions, the run did not."
        )
    if counters.small_account:
        found.append(f"{counters.small_account} condor entries broke the share of the account because the minimum is one lot.")
    if counters.stranded:
        found.append(f"{counters.stranded} times a long option had no bid when it was to be sold; it waited for its settlement.")
    for rule, count in sorted(counters.refused.items()):
        found.append(f"Orders refused by {rule}: {count}.")
    for rule, count in sorted(counters.held_back.items()):
        found.append(f"{rule}: {count}." if rule.startswith("size: ") else f"Entries or rolls held back by {rule}: {count}.")
    for row in document["rules"]:
        if row["unknown_sessions"]:
            span = f"{row['unknown_sessions']} sessions, {row['unknown_from']} to {row['unknown_to']}"
            found.append(f"Rule {row['name']} was off on {span}: a signal that it reads has no value there.")
    empty = sum(counters.empty_windows.values())
    if empty:
        found.append(f"{empty} choices of a hedge expiry found no listed expiry in the window and took the nearest instead.")
    found.extend(output.market.market.notes)
    found.extend(row.to_line() for row in output.market.loaded.quality.warnings)
    return tuple(found)
