"""Which reader a file belongs to: by its header and first row, and a plain error where a known name has an unknown header."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from alvh.core.errors import DataMissing
from alvh.data.readers import (
    breadth,
    cboe_index,
    events,
    exchange_rate,
    first_release,
    fred,
    prices,
    strategy_monthly,
    vx_futures,
    vx_rank,
    vx_settlements,
    vx_wide,
)
from alvh.data.text import HEADER_LINES, SUFFIXES, SourceText, head_cells, header_of, read_source, source_from_bytes, stem_of

Kind = Literal[
    "cboe_index",
    "prices",
    "fred",
    "breadth",
    "events",
    "first_release",
    "exchange_rate",
    "strategy_monthly",
    "vx_futures",
    "vx_wide",
    "vx_settlements",
    "vx_rank",
]
LooksLike = Callable[[tuple[str, ...], tuple[str, ...]], bool]
LAYOUTS: Final[dict[Kind, LooksLike]] = {
    "vx_futures": vx_futures.looks_like,
    "vx_settlements": vx_settlements.looks_like,
    "vx_rank": vx_rank.looks_like,
    "strategy_monthly": strategy_monthly.looks_like,
    "cboe_index": cboe_index.looks_like,
    "prices": prices.looks_like,
    "events": events.looks_like,
    "first_release": first_release.looks_like,
    "exchange_rate": exchange_rate.looks_like,
    "fred": fred.looks_like,
    "vx_wide": vx_wide.looks_like,
    "breadth": breadth.looks_like,
}
"""Layouts in the order in which they are tried."""


def detect(text: str) -> tuple[Kind | None, tuple[str, ...]]:
    """The layout that the first lines of a file fit, or None, and the header that decided it."""
    cells = head_cells(text)
    for index, row in enumerate(cells[:HEADER_LINES]):
        header = header_of(row)
        if not header:
            continue
        following = header_of(cells[index + 1]) if index + 1 < len(cells) else ()
        for kind, looks_like in LAYOUTS.items():
            if looks_like(header, following):
                return kind, header
    return None, ()


_INDEX_NAMES: Final = frozenset({"VIX", "VIX9D", "VIX3M", "VIX6M", "VIX1D", "VVIX", "SKEW", "VXN", "VRO"})
_SERIES_NAMES: Final = frozenset({"DTB3", "DGS3MO", "DGS2", "DGS10", "DFF"})
HEAD_BYTES: Final = 20_000
"""Bytes read to recognise a file: a by-contract VX file is whole within them, so it is read once."""


def hint(stem: str) -> Kind | None:
    """The layout that a well-known file name promises, for files whose header fits none."""
    upper, first = stem.upper(), stem.upper().split("_")[0]
    if upper.endswith("_HISTORY") or first in _INDEX_NAMES:
        return "cboe_index"
    if first in ("SPX", "GSPC"):
        return "prices"
    if _SERIES_NAMES & set(upper.split("_")):
        return "fred"
    if upper.startswith("CFE_FINALSETTLEMENT"):
        return "vx_settlements"
    if upper.startswith("VX_"):
        return "vx_wide" if upper.endswith("WIDE") else "vx_rank" if upper.startswith("VX_M1") else "vx_futures"
    if "STRATEGY_MONTHLY" in upper:
        return "strategy_monthly"
    if first == "NYSE":
        return "breadth"
    return "events" if first in ("FOMC", "CPI", "PPI", "GDP") else None


def promised(stem: str) -> Kind | None:
    """The layout that a file name demands whatever the header: files of the user's own whose name is all that marks them."""
    upper = stem.upper()
    if upper.endswith(first_release.SUFFIX):
        return "first_release"
    return "exchange_rate" if upper.startswith(exchange_rate.PREFIX) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file under the data folder: path, the label shown to users, layout, and the symbol or series that it holds."""

    path: Path
    label: str
    stem: str
    kind: Kind | None
    name: str
    raw: bytes | None
    """The whole file where it was small enough to be read at once."""

    def open(self) -> SourceText:
        """The whole file as text; :class:`DataInvalid` where it is empty or no text."""
        if self.raw is None:
            return read_source(self.path, label=self.label)
        return source_from_bytes(self.raw, label=self.label, name=self.path.name)


def scan(root: Path) -> list[Found]:
    """All CSV files under a folder, in the order of their labels; hidden files and folders are skipped."""
    if not root.is_dir():
        raise DataMissing(
            "there is no such folder",
            where=str(root),
            allowed="a folder of market history, or 'sample'",
            todo="name the folder that holds cboe/, cfe/ and prices/",
        )
    found = [
        _recognise(path, path.relative_to(root).as_posix())
        for path in sorted(root.rglob("*"))
        if path.name.lower().endswith(SUFFIXES) and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if not found:
        raise DataMissing(
            "the folder holds no .csv or .csv.gz file",
            where=str(root),
            allowed="the layouts of docs/reference/data-files.md",
            todo="see docs/how-to/bring-your-own-data.md, or use --data sample",
        )
    return found


def name_of(kind: Kind | None, header: tuple[str, ...], stem: str) -> str:
    """The symbol or series of a file: from its header where that names it, else from the file name."""
    if kind == "cboe_index" and len(header) == 2:
        return header[1].upper()
    if kind == "exchange_rate":
        return exchange_rate.NAME
    if kind == "fred":
        return fred.series_of(stem, header[1] if len(header) > 1 else "value")
    return stem.split("_")[0].upper()


def _recognise(path: Path, label: str) -> Found:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise DataMissing(f"the file cannot be read ({error.strerror})", where=label, todo="check its access rights") from error
    whole = len(head) < HEAD_BYTES
    kind, header = detect(head_text(head))
    stem = stem_of(path.name)
    kind = promised(stem) or kind or hint(stem)
    return Found(path=path, label=label, stem=stem, kind=kind, name=name_of(kind, header, stem), raw=head if whole else None)


def head_text(head: bytes) -> str:
    """The first bytes of a file as text, unpacked where they are gzip; empty where they cannot be unpacked."""
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
        except zlib.error:
            return ""
    return head.decode("utf-8-sig", errors="replace")
