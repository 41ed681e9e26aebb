"""Fits to synthetic chains of known surfaces: coefficients come back, conditions hold, bad chains are refused or counted."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import norm
from tests.helpers.synthetic_chain import Smile, flat, listed_series, make_chain, rows, years_left

from alvh.core.days import to_day
from alvh.core.errors import DataInvalid, DataMissing
from alvh.kernels.smile import smile_into
from alvh.market.chain import QuotedChain
from alvh.models.chain_fit import (
    ChainFit,
    Essvi,
    FittedVixSmile,
    Hyperbola,
    Ssvi,
    chain_quotes,
    fit_essvi,
    fit_hyperbola,
    fit_ssvi,
    fit_vix,
)
from alvh.models.chain_fit.results import GRID, durrleman
from alvh.models.chain_fit.ssvi import admissible_slice, power_law, ssvi_variance
from alvh.models.spx_surface import CLEAN_SHAPE
from alvh.models.vix_smile import VixSmile, atm_vol, smile_factor

DAY = date(2023, 8, 18)
DAYS = (14, 28, 63, 91, 182)
"""Fridays."""


def series_of(underlying: str = "SPX") -> list[tuple[str, int, bool]]:
    listed = listed_series(DAY, underlying=underlying)
    if underlying == "VIX":
        return [one for one in listed if one[0] == "VIX"]
    return [one for one in listed if one[1] - to_day(DAY) in DAYS and (one[2] or one[1] - to_day(DAY) == 14)]


def chain_of(smile: Smile, **changes: object) -> QuotedChain:
    return make_chain(DAY, smile, series=series_of(), spot=4370.0, rate=0.05, half_spread=0.02, **changes)


def level(years: float) -> float:
    """At-the-money total variance, rising."""
    return 0.03 * years + 0.01 * (1.0 - math.exp(-3.0 * years)) / 3.0


def ssvi_smile(rho: float, eta: float, gamma: float) -> Smile:
    def vols(k: np.ndarray, years: float) -> np.ndarray:
        theta = level(years)
        return np.sqrt(ssvi_variance(k, theta, rho, theta * power_law(theta, eta, gamma)) / years)

    return vols


def hyperbola_smile(b: float, d: float, mu: float, s: float, d1: float = 0.0) -> Smile:
    shape = CLEAN_SHAPE.copy()
    shape[0], shape[1], shape[2], shape[3] = mu, s, d, d1

    def vols(k: np.ndarray, years: float) -> np.ndarray:
        root, out = math.sqrt(level(years)), np.empty(np.shape(k))
        tilt = d + d1 * float(np.clip(math.log(level(years) / level(30.0 / 365.0)), shape[9], shape[10]))
        smile_into(k / root, tilt, b, shape, out)
        return out * root / math.sqrt(years)

    return vols


# Quotes.


def test_parity_gives_forward_and_discount_back() -> None:
    quotes = chain_quotes(chain_of(flat(0.2)))
    assert len(quotes.expiries) == len(DAYS)
    for one in quotes.expiries:
        assert one.parity.own
        assert one.parity.forward == pytest.approx(4370.0 * math.exp(0.05 * one.years), rel=1e-9)
        assert one.parity.discount == pytest.approx(math.exp(-0.05 * one.years), rel=1e-9)
        assert one.years == pytest.approx(years_left(to_day(DAY), one.expiry, one.am), rel=1e-12)


def test_vols_are_out_of_the_money_and_right() -> None:
    """Against the normal distribution of scipy: delta N(d1) for calls, N(-d1) for puts."""
    for one in chain_quotes(chain_of(flat(0.2))).expiries:
        assert one.vol == pytest.approx(np.full(one.vol.size, 0.2), abs=1e-8)
        assert np.array_equal(one.right > 0.0, one.strike >= one.parity.forward)
        d1 = -one.log_money / (0.2 * math.sqrt(one.years)) + 0.1 * math.sqrt(one.years)
        assert one.delta == pytest.approx(norm.cdf(one.right * d1), abs=1e-7)
        assert one.delta.min() >= 0.02
        assert one.atm == pytest.approx(0.2, abs=1e-8)
        assert one.weights().sum() == pytest.approx(1.0)
        assert np.all(one.vol_half > 0.0)


def test_an_expiry_of_few_strikes_takes_the_chains_rate() -> None:
    chain = chain_of(flat(0.2))
    expiry = to_day(DAY) + 63
    sparse = rows(chain, (chain.expiry != expiry) | (chain.strike % 250.0 == 0.0))
    one = next(one for one in chain_quotes(sparse).expiries if one.expiry == expiry)
    assert not one.parity.own
    assert one.parity.discount == pytest.approx(math.exp(-0.05 * one.years), rel=1e-6)
    assert one.parity.forward == pytest.approx(4370.0 * math.exp(0.05 * one.years), rel=1e-6)


def test_a_false_quote_does_not_move_the_forward() -> None:
    """A locked price far from parity would get the largest weight of all."""
    chain = chain_of(flat(0.2))
    bid, ask = chain.bid.copy(), chain.ask.copy()
    for strike in (4300.0, 4500.0, 4650.0):
        at = (chain.expiry == to_day(DAY) + 63) & (chain.strike == strike) & (chain.right > 0.0)
        bid[at] = ask[at] = 450.0
    for one in chain_quotes(replace(chain, bid=bid, ask=ask)).expiries:
        assert one.parity.forward == pytest.approx(4370.0 * math.exp(0.05 * one.years), rel=1e-9)


def test_rejected_quotes_are_counted_by_reason() -> None:
    chain = chain_of(flat(0.2))
    expiry = to_day(DAY) + 63
    bid, ask = chain.bid.copy(), chain.ask.copy()

    def at(strike: float, right: float) -> np.ndarray:
        return (chain.expiry == expiry) & (chain.strike == strike) & (chain.right == right)

    bid[at(4200.0, -1.0)] = 0.0
    bid[at(4195.0, -1.0)], ask[at(4195.0, -1.0)] = 60.0, 50.0
    bid[at(4190.0, -1.0)] = ask[at(4190.0, -1.0)] = np.nan
    ask[at(4185.0, -1.0)] = np.nan
    bid[at(4600.0, 1.0)], ask[at(4600.0, 1.0)] = 1.0, 100.0
    bid[at(4650.0, 1.0)] = ask[at(4650.0, 1.0)] = 4500.0
    before = next(one for one in chain_quotes(chain).expiries if one.expiry == expiry)
    after = next(one for one in chain_quotes(replace(chain, bid=bid, ask=ask)).expiries if one.expiry == expiry)
    new = {name: count - before.rejected.get(name, 0) for name, count in after.rejected.items()}
    assert {name: count for name, count in new.items() if count} == {
        "zero bid": 1,
        "bid above ask": 1,
        "no quote": 1,
        "no ask": 1,
        "half-spread above half the mid": 1,
        "no vol at this price": 1,
    }
    assert after.vol.size == before.vol.size - 6
    assert not set(after.strike) & {4200.0, 4195.0, 4190.0, 4185.0, 4600.0, 4650.0}


def test_expiries_left_out_are_counted_by_reason() -> None:
    everything = make_chain(DAY, flat(0.2), spot=4370.0)
    quotes = chain_quotes(everything)
    counted = sum(quotes.skipped.values()) + len(quotes.expiries)
    assert counted == np.unique(np.stack([everything.expiry, everything.am]), axis=1).shape[1]
    assert set(quotes.skipped) == {"term outside the range", "not a Friday expiry"}
    assert len(chain_quotes(everything, friday=False).expiries) > len(quotes.expiries)


def test_too_few_quotes_are_refused_with_the_reasons() -> None:
    chain = chain_of(flat(0.2))
    few = rows(chain, np.isin(chain.strike, (4300.0, 4350.0, 4400.0, 4450.0)))
    with pytest.raises(DataMissing, match=r"no expiry of the chain shows a smile \(too few quotes: 5\)"):
        chain_quotes(few)
    with pytest.raises(DataMissing, match="no strike with both sides: 5"):
        chain_quotes(replace(chain, bid=np.zeros(len(chain))))


def test_quotes_on_one_side_alone_are_too_few() -> None:
    chain = chain_of(flat(0.2))
    with pytest.raises(DataMissing, match="too few quotes: 5"):
        chain_quotes(rows(chain, chain.strike <= 4370.0))


@pytest.mark.parametrize("fit", [fit_ssvi, fit_hyperbola])
def test_one_expiry_is_too_few_for_a_surface(fit: object) -> None:
    chain = chain_of(flat(0.2))
    with pytest.raises(DataInvalid, match="1 expiries show a smile"):
        fit(rows(chain, chain.expiry == to_day(DAY) + 63))


def test_a_day_without_session_is_refused() -> None:
    with pytest.raises(DataInvalid, match="is no session"):
        fit_ssvi(replace(chain_of(flat(0.2)), session=to_day(date(2023, 8, 19))))


# Recovery.


def assert_exact(fit: ChainFit, *, rms_pct: float) -> None:
    assert fit.converged
    assert fit.rms_pct < rms_pct
    assert fit.arbitrage.free
    assert all(one.inside_spread > 0.99 for one in fit.by_expiry)


@pytest.mark.parametrize(("rho", "eta", "gamma"), [(-0.7, 1.1, 0.4), (-0.3, 0.8, 0.5), (0.4, 1.0, 0.3)])
def test_ssvi_is_recovered(rho: float, eta: float, gamma: float) -> None:
    fit = fit_ssvi(chain_of(ssvi_smile(rho, eta, gamma)))
    assert_exact(fit, rms_pct=0.01)
    assert isinstance(fit.smiles, Ssvi)
    assert (fit.smiles.rho, fit.smiles.eta, fit.smiles.gamma) == pytest.approx((rho, eta, gamma), abs=2e-3)
    assert fit.smiles.theta == pytest.approx([level(one.years) for one in fit.quotes.expiries], rel=1e-4)


def test_essvi_recovers_an_ssvi_surface_and_a_turning_rho() -> None:
    fit = fit_essvi(chain_of(ssvi_smile(-0.7, 1.1, 0.4)))
    assert_exact(fit, rms_pct=0.02)
    assert isinstance(fit.smiles, Essvi)
    assert fit.smiles.rho == pytest.approx(np.full(len(DAYS), -0.7), abs=5e-3)

    def turning(k: np.ndarray, years: float) -> np.ndarray:
        theta, rho = level(years), -0.75 + 0.4 * years
        return np.sqrt(ssvi_variance(k, theta, rho, 0.9 * math.sqrt(theta)) / years)

    fit = fit_essvi(chain_of(turning))
    assert fit.rms_pct < 0.05
    assert fit.arbitrage.free
    assert isinstance(fit.smiles, Essvi)
    years = np.array([one.years for one in fit.quotes.expiries])
    assert fit.smiles.rho == pytest.approx(-0.75 + 0.4 * years, abs=0.01)


@pytest.mark.parametrize(("b", "d", "mu", "s"), [(0.30, 0.02, 1.15, 0.46), (0.22, -0.03, 0.95, 0.35)])
def test_hyperbola_is_recovered(b: float, d: float, mu: float, s: float) -> None:
    fit = fit_hyperbola(chain_of(hyperbola_smile(b, d, mu, s)))
    assert_exact(fit, rms_pct=0.05)
    assert isinstance(fit.smiles, Hyperbola)
    found = fit.smiles
    assert (found.b, found.d0, found.mu, found.s) == pytest.approx((b, d, mu, s), abs=0.01)
    assert found.d1 == pytest.approx(0.0, abs=2e-3)
    assert found.on_bound == ()


def test_hyperbola_of_fixed_shape_finds_b_alone() -> None:
    fit = fit_hyperbola(chain_of(hyperbola_smile(0.27, 0.03, 1.15, 0.46, -0.03)), fixed_shape=True)
    assert isinstance(fit.smiles, Hyperbola)
    assert (fit.smiles.mu, fit.smiles.s) == (CLEAN_SHAPE[0], CLEAN_SHAPE[1])
    assert fit.smiles.b == pytest.approx(0.27, abs=2e-3)
    assert fit.rms_pct < 0.1


def test_hyperbola_says_what_lies_on_a_bound() -> None:
    """A smile whose wing rises on both sides of the money drives mu to its least."""
    fit = fit_hyperbola(chain_of(hyperbola_smile(0.30, 0.0, 0.30, 0.46)))
    assert isinstance(fit.smiles, Hyperbola)
    assert "mu" in fit.smiles.on_bound


def vix_chain(atm30: float, kappa: float, slope: float) -> QuotedChain:
    rule = VixSmile(level=1.0, kappa=kappa, slope=slope, curvature=-slope / 20.0)

    def vols(k: np.ndarray, years: float) -> np.ndarray:
        atm = float(atm_vol(atm30, years, rule))
        return atm * smile_factor(k / (atm * math.sqrt(years)), rule)

    ladder = np.concatenate([np.arange(9.0, 32.0, 0.5), np.arange(32.0, 61.0, 1.0), np.arange(65.0, 181.0, 5.0)])
    return make_chain(DAY, vols, series=series_of("VIX"), underlying="VIX", spot=18.0, strikes=ladder, half_spread=0.001)


@pytest.mark.parametrize(("atm30", "kappa", "slope"), [(0.85, 4.0, 0.30), (1.1, 7.0, 0.22), (0.75, 0.5, 0.35)])
def test_vix_smile_is_recovered(atm30: float, kappa: float, slope: float) -> None:
    fit = fit_vix(vix_chain(atm30, kappa, slope))
    assert fit.converged
    assert fit.rms_pct < 0.05
    assert isinstance(fit.smiles, FittedVixSmile)
    assert (fit.smiles.atm30, fit.smiles.kappa, fit.smiles.slope) == pytest.approx((atm30, kappa, slope), rel=5e-3)
    assert fit.arbitrage.free
    assert math.isnan(fit.arbitrage.calendar)
    own = fit_vix(fit.quotes, own_levels=True)
    assert isinstance(own.smiles, FittedVixSmile)
    assert own.smiles.atm == pytest.approx(fit.smiles.atm, rel=2e-3)
    assert own.smiles.atm30 is None


# Diagnostics and conditions.


def test_errors_by_delta_are_model_less_market() -> None:
    """A flat fit to nothing but a level: the table must show the skew it misses, with its sign."""
    chain = chain_of(ssvi_smile(-0.7, 1.1, 0.4))
    fit = fit_essvi(chain)
    table = {one.name: one for one in fit.by_delta}
    assert list(table) == ["P5", "P10", "P16", "P20", "P25", "ATM", "C25", "C20", "C16", "C10", "C5"]
    assert all(one.mean_abs_vol_points < 0.02 for one in table.values())

    class Flat:
        def vols(self, position: int, log_money: np.ndarray) -> np.ndarray:
            return np.full(np.shape(log_money), 0.2)

    from alvh.models.chain_fit.results import finished

    missed = {one.name: one for one in finished("flat", fit.quotes, Flat(), converged=True).by_delta}
    assert missed["P5"].mean_vol_points < missed["P16"].mean_vol_points < missed["C16"].mean_vol_points
    for position, one in enumerate(fit.quotes.expiries):
        i = int(np.argmin(np.where(one.right < 0.0, np.abs(one.delta - 0.16), 9.0)))
        market = fit.smiles.vols(position, one.log_money[i : i + 1])[0]
        assert market == pytest.approx(one.vol[i], abs=2e-4)
    by_hand = [
        100.0 * (0.2 - one.vol[np.argmin(np.where(one.right < 0, np.abs(one.delta - 0.16), 9.0))]) for one in fit.quotes.expiries
    ]
    assert missed["P16"].mean_vol_points == pytest.approx(np.mean(by_hand), rel=1e-12)


def test_durrleman_agrees_with_the_density_of_prices() -> None:
    """g times a positive factor is the second difference of Black prices in the strike (here by plain finite differences)."""
    theta = 0.01

    def variance(k: np.ndarray) -> np.ndarray:
        return ssvi_variance(k, theta, -0.7, 0.25)  # psi^2 (1 + |rho|) / 4 = .0266 > theta: outside the butterfly bound

    def price(k: np.ndarray) -> np.ndarray:
        root = np.sqrt(variance(k))
        d1 = -k / root + 0.5 * root
        return norm.cdf(d1) - np.exp(k) * norm.cdf(d1 - root)

    k = np.linspace(-0.4, 0.4, 81)
    strike, h = np.exp(k), 2e-4
    second = (price(np.log(strike + h)) - 2.0 * price(k) + price(np.log(strike - h))) / (h * h)
    root = np.sqrt(variance(k))
    d2 = -k / root - 0.5 * root
    g = durrleman(variance, k, 1e-4)
    assert second == pytest.approx(g * norm.pdf(d2) / (root * strike), rel=1e-4, abs=2e-4)


def test_checks_find_arbitrage_where_there_is_some() -> None:
    """Two expiries that cross, and a slice outside the butterfly bound."""
    from alvh.models.chain_fit.results import arbitrage_of

    quotes = fit_essvi(chain_of(flat(0.2))).quotes
    years = np.array([one.years for one in quotes.expiries])
    falling = Essvi(theta=0.04 * years[::-1], rho=np.full(5, -0.5), psi=np.full(5, 0.02), years=years)
    found = arbitrage_of(quotes, falling)
    assert found.calendar < -0.1
    assert not found.free
    steep = Essvi(theta=np.full(5, 1e-4) * (1.0 + np.arange(5)), rho=np.full(5, -0.9), psi=np.full(5, 0.3), years=years)
    found = arbitrage_of(quotes, steep)
    assert found.butterfly < 0.0
    assert GRID[0] <= found.butterfly_x <= GRID[1]


def test_any_three_numbers_give_an_admissible_slice() -> None:
    """The map of the eSSVI search, against the conditions written out."""
    rng = np.random.default_rng(7)
    for _ in range(3000):
        before = admissible_slice(*rng.normal(0.0, 3.0, 3).tolist(), None)
        theta1, rho1, psi1 = before
        theta2, rho2, psi2 = admissible_slice(*rng.normal(0.0, 3.0, 3).tolist(), before)
        for theta, rho, psi in (before, (theta2, rho2, psi2)):
            assert theta > 0.0
            assert psi * (1.0 + abs(rho)) < 4.0
            assert psi * psi * (1.0 + abs(rho)) <= 4.0 * theta
        assert theta2 >= theta1
        assert psi2 >= psi1 * max((1.0 + rho1) / (1.0 + rho2), (1.0 - rho1) / (1.0 - rho2))
        assert psi2 / theta2 <= psi1 / theta1


def test_noisy_quotes_stay_free_of_arbitrage() -> None:
    """Two per cent of noise on every vol: the fit follows the surface, not the noise, and the conditions hold."""
    rng = np.random.default_rng(3)
    base = ssvi_smile(-0.65, 1.1, 0.45)
    chain = chain_of(lambda k, years: base(k, years) * (1.0 + 0.02 * rng.standard_normal(np.shape(k))))
    for fit in (fit_ssvi(chain), fit_essvi(chain), fit_hyperbola(chain)):
        assert fit.arbitrage.free, fit.form
        assert 1.0 < fit.rms_pct < 4.0
        for position, one in enumerate(fit.quotes.expiries):
            truth = base(one.log_money, one.years)
            assert np.sqrt(np.mean((fit.smiles.vols(position, one.log_money) / truth - 1.0) ** 2)) < 0.025


def test_vols_of_a_fit_by_expiry_and_strike() -> None:
    fit = fit_essvi(chain_of(flat(0.2)))
    one = fit.quotes.expiries[2]
    assert fit.vols(one.expiry, np.array([4000.0, 4370.0])) == pytest.approx([0.2, 0.2], abs=1e-4)
    with pytest.raises(KeyError, match="is no expiry of this fit"):
        fit.vols(one.expiry + 1, np.array([4000.0]))


def test_one_slice_is_no_worse_than_a_grid_search() -> None:
    """Brute force over (theta, rho, psi) within the butterfly bounds on a noisy smile."""
    rng = np.random.default_rng(11)
    base = ssvi_smile(-0.65, 1.1, 0.45)
    chain = chain_of(lambda k, years: base(k, years) * (1.0 + 0.02 * rng.standard_normal(np.shape(k))))
    quotes = chain_quotes(rows(chain, chain.expiry == to_day(DAY) + 91))
    one = quotes.expiries[0]
    fit = fit_essvi(quotes)
    best = math.inf
    for theta in np.linspace(0.9, 1.1, 21) * one.atm**2 * one.years:
        for rho in np.linspace(-0.95, 0.0, 20):
            most = min(4.0 / (1.0 + abs(rho)), 2.0 * math.sqrt(theta / (1.0 + abs(rho))))
            for psi in most * np.linspace(0.3, 0.999, 29):
                model = np.sqrt(ssvi_variance(one.log_money, theta, rho, psi) / one.years)
                best = min(best, float(one.weights() @ (model / one.vol - 1.0) ** 2))
    assert fit.rms_pct <= 100.0 * math.sqrt(best) + 1e-9
    assert fit.rms_pct == pytest.approx(100.0 * math.sqrt(best), rel=0.05)
