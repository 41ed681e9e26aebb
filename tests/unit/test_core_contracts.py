"""Specifications, ticks, fees, strikes, orders and Greeks."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh.core.contracts import ROOT_CODE, ROOTS, SPECS, Contract, Right, Root, SettlementStyle
from alvh.core.days import to_day
from alvh.core.errors import DataMissing, UsageError
from alvh.core.fees import FEES_USD, fee_usd
from alvh.core.greeks import Greeks
from alvh.core.orders import Fill, Leg, Order, Reason
from alvh.core.strikes import SPX_STEPS, spx_strikes, vix_strikes
from alvh.core.ticks import TICKS, round_to_tick, tick_rule, tick_size


def _day(year: int, month: int = 6, day: int = 1) -> int:
    return to_day(date(year, month, day))


def test_specs_cover_every_root_and_settle_as_published() -> None:
    assert set(SPECS) == set(Root) == set(TICKS) == set(FEES_USD)
    assert [ROOTS[ROOT_CODE[root]] for root in Root] == list(Root)
    assert {root for root in Root if SPECS[root].settlement_style is SettlementStyle.PM} == {Root.SPXW, Root.XSP}
    assert {root for root in Root if SPECS[root].settlement_value == "VRO"} == {Root.VIX, Root.VIXW, Root.VX, Root.VXM}
    assert SPECS[Root.VX].multiplier_usd == 1000.0
    assert {SPECS[root].multiplier_usd for root in Root if root is not Root.VX} == {100.0}
    assert all(spec.source for spec in SPECS.values())


def test_labels_and_order() -> None:
    call = Contract(Root.VIX, date(2020, 3, 18), 25.0, Right.CALL)
    assert call.label() == "VIX 2020-03-18 C 25"
    assert Contract(Root.SPXW, date(2020, 3, 18), 2487.5, Right.PUT).label() == "SPXW 2020-03-18 P 2487.5"
    assert Contract(Root.VX, date(2020, 3, 18)).label() == "VX 2020-03-18"
    assert call < Contract(Root.VIX, date(2020, 3, 18), 26.0) < Contract(Root.VIX, date(2020, 4, 15), 20.0)
    assert hash(call) == hash(Contract(Root.VIX, date(2020, 3, 18), 25.0, Right.CALL))


@pytest.mark.parametrize(
    ("root", "day", "price", "tick"),
    [
        (Root.SPX, _day(2010), 2.95, 0.05),
        (Root.SPXW, _day(2024), 3.0, 0.10),
        (Root.XSP, _day(2024), 9.0, 0.01),
        (Root.VIX, _day(2022), 0.25, 0.05),
        (Root.VIX, _day(2022), 3.0, 0.10),
        (Root.VIX, _day(2023), 2.99, 0.01),
        (Root.VIX, _day(2023), 3.0, 0.05),
        (Root.VIXW, _day(2019, 8, 29), 5.0, 0.01),
        (Root.VIXW, _day(2016), 0.5, 0.05),
        (Root.VX, _day(2008), 60.0, 0.05),
        (Root.VXM, _day(2021), 20.0, 0.05),
        (Root.VXM, _day(2023), 20.0, 0.01),
    ],
)
def test_dated_ticks(root: Root, day: int, price: float, tick: float) -> None:
    assert tick_size(tick_rule(root, day), price) == tick


def test_tables_are_in_order_with_sources_and_refuse_days_before_listing() -> None:
    for table in (TICKS, FEES_USD):
        for rows in table.values():
            assert [row.since for row in rows] == sorted({row.since for row in rows})
            assert all(row.source and row.mark in ("verified", "observed", "assumed") for row in rows)
    with pytest.raises(DataMissing, match=r"VIX tick.*2005-06-01"):
        tick_rule(Root.VIX, _day(2005))
    assert (fee_usd(Root.SPX, _day(2010)), fee_usd(Root.VIX, _day(2010)), fee_usd(Root.VX, _day(2010))) == (1.30, 1.10, 2.50)


@given(cents=st.integers(0, 20_000_0), old=st.booleans())
def test_rounding_is_nearest_with_ties_up_in_exact_decimals(cents: int, old: bool) -> None:
    rule = tick_rule(Root.VIX, _day(2019 if old else 2024))
    price = Decimal(cents) / 1000
    tick = Decimal(str(tick_size(rule, float(price))))
    expected = float(((price / tick) + Decimal("0.5")).to_integral_value(rounding=ROUND_FLOOR) * tick)
    assert round_to_tick(rule, float(price)) == expected
    assert round_to_tick(rule, np.array([float(price)])).tolist() == [expected]


def test_rounding_keeps_nan_and_shape() -> None:
    rule = tick_rule(Root.VIX, _day(2019))
    rounded = round_to_tick(rule, np.array([[0.125, 3.05], [np.nan, 0.0]]))
    assert rounded.tolist()[0] == [0.15, 3.1] and np.isnan(rounded[1, 0]) and rounded[1, 1] == 0.0
    assert np.isnan(round_to_tick(rule, float("nan")))


@given(forward=st.floats(300.0, 9000.0))
def test_spx_strikes_follow_the_step_table(forward: float) -> None:
    strikes = spx_strikes(forward)
    assert (np.diff(strikes) > 0).all()
    low = 0.1
    for high, step in SPX_STEPS:
        expected = [k for k in np.arange(step, 2 * forward + step, step) if low * forward + 1e-6 < k < high * forward - 1e-6]
        ours = strikes[(strikes > low * forward + 1e-6) & (strikes < high * forward - 1e-6)]
        assert ours.tolist() == expected
        low = high


def test_vix_strikes_of_real_chains() -> None:
    """Strikes of the near monthly of 2019-12-20 and of the far one, and the parameters of the later eras."""
    near = [*np.arange(10.0, 15.0, 0.5), *range(15, 30), *np.arange(30.0, 50.0, 2.5), *range(50, 81, 5)]
    assert vix_strikes(to_day(date(2019, 12, 20)), 33, 14.7).tolist() == near
    assert vix_strikes(to_day(date(2019, 12, 20)), 89, 16.7).tolist() == [k for k in near if k >= 15 or k == int(k)]
    in_2023 = [*range(10, 40), *np.arange(40.0, 50.0, 2.5), *range(50, 101, 5)]
    assert vix_strikes(_day(2023, 2, 15), 63, 21.2).tolist() == in_2023
    assert vix_strikes(_day(2026), 30, 18.0).tolist() == [*np.arange(10.0, 25.0, 0.5), *range(25, 40), *in_2023[30:]]


def test_vix_strikes_reach_three_times_the_forward() -> None:
    assert vix_strikes(_day(2008, 11, 20), 30, 66.2)[-1] == 200.0
    assert vix_strikes(_day(2024, 8, 5), 30, 38.0)[-1] == 120.0
    assert vix_strikes(_day(2017), 20, 10.5)[0] == 8.0
    with pytest.raises(UsageError, match="forward"):
        vix_strikes(_day(2017), 20, float("nan"))
    with pytest.raises(UsageError, match="forward"):
        spx_strikes(0.0)


def test_fill_cash_and_empty_leg() -> None:
    contract = Contract(Root.VIX, date(2020, 3, 18), 25.0, Right.CALL)
    leg = Leg(contract=contract, quantity=4)
    fill = Fill(session=_day(2020, 2, 19), leg=leg, price=0.5, mid=0.45, slippage_usd=20.0, fee_usd=4.4, mark_source="model")
    assert fill.cash_usd == pytest.approx(-204.4)
    reason = Reason(rule="R10", signal="calendar", value=None, threshold=None, text="first opening")
    assert Order(sleeve="hedge", layer="near", kind="open", legs=(leg,), reason=reason).legs[0].quantity == 4
    with pytest.raises(UsageError, match="VIX 2020-03-18 C 25"):
        Leg(contract=contract, quantity=0)


def test_greeks_add_and_scale() -> None:
    one = Greeks(delta_usd_per_point=1.0, gamma_usd_per_point2=2.0, vega_usd_per_point=3.0, theta_usd_per_day=-4.0)
    assert one + one == 2 * one == one * 2
    assert sum([one, one], Greeks()).theta_usd_per_day == -8.0
