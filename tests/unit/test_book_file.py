"""The user's book file: both forms, a round trip, and one clear error for every way to get it wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh.core.contracts import Root
from alvh.core.days import to_day
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.data.readers.book_file import COLUMNS, read_book, write_book
from alvh.market.positions import FUTURE, NOT_OPENED, Positions

AS_OF = to_day(date(2020, 2, 3))
HEADER = ",".join(COLUMNS)
CONDOR = """SPX,2020-03-20,2800,P,1,2020-02-03,6.1,condor,
SPX,2020-03-20,2900,put,-1,2020-02-03,15,condor,
SPX,2020-03-20,3400,C,-1,2020-02-03,12.35,condor,
SPX,2020-03-20,3500,call,1,2020-02-03,7,condor,
"""
REST = """SPXW,2020-02-14,3200,c,2,,,,
XSP,2020-02-14,320.5,p,-3,,,,
VIX,2020-03-18,25,C,10,2020-01-15,0.55,hedge,layer2
VIX,2020-03-18,25,C,4,2020-01-22,0.6,hedge,layer2
VIXW,2020-02-12,20,C,4,,,hedge,layer1
VX,2020-03-18,,,-1,,16.5,hedge,
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Positions]:
    def run(text: str, *, name: str = "book.csv", as_of: int | None = AS_OF) -> Positions:
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8"))
        return read_book(path, as_of=as_of)

    return run


Read = Callable[..., Positions]


def same(one: Positions, other: Positions) -> bool:
    return (
        (one.root, one.sleeve, one.layer) == (other.root, other.sleeve, other.layer)
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("expiry", "right", "quantity", "opened"))
        and all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in ("strike", "open_price"))
    )


def test_a_book_in_the_order_of_the_file(read: Read) -> None:
    found = read(f"{HEADER}\n{CONDOR}{REST}")
    assert len(found) == 10
    assert found.root[:4] == (Root.SPX,) * 4
    assert found.root[4:] == (Root.SPXW, Root.XSP, Root.VIX, Root.VIX, Root.VIXW, Root.VX)
    assert found.quantity.tolist() == [1, -1, -1, 1, 2, -3, 10, 4, 4, -1]
    assert found.right.tolist() == [-1, -1, 1, 1, 1, -1, 1, 1, 1, FUTURE]
    assert found.strike[5] == 320.5
    assert np.isnan(found.strike[9])
    assert np.isnan(found.open_price[4])
    assert found.opened[4] == NOT_OPENED
    assert found.opened[0] == AS_OF
    assert found.layer[6] == "layer2"
    assert found.sleeve[3] == "condor"


def test_optional_columns_and_order_of_columns_are_free(read: Read) -> None:
    found = read("quantity,right,strike,expiry,root\n-1,P,2900,2020-03-20,SPX\n")
    assert (found.quantity[0], found.strike[0], found.sleeve, found.layer) == (-1.0, 2900.0, ("",), ("",))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", ",\n").replace("condor,", "condor,"),
        lambda text: text.upper().replace("CONDOR", "condor"),
        lambda text: "\n\n" + text + "\n\n",
        lambda text: text.replace("2020-03-20", "03/20/2020"),
        lambda text: text.replace("condor", '"condor"'),
        lambda text: text.replace(",", " , "),
    ],
    ids=["bom", "windows", "trailing comma", "case", "blank lines", "us dates", "quotes", "spaces"],
)
def test_what_spreadsheets_do_to_a_file_changes_nothing(read: Read, change: Callable[[str], str]) -> None:
    text = f"{HEADER}\n{CONDOR}"
    assert same(read(change(text)), read(text))


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_round_trip(read: Read, tmp_path: Path, suffix: str) -> None:
    book = read(f"{HEADER}\n{CONDOR}{REST}")
    path = tmp_path / f"out{suffix}"
    path.write_text("an older file")
    write_book(book, path)
    assert same(read_book(path, as_of=AS_OF), book)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["book.csv", f"out{suffix}"]


def test_write_refuses_other_endings(read: Read, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'book\.txt' is no book file"):
        write_book(read(f"{HEADER}\n{CONDOR}"), tmp_path / "book.txt")


def test_a_folder_that_is_not_there(read: Read, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_book(read(f"{HEADER}\n{CONDOR}"), tmp_path / "none" / "book.csv")


def test_json_forms(read: Read) -> None:
    csv = read(f"{HEADER}\n{CONDOR}VX,2020-03-18,,,-1,,,,\n")
    rows: list[dict[str, object]] = [
        {"root": "SPX", "expiry": "2020-03-20", "strike": 2800, "right": "P", "quantity": 1},
        {"root": "SPX", "expiry": "2020-03-20", "strike": 2900.0, "right": "put", "quantity": -1.0},
        {"root": "SPX", "expiry": "2020-03-20", "strike": "3400", "right": "C", "quantity": "-1"},
        {"root": "SPX", "expiry": "2020-03-20", "strike": 3500, "right": "call", "quantity": 1, "layer": None},
    ]
    prices = (6.1, 15, 12.35, 7)
    rows = [
        row | {"opened": "2020-02-03", "open_price": price, "sleeve": "condor"} for row, price in zip(rows, prices, strict=True)
    ]
    rows.append({"root": "VX", "expiry": "2020-03-18", "quantity": -1})
    assert same(read(json.dumps(rows), name="book.json"), csv)
    assert same(read(json.dumps({"positions": rows}), name="book.json"), csv)
    assert same(read("\ufeff" + json.dumps(rows), name="no-ending"), csv)


BAD_ROWS = [
    ("SPY,2020-03-20,300,P,1,,,,", r"line 2, column root: 'SPY' is no root that is known, did you mean"),
    ("QQQQ,2020-03-20,300,P,1,,,,", r"'QQQQ' is no root that is known\. Allowed: SPX, SPXW, XSP, VIX, VIXW, VX, VXM"),
    (",2020-03-20,300,P,1,,,,", r"column root: '' is no root"),
    (
        "SPX,2020-03-19,2900,P,1,,,,",
        r"column expiry: 2020-03-19 is no listed expiry of SPX; the nearest listed one is 2020-03-20",
    ),
    ("SPX,2020-03-13,2900,P,1,,,,", r"2020-03-13 is an expiry of SPXW"),
    ("VIX,2020-03-04,25,C,1,,,,", r"2020-03-04 is an expiry of VIXW\. Allowed: expiries of VIX"),
    ("VIX,2020-03-20,25,C,1,,,,", r"is no listed expiry of VIX; the nearest listed one is 2020-03-18"),
    ("VXM,2020-03-18,,,1,,,,", r"VXM did not trade by 2020-03-18"),
    ("SPX,2020-01-17,2900,P,1,,,,", r"the SPX expiry of 2020-01-17 has settled by the close of 2020-02-03"),
    ("SPXW,2020-02-03,2900,P,1,,,,", r"SPXW expiry of 2020-02-03 has settled by the close of 2020-02-03"),
    ("SPX,20-03-2020,2900,P,1,,,,", r"column expiry: '20-03-2020' is no date\. Allowed: YYYY-MM-DD"),
    ("SPX,,2900,P,1,,,,", r"column expiry: '' is no date"),
    ("SPX,2020-03-20,,P,1,,,,", r"column strike: the cell is empty\. Allowed: the strike of the SPX option in points, above 0"),
    ("SPX,2020-03-20,nan,P,1,,,,", r"column strike: 'nan' is no finite number"),
    ("SPX,2020-03-20,-2900,P,1,,,,", r"column strike: -2900 is not above 0"),
    ("SPX,2020-03-20,0,P,1,,,,", r"column strike: 0 is not above 0"),
    ("SPX,2020-03-20,29OO,P,1,,,,", r"column strike: '29OO' is no number"),
    ("VX,2020-03-18,20,,1,,,,", r"column strike: '20' is given for a VX future\. .*the root is VIX or VIXW"),
    ("VX,2020-03-18,,C,1,,,,", r"column right: 'C' is given for a VX future"),
    ("SPX,2020-03-20,2900,,1,,,,", r"column right: the cell is empty\. Allowed: C, P, call or put"),
    ("SPX,2020-03-20,2900,X,1,,,,", r"column right: 'X' is no right"),
    ("SPX,2020-03-20,2900,P,0,,,,", r"column quantity: the quantity is 0"),
    ("SPX,2020-03-20,2900,P,1.5,,,,", r"column quantity: 1\.5 is no whole number"),
    ("SPX,2020-03-20,2900,P,,,,,", r"column quantity: the cell is empty"),
    ("SPX,2020-03-20,2900,P,inf,,,,", r"column quantity: 'inf' is no finite number"),
    ("SPX,2020-03-20,2900,P,20200320,,,,", r"column quantity: 2\.02003e\+07 contracts"),
    ("SPX,2020-03-20,2900,P,1_0,,,,", r"column quantity: '1_0' is no number"),
    ("SPX,2020-03-20,2900,P,1,2020-02-04,,,", r"column opened: the position was opened on 2020-02-04, after 2020-02-03"),
    ("SPX,2020-03-20,2900,P,1,soon,,,", r"column opened: 'soon' is no date"),
    ("SPX,2020-03-20,2900,P,1,,-6,,", r"column open_price: -6 is negative"),
    ("SPX,2020-03-20,2900,P,1,,cheap,,", r"column open_price: 'cheap' is no number"),
    ("SPX,2020-03-20,2900,P,1,", r"the row has 6 cells, the header 9: .*the file may be cut short"),
    ("SPX,2020-03-20,2900,P,1,,,,,7", r"the row has 10 cells, the header 9"),
]


@pytest.mark.parametrize(("row", "match"), BAD_ROWS, ids=[row for row, _ in BAD_ROWS])
def test_bad_rows_are_named(read: Read, row: str, match: str) -> None:
    with pytest.raises(DataInvalid, match=match) as caught:
        read(f"{HEADER}\n{row}\n")
    assert caught.value.where.startswith("book.csv, line 2")
    assert caught.value.allowed
    assert caught.value.todo


def test_the_bad_row_is_the_one_that_is_named(read: Read) -> None:
    with pytest.raises(DataInvalid, match=r"^book\.csv, line 6, column right: 'X' is no right"):
        read(f"{HEADER}\n{CONDOR}SPX,2020-03-20,2900,X,1,,,,\n")


def test_without_a_date_nothing_is_past(read: Read) -> None:
    assert len(read(f"{HEADER}\nSPX,2019-03-15,2900,P,1,2019-01-02,,,\n", as_of=None)) == 1
    with pytest.raises(DataInvalid, match="was opened on 2019-03-18, after 2019-03-15"):
        read(f"{HEADER}\nSPX,2019-03-15,2900,P,1,2019-03-18,,,\n", as_of=None)


def test_a_postponed_settlement_is_alive_until_it_settles(read: Read) -> None:
    """VIXW of 2018-12-05 settled on the next day's opening (Cboe notice C2018120300)."""
    text = f"{HEADER}\nVIXW,2018-12-05,20,C,1,,,,\n"
    assert len(read(text, as_of=to_day(date(2018, 12, 5)))) == 1
    with pytest.raises(DataInvalid, match="has settled"):
        read(text, as_of=to_day(date(2018, 12, 6)))


def test_mini_products_have_their_parents_expiries(read: Read) -> None:
    found = read(f"{HEADER}\nXSP,2020-10-16,320,P,1,,,,\nVXM,2020-10-21,,,1,,,,\nVX,2020-10-21,,,1,,,,\n")
    assert found.root == (Root.XSP, Root.VXM, Root.VX)


CONTRADICTIONS = [
    (
        "VIX,2020-03-18,25,C,10,,,hedge,a\nVIX,2020-03-18,25,C,10,,,hedge,a\n",
        r"line 3, column quantity: the same lot stands in line 2 \(\+10 there, \+10 here\)",
    ),
    ("VIX,2020-03-18,25,C,10,,,,\nVIX,2020-03-18,25,call,5,,,,\n", r"\(\+10 there, \+5 here\)"),
    ("VIX,2020-03-18,25,C,10,,1,,\nVIX,2020-03-18,25,C,-5,,2,,\n", r"the lot is short here and long in line 2"),
    ("VX,2020-03-18,,,1,,,,\nVX,2020-03-18,,,1,,,,\n", r"the same lot stands in line 2"),
]


@pytest.mark.parametrize(("rows", "match"), CONTRADICTIONS, ids=["twice", "two quantities", "two sides", "future twice"])
def test_contradictions_are_refused(read: Read, rows: str, match: str) -> None:
    with pytest.raises(DataInvalid, match=match):
        read(f"{HEADER}\n{rows}")


def test_separate_lots_are_kept(read: Read) -> None:
    rows = [
        "VIX,2020-03-18,25,C,10,2020-01-15,0.55,hedge,a",
        "VIX,2020-03-18,25,C,10,2020-01-15,0.60,hedge,a",
        "VIX,2020-03-18,25,C,10,2020-01-22,0.55,hedge,a",
        "VIX,2020-03-18,25,C,10,2020-01-15,0.55,hedge,b",
        "VIX,2020-03-18,25,C,-10,2020-01-15,0.55,other,a",
    ]
    assert read(HEADER + "\n" + "\n".join(rows) + "\n").quantity.tolist() == [10, 10, 10, 10, -10]


BAD_FILES = [
    ("", "book.csv", r"the file is empty"),
    ("\n\n", "book.csv", r"the file is empty"),
    (HEADER + "\n", "book.csv", r"the book has no positions"),
    ("root,expiry,strike,right,amount\nSPX,2020-03-20,2900,P,1\n", "book.csv", r"line 1: column 'amount' is unknown"),
    (
        "root,expiry,strike,right,quantitiy\nSPX,2020-03-20,2900,P,1\n",
        "book.csv",
        r"'quantitiy' is unknown, did you mean 'quantity'",
    ),
    ("root,expiry,right,quantity\nSPX,2020-03-20,P,1\n", "book.csv", r"column 'strike' is missing"),
    ("root,root,expiry,strike,right,quantity\n", "book.csv", r"column 'root' stands twice"),
    (HEADER.replace(",", ";") + "\nSPX;2020-03-20;2900;P;1;;;;\n", "book.csv", r"the cells are not separated by commas"),
    ("SPX,2020-03-20,2900,P,1,,,,\n", "book.csv", r"column 'spx' is unknown"),
    (f'{HEADER}\nSPX,2020-03-20,2900,P,1,,,"condor,\n', "book.csv", r"the quotes do not match"),
    ("[]", "book.json", r"the book has no positions"),
    ('{"positions": []}', "book.json", r"the book has no positions"),
    ('[{"root": "SPX", "expiry": "2020-03-20",', "book.json", r"line 1, column \d+: the JSON is malformed"),
    ('{"book": []}', "book.json", r"the object has the keys book"),
    ('{"positions": {}}', "book.json", r"the positions are no list"),
    ("3", "book.json", r"the positions are no list"),
    ("[3]", "book.json", r"position 1: the position is no object"),
    ('[{"root": "SPX", "root": "VIX"}]', "book.json", r"the key 'root' stands twice"),
    ('[{"root": "SPX", "expiry": "2020-03-20", "quantity": NaN}]', "book.json", r"NaN is no number of JSON"),
    (
        '[{"root": "SPX", "expiry": "2020-03-20", "strike": 2900, "right": "P", "quantity": true}]',
        "book.json",
        r"true is neither text",
    ),
    ('[{"root": "SPX", "expiry": "2020-03-20", "qty": 1}]', "book.json", r"position 1: column 'qty' is unknown"),
    ('[{"root": "SPX", "quantity": 1}]', "book.json", r"position 1: 'expiry' is missing"),
    ('[{"root": "SPX", "expiry": "2020-03-20", "quantity": 1}]', "book.json", r"position 1, column strike: the cell is empty"),
    (
        '[{"root": "SPX", "expiry": "2020-03-20", "strike": 2900, "quantity": 1}]',
        "book.json",
        r"position 1, column right: the cell is empty",
    ),
]


@pytest.mark.parametrize(("text", "name", "match"), BAD_FILES, ids=[match[:40] for _, _, match in BAD_FILES])
def test_bad_files_are_named(read: Read, text: str, name: str, match: str) -> None:
    with pytest.raises(DataInvalid, match=match) as caught:
        read(text, name=name)
    assert caught.value.where.startswith(name)


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"nothing\.csv"):
        read_book(tmp_path / "nothing.csv", as_of=None)
    (tmp_path / "book.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataInvalid, match="is not UTF-8"):
        read_book(tmp_path / "book.csv", as_of=None)
