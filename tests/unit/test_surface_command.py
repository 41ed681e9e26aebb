"""``alvh surface``: the document, the table, and its errors, on the embedded sample."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import pytest
from tests.reference import surface_reference as twin

from alvh.app.cli import main
from alvh.app.surface import surface_document
from alvh.core.errors import DataMissing


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return surface_document("sample", as_of=date(2018, 2, 5))


def test_the_document_says_what_was_fitted(document: dict[str, Any]) -> None:
    assert document["schema"] == "alvh.surface/1"
    assert document["session"] == "2018-02-05"
    assert document["inputs"]["spx_close"] == pytest.approx(2648.94)
    assert document["states"] == ["no_vix9d", "no_vix6m"]
    assert document["coefficients"]["mean_b"] == document["surface"]["b_mean"] == 0.312
    json.dumps(document, allow_nan=False)


def test_smile_points_lie_at_their_deltas_and_on_the_published_form(document: dict[str, Any]) -> None:
    knots = [(knot["days"] / 365.0, knot["total_variance"]) for knot in document["surface"]["knots"]]
    b = document["surface"]["b"]
    assert [smile["days"] for smile in document["smiles"]] == [9, 30, 45, 93, 184]
    for smile in document["smiles"]:
        years, forward = smile["days"] / 365.0, smile["forward"]
        assert smile["atm_vol_pct"] == pytest.approx(100.0 * twin.spx_atm(knots, years), rel=1e-12)
        for point in smile["points"]:
            vol = twin.spx_vol(knots, b, forward, point["strike"], years, twin.CLEAN)
            assert point["vol_pct"] == pytest.approx(100.0 * vol, rel=1e-10)
            if point["at"] != "ATM":
                d1 = math.log(forward / point["strike"]) / (vol * math.sqrt(years)) + 0.5 * vol * math.sqrt(years)
                right = -1.0 if point["at"].startswith("P") else 1.0
                assert 0.5 * math.erfc(-right * d1 / math.sqrt(2.0)) == pytest.approx(int(point["at"][1:]) / 100.0, abs=1e-9)


def test_repricing_and_arbitrage(document: dict[str, Any]) -> None:
    rows = {row["index"]: row for row in document["repricing"]}
    assert rows["VIX"]["published"] == pytest.approx(37.32)
    for name in ("VIX", "VIX3M"):
        assert abs(rows[name]["listed_error"]) < 0.02
        assert rows[name]["listed_error"] == pytest.approx(rows[name]["listed"] - rows[name]["published"])
    assert rows["VIX9D"]["published"] is None and rows["VIX9D"]["listed_error"] is None
    assert rows["VIX"]["expiries"] == ["2018-03-02", "2018-03-09"]
    assert document["arbitrage"]["free"]
    assert document["arbitrage"]["least_g"] > 0.0


def test_the_last_session_is_the_default() -> None:
    assert surface_document("sample")["session"] == "2018-12-31"


@pytest.mark.parametrize(("day", "near"), [(date(2018, 2, 4), "2018-02-02 or 2018-02-05"), (date(1990, 1, 1), "2014-01-03")])
def test_a_day_without_a_session_names_its_neighbours(day: date, near: str) -> None:
    with pytest.raises(DataMissing) as caught:
        surface_document("sample", as_of=day)
    assert near in str(caught.value.todo)


def test_the_command_prints_one_document_or_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALVH_DATA", raising=False)
    assert main(["surface", "--as-of", "2018-02-05", "--json"]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["session"] == "2018-02-05"
    assert main(["surface", "--as-of", "2018-02-05", "-q"]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    for text in ("SPX surface of 2018-02-05", "Knots", "Vol in % by delta", "Repricing", "least Durrleman g"):
        assert text in out.out
    assert main(["surface", "--as-of", "2018-02-04", "-q"]) == 4
    assert "is no session" in capsys.readouterr().err
