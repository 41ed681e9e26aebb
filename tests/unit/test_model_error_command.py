"""``alvh study model-error`` end to end: a vol frame made from the shipped surface, on the embedded sample's levels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.model_chain import FRIDAYS, SESSION, THIRD_FRIDAYS

from alvh.app.cli import main
from alvh.core.days import iso
from alvh.data.load import load_history
from alvh.models.spx_calibration import calibrate


@pytest.fixture(scope="module")
def frame() -> str:
    """The text of a vol frame of SESSION: half a vol point either side of the shipped surface on that session's levels."""
    history = load_history("sample").history
    row = int(np.searchsorted(history.sessions, SESSION))
    assert int(history.sessions[row]) == SESSION
    spot = float(history.spx_close[row])
    levels = np.array([[history.vix9d[row], history.vix_close[row], history.vix3m[row], history.vix6m[row]]])
    surface = calibrate(np.array([spot]), levels, history.skew[row : row + 1], sessions=np.array([SESSION]))
    strikes = np.arange(1200.0, 3200.0, 5.0)
    lines = ["Expiry,Texp,Strike,Bid,Ask,Fwd,CallMid"]
    for expiry in sorted({*FRIDAYS, *THIRD_FRIDAYS}):
        days = expiry - SESSION
        years = np.full(strikes.size, (days - (6.5 / 24.0 if expiry in THIRD_FRIDAYS else 0.0)) / 365.0)
        vols = surface.vols(np.zeros(strikes.size, dtype=np.int64), years, np.log(strikes / spot))
        name = iso(expiry).replace("-", "")
        for strike, vol in zip(strikes.tolist(), vols.tolist(), strict=True):
            lines.append(f"{name},{days / 365.25!r},{strike},{vol - 5e-4!r},{vol + 5e-4!r},{spot!r},")
    return "\n".join(lines) + "\n"


@pytest.fixture
def chains(tmp_path: Path, frame: str) -> Path:
    """A folder with the frame, a file of no layout and a damaged one."""
    (tmp_path / f"SPX_ivols_{iso(SESSION).replace('-', '')}.csv").write_text(frame, encoding="utf-8")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return tmp_path


def test_json(chains: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "model-error", "--chains", str(chains), "--data", "sample", "--json"]) == 0
    out = capsys.readouterr()
    document = json.loads(out.out)
    assert document["schema"] == "alvh.model-error/1"
    (row,) = document["dates"]
    assert (row["session"], row["inputs"], row["verified"]) == (iso(SESSION), "official", True)
    assert row["rms_vol_pct"] < 1.0  # a frame counts whole days, also to an opening: 1 % of the vol at 14 days
    assert document["summary"]["official"]["sessions"] == 1
    assert any(found["file"] == "notes.csv" for found in document["files"])
    assert "scoring: 100 %" in out.err


def test_tables(chains: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "model-error", "--chains", str(chains), "--data", "sample"]) == 0
    out = capsys.readouterr()
    assert f"{iso(SESSION)}  official" in out.out
    assert "official inputs: 1 sessions, 1 regimes of equal weight" in out.out
    assert "MISSED" not in out.out
    assert "no known chain layout" in out.err


def test_nothing_to_score(tmp_path: Path, frame: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = frame.splitlines()
    (tmp_path / "SPX_ivols_20170602.csv").write_text("\n".join(few[:400]) + "\n", encoding="utf-8")  # seven days alone
    assert main(["study", "model-error", "--chains", str(tmp_path), "--data", "sample"]) == 4
    assert "none of the 1 chains could be scored" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["study", "model-error"], 2, "--chains"),
        (["study", "model-eror", "--chains", "x"], 2, "did you mean 'model-error'?"),
        (["study", "model-error", "--chains", "no-such-folder"], 4, "no such file or folder"),
    ],
)
def test_wrong_calls(arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == code
    assert words in capsys.readouterr().err


def test_the_group_says_what_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 2
    assert "model-error" in capsys.readouterr().err
