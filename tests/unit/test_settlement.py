"""Settlement values: the published one first, each stand-in by hand, and every reduced form of the SOQ reconstruction."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.core.days import to_day
from alvh.core.errors import DataMissing
from alvh.market.history import History
from alvh.market.settlement import SOQ_FORMS, real_vix_open, soq_proxy, soq_reconstruction, spx_close, vro_value


def with_row(history: History, index: int, **values: float) -> History:
    """The history with single values of one session changed."""
    changed = {}
    for name, value in values.items():
        column = getattr(history, name).copy()
        column[index] = value
        changed[name] = column
    return replace(history, **changed)


def test_published_value_comes_first() -> None:
    history = make_history(60)
    day, (value, source) = next(iter(history.vro.items()))
    assert vro_value(history, day, 5) == (value, source, True)


def test_vix_open_stands_in() -> None:
    history = with_row(make_history(10, with_vro=False), 5, vix_open=18.25, vix_high=19.0, vix_low=18.0, vix_close=18.5)
    assert vro_value(history, int(history.sessions[5]), 5) == (18.25, "VIX open", False)


def test_an_open_that_repeats_the_previous_close_is_no_measurement() -> None:
    history = make_history(10, with_vro=False)
    history = with_row(history, 5, vix_open=float(history.vix_close[4]))
    assert vro_value(history, int(history.sessions[5]), 5) == (history.vix_close[4], "previous VIX close", False)
    assert not real_vix_open(history)[5]


def test_a_flat_row_is_no_measurement() -> None:
    history = with_row(make_history(10, with_vro=False), 5, vix_open=18.0, vix_high=18.0, vix_low=18.0, vix_close=18.0)
    assert vro_value(history, int(history.sessions[5]), 5) == (history.vix_close[4], "previous VIX close", False)
    assert not real_vix_open(history)[5]


def test_without_opens_the_previous_close_stands_in() -> None:
    history = make_history(10, with_vro=False, missing=("vix_open", "vix_high", "vix_low"))
    assert vro_value(history, int(history.sessions[5]), 5) == (history.vix_close[4], "previous VIX close", False)
    assert not real_vix_open(history).any()


def test_the_first_session_may_settle_at_its_open_or_not_at_all() -> None:
    history = with_row(make_history(3, with_vro=False), 0, vix_open=17.25)
    assert vro_value(history, int(history.sessions[0]), 0) == (17.25, "VIX open", False)
    with pytest.raises(DataMissing, match="2015-01-05"):
        vro_value(with_row(history, 0, vix_open=math.nan), int(history.sessions[0]), 0)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_session_outside_the_history_is_an_error(index: int) -> None:
    history = make_history(3, with_vro=False)
    with pytest.raises(DataMissing, match="outside the history"):
        vro_value(history, int(history.sessions[2]), index)


def known_row() -> History:
    history = make_history(10)
    history = with_row(history, 4, spx_close=2000.0, vix_close=16.0)
    return with_row(history, 5, spx_open=2010.0, spx_high=2030.0, spx_low=1990.0, spx_close=2020.0, vix_open=14.4, vix_close=14.0)


def test_soq_reconstruction_by_hand() -> None:
    made = soq_reconstruction(known_row())
    moved = 2000.0 * (16.0 / 14.4) ** (1.0 / 7.0)
    assert made.value[5] == pytest.approx(0.4 * 2010.0 + 0.3 * moved + 0.3 * 2010.0, rel=1e-14)
    assert SOQ_FORMS[made.form[5]] == "full"
    np.testing.assert_array_equal(soq_proxy(known_row()), made.value)


def test_an_spx_open_that_repeats_the_previous_close_is_replaced() -> None:
    history = with_row(known_row(), 5, spx_open=2000.0)
    made = soq_reconstruction(history)
    moved = 2000.0 * (16.0 / 14.4) ** (1.0 / 7.0)
    assert made.value[5] == pytest.approx(0.4 * 2010.0 + 0.3 * moved + 0.3 * 2010.0, rel=1e-14)
    assert SOQ_FORMS[made.form[5]] == "no usable open"


def test_opens_before_2007_are_not_used() -> None:
    history = known_row()
    history = replace(history, sessions=history.sessions - (to_day(date(2015, 1, 5)) - to_day(date(2006, 1, 3))))
    assert SOQ_FORMS[soq_reconstruction(history).form[5]] == "no usable open"


def test_without_a_vix_open_the_other_terms_are_scaled_up() -> None:
    made = soq_reconstruction(with_row(known_row(), 5, vix_open=math.nan, spx_open=2016.0))
    assert made.value[5] == pytest.approx((0.4 * 2016.0 + 0.3 * 2010.0) / 0.7, rel=1e-14)
    assert SOQ_FORMS[made.form[5]] == "no VIX open"


def test_without_both_opens() -> None:
    made = soq_reconstruction(with_row(known_row(), 5, vix_open=math.nan, spx_open=math.nan))
    assert made.value[5] == pytest.approx(2010.0)
    assert SOQ_FORMS[made.form[5]] == "no usable open, no VIX open"


def test_the_first_session_has_no_previous_close() -> None:
    history = with_row(make_history(3), 0, spx_open=2001.0, spx_high=2011.0, spx_low=1995.0, spx_close=2005.0)
    made = soq_reconstruction(history)
    assert made.value[0] == pytest.approx((0.4 * 2001.0 + 0.3 * 2003.0) / 0.7)
    made = soq_reconstruction(with_row(history, 0, spx_open=math.nan))
    assert made.value[0] == 2005.0
    assert SOQ_FORMS[made.form[0]] == "close only"


def test_the_value_is_clipped_to_the_range() -> None:
    made = soq_reconstruction(with_row(known_row(), 5, spx_open=2000.5, spx_high=2000.5, spx_low=1999.0, vix_open=8.0))
    assert made.value[5] == 2000.5


def test_a_missing_range_drops_out() -> None:
    history = with_row(known_row(), 5, spx_high=math.nan, spx_low=math.nan)
    moved = 2000.0 * (16.0 / 14.4) ** (1.0 / 7.0)
    assert soq_proxy(history)[5] == pytest.approx((0.4 * 2010.0 + 0.3 * moved) / 0.7)


def test_every_session_has_a_value_inside_its_range() -> None:
    for history in (make_history(300, seed=4, stress=True), make_history(300, seed=4, missing=("vix_open",))):
        value = soq_proxy(history)
        assert ((value >= history.spx_low) & (value <= history.spx_high)).all()


def test_a_missing_close_is_an_error_that_names_the_session() -> None:
    history = with_row(make_history(5), 2, spx_close=math.nan)
    with pytest.raises(DataMissing, match="2015-01-07"):
        soq_proxy(history)
    with pytest.raises(DataMissing, match="2015-01-07"):
        spx_close(history, 2)


def test_pm_settles_at_the_close() -> None:
    history = make_history(5)
    assert spx_close(history, 2) == (history.spx_close[2], "SPX close", True)
