"""Public names are pinned, modules stay short, the tracked files name no machine, and dataclasses are frozen and slotted."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import alvh

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "alvh"
MOST_LINES = 400

PUBLIC = [
    "AlvhError",
    "BacktestOutput",
    "ConfigError",
    "DataInvalid",
    "DataMissing",
    "History",
    "Policy",
    "UsageError",
    "__version__",
    "backtest",
    "calendar_rows",
    "check_data",
    "explain",
    "list_policies",
    "load_policy",
]


def test_public_names_are_pinned() -> None:
    assert alvh.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_loads(name: str) -> None:
    assert getattr(alvh, name) is not None
    assert name in dir(alvh)


def test_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'backtset'"):
        _ = alvh.backtset


def _own_files() -> list[Path]:
    """Files of the repository: what git tracks or would, or, in a bare copy, every file outside ignored folders."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if listed.returncode == 0:
            return sorted(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    skipped = {".venv", "build", "dist", "site", "__pycache__", ".git", ".hypothesis"}
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part in skipped or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    )


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks"])
def test_modules_are_short(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}, f"longer than {MOST_LINES} lines: a second concept is trying to get out"


# Joined here, so that this file does not hold what it looks for.
_FORBIDDEN = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/tmp/" + "venv",
    "file:" + "///",
    "index" + "-url",
    "extra" + "-index",
    "find" + "-links",
    "/simp" + "le/",
    "py" + "pi.org",
    "pythonhosted" + ".org",
    "issues" + " show",
]


def test_files_name_no_machine_and_no_package_index() -> None:
    found = []
    for path in _own_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {word}" for word in _FORBIDDEN if word in text]
    assert found == []


def test_constraints_are_plain_exact_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[A-Za-z0-9.!+]+", line), line


def test_every_declared_package_is_constrained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    for line in declared:
        name = re.split(r"[<>=!~\[; ]", line)[0].lower().replace("_", "-")
        assert name in pinned, name


_WORKING_STATE = {
    # The books, counters and desks of a running backtest change session by session; none of them leaves the engine.
    "engine/book.py: OpenCondor",
    "engine/book.py: LayerState",
    "engine/broker.py: Counters",
    "engine/broker.py: Broker",
    "engine/session.py: Record",
    "engine/session.py: Run",
    "engine/orders.py: Desk",
    "engine/desk_log.py: DeskLog",
    "engine/condor_orders.py: CondorDesk",
    "engine/layer_orders.py: LayerDesk",
    "engine/overlay.py: OverlayDesk",
    # Tallies and drafts that grow while a file is read or a market is quoted.
    "models/model_market.py: SpreadCount",
    "data/quality.py: QualityLog",
    "data/contents.py: Contents",
    "strategy/policy_parse.py: Draft",
}
_POSITIONAL = {"core/contracts.py: Contract"}
"""Values built so often that their order is their name."""


def test_dataclasses_are_slotted_frozen_and_keyword_only() -> None:
    """House style 1; the classes that may change in place are listed above, and nothing else may."""
    loose = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            label = f"{path.relative_to(SOURCE).as_posix()}: {node.name}"
            for mark in node.decorator_list:
                name = mark.func if isinstance(mark, ast.Call) else mark
                if not (isinstance(name, ast.Name) and name.id == "dataclass"):
                    continue
                given = {word.arg for word in mark.keywords} if isinstance(mark, ast.Call) else set()
                wanted = {"slots", *(() if label in _WORKING_STATE else ("frozen",))}
                if label not in _WORKING_STATE | _POSITIONAL:
                    wanted.add("kw_only")
                if not wanted <= given:
                    loose.append(label)
    assert loose == []
