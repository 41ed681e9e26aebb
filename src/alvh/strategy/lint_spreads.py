"""What the bid-ask limit (R45) would refuse of a policy's own contracts, and where a single tick is wider than it allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alvh.market.market import Legs, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.lint_finding import Finding, Severity
from alvh.strategy.policy import Policy
from alvh.strategy.selection import (
    CALL,
    PUT,
    choose_condor_expiry,
    choose_condor_strikes,
    choose_layer_expiry,
    choose_layer_legs,
)

CONDOR = "condor"


@dataclass(frozen=True, slots=True, kw_only=True)
class WidestLeg:
    """Of what a sleeve would open at one close, the leg whose spread is the largest share of its mid; per cent and points.

    ``least_pct`` is one tick over mid: no quote of that contract can be narrower.
    """

    what: str
    session: int
    spread_pct: float
    least_pct: float
    mid: float
    tick: float


def widest_legs(snapshot: Snapshot, series: SeriesTable, policy: Policy) -> list[WidestLeg]:
    """One row a layer, and one for the condor, of the sleeves that the limit binds; what is not listed has none."""
    limit = policy.limits.spread
    sleeves = () if limit is None else limit.sleeves
    found = []
    if CONDOR in sleeves and policy.condor.enabled:
        row = choose_condor_expiry(snapshot, series, policy.condor)
        strikes = None if row is None else choose_condor_strikes(snapshot, row, policy.condor)
        if row is not None and strikes is not None:
            rows = [
                (row, strikes.long_put, PUT), (row, strikes.short_put, PUT),
                (row, strikes.short_call, CALL), (row, strikes.long_call, CALL),
            ]  # fmt: skip
            found.append(_widest(snapshot, CONDOR, rows))
    for layer in policy.hedge.layers if "hedge" in sleeves and policy.hedge.enabled else ():
        roots = policy.condor.roots if layer.instrument == "spx_put_spreads" else ()
        row = choose_layer_expiry(snapshot, series, layer, policy.hedge.fallback_min_dte, None, roots=roots).series
        legs = None if row is None else choose_layer_legs(snapshot, row, layer, policy.hedge, None)
        if row is not None and legs is not None:
            found.append(_widest(snapshot, layer.name, [(row, strike, right) for strike, right, _ in legs]))
    return found


def _widest(snapshot: Snapshot, what: str, rows: list[tuple[int, float, int]]) -> WidestLeg:
    quotes = snapshot.quote(Legs.of(rows))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.nan_to_num(100.0 * (quotes.ask - quotes.bid) / quotes.mid, nan=np.inf)
        least = np.nan_to_num(100.0 * quotes.tick / quotes.mid, nan=np.inf)
    worst = int(np.argmax(spread))
    return WidestLeg(
        what=what,
        session=snapshot.session,
        spread_pct=float(spread[worst]),
        least_pct=float(least.max()),
        mid=float(quotes.mid[worst]),
        tick=float(quotes.tick[worst]),
    )


def spread_findings(policy: Policy, found: Mapping[str, Sequence[WidestLeg]]) -> list[Finding]:
    """``spread-filter`` by layer; ``found`` has the legs of every close by label (a level of VIX, or the span of the data)."""
    limit = policy.limits.spread
    if limit is None:
        return []
    whats = dict.fromkeys(leg.what for legs in found.values() for leg in legs)
    made = (_of_one(what, limit.max_pct, found) for what in whats)
    return [finding for finding in made if finding is not None]


def _of_one(what: str, most_pct: float, found: Mapping[str, Sequence[WidestLeg]]) -> Finding | None:
    rows, texts = [], []
    for label, legs in found.items():
        own = [leg for leg in legs if leg.what == what]
        if not own:
            continue
        refused = [leg for leg in own if leg.spread_pct > most_pct]
        by_tick = [leg for leg in own if leg.least_pct > most_pct]
        median = sorted(own, key=lambda leg: leg.spread_pct)[len(own) // 2]
        rows.append(
            {
                "state": label,
                "closes": len(own),
                "refused": len(refused),
                "refused_pct": 100.0 * len(refused) / len(own),
                "refused_at_one_tick": len(by_tick),
                "median_spread_pct": median.spread_pct if np.isfinite(median.spread_pct) else None,
                "median_mid_points": median.mid,
                "least_spread_pct_of_that": median.least_pct if np.isfinite(median.least_pct) else None,
            }
        )
        if refused:
            texts.append(
                f"{label}: {len(refused)} of {len(own)} closes; the median is {median.spread_pct:.1f} % of {median.mid:.2f}, one "
                f"tick of {median.tick:.2f} {median.least_pct:.1f} %"
            )
    if not texts:
        return None
    hopeless = all(row["refused_at_one_tick"] == row["closes"] for row in rows)
    never = all(row["refused"] == row["closes"] for row in rows)
    severity: Severity = "error" if never else "warning"
    said = "a single tick is more than that at every close" if hopeless else "; ".join(texts)
    return Finding(
        code="spread-filter",
        severity=severity,
        key="limits.spread.max_pct",
        text=f"{'the condor' if what == CONDOR else f'layer {what}'} is refused above {most_pct:g} %: {said}",
        numbers={"what": what, "max_pct": most_pct, "states": rows},
        todo="raise max_pct, choose dearer contracts (a higher delta, a longer tenor), or see that refused opens mean no hedge",
    )
