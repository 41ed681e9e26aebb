"""Exposures against brute-force repricing, sums, mappings, a month of nothing, costs, and refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers import stated_market as stated
from tests.reference import black_reference as twin

from alvh.core.contracts import Root
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.market.market import Legs
from alvh.market.positions import Positions
from alvh.risk.betas import PUBLISHED, TenorBetas
from alvh.risk.costs import cost_by_regime, hedge_cost
from alvh.risk.coverage import coverage, notional, worst_loss
from alvh.risk.exposures import COLUMNS, Exposures, Response, exposures, legs_of
from alvh.risk.unchanged import exposures_unchanged, unchanged_value

ROWS = ((Root.SPX, 45), (Root.SPXW, 52), (Root.XSP, 52), (Root.VIX, 20), (Root.VIXW, 41), (Root.VIX, 76))
BETAS = TenorBetas(
    tenor_days=np.array([30.0, 60.0, 90.0]),
    beta=np.array([0.54, 0.38, 0.29]),
    error=np.array([0.03, 0.02, 0.01]),
    observations=np.array([252, 252, 252]),
    label="stated",
)


def market() -> stated.StatedSnapshot:
    return stated.StatedSnapshot(
        series=stated.stated_series(ROWS),
        spx=6000.0,
        vix=18.0,
        rate=0.045,
        forward=np.array([6024.0, 6028.0, 602.8, 18.6, 19.1, 20.2]),
        vol=stated.by_strike(0.15, 0.1),
    )


def mixed_book() -> Positions:
    """Condor, weekly and small condor legs, calls of three tenors, a put and two futures."""
    return stated.book(
        [
            (Root.SPX, 45, 5100.0, -1, 1.0, "condor", ""),
            (Root.SPX, 45, 5600.0, -1, -1.0, "condor", ""),
            (Root.SPX, 45, 6300.0, 1, -1.0, "condor", ""),
            (Root.SPX, 45, 6450.0, 1, 1.0, "condor", ""),
            (Root.SPXW, 52, 5700.0, -1, -2.0, "extra", "w"),
            (Root.XSP, 52, 570.0, -1, -7.0, "extra", "x"),
            (Root.VIX, 20, 21.0, 1, 4.0, "hedge", "front"),
            (Root.VIXW, 41, 24.0, 1, 4.0, "hedge", "mid"),
            (Root.VIX, 76, 27.5, 1, 2.0, "hedge", "back"),
            (Root.VIX, 76, 17.0, -1, -3.0, "hedge", "back"),
            (Root.VX, 20, np.nan, 0, 2.0, "hedge", "front"),
            (Root.VXM, 76, np.nan, 0, -5.0, "hedge", "back"),
        ]
    )


def found(snapshot: stated.StatedSnapshot | stated.MarksOnly, book: Positions) -> Exposures:
    return exposures(snapshot, book, stated.stated_series(ROWS), BETAS)


def value(snapshot: stated.StatedSnapshot, book: Positions) -> np.ndarray:
    """Dollars of every position by marks alone."""
    legs = legs_of(book, snapshot.series)
    mark = np.array([snapshot.future(int(row))[0] for row in legs.series])
    option = book.is_option
    mark[option] = snapshot.mark(Legs(series=legs.series[option], strike=legs.strike[option], right=legs.right[option]))
    return np.asarray(book.quantity * book.multiplier_usd * mark)


@pytest.mark.parametrize("is_vix", [False, True])
def test_deltas_and_gammas_are_differences_of_marks(is_vix: bool) -> None:
    snapshot, book = market(), mixed_book()
    made = found(snapshot, book)
    scale = np.where([root == Root.XSP for root in book.root], 0.1, 1.0)
    family = "vix" if is_vix else "spx"

    def moved(points: float) -> np.ndarray:
        return value(snapshot.moved(is_vix=is_vix, points=points), book)

    near, far = (5e-4, 0.02) if is_vix else (0.05, 2.0)
    delta, gamma = (moved(near) - moved(-near)) / (2.0 * near), (moved(far) - 2.0 * moved(0.0) + moved(-far)) / far**2
    assert made.column(f"{family}_delta_usd_per_point") == pytest.approx(
        delta * (scale if not is_vix else 1.0), rel=1e-5, abs=1e-6
    )
    wanted = gamma * (scale**2 if not is_vix else 1.0)
    assert made.column(f"{family}_gamma_usd_per_point2") == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_vega_and_theta_are_differences_of_marks() -> None:
    snapshot, book = market(), mixed_book()
    made = found(snapshot, book)
    vega = (value(snapshot.moved(is_vix=True, vol=1e-4), book) - value(snapshot.moved(is_vix=True, vol=-1e-4), book)) / 0.02
    theta = (value(snapshot.moved(is_vix=True, days=0.01), book) - value(snapshot.moved(is_vix=True, days=-0.01), book)) / 0.02
    for family, rows in (("spx", ~book.is_vix), ("vix", book.is_vix)):
        assert made.column(f"{family}_vega_usd_per_vol_point") == pytest.approx(np.where(rows, vega, 0.0), rel=1e-5, abs=1e-6)
        assert made.column(f"{family}_theta_usd_per_day") == pytest.approx(np.where(rows, theta, 0.0), rel=1e-4, abs=1e-6)
    short = np.where((book.quantity < 0.0) & ~book.is_vix, vega, 0.0)
    assert made.column("spx_short_vega_usd_per_vol_point") == pytest.approx(short, rel=1e-5, abs=1e-6)
    assert made.column("value_usd") == pytest.approx(value(snapshot, book))


def test_a_move_of_spx_and_of_vix_by_brute_force() -> None:
    """SPX up one point moves every SPX forward in proportion; VIX up one point moves every VX forward by its beta, SPX vols by
    the response: the book's change by marks is what the columns say."""
    snapshot, book = market(), mixed_book()
    made = found(snapshot, book)
    is_vix = snapshot.series.is_vix
    rise = replace(snapshot, forward=snapshot.forward * np.where(is_vix, 1.0, 1.0 + 0.01 / snapshot.spx))
    gain = (value(rise, book) - value(snapshot, book)).sum() / 0.01
    via_vix = made.column("vix_equivalent_usd_per_vix_point").sum() * -4.2 * snapshot.vix / snapshot.spx
    assert made.book()["spx_equivalent_delta_usd_per_point"] == pytest.approx(gain + via_vix, rel=1e-4)
    beta, _ = BETAS.at(snapshot.series.expiry - snapshot.session)
    move = 0.001
    after = value(replace(snapshot, forward=snapshot.forward + np.where(is_vix, beta * move, 0.0)), book)
    spx_vol = value(replace(snapshot, bump=0.75 * move / 100.0), book)
    change = np.where(book.is_vix, after, spx_vol) - value(snapshot, book)
    assert made.column("net_usd_per_vix_point") == pytest.approx(change / move, rel=2e-4, abs=1e-3)


def test_marks_alone_give_the_same_greeks() -> None:
    """A snapshot that knows no Greeks: vols by inversion, at calendar days / 365."""
    snapshot, book = market(), mixed_book()
    np.testing.assert_allclose(found(stated.MarksOnly(snapshot), book).values, found(snapshot, book).values, rtol=1e-8, atol=1e-8)


def test_sums_are_exact_at_every_level() -> None:
    made = found(market(), mixed_book())
    for name in COLUMNS:
        layers, sleeves = made.by_layer(), made.by_sleeve()
        for sleeve, sums in sleeves.items():
            assert sum(part[name] for key, part in layers.items() if key[0] == sleeve) == sums[name]
        assert sum(part[name] for part in sleeves.values()) == made.book()[name]
        assert made.book()[name] == pytest.approx(math.fsum(made.column(name)), rel=1e-12, abs=1e-9)
    document = made.document()
    assert document["book"] == made.book()
    assert document["positions"][10]["implied_vol_points"] is None
    assert document["positions"][0]["beta"] is None
    assert document["positions"][6]["contract"] == "VIX 2019-05-04 21 C"


def test_adjusted_stands_beside_raw() -> None:
    """Hand figures for a future: 2 x 1000 x beta at 20 days (flat below 30), its error, and the SPX equivalent."""
    snapshot = market()
    book = mixed_book()
    made = found(snapshot, book.rows(np.arange(12) == 10))
    total = made.book()
    assert total["value_usd"] == pytest.approx(2.0 * 1000.0 * 18.6)
    assert total["vix_delta_usd_per_point"] == 2000.0
    assert total["vix_equivalent_usd_per_vix_point"] == pytest.approx(2000.0 * 0.54)
    assert total["vix_equivalent_error_usd_per_vix_point"] == pytest.approx(2000.0 * 0.03)
    assert total["spx_equivalent_delta_usd_per_point"] == pytest.approx(1080.0 * -4.2 * 18.0 / 6000.0)
    other = exposures(snapshot, book, snapshot.series, PUBLISHED, response=Response(spx_vol_points_per_vix_point=1.0))
    assert other.column("spx_vega_usd_per_vix_point") == pytest.approx(other.column("spx_vega_usd_per_vol_point"))


def test_refusals_name_position_and_contract() -> None:
    snapshot = market()
    book = mixed_book()
    with pytest.raises(DataInvalid, match=r"position 1, VIX 2019-05-05 21 C: no VIX contract expires on 2019-05-05") as unknown:
        legs_of(stated.book([(Root.VIX, 21, 21.0, 1, 1.0, "hedge", "")]), snapshot.series)
    assert "near by: 2019-05-04" in str(unknown.value)
    with pytest.raises(DataInvalid, match=r"no VIX contract expires on 2019-05-25 \(of VIXW one does\)"):
        legs_of(stated.book([(Root.VIX, 41, 21.0, 1, 1.0, "hedge", "")]), snapshot.series)
    with pytest.raises(DataInvalid, match=r"position 7, VIX 2019-05-04 21 C: expired by the close of 2019-05-04"):
        found(replace(snapshot, session=stated.SESSION + 20), book)
    with pytest.raises(DataMissing, match=r"position 7, VIX 2019-05-04 21 C: no price at the close"):
        found(replace(snapshot, unpriced=frozenset({3})), book)
    with pytest.raises(UsageError, match="-1 days"):
        unchanged_value(snapshot, book, snapshot.series, days=-1)


def test_unchanged_value_by_hand() -> None:
    """A month on: the 20-day contracts settle on spot VIX, the 76-day future stands on the curve at 46 days."""
    snapshot, book = market(), mixed_book()
    later = unchanged_value(snapshot, book, snapshot.series, days=30)
    assert later[6] == 0.0
    assert later[10] == 18.0
    weight = (46.0 - 41.0) / (76.0 - 41.0)
    assert later[11] == pytest.approx(19.1 ** (1.0 - weight) * 20.2**weight)
    now = unchanged_value(snapshot, book, snapshot.series, days=0)
    np.testing.assert_allclose(now, value(snapshot, book) / (book.quantity * book.multiplier_usd), rtol=1e-9)
    call = book.rows(np.arange(12) == 7)
    near = unchanged_value(snapshot, call, snapshot.series, days=21)
    same = stated.book([(Root.VIX, 20, 24.0, 1, 1.0, "hedge", "")])
    x = math.log(24.0 / 18.6)
    atm = float(snapshot.vol(3, np.array([18.6]), 18.6, 20 / 365)[0])
    moved = float(snapshot.vol(3, np.array([18.6 * math.exp(x)]), 18.6, 20 / 365)[0])
    assert same.strike[0] == pytest.approx(18.6 * math.exp(x))
    price = twin.black_price(18.6, 24.0, 20 / 365, math.exp(-0.045 * 20 / 365), moved, 1.0)
    assert atm > 0.0
    assert near[0] == pytest.approx(price, rel=1e-9)


def test_exposures_at_condor_expiry() -> None:
    """45 days on with nothing moved: the condor and the front calls are settled, the back layer keeps gamma and vega (R56), and
    its Greeks are differences of its later value."""
    snapshot, book = market(), mixed_book()
    later = exposures_unchanged(snapshot, book, snapshot.series, BETAS, days=45)
    layers = later.by_layer()
    assert layers["condor", ""]["spx_vega_usd_per_vol_point"] == 0.0
    assert layers["hedge", "front"]["vix_delta_usd_per_point"] == 0.0
    assert layers["hedge", "front"]["value_usd"] == pytest.approx(2.0 * 1000.0 * 18.0)
    back = book.rows(np.arange(12) == 8)
    alone = exposures_unchanged(snapshot, back, snapshot.series, BETAS, days=45)
    assert alone.book()["vix_gamma_usd_per_point2"] > 0.0
    assert alone.dte[0] == 31.0
    assert alone.beta[0] == pytest.approx(0.54 - 0.16 / 30.0)
    forward, vol, years = float(alone.forward[0]), float(alone.vol[0]), 31.0 / 365.0

    def price(f: float, v: float) -> float:
        return 200.0 * twin.black_price(f, 27.5, years, math.exp(-0.045 * years), v, 1.0)

    assert alone.book()["value_usd"] == pytest.approx(price(forward, vol))
    slope = (price(forward + 1e-4, vol) - price(forward - 1e-4, vol)) / 2e-4
    assert alone.book()["vix_delta_usd_per_point"] == pytest.approx(slope, rel=1e-6)
    vega = (price(forward, vol + 1e-5) - price(forward, vol - 1e-5)) / 2e-3
    assert alone.book()["vix_vega_usd_per_vol_point"] == pytest.approx(vega, rel=1e-6)
    now = exposures_unchanged(snapshot, book, snapshot.series, BETAS, days=0)
    np.testing.assert_allclose(now.values, found(snapshot, book).values, rtol=1e-7, atol=1e-7)


def test_cost_notional_and_what_is_missing() -> None:
    snapshot, book = market(), mixed_book()
    made = found(snapshot, book)
    base = notional(made)
    assert (base.lots, base.index_usd) == (1.0, 600_000.0)
    assert base.risk_capital_usd == pytest.approx(50_000.0 - base.credit_usd)
    assert base.credit_per_day_usd == pytest.approx(base.credit_usd / 45.0)
    assert "credit from marks" in base.notes[0]
    paid = notional(found(snapshot, replace(book, open_price=np.where(book.is_option, 10.0, 18.0))))
    assert (paid.credit_usd, paid.notes) == (0.0, ())
    cost = hedge_cost(snapshot, book, snapshot.series, base)
    hedge = np.array([name == "hedge" for name in book.sleeve])
    premium = np.where(hedge & book.is_option, value(snapshot, book), 0.0).sum()
    assert cost.premium_usd == pytest.approx(premium)
    assert cost.paid_usd is None
    assert cost.decay_usd == pytest.approx(cost.layer_decay_usd.sum())
    assert cost.layers == ("front", "mid", "back")
    assert cost.decay_of_index == pytest.approx(cost.decay_usd / 600_000.0)
    assert cost.premium_usd_per_condor_lot == pytest.approx(premium)
    naked = stated.book([(Root.SPX, 45, 6300.0, 1, -1.0, "condor", ""), (Root.VIX, 20, 21.0, 1, 4.0, "hedge", "a")])
    alone = notional(found(snapshot, naked))
    assert alone.risk_capital_usd is None
    assert "unlimited" in alone.notes[1]
    assert hedge_cost(snapshot, naked, snapshot.series, alone).decay_of_risk_capital is None
    calm = coverage(found(snapshot, naked.rows(np.array([False, True]))))
    assert calm.net_adjusted is None
    assert calm.hedge_adjusted_usd_per_vix_point > 0.0


def test_worst_loss_by_hand() -> None:
    """Unequal wings lose the wider one; a put alone loses to zero; a call alone without limit."""
    strikes, rights = np.array([90.0, 95.0, 105.0, 120.0]), np.array([-1, -1, 1, 1])
    assert worst_loss(strikes, rights, 100.0 * np.array([1.0, -1.0, -1.0, 1.0])) == 1500.0
    assert worst_loss(np.array([95.0]), np.array([-1]), np.array([-100.0])) == 9500.0
    assert worst_loss(np.array([105.0]), np.array([1]), np.array([-100.0])) is None
    assert worst_loss(np.array([105.0]), np.array([1]), np.array([100.0])) == 0.0


def test_cost_by_regime() -> None:
    rows = cost_by_regime(np.array([12.0, 18.0, 19.0, np.nan]), np.array([5.0, 4.0, 2.0, 9.0]), np.array([10.0, 6.0, 6.0, 1.0]))
    assert [(row.months, row.ratio) for row in rows] == [(1, 0.5), (2, 0.5), (0, None), (0, None)]
