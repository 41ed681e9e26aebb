"""The aligned history: sessions, preferences, flags, hashes, the sample, and what it costs to load it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import make_market as made

from alvh.core.days import to_date, to_day
from alvh.data.check import check_data
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.data.rates import FALLBACK_YIELD, bill_rate, dividend_yield, month_earlier
from alvh.data.readers.daily import DailyTable
from alvh.data.readers.vx_rows import VxRows
from alvh.data.sessions import is_monthly_vix_expiry, vix_expiry
from alvh.data.vx import merge_vx
from alvh.market.history import History

SOURCE = Path(__file__).resolve().parents[2] / "src"


def row_of(history: History, day: date) -> int:
    return int(np.flatnonzero(history.sessions == to_day(day))[0])


def column_of(history: History, expiry: date) -> int:
    return int(np.flatnonzero(history.vx.expiry == to_day(expiry))[0])


def test_every_array_has_one_row_a_session(market: Path) -> None:
    history = load_history(market).history
    assert [to_date(day) for day in history.sessions] == made.sessions()
    for name in History.__dataclass_fields__:
        value = getattr(history, name)
        if isinstance(value, np.ndarray):
            assert value.shape == history.sessions.shape, name
    assert history.vx.settle.shape == (len(history.sessions), len(history.vx.expiry)) == history.vx.volume.shape
    assert (np.diff(history.vx.expiry) > 0).all()
    assert all(mask.dtype == bool and mask.shape == history.sessions.shape for mask in history.modelled.values())


def test_values_are_those_of_the_files(market: Path) -> None:
    history = load_history(market).history
    for row, day in enumerate(made.sessions()):
        assert history.spx_close[row] == pytest.approx(made.spx(day))
        if day != made.MISSING_VIX:
            assert history.vix_close[row] == pytest.approx(made.vix(day))
        assert history.vvix[row] == pytest.approx(85 + made.vix(day) / 3, abs=1e-6)
        assert history.skew[row] == pytest.approx(118 + made.vix(day) / 5, abs=1e-6)


def test_vx_comes_from_all_files_keyed_by_expiry(market: Path) -> None:
    history = load_history(market).history
    expiries = [to_date(day) for day in history.vx.expiry]
    assert expiries == sorted([*made.EXPIRIES, date(2013, 4, 24)])
    assert [to_date(day) for day in history.vx.expiry[history.vx.monthly]] == made.EXPIRIES
    for expiry in made.EXPIRIES:
        for day in made.sessions():
            value = history.vx.settle[row_of(history, day), column_of(history, expiry)]
            if day >= expiry:
                assert math.isnan(value)
            elif day != made.ZERO_SETTLE[1]:
                assert value == pytest.approx(made.settle(day, expiry), abs=1e-4)


def test_a_published_settle_goes_before_a_close_and_a_close_is_flagged(market: Path) -> None:
    loaded = load_history(market)
    history = loaded.history
    held, lacking = (row_of(history, day) for day in made.ZERO_SETTLE)
    april = column_of(history, made.EXPIRIES[3])
    assert history.vx.settle[held, april] == pytest.approx(made.settle(made.ZERO_SETTLE[0], made.EXPIRIES[3]), abs=1e-4)
    assert history.vx.settle[lacking, april] == pytest.approx(made.settle(made.ZERO_SETTLE[1], made.EXPIRIES[3]) + 0.02, abs=1e-4)
    assert np.flatnonzero(history.modelled["vx_close_for_settle"]).tolist() == [lacking]


def test_final_settlements_by_expiry_with_their_source(market: Path) -> None:
    vro = load_history(market).history.vro
    stated = [vro[to_day(expiry)] for expiry in made.EXPIRIES[:4]]
    assert [value for value, _ in stated] == [made.final(expiry) for expiry in made.EXPIRIES[:4]]
    assert ["archive" in stated[0][1], "monthly" in stated[1][1], "contracts/VX_2013-03-20.csv" in stated[2][1]] == [True] * 3


def test_ten_fold_settles_before_the_rescaling_are_divided_and_counted() -> None:
    day, expiry = np.array([to_day(date(2007, 3, 12)), to_day(date(2007, 3, 27))]), to_day(date(2007, 4, 18))
    rows = VxRows(
        label="old.csv",
        layout="monthly",
        day=day,
        expiry=np.array([expiry, expiry]),
        settle=np.array([142.5, 14.4]),
        volume=np.ones(2),
        open=np.array([141.0, np.nan]),
        from_close=np.zeros(2, dtype=bool),
    )
    log = QualityLog()
    vx = merge_vx(
        [rows],
        [],
        None,
        sessions=day,
        vix_close=np.array([13.99, 13.48]),
        rows=slice(0, 2),
        is_monthly=is_monthly_vix_expiry,
        log=log,
    )
    assert vx.table.settle[:, 0].tolist() == [14.25, 14.4]
    assert log.report().count("price ten times the index") == 1


def test_bill_rate_falls_from_source_to_source_and_is_flagged_only_past_the_last(market: Path) -> None:
    history = load_history(market).history
    for day, rate in (
        (date(2013, 1, 2), 0.0007),
        (date(2013, 3, 20), 0.0007),
        (date(2013, 3, 21), 0.0009),
        (date(2013, 4, 2), 0.0009),
        (date(2013, 4, 3), 0.0015),
        (date(2013, 4, 19), 0.0015),
        (date(2013, 4, 30), 0.0015),
    ):
        assert history.bill_rate[row_of(history, day)] == pytest.approx(rate), day
    flagged = [to_date(day) for day in history.sessions[history.modelled["bill_rate"]]]
    assert flagged == [day for day in made.sessions() if day > date(2013, 4, 20)]


def test_bill_rate_uses_nothing_dated_after_the_session() -> None:
    days = np.array([to_day(date(2020, 1, 2)) + n for n in range(30)])
    values = np.arange(30.0)
    rate, carried = bill_rate(days[5:20], {"DTB3": (days, values)}, QualityLog())
    np.testing.assert_allclose(rate, values[5:20] / 100)
    assert not carried.any()


def brute_yield(session: date, levels: dict[date, tuple[float, float]]) -> float:
    """The twelve-month window that ends at the last month-end a month before the session, walked back to by day."""
    end = to_date(month_earlier(to_day(session)))
    while end not in levels:
        end -= timedelta(days=1)
    before = next(day for day in levels if (day.year, day.month) == (end.year - 1, end.month))
    return math.log(levels[end][0] / levels[before][0]) - math.log(levels[end][1] / levels[before][1])


def test_dividend_yield_is_known_a_month_before(market: Path) -> None:
    lines = (market / "benchmarks/cboe_strategy_monthly_1986_2021.csv").read_text().splitlines()[1:]
    levels = {date.fromisoformat(cells[0]): (float(cells[3]), float(cells[4])) for cells in (line.split(",") for line in lines)}
    history = load_history(market).history
    for row, day in enumerate(made.sessions()):
        assert history.dividend_yield[row] == pytest.approx(brute_yield(day, levels), abs=1e-12), day
    assert "dividend_yield" not in history.modelled


def test_dividend_yield_after_the_file_is_the_last_value_flagged() -> None:
    ends = [date(2010 + n // 12, n % 12 + 1, 1) - timedelta(days=1) for n in range(1, 20)]
    table = DailyTable(
        label="x",
        name="x",
        days=np.array([to_day(day) for day in ends]),
        columns={"sptr": np.exp(0.0105 * np.arange(19)), "spx": np.exp(0.009 * np.arange(19))},
    )
    sessions = np.array([to_day(date(2011, month, 15)) for month in (6, 7, 8, 9, 10, 11, 12)])
    values, flagged = dividend_yield(sessions, table, QualityLog())
    np.testing.assert_allclose(values, 0.018)
    assert flagged.tolist() == [False, False, False, False, True, True, True]


def test_without_a_total_return_index_the_yield_is_two_percent_flagged(tmp_path: Path) -> None:
    values, flagged = dividend_yield(np.array([20_000, 20_001]), None, QualityLog())
    assert values.tolist() == [FALLBACK_YIELD, FALLBACK_YIELD] and flagged.all()


@pytest.mark.parametrize(
    ("day", "earlier"),
    [
        ((2013, 3, 31), (2013, 2, 28)),
        ((2012, 3, 30), (2012, 2, 29)),
        ((2013, 1, 15), (2012, 12, 15)),
        ((2013, 5, 31), (2013, 4, 30)),
    ],
)
def test_month_earlier(day: tuple[int, int, int], earlier: tuple[int, int, int]) -> None:
    assert month_earlier(to_day(date(*day))) == to_day(date(*earlier))


def test_warm_up_rows_come_before_the_run(market: Path) -> None:
    loaded = load_history(market, start=date(2013, 3, 1), end=date(2013, 3, 28), warmup_sessions=10)
    sessions = made.sessions()
    first = sessions.index(date(2013, 3, 1))
    assert loaded.start_row == 10
    assert [to_date(day) for day in loaded.history.sessions] == sessions[first - 10 : sessions.index(date(2013, 3, 28)) + 1]
    assert load_history(market, start=date(2013, 3, 1)).start_row == first


def test_a_shorter_run_has_the_same_values(market: Path) -> None:
    whole, part = load_history(market), load_history(market, start=date(2013, 2, 4), end=date(2013, 3, 15), warmup_sessions=5)
    offset = row_of(whole.history, to_date(part.history.sessions[0]))
    rows = slice(offset, offset + len(part.history.sessions))
    for name in ("spx_close", "vix_close", "vvix", "bill_rate", "dividend_yield"):
        np.testing.assert_array_equal(getattr(part.history, name), getattr(whole.history, name)[rows], err_msg=name)
    for kind in ("yields", "breadth"):
        for name, values in getattr(whole.history, kind).items():
            np.testing.assert_array_equal(getattr(part.history, kind)[name], np.asarray(values)[..., rows], err_msg=name)
    columns = np.searchsorted(whole.history.vx.expiry, part.history.vx.expiry)
    np.testing.assert_array_equal(part.history.vx.settle, whole.history.vx.settle[rows][:, columns])
    assert not (~np.isnan(np.delete(whole.history.vx.settle[rows], columns, axis=1))).any()
    assert part.quality.count("exchange holiday") == whole.quality.count("exchange holiday")


def test_hash_follows_contents_and_not_names(market: Path, copy: Path) -> None:
    sha = load_history(market).history.sha256
    (copy / "rates/DTB3.csv").rename(copy / "bills.csv")
    assert load_history(copy).history.sha256 == sha
    with (copy / "bills.csv").open("a", encoding="utf-8") as file:
        file.write("2013-03-18,0.07\n")
    assert load_history(copy).history.sha256 != sha


def test_files_that_the_history_does_not_use_do_not_change_its_hash(market: Path, copy: Path) -> None:
    (copy / "prices/NDX.csv").unlink()
    assert load_history(copy).history.sha256 == load_history(market).history.sha256


def test_file_records_and_events(market: Path) -> None:
    loaded = load_history(market)
    records = {record.path: record for record in loaded.files}
    assert records["prices/SPX.csv"].reader == "prices" and records["prices/SPX.csv"].rows == 82
    assert (records["cboe/VIX_History.csv"].first, records["cboe/VIX_History.csv"].last) == ("2013-01-02", "2013-04-30")
    assert "prices/NDX.csv" not in records
    assert loaded.history.events["fomc"].tolist() == [to_day(date(2013, 1, 30)), to_day(date(2013, 3, 20))]
    assert len(loaded.history.events["cpi"]) == 4


def test_quality_report_speaks_json_tables_and_lines(market: Path) -> None:
    quality = load_history(market).quality
    assert json.loads(json.dumps(quality.to_dict()))["warnings"] == len(quality.warnings)
    assert len(quality.to_frame()) == len(quality.rows)
    assert list(quality.to_frame().columns)[:4] == ["severity", "file", "what", "count"]
    lines = quality.to_lines(least="warning")
    assert len(lines) == len(quality.warnings) and all("Next:" in line for line in lines)


def test_check_lists_every_file(market: Path) -> None:
    found = check_data(market)
    assert found.exit_code == 0 and found.sessions == 82 and not found.unrecognised
    assert len(found.files) == len(list(market.rglob("*.csv*")))
    assert json.loads(json.dumps(found.document))["schema"] == "alvh.data-check/1"
    assert "cfe/contracts (6 files)" in found.text and "0 errors" in found.text
    assert found.sha256 == load_history(market).history.sha256


def test_the_sample_is_what_arch_ships() -> None:
    loaded = load_history("sample")
    history = loaded.history
    assert len(history.sessions) == 1257
    assert (to_date(history.sessions[0]), to_date(history.sessions[-1])) == (date(2014, 1, 3), date(2018, 12, 31))
    assert history.vix_close[row_of(history, date(2018, 2, 5))] == 37.32
    assert history.vix_close[row_of(history, date(2015, 8, 24))] == 40.74
    assert history.spx_close[row_of(history, date(2018, 12, 24))] == pytest.approx(2351.10, abs=0.005)
    for column in (history.vix_open, history.vix9d, history.vix3m, history.vix6m, history.vvix, history.skew):
        assert np.isnan(column).all()
    assert not history.breadth and not history.events and not history.releases and history.fx is None
    assert all(np.isnan(values).all() for values in history.yields.values())
    assert history.vx.settle.shape == (1257, 0) and not history.vro
    assert (history.dividend_yield == 0.02).all() and history.modelled["dividend_yield"].all()
    assert set(history.modelled) == {"dividend_yield", "dividend_points"}
    assert history.bill_rate[row_of(history, date(2014, 6, 2))] == 0.0
    assert history.bill_rate[row_of(history, date(2018, 12, 20))] == pytest.approx(12 * 0.18 / 100)
    assert history.source == "sample" and len(loaded.files) == 3
    assert check_data("sample").exit_code == 0


def test_the_sample_does_not_import_arch() -> None:
    script = (
        "import sys; from alvh.data.load import load_history; load_history('sample');"
        "print([name for name in ('arch', 'statsmodels', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "day", ["2008-02-19", "2014-03-18", "2019-03-19", "2022-03-15", "2024-06-18", "2025-03-18", "2026-05-19"]
)
def test_non_wednesday_monthlies_are_monthlies(day: str) -> None:
    expiry = date.fromisoformat(day)
    assert vix_expiry(expiry.year, expiry.month) == to_day(expiry)
    assert is_monthly_vix_expiry(to_day(expiry))


def test_the_least_that_a_run_needs(market: Path, tmp_path: Path) -> None:
    """SPX, VIX and one bill rate, as the how-to page says; then month-end levels and a VRO history on top."""
    for source, name in (("prices/SPX.csv", "SPX.csv"), ("cboe/VIX_History.csv", "VIX.csv"), ("rates/DGS3MO.csv", "DGS3MO.csv")):
        (tmp_path / name).write_bytes((market / source).read_bytes())
    loaded = load_history(tmp_path)
    assert len(loaded.history.sessions) == 82 and not loaded.history.vro
    assert loaded.history.modelled["dividend_yield"].all()
    assert loaded.quality.count("without any VX settle") == 82
    months = ["2011-12-31,1000.0,1000.0", "2012-12-31,1020.0,1000.0", "2013-01-31,1021.0,1000.0"]
    (tmp_path / "levels.csv").write_text("\n".join(["Date,SPTR,SPX", *months]) + "\n", encoding="utf-8")
    (tmp_path / "VRO_History.csv").write_text("DATE,VRO\n01/16/2013,13.69\n02/13/2013,13.07\n", encoding="utf-8")
    history = load_history(tmp_path).history
    assert history.dividend_yield[row_of(history, date(2013, 2, 1))] == pytest.approx(math.log(1.02))
    assert history.vro[to_day(date(2013, 1, 16))] == (13.69, "VRO history, VRO_History.csv")
