"""Cboe's index formulas on real chains against the published closes, as Markdown.

``python -m benchmarks.index_formulas [--chains ../shared/chains] [--market ../shared/market] [--write]`` prints the tables of
docs/reference/index-formulas.md; ``--write`` puts them into that page between its markers.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from alvh.core.days import iso, to_day
from alvh.data.chains import load_chains
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.market.chain import QuotedChain
from alvh.market.history import Floats, History
from alvh.market.index_formulas import IndexLevel, index_levels

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "index-formulas.md"
BEGIN, END = "<!-- tables of benchmarks/index_formulas.py: begin -->", "<!-- end -->"
INDICES = ("VIX9D", "VIX", "VIX3M", "VIX6M", "SKEW", "VVIX")
FOLDERS = ("spx/cboe_quotedata", "spx/cboe_delayed", "joint", "vix")
FILES = ("spx/2019-07-22_historicaloptiondata.csv.gz", "spx/2011-01_ivolatility.csv.gz")
"""Full chains; those of the eight nearest expiries give VIX9D alone and are of no stated time."""
MUST = {"VIX9D": 0.05, "VIX": 0.05, "VIX3M": 0.10, "VIX6M": 0.10, "SKEW": 0.25}
"""Median error that is asked for, index points."""
NOT_OF_THE_CLOSE = {
    ("SPX", to_day(date(2011, 1, 24))): "14:03",
    ("SPX", to_day(date(2022, 3, 23))): "10:11",
    ("VIX", to_day(date(2019, 8, 29))): "09:28",
}
"""Eastern times that the chains' README states; the readers must find the same stamps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One index of one chain: computed, published (NaN where it is not), their difference, all in index points."""

    session: int
    underlying: str
    source: str
    level: IndexLevel
    published: float

    @property
    def error(self) -> float:
        return self.level.value - self.published


def full_chains(folder: Path) -> list[QuotedChain]:
    """Every full chain of the folder by session."""
    log = QualityLog()
    found = [chain for name in (*FOLDERS, *FILES) for chain in load_chains(folder / name, log)]
    return sorted(found, key=lambda chain: (chain.session, chain.underlying))


def published(history: History, session: int) -> dict[str, float]:
    """Closes by index name, NaN where none is published."""
    columns: dict[str, Floats] = {
        "VIX9D": history.vix9d,
        "VIX": history.vix_close,
        "VIX3M": history.vix3m,
        "VIX6M": history.vix6m,
        "SKEW": history.skew,
        "VVIX": history.vvix,
    }
    row = int(np.searchsorted(history.sessions, session))
    known = row < history.sessions.size and history.sessions[row] == session
    return {name: float(column[row]) if known else math.nan for name, column in columns.items()}


def score(chains: list[QuotedChain], history: History) -> tuple[list[Scored], list[str]]:
    """Every index of every chain, and in words those that a chain does not give."""
    scored, failed = [], []
    for chain in chains:
        closes = published(history, chain.session)
        levels, errors = index_levels(chain)
        for name, level in levels.items():
            scored.append(
                Scored(
                    session=chain.session,
                    underlying=chain.underlying,
                    source=chain.source,
                    level=level,
                    published=closes[name],
                )
            )
        failed += [f"{name}: {error}" for name, error in errors.items()]
    return scored, failed


def closing_errors(scored: list[Scored], index: str) -> Floats:
    """Errors of one index over the chains of the close that have a published value."""
    errors = [one.error for one in scored if one.level.index == index and one.level.at_close and math.isfinite(one.error)]
    return np.array(errors)


def _one_a_month(scored: list[Scored], index: str) -> float:
    """Median over calendar months of the mean absolute error in each: five of the sessions are of one week."""
    months: dict[str, list[float]] = {}
    for one in scored:
        if one.level.index == index and one.level.at_close and math.isfinite(one.error):
            months.setdefault(iso(one.session)[:7], []).append(abs(one.error))
    return float(np.median([np.mean(errors) for errors in months.values()]))


def tables(scored: list[Scored], failed: list[str]) -> str:
    """Summary and the table per date as Markdown."""
    lines = [
        "| index | sessions | median \\|error\\| | asked for | median, January 2011 as one | 90th percentile | largest | bias |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for index in INDICES:
        errors = closing_errors(scored, index)
        size = np.abs(errors)
        asked = f"{MUST[index]:.2f}" if index in MUST else "–"
        monthly = _one_a_month(scored, index)
        lines.append(
            f"| {index} | {errors.size} | {np.median(size):.3f} | {asked} | {monthly:.3f} | {np.quantile(size, 0.9):.3f} "
            f"| {size.max():.3f} | {errors.mean():+.3f} |"
        )
    lines += ["", "| session | quotes of | " + " | ".join(INDICES) + " |", "|---" * (len(INDICES) + 2) + "|"]
    cells: dict[tuple[int, str], dict[str, str]] = {}
    times: dict[tuple[int, str], str] = {}
    for one in scored:
        key = (one.session, one.underlying)
        text = f"{one.level.value:.2f}"
        if math.isfinite(one.published):
            text += f" ({one.error:+.2f})"
        cells.setdefault(key, {})[one.level.index] = text
        minute = one.level.minute
        times[key] = "close" if one.level.at_close else f"**{minute // 60:02d}:{minute % 60:02d}**"
    for key, row in sorted(cells.items()):
        values = " | ".join(row.get(index, "") for index in INDICES)
        lines.append(f"| {iso(key[0])} | {times[key]} | {values} |")
    if failed:
        lines += ["", "Not given by the chain:", "", *(f"- {text}" for text in failed)]
    return "\n".join(lines) + "\n"


def with_tables(page: str, made: str) -> str:
    """The page with its tables replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{made}\n{END}{tail}"


def measured(chains: Path, market: Path) -> tuple[list[Scored], list[str]]:
    """Score the full chains of one folder against the market history of another."""
    history = load_history(market, start=date(2011, 1, 3)).history
    return score(full_chains(chains), history)


def main() -> None:
    shared = Path(__file__).resolve().parents[1] / "../shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=Path, default=shared / "chains")
    parser.add_argument("--market", type=Path, default=shared / "market")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reference/index-formulas.md")
    options = parser.parse_args()
    made = tables(*measured(options.chains, options.market))
    if options.write:
        text = with_tables(PAGE.read_text(encoding="utf-8"), made)
        with tempfile.NamedTemporaryFile("w", dir=PAGE.parent, delete=False, encoding="utf-8") as handle:
            handle.write(text)
        os.replace(handle.name, PAGE)
    print(made)


if __name__ == "__main__":
    main()
