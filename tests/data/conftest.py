"""The synthetic market folder, whole or as a copy that a test may damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

MARKET = Path(__file__).resolve().parents[1] / "fixtures" / "market"


@pytest.fixture
def market() -> Path:
    """The committed synthetic folder; tests do not write to it."""
    return MARKET


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the synthetic folder."""
    return Path(shutil.copytree(MARKET, tmp_path / "market"))


@pytest.fixture
def shared() -> Path:
    """The real market folder beside the repository; the test skips where there is none."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "market"
    if not (folder / "cboe" / "VIX_History.csv").is_file():
        pytest.skip("no ../shared/market beside the repository")
    return folder
