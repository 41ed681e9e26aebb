"""A replication from run to document on a market of one volatility: whole months, single figures, gaps, pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.helpers.steady_market import SteadyMarket, steady_market

from alvh.app.replicate import ReplicationOutput, choose_indices, document
from alvh.app.replicate_picture import difference_picture, growth_picture
from alvh.core.days import iso, to_day
from alvh.core.errors import DataMissing, UsageError
from alvh.core.fees import fee_usd
from alvh.data.quality import QualityReport
from alvh.data.readers.index_levels import MonthLevels, month_name
from alvh.engine.backtest import BacktestResult, run_backtest
from alvh.models.price_case import CENTRAL
from alvh.strategy.policy_file import load_policy
from alvh.study.replicate.controls import CONTROLS, breaks, control_case, control_policy
from alvh.study.replicate.published import INDICES, Check, PublishedIndex
from alvh.study.replicate.run import Replication, index_months, replicate, run_start
from alvh.study.replicate.statistics import Months

PUT, BXM = load_policy("cboe-put").policy, load_policy("cboe-bxm").policy


def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


@pytest.fixture(scope="module")
def market() -> SteadyMarket:
    return steady_market(wobble=0.008, rate=0.02, dividend=0.15)


def rebuild(market: SteadyMarket, first: str, last: str, levels: MonthLevels | None = None, **more: object) -> Replication:
    index = more.pop("index", INDICES["PUT"])
    return replicate(index, PUT, market, first_day=day(first), last_day=day(last), levels=levels)


@pytest.fixture(scope="module")
def alone(market: SteadyMarket) -> Replication:
    return rebuild(market, "2017-02-01", "2017-12-29")


def levels_of(months: Months, *, label: str = "levels.csv", gaps: tuple[str, ...] = ()) -> MonthLevels:
    """A file of levels that the months came from."""
    month = np.append(months.month[0] - 1, months.month)
    return MonthLevels(label=label, month=month, level=100.0 * np.append(1.0, np.cumprod(1.0 + months.value)), gaps=gaps)


# --------------------------------------------------------------------------------------------------------------- whole months


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2017-02-01", "2017-04-30", ("2017-02", "2017-04")),  # April ends on Friday the 28th
        ("2017-02-01", "2017-04-28", ("2017-02", "2017-04")),
        ("2017-02-01", "2017-04-27", ("2017-02", "2017-03")),
        ("2017-02-02", "2017-04-28", ("2017-03", "2017-04")),
        ("2017-02-28", "2017-04-28", ("2017-03", "2017-04")),
        ("2017-03-01", "2017-03-31", ("2017-03", "2017-03")),
        ("2017-11-01", "2017-12-29", ("2017-11", "2017-12")),  # the data end with the year's last session
    ],
)
def test_only_whole_months_count(market: SteadyMarket, first: str, last: str, months: tuple[str, str]) -> None:
    found = rebuild(market, first, last)
    assert (found.first, found.last) == months


def test_no_whole_month(market: SteadyMarket) -> None:
    with pytest.raises(DataMissing, match="no whole month lies between 2017-03-02 and 2017-03-30"):
        rebuild(market, "2017-03-02", "2017-03-30")


def test_a_month_whose_last_weekday_is_a_holiday_is_whole() -> None:
    """Good Friday was 2018-03-30: data that end on Thursday hold all of March."""
    found = rebuild(steady_market(start="2018-01-02", end="2018-03-29"), "2018-02-01", "2018-03-29")
    assert (found.first, found.last) == ("2018-02", "2018-03")
    short = rebuild(steady_market(start="2018-01-02", end="2018-03-28"), "2018-02-01", "2018-03-28")
    assert short.last == "2018-02"


def test_the_run_begins_at_the_roll_before_the_first_month(market: SteadyMarket) -> None:
    assert iso(run_start(PUT, market, day("2017-04-03"))) == "2017-03-17"
    assert iso(run_start(PUT, market, day("2017-03-17"))) == "2017-02-17"
    assert iso(run_start(PUT, market, day("2017-01-03"))) == "2017-01-04"  # no roll is known: the second session


# ----------------------------------------------------------------------------------------------------------------- comparison


def test_against_its_own_levels_nothing_differs(market: SteadyMarket, alone: Replication) -> None:
    found = rebuild(market, "2017-02-01", "2017-12-29", levels_of(alone.ours))
    assert found.comparison is not None
    assert found.comparison.months == 11
    assert found.comparison.corr == pytest.approx(1.0)
    assert found.comparison.beta == pytest.approx(1.0)
    assert found.comparison.d_pp == pytest.approx(0.0, abs=1e-9) and found.comparison.te_pct == pytest.approx(0.0, abs=1e-9)
    assert set(found.verdicts.values()) == {"target", "must"}
    assert len(found.worst) == 1  # the largest error is always told, however small
    assert alone.comparison is None and alone.worst == () and dict(alone.verdicts) == {}


def test_errors_above_two_points_are_named_with_their_expiry(market: SteadyMarket, alone: Replication) -> None:
    moved = alone.ours.value.copy()
    moved[[1, 4, 8]] += [0.0201, -0.03, 0.0199]
    found = rebuild(market, "2017-02-01", "2017-12-29", levels_of(replace(alone.ours, value=moved)))
    assert [(row.month, row.expiry) for row in found.worst] == [("2017-06", "2017-06-16"), ("2017-03", "2017-03-17")]
    assert found.worst[0].ours_pct - found.worst[0].published_pct == pytest.approx(3.0)
    assert found.worst[1].published_pct - found.worst[1].ours_pct == pytest.approx(2.01)


def test_gaps_in_the_levels_leave_their_months_out(market: SteadyMarket, alone: Replication) -> None:
    whole = levels_of(alone.ours)
    kept = np.delete(np.arange(len(whole.month)), 5)  # the end of June
    gappy = MonthLevels(label="x.csv", month=whole.month[kept], level=whole.level[kept], gaps=("2017-06",))
    found = rebuild(market, "2017-02-01", "2017-12-29", gappy)
    assert found.comparison is not None and found.comparison.months == 9
    names = [month_name(int(month)) for month in found.comparison.ours.month]
    assert "2017-06" not in names and "2017-07" not in names
    assert found.gaps == ("2017-06",)
    assert found.comparison.te_pct == pytest.approx(0.0, abs=1e-9)


def test_too_few_months_in_common(market: SteadyMarket, alone: Replication) -> None:
    elsewhere = levels_of(replace(alone.ours, month=alone.ours.month + 120), label="old.csv")
    with pytest.raises(DataMissing, match=r"old.csv and the run have fewer than 3 months in common.*2017-02 to 2017-12"):
        rebuild(market, "2017-02-01", "2017-12-29", elsewhere)


def test_settlements_and_rolls_are_counted(alone: Replication) -> None:
    assert alone.rolls == 12  # January's and the eleven of the span
    assert dict(alone.settlements) == {"stated by the test": 11}
    assert alone.bands_by_settlement == 0
    assert alone.identity_error_usd < 1e-12 * 1e10


# ------------------------------------------------------------------------------------------------------------- single figures


def result_of(market: SteadyMarket) -> BacktestResult:
    return run_backtest(BXM, market, start=day("2017-01-04"), end=day("2017-12-29"), fee_usd=fee_usd)


def test_the_index_with_its_dividends(market: SteadyMarket) -> None:
    found = index_months(result_of(market))
    ends = {iso(int(session))[:7]: k for k, session in enumerate(market.sessions)}  # the last of each month stays
    at, before = ends["2017-08"], ends["2017-07"]
    level = 1.0
    for k in range(before + 1, at + 1):
        level *= (market.spx[k] + 0.15) / market.spx[k - 1]
    assert [month_name(int(month)) for month in found.month] == [f"2017-{number:02d}" for number in range(2, 13)]
    assert found.value[6] == pytest.approx(level - 1.0)


def checked(market: SteadyMarket, *checks: Check) -> dict[str, tuple[float, str, str]]:
    index = PublishedIndex(name="PUT", policy="cboe-put", checks=checks)
    found = rebuild(market, "2017-02-01", "2017-12-29", index=index)
    return {row.check.name: (row.ours, row.verdict, row.months) for row in found.checks}


def test_single_figures(market: SteadyMarket, alone: Replication) -> None:
    quarter = float(np.prod(1.0 + alone.ours.between(2017 * 12 + 3, 2017 * 12 + 5).value) - 1.0) * 100.0

    def check(name: str, kind: str, published: float, **more: object) -> Check:
        given: dict[str, object] = {"first": "2017-04", "last": "2017-06", "must": 1.0, "target": 0.5}
        return Check(name=name, kind=kind, published=published, **{**given, **more})

    found = checked(
        market,
        check("on", "return", quarter),
        check("target", "return", quarter - 0.49),
        check("must", "return", quarter - 0.99),
        check("off", "return", quarter + 1.01),
        check("at least", "at_least", quarter - 5.0, must=0.0, target=0.0),
        check("not enough", "at_least", quarter + 0.01, must=0.0, target=0.0),
        check("not covered", "return", 0.0, first="2016-04"),
        check("too short for a vol", "vol", 7.0),
        check("level", "level", 100.0, first="2017-03", last="2017-06-15"),
        check("level later", "level", 100.0, first="2017-03", last="2018-06-15"),
        check("blend", "blend", 0.0),
    )
    assert found["on"] == (pytest.approx(quarter), "target", "2017-04 to 2017-06")
    verdicts = {name: row[1] for name, row in found.items()}
    assert [verdicts[name] for name in ("target", "must", "off", "at least", "not enough")] == [
        "target", "must", "missed", "must", "missed",
    ]  # fmt: skip
    assert not {"not covered", "too short for a vol", "level later"} & set(found)
    index = index_months(run_backtest(PUT, market, start=day("2017-01-04"), end=day("2017-12-29"), fee_usd=fee_usd))
    spring = slice(2, 5)
    mixed = 0.2 * alone.ours.value[spring] + 0.8 * index.value[spring]
    assert found["blend"][0] == pytest.approx((float(np.prod(1.0 + mixed)) ** 4.0 - 1.0) * 100.0)


def test_a_level_counts_from_the_end_of_a_month(market: SteadyMarket) -> None:
    one = Check(name="level", kind="level", first="2017-03", last="2017-06-18", published=100.0, must=1.0, target=0.5)
    result = run_backtest(PUT, market, start=run_start(PUT, market, day("2017-02-01")), end=day("2017-12-29"), fee_usd=fee_usd)
    row = {iso(int(session)): k for k, session in enumerate(result.sessions)}
    equity = result.record.equity_hedged_usd
    expected = 100.0 * equity[row["2017-06-16"]] / equity[row["2017-03-31"]]  # the 18th is a Sunday
    assert checked(market, one)["level"][0] == pytest.approx(expected)


# -------------------------------------------------------------------------------------------------------- documents, pictures


def output(*found: Replication, controls: tuple[str, ...] = (), **more: object) -> ReplicationOutput:
    given: dict[str, object] = {"left_out": (), "modelled": {"dividend_points": 3, "vix": 1}, "levels": QualityReport()}
    return ReplicationOutput(
        replications=found, source="made", sha256="0" * 64, controls=controls or ("",) * len(found), **{**given, **more}
    )  # fmt: skip


KEYS = {
    "schema", "index", "from", "to", "months", "corr", "beta", "te_pct", "d_pp", "vol_published_pct", "vol_ours_pct",
    "worst_months", "settlement_proxy",
}  # fmt: skip
"""What the outside relies on."""


def test_a_document_without_levels_has_no_comparison(alone: Replication) -> None:
    found = document(output(alone))
    assert set(found) >= KEYS and found["schema"] == "alvh.replicate/1"
    assert (found["index"], found["from"], found["to"], found["months"]) == ("PUT", "2017-02", "2017-12", 11)
    assert all(found[key] is None for key in ("corr", "beta", "te_pct", "d_pp", "vol_published_pct"))
    assert found["worst_months"] == [] and found["control"] is None
    assert found["vol_ours_pct"] == pytest.approx(alone.ours.vol_pct())
    assert found["published_spans"] and all(span["ours"] is None for span in found["published_spans"])  # less than two years
    assert found["dividends_by_yield_sessions"] == 3


def test_a_month_alone_has_no_vol(market: SteadyMarket) -> None:
    found = document(output(rebuild(market, "2017-03-01", "2017-03-31")))
    assert (found["months"], found["vol_ours_pct"]) == (1, None)


def test_a_control_is_named_where_it_acts(alone: Replication) -> None:
    found = document(output(alone, alone, controls=("close-settlement", ""), left_out=("VXTH",)))
    first, second = found["indices"]
    assert (first["control"], second["control"]) == ("close-settlement", None)
    assert first["settlement_proxy"] == "the close (control)" != second["settlement_proxy"]
    assert found["summary"]["left_out"] == ["VXTH"]
    assert found["summary"]["iv_bias_pct"] is None and found["summary"]["mean_abs_d_pp"] is None


def test_the_summary_of_all(market: SteadyMarket, alone: Replication) -> None:
    same = rebuild(market, "2017-02-01", "2017-12-29", levels_of(alone.ours))
    moved = levels_of(replace(alone.ours, value=alone.ours.value - 0.01))
    off = rebuild(market, "2017-02-01", "2017-12-29", moved)
    names = ("PUT", "BXM", "BXMD", "BXY", "PPUT", "CLL", "CLLZ", "CMBO", "BFLY")
    rows = [replace(off if name == "BXM" else same, index=INDICES[name]) for name in names]
    found = document(output(*rows))["summary"]
    assert found["missed"] == {"BXM": ["d_pp"]}
    assert found["mean_abs_d_pp"] == pytest.approx(12.0 / 8.0)
    assert found["iv_bias_pct"] == pytest.approx(10.0 * 2.55 * 12.0 / 34.8725, rel=1e-3)


def test_pictures_are_whole_documents(market: SteadyMarket, alone: Replication) -> None:
    compared = rebuild(market, "2017-02-01", "2017-12-29", levels_of(replace(alone.ours, value=alone.ours.value - 0.01)))
    svg = "{http://www.w3.org/2000/svg}"
    growth = ElementTree.fromstring(growth_picture((compared, alone)))
    texts = [node.text or "" for node in growth.iter(f"{svg}text")]
    assert texts.count("PUT") == 2 and "published" in texts and "ours" in texts
    assert any(text.startswith("corr 1.000, TE 0.0 %, d +12.0 pp") for text in texts)
    assert any(text.startswith("2017-") for text in texts)  # less than three years: the ticks are months
    assert len(list(growth.iter(f"{svg}polyline"))) == 3
    assert "published" not in growth_picture((alone,))
    limits = ElementTree.fromstring(difference_picture((compared, alone)))
    texts = [node.text or "" for node in limits.iter(f"{svg}text")]
    assert texts.count("PUT") == 3  # one tick a panel
    assert texts.count("PUT missed") == 1  # the difference alone
    assert {"Tracking error, % a year", "Correlation of months"} <= set(texts)


def test_growth_begins_at_one_dollar(alone: Replication) -> None:
    line = next(iter(ElementTree.fromstring(growth_picture((alone,))).iter("{http://www.w3.org/2000/svg}polyline")))
    assert len(line.attrib["points"].split()) == len(alone.ours.value) + 1


# ------------------------------------------------------------------------------------------------------------ names, controls


def test_indices_by_name() -> None:
    assert [one.name for one in choose_indices("all")] == list(INDICES) == [one.name for one in choose_indices("ALL")]
    assert len(INDICES) == 11
    assert choose_indices("bxmd")[0].policy == "cboe-bxmd"
    with pytest.raises(UsageError, match=r"'bxmm' is no index that can be rebuilt.*did you mean 'BXM'"):
        choose_indices("bxmm")
    for one in INDICES.values():
        assert load_policy(one.policy).policy.overlay is not None


def test_what_a_control_breaks() -> None:
    vxth = load_policy("cboe-vxth").policy
    assert [name for name in CONTROLS if breaks(PUT, name)] == [name for name in CONTROLS if name != "spot-vix-band"]
    assert [name for name in CONTROLS if breaks(vxth, name)] == ["week-early", "spot-vix-band"]
    assert not breaks(PUT, "") and not breaks(load_policy("alvh-442").policy, "spot-vix-band")


def test_controls_change_one_thing() -> None:
    vxth = load_policy("cboe-vxth").policy
    assert PUT.overlay is not None and vxth.overlay is not None
    early = control_policy(PUT, "week-early").overlay
    assert early == replace(PUT.overlay, sessions_earlier=5)
    spot = control_policy(vxth, "spot-vix-band").overlay
    assert spot == replace(vxth.overlay, size=replace(vxth.overlay.size, band_of="spot_vix"))
    for name in ("flat-smile", "iv-plus-10", "iv-minus-10", "close-settlement", "no-dividends", ""):
        assert control_policy(PUT, name) == PUT
    assert control_case("iv-plus-10").spx_level == 1.1 and control_case("iv-minus-10").spx_level == 0.9
    assert control_case("week-early") == control_case("") == CENTRAL
