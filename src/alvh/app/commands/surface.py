"""``alvh surface``: one session's fitted SPX surface."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from alvh.app.output import note, print_json, print_table
from alvh.app.source import choose_source


def run(options: Namespace) -> int:
    """Print the surface of one session; table by default."""
    from alvh.app.surface import surface_document

    source = choose_source(options.data)
    note(f"reading {source} ...", quiet=options.quiet)
    document = surface_document(source, as_of=options.as_of)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    surface, inputs = document["surface"], document["inputs"]
    shown = ", ".join(f"{name} {_text(value)}" for name, value in inputs.items())
    print(f"SPX surface of {document['session']}: {shown}")
    if document["modelled"]:
        print(f"Modelled inputs: {', '.join(document['modelled'])}")
    print(f"States: {', '.join(document['states']) or 'none: fitted to all five inputs'}")
    print(f"B {surface['b']:.4f} (mean {surface['b_mean']:.3f}, of SKEW {_text(surface['b_of_skew'], 4)}), ", end="")
    print(f"SKEW of the 30-day strip {surface['skew_30d']:.2f}")
    print()
    knots = [
        (str(knot["days"]), f"{knot['total_variance']:.6f}", f"{knot['atm_vol_pct']:.3f}", f"{knot['tilt']:+.4f}")
        for knot in surface["knots"]
    ]
    print_table("Knots", ("days", "total variance", "at-the-money vol, %", "tilt"), knots, right=(0, 1, 2, 3))
    print()
    labels = [point["at"] for point in document["smiles"][0]["points"]]
    heads = ("days", "forward", *labels)
    rows = []
    for smile in document["smiles"]:
        rows.append((str(smile["days"]), f"{smile['forward']:.2f}", *(f"{point['vol_pct']:.2f}" for point in smile["points"])))
        rows.append(("", "strike", *(f"{point['strike']:.0f}" for point in smile["points"])))
    print_table("Vol in % by delta", heads, rows, right=tuple(range(len(heads))))
    print()
    repricing = [
        (
            row["index"],
            _text(row["published"]),
            _text(row["listed"]),
            _text(row["listed_error"], 3, sign=True),
            " and ".join(row["expiries"]),
            _text(row["constant_maturity"]),
            _text(row["constant_maturity_error"], 3, sign=True),
        )
        for row in document["repricing"]
    ]
    heads = ("index", "published", "listed expiries", "error", "expiries", "constant maturity", "error")
    print_table("Repricing through the exchange's formula", heads, repricing, right=(1, 2, 3, 5, 6))
    print()
    checks = document["arbitrage"]
    found = [
        _check("butterfly: least Durrleman g", checks["least_g"], checks["least_g_at"]),
        _check("calendar: least growth of total variance", checks["least_calendar_growth"], checks["least_calendar_growth_at"]),
    ]
    print_table(f"Arbitrage on {checks['grid']}", ("check", "value", "days", "x", "free"), found, right=(1, 2, 3))


def _check(name: str, value: float, at: dict[str, float]) -> tuple[str, ...]:
    return name, f"{value:+.5f}", f"{at['days']:.0f}", f"{at['x']:+.2f}", "yes" if value >= 0.0 else "no"


def _text(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
