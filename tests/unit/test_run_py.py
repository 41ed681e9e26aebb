"""run.py: what it decides before it installs anything. It is never run in full here, since it runs these tests."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_py", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bare(runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """run.py over an empty repository."""
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("a==1\n", encoding="utf-8")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(runner, "STAMP", tmp_path / ".venv" / "alvh-stamp.json")
    monkeypatch.setattr(runner, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return runner


def test_standard_library_only() -> None:
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"))
    names = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)


def test_it_parses_on_an_old_python_to_say_that_it_is_too_old(runner: ModuleType) -> None:
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    with pytest.raises(runner.Stop, match=r"Python 3\.9\.2 is too old\. Allowed: 3\.11 or newer") as caught:
        runner.check_python((3, 9, 2))
    assert caught.value.code == 3
    runner.check_python((3, 11, 0))
    runner.check_python((3, 14, 0))


def test_missing_venv_gives_the_exact_line_to_type(runner: ModuleType) -> None:
    text = runner.venv_advice((3, 11, 2), ["ensurepip"])
    assert "no ensurepip" in text
    assert "sudo apt-get install -y python3.11-venv" in text
    assert "sudo apt-get install -y python3-venv" in text


def test_without_uv_and_venv_it_stops_with_advice(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare.shutil, "which", lambda name: None)
    monkeypatch.setattr(bare, "missing_venv_parts", lambda: ["venv", "ensurepip"])
    with pytest.raises(bare.Stop, match="no venv and no ensurepip") as caught:
        bare.ensure()
    assert caught.value.code == 3


def test_stamp(bare: ModuleType, tmp_path: Path) -> None:
    wanted = bare.fingerprint(tmp_path, (3, 11, 7))
    stamp = tmp_path / "stamp.json"
    assert bare.installed_extras(stamp, wanted) is None
    stamp.write_text(json.dumps({"fingerprint": wanted, "extras": ["dev"]}), encoding="utf-8")
    assert bare.installed_extras(stamp, wanted) == {"dev"}
    stamp.write_text("{half a li", encoding="utf-8")
    assert bare.installed_extras(stamp, wanted) is None
    assert bare.fingerprint(tmp_path, (3, 11, 9)) == wanted
    assert bare.fingerprint(tmp_path, (3, 12, 0)) != wanted
    (tmp_path / "constraints.txt").write_text("a==2\n", encoding="utf-8")
    assert bare.fingerprint(tmp_path, (3, 11, 7)) != wanted


def install_recorder(
    bare: ModuleType, monkeypatch: pytest.MonkeyPatch, *, uv: str | None, fail: tuple[str, ...] = ()
) -> list[str]:
    """Record commands instead of running them; a command that starts with one of ``fail`` ends with 1."""
    seen: list[str] = []

    def call(*command: object, quiet: bool = False) -> int:
        line = " ".join(str(part) for part in command).replace(str(bare.ROOT), "R").replace(sys.executable, "PY")
        seen.append(line)
        if any(line.startswith(start) for start in fail):
            return 1
        if " venv " in line:
            bare.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            bare.PYTHON.write_text("", encoding="utf-8")
        return 0

    monkeypatch.setattr(bare, "call", call)
    monkeypatch.setattr(bare.shutil, "which", lambda name: uv)
    return seen


def test_installs_once_with_pip(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = install_recorder(bare, monkeypatch, uv=None)
    bare.ensure()
    assert seen == [
        "PY -m venv R/.venv",
        "R/.venv/bin/python -m pip install --quiet -c R/constraints.txt -e .",
        "R/.venv/bin/python -m alvh doctor --warm --quiet",
    ]
    seen.clear()
    bare.ensure()
    assert seen == ["R/.venv/bin/python -c import alvh"]
    seen.clear()
    bare.ensure("dev")
    assert "R/.venv/bin/python -m pip install --quiet -c R/constraints.txt -e .[dev]" in seen
    assert not any("-m venv" in line for line in seen)
    seen.clear()
    bare.ensure()  # what tests need holds what the demo needs
    assert seen == ["R/.venv/bin/python -c import alvh"]


def test_uv_where_found(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = install_recorder(bare, monkeypatch, uv="uv")
    bare.ensure("dev")
    assert seen[:2] == [
        "uv venv --quiet --python PY R/.venv",
        "uv pip install --quiet --python R/.venv/bin/python -c R/constraints.txt -e .[dev]",
    ]


def test_pip_where_uv_fails(bare: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen = install_recorder(bare, monkeypatch, uv="uv", fail=("uv pip", "R/.venv/bin/python -m pip --version"))
    bare.ensure()
    assert "uv failed" in capsys.readouterr().err
    assert "PY -m venv R/.venv" in seen
    assert "R/.venv/bin/python -m pip install --quiet -c R/constraints.txt -e ." in seen


def test_a_failed_install_leaves_no_stamp(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    install_recorder(bare, monkeypatch, uv=None, fail=("R/.venv/bin/python -m pip install",))
    with pytest.raises(bare.Stop, match="pip install failed"):
        bare.ensure()
    assert not bare.STAMP.exists()


def test_environment_inherits_installers_settings(runner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_SOMETHING", "kept")
    monkeypatch.setenv("UV_SOMETHING", "kept")
    monkeypatch.setenv("PYTHONPATH", "astray")
    env = runner.environment()
    assert env["PIP_SOMETHING"] == env["UV_SOMETHING"] == "kept"
    assert "PYTHONPATH" not in env
    assert env["PATH"].startswith(str(runner.PYTHON.parent))


def test_demo_leaves_its_report_under_build(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = install_recorder(bare, monkeypatch, uv="uv")
    monkeypatch.setattr(bare, "ensure", lambda *extras: None)
    assert bare.main(["demo"]) == 0
    assert bare.main(["demo", "--out", "elsewhere", "--quiet"]) == 0
    assert seen == [
        "R/.venv/bin/python -m alvh demo --out R/build/demo",
        "R/.venv/bin/python -m alvh demo --out elsewhere --quiet",
    ]


def test_test_passes_arguments_on(bare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = install_recorder(bare, monkeypatch, uv="uv")
    monkeypatch.setattr(bare, "ensure", lambda *extras: None)
    monkeypatch.setattr(bare.os, "cpu_count", lambda: 2)
    assert bare.main(["test", "-k", "cli", "-x"]) == 0
    assert bare.main(["test", "--pdb"]) == 0
    assert seen == [
        "R/.venv/bin/python -m pytest -m not slow -n 2 --dist worksteal -k cli -x",
        "R/.venv/bin/python -m pytest -m not slow --pdb",
    ]


def test_check_runs_every_step_and_names_the_failed(
    bare: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = install_recorder(bare, monkeypatch, uv="uv", fail=("R/.venv/bin/python -m mypy",))
    monkeypatch.setattr(bare, "ensure", lambda *extras: None)
    assert bare.main(["check"]) == 1
    assert len(seen) == 5
    assert "check failed: types" in capsys.readouterr().err


def test_unknown_benchmark_is_refused(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "ensure", lambda *extras: None)
    assert runner.main(["bench", "nothing"]) == 2
    assert "Allowed: " in capsys.readouterr().err


def test_clean_removes_links_without_following_them(bare: ModuleType, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("", encoding="utf-8")
    (tmp_path / "build").symlink_to(outside)
    (tmp_path / ".venv").mkdir()
    assert bare.main(["clean"]) == 0
    assert not (tmp_path / "build").exists()
    assert not (tmp_path / ".venv").exists()
    assert (outside / "kept").exists()


@pytest.mark.parametrize("command", ["demo", "test", "check", "bench", "docs", "clean"])
def test_commands_parse(runner: ModuleType, command: str) -> None:
    assert runner.parse([command, "--flag", "x"]) == (command, ["--flag", "x"])
