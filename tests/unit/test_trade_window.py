"""The rebuilt trade window: levels by hand, VX opens, and options priced by QuantLib 4.25 hours before the close."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql
from tests.helpers.history import make_history

from alvh.core.expiries import spx_expiries, vix_expiries
from alvh.market.forwards import vix_forwards
from alvh.market.history import History, VxTable
from alvh.market.market import Legs
from alvh.market.series import SeriesTable, series_table
from alvh.market.settlement import real_vix_open
from alvh.models.model_market import ModelMarket, ModelSnapshot, model_market
from alvh.models.trade_window import TradeWindow, trade_window, vx_opens, window_history
from alvh.models.vx_curve import curve_points

ROWS = np.array([3, 40, 41, 119], dtype=np.int64)
CALL, PUT = 1, -1


def small_history(**more: object) -> History:
    """Three sessions of round numbers; the second alone has a VIX open that was measured."""
    history = make_history(3, seed=1)
    levels: dict[str, object] = {
        "spx_close": np.array([1000.0, 1010.0, 1020.0]),
        "vix_close": np.array([16.0, 20.0, 25.0]),
        "vix_open": np.array([np.nan, 18.0, 20.0]),  # the third repeats the close before it
        "vix_high": np.array([17.0, 21.0, 26.0]),
        "vix_low": np.array([15.0, 17.0, 19.0]),
        "vix9d": np.array([15.0, 22.0, np.nan]),
        "vix3m": np.array([18.0, 19.0, 21.0]),
        "vix6m": np.array([20.0, 21.0, 22.0]),
    }
    return replace(history, **{**levels, **more})


def test_the_levels_of_the_window_by_hand() -> None:
    history = small_history()
    assert real_vix_open(history).tolist() == [False, True, False]
    soq = np.array([990.0, 1000.0, 1030.0])
    there = window_history(history, soq, np.array([0, 1, 2]))
    np.testing.assert_allclose(there.spx_close, [992.0, 1002.0, 1028.0])  # 0.8 of the opening, 0.2 of the close
    np.testing.assert_allclose(there.vix_close, [16.0, 19.0, 25.0])  # half way; the close where no open was measured
    np.testing.assert_allclose(there.vix9d, [15.0, 22.0 * 0.95, np.nan])
    np.testing.assert_allclose(there.vix3m, [18.0, 19.0 * math.sqrt(0.95), 21.0])
    np.testing.assert_allclose(there.vix6m, [20.0, 21.0 * 0.95**0.25, 22.0])
    for name in ("skew", "vvix", "bill_rate", "dividend_yield", "sessions"):
        np.testing.assert_array_equal(getattr(there, name), getattr(history, name))


def test_rows_are_chosen_in_every_column() -> None:
    history = replace(make_history(60, seed=4), modelled={"vix": np.arange(60) % 7 == 0})
    rows = np.array([7, 20, 59])
    there = window_history(history, history.spx_close, rows)
    np.testing.assert_array_equal(there.sessions, history.sessions[rows])
    np.testing.assert_array_equal(there.vx.settle, history.vx.settle[rows])
    np.testing.assert_array_equal(there.vx.open, history.vx.open[rows])
    assert there.modelled["vix"].tolist() == [True, False, False]
    assert len(there.spx_open) == len(there.skew) == 3
    # a row's neighbours in time decide whether its VIX open repeats a close, not its neighbours among the rows
    again = replace(history, vix_open=np.r_[history.vix_open[:1], history.vix_close[:-1]])
    np.testing.assert_array_equal(window_history(again, history.spx_close, rows).vix_close, history.vix_close[rows])


def test_opens_by_expiry() -> None:
    vx = VxTable(
        expiry=np.array([100, 107, 135]),
        monthly=np.array([True, False, True]),
        settle=np.ones((2, 3)),
        volume=np.ones((2, 3)),
        open=np.array([[15.0, np.nan, 16.0], [17.0, 18.0, 19.0]]),
    )
    found = vx_opens(vx, np.array([99, 100, 107, 135, 200]))
    np.testing.assert_array_equal(found, [[np.nan, 15.0, np.nan, 16.0, np.nan], [np.nan, 17.0, 18.0, 19.0, np.nan]])
    none = VxTable(
        expiry=np.empty(0, np.int64),
        monthly=np.empty(0, bool),
        settle=np.empty((2, 0)),
        volume=np.empty((2, 0)),
        open=np.empty((2, 0)),
    )
    assert np.isnan(vx_opens(none, np.array([100]))).all()


@pytest.fixture(scope="module")
def built() -> tuple[History, SeriesTable, np.ndarray, ModelMarket, TradeWindow]:
    history = make_history(120, seed=11)
    opened = history.vx.open.copy()
    opened[ROWS[2]] = np.nan  # one session whose futures have no open
    opened[ROWS[3], ::2] = 0.0  # and one on which some contracts did not trade
    history = replace(history, vx=replace(history.vx, open=opened))
    first, last = int(history.sessions[0]), int(history.sessions[-1]) + 400
    vix = vix_expiries(first, last)
    series = series_table(spx_expiries(first, last), vix)
    forward = vix_forwards(history, expiry=vix.expiry, monthly=vix.monthly, curve_points=curve_points(history.vix_close)).forward
    market = model_market(history, series, forward)
    build: Callable[[History, SeriesTable, np.ndarray], ModelMarket] = model_market
    return history, series, forward, market, trade_window(history, series, forward, market.soq, ROWS, build)


def test_a_snapshot_keeps_the_markets_row_and_session(built: tuple) -> None:
    history, _, _, market, window = built
    for row in ROWS.tolist():
        found = window.snapshot(row)
        assert (found.index, found.session) == (row, int(history.sessions[row]))
        assert found.spx == pytest.approx(0.8 * market.soq[row] + 0.2 * history.spx_close[row])
        np.testing.assert_array_equal(found.listed(vix=False), market.snapshot(row).listed(vix=False))
    for other in (0, 2, 4, 118, 120, 10_000):
        with pytest.raises(KeyError):
            window.snapshot(other)


def test_vx_futures_trade_at_seven_tenths_of_the_open(built: tuple) -> None:
    history, series, forward, _, window = built
    vix_rows = np.flatnonzero(series.is_vix)
    seen = {True: 0, False: 0}
    for at, row in enumerate(ROWS.tolist()):
        snapshot = window.snapshot(row)
        for k, series_row in enumerate(vix_rows.tolist()):
            settle = forward[row, k]
            if not np.isfinite(settle):
                continue
            column = np.flatnonzero(history.vx.expiry == series.expiry[series_row])
            opened = history.vx.open[row, column[0]] if len(column) else math.nan
            known = bool(opened > 0.0)
            value, is_open = snapshot.future(series_row)
            traded = snapshot.slice(series_row, CALL).forward
            if known:
                assert (value, is_open) == (pytest.approx(opened), True)  # the band reads the open itself
                assert traded == pytest.approx(0.7 * opened + 0.3 * settle)
            else:
                assert (value, is_open) == (pytest.approx(settle), False)  # the settlement stands in, and says so
                assert traded == pytest.approx(settle)
            seen[known] += 1
        if at == 2:
            assert not any(snapshot.future(row)[1] for row in vix_rows.tolist() if np.isfinite(forward[41, row - vix_rows[0]]))
    assert min(seen.values()) > 10


def test_an_spx_series_has_no_future_of_its_own(built: tuple) -> None:
    *_, window = built
    snapshot = window.snapshot(40)
    row = int(snapshot.listed(vix=False)[3])
    value, is_open = snapshot.future(row)
    assert not is_open and value == pytest.approx(snapshot.slice(row, PUT).forward)


def test_time_to_expiry_is_four_and_a_quarter_hours_longer(built: tuple) -> None:
    history, series, _, _, window = built
    for row in ROWS.tolist():
        snapshot, session = window.snapshot(row), int(history.sessions[row])
        for series_row in (*snapshot.listed(vix=False)[:6].tolist(), *snapshot.listed(vix=True)[:3].tolist()):
            # from 11:45 to the opening at 9:30 (an SPX series settled there) or to 16:00, calendar days
            hours = -6.5 if series.am[series_row] and not series.is_vix[series_row] else 0.0
            years = (int(series.expiry[series_row]) - session + (4.25 + hours) / 24.0) / 365.0
            assert snapshot.discount(series_row) == pytest.approx(math.exp(-history.bill_rate[row] * years), rel=1e-12)
            if not series.is_vix[series_row]:
                carry = history.bill_rate[row] - history.dividend_yield[row]
                forward = snapshot.slice(series_row, CALL).forward
                assert forward == pytest.approx(snapshot.spx * math.exp(carry * years), rel=1e-12)


def test_options_are_worth_what_quantlib_says_at_the_window(built: tuple) -> None:
    _, series, _, _, window = built
    for row in ROWS.tolist():
        snapshot = window.snapshot(row)
        inner = ModelSnapshot(window.market, int(np.searchsorted(ROWS, row)))
        for series_row in (*snapshot.listed(vix=False)[2:9:3].tolist(), int(snapshot.listed(vix=True)[2])):
            chain = snapshot.slice(series_row, PUT)
            hours = -6.5 if series.am[series_row] and not series.is_vix[series_row] else 0.0
            years = (int(series.expiry[series_row]) - snapshot.session + (4.25 + hours) / 24.0) / 365.0
            for ratio in (0.93, 1.0, 1.04):
                strike = float(chain.strikes[np.argmin(np.abs(chain.strikes - ratio * chain.forward))])
                for right in (CALL, PUT):
                    legs = Legs.of([(series_row, strike, right)])
                    vol = float(inner.greeks(legs)[6, 0])
                    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike)
                    deviation = vol * math.sqrt(years)
                    price = ql.BlackCalculator(payoff, chain.forward, deviation, snapshot.discount(series_row)).value()
                    assert float(snapshot.mark(legs)[0]) == pytest.approx(price, rel=1e-9, abs=1e-9)
                    quote = snapshot.quote(legs)
                    assert quote.bid[0] <= quote.mid[0] <= quote.ask[0]


def test_the_window_needs_no_other_row(built: tuple) -> None:
    """What is rebuilt for a session does not depend on which other sessions are rebuilt with it."""
    history, series, forward, market, window = built
    alone = trade_window(history, series, forward, market.soq, ROWS[1:2], model_market)
    listed = [int(row) for row in window.snapshot(40).listed(vix=False)[:3]]
    legs = Legs.of([(row, float(window.snapshot(40).slice(row, PUT).strikes[60]), PUT) for row in listed])
    np.testing.assert_allclose(alone.snapshot(40).mark(legs), window.snapshot(40).mark(legs), rtol=1e-12)
