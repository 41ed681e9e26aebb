"""Windows and roll intervals against the calendar: the walk counts what the engine counts, and says what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from tests.helpers.flat_market import flat_market, run_flat

from alvh.core.days import to_day
from alvh.strategy.lint_windows import layer_calendars, window_findings
from alvh.strategy.policy import HedgeLayer, Policy, Roll
from alvh.strategy.policy_file import load_policy

BASE = load_policy("alvh-442").policy
SPAN = (date(2015, 5, 1), date(2016, 6, 30))
"""Before and after VIX weeklies began on 8 October 2015."""
RUN_TO = "2016-09-30"
"""The run goes on beyond the span: near the end of its data an engine sees fewer sessions left than the calendar has."""


def having(**changes: object) -> Policy:
    """The default with every layer changed alike."""
    layers = tuple(replace(layer, **changes) for layer in BASE.hedge.layers)  # type: ignore[arg-type]  # named fields of a test
    return replace(BASE, hedge=replace(BASE.hedge, layers=layers))


def with_front(**changes: object) -> Policy:
    front: HedgeLayer = replace(BASE.hedge.layers[0], **changes)  # type: ignore[arg-type]  # named fields of a test
    return replace(BASE, hedge=replace(BASE.hedge, layers=(front, *BASE.hedge.layers[1:])))


CASES = {
    "default": BASE,
    "from the last roll": having(roll=Roll(kind="every_days", days=14, anchor="last_roll")),
    "sessions before expiry": having(roll=Roll(kind="sessions_before_expiry", sessions=5)),
    "held to settlement": having(roll=Roll(kind="hold_to_settlement")),
    "too long an interval": with_front(roll=Roll(kind="every_days", days=28)),
    "skip": having(when_empty="skip"),
    "next monthly": having(roll_to="next_monthly"),
    "weeklies alike": having(prefer_monthly=False),
    "Monday": replace(BASE, condor=replace(BASE.condor, entry=replace(BASE.condor.entry, weekday=0))),
    "daily entries": replace(BASE, condor=replace(BASE.condor, entry=replace(BASE.condor.entry, kind="daily"))),
    "far windows": having(min_dte=200, max_dte=260, aim_dte=None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_walk_counts_what_a_run_counts(case: str) -> None:
    policy = CASES[case]
    run = run_flat(flat_market(SPAN[0].isoformat(), RUN_TO), policy)
    actions = ("open", "roll", "keep", "none", "close")
    lines = [line for line in run.roll_lines if line.action in actions and line.session <= to_day(SPAN[1])]
    deadlines = Counter(line.layer for line in lines if line.reason.startswith("last trading session"))
    fallbacks = Counter(line.layer for line in lines if line.fallback)
    kept = Counter(line.layer for line in lines if line.action == "keep")
    walked = layer_calendars(policy, *SPAN)
    assert [each.sessions for each in walked] == [int((run.sessions <= to_day(SPAN[1])).sum())] * 3
    for k, each in enumerate(walked):
        assert each.rolls == sum(line.layer == k for line in lines), case
        assert (each.empty, each.deadline) == (fallbacks[k], deadlines[k]), case
        assert each.repeated == kept[k], case


def test_a_window_before_the_weeklies_is_empty_in_most_weeks() -> None:
    found = {finding.key: finding for finding in window_findings(BASE, date(2014, 1, 2), date(2015, 9, 30))}
    front = found["hedge.layer.front.min_dte"]
    assert (front.code, front.severity) == ("window-empty", "warning")
    assert front.numbers["empty_share_pct"] > 60.0
    assert front.numbers["rolls"] == 92 and "the nearest outside stands in" in front.text
    # One Wednesday a month lies 9-16 days before the monthly: 21 of the 92.
    assert front.numbers["rolls"] - front.numbers["empty_rolls"] == 21
    assert window_findings(BASE, date(2016, 1, 4), date(2018, 12, 31)) == []


def test_a_window_beyond_what_is_listed_is_an_error() -> None:
    far = with_front(min_dte=500, max_dte=600, when_empty="skip")
    (found,) = window_findings(far, date(2016, 1, 4), date(2016, 12, 30))
    assert (found.code, found.severity, found.key) == ("window-empty", "error", "hedge.layer.front.min_dte")
    assert found.numbers["empty_rolls"] == found.numbers["rolls"] == found.numbers["unopened_rolls"]
    assert "nothing is opened" in found.text


def test_an_interval_beyond_the_window_rolls_on_the_last_day() -> None:
    found = window_findings(CASES["too long an interval"], date(2016, 1, 4), date(2016, 12, 30))
    assert [(finding.code, finding.severity, finding.key) for finding in found] == [
        ("roll-gap", "warning", "hedge.layer.front.roll.days")
    ]
    assert found[0].numbers["deadline_share_pct"] > 40.0
    later = replace(CASES["too long an interval"], timing=replace(BASE.timing, fill_at="next_close"))
    assert [finding.code for finding in window_findings(later, date(2016, 1, 4), date(2016, 12, 30))] == ["roll-gap"]


def test_a_roll_that_is_due_at_once_says_so() -> None:
    policy = with_front(min_dte=60, max_dte=100, roll=Roll(kind="sessions_before_expiry", sessions=70))
    (found,) = window_findings(policy, date(2016, 2, 1), date(2016, 5, 31))
    assert (found.code, found.severity, found.key) == ("roll-repeat", "info", "hedge.layer.front.roll.kind")
    assert "the quantity alone is traded" in found.text


def test_a_trigger_layer_reaches_its_deadline_by_design() -> None:
    policy = with_front(roll=Roll(kind="on_trigger"))
    (front, *_) = layer_calendars(policy, date(2016, 1, 4), date(2016, 12, 30))
    assert front.deadline == front.rolls - 1  # all but the first opening
    assert window_findings(policy, date(2016, 1, 4), date(2016, 12, 30)) == []


def test_other_instruments_have_their_own_expiries() -> None:
    """VX futures are monthly contracts, and SPX puts expire on most days."""
    futures = layer_calendars(with_front(instrument="vx_futures"), date(2016, 1, 4), date(2016, 12, 30))[0]
    puts = layer_calendars(with_front(instrument="spx_put_spreads"), date(2016, 1, 4), date(2016, 12, 30))[0]
    assert futures.empty > 30
    assert puts.empty == 0


def test_no_hedge_has_no_windows() -> None:
    assert window_findings(load_policy("no-hedge").policy, *SPAN) == []
