"""Calibrations kept on disk: the same inputs and coefficients under the same source give the same surfaces.

One file a calibration, named by what it was made from; arrays alone, nothing that could be executed. A damaged file is said,
left out and written anew; where the folder cannot be written to there is no cache.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from alvh import __version__
from alvh.core.days import DayArray
from alvh.kernels._jit import source_fingerprint
from alvh.models import index_expiries, spx_calibration, spx_surface
from alvh.models.spx_calibration import Calibration, calibrate, counts_of
from alvh.models.spx_surface import Floats

LEAST_SESSIONS = 1000
"""Shorter histories are calibrated anew: below half a second, and every test would leave a file."""
MOST_FILES = 64
"""Of the newest files that are kept; one of 5,000 sessions has half a megabyte."""
MOST_RECENT = 4
"""Calibrations kept in memory where there is no file: the price cases of one run share three."""
_RECENT: dict[str, Calibration] = {}
_ARRAYS = tuple(field.name for field in fields(Calibration) if field.name != "counts")


def cache_dir() -> Path:
    """``ALVH_CACHE_DIR``, else the platform's cache folder for this user and program (XDG, LOCALAPPDATA, Library/Caches)."""
    named = os.environ.get("ALVH_CACHE_DIR")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "alvh" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "alvh"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alvh"


def cache_key(
    sessions: DayArray, spx: Floats, levels: Floats, skew: Floats, *, blend: float, shape: Floats, b_range: tuple[float, float]
) -> str:
    """SHA-256 of every input, every coefficient, the package's version and the source that computes."""
    digest = hashlib.sha256(f"alvh {__version__} {source_fingerprint()} {len(spx)}".encode())
    for module in (spx_calibration, spx_surface, index_expiries):
        source = module.__file__
        if source is not None and os.path.isfile(source):
            digest.update(Path(source).read_bytes())
    digest.update(np.ascontiguousarray(sessions, dtype=np.int64).tobytes())
    for values in (spx, levels, skew, np.array([blend, *b_range]), shape):
        digest.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()


def cached_calibration(
    sessions: DayArray,
    spx: Floats,
    levels: Floats,
    skew: Floats,
    *,
    blend: float,
    folder: Path | None,
    shape: Floats = spx_surface.CLEAN_SHAPE,
    b_range: tuple[float, float] = spx_surface.CLEAN_B_RANGE,
) -> tuple[Calibration, str]:
    """:func:`~alvh.models.spx_calibration.calibrate`, or what it gave before; with a note on a damaged file, else ''.

    ``folder`` None, or fewer sessions than :data:`LEAST_SESSIONS`, means no file; the last few are kept in memory all the same.
    """
    key = cache_key(sessions, spx, levels, skew, blend=blend, shape=shape, b_range=b_range)
    if folder is None or len(spx) < LEAST_SESSIONS:
        made = _RECENT.pop(key, None)
        if made is None:
            made = calibrate(spx, levels, skew, blend=blend, shape=shape, b_range=b_range, sessions=sessions)
        _RECENT[key] = made
        while len(_RECENT) > MOST_RECENT:
            del _RECENT[next(iter(_RECENT))]
        return made, ""
    path, note = folder / f"surface-{key[:40]}.npz", ""
    if path.is_file():
        try:
            return _read(path, len(spx)), ""
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
            note = f"the kept calibration {path} was damaged ({type(fault).__name__}) and is made anew"
    made = calibrate(spx, levels, skew, blend=blend, shape=shape, b_range=b_range, sessions=sessions)
    _write(path, made)
    return made, note


def _read(path: Path, sessions: int) -> Calibration:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in _ARRAYS}
        digest = str(kept["digest"])
    if digest != _digest(arrays) or len(arrays["b"]) != sessions:
        raise ValueError(path)
    return Calibration(**arrays, counts=counts_of(arrays["state"]))


def _digest(arrays: dict[str, Floats]) -> str:
    digest = hashlib.sha256()
    for name in _ARRAYS:
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _write(path: Path, made: Calibration) -> None:
    """Write under a temporary name, then rename; give up silently where the folder cannot be written to."""
    arrays = {name: getattr(made, name) for name in _ARRAYS}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".surface-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as out:
                np.savez(out, digest=np.array(_digest(arrays)), **arrays)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _prune(path.parent)
    except OSError:
        return


def _prune(folder: Path) -> None:
    kept = sorted(folder.glob("surface-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in kept[MOST_FILES:]:
        old.unlink(missing_ok=True)
