"""From a file or folder of quoted chains, whatever vendor made them, to checked chains and a log of what was found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alvh.core.days import iso
from alvh.core.errors import AlvhError, DataMissing
from alvh.data.chains import barchart, delayed, historical, ivolatility, quotedata, quotedata_old, served, vol_frame
from alvh.data.chains.raw import RawQuotes, checked_chains
from alvh.data.detect import HEAD_BYTES, head_text
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, head_cells, header_of, read_source
from alvh.market.chain import QuotedChain

SUFFIXES: Final = (".csv", ".dat", ".txt", ".json")
"""Files that may hold a chain, plain or with .gz after it; other files are named in the log and left alone."""
UNREAD: Final = "not read; the layouts are in docs/reference/chain-files.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One vendor layout: its name, whether a header (of JSON: the key names in order) is its, and its reader."""

    name: str
    looks_like: Callable[[tuple[str, ...]], bool]
    read: Callable[[SourceText, QualityLog], list[RawQuotes]]
    is_json: bool = False


LAYOUTS: Final = (
    *(
        Layout(name=module.NAME, looks_like=module.looks_like, read=module.read)
        for module in (delayed, quotedata, quotedata_old, ivolatility, historical, vol_frame)
    ),
    *(Layout(name=module.NAME, looks_like=module.looks_like, read=module.read, is_json=True) for module in (served, barchart)),
)
_KEY: Final = re.compile(r'"([^"\\]{1,40})"\s*:')


def load_chains(path: Path, log: QualityLog) -> tuple[QuotedChain, ...]:
    """Every chain of a file, or of a folder and its folders, by session, underlying and source.

    A chain is one session and underlying of one file. In a folder a file that fails its checks is an error in ``log`` and the
    rest goes on; a single file raises. Files of no known layout are named in ``log``. Errors: :class:`DataMissing` where there
    is no such path or no chain in it, :class:`DataInvalid` where a single file fails its checks.
    """
    path = Path(path)
    if path.is_file():
        chains = _of_file(path, path.name, log)
    elif path.is_dir():
        chains = _of_folder(path, log)
    else:
        raise DataMissing(
            "there is no such file or folder",
            where=str(path),
            allowed="a chain file or a folder of them",
            todo="name an existing path",
        )
    if not chains:
        raise DataMissing(
            "no chain of SPX, XSP or VIX options found",
            where=str(path),
            allowed=", ".join(layout.name for layout in LAYOUTS),
            todo="see docs/reference/chain-files.md for the layouts",
        )
    chains.sort(key=lambda chain: (chain.session, chain.underlying, chain.source))
    _note_repeats(chains, log)
    return tuple(chains)


def detect(text: str) -> Layout | None:
    """The layout of a file by its first lines, of JSON by its first keys, or None."""
    if text.lstrip().startswith(("{", "[")):
        keys = tuple(_KEY.findall(text[:HEAD_BYTES]))
        return next((layout for layout in LAYOUTS if layout.is_json and layout.looks_like(keys)), None)
    for row in head_cells(text):
        header = header_of(row)
        for layout in LAYOUTS:
            if header and not layout.is_json and layout.looks_like(header):
                return layout
    return None


def _note_repeats(chains: list[QuotedChain], log: QualityLog) -> None:
    """Count the chains whose session and underlying another file has too: a study that weighs sessions should know."""
    files = Counter((chain.session, chain.underlying) for chain in chains)
    examples = [f"{iso(session)} {underlying}" for (session, underlying), count in files.items() if count > 1]
    if examples:
        todo = "every file's chain was kept; leave out the files that should not count"
        log.note("info", "all files", "session in several files", count=len(examples), examples=examples, todo=todo)


def _of_folder(folder: Path, log: QualityLog) -> list[QuotedChain]:
    chains = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        label = inside.as_posix()
        try:
            chains += _of_file(path, label, log)
        except AlvhError as error:
            place = "" if error.where in ("", label) else f" ({error.where})"
            log.note("error", label, f"{error.what}{place}", todo=f"the file was left out; {error.todo}")
    return chains


def _of_file(path: Path, label: str, log: QualityLog) -> list[QuotedChain]:
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(SUFFIXES):
        log.note("info", label, "not a data file", todo=f"not read; chains are {', '.join(SUFFIXES)}, plain or .gz")
        return []
    layout = detect(_head(path, label))
    if layout is None:
        log.note("warning", label, "file of no known chain layout", todo=UNREAD)
        return []
    chains = []
    for raw in layout.read(read_source(path, label=label), log):
        chains += checked_chains(raw, log)
    return chains


def _head(path: Path, label: str) -> str:
    try:
        with path.open("rb") as file:
            return head_text(file.read(HEAD_BYTES))
    except OSError as error:
        raise DataMissing(f"the file cannot be read ({error.strerror})", where=label, todo="check its access rights") from error


__all__ = ["LAYOUTS", "Layout", "detect", "load_chains"]
