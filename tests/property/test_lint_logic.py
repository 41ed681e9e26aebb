"""The lint's logic of conditions against trying values: by dense grids, and on signals computed from random histories."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.history import make_history

from alvh.market.signals import EXAMPLES, FAMILIES, compute_signals
from alvh.strategy.conditions import All, AnyOf, Compare, Condition, Not
from alvh.strategy.lint_domains import ANY, COUNT, EVENT, PERCENT, Domain, domain_of, relations
from alvh.strategy.lint_logic import alternatives, can_fail, can_hold, comparisons, implies

GRID = {
    "vix_rsi_14": np.round(np.arange(0.0, 100.01, 2.5), 2),
    "vix_macd_cross_up": np.array([0.0, 1.0]),
    "sessions_to_fomc": np.arange(0.0, 121.0),
}
"""Every value that matters to thresholds that are multiples of 5: ends, thresholds, and points between."""


def compares() -> st.SearchStrategy[Condition]:
    def make(name: str, above: int | None, below: int | None) -> Condition:
        if above is None and below is None:
            above = 50
        return Compare(
            signal=name,
            above=None if above is None else float(above),
            below=None if below is None else float(below),
        )

    bound = st.one_of(st.none(), st.integers(-2, 22).map(lambda value: 5 * value))
    return st.builds(make, st.sampled_from(sorted(GRID)), bound, bound)


def conditions() -> st.SearchStrategy[Condition]:
    def several(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        lists = st.lists(parts, min_size=1, max_size=3).map(tuple)
        return st.one_of(
            lists.map(lambda chosen: All(parts=chosen)),
            lists.map(lambda chosen: AnyOf(parts=chosen)),
            parts.map(lambda part: Not(part=part)),
        )

    return st.recursive(compares(), several, max_leaves=5)


def tried(condition: Condition) -> list[bool]:
    """Truth at every point of the grid of the condition's signals, by the condition's own ``holds``."""
    names = list(dict.fromkeys(condition.signals()))
    points = np.array(list(itertools.product(*(GRID[name] for name in names))))
    columns = {name: points[:, column] for column, name in enumerate(names)}
    return condition.holds(lambda name: columns[name]).tolist()


@settings(max_examples=300, deadline=None)
@given(conditions())
def test_what_can_hold_and_fail_is_what_the_grid_shows(condition: Condition) -> None:
    seen = tried(condition)
    assert can_hold(condition) is any(seen)
    assert can_fail(condition) is (not all(seen))


@settings(max_examples=150, deadline=None)
@given(conditions(), conditions())
def test_what_follows_is_what_the_grid_shows(one: Condition, other: Condition) -> None:
    assert implies(one, other) is not any(tried(All(parts=(one, Not(part=other)))))


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        (Compare(signal="vix_rsi_14", above=100.0), False, True),
        (Compare(signal="vix_rsi_14", above=99.9), True, True),
        (Compare(signal="vix_rsi_14", below=0.0), False, True),
        (Compare(signal="vix_rsi_14", above=-1.0), True, False),
        (Compare(signal="vix", below=0.0), False, True),
        (Compare(signal="vix", above=0.0), True, False),
        (Compare(signal="vix_zscore_20", above=4.2486), False, True),
        (Compare(signal="vix_zscore_20", above=4.2484), True, True),
        (Compare(signal="vix_to_mean_20", above=20.0), False, True),
        (Compare(signal="spx_return_20_pct", below=-100.0), False, True),
        (Compare(signal="vix_macd_cross_up", above=1.0), False, True),
        (Compare(signal="sessions_to_fomc", above=2.0, below=3.0), False, True),
        (Compare(signal="sessions_to_fomc", above=1.5, below=2.5), True, True),
        (Compare(signal="vix_macd_histogram", above=1e8), True, True),
    ],
)
def test_bounds_of_single_signals(condition: Condition, holds: bool, fails: bool) -> None:
    assert (can_hold(condition), can_fail(condition)) == (holds, fails)


def test_what_names_say_about_each_other() -> None:
    crossed, rsi = Compare(signal="vix_rsi_14_cross_70", above=0.5), Compare(signal="vix_rsi_14", below=70.0)
    assert can_hold(All(parts=(crossed, rsi))) is False
    assert can_hold(All(parts=(Compare(signal="vix_rsi_14_cross_70", above=0.5), Compare(signal="vix_rsi_14", below=80.0))))
    assert can_hold(All(parts=(crossed, Compare(signal="vix_rsi_10", below=70.0))))  # another period says nothing
    down = All(parts=(Compare(signal="vix_macd_cross_down", above=0.5), Compare(signal="vix_macd_histogram", above=0.1)))
    assert can_hold(down) is False
    states = All(parts=(Compare(signal="press_calm", above=0.5), Compare(signal="press_press", above=0.5)))
    assert can_hold(states) is False
    assert can_hold(AnyOf(parts=states.parts))


def test_a_condition_beyond_any_reader_is_left_open() -> None:
    """Seven pigeons and six holes can't be shown in the trials allowed: no answer is given, and no rule is accused."""

    def sits(pigeon: int, hole: int) -> Condition:
        return Compare(signal=f"topping_p{pigeon}h{hole}", above=0.5)

    seated = [AnyOf(parts=tuple(sits(pigeon, hole) for hole in range(6))) for pigeon in range(7)]
    alone = [
        Not(part=All(parts=(sits(one, hole), sits(two, hole))))
        for hole in range(6)
        for one, two in itertools.combinations(range(7), 2)
    ]
    impossible = All(parts=(*seated, *alone))
    assert can_hold(impossible) is None
    assert implies(impossible, Compare(signal="vix", above=1e9)) is False
    assert can_hold(All(parts=(*seated[:6], *alone))) is True


def test_parts_are_found_by_their_keys() -> None:
    one, two = Compare(signal="vix", above=1.0), Compare(signal="spx", above=2.0)
    whole = All(parts=(AnyOf(parts=(one, All(parts=(two, AnyOf(parts=(one,)))))), two))
    assert [path for path, _ in alternatives(whole, "when")] == [
        "when.all[1].any[1]",
        "when.all[1].any[2]",
        "when.all[1].any[2].all[2].any[1]",
    ]
    assert [part.signal for part in comparisons(Not(part=whole))] == ["vix", "spx", "vix", "spx"]


@pytest.mark.parametrize("domain", [ANY, COUNT, EVENT, PERCENT, Domain(low=0.0, high=20.0), Domain(low=-1.0, high=2.0)])
@given(st.lists(st.floats(-50.0, 150.0).map(lambda value: round(value, 1)), max_size=5), st.data())
@settings(max_examples=60, deadline=None)
def test_one_point_stands_for_every_stretch(domain: Domain, thresholds: list[float], data: st.DataObject) -> None:
    """Any value that the domain holds compares with every threshold as one of the points does."""
    points = domain.points(thresholds)
    assert all(domain.holds(point) for point in points)
    low = domain.low if math.isfinite(domain.low) else -300.0
    high = domain.high if math.isfinite(domain.high) else 300.0
    value = data.draw(st.floats(low, high))
    if domain.kind != "real":
        value = float(round(value))
    if not domain.holds(value):
        return
    pattern = [(value > each, value < each) for each in thresholds]
    assert pattern in [[(point > each, point < each) for each in thresholds] for point in points]


@pytest.mark.parametrize("seed", range(4))
def test_computed_signals_lie_in_their_domains(seed: int) -> None:
    """Every family's examples on random histories, calm and with a shock; what names say of each other holds there too."""
    history = make_history(700, seed=seed, stress=seed % 2 == 1)
    names = tuple(dict.fromkeys((*EXAMPLES, "vix_zscore_2", "vix_to_mean_2", "vix_zscore_3")))
    values = dict(zip(names, compute_signals(history, names), strict=True))
    for name, found in values.items():
        domain = domain_of(name)
        known = found[np.isfinite(found)]
        assert all(domain.holds(value) for value in known.tolist()), (name, domain.text(), known.min(), known.max())
    for relation in relations(names):
        read = {name: values[name] for name in relation.signals()}
        known = np.all([np.isfinite(found) for found in read.values()], axis=0)
        assert bool(relation.holds(lambda name, read=read: read[name])[known].all()), relation.phrase()


def test_the_largest_zscore_is_reached() -> None:
    """One value against n - 1 equal ones: (n - 1) / sqrt(n), the bound itself."""
    for count in (2, 3, 20, 252):
        values = np.r_[np.full(count - 1, 10.0), 30.0]
        score = (values[-1] - values.mean()) / values.std(ddof=1)
        assert domain_of(f"vix_zscore_{count}").high == pytest.approx(score, rel=1e-9)
        assert domain_of(f"vix_zscore_{count}").holds(score)


def test_every_event_family_is_an_event() -> None:
    for family in FAMILIES:
        for name in family.examples:
            assert (domain_of(name) == EVENT) == (family.unit in ("event", "1 or 0")), name
