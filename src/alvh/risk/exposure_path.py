"""Exposures at every close of a history, by group of lots (a sleeve or a layer), in one pass over all (lot, session) pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alvh.core.days import DayArray, iso
from alvh.core.errors import DataMissing
from alvh.kernels.exposures import greeks_pairs
from alvh.market.history import Floats
from alvh.market.series import XSP_SCALE, SeriesTable
from alvh.risk.betas import RollingBetas, TenorBetas
from alvh.risk.exposures import COLUMN, COLUMNS, RESPONSE, Response, dollar_columns

Ints = NDArray[np.int64]


class SurfaceMarket(Protocol):
    """A market whose prices are functions of a state a session, as ``kernels/surface.py`` describes; ``ModelMarket`` is one."""

    @property
    def sessions(self) -> DayArray: ...
    @property
    def series(self) -> SeriesTable: ...
    @property
    def state(self) -> tuple[Any, ...]: ...
    @property
    def legs_of_series(self) -> tuple[Any, ...]: ...
    @property
    def coefficients(self) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLots:
    """Lots with the market rows over which they are held, (lots,) each.

    ``usd_per_point`` is quantity times multiplier, signed. A lot counts at the closes ``opened`` up to, not including, ``ended``.
    ``right`` is 0 for a VX future. ``group`` indexes ``groups``.
    """

    series: Ints
    strike: Floats
    right: Floats
    usd_per_point: Floats
    opened: Ints
    ended: Ints
    group: Ints
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposurePath:
    """Exposures through time: ``values`` (groups, columns, sessions) in the order of ``exposures.COLUMNS``, dollars.

    A session's β-adjusted columns are NaN where something on VIX was held before the betas' first full window
    (``without_beta`` counts those sessions); 0 where a group holds nothing.
    """

    sessions: DayArray
    groups: tuple[str, ...]
    values: Floats
    spx: Floats
    vix: Floats
    without_beta: int

    def column(self, name: str, group: str | None = None) -> Floats:
        """One exposure, (sessions,), of a group or of all together."""
        if group is None:
            total: Floats = self.values[:, COLUMN[name]].sum(axis=0)
            return total
        out: Floats = self.values[self.groups.index(group), COLUMN[name]]
        return out


def held_pairs(opened: Ints, ended: Ints) -> tuple[Ints, Ints]:
    """(lot, market row) of every close at which a lot is held."""
    held = np.maximum(ended - opened, 0)
    which = np.repeat(np.arange(opened.size), held)
    return which, opened[which] + np.arange(which.size) - np.repeat(np.cumsum(held) - held, held)


def exposures_through_time(
    market: SurfaceMarket,
    lots: HeldLots,
    *,
    first: int,
    count: int,
    vix: Floats,
    betas: RollingBetas | TenorBetas,
    response: Response = RESPONSE,
) -> ExposurePath:
    """Exposures at the closes of market rows ``first`` to ``first + count - 1``; lots held outside them are cut.

    ``vix`` (market rows,) is spot VIX. ``betas`` on the market's own rows, or one set for all. Raises :class:`DataMissing`,
    naming contract and session, for a held lot without price.
    """
    opened, ended = np.maximum(lots.opened, first), np.minimum(lots.ended, first + count)
    which, row = held_pairs(opened, ended)
    series = lots.series[which]
    unit = np.empty((8, which.size))
    strike, right = lots.strike[which], lots.right[which]
    greeks_pairs(market.state, market.legs_of_series, market.coefficients, row, series, strike, right, unit)
    _check_prices(market, lots, which, row, unit)
    dte = (market.series.expiry[series] - market.sessions[row]).astype(np.float64)
    beta, error = betas.pairs(row, dte) if isinstance(betas, RollingBetas) else betas.at(dte)
    is_vix = market.series.is_vix[series]
    spx = np.asarray(market.state[1], dtype=np.float64)
    small = np.array([root.value == "XSP" for root in market.series.roots])
    values = dollar_columns(
        unit,
        usd_per_point=lots.usd_per_point[which],
        is_vix=is_vix,
        index_scale=np.where(small[series], XSP_SCALE, 1.0),
        beta=beta,
        beta_error=error,
        spx=spx[row],
        vix=vix[row],
        response=response,
    )
    flat = lots.group[which] * count + (row - first)
    size = len(lots.groups) * count
    sums = np.array([np.bincount(flat, weights=column, minlength=size) for column in values])
    return ExposurePath(
        sessions=market.sessions[first : first + count],
        groups=lots.groups,
        values=np.ascontiguousarray(sums.reshape(len(COLUMNS), len(lots.groups), count).transpose(1, 0, 2)),
        spx=spx[first : first + count],
        vix=vix[first : first + count],
        without_beta=int(np.unique(row[is_vix & ~np.isfinite(beta)]).size),
    )


def _check_prices(market: SurfaceMarket, lots: HeldLots, which: Ints, row: Ints, unit: Floats) -> None:
    missing = np.flatnonzero(~np.isfinite(unit[:5].sum(axis=0)))
    if missing.size:
        k = int(which[missing[0]])
        contract = f"VX {iso(market.series.expiry[lots.series[k]])}"
        if lots.right[k]:
            contract = f"{market.series.roots[lots.series[k]].value} {iso(market.series.expiry[lots.series[k]])}"
            contract += f" {lots.strike[k]:g} {'C' if lots.right[k] > 0 else 'P'}"
        raise DataMissing(
            f"no price at the close of {iso(market.sessions[row[missing[0]]])} ({missing.size} in all)",
            where=f"lot {k}, {contract}",
            allowed="lots that the market prices at every close at which they are held",
            todo="mend the lot's dates, or the market history of that session",
        )
