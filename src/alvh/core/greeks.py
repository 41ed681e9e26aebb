"""Sensitivities of a position in US dollars, multiplier and quantity applied."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Adds over positions and scales with quantity.

    ``delta_usd_per_point``: for one point of the option's own forward (an SPX point or a VIX point; never add the two without
    a stated beta). ``gamma_usd_per_point2``: change of that delta for one point. ``vega_usd_per_point``: for one vol point
    (0.01) of the option's own implied volatility. ``theta_usd_per_day``: for one calendar day with forward and vol unchanged.
    """

    delta_usd_per_point: float = 0.0
    gamma_usd_per_point2: float = 0.0
    vega_usd_per_point: float = 0.0
    theta_usd_per_day: float = 0.0

    def __add__(self, other: Greeks) -> Greeks:
        return Greeks(
            delta_usd_per_point=self.delta_usd_per_point + other.delta_usd_per_point,
            gamma_usd_per_point2=self.gamma_usd_per_point2 + other.gamma_usd_per_point2,
            vega_usd_per_point=self.vega_usd_per_point + other.vega_usd_per_point,
            theta_usd_per_day=self.theta_usd_per_day + other.theta_usd_per_day,
        )

    def __mul__(self, factor: float) -> Greeks:
        return Greeks(
            delta_usd_per_point=self.delta_usd_per_point * factor,
            gamma_usd_per_point2=self.gamma_usd_per_point2 * factor,
            vega_usd_per_point=self.vega_usd_per_point * factor,
            theta_usd_per_day=self.theta_usd_per_day * factor,
        )

    __rmul__ = __mul__
