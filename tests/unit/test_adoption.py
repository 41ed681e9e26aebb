"""Adopted policies: what is recorded, what counts as changed, and which record files are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from alvh.app.cli import main
from alvh.core.errors import ConfigError, UsageError
from alvh.desk import record_file
from alvh.desk.adoption import FILE, RECORD_SCHEMA, adopt, adoption_file, adoption_of, adoptions, require_adopted
from alvh.desk.home import state_home
from alvh.strategy.policy_file import POLICIES, LoadedPolicy, load_policy, policy_to_toml

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 1, 5)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a state folder of its own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ALVH_HOME", str(folder))
    return folder


def write(folder: Path, body: str, name: str = "mine") -> LoadedPolicy:
    file = folder / f"{name}.toml"
    file.write_text(f'schema = 1\nextends = "alvh-442"\n{body}', encoding="utf-8")
    return load_policy(file)


def test_a_shipped_policy_needs_no_adoption() -> None:
    for file in sorted(POLICIES.glob("*.toml")):
        assert require_adopted(load_policy(file.stem)).status == "preset"


def test_a_copy_of_a_shipped_policy_is_that_policy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_text(policy_to_toml(load_policy("vega-50").policy), encoding="utf-8")
    assert adoption_of(load_policy(copy)).status == "preset"


def test_a_file_of_ones_own_is_refused_until_it_is_adopted(tmp_path: Path) -> None:
    mine = write(tmp_path, "[condor]\ngate_max_vix = 35\n")
    assert adoption_of(mine).status == "unadopted"
    with pytest.raises(ConfigError, match=r"never adopted.*alvh policy adopt mine\.toml") as refused:
        require_adopted(mine)
    assert refused.value.exit_code == 3
    record = adopt(mine, reason="  try \n it ", on=DAY)
    assert (record.name, record.sha256, record.reason, record.adopted_on) == ("mine", mine.sha256, "try it", DAY)
    found = require_adopted(mine)
    assert found.status == "adopted" and found.record == record and found.changes == ()


def test_a_changed_policy_is_refused_with_every_change(tmp_path: Path) -> None:
    adopt(write(tmp_path, "[condor]\ngate_max_vix = 35\n"), reason="first", on=DAY)
    changed = write(
        tmp_path,
        '[condor]\ngate_max_vix = 30\n[hedge.size]\nper_usd = 100_000\n[[hedge.layer]]\nname = "back"\nremove = true\n',
    )
    found = adoption_of(changed)
    assert found.status == "changed"
    assert found.changes == (
        "condor.gate_max_vix: 35 -> 30 VIX points",
        "hedge.size.per_usd: 600000 -> 100000 US dollars",
        "hedge.layer back: removed",
    )
    with pytest.raises(ConfigError, match=r"not what was adopted on 2026-01-05.*gate_max_vix: 35 -> 30") as refused:
        require_adopted(changed)
    assert "hedge.layer back: removed" in str(refused.value)
    adopt(changed, reason="second", on=date(2026, 2, 2))
    assert require_adopted(changed).status == "adopted"


def test_comments_and_order_are_no_change(tmp_path: Path) -> None:
    adopt(write(tmp_path, "[condor]\ngate_max_vix = 35\nshort_delta = 0.2\n"), reason="first", on=DAY)
    again = write(tmp_path, "# a comment\n[condor]\nshort_delta = 0.20  # said otherwise\ngate_max_vix = 35.0\n")
    assert adoption_of(again).status == "adopted"


def test_history_only_grows_and_the_latest_holds(tmp_path: Path) -> None:
    first, second = write(tmp_path, "[condor]\ngate_max_vix = 35\n"), write(tmp_path, "[condor]\ngate_max_vix = 30\n")
    for number, policy in enumerate((first, second, first, second)):
        adopt(policy, reason=f"time {number}", on=DAY)
    assert [record.reason for record in adoptions()] == ["time 0", "time 1", "time 2", "time 3"]
    assert adoption_of(first).status == "changed"  # adopted once, and replaced since
    assert adoption_of(second).status == "adopted"


def test_one_name_does_not_speak_for_another(tmp_path: Path) -> None:
    adopt(write(tmp_path, "[condor]\ngate_max_vix = 35\n", name="other"), reason="first", on=DAY)
    assert adoption_of(write(tmp_path, "[condor]\ngate_max_vix = 35\n")).status == "unadopted"


def test_the_name_of_a_shipped_policy_hides_no_change(tmp_path: Path) -> None:
    mine = write(tmp_path, 'name = "alvh-442"\n[condor]\ngate_max_vix = 35\n')
    found = adoption_of(mine)
    assert found.status == "unadopted" and found.changes == ("condor.gate_max_vix: off -> 35 VIX points",)
    with pytest.raises(ConfigError, match="name of a policy that ships and differs from it"):
        require_adopted(mine)
    adopt(mine, reason="under its name", on=DAY)
    shipped = require_adopted(load_policy("alvh-442"))
    assert (shipped.status, shipped.record) == ("preset", None)


def test_a_key_that_a_newer_version_added_is_no_change(tmp_path: Path, home: Path) -> None:
    """The record of an older version lacks a key; read today it has the default, as the file in hand has."""
    mine = write(tmp_path, "[condor]\ngate_max_vix = 35\n")
    text = policy_to_toml(mine.policy)
    older = text.replace("compound = false\n", "")
    assert older != text
    _store(home, older, "mine")
    found = adoption_of(mine)
    assert found.record is not None and found.record.sha256 != mine.sha256
    assert found.status == "adopted"
    assert adoption_of(write(tmp_path, "[condor]\ngate_max_vix = 35\n[account]\ncompound = true\n")).changes == (
        "account.compound: false -> true",
    )


def test_a_key_that_a_newer_version_dropped_is_a_change(tmp_path: Path, home: Path) -> None:
    mine = write(tmp_path, "[condor]\ngate_max_vix = 35\n")
    _store(home, policy_to_toml(mine.policy).replace("[costs]\n", "[costs]\nbrokers_fee = 3\n"), "mine")
    with pytest.raises(ConfigError, match="can't be read by this version"):
        require_adopted(mine)


def _store(home: Path, text: str, name: str) -> None:
    import hashlib

    home.mkdir(parents=True, exist_ok=True)
    record = {
        "name": name,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "adopted_on": "2025-06-02",
        "reason": "then",
        "policy": text,
    }
    (home / FILE).write_text(json.dumps({"schema": RECORD_SCHEMA, "records": [record]}), encoding="utf-8")


# ------------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("reason", ["", "   ", "\n", "half \ud800"])
def test_a_reason_must_be_given(tmp_path: Path, reason: str) -> None:
    with pytest.raises(UsageError, match="reason"):
        adopt(write(tmp_path, ""), reason=reason, on=DAY)
    assert not adoption_file().exists()


def damaged(text: str) -> dict[str, str]:
    """Contents of a record file that is not as it was written, by name."""
    document = json.loads(text)
    record = document["records"][0]

    def having(**changes: object) -> str:
        return json.dumps({**document, "records": [{**record, **changes}]})

    return {
        "half of it": text[: len(text) // 2],
        "empty": "",
        "no JSON": "adopted: mine",
        "another schema": text.replace(RECORD_SCHEMA, "alvh.adoptions/99"),
        "no schema": json.dumps({"records": document["records"]}),
        "a list": json.dumps(document["records"]),
        "records are no list": json.dumps({**document, "records": {}}),
        "a key more": json.dumps({**document, "note": "mine"}),
        "a record is no table": json.dumps({**document, "records": ["mine"]}),
        "a record's key is missing": json.dumps(
            {**document, "records": [{key: value for key, value in record.items() if key != "reason"}]}
        ),
        "the text was edited": having(policy=record["policy"].replace("35.0", "45.0")),
        "the hash was edited": having(sha256="0" * 64),
        "the date is none": having(adopted_on="2026-02-30"),
        "the date is a number": having(adopted_on=20260105),
        "the date is written otherwise": having(adopted_on="20260105"),
        "not a number": '{"schema": "alvh.adoptions/1", "records": [NaN]}',
        "half a character": having(reason="\ud800"),
        "nested without end": "[" * 100_000,
    }


CASES = (
    "half of it", "empty", "no JSON", "another schema", "no schema", "a list", "records are no list", "a key more",
    "a record is no table", "a record's key is missing", "the text was edited", "the hash was edited", "the date is none",
    "the date is a number", "the date is written otherwise", "not a number", "half a character", "nested without end",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_not_as_it_was_written_is_refused_and_left_alone(tmp_path: Path, case: str) -> None:
    mine = write(tmp_path, "[condor]\ngate_max_vix = 35\n")
    adopt(mine, reason="first", on=DAY)
    cases = damaged(adoption_file().read_text(encoding="utf-8"))
    assert set(cases) == set(CASES)
    adoption_file().write_text(cases[case], encoding="utf-8")
    before = adoption_file().read_bytes()
    for attempt in (lambda: adoption_of(mine), lambda: adopt(mine, reason="again", on=DAY), adoptions):
        with pytest.raises(ConfigError, match=r"adoptions\.json") as refused:
            attempt()
        assert refused.value.exit_code == 3
    assert adoption_file().read_bytes() == before
    assert [path.name for path in adoption_file().parent.iterdir() if path.name.endswith(".tmp")] == []


def test_bytes_that_are_no_text_are_refused(tmp_path: Path, home: Path) -> None:
    home.mkdir()
    (home / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        adoptions()


def test_a_home_that_is_a_file_is_refused(tmp_path: Path, home: Path) -> None:
    home.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be"):
        adopt(write(tmp_path, ""), reason="first", on=DAY)


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = write(tmp_path, "")
    adopt(mine, reason="first", on=DAY)
    before = adoption_file().read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record_file.os, "replace", full)
    with pytest.raises(ConfigError, match="No space left"):
        adopt(mine, reason="second", on=DAY)
    assert adoption_file().read_bytes() == before
    assert not [path for path in adoption_file().parent.iterdir() if path.name.endswith(".tmp")]


def test_a_lock_that_is_held_too_long_is_said(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_file, "LOCK_SECONDS", 0.05)
    home.mkdir()
    with record_file._locked(home / f"{FILE}.lock"), pytest.raises(ConfigError, match="another process"):
        adopt(write(tmp_path, ""), reason="first", on=DAY)


WRITER = """
import sys
from datetime import date
from pathlib import Path
from alvh.desk.adoption import adopt
from alvh.strategy.policy_file import load_policy
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    adopt(load_policy(sys.argv[1]), reason=f"{sys.argv[1]} {number}", on=date(2026, 1, 5))
"""


def test_adoptions_of_several_processes_at_once_are_all_kept(home: Path) -> None:
    names, each = ("alvh-442", "vega-50", "no-hedge"), 8
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ALVH_HOME": str(home)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, str(each)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:  # all are loaded: let them go together
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, fault = writer.communicate(timeout=120)
        assert writer.returncode == 0, fault
    found = [record.reason for record in adoptions(home)]
    assert len(found) == len(names) * each
    for name in names:
        assert [reason for reason in found if reason.startswith(name)] == [f"{name} {number}" for number in range(each)]


# ------------------------------------------------------------------------------------------------------- folder, command


def test_where_the_records_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert state_home(tmp_path / "given") == tmp_path / "given"
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "named"))
    assert state_home() == tmp_path / "named"
    monkeypatch.delenv("ALVH_HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert state_home() == tmp_path / "state" / "alvh"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    assert state_home() == tmp_path / "user" / ".local" / "state" / "alvh"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert state_home() == tmp_path / "local" / "alvh"


def test_the_command_adopts_and_lists(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "[condor]\ngate_max_vix = 35\n")
    file = str(tmp_path / "mine.toml")
    assert main(["policy", "adopt", "--list"]) == 0
    assert "No policy was adopted yet" in capsys.readouterr().out
    assert main(["policy", "adopt", file, "--reason", "first year"]) == 0
    shown = capsys.readouterr()
    assert "Adopted mine" in shown.out and str(home) in shown.err
    write(tmp_path, "[condor]\ngate_max_vix = 30\n")
    assert main(["policy", "adopt", file, "--reason", "second year", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "alvh.adoption/1" and document["status_before"] == "changed"
    assert document["changes"] == ["condor.gate_max_vix: 35 -> 30 VIX points"]
    assert document["adopted_on"] == date.today().isoformat()
    assert main(["policy", "adopt", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["adoptions"]
    assert [(row["reason"], row["holds"]) for row in rows] == [("first year", False), ("second year", True)]
    assert main(["policy", "adopt", "--list"]) == 0
    text = capsys.readouterr().out
    assert "replaced" in text and "second year" in text


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["mine.toml"], 2, "no reason is given"),
        (["mine.toml", "--reason", " "], 2, "no reason is given"),
        ([], 2, "no policy is named"),
        (["vga-50", "--reason", "x"], 3, "did you mean 'vega-50'?"),
        (["--list", "mine.toml"], 2, "beside --list"),
        (["--list", "--reason", "x"], 2, "beside --list"),
    ],
)
def test_what_the_command_refuses(
    words: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    assert main(["policy", "adopt", *words]) == code
    shown = capsys.readouterr()
    assert says in shown.err and shown.out == ""
    assert not adoption_file().exists()
