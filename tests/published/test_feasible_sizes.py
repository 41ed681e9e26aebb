"""C28 under the stated inputs of methods.md 8.2: where coverage, cost and capital hold together, as the section says it.

"'40-60 % coverage AND 0.35-0.65 %/month' <=> A3 with ~20-delta (or A2 with ~10-12-delta at 0.20-0.35 %)".
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from tests.helpers import ladder as table
from tests.helpers import stated_market as stated

from alvh.market.history import Floats
from alvh.market.market import Legs
from alvh.market.scenarios import Response, Scenarios
from alvh.risk.betas import TenorBetas
from alvh.risk.feasible import NOTIONALS, FeasibleSet, SizeFigures, feasible_sets, size_figures, spans
from alvh.risk.size_inputs import size_inputs

DELTAS = np.array([0.10, 0.12, 0.15, 0.20, 0.30, 0.50, 0.70, 0.90])


class Still(stated.StatedSnapshot):
    """The stated close; the stress plays no part in C28."""

    def reprice(self, legs: Legs, scenarios: Scenarios, response: Response) -> Floats:
        return np.zeros((len(scenarios), len(legs.series)))


@lru_cache(maxsize=8)
def figures(vix: int, wing: float | None) -> dict[str, tuple[SizeFigures, ...]]:
    base = stated.published_market(vix)
    close = Still(series=base.series, spx=base.spx, vix=base.vix, rate=base.rate, forward=base.forward, vol=base.vol)
    betas = TenorBetas.stated([30.0, 60.0, 90.0], list(table.BETAS), label="methods.md 8.2")
    found = []
    for delta in DELTAS.tolist():
        book = stated.published_book(
            stated.published_strikes(close, delta, chosen="published"), table.condor_strikes(vix, wing, "published"), condors=1.0
        )
        hedge = np.array([name == "hedge" for name in book.sleeve])
        found.append(size_inputs(close, base.series, book.rows(~hedge), book.rows(hedge), betas))
    return {name: tuple(size_figures(each, name) for each in found) for name in NOTIONALS}


def sets(vix: int, notional: str, wing: float | None = None) -> dict[str, FeasibleSet]:
    made = feasible_sets(DELTAS, figures(vix, wing)[notional])
    return {each.coverage_reading: each for each in made}


@pytest.mark.parametrize("vix", [15, 20, 30])
def test_the_short_leg_reading_holds_with_20_delta(vix: int) -> None:
    found = sets(vix, "index_notional")["short_adjusted"]
    assert found.coverage_and_cost[3]
    assert not found.all_hold.any()


@pytest.mark.parametrize("vix", [15, 20, 30])
def test_the_net_reading_is_covered_by_10_to_12_delta_at_less_cost(vix: int) -> None:
    found = sets(vix, "index_notional")["net_adjusted"]
    assert found.coverage[:2].all() and not found.coverage[2:].any()
    for each in figures(vix, None)["index_notional"][:2]:
        assert 0.0020 <= each.cost <= 0.0042


@pytest.mark.parametrize("vix", [15, 20, 30])
@pytest.mark.parametrize("wing", [None, 50.0])
def test_all_four_hold_with_no_call_out_of_the_money(vix: int, wing: float | None) -> None:
    for notional in NOTIONALS:
        for found in sets(vix, notional, wing).values():
            assert not found.all_hold[DELTAS < 0.5].any()


def test_the_figures_are_the_published_ones_at_20_delta() -> None:
    """Table A: 52 % short legs, .52 % a month, premium $877 per $100k; table B: 6.6 % net."""
    index, risk = (figures(20, None)[name][3] for name in ("index_notional", "risk_capital"))
    assert index.coverage[3] == pytest.approx(0.52, abs=0.005)
    assert index.cost == pytest.approx(0.0052, abs=0.00005)
    assert index.capital == pytest.approx(0.00877, abs=0.00001)
    assert risk.coverage[1] == pytest.approx(0.066, abs=0.0005)


def test_spans_name_runs() -> None:
    holds = np.array([True, True, False, True, False, False, True, True])
    assert spans(DELTAS, holds) == "0.10-0.12, 0.20, 0.70-0.90"
    assert spans(DELTAS, np.zeros(8, dtype=bool)) == "none"


def test_a_missing_base_meets_nothing() -> None:
    gone = SizeFigures(notional="risk_capital", coverage=(np.nan,) * 4, cost=np.nan, capital=np.nan)
    for found in feasible_sets(DELTAS[:1], [gone]):
        assert not (found.coverage | found.cost | found.capital).any()
