"""Scores of made chains, of which the right answer is known: the smile itself, a shifted level, a flat smile."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from tests.helpers.history import make_history
from tests.helpers.model_chain import FRIDAYS, SESSION, THIRD_FRIDAYS, Vols, spx_chain

from alvh.core.days import iso
from alvh.market.history import History
from alvh.models.spx_calibration import calibrate
from alvh.study.model_error.document import build_document
from alvh.study.model_error.run import coefficients, gather_spx, model_errors, score_sessions
from alvh.study.model_error.smiles import d1_of, deltas_to_points, expiry_smiles
from alvh.study.model_error.spx import LABELS, SpxScore, SpxSession, at_term
from alvh.study.model_error.summary import regimes, spx_group

Floats = NDArray[np.float64]

LEVELS = np.array([[11.5, 12.5, 14.5, 16.0]])
SKEW, SPOT = 132.0, 2440.0


def history(spot: float = SPOT, vix: float = LEVELS[0, 1], session: int = SESSION) -> History:
    """One session with published levels."""
    made = make_history(1, sessions=np.array([session]))
    one = lambda value: np.array([value])  # noqa: E731
    return replace(
        made, spx_close=one(spot), vix_close=one(vix), vix9d=one(LEVELS[0, 0]), vix3m=one(LEVELS[0, 2]), vix6m=one(LEVELS[0, 3]),
        skew=one(SKEW),
    )  # fmt: skip


def shipped(factor: float = 1.0) -> Vols:
    """The shipped surface at the levels above, its vols times a factor."""
    surface = calibrate(np.array([SPOT]), LEVELS, np.array([SKEW]), sessions=np.array([SESSION]))

    def vols(years: float, log_money: Floats) -> Floats:
        n = log_money.size
        return factor * surface.vols(np.zeros(n, dtype=np.int64), np.full(n, years), np.ascontiguousarray(log_money))

    return vols


def flat(vol: float) -> Vols:
    return lambda years, log_money: np.full(log_money.size, vol)


def only(vols: Vols, **more: object) -> SpxScore:
    """The score of one made chain with published levels."""
    found = model_errors([spx_chain(vols, **more)], history())
    assert found.refused == ()
    return found.spx[0].score


def test_a_chain_of_the_model_itself_has_no_error() -> None:
    score = only(shipped())
    assert score.session.inputs.kind == "official"
    assert score.session.inputs.verified
    assert score.rms() < 3e-4  # vols are interpolated between strikes five points apart
    for errors in (score.credit, score.put_side, score.call_side):
        assert np.abs(errors).max() < 2e-3


def test_a_level_error_is_found_at_every_delta() -> None:
    """Quoted vols 5 % above the model's: the model is 1/1.05 - 1 low at each strike."""
    score = only(shipped(1.05))
    assert score.relative == pytest.approx(np.full_like(score.relative, 1.0 / 1.05 - 1.0), abs=1e-3)
    # At own deltas a credit goes nearly with the level: strikes move with it.
    assert score.credit == pytest.approx(np.full_like(score.credit, 1.0 / 1.05 - 1.0), abs=0.006)


def test_bid_and_ask_about_the_mid_leave_the_vols_where_they_are() -> None:
    assert only(shipped(), half=0.2).rms() < 2e-3


def test_rates_are_taken_out_by_parity() -> None:
    score = only(shipped(), rate=0.05)
    assert score.rms() < 3e-4
    smile = score.session.smiles[-1]
    assert smile.discount == pytest.approx(math.exp(-0.05 * smile.years), rel=1e-6)
    assert smile.forward == pytest.approx(SPOT, rel=1e-9)


def test_deltas_of_a_flat_smile_have_a_closed_form() -> None:
    """k = v^2/2 - d1 v, and the forward delta of the option there is the one asked for."""
    smile = expiry_smiles(spx_chain(flat(0.2), step=1.0)).smiles[3]
    v = 0.2 * math.sqrt(smile.years)
    for delta, right in ((0.05, -1.0), (0.25, -1.0), (0.5, 1.0), (0.16, 1.0)):
        k = float(deltas_to_points(smile, [d1_of(delta, right)])[0])
        d1 = -k / v + 0.5 * v
        assert norm.cdf(right * d1) == pytest.approx(delta, abs=1e-6)


def test_only_friday_expiries_of_8_to_62_days_count() -> None:
    monday = SESSION + 24
    found = expiry_smiles(spx_chain(flat(0.15), expiries=sorted({*FRIDAYS, *THIRD_FRIDAYS, monday})))
    days = [smile.days for smile in found.smiles]
    assert days == [14, 21, 28, 35, 42, 49, 56]  # 7 is too near; 63 and the rest too far; a Monday is none
    assert [smile.am for smile in found.smiles] == [True, False, False, False, False, True, False]


def test_without_published_levels_the_chain_gives_its_own() -> None:
    found = model_errors([spx_chain(shipped())], None)
    score = found.spx[0].score
    assert score.session.inputs.kind == "chain"
    own = score.session.inputs.own
    assert own["VIX"] == pytest.approx(LEVELS[0, 1], abs=0.25)  # these quotes go on to a cent, the model's strip to its cut
    assert score.rms() < 0.02


def test_quotes_of_before_the_close_take_levels_from_the_chain() -> None:
    found = model_errors([spx_chain(shipped(), minute=611)], history())
    assert found.spx[0].score.session.inputs.kind == "chain"


def test_levels_that_are_missing_come_from_the_chain() -> None:
    bare = replace(history(), vix6m=np.array([np.nan]), skew=np.array([np.nan]))
    inputs = model_errors([spx_chain(shipped())], bare).spx[0].score.session.inputs
    assert inputs.kind == "official"
    assert inputs.source["VIX6M"] == inputs.source["SKEW"] == "chain"
    assert inputs.source["VIX"] == "official"


def test_few_expiries_leave_published_levels_unverified() -> None:
    found = model_errors([spx_chain(shipped(), expiries=FRIDAYS[:2])], history())
    assert not found.spx[0].score.session.inputs.verified
    document = build_document(found, chains="", data="", coefficients={})
    assert document["summary"]["unverified"]["sessions"] == 1
    assert document["summary"]["official"]["sessions"] == document["summary"]["all"]["sessions"] == 0


@pytest.mark.parametrize(
    ("chain", "state", "words"),
    [
        (spx_chain(flat(0.12), session=SESSION + 1, expiries=FRIDAYS), "no_session", "no session"),
        (spx_chain(flat(0.12), expiries=THIRD_FRIDAYS[4:]), "no_expiry", "8 to 62 days"),
        (spx_chain(flat(0.12), spot=2700.0), "stale", "published close"),
        (spx_chain(flat(0.30)), "stale", "VIX"),
        (spx_chain(flat(0.12), half=30.0), "no_expiry", "expiry 2017"),
        (spx_chain(flat(0.12), step=250.0), "no_expiry", "quotes"),
    ],
    ids=["saturday", "too-far", "other-level", "other-vix", "no-market", "too-few"],
)
def test_a_bad_chain_has_a_named_state_and_the_rest_goes_on(chain: object, state: str, words: str) -> None:
    found = model_errors([chain, spx_chain(shipped())], history())
    assert [(one.state, words in one.why) for one in found.refused] == [(state, True)], found.refused
    assert len(found.spx) == 1
    document = build_document(found, chains="", data="", coefficients={})
    assert document["summary"]["refused"][state] == 1


def test_crossed_quotes_are_left_out_and_counted() -> None:
    chain = spx_chain(shipped(), half=0.1)
    bad = (chain.strike % 50.0 == 0.0) & (chain.strike < 0.97 * SPOT)
    crossed = replace(chain, bid=np.where(bad, chain.ask + 1.0, chain.bid))
    score = model_errors([crossed], history()).spx[0].score
    assert score.session.rejected["bid above ask"] > 0
    assert score.rms() < 3e-3


def test_no_level_anywhere_is_a_state() -> None:
    found = model_errors([spx_chain(shipped(), expiries=FRIDAYS[:2])], None)
    assert [one.state for one in found.refused] == ["inputs_missing"]


def test_absurd_levels_admit_no_surface() -> None:
    gathered = gather_spx(spx_chain(shipped()), history())
    assert isinstance(gathered, SpxSession)
    inputs = replace(gathered.inputs, levels=(math.nan, 900.0, math.nan, math.nan))
    results, refused = score_sessions([(replace(gathered, inputs=inputs), "SPX"), (gathered, "SPX")])
    assert [one.state for one in refused] == ["no_surface"]
    assert len(results) == 1


def test_xsp_is_scored_in_spx_points_and_kept_apart() -> None:
    chain = spx_chain(shipped(), root="XSP")
    small = {name: 0.1 * getattr(chain, name) for name in ("strike", "bid", "ask")}
    found = model_errors([replace(chain, **small)], history())
    assert found.spx[0].product == "XSP"
    assert found.spx[0].score.rms() < 3e-4
    summary = build_document(found, chains="", data="", coefficients={})["summary"]
    assert (summary["xsp"]["sessions"], summary["all"]["sessions"]) == (1, 0)


def test_errors_at_a_term() -> None:
    days, errors = np.array([16, 23, 37, 58]), np.array([0.1, 0.2, 0.4, 0.7])
    assert at_term(days, errors, 30) == pytest.approx(0.3)
    assert at_term(days, errors, 23) == pytest.approx(0.2)
    assert at_term(days, errors, 45) == pytest.approx(0.4 + 8 / 21 * 0.3)
    assert at_term(np.array([18, 46]), np.array([0.1, 0.2]), 45) == pytest.approx(0.2)  # the other side is too far away
    assert math.isnan(at_term(np.array([18, 46]), np.array([0.1, 0.2]), 30))
    assert at_term(np.array([20, 30, 40]), np.array([0.1, np.nan, 0.3]), 30) == pytest.approx(0.2)


def test_regimes_are_runs_of_neighbouring_sessions() -> None:
    assert regimes([0, 1, 4, 11, 19, 20]) == [0, 0, 0, 0, 1, 1]
    assert len(set(regimes(list(range(0, 365, 1))))) == 12  # a daily archive is cut after a month
    assert regimes([]) == []


def test_every_regime_weighs_the_same() -> None:
    """Four sessions of one week with an error and one of another month without: the mean is half of the error."""
    near, far = only(shipped(1.05)), only(shipped())
    scores = [replace(near, session=replace(near.session, session=SESSION - 90 + i)) for i in range(4)]
    group = spx_group([*scores, far])
    alone = spx_group([near])
    assert (group["sessions"], group["regimes"]) == (5, 2)
    for label in LABELS:
        both, one = group["errors_vol_points"][label]["mean"], alone["errors_vol_points"][label]["mean"]
        assert both == pytest.approx(one / 2.0, abs=2e-3)
    assert group["rms_vol_pct"] == pytest.approx(alone["rms_vol_pct"] / math.sqrt(2.0), rel=1e-2)
    assert group["level"]["common"]["sd"] == pytest.approx(100.0 * (1.0 - 1.0 / 1.05) / math.sqrt(2.0), rel=1e-2)


def test_bands_say_met_and_missed() -> None:
    def verdicts(factor: float) -> dict[str, bool]:
        score = only(shipped(factor))
        return {row["name"]: row["met"] for row in spx_group([score])["bands"]}

    assert set(verdicts(1.0).values()) == {True}
    missed = {name for name, met in verdicts(1.09).items() if not met}
    assert {"rms relative vol over 11 deltas, %", "mean |condor credit error| at 30 days, %"} <= missed


def test_the_document_has_every_key_and_is_json() -> None:
    found = model_errors([spx_chain(shipped(1.02)), spx_chain(flat(0.3))], history())
    document = build_document(found, chains="c", data="d", coefficients=coefficients())
    again = json.loads(json.dumps(document, allow_nan=False))
    assert {"schema", "dates", "vix", "summary"} <= set(again)
    date = again["dates"][0]
    assert date["session"] == iso(SESSION)
    assert date["inputs"] == "official"
    assert set(date["errors_vol_points"]) == set(LABELS)
    assert set(date["credit_error_pct"]) == {"30", "45"}
    for key in ("rms_vol_pct", "put_side_error_pct", "call_side_error_pct"):
        assert isinstance(date[key], float)
    assert date["rms_vol_pct"] == pytest.approx(100.0 * (1.0 - 1.0 / 1.02), abs=0.02)
    assert {"official", "chain", "all", "vix", "refused"} <= set(again["summary"])


def test_a_chain_of_puts_alone_is_scored_where_it_is_quoted() -> None:
    """No call above the forward: the call side is missing, not zero, and nothing else is lost."""
    chain = spx_chain(shipped())
    kept = (chain.strike <= SPOT + 5.0) | (chain.expiry != FRIDAYS[2])
    names = ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest")
    score = model_errors([replace(chain, **{name: getattr(chain, name)[kept] for name in names})], history()).spx[0].score
    place = [smile.expiry for smile in score.session.smiles].index(FRIDAYS[2])
    assert np.isnan(score.relative[place, LABELS.index("C5")])
    assert np.isnan(score.credit[place])
    assert score.relative[place, LABELS.index("P16")] == pytest.approx(0.0, abs=1e-3)
    assert score.rms() < 1e-3
