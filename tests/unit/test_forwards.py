"""The forward of every VIX expiry: each rule by hand on small tables, and its source."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.history import make_history, vix_expiries

from alvh.core.days import to_day
from alvh.core.errors import DataInvalid, DataMissing
from alvh.market.forwards import CURVE_DAYS, FORWARD_SOURCES, vix_forwards
from alvh.market.history import History, VxTable
from alvh.models.vx_curve import curve_points

DAY = to_day(date(2015, 1, 5))


def one_session(
    expiry: list[int], monthly: list[bool], settle: list[float], volume: list[float], *, vix: float = 16.0
) -> History:
    """The first session of a synthetic history with a VX table in days from that session."""
    history = make_history(3, with_vx=False)
    shape = (3, len(expiry))
    rows = np.full(shape, np.nan)
    rows[0] = settle
    traded = np.zeros(shape)
    traded[0] = volume
    table = VxTable(
        expiry=DAY + np.array(expiry, dtype=np.int64), monthly=np.array(monthly), settle=rows, volume=traded, open=rows
    )
    spot = history.vix_close.copy()
    spot[0] = vix
    return replace(history, vx=table, vix_close=spot)


def ask(history: History, days: list[int], monthly: list[bool] | None = None, **options: float) -> tuple[list[float], list[str]]:
    """Forwards of the first session at ``days`` and the names of their sources."""
    points = np.tile([20.0, 21.0, 22.0, 23.0], (history.sessions.size, 1))
    made = vix_forwards(
        history,
        expiry=DAY + np.array(days, dtype=np.int64),
        monthly=np.array(monthly if monthly is not None else [False] * len(days)),
        curve_points=points,
        **options,
    )
    return made.forward[0].tolist(), [FORWARD_SOURCES[code] for code in made.source[0]]


MONTHLIES = ([16, 44], [True, True], [17.0, 18.0], [5000.0, 3000.0])


def test_settlement_of_the_same_expiry_is_used_as_it_is() -> None:
    value, source = ask(one_session(*MONTHLIES), [16, 44], [True, True])
    assert value == [17.0, 18.0]
    assert source == ["vx settlement"] * 2


def test_between_spot_and_monthlies_the_logarithm_is_linear_in_calendar_days() -> None:
    value, source = ask(one_session(*MONTHLIES), [8, 30])
    assert value == pytest.approx([math.sqrt(16.0 * 17.0), math.sqrt(17.0 * 18.0)], rel=1e-14)
    assert source == ["interpolated"] * 2


def test_beyond_the_last_monthly_the_curve_is_flat_and_says_so() -> None:
    value, source = ask(one_session(*MONTHLIES), [45, 300])
    assert value == pytest.approx([18.0, 18.0], rel=1e-14)
    assert source == ["extrapolated"] * 2


@pytest.mark.parametrize(("least", "expected"), [(0.0, "vx settlement"), (10.0, "vx settlement"), (10.5, "interpolated")])
def test_a_weekly_counts_from_its_least_volume(least: float, expected: str) -> None:
    history = one_session([8, 16], [False, True], [14.0, 17.0], [10.0, 5000.0])
    value, source = ask(history, [8], weekly_min_volume=least)
    assert source == [expected]
    assert value[0] == (14.0 if expected == "vx settlement" else pytest.approx(math.sqrt(16.0 * 17.0)))


def test_a_monthly_counts_whatever_it_traded() -> None:
    value, source = ask(one_session([16], [True], [17.0], [0.0]), [16], [True], weekly_min_volume=100.0)
    assert (value, source) == ([17.0], ["vx settlement"])


def test_weeklies_are_no_neighbours_of_an_interpolation() -> None:
    history = one_session([8, 12, 16], [False, False, True], [40.0, 40.0, 17.0], [999.0, 999.0, 999.0])
    value, _ = ask(history, [10])
    assert value == pytest.approx([16.0 * (17.0 / 16.0) ** (10 / 16)])


def test_a_missing_monthly_is_bridged_and_its_own_forward_interpolated() -> None:
    history = one_session([16, 44, 72], [True] * 3, [17.0, math.nan, 19.0], [100.0, 0.0, 100.0])
    value, source = ask(history, [44], [True])
    assert value == pytest.approx([math.sqrt(17.0 * 19.0)])
    assert source == ["interpolated"]


@pytest.mark.parametrize("settle", [0.0, -1.0, math.nan])
def test_a_settle_that_is_not_above_zero_is_no_settlement(settle: float) -> None:
    value, source = ask(one_session([16, 44], [True, True], [settle, 18.0], [100.0, 100.0]), [16], [True])
    assert value == pytest.approx([16.0 * (18.0 / 16.0) ** (16 / 44)])
    assert source == ["interpolated"]


def test_without_any_monthly_the_curve_model_supplies_the_session() -> None:
    history = one_session([16], [True], [math.nan], [0.0])
    value, source = ask(history, [15, 30, 45, 120, 300])
    assert value == pytest.approx([math.sqrt(16.0 * 20.0), 20.0, math.sqrt(20.0 * 21.0), 23.0, 23.0])
    assert source == ["curve model"] * 5


def test_a_traded_weekly_keeps_its_settlement_beside_the_curve_model() -> None:
    history = one_session([8], [False], [15.0], [50.0])
    value, source = ask(history, [8, 30])
    assert value == pytest.approx([15.0, 20.0])
    assert source == ["vx settlement", "curve model"]


def test_expired_and_far_expiries_have_none() -> None:
    history = one_session(*MONTHLIES)
    value, source = ask(history, [-1, 0, 1, 400, 401])
    assert [math.isnan(x) for x in value] == [True, True, False, False, True]
    assert source == ["none", "none", "interpolated", "extrapolated", "none"]


def test_order_of_the_expiries_does_not_matter() -> None:
    history = make_history(60)
    expiry = np.array([day for day, _ in vix_expiries(date(2015, 1, 1), date(2015, 9, 1), weeklies=True)], dtype=np.int64)
    monthly = np.zeros(expiry.size, dtype=np.bool_)
    points = curve_points(history.vix_close)
    up = vix_forwards(history, expiry=expiry, monthly=monthly, curve_points=points)
    down = vix_forwards(history, expiry=expiry[::-1], monthly=monthly[::-1], curve_points=points)
    np.testing.assert_array_equal(up.forward, down.forward[:, ::-1])
    np.testing.assert_array_equal(up.source, down.source[:, ::-1])


def test_agrees_with_a_plain_loop() -> None:
    history = make_history(120, seed=3, stress=True)
    listed = vix_expiries(date(2015, 1, 1), date(2016, 9, 1), weeklies=True)
    expiry = np.array([day for day, _ in listed], dtype=np.int64)
    monthly = np.array([flag for _, flag in listed])
    made = vix_forwards(history, expiry=expiry, monthly=monthly, weekly_min_volume=10.0)
    vx = history.vx
    for i, today in enumerate(history.sessions):
        known = [k for k in range(vx.expiry.size) if vx.monthly[k] and vx.expiry[k] > today and vx.settle[i, k] > 0]
        x = [0, *(int(vx.expiry[k] - today) for k in known)]
        y = [math.log(history.vix_close[i]), *(math.log(vx.settle[i, k]) for k in known)]
        own = {int(vx.expiry[k]): k for k in range(vx.expiry.size)}
        for j, (day, flag) in enumerate(listed):
            tau = day - int(today)
            if not 1 <= tau <= 400:
                assert math.isnan(made.forward[i, j])
                continue
            k = own.get(day, -1)
            if k >= 0 and vx.settle[i, k] > 0 and (flag or vx.volume[i, k] >= 10):
                assert made.forward[i, j] == vx.settle[i, k]
            else:
                assert made.forward[i, j] == pytest.approx(math.exp(np.interp(tau, x, y)), rel=1e-12)


def test_counts_and_sessions_by_source() -> None:
    history = make_history(40)
    settle = history.vx.settle.copy()
    settle[30:] = np.nan
    history = replace(history, vx=replace(history.vx, settle=settle))
    made = vix_forwards(
        history, expiry=history.vx.expiry, monthly=history.vx.monthly, curve_points=curve_points(history.vix_close)
    )
    assert made.sessions_from("curve model").tolist() == [False] * 30 + [True] * 10
    assert sum(made.counts().values()) == int(np.isfinite(made.forward).sum())
    assert not made.forward[made.source == 0].size or np.isnan(made.forward[made.source == 0]).all()


def test_no_vx_and_no_curve_is_one_clear_error() -> None:
    history = make_history(5, with_vx=False)
    with pytest.raises(DataMissing, match=r"no VX settlement on 5 sessions.*|.*2015-01-05"):
        vix_forwards(history, expiry=np.array([DAY + 40]), monthly=np.array([True]))


def test_a_missing_spot_without_vx_names_the_session() -> None:
    history = make_history(5, with_vx=False)
    vix = history.vix_close.copy()
    vix[2] = np.nan
    history = replace(history, vix_close=vix)
    with pytest.raises(DataMissing, match="2015-01-07"):
        vix_forwards(history, expiry=np.array([DAY + 40]), monthly=np.array([True]), curve_points=curve_points(vix))


def test_a_zero_spot_names_the_session() -> None:
    history = make_history(5)
    vix = history.vix_close.copy()
    vix[3] = 0.0
    with pytest.raises(DataInvalid, match="2015-01-08"):
        vix_forwards(replace(history, vix_close=vix), expiry=history.vx.expiry, monthly=history.vx.monthly)


def test_shapes_are_checked() -> None:
    history = make_history(5, with_vx=False)
    with pytest.raises(ValueError, match="one length"):
        vix_forwards(history, expiry=np.array([DAY + 9]), monthly=np.array([True, False]))
    with pytest.raises(ValueError, match="curve_points"):
        vix_forwards(history, expiry=np.array([DAY + 9]), monthly=np.array([True]), curve_points=np.ones((5, 3)))


def test_no_expiry_gives_an_empty_table() -> None:
    made = vix_forwards(make_history(5), expiry=np.empty(0, dtype=np.int64), monthly=np.empty(0, dtype=np.bool_))
    assert made.forward.shape == (5, 0)


def test_curve_days_are_ascending() -> None:
    assert list(CURVE_DAYS) == sorted(CURVE_DAYS)
