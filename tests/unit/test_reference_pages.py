"""Generated reference pages are current.

To write them anew: ``ALVH_WRITE_DOCS=1 python -m pytest tests/unit/test_reference_pages.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from alvh.market.signals import signals_table_markdown
from alvh.strategy.policy import Limits, SpreadLimit
from alvh.strategy.policy_file import load_policy
from alvh.strategy.policy_keys import KEYS, generic
from alvh.strategy.policy_parse import leaf_paths
from alvh.strategy.policy_reference import key_rows, policy_reference_markdown

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.mark.parametrize(("name", "make"), [("signals.md", signals_table_markdown), ("policy.md", policy_reference_markdown)])
def test_page_is_current(name: str, make: Callable[[], str]) -> None:
    page = DOCS / name
    if os.environ.get("ALVH_WRITE_DOCS") == "1":
        page.write_text(make(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == make(), f"docs/reference/{name} is out of date; see the head of this test file"


def test_every_key_has_a_meaning_and_every_meaning_a_key() -> None:
    assert {row.path for row in key_rows()} == set(KEYS)


def test_a_real_policy_has_no_key_outside_the_table() -> None:
    policy = load_policy("alvh-442").policy
    full = replace(policy, limits=Limits(spread=SpreadLimit()))
    for each in (policy, full):
        assert {generic(path) for path in leaf_paths(each)} <= set(KEYS)
