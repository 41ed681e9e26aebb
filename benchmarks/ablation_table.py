"""The adaptive preset taken apart (C14): the tables of docs/reference/ablation.md from ``alvh ablate --json``.

Run: ``python -m benchmarks.ablation_table [DATA_DIR]`` (default ``../shared/market``). Prints Markdown; ``--write`` puts it into
the page. The page says whatever the document says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/ablation.md"
BEGIN, FINISH = "<!-- tables -->", "<!-- end of tables -->"
POLICY, START, END = "alvh-adaptive", "2007-01-03", "2026-07-22"
EPISODES = ("2008", "2011", "2018", "2020", "2022", "2024", "2025")


def document(data: str) -> dict[str, Any]:
    """The command's own document."""
    words = [sys.executable, "-m", "alvh", "ablate", POLICY, "--data", data, "--from", START, "--to", END, "--json"]
    found: dict[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found


def tables(found: Mapping[str, Any]) -> str:
    """Markdown: every rule taken out, every rule added, and the episodes."""
    variants = found["variants"]
    full = found["baseline"]
    fixed = next(row for row in variants if row["name"] == "fixed schedule")
    together = found["together"]["difference"]
    lines = [
        f"`alvh ablate {POLICY} --from {START} --to {END}`, {full['sessions']:,} sessions, {found['prices']['source']} prices.",
        "",
        "| | carry, % of index notional a month | maximum drawdown | expected shortfall 95 %, a day | hedge, after costs |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {row['carry_pct_per_month']:.4f} | {_pct(row['max_drawdown'])} | "
            f"{_pct(row['expected_shortfall_95'], 3)} | {row['hedge_net_usd']:,.0f} $ |"
            for name, row in (("all rules", full), ("fixed schedule alone", fixed))
        ),
        "",
        f"All rules together against the fixed schedule: {_interval(together)} % of the account a year.",
        "",
    ]
    for kind, title in (("without", "Each rule taken out of the whole"), ("with", "Each rule added alone to the fixed schedule")):
        lines += [
            f"## {title}",
            "",
            "| rule | acted on, sessions | carry, difference | drawdown, points | shortfall, points | P/L, % a year (95 %) |",
            "|---|---|---|---|---|---|",
        ]
        for row in variants:
            if row["kind"] == kind:
                off = row["against_reference"]
                risk = f"{100 * off['max_drawdown']:+.2f} | {100 * off['expected_shortfall_95']:+.3f}"
                carry = f"{row['fired']:,} | {off['carry_pct_per_month']:+.4f}"
                lines.append(f"| {row['name'].split(' ', 1)[1]} | {carry} | {risk} | {_interval(row['difference'])} |")
        lines.append("")
    lines += ["## Episodes: the book's P/L with each rule added alone, less the fixed schedule's, in dollars", ""]
    names = [name for name in full["episodes"] if any(year in name for year in EPISODES)]
    lines += ["| rule | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for row in variants:
        if row["kind"] == "with":
            cells = (f"{row['episodes'][name]['difference_usd']:+,.0f}" for name in names)
            lines.append(f"| {row['name'].split(' ', 1)[1]} | " + " | ".join(cells) + " |")
    beyond, by_chance = found["method"]["beyond_chance"], found["method"]["beyond_chance_expected_by_chance"]
    lines += [
        "",
        f"Of {found['method']['comparisons']} comparisons {len(beyond)} leave zero outside their 95 % interval, where "
        f"{by_chance:.2g} would by chance: {', '.join(beyond) or 'none'}.",
        "",
        "Off for lack of data: "
        + "; ".join(
            f"{name} on {row['sessions']:,} sessions, {row['first']} to {row['last']}"
            for name, row in full["off_for_lack_of_data"].items()
        )
        + ".",
        "",
        f"Method: {found['method']['text']}. {found['method']['repeats']:,} resamples, seed {found['method']['seed']}.",
        "",
        f"Prices: {found['prices']['error']}.",
    ]
    return "\n".join(lines)


def _pct(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def _interval(found: Mapping[str, float]) -> str:
    return f"{found['estimate']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f})"


def main(arguments: list[str]) -> None:
    """Print the tables, or write them into the page."""
    paths = [word for word in arguments if not word.startswith("--")]
    text = tables(document(paths[0] if paths else str(ROOT.parent / "shared" / "market")))
    if "--write" not in arguments:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    temporary = PAGE.with_suffix(".part")
    temporary.write_text(head + BEGIN + "\n\n" + text + "\n\n" + FINISH + rest.split(FINISH)[1], encoding="utf-8")
    temporary.replace(PAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
