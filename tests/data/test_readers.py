"""Each vendor layout is recognised by its header and read to the values that are in it."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import make_market as made

from alvh.core.days import to_day
from alvh.data.detect import detect, scan
from alvh.data.quality import QualityLog
from alvh.data.readers import (
    breadth,
    cboe_index,
    events,
    fred,
    prices,
    strategy_monthly,
    vx_futures,
    vx_rank,
    vx_settlements,
    vx_wide,
)
from alvh.data.sessions import vix_expiry
from alvh.data.text import SourceText, day_of, read_source, source_from_bytes


def text(body: str, name: str = "file.csv") -> SourceText:
    return source_from_bytes(body.encode(), label=name, name=name)


def fixture(market: Path, path: str) -> SourceText:
    return read_source(market / path, label=path)


def test_the_generator_gives_the_committed_files(market: Path, tmp_path: Path) -> None:
    made.main(tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    assert written == sorted(path.relative_to(market) for path in market.rglob("*.*"))
    for path in written:
        ours, theirs = read_source(tmp_path / path, label="a"), read_source(market / path, label="b")
        assert ours.text == theirs.text, path


KINDS = {
    "cboe/VIX_History.csv": "cboe_index",
    "cboe/VVIX_History.csv": "cboe_index",
    "cboe/SKEW_History.csv.gz": "cboe_index",
    "cboe/VXN_History.csv": "cboe_index",
    "cfe/contracts/VX_2013-03-20.csv": "vx_futures",
    "cfe/VX_monthly_2013_2025.csv": "vx_futures",
    "cfe/VX_2006_2013_wide.csv": "vx_wide",
    "cfe/VX_M1_M7_2004_2024.csv": "vx_rank",
    "cfe/CFE_FinalSettlement_Archive.csv": "vx_settlements",
    "prices/SPX.csv": "prices",
    "prices/NDX.csv": "prices",
    "rates/DTB3.csv": "fred",
    "rates/DGS3MO.csv": "fred",
    "rates/DGS3MO_1981_2024.csv": "fred",
    "rates/fred_DFF_fed_funds_rate.csv": "fred",
    "breadth/NYSE_advn.csv": "breadth",
    "calendar/fomc_dates.csv": "events",
    "calendar/cpi_release_dates_2013.csv": "events",
    "benchmarks/cboe_strategy_monthly_1986_2021.csv": "strategy_monthly",
}


@pytest.mark.parametrize(("path", "kind"), KINDS.items())
def test_layouts_are_told_by_header(market: Path, path: str, kind: str) -> None:
    assert detect(fixture(market, path).text)[0] == kind


def test_scan_names_every_file(market: Path) -> None:
    found = {item.label: item for item in scan(market)}
    assert all(item.kind is not None for item in found.values())
    assert found["rates/fred_DFF_fed_funds_rate.csv"].name == "DFF"
    assert found["cboe/SKEW_History.csv.gz"].name == "SKEW"


@pytest.mark.parametrize(
    "cell", ["2013-01-02", "20130102", "01/02/2013", "1/2/2013", "01/02/13", " 2013-01-02 ", "2013-01-02 00:00:00"]
)
def test_dates_in_every_spelling(cell: str) -> None:
    assert day_of(cell) == to_day(date(2013, 1, 2))


def test_two_digit_years_turn_at_69() -> None:
    assert day_of("01/02/68") == to_day(date(2068, 1, 2))
    assert day_of("01/02/90") == to_day(date(1990, 1, 2))


def test_index_bars(market: Path) -> None:
    log = QualityLog()
    table = cboe_index.read(fixture(market, "cboe/VIX_History.csv"), log)
    assert table.name == "VIX"
    assert table.columns["close"][0] == pytest.approx(made.vix(made.FIRST))
    assert log.report().count("do not bracket") == 1


def test_close_only_index_below_a_notice_in_gzip(market: Path) -> None:
    table = cboe_index.read(fixture(market, "cboe/SKEW_History.csv.gz"), QualityLog())
    assert (table.name, table.rows) == ("SKEW", len(made.sessions()))


def test_byte_order_mark_and_two_digit_years(market: Path) -> None:
    table = cboe_index.read(fixture(market, "cboe/VXN_History.csv"), QualityLog())
    assert table.days[0] == to_day(made.FIRST)


def test_brackets_and_spaces_around_header_cells() -> None:
    body = " [DATE] , <OPEN>,HIGH ,LOW,[CLOSE]\n01/02/2013,15,16,14,15\n"
    table = cboe_index.read(text(body, "VIX_History.csv"), QualityLog())
    assert table.columns["close"].tolist() == [15.0]


def test_price_file_with_two_extra_header_lines(market: Path) -> None:
    log = QualityLog()
    table = prices.read(fixture(market, "prices/NDX.csv"), log)
    assert table.columns["close"][0] == pytest.approx(2 * made.spx(made.FIRST))
    assert table.columns["open"][0] == pytest.approx(2 * made.spx(made.FIRST) - 1)
    assert log.report().count("extra header line") == 2


@pytest.mark.parametrize("header", ["Date,Close", "Date,Close,Volume", "Date,Open,High,Low,Close,Volume,Adj Close"])
def test_price_variants(header: str) -> None:
    body = f"{header}\n2013-01-02{',5' * header.count(',')}\n"
    assert detect(body)[0] == "prices"
    assert prices.read(text(body, "VXX.csv"), QualityLog()).columns["close"].tolist() == [5.0]


def test_fred_blank_and_point_are_holidays(market: Path) -> None:
    for path in ("rates/DTB3.csv", "rates/DGS3MO_1981_2024.csv"):
        log = QualityLog()
        table = fred.read(fixture(market, path), log)
        assert not np.isnan(table.columns["value"]).any()
        assert log.report().count("blank value") == 3
    assert fred.read(fixture(market, "rates/fred_DFF_fed_funds_rate.csv"), QualityLog()).name == "DFF"


def test_breadth_drops_a_zero_of_a_whole_exchange_but_not_of_a_few_stocks(market: Path) -> None:
    log = QualityLog()
    table = breadth.read(fixture(market, "breadth/NYSE_advn.csv"), log)
    assert log.report().count("zero count") == 1
    assert table.rows == len([day for day in made.sessions() if day <= date(2013, 3, 28)]) - 1
    few = breadth.read(text("20110805, 12\n20110808, 0\n", "synthetic_advn.csv"), QualityLog())
    assert few.columns["count"].tolist() == [12.0, 0.0]


def test_event_dates(market: Path) -> None:
    assert events.read(fixture(market, "calendar/fomc_dates.csv"), QualityLog()).days.tolist() == [
        to_day(date(2013, 1, 30)),
        to_day(date(2013, 3, 20)),
    ]


def test_strategy_levels_keep_blanks_blank(market: Path) -> None:
    table = strategy_monthly.read(fixture(market, "benchmarks/cboe_strategy_monthly_1986_2021.csv"), QualityLog())
    assert np.isnan(table.columns["bxy"]).all()
    assert table.columns["spx"][0] == pytest.approx(1250 * 1.008)


def test_contract_file_is_keyed_by_its_name(market: Path) -> None:
    rows = vx_futures.read(fixture(market, "cfe/contracts/VX_2013-04-24.csv"), QualityLog(), vix_expiry)
    assert set(rows.expiry.tolist()) == {to_day(date(2013, 4, 24))}
    assert rows.layout == "contract"


def test_expiry_day_row_is_the_final_settlement(market: Path) -> None:
    rows = vx_futures.read(fixture(market, "cfe/contracts/VX_2013-03-20.csv"), QualityLog(), vix_expiry)
    expiry = to_day(date(2013, 3, 20))
    assert rows.finals == ((expiry, made.final(date(2013, 3, 20))),)
    assert expiry not in rows.day.tolist()


def test_zero_settle_takes_the_close_only_where_it_traded() -> None:
    body = (
        f"{made.VX_HEADER}\n"
        "2013-01-03,F (Jan 2013),16,17,15,15.9,0,0,100,0,1\n"
        "2013-01-04,F (Jan 2013),0,17,15,0,0,0,0,0,1\n"
        "2013-01-07,F (Jan 2013),16,17,15,15.7,-1,0,100,0,1\n"
        "2013-01-16,F (Jan 2013),0,17,15,9,0,0,5,0,1\n"
    )
    log = QualityLog()
    rows = vx_futures.read(text(body, "VX_2013-01-16.csv"), log, vix_expiry)
    assert rows.settle[[0, 2]].tolist() == [15.9, 15.7]
    assert math.isnan(rows.settle[1])
    assert rows.from_close.tolist() == [True, False, True]
    assert rows.finals == ()
    assert log.report().count("with volume") == 2
    assert log.report().count("without a final settlement") == 1


@pytest.mark.parametrize("label", ["H (Mar 2014)", "H (Mar 14)", " H (Mar 2014) "])
def test_month_labels_give_the_expiry_by_rule(label: str) -> None:
    body = f"{made.VX_HEADER}\n03/03/2014,{label},16,17,15,15.9,15.9,0,100,0,1\n"
    rows = vx_futures.read(text(body, "CFE_H14_VX.csv"), QualityLog(), vix_expiry)
    assert rows.expiry.tolist() == [to_day(date(2014, 3, 18))]


def test_wide_archive_turns_last_trading_days_into_settlement_days() -> None:
    def line(day: str, last: str) -> str:
        return ",".join([day, "20", "1", last, *[""] * 9, "UX", *[""] * 9, "21.5", *[""] * 9, "7", *[""] * 9, "1", *[""] * 9])

    rows = vx_wide.read(
        text(f"{line('2008-02-04', '2008-02-15')}\n{line('2014-03-04', '2014-03-17')}\n"), QualityLog(), vix_expiry
    )
    assert rows.expiry.tolist() == [to_day(date(2008, 2, 19)), to_day(date(2014, 3, 18))]
    assert rows.settle.tolist() == [21.5, 21.5]
    assert rows.volume.tolist() == [7.0, 7.0]


def test_wide_archive_of_the_fixture(market: Path) -> None:
    rows = vx_wide.read(fixture(market, "cfe/VX_2006_2013_wide.csv"), QualityLog(), vix_expiry)
    for day, expiry, settle in zip(rows.day[:20], rows.expiry[:20], rows.settle[:20], strict=True):
        one, other = date.fromordinal(int(day) + 719163), date.fromordinal(int(expiry) + 719163)
        assert settle == pytest.approx(made.settle(one, other), abs=5e-4)


def test_final_settlements_before_the_rescaling_are_divided(market: Path) -> None:
    log = QualityLog()
    archive = vx_settlements.read(fixture(market, "cfe/CFE_FinalSettlement_Archive.csv"), log, vix_expiry)
    values = dict(archive.values)
    assert values[to_day(date(2007, 3, 21))] == 13.12
    assert values[to_day(date(2007, 4, 18))] == 12.9
    assert log.report().count("ten times") == 2


def test_rank_file_empties_zeros(market: Path) -> None:
    log = QualityLog()
    table = vx_rank.read(fixture(market, "cfe/VX_M1_M7_2004_2024.csv"), log)
    assert int(np.isnan(table.columns["m2"]).sum()) == 1
    assert log.report().count("M2 blank") == 1
