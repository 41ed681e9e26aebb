"""Every fault of a file or a request gives one clear error or a counted warning: what, where, what is allowed, what to do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.core.days import to_day
from alvh.core.errors import AlvhError, DataInvalid, DataMissing
from alvh.data.check import check_data
from alvh.data.load import load_history

VIX, SPX = "cboe/VIX_History.csv", "prices/SPX.csv"
CONTRACT, MONTHLY = "cfe/contracts/VX_2013-03-20.csv", "cfe/VX_monthly_2013_2025.csv"
WIDE, ARCHIVE = "cfe/VX_2006_2013_wide.csv", "cfe/CFE_FinalSettlement_Archive.csv"
Edit = Callable[[list[str]], list[str]]


def change(root: Path, path: str, edit: Edit) -> None:
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    (root / path).write_text("\n".join(edit(lines)) + "\n", encoding="utf-8")


def swap(old: str, new: str) -> Edit:
    def edit(lines: list[str]) -> list[str]:
        assert any(old in line for line in lines)
        return [line.replace(old, new, 1) for line in lines]

    return edit


def without(*marks: str) -> Edit:
    return lambda lines: [line for line in lines if not any(mark in line for mark in marks)]


def set_line(number: int, line: str) -> Edit:
    return lambda lines: [*lines[: number - 1], line, *lines[number:]]


def failure(root: Path, kind: type[AlvhError] = DataInvalid, **request: date) -> AlvhError:
    with pytest.raises(kind) as caught:
        load_history(root, **request)
    error = caught.value
    assert error.what and error.where and error.allowed and error.todo, str(error)
    return error


@pytest.mark.parametrize(
    ("path", "old", "new", "column"),
    [
        (VIX, "CLOSE", "CLOSING", "close"),
        (VIX, "HIGH", "TOP", "high"),
        (SPX, "close", "last", "close"),
        (CONTRACT, "Settle", "Settlement", "settle"),
        (CONTRACT, "Total Volume", "Vol", "total volume"),
        (MONTHLY, "Close", "Last", "close"),
        (ARCHIVE, "SettlementPrice", "Price", "settlementprice"),
        ("benchmarks/cboe_strategy_monthly_1986_2021.csv", "SPTR", "TR", "sptr"),
    ],
)
def test_renamed_column(copy: Path, path: str, old: str, new: str, column: str) -> None:
    change(copy, path, swap(old, new))
    error = failure(copy)
    assert path in error.where and f"column '{column}' is missing" in error.what


def test_missing_column(copy: Path) -> None:
    change(copy, VIX, lambda lines: [",".join(line.split(",")[:4]) for line in lines])
    error = failure(copy)
    assert "'close' is missing" in error.what and VIX in error.where


def test_missing_header(copy: Path) -> None:
    change(copy, VIX, lambda lines: lines[1:])
    assert "no header" in failure(copy).what


@pytest.mark.parametrize("path", [VIX, SPX, CONTRACT, "rates/DTB3.csv", WIDE, "breadth/NYSE_advn.csv"])
def test_empty_file(copy: Path, path: str) -> None:
    (copy / path).write_bytes(b"")
    error = failure(copy)
    assert error.what == "the file is empty" and error.where == path


@pytest.mark.parametrize("path", [VIX, "cboe/VVIX_History.csv", SPX, CONTRACT, "rates/DTB3.csv", "calendar/fomc_dates.csv"])
def test_header_without_rows(copy: Path, path: str) -> None:
    change(copy, path, lambda lines: lines[:1])
    error = failure(copy)
    assert "no rows" in error.what and path in error.where


@pytest.mark.parametrize("path", [VIX, SPX, CONTRACT, MONTHLY, WIDE, ARCHIVE, "rates/DTB3.csv", "breadth/NYSE_advn.csv"])
def test_half_a_line_names_its_line(copy: Path, path: str) -> None:
    lines = (copy / path).read_text(encoding="utf-8").splitlines()
    cut = lines[4].split(",")[: lines[4].count(",") // 2 + (lines[4].count(",") > 1)]
    change(copy, path, set_line(5, ",".join(cut) if len(cut) > 1 else lines[4].split(",")[0]))
    error = failure(copy)
    assert f"{path}, line 5" in error.where and "cells" in error.what


def test_half_of_the_last_line(copy: Path) -> None:
    body = (copy / VIX).read_text(encoding="utf-8").rstrip("\n")
    (copy / VIX).write_text(body[: body.rindex(",")], encoding="utf-8")
    assert "the row has 4 cells, the header 5" in failure(copy).what


@pytest.mark.parametrize(("cell", "column"), [("n.a.x", "close"), ("inf", "close"), ("", "close"), ("1e999", "close")])
def test_cell_that_is_no_number(copy: Path, cell: str, column: str) -> None:
    change(copy, VIX, set_line(3, f"01/03/2013,15,16,14,{cell}"))
    assert failure(copy).where == f"{VIX}, line 3, column {column}"


@pytest.mark.parametrize("cell", ["2013-02-30", "13/40/2013", "yesterday", ""])
def test_cell_that_is_no_date(copy: Path, cell: str) -> None:
    change(copy, SPX, set_line(3, f"{cell},1450,1460,1440,1455,100"))
    error = failure(copy)
    assert error.where == f"{SPX}, line 3, column date" and "YYYY-MM-DD" in error.allowed


def test_label_without_a_month(copy: Path) -> None:
    change(copy, MONTHLY, lambda lines: [line.replace("F (Jan 2013)", "January") for line in lines])
    assert "names no contract month" in failure(copy).what


def test_rows_after_the_expiry_in_the_name(copy: Path) -> None:
    (copy / CONTRACT).rename(copy / "cfe/contracts/VX_2013-03-13.csv")
    assert "after the contract's expiry" in failure(copy).what


def test_text_that_is_not_utf8_and_damaged_gzip(copy: Path) -> None:
    (copy / VIX).write_bytes((copy / VIX).read_bytes() + b"\xff\xfe\x00")
    assert "not UTF-8" in failure(copy).what
    (copy / VIX).write_bytes(gzip.compress(b"DATE,OPEN,HIGH,LOW,CLOSE\n01/02/2013,1,1,1,1\n" * 900)[:60])
    assert "gzip" in failure(copy).what


def test_identical_duplicates_are_dropped_and_counted(copy: Path) -> None:
    change(copy, VIX, lambda lines: [*lines[:5], lines[4], *lines[5:]])
    loaded = load_history(copy)
    assert loaded.quality.count("duplicated date", file=VIX) == 1
    assert (loaded.history.vix_close == load_history(copy).history.vix_close).all()


def test_contradicting_duplicates_are_refused(copy: Path) -> None:
    change(copy, VIX, lambda lines: [*lines[:5], lines[4].rsplit(",", 1)[0] + ",99.0", *lines[5:]])
    error = failure(copy)
    assert "disagree in close" in error.what and "lines 5 and 6" in error.where


def test_contradicting_vx_rows_are_refused(copy: Path) -> None:
    change(copy, CONTRACT, lambda lines: [*lines, "2013-03-11,H (Mar 2013),1,1,1,1,17.77,0,5,0,1"])
    assert "disagree" in failure(copy).what


def test_unordered_rows_are_sorted_and_counted(copy: Path, market: Path) -> None:
    change(copy, VIX, lambda lines: [lines[0], *reversed(lines[1:])])
    change(copy, CONTRACT, lambda lines: [lines[0], *reversed(lines[1:])])
    loaded, straight = load_history(copy), load_history(market)
    assert loaded.quality.count("out of date order", file=VIX) == 81
    assert loaded.quality.count("out of date order", file="contracts") > 0
    np.testing.assert_array_equal(loaded.history.vix_close, straight.history.vix_close)
    np.testing.assert_array_equal(loaded.history.vx.settle, straight.history.vx.settle)


def test_holiday_rows_are_dropped_and_counted(market: Path) -> None:
    loaded = load_history(market)
    assert loaded.quality.count("exchange holiday", file=VIX) == 1
    assert to_day(date(2013, 2, 18)) not in loaded.history.sessions.tolist()


@pytest.mark.parametrize("value", ["0", "-3.5"])
def test_level_at_or_below_zero(copy: Path, value: str) -> None:
    change(copy, SPX, set_line(3, f"2013-01-03,1450,1460,1440,{value},100"))
    error = failure(copy)
    assert "2013-01-03" in error.what and "above zero" in error.allowed


def test_ten_fold_prices_before_the_rescaling_are_divided_and_after_it_refused(copy: Path) -> None:
    def tenfold(lines: list[str]) -> list[str]:
        out = [lines[0]]
        for line in lines[1:]:
            cells = line.split(",")
            cells[5:7] = [str(10 * float(cell)) for cell in cells[5:7]]
            out.append(",".join(cells))
        return out

    change(copy, CONTRACT, tenfold)
    error = failure(copy)
    assert "ten times VIX" in error.what and CONTRACT in error.where and "2007-03-26" in error.allowed


def test_gap_in_the_middle_of_a_run(copy: Path) -> None:
    gone = ("2013-03-04", "2013-03-05", "2013-03-06", "2013-03-07", "2013-03-08")
    change(copy, SPX, without(*gone))
    error = failure(copy)
    assert "SPX close is missing on 5 sessions" in error.what and all(day in error.what for day in gone)
    before = load_history(copy, end=date(2013, 3, 1))
    assert before.history.sessions[-1] == to_day(date(2013, 3, 1))
    after = load_history(copy, start=date(2013, 3, 12))
    assert after.history.sessions[0] == to_day(date(2013, 3, 11))
    assert after.quality.count("warm-up cut") > 0


def test_one_missing_spx_session_is_a_gap(copy: Path) -> None:
    change(copy, SPX, without("2013-03-06"))
    assert "2013-03-06" in failure(copy).what


def test_two_missing_vix_sessions_in_a_row_are_a_gap(copy: Path) -> None:
    change(copy, VIX, without("03/06/2013"))
    error = failure(copy)
    assert "VIX close is missing on 2 sessions" in error.what and "2013-03-05, 2013-03-06" in error.what


def test_a_single_missing_vix_session_carries_the_close_before_flagged(market: Path) -> None:
    loaded = load_history(market)
    history = loaded.history
    row = int(np.flatnonzero(history.sessions == to_day(date(2013, 3, 5)))[0])
    assert history.vix_close[row] == history.vix_close[row - 1]
    assert np.isnan(history.vix_open[row])
    assert np.flatnonzero(history.modelled["vix"]).tolist() == [row]
    assert loaded.quality.count("single session without a VIX close") == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"start": date(2012, 12, 3)},
        {"end": date(2013, 6, 3)},
        {"start": date(2014, 1, 2)},
        {"start": date(2013, 3, 9), "end": date(2013, 3, 10)},
        {"start": date(2013, 4, 2), "end": date(2013, 3, 1)},
        {"start": date(1980, 1, 2), "end": date(1981, 1, 2)},
    ],
)
def test_range_outside_the_data_states_what_exists(market: Path, request_: dict[str, date]) -> None:
    error = failure(market, DataMissing, **request_)
    assert "2013-01-02 to 2013-04-30" in error.allowed


def test_a_start_on_a_holiday_is_within_the_data(market: Path) -> None:
    assert load_history(market, start=date(2013, 1, 1)).history.sessions[0] == to_day(date(2013, 1, 2))


@pytest.mark.parametrize(("path", "named"), [(VIX, "VIX"), (SPX, "SPX")])
def test_missing_spx_or_vix_file(copy: Path, path: str, named: str) -> None:
    (copy / path).unlink()
    error = failure(copy, DataMissing)
    assert f"no file holds {named}" in error.what and path in error.allowed


def test_no_bill_rate_at_all(copy: Path) -> None:
    for path in (copy / "rates").iterdir():
        path.unlink()
    error = failure(copy, DataMissing)
    assert "no bill rate" in error.what and "DTB3" in error.allowed


def test_two_files_of_one_index(copy: Path) -> None:
    (copy / "more").mkdir()
    (copy / "more/VIX.csv").write_bytes((copy / VIX).read_bytes())
    assert "two files hold VIX" in failure(copy).what


def test_missing_or_empty_folder(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        assert failure(folder, DataMissing).todo


def test_missing_optional_files_leave_empty_columns(copy: Path) -> None:
    for path in ("cboe/VIX9D_History.csv", "cboe/VVIX_History.csv", "cboe/SKEW_History.csv.gz"):
        (copy / path).unlink()
    history = load_history(copy).history
    assert np.isnan(history.vix9d).all() and np.isnan(history.vvix).all() and np.isnan(history.skew).all()


def test_files_that_disagree_are_counted_and_the_preferred_one_is_used(copy: Path) -> None:
    change(copy, MONTHLY, _shift("2013-03-07,H (Mar 2013)"))
    loaded = load_history(copy)
    assert loaded.quality.count("settle differs", file="contracts") == 1


def _shift(mark: str) -> Edit:
    def edit(lines: list[str]) -> list[str]:
        out = []
        for line in lines:
            cells = line.split(",")
            if line.startswith(mark):
                cells[6] = str(float(cells[6]) + 0.06)
            out.append(",".join(cells))
        return out

    return edit


def test_check_reports_a_fault_instead_of_stopping(copy: Path) -> None:
    change(copy, VIX, swap("CLOSE", "CLOSING"))
    (copy / "notes.csv").write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    found = check_data(copy)
    assert found.exit_code == 5 and found.sessions == 0
    assert found.unrecognised == ("notes.csv",)
    assert any("'close' is missing" in row.what for row in found.quality.errors)
    assert "ERROR" in found.text and "notes.csv" in found.text
