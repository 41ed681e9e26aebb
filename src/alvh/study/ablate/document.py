"""The JSON document of an ablation, and its rows for a table or a CSV file. Units are in the keys or beside the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alvh.results.tables import Row, Value
from alvh.strategy.policy_file import policy_sha256
from alvh.study.ablate.differences import LEAST_BLOCK, LEAST_SESSIONS, LEVEL
from alvh.study.ablate.elements import Element, elements
from alvh.study.ablate.run import Ablation, Outcome
from alvh.study.ablate.variants import FIXED, FULL, fixed_schedule

SCHEMA: Final = "alvh.ablation/1"
METHOD: Final = (
    "mean daily difference of the hedged book's returns, a year of 252 sessions; stationary block bootstrap of both runs together"
    f", mean block by Politis and White and at least {LEAST_BLOCK} sessions; {LEVEL:.0%} interval by percentiles, beside it the"
    " basic one; the drawdown's is conditional on re-ordering the sessions. A difference is the variant less its reference"
)
PLAIN: Final = (
    "no rules, presence always, ratio strict, paid for by the account, nothing sold at a multiple; gate and limits stand"
)
"""What every fixed schedule is."""
NOTHING: Final = "the policy has no adaptive element: it is its own fixed schedule, and there is nothing to ablate"
IN_CALM: Final = 0
"""Of the VIX regimes the calmest comes first."""
SCALARS: Final = (
    "carry_pct_per_month",
    "max_drawdown",
    "expected_shortfall_95",
    "total_return",
    "hedge_net_usd",
    "condor_net_usd",
    "sessions_hedged",
)
"""Figures that are also given as their change against the reference."""


def build_document(
    ablation: Ablation, *, data: Mapping[str, Any], prices: Mapping[str, Any], timing: Mapping[str, float]
) -> dict[str, Any]:
    """The document; ``data`` and ``prices`` stand in it as they are, with what the ablation adds on price ranges."""
    policy = ablation.policy
    found = elements(policy)
    rows = [_variant(outcome, ablation) for outcome in ablation.outcomes]
    full = ablation.named(FULL).run
    _, said = fixed_schedule(policy)
    compared = _distinct(rows)
    return {
        "schema": SCHEMA,
        "policy": {"name": policy.name, "sha256": policy_sha256(policy)},
        "data": dict(data),
        "elements": [{"name": one.name, "kind": one.kind, "rule": one.rule_id} for one in found],
        "fixed_schedule": {"is": PLAIN, "changes": list(said)},
        "baseline": rows[0] | {"fired_dates_by": {} if full is None else full.figures["fired"]},
        "variants": rows[1:],
        "together": _together(ablation),
        "not_possible": {row["name"]: row["not_possible"] for row in rows if row["not_possible"]},
        "other_condors": {row["name"]: row["other_condors_by"] for row in rows if row["same_condors"] is False},
        "method": {
            "text": METHOD,
            "repeats": ablation.repeats,
            "seed": ablation.seed,
            "comparisons": len(compared),
            "beyond_chance": [row["name"] for row in compared if _tells(row["difference"])],
            "beyond_chance_expected_by_chance": round((1.0 - LEVEL) * len(compared), 2),
        },
        "prices": dict(prices),
        "notes": [*(() if found else (NOTHING,)), *_short(compared), *ablation.notes],
        "runs": {"distinct": ablation.runs, "kept": ablation.runs_kept},
        "timing": dict(timing),
    }


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first variant of each pair of policies that is compared: taking out the only rule and adding it are one question."""
    shas = {row["name"]: row["policy_sha256"] for row in rows}
    pairs: dict[frozenset[str], dict[str, Any]] = {}
    for row in rows:
        if row["difference"] is not None:
            pairs.setdefault(frozenset((row["policy_sha256"], shas[row["reference"]])), row)
    return [row for pair, row in pairs.items() if len(pair) > 1]


def _short(compared: list[dict[str, Any]]) -> list[str]:
    few = [row for row in compared if row["difference"]["low"] is None]
    text = f"fewer than {LEAST_SESSIONS} sessions: differences carry no interval"
    return [text] if few else []


def _tells(difference: Mapping[str, Any]) -> bool:
    """Whether an interval leaves zero out."""
    low, high = difference["low"], difference["high"]
    return low is not None and (low > 0.0 or high < 0.0)


def _together(ablation: Ablation) -> dict[str, Any]:
    """C14: all elements together, as full less fixed, and what the hedge cost of the credit in calm months (R34)."""
    full, fixed = ablation.named(FULL), ablation.named(FIXED)
    difference = None if fixed.difference is None else _reversed(fixed.difference.mean.document("% of account a year", 100.0))
    drawdown = None if fixed.difference is None else _reversed(fixed.difference.drawdown.document("fraction of account"))
    calm = {}
    for name, outcome in ((FULL, full), (FIXED, fixed)):
        if outcome.run is not None:
            calm[name] = outcome.run.figures["cost_of_credit"][IN_CALM]
    return {"difference": difference, "drawdown_difference": drawdown, "calm_cost_of_credit": calm}


def _reversed(found: dict[str, Any]) -> dict[str, Any]:
    """The same difference seen from the other side."""
    turned = {"low": "high", "high": "low", "basic_low": "basic_high", "basic_high": "basic_low"}
    return {
        key: value if key == "unit" else None if found[turned.get(key, key)] is None else 0.0 - found[turned.get(key, key)]
        for key, value in found.items()
    }


# ------------------------------------------------------------------------------------------------------------------- one variant


def _variant(outcome: Outcome, ablation: Ablation) -> dict[str, Any]:
    variant, run, element = outcome.variant, outcome.run, outcome.variant.element
    base: dict[str, Any] = {
        "name": variant.name,
        "kind": variant.kind,
        "reference": variant.reference or None,
        **_edited(outcome, ablation),
        "with_change": list(variant.with_change),
        "not_possible": variant.not_possible or None,
        "policy_sha256": None if variant.policy is None else policy_sha256(variant.policy),
    }
    if run is None:
        blank = ("fired", "fired_dates", "fired_by", "difference", "drawdown_difference", "same_condors", "episodes")
        return base | dict.fromkeys((*SCALARS, *blank))
    figures = {key: value for key, value in run.figures.items() if key not in ("fired", "episodes")}
    reference = ablation.named(variant.reference).run if variant.reference else None
    dates = _dates(outcome, ablation, element)
    difference = outcome.difference
    return {
        **base,
        **figures,
        "sessions_hedged_share": figures["sessions_hedged"] / figures["sessions"],
        "fired": len(dates),
        "fired_dates": dates,
        "fired_by": {name: len(days) for name, days in run.figures["fired"].items()},
        "episodes": _episodes(run.figures["episodes"], None if reference is None else reference.figures["episodes"]),
        "against_reference": None
        if reference is None
        else {key: _less(run.figures[key], reference.figures[key]) for key in SCALARS},
        "difference": None if difference is None else difference.mean.document("% of account a year", 100.0),
        "drawdown_difference": None if difference is None else difference.drawdown.document("fraction of account"),
        "block_sessions": None if difference is None else difference.block_sessions,
        "same_condors": outcome.same_condors,
        "other_condors_by": list(outcome.other_condors_by),
        "price_range": {key: dict(ends) for key, ends in outcome.prices.items()} or None,
    }


def _edited(outcome: Outcome, ablation: Ablation) -> dict[str, list[str]]:
    """``removed`` from the policy, or ``added`` to the fixed schedule."""
    variant = outcome.variant
    if variant.kind == "fixed":
        return {"removed": [one.name for one in elements(ablation.policy) if not one.scheduled]}
    if variant.element is None:
        return {}
    return {"added" if variant.kind == "with" else "removed": [variant.element.name]}


def _dates(outcome: Outcome, ablation: Ablation, element: Element | None) -> list[str]:
    """Sessions on which the variant's element fired: in its own run, or in the reference where it was taken out of it."""
    source = outcome
    if outcome.variant.kind == "without":
        source = ablation.named(outcome.variant.reference)
    if source.run is None:
        return []
    fired = source.run.figures["fired"]
    if element is not None:
        return list(fired.get(element.name, []))
    return sorted({day for days in fired.values() for day in days})


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def _episodes(own: Mapping[str, Any], other: Mapping[str, Any] | None) -> dict[str, Any]:
    """Every episode with its difference from the reference; None where the run lacks a part of it."""
    found = {}
    for name, row in own.items():
        theirs = None if other is None else other[name]
        found[name] = None if row is None else {**row, "difference_usd": _less(row["pnl_usd"], theirs and theirs["pnl_usd"])}
    return found


# -------------------------------------------------------------------------------------------------------------------------- rows


def variant_rows(document: Mapping[str, Any]) -> list[dict[str, Value]]:
    """One flat row a variant, the policy itself first: for the table, the page and ``ablation.csv``."""
    return [_flat(row) for row in (document["baseline"], *document["variants"])]


def _flat(row: Mapping[str, Any]) -> dict[str, Value]:
    gap, fall, prices = row["difference"] or {}, row["drawdown_difference"] or {}, row.get("price_range") or {}
    ends = prices.get("difference_pct_per_year", {})
    flat: dict[str, Value] = {
        "variant": row["name"],
        "reference": row["reference"],
        **{key: row[key] for key in SCALARS},
        "difference_pct_per_year": gap.get("estimate"),
        "difference_low_pct": gap.get("low"),
        "difference_high_pct": gap.get("high"),
        "drawdown_difference": fall.get("estimate"),
        "drawdown_difference_low": fall.get("low"),
        "drawdown_difference_high": fall.get("high"),
        "fired": row["fired"],
        "same_condors": row["same_condors"],
        "off_schedule": sum(row["off_schedule"].values()) if row.get("off_schedule") is not None else None,
        "with_change": "; ".join(row["with_change"]),
        "not_possible": row["not_possible"],
    }
    if ends:
        flat |= {"difference_prices_low_pct": ends["low"], "difference_prices_high_pct": ends["high"]}
    for name, episode in (row["episodes"] or {}).items():
        key = name.lower().replace(" ", "_")
        flat[f"{key}_pnl_usd"] = None if episode is None else episode["pnl_usd"]
        flat[f"{key}_difference_usd"] = None if episode is None else episode["difference_usd"]
    return flat


def fired_rows(document: Mapping[str, Any]) -> list[Row]:
    """One row a session on which an element fired, in the policy itself and where it was added alone, for ``fired.csv``."""
    found: list[Row] = []
    for name, days in document["baseline"]["fired_dates_by"].items():
        found += [{"variant": FULL, "element": name, "session": day} for day in days]
    for row in document["variants"]:
        if row["kind"] == "with" and not row["not_possible"]:
            found += [{"variant": row["name"], "element": row["added"][0], "session": day} for day in row["fired_dates"]]
    return found
