"""Which published sizes hold together (claim C28): 4/4/2 per $100,000, 40-60 % coverage, .35-.65 % a month, 4-8 % of notional.

Each of the four was published for the same hedge. Strikes are walked, and for every reading of notional and of coverage the
strikes that meet each condition are found, and those that meet all. ``docs/explanation/feasible-sizes.md`` has the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alvh.market.history import Floats
from alvh.risk.coverage import PER_USD
from alvh.risk.size import read_size
from alvh.risk.size_inputs import SizeInputs

Bools = NDArray[np.bool_]
Notional = Literal["index_notional", "risk_capital", "per_condor"]
NOTIONALS: tuple[Notional, ...] = ("index_notional", "risk_capital", "per_condor")
COVERAGES = ("net_naive", "net_adjusted", "short_naive", "short_adjusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The published bands, fractions: coverage (R50), cost a month (R51) and capital (R52) of the notional."""

    coverage: tuple[float, float] = (0.40, 0.60)
    cost: tuple[float, float] = (0.0035, 0.0065)
    capital: tuple[float, float] = (0.04, 0.08)


PUBLISHED_BANDS = Published()


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFigures:
    """One 4/4/2 (per $100,000 or per condor lot) in fractions: the four coverages, cost a month and premium of the notional.

    ``per_condor`` has its cost and premium on index notional. NaN where the base is missing.
    """

    notional: Notional
    coverage: tuple[float, float, float, float]
    cost: float
    capital: float


def size_figures(inputs: SizeInputs, notional: Notional) -> SizeFigures:
    """The figures of the published size under one reading of notional, contracts not rounded."""
    base = inputs.base
    risk = base.risk_capital_usd
    amount = {"index_notional": base.index_usd, "risk_capital": np.nan if risk is None else risk, "per_condor": base.index_usd}
    ladders = base.lots if notional == "per_condor" else amount[notional] / PER_USD
    found = read_size(inputs, inputs.ratio * ladders)
    cover = (
        found.coverage_net_naive, found.coverage_net_adjusted, found.coverage_short_naive, found.coverage_short_adjusted,
    )  # fmt: skip
    a, b, c, d = (float("nan") if value is None else value for value in cover)
    return SizeFigures(
        notional=notional,
        coverage=(a, b, c, d),
        cost=found.decay_usd / amount[notional] if amount[notional] > 0.0 else float("nan"),
        capital=found.premium_usd / amount[notional] if amount[notional] > 0.0 else float("nan"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeasibleSet:
    """What holds where, (deltas,) each: ``coverage`` under one reading, ``cost``, ``capital``, and combinations of them."""

    notional: Notional
    coverage_reading: str
    deltas: Floats
    coverage: Bools
    cost: Bools
    capital: Bools

    @property
    def coverage_and_cost(self) -> Bools:
        """Both of what the method prices itself by."""
        return np.asarray(self.coverage & self.cost)

    @property
    def all_hold(self) -> Bools:
        """Coverage, cost and capital together with the 4/4/2 that all of them are computed on."""
        return np.asarray(self.coverage & self.cost & self.capital)


def feasible_sets(
    deltas: Floats, figures: Sequence[SizeFigures], *, bands: Published = PUBLISHED_BANDS
) -> tuple[FeasibleSet, ...]:
    """One set a reading of coverage; ``figures`` are of one reading of notional, one a delta. NaN meets nothing."""
    cost, capital = np.array([each.cost for each in figures]), np.array([each.capital for each in figures])
    made = []
    for k, name in enumerate(COVERAGES):
        cover = np.array([each.coverage[k] for each in figures])
        made.append(
            FeasibleSet(
                notional=figures[0].notional,
                coverage_reading=name,
                deltas=deltas,
                coverage=_inside(cover, bands.coverage),
                cost=_inside(cost, bands.cost),
                capital=_inside(capital, bands.capital),
            )
        )
    return tuple(made)


def _inside(values: Floats, band: tuple[float, float]) -> Bools:
    return np.asarray((values >= band[0]) & (values <= band[1]))


def spans(deltas: Floats, holds: Bools) -> str:
    """Runs of neighbouring deltas at which something holds, as ``.10-.25``; ``none`` where it holds nowhere."""
    found, start = [], -1
    for k in range(len(deltas) + 1):
        inside = k < len(deltas) and bool(holds[k])
        if inside and start < 0:
            start = k
        elif not inside and start >= 0:
            low, high = deltas[start], deltas[k - 1]
            found.append(f"{low:.2f}" if start == k - 1 else f"{low:.2f}-{high:.2f}")
            start = -1
    return ", ".join(found) if found else "none"
