"""The coverage page lists every rule and claim of the method once, and what it calls built has files and a test that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
RULES = [f"R{k:02d}" for k in (*range(1, 15), *range(20, 39), *range(40, 68), 70)]
"""The ids of the published method, sections A to E."""
_ROW = re.compile(r"^\| (R\d\d) \| (\w+) \| (.*) \|$", re.MULTILINE)
_PATH = re.compile(r"`([\w/.-]+\.py)`")


def test_every_rule_has_one_row() -> None:
    assert sorted(row[0] for row in _ROW.findall(PAGE)) == RULES


@pytest.mark.parametrize("row", _ROW.findall(PAGE), ids=lambda row: row[0])
def test_a_rule_that_is_built_names_its_files_and_a_test(row: tuple[str, str, str]) -> None:
    rule, state, text = row
    assert state in ("built", "partly", "waits")
    paths = [
        ROOT / path if path.startswith(("tests", "benchmarks")) else ROOT / "src" / "alvh" / path for path in _PATH.findall(text)
    ]
    assert [path for path in paths if not path.is_file()] == []
    if state == "waits":
        assert len(text.split(" | ")[0]) > 10, f"{rule} does not say what it waits for"
        return
    assert any("tests" in path.parts for path in paths), f"{rule} names no test"
