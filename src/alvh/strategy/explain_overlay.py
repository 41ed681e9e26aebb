"""An overlay in plain English, and which of its keys are not read."""

from __future__ import annotations

from alvh.strategy.overlay_policy import Overlay, OverlayLeg


def overlay_sentences(overlay: Overlay) -> list[str]:
    """What the overlay holds, when it rolls and how large it is."""
    when = (
        "on the session that settles" if not overlay.sessions_earlier else f"{overlay.sessions_earlier} sessions before that of"
    )
    base = {
        "none": "Beside the options stand bills alone.",
        "per_unit": "Each unit holds one unit of the S&P 500.",
        "all": "Everything that is not spent on options is held in the S&P 500.",
    }[overlay.base.index]
    sentences = [f"Rolls {when} the {overlay.root} monthly.", base]
    if overlay.base.index != "none":
        kept = "buy more of it each session" if overlay.base.dividends == "reinvest" else "stay in cash until the roll"
        sentences.append(f"Its dividends {kept}.")
    size = overlay.size
    if size.kind == "funded":
        parts = [] if overlay.base.index == "none" else ["an index unit"]
        if size.bills_for is not None:
            parts.append(f"the present value of the strike of leg {size.bills_for}")
        what = " and ".join([*parts, "the premium of its legs"])
        sentences.append(f"A roll holds as many units as the book pays for: {what}.")
    elif size.kind == "max_loss":
        sentences.append(
            f"A roll holds as many units as leave {size.multiple:g} dollars for each of maximum loss before premium."
        )
    else:
        level = "the open of the VX future of the new expiry" if size.band_of == "vx_open" else "spot VIX"
        bands = ", ".join(f"{band.share_pct:g} % above {band.above:g} to {band.up_to:g}" for band in size.bands)
        sentences.append(f"A roll spends a share of the book by {level}: {bands}; nothing outside.")
    return sentences + [_leg(leg, overlay) for leg in overlay.legs]


def _leg(leg: OverlayLeg, overlay: Overlay) -> str:
    side = f"{abs(leg.quantity):g} {leg.right} {'bought' if leg.quantity > 0 else 'sold'} a unit"
    expiry = "next month" if leg.cycle_months == 1 else f"next month that {leg.cycle_months} divides"
    level = "index" if overlay.root == "SPX" else "forward of its own expiry"
    rounding = {"down": "at or below", "up": "at or above", "nearest": "nearest"}[leg.strike.rounding]
    place = f"{leg.strike.out_pct:g} % out of the money, counted from the {level}" if leg.strike.out_pct else f"the {level}"
    strike = {
        "delta": f"the strike nearest {leg.strike.delta:g} delta",
        "pays_for_rest": "the furthest strike whose premium pays for the other legs",
        "out_of_money": f"the strike {rounding} {place}",
    }[leg.strike.kind]
    again = " Where a new call lies below it, it is struck anew." if leg.restrike_below_calls else ""
    return f"Leg {leg.name}: {side}, expiring in the {expiry}, at {strike}.{again}"


def overlay_idle_keys(overlay: Overlay) -> list[str]:
    """Keys that the chosen kinds do not read."""
    idle = ["grid_anchor", "limits.spread"]
    size = overlay.size
    if overlay.base.index == "none":
        idle.append("overlay.base.dividends")
    if size.kind != "max_loss":
        idle.append("overlay.size.multiple")
    if size.kind != "funded":
        idle.append("overlay.size.bills_for")
    if size.kind != "premium_share":
        idle.append("overlay.size.band_of")
    for leg in overlay.legs:
        path = f"overlay.leg.{leg.name}.strike"
        if leg.strike.kind != "out_of_money":
            idle += [f"{path}.out_pct", f"{path}.rounding"]
        if leg.strike.kind != "delta":
            idle.append(f"{path}.delta")
    return idle
