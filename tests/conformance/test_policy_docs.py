"""Every policy printed in the how-to loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alvh.strategy.explain import explain
from alvh.strategy.policy_file import load_policy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-policy.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) >= 6


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_loads_and_changes_something(block: str, tmp_path: Path) -> None:
    file = tmp_path / "example.toml"
    file.write_text(block, encoding="utf-8")
    loaded = load_policy(file)
    assert explain(loaded)
    assert any(origin == "example.toml" for path, origin in loaded.origin.items() if path not in ("name", "description"))
