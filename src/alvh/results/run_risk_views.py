"""Tables of the tear sheet on exposure, margin and money, made from the run's document; none where it has no such parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alvh.results.sheet import TearSheet
from alvh.results.tables import NOTHING, Column, Row, TableView, show, table

NAMES = ("coverage", "margin", "exposures", "returns", "factors", "credit_by_vix", "projected")

_COVERAGE = {
    "net_naive": "net vega, every VX forward moving with VIX",
    "net_adjusted": "net vega, β-adjusted",
    "short_naive": "short legs' vega, every VX forward moving with VIX",
    "short_adjusted": "short legs' vega, β-adjusted",
}
_EXPOSURES = (
    ("spx_equivalent_delta_usd_per_point", "SPX-equivalent delta ($/point)"),
    ("spx_gamma_usd_per_point2", "SPX gamma ($/point²)"),
    ("spx_vega_usd_per_vol_point", "SPX vega ($/vol point)"),
    ("spx_theta_usd_per_day", "SPX theta ($/day)"),
    ("vix_delta_usd_per_point", "VX delta ($/point)"),
    ("vix_equivalent_usd_per_vix_point", "β-adjusted ($/VIX point)"),
    ("vix_vega_usd_per_vol_point", "VIX vega ($/vol point)"),
    ("vix_theta_usd_per_day", "VIX theta ($/day)"),
)
_SLEEVES = {
    "condor": "condors",
    "margined": "condors and hedge, on margin",
    "book_hedged": "account with hedge",
    "book_unhedged": "account without hedge",
}
_READINGS = {"index_notional": "index notional", "risk_capital": "condors' largest loss", "account": "account"}


def band(sheet: TearSheet) -> Sequence[float]:
    """The published band of coverage."""
    found: Sequence[float] = sheet.document["exposures"]["coverage_band"]
    return found


def tables(sheet: TearSheet) -> dict[str, TableView | None]:
    """Every table of the section, or none of them."""
    document = sheet.document
    if not all(part in document for part in ("exposures", "margin", "economics")):
        return dict.fromkeys(NAMES)
    economics = document["economics"]
    return {
        "coverage": _coverage(document["exposures"]),
        "margin": _margin(document["margin"], economics["hedge_capital_cost"]),
        "exposures": _exposures(document["exposures"]),
        "returns": _returns(economics),
        "factors": _factors(economics["factors"]),
        "credit_by_vix": _credit(economics["cost_of_credit_by_vix"]),
        "projected": _projected(economics["projected_xirr_by_vix"]),
    }


def _coverage(part: Mapping[str, Any]) -> TableView:
    rows: list[Row] = [{"against": _COVERAGE[name], **part["coverage"][name]} for name in _COVERAGE]
    columns = (
        Column(key="against", label="Measured against"),
        Column(key="median", label="Median", kind="percent"),
        Column(key="quartile_low", label="Lower quartile", kind="percent"),
        Column(key="quartile_high", label="Upper quartile", kind="percent"),
        Column(key="share_in_band", label="Sessions inside 40 to 60 %", kind="percent"),
        Column(key="sessions", label="Sessions", kind="count"),
    )
    caption = f"Coverage through time; betas: {part['betas']}, at {part['sessions_on_published_betas']:,} closes"
    return table("coverage", caption, rows, columns, tools=True)


def _margin(part: Mapping[str, Any], cost: Mapping[str, Any]) -> TableView:
    back, ratio = part["return_on_maximum"], part["quick_ratio"]
    shown: list[tuple[str, Any, Any, str]] = [
        ("Greatest requirement", part["maximum_usd"], "usd", part["maximum_session"] or ""),
        ("Mean requirement while anything is held", part["mean_held_usd"], "usd", ""),
        ("Greatest requirement of the condors alone", part["condors_maximum_usd"], "usd", ""),
        ("Greatest premium in the hedge's options", part["premium_maximum_usd"], "usd", ""),
        *([("Greatest margin of its futures", part["futures_maximum_usd"], "usd", "")] if part["futures_maximum_usd"] else []),
        ("Least buying power", part["buying_power_least_usd"], "usd", part["buying_power_least_session"]),
        ("Sessions without buying power", part["sessions_without_buying_power"], "count", ""),
        (
            "Return on the greatest requirement a year, with hedge",
            back["hedged_per_year"],
            "return",
            "whole account, interest too",
        ),
        ("Return on the greatest requirement a year, without", back["unhedged_per_year"], "return", "on the condors' greatest"),
        ("Least quick ratio", ratio["least"], "level", ratio["least_session"] or ""),
        ("Median quick ratio", ratio["median"], "level", ""),
    ]
    for key, name in _READINGS.items():
        row = part["premium_of_reading"][key]
        greatest = show(row["greatest"], "percent")[0]
        shown.append((f"Hedge capital over {name}, mean", row["mean"], "percent", f"greatest {greatest}"))
    shown.append(("Mean hedge capital", cost["capital_mean_usd"], "usd", ""))
    shown.append(("Hedge capital cost a year: carry and funding", cost["carry_per_year"], "percent", "of the mean hedge capital"))
    shown.append(("Hedge capital cost a year: all that it lost", cost["realised_per_year"], "percent", "payoffs counted"))
    columns = (
        Column(key="figure", label="Figure"), Column(key="value", label="Value", kind="number"), Column(key="note", label="Note"),
    )  # fmt: skip
    body = tuple(((name, ""), show(value, kind), (note, "w" if len(note) > 12 else "")) for name, value, kind, note in shown)
    return TableView(name="margin", caption=f"Margin: {part['convention']}", columns=columns, rows=body)


def _exposures(part: Mapping[str, Any]) -> TableView:
    medians = part["median"]
    names = {name: _SLEEVES.get(name, name.removeprefix("layer ")) for name in medians}
    rows: list[Row] = [{"exposure": label, **{name: row[key] for name, row in medians.items()}} for key, label in _EXPOSURES]
    columns = (
        Column(key="exposure", label="Exposure"),
        *(Column(key=name, label=label, kind="number") for name, label in names.items()),
    )
    return table("exposures", "Exposures, median over the closes at which something is held", rows, columns, tools=True)


def _returns(part: Mapping[str, Any]) -> TableView:
    rows: list[Row] = [
        {
            "sleeve": _SLEEVES.get(name, name),
            "xirr": row["per_year"],
            "on_capital": part["return_on_mean_capital_per_year"][name],
            "note": row["note"] or None,
        }
        for name, row in part["xirr"].items()
    ]
    columns = (
        Column(key="sleeve", label="Sleeve"),
        Column(key="xirr", label="Money-weighted a year (XIRR)", kind="return"),
        Column(key="on_capital", label="Net a year over mean capital", kind="return"),
        Column(key="note", label="Note"),
    )
    return table("returns", "Returns on each sleeve's own money", rows, columns, tools=True)


def _factors(part: Mapping[str, Any]) -> TableView:
    keys: tuple[tuple[str, str, float, str, int], ...] = (
        ("alpha_per_year", "Alpha a year", 100.0, " %", 2),
        ("beta", "Beta to SPX", 1.0, "", 3),
        ("vix_usd_per_point", "$ for a VIX point", 1.0, "", 0),
        ("joint_alpha_per_year", "Alpha beside SPX and VIX", 100.0, " %", 2),
        ("joint_beta", "Beta beside VIX", 1.0, "", 3),
        ("joint_vix_usd_per_point", "$ for a VIX point beside SPX", 1.0, "", 0),
    )

    def cell(row: Mapping[str, Any], key: str, factor: float, unit: str, digits: int) -> str:
        value, low, high = (f"{factor * row[key][end]:,.{digits}f}".replace("-", "−") for end in ("value", "low", "high"))
        return f"{value}{unit} ({low} to {high})"

    columns = (Column(key="sleeve", label="Sleeve"), *(Column(key=key, label=label) for key, label, *_ in keys))
    body = []
    for name, row in part.items():
        # every cell may break into lines, for the table is wide
        cells = [(NOTHING, "none") if row is None else (cell(row, key, by, unit, n), "b") for key, _, by, unit, n in keys]
        body.append(((_SLEEVES.get(name, name), "b"), *cells))
    return TableView(name="factors", caption="Alpha and betas", columns=columns, rows=tuple(body), tools=True)


def _credit(part: Sequence[Mapping[str, Any]]) -> TableView:
    columns = (
        Column(key="regime", label="VIX before the month"),
        Column(key="months", label="Months", kind="count"),
        Column(key="hedge_cost_usd", label="Hedge cost", kind="usd"),
        Column(key="credit_usd", label="Credit received", kind="usd"),
        Column(key="cost_of_credit", label="Cost over credit", kind="percent"),
    )
    return table("credit-by-vix", "Cost of the hedge against the credit, by VIX regime; below zero it earned", part, columns)


def _projected(part: Sequence[Mapping[str, Any]]) -> TableView:
    columns = (
        Column(key="regime", label="VIX before the month"),
        Column(key="months", label="Months", kind="count"),
        Column(key="per_year", label="Projected XIRR of the account", kind="return"),
        Column(key="low", label="Low", kind="return"),
        Column(key="high", label="High", kind="return"),
    )
    return table("projected", "If every month were the mean month of its regime, with a 95 % band", part, columns)
