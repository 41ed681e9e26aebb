"""The VIX smile on real VIX chains: price errors of both rules, fits one date out, half-spreads, VVIX's own persistence.

``python -m benchmarks.fit_vix_smile [--chains ../shared/chains] [--market ../shared/market] [--write]`` prints the tables of
docs/reference/vix-smile.md; ``--write`` puts them into that page. Forwards are VX settlements through ``market.forwards`` and the
level is VVIX: nothing of the chain but the prices that are compared.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.data.chains import load_chains
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.kernels.black import black_greeks
from alvh.kernels.implied import implied_vol
from alvh.market.chain import QuotedChain
from alvh.market.forwards import FORWARD_SOURCES, vix_forwards
from alvh.market.history import Floats, History
from alvh.market.index_formulas import expiry_rows, minutes_to_settlement, quote_minute, standard_monthly
from alvh.market.strips import MINUTES_A_YEAR, parity_forward, usable
from alvh.models.vix_smile import LEVEL_FACTORS, SHIPPED, SLOPE_STEPS, STUDY, VixSmile, atm_vol, call_price
from alvh.models.vx_curve import curve_points

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "vix-smile.md"
BEGIN, END = "<!-- tables of benchmarks/fit_vix_smile.py: begin -->", "<!-- end -->"
FOLDERS = ("joint", "vix")
DELTAS = (0.10, 0.15, 0.20, 0.30, 0.40)
DELTA_SLACK = 0.035
"""A target without a listed strike within this is left out."""
LEAST_DAYS, MOST_DAYS = 7, 121
WIDEST = 0.25
"""Quotes whose half-spread is more of their mid than this tell no price to within the error that is measured."""
TENORS = ((7, 19), (20, 45), (46, 75), (76, 121))


NAMES = ("delta", "days", "years", "monthly", "strike", "mid", "half", "forward", "source", "parity", "discount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Calls of one session: prices in points, ``delta`` the target, ``parity`` the chain's own forward (for comparison only)."""

    session: int
    vvix: float
    delta: Floats
    days: Floats
    years: Floats
    monthly: Floats
    strike: Floats
    mid: Floats
    half: Floats
    forward: Floats
    source: Floats
    parity: Floats
    discount: Floats

    def of(self, kept: np.ndarray) -> Rows:
        return replace(self, **{name: getattr(self, name)[kept] for name in NAMES})

    def errors(self, rule: VixSmile, *, own_forward: bool = False) -> Floats:
        """Model price over mid less one."""
        forward = self.parity if own_forward else self.forward
        return np.asarray(call_price(self.vvix, forward, self.strike, self.years, self.discount, rule) / self.mid - 1.0)


def rows_of(chain: QuotedChain, history: History, *, weekly_min_volume: float = 0.0, lag: int = 0) -> Rows:
    """The calls nearest to each target delta in every expiry; ``lag`` 1 takes VX and VVIX of the session before."""
    expiries = np.unique(chain.expiry)
    monthly = standard_monthly("VIX", expiries, np.ones(expiries.size, dtype=np.bool_))
    forwards = vix_forwards(
        history,
        expiry=expiries,
        monthly=monthly,
        curve_points=curve_points(history.vix_close),
        weekly_min_volume=weekly_min_volume,
    )
    at = int(np.searchsorted(history.sessions, chain.session)) - lag
    found: list[tuple[float, ...]] = []
    for column, expiry in enumerate(expiries.tolist()):
        days = expiry - chain.session
        if not LEAST_DAYS <= days <= MOST_DAYS:
            continue
        left = minutes_to_settlement(chain, quote_minute(chain), np.array([expiry]), np.array([True]))
        years = float(left[0]) / MINUTES_A_YEAR
        discount = math.exp(-float(history.bill_rate[at]) * years)
        strikes, call_bid, call_ask, put_bid, put_ask = expiry_rows(chain, expiry, True)
        good, good_put = usable(call_bid, call_ask)[0], usable(put_bid, put_ask)[0]
        mid, half = 0.5 * (call_bid + call_ask), 0.5 * (call_ask - call_bid)
        put_mid = np.where(good_put, 0.5 * (put_bid + put_ask), np.nan)
        try:
            parity = parity_forward(strikes, np.where(good, mid, np.nan), put_mid, discount).forward
        except DataMissing:
            continue
        good &= strikes > parity
        vol = implied_vol(mid[good], parity, strikes[good], years, discount, 1.0)
        delta = black_greeks(parity, strikes[good], years, discount, vol, 1.0)[1]
        for target in DELTAS:
            gap = np.abs(delta - target)
            if not np.any(gap <= DELTA_SLACK):
                continue
            i = int(np.flatnonzero(good)[np.nanargmin(gap)])
            forward, source = float(forwards.forward[at, column]), float(forwards.source[at, column])
            found.append(
                (
                    target,
                    days,
                    years,
                    float(monthly[column]),
                    float(strikes[i]),
                    float(mid[i]),
                    float(half[i]),
                    forward,
                    source,
                    parity,
                    discount,
                )
            )
    columns = dict(zip(NAMES, np.array(found).T, strict=True))
    return Rows(session=chain.session, vvix=float(history.vvix[at]), **columns)


def usable_rows(rows: Rows) -> Rows:
    """Without quotes wider than :data:`WIDEST`."""
    return rows.of(rows.half <= WIDEST * rows.mid)


def score(errors: list[Floats]) -> tuple[float, float]:
    """Mean absolute error and bias, every session of equal weight."""
    return float(np.mean([np.abs(error).mean() for error in errors])), float(np.mean([error.mean() for error in errors]))


def fit_level(sessions: list[Rows], rule: VixSmile) -> VixSmile:
    """The rule with the level of least mean absolute log error over the sessions."""

    def loss(level: float) -> float:
        tried = replace(rule, level=level)
        return float(np.mean([np.abs(np.log1p(rows.errors(tried))).mean() for rows in sessions]))

    # The loss has kinks: the best of a grid, then the bounded search around it.
    grid = np.linspace(85.0, 135.0, 51)
    start = float(grid[np.argmin([loss(level) for level in grid])])
    return replace(rule, level=float(minimize_scalar(loss, bounds=(start - 1.0, start + 1.0), method="bounded").x))


def fit_level_and_slope(sessions: list[Rows], rule: VixSmile) -> VixSmile:
    """The same with the slope free between .15 and .45, its vertex where it was."""

    def loss(tried: VixSmile) -> float:
        return float(np.mean([np.abs(np.log1p(rows.errors(tried))).mean() for rows in sessions]))

    return min((fit_level(sessions, rule.scenario(1.0, slope)) for slope in np.linspace(0.15, 0.45, 31).tolist()), key=loss)


Fit = Callable[[list[Rows], VixSmile], VixSmile]


def leave_one_out(sessions: list[Rows], rule: VixSmile, fit: Fit) -> tuple[list[VixSmile], list[Floats]]:
    """Fitted rule and errors of each session, fitted to the others."""
    rules = [fit([other for other in sessions if other is not rows], rule) for rows in sessions]
    return rules, [rows.errors(fitted) for rows, fitted in zip(sessions, rules, strict=True)]


def persistence(history: History) -> list[tuple[int, float, float]]:
    """Lag in sessions, autocorrelation of squared VVIX, and the annual rate that decays so."""
    squared = history.vvix[np.isfinite(history.vvix)] ** 2
    out = []
    for lag in (5, 21, 42, 63, 84):
        rho = float(np.corrcoef(squared[:-lag], squared[lag:])[0, 1])
        out.append((lag, rho, -math.log(rho) * 252.0 / lag))
    return out


def least_density(rule: VixSmile) -> float:
    """Least second difference of call prices in the strike, times forward, VVIX 60-200, 7-365 days (1e-12 is rounding)."""
    lowest = math.inf
    for vvix in (60.0, 80.0, 95.0, 120.0, 150.0, 200.0):
        for days in (7.0, 14.0, 30.0, 60.0, 120.0, 184.0, 365.0):
            years = days / 365.0
            spread = float(atm_vol(vvix, years, rule)) * math.sqrt(years)
            strikes = np.exp(np.linspace(-4.0, 12.0, 1601) * spread)
            price = call_price(vvix, 1.0, strikes, years, 1.0, rule)
            slope = np.diff(price) / np.diff(strikes)
            lowest = min(lowest, float(np.diff(slope).min()), float((-slope).min()))
    return lowest


def _percent(errors: Floats) -> str:
    return f"{100 * np.abs(errors).mean():.0f} ({100 * errors.mean():+.0f})" if errors.size else "–"


def _cut(sessions: list[Rows], errors: list[Floats], kept: Callable[[Rows], np.ndarray]) -> str:
    parts = [error[kept(rows)] for rows, error in zip(sessions, errors, strict=True)]
    return _percent(np.concatenate(parts))


def _within(rows: Rows, low: int, high: int) -> np.ndarray:
    return np.asarray((rows.days >= low) & (rows.days <= high))


RULES = (("study", STUDY), ("shipped", SHIPPED))


def tables(chains: list[QuotedChain], history: History) -> str:
    """All tables as Markdown."""
    every = [rows_of(chain, history) for chain in chains]
    good = [usable_rows(rows) for rows in every]
    lines = ["### The calls", "", "| session | VVIX | calls | too wide | forward from |", "|---|---|---|---|---|"]
    for rows, kept in zip(every, good, strict=True):
        codes = rows.source.astype(int)
        source = ", ".join(f"{(codes == code).sum()} {FORWARD_SOURCES[code]}" for code in np.unique(codes))
        lines.append(
            f"| {iso(rows.session)} | {rows.vvix:.2f} | {rows.delta.size} | {rows.delta.size - kept.delta.size} | {source} |"
        )

    head = " | ".join(iso(rows.session) for rows in good)
    lines += ["", "### Rules as they are, and left out", "", f"| rule | fitted | all | {head} |", "|---" * (3 + len(good)) + "|"]

    def add(name: str, fitted: str, errors: list[Floats]) -> None:
        mean, bias = score(errors)
        lines.append(
            f"| {name} | {fitted} | **{100 * mean:.1f} ({100 * bias:+.1f})** | " + " | ".join(_percent(e) for e in errors) + " |"
        )

    for name, rule in RULES:
        add(name, "nothing: the coefficients as they are", [rows.errors(rule) for rows in good])
        rules, errors = leave_one_out(good, rule, fit_level)
        levels = ", ".join(f"{one.level:.1f}" for one in rules)
        add(name, f"level, one date out: {levels}", errors)
        rules, errors = leave_one_out(good, rule, fit_level_and_slope)
        both = ", ".join(f"{one.level:.1f}/{one.slope:.2f}" for one in rules)
        add(name, f"level/slope, one date out: {both}", errors)
    for slope in (0.20, 0.25):
        rules, errors = leave_one_out(good, STUDY.scenario(1.0, slope), fit_level)
        levels = ", ".join(f"{one.level:.1f}" for one in rules)
        add(f"study, slope {slope:.2f}", f"level, one date out: {levels}", errors)
    for slope in (0.20, 0.30):
        rules, errors = leave_one_out(good, SHIPPED.scenario(1.0, slope), fit_level)
        levels = ", ".join(f"{one.level:.1f}" for one in rules)
        add(f"shipped, slope {slope:.2f}", f"level, one date out: {levels}", errors)

    lines += ["", "### Other forwards and quotes", "", f"| rule | what differs | all | {head} |", "|---" * (3 + len(good)) + "|"]
    default = [usable_rows(rows_of(chain, history, weekly_min_volume=10.0)) for chain in chains]
    before = [usable_rows(rows_of(chain, history, lag=1)) for chain in chains]
    for name, rule in RULES:
        add(name, "wide quotes too", [rows.errors(rule) for rows in every])
        add(name, "monthlies alone", [rows.of(rows.monthly > 0.0).errors(rule) for rows in good])
        add(
            name,
            "untraded weeklies interpolated (the former default of `market.forwards`)",
            [rows.errors(rule) for rows in default],
        )
        add(name, "forward of the chain's own parity", [rows.errors(rule, own_forward=True) for rows in good])
        add(name, "VX and VVIX of the session before", [rows.errors(rule) for rows in before])

    lines += ["", "### By delta and term, one date out", ""]
    tenor_heads = [f"{low}-{high} d" for low, high in TENORS]
    heads = ["all", *(f"{100 * delta:.0f} delta" for delta in DELTAS), *tenor_heads, "in half-spreads"]
    lines += ["| rule | session | " + " | ".join(heads) + " |", "|---" * (2 + len(heads)) + "|"]
    for name, rule in RULES:
        _, errors = leave_one_out(good, rule, fit_level)
        groups = [(iso(rows.session), [rows], [error]) for rows, error in zip(good, errors, strict=True)]
        for label, some, theirs in [*groups, ("all", good, errors)]:
            cells = [_cut(some, theirs, lambda rows: rows.delta > 0.0)]
            cells += [_cut(some, theirs, lambda rows, d=delta: rows.delta == d) for delta in DELTAS]  # type: ignore[misc]
            cells += [_cut(some, theirs, lambda rows, t=t: _within(rows, *t)) for t in TENORS]  # type: ignore[misc]
            times = np.concatenate([np.abs(e) * rows.mid / rows.half for rows, e in zip(some, theirs, strict=True)])
            lines.append(f"| {name} | {label} | " + " | ".join(cells) + f" | {np.median(times):.1f} |")

    lines += ["", "### Scenario band", ""]
    lines += ["| rule | what moves | below the low case | inside | above the high case | width at 20 delta, % of central |"]
    lines += ["|---|---|---|---|---|---|"]
    for name, rule in RULES:
        for what, factors, steps in (
            ("level", LEVEL_FACTORS, (0.0, 0.0, 0.0)),
            ("slope", (1.0, 1.0, 1.0), SLOPE_STEPS),
            ("both", LEVEL_FACTORS, SLOPE_STEPS),
        ):
            low, high = (rule.scenario(factors[i], rule.slope + steps[i]) for i in (0, 2))
            below = np.concatenate([rows.errors(low) > 0.0 for rows in good])
            above = np.concatenate([rows.errors(high) < 0.0 for rows in good])
            at20 = [rows.of(rows.delta == 0.20) for rows in good]
            width = [
                np.concatenate([(1.0 + rows.errors(case)) / (1.0 + rows.errors(rule)) - 1.0 for rows in at20]).mean()
                for case in (low, high)
            ]
            lines.append(
                f"| {name} | {what} | {below.mean():.0%} | {(~below & ~above).mean():.0%} | {above.mean():.0%} "
                f"| {100 * width[0]:+.0f} … {100 * width[1]:+.0f} |"
            )

    lines += ["", "### No butterfly arbitrage", "", "| rule | case | least slope change of the call price |", "|---|---|---|"]
    for name, rule in RULES:
        cases = [("as it is", rule)]
        cases += [
            (f"level {f:.2f}, slope {rule.slope + b:.2f}", rule.scenario(f, rule.slope + b))
            for f, b in zip(LEVEL_FACTORS, SLOPE_STEPS, strict=True)
        ]
        lines += [f"| {name} | {case} | {least_density(one):.1e} |" for case, one in cases]

    vvix = history.vvix[np.isfinite(history.vvix)]
    lines += ["", f"### Persistence of VVIX, {vvix.size} sessions", ""]
    lines.append(f"Mean {vvix.mean():.1f}, root mean square {np.sqrt((vvix**2).mean()):.1f}.")
    lines += ["", "| sessions | autocorrelation of squared VVIX | rate a year |", "|---|---|---|"]
    lines += [f"| {lag} | {rho:.2f} | {rate:.1f} |" for lag, rho, rate in persistence(history)]
    return "\n".join(lines) + "\n"


def with_tables(page: str, made: str) -> str:
    """The page with its tables replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{made}\n{END}{tail}"


def vix_chains(folder: Path) -> list[QuotedChain]:
    """The VIX chains of the folder by session."""
    log = QualityLog()
    found = [chain for name in FOLDERS for chain in load_chains(folder / name, log) if chain.underlying == "VIX"]
    return sorted(found, key=lambda chain: chain.session)


def measured(chains: Path, market: Path) -> str:
    """The tables from a folder of chains and one of market history."""
    return tables(vix_chains(chains), load_history(market, start=date(2007, 1, 3)).history)


def main() -> None:
    shared = Path(__file__).resolve().parents[1] / "../shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=Path, default=shared / "chains")
    parser.add_argument("--market", type=Path, default=shared / "market")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reference/vix-smile.md")
    options = parser.parse_args()
    made = measured(options.chains, options.market)
    if options.write:
        text = with_tables(PAGE.read_text(encoding="utf-8"), made)
        with tempfile.NamedTemporaryFile("w", dir=PAGE.parent, delete=False, encoding="utf-8") as handle:
            handle.write(text)
        os.replace(handle.name, PAGE)
    print(made)


if __name__ == "__main__":
    main()
