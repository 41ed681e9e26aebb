"""A damaged chain file gives one clear error, or a counted finding and the rest of its quotes."""

from __future__ import annotations

import gzip
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest

from alvh.core.errors import AlvhError, DataInvalid, DataMissing
from alvh.data.chains import load_chains
from alvh.data.quality import QualityLog, QualityReport
from alvh.market.chain import QuotedChain

CHAINS = Path(__file__).resolve().parents[1] / "fixtures" / "chains"
DELAYED, WIDE, OLD, IVOL, HISTORICAL, FRAME = (
    "spx/delayed.csv",
    "spx/quotedata_2023.csv",
    "spx/quotedata_2011.csv",
    "spx/ivolatility.csv",
    "spx/historical.csv",
    "spx/SPX_ivols_20230215.csv",
)
CONTRACT = "SPX230616C04300000"


def changed(tmp_path: Path, name: str, old: str, new: str, count: int = -1) -> Path:
    """A copy of a fixture with one text replaced."""
    text = (CHAINS / name).read_bytes().decode()
    assert old in text
    path = tmp_path / Path(name).name
    path.write_bytes(text.replace(old, new, count).encode())
    return path


def read(path: Path) -> tuple[QuotedChain, QualityReport]:
    log = QualityLog()
    (chain,) = load_chains(path, log)
    return chain, log.report()


def refused(path: Path, kind: type[DataInvalid] | type[DataMissing] = DataInvalid) -> str:
    with pytest.raises(kind) as found:
        load_chains(path, QualityLog())
    assert found.value.where and found.value.allowed and found.value.todo
    return str(found.value)


def row_of(contract: str, name: str) -> tuple[str, int]:
    """The line that names a contract, and its number."""
    lines = (CHAINS / name).read_bytes().decode().splitlines()
    at = next(index for index, line in enumerate(lines) if contract in line)
    return lines[at], at + 1


@pytest.mark.parametrize("name", [DELAYED, WIDE, OLD, IVOL, HISTORICAL, FRAME])
def test_half_a_line_names_file_and_line(name: str, tmp_path: Path) -> None:
    raw = (CHAINS / name).read_bytes().rstrip()
    path = tmp_path / Path(name).name
    path.write_bytes(raw[: -len(raw.splitlines()[-1]) // 2])
    message = refused(path)
    assert f"{path.name}, line {len(raw.splitlines())}" in message or "cells" in message
    assert "cut or damaged" in message


def test_half_a_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "half.csv.gz"
    packed = gzip.compress((CHAINS / WIDE).read_bytes() * 400)
    path.write_bytes(packed[: len(packed) // 2])
    assert "the gzip file is damaged" in refused(path)


@pytest.mark.parametrize(
    ("name", "header", "column"),
    [
        (DELAYED, ",bid,", "bid"),
        (DELAYED, "open_interest", "open_interest"),
        (IVOL, ",ask,", "ask"),
        (HISTORICAL, ",bid,", "bid"),
        (FRAME, "Expiry,", "expiry"),
        (WIDE, "Strike,Puts,Last Sale,Net,Bid", "bid"),
        (OLD, "Open Int,Puts", "open interest"),
    ],
)
def test_a_missing_column_is_named(name: str, header: str, column: str, tmp_path: Path) -> None:
    last = header.rstrip(",").rsplit(",", 1)[-1] if column != "open interest" else "Open Int"
    path = changed(tmp_path, name, header, header.replace(last, "nonsense"), 1)
    message = refused(path)
    assert f"'{column}'" in message and "missing" in message and path.name in message


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        (DELAYED, CONTRACT, "SPX230616X04300000", "is no contract symbol"),
        (WIDE, CONTRACT, "SPX239916C04300000", "is no contract symbol"),
        (OLD, "(SPX1119B1290)", "(SPX1119Z1290)", "is no contract"),
        (DELAYED, ",86.8,", ",abc,", "'abc' is not a number"),
        (WIDE, ",86.8,", ",inf,", "not a finite number"),
        (DELAYED, "2023-06-08,_SPX", "yesterday,_SPX", "is not a date"),
        (FRAME, "20230317", "soon", "is not a date"),
    ],
)
def test_a_damaged_cell_is_named_with_its_line(name: str, old: str, new: str, what: str, tmp_path: Path) -> None:
    path = changed(tmp_path, name, old, new, 1)
    line = row_of(old, name)[1]
    message = refused(path)
    assert what in message and f"{path.name}, line {line}, column" in message


def test_a_contract_twice_keeps_the_two_sided_row(tmp_path: Path) -> None:
    row, _ = row_of(CONTRACT, DELAYED)
    bid = row.split(",")[6]
    path = changed(tmp_path, DELAYED, row, row.replace(f",{bid},", ",,", 1) + "\n" + row + "\n" + row)
    chain, report = read(path)
    plain, _ = read(CHAINS / DELAYED)
    np.testing.assert_array_equal(chain.bid, plain.bid)
    found = report.find("duplicate contract")
    assert [(one.severity, one.count) for one in found] == [("warning", 2)]


def test_a_crossed_quote_is_kept_and_counted(tmp_path: Path) -> None:
    chain, report = read(changed(tmp_path, DELAYED, ",86.8,0.0,87.2,", ",87.3,0.0,87.2,", 1))
    assert ((chain.bid > chain.ask).sum(), len(chain)) == (1, 30)
    assert [(one.severity, one.count) for one in report.find("crossed quote")] == [("warning", 1)]


@pytest.mark.parametrize("blank", ["", "NaN", "nan", "n/a"])
def test_a_missing_bid_is_missing_and_no_zero(blank: str, tmp_path: Path) -> None:
    chain, report = read(changed(tmp_path, DELAYED, ",86.8,0.0,87.2,", f",{blank},0.0,87.2,", 1))
    assert np.isnan(chain.bid).sum() == 1
    assert report.count("no bid") == 1


def test_a_row_without_any_quote_is_dropped_and_counted(tmp_path: Path) -> None:
    chain, report = read(changed(tmp_path, DELAYED, ",86.8,0.0,87.2,", ",,0.0,,", 1))
    assert (len(chain), report.count("neither bid nor ask")) == (29, 1)


def test_an_ask_of_zero_is_missing_and_a_negative_price_is_dropped(tmp_path: Path) -> None:
    chain, report = read(changed(tmp_path, DELAYED, ",86.8,0.0,87.2,", ",86.8,0.0,0.0,", 1))
    assert (np.isnan(chain.ask).sum(), report.count("ask of zero")) == (1, 1)
    chain, report = read(changed(tmp_path, DELAYED, ",86.8,0.0,87.2,", ",-1,0.0,87.2,", 1))
    assert (len(chain), report.count("negative price")) == (29, 1)


@pytest.mark.parametrize(
    ("moment", "severity", "what", "minute"),
    [
        ("June 8, 2023 at 9:15 AM EDT", "warning", "09:15 Eastern, before the open", 555),
        ("June 8, 2023 at 11:02 AM EDT", "warning", "11:02 Eastern, not of the close", 662),
        ("June 8, 2023 at 3:30 PM JST", "warning", "without a clock in a known zone", None),
        ("June 8, 2023", "warning", "without a clock in a known zone", None),
        ("June 8, 2023 at 6:05 PM EDT", "info", "stamped 18:05 Eastern, after the close", 1085),
        ("June 9, 2023 at 2:15 AM EDT", "info", "stamped 02:15 Eastern on 2023-06-09, a later day", None),
        ("8 de junio de 2023, 22:15 GMT+2", None, "", 975),  # a Spanish clock at a Spanish time: 16:15 in New York
    ],
)
def test_quotes_not_of_the_close_are_said(
    moment: str, severity: str | None, what: str, minute: int | None, tmp_path: Path
) -> None:
    chain, report = read(changed(tmp_path, WIDE, "June 8, 2023 at 4:30 PM EDT", moment))
    assert chain.minute == minute
    assert [row.severity for row in report.find(what) if what] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"askPrice": 65.75', '"askPrice": "?"', "it is no number"),
        ('"askPrice": 65.75', '"price": 65.75', "lacks a value"),
        ('"expiries"', '"legs"', "the file is damaged"),
        ('"2026-03-18", "spot"', '"March", "spot"', "the file is damaged"),
        ("}]}}", "}", "the file is damaged"),
        ('"date": "2026-03-18"', '"date": "2026-04-03"', "2026-04-03 is no session"),
    ],
)
def test_damaged_json(old: str, new: str, what: str, tmp_path: Path) -> None:
    assert what in refused(changed(tmp_path, "spx/barchart.json", old, new))


def test_a_file_without_a_date_is_refused(tmp_path: Path) -> None:
    assert "names the date of the quotes" in refused(changed(tmp_path, WIDE, "June 8, 2023 at 4:30 PM EDT", "a while ago"))


def test_a_holiday_file_is_refused(tmp_path: Path) -> None:
    """Good Friday 2023: the vendor's clock ran on, its quotes are Thursday's."""
    assert "2023-04-07 is no session, so its 30 quotes are stale" in refused(
        changed(tmp_path, DELAYED, "2023-06-08,_SPX", "2023-04-07,_SPX")
    )


def test_a_download_on_a_holiday_is_the_session_before(tmp_path: Path) -> None:
    chain, report = read(changed(tmp_path, WIDE, "June 8, 2023 at 4:30 PM EDT", "April 7, 2023 at 4:30 PM EDT"))
    assert chain.session == 19453  # 2023-04-06
    assert report.count("a later day") == 1


def test_expired_and_settled_series_are_dropped_by_reason(tmp_path: Path) -> None:
    """On the third Friday the AM series is gone from the open, the PM series at 16:00; a file from after both has neither."""
    for clock, settled in (("9:15 AM", 0), ("11:02 AM", 10), ("4:30 PM", 20)):
        path = changed(tmp_path, WIDE, "June 8, 2023 at 4:30 PM", f"June 16, 2023 at {clock}")
        if settled == 20:
            assert "no contract is left for 2023-06-16" in refused(path)
            continue
        chain, report = read(path)
        assert (report.count("expiry before the session"), report.count("settled before the quotes")) == (10, settled)
        assert len(chain) == 20 - settled


def test_monthly_off_its_friday_is_said(tmp_path: Path) -> None:
    _, report = read(changed(tmp_path, DELAYED, "SPXW230609", "SPX230609"))
    assert report.count("SPX row off a third Friday") == 10


def test_roots_that_are_not_read(tmp_path: Path) -> None:
    """One counted note with the roots; a file of nothing else holds no chain."""
    log = QualityLog()
    with pytest.raises(DataMissing, match="no chain of SPX, XSP or VIX"):
        load_chains(CHAINS / "others" / "ndx_quotedata.csv", log)
    assert [(row.what, row.count) for row in log.report().rows] == [("row of a root that is not read: NDXP", 4)]
    chain, report = read(changed(tmp_path, DELAYED, "SPX230616", "NDX230616"))
    assert (len(chain), report.count("row of a root that is not read: NDX")) == (20, 10)


def test_a_file_with_two_underlyings_gives_two_chains(tmp_path: Path) -> None:
    chains = load_chains(changed(tmp_path, DELAYED, "SPXW230609", "VIX230621"), QualityLog())
    assert [(one.underlying, len(one)) for one in chains] == [("SPX", 20), ("VIX", 10)]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("20230317,0.0821", "20230317,0.0721", "Texp"),
        ("4150.0,", "-4150.0,", "at or below zero"),
        (",3900.0,", ",0.0,", "at or below zero"),
    ],
)
def test_a_vol_frame_outside_its_domain(old: str, new: str, what: str, tmp_path: Path) -> None:
    message = refused(changed(tmp_path, FRAME, old, new))
    assert what in message and "line" in message


def test_a_vol_frame_of_no_named_underlying(tmp_path: Path) -> None:
    path = tmp_path / "frame.csv"
    shutil.copy(CHAINS / FRAME, path)
    assert "SPX's or VIX's" in refused(path)


def test_a_vol_frame_that_fits_no_tick_is_kept_undiscounted(tmp_path: Path) -> None:
    text = (CHAINS / FRAME).read_text().splitlines()
    path = tmp_path / "SPX_frame.csv"
    rows = [line.split(",") for line in text[1:]]
    for index, row in enumerate(rows):
        row[4] = repr(float(row[4]) * (1.0 + 0.003 * (index + 1) ** 0.5))
    path.write_text("\n".join([text[0], *(",".join(row) for row in rows)]))
    chain, report = read(path)
    assert (report.count("fit no tick"), len(chain)) == (2, 22)


def test_a_folder_goes_on_past_a_bad_file_and_names_every_other(tmp_path: Path) -> None:
    shutil.copy(CHAINS / DELAYED, tmp_path / "good.csv")
    shutil.copy(CHAINS / WIDE, tmp_path / "same_day.csv")
    changed(tmp_path, HISTORICAL, ",bid,", ",nonsense,", 1).rename(tmp_path / "bad.csv")
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "prices.csv").write_text("date,close\n2023-06-08,4300\n")
    (tmp_path / "more" / "empty.dat").write_bytes(b"")
    (tmp_path / ".hidden.csv").write_text("x")
    log = QualityLog()
    chains = load_chains(tmp_path, log)
    assert [chain.source for chain in chains] == ["Cboe delayed quotes: good.csv", "Cboe quote download: same_day.csv"]
    report = log.report()
    assert {(row.severity, row.file) for row in report.rows if row.file != "same_day.csv"} == {
        ("error", "bad.csv"),
        ("info", "README.md"),
        ("info", "all files"),
        ("warning", "more/prices.csv"),
        ("warning", "more/empty.dat"),
    }
    assert report.count("session in several files") == 1


def test_no_path_and_no_chain(tmp_path: Path) -> None:
    assert "no such file or folder" in refused(tmp_path / "absent", DataMissing)
    assert "no chain" in refused(tmp_path, DataMissing)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert "no chain" in refused(tmp_path / "x.csv", DataMissing)


@pytest.mark.parametrize(
    ("name", "old", "new"), [(DELAYED, "2023-06-08,_SPX", "1979-06-08,_SPX"), (WIDE, "June 8, 2023", "June 8, 1979")]
)
def test_a_day_outside_the_calendar_is_refused(name: str, old: str, new: str, tmp_path: Path) -> None:
    message = refused(changed(tmp_path, name, old, new))
    assert "1979-06-08 is no session" in message or "names the date of the quotes" in message


def test_an_expiry_beyond_the_calendar_is_read(tmp_path: Path) -> None:
    chain, _ = read(changed(tmp_path, DELAYED, "SPXW230609", "SPXW351221"))
    assert (len(chain), chain.expiry.max()) == (30, 24095)  # 2035-12-21


@pytest.mark.parametrize("name", sorted(str(path.relative_to(CHAINS)) for path in CHAINS.rglob("*.*")))
def test_any_damage_is_an_error_of_ours_or_a_chain(name: str, tmp_path: Path) -> None:
    """Cut files, lost, doubled and foreign bytes, shuffled lines: never another exception."""
    random = Random(name)
    raw = (CHAINS / name).read_bytes()
    path = tmp_path / Path(name).name
    for trial in range(40):
        at, length = random.randrange(len(raw)), random.randrange(1, 30)
        if trial % 4 == 0:
            damaged = raw[:at]
        elif trial % 4 == 1:
            damaged = raw[:at] + raw[at + length :]
        elif trial % 4 == 2:
            damaged = raw[:at] + bytes(random.choices(b'0123456789,.-"\n\r ;ACPX\xff\x00', k=3)) + raw[at + 3 :]
        else:
            lines = raw.split(b"\n")
            random.shuffle(lines)
            damaged = b"\n".join(lines)
        path.write_bytes(damaged)
        with suppress(AlvhError):
            load_chains(path, QualityLog())
