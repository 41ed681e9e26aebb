"""Cboe's strategy indices rebuilt on the market data beside the repository, against their published month-ends.

Thresholds, controls and published figures are those of ``../shared/reference/benchmarks.md``; nothing here is our own output.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alvh.app.replicate import ReplicationOutput, document, run_replications
from alvh.core.errors import DataMissing
from alvh.data.load import load_history
from alvh.data.readers.index_levels import month_name, month_of
from alvh.study.replicate.published import INDICES, Thresholds
from alvh.study.replicate.run import Replication

SHARED = Path(__file__).resolve().parents[2] / "../shared"
MARKET = SHARED / "market"
LEVELS = MARKET / "benchmarks" / "cboe_strategy_monthly_1986_2021.csv"
BENCHMARKS = SHARED / "reference" / "benchmarks.md"
NINE = tuple(name for name, one in INDICES.items() if one.thresholds is not None)
SPANS = {"1990": date(1990, 2, 1), "2007": date(2007, 1, 1)}
LAST = date(2021, 12, 31)
MISSED: frozenset[tuple[str, str, str]] = frozenset()
"""Known misses of the must column: span, index, figure. There is none."""
VXTH_MISSED = {"2008, %", "20 % VXTH and 80 % S&P TR, %/yr"}
"""Known misses: -23.8 for -19.3, and 2.98 for 3.4."""

pytestmark = pytest.mark.skipif(not LEVELS.is_file(), reason="no ../shared/market/benchmarks beside the repository")

Rebuild = Callable[[str, str], ReplicationOutput]


@pytest.fixture(scope="module")
def rebuilt() -> Rebuild:
    """All indices of a span with one thing broken, or none: each rebuilt once."""
    done: dict[tuple[str, str], ReplicationOutput] = {}

    def rebuild(span: str, control: str = "") -> ReplicationOutput:
        if (span, control) not in done:
            done[span, control] = run_replications(
                "all", data=MARKET, start=SPANS[span], end=LAST, levels=LEVELS, control=control
            )
        return done[span, control]

    return rebuild


def compared(output: ReplicationOutput) -> dict[str, Replication]:
    return {one.index.name: one for one in output.replications if one.comparison is not None}


def missed(output: ReplicationOutput) -> set[tuple[str, str]]:
    return {(name, figure) for name, one in compared(output).items() for figure, text in one.verdicts.items() if text == "missed"}


# ---------------------------------------------------------------------------------------------- what is published is copied right


def table_rows(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading of benchmarks.md."""
    text = BENCHMARKS.read_text(encoding="utf-8").split(heading, 1)[1]
    lines = [line for line in text.split("\n## ", 1)[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def numbers(cell: str) -> tuple[float, ...]:
    return tuple(float(found) for found in re.findall(r"-?\d*\.?\d+", cell))


@pytest.mark.skipif(not BENCHMARKS.is_file(), reason="no ../shared/reference beside the repository")
def test_thresholds_are_those_of_the_benchmarks() -> None:
    rows = {row[0]: row for row in table_rows("## 6. Thresholds") if row[0] in NINE}
    assert set(rows) == set(NINE)
    for name, row in rows.items():
        limits: Thresholds | None = INDICES[name].thresholds
        assert limits is not None
        assert (limits.corr.must, limits.corr.target) == numbers(row[1])[:2]
        assert (limits.te_pct.must, limits.te_pct.target) == numbers(row[2])[:2]
        assert (limits.d_pp.must, limits.d_pp.target) == numbers(row[3])
        assert limits.beta == tuple(abs(value) for value in numbers(row[4]))
        assert limits.vol_ratio == tuple(abs(value) for value in numbers(row[5]))


def published() -> dict[str, pd.Series]:
    with LEVELS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    month = pd.PeriodIndex([row["Date"] for row in rows], freq="M")
    names = (*NINE, "SPTR", "SPX")
    return {name: pd.Series([float(row[name]) if row[name] else np.nan for row in rows], index=month) for name in names}


@pytest.mark.parametrize("name", NINE)
def test_published_statistics_are_those_of_the_file(name: str) -> None:
    levels = published()[name]
    returns = levels.pct_change(fill_method=None)
    for span in INDICES[name].spans:
        inside = returns[span.first : span.last].dropna()
        assert float(inside.std() * np.sqrt(12.0) * 100.0) == pytest.approx(span.vol_pct, abs=0.011)
        growth = float(np.log1p(inside).mean() * 12.0)
        assert np.expm1(growth) * 100.0 == pytest.approx(span.return_pct, abs=0.011)
    worst = numbers(INDICES[name].worst_month)[0]
    assert float(returns.min()) * 100.0 == pytest.approx(worst, abs=0.06)


# ------------------------------------------------------------------------------------------------------------ the must column


@pytest.mark.parametrize("span", SPANS)
def test_the_whole_span_is_compared(span: str, rebuilt: Rebuild) -> None:
    output = rebuilt(span, "")
    rows = compared(output)
    assert set(rows) == set(NINE)
    for one in rows.values():
        assert one.comparison is not None
        assert one.comparison.months == {"1990": 383, "2007": 180}[span]
        assert (one.first[:4], one.last) == (span, "2021-12")
        assert one.gaps == ()
        assert set(one.settlements) == {"SOQ reconstruction"} and one.rolls >= one.comparison.months
    assert output.modelled["dividend_points"] == 39  # January and February 2016, whose SPTR is wrong; known otherwise


@pytest.mark.parametrize("name", NINE)
@pytest.mark.parametrize("span", SPANS)
def test_the_must_column(span: str, name: str, rebuilt: Rebuild) -> None:
    """Correlation, tracking error, difference, beta and ratio of vols of benchmarks.md 6, save what is known to miss."""
    one = compared(rebuilt(span, ""))[name]
    assert one.verdicts.keys() == {"corr", "te_pct", "d_pp", "beta", "vol_ratio"}
    found = {(span, name, figure) for figure, text in one.verdicts.items() if text == "missed"}
    assert found <= MISSED, (found, one.comparison)


@pytest.mark.parametrize("span", SPANS)
def test_the_figures_are_those_of_pandas(span: str, rebuilt: Rebuild) -> None:
    """The published side is read again here, and every figure computed again from the two series."""
    for name, one in compared(rebuilt(span, "")).items():
        found = one.comparison
        assert found is not None
        x = published()[name].pct_change(fill_method=None)[one.first : one.last]
        y = pd.Series(one.ours.value, index=pd.PeriodIndex([month_name(int(month)) for month in one.ours.month], freq="M"))
        assert list(x.index) == list(y.index)
        assert found.corr == pytest.approx(y.corr(x), rel=1e-9)
        assert found.beta == pytest.approx(y.cov(x) / x.var(), rel=1e-9)
        assert found.te_pct == pytest.approx((y - x).std() * np.sqrt(12.0) * 100.0, rel=1e-9)
        assert found.d_pp == pytest.approx((y - x).mean() * 1200.0, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("span", SPANS)
def test_the_eight_together(span: str, rebuilt: Rebuild) -> None:
    """benchmarks.md 6: mean |d| at most 1.0 pp a year, bias of the implied vols at most 4 %."""
    summary = document(rebuilt(span, ""))["summary"]
    assert summary["mean_abs_d_pp"] <= 1.0
    assert abs(summary["iv_bias_pct"]) <= 4.0


@pytest.mark.parametrize("span", SPANS)
def test_the_books_are_exact(span: str, rebuilt: Rebuild) -> None:
    for one in rebuilt(span, "").replications:
        assert one.identity_error_usd < 1e-12 * 1e10  # the account begins with ten billion


@pytest.mark.parametrize("span", SPANS)
def test_large_errors_come_with_their_expiry(span: str, rebuilt: Rebuild) -> None:
    for one in compared(rebuilt(span, "")).values():
        errors = one.comparison.errors() if one.comparison is not None else None
        assert errors is not None
        large = {month_name(int(month)) for month in errors.month[np.abs(errors.value) > 0.02]}
        assert {row.month for row in one.worst if abs(row.ours_pct - row.published_pct) > 2.0} == large
        for row in one.worst:
            assert row.expiry[:7] == row.month and 14 <= int(row.expiry[8:]) <= 21


def test_the_condor_by_its_rules_alone(rebuilt: Rebuild) -> None:
    """No levels are published: vol 7.23 % from 1986 to 2015 and ten months below -6 % to mid-2016, ours from 1990."""
    one = next(found for found in rebuilt("1990", "").replications if found.index.name == "CNDR")
    assert one.comparison is None
    assert {row.check.name: row.verdict for row in one.checks}.keys() == {"vol, %", "months below -6 %"}
    assert all(row.verdict != "missed" for row in one.checks), one.checks


# ------------------------------------------------------------------------------------------------------------ negative controls


@dataclass(frozen=True, slots=True, kw_only=True)
class Fails:
    """Figures that a control must push outside the must column, and in how many of the nine at least."""

    figures: tuple[str, ...]
    at_least: int


CONTROLS = {
    "flat-smile": Fails(figures=("d_pp",), at_least=5),
    "iv-plus-10": Fails(figures=("d_pp",), at_least=5),
    "iv-minus-10": Fails(figures=("d_pp",), at_least=5),
    "week-early": Fails(figures=("corr",), at_least=9),
    "close-settlement": Fails(figures=("corr", "te_pct"), at_least=5),
}
BOTH_SPANS = ("iv-plus-10", "iv-minus-10", "close-settlement")
"""The others are so far off that one span says it: those of 2007-2021, for which benchmarks.md 5 gives figures."""
SHORT = ("1990", "iv-minus-10")
"""Four of nine: BXM starts from +1.2 and CMBO from +0.9, so that ten per cent off the vols leaves them at -1.1 and -1.2."""


@pytest.mark.parametrize(
    ("span", "control"), [(span, name) for span in SPANS for name in CONTROLS if span == "2007" or name in BOTH_SPANS]
)
def test_a_control_fails(span: str, control: str, rebuilt: Rebuild) -> None:
    """benchmarks.md 6: a flat smile, vols off by ten per cent, a roll a week early and a settlement at the close are seen."""
    rule = CONTROLS[control]
    names = {name for name, figure in missed(rebuilt(span, control)) if figure in rule.figures}
    if (span, control) == SHORT and len(names) == rule.at_least - 1:
        pytest.xfail(f"four of nine instead of five: {', '.join(sorted(names))}")
    assert len(names) >= rule.at_least, names


def test_controls_move_what_benchmarks_say(rebuilt: Rebuild) -> None:
    """benchmarks.md 5, 2007-2021: figures of the reference's own broken runs, within a margin that a better smile may take up."""
    plain, flat = compared(rebuilt("2007", "")), compared(rebuilt("2007", "flat-smile"))
    early, close = compared(rebuilt("2007", "week-early")), compared(rebuilt("2007", "close-settlement"))

    def d(rows: dict[str, Replication], name: str) -> float:
        found = rows[name].comparison
        assert found is not None
        return found.d_pp

    for name, value in (("BXMD", 9.5), ("PUT", 5.0), ("BFLY", 11.4)):
        assert d(flat, name) == pytest.approx(value, abs=1.6)
    for name, corr in (("PUT", 0.873), ("BXM", 0.881), ("BFLY", 0.403)):
        found = early[name].comparison
        assert found is not None and found.corr == pytest.approx(corr, abs=0.05)
    for name, te in (("PUT", 2.6), ("PPUT", 2.8), ("BFLY", 5.6)):  # theirs have a wrong S&P TR of January 2016 in them
        found = close[name].comparison
        assert found is not None and found.te_pct == pytest.approx(te, rel=0.25)
    moves = {
        "PUT": 2.55,
        "BXM": 2.55,
        "BXMD": 2.3,
        "BXY": 2.05,
        "PPUT": -1.85,
        "CLL": -1.0,
        "CLLZ": 1.7,
        "CMBO": 2.25,
        "BFLY": 3.7,
    }
    dearer = compared(rebuilt("2007", "iv-plus-10"))
    for name, move in moves.items():
        assert d(dearer, name) - d(plain, name) == pytest.approx(move, abs=0.4)


# ------------------------------------------------------------------------------------------------------------------------ VXTH


@pytest.fixture(scope="module")
def tail_hedge() -> dict[str, dict[str, Any]]:
    found = {}
    for control in ("", "spot-vix-band"):
        output = run_replications("VXTH", data=MARKET, start=date(2006, 3, 1), end=date(2025, 12, 31), control=control)
        found[control] = document(output)
    return found


def test_the_tail_hedge_against_single_figures(tail_hedge: dict[str, dict[str, Any]]) -> None:
    found = tail_hedge[""]
    assert len(found["checks"]) == 6
    assert {row["name"] for row in found["checks"] if row["verdict"] == "missed"} <= VXTH_MISSED, found["checks"]
    settled = dict(found["settlements"])
    assert settled.pop("VIX open", 0) <= 1  # one expiry of 182 has no published settlement
    assert set(settled) <= {"VX final settlement archive", "VX expiry-day settle", "VRO history"}
    assert found["corr"] is None and found["from"] == "2006-04"


def test_opens_exist_from_2013_and_settlements_before_are_flagged(tail_hedge: dict[str, dict[str, Any]]) -> None:
    found = tail_hedge[""]
    assert 80 <= found["bands_by_settlement"] <= 92 < found["rolls"]  # 2006-03 to 2013-04 has 86 rolls
    assert found["dividends_by_yield_sessions"] == 1003 + 39  # sessions of 2022-2025: SPTR ends in 2021; two months of 2016


def test_the_band_of_spot_vix_fails(tail_hedge: dict[str, dict[str, Any]]) -> None:
    """benchmarks.md 6: it must give less than 30 % over the five years to October 2023, since it misses February 2020."""
    value = {name: {row["name"]: row for row in found["checks"]} for name, found in tail_hedge.items()}
    five = "five years to Oct 2023, %"
    assert value["spot-vix-band"][five]["ours"] < 30.0 < value[""][five]["ours"]
    assert value["spot-vix-band"]["March 2020, %, at least"]["verdict"] == "missed"


def test_before_vix_options_there_is_no_tail_hedge(rebuilt: Rebuild) -> None:
    with pytest.raises(DataMissing, match="VXTH cannot be rebuilt before VIX options were listed"):
        run_replications("VXTH", data=MARKET, start=date(1995, 1, 1), end=date(1999, 12, 31))
    output = rebuilt("1990", "")
    assert next(one for one in output.replications if one.index.name == "VXTH").first == "2006-04"


# ------------------------------------------------------------------------------------------------------------------- dividends


def test_spx_with_our_dividends_is_the_published_total_return() -> None:
    """Every month of 1990-2021 within .03 points of S&P 500 TR, whose dividends fall on other days than an even spread.

    The file's SPTR of 2016-01 is that of the 28th (its return is -7.26 % where the price index fell 5.07 %): the two months that
    it spoils are left out, and 2016-02 shows that the price index is right.
    """
    history = load_history(MARKET, start=date(1990, 1, 2), end=LAST).history
    growth = np.ones(len(history.sessions))
    growth[1:] = (history.spx_close[1:] + history.dividend_points[1:]) / history.spx_close[:-1]
    month = month_of(history.sessions)
    ends = np.flatnonzero(np.diff(month, append=month[-1] + 1))
    level = np.cumprod(growth)[ends]
    ours = pd.Series(
        level[1:] / level[:-1] - 1.0, index=pd.PeriodIndex([month_name(int(one)) for one in month[ends][1:]], freq="M")
    )
    theirs = published()["SPTR"].pct_change(fill_method=None).reindex(ours.index)
    assert len(ours) == 383 and not theirs.isna().any()
    error = (ours - theirs).abs() * 100.0
    spoiled = ["2016-01", "2016-02"]
    assert (error[spoiled] > 2.0).all()
    assert float(error.drop(pd.PeriodIndex(spoiled, freq="M")).max()) <= 0.03
    both = float((1.0 + ours[spoiled]).prod() / (1.0 + theirs[spoiled]).prod()) - 1.0
    assert abs(both) * 100.0 <= 0.06  # together they are right, but for dividends by the yield: the level between is wrong
