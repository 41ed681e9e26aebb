"""``alvh stress``: what a book loses where SPX and VIX go, in the episodes of history, and what the worst of it is made of."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from alvh.app.commands.book import NO_SLEEVE, finish, head_lines, load, percent, say, usd
from alvh.app.output import print_table

MOST_COLUMNS, MOST_ROWS = 9, 16
"""What a line of 100 columns and a screen hold; the document has every cell."""
LEAST_VIX = 9.0
"""The lowest VIX close, rounded outward (9.14 on 2017-11-03)."""


def run(options: Namespace) -> int:
    """Print grid, worst cell and episodes of a book; tables by default."""
    from alvh.app.book_stress import StressOptions, axis, checked_days, checked_liquidity, stress_document

    usual = StressOptions()
    chosen = StressOptions(
        spx_moves=usual.spx_moves if options.spx is None else axis(options.spx, option="--spx", low=-0.6, high=0.6, percent=True),
        vix_points=usual.vix_points
        if options.vix is None
        else axis(options.vix, option="--vix", low=-60, high=120, percent=False),
        days_forward=checked_days(options.days),
        dynamic=options.dynamic,
        liquidity=checked_liquidity(options.liquidity),
    )
    made = load(options)
    return finish(options, made, "stress", stress_document(made, chosen), _print)


def _print(document: dict[str, Any]) -> None:
    head_lines(document)
    grid, worst = document["grid"], document["worst"]
    assumed = grid["assumptions"]
    say(
        f"Betas: {document['betas']}. SPX smile {assumed['spx_smile_dynamic'].replace('_', ' ')}, "
        f"{assumed['spx_atm_vol_points_per_vix_point']:.2f} vol points for a VIX point, half-spreads x "
        f"{assumed['liquidity_widening_factor']:g}"
    )
    if document["beta_note"] is not None:
        say(f"Note: {document['beta_note']}")
    print()
    _print_grid(grid, document["vix"])
    print()
    say(
        f"Worst cell: {usd(worst['pnl_usd'])} USD at mid ({usd(worst['pnl_bid_usd'])} at the bid), "
        f"SPX {percent(worst['spx_move'])}, VIX {worst['vix_points']:+g}"
    )
    parts = [
        ("by layer", worst["pnl_usd_by_layer"]),
        ("by Greek", worst["pnl_usd_by_greek"]),
        ("by revaluation", worst["pnl_usd_by_step"]),
    ]
    for name, values in parts:
        say(f"  {name}: {', '.join(f'{key or NO_SLEEVE} {usd(value, sign=True)}' for key, value in values.items())}")
    print()
    _print_episodes(document)


def _some(count: int, most: int) -> list[int]:
    """Evenly chosen places, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})


def _print_grid(grid: Mapping[str, Any], vix: float) -> None:
    columns, places = _some(len(grid["vix_points"]), MOST_COLUMNS), _some(len(grid["spx_move"]), MOST_ROWS)
    heads = ("SPX", *(f"VIX {grid['vix_points'][k]:+g}" for k in columns))
    rows = [
        (f"{100.0 * grid['spx_move'][i]:+.3g} %", *(usd(grid["pnl_usd"][i][k], sign=True) for k in columns))
        for i in reversed(places)
    ]
    when = "now" if grid["days_forward"] == 0.0 else f"{grid['days_forward']:g} days on"
    shown = len(rows) * len(columns)
    cells = len(grid["spx_move"]) * len(grid["vix_points"])
    title = f"P&L in USD at mid, {when}" + ("" if shown == cells else f" ({shown} of {cells} cells; all with --json)")
    print_table(title, heads, rows, right=tuple(range(len(heads))))
    if grid["floored_cells"]:
        print(f"{grid['floored_cells']} cells have an SPX vol held at its floor")
    if vix + grid["vix_points"][0] < LEAST_VIX:
        say(
            f"VIX {grid['vix_points'][0]:+g} is a VIX of {vix + grid['vix_points'][0]:.1f}: no close was ever below {LEAST_VIX:g}"
        )


def _print_episodes(document: Mapping[str, Any]) -> None:
    groups: Sequence[tuple[str, list[Mapping[str, Any]]]] = (
        ("", document["episodes"]),
        (" *", document["episodes_by_response"]),
        (" (made)", document["made"]),
    )
    layers = list(document["worst"]["pnl_usd_by_layer"])
    heads = ("episode", "SPX", "VIX", "P&L", "at the bid", *(layer.removeprefix("hedge/") or NO_SLEEVE for layer in layers))
    rows = [
        (row["episode"] + mark, percent(row["spx_move"]), f"{row['vix_points']:+.1f}", usd(row["pnl_usd"], sign=True),
         usd(row["pnl_bid_usd"], sign=True), *(usd(row["pnl_usd_by_layer"][layer], sign=True) for layer in layers))
        for mark, group in groups
        for row in group
    ]  # fmt: skip
    print_table("What happened then, to this book at once", heads, rows, right=tuple(range(1, len(heads))))
    if document["episodes_by_response"]:
        say("* SPX and VIX as they moved, VX curve and vols by the response: the history holds no more of those days")
    if document["left_out"]:
        say(f"Left out, for the history has no SPX, VIX and VX curve of them: {', '.join(document['left_out'])}")
