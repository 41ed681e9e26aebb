"""Result files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from alvh.core.errors import InternalError, UsageError
from alvh.results.files import write_csv_atomic, write_text_atomic


def test_files_are_written_whole_and_leave_nothing_beside_them(tmp_path: Path) -> None:
    target = tmp_path / "new" / "equity.csv"
    count = write_csv_atomic(target, ("session", "equity_usd", "note"), [("2020-01-02", 1.1, None), ("2020-01-03", -2, 'a,"b"')])
    assert count == 2
    assert target.read_text() == 'session,equity_usd,note\n2020-01-02,1.1,\n2020-01-03,-2,"a,""b"""\n'
    write_text_atomic(target, "später\n")
    assert target.read_bytes() == "später\n".encode()
    assert [path.name for path in target.parent.iterdir()] == ["equity.csv"]


def test_a_failure_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "equity.csv"
    write_text_atomic(target, "old")
    with pytest.raises(InternalError, match="row 2"):
        write_csv_atomic(target, ("a",), [(1,), (1, 2)])
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["equity.csv"]


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_text_atomic(tmp_path / "file" / "report.html", "x")
