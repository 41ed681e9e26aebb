"""Price files of VIX funds: which column and which of two files is read, what is counted, and a run on them from end to end."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import make_market as made

from alvh.app.explain_day import explain_day
from alvh.app.wiring import run_backtest
from alvh.core.days import to_day
from alvh.core.errors import DataInvalid
from alvh.data.check import check_data
from alvh.data.load import load_history

SESSIONS = made.sessions()


def close(k: int) -> float:
    """A made price: 4e6 falling a thousandth a session, a fifth higher for one session in ten."""
    return 4e6 * 0.999**k * (1.2 if k % 10 == 5 else 1.0)


def write(folder: Path, name: str, days: list[date], *, header: str = "Date,Close", factor: float = 1.0) -> None:
    columns = header.count(",")
    rows = [f"{day},{','.join(f'{factor * close(k) * (column + 1)}' for column in range(columns))}" for k, day in enumerate(days)]
    (folder / "prices" / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def test_closes_stand_on_the_sessions_and_are_empty_where_the_file_has_no_row(copy: Path) -> None:
    write(copy, "VXX.csv", SESSIONS[10:50])
    history = load_history(copy).history
    assert list(history.etps) == ["VXX"]
    assert np.isnan(history.etps["VXX"][[*range(10), *range(50, len(SESSIONS))]]).all()
    assert history.etps["VXX"][10:50] == pytest.approx([close(k) for k in range(40)])
    assert load_history(copy).history.sha256 != load_history(made_folder()).history.sha256


def made_folder() -> Path:
    return Path(made.__file__).resolve().parent / "market"


def test_without_a_fund_there_is_none() -> None:
    assert load_history(made_folder()).history.etps == {}


def test_the_adjusted_close_goes_before_the_close(copy: Path) -> None:
    write(copy, "UVXY.csv", SESSIONS, header="Date,Close,Adj Close")
    assert load_history(copy).history.etps["UVXY"] == pytest.approx([2.0 * close(k) for k in range(len(SESSIONS))])


@pytest.mark.parametrize("older", ["VXX_2009_2017.csv", "VXX_old.csv"])
def test_of_two_files_of_a_ticker_the_one_that_ends_later_is_read_and_the_other_noted(copy: Path, older: str) -> None:
    write(copy, older, SESSIONS[:20], factor=7.0)
    write(copy, "VXX.csv", SESSIONS[40:])
    loaded = load_history(copy)
    prices = loaded.history.etps["VXX"]
    assert np.isnan(prices[:40]).all() and prices[40:] == pytest.approx([close(k) for k in range(len(SESSIONS) - 40)])
    (row,) = loaded.quality.find("holds VXX to a later day")
    assert (row.file, row.severity, row.first, row.last) == (
        f"prices/{older}", "warning", SESSIONS[0].isoformat(), SESSIONS[19].isoformat(),
    )  # fmt: skip
    checked = check_data(copy)
    assert checked.exit_code == 0
    assert {file.path: file.used for file in checked.files}["prices/VXX.csv"] is True
    assert "holds VXX to a later day" in checked.text


def test_a_split_that_is_not_adjusted_for_is_a_finding_and_a_missing_session_too(copy: Path) -> None:
    days = [day for k, day in enumerate(SESSIONS) if k != 30]
    rows = [f"{day},{5.0 if day < SESSIONS[40] else 20.0}" for day in days]
    (copy / "prices" / "VIXY.csv").write_text("\n".join(["Date,Close", *rows]) + "\n", encoding="utf-8")
    quality = load_history(copy).quality
    (jump,) = quality.find("doubles or halves", file="VIXY")
    assert (jump.count, jump.first) == (1, SESSIONS[40].isoformat())
    (gap,) = quality.find("session without a row", file="VIXY")
    assert gap.first == SESSIONS[30].isoformat()


def test_an_adjusted_price_of_nothing_is_refused(copy: Path) -> None:
    rows = [f"{day},10,{0 if k == 3 else 10}" for k, day in enumerate(SESSIONS)]
    (copy / "prices" / "VIXM.csv").write_text("\n".join(["Date,Close,Adj Close", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(DataInvalid, match="VIXM adj close is 0"):
        load_history(copy)


def test_a_file_of_the_inverse_fund_is_left_alone(copy: Path) -> None:
    write(copy, "SVXY.csv", SESSIONS)
    assert load_history(copy).history.etps == {}
    assert {file.path: file.used for file in check_data(copy).files}["prices/SVXY.csv"] is False


def test_a_run_from_files_to_files(copy: Path, tmp_path: Path) -> None:
    """Document, summary, trades, ledger and the account of a day name the fund and count no contracts of it."""
    write(copy, "VXX.csv", SESSIONS)
    first = SESSIONS[5]
    output = run_backtest("vix-etp", data=copy, start=first, price_range=False)
    layer = output.document["hedge"]["layers"][0]
    assert (layer["etp"], layer["contracts"]) == ("VXX", 0) and layer["premium_usd"] > 0.0
    assert layer["net_usd"] == pytest.approx(output.attribution.sleeve_pnl_usd(1).sum())
    assert output.document["exposures"]["left_out"] == ["front (VXX)", "mid (VXX)", "back (VXX)"]
    said = dict(output.summary_rows())
    assert "shares of VXX" in said["layer front"]
    assert said.get("coverage, net vega") == "not measured: front (VXX), mid (VXX), back (VXX)"
    output.write(tmp_path / "out")
    with (tmp_path / "out" / "trades.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sleeve"] == "hedge"]
    assert rows and {(row["root"], row["expiry"], row["strike"], row["right"]) for row in rows} == {("VXX", "", "", "")}
    opened = SESSIONS.index(date.fromisoformat(rows[0]["opened"]))
    assert float(rows[0]["open_mid"]) == pytest.approx(close(opened))
    for row in rows:
        if row["closed"]:
            paid = float(row["quantity"]) / float(row["open_mid"]) * (float(row["close_price"]) - float(row["open_price"]))
            assert float(row["pnl_usd"]) == pytest.approx(paid)
    sheet = next((tmp_path / "out").glob("*.html")).read_text(encoding="utf-8")
    assert "VXX: dollars at the adjusted close" in sheet and "assumed" in sheet
    day = explain_day(date.fromisoformat(rows[0]["opened"]), policy="vix-etp", data=copy, start=first)
    assert "VXX" in {entry["contract"] for entry in day["ledger"]}
    assert to_day(first) == output.result.sessions[0]
