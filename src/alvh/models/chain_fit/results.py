"""What a fit hands back: coefficients, errors by delta and expiry, arbitrage checks, and the quotes it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alvh.core.days import iso
from alvh.market.history import Floats
from alvh.models.chain_fit.quotes import ChainQuotes, ExpiryQuotes

DELTAS = (0.05, 0.10, 0.16, 0.20, 0.25)
"""Deltas of the error table, on both sides (surfaces.md 2.3)."""
DELTA_SLACK = 0.02
"""A target without a quote within this is left out of its row."""
GRID = (-12.0, 12.0, 0.02)
"""Deviations ln(K/F)/sqrt(theta) on which arbitrage is looked for: first, last, step."""
STEP = 1e-3
"""Of the differences in deviations: rounding gives g an error of 1e-8, the difference itself 1e-6."""
ROUNDING = 1e-6
"""A g or a growth this little below zero is no finding."""


class Smiles(Protocol):
    """Fitted smiles: vol by position of the expiry and ln(K/F)."""

    def vols(self, position: int, log_money: Floats) -> Floats:
        """Vols (n,) of the expiry at ``position`` at ln(K/F) (n,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaError:
    """Model less market at one delta over all expiries: vol points, and per cent of the vol; ``name`` is P5 … ATM … C5."""

    name: str
    expiries: int
    mean_vol_points: float
    mean_abs_vol_points: float
    rms_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryError:
    """Model against market at one expiry: relative rms over moneyness in per cent, the largest error in vol points, the share
    of quotes whose model vol lies between bid and ask."""

    expiry: int
    quotes: int
    rms_pct: float
    worst_vol_points: float
    inside_spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arbitrage:
    """Least Durrleman g and where; least relative growth of total variance to the next expiry and where (1 with one expiry).

    ``butterfly_x`` and ``calendar_x`` are deviations of the (earlier) expiry. For VIX each expiry has its own underlying, so
    there is no calendar condition and ``calendar`` is NaN.
    """

    butterfly: float
    butterfly_expiry: int
    butterfly_x: float
    calendar: float
    calendar_expiry: int
    calendar_x: float

    @property
    def free(self) -> bool:
        """Neither is below zero by more than rounding."""
        return self.butterfly >= -ROUNDING and not self.calendar < -ROUNDING


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFit:
    """One form fitted to one chain.

    ``smiles`` holds the coefficients (its class says which), ``converged`` what the search said of itself.
    """

    form: str
    quotes: ChainQuotes
    smiles: Smiles
    converged: bool
    rms_pct: float
    by_delta: tuple[DeltaError, ...]
    by_expiry: tuple[ExpiryError, ...]
    arbitrage: Arbitrage

    def vols(self, expiry: int, strike: Floats, *, am: bool | None = None) -> Floats:
        """Fitted vols at strikes (n,) of an expiry of the fit (a day); ``am`` tells AM and PM series of one day apart."""
        for position, one in enumerate(self.quotes.expiries):
            if one.expiry == expiry and am in (None, one.am):
                return self.smiles.vols(position, np.log(np.asarray(strike, dtype=np.float64) / one.parity.forward))
        raise KeyError(f"{iso(expiry)} is no expiry of this fit")


def finished(form: str, quotes: ChainQuotes, smiles: Smiles, *, converged: bool, calendar: bool = True) -> ChainFit:
    """A fit with its diagnostics."""
    by_expiry = tuple(_expiry_error(one, smiles.vols(i, one.log_money)) for i, one in enumerate(quotes.expiries))
    return ChainFit(
        form=form,
        quotes=quotes,
        smiles=smiles,
        converged=converged,
        rms_pct=math.sqrt(sum(one.rms_pct**2 for one in by_expiry) / len(by_expiry)),
        by_delta=_delta_errors(quotes, smiles),
        by_expiry=by_expiry,
        arbitrage=arbitrage_of(quotes, smiles, calendar=calendar),
    )


def _expiry_error(one: ExpiryQuotes, model: Floats) -> ExpiryError:
    relative = model / one.vol - 1.0
    inside = np.abs(model - one.vol) <= one.vol_half
    known = np.isfinite(one.vol_half)
    return ExpiryError(
        expiry=one.expiry,
        quotes=one.vol.size,
        rms_pct=100.0 * math.sqrt(float(one.weights() @ relative**2)),
        worst_vol_points=100.0 * float(np.abs(model - one.vol).max()),
        inside_spread=float(inside[known].mean()) if known.any() else math.nan,
    )


def _delta_errors(quotes: ChainQuotes, smiles: Smiles) -> tuple[DeltaError, ...]:
    rows: dict[str, list[tuple[float, float]]] = {}
    names = [f"P{round(100 * d)}" for d in DELTAS] + ["ATM"] + [f"C{round(100 * d)}" for d in reversed(DELTAS)]
    for position, one in enumerate(quotes.expiries):
        model = smiles.vols(position, one.log_money)
        for name in names:
            if name == "ATM":
                market, made = one.atm, float(smiles.vols(position, np.zeros(1))[0])
            else:
                gap = np.where(one.right == (1.0 if name[0] == "C" else -1.0), np.abs(one.delta - int(name[1:]) / 100.0), np.inf)
                i = int(np.argmin(gap))
                if gap[i] > DELTA_SLACK:
                    continue
                market, made = float(one.vol[i]), float(model[i])
            rows.setdefault(name, []).append((100.0 * (made - market), 100.0 * (made / market - 1.0)))
    out = []
    for name in names:
        if name in rows:
            points, relative = np.array(rows[name]).T
            out.append(
                DeltaError(
                    name=name,
                    expiries=points.size,
                    mean_vol_points=float(points.mean()),
                    mean_abs_vol_points=float(np.abs(points).mean()),
                    rms_pct=math.sqrt(float((relative**2).mean())),
                )
            )
    return tuple(out)


def arbitrage_of(quotes: ChainQuotes, smiles: Smiles, *, calendar: bool = True) -> Arbitrage:
    """Durrleman's g of every expiry and the growth of total variance between neighbours, on the dense grid :data:`GRID`."""
    x = np.arange(GRID[0], GRID[1] + 0.5 * GRID[2], GRID[2])
    butterfly, growth = (math.inf, 0, 0.0), (1.0, quotes.expiries[0].expiry, 0.0)
    for position, one in enumerate(quotes.expiries):
        unit = float(smiles.vols(position, np.zeros(1))[0]) * math.sqrt(one.years)

        def variance(k: Floats, position: int = position, years: float = one.years) -> Floats:
            return np.asarray(smiles.vols(position, k) ** 2 * years)

        g = durrleman(variance, x * unit, STEP * unit)
        i = int(np.argmin(g))
        butterfly = min(butterfly, (float(g[i]), one.expiry, float(x[i])))
        if calendar and position + 1 < len(quotes.expiries):
            later = quotes.expiries[position + 1]
            more = smiles.vols(position + 1, x * unit) ** 2 * later.years / variance(x * unit) - 1.0
            i = int(np.argmin(more))
            growth = min(growth, (float(more[i]), one.expiry, float(x[i])))
    if not calendar:
        growth = (math.nan, growth[1], math.nan)
    return Arbitrage(
        butterfly=butterfly[0],
        butterfly_expiry=butterfly[1],
        butterfly_x=butterfly[2],
        calendar=growth[0],
        calendar_expiry=growth[1],
        calendar_x=growth[2],
    )


class Variance(Protocol):
    """Total variance by ln(K/F)."""

    def __call__(self, k: Floats) -> Floats: ...


def durrleman(variance: Variance, k: Floats, step: float) -> Floats:
    """Durrleman's g at ln(K/F) (n,): the density is negative where it is (Durrleman 2005; Gatheral and Jacquier 2014)."""
    below, w, above = variance(k - step), variance(k), variance(k + step)
    first = (above - below) / (2.0 * step)
    second = (above - 2.0 * w + below) / (step * step)
    return np.asarray((1.0 - 0.5 * k * first / w) ** 2 - 0.25 * first**2 * (1.0 / w + 0.25) + 0.5 * second)
