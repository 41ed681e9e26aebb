"""``alvh --help`` loads nothing heavy. How long it takes is measured in benchmarks/bench_cold_start.py, never here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = [
    "numpy",
    "pandas",
    "numba",
    "scipy",
    "plotly",
    "pydantic",
    "rich",
    "exchange_calendars",
    "arch",
    "jinja2",
    "statsmodels",
    "importlib.metadata",
]


def loaded_after(statement: str) -> set[str]:
    """Names in ``sys.modules`` after a statement in a fresh interpreter."""
    code = f"import sys, io\nout, sys.stdout = sys.stdout, io.StringIO()\n{statement}\nsys.stdout = out\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", _PATH + code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


# -S keeps the environment's own start-up hooks (.pth files) from loading things that are not ours.
_PATH = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n"


@pytest.mark.parametrize(
    "statement",
    [
        "import alvh",
        "from alvh.app.cli import main\nassert main(['--help']) == 0",
        "from alvh.app.cli import main\nassert main(['--version']) == 0",
        "from alvh.app.cli import main\nassert main(['backtest', '--help']) == 0",
        "from alvh.app.cli import main\nsys.stderr = io.StringIO()\nassert main(['bactest']) == 2",
    ],
    ids=["import", "help", "version", "command-help", "usage-error"],
)
def test_heavy_packages_stay_unloaded(statement: str) -> None:
    assert not loaded_after(statement) & set(HEAVY)


def test_the_probe_sees_what_is_loaded() -> None:
    assert "argparse" in loaded_after("import argparse")
