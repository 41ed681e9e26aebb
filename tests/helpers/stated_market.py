"""One close under stated inputs: forwards, vols and rate that a test writes down, behind the protocol of a snapshot.

Prices are the product's Black, which its own tests hold against other programs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from tests.helpers import ladder as table

from alvh.core.contracts import Root
from alvh.kernels.black import black_greeks
from alvh.market.history import Floats
from alvh.market.market import Ints, Legs, Quotes, Slice
from alvh.market.positions import Positions
from alvh.market.series import SeriesTable

SESSION = 18_000
"""A session of 2019, so that nothing depends on today."""
VolOf = Callable[[int, Floats, float, float], Floats]
"""(series row, strikes, forward, years) to vols."""


def stated_series(rows: Sequence[tuple[Root, int]], *, session: int = SESSION) -> SeriesTable:
    """A table of (root, days to expiry), SPX family first."""
    expiry = np.array([session + days for _, days in rows], dtype=np.int64)
    n = len(rows)
    return SeriesTable(
        roots=tuple(root for root, _ in rows),
        is_vix=np.array([root in (Root.VIX, Root.VIXW) for root, _ in rows]),
        expiry=expiry,
        am=np.zeros(n, dtype=np.bool_),
        monthly=np.ones(n, dtype=np.bool_),
        listed_from=np.zeros(n, dtype=np.int64),
        last_trade=expiry,
        settlement_session=expiry,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedSnapshot:
    """One close: ``forward`` (series rows,) is each row's own, ``bump`` adds to every vol, ``later`` days have passed."""

    series: SeriesTable
    spx: float
    vix: float
    rate: float
    forward: Floats
    vol: VolOf
    bump: float = 0.0
    later: float = 0.0
    unpriced: frozenset[int] = field(default_factory=frozenset)
    session: int = SESSION
    index: int = 0

    def years(self, row: int) -> float:
        return (float(self.series.expiry[row]) - self.session - self.later) / 365.0

    def listed(self, *, vix: bool) -> Ints:
        return self.series.listed(self.session, vix=vix)

    def discount(self, series: int) -> float:
        return float(np.exp(-self.rate * self.years(series)))

    def future(self, series: int) -> tuple[float, bool]:
        return float(self.forward[series]), True

    def vols(self, legs: Legs) -> Floats:
        out = np.empty(len(legs.series))
        for row in np.unique(legs.series).tolist():
            at = legs.series == row
            out[at] = self.vol(row, legs.strike[at], float(self.forward[row]), self.years(row)) + self.bump
        return out

    def greeks(self, legs: Legs) -> Floats:
        forward, vol = self.forward[legs.series], self.vols(legs)
        years = np.array([self.years(int(row)) for row in legs.series])
        parts = black_greeks(forward, legs.strike, years, np.exp(-self.rate * years), vol, legs.right)
        out = np.array([*parts, forward, vol, years])
        out[:, [int(row) in self.unpriced for row in legs.series]] = np.nan
        return out

    def mark(self, legs: Legs) -> Floats:
        return np.asarray(self.greeks(legs)[0])

    def quote(self, legs: Legs) -> Quotes:
        found = self.greeks(legs)
        return Quotes(
            bid=found[0], ask=found[0], mid=found[0], tick=np.full(len(legs.series), 0.01), delta=found[1], forward=found[5]
        )

    def slice(self, series: int, right: int) -> Slice:
        strikes = table.VIX_GRID if self.series.is_vix[series] else table.SPX_GRID
        legs = Legs(series=np.full(strikes.size, series), strike=strikes, right=np.full(strikes.size, float(right)))
        return Slice(
            series=series, right=right, strikes=strikes, delta=np.abs(self.greeks(legs)[1]), forward=float(self.forward[series])
        )

    def moved(self, *, is_vix: bool, points: float = 0.0, vol: float = 0.0, days: float = 0.0) -> StatedSnapshot:
        """The forwards of one family moved by points, every vol by ``vol``, time by days."""
        forward = self.forward + np.where(self.series.is_vix == is_vix, points, 0.0)
        return replace(self, forward=forward, bump=self.bump + vol, later=self.later + days)


class MarksOnly:
    """A snapshot without Greeks of its own, as one of quotes would be."""

    def __init__(self, inner: StatedSnapshot) -> None:
        self._inner = inner
        self.index, self.session, self.spx, self.vix = inner.index, inner.session, inner.spx, inner.vix
        self.listed, self.slice, self.mark = inner.listed, inner.slice, inner.mark
        self.quote, self.discount, self.future = inner.quote, inner.discount, inner.future


def by_strike(level: float, slope: float) -> VolOf:
    """Vols that stay with their strike whatever the forward does: what a finite difference at fixed vol needs."""

    def vols(row: int, strikes: Floats, forward: float, years: float) -> Floats:
        return np.asarray(level + slope * np.sqrt(strikes) / 100.0 + 0.15 * row)

    return vols


def book(rows: Sequence[tuple[Root, int, float, int, float, str, str]], *, open_price: float = np.nan) -> Positions:
    """Positions of (root, days to expiry, strike, right, quantity, sleeve, layer), opened at :data:`SESSION`."""
    n = len(rows)
    return Positions(
        root=tuple(row[0] for row in rows),
        expiry=np.array([SESSION + row[1] for row in rows], dtype=np.int64),
        strike=np.array([row[2] for row in rows], dtype=np.float64),
        right=np.array([row[3] for row in rows], dtype=np.int64),
        quantity=np.array([row[4] for row in rows], dtype=np.float64),
        opened=np.full(n, SESSION, dtype=np.int64),
        open_price=np.full(n, open_price),
        sleeve=tuple(row[5] for row in rows),
        layer=tuple(row[6] for row in rows),
    )


STATED_ROWS = ((Root.SPX, table.CONDOR_DAYS), (Root.VIX, 30), (Root.VIX, 60), (Root.VIX, 90))
"""The series of the published tables (methods.md 8.2)."""
SMILE_B, SMILE_C, X_LOW, X_HIGH = 0.35, -0.035, -1.2, 4.0


def published_market(vix: int) -> StatedSnapshot:
    """The inputs of methods.md 8.2 at one VIX level."""
    series = stated_series(STATED_ROWS)
    carry = (table.RATE - table.DIVIDEND_YIELD) * table.CONDOR_DAYS / 365.0

    def vols(row: int, strikes: Floats, forward: float, years: float) -> Floats:
        if row == 0:
            return table.ssvi_vol(strikes, forward, years, table.SPX_ATM[vix])
        atm = table.VIX_ATM[vix][row - 1]
        x = np.clip(np.log(strikes / forward) / (atm * np.sqrt(years)), X_LOW, X_HIGH)
        return np.asarray(atm * (1.0 + SMILE_B * x + SMILE_C * x * x))

    return StatedSnapshot(
        series=series,
        spx=table.SPOT,
        vix=float(vix),
        rate=table.RATE,
        forward=np.array([table.SPOT * np.exp(carry), *table.CURVE[vix]]),
        vol=vols,
    )


def published_strikes(market: StatedSnapshot, delta: float, *, chosen: str) -> tuple[float, float, float]:
    """Ladder strikes on half points nearest a delta: forward delta, or the published rule's discounted one."""
    made = []
    for row in (1, 2, 3):
        found = market.slice(row, 1)
        value = found.delta * (market.discount(row) if chosen == "published" else 1.0)
        made.append(float(found.strikes[np.argmin(np.abs(value - delta))]))
    return made[0], made[1], made[2]


def published_book(
    strikes: tuple[float, float, float], condor: tuple[float, float, float, float], *, condors: float
) -> Positions:
    """A 4/4/2 ladder beside ``condors`` condors (fractions allowed, for the tables count per $100,000)."""
    days = (30, 60, 90)
    calls = [(Root.VIX, days[k], strikes[k], 1, float(table.LAYER_LOTS[k]), "hedge", f"layer {k + 1}") for k in range(3)]
    rights, signs = (-1, -1, 1, 1), (1.0, -1.0, -1.0, 1.0)
    legs = [(Root.SPX, table.CONDOR_DAYS, condor[k], rights[k], signs[k] * condors, "condor", "") for k in range(4)]
    return book([*calls, *legs])
