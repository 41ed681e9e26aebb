"""An overlay's choices, pure: roll days, expiries, strikes and units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso
from alvh.core.errors import ConfigError, DataMissing
from alvh.market.market import Legs, Quotes, Slice, Snapshot
from alvh.market.series import SeriesTable
from alvh.strategy.costing import fill_prices
from alvh.strategy.overlay_policy import Overlay, OverlayBand, OverlayLeg, OverlaySize
from alvh.strategy.selection import CALL, PUT

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def monthly_rows(series: SeriesTable, *, vix: bool) -> NDArray[np.int64]:
    """Series rows of the standard monthlies of one family (those that settle on an opening), ascending by expiry."""
    return np.flatnonzero(series.monthly & series.am & (series.is_vix == vix))


def overlay_days(overlay: Overlay, series: SeriesTable, sessions: DayArray) -> Bools:
    """Sessions (n,) -> (n,) True where the overlay rolls: the settlement session of a monthly, or that many sessions before."""
    settles = series.settlement_session[monthly_rows(series, vix=overlay.root == "VIX")]
    row = np.searchsorted(sessions, settles)
    known = (row < len(sessions)) & (sessions[np.minimum(row, len(sessions) - 1)] == settles)
    row = row[known] - overlay.sessions_earlier
    due = np.zeros(len(sessions), dtype=np.bool_)
    due[row[row >= 0]] = True
    return due


def choose_expiry(overlay: Overlay, leg: OverlayLeg, series: SeriesTable, snapshot: Snapshot) -> int:
    """Row of the leg's expiry: the next month that its cycle divides, after the expiry that this session's roll belongs to.

    A roll that comes ``sessions_earlier`` still passes over the month whose monthly is about to settle.
    """
    rows = monthly_rows(series, vix=overlay.root == "VIX")
    rows = rows[series.settlement_session[rows] > snapshot.session]
    if overlay.sessions_earlier:
        rows = rows[1:]
    month = series.expiry[rows].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    fit = rows[month % leg.cycle_months == 0]
    if not fit.size:
        raise DataMissing("no monthly expiry is left", where=f"{iso(snapshot.session)}, leg {leg.name}")
    return int(fit[0])


def choose_strike(leg: OverlayLeg, chain: Slice, level: float) -> float:
    """Listed strike of a leg; ``level`` is the index, or the forward for a VIX leg."""
    strikes, rule = chain.strikes, leg.strike
    if rule.kind == "delta":
        return float(strikes[int(np.argmin(np.abs(chain.delta - rule.delta)))])
    aim = level * (1.0 + (rule.out_pct if leg.right == "call" else -rule.out_pct) / 100.0)
    if rule.rounding == "nearest":
        return float(strikes[int(np.argmin(np.abs(strikes - aim)))])
    if rule.rounding == "down":
        return float(strikes[max(int(np.searchsorted(strikes, aim + 1e-9, side="right")) - 1, 0)])
    return float(strikes[min(int(np.searchsorted(strikes, aim - 1e-9, side="left")), len(strikes) - 1)])


def choose_paying_strike(leg: OverlayLeg, chain: Slice, snapshot: Snapshot, share: float, cost: float) -> float:
    """The furthest strike at which the leg still brings in ``cost`` points; the nearest to the money where none does.

    ``share`` of the half-spread is paid, as at the fill.
    """
    right = CALL if leg.right == "call" else PUT
    out = chain.strikes >= chain.forward if right == CALL else chain.strikes <= chain.forward
    strikes = chain.strikes[out]
    legs = Legs.of([(chain.series, float(strike), right) for strike in strikes])
    price = fill_prices(snapshot.quote(legs), np.full(len(strikes), np.sign(leg.quantity)), share)
    pays = np.flatnonzero(-leg.quantity * price >= cost)
    if not pays.size:
        return float(strikes[0] if right == CALL else strikes[-1])
    return float(strikes[pays[-1] if right == CALL else pays[0]])


def units_held(size: OverlaySize, value: float, *, index: float, strikes_in_bills: float, premium: float, width: float) -> float:
    """Units of the package that ``value`` dollars hold, for the kinds ``funded`` and ``max_loss``.

    ``index``: index points per unit held as index; ``strikes_in_bills``: present value of the strike that bills stand for;
    ``premium``: signed price of all legs of a unit, paid above zero; ``width``: widest wing. All in points, a point a dollar.
    :class:`ConfigError` where a unit costs nothing.
    """
    cost = size.multiple * width if size.kind == "max_loss" else index + strikes_in_bills + premium
    if not cost > 0.0:
        raise ConfigError(
            "the widest wing is zero points wide" if size.kind == "max_loss" else f"a unit of the package costs {cost:g} points",
            where=f"overlay.size, kind {size.kind}",
            allowed="a package that costs something, so that units can be counted",
            todo="move the wings apart" if size.kind == "max_loss" else "back what is sold by bills or index units",
        )
    return value / cost


def band_share(bands: tuple[OverlayBand, ...], level: float) -> float:
    """Share of the book that the bands spend on premium at a level."""
    return sum(band.share_pct / 100.0 for band in bands if band.above < level <= band.up_to)


def widest_wing(legs: Legs, quantity: Floats) -> float:
    """Widest distance between a short strike and the long one of its right."""
    widths = [0.0]
    for right in (PUT, CALL):
        side = legs.right == right
        short, long = legs.strike[side & (quantity < 0)], legs.strike[side & (quantity > 0)]
        if short.size and long.size:
            widths.append(float(np.abs(short[:, None] - long[None, :]).max()))
    return max(widths)


def premium_points(quotes: Quotes, quantity: Floats, share: float) -> float:
    """Signed price of a unit's legs at the fill, paid above zero; ``share`` of the half-spread is paid."""
    return float(np.dot(fill_prices(quotes, np.sign(quantity), share), quantity))
