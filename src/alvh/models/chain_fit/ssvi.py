"""SSVI and eSSVI fitted to a chain within the conditions that rule arbitrage out (methods.md 5.1).

w(k) = theta/2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)), k = ln(K/F). Both searches run over variables that map onto
the admissible set, so that no step leaves it (Gatheral and Jacquier 2014; Hendriks and Martini 2019; Mingone 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from alvh.market.chain import QuotedChain
from alvh.market.history import Floats
from alvh.models.chain_fit.quotes import ChainQuotes, ExpiryQuotes, chain_quotes, require_expiries
from alvh.models.chain_fit.results import ChainFit, finished
from alvh.models.chain_fit.search import least_squares

MARGIN = 1e-6
"""Relative distance kept from a bound, so that rounding cannot cross it."""
LEAST_STEP = 1e-10
"""Least growth of at-the-money total variance from one expiry to the next: far below a vol point at any term."""
STEEPEST = 0.999
"""Largest |rho|."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssvi:
    """One rho and phi(theta) = eta theta^-gamma (1 + theta)^(gamma - 1) for all expiries; ``theta`` and ``years`` (expiries,).

    Free of arbitrage: 0 < gamma <= 1/2, eta (1 + |rho|) <= 2, theta rising.
    """

    rho: float
    eta: float
    gamma: float
    theta: Floats
    years: Floats

    def vols(self, position: int, log_money: Floats) -> Floats:
        theta = float(self.theta[position])
        phi = power_law(theta, self.eta, self.gamma)
        return np.asarray(np.sqrt(ssvi_variance(log_money, theta, self.rho, theta * phi) / self.years[position]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Essvi:
    """theta, rho and psi = theta phi of each expiry (expiries,).

    Free of butterfly arbitrage: psi (1 + |rho|) < 4, psi^2 (1 + |rho|) <= 4 theta; of calendar arbitrage from slice to slice:
    theta rising, psi2 >= psi1 max((1 + rho1)/(1 + rho2), (1 - rho1)/(1 - rho2)), psi2/theta2 <= psi1/theta1.
    """

    theta: Floats
    rho: Floats
    psi: Floats
    years: Floats

    def vols(self, position: int, log_money: Floats) -> Floats:
        theta, rho, psi = (float(values[position]) for values in (self.theta, self.rho, self.psi))
        return np.asarray(np.sqrt(ssvi_variance(log_money, theta, rho, psi) / self.years[position]))


def ssvi_variance(k: Floats, theta: float, rho: float, psi: float) -> Floats:
    """Total variance of one slice at ln(K/F) (n,)."""
    z = psi / theta * np.asarray(k, dtype=np.float64)
    return np.asarray(0.5 * theta * (1.0 + rho * z + np.sqrt((z + rho) ** 2 + 1.0 - rho * rho)))


def power_law(theta: float, eta: float, gamma: float) -> float:
    """phi(theta)."""
    return float(eta * theta**-gamma * (1.0 + theta) ** (gamma - 1.0))


def fit_ssvi(chain: QuotedChain | ChainQuotes) -> ChainFit:
    """SSVI of a chain: three coefficients and one at-the-money variance an expiry, two expiries at least.

    Minimises the relative vol error, every expiry and every stretch of moneyness of equal weight. Errors as
    :func:`~alvh.models.chain_fit.quotes.chain_quotes`.
    """
    quotes = chain if isinstance(chain, ChainQuotes) else chain_quotes(chain)
    require_expiries(quotes, 2, "SSVI")
    years = np.array([one.years for one in quotes.expiries])
    theta = _rising(np.array([one.atm**2 * one.years for one in quotes.expiries]))

    def unpack(v: Floats) -> Ssvi:
        rho = STEEPEST * math.tanh(v[0])
        eta = 2.0 * (1.0 - MARGIN) / (1.0 + abs(rho)) * _between(v[1])
        gamma = 0.5 * _between(v[2])
        return Ssvi(rho=rho, eta=eta, gamma=gamma, theta=np.cumsum(np.exp(v[3:])), years=years)

    def residuals(v: Floats) -> Floats:
        return _residuals(quotes, unpack(v))

    steps = np.log(np.diff(theta, prepend=0.0))
    # The sign of the skew must be right from the start: between the two lies a ridge.
    lean = sum(float(np.polyfit(one.log_money, one.vol, 1, w=np.sqrt(one.weights()))[0]) for one in quotes.expiries)
    start = np.concatenate([[math.atanh(math.copysign(0.7, lean) / STEEPEST), 0.0, _place(0.9)], steps])
    found, converged = least_squares(residuals, [start])
    return finished("SSVI", quotes, unpack(found), converged=converged)


def fit_essvi(chain: QuotedChain | ChainQuotes) -> ChainFit:
    """eSSVI of a chain: three coefficients an expiry, fitted from the shortest on, each within what the one before allows."""
    quotes = chain if isinstance(chain, ChainQuotes) else chain_quotes(chain)
    slices: list[tuple[float, float, float]] = []
    converged = True
    for one in quotes.expiries:
        found, good = _slice(one, slices[-1] if slices else None)
        slices.append(found)
        converged &= good
    theta, rho, psi = np.array(slices).T
    years = np.array([one.years for one in quotes.expiries])
    return finished("eSSVI", quotes, Essvi(theta=theta, rho=rho, psi=psi, years=years), converged=converged)


def _slice(one: ExpiryQuotes, before: tuple[float, float, float] | None) -> tuple[tuple[float, float, float], bool]:
    weight = np.sqrt(one.weights())

    def unpack(v: Floats) -> tuple[float, float, float]:
        return admissible_slice(float(v[0]), float(v[1]), float(v[2]), before)

    def residuals(v: Floats) -> Floats:
        theta, rho, psi = unpack(v)
        return weight * (np.sqrt(ssvi_variance(one.log_money, theta, rho, psi) / one.years) / one.vol - 1.0)

    level = one.atm**2 * one.years
    room = max(level - (before[0] if before else 0.0), 1e-3 * level)
    starts = [np.array([math.log(room), math.atanh(rho / STEEPEST), share]) for rho in (-0.8, -0.4, 0.3) for share in (0.0, 2.0)]
    found, converged = least_squares(residuals, starts)
    return unpack(found), converged


def admissible_slice(
    growth: float, lean: float, share: float, before: tuple[float, float, float] | None
) -> tuple[float, float, float]:
    """(theta, rho, psi) of a slice after ``before`` for any three real numbers: never outside the conditions of :class:`Essvi`.

    ``growth`` is the log of what theta adds beyond the least that leaves psi room, ``lean`` sets rho, ``share`` where psi
    lies between its bounds. A rho that the slice before cannot reach is drawn back to one it can.
    """
    rho = STEEPEST * math.tanh(lean)
    if before is None:
        theta = math.exp(growth)
        return theta, rho, _most_psi(theta, rho) * _between(share)
    theta1, rho1, psi1 = before
    # psi2 must reach psi1 * max(...) and stay under 4 / (1 + |rho|): that bounds rho. Halving towards rho1 always ends.
    for _ in range(60):
        floor = psi1 * max((1.0 + rho1) / (1.0 + rho), (1.0 - rho1) / (1.0 - rho)) * (1.0 + MARGIN)
        if floor < 4.0 * (1.0 - MARGIN) / (1.0 + abs(rho)):
            break
        rho = 0.5 * (rho + rho1)
    steep = 1.0 + abs(rho)
    theta = max(theta1 * floor / psi1, 0.25 * floor * floor * steep, theta1 + LEAST_STEP) * (1.0 + MARGIN) + math.exp(growth)
    ceiling = min(_most_psi(theta, rho), psi1 / theta1 * theta * (1.0 - 0.1 * MARGIN))
    return theta, rho, floor + max(ceiling - floor, 0.0) * _between(share)


def _most_psi(theta: float, rho: float) -> float:
    steep = 1.0 + abs(rho)
    return min(4.0 / steep, 2.0 * math.sqrt(theta / steep)) * (1.0 - MARGIN)


def _residuals(quotes: ChainQuotes, smiles: Ssvi) -> Floats:
    parts = [np.sqrt(one.weights()) * (smiles.vols(i, one.log_money) / one.vol - 1.0) for i, one in enumerate(quotes.expiries)]
    return np.concatenate(parts)


def _rising(theta: Floats) -> Floats:
    """A start: never falling, each step at least a thousandth."""
    out = np.maximum.accumulate(theta)
    for i in range(1, out.size):
        out[i] = max(out[i], out[i - 1] * 1.001)
    return out


def _between(value: float) -> float:
    """(0, 1) from the real line."""
    return 0.5 * (1.0 + math.tanh(0.5 * value))


def _place(share: float) -> float:
    return math.log(share / (1.0 - share))
