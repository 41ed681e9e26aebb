"""The table of docs/reference/policy-lint.md is the list of codes; ``ALVH_WRITE_DOCS=1`` writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from alvh.strategy.lint_finding import CODES, SEVERITIES, Finding, codes_table_markdown, ordered

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "policy-lint.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"


def test_the_table_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.index(BEGIN) + len(BEGIN), text.index(END)
    if os.environ.get("ALVH_WRITE_DOCS") == "1":
        PAGE.write_text(f"{text[:head]}\n{codes_table_markdown()}\n{text[tail:]}", encoding="utf-8")
        text = PAGE.read_text(encoding="utf-8")
        head, tail = text.index(BEGIN) + len(BEGIN), text.index(END)
    assert text[head:tail].strip() == codes_table_markdown().strip()


def test_every_code_that_is_used_is_listed_and_every_listed_one_is_used() -> None:
    found: set[str] = set()
    for folder in ("strategy", "app"):
        for path in (ROOT / "src" / "alvh" / folder).glob("lint*.py"):
            found |= set(re.findall(r'code="([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert found == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_codes_are_said_in_full(code: str) -> None:
    entry = CODES[code]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert entry.meaning and entry.reads
    assert entry.severities and set(entry.severities) <= set(SEVERITIES)


def test_a_severity_that_a_code_never_has_is_refused() -> None:
    with pytest.raises(ValueError, match="never error"):
        Finding(code="unused-key", severity="error", key="x", text="y")


def test_the_gravest_come_first_and_equals_keep_their_order() -> None:
    made = [
        Finding(code="unused-key", severity="info", key="b", text=""),
        Finding(code="unused-key", severity="info", key="a", text=""),
        Finding(code="shadowed", severity="error", key="c", text=""),
        Finding(code="never-fires", severity="error", key="d", text=""),
        Finding(code="roll-gap", severity="warning", key="e", text=""),
    ]
    assert [finding.key for finding in ordered(made)] == ["d", "c", "e", "b", "a"]
