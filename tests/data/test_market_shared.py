"""The real market history beside the repository: known values, and each known defect found as often as it occurs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.core.calendar import trading_calendar
from alvh.core.days import to_date, to_day
from alvh.core.expiries import vx_expiries
from alvh.data.check import DataCheck, check_data
from alvh.data.load import LoadedHistory, load_history
from alvh.data.readers.vx_futures import month_in_label
from alvh.data.sessions import vix_expiry
from alvh.market.history import History

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "market"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "cboe" / "VIX_History.csv").is_file(), reason="no ../shared/market beside the repository"
)


@pytest.fixture(scope="module")
def loaded() -> LoadedHistory:
    return load_history(FOLDER)


@pytest.fixture(scope="module")
def history(loaded: LoadedHistory) -> History:
    return loaded.history


@pytest.fixture(scope="module")
def checked() -> DataCheck:
    return check_data(FOLDER)


def at(history: History, day: str) -> int:
    return int(np.flatnonzero(history.sessions == to_day(date.fromisoformat(day)))[0])


def front_monthly(history: History, day: str) -> float:
    row = at(history, day)
    later = history.vx.monthly & (history.vx.expiry > history.sessions[row]) & ~np.isnan(history.vx.settle[row])
    return float(history.vx.settle[row, np.flatnonzero(later)[0]])


@pytest.mark.parametrize(("day", "close"), [("2020-03-16", 82.69), ("2018-02-05", 37.32), ("2008-11-20", 80.86)])
def test_vix_closes(history: History, day: str, close: float) -> None:
    assert history.vix_close[at(history, day)] == close


@pytest.mark.parametrize(("day", "close"), [("2020-03-23", 2237.40), ("2022-06-16", 3666.77)])
def test_spx_closes(history: History, day: str, close: float) -> None:
    assert history.spx_close[at(history, day)] == pytest.approx(close, abs=0.005)


@pytest.mark.parametrize(("day", "settle"), [("2018-02-05", 33.225), ("2020-03-16", 72.625), ("2008-11-20", 66.23)])
def test_front_monthly_settles(history: History, day: str, settle: float) -> None:
    assert front_monthly(history, day) == settle


def test_known_defects_of_vix(loaded: LoadedHistory) -> None:
    file = "VIX_History.csv"
    assert loaded.quality.count("row on an exchange holiday", file="cboe/" + file) == 33
    assert loaded.quality.count("do not bracket", file="cboe/" + file) == 47
    missing = loaded.quality.find("session without a row", file="cboe/" + file)
    assert [row.examples for row in missing] == [("1991-03-01", "1997-01-31", "1997-11-26", "1999-12-31")]
    assert loaded.history.modelled["vix"].sum() == 4


@pytest.mark.parametrize(
    ("file", "what", "count"),
    [
        ("VVIX_History.csv", "session without a row", 2),
        ("VVIX_History.csv", "VVIX before 2007", 150),
        ("SKEW_History.csv", "session without a row", 16),
        ("VXN_History.csv", "session without a row", 9),
        ("VXN_History.csv", "exchange holiday", 2),
        ("VIX9D_History.csv", "session without a row", 0),
        ("VIX3M_History.csv", "session without a row", 0),
        ("VIX6M_History.csv", "session without a row", 0),
        ("NDX.csv", "extra header line", 2),
        ("NYSE_advn_2017_2020.csv", "zero count", 5),
        ("NYSE_decln_2017_2020.csv", "zero count", 5),
        ("CFE_FinalSettlement_Archive.csv", "ten times the index", 31),
    ],
)
def test_known_defects_elsewhere(checked: DataCheck, file: str, what: str, count: int) -> None:
    assert checked.quality.count(what, file=file) == count


def test_every_file_is_recognised_and_without_an_error(checked: DataCheck) -> None:
    assert checked.unrecognised == () and checked.exit_code == 0
    assert len(checked.files) == len(list(FOLDER.rglob("*.csv")))


def test_history_covers_the_common_range(history: History) -> None:
    assert (to_date(history.sessions[0]), to_date(history.sessions[-1])) == (date(1990, 1, 2), date(2026, 7, 22))
    assert not np.isnan(history.spx_close).any() and not np.isnan(history.vix_close).any()
    assert not np.isnan(history.bill_rate).any() and not np.isnan(history.dividend_yield).any()
    assert np.isnan(history.vvix[history.sessions < to_day(date(2007, 1, 1))]).all()


def test_a_run_keeps_its_warm_up() -> None:
    run = load_history(FOLDER, start=date(2007, 1, 3), end=date(2026, 7, 22))
    assert run.start_row == 320
    assert to_date(run.history.sessions[320]) == date(2007, 1, 3)


def test_every_monthly_contract_has_its_final_settlement_up_to_the_known_hole(history: History) -> None:
    """From 2006, when every month came to be listed, to the end of the data, except 2025-03-18, which no file has."""
    last = int(max(day for day in history.vro))
    monthly = [vix_expiry(year, month) for year in range(2006, 2027) for month in range(1, 13)]
    absent = [to_date(day) for day in monthly if day <= last and day not in history.vro]
    assert absent == [date(2025, 3, 18)]


def test_final_settlements_of_three_files_agree(loaded: LoadedHistory) -> None:
    assert loaded.quality.count("final settlement that differs") == 0


@pytest.mark.parametrize(
    ("day", "value"), [("2007-03-21", 12.983), ("2013-01-16", 13.69), ("2012-03-21", 14.55), ("2018-03-21", 17.76)]
)
def test_final_settlements(history: History, day: str, value: float) -> None:
    assert history.vro[to_day(date.fromisoformat(day))][0] == pytest.approx(value)


def test_vx_files_agree_where_they_overlap(loaded: LoadedHistory) -> None:
    assert loaded.quality.count("settle differs") == 0
    assert "vx_close_for_settle" not in loaded.history.modelled


def test_missing_contract_files_are_taken_from_the_monthly_file(history: History) -> None:
    named = {path.name[3:13] for path in (FOLDER / "cfe/contracts").iterdir()}
    for day in ("2014-03-18", "2018-02-14", "2019-03-19", "2022-03-15", "2024-06-18"):
        assert day not in named
        assert to_day(date.fromisoformat(day)) in history.vx.expiry[history.vx.monthly].tolist()
        assert "VX_monthly" in history.vro[to_day(date.fromisoformat(day))][1]


def test_last_rows_of_the_monthly_file_are_expiry_days(history: History) -> None:
    last: dict[str, str] = {}
    for line in (FOLDER / "cfe/VX_monthly_2013_2025.csv").read_text().splitlines()[1:]:
        day, label = line.split(",")[:2]
        last[label] = max(day, last.get(label, ""))
    newest = max(last.values())
    for label, day in last.items():
        expiry = vix_expiry(*month_in_label(label))
        assert to_day(date.fromisoformat(day)) == expiry or (day == newest and expiry > to_day(date.fromisoformat(newest))), label


def test_every_last_trading_day_of_the_wide_archive_is_the_session_before_the_expiry() -> None:
    calendar = trading_calendar()
    for line in (FOLDER / "cfe/VX_2006_2013_wide.csv").read_text().splitlines():
        for cell in filter(None, line.split(",")[3:13]):
            last = date.fromisoformat(cell)
            assert calendar.previous_session(vix_expiry(last.year, last.month)) == to_day(last), cell


def test_every_contract_name_is_an_expiry_by_rule(history: History) -> None:
    days = {to_day(date.fromisoformat(path.name[3:13])) for path in (FOLDER / "cfe/contracts").iterdir()}
    assert days <= set(vx_expiries(min(days), max(days)).expiry.tolist())


def test_rank_one_is_the_front_monthly_of_the_merged_table(history: History) -> None:
    """An oracle apart from the merge: the constant-rank file's M1 on a sample of sessions of 2007-2019."""
    lines = (FOLDER / "cfe/VX_M1_M7_2004_2024.csv").read_text().splitlines()[1:]
    close = total = 0
    for line in lines[::25]:
        day, first = line.split(",")[:2]
        if not "2007" <= day < "2020" or day > "2019-12-31":
            continue
        total += 1
        close += abs(front_monthly(history, day) - float(first)) < 0.06
    assert total > 100 and close >= 0.97 * total


def test_bill_rate_and_dividend_yield_are_flagged_after_their_sources(history: History) -> None:
    bills = history.sessions[history.modelled["bill_rate"]]
    assert to_date(bills[0]) == date(2026, 7, 14)
    dividends = history.sessions[history.modelled["dividend_yield"]]
    # S&P TR of 2016-01 is of the day before its month-end: it ends no window (read in March 2016) and begins none (March 2017)
    early = [to_date(day) for day in dividends if to_date(day) < date(2022, 1, 1)]
    assert {(day.year, day.month) for day in early} == {(2016, 3), (2017, 3)}
    assert to_date(dividends[len(early)]) == date(2022, 3, 1)
    assert history.bill_rate[at(history, "2023-10-02")] == pytest.approx(0.0533, abs=0.001)
