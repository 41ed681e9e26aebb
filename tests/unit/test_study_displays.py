"""``alvh study displays``: each figure on series written down by hand; a missing series is named and never filled in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.helpers.history import make_history

from alvh.app.cli import main
from alvh.app.leg_text import legs_text
from alvh.core.days import iso
from alvh.market.history import History, ReleasedLevels
from alvh.study.displays import (
    FX_SCORE,
    RATE_SPIKE_BP,
    displays_document,
    last_spike_label,
    rate_spike,
    shape,
    signal_row,
    vx_curve,
)

N = 120
CALM = [15.0] * 40


def history(**fields: Any) -> History:
    return replace(make_history(N), **fields)


def yields(ten: Any, three: float = 0.02) -> dict[str, Any]:
    return {"dgs10": np.broadcast_to(np.asarray(ten, dtype=np.float64), (N,)).copy(), "dgs3mo": np.full(N, three)}


# ------------------------------------------------------------------------------------------------------------------ one signal


def test_a_value_with_its_rank_among_what_was_known() -> None:
    """Of rows 0 to 50, values 50, 49, ..., 0 below: the rank counts nothing after the row."""
    rising = np.arange(N, dtype=np.float64) * 1e-4
    found = signal_row(history(yields=yields(rising, 0.0)), 50, "curve_3m10y_bp")
    assert found["value"] == pytest.approx(50.0)
    assert (found["below_share"], found["missing"]) == (pytest.approx(50.0 / 51.0), None)
    assert found["since"] == iso(make_history(N).sessions[0]) and found["rules"] == ["R28", "R29"]


def test_a_series_that_no_file_holds_and_one_that_ended() -> None:
    nothing = signal_row(history(yields={}), 50, "curve_3m10y_bp")
    assert nothing["value"] is None and nothing["missing"] == "no file holds rates/DGS3MO.csv: observation_date,DGS3MO"
    short = yields(0.03)
    short["dgs10"][46:] = np.nan
    ended = signal_row(history(yields=short), 50, "curve_3m10y_bp")
    assert ended["missing"] == f"no value at this session, its last one is of {iso(make_history(N).sessions[45])}"
    early = signal_row(history(yields=yields(0.03)), 5, "dgs10_change_20_bp")
    assert early["missing"] == "no value at this session, it warms up, or its source begins later"


# ------------------------------------------------------------------------------------------------------------------------ R38


def test_a_rate_spike_is_above_its_threshold_and_says_since_when() -> None:
    """The yield rises two basis points a session from row 40 on: more than 40 in 20 sessions never, 40 exactly from row 60 on."""
    ten = 0.03 + 2e-4 * np.maximum(np.arange(N) - 40, 0)
    made = history(yields=yields(ten))
    assert rate_spike(made, 80, 40.0 + 1e-6)["rate_spike"] is False
    found = rate_spike(made, 80, 35.0)
    assert (found["rate_spike"], found["value"]) == (True, pytest.approx(40.0))
    assert found["began"] == iso(made.sessions[58])  # 36 basis points above row 38
    assert rate_spike(made, 57, 35.0)["rate_spike"] is False
    missing = rate_spike(history(yields={}), 80, 40.0)
    assert (missing["rate_spike"], missing["began"]) == (None, None) and "DGS10" in missing["missing"]


# ------------------------------------------------------------------------------------------------------------------------ R30


def test_the_curve_is_the_monthlies_settles_by_expiry() -> None:
    made = history()
    row = 60
    curve = vx_curve(made, row)
    table = made.vx
    expected = [
        (iso(expiry), settle)
        for expiry, monthly, settle in zip(table.expiry.tolist(), table.monthly.tolist(), table.settle[row].tolist(), strict=True)
        if monthly and expiry > made.sessions[row] and np.isfinite(settle)
    ]
    assert len(curve) >= 5
    assert [(one["expiry"], one["settle"]) for one in curve] == expected[: len(curve)]
    assert [one["rank"] for one in curve] == list(range(1, len(curve) + 1))
    assert vx_curve(replace(make_history(N, with_vx=False)), row) == []


def test_the_shape_in_a_word() -> None:
    curve = [{"settle": 18.0}, {"settle": 19.0}]
    assert (shape(curve, 17.0), shape(curve, 18.5)) == ("contango", "mixed")
    assert shape([{"settle": 30.0}, {"settle": 27.0}], 34.0) == "backwardation"
    assert shape(curve[:1], 17.0) is None


# ------------------------------------------------------------------------------------------------------------------------ R29


def spiked(level: list[float]) -> History:
    """VIX at 15, then 24 at row 60; monthly exchange rates, the last one released at row 50."""
    made = make_history(N)
    vix = np.array([*[15.0] * 60, 24.0, *[15.0] * (N - 61)])
    last = int(made.sessions[50])
    days = np.array([last - 30 * k for k in range(len(level))][::-1], dtype=np.int64)
    return replace(made, vix_close=vix, fx=ReleasedLevels(release_day=days, level=np.array(level)))


def test_a_spike_after_a_large_move_of_the_dollar_is_external() -> None:
    """Changes of +1 % and -1 % in turn, and then one of +4 % against a deviation of about 1 %: a score near 4."""
    quiet = 100.0 * np.exp(np.cumsum([0.0, *([0.01, -0.01] * 13)]))
    loud = [*quiet.tolist(), float(quiet[-1] * np.exp(0.04))]
    found = last_spike_label(spiked(loud), 80, 1.0)
    changes = np.diff(np.log(loud))
    score = (changes[-1] - changes[-25:-1].mean()) / changes[-25:-1].std(ddof=1)
    assert found["fx_zscore"] == pytest.approx(score)
    assert (found["label"], found["vix_foot"], found["vix_told"]) == ("external", 15.0, 24.0)
    assert last_spike_label(spiked(loud), 80, score + 0.1)["label"] == "domestic"
    assert last_spike_label(spiked(loud), 59, 1.0) == {"label": None, "missing": "no expansion of VIX was told in this history"}


def test_without_the_users_file_nothing_is_said() -> None:
    found = last_spike_label(replace(spiked([100.0]), fx=None), 80, 1.0)
    assert found["label"] is None and found["missing"].startswith("no file holds FX_<name>.csv")


# ----------------------------------------------------------------------------------------------------------------- the whole


def test_the_document_has_every_display() -> None:
    made = history(yields=yields(0.03), breadth={})
    found = displays_document(made, 80, rate_spike_bp=40.0, fx_score=1.0)
    assert [row["signal"] for row in found["differentials"]][:2] == ["curve_3m10y_bp", "vx_funding_pct"]
    assert found["differentials"][0]["value"] == pytest.approx(100.0)
    assert found["topping"] == [
        {
            "universe": "nyse",
            "topping": None,
            "missing": "no file holds breadth/NYSE_advn.csv and breadth/NYSE_decln.csv: no header, 'YYYYMMDD, count'",
        }
    ]
    assert json.dumps(found, allow_nan=False)


def test_nothing_after_the_session_is_read() -> None:
    made = history(yields=yields(0.03 + 1e-4 * np.sin(np.arange(N))))
    later = replace(
        made,
        vix_close=np.where(np.arange(N) > 80, 60.0, made.vix_close),
        spx_close=np.where(np.arange(N) > 80, 1.0, made.spx_close),
        yields={name: np.where(np.arange(N) > 80, 0.09, values) for name, values in made.yields.items()},
        vx=replace(made.vx, settle=np.where(np.arange(N)[:, None] > 80, 99.0, made.vx.settle)),
    )
    one, other = (displays_document(h, 80, rate_spike_bp=40.0, fx_score=1.0) for h in (made, later))
    assert one == other


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["study", "displays", "--data", "sample", "--as-of", "2018-02-05", "--quiet"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["session"], found["vix"]) == ("alvh.displays/1", "2018-02-05", 37.32)
    assert found["last_spike"]["told"] == "2018-01-29"
    assert [row["name"] for row in found["temporal_theta"]] == ["condor", "front", "mid", "back"]
    assert found["temporal_theta"][0]["ratio"] > 0.0 > found["temporal_theta"][1]["ratio"]
    engine = found["second_engine"]
    assert (engine["layer"], sum(row["sessions"] for row in engine["lengths"])) == ("back", engine["sessions"])
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "Rate spike (R38): missing, no file holds rates/DGS10.csv" in " ".join(shown.split())
    assert "Temporal theta (R66) of alvh-442, prices: model" in shown and "P&L by length of the drawdown" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--as-of", "2018-02-10"], 4, "use 2018-02-09 or 2018-02-12"),
        (["--policy", "cboe-put"], 2, "is an overlay"),
        (["--rate-spike-bp", "-3"], 2, "is no threshold"),
        (["--fx-score", "nan"], 2, "is no threshold"),
    ],
)
def test_what_cannot_be_shown(arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "displays", "--data", "sample", "--quiet", *arguments]) == code
    assert says in capsys.readouterr().err


def test_the_help_names_the_thresholds_that_stand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "displays", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"(default: {RATE_SPIKE_BP:g})" in shown and f"(default: {FX_SCORE:g})" in shown


def test_legs_in_a_few_words() -> None:
    condor = [{"contract": f"SPXW 2018-03-16 {side} {strike}"} for side, strike in (("P", 10), ("P", 20), ("C", 30), ("C", 40))]
    assert legs_text(condor) == "SPXW 2018-03-16 P 10/20 C 30/40"
    assert legs_text([{"contract": "VIX 2018-03-21 C 20"}]) == "VIX 2018-03-21 C 20"
    assert legs_text([{"contract": "VIX 2018-03-21 C 20"}, {"contract": "VX 2018-03-21"}]) == "VIX 2018-03-21 C 20, VX 2018-03-21"
