"""Derive the polynomial tables of ``alvh/kernels/_vector.py`` with 50-digit arithmetic and say how good they are.

Run ``python tests/reference/fit_coefficients.py`` to print the tables as they stand in the kernels and their errors. Method:
Chebyshev interpolation on the reduced range of each function (:func:`mpmath.chebyfit`), rounded to double precision coefficient
by coefficient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

mp.mp.dps = 50

# erfcx(x) = t P(t - 1/2) with t = C / (x + C): the map and this C are those of Shepherd and Laframboise (1981), "Chebyshev
# approximation of (1 + 2x) exp(x^2) erfc x", who found C near 3.75; 3.97886080735226 gave the smallest error at 23 terms.
ERFCX_MAP = mp.mpf("3.97886080735226")
LOG_REACH = mp.mpf("0.04")  # ((1.5 - 1) / (1.5 + 1)) ** 2: the binary scaling leaves a ratio within [2/3, 3/2]


def erfcx(x: Any) -> Any:
    """``exp(x^2) erfc(x)`` for x >= 0; beyond 200 by 30 terms of the asymptotic series (Abramowitz and Stegun 7.1.23)."""
    x = mp.mpf(x)
    if x <= 200:
        return mp.exp(x * x) * mp.erfc(x)
    total, term = mp.mpf(0), mp.mpf(1)
    for k in range(30):
        total += term
        term *= -(2 * k + 1) / (2 * x * x)
    return total / (x * mp.sqrt(mp.pi))


def _erfcx_over_t(u: Any) -> Any:
    t = u + mp.mpf(1) / 2
    if t < mp.mpf(10) ** -40:
        return 1 / (mp.sqrt(mp.pi) * ERFCX_MAP)
    return erfcx(ERFCX_MAP / t - ERFCX_MAP) / t


def _atanh_tail(z: Any) -> Any:
    """``(atanh(f) / f - 1) / z`` with z = f^2."""
    if z < mp.mpf(10) ** -20:
        return mp.mpf(1) / 3 + z / 5
    root = mp.sqrt(z)
    return (mp.atanh(root) / root - 1) / z


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One polynomial: its target, range and number of terms."""

    name: str
    target: Callable[[Any], Any]
    low: Any
    high: Any
    terms: int

    def coefficients(self) -> tuple[float, ...]:
        """Doubles in ascending powers."""
        found = mp.chebyfit(self.target, [self.low, self.high], self.terms)
        return tuple(float(c) for c in reversed(found))

    def error(self, coefficients: Sequence[float], points: int = 400) -> float:
        """Largest relative error of the rounded polynomial, itself evaluated exactly."""
        worst = mp.mpf(0)
        table = [mp.mpf(c) for c in reversed(coefficients)]
        for i in range(points + 1):
            x = self.low + (self.high - self.low) * i / points
            exact = self.target(x)
            worst = max(worst, abs(mp.polyval(table, x) / exact - 1))
        return float(worst)


FITS = (
    Fit(name="EXP", target=mp.exp, low=-mp.log(2) / 2, high=mp.log(2) / 2, terms=12),
    Fit(name="LOG", target=_atanh_tail, low=mp.mpf(0), high=LOG_REACH, terms=8),
    Fit(name="ERFCX", target=_erfcx_over_t, low=-mp.mpf(1) / 2, high=mp.mpf(1) / 2, terms=23),
)


# q = ln(1 + SCALE / c): this scale gave the smallest error of 40 tried between 0.3 and 8.
BACHELIER_SCALE = 0.9750063996899181


def bachelier_points(scale: float = BACHELIER_SCALE, points: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """(q, h) where c = n(h)/h - N(-h) is the Bachelier time value over |F - K|, for h from 1e-7 to 38."""
    q, grid = [], np.geomspace(1e-7, 38.0, points)
    for h in grid:
        x = mp.mpf(float(h))
        c = mp.npdf(x) / x - mp.erfc(x / mp.sqrt(2)) / 2
        q.append(float(mp.log1p(scale / c)))
    return np.array(q), grid


def fit_bachelier(numerator: int = 3, denominator: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """P and Q (ascending, Q[0] = 1) with h^2 / q^2 = P(q) / Q(q): Loeb's reweighted linear least squares."""
    q, h = bachelier_points()
    target = (h / q) ** 2
    weight = np.ones_like(q)
    solution = np.zeros(numerator + denominator + 1)
    for _ in range(40):
        columns = [q**k for k in range(numerator + 1)] + [-target * q**k for k in range(1, denominator + 1)]
        matrix = np.stack(columns, axis=1) * (weight / target)[:, None]
        scale = np.abs(matrix).max(axis=0)
        solution = np.linalg.lstsq(matrix / scale, weight, rcond=None)[0] / scale
        weight = 1.0 / np.abs(1.0 + sum(solution[numerator + k] * q**k for k in range(1, denominator + 1)))
    return solution[: numerator + 1], np.concatenate([[1.0], solution[numerator + 1 :]])


def bachelier_error(p: Sequence[float], q_terms: Sequence[float]) -> float:
    """Largest relative error of h over the fitted range."""
    q, h = bachelier_points(points=997)
    found = q * np.sqrt(np.polyval(list(reversed(p)), q) / np.polyval(list(reversed(q_terms)), q))
    return float(np.abs(found / h - 1.0).max())


def main() -> None:
    for fit in FITS:
        table = fit.coefficients()
        print(f"{fit.name}_TERMS = (")
        for value in table:
            print(f"    {value!r},")
        print(f")  # relative error {fit.error(table):.1e}")
    p, q = fit_bachelier()
    print(f"SCALE = {BACHELIER_SCALE!r}\nP = {p.tolist()}\nQ = {q.tolist()}  # relative error {bachelier_error(p, q):.1e}")


if __name__ == "__main__":
    main()
