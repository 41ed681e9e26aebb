"""The command line: grammar, exit codes, what goes to stdout and what to stderr, without running a backtest."""

from __future__ import annotations

import io
import json
import math
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from alvh.app import output
from alvh.app.cli import main
from alvh.core import errors

ROOT = Path(__file__).resolve().parents[2]


class FakeOutput:
    """Stands in for a finished backtest."""

    document: dict[str, Any] = {"schema": "alvh.backtest/1", "policy": {"name": "alvh-442"}}  # noqa: RUF012

    def summary_rows(self) -> list[tuple[str, str]]:
        return [("total return", "1.0 %")]

    def write(self, out: Path) -> list[Path]:
        path = out / "report.html"
        path.write_text("<html></html>", encoding="utf-8")
        return [path]


@pytest.fixture
def wiring(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replace the composition root by one that records how it was called, and raises what a test puts in ``fault``."""
    seen = SimpleNamespace(calls=[], ranges=[], fault=None)
    fake = ModuleType("alvh.app.wiring")

    def run_backtest(
        policy: str, *, data: str, start: date | None, end: date | None, progress: Any, price_range: bool = True
    ) -> FakeOutput:
        seen.calls.append((policy, data, start, end))
        seen.ranges.append(price_range)
        if seen.fault is not None:
            raise seen.fault
        for done in range(201):
            progress(done, 200)
        return FakeOutput()

    fake.run_backtest = run_backtest
    monkeypatch.setitem(sys.modules, "alvh.app.wiring", fake)
    monkeypatch.delenv("ALVH_DATA", raising=False)
    return seen


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in ("demo", "backtest", "policy", "data", "calendar", "doctor", "exit codes", "5 data failed"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bactest"], "did you mean 'backtest'?"),
        (["policy", "explian"], "did you mean 'explain'?"),
        (["backtest", "--jsn"], "did you mean '--json'?"),
        (["backtest", "--from", "2020-02-30"], "'2020-02-30' is not a date. Allowed: YYYY-MM-DD"),
        (["backtest", "--from", "20200203"], "is not a date"),
        (["calendar", "--from"], "expected one argument"),
        (["backtest", "--fro", "2020-01-02"], "did you mean '--from'?"),
    ],
)
def test_usage_errors_are_one_line_with_the_nearest_match(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert says in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["policy"], ["data"]])
def test_no_command_is_a_usage_error_that_shows_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "usage: alvh" in shown.err


def test_backtest_passes_everything_on(wiring: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["backtest", "no-hedge", "--data", str(tmp_path), "--from", "2008-01-02", "--to", "2008-12-31", "--json"]
    assert main([*command, "--out", str(tmp_path / "a" / "b")]) == 0
    assert wiring.calls == [("no-hedge", str(tmp_path), date(2008, 1, 2), date(2008, 12, 31))]
    shown = capsys.readouterr()
    assert json.loads(shown.out)["schema"] == "alvh.backtest/1"
    assert "wrote" in shown.err
    assert (tmp_path / "a" / "b" / "report.html").exists()


def test_backtest_defaults(wiring: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest"]) == 0
    assert wiring.calls == [("alvh-442", "sample", None, None)]
    assert wiring.ranges == [True]
    assert "total return" in capsys.readouterr().out
    assert main(["backtest", "--no-price-range"]) == 0
    assert wiring.ranges == [True, False]


def test_data_flag_wins_over_the_environment(wiring: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALVH_DATA", str(tmp_path))
    assert main(["backtest", "--quiet"]) == 0
    assert main(["backtest", "--quiet", "--data", "sample"]) == 0
    assert [call[1] for call in wiring.calls] == [str(tmp_path), "sample"]


def test_missing_data_folder_is_exit_4(wiring: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(tmp_path / "nowhere")]) == 4
    assert "there is no such folder" in capsys.readouterr().err
    assert wiring.calls == []


def test_span_that_ends_before_it_starts_is_exit_2(wiring: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--from", "2009-01-02", "--to", "2008-01-02"]) == 2
    assert "2008-01-02 lies before 2009-01-02" in capsys.readouterr().err


def test_out_that_is_a_file_is_exit_2_before_any_work(
    wiring: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["backtest", "--out", str(tmp_path / "file")]) == 2
    assert main(["demo", "--out", str(tmp_path / "file" / "deeper")]) == 2
    assert "is a file, not a folder" in capsys.readouterr().err
    assert wiring.calls == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (errors.UsageError("odd", where="here"), 2),
        (errors.ConfigError("odd", where="here"), 3),
        (errors.DataMissing("odd", where="here"), 4),
        (errors.DataInvalid("odd", where="here"), 5),
    ],
)
def test_errors_become_exit_codes(
    wiring: SimpleNamespace, fault: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    wiring.fault = fault
    assert main(["backtest", "--json"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error: here: odd." in shown.err
    assert "bug" not in shown.err


@pytest.mark.parametrize("fault", [ValueError("boom"), errors.InternalError("cash is off", where="2008-10-10")])
def test_a_bug_is_exit_1_with_a_report_and_no_secrets(
    wiring: SimpleNamespace,
    fault: Exception,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("SOME_TOKEN", "hunter2")
    wiring.fault = fault
    assert main(["backtest", "--quiet"]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err
    (report,) = tmp_path.iterdir()
    assert str(report) in shown.err
    text = report.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "hunter2" not in text


def test_keyboard_interrupt_is_130(wiring: SimpleNamespace) -> None:
    wiring.fault = KeyboardInterrupt()
    assert main(["backtest", "--quiet"]) == 130


def test_demo_ends_with_the_path_of_its_report(
    wiring: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    assert wiring.calls == [("alvh-442", "sample", None, None)]
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {(tmp_path / 'demo' / 'report.html').resolve()}"


def test_progress_is_one_line_per_tenth_when_piped(wiring: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--json"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("backtest:")]
    assert lines == [f"backtest: {10 * tenth} % ({20 * tenth} of 200)" for tenth in range(11)]


def test_quiet_says_nothing_on_stderr(wiring: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    ticks = iter(range(100))
    report = output.progress("run", quiet=False, clock=lambda: float(next(ticks)))
    for done in (0, 50, 100):
        report(done, 100)
    text = stream.getvalue()
    assert text.count("\r") == 3
    assert " 50 %" in text
    assert text.endswith("\n")


@pytest.mark.parametrize("value", ["1", ""])
def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", value)
    output.print_table("Title", ("name", "value"), [("a [b]", "1.0")], right=[1])
    text = stream.getvalue()
    assert "a [b]" in text
    assert value == "" or re.search(r"\x1b\[(3|4|9|10)\d", text) is None  # SGR codes of colours


def test_tables_are_plain_and_aligned_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("T", ("name", "usd"), [("a", "1.00"), ("long", "-20.00")], right=[1])
    assert capsys.readouterr().out == "T\nname     usd\na       1.00\nlong  -20.00\n"


def test_json_refuses_nan_and_a_missing_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(errors.InternalError, match="cannot say"):
        output.print_json({"schema": "x/1", "value": math.nan})
    with pytest.raises(errors.InternalError, match="without a schema"):
        output.print_json({"value": 1})
    output.print_json({"schema": "x/1", "day": date(2020, 3, 16), "path": Path("a")})
    assert json.loads(capsys.readouterr().out) == {"schema": "x/1", "day": "2020-03-16", "path": "a"}


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the real program in a process of its own."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **env}
    return subprocess.run(
        [sys.executable, "-m", "alvh", *arguments], capture_output=True, text=True, check=False, env=settings, timeout=300
    )


def test_version_in_a_process() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("alvh ")


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m alvh policy explain | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        timeout=300,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_policy_list_and_explain() -> None:
    listed = run("policy", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    names = [row["name"] for row in json.loads(listed.stdout)["policies"]]
    assert {"alvh-442", "alvh-442-per-100k-index", "alvh-442-per-100k-risk", "alvh-442-per-condor", "no-hedge"} <= set(names)
    explained = run("policy", "explain", "alvh-442", "--json")
    assert explained.returncode == 0, explained.stderr
    assert json.loads(explained.stdout)["schema"].startswith("alvh.")


def test_unknown_policy_is_exit_3_with_the_nearest_match() -> None:
    done = run("policy", "explain", "alvh-443")
    assert done.returncode == 3, done.stderr
    assert "alvh-442" in done.stderr


def test_calendar_documents() -> None:
    done = run("calendar", "--from", "2026-01-01", "--to", "2026-01-31", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "alvh.calendar/1"
    assert {"root": "VIX", "expiry": "2026-01-21", "last_trade_session": "2026-01-20", "settlement": "AM"} in document["expiries"]
    assert "rolls" not in document
    assert {row["root"] for row in document["expiries"]} == {"SPX", "SPXW", "VIX", "VIXW", "VX"}


def test_calendar_ahead_shows_rolls() -> None:
    done = run("calendar", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["expiries"]
    assert {row["layer"] for row in document["rolls"]}


def test_doctor() -> None:
    done = run("doctor", "--json")
    document = json.loads(done.stdout)
    assert document["schema"] == "alvh.doctor/1"
    assert done.returncode == 0, document
    assert {row["name"] for row in document["checks"]} >= {"python", "kernels", "calendar", "policies", "sample", "data"}


def test_doctor_says_what_is_wrong_with_a_missing_folder(tmp_path: Path) -> None:
    done = run("doctor", "--data", str(tmp_path / "nowhere"), "--json")
    assert done.returncode == 4
    (row,) = [row for row in json.loads(done.stdout)["checks"] if row["name"] == "data"]
    assert row["status"] == "fail"
    assert row["todo"]
