"""How much of the condors' vega the hedge covers, and what the hedge's size is under every published reading.

The hedge's "vega" is its dollar change per VIX point: delta on its own VX forward, times the beta of that tenor (R50). Its vega
to the vol of the VIX is another thing and stands beside it in the exposures. The published tables (methods.md 8.3) divide by the
condors' dollars per *SPX vol point*; where SPX at-the-money vol moves by another amount than VIX does, the figures per VIX point
differ, and both are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alvh.core.contracts import Root
from alvh.market.history import Floats
from alvh.market.positions import NOT_OPENED, Positions
from alvh.market.series import XSP_SCALE
from alvh.risk.exposure_path import ExposurePath
from alvh.risk.exposures import Exposures, contract_text

CONDOR, HEDGE = "condor", "hedge"
PER_USD = 100_000.0
"""The sum that the published sizes name (R03)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Coverage of the condors' short vega, fractions (1.0 covers all); None where there is no short vega to cover.

    ``hedge_naive`` and ``hedge_adjusted`` are dollars per VIX point without and with betas, ``hedge_error`` the standard error of
    the second from the betas alone; ``net_vega`` and ``short_vega`` (short legs only) the condors' dollars lost per SPX vol
    point, positive. The four ``..._per_vix_point`` fractions divide by the loss per VIX point instead.
    """

    hedge_naive_usd_per_vix_point: float
    hedge_adjusted_usd_per_vix_point: float
    hedge_error_usd_per_vix_point: float
    net_vega_usd_per_vol_point: float
    short_vega_usd_per_vol_point: float
    spx_vol_points_per_vix_point: float
    net_naive: float | None
    net_adjusted: float | None
    short_naive: float | None
    short_adjusted: float | None
    net_naive_per_vix_point: float | None
    net_adjusted_per_vix_point: float | None
    short_naive_per_vix_point: float | None
    short_adjusted_per_vix_point: float | None


def coverage(exposures: Exposures, *, condor: str = CONDOR, hedge: str = HEDGE) -> Coverage:
    """Coverage of one sleeve by another. SPX contracts in the hedge count with their vega, one VIX point as one SPX vol point
    (or, in the figures per VIX point, by the response)."""
    in_hedge = np.array([name == hedge for name in exposures.positions.sleeve], dtype=np.bool_)
    in_condor = np.array([name == condor for name in exposures.positions.sleeve], dtype=np.bool_)

    def total(name: str, rows: Any) -> float:
        return float(exposures.column(name)[rows].sum())

    response = exposures.response.spx_vol_points_per_vix_point
    raw, adjusted = total("vix_delta_usd_per_point", in_hedge), total("vix_equivalent_usd_per_vix_point", in_hedge)
    spx_vega = total("spx_vega_usd_per_vol_point", in_hedge)
    net = -total("spx_vega_usd_per_vol_point", in_condor)
    short = -total("spx_short_vega_usd_per_vol_point", in_condor)
    parts = {
        "net_naive": (raw, net),
        "net_adjusted": (adjusted, net),
        "short_naive": (raw, short),
        "short_adjusted": (adjusted, short),
    }
    published = {name: share(gain + spx_vega, loss) for name, (gain, loss) in parts.items()}
    by_vix = {f"{name}_per_vix_point": share(gain + response * spx_vega, response * loss) for name, (gain, loss) in parts.items()}
    return Coverage(
        hedge_naive_usd_per_vix_point=raw + spx_vega,
        hedge_adjusted_usd_per_vix_point=adjusted + spx_vega,
        hedge_error_usd_per_vix_point=abs(total("vix_equivalent_error_usd_per_vix_point", in_hedge)),
        net_vega_usd_per_vol_point=net,
        short_vega_usd_per_vol_point=short,
        spx_vol_points_per_vix_point=response,
        **published,
        **by_vix,
    )


def share(gain_usd: float, loss_usd: float) -> float | None:
    """Gain over loss, None where there is no loss to cover."""
    return gain_usd / loss_usd if loss_usd > 0.0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePath:
    """Coverage at every session, (sessions,) fractions; NaN where no condor is short vega or no beta was measured yet."""

    net_naive: Floats
    net_adjusted: Floats
    short_naive: Floats
    short_adjusted: Floats


def coverage_through_time(path: ExposurePath, *, condor: tuple[str, ...], hedge: tuple[str, ...]) -> CoveragePath:
    """As :func:`coverage` per SPX vol point, at each session; ``condor`` and ``hedge`` name groups of ``path``."""

    def total(name: str, groups: tuple[str, ...]) -> Floats:
        return np.asarray(np.sum([path.column(name, group) for group in groups], axis=0))

    spx_vega = total("spx_vega_usd_per_vol_point", hedge)
    raw = total("vix_delta_usd_per_point", hedge) + spx_vega
    adjusted = total("vix_equivalent_usd_per_vix_point", hedge) + spx_vega
    net = -total("spx_vega_usd_per_vol_point", condor)
    short = -total("spx_short_vega_usd_per_vol_point", condor)

    def ratio(gain: Floats, loss: Floats) -> Floats:
        return np.asarray(np.divide(gain, loss, out=np.full(gain.shape, np.nan), where=loss > 0.0))

    return CoveragePath(
        net_naive=ratio(raw, net), net_adjusted=ratio(adjusted, net), short_naive=ratio(raw, short),
        short_adjusted=ratio(adjusted, short),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Notional:
    """The three readings of notional (R03) of the open condors, and their credit.

    ``index_usd`` is SPX x 100 x lots; ``risk_capital_usd`` the largest loss at expiry after the credit, None where it is
    unlimited (``notes`` say which); ``lots`` condor lots (the greater of short puts and short calls). ``credit_usd`` is what was
    received, or where an opening price is not known what the marks say. ``credit_per_day_usd`` spreads each credit over its days
    from opening (or from now) to expiry.
    """

    index_usd: float
    risk_capital_usd: float | None
    lots: float
    credit_usd: float
    credit_per_day_usd: float
    notes: tuple[str, ...]


def notional(exposures: Exposures, *, condor: str = CONDOR) -> Notional:
    """Readings of the condor sleeve: positions of one root, expiry and opening day are one condor."""
    positions = exposures.positions
    index_usd, risk, lots, credit_total, per_day = 0.0, 0.0, 0.0, 0.0, 0.0
    bounded, notes = True, []
    for rows in _condors(positions, condor):
        first = int(rows[0])
        quantity, multiplier = positions.quantity[rows], positions.multiplier_usd[rows]
        scale = XSP_SCALE if positions.root[first] == Root.XSP else 1.0
        short = np.maximum(-quantity, 0.0)
        count = float(max(short[positions.right[rows] < 0].sum(), short[positions.right[rows] > 0].sum()))
        known = np.isfinite(positions.open_price[rows])
        value = np.where(
            known, quantity * multiplier * np.where(known, positions.open_price[rows], 0.0), exposures.column("value_usd")[rows]
        )
        credit = -float(value.sum())
        if not known.all():
            notes.append(f"{contract_text(positions, first)} and its legs: credit from marks, an opening price is not known")
        loss = worst_loss(positions.strike[rows], positions.right[rows], quantity * multiplier)
        opened = int(positions.opened[first])
        days = int(positions.expiry[first]) - (exposures.session if opened == NOT_OPENED else opened)
        index_usd += count * float(multiplier[0]) * exposures.spx * scale
        lots += count
        credit_total += credit
        per_day += credit / max(days, 1)
        if loss is None:
            bounded = False
            notes.append(f"{contract_text(positions, first)} and its legs: a short call has no partner, the loss is unlimited")
        else:
            risk += max(loss - credit, 0.0)
    return Notional(
        index_usd=index_usd,
        risk_capital_usd=risk if bounded else None,
        lots=lots,
        credit_usd=credit_total,
        credit_per_day_usd=per_day,
        notes=tuple(notes),
    )


def _condors(positions: Positions, condor: str) -> list[Any]:
    """Rows of each condor, in order of first appearance."""
    groups: dict[tuple[Root, int, int], list[int]] = {}
    for k, sleeve in enumerate(positions.sleeve):
        if sleeve == condor:
            key = (positions.root[k], int(positions.expiry[k]), int(positions.opened[k]))
            groups.setdefault(key, []).append(k)
    return [np.array(rows, dtype=np.int64) for rows in groups.values()]


def worst_loss(strike: Floats, right: Any, usd_per_point: Floats) -> float | None:
    """Largest dollars lost at expiry by options of one expiry, premiums left out; None where a rise loses without limit."""
    calls = usd_per_point[right > 0].sum()
    if calls < 0.0:
        return None
    levels = np.concatenate([[0.0], strike])
    payoff = (usd_per_point * np.maximum(right * (levels[:, None] - strike), 0.0)).sum(axis=1)
    return float(max(-payoff.min(), 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeReadings:
    """One size in every published reading: hedge contracts by layer, per $100,000 of each notional and per condor lot.

    None where the notional is zero or unlimited.
    """

    layers: tuple[str, ...]
    contracts: Floats
    per_100k_index: Floats | None
    per_100k_risk_capital: Floats | None
    per_condor_lot: Floats | None


def size_readings(positions: Positions, base: Notional, *, hedge: str = HEDGE) -> SizeReadings:
    """Hedge contracts by layer under the three readings of R03. A VX future counts as one contract.

    Where a layer holds bought contracts they alone count, for a spread's sold leg, or a future sold against calls, is no unit;
    else its sold ones, below zero.
    """
    names = tuple(
        dict.fromkeys(layer for layer, sleeve in zip(positions.layer, positions.sleeve, strict=True) if sleeve == hedge)
    )
    bought, sold = np.zeros(len(names)), np.zeros(len(names))
    for k, sleeve in enumerate(positions.sleeve):
        if sleeve == hedge:
            side = bought if positions.quantity[k] > 0.0 else sold
            side[names.index(positions.layer[k])] += positions.quantity[k]
    counts = np.where(bought > 0.0, bought, sold)

    def per(amount: float | None, unit: float) -> Floats | None:
        return None if amount is None or amount <= 0.0 else counts * (unit / amount)

    return SizeReadings(
        layers=names,
        contracts=counts,
        per_100k_index=per(base.index_usd, PER_USD),
        per_100k_risk_capital=per(base.risk_capital_usd, PER_USD),
        per_condor_lot=per(base.lots, 1.0),
    )
