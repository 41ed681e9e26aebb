"""What a size is computed from: a ladder's figures per contract beside what some condors owe, earn and lose in one stress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataInvalid, DataMissing
from alvh.market.history import Floats
from alvh.market.market import Snapshot
from alvh.market.positions import Positions
from alvh.market.scenarios import Response as StressResponse
from alvh.market.scenarios import Scenarios
from alvh.market.series import SeriesTable
from alvh.risk.betas import TenorBetas
from alvh.risk.costs import MONTH_DAYS
from alvh.risk.coverage import Notional, notional
from alvh.risk.exposures import contract_text, exposures, legs_of
from alvh.risk.stress import response_with
from alvh.risk.unchanged import unchanged_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An instant joint move: SPX relative, VIX in points. The default is the stress that methods.md 8.3 sizes by."""

    spx_move: float = -0.08
    vix_points: float = 18.0

    def text(self) -> str:
        return f"SPX {100.0 * self.spx_move:+g} %, VIX {self.vix_points:+g}"


MOVE = Move()


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeInputs:
    """What sizes are computed from.

    Arrays (layers,) are dollars per contract: ``premium_usd``, ``decay_usd`` (positive is a cost, over ``days``; what expires
    sooner is bought again alike, so that its loss counts ``days`` over its life), ``naive_usd`` and ``adjusted_usd`` per VIX
    point, ``vol_usd`` per point of VIX vol, ``stress_usd`` gained in ``move``. ``net_vega`` and ``short_vega`` are the condors'
    dollars lost per SPX vol point, ``condor_stress_usd`` their P&L in ``move``.
    """

    session: int
    spx: float
    vix: float
    layers: tuple[str, ...]
    contracts: tuple[str, ...]
    ratio: Floats
    premium_usd: Floats
    decay_usd: Floats
    naive_usd: Floats
    adjusted_usd: Floats
    vol_usd: Floats
    stress_usd: Floats
    base: Notional
    net_vega_usd_per_vol_point: float
    short_vega_usd_per_vol_point: float
    condor_stress_usd: float
    move: Move
    days: int
    beta_label: str
    equity_usd: float | None

    @property
    def credit_usd(self) -> float:
        """Credit of ``days``: each condor's spread evenly over its life."""
        return self.base.credit_per_day_usd * self.days

    def ladder(self, column: Floats) -> float:
        """Dollars of one ladder."""
        return float(self.ratio @ column)


def size_inputs(
    snapshot: Snapshot,
    series: SeriesTable,
    condors: Positions,
    ladder: Positions,
    betas: TenorBetas,
    *,
    move: Move = MOVE,
    stress_response: StressResponse | None = None,
    equity_usd: float | None = None,
    days: int = MONTH_DAYS,
) -> SizeInputs:
    """Measure one ladder beside some condors; ``ladder`` has one position a layer, its quantities are the shape.

    The stress answers with ``betas`` unless ``stress_response`` is given. Raises :class:`DataInvalid` for a ladder that is not
    one bought VIX contract a layer and for what has expired, :class:`DataMissing` where a price is missing.
    """
    _check_ladder(ladder)
    book = joined(condors, ladder)
    found = exposures(snapshot, book, series, betas)
    n = len(condors)
    net, short = (
        -float(found.column(name)[:n].sum()) for name in ("spx_vega_usd_per_vol_point", "spx_short_vega_usd_per_vol_point")
    )
    response = response_with(betas) if stress_response is None else stress_response
    values = snapshot.reprice(legs_of(book, series), Scenarios.of([0.0, move.spx_move], [0.0, move.vix_points]), response)
    change = (values[1] - values[0]) * book.multiplier_usd
    if not np.isfinite(change).all():
        k = int(np.argmin(np.isfinite(change)))
        raise DataMissing(
            f"no price in the stress {move.text()}",
            where=f"{contract_text(book, k)}, session {iso(snapshot.session)}",
            allowed="contracts that the market prices on that session",
            todo="mend the contract or take it out of the book",
        )
    count = ladder.quantity
    premium = found.column("value_usd")[n:] / count
    later = unchanged_value(snapshot, ladder, series, days=days) * ladder.multiplier_usd
    again = days / np.clip(ladder.expiry - snapshot.session, 1, days)
    per = {name: np.asarray(found.column(name)[n:] / count) for name in _COLUMNS}
    return SizeInputs(
        session=snapshot.session,
        spx=snapshot.spx,
        vix=snapshot.vix,
        layers=ladder.layer,
        contracts=tuple(contract_text(ladder, k) for k in range(len(ladder))),
        ratio=count,
        premium_usd=np.asarray(premium),
        decay_usd=np.asarray((premium - later) * again),
        naive_usd=per["vix_delta_usd_per_point"],
        adjusted_usd=per["vix_equivalent_usd_per_vix_point"],
        vol_usd=per["vix_vega_usd_per_vol_point"],
        stress_usd=np.asarray(change[n:]),
        base=notional(found),
        net_vega_usd_per_vol_point=net,
        short_vega_usd_per_vol_point=short,
        condor_stress_usd=float((change[:n] * condors.quantity).sum()),
        move=move,
        days=days,
        beta_label=betas.label,
        equity_usd=equity_usd,
    )


_COLUMNS = ("vix_delta_usd_per_point", "vix_equivalent_usd_per_vix_point", "vix_vega_usd_per_vol_point")


def joined(one: Positions, two: Positions) -> Positions:
    """Two books one after another."""
    if not len(one) or not len(two):
        return two if not len(one) else one
    return Positions(
        root=one.root + two.root,
        expiry=np.concatenate([one.expiry, two.expiry]),
        strike=np.concatenate([one.strike, two.strike]),
        right=np.concatenate([one.right, two.right]),
        quantity=np.concatenate([one.quantity, two.quantity]),
        opened=np.concatenate([one.opened, two.opened]),
        open_price=np.concatenate([one.open_price, two.open_price]),
        sleeve=one.sleeve + two.sleeve,
        layer=one.layer + two.layer,
    )


def _check_ladder(ladder: Positions) -> None:
    if not len(ladder) or len(set(ladder.layer)) != len(ladder) or not ladder.is_vix.all() or (ladder.quantity <= 0.0).any():
        rows = ", ".join(f"{name or '(no name)'} {count:g}" for name, count in zip(ladder.layer, ladder.quantity, strict=True))
        raise DataInvalid(
            f"the ladder has the layers {rows or 'none'}",
            where="ladder",
            allowed="one bought VIX contract a layer, each layer named once",
            todo="give every layer one contract and a ratio above zero",
        )
