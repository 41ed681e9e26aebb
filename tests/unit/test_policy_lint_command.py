"""``alvh policy lint`` and ``alvh policy list`` from the command line, and the checks that read data, on the embedded sample."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alvh.app.cli import main
from alvh.app.lint import LISTING_SPAN, lint_document
from alvh.data.load import load_history
from alvh.market.signal_inputs import lacking
from alvh.market.signals import EXAMPLES, find_signal
from alvh.models.stand_ins import fill_missing
from alvh.strategy.policy_file import list_policies, load_policy
from alvh.strategy.policy_groups import GROUPS, IN_SAMPLE, listed_policies, needs_of

SPAN = ["--from", "2016-01-04", "--to", "2017-12-29"]


def write(folder: Path, body: str) -> str:
    file = folder / "mine.toml"
    file.write_text(f'schema = 1\nextends = "alvh-442"\n{body}', encoding="utf-8")
    return str(file)


def rule(name: str, when: str, more: str = "") -> str:
    return f'[[rule]]\nname = "{name}"\nrule_id = "R20"\nwhen = {when}\nthen = {{kind = "rebalance"}}\n{more}\n'


def linted(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    assert main(["policy", "lint", *words, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def found(document: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [finding for finding in document["findings"] if finding["code"] == code]


def test_without_data_nothing_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALVH_DATA", "/no/such/folder")
    document = linted(capsys, "alvh-442")
    assert document["schema"] == "alvh.policy-lint/1" and document["source"] is None
    assert (document["from"], document["to"]) == (LISTING_SPAN[0].isoformat(), LISTING_SPAN[1].isoformat())
    assert document["counts"]["error"] == document["counts"]["warning"] == 0
    (size,) = found(document, "infeasible-size")
    assert [row["vix"] for row in size["numbers"]["states"]] == [15.0, 20.0, 30.0]
    for finding in document["findings"]:
        assert set(finding) == {"code", "severity", "key", "text", "numbers", "todo"}
        assert finding["todo"]


def test_text_says_what_was_found_and_what_was_not_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", "no-hedge"]) == 0
    shown = capsys.readouterr()
    assert shown.out == (
        "no-hedge: 0 errors, 0 warnings, 0 notes. Sessions counted: 2026-01-02 to 2026-12-31.\n"
        "Nothing was held against data: add --data DIR, or --data sample.\n"
    )
    assert "stated levels of VIX" in shown.err


@pytest.mark.parametrize("name", ["cboe-put", "cboe-vxth"])
def test_an_overlay_has_neither_windows_nor_sizes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert {finding["code"] for finding in linted(capsys, name)["findings"]} <= {"unused-key"}


def test_strict_ends_with_three_on_an_error_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dead = write(tmp_path, rule("dead", '{signal = "vix_rsi_14", above = 100}'))
    assert linted(capsys, dead)["counts"]["error"] == 1
    assert linted(capsys, dead, "--strict", code=3)["counts"]["error"] == 1
    assert main(["policy", "lint", dead, "--strict", "-q"]) == 3
    assert "never-fires" in capsys.readouterr().out
    assert main(["policy", "lint", "stress-target", "--strict", "-q"]) == 0  # warnings are no errors
    assert "target-unreached" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["vga-50"], 3, "did you mean 'vega-50'?"),
        (["alvh-442", "--data", "no-such-folder"], 4, "there is no such folder"),
        (["alvh-442", "--from", "2018-01-02", "--to", "2017-01-03"], 2, "lies before"),
        (["alvh-442", "--data", "sample", "--from", "2030-01-02"], 4, "sample"),
        (["alvh-442", "--strikt"], 2, "did you mean '--strict'?"),
    ],
)
def test_what_the_command_refuses(words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", *words]) == code
    assert says in capsys.readouterr().err


# --------------------------------------------------------------------------------------------------------- against data


def test_a_condition_that_never_held_says_what_was_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = '{all = [{signal = "vix", above = 90}, {signal = "vix_rsi_14", above = 70}]}'
    document = linted(capsys, write(tmp_path, rule("never", both)), "--data", "sample", *SPAN)
    (never,) = found(document, "never-fires")
    history = load_history("sample").history
    inside = (history.sessions >= _day("2016-01-04")) & (history.sessions <= _day("2017-12-29"))
    vix = history.vix_close[inside]
    assert (never["severity"], never["key"]) == ("warning", "rule.never.when")
    assert never["numbers"]["sessions"] == len(vix) == 503
    parts = {row["signal"]: row for row in never["numbers"]["parts"]}
    assert (parts["vix"]["least"], parts["vix"]["most"], parts["vix"]["sessions_held"]) == (vix.min(), vix.max(), 0)
    assert parts["vix_rsi_14"]["sessions_held"] > 0
    assert document["from"] == "2016-01-04" and document["to"] == "2017-12-29"


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def test_a_condition_that_always_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = linted(capsys, write(tmp_path, rule("always", '{signal = "vix", above = 5}')), "--data", "sample", *SPAN)
    (always,) = found(document, "always-fires")
    assert (always["severity"], always["numbers"]["sessions"]) == ("info", 503)


def test_a_signal_without_its_file_is_named_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, rule("curve", '{signal = "vix9d_to_vix", above = 1}'))
    (gone,) = found(linted(capsys, file, "--data", "sample", *SPAN), "no-input")
    assert gone["severity"] == "error" and "a run stops at 2016-01-04" in gone["text"]
    assert gone["numbers"]["sessions_without_value"] == gone["numbers"]["sessions"] == 503
    assert "VIX9D_History.csv" in gone["todo"] and 'when_missing = "off"' in gone["todo"]
    off = write(tmp_path, rule("curve", '{signal = "vix9d_to_vix", above = 1}', 'when_missing = "off"'))
    (gone,) = found(linted(capsys, off, "--data", "sample", *SPAN), "no-input")
    assert gone["severity"] == "warning" and "the rule is off there" in gone["text"]


def test_a_warm_up_inside_the_span_says_where_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sample's VIX begins on 3 January 2014: an RSI over 14 sessions is known from the fifteenth on."""
    file = write(tmp_path, rule("rsi", '{signal = "vix_rsi_14", above = 60}'))
    (gone,) = found(linted(capsys, file, "--data", "sample"), "no-input")
    sessions = load_history("sample").history.sessions
    assert gone["numbers"]["sessions_without_value"] == 14
    assert (gone["numbers"]["from"], gone["numbers"]["to"]) == (_iso(sessions[0]), _iso(sessions[13]))
    assert f"begin at {_iso(sessions[14])}" in gone["todo"]
    assert found(linted(capsys, file, "--data", "sample", *SPAN), "no-input") == []


def _iso(day: np.int64) -> str:
    return np.datetime64(int(day), "D").astype(str)


def test_sizes_are_those_of_the_last_session(capsys: pytest.CaptureFixture[str]) -> None:
    (size,) = found(linted(capsys, "alvh-442", "--data", "sample", *SPAN), "infeasible-size")
    (row,) = size["numbers"]["states"]
    history = load_history("sample").history
    last = int(np.flatnonzero(history.sessions == _day("2017-12-29"))[0])
    assert row["state"].startswith("2017-12-29")
    assert (row["spx"], row["vix"]) == (history.spx_close[last], history.vix_close[last])


def test_the_spread_limit_is_counted_over_the_weeks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "[limits.spread]\nmax_pct = 8\n")
    rows = found(linted(capsys, file, "--data", "sample", *SPAN), "spread-filter")
    assert {row["numbers"]["what"] for row in rows} == {"front", "mid", "back"}
    for row in rows:
        (state,) = row["numbers"]["states"]
        assert state["closes"] == 104  # Wednesdays of two years, and no holiday among them that has no session after it
        assert 0 < state["refused"] <= state["closes"]
    wide = write(tmp_path, "[limits.spread]\nmax_pct = 200\n")
    assert found(linted(capsys, wide, "--data", "sample", *SPAN), "spread-filter") == []


@pytest.mark.parametrize(("target", "out_of_reach"), [("90", True), ("0.01", False), ('"off"', False)])
def test_a_target_return_is_held_against_a_run(
    target: str, out_of_reach: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, f"[account]\ntarget_return_pct = {target}\n")
    rows = found(linted(capsys, file, "--data", "sample", *SPAN), "irr-target")
    assert len(rows) == int(out_of_reach)
    if out_of_reach:
        assert rows[0]["numbers"]["target_pct_a_year"] == 90.0
        assert "never a reason to enlarge" in rows[0]["todo"]
        assert rows[0]["numbers"]["regimes"][0]["regime"] == "all months"
        assert max(row["high_pct_a_year"] or 0.0 for row in rows[0]["numbers"]["regimes"]) < 90.0
    assert found(lint_document(load_policy(file)), "irr-target") == []


# ------------------------------------------------------------------------------------------------------------------ list


def test_every_shipped_policy_is_listed_once_under_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed_policies()
    assert sorted(row.name for row in rows) == sorted(name for name, _ in list_policies())
    assert rows[0].name == "alvh-442"
    assert [row.group for row in rows] == sorted((row.group for row in rows), key=GROUPS.index)
    by_name = {row.name: row.group for row in rows}
    assert {by_name[name] for name in by_name if name.startswith("cboe-")} == {"index benchmarks"}
    for name in ("vega-50", "stress-target", "alvh-442-per-condor", "alvh-442-per-100k-index"):
        assert by_name[name] == "default and sizes"
    assert by_name["no-hedge"] == "comparators"
    assert main(["policy", "list"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Default and sizes\n") and "Index benchmarks" in text
    assert main(["policy", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "alvh.policies/1"
    assert {"name", "description", "group", "needs", "inputs", "sha256"} == set(document["policies"][0])


def test_what_the_sample_has_is_what_the_sample_has() -> None:
    """Every input of every signal family, looked for in the sample itself."""
    history, _ = fill_missing(load_history("sample").history)
    keys = {key for name in EXAMPLES for key in find_signal(name).source_inputs}
    assert {key for key in keys if lacking(history, key) is None} == keys & IN_SAMPLE
    assert keys - IN_SAMPLE


def test_needs_are_said_in_words() -> None:
    assert needs_of(("events.cpi", "vx", "events.fomc", "breadth.nyse")) == (
        "event dates (cpi, fomc)",
        "VX settlements",
        "breadth (nyse)",
    )


@pytest.mark.parametrize("name", [name for name, _ in list_policies()])
def test_every_shipped_policy_is_linted_without_an_error(name: str) -> None:
    """On the file, the calendar and stated prices; each finding is of a listed code, with a key that the policy has."""
    loaded = load_policy(name)
    document = lint_document(loaded)
    assert document["counts"]["error"] == 0
    for finding in document["findings"]:
        assert finding["key"] in loaded.origin or any(path.startswith(f"{finding['key']}.") for path in loaded.origin)
