"""Derive the polynomial tables of ``alvh/kernels/_vector.py`` with 50-digit arithmetic and say how good they are.

Run ``python tests/reference/fit_coefficients.py`` to print the tables as they stand in the kernels and their errors. Method: Chebyshev
interpolation on the reduced range of each function (:func:`mpmath.chebyfit`), rounded to double precision coefficient by coefficient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp

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


def main() -> None:
    for fit in FITS:
        table = fit.coefficients()
        print(f"{fit.name}_TERMS = (")
        for value in table:
            print(f"    {value!r},")
        print(f")  # relative error {fit.error(table):.1e}")


if __name__ == "__main__":
    main()
