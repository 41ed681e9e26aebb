"""Files of published index levels: month-end or daily, with blanks, gaps, wrong order, wrong columns and bad cells."""

from __future__ import annotations

import gzip
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from alvh.core.errors import DataInvalid, DataMissing
from alvh.data.quality import QualityLog
from alvh.data.readers.index_levels import MonthLevels, month_name, month_of, read_index_levels


def read(path: Path, text: str, index: str = "PUT", log: QualityLog | None = None) -> MonthLevels:
    path.write_text(text, encoding="utf-8")
    return read_index_levels(path, index, QualityLog() if log is None else log)


def names(found: MonthLevels) -> list[str]:
    return [month_name(int(month)) for month in found.month]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "levels.csv"


MONTH_ENDS = "Date,PUT,BXM\n2007-10-31,100,50\n2007-11-30,101.5,51\n2007-12-31,99,52\n2008-01-31,102,53\n"


def test_month_ends(file: Path) -> None:
    found = read(file, MONTH_ENDS)
    assert names(found) == ["2007-10", "2007-11", "2007-12", "2008-01"]
    assert found.level.tolist() == [100.0, 101.5, 99.0, 102.0]
    assert (found.label, found.gaps) == ("levels.csv", ())
    assert read(file, MONTH_ENDS, "bxm").level.tolist() == [50.0, 51.0, 52.0, 53.0]  # case does not matter
    assert read(file, MONTH_ENDS.replace("PUT", "put"), "PUT").level.tolist() == found.level.tolist()


def test_month_numbers() -> None:
    days = np.array([(date(year, month, 15) - date(1970, 1, 1)).days for year, month in ((1969, 12), (1970, 1), (2008, 10))])
    assert month_of(days).tolist() == [1969 * 12 + 11, 1970 * 12, 2008 * 12 + 9]
    assert [month_name(int(month)) for month in month_of(days)] == ["1969-12", "1970-01", "2008-10"]


def test_daily_levels_keep_the_last_of_each_month(file: Path) -> None:
    """Weekdays of a quarter in the US spelling; the level says the day, so that the last of each month can be read off."""
    days = [date(2014, 1, 2) + timedelta(days=k) for k in range(89)]
    rows = [f"{day:%m/%d/%Y},{day.month * 100 + day.day}" for day in days if day.weekday() < 5]
    found = read(file, "DATE,PUT\n" + "\n".join(rows) + "\n")
    assert names(found) == ["2014-01", "2014-02", "2014-03"]
    assert found.level.tolist() == [131.0, 228.0, 331.0]
    assert found.gaps == ()


@pytest.mark.parametrize("back", [0, 1, 3, 6])
def test_a_month_may_end_some_days_early(file: Path, back: int) -> None:
    """Calendar month-ends, trading days before a weekend, and 2008-03-28-like long weekends are all month-ends."""
    rows = [f"2010-{month:02d}-{monthrange(2010, month)[1] - back:02d},{100 + month}" for month in (1, 2, 3)]
    assert names(read(file, "Date,PUT\n" + "\n".join(rows) + "\n")) == ["2010-01", "2010-02", "2010-03"]


def test_a_month_that_ends_a_week_early_is_a_gap_with_its_day(file: Path) -> None:
    found = read(file, "Date,PUT\n2010-01-29,1\n2010-02-21,2\n2010-03-31,3\n")
    assert names(found) == ["2010-01", "2010-03"]
    assert found.gaps == ("2010-02 (ends on 2010-02-21)",)


def test_half_a_month_at_the_end_is_named(file: Path) -> None:
    found = read(file, MONTH_ENDS + "2008-02-14,103,54\n")
    assert names(found)[-1] == "2008-01"
    assert found.gaps == ("2008-02 (ends on 2008-02-14)",)
    both = read(file, MONTH_ENDS + "2008-02-14,103,54\n2008-03-03,104,54\n")
    assert both.gaps == ("2008-02 (ends on 2008-02-14)", "2008-03 (ends on 2008-03-03)")


def test_absent_months_are_named_and_ends_are_no_gaps(file: Path) -> None:
    found = read(file, "Date,PUT\n2007-01-31,1\n2007-02-28,2\n2007-05-31,3\n2007-06-29,4\n")
    assert found.gaps == ("2007-03", "2007-04")
    assert names(found) == ["2007-01", "2007-02", "2007-05", "2007-06"]


@pytest.mark.parametrize("blank", ["", ".", "NA", "null", "nan", " "])
def test_blank_cells_are_no_level(file: Path, blank: str) -> None:
    text = f"Date,PUT,BXY\n2007-01-31,1,{blank}\n2007-02-28,2,5\n2007-03-30,3,{blank}\n2007-04-30,4,6\n"
    found = read(file, text, "BXY")
    assert names(found) == ["2007-02", "2007-04"]  # an index that begins later has no gap before it
    assert found.gaps == ("2007-03",)


def test_a_blank_last_day_leaves_the_day_before(file: Path) -> None:
    found = read(file, "Date,PUT\n2007-01-30,7\n2007-01-31,\n2007-02-28,8\n")
    assert found.level.tolist() == [7.0, 8.0]


def test_rows_out_of_order_are_sorted_and_counted(file: Path) -> None:
    log = QualityLog()
    found = read(file, "Date,PUT\n2007-02-28,2\n2007-01-31,1\n2007-03-30,3\n", log=log)
    assert found.level.tolist() == [1.0, 2.0, 3.0]
    assert log.report().count("out of date order") == 1


def test_copies_are_dropped_and_counted_and_contradictions_refused(file: Path) -> None:
    log = QualityLog()
    copies = "Date,PUT\n2007-01-31,1\n2007-01-31,1\n2007-02-28,2\n"
    assert read(file, copies, log=log).level.tolist() == [1.0, 2.0]
    assert log.report().count("duplicated date") == 1
    with pytest.raises(DataInvalid, match=r"two rows for 2007-01-31 disagree in put: 1 and 3.*lines 2 and 4|lines 2 and 4"):
        read(file, "Date,PUT\n2007-01-31,1\n2007-02-28,2\n2007-01-31,3\n")


@pytest.mark.parametrize("level", ["0", "-5", "0.0"])
def test_a_level_of_zero_or_below(file: Path, level: str) -> None:
    with pytest.raises(
        DataInvalid, match=rf"levels.csv, line 3, column put: a level of {float(level):g}\. Allowed: levels above zero"
    ):
        read(file, f"Date,PUT\n2007-01-31,1\n2007-02-28,{level}\n")


@pytest.mark.parametrize("cell", ["abc", "1.2.3", "inf", "$5"])
def test_a_level_that_is_no_number(file: Path, cell: str) -> None:
    with pytest.raises(DataInvalid, match=r"levels.csv, line 2, column put"):
        read(file, f"Date,PUT\n2007-01-31,{cell}\n2007-02-28,2\n")


def test_a_bad_date_and_a_cut_row(file: Path) -> None:
    with pytest.raises(DataInvalid, match=r"levels.csv, line 3, column date: '31.12.2007' is not a date"):
        read(file, "Date,PUT\n2007-11-30,1\n31.12.2007,2\n")
    with pytest.raises(DataInvalid, match=r"levels.csv, line 3: the row has 1 cells"):
        read(file, "Date,PUT\n2007-11-30,1\n2007-12-31\n")


def test_the_column_is_missing(file: Path) -> None:
    with pytest.raises(DataInvalid) as caught:
        read(file, "Date,PUTT,BXM\n2007-01-31,1,2\n2007-02-28,2,2\n")
    assert "no column is named after PUT; the columns are date, putt, bxm" in str(caught.value)
    assert "did you mean 'putt'?" in str(caught.value)
    with pytest.raises(DataInvalid, match="name the column after the index"):
        read(file, "Date,SPTR,VIX\n2007-01-31,1,2\n2007-02-28,2,2\n")


@pytest.mark.parametrize("name", ["PUT.csv", "PUT_History.csv", "cboe-put-daily.csv"])
@pytest.mark.parametrize("column", ["Close", "LEVEL", "value"])
def test_a_file_of_one_index_may_call_its_column_close(tmp_path: Path, name: str, column: str) -> None:
    found = read(tmp_path / name, f"Date,Open,{column}\n2007-01-31,9,1\n2007-02-28,9,2\n")
    assert found.level.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "index"), [("CLLZ.csv", "CLL"), ("BXMD_daily.csv", "BXM"), ("output.csv", "PUT"), ("levels.csv", "PUT")]
)
def test_the_close_of_another_index_is_not_taken(tmp_path: Path, name: str, index: str) -> None:
    with pytest.raises(DataInvalid, match=f"no column is named after {index}"):
        read(tmp_path / name, "Date,Close\n2007-01-31,1\n2007-02-28,2\n", index)


@pytest.mark.parametrize("header", ["PUT,Date", "Month,PUT", "2007-01-31,100"])
def test_no_date_column(file: Path, header: str) -> None:
    with pytest.raises(DataInvalid, match="no header found; the file starts with"):
        read(file, f"{header}\n2007-01-31,1\n2007-02-28,2\n")


def test_two_months_are_the_fewest(file: Path) -> None:
    assert names(read(file, "Date,PUT\n2007-01-31,1\n2007-02-28,2\n")) == ["2007-01", "2007-02"]
    with pytest.raises(DataInvalid, match="1 month-ends of PUT among 1 levels"):
        read(file, "Date,PUT\n2007-01-31,1\n")
    with pytest.raises(DataInvalid, match="0 month-ends of PUT among 0 levels"):
        read(file, "Date,PUT\n2007-01-31,\n2007-02-28,\n")


def test_levels_dated_by_the_start_of_the_month_say_what_is_wrong(file: Path) -> None:
    with pytest.raises(DataInvalid, match=r"0 month-ends of PUT among 3 levels.*at most 6 days before its end"):
        read(file, "Date,PUT\n2007-01-01,1\n2007-02-01,2\n2007-03-01,3\n")


def test_disclaimer_lines_a_byte_order_mark_and_gzip(tmp_path: Path) -> None:
    text = "\ufeffCboe Global Indices\nFor information only\nDate,PUT\n2007-01-31,1\n2007-02-28,2\n"
    assert read(tmp_path / "a.csv", text).level.tolist() == [1.0, 2.0]
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert read_index_levels(path, "PUT", QualityLog()).level.tolist() == [1.0, 2.0]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="the file cannot be read"):
        read_index_levels(tmp_path / "none.csv", "PUT", QualityLog())
