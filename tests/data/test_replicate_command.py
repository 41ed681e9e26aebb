"""``alvh study replicate`` on the embedded sample: documents, tables, pictures, and every refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from alvh.app.cli import main

KEYS = {
    "schema", "index", "from", "to", "months", "corr", "beta", "te_pct", "d_pp", "vol_published_pct", "vol_ours_pct",
    "worst_months", "settlement_proxy",
}  # fmt: skip
"""The keys that the outside relies on."""
SPAN = ("--from", "2016-01-01", "--to", "2016-12-31", "--data", "sample", "--quiet")


@pytest.fixture(autouse=True)
def no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALVH_DATA", raising=False)


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["study", "replicate", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    assert main(["study", "replicate", *arguments]) == code
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.startswith("error: ") and out.err.count("\n") == 1
    return out.err


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented month-ends of 2016 with a blank, a copy and rows out of order; no published row among them."""
    rows = [
        "2015-12-31,100,50", "2016-01-29,98,49", "2016-02-29,98.5,", "2016-03-31,102,51", "2016-05-31,103,52",
        "2016-04-29,102.5,51",
        "2016-06-30,103,52", "2016-06-30,103,52", "2016-07-29,105,53", "2016-08-31,105.5,53", "2016-09-30,105,53",
        "2016-10-31,104.5,52", "2016-11-30,107,53", "2016-12-12,108,54",
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("levels") / "mine.csv"
    path.write_text("Date,PUT,BXM\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_document_of_one_index(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "put", "--levels", str(levels), *SPAN)
    assert set(found) >= KEYS
    assert (found["schema"], found["index"], found["from"], found["to"]) == ("alvh.replicate/1", "PUT", "2016-01", "2016-12")
    assert found["months"] == 11
    assert -1.0 <= found["corr"] <= 1.0 and found["te_pct"] > 0.0
    assert found["level_gaps"] == ["2016-12 (ends on 2016-12-12)"]
    assert {(row["what"], row["count"]) for row in found["level_findings"]} == {
        ("row out of date order", 1),
        ("duplicated date (identical rows)", 1),
    }
    assert found["worst_months"] and set(found["worst_months"][0]) >= {"month", "published_pct", "ours_pct", "error_pp", "expiry"}
    assert found["settlement_proxy"].startswith("SOQ")
    assert found["settlements"] == {"SOQ reconstruction": 12}
    assert found["identity_error_usd"] < 1e-12 * 1e10
    assert found["verdicts"].keys() == {"corr", "te_pct", "d_pp", "beta", "vol_ratio"}


def test_blank_cells_are_named_gaps(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "BXM", "--levels", str(levels), *SPAN)
    assert found["level_gaps"] == ["2016-02", "2016-12 (ends on 2016-12-12)"]
    assert found["months"] == 9  # neither February nor March has both ends


def test_without_dates_whatever_the_data_hold_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "CNDR", "--quiet")
    assert (found["from"], found["to"], found["months"]) == ("2014-02", "2018-12", 59)
    assert found["corr"] is None and found["worst_months"] == [] and found["vol_ours_pct"] > 0.0
    one_end = run_json(capsys, "CNDR", "--quiet", "--from", "2018-02-01")
    assert (one_end["from"], one_end["to"]) == ("2018-02", "2018-12")
    other = run_json(capsys, "CNDR", "--quiet", "--to", "2014-06-15")
    assert (other["from"], other["to"]) == ("2014-02", "2014-05")


def test_the_vix_tail_hedge_says_that_it_knows_no_opens(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "VXTH", *SPAN)
    assert found["bands_by_settlement"] == found["rolls"] == 13  # the sample holds no VX opens
    assert found["dividends_by_yield_sessions"] >= 252
    assert main(["study", "replicate", "VXTH", *SPAN]) == 0
    text = capsys.readouterr().out
    assert "13 of 13 bands were read at a VX settlement, for no open is known" in text
    assert "the dividend yield of the forward stands in for paid dividends" in text


def test_all_of_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = run_json(capsys, "all", *SPAN, "--out", str(tmp_path / "out"))
    assert [row["index"] for row in found["indices"]][-2:] == ["CNDR", "VXTH"] and len(found["indices"]) == 11
    assert found["summary"] == {"missed": {}, "mean_abs_d_pp": None, "iv_bias_pct": None, "left_out": []}
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["replication-growth.svg", "replication.json"]  # no limits without levels
    assert json.loads((tmp_path / "out" / "replication.json").read_text(encoding="utf-8")) == found


def test_pictures_of_one_index(levels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["study", "replicate", "PUT", "--levels", str(levels), *SPAN[:-1], "--out", str(out)]) == 0
    assert f"wrote {out}" in capsys.readouterr().err
    for name in ("replication-growth.svg", "replication-limits.svg"):
        assert ElementTree.parse(out / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert not [path for path in out.iterdir() if path.name.startswith(".") or path.suffix == ".tmp"]


def test_the_table_reads_well(levels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "replicate", "PUT", "--levels", str(levels), *SPAN]) == 0
    text = capsys.readouterr().out
    assert max(len(line) for line in text.splitlines()) <= 132
    for words in (
        "Ours against published", "2016-01 to 2016-12 (11)", "t: target reached, m: must reached, !: missed", "off > 2 pp",
        "PUT: months without a published month-end: 2016-12 (ends on 2016-12-12)", "1 x duplicated date", "settlement: SOQ",
    ):  # fmt: skip
        assert words in text, words
    assert "nan" not in text.lower().replace("finance", "")


def test_a_month_alone(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2016-03-01", "--to", "2016-03-31", "--data", "sample", "--quiet")
    assert run_json(capsys, "PUT", *span)["vol_ours_pct"] is None
    assert main(["study", "replicate", "PUT", *span]) == 0
    assert "2016-03 to 2016-03" in capsys.readouterr().out


@pytest.mark.parametrize("control", ["flat-smile", "iv-plus-10", "iv-minus-10", "week-early", "close-settlement", "no-dividends"])
def test_a_control_moves_the_index(control: str, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2016-01-01", "--to", "2016-06-30", "--data", "sample", "--quiet")
    plain, broken = run_json(capsys, "BXM", *span), run_json(capsys, "BXM", *span, "--control", control)
    assert broken["control"] == control and plain["control"] is None
    assert abs(broken["return_ours_pct"] - plain["return_ours_pct"]) > 0.01
    assert (broken["settlement_proxy"] == "the close (control)") == (control == "close-settlement")


def test_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    text = refused(capsys, 2, "puut", *SPAN)
    assert "'puut' is no index that can be rebuilt" in text and "did you mean 'PUT'?" in text and "VXTH, all" in text
    text = refused(capsys, 2, "PUT", "--control", "flat-smiles", *SPAN)
    assert "--control: 'flat-smiles' is no control" in text and "did you mean 'flat-smile'?" in text
    text = refused(capsys, 2, "PUT", "--control", "spot-vix-band", *SPAN)
    assert "'spot-vix-band' breaks nothing in PUT" in text and "flat-smile" in text
    assert "Allowed: week-early, spot-vix-band." in refused(capsys, 2, "VXTH", "--control", "flat-smile", *SPAN)


def test_a_file_without_the_index(levels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = refused(capsys, 5, "BXMD", "--levels", str(levels), *SPAN)
    assert "mine.csv: no column is named after BXMD; the columns are date, put, bxm" in text and "did you mean 'bxm'?" in text
    text = refused(capsys, 4, "PUT", "--levels", str(tmp_path / "none.csv"), *SPAN)
    assert "none.csv: the file cannot be read" in text
    (tmp_path / "zero.csv").write_text("Date,PUT\n2016-01-29,1\n2016-02-29,0\n", encoding="utf-8")
    assert "zero.csv, line 3, column put: a level of 0" in refused(
        capsys, 5, "PUT", "--levels", str(tmp_path / "zero.csv"), *SPAN
    )


def test_levels_of_other_years(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.csv"
    path.write_text("Date,PUT\n" + "".join(f"1999-{month:02d}-28,{100 + month}\n" for month in range(1, 13)), encoding="utf-8")
    text = refused(capsys, 4, "PUT", "--levels", str(path), *SPAN)
    assert "old.csv and the run have fewer than 3 months in common" in text and "2016-01 to 2016-12" in text


@pytest.mark.parametrize(
    ("first", "last", "code", "words"),
    [
        ("2016-03-02", "2016-03-30", 4, "no whole month lies between 2016-03-02 and 2016-03-30"),
        ("2016-06-01", "2016-01-01", 2, "--from/--to: 2016-01-01 lies before 2016-06-01"),
        ("2010-01-01", "2016-12-31", 4, "the data begin on 2014-01-03"),
        ("2016-01-01", "2024-12-31", 4, "the data end on 2018-12-31"),
    ],
)
def test_dates(first: str, last: str, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in refused(capsys, code, "PUT", "--from", first, "--to", last, "--data", "sample", "--quiet")


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no such folder" in refused(capsys, 4, "PUT", "--data", str(tmp_path / "none"))
