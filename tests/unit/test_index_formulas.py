"""The index formulas on synthetic chains: a flat surface, a plain twin of the walk, the expiries chosen by era, bad chains."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.synthetic_chain import flat, listed_series, make_chain, rows

from alvh.core.days import iso, to_day
from alvh.core.errors import DataInvalid, DataMissing
from alvh.market import index_formulas as formulas
from alvh.market.chain import QuotedChain
from alvh.market.index_formulas import IndexLevel, index_levels, skew, vix, vix3m, vix6m, vix9d, vvix
from alvh.market.strips import Strip, parity_discount, strip, usable

NEW, OLD = date(2023, 8, 18), date(2013, 5, 8)


@pytest.fixture(scope="module")
def chain() -> QuotedChain:
    return make_chain(NEW, flat(0.2), spot=4370.0)


@pytest.fixture(scope="module")
def priced() -> QuotedChain:
    """With interest, spreads and zero bids."""
    return make_chain(NEW, flat(0.2), spot=4370.0, rate=0.05, half_spread=0.02, cut=0.025)


def used(level: IndexLevel) -> list[tuple[str, bool]]:
    return [(iso(one.expiry), one.am) for one in level.used]


@pytest.mark.parametrize(("formula", "tolerance"), [(vix9d, 0.005), (vix, 0.002), (vix3m, 0.001), (vix6m, 0.001)])
def test_flat_surface_gives_its_vol(chain: QuotedChain, priced: QuotedChain, formula: object, tolerance: float) -> None:
    """The strike step adds (step/deviation)^2 / 12 or so, most at nine days."""
    for one in (chain, priced):
        level = formula(one)
        assert level.value == pytest.approx(20.0, abs=tolerance)
        assert sum(level.weights) == pytest.approx(1.0)
        assert not level.extrapolated
        assert level.at_close


def test_flat_surface_has_skew_100(chain: QuotedChain) -> None:
    assert skew(chain).value == pytest.approx(100.0, abs=0.02)


def test_forward_and_discount_come_from_parity(priced: QuotedChain) -> None:
    for one in vix(priced).used:
        years = one.minutes / 525_600.0
        assert one.strip.forward == pytest.approx(4370.0 * math.exp(0.05 * years), rel=1e-9)
        assert one.discount.value == pytest.approx(math.exp(-0.05 * years), rel=1e-9)
        assert one.discount.reason.startswith("put-call parity over")


def test_rate_of_the_caller_is_used(priced: QuotedChain) -> None:
    level = vix(priced, rate=lambda years: 0.05)
    assert level.used[0].discount.reason == "rate given"
    assert level.value == pytest.approx(vix(priced).value, abs=1e-9)


def test_expiries_since_weeklies(chain: QuotedChain) -> None:
    """18 August 2023 is a third Friday; 15 September the next one, on which the AM series counts."""
    assert used(vix9d(chain)) == [("2023-08-25", False), ("2023-09-01", False)]
    assert used(vix(chain)) == [("2023-09-15", True), ("2023-09-22", False)]
    assert used(vix3m(chain)) == [("2023-11-17", True), ("2023-12-15", True)]
    assert used(vix6m(chain)) == [("2024-02-16", True), ("2024-03-15", True)]
    assert used(skew(chain)) == [("2023-09-15", True), ("2023-10-20", True)]


def test_expiries_before_weeklies() -> None:
    """Until October 2014 VIX reads the first two monthlies with a week left: on the second Friday the front one still."""
    second_friday = make_chain(date(2013, 5, 10), flat(0.15), spot=1630.0)
    assert used(vix(second_friday)) == [("2013-05-17", True), ("2013-06-21", True)]
    monday = make_chain(date(2013, 5, 13), flat(0.15), spot=1630.0)
    level = vix(monday)
    assert used(level) == [("2013-06-21", True), ("2013-07-19", True)]
    assert level.extrapolated
    assert level.weights[1] < 0.0
    assert level.value == pytest.approx(15.0, abs=0.01)


def test_quarter_ends_count_for_vix6m_before_weeklies() -> None:
    """January 2011: June's quarter-end is nearer to 184 days than June's monthly, and July's monthly was not listed."""
    series = [*listed_series(date(2011, 1, 4), within=100), ("SPX", to_day(date(2011, 6, 17)), True)]
    series += [("SPXQ", to_day(date(2011, 6, 30)), False), ("SPX", to_day(date(2011, 9, 16)), True)]
    level = vix6m(make_chain(date(2011, 1, 4), flat(0.2), spot=1270.0, series=series))
    assert used(level) == [("2011-06-30", False), ("2011-09-16", True)]
    assert level.value == pytest.approx(20.0, abs=0.01)


def test_friday_without_a_session_moves_to_thursday() -> None:
    """Good Friday 2023-04-07: the weekly expires on the Thursday, and counts as that Friday's."""
    chain = make_chain(date(2023, 3, 8), flat(0.2))
    assert used(vix(chain)) == [("2023-04-06", False), ("2023-04-14", False)]


def test_vvix_reads_vix_monthlies() -> None:
    ladder = np.arange(5.0, 150.0, 0.5)
    chain = make_chain(date(2023, 2, 15), flat(0.8), underlying="VIX", spot=20.0, strikes=ladder)
    level = vvix(chain)
    assert used(level) == [("2023-03-22", True), ("2023-04-19", True)]
    assert level.extrapolated  # 35 and 63 days: both beyond 30
    assert level.value == pytest.approx(80.0, abs=0.1)


def test_index_levels_collects_values_and_errors(chain: QuotedChain) -> None:
    levels, errors = index_levels(chain)
    assert list(levels) == ["VIX9D", "VIX", "VIX3M", "VIX6M", "SKEW"]
    assert errors == {}
    short = rows(chain, chain.expiry <= chain.session + 45)
    levels, errors = index_levels(short)
    assert list(levels) == ["VIX9D", "VIX"]
    assert list(errors) == ["VIX3M", "VIX6M", "SKEW"]
    assert all(isinstance(error, DataMissing) for error in errors.values())
    assert list(index_levels(make_chain(NEW, flat(0.9), underlying="VIX", spot=18.0))[0]) == ["VVIX"]


# The walk and the sums again, with loops and dictionaries, from the wording of the methodology.


def twin(strikes: np.ndarray, cb: np.ndarray, ca: np.ndarray, pb: np.ndarray, pa: np.ndarray, years: float, df: float) -> dict:
    def quoted(bid: float, ask: float) -> bool:
        return bid > 0.0 and ask > 0.0 and ask >= bid

    def passed_over(bid: float, ask: float) -> bool:
        """No quote at all, or one that is no market: neither used nor a zero bid."""
        nothing = math.isnan(bid) and math.isnan(ask)
        return nothing or (bid > 0.0 and (not ask > 0.0 or ask < bid))

    gap = {
        i: abs(0.5 * (cb[i] + ca[i]) - 0.5 * (pb[i] + pa[i]))
        for i in range(len(strikes))
        if quoted(cb[i], ca[i]) and quoted(pb[i], pa[i])
    }
    at = min(gap, key=lambda i: (gap[i], strikes[i]))
    forward = strikes[at] + (0.5 * (cb[at] + ca[at]) - 0.5 * (pb[at] + pa[at])) / df
    k0 = max(i for i in range(len(strikes)) if strikes[i] <= forward)
    chosen = {}
    sides = [(pb, pa, range(k0 - 1, -1, -1)), (cb, ca, range(k0 + 1, len(strikes)))]
    for bid, ask, order in sides:
        zeros = 0
        for i in order:
            if passed_over(bid[i], ask[i]):
                continue
            if quoted(bid[i], ask[i]):
                chosen[i] = 0.5 * (bid[i] + ask[i])
                zeros = 0
                continue
            zeros += 1
            if zeros == 2:
                break
    at_k0 = [0.5 * (b + a) for b, a in ((pb[k0], pa[k0]), (cb[k0], ca[k0])) if quoted(b, a)]
    chosen[k0] = sum(at_k0) / len(at_k0)
    keys = sorted(chosen)
    integral = p2 = p3 = 0.0
    for n, i in enumerate(keys):
        before, after = keys[max(n - 1, 0)], keys[min(n + 1, len(keys) - 1)]
        width = (strikes[after] - strikes[before]) / (2.0 if 0 < n < len(keys) - 1 else 1.0)
        part = width / strikes[i] ** 2 * chosen[i] / df
        x = math.log(strikes[i] / forward)
        integral += part
        p2 += 2.0 * (1.0 - x) * part
        p3 += 3.0 * (2.0 * x - x * x) * part
    u, ratio = math.log(strikes[k0] / forward), forward / strikes[k0]
    p1 = -integral - (1.0 + math.log(ratio) - ratio)
    p2 += 2.0 * u * (ratio - 1.0) + 0.5 * u * u
    p3 += 3.0 * u * u * (u / 3.0 - 1.0 + ratio)
    spread = p2 - p1 * p1
    skewness = (p3 - 3.0 * p1 * p2 + 2.0 * p1**3) / spread**1.5 if spread > 0.0 else math.nan
    variance = 2.0 / years * integral - (ratio - 1.0) ** 2 / years
    return {"forward": forward, "used": keys, "variance": variance, "skew": 100.0 - 10.0 * skewness}


def test_agrees_with_a_plain_twin() -> None:
    """Random ladders with gaps, zero bids, missing sides, crossed quotes."""
    rng = np.random.default_rng(11)
    for _ in range(300):
        years = float(rng.uniform(0.01, 0.6))
        strikes = np.sort(rng.choice(np.arange(500.0, 1600.0, 5.0), size=int(rng.integers(20, 150)), replace=False))
        priced = make_chain(
            NEW, flat(float(rng.uniform(0.1, 0.5))), series=[("SPXW", to_day(NEW) + 40, False)], spot=1000.0, strikes=strikes
        )
        mid = priced.bid.reshape(2, -1)
        half = rng.uniform(0.0, 0.3, mid.shape)
        bid, ask = np.where(mid - half < 0.2, 0.0, mid - half), mid + half
        spoil = rng.random(mid.shape)
        bid[spoil < 0.04] = 0.0
        bid[(spoil > 0.04) & (spoil < 0.06)] = np.nan
        ask[(spoil > 0.05) & (spoil < 0.07)] = np.nan
        crossed = spoil > 0.97
        bid[crossed], ask[crossed] = ask[crossed] + 1.0, bid[crossed]
        near = np.abs(strikes - 1000.0) < 40.0
        bid[:, near], ask[:, near] = mid[:, near], mid[:, near]
        df = float(rng.uniform(0.95, 1.0))
        if near.sum() < 4:
            continue
        found = strip(strikes, bid[0], ask[0], bid[1], ask[1], years=years, discount=df)
        wanted = twin(strikes, bid[0], ask[0], bid[1], ask[1], years, df)
        assert found.forward == pytest.approx(wanted["forward"], rel=1e-13)
        assert np.flatnonzero(found.status == 0).tolist() == wanted["used"]
        assert found.variance == pytest.approx(wanted["variance"], rel=1e-11)
        assert found.skew == pytest.approx(wanted["skew"], rel=1e-9, nan_ok=True)


# Bad chains.


@pytest.mark.parametrize(
    ("formula", "gone"), [(vix, "2023-09-22"), (vix9d, "2023-08-25"), (skew, "2023-09-15"), (vix3m, "2023-12-15")]
)
def test_a_listed_expiry_that_the_chain_lacks_is_named(chain: QuotedChain, formula: object, gone: str) -> None:
    """The next one must not step in silently."""
    without = rows(chain, chain.expiry != to_day(date.fromisoformat(gone)))
    with pytest.raises(DataMissing, match=f"{gone} is listed and not in the chain"):
        formula(without)


def test_no_expiry_beyond_the_term(chain: QuotedChain) -> None:
    with pytest.raises(DataMissing, match="one on each side of the term for 184 days"):
        vix6m(rows(chain, chain.expiry < chain.session + 184))


def test_wrong_underlying_is_named(chain: QuotedChain) -> None:
    with pytest.raises(DataMissing, match="the chain holds SPX options"):
        vvix(chain)


def test_a_day_without_session_is_refused(chain: QuotedChain) -> None:
    with pytest.raises(DataInvalid, match="2023-08-19 is no session"):
        vix(replace(chain, session=to_day(date(2023, 8, 19))))


def test_quotes_before_the_close_are_flagged_and_timed() -> None:
    early = make_chain(NEW, flat(0.2), spot=4370.0, minute=10 * 60 + 11)
    level = vix(early)
    assert not level.at_close
    assert level.minute == 611
    assert level.value == pytest.approx(20.0, abs=0.002)
    late = vix(replace(make_chain(NEW, flat(0.2), spot=4370.0), minute=17 * 60))
    assert late.at_close
    assert late.minute == 16 * 60 + 15  # SPX options and VIX close a quarter of an hour after the stocks


def test_a_contract_that_occurs_twice_is_refused(chain: QuotedChain) -> None:
    row = int(np.flatnonzero((chain.expiry == to_day(date(2023, 9, 15))) & chain.am)[0])
    twice = rows(chain, np.append(np.arange(len(chain)), row))
    with pytest.raises(DataInvalid, match="a contract of expiry 2023-09-15 occurs twice"):
        vix(twice)


def test_xsp_among_spx_is_refused(chain: QuotedChain) -> None:
    """Both expire at the close of the same Friday, and 437 would pass for a deep put."""
    weekly = rows(chain, (chain.expiry == to_day(date(2023, 9, 22))) & (chain.strike > 4000.0))
    mini = replace(weekly, root=np.full(len(weekly), "XSP"), strike=weekly.strike / 10.0)
    both = {
        name: np.concatenate([getattr(chain, name), getattr(mini, name)])
        for name in ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest")
    }
    with pytest.raises(DataInvalid, match="expiry 2023-09-22 mixes XSP and SPX"):
        vix(replace(chain, **both))


def test_crossed_and_missing_quotes_are_passed_over_and_counted(chain: QuotedChain) -> None:
    """They break no walk: 3 quotes less move the index by next to nothing, and the count says so."""
    bid, ask = chain.bid.copy(), chain.ask.copy()
    puts = (chain.expiry == to_day(date(2023, 9, 15))) & chain.am & (chain.right < 0.0)
    for strike, (low, high) in ((4100.0, (9.0, 8.0)), (4105.0, (np.nan, np.nan)), (4110.0, (9.0, 0.0))):
        at = puts & (chain.strike == strike)
        bid[at], ask[at] = low, high
    level = vix(replace(chain, bid=bid, ask=ask))
    counts = level.rejected()
    assert {name: counts[name] for name in ("bid above ask", "no quote", "no ask")} == {
        "bid above ask": 1,
        "no quote": 1,
        "no ask": 1,
    }
    assert level.value == pytest.approx(20.0, abs=0.02)


def test_nothing_two_sided_is_refused(chain: QuotedChain) -> None:
    with pytest.raises(DataMissing, match="no strike has a two-sided quote on both sides"):
        vix(replace(chain, bid=np.zeros(len(chain))))


def test_error_names_file_session_index_and_expiry(chain: QuotedChain) -> None:
    with pytest.raises(DataMissing) as caught:
        vix(replace(chain, bid=np.zeros(len(chain))))
    assert caught.value.where == "synthetic, session 2023-08-18, VIX, expiry 2023-09-15"


def test_discount_falls_back_with_its_reason() -> None:
    strikes = np.arange(90.0, 111.0, 5.0)
    nothing = np.full(5, np.nan)
    assert parity_discount(strikes, nothing, nothing, 0.1).reason.startswith("rate 0: no strike")
    call, put = np.array([10.0, 5.0, 2.0, 1.0, 0.5]), np.array([0.5, 1.0, 2.0, 5.0, 10.0])
    few = parity_discount(strikes, np.where(strikes == 90.0, np.nan, call), put, 0.1)
    assert (few.value, few.reason) == (1.0, "rate 0: 4 strikes near the money have both sides quoted")
    absurd = parity_discount(strikes, 2.0 * call, 2.0 * put, 0.1)
    assert absurd.value == 1.0
    assert "is no discount factor" in absurd.reason


def test_usable_needs_a_bid_and_an_ask_above_it() -> None:
    bid, ask = np.array([1.0, 0.0, np.nan, 2.0, 1.0, np.nan]), np.array([1.1, 0.5, np.nan, 1.0, np.nan, 0.4])
    good, status = usable(bid, ask)
    assert good.tolist() == [True, False, False, False, False, False]
    assert [("ok", "", "", "no quote", "no ask", "bid above ask")[code] for code in status] == [
        "ok",
        "ok",
        "no quote",
        "bid above ask",
        "no ask",
        "ok",
    ]


def test_strip_is_frozen_with_its_counts(chain: QuotedChain) -> None:
    found = vix(chain).used[0].strip
    assert isinstance(found, Strip)
    assert found.counts()["used"] == found.used().size
    with pytest.raises(AttributeError):
        found.variance = 0.0


def test_skew_needs_a_spread_of_outcomes() -> None:
    """Two strikes far apart give moments that no distribution has: refused, not passed on as NaN."""
    chain = make_chain(NEW, flat(0.2), spot=4370.0)
    few = rows(chain, np.isin(chain.strike, (4000.0, 4365.0, 4370.0, 4375.0)))
    bid, ask = few.bid.copy(), few.ask.copy()
    low = (few.strike == 4000.0) & (few.right < 0.0)
    bid[low], ask[low] = 2e5, 2e5
    with pytest.raises(DataInvalid, match="third moment"):
        skew(replace(few, bid=bid, ask=ask))


def test_negative_variance_of_an_extrapolation_is_refused() -> None:
    with pytest.raises(DataInvalid, match="the variance at 30 days"):
        formulas.interpolated_level((0.01, 0.2), (50_000.0, 90_000.0), 30.0)
