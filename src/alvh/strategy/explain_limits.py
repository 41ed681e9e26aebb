"""Limits on the whole book in plain English. Used by ``explain``."""

from __future__ import annotations

from alvh.strategy.policy import Limits


def book_limit_sentences(limits: Limits) -> list[str]:
    """What the limits on delta and vega, the steward's caps and the quick ratio say."""
    made: list[str] = []
    neutrality, steward, quick = limits.neutrality, limits.steward, limits.quick_ratio
    if neutrality is not None:
        bounds = []
        if neutrality.max_delta_pct is not None:
            bounds.append(f"{neutrality.max_delta_pct:g} % of the account when SPX moves 1 %")
        if neutrality.max_vega_pct is not None:
            bounds.append(f"{neutrality.max_vega_pct:g} % of the account for one VIX point, by measured betas")
        then = (
            "where it does, the fewest contracts of one layer are traded that bring it back; where no layer can, it is counted"
            if neutrality.on_breach == "trade"
            else "a condor that would leave it outside is not opened, and it is counted"
        )
        made.append(f"At every close the book may gain or lose no more than {' and '.join(bounds)}; {then} (R44).")
    if steward is not None:
        caps = []
        if steward.max_premium_pct is not None:
            caps.append(f"premium paid in 30 calendar days is above {steward.max_premium_pct:g} % of the account")
        if steward.max_capital_pct is not None:
            caps.append(f"the hedge is worth more than {steward.max_capital_pct:g} % of the account")
        if caps:
            made.append(f"A purchase of calls is cut before {', or '.join(caps)}; a cut is counted (R46).")
        if steward.no_adding_while:
            made.append(f"While the condition of {', '.join(steward.no_adding_while)} holds, no layer gets more contracts (R46).")
    if quick is not None:
        made.append(
            "No condor is opened that leaves cash and long options at the bid below "
            f"{quick.floor:g} times the condors' width and the value of the next rolls (R48)."
        )
    if limits.depth is not None:
        what = "contracts shown at the bid" if limits.depth.of == "bid_size" else "open interest"
        made.append(
            f"The plan calls a sale illiquid where {what} is below {limits.depth.floor:g} times the contracts to sell; model "
            "prices show no size, so a backtest does not know (R48)."
        )
    return made


def book_limits_off(limits: Limits) -> list[str]:
    """The limits that are not configured."""
    every = (
        ("bounds on delta and vega (limits.neutrality, R44)", limits.neutrality),
        ("steward's caps (limits.steward, R46)", limits.steward),
        ("quick ratio's floor (limits.quick_ratio, R48)", limits.quick_ratio),
        ("floor under displayed sizes (limits.depth, R48)", limits.depth),
    )
    return [f"No {name}." for name, limit in every if limit is None]
