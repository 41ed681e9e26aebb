"""``alvh policy lint`` as a document: checks of the file, of the expiry calendar, on model prices, and against data.

Without data the policy's contracts are priced at stated levels of VIX (:mod:`alvh.app.stated_market`); with data at the last
session, and what depends on the market's course is counted over the span.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from alvh.app.lint_data import rule_findings, target_findings
from alvh.app.size import policy_condor, policy_ladder
from alvh.app.stated_market import stated_market, stated_sessions
from alvh.app.wiring import VIX_OPTIONS_START, LoadedMarket, known_betas, load_market
from alvh.core.days import iso, to_date, to_day
from alvh.core.errors import DataMissing
from alvh.models.model_market import ModelMarket
from alvh.risk.betas import PUBLISHED, TenorBetas
from alvh.risk.feasible import NOTIONALS, SizeFigures, size_figures
from alvh.risk.size_inputs import size_inputs
from alvh.strategy.lint import lint_file
from alvh.strategy.lint_finding import SEVERITIES, Finding, ordered
from alvh.strategy.lint_sizes import SizeState, size_findings, sizes_apply
from alvh.strategy.lint_spreads import WidestLeg, spread_findings, widest_legs
from alvh.strategy.lint_windows import window_findings
from alvh.strategy.policy import Policy
from alvh.strategy.policy_file import LoadedPolicy
from alvh.strategy.schedule import grid_days
from alvh.strategy.selection import choose_layer_expiry
from alvh.strategy.sizing import condor_lots, size_move

SCHEMA: Final = "alvh.policy-lint/1"
LEVELS: Final = (15.0, 20.0, 30.0)
"""VIX levels at which methods.md 8 compares the published sizes."""
DELTAS: Final = np.round(np.arange(0.04, 0.981, 0.02), 2)
"""Strikes of ``docs/explanation/feasible-sizes.md``."""
LOOK_BACK_SESSIONS: Final = 30
"""Sessions before the last one in which a close is looked for at which every layer finds an expiry: a month, and some."""
LISTING_SPAN: Final = (date(2026, 1, 2), date(2026, 12, 31))
"""A year under the listing rules in force, for a policy that is held against no data."""


def lint_document(
    loaded: LoadedPolicy, *, data: str | None = None, start: date | None = None, end: date | None = None
) -> dict[str, Any]:
    """All findings of a policy, the gravest first. ``data`` is a folder or ``"sample"``; None reads none.

    ``start`` and ``end`` bound what is counted over sessions. Raises :class:`DataMissing` where the data hold no session of the
    span, and what the readers raise.
    """
    policy = loaded.policy
    market, rows = None, slice(0)
    first, last = start or LISTING_SPAN[0], end or LISTING_SPAN[1]
    if data is not None:
        market = load_market(data, policy, start=start, end=end)
        rows = _rows(market, start, end)
        sessions = market.market.sessions[rows]
        first, last = to_date(sessions[0]), to_date(sessions[-1])
    found = lint_file(loaded)
    if policy.overlay is None:
        found += window_findings(policy, first, last)
        found += _on_stated_prices(policy) if market is None else _on_data(policy, market, rows)
    counts = Counter(finding.severity for finding in found)
    return {
        "schema": SCHEMA,
        "name": policy.name,
        "sha256": loaded.sha256,
        "source": None if market is None else market.loaded.history.source,
        "from": first,
        "to": last,
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "findings": [finding.document() for finding in ordered(found)],
    }


def _rows(loaded: LoadedMarket, start: date | None, end: date | None) -> slice:
    """Market rows that a run over the span would have."""
    sessions = loaded.market.sessions
    first = max(int(sessions[loaded.loaded.start_row]), VIX_OPTIONS_START) if start is None else to_day(start)
    last = int(sessions[-1]) if end is None else to_day(end)
    low, high = int(np.searchsorted(sessions, first)), int(np.searchsorted(sessions, last, side="right"))
    if low >= high:
        raise DataMissing(
            f"no session between {iso(first)} and {iso(last)}",
            where=loaded.loaded.history.source,
            allowed=f"{iso(sessions[0])} to {iso(sessions[-1])}",
            todo="choose dates inside the data",
        )
    return slice(low, high)


def _on_stated_prices(policy: Policy) -> list[Finding]:
    days = stated_sessions(policy)
    spreads: dict[str, Sequence[WidestLeg]] = {}
    states = []
    for level in LEVELS:
        label = f"VIX {level:g}"
        if policy.limits.spread is not None:
            markets = (stated_market(policy, day, level) for day in days)
            spreads[label] = [leg for each in markets for leg in widest_legs(each.snapshot(0), each.series, policy)]
        made = (stated_market(policy, day, level) for day in days if sizes_apply(policy))
        market = next((one for one in made if _all_listed(policy, one, 0)), None)
        if market is not None:
            states.append(_state(policy, market, 0, PUBLISHED, label))
    return size_findings(policy, states) + spread_findings(policy, spreads)


def _on_data(policy: Policy, loaded: LoadedMarket, rows: slice) -> list[Finding]:
    market, index = loaded.market, rows.stop - 1
    found = rule_findings(policy, loaded, rows)
    recent = range(index, max(rows.start, index - LOOK_BACK_SESSIONS) - 1, -1)
    at = next((row for row in recent if sizes_apply(policy) and _all_listed(policy, market, row)), None)
    if at is not None:
        label = f"{iso(market.sessions[at])}, VIX {market.history.vix_close[at]:.2f}"
        found += size_findings(policy, [_state(policy, market, at, known_betas(loaded).at(at), label)])
    if policy.limits.spread is not None:
        days = np.flatnonzero(grid_days(policy.condor.entry, market.sessions))
        days = days[(days >= rows.start) & (days < rows.stop)]
        legs = [leg for day in days.tolist() for leg in widest_legs(market.snapshot(day), market.series, policy)]
        span = f"{iso(market.sessions[rows.start])} to {iso(market.sessions[index])}"
        found += spread_findings(policy, {span: legs})
    if not any(finding.code == "no-input" and finding.severity == "error" for finding in found):
        found += target_findings(policy, loaded, int(market.sessions[rows.start]), int(market.sessions[index]))
    return found


def _all_listed(policy: Policy, market: ModelMarket, index: int) -> bool:
    """Whether every layer finds an expiry at a close; what a window that is often empty means is a finding of its own."""
    snapshot, fallback = market.snapshot(index), policy.hedge.fallback_min_dte
    rows = [choose_layer_expiry(snapshot, market.series, layer, fallback, None).series for layer in policy.hedge.layers]
    return all(row is not None for row in rows)


def _state(policy: Policy, market: ModelMarket, index: int, betas: TenorBetas, label: str) -> SizeState:
    """One condor lot, the ladder, and the ladder struck at other deltas."""
    snapshot, series = market.snapshot(index), market.series
    condor = policy_condor(snapshot, series, policy, 1)
    move, equity = size_move(policy.hedge.size), policy.account.equity_usd
    inputs = size_inputs(
        snapshot, series, condor, policy_ladder(snapshot, series, policy, None), betas, move=move, equity_usd=equity
    )
    figures: dict[str, list[SizeFigures]] = {name: [] for name in NOTIONALS}
    for delta in DELTAS.tolist():
        struck = size_inputs(snapshot, series, condor, policy_ladder(snapshot, series, policy, delta), betas, move=move)
        for name in NOTIONALS:
            figures[name].append(size_figures(struck, name))
    loss = inputs.base.risk_capital_usd
    return SizeState(
        label=label,
        inputs=inputs,
        lots=condor_lots(policy.condor.size, equity, 0.0 if loss is None else loss).lots,
        deltas=DELTAS,
        figures={name: tuple(rows) for name, rows in figures.items()},
    )
