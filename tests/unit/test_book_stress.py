"""The documents of ``alvh stress`` and ``alvh payoff`` on the embedded sample: sums, axes, episodes, lines by arithmetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.risk_book import CONDOR, DAY, HEAD, HEDGE

from alvh.app.book_risk import BookMarket, load_book, risk_document
from alvh.app.book_stress import StressOptions, axis, payoff_document, response_of, stress_document
from alvh.app.commands.book import join_values
from alvh.core.errors import UsageError
from alvh.market.scenarios import Response


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "book.csv"
    path.write_text(HEAD + CONDOR + HEDGE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(book: Path) -> BookMarket:
    return load_book(book, "sample", as_of=DAY, betas="published")


@pytest.fixture(scope="module")
def risk(made: BookMarket) -> dict[str, Any]:
    return risk_document(made)


# --- stress ---------------------------------------------------------------------------------------------------------------------


def test_the_grid_is_arrays_with_axes_and_zero_at_rest(made: BookMarket) -> None:
    found = stress_document(made, StressOptions(spx_moves=(-0.1, 0.0, 0.05), vix_points=(-5.0, 0.0, 10.0, 30.0)))
    grid = found["grid"]
    pnl = np.array(grid["pnl_usd"])
    assert pnl.shape == (3, 4) == np.array(grid["pnl_bid_usd"]).shape
    assert abs(pnl[1, 1]) < 1e-9
    assert np.array(grid["pnl_bid_usd"])[1, 1] < 0.0
    assert found["worst"]["pnl_usd"] == pnl.min()
    for parts in (grid["pnl_usd_by_layer"], grid["pnl_usd_by_greek"]):
        assert np.sum([np.array(values) for values in parts.values()], axis=0) == pytest.approx(pnl, abs=1e-6)
    for name in ("pnl_usd_by_layer", "pnl_usd_by_greek", "pnl_usd_by_step"):
        assert sum(found["worst"][name].values()) == pytest.approx(pnl.min())
    assert sum(row["pnl_usd"] for row in found["worst"]["pnl_usd_by_leg"]) == pytest.approx(pnl.min())
    assert grid["assumptions"]["spx_smile_dynamic"] == "sticky_delta"
    json.dumps(found, allow_nan=False)


def test_a_defined_risk_book_never_loses_more_than_its_risk(made: BookMarket, risk: dict[str, Any]) -> None:
    found = stress_document(made)
    most = risk["notional"]["risk_capital_usd"] + risk["notional"]["credit_usd"] + risk["exposures"]["book"]["value_usd"]
    assert found["worst"]["pnl_usd"] >= -most - 1e-6


def test_episodes_without_a_curve_are_answered_and_marked(made: BookMarket) -> None:
    found = stress_document(made)
    assert found["episodes"] == []
    by_response = {row["episode"]: row for row in found["episodes_by_response"]}
    assert list(by_response) == ["Aug 2015", "Feb 2018", "Dec 2018"]
    february = by_response["Feb 2018"]
    assert february["spx_move"] == pytest.approx(2640.87 / 2872.87 - 1.0, abs=1e-5)  # published closes of both days
    assert february["vix_points"] == pytest.approx(19.97 - 11.08, abs=1e-6)
    assert february["by_response"] == ["VX curve", "VIX vol", "SPX vol"] and february["missing"]
    assert february["vx_points_by_days"] is None
    assert "Mar 2020" in found["left_out"] and "Feb 2018" not in found["left_out"]
    assert [row["episode"] for row in found["made"]] == ["VIX up, SPX flat", "futures lag", "vol up, spot up"]


def test_the_curve_moves_by_the_chosen_betas(made: BookMarket) -> None:
    response = response_of(made)
    assert response.beta_at([30.0, 60.0, 90.0, 120.0]).tolist() == [0.54, 0.38, 0.29, 0.24]
    assert response.beta_at([0.0, 15.0]).tolist() == [1.0, Response().beta_at(15.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-0.2:0.1:0.1", (-0.2, -0.1, 0.0, 0.1)), ("0.05", (0.05,)), ("-0.1:-0.1:0.05", (-0.1,))],
)
def test_an_axis(text: str, expected: tuple[float, ...]) -> None:
    assert axis(text, option="--spx", low=-0.6, high=0.6, percent=True) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["", "a:b:c", "0:1", "0.1:-0.1:0.1", "0:0.1:0", "0:0.1:-1", "-0.9:0:0.1", "0:0.1:0.03", "nan", "0:0.5:1e-9"]
)
def test_an_axis_refuses_what_it_is_not(text: str) -> None:
    with pytest.raises(UsageError, match="--spx"):
        axis(text, option="--spx", low=-0.6, high=0.6, percent=True)


def test_a_value_that_begins_with_a_minus_reaches_its_option() -> None:
    assert join_values(["stress", "--spx", "-0.2:0.1:0.02", "--vix", "-10:50:5", "--days", "0"]) == [
        "stress", "--spx=-0.2:0.1:0.02", "--vix=-10:50:5", "--days", "0"
    ]  # fmt: skip
    assert join_values(["stress", "--vix", "--json"]) == ["stress", "--vix", "--json"]


def test_too_many_cells_are_refused(made: BookMarket) -> None:
    many = tuple(np.linspace(-0.2, 0.1, 400).tolist())
    with pytest.raises(UsageError, match="cells"):
        stress_document(made, StressOptions(spx_moves=many, vix_points=many))


# --- payoff ---------------------------------------------------------------------------------------------------------------------


def test_lines_at_expiry_are_intrinsic_for_what_has_expired(made: BookMarket) -> None:
    found = payoff_document(made)
    lines = {row["picture"]: row for row in found["against_spx"]["lines"]}
    assert [row["date"] for row in found["dates"]] == ["2018-01-26", "2018-02-19", "2018-03-16"]
    level = np.array(found["against_spx"]["spx_points"])
    credit = 4.05 - 11.80 - 6.55 + 1.65
    wings = np.maximum(2585 - level, 0) - np.maximum(2735 - level, 0) - np.maximum(level - 2955, 0) + np.maximum(level - 3005, 0)
    assert lines["expiry"]["pnl_usd_by_layer"]["condor"] == pytest.approx(100 * (wings - credit), abs=1e-6)
    vix = made.snapshot.vix + np.array(found["against_spx"]["vix_points"]["central"])
    gone = 400 * (np.maximum(vix - 17.0, 0.0) - 0.35)
    assert lines["expiry"]["pnl_usd_by_layer"]["hedge/layer1"] == pytest.approx(gone, abs=1e-6)
    spot = 200 * (np.maximum(vix - 21.0, 0.0) - 0.50)
    alive = np.array(lines["expiry"]["pnl_usd_by_layer"]["hedge/layer3"])
    assert np.abs(alive - spot).max() > 100.0  # the third layer lives, on the future of its own expiry
    middle = found["against_spx"]["spx_move"].index(0.0)
    assert lines["T+0"]["pnl_usd"][middle] == pytest.approx(found["pnl_since_opening_usd"], abs=1e-6)


def test_break_evens_are_the_zeros_of_the_lines(made: BookMarket) -> None:
    found = payoff_document(made)
    rolls = [row["picture"] for row in found["break_evens"]["dates"]]
    assert rolls == ["today", "roll 2018-02-27", "expiry"]
    end = found["break_evens"]["dates"][-1]
    moves = np.array(found["against_spx"]["spx_move"])
    line = np.array(found["against_spx"]["lines"][-1]["pnl_usd"])
    for side in ("downside", "upside"):
        at = int(np.searchsorted(moves, end[side]["distance"]))
        assert line[at - 1] * line[at] <= 0.0
        near, far = end[side]["band_nearest"], end[side]["band_furthest"]
        assert abs(near) <= abs(far)
    asked = payoff_document(made, rolls=[made.snapshot.session + 10])
    assert asked["break_evens"]["dates"][1]["date"] == "2018-02-05"


def test_lines_and_profile_by_layer(made: BookMarket) -> None:
    found = payoff_document(made, days=10)
    assert [row["picture"] for row in found["dates"]] == ["T+0", "T+10", "expiry"]
    for group in ("against_spx", "against_vix"):
        for line in found[group]["lines"]:
            total = np.sum([np.array(values) for values in line["pnl_usd_by_layer"].values()], axis=0)
            assert total == pytest.approx(np.array(line["pnl_usd"]), abs=1e-6)
    assert list(found["convexity"]["layers"]) == ["layer1", "layer2", "layer3"]
    with pytest.raises(UsageError, match="--days"):
        payoff_document(made, days=60)
    with pytest.raises(UsageError, match="--roll"):
        payoff_document(made, rolls=[made.snapshot.session + 60])
