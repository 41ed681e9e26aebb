"""Cboe's formulas on the real chains beside the repository: median errors, quotes not of the close, the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.index_formulas import BEGIN, END, MUST, NOT_OF_THE_CLOSE, PAGE, Scored, closing_errors, measured, tables

SHARED = Path(__file__).resolve().parents[2] / "../shared"

pytestmark = pytest.mark.skipif(not (SHARED / "chains").is_dir(), reason=f"no real chains at {SHARED / 'chains'}")


@pytest.fixture(scope="module")
def scored() -> tuple[list[Scored], list[str]]:
    return measured(SHARED / "chains", SHARED / "market")


@pytest.mark.parametrize("index", list(MUST))
def test_median_error_of_closing_chains(scored: tuple[list[Scored], list[str]], index: str) -> None:
    errors = closing_errors(scored[0], index)
    assert errors.size >= 10
    assert np.median(np.abs(errors)) <= MUST[index]


def test_every_full_chain_gives_every_index(scored: tuple[list[Scored], list[str]]) -> None:
    assert scored[1] == []


def test_which_quotes_are_not_of_the_close(scored: tuple[list[Scored], list[str]]) -> None:
    """The chains' README names three, with their times; the readers read the same from the files."""
    found = {
        (one.underlying, one.session): f"{one.level.minute // 60:02d}:{one.level.minute % 60:02d}"
        for one in scored[0]
        if not one.level.at_close
    }
    assert found == NOT_OF_THE_CLOSE


def test_page_holds_these_figures(scored: tuple[list[Scored], list[str]]) -> None:
    """To write it anew: ``python -m benchmarks.index_formulas --write``."""
    page = PAGE.read_text(encoding="utf-8")
    inside = page.partition(BEGIN)[2].partition(END)[0]
    assert inside.strip() == tables(*scored).strip()
