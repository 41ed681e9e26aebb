"""Every command that the documentation shows is run, and every link between its pages leads somewhere.

`alvh` lines run in one folder a page, in order, so that a page may build on what it made. A ``toml`` or ``csv`` block is written
under the name that the next command gives it. Lines that name ``../shared`` skip where that folder is absent; ``run.py`` lines
are parsed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from alvh.app.cli import main

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
FILES = ("toml", "csv")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A command on a page, and by language the file blocks (toml, csv) that stand nearest before it."""

    words: tuple[str, ...]
    files: dict[str, str]


def commands(page: Path) -> list[Shown]:
    """Commands of a page, in order: lines of console blocks (after ``$``), shell blocks and blocks without a language."""
    found: list[Shown] = []
    files: dict[str, str] = {}
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language in FILES:
            files = files | {language: body}
        if language not in ("", "console", "bash", "sh"):
            continue
        for line in body.splitlines():
            text = line.removeprefix("$ ").strip()
            if text.startswith(("alvh ", "python3 run.py")):
                found.append(Shown(words=tuple(shlex.split(text, comments=True)), files=files))
    return found


WITH_ALVH = [page for page in PAGES if any(shown.words[0] == "alvh" for shown in commands(page))]


@pytest.mark.parametrize("page", WITH_ALVH, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALVH_DATA", raising=False)
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))  # no page writes into the user's records
    skipped = []
    for shown in commands(page):
        if shown.words[0] != "alvh":
            continue
        if any("../shared" in word for word in shown.words) and not SHARED.is_dir():
            skipped.append(shlex.join(shown.words))
            continue
        for word in shown.words:
            name = tmp_path / word
            language = name.suffix.removeprefix(".")
            if language in FILES and "/" not in word and not name.exists():
                assert language in shown.files, f"{page.name} names {word} and shows no {language} block before it"
                name.write_text(shown.files[language], encoding="utf-8")
        words = [word.replace("../shared", str(SHARED)) for word in shown.words[1:]]
        if "ablate" in words:  # its own processes are not forked out of the tests'
            code, out, err = _apart(words, tmp_path)
        else:
            code = main(words)
            out, err = capfd.readouterr()
        assert code == 0, f"{shlex.join(shown.words)}\n{out[-2000:]}\n{err[-2000:]}"
        assert out.strip()
    if skipped:
        pytest.skip(f"no folder ../shared beside the repository; the page's other commands ran. Not run: {'; '.join(skipped)}")


def _apart(words: list[str], folder: Path) -> tuple[int, str, str]:
    """Exit code and output of a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "alvh", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_run_py_lines_are_known(page: Path) -> None:
    spec = importlib.util.spec_from_file_location("run_py", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    for shown in commands(page):
        if shown.words[0] == "python3":
            assert runner.parse(list(shown.words[2:]))[0] in runner.COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = [
        target
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        if not target.startswith(("http://", "https://", "mailto:")) and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    for command in (
        "demo",
        "backtest",
        "policy list",
        "policy explain",
        "policy diff",
        "policy lint",
        "policy adopt",
        "data check",
        "calendar",
        "doctor",
        "surface",
        "risk",
        "stress",
        "margin",
        "payoff",
        "study model-error",
        "study replicate",
    ):
        assert f"## `alvh {command}" in reference
