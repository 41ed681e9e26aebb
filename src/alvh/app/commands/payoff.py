"""``alvh payoff``: payoff lines of a book at three dates, its break-evens with their band, and the hedge's profile by layer."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from alvh.app.commands.book import NO_SLEEVE, finish, head_lines, load, say, usd
from alvh.app.output import print_table
from alvh.core.days import to_day

SHOWN_MOVES = (-0.25, -0.20, -0.15, -0.10, -0.08, -0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06, 0.08, 0.10)
SHOWN_VIX = (-4.0, 0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0)


def run(options: Namespace) -> int:
    """Print payoff lines, break-evens and convexity of a book; tables by default."""
    from alvh.app.book_stress import checked_days, payoff_document

    days = None if options.days is None else checked_days(options.days)
    made = load(options)
    rolls = tuple(to_day(day) for day in options.roll or ())
    return finish(options, made, "payoff", payoff_document(made, days=days, rolls=rolls), _print)


def _print(document: dict[str, Any]) -> None:
    head_lines(document)
    gained = usd(document["pnl_since_opening_usd"], sign=True)
    say(f"P&L since the opening, {gained} USD at today's mark. Betas: {document['betas']}")
    if document["beta_note"] is not None:
        say(f"Note: {document['beta_note']}")
    if document["break_evens"]["positions_at_mark"]:
        say(f"Positions without an opening price, which count from today's mark: {document['break_evens']['positions_at_mark']}")
    print()
    _print_lines(document["against_spx"], document["dates"])
    print()
    _print_break_evens(document["break_evens"])
    print()
    _print_closed(document["break_evens_when_closed"])
    print()
    _print_layers(document)


def _print_lines(found: Mapping[str, Any], dates: list[Mapping[str, Any]]) -> None:
    at = [k for k, move in enumerate(found["spx_move"]) if any(abs(move - shown) < 1e-9 for shown in SHOWN_MOVES)]
    heads = ("SPX", "level", "VIX", *(f"{row['picture']} ({row['date']})" for row in dates))
    vix = found["vix_points"]["central"]
    rows = [
        (f"{100.0 * found['spx_move'][k]:+.0f} %", f"{found['spx_points'][k]:,.0f}", f"{vix[k]:+.1f}",
         *(usd(line["pnl_usd"][k], sign=True) for line in found["lines"]))
        for k in reversed(at)
    ]  # fmt: skip
    elasticity = found["elasticities"]["central"]
    print_table(f"P&L in USD where VIX answers SPX with {elasticity:g} % for 1 %", heads, rows, right=tuple(range(len(heads))))


def _print_break_evens(found: Mapping[str, Any]) -> None:
    rows = []
    for one in found["dates"]:
        row = [one["picture"], one["date"], usd(one["pnl_at_spot_usd"], sign=True)]
        for side in ("downside", "upside"):
            crossing = one[side]
            if crossing["spot_points"] is None:
                row += [crossing["none"], ""]
                continue
            row.append(f"{crossing['spot_points']:,.0f} ({100.0 * crossing['distance']:+.1f} %)")
            near, far = crossing["band_nearest"], crossing["band_furthest"]
            row.append("-" if near is None else f"{100.0 * near:+.1f} to {100.0 * far:+.1f} %")
        rows.append(tuple(row))
    heads = ("break-evens", "date", "at spot", "downside", "band", "upside", "band")
    print_table("", heads, rows, right=(2, 3, 4, 5, 6))


def _print_closed(found: list[Mapping[str, Any]]) -> None:
    """Break-evens of a book that is left at bid and ask, by multiple of the half-spread."""
    rows = []
    for one in found:
        for date in one["dates"]:
            sides = [date[side] for side in ("downside", "upside")]
            cells = [
                side["none"] if side["spot_points"] is None else f"{side['spot_points']:,.0f} ({100.0 * side['distance']:+.1f} %)"
                for side in sides
            ]
            rows.append((f"{one['spread_multiple']:g} x", date["picture"], usd(date["pnl_at_spot_usd"], sign=True), *cells))
    heads = ("spread", "date", "at spot", "downside", "upside")
    print_table("The same where the book is left at bid and ask, by multiple of the half-spread", heads, rows, right=(2, 3, 4))


def _print_layers(document: Mapping[str, Any]) -> None:
    found = document["against_vix"]
    layers = list(found["lines"][0]["pnl_usd_by_layer"])
    at = [k for k, points in enumerate(found["vix_points"]) if points in SHOWN_VIX]
    heads = ("VIX, SPX unmoved", *(layer or NO_SLEEVE for layer in layers), "book")
    line = found["lines"][0]
    rows = [
        (f"{found['vix_points'][k]:+g}", *(usd(line["pnl_usd_by_layer"][layer][k], sign=True) for layer in layers),
         usd(line["pnl_usd"][k], sign=True))
        for k in at
    ]  # fmt: skip
    print_table("Today by layer", heads, rows, right=tuple(range(len(heads))))
    profile = document["convexity"]
    if profile is None:
        print("No position has the sleeve 'hedge': no convexity profile.")
        return
    answers = ", ".join(
        f"{layer} at VIX {points:+g}" for layer, points in profile["half_of_steepest_slope_at_vix_points"].items()
    )
    depth = profile["pool_depth_vix_points"]
    pool = (
        "no constant-product pool fits"
        if depth is None
        else f"the pool of equal slope and curvature is empty at VIX +{depth:.0f}"
    )
    say(f"Half of its steepest slope: {answers}; {pool}.")
    inside, beyond = profile.get("slope_inside_break_even"), profile.get("slope_beyond_break_even")
    if inside is not None and beyond is not None:
        say(f"Slope of the hedge inside the downside break-even {usd(inside)} USD per VIX point, beyond it {usd(beyond)}.")
