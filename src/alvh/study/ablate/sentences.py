"""The answers of an ablation in sentences, from its document: what a person reads first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alvh.results.tables import show
from alvh.study.ablate.variants import FIXED, FULL

Document = Mapping[str, Any]


def headline(document: Document) -> list[str]:
    """All rules and orders together, which differences tell from chance, what calm months cost."""
    if not document["elements"]:
        return [f"Nothing to ablate: {document['policy']['name']} has no adaptive element and is its own fixed schedule."]
    base, fixed = document["baseline"], document["variants"][0]
    together, found = document["together"], list[str]()
    if fixed["removed"]:
        stand = " Gate and limits stand in both." if len(fixed["removed"]) < len(document["elements"]) else ""
        found.append(
            f"All rules and orders together change the book's P/L by {interval(together['difference'])} of the account a year "
            f"against the fixed schedule.{stand}"
        )
        found.append(
            f"Maximum drawdown {_pct(base['max_drawdown'])} with them, {_pct(fixed['max_drawdown'])} on the fixed schedule; the"
            f" hedge costs {_plain(base['carry_pct_per_month'])} against {_plain(fixed['carry_pct_per_month'])} % of index"
            " notional a month."
        )
    else:
        found.append("Gate and limits stand in the fixed schedule too: each is told by the run without it.")
    method = document["method"]
    tried, names = method["comparisons"], method["beyond_chance"]
    found.append(
        f"Of {tried} comparisons {len(names)} leave zero outside their 95\N{NO-BREAK SPACE}% interval"
        + (f": {', '.join(names)}." if names else ".")
        + f" By chance alone about {method['beyond_chance_expected_by_chance']:.1f} would."
    )
    calm = together["calm_cost_of_credit"]
    if fixed["removed"] and calm[FULL]["ratio"] is not None and calm[FIXED]["ratio"] is not None:
        found.append(
            f"In the {calm[FULL]['months']} months that began with {calm[FULL]['regime']} the hedge took "
            f"{_pct(calm[FULL]['ratio'])} of the condors' credit, on the fixed schedule {_pct(calm[FIXED]['ratio'])}."
        )
    return found


def remarks(document: Document) -> list[str]:
    """What must be known beside the figures: other condors, companion changes, what could not be had, days without data."""
    found = list(document["notes"])
    changes = document["fixed_schedule"]["changes"]
    found.append(f"fixed schedule: {'; '.join(changes) if changes else 'the policy as it stands'}")
    rows = (document["baseline"], *document["variants"])
    found += [f"{row['name']}: with it {'; '.join(row['with_change'])}" for row in rows if row["with_change"]]
    found += [f"{name}: not possible, {why}" for name, why in document["not_possible"].items()]
    found += [
        f"{name}: other condors than its reference, through {', '.join(by)}" for name, by in document["other_condors"].items()
    ]
    for rule, row in document["baseline"]["off_for_lack_of_data"].items():
        found.append(f"rule {rule} was off for lack of data on {row['sessions']} sessions, {row['first']} to {row['last']}")
    found.append(f"prices: {document['prices']['source']}, {document['prices']['error']}")
    return found


def interval(found: Mapping[str, Any] | None) -> str:
    """``+1.29 % (+0.44 to +1.95)`` of a difference in per cent."""
    if found is None:
        return "nothing"
    text = _signed(found["estimate"]) + "\N{NO-BREAK SPACE}%"
    return text if found["low"] is None else f"{text} ({_signed(found['low'])} to {_signed(found['high'])})"


def _signed(value: float) -> str:
    return f"{value + 0.0:+.2f}".replace("-", "\N{MINUS SIGN}")


def _pct(value: float) -> str:
    return show(value, "percent")[0].replace("%", "\N{NO-BREAK SPACE}%")


def _plain(value: float | None) -> str:
    return "no share" if value is None else f"{value:.3f}".replace("-", "\N{MINUS SIGN}")
