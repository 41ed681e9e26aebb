"""Numbers from papers, books and other programs.

The first two sets are this project's research notes (../shared/reference/methods.md, 4.6 and 5.4), computed there with other
code; the third is Hull, "Options, Futures, and Other Derivatives" (9th ed.), the worked examples of
chapter 18 (put on a crude oil future) and chapter 15 (stock at 42).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from alvh.kernels.black import black_greeks, black_price
from alvh.kernels.implied import implied_vol


def test_vix_call_of_the_notes() -> None:
    time = 58 / 365
    discount = math.exp(-0.045 * time)
    price, delta, _, vega, theta = black_greeks(18.5, 25.0, time, discount, 0.95, 1.0)
    assert float(price) == pytest.approx(0.970134, abs=5e-7)
    assert float(delta) == pytest.approx(0.272337, abs=5e-7)
    assert discount * float(delta) == pytest.approx(0.270396, abs=5e-7)
    assert float(vega) / 100 == pytest.approx(0.024314, abs=5e-7)
    assert float(theta) / 365 == pytest.approx(-0.019793, abs=5e-7)
    assert (float(theta) - 0.045 * float(price)) / 365 == pytest.approx(-0.019913, abs=5e-7)
    assert float(implied_vol(price, 18.5, 25.0, time, discount, 1.0)) == pytest.approx(0.95, rel=1e-14)


def test_spx_options_of_the_notes() -> None:
    time = 45 / 365
    discount, carry = math.exp(-0.045 * time), math.exp((0.045 - 0.013) * time)
    price, delta, gamma, vega, _ = black_greeks(6000.0 * carry, [5700.0, 6250.0], time, discount, [0.18, 0.12], [-1.0, 1.0])
    np.testing.assert_allclose(price, [38.77239, 27.01163], atol=5e-6)
    spot_delta = delta * math.exp(-0.013 * time)  # dF/dS = exp((r - q) T), and the price is discounted
    np.testing.assert_allclose(spot_delta, [-0.182282, 0.196198], atol=5e-7)
    np.testing.assert_allclose(vega / 100, [5.568538, 5.826442], atol=5e-7)
    assert gamma[0] * carry**2 == pytest.approx(0.000697, abs=5e-7)


def test_hull() -> None:
    put = black_price(20.0, 20.0, 4 / 12, math.exp(-0.09 * 4 / 12), 0.25, -1.0)
    assert float(put) == pytest.approx(1.12, abs=5e-3)  # European put on crude oil futures
    forward, discount = 42.0 * math.exp(0.1 * 0.5), math.exp(-0.1 * 0.5)
    call, put = black_price(forward, 40.0, 0.5, discount, 0.2, [1.0, -1.0])
    assert float(call) == pytest.approx(4.76, abs=5e-3) and float(put) == pytest.approx(0.81, abs=5e-3)


def grid() -> list[tuple[float, float, float, float, float, float]]:
    rows = []
    for strike in (70.0, 85.0, 95.0, 100.0, 105.0, 120.0, 150.0):
        for time in (7 / 365, 45 / 365, 1.0):
            for vol in (0.15, 0.4, 1.0):
                rows += [(100.0, strike, time, math.exp(-0.04 * time), vol, right) for right in (1.0, -1.0)]
    return rows


def test_quantlib() -> None:
    """Price and Greeks of QuantLib's BlackCalculator, whose normal distribution is good to 3e-12 of the forward."""
    ql = pytest.importorskip("QuantLib", reason="QuantLib is the oracle here")
    rows = grid()
    price, delta, gamma, vega, _ = black_greeks(*np.array(rows).T)
    for i, (forward, strike, time, discount, vol, right) in enumerate(rows):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike)
        other = ql.BlackCalculator(payoff, forward, vol * math.sqrt(time), discount)
        assert price[i] == pytest.approx(other.value(), abs=1e-9)
        assert discount * delta[i] == pytest.approx(other.deltaForward(), abs=1e-11)
        assert gamma[i] == pytest.approx(other.gammaForward(), rel=1e-8, abs=1e-14)
        assert vega[i] == pytest.approx(other.vega(time), rel=1e-8, abs=1e-11)
        if price[i] > 1e-6 and right * (forward - strike) <= 0:  # further out its solver does not converge
            start = vol * math.sqrt(time)
            found = ql.blackFormulaImpliedStdDev(
                payoff.optionType(), strike, forward, float(price[i]), discount, 0.0, start, 1e-13
            )
            assert found / math.sqrt(time) == pytest.approx(vol, rel=1e-6)


def test_vollib() -> None:
    """Price, Greeks and implied vol of vollib (Jäckel's Let's Be Rational), good to 1e-15."""
    black = pytest.importorskip("vollib.black", reason="vollib is the oracle here")
    from vollib.black.greeks import analytical
    from vollib.black.implied_volatility import implied_volatility

    rows = grid()
    price, delta, gamma, vega, theta = black_greeks(*np.array(rows).T)
    for i, (forward, strike, time, discount, vol, right) in enumerate(rows):
        flag, rate = "c" if right > 0 else "p", -math.log(discount) / time
        arguments = (flag, forward, strike, time, rate, vol)
        assert price[i] == pytest.approx(black.black(flag, forward, strike, time, rate, vol), rel=1e-12, abs=1e-13)
        assert discount * delta[i] == pytest.approx(analytical.delta(*arguments), rel=1e-12, abs=1e-15)
        assert gamma[i] == pytest.approx(analytical.gamma(*arguments), rel=1e-11, abs=1e-15)
        assert vega[i] / 100 == pytest.approx(analytical.vega(*arguments), rel=1e-11, abs=1e-15)
        assert theta[i] / 365 == pytest.approx(analytical.theta(*arguments), rel=1e-10, abs=1e-14)
        if right * (forward - strike) <= 0 and price[i] > 1e-20:
            found = float(implied_vol(price[i], forward, strike, time, discount, right))
            assert found == pytest.approx(implied_volatility(float(price[i]), forward, strike, rate, time, flag), rel=1e-12)
