"""Kept calibrations: the same bits back, a damaged file said and made anew, no folder no cache, any change another file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alvh.models import surface_cache
from alvh.models.spx_calibration import Calibration
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE
from alvh.models.surface_cache import cache_dir, cache_key, cached_calibration

SESSIONS = np.arange(19400, 19412, dtype=np.int64)
SPX, LEVELS, SKEW = np.full(12, 4000.0), np.tile([17.0, 19.0, 21.0, 23.0], (12, 1)), np.linspace(118.0, 140.0, 12)


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface_cache, "LEAST_SESSIONS", 5)


def made(folder: Path | None, *, blend: float = 0.5) -> tuple[Calibration, str]:
    return cached_calibration(SESSIONS, SPX, LEVELS, SKEW, blend=blend, folder=folder)


def same(one: Calibration, other: Calibration) -> None:
    for name in ("theta", "b", "b_skew", "skew30", "state", "strips", "shape"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.counts == other.counts


def test_what_was_kept_comes_back_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, note = made(tmp_path / "not" / "there")
    assert note == ""
    files = list((tmp_path / "not" / "there").iterdir())
    assert [file.suffix for file in files] == [".npz"]

    def refuse(*_: object, **__: object) -> Calibration:
        raise AssertionError("calibrated although it was kept")

    monkeypatch.setattr(surface_cache, "calibrate", refuse)
    again, note = made(tmp_path / "not" / "there")
    assert note == ""
    same(fresh, again)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_file_is_said_and_made_anew(tmp_path: Path, damage: str) -> None:
    fresh, _ = made(tmp_path)
    (file,) = tmp_path.iterdir()
    data = bytearray(file.read_bytes())
    if damage == "flipped":
        for at in range(400, 500):  # inside the first array
            data[at] ^= 0xFF
    file.write_bytes({"cut": bytes(data[: len(data) // 2]), "flipped": bytes(data), "empty": b"", "text": b"x" * 500}[damage])
    again, note = made(tmp_path)
    assert "damaged" in note and str(file) in note
    same(fresh, again)
    assert made(tmp_path)[1] == ""


def test_without_a_writable_folder_there_is_no_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    fresh, note = made(blocked)
    assert note == ""
    same(fresh, made(None)[0])
    assert blocked.read_text() == "in the way"


def test_without_a_file_the_last_few_are_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface_cache, "_RECENT", {})
    monkeypatch.setattr(surface_cache, "MOST_RECENT", 2)
    first = made(None)[0]
    assert made(None, blend=0.0)[0] is not first
    assert made(None)[0] is first
    made(None, blend=0.25)  # the one used least recently goes
    assert made(None)[0] is first
    assert len(surface_cache._RECENT) == 2


def test_short_histories_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface_cache, "LEAST_SESSIONS", 1000)
    made(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_old_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface_cache, "MOST_FILES", 2)
    for blend in (0.0, 0.25, 0.5, 1.0):
        made(tmp_path, blend=blend)
    assert len(list(tmp_path.iterdir())) == 2


def test_every_input_and_coefficient_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for change in range(6):
        arrays = [SESSIONS.copy(), SPX.copy(), LEVELS.copy(), SKEW.copy(), CLEAN_SHAPE.copy()]
        if change < 5:
            arrays[change].flat[3] += 1
        sessions, spx, levels, skew, shape = arrays
        keys.add(cache_key(sessions, spx, levels, skew, blend=0.5, shape=shape, b_range=CLEAN_B_RANGE))
    keys.add(cache_key(SESSIONS, SPX, LEVELS, SKEW, blend=0.4, shape=CLEAN_SHAPE, b_range=CLEAN_B_RANGE))
    keys.add(cache_key(SESSIONS, SPX, LEVELS, SKEW, blend=0.5, shape=CLEAN_SHAPE, b_range=(0.1, 0.5)))
    monkeypatch.setattr(surface_cache, "__version__", "0.0.0+other")
    keys.add(cache_key(SESSIONS, SPX, LEVELS, SKEW, blend=0.5, shape=CLEAN_SHAPE, b_range=CLEAN_B_RANGE))
    assert len(keys) == 9


@pytest.mark.parametrize(
    ("platform", "environment", "wanted"),
    [
        ("linux", {"ALVH_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ("linux", {"XDG_CACHE_HOME": "/b"}, "/b/alvh"),
        ("linux", {}, "~/.cache/alvh"),
        ("darwin", {}, "~/Library/Caches/alvh"),
        ("win32", {"LOCALAPPDATA": "/c"}, "/c/alvh/cache"),
        ("win32", {}, "~/AppData/Local/alvh/cache"),
    ],
)
def test_the_folder_of_each_platform(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], wanted: str
) -> None:
    for name in ("ALVH_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(surface_cache.sys, "platform", platform)
    assert cache_dir() == Path(wanted).expanduser()
