"""Risk figures of books whose hedge holds spreads, futures and SPX puts: units, cost, coverage and the dates of the pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.books import synthetic_market
from tests.helpers.stated_market import book

from alvh.core.contracts import Root
from alvh.core.errors import DataMissing
from alvh.market.positions import FUTURE, NOT_OPENED, Positions
from alvh.risk.betas import TenorBetas
from alvh.risk.costs import hedge_cost
from alvh.risk.coverage import coverage, notional, size_readings
from alvh.risk.exposure_path import HeldLots, exposures_through_time
from alvh.risk.exposures import exposures
from alvh.risk.stress import picture_days

NAN = float("nan")
ROW = 60
BETAS = TenorBetas.stated([30.0, 90.0], [0.6, 0.3])


def listed(*, vix: bool, least: int) -> tuple[Root, int]:
    """The first series of the synthetic market that expires so many days later."""
    market = synthetic_market(420, seed=0)
    snapshot, table = market.snapshot(ROW), market.series
    rows = [
        row for row in snapshot.listed(vix=vix).tolist() if table.expiry[row] - snapshot.session >= least and table.monthly[row]
    ]
    return table.roots[rows[0]], int(table.expiry[rows[0]])


def mixed_book() -> Positions:
    """A condor, a 20/30 call spread, a VX future short against calls, and a put spread that outlives the condor."""
    spx, vix = synthetic_market(420, seed=0).snapshot(ROW).spx, listed(vix=True, least=20)
    near, far = listed(vix=False, least=30), listed(vix=False, least=60)
    at = [round(spx * share / 25.0) * 25.0 for share in (0.85, 0.93, 1.05, 1.10)]
    rows = [
        (*near, at[0], -1, 2.0, "condor", ""),
        (*near, at[1], -1, -2.0, "condor", ""),
        (*near, at[2], 1, -2.0, "condor", ""),
        (*near, at[3], 1, 2.0, "condor", ""),
        (*vix, 20.0, 1, 10.0, "hedge", "spread"),
        (*vix, 30.0, 1, -10.0, "hedge", "spread"),
        (*vix, 18.0, 1, 20.0, "hedge", "locked"),
        (Root.VX, vix[1], NAN, FUTURE, -2.0, "hedge", "locked"),
        (*far, at[1], -1, 3.0, "hedge", "puts"),
        (*far, at[0], -1, -3.0, "hedge", "puts"),
    ]
    n = len(rows)
    return Positions(
        root=tuple(row[0] for row in rows),
        expiry=np.array([row[1] for row in rows], dtype=np.int64),
        strike=np.array([row[2] for row in rows]),
        right=np.array([row[3] for row in rows], dtype=np.int64),
        quantity=np.array([row[4] for row in rows]),
        opened=np.full(n, NOT_OPENED, dtype=np.int64),
        open_price=np.full(n, NAN),
        sleeve=tuple(str(row[5]) for row in rows),
        layer=tuple(str(row[6]) for row in rows),
    )


def test_a_layers_units_are_its_bought_contracts() -> None:
    market = synthetic_market(420, seed=0)
    positions = mixed_book()
    base = notional(exposures(market.snapshot(ROW), positions, market.series, BETAS))
    sizes = size_readings(positions, base)
    assert (sizes.layers, sizes.contracts.tolist()) == (("spread", "locked", "puts"), [10.0, 20.0, 3.0])
    assert base.lots == 2.0  # the put spread of the hedge is no condor
    short = book([(Root.SPX, 45, 4000.0, -1, -1.0, "condor", ""), (Root.VIX, 30, 25.0, 1, -4.0, "hedge", "sold")])
    assert size_readings(short, replace(base, lots=1.0)).contracts.tolist() == [-4.0]  # a layer of sold calls stays below zero


def test_the_cost_of_spreads_is_net_and_a_future_has_no_premium() -> None:
    market = synthetic_market(420, seed=0)
    snapshot, positions = market.snapshot(ROW), mixed_book()
    found = exposures(snapshot, positions, market.series, BETAS)
    cost = hedge_cost(snapshot, positions, market.series, notional(found), days=10)
    value = found.column("value_usd")
    assert cost.layers == ("spread", "locked", "puts")
    assert cost.layer_premium_usd == pytest.approx([value[4] + value[5], value[6], value[8] + value[9]])
    lone = positions.rows(np.arange(len(positions)) == 7)
    rolled = hedge_cost(snapshot, lone, market.series, notional(found), days=10)
    assert rolled.premium_usd == 0.0 and rolled.decay_usd != 0.0  # a sold future gains or loses by the slope alone


def test_puts_of_the_hedge_cover_and_do_not_need_covering() -> None:
    market = synthetic_market(420, seed=0)
    found = exposures(market.snapshot(ROW), mixed_book(), market.series, BETAS)
    covered = coverage(found)
    vega, delta = found.column("spx_vega_usd_per_vol_point"), found.column("vix_delta_usd_per_point")
    assert covered.net_vega_usd_per_vol_point == pytest.approx(-vega[:4].sum())
    assert covered.hedge_naive_usd_per_vix_point == pytest.approx(delta[4:8].sum() + vega[8:].sum())
    assert delta[7] == -2000.0


def test_pictures_end_with_the_condors_and_not_with_the_hedges_puts() -> None:
    positions = mixed_book()
    session = int(synthetic_market(420, seed=0).sessions[ROW])
    assert picture_days(positions, session)["expiry"] == positions.expiry[0] - session < positions.expiry[8] - session
    alone = positions.rows(np.arange(len(positions)) >= 4)
    assert picture_days(alone, session)["expiry"] == positions.expiry[8] - session  # nothing of SPX but the hedge's


def test_a_future_without_price_is_named_as_one() -> None:
    market = synthetic_market(420, seed=0)
    row = int(market.snapshot(ROW).listed(vix=True)[0])
    lots = HeldLots(
        series=np.array([row]),
        strike=np.array([0.0]),
        right=np.array([0.0]),
        usd_per_point=np.array([1000.0]),
        opened=np.array([ROW]),
        ended=np.array([ROW + 60]),
        group=np.array([0]),
        groups=("hedge",),
    )
    with pytest.raises(DataMissing, match=r"lot 0, VX 2015-\d\d-\d\d: "):
        exposures_through_time(market, lots, first=ROW, count=60, vix=market.history.vix_close, betas=BETAS)
