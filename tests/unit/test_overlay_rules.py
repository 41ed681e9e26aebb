"""An overlay's choices: roll days against benchmarks.md 1, strikes, bands and units at their borders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.helpers.steady_market import SPX_STEP, WIDTH, SteadyMarket, steady_market

from alvh.core.calendar import trading_calendar
from alvh.core.days import iso, to_date, to_day
from alvh.core.errors import ConfigError, DataMissing
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.market.market import Legs, Slice
from alvh.market.series import SeriesTable, series_table
from alvh.strategy.overlay_policy import Overlay, OverlayBand, OverlayLeg, OverlaySize, OverlayStrike
from alvh.strategy.overlay_rules import (
    band_share,
    choose_expiry,
    choose_paying_strike,
    choose_strike,
    overlay_days,
    premium_points,
    units_held,
    widest_wing,
)
from alvh.strategy.policy_file import load_policy

SPX, VIX = Overlay(), Overlay(root="VIX")


def calendar(first: str, last: str) -> tuple[SeriesTable, np.ndarray]:
    """Series and sessions of a span."""
    begin, end = to_day(date.fromisoformat(first)), to_day(date.fromisoformat(last))
    sessions = trading_calendar().sessions_array
    sessions = sessions[(sessions >= begin) & (sessions <= end)]
    return series_table(spx_expiries(begin, end + 500), vix_expiries(begin, end + 500)), sessions


def days(overlay: Overlay, first: str, last: str) -> list[str]:
    series, sessions = calendar(first, last)
    return [iso(int(day)) for day in sessions[overlay_days(overlay, series, sessions)]]


# ------------------------------------------------------------------------------------------------------------------ roll days


@pytest.mark.parametrize("thursday", ["2008-03-20", "2014-04-17", "2019-04-18"])
def test_a_third_friday_on_good_friday_rolls_the_day_before(thursday: str) -> None:
    """benchmarks.md 1 names these three."""
    day = date.fromisoformat(thursday)
    first, last = day.replace(day=1), day.replace(day=28)
    assert days(SPX, first.isoformat(), last.isoformat()) == [thursday]


def test_every_other_month_rolls_on_its_third_friday() -> None:
    found = days(SPX, "1991-01-02", "2025-12-31")
    assert len(found) == 35 * 12
    odd = {text for text in found if date.fromisoformat(text).weekday() != 4}
    assert odd == {"1992-04-16", "2000-04-20", "2003-04-17", "2008-03-20", "2014-04-17", "2019-04-18", "2022-04-14", "2025-04-17"}
    for text in set(found) - odd:
        assert 15 <= date.fromisoformat(text).day <= 21


def test_vix_rolls_thirty_days_before_the_next_third_friday() -> None:
    found = days(VIX, "2013-01-02", "2013-12-31")
    expected = []
    for month in range(1, 13):
        year, following = (2013, month + 1) if month < 12 else (2014, 1)
        fridays = [day for day in (date(year, following, number) for number in range(15, 22)) if day.weekday() == 4]
        expected.append((fridays[0] - timedelta(days=30)).isoformat())
    assert found == expected
    # the Friday 30 days on is Good Friday (2014-04-18, 2019-04-19): a day earlier, and so on the Tuesday
    assert days(VIX, "2014-03-01", "2014-03-31") == ["2014-03-18"]
    assert days(VIX, "2019-03-01", "2019-03-31") == ["2019-03-19"]


def test_rolls_some_sessions_earlier() -> None:
    early = replace(SPX, sessions_earlier=5)
    assert days(early, "2014-04-01", "2014-04-30") == ["2014-04-10"]  # five sessions before Thursday the 17th
    # 2014-01-17 less five sessions is the 10th; a span that begins after it has no such row and none is invented
    assert days(early, "2014-01-13", "2014-02-13") == []
    assert days(early, "2014-01-13", "2014-02-28") == ["2014-02-13"]  # the 17th is a holiday


# ------------------------------------------------------------------------------------------------------------------- expiries


def expiry(market: SteadyMarket, overlay: Overlay, cycle: int, day: str) -> str:
    index = int(np.searchsorted(market.sessions, to_day(date.fromisoformat(day))))
    row = choose_expiry(
        overlay, OverlayLeg(name="leg", right="put", quantity=1.0, cycle_months=cycle), market.series, market.snapshot(index)
    )
    return iso(int(market.series.expiry[row]))


@pytest.fixture(scope="module")
def market() -> SteadyMarket:
    return steady_market(start="2019-01-02", end="2019-12-31")


@pytest.mark.parametrize(
    ("cycle", "day", "found"),
    [
        (1, "2019-01-02", "2019-01-18"),
        (1, "2019-01-17", "2019-01-18"),  # the day before it settles it is still the next
        (1, "2019-01-18", "2019-02-15"),  # the day on which it settles it is gone
        (1, "2019-04-18", "2019-05-17"),  # April's settles on a Thursday
        (1, "2019-04-17", "2019-04-18"),
        (3, "2019-01-18", "2019-03-15"),
        (3, "2019-03-14", "2019-03-15"),
        (3, "2019-03-15", "2019-06-21"),
        (3, "2019-12-20", "2020-03-20"),
        (6, "2019-01-18", "2019-06-21"),
        (12, "2019-01-18", "2019-12-20"),
    ],
)
def test_the_cycle_chooses_the_month(market: SteadyMarket, cycle: int, day: str, found: str) -> None:
    assert expiry(market, SPX, cycle, day) == found


@pytest.mark.parametrize(
    ("day", "found"), [("2019-01-15", "2019-01-16"), ("2019-01-16", "2019-02-13"), ("2019-03-19", "2019-04-17")]
)
def test_a_vix_overlay_holds_vix_monthlies(market: SteadyMarket, day: str, found: str) -> None:
    assert expiry(market, VIX, 1, day) == found


def test_an_early_roll_passes_over_the_month_about_to_settle(market: SteadyMarket) -> None:
    early = replace(SPX, sessions_earlier=5)
    assert expiry(market, early, 1, "2019-01-11") == "2019-02-15"
    assert expiry(market, early, 3, "2019-03-08") == "2019-06-21"


def test_no_expiry_is_left(market: SteadyMarket) -> None:
    series = market.series
    none = replace(market, series=replace(series, monthly=series.monthly & (series.expiry < to_day(date(2019, 6, 1)))))
    with pytest.raises(DataMissing, match=r"2019-06-03, leg leg: no monthly expiry is left"):
        expiry(none, SPX, 1, "2019-06-03")
    with pytest.raises(DataMissing, match=r"2019-04-18, leg leg"):
        expiry(none, SPX, 3, "2019-04-18")


# -------------------------------------------------------------------------------------------------------------------- strikes

STRIKES = np.arange(80.0, 125.0, 5.0)
CHAIN = Slice(series=0, right=-1, strikes=STRIKES, delta=np.linspace(0.05, 0.95, len(STRIKES)), forward=101.0)


def struck(level: float, rounding: str, *, out: float = 0.0, right: str = "put") -> float:
    rule = OverlayStrike(out_pct=out, rounding=rounding)
    return choose_strike(OverlayLeg(name="a", right=right, quantity=1.0, strike=rule), CHAIN, level)


@pytest.mark.parametrize(
    ("level", "down", "up", "nearest"),
    [
        (100.0, 100.0, 100.0, 100.0),  # an exact strike is its own on every side
        (100.01, 100.0, 105.0, 100.0),
        (99.99, 95.0, 100.0, 100.0),
        (102.49, 100.0, 105.0, 100.0),
        (102.5, 100.0, 105.0, 100.0),  # half way: the lower
        (102.51, 100.0, 105.0, 105.0),
        (100.0000000001, 100.0, 100.0, 100.0),  # binary rounding of an exact strike
        (99.9999999999, 100.0, 100.0, 100.0),
        (70.0, 80.0, 80.0, 80.0),  # beyond the listed strikes: the last of them
        (200.0, 120.0, 120.0, 120.0),
    ],
)
def test_rounding(level: float, down: float, up: float, nearest: float) -> None:
    assert (struck(level, "down"), struck(level, "up"), struck(level, "nearest")) == (down, up, nearest)


def test_out_of_the_money_is_below_for_puts_and_above_for_calls() -> None:
    assert struck(100.0, "down", out=5.0) == 95.0
    assert struck(100.0, "up", out=5.0, right="call") == 105.0
    assert struck(100.0, "up", out=2.0, right="call") == 105.0
    assert struck(100.0, "nearest", out=2.0, right="call") == 100.0
    assert struck(100.0, "nearest", out=-10.0) == 110.0  # below zero is in the money


@pytest.mark.parametrize(("delta", "strike"), [(0.05, 80.0), (0.30, 90.0), (0.20, 85.0), (0.95, 120.0), (0.999, 120.0)])
def test_the_strike_nearest_a_delta(delta: float, strike: float) -> None:
    rule = OverlayStrike(kind="delta", delta=delta)
    assert choose_strike(OverlayLeg(name="a", right="put", quantity=-1.0, strike=rule), CHAIN, 1.0) == strike


def test_the_call_that_pays_is_the_furthest(market: SteadyMarket) -> None:
    """Searched strike by strike at the bid; the price of a call falls as its strike rises."""
    snapshot = market.snapshot(30)
    leg = OverlayLeg(name="call", right="call", quantity=-1.0, strike=OverlayStrike(kind="pays_for_rest"))
    row = int(snapshot.listed(vix=False)[8])
    chain = snapshot.slice(row, 1)
    for cost in (0.5, 12.0, 30.0):
        found = choose_paying_strike(leg, chain, snapshot, 1.0, cost)
        assert snapshot.price(row, found, 1) - WIDTH >= cost > snapshot.price(row, found + SPX_STEP, 1) - WIDTH
    dearer = choose_paying_strike(leg, chain, snapshot, 1.0, 1e6)
    assert dearer == chain.strikes[chain.strikes >= chain.forward][0]  # none pays: the nearest to the money
    put = replace(leg, right="put")
    found = choose_paying_strike(put, snapshot.slice(row, -1), snapshot, 0.0, 12.0)
    assert snapshot.price(row, found, -1) >= 12.0 > snapshot.price(row, found - SPX_STEP, -1)
    two = choose_paying_strike(replace(leg, quantity=-2.0), chain, snapshot, 0.0, 24.0)
    assert two == choose_paying_strike(leg, chain, snapshot, 0.0, 12.0)


# ---------------------------------------------------------------------------------------------------------------------- sizes

BANDS = (
    OverlayBand(name="usual", above=15.0, up_to=30.0, share_pct=1.0),
    OverlayBand(name="high", above=30.0, up_to=50.0, share_pct=0.5),
)


@pytest.mark.parametrize(
    ("level", "share"),
    [
        (9.0, 0.0),
        (15.0, 0.0),
        (15.01, 0.01),
        (30.0, 0.01),
        (30.01, 0.005),
        (50.0, 0.005),
        (50.01, 0.0),
        (90.0, 0.0),
        (float("nan"), 0.0),
    ],
)
def test_bands_hold_their_upper_border_and_not_their_lower(level: float, share: float) -> None:
    """benchmarks.md 1: F <= 15: 0; 15 < F <= 30: 1 %; 30 < F <= 50: 0.5 %; F > 50: 0."""
    assert band_share(BANDS, level) == pytest.approx(share)


def test_the_shipped_bands_are_these() -> None:
    overlay = load_policy("cboe-vxth").policy.overlay
    assert overlay is not None and overlay.size.band_of == "vx_open"
    assert [(band.above, band.up_to, band.share_pct) for band in overlay.size.bands] == [(15.0, 30.0, 1.0), (30.0, 50.0, 0.5)]


def test_units() -> None:
    funded, covered = OverlaySize(kind="funded"), OverlaySize(kind="max_loss", multiple=10.0)
    # PUT: N = M e^rT / (K - P e^rT), with the strike's present value 2000 and the premium 40
    assert units_held(funded, 1e6, index=0.0, strikes_in_bills=2000.0, premium=-40.0, width=0.0) == pytest.approx(1e6 / 1960.0)
    # BXM: V / (S - C)
    assert units_held(funded, 1e6, index=2000.0, strikes_in_bills=0.0, premium=-30.0, width=0.0) == pytest.approx(1e6 / 1970.0)
    # BFLY: ten times the wing's width, gross of premium
    assert units_held(covered, 1e6, index=0.0, strikes_in_bills=0.0, premium=-70.0, width=100.0) == pytest.approx(1000.0)
    with pytest.raises(ConfigError, match="the widest wing is zero points wide"):
        units_held(covered, 1e6, index=0.0, strikes_in_bills=0.0, premium=-70.0, width=0.0)
    with pytest.raises(ConfigError, match="a unit of the package costs -30 points"):
        units_held(funded, 1e6, index=0.0, strikes_in_bills=0.0, premium=-30.0, width=0.0)


def test_the_wider_wing_counts() -> None:
    legs = Legs.of([(0, 2000.0, -1), (0, 1900.0, -1), (0, 2050.0, 1), (0, 2180.0, 1)])
    assert widest_wing(legs, np.array([-1.0, 1.0, -1.0, 1.0])) == 130.0
    assert widest_wing(Legs.of([(0, 2000.0, -1), (0, 1900.0, 1)]), np.array([-1.0, 1.0])) == 0.0  # no wing of the same right


def test_premium_is_paid_at_the_ask_and_received_at_the_bid(market: SteadyMarket) -> None:
    snapshot = market.snapshot(30)
    row = int(snapshot.listed(vix=False)[8])
    legs = Legs.of([(row, 2400.0, -1), (row, 2300.0, -1)])
    prices = [snapshot.price(row, strike, -1) for strike in (2400.0, 2300.0)]
    quantity = np.array([1.0, -2.0])
    assert premium_points(snapshot.quote(legs), quantity, 0.0) == pytest.approx(prices[0] - 2.0 * prices[1])
    assert premium_points(snapshot.quote(legs), quantity, 1.0) == pytest.approx(prices[0] + WIDTH - 2.0 * (prices[1] - WIDTH))


def test_days_are_dates() -> None:
    """The helper's own arithmetic: a session number is a day since 1970."""
    assert to_date(17897) == date(2019, 1, 1)
