"""What signals read beside prices: yields as known, breadth by universe, event lists, first releases and the exchange rate."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import make_market as made

from alvh.core.days import to_day
from alvh.core.errors import AlvhError, DataInvalid
from alvh.data.check import check_data
from alvh.data.detect import detect, hint, promised
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.data.rates import known_yields
from alvh.market.history import History
from alvh.market.signals import EXAMPLES, find_signal, missing_input


def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


def row_of(history: History, text: str) -> int:
    return int(np.flatnonzero(history.sessions == day(text))[0])


def write(root: Path, path: str, *lines: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def failure(root: Path) -> AlvhError:
    with pytest.raises(DataInvalid) as caught:
        load_history(root)
    error = caught.value
    assert error.what and error.where and error.allowed and error.todo, str(error)
    assert check_data(root).exit_code == 5
    return error


CPI = (
    "release_date,reference_month,actual,consensus",
    "2012-12-14,2012-11,-0.3,-0.2",
    "2013-01-16,2012-12,0.0,",
    "2013-02-21,2013-01,0.0,0.1",
    "2013-03-15,2013-02,0.7,0.5",
)


# Yields


def weekdays(first: str, count: int) -> list[date]:
    start = date.fromisoformat(first)
    return [some for n in range(2 * count) if (some := start + timedelta(days=n)).weekday() < 5][:count]


def test_a_yield_is_known_the_session_after_its_day_and_no_sooner() -> None:
    days = np.array([to_day(some) for some in weekdays("2016-03-07", 10)])
    values = 1.0 + np.arange(10.0)
    sessions = days[1:]
    found = known_yields(sessions, {"DGS10": (days, values)}, QualityLog())
    np.testing.assert_allclose(found["dgs10"], values[:-1] / 100.0)
    assert np.isnan(found["dgs2"]).all() and set(found) == {"dgs3mo", "dgs2", "dgs10"}
    changed = values.copy()
    changed[5:] = 99.0
    again = known_yields(sessions, {"DGS10": (days, changed)}, QualityLog())["dgs10"]
    np.testing.assert_array_equal(again[:5], found["dgs10"][:5])
    assert again[5] == 0.99, "the value of the sixth day is known at the session after it"


def test_a_bond_holiday_beside_a_weekend_is_bridged_and_a_week_is_not() -> None:
    """Bonds rested on Columbus Day, Monday 2016-10-10, when stocks traded: Friday's yield is four days old on Tuesday."""
    days = np.array([day("2016-10-07"), day("2016-10-11"), day("2016-10-26")])
    sessions = np.array([day(text) for text in ("2016-10-10", "2016-10-11", "2016-10-12", "2016-10-17", "2016-10-27")])
    log = QualityLog()
    found = known_yields(sessions, {"DGS2": (days, np.array([0.8, 0.9, 1.0]))}, log)["dgs2"]
    np.testing.assert_allclose(found, [0.008, 0.008, 0.009, np.nan, 0.010])
    assert log.report().count("session without a current DGS2 yield") == 1


def test_two_vintages_of_a_yield_are_merged_and_differences_counted(copy: Path) -> None:
    old = [f"{some.isoformat()},1.{some.day:02d}" for some in made.sessions() if some < date(2013, 3, 1)]
    new = [f"{some.isoformat()},1.{some.day:02d}" for some in made.sessions() if some >= date(2013, 2, 15)]
    write(copy, "rates/DGS10_1965_2013.csv", "DATE,DGS10", "2013-01-01,.", *old)
    write(copy, "rates/DGS10.csv", "observation_date,DGS10", *new)
    write(copy, "rates/DGS2.csv", "observation_date,DGS2", *[line.replace(",1.", ",0.") for line in (*old, *new[9:])])
    loaded = load_history(copy)
    history = loaded.history
    assert history.yields["dgs10"][row_of(history, "2013-02-14")] == pytest.approx(0.0113)
    assert history.yields["dgs10"][row_of(history, "2013-04-02")] == pytest.approx(0.0101)
    assert np.isnan(history.yields["dgs10"][0]) and np.isfinite(history.yields["dgs10"][1:]).all()
    spread = find_signal("curve_2s10s_bp").compute(history)
    np.testing.assert_allclose(spread[1:], 100.0)
    assert missing_input(history, "curve_2s10s_bp") is None
    assert {"rates/DGS10.csv", "rates/DGS2.csv"} <= {record.path for record in loaded.files}
    text = (copy / "rates/DGS10.csv").read_text().replace("2013-02-20,1.20", "2013-02-20,1.40")
    (copy / "rates/DGS10.csv").write_text(text)
    assert load_history(copy).quality.count("DGS10 differs from rates/DGS10.csv", file="DGS10_1965") == 1


# Breadth


def test_breadth_keeps_universes_apart(market: Path) -> None:
    history = load_history(market).history
    assert set(history.breadth) == {"nyse", "synthetic"}
    nyse, synthetic = history.breadth["nyse"], history.breadth["synthetic"]
    assert np.nanmedian(nyse[0]) > 1000 > 500 > np.nanmedian(synthetic[0])
    for universe, (advances, declines) in history.breadth.items():
        lines = (market / f"breadth/{'NYSE' if universe == 'nyse' else universe}_advn.csv").read_text().split()
        cells = dict(line.split(",") for line in " ".join(lines).replace(", ", ",").split())
        for row, session in enumerate(history.sessions.tolist()):
            text = str(np.datetime64(session, "D")).replace("-", "")
            if np.isfinite(advances[row]):
                assert advances[row] == float(cells[text]), (universe, text)
        known = np.isfinite(advances) & np.isfinite(declines)
        net = find_signal(f"net_advances_per_1000_{universe}").compute(history)
        np.testing.assert_array_equal(np.isfinite(net), known)


def test_any_universe_can_be_added_and_one_side_alone_is_a_warning(copy: Path) -> None:
    rows = [f"{some:%Y%m%d}, {100 + some.day}" for some in made.sessions()]
    write(copy, "breadth/S&P500_advn.csv", *rows)
    loaded = load_history(copy)
    assert np.isnan(loaded.history.breadth["sp500"][1]).all()
    assert loaded.quality.count("no file of declines for the universe 'sp500'") == 1
    assert missing_input(loaded.history, "topping_sp500") == (
        "breadth/SP500_advn.csv and breadth/SP500_decln.csv: no header, 'YYYYMMDD, count'"
    )
    write(copy, "breadth/S&P500_decln.csv", *[row.replace(", 1", ", 2") for row in rows])
    history = load_history(copy).history
    net = find_signal("net_advances_per_1000_sp500").compute(history)
    assert np.isfinite(net).all() and (net < 0).all() and missing_input(history, "topping_sp500") is None


# Event lists


def test_event_lists_are_joined_by_name_and_reach_beyond_the_history(copy: Path) -> None:
    write(copy, "calendar/CPI_2014.csv", "release_date", "2013-05-16", "2014-01-16")
    write(copy, "calendar/ECB_days.csv", "date,scheduled", "2013-02-07,1", "2013-03-07,1", "2013-03-25,0", "2013-05-02,1")
    history = load_history(copy).history
    assert len(history.events["cpi"]) == 6 and history.events["cpi"][-1] == day("2014-01-16")
    assert history.unscheduled["ecb"].tolist() == [day("2013-03-25")] and "cpi" not in history.unscheduled
    to = find_signal("sessions_to_ecb").compute(history)
    assert to[row_of(history, "2013-03-22")] > 20 and to[row_of(history, "2013-03-25")] == 0.0
    assert find_signal("sessions_to_cpi").compute(history)[-1] == 12.0
    assert check_data(copy).exit_code == 0


def test_unscheduled_fomc_days_are_known_to_the_loader(copy: Path) -> None:
    write(copy, "calendar/fomc_dates.csv", "date", "2008-01-22", "2008-01-30", "2013-03-20", "2020-03-15")
    history = load_history(copy).history
    assert history.unscheduled["fomc"].tolist() == [day("2008-01-22"), day("2020-03-15")]
    write(copy, "calendar/fomc_dates.csv", "date,scheduled", "2008-01-22,1", "2013-03-20,1")
    assert "fomc" not in load_history(copy).history.unscheduled


def test_a_list_that_ends_before_the_history_is_noted(market: Path) -> None:
    assert load_history(market).quality.count("the list of FOMC days ends on 2013-03-20") == 1


# First releases


def test_first_releases_are_read_by_name(copy: Path) -> None:
    write(copy, "mine/CPI_first_release.csv", *CPI)
    write(
        copy,
        "mine/GDP_first_release.csv",
        "release_date,reference_month,actual",
        "2013-01-30,2012Q4,-0.1",
        "2013-04-26,2013-Q1,2.5",
    )
    loaded = load_history(copy)
    cpi, gdp = loaded.history.releases["cpi"], loaded.history.releases["gdp"]
    assert cpi.actual.tolist() == [-0.3, 0.0, 0.0, 0.7] and np.isnan(cpi.consensus[1]) and cpi.consensus[3] == 0.5
    assert cpi.reference_month.tolist() == [day(text) for text in ("2012-11-01", "2012-12-01", "2013-01-01", "2013-02-01")]
    assert gdp.reference_month.tolist() == [day("2012-10-01"), day("2013-01-01")] and np.isnan(gdp.consensus).all()
    surprise = find_signal("cpi_surprise").compute(loaded.history)
    assert surprise[row_of(loaded.history, "2013-03-14")] == pytest.approx(-0.1)
    assert surprise[row_of(loaded.history, "2013-03-15")] == pytest.approx(0.2)
    # GDP has no list of days: its releases are one. CPI has a list, which stays as it is.
    assert loaded.history.events["gdp"].tolist() == gdp.release_day.tolist() and len(loaded.history.events["cpi"]) == 4
    assert loaded.quality.count("no list of GDP days") == 1
    files = {file.path: file for file in check_data(copy).files}
    assert files["mine/CPI_first_release.csv"].used and files["mine/CPI_first_release.csv"].reader == "first_release"


def test_other_statistics_are_checked_and_left_alone(copy: Path) -> None:
    write(copy, "mine/PCE_first_release.csv", *CPI)
    found = {file.path: file for file in check_data(copy).files}["mine/PCE_first_release.csv"]
    assert found.reader == "first_release" and not found.used and found.rows == 4
    assert load_history(copy).history.releases == {}


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        ("actual", "value", "column 'actual' is missing", "CPI_first_release.csv"),
        ("reference_month", "month", "column 'reference_month' is missing", "CPI_first_release.csv"),
        ("release_date", "date", "column 'release_date' is missing", "CPI_first_release.csv"),
        ("0.7", "0,7", "the row has 5 cells", "line 5"),
        ("0.7", "high", "'high' is not a number", "line 5, column actual"),
        ("0.7,0.5", ",0.5", "the cell is blank", "line 5, column actual"),
        ("0.7,0.5", "0.7,high", "'high' is not a number", "line 5, column consensus"),
        ("2013-03-15", "soon", "'soon' is not a date", "line 5, column release_date"),
        ("2013-02,0.7", "Feb,0.7", "'Feb' is no month", "line 5, column reference_month"),
        ("2013-02,0.7", "2013-13,0.7", "'2013-13' is no month", "line 5, column reference_month"),
        ("2013-03-15", "2013-02-20", "2013-02-20 comes after 2013-02-21", "lines 4 and 5, column release_date"),
        ("2013-03-15", "2013-02-21", "2013-02-21 stands there twice", "lines 4 and 5, column release_date"),
        ("2013-02,0.7", "2013-01,0.7", "2013-01-01 stands there twice", "lines 4 and 5, column reference_month"),
        ("2013-02,0.7", "2013-03,0.7", "dated 2013-03-15, before its month was over", "line 5, column release_date"),
        ("0.7", "231.7", "231.7 is no change in per cent", "line 5, column actual"),
    ],
)
def test_faults_of_a_first_release_file(copy: Path, old: str, new: str, what: str, where: str) -> None:
    assert any(old in line for line in CPI)
    write(copy, "CPI_first_release.csv", *[line.replace(old, new) for line in CPI])
    error = failure(copy)
    assert what in error.what and where in error.where


def test_a_revised_series_under_the_name_of_a_first_release_is_refused(copy: Path) -> None:
    """FRED's layout holds reference months and revised values: no look at the header makes a release of it."""
    write(copy, "CPI_first_release.csv", "observation_date,CPIAUCSL", "2013-01-01,231.7", "2013-02-01,232.9")
    assert "column 'release_date' is missing" in failure(copy).what


def test_two_files_of_one_statistic_are_refused(copy: Path) -> None:
    write(copy, "CPI_first_release.csv", *CPI)
    write(copy, "more/CPI_first_release.csv", *CPI)
    assert "two files hold CPI" in failure(copy).what


# Exchange rate

FX = ("release_date,value", "2013-01-15,99.5", "2013-02-15,100.0", "2013-03-15,101.5", "2013-04-15,101.0")


@pytest.mark.parametrize(("path", "header"), [("FX_broad.csv", "observation_date,RBUSBIS"), ("reer.csv", "release_date,value")])
def test_an_exchange_rate_of_either_layout(copy: Path, path: str, header: str) -> None:
    write(copy, path, header, *FX[1:])
    loaded = load_history(copy)
    assert loaded.history.fx is not None and loaded.history.fx.level.tolist() == [99.5, 100.0, 101.5, 101.0]
    change = find_signal("fx_change_1_pct").compute(loaded.history)
    assert change[row_of(loaded.history, "2013-03-15")] == pytest.approx(1.5)
    assert change[row_of(loaded.history, "2013-03-18")] == 0.0
    assert path in {record.path for record in loaded.files}


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        ("value", "level", "column 'value' is missing", "FX_reer.csv"),
        ("101.5", "n.a.x", "'n.a.x' is not a number", "line 4, column value"),
        ("101.5", "-1", "FX value is -1", "column value"),
        ("2013-03-15", "2013-02-14", "comes after 2013-02-15", "lines 3 and 4"),
        ("2013-03-15", "2013-02-15", "stands there twice", "lines 3 and 4"),
        ("-15,", "-01,", "is dated the first of a month: a reference month", "FX_reer.csv"),
    ],
)
def test_faults_of_an_exchange_rate(copy: Path, old: str, new: str, what: str, where: str) -> None:
    write(copy, "FX_reer.csv", *[line.replace(old, new) for line in FX])
    error = failure(copy)
    assert what in error.what and where in error.where


def test_a_blank_month_is_dropped_and_a_daily_file_is_noted(copy: Path) -> None:
    write(copy, "FX_reer.csv", "DATE,RBUSBIS", *[line.replace("100.0", ".") for line in FX[1:]])
    loaded = load_history(copy)
    assert loaded.history.fx is not None and len(loaded.history.fx.level) == 3
    assert loaded.quality.count("blank value", file="FX_reer.csv") == 1
    assert loaded.quality.count("more often than monthly") == 0
    write(copy, "FX_reer.csv", "release_date,value", *[f"{some.isoformat()},{100 + some.day}" for some in made.sessions()])
    assert load_history(copy).quality.count("more often than monthly") == 1


def test_two_exchange_rates_are_refused(copy: Path) -> None:
    write(copy, "FX_one.csv", *FX)
    write(copy, "two.csv", *FX)
    assert "two files hold FX" in failure(copy).what


# What the check says, and how files are told apart


def test_the_check_names_what_signals_wait_for(copy: Path) -> None:
    found = check_data(copy)
    lacking = {file: names for file, names in found.lacking.items() if "CPI_first_release" in file}
    assert ("cpi_zscore",) in lacking.values() and ("cpi_surprise",) in lacking.values()
    assert "Signals without data" in found.text and "must never be used" in found.text
    listed = {name for entry in found.document["signals_without_data"] for name in entry["signals"]}
    assert {"cpi_zscore", "fx_zscore", "curve_2s10s_bp"} <= listed and "vix" not in listed
    write(copy, "CPI_first_release.csv", *CPI)
    assert "cpi_zscore" not in {name for names in check_data(copy).lacking.values() for name in names}


@pytest.mark.parametrize(
    ("stem", "by_name"),
    [("CPI_first_release", "first_release"), ("FX_broad", "exchange_rate"), ("CPI_dates", None), ("DGS10", None), ("FXI", None)],
)
def test_names_that_settle_the_layout(stem: str, by_name: str | None) -> None:
    assert promised(stem) == by_name


@pytest.mark.parametrize(
    ("stem", "by_name"), [("DGS10_old", "fred"), ("DGS2", "fred"), ("PPI_days", "events"), ("GDP", "events")]
)
def test_names_that_promise_a_layout_to_a_strange_header(stem: str, by_name: str) -> None:
    assert hint(stem) == by_name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("release_date,reference_month,actual\n2013-01-16,2012-12,0.1\n", "first_release"),
        ("release_date,value\n2013-01-16,99.1\n", "exchange_rate"),
        ("release_date\n2013-01-16\n", "events"),
        ("date,scheduled\n2013-01-16,1\n", "events"),
        ("date,value\n2013-01-16,1\n", "fred"),
    ],
)
def test_headers_that_settle_the_layout(text: str, kind: str) -> None:
    assert detect(text)[0] == kind


@pytest.mark.parametrize("cell", ["2", "yes"])
def test_scheduled_is_one_or_zero(copy: Path, cell: str) -> None:
    write(copy, "calendar/ECB_days.csv", "date,scheduled", "2013-02-07,1", f"2013-03-07,{cell}")
    assert "line 3, column scheduled" in failure(copy).where


def test_the_sample_computes_every_signal() -> None:
    history = load_history("sample").history
    for name in EXAMPLES:
        values = find_signal(name).compute(history)
        assert np.isnan(values).all() == (missing_input(history, name) is not None), name
