"""Plain-Python twins of the option kernels: the textbook formulas, one option at a time, with nothing but ``math``.

They share no code and no arrangement of terms with ``alvh.kernels``: calls and puts are priced directly, not through the
out-of-the-money side, and implied vol is found by bisection.
"""

from __future__ import annotations

import math


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def black_price(forward: float, strike: float, year_fraction: float, discount: float, vol: float, right: float) -> float:
    """Black (1976); intrinsic value at zero time or vol."""
    deviation = vol * math.sqrt(year_fraction)
    if deviation == 0.0:
        return discount * max(right * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    return discount * right * (forward * normal_cdf(right * d1) - strike * normal_cdf(right * d2))


def black_greeks(
    forward: float, strike: float, year_fraction: float, discount: float, vol: float, right: float
) -> tuple[float, float, float, float, float]:
    """(price, forward delta, discounted gamma, vega per 1.00 vol, theta per year); time and vol above zero."""
    deviation = vol * math.sqrt(year_fraction)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    price = black_price(forward, strike, year_fraction, discount, vol, right)
    delta = right * normal_cdf(right * d1)
    gamma = discount * normal_density(d1) / (forward * deviation)
    vega = discount * forward * normal_density(d1) * math.sqrt(year_fraction)
    rate = -math.log(discount) / year_fraction
    theta = rate * price - discount * forward * normal_density(d1) * vol / (2.0 * math.sqrt(year_fraction))
    return price, delta, gamma, vega, theta


def implied_vol(price: float, forward: float, strike: float, year_fraction: float, discount: float, right: float) -> float:
    """Bisection on the out-of-the-money price; NaN outside the no-arbitrage bounds."""
    value = price / discount - max(right * (forward - strike), 0.0)
    if not 0.0 < value < min(forward, strike) or year_fraction <= 0.0:
        return math.nan
    side = 1.0 if strike >= forward else -1.0
    low, high = 1e-8, 1.0
    while black_price(forward, strike, year_fraction, 1.0, high, side) < value:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if black_price(forward, strike, year_fraction, 1.0, middle, side) < value:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def strike_for_delta(forward: float, year_fraction: float, vol: float, delta: float, right: float) -> float:
    """Bisection on the strike; ``delta`` by its size."""
    deviation = vol * math.sqrt(year_fraction)
    low, high = forward * math.exp(-40.0 * deviation), forward * math.exp(40.0 * deviation)
    for _ in range(300):
        middle = 0.5 * (low + high)
        size = normal_cdf(right * (math.log(forward / middle) / deviation + 0.5 * deviation))
        if (size > abs(delta)) == (right > 0.0):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
