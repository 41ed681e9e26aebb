"""Scores of made VIX chains: the shipped smile on the product's forwards, another level, quotes of before the close."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.helpers.history import make_history
from tests.helpers.model_chain import SESSION, Vols, vix_chain

from alvh.core.days import to_date
from alvh.kernels.black import black_price
from alvh.market.history import History, VxTable
from alvh.models import vix_smile
from alvh.study.model_error.document import build_document
from alvh.study.model_error.run import model_errors
from alvh.study.model_error.vix import VIX_LABELS

Floats = NDArray[np.float64]

VVIX = 92.0
FORWARDS = {SESSION + 19: 12.6, SESSION + 47: 13.4, SESSION + 75: 14.2, SESSION + 110: 14.9}
"""VIX monthlies of June to September 2017: 21 June, 19 July, 16 August, 20 September."""


def smile(factor: float = 1.0) -> Vols:
    return lambda years, k: factor * vix_smile.smile_vol(VVIX, 1.0, np.exp(k), np.full(k.size, years))


def history(vvix: float = VVIX, shift: float = 1.0) -> History:
    """One session whose VX settlements are ``FORWARDS`` times ``shift``."""
    made = make_history(1, sessions=np.array([SESSION]))
    expiry = np.array(sorted(FORWARDS), dtype=np.int64)
    table = VxTable(
        expiry=expiry,
        monthly=np.ones(expiry.size, dtype=np.bool_),
        settle=np.array([[shift * FORWARDS[day] for day in expiry.tolist()]]),
        volume=np.full((1, expiry.size), 1000.0),
        open=np.full((1, expiry.size), np.nan),
    )
    return replace(made, vx=table, vvix=np.array([vvix]), vix_close=np.array([11.0]))


def test_the_made_days_are_vix_monthlies() -> None:
    assert [to_date(day).isoformat() for day in sorted(FORWARDS)] == ["2017-06-21", "2017-07-19", "2017-08-16", "2017-09-20"]


def test_a_chain_of_the_shipped_smile_has_no_error() -> None:
    score = model_errors([vix_chain(smile(), FORWARDS)], history()).vix[0]
    assert score.kind == "official"
    assert score.forward_source == ("vx settlement",) * 4
    assert score.forward_error == pytest.approx(np.zeros(4), abs=1e-9)
    assert np.nanmax(np.abs(score.relative)) < 0.01  # half-point strikes, vols linear between them


def test_dearer_quotes_show_as_a_model_too_cheap() -> None:
    score = model_errors([vix_chain(smile(1.1), FORWARDS)], history()).vix[0]
    assert np.nanmax(score.relative) < 0.0
    assert np.nanmean(score.relative[:, 0]) < np.nanmean(score.relative[:, -1])  # far calls have more vega to their price


def test_a_forward_error_is_told_apart_and_priced() -> None:
    score = model_errors([vix_chain(smile(), FORWARDS)], history(shift=1.02)).vix[0]
    assert score.forward_error == pytest.approx(np.full(4, 0.02), abs=1e-6)
    assert np.nanmin(score.relative) > 0.03


def test_prices_are_those_of_black_on_the_markets_own_vol() -> None:
    score = model_errors([vix_chain(smile(), FORWARDS)], history()).vix[0]
    one = score.smiles[1]
    deviation = one.vol * np.sqrt(one.years)
    d1 = -one.log_money / deviation + 0.5 * deviation
    from scipy.stats import norm

    place = int(np.abs(norm.cdf(d1) - 0.20).argmin())
    strike = one.forward * np.exp(one.log_money[place])
    near = float(black_price(one.forward, strike, one.years, 1.0, one.vol[place], 1.0))
    assert score.market[1, VIX_LABELS.index("20")] == pytest.approx(near, rel=0.2)


def test_before_the_open_level_and_forwards_come_from_the_chain() -> None:
    score = model_errors([vix_chain(smile(), FORWARDS, minute=568)], history(vvix=200.0)).vix[0]
    assert score.kind == "chain"
    assert set(score.forward_source) == {"put-call parity"}
    assert 60.0 < score.vvix < 130.0
    assert any("before the close" in note for note in score.notes)


def test_without_a_history_the_chain_stands_alone() -> None:
    assert model_errors([vix_chain(smile(), FORWARDS)], None).vix[0].kind == "chain"


def test_one_expiry_and_no_vvix_is_a_state() -> None:
    one = {SESSION + 47: 13.4}
    found = model_errors([vix_chain(smile(), one), vix_chain(smile(), FORWARDS)], None)
    assert [refused.state for refused in found.refused] == ["inputs_missing"]
    assert len(found.vix) == 1


def test_document_rows() -> None:
    found = model_errors([vix_chain(smile(1.1), FORWARDS)], history())
    document = build_document(found, chains="", data="", coefficients={})
    row = document["vix"][0]
    assert set(row["price_error_pct_by_delta"]) == set(VIX_LABELS)
    assert all(row["price_abs_error_pct_by_delta"][label] == -row["price_error_pct_by_delta"][label] for label in VIX_LABELS)
    assert document["summary"]["vix"]["official"]["sessions"] == 1
    assert document["summary"]["vix"]["chain"]["price_error_pct"] == {"mean": None, "mean_abs": None}
