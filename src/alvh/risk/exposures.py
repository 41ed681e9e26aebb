"""What a book answers to, in dollars: by position, layer, sleeve and whole.

SPX and VIX contracts are kept apart, for an SPX point and a VIX point are different things, and joined only through stated or
measured numbers: the beta of each VX tenor to spot VIX (:mod:`alvh.risk.betas`) and a :class:`Response`. Every column is dollars
and adds over positions; raw columns stand beside adjusted ones. Definitions: ``docs/reference/exposures.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataInvalid, DataMissing
from alvh.kernels.black import black_greeks
from alvh.kernels.implied import implied_vol
from alvh.market.history import Floats
from alvh.market.market import Legs, Snapshot
from alvh.market.positions import FUTURE, Positions
from alvh.market.series import XSP_SCALE, SeriesTable
from alvh.risk.betas import TenorBetas

Ints = NDArray[np.int64]

COLUMNS = (
    "value_usd",
    "spx_delta_usd_per_point",
    "spx_gamma_usd_per_point2",
    "spx_vega_usd_per_vol_point",
    "spx_short_vega_usd_per_vol_point",
    "spx_theta_usd_per_day",
    "vix_delta_usd_per_point",
    "vix_gamma_usd_per_point2",
    "vix_vega_usd_per_vol_point",
    "vix_theta_usd_per_day",
    "vix_equivalent_usd_per_vix_point",
    "vix_equivalent_error_usd_per_vix_point",
    "spx_vega_usd_per_vix_point",
    "net_usd_per_vix_point",
    "spx_equivalent_delta_usd_per_point",
)
"""What each exposure is called; all add over positions (docs/reference/exposures.md)."""
COLUMN = {name: k for k, name in enumerate(COLUMNS)}

VOL_POINT = 0.01
YEAR_DAYS = 365.0
UNIT_ROWS = ("price", "delta", "gamma", "vega_per_vol_point", "theta_per_day", "forward", "vol", "year_fraction")
"""Rows of :func:`unit_greeks`: points per unit, delta of the price to the own forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How the rest moves with VIX and SPX, where no position measures it.

    ``spx_vol_points_per_vix_point``: at-the-money SPX vol points for one VIX point (methods.md 8.3: .75).
    ``vix_log_per_spx_log``: d ln VIX / d ln SPX (methods.md 5.3: -4.2 in 1993-2025), which turns VIX exposure into SPX exposure.
    """

    spx_vol_points_per_vix_point: float = 0.75
    vix_log_per_spx_log: float = -4.2


RESPONSE = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposures:
    """Exposures of every position, ``values`` (positions, columns) in the order of :data:`COLUMNS`.

    ``forward`` (own, points), ``vol`` (decimal, 0 for a future), ``dte`` (calendar days), ``beta`` and ``beta_error`` (NaN for
    SPX contracts) are (positions,). ``beta_label`` says what the betas were measured on.
    """

    positions: Positions
    session: int
    spx: float
    vix: float
    values: Floats
    forward: Floats
    vol: Floats
    dte: Floats
    beta: Floats
    beta_error: Floats
    beta_label: str
    response: Response

    def column(self, name: str) -> Floats:
        """One exposure of every position, (positions,)."""
        out: Floats = self.values[:, COLUMN[name]]
        return out

    def by_layer(self) -> dict[tuple[str, str], dict[str, float]]:
        """Sums by (sleeve, layer), in order of first appearance."""
        return {key: named(total) for key, total in self._layer_sums().items()}

    def by_sleeve(self) -> dict[str, dict[str, float]]:
        """Sums by sleeve: of its layers, so that layers add up exactly."""
        return {sleeve: named(total) for sleeve, total in self._sleeve_sums().items()}

    def book(self) -> dict[str, float]:
        """Sums over the sleeves."""
        return named(_add(list(self._sleeve_sums().values())))

    def document(self) -> dict[str, Any]:
        """Everything as plain numbers: ``positions``, ``layers``, ``sleeves``, ``book`` and what they rest on."""
        book, rows = self.positions, []
        for k in range(len(book)):
            row: dict[str, Any] = {
                "contract": contract_text(book, k),
                "quantity": float(book.quantity[k]),
                "sleeve": book.sleeve[k],
                "layer": book.layer[k],
                "dte": float(self.dte[k]),
                "forward_points": float(self.forward[k]),
                "implied_vol_points": None if book.right[k] == FUTURE else 100.0 * float(self.vol[k]),
                "beta": float(self.beta[k]) if np.isfinite(self.beta[k]) else None,
                "beta_error": float(self.beta_error[k]) if np.isfinite(self.beta_error[k]) else None,
            }
            rows.append(row | named(self.values[k]))
        return {
            "session": iso(self.session),
            "spx": self.spx,
            "vix": self.vix,
            "betas": self.beta_label,
            "spx_vol_points_per_vix_point": self.response.spx_vol_points_per_vix_point,
            "vix_log_per_spx_log": self.response.vix_log_per_spx_log,
            "positions": rows,
            "layers": [{"sleeve": key[0], "layer": key[1], **sums} for key, sums in self.by_layer().items()],
            "sleeves": self.by_sleeve(),
            "book": self.book(),
        }

    def _layer_sums(self) -> dict[tuple[str, str], Floats]:
        keys = list(zip(self.positions.sleeve, self.positions.layer, strict=True))
        return {key: _add([self.values[k] for k, other in enumerate(keys) if other == key]) for key in dict.fromkeys(keys)}

    def _sleeve_sums(self) -> dict[str, Floats]:
        layers = self._layer_sums()
        return {
            name: _add([total for key, total in layers.items() if key[0] == name])
            for name in dict.fromkeys(self.positions.sleeve)
        }


def named(total: Floats) -> dict[str, float]:
    """One row of exposures by name."""
    return dict(zip(COLUMNS, total.tolist(), strict=True))


def _add(parts: Sequence[Floats]) -> Floats:
    total = np.zeros(len(COLUMNS))
    for part in parts:
        total = total + part
    return total


def contract_text(positions: Positions, k: int) -> str:
    """``VIX 2026-02-18 25 C``; a future has neither strike nor right."""
    head = f"{positions.root[k].value} {iso(positions.expiry[k])}"
    return head if positions.right[k] == FUTURE else f"{head} {positions.strike[k]:g} {'C' if positions.right[k] > 0 else 'P'}"


def legs_of(positions: Positions, series: SeriesTable) -> Legs:
    """Series row, strike and right of every position; a future takes the VIX row of its expiry, strike NaN and right 0.

    Raises :class:`DataInvalid`, naming position and nearest expiries, where the table has no such expiry.
    """
    rows = np.empty(len(positions), dtype=np.int64)
    found: dict[tuple[Root, int], int] = {}
    for k, root in enumerate(positions.root):
        key = (root, int(positions.expiry[k]))
        if key not in found:
            found[key] = _series_row(positions, k, series)
        rows[k] = found[key]
    return Legs(series=rows, strike=positions.strike, right=positions.right.astype(np.float64))


def _series_row(positions: Positions, k: int, series: SeriesTable) -> int:
    root, expiry = positions.root[k], int(positions.expiry[k])
    future = root in (Root.VX, Root.VXM)
    wanted = (Root.VIX, Root.VIXW) if future else (root,)
    on_day = np.flatnonzero(series.expiry == expiry)
    for row in on_day.tolist():
        if series.roots[row] in wanted:
            return int(row)
    days = np.array([int(series.expiry[row]) for row, name in enumerate(series.roots) if name in wanted], dtype=np.int64)
    near = sorted(set(days[np.argsort(np.abs(days - expiry), kind="stable")[:3]].tolist()))
    others = sorted({series.roots[row].value for row in on_day.tolist()})
    raise DataInvalid(
        f"no {root.value} contract expires on {iso(expiry)}" + (f" (of {' and '.join(others)} one does)" if others else ""),
        where=f"position {k + 1}, {contract_text(positions, k)}",
        allowed="near by: " + ", ".join(iso(day) for day in near) if near else "no expiry of that root is in the table",
        todo="mend the root or the expiry in the book",
    )


def unit_greeks(snapshot: Snapshot, legs: Legs, series: SeriesTable) -> Floats:
    """(8, legs) the rows of :data:`UNIT_ROWS`, per unit: the snapshot's own, else from the vols that its marks imply.

    NaN where the snapshot has no price. A leg whose ``right`` is 0 is a future.
    """
    out = np.zeros((len(UNIT_ROWS), len(legs.series)))
    years = np.maximum(series.expiry[legs.series] - snapshot.session, 0) / YEAR_DAYS
    option = legs.right != FUTURE
    if option.any():
        chosen = legs
        if not option.all():
            chosen = Legs(series=legs.series[option], strike=legs.strike[option], right=legs.right[option])
        rows = chosen.series.tolist()
        known = {row: snapshot.discount(row) for row in set(rows)}
        discount = np.array([known[row] for row in rows])
        own = getattr(snapshot, "greeks", None)  # a modelled market knows its vols; quotes give them by inversion
        raw = (
            _implied_greeks(snapshot, chosen, discount, years[option]) if own is None else np.array(own(chosen), dtype=np.float64)
        )
        raw[1] *= discount
        raw[3] *= VOL_POINT
        raw[4] /= YEAR_DAYS
        out[:, option] = raw
    for k in np.flatnonzero(~option).tolist():
        price, _ = snapshot.future(int(legs.series[k]))
        out[:, k] = (price, 1.0, 0.0, 0.0, 0.0, price, 0.0, years[k])
    return out


def _implied_greeks(snapshot: Snapshot, legs: Legs, discount: Floats, years: Floats) -> Floats:
    """The rows of ``ModelSnapshot.greeks`` at the vol that each mark implies; without time value an option has vol 0."""
    mark, forward = snapshot.mark(legs), snapshot.quote(legs).forward
    vol = np.nan_to_num(implied_vol(mark, forward, legs.strike, years, discount, legs.right), nan=0.0)
    greeks = black_greeks(forward, legs.strike, years, discount, vol, legs.right)
    return np.array([mark, *greeks[1:], forward, vol, years])


def exposures(
    snapshot: Snapshot, positions: Positions, series: SeriesTable, betas: TenorBetas, *, response: Response = RESPONSE
) -> Exposures:
    """Exposures of a book at one close.

    Raises :class:`DataInvalid` for an expiry that is past or not in the table, :class:`DataMissing` for a position without price.
    """
    legs = legs_of(positions, series)
    dte = (positions.expiry - snapshot.session).astype(np.float64)
    past = np.flatnonzero(dte <= 0.0)
    if past.size:
        raise DataInvalid(
            f"expired by the close of {iso(snapshot.session)}",
            where=f"position {past[0] + 1}, {contract_text(positions, int(past[0]))}",
            allowed="expiries after the session",
            todo="drop the position from the book, or choose an earlier date",
        )
    unit = unit_greeks(snapshot, legs, series)
    without = np.flatnonzero(~np.isfinite(unit).all(axis=0))
    if without.size:
        more = f", and {without.size - 1} more positions" if without.size > 1 else ""
        raise DataMissing(
            f"no price at the close of {iso(snapshot.session)}{more}",
            where=f"position {without[0] + 1}, {contract_text(positions, int(without[0]))}",
            allowed="contracts that the market prices on that session",
            todo="mend the contract or take it out of the book",
        )
    return assemble(snapshot, positions, unit, betas, response)


def assemble(
    snapshot: Snapshot, positions: Positions, unit: Floats, betas: TenorBetas, response: Response, *, days: int = 0
) -> Exposures:
    """Exposures from unit Greeks (rows of :data:`UNIT_ROWS`, positions) that hold ``days`` after the snapshot."""
    is_vix = positions.is_vix
    dte = np.maximum(positions.expiry - snapshot.session - days, 0).astype(np.float64)
    beta, error = betas.at(dte)
    values = dollar_columns(
        unit,
        usd_per_point=positions.quantity * positions.multiplier_usd,
        is_vix=is_vix,
        index_scale=np.array([XSP_SCALE if root == Root.XSP else 1.0 for root in positions.root]),
        beta=beta,
        beta_error=error,
        spx=snapshot.spx,
        vix=snapshot.vix,
        response=response,
    )
    return Exposures(
        positions=positions,
        session=snapshot.session,
        spx=snapshot.spx,
        vix=snapshot.vix,
        values=np.ascontiguousarray(values.T),
        forward=unit[5],
        vol=unit[6],
        dte=dte,
        beta=np.where(is_vix, beta, np.nan),
        beta_error=np.where(is_vix, error, np.nan),
        beta_label=betas.label,
        response=response,
    )


def dollar_columns(
    unit: Floats,
    *,
    usd_per_point: Floats,
    is_vix: NDArray[np.bool_],
    index_scale: Floats,
    beta: Floats,
    beta_error: Floats,
    spx: Floats | float,
    vix: Floats | float,
    response: Response,
) -> Floats:
    """(columns, n) dollars from unit Greeks (8, n), signed dollars a point (n,), and levels (n,) or one for all.

    ``index_scale`` is the index of an SPX contract in units of SPX: a point of XSP is ten of SPX.
    """
    price, delta, gamma, vega, theta, forward = unit[:6]
    usd_vix = np.where(is_vix, usd_per_point, 0.0)
    usd_spx = np.where(is_vix, 0.0, usd_per_point)
    out = np.empty((len(COLUMNS), unit.shape[1]))
    out[0] = usd_per_point * price
    out[1] = usd_spx * delta * index_scale
    out[2] = usd_spx * gamma * index_scale**2
    out[3] = usd_spx * vega
    out[4] = np.minimum(usd_spx, 0.0) * vega
    out[5] = usd_spx * theta
    out[6] = usd_vix * delta
    out[7] = usd_vix * gamma
    out[8] = usd_vix * vega
    out[9] = usd_vix * theta
    out[10] = np.where(is_vix, out[6] * beta, 0.0)
    out[11] = np.where(is_vix, out[6] * beta_error, 0.0)
    out[12] = out[3] * response.spx_vol_points_per_vix_point
    out[13] = out[10] + out[12]
    out[14] = usd_spx * delta * forward / spx + out[10] * response.vix_log_per_spx_log * vix / spx
    return out
