"""Cboe's delayed quotes as served: values, sizes and the session of each file, and one clear error for each damage."""

from __future__ import annotations

import csv
import gzip
import json
import math
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.helpers.synthetic_chain import flat, make_chain, rows

from alvh.core.days import iso, to_day
from alvh.core.errors import AlvhError, DataInvalid, DataMissing
from alvh.data.chains import load_chains
from alvh.data.chains.served_moment import moment_of
from alvh.data.quality import QualityLog, QualityReport
from alvh.market.chain import QuotedChain

CHAINS = Path(__file__).resolve().parents[1] / "fixtures" / "chains"
STAMP, MOVED = "2023-06-08 21:05:33", "2023-06-08T16:14:59"


def option(symbol: str, bid: float | None, ask: float | None, **others: object) -> dict[str, Any]:
    """One entry with the fields of the exchange's file; the numbers are invented."""
    return {
        "option": symbol,
        "bid": bid,
        "bid_size": 3.0,
        "ask": ask,
        "ask_size": 5.0,
        "iv": 0.2,
        "open_interest": 120.0,
        "volume": 7.0,
        "delta": 0.5,
        "gamma": 0.001,
        "vega": 4.0,
        "theta": -1.0,
        "rho": 0.5,
        "theo": 10.0,
        "change": 0.0,
        "open": 0.0,
        "high": 0.0,
        "low": 0.0,
        "tick": "no_change",
        "last_trade_price": 10.0,
        "last_trade_time": "2023-06-08T15:59:01",
        "percent_change": 0.0,
        "prev_day_close": 10.25,
    } | others


def document(options: list[Any] | None = None, **others: object) -> dict[str, Any]:
    """A whole file; ``others`` replace keys of ``data``, or ``timestamp`` and ``symbol`` of the top."""
    made = [option("SPXW230616C04300000", 40.1, 40.5), option("SPXW230616P04300000", 35.2, 35.6)]
    data = {
        "options": made if options is None else options,
        "symbol": "^SPX",
        "security_type": "index",
        "current_price": 4293.93,
        "close": 4293.93,
        "prev_day_close": 4267.52,
        "last_trade_time": others.pop("last_trade_time", MOVED),
        "tick": "up",
    }
    top = {"timestamp": others.pop("timestamp", STAMP), "data": data, "symbol": others.pop("symbol", "_SPX")}
    data |= others
    return top


def written(folder: Path, whole: object, *, name: str = "_SPX.json", **options: Any) -> Path:
    path = folder / name
    text = whole if isinstance(whole, str) else json.dumps(whole, **options)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
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


@pytest.mark.parametrize(
    ("name", "style"),
    [("_SPX.json", {}), ("_SPX.json", {"indent": 2}), ("_SPX.json", {"separators": (",", ":")}), ("_SPX.json.gz", {})],
    ids=["as served", "indented", "compact", "packed"],
)
def test_values(name: str, style: dict[str, Any], tmp_path: Path) -> None:
    chain, report = read(written(tmp_path, document(), name=name, **style))
    assert (chain.underlying, iso(chain.session), chain.minute) == ("SPX", "2023-06-08", 16 * 60 + 50)
    assert chain.source == f"Cboe delayed quotes as served: {name}"
    assert chain.listed_spot == 4293.93
    assert (chain.root.tolist(), chain.right.tolist()) == (["SPXW", "SPXW"], [-1.0, 1.0])
    assert (chain.bid.tolist(), chain.ask.tolist()) == ([35.2, 40.1], [35.6, 40.5])
    assert (chain.bid_size.tolist(), chain.ask_size.tolist()) == ([3.0, 3.0], [5.0, 5.0])
    assert (chain.volume.tolist(), chain.open_interest.tolist()) == ([7.0, 7.0], [120.0, 120.0])
    assert [row.severity for row in report.rows] == ["info"]  # after the close, as evening files are


def test_the_file_and_its_flattened_copy_are_one_chain(tmp_path: Path) -> None:
    """The committed table, put back into the exchange's layout."""
    flat, _ = read(CHAINS / "spx" / "delayed.csv")
    with (CHAINS / "spx" / "delayed.csv").open(encoding="utf-8") as file:
        numbers = ("bid", "bid_size", "ask", "ask_size", "volume", "open_interest")
        entries = [
            option(row["option"], None, None) | {name: float(row[name]) for name in numbers} for row in csv.DictReader(file)
        ]
    served, _ = read(written(tmp_path, document(entries)))
    for name in ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest", "bid_size", "ask_size"):
        np.testing.assert_array_equal(getattr(served, name), getattr(flat, name), err_msg=name)


def test_a_size_of_zero_beside_a_price_is_not_stated(tmp_path: Path) -> None:
    """After the evening's close the exchange prints 0 beside every price; beside no bid a zero is what is displayed."""
    entries = [
        option("SPXW230616C04300000", 40.1, 40.5, bid_size=0.0, ask_size=0.0),
        option("SPXW230616C04900000", 0.0, 0.05, bid_size=0.0, ask_size=812.0),
        option("SPXW230616C05000000", 0.0, 0.05, bid_size=None, ask_size=-1.0),
    ]
    chain, _ = read(written(tmp_path, document(entries)))
    np.testing.assert_array_equal(chain.bid_size, [math.nan, 0.0, math.nan])
    np.testing.assert_array_equal(chain.ask_size, [math.nan, 812.0, math.nan])


def test_sizes_stay_with_their_contracts(tmp_path: Path) -> None:
    """Rows are sorted and some dropped on the way."""
    entries = [
        option("SPXW230616P04300000", 35.2, 35.6, bid_size=1.0, ask_size=2.0),
        option("SPXW230616P04200000", None, None, bid_size=3.0, ask_size=4.0),
        option("SPXW230616P04100000", 5.2, 5.6, bid_size=5.0, ask_size=6.0),
    ]
    chain, _ = read(written(tmp_path, document(entries)))
    assert (chain.strike.tolist(), chain.bid_size.tolist(), chain.ask_size.tolist()) == ([4100.0, 4300.0], [5.0, 1.0], [6.0, 2.0])


def test_a_chain_made_without_sizes_has_unknown_ones() -> None:
    chain = make_chain(date(2023, 6, 8), flat(0.2), series=[("SPXW", to_day(date(2023, 6, 16)), False)])
    assert np.isnan(chain.bid_size).all() and chain.bid_size.shape == chain.bid.shape
    kept = chain.right > 0.0
    sized = replace(chain, bid_size=np.arange(len(chain)) + 1.0)
    assert sized.rows(kept).bid_size.tolist() == (np.flatnonzero(kept) + 1.0).tolist()
    part = rows(sized, kept)  # a part that forgets the sizes gets none, never those of other contracts
    assert np.isnan(part.bid_size).all() and part.bid_size.shape == part.bid.shape


def test_layouts_without_sizes_have_none() -> None:
    chain, _ = read(CHAINS / "spx" / "quotedata_2023.csv")
    assert np.isnan(chain.bid_size).all() and np.isnan(chain.ask_size).all()
    assert chain.bid_size.shape == chain.bid.shape
    part = chain.rows(chain.right > 0.0)
    assert len(part) == part.bid_size.size == len(chain) / 2


@pytest.mark.parametrize(
    ("stamp", "moved", "session", "clock", "note"),
    [
        ("2026-05-20 23:02:44", "2026-05-20T16:15:01", "2026-05-20", "18:47", ""),
        ("2026-09-22 19:48:44", "2026-09-22T15:33:42", "2026-09-22", "15:33", ""),
        ("2026-01-15 21:05:00", "2026-01-15T15:50:00", "2026-01-15", "15:50", ""),
        ("2026-05-20T23:02:44+00:00", "2026-05-20T16:15:01", "2026-05-20", "18:47", ""),
        ("2024-11-21 01:52:50", "2024-11-20T16:14:59", "2024-11-20", "20:37", "overnight"),
        ("2026-05-21 12:15:00", "2026-05-20T16:15:00", "2026-05-20", "32:00", "overnight"),
        ("2026-05-21 12:15:00", "2026-05-21T08:00:01", "2026-05-20", "32:00", "overnight"),
        ("2026-05-21 13:42:00", "2026-05-21T09:27:00", "2026-05-20", "33:27", ""),
        ("2026-05-21 13:46:00", "2026-05-21T09:31:00", "2026-05-21", "09:31", ""),
        ("2026-05-21 13:46:00", "2026-05-21T09:25:00", "2026-05-21", "09:31", ""),
        ("2026-05-21 13:46:00", "2026-05-20T16:14:59", "2026-05-20", "16:14", "moved last at 2026-05-20 16:14"),
        ("2026-07-28 20:05:00", "2026-07-28T15:55:00", "2026-07-28", "15:55", ""),
        ("2026-05-23 15:00:00", "2026-05-22T16:14:59", "2026-05-22", "34:45", ""),
        ("2026-05-25 18:00:00", "2026-05-22T16:14:59", "2026-05-22", "85:45", ""),
        ("2026-07-28 17:05:33", "2026-07-28T16:14:59", "2026-07-28", "16:50", "taken as Eastern"),
        ("2026-07-29 18:00:00", "2026-07-28T16:14:59", "2026-07-28", "16:14", "moved last at 2026-07-28 16:14"),
        ("2026-07-28 10:00:00", "2026-07-28T16:14:59", "2026-07-28", "16:14", "the time of that move was taken"),
        ("2026-07-28 20:30:00", None, "2026-07-28", "16:15", "timestamp was taken alone"),
        ("15:19:21", "2026-09-24T11:04:19", "2026-09-24", "11:04", "no timestamp with a date"),
        (None, "2026-09-24T11:04:19", "2026-09-24", "11:04", "no timestamp with a date"),
    ],
    ids=[
        "evening",
        "in the session",
        "winter time",
        "with a zone",
        "night",
        "morning",
        "morning, VIX moved",
        "just before the open",
        "just after it",
        "VIX moved last at night",
        "open, but old quotes",
        "index newer than the delay",
        "Saturday",
        "Memorial Day",
        "Eastern stamp",
        "old quotes under a new stamp",
        "stamp before the last move",
        "no last move",
        "clock alone",
        "no stamp",
    ],
)
def test_the_session_of_a_file(stamp: str | None, moved: str | None, session: str, clock: str, note: str) -> None:
    """Clocks by hand: UTC less four hours in summer and five in winter, less the delay of fifteen minutes."""
    found = moment_of(stamp, moved, label="f")
    hour, minute = clock.split(":")
    assert (iso(found.session), found.minute) == (session, 60 * int(hour) + int(minute))
    assert any(note in text for text in found.notes) if note else found.notes == ()


def test_a_morning_file_has_no_minute_and_is_noted(tmp_path: Path) -> None:
    chain, report = read(written(tmp_path, document(timestamp="2023-06-09 12:15:00")))
    assert (iso(chain.session), chain.minute) == ("2023-06-08", None)
    assert [(row.severity, row.what.split(",")[0]) for row in report.rows] == [
        ("warning", "quotes of 08:00 Eastern"),
        ("info", "quotes stamped 08:00 Eastern on 2023-06-09"),
    ]


@pytest.mark.parametrize(
    ("stamp", "moved", "what"),
    [
        (None, None, "names a moment"),
        ("soon", "", "names a moment"),
        ("1969-12-31 19:00:00", None, "1969-12-31"),
        ("0001-01-01 00:00:00", None, "names a moment"),
    ],
)
def test_no_moment(stamp: str | None, moved: str | None, what: str, tmp_path: Path) -> None:
    assert what in refused(written(tmp_path, document(timestamp=stamp, last_trade_time=moved)))


WHOLE = json.dumps(document())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (WHOLE[: len(WHOLE) // 2], "the file is damaged"),
        (WHOLE[:-1], "the file is damaged"),
        (WHOLE.replace('"bid": 40.1', '"bid": NaN'), "NaN is no number of JSON"),
        (WHOLE.replace('"bid": 40.1', '"bid": 1e999'), 'item 1: "bid" is not finite'),
        (WHOLE.replace('"bid": 40.1', '"bid": 40.1, "bid": 40.2'), "key 'bid' is given twice"),
        (WHOLE.replace('"symbol": "_SPX"', '"symbol": "_SPX", "timestamp": "x"'), "key 'timestamp' is given twice"),
        (WHOLE.replace('"bid": 40.1', '"bid": "40.1"'), "\"bid\" is the text '40.1', no number"),
        (WHOLE.replace('"ask": 35.6', '"ask": true'), "item 2: \"ask\" is the truth value 'True', no number"),
        (WHOLE.replace('"ask_size": 5.0', '"ask_size": [5]', 1), '"ask_size" is a list, no number'),
        (WHOLE.replace('"current_price": 4293.93', '"current_price": "x"'), "\"current_price\" is the text 'x'"),
        (WHOLE.replace('"SPXW230616P04300000"', "17"), "item 2: \"option\" is the number '17', no contract symbol"),
        (WHOLE.replace('"option": "SPXW230616P04300000"', '"sign": "x"'), 'item 2: "option" is missing'),
        (WHOLE.replace("SPXW230616P04300000", "SPXW230616P043"), "line 2, column option: 'SPXW230616P043' is no contract symbol"),
        (WHOLE.replace("SPXW230616P04300000", "SPXW231316P04300000"), "is no contract symbol"),
    ],
)
def test_damage_is_one_error(text: str, what: str, tmp_path: Path) -> None:
    message = refused(written(tmp_path, text))
    assert what in message and "_SPX.json" in message


@pytest.mark.parametrize(
    ("whole", "what"),
    [
        (document(["x", option("SPXW230616C04300000", 1.0, 2.0)]), "item 1: the entry is the text 'x', no object"),
        (document() | {"data": {"options": {"option": 1}}}, 'no list under "data", "options"'),
        ([document()], "the file holds a list"),
        (document([option("SPXW230616C04300000", None, None)]), "neither bid nor ask"),
        (document([option("SPXW230101C04300000", 1.0, 2.0)]), "expiry before the session"),
    ],
)
def test_another_shape_is_one_error(whole: object, what: str, tmp_path: Path) -> None:
    assert what in refused(written(tmp_path, whole))


def test_an_empty_list_is_missing_data(tmp_path: Path) -> None:
    path = written(tmp_path, document([]) | {"note": {"option": "none"}})
    assert "the list of options is empty" in refused(path, DataMissing)


def test_options_of_another_index(tmp_path: Path) -> None:
    """A foreign root is left out and counted; alone it makes no chain, and never gets this index's level."""
    mine, foreign, unknown = (
        option(f"{root}230621C00015000", 1.0, 1.2) for root in ("SPXW", "VIX", "NDXP")
    )  # the third Wednesday of June
    chain, report = read(written(tmp_path, document([mine, foreign, unknown])))
    assert chain.root.tolist() == ["SPXW"]
    assert report.count("another index than SPX: VIX") == 1
    assert report.count("root that is not read: NDXP") == 1
    refused(written(tmp_path, document([foreign])), DataMissing)
    refused(written(tmp_path, document([unknown])), DataMissing)
    whole = document([foreign], current_price=13.65)
    whole["data"]["symbol"] = "^VIX"
    vix, _ = read(written(tmp_path, whole, name="_VIX.json"))
    assert (vix.underlying, vix.listed_spot, vix.am.tolist()) == ("VIX", 13.65, [True])


def test_a_contract_twice_keeps_the_first(tmp_path: Path) -> None:
    entries = [option("SPXW230616C04300000", 40.1, 40.5), option("SPXW230616C04300000", 41.0, 41.5)]
    chain, report = read(written(tmp_path, document(entries)))
    assert (len(chain), chain.bid[0]) == (1, 40.1)
    assert report.count("duplicate contract") == 1


def test_null_crossed_and_unoffered_quotes(tmp_path: Path) -> None:
    entries = [
        option("SPXW230616C04100000", None, 5.0),
        option("SPXW230616C04200000", 6.0, 5.0),
        option("SPXW230616C04300000", 0.0, 0.0, open_interest=None),
    ]
    chain, report = read(written(tmp_path, document(entries)))
    np.testing.assert_array_equal(chain.bid, [math.nan, 6.0, 0.0])
    np.testing.assert_array_equal(chain.ask, [5.0, 5.0, math.nan])
    assert np.isnan(chain.open_interest).tolist() == [False, False, True]
    assert (report.count("no bid"), report.count("crossed"), report.count("ask of zero")) == (1, 1, 1)


@pytest.mark.parametrize("text", ['{"error": "not found"}', '{"timestamp": "20', "[]", "{}", "<html>Access denied</html>"])
def test_other_answers_are_no_chain(text: str, tmp_path: Path) -> None:
    log = QualityLog()
    with pytest.raises(DataMissing):
        load_chains(written(tmp_path, text), log)
    assert [row.what for row in log.report().rows] == ["file of no known chain layout"]


def test_random_damage_raises_nothing_but_our_errors(tmp_path: Path) -> None:
    random = Random(7)
    raw = WHOLE.encode()
    for trial in range(120):
        at, length = random.randrange(len(raw)), random.randrange(1, 30)
        damaged = (
            raw[:at],
            raw[:at] + raw[at + length :],
            raw[:at] + bytes(random.choices(b'0123456789,.-"{}[]:\n ACPX\xff\x00', k=3)) + raw[at + 3 :],
        )[trial % 3]
        path = tmp_path / "_SPX.json"
        path.write_bytes(damaged)
        with suppress(AlvhError):
            load_chains(path, QualityLog())
