"""The lines that a person reads first, made from the document alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alvh.results.instruments import words

FUTURES = ("vx_futures", "vxm_futures")
"""Instruments that are margined and not paid for."""


def _pct(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{100.0 * value:+.{digits}f} %"


def _usd(value: float) -> str:
    return f"{value:,.0f} $".replace("-", "−")


def _range_rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the measured error of the prices leaves of the main figures."""
    found = document.get("pricing_uncertainty")
    if found is None:
        return []

    def span(key: str) -> str:
        ends = found["range"][key]
        return f"{_usd(ends['low'])} to {_usd(ends['high'])}"

    text = f"condors {span('condor_net_usd')}"
    if document["hedge"]["layers"]:
        text += f", hedge {span('hedge_net_usd')}, book {span('hedged_pnl_usd')}"
    return [("over price errors", text)]


def _risk_rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Coverage and margin through time, where the run computed them."""
    if "exposures" not in document or "margin" not in document:
        return []
    covered, margin = document["exposures"]["coverage"]["net_adjusted"], document["margin"]
    rows = []
    if document["hedge"]["layers"] and covered["median"] is not None:
        inside = f"{100.0 * covered['share_in_band']:.0f} % of sessions inside 40-60 %"
        text, out = (
            f"{100.0 * covered['median']:.0f} % median by measured betas, {inside}",
            document["exposures"].get("left_out", []),
        )
        if len(out) == len(document["hedge"]["layers"]):
            text = f"not measured: {', '.join(out)}"
        elif out:
            text += f"; without {', '.join(out)}"
        rows.append(("coverage, net vega", text))
    if margin["maximum_session"] is not None:
        text = f"{_usd(margin['maximum_usd'])} at most ({margin['maximum_session']}), {_usd(margin['mean_held_usd'])} on average"
        rows.append(("margin requirement", f"{text}; buying power at least {_usd(margin['buying_power_least_usd'])}"))
    return rows


def _layer_text(layer: Mapping[str, Any]) -> str:
    if "etp" in layer:
        return (
            f"{layer['rolls']} rolls, shares of {layer['etp']}, paid {_usd(layer['premium_usd'])}, "
            f"got {_usd(layer['payoff_usd'])}, net {_usd(layer['net_usd'])}"
        )
    paid = "" if layer["instrument"] in FUTURES else f"paid {_usd(layer['premium_usd'])}, "
    count = "" if layer["instrument"] == "vix_etp" else f"{layer['contracts']} "  # a fund is held by dollars
    return (
        f"{layer['rolls']} rolls, {count}{words(layer['instrument'])}, {paid}"
        f"got {_usd(layer['payoff_usd'])}, net {_usd(layer['net_usd'])}"
    )


def _conduct_rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How the hedge was run: presence, schedule and rules, where the run says so."""
    if "discipline" not in document or not document["hedge"]["layers"]:
        return []
    hedge, found = document["hedge"], document["discipline"]
    text = f"{100.0 * hedge['sessions_held_share']:.1f} % of sessions"
    if hedge.get("activations") is not None:
        text += f"; layers activated {hedge['activations']} times, stood down {hedge['stand_downs']}"
    rows = [("hedge held", text)]
    text = f"{found['on_schedule']} trades on schedule, {found['off_schedule']} off"
    if found["share_on_due_day"] is not None:
        text += f"; {100.0 * found['share_on_due_day']:.1f} % of rolls on their due day"
    rows.append(("discipline", text))
    for rule in document["rules"]:
        text = f"held on {rule['held_sessions']} sessions, acted on {rule['acted']}"
        if rule["unknown_sessions"]:
            text += f"; off for lack of data on {rule['unknown_sessions']} ({rule['unknown_from']} to {rule['unknown_to']})"
        rows.append((f"rule {rule['name']}", text))
    return rows


def summary_rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value, in reading order: what the hedge cost, then both runs, then the checks."""
    runs, hedge, data, checks = document["runs"], document["hedge"], document["data"], document["checks"]
    hedged, unhedged = runs["hedged"], runs["unhedged"]
    rows = [
        ("policy", f"{document['policy']['name']}  {document['policy']['sha256'][:12]}"),
        ("sessions", f"{data['from']} to {data['to']}, {data['sessions']}"),
        ("prices", "model" if checks["quoted_share"] == 0.0 else f"{100 * checks['quoted_share']:.0f} % quoted"),
    ]
    if hedge["layers"]:
        per_month = hedge["cost_pct_per_month"]
        rows.append(("hedge, all layers", f"{_usd(hedge['net_usd'])} after costs, interest {_usd(hedge['interest_usd'])}"))
        if per_month["credit"] is not None:
            rows.append(
                (
                    "hedge cost a month",
                    f"{per_month['index_notional']:.3f} % of index notional, {per_month['risk_capital']:.2f} % of risk capital, "
                    f"{per_month['credit']:.1f} % of credit",
                )
            )
    rows += _range_rows(document)
    rows += _risk_rows(document)
    for label, key, digits in (
        ("total return", "total_return", 1),
        ("CAGR", "cagr", 2),
        ("volatility", "vol", 2),
        ("maximum drawdown", "max_drawdown", 1),
        ("expected shortfall 95 %", "expected_shortfall_95", 2),
    ):
        rows.append((label, f"{_pct(hedged[key], digits)} hedged, {_pct(unhedged[key], digits)} unhedged"))
    sharpe = [f"{run['sharpe']:.2f}" if run["sharpe"] is not None else "–" for run in (hedged, unhedged)]
    rows.append(("Sharpe over bills", f"{sharpe[0]} hedged, {sharpe[1]} unhedged"))
    for run, name in ((hedged, "hedged"), (unhedged, "unhedged")):
        if run["ruin_session"] is not None:
            rows.append(("warning", f"the {name} account is at or below zero from {run['ruin_session']}"))
    condors = document["condors"]
    rows.append(
        (
            "condors",
            f"{condors['entries']} entries, {condors['lots']} lots, credit {_usd(condors['credit_usd'])}, "
            f"net {_usd(condors['net_usd'])}",
        )
    )
    for layer in hedge["layers"]:
        rows.append((f"layer {layer['name']}", _layer_text(layer)))
    rows += _conduct_rows(document)
    rows.append(
        (
            "identities",
            f"off by {checks['max_identity_error_usd']:.1e} and {checks['max_attribution_error_usd']:.1e} $ at most; "
            f"Greeks leave {100 * checks['unexplained_share']:.1f} % unexplained",
        )
    )
    modelled = ", ".join(f"{name} {count}" for name, count in data["modelled"].items() if count)
    if modelled:
        rows.append(("modelled sessions", modelled))
    return rows
