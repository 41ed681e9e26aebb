"""Makes the tables of ``docs/explanation/feasible-sizes.md``: which published sizes hold together, by strike and tenor.

Stated: the inputs of methods.md 8.2. Product: the product's surfaces, VX curve and measured betas on sessions near each VIX level
(medians of the figures), at the tenors of the default book and at two others. Run from the repository root: ``python -m
benchmarks.feasible_sizes [DATA]``; ``--write`` puts the tables into the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from tests.helpers import ladder as table
from tests.helpers import stated_market as stated

from alvh.app.size import policy_condor, positions_of
from alvh.app.wiring import known_betas, load_market
from alvh.core.days import to_day
from alvh.market.history import Floats
from alvh.market.market import Legs
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.results.files import write_text_atomic
from alvh.risk.betas import TenorBetas
from alvh.risk.feasible import COVERAGES, NOTIONALS, SizeFigures, feasible_sets, size_figures, spans
from alvh.risk.size_inputs import size_inputs
from alvh.strategy.policy import Wing
from alvh.strategy.policy_file import load_policy

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "feasible-sizes.md"
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
DELTAS = np.round(np.arange(0.04, 0.981, 0.02), 2)
LEVELS, NEAR, MOST = (12, 15, 20, 30), 0.75, 11
STUDY = (date(2013, 1, 2), date(2026, 7, 22))
TENORS = {"11/37/90": (11, 37, 90), "30/60/90": (30, 60, 90), "60/90/120": (60, 90, 120)}
BETAS = TenorBetas.stated([30.0, 60.0, 90.0], list(table.BETAS), label="methods.md 8.2")


class Still(stated.StatedSnapshot):
    """The stated close; the stress plays no part in C28."""

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        return np.zeros((len(scenarios), len(legs.series)))


def stated_figures(level: int, wing: float | None) -> dict[str, list[SizeFigures]]:
    base = stated.published_market(level)
    close = Still(series=base.series, spx=base.spx, vix=base.vix, rate=base.rate, forward=base.forward, vol=base.vol)
    condor = table.condor_strikes(level, wing, "published")
    out: dict[str, list[SizeFigures]] = {name: [] for name in NOTIONALS}
    for delta in DELTAS:
        book = stated.published_book(stated.published_strikes(close, float(delta), chosen="published"), condor, condors=1.0)
        hedge = np.array([name == "hedge" for name in book.sleeve])
        inputs = size_inputs(close, base.series, book.rows(~hedge), book.rows(hedge), BETAS)
        for name in NOTIONALS:
            out[name].append(size_figures(inputs, name))
    return out


def median(figures: Sequence[SizeFigures]) -> SizeFigures:
    cover = np.median([each.coverage for each in figures], axis=0)
    return SizeFigures(
        notional=figures[0].notional,
        coverage=(float(cover[0]), float(cover[1]), float(cover[2]), float(cover[3])),
        cost=float(np.median([each.cost for each in figures])),
        capital=float(np.median([each.capital for each in figures])),
    )


class Product:
    """The product's market, and its ladders at constant tenors: the listed expiry nearest each."""

    def __init__(self, data: str) -> None:
        self.policy = load_policy("alvh-442").policy
        self.loaded = load_market(data, self.policy)
        self.market, self.betas = self.loaded.market, known_betas(self.loaded)
        sessions = self.market.sessions
        inside = (sessions >= to_day(STUDY[0])) & (sessions <= to_day(STUDY[1]))
        vix = self.market.history.vix_close
        self.rows = {}
        for level in LEVELS:
            found = np.flatnonzero(inside & (np.abs(vix - level) <= NEAR))
            self.rows[level] = found[:: max(len(found) // MOST, 1)][:MOST].tolist()

    def ladder(self, row: int, tenors: tuple[int, ...], delta: float) -> Positions:
        snapshot, series = self.market.snapshot(row), self.market.series
        rows = snapshot.listed(vix=True)
        rows = rows[series.expiry[rows] - snapshot.session >= 7]
        made = []
        for k, days in enumerate(tenors):
            at = int(rows[np.argmin(np.abs(series.expiry[rows] - snapshot.session - days))])
            chain = snapshot.slice(at, 1)
            strike = float(chain.strikes[np.argmin(np.abs(chain.delta - delta))])
            made.append((series.roots[at], int(series.expiry[at]), strike, 1, float((4, 4, 2)[k]), "hedge", f"layer {k + 1}"))
        return positions_of(made)

    def figures(self, level: int, tenors: tuple[int, ...], wing: float | None) -> dict[str, list[SizeFigures]]:
        condor = self.policy.condor if wing is None else replace(self.policy.condor, wing=Wing(kind="points", points=wing))
        policy = replace(self.policy, condor=condor)
        out: dict[str, list[SizeFigures]] = {name: [] for name in NOTIONALS}
        for delta in DELTAS:
            found: dict[str, list[SizeFigures]] = {name: [] for name in NOTIONALS}
            for row in self.rows[level]:
                snapshot = self.market.snapshot(row)
                condors = policy_condor(snapshot, self.market.series, policy, 1)
                inputs = size_inputs(
                    snapshot, self.market.series, condors, self.ladder(row, tenors, float(delta)), self.betas.at(row)
                )
                for name in NOTIONALS:
                    found[name].append(size_figures(inputs, name))
            for name in NOTIONALS:
                out[name].append(median(found[name]))
        return out


HEAD = (
    "| notional | VIX | coverage counted | 40-60 % coverage | .35-.65 % a month | 4-8 % of notional | coverage and cost | all |\n"
    "|---|---|---|---|---|---|---|---|"
)
NAMES = {"index_notional": "$100,000 index", "risk_capital": "$100,000 largest loss", "per_condor": "one condor lot"}
WORDS = {
    "net_naive": "net, naive", "net_adjusted": "net, by betas", "short_naive": "short legs, naive",
    "short_adjusted": "short legs, by betas",
}  # fmt: skip


def rows_of(level: int, figures: dict[str, list[SizeFigures]]) -> list[str]:
    lines = []
    for name in NOTIONALS:
        for found in feasible_sets(DELTAS, figures[name]):
            held = (found.coverage, found.cost, found.capital, found.coverage_and_cost, found.all_hold)
            cells = [spans(DELTAS, each) for each in held]
            lines.append(f"| {NAMES[name]} | {level} | {WORDS[found.coverage_reading]} | " + " | ".join(cells) + " |")
    return lines


def sized(title: str, made: dict[int, dict[str, list[SizeFigures]]]) -> list[str]:
    out = [f"### {title}", "", HEAD]
    for name in range(len(NOTIONALS) * len(COVERAGES)):
        for level, figures in made.items():
            out.append(rows_of(level, figures)[name])
    return [*out, ""]


def compact(title: str, made: dict[int, dict[str, list[SizeFigures]]]) -> list[str]:
    """Coverage and cost together, and where it is not empty what of it meets the capital too, one column a VIX level."""
    out = [f"### {title}", "", "| notional | coverage counted | " + " | ".join(f"VIX {level}" for level in made) + " |"]
    out.append("|" + "---|" * (2 + len(made)))
    for name in NOTIONALS:
        for k, reading in enumerate(COVERAGES):
            cells = []
            for figures in made.values():
                found = feasible_sets(DELTAS, figures[name])[k]
                both, every = spans(DELTAS, found.coverage_and_cost), spans(DELTAS, found.all_hold)
                cells.append(both if every == "none" else f"{both}; **all: {every}**")
            out.append(f"| {NAMES[name]} | {WORDS[reading]} | " + " | ".join(cells) + " |")
    return [*out, ""]


def tables(data: str) -> str:
    out: list[str] = []
    stated_levels = (15, 20, 30)
    out += sized("Stated inputs, 30/60/90 days, 16/5 condor", {level: stated_figures(level, None) for level in stated_levels})
    out += compact(
        "Stated inputs, 30/60/90 days, 50-point wings", {level: stated_figures(level, 50.0) for level in stated_levels}
    )
    product = Product(data)
    counts = ", ".join(f"VIX {level}: {len(rows)}" for level, rows in product.rows.items())
    out.append(f"Sessions of the product's tables: {counts} (within {NEAR} points, {STUDY[0]} to {STUDY[1]}).\n")
    for tenors, days in TENORS.items():
        out += compact(f"Product, {tenors} days, 16/5 condor", {level: product.figures(level, days, None) for level in LEVELS})
    out += compact(
        "Product, 11/37/90 days, 50-point wings",
        {level: product.figures(level, TENORS["11/37/90"], 50.0) for level in LEVELS},
    )
    return "\n".join(out)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="?", default=str(ROOT.parent / "shared" / "market"))
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    given = parser.parse_args(arguments)
    made = tables(given.data)
    print(made)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
        write_text_atomic(PAGE, f"{head}\n\n{made.strip()}\n\n{tail}")


if __name__ == "__main__":
    main()
