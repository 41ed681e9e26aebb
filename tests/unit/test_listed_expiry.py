"""Forward and vols of one expiry's quotes: the median, its weights, and what gives no answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference.black_reference import black_price

from alvh.models.listed_expiry import LEAST_PAIRS, NEAREST, NO_PAIRS, NO_VOL, Sides, forward_by_parity, listed_expiry, two_sided

STRIKES = np.arange(80.0, 121.0)


def sides(forward: float, *, discount: float = 0.97, vol: float = 0.3, half: float = 0.05, years: float = 0.5) -> Sides:
    """Quotes of ``half`` either side of Black's price, bids not below zero."""
    call, put = (
        np.array([black_price(forward, strike, years, discount, vol, right) for strike in STRIKES.tolist()])
        for right in (1.0, -1.0)
    )
    return STRIKES, np.maximum(call - half, 0.0), call + half, np.maximum(put - half, 0.0), put + half


@given(forward=st.floats(85.0, 115.0), discount=st.floats(0.85, 1.0), vol=st.floats(0.15, 1.5), half=st.floats(0.0, 0.4))
def test_any_forward_comes_back(forward: float, discount: float, vol: float, half: float) -> None:
    found = forward_by_parity(sides(forward, discount=discount, vol=vol, half=half), discount)
    assert found is not None
    assert found[0] == pytest.approx(forward, abs=1e-9)
    assert LEAST_PAIRS <= found[1] <= NEAREST


@given(
    bad=st.lists(st.integers(10, 30), min_size=1, max_size=3, unique=True),
    off=st.floats(-15.0, 15.0),
    side=st.sampled_from((1, 3)),
)
def test_three_stale_quotes_of_fifteen_change_nothing_beyond_their_neighbours(bad: list[int], off: float, side: int) -> None:
    """All honest strikes imply the forward itself, so the median is the forward whatever the stale ones imply."""
    quotes = [column.copy() for column in sides(100.4)]
    for row in (side, side + 1):
        quotes[row][bad] = np.maximum(quotes[row][bad] + off, 0.01 * row)
    found = forward_by_parity((quotes[0], quotes[1], quotes[2], quotes[3], quotes[4]), 0.97)
    assert found is not None
    assert found[0] == pytest.approx(100.4, abs=1e-9)


def test_wide_quotes_speak_softly() -> None:
    """Two narrow quotes outweigh three that are ten times as wide and agree on another forward."""
    strike = np.array([98.0, 99.0, 100.0, 101.0, 102.0])
    implied = np.array([101.0, 100.0, 100.0, 101.0, 101.0])
    half = np.array([1.0, 0.05, 0.05, 1.0, 1.0])
    put = np.full(5, 5.0)
    call = put + implied - strike
    found = forward_by_parity((strike, call - half, call + half, put - half, put + half), 1.0)
    assert found == (pytest.approx(100.0), 5)


def test_two_sided_needs_a_bid_and_no_crossing() -> None:
    bid = np.array([0.0, 1.0, 1.0, 1.0, np.nan, 1.0])
    ask = np.array([1.0, 1.0, 2.0, 0.9, 1.0, np.nan])
    assert two_sided(bid, ask).tolist() == [False, True, True, False, False, False]


def test_no_answer_says_why() -> None:
    strike, call_bid, call_ask, put_bid, put_ask = sides(100.0)
    none = np.full(STRIKES.size, np.nan)
    assert listed_expiry((strike, call_bid, call_ask, none, none), discount=0.97, years=0.5) == NO_PAIRS
    two = np.isin(strike, (100.0, 101.0))
    part = [np.where(two, column, np.nan) for column in (call_bid, call_ask, put_bid, put_ask)]
    assert listed_expiry((strike, part[0], part[1], part[2], part[3]), discount=0.97, years=0.5) == NO_PAIRS
    intrinsic = [np.maximum(sign * (100.0 - strike), 0.0) * 0.97 + 1e-12 for sign in (1.0, -1.0)]
    dead = listed_expiry((strike, intrinsic[0], intrinsic[0], intrinsic[1], intrinsic[1]), discount=0.97, years=0.0)
    assert dead == NO_VOL


def test_the_out_of_the_money_side_gives_the_vol() -> None:
    """In-the-money quotes that lie a point off leave forward and vols alone where the other side is quoted."""
    strike, call_bid, call_ask, put_bid, put_ask = sides(100.4)
    deep = strike < 85.0
    found = listed_expiry(
        (strike, np.where(deep, call_bid + 1.0, call_bid), np.where(deep, call_ask + 1.0, call_ask), put_bid, put_ask),
        discount=0.97,
        years=0.5,
    )
    assert not isinstance(found, str)
    np.testing.assert_allclose(found.vol, 0.3, atol=1e-9)
    assert found.own(np.array([84.0, 84.5])).tolist() == [True, False]
    assert found.vol_at(np.array([60.0, 84.5, 200.0])) == pytest.approx([0.3] * 3)
