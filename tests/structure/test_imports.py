"""The import contracts of pyproject.toml hold, and only kernels name their compiler."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "alvh"
COMPILERS = {"numba", "llvmlite"}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imported(tree: ast.AST) -> set[str]:
    """Top-level names of every import in a module, also those inside functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_import_contracts() -> None:
    pytest.importorskip("importlinter")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_kernels_import_the_compiler(path: Path) -> None:
    if path.relative_to(SOURCE).parts[0] == "kernels":
        return
    assert not imported(ast.parse(path.read_text(encoding="utf-8"))) & COMPILERS


def test_core_is_standard_library_and_numpy_at_import_time() -> None:
    """``exchange_calendars`` may be imported inside a function of core, nothing else beyond numpy anywhere."""
    allowed = {"numpy", "alvh"} | set(sys.stdlib_module_names)
    for path in sorted((SOURCE / "core").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert imported(tree) <= allowed | {"exchange_calendars"}, path
        top = {name for node in tree.body for name in imported(node) if isinstance(node, ast.Import | ast.ImportFrom)}
        assert top <= allowed, path


def test_no_pickle_and_no_evaluation() -> None:
    """Files that a stranger may hand over are never run: no pickle, no eval, no exec, no shelve, no marshal."""
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not imported(tree) & {"pickle", "shelve", "marshal", "dill", "joblib"}, path
        calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not calls & {"eval", "exec"}, path
