"""``alvh risk``: what a book answers to, what covers what, what the hedge costs and what its size is under every reading."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from alvh.app.commands.book import NO_SLEEVE, finish, head_lines, load, percent, say, usd
from alvh.app.output import print_table
from alvh.core.errors import UsageError

MOST_DECAY_DAYS = 365


def run(options: Namespace) -> int:
    """Print exposures, coverage, sizes, cost and betas of a book; tables by default."""
    if not 0 < options.decay_days <= MOST_DECAY_DAYS:
        raise UsageError(f"{options.decay_days} days", where="--decay-days", allowed=f"1 to {MOST_DECAY_DAYS}", todo="mend it")
    from alvh.app.book_risk import risk_document

    made = load(options)
    return finish(options, made, "risk", risk_document(made, decay_days=options.decay_days), _print)


def _print(document: dict[str, Any]) -> None:
    head_lines(document)
    say(f"Betas: {document['exposures']['betas']}")
    for text in document["notes"]:
        say(f"Note: {text}")
    print()
    _print_exposures(document["exposures"])
    print()
    _print_coverage(document)
    print()
    _print_sizes(document)
    print()
    _print_betas(document["betas"])


def _print_exposures(found: Mapping[str, Any]) -> None:
    heads = ("dollars", "lots", "value", "SPX delta", "SPX vega", "theta", "VIX raw", "VIX adj.", "beta", "net/VIX")
    rows = [(row["contract"], f"{row['quantity']:g}", *_cells(row, row["beta"])) for row in found["positions"]]
    rows += [(f"= {row['sleeve'] or NO_SLEEVE} {row['layer']}".strip(), "", *_cells(row, None)) for row in found["layers"]]
    several = [name for name in found["sleeves"] if sum(row["sleeve"] == name for row in found["layers"]) > 1]
    rows += [(f"= {name or NO_SLEEVE}, all", "", *_cells(found["sleeves"][name], None)) for name in several]
    rows.append(("= book", "", *_cells(found["book"], None)))
    print_table("Exposures", heads, rows, right=tuple(range(1, len(heads))))
    say(
        "SPX delta: per point of the own forward. SPX vega: per vol point. Theta: per day. VIX raw: per point of the own VX "
        "future; adj.: per point of spot VIX (raw x beta). Net: per VIX point, SPX vega included. All columns: --json."
        + (
            " A future's value is its whole price."
            if any(row["implied_vol_points"] is None for row in found["positions"])
            else ""
        )
    )


def _cells(row: Mapping[str, Any], beta: float | None) -> tuple[str, ...]:
    return (
        usd(row["value_usd"]),
        f"{row['spx_delta_usd_per_point'] + 0.0:.1f}",
        usd(row["spx_vega_usd_per_vol_point"]),
        usd(row["spx_theta_usd_per_day"] + row["vix_theta_usd_per_day"]),
        usd(row["vix_delta_usd_per_point"]),
        usd(row["vix_equivalent_usd_per_vix_point"]),
        "" if beta is None else f"{beta:.2f}",
        usd(row["net_usd_per_vix_point"]),
    )


def _print_coverage(document: Mapping[str, Any]) -> None:
    found = document["coverage"]
    rows = []
    for beta, text in (("naive", "naive: VX moves with VIX"), ("adjusted", "beta-adjusted")):
        gain = found[f"hedge_{beta}_usd_per_vix_point"]
        rows.append((text, usd(gain), percent(found[f"net_{beta}"]), percent(found[f"short_{beta}"]),
                     percent(found[f"net_{beta}_per_vix_point"]), percent(found[f"short_{beta}_per_vix_point"])))  # fmt: skip
    heads = ("coverage of the condors' vega", "USD/VIX pt", "net", "short legs", "net, per VIX pt", "short, per VIX pt")
    print_table("", heads, rows, right=(1, 2, 3, 4, 5))
    say(
        f"Condors lose {usd(found['net_vega_usd_per_vol_point'])} USD per vol point net, "
        f"{usd(found['short_vega_usd_per_vol_point'])} by their short legs; standard error of the hedge's "
        f"adjusted figure {usd(found['hedge_error_usd_per_vix_point'])} USD. Published: 40-60 %."
    )


def _print_sizes(document: Mapping[str, Any]) -> None:
    base, cost, size = document["notional"], document["cost"], document["size"]
    days = cost["days"]
    rows = [
        _reading("index notional", base["index_usd"], size["contracts_per_100k_usd_index_notional"],
                 cost["premium_of_index_notional"], cost["decay_of_index_notional"]),
        _reading("largest loss", base["risk_capital_usd"], size["contracts_per_100k_usd_risk_capital"],
                 cost["premium_of_risk_capital"], cost["decay_of_risk_capital"]),
        _reading("credit", base["credit_usd"], None, cost["premium_of_credit"], cost["decay_of_credit"]),
    ]  # fmt: skip
    lots = size["contracts_per_condor_lot"]
    rows.append(("condor lots", f"{base['lots']:g}", "" if lots is None else " / ".join(f"{count:.2f}" for count in lots),
                 usd(cost["premium_usd_per_condor_lot"]), usd(cost["decay_usd_per_condor_lot"])))  # fmt: skip
    heads = ("this hedge, held against", "USD", "contracts per $100k (per lot)", "premium", f"decay, {days} days")
    print_table("", heads, rows, right=(1, 2, 3, 4))
    say(
        f"Premium {usd(cost['premium_usd'])} USD, static decay of {days} days {usd(cost['decay_usd'])} USD, "
        f"credit of as many days {usd(cost['credit_for_days_usd'])} USD"
    )
    print()
    table = document["four_four_two"]
    if table["why"] is not None:
        say(f"4/4/2: {table['why']}.")
        return
    titles = ("4/4/2 held", "contracts", "premium", f"decay {days} d", "of credit", "net adj.", "short adj.")
    held = []
    for row in table["readings"]:
        name = row["reading"].replace("$100,000 of the condors'", "$100k of").replace("$100,000", "$100k")
        sizes = " / ".join(f"{count:.1f}" for count in row["contracts"])
        shares = (percent(row[key], 0) for key in ("decay_of_credit", "net_adjusted", "short_adjusted"))
        held.append((name, sizes, usd(row["premium_usd"]), usd(row["decay_usd"]), *shares))
    print_table("", titles, held, right=(1, 2, 3, 4, 5, 6))


def _reading(
    name: str, amount: float | None, per: list[float] | None, premium: float | None, decay: float | None
) -> tuple[str, ...]:
    contracts = "" if per is None else " / ".join(f"{count:.2f}" for count in per)
    return name, usd(amount) if amount is not None else "unlimited", contracts, percent(premium, 2), percent(decay, 2)


def _print_betas(found: Mapping[str, Any]) -> None:
    rows = []
    for one in [found["used"], *(other for other in found["others"] if other["label"] != found["used"]["label"])]:
        cells = {
            f"{tenor['days']:g}": f"{tenor['beta']:.2f}" + ("" if tenor["error"] is None else f" ({tenor['error']:.2f})")
            for tenor in one["tenors"]
        }
        rows.append((one["label"], *(cells.get(days, "") for days in ("30", "60", "90", "120"))))
    print_table("", ("betas to spot VIX (standard error)", "30 d", "60 d", "90 d", "120 d"), rows, right=(1, 2, 3, 4))
    if found["left_out"]:
        say(f"Too few daily changes for a beta: {'; '.join(one['label'] for one in found['left_out'])}")
