"""Exposures through time against snapshots one by one and a plain twin; unit Greeks of the modelled market against QuantLib."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql
from tests.helpers.history import make_history
from tests.reference import black_reference as twin

from alvh.core.contracts import Root
from alvh.core.errors import DataMissing
from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.market.forwards import vix_forwards
from alvh.market.market import Legs
from alvh.market.positions import Positions
from alvh.market.series import series_table
from alvh.models.model_market import ModelMarket, model_market
from alvh.models.vx_curve import curve_points
from alvh.risk.betas import PUBLISHED, TenorBetas, rolling_betas, tenor_changes
from alvh.risk.coverage import coverage_through_time
from alvh.risk.exposure_path import HeldLots, exposures_through_time, held_pairs
from alvh.risk.exposures import COLUMNS, exposures, unit_greeks


def test_quantlib_on_the_modelled_market() -> None:
    """Unit Greeks of the product's own market by bumping QuantLib's Black at the model's forward and vol."""
    made = modelled()
    snapshot = made.snapshot(150)
    rows = [int(snapshot.listed(vix=flag)[k]) for flag in (False, True) for k in (2, 5)]
    legs = Legs.of([(row, float(np.round(snapshot.slice(row, 1).forward * 1.05)), side) for row in rows for side in (1, -1)])
    unit = unit_greeks(snapshot, legs, made.series)
    for k in range(len(legs.series)):
        forward, vol, years = (float(unit[row, k]) for row in (5, 6, 7))
        rate = -math.log(snapshot.discount(int(legs.series[k]))) / years

        def price(f: float, v: float, t: float, k: int = k, rate: float = rate) -> float:
            side = ql.Option.Call if legs.right[k] > 0 else ql.Option.Put
            return float(ql.blackFormula(side, float(legs.strike[k]), f, v * math.sqrt(t), math.exp(-rate * t)))

        step = 1e-4 * forward
        assert unit[0, k] == pytest.approx(price(forward, vol, years), rel=1e-9)
        slope = (price(forward + step, vol, years) - price(forward - step, vol, years)) / (2.0 * step)
        assert unit[1, k] == pytest.approx(slope, rel=1e-5)
        vega = (price(forward, vol + 1e-4, years) - price(forward, vol - 1e-4, years)) / 0.02
        assert unit[3, k] == pytest.approx(vega, rel=1e-5)
        theta = (price(forward, vol, years - 1e-5) - price(forward, vol, years + 1e-5)) / 2e-5 / 365.0
        assert unit[4, k] == pytest.approx(theta, rel=1e-4)


def modelled() -> ModelMarket:
    history = make_history(220, seed=11, stress=True)
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + 400
    vix = vix_expiries(first, last)
    series = series_table(spx_expiries(first, last), vix, xsp=True)
    forwards = vix_forwards(history, expiry=vix.expiry, monthly=vix.monthly, curve_points=curve_points(history.vix_close))
    return model_market(history, series, forwards.forward)


def lots_of(made: ModelMarket, *, count: int = 60) -> HeldLots:
    """Lots of random listed series, strikes and holding periods; the last two are futures."""
    random = np.random.default_rng(4)
    columns: list[list[float]] = []
    for lot in range(count):
        opened = int(random.integers(0, 200))
        snapshot = made.snapshot(opened)
        future = lot >= count - 2
        row = int(random.choice(snapshot.listed(vix=future or bool(random.integers(2)))))
        ended = min(opened + int(random.integers(0, 30)), int(np.searchsorted(made.sessions, made.series.expiry[row])), 219)
        strike = float(np.round(snapshot.slice(row, 1).forward * random.uniform(0.8, 1.3)))
        right = 0.0 if future else float(random.choice([-1.0, 1.0]))
        usd = float(random.integers(-5, 6)) * (1000.0 if future else 100.0)
        columns.append([row, math.nan if future else strike, right, usd, opened, ended, int(made.series.is_vix[row])])
    row, strike, right, usd, opened, ended, group = np.array(columns).T
    whole = [part.astype(np.int64) for part in (row, opened, ended, group)]
    return HeldLots(
        series=whole[0],
        strike=strike,
        right=right,
        usd_per_point=usd,
        opened=whole[1],
        ended=whole[2],
        group=whole[3],
        groups=("condor", "hedge"),
    )


def test_the_path_is_the_snapshots_one_by_one() -> None:
    """Every session and group of the path equals exposures computed at that close, and the first sessions have no beta yet."""
    made = modelled()
    lots, history = lots_of(made), made.history
    split = int(np.searchsorted(made.series.is_vix, True))
    forwards = vix_forwards(
        history,
        expiry=made.series.expiry[split:],
        monthly=made.series.monthly[split:],
        curve_points=curve_points(history.vix_close),
    )
    changes = tenor_changes(
        forwards,
        sessions=made.sessions,
        expiry=made.series.expiry[split:],
        monthly=made.series.monthly[split:],
        vix=history.vix_close,
        tenor_days=(30.0, 60.0, 90.0),
    )
    betas = rolling_betas(changes, window_sessions=60)
    path = exposures_through_time(made, lots, first=10, count=190, vix=history.vix_close, betas=betas)
    assert path.values.shape == (2, len(COLUMNS), 190)
    compared = 0
    for at in range(10, 200, 7):
        held = (lots.opened <= at) & (lots.ended > at)
        for group in (0, 1):
            rows = np.flatnonzero(held & (lots.group == group))
            if not rows.size:
                assert (path.values[group, :, at - 10] == 0.0).all()
                continue
            if not np.isfinite(betas.beta[at]).all():
                assert group == 0 or np.isnan(path.column("vix_equivalent_usd_per_vix_point", "hedge")[at - 10])
                continue
            book = book_of(made, lots, rows)
            one = exposures(made.snapshot(at), book, made.series, betas.at(at))
            np.testing.assert_allclose(path.values[group, :, at - 10], list(one.book().values()), rtol=1e-9, atol=1e-7)
            compared += 1
    assert compared > 20
    assert path.without_beta > 0
    with_vix = np.isfinite(path.column("vix_equivalent_usd_per_vix_point"))
    assert path.without_beta == int((~with_vix).sum())
    cover = coverage_through_time(path, condor=("condor",), hedge=("hedge",))
    k = int(np.flatnonzero(np.isfinite(cover.net_adjusted))[0])
    loss = -path.column("spx_vega_usd_per_vol_point", "condor")[k]
    assert cover.net_adjusted[k] == pytest.approx(path.column("vix_equivalent_usd_per_vix_point", "hedge")[k] / loss)


def book_of(made: ModelMarket, lots: HeldLots, rows: np.ndarray) -> Positions:
    roots = [made.series.roots[int(lots.series[k])] if lots.right[k] != 0.0 else Root.VX for k in rows]
    multiplier = np.where(lots.right[rows] == 0.0, 1000.0, 100.0)
    return Positions(
        root=tuple(roots),
        expiry=made.series.expiry[lots.series[rows]],
        strike=lots.strike[rows],
        right=lots.right[rows].astype(np.int64),
        quantity=lots.usd_per_point[rows] / multiplier,
        opened=np.full(rows.size, -1, dtype=np.int64),
        open_price=np.full(rows.size, np.nan),
        sleeve=("any",) * rows.size,
        layer=("",) * rows.size,
    )


def test_pairs_kernel_has_a_plain_twin() -> None:
    """Each pair by the plain Black of the tests at the market's own forward and vol; held pairs counted by hand."""
    made = modelled()
    lots = lots_of(made, count=12)
    which, row = held_pairs(lots.opened, lots.ended)
    assert list(zip(which.tolist(), row.tolist(), strict=True)) == [
        (lot, at) for lot in range(12) for at in range(int(lots.opened[lot]), int(lots.ended[lot]))
    ]
    flat = TenorBetas.stated([30.0], [0.5])
    path = exposures_through_time(made, lots, first=0, count=220, vix=made.history.vix_close, betas=flat)
    wanted = np.zeros((4, 220))
    for lot, at in zip(which.tolist(), row.tolist(), strict=True):
        if lots.right[lot] == 0.0:
            continue
        snapshot, series = made.snapshot(at), int(lots.series[lot])
        raw = snapshot.greeks(Legs.of([(series, float(lots.strike[lot]), int(lots.right[lot]))]))[:, 0]
        discount = snapshot.discount(series)
        greeks = twin.black_greeks(raw[5], lots.strike[lot], raw[7], discount, raw[6], lots.right[lot])
        usd = float(lots.usd_per_point[lot])
        scale = 0.1 if made.series.roots[series] == Root.XSP else 1.0
        if made.series.is_vix[series]:
            wanted[0, at] += usd * discount * greeks[1]
        else:
            wanted[1:, at] += usd * np.array([discount * greeks[1] * scale, greeks[2] * scale**2, greeks[3] / 100.0])
    futures = np.bincount(
        row[lots.right[which] == 0.0], weights=lots.usd_per_point[which][lots.right[which] == 0.0], minlength=220
    )
    np.testing.assert_allclose(path.column("vix_delta_usd_per_point"), wanted[0] + futures, rtol=1e-10, atol=1e-8)
    for k, name in enumerate(("spx_delta_usd_per_point", "spx_gamma_usd_per_point2", "spx_vega_usd_per_vol_point")):
        np.testing.assert_allclose(path.column(name), wanted[k + 1], rtol=1e-9, atol=1e-8)


def test_a_lot_without_price_is_named() -> None:
    made = modelled()
    lots = lots_of(made, count=12)
    late = replace(lots, ended=np.full(12, 220))
    with pytest.raises(DataMissing, match=r"lot \d+, VIX.* no price at the close of 2015"):
        exposures_through_time(made, late, first=0, count=220, vix=made.history.vix_close, betas=PUBLISHED)
