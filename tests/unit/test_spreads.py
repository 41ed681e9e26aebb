"""Half-spreads recomputed by hand from docs/reference/half-spreads.md, and how a mark and a half-spread become a quote."""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alvh.core.contracts import Root
from alvh.core.days import to_day
from alvh.core.ticks import VIX_TICK_CHANGE, TickRule, tick_rule
from alvh.models.model_market import quoted
from alvh.models.spreads import SpreadCase, half_spread

PENNY_NICKEL = TickRule(threshold=3.0, below=0.01, above=0.05)
NICKEL_DIME = TickRule(threshold=3.0, below=0.05, above=0.10)
PENNY = TickRule(threshold=3.0, below=0.01, above=0.01)


def spx(price: float, vix: float, on: date, case: SpreadCase = "central", tick: float | None = None) -> tuple[float, bool]:
    return half_spread(price, tick or (0.05 if price < 3.0 else 0.10), vix, to_day(on), is_vix=False, weekly=False, case=case)


def vix_option(price: float, vix: float, on: date, *, weekly: bool = False, case: SpreadCase = "central") -> float:
    half, capped = half_spread(price, 0.05, vix, to_day(on), is_vix=True, weekly=weekly, case=case)
    assert not capped
    return half


@pytest.mark.parametrize(
    ("price", "vix", "on", "by_hand"),
    [
        # (0.032 + 0.037 sqrt(price)) x the larger of max(1, VIX/18)^1.6 and the era
        (25.0, 15.0, date(2019, 7, 22), 0.217),
        (9.0, 36.0, date(2020, 9, 4), 0.43350),  # 0.143 x 2^1.6 = 3.031433
        (16.0, 17.0, date(2011, 1, 3), 1.0620),  # 0.18 x 5.9
        (16.0, 17.0, date(2012, 12, 31), 1.0620),
        (16.0, 17.0, date(2013, 1, 2), 0.3060),  # 0.18 x 1.7
        (16.0, 17.0, date(2016, 12, 30), 0.3060),
        (16.0, 17.0, date(2017, 1, 3), 0.18),
        (16.0, 72.0, date(2008, 10, 24), 1.654122),  # stress 4^1.6 = 9.189587 beats 5.9; not their product
        (16.0, 36.0, date(2008, 9, 15), 1.0620),  # the era beats 2^1.6
        (0.64, 12.0, date(2023, 8, 18), 0.0616),
        (0.09, 12.0, date(2023, 8, 18), 0.0431),
    ],
)
def test_spx_by_hand(price: float, vix: float, on: date, by_hand: float) -> None:
    assert spx(price, vix, on) == (pytest.approx(by_hand, rel=1e-4), False)


def test_spx_is_half_a_tick_at_least_and_half_the_mid_at_most() -> None:
    assert spx(25.0, 15.0, date(2019, 7, 22), tick=0.50) == (0.25, False)
    assert spx(0.08, 12.0, date(2023, 8, 18)) == (0.04, True)  # 0.032 + 0.037 x 0.2828 = 0.0425
    assert spx(1.0, 80.0, date(2020, 3, 16)) == (0.5, True)  # 0.069 x 10.88
    assert spx(0.0, 20.0, date(2020, 3, 16)) == (0.0, True)


def test_spx_low_and_high_cases() -> None:
    """The first and last decile of what is quoted: a factor of 1.6 either way; before 2013 era 1.7 unnarrowed."""
    assert spx(16.0, 17.0, date(2011, 1, 3), "low")[0] == pytest.approx(0.18 * 1.7)
    assert spx(16.0, 72.0, date(2008, 10, 24), "low")[0] == pytest.approx(0.18 * 4.0**1.6 / 1.6)
    assert spx(16.0, 17.0, date(2014, 1, 3), "low")[0] == pytest.approx(0.18 * 1.7 / 1.6)
    assert spx(16.0, 17.0, date(2020, 9, 4), "low")[0] == pytest.approx(0.18 / 1.6)
    assert spx(16.0, 36.0, date(2020, 9, 4), "low")[0] == pytest.approx(0.18 * 2.0**1.6 / 1.6)
    assert spx(16.0, 17.0, date(2020, 9, 4), "high")[0] == pytest.approx(0.18 * 1.6)
    assert spx(16.0, 17.0, date(2011, 1, 3), "high")[0] == pytest.approx(0.18 * 5.9 * 1.6)
    assert spx(1.0, 12.0, date(2020, 9, 4), "low", tick=0.10) == (0.05, False)  # 0.069 / 1.6 is less than half a tick
    assert spx(1.0, 60.0, date(2020, 3, 16), "high") == (0.5, True)


@pytest.mark.parametrize(
    ("price", "vix", "on", "weekly", "by_hand"),
    [
        (0.58, 12.51, date(2019, 12, 20), False, 0.050),
        (0.58, 12.51, date(2019, 12, 20), True, 0.2784),  # .48 x .58
        (0.04, 12.51, date(2019, 12, 20), True, 0.025),  # half a nickel at least
        (0.92, 18.0, date(2023, 2, 15), False, 0.02168),  # .018 + .004 x .92
        (0.92, 18.0, date(2023, 2, 15), True, 0.0760),  # .03 + .05 x .92
        (0.92, 36.0, date(2023, 2, 15), False, 0.0657215),  # x 3.031433
        (2.00, 72.0, date(2020, 3, 16), False, 0.459479),  # .05 x 9.189587
        (10.0, 15.0, date(2024, 1, 2), False, 0.058),
    ],
)
def test_vix_by_hand(price: float, vix: float, on: date, weekly: bool, by_hand: float) -> None:
    assert vix_option(price, vix, on, weekly=weekly) == pytest.approx(by_hand, rel=1e-4)


def test_vix_cases_and_the_day_of_the_change() -> None:
    on = date(2020, 3, 16)
    assert vix_option(2.0, 72.0, on, case="low") == 0.05 / 1.6  # the widening is an analogy with SPX, left out here
    assert vix_option(2.0, 72.0, on, case="high") == pytest.approx(0.05 * 1.6 * 4.0**1.6)
    assert vix_option(0.05, 15.0, date(2024, 1, 2), case="low") == pytest.approx(0.0182 / 1.6)
    assert vix_option(0.05, 15.0, on, weekly=True, case="low") == 0.025  # half a tick at least
    for day, half in ((VIX_TICK_CHANGE - 1, 0.05), (VIX_TICK_CHANGE, 0.022)):
        assert half_spread(1.0, 0.05, 15.0, day, is_vix=True, weekly=False)[0] == pytest.approx(half)


@pytest.mark.parametrize(
    ("mid", "half", "rule", "bid", "ask"),
    [
        (0.92, 0.0217, PENNY_NICKEL, 0.90, 0.94),
        (1.234, 0.05, NICKEL_DIME, 1.20, 1.30),
        (1.225, 0.05, NICKEL_DIME, 1.20, 1.30),  # ties up: 1.175 and 1.275
        (0.03, 0.05, NICKEL_DIME, 0.00, 0.10),  # no bid below zero
        (0.02, 0.005, PENNY, 0.02, 0.03),  # 0.015 and 0.025
        (0.021, 0.001, PENNY, 0.02, 0.03),  # both round to 0.02: forced, the ask moves up
        (2.98, 0.05, NICKEL_DIME, 2.95, 3.00),  # the ask above 3.00 stands on dimes
        (3.02, 0.06, NICKEL_DIME, 2.95, 3.10),  # the bid below 3.00 on nickels
        (0.0, 0.0, NICKEL_DIME, 0.00, 0.05),
        (38.77, 0.30, NICKEL_DIME, 38.50, 39.10),
    ],
)
def test_quote_by_hand(mid: float, half: float, rule: TickRule, bid: float, ask: float) -> None:
    assert quoted(mid, half, rule)[:2] == (bid, ask)


def decimal_quote(mid: float, half: float, rule: TickRule) -> tuple[Decimal, Decimal]:
    """The rule in exact decimals: round each side to the nearest tick, ties up; force one tick of width by the ask."""

    def nearest(price: float) -> Decimal:
        tick = Decimal(str(rule.below if price < rule.threshold else rule.above))
        return (Decimal(price) / tick + Decimal("1e-7")).quantize(Decimal(1), ROUND_HALF_UP) * tick

    bid = nearest(max(mid - half, 0.0))
    tick = Decimal(str(rule.below if bid < Decimal(str(rule.threshold)) else rule.above))
    return bid, max(nearest(mid + half), bid + tick)


@given(
    mid=st.floats(0.0, 400.0),
    share=st.floats(0.0, 1.5),
    rule=st.sampled_from([PENNY_NICKEL, NICKEL_DIME, PENNY]),
)
@example(mid=2.975, share=0.02, rule=NICKEL_DIME)
@example(mid=3.0, share=0.025, rule=NICKEL_DIME)
def test_quote_rule(mid: float, share: float, rule: TickRule) -> None:
    """Half-spreads of a tick and more: exactly the rule. Any half-spread: on the tick, a tick wide, bid <= mid <= ask."""
    tick = rule.below if mid < rule.threshold else rule.above
    half = tick + share * mid
    bid, ask, at_bid = quoted(mid, half, rule)
    wanted = decimal_quote(mid, half, rule)
    assert (bid, ask) == (float(wanted[0]), float(wanted[1]))
    for width in (half, share * tick):
        bid, ask, at_bid = quoted(mid, width, rule)
        assert 0.0 <= bid <= mid + 1e-9 and ask >= mid - 1e-9 and ask - bid >= at_bid - 1e-9
        assert at_bid == (rule.below if bid < rule.threshold else rule.above)
        for price in (bid, ask):
            step = rule.below if price < rule.threshold else rule.above
            assert math.isclose(price / step, round(price / step), abs_tol=1e-6)


@pytest.mark.parametrize("root", [Root.SPX, Root.SPXW, Root.VIX, Root.VIXW])
def test_a_modelled_quote_stands_near_its_half_spread(root: Root) -> None:
    """Rounding moves a side by half a tick at most where the half-spread is a tick or more."""
    day = to_day(date(2024, 1, 3))
    rule = tick_rule(root, day)
    for price in (0.4, 1.1, 2.9, 3.3, 12.0, 47.0):
        half, _ = half_spread(price, rule.below, 30.0, day, is_vix=root in (Root.VIX, Root.VIXW), weekly=root == Root.VIXW)
        bid, ask, _ = quoted(price, half, rule)
        assert abs(bid - (price - half)) <= 0.5 * rule.above + 1e-9
        assert abs(ask - (price + half)) <= 0.5 * rule.above + 1e-9
