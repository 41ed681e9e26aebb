"""What overlays read beside prices: opens of VX futures from every layout, and dividends on one SPX unit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.core.days import to_day
from alvh.data.load import load_history
from alvh.data.quality import QualityLog
from alvh.data.rates import dividend_points, dividend_yield, month_ends
from alvh.data.readers.daily import DailyTable
from alvh.data.readers.vx_futures import read
from alvh.data.sessions import xnys_sessions
from alvh.data.text import source_from_bytes

HEADER = "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest\n"


def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


# ------------------------------------------------------------------------------------------------------------------- VX opens


def rows(text: str, name: str = "VX_2013-03-20.csv"):
    source = source_from_bytes(text.encode(), label=name, name=name)
    return read(source, QualityLog(), lambda year, month: day(f"{year}-{month:02d}-20"))


def test_a_contract_that_did_not_trade_has_no_open() -> None:
    found = rows(
        HEADER
        + "2013-01-02,H (Mar 2013),17.10,18,17,17.5,17.40,0,10,0,0\n"
        + "2013-01-03,H (Mar 2013),0,0,0,0,17.30,0,0,0,0\n"
        + "2013-01-04,H (Mar 2013),,18,17,17.5,17.20,0,10,0,0\n"
    )
    np.testing.assert_array_equal(found.open, [17.10, np.nan, np.nan])
    np.testing.assert_array_equal(found.settle, [17.40, 17.30, 17.20])


def test_a_file_without_an_open_column_has_no_opens() -> None:
    text = "Trade Date,Futures,Close,Settle,Total Volume\n2013-01-02,H (Mar 2013),17.5,17.40,10\n"
    assert np.isnan(rows(text).open).all()


def opens(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    history = load_history(folder).history
    return history.sessions, history.vx.expiry, history.vx.open


def test_opens_come_with_the_settles(market: Path) -> None:
    """The synthetic folder writes open = settle before a zero; the expiry-day row is a settlement and not a price."""
    history = load_history(market).history
    known = ~np.isnan(history.vx.open)
    assert known.any()
    zero = history.sessions[:, None] == np.array([[day("2013-01-10")]])
    plain = known & ~zero & (history.sessions[:, None] != day("2013-02-06"))
    np.testing.assert_allclose(history.vx.open[plain], history.vx.settle[plain], atol=5e-5)
    for column, expiry in enumerate(history.vx.expiry.tolist()):
        assert np.isnan(history.vx.open[history.sessions >= expiry, column]).all()


def test_the_more_preferred_file_has_the_open(copy: Path) -> None:
    """The contract's own file says 99, the one-file history 15.6: the first counts; where it is blank, the second stands in."""
    path = copy / "cfe" / "contracts" / "VX_2013-01-16.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    first = lines[1].split(",")
    second = lines[2].split(",")
    other = float(second[2])
    first[2], second[2] = "99.0", ""
    path.write_text("\n".join([lines[0], ",".join(first), ",".join(second), *lines[3:]]) + "\n", encoding="utf-8")
    sessions, expiry, found = opens(copy)
    column = int(np.flatnonzero(expiry == day("2013-01-16"))[0])
    assert found[np.flatnonzero(sessions == day("2013-01-02"))[0], column] == 99.0
    assert found[np.flatnonzero(sessions == day("2013-01-03"))[0], column] == pytest.approx(other)


def test_the_wide_archive_alone_has_no_opens(copy: Path) -> None:
    (copy / "cfe" / "VX_monthly_2013_2025.csv").unlink()
    for path in (copy / "cfe" / "contracts").iterdir():
        path.unlink()
    sessions, _, found = opens(copy)
    assert found.shape[0] == len(sessions) and np.isnan(found).all()


# ------------------------------------------------------------------------------------------------------------------ dividends


def levels(**ends: tuple[float, float]) -> DailyTable:
    """Month-end levels of S&P 500 TR and SPX by month (``m2013_01``)."""
    months = [name[1:].replace("_", "-") for name in ends]
    days = np.array([int(np.datetime64(month, "M").astype("datetime64[D]").astype(int)) + 27 for month in months], dtype=np.int64)
    values = np.array(list(ends.values()))
    return DailyTable(label="made", name="monthly", days=days, columns={"sptr": values[:, 0], "spx": values[:, 1]})


def span(first: str, last: str) -> np.ndarray:
    sessions = xnys_sessions()
    return sessions[(sessions >= day(first)) & (sessions <= day(last))]


def points(sessions: np.ndarray, table: DailyTable | None, close: float = 1000.0, yields: float = 0.02):
    n = len(sessions)
    return dividend_points(sessions, np.full(n, close), np.full(n, yields), table, xnys_sessions())


def test_a_months_dividends_are_what_total_return_adds_spread_evenly() -> None:
    """1000 points and 2000 of total return; the next month 1010 and 2024: 2024 / 2000 x 1000 - 1010 = 2 points."""
    sessions = span("2013-02-01", "2013-02-28")
    found, flagged = points(sessions, levels(m2013_01=(2000.0, 1000.0), m2013_02=(2024.0, 1010.0)))
    assert len(sessions) == 19
    np.testing.assert_allclose(found, 2.0 / 19.0)
    assert not flagged.any()


def test_a_run_that_has_part_of_a_month_gets_its_part() -> None:
    sessions = span("2013-02-19", "2013-02-28")
    found, _ = points(sessions, levels(m2013_01=(2000.0, 1000.0), m2013_02=(2024.0, 1010.0)))
    assert found.sum() == pytest.approx(2.0 * len(sessions) / 19.0)


def test_months_without_both_ends_pay_the_yield_by_calendar_days() -> None:
    sessions = span("2013-01-02", "2013-04-30")
    table = levels(m2013_01=(2000.0, 1000.0), m2013_02=(2024.0, 1010.0), m2013_04=(2100.0, 1030.0))
    found, flagged = points(sessions, table)
    month = np.array([int(str(np.datetime64(int(one), "D"))[5:7]) for one in sessions])
    assert (flagged == (month != 2)).all()  # January has no end before it, March none of its own, April follows a gap
    friday, monday = np.searchsorted(sessions, [day("2013-03-15"), day("2013-03-18")])
    assert monday == friday + 1
    assert found[friday] == pytest.approx(1000.0 * 0.02 / 365.0)
    assert found[monday] == pytest.approx(3.0 * 1000.0 * 0.02 / 365.0)
    assert found[0] == 0.0  # nothing is known of the days before the first session


def test_without_a_file_every_session_is_flagged_and_a_year_pays_the_yield() -> None:
    sessions = span("2012-12-31", "2013-12-31")
    found, flagged = points(sessions, None)
    assert flagged.all()
    assert found.sum() == pytest.approx(1000.0 * 0.02)


def test_a_session_without_a_close_pays_nothing_by_yield() -> None:
    sessions = span("2013-01-02", "2013-01-31")
    close = np.full(len(sessions), 1000.0)
    close[5] = np.nan
    found, _ = dividend_points(sessions, close, np.full(len(sessions), 0.02), None, xnys_sessions())
    assert found[5] == 0.0 and np.isfinite(found).all()


def test_blank_levels_break_the_chain() -> None:
    table = levels(m2013_01=(2000.0, 1000.0), m2013_02=(np.nan, 1010.0), m2013_03=(2050.0, 1020.0))
    _, flagged = points(span("2013-01-02", "2013-03-28"), table)
    assert flagged.all()


# ---------------------------------------------------------------------------------------------------- levels that cannot be right


def two_years(**spoiled: float) -> DailyTable:
    """Two years and a half of levels that pay .2 % a month, some totals multiplied by a factor (``m2012_06=0.98``)."""
    months = [f"m{2010 + k // 12}_{k % 12 + 1:02d}" for k in range(36)]
    return levels(**{name: (2000.0 * 1.002**k * spoiled.get(name, 1.0), 1000.0) for k, name in enumerate(months)})


def test_a_wrong_month_end_is_left_out_and_counted() -> None:
    log = QualityLog()
    found = month_ends(two_years(m2012_06=0.98), log)
    month = 2012 * 12 + 5
    assert month not in found.total and month not in found.price and not found.steps and len(found.total) == 35
    (row,) = log.report().rows
    assert row.severity == "warning" and row.file == "made" and row.count == 1 and row.first == "2012-06-28"
    sessions = span("2012-05-01", "2012-08-31")
    paid, flagged = points(sessions, two_years(m2012_06=0.98))
    names = np.array([str(np.datetime64(int(one), "D"))[5:7] for one in sessions])
    assert set(names[flagged]) == {"06", "07"}  # neither month has both its ends
    assert paid.min() >= 0.0 and paid.max() < 0.5


def test_a_wrong_month_end_ends_and_begins_no_window_of_the_yield() -> None:
    sessions = span("2012-01-03", "2013-01-31")
    plain, never = dividend_yield(sessions, two_years(), QualityLog())
    found, flagged = dividend_yield(sessions, two_years(m2012_06=0.98, m2011_02=1.03), QualityLog())
    np.testing.assert_allclose(found, plain, rtol=1e-12)  # every window pays the same: the window before is as good
    months = {str(np.datetime64(int(one), "D"))[:7] for one in sessions[flagged]}
    assert months == {"2012-03", "2012-04", "2012-07", "2012-08"} and not never.any()  # read from a month after the window's end


@pytest.mark.parametrize("factor", [0.97, 1.05])
def test_a_step_that_stays_gives_no_dividend_and_no_window_across_it(factor: float) -> None:
    """From one month on every level is off: which end is wrong cannot be told, so that the step alone is not used."""
    months = {f"m{2010 + k // 12}_{k % 12 + 1:02d}": factor for k in range(18, 36)}
    log = QualityLog()
    table = two_years(**months)
    found = month_ends(table, log)
    assert found.steps == frozenset({2011 * 12 + 6}) and len(found.total) == 36
    assert log.report().count("dividends would be negative or above 1 %") == 1
    _, flagged = points(span("2011-06-01", "2011-08-31"), table)
    assert flagged.sum() == len(span("2011-07-01", "2011-07-31"))
    sessions = span("2012-01-03", "2012-12-31")
    yields, stands = dividend_yield(sessions, table, QualityLog())
    np.testing.assert_allclose(yields, 12.0 * np.log(1.002), rtol=1e-9)
    assert stands.any() and not stands[-1]


@pytest.mark.parametrize(
    ("factor", "kept"), [(0.9985, True), (1.0, True), (1.0015, True), (0.997, False), (1.0079, False), (1.009, False)]
)
def test_what_a_month_may_pay(factor: float, kept: bool) -> None:
    """From nothing to one per cent of the index: .2 % a month times the factor on one side and the other."""
    found = month_ends(two_years(m2012_06=factor), QualityLog())
    assert (2012 * 12 + 5 in found.total and not found.steps) == kept
