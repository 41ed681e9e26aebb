"""What studies keep on disk between runs: arrays and plain JSON values in one file, named by what it was made from.

Nothing in a file can be executed. A file appears whole or not at all; a damaged one is said, left out and written anew; where the
folder cannot be written to nothing is kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import alvh

Array = NDArray[Any]

_ROOMS = ("core", "kernels", "market", "models", "risk", "strategy", "engine", "results", "study")
_FAULTS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@cache
def code_version() -> str:
    """SHA-256 of the package's version, numpy's, and the source of every room that a run's figures pass through."""
    digest = hashlib.sha256(f"alvh {alvh.__version__} numpy {np.__version__}".encode())
    for room in _ROOMS:
        for path in sorted((Path(alvh.__file__).parent / room).rglob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def content_digest(*values: object) -> str:
    """SHA-256 of values and all that is in them: arrays, dataclasses, mappings, sequences, texts and numbers."""
    digest = hashlib.sha256()
    for value in values:
        _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"a{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        digest.update(f"d{type(value).__name__}(".encode())
        for field in dataclasses.fields(value):
            digest.update(field.name.encode() + b"=")
            _feed(digest, getattr(value, field.name))
        digest.update(b")")
    elif isinstance(value, Mapping):
        digest.update(f"m{len(value)}(".encode())
        for key in sorted(value, key=repr):
            _feed(digest, key)
            _feed(digest, value[key])
        digest.update(b")")
    elif isinstance(value, list | tuple):
        digest.update(f"l{len(value)}(".encode())
        for item in value:
            _feed(digest, item)
        digest.update(b")")
    else:
        digest.update(f"s{type(value).__name__}:{value!r};".encode())


def write_kept(path: Path, arrays: Mapping[str, Array], values: Mapping[str, Any], *, most: int) -> None:
    """Write under a temporary name, then rename; give up silently where the folder cannot be written to.

    Of the files whose names begin alike up to the first dash the ``most`` newest stay.
    """
    text = np.frombuffer(json.dumps(values, sort_keys=True, allow_nan=False).encode(), dtype=np.uint8)
    stored: dict[str, Any] = {**arrays, "json": text}
    prefix = path.name.split("-")[0]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{prefix}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as out:
                np.savez(out, digest=np.array(_digest(stored)), **stored)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _prune(path.parent.glob(f"{prefix}-*.npz"), most)
    except OSError:
        return


def read_kept(path: Path) -> tuple[dict[str, Array], dict[str, Any], str]:
    """Arrays, values and a note ('' or what was damaged); both empty where there is no usable file."""
    if not path.is_file():
        return {}, {}, ""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            stored = {name: kept[name] for name in kept.files if name != "digest"}
            if str(kept["digest"]) != _digest(stored):
                raise ValueError(path)
        values = json.loads(stored.pop("json").tobytes())
    except _FAULTS as fault:
        return {}, {}, f"the kept file {path} was damaged ({type(fault).__name__}) and is made anew"
    return stored, values, ""


def _digest(stored: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in sorted(stored):
        digest.update(f"{name} {stored[name].dtype} {stored[name].shape}".encode())
        digest.update(np.ascontiguousarray(stored[name]).tobytes())
    return digest.hexdigest()


def _prune(files: Iterable[Path], most: int) -> None:
    kept = sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
    for old in kept[most:]:
        old.unlink(missing_ok=True)
