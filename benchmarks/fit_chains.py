"""Fits of every form to every real chain: error, arbitrage checks, coefficients, and the quotes left out, as Markdown.

``python -m benchmarks.fit_chains [--chains ../shared/chains] [--write]`` prints the tables of docs/reference/chain-fits.md;
``--write`` puts them into that page.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from alvh.core.days import iso
from alvh.data.chains import load_chains
from alvh.data.quality import QualityLog
from alvh.market.chain import QuotedChain
from alvh.models.chain_fit import ChainFit, ChainQuotes, chain_quotes, fit_essvi, fit_hyperbola, fit_ssvi, fit_vix
from alvh.models.chain_fit.vix import MOST_DAYS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "chain-fits.md"
BEGIN, END = "<!-- tables of benchmarks/fit_chains.py: begin -->", "<!-- end -->"
PLACES = (
    "spx/2011-01_ivolatility.csv.gz",
    "spx/2019-07-22_historicaloptiondata.csv.gz",
    "spx/cboe_quotedata",
    "spx/cboe_delayed",
    "joint",
    "vix",
)
Fit = Callable[[ChainQuotes], ChainFit]
SPX_FITS: tuple[tuple[str, Fit], ...] = (
    ("SSVI", fit_ssvi),
    ("eSSVI", fit_essvi),
    ("hyperbola", fit_hyperbola),
    ("hyperbola, shipped shape", lambda quotes: fit_hyperbola(quotes, fixed_shape=True)),
)
VIX_FITS: tuple[tuple[str, Fit], ...] = (
    ("VIX smile", fit_vix),
    ("VIX smile, own levels", lambda quotes: fit_vix(quotes, own_levels=True)),
)
SHOWN = ("P5", "P16", "ATM", "C16", "C5")


def all_chains(folder: Path) -> list[QuotedChain]:
    """The full chains by session."""
    log = QualityLog()
    found = [chain for name in PLACES for chain in load_chains(folder / name, log)]
    return sorted(found, key=lambda chain: (chain.underlying, chain.session))


def fits_of(chain: QuotedChain) -> dict[str, ChainFit]:
    """Every form of one chain by name."""
    if chain.underlying == "VIX":
        quotes = chain_quotes(chain, days=(5.0, MOST_DAYS))
        return {name: fit(quotes) for name, fit in VIX_FITS}
    quotes = chain_quotes(chain)
    return {name: fit(quotes) for name, fit in SPX_FITS}


def _checks(fit: ChainFit) -> str:
    found = fit.arbitrage
    calendar = "–" if np.isnan(found.calendar) else f"{found.calendar:+.3f}"
    return f"{found.butterfly:+.3f} | {calendar} | {'yes' if found.free else '**no**'}"


def _coefficients(fit: ChainFit) -> str:
    names = ("rho", "eta", "gamma", "b", "d0", "d1", "mu", "s", "atm30", "kappa", "slope")
    values = {name: getattr(fit.smiles, name, None) for name in names}
    text = ", ".join(f"{name} {value:.2f}" for name, value in values.items() if isinstance(value, float))
    if fit.form == "eSSVI":
        rho = fit.smiles.rho  # type: ignore[attr-defined]
        text = f"rho {rho.min():.2f} … {rho.max():.2f}"
    bound = getattr(fit.smiles, "on_bound", ())
    return text + (f" (on its bound: {', '.join(bound)})" if bound else "")


def tables(fits: list[tuple[QuotedChain, dict[str, ChainFit]]]) -> str:
    """Summary by form, table by session, quotes left out."""
    lines = [
        "| form | sessions | rms %, median | rms %, largest | free of arbitrage | mean \\|error\\| P5 | P16 | ATM | C16 | C5 |",
        "|---" * 10 + "|",
    ]
    for name, _ in (*SPX_FITS, *VIX_FITS):
        mine = [found[name] for _, found in fits if name in found]
        rms = np.array([fit.rms_pct for fit in mine])
        free = sum(fit.arbitrage.free for fit in mine)
        cells = []
        for shown in SHOWN:
            sizes = [error.mean_abs_vol_points for fit in mine for error in fit.by_delta if error.name == shown]
            cells.append(f"{np.mean(sizes):.2f}")
        lines.append(
            f"| {name} | {rms.size} | {np.median(rms):.1f} | {rms.max():.1f} | {free} of {rms.size} | " + " | ".join(cells) + " |"
        )
    lines += [
        "",
        "| session | form | expiries | quotes | rms % | least g | least growth | free | coefficients |",
        "|---" * 9 + "|",
    ]
    for chain, found in fits:
        for name, fit in found.items():
            quotes = sum(one.vol.size for one in fit.quotes.expiries)
            lines.append(
                f"| {chain.underlying} {iso(chain.session)} | {name} | {len(fit.quotes.expiries)} | {quotes} | {fit.rms_pct:.1f} "
                f"| {_checks(fit)} | {_coefficients(fit)} |"
            )
    lines += ["", "| session | quotes left out | expiries left out |", "|---|---|---|"]
    for chain, found in fits:
        quotes_used = next(iter(found.values())).quotes
        left = ", ".join(f"{count} {reason}" for reason, count in sorted(quotes_used.rejected().items()))
        skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(quotes_used.skipped.items()))
        lines.append(f"| {chain.underlying} {iso(chain.session)} | {left} | {skipped} |")
    return "\n".join(lines) + "\n"


def with_tables(page: str, made: str) -> str:
    """The page with its tables replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{made}\n{END}{tail}"


def main() -> None:
    shared = Path(__file__).resolve().parents[1] / "../shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=Path, default=shared / "chains")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reference/chain-fits.md")
    options = parser.parse_args()
    made = tables([(chain, fits_of(chain)) for chain in all_chains(options.chains)])
    if options.write:
        text = with_tables(PAGE.read_text(encoding="utf-8"), made)
        with tempfile.NamedTemporaryFile("w", dir=PAGE.parent, delete=False, encoding="utf-8") as handle:
            handle.write(text)
        os.replace(handle.name, PAGE)
    print(made)


if __name__ == "__main__":
    main()
