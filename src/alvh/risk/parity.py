"""Put-call parity of VIX options against the VX future (R59), and what equal protection costs in VIX calls and SPX put spreads.

A VIX option settles on the value on which the VX future of its expiry settles, so that a call less a put at one strike is the
discounted forward less the strike, whatever the smile. A **conversion** buys the future and sells the synthetic one (sells the
call, buys the put); a **reversal** is the other way round. Both are counted at what can be traded: bid and ask on options, half a
spread on the future, fees on every contract. Interest on the future's daily variation is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import DataMissing, UsageError
from alvh.market.chain import QuotedChain
from alvh.market.history import Floats
from alvh.market.market import Legs, Snapshot
from alvh.market.scenarios import Response, Scenarios
from alvh.market.strips import parity_forward

Ints = NDArray[np.int64]

YEAR_DAYS = 365.0
OPTION_USD = 100.0
"""Dollars a point of a VIX option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityCosts:
    """Costs of one side of a conversion: fees a contract, and half the future's spread.

    Defaults: the fees of ``core.fees``; ten options stand against one VX (1,000 dollars a point), whose outright tick is .05
    points, so that half of one tick is the least a taker gives up (CFE, VX contract specification).
    """

    option_fee_usd: float = 1.10
    future_fee_usd: float = 2.50
    future_usd_per_point: float = 1_000.0
    future_half_spread_points: float = 0.025

    @property
    def per_pair_usd(self) -> float:
        """Fees of a call, a put and their share of a future, dollars."""
        return 2.0 * self.option_fee_usd + self.future_fee_usd * OPTION_USD / self.future_usd_per_point


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityRow:
    """One VIX expiry. Points of VIX unless said otherwise; ``None`` where quotes or the future are missing.

    ``implied`` is the forward from mids at the strike where call and put are nearest. ``pairs`` counts strikes with both sides
    quoted two-sided, ``inconsistent`` those (of all tradable) whose own synthetic bid and ask do not hold ``implied``: stale or
    rebuilt quotes. ``implied_bid`` and ``implied_ask`` are the best prices at which the synthetic future can be sold and bought
    at a consistent strike, ``bid_strike`` and ``ask_strike``. ``gap`` is ``implied`` less ``future``.
    ``conversion_usd`` and ``reversal_usd`` are what a call-and-put pair leaves at expiry after all costs; ``box_usd`` is what the
    dearest against the cheapest synthetic of *all* strikes leaves, a test of the quotes. Above 0 it could be earned.
    """

    expiry: int
    root: str
    dte: int
    pairs: int
    inconsistent: int
    implied: float | None
    implied_bid: float | None
    implied_ask: float | None
    bid_strike: float | None
    ask_strike: float | None
    future: float | None
    gap: float | None
    conversion_usd: float | None
    reversal_usd: float | None
    box_usd: float | None

    @property
    def inside(self) -> bool | None:
        """Whether the future lies where neither trade pays; None without a future or quotes."""
        if self.conversion_usd is None or self.reversal_usd is None:
            return None
        return self.conversion_usd <= 0.0 and self.reversal_usd <= 0.0


def scan(
    chain: QuotedChain, futures: Mapping[int, float], rate: float, costs: ParityCosts | None = None
) -> tuple[ParityRow, ...]:  # fmt: skip
    """Parity of every VIX expiry of a chain, ascending; ``futures`` VX prices by expiry day, ``rate`` decimal a year.

    Raises :class:`UsageError` for a chain that is not on VIX.
    """
    if chain.underlying != "VIX":
        raise UsageError(f"a chain of {chain.underlying}", where=chain.source, allowed="VIX options", todo="scan VIX chains")
    used = ParityCosts() if costs is None else costs
    rows = []
    for expiry in np.unique(chain.expiry[chain.expiry > chain.session]).tolist():
        rows.append(_expiry(chain, int(expiry), futures.get(int(expiry)), rate, used))
    return tuple(rows)


def _expiry(chain: QuotedChain, expiry: int, future: float | None, rate: float, costs: ParityCosts) -> ParityRow:
    chosen = chain.expiry == expiry
    strikes, call, put = _pairs(chain, chosen)
    dte = expiry - chain.session
    discount = math.exp(-rate * dte / YEAR_DAYS)
    # A zero bid is a price at which nothing can be sold, so that only a bid above zero makes a side of a trade.
    sell = np.where((call[0] > 0.0) & (put[1] > 0.0), strikes + (call[0] - put[1]) / discount, np.nan)
    buy = np.where((call[1] > 0.0) & (put[0] > 0.0), strikes + (call[1] - put[0]) / discount, np.nan)
    two_sided = (call[0] > 0.0) & (put[0] > 0.0) & (call[1] >= call[0]) & (put[1] >= put[0])
    mids = [np.where(two_sided, 0.5 * (side[0] + side[1]), np.nan) for side in (call, put)]
    tradable = np.isfinite(sell) | np.isfinite(buy)
    implied, off = None, np.zeros(strikes.shape, dtype=np.bool_)
    if two_sided.any():
        implied = parity_forward(strikes, mids[0], mids[1], discount).forward
        off = tradable & ((np.nan_to_num(sell, nan=-np.inf) > implied) | (np.nan_to_num(buy, nan=np.inf) < implied))
    low, low_at = _best(np.where(off, np.nan, sell), strikes, 1.0)
    high, high_at = _best(np.where(off, np.nan, buy), strikes, -1.0)
    dear, cheap = _best(sell, strikes, 1.0)[0], _best(buy, strikes, -1.0)[0]
    fees, half = costs.per_pair_usd / discount, costs.future_half_spread_points
    return ParityRow(
        expiry=expiry,
        root=str(chain.root[chosen][0]),
        dte=dte,
        pairs=int(two_sided.sum()),
        inconsistent=int(off.sum()),
        implied=implied,
        implied_bid=low,
        implied_ask=high,
        bid_strike=low_at,
        ask_strike=high_at,
        future=future,
        gap=None if implied is None or future is None else implied - future,
        conversion_usd=None if low is None or future is None else OPTION_USD * (low - future - half) - fees,
        reversal_usd=None if high is None or future is None else OPTION_USD * (future - half - high) - fees,
        box_usd=None if dear is None or cheap is None else OPTION_USD * (dear - cheap) - 4.0 * costs.option_fee_usd / discount,
    )


def _pairs(chain: QuotedChain, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Strikes with a call and a put, and (bid, ask) rows of each, NaN where there is none; duplicates keep the first."""
    sides = []
    for right in (1.0, -1.0):
        rows = np.flatnonzero(chosen & (chain.right == right))
        strike, first = np.unique(chain.strike[rows], return_index=True)
        sides.append((strike, rows[first]))
    strikes, calls, puts = np.intersect1d(sides[0][0], sides[1][0], return_indices=True)
    call, put = sides[0][1][calls], sides[1][1][puts]
    return strikes, np.array([chain.bid[call], chain.ask[call]]), np.array([chain.bid[put], chain.ask[put]])


def _best(values: Floats, strikes: Floats, sign: float) -> tuple[float | None, float | None]:
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return None, None
    at = int(known[np.argmax(sign * values[known])])
    return float(values[at]), float(strikes[at])


@dataclass(frozen=True, slots=True, kw_only=True)
class StressPrice:
    """What protection of ``gain_usd`` in a stated stress costs in one structure, dollars.

    ``contracts`` is fractional: a price, not an order. ``premium_usd`` is paid now at mid, ``spread_usd`` the half-spreads on
    top, ``decay_usd`` what it loses in ``decay_days`` in which SPX and VIX stand still and the curve rolls.
    """

    name: str
    contracts: float
    gain_usd: float
    premium_usd: float
    spread_usd: float
    decay_usd: float
    decay_days: int


def equal_stress(
    snapshot: Snapshot,
    structures: Mapping[str, tuple[Legs, Floats]],
    scenario: Scenarios,
    *,
    gain_usd: float = 10_000.0,
    response: Response | None = None,
    decay_days: int = 30,
) -> tuple[StressPrice, ...]:
    """Every structure (legs, signed ratios a unit) sized so that it gains ``gain_usd`` in the one ``scenario``.

    Raises :class:`UsageError` for more than one scenario, :class:`DataMissing` where a structure gains nothing in it or has no
    price.
    """
    if len(scenario) != 1:
        raise UsageError(f"{len(scenario)} scenarios", where="equal stress", allowed="one", todo="compare stress by stress")
    used = Response() if response is None else response
    made = []
    for name, (legs, ratio) in structures.items():
        now = snapshot.mark(legs)
        quotes = snapshot.quote(legs)
        shocked = snapshot.reprice(legs, scenario, used)[0]
        later = snapshot.reprice(legs, Scenarios.of(0.0, 0.0, float(decay_days)), used)[0]
        unit = OPTION_USD * float(ratio @ (shocked - now))
        if not math.isfinite(unit) or unit <= 0.0:
            raise DataMissing(
                f"{name} gains {unit:,.2f} USD a unit in the stress",
                where="equal stress",
                allowed="a structure that gains there",
                todo="choose a larger stress or nearer strikes",
            )
        count = gain_usd / unit
        half = 0.5 * (quotes.ask - quotes.bid)
        made.append(
            StressPrice(
                name=name,
                contracts=count,
                gain_usd=gain_usd,
                premium_usd=count * OPTION_USD * float(ratio @ now),
                spread_usd=count * OPTION_USD * float(np.abs(ratio) @ half),
                decay_usd=count * OPTION_USD * float(ratio @ (now - later)),
                decay_days=decay_days,
            )
        )
    return tuple(made)


CALL_DELTA = 0.20
"""Delta of the compared calls: the middle of the published ladder (methods.md 8.3)."""
PUT_DELTAS = (0.16, 0.05)
"""Deltas of the bought and the sold put of the compared spread: the default condor's put side, turned round."""
STRESS_DAYS = (30, 60)
"""Days to expiry nearest which VIX calls and SPX put spreads are compared."""


def compared_structures(snapshot: Snapshot, expiry: Floats | Ints) -> dict[str, tuple[Legs, Floats]]:
    """VIX calls and SPX put spreads nearest :data:`STRESS_DAYS` by name; ``expiry`` (series,) is the series table's."""
    made: dict[str, tuple[Legs, Floats]] = {}
    for days in STRESS_DAYS:
        for vix in (True, False):
            rows = snapshot.listed(vix=vix)
            row = int(rows[np.argmin(np.abs(expiry[rows] - snapshot.session - days))])
            dte = int(expiry[row]) - snapshot.session
            if vix:
                strikes = [_at_delta(snapshot, row, 1, CALL_DELTA)]
                name = f"VIX {dte}-day {100 * CALL_DELTA:.0f}-delta call"
            else:
                strikes = [_at_delta(snapshot, row, -1, delta) for delta in PUT_DELTAS]
                name = f"SPX {dte}-day {100 * PUT_DELTAS[0]:.0f}/{100 * PUT_DELTAS[1]:.0f}-delta put spread"
            legs = Legs.of([(row, strike, 1 if vix else -1) for strike in strikes])
            made[name] = (legs, np.array([1.0, -1.0][: len(strikes)]))
    return made


def _at_delta(snapshot: Snapshot, series: int, right: int, delta: float) -> float:
    found = snapshot.slice(series, right)
    return float(found.strikes[np.argmin(np.abs(found.delta - delta))])
