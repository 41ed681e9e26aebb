"""The hedge's size in plain English, and which of its keys a kind does not read. Used by ``explain``."""

from __future__ import annotations

from alvh.strategy.policy import HedgeSize

_READ: dict[str, tuple[str, ...]] = {
    "index_notional": ("per_usd", "reference"),
    "risk_capital": ("per_usd", "reference"),
    "per_condor": ("reference",),
    "vega_target": ("coverage_pct", "against", "beta", "reference"),
    "stress_target": ("share_pct", "stress.spx_pct", "stress.vix_points", "decay_budget_pct", "reference"),
    "capital_share": ("share_pct",),
}
_BY_KIND = (
    "per_usd", "coverage_pct", "against", "beta", "share_pct", "stress.spx_pct", "stress.vix_points", "decay_budget_pct",
    "reference",
)  # fmt: skip


def idle_size_keys(size: HedgeSize) -> list[str]:
    """Keys under ``hedge.size`` that the kind does not read."""
    return [key for key in _BY_KIND if key not in _READ[size.kind]]


def size_sentences(size: HedgeSize, ladder: str, when: str) -> list[str]:
    """What the ladders stand against; ``ladder`` is the shape and ``when`` says when a layer is set."""
    lots = "open condor lots" if size.reference == "open" else "condor lots that would be open had none left early"
    rounded = f"each layer rounded to whole contracts and set {when}"
    counted = {
        "index_notional": f"each ${size.per_usd:,.0f} of index notional short (SPX x 100 x {lots})",
        "risk_capital": f"each ${size.per_usd:,.0f} of the maximum loss of the {lots}",
        "per_condor": f"each one of the {lots}",
    }
    if size.kind in counted:
        return [f"{ladder} contracts for {counted[size.kind]}, {rounded} (R03)."]
    betas = "VX forwards move by their betas of the 252 sessions before; until those are measured the published ones, counted"
    if size.kind == "vega_target":
        vega = "net vega" if size.against == "net" else "vega of the short legs"
        moves = betas if size.beta == "adjusted" else "VX forwards are taken to move a point with VIX"
        return [
            f"{ladder} contracts, as many times as cover {size.coverage_pct:g} % of the open condors' {vega}, "
            f"{rounded} (R03, R50).",
            f"The cover is dollars per VIX point over dollars per SPX vol point; {moves} (R50).",
        ]
    if size.kind == "stress_target":
        budget = (
            "There is no budget for decay."
            if size.decay_budget_pct is None
            else f"No more are held than lose {size.decay_budget_pct:g} % of the open condors' credit of 30 days in 30 days in "
            "which nothing moves; where that is fewer, it is counted (R51)."
        )
        return [
            f"{ladder} contracts, as many times as gain {size.share_pct:g} % of what the open condors lose at SPX "
            f"{size.stress.spx_pct:+g} % and VIX {size.stress.vix_points:+g} points at once, {rounded} (R03, R50).",
            f"{budget} {betas[0].upper()}{betas[1:]}.",
        ]
    return [f"{ladder} contracts, as many times as {size.share_pct:g} % of the account pays for, {rounded} (R03, R52)."]
