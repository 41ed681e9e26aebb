"""The document of ``alvh margin``: the requirement of a book under every convention, and what the account has left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from alvh.app.book_risk import BookMarket
from alvh.kernels.black import black_price
from alvh.market.history import Floats
from alvh.market.market import Legs
from alvh.risk.exposures import contract_text, legs_of, unit_greeks
from alvh.risk.margin import MarginInputs, MarginReport, buying_power_usd, margin_under_all, quick_ratio
from alvh.risk.margin.portfolio import Points, Reprice

MARGIN_SCHEMA: Final = "alvh.margin/1"


def held_vols(made: BookMarket) -> Reprice:
    """The pricer of portfolio margin: every option keeps its implied vol, as OCC's values do (docs/reference/margin.md)."""
    snapshot, positions = made.snapshot, made.positions
    legs = legs_of(positions, made.series)
    unit = unit_greeks(snapshot, legs, made.series)
    forward, vol, years = unit[5], unit[6], unit[7]
    discount = np.array([snapshot.discount(int(row)) for row in legs.series])
    option = positions.is_option
    strike, right = np.where(option, legs.strike, forward), np.where(option, legs.right, 1.0)

    def price(points: Points) -> Floats:
        moved = forward * (1.0 + points.move)
        shape = moved.shape
        value = black_price(
            moved,
            np.broadcast_to(strike, shape),
            np.broadcast_to(years, shape),
            np.broadcast_to(discount, shape),
            vol * (1.0 + points.vol_move),
            np.broadcast_to(right, shape),
        )
        return np.where(option, value, moved)

    return price


def margin_document(made: BookMarket, *, equity_usd: float | None = None) -> dict[str, Any]:
    """Requirement under every convention with what binds; with the account's equity also buying power and the quick ratio."""
    snapshot, positions = made.snapshot, made.positions
    legs = legs_of(positions, made.series)
    mark = unit_greeks(snapshot, legs, made.series)[0]
    inputs = MarginInputs(as_of=snapshot.session, mark=mark, spx=snapshot.spx, vix=snapshot.vix)
    reports = margin_under_all(positions, inputs, reprice=held_vols(made))
    document = made.head(MARGIN_SCHEMA) | {
        "conventions": {name: _report(report, made, equity_usd) for name, report in reports.items()},
        "option_value_usd": float((mark * positions.quantity * positions.multiplier_usd)[positions.is_option].sum()),
        "pricer": "portfolio margin reprices with every option's implied vol held, as OCC does",
    }
    if equity_usd is not None:
        document["account"] = _account(made, legs, mark, equity_usd, reports)
    return document


def _report(report: MarginReport, made: BookMarket, equity_usd: float | None) -> dict[str, Any]:
    parts = [
        asdict(part) | {"rows": [contract_text(made.positions, k) for k in part.rows]}
        for part in sorted(report.parts, key=lambda part: -part.requirement_usd)
    ]
    found: dict[str, Any] = {
        "requirement_usd": report.requirement_usd,
        "binding": report.binding,
        "by_product_usd": dict(report.by_product),
        "minimum_equity_usd": report.minimum_equity_usd,
        "parts": parts,
        "notes": list(report.notes),
    }
    if equity_usd is not None:
        power = buying_power_usd(equity_usd, report.requirement_usd, minimum_equity_usd=report.minimum_equity_usd)
        found["buying_power_usd"] = power
        found["feasible"] = power >= 0.0
    return found


def _account(
    made: BookMarket, legs: Legs, mark: Floats, equity_usd: float, reports: Mapping[str, MarginReport]
) -> dict[str, Any]:
    """Cash is equity less the options' value at the marks; it holds the proceeds, so the requirement without credits is due."""
    positions = made.positions
    option, dollars = positions.is_option, positions.quantity * positions.multiplier_usd
    chosen = option & (positions.quantity > 0.0)
    bid = 0.0
    if chosen.any():
        quotes = made.snapshot.quote(Legs(series=legs.series[chosen], strike=legs.strike[chosen], right=legs.right[chosen]))
        bid = float((np.nan_to_num(quotes.bid) * dollars[chosen]).sum())
    cash = equity_usd - float((mark * dollars)[option].sum())
    ratio = quick_ratio(
        cash_usd=cash,
        bills_usd=0.0,
        long_options_at_bid_usd=bid,
        requirement_usd=reports["no_credit_netting"].requirement_usd,
        debits_due_usd=0.0,
    )
    return {
        "equity_usd": equity_usd,
        "cash_usd": cash,
        "long_options_at_bid_usd": bid,
        "quick_ratio": ratio.ratio if np.isfinite(ratio.ratio) else None,
        "liquid_usd": ratio.liquid_usd,
        "due_usd": ratio.due_usd,
        "assumed": "all cash is liquid and no roll is due; the requirement counts no credit, for cash holds the proceeds",
    }
